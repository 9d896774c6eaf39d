// Merchants' price files in PostgreSQL: one version at a time, written whole or not at all under the file's own row.
import { bucketOfId, type PartyId } from '#core/ids.ts'
import { GOOD_KINDS, GRAMS_OF, type Good, type WeightUnit } from '#core/goods.ts'
import { COLUMNS, type Column } from '#core/price-file.ts'
import { read, type Database } from './connect.ts'
import { bigFrom, NOW, uuidOf, type Row } from './rows.ts'
import { allOrNothing, type Query } from './transaction.ts'

export type Goods = ReturnType<typeof postgresGoods>

export type PriceFile = Readonly<{ version: number; count: number; at: number | null }>

/** What a new file changes, by code; `goods` is all of it in the file's order. */
export type Rewrite = Readonly<{ goods: readonly Good[]; written: readonly number[]; removed: readonly string[] }>

const NO_FILE: PriceFile = { version: 0, count: 0, at: null }
/** Rows in one statement: some 50 ms each, far below a statement's time limit. */
const ROWS_AT_ONCE = 2_000

/** Methods throw StoreUnavailable when there is no database. */
export function postgresGoods(database: Database) {
  return {
    async file(party: PartyId): Promise<PriceFile> {
      const [row] = await read<Row>(database, {
        name: 'price_file',
        text: 'select version, count, at from price_file where bucket = $1 and party = $2',
        values: [bucketOfId(party), uuidOf(party)],
      })
      return row === undefined ? NO_FILE : fileFrom(row)
    },

    /** All goods in the file's order, as they were at one moment. */
    async goods(party: PartyId): Promise<Good[]> {
      const rows = await read<Row>(database, {
        name: 'price_items',
        text: ITEMS,
        values: [bucketOfId(party), uuidOf(party)],
      })
      return rows.map(goodFrom)
    },

    /**
     * Writes what `decide` makes of the goods that are there, under a new version; nothing where the file is not at `basedOn` any
     * more (undefined), or where nothing changes. The same text sent again after a lost answer finds its own version.
     */
    rewrite<Decided extends Readonly<{ rewrite: Rewrite | null }>>(
      party: PartyId,
      { basedOn, hash }: Readonly<{ basedOn: number; hash: Uint8Array }>,
      decide: (before: readonly Good[]) => Decided,
    ): Promise<Readonly<{ file: PriceFile; decided: Decided }> | undefined> {
      const key = [bucketOfId(party), uuidOf(party)]
      return allOrNothing(database.transactions, async (within) => {
        await within(
          `insert into price_file (bucket, party, at) values ($1, $2, ${NOW}) on conflict (bucket, party) do nothing`,
          key,
        )
        const [row] = await within(
          'select version, count, at, hash from price_file where bucket = $1 and party = $2 for update',
          key,
        )
        if (row === undefined) throw new Error('the file’s row was made above')
        const isAgain = Number(row.version) === basedOn + 1 && Buffer.isBuffer(row.hash) && row.hash.equals(hash)
        if (Number(row.version) !== basedOn && !isAgain) return undefined
        const decided = decide((await within(ITEMS, key)).map(goodFrom))
        if (decided.rewrite === null || isAgain) return { file: fileFrom(row), decided }
        await write(within, key, decided.rewrite)
        const [made] = await within(
          `update price_file set version = version + 1, count = $3, hash = $4, at = ${NOW}
           where bucket = $1 and party = $2 returning version, count, at`,
          [...key, decided.rewrite.goods.length, hash],
        )
        return { file: fileFrom(made ?? row), decided }
      })
    },
  }
}

const ITEMS = 'select * from price_item where bucket = $1 and party = $2 order by position'

async function write(within: Query, key: readonly unknown[], { goods, written, removed }: Rewrite): Promise<void> {
  if (removed.length > 0)
    await within('delete from price_item where bucket = $1 and party = $2 and code = any($3::text[])', [
      ...key,
      removed,
    ])
  for (let at = 0; at < written.length; at += ROWS_AT_ONCE) {
    const rows = written.slice(at, at + ROWS_AT_ONCE).map((index) => rowFrom(index, goods[index]))
    await within(UPSERT, [...key, JSON.stringify(rows)])
  }
}

/** The table has the file's columns by their names, but that a tax class is in three, and a good has its place in the file. */
type OfFile = Exclude<Column, 'code' | 'tax'>
type Field = OfFile | 'position' | 'tax_rate' | 'tax_added' | 'tax_reduced'
const FIELDS: readonly Field[] = [
  'position',
  ...COLUMNS.filter((column): column is OfFile => column !== 'code' && column !== 'tax'),
  'tax_rate',
  'tax_added',
  'tax_reduced',
]

const TYPES: Readonly<Partial<Record<Field, string>>> = {
  position: 'integer',
  price: 'bigint',
  tax_rate: 'integer',
  tax_added: 'boolean',
  tax_reduced: 'boolean',
  minimum_age: 'smallint',
  per_day: 'integer',
  delivery: 'boolean',
  active: 'boolean',
}

const UPSERT = `insert into price_item (bucket, party, code, ${FIELDS.join(', ')})
  select $1, $2, code, ${FIELDS.join(', ')} from jsonb_to_recordset($3::jsonb)
    as row (code text, ${FIELDS.map((field) => `${field} ${TYPES[field] ?? 'text'}`).join(', ')})
  on conflict (bucket, party, code) do update set ${FIELDS.map((field) => `${field} = excluded.${field}`).join(', ')}`

function rowFrom(position: number, good: Good | undefined): Record<Field | 'code', unknown> {
  if (good === undefined) throw new Error('only goods of the file are written')
  return {
    code: good.code,
    position,
    kind: good.kind,
    name: good.name,
    name_en: good.nameEn,
    name_ja: good.nameJa,
    search: good.search,
    price: good.price === null ? null : String(good.price),
    unit: good.unit,
    tax_rate: good.tax?.rate ?? null,
    tax_added: good.tax?.isAdded ?? false,
    tax_reduced: good.tax?.isReduced ?? false,
    minimum_age: good.minimumAge,
    per_day: good.perDay,
    delivery: good.delivery,
    take_back: good.takeBack,
    category: good.category,
    key: good.key,
    active: good.isActive,
  }
}

const fileFrom = (row: Row): PriceFile => ({
  version: Number(row.version),
  count: Number(row.count),
  at: Number(row.version) === 0 ? null : Number(row.at),
})

const textOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null)
const numberOrNull = (value: unknown): number | null => (value === null ? null : Number(value))

// The columns are written above alone and checked by the table's constraints.
const goodFrom = (row: Row): Good => ({
  code: String(row.code),
  kind: GOOD_KINDS.find((kind) => kind === row.kind) ?? 'piece',
  name: String(row.name),
  nameEn: textOrNull(row.name_en),
  nameJa: textOrNull(row.name_ja),
  search: String(row.search),
  price: row.price === null ? null : bigFrom(row.price),
  unit: WEIGHT_UNITS.find((unit) => unit === row.unit) ?? null,
  tax:
    row.tax_rate === null
      ? null
      : { rate: Number(row.tax_rate), isAdded: row.tax_added === true, isReduced: row.tax_reduced === true },
  minimumAge: numberOrNull(row.minimum_age),
  perDay: numberOrNull(row.per_day),
  delivery: row.delivery === true,
  takeBack: textOrNull(row.take_back),
  category: String(row.category),
  key: textOrNull(row.key),
  isActive: row.active === true,
})

const WEIGHT_UNITS = Object.keys(GRAMS_OF).filter((unit): unit is WeightUnit => Object.hasOwn(GRAMS_OF, unit))
