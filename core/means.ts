// Means: what a payment is paid with, and what the hub orders of the payer's bank where that is the means.
//
//   account   the payer's account in the bill's own unit: what stands when nothing was chosen
//   exchange  the payer's account in another unit, at a price that is fixed for this payment
//   bank      outside: an order goes to the payer's bank, and its answer decides
//
// An order is identified by its payment and a number, which goes up from 1, and is carried out until it is answered:
// collect   the amount leaves the payer's bank account
// reverse   a collect that nobody waits for any more never happened, whether or not the bank has heard of it
// return    a part of what was collected goes back to the payer's bank account
import { assert } from './assert.ts'
import type { MeansId, PartyId, PaymentId } from './ids.ts'
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

export type Exchange = Extract<Means, { kind: 'exchange' }>

export const ACCOUNT: Means = { kind: 'account' }

/** What the payer asks for, with what was looked up outside the rules: the rate of the moment (null: none), the registered means. */
export type Choice =
  | Readonly<{ kind: 'account' }>
  | Readonly<{ kind: 'exchange'; rate: Rate | null }>
  /** `unit`: what the bank account counts in */
  | Readonly<{ kind: 'bank'; id: MeansId; label: string; unit: Unit }>

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

export const ORDER_KINDS = ['collect', 'reverse', 'return'] as const

/** What the hub wants of the payer's bank; identified by payment and number, unique for ever. */
export type Order = Readonly<{
  payment: PaymentId
  number: number
  kind: (typeof ORDER_KINDS)[number]
  /** of a reverse or return: the collect's number */
  of: number | null
  party: PartyId
  means: MeansId
  unit: Unit
  amount: bigint
  madeAt: number
}>

/**
 * How an order stands. open: not answered yet · yes, no: a collect was answered, and the payment knows · done: a reverse or return was
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
  }
}

/** What an event wants of the payer's bank, in the order of its numbers. `payment` is the one before the event. */
export function ordersOf(payment: Payment, event: PaymentEvent): Order[] {
  const { bill, means, collect, orders } = payment
  if (means.kind !== 'bank' || bill === null) return []
  const wanted = { collect: 0n, reverse: 0n, return: event.kind === 'refunded' ? event.amount : 0n }
  const states = 'portions' in event ? event.portions : []
  states.forEach((after, index) => {
    const portion = payment.portions[index]
    assert(portion !== undefined, 'an event names the portions of its payment')
    const { state: before, amount } = portion
    if (before.kind === 'due' && after.kind === 'authorising') wanted.collect += amount
    // A no needs none: the bank has said that nothing was booked.
    const isGivenUp = before.kind === 'authorising' && (after.kind === 'due' || after.kind === 'ended')
    if (isGivenUp && event.kind !== 'answered') wanted.reverse += amount
    if (before.kind === 'held' && after.kind === 'settled') wanted.return += amount - after.settled
    if (before.kind === 'held' && after.kind === 'ended') wanted.return += amount
  })
  return ORDER_KINDS.filter((kind) => wanted[kind] > 0n).map((kind, index) => ({
    payment: payment.id,
    number: orders + 1 + index,
    kind,
    of: kind === 'collect' ? null : collect,
    party: payment.payer.party,
    means: means.id,
    unit: bill.unit,
    amount: wanted[kind],
    madeAt: event.at,
  }))
}
