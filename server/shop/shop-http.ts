// The web shop over HTTP: keys, webhooks and payment links as the merchant's office or a shop's own server keeps them, and what a payer's
// browser does with a link. Where the merchant has staff, keys, webhooks and links are the owner's; a key does what its scopes say, for its
// own shop alone.
import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { parseId, type TerminalId } from '#core/ids.ts'
import { parseAmount, unitOf } from '#core/money.ts'
import { faultOf } from '#core/bill.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import {
  SHOP_ROUTES,
  WEBHOOK_TEST,
  type ApiKeysView,
  type DeliveriesView,
  type PaymentLinksView,
  type ShopBody,
  type ShopRouteName,
  type ShopView,
  type WebhooksView,
  type WebhookTestBody,
} from '#protocol/shop.ts'
import type { TerminalActor } from '#switch/actors.ts'
import { addressBlock } from '../addresses.ts'
import { apiKeyFrom, apiKeyHash, keyIn } from '../auth/api-keys.ts'
import { terminalOf, type OnRoute } from '../http-callers.ts'
import { isProblem } from '../http-problems.ts'
import { shopNamed, type ApiKeyRow, type ApiKeyStore } from '../postgres/api-keys.ts'
import type { Cashiers } from '../postgres/cashiers.ts'
import type { LinkRow, LinkStore } from '../postgres/payment-links.ts'
import type { EndpointRow, WebhookStore } from '../postgres/webhooks.ts'
import { billOf, type Paying } from './paying.ts'
import { isSentTo } from './post.ts'
import type { Seal } from './seal.ts'
import { secretText } from './sending.ts'

/** Who asks: the merchant's office for all of its shops, or a shop's own server for itself. */
type Asker = Readonly<{ actor: TerminalActor; own: TerminalId | null }>

export function serveShop(
  on: OnRoute,
  parts: Readonly<{
    keys: ApiKeyStore
    webhooks: WebhookStore
    links: LinkStore
    paying: Paying
    cashiers: Pick<Cashiers, 'needsAt'>
    /** the key's terminal: its streams end, and begin again with what is still good */
    keyEnded: (terminal: TerminalId) => void
    /** something is to be sent by hand */
    wake: () => void
    /** makes the secrets of API keys */
    seal: Seal
    now: () => number
    /** in a demo a shop on this very machine may be told */
    loopback: boolean
    originOf: (request: FastifyRequest) => string
  }>,
): void {
  const { keys, webhooks, links, paying, originOf } = parts

  /** Problems: cashier-needed, not-permitted. */
  async function askerOf(request: FastifyRequest): Promise<Asker | Problem> {
    const actor = terminalOf(request)
    if (keyIn(request.headers.authorization) !== undefined) return { actor, own: actor.id }
    const { cashier } = actor
    if (cashier !== null) return cashier.role === 'owner' ? { actor, own: null } : problemOf('not-permitted')
    const { needed } = await parts.cashiers.needsAt({ terminal: actor.id, party: actor.party })
    return needed ? problemOf('cashier-needed') : { actor, own: null }
  }

  /** Answers a route for whoever may ask. */
  function answer<Name extends ShopRouteName>(
    name: Name,
    handle: (
      asker: Asker,
      body: ShopBody<Name>,
      request: FastifyRequest,
    ) => Promise<(ShopView<Name> & object) | Problem>,
  ): void {
    on(SHOP_ROUTES[name], async (request): Promise<object> => {
      const asker = await askerOf(request)
      // Border: the schema of this very route has checked the body.
      return isProblem(asker) ? asker : handle(asker, request.body as ShopBody<Name>, request)
    })
  }

  answer('apiKeys', ({ actor }) => keysOf(actor))
  answer('addApiKey', async ({ actor: { id, party } }, { command, name, scopes, terminal }) => {
    const named = terminal === null ? null : parseId('trm', terminal)
    // The command's id is its sender's secret, and the key file the hub's: the same command gets the same key, nobody else any.
    const secret = apiKeyFrom(parts.seal.derive(`api key ${id} ${command}`))
    const made =
      named === undefined
        ? 'not-found'
        : await keys.add({
            hash: apiKeyHash(secret),
            made: { by: hashOf(id, command), as: hashOf(name, [...scopes].toSorted(), terminal) },
            party,
            name,
            scopes,
            terminal: named,
          })
    return typeof made === 'string' ? problemOf(made) : { key: keyView(made), secret }
  })
  answer('endApiKey', async ({ actor }, { key }) => {
    const terminal = await keys.end(actor.party, key)
    if (terminal === undefined) return problemOf('not-found')
    parts.keyEnded(terminal)
    return keysOf(actor)
  })

  answer('webhooks', webhooksOf)
  answer('addWebhook', async (asker, { url, events, terminal }) => {
    const shop = await shopOf(asker, terminal)
    if (shop === undefined) return problemOf('not-found')
    if (!isSentTo(url, parts.loopback)) return problemOf('address-invalid')
    const made = await webhooks.add({ party: asker.actor.party, terminal: shop, url, events })
    if (made === 'too-many-webhooks') return problemOf(made)
    parts.wake()
    const endpoint = (await endpointsOf(asker)).find((each) => each.endpoint === made.endpoint)
    return endpoint === undefined
      ? problemOf('not-found')
      : { endpoint: endpointView(endpoint), secret: secretText(made.secret) }
  })
  answer('changeWebhook', async (asker, { endpoint, url, events, active }) => {
    if (!(await isTheirs(asker, endpoint))) return problemOf('not-found')
    if (!isSentTo(url, parts.loopback)) return problemOf('address-invalid')
    await webhooks.change(asker.actor.party, endpoint, { url, events, active })
    return webhooksOf(asker)
  })
  answer('endWebhook', async (asker, { endpoint }) => {
    if (!(await isTheirs(asker, endpoint))) return problemOf('not-found')
    await webhooks.end(asker.actor.party, endpoint)
    return webhooksOf(asker)
  })
  answer('rotateWebhook', async (asker, { endpoint }) => {
    const made = (await isTheirs(asker, endpoint)) ? await webhooks.rotate(asker.actor.party, endpoint) : undefined
    return made === undefined
      ? problemOf('not-found')
      : { secret: secretText(made.secret), previousUntil: made.previousUntil }
  })
  answer('deliveries', async (asker, _body, request) => {
    const { endpoint } = request.params as { endpoint: string }
    return (await isTheirs(asker, endpoint)) ? logOf(asker, endpoint) : problemOf('not-found')
  })
  answer('testWebhook', async (asker, { endpoint }) => {
    const known = await theirs(asker, endpoint)
    if (known === undefined) return problemOf('not-found')
    if (known.status === 'off') return problemOf('webhook-off')
    const body: WebhookTestBody = {
      type: WEBHOOK_TEST,
      timestamp: new Date(parts.now()).toISOString(),
      data: { endpoint, text: 'This is a test. Nothing was sold.' },
    }
    await webhooks.sendTest(asker.actor.party, endpoint, JSON.stringify(body))
    parts.wake()
    return logOf(asker, endpoint)
  })
  answer('resend', async (asker, { endpoint, delivery }) => {
    const known = await theirs(asker, endpoint)
    if (known === undefined) return problemOf('not-found')
    if (known.status === 'off') return problemOf('webhook-off')
    if (!(await webhooks.resend(asker.actor.party, endpoint, delivery))) return problemOf('not-found')
    parts.wake()
    return logOf(asker, endpoint)
  })

  answer('paymentLinks', (asker, _body, request) => linksOf(asker, originOf(request)))
  answer('addPaymentLink', async (asker, body, request) => {
    const { text, uses, lifeMs } = body
    const [unit, amount] = [unitOf(body.unit), parseAmount(body.amount)]
    if (unit === undefined) return problemOf('unit-invalid', { field: 'unit' })
    if (amount === undefined || amount <= 0n) return problemOf('amount-invalid', { field: 'amount' })
    if (faultOf(billOf({ text, unit, amount })) !== undefined) return problemOf('bill-invalid')
    const terminal = await shopOf(asker, body.terminal)
    if (terminal === undefined) return problemOf('not-found')
    const made = await links.add({ party: asker.actor.party, terminal, text, unit, amount, uses, lifeMs })
    return made === 'too-many-links' ? problemOf(made) : linkView(made, originOf(request))
  })
  answer('endPaymentLink', async (asker, { link }, request) =>
    (await links.end(asker.actor.party, asker.own, link)) ? linksOf(asker, originOf(request)) : problemOf('not-found'),
  )

  // Border, in these three: the schema has checked the body; what a path names is checked where it is looked up.
  on(SHOP_ROUTES.pay, (request) => paying.look((request.params as { link: string }).link, originOf(request)))
  on(SHOP_ROUTES.openPay, (request) =>
    paying.open(request.body as ShopBody<'openPay'>, addressBlock(request.ip), originOf(request)),
  )
  on(SHOP_ROUTES.payState, (request) => {
    const { link, visit } = request.params as { link: string; visit: string }
    return paying.state(link, visit, originOf(request))
  })

  /** Which web shop it is for: a key's own and no other, or the one that the office names. */
  async function shopOf({ actor, own }: Asker, named: string | null): Promise<TerminalId | undefined> {
    if (own !== null) return named === null || named === own ? own : undefined
    return shopNamed(await keys.webShops(actor.party), named)?.id
  }

  async function endpointsOf({ actor, own }: Asker): Promise<readonly EndpointRow[]> {
    return (await webhooks.of(actor.party)).filter(({ terminal }) => own === null || terminal === own)
  }
  const theirs = async (asker: Asker, endpoint: string): Promise<EndpointRow | undefined> =>
    (await endpointsOf(asker)).find((each) => each.endpoint === endpoint)
  const isTheirs = async (asker: Asker, endpoint: string): Promise<boolean> =>
    (await theirs(asker, endpoint)) !== undefined

  async function keysOf({ party }: TerminalActor): Promise<ApiKeysView> {
    const [known, terminals] = await Promise.all([keys.of(party), keys.webShops(party)])
    return { keys: known.map(keyView), terminals: [...terminals] }
  }
  async function webhooksOf(asker: Asker): Promise<WebhooksView> {
    return { endpoints: (await endpointsOf(asker)).map(endpointView) }
  }
  async function logOf({ actor }: Asker, endpoint: string): Promise<DeliveriesView> {
    return { deliveries: await webhooks.deliveries(actor.party, endpoint) }
  }
  async function linksOf({ actor, own }: Asker, origin: string): Promise<PaymentLinksView> {
    return { links: (await links.of(actor.party, own)).map((link) => linkView(link, origin)) }
  }
}

const hashOf = (...of: readonly unknown[]): Uint8Array => createHash('sha256').update(JSON.stringify(of)).digest()

const keyView = ({ key, name, terminal, terminalLabel, scopes, endedAt, createdAt, lastSeenAt }: ApiKeyRow) => ({
  key,
  name,
  terminal: { id: terminal, label: terminalLabel },
  scopes: [...scopes],
  status: endedAt === null ? ('active' as const) : ('ended' as const),
  createdAt,
  lastSeenAt,
})

const endpointView = ({ terminal, terminalLabel, events, ...endpoint }: EndpointRow) => ({
  ...endpoint,
  events: [...events],
  terminal: { id: terminal, label: terminalLabel },
})

const linkView = (row: LinkRow, origin: string) => ({
  link: row.link,
  url: `${origin}/pay/${row.link}`,
  terminal: { id: row.terminal, label: row.terminalLabel },
  text: row.text,
  unit: row.unit,
  amount: String(row.amount),
  uses: row.uses,
  status: row.status,
  createdAt: row.createdAt,
  expiresAt: row.expiresAt,
})
