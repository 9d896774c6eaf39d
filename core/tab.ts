// The tab: what a table, or one guest at a counter, has ordered and not paid yet. Lines are reserved by shares; a share is paid by an ordinary
// deal, whose payment alone says whether it was. Pure: the server keeps the tab's row locked while it changes.
//
// Lines (paying first: unpaid until all of the order is paid; dropped: refused or lapsed, and not to be paid):
//
//           | unpaid   | ordered  | accepted | ready   | served | dropped
//  ---------+----------+----------+----------+---------+--------+---------
//  accepted | (moved)  | accepted | –        | (moved) | (moved)| (moved)
//  ready    | (moved)  | ready    | ready    | –       | (moved)| (moved)
//  served   | (moved)  | served   | served   | served  | –      | (moved)
//  refused  | (moved)  | refused  | refused  | refused | (moved)| –
//  time     | lapsed   |          |          |         |        |
//
// Shares: free (an equal part that waits for a guest) ⇄ reserved → paid; left: what the shop collects elsewhere, or not at all. A share that
// is given back is gone, or free again while others of the same division are reserved or paid.
//
// Always: paid + reserved (with the free ones) + left + open = total, each of one line too; a line is covered whole, or not at all.
// An equal share takes its part of every line; of each line every part gets the same, rounded down, and what remains goes, one smallest
// part each, to the parts in turn, going on with the next line where the last left off: two parts never differ by more than one.
import type { AccountNumber } from './accounts.ts'
import type { DealId, DeviceId, PartyId, PaymentId, PointId, TabId, TerminalId } from './ids.ts'
import type { Priced } from './menu.ts'
import { sum, type Unit } from './money.ts'

export const LINE_STATES = ['unpaid', 'ordered', 'accepted', 'ready', 'served', 'refused', 'lapsed'] as const
export type LineState = (typeof LINE_STATES)[number]
/** What the kitchen makes of a line. */
export type Mark = 'accepted' | 'ready' | 'served' | 'refused'
export const REFUSE_REASONS = ['sold-out', 'closing', 'other'] as const
export type RefuseReason = (typeof REFUSE_REASONS)[number]

export type Guest = Readonly<{ party: PartyId; device: DeviceId; name: string }>

export type TabOrder = Readonly<{
  number: number
  /** a small number to call out */
  call: number
  by: Guest
  at: number
  /** until then it is to be paid, where it is paid first */
  payUntil: number | null
}>

export type TabLine = Priced &
  Readonly<{ number: number; order: number; state: LineState; reason: RefuseReason | null }>

export type Portion = Readonly<{ line: number; amount: bigint; tax: bigint }>

export type Share = Readonly<{
  number: number
  kind: 'lines' | 'equal' | 'left'
  /** which division of the table it belongs to: the number of its first share; null where it is none */
  division: number | null
  nth: number | null
  of: number | null
  state: 'free' | 'reserved' | 'paid' | 'left'
  /** who pays it; null while it is free or left */
  by: Guest | null
  /** counts how often it was taken: each time is a deal of its own */
  attempt: number
  deal: DealId | null
  payment: PaymentId | null
  /** in the order of the deal's bill, once it is reserved */
  portions: readonly Portion[]
}>

/** What was paid of a line that was refused afterwards, and goes back by an ordinary refund. */
export type Back = Readonly<{
  share: number
  line: number
  amount: bigint
  payment: PaymentId
  /** the line's place in the payment's bill */
  place: number
  state: 'due' | 'done'
  attempt: number
  /** why the last try failed */
  trouble: string | null
  nextAt: number
}>

export type Tab = Readonly<{
  id: TabId
  version: number
  party: PartyId
  account: AccountNumber
  point: PointId
  /** in whose name the deals are */
  terminal: TerminalId
  label: string
  shop: string
  legalName: string
  unit: Unit
  paying: 'first' | 'end'
  state: 'open' | 'closed' | 'over'
  openedAt: number
  endsAt: number
  /** the highest number given to a line, an order, a share */
  counted: Readonly<{ lines: number; orders: number; shares: number }>
  guests: readonly Guest[]
  orders: readonly TabOrder[]
  lines: readonly TabLine[]
  shares: readonly Share[]
  backs: readonly Back[]
}>

/** A tab on which nothing is yet. */
export const newTab = (
  start: Pick<
    Tab,
    | 'id'
    | 'party'
    | 'account'
    | 'point'
    | 'terminal'
    | 'label'
    | 'shop'
    | 'legalName'
    | 'unit'
    | 'paying'
    | 'openedAt'
    | 'endsAt'
  >,
): Tab => ({
  ...start,
  version: 1,
  state: 'open',
  counted: { lines: 0, orders: 0, shares: 0 },
  guests: [],
  orders: [],
  lines: [],
  shares: [],
  backs: [],
})

/** What may be in a tab. */
export type TabLimits = Readonly<{ orders: number; lines: number; guests: number; shares: number }>

export type ShareWanted =
  | Readonly<{ kind: 'mine' }>
  | Readonly<{ kind: 'lines'; lines: readonly Readonly<{ line: number; quantity: number }>[] }>
  | Readonly<{ kind: 'equal'; of: number }>

export type TabRefusal =
  | 'tab-closed'
  | 'tab-full'
  | 'line-taken'
  | 'nothing-open'
  | 'share-differs'
  | 'share-too-small'
  | 'share-under-way'
  | 'line-moved-on'
  | 'not-found'

export const isRefused = <Found>(found: Found | TabRefusal): found is TabRefusal => typeof found === 'string'

export type Sums = Readonly<{ total: bigint; paid: bigint; reserved: bigint; left: bigint; open: bigint }>

/** Counted items that go back to the stock. */
export type Returned = readonly Readonly<{ item: string; quantity: number }>[]

export const isDropped = ({ state }: Pick<TabLine, 'state'>): boolean => state === 'refused' || state === 'lapsed'
export const isWork = ({ state }: Pick<TabLine, 'state'>): boolean =>
  state === 'ordered' || state === 'accepted' || state === 'ready'

/** What of this line no share covers. */
export const openOf = (tab: Tab, line: TabLine): bigint =>
  isDropped(line) ? 0n : line.amount - coveredBy(tab, line, () => true)

/** What shares that pass cover of this line. */
export const coveredBy = (tab: Tab, { number }: Pick<TabLine, 'number'>, passes: (share: Share) => boolean): bigint =>
  sum(
    tab.shares
      .filter(passes)
      .flatMap(({ portions }) => portions)
      .filter(({ line }) => line === number)
      .map(({ amount }) => amount),
  )

/** What is to be paid, was, and will be; refused and lapsed lines count nowhere. */
export function sumsOf(tab: Tab): Sums {
  const standing = tab.lines.filter((line) => !isDropped(line))
  const total = sum(standing.map(({ amount }) => amount))
  const of = (...states: readonly Share['state'][]): bigint =>
    sum(standing.map((line) => coveredBy(tab, line, ({ state }) => states.includes(state))))
  const [done, taken, left] = [of('paid'), of('reserved', 'free'), of('left')]
  return { total, paid: done, reserved: taken, left, open: total - done - taken - left }
}

/** What this share costs now: its portions of lines that still stand. */
export const amountOf = (tab: Tab, share: Share): bigint =>
  sum(standingPortions(tab, share).map(({ amount }) => amount))

/** Must its deal be cancelled? A line of its bill was refused. */
export const isSpoilt = (tab: Tab, share: Share): boolean =>
  share.state === 'reserved' && standingPortions(tab, share).length !== share.portions.length

/** Shows the kitchen something, or money that must go back: everything else of a tab that is over is memory. */
export const isLive = (tab: Tab, now: number): boolean =>
  tab.state !== 'over' || tab.backs.some(({ state }) => state === 'due') || (now < tab.endsAt && tab.lines.some(isWork))

/** When the hub must look at it again; null for never. `lookEveryMs`: how often at a deal that somebody pays. */
export function dueAtOf(tab: Tab, now: number, lookEveryMs: number): number | null {
  const isPaying = tab.shares.some(({ state }) => state === 'reserved')
  const times = [
    ...(isPaying ? [now + lookEveryMs] : []),
    ...tab.backs.filter(({ state }) => state === 'due').map(({ nextAt }) => nextAt),
    ...(isPaying ? [] : tab.orders.flatMap((order) => lapseAt(tab, order))),
    ...(now < tab.endsAt && (tab.state !== 'over' || tab.lines.some(isWork)) ? [tab.endsAt] : []),
  ]
  return times.length === 0 ? null : Math.min(...times)
}

const lapseAt = (tab: Tab, { number, payUntil }: TabOrder): number[] =>
  payUntil !== null && tab.lines.some(({ order, state }) => order === number && state === 'unpaid') ? [payUntil] : []

/** What of a share was not refused meanwhile. */
export function standingPortions(tab: Tab, { portions }: Share): readonly Portion[] {
  const dropped = new Set(tab.lines.filter(isDropped).map(({ number }) => number))
  return portions.filter(({ line }) => !dropped.has(line))
}

/** After any change: orders that are paid go to the kitchen, and a tab in which nothing is open or to be made is over. */
export function progressed(tab: Tab): Tab {
  const isPaidWhole = (line: TabLine): boolean =>
    coveredBy(tab, line, ({ state }) => state === 'paid' || state === 'left') === line.amount
  const lines = tab.lines.map((line): TabLine => {
    if (line.state !== 'unpaid') return line
    const whole = tab.lines.filter(({ order }) => order === line.order).every(isPaidWhole)
    return whole ? { ...line, state: 'ordered' } : line
  })
  const next = { ...tab, lines, shares: tab.shares.filter((share) => !isEmpty(tab, share)) }
  const { open, reserved: taken } = sumsOf(next)
  const isPaying = next.shares.some(({ state }) => state === 'reserved')
  if (next.state === 'over' || open > 0n || taken > 0n || isPaying || next.lines.length === 0) return next
  // A table that is not closed is over once all is served: whoever sits there next does not see who sat there before.
  return next.state === 'closed' || !next.lines.some(isWork) ? { ...next, state: 'over' } : next
}

/** A part that waits for a guest, and of which every line was refused. */
const isEmpty = (tab: Tab, share: Share): boolean => share.state === 'free' && amountOf(tab, share) === 0n

/** What was paid of lines that are dropped is to go back. */
export function withBacks(tab: Tab, now: number): Tab {
  const dropped = new Set(tab.lines.filter(isDropped).map(({ number }) => number))
  const fresh = tab.shares.flatMap(({ number, state, payment, portions }): Back[] => {
    if (state !== 'paid' || payment === null) return []
    return portions.flatMap(({ line, amount }, place): Back[] => {
      const isKnown = tab.backs.some((back) => back.share === number && back.line === line)
      if (!dropped.has(line) || amount === 0n || isKnown) return []
      return [{ share: number, line, amount, payment, place, state: 'due', attempt: 0, trouble: null, nextAt: now }]
    })
  })
  return fresh.length === 0 ? tab : { ...tab, backs: [...tab.backs, ...fresh] }
}

export type NewShare = Omit<Share, 'number' | 'attempt' | 'payment'>

/** A share with the next number. */
export function addShare(tab: Tab, share: NewShare): Readonly<{ tab: Tab; share: Share }> {
  const number = tab.counted.shares + 1
  const added: Share = { ...share, number, attempt: 0, payment: null }
  return { tab: { ...tab, counted: { ...tab.counted, shares: number }, shares: [...tab.shares, added] }, share: added }
}
