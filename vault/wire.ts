// What crosses the line between the hub and the vault: JSON over HTTP on one machine or one private network, with a bearer secret that both
// have. The hub has these words and nothing else of the vault. No card number is in any of them: a registration brings an envelope that
// only the vault can open, and an order names a card by the hub's own id for it. The one number that comes back is good for one purchase.
//
//   GET  /v1/keys               public keys to which wallets encrypt card numbers
//   POST /v1/cards              an envelope becomes a card, once the issuer has said that it is good
//   POST /v1/cards/check, /end  what is known of a card; it is used no more
//   POST /v1/authorise          asks the issuer, once for each order, however often it is sent
//   GET  /v1/orders/{order}     what became of it
//   POST /v1/capture, /release, /refund, /reverse
//   PUT  /v1/tables             issuers and the ranges of their numbers, as the hub has them
//   GET  /v1/alarms, /v1/report, /v1/health; POST /v1/reconcile
//
// Every POST is known by its id and is safe to repeat. What needs the key, the database or the tables is 503 {kind:'unavailable'} where they
// are missing before it is begun: nothing was asked or noted. What fails later is {kind:'unsure'}, which says nothing of what was done.
import { Type, type Static, type TSchema } from 'typebox'
import { Closed, literals } from '#protocol/parts.ts'
import { VAULT_LIMITS } from './limits.ts'

const orNull = <const Schema extends TSchema>(schema: Schema) => Type.Union([schema, Type.Null()])
const text = (pattern: string, description: string) => Type.String({ pattern, description })

const Order = text('^[0-9a-f]{32}-[0-9a-z]{1,8}$', 'payment and number, as orderId makes it')
const Card = text('^[0-9a-f]{32}$', "the card's MeansId without its prefix")
const Unit = text('^[A-Z]{3}$', 'currency')
const Amount = text('^[1-9][0-9]{0,11}$', 'in smallest parts, above zero, at most twelve digits as the issuers count')
const IssuerCode = text('^[0-9]{4}$', "the issuer's code in the tables")
const Expires = text('^[0-9]{4}-(0[1-9]|1[0-2])$', 'the last month in which the card is good: 2029-12')
const Rrn = text('^[0-9]{12}$', 'retrieval reference number: one for each message to an issuer')
const Day = text('^[0-9]{4}-[0-9]{2}-[0-9]{2}$', "a business day in the vault's zone")
const Printed = (most: number) =>
  Type.String({
    minLength: 1,
    maxLength: most,
    // A control sign has no place on a slip, and zero none in the database.
    pattern: '^[^\\u0000-\\u001f\\u007f]+$',
    description: 'what does not fit the issuers’ signs is written as ?',
  })

export const MerchantPart = Closed({
  number: text('^[0-9A-Za-z]{1,15}$', "the merchant's number at this issuer"),
  name: Printed(120),
  category: text('^[0-9]{4}$', 'merchant category code'),
  place: Printed(60),
})
export type VaultMerchant = Static<typeof MerchantPart>

// ---- keys and cards

export const KeysAnswer = Closed({
  keys: Type.Array(
    Closed({
      kty: Type.Literal('EC'),
      crv: Type.Literal('P-256'),
      x: Type.String(),
      y: Type.String(),
      kid: Type.String(),
      use: Type.Literal('enc'),
      alg: Type.Literal('ECDH-ES'),
    }),
    { description: 'the first is the one to use' },
  ),
})
export type VaultKeys = Static<typeof KeysAnswer>

export const CARD_REFUSALS = [
  'number-invalid',
  'expired',
  'issuer-unknown',
  'issuer-refused',
  'envelope-invalid',
  'envelope-used',
] as const

const Shown = {
  first6: text('^[0-9]{6}$', 'its first six digits'),
  last4: text('^[0-9]{4}$', 'its last four'),
  expires: Expires,
  issuer: IssuerCode,
}
export const AddCard = Closed({
  card: Card,
  party: text('^pty_[0-9a-f]{32}$', 'whose card it shall be'),
  command: text('^cmd_[0-9a-f]{32}$', 'the registration; the envelope is bound to both'),
  envelope: Type.String({
    minLength: 1,
    maxLength: VAULT_LIMITS.envelopeLength,
    description: 'JWE compact, ECDH-ES and A256GCM; protected header {alg, enc, kid, epk, command, party}',
  }),
})
export type AddCard = Static<typeof AddCard>
/** no-answer: the issuer did not say; nothing was kept, and a new envelope is needed */
export const AddCardAnswer = Type.Union([
  Closed({ state: Type.Literal('active'), ...Shown }),
  Closed({ state: Type.Literal('refused'), reason: literals(CARD_REFUSALS) }),
  Closed({ state: Type.Literal('no-answer') }),
])
export type AddCardAnswer = Static<typeof AddCardAnswer>

export const OneCard = Closed({ card: Card })
export type OneCard = Static<typeof OneCard>
export const CheckCardAnswer = Type.Union([
  Closed({ state: literals(['active', 'expired', 'ended']), ...Shown }),
  Closed({ state: Type.Literal('unknown') }),
])
export type CheckCardAnswer = Static<typeof CheckCardAnswer>
export const EndCardAnswer = Closed({ state: literals(['ended', 'unknown']) })
export type EndCardAnswer = Static<typeof EndCardAnswer>

// ---- orders

export const Authorise = Closed({
  order: Order,
  card: Card,
  unit: Unit,
  amount: Amount,
  method: text('^(lump|bonus|revolving|(instalments|part-bonus)-[1-9][0-9]?)$', 'how it is repaid'),
  merchant: MerchantPart,
  terminal: text('^[0-9A-Za-z]{1,8}$', "the terminal's number"),
  oneTime: Type.Boolean({ description: 'a number for this purchase is made, which the terminal itself sends' }),
  withinMs: Type.Integer({ minimum: 1, maximum: VAULT_LIMITS.withinMs }),
})
export type Authorise = Static<typeof Authorise>

/** Why an issuer or the vault said no, as a payer may hear it. */
export const REFUSAL_REASONS = [
  'card-refused',
  'card-expired',
  'card-stopped',
  'method-refused',
  'over-card-limit',
  'no-answer',
  'unavailable',
  'refused',
] as const
export type VaultReason = (typeof REFUSAL_REASONS)[number]

const Refused = Closed({
  kind: Type.Literal('refused'),
  code: Type.String({ description: "the issuer's response code, or a word of the vault's own" }),
  reason: literals(REFUSAL_REASONS),
})
/**
 * How an order stands. pending: nobody knows yet; asked again it is the same order. With `oneTime` the number is out and the issuer has
 * its key. refused with no-answer: given up, and taken back at the issuer for as long as that takes. `amount` is what the issuer has.
 */
export const OrderAnswer = Type.Union([
  Closed({
    kind: Type.Literal('approved'),
    unit: Unit,
    amount: Amount,
    approval: text('^[0-9A-Z]{6}$', "the issuer's approval code"),
    rrn: Rrn,
  }),
  Refused,
  Closed({
    kind: Type.Literal('pending'),
    oneTime: Type.Optional(
      Closed({
        number: text('^[0-9]{12,19}$', 'good for this purchase alone'),
        expires: Type.Integer({ description: 'until when the issuer takes it, ms since 1970' }),
        card: Closed({ expires: Expires }),
      }),
    ),
  }),
])
export type OrderAnswer = Static<typeof OrderAnswer>
export const FoundOrder = Type.Union([OrderAnswer, Closed({ kind: Type.Literal('unknown') })])
export type FoundOrder = Static<typeof FoundOrder>

/** `of` is the authorisation's order, `order` this one's own. */
export const Follow = Closed({ order: Order, of: Order, unit: Unit, amount: Amount })
export type Follow = Static<typeof Follow>
const RefusedFollow = Closed({ kind: Type.Literal('refused'), code: Type.String() })
const Pending = Closed({ kind: Type.Literal('pending') })
/** refused: it can never be, and somebody must look: the code says why */
export const FollowAnswer = Type.Union([Closed({ kind: Type.Literal('done'), rrn: Rrn }), RefusedFollow, Pending])
export type FollowAnswer = Static<typeof FollowAnswer>
/** done: the issuer holds nothing of it, or it was never sent and never will be. refused: it was captured, which a reversal does not undo. */
export const ReverseAnswer = Type.Union([Closed({ kind: Type.Literal('done') }), RefusedFollow, Pending])
export type ReverseAnswer = Static<typeof ReverseAnswer>

// ---- tables, alarms, the day's report

const Prefix = text('^[0-9]{5,10}$', 'how the numbers begin')
export const TableIssuer = Closed({
  code: IssuerCode,
  name: Printed(60),
  nameJa: Printed(60),
  host: text('^[0-9A-Za-z.:-]{1,253}$', 'name or address'),
  port: Type.Integer({ minimum: 1, maximum: 65_535 }),
  acquirer: text('^[0-9]{1,11}$', 'by which this issuer knows us'),
  oneTimePrefix: orNull(Prefix),
})
export type TableIssuer = Static<typeof TableIssuer>
export const Tables = Closed({
  version: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
  issuers: Type.Array(TableIssuer, { maxItems: VAULT_LIMITS.issuers }),
  ranges: Type.Array(Closed({ prefix: Prefix, issuer: IssuerCode }), { maxItems: VAULT_LIMITS.ranges }),
})
export type Tables = Static<typeof Tables>
/** The version that the vault now works by, which is a newer one where it has heard of that already. */
export const TablesAnswer = Closed({ version: Type.Integer() })
export type TablesAnswer = Static<typeof TablesAnswer>

/** What somebody should look at: what a one-time number was tried for, what went wrong with an order, an envelope in another's request. */
export const ALARM_KINDS = [
  'other-merchant',
  'other-terminal',
  'other-amount',
  'other-expiry',
  'used-twice',
  'too-late',
  'unknown-number',
  'used-and-given-up',
  'reversed-at-terminal',
  'refunded-at-terminal',
  'refused-follow-up',
  'refused-reversal',
  'moved-envelope',
] as const
export type AlarmKind = (typeof ALARM_KINDS)[number]
export const AlarmsAnswer = Closed({
  alarms: Type.Array(
    Closed({
      n: Type.Integer(),
      at: Type.Integer({ description: 'ms since 1970' }),
      kind: literals(ALARM_KINDS),
      order: orNull(Order),
      detail: Type.String({ description: 'never a number' }),
    }),
    { maxItems: VAULT_LIMITS.alarms },
  ),
})
export type AlarmsAnswer = Static<typeof AlarmsAnswer>

export const Reconcile = Closed({ day: Day })
export type Reconcile = Static<typeof Reconcile>
const Sum = Closed({ count: Type.Integer(), amount: Type.String({ pattern: '^[0-9]+$' }) })
export const ReportIssuer = Closed({
  issuer: IssuerCode,
  ours: Type.Array(Closed({ unit: Unit, debits: Sum, debitReversals: Sum, credits: Sum, creditReversals: Sum }), {
    description: 'captures are debits, refunds credits; sales with a one-time number are their terminals’ and not here',
  }),
  inBalance: orNull(Type.Boolean({ description: 'null: not asked, or no answer yet' })),
})
export type ReportIssuer = Static<typeof ReportIssuer>
export const ReconcileAnswer = Closed({ day: Day, issuers: Type.Array(ReportIssuer) })
export type ReconcileAnswer = Static<typeof ReconcileAnswer>
export const ReportAnswer = Closed({
  day: Day,
  rows: Type.Array(
    Closed({
      order: Order,
      kind: literals(['authorisation', 'capture', 'release', 'refund', 'reverse']),
      unit: Unit,
      amount: Amount,
      state: literals(['open', 'approved', 'refused', 'reversed', 'done']),
      rrn: orNull(Rrn),
      approval: orNull(Type.String()),
      issuer: IssuerCode,
    }),
  ),
  issuers: Type.Array(ReportIssuer),
})
export type ReportAnswer = Static<typeof ReportAnswer>

export const HealthAnswer = Closed({
  state: literals(['ready', 'no-key', 'wrong-key', 'no-database']),
  issuers: Type.Array(Closed({ code: IssuerCode, up: Type.Boolean() })),
  tables: orNull(Type.Integer({ description: 'version of the tables; null: none yet' })),
})
export type HealthAnswer = Static<typeof HealthAnswer>

/**
 * unavailable: nothing was asked or noted of this request. unsure: it was begun and something failed; nobody knows how far it came. Else
 * `fault` names what was wrong with the request, never what was in it.
 */
export const Fault = Closed({
  kind: literals(['unavailable', 'unsure', 'invalid', 'other-body']),
  fault: Type.String(),
})
export type Fault = Static<typeof Fault>

/** The vault's doors: the body or null, and the answer with status 200. */
export const VAULT_ROUTES = {
  keys: { method: 'GET', path: '/v1/keys', body: null, answer: KeysAnswer },
  addCard: { method: 'POST', path: '/v1/cards', body: AddCard, answer: AddCardAnswer },
  checkCard: { method: 'POST', path: '/v1/cards/check', body: OneCard, answer: CheckCardAnswer },
  endCard: { method: 'POST', path: '/v1/cards/end', body: OneCard, answer: EndCardAnswer },
  authorise: { method: 'POST', path: '/v1/authorise', body: Authorise, answer: OrderAnswer },
  order: { method: 'GET', path: '/v1/orders/:order', body: null, answer: FoundOrder },
  capture: { method: 'POST', path: '/v1/capture', body: Follow, answer: FollowAnswer },
  release: { method: 'POST', path: '/v1/release', body: Follow, answer: FollowAnswer },
  refund: { method: 'POST', path: '/v1/refund', body: Follow, answer: FollowAnswer },
  reverse: { method: 'POST', path: '/v1/reverse', body: Follow, answer: ReverseAnswer },
  tables: { method: 'PUT', path: '/v1/tables', body: Tables, answer: TablesAnswer },
  alarms: { method: 'GET', path: '/v1/alarms', body: null, answer: AlarmsAnswer },
  reconcile: { method: 'POST', path: '/v1/reconcile', body: Reconcile, answer: ReconcileAnswer },
  report: { method: 'GET', path: '/v1/report', body: null, answer: ReportAnswer },
  health: { method: 'GET', path: '/v1/health', body: null, answer: HealthAnswer },
} as const
export type VaultRoute = keyof typeof VAULT_ROUTES
