// The checker: a process of its own that keeps what was acknowledged in a file of its own and judges the database by it, read-only.
// Lines come over a socket and are answered when they are in the file; questions come from main over the process's channel.
import { openSync, writeSync } from 'node:fs'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { faultsOf } from '#core/invariants.ts'
import type { PaymentId } from '#core/ids.ts'
import { readBooks } from '../server/postgres/books.ts'
import { idOf } from '../server/postgres/store.ts'
import type { Line, Question, Verdict } from './lines.ts'
import { keptFaults, restFaults, type Facts } from './verdict.ts'

/** After the last fault money may be on its way for so long (I19). */
const ARRIVED_WITHIN_MS = 20_000

const [, , folder = '.'] = process.argv
const file = openSync(`${folder}/acknowledged.jsonl`, 'a')
const lines: Line[] = []

createServer((socket) => {
  socket.on('error', () => socket.destroy())
  createInterface({ input: socket }).on('line', (text) => {
    writeSync(file, `${text}\n`)
    // Border: the load's own lines.
    lines.push(JSON.parse(text) as Line)
    socket.write('\n')
  })
}).listen(`${folder}/checker.sock`, () => process.send?.({ is: 'listening' }))

process.on('disconnect', () => process.exit(0))
process.on('message', (question: Question) => {
  answer(question).then(
    (verdict) => process.send?.(verdict),
    (error: unknown) => process.send?.({ ...counts(), faults: [`the checker cannot judge: ${messageOf(error)}`] }),
  )
})

async function answer(question: Question): Promise<Verdict> {
  if (question.ask === 'count') return { faults: [], ...counts() }
  const database: pg.ClientConfig = { ...question.database, options: '-c default_transaction_read_only=on' }
  // First what was heard, then what is there: an answer in between is the next question's.
  const heard = [...lines]
  if (question.ask === 'kept') return { faults: keptFaults(heard, await readFacts(database)), ...counts() }
  const arriving = await stillArriving(database)
  const facts = await readFacts(database)
  const books = await readBooks(database)
  const faults = [...keptFaults(heard, facts), ...restFaults(heard, facts), ...faultsOf(books)]
  if (arriving > 0) faults.push(`${arriving} transfers do not arrive`)
  return { faults, ...counts() }
}

const counts = (): { acknowledged: number; settled: number } => ({
  acknowledged: lines.filter(({ is }) => is === 'answered').length,
  settled: lines.filter(({ is }) => is === 'settled').length,
})

async function stillArriving(database: pg.ClientConfig): Promise<number> {
  const client = await connected(database)
  const end = performance.now() + ARRIVED_WITHIN_MS
  try {
    for (;;) {
      const { rows } = await client.query<{ count: string }>(
        'select count(*) from mark m join transfer t on t.credit_bucket = m.bucket and t.bucket = m.source and t.sequence > m.sequence',
      )
      const count = Number(rows[0]?.count)
      if (count === 0 || performance.now() > end) return count
      await pause(20)
    }
  } finally {
    await client.end()
  }
}

async function readFacts(database: pg.ClientConfig): Promise<Facts> {
  const client = await connected(database)
  try {
    const rows = async (text: string): Promise<Record<string, unknown>[]> => (await client.query(text)).rows
    await client.query('begin isolation level repeatable read')
    const transfers = await rows('select payment, kind, debit, credit, amount from transfer where payment is not null')
    const commands = await rows(
      "select id, answer -> 'refusal' ->> 'code' as refusal, answer ->> 'payment' as payment, answer ->> 'refund' as refund from command",
    )
    const refunds = await rows('select id, original, amount from refund')
    const offers = await rows("select deal, snapshot -> 'state' ->> 'payment' as payment from offer")
    const payments = await rows('select id from payment')
    await client.query('commit')
    const text = (value: unknown): string => String(value)
    const orNull = (value: unknown): string | null => (typeof value === 'string' ? value : null)
    const paymentId = (value: unknown): string => idOf<PaymentId>('pay', text(value))
    return {
      transfers: transfers.map((row) => ({
        payment: paymentId(row['payment']),
        kind: text(row['kind']),
        debit: text(row['debit']),
        credit: text(row['credit']),
        amount: text(row['amount']),
      })),
      commands: commands.map((row) => ({
        id: idOf('cmd', text(row['id'])),
        refusal: orNull(row['refusal']),
        payment: orNull(row['payment']),
        refund: orNull(row['refund']),
      })),
      refunds: refunds.map((row) => ({
        id: paymentId(row['id']),
        original: paymentId(row['original']),
        amount: text(row['amount']),
      })),
      deals: offers.map((row) => idOf('deal', text(row['deal']))),
      payments: [
        ...payments.map((row) => paymentId(row['id'])),
        ...offers.flatMap(({ payment }) => (typeof payment === 'string' ? [payment] : [])),
      ],
    }
  } finally {
    await client.end()
  }
}

async function connected(database: pg.ClientConfig): Promise<pg.Client> {
  const client = new pg.Client(database)
  client.on('error', () => {})
  await client.connect()
  return client
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
