// A shop's server for tests: a key that speaks, and a receiver of webhooks that answers as it is told.
import assert from 'node:assert/strict'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import { bucketOfId, parseId } from '#core/ids.ts'
import type { KeyScope, ShopView, WebhookBody } from '#protocol/shop.ts'
import { KEY_SCOPES, WEBHOOK_EVENTS } from '#protocol/shop.ts'
import type { PaymentView } from '#protocol/views.ts'
import { approve } from '#sdk/approval.ts'
import { withPin } from '#sdk/scram.ts'
import { until, type TestHub } from './hub.ts'
import type { ValidRequest } from './identity-requests.ts'
import { withClient } from './postgres.ts'
import { ask, newCommand, newDeal, type Ask, type Reply, type Speaker } from './raw-client.ts'
import { billToWire } from '#protocol/bill.ts'
import { billOf } from './world.ts'

/** Speaks with an API key. */
export type Keyed = Readonly<{
  secret: string
  reads: (path: string) => Promise<Reply>
  posts: (path: string, body: object) => Promise<Reply>
  command: (name: string, body: object, command?: string) => Promise<Reply>
}>

export function keyed(hub: { url: string }, secret: string): Keyed {
  const sent = (asked: Ask): Promise<Reply> => ask(hub, { ...asked, headers: { authorization: `Bearer ${secret}` } })
  return {
    secret,
    reads: (path) => sent({ method: 'GET', path }),
    posts: (path, body) => sent({ path, body }),
    command: (name, body, command = newCommand()) => sent({ path: `/v1/commands/${name}`, body: { command, ...body } }),
  }
}

/** The answer of a route that said yes. */
export function yes<View>(reply: Reply): View {
  assert.equal(reply.status, 200, reply.text)
  // Border: the route's schema is checked by access.test.ts.
  return reply.body as View
}

/** A new key, made in the office, with a shop of its own unless one is named. */
export async function newKey(
  hub: { url: string },
  office: Speaker,
  { scopes = KEY_SCOPES, terminal = null }: { scopes?: readonly KeyScope[]; terminal?: string | null } = {},
): Promise<Keyed & Readonly<{ key: ShopView<'addApiKey'>['key'] }>> {
  const made = yes<ShopView<'addApiKey'>>(
    await office.signed({
      path: '/v1/api-keys',
      body: { command: newCommand(), name: 'Shop server', scopes, terminal },
    }),
  )
  return { ...keyed(hub, made.secret), key: made.key }
}

export type Told = Readonly<{ headers: IncomingHttpHeaders; text: string; body: WebhookBody }>
export type Receiver = Readonly<{
  url: string
  /** everything that came, in its order */
  told: Told[]
  /** how the next ones are answered: 200 unless something else was said */
  answers: (how: Answering) => void
  /** Waits for a message of this type about this deal. */
  hears: (type: string, deal?: string) => Promise<Told>
  stop: () => Promise<void>
}>
export type Answering = Readonly<{ status: number; text?: string; location?: string } | { silent: true }>

/** A receiver on this machine, at `port` where it was there before. */
export async function receiver(port = 0): Promise<Receiver> {
  const told: Told[] = []
  let how: Answering = { status: 200, text: 'thanks' }
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const text = Buffer.concat(parts).toString('utf8')
      // Border: the hub's own message.
      told.push({ headers: request.headers, text, body: JSON.parse(text) as WebhookBody })
      if ('silent' in how) return
      response.writeHead(how.status, how.location === undefined ? {} : { location: how.location }).end(how.text ?? '')
    })
  })
  await new Promise<void>((resolve) => server.listen(port, 'localhost', resolve))
  const address = server.address()
  assert(typeof address === 'object' && address !== null)
  return {
    url: `http://localhost:${address.port}/webhook`,
    told,
    answers: (next) => void (how = next),
    hears: (type, deal) =>
      until(() => told.find(({ body }) => body.type === type && (deal === undefined || body.data.deal === deal))),
    async stop() {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

/** Opens a deal with the key; its id and number. */
export async function opened(shop: Keyed, amount = 900n): Promise<Readonly<{ deal: string; number: string }>> {
  const deal = newDeal()
  const reply = await shop.command('open-offer', { deal, bill: billToWire(billOf(amount)) })
  assert.equal(reply.status, 200, reply.text)
  const { ticket } = reply.body.deal as { ticket: { number: string } }
  return { deal, number: ticket.number }
}

/** The phone joins by number and pays; the payment. */
export async function paid(phone: Speaker, number: string): Promise<PaymentView> {
  const reply = await phone.command('join', { credential: { kind: 'number', number } })
  assert.equal(reply.status, 200, reply.text)
  const outcome = await approve(phone.client, reply.body.payment as PaymentView, withPin('2468'))
  assert.ok(outcome.ok && outcome.view.payment)
  return outcome.view.payment
}

const LINK = { text: 'Cake', unit: 'JPY', amount: '3800', uses: 'many', lifeMs: 3_600_000 } as const
const HOOK = { url: 'https://shop.example/webhook', events: ['deal.settled'] } as const

/** A right request for every route of protocol/shop.ts that takes a body, by path. Its endpoints are switched off: a hub that looks for them writes. */
export async function shopRequests(
  settings: Parameters<typeof withClient>[0],
  office: Speaker,
): Promise<Readonly<Record<string, ValidRequest>>> {
  const posts = async <View>(path: string, body: object): Promise<View> => yes(await office.signed({ path, body }))
  const makeKey = () =>
    posts<ShopView<'addApiKey'>>('/v1/api-keys', {
      command: newCommand(),
      name: 'Shop',
      scopes: ['deals:read'],
      terminal: null,
    })
  const { key } = await makeKey()
  const terminal = key.terminal.id
  const endpoint = async (): Promise<string> => {
    const made = await posts<ShopView<'addWebhook'>>('/v1/webhooks', { ...HOOK, terminal })
    await posts('/v1/webhooks/change', { endpoint: made.endpoint.endpoint, ...HOOK, active: false })
    return made.endpoint.endpoint
  }
  const link = async (): Promise<string> =>
    (await posts<ShopView<'addPaymentLink'>>('/v1/payment-links', { ...LINK, terminal })).link
  const [one, two, off] = [await endpoint(), await endpoint(), await endpoint()]
  const delivery = 'd'.repeat(32)
  await withClient(settings, (client) =>
    client.query(
      `insert into webhook_delivery (bucket, endpoint, id, type, deal, version, body, state, created_at)
       select bucket, id, $2, 'deal.settled', $2, 1, '{}', 'failed', 1 from webhook_endpoint where id = $1`,
      [off, delivery],
    ),
  )
  const by = (body: object): ValidRequest => ({ by: office, body })
  return {
    '/v1/api-keys': by({
      command: newCommand(),
      name: 'Another',
      scopes: ['deals:read', 'deals:write'],
      terminal: null,
    }),
    '/v1/api-keys/end': by({ key: key.key }),
    '/v1/webhooks': by({ ...HOOK, terminal }),
    '/v1/webhooks/change': by({ endpoint: one, ...HOOK, active: false }),
    '/v1/webhooks/end': by({ endpoint: two }),
    '/v1/webhooks/rotate': by({ endpoint: one }),
    '/v1/webhooks/test': by({ endpoint: off }),
    '/v1/webhooks/resend': by({ endpoint: off, delivery }),
    '/v1/payment-links': by({ ...LINK, terminal }),
    '/v1/payment-links/end': by({ link: await link() }),
    '/v1/pay': { by: null, body: { link: await link(), visit: 'a'.repeat(32) } },
  }
}

/** A day of a web shop, so that every statement behind it is sent. */
export async function aDayOnTheWeb(
  hub: Pick<TestHub, 'url' | 'settings' | 'unreadableWebhooks'>,
  { office, hanako }: Readonly<{ office: Speaker; hanako: Speaker }>,
) {
  const shop = await newKey(hub, office)
  const to = await receiver()
  const made = yes<ShopView<'addWebhook'>>(
    await shop.posts('/v1/webhooks', { url: to.url, events: WEBHOOK_EVENTS, terminal: null }),
  )
  const { endpoint } = made.endpoint
  const { deal, number } = await opened(shop)
  await paid(hanako, number)
  await to.hears('deal.settled', deal)
  const log = async () =>
    yes<ShopView<'deliveries'>>(await shop.reads(`/v1/webhooks/${endpoint}/deliveries`)).deliveries
  const [newest] = await until(async () => {
    const rows = await log()
    return rows.every(({ state }) => state === 'delivered') && rows
  })
  yes(await shop.posts('/v1/webhooks/test', { endpoint }))
  await until(async () => (await log()).some(({ type, state }) => type === 'webhook.test' && state === 'delivered'))
  // An older hub left it in the clear: whoever sends next seals it.
  const terminal = parseId('trm', shop.key.terminal.id)
  assert.ok(terminal !== undefined)
  await withClient(hub.settings, (client) =>
    client.query('update webhook_endpoint set secret = $3, sealed_by = null where bucket = $1 and id = $2', [
      bucketOfId(terminal),
      endpoint,
      Buffer.alloc(32, 1),
    ]),
  )
  yes(await shop.posts('/v1/webhooks/resend', { endpoint, delivery: newest?.delivery }))
  await until(async () => (await log()).every(({ state }) => state === 'delivered'))
  await hub.unreadableWebhooks()
  yes(await shop.posts('/v1/webhooks/rotate', { endpoint }))
  // Gone, it is switched off; switched on and off again by hand, it takes nothing.
  to.answers({ status: 410 })
  yes(await shop.posts('/v1/webhooks/resend', { endpoint, delivery: newest?.delivery }))
  await until(async () => yes<ShopView<'webhooks'>>(await shop.reads('/v1/webhooks')).endpoints[0]?.why === 'gone')
  const change = { endpoint, url: to.url, events: WEBHOOK_EVENTS }
  yes(await shop.posts('/v1/webhooks/change', { ...change, active: true }))
  yes(await shop.posts('/v1/webhooks/change', { ...change, active: false }))
  const other = yes<ShopView<'addWebhook'>>(
    await shop.posts('/v1/webhooks', { url: to.url, events: ['deal.ended'], terminal: null }),
  )
  yes(await shop.posts('/v1/webhooks/end', { endpoint: other.endpoint.endpoint }))
  const link = yes<ShopView<'addPaymentLink'>>(
    await shop.posts('/v1/payment-links', { ...LINK, uses: 'one', terminal: null }),
  )
  const body = { link: link.link, visit: 'b'.repeat(32) }
  const first = yes<ShopView<'openPay'>>(await ask(hub, { path: '/v1/pay', body }))
  const joined = await hanako.command('join', { credential: { kind: 'number', number: first.number } })
  await hanako.command('decline', { payment: (joined.body.payment as PaymentView).payment })
  yes(await ask(hub, { path: '/v1/pay', body }))
  yes(await office.reads('/v1/payment-links'))
  yes(await shop.posts('/v1/payment-links/end', { link: link.link }))
  yes(await office.reads('/v1/api-keys'))
  await until(async () => yes<ShopView<'apiKeys'>>(await office.reads('/v1/api-keys')).keys[0]?.lastSeenAt)
  yes(await office.signed({ path: '/v1/api-keys/end', body: { key: shop.key.key } }))
  await to.stop()
}
