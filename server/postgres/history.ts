// One page of an account's history: one bucket, by primary key (bucket, account, unit, number), bounded however it is filtered.
// Times have no index: the journal is written a thousand times for each reader, and an entry's time rises with its number, so the
// ends of a range of times are found by halving the numbers, some twenty points of the key for a million entries.
import { LIMITS } from '#protocol/limits.ts'
import type { EntryPage, Store } from '#switch/store.ts'
import { read, type Database } from './connect.ts'
import { bigFrom, entryFrom, type Row } from './rows.ts'

/** The database's clock may be set back by so much between two entries; a busy payee has some 300 of them in this time. */
const CLOCK_STEP_MS = 1_000

const LAST = 9_223_372_036_854_775_807n

/** Newest first, as the store's contract says. */
export async function readEntries(
  database: Database,
  bucket: number,
  page: EntryPage,
): ReturnType<Store['readEntries']> {
  const { account, unit, since, until, kind, limit } = page
  const before = page.before ?? LAST
  const rowsOf = (name: string, text: string, values: unknown[]): Promise<Row[]> =>
    read<Row>(database, { name, text, values: [bucket, account, unit, ...values] })
  // One more than asked for: whether there is a further page is known without reading it.
  if (since === null && until === null && kind === null) {
    const rows = await rowsOf(
      'read_entries',
      'select * from entry where bucket = $1 and account = $2 and unit = $3 and number < $4 order by number desc limit $5',
      [before, limit + 1],
    )
    return pageOf(rows, limit, null)
  }

  const { low, high: last } = await numbersBetween(database, bucket, page)
  const high = last < before ? last : before
  const reach = high - BigInt(LIMITS.scannedEntries)
  const floor = reach > low ? reach : low
  const rows = await rowsOf(
    'scan_entries',
    `select * from entry where bucket = $1 and account = $2 and unit = $3 and number >= $4 and number < $5
       and ($6::bigint is null or at >= $6) and ($7::bigint is null or at < $7) and ($8::text is null or kind = $8)
     order by number desc limit $9`,
    [floor, high, since, until, kind, limit + 1],
  )
  return pageOf(rows, limit, floor > low ? floor : null)
}

/**
 * The account's numbers from `low` until before `high` hold all its entries from `since` until before `until` (null for no such end),
 * and few others: the clock may have stepped back.
 */
export async function numbersBetween(
  database: Database,
  bucket: number,
  { account, unit, since, until }: Pick<EntryPage, 'account' | 'unit' | 'since' | 'until'>,
): Promise<Readonly<{ low: bigint; high: bigint }>> {
  const values = [
    bucket,
    account,
    unit,
    since === null ? null : since - CLOCK_STEP_MS,
    until === null ? null : until + CLOCK_STEP_MS,
  ]
  const [range] = await read<Row>(database, { name: 'find_entries', text: FIND, values })
  return { low: bigFrom(range?.low), high: bigFrom(range?.high) }
}

/** `goOn` is where to go on when the page is not full. */
function pageOf(rows: readonly Row[], limit: number, goOn: bigint | null): Awaited<ReturnType<Store['readEntries']>> {
  const entries = rows.slice(0, limit).map(entryFrom)
  return { entries, next: rows.length > limit ? (entries.at(-1)?.number ?? null) : goOn }
}

/** The first number whose time is not before $4 (`low`) and the first whose is not before $5 (`high`); null means no such end. */
const FIND = `
with recursive newest as (
  select coalesce((
    select number from entry where bucket = $1 and account = $2 and unit = $3 order by number desc limit 1), 0) as number
), halving(at, first, last) as (
  select ends.at, 1::bigint, newest.number + 1 from newest, unnest(array[$4::bigint, $5::bigint]) ends(at) where ends.at is not null
  union all
  select h.at, case when e.at < h.at then e.number + 1 else h.first end, case when e.at < h.at then h.last else e.number end
  from halving h cross join lateral (
    -- The limit keeps this a look-up by key for each step: as a join it read the account's whole history, once for all steps.
    select number, at from entry
    where bucket = $1 and account = $2 and unit = $3 and number = h.first + (h.last - h.first) / 2 limit 1
  ) e
  where h.first < h.last
)
select
  coalesce((select first from halving where at = $4 and first = last limit 1), 1) as low,
  coalesce((select first from halving where at = $5 and first = last limit 1), (select number + 1 from newest)) as high`
