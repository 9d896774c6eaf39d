// The invariants of cards against books that are right, and against each with one thing wrong.
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { systemAccount } from '#core/accounts.ts'
import { NO_CONDITIONS } from '#core/bill.ts'
import { bucketOfId, idInBucket, type PaymentId } from '#core/ids.ts'
import { faultsOf, type Books } from '#core/invariants.ts'
import { meansFaults } from '#core/invariants-means.ts'
import type { Choice } from '#core/means.ts'
import { billWith, JPY, lineOf, memoryGround, openTown } from './support/world.ts'

let books: Books
let [byCard, oneTime]: PaymentId[] = []
let here = 0

before(async () => {
  const ground = await memoryGround()
  const town = await openTown(ground)
  const { payer, till } = town
  here = bucketOfId(payer.id)
  const id = idInBucket('mns', here, new Uint8Array(14).fill(6))
  const card: Choice = { kind: 'card', id, label: 'Card', unit: JPY, method: 'bonus', oneTime: false }
  const end = (payment: PaymentId, number: number, state: 'yes' | 'no') =>
    ground.store.concludeOrder(payment, number, { state, reference: null, trouble: null })
  const paid = async (choice: Choice): Promise<PaymentId> => {
    const delivered = { conditions: { ...NO_CONDITIONS, delivery: true } }
    const { number } = await town.offer(billWith(lineOf(1_000n, delivered), lineOf(500n)))
    const { payment } = await town.join(payer, number)
    assert.ok(payment)
    await town.say(payer, { name: 'choose-means', payment, choice })
    await town.approve(payer, payment)
    await town.hub.answerOutside(payment, 1, false, 'card-refused')
    await end(payment, 1, 'no')
    await town.approve(payer, payment)
    await town.hub.answerOutside(payment, 2, true, null, '123456/000000123456')
    await end(payment, 2, 'yes')
    await town.say(till, { name: 'deliver', payment, portion: 0, amount: 600n })
    await town.settleDown()
    assert.equal((await town.refund(payment, 200n)).refusal, null)
    return payment
  }
  byCard = await paid(card)
  oneTime = await paid({ ...card, oneTime: true })
  await town.settleDown()
  books = await ground.books()
})

type Order = Books['orders'][number]

/** The books with the rows of a list changed, left out (null) or as they were. */
const withRows = <Name extends 'transfers' | 'orders' | 'refunds' | 'payments'>(
  name: Name,
  change: (row: Books[Name][number]) => Books[Name][number] | null,
): Books => ({ ...books, [name]: (books[name] as readonly Books[Name][number][]).flatMap((row) => change(row) ?? []) })
const withOrder = (which: (row: Order) => boolean, over: Partial<Order>): Books =>
  withRows('orders', (row) => (which(row) ? { ...row, ...over } : row))

test('books of a payment by card and one by a one-time number are right, and say what the issuer owes', () => {
  assert.deepEqual(faultsOf(books), [])
  const made = (id: PaymentId | undefined) =>
    books.orders
      .filter(({ payment }) => payment === id)
      .map(({ number, kind, amount }) => `${number} ${kind} ${amount}`)
  const asked = ['1 collect 1500', '2 collect 1500']
  assert.deepEqual(made(byCard), [...asked, '3 capture 500', '4 capture 600', '5 release 400', '6 return 200'])
  assert.deepEqual(made(oneTime), [...asked, '3 return 400', '4 return 200'])
  const owed = (bucket: number) => books.accounts.find(({ key }) => key === systemAccount('card', bucket))?.balance
  assert.equal(owed(here), -2n * (1_500n - 400n), 'of two payments what was taken, less what came back')
})

test('one thing wrong is found, and the payment named', () => {
  const [card, number] = [byCard, oneTime]
  assert.ok(card && number)
  const of = (payment: PaymentId, kind: Order['kind']) => (row: Order) => row.payment === payment && row.kind === kind
  const fromCards = ({ payment, debit }: Books['transfers'][number]) => payment === card && debit.startsWith('card')
  const rows: [string, Books, PaymentId, RegExp][] = [
    [
      'more is captured than was authorised',
      withOrder(of(card, 'capture'), { amount: 1_200n }),
      card,
      /authorised were 1500/,
    ],
    [
      'released and captured whole',
      withOrder(of(card, 'release'), { amount: 1_500n }),
      card,
      /captured 1100 and released 1500/,
    ],
    [
      'a capture is lost',
      withRows('orders', (row) => (of(card, 'capture')(row) ? null : row)),
      card,
      /captured 0 of its card/,
    ],
    [
      'a capture is less than the shop has',
      withOrder((row) => of(card, 'capture')(row) && row.number === 4, { amount: 599n }),
      card,
      /captured 1099 of its card, settled was 1100/,
    ],
    [
      'a release is less than came back',
      withOrder(of(card, 'release'), { amount: 399n }),
      card,
      /released 399 of its card, 400 came back/,
    ],
    ['a release became a return', withOrder(of(card, 'release'), { kind: 'return' }), card, /released 0 of its card/],
    [
      'more is returned than was captured',
      withOrder(of(card, 'return'), { amount: 1_101n }),
      card,
      /returned 1101 of collect 2, claimed were 1100/,
    ],
    ['a return by another method', withOrder(of(card, 'return'), { method: 'lump' }), card, /sends order 6 elsewhere/],
    ['a return to the bank', withOrder(of(card, 'return'), { via: 'bank' }), card, /sends order 6 elsewhere/],
    [
      'a capture by a one-time number',
      withOrder(of(card, 'capture'), { oneTime: true }),
      card,
      /sends order 3 elsewhere/,
    ],
    [
      'a capture of the collect that was refused',
      withOrder(of(card, 'capture'), { of: 1 }),
      card,
      /goes on with collect 1, which did not pay/,
    ],
    [
      'a capture of a one-time number',
      withOrder(of(number, 'return'), { kind: 'capture' }),
      number,
      /captures or releases of collect 2, which has all/,
    ],
    [
      'the issuer said no, and it was paid',
      withOrder((row) => row.payment === card && row.number === 2, { state: 'no' }),
      card,
      /said not to be/,
    ],
    [
      'what paid is reversed',
      withOrder((row) => row.payment === card && row.number === 6, { kind: 'reverse', amount: 1_500n }),
      card,
      /said not to be/,
    ],
    [
      'paid twice out of the cards’ account',
      { ...books, transfers: books.transfers.flatMap((row) => (fromCards(row) ? [row, row] : [row])) },
      card,
      /from card/,
    ],
    [
      'out of the bank’s clearing',
      withRows('transfers', (row) => (fromCards(row) ? { ...row, debit: systemAccount('clearing', here) } : row)),
      card,
      /which is not its way/,
    ],
    [
      'out of another bucket',
      withRows('transfers', (row) =>
        fromCards(row) ? { ...row, debit: systemAccount('card', here === 0 ? 1 : 0) } : row,
      ),
      card,
      /which is not its way/,
    ],
    [
      'nobody chose the card',
      withRows('payments', (row) => (row.id === card ? { ...row, means: { kind: 'account' } } : row)),
      card,
      /which is not its way/,
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
