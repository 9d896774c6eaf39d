// Means contested at the same moment by two hubs on one PostgreSQL: exactly one outcome, one end of each order, clean books.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { bucketOfId, idInBucket, type PaymentId } from '#core/ids.ts'
import type { Choice } from '#core/means.ts'
import { unitOf } from '#core/money.ts'
import { stateOf } from '#core/payment.ts'
import type { DeviceActor } from '#switch/actors.ts'
import { code, openRaces, type Races } from './support/races.ts'
import { billOf, JPY, newId } from './support/world.ts'

const USD = unitOf('USD') ?? assert.fail('a currency')

let at: Races
before(async () => {
  at = await openRaces()
})
after(() => at.close())
afterEach(() => at.clean())

const bankOf = (payer: DeviceActor): Choice => ({
  kind: 'bank',
  id: idInBucket('mns', bucketOfId(payer.id), new Uint8Array(14).fill(5)),
  label: 'Tanuki Bank ···567',
  unit: JPY,
})

/** A payment whose bank is asked. */
async function asked(payer: DeviceActor): Promise<PaymentId> {
  const payment = await at.joined(payer)
  assert.equal((await at.town.say(payer, { name: 'choose-means', payment, choice: bankOf(payer) })).refusal, null)
  assert.equal((await at.town.approve(payer, payment)).refusal, null)
  return payment
}

const byText = (left: string, right: string): number => (left < right ? -1 : 1)

test('a yes ‖ the end of the wait: paid, or reversed, and never both', async () => {
  await at.race(['done: settled', 'too-late: joined reverse'], async (payer) => {
    const payment = await asked(payer)
    await at.hurry(payment, '{portions,0,state,until}')
    const [answer] = await at.both(
      (over) => over.answerOutside(payment, 1, true),
      async (over) => {
        const now = await at.ground.store.readPayment(payment)
        return now && stateOf(now) === 'authorising' ? over.tick(50) : 0
      },
    )
    return `${code(answer)}: ${await at.seen(payment)}`
  })
})

test('a yes ‖ the payer cancels: paid, or ended and reversed', async () => {
  await at.race(['done, state-conflict: settled', 'too-late, done: ended reverse'], async (payer) => {
    const payment = await asked(payer)
    const [answer, cancelled] = await at.both(
      (over) => over.answerOutside(payment, 1, true),
      (over) => at.town.say(payer, { name: 'decline', payment }, newId('cmd'), over),
    )
    return `${code(answer)}, ${code(cancelled)}: ${await at.seen(payment)}`
  })
})

test('a yes ‖ a no: the first one counts, the other is too late, and the same twice is once', async () => {
  await at.race(['done, too-late: settled', 'too-late, done: joined'], async (payer) => {
    const payment = await asked(payer)
    const [yes, no] = await at.both(
      (over) => over.answerOutside(payment, 1, true),
      (over) => over.answerOutside(payment, 1, false, 'no-funds'),
    )
    const again = await at.both(
      (over) => over.answerOutside(payment, 1, true),
      (over) => over.answerOutside(payment, 1, false, 'no-funds'),
    )
    assert.deepEqual(again.map(code), [code(yes), code(no)], 'and stays so')
    return `${code(yes)}, ${code(no)}: ${await at.seen(payment)}`
  })
})

test('choose ‖ approve: paid as it was seen, or not paid', async () => {
  await at.race(['state-conflict, done: settled', 'done, means-changed: joined'], async (payer) => {
    const payment = await at.joined(payer)
    const present = await at.ground.store.readPayment(payment)
    assert.ok(present)
    const [chosen, approved] = await at.both(
      (over) => at.town.say(payer, { name: 'choose-means', payment, choice: bankOf(payer) }, newId('cmd'), over),
      (over) => at.town.approve(payer, payment, { over, seen: present }),
    )
    return `${code(chosen)}, ${code(approved)}: ${await at.seen(payment)}`
  })
})

test('spend ‖ spend in another unit: of two payments for the last dollars exactly one goes through', async () => {
  const rate = { from: USD, to: JPY, price: '148.7475', until: 4_000_000_000_000 }
  for (let round = 0; round < 5; round++) {
    const emma = await at.town.person(`Emma ${round}`, 1_000n)
    await at.town.further(emma, USD, 1_000n)
    const bills: PaymentId[] = []
    for (let count = 0; count < 2; count++) {
      const payment = await at.joined(emma, billOf(1_000n))
      const choice = { kind: 'exchange', rate } as const
      assert.equal((await at.town.say(emma, { name: 'choose-means', payment, choice })).refusal, null)
      bills.push(payment)
    }
    const [first, second] = bills
    assert.ok(first && second)
    const answers = await at.both(
      (over) => at.town.approve(emma, first, { over }),
      (over) => at.town.approve(emma, second, { over }),
    )
    assert.deepEqual(answers.map(code).toSorted(byText), ['done', 'insufficient-funds'])
    assert.equal(await at.town.balanceIn(emma, USD), 1_000n - 673n)
  }
})

test('an order is ended once, whoever ends it', async () => {
  const [payer] = at.town.people
  assert.ok(payer)
  for (let round = 0; round < 5; round++) {
    const payment = await asked(payer)
    assert.equal((await at.town.hub.answerOutside(payment, 1, true)).refusal, null)
    const end = { state: 'yes', reference: null, trouble: null } as const
    const won = await Promise.all([at.ground, at.other].map(({ store }) => store.concludeOrder(payment, 1, end)))
    assert.deepEqual(won.filter(Boolean), [true])
  }
})
