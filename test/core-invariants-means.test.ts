// The invariants of means against books that are right, and against each with one thing wrong.
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { NO_CONDITIONS } from '#core/bill.ts'
import { bucketOfId, idInBucket, type PaymentId } from '#core/ids.ts'
import type { Books } from '#core/invariants.ts'
import { meansFaults } from '#core/invariants-means.ts'
import type { Choice } from '#core/means.ts'
import { unitOf } from '#core/money.ts'
import { billWith, JPY, lineOf, memoryGround, openTown } from './support/world.ts'

const USD = unitOf('USD') ?? assert.fail('a currency')

let books: Books
let [inDollars, byBank]: PaymentId[] = []

before(async () => {
  const ground = await memoryGround()
  const town = await openTown(ground)
  const { payer, till } = town
  await town.further(payer, USD, 50_000n)
  const rate = { from: USD, to: JPY, price: '148.7475', until: 4_000_000_000_000 }
  const means = idInBucket('mns', bucketOfId(payer.id), new Uint8Array(14).fill(5))
  const bank: Choice = { kind: 'bank', id: means, label: 'Bank', unit: JPY }
  const paid = async (choice: Choice): Promise<PaymentId> => {
    const bill = billWith(lineOf(1_000n, { conditions: { ...NO_CONDITIONS, delivery: true } }), lineOf(500n))
    const { number } = await town.offer(bill)
    const { payment } = await town.join(payer, number)
    assert.ok(payment)
    await town.say(payer, { name: 'choose-means', payment, choice })
    await town.approve(payer, payment)
    if (choice.kind === 'bank') {
      await town.hub.answerOutside(payment, 1, false, 'no-funds')
      await ground.store.concludeOrder(payment, 1, { state: 'no', reference: null, trouble: null })
      await town.approve(payer, payment)
      await town.hub.answerOutside(payment, 2, true)
      await ground.store.concludeOrder(payment, 2, { state: 'yes', reference: null, trouble: null })
    }
    await town.say(till, { name: 'deliver', payment, portion: 0, amount: 600n })
    await town.settleDown()
    assert.equal((await town.refund(payment, 200n)).refusal, null)
    return payment
  }
  inDollars = await paid({ kind: 'exchange', rate })
  byBank = await paid(bank)
  await town.settleDown()
  books = await ground.books()
})

/** The books with the rows of a list changed, left out (null) or as they were. */
const withRows = <Name extends 'transfers' | 'orders' | 'refunds' | 'payments'>(
  name: Name,
  change: (row: Books[Name][number]) => Books[Name][number] | null,
): Books => ({ ...books, [name]: (books[name] as readonly Books[Name][number][]).flatMap((row) => change(row) ?? []) })

test('books of a payment in dollars and one by a bank are right', () => {
  assert.deepEqual(meansFaults(books), [])
  assert.equal(books.orders.length, 4)
})

test('one thing wrong is found, and the payment named', () => {
  const [dollars, bank] = [inDollars, byBank]
  assert.ok(dollars && bank)
  const order = (kind: string) => (row: Books['orders'][number]) => row.payment === bank && row.kind === kind
  const rows: [string, Books, PaymentId, RegExp][] = [
    [
      'the payer got a cent too much back',
      withRows('transfers', (row) =>
        row.unit === USD && row.kind === 'return' ? { ...row, amount: row.amount + 1n } : row,
      ),
      dollars,
      /gave back/,
    ],
    [
      'nothing came back in dollars',
      withRows('transfers', (row) => (row.unit === USD && row.kind === 'refund' ? null : row)),
      dollars,
      /gave back/,
    ],
    [
      'more was taken than quoted',
      withRows('transfers', (row) => (row.kind === 'exchange' ? { ...row, amount: row.amount + 1n } : row)),
      dollars,
      /quoted were/,
    ],
    [
      'the exchange gave less yen',
      withRows('transfers', (row) => (row.kind === 'settle' && row.payment === dollars ? null : row)),
      dollars,
      /was exchanged into/,
    ],
    [
      'a refund says another share',
      withRows('refunds', (row) => (row.original === dollars ? { ...row, back: (row.back ?? 0n) + 1n } : row)),
      dollars,
      /say something else/,
    ],
    [
      'nobody chose the exchange',
      withRows('payments', (row) => (row.id === dollars ? { ...row, means: { kind: 'account' } } : row)),
      dollars,
      /nobody chose that/,
    ],
    ['a collect is lost', withRows('orders', (row) => (order('collect')(row) ? null : row)), bank, /has orders/],
    ['a return is lost', withRows('orders', (row) => (order('return')(row) ? null : row)), bank, /has orders/],
    [
      'a return of another amount',
      withRows('orders', (row) => (order('return')(row) ? { ...row, amount: row.amount - 1n } : row)),
      bank,
      /back to clearing/,
    ],
    [
      'the bank said no, and it was paid',
      withRows('orders', (row) => (row.payment === bank && row.number === 2 ? { ...row, state: 'no' } : row)),
      bank,
      /said not to be/,
    ],
    [
      'the bank said yes, and it was not',
      withRows('orders', (row) => (row.payment === bank && row.number === 1 ? { ...row, state: 'yes' } : row)),
      bank,
      /not paid by it/,
    ],
    [
      'what paid is reversed',
      withRows('orders', (row) => (order('return')(row) ? { ...row, kind: 'reverse', of: 2, amount: 1_500n } : row)),
      bank,
      /said not to be/,
    ],
    [
      'paid out of clearing twice',
      {
        ...books,
        transfers: books.transfers.flatMap((row) => (row.debit.startsWith('clearing') ? [row, row] : [row])),
      },
      bank,
      /from clearing/,
    ],
  ]
  for (const [name, wrong, payment, fault] of rows) {
    const found = meansFaults(wrong)
    assert.ok(
      found.some((each) => each.startsWith(payment) && fault.test(each)),
      `${name}: ${found.join('; ')}`,
    )
  }
})

test('an order of a payment that is not there is named', () => {
  const found = meansFaults(withRows('payments', (row) => (row.id === byBank ? null : row)))
  assert.equal(found.filter((fault) => fault.includes('is of no known payment')).length, 4)
})
