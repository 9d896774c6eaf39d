// The vault's own database: a pool, and two ways to use it. Whatever fails because there is no database is told as Unavailable.
import pg from 'pg'

/** There is no database, or nobody knows whether it has taken the commit. What was asked can be asked again. */
export class Unavailable extends Error {
  override name = 'Unavailable'
}

/** Somebody else is doing it. */
export class Busy extends Error {
  override name = 'Busy'
}

export type Row = Record<string, unknown>
export type Query = <Found extends Row = Row>(text: string, values?: readonly unknown[]) => Promise<Found[]>
export type VaultDatabase = Readonly<{
  /** one statement, which is its own commit */
  query: Query
  /** all or nothing; a COMMIT that answers ROLLBACK is a failure */
  together<Result>(work: (query: Query) => Promise<Result>): Promise<Result>
  /**
   * Holds the lock of this number on a connection of its own, whose statements `work` is given: when that connection is lost, so is the
   * lock, and they fail. Throws Busy where somebody else holds it.
   */
  alone<Result>(lock: number, work: (query: Query) => Promise<Result>): Promise<Result>
  end(): Promise<void>
}>

/** Two hubs' worth of orders under way wait for issuers, not for these. */
const CONNECTIONS = 8
const CONNECT_WITHIN_MS = 2_000
const STATEMENT_WITHIN_MS = 8_000
/** connection, shutdown, resources, disk (as PostgreSQL numbers them), then what sockets say */
const AWAY = /^(08|57P|53|58|25006|ECONN|EPIPE|ENOENT|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN|ENOTFOUND)/

/** Milliseconds since 1970 by the database's clock, in SQL. */
export const NOW = '(extract(epoch from clock_timestamp()) * 1000)::bigint'

/** Opens connections as they are needed. */
export function openVaultDatabase(settings: pg.ClientConfig): VaultDatabase {
  const pool = new pg.Pool({
    ...settings,
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
    query_timeout: STATEMENT_WITHIN_MS + 2_000,
    options: `-c statement_timeout=${STATEMENT_WITHIN_MS} -c lock_timeout=${STATEMENT_WITHIN_MS - 2_000} -c idle_in_transaction_session_timeout=${2 * STATEMENT_WITHIN_MS} -c jit=off`,
    types: { getTypeParser },
  })
  // An idle connection that dies is replaced by the pool; without a listener it would end the process.
  pool.on('error', () => {})

  const connected = (): Promise<pg.PoolClient> =>
    pool.connect().catch((error: unknown) => {
      throw known(error)
    })

  return {
    async query<Found extends Row = Row>(text: string, values: readonly unknown[] = []) {
      try {
        return (await pool.query<Found>(text, [...values])).rows
      } catch (error) {
        throw known(error)
      }
    },
    async together(work) {
      const client = await connected()
      let broken: Error | undefined
      const note = (error: Error): void => void (broken = error)
      client.on('error', note)
      try {
        await client.query('begin')
        const result = await work(on(client))
        const { command } = await client.query('commit')
        if (command !== 'COMMIT') throw new Error(`COMMIT answered ${command}`)
        return result
      } catch (error) {
        await client.query('rollback').catch(note)
        throw known(error)
      } finally {
        client.off('error', note)
        client.release(broken)
      }
    },
    async alone(lock, work) {
      const client = await connected()
      const ignore = (): void => {}
      client.on('error', ignore)
      try {
        const query = on(client)
        const [row] = await query<{ held: boolean }>('select pg_try_advisory_lock($1) as held', [lock])
        if (row?.held !== true) throw new Busy('It is going on elsewhere: wait until that one has ended.')
        return await work(query)
      } catch (error) {
        throw known(error)
      } finally {
        client.off('error', ignore)
        // Not back into the pool: the lock ends with its connection, whatever became of the work.
        client.release(true)
      }
    },
    end: () => pool.end(),
  }
}

const on =
  (client: pg.PoolClient): Query =>
  async <Found extends Row = Row>(text: string, values: readonly unknown[] = []) =>
    (await client.query<Found>(text, [...values])).rows

const BIGINT = 20

/** Amounts and times of ours are below 2^53 (twelve digits, milliseconds): they are read as numbers. */
function getTypeParser(oid: number, format?: 'text' | 'binary'): (text: string) => unknown {
  // Border: the driver's parsers take what the server sent as text.
  return oid === BIGINT ? Number : (pg.types.getTypeParser(oid, format ?? 'text') as (text: string) => unknown)
}

function known(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const code: unknown = Reflect.get(error, 'code')
  const isAway =
    (typeof code === 'string' && AWAY.test(code)) ||
    /terminat|timeout|closed|not queryable|connection error|Cannot use a pool/i.test(error.message)
  return isAway ? new Unavailable('the database is away', { cause: error }) : error
}
