// Input of the right shape that cannot be: days, keys, pictures, addresses and ids of nowhere at the routes of protocol/identity.ts. Each gets
// its no, and changes no row.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { toBase64url } from '#core/bytes.ts'
import { problemsOf } from '#protocol/openapi.ts'
import { ALL_IDENTITY_ROUTES } from '#protocol/identity.ts'
import { withRaw, type Leaf } from './support/bad-input.ts'
import { startTestHub, type TestHub } from './support/hub.ts'
import { identityRequests, type ValidRequests } from './support/identity-requests.ts'
import { ask, assertProblem, fingerprint, newDeal, speaker, type Reply, type Speaker } from './support/raw-client.ts'

let hub: TestHub
let register: Speaker
let recorded: ValidRequests

before(async () => {
  hub = await startTestHub({ dueEveryMs: 3_600_000 })
  register = await speaker(hub, 'register')
  recorded = await identityRequests(hub)
})
after(async () => {
  recorded.close()
  register.client.close()
  await hub.stop()
})

/** The recorded request with something else at one place. */
async function say(path: string, at: Leaf, value: unknown): Promise<Reply> {
  const { by, body } = recorded.requests[path] ?? assert.fail(path)
  const sent = withRaw(body, at, JSON.stringify(value))
  const reply = await (by ? by.signed({ path, body: sent }) : ask(hub, { path, body: sent }))
  const route = ALL_IDENTITY_ROUTES.find((each) => each.path === path && each.method === 'POST') ?? assert.fail(path)
  assert.ok(
    problemsOf(route).some((known) => known === reply.body.code),
    `${path} documents ${String(reply.body.code)}`,
  )
  return reply
}

const idOf = (prefix: string, bucket: string): string => `${prefix}_${bucket}${'5'.repeat(28)}`
/** Buckets that no scheme has, and one that this has. */
const BUCKETS = ['ffff', '8000', '7fff', '0010', '0001']
const nowhere = (prefix: string): string[] => BUCKETS.map((bucket) => idOf(prefix, bucket))
const REQUESTS = ['0'.repeat(32), 'f'.repeat(32)]

const bytes = (length: number, value: number): string => toBase64url(Buffer.alloc(length, value))
const NO_DAYS = ['2001-02-29', '2000-13-01', '2000-00-10', '0000-00-00', '1800-01-01', '9999-12-31']
/** No point of the curve, none in that form, and none at all. */
const NO_KEYS = [bytes(65, 4), bytes(65, 0), bytes(65, 255), bytes(33, 2), bytes(64, 4), '', 'A']
const NO_SIGNATURES = ['', 'A', bytes(64, 0), bytes(64, 255), bytes(63, 1), bytes(32, 1)]
const NO_APPROVALS = ['', 'A', 'AAAA', bytes(150, 0), bytes(150, 255)]
const NO_SALTS = ['', 'A', bytes(15, 1)]
const NO_HASHES = ['', 'A', bytes(31, 1)]
/** A start of a JPEG, one that says a size larger than all memory, and other things. */
const NO_PICTURES = [
  '',
  'A',
  'AAAA',
  toBase64url(Buffer.from('ffd8ffe000104a464946', 'hex')),
  toBase64url(Buffer.from('ffd8ffc0001108ffffffff03012200021101031101', 'hex')),
  toBase64url(Buffer.from('ffd8ffc0000208', 'hex')),
  toBase64url(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')),
  bytes(300 * 1024, 255),
]
const NO_ENDPOINTS = [
  'https://localhost/x',
  'https://router/x',
  'https://127.0.0.1/x',
  'https://10.1.2.3/x',
  'https://[::1]/x',
  'https://0x7f000001/x',
  'https://user:word@push.example.org/x',
  'https://push.example.org:99999/x',
  'https:///x',
  'https://%00/x',
]
const NO_TIMES = [-1, 9_007_199_254_740_992, 1e300]

const CASES: readonly (readonly [path: string, at: Leaf, values: readonly unknown[], code: string])[] = [
  ['/v1/sign-up', ['birthDate'], NO_DAYS, 'day-invalid'],
  ['/v1/sign-up', ['key'], NO_KEYS, 'signature-invalid'],
  ['/v1/sign-up', ['signature'], NO_SIGNATURES, 'signature-invalid'],
  ['/v1/sign-up', ['code'], ['000000'], 'signature-invalid'],
  ['/v1/profile', ['birthDate'], NO_DAYS, 'day-invalid'],
  ['/v1/profile/portrait', ['picture'], NO_PICTURES, 'picture-invalid'],
  ['/v1/profile/email', ['presence', 'approval'], NO_APPROVALS, 'signature-invalid'],
  ['/v1/releases', ['merchant'], nowhere('pty'), 'party-unknown'],
  ['/v1/unlock', ['presence', 'approval'], NO_APPROVALS, 'signature-invalid'],
  ['/v1/unlock', ['presence', 'signature'], NO_SIGNATURES, 'signature-invalid'],
  ['/v1/secret/change', ['salt'], NO_SALTS, 'field-invalid'],
  ['/v1/secret/change', ['storedKey'], NO_HASHES, 'field-invalid'],
  ['/v1/secret/change', ['serverKey'], NO_HASHES, 'field-invalid'],
  ['/v1/passkeys/remove', ['credential'], ['', 'A', 'AAAA', bytes(900, 1)], 'not-found'],
  ['/v1/passkeys/remove', ['presence', 'signature'], NO_SIGNATURES, 'signature-invalid'],
  ['/v1/devices/codes', ['presence', 'approval'], NO_APPROVALS, 'signature-invalid'],
  ['/v1/devices/revoke', ['device'], nowhere('dev'), 'not-found'],
  ['/v1/devices/refuse', ['request'], REQUESTS, 'not-found'],
  ['/v1/devices/approves-with', ['presence', 'signature'], NO_SIGNATURES, 'signature-invalid'],
  ['/v1/recovery/revoke', ['device'], [...nowhere('dev'), ...REQUESTS], 'not-found'],
  ['/v1/recovery/request', ['key'], NO_KEYS, 'signature-invalid'],
  ['/v1/recovery/request', ['signature'], NO_SIGNATURES, 'signature-invalid'],
  ['/v1/recovery/request', ['clientNonce'], ['', 'A', bytes(15, 1)], 'proof-wrong'],
  ['/v1/recovery/finish', ['request'], REQUESTS, 'not-found'],
  ['/v1/recovery/finish', ['signature'], NO_SIGNATURES, 'signature-invalid'],
  ['/v1/push', ['subscription', 'endpoint'], NO_ENDPOINTS, 'field-invalid'],
  ['/v1/push', ['subscription', 'p256dh'], NO_KEYS, 'field-invalid'],
  ['/v1/push', ['subscription', 'auth'], ['', 'A', bytes(15, 1)], 'field-invalid'],
  ['/v1/presence', ['device'], nowhere('dev'), 'signature-invalid'],
  ['/v1/presence', ['provedAt'], NO_TIMES, 'signature-invalid'],
  ['/v1/presence', ['until'], NO_TIMES, 'signature-invalid'],
  ['/v1/presence', ['signature'], NO_SIGNATURES, 'signature-invalid'],
  ['/v1/staff/nonce', ['staff'], nowhere('stf'), 'not-found'],
  ['/v1/staff/enrol', ['code'], ['AAAA-AAAA-AA', '        '], 'code-not-found'],
  ['/v1/staff/enrol', ['salt'], NO_SALTS, 'field-invalid'],
  ['/v1/staff/enrol', ['storedKey'], NO_HASHES, 'field-invalid'],
  ['/v1/staff/add', ['staff'], nowhere('stf'), 'not-found'],
  ['/v1/staff/end', ['staff'], nowhere('stf'), 'not-found'],
  ['/v1/staff/terminals/revoke', ['terminal'], nowhere('trm'), 'not-found'],
]

for (const [path, at, values, code] of CASES)
  test(`${path}: ${at.join('.')} that cannot be is ${code}, and changes nothing`, async () => {
    // A right proof for what is not there is used up by the no.
    const unseen = path === '/v1/passkeys/remove' ? ['budget', 'command'] : ['budget']
    const before = await fingerprint(hub.settings, unseen)
    for (const value of values) {
      const about = `${path} ${at.join('.')} ${JSON.stringify(value).slice(0, 80)}`
      assert.equal(assertProblem(await say(path, at, value), about), code, about)
    }
    assert.deepEqual(await fingerprint(hub.settings, unseen), before)
  })

test('a PIN for somebody who is nowhere is not looked at', async () => {
  for (const staff of nowhere('stf'))
    assert.equal(assertProblem(await say('/v1/staff/sign-in', ['staff'], staff), staff), 'not-found')
})

test('a machine of another shop cannot be taken away', async () => {
  const reply = await say('/v1/staff/terminals/revoke', ['terminal'], register.self.id)
  assert.equal(assertProblem(reply, 'another shop’s register'), 'not-found')
  assert.equal((await register.reads('/v1/self')).status, 200)
})

test('a picture at the counter of a deal that cannot be is a plain no', async () => {
  const deals = [
    newDeal(),
    ...nowhere('deal'),
    'x',
    '..',
    '%00',
    `deal_${'F'.repeat(32)}`,
    `deal_${'f'.repeat(33)}`,
    'x'.repeat(90),
  ]
  for (const deal of deals) {
    const reply = await register.reads(`/v1/deals/${deal}/portrait`)
    assert.match(assertProblem(reply, deal), /^(not-found|route-not-found)$/)
  }
  const zz = await register.reads('/v1/deals/%zz/portrait')
  assert.match(assertProblem(zz, '%zz'), /^(request-invalid|route-not-found)$/)
})

test('after all that the recorded requests still do what they say', async () => {
  for (const path of ['/v1/sign-up', '/v1/unlock', '/v1/recovery/request', '/v1/devices/revoke', '/v1/staff/end']) {
    const { by, body } = recorded.requests[path] ?? assert.fail(path)
    const reply = await (by ? by.signed({ path, body }) : ask(hub, { path, body }))
    assert.equal(reply.status, 200, `${path}: ${reply.text}`)
  }
})
