// Refunds: whole, in part, or by line; never more than was paid, in all and of each line. The money goes back the way it came.
import { systemAccount, type AccountNumber } from './accounts.ts'
import { assert } from './assert.ts'
import type { Transfer } from './ledger.ts'
import type { Payment } from './payment.ts'
import { shareBack } from './rate.ts'
import { refuse, type Refusal } from './refusals.ts'

/** `amount` of this line (by index) goes back. */
export type RefundLine = Readonly<{ line: number; amount: bigint }>
/** A refund that names no lines is a part of the whole. */
export type RefundWanted = Readonly<{ amount: bigint; lines: readonly RefundLine[] }>

/** Why this refund cannot be after the earlier ones, or undefined. Lines must sum to the amount: the border's to refuse. */
export function refundFault(
  { bill, portions }: Pick<Payment, 'bill' | 'portions'>,
  earlier: readonly RefundWanted[],
  { amount, lines }: RefundWanted,
): Refusal | undefined {
  const settled = portions.reduce((total, { state }) => total + (state.kind === 'settled' ? state.settled : 0n), 0n)
  if (bill === null || settled === 0n) return refuse('not-settled')
  const left = settled - earlier.reduce((total, refund) => total + refund.amount, 0n)
  if (amount > left) return refuse('already-refunded', { left: String(left) })
  const before = totals(earlier.flatMap((refund) => refund.lines))
  const wanted = totals(lines)
  for (const [line, more] of wanted) {
    const portion = portions.find((each) => each.lines.includes(line))
    const billed = bill.lines[line]
    if (portion === undefined || billed === undefined) return refuse('not-found')
    if (portion.state.kind !== 'settled') return refuse('not-settled')
    const ofLine = billed.amount - (before.get(line) ?? 0n)
    if (more > ofLine) return refuse('already-refunded', { left: String(ofLine) })
    // Of goods delivered in part less was settled than billed: their lines together give back no more than that.
    const ofPortion = portion.state.settled - sumOf(before, portion.lines)
    if (sumOf(wanted, portion.lines) > ofPortion) return refuse('already-refunded', { left: String(ofPortion) })
  }
  return undefined
}

/** What the payer gets of a refund in their own unit, after `before` was refunded; null where it is the bill's. */
export const backOf = (
  { bill, means }: Pick<Payment, 'bill' | 'means'>,
  { amount, before }: { amount: bigint; before: bigint },
): bigint | null =>
  means.kind === 'exchange' && bill !== null ? shareBack(means.amount, bill.total, before, amount) : null

/**
 * The money a refund of `amount` moves, decided in the merchant's bucket (`home`): to the payer's account, to the scheme's clearing where
 * the payer's bank is to give it back (to that of cards for an issuer), or through the exchange, at the payment's own price.
 */
export function refundTransfers(
  { id, bill, means, payer, biller }: Payment,
  { account, home, amount, back }: { account: AccountNumber; home: number; amount: bigint; back: bigint | null },
): Transfer[] {
  assert(bill !== null, 'what is refunded had a bill')
  const common = { kind: 'refund', payment: id, debitName: payer.name, creditName: biller.name } as const
  const paidBack = { ...common, debit: account, unit: bill.unit, amount }
  switch (means.kind) {
    case 'account':
      return [{ ...paidBack, credit: payer.account }]
    case 'bank':
      return [{ ...paidBack, credit: systemAccount('clearing', home) }]
    case 'card':
      return [{ ...paidBack, credit: systemAccount('card', home) }]
    case 'exchange': {
      const exchange = systemAccount('exchange', home)
      const given = { ...common, debit: exchange, credit: payer.account, unit: means.unit, amount: back ?? 0n }
      // What is less than the smallest part of the payer's unit comes back with the next.
      return [{ ...paidBack, credit: exchange }, given].filter((transfer) => transfer.amount > 0n)
    }
  }
}

const sumOf = (amounts: ReadonlyMap<number, bigint>, lines: readonly number[]): bigint =>
  lines.reduce((total, line) => total + (amounts.get(line) ?? 0n), 0n)

function totals(lines: readonly RefundLine[]): Map<number, bigint> {
  const sums = new Map<number, bigint>()
  for (const { line, amount } of lines) sums.set(line, (sums.get(line) ?? 0n) + amount)
  return sums
}
