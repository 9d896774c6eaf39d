// A shop's own server: plain Node with the SDK. An order is a deal at the hub under ids that were stored first; it is confirmed by the hub's
// webhook and by nothing else. Run it beside the demo town: npm run example:shop
import { randomBytes, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Webhook } from 'standardwebhooks'
import type { WebhookBody, WebhookTestBody } from '#protocol/shop.ts'
import { openShop } from '#sdk/shop.ts'
import { billOf } from './goods.ts'
import { openOrders, type Order } from './orders.ts'
import { clerkPage, languageOf, nothingPage, orderPage, passwordPage, SCRIPT, shopPage, type Page } from './pages.ts'

const HUB = process.env.HUB ?? 'http://localhost:8080'
const PORT = Number(process.env.PORT ?? 4002)
/** The demo town's shop has this key, which is no secret. */
const KEY = process.env.SHOP_KEY ?? 'wk_the-key-of-the-demo-shop-which-is-no-secret'
const CLERK = process.env.CLERK_PASSWORD ?? randomBytes(6).toString('base64url')
const HERE = `http://localhost:${PORT}`
const BODY_BYTES = 256 * 1024
const ALL_EVENTS = ['deal.joined', 'deal.held', 'deal.settled', 'deal.reopened', 'deal.ended', 'deal.refunded'] as const

const shop = openShop({ hub: HUB, key: KEY })
const orders = await openOrders(process.env.ORDERS ?? 'shop-orders.json')
/** Whoever has entered the password, by cookie, until the shop is started again. */
const clerks = new Set<string>()

const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => {
    // What went wrong is the log's; the visitor learns that it did.
    console.error(error)
    if (!response.headersSent) response.writeHead(500)
    response.end()
  })
})
server.listen(PORT, 'localhost', () => {
  process.stdout.write(`A shop at ${HUB}: ${HERE}/ · its clerk: ${HERE}/clerk, password ${CLERK}\n`)
  void listenToTheHub()
})

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', HERE)
  const [, place = '', id = '', what = ''] = pathname.split('/')
  const language = languageOf(request.headers['accept-language'])
  const route = `${request.method} /${place}`
  if (pathname === '/webhook') return webhook(request, response)
  // Forms and scripts of other sites' pages do nothing here.
  const { origin } = request.headers
  if (request.method === 'POST' && origin !== undefined && origin !== HERE) return void response.writeHead(403).end()
  if (route === 'GET /') return send(response, shopPage(HUB, language))
  if (route === 'GET /shop.js')
    return void response.writeHead(200, { 'content-type': 'text/javascript; charset=utf-8' }).end(SCRIPT)
  if (route === 'POST /orders' && id === '') return checkout(request, response, language)
  if (place === 'orders') {
    const order = orders.get(id)
    if (order === undefined) return send(response, nothingPage(HUB, language), 404)
    if (route === 'GET /orders' && what === '') return send(response, orderPage(HUB, language, order))
    if (route === 'GET /orders' && what === 'state') return json(response, stateOf(await opened(order)))
    if (route === 'POST /orders' && what === 'renew') return renew(response, order)
  }
  if (place === 'clerk') return clerk(request, response, `${route}/${id}`)
  return send(response, nothingPage(HUB, language), 404)
}

async function checkout(request: IncomingMessage, response: ServerResponse, language: 'en' | 'ja'): Promise<void> {
  const bill = billOf(parsed(await bodyOf(request)), language)
  if (bill === undefined) return void response.writeHead(400).end()
  const order = await orders.add(bill)
  await opened(order)
  return json(response, { order: order.id })
}

/** The order with its deal at the hub. Where the hub did not answer, whoever looks next asks again: it is the same command. */
async function opened(order: Order): Promise<Order> {
  if (order.view !== null) return order
  const { command, deal, bill } = order
  const outcome = await shop.send('open-offer', { command, deal, bill })
  const view = outcome.ok ? outcome.view.deal : null
  if (!outcome.ok) console.error(`order ${order.id}: ${outcome.problem.code}`)
  return (await orders.learn(order.id, view)) ?? order
}

async function renew(response: ServerResponse, order: Order): Promise<void> {
  const command = `cmd_${randomBytes(16).toString('hex')}`
  const outcome = await shop.send('renew-number', { command, deal: order.deal })
  if (outcome.ok && outcome.view.deal !== null) await orders.learn(order.id, outcome.view.deal)
  return json(response, { done: outcome.ok })
}

/** What the component on the order's page shows. Paid it is when the webhook has said so. */
function stateOf({ view, confirmedBy }: Order): object {
  if (view === null) return { state: 'loading' }
  const { ticket } = view
  const base = { number: ticket?.number ?? null, link: ticket?.link ?? null, expiresAt: ticket?.expiresAt ?? null }
  if (confirmedBy !== null) return { ...base, state: view.state === 'held' ? 'held' : 'paid' }
  switch (view.state) {
    case 'open':
      return ticket !== null && ticket.expiresAt <= Date.now() ? { state: 'expired' } : { ...base, state: 'waiting' }
    case 'expired':
      return { state: 'expired' }
    case 'ended':
    case 'withdrawn':
      return { state: 'ended' }
    case 'joined':
    case 'authorising':
    case 'held':
    case 'settled':
    case 'proven':
      return { state: 'joined' }
  }
}

/** The hub's word: checked, written down, and only then taken. What comes twice or late changes nothing. */
async function webhook(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const text = await bodyOf(request)
  const message = verified(text, request)
  if (message === undefined) return void response.writeHead(401).end()
  // Somebody has asked in the office whether messages arrive: they do.
  if (message.type === 'webhook.test') return void response.writeHead(204).end()
  const { view, deal } = message.data
  const order = orders.ofDeal(deal)
  // Deals of other programs with the same key are none of ours, and no reason to send again.
  if (order === undefined) return void response.writeHead(204).end()
  const isPaid = view.state === 'settled' || view.state === 'held'
  const confirmedBy = order.confirmedBy ?? (isPaid ? String(request.headers['webhook-id']) : null)
  if (order.confirmedBy === null && confirmedBy !== null) console.log(`order ${order.id} is paid`)
  await orders.learn(order.id, view, { confirmedBy })
  return void response.writeHead(204).end()
}

function verified(text: string, { headers }: IncomingMessage): WebhookBody | WebhookTestBody | undefined {
  const secret = orders.webhookSecret()
  if (secret === null) return undefined
  try {
    const given = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => [name, String(headers[name])])
    // Signed by the hub: it is what the hub's documentation says.
    return new Webhook(secret).verify(text, Object.fromEntries(given)) as WebhookBody | WebhookTestBody
  } catch {
    return undefined
  }
}

async function clerk(request: IncomingMessage, response: ServerResponse, route: string): Promise<void> {
  const language = languageOf(request.headers['accept-language'])
  if (route === 'POST /clerk/') {
    const given = new URLSearchParams(await bodyOf(request)).get('password') ?? ''
    if (!isSame(given, CLERK)) return send(response, passwordPage(HUB, language, true), 403)
    const cookie = randomBytes(16).toString('base64url')
    clerks.add(cookie)
    response.setHeader('set-cookie', `clerk=${cookie}; HttpOnly; SameSite=Strict; Path=/clerk`)
    return seeOther(response, '/clerk')
  }
  const cookie = /(?:^|; )clerk=([^;]+)/.exec(request.headers.cookie ?? '')?.[1] ?? ''
  if (!clerks.has(cookie)) return send(response, passwordPage(HUB, language, false))
  if (route === 'POST /clerk/refund') {
    await refund(new URLSearchParams(await bodyOf(request)).get('order') ?? '')
    return seeOther(response, '/clerk')
  }
  return send(response, clerkPage(HUB, language, orders.newestFirst()))
}

/** All of it goes back. The command's id is stored first, so that a second press is the same refund. */
async function refund(id: string): Promise<void> {
  const order = orders.get(id)
  const payment = order?.view?.payment ?? null
  if (order === undefined || order.confirmedBy === null || payment === null) return
  const command = order.refundCommand ?? `cmd_${randomBytes(16).toString('hex')}`
  await orders.learn(id, null, { refundCommand: command })
  const outcome = await shop.send('refund', { command, payment, amount: order.bill.total, lines: [] })
  if (outcome.ok && outcome.view.deal !== null) await orders.learn(id, outcome.view.deal)
  if (!outcome.ok) console.error(`refund of ${id}: ${outcome.problem.code}`)
}

/** Makes sure that the hub tells this shop of its deals, and that the secret is known; tried until the hub is there. */
async function listenToTheHub(): Promise<void> {
  const url = `${HERE}/webhook`
  const known = await shop.call('webhooks')
  if (!known.ok) {
    console.error(`The hub at ${HUB}: ${known.problem.title} Trying again.`)
    setTimeout(() => void listenToTheHub(), 2_000)
    return
  }
  const endpoint = known.view.endpoints.find((each) => each.url === url)
  const events = [...ALL_EVENTS]
  if (endpoint === undefined) {
    const made = await shop.call('addWebhook', { body: { url, events, terminal: null } })
    if (made.ok) await orders.keepSecret(made.view.secret)
  } else {
    const body = { endpoint: endpoint.endpoint }
    if (endpoint.status === 'off') await shop.call('changeWebhook', { body: { ...body, url, events, active: true } })
    const rotated = orders.webhookSecret() === null ? await shop.call('rotateWebhook', { body }) : undefined
    if (rotated?.ok === true) await orders.keepSecret(rotated.view.secret)
  }
  process.stdout.write(orders.webhookSecret() === null ? 'No webhook.\n' : 'The hub tells this shop of its deals.\n')
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of request) {
    // A stream of a request gives buffers unless it was told otherwise.
    parts.push(part as Buffer)
    length += (part as Buffer).length
    if (length > BODY_BYTES) throw new Error('the body is too long')
  }
  return Buffer.concat(parts).toString('utf8')
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const isSame = (left: string, right: string): boolean => {
  const [one, two] = [Buffer.from(left), Buffer.from(right)]
  return one.length === two.length && timingSafeEqual(one, two)
}

function send(response: ServerResponse, { html, policy }: Page, status = 200): void {
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': policy,
    // No referrer at all would take the origin from this shop's own forms too.
    'referrer-policy': 'same-origin',
  })
  response.end(html)
}

const json = (response: ServerResponse, body: object): void =>
  void response
    .writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    .end(JSON.stringify(body))

const seeOther = (response: ServerResponse, location: string): void => void response.writeHead(303, { location }).end()
