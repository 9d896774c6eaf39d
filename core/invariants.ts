// What must hold of the books at every commit: used by the tests, the simulator and the audit. Each fault is one sentence.
import { bucketOfAccount, hasFloor, type AccountKey } from './accounts.ts'
import { equal } from './bytes.ts'
import type { PaymentId } from './ids.ts'
import { chainHash, GENESIS_HASH, type Account, type Entry, type PostedTransfer } from './ledger.ts'
import type { Offer } from './offer.ts'
import { refundedAmount, settledAmount, stateOf, type Payment } from './payment.ts'

export type Books = Readonly<{
  buckets: number
  heads: ReadonlyMap<number, Readonly<{ sequence: bigint; hash: Uint8Array }>>
  accounts: readonly Account[]
  transfers: readonly PostedTransfer[]
  entries: readonly Entry[]
  /** key `${destination} ${source}` → last sequence deposited */
  marks: ReadonlyMap<string, bigint>
  offers: readonly Offer[]
  payments: readonly Payment[]
  refunds: readonly Readonly<{ id: PaymentId; original: PaymentId; amount: bigint; told: boolean }>[]
}>

/** Every fault found in the books; an empty list means that no money was made, lost or moved without its transfer. */
export function faultsOf(books: Books): string[] {
  return [...journalFaults(books), ...accountFaults(books), ...paymentFaults(books), ...offerFaults(books)]
}

/** I7: gapless sequence, chain intact, head at the end; no mark beyond it, where what is still to come would be passed over. */
function journalFaults({ heads, transfers, marks }: Books): string[] {
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
    let hash: Uint8Array = GENESIS_HASH
    journal.forEach((transfer, index) => {
      if (transfer.sequence !== BigInt(index + 1)) faults.push(`journal ${bucket} has a gap at ${transfer.sequence}`)
      if (transfer.amount <= 0n) faults.push(`transfer ${bucket}/${transfer.sequence} has no amount`)
      hash = chainHash(hash, transfer)
      if (!equal(hash, transfer.hash)) faults.push(`journal ${bucket} is altered at ${transfer.sequence}`)
      hash = transfer.hash
    })
    if (head.sequence !== BigInt(journal.length)) faults.push(`head of journal ${bucket} is not at its end`)
    if (!equal(head.hash, hash)) faults.push(`head of journal ${bucket} has another hash`)
  }
  return faults
}

/** I1–I4, I17, I18: entries replay to balances; each side of each transfer is booked once, the credit side after its mark. */
function accountFaults({ buckets, accounts, transfers, entries, marks }: Books): string[] {
  const faults: string[] = []
  const expected = new Map<string, bigint>()
  const add = (key: AccountKey, unit: string, amount: bigint): void => {
    expected.set(`${key} ${unit}`, (expected.get(`${key} ${unit}`) ?? 0n) + amount)
  }
  const sides = new Set<string>()
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
  const replayed = new Map<string, { balance: bigint; number: bigint }>()
  const ordered = entries.toSorted((left, right) => Number(left.number - right.number))
  for (const entry of ordered) {
    const key = `${entry.account} ${entry.unit}`
    if (!sides.delete(sideOf(entry.sourceBucket, entry.sequence, entry.account, entry.other, entry, entry.amount)))
      faults.push(`entry ${entry.number} of ${key} is no booked side of a transfer, or the second of one`)
    const before = replayed.get(key) ?? { balance: 0n, number: 0n }
    const balance = before.balance + entry.amount
    if (entry.number !== before.number + 1n) faults.push(`entries of ${key} have a gap at ${entry.number}`)
    if (entry.balance !== balance) faults.push(`entry ${entry.number} of ${key} has a wrong balance`)
    if (balance < 0n && hasFloor(entry.account)) faults.push(`${key} was below zero at entry ${entry.number}`)
    replayed.set(key, { balance, number: entry.number })
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
    if (account.balance !== (replayed.get(key)?.balance ?? 0n)) faults.push(`balance of ${key} is not its entries' sum`)
  }
  return faults
}

/** I6, I10, I30: what a payment says was moved is what its transfers moved, and refunds never exceed it. */
function paymentFaults({ transfers, payments, refunds }: Books): string[] {
  const faults: string[] = []
  const moved = new Map<string, bigint>()
  for (const { payment, kind, amount } of transfers) {
    if (payment !== null) moved.set(`${payment} ${kind}`, (moved.get(`${payment} ${kind}`) ?? 0n) + amount)
  }
  const known = new Set(payments.map(({ id }) => id))
  for (const { bucket, sequence, payment } of transfers)
    if (payment !== null && !known.has(payment)) faults.push(`transfer ${bucket}/${sequence} is of no known payment`)
  for (const { id, original } of refunds) if (!known.has(original)) faults.push(`refund ${id} is of no known payment`)
  const movedBy = (payment: Payment, kind: string): bigint => moved.get(`${payment.id} ${kind}`) ?? 0n
  for (const payment of payments) {
    const settled = settledAmount(payment)
    if (movedBy(payment, 'settle') + movedBy(payment, 'release') !== settled)
      faults.push(`${payment.id} settled ${settled}, its transfers say otherwise`)
    const held = payment.portions.reduce(
      (total, { state, amount }) => total + (state.kind === 'held' ? amount : 0n),
      0n,
    )
    const inEscrow = movedBy(payment, 'hold') - movedBy(payment, 'release') - movedBy(payment, 'return')
    if (inEscrow !== held) faults.push(`${payment.id} holds ${held}, escrow says ${inEscrow}`)
    const given = refunds.filter(({ original }) => original === payment.id)
    const refunded = given.reduce((total, { amount }) => total + amount, 0n)
    if (refunded > settled) faults.push(`${payment.id} was refunded more than it settled`)
    if (movedBy(payment, 'refund') !== refunded) faults.push(`${payment.id} has refunds without transfers`)
    const told = given.filter((refund) => refund.told).reduce((total, { amount }) => total + amount, 0n)
    if (refundedAmount(payment) > refunded || refundedAmount(payment) < told)
      faults.push(`${payment.id} shows other refunds than were made`)
    if (stateOf(payment) === 'ended' && settled !== 0n) faults.push(`${payment.id} ended although it settled`)
  }
  return faults
}

/** I13: one offer, one living payment; a number is live once. */
function offerFaults({ offers, payments }: Books): string[] {
  const faults: string[] = []
  const living = new Map<string, Payment[]>()
  for (const payment of payments) {
    const paid = stateOf(payment) !== 'ended' || payment.approvedAt !== null
    if (!paid) continue
    const key = `${payment.terminal} ${payment.deal}`
    living.set(key, [...(living.get(key) ?? []), payment])
  }
  for (const [key, several] of living) if (several.length > 1) faults.push(`deal ${key} has ${several.length} payments`)
  const numbers = new Set<string>()
  for (const { state } of offers) {
    if (state.kind !== 'open') continue
    const key = `${state.ticket.scope} ${state.ticket.number}`
    if (numbers.has(key)) faults.push(`number ${key} is live twice`)
    numbers.add(key)
  }
  return faults
}
