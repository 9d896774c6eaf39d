// What the tables have ordered, as the register shows it: what is to be done, oldest first, what the next step of each order is, and what
// has just come in. Pure at the top; asking the hub at the end.
import type { KitchenTabView, KitchenView, OrderBody } from '#protocol/orders.ts'
import type { Problem } from '#protocol/problems.ts'
import type { Client } from '#sdk/client.ts'
import { callOrders } from '#sdk/order-calls.ts'

export type KitchenOrder = KitchenTabView['orders'][number]
export type KitchenLine = KitchenOrder['lines'][number]
export type Mark = OrderBody<'mark'>['state']
export type RefuseReason = NonNullable<OrderBody<'mark'>['reason']>
export type Rest = OrderBody<'closeTab'>['rest']

export type Kitchen = Readonly<{
  /** null until it was read once */
  view: KitchenView | null
  /** the last look had no answer */
  isStale: boolean
  /** the order or tab that something is asked for, by its key */
  busy: string | null
  problem: Problem | null
}>

export const NO_KITCHEN: Kitchen = { view: null, isStale: false, busy: null, problem: null }

/** One order to be made, with the table it is for. */
export type Work = Readonly<{ key: string; tab: KitchenTabView; order: KitchenOrder }>

export const keyOf = (tab: string, order: number): string => `${tab} ${order}`

/** Does this shop take orders at tables at all? */
export const hasTables = ({ view }: Kitchen): boolean => view !== null && (view.tables > 0 || view.tabs.length > 0)

/** Everything that is not served yet, oldest first. What waits to be paid is not to be made yet. */
export function workOf(view: KitchenView): readonly Work[] {
  const all = view.tabs.flatMap((tab) =>
    tab.orders
      .filter(({ lines }) => lines.some(isWork))
      .map((order) => ({ key: keyOf(tab.tab, order.order), tab, order })),
  )
  return all.toSorted(
    (left, right) => left.order.orderedAt - right.order.orderedAt || left.order.call - right.order.call,
  )
}

const isWork = ({ state }: KitchenLine): boolean => nextOf(state) !== null

const NEXT: Partial<Record<KitchenLine['state'], Exclude<Mark, 'refused'>>> = {
  ordered: 'accepted',
  accepted: 'ready',
  ready: 'served',
}

/** What comes after this state; null where nothing does. */
export const nextOf = (state: KitchenLine['state']): Exclude<Mark, 'refused'> | null => NEXT[state] ?? null

/** The next step of an order: of the lines that are furthest behind. */
export function stepOf({ lines }: KitchenOrder): Readonly<{ mark: Exclude<Mark, 'refused'>; lines: number[] }> | null {
  for (const state of ['ordered', 'accepted', 'ready'] as const) {
    const behind = lines.filter((line) => line.state === state)
    const mark = nextOf(state)
    if (behind.length > 0 && mark !== null) return { mark, lines: behind.map(({ line }) => line) }
  }
  return null
}

/** Lines that can be refused: all that are not served. */
export const refusable = ({ lines }: KitchenOrder): readonly KitchenLine[] => lines.filter(isWork)

/** Orders that nobody has touched and that were not there at the look before; at the first look nothing is news. */
export function arrivedBetween(before: Kitchen, after: Kitchen): readonly Work[] {
  if (before.view === null || after.view === null || before.view === after.view) return []
  const known = new Set(workOf(before.view).map(({ key }) => key))
  return workOf(after.view).filter(({ key, order }) => !known.has(key) && stepOf(order)?.mark === 'accepted')
}

export const piecesOf = ({ lines }: KitchenOrder): number => lines.reduce((count, { quantity }) => count + quantity, 0)

/** The list with one tab as it is now; one that is over leaves by the next look. */
export const withTab = (kitchen: Kitchen, tab: KitchenTabView): Kitchen =>
  kitchen.view === null
    ? kitchen
    : {
        ...kitchen,
        view: {
          ...kitchen.view,
          tabs: kitchen.view.tabs.map((other) => (other.tab === tab.tab && other.version <= tab.version ? tab : other)),
        },
      }

// ---- with the hub

export type KitchenDesk = Readonly<{
  /** looks at once, and from then on again and again while the page is seen */
  wake(): void
  look(): Promise<void>
  mark(tab: string, key: string, lines: readonly number[], state: Mark, reason: RefuseReason | null): Promise<boolean>
  close(tab: string, rest: Rest): Promise<boolean>
}>

type Parts = Readonly<{
  client: Client
  get(): Kitchen
  set(change: (kitchen: Kitchen) => Kitchen): void
  /** the hub is reached, and somebody is at work here */
  isAtWork(): boolean
  /** nobody is signed in any more */
  closed(problem: Problem): void
}>

/** Between two looks, where there are tables; and where there are none, for the first one that is made. */
const LOOK_MS = 3_000
const IDLE_MS = 60_000

export function kitchenDesk({ client, get, set, isAtWork, closed }: Parts): KitchenDesk {
  let timer: ReturnType<typeof setTimeout> | undefined
  let isLooking = false
  /** nobody is signed in, or not somebody who may: nothing is asked until that changes */
  let isShut = false

  const look = async (): Promise<void> => {
    if (isLooking) return
    isLooking = true
    const answer = await callOrders(client, 'kitchen')
    isLooking = false
    isShut = !answer.ok && (answer.problem.code === 'cashier-needed' || answer.problem.code === 'not-permitted')
    set((kitchen) =>
      answer.ok ? { ...kitchen, view: answer.view, isStale: false } : { ...kitchen, isStale: kitchen.view !== null },
    )
  }

  const again = async (): Promise<void> => {
    clearTimeout(timer)
    if (document.visibilityState === 'visible' && isAtWork() && !isShut) await look()
    clearTimeout(timer)
    timer = setTimeout(() => void again(), hasTables(get()) ? LOOK_MS : IDLE_MS)
  }

  const seen = (): void => {
    if (document.visibilityState === 'visible') void again()
  }

  const ask = async (busy: string, asked: ReturnType<typeof callOrders<'mark' | 'closeTab'>>): Promise<boolean> => {
    set((kitchen) => ({ ...kitchen, busy, problem: null }))
    const answer = await asked
    set((kitchen) =>
      answer.ok
        ? withTab({ ...kitchen, busy: null }, answer.view)
        : { ...kitchen, busy: null, problem: answer.problem },
    )
    if (!answer.ok && answer.problem.code === 'cashier-needed') closed(answer.problem)
    await look()
    return answer.ok
  }

  return {
    wake() {
      isShut = false
      document.addEventListener('visibilitychange', seen)
      void again()
    },
    look,
    mark: (tab, key, lines, state, reason) =>
      ask(key, callOrders(client, 'mark', { body: { tab, lines: [...lines], state, reason } })),
    close: (tab, rest) => ask(tab, callOrders(client, 'closeTab', { body: { tab, rest } })),
  }
}
