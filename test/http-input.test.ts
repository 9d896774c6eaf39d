// Bad input at every route: each gets its no with a stable code, changes no row, and leaves the command's id unused.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { faultsOf } from '#core/invariants.ts'
import { LIMITS } from '#protocol/limits.ts'
import { problemsOf } from '#protocol/openapi.ts'
import { readBooks } from '#server/postgres/books.ts'
import { BAD_AMOUNTS, badTexts, isAmount, placesOf, withRaw } from './support/bad-input.ts'
import { startTestHub, type TestHub } from './support/hub.ts'
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
import { BILL, isCommand, recordValidRequests, ROUTES, type Recorded } from './support/valid-requests.ts'

/** A path may be a place in another route's: POST /v1/points/deals and GET /v1/points/{point}. */
const methodsOf = (path: string): string[] =>
  [...new Set(ROUTES.filter((route) => isAt(route.path, path)).map(({ method }) => method))].toSorted()

const isAt = (route: string, path: string): boolean =>
  new RegExp(`^${route.replace(/[.]/g, '\\.').replace(/\{\w+\}/g, '[^/]+')}$`, 'u').test(path)

/** What stands there is a cell of a file, as a person writes it. */
const CELLS = '/v1/price-file/good'
/** A menu says how an item is taxed, where a bill's line says how much tax is in it. */
const TAX_CLASSES = '/v1/menu'

let hub: TestHub
let register: Speaker
let hanako: Speaker
/** by path: a request that is right, and was never sent */
let valid: Map<string, Recorded>
let close: () => void
const bill = BILL

before(async () => {
  // On a busy machine this takes longer than a silent phone is borne; then the hub itself would change the rows that are compared.
  hub = await startTestHub({ dueEveryMs: 3_600_000 })
  register = await speaker(hub, 'register')
  hanako = await speaker(hub, 'hanako')
  const recorded = await recordValidRequests(hub, { register, hanako })
  valid = recorded.valid
  close = recorded.close
})
after(async () => {
  close()
  register.client.close()
  hanako.client.close()
  await hub.stop()
})

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

test('an amount that is not a decimal integer within the range is refused everywhere, and never rounded', async () => {
  const before = await fingerprint(hub.settings)
  let tried = 0
  for (const [path, { body }] of valid) {
    const places = path === CELLS || path === TAX_CLASSES ? [] : placesOf(body).filter(isAmount)
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
  for (const [path, { route, body }] of valid) {
    await Promise.all(
      badTexts(route, body).map(async (text) => {
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
  for (const [path, { route, body }] of valid) {
    const text = JSON.stringify(body)
    const padded = (bytes: number): string => text + ' '.repeat(bytes - Buffer.byteLength(text))
    const tooLarge = await say(path, padded((route.bodyBytes ?? LIMITS.bodyBytes) + 1))
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
      assert.deepEqual(String(reply.headers.allow).split(', ').toSorted(), methodsOf(path))
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
    for (const name of ['decline', 'attend', 'attest'])
      assert.equal(assertProblem(await hanako.command(name, { payment: id('pay', bucket) }), name), 'not-found')
    for (const means of [{ kind: 'account' }, { kind: 'exchange', unit: 'USD' }]) {
      const chosen = await hanako.command('choose-means', { payment: id('pay', bucket), means })
      assert.equal(assertProblem(chosen, 'choose-means'), 'not-found')
    }
    const bank = { payment: id('pay', '0001'), means: { kind: 'bank', id: id('mns', bucket) } }
    assert.equal(assertProblem(await hanako.command('choose-means', bank), 'a bank of nowhere'), 'means-not-found')
    const card = { ...bank, means: { ...bank.means, kind: 'card', method: 'lump' } }
    assert.equal(assertProblem(await hanako.command('choose-means', card), 'a card of nowhere'), 'means-not-found')
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

/** Requests that only look right: nobody has given this code, this session's key, this pushed command; Hanako has her PIN. */
const KNOWN_NO: Readonly<Record<string, string>> = {
  '/v1/enrolments': 'signature-invalid',
  '/v1/sessions': 'signature-invalid',
  '/v1/secret': 'state-conflict',
  '/v1/passkeys': 'signature-invalid',
  '/v1/presence': 'not-found',
  // Nobody has shown a card's user id.
  '/v1/commands/attest': 'state-conflict',
  // A hub that looks for webhooks writes now and then: those of the recorded requests are off.
  '/v1/webhooks/resend': 'webhook-off',
  '/v1/webhooks/test': 'webhook-off',
  // A hub without a bank.
  '/v1/means': 'field-invalid',
  '/v1/means-remove': 'means-not-found',
  // And without a vault.
  '/v1/cards': 'cards-unavailable',
  '/v1/cards-change': 'means-not-found',
  '/v1/cards-remove': 'means-not-found',
  '/v1/card-users': 'means-not-found',
}

test('after all that every request does what it says, and every command under the very id that the bad ones carried', async () => {
  for (const [path, { by, body }] of valid) {
    const reply = await (by ? by.signed({ path, body }) : ask(hub, { path, body }))
    const code = reply.status === 200 ? undefined : assertProblem(reply, path)
    assert.equal(code, KNOWN_NO[path], `${path}: ${reply.text.slice(0, 300)}`)
  }
  assert.deepEqual(faultsOf(await readBooks(hub.settings)), [])
})

test('random bytes in right requests never break the hub', async () => {
  for (const [path, { route, body }] of valid) {
    const bytes = bytesOf({ ...body, ...(isCommand(route) && { command: newCommand() }) }) ?? new Uint8Array()
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
