// All books of a database in one snapshot, for the audit and the tests: what core/invariants.ts judges.
import pg from 'pg'
import type { Books } from '#core/invariants.ts'
import { offerFromJson, paymentFromJson } from '#switch/snapshot.ts'
import {
  accountFrom,
  actionFrom,
  bigFrom,
  entryFrom,
  headFrom,
  keptOrderFrom,
  refundFrom,
  restartFrom,
  transferFrom,
  type Row,
} from './rows.ts'

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
      heads: new Map(heads.map((row) => [Number(row.bucket), headFrom(row)])),
      accounts: (await rows('select * from account')).map(accountFrom),
      transfers: (await rows('select * from transfer')).map(transferFrom),
      entries: (await rows('select * from entry')).map(entryFrom),
      marks: new Map(
        (await rows('select * from mark')).map((row) => [
          `${String(row.bucket)} ${String(row.source)}`,
          bigFrom(row.sequence),
        ]),
      ),
      offers: (await rows('select snapshot from offer')).map((row) => offerFromJson(row.snapshot)),
      payments: (await rows('select snapshot from payment')).map((row) => paymentFromJson(row.snapshot)),
      refunds: (await rows('select * from refund')).map(refundFrom),
      actions: (await rows('select * from action')).map(actionFrom),
      orders: (await rows('select * from outside_order')).map(keptOrderFrom),
      restarts: (await rows('select * from restart')).map(restartFrom),
    }
    await client.query('commit')
    return books
  } finally {
    await client.end()
  }
}
