// Means: what a payment is paid with, and what the hub orders of the payer's bank or of the card's issuer where that is the means.
//
//   account   the payer's account in the bill's own unit: what stands when nothing was chosen
//   exchange  the payer's account in another unit, at a price that is fixed for this payment
//   bank      outside: an order goes to the payer's bank, and its answer decides
//   card      outside: the same with the card's issuer, and with a method by which the payer repays it
//
// An order is identified by its payment and a number, which goes up from 1, and is carried out until it is answered:
//
//             | bank                                  | card
//  -----------+---------------------------------------+--------------------------------------------------------------
//  collect    | the amount leaves the payer's account | the issuer authorises the amount
//  capture    |                                       | of it, so much is claimed: the shop has it for good
//  release    |                                       | of it, so much is not claimed: goods that did not come
//  return     | a part of it goes back there          | a part of what was captured is given back
//  reverse    | a collect that nobody waits for any more never happened, whether or not the other side has heard of it
//
// Where the card pays by a one-time number the terminal's own request has claimed the whole: there nothing is captured or released,
// and whatever goes back is a return.
import { assert } from './assert.ts'
import type { MeansId, PartyId, PaymentId } from './ids.ts'
import type { Method } from './method.ts'
import { MAX_AMOUNT, type Unit } from './money.ts'
import { quote, type Rate } from './rate.ts'
import { refuse, type Refusal } from './refusals.ts'
import type { Bill } from './bill.ts'
import type { Payment, PaymentEvent } from './payment.ts'

/** What the payer has chosen to pay with; 'account' is the account in the bill's own unit. */
export type Means =
  | Readonly<{ kind: 'account' }>
  /** `amount` of `unit` leaves the payer; `price`: main units of the bill's currency for one main unit of `unit` (decimal text) */
  | Readonly<{ kind: 'exchange'; unit: Unit; amount: bigint; price: string; until: number }>
  /** outside: an order goes to the payer's bank; `label` is what both the payer's screens show ("Tanuki Bank ···567") */
  | Readonly<{ kind: 'bank'; id: MeansId; label: string }>
  /** outside: an order goes to the card's issuer; `oneTime`: by a number for this payment alone, which the terminal sends by itself */
  | Readonly<{ kind: 'card'; id: MeansId; label: string; method: Method; oneTime: boolean }>

export type Exchange = Extract<Means, { kind: 'exchange' }>

/** Means that another program answers for. */
export type Outside = Extract<Means, { kind: 'bank' | 'card' }>

export const ACCOUNT: Means = { kind: 'account' }

/** Does another program answer for it, outside this scheme's ledger? */
export const isOutside = (means: Means): means is Outside => means.kind === 'bank' || means.kind === 'card'

/** What the payer asks for, with what was looked up outside the rules: the rate of the moment (null: none), the registered means. */
export type Choice =
  | Readonly<{ kind: 'account' }>
  | Readonly<{ kind: 'exchange'; rate: Rate | null }>
  /** `unit`: what the bank account counts in */
  | Readonly<{ kind: 'bank'; id: MeansId; label: string; unit: Unit }>
  /** `unit`: what the card is billed in; `oneTime`: as the terminal is set, not as the payer likes */
  | Readonly<{ kind: 'card'; id: MeansId; label: string; unit: Unit; method: Method; oneTime: boolean }>

/** Why the payer's bank did not pay, for the payer alone. */
export const BANK_REASONS = [
  'no-funds',
  'no-mandate',
  'no-answer',
  'unavailable',
  'refused',
  'over-bank-limit',
] as const
export type BankReason = (typeof BANK_REASONS)[number]

/** Why whoever answers for a means did not pay: a card's issuer has reasons of its own beside a bank's. */
export const OUTSIDE_REASONS = [
  ...BANK_REASONS,
  'card-refused',
  'card-expired',
  'card-stopped',
  'method-refused',
  'over-card-limit',
] as const
export type OutsideReason = (typeof OUTSIDE_REASONS)[number]

/** In the order in which one event numbers them. */
export const ORDER_KINDS = ['collect', 'reverse', 'return', 'capture', 'release'] as const

/** What the hub wants of the payer's bank or the card's issuer; identified by payment and number, unique for ever. */
export type Order = Readonly<{
  payment: PaymentId
  number: number
  kind: (typeof ORDER_KINDS)[number]
  /** of all but a collect: the collect's number */
  of: number | null
  /** who carries it out */
  via: Outside['kind']
  /** by card: how it is repaid */
  method: Method | null
  oneTime: boolean
  party: PartyId
  means: MeansId
  unit: Unit
  amount: bigint
  madeAt: number
}>

/**
 * How an order stands. open: not answered yet · yes, no: a collect was answered, and the payment knows · done: another kind was
 * carried out · stuck: somebody must look at it
 */
export const ORDER_STATES = ['open', 'yes', 'no', 'done', 'stuck'] as const
export type OrderState = (typeof ORDER_STATES)[number]

/** A quote holds this long, or as long as the rate where that is shorter: time to read two amounts and approve. */
export const QUOTE_LIFE_MS = 2 * 60_000

/** What a choice makes of this bill at `now`: the quote is fixed here. */
export function meansFor(choice: Choice, bill: Bill, now: number): Means | Refusal {
  switch (choice.kind) {
    case 'account':
      return ACCOUNT
    case 'exchange': {
      const { rate } = choice
      // The bill may have changed its currency since the rate was looked up.
      if (rate === null || rate.to !== bill.unit || rate.from === bill.unit) return refuse('rate-missing')
      if (rate.until <= now) return refuse('rate-expired')
      const amount = quote(bill.total, rate)
      if (amount > MAX_AMOUNT) return refuse('over-limit', { limit: String(MAX_AMOUNT) })
      return {
        kind: 'exchange',
        unit: rate.from,
        amount,
        price: rate.price,
        until: Math.min(rate.until, now + QUOTE_LIFE_MS),
      }
    }
    case 'bank': {
      const { id, label, unit } = choice
      return unit === bill.unit ? { kind: 'bank', id, label } : refuse('unit-mismatch')
    }
    case 'card': {
      const { id, label, unit, method, oneTime } = choice
      return unit === bill.unit ? { kind: 'card', id, label, method, oneTime } : refuse('unit-mismatch')
    }
  }
}

/** What an event wants of whoever answers for the means, in the order of its numbers. `payment` is the one before the event. */
export function ordersOf(payment: Payment, event: PaymentEvent): Order[] {
  const { bill, means, collect, orders } = payment
  if (!isOutside(means) || bill === null) return []
  const wanted = { collect: 0n, reverse: 0n, return: 0n, capture: 0n, release: 0n }
  if (event.kind === 'refunded') wanted.return = event.amount
  const oneTime = means.kind === 'card' && means.oneTime
  const isClaimed = means.kind === 'bank' || oneTime
  const back = isClaimed ? 'return' : 'release'
  const states = 'portions' in event ? event.portions : []
  states.forEach((after, index) => {
    const portion = payment.portions[index]
    assert(portion !== undefined, 'an event names the portions of its payment')
    const { state: before, amount } = portion
    if (before.kind === 'due' && after.kind === 'authorising') wanted.collect += amount
    // A no needs none: the other side has said that nothing was booked.
    const isGivenUp = before.kind === 'authorising' && (after.kind === 'due' || after.kind === 'ended')
    if (isGivenUp && event.kind !== 'answered') wanted.reverse += amount
    const isHeld = before.kind === 'held'
    const [claimed, rest] = after.kind === 'settled' ? [after.settled, amount - after.settled] : [0n, amount]
    if (!isClaimed && (isHeld || before.kind === 'authorising')) wanted.capture += claimed
    if (isHeld && (after.kind === 'settled' || after.kind === 'ended')) wanted[back] += rest
  })
  return ORDER_KINDS.filter((kind) => wanted[kind] > 0n).map((kind, index) => ({
    payment: payment.id,
    number: orders + 1 + index,
    kind,
    of: kind === 'collect' ? null : collect,
    via: means.kind,
    method: means.kind === 'card' ? means.method : null,
    oneTime,
    party: payment.payer.party,
    means: means.id,
    unit: bill.unit,
    amount: wanted[kind],
    madeAt: event.at,
  }))
}
