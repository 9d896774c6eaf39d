// The verdict over the three books of a card payment: each way in which they can differ is a sentence.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cardFaults, type CardBooks, type HubOrder, type IssuerRow } from '../torture/cards-verdict.ts'

const collect: HubOrder = {
  id: 'a-1',
  of: 'a-1',
  payment: 'a',
  kind: 'collect',
  unit: 'JPY',
  amount: 1_000n,
  method: 'lump',
  oneTime: false,
  state: 'yes',
}
const follow = (id: string, kind: HubOrder['kind'], amount: bigint): HubOrder => ({
  ...collect,
  id,
  kind,
  amount,
  state: 'done',
})
const authorised: IssuerRow = {
  order: 'a-1',
  unit: 'JPY',
  amount: 1_000n,
  method: 'lump',
  captured: 700n,
  released: 300n,
  refunded: 200n,
  isReversed: false,
}
/** Held, delivered in part, and some of that given back. */
const books: CardBooks = {
  orders: [collect, follow('a-2', 'capture', 700n), follow('a-3', 'release', 300n), follow('a-4', 'return', 200n)],
  clearing: [{ payment: 'a', unit: 'JPY', amount: 500n }],
  issuer: [authorised],
  vault: [{ id: 'a-1', state: 'approved', isOpen: false }],
}
const issued = (row: Partial<IssuerRow>): CardBooks => ({ ...books, issuer: [{ ...authorised, ...row }] })
const ordered = (...orders: HubOrder[]): CardBooks => ({ ...books, orders })

test('books that agree have no faults, also where a yes was taken back', () => {
  assert.deepEqual(cardFaults(books), [])
  const reversed = { ...authorised, captured: 0n, released: 0n, refunded: 0n, isReversed: true }
  const back = follow('a-2', 'reverse', 1_000n)
  assert.deepEqual(cardFaults({ ...books, orders: [collect, back], clearing: [], issuer: [reversed] }), [])
  assert.deepEqual(cardFaults({ ...books, orders: [{ ...collect, state: 'no' }], clearing: [], issuer: [] }), [])
})

for (const [fault, there] of [
  [/captured twice|700 to capture, 1400 are/, issued({ captured: 1_400n, released: 0n })],
  [/1000 captured and 1000 released/, issued({ captured: 1_000n, released: 1_000n })],
  [/is authorised for ever/, issued({ released: 0n })],
  [/authorised 2 times/, { ...books, issuer: [authorised, authorised] }],
  [/authorised for 900 JPY/, issued({ amount: 900n })],
  [/repaid by revolving/, issued({ method: 'revolving' })],
  [/800 refunded of 700/, issued({ refunded: 800n })],
  [/200 to refund, 400 are/, issued({ refunded: 400n })],
  [/the hub never asked/, { ...books, issuer: [authorised, { ...authorised, order: 'b-1' }] }],
  [/is a yes at the hub/, { ...books, issuer: [] }],
  [/the hub has it as a no/, ordered({ ...collect, state: 'no' })],
  [/reverse a-2 is open/, ordered(collect, { ...follow('a-2', 'reverse', 1_000n), state: 'open' })],
  [/capture a-2 is stuck/, ordered(collect, { ...follow('a-2', 'capture', 700n), state: 'stuck' })],
  [/500 out of card clearing, the issuer has given 400/, issued({ refunded: 300n })],
  [/the vault has a-1 still asking/, { ...books, vault: [{ id: 'a-1', state: 'asking', isOpen: true }] }],
] as const satisfies readonly (readonly [RegExp, CardBooks])[])
  test(`a difference is found: ${fault.source}`, () => assert.match(cardFaults(there).join('\n'), fault))
