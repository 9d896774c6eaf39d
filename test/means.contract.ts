// Stories of means on both stores: another unit at a price that is fixed for the payment, and the payer's bank, which may be slow.
import assert from 'node:assert/strict'
import { NO_CONDITIONS, type Bill } from '#core/bill.ts'
import { idInBucket, bucketOfId, type DealId, type PaymentId } from '#core/ids.ts'
import { QUOTE_LIFE_MS, type BankReason, type Choice } from '#core/means.ts'
import { unitOf } from '#core/money.ts'
import { AUTHORISE_WITHIN_MS, stateOf, type Payment } from '#core/payment.ts'
import type { DeviceActor } from '#switch/actors.ts'
import type { Answer, OpenOrder } from '#switch/store.ts'
import { dealView, paymentView } from '#switch/views.ts'
import { storiesOn, type Open } from './support/stories.ts'
import { billOf, billWith, JPY, lineOf, newId, type Town } from './support/world.ts'

const USD = unitOf('USD') ?? assert.fail('a currency')
const toDeliver = { ...NO_CONDITIONS, delivery: true }

export function meansContract(name: string, open: Open): void {
  // Whoever has money in another unit could exchange it; the bank account is everybody's here.
  const story = storiesOn(name, open, undefined, {
    otherMeans: async ({ accounts }, unit) => accounts.some((row) => row.unit !== unit && row.balance > 0n),
  })
  const plainStory = storiesOn(name, open)

  // ---- another unit

  story('a traveller with dollars alone pays a bill in yen, at the price that was shown', async (town) => {
    const emma = await traveller(town)
    const { payment: id, deal } = await joined(town, emma, billOf(1_000n))
    assert.equal((await town.approve(emma, id)).refusal?.code, 'insufficient-funds', 'yen she has none')
    assert.equal((await inDollars(town, emma, id)).refusal, null)
    const quoted = await seenBy(town, id)
    assert.deepEqual(paymentView(quoted, town.ground.scheme.rules).means, {
      kind: 'exchange',
      unit: 'USD',
      amount: '673',
      price: '148.7475',
      until: quoted.means.kind === 'exchange' ? quoted.means.until : 0,
    })
    assert.equal((await town.approve(emma, id)).refusal, null)
    assert.equal(await town.balanceIn(emma, USD), 50_000n - 673n)
    await town.settleDown()
    assert.equal(await town.balance(town.till), 1_000n)
    const sold = await town.hub.lookAt({ terminal: town.till.id, deal })
    assert.ok(sold)
    const view = dealView(sold.offer, sold.payment, (token) => token)
    assert.equal(view.state, 'settled')
    assert.ok(!JSON.stringify(view).includes('USD'), 'what it was paid with is not the shop’s to know')
    const spent = (await town.ground.store.readAccounts(emma.account)).find(({ unit }) => unit === USD)?.spent
    assert.equal(spent?.onDay, 673n, 'limits count what left in the unit it left in')
  })

  plainStory('who has nothing in the bill’s unit, and no other means, does not join', async (town) => {
    const emma = await traveller(town)
    const { number } = await town.offer(billOf(1_000n))
    assert.equal((await town.join(emma, number)).refusal?.code, 'insufficient-funds')
    assert.equal((await town.join(town.payer, number)).refusal, null)
  })

  story('a changed bill, an earlier quote and other means: nothing is paid that was not seen', async (town) => {
    const emma = await traveller(town)
    const { payment: id, deal } = await joined(town, emma, billOf(1_000n))
    await inDollars(town, emma, id)
    const first = await seenBy(town, id)
    await inDollars(town, emma, id, '140')
    assert.equal((await town.approve(emma, id, { seen: first })).refusal?.code, 'means-changed')
    const change = { name: 'change-bill', deal, payment: id, billVersion: 1, bill: billOf(2_000n) } as const
    const second = await seenBy(town, id)
    assert.equal((await town.say(town.till, change)).refusal, null)
    assert.equal((await town.approve(emma, id, { seen: second })).refusal?.code, 'bill-changed')
    assert.deepEqual((await seenBy(town, id)).means, { kind: 'account' })
    assert.equal((await choose(town, emma, id, { kind: 'exchange', rate: null })).refusal?.code, 'rate-missing')
    assert.equal(await town.balanceIn(emma, USD), 50_000n)
    const command = newId('cmd')
    const again = await inDollars(town, emma, id, '140', command)
    assert.deepEqual(await inDollars(town, emma, id, '140', command), again, 'sent again, answered alike')
    assert.equal((await seenBy(town, id)).chosen, 3)
    assert.equal((await town.approve(emma, id)).refusal, null)
    assert.equal(await town.balanceIn(emma, USD), 50_000n - 1_429n)
  })

  story(
    'a quote runs out between showing and approving: the payer sees the new one first',
    async (town, ground) => {
      const emma = await traveller(town)
      const { payment: id } = await joined(town, emma, billOf(1_000n))
      await inDollars(town, emma, id)
      await town.say(emma, { name: 'attend', payment: id })
      for (let waited = 0; waited < QUOTE_LIFE_MS; waited += 30_000) {
        ground.advance?.(30_000)
        await town.say(emma, { name: 'attend', payment: id })
      }
      assert.equal((await town.approve(emma, id)).refusal?.code, 'rate-expired')
      const seen = await seenBy(town, id)
      assert.deepEqual([stateOf(seen), seen.declines], ['joined', 0], 'the shop hears nothing of it')
      await inDollars(town, emma, id, '147')
      assert.equal((await town.approve(emma, id)).refusal, null)
      assert.equal(await town.balanceIn(emma, USD), 50_000n - 681n)
    },
    'memory',
  )

  story('what is not delivered, taken back or refunded comes back in dollars, and all of it for all', async (town) => {
    const emma = await traveller(town)
    const bill = billWith(lineOf(1_000n, { conditions: toDeliver }), lineOf(500n))
    const { payment: id } = await joined(town, emma, bill)
    await inDollars(town, emma, id)
    assert.equal((await town.approve(emma, id)).refusal, null)
    const paid = 1_009n
    assert.equal(await town.balanceIn(emma, USD), 50_000n - paid)
    const deliver = { name: 'deliver', payment: id, portion: 0, amount: 300n } as const
    assert.equal((await town.say(town.till, deliver)).refusal, null)
    await town.settleDown()
    const returned = (paid * 700n) / 1_500n
    assert.equal(await town.balanceIn(emma, USD), 50_000n - paid + returned)
    assert.equal(await town.balance(town.till), 800n)

    const command = newId('cmd')
    const first = await town.refund(id, 333n, [], command)
    assert.equal(first.refusal, null)
    assert.deepEqual(await town.refund(id, 333n, [], command), first)
    assert.equal((await town.refund(id, 468n)).refusal?.code, 'already-refunded')
    for (const amount of [1n, 466n]) assert.equal((await town.refund(id, amount)).refusal, null)
    await town.settleDown()
    const refunded = (paid * 800n) / 1_500n
    assert.equal(await town.balanceIn(emma, USD), 50_000n - paid + returned + refunded)
    const { refunds } = paymentView(await seenBy(town, id), town.ground.scheme.rules)
    assert.deepEqual(
      refunds.map(({ amount, back }) => [amount, back]),
      [
        ['333', '223'],
        ['1', '1'],
        ['466', '314'],
      ],
    )
    assert.equal(
      refunds.reduce((sum, { back }) => sum + BigInt(back ?? 0), 0n),
      refunded,
    )
  })

  // ---- the bank

  story('the bank is asked, and its yes settles, however often it is said', async (town) => {
    const { payment: id } = await joined(town, town.payer, billOf(700n))
    await byBank(town, town.payer, id)
    assert.equal((await town.approve(town.payer, id)).refusal, null)
    assert.equal(stateOf(await seenBy(town, id)), 'authorising')
    const [order] = await ordersOf(town, id)
    assert.deepEqual(
      order && [order.number, order.kind, order.of, order.amount, order.party, order.tries, order.trouble],
      [1, 'collect', null, 700n, town.payer.party, 0, null],
    )
    assert.equal(
      (await said(town, id, 2, true)).refusal?.code,
      'too-late',
      'the answer to an order that is none of this',
    )
    for (let times = 0; times < 3; times++) assert.equal((await said(town, id, 1, true)).refusal, null)
    assert.equal((await said(town, id, 1, false)).refusal?.code, 'too-late')
    await concluded(town, id, 1, 'yes')
    await town.settleDown()
    assert.deepEqual([await town.balance(town.payer), await town.balance(town.till)], [10_000n, 700n])
  })

  story('a no leaves the bill open, says why to the payer alone, and another means may pay', async (town) => {
    const { payment: id, deal } = await joined(town, town.payer, billOf(700n))
    await byBank(town, town.payer, id)
    await town.approve(town.payer, id)
    assert.equal((await said(town, id, 1, false, 'no-funds')).refusal, null)
    assert.equal((await said(town, id, 1, false, 'no-funds')).refusal, null, 'said twice')
    assert.equal((await said(town, id, 1, true)).refusal?.code, 'too-late', 'and then another word')
    await concluded(town, id, 1, 'no')
    const { means } = paymentView(await seenBy(town, id), town.ground.scheme.rules)
    assert.deepEqual(means.kind === 'bank' && means.refused, 'no-funds')
    const sold = await town.hub.lookAt({ terminal: town.till.id, deal })
    assert.deepEqual([sold?.payment?.declines, sold?.payment && stateOf(sold.payment)], [1, 'joined'])
    assert.equal((await choose(town, town.payer, id, { kind: 'account' })).refusal, null)
    assert.equal((await town.approve(town.payer, id)).refusal, null)
    assert.deepEqual(await ordersOf(town, id), [])
    assert.equal(await town.balance(town.payer), 9_300n)
  })

  story('goods counted by day are counted off again when the bank says no', async (town) => {
    const restriction = { minimumAge: null, membership: null, region: null, perDay: 2 }
    const two = billWith(lineOf(700n, { code: 'SAKE', quantity: 2, restriction }))
    const { payment: id } = await joined(town, town.payer, two)
    await byBank(town, town.payer, id)
    for (const [number, yes] of [
      [1, false],
      [2, true],
    ] as const) {
      assert.equal((await town.approve(town.payer, id)).refusal, null)
      assert.equal((await said(town, id, number, yes)).refusal, null)
      await concluded(town, id, number, yes ? 'yes' : 'no')
    }
    const third = await joined(town, town.payer, billWith(lineOf(350n, { code: 'SAKE', restriction })))
    assert.equal((await town.approve(town.payer, third.payment)).refusal?.code, 'restricted')
  })

  story(
    'a bank that is silent: the order to reverse is there with the end of the wait, and a late yes changes nothing',
    async (town, ground) => {
      const { payment: id } = await joined(town, town.payer, billOf(700n))
      await byBank(town, town.payer, id)
      await town.approve(town.payer, id)
      ground.advance?.(AUTHORISE_WITHIN_MS - 1)
      assert.equal(await town.hub.tick(10), 0)
      ground.advance?.(1)
      assert.equal(await town.hub.tick(10), 1)
      assert.deepEqual(
        (await ordersOf(town, id)).map(({ number, kind, of, amount }) => [number, kind, of, amount]),
        [
          [1, 'collect', null, 700n],
          [2, 'reverse', 1, 700n],
        ],
      )
      assert.equal((await said(town, id, 1, true)).refusal?.code, 'too-late')
      const seen = await seenBy(town, id)
      assert.deepEqual([stateOf(seen), seen.bankRefused], ['joined', { number: 1, reason: 'no-answer' }])

      assert.equal((await town.approve(town.payer, id)).refusal, null, 'asked once more')
      assert.equal((await said(town, id, 1, true)).refusal?.code, 'too-late', 'that was the first collect')
      assert.equal((await said(town, id, 3, true)).refusal, null)
      await town.settleDown()
      assert.deepEqual([await town.balance(town.payer), await town.balance(town.till)], [10_000n, 700n])
    },
    'memory',
  )

  story('whoever cancels while the bank is asked has cancelled: what it books is reversed', async (town) => {
    for (const by of ['payer', 'till'] as const) {
      const { payment: id, deal } = await joined(town, town.payer, billOf(700n))
      await byBank(town, town.payer, id)
      await town.approve(town.payer, id)
      const cancelled =
        by === 'payer'
          ? await town.say(town.payer, { name: 'decline', payment: id })
          : await town.say(town.till, { name: 'cancel-deal', deal, payment: id })
      assert.equal(cancelled.refusal, null)
      assert.equal((await said(town, id, 1, true)).refusal?.code, 'too-late')
      assert.deepEqual(
        (await ordersOf(town, id)).map(({ kind }) => kind),
        ['collect', 'reverse'],
      )
      assert.equal((await choose(town, town.payer, id, { kind: 'account' })).refusal?.code, 'state-conflict')
    }
  })

  story('what was collected goes back to the bank: not delivered, and refunded in parts', async (town) => {
    const { payment: id } = await joined(
      town,
      town.payer,
      billWith(lineOf(1_000n, { conditions: toDeliver }), lineOf(500n)),
    )
    await byBank(town, town.payer, id)
    await town.approve(town.payer, id)
    await said(town, id, 1, true)
    await concluded(town, id, 1, 'yes')
    assert.equal(stateOf(await seenBy(town, id)), 'held')
    await town.say(town.till, { name: 'deliver', payment: id, portion: 0, amount: 300n })
    await town.settleDown()
    for (const amount of [200n, 600n]) assert.equal((await town.refund(id, amount)).refusal, null)
    assert.equal((await town.refund(id, 1n)).refusal?.code, 'already-refunded')
    assert.deepEqual(
      (await ordersOf(town, id)).map(({ number, kind, of, amount }) => [number, kind, of, amount]),
      [
        [2, 'return', 1, 700n],
        [3, 'return', 1, 200n],
        [4, 'return', 1, 600n],
      ],
    )
    await town.settleDown()
    assert.deepEqual([await town.balance(town.payer), await town.balance(town.till)], [10_000n, 0n])
  })

  story('a means can be chosen by the payer’s phone alone, while nothing is approved', async (town) => {
    const [, stranger] = town.people
    assert.ok(stranger)
    const { payment: id } = await joined(town, town.payer, null)
    assert.equal((await byBank(town, town.payer, id)).refusal?.code, 'bill-missing')
    const other = await joined(town, town.payer, billOf(700n))
    assert.equal((await byBank(town, stranger, other.payment)).refusal?.code, 'not-found')
    await town.say(town.till, { name: 'challenge', payment: other.payment })
    assert.equal((await byBank(town, town.payer, other.payment)).refusal?.code, 'challenge-open')
    const third = await joined(town, town.payer, billOf(700n))
    await town.approve(town.payer, third.payment)
    assert.equal((await byBank(town, town.payer, third.payment)).refusal?.code, 'state-conflict')
  })

  // ---- the orders' own rows

  story('an order is listed while it is open and its time has come, and ends once', async (town, ground) => {
    const { store } = town.ground
    const made: PaymentId[] = []
    for (let count = 0; count < 3; count++) {
      const { payment: id } = await joined(town, town.payer, billOf(100n))
      await byBank(town, town.payer, id)
      await town.approve(town.payer, id)
      made.push(id)
      ground.advance?.(1)
    }
    const [first, second, third] = made
    assert.ok(first && second && third)
    assert.deepEqual(
      (await store.readOrders('bank', 2)).map(({ payment }) => payment),
      [first, second],
      'oldest first',
    )
    await store.postponeOrder(first, 1, 3_600_000, 'no answer')
    await store.postponeOrder(second, 1, 0, 'silence')
    ground.advance?.(1)
    const due = await store.readOrders('bank', 10)
    assert.deepEqual(due.map(({ payment }) => payment).toSorted(), [second, third].toSorted())
    const tried = due.find(({ payment }) => payment === second)
    assert.deepEqual([tried?.tries, tried?.trouble], [1, 'silence'])
    const end = { state: 'no', reference: 'B-1', trouble: null } as const
    for (const id of made) await said(town, id, 1, false)
    assert.deepEqual((await Promise.all([1, 2].map(() => store.concludeOrder(first, 1, end)))).filter(Boolean), [true])
    await store.postponeOrder(first, 1, 0, 'too late')
    assert.equal(await store.concludeOrder(second, 1, end), true)
    assert.equal(await store.concludeOrder(third, 7, end), false, 'there is no such order')
    assert.deepEqual(
      (await store.readOrders('bank', 10)).map(({ payment }) => payment),
      [third],
    )
  })

  story(
    'what somebody else has noted of an order since stays; it is tried again all the same',
    async (town, ground) => {
      const { store } = town.ground
      const { payment: id } = await joined(town, town.payer, billOf(100n))
      await byBank(town, town.payer, id)
      await town.approve(town.payer, id)
      const stands = async (): Promise<unknown[]> => {
        ground.advance?.(1)
        return (await ordersOf(town, id)).map(({ tries, trouble }) => [tries, trouble])
      }
      await store.postponeOrder(id, 1, 0, 'asking', 0)
      assert.deepEqual(await stands(), [[1, 'asking']], 'its own note is replaced')
      await store.postponeOrder(id, 1, 0, 'unreachable', 0)
      assert.deepEqual(await stands(), [[2, 'asking']], 'another asks: that this one reached nobody says nothing')
      await store.postponeOrder(id, 1, 0, 'unreachable', 2)
      assert.deepEqual(await stands(), [[3, 'unreachable']])
      await store.postponeOrder(id, 1, 3_600_000, 'asking', 1)
      assert.deepEqual(await stands(), [], 'the next time moves')
    },
  )
}

const bankOf = (payer: DeviceActor): Choice => ({
  kind: 'bank',
  id: idInBucket('mns', bucketOfId(payer.id), new Uint8Array(14).fill(5)),
  label: 'Tanuki Bank ···567',
  unit: JPY,
})

async function traveller(town: Town): Promise<DeviceActor> {
  const emma = await town.person('Emma', 0n)
  await town.further(emma, USD, 50_000n)
  return emma
}

async function joined(
  town: Town,
  payer: DeviceActor,
  bill: Bill | null,
): Promise<{ deal: DealId; payment: PaymentId }> {
  const { deal, number } = await town.offer(bill)
  const { refusal, payment } = await town.join(payer, number)
  assert.ok(refusal === null && payment !== null)
  return { deal, payment }
}

const seenBy = async (town: Town, id: PaymentId): Promise<Payment> =>
  (await town.ground.store.readPayment(id)) ?? assert.fail('the payment is there')

const choose = (town: Town, by: DeviceActor, payment: PaymentId, choice: Choice, id = newId('cmd')): Promise<Answer> =>
  town.say(by, { name: 'choose-means', payment, choice }, id)
const byBank = (town: Town, by: DeviceActor, payment: PaymentId): Promise<Answer> =>
  choose(town, by, payment, bankOf(by))
async function inDollars(
  town: Town,
  by: DeviceActor,
  payment: PaymentId,
  price = '148.7475',
  id = newId('cmd'),
): Promise<Answer> {
  const rate = { from: USD, to: JPY, price, until: 4_000_000_000_000 }
  return choose(town, by, payment, { kind: 'exchange', rate }, id)
}

const said = (town: Town, payment: PaymentId, number: number, yes: boolean, reason?: BankReason): Promise<Answer> =>
  town.hub.answerOutside(payment, number, yes, reason)

const concluded = async (town: Town, payment: PaymentId, number: number, state: 'yes' | 'no'): Promise<void> =>
  assert.ok(await town.ground.store.concludeOrder(payment, number, { state, reference: null, trouble: null }))

const ordersOf = async (town: Town, id: PaymentId): Promise<OpenOrder[]> =>
  (await town.ground.store.readOrders('bank', 100))
    .filter(({ payment }) => payment === id)
    .toSorted((left, right) => left.number - right.number)
