// The table this phone sits at: its menu, what is in the basket, what was ordered and what of it is paid, and how each thing that happens
// changes that. Pure.
//
//   sign ─▶ menu ⇄ basket ─▶ tab ⇄ pay ─▶ (the ordinary payment) ─▶ tab
import type { OrderBody, OrderedView, PointMenuView, TabLineView, TabShareView, TabView } from '#protocol/orders.ts'
import type { Problem } from '#protocol/problems.ts'
import { fitted, type Basket, type Change } from './basket.ts'

export type TableScreen = 'menu' | 'basket' | 'tab' | 'pay'
export type TablePlace = Readonly<{ at: 'table'; on: TableScreen }>

/** What outlives a reload. */
export type KeptTable = Readonly<{
  point: string
  /** null until it was read once */
  menu: PointMenuView | null
  /** the tab that this phone knows of here */
  tabId: string | null
  basket: Basket
  /** ordered, or reserved, and not answered yet: sent again in the same words, so that it is done once */
  ordering: OrderBody<'order'> | null
  sharing: OrderBody<'share'> | null
}>

export type Table = KeptTable &
  Readonly<{
    tab: TabView | null
    busy: 'menu' | 'order' | 'share' | 'back' | null
    problem: Problem | null
    /** what a new menu has done to the basket; null when there is nothing to say */
    changes: readonly Change[] | null
    /** the last look at the tab had no answer */
    isStale: boolean
  }>

export const tableAt = (point: string): Table =>
  woken({ point, menu: null, tabId: null, basket: [], ordering: null, sharing: null })

/** The table of an earlier life of this page. */
export const woken = (kept: KeptTable): Table => ({
  ...kept,
  tab: null,
  busy: null,
  problem: null,
  changes: null,
  isStale: false,
})

export const keptOf = ({ point, menu, tabId, basket, ordering, sharing }: Table): KeptTable => ({
  point,
  menu,
  tabId,
  basket,
  ordering,
  sharing,
})

/** The menu as the hub has it now; the basket goes with it as far as it fits, unless it has been sent. */
export function menuArrived(table: Table, menu: PointMenuView): Table {
  const idle: Table = { ...table, menu, busy: table.busy === 'menu' ? null : table.busy }
  if (table.menu === null || table.ordering !== null || table.basket.length === 0) return idle
  const { basket, changes } = fitted(table.basket, table.menu, menu)
  const isOther = menu.version !== table.menu.version || changes.length > 0
  return { ...idle, basket, changes: isOther ? [...(table.changes ?? []), ...changes] : table.changes }
}

/** A choice of the person: what was said before has been read. */
export const chose = (table: Table, basket: Basket): Table =>
  table.ordering === null ? { ...table, basket, changes: null, problem: null } : table

/** The newest view of the tab; older ones are let pass. */
export function tabArrived(table: Table, tab: TabView): Table {
  const isOld = table.tab !== null && table.tab.tab === tab.tab && table.tab.version > tab.version
  return { ...table, tab: isOld ? table.tab : tab, tabId: tab.tab, isStale: false }
}

/** Ordered. The basket is the kitchen's now. */
export const ordered = (table: Table, { tab }: OrderedView): Table => ({
  ...tabArrived({ ...table, tab: table.tab?.tab === tab.tab ? table.tab : null }, tab),
  basket: [],
  ordering: null,
  busy: null,
  problem: null,
  changes: null,
})

/** Nobody knows whether it was done: it is asked again in the same words. */
const isUndecided = ({ status }: Problem): boolean => status >= 500 || status === 401

export const orderRefused = (table: Table, problem: Problem): Table => ({
  ...table,
  busy: null,
  problem,
  ordering: isUndecided(problem) ? table.ordering : null,
})

/** The tab that an order goes to; null for a new one. */
export const tabFor = ({ tabId, tab, menu }: Table): string | null =>
  menu?.paying === 'first' || (tab !== null && tab.state !== 'open') ? null : tabId

export const shareRefused = (table: Table, problem: Problem): Table => ({
  ...table,
  busy: null,
  problem,
  sharing: isUndecided(problem) ? table.sharing : null,
})

/** Refusals after which the menu is read anew, because the basket may not fit it any more. */
export const wantsNewMenu = ({ code }: Problem): boolean =>
  code === 'menu-changed' || code === 'sold-out' || code === 'menu-closed' || code === 'order-invalid'

/** Nothing is left to do here: the table is forgotten when the person goes home. */
export const isOver = ({ tab, basket, ordering, sharing }: Table): boolean =>
  tab?.state === 'over' && basket.length === 0 && ordering === null && sharing === null

// ---- reading the tab

/** Where the lines stand: one's own first, then each of the others' by name, as they were ordered. */
export function linesByGuest(tab: TabView): readonly Readonly<{ who: string | null; lines: readonly TabLineView[] }>[] {
  const others = [...new Set(tab.lines.filter(({ mine }) => !mine).map(({ who }) => who))]
  const own = tab.lines.filter(({ mine }) => mine)
  return [
    ...(own.length === 0 ? [] : [{ who: null, lines: own }]),
    ...others.map((who) => ({ who, lines: tab.lines.filter((line) => !line.mine && line.who === who) })),
  ]
}

/** Somebody's share that holds this line and is not paid yet. */
export const reservedBy = ({ shares }: Pick<TabView, 'shares'>, line: number): TabShareView | undefined =>
  shares.find(({ state, lines }) => state === 'reserved' && lines.some((part) => part.line === line))

/** The share that this phone has reserved and not paid. */
export const ownShare = ({ shares }: Pick<TabView, 'shares'>): TabShareView | undefined =>
  shares.find(({ mine, state }) => mine && state === 'reserved')

/** Equal shares that wait for somebody, the next to take first. */
export const freeShares = ({ shares }: Pick<TabView, 'shares'>): readonly TabShareView[] =>
  shares.filter(({ kind, state }) => kind === 'equal' && state === 'free')

/** What of one's own lines nobody pays yet. */
export const ownOpen = ({ lines }: Pick<TabView, 'lines'>): bigint =>
  lines.reduce((sum, { mine, open }) => (mine ? sum + BigInt(open) : sum), 0n)

/** How many pieces of a line can still be chosen. */
export function openPieces({ quantity, amount, open }: Pick<TabLineView, 'quantity' | 'amount' | 'open'>): number {
  if (BigInt(open) === 0n) return 0
  // A line of which a part is paid by an equal share goes as a whole, for what is open of it.
  return BigInt(amount) === BigInt(open)
    ? quantity
    : Math.max(1, Number((BigInt(open) * BigInt(quantity)) / BigInt(amount)))
}
