// The tables of cards in PostgreSQL. They are read whole, because they are small and asked at every choice of a card; a change locks their
// one row, so that whoever changes them has seen what was there.
import { isAccountNumber, type AccountNumber } from '#core/accounts.ts'
import type { CardRange, TakenMethods } from '#core/card-ranges.ts'
import { bucketOfId, type PartyId } from '#core/ids.ts'
import { parseTerms, termsWire, type PlanTerms } from '#core/plan.ts'
import { read, type Database } from './connect.ts'
import { idOf, NOW, uuidOf, type Row } from './rows.ts'
import { allOrNothing, type Query } from './transaction.ts'

export type Issuer = Readonly<{
  code: string
  name: string
  nameJa: string
  host: string
  port: number
  /** by which this issuer knows the scheme */
  acquirer: string
  oneTimePrefix: string | null
  isOpen: boolean
  /** of the card's face, as CSS has them: its ground, and what is written on it */
  colour: string
  ink: string
  terms: PlanTerms
}>

export type MerchantRow = Readonly<{
  /** null: all merchants without a row of their own */
  merchant: PartyId | null
  issuer: string
  number: string
  category: string
  methods: TakenMethods
}>
/** With what people know a merchant by. */
export type NamedMerchant = MerchantRow & Readonly<{ account: AccountNumber | null; name: string | null }>

export type Tables = Readonly<{
  version: number
  changedAt: number
  issuers: readonly Issuer[]
  ranges: readonly CardRange[]
  merchants: readonly NamedMerchant[]
}>

/** What is put (added, or in the place of what has the same key) and taken away. */
export type TablesWrite = Readonly<{
  issuers: readonly Issuer[]
  ranges: readonly CardRange[]
  merchants: readonly MerchantRow[]
  noRanges: readonly string[]
  noMerchants: readonly Pick<MerchantRow, 'merchant' | 'issuer'>[]
}>

export type CardTableRows = ReturnType<typeof postgresCardTables>

/** Over an open database. Methods throw StoreUnavailable when there is none. */
export function postgresCardTables(database: Database) {
  return {
    async version(): Promise<number> {
      const [row] = await read<Row>(database, {
        name: 'card_tables_version',
        text: 'select version from card_tables',
        values: [],
      })
      return Number(row?.version)
    },
    /** All of it, as it was at one moment. */
    async load(): Promise<Tables> {
      const rows = await read<Row>(database, { name: 'card_tables_load', text: LOAD, values: [] })
      return tablesFrom(rows)
    },
    /** Merchants by their accounts. */
    async merchantsBy(accounts: readonly AccountNumber[]): Promise<ReadonlyMap<AccountNumber, PartyId>> {
      if (accounts.length === 0) return new Map()
      const rows = await read<Row>(database, {
        name: 'merchants_by_account',
        // The bucket of an account is plain arithmetic (core/accounts.ts).
        text: `select p.id, p.account from scheme s, unnest($1::text[]) n(account)
          join party p on p.account = n.account and p.kind = 'merchant'
          where p.bucket = ((substr(n.account, 4, 7)::bigint + 7919 * substr(n.account, 1, 3)::bigint) % s.buckets)::smallint`,
        values: [accounts],
      })
      return new Map(
        rows.flatMap((row) => {
          const { account } = row
          return isAccountNumber(account) ? [[account, idOf<PartyId>('pty', String(row.id))] as const] : []
        }),
      )
    },
    /**
     * Locks the tables and lets `decide` see them; what it wants written is written once for this command, in the same commit. `isDone`:
     * this command has been carried out before.
     */
    async change<Result>(
      command: string,
      decide: (tables: Tables, isDone: boolean) => Promise<Readonly<{ result: Result; write: TablesWrite | null }>>,
    ): Promise<Result> {
      return allOrNothing(database.transactions, async (query) => {
        await query('select version from card_tables for update', [])
        const done = await query('select version from card_tables_change where command = $1', [command])
        const { result, write } = await decide(tablesFrom(await query(LOAD, [])), done.length > 0)
        if (write !== null && done.length === 0) {
          await put(query, write)
          await query(
            `with changed as (update card_tables set version = version + 1, changed_at = ${NOW} returning version)
             insert into card_tables_change (command, version) select $1, version from changed`,
            [command],
          )
        }
        return result
      })
    },
  }
}

const LOAD = `select t.version, t.changed_at,
  (select coalesce(jsonb_agg(to_jsonb(i) order by i.code), '[]') from card_issuer i) as issuers,
  (select coalesce(jsonb_agg(to_jsonb(r) order by r.prefix), '[]') from card_range r) as ranges,
  (select coalesce(jsonb_agg(to_jsonb(m) || jsonb_build_object('account', p.account, 'name', p.name)
     order by m.issuer, m.merchant nulls first), '[]')
   from card_merchant m left join party p on p.bucket = m.bucket and p.id = m.merchant) as merchants
  from card_tables t`

async function put(query: Query, write: TablesWrite): Promise<void> {
  const { issuers, ranges, merchants, noRanges, noMerchants } = write
  await query(
    `insert into card_issuer (code, name, name_ja, host, port, acquirer, terms, one_time_prefix, is_open, colour, ink)
     select code, name, name_ja, host, port, acquirer, terms, one_time_prefix, is_open, colour, ink
     from jsonb_to_recordset($1::jsonb) as i(code text, name text, name_ja text, host text, port integer, acquirer text, terms jsonb,
       one_time_prefix text, is_open boolean, colour text, ink text)
     on conflict (code) do update set name = excluded.name, name_ja = excluded.name_ja, host = excluded.host, port = excluded.port,
       acquirer = excluded.acquirer, terms = excluded.terms, one_time_prefix = excluded.one_time_prefix, is_open = excluded.is_open,
       colour = excluded.colour, ink = excluded.ink`,
    [
      JSON.stringify(
        issuers.map(({ nameJa, oneTimePrefix, isOpen, terms, ...issuer }) => ({
          ...issuer,
          name_ja: nameJa,
          one_time_prefix: oneTimePrefix,
          is_open: isOpen,
          terms: termsWire(terms),
        })),
      ),
    ],
  )
  await query('delete from card_range where prefix = any($1)', [noRanges])
  await query(
    `insert into card_range (prefix, issuer) select * from unnest($1::text[], $2::text[])
     on conflict (prefix) do update set issuer = excluded.issuer`,
    [ranges.map(({ prefix }) => prefix), ranges.map(({ issuer }) => issuer)],
  )
  await query(
    `delete from card_merchant m using unnest($1::text[], $2::uuid[]) as n(issuer, merchant)
     where m.issuer = n.issuer and m.merchant is not distinct from n.merchant`,
    [noMerchants.map(({ issuer }) => issuer), noMerchants.map(({ merchant }) => merchant && uuidOf(merchant))],
  )
  await query(
    `insert into card_merchant (issuer, bucket, merchant, number, category, methods)
     select * from unnest($1::text[], $2::smallint[], $3::uuid[], $4::text[], $5::text[], $6::jsonb[])
     on conflict (issuer, merchant) do update set number = excluded.number, category = excluded.category, methods = excluded.methods`,
    [
      merchants.map(({ issuer }) => issuer),
      merchants.map(({ merchant }) => merchant && bucketOfId(merchant)),
      merchants.map(({ merchant }) => merchant && uuidOf(merchant)),
      merchants.map(({ number }) => number),
      merchants.map(({ category }) => category),
      merchants.map(({ methods }) => JSON.stringify(methods)),
    ],
  )
}

function tablesFrom([row]: readonly Row[]): Tables {
  if (row === undefined) throw new Error('the migration has made this row')
  // Border: the aggregates above are arrays of these tables' rows, whose columns the tables check; methods are as `put` writes them.
  const [issuers, ranges, merchants] = [row.issuers, row.ranges, row.merchants] as [Row[], Row[], Row[]]
  return {
    version: Number(row.version),
    changedAt: Number(row.changed_at),
    issuers: issuers.map(issuerFrom),
    ranges: ranges.map(({ prefix, issuer }) => ({ prefix: String(prefix), issuer: String(issuer) })),
    merchants: merchants.map((each) => ({
      merchant: typeof each.merchant === 'string' ? idOf<PartyId>('pty', each.merchant) : null,
      account: isAccountNumber(each.account) ? each.account : null,
      name: typeof each.name === 'string' ? each.name : null,
      issuer: String(each.issuer),
      number: String(each.number),
      category: String(each.category),
      methods: each.methods as TakenMethods,
    })),
  }
}

function issuerFrom(row: Row): Issuer {
  const terms = parseTerms(row.terms)
  if (terms === undefined) throw new Error(`the terms of issuer ${String(row.code)} are not those that were written`)
  return {
    code: String(row.code),
    name: String(row.name),
    nameJa: String(row.name_ja),
    host: String(row.host),
    port: Number(row.port),
    acquirer: String(row.acquirer),
    oneTimePrefix: typeof row.one_time_prefix === 'string' ? row.one_time_prefix : null,
    isOpen: row.is_open === true,
    colour: String(row.colour),
    ink: String(row.ink),
    terms,
  }
}
