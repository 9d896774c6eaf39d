// Exchange rates in PostgreSQL: rows are added, never changed, and the newest that is in force counts.
import { inverseOf, lessSpread, parsePrice, type Rate } from '#core/rate.ts'
import type { Unit } from '#core/money.ts'
import { changeAlone, read, type Database } from './connect.ts'
import { NOW, type Row } from './rows.ts'

/** A rate as somebody has set it. */
export type RateRow = Readonly<{
  from: Unit
  to: Unit
  /** the market's, before the spread; null: no exchange */
  price: string | null
  /** basis points */
  spread: number
  validFrom: number
  validUntil: number
  origin: 'desk' | 'source'
  setBy: string
  setAt: number
}>

/** `id`: a uuid that a repeat makes again; `validFrom` null: from now on. */
export type NewRate = Omit<RateRow, 'setAt' | 'validFrom'> & Readonly<{ id: string; validFrom: number | null }>

export type SourceRow = Readonly<{
  name: string
  answeredAt: number | null
  trouble: string | null
  keptOut: readonly string[]
  lookedAt: number
}>

export type Rates = ReturnType<typeof postgresRates>

/** Rows of a pair that can never count again and are kept all the same, for whoever wants to see what was. */
const KEPT = 100

/** Over an open database. Methods throw StoreUnavailable when there is none. */
export function postgresRates(database: Database) {
  const rowsOf = (name: string, text: string, values: unknown[]): Promise<Row[]> =>
    read<Row>(database, { name, text, values })

  return {
    /**
     * What one of `from`, the payer's unit, is worth in `to`, the bill's, less the spread: of a pair that was set this way, else of the
     * one the other way round, turned over. Never by way of a third unit. Undefined where there is none in force.
     */
    async of(from: Unit, to: Unit): Promise<Rate | undefined> {
      const rows = await rowsOf('rate_of', `${IN_FORCE} union all ${IN_FORCE_TURNED} order by turned limit 1`, [
        from,
        to,
      ])
      const [row] = rows.map(rateFrom)
      return row && paidWith(row, from)
    },
    /** All that is in force, each pair once and as it was set, by units. */
    async inForce(): Promise<RateRow[]> {
      const rows = await rowsOf(
        'rates_in_force',
        `select distinct on (from_unit, to_unit) ${COLUMNS} from rate
         where valid_from <= (select ${NOW}) and valid_until > (select ${NOW})
         order by from_unit, to_unit, set_at desc, id`,
        [],
      )
      return rows.map(rateFrom)
    },
    /** The newest rows, in force or not. */
    async newest(limit: number): Promise<RateRow[]> {
      const rows = await rowsOf('newest_rates', `select ${COLUMNS} from rate order by set_at desc, id limit $1`, [
        limit,
      ])
      return rows.map(rateFrom)
    },
    /** What was said last of this very pair, run out or not. */
    async last(from: Unit, to: Unit): Promise<RateRow | undefined> {
      const [row] = await rowsOf(
        'last_rate',
        `select ${COLUMNS} from rate where from_unit = $1 and to_unit = $2 order by set_at desc, id limit 1`,
        [from, to],
      )
      return row && rateFrom(row)
    },
    /** Adds rates, all in one statement; those that are there already stay as they are. */
    async put(rates: readonly NewRate[]): Promise<void> {
      if (rates.length === 0) return
      await changeAlone(database, {
        name: 'put_rates',
        text: `insert into rate (id, from_unit, to_unit, price, spread, valid_from, valid_until, origin, set_by, set_at)
          select n.id, n.from_unit, n.to_unit, n.price, n.spread, coalesce(n.valid_from, t.now), n.valid_until, n.origin, n.set_by, t.now
          from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::integer[], $6::bigint[], $7::bigint[], $8::text[], $9::text[])
            n(id, from_unit, to_unit, price, spread, valid_from, valid_until, origin, set_by), (select ${NOW} as now) t
          where n.valid_until > coalesce(n.valid_from, t.now)
          on conflict (id) do nothing`,
        values: [
          rates.map(({ id }) => id),
          rates.map(({ from }) => from),
          rates.map(({ to }) => to),
          rates.map(({ price }) => price),
          rates.map(({ spread }) => spread),
          rates.map(({ validFrom }) => validFrom),
          rates.map(({ validUntil }) => validUntil),
          rates.map(({ origin }) => origin),
          rates.map(({ setBy }) => setBy),
        ],
      })
      const pairs = new Map(rates.map(({ from, to }) => [`${from} ${to}`, [from, to]]))
      for (const pair of pairs.values())
        await changeAlone(database, { name: 'forget_rates', text: FORGET, values: pair })
    },
    async source(name: string): Promise<SourceRow | undefined> {
      const [row] = await rowsOf('rate_source', 'select * from rate_source where name = $1', [name])
      return row && sourceFrom(row)
    },
    /** Notes what a look at the source brought; true where it is in another trouble than before, or out of it. */
    async noteSource(name: string, trouble: string | null, keptOut: readonly string[]): Promise<boolean> {
      const rows = await changeAlone(database, {
        name: 'note_source',
        text: `with before as (select trouble, kept_out from rate_source where name = $1)
          insert into rate_source (name, answered_at, trouble, kept_out, looked_at)
          values ($1, case when $2::text is null then ${NOW} end, $2, $3, ${NOW})
          on conflict (name) do update set answered_at = coalesce(excluded.answered_at, rate_source.answered_at),
            trouble = excluded.trouble, kept_out = excluded.kept_out, looked_at = excluded.looked_at
          returning (select (b.trouble, b.kept_out) is distinct from ($2::text, $3::text[]) from before b) as changed`,
        values: [name, trouble, keptOut],
      })
      const changed = rows[0]?.changed
      return changed === null ? trouble !== null || keptOut.length > 0 : changed === true
    },
  }
}

/** What a rate makes of a payer's unit, on whichever side of it that stands; undefined where there is no exchange. */
export function paidWith({ from, to, price, spread, validUntil }: RateRow, payers: Unit): Rate | undefined {
  const set = price === null ? undefined : parsePrice(price)
  if (set === undefined) return undefined
  const isTurned = payers !== from
  const less = lessSpread(isTurned ? inverseOf(set) : set, spread)
  return less === undefined ? undefined : { from: payers, to: isTurned ? from : to, price: less, until: validUntil }
}

const COLUMNS = 'from_unit, to_unit, price, spread, valid_from, valid_until, origin, set_by, set_at'
const newestOf = (from: string, to: string, turned: number): string =>
  `(select ${COLUMNS}, ${turned} as turned from rate where from_unit = ${from} and to_unit = ${to}
    and valid_from <= ${NOW} and valid_until > ${NOW} order by set_at desc, id limit 1)`
const IN_FORCE = newestOf('$1', '$2', 0)
const IN_FORCE_TURNED = newestOf('$2', '$1', 1)

/** Those that have run out, or that a newer one stands before until their end; of which the newest are kept. */
const FORGET = `delete from rate where id in (
  select r.id from rate r where r.from_unit = $1 and r.to_unit = $2
    and (r.valid_until <= (select ${NOW}) or exists (
      select from rate n where n.from_unit = $1 and n.to_unit = $2 and n.set_at > r.set_at
        and n.valid_from <= greatest((select ${NOW}), r.valid_from) and n.valid_until >= r.valid_until))
  order by r.set_at desc offset ${KEPT})`

// Border: the columns are written above alone, and checked by the table's constraints.
const rateFrom = (row: Row): RateRow => ({
  from: String(row.from_unit) as Unit,
  to: String(row.to_unit) as Unit,
  price: typeof row.price === 'string' ? row.price : null,
  spread: Number(row.spread),
  validFrom: Number(row.valid_from),
  validUntil: Number(row.valid_until),
  origin: row.origin === 'source' ? 'source' : 'desk',
  setBy: String(row.set_by),
  setAt: Number(row.set_at),
})

const sourceFrom = (row: Row): SourceRow => ({
  name: String(row.name),
  answeredAt: row.answered_at === null ? null : Number(row.answered_at),
  trouble: typeof row.trouble === 'string' ? row.trouble : null,
  keptOut: Array.isArray(row.kept_out) ? row.kept_out.map(String) : [],
  lookedAt: Number(row.looked_at),
})
