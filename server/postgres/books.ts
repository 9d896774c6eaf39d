// All books of a database in one snapshot, for the audit and the tests: what core/invariants.ts judges.
import pg from 'pg'
import type { AccountKey } from '#core/accounts.ts'
import type { PaymentId } from '#core/ids.ts'
import type { Books } from '#core/invariants.ts'
import type { Account, Entry, PostedTransfer, TransferKind } from '#core/ledger.ts'
import type { Unit } from '#core/money.ts'
import { offerFromJson, paymentFromJson } from '#switch/snapshot.ts'
import { idOf } from './store.ts'

type Row = Record<string, unknown>

/** Reads everything in one REPEATABLE READ, read-only transaction. */
export async function readBooks(settings: pg.ClientConfig): Promise<Books> {
  const client = new pg.Client(settings)
  await client.connect()
  try {
    await client.query('begin isolation level repeatable read read only')
    const rows = async (text: string): Promise<Row[]> => (await client.query<Row>(text)).rows
    const heads = await rows('select * from head')
    const books: Books = {
      buckets: heads.length,
      heads: new Map(
        heads.map((row) => [Number(row.bucket), { sequence: big(row.sequence), hash: row.hash as Uint8Array }]),
      ),
      accounts: (await rows('select * from account')).map(accountOf),
      transfers: (await rows('select * from transfer')).map(transferOf),
      entries: (await rows('select * from entry')).map(entryOf),
      marks: new Map(
        (await rows('select * from mark')).map((row) => [
          `${String(row.bucket)} ${String(row.source)}`,
          big(row.sequence),
        ]),
      ),
      offers: (await rows('select snapshot from offer')).map((row) => offerFromJson(row.snapshot)),
      payments: (await rows('select snapshot from payment')).map((row) => paymentFromJson(row.snapshot)),
      refunds: (await rows('select * from refund')).map((row) => ({
        id: idOf<PaymentId>('pay', String(row.id)),
        original: idOf<PaymentId>('pay', String(row.original)),
        amount: big(row.amount),
        told: row.told === true,
      })),
    }
    await client.query('commit')
    return books
  } finally {
    await client.end()
  }
}

const big = (value: unknown): bigint => BigInt(String(value))
const paymentOf = (value: unknown): PaymentId | null =>
  typeof value === 'string' ? idOf<PaymentId>('pay', value) : null

// Border: the tables' constraints and the store's types made these columns.
const accountOf = (row: Row): Account => ({
  key: row.key as AccountKey,
  unit: row.unit as Unit,
  status: row.status as Account['status'],
  balance: big(row.balance),
  version: big(row.version),
})

const transferOf = (row: Row): PostedTransfer => ({
  bucket: Number(row.bucket),
  sequence: big(row.sequence),
  debit: row.debit as AccountKey,
  credit: row.credit as AccountKey,
  creditBucket: Number(row.credit_bucket),
  unit: row.unit as Unit,
  amount: big(row.amount),
  kind: row.kind as TransferKind,
  payment: paymentOf(row.payment),
  debitName: String(row.debit_name),
  creditName: String(row.credit_name),
  at: Number(row.at),
  hash: row.hash as Uint8Array,
})

const entryOf = (row: Row): Entry => ({
  bucket: Number(row.bucket),
  account: row.account as AccountKey,
  unit: row.unit as Unit,
  number: big(row.number),
  amount: big(row.amount),
  balance: big(row.balance),
  kind: row.kind as TransferKind,
  payment: paymentOf(row.payment),
  other: row.other as AccountKey,
  otherName: String(row.other_name),
  sourceBucket: Number(row.source_bucket),
  sequence: big(row.sequence),
  at: Number(row.at),
})
