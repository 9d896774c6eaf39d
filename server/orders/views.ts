// What a guest and the kitchen see of a tab.
import { sum } from '#core/money.ts'
import type { PartyId } from '#core/ids.ts'
import { amountOf, coveredBy, isDropped, openOf, sumsOf, type Tab, type TabLine } from '#core/tab.ts'
import type { KitchenTabView, TabLineView, TabShareView, TabView } from '#protocol/orders.ts'
import type { DealView } from '#protocol/views.ts'

/** For one who sits there: names of the others, deals of one's own alone. `deals`: of shares that are reserved, by number. */
export function tabView(
  tab: Tab,
  party: PartyId,
  { deals, now }: Readonly<{ deals: ReadonlyMap<number, DealView>; now: number }>,
): TabView {
  const { id, version, point, label, shop, unit, paying, state, guests, endsAt } = tab
  return {
    tab: id,
    version,
    point,
    label,
    shop,
    unit,
    paying,
    state,
    ...sumsView(tab),
    guests: guests.map(({ name }) => name),
    lines: tab.lines.map((line) => lineView(tab, line, party)),
    shares: tab.shares.map((share) => shareView(tab, share, party, deals.get(share.number))),
    endsAt,
    now,
  }
}

export function kitchenView(tab: Tab): KitchenTabView {
  const { id, version, label, unit, paying, state, openedAt, endsAt, guests } = tab
  return {
    tab: id,
    version,
    label,
    unit,
    paying,
    state,
    openedAt,
    endsAt,
    ...sumsView(tab),
    guests: guests.map(({ name }) => name),
    back: tab.backs
      .filter((back) => back.state === 'due')
      .map(({ line, amount, payment, trouble }) => ({ line, amount: String(amount), payment, trouble })),
    orders: tab.orders.flatMap(({ number, call, by, at }) => {
      const lines = tab.lines.filter(({ order }) => order === number)
      // What waits to be paid, or was never paid, is not the kitchen's.
      if (lines.every((line) => line.state === 'unpaid' || line.state === 'lapsed')) return []
      const isPaid = lines.every((line) => isDropped(line) || paidOf(tab, line) === line.amount)
      return [{ order: number, call, who: by.name, orderedAt: at, paid: isPaid, lines: lines.map(factsOf) }]
    }),
  }
}

function sumsView(tab: Tab) {
  const { total, paid, reserved, left, open } = sumsOf(tab)
  return {
    total: String(total),
    paid: String(paid),
    reserved: String(reserved),
    left: String(left),
    open: String(open),
  }
}

const factsOf = (line: TabLine) => ({
  line: line.number,
  item: line.item,
  name: line.name,
  nameEn: line.nameEn,
  nameJa: line.nameJa,
  choices: [...line.choices],
  course: line.course,
  note: line.note,
  quantity: line.quantity,
  amount: String(line.amount),
  state: line.state,
  reason: line.reason,
})

function lineView(tab: Tab, line: TabLine, party: PartyId): TabLineView {
  const order = tab.orders.find(({ number }) => number === line.order)
  return {
    ...factsOf(line),
    order: line.order,
    mine: order?.by.party === party,
    who: order?.by.name ?? '',
    orderedAt: order?.at ?? tab.openedAt,
    open: String(openOf(tab, line)),
    pay: payOf(tab, line),
  }
}

const paidOf = (tab: Tab, line: TabLine): bigint =>
  coveredBy(tab, line, ({ state }) => state === 'paid' || state === 'left')

function payOf(tab: Tab, line: TabLine): TabLineView['pay'] {
  if (isDropped(line)) return tab.backs.some((back) => back.line === line.number) ? 'back' : 'none'
  if (line.amount === 0n) return 'none'
  if (openOf(tab, line) > 0n) return 'open'
  return paidOf(tab, line) === line.amount ? 'paid' : 'reserved'
}

function shareView(tab: Tab, share: Tab['shares'][number], party: PartyId, deal: DealView | undefined): TabShareView {
  const isMine = share.by?.party === party
  const amount = share.state === 'free' ? amountOf(tab, share) : sum(share.portions.map((portion) => portion.amount))
  return {
    share: share.number,
    mine: isMine,
    who: share.by?.name ?? null,
    kind: share.kind,
    nth: share.nth,
    of: share.of,
    state: share.state,
    amount: String(amount),
    lines: share.portions.map((portion) => ({ line: portion.line, amount: String(portion.amount) })),
    deal: isMine ? share.deal : null,
    number: isMine ? (deal?.ticket?.number ?? null) : null,
    link: isMine ? (deal?.ticket?.link ?? null) : null,
    payment: isMine ? (share.payment ?? deal?.payment ?? null) : null,
    expiresAt: isMine ? (deal?.ticket?.expiresAt ?? deal?.expiresAt ?? null) : null,
  }
}
