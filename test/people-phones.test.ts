// A person's phones: the list, a further one by a code, and one that is taken away.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { DevicesView, IdentityView, RecoveryView } from '#protocol/identity.ts'
import { LIMITS } from '#protocol/limits.ts'
import { openClient, type Client } from '#sdk/client.ts'
import { enrol } from '#sdk/identity.ts'
import { presence } from '#sdk/presence.ts'
import { withPin } from '#sdk/scram.ts'
import { memoryStorage } from '#sdk/storage.ts'
import { startTestHub, type TestHub } from './support/hub.ts'
import {
  codeFor,
  look,
  newAddress,
  newcomer,
  NEWCOMER_PIN as PIN,
  newKey,
  request,
  requestBody,
  viewIn,
  waiting,
} from './support/people.ts'
import { withClient } from './support/postgres.ts'
import { assertProblem, speaker, type Reply, type Speaker } from './support/raw-client.ts'

let hub: TestHub
const clients: Client[] = []
before(async () => {
  hub = await startTestHub()
})
after(async () => {
  for (const client of clients) client.close()
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

async function codeOf(phone: Speaker): Promise<Reply> {
  const proved = await presence(phone.client, 'add-device', '', withPin(PIN))
  assert.ok(proved.ok)
  return phone.signed({ path: '/v1/devices/codes', body: { presence: proved.view } })
}

async function further(phone: Speaker): Promise<Speaker> {
  const { code } = viewIn<IdentityView<'deviceCode'>>(await codeOf(phone))
  const storage = memoryStorage()
  assert.ok((await enrol({ hub: hub.url, storage, code, label: 'Tablet' })).ok)
  const client = openClient({ hub: hub.url, storage })
  clients.push(client)
  return speaker(hub, 'hanako', client)
}

const devicesOf = async (phone: Speaker): Promise<DevicesView> => viewIn(await phone.reads('/v1/devices'))

test('a further phone comes in by a code that a proof of the owner gives', async () => {
  const { phone } = await somebody()
  const without = await phone.signed({ path: '/v1/devices/codes', body: {} })
  assert.equal(assertProblem(without, 'no proof'), 'field-invalid')
  const foreign = await presence(phone.client, 'unlock', '', withPin(PIN))
  assert.ok(foreign.ok)
  const unlocks = await phone.signed({ path: '/v1/devices/codes', body: { presence: foreign.view } })
  assert.equal(assertProblem(unlocks, 'a proof for something else'), 'signature-invalid')
  const wrong = await presence(phone.client, 'add-device', '', withPin('0000'))
  assert.ok(wrong.ok)
  const guessed = await phone.signed({ path: '/v1/devices/codes', body: { presence: wrong.view } })
  assert.equal(assertProblem(guessed, 'a wrong PIN'), 'proof-wrong')
  const tablet = await further(phone)
  const { devices } = await devicesOf(phone)
  assert.deepEqual(
    devices.map(({ id, label, status, isThis }) => [id, label, status, isThis]),
    [
      [tablet.self.id, 'Tablet', 'active', false],
      [phone.self.id, 'Phone', 'active', true],
    ],
  )
  for (const { enrolledAt, lastSeenAt } of devices) assert.ok(lastSeenAt !== null && lastSeenAt >= enrolledAt)
})

test('there are as many phones as there may be, codes that are out and phones that wait counted', async () => {
  const { phone, email } = await somebody()
  await waiting(hub, email)
  const party = phone.self.kind === 'device' ? phone.self.party : ''
  // All but one of the rest at once.
  await sql(
    `insert into enrolment_code (hash, bucket, party, kind, created_at, expires_at)
     select sha256(convert_to($1::text || n, 'UTF8')), $2, $1::uuid, 'device', 0, 9e15 from generate_series(4, $3::int) n`,
    [party.slice(4), Number.parseInt(party.slice(4, 8), 16), LIMITS.devices],
  )
  viewIn(await codeOf(phone))
  assert.equal(assertProblem(await codeOf(phone), 'one more'), 'too-many-devices')
  await forgetTries()
  const code = await codeFor(hub, '/v1/recovery/mail', email)
  const found = viewIn<RecoveryView>(await look(hub, email, code))
  const body = await requestBody({ email, code, key: newKey(), found })
  assert.equal(assertProblem(await request(hub, body), 'one more by mail'), 'too-many-devices')
})

test('a phone is taken away by any of one’s phones, also by itself, and may do nothing from then', async () => {
  const { phone } = await somebody()
  const tablet = await further(phone)
  const { phone: stranger } = await somebody()
  const revoke = (by: Speaker, device: string) => by.signed({ path: '/v1/devices/revoke', body: { device } })
  for (const device of [stranger.self.id, `dev_${'f'.repeat(32)}`])
    assert.equal(assertProblem(await revoke(phone, device), 'not one’s own'), 'not-found')
  const view = viewIn<DevicesView>(await revoke(phone, tablet.self.id))
  assert.equal(view.devices.find(({ id }) => id === tablet.self.id)?.status, 'revoked')
  assert.equal(assertProblem(await tablet.reads('/v1/devices'), 'revoked'), 'session-ended')
  viewIn(await revoke(phone, tablet.self.id))
  viewIn(await stranger.reads('/v1/devices'))
  viewIn(await revoke(phone, phone.self.id))
  assert.equal(assertProblem(await phone.reads('/v1/devices'), 'itself'), 'session-ended')
})
