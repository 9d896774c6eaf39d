// Cards contested at the same moment by two hubs on one PostgreSQL: exactly one outcome, one end of what was authorised, clean books.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { NO_CONDITIONS } from '#core/bill.ts'
import { bucketOfId, idInBucket, type PaymentId } from '#core/ids.ts'
import type { Choice } from '#core/means.ts'
import { stateOf } from '#core/payment.ts'
import type { DeviceActor } from '#switch/actors.ts'
import type { Switch } from '#switch/switch.ts'
import { code, openRaces, type Races } from './support/races.ts'
import { billOf, JPY, newId } from './support/world.ts'

const toDeliver = { ...NO_CONDITIONS, delivery: true }

let at: Races
before(async () => {
  at = await openRaces()
})
after(() => at.close())
afterEach(() => at.clean())

const cardOf = (payer: DeviceActor): Choice => ({
  kind: 'card',
  id: idInBucket('mns', bucketOfId(payer.id), new Uint8Array(14).fill(6)),
  label: 'Tanuki Card ···4242',
  unit: JPY,
  method: 'lump',
  oneTime: false,
})

/** A payment whose issuer is asked. */
async function asked(payer: DeviceActor, bill = billOf(100n)): Promise<PaymentId> {
  const payment = await at.joined(payer, bill)
  assert.equal((await at.town.say(payer, { name: 'choose-means', payment, choice: cardOf(payer) })).refusal, null)
  assert.equal((await at.town.approve(payer, payment)).refusal, null)
  return payment
}

const yes = (payment: PaymentId) => (over: Switch) => over.answerOutside(payment, 1, true, null, '123456/000000123456')

/** Time, unless it has nothing to say any more: another payment's time is not this race's. */
const time = (payment: PaymentId, while_: 'authorising' | 'held' | 'joined') => async (over: Switch) => {
  const now = await at.ground.store.readPayment(payment)
  return now && stateOf(now) === while_ ? over.tick(50) : 0
}

test('a yes ‖ the end of the wait: captured, or reversed, and never both', async () => {
  await at.race(['done: settled capture', 'too-late: joined reverse'], async (payer) => {
    const payment = await asked(payer)
    await at.hurry(payment, '{portions,0,state,until}')
    const [answer] = await at.both(yes(payment), time(payment, 'authorising'))
    return `${code(answer)}: ${await at.seen(payment)}`
  })
})

test('a yes ‖ the payer cancels: captured, or ended and reversed', async () => {
  await at.race(['done, state-conflict: settled capture', 'too-late, done: ended reverse'], async (payer) => {
    const payment = await asked(payer)
    const [answer, cancelled] = await at.both(yes(payment), (over) =>
      at.town.say(payer, { name: 'decline', payment }, newId('cmd'), over),
    )
    return `${code(answer)}, ${code(cancelled)}: ${await at.seen(payment)}`
  })
})

test('a yes ‖ a no: the first one counts, the other is too late', async () => {
  await at.race(['done, too-late: settled capture', 'too-late, done: joined'], async (payer) => {
    const payment = await asked(payer)
    const [first, second] = await at.both(yes(payment), (over) => over.answerOutside(payment, 1, false, 'card-refused'))
    return `${code(first)}, ${code(second)}: ${await at.seen(payment)}`
  })
})

test('handed over ‖ the end of the hold: captured, or let go, and never both', async () => {
  const ends = ['done: settled capture', 'done: settled capture release', 'state-conflict: ended release']
  await at.race(ends, async (payer) => {
    const payment = await asked(payer, billOf(100n, toDeliver))
    assert.equal((await yes(payment)(at.town.hub)).refusal, null)
    await at.hurry(payment, '{portions,0,state,deliverBy}')
    const amount = Number(payment.at(-1)) % 2 === 0 ? 100n : 40n
    const [delivered] = await at.both(
      (over) => at.town.say(at.town.till, { name: 'deliver', payment, portion: 0, amount }, newId('cmd'), over),
      time(payment, 'held'),
    )
    return `${code(delivered)}: ${await at.seen(payment)}`
  })
})

test('the phone answers ‖ its two minutes end: it goes on, or it is over, and the shop sees which', async () => {
  await at.race(['done: joined', 'state-conflict: ended', 'done: ended'], async (payer) => {
    const { payment, read } = await shown(payer)
    const [attested] = await at.both(
      (over) => at.town.say(payer, { name: 'attest', payment, provedAt: null }, newId('cmd'), over),
      time(payment, 'joined'),
    )
    const seen = await at.town.hub.lookAt({ terminal: at.town.till.id, deal: read.deal })
    assert.deepEqual(seen?.payment?.attested !== null, code(attested) === 'done')
    return `${code(attested)}: ${await at.seen(payment)}`
  })
})

test('approve ‖ the two minutes end: the issuer is asked, or it is over and nothing was', async () => {
  await at.race(['done: authorising', 'state-conflict: ended'], async (payer) => {
    const { payment } = await shown(payer)
    const present = await at.ground.store.readPayment(payment)
    assert.ok(present)
    const [approved] = await at.both(
      (over) => at.town.approve(payer, payment, { over, seen: present }),
      time(payment, 'joined'),
    )
    const { length } = (await at.ground.store.readOrders('card', 1_000)).filter((order) => order.payment === payment)
    assert.equal(length, code(approved) === 'done' ? 1 : 0)
    return `${code(approved)}: ${await at.seen(payment)}`
  })
})

/** The register has read this phone's card, and its two minutes are over at once; its owner has unlocked it before. */
async function shown(payer: DeviceActor) {
  assert.equal((await at.town.approve(payer, await at.joined(payer))).refusal, null)
  const preset = cardOf(payer)
  const read = { name: 'bill-code', deal: newId('deal'), bill: billOf(100n), payer, preset } as const
  const { payment, refusal } = await at.town.say(at.town.till, read)
  assert.ok(payment, JSON.stringify(refusal))
  await at.hurry(payment, '{expiresAt}')
  return { payment, read }
}
