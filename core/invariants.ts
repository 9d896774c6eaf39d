// What must hold of the books at every commit: used by the tests, the simulator and the audit. Each fault is one sentence.
import {
  bucketOfAccount,
  hasFloor,
  isSystemAccount,
  systemAccountKind,
  type AccountKey,
  type SystemAccountKind,
} from './accounts.ts'
import { actionHash, GENESIS_ACTION, type PostedAction } from './actions.ts'
import { equal } from './bytes.ts'
import type { PaymentId } from './ids.ts'
import { offerFaults, paymentFaults, questionFaults } from './invariants-deals.ts'
import { meansFaults } from './invariants-means.ts'
import {
  affords,
  chainHash,
  GENESIS_HASH,
  isSpending,
  type Account,
  type Entry,
  type PostedTransfer,
  type TransferKind,
} from './ledger.ts'
import type { Order, OrderState } from './means.ts'
import type { Offer } from './offer.ts'
import type { Payment } from './payment.ts'
import type { RefundLine } from './refund.ts'
import { goneOn, type End, type Restart } from './restart.ts'

export type Books = Readonly<{
  buckets: number
  heads: ReadonlyMap<number, Readonly<{ sequence: bigint; hash: Uint8Array; actions: bigint; actionsHash: Uint8Array }>>
  accounts: readonly Account[]
  transfers: readonly PostedTransfer[]
  entries: readonly Entry[]
  /** key `${destination} ${source}` → last sequence deposited */
  marks: ReadonlyMap<string, bigint>
  offers: readonly Offer[]
  payments: readonly Payment[]
  refunds: readonly Readonly<{
    id: PaymentId
    original: PaymentId
    amount: bigint
    back: bigint | null
    lines: readonly RefundLine[]
    told: boolean
  }>[]
  actions: readonly PostedAction[]
  /** to payers' banks and issuers of cards */
  orders: readonly (Order & Readonly<{ state: OrderState }>)[]
  /** where chains went on after a backup was brought back */
  restarts?: readonly Restart[]
}>

/** Every fault found in the books; an empty list means that no money was made, lost or moved without its transfer. */
export function faultsOf(books: Books): string[] {
  return [
    ...journalFaults(books),
    ...actionFaults(books),
    ...kindFaults(books),
    ...accountFaults(books),
    ...spentFaults(books),
    ...paymentFaults(books),
    ...offerFaults(books),
    ...questionFaults(books),
    ...meansFaults(books),
  ]
}

/** I7: gapless sequence, chain intact, head at the end; no mark beyond it, where what is still to come would be passed over. */
function journalFaults({ heads, transfers, marks, restarts = [] }: Books): string[] {
  const faults: string[] = []
  for (const { bucket, sequence } of transfers)
    if (!heads.has(bucket)) faults.push(`transfer ${bucket}/${sequence} lies in a journal without a head`)
  for (const [key, mark] of marks) {
    const [, source] = key.split(' ')
    if (mark > (heads.get(Number(source))?.sequence ?? 0n)) faults.push(`mark ${key} is beyond the end of its journal`)
  }
  for (const [bucket, head] of heads) {
    const journal = transfers
      .filter((transfer) => transfer.bucket === bucket)
      .toSorted((left, right) => Number(left.sequence - right.sequence))
    const jumps = restarts.filter((restart) => restart.bucket === bucket && restart.chain === 'journal')
    let end: End = { number: 0n, hash: GENESIS_HASH }
    for (const transfer of journal) {
      const { sequence, amount, hash } = transfer
      if (sequence !== end.number + 1n) end = goneOn(end, jumps, faults)
      if (sequence !== end.number + 1n) faults.push(`journal ${bucket} has a gap at ${sequence}`)
      if (amount <= 0n) faults.push(`transfer ${bucket}/${sequence} has no amount`)
      if (!equal(chainHash(end.hash, transfer), hash)) faults.push(`journal ${bucket} is altered at ${sequence}`)
      end = { number: sequence, hash }
    }
    end = goneOn(end, jumps, faults)
    if (head.sequence !== end.number) faults.push(`head of journal ${bucket} is not at its end`)
    if (!equal(head.hash, end.hash)) faults.push(`head of journal ${bucket} has another hash`)
  }
  return faults
}

/** I7 for the operator's log: gapless numbers, chain intact, head at the end. */
function actionFaults({ heads, actions, restarts = [] }: Books): string[] {
  const faults: string[] = []
  for (const { bucket, number } of actions)
    if (!heads.has(bucket)) faults.push(`action ${bucket}/${number} lies in a log without a head`)
  for (const [bucket, head] of heads) {
    const log = actions
      .filter((action) => action.bucket === bucket)
      .toSorted((left, right) => Number(left.number - right.number))
    const jumps = restarts.filter((restart) => restart.bucket === bucket && restart.chain === 'actions')
    let end: End = { number: 0n, hash: GENESIS_ACTION }
    for (const action of log) {
      const { number, hash } = action
      if (number !== end.number + 1n) end = goneOn(end, jumps, faults)
      if (number !== end.number + 1n) faults.push(`log ${bucket} has a gap at ${number}`)
      if (!equal(actionHash(end.hash, action), hash)) faults.push(`log ${bucket} is altered at ${number}`)
      end = { number, hash }
    }
    end = goneOn(end, jumps, faults)
    if (head.actions !== end.number) faults.push(`head of log ${bucket} is not at its end`)
    if (!equal(head.actionsHash, end.hash)) faults.push(`head of log ${bucket} has another hash`)
  }
  return faults
}

type Side = SystemAccountKind | 'party'
/** Between which accounts each kind moves money (docs/accounting.md); opening balances may come from anywhere. */
const SIDES: Record<Exclude<TransferKind, 'post'>, readonly `${Side} → ${Side}`[]> = {
  settle: ['party → party', 'clearing → party', 'card → party', 'exchange → party'],
  hold: ['party → escrow', 'clearing → escrow', 'card → escrow', 'exchange → escrow'],
  release: ['escrow → party'],
  return: ['escrow → party', 'escrow → clearing', 'escrow → card', 'escrow → exchange', 'exchange → party'],
  refund: ['party → party', 'party → clearing', 'party → card', 'party → exchange', 'exchange → party'],
  exchange: ['party → exchange'],
  deposit: ['cash → party'],
  withdraw: ['party → cash'],
  credit: ['issue → party'],
}
const sideOfAccount = (key: AccountKey): Side => (isSystemAccount(key) ? systemAccountKind(key) : 'party')

/** Does this transfer move money between accounts of its kind? */
export const fitsKind = ({ kind, debit, credit }: Pick<PostedTransfer, 'kind' | 'debit' | 'credit'>): boolean =>
  kind === 'post' || SIDES[kind].includes(`${sideOfAccount(debit)} → ${sideOfAccount(credit)}`)

const kindFaults = ({ transfers }: Books): string[] =>
  transfers
    .filter((transfer) => !fitsKind(transfer))
    .map(
      ({ kind, debit, credit, bucket, sequence }) =>
        `transfer ${bucket}/${sequence} is no ${kind}: from ${debit} to ${credit}`,
    )

/** What an account has spent today and this month is what its newest payments sum to, however the days fall in its time zone. */
function spentFaults({ accounts, entries }: Books): string[] {
  const payments = new Map<string, Entry[]>()
  for (const entry of entries) {
    if (entry.amount >= 0n || !isSpending({ kind: entry.kind, debit: entry.account })) continue
    const key = `${entry.account} ${entry.unit}`
    const known = payments.get(key)
    if (known === undefined) payments.set(key, [entry])
    else known.push(entry)
  }
  return accounts.flatMap(({ key, unit, spent }) => {
    const sums = new Set([0n])
    let total = 0n
    const newestFirst = (payments.get(`${key} ${unit}`) ?? []).toSorted((left, right) =>
      Number(right.number - left.number),
    )
    for (const { amount } of newestFirst) {
      total -= amount
      sums.add(total)
    }
    return sums.has(spent.onDay) && sums.has(spent.inMonth) && spent.inMonth >= spent.onDay
      ? []
      : [`${key} ${unit} counts ${spent.onDay} on a day and ${spent.inMonth} in a month, its payments say otherwise`]
  })
}

/** I1–I4, I17, I18: entries replay to balances; each side of each transfer is booked once, the credit side after its mark. */
function accountFaults({ buckets, accounts, transfers, entries, marks }: Books): string[] {
  const faults: string[] = []
  const expected = new Map<string, bigint>()
  const add = (key: AccountKey, unit: string, amount: bigint): void => {
    expected.set(`${key} ${unit}`, (expected.get(`${key} ${unit}`) ?? 0n) + amount)
  }
  const sides = new Set<string>()
  const postedAt = new Map<string, number>()
  const sideOf = (
    source: number,
    sequence: bigint,
    account: AccountKey,
    other: AccountKey,
    { unit, kind, payment }: Pick<Entry, 'unit' | 'kind' | 'payment'>,
    amount: bigint,
  ): string => `${source}/${sequence} in ${account} from ${other}: ${amount} ${unit} ${kind} ${payment ?? ''}`
  for (const transfer of transfers) {
    const { bucket, sequence, debit, credit, amount } = transfer
    add(debit, transfer.unit, -amount)
    postedAt.set(`${bucket}/${sequence}`, transfer.at)
    sides.add(sideOf(bucket, sequence, debit, credit, transfer, -amount))
    const mark = marks.get(`${transfer.creditBucket} ${transfer.bucket}`) ?? 0n
    if (transfer.creditBucket !== bucketOfAccount(transfer.credit, buckets))
      faults.push(`transfer ${transfer.bucket}/${transfer.sequence} goes to a wrong bucket`)
    if (transfer.sequence > mark) continue
    add(credit, transfer.unit, amount)
    sides.add(sideOf(bucket, sequence, credit, debit, transfer, amount))
  }
  if (entries.length !== sides.size)
    faults.push(`${entries.length} entries for ${sides.size} booked sides of transfers`)
  const replayed = new Map<string, { balance: bigint; number: bigint; at: number }>()
  const ordered = entries.toSorted((left, right) => Number(left.number - right.number))
  for (const entry of ordered) {
    const key = `${entry.account} ${entry.unit}`
    if (!sides.delete(sideOf(entry.sourceBucket, entry.sequence, entry.account, entry.other, entry, entry.amount)))
      faults.push(`entry ${entry.number} of ${key} is no booked side of a transfer, or the second of one`)
    const before = replayed.get(key) ?? { balance: 0n, number: 0n, at: 0 }
    const balance = before.balance + entry.amount
    if (entry.number !== before.number + 1n) faults.push(`entries of ${key} have a gap at ${entry.number}`)
    if (entry.balance !== balance) faults.push(`entry ${entry.number} of ${key} has a wrong balance`)
    if (balance < 0n && hasFloor(entry.account)) faults.push(`${key} was below zero at entry ${entry.number}`)
    const posted = postedAt.get(`${entry.sourceBucket}/${entry.sequence}`) ?? entry.at
    if (entry.at !== (entry.amount < 0n ? posted : Math.max(posted, before.at)))
      faults.push(`entry ${entry.number} of ${key} has another time than its transfer`)
    replayed.set(key, { balance, number: entry.number, at: entry.at })
  }
  for (const side of sides) faults.push(`transfer ${side} is not booked`)
  const known = new Set(accounts.map(({ key, unit }) => `${key} ${unit}`))
  for (const key of expected.keys()) if (!known.has(key)) faults.push(`account ${key} is missing`)
  for (const account of accounts) {
    const key = `${account.key} ${account.unit}`
    if (account.version !== (replayed.get(key)?.number ?? 0n))
      faults.push(`version of ${key} is not its entries' count`)
    if (account.balance !== (expected.get(key) ?? 0n))
      faults.push(`balance of ${key} is ${account.balance}, its transfers say ${expected.get(key) ?? 0n}`)
    if (!affords(account, 0n)) faults.push(`${key} is below its floor`)
    if (account.balance !== (replayed.get(key)?.balance ?? 0n)) faults.push(`balance of ${key} is not its entries' sum`)
  }
  return faults
}
