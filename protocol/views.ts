// What the hub shows: whole views with versions, never changes. Each side sees what it may know and nothing else.
import { Type, type Static } from 'typebox'
import { OPERATOR_ROLES } from '#core/actions.ts'
import { TRANSFER_KINDS } from '#core/ledger.ts'
import { STRENGTHS } from '#core/device.ts'
import { OUTSIDE_REASONS } from '#core/means.ts'
import { WAYS } from '#core/offer.ts'
import { END_REASONS } from '#core/payment.ts'
import { AGE_BANDS } from '#core/persona.ts'
import * as part from './parts.ts'

const orNull = <const Schema extends Parameters<typeof Type.Union>[0][number]>(schema: Schema) =>
  Type.Union([schema, Type.Null()])

const EndReason = part.literals(END_REASONS)
const Kind = part.literals(TRANSFER_KINDS)

const Question = orNull(part.QuestionPart)
const Way = part.literals(
  WAYS,
  'how they met: typed number, scanned link, the payer’s own code, sent to the person, signed and handed in, code of an unattended place, user id of a card',
)
const AcceptedAt = orNull(
  Type.Integer({ description: 'milliseconds since 1970: when a register without a network took the signed purchase' }),
)

/** What the payer lets the other side see; null or empty where nothing was released, or nothing is known. */
export const ShownView = part.Closed({
  ageBand: orNull(part.literals(AGE_BANDS)),
  members: Type.Array(part.Closed({ name: Type.String(), number: orNull(Type.String()) })),
  region: orNull(Type.String()),
  email: orNull(Type.String()),
  portrait: Type.Boolean({ description: 'a picture may be looked at' }),
})
export type ShownView = Static<typeof ShownView>

const Answered = orNull(
  part.Closed({ released: part.AskablesPart, strength: part.literals(STRENGTHS), at: part.TimePart }),
)

const refund = {
  payment: part.PaymentIdPart,
  amount: part.AmountPart,
  lines: Type.Array(part.Closed({ line: Type.Integer(), amount: part.AmountPart })),
  at: part.TimePart,
}
const Refund = part.Closed(refund)
const RefundToPayer = part.Closed({
  ...refund,
  back: Type.Union([part.AmountPart, Type.Null()], {
    description: "what the payer got, where it was paid in another unit than the bill's",
  }),
})

/** What the payer pays with; nobody else sees it. */
export const MeansView = Type.Union([
  part.Closed({ kind: Type.Literal('account') }, { description: "the payer's account in the bill's own unit" }),
  part.Closed(
    {
      kind: Type.Literal('exchange'),
      unit: part.UnitPart,
      amount: part.AmountPart,
      price: part.PricePart,
      until: Type.Integer({ description: 'milliseconds since 1970: approved later, the rate has run out' }),
    },
    { description: 'this amount of another unit, at a price that is fixed for this payment' },
  ),
  part.Closed(
    {
      kind: Type.Literal('bank'),
      id: part.MeansIdPart,
      label: Type.String(),
      refused: Type.Union([part.literals(OUTSIDE_REASONS), Type.Null()], { description: 'the last no of this bank' }),
    },
    { description: "the payer's bank is asked" },
  ),
  part.Closed(
    {
      kind: Type.Literal('card'),
      id: part.MeansIdPart,
      label: Type.String(),
      method: part.MethodPart,
      oneTime: Type.Boolean({ description: 'by a number for this payment alone, which the terminal sends by itself' }),
      refused: Type.Union([part.literals(OUTSIDE_REASONS), Type.Null()], {
        description: "the last no of the card's issuer",
      }),
      reference: Type.Union([Type.String(), Type.Null()], {
        description: "of the issuer's yes: approval code and retrieval reference number, as 123456/000000123456",
      }),
    },
    { description: "the card's issuer is asked" },
  ),
])
export type MeansView = Static<typeof MeansView>

const Portion = part.Closed({
  lines: Type.Array(Type.Integer()),
  amount: part.AmountPart,
  state: part.literals(['due', 'authorising', 'held', 'settled', 'ended']),
  settled: part.AmountPart,
  waits: orNull(part.literals(['cooling-off', 'delivery', 'answer'])),
  until: orNull(
    Type.Integer({
      description: 'milliseconds since 1970: the end of the cancellation period, or of the wait for an answer',
    }),
  ),
  deliverBy: orNull(part.TimePart),
})

/** One deal as its terminal sees it, from the open offer to the end. */
export const DealView = part.Closed({
  deal: part.DealIdPart,
  version: part.VersionPart,
  state: part.literals(['open', 'expired', 'withdrawn', 'joined', 'authorising', 'held', 'settled', 'proven', 'ended']),
  question: Question,
  bill: orNull(part.BillPart),
  billVersion: part.VersionPart,
  ticket: orNull(
    part.Closed({
      number: orNull(part.NumberPart),
      link: Type.String({ description: "the QR's content" }),
      expiresAt: part.TimePart,
    }),
  ),
  way: orNull(Way),
  acceptedAt: AcceptedAt,
  phone: orNull(
    part.literals(
      ['asked', 'answered', 'other-device'],
      'met by a card’s user id: how far its phone is; other-device: another phone of the person answered, and nothing came of it',
    ),
  ),
  payment: orNull(part.PaymentIdPart),
  payer: orNull(part.Closed({ name: Type.String(), shown: ShownView })),
  answered: Answered,
  cashier: orNull(Type.String({ description: 'who opened the deal; null where the merchant has no staff' })),
  tally: orNull(Type.String({ description: 'hex; both screens draw the same tally from it' })),
  declines: Type.Integer({ description: 'how often a phone was turned away; never why' }),
  challenge: orNull(part.literals(['asked', 'passed', 'failed'])),
  challengeFailures: Type.Integer({ description: 'wrong answers to the open challenge; the third ends the deal' }),
  restriction: orNull(
    part.Closed({
      state: part.literals(['asked', 'permitted']),
      lines: Type.Array(Type.Integer(), { description: 'all restricted lines of the bill; never which, nor why' }),
    }),
  ),
  ended: orNull(EndReason),
  portions: Type.Array(Portion),
  refunds: Type.Array(Refund),
  openedAt: part.TimePart,
  joinedAt: orNull(part.TimePart),
  approvedAt: orNull(part.TimePart),
  turnEndsAt: orNull(part.TimePart),
  expiresAt: orNull(part.TimePart),
})
export type DealView = Static<typeof DealView>

/** One payment as the payer's phone sees it. It holds all that the phone needs to build the approval bytes by itself. */
export const PaymentView = part.Closed({
  payment: part.PaymentIdPart,
  deal: part.DealIdPart,
  version: part.VersionPart,
  state: part.literals(['joined', 'authorising', 'held', 'settled', 'proven', 'ended']),
  biller: part.Closed({
    party: part.PartyIdPart,
    account: part.AccountPart,
    name: Type.String(),
    legalName: Type.String(),
    terminal: part.TerminalIdPart,
    terminalLabel: Type.String(),
    isPerson: Type.Boolean(),
  }),
  knows: orNull(Type.Boolean({ description: 'has the payer listed this person? null for a shop' })),
  way: Way,
  acceptedAt: AcceptedAt,
  unasked: Type.Boolean({ description: 'sent straight to the person, who did not scan or type anything' }),
  device: Type.Union([part.DeviceIdPart, Type.Null()], {
    description: 'the phone that met the shop; null: any of them',
  }),
  attested: orNull(
    Type.Boolean({
      description:
        'met by a card’s user id: has that phone answered that its owner had unlocked it? null for other ways',
    }),
  ),
  shopAsked: Type.Boolean({ description: 'the shop is deciding whether it may sell this' }),
  permitted: Type.Boolean({ description: 'the shop has said yes to this bill' }),
  question: Question,
  answered: Answered,
  shown: ShownView,
  mayShow: part.AskablesPart,
  means: MeansView,
  payerAccount: part.AccountPart,
  bill: orNull(part.BillPart),
  billVersion: part.VersionPart,
  nonce: part.NoncePart,
  tally: Type.String(),
  freshProof: Type.Boolean({ description: 'this amount, or this question, wants a fresh proof of the owner' }),
  challenge: orNull(part.Closed({ nonce: part.NoncePart, failures: Type.Integer() })),
  ended: orNull(EndReason),
  portions: Type.Array(Portion),
  refunds: Type.Array(RefundToPayer),
  joinedAt: part.TimePart,
  approvedAt: orNull(part.TimePart),
  turnEndsAt: orNull(part.TimePart),
  expiresAt: part.TimePart,
})
export type PaymentView = Static<typeof PaymentView>

export const BalanceView = part.Closed({
  account: part.AccountPart,
  unit: part.UnitPart,
  status: part.literals(['open', 'frozen', 'closed']),
  balance: part.SignedAmountPart,
  arriving: part.AmountPart,
})
export type BalanceView = Static<typeof BalanceView>

export const EntryView = part.Closed({
  number: Type.String({ description: "the account's own count of entries" }),
  kind: Kind,
  amount: part.SignedAmountPart,
  balance: part.SignedAmountPart,
  otherName: Type.String(),
  payment: orNull(part.PaymentIdPart),
  at: part.TimePart,
})
export type EntryView = Static<typeof EntryView>

export const ContactView = part.Closed({
  account: part.AccountPart,
  name: Type.String({ description: 'as the hub knows the person, not as the sender says' }),
  status: part.literals(['listed', 'blocked']),
})
export type ContactView = Static<typeof ContactView>

export const HistoryView = part.Closed({
  account: part.AccountPart,
  unit: part.UnitPart,
  entries: Type.Array(EntryView),
  next: orNull(Type.String({ description: 'pass as `before` for the next page' })),
})
export type HistoryView = Static<typeof HistoryView>

/** What a wallet watches: its money and every payment that is not over, newest first. */
export const InboxView = part.Closed({
  balances: Type.Array(BalanceView),
  payments: Type.Array(PaymentView),
  provedAt: part.TimePart,
})
export type InboxView = Static<typeof InboxView>

export const SchemeView = part.Closed({
  scheme: part.SchemeIdPart,
  name: Type.String(),
  demo: Type.Boolean(),
  unit: part.UnitPart,
  hostName: orNull(
    Type.String({ description: 'the host name that passkeys belong to; null when the hub is reached by address' }),
  ),
  unlockMs: Type.Integer(),
  freshProofFrom: part.AmountPart,
  zone: Type.String({ description: 'IANA time zone of the days and months that limits count' }),
  offline: part.Closed(
    {
      payment: part.AmountPart,
      device: part.AmountPart,
      terminal: part.AmountPart,
      ms: Type.Integer(),
    },
    {
      description:
        'what a register may take while it has no network: of one payment, of one phone, of all that waits at one register; and for how long',
    },
  ),
  signer: part.Base64urlPart(
    87,
    "the scheme's public key (uncompressed P-256, 65 bytes): what it signs can be checked without a network",
  ),
  now: part.TimePart,
})
export type SchemeView = Static<typeof SchemeView>

const Secret = orNull(part.Closed({ salt: part.Base64urlPart(64, 'SCRAM salt'), iterations: Type.Integer() }))

/** Who this device or terminal is. */
export const SelfView = Type.Union([
  part.Closed({
    kind: Type.Literal('terminal'),
    id: part.TerminalIdPart,
    key: part.KeyIdPart,
    label: Type.String(),
    party: part.PartyIdPart,
    name: Type.String(),
    legalName: Type.String(),
    account: part.AccountPart,
  }),
  part.Closed({
    kind: Type.Literal('device'),
    id: part.DeviceIdPart,
    key: part.KeyIdPart,
    party: part.PartyIdPart,
    name: Type.String(),
    legalName: Type.String(),
    account: part.AccountPart,
    secret: Secret,
    passkeys: Type.Array(Type.String()),
  }),
  part.Closed({
    kind: Type.Literal('operator'),
    id: part.OperatorIdPart,
    key: part.KeyIdPart,
    name: Type.String(),
    role: part.literals(OPERATOR_ROLES),
    passkeys: Type.Array(Type.String()),
  }),
])
export type SelfView = Static<typeof SelfView>

/** The decided answer to a command, and what the asker may see of the deal now (later than the answer when it is a repeat). */
export const AnswerView = part.Closed({
  deal: orNull(DealView),
  payment: orNull(PaymentView),
  refund: orNull(part.PaymentIdPart),
  provedAt: orNull(part.TimePart),
})
export type AnswerView = Static<typeof AnswerView>

export const LedgerRow = part.Closed({
  bucket: Type.Integer(),
  sequence: Type.String(),
  kind: Kind,
  debit: Type.String(),
  credit: Type.String(),
  debitOwner: Type.String(),
  creditOwner: Type.String(),
  unit: part.UnitPart,
  amount: part.AmountPart,
  at: part.TimePart,
  deposited: Type.Boolean(),
  payment: orNull(part.PaymentIdPart),
})
export type LedgerRow = Static<typeof LedgerRow>

/** The demo town's open book: the newest transfers, and whether each has been deposited. */
export const LedgerView = part.Closed({
  rows: Type.Array(LedgerRow),
  balances: Type.Array(
    part.Closed({ owner: Type.String(), account: Type.String(), unit: part.UnitPart, balance: part.SignedAmountPart }),
  ),
})
export type LedgerView = Static<typeof LedgerView>

/** RFC 9457 problem details with a stable `code` and what to do next. */
export const ProblemView = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  code: Type.String(),
  next: Type.String(),
  figures: Type.Optional(Type.Record(Type.String(), Type.String())),
  view: Type.Optional(AnswerView),
})
export type ProblemView = Static<typeof ProblemView>
