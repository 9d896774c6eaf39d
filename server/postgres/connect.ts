// Connections: pipelined pools over pg, with every trap of the driver handled in one place.
import pg from 'pg'
import { OutcomeUnknown, StoreUnavailable } from '#switch/store.ts'

export type Database = Readonly<{
  /** for the lanes and deposits: one commit at a time on each connection */
  transactions: pg.Pool
  /** for reads: a few connections, each with many questions under way */
  reads: Pipelines
  /** settings from which further connections (LISTEN) are made */
  settings: pg.ClientConfig
  end(): Promise<void>
}>

export const APP_ROLE = 'warifu_app'

/** How long a request may wait for a connection before the hub says 503: within a second, as promised. */
const CONNECT_WITHIN_MS = 900
/** A statement that takes longer is stuck, not slow: the largest batch takes some 100 ms. */
const STATEMENT_WITHIN_MS = 8_000

/**
 * Every hot statement finds its rows by key. A planner without statistics (a fresh database) would scan the small tables,
 * keep that plan, and grow slow with them; forbidding the scan is cheaper than analysing on every start.
 */
const BY_KEY =
  '-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c jit=off -c plan_cache_mode=force_generic_plan'

/** Opens connections as they are needed. `role` is taken by every one, so that even the hub cannot edit the journal. */
export function openDatabase(
  settings: pg.ClientConfig,
  options: { transactions: number; reads: number; role: boolean },
): Database {
  const role = options.role ? ` -c role=${APP_ROLE}` : ''
  const each: pg.ClientConfig = {
    ...settings,
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
    query_timeout: STATEMENT_WITHIN_MS + 2_000,
    options: `-c statement_timeout=${STATEMENT_WITHIN_MS} -c lock_timeout=${STATEMENT_WITHIN_MS - 2_000} -c idle_in_transaction_session_timeout=${2 * STATEMENT_WITHIN_MS} ${BY_KEY}${role}`,
    // Border: the driver's types do not name this option yet.
    ...({ pipeline: true } as object),
  }
  const transactions = new pg.Pool({ ...each, max: options.transactions, min: 0, idleTimeoutMillis: 60_000 })
  // An idle connection that dies is replaced by the pool; without a listener it would end the process.
  transactions.on('error', () => {})
  const reads = pipelines(each, options.reads)
  return { transactions, reads, settings, end: async () => void (await Promise.all([transactions.end(), reads.end()])) }
}

const gathering = new WeakSet<object>()

/**
 * What is sent to this connection in the present turn of the event loop goes out in one write: a batch of ten statements
 * would otherwise be ten system calls, which cost more than the statements' JavaScript. The turn ends when everything that
 * had arrived was heard, not with the first of it.
 */
function inOneWrite(client: pg.ClientBase): void {
  // Border: the driver's connection is not in its types; without a stream nothing is gathered and all works the same.
  const { connection } = client as { connection?: { stream?: { cork?: () => void; uncork?: () => void } } }
  const stream = connection?.stream
  if (stream?.cork === undefined || gathering.has(stream)) return
  gathering.add(stream)
  stream.cork()
  setImmediate(() => {
    gathering.delete(stream)
    stream.uncork?.()
  })
}

/** Questions on one line before the next is taken: half a millisecond of PostgreSQL's time. */
const SHARING = 20

export type Pipelines = Readonly<{
  query<Row extends pg.QueryResultRow = Record<string, unknown>>(
    query: string | pg.QueryConfig,
    values?: unknown[],
  ): Promise<pg.QueryResult<Row>>
  end(): Promise<void>
}>

/**
 * Connections that everybody shares for single statements: a question does not wait for the answer to the one before it.
 * (A pool lends a connection to one asker at a time: with six of them 500 askers waited longer than a second.)
 */
function pipelines(settings: pg.ClientConfig, count: number): Pipelines {
  const lines: (Promise<pg.Client> | undefined)[] = Array.from({ length: count }, () => undefined)
  let turn = 0
  let asked = 0
  let over = false

  /** Questions of one turn of the event loop share a line, and so one write; a great many of them take the next. */
  function nextLine(): number {
    if (asked === 0) setImmediate(() => (asked = 0))
    if (asked++ % SHARING === 0) turn++
    return turn % count
  }

  function lineOf(index: number): Promise<pg.Client> {
    const known = lines[index]
    if (known !== undefined) return known
    const client = new pg.Client(settings)
    const opened = client.connect().then(() => client)
    const forget = (): void => {
      if (lines[index] === opened) lines[index] = undefined
    }
    // A line that dies is opened again by the next question; what was under way on it fails by itself.
    client.on('error', forget)
    client.on('end', forget)
    opened.catch(forget)
    lines[index] = opened
    return opened
  }

  return {
    async query<Row extends pg.QueryResultRow>(query: string | pg.QueryConfig, values?: unknown[]) {
      if (over) throw new StoreUnavailable('the hub has closed its database')
      const line = await lineOf(nextLine())
      inOneWrite(line)
      return typeof query === 'string' ? line.query<Row>(query, values) : line.query<Row>(query)
    },
    async end() {
      over = true
      await Promise.all(lines.map(async (line) => (await line?.catch(() => undefined))?.end().catch(() => undefined)))
    },
  }
}

/** Is this error about the connection or the server being away, rather than about the statement? */
export function isUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code: unknown = Reflect.get(error, 'code')
  if (typeof code === 'string') {
    // 08: connection · 57P: shutdown, crash, starting up · 53: out of connections, memory, disk · 58: disk errors
    if (/^(08|57P|53|58)/.test(code) || code === '25006') return true
    if (/^(ECONN|EPIPE|ENOENT|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN|ENOTFOUND)/.test(code)) return true
  }
  return /terminat|timeout|closed|not queryable|connection error|Connection ended/i.test(error.message)
}

/** An error of the driver as the store's: unavailable, or as it is. */
export function storeError(error: unknown): unknown {
  return isUnavailable(error) ? new StoreUnavailable('the database is away', { cause: error }) : error
}

export type Statement = Readonly<{ name: string; text: string; values: unknown[] }>

/** A read outside any transaction. */
export async function read<Row extends pg.QueryResultRow>(database: Database, statement: Statement): Promise<Row[]> {
  try {
    const { rows } = await database.reads.query<Row>({ ...statement })
    return rows
  } catch (error) {
    throw storeError(error)
  }
}

/** One statement that changes something, outside any transaction: not on the shared connections of reads. */
export async function changeAlone<Row extends pg.QueryResultRow = Record<string, unknown>>(
  database: Pick<Database, 'transactions'>,
  statement: Omit<Statement, 'name'> & Partial<Pick<Statement, 'name'>>,
): Promise<Row[]> {
  try {
    const { rows } = await database.transactions.query<Row>({ ...statement })
    return rows
  } catch (error) {
    throw storeError(error)
  }
}

/**
 * One transaction in two pipelined round trips: `load` is sent behind BEGIN, `write` decides without waiting and gives the
 * statements that are sent with COMMIT. `null` from `write` rolls back. A COMMIT that answers ROLLBACK is a failure, and a
 * connection lost after COMMIT was sent is an unknown outcome.
 */
export async function inTransaction(
  pool: pg.Pool,
  load: readonly Statement[],
  write: (results: pg.QueryResult[]) => { statements: readonly Statement[] } | null,
): Promise<void> {
  const client = await pool.connect().catch((error: unknown) => {
    throw storeError(error)
  })
  let broken: Error | undefined
  const noteError = (error: Error): void => void (broken = error)
  client.on('error', noteError)
  let committing = false
  try {
    inOneWrite(client)
    const [, ...loaded] = await all([client.query('begin'), ...load.map((statement) => client.query({ ...statement }))])
    const writes = write(loaded)
    if (writes === null) {
      await client.query('rollback')
      return
    }
    committing = true
    inOneWrite(client)
    const sent = writes.statements.map((statement) => client.query({ ...statement }))
    const results = await all([...sent, client.query('commit')])
    const tag = results.at(-1)?.command
    if (tag !== 'COMMIT') throw new Error(`COMMIT answered ${tag}`)
  } catch (error) {
    const away = broken !== undefined || isUnavailable(error)
    if (!away) await client.query('rollback').catch(noteError)
    if (!away) throw error
    broken ??= error instanceof Error ? error : new Error('the connection was lost')
    throw committing
      ? new OutcomeUnknown('the answer to COMMIT was lost', { cause: error })
      : new StoreUnavailable('the database is away', { cause: error })
  } finally {
    client.off('error', noteError)
    client.release(broken)
  }
}

/** Waits for all, then throws the first error in order of sending: pipelined statements fail together. */
async function all<Result>(promises: readonly Promise<Result>[]): Promise<Result[]> {
  const settled = await Promise.allSettled(promises)
  return settled.map((each) => {
    if (each.status === 'rejected') throw each.reason
    return each.value
  })
}
