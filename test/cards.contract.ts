// Stories of cards on both stores: the issuer authorises, captures and lets go, and a card's user id brings its phone.
import assert from 'node:assert/strict'
import { NO_CONDITIONS, type Bill } from '#core/bill.ts'
import { bucketOfId, idInBucket, type DealId, type PaymentId } from '#core/ids.ts'
import type { Choice, OutsideReason } from '#core/means.ts'
import type { Method } from '#core/method.ts'
import { unitOf } from '#core/money.ts'
import { AUTHORISE_WITHIN_MS, CARD_ID_LIFE_MS, ONE_TIME_WITHIN_MS, stateOf, type Payment } from '#core/payment.ts'
import type { DeviceActor } from '#switch/actors.ts'
import type { Answer, OpenOrder } from '#switch/store.ts'
import { dealView, paymentView } from '#switch/views.ts'
import type { DealView } from '#protocol/views.ts'
import { storiesOn, type Open } from './support/stories.ts'
import { anotherPhone, billOf, billWith, JPY, lineOf, newId, type Town } from './support/world.ts'

const REFERENCE = '123456/000000123456'
const toDeliver = { ...NO_CONDITIONS, delivery: true }

export function cardsContract(name: string, open: Open): void {
  const story = storiesOn(name, open)

  // ---- the issuer

  story('the issuer authorises by the method that was approved, and its yes settles and is captured', async (town) => {
    const { payment: id, deal } = await joined(town, billOf(900n))
    assert.equal((await choose(town, id, 'instalments-3')).refusal, null)
    assert.equal((await town.approve(town.payer, id)).refusal, null)
    assert.equal(stateOf(await seenBy(town, id)), 'authorising')
    const { madeAt, ...order } = (await ordersOf(town, id))[0] ?? assert.fail('an order was made')
    assert.ok(madeAt > 0)
    assert.deepEqual(order, {
      payment: id,
      number: 1,
      kind: 'collect',
      of: null,
      via: 'card',
      method: 'instalments-3',
      oneTime: false,
      party: town.payer.party,
      means: cardOf(town.payer).id,
      unit: JPY,
      amount: 900n,
      tries: 0,
      trouble: null,
    })
    assert.deepEqual(await town.ground.store.readOrders('bank', 10), [], 'it is none of the bank’s')
    assert.equal((await yes(town, id, 2)).refusal?.code, 'too-late', 'the answer to an order that is none of this')
    for (let times = 0; times < 3; times++) assert.equal((await yes(town, id, 1)).refusal, null)
    assert.equal((await no(town, id, 1, 'card-refused')).refusal?.code, 'too-late')
    await concluded(town, id, 1, 'yes')
    assert.deepEqual(await wanted(town, id), ['2 capture of 1 900'])
    await concluded(town, id, 2, 'done')
    await town.settleDown()
    assert.deepEqual([await town.balance(town.payer), await town.balance(town.till)], [10_000n, 900n])
    const { means } = paymentView(await seenBy(town, id), town.ground.scheme.rules)
    const { label } = cardOf(town.payer)
    const { id: card } = cardOf(town.payer)
    assert.deepEqual(means, {
      kind: 'card',
      id: card,
      label,
      method: 'instalments-3',
      oneTime: false,
      refused: null,
      reference: REFERENCE,
    })
    assert.ok(!JSON.stringify(await dealSeen(town, deal)).includes('4242'), 'the shop does not learn what card it was')
  })

  story('a no leaves the bill open, says why to the payer alone, and another means may pay', async (town) => {
    const { payment: id, deal } = await joined(town, billOf(700n))
    await choose(town, id)
    await town.approve(town.payer, id)
    for (let times = 0; times < 2; times++)
      assert.equal((await no(town, id, 1, 'over-card-limit')).refusal, null, 'said twice')
    assert.equal((await yes(town, id, 1)).refusal?.code, 'too-late', 'and then another word')
    await concluded(town, id, 1, 'no')
    const { means } = paymentView(await seenBy(town, id), town.ground.scheme.rules)
    assert.deepEqual(means.kind === 'card' && [means.refused, means.reference], ['over-card-limit', null])
    const sold = await dealSeen(town, deal)
    assert.deepEqual([sold.state, sold.declines], ['joined', 1])
    assert.ok(!JSON.stringify(sold).includes('over-card-limit'))
    assert.equal((await chosen(town, town.payer, id, { kind: 'account' })).refusal, null)
    assert.equal((await town.approve(town.payer, id)).refusal, null)
    assert.deepEqual(await wanted(town, id), [])
    assert.equal(await town.balance(town.payer), 9_300n)
  })

  story('what was signed for one method is not good for another', async (town) => {
    const { payment: id } = await joined(town, billOf(700n))
    await choose(town, id, 'lump')
    const seen = await seenBy(town, id)
    await choose(town, id, 'revolving')
    assert.equal((await town.approve(town.payer, id, { seen })).refusal?.code, 'means-changed')
    assert.deepEqual(await wanted(town, id), [])
  })

  story(
    'an issuer that is silent: the order to reverse is there with the end of the wait, and a late yes changes nothing',
    async (town, ground) => {
      const { payment: id } = await joined(town, billOf(700n))
      await choose(town, id)
      await town.approve(town.payer, id)
      ground.advance?.(AUTHORISE_WITHIN_MS - 1)
      assert.equal(await town.hub.tick(10), 0)
      ground.advance?.(1)
      assert.equal(await town.hub.tick(10), 1)
      assert.deepEqual(await wanted(town, id), ['1 collect 700', '2 reverse of 1 700'])
      assert.equal((await yes(town, id, 1)).refusal?.code, 'too-late')
      const seen = await seenBy(town, id)
      assert.deepEqual([stateOf(seen), seen.bankRefused], ['joined', { number: 1, reason: 'no-answer' }])
      assert.equal((await town.approve(town.payer, id)).refusal, null, 'asked once more')
      assert.equal((await yes(town, id, 1)).refusal?.code, 'too-late', 'that was the first')
      assert.equal((await yes(town, id, 3)).refusal, null)
      assert.deepEqual((await wanted(town, id)).slice(2), ['3 collect 700', '4 capture of 3 700'])
      await town.settleDown()
      assert.deepEqual([await town.balance(town.payer), await town.balance(town.till)], [10_000n, 700n])
    },
    'memory',
  )

  story('whoever cancels while the issuer is asked has cancelled: what it authorises is reversed', async (town) => {
    for (const by of ['payer', 'till'] as const) {
      const { payment: id, deal } = await joined(town, billOf(700n))
      await choose(town, id)
      await town.approve(town.payer, id)
      const cancelled =
        by === 'payer'
          ? await town.say(town.payer, { name: 'decline', payment: id })
          : await town.say(town.till, { name: 'cancel-deal', deal, payment: id })
      assert.equal(cancelled.refusal, null)
      assert.equal((await yes(town, id, 1)).refusal?.code, 'too-late')
      assert.deepEqual(await wanted(town, id), ['1 collect 700', '2 reverse of 1 700'])
      assert.equal((await choose(town, id)).refusal?.code, 'state-conflict')
    }
  })

  story('goods to be delivered are captured as they come, what does not come is let go', async (town) => {
    const bill = billWith(lineOf(1_000n, { conditions: toDeliver }), lineOf(500n))
    const { payment: id } = await paidByCard(town, bill)
    assert.equal(stateOf(await seenBy(town, id)), 'held')
    assert.deepEqual(await wanted(town, id), ['2 capture of 1 500'])
    const deliver = { name: 'deliver', payment: id, portion: 0, amount: 300n } as const
    assert.equal((await town.say(town.till, deliver)).refusal, null)
    assert.equal((await town.say(town.till, deliver)).refusal?.code, 'state-conflict')
    const made = ['2 capture of 1 500', '3 capture of 1 300', '4 release of 1 700']
    assert.deepEqual(await wanted(town, id), made)
    await town.settleDown()
    assert.deepEqual([await town.balance(town.payer), await town.balance(town.till)], [10_000n, 800n])
    for (const amount of [200n, 600n]) assert.equal((await town.refund(id, amount)).refusal, null)
    assert.equal((await town.refund(id, 1n)).refusal?.code, 'already-refunded')
    assert.deepEqual(await wanted(town, id), [...made, '5 return of 1 200', '6 return of 1 600'])
    await town.settleDown()
    assert.deepEqual([await town.balance(town.payer), await town.balance(town.till)], [10_000n, 0n])
  })

  story('a hold that ends lets all go that was not captured', async (town) => {
    const { payment: id, deal } = await paidByCard(town, billOf(1_000n, toDeliver))
    assert.deepEqual(await wanted(town, id), [], 'nothing is the shop’s yet')
    const cancel = { name: 'cancel-deal', deal, payment: id } as const
    assert.equal((await town.say(town.till, cancel)).refusal, null)
    assert.deepEqual(await wanted(town, id), ['2 release of 1 1000'])
    assert.equal(stateOf(await seenBy(town, id)), 'ended')
  })

  // ---- one-time numbers

  story(
    'a one-time number has two minutes to be used; nothing is captured, and what goes back is returned',
    async (town, ground) => {
      const bill = billWith(lineOf(1_000n, { conditions: toDeliver }), lineOf(500n))
      const first = await joined(town, bill)
      await choose(town, first.payment, 'lump', true)
      await town.approve(town.payer, first.payment)
      const [order] = await ordersOf(town, first.payment)
      assert.deepEqual([order?.oneTime, order?.amount], [true, 1_500n])
      if (ground.advance !== undefined) {
        ground.advance(ONE_TIME_WITHIN_MS - 1)
        assert.equal(await town.hub.tick(10), 0)
      }
      assert.equal((await yes(town, first.payment, 1)).refusal, null)
      await concluded(town, first.payment, 1, 'yes')
      assert.deepEqual(await wanted(town, first.payment), [])
      await town.say(town.till, { name: 'deliver', payment: first.payment, portion: 0, amount: 400n })
      await town.settleDown()
      assert.equal((await town.refund(first.payment, 900n)).refusal, null)
      assert.deepEqual(await wanted(town, first.payment), ['2 return of 1 600', '3 return of 1 900'])
      await town.settleDown()
      assert.equal(await town.balance(town.till), 0n)
      if (ground.advance === undefined) return
      const second = await joined(town, bill)
      await choose(town, second.payment, 'lump', true)
      await town.approve(town.payer, second.payment)
      ground.advance(ONE_TIME_WITHIN_MS)
      assert.equal(await town.hub.tick(10), 1)
      assert.deepEqual(await wanted(town, second.payment), ['1 collect 1500', '2 reverse of 1 1500'])
      assert.equal(stateOf(await seenBy(town, second.payment)), 'joined')
    },
  )

  // ---- a card's user id

  story('a card that was shown brings its phone, which answers by itself, and its owner agrees', async (town) => {
    const { payer, till } = town
    await unlock(town, payer)
    const { id, read, command, answer } = await shown(town, payer)
    assert.deepEqual(await town.say(till, read, command), answer, 'sent again, answered alike')
    const began = await seenBy(town, id)
    assert.deepEqual([began.way, began.means.kind, began.turn, began.attested], ['card-id', 'card', null, null])
    assert.equal(began.expiresAt, began.joinedAt + CARD_ID_LIFE_MS)
    assert.equal((await dealSeen(town, read.deal)).phone, 'asked')
    const first = paymentView(began, town.ground.scheme.rules)
    assert.deepEqual([first.attested, first.device], [false, payer.id])
    assert.equal((await town.approve(payer, id, { proof: 'none' })).refusal?.code, 'proof-needed')

    assert.equal((await attest(town, payer, id)).refusal, null)
    assert.equal((await dealSeen(town, read.deal)).phone, 'answered')
    assert.equal(stateOf(await seenBy(town, id)), 'joined', 'nothing is agreed to by that')
    assert.equal((await town.approve(payer, id, { proof: 'none' })).refusal, null)
    assert.equal((await yes(town, id, 1)).refusal, null)
    await town.settleDown()
    assert.equal(await town.balance(till), 300n)
  })

  story('another phone of the same person is turned away, and the shop hears it once', async (town) => {
    const { payer } = town
    const [, stranger] = town.people
    assert.ok(stranger)
    const second = await anotherPhone(town, payer)
    await unlock(town, payer)
    await unlock(town, second)
    const { id, read } = await shown(town, payer)
    assert.equal((await attest(town, stranger, id)).refusal?.code, 'not-found')
    const command = newId('cmd')
    const away = await attest(town, second, id, null, command)
    assert.equal(away.refusal?.code, 'other-device')
    assert.deepEqual(await attest(town, second, id, null, command), away)
    const { version } = await seenBy(town, id)
    assert.equal((await attest(town, second, id)).refusal?.code, 'other-device')
    assert.equal((await town.approve(second, id)).refusal?.code, 'other-device')
    assert.equal((await chosen(town, second, id, { kind: 'account' })).refusal?.code, 'not-found')
    assert.equal((await seenBy(town, id)).version, version)
    assert.equal((await dealSeen(town, read.deal)).phone, 'other-device')
    assert.equal((await attest(town, payer, id)).refusal, null, 'the right phone goes on')
    assert.equal((await dealSeen(town, read.deal)).phone, 'answered')
    assert.equal((await town.approve(payer, id, { proof: 'none' })).refusal, null)
    assert.equal((await yes(town, id, 1)).refusal, null)
  })

  story('a phone that is locked asks its owner, whose proof with the approval is enough', async (town) => {
    const { payer } = town
    const { id, read } = await shown(town, payer)
    assert.equal((await attest(town, payer, id)).refusal?.code, 'proof-needed')
    assert.equal((await dealSeen(town, read.deal)).phone, 'asked')
    assert.equal((await town.approve(payer, id, { proof: 'wrong' })).refusal?.code, 'proof-wrong')
    assert.equal((await town.approve(payer, id)).refusal, null)
    assert.equal((await seenBy(town, id)).attested?.strength, 'password')
    assert.equal((await dealSeen(town, read.deal)).phone, 'answered')
    assert.equal((await yes(town, id, 1)).refusal, null)
    assert.equal((await attest(town, payer, id)).refusal?.code, 'state-conflict', 'too late to say it')
  })

  story(
    'two minutes and no more: then it is over at both sides, nothing is charged, and the card may be shown again',
    async (town, ground) => {
      const { payer } = town
      await unlock(town, payer)
      const { id, read } = await shown(town, payer)
      await attest(town, payer, id)
      assert.equal((await town.say(payer, { name: 'attend', payment: id })).refusal?.code, 'state-conflict')
      ground.advance?.(CARD_ID_LIFE_MS - 1)
      assert.equal(await town.hub.tick(10), 0)
      ground.advance?.(1)
      assert.equal(await town.hub.tick(10), 1)
      const over = await dealSeen(town, read.deal)
      assert.deepEqual([over.state, over.ended], ['ended', 'expired'])
      assert.equal((await town.approve(payer, id)).refusal?.code, 'state-conflict')
      assert.deepEqual(await wanted(town, id), [])
      assert.notEqual((await shown(town, payer)).id, id)
    },
    'memory',
  )

  story('a card that counts in another unit than the bill brings nobody', async (town) => {
    const { payer, till } = town
    const preset: Choice = { ...cardOf(payer), unit: unitOf('USD') ?? assert.fail('a currency') }
    const read = { name: 'bill-code', deal: newId('deal'), bill: billOf(300n), payer, preset } as const
    assert.equal((await town.say(till, read)).refusal?.code, 'unit-mismatch')
    assert.deepEqual(await town.ground.store.readOpenPayments(payer.party, 10), [])
  })
}

const cardOf = (payer: DeviceActor, method: Method = 'lump', oneTime = false): Extract<Choice, { kind: 'card' }> => ({
  kind: 'card',
  id: idInBucket('mns', bucketOfId(payer.id), new Uint8Array(14).fill(6)),
  label: 'Tanuki Card ···4242',
  unit: JPY,
  method,
  oneTime,
})

async function joined(town: Town, bill: Bill): Promise<{ deal: DealId; payment: PaymentId }> {
  const { deal, number } = await town.offer(bill)
  const { refusal, payment } = await town.join(town.payer, number)
  assert.ok(refusal === null && payment !== null)
  return { deal, payment }
}

const chosen = (town: Town, by: DeviceActor, payment: PaymentId, choice: Choice): Promise<Answer> =>
  town.say(by, { name: 'choose-means', payment, choice })
const choose = (town: Town, payment: PaymentId, method: Method = 'lump', oneTime = false): Promise<Answer> =>
  chosen(town, town.payer, payment, cardOf(town.payer, method, oneTime))

const yes = (town: Town, payment: PaymentId, number: number): Promise<Answer> =>
  town.hub.answerOutside(payment, number, true, null, REFERENCE)
const no = (town: Town, payment: PaymentId, number: number, reason: OutsideReason): Promise<Answer> =>
  town.hub.answerOutside(payment, number, false, reason)

async function paidByCard(town: Town, bill: Bill): Promise<{ deal: DealId; payment: PaymentId }> {
  const made = await joined(town, bill)
  await choose(town, made.payment)
  assert.equal((await town.approve(town.payer, made.payment)).refusal, null)
  assert.equal((await yes(town, made.payment, 1)).refusal, null)
  await concluded(town, made.payment, 1, 'yes')
  return made
}

const concluded = async (town: Town, payment: PaymentId, number: number, state: 'yes' | 'no' | 'done') =>
  assert.ok(await town.ground.store.concludeOrder(payment, number, { state, reference: null, trouble: null }))

const seenBy = async (town: Town, id: PaymentId): Promise<Payment> =>
  (await town.ground.store.readPayment(id)) ?? assert.fail('the payment is there')

async function dealSeen(town: Town, deal: DealId): Promise<DealView> {
  const seen = await town.hub.lookAt({ terminal: town.till.id, deal })
  assert.ok(seen)
  return dealView(seen.offer, seen.payment, (token) => token)
}

const ordersOf = async (town: Town, id: PaymentId): Promise<OpenOrder[]> =>
  (await town.ground.store.readOrders('card', 100))
    .filter(({ payment }) => payment === id)
    .toSorted((left, right) => left.number - right.number)
/** What is still to be carried out. */
const wanted = async (town: Town, id: PaymentId): Promise<string[]> =>
  (await ordersOf(town, id)).map(
    ({ number, kind, of, amount }) => `${number} ${kind}${of === null ? '' : ` of ${of}`} ${amount}`,
  )

/** The register has read the user id of this phone's card. */
async function shown(town: Town, payer: DeviceActor) {
  const read = { name: 'bill-code', deal: newId('deal'), bill: billOf(300n), payer, preset: cardOf(payer) } as const
  const command = newId('cmd')
  const answer = await town.say(town.till, read, command)
  assert.ok(answer.payment, JSON.stringify(answer.refusal))
  return { id: answer.payment, read, command, answer }
}

const attest = (
  town: Town,
  by: DeviceActor,
  payment: PaymentId,
  provedAt: number | null = null,
  id = newId('cmd'),
): Promise<Answer> => town.say(by, { name: 'attest', payment, provedAt }, id)

/** The owner proves to be there, by a payment that takes nothing from the story's own. */
async function unlock(town: Town, actor: DeviceActor): Promise<void> {
  const { number } = await town.offer(billOf(1n))
  const { payment } = await town.join(actor, number)
  assert.ok(payment)
  assert.equal((await town.approve(actor, payment)).refusal, null)
  assert.equal((await town.refund(payment, 1n)).refusal, null)
}
