// Tabs: the tables of core/tab.ts, and that no yen is paid twice or forgotten, whatever guests, kitchen and time do.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { idFrom, idInBucket, type DealId, type PaymentId } from '#core/ids.ts'
import type { Priced } from '#core/menu.ts'
import { sum, unitOf, type Unit } from '#core/money.ts'
import {
  amountOf,
  coveredBy,
  dueAtOf,
  isDropped,
  isLive,
  isRefused,
  isSpoilt,
  LINE_STATES,
  newTab,
  openOf,
  sumsOf,
  type Guest,
  type LineState,
  type Mark,
  type Tab,
  type TabLine,
  type TabRefusal,
} from '#core/tab.ts'
import { closed, marked, ordered, seated, timed } from '#core/tab-changes.ts'
import { freed, paid, reserved, toldBack } from '#core/tab-shares.ts'
import { accountNumber } from '#core/accounts.ts'

const LIMITS = { orders: 60, lines: 200, guests: 4, shares: 60 }
const HOUR_MS = 3_600_000
const NOW = 1_000_000
const known = (code: string): Unit => {
  const unit = unitOf(code)
  assert.ok(unit)
  return unit
}
const bytes = (of: number): Uint8Array => new Uint8Array(16).fill(of)
const guest = (of: number): Guest => ({
  party: idInBucket('pty', of, new Uint8Array(14)),
  device: idInBucket('dev', of, new Uint8Array(14)),
  name: `Guest ${of}`,
})
const [ANNA, BEN, CARL] = [guest(1), guest(2), guest(3)] as const
const payment: PaymentId = idInBucket('pay', 1, new Uint8Array(14))
const dealOf = (share: number, attempt: number): DealId => idFrom('deal', bytes(share * 7 + attempt))

const fresh = (paying: 'first' | 'end' = 'end'): Tab =>
  newTab({
    id: idInBucket('tab', 1, new Uint8Array(14)),
    party: idInBucket('pty', 1, new Uint8Array(14).fill(9)),
    account: accountNumber(1, 1),
    point: idFrom('pnt', bytes(1)),
    terminal: idInBucket('trm', 1, new Uint8Array(14)),
    label: 'Table 3',
    shop: 'Bakery',
    legalName: 'Bakery',
    unit: known('JPY'),
    paying,
    openedAt: NOW,
    endsAt: NOW + 12 * HOUR_MS,
  })

const priced = (amount: bigint, quantity = 1, tax = amount / 11n): Priced => ({
  item: 'coffee',
  name: 'Coffee',
  nameEn: null,
  nameJa: null,
  text: 'Coffee',
  choices: [],
  course: null,
  note: '',
  quantity,
  amount,
  tax,
  taxRate: 1_000,
})

const done = (found: Tab | TabRefusal): Tab => {
  assert.ok(!isRefused(found), isRefused(found) ? found : '')
  return found
}
const order = (tab: Tab, by: Guest, ...lines: readonly Priced[]): Tab =>
  done(ordered(tab, { by, lines, call: 1, now: NOW, payWithinMs: HOUR_MS / 4 }, LIMITS))
const reserve = (tab: Tab, by: Guest, wanted: Parameters<typeof reserved>[1]['wanted'], limits = LIMITS) =>
  reserved(tab, { by, wanted, dealOf }, limits)
function taken(tab: Tab, by: Guest, wanted: Parameters<typeof reserved>[1]['wanted']): { tab: Tab; share: number } {
  const found = reserve(tab, by, wanted)
  assert.ok(!isRefused(found), isRefused(found) ? found : '')
  return found
}
const attemptOf = (tab: Tab, share: number): number => tab.shares.find(({ number }) => number === share)?.attempt ?? -1
const pays = (tab: Tab, share: number): Tab => paid(tab, { share, attempt: attemptOf(tab, share), payment }, NOW)
const gives = (tab: Tab, share: number): Tab => freed(tab, { share, attempt: attemptOf(tab, share) })
const marks = (tab: Tab, lines: readonly number[], to: Mark): ReturnType<typeof marked> =>
  marked(tab, { lines, to, reason: to === 'refused' ? 'other' : null, now: NOW })
const figures = (tab: Tab): string => {
  const { total, paid: had, reserved: held, left, open } = sumsOf(tab)
  return `${had} + ${held} + ${left} + ${open} = ${total}`
}

/** What must hold of every tab: worked out from its lines and shares alone. */
function faultsOf(tab: Tab): string[] {
  const faults: string[] = []
  const sums = sumsOf(tab)
  if (sums.paid + sums.reserved + sums.left + sums.open !== sums.total) faults.push(`sums: ${figures(tab)}`)
  for (const line of tab.lines) {
    const covered = coveredBy(tab, line, () => true)
    if (covered !== 0n && covered !== line.amount) faults.push(`line ${line.number} is covered in part`)
    if (line.tax > line.amount || line.tax < 0n) faults.push(`line ${line.number} has more tax than amount`)
  }
  for (const share of tab.shares) {
    if (share.portions.some(({ amount, tax }) => amount <= 0n || tax < 0n || tax > amount))
      faults.push(`share ${share.number} has an empty portion`)
    if ((share.state === 'reserved') !== (share.deal !== null && share.payment === null))
      faults.push(`share ${share.number} is ${share.state}, its deal says otherwise`)
    if ((share.state === 'paid') !== (share.payment !== null)) faults.push(`share ${share.number} without its payment`)
  }
  const owed = tab.shares
    .filter(({ state }) => state === 'paid')
    .flatMap(({ portions }) => portions)
    .filter(({ line }) => tab.lines.some((each) => each.number === line && isDropped(each)))
  if (sum(owed.map(({ amount }) => amount)) !== sum(tab.backs.map(({ amount }) => amount)))
    faults.push('what was paid of refused lines is not what goes back')
  if (tab.state === 'over' && (sums.open > 0n || sums.reserved > 0n)) faults.push('over, and something is open')
  return faults
}
const holds = (tab: Tab): Tab => {
  assert.deepEqual(faultsOf(tab), [])
  return tab
}

test('a line goes its way in the kitchen and no other', () => {
  const moves: Readonly<Record<Mark, Readonly<Partial<Record<LineState, LineState>>>>> = {
    accepted: { ordered: 'accepted', accepted: 'accepted' },
    ready: { ordered: 'ready', accepted: 'ready', ready: 'ready' },
    served: { ordered: 'served', accepted: 'served', ready: 'served', served: 'served' },
    refused: { ordered: 'refused', accepted: 'refused', ready: 'refused', refused: 'refused' },
  }
  const start = order(order(fresh(), ANNA, priced(100n)), ANNA, priced(5n))
  for (const to of ['accepted', 'ready', 'served', 'refused'] as const) {
    for (const state of LINE_STATES) {
      const lines = start.lines.map((line): TabLine => (line.number === 1 ? { ...line, state } : line))
      const found = marks({ ...start, lines }, [1], to)
      const after = isRefused(found) ? found : found.tab.lines[0]?.state
      assert.equal(after, moves[to][state] ?? 'line-moved-on', `${state} → ${to}`)
    }
  }
  assert.equal(marks(start, [1, 9], 'ready'), 'not-found')
})

test('some lines of several: all of them are marked, or none', () => {
  const start = order(fresh(), ANNA, priced(100n), priced(100n))
  const first = marks(start, [1], 'served')
  assert.ok(!isRefused(first))
  assert.equal(marks(first.tab, [2, 1], 'accepted'), 'line-moved-on')
})

test('an equal share takes its part of every line, and two parts never differ by more than one', () => {
  const cases: readonly (readonly [lines: readonly bigint[], of: number, amounts: readonly bigint[]])[] = [
    [[100n], 3, [34n, 33n, 33n]],
    [[100n, 100n], 3, [67n, 67n, 66n]],
    [[100n, 101n], 3, [67n, 67n, 67n]],
    [[1n, 1n, 1n], 3, [1n, 1n, 1n]],
    [[1n, 1n, 1n, 1n], 3, [2n, 1n, 1n]],
    [[999n, 1n], 2, [500n, 500n]],
  ]
  for (const [lines, of, amounts] of cases) {
    const { tab } = taken(order(fresh(), ANNA, ...lines.map((amount) => priced(amount))), ANNA, { kind: 'equal', of })
    assert.deepEqual(
      tab.shares.map((share) => amountOf(tab, share)),
      amounts,
      lines.join(' '),
    )
    holds(tab)
  }
})

test('guests take the parts in turn; another number of parts, or one part too many, is refused', () => {
  const start = order(order(order(fresh(), ANNA, priced(300n)), BEN, priced(1n)), CARL, priced(2n))
  const first = taken(start, ANNA, { kind: 'equal', of: 3 })
  assert.equal(reserve(first.tab, BEN, { kind: 'equal', of: 2 }), 'share-differs')
  const second = taken(first.tab, BEN, { kind: 'equal', of: 3 })
  const third = taken(second.tab, CARL, { kind: 'equal', of: 3 })
  assert.deepEqual([first.share, second.share, third.share], [1, 2, 3])
  assert.equal(reserve(third.tab, CARL, { kind: 'equal', of: 3 }), 'nothing-open')
  assert.equal(figures(third.tab), '0 + 303 + 0 + 0 = 303')
  const one = pays(third.tab, 1)
  // Given back while another part is paid, the part waits for a guest; the next attempt is another deal.
  const back = gives(one, 2)
  assert.deepEqual(
    back.shares.map(({ state }) => state),
    ['paid', 'free', 'reserved'],
  )
  const again = taken(back, ANNA, { kind: 'equal', of: 3 })
  assert.deepEqual([again.share, attemptOf(again.tab, 2)], [2, 2])
  assert.notEqual(again.tab.shares[1]?.deal, second.tab.shares[1]?.deal)
  assert.equal(freed(again.tab, { share: 2, attempt: 1 }), again.tab, 'the old deal frees nothing')
  assert.equal(figures(pays(pays(again.tab, 2), 3)), '303 + 0 + 0 + 0 = 303')
  // Where nobody pays any part any more, the division is gone.
  assert.equal(figures(gives(first.tab, 1)), '0 + 0 + 0 + 303 = 303')
  assert.equal(reserve(order(fresh(), ANNA, priced(1n)), ANNA, { kind: 'equal', of: 2 }), 'share-too-small')
})

test('a line that somebody reserves is nobody else’s, in whole or in part', () => {
  const start = done(seated(order(fresh(), ANNA, priced(100n, 2), priced(50n)), BEN, LIMITS))
  const { tab } = taken(start, ANNA, { kind: 'lines', lines: [{ line: 1, quantity: 2 }] })
  for (const quantity of [1, 2])
    assert.equal(reserve(tab, BEN, { kind: 'lines', lines: [{ line: 1, quantity }] }), 'line-taken')
  assert.equal(reserve(tab, BEN, { kind: 'mine' }), 'nothing-open', 'he has ordered nothing')
  assert.equal(reserve(tab, BEN, { kind: 'lines', lines: [{ line: 7, quantity: 1 }] }), 'line-taken')
  const twice = { line: 2, quantity: 1 }
  assert.equal(reserve(tab, BEN, { kind: 'lines', lines: [twice, twice] }), 'line-taken')
  assert.equal(reserve(tab, CARL, { kind: 'equal', of: 2 }), 'not-found', 'who does not sit there')
  assert.equal(figures(gives(tab, 1)), figures(start))
})

test('some pieces of a line are paid alone; the rest becomes a line of its own, and nothing is lost', () => {
  const start = order(fresh(), ANNA, priced(100n, 3, 9n))
  const { tab } = taken(start, ANNA, { kind: 'lines', lines: [{ line: 1, quantity: 2 }] })
  assert.deepEqual(
    tab.lines.map(({ number, quantity, amount, tax }) => [number, quantity, amount, tax]),
    [
      [1, 2, 67n, 6n],
      [2, 1, 33n, 3n],
    ],
  )
  assert.equal(figures(holds(tab)), '0 + 67 + 0 + 33 = 100')
})

test('what was paid of a refused line goes back once; what was not is not to be paid', () => {
  const start = order(fresh(), ANNA, priced(100n), priced(51n))
  const both = taken(start, ANNA, { kind: 'equal', of: 2 })
  const half = taken(pays(both.tab, both.share), ANNA, { kind: 'equal', of: 2 })
  const refused = marks(half.tab, [2], 'refused')
  assert.ok(!isRefused(refused))
  const { tab, returned } = refused
  assert.deepEqual(returned, [{ item: 'coffee', quantity: 1 }])
  assert.deepEqual(
    tab.backs.map(({ share, line, amount, place, state }) => [share, line, amount, place, state]),
    [[1, 2, 26n, 1, 'due']],
  )
  const [, other] = tab.shares
  assert.ok(other && isSpoilt(tab, other), 'the other half’s deal must go')
  assert.equal(figures(holds(tab)), '50 + 50 + 0 + 0 = 100')
  // Its deal was cancelled: the part is free again, without the line.
  const free = gives(tab, 2)
  const again = taken(free, ANNA, { kind: 'equal', of: 2 })
  const part = again.tab.shares[1]
  assert.ok(part && !isSpoilt(again.tab, part))
  assert.deepEqual(
    part.portions.map(({ line, amount }) => [line, amount]),
    [[1, 50n]],
  )
  // Paid before it could be cancelled: then its part of the line goes back too.
  const late = pays(tab, 2)
  assert.deepEqual(
    late.backs.map(({ share, amount }) => [share, amount]),
    [
      [1, 26n],
      [2, 25n],
    ],
  )
  const told = toldBack(late, { share: 1, line: 2, attempt: 0 }, { state: 'due', trouble: 'account-frozen', nextAt: 5 })
  assert.deepEqual([told.backs[0]?.attempt, told.backs[0]?.trouble], [1, 'account-frozen'])
  const gone = toldBack(told, { share: 1, line: 2, attempt: 1 }, { state: 'done' })
  assert.equal(gone.backs[0]?.state, 'done')
  assert.equal(
    toldBack(gone, { share: 1, line: 2, attempt: 1 }, { state: 'due', trouble: 'x', nextAt: 9 }).backs[0]?.state,
    'done',
  )
})

test('sold out gives nothing back to the stock', () => {
  const found = marked(order(fresh(), ANNA, priced(5n)), { lines: [1], to: 'refused', reason: 'sold-out', now: NOW })
  assert.ok(!isRefused(found))
  assert.deepEqual(found.returned, [])
})

test('paid first: the kitchen gets it when all is paid, and time takes back what was not', () => {
  const start = order(fresh('first'), ANNA, priced(100n), priced(0n))
  assert.deepEqual([start.state, start.lines.map(({ state }) => state)], ['closed', ['unpaid', 'unpaid']])
  assert.equal(
    ordered(start, { by: ANNA, lines: [priced(5n)], call: 2, now: NOW, payWithinMs: 1 }, LIMITS),
    'tab-closed',
  )
  const { tab, share } = taken(start, ANNA, { kind: 'mine' })
  const isIn = pays(tab, share)
  assert.deepEqual([isIn.state, isIn.lines.map(({ state }) => state)], ['over', ['ordered', 'ordered']])
  assert.ok(isLive(isIn, NOW), 'the kitchen has it')
  // While somebody pays, nothing lapses.
  const late = NOW + HOUR_MS
  assert.equal(timed(tab, late).tab, tab)
  const lapsed = timed(gives(tab, share), late)
  assert.deepEqual([lapsed.tab.state, lapsed.tab.lines.map(({ state }) => state)], ['over', ['lapsed', 'lapsed']])
  assert.equal(lapsed.returned.length, 2)
  assert.equal(figures(holds(lapsed.tab)), '0 + 0 + 0 + 0 = 0')
  // A part was paid, and the rest never: that part goes back.
  const half = taken(start, ANNA, { kind: 'equal', of: 2 })
  const partly = timed(pays(half.tab, half.share), late)
  assert.deepEqual(
    partly.tab.backs.map(({ amount }) => amount),
    [50n],
  )
  assert.equal(order(fresh('first'), ANNA, priced(0n)).lines[0]?.state, 'ordered', 'what is free is made at once')
})

test('a table is over when all is paid and served, or closed and paid; until then it is not', () => {
  const start = order(fresh(), ANNA, priced(100n))
  const { tab, share } = taken(start, ANNA, { kind: 'mine' })
  const isPaid = pays(tab, share)
  assert.equal(isPaid.state, 'open')
  const served = marks(isPaid, [1], 'served')
  assert.ok(!isRefused(served))
  assert.equal(served.tab.state, 'over')
  assert.equal(seated(served.tab, BEN, LIMITS), 'not-found')
  assert.equal(done(closed(isPaid, 'waits')).state, 'over')
  const waiting = done(closed(start, 'waits'))
  assert.deepEqual([waiting.state, figures(waiting)], ['closed', '0 + 0 + 0 + 100 = 100'])
  assert.equal(
    ordered(waiting, { by: ANNA, lines: [priced(5n)], call: 2, now: NOW, payWithinMs: 1 }, LIMITS),
    'tab-closed',
  )
  assert.equal(closed(tab, 'left'), 'share-under-way')
  // A part that waits for a guest is not paid yet.
  const half = taken(waiting, ANNA, { kind: 'equal', of: 2 })
  assert.equal(holds(pays(half.tab, half.share)).state, 'closed')
  const left = done(closed(start, 'left'))
  assert.deepEqual([left.state, figures(holds(left))], ['over', '0 + 0 + 100 + 0 = 100'])
})

test('a tab ends after its time, but not under somebody who pays', () => {
  const start = order(fresh(), ANNA, priced(100n))
  const { endsAt } = start
  assert.equal(timed(start, endsAt - 1).tab, start)
  assert.equal(figures(timed(start, endsAt).tab), '0 + 0 + 100 + 0 = 100')
  const { tab, share } = taken(start, ANNA, { kind: 'mine' })
  const ending = timed(tab, endsAt).tab
  assert.deepEqual([ending.state, figures(ending)], ['closed', '0 + 100 + 0 + 0 = 100'])
  assert.equal(pays(ending, share).state, 'over')
  assert.equal(figures(timed(gives(ending, share), endsAt).tab), '0 + 0 + 100 + 0 = 100')
  assert.equal(isLive(timed(start, endsAt).tab, endsAt), false)
  assert.equal(dueAtOf(start, NOW, 3_000), endsAt)
  assert.equal(dueAtOf(tab, NOW, 3_000), NOW + 3_000)
})

test('a table has so many guests, orders and lines', () => {
  const many = Array.from({ length: LIMITS.guests }, (_, index) => index + 1)
  const full = many.reduce((tab, of) => order(tab, guest(of), priced(1n)), fresh())
  assert.equal(seated(full, guest(9), LIMITS), 'tab-full')
  assert.equal(seated(full, guest(2), LIMITS), full)
  const one = { by: ANNA, lines: [priced(1n)], call: 1, now: NOW, payWithinMs: 1 }
  assert.equal(ordered(full, one, { ...LIMITS, orders: 4 }), 'tab-full')
  assert.equal(ordered(full, one, { ...LIMITS, lines: 4 }), 'tab-full')
  assert.equal(reserve(full, ANNA, { kind: 'equal', of: 3 }, { ...LIMITS, shares: 2 }), 'tab-full')
  const parts = taken(full, ANNA, { kind: 'equal', of: 3 }).tab
  assert.equal(reserve(parts, ANNA, { kind: 'mine' }, { ...LIMITS, shares: 3 }), 'tab-full')
  assert.ok(!isRefused(reserve(parts, guest(2), { kind: 'equal', of: 3 }, { ...LIMITS, shares: 3 })))
})

test('whatever guests, kitchen and time do: no yen is paid twice, and none is forgotten', () => {
  const guests = [ANNA, BEN, CARL] as const
  const who = fc.integer({ min: 0, max: 2 }).map((of) => guests[of] ?? ANNA)
  const number = fc.integer({ min: 1, max: 8 })
  const step = fc.oneof(
    fc.record({
      do: fc.constant('order' as const),
      who,
      lines: fc.array(fc.record({ amount: fc.bigInt(0n, 2_000n), quantity: fc.integer({ min: 1, max: 4 }) }), {
        minLength: 1,
        maxLength: 3,
      }),
    }),
    fc.record({ do: fc.constant('mine' as const), who }),
    fc.record({ do: fc.constant('lines' as const), who, line: number, quantity: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ do: fc.constant('equal' as const), who, of: fc.integer({ min: 2, max: 4 }) }),
    fc.record({ do: fc.constantFrom('pay' as const, 'free' as const), share: number }),
    fc.record({
      do: fc.constant('mark' as const),
      line: number,
      to: fc.constantFrom('accepted' as const, 'served' as const, 'refused' as const),
    }),
    fc.record({ do: fc.constant('close' as const), rest: fc.constantFrom('waits' as const, 'left' as const) }),
    fc.record({ do: fc.constant('time' as const), after: fc.integer({ min: 0, max: 13 }) }),
  )
  const apply = (tab: Tab, what: typeof step extends fc.Arbitrary<infer Step> ? Step : never): Tab | TabRefusal => {
    switch (what.do) {
      case 'order': {
        const lines = what.lines.map(({ amount, quantity }) => priced(amount, quantity))
        return ordered(tab, { by: what.who, lines, call: 1, now: NOW, payWithinMs: HOUR_MS }, LIMITS)
      }
      case 'mine': {
        const found = reserve(tab, what.who, { kind: 'mine' })
        return isRefused(found) ? found : found.tab
      }
      case 'lines': {
        const found = reserve(tab, what.who, { kind: 'lines', lines: [{ line: what.line, quantity: what.quantity }] })
        return isRefused(found) ? found : found.tab
      }
      case 'equal': {
        const found = reserve(tab, what.who, { kind: 'equal', of: what.of })
        return isRefused(found) ? found : found.tab
      }
      case 'pay':
        return pays(tab, what.share)
      case 'free':
        return gives(tab, what.share)
      case 'mark': {
        const found = marks(tab, [what.line], what.to)
        return isRefused(found) ? found : found.tab
      }
      case 'close':
        return closed(tab, what.rest)
      case 'time':
        return timed(tab, NOW + what.after * HOUR_MS).tab
    }
  }
  fc.assert(
    fc.property(
      fc.constantFrom('end' as const, 'first' as const),
      fc.array(step, { maxLength: 40 }),
      (paying, steps) => {
        let tab = fresh(paying)
        for (const what of steps) {
          const next = apply(tab, what)
          if (isRefused(next)) continue
          // What was paid stays paid.
          assert.ok(
            tab.shares.every(
              ({ number: of, state }) =>
                state !== 'paid' || next.shares.some((each) => each.number === of && each.state === 'paid'),
            ),
          )
          tab = holds(next)
        }
        assert.ok(tab.lines.every((line) => openOf(tab, line) >= 0n))
      },
    ),
    { numRuns: 400 },
  )
})
