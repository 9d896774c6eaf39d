// A shop on the web: keys of its server with scopes, webhooks, and links that carry a bill. The shop's server is a terminal.
import { Type, type Static, type TSchema } from 'typebox'
import { LIMITS } from './limits.ts'
import * as part from './parts.ts'
import type { Route } from './routes.ts'
import { DealView } from './views.ts'

const orNull = <const Schema extends TSchema>(schema: Schema) => Type.Union([schema, Type.Null()])

/** What a key may be good for, and nothing else. */
export const KEY_SCOPES = ['deals:write', 'deals:read', 'refunds:write', 'webhooks:write'] as const
export type KeyScope = (typeof KEY_SCOPES)[number]

/** What a webhook tells. Offers that ran out or were withdrawn have ended too; the view says which. */
export const WEBHOOK_EVENTS = [
  'deal.joined',
  'deal.held',
  'deal.settled',
  'deal.reopened',
  'deal.ended',
  'deal.refunded',
] as const
export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number]
/** Sent when somebody asks for it, to see whether it arrives; nobody subscribes to it. */
export const WEBHOOK_TEST = 'webhook.test'
export const DELIVERY_TYPES = [...WEBHOOK_EVENTS, WEBHOOK_TEST] as const
export type DeliveryType = (typeof DELIVERY_TYPES)[number]

const IdPart = (description: string) => Type.String({ pattern: '^[0-9a-f]{32}$', description })
const KeyPart = IdPart('an API key, not its secret')
const EndpointPart = IdPart('a webhook endpoint')
const DeliveryPart = IdPart('a webhook delivery; the webhook-id that its receiver sees')
const LinkPart = IdPart('the 128 random bits of a payment link')
const VisitPart = IdPart("16 random bytes of the payer's browser: the same ones open the same deal")
const ScopesPart = Type.Array(part.literals(KEY_SCOPES), {
  minItems: 1,
  maxItems: KEY_SCOPES.length,
  uniqueItems: true,
})
const EventsPart = Type.Array(part.literals(WEBHOOK_EVENTS), {
  minItems: 1,
  maxItems: WEBHOOK_EVENTS.length,
  uniqueItems: true,
})
const UrlPart = Type.String({
  minLength: 1,
  maxLength: LIMITS.webhookUrlLength,
  pattern: '^https?://[\\x21-\\x7e]+$',
  description: 'https, on the open internet',
})
const SecretPart = Type.String({ description: 'whsec_ and base64 (Standard Webhooks); told once' })

const Terminal = part.Closed({ id: part.TerminalIdPart, label: Type.String() })

const ApiKey = part.Closed({
  key: KeyPart,
  name: Type.String(),
  terminal: Terminal,
  scopes: ScopesPart,
  status: part.literals(['active', 'ended']),
  createdAt: part.TimePart,
  lastSeenAt: orNull(Type.Integer({ description: 'to the minute' })),
})

export const ApiKeysView = part.Closed({
  keys: Type.Array(ApiKey),
  terminals: Type.Array(Terminal, { description: "the merchant's web shops: keys, webhooks and links belong to one" }),
})
export type ApiKeysView = Static<typeof ApiKeysView>

const Endpoint = part.Closed({
  endpoint: EndpointPart,
  url: Type.String(),
  events: EventsPart,
  terminal: Terminal,
  status: part.literals(['active', 'off']),
  why: orNull(
    part.literals(
      ['failing', 'gone', 'full', 'unreadable'],
      'what has switched it off, null where the shop did; unreadable: its secret was sealed by a key file that this hub does not have',
    ),
  ),
  failingSince: orNull(part.TimePart),
  waiting: Type.Integer({ description: 'deliveries that are still to come' }),
  createdAt: part.TimePart,
})
export const WebhooksView = part.Closed({ endpoints: Type.Array(Endpoint) })
export type WebhooksView = Static<typeof WebhooksView>

export const DeliveriesView = part.Closed({
  deliveries: Type.Array(
    part.Closed({
      delivery: DeliveryPart,
      type: part.literals(DELIVERY_TYPES),
      deal: orNull(part.DealIdPart),
      version: orNull(part.VersionPart),
      state: part.literals(['waiting', 'delivered', 'failed']),
      attempts: Type.Integer(),
      createdAt: part.TimePart,
      triedAt: orNull(part.TimePart),
      nextAt: orNull(part.TimePart),
      status: orNull(Type.Integer({ description: "the HTTP status of the receiver's answer; null where none came" })),
      answer: orNull(Type.String({ description: 'the beginning of the answer, as text' })),
    }),
  ),
})
export type DeliveriesView = Static<typeof DeliveriesView>

/** What is posted to an endpoint, under a signature by Standard Webhooks. */
export const WebhookBody = part.Closed({
  type: part.literals(WEBHOOK_EVENTS),
  timestamp: Type.String({ description: 'when it happened, ISO 8601' }),
  data: part.Closed({
    deal: part.DealIdPart,
    version: Type.Integer({ description: 'what happened made this version of the deal; the view may be newer' }),
    look: Type.String({ description: 'where the deal can be read as it is now, with a key that may' }),
    view: DealView,
  }),
})
export type WebhookBody = Static<typeof WebhookBody>

/** What a test posts, under the same signature. */
export const WebhookTestBody = part.Closed({
  type: Type.Literal(WEBHOOK_TEST),
  timestamp: Type.String({ description: 'when it was asked for, ISO 8601' }),
  data: part.Closed({ endpoint: EndpointPart, text: Type.String() }),
})
export type WebhookTestBody = Static<typeof WebhookTestBody>

const USES = ['one', 'many'] as const

const LinkRow = part.Closed({
  link: LinkPart,
  url: Type.String(),
  terminal: Terminal,
  text: Type.String(),
  unit: part.UnitPart,
  amount: part.AmountPart,
  uses: part.literals(USES, 'one: paid once; many: by anybody, again and again'),
  status: part.literals(['open', 'expired', 'ended']),
  createdAt: part.TimePart,
  expiresAt: part.TimePart,
})
export const PaymentLinksView = part.Closed({ links: Type.Array(LinkRow) })
export type PaymentLinksView = Static<typeof PaymentLinksView>

/** A payment link, or one deal of it, as whoever opened it may see it: nothing of who pays. */
export const PayView = part.Closed({
  shop: Type.String(),
  legalName: Type.String(),
  text: Type.String(),
  unit: part.UnitPart,
  amount: part.AmountPart,
  state: part.literals(['ready', 'waiting', 'joined', 'paid', 'held', 'ended', 'expired']),
  number: orNull(part.NumberPart),
  link: orNull(Type.String({ description: "the QR's content: it opens the wallet" })),
  expiresAt: orNull(part.TimePart),
  linkExpiresAt: part.TimePart,
  now: part.TimePart,
})
export type PayView = Static<typeof PayView>

const read = { method: 'GET', access: 'token', who: 'terminal', problems: ['cashier-needed', 'not-permitted'] } as const
const write = { method: 'POST', access: 'signed', who: 'terminal' } as const
const OWNER = ['cashier-needed', 'not-permitted'] as const
const TerminalPart = orNull(part.TerminalIdPart)

export const SHOP_ROUTES = {
  apiKeys: { ...read, path: '/v1/api-keys', summary: "The merchant's API keys.", response: ApiKeysView },
  addApiKey: {
    ...write,
    path: '/v1/api-keys',
    summary:
      'Makes a key for one of the merchant’s web shops, or for a new one (terminal null). Its secret is told to this command alone: sent again, it gets the same answer.',
    body: part.Closed({
      command: part.CommandIdPart,
      name: part.TextPart(LIMITS.nameLength),
      scopes: ScopesPart,
      terminal: TerminalPart,
    }),
    response: part.Closed({
      key: ApiKey,
      secret: Type.String({ description: 'wk_ and 43 characters: the bearer token' }),
    }),
    problems: [...OWNER, 'not-found', 'too-many-keys', 'command-mismatch', 'key-made'],
  },
  endApiKey: {
    ...write,
    path: '/v1/api-keys/end',
    summary: 'Ends a key, at once and at every hub.',
    body: part.Closed({ key: KeyPart }),
    response: ApiKeysView,
    problems: [...OWNER, 'not-found'],
  },

  webhooks: { ...read, path: '/v1/webhooks', summary: 'Where deals are told.', response: WebhooksView },
  addWebhook: {
    ...write,
    path: '/v1/webhooks',
    summary:
      'Tells the deals of a web shop to an address. A key does so for its own shop (terminal null). The secret is told this once.',
    body: part.Closed({ url: UrlPart, events: EventsPart, terminal: TerminalPart }),
    response: part.Closed({ endpoint: Endpoint, secret: SecretPart }),
    problems: [...OWNER, 'not-found', 'address-invalid', 'too-many-webhooks'],
  },
  changeWebhook: {
    ...write,
    path: '/v1/webhooks/change',
    summary: 'Another address, other events, off or on again. What happened while it was off is not told afterwards.',
    body: part.Closed({ endpoint: EndpointPart, url: UrlPart, events: EventsPart, active: Type.Boolean() }),
    response: WebhooksView,
    problems: [...OWNER, 'not-found', 'address-invalid'],
  },
  endWebhook: {
    ...write,
    path: '/v1/webhooks/end',
    summary: 'Tells this address nothing any more.',
    body: part.Closed({ endpoint: EndpointPart }),
    response: WebhooksView,
    problems: [...OWNER, 'not-found'],
  },
  rotateWebhook: {
    ...write,
    path: '/v1/webhooks/rotate',
    summary: 'A new secret. For a day every message is signed with both, so that the receiver can change in peace.',
    body: part.Closed({ endpoint: EndpointPart }),
    response: part.Closed({
      secret: SecretPart,
      previousUntil: orNull(
        Type.Integer({ description: 'null: the secret before could not be read any more, and signs nothing' }),
      ),
    }),
    problems: [...OWNER, 'not-found'],
  },
  deliveries: {
    ...read,
    path: '/v1/webhooks/{endpoint}/deliveries',
    summary: 'The newest deliveries to an endpoint and what became of them.',
    params: part.Closed({ endpoint: EndpointPart }),
    response: DeliveriesView,
    problems: [...OWNER, 'not-found'],
  },
  testWebhook: {
    ...write,
    path: '/v1/webhooks/test',
    summary: 'Sends a message of type webhook.test, at once. While one waits there is no second.',
    body: part.Closed({ endpoint: EndpointPart }),
    response: DeliveriesView,
    problems: [...OWNER, 'not-found', 'webhook-off'],
  },
  resend: {
    ...write,
    path: '/v1/webhooks/resend',
    summary: 'Sends a delivery again, at once, with the same webhook-id and content.',
    body: part.Closed({ endpoint: EndpointPart, delivery: DeliveryPart }),
    response: DeliveriesView,
    problems: [...OWNER, 'not-found', 'webhook-off'],
  },

  paymentLinks: {
    ...read,
    path: '/v1/payment-links',
    summary: "The merchant's newest payment links; a key sees those of its own shop.",
    response: PaymentLinksView,
  },
  addPaymentLink: {
    ...write,
    path: '/v1/payment-links',
    summary: 'A link that opens a bill for an amount. A key makes it for its own shop (terminal null).',
    body: part.Closed({
      terminal: TerminalPart,
      text: part.TextPart(LIMITS.textLength),
      unit: part.UnitPart,
      amount: part.AmountPart,
      uses: part.literals(USES),
      lifeMs: Type.Integer({ minimum: LIMITS.linkLifeMinMs, maximum: LIMITS.linkLifeMs }),
    }),
    response: LinkRow,
    problems: [...OWNER, 'not-found', 'amount-invalid', 'unit-invalid', 'bill-invalid', 'too-many-links'],
  },
  endPaymentLink: {
    ...write,
    path: '/v1/payment-links/end',
    summary: 'The link opens no bill any more; who has one open may still pay it.',
    body: part.Closed({ link: LinkPart }),
    response: PaymentLinksView,
    problems: [...OWNER, 'not-found'],
  },
  pay: {
    method: 'GET',
    access: 'open',
    path: '/v1/pay/{link}',
    summary: 'What a payment link asks for.',
    params: part.Closed({ link: LinkPart }),
    response: PayView,
    problems: ['not-found', 'link-over'],
  },
  openPay: {
    method: 'POST',
    access: 'open',
    path: '/v1/pay',
    summary:
      'Opens the bill of a payment link: a number and a QR. The same visit gets the same deal, with a new number where it ran out.',
    body: part.Closed({ link: LinkPart, visit: VisitPart }),
    response: PayView,
    problems: ['not-found', 'link-over', 'too-many-tries'],
  },
  payState: {
    method: 'GET',
    access: 'open',
    path: '/v1/pay/{link}/{visit}',
    summary: 'The deal that this visit opened.',
    params: part.Closed({ link: LinkPart, visit: VisitPart }),
    response: PayView,
    problems: ['not-found'],
  },
} as const satisfies Record<string, Route>

export type ShopRouteName = keyof typeof SHOP_ROUTES
type PartOf<Name extends ShopRouteName, Part extends 'body' | 'response'> =
  (typeof SHOP_ROUTES)[Name] extends Readonly<Record<Part, infer Schema extends TSchema>> ? Static<Schema> : never
export type ShopBody<Name extends ShopRouteName> = PartOf<Name, 'body'>
export type ShopView<Name extends ShopRouteName> = PartOf<Name, 'response'>

export const ALL_SHOP_ROUTES: readonly Route[] = Object.values(SHOP_ROUTES)

/** Which of a key's scopes opens which route; a key opens no others. */
export const SCOPE_OF_COMMAND = {
  'open-offer': 'deals:write',
  'change-bill': 'deals:write',
  'renew-number': 'deals:write',
  'cancel-deal': 'deals:write',
  deliver: 'deals:write',
  refund: 'refunds:write',
} as const satisfies Readonly<Record<string, KeyScope>>
