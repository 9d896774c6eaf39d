// Menus and their stock in PostgreSQL.
import { bucketOfId, type PartyId } from '#core/ids.ts'
import type { SentMenu } from '#core/menu-wire.ts'
import type { Returned } from '#core/tab.ts'
import { LIMITS } from '#protocol/limits.ts'
import { changeAlone, read, type Database } from './connect.ts'
import { NOW, uuidOf, type Row } from './rows.ts'
import { allOrNothing, type Query } from './transaction.ts'

export type StockRow = Readonly<{ item: string; left: number }>
export type MenuRow = Readonly<{ version: number; at: number; document: SentMenu; stock: readonly StockRow[] }>
export type Menus = ReturnType<typeof postgresMenus>

/** Methods throw StoreUnavailable when there is no database. */
export function postgresMenus(database: Database) {
  return {
    async find(party: PartyId): Promise<MenuRow | undefined> {
      const [row] = await read<Row>(database, {
        name: 'menu_find',
        text: `select m.version, m.at, m.document, (
            select coalesce(jsonb_agg(jsonb_build_object('item', s.item, 'left', s.remaining) order by s.item), '[]')
            from menu_stock s where s.bucket = m.bucket and s.party = m.party) as stock
          from menu m where m.bucket = $1 and m.party = $2`,
        values: keyOf(party),
      })
      return row && menuFromRow(row)
    },

    /** Writes the next version; undefined where it is not at `basedOn` any more. The same menu sent again after a lost answer is there already. */
    save(
      party: PartyId,
      {
        basedOn,
        document,
        hash,
        items,
      }: Readonly<{
        basedOn: number
        document: SentMenu
        hash: Uint8Array
        items: readonly string[]
      }>,
    ): Promise<boolean> {
      return allOrNothing(database.transactions, async (within) => {
        const made = await within(
          `insert into menu (bucket, party, version, document, hash, at) select $1, $2, 1, $3, $4, ${NOW} where $5::integer = 0
           on conflict (bucket, party) do nothing returning version`,
          [...keyOf(party), JSON.stringify(document), hash, basedOn],
        )
        if (made.length === 1) return true
        const written = await within(
          `update menu set version = version + 1, document = $3, hash = $4, at = ${NOW}
           where bucket = $1 and party = $2 and version = $5 returning version`,
          [...keyOf(party), JSON.stringify(document), hash, basedOn],
        )
        if (written.length === 0) {
          const again = await within(
            'select version from menu where bucket = $1 and party = $2 and version = $3 and hash = $4',
            [...keyOf(party), basedOn + 1, hash],
          )
          return again.length === 1
        }
        await within(
          'select item from menu_stock where bucket = $1 and party = $2 order by item for update',
          keyOf(party),
        )
        await within('delete from menu_stock where bucket = $1 and party = $2 and not item = any($3::text[])', [
          ...keyOf(party),
          items,
        ])
        return true
      })
    },

    /** Counts an item from now on, or no more (null). */
    async setStock(party: PartyId, item: string, left: number | null): Promise<void> {
      await (left === null
        ? changeAlone(database, {
            name: 'menu_stock_end',
            text: 'delete from menu_stock where bucket = $1 and party = $2 and item = $3',
            values: [...keyOf(party), item],
          })
        : changeAlone(database, {
            name: 'menu_stock_set',
            text: `insert into menu_stock (bucket, party, item, remaining) values ($1, $2, $3, $4)
              on conflict (bucket, party, item) do update set remaining = excluded.remaining`,
            values: [...keyOf(party), item, left],
          }))
    },
  }
}

/**
 * Takes pieces of counted items, each by one conditional statement's own row; what there is too little of is told with what is left, and
 * then the caller's transaction must not be kept. Rows are locked in the order of their items, so that nobody waits for one another.
 */
export async function takeStock(within: Query, party: PartyId, wanted: Returned): Promise<StockRow | undefined> {
  const pieces = summed(wanted)
  const items = pieces.map(({ item }) => item)
  const counted = await lockStock(within, party, items)
  if (counted.length === 0) return undefined
  const taken = await within(
    `update menu_stock s set remaining = s.remaining - w.quantity from jsonb_to_recordset($3) as w(item text, quantity integer)
     where s.bucket = $1 and s.party = $2 and s.item = w.item and s.remaining >= w.quantity returning s.item`,
    [...keyOf(party), JSON.stringify(pieces)],
  )
  const short = counted.find((row) => !taken.some(({ item }) => item === row.item))
  return short === undefined ? undefined : { item: String(short.item), left: Number(short.remaining) }
}

/** Puts pieces back; items that are not counted stay so. */
export async function returnStock(within: Query, party: PartyId, returned: Returned): Promise<void> {
  const pieces = summed(returned)
  const counted = await lockStock(
    within,
    party,
    pieces.map(({ item }) => item),
  )
  if (counted.length === 0) return
  await within(
    `update menu_stock s set remaining = least(${LIMITS.stock}, s.remaining + w.quantity)
     from jsonb_to_recordset($3) as w(item text, quantity integer) where s.bucket = $1 and s.party = $2 and s.item = w.item`,
    [...keyOf(party), JSON.stringify(pieces)],
  )
}

const lockStock = (within: Query, party: PartyId, items: readonly string[]): Promise<Row[]> =>
  within(
    `select item, remaining from menu_stock where bucket = $1 and party = $2 and item = any($3::text[])
     order by item for update`,
    [...keyOf(party), items],
  )

function summed(pieces: Returned): Returned {
  const sums = new Map<string, number>()
  for (const { item, quantity } of pieces) sums.set(item, (sums.get(item) ?? 0) + quantity)
  return [...sums].map(([item, quantity]) => ({ item, quantity }))
}

const keyOf = (party: PartyId): [bucket: number, id: string] => [bucketOfId(party), uuidOf(party)]

// Border: the columns are written above alone, the document after it was checked.
const menuFromRow = (row: Row): MenuRow => ({
  version: Number(row.version),
  at: Number(row.at),
  document: row.document as SentMenu,
  stock: row.stock as readonly StockRow[],
})
