// The ledger: transfers move an amount from one account to another; nothing posted is ever edited.
// The debit side is booked with the transfer (log first, withdraw now); the credit side follows from the log (deposit later).
import { hasFloor, isSystemAccount, systemAccountKind, type AccountKey, type SystemAccountKind } from './accounts.ts'
import { sha256, utf8 } from './bytes.ts'
import { monthOf } from './calendar.ts'
import { idBytes, type PaymentId } from './ids.ts'
import type { Unit } from './money.ts'

/** settle: payer → payee · hold: payer → escrow · release: escrow → payee · return: escrow → payer · refund: payee → payer ·
 *  exchange: payer → the scheme's exchange, in the payer's own unit, where the bill counts in another ·
 *  deposit: cash desk → account · withdraw: account → cash desk · credit: the scheme's issue → account (allowances, payroll) ·
 *  post: opening balances. docs/accounting.md says which event makes which. */
export const TRANSFER_KINDS = [
  'settle',
  'hold',
  'release',
  'return',
  'refund',
  'exchange',
  'deposit',
  'withdraw',
  'credit',
  'post',
] as const
export type TransferKind = (typeof TRANSFER_KINDS)[number]

export type Transfer = Readonly<{
  debit: AccountKey
  credit: AccountKey
  unit: Unit
  amount: bigint
  kind: TransferKind
  payment: PaymentId | null
  /** the names each side reads in its history for the other */
  debitName: string
  creditName: string
}>

/** A transfer in its bucket's journal: gapless sequence, chained by hash. */
export type PostedTransfer = Transfer &
  Readonly<{ bucket: number; sequence: bigint; creditBucket: number; at: number; hash: Uint8Array }>

export type AccountStatus = 'open' | 'frozen' | 'closed'

/** The most that may be paid at once, on a day and in a month of the scheme's calendar (smallest part of the unit). */
export type Limits = Readonly<{ perPayment: bigint; perDay: bigint; perMonth: bigint }>

/** What has been paid since the day (20261203) and month (202612) began; older ones count as zero. */
export type Spent = Readonly<{ day: number; onDay: bigint; month: number; inMonth: bigint }>

/** One unit of one party (or system account) in its bucket. `version` counts its entries. */
export type Account = Readonly<{
  key: AccountKey
  unit: Unit
  status: AccountStatus
  balance: bigint
  version: bigint
  /** the account's own, null where the scheme's stand */
  limits: Limits | null
  spent: Spent
}>

export const NOTHING_SPENT: Spent = { day: 0, onDay: 0n, month: 0, inMonth: 0n }

/** One side of a transfer in an account, with the balance after it. */
export type Entry = Readonly<{
  bucket: number
  account: AccountKey
  unit: Unit
  number: bigint
  amount: bigint
  balance: bigint
  kind: TransferKind
  payment: PaymentId | null
  other: AccountKey
  otherName: string
  sourceBucket: number
  sequence: bigint
  at: number
}>

/**
 * The most that one of the scheme's own accounts may have given out, in smallest parts: four times the yen in notes of all Japan, and
 * half of that where issuers of cards owe it. Money comes into being only there, so no sum of it passes 2^63: 4,096 buckets ×
 * (4 sources × 5·10^14 + 2.5·10^14) = 9.22·10^18. Without an end here ten postings of 10^18 to one account could never be deposited,
 * and nothing else of its bucket behind them.
 */
export const MOST_ISSUED = 500_000_000_000_000n
export const MOST_BY_CARD = MOST_ISSUED / 2n

/** May `amount` leave the account? Everybody's floor is zero, but for the scheme's own accounts, where money begins. */
export function affords({ key, balance }: Account, amount: bigint): boolean {
  if (!isSystemAccount(key)) return balance >= amount
  const kind = systemAccountKind(key)
  return !isSource(kind) || balance - amount >= -(kind === 'card' ? MOST_BY_CARD : MOST_ISSUED)
}

/** Escrow and fees only pass on what came in, though a release may be booked before its hold is deposited. */
const isSource = (kind: SystemAccountKind): boolean => kind !== 'escrow' && kind !== 'fee'

/** What was paid on `day` and in its month, with `amount` more. */
export function spentWith(spent: Spent, amount: bigint, day: number): Spent {
  const month = monthOf(day)
  return {
    day,
    onDay: (spent.day === day ? spent.onDay : 0n) + amount,
    month,
    inMonth: (spent.month === month ? spent.inMonth : 0n) + amount,
  }
}

/** Does this transfer count against its debit account's limits? Payments do; what goes back, and the cash desk, do not. */
export const isSpending = ({ kind, debit }: Pick<Transfer, 'kind' | 'debit'>): boolean =>
  (kind === 'settle' || kind === 'hold' || kind === 'exchange') && hasFloor(debit)

/** The account after a debit on `day`. */
export const debited = (account: Account, transfer: Transfer, day: number): Account => ({
  ...account,
  balance: account.balance - transfer.amount,
  version: account.version + 1n,
  spent: isSpending(transfer) ? spentWith(account.spent, transfer.amount, day) : account.spent,
})

/** The first link of every bucket's chain. */
export const GENESIS_HASH = sha256(utf8('warifu journal 1'))

/** hash n = SHA-256(hash n−1 | bucket 8 | sequence 8 | amount 8 | at 8 | payment 16 | text fields joined by NUL). */
export function chainHash(previous: Uint8Array, transfer: Omit<PostedTransfer, 'hash'>): Uint8Array {
  const { debit, credit, unit, kind, debitName, creditName, creditBucket, payment } = transfer
  const texts = utf8([debit, credit, unit, kind, debitName, creditName, String(creditBucket)].join('\0'))
  // One piece of memory, filled in place: the bank does this for every transfer.
  const bytes = new Uint8Array(previous.length + CHAINED_BYTES + texts.length)
  const view = new DataView(bytes.buffer)
  bytes.set(previous)
  let at = previous.length
  for (const value of [BigInt(transfer.bucket), transfer.sequence, transfer.amount, BigInt(transfer.at)]) {
    view.setBigUint64(at, value)
    at += 8
  }
  if (payment !== null) bytes.set(idBytes(payment), at)
  bytes.set(texts, at + 16)
  return sha256(bytes)
}

/** Four numbers of eight bytes, and the payment's id. */
const CHAINED_BYTES = 4 * 8 + 16
