// Webhooks through HTTP: what a shop is told, by which signature, and that neither a receiver nor a hub that dies loses anything.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Webhook } from 'standardwebhooks'
import type { ShopView } from '#protocol/shop.ts'
import { signedHeaders } from '#server/shop/sending.ts'
import { typeOf } from '#server/shop/telling.ts'
import { isSentTo } from '#server/shop/post.ts'
import { startTestHub, until, type TestHub } from './support/hub.ts'
import { withClient } from './support/postgres.ts'
import { assertProblem, speaker, type Speaker } from './support/raw-client.ts'
import { newKey, opened, paid, receiver, yes, type Keyed, type Receiver } from './support/web-shop.ts'

let hub: TestHub
let office: Speaker
let hanako: Speaker
let shop: Keyed
const receivers: Receiver[] = []

before(async () => {
  hub = await startTestHub({ webhookBackoffMs: Array.from({ length: 200 }, () => 50) })
  office = await speaker(hub, 'office')
  hanako = await speaker(hub, 'hanako')
  shop = await newKey(hub, office)
})
after(async () => {
  office?.client.close()
  hanako?.client.close()
  await Promise.all(receivers.map((each) => each.stop()))
  await hub?.stop()
})

async function listening(port = 0): Promise<Receiver> {
  const made = await receiver(port)
  receivers.push(made)
  return made
}

const ALL = ['deal.joined', 'deal.held', 'deal.settled', 'deal.reopened', 'deal.ended', 'deal.refunded']

/** An endpoint of the shop, made with its key. */
async function tells(url: string, events: readonly string[] = ALL, by: Keyed = shop) {
  const made = yes<ShopView<'addWebhook'>>(await by.posts('/v1/webhooks', { url, events, terminal: null }))
  return { id: made.endpoint.endpoint, secret: made.secret }
}
const log = async (endpoint: string, by: Keyed = shop): Promise<ShopView<'deliveries'>['deliveries']> =>
  yes<ShopView<'deliveries'>>(await by.reads(`/v1/webhooks/${endpoint}/deliveries`)).deliveries
const ends = async (endpoint: string): Promise<unknown> => yes(await shop.posts('/v1/webhooks/end', { endpoint }))
const seen = async (endpoint: string) =>
  yes<ShopView<'webhooks'>>(await shop.reads('/v1/webhooks')).endpoints.find((each) => each.endpoint === endpoint)

test("the signature is Standard Webhooks': its published vector", () => {
  // https://github.com/standard-webhooks/standard-webhooks, the libraries' own test.
  const secret = Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64')
  const [id, body] = ['msg_p5jXN8AQM9LWM0D4loKWxJek', '{"test": 2432232314}']
  assert.equal(
    new Webhook('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw').sign(id, new Date(1_614_265_330_000), body),
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  )
  const own = signedHeaders({ id: 'ab', body, secrets: [secret, secret] }, 1_614_265_330_000)
  assert.equal(own['webhook-id'], 'msg_ab')
  assert.equal(own['webhook-timestamp'], '1614265330')
  assert.match(own['webhook-signature'] ?? '', /^v1,(\S{44}) v1,\1$/)
})

test('what is told, by the event that was written', () => {
  const portions = (...kinds: string[]) => kinds.map((kind) => ({ kind }))
  const cases: readonly (readonly [Record<string, unknown>, string | undefined])[] = [
    [{ kind: 'joined' }, 'deal.joined'],
    [{ kind: 'approved', portions: portions('settled') }, 'deal.settled'],
    [{ kind: 'approved', portions: portions('settled', 'held') }, 'deal.held'],
    [{ kind: 'approved', portions: portions('authorising') }, undefined],
    [{ kind: 'answered', portions: portions('due') }, undefined],
    [{ kind: 'moved', portions: portions('settled', 'ended') }, 'deal.settled'],
    [{ kind: 'moved', portions: portions('ended') }, undefined],
    [{ kind: 'ended', reason: 'cancelled-by-payer' }, 'deal.ended'],
    [{ kind: 'ended', reason: 'idle' }, undefined],
    [{ kind: 'reopened' }, 'deal.reopened'],
    [{ kind: 'expired' }, 'deal.ended'],
    [{ kind: 'withdrawn' }, 'deal.ended'],
    [{ kind: 'refunded' }, 'deal.refunded'],
    [{ kind: 'taken' }, undefined],
    [{ kind: 'billed' }, undefined],
  ]
  for (const [body, type] of cases) assert.equal(typeOf({ body }), type, JSON.stringify(body))
})

test('addresses that a shop may name', () => {
  const no =
    'http://shop.example/x https://10.0.0.1/x https://[::1]/x https://a:b@shop.example/ ftp://shop.example/ nonsense https://intranet/'
  for (const url of no.split(' ')) assert.equal(isSentTo(url, false), false, url)
  assert.equal(isSentTo('https://shop.example/x', false), true)
  assert.equal(isSentTo('http://localhost:4002/webhook', false), false)
  assert.equal(isSentTo('http://localhost:4002/webhook', true), true)
  assert.equal(isSentTo('http://192.168.1.1/x', true), false)
})

test('a shop hears that its deal was joined, paid and given back, signed, and nothing of other deals', async () => {
  const to = await listening()
  const { id, secret } = await tells(to.url)
  const register = await speaker(hub, 'register')
  const other = await opened({ ...shop, command: register.command })
  await paid(hanako, other.number)
  const { deal, number } = await opened(shop)
  const { payment } = await paid(hanako, number)
  const settled = await to.hears('deal.settled', deal)
  const verified = new Webhook(secret).verify(settled.text, {
    'webhook-id': String(settled.headers['webhook-id']),
    'webhook-timestamp': String(settled.headers['webhook-timestamp']),
    'webhook-signature': String(settled.headers['webhook-signature']),
  })
  assert.deepEqual(verified, settled.body)
  assert.throws(() => new Webhook(`whsec_${Buffer.alloc(32, 1).toString('base64')}`).verify(settled.text, {}))
  const { data } = settled.body
  assert.equal(data.view.state, 'settled')
  assert.equal(data.look, `${hub.url}/v1/deals/${deal}`)
  assert.ok(data.view.version >= data.version)
  assert.deepEqual((await shop.reads(new URL(data.look).pathname)).body, data.view)
  yes(await shop.command('refund', { payment, amount: '100', lines: [] }))
  const refunded = await to.hears('deal.refunded', deal)
  assert.deepEqual(
    refunded.body.data.view.refunds.map(({ amount }) => amount),
    ['100'],
  )
  await to.hears('deal.joined', deal)
  assert.ok(to.told.every(({ body }) => body.data.deal === deal))
  const withdrawn = await opened(shop)
  yes(await shop.command('cancel-deal', { deal: withdrawn.deal, payment: null }))
  assert.equal((await to.hears('deal.ended', withdrawn.deal)).body.data.view.state, 'withdrawn')
  const rows = await until(async () => {
    const found = await log(id)
    return found.length === 4 && found.every(({ state }) => state === 'delivered') && found
  })
  assert.deepEqual(
    rows.map(({ type, status, answer, attempts }) => [type, status, answer, attempts]),
    ['deal.ended', 'deal.refunded', 'deal.settled', 'deal.joined'].map((type) => [type, 200, 'thanks', 1]),
  )
  register.client.close()
  await ends(id)
})

test('a receiver that says no, redirects, is silent, is gone and comes back has heard everything in the end, under one id', async () => {
  const to = await listening()
  const elsewhere = await listening()
  const { id } = await tells(to.url, ['deal.settled'])
  to.answers({ status: 500, text: `broken\u0000\u202e ${'あ'.repeat(300)}` })
  const { deal, number } = await opened(shop)
  await paid(hanako, number)
  const first = await to.hears('deal.settled', deal)
  const [row] = await until(async () => {
    const rows = await log(id)
    return rows[0]?.status === 500 && rows
  })
  assert.equal(row?.state, 'waiting')
  assert.ok((row?.answer?.length ?? 999) <= 200)
  assert.match(row?.answer ?? '', /^broken  ?あ+$/u)
  to.answers({ status: 302, location: elsewhere.url })
  await until(async () => (await log(id))[0]?.status === 302)
  assert.equal(elsewhere.told.length, 0)
  assert.ok(((await seen(id))?.failingSince ?? 0) > 0)
  const { port } = new URL(to.url)
  await to.stop()
  await until(async () => (await log(id))[0]?.answer === 'ECONNREFUSED')
  const again = await listening(Number(port))
  const late = await again.hears('deal.settled', deal)
  assert.equal(late.headers['webhook-id'], first.headers['webhook-id'])
  assert.equal(late.text, first.text)
  await until(async () => (await log(id))[0]?.state === 'delivered')
  assert.equal((await seen(id))?.failingSince, null)
  await ends(id)
})

test('what was tried often enough has failed, and is sent again by hand; a slow receiver holds up nobody else', async () => {
  const [to, slow] = [await listening(), await listening()]
  slow.answers({ silent: true })
  const slowOne = await tells(slow.url, ['deal.settled'])
  const { id } = await tells(to.url, ['deal.settled'])
  to.answers({ status: 400 })
  const { deal, number } = await opened(shop)
  await paid(hanako, number)
  await to.hears('deal.settled', deal)
  await withClient(hub.settings, (client) =>
    client.query('update webhook_delivery set attempts = 199 where endpoint = $1 and attempts < 199', [id]),
  )
  const [failed] = await until(async () => {
    const rows = await log(id)
    return rows[0]?.state === 'failed' && rows
  })
  assert.equal(failed?.nextAt, null)
  to.answers({ status: 204 })
  const before = to.told.length
  yes(await shop.posts('/v1/webhooks/resend', { endpoint: id, delivery: failed?.delivery }))
  await until(async () => (await log(id))[0]?.state === 'delivered')
  assert.equal(to.told.length, before + 1)
  const nobody = await shop.posts('/v1/webhooks/resend', { endpoint: id, delivery: 'a'.repeat(32) })
  assert.equal(assertProblem(nobody, 'resend'), 'not-found')
  await ends(slowOne.id)
  await ends(id)
})

test('a new secret signs beside the old one; gone, or failing for days, the endpoint is switched off and says so', async () => {
  const to = await listening()
  const { id, secret } = await tells(to.url, ['deal.settled'])
  const fresh = yes<ShopView<'rotateWebhook'>>(await shop.posts('/v1/webhooks/rotate', { endpoint: id })).secret
  assert.notEqual(fresh, secret)
  const { deal, number } = await opened(shop)
  await paid(hanako, number)
  const heard = await to.hears('deal.settled', deal)
  const headers = Object.fromEntries(
    ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => [name, String(heard.headers[name])]),
  )
  for (const good of [secret, fresh]) assert.ok(new Webhook(good).verify(heard.text, headers))
  await withClient(hub.settings, (client) =>
    client.query('update webhook_endpoint set previous_until = 0 where id = $1', [id]),
  )
  to.answers({ status: 410 })
  await paid(hanako, (await opened(shop)).number)
  await until(async () => (await seen(id))?.why === 'gone')
  const last = to.told.at(-1)
  assert.equal(String(last?.headers['webhook-signature']).split(' ').length, 1)
  const off = await shop.posts('/v1/webhooks/resend', { endpoint: id, delivery: 'a'.repeat(32) })
  assert.equal(assertProblem(off, 'off'), 'webhook-off')
  to.answers({ status: 503 })
  const on = { endpoint: id, url: to.url, events: ['deal.settled'], active: true }
  yes(await shop.posts('/v1/webhooks/change', on))
  await paid(hanako, (await opened(shop)).number)
  await until(async () => ((await seen(id))?.failingSince ?? 0) > 0)
  await withClient(hub.settings, (client) =>
    client.query('update webhook_endpoint set failing_since = 1 where id = $1', [id]),
  )
  await until(async () => (await seen(id))?.why === 'failing')
  assert.equal((await seen(id))?.waiting, 0)
  await ends(id)
})

test('a hub that dies after the payment and before it tells: another hub on the same database does, once', async () => {
  const to = await listening()
  const { id } = await tells(to.url, ['deal.settled'])
  const sql = (text: string) => withClient(hub.settings, (client) => client.query(text, [id]))
  // As if the first hub had died right after the commit: it looks for nobody any more.
  await sql(`update webhook_endpoint set status = 'off' where id = $1`)
  const { deal, number } = await opened(shop)
  await paid(hanako, number)
  await hub.stop()
  await sql(`update webhook_endpoint set status = 'active' where id = $1`)
  hub = await startTestHub({ settings: hub.settings })
  assert.equal((await to.hears('deal.settled', deal)).body.data.view.state, 'settled')
  // One that died while sending: its lease is over, and the other sends it again under the same id.
  const again = await sql(`update webhook_delivery set state = 'waiting', due_at = 1, attempts = 3 where endpoint = $1`)
  assert.equal(again.rowCount, 1)
  await until(() => to.told.length === 2)
  assert.equal(to.told[1]?.headers['webhook-id'], to.told[0]?.headers['webhook-id'])
})
