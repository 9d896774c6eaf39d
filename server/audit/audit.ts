// The audit: reads the whole of the books in one read-only snapshot, a piece at a time, and names every row that does not follow from
// the others. core/invariants.ts says the same of books that fit into memory; this is the form for books that do not.
import pg from 'pg'
import type { SchemeId } from '#core/ids.ts'
import type { Restart } from '#core/restart.ts'
import type { Head } from '#switch/store.ts'
import { headFrom, idOf, restartFrom } from '../postgres/rows.ts'
import { rulesFrom, type StoredRules } from '../postgres/scheme.ts'
import { auditActions } from './actions.ts'
import { auditAccounts } from './accounts.ts'
import { auditCommands } from './commands.ts'
import { big, rowsOf } from './cursor.ts'
import { auditDeals } from './deals.ts'
import { auditHeads } from './heads.ts'
import { auditJournal } from './journal.ts'
import { auditOrders } from './orders.ts'
import { differences, tally, type Pairing } from './pairing.ts'
import { auditRefunds } from './refunds.ts'
import { auditStandings } from './standings.ts'

/** The piles that must be equal: what one part of the books demands, and what another part has. */
export const PAIRS = {
  /** booked sides of transfers · entries */
  sides: {
    given: (name: string) => `${name} is not booked as its journal says`,
    taken: (name: string) => `${name} is no booked side of a transfer, or the second of one`,
  },
  /** transfers with a payment · what events and refunds move */
  moves: {
    given: (name: string) => `${name} is moved by no event or refund of its payment`,
    taken: (name: string) => `${name} has no transfer`,
  },
  /** payments and offers · groups of events */
  subjects: {
    given: (name: string) => `${name} has no events`,
    taken: (name: string) => `${name} has events and is not there`,
  },
  /** evidence rows · approved and proven events */
  approvals: {
    given: (name: string) => `${name} is of no approved event`,
    taken: (name: string) => `${name} has no stored approval`,
  },
  /** orders to payers' banks that events want · their rows */
  orders: {
    given: (name: string) => `${name} was wanted and is not there, or otherwise`,
    taken: (name: string) => `${name} is wanted by no event of its payment`,
  },
  /** refunds that a payment shows · refund rows that it shows */
  refunds: {
    given: (name: string) => `${name} is shown and was not made`,
    taken: (name: string) => `${name} was made and is shown twice or otherwise`,
  },
  /** transfers of the cash desk and of credit files · what the operators' log says was booked */
  desk: {
    given: (name: string) => `${name} is of no action in the operators' log`,
    taken: (name: string) => `${name} says that it booked what is not there, or otherwise`,
  },
} as const
export type PairName = keyof typeof PAIRS

/** What every part of the audit gets: one connection in its snapshot, the scheme's frame, and where to write. */
export type Ground = Readonly<{
  client: pg.ClientBase
  scheme: SchemeId
  buckets: number
  /** whose calendar days are (IANA name) */
  zone: string
  heads: ReadonlyMap<number, Head>
  /** key `${destination} ${source}` */
  marks: ReadonlyMap<string, bigint>
  restarts: readonly Restart[]
  /** false leaves out the device keys' signatures (140 µs each), not the bytes they sign */
  signatures: boolean
  pairs: Readonly<Record<PairName, Pairing>>
  fault(sentence: string): void
  count(what: string, rows: number): void
}>

export type Audit = Readonly<{
  faults: readonly string[]
  /** faults beyond FAULTS_TOLD */
  more: number
  counts: Readonly<Record<string, number>>
  /** milliseconds since 1970 by the database's clock: the books as they were then */
  at: number
  seconds: number
}>

/** There is nothing to audit. */
export class NoScheme extends Error {
  override name = 'NoScheme'
}

/** Books that are wrong everywhere are told as far as anybody reads. */
const FAULTS_TOLD = 10_000

const PARTS = [
  auditJournal,
  auditActions,
  auditAccounts,
  auditDeals,
  auditStandings,
  auditRefunds,
  auditOrders,
  auditCommands,
  auditHeads,
]

/** Audits a database. Throws NoScheme, or the driver's error when it cannot be read. */
export async function audit(
  settings: pg.ClientConfig,
  options: { signatures: boolean; progress: (line: string) => void },
): Promise<Audit> {
  const started = performance.now()
  const client = new pg.Client({ ...settings, options: '-c default_transaction_read_only=on' })
  await client.connect()
  // A connection that is lost fails the query that waits for it.
  client.on('error', () => {})
  try {
    await client.query('begin isolation level repeatable read read only')
    // Everything is read in the order of its key: without statistics the planner would rather sort.
    await client.query(
      'set local enable_sort = off; set local enable_seqscan = off; set local enable_bitmapscan = off; set local enable_hashjoin = off; set local enable_mergejoin = off',
    )
    await client.query(
      'set local jit = off; set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0',
    )
    const frame = await frameOf(client)

    const faults: string[] = []
    let more = 0
    const fault = (sentence: string): void => void (faults.length < FAULTS_TOLD ? faults.push(sentence) : more++)
    const counts: Record<string, number> = {}
    const first = eachPair(() => tally())
    const ground = { client, ...frame, signatures: options.signatures, pairs: first, fault }
    for (const part of PARTS) {
      const before = performance.now()
      const rows = sum(counts)
      await part({ ...ground, count: (what, rows) => void (counts[what] = (counts[what] ?? 0) + rows) })
      const seconds = (performance.now() - before) / 1000
      options.progress(`${part.name.slice(5).toLowerCase()}: ${sum(counts) - rows} rows in ${seconds.toFixed(1)} s`)
    }

    const odd = eachPair((name) => first[name].odd())
    if (Object.values(odd).some(({ size }) => size > 0)) {
      options.progress('something differs: reading again to name it')
      const second = eachPair((name) => differences(odd[name]))
      const silent = { ...ground, signatures: false, pairs: second, fault: () => {}, count: () => {} }
      for (const part of PARTS) await part(silent)
      eachPair((name) => {
        for (const row of second[name].given()) fault(PAIRS[name].given(row))
        for (const row of second[name].taken()) fault(PAIRS[name].taken(row))
      })
    }
    await client.query('commit')
    return { faults, more, counts, at: frame.at, seconds: (performance.now() - started) / 1000 }
  } finally {
    await client.end()
  }
}

function eachPair<Made>(make: (name: PairName) => Made): Record<PairName, Made> {
  return {
    sides: make('sides'),
    moves: make('moves'),
    subjects: make('subjects'),
    approvals: make('approvals'),
    orders: make('orders'),
    refunds: make('refunds'),
    desk: make('desk'),
  }
}

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, rows) => total + rows, 0)

async function frameOf(client: pg.ClientBase) {
  const { rows: found } = await client.query<{ there: boolean }>(`select to_regclass('scheme') is not null as there`)
  if (found[0]?.there !== true) throw new NoScheme('There is no scheme in this database.')
  const { rows } = await client.query<{ id: string; buckets: number; rules: StoredRules; at: string }>(
    'select id, buckets, rules, (extract(epoch from now()) * 1000)::bigint as at from scheme',
  )
  const [scheme] = rows
  if (scheme === undefined) throw new NoScheme('There is no scheme in this database.')
  const heads = new Map<number, Head>()
  for await (const row of rowsOf(client, 'select * from head')) heads.set(Number(row.bucket), headFrom(row))
  const marks = new Map<string, bigint>()
  for await (const row of rowsOf(client, 'select bucket, source, sequence from mark'))
    marks.set(`${String(row.bucket)} ${String(row.source)}`, big(row.sequence))
  const restarts: Restart[] = []
  for await (const row of rowsOf(client, 'select * from restart order by bucket, number'))
    restarts.push(restartFrom(row))
  return {
    scheme: idOf<SchemeId>('sch', scheme.id),
    buckets: scheme.buckets,
    zone: rulesFrom(scheme.rules).zone,
    at: Number(scheme.at),
    heads,
    marks,
    restarts,
  }
}
