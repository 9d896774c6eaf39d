// The bench's ground: one embedded PostgreSQL in a temporary folder, a scheme, and on it the product's own store and switch.
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type pg from 'pg'
import { systemAccount, type AccountNumber } from '#core/accounts.ts'
import { idFrom, type PartyId } from '#core/ids.ts'
import { unitOf } from '#core/money.ts'
import { accountInBucket } from '#server/auth/directory.ts'
import { LANES } from '#server/hub.ts'
import { postgresBudgets } from '#server/postgres/budgets.ts'
import { openDatabase, type Database } from '#server/postgres/connect.ts'
import { migrate } from '#server/postgres/migrate.ts'
import { createScheme, type SchemeRow } from '#server/postgres/scheme.ts'
import { postgresStore } from '#server/postgres/store.ts'
import { startEmbeddedPostgres } from '#server/postgres/supervisor.ts'
import type { Store } from '#switch/store.ts'
import { createSwitch, type Switch } from '#switch/switch.ts'

export const BUCKETS = 16
export const UNIT = (() => {
  const unit = unitOf('JPY')
  if (unit === undefined) throw new Error('JPY is a currency')
  return unit
})()

export type Ground = Readonly<{
  settings: pg.ClientConfig
  scheme: SchemeRow
  database: Database
  store: Store
  hub: Switch
  lanes: number
  /** deposits for as long as `until` is not settled, then what is left; returns the number of transfers deposited */
  depositing(until: Promise<unknown>): Promise<number>
  close(): Promise<void>
}>

/** Starts the ground. fsync stays on; the settings are the product's own, but for those given to compare them. */
export async function openGround(
  options: { settings?: Readonly<Record<string, string>>; lanes?: number } = {},
): Promise<Ground> {
  const lanes = options.lanes ?? LANES
  const folder = await mkdtemp(join(tmpdir(), 'warifu-bench-'))
  const postgres = await startEmbeddedPostgres({ folder, progress: () => {}, settings: options.settings ?? {} })
  const settings = postgres.connection
  const { role } = await migrate(settings)
  const { scheme } = await createScheme(settings, {
    name: 'Bench',
    demo: true,
    buckets: BUCKETS,
    unit: UNIT,
    rules: {
      // Ten minutes of one person's payments are far over what anybody may spend in a month.
      limits: { perPayment: 1_000_000n, perDay: 1_000_000_000_000n, perMonth: 1_000_000_000_000n },
      freshProofFrom: 1_000_000n,
    },
  })
  const database = openDatabase(settings, { transactions: lanes + 4, reads: 6, role })
  const store = postgresStore(database, BUCKETS)
  const arrived = new Set<number>()
  const hub = createSwitch({
    store,
    budgets: postgresBudgets(database),
    scheme,
    random: randomBytes,
    lanes,
    onChange: ({ buckets }) => buckets.forEach((bucket) => arrived.add(bucket)),
    onAlarm: ({ error }) => {
      throw error
    },
  })

  async function depositing(until: Promise<unknown>): Promise<number> {
    const state = { done: false }
    let total = 0
    const finish = until.finally(() => (state.done = true))
    while (!state.done) {
      await new Promise((resolve) => setTimeout(resolve, 50))
      for (const bucket of arrived) {
        arrived.delete(bucket)
        total += await store.deposit(bucket)
      }
    }
    await finish
    for (let bucket = 0; bucket < BUCKETS; bucket++)
      for (let moved = 1; moved > 0; total += moved) moved = await store.deposit(bucket)
    return total
  }

  return {
    settings,
    scheme,
    database,
    store,
    hub,
    lanes,
    depositing,
    async close() {
      await database.end()
      await postgres.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Bytes of the product's own tables and indexes. Dead rows count: they are on the disk. */
export async function bytesOnDisk({ database }: Ground): Promise<number> {
  const { rows } = await database.reads.query<{ bytes: string }>(
    `select sum(pg_total_relation_size(oid)) as bytes from pg_class
     where relkind = 'r' and relnamespace = 'public'::regnamespace and relname !~ '^(pgbench|naive|only)_'`,
  )
  return Number(rows[0]?.bytes)
}

/** Bytes of write-ahead log that `work` has caused, with all that went on beside it. */
export async function logged<Result>(
  { database }: Ground,
  work: () => Promise<Result>,
): Promise<[Result, bytes: number]> {
  const end = async (since: string): Promise<{ at: string; bytes: string }> => {
    const text = 'select pg_current_wal_lsn() as at, pg_current_wal_lsn() - $1::pg_lsn as bytes'
    const { rows } = await database.reads.query<{ at: string; bytes: string }>(text, [since])
    return rows[0] ?? { at: since, bytes: '0' }
  }
  const { at } = await end('0/0')
  const result = await work()
  return [result, Number((await end(at)).bytes)]
}

/** The n-th account of the bench, dealt over the buckets. */
export const accountAt = (n: number): AccountNumber => accountInBucket(n % BUCKETS, Math.floor(n / BUCKETS), BUCKETS)
export const bucketAt = (n: number): number => n % BUCKETS
export const someParty = (): PartyId => idFrom('pty', randomBytes(16))

/** Opens `count` accounts (from number `first`) with `money` each, booked from the issue accounts. */
export async function openAccounts(
  ground: Ground,
  first: number,
  count: number,
  money: bigint,
): Promise<AccountNumber[]> {
  const accounts = Array.from({ length: count }, (_, index) => accountAt(first + index))
  const buckets = accounts.map((_, index) => bucketAt(first + index))
  await ground.database.reads.query(
    'insert into account (bucket, key, unit) select b, k, $3 from unnest($1::smallint[], $2::text[]) n(b, k) on conflict do nothing',
    [buckets, accounts, UNIT],
  )
  if (money === 0n) return accounts
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const own = accounts.filter((_, index) => buckets[index] === bucket)
    const transfers = own.map((credit) => ({
      debit: systemAccount('issue', bucket),
      credit,
      unit: UNIT,
      amount: money,
      kind: 'post' as const,
      payment: null,
      debitName: 'opening',
      creditName: 'opening',
    }))
    if (transfers.length > 0)
      await ground.hub.post({ id: idFrom('cmd', randomBytes(16)), hash: '00', transfers }, someParty())
    while ((await ground.store.deposit(bucket)) > 0);
  }
  return accounts
}
