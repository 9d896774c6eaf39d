// journal: bare set-based posting as the operator's bulk transfers use it, with the deposits that follow from it. Beside it the
// insert-only run: the same transfer and entry rows in the same batches, into tables of the same shape, and nothing else.
import { randomBytes } from 'node:crypto'
import pg from 'pg'
import type { AccountNumber } from '#core/accounts.ts'
import { idFrom } from '#core/ids.ts'
import { bucketAt, BUCKETS, openAccounts, someParty, UNIT, type Ground } from './ground.ts'
import { during, type Round } from './measure.ts'

const ACCOUNTS = 16_000
const BATCH = 500

/** Who pays (in a bucket) and who is paid. */
type Town = Readonly<{ payer: (bucket: number) => AccountNumber; payee: () => AccountNumber; clients: number }>

/** Rounds of posting among accounts that exist and have money. Rates count deposited transfers. */
export function openPosting(ground: Ground, { payer, payee, clients }: Town): (seconds: number) => Promise<Round> {
  return async (seconds) => {
    let turn = 0
    const posting = during(seconds, clients, async () => {
      const bucket = turn++ % BUCKETS
      const transfers = Array.from({ length: BATCH }, () => ({
        debit: payer(bucket),
        credit: payee(),
        unit: UNIT,
        amount: upTo(100),
        kind: 'post' as const,
        payment: null,
        debitName: 'Shop',
        creditName: 'Person',
      })).filter(({ debit, credit }) => debit !== credit)
      const answer = await ground.hub.post({ id: idFrom('cmd', randomBytes(16)), hash: '00', transfers }, someParty())
      if (answer.refusal !== null) throw new Error(answer.refusal.code)
      return transfers.length
    })
    const start = performance.now()
    const deposited = await ground.depositing(posting)
    const { latenciesMs } = await posting
    return { count: deposited, seconds: (performance.now() - start) / 1000, latenciesMs }
  }
}

export type Journal = Readonly<{
  run: (seconds: number, payees: 'many' | 'one') => Promise<Round>
  insertOnly: (seconds: number) => Promise<Round>
  close: () => Promise<void>
}>

/** Prepares payers with money and payees without; a round goes to many payees or to one. */
export async function openJournal(ground: Ground, clients: number): Promise<Journal> {
  const payers = await openAccounts(ground, 0, ACCOUNTS, 1_000_000_000n)
  const payees = await openAccounts(ground, ACCOUNTS, ACCOUNTS, 0n)
  const byBucket = Array.from({ length: BUCKETS }, (_, bucket) =>
    payers.filter((_, index) => bucketAt(index) === bucket),
  )
  const town = { payer: (bucket: number) => pick(byBucket[bucket]), clients }
  const many = openPosting(ground, { ...town, payee: () => pick(payees) })
  const one = openPosting(ground, { ...town, payee: () => pick(payees.slice(0, 1)) })
  const { run, close } = await openInsertOnly(ground, clients, payers, payees)
  return { run: (seconds, payees) => (payees === 'many' ? many : one)(seconds), insertOnly: run, close }
}

/** One connection for each client: a batch is two inserts in one commit. Nothing is read, locked, judged, summed or hashed. */
async function openInsertOnly(
  ground: Ground,
  clients: number,
  payers: readonly AccountNumber[],
  payees: readonly AccountNumber[],
): Promise<{ run: (seconds: number) => Promise<Round>; close: () => Promise<void> }> {
  const lines = Array.from({ length: clients }, () => new pg.Client(ground.settings))
  for (const line of lines) line.on('error', () => {})
  await Promise.all(lines.map((line) => line.connect()))
  await lines[0]?.query(
    'create table only_transfer (like transfer including all); create table only_entry (like entry including all)',
  )
  // As many journals as clients, each gapless by its only writer.
  const sequences = lines.map(() => 0)
  let numbers = 0

  async function insert(client: number): Promise<number> {
    const line = lines[client]
    if (line === undefined) throw new Error('one line of work, one connection')
    const first = sequences[client] ?? 0
    sequences[client] = first + BATCH
    const rows = Array.from({ length: BATCH }, (_, index) => {
      const [from, to] = [below(ACCOUNTS), below(ACCOUNTS)]
      const [debit, credit] = [payers[from], payees[to]]
      // As many payers as payees, dealt over the buckets alike: the n-th of each is in bucket n mod 16.
      const buckets = [bucketAt(from), bucketAt(to)] as const
      return { sequence: first + index + 1, debit, credit, buckets, amount: upTo(100), number: (numbers += 2) }
    })
    const at = Date.now()
    const all = <Value>(value: Value): Value[] => rows.map(() => value)
    const hash = Buffer.alloc(32, client)
    await line.query('begin')
    await line.query({
      name: 'only_transfers',
      text: `insert into only_transfer (bucket, sequence, debit, credit, credit_bucket, unit, amount, kind, payment, debit_name, credit_name, at, hash)
        select * from unnest($1::smallint[], $2::bigint[], $3::text[], $4::text[], $5::smallint[], $6::text[], $7::bigint[], $8::text[], $9::uuid[], $10::text[], $11::text[], $12::bigint[], $13::bytea[])`,
      values: [
        all(client),
        rows.map(({ sequence }) => sequence),
        rows.map(({ debit }) => debit),
        rows.map(({ credit }) => credit),
        rows.map(({ buckets }) => buckets[1]),
        all(UNIT),
        rows.map(({ amount }) => amount),
        all('post'),
        all(null),
        all('Shop'),
        all('Person'),
        all(at),
        all(hash),
      ],
    })
    await line.query({
      name: 'only_entries',
      text: `insert into only_entry (bucket, account, unit, number, amount, balance, kind, payment, other, other_name, source_bucket, sequence, at)
        select * from unnest($1::smallint[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[], $8::uuid[], $9::text[], $10::text[], $11::smallint[], $12::bigint[], $13::bigint[])`,
      values: [
        rows.flatMap(({ buckets }) => buckets),
        rows.flatMap(({ debit, credit }) => [debit, credit]),
        [...all(UNIT), ...all(UNIT)],
        rows.flatMap(({ number }) => [number, number + 1]),
        rows.flatMap(({ amount }) => [-amount, amount]),
        rows.flatMap(({ amount }) => [1_000_000_000n - amount, amount]),
        [...all('post'), ...all('post')],
        [...all(null), ...all(null)],
        rows.flatMap(({ debit, credit }) => [credit, debit]),
        rows.flatMap(() => ['Shop', 'Person']),
        [...all(client), ...all(client)],
        rows.flatMap(({ sequence }) => [sequence, sequence]),
        [...all(at), ...all(at)],
      ],
    })
    await line.query('commit')
    return BATCH
  }

  return {
    run: (seconds) => during(seconds, clients, insert),
    close: async () => void (await Promise.all(lines.map((line) => line.end()))),
  }
}

export function pick<Item>(items: readonly Item[] | undefined): Item {
  const item = items?.[below(items.length)]
  if (item === undefined) throw new Error('there is something to pick from')
  return item
}

const below = (limit: number): number => Math.floor(Math.random() * limit)
const upTo = (limit: number): bigint => BigInt(1 + below(limit))
