// Why an account cannot pay: stops, units, limits, and at last the money itself.
import type { Bill } from './bill.ts'
import { dayOf } from './calendar.ts'
import { affords, spentWith, type Account } from './ledger.ts'
import { isOutside, type Means } from './means.ts'
import type { Unit } from './money.ts'
import type { SchemeRules } from './payment.ts'
import { refuse, type Refusal } from './refusals.ts'

/** What leaves the payer, of which unit; `outside`: not from an account of this scheme. */
export type PriceToPay = Readonly<{ unit: Unit; total: bigint; outside?: boolean }>

/** What this bill costs the payer by this means. */
export const priceOf = ({ unit, total }: Bill, means: Means): PriceToPay =>
  means.kind === 'exchange' ? { unit: means.unit, total: means.amount } : { unit, total, outside: isOutside(means) }

/**
 * Why this account cannot pay so much, for the payer alone; null is a party without an account in that unit. What comes from outside
 * needs no account and no balance; but who may not pay here may not pay from there either, nor more at once.
 */
export function shortageOf(
  account: Account | null,
  { unit, total, outside = false }: PriceToPay,
  rules: SchemeRules,
  now: number,
): Refusal | undefined {
  if (account === null && !outside) return refuse('unit-mismatch')
  if (account?.status === 'frozen') return refuse('account-frozen')
  if (account?.status === 'closed') return refuse('account-closed')
  if (account !== null && account.unit !== unit) return refuse('unit-mismatch')
  const limits = account?.limits ?? rules.limits
  if (total > limits.perPayment) return refuse('over-limit', { limit: String(limits.perPayment) })
  if (account === null || outside) return undefined
  const spent = spentWith(account.spent, 0n, dayOf(now, rules.zone))
  if (spent.onDay + total > limits.perDay) return refuse('over-day-limit', { left: leftOf(limits.perDay, spent.onDay) })
  if (spent.inMonth + total > limits.perMonth)
    return refuse('over-month-limit', { left: leftOf(limits.perMonth, spent.inMonth) })
  if (!affords(account, total)) return refuse('insufficient-funds', { available: String(account.balance) })
  return undefined
}

const leftOf = (limit: bigint, spent: bigint): string => String(limit > spent ? limit - spent : 0n)
