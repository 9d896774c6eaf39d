// Cards as means: a person registers one, sees them, names one or makes it the first choice, and takes one away; and what a card may be
// repaid by at the shop of one payment, with what each way costs. No card number is in any of it: the wallet encrypts the number to the
// vault's key, and the hub passes the envelope on unread.
import { Type, type Static, type TSchema } from 'typebox'
import { PresencePart } from './identity.ts'
import { LIMITS } from './limits.ts'
import * as part from './parts.ts'
import type { Route } from './routes.ts'

const orNull = <const Schema extends TSchema>(schema: Schema) => Type.Union([schema, Type.Null()])
const Day = Type.String({ pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$', description: 'YYYY-MM-DD' })
const EnvelopePart = Type.String({
  pattern: '^[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]*\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+$',
  maxLength: LIMITS.cardEnvelopeLength,
  description:
    'JWE compact (ECDH-ES, A256GCM) to a key of /v1/card-keys; protected header {alg, enc, kid, epk, command, party}, plaintext {number, expires, code}',
})
const MethodPart = Type.String({
  pattern: '^(lump|bonus|revolving|(instalments|part-bonus)-[1-9][0-9]?)$',
  description: 'how it is repaid',
  examples: ['instalments-3'],
})
const NamePart = orNull(part.TextPart(LIMITS.nameLength))

const Issuer = part.Closed({
  code: Type.String({ pattern: '^[0-9]{4}$', description: "the issuer's code in the tables" }),
  name: Type.String(),
  nameJa: Type.String(),
  colour: orNull(Type.String({ pattern: '^#[0-9A-Fa-f]{6}$', description: "of the card's face" })),
})
export type CardIssuer = Static<typeof Issuer>

const Card = part.Closed({
  id: part.MeansIdPart,
  label: Type.String({ description: "the owner's name for it, or the issuer's, and the last four digits" }),
  name: orNull(Type.String({ description: 'as its owner calls it' })),
  last4: Type.String(),
  expires: Type.String({ description: 'the last month in which it is good: 2029-12' }),
  issuer: Issuer,
  unit: part.UnitPart,
  status: part.literals(
    ['active', 'expired', 'suspended'],
    'expired: register the new one; suspended: its issuer has stopped it',
  ),
  why: orNull(part.literals(['card-stopped', 'issuer-closed'])),
  isDefault: Type.Boolean({ description: 'offered first where a card is asked for' }),
  madeAt: part.TimePart,
})
export type CardRow = Static<typeof Card>

export const CardsView = part.Closed({
  isAvailable: Type.Boolean({ description: 'false: no card can be registered or used at the moment' }),
  cards: Type.Array(Card),
})
export type CardsView = Static<typeof CardsView>

export const CardKeysView = part.Closed({
  keys: Type.Array(
    part.Closed({
      kty: Type.Literal('EC'),
      crv: Type.Literal('P-256'),
      x: Type.String(),
      y: Type.String(),
      kid: Type.String(),
      use: Type.Literal('enc'),
      alg: Type.Literal('ECDH-ES'),
    }),
    { description: "the vault's public keys; the first is the one to use" },
  ),
  ranges: Type.Array(part.Closed({ prefix: Type.String(), issuer: Issuer }), {
    description:
      'how card numbers begin, so that a wallet can say whose card it is while it is typed: the longest that fits',
  }),
})
export type CardKeysView = Static<typeof CardKeysView>

const Plan = part.Closed({
  method: MethodPart,
  payments: Type.Array(part.Closed({ due: Day, amount: part.AmountPart })),
  fee: part.AmountPart,
  total: part.AmountPart,
})
export type PlanView = Static<typeof Plan>

export const CardMethodsView = part.Closed({
  card: part.MeansIdPart,
  unit: part.UnitPart,
  amount: part.AmountPart,
  methods: Type.Array(Plan, {
    description: 'those that this merchant takes with this card for this amount; the first is one payment',
  }),
})
export type CardMethodsView = Static<typeof CardMethodsView>

const CardPayment = part.Closed({
  payment: part.PaymentIdPart,
  card: part.MeansIdPart,
  label: Type.String({ description: "the issuer's name and the last four digits" }),
  method: MethodPart,
  biller: Type.String({ description: 'who was paid' }),
  unit: part.UnitPart,
  amount: part.AmountPart,
  back: Type.String({ description: 'of it, so much went back to the card', pattern: '^[0-9]+$' }),
  reference: orNull(Type.String({ description: "the issuer's approval code and reference number, by a slash" })),
  at: part.TimePart,
})
export type CardPaymentRow = Static<typeof CardPayment>

export const CardPaymentsView = part.Closed({
  payments: Type.Array(CardPayment, { description: 'newest first' }),
  next: orNull(Type.String({ description: 'as `before`: the next page; null on the last one' })),
})
export type CardPaymentsView = Static<typeof CardPaymentsView>

/** For the terminal alone, while it is its turn to send the number. */
export const CardNumberView = part.Closed({
  number: Type.String({ description: 'good for this purchase alone' }),
  expires: Type.String({ description: "the card's last month: 2029-12" }),
  amount: part.AmountPart,
  unit: part.UnitPart,
  merchant: Type.String({ description: 'the number by which the issuer knows the merchant' }),
  terminal: Type.String({ description: "the terminal's number, eight signs" }),
  until: part.TimePart,
})
export type CardNumberView = Static<typeof CardNumberView>

export const CARD_ROUTES = {
  cards: {
    method: 'GET',
    path: '/v1/cards',
    access: 'token',
    who: 'device',
    summary: "The person's cards.",
    response: CardsView,
    problems: [],
  },
  cardKeys: {
    method: 'GET',
    path: '/v1/card-keys',
    access: 'token',
    who: 'device',
    summary: 'What a wallet encrypts a card number to, and whose card a number is by its beginning.',
    response: CardKeysView,
    problems: ['cards-unavailable'],
  },
  addCard: {
    method: 'POST',
    path: '/v1/cards',
    access: 'signed',
    who: 'device',
    summary:
      'Registers a card, with a proof of the owner (add-card, over the envelope); its issuer is asked. The same command again is the same card.',
    body: part.Closed({
      command: part.CommandIdPart,
      envelope: EnvelopePart,
      name: NamePart,
      presence: PresencePart,
    }),
    response: CardsView,
    problems: [
      'card-number-invalid',
      'card-issuer-unknown',
      'card-refused',
      'card-expired',
      'card-envelope-invalid',
      'cards-unavailable',
      'too-many-cards',
      'too-many-tries',
      'command-mismatch',
      'signature-invalid',
      'approval-expired',
      'device-revoked',
      'proof-needed',
      'proof-wrong',
      'proof-locked',
      'security-key-needed',
    ],
  },
  changeCard: {
    method: 'POST',
    path: '/v1/cards-change',
    access: 'signed',
    who: 'device',
    summary: 'Names a card (null: as its issuer does), or makes it the one that is offered first (false: none is).',
    body: part.Closed({
      card: part.MeansIdPart,
      name: Type.Optional(NamePart),
      isDefault: Type.Optional(Type.Boolean()),
    }),
    response: CardsView,
    problems: ['means-not-found'],
  },
  removeCard: {
    method: 'POST',
    path: '/v1/cards-remove',
    access: 'signed',
    who: 'device',
    summary: 'Nothing is paid with this card any more. What is under way still ends, and refunds still go back to it.',
    body: part.Closed({ card: part.MeansIdPart }),
    response: CardsView,
    problems: ['means-not-found'],
  },
  cardMethods: {
    method: 'GET',
    path: '/v1/payments/{payment}/card-methods',
    access: 'token',
    who: 'device',
    summary:
      "How this payment may be repaid with one of the payer's cards, and what each way costs. The payer's alone.",
    params: part.Closed({ payment: part.PaymentIdPart }),
    query: part.Closed({ card: part.MeansIdPart }),
    response: CardMethodsView,
    problems: [
      'not-found',
      'state-conflict',
      'means-not-found',
      'unit-mismatch',
      'card-not-accepted',
      'card-expired',
      'cards-unavailable',
    ],
  },
  cardPayments: {
    method: 'GET',
    path: '/v1/card-payments',
    access: 'token',
    who: 'device',
    summary: 'What this person has paid by card, newest first: it makes no entry in an account of theirs.',
    query: part.Closed({ before: Type.Optional(Type.String({ pattern: '^[0-9]{1,15}-[0-9a-f]{32}$' })) }),
    response: CardPaymentsView,
    problems: [],
  },
  cardNumber: {
    method: 'GET',
    path: '/v1/deals/{deal}/card-number',
    access: 'token',
    who: 'terminal',
    summary: "The one-time card number of the terminal's own deal, while its issuer waits for it.",
    params: part.Closed({ deal: part.DealIdPart }),
    response: CardNumberView,
    problems: ['not-found', 'card-number-none', 'cards-unavailable'],
  },
} as const satisfies Record<string, Route>

export type CardRouteName = keyof typeof CARD_ROUTES
export type CardBody<Name extends 'addCard' | 'changeCard' | 'removeCard'> = Static<(typeof CARD_ROUTES)[Name]['body']>
export const ALL_CARD_ROUTES: readonly Route[] = Object.values(CARD_ROUTES)
