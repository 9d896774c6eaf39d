// A business day's totals, as acquirer and issuer compare them (0500, 0510): what was taken and given back, and what of it was reversed.
import type { Unit } from '#core/money.ts'
import { digitsOf, numericFor, unitIn } from './elements.ts'
import type { Message } from './iso8583.ts'

export type Sum = Readonly<{ count: number; amount: bigint }>

/**
 * debits: captures and sales that were approved · credits: refunds · …Reversals: of them, reversed, by the day of the reversal.
 * What is only set aside, and released or reversed before it is taken, is in none of them.
 */
export type Totals = Readonly<{ debits: Sum; debitReversals: Sum; credits: Sum; creditReversals: Sum }>

const NONE: Sum = { count: 0, amount: 0n }
export const NO_TOTALS: Totals = { debits: NONE, debitReversals: NONE, credits: NONE, creditReversals: NONE }

/** Where a sum stands: number and amount. */
const PLACES = {
  credits: [74, 86],
  creditReversals: [75, 87],
  debits: [76, 88],
  debitReversals: [77, 89],
} as const satisfies Record<keyof Totals, readonly [number, number]>
const PARTS = ['credits', 'creditReversals', 'debits', 'debitReversals'] as const

/** Adds one to a sum. */
export function counted(totals: Totals, part: keyof Totals, amount: bigint): Totals {
  const { count, amount: before } = totals[part]
  return { ...totals, [part]: { count: count + 1, amount: before + amount } }
}

/** What the cardholders owe of the day: below zero where more was given back than taken. */
export const netOf = ({ debits, debitReversals, credits, creditReversals }: Totals): bigint =>
  debits.amount - debitReversals.amount - credits.amount + creditReversals.amount

export const areEqual = (left: Totals, right: Totals): boolean =>
  PARTS.every((part) => left[part].count === right[part].count && left[part].amount === right[part].amount)

/** DE 50, 74–77, 86–89 and 97. */
export function totalFields(unit: Unit, totals: Totals): Record<number, string> {
  const fields: Record<number, string> = { 50: numericFor(unit) }
  for (const part of PARTS) {
    const [count, amount] = PLACES[part]
    fields[count] = digitsOf(BigInt(totals[part].count), 10)
    fields[amount] = digitsOf(totals[part].amount, 16)
  }
  const net = netOf(totals)
  fields[97] = net < 0n ? `C${digitsOf(-net, 16)}` : `D${digitsOf(net, 16)}`
  return fields
}

/** The totals of a message; or the data element that is missing or does not agree with the others. */
export function readTotals(fields: Message['fields']): Readonly<{ unit: Unit; totals: Totals }> | number {
  const unit = unitIn(fields[50])
  if (unit === undefined) return 50
  let totals = NO_TOTALS
  for (const part of PARTS) {
    const [count, amount] = PLACES[part]
    const [counts, amounts] = [fields[count], fields[amount]]
    if (counts === undefined) return count
    if (amounts === undefined) return amount
    totals = { ...totals, [part]: { count: Number(counts), amount: BigInt(amounts) } }
  }
  const said = totalFields(unit, totals)[97]
  return fields[97] === said ? { unit, totals } : 97
}
