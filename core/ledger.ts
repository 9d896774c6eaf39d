// The ledger: transfers move an amount from one account to another; nothing posted is ever edited.
// The debit side is booked with the transfer (log first, withdraw now); the credit side follows from the log (deposit later).
import { hasFloor, type AccountKey } from './accounts.ts'
import { concat, fromU64, sha256, utf8 } from './bytes.ts'
import { idBytes, type PaymentId } from './ids.ts'
import type { Unit } from './money.ts'

/** settle: payer → payee · hold: payer → escrow · release: escrow → payee · return: escrow → payer · refund: payee → payer ·
 *  post: by the operator (cash desk, opening balances, payroll) */
export const TRANSFER_KINDS = ['settle', 'hold', 'release', 'return', 'refund', 'post'] as const
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

/** One unit of one party (or system account) in its bucket. `version` counts its entries. */
export type Account = Readonly<{
  key: AccountKey
  unit: Unit
  status: AccountStatus
  balance: bigint
  version: bigint
}>

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

/** May `amount` leave the account? System accounts have no floor; everybody else's floor is zero. */
export const affords = (account: Account, amount: bigint): boolean =>
  !hasFloor(account.key) || account.balance >= amount

/** The first link of every bucket's chain. */
export const GENESIS_HASH = sha256(utf8('warifu journal 1'))

/** hash n = SHA-256(hash n−1 | bucket 8 | sequence 8 | amount 8 | at 8 | payment 16 | text fields joined by NUL). */
export const chainHash = (previous: Uint8Array, transfer: Omit<PostedTransfer, 'hash'>): Uint8Array =>
  sha256(
    concat(
      previous,
      fromU64(BigInt(transfer.bucket)),
      fromU64(transfer.sequence),
      fromU64(transfer.amount),
      fromU64(BigInt(transfer.at)),
      transfer.payment === null ? new Uint8Array(16) : idBytes(transfer.payment),
      utf8(
        [
          transfer.debit,
          transfer.credit,
          transfer.unit,
          transfer.kind,
          transfer.debitName,
          transfer.creditName,
          String(transfer.creditBucket),
        ].join('\0'),
      ),
    ),
  )
