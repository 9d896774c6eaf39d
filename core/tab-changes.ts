// What orders, the kitchen, the shop and time make of a tab (core/tab.ts has its tables).
import type { Priced } from './menu.ts'
import { MAX_AMOUNT, sum } from './money.ts'
import {
  addShare,
  isRefused,
  openOf,
  progressed,
  withBacks,
  type Guest,
  type LineState,
  type Mark,
  type Portion,
  type RefuseReason,
  type Returned,
  type Tab,
  type TabLimits,
  type TabLine,
  type TabOrder,
  type TabRefusal,
} from './tab.ts'

/** Somebody sits down; a phone that sits there already changes nothing. */
export function seated(tab: Tab, guest: Guest, limits: TabLimits): Tab | TabRefusal {
  if (tab.guests.some(({ party }) => party === guest.party)) return tab
  if (tab.state === 'over') return 'not-found'
  return tab.guests.length >= limits.guests ? 'tab-full' : { ...tab, guests: [...tab.guests, guest] }
}

/** An order is added. Where it is paid first, its lines wait until it is, and the tab takes no further one. */
export function ordered(
  tab: Tab,
  {
    by,
    lines,
    call,
    now,
    payWithinMs,
  }: Readonly<{
    by: Guest
    lines: readonly Priced[]
    call: number
    now: number
    payWithinMs: number
  }>,
  limits: TabLimits,
): Tab | TabRefusal {
  if (tab.state !== 'open') return 'tab-closed'
  const there = seated(tab, by, limits)
  if (isRefused(there)) return there
  const { counted } = tab
  if (counted.orders >= limits.orders || tab.lines.length + lines.length > limits.lines) return 'tab-full'
  if (sum([...tab.lines, ...lines].map(({ amount }) => amount)) > MAX_AMOUNT) return 'tab-full'
  const isFirst = tab.paying === 'first'
  const number = counted.orders + 1
  const order: TabOrder = { number, call, by, at: now, payUntil: isFirst ? now + payWithinMs : null }
  const added = lines.map((line, index): TabLine => ({
    ...line,
    number: counted.lines + index + 1,
    order: number,
    state: isFirst ? 'unpaid' : 'ordered',
    reason: null,
  }))
  return progressed({
    ...there,
    state: isFirst ? 'closed' : 'open',
    counted: { ...counted, orders: number, lines: counted.lines + lines.length },
    orders: [...tab.orders, order],
    lines: [...tab.lines, ...added],
  })
}

/** The kitchen marks lines, all of them or none. Refused lines go back to the stock, but those that are sold out. */
export function marked(
  tab: Tab,
  {
    lines,
    to,
    reason,
    now,
  }: Readonly<{
    lines: readonly number[]
    to: Mark
    reason: RefuseReason | null
    now: number
  }>,
): Readonly<{ tab: Tab; returned: Returned }> | TabRefusal {
  const wanted = lines.map((number) => tab.lines.find((line) => line.number === number))
  if (wanted.includes(undefined)) return 'not-found'
  const found = wanted.filter((line) => line !== undefined)
  if (!found.every(({ state }) => state === to || mayBecome(state, to))) return 'line-moved-on'
  const changed = found.filter(({ state }) => state !== to)
  const next = tab.lines.map((line): TabLine =>
    changed.includes(line) ? { ...line, state: to, reason: to === 'refused' ? reason : null } : line,
  )
  const returned = to === 'refused' && reason !== 'sold-out' ? stockOf(changed) : []
  return { tab: progressed(withBacks({ ...tab, lines: next }, now)), returned }
}

/** Nothing more can be ordered. `left`: what is open, and free parts, are the shop's to collect elsewhere. */
export function closed(tab: Tab, rest: 'waits' | 'left'): Tab | TabRefusal {
  if (tab.state === 'over') return tab
  if (rest === 'waits') return progressed({ ...tab, state: 'closed' })
  return tab.shares.some(({ state }) => state === 'reserved')
    ? 'share-under-way'
    : progressed(withLeft({ ...tab, state: 'closed' }))
}

/** What time does: unpaid orders lapse, and a tab ends. Neither while somebody is paying. */
export function timed(tab: Tab, now: number): Readonly<{ tab: Tab; returned: Returned }> {
  const isPaying = tab.shares.some(({ state }) => state === 'reserved')
  if (isPaying)
    return { tab: now >= tab.endsAt && tab.state === 'open' ? { ...tab, state: 'closed' } : tab, returned: [] }
  const late = new Set(
    tab.orders.filter(({ payUntil }) => payUntil !== null && now >= payUntil).map(({ number }) => number),
  )
  const lapsing = tab.lines.filter((line) => line.state === 'unpaid' && late.has(line.order))
  const lines = tab.lines.map((line): TabLine => (lapsing.includes(line) ? { ...line, state: 'lapsed' } : line))
  const lapsed = lapsing.length === 0 ? tab : withBacks({ ...tab, lines }, now)
  const ends = now >= tab.endsAt && tab.state !== 'over'
  const ended: Tab = ends ? withLeft({ ...lapsed, state: 'closed' }) : lapsed
  return { tab: ended === tab ? tab : progressed(ended), returned: stockOf(lapsing) }
}

const BEFORE: Readonly<Record<Mark, readonly LineState[]>> = {
  accepted: ['ordered'],
  ready: ['ordered', 'accepted'],
  served: ['ordered', 'accepted', 'ready'],
  refused: ['ordered', 'accepted', 'ready'],
}
const mayBecome = (state: LineState, to: Mark): boolean => BEFORE[to].includes(state)

/** What is open or free becomes one share that the shop collects elsewhere. */
function withLeft(tab: Tab): Tab {
  const kept = tab.shares.filter(({ state }) => state !== 'free')
  const rest = { ...tab, shares: kept }
  const portions = tab.lines.flatMap((line): Portion[] => {
    const amount = openOf(rest, line)
    return amount > 0n ? [{ line: line.number, amount, tax: 0n }] : []
  })
  if (portions.length === 0) return rest
  return addShare(rest, {
    kind: 'left',
    division: null,
    nth: null,
    of: null,
    state: 'left',
    by: null,
    deal: null,
    portions,
  }).tab
}

const stockOf = (lines: readonly TabLine[]): Returned => lines.map(({ item, quantity }) => ({ item, quantity }))
