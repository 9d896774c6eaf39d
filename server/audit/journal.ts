// I1, I7: each bucket's journal is gapless, its chain is intact and ends at the head; no mark is beyond an end, or what is still to come
// would be passed over. What each transfer must have booked, and what payment or operator has moved it, goes to the pairs.
import { bucketOfAccount, parseAccountKey } from '#core/accounts.ts'
import { equal } from '#core/bytes.ts'
import { fitsKind } from '#core/invariants.ts'
import { chainHash, GENESIS_HASH, TRANSFER_KINDS, type PostedTransfer } from '#core/ledger.ts'
import { goneOn, type End } from '#core/restart.ts'
import { transferFrom } from '../postgres/rows.ts'
import { deskMove, isOfDesk } from './actions.ts'
import type { Ground } from './audit.ts'
import { rowsOf } from './cursor.ts'

const KINDS: ReadonlySet<string> = new Set(TRANSFER_KINDS)

export async function auditJournal(ground: Ground): Promise<void> {
  const { client, buckets, heads, marks, fault } = ground
  for (const [key, mark] of marks) {
    const source = Number(key.slice(key.indexOf(' ') + 1))
    if (mark > (heads.get(source)?.sequence ?? 0n)) fault(`mark ${key} is beyond the end of its journal`)
  }
  for (const table of [
    'head',
    'transfer',
    'entry',
    'account',
    'payment',
    'offer',
    'event',
    'evidence',
    'command',
    'refund',
    'action',
    'standing',
    'restart',
  ])
    for await (const row of rowsOf(
      client,
      `(select bucket from ${table} where bucket < 0 limit 1) union all (select bucket from ${table} where bucket >= ${buckets} limit 1)`,
    ))
      fault(`${table} has rows in bucket ${String(row.bucket)}, which the scheme does not have`)
  for (let bucket = 0; bucket < buckets; bucket++) await auditChain(ground, bucket)
}

async function auditChain(ground: Ground, bucket: number): Promise<void> {
  const { client, heads, restarts, fault, count } = ground
  const faults = { push: (sentence: string) => (fault(sentence), 0) }
  const jumps = restarts.filter((restart) => restart.bucket === bucket && restart.chain === 'journal')
  let end: End = { number: 0n, hash: GENESIS_HASH }
  for await (const row of rowsOf(client, `select * from transfer where bucket = ${bucket} order by sequence`)) {
    const transfer = transferFrom(row)
    if (transfer.sequence !== end.number + 1n) end = goneOn(end, jumps, faults)
    if (transfer.sequence !== end.number + 1n)
      fault(`transfer ${bucket}/${transfer.sequence} does not follow ${bucket}/${end.number}: the journal has a gap`)
    if (!equal(chainHash(end.hash, transfer), transfer.hash))
      fault(`transfer ${bucket}/${transfer.sequence} is altered: its hash does not follow from the one before`)
    end = { number: transfer.sequence, hash: transfer.hash }
    judge(ground, transfer)
    count('transfers', 1)
  }
  end = goneOn(end, jumps, faults)
  const head = heads.get(bucket)
  if (head === undefined) fault(`bucket ${bucket} has no head`)
  else {
    if (head.sequence !== end.number) fault(`head ${bucket} is at ${head.sequence}, its journal ends at ${end.number}`)
    if (!equal(head.hash, end.hash)) fault(`head ${bucket} has another hash than the end of its journal`)
  }
}

function judge({ buckets, marks, pairs, fault, count }: Ground, transfer: PostedTransfer): void {
  const { bucket, sequence, debit, credit, creditBucket, unit, amount, kind, payment } = transfer
  const name = `transfer ${bucket}/${sequence}`
  if (amount <= 0n) fault(`${name} has no amount`)
  if (!KINDS.has(kind)) fault(`${name} is of no known kind`)
  else if (bucketIn(debit, buckets) !== undefined && bucketIn(credit, buckets) !== undefined && !fitsKind(transfer))
    fault(`${name} is no ${kind}: from ${debit} to ${credit}`)
  if (bucketIn(debit, buckets) !== bucket) fault(`${name} debits ${debit}, which is not of its bucket`)
  if (bucketIn(credit, buckets) !== creditBucket)
    fault(`${name} credits ${credit}, which is not of bucket ${creditBucket}`)
  const key = `${bucket}/${sequence}`
  const facts = `${unit} ${kind} ${payment ?? ''}`
  pairs.sides.give(
    key,
    sideOf({ key, account: debit, other: credit, otherName: transfer.debitName, amount: -amount, facts }),
    () => `${name}, debit of ${debit},`,
  )
  if (sequence <= (marks.get(`${creditBucket} ${bucket}`) ?? 0n))
    pairs.sides.give(
      key,
      sideOf({ key, account: credit, other: debit, otherName: transfer.creditName, amount, facts }),
      () => `${name}, credit of ${credit},`,
    )
  else count('transfers on their way', 1)
  if (payment !== null) pairs.moves.give(payment, moveOf(transfer), () => name)
  if (isOfDesk(kind)) pairs.desk.give(key, deskMove(transfer), () => `${name} (${kind})`)
}

const bucketIn = (key: string, buckets: number): number | undefined => {
  const account = parseAccountKey(key)
  if (account === undefined) return undefined
  try {
    return bucketOfAccount(account, buckets)
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/** All that a booked side and its entry must agree on. */
export const sideOf = (side: {
  key: string
  account: string
  other: string
  otherName: string
  amount: bigint
  facts: string
}): string => [side.key, side.account, side.other, side.amount, side.facts, side.otherName].join(' ')

/** All that a transfer and the event that moved it must agree on. */
export const moveOf = (transfer: Omit<PostedTransfer, 'sequence' | 'creditBucket' | 'hash'>): string =>
  [
    transfer.bucket,
    transfer.payment,
    transfer.kind,
    transfer.debit,
    transfer.credit,
    transfer.amount,
    transfer.unit,
    transfer.at,
    transfer.debitName,
    transfer.creditName,
  ].join(' ')
