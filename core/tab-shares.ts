// How a tab is shared, and what becomes of a share (core/tab.ts has the table).
import type { DealId, PaymentId } from './ids.ts'
import { allocate } from './money.ts'
import {
  addShare,
  isDropped,
  isRefused,
  openOf,
  progressed,
  standingPortions,
  withBacks,
  type Back,
  type Guest,
  type Portion,
  type Share,
  type ShareWanted,
  type Tab,
  type TabLimits,
  type TabLine,
  type TabRefusal,
} from './tab.ts'

/** Reserves a share for a guest. `dealOf` makes the deal's id from the share's number and attempt. */
export function reserved(
  tab: Tab,
  {
    by,
    wanted,
    dealOf,
  }: Readonly<{
    by: Guest
    wanted: ShareWanted
    dealOf: (share: number, attempt: number) => DealId
  }>,
  limits: TabLimits,
): Readonly<{ tab: Tab; share: number }> | TabRefusal {
  if (!tab.guests.some(({ party }) => party === by.party) || tab.state === 'over') return 'not-found'
  // A part that waits for a guest is there already.
  if (wanted.kind !== 'equal' && tab.shares.length >= limits.shares) return 'tab-full'
  switch (wanted.kind) {
    case 'mine': {
      const orders = new Set(tab.orders.filter((order) => order.by.party === by.party).map(({ number }) => number))
      const own = tab.lines.filter((line) => orders.has(line.order) && openOf(tab, line) > 0n)
      return own.length === 0
        ? 'nothing-open'
        : ofLines(
            tab,
            own.map(({ number }) => number),
            by,
            dealOf,
          )
    }
    case 'lines': {
      if (new Set(wanted.lines.map(({ line }) => line)).size !== wanted.lines.length) return 'line-taken'
      let parted = tab
      for (const { line, quantity } of wanted.lines) {
        const next = splitOff(parted, line, quantity, limits)
        if (isRefused(next)) return next
        parted = next
      }
      return ofLines(
        parted,
        wanted.lines.map(({ line }) => line),
        by,
        dealOf,
      )
    }
    case 'equal':
      return equalShare(tab, wanted.of, by, dealOf, limits)
  }
}

/** A share's deal has ended unpaid: its lines are open again, or its part is free for others. Any other attempt of it is untouched. */
export function freed(tab: Tab, of: Readonly<{ share: number; attempt: number }>): Tab {
  const share = tab.shares.find(({ number }) => number === of.share)
  if (share?.state !== 'reserved' || share.attempt !== of.attempt) return tab
  const others = tab.shares.filter(
    ({ division, number }) => division !== null && division === share.division && number !== share.number,
  )
  if (!others.some(({ state }) => state === 'reserved' || state === 'paid')) {
    const gone = new Set([share, ...others].map(({ number }) => number))
    return progressed({ ...tab, shares: tab.shares.filter(({ number }) => !gone.has(number)) })
  }
  const free: Share = { ...share, state: 'free', by: null, deal: null }
  return progressed({ ...tab, shares: tab.shares.map((each) => (each === share ? free : each)) })
}

/** A share's deal was paid: so says its payment. What was paid of lines that were refused meanwhile is to go back. */
export function paid(tab: Tab, of: Readonly<{ share: number; attempt: number; payment: PaymentId }>, now: number): Tab {
  const share = tab.shares.find(({ number }) => number === of.share)
  if (share?.state !== 'reserved' || share.attempt !== of.attempt) return tab
  const done: Share = { ...share, state: 'paid', payment: of.payment }
  return progressed(withBacks({ ...tab, shares: tab.shares.map((each) => (each === share ? done : each)) }, now))
}

/** A refund was made, or failed and is tried again. Settled ones stay so. */
export function toldBack(
  tab: Tab,
  of: Readonly<{ share: number; line: number; attempt: number }>,
  outcome: Readonly<{ state: 'done' }> | Readonly<{ state: 'due'; trouble: string; nextAt: number }>,
): Tab {
  const backs = tab.backs.map((back): Back => {
    const isIt = back.share === of.share && back.line === of.line && back.attempt === of.attempt && back.state === 'due'
    if (!isIt) return back
    return outcome.state === 'done'
      ? { ...back, state: 'done', trouble: null }
      : { ...back, attempt: back.attempt + 1, trouble: outcome.trouble, nextAt: outcome.nextAt }
  })
  return { ...tab, backs }
}

function ofLines(
  tab: Tab,
  numbers: readonly number[],
  by: Guest,
  dealOf: (share: number, attempt: number) => DealId,
): Readonly<{ tab: Tab; share: number }> | TabRefusal {
  const portions: Portion[] = []
  for (const number of numbers) {
    const line = tab.lines.find((each) => each.number === number)
    if (line === undefined || isDropped(line)) return 'line-taken'
    if (line.amount > 0n && openOf(tab, line) !== line.amount) return 'line-taken'
    if (line.amount > 0n) portions.push({ line: number, amount: line.amount, tax: line.tax })
  }
  if (portions.length === 0) return 'nothing-open'
  const deal = dealOf(tab.counted.shares + 1, 0)
  const whole = { kind: 'lines', division: null, nth: null, of: null, state: 'reserved' } as const
  const made = addShare(tab, { ...whole, by, deal, portions })
  return { tab: made.tab, share: made.share.number }
}

/** Of a line of several pieces, as many as are wanted stay in it; the rest becomes a line of its own. Whoever reserves it is asked later. */
function splitOff(tab: Tab, number: number, quantity: number, limits: TabLimits): Tab | TabRefusal {
  const line = tab.lines.find((each) => each.number === number)
  if (line === undefined || isDropped(line) || quantity > line.quantity) return 'line-taken'
  if (quantity === line.quantity) return tab
  if (tab.lines.length >= limits.lines) return 'tab-full'
  const weights = [BigInt(quantity), BigInt(line.quantity - quantity)]
  const [amount = 0n, restAmount = 0n] = allocate(line.amount, weights)
  const [taxFirst = 0n] = allocate(line.tax, weights)
  // Each part holds its own tax, whichever way the last smallest part fell.
  const least = line.tax - restAmount
  const tax = clamped(taxFirst, least > 0n ? least : 0n, amount)
  const rest: TabLine = {
    ...line,
    number: tab.counted.lines + 1,
    quantity: line.quantity - quantity,
    amount: restAmount,
    tax: line.tax - tax,
  }
  const lines = tab.lines.flatMap((each) => (each === line ? [{ ...line, quantity, amount, tax }, rest] : [each]))
  return { ...tab, lines, counted: { ...tab.counted, lines: rest.number } }
}

const clamped = (value: bigint, least: bigint, most: bigint): bigint =>
  value < least ? least : value > most ? most : value

function equalShare(
  tab: Tab,
  of: number,
  by: Guest,
  dealOf: (share: number, attempt: number) => DealId,
  limits: TabLimits,
): Readonly<{ tab: Tab; share: number }> | TabRefusal {
  const free = tab.shares.find(({ state }) => state === 'free')
  if (free !== undefined) {
    if (free.of !== of) return 'share-differs'
    const attempt = free.attempt + 1
    // What was refused while nobody had it is not on the bill.
    const portions = standingPortions(tab, free)
    const taken: Share = { ...free, state: 'reserved', by, attempt, deal: dealOf(free.number, attempt), portions }
    return { tab: { ...tab, shares: tab.shares.map((each) => (each === free ? taken : each)) }, share: free.number }
  }
  const lines = tab.lines.filter((line) => openOf(tab, line) > 0n)
  if (lines.length === 0) return 'nothing-open'
  if (tab.shares.length + of > limits.shares) return 'tab-full'
  const parts = dealtOut(lines, of)
  if (parts.some((portions) => portions.length === 0)) return 'share-too-small'
  const division = tab.counted.shares + 1
  let next = tab
  for (const [index, portions] of parts.entries()) {
    const isMine = index === 0
    next = addShare(next, {
      kind: 'equal',
      division,
      nth: index + 1,
      of,
      state: isMine ? 'reserved' : 'free',
      by: isMine ? by : null,
      deal: isMine ? dealOf(division, 0) : null,
      portions,
    }).tab
  }
  return { tab: next, share: division }
}

/** Every line in so many parts, what remains of each going round (the head of this file says how); parts without an amount are left out. */
function dealtOut(lines: readonly TabLine[], of: number): Portion[][] {
  const parts: Portion[][] = Array.from({ length: of }, () => [])
  const many = BigInt(of)
  let turn = 0
  for (const { number, amount, tax } of lines) {
    const extra = Number(amount % many)
    const amounts = parts.map((_, index) => amount / many + ((index - turn + of) % of < extra ? 1n : 0n))
    turn = (turn + extra) % of
    const taxes = allocate(tax, amounts)
    parts.forEach((portions, index) => {
      const own = amounts[index] ?? 0n
      if (own > 0n) portions.push({ line: number, amount: own, tax: taxes[index] ?? 0n })
    })
  }
  return parts
}
