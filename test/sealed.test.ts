// What the hub's key file is for: secrets of webhooks that a stolen database does not tell, and a key that a repeated command gets again.
import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Webhook } from 'standardwebhooks'
import type { ShopView } from '#protocol/shop.ts'
import { sealKeyIn } from '#server/shop/seal-key.ts'
import { createSeal } from '#server/shop/seal.ts'
import { startTestHub, until, type TestHub } from './support/hub.ts'
import { withClient } from './support/postgres.ts'
import { assertProblem, newCommand, speaker, type Speaker } from './support/raw-client.ts'
import { keyed, newKey, opened, paid, receiver, yes, type Keyed, type Receiver, type Told } from './support/web-shop.ts'

let hub: TestHub
let office: Speaker
let hanako: Speaker
let shop: Keyed
let to: Receiver

before(async () => {
  hub = await startTestHub()
  office = await speaker(hub, 'office')
  hanako = await speaker(hub, 'hanako')
  shop = await newKey(hub, office)
  to = await receiver()
})
after(async () => {
  office?.client.close()
  hanako?.client.close()
  await hub?.stop()
  await to?.stop()
})

const rows = async (text: string, values: unknown[] = []) =>
  (await withClient(hub.settings, (client) => client.query<Record<string, unknown>>(text, values))).rows
const endpointRow = async (id: string) => (await rows('select * from webhook_endpoint where id = $1', [id]))[0]
const tells = async (by: Keyed = shop) => {
  const body = { url: to.url, events: ['deal.settled'], terminal: null }
  const made = yes<ShopView<'addWebhook'>>(await by.posts('/v1/webhooks', body))
  return { id: made.endpoint.endpoint, secret: made.secret }
}
const bytesOf = (secret: string): Buffer => Buffer.from(secret.slice('whsec_'.length), 'base64')
const verified = ({ headers, text }: Told, secret: string): unknown =>
  new Webhook(secret).verify(
    text,
    Object.fromEntries(
      ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => [name, String(headers[name])]),
    ),
  )

test('sealed bytes open with the same key, for the same row, unchanged, and otherwise not', () => {
  const seal = createSeal(new Uint8Array(32).fill(1))
  const secret = Buffer.from('a secret of exactly 32 bytes ...')
  const sealed = seal.seal(secret, 'row 1')
  assert.equal(sealed.length, 60)
  assert.deepEqual(seal.open(sealed, 'row 1'), secret)
  assert.notDeepEqual(seal.seal(secret, 'row 1'), sealed)
  const turned = Uint8Array.from(sealed)
  turned[20] = (turned[20] ?? 0) ^ 1
  const other = createSeal(new Uint8Array(32).fill(2))
  const cases = [seal.open(sealed, 'row 2'), seal.open(turned, 'row 1'), other.open(sealed, 'row 1')]
  assert.deepEqual([...cases, seal.open(sealed.subarray(0, 12), 'row 1')], [undefined, undefined, undefined, undefined])
  assert.notEqual(seal.id, other.id)
  assert.deepEqual(seal.derive('x'), seal.derive('x'))
  assert.notDeepEqual(seal.derive('x'), other.derive('x'))
})

test('the key file is made once, for the hub’s user alone; a damaged one is said, and stays as it is', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'warifu-seal-'))
  const [one, two] = await Promise.all([sealKeyIn(folder), sealKeyIn(folder)])
  assert.deepEqual(one, two)
  assert.deepEqual(await sealKeyIn(folder), one)
  assert.deepEqual(await readdir(folder), ['seal.key'])
  assert.equal((await stat(join(folder, 'seal.key'))).mode & 0o777, 0o600)
  await writeFile(join(folder, 'seal.key'), 'half')
  await assert.rejects(sealKeyIn(folder), /seal\.key is damaged/)
  await assert.rejects(sealKeyIn(join(folder, 'nowhere')), /cannot be read or made \(ENOENT\)/)
  await rm(folder, { recursive: true })
})

test('a key whose answer was lost is told again to the same command, and made once', async () => {
  const command = newCommand()
  const body = { command, name: 'Lost answer', scopes: ['deals:read', 'deals:write'], terminal: null }
  const asks = (over: object = {}, by = office) => by.signed({ path: '/v1/api-keys', body: { ...body, ...over } })
  const all = await Promise.all(Array.from({ length: 5 }, () => asks()))
  const [first, ...rest] = all.map((reply) => yes<ShopView<'addApiKey'>>(reply))
  assert.ok(first !== undefined)
  for (const again of rest) assert.deepEqual(again, first)
  // The order of the scopes says nothing.
  assert.deepEqual(yes(await asks({ scopes: ['deals:write', 'deals:read'] })), first)
  yes(await keyed(hub, first.secret).reads('/v1/deals'))
  const { keys, terminals } = yes<ShopView<'apiKeys'>>(await office.reads('/v1/api-keys'))
  assert.equal(keys.filter(({ name }) => name === body.name).length, 1)
  assert.equal(terminals.filter(({ label }) => label === body.name).length, 1)
  for (const over of [{ name: 'Another' }, { scopes: ['deals:read'] }, { terminal: first.key.terminal.id }])
    assert.equal(assertProblem(await asks(over), JSON.stringify(over)), 'command-mismatch')
  const other = await speaker(hub, 'register')
  const elsewhere = yes<ShopView<'addApiKey'>>(await asks({}, other))
  assert.notEqual(elsewhere.secret, first.secret)
  other.client.close()
  yes(await office.signed({ path: '/v1/api-keys/end', body: { key: first.key.key } }))
  assert.equal(yes<ShopView<'addApiKey'>>(await asks()).key.status, 'ended')
  assert.equal(assertProblem(await keyed(hub, first.secret).reads('/v1/deals'), 'ended'), 'key-unknown')
})

test('no secret of a webhook is in the database; one from before is read, signs, and is sealed by that', async () => {
  const { id, secret } = await tells()
  const row = await endpointRow(id)
  const isIn = (value: unknown): boolean => value instanceof Uint8Array && Buffer.from(value).includes(bytesOf(secret))
  assert.ok(row !== undefined && !Object.values(row).some(isIn))
  // As a hub of before has left it.
  const clear = async (previous: Buffer | null) =>
    rows(
      `update webhook_endpoint set secret = $2, sealed_by = null, previous_secret = $3,
         previous_until = case when $3::bytea is null then null else 9007199254740991 end where id = $1`,
      [id, bytesOf(secret), previous],
    )
  const old = Buffer.alloc(32, 9)
  await clear(old)
  const { deal, number } = await opened(shop)
  await paid(hanako, number)
  const heard = await to.hears('deal.settled', deal)
  assert.ok(verified(heard, secret))
  assert.ok(verified(heard, `whsec_${old.toString('base64')}`))
  const sealed = await until(async () => {
    const now = await endpointRow(id)
    return now?.sealed_by !== null && now
  })
  assert.ok(!Object.values(sealed).some(isIn))
  // A new secret takes over from one in the clear as from a sealed one.
  await clear(null)
  const fresh = yes<ShopView<'rotateWebhook'>>(await shop.posts('/v1/webhooks/rotate', { endpoint: id }))
  assert.ok(fresh.previousUntil !== null)
  const next = await opened(shop)
  await paid(hanako, next.number)
  const signed = await to.hears('deal.settled', next.deal)
  assert.ok(verified(signed, secret) && verified(signed, fresh.secret))
  yes(await shop.posts('/v1/webhooks/end', { endpoint: id }))
})

test('a test is sent, signed, logged, and one at a time; an endpoint that is off gets none', async () => {
  const { id, secret } = await tells()
  const tests = () => to.told.filter(({ body }) => (body as { type: string }).type === 'webhook.test')
  to.answers({ status: 500 })
  for (let count = 0; count < 3; count++) yes(await shop.posts('/v1/webhooks/test', { endpoint: id }))
  await until(() => tests().length === 1)
  const log = async () => yes<ShopView<'deliveries'>>(await shop.reads(`/v1/webhooks/${id}/deliveries`)).deliveries
  const [waiting, ...none] = await until(async () => {
    const found = await log()
    return found[0]?.status === 500 && found
  })
  assert.deepEqual([waiting?.type, waiting?.deal, waiting?.version, none], ['webhook.test', null, null, []])
  to.answers({ status: 204 })
  yes(await shop.posts('/v1/webhooks/resend', { endpoint: id, delivery: waiting?.delivery }))
  await until(async () => (await log())[0]?.state === 'delivered')
  const message = tests().at(-1)
  assert.ok(message)
  assert.deepEqual(verified(message, secret), message.body)
  assert.deepEqual(Object.keys(message.body.data), ['endpoint', 'text'])
  const off = { endpoint: id, url: to.url, events: ['deal.settled'], active: false }
  yes(await shop.posts('/v1/webhooks/change', off))
  assert.equal(assertProblem(await shop.posts('/v1/webhooks/test', { endpoint: id }), 'off'), 'webhook-off')
  assert.equal(assertProblem(await shop.posts('/v1/webhooks/test', { endpoint: 'a'.repeat(32) }), 'none'), 'not-found')
  yes(await shop.posts('/v1/webhooks/end', { endpoint: id }))
})

test('a hub with another key file sends nothing that it cannot sign, says so, and a new secret makes it good', async () => {
  const { id, secret } = await tells()
  const command = newCommand()
  const body = { command, name: 'Moved', scopes: ['webhooks:write'], terminal: null }
  yes(await office.signed({ path: '/v1/api-keys', body }))
  await hub.stop()
  hub = await startTestHub({ settings: hub.settings, sealKey: new Uint8Array(32).fill(8) })
  office.client.close()
  office = await speaker(hub, 'office')
  hanako.client.close()
  hanako = await speaker(hub, 'hanako')
  shop = keyed(hub, shop.secret)
  assert.equal(await hub.unreadableWebhooks(), 1)
  const seen = async () => yes<ShopView<'webhooks'>>(await shop.reads('/v1/webhooks')).endpoints[0]
  assert.deepEqual([(await seen())?.status, (await seen())?.why], ['active', 'unreadable'])
  const { deal, number } = await opened(shop)
  await paid(hanako, number)
  await until(async () => (await seen())?.waiting === 1)
  const attempts = async () =>
    (await rows('select attempts from webhook_delivery where endpoint = $1', [id]))[0]?.attempts
  assert.equal(await attempts(), 0)
  const fresh = yes<ShopView<'rotateWebhook'>>(await shop.posts('/v1/webhooks/rotate', { endpoint: id }))
  assert.equal(fresh.previousUntil, null)
  const heard = await to.hears('deal.settled', deal)
  assert.ok(verified(heard, fresh.secret))
  assert.throws(() => verified(heard, secret))
  assert.equal((await seen())?.why, null)
  assert.equal(await hub.unreadableWebhooks(), 0)
})
