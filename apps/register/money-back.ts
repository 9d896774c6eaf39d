// What of a deal has been paid, given back, and still waits to be handed over. Amounts in the unit's smallest part. Pure.
import { sum } from '#core/money.ts'
import type { DealView } from '#protocol/views.ts'

/** What has reached the shop, before refunds. */
export const settledOf = (deal: DealView): bigint => sum(deal.portions.map(({ settled }) => BigInt(settled)))

export const refundedOf = (deal: DealView): bigint => sum(deal.refunds.map(({ amount }) => BigInt(amount)))

/** The most that can still be given back. */
export const refundableOf = (deal: DealView): bigint => settledOf(deal) - refundedOf(deal)

export type HeldPortion = Readonly<{ index: number; amount: bigint; until: number | null; lines: readonly number[] }>

/** Portions whose money is set aside, until the goods are handed over or the customer can take them back no more. */
export const heldOf = (deal: DealView): readonly HeldPortion[] =>
  deal.portions.flatMap(({ state, amount, until, lines }, index) =>
    state === 'held' ? [{ index, amount: BigInt(amount), until, lines }] : [],
  )

/** Portions that wait for the shop to hand the goods over. */
export const toHandOver = (deal: DealView): readonly HeldPortion[] =>
  heldOf(deal).filter(({ index }) => deal.portions[index]?.waits === 'delivery')

/** When the last of the goods that can be taken back is the shop's (milliseconds since 1970), or null where there are none. */
export function yoursOn(deal: DealView): number | null {
  const ends = deal.portions.flatMap(({ waits, until }) => (waits === 'cooling-off' && until !== null ? [until] : []))
  return ends.length === 0 ? null : Math.max(...ends)
}

export const heldAmountOf = (deal: DealView): bigint => sum(heldOf(deal).map(({ amount }) => amount))

/** How a deal is listed in the history. */
export type RecordState =
  'waiting' | 'paid' | 'held' | 'part-refunded' | 'refunded' | 'not-paid' | 'answered' | 'not-answered'

export function recordStateOf(deal: DealView): RecordState {
  if (deal.state === 'proven') return 'answered'
  if (deal.state === 'held') return 'held'
  if (deal.state === 'settled') {
    const refunded = refundedOf(deal)
    if (refunded === 0n) return 'paid'
    return refunded < settledOf(deal) ? 'part-refunded' : 'refunded'
  }
  const isOver = deal.state === 'expired' || deal.state === 'withdrawn' || deal.state === 'ended'
  if (!isOver) return 'waiting'
  return deal.question === null ? 'not-paid' : 'not-answered'
}
