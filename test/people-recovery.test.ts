// Coming back after a lost phone: a code by mail takes a phone away, and with the password a new one comes in after a wait.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import type { DevicesView, IdentityView, RecoveryView } from '#protocol/identity.ts'
import { LIMITS } from '#protocol/limits.ts'
import { openClient, type Client } from '#sdk/client.ts'
import { presence } from '#sdk/presence.ts'
import { withPin } from '#sdk/scram.ts'
import { askForMail, askToBeLetIn, finishWaiting, lookWithCode } from '#sdk/sign-up.ts'
import { memoryStorage } from '#sdk/storage.ts'
import { startTestHub, until, type TestHub } from './support/hub.ts'
import {
  askingFor,
  codeAfter,
  codeFor,
  finish,
  keyParts,
  look,
  mailsTo,
  newAddress,
  newcomer,
  NEWCOMER_PIN as PIN,
  newKey,
  nthMail,
  request,
  requestBody,
  viewIn,
  waiting,
} from './support/people.ts'
import { withClient } from './support/postgres.ts'
import { ask, assertProblem, speaker, type Speaker } from './support/raw-client.ts'

let hub: TestHub
/** another hub on the same database */
let second: TestHub
const clients: Client[] = []
before(async () => {
  hub = await startTestHub()
  second = await startTestHub({ settings: hub.settings, mail: await hub.mail.inboxSettings() })
})
after(async () => {
  for (const client of clients) client.close()
  await second.stop()
  await hub.stop()
})

const sql = (text: string, values: unknown[] = []) => withClient(hub.settings, (client) => client.query(text, values))
const forgetTries = (): Promise<unknown> => sql('delete from budget')

async function somebody(email = newAddress()): Promise<{ email: string; phone: Speaker }> {
  await forgetTries()
  const client = await newcomer(hub, email)
  clients.push(client)
  return { email, phone: await speaker(hub, 'hanako', client) }
}

const wrongFor = (code: string): string => (code === '000000' ? '000001' : '000000')

const devicesOf = async (phone: Speaker): Promise<DevicesView> => viewIn(await phone.reads('/v1/devices'))

const waitIsOver = (id: string): Promise<unknown> =>
  sql('update device_request set ready_at = ready_at - $2 where id = $1', [id, LIMITS.demoDeviceWaitMs])

test('a lost phone is taken away from any browser with a code from the mail', async () => {
  const { phone, email } = await somebody()
  const code = await codeFor(hub, '/v1/recovery/mail', email.toUpperCase())
  const found = viewIn<RecoveryView>(await look(hub, email, code))
  assert.deepEqual(
    found.devices.map(({ id, status }) => [id, status]),
    [[phone.self.id, 'active']],
  )
  const revoke = (device: string) =>
    ask(second, { path: '/v1/recovery/revoke', body: { email, code, asking: askingFor(email), device } })
  const { phone: stranger } = await somebody()
  assert.equal(assertProblem(await revoke(stranger.self.id), 'somebody else’s'), 'not-found')
  const after = viewIn<RecoveryView>(await revoke(phone.self.id))
  assert.equal(after.devices[0]?.status, 'revoked')
  // It was taken away at the other hub.
  await until(async () => (await phone.reads('/v1/self')).status === 401)
  viewIn(await stranger.reads('/v1/self'))
})

test('a new phone comes in by mail and password after a wait of which the owner hears', async () => {
  const { phone, email } = await somebody()
  const storage = memoryStorage()
  const client = openClient({ hub: hub.url, storage })
  clients.push(client)
  const code = await codeAfter(hub, email, async () => {
    assert.ok((await askForMail({ client, storage }, { purpose: 'recover', email, language: 'en' })).ok)
  })
  const looked = await lookWithCode({ client, storage }, { email, code })
  assert.ok(looked.ok, JSON.stringify(looked))
  const found = looked.view
  const asked = await askToBeLetIn({ client, storage }, { email, code, pin: PIN, label: 'New phone', found })
  assert.ok(asked.ok, JSON.stringify(asked))
  const notice = await nthMail(hub, email, 3)
  assert.match(notice.subject, /新しいスマートフォン/)
  const { waiting: seen } = await devicesOf(phone)
  assert.deepEqual(
    seen.map(({ request: id, label }) => [id, label]),
    [[asked.view.request, 'New phone']],
  )
  const early = await finishWaiting({ client, storage })
  assert.ok(!early.ok)
  assert.equal(early.problem.code, 'device-waiting')
  assert.equal(Number(early.problem.figures?.until), asked.view.readyAt)
  await waitIsOver(asked.view.request)
  const letIn = await finishWaiting({ client, storage })
  assert.ok(letIn.ok, JSON.stringify(letIn))
  const self = await client.self()
  assert.ok(self.ok && self.view.kind === 'device' && phone.self.kind === 'device')
  assert.equal(self.view.account, phone.self.account)
  const { devices, waiting: left } = await devicesOf(phone)
  assert.deepEqual([devices.length, left.length], [2, 0])
})

test('the same request sent again is one, and finished again is one phone', async () => {
  const { phone, email } = await somebody()
  const { body, request: id, readyAt, key } = await waiting(hub, email)
  const again = await Promise.all(Array.from({ length: 4 }, () => request(hub, body)))
  for (const reply of again) assert.deepEqual(viewIn(reply), { request: id, readyAt })
  await until(async () => (await mailsTo(hub, email)).length === 3)
  await waitIsOver(id)
  const replies = await Promise.all(Array.from({ length: 5 }, (_, n) => finish(n % 2 === 0 ? hub : second, key, id)))
  const selves = replies.map((reply) => viewIn<IdentityView<'recoveryFinish'>>(reply).self)
  for (const self of selves) assert.deepEqual(self, selves[0])
  assert.equal((await devicesOf(phone)).devices.length, 2)
  assert.equal(assertProblem(await finish(hub, newKey(), id), 'another key'), 'signature-invalid')
  assert.equal(assertProblem(await finish(hub, key, '0'.repeat(32)), 'no such request'), 'not-found')
})

test('what an older phone or the mailbox refuses never comes in', async () => {
  const { phone, email } = await somebody()
  const { phone: stranger } = await somebody()
  const refuse = (by: Speaker, id: string) => by.signed({ path: '/v1/devices/refuse', body: { request: id } })
  const first = await waiting(hub, email)
  assert.equal(assertProblem(await refuse(stranger, first.request), 'a stranger'), 'not-found')
  assert.deepEqual(viewIn<DevicesView>(await refuse(phone, first.request)).waiting, [])
  viewIn(await refuse(phone, first.request))
  await waitIsOver(first.request)
  assert.equal(assertProblem(await finish(hub, first.key, first.request), 'refused'), 'request-refused')

  await forgetTries()
  const byMail = await waiting(hub, email)
  const body = { email, code: byMail.code, asking: askingFor(email), device: byMail.request }
  const view = viewIn<RecoveryView>(await ask(hub, { path: '/v1/recovery/revoke', body }))
  assert.deepEqual(view.waiting, [])
  await waitIsOver(byMail.request)
  assert.equal(assertProblem(await finish(hub, byMail.key, byMail.request), 'refused'), 'request-refused')

  await forgetTries()
  const last = await waiting(hub, email)
  await waitIsOver(last.request)
  const [refused, letIn] = await Promise.all([refuse(phone, last.request), finish(second, last.key, last.request)])
  assert.equal([refused, letIn].filter(({ status }) => status === 200).length, 1, 'one of the two wins')
})

test('a request that nobody finishes is forgotten', async () => {
  const { phone, email } = await somebody()
  const { request: id, key } = await waiting(hub, email)
  await sql('update device_request set ready_at = ready_at - $2 where id = $1', [
    id,
    LIMITS.demoDeviceWaitMs + LIMITS.deviceRequestMs,
  ])
  assert.deepEqual((await devicesOf(phone)).waiting, [])
  assert.equal(assertProblem(await finish(hub, key, id), 'late'), 'not-found')
})

test('a wrong password is counted apart from the phones that are known', async () => {
  const { phone, email } = await somebody()
  const code = await codeFor(hub, '/v1/recovery/mail', email)
  const found = viewIn<RecoveryView>(await look(hub, email, code))
  const key = newKey()
  const body = await requestBody({ email, code, key, found, pin: '9999' })
  const codes: string[] = []
  for (let tried = 0; tried < 6; tried++) codes.push(assertProblem(await request(hub, body), 'a guess'))
  assert.deepEqual(codes, [...Array<string>(5).fill('proof-wrong'), 'too-many-tries'])
  const right = await requestBody({ email, code, key, found })
  assert.equal(assertProblem(await request(hub, right), 'even the right one'), 'too-many-tries')
  const unlocked = await presence(phone.client, 'unlock', '', withPin(PIN))
  assert.ok(unlocked.ok)
  viewIn(await phone.signed({ path: '/v1/unlock', body: { presence: unlocked.view } }))
  assert.deepEqual((await devicesOf(phone)).waiting, [])
})

test('a proof is good for this key, this code and this address alone', async () => {
  const { email } = await somebody()
  const code = await codeFor(hub, '/v1/recovery/mail', email)
  const found = viewIn<RecoveryView>(await look(hub, email, code))
  const [key, thief] = [newKey(), newKey()]
  const stolen = await requestBody({ email, code, key, found, over: keyParts(thief, code) })
  assert.equal(assertProblem(await request(hub, stolen), 'another key'), 'proof-wrong')
  const unsigned = await requestBody({ email, code, key, found, over: { signature: keyParts(thief, code).signature } })
  assert.equal(assertProblem(await request(hub, unsigned), 'a foreign signature'), 'signature-invalid')
  const next = await codeFor(hub, '/v1/recovery/mail', email)
  const old = await requestBody({ email, code: next, key, found })
  assert.equal(assertProblem(await request(hub, old), 'the nonce of an older code'), 'proof-wrong')
})

test('a code stands five wrong tries over all the routes that take it', async () => {
  const { phone, email } = await somebody()
  const code = await codeFor(hub, '/v1/recovery/mail', email)
  const found = viewIn<RecoveryView>(await look(hub, email, code))
  const wrong = wrongFor(code)
  const revoke = { email, code: wrong, asking: askingFor(email), device: phone.self.id }
  const body = await requestBody({ email, code: wrong, key: newKey(), found })
  const replies = [
    await look(hub, email, wrong),
    await look(hub, email, wrong),
    await ask(hub, { path: '/v1/recovery/revoke', body: revoke }),
    await ask(hub, { path: '/v1/recovery/revoke', body: revoke }),
  ]
  for (const reply of replies) assert.equal(assertProblem(reply, 'wrong'), 'code-not-found')
  viewIn(await look(hub, email, code))
  assert.equal(assertProblem(await request(hub, body), 'the fifth'), 'code-not-found')
  await forgetTries()
  assert.equal(assertProblem(await look(hub, email, code), 'the right one'), 'code-not-found')
})

test('nothing tells whether an address has an account', async () => {
  const { email } = await somebody()
  const unknown = newAddress()
  for (const to of [email, unknown])
    viewIn(await ask(hub, { path: '/v1/recovery/mail', body: { email: to, language: 'en', asking: askingFor(to) } }))
  const mail = await nthMail(hub, unknown, 1)
  assert.match(mail.subject, /No account/)
  const made: RecoveryView = {
    nonce: randomBytes(16).toString('base64url'),
    salt: randomBytes(16).toString('base64url'),
    iterations: 310_000,
    devices: [],
    waiting: [],
  }
  const answers = await Promise.all(
    [email, unknown].map(async (address) => {
      const key = newKey()
      const replies = [
        await look(hub, address, '123456'),
        await ask(hub, {
          path: '/v1/recovery/revoke',
          body: { email: address, code: '123456', asking: askingFor(address), device: `dev_${'0'.repeat(32)}` },
        }),
        await request(hub, await requestBody({ email: address, code: '123456', key, found: made })),
      ]
      return replies.map(({ status, text }) => [status, text])
    }),
  )
  assert.deepEqual(answers[0], answers[1])
  // Who has set no password looks like everybody else, and no password is right.
  await forgetTries()
  const { email: bare } = await somebody()
  await sql('delete from secret where party in (select party from profile where email = $1)', [bare])
  const code = await codeFor(hub, '/v1/recovery/mail', bare)
  const found = viewIn<RecoveryView>(await look(hub, bare, code))
  const again = viewIn<RecoveryView>(await look(hub, bare, code))
  assert.deepEqual([found.salt, found.iterations], [again.salt, again.iterations])
  const body = await requestBody({ email: bare, code, key: newKey(), found })
  assert.equal(assertProblem(await request(hub, body), 'no password'), 'proof-wrong')
})
