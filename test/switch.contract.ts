// One contract for both stores, told as stories through the switch; races.test.ts adds what only a real database can show.
import assert from 'node:assert/strict'
import { bucketOf } from '#core/accounts.ts'
import { bucketOfId } from '#core/ids.ts'
import type { Account, AccountStatus, Limits } from '#core/ledger.ts'
import { stateOf } from '#core/payment.ts'
import type { DeviceActor } from '#switch/actors.ts'
import { ledgerOn } from './support/ledger.ts'
import { storiesOn, type Open } from './support/stories.ts'
import { billOf, billWith, BUCKETS, JPY, lineOf, newId, type Town } from './support/world.ts'

/** Runs the contract. */
export function switchContract(name: string, open: Open): void {
  const story = storiesOn(name, open)

  story('a number joins, an approval settles, the deposit follows', async (town, { store }) => {
    const { number, deal } = await town.offer(billOf(1_280n))
    const joined = await town.join(town.payer, number)
    assert.equal(joined.refusal, null)
    assert.ok(joined.payment)
    const approved = await town.approve(town.payer, joined.payment)
    assert.equal(approved.refusal, null)
    assert.equal(await town.balance(town.payer), 8_720n)
    assert.equal((await store.readBalances(town.till.account))[0]?.arriving, 1_280n)
    await town.settleDown()
    assert.equal(await town.balance(town.till), 1_280n)
    const page = { before: null, since: null, until: null, kind: null, limit: 1 }
    const { entries } = await store.readEntries({ account: town.payer.account, unit: JPY, ...page })
    const [entry] = entries
    assert.deepEqual([entry?.amount, entry?.balance, entry?.otherName], [-1_280n, 8_720n, 'Marubeni Bakery'])
    const seen = await town.hub.lookAt({ terminal: town.till.id, deal })
    assert.equal(seen?.payment && stateOf(seen.payment), 'settled')
  })

  story('a payer who lives in the shop’s own bucket pays like any other', async (town, { store }) => {
    const neighbour = await town.person('Neighbour', 1_000n, bucketOfId(town.till.id))
    const { number } = await town.offer(billOf(400n))
    const { payment } = await town.join(neighbour, number)
    assert.ok(payment)
    assert.ok(await store.readPayment(payment))
    assert.equal((await town.approve(neighbour, payment)).refusal, null)
    assert.equal(await town.balance(neighbour), 600n)
  })

  story('one number joins one phone, the other hears the uniform miss', async (town) => {
    const { number } = await town.offer(billOf(500n))
    const answers = await Promise.all(town.people.map((person) => town.join(person, number)))
    assert.deepEqual(answers.map(({ refusal }) => refusal?.code ?? 'joined').toSorted(), ['joined', 'number-not-found'])
  })

  story('wrong, used, withdrawn and foreign numbers get one answer', async (town) => {
    const used = await town.offer(billOf(500n))
    await town.join(town.payer, used.number)
    const withdrawn = await town.offer(billOf(500n))
    await town.say(town.till, { name: 'cancel-deal', deal: withdrawn.deal, payment: null })
    for (const number of [used.number, withdrawn.number, '000000000', '123']) {
      assert.deepEqual((await town.join(town.payer, number)).refusal, { code: 'number-not-found' })
    }
  })

  story('the same command id gets the same answer, another body is a mismatch', async (town) => {
    const id = newId('cmd')
    const { number } = await town.offer(billOf(700n))
    const first = await town.join(town.payer, number, id)
    assert.deepEqual(await town.join(town.payer, number, id), first)
    assert.equal((await town.join(town.payer, '000000000', id)).refusal?.code, 'command-mismatch')
    assert.ok(first.payment)
    const approval = newId('cmd')
    const seen = await town.ground.store.readPayment(first.payment)
    assert.ok(seen)
    const at = await town.ground.store.now()
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => town.approve(town.payer, seen.id, { id: approval, seen, at })),
    )
    assert.equal(answers[0]?.refusal, null)
    for (const answer of answers) assert.deepEqual(answer, answers[0])
    assert.equal(await town.balance(town.payer), 9_300n)
  })

  story('an approval of the bill as it was is refused with bill-changed', async (town, { store }) => {
    const { number, deal } = await town.offer(null)
    const { payment } = await town.join(town.payer, number)
    assert.ok(payment)
    assert.equal((await town.approve(town.payer, payment)).refusal?.code, 'bill-missing')
    await town.say(town.till, { name: 'change-bill', deal, payment, billVersion: 0, bill: billOf(800n) })
    const old = await store.readPayment(payment)
    assert.ok(old)
    await town.say(town.till, { name: 'change-bill', deal, payment, billVersion: 1, bill: billOf(900n) })
    assert.equal((await town.approve(town.payer, payment, { seen: old })).refusal?.code, 'bill-changed')
    assert.equal((await town.approve(town.payer, payment)).refusal, null)
    assert.equal(await town.balance(town.payer), 9_100n)
  })

  story('without funds the phone is told before joining, and the till sees only a decline', async (town, { store }) => {
    const { number, deal } = await town.offer(billOf(10_001n))
    const answer = await town.join(town.payer, number)
    assert.deepEqual(answer.refusal, { code: 'insufficient-funds', detail: { available: '10000' } })
    const seen = await town.hub.lookAt({ terminal: town.till.id, deal })
    assert.equal(seen?.offer.declines, 1)
    assert.equal(seen?.offer.state.kind, 'open')
    assert.equal(await store.readOpenPayments(town.payer.party, 10).then((open) => open.length), 0)
  })

  story('money that is arriving can be spent at once', async (town) => {
    const poor = await town.person('Poor', 0n)
    const { number } = await town.offer(billOf(300n))
    const { payment } = await town.join(town.payer, number)
    assert.ok(payment)
    await town.approve(town.payer, payment)
    await town.refund(payment, 300n)
    assert.equal((await town.join(poor, (await town.offer(billOf(1n))).number)).refusal?.code, 'insufficient-funds')
    // The refund is still on its way into the payer's account when the whole balance is spent.
    const all = await town.offer(billOf(10_000n))
    const again = await town.join(town.payer, all.number)
    assert.ok(again.payment)
    assert.equal((await town.approve(town.payer, again.payment)).refusal, null)
    assert.equal(await town.balance(town.payer), 0n)
  })

  story(
    'release lets the phone go first and then shows a new number; the released phone cannot approve',
    async (town, { store }) => {
      const { number, deal } = await town.offer(billOf(400n))
      const { payment } = await town.join(town.payer, number)
      assert.ok(payment)
      const before = await store.readPayment(payment)
      assert.ok(before)
      assert.equal((await town.say(town.till, { name: 'release', deal, payment })).refusal, null)
      assert.equal((await town.approve(town.payer, payment, { seen: before })).refusal?.code, 'state-conflict')
      const renewed = await town.number(deal)
      assert.notEqual(renewed, number)
      const [, other] = town.people
      assert.ok(other)
      const joined = await town.join(other, renewed)
      assert.ok(joined.payment)
      assert.ok((joined.version ?? 0) > before.version)
      assert.equal((await town.approve(other, joined.payment)).refusal, null)
    },
  )

  story('either side cancels before settlement, and then it is over', async (town) => {
    for (const by of ['payer', 'biller'] as const) {
      const { number, deal } = await town.offer(billOf(400n))
      const { payment } = await town.join(town.payer, number)
      assert.ok(payment)
      const cancelled =
        by === 'payer'
          ? await town.say(town.payer, { name: 'decline', payment })
          : await town.say(town.till, { name: 'cancel-deal', deal, payment })
      assert.equal(cancelled.refusal, null)
      assert.equal((await town.approve(town.payer, payment)).refusal?.code, 'state-conflict')
    }
    assert.equal(await town.balance(town.payer), 10_000n)
  })

  story('refunds in parts never exceed what was settled, and both sides see them', async (town, { store }) => {
    const { number } = await town.offer(billOf(1_000n))
    const { payment } = await town.join(town.payer, number)
    assert.ok(payment)
    assert.equal((await town.refund(payment, 1n)).refusal?.code, 'not-settled')
    await town.approve(town.payer, payment)
    const answers = await Promise.all(Array.from({ length: 12 }, () => town.refund(payment, 100n)))
    assert.equal(answers.filter(({ refusal }) => refusal === null).length, 10)
    assert.ok(answers.every(({ refusal }) => refusal === null || refusal.code === 'already-refunded'))
    await town.settleDown()
    assert.equal(await town.balance(town.payer), 10_000n)
    assert.equal((await store.readPayment(payment))?.refunds.length, 10)
    const stranger = await town.shop()
    assert.equal(
      (await town.say(stranger, { name: 'refund', payment, amount: 1n, lines: [] })).refusal?.code,
      'not-found',
    )
  })

  story('a line is never refunded for more than it cost, by however many at once', async (town, { store }) => {
    const { number } = await town.offer(billWith(lineOf(100n), lineOf(900n)))
    const { payment } = await town.join(town.payer, number)
    assert.ok(payment)
    assert.equal((await town.approve(town.payer, payment)).refusal, null)
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => town.refund(payment, 30n, [{ line: 0, amount: 30n }])),
    )
    assert.deepEqual(answers.map(({ refusal }) => refusal?.code ?? 'back').toSorted(), [
      ...Array.from({ length: 5 }, () => 'already-refunded'),
      'back',
      'back',
      'back',
    ])
    assert.equal((await town.refund(payment, 911n)).refusal?.code, 'already-refunded')
    assert.equal((await town.refund(payment, 900n, [{ line: 1, amount: 900n }])).refusal, null)
    assert.equal((await town.refund(payment, 10n)).refusal, null)
    await town.settleDown()
    const { refunds } = (await store.readPayment(payment)) ?? assert.fail('the payment is there')
    assert.equal(refunds.length, 5)
    assert.deepEqual(
      refunds.map(({ lines }) => lines.length).toSorted((a, b) => a - b),
      [0, 1, 1, 1, 1],
    )
    assert.equal(await town.balance(town.payer), 10_000n)
  })

  story('an account’s own limits stand before the scheme’s', async (town) => {
    const tries = async (amount: bigint) =>
      (await town.join(town.payer, (await town.offer(billOf(amount))).number)).refusal
    await setAccount(town, town.payer, { limits: { perPayment: 100n, perDay: 150n, perMonth: 1_000n } })
    assert.deepEqual(await tries(101n), { code: 'over-limit', detail: { limit: '100' } })
    const { payment } = await town.join(town.payer, (await town.offer(billOf(100n))).number)
    assert.ok(payment)
    assert.equal((await town.approve(town.payer, payment)).refusal, null)
    assert.deepEqual(await tries(51n), { code: 'over-day-limit', detail: { left: '50' } })
    await setAccount(town, town.payer, { limits: null })
    assert.equal(await tries(51n), null)
  })

  story('a frozen account pays nothing and still takes what was on its way', async (town) => {
    const { payment } = await town.join(town.payer, (await town.offer(billOf(10n))).number)
    assert.ok(payment)
    await setAccount(town, town.payer, { status: 'frozen' })
    assert.equal((await town.approve(town.payer, payment)).refusal?.code, 'account-frozen')
    await setAccount(town, town.payer, { status: 'open' })
    assert.equal((await town.approve(town.payer, payment)).refusal, null)
    await setAccount(town, town.payer, { status: 'frozen' })
    assert.equal((await town.refund(payment, 10n)).refusal, null)
    await town.settleDown()
    assert.equal(await town.balance(town.payer), 10_000n)
  })

  story("another party's payment looks like none at all", async (town) => {
    const { number, deal } = await town.offer(billOf(400n))
    const { payment } = await town.join(town.payer, number)
    assert.ok(payment)
    const [, other] = town.people
    const stranger = await town.shop()
    assert.ok(other)
    assert.equal((await town.approve(other, payment)).refusal?.code, 'not-found')
    assert.equal((await town.say(other, { name: 'decline', payment })).refusal?.code, 'not-found')
    assert.equal((await town.say(stranger, { name: 'cancel-deal', deal, payment })).refusal?.code, 'not-found')
    assert.equal((await town.say(stranger, { name: 'cancel-deal', deal, payment: null })).refusal?.code, 'not-found')
    assert.equal((await town.say(stranger, { name: 'release', deal, payment })).refusal?.code, 'not-found')
  })

  story('wrong PINs lock the phone for a while, even for the right one', async (town) => {
    const { number } = await town.offer(billOf(400n))
    const { payment } = await town.join(town.payer, number)
    assert.ok(payment)
    assert.equal((await town.approve(town.payer, payment, { proof: 'none' })).refusal?.code, 'proof-needed')
    const codes: (string | undefined)[] = []
    for (let guess = 0; guess < 6; guess++)
      codes.push((await town.approve(town.payer, payment, { proof: 'wrong' })).refusal?.code)
    assert.deepEqual(codes, ['proof-wrong', 'proof-wrong', 'proof-wrong', 'proof-wrong', 'proof-wrong', 'proof-locked'])
    assert.equal((await town.approve(town.payer, payment)).refusal?.code, 'proof-locked')
  })

  story('goods to be delivered wait in escrow, then settle for what was delivered', async (town) => {
    const { number } = await town.offer(billOf(1_000n, { delivery: true, coolingOff: null }))
    const { payment } = await town.join(town.payer, number)
    assert.ok(payment)
    await town.approve(town.payer, payment)
    await town.settleDown()
    assert.deepEqual([await town.balance(town.payer), await town.balance(town.till)], [9_000n, 0n])
    assert.equal((await town.say(town.till, { name: 'deliver', payment, portion: 0, amount: 600n })).refusal, null)
    await town.settleDown()
    assert.deepEqual([await town.balance(town.payer), await town.balance(town.till)], [9_400n, 600n])
    assert.equal(
      (await town.say(town.till, { name: 'deliver', payment, portion: 0, amount: 600n })).refusal?.code,
      'state-conflict',
    )
  })

  story('an unused number expires, a silent phone is let go, a renewed number works', async (town, ground) => {
    if (ground.advance === undefined) return
    const { number, deal } = await town.offer(billOf(400n))
    ground.advance(120_000)
    assert.equal((await town.join(town.payer, number)).refusal?.code, 'number-not-found')
    assert.equal(await town.hub.tick(10), 1)
    assert.equal((await town.hub.lookAt({ terminal: town.till.id, deal }))?.offer.state.kind, 'expired')
    await town.say(town.till, { name: 'renew-number', deal })
    const { payment } = await town.join(town.payer, await town.number(deal))
    assert.ok(payment)
    ground.advance(44_999)
    assert.equal(await town.hub.tick(10), 0)
    ground.advance(1)
    assert.equal(await town.hub.tick(10), 1)
    assert.equal((await ground.store.readPayment(payment))?.ended?.reason, 'idle')
    const again = await town.join(town.payer, await town.number(deal))
    assert.ok(again.payment)
    await town.approve(town.payer, again.payment)
  })
}

/** What the operator's desk does to an account, without its command. */
async function setAccount(
  town: Town,
  { account: key }: DeviceActor,
  over: { status?: AccountStatus; limits?: Limits | null },
): Promise<void> {
  const bucket = bucketOf(key, BUCKETS)
  await ledgerOn(town.ground).commit([{ bucket, accounts: [key] }], (working) => {
    const before: Account = working.account(key, JPY) ?? assert.fail('the account is there')
    working.saveAccount({ ...before, ...over })
  })
}
