// At a table, with the hub: reads the menu, orders, looks how far it is, and reserves what this phone pays; that is then an ordinary deal,
// joined and approved like any other. What was sent and has no answer is kept and sent again in the same words.
import { toHex } from '#core/bytes.ts'
import type { OrderBody, SharedView, TabShareView } from '#protocol/orders.ts'
import type { Outcome } from '#sdk/outcome.ts'
import { callOrders } from '#sdk/order-calls.ts'
import { currentLocale } from '#ui/i18n.ts'
import { say } from '#ui/kit.tsx'
import type { Basket } from './basket.ts'
import type { Desk } from './hub.ts'
import { tokenOfPath } from './links.ts'
import { joinLink, openLinked } from './paying.ts'
import * as when from './state.ts'
import * as at from './table.ts'
import type { Table, TableScreen } from './table.ts'
import { orderWords } from './words-order.ts'

/** What the screens of a table can ask for. */
export type TableActions = Readonly<{
  /** to one of its screens; the newest is fetched meanwhile */
  go(on: TableScreen): void
  choose(basket: Basket): void
  order(): void
  /** sees, and may pay, what the others at this table have ordered; they see this person's name */
  sit(): void
  /** looks again how far it is */
  look(): Promise<void>
  share(wanted: OrderBody<'share'>['share']): void
  /** goes on to pay what is reserved for this phone */
  payShare(): void
  giveBack(): void
  leave(): void
}>

export const tableActions = (
  withDesk: <Given extends readonly unknown[]>(
    deal: (desk: Desk, ...given: Given) => unknown,
  ) => (...given: Given) => void,
  desk: () => Desk | undefined,
): TableActions => ({
  go: withDesk(goTo),
  choose: withDesk((of, basket: Basket) => change(of, (table) => at.chose(table, basket))),
  order: withDesk(order),
  sit: withDesk(sit),
  async look() {
    const of = desk()
    if (of !== undefined) await look(of)
  },
  share: withDesk(share),
  payShare: withDesk(payShare),
  giveBack: withDesk(giveBack),
  leave: withDesk(leave),
})

// ---- coming and going

/** A table's sign was read. What is in the basket of this table stays there. */
export async function openTable(desk: Desk, point: string): Promise<void> {
  if (desk.state().table?.point !== point) {
    desk.update((state) => ({ ...state, table: at.tableAt(point) }))
    void keep(desk)
  }
  await goTo(desk, 'menu')
}

/** The table of an earlier life of this page, where it is remembered; what had no answer is sent again. */
export async function takeUpTable(desk: Desk): Promise<void> {
  const kept = desk.memory.get().table
  if (kept === null) return
  desk.update((state) => (state.table === null ? { ...state, table: at.woken(kept) } : state))
  if (kept.ordering !== null) await sendOrder(desk, kept.ordering)
  if (kept.sharing !== null) await sendShare(desk, kept.sharing)
  await look(desk)
}

async function goTo(desk: Desk, on: TableScreen): Promise<void> {
  const { table, place } = desk.state()
  if (table === null) return
  desk.update((state) => when.went(state, { at: 'table', on }))
  // From the basket back to the menu nothing can have become old.
  const isBack = place.at === 'table' && place.on === 'basket'
  if (on === 'menu' && !isBack) await readMenu(desk)
  else await look(desk)
}

/** After a payment was looked at: back to the table whose share it was. */
export function backToTable(desk: Desk, deal: string | undefined): void {
  const { table, place } = desk.state()
  const isOurs = table?.tab?.shares.some((share) => share.mine && share.deal === deal) === true
  if (isOurs && place.at === 'home') void goTo(desk, 'tab')
}

/** Nothing is given up by leaving: what was ordered stays ordered, and is found again by the sign. */
function leave(desk: Desk): void {
  desk.update((state) => ({ ...when.went(state, { at: 'home' }), table: null }))
  void keep(desk)
}

// ---- the menu and the order

async function readMenu(desk: Desk): Promise<void> {
  const { table } = desk.state()
  if (table === null) return
  const { point } = table
  change(desk, (now) => ({ ...now, busy: now.busy ?? 'menu', problem: null }))
  const answer = await callOrders(desk.client, 'pointMenu', { params: { point } })
  changeAt(desk, point, (now) =>
    answer.ok
      ? at.menuArrived(now, answer.view)
      : { ...now, busy: now.busy === 'menu' ? null : now.busy, problem: answer.problem },
  )
}

async function order(desk: Desk): Promise<void> {
  const { table } = desk.state()
  if (table === null || table.busy === 'order') return
  const { point, menu, basket, ordering } = table
  if (ordering !== null) return sendOrder(desk, ordering)
  if (menu === null || basket.length === 0) return
  const lines = basket.map(({ choices, note, ...line }) => ({ ...line, choices: [...choices], note: note.trim() }))
  await sendOrder(desk, { command: newCommand(), point, tab: at.tabFor(table), version: menu.version, lines })
}

async function sendOrder(desk: Desk, ordering: OrderBody<'order'>): Promise<void> {
  const { point } = ordering
  change(desk, (table) => ({ ...table, ordering, busy: 'order', problem: null }))
  await keep(desk)
  const answer = await callOrders(desk.client, 'order', { body: ordering })
  if (answer.ok) {
    changeAt(desk, point, (table) => at.ordered(table, answer.view))
    showWhereItIs(desk)
    const words = orderWords[currentLocale()]
    say(answer.view.share === null ? words.ordered : words.orderedPay)
    return
  }
  changeAt(desk, point, (table) => at.orderRefused(table, answer.problem))
  const { problem } = answer
  // Closed meanwhile: the next order opens a new one.
  if (problem.code === 'tab-closed') return look(desk)
  if (!at.wantsNewMenu(problem)) return
  await readMenu(desk)
  changeAt(desk, point, (table) => ({ ...table, problem }))
}

/** What was ordered and how far it is; only where the person is still at this table. */
function showWhereItIs(desk: Desk): void {
  desk.update((state) => (state.place.at === 'table' ? when.went(state, { at: 'table', on: 'tab' }) : state))
}

// ---- the tab

async function sit(desk: Desk): Promise<void> {
  const { table } = desk.state()
  if (table === null) return
  const { point } = table
  desk.update((state) => when.went(state, { at: 'table', on: 'tab' }))
  // Where theirs is over, others may have begun one.
  if (table.tabId !== null && table.tab?.state !== 'over') return look(desk)
  const answer = await callOrders(desk.client, 'sit', { body: { point } })
  // Nobody has ordered there: that is no trouble, and the screen says it.
  const isNone = !answer.ok && answer.problem.code === 'not-found'
  changeAt(desk, point, (now) =>
    answer.ok
      ? at.tabArrived({ ...now, problem: null }, answer.view)
      : isNone
        ? now
        : { ...now, problem: answer.problem },
  )
}

async function look(desk: Desk): Promise<void> {
  const { table } = desk.state()
  if (table === null || table.tabId === null) return
  const { point, tabId } = table
  const answer = await callOrders(desk.client, 'tab', { params: { tab: tabId } })
  changeAt(desk, point, (now) => {
    if (now.tabId !== tabId) return now
    if (answer.ok) return at.tabArrived(now, answer.view)
    // Long over: the next order begins anew.
    return answer.problem.code === 'not-found' ? { ...now, tabId: null, tab: null } : { ...now, isStale: true }
  })
}

// ---- paying

async function share(desk: Desk, wanted: OrderBody<'share'>['share']): Promise<void> {
  const { table } = desk.state()
  if (table === null || table.tabId === null || table.busy === 'share') return
  const { tabId, sharing } = table
  const isSame = sharing !== null && sharing.tab === tabId && JSON.stringify(sharing.share) === JSON.stringify(wanted)
  await sendShare(desk, isSame ? sharing : { command: newCommand(), tab: tabId, share: wanted })
}

async function sendShare(desk: Desk, sharing: OrderBody<'share'>): Promise<void> {
  change(desk, (table) => ({ ...table, sharing, busy: 'share', problem: null }))
  await keep(desk)
  const answer = await callOrders(desk.client, 'share', { body: sharing })
  change(desk, (table) => {
    if (table.tabId !== sharing.tab) return table
    if (!answer.ok) return at.shareRefused(table, answer.problem)
    return { ...at.tabArrived(table, answer.view.tab), busy: null, sharing: null, problem: null }
  })
  if (!answer.ok) return look(desk)
  const reserved = reservedIn(answer)
  if (reserved !== undefined && desk.state().place.at === 'table') await openShare(desk, reserved)
}

const reservedIn = (answer: Outcome<SharedView>): TabShareView | undefined =>
  answer.ok ? answer.view.tab.shares.find(({ share: number }) => number === answer.view.share) : undefined

async function payShare(desk: Desk): Promise<void> {
  const { table } = desk.state()
  const reserved = table?.tab == null ? undefined : at.ownShare(table.tab)
  if (reserved !== undefined) await openShare(desk, reserved)
}

/** Joined from here on it is an ordinary payment, which takes the screen. */
async function openShare(desk: Desk, { link, payment }: TabShareView): Promise<void> {
  const token = link === null ? undefined : tokenOfPath(new URL(link).pathname)
  if (token !== undefined) return joinLink(desk, token)
  if (payment !== null) await openLinked(desk, payment)
}

async function giveBack(desk: Desk): Promise<void> {
  const { table } = desk.state()
  const reserved = table?.tab == null ? undefined : at.ownShare(table.tab)
  if (table === null || table.tabId === null || table.busy !== null || reserved === undefined) return
  const { point, tabId } = table
  change(desk, (now) => ({ ...now, busy: 'back', problem: null }))
  const answer = await callOrders(desk.client, 'shareBack', { body: { tab: tabId, share: reserved.share } })
  changeAt(desk, point, (now) =>
    answer.ok ? at.tabArrived({ ...now, busy: null }, answer.view) : { ...now, busy: null, problem: answer.problem },
  )
}

// ---- one place where it changes

const change = (desk: Desk, next: (table: Table) => Table): void => {
  desk.update((state) => (state.table === null ? state : { ...state, table: next(state.table) }))
  const { table } = desk.state()
  if (!isSame(table && at.keptOf(table), desk.memory.get().table)) void keep(desk)
}

/** Only where this table is still sat at. */
const changeAt = (desk: Desk, point: string, next: (table: Table) => Table): void =>
  change(desk, (table) => (table.point === point ? next(table) : table))

/** Remembers what must survive a reload; resolves when that is written. */
async function keep({ memory, state }: Desk): Promise<void> {
  const { table } = state()
  const kept = table === null ? null : at.keptOf(table)
  await memory.keep({ table: kept })
}

const isSame = (one: at.KeptTable | null, other: at.KeptTable | null): boolean =>
  one === other ||
  (one !== null &&
    other !== null &&
    one.point === other.point &&
    one.menu === other.menu &&
    one.tabId === other.tabId &&
    one.basket === other.basket &&
    one.ordering === other.ordering &&
    one.sharing === other.sharing)

const newCommand = (): string => `cmd_${toHex(crypto.getRandomValues(new Uint8Array(16)))}`
