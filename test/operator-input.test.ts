// Bad input at the operator's desk: each gets its no with a stable code, changes no row, writes no line into the log, and leaves the
// command's id unused.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { faultsOf } from '#core/invariants.ts'
import { LIMITS } from '#protocol/limits.ts'
import { problemsOf } from '#protocol/openapi.ts'
import { ALL_OPERATOR_ROUTES, OPERATOR_COMMAND_ROUTES, OPERATOR_ROUTES } from '#protocol/operator.ts'
import { DEMO_AGREED } from '#server/cards/tables-demo.ts'
import { readBooks } from '#server/postgres/books.ts'
import { BAD_AMOUNTS, badTexts, isAmount, placesOf, withRaw } from './support/bad-input.ts'
import { BUCKETS } from './support/world.ts'
import { enrolled, startTestHub, type TestHub } from './support/hub.ts'
import { ask, assertProblem, fingerprint, newCommand, speaker, type Reply, type Speaker } from './support/raw-client.ts'

const COMMANDS = '/v1/operator/commands/'

let hub: TestHub
let desk: Speaker
let hanako: Speaker
/** by name, an invitation for each kind: a command that is right, and was never sent */
const valid: [name: string, body: Record<string, unknown>][] = []

before(async () => {
  hub = await startTestHub()
  desk = await speaker(hub, 'desk', await enrolled(hub, 'desk'))
  hanako = await speaker(hub, 'hanako')
  await recordValidCommands()
  // What was paid in is deposited a moment later, and would be a change that nobody caused.
  for (let bucket = 0; bucket < BUCKETS; bucket++) while ((await hub.store.deposit(bucket)) > 0);
})
after(async () => {
  desk.client.close()
  hanako.client.close()
  await hub.stop()
})

async function done(name: string, body: object): Promise<Record<string, unknown>> {
  const reply = await desk.signed({ path: COMMANDS + name, body: { command: newCommand(), why: 'test', ...body } })
  assert.equal(reply.status, 200, reply.text)
  return reply.body
}

async function recordValidCommands(): Promise<void> {
  const open = (kind: 'person' | 'merchant', units = ['JPY']) =>
    done('open-party', { kind, name: kind, legalName: kind, units })
  const [{ party: shop }, { party: person, account }, { account: empty }] = [
    await open('merchant'),
    await open('person'),
    await open('person'),
  ]
  await done('cash-in', { account, unit: 'JPY', amount: '5000' })
  const site = {
    party: shop,
    name: 'Site',
    redirectUris: ['https://shop.example/callback'],
    ciba: 'ping',
    notificationEndpoint: 'https://shop.example/ping',
    attributes: ['age-band'],
  }
  const { client } = await done('register-client', site)
  const limits = { perPayment: '10000', perDay: '20000', perMonth: '30000' }
  const offline = { payment: '100', device: '200', terminal: '300', ms: 3_600_000 }
  const proofLimits = {
    password: '9000',
    'synced-passkey': null,
    'bound-passkey': null,
    'security-key': null,
    other: '1000',
  }
  const attributes = {
    birthDate: '2000-02-29',
    region: 'JP-14',
    memberships: [{ name: 'Bath house', until: '2030-12-31', number: 'B 12' }],
  }
  const commands: [name: string, body: object][] = [
    ['open-party', { kind: 'person', name: 'New', legalName: 'New', units: ['JPY', 'EUR'] }],
    ['invite', { to: { kind: 'device', party: person } }],
    ['invite', { to: { kind: 'terminal', party: shop, label: 'Till', terminal: 'counter' } }],
    ['invite', { to: { kind: 'operator', name: 'Baba', role: 'support' } }],
    ['invite', { to: { kind: 'staff', party: shop, name: 'Ito', role: 'owner' } }],
    ['cash-in', { account, unit: 'JPY', amount: '100' }],
    ['cash-out', { account, unit: 'JPY', amount: '100' }],
    ['credit-file', { unit: 'JPY', title: 'Wages', rows: [{ account, amount: '7', text: 'June' }] }],
    ['set-limits', { account, unit: 'JPY', limits }],
    ['verify', { party: person, attributes }],
    ['look', { party: person, what: 'birth-date' }],
    ['register-client', { ...site, name: 'Another site' }],
    // Border: the answer's schema.
    ['end-client', { client: (client as { id: string }).id }],
    ['set-rules', { limits, freshProofFrom: '500', unlockMs: 60_000, restricted: 'ask', proofLimits, offline }],
    [
      'set-rates',
      {
        rows: [
          { from: 'EUR', to: 'JPY', price: '165.5', spread: 75, validFrom: null, validUntil: Date.now() + 3_600_000 },
          { from: 'CHF', to: 'JPY', price: null, spread: 0, validFrom: 0, validUntil: Date.now() + 3_600_000 },
        ],
      },
    ],
    [
      'set-card-tables',
      {
        version: 0,
        change: { table: 'issuers', isWhole: true, rows: [{ ...DEMO_AGREED[0], host: 'issuer.example', port: 8583 }] },
      },
    ],
    ['freeze', { account }],
    ['unfreeze', { account }],
    ['close', { account: empty }],
    ['revoke', { actor: hanako.self.id }],
  ]
  for (const [name, body] of commands) valid.push([name, { command: newCommand(), why: 'to see', ...body }])
  const names = new Set(valid.map(([name]) => name))
  for (const { name } of OPERATOR_COMMAND_ROUTES) assert.ok(names.has(name), `a valid ${name}`)
}

const routeAt = (path: string) => ALL_OPERATOR_ROUTES.find((each) => each.path === path) ?? assert.fail(path)

/** Sends a body to a command; whatever no it gets is one that the documentation names. */
async function say(name: string, body: string | object): Promise<Reply> {
  const path = COMMANDS + name
  const reply = await desk.signed({ path, body })
  if (reply.status === 200) return reply
  assert.ok(
    problemsOf(routeAt(path)).some((known) => known === reply.body.code),
    `${name} documents ${String(reply.body.code)}`,
  )
  return reply
}

test('what the schema of a command does not allow is refused: types, missing fields, unknown fields, long and empty texts', async () => {
  const before = await fingerprint(hub.settings)
  let tried = 0
  for (const [name, body] of valid) {
    const texts = badTexts(routeAt(COMMANDS + name), body)
    tried += texts.length
    await Promise.all(
      texts.map(async (text) => {
        const reply = await say(name, text)
        assert.match(assertProblem(reply, `${name} ${text.slice(0, 400)}`), /-invalid$|^unknown-field$/)
        assert.ok(!reply.text.includes('OR 1=1') && !reply.text.includes('xxxx'), 'nothing of the input comes back')
      }),
    )
  }
  assert.ok(tried > 18 * 50, 'bad bodies were made')
  assert.deepEqual(await fingerprint(hub.settings), before)
})

test('an amount that is not a decimal integer within the range is refused, and never rounded', async () => {
  const before = await fingerprint(hub.settings)
  const commands = valid.filter(([, body]) => placesOf(body).some(isAmount))
  assert.deepEqual(
    commands.map(([name]) => name),
    ['cash-in', 'cash-out', 'credit-file', 'set-limits', 'set-rules'],
  )
  for (const [name, body] of commands)
    await Promise.all(
      placesOf(body)
        .filter(isAmount)
        .flatMap((at) =>
          BAD_AMOUNTS.map(async (literal) => {
            const about = `${name} ${at.join('/')} ${literal.slice(0, 60)}`
            const reply = await say(name, withRaw(body, at, literal))
            assert.match(assertProblem(reply, about), /^(amount|field|rows)-invalid$/, about)
          }),
        ),
    )
  assert.deepEqual(await fingerprint(hub.settings), before)
})

test('days, sites, currencies and ids of nowhere are a plain no, and decide nothing', async () => {
  const before = await fingerprint(hub.settings)
  const id = (prefix: string, bucket: string): string => `${prefix}_${bucket}${'5'.repeat(28)}`
  const nowhere = (prefix: string): string[] => ['ffff', '8000', '0010', '0001'].map((bucket) => id(prefix, bucket))
  const noDays = ['2001-02-29', '2000-13-01', '0000-00-00']
  const noSites = [
    'http://shop.example/callback',
    'http://10.0.0.1/callback',
    'https://user:word@shop.example/',
    'https://shop.example/#part',
    'https://*.example/',
    'https:///',
  ]
  const cases: readonly (readonly [name: string, at: readonly string[], values: readonly string[], code: RegExp])[] = [
    ['open-party', ['units', '0'], ['XQX', 'ZZZ'], /^unit-invalid$/],
    ['invite', ['to', 'party'], nowhere('pty'), /^party-unknown$/],
    ['verify', ['party'], nowhere('pty'), /^party-unknown$/],
    ['verify', ['attributes', 'birthDate'], noDays, /^day-invalid$/],
    ['verify', ['attributes', 'memberships', '0', 'until'], noDays, /^day-invalid$/],
    ['look', ['party'], nowhere('pty'), /^party-unknown$/],
    ['register-client', ['party'], nowhere('pty'), /^party-unknown$/],
    ['register-client', ['redirectUris', '0'], noSites, /^field-invalid$/],
    ['register-client', ['notificationEndpoint'], noSites.slice(0, 4), /^field-invalid$/],
    ['end-client', ['client'], ['site-none', '__proto__', 'toString', '0'], /^not-found$/],
    ['revoke', ['actor'], ['dev', 'trm', 'opr'].flatMap(nowhere), /^not-found$/],
  ]
  for (const [name, at, values, code] of cases)
    for (const [, body] of valid.filter(
      ([of, sent]) => of === name && placesOf(sent).some((place) => place.join() === at.join()),
    ))
      for (const value of values) {
        const about = `${name} ${at.join('.')} ${value}`
        assert.match(assertProblem(await say(name, withRaw(body, at, JSON.stringify(value))), about), code, about)
      }
  const reads = nowhere('pty').map((party) => `/v1/operator/parties/${party}`)
  for (const path of [...reads, '/v1/operator/parties/x', '/v1/operator/parties/__proto__'])
    assert.equal(assertProblem(await desk.reads(path), path), 'party-unknown')
  assert.deepEqual(await fingerprint(hub.settings), before)
})

test('reads take no body and no query of others; a file that is too large is refused', async () => {
  const before = await fingerprint(hub.settings)
  for (const { method, path } of Object.values(OPERATOR_ROUTES)) {
    if (method !== 'GET') continue
    const at = path.replace('{party}', `pty_${'0'.repeat(32)}`)
    assert.equal(assertProblem(await ask(hub, { method, path: at, body: {} }), path), 'request-invalid')
    assert.equal(assertProblem(await ask(hub, { path: at, body: {} }), path), 'method-not-allowed')
  }
  for (const [path, code] of [
    ['/v1/operator/parties?search=', 'field-invalid'],
    ['/v1/operator/parties?search=%00', 'field-invalid'],
    ['/v1/operator/parties?before=x', 'field-invalid'],
    ['/v1/operator/parties?status=open', 'unknown-field'],
    ["/v1/operator/actions?subject=x'--", 'field-invalid'],
    ['/v1/operator/actions?before=1-2', 'field-invalid'],
    ['/v1/operator/heads?before=2026-01-01', 'field-invalid'],
  ] as const)
    assert.equal(assertProblem(await desk.reads(path), path), code)
  const large = `"${'x'.repeat(LIMITS.creditFileBytes)}"`
  for (const [name, body] of valid)
    assert.equal(assertProblem(await say(name, withRaw(body, ['why'], large)), `${name}: too large`), 'too-large')
  assert.deepEqual(await fingerprint(hub.settings), before)
})

test('after all that every command works under the very id that the bad ones carried', async () => {
  for (const [name, body] of valid) {
    const reply = await say(name, body)
    assert.equal(reply.status, 200, `${name}: ${reply.text}`)
  }
  assert.deepEqual(faultsOf(await readBooks(hub.settings)), [])
})
