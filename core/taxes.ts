// The tax of a bill by rate, and of what is left of it after money went back. Amounts are in the unit's smallest part and hold their tax.
import type { Bill, Line } from './bill.ts'
import { allocate, sum } from './money.ts'
import type { Portion } from './payment.ts'
import type { RefundLine } from './refund.ts'
import type { Rounding, RoundingWay } from './shop.ts'

/** All lines of one rate. */
export type TaxRow = Readonly<{
  /** hundredths of a percent */
  rate: number
  isReduced: boolean
  /** with the tax */
  amount: bigint
  tax: bigint
}>

/** Japan's reduced rate, 8 %, whose lines a qualified invoice marks. Other countries ask for no mark. */
export const isReducedRate = (unit: string, rate: number | null): boolean => unit === 'JPY' && rate === 800

/** The tax contained in a gross amount at `rate` hundredths of a percent. */
export function taxWithin(amount: bigint, rate: number, to: RoundingWay): bigint {
  const [above, below] = [amount * BigInt(rate), BigInt(10_000 + rate)]
  switch (to) {
    case 'down':
      return above / below
    case 'up':
      return (above + below - 1n) / below
    case 'half-up':
      return (2n * above + below) / (2n * below)
  }
}

/**
 * One row for each rate, the highest first; lines without a rate are in none. Per bill the tax is worked out of the rate's whole amount
 * and rounded once, which gives the same where the shop adds tax to its prices and where it is in them; per line it is the sum of what the
 * lines say. `left`: what counts of each line, the whole where it is left out.
 */
export function taxRows(
  { unit, lines }: Pick<Bill, 'unit' | 'lines'>,
  rounding: Rounding,
  left = lines.map(({ amount }) => amount),
): TaxRow[] {
  const rates = [...new Set(lines.flatMap(({ taxRate }) => (taxRate === null ? [] : [taxRate])))]
  return rates
    .toSorted((one, other) => other - one)
    .map((rate) => {
      const own = lines.map((line, index) => ({ line, left: left[index] ?? 0n })).filter(isOf(rate))
      const amount = sum(own.map((each) => each.left))
      const tax =
        rounding.per === 'bill'
          ? taxWithin(amount, rate, rounding.to)
          : sum(own.map((each) => shareOfTax(each.line, each.left)))
      return { rate, isReduced: isReducedRate(unit, rate), amount, tax }
    })
}

const isOf =
  (rate: number) =>
  ({ line }: Readonly<{ line: Line }>): boolean =>
    line.taxRate === rate

/** Of a line of which only a part is left: the same part of its tax, rounded down. */
const shareOfTax = ({ amount, tax }: Line, left: bigint): bigint => (amount === 0n ? 0n : (tax * left) / amount)

/**
 * What is left of each line after what went back before it was the shop's, and after refunds. A refund that names lines takes from
 * those; what names none is taken from all settled lines in proportion to what they have left.
 */
export function leftOfLines(
  lines: readonly Line[],
  portions: readonly Portion[],
  refunds: readonly Readonly<{ refunded: bigint; lines: readonly RefundLine[] }>[],
): bigint[] {
  const left = lines.map(({ amount }) => amount)
  // First the named ones, of which the books know that each line has so much: shares of the rest are a matter of proportion.
  for (const { line, amount } of refunds.flatMap((refund) => refund.lines)) left[line] = (left[line] ?? 0n) - amount
  for (const { lines: own, amount, state } of portions) {
    const wentBack = state.kind === 'settled' ? amount - state.settled : state.kind === 'ended' ? amount : 0n
    takeFrom(left, own, wentBack)
  }
  const settled = portions.flatMap(({ lines: own, state }) => (state.kind === 'settled' ? own : []))
  takeFrom(left, settled, sum(refunds.map((refund) => (refund.lines.length === 0 ? refund.refunded : 0n))))
  return left
}

/** Takes an amount from these lines, from each in proportion to what it has. */
function takeFrom(left: bigint[], own: readonly number[], amount: bigint): void {
  const weights = own.map((index) => left[index] ?? 0n)
  if (amount === 0n || sum(weights) === 0n) return
  const shares = allocate(amount, weights)
  own.forEach((index, place) => (left[index] = (left[index] ?? 0n) - (shares[place] ?? 0n)))
}
