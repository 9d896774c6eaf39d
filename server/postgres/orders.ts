// Tabs in PostgreSQL: each change locks the tab's row, decides by core/tab.ts, and writes it whole. Locks go by menu, tab, stock.
import { bucketOfId, type CommandId, type DeviceId, type PartyId, type PointId, type TabId } from '#core/ids.ts'
import { dueAtOf, isLive, isRefused, type Returned, type Tab, type TabRefusal } from '#core/tab.ts'
import { timed } from '#core/tab-changes.ts'
import type { SentMenu } from '#core/menu-wire.ts'
import { LIMITS } from '#protocol/limits.ts'
import { read, type Database } from './connect.ts'
import { returnStock, takeStock, type StockRow } from './orders-menu.ts'
import { tabFrom, tabText } from './orders-snapshot.ts'
import { idOf, NOW, uuidOf, type Row } from './rows.ts'
import { allOrNothing, type Query } from './transaction.ts'

/** How often a deal is looked at that somebody pays; what this hub itself has seen change, it looks at at once. */
const LOOK_EVERY_MS = 3_000
/** Tabs of one merchant that are forgotten with each new one. */
const FORGOTTEN_AT_ONCE = 20

/** A phone's command; `hash` is over what it asks for. */
export type TabCommand = Readonly<{ device: DeviceId; command: CommandId; hash: Uint8Array }>
export type Place = Readonly<{ party: PartyId; point: PointId; paying: 'first' | 'end' }>

/** What the command has made: an order or a share, by its number. `isNew`: now, not before. */
export type Made = Readonly<{ tab: TabId; number: number; isNew: boolean }>

/** What an order comes to: pieces that are taken from the stock, and the tab it is put on; or a no of the caller's. */
export type OrderDecision<No> =
  Readonly<{ no: No }> | Readonly<{ wanted: Returned; put: (tab: Tab | null, call: number) => Tab | TabRefusal }>

export type Tabs = ReturnType<typeof postgresTabs>

/** Over an open database. Methods throw StoreUnavailable when there is none. */
export function postgresTabs(database: Database, buckets: number) {
  const rowsOf = (name: string, text: string, values: unknown[]): Promise<Row[]> =>
    read<Row>(database, { name: `tab_${name}`, text, values })

  return {
    async find(id: TabId): Promise<Tab | undefined> {
      if (bucketOfId(id) >= buckets) return undefined
      const [row] = await rowsOf('find', 'select snapshot from tab where bucket = $1 and id = $2', keyOf(id))
      return row && tabFrom(row.snapshot)
    },
    /** The tab that is open at a table. */
    async openAt({ party, point }: Pick<Place, 'party' | 'point'>): Promise<TabId | undefined> {
      const [row] = await rowsOf('open_at', `select id from tab where bucket = $1 and point = $2 and state = 'open'`, [
        bucketOfId(party),
        uuidOf(point),
      ])
      return row && idOf<TabId>('tab', String(row.id))
    },
    /** What belongs on the kitchen's list, oldest first; at most one more than it shows. */
    async live(party: PartyId): Promise<Tab[]> {
      const rows = await rowsOf(
        'live',
        `select snapshot from tab where bucket = $1 and party = $2 and is_live order by opened_at limit ${LIMITS.kitchenTabs + 1}`,
        [bucketOfId(party), uuidOf(party)],
      )
      return rows.map(({ snapshot }) => tabFrom(snapshot))
    },
    /** How many signs of this merchant one orders at. */
    async tables(party: PartyId): Promise<number> {
      const [row] = await rowsOf(
        'tables',
        `select count(*) as tables from point where bucket = $1 and party = $2 and mode = 'order' and status = 'active'`,
        [bucketOfId(party), uuidOf(party)],
      )
      return Number(row?.tables)
    },
    /** Tabs whose time has come, in any bucket. */
    async due(limit: number): Promise<TabId[]> {
      const rows = await rowsOf('due', `select id from tab where due_at <= (select ${NOW}) order by due_at limit $1`, [
        limit,
      ])
      return rows.map(({ id }) => idOf<TabId>('tab', String(id)))
    },

    /**
     * Puts an order on a tab, new where there is none, or finds the one that this command has put. Nothing stays of a no: `sold-out` tells of
     * what, command-mismatch that the command asked for something else.
     */
    async order<No>(
      place: Place,
      by: TabCommand,
      known: TabId | null,
      decide: (menu: Readonly<{ version: number; document: SentMenu; now: number }> | null) => OrderDecision<No>,
    ): Promise<Made | Readonly<{ no: No }> | TabRefusal | 'command-mismatch' | 'too-many-tabs' | StockRow> {
      return undoable(database, async (within, undo) => {
        const bucket = bucketOfId(place.party)
        const [menu] = await within(
          `select version, document, call, ${NOW} as now from menu where bucket = $1 and party = $2 for update`,
          [bucket, uuidOf(place.party)],
        )
        const before = await madeBefore(within, bucket, by)
        if (before !== undefined) return before
        const now = Number(menu?.now)
        const decision = decide(
          menu === undefined ? null : { version: Number(menu.version), document: menu.document as SentMenu, now },
        )
        if ('no' in decision || menu === undefined) return 'no' in decision ? decision : 'not-found'
        const there = place.paying === 'first' ? null : await openTab(within, bucket, place.point)
        if (known !== null && place.paying === 'end' && there?.id !== known) return 'tab-closed'
        const call = (Number(menu.call) % 999) + 1
        const tab = decision.put(there, call)
        if (isRefused(tab)) return tab
        const short = await takeStock(within, place.party, decision.wanted)
        if (short !== undefined) return undo(short)
        if (there === null && !(await addTab(within, tab, now))) return undo('too-many-tabs')
        if (there !== null) await saveTab(within, { ...tab, version: there.version + 1 }, now)
        await within('update menu set call = $3 where bucket = $1 and party = $2', [bucket, uuidOf(place.party), call])
        const made = { tab: tab.id, number: tab.counted.orders, isNew: true }
        return (await remember(within, bucket, by, made)) ? made : undo('command-mismatch')
      })
    },

    /** The same for a share of a tab. */
    async share(
      id: TabId,
      by: TabCommand,
      decide: (tab: Tab) => Readonly<{ tab: Tab; share: number }> | TabRefusal,
    ): Promise<Made | TabRefusal | 'command-mismatch'> {
      return undoable(database, async (within, undo) => {
        const found = await lockTab(within, id)
        if (found === undefined) return 'not-found'
        const before = await madeBefore(within, bucketOfId(id), by)
        if (before !== undefined) return before
        const decided = decide(found.tab)
        if (isRefused(decided)) return decided
        await saveTab(within, { ...decided.tab, version: found.tab.version + 1 }, found.now)
        const made = { tab: id, number: decided.share, isNew: true }
        return (await remember(within, bucketOfId(id), by, made)) ? made : undo('command-mismatch')
      })
    },

    /** Any other change, and then what time does. What goes back to the stock goes in the same commit. */
    async change(
      id: TabId,
      decide: (tab: Tab, now: number) => Readonly<{ tab: Tab; returned?: Returned }> | TabRefusal,
    ): Promise<Tab | TabRefusal> {
      if (bucketOfId(id) >= buckets) return 'not-found'
      return allOrNothing(database.transactions, async (within) => {
        const found = await lockTab(within, id)
        if (found === undefined) return 'not-found'
        const { tab, now } = found
        const decided = decide(tab, now)
        if (isRefused(decided)) return decided
        const later = timed(decided.tab, now)
        const next = later.tab === tab ? tab : { ...later.tab, version: tab.version + 1 }
        await saveTab(within, next, now)
        await returnStock(within, tab.party, [...(decided.returned ?? []), ...later.returned])
        return next
      })
    },
  }
}

/** A transaction that can be given up with an answer. */
async function undoable<Result>(
  database: Database,
  work: (within: Query, undo: (answer: Result) => never) => Promise<Result>,
): Promise<Result> {
  let undone: Readonly<{ answer: Result }> | undefined
  const undo = (answer: Result): never => {
    undone = { answer }
    throw new Error('given up')
  }
  try {
    return await allOrNothing(database.transactions, (within) => work(within, undo))
  } catch (error) {
    if (undone === undefined) throw error
    return undone.answer
  }
}

async function madeBefore(
  within: Query,
  bucket: number,
  { device, command, hash }: TabCommand,
): Promise<Made | 'command-mismatch' | undefined> {
  const [row] = await within(
    'select tab, number, hash from tab_command where bucket = $1 and device = $2 and command = $3',
    [bucket, uuidOf(device), uuidOf(command)],
  )
  if (row === undefined) return undefined
  const isSame = Buffer.isBuffer(row.hash) && row.hash.equals(hash)
  return isSame
    ? { tab: idOf<TabId>('tab', String(row.tab)), number: Number(row.number), isNew: false }
    : 'command-mismatch'
}

/** False where this command has meanwhile made something at another table. */
async function remember(
  within: Query,
  bucket: number,
  { device, command, hash }: TabCommand,
  { tab, number }: Made,
): Promise<boolean> {
  const rows = await within(
    `insert into tab_command (bucket, device, command, hash, tab, number) values ($1, $2, $3, $4, $5, $6)
     on conflict (bucket, device, command) do nothing returning number`,
    [bucket, uuidOf(device), uuidOf(command), hash, uuidOf(tab), number],
  )
  return rows.length === 1
}

async function lockTab(within: Query, id: TabId): Promise<Readonly<{ tab: Tab; now: number }> | undefined> {
  const [row] = await within(
    `select snapshot, ${NOW} as now from tab where bucket = $1 and id = $2 for update`,
    keyOf(id),
  )
  return row && { tab: tabFrom(row.snapshot), now: Number(row.now) }
}

async function openTab(within: Query, bucket: number, point: PointId): Promise<Tab | null> {
  const [row] = await within(
    `select snapshot from tab where bucket = $1 and point = $2 and state = 'open' for update`,
    [bucket, uuidOf(point)],
  )
  return row === undefined ? null : tabFrom(row.snapshot)
}

/** False where too many wait to be paid at this counter. With each new tab a few old ones are forgotten. */
async function addTab(within: Query, tab: Tab, now: number): Promise<boolean> {
  const bucket = bucketOfId(tab.id)
  const party = uuidOf(tab.party)
  await within(
    `with old as materialized (
       select bucket, id from tab where bucket = $1 and party = $2 and not is_live and over_at < $3
       order by over_at limit ${FORGOTTEN_AT_ONCE} for update skip locked),
     forgotten as (delete from tab_command c using old o where c.bucket = $1 and c.tab = o.id)
     delete from tab t using old o where t.bucket = $1 and t.id = o.id`,
    [bucket, party, now - LIMITS.tabKeptMs],
  )
  const rows = await within(
    `insert into tab (bucket, id, party, point, paying, state, version, snapshot, is_live, opened_at, due_at, over_at)
     select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12
     where (select count(*) from tab where bucket = $1 and point = $4 and state = 'closed') < ${LIMITS.openTabs} returning id`,
    [bucket, uuidOf(tab.id), party, uuidOf(tab.point), tab.paying, ...columnsOf(tab, now)],
  )
  return rows.length === 1
}

async function saveTab(within: Query, tab: Tab, now: number): Promise<void> {
  await within(
    `update tab set state = $3, version = $4, snapshot = $5, is_live = $6, opened_at = $7, due_at = $8,
       over_at = coalesce(over_at, $9) where bucket = $1 and id = $2`,
    [...keyOf(tab.id), ...columnsOf(tab, now)],
  )
}

const columnsOf = (tab: Tab, now: number): unknown[] => [
  tab.state,
  tab.version,
  tabText(tab),
  isLive(tab, now),
  tab.openedAt,
  dueAtOf(tab, now, LOOK_EVERY_MS),
  tab.state === 'over' ? now : null,
]

const keyOf = (id: TabId): [bucket: number, id: string] => [bucketOfId(id), uuidOf(id)]
