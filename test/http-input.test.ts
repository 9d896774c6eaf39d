// Bad input at every route: each gets its no with a stable code, changes no row, and leaves the command's id unused.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { Compile } from 'typebox/compile'
import type { TSchema } from 'typebox'
import { faultsOf } from '#core/invariants.ts'
import { billToWire } from '#protocol/bill.ts'
import { LIMITS } from '#protocol/limits.ts'
import { problemsOf } from '#protocol/openapi.ts'
import { ALL_ROUTES, type Route } from '#protocol/routes.ts'
import type { PaymentView } from '#protocol/views.ts'
import { approvalFor, approve, signApproval } from '#sdk/approval.ts'
import { billToSign, signHandBack } from '#sdk/hand-back.ts'
import { withPin } from '#sdk/scram.ts'
import { readBooks } from '#server/postgres/books.ts'
import { startTestHub, until, type TestHub } from './support/hub.ts'
import {
  ask,
  assertProblem,
  bytesOf,
  fingerprint,
  newCommand,
  newDeal,
  speaker,
  type Reply,
  type Speaker,
} from './support/raw-client.ts'
import { billOf, billWith, lineOf } from './support/world.ts'

/** The operator's routes have tests of their own. */
const ROUTES = ALL_ROUTES.filter(({ who }) => who !== 'operator')
const methodsOf = (path: string): string[] => ROUTES.filter((route) => route.path === path).map(({ method }) => method)

let hub: TestHub
let register: Speaker
let hanako: Speaker
/** by route: a request that is right, and was never sent */
const valid = new Map<string, { route: Route; by: Speaker | null; body: Record<string, unknown> }>()
const bill = billToWire({
  ...billOf(1_000n),
  total: 1_500n,
  lines: [...billOf(1_000n).lines, ...billOf(500n).lines],
})

before(async () => {
  hub = await startTestHub()
  register = await speaker(hub, 'register')
  hanako = await speaker(hub, 'hanako')
  await recordValidRequests()
})
after(async () => {
  register.client.close()
  hanako.client.close()
  await hub.stop()
})

async function open(of: object | null = bill): Promise<{ deal: string; number: string }> {
  const deal = newDeal()
  const reply = await register.command('open-offer', { deal, bill: of })
  assert.equal(reply.status, 200, reply.text)
  const { ticket } = reply.body.deal as { ticket: { number: string } }
  return { deal, number: ticket.number }
}

async function joined(of: object = bill): Promise<{ deal: string; payment: string; view: PaymentView }> {
  const { deal, number } = await open(of)
  const reply = await hanako.command('join', { credential: { kind: 'number', number } })
  assert.equal(reply.status, 200, reply.text)
  const view = reply.body.payment as PaymentView
  return { deal, payment: view.payment, view }
}

async function paid(of: object = bill): Promise<string> {
  const { view } = await joined(of)
  const outcome = await approve(hanako.client, view, withPin('2468'))
  assert.ok(outcome.ok)
  return view.payment
}

const QUESTION = { attributes: ['age-band', 'region'], reason: 'At the door' }

/** A question under a number that Hanako has joined. */
async function questioned(): Promise<PaymentView> {
  const asked = await register.command('ask', { deal: newDeal(), question: QUESTION })
  assert.equal(asked.status, 200, asked.text)
  const { ticket } = asked.body.deal as { ticket: { number: string } }
  const reply = await hanako.command('join', { credential: { kind: 'number', number: ticket.number } })
  assert.equal(reply.status, 200, reply.text)
  return reply.body.payment as PaymentView
}

const PURPOSES = { approve: 'approve', respond: 'challenge', prove: 'authenticate' } as const

/** The body of an approve, respond or prove as the SDK would send it. */
async function consentOf(name: keyof typeof PURPOSES, view: PaymentView): Promise<Record<string, unknown>> {
  const identity = await hanako.client.identity()
  assert.ok(identity)
  const purpose = PURPOSES[name]
  const expiresAt = Date.now() + 120_000
  const built = approvalFor({ purpose, scheme: identity.scheme, view, self: identity.self, expiresAt })
  assert.ok(built.ok)
  const proof = await withPin('2468')(built.bytes, identity)
  assert.ok(proof.ok)
  return { payment: view.payment, ...(await signApproval(identity, built.bytes, proof.view)) }
}

/** A purchase that Hanako signed and handed to the register. */
async function handedBack(): Promise<object> {
  const identity = await register.client.identity()
  const asked = identity && billToSign(identity, newDeal(), bill)
  assert.ok(asked)
  const signed = await signHandBack(hanako.client, asked, withPin('2468'))
  assert.ok(signed.ok)
  return signed.view
}

async function recordValidRequests(): Promise<void> {
  const delivery = billToWire(billOf(700n, { delivery: true, coolingOff: null }))
  const settled = await paid()
  const held = await paid(delivery)
  const challenged = await joined()
  const asked = await register.command('challenge', { payment: challenged.payment })
  assert.equal(asked.status, 200, asked.text)
  const view = await until(async () => {
    const reply = await hanako.reads(`/v1/payments/${challenged.payment}`)
    return (reply.body as PaymentView).challenge !== null && (reply.body as PaymentView)
  })
  const waiting = await joined()
  const { number } = await open()
  const restriction = { minimumAge: 120, membership: null, region: null, perDay: null }
  const adults = await joined(billToWire(billWith(lineOf(900n, { restriction }))))
  const question = await hanako.command('approve', await consentOf('approve', adults.view))
  assert.equal(question.body.code, 'shop-asked')
  const coolingOff = { period: 'P8D', zone: 'Asia/Tokyo' }
  const lent = await paid(billToWire(billOf(600n, { delivery: false, coolingOff })))
  const { contacts } = (await hanako.reads('/v1/contacts')).body as { contacts: { account: string }[] }
  const [kenji] = contacts
  assert.ok(kenji && register.self.kind === 'terminal' && hanako.self.kind === 'device')
  await hanako.client.putContact({ account: register.self.account, status: 'listed' })
  const { deal: free } = await open()
  const bodies: Record<string, object> = {
    'open-offer': { deal: newDeal(), bill },
    ask: { deal: newDeal(), question: QUESTION },
    'renew-number': { deal: free },
    'change-bill': { deal: free, payment: null, billVersion: 1, bill },
    'cancel-deal': { deal: (await open()).deal, payment: null },
    release: { deal: waiting.deal, payment: (await joined()).payment },
    deliver: { payment: held, portion: 0, amount: '700' },
    refund: { payment: settled, amount: '10', lines: [{ line: 0, amount: '10' }] },
    permit: { payment: adults.payment, allowed: true },
    'take-back': { payment: lent, portion: 0 },
    'bill-person': { deal: newDeal(), to: hanako.self.account, bill },
    'submit-signed': await handedBack(),
    challenge: { payment: (await joined()).payment },
    join: { credential: { kind: 'number', number } },
    approve: await consentOf('approve', waiting.view),
    respond: await consentOf('respond', view),
    prove: { ...(await consentOf('prove', await questioned())), released: [] },
    show: { payment: (await joined()).payment, attributes: ['age-band'] },
    decline: { payment: (await joined()).payment },
    attend: { payment: (await joined()).payment },
  }
  const others: Record<string, Record<string, unknown>> = {
    '/v1/enrolments': {
      code: 'ABCD-EFGH-JK',
      key: Buffer.alloc(65, 4).toString('base64url'),
      label: 'Phone',
      signature: Buffer.alloc(64, 1).toString('base64url'),
    },
    '/v1/sessions': {
      actor: hanako.self.id,
      key: hanako.self.key,
      ephemeral: Buffer.alloc(65, 4).toString('base64url'),
      nonce: Buffer.alloc(16).toString('base64url'),
      at: Date.now(),
      signature: Buffer.alloc(64, 1).toString('base64url'),
    },
    '/v1/secret': {
      salt: Buffer.alloc(16).toString('base64url'),
      iterations: 310_000,
      storedKey: Buffer.alloc(32).toString('base64url'),
      serverKey: Buffer.alloc(32).toString('base64url'),
    },
    '/v1/passkeys/options': {},
    '/v1/passkeys': { credential: 'AAAA', clientData: 'AAAA', attestation: 'AAAA', transports: ['internal'] },
    '/v1/units': { unit: 'USD' },
    '/v1/contacts': { account: kenji.account, status: 'blocked' },
    '/v1/demo/codes': { who: 'kenji' },
  }
  for (const route of ROUTES) {
    if (route.method !== 'POST') continue
    const name = route.path.replace('/v1/commands/', '')
    const isCommand = name !== route.path
    const body: Record<string, unknown> | undefined = isCommand
      ? { command: newCommand(), ...bodies[name] }
      : others[route.path]
    assert.ok(body !== undefined && (!isCommand || bodies[name] !== undefined), `a valid request for ${route.path}`)
    const isShops = route.who === 'terminal' || route.who === 'biller'
    const by = route.access === 'open' ? null : isShops ? register : hanako
    valid.set(route.path, { route, by, body })
    assert.ok(Compile(route.body as TSchema).Check(body), `the recorded request of ${route.path} is valid`)
  }
}

/** Sends a request to a recorded route; whatever no it gets is one that the documentation names. */
async function say(path: string, body: string | Uint8Array, headers: Record<string, string> = {}): Promise<Reply> {
  const { by, route } = valid.get(path) ?? {}
  assert.ok(route)
  const reply = await (by ? by.signed({ path, body, headers }) : ask(hub, { path, body, headers }))
  const { code } = reply.body
  if (reply.status !== 200)
    assert.ok(
      problemsOf(route).some((known) => known === code),
      `${path} documents ${String(code)}`,
    )
  return reply
}

type Leaf = readonly (string | number)[]

/** Every place in a body, leaves and branches. */
function placesOf(value: unknown, at: Leaf = []): Leaf[] {
  const inner =
    typeof value === 'object' && value !== null
      ? Object.entries(value).flatMap(([name, part]) =>
          placesOf(part, [...at, Array.isArray(value) ? Number(name) : name]),
        )
      : []
  return at.length === 0 ? inner : [at, ...inner]
}

const RAW = '@@RAW@@'

/** The body's JSON with the text at one place replaced by a raw literal. */
function withRaw(body: object, [...at]: Leaf, literal: string): string {
  const copy = structuredClone(body)
  const last = at.pop()
  let within = copy as Record<string | number, unknown>
  for (const name of at) within = within[name] as Record<string | number, unknown>
  within[String(last)] = RAW
  return JSON.stringify(copy).replace(`"${RAW}"`, () => literal)
}

const BAD_AMOUNTS = [
  '1.5', '"1.5"', '1e3', '"1e3"', '"١٢"', '"１２"', '" 5"', '"5 "', '"+5"', '"0x10"', '"1,000"', '"1_000"', '""', 'null', 'true',
  '[5]', '["5"]', '{"a":5}', '5', '0', '-0', '"-0"', '"00"', '"01"', '"-1"', '9007199254740992', '9007199254740993',
  '"9223372036854775807"', '"9223372036854775808"', '"1000000000000000000"', `"${'9'.repeat(400)}"`, '"NaN"', '"Infinity"',
  '1e400', '"5\\n"', '"\\u0035\\u0000"',
] // prettier-ignore

test('an amount that is not a decimal integer within the range is refused everywhere, and never rounded', async () => {
  const before = await fingerprint(hub.settings)
  let tried = 0
  for (const [path, { body }] of valid) {
    const places = placesOf(body).filter((at) => /^(amount|total|tax)$/.test(String(at.at(-1))))
    const cases = places.flatMap((at) => BAD_AMOUNTS.map((literal) => ({ at, literal })))
    await Promise.all(
      cases.map(async ({ at, literal }) => {
        const reply = await say(path, withRaw(body, at, literal))
        const about = `${path} ${at.join('/')} ${literal.slice(0, 60)}`
        assert.equal(assertProblem(reply, about), 'amount-invalid', about)
        assert.equal(reply.status, 422, about)
      }),
    )
    tried += cases.length
  }
  assert.ok(tried > 300, 'amounts were found in the bodies')
  // A bill that does not add up, or is about nothing, is another matter than an unreadable amount.
  for (const total of ['0', '1499', '1501', '999999999999999999']) {
    const reply = await say(
      '/v1/commands/open-offer',
      JSON.stringify({ command: newCommand(), deal: newDeal(), bill: { ...bill, total } }),
    )
    assert.match(assertProblem(reply, total), /^(bill|amount)-invalid$/)
  }
  const refund = await say(
    '/v1/commands/refund',
    withRaw(valid.get('/v1/commands/refund')?.body ?? {}, ['amount'], '"0"'),
  )
  assert.equal(assertProblem(refund, 'a refund of nothing'), 'amount-invalid')
  assert.deepEqual(await fingerprint(hub.settings), before)
})

test('a unit that is no currency is refused', async () => {
  const before = await fingerprint(hub.settings)
  for (const literal of [
    '"jpy"',
    '"JP"',
    '"JPYX"',
    '"BTC"',
    '"ZZZ"',
    '"ＪＰＹ"',
    '"JP¥"',
    'null',
    '392',
    '["JPY"]',
    '""',
  ]) {
    for (const path of ['/v1/commands/open-offer', '/v1/commands/change-bill']) {
      const reply = await say(path, withRaw(valid.get(path)?.body ?? {}, ['bill', 'unit'], literal))
      assert.equal(assertProblem(reply, `${path} ${literal}`), 'unit-invalid')
    }
    const unit = await say('/v1/units', `{"unit":${literal}}`)
    assert.equal(assertProblem(unit, `a unit ${literal}`), 'unit-invalid')
  }
  assert.deepEqual(await fingerprint(hub.settings), before)
})

test('what the schema of a route does not allow is refused: types, missing fields, unknown fields, long and empty texts', async () => {
  const before = await fingerprint(hub.settings, ['budget'])
  const literals = [
    'null', 'true', '0', '1.5', '-1', '1e400', '1e300', '""', '"x"', '[]', '{}', '[{}]', '{"a":1}', `"${'x'.repeat(5_000)}"`,
    '"cmd_0123456789ABCDEF0123456789ABCDEF"', '"pay_0123456789abcdef0123456789abcde"', '"pay_0123456789abcdef0123456789abcdef "',
    '"\' OR 1=1--"', '"hasOwnProperty"', '"deal_\\u0000"',
  ] // prettier-ignore
  for (const [path, { route, body }] of valid) {
    const schema = Compile(route.body as TSchema)
    const texts = placesOf(body).flatMap((at) => literals.map((literal) => withRaw(body, at, literal)))
    for (const at of placesOf(body)) texts.push(withRaw(body, at, '0').replace(/"[^"]*":0(,|(?=[}\]]))/, ''))
    for (const name of ['status', 'balance', 'fee', 'party', 'toString', 'hasOwnProperty', 'id[]', ''])
      texts.push(JSON.stringify({ ...body, [name]: 'settled' }))
    texts.push('[]', '"text"', '1', 'true', JSON.stringify([body]))
    const bad = texts.filter((text) => {
      try {
        return !schema.Check(JSON.parse(text))
      } catch {
        return true
      }
    })
    await Promise.all(
      [...new Set(bad)].map(async (text) => {
        const reply = await say(path, text)
        assert.match(assertProblem(reply, `${path} ${text.slice(0, 400)}`), /-invalid$|^unknown-field$/)
        assert.ok(!reply.text.includes('OR 1=1') && !reply.text.includes('xxxx'), 'nothing of the input comes back')
      }),
    )
  }
  assert.deepEqual(await fingerprint(hub.settings, ['budget']), before)
})

test('what is not JSON as money needs it is refused before anything reads it', async () => {
  const before = await fingerprint(hub.settings)
  for (const [path, { body }] of valid) {
    const text = JSON.stringify(body)
    const inside = text.slice(1)
    const more = inside === '}' ? '}' : `,${inside}`
    const utf16 = Buffer.from(text, 'utf16le')
    const bad: (string | Uint8Array)[] = [
      '', ' ', '\n', text.slice(0, -1), text.slice(0, -1) + ',}', `${text},`, text + text, `${text}//`, `/* */${text}`, text.replaceAll('"', "'"),
      '{"a":NaN}', '{"a":Infinity}', '{"a":01}', '{"a":+1}', '{"a":.5}', '{"a":0x10}', '{a:1}', '{"a":"\t"}', '{"a":"\\x"}', '{"a":"\\u12"}', '{', '"', '\\',
      `\ufeff${text}`, utf16, utf16.swap16(), Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')]),
      Buffer.concat([Buffer.from(text.slice(0, -1)), Buffer.from([0xff]), Buffer.from('}')]),
      Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xc0, 0xaf]), Buffer.from('"'), Buffer.from(more)]),
      Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from('"'), Buffer.from(more)]),
      `${text}\0`, `\0${text}`,
      `{"a":"\\ud800"${more}`, `{"a":"\\udc00\\ud800"${more}`, `{"\\ud800":1${more}`,
      `{"command":"x","command":"y"${more}`, `{"a":1,"\\u0061":2${more}`, `{"a":[{"b":1,"b":1}]${more}`, `{"":1,"":2${more}`,
      `{"__proto__":{"polluted":true}${more}`, `{"\\u005f_proto__":{"polluted":true}${more}`, `{"constructor":{"prototype":{}}${more}`,
      `{"a":${'['.repeat(10_000)}${']'.repeat(10_000)}${more}`, `{"a":${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}${more}`, '['.repeat(60_000),
    ] // prettier-ignore
    await Promise.all(
      bad.map(async (sent) => {
        if (sent === text) return
        const about = `${path} ${Buffer.from(sent).toString('latin1').slice(0, 80)}`
        const code = assertProblem(await say(path, sent), about)
        // An empty body never meets the parser: the schema misses it.
        assert.ok(code === 'json-invalid' || (sent.length === 0 && code.endsWith('-invalid')), `${about}: ${code}`)
      }),
    )
  }
  assert.equal(Reflect.get({}, 'polluted'), undefined)
  const many = JSON.stringify(Object.fromEntries(Array.from({ length: 6_000 }, (_, index) => [`k${index}`, 1])))
  assert.match(
    assertProblem(await say('/v1/commands/open-offer', many), 'thousands of fields'),
    /-invalid$|^unknown-field$/,
  )
  assert.deepEqual(await fingerprint(hub.settings), before)
})

test('a body that is too large, compressed, of another type, or where none belongs is refused', async () => {
  const before = await fingerprint(hub.settings)
  for (const [path, { body }] of valid) {
    const text = JSON.stringify(body)
    const padded = (bytes: number): string => text + ' '.repeat(bytes - Buffer.byteLength(text))
    const tooLarge = await say(path, padded(LIMITS.bodyBytes + 1))
    assert.equal(assertProblem(tooLarge, `${path}: one byte too many`), 'too-large')
    for (const type of [
      'text/plain',
      'multipart/form-data; boundary=x',
      'application/x-www-form-urlencoded',
      'application/xml',
      'application/jsonp',
      'x',
    ])
      assert.equal(
        assertProblem(await say(path, text, { 'content-type': type }), `${path} ${type}`),
        'type-unsupported',
      )
    for (const encoding of ['gzip', 'br', 'identity, gzip', 'x'])
      assert.equal(assertProblem(await say(path, text, { 'content-encoding': encoding }), encoding), 'type-unsupported')
    for (const method of ['PUT', 'PATCH', 'DELETE', 'GET']) {
      if (methodsOf(path).includes(method)) continue
      const reply = await ask(hub, { method, path })
      assert.equal(assertProblem(reply, `${method} ${path}`), 'method-not-allowed')
      assert.equal(reply.headers.allow, methodsOf(path).join(', '))
    }
  }
  for (const { method, path } of ROUTES.filter((route) => route.method === 'GET')) {
    const at = path.replace(/\{\w+\}/, newDeal())
    const reply = await ask(hub, { method, path: at, body: {} })
    assert.equal(assertProblem(reply, `GET ${path} with a body`), 'request-invalid')
    if (methodsOf(path).includes('POST')) continue
    assert.equal(assertProblem(await ask(hub, { path: at, body: {} }), `POST ${path}`), 'method-not-allowed')
  }
  const chunked = await ask(hub, {
    path: '/v1/sessions',
    body: 'x'.repeat(LIMITS.bodyBytes * 2),
    headers: { 'transfer-encoding': 'chunked', 'content-length': '' },
  }).catch(() => undefined)
  if (chunked !== undefined) assertProblem(chunked, 'an endless body')
  assert.deepEqual(await fingerprint(hub.settings), before)
})

test('a text for people has something to see and no control, bidirectional or line break characters; everything else is kept as it is', async () => {
  const before = await fingerprint(hub.settings)
  const textIn = (text: string) => ({
    ...bill,
    lines: bill.lines.map((line, index) => (index === 0 ? { ...line, text } : line)),
  })
  const bad = ['', '\u0000', 'a\u0000b', '\n', '\r', '\t', '\u001b[31m', '\u007f', '\u0085', '\u061c', '\u200e', '\u200f', '\u2028', '\u2029',
    ' ', '\u3000', '\u200b\u200d', '\ufeff\u2060', '\u202e123', '\u202a', '\u2066x\u2069', `e${'\u0301'.repeat(10_000)}`, 'x'.repeat(121), '😀'.repeat(121)] // prettier-ignore
  for (const text of bad) {
    const reply = await register.command('open-offer', { deal: newDeal(), bill: textIn(text) })
    assert.equal(assertProblem(reply, JSON.stringify(text).slice(0, 40)), 'text-invalid')
    const enrolment = { ...valid.get('/v1/enrolments')?.body, label: text }
    assert.equal(assertProblem(await ask(hub, { path: '/v1/enrolments', body: enrolment }), 'label'), 'text-invalid')
  }
  assert.deepEqual(await fingerprint(hub.settings), before)
  const good = ['パン', 'e\u0301', '\u00e9', '👩‍👩‍👧‍👦', '𠮷野家', '😀'.repeat(120), "Robert'); DROP TABLE payment;--", '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>', '=HYPERLINK("http://x")', '{{7*7}}', '${7*7}', '%', '_', '\\', '$1', ' x'] // prettier-ignore
  for (const text of good) {
    const deal = newDeal()
    assert.equal((await register.command('open-offer', { deal, bill: textIn(text) })).status, 200, text)
    const { bill: seen } = (await register.reads(`/v1/deals/${deal}`)).body as { bill: typeof bill }
    assert.equal(seen.lines[0]?.text, text)
  }
})

test('queries and paths that are not right are refused, whatever they hide', async () => {
  const before = await fingerprint(hub.settings)
  const no = async (by: Speaker, path: string, status: number, code: string): Promise<void> => {
    const reply = await by.reads(path)
    assert.equal(assertProblem(reply, path), code, path)
    assert.equal(reply.status, status, path)
  }
  for (const before of ['abc', '-1', '1e9', '', '1.5', '9'.repeat(19), '１', "1'--", '1&before=2'])
    for (const [by, path] of [
      [register, '/v1/deals'],
      [register, '/v1/sales'],
      [hanako, '/v1/history'],
    ] as const)
      await no(by, `${path}?before=${encodeURI(before)}`, 422, 'field-invalid')
  await no(register, '/v1/deals?status=settled', 422, 'unknown-field')
  await no(hanako, '/v1/history?__proto__=1', 422, 'unknown-field').catch(() => undefined)
  for (const day of [
    '',
    '2026',
    '2026-1-1',
    '2026-02-30',
    '2025-02-29',
    '0000-00-00',
    '2026-13-01',
    '20260101',
    '+2026-01-01',
    '-002026-01-01',
    '2026-01-01T00:00',
    '２０２６-01-01',
    "2026-01-01'--",
    '2026-01-01&from=2026-01-02',
    '%00',
    '[object Object]',
  ])
    // prettier-ignore
    for (const query of [`from=${encodeURI(day)}`, `to=${encodeURI(day)}`]) {
      const [name = ''] = query.split('=')
      const other = name === 'from' ? 'to=2026-02-01' : 'from=2026-01-01'
      await no(hanako, `/v1/history?${query}`, 422, 'day-invalid')
      await no(hanako, `/v1/history.csv?${query}&${other}`, 422, 'day-invalid')
    }
  for (const query of [
    '',
    'from=2026-01-01',
    'to=2026-01-01',
    'from=2026-01-02&to=2026-01-01',
    'from=2024-12-31&to=2026-01-01',
  ])
    await no(hanako, `/v1/history.csv?${query}`, 422, 'day-invalid')
  await no(hanako, '/v1/history?from=2026-01-02&to=2026-01-01', 422, 'day-invalid')
  assert.equal((await hanako.reads('/v1/history?from=0001-01-01&to=9999-12-31')).status, 200)
  for (const kind of ['', 'Settle', 'pay', 'settle,hold', '__proto__', 'toString', 'settle%00'])
    await no(hanako, `/v1/history?kind=${kind}`, 422, 'field-invalid')
  await no(hanako, '/v1/history.csv?from=2026-01-01&to=2026-01-01&kind=settle', 422, 'unknown-field')
  for (const unit of ['jpy', 'JP', 'ZZZ', '', '%00%00%00', 'JPY&unit=USD'])
    for (const path of ['/v1/history?', '/v1/history.csv?from=2026-01-01&to=2026-01-01&'])
      await no(hanako, `${path}unit=${unit}`, 422, 'unit-invalid')
  assert.equal((await register.reads(`/v1/deals?before=${'9'.repeat(18)}`)).status, 200)

  const tricks = ['x', '..', '.', '%2e%2e', '..%2f..%2fhealth', '%00', 'deal_x', `deal_${'F'.repeat(32)}`, `deal_${'f'.repeat(31)}`, `deal_${'f'.repeat(33)}`,
    `trm_${'f'.repeat(32)}`, `deal_${'f'.repeat(32)}%00`, `deal_${'f'.repeat(32)}%20`, `deal_${'f'.repeat(32)}'--`, 'x'.repeat(90), 'x'.repeat(2_000),
    `deal_${'f'.repeat(32)}`, `pay_${'f'.repeat(32)}`, `pay_7fff${'f'.repeat(28)}`, `pay_0000${'f'.repeat(28)}`, encodeURIComponent("' OR 1=1--")] // prettier-ignore
  for (const id of tricks) {
    for (const [by, path] of [
      [register, '/v1/deals/'],
      [hanako, '/v1/deals/'],
      [hanako, '/v1/payments/'],
      [register, '/v1/sales/'],
      [hanako, '/v1/sales/'],
    ] as const) {
      const reply = await by.reads(path + id)
      assert.match(assertProblem(reply, path + id), /^(not-found|route-not-found)$/)
      assert.equal(reply.status, 404)
    }
  }
  for (const path of ['/v1/deals/%zz', '/v1/payments/%ff', '/%c0%af', '/v1/%2e%2e/%']) {
    const reply = await hanako.reads(path)
    assert.match(assertProblem(reply, path), /^(request-invalid|route-not-found|not-found)$/)
    assert.ok(!reply.text.includes('%'), 'the path does not come back')
  }
  for (const path of [
    '/',
    '/v1',
    '/v1/',
    '/V1/scheme',
    '/v1/scheme/',
    '//v1/scheme',
    '/v1/../health',
    '/.env',
    '/v1/commands/',
    '/v1/commands/pay',
  ])
    assert.equal(assertProblem(await hanako.reads(path), path), 'route-not-found')
  for (const method of ['TRACE', 'PROPFIND', 'OPTIONS', 'PURGE'])
    assert.match(
      assertProblem(await ask(hub, { method, path: '/v1/scheme' }), method),
      /^(method-not-allowed|route-not-found)$/,
    )
  for (const headers of [
    { 'x-http-method-override': 'POST' },
    { accept: 'text/plain;q=x' },
    { range: 'bytes=0-1' },
    { 'if-match': '"x"' },
    { accept: '\u00ff' },
    { 'if-modified-since': 'x' },
  ])
    assert.equal((await hanako.reads('/v1/balances', headers)).status, 200)
  assert.deepEqual(await fingerprint(hub.settings), before)
})

test('ids of rows that cannot be: a bucket that no scheme has is a plain no', async () => {
  const id = (prefix: string, bucket: string) => `${prefix}_${bucket}${'5'.repeat(28)}`
  for (const bucket of ['ffff', '8000', '7fff', '0010', '000f']) {
    const session = await ask(hub, {
      path: '/v1/sessions',
      body: { ...valid.get('/v1/sessions')?.body, actor: id('dev', bucket) },
    })
    assert.equal(assertProblem(session, `a session of bucket ${bucket}`), 'signature-invalid')
    const terminal = await ask(hub, {
      path: '/v1/sessions',
      body: { ...valid.get('/v1/sessions')?.body, actor: id('trm', bucket) },
    })
    assert.equal(assertProblem(terminal, `a session of bucket ${bucket}`), 'signature-invalid')
    for (const name of ['decline', 'attend'])
      assert.equal(assertProblem(await hanako.command(name, { payment: id('pay', bucket) }), name), 'not-found')
    const taken = await hanako.command('take-back', { payment: id('pay', bucket), portion: 0 })
    assert.equal(assertProblem(taken, 'take-back'), 'not-found')
    const sold = await register.reads(`/v1/sales/${id('pay', bucket)}`)
    assert.equal(assertProblem(sold, 'a sale'), 'not-found')
    const signed = { ...valid.get('/v1/commands/submit-signed')?.body, payer: id('dev', bucket) }
    const handed = await register.signed({ path: '/v1/commands/submit-signed', body: signed })
    assert.equal(assertProblem(handed, 'a payer of nowhere'), 'signature-invalid')
    for (const [name, more] of [
      ['challenge', {}],
      ['permit', { allowed: true }],
      ['refund', { amount: '1', lines: [] }],
      ['deliver', { portion: 0, amount: '1' }],
      ['release', { deal: newDeal() }],
      ['cancel-deal', { deal: newDeal() }],
    ] as const)
      assert.equal(
        assertProblem(await register.command(name, { payment: id('pay', bucket), ...more }), name),
        'not-found',
      )
    const join = await hanako.command('join', { credential: { kind: 'token', token: id('tok', bucket) } })
    assert.equal(assertProblem(join, 'a token'), 'number-not-found')
  }
})

test('after all that every command works under the very id that the bad ones carried', async () => {
  const order = [...valid.values()].filter(({ body }) => 'command' in body)
  for (const { route, by, body } of order) {
    const reply = await (by ?? register).signed({ path: route.path, body })
    const { code } = reply.body
    assert.ok(
      reply.status === 200,
      `${route.path}: ${reply.status} ${String(code)} ${JSON.stringify(reply.body.figures)}`,
    )
  }
  assert.deepEqual(faultsOf(await readBooks(hub.settings)), [])
})

test('random bytes in right requests never break the hub', async () => {
  for (const [path, { body }] of valid) {
    const bytes = bytesOf({ ...body, ...('command' in body && { command: newCommand() }) }) ?? new Uint8Array()
    const change = fc.record({
      at: fc.nat(Math.max(0, bytes.length - 1)),
      kind: fc.constantFrom('set', 'insert', 'delete', 'repeat'),
      byte: fc.integer({ min: 0, max: 255 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
        let sent = Buffer.from(bytes)
        for (const { at, kind, byte } of changes) {
          const [left, right] = [sent.subarray(0, at), sent.subarray(at)]
          if (kind === 'set') sent = Buffer.concat([left, Buffer.from([byte]), right.subarray(1)])
          if (kind === 'insert') sent = Buffer.concat([left, Buffer.from([byte]), right])
          if (kind === 'delete') sent = Buffer.concat([left, right.subarray(1)])
          if (kind === 'repeat') sent = Buffer.concat([left, right, right])
        }
        const reply = await say(path, sent)
        if (reply.status !== 200) assertProblem(reply, `${path} ${sent.toString('latin1')}`)
      }),
      { numRuns: 40 },
    )
  }
  assert.deepEqual(faultsOf(await readBooks(hub.settings)), [])
})
