// One deal with fixed ids and times, for tests of the rules alone: no store, no chance, no clock.
import { accountNumber } from '#core/accounts.ts'
import { approvalBytes, METHOD_WHOLE, NO_PAYMENT, type Approval, type Purpose } from '#core/approval.ts'
import { assert } from '#core/assert.ts'
import {
  billHash,
  NO_CONDITIONS,
  type Bill,
  type Biller,
  type Conditions,
  type Line,
  type Restriction,
} from '#core/bill.ts'
import { fromHex } from '#core/bytes.ts'
import { NO_PROOF_LIMITS, type Device, type ProofResult, type Strength } from '#core/device.ts'
import { idFrom, idInBucket, type IdPrefix } from '#core/ids.ts'
import { NOTHING_SPENT, type Account } from '#core/ledger.ts'
import { methodCode } from '#core/method.ts'
import { unitOf, type Unit } from '#core/money.ts'
import { numberFrom, type TerminalKind } from '#core/numbers.ts'
import { evolveOffer, openOffer, type Offer, type Payer, type Ticket } from '#core/offer.ts'
import {
  decide,
  evolve,
  joinedPayment,
  paidUnit,
  type Decision,
  type Evidence,
  type Loaded,
  type Payment,
  type PaymentCommand,
  type SchemeRules,
} from '#core/payment.ts'
import { NO_RELEASES, NOTHING_SHOWN, type Askable, type Persona } from '#core/persona.ts'
import { questionHash, type Question } from '#core/question.ts'
import type { Rate } from '#core/rate.ts'
import { unknownStanding, type Standing } from '#core/standing.ts'

/** The moment at which the phone joins. */
export const NOON = 1_800_000_000_000
/** where that is 15 January 2027, 17:00 */
export const ZONE = 'Asia/Tokyo'
export const TODAY = 20_270_115

export const unit = (code: string): Unit => {
  const found = unitOf(code)
  assert(found !== undefined, code)
  return found
}
export const JPY = unit('JPY')

const filled = (byte: number, length = 16): Uint8Array => new Uint8Array(length).fill(byte)
export const id = <Prefix extends IdPrefix>(prefix: Prefix, byte: number) => idFrom(prefix, filled(byte))

export const PAYER_BUCKET = 3
const DEVICE = idInBucket('dev', PAYER_BUCKET, filled(0x12, 14))
export const payer = {
  party: idInBucket('pty', PAYER_BUCKET, filled(0x11, 14)),
  device: DEVICE,
  account: accountNumber(1, 1_234_567),
  name: 'Hanako',
  knows: null,
  shown: NOTHING_SHOWN,
  mayShow: ['age-band', 'portrait'],
} as const satisfies Payer
export const biller: Biller = {
  party: idInBucket('pty', 7, filled(0x21, 14)),
  account: accountNumber(2, 7_654_321),
  name: 'Marubeni Bakery',
  legalName: 'Marubeni Bakery Ltd.',
  terminal: idInBucket('trm', 7, filled(0x22, 14)),
  terminalLabel: 'Till 1',
}
export const rules: SchemeRules = {
  id: id('sch', 0x31),
  unlockMs: 3_600_000,
  freshProofFrom: 10_000n,
  limits: { perPayment: 1_000_000n, perDay: 3_000_000n, perMonth: 10_000_000n },
  zone: ZONE,
  restricted: 'refuse',
  proofLimits: NO_PROOF_LIMITS,
  offline: { payment: 5_000n, device: 10_000n, terminal: 100_000n, ms: 24 * 3_600_000 },
}
export const device: Device = {
  id: payer.device,
  party: payer.party,
  key: id('key', 0x41),
  status: 'active',
  approvesWith: 'any',
  provedAt: 0,
  provedWith: 'password',
  wrongProofs: 0,
  lockedUntil: 0,
}
export const account = (balance: bigint, over: Partial<Account> = {}): Account => ({
  key: payer.account,
  unit: JPY,
  status: 'open',
  balance,
  version: 1n,
  limits: null,
  spent: NOTHING_SPENT,
  ...over,
})
/** Everything about the payer has been verified: of age, a member, from Yokohama. */
export const adult: Standing = {
  party: payer.party,
  version: 1,
  attributes: { birthDate: 19_900_401, region: 'JP-14', memberships: [{ name: 'club', until: null }] },
  bought: [],
}
/** Somebody of whom everything that can be shown is verified. */
export const EVERYTHING: Persona = {
  attributes: {
    birthDate: 19_900_401,
    region: 'JP-14',
    memberships: [{ name: 'club', until: null, number: '4711' }],
  },
  email: 'hanako@example.org',
  portrait: 'ab'.repeat(32),
  releases: NO_RELEASES,
}
export const stranger: Standing = unknownStanding(payer.party)
export const loaded = (over: Partial<Loaded> = {}): Loaded => ({
  rules,
  device,
  account: account(1_000_000n),
  standing: adult,
  ...over,
})

export const line = (amount: bigint, conditions: Partial<Conditions> = {}, over: Partial<Line> = {}): Line => ({
  text: 'Bread',
  quantity: 1,
  amount,
  taxRate: null,
  tax: 0n,
  code: null,
  conditions: { ...NO_CONDITIONS, ...conditions },
  restriction: null,
  ...over,
})
/** A cancellation period on the clocks of Tokyo. */
export const cooled = (period: string): Pick<Conditions, 'coolingOff'> => ({ coolingOff: { period, zone: ZONE } })
export const restriction = (over: Partial<Restriction>): Restriction => ({
  minimumAge: null,
  membership: null,
  region: null,
  perDay: null,
  ...over,
})
export const bill = (...lines: Line[]): Bill => ({
  unit: JPY,
  total: lines.reduce((total, { amount }) => total + amount, 0n),
  lines,
})

export const NONCE = '5a'.repeat(16)
export const DEAL = id('deal', 0x51)
export const PAYMENT = idInBucket('pay', PAYER_BUCKET, filled(0x61, 14))
export const ticket = (seed: number, expiresAt = NOON + 120_000): Ticket => ({
  number: numberFrom(filled(seed), 8),
  scope: 'area:main',
  token: id('tok', seed),
  expiresAt,
})

/** An offer opened at NOON. */
export const offered = (first: Bill | null, kind: TerminalKind = 'counter'): Offer =>
  openOffer({ kind, biller, deal: DEAL, bill: first, ticket: ticket(0x71), now: NOON })

export const taken = (offer: Offer): Offer =>
  evolveOffer(offer, {
    kind: 'taken',
    payment: PAYMENT,
    payer,
    nonce: NONCE,
    signed: null,
    at: NOON,
    way: 'number',
    preset: null,
  })

export const QUESTION: Question = { attributes: ['age-band', 'email'], reason: 'To collect a parcel' }

/** An offer with a question instead of a bill, opened at NOON. */
export const asking = (question: Question = QUESTION): Offer =>
  openOffer({ kind: 'counter', biller, deal: DEAL, bill: null, question, ticket: ticket(0x71), now: NOON })

/** The payment that a phone's joining makes of it. */
export const questioned = (question?: Question): Payment => joinedPayment(taken(asking(question)))

/** The payment that a phone's joining makes at NOON. */
export const joined = (first: Bill | null, kind?: TerminalKind): Payment => joinedPayment(taken(offered(first, kind)))

/** The fields that an honest phone signs for what it sees. */
export const approvalOf = (
  payment: Payment,
  purpose: Purpose = 'approve',
  now = NOON,
  released: readonly Askable[] = [],
): Approval => ({
  purpose,
  scheme: rules.id,
  deal: payment.deal,
  payment: purpose === 'hand-back' ? NO_PAYMENT : payment.id,
  billVersion: payment.billVersion,
  billHash: signedHash(payment, released),
  payerAccount: payer.account,
  means: 'id' in payment.means ? payment.means.id : payer.account,
  method: payment.means.kind === 'card' ? methodCode(payment.means.method) : METHOD_WHOLE,
  key: device.key,
  nonce: fromHex((purpose === 'challenge' ? payment.challenge?.nonce : undefined) ?? payment.nonce) ?? filled(0),
  expiresAt: now + 60_000,
})

function signedHash({ bill, question, biller, means }: Payment, released: readonly Askable[]): Uint8Array {
  if (question !== null) return questionHash(biller, question, released)
  return bill === null ? new Uint8Array(32) : billHash(biller, bill, means)
}

export const evidenceOf = (
  payment: Payment,
  options: {
    purpose?: Purpose
    proof?: ProofResult
    strength?: Strength
    now?: number
    released?: readonly Askable[]
    over?: Partial<Approval>
  } = {},
): Evidence => ({
  bytes: approvalBytes({
    ...approvalOf(payment, options.purpose, options.now, options.released),
    ...options.over,
  }),
  signature: filled(0, 64),
  proof: options.proof ?? 'right',
  strength: (options.proof ?? 'right') === 'right' ? (options.strength ?? 'password') : null,
  key: device.key,
})

/** Decides and applies; the decision comes back with the payment after it. */
export function after(
  payment: Payment,
  command: PaymentCommand,
  now = NOON,
  given: Loaded = loaded(),
): Decision & { payment: Payment } {
  const decision = decide(payment, given, command, now)
  return { ...decision, payment: decision.events.reduce(evolve, payment) }
}

/** The payment approved by its phone. */
export const approved = (payment: Payment, now = NOON): Payment =>
  after(payment, { kind: 'approve', evidence: evidenceOf(payment, { now }) }, now, loadedFor(payment)).payment

export const USD = unit('USD')
export const BANK = { kind: 'bank', id: id('mns', 0x81), label: 'Tanuki Bank ···567', unit: JPY } as const
/** One dollar pays for 148.7475 yen, for an hour. */
export const RATE = { from: USD, to: JPY, price: '148.7475', until: NOON + 3_600_000 } as const

/** The payment when its payer has chosen the bank, or dollars; unchanged where nothing can be chosen. */
export const byBank = (payment: Payment, now = NOON): Payment =>
  after(payment, { kind: 'choose', choice: BANK }, now).payment
export const byDollars = (payment: Payment, now = NOON, rate: Rate = RATE): Payment =>
  after(payment, { kind: 'choose', choice: { kind: 'exchange', rate } }, now).payment

export const CARD = {
  kind: 'card',
  id: id('mns', 0x91),
  label: 'Tanuki Card ···4242',
  unit: JPY,
  method: 'instalments-3',
  oneTime: false,
} as const
export const byCard = (payment: Payment, now = NOON, oneTime = false): Payment =>
  after(payment, { kind: 'choose', choice: { ...CARD, oneTime } }, now).payment

/** The payment that a register makes by reading the user id of a card at NOON. */
export const shownCard = (first: Bill): Payment => {
  const taking = {
    payment: PAYMENT,
    payer,
    nonce: NONCE,
    signed: null,
    at: NOON,
    way: 'card-id',
    preset: CARD,
  } as const
  return joinedPayment(evolveOffer(offered(first), { kind: 'taken', ...taking }))
}
/** Loaded of a phone whose owner unlocked it just now, and of another phone of the same person. */
export const unlocked = (now = NOON): Loaded => loaded({ device: { ...device, provedAt: now - 1_000 } })
export const otherPhone = (now = NOON): Loaded =>
  loaded({ device: { ...device, id: idInBucket('dev', PAYER_BUCKET, filled(0x13, 14)), provedAt: now - 1_000 } })

/** What is loaded of a payer who has a million of the smallest parts in whatever unit the payment wants. */
export const loadedFor = (payment: Payment, over: Partial<Loaded> = {}): Loaded =>
  loaded({ account: account(1_000_000n, { unit: paidUnit(payment) ?? JPY }), ...over })
