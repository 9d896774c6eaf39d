// What is sold becomes a bill: prices, weights, discounts, tax included or added, a tip. The sum of the lines is the total, always:
//
// - A line's amount holds its tax. Where tax is added it is put into the line's amount.
// - Rounded per line, each line's tax is worked out of that line and rounded by itself.
// - Rounded per bill, the tax of all lines of one class is worked out of their sum and rounded once; then it is dealt out to those
//   lines in proportion to their amounts, each share rounded down and what is left going, one smallest part each, to the largest
//   remainders (the earlier line first). So a line's tax may differ by one from what it would be alone; the class's never does.
// - A discount is taken off before tax. A percentage of money, and a price by weight, are rounded half up.
// - A tip is a share of the sum of all other lines with their tax.
import { faultOf, NO_CONDITIONS, type Bill, type Conditions, type Line, type Restriction } from './bill.ts'
import type { TaxClass } from './goods.ts'
import { allocate, sum, type Unit } from './money.ts'
import type { Rounding, RoundingWay } from './shop.ts'
import { taxWithin } from './taxes.ts'

/** So much less, or so much for the tip. `share` is in hundredths of a percent; an amount in the unit's smallest part. */
export type Share = Readonly<{ kind: 'share'; share: number }> | Readonly<{ kind: 'amount'; amount: bigint }>

/** One line before it is on a bill. */
export type Sold = Readonly<{
  text: string
  code: string | null
  /** of one piece, or of `per` grams, in the unit's smallest part; without the tax where that is added */
  price: bigint
  /** pieces; 1 where it is weighed */
  quantity: number
  weighed: Readonly<{ grams: number; per: number }> | null
  /** off the whole line */
  discount: Share | null
  tax: TaxClass | null
  conditions: Conditions
  restriction: Restriction | null
}>

export type Tip = Readonly<{ text: string; share: Share; tax: TaxClass | null }>

/** The bill of what is sold; undefined where nothing is to be paid, or where it cannot stand (core/bill.ts). */
export function billOfSold(
  unit: Unit,
  { sold, tip }: Readonly<{ sold: readonly Sold[]; tip: Tip | null }>,
  rounding: Rounding,
): Bill | undefined {
  const goods = taxedLines(sold, rounding)
  const all = tip === null ? goods : [...goods, ...tipLine(tip, sum(goods.map(({ amount }) => amount)), rounding)]
  const bill: Bill = { unit, total: sum(all.map(({ amount }) => amount)), lines: all }
  return faultOf(bill) === undefined ? bill : undefined
}

/** What a line costs before tax is added: pieces or weight times price, less the discount; never below zero. */
export function priceOf({ price, quantity, weighed, discount }: Omit<Sold, 'text' | 'code'>): bigint {
  const full = weighed === null ? price * BigInt(quantity) : halfUp(price * BigInt(weighed.grams), BigInt(weighed.per))
  const off = discount === null ? 0n : shareOf(full, discount)
  return off > full ? 0n : full - off
}

/** A share of an amount, rounded half up; or the amount itself. */
export const shareOf = (amount: bigint, share: Share): bigint =>
  share.kind === 'amount' ? share.amount : halfUp(amount * BigInt(share.share), 10_000n)

/** The tax on top of a net amount at `rate` hundredths of a percent. */
export function taxOnTop(amount: bigint, rate: number, to: RoundingWay): bigint {
  const above = amount * BigInt(rate)
  switch (to) {
    case 'down':
      return above / 10_000n
    case 'up':
      return (above + 9_999n) / 10_000n
    case 'half-up':
      return halfUp(above, 10_000n)
  }
}

const halfUp = (above: bigint, below: bigint): bigint => (2n * above + below) / (2n * below)

const taxOf = (amount: bigint, { rate, isAdded }: TaxClass, to: RoundingWay): bigint =>
  isAdded ? taxOnTop(amount, rate, to) : taxWithin(amount, rate, to)

function taxedLines(sold: readonly Sold[], { per, to }: Rounding): Line[] {
  const prices = sold.map(priceOf)
  const taxes = sold.map((each, index) =>
    each.tax === null || per === 'bill' ? 0n : taxOf(prices[index] ?? 0n, each.tax, to),
  )
  if (per === 'bill') {
    for (const own of classesOf(sold)) {
      const [first] = own
      const tax = first === undefined ? null : (sold[first]?.tax ?? null)
      const weights = own.map((index) => prices[index] ?? 0n)
      if (tax === null || sum(weights) === 0n) continue
      const shares = allocate(taxOf(sum(weights), tax, to), weights)
      own.forEach((index, place) => (taxes[index] = shares[place] ?? 0n))
    }
  }
  return sold.map(({ text, code, quantity, tax, conditions, restriction }, index): Line => {
    const [price, own] = [prices[index] ?? 0n, taxes[index] ?? 0n]
    const amount = tax?.isAdded === true ? price + own : price
    return { text, quantity, amount, taxRate: tax?.rate ?? null, tax: own, code, conditions, restriction }
  })
}

/** The places of the lines of each tax class. */
function classesOf(sold: readonly Sold[]): readonly (readonly number[])[] {
  const classes = new Map<string, number[]>()
  sold.forEach(({ tax }, index) => {
    if (tax === null) return
    const name = `${tax.rate} ${tax.isAdded}`
    const own = classes.get(name) ?? []
    own.push(index)
    classes.set(name, own)
  })
  return [...classes.values()]
}

function tipLine({ text, share, tax }: Tip, goods: bigint, rounding: Rounding): Line[] {
  const amount = shareOf(goods, share)
  if (amount === 0n) return []
  const contained = tax === null ? 0n : taxWithin(amount, tax.rate, rounding.to)
  return [
    {
      text,
      quantity: 1,
      amount,
      taxRate: tax?.rate ?? null,
      tax: contained,
      code: null,
      conditions: NO_CONDITIONS,
      restriction: null,
    },
  ]
}
