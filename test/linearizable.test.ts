// The checker of histories, on histories made by hand: what must pass, what must not, and that it agrees with trying every order.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import {
  accountModel,
  isLinearizable,
  type AccountInput,
  type AccountOutput,
  type Operation,
} from './support/linearizable.ts'

type Moment = Operation<AccountInput, AccountOutput>

const read = (calledAt: number, at: number, output: bigint): Moment => ({
  input: { kind: 'read' },
  calledAt,
  returned: { at, output },
})
const move = (
  kind: 'take' | 'put',
  amount: bigint,
  calledAt: number,
  at: number | null,
  output: AccountOutput = 'done',
): Moment => ({ input: { kind, amount }, calledAt, returned: at === null ? null : { at, output } })

const HISTORIES: readonly (readonly [story: string, holds: boolean, history: readonly Moment[]])[] = [
  ['nothing happened', true, []],
  ['one after the other', true, [move('put', 5n, 1, 2), read(3, 4, 105n), move('take', 100n, 5, 6), read(7, 8, 5n)]],
  ['a read during a payment sees the balance before it', true, [move('take', 10n, 1, 4), read(2, 3, 100n)]],
  ['a read during a payment sees the balance after it', true, [move('take', 10n, 1, 4), read(2, 3, 90n)]],
  ['two reads during a payment, before and after', true, [move('take', 10n, 1, 6), read(2, 3, 100n), read(4, 5, 90n)]],
  [
    'two reads during a payment, after and then before again',
    false,
    [move('take', 10n, 1, 6), read(2, 3, 90n), read(4, 5, 100n)],
  ],
  [
    'the stale read: a payment has been answered, and the old balance is shown',
    false,
    [move('take', 10n, 1, 2), read(3, 4, 100n)],
  ],
  ['a balance that nobody ever had', false, [move('take', 10n, 1, 4), read(2, 3, 95n)]],
  [
    'two payments at once, and readers that disagree about which came first',
    false,
    [move('take', 10n, 1, 9), move('take', 20n, 1, 9), read(2, 3, 90n), read(4, 5, 80n)],
  ],
  [
    'two payments at once, in the order of the reads',
    true,
    [move('take', 10n, 1, 9), move('take', 20n, 1, 9), read(2, 3, 80n), read(4, 5, 70n)],
  ],
  ['spent twice', false, [move('take', 100n, 1, 4), move('take', 100n, 2, 3)]],
  ['the last yen for one of two', true, [move('take', 100n, 1, 4), move('take', 100n, 2, 3, 'short'), read(5, 6, 0n)]],
  ['short, though the money was there all the time', false, [move('take', 60n, 1, 2, 'short')]],
  [
    'short for a moment between spending and earning',
    true,
    [move('take', 100n, 1, 8), move('put', 50n, 2, 9), move('take', 60n, 3, 4, 'short'), read(10, 11, 50n)],
  ],
  ['an unknown payment that happened', true, [move('take', 10n, 1, null), read(2, 3, 90n)]],
  ['an unknown payment that never happened', true, [move('take', 10n, 1, null), read(2, 3, 100n)]],
  ['an unknown payment that happens late', true, [move('take', 10n, 1, null), read(2, 3, 100n), read(4, 5, 90n)]],
  ['an unknown payment cannot be undone', false, [move('take', 10n, 1, null), read(2, 3, 90n), read(4, 5, 100n)]],
  ['an unknown payment does not happen before it is sent', false, [read(1, 2, 90n), move('take', 10n, 3, null)]],
  [
    'of two unknown payments either may have happened, not half of one',
    false,
    [move('take', 10n, 1, null), move('take', 30n, 1, null), read(2, 3, 80n)],
  ],
  ['money that arrives is spent', true, [move('put', 50n, 1, 9), move('take', 150n, 2, 3), read(4, 5, 0n)]],
  ['money is spent before it was sent', false, [move('take', 150n, 1, 2), move('put', 50n, 3, 4)]],
]

for (const [story, holds, history] of HISTORIES)
  test(`${story}: ${holds ? 'has an order' : 'has none'}`, () => {
    assert.equal(isLinearizable(history, accountModel(100n)), holds)
  })

test('a balance read between two answered payments, in whatever order the list names them', () => {
  const history = [read(5, 6, 70n), move('take', 20n, 3, 4), read(1, 2, 90n), move('take', 10n, 0, 2)]
  assert.equal(isLinearizable(history, accountModel(100n)), true)
  assert.equal(isLinearizable([...history, read(7, 8, 80n)], accountModel(100n)), false)
})

const moments: fc.Arbitrary<Moment[]> = fc.array(
  fc
    .record({
      kind: fc.constantFrom('read', 'read', 'take', 'put'),
      amount: fc.bigInt({ min: 1n, max: 3n }),
      shown: fc.bigInt({ min: 0n, max: 8n }),
      calledAt: fc.integer({ min: 0, max: 12 }),
      lasts: fc.integer({ min: 1, max: 6 }),
      end: fc.constantFrom('done', 'done', 'done', 'short', 'unknown'),
    })
    .map(({ kind, amount, shown, calledAt, lasts, end }): Moment => {
      if (kind === 'read') return read(calledAt, calledAt + lasts, shown)
      const isUnknown = end === 'unknown'
      const output = kind === 'take' && end === 'short' ? 'short' : 'done'
      return move(kind === 'take' ? 'take' : 'put', amount, calledAt, isUnknown ? null : calledAt + lasts, output)
    }),
  { maxLength: 6 },
)

/** Every order of every choice of what happened: slow and plain. */
function hasAnOrder(left: readonly Moment[], balance: bigint): boolean {
  if (left.every(({ returned }) => returned === null)) return true
  const firstReturn = Math.min(...left.map(({ returned }) => returned?.at ?? Infinity))
  return left.some((each) => {
    if (each.calledAt > firstReturn) return false
    const after = accountModel(0n).step(balance, each.input, each.returned?.output ?? null)
    return (
      after !== undefined &&
      hasAnOrder(
        left.filter((other) => other !== each),
        after,
      )
    )
  })
}

test('the search with its memo says of any small history what trying all orders says', () => {
  const said = { yes: 0, no: 0 }
  fc.assert(
    fc.property(moments, (history) => {
      const expected = hasAnOrder(history, 4n)
      assert.equal(isLinearizable(history, accountModel(4n)), expected)
      said[expected ? 'yes' : 'no']++
    }),
    { numRuns: 3_000, seed: 1 },
  )
  assert.ok(said.yes > 300 && said.no > 300, JSON.stringify(said))
})
