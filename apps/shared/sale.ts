// How a sale stands, for people; and what of it may still be given back. Pure; amounts in the unit's smallest part.
import { sum } from '#core/money.ts'
import type { DealView } from '#protocol/views.ts'

export type SaleState =
  'waiting' | 'held' | 'paid' | 'partRefunded' | 'refunded' | 'notPaid' | 'answered' | 'notAnswered'

export function saleState(sale: DealView): SaleState {
  if (sale.state === 'proven') return 'answered'
  if (sale.state === 'held') return 'held'
  if (sale.state === 'settled') {
    const refunded = refundedOf(sale)
    if (refunded === 0n) return 'paid'
    return refunded < settledOf(sale) ? 'partRefunded' : 'refunded'
  }
  if (!['expired', 'withdrawn', 'ended'].includes(sale.state)) return 'waiting'
  return sale.question === null ? 'notPaid' : 'notAnswered'
}

/** What went back of a paid bill before it was the shop's: taken back in time, or not handed over. */
export const wentBackOf = ({ approvedAt, portions }: DealView): bigint =>
  approvedAt === null ? 0n : sum(portions.map(({ state, amount }) => (state === 'ended' ? BigInt(amount) : 0n)))

export const settledOf = (sale: DealView): bigint => sum(sale.portions.map(({ settled }) => BigInt(settled)))
export const refundedOf = (sale: DealView): bigint => sum(sale.refunds.map(({ amount }) => BigInt(amount)))
export const refundableOf = (sale: DealView): bigint => settledOf(sale) - refundedOf(sale)

/** When the last of the held money becomes the shop's by itself (milliseconds since 1970), or null while it waits for something else. */
export function yoursFrom(sale: DealView): number | null {
  const ends = sale.portions.flatMap(({ state, waits, until }) =>
    state === 'held' ? [waits === 'cooling-off' ? until : null] : [],
  )
  return ends.length === 0 || ends.includes(null) ? null : Math.max(...ends.map(Number))
}

export type SaleLine = Readonly<{
  index: number
  text: string
  quantity: number
  amount: bigint
  /** what of this line can still go back on its own */
  left: bigint
  portion: DealView['portions'][number] | undefined
}>

/** The lines of the bill with what is left to give back of each; a refund of no particular line lowers only the whole. */
export function linesOf(sale: DealView): SaleLine[] {
  const most = refundableOf(sale)
  return (sale.bill?.lines ?? []).map(({ text, quantity, amount }, index) => {
    const portion = sale.portions.find(({ lines }) => lines.includes(index))
    const given = sum(
      sale.refunds.flatMap(({ lines }) =>
        lines.filter(({ line }) => line === index).map((each) => BigInt(each.amount)),
      ),
    )
    const own = portion?.state === 'settled' ? BigInt(amount) - given : 0n
    return { index, text, quantity, amount: BigInt(amount), left: own < most ? own : most, portion }
  })
}
