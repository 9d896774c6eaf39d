// THE state machine: a payment has portions (lines with one fate), and its own state follows from theirs.
//
// A portion is due, then authorising (an issuer is asked), then held (its conditions are open) or settled at once, then
// settled or ended, which are final. While every portion is due the payment is joined: the bill may change, either side may
// cancel, the biller may release.
//
// Cells: the payment's state after it · – nothing happens · (code) refused, after the state where something is recorded with
// it · × refused with state-conflict. test/core-payment.test.ts generates the five tables and compares.
//
//                               | no bill              | billed                      | challenge              | shop asked
//  -----------------------------+----------------------+-----------------------------+------------------------+-------------------
//  approve                      | (bill-missing)       | settled                     | (challenge-open)       | (shop-asked)
//  choose                       | (bill-missing)       | joined                      | (challenge-open)       | joined
//  choose, no rate              | (bill-missing)       | (rate-missing)              | (challenge-open)       | (rate-missing)
//  approve, by the bank         | (bill-missing)       | authorising                 | (challenge-open)       | (shop-asked)
//  approve, by card             | (bill-missing)       | authorising                 | (challenge-open)       | (shop-asked)
//  approve, unlocked            | (bill-missing)       | settled                     | (challenge-open)       | (shop-asked)
//  approve, another phone       | (bill-missing)       | settled                     | (challenge-open)       | (shop-asked)
//  attest                       | ×                    | ×                           | ×                      | ×
//  attest, locked               | ×                    | ×                           | ×                      | ×
//  attest, another phone        | ×                    | ×                           | ×                      | ×
//  approve, in another unit     | (bill-missing)       | settled                     | (challenge-open)       | (shop-asked)
//  approve, rate run out        | (bill-missing)       | (rate-expired)              | (challenge-open)       | (shop-asked)
//  approve, chosen since        | (bill-missing)       | (means-changed)             | (challenge-open)       | (shop-asked)
//  approve, too poor            | (bill-missing)       | joined (insufficient-funds) | (challenge-open)       | (shop-asked)
//  approve, too young           | (bill-missing)       | joined (restricted)         | (challenge-open)       | (shop-asked)
//  too young, the shop is asked | (bill-missing)       | joined (shop-asked)         | (challenge-open)       | (shop-asked)
//  handed back                  | ended (bill-missing) | settled                     | ended (challenge-open) | ended (shop-asked)
//  handed back, too poor        | ended (bill-missing) | ended (insufficient-funds)  | ended (challenge-open) | ended (shop-asked)
//  handed back, too young       | ended (bill-missing) | ended (restricted)          | ended (challenge-open) | ended (shop-asked)
//  permit: yes                  | (not-asked)          | (not-asked)                 | (not-asked)            | joined
//  permit: no                   | (not-asked)          | (not-asked)                 | (not-asked)            | ended
//  answer: yes                  | (too-late)           | (too-late)                  | (too-late)             | (too-late)
//  answer: no                   | –                    | –                           | –                      | –
//  answer of another            | (too-late)           | (too-late)                  | (too-late)             | (too-late)
//  bill                         | joined               | joined                      | joined                 | joined
//  cancel by payer              | ended                | ended                       | ended                  | ended
//  cancel by biller             | ended                | ended                       | ended                  | ended
//  take back a line             | (not-found)          | ×                           | ×                      | ×
//  release                      | ended                | ended                       | ended                  | ended
//  attend                       | ×                    | joined                      | joined                 | ×
//  challenge                    | joined               | joined                      | (challenge-open)       | joined
//  respond, right               | (no-challenge)       | (no-challenge)              | joined                 | (no-challenge)
//  respond, wrong               | (no-challenge)       | (no-challenge)              | joined (proof-wrong)   | (no-challenge)
//  show                         | joined               | joined                      | joined                 | joined
//  prove, right                 | ×                    | ×                           | ×                      | ×
//  prove, wrong                 | ×                    | ×                           | ×                      | ×
//  deliver all                  | (not-found)          | ×                           | ×                      | ×
//  refunded                     | (not-settled)        | (not-settled)               | (not-settled)          | (not-settled)
//  time, when due               | ended                | ended                       | ended                  | ended
//
//                               | permitted                   | authorising   | to deliver    | cooling off
//  -----------------------------+-----------------------------+---------------+---------------+--------------
//  approve                      | settled                     | ×             | ×             | ×
//  choose                       | joined                      | ×             | ×             | ×
//  choose, no rate              | (rate-missing)              | ×             | ×             | ×
//  approve, by the bank         | authorising                 | ×             | ×             | ×
//  approve, by card             | authorising                 | ×             | ×             | ×
//  approve, unlocked            | settled                     | ×             | ×             | ×
//  approve, another phone       | settled                     | ×             | ×             | ×
//  attest                       | ×                           | ×             | ×             | ×
//  attest, locked               | ×                           | ×             | ×             | ×
//  attest, another phone        | ×                           | ×             | ×             | ×
//  approve, in another unit     | settled                     | ×             | ×             | ×
//  approve, rate run out        | (rate-expired)              | ×             | ×             | ×
//  approve, chosen since        | (means-changed)             | ×             | ×             | ×
//  approve, too poor            | joined (insufficient-funds) | ×             | ×             | ×
//  approve, too young           | settled                     | ×             | ×             | ×
//  too young, the shop is asked | settled                     | ×             | ×             | ×
//  handed back                  | settled                     | ×             | ×             | ×
//  handed back, too poor        | ended (insufficient-funds)  | ×             | ×             | ×
//  handed back, too young       | settled                     | ×             | ×             | ×
//  permit: yes                  | (not-asked)                 | ×             | ×             | ×
//  permit: no                   | (not-asked)                 | ×             | ×             | ×
//  answer: yes                  | (too-late)                  | held          | (too-late)    | (too-late)
//  answer: no                   | –                           | joined        | –             | –
//  answer of another            | (too-late)                  | (too-late)    | (too-late)    | (too-late)
//  bill                         | joined                      | ×             | ×             | ×
//  cancel by payer              | ended                       | ended         | ×             | ended
//  cancel by biller             | ended                       | ended         | ended         | ended
//  take back a line             | ×                           | ×             | ×             | ended
//  release                      | ended                       | ×             | ×             | ×
//  attend                       | joined                      | ×             | ×             | ×
//  challenge                    | joined                      | ×             | ×             | ×
//  respond, right               | (no-challenge)              | ×             | ×             | ×
//  respond, wrong               | (no-challenge)              | ×             | ×             | ×
//  show                         | joined                      | ×             | ×             | ×
//  prove, right                 | ×                           | ×             | ×             | ×
//  prove, wrong                 | ×                           | ×             | ×             | ×
//  deliver all                  | ×                           | ×             | settled       | ×
//  refunded                     | (not-settled)               | (not-settled) | (not-settled) | (not-settled)
//  time, when due               | ended                       | joined        | ended         | settled
//
//                               | cooled off    | partly settled | settled    | ended
//  -----------------------------+---------------+----------------+------------+--------------
//  approve                      | ×             | ×              | ×          | ×
//  choose                       | ×             | ×              | ×          | ×
//  choose, no rate              | ×             | ×              | ×          | ×
//  approve, by the bank         | ×             | ×              | ×          | ×
//  approve, by card             | ×             | ×              | ×          | ×
//  approve, unlocked            | ×             | ×              | ×          | ×
//  approve, another phone       | ×             | ×              | ×          | ×
//  attest                       | ×             | ×              | ×          | ×
//  attest, locked               | ×             | ×              | ×          | ×
//  attest, another phone        | ×             | ×              | ×          | ×
//  approve, in another unit     | ×             | ×              | ×          | ×
//  approve, rate run out        | ×             | ×              | ×          | ×
//  approve, chosen since        | ×             | ×              | ×          | ×
//  approve, too poor            | ×             | ×              | ×          | ×
//  approve, too young           | ×             | ×              | ×          | ×
//  too young, the shop is asked | ×             | ×              | ×          | ×
//  handed back                  | ×             | ×              | ×          | ×
//  handed back, too poor        | ×             | ×              | ×          | ×
//  handed back, too young       | ×             | ×              | ×          | ×
//  permit: yes                  | ×             | ×              | ×          | ×
//  permit: no                   | ×             | ×              | ×          | ×
//  answer: yes                  | (too-late)    | (too-late)     | (too-late) | (too-late)
//  answer: no                   | –             | –              | –          | –
//  answer of another            | (too-late)    | (too-late)     | (too-late) | (too-late)
//  bill                         | ×             | ×              | ×          | ×
//  cancel by payer              | ×             | ×              | ×          | ×
//  cancel by biller             | ended         | settled        | ×          | ×
//  take back a line             | (too-late)    | ×              | ×          | ×
//  release                      | ×             | ×              | ×          | ×
//  attend                       | ×             | ×              | ×          | ×
//  challenge                    | ×             | ×              | ×          | ×
//  respond, right               | ×             | ×              | ×          | ×
//  respond, wrong               | ×             | ×              | ×          | ×
//  show                         | ×             | ×              | ×          | ×
//  prove, right                 | ×             | ×              | ×          | ×
//  prove, wrong                 | ×             | ×              | ×          | ×
//  deliver all                  | ×             | settled        | ×          | ×
//  refunded                     | (not-settled) | held           | settled    | (not-settled)
//  time, when due               | settled       | settled        | –          | –
//
//                               | question       | its challenge        | proven        | unanswered
//  -----------------------------+----------------+----------------------+---------------+--------------
//  approve                      | ×              | ×                    | ×             | ×
//  choose                       | ×              | ×                    | ×             | ×
//  choose, no rate              | ×              | ×                    | ×             | ×
//  approve, by the bank         | ×              | ×                    | ×             | ×
//  approve, by card             | ×              | ×                    | ×             | ×
//  approve, unlocked            | ×              | ×                    | ×             | ×
//  approve, another phone       | ×              | ×                    | ×             | ×
//  attest                       | ×              | ×                    | ×             | ×
//  attest, locked               | ×              | ×                    | ×             | ×
//  attest, another phone        | ×              | ×                    | ×             | ×
//  approve, in another unit     | ×              | ×                    | ×             | ×
//  approve, rate run out        | ×              | ×                    | ×             | ×
//  approve, chosen since        | ×              | ×                    | ×             | ×
//  approve, too poor            | ×              | ×                    | ×             | ×
//  approve, too young           | ×              | ×                    | ×             | ×
//  too young, the shop is asked | ×              | ×                    | ×             | ×
//  handed back                  | ×              | ×                    | ×             | ×
//  handed back, too poor        | ×              | ×                    | ×             | ×
//  handed back, too young       | ×              | ×                    | ×             | ×
//  permit: yes                  | (not-asked)    | (not-asked)          | ×             | ×
//  permit: no                   | (not-asked)    | (not-asked)          | ×             | ×
//  answer: yes                  | (too-late)     | (too-late)           | (too-late)    | (too-late)
//  answer: no                   | –              | –                    | –             | –
//  answer of another            | (too-late)     | (too-late)           | (too-late)    | (too-late)
//  bill                         | ×              | ×                    | ×             | ×
//  cancel by payer              | ended          | ended                | ×             | ×
//  cancel by biller             | ended          | ended                | ×             | ×
//  take back a line             | (not-found)    | (not-found)          | (not-found)   | (not-found)
//  release                      | ended          | ended                | ×             | ×
//  attend                       | joined         | joined               | ×             | ×
//  challenge                    | joined         | (challenge-open)     | ×             | ×
//  respond, right               | (no-challenge) | joined               | ×             | ×
//  respond, wrong               | (no-challenge) | joined (proof-wrong) | ×             | ×
//  show                         | ×              | ×                    | ×             | ×
//  prove, right                 | proven         | (challenge-open)     | ×             | ×
//  prove, wrong                 | (proof-wrong)  | (challenge-open)     | ×             | ×
//  deliver all                  | (not-found)    | (not-found)          | (not-found)   | (not-found)
//  refunded                     | (not-settled)  | (not-settled)        | (not-settled) | (not-settled)
//  time, when due               | ended          | ended                | –             | –
//
//                               | card shown            | phone there           | by card, held
//  -----------------------------+-----------------------+-----------------------+--------------
//  approve                      | authorising           | authorising           | ×
//  choose                       | joined                | joined                | ×
//  choose, no rate              | (rate-missing)        | (rate-missing)        | ×
//  approve, by the bank         | authorising           | authorising           | ×
//  approve, by card             | authorising           | authorising           | ×
//  approve, unlocked            | (proof-needed)        | authorising           | ×
//  approve, another phone       | joined (other-device) | joined (other-device) | ×
//  attest                       | joined                | –                     | ×
//  attest, locked               | (proof-needed)        | –                     | ×
//  attest, another phone        | joined (other-device) | joined (other-device) | ×
//  approve, in another unit     | settled               | settled               | ×
//  approve, rate run out        | (rate-expired)        | (rate-expired)        | ×
//  approve, chosen since        | (means-changed)       | (means-changed)       | ×
//  approve, too poor            | authorising           | authorising           | ×
//  approve, too young           | joined (restricted)   | joined (restricted)   | ×
//  too young, the shop is asked | joined (shop-asked)   | joined (shop-asked)   | ×
//  handed back                  | authorising           | authorising           | ×
//  handed back, too poor        | authorising           | authorising           | ×
//  handed back, too young       | ended (restricted)    | ended (restricted)    | ×
//  permit: yes                  | (not-asked)           | (not-asked)           | ×
//  permit: no                   | (not-asked)           | (not-asked)           | ×
//  answer: yes                  | (too-late)            | (too-late)            | –
//  answer: no                   | –                     | –                     | (too-late)
//  answer of another            | (too-late)            | (too-late)            | (too-late)
//  bill                         | joined                | joined                | ×
//  cancel by payer              | ended                 | ended                 | ×
//  cancel by biller             | ended                 | ended                 | ended
//  take back a line             | ×                     | ×                     | ×
//  release                      | ended                 | ended                 | ×
//  attend                       | ×                     | ×                     | ×
//  challenge                    | joined                | joined                | ×
//  respond, right               | (no-challenge)        | (no-challenge)        | ×
//  respond, wrong               | (no-challenge)        | (no-challenge)        | ×
//  show                         | joined                | joined                | ×
//  prove, right                 | ×                     | ×                     | ×
//  prove, wrong                 | ×                     | ×                     | ×
//  deliver all                  | ×                     | ×                     | settled
//  refunded                     | (not-settled)         | (not-settled)         | (not-settled)
//  time, when due               | ended                 | ended                 | ended
import { systemAccount, type AccountKey, type AccountNumber } from './accounts.ts'
import { assert } from './assert.ts'
import { fatesOf, faultOf, type Bill, type Biller, type Conditions } from './bill.ts'
import { judgeProof, type Device, type ProofLimits, type ProofResult, type Strength } from './device.ts'
import { bucketOfId, type DealId, type KeyId, type PaymentId, type SchemeId, type TerminalId } from './ids.ts'
import { dayOf, coolingOffEnds } from './calendar.ts'
import type { Account, Limits } from './ledger.ts'
import { ACCOUNT, isOutside, meansFor, ordersOf, type Choice, type Means, type OutsideReason } from './means.ts'
import type { Unit } from './money.ts'
import { IDLE_JOIN_MS } from './numbers.ts'
import type { Offer, Payer, Way } from './offer.ts'
import { refundFault, type RefundLine } from './refund.ts'
import { refuse, type Refusal, type RefusalCode } from './refusals.ts'
import { forbiddenLines, purchasesOf } from './restrictions.ts'
import { inOrder, shownBoth, type Askable, type Shown } from './persona.ts'
import type { Question } from './question.ts'
import type { Bought, Standing } from './standing.ts'
import { evidenceFault, handBackFault, judgedAt } from './evidence.ts'
import { priceOf, shortageOf } from './shortage.ts'

export { transfersOf } from './bookkeeping.ts'
export { handBackFault } from './evidence.ts'
export { shortageOf, type PriceToPay } from './shortage.ts'

export type PortionState =
  | Readonly<{ kind: 'due' }>
  | Readonly<{ kind: 'authorising'; until: number }>
  | Readonly<{ kind: 'held'; until: number; deliverBy: number | null; delivered: bigint | null }>
  | Readonly<{ kind: 'settled'; settled: bigint; at: number }>
  | Readonly<{ kind: 'ended'; at: number }>

export type Portion = Readonly<{
  lines: readonly number[]
  amount: bigint
  conditions: Conditions
  state: PortionState
}>

export const END_REASONS = [
  'cancelled-by-payer',
  'cancelled-by-biller',
  'released',
  'idle',
  'expired',
  'unproven',
  'restricted',
  'refused',
] as const
export type EndReason = (typeof END_REASONS)[number]

export type Payment = Readonly<{
  id: PaymentId
  deal: DealId
  terminal: TerminalId
  biller: Biller
  payer: Payer
  /** how they met */
  way: Way
  /** when a register without a network took the signed purchase; null for all that was handed in at once */
  acceptedAt: number | null
  version: number
  /** asked instead of a bill */
  question: Question | null
  /** the answer to it: the person was there, and let the asker see this */
  answered: Readonly<{ released: readonly Askable[]; strength: Strength; at: number }> | null
  bill: Bill | null
  billVersion: number
  /** hex of the 16 bytes that the next approval must carry; drawn anew with each bill */
  nonce: string
  /** what it is, or will be, paid with */
  means: Means
  /** how often the payer has chosen: an approval that does not fit may be of an earlier choice */
  chosen: number
  /** how many orders to the payer's bank, or the card's issuer, it has made */
  orders: number
  /** the number of the collect that it waits for, or was paid by */
  collect: number | null
  /** the last no of the payer's bank or the card's issuer, until the payer goes on */
  bankRefused: Readonly<{ number: number; reason: OutsideReason }> | null
  /** what the issuer's yes is known by there: approval code and reference, for receipts */
  reference: string | null
  /** met by a card's user id: the phone has answered that its owner had unlocked it, and how */
  attested: Readonly<{ at: number; strength: Strength }> | null
  /** the same, but another phone of the payer's answered first: nothing came of it, and the biller may know */
  strayedAt: number | null
  portions: readonly Portion[]
  joinedAt: number
  /** since when it is the phone's turn, and until when its silence is borne; null while the biller owes the bill */
  turn: Readonly<{ since: number; idleAt: number }> | null
  /** between people nobody waits at a counter: silence ends nothing before `expiresAt` */
  patient: boolean
  /** after this the deal ends by itself while nothing is approved */
  expiresAt: number
  challenge: Readonly<{ nonce: string; failures: number; askedAt: number }> | null
  /** result of the last challenge, for the cashier */
  proven: 'passed' | 'failed' | null
  /** the shop was asked whether it may sell these lines to this payer (it learns no more) */
  asked: Readonly<{ lines: readonly number[]; at: number }> | null
  /** the bill version to which the shop said yes */
  permitted: Readonly<{ billVersion: number; at: number }> | null
  declines: number
  /** `refusal` says why a purchase that was handed back could not be settled */
  ended: Readonly<{ reason: EndReason; refusal: RefusalCode | null; at: number }> | null
  approvedAt: number | null
  /** `back`: what the payer got, where it was in another unit than the bill's */
  refunds: readonly Readonly<{
    id: PaymentId
    refunded: bigint
    back: bigint | null
    lines: readonly RefundLine[]
    at: number
  }>[]
}>

/** What a scheme decides; part of every decision, so that a change takes effect at once. */
export type SchemeRules = Readonly<{
  id: SchemeId
  /** the unlock's life */
  unlockMs: number
  /** from this amount on each payment wants a fresh proof (smallest part of the unit) */
  freshProofFrom: bigint
  /** of every account that has none of its own */
  limits: Limits
  /** whose calendar days and months are (IANA name) */
  zone: string
  /** goods that this payer may not buy: refused, or the shop is asked */
  restricted: 'refuse' | 'ask'
  /** what a kind of proof is good for */
  proofLimits: ProofLimits
  /** what a register without a network may take */
  offline: OfflineLimits
}>

/**
 * Caps of what a register takes while it has no network (smallest part of the unit): of one payment, of one phone and of all that
 * waits at one register, and for how long. The hub holds to the first and the last; the other two only the register can know.
 */
export type OfflineLimits = Readonly<{ payment: bigint; device: bigint; terminal: bigint; ms: number }>

/** `strength` is null unless the proof is right. */
export type Evidence = Readonly<{
  bytes: Uint8Array
  signature: Uint8Array
  proof: ProofResult
  strength: Strength | null
  key: KeyId
}>

export type PaymentCommand =
  | Readonly<{ kind: 'choose'; choice: Choice }>
  | Readonly<{ kind: 'approve'; evidence: Evidence; handedBack?: boolean }>
  /** of the payer's bank or the card's issuer, to the collect of this number; `reason` says why where it is a no */
  | Readonly<{ kind: 'answer'; number: number; yes: boolean; reason: OutsideReason | null; reference: string | null }>
  /** the phone says that its owner is there; `provedAt`: when that was, by the phone's own memory, which may be shorter than ours */
  | Readonly<{ kind: 'attest'; provedAt: number | null }>
  | Readonly<{ kind: 'bill'; billVersion: number; bill: Bill; nonce: string }>
  | Readonly<{ kind: 'cancel'; by: 'payer' | 'biller' }>
  | Readonly<{ kind: 'take-back'; portion: number }>
  | Readonly<{ kind: 'permit'; allowed: boolean }>
  | Readonly<{ kind: 'release' }>
  | Readonly<{ kind: 'attend' }>
  | Readonly<{ kind: 'challenge'; nonce: string }>
  | Readonly<{ kind: 'respond'; evidence: Evidence }>
  | Readonly<{ kind: 'deliver'; portion: number; amount: bigint }>
  | Readonly<{
      kind: 'refunded'
      refund: PaymentId
      amount: bigint
      back: bigint | null
      lines: readonly RefundLine[]
    }>
  /** the payer shows more of themselves, once: `shown` was made from what is verified, of what `mayShow` names */
  | Readonly<{ kind: 'show'; shown: Shown }>
  /** the answer to a question */
  | Readonly<{ kind: 'prove'; evidence: Evidence; released: readonly Askable[]; shown: Shown }>
  | Readonly<{ kind: 'time' }>

type Ending = NonNullable<Payment['ended']>

export type PaymentEvent =
  /** `replaced`: what stood before, where a bank or issuer had been asked for it: its order and approval are told by no other event */
  | Readonly<{
      kind: 'billed'
      bill: Bill
      nonce: string
      replaced?: Readonly<{ bill: Bill; nonce: string }>
      at: number
    }>
  | Readonly<{ kind: 'chosen'; means: Means; at: number }>
  /** `strength` is null where the unlock was enough */
  | Readonly<{ kind: 'approved'; portions: readonly PortionState[]; strength: Strength | null; at: number }>
  /** `reason` is null where it was a yes */
  | Readonly<{
      kind: 'answered'
      portions: readonly PortionState[]
      reason: OutsideReason | null
      reference: string | null
      at: number
    }>
  | Readonly<{ kind: 'attested'; strength: Strength; at: number }>
  /** another phone of the payer's answered for the one that was named */
  | Readonly<{ kind: 'strayed'; at: number }>
  | Readonly<{ kind: 'moved'; portions: readonly PortionState[]; at: number }>
  | (Ending & Readonly<{ kind: 'ended'; portions: readonly PortionState[] }>)
  | Readonly<{ kind: 'declined'; at: number }>
  | Readonly<{ kind: 'attended'; at: number }>
  | Readonly<{ kind: 'challenged'; nonce: string; at: number }>
  | Readonly<{ kind: 'responded'; passed: boolean; at: number }>
  | Readonly<{ kind: 'asked'; lines: readonly number[]; at: number }>
  | Readonly<{ kind: 'permitted'; allowed: boolean; at: number }>
  | Readonly<{ kind: 'shown'; shown: Shown; at: number }>
  | Readonly<{ kind: 'proven'; released: readonly Askable[]; shown: Shown; strength: Strength; at: number }>
  | Readonly<{
      kind: 'refunded'
      refund: PaymentId
      amount: bigint
      back: bigint | null
      lines: readonly RefundLine[]
      at: number
    }>

/** What was locked and loaded for the command. */
export type Loaded = Readonly<{
  rules: SchemeRules
  device: Device | null
  /** the payer's, in the unit that the payment's means counts in (unitOf) */
  account: Account | null
  /** of the payer; null where the command does not ask for it */
  standing: Standing | null
}>

/** Events to record; a refusal too may carry events (a decline) and a changed device (a wrong PIN). */
export type Decision = Readonly<{ events: readonly PaymentEvent[]; refusal: Refusal | null; device: Device | null }>

export type PaymentState = 'joined' | 'authorising' | 'held' | 'settled' | 'proven' | 'ended'

/** An unfinished join ends by itself: a terminal that forgets its customer must not keep a phone in a deal. */
export const JOINED_LIFE_MS = 10 * 60_000
/** A bill between people waits this long for an answer. */
export const PERSON_BILL_LIFE_MS = 3 * 24 * 3_600_000
/** A question sent to a person: whoever asked is waiting at a browser. */
export const QUESTION_LIFE_MS = 5 * 60_000
/** The longest a phone may ask for more time. */
export const PATIENCE_MS = 5 * 60_000
/** A hold that waits for delivery goes back to the payer after this. */
export const DELIVER_WITHIN_MS = 30 * 24 * 3_600_000
/** Whose card's user id was read stands at the counter, and so does everybody behind. Nothing makes it longer. */
export const CARD_ID_LIFE_MS = 2 * 60_000
/** How long an issuer may think. */
export const AUTHORISE_WITHIN_MS = 30_000
/** A one-time number is carried to the terminal, which then asks the issuer by itself. */
export const ONE_TIME_WITHIN_MS = 2 * 60_000
export const CHALLENGE_FAILURES = 3

const DUE: PortionState = { kind: 'due' }

/** The payment that a taken offer makes; its versions go on from the offer's. */
export function joinedPayment(offer: Offer): Payment {
  assert(offer.state.kind === 'taken', 'only a taken offer makes a payment')
  const { payment, payer, nonce, at, way, signed, preset } = offer.state
  // Nobody stands before a screen: it was sent to the person, who may be anywhere.
  const patient = offer.kind === 'person'
  const isSent = payer.device === null
  const means = preset === null || offer.bill === null ? ACCOUNT : meansFor(preset, offer.bill, at)
  assert(!('code' in means), 'a means that does not fit the bill was refused before they met')
  return {
    id: payment,
    deal: offer.deal,
    terminal: offer.terminal,
    biller: offer.biller,
    payer,
    way,
    acceptedAt: signed?.accepted?.at ?? null,
    version: offer.version + 1,
    question: offer.question,
    answered: null,
    bill: offer.bill,
    billVersion: offer.billVersion,
    nonce,
    means,
    chosen: 0,
    orders: 0,
    collect: null,
    bankRefused: null,
    reference: null,
    attested: null,
    strayedAt: null,
    portions: offer.bill === null ? [] : portionsOf(offer.bill),
    joinedAt: at,
    turn:
      (offer.bill === null && offer.question === null) || patient || isSent || way === 'card-id'
        ? null
        : { since: at, idleAt: at + IDLE_JOIN_MS },
    patient,
    expiresAt: at + lifeOf(offer, way, isSent),
    challenge: null,
    proven: null,
    asked: null,
    permitted: null,
    declines: 0,
    ended: null,
    approvedAt: null,
    refunds: [],
  }
}

const lifeOf = ({ kind, question }: Offer, way: Way, isSent: boolean): number => {
  if (way === 'card-id') return CARD_ID_LIFE_MS
  if (question !== null && isSent) return QUESTION_LIFE_MS
  return kind === 'person' ? PERSON_BILL_LIFE_MS : JOINED_LIFE_MS
}

const portionsOf = (bill: Bill): Portion[] =>
  fatesOf(bill).map(({ conditions, lines, amount }) => ({ conditions, lines, amount, state: DUE }))

/** The payment's own state, derived: what is still open wins over what is done. */
export function stateOf(payment: Payment): PaymentState {
  if (payment.answered !== null) return 'proven'
  if (payment.ended !== null && payment.approvedAt === null) return 'ended'
  const kinds = new Set(payment.portions.map((portion) => portion.state.kind))
  if (kinds.has('authorising')) return 'authorising'
  if (kinds.size === 0 || kinds.has('due')) return 'joined'
  if (kinds.has('held')) return 'held'
  return kinds.has('settled') ? 'settled' : 'ended'
}

export const isFinal = (payment: Payment): boolean => ['settled', 'proven', 'ended'].includes(stateOf(payment))

/** What has reached the payee (before refunds), in the bill's unit. */
export const settledAmount = (payment: Payment): bigint =>
  payment.portions.reduce((total, { state }) => total + (state.kind === 'settled' ? state.settled : 0n), 0n)

export const refundedAmount = (payment: Payment): bigint =>
  payment.refunds.reduce((total, { refunded }) => total + refunded, 0n)

/** In which unit money leaves the payer; null while there is no bill. */
export const paidUnit = ({ means, bill }: Pick<Payment, 'means' | 'bill'>): Unit | null =>
  means.kind === 'exchange' ? means.unit : (bill?.unit ?? null)

/**
 * The accounts a command may debit, known before anything is loaded: what to lock. System accounts lie in the payment's bucket.
 * What a payment in another unit debits beside them is known when it is loaded (the switch comes back for it). `reference`: of an
 * answer; only a card's issuer gives one with its yes.
 */
export function needsOf(
  payment: PaymentId,
  command: PaymentCommand['kind'],
  payerAccount: AccountNumber | null,
  reference: string | null = null,
): AccountKey[] {
  switch (command) {
    case 'approve':
      return payerAccount === null ? [] : [payerAccount]
    case 'answer':
      return [systemAccount(reference === null ? 'clearing' : 'card', bucketOfId(payment))]
    case 'cancel':
    case 'take-back':
    case 'deliver':
    case 'time':
      return [systemAccount('escrow', bucketOfId(payment))]
    case 'bill':
    case 'choose':
    case 'release':
    case 'attend':
    case 'attest':
    case 'challenge':
    case 'respond':
    case 'permit':
    case 'show':
    case 'prove':
    case 'refunded':
      return []
  }
}

const yes = (...events: PaymentEvent[]): Decision => ({ events, refusal: null, device: null })
const no = (refusal: Refusal): Decision => ({ events: [], refusal, device: null })

/** The rules. Pure: the same payment, loaded rows, command and time give the same decision. */
export function decide(payment: Payment, loaded: Loaded, command: PaymentCommand, now: number): Decision {
  const state = stateOf(payment)
  const at = now
  switch (command.kind) {
    case 'approve':
      // There never will be a bill.
      if (payment.question !== null) return no(refuse('state-conflict'))
      return command.handedBack === true
        ? orEnded(payment, decideApproval(payment, loaded, command, now), now)
        : decideApproval(payment, loaded, command, now)
    case 'choose':
      return decideChoice(payment, command.choice, now)
    case 'answer':
      return decideOutsideAnswer(payment, command, now)
    case 'attest':
      return decideAttest(payment, loaded, command.provedAt, now)
    case 'bill':
      if (state !== 'joined' || payment.question !== null) return no(refuse('state-conflict'))
      if (command.billVersion !== payment.billVersion) return no(refuse('bill-changed'))
      assert(faultOf(command.bill) === undefined, 'the border refused faulty bills')
      return yes({ kind: 'billed', bill: command.bill, nonce: command.nonce, ...replacedBy(payment), at })
    case 'cancel':
      return decideCancel(payment, command.by, now)
    case 'take-back':
      return decideTakeBack(payment, command.portion, now)
    case 'permit':
      if (state !== 'joined') return no(refuse('state-conflict'))
      if (payment.asked === null) return no(refuse('not-asked'))
      if (command.allowed) return yes({ kind: 'permitted', allowed: true, at })
      return yes({ kind: 'permitted', allowed: false, at }, endedEvent(payment, 'restricted', now))
    case 'release':
      if (state !== 'joined') return no(refuse('state-conflict'))
      return yes(endedEvent(payment, 'released', now))
    case 'attend':
      if (state !== 'joined' || payment.turn === null) return no(refuse('state-conflict'))
      return yes({ kind: 'attended', at })
    case 'challenge':
      if (state !== 'joined') return no(refuse('state-conflict'))
      if (payment.challenge !== null) return no(refuse('challenge-open'))
      return yes({ kind: 'challenged', nonce: command.nonce, at })
    case 'respond':
      return decideResponse(payment, loaded, command.evidence, now)
    case 'show':
      if (state !== 'joined' || payment.question !== null) return no(refuse('state-conflict'))
      return payment.payer.mayShow.length === 0 ? yes() : yes({ kind: 'shown', shown: command.shown, at })
    case 'prove':
      return decideAnswer(payment, loaded, command, now)
    case 'deliver':
      return decideDelivery(payment, command, now)
    case 'refunded': {
      if (payment.refunds.some(({ id }) => id === command.refund)) return yes()
      const { refund, amount, back, lines } = command
      const earlier = payment.refunds.map(({ refunded, lines }) => ({ amount: refunded, lines }))
      const fault = refundFault(payment, earlier, { amount, lines })
      return fault === undefined ? yes({ kind: 'refunded', refund, amount, back, lines, at }) : no(fault)
    }
    case 'time':
      return decideTime(payment, now)
  }
}

/** The payer chooses what to pay with. Choosing again gets a new quote; choosing what stands already changes nothing. */
function decideChoice(payment: Payment, choice: Choice, now: number): Decision {
  if (stateOf(payment) !== 'joined' || payment.question !== null) return no(refuse('state-conflict'))
  if (payment.bill === null) return no(refuse('bill-missing'))
  if (payment.challenge !== null) return no(refuse('challenge-open'))
  const means = meansFor(choice, payment.bill, now)
  if ('code' in means) return no(means)
  return isSameMeans(payment.means, means) ? yes() : yes({ kind: 'chosen', means, at: now })
}

const isSameMeans = (left: Means, right: Means): boolean => {
  if (left.kind === 'account') return right.kind === 'account'
  if (!isOutside(left) || !isOutside(right) || left.id !== right.id || left.label !== right.label) return false
  if (left.kind === 'bank') return right.kind === 'bank'
  return right.kind === 'card' && left.method === right.method && left.oneTime === right.oneTime
}

/** Met by a card's user id, the payer's phone is the one that was named, and no other. */
const isElsewhere = ({ way, payer }: Payment, device: Device | null): boolean =>
  way === 'card-id' && payer.device !== device?.id

/** The biller hears once that another phone answered. */
const strayed = ({ strayedAt }: Payment, now: number): Decision => ({
  events: strayedAt === null ? [{ kind: 'strayed', at: now }] : [],
  refusal: refuse('other-device'),
  device: null,
})

/** Met by a card's user id: the phone itself says that its owner had unlocked it. Nothing is agreed to by that. */
function decideAttest(payment: Payment, loaded: Loaded, provedAt: number | null, now: number): Decision {
  const { device, rules } = loaded
  assert(device !== null, 'attest loads the device')
  if (payment.way !== 'card-id' || stateOf(payment) !== 'joined') return no(refuse('state-conflict'))
  if (isElsewhere(payment, device)) return strayed(payment, now)
  if (payment.attested !== null) return yes()
  // What the phone itself has forgotten is over.
  const known = { ...device, provedAt: Math.min(device.provedAt, provedAt ?? device.provedAt) }
  const rule = { fresh: false, unlockMs: rules.unlockMs, amount: null, rules }
  const { refusal } = judgeProof(known, { proof: 'none', strength: null }, rule, now)
  return refusal === null ? yes({ kind: 'attested', strength: device.provedWith, at: now }) : no(refusal)
}

/** What is so already stays so. A yes that nobody waits for is too late, and what it booked at the other side is reversed. */
function decideOutsideAnswer(
  payment: Payment,
  { number, yes: isYes, reason, reference }: Extract<PaymentCommand, { kind: 'answer' }>,
  now: number,
): Decision {
  if (stateOf(payment) !== 'authorising' || payment.collect !== number) {
    return isYes === wasCollectedBy(payment, number) ? yes() : no(refuse('too-late'))
  }
  const portions = payment.portions.map(({ conditions, amount, state }): PortionState => {
    if (state.kind !== 'authorising') return state
    return isYes ? fundedState(conditions, amount, now) : DUE
  })
  const said = isYes ? { reason: null, reference } : { reason: reason ?? 'refused', reference: null }
  return yes({ kind: 'answered', portions, ...said, at: now })
}

const wasCollectedBy = ({ collect, approvedAt }: Payment, number: number): boolean =>
  approvedAt !== null && collect === number

/** Refusals in order of precedence: state, bill, phone, signature, rate, owner, account. */
function decideApproval(
  payment: Payment,
  loaded: Loaded,
  command: { evidence: Evidence; handedBack?: boolean },
  now: number,
): Decision {
  const { evidence, handedBack = false } = command
  const { means } = payment
  if (stateOf(payment) !== 'joined') return no(refuse('state-conflict'))
  if (payment.bill === null) return no(refuse('bill-missing'))
  if (payment.challenge !== null) return no(refuse('challenge-open'))
  if (payment.asked !== null) return no(refuse('shop-asked'))
  const { device, account, rules, standing } = loaded
  assert(device !== null, 'approve loads the device')
  if (isElsewhere(payment, device)) return strayed(payment, now)
  const fault = handedBack
    ? handBackFault(payment, device, evidence, rules, now)
    : evidenceFault(payment, loaded, evidence, 'approve', now)
  if (fault !== undefined) return no(fault)
  if (means.kind === 'exchange' && means.until <= now) return no(refuse('rate-expired'))

  const { total } = payment.bill
  // A phone that never said that its owner is there says it now, by a proof.
  const isUnattested = payment.way === 'card-id' && payment.attested === null
  const fresh = total >= rules.freshProofFrom || isUnattested
  const judged = judgeProof(
    device,
    evidence,
    { fresh, unlockMs: rules.unlockMs, amount: total, rules, at: judgedAt(payment, now) },
    now,
  )
  if (judged.refusal !== null) return { events: [], refusal: judged.refusal, device: judged.device }

  if (payment.permitted?.billVersion !== payment.billVersion) {
    assert(standing !== null, "approve loads the payer's standing")
    const lines = forbiddenLines(payment.bill, payment.biller, standing, dayOf(now, rules.zone))
    if (lines.length > 0 && rules.restricted === 'ask' && !handedBack) {
      return { events: [{ kind: 'asked', lines, at: now }], refusal: refuse('shop-asked'), device: judged.device }
    }
    if (lines.length > 0) {
      const restricted = refuse('restricted', { lines: lines.join(' ') })
      return { events: [{ kind: 'declined', at: now }], refusal: restricted, device: judged.device }
    }
  }

  const shortage = shortageOf(account, priceOf(payment.bill, means), rules, now)
  if (shortage !== undefined) {
    return { events: [{ kind: 'declined', at: now }], refusal: shortage, device: judged.device }
  }
  const portions = payment.portions.map(({ conditions, amount }): PortionState =>
    isOutside(means)
      ? { kind: 'authorising', until: now + authoriseWithin(means) }
      : fundedState(conditions, amount, now),
  )
  const { strength } = evidence
  return { events: [{ kind: 'approved', portions, strength, at: now }], refusal: null, device: judged.device }
}

/** How long a yes or no from outside is waited for. */
export const authoriseWithin = (means: Means): number =>
  means.kind === 'card' && means.oneTime ? ONE_TIME_WITHIN_MS : AUTHORISE_WITHIN_MS

/** The answer to a question always wants a fresh proof: nothing but the proof is asked for. */
function decideAnswer(
  payment: Payment,
  loaded: Loaded,
  command: Extract<PaymentCommand, { kind: 'prove' }>,
  now: number,
): Decision {
  const { evidence, released, shown } = command
  if (stateOf(payment) !== 'joined' || payment.question === null) return no(refuse('state-conflict'))
  if (payment.challenge !== null) return no(refuse('challenge-open'))
  const { attributes } = payment.question
  if (released.some((what) => !attributes.includes(what))) return no(refuse('state-conflict'))
  const fault = evidenceFault(payment, loaded, evidence, 'authenticate', now, released)
  if (fault !== undefined) return no(fault)
  const { device } = loaded
  assert(device !== null, 'prove loads the device')
  const judged = judgeProof(device, evidence, { fresh: true, unlockMs: 0, amount: null, rules: loaded.rules }, now)
  if (judged.refusal !== null) return { events: [], refusal: judged.refusal, device: judged.device }
  assert(evidence.strength !== null, 'a right proof has a strength')
  const { strength } = evidence
  return {
    events: [{ kind: 'proven', released: inOrder(released), shown, strength, at: now }],
    refusal: null,
    device: judged.device,
  }
}

/** A purchase handed back settles or ends: nobody waits before a screen for a second try. */
function orEnded(payment: Payment, { events, refusal, device }: Decision, now: number): Decision {
  if (refusal === null || stateOf(payment) !== 'joined') return { events, refusal, device }
  return { events: [{ ...endedEvent(payment, 'refused', now), refusal: refusal.code }], refusal, device }
}

/** What a person's counted purchases become by an event: more when a bill is approved, fewer when a line went back. */
export function purchasesFrom(payment: Payment, event: PaymentEvent, zone: string): Bought[] {
  if (payment.bill === null) return []
  if (event.kind === 'approved') {
    const lines = payment.bill.lines.map((_, index) => index)
    return purchasesOf(payment.bill, lines, payment.biller, dayOf(event.at, zone))
  }
  if (!('portions' in event) || payment.approvedAt === null) return []
  const wentBack = payment.portions.filter(({ state }, index) => {
    const after = event.portions[index]?.kind
    return (state.kind === 'held' || state.kind === 'authorising') && (after === 'ended' || after === 'due')
  })
  const lines = wentBack.flatMap(({ lines }) => lines)
  const counted = purchasesOf(payment.bill, lines, payment.biller, dayOf(payment.approvedAt, zone))
  return counted.map((row) => ({ ...row, quantity: -row.quantity }))
}

/** A portion whose money has left the payer: settled at once, or held while its conditions are open. */
function fundedState(conditions: Conditions, amount: bigint, now: number): PortionState {
  const { delivery, coolingOff } = conditions
  if (!delivery && coolingOff === null) return { kind: 'settled', settled: amount, at: now }
  const until = coolingOff === null ? now : coolingOffEnds(coolingOff, now)
  const deliverBy = conditions.delivery ? Math.max(until, now + DELIVER_WITHIN_MS) : null
  return { kind: 'held', until, deliverBy, delivered: conditions.delivery ? null : amount }
}

function decideCancel(payment: Payment, by: 'payer' | 'biller', now: number): Decision {
  const reason = by === 'payer' ? 'cancelled-by-payer' : 'cancelled-by-biller'
  const mayReturn = (state: PortionState): boolean => state.kind === 'held' && (by === 'biller' || state.until > now)
  switch (stateOf(payment)) {
    case 'joined':
    case 'authorising':
      return yes(endedEvent(payment, reason, now))
    case 'held': {
      if (!payment.portions.some(({ state }) => mayReturn(state))) return no(refuse('state-conflict'))
      const portions = payment.portions.map(({ state }) => (mayReturn(state) ? ended(now) : state))
      return yes({ ...endedEvent(payment, reason, now), portions })
    }
    case 'settled':
    case 'proven':
    case 'ended':
      return no(refuse('state-conflict'))
  }
}

/** One line goes back within its cancellation period; the rest of the payment goes on. */
function decideTakeBack(payment: Payment, index: number, now: number): Decision {
  const portion = payment.portions[index]
  if (portion === undefined) return no(refuse('not-found'))
  if (portion.state.kind !== 'held' || portion.conditions.coolingOff === null) return no(refuse('state-conflict'))
  if (portion.state.until <= now) return no(refuse('too-late'))
  const portions = payment.portions.map(({ state }, other) => (other === index ? ended(now) : state))
  const isLast = portions.every(({ kind }) => kind === 'ended')
  return yes(isLast ? endedEvent(payment, 'cancelled-by-payer', now) : { kind: 'moved', portions, at: now })
}

const ended = (at: number): PortionState => ({ kind: 'ended', at })

const endedEvent = (payment: Payment, reason: EndReason, now: number): Extract<PaymentEvent, { kind: 'ended' }> => ({
  kind: 'ended',
  // What went back earlier keeps the moment it did.
  portions: payment.portions.map(({ state }) => (state.kind === 'ended' ? state : ended(now))),
  reason,
  refusal: null,
  at: now,
})

function decideResponse(payment: Payment, loaded: Loaded, evidence: Evidence, now: number): Decision {
  if (stateOf(payment) !== 'joined') return no(refuse('state-conflict'))
  if (payment.challenge === null) return no(refuse('no-challenge'))
  const fault = evidenceFault(payment, loaded, evidence, 'challenge', now)
  if (fault !== undefined) return no(fault)
  assert(loaded.device !== null, 'respond loads the device')
  const judged = judgeProof(
    loaded.device,
    evidence,
    { fresh: true, unlockMs: 0, amount: null, rules: loaded.rules },
    now,
  )
  if (judged.refusal === null)
    return { events: [{ kind: 'responded', passed: true, at: now }], refusal: null, device: judged.device }
  if (judged.refusal.code !== 'proof-wrong') return { events: [], refusal: judged.refusal, device: judged.device }
  const responded: PaymentEvent = { kind: 'responded', passed: false, at: now }
  const last = payment.challenge.failures + 1 >= CHALLENGE_FAILURES
  const events = last ? [responded, endedEvent(payment, 'unproven', now)] : [responded]
  return { events, refusal: judged.refusal, device: judged.device }
}

function decideDelivery(payment: Payment, command: { portion: number; amount: bigint }, now: number): Decision {
  const portion = payment.portions[command.portion]
  if (portion === undefined) return no(refuse('not-found'))
  if (portion.state.kind !== 'held' || portion.state.delivered !== null) return no(refuse('state-conflict'))
  if (command.amount < 0n || command.amount > portion.amount) return no(refuse('state-conflict'))
  const { until, deliverBy } = portion.state
  const next: PortionState =
    until > now ? { kind: 'held', until, deliverBy, delivered: command.amount } : deliveredState(command.amount, now)
  return yes({
    kind: 'moved',
    portions: payment.portions.map((each, index) => (index === command.portion ? next : each.state)),
    at: now,
  })
}

const deliveredState = (amount: bigint, now: number): PortionState =>
  amount === 0n ? ended(now) : { kind: 'settled', settled: amount, at: now }

function decideTime(payment: Payment, now: number): Decision {
  if (payment.answered !== null || (payment.ended !== null && payment.approvedAt === null)) return yes()
  if (stateOf(payment) === 'joined') {
    if (now >= payment.expiresAt) return yes(endedEvent(payment, 'expired', now))
    if (payment.turn !== null && now >= payment.turn.idleAt) return yes(endedEvent(payment, 'idle', now))
    return yes()
  }
  const portions = payment.portions.map(({ state }): PortionState => {
    if (state.kind === 'authorising') return now >= state.until ? DUE : state
    if (state.kind !== 'held') return state
    if (state.delivered !== null && now >= state.until) return deliveredState(state.delivered, now)
    if (state.deliverBy !== null && state.delivered === null && now >= state.deliverBy) return ended(now)
    return state
  })
  const changed = portions.some((state, index) => state !== payment.portions[index]?.state)
  return changed ? yes({ kind: 'moved', portions, at: now }) : yes()
}

/** When the hub must look at the payment again (milliseconds since 1970), or null. */
export function paymentDueAt(payment: Payment): number | null {
  const state = stateOf(payment)
  if (state === 'settled' || state === 'proven' || state === 'ended') return null
  if (state === 'joined') return Math.min(payment.expiresAt, payment.turn?.idleAt ?? Infinity)
  const dues = payment.portions.flatMap(({ state }) => {
    if (state.kind === 'authorising') return [state.until]
    if (state.kind !== 'held') return []
    return state.delivered === null ? [state.deliverBy ?? state.until] : [state.until]
  })
  return dues.length === 0 ? null : Math.min(...dues)
}

/** The payment after an event. */
export function evolve(payment: Payment, event: PaymentEvent): Payment {
  const next = { ...payment, version: payment.version + 1, orders: payment.orders + ordersOf(payment, event).length }
  const withPortions = (states: readonly PortionState[]): readonly Portion[] =>
    payment.portions.map((portion, index) => ({ ...portion, state: states[index] ?? portion.state }))
  const listening = (at: number): Payment['turn'] =>
    payment.turn && { since: payment.turn.since, idleAt: Math.min(at + IDLE_JOIN_MS, payment.turn.since + PATIENCE_MS) }
  switch (event.kind) {
    case 'billed':
      return {
        ...next,
        bill: event.bill,
        billVersion: payment.billVersion + 1,
        nonce: event.nonce,
        means: meansAfter(payment, event.bill),
        bankRefused: null,
        portions: portionsOf(event.bill),
        turn: phonesTurn(payment, event.at),
        asked: null,
        permitted: null,
      }
    case 'chosen':
      return {
        ...next,
        means: event.means,
        chosen: payment.chosen + 1,
        bankRefused: null,
        turn: listening(event.at),
      }
    case 'approved': {
      const collect = isOutside(payment.means) ? next.orders : null
      const portions = withPortions(event.portions)
      const attested = attestedBy(payment, event)
      return { ...next, portions, approvedAt: event.at, turn: null, collect, bankRefused: null, attested }
    }
    case 'answered': {
      const portions = withPortions(event.portions)
      const back = portions.some(({ state }) => state.kind === 'due')
      if (!back) return { ...next, portions, reference: event.reference }
      return {
        ...next,
        portions,
        approvedAt: null,
        declines: payment.declines + 1,
        ...afterNo(payment, event.reason ?? 'refused'),
        turn: phonesTurn(payment, event.at),
      }
    }
    case 'moved': {
      const portions = withPortions(event.portions)
      const back = portions.some(({ state }) => state.kind === 'due')
      if (!back) return { ...next, portions }
      return {
        ...next,
        portions,
        approvedAt: null,
        ...afterNo(payment, 'no-answer'),
        turn: phonesTurn(payment, event.at),
      }
    }
    case 'ended':
      return {
        ...next,
        portions: withPortions(event.portions),
        ended: { reason: event.reason, refusal: event.refusal, at: event.at },
        approvedAt: payment.portions.some(({ state }) => state.kind === 'held' || state.kind === 'settled')
          ? payment.approvedAt
          : null,
        challenge: null,
        turn: null,
      }
    case 'declined':
      return { ...next, declines: payment.declines + 1, turn: listening(event.at) }
    case 'attended':
      return { ...next, turn: listening(event.at) }
    case 'attested':
      return { ...next, attested: attestedBy(payment, event) }
    case 'strayed':
      return { ...next, strayedAt: event.at }
    case 'challenged':
      return {
        ...next,
        challenge: { nonce: event.nonce, failures: 0, askedAt: event.at },
        proven: null,
        turn: listening(event.at),
      }
    case 'responded': {
      const turn = listening(event.at)
      if (event.passed) return { ...next, challenge: null, proven: 'passed', turn }
      const challenge = payment.challenge && { ...payment.challenge, failures: payment.challenge.failures + 1 }
      return { ...next, challenge, proven: 'failed', turn }
    }
    case 'asked':
      return { ...next, asked: { lines: event.lines, at: event.at }, turn: null }
    case 'permitted': {
      const permitted = event.allowed ? { billVersion: payment.billVersion, at: event.at } : null
      return { ...next, asked: null, permitted, turn: phonesTurn(payment, event.at) }
    }
    case 'shown':
      return {
        ...next,
        payer: { ...payment.payer, shown: shownBoth(payment.payer.shown, event.shown), mayShow: [] },
        turn: listening(event.at),
      }
    case 'proven': {
      const { released, shown, strength, at } = event
      const payer = { ...payment.payer, shown: shownBoth(payment.payer.shown, shown), mayShow: [] }
      return { ...next, payer, answered: { released, strength, at }, turn: null }
    }
    case 'refunded': {
      const { refund, amount, back, lines, at } = event
      return { ...next, refunds: [...payment.refunds, { id: refund, refunded: amount, back, lines, at }] }
    }
  }
}

const replacedBy = ({ bill, nonce, orders }: Payment): { replaced?: { bill: Bill; nonce: string } } =>
  bill === null || orders === 0 ? {} : { replaced: { bill, nonce } }

/** A quote was for the bill before; bank and card go on, unless they count in another unit than the new bill. */
const meansAfter = ({ means, bill: before }: Payment, bill: Bill): Means =>
  isOutside(means) && before?.unit === bill.unit ? means : ACCOUNT

/** The first time counts: by saying so, or by a proof with the approval. */
const attestedBy = (
  { way, attested }: Payment,
  { strength, at }: Readonly<{ strength: Strength | null; at: number }>,
): Payment['attested'] => attested ?? (way === 'card-id' && strength !== null ? { at, strength } : null)

/** Nobody waits for that collect any more. */
const afterNo = ({ collect }: Payment, reason: OutsideReason): Pick<Payment, 'collect' | 'bankRefused'> => ({
  collect: null,
  bankRefused: collect === null ? null : { number: collect, reason },
})

/** From now on it is the phone's turn, and its silence is borne for a while. */
const phonesTurn = ({ patient, way }: Payment, at: number): Payment['turn'] =>
  patient || way === 'card-id' ? null : { since: at, idleAt: at + IDLE_JOIN_MS }
