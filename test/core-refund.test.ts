// Refunds: whole, in part and by line; never more than was settled, in all, of a portion and of a line.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { refundFault, type RefundWanted } from '#core/refund.ts'
import { approved, after, bill, cooled, joined, line } from './support/deal.ts'

const part = (amount: bigint): RefundWanted => ({ amount, lines: [] })
const of = (...lines: [line: number, amount: bigint][]): RefundWanted => ({
  amount: lines.reduce((total, [, amount]) => total + amount, 0n),
  lines: lines.map(([line, amount]) => ({ line, amount })),
})

const paid = approved(joined(bill(line(100n), line(200n), line(300n))))
/** line 0 settled at once; 1 and 2 (200 + 300) delivered for 250; 3 may be taken back yet; 4 was */
const mixed = after(
  after(
    approved(
      joined(
        bill(
          line(100n),
          line(200n, { delivery: true }),
          line(300n, { delivery: true }),
          line(400n, cooled('P8D')),
          line(500n, cooled('P8D')),
        ),
      ),
    ),
    { kind: 'deliver', portion: 1, amount: 250n },
  ).payment,
  { kind: 'take-back', portion: 3 },
).payment

test('what may go back after what already did', () => {
  const rows: [why: string, payment: typeof paid, earlier: RefundWanted[], wanted: RefundWanted, answer: string][] = [
    ['whole', paid, [], part(600n), 'yes'],
    ['one more than whole', paid, [], part(601n), 'already-refunded 600'],
    ['part by part', paid, [part(250n), part(250n)], part(100n), 'yes'],
    ['one too many', paid, [part(250n), part(250n)], part(101n), 'already-refunded 100'],
    ['a line', paid, [], of([1, 200n]), 'yes'],
    ['more than a line', paid, [], of([1, 201n]), 'already-refunded 200'],
    ['the rest of a line', paid, [of([1, 150n])], of([1, 50n]), 'yes'],
    ['more than its rest', paid, [of([1, 150n])], of([1, 51n]), 'already-refunded 50'],
    ['other lines do not lend', paid, [of([1, 150n])], of([0, 100n], [2, 300n]), 'yes'],
    ['a line named twice', paid, [], of([0, 60n], [0, 41n]), 'already-refunded 100'],
    ['every line', paid, [], of([0, 100n], [1, 200n], [2, 300n]), 'yes'],
    ['a part of the whole, then a line that is left', paid, [part(400n)], of([1, 200n]), 'yes'],
    ['a part of the whole, then more than is left', paid, [part(401n)], of([1, 200n]), 'already-refunded 199'],
    ['no such line', paid, [], of([3, 1n]), 'not-found'],
    ['not paid', joined(bill(line(1n))), [], part(1n), 'not-settled'],
    ['no bill', joined(null), [], part(1n), 'not-settled'],
    ['settled in all: 350', mixed, [], part(350n), 'yes'],
    ['but no more', mixed, [], part(351n), 'already-refunded 350'],
    ['a line that may be taken back yet', mixed, [], of([3, 1n]), 'not-settled'],
    ['a line that was taken back', mixed, [], of([4, 1n]), 'not-settled'],
    ['lines delivered in part, each by itself', mixed, [], of([1, 200n]), 'yes'],
    ['and together no more than was settled', mixed, [], of([1, 200n], [2, 50n]), 'yes'],
    ['not by one yen', mixed, [], of([1, 200n], [2, 51n]), 'already-refunded 250'],
    ['nor one after the other', mixed, [of([1, 200n])], of([2, 51n]), 'already-refunded 50'],
    ['nor from what another portion settled', mixed, [of([1, 200n]), of([2, 50n])], of([2, 1n]), 'already-refunded 0'],
  ]
  for (const [why, payment, earlier, wanted, answer] of rows) {
    const fault = refundFault(payment, earlier, wanted)
    assert.equal(fault === undefined ? 'yes' : [fault.code, fault.detail?.left].join(' ').trim(), answer, why)
  }
})

test('in whatever pieces it goes back: all refunds together stay within what was settled of all, each portion and each line', () => {
  const lines = fc.array(fc.tuple(fc.integer({ min: 0, max: 4 }), fc.bigInt({ min: 0n, max: 250n })), { maxLength: 4 })
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          lines.map((each) => of(...each)),
          fc.bigInt({ min: 1n, max: 400n }).map(part),
        ),
      ),
      (all) => {
        const done: RefundWanted[] = []
        for (const wanted of all) if (refundFault(mixed, done, wanted) === undefined) done.push(wanted)
        const named = done.flatMap((refund) => refund.lines)
        const backOf = (...of: number[]): bigint =>
          named.reduce((sum, each) => sum + (of.includes(each.line) ? each.amount : 0n), 0n)
        assert.ok(done.reduce((sum, { amount }) => sum + amount, 0n) <= 350n)
        assert.ok(backOf(0) <= 100n && backOf(1) <= 200n && backOf(1, 2) <= 250n && backOf(3, 4) === 0n)
      },
    ),
    { numRuns: 500 },
  )
})
