// Stories between people on both stores: links, bills to contacts, purchases signed and handed back, and deals left half-way.
import assert from 'node:assert/strict'
import { bucketOfId, idInBucket, terminalOfDevice, type DealId } from '#core/ids.ts'
import type { Bill } from '#core/bill.ts'
import type { Evidence } from '#core/payment.ts'
import { stateOf, type Payment } from '#core/payment.ts'
import { billerOf, type DeviceActor, type TerminalActor } from '#switch/actors.ts'
import { billerFrom } from '#switch/offers.ts'
import { NOTHING } from '#switch/lanes.ts'
import { StoreUnavailable, type Answer, type Store } from '#switch/store.ts'
import { randomBytes } from 'node:crypto'
import { storiesOn, type Open } from './support/stories.ts'
import { billOf, billWith, handedBack, lineOf, newId, type Ground, type Town } from './support/world.ts'

const NONCE = 'ab'.repeat(16)

export function peopleContract(name: string, open: Open): void {
  const story = storiesOn(name, open)

  // ---- by link

  story('a link without a number is paid by whoever opens it, who reads whether the asker is known', async (town) => {
    const [asker, friend] = pair(town)
    await town.ground.register({ contacts: [{ party: friend.party, account: asker.account, status: 'listed' }] })
    for (const [payer, knows] of [
      [friend, true],
      [await town.person('Passer-by', 500n), false],
    ] as const) {
      const { token, deal } = await link(town, asker, billOf(300n))
      const answer = await joinBy(town, payer, token)
      assert.equal(answer.refusal, null)
      const payment = await paymentOf(town, answer)
      assert.deepEqual([payment.payer.knows, payment.patient, payment.turn], [knows, true, null])
      assert.equal((await town.approve(payer, payment.id)).refusal, null)
      const seen = await town.hub.lookAt({ terminal: terminalOfDevice(asker.id), deal })
      assert.equal(seen?.payment && stateOf(seen.payment), 'settled')
    }
    await town.settleDown()
    assert.equal(await town.balance(asker), 10_600n)
  })

  story('a link that was declined is used up: nobody else pays in its place', async (town, { store }) => {
    const [asker, friend] = pair(town)
    const { token, deal } = await link(town, asker, billOf(300n))
    const { payment } = await joinBy(town, friend, token)
    assert.ok(payment)
    assert.equal((await town.say(friend, { name: 'decline', payment })).refusal, null)
    const seen = await town.hub.lookAt({ terminal: terminalOfDevice(asker.id), deal })
    assert.deepEqual([seen?.offer.state.kind, seen?.payment?.ended?.reason], ['taken', 'cancelled-by-payer'])
    assert.equal((await joinBy(town, town.payer, token)).refusal?.code, 'number-not-found')
    assert.equal((await store.readOpenPayments(friend.party, 10)).length, 0)
  })

  story(
    'a link lives three days',
    async (town, ground) => {
      const [asker, friend] = pair(town)
      const first = await link(town, asker, billOf(300n))
      ground.advance?.(3 * DAY_MS - 1)
      assert.equal((await joinBy(town, friend, first.token)).refusal, null)
      const second = await link(town, asker, billOf(300n))
      ground.advance?.(3 * DAY_MS)
      assert.equal((await joinBy(town, friend, second.token)).refusal?.code, 'number-not-found')
      await town.hub.tick(10)
      const renewed = await town.say(asker, { name: 'renew-number', deal: second.deal })
      assert.equal(renewed.refusal, null)
      const offer = await town.ground.store.readOffer(bucketOfId(asker.id), {
        terminal: terminalOfDevice(asker.id),
        deal: second.deal,
      })
      assert.ok(offer?.state.kind === 'open')
      assert.equal(offer.state.ticket.number, null)
      assert.equal((await joinBy(town, friend, offer.token)).refusal, null)
    },
    'memory',
  )

  // ---- straight to a contact

  story(
    'a bill to a contact waits in the wallet, is answered by any phone of the person, and once',
    async (town, ground) => {
      const [asker, friend] = pair(town)
      await listed(town, friend, asker)
      const id = newId('cmd')
      const body = { name: 'bill-person', deal: newId('deal'), to: friend.account, bill: billOf(400n) } as const
      const answers = await Promise.all(Array.from({ length: 5 }, () => town.say(asker, body, id)))
      for (const answer of answers) assert.deepEqual(answer, answers[0])
      const payment = await paymentOf(town, answers[0])
      assert.deepEqual([payment.payer.device, payment.payer.knows, payment.payer.name], [null, true, friend.name])
      assert.equal((await ground.store.readOpenPayments(friend.party, 10)).length, 1)

      const second = await anotherPhone(town, friend)
      assert.equal((await town.approve(second, payment.id)).refusal, null)
      assert.equal((await town.approve(friend, payment.id)).refusal?.code, 'state-conflict')
      const stranger = await town.person('Stranger', 1_000n)
      assert.equal((await town.approve(stranger, payment.id)).refusal?.code, 'not-found')
      await town.settleDown()
      assert.deepEqual([await town.balance(asker), await town.balance(friend)], [10_400n, 9_600n])
      assert.equal((await town.say(asker, { ...body, bill: billOf(1n) })).refusal?.code, 'deal-exists')
    },
  )

  story('strangers, blocked ones, merchants and unknown accounts sound the same; oneself is told so', async (town) => {
    const [asker, friend] = pair(town)
    const blocking = await town.person('Blocking', 100n)
    await town.ground.register({ contacts: [{ party: blocking.party, account: asker.account, status: 'blocked' }] })
    // That the asker has listed the other opens nothing: the other must have listed the asker.
    await listed(town, asker, friend)
    await town.ground.register({ contacts: [{ party: town.till.party, account: asker.account, status: 'listed' }] })
    const send = (to: { account: DeviceActor['account'] }): Promise<Answer> =>
      town.say(asker, { name: 'bill-person', deal: newId('deal'), to: to.account, bill: billOf(1n) })
    const nobody = { account: '99912345671' as DeviceActor['account'] }
    const answers = await Promise.all([friend, blocking, town.till, nobody].map(send))
    for (const answer of answers) assert.deepEqual(answer, { ...NOTHING, refusal: { code: 'not-a-contact' } })
    assert.equal((await send(asker)).refusal?.code, 'own-bill')
  })

  story('twenty bills at once and no more; those that were not sent cost nothing', async (town) => {
    const [asker, friend] = pair(town)
    const send = (): Promise<Answer> =>
      town.say(asker, { name: 'bill-person', deal: newId('deal'), to: friend.account, bill: billOf(1n) })
    for (let index = 0; index < 25; index++) assert.equal((await send()).refusal?.code, 'not-a-contact')
    await listed(town, friend, asker)
    for (let index = 0; index < 20; index++) assert.equal((await send()).refusal, null, `bill ${index + 1}`)
    const over = await send()
    assert.deepEqual(over.refusal, { code: 'too-many-bills' })
  })

  story('the payer declines, or the asker takes the bill back, and then it is over', async (town) => {
    const [asker, friend] = pair(town)
    await listed(town, friend, asker)
    const declined = await billed(town, asker, friend, 100n)
    assert.equal((await town.say(friend, { name: 'decline', payment: declined.id })).refusal, null)
    const cancelled = await billed(town, asker, friend, 100n)
    const { id: payment, deal } = cancelled
    assert.equal((await town.say(asker, { name: 'cancel-deal', deal, payment })).refusal, null)
    for (const each of [declined, cancelled])
      assert.equal((await town.approve(friend, each.id)).refusal?.code, 'state-conflict')
    assert.equal((await town.say(friend, { name: 'attend', payment })).refusal?.code, 'state-conflict')
  })

  story(
    'a bill to a contact waits three days and then ends by itself',
    async (town, ground) => {
      const [asker, friend] = pair(town)
      await listed(town, friend, asker)
      const { id, deal } = await billed(town, asker, friend, 100n)
      ground.advance?.(3 * DAY_MS - 1)
      assert.equal(await town.hub.tick(10), 0)
      ground.advance?.(1)
      assert.equal(await town.hub.tick(10), 1)
      assert.equal((await ground.store.readPayment(id))?.ended?.reason, 'expired')
      const seen = await town.hub.lookAt({ terminal: terminalOfDevice(asker.id), deal })
      assert.equal(seen?.offer.state.kind, 'taken', 'nobody else is asked in the payer’s place')
    },
    'memory',
  )

  story('a merchant bills a customer who has listed it, and stays a merchant to the eye', async (town) => {
    const [, friend] = pair(town)
    await town.ground.register({ contacts: [{ party: friend.party, account: town.till.account, status: 'listed' }] })
    const answer = await town.say(town.till, {
      name: 'bill-person',
      deal: newId('deal'),
      to: friend.account,
      bill: billOf(700n),
    })
    const payment = await paymentOf(town, answer)
    assert.deepEqual([payment.payer.knows, payment.patient], [null, true])
    assert.equal(
      (await town.say(town.till, { name: 'release', deal: payment.deal, payment: payment.id })).refusal,
      null,
    )
    const seen = await town.hub.lookAt({ terminal: town.till.id, deal: payment.deal })
    assert.equal(seen?.offer.state.kind, 'taken', 'a bill meant for one person never gets a number')
  })

  story(
    'a bill that died between its two commits is finished by the repeat, or by whoever looks',
    async (town, ground) => {
      const [asker, friend] = pair(town)
      await listed(town, friend, asker)
      for (const finish of ['repeat', 'look'] as const) {
        const { hub, heal } = dying(town, ground)
        const deal = newId('deal')
        const id = newId('cmd')
        const body = { name: 'bill-person', deal, to: friend.account, bill: billOf(50n) } as const
        await assert.rejects(town.say(asker, body, id, hub), StoreUnavailable)
        assert.equal((await ground.store.readOpenPayments(friend.party, 10)).length, 0)
        heal()
        if (finish === 'look') await hub.lookAt({ terminal: terminalOfDevice(asker.id), deal })
        const answer = await town.say(asker, body, id, hub)
        assert.equal(answer.refusal, null)
        const open = await ground.store.readOpenPayments(friend.party, 10)
        assert.deepEqual(
          open.map((payment) => payment.id),
          [answer.payment],
          finish,
        )
        await town.approve(friend, (await paymentOf(town, answer)).id)
      }
    },
  )

  // ---- signed and handed back

  story(
    'a purchase that was signed and handed back settles when it is submitted, once for its deal',
    async (town, ground) => {
      const [asker, friend] = pair(town)
      const purchase = await signed(town, friend, asker, billOf(250n))
      const first = await purchase.submit()
      assert.equal(first.refusal, null)
      assert.deepEqual(await purchase.submit(), first, 'scanned twice, answered alike')
      assert.deepEqual(await purchase.submit(purchase.command), first)
      assert.deepEqual(await purchase.submit(purchase.command), first)
      const payment = await paymentOf(town, first)
      assert.equal(stateOf(payment), 'settled')
      assert.deepEqual([payment.payer.device, payment.nonce, payment.payer.knows], [friend.id, NONCE, false])

      const third = await town.person('Third', 1_000n)
      const other = await signed(town, third, asker, billOf(250n), purchase.deal)
      assert.equal((await other.submit()).refusal?.code, 'deal-exists')
      await town.settleDown()
      assert.deepEqual([await town.balance(friend), await town.balance(asker)], [9_750n, 10_250n])
      assert.equal((await ground.store.readOpenPayments(friend.party, 10)).length, 0)
    },
  )

  story('one bill signed by two phones settles once, whichever comes first', async (town) => {
    for (let round = 0; round < 5; round++) {
      const people = await Promise.all(Array.from({ length: 4 }, (_, index) => town.person(`Friend ${index}`, 100n)))
      const deal = newId('deal')
      const purchases = await Promise.all(people.map((each) => signed(town, each, town.till, billOf(100n), deal)))
      const answers = await Promise.all(purchases.map(({ submit }) => submit()))
      assert.deepEqual(answers.map(({ refusal }) => refusal?.code ?? 'settled').toSorted(), [
        'deal-exists',
        'deal-exists',
        'deal-exists',
        'settled',
      ])
      const balances = await Promise.all(people.map(town.balance))
      assert.deepEqual(balances.map(String).toSorted(), ['0', '100', '100', '100'])
    }
    await town.settleDown()
    assert.equal(await town.balance(town.till), 500n)
  })

  story(
    'what cannot be settled ends, and every repeat tells the same reason without the payer’s figures',
    async (town, ground) => {
      const poor = await town.person('Poor', 99n)
      const purchase = await signed(town, poor, town.till, billOf(100n))
      const first = await purchase.submit(purchase.command)
      assert.deepEqual(first.refusal, { code: 'payer-refused' })
      const payment = await paymentOf(town, first)
      assert.deepEqual(
        [stateOf(payment), payment.ended?.reason, payment.ended?.refusal],
        ['ended', 'refused', 'insufficient-funds'],
      )
      const rich = await signed(town, town.payer, poor, billOf(500n))
      assert.equal((await rich.submit()).refusal, null)
      await town.settleDown()
      assert.deepEqual(await purchase.submit(purchase.command), first, 'also when there would be money now')
      assert.deepEqual(await purchase.submit(), first)
      assert.equal((await ground.store.readOpenPayments(poor.party, 10)).length, 0)
      assert.equal(await town.balance(poor), 599n)
    },
  )

  story('money that is arriving pays for a purchase handed back', async (town) => {
    const poor = await town.person('Poor', 0n)
    assert.equal((await (await signed(town, town.payer, poor, billOf(300n))).submit()).refusal, null)
    assert.equal((await (await signed(town, poor, town.till, billOf(300n))).submit()).refusal, null)
  })

  story('what does not fit makes nothing at all', async (town, ground) => {
    const [asker, friend] = pair(town)
    const revoked = await anotherPhone(town, friend, 'revoked')
    const at = await ground.store.now()
    const rows: [why: string, code: string, Parameters<typeof signed>[5], DeviceActor?][] = [
      ['another bill', 'signature-invalid', { submitted: billOf(251n) }],
      ['another deal', 'signature-invalid', { submittedDeal: newId('deal') }],
      ['an ordinary approval', 'signature-invalid', { change: (bytes) => bytes.with(3, 1) }],
      [
        'another nonce’s signature is another purchase, but bytes cut short are none',
        'signature-invalid',
        { change: (bytes) => bytes.subarray(1) },
      ],
      ['expired', 'approval-expired', { at: at - 60_000 }],
      ['for next week', 'signature-invalid', { at: at + 7 * DAY_MS }],
      ['a revoked phone', 'device-revoked', {}, revoked],
    ]
    for (const [why, code, options, payer = friend] of rows) {
      const purchase = await signed(town, payer, asker, billOf(250n), newId('deal'), options)
      assert.equal((await purchase.submit()).refusal?.code, code, why)
      assert.equal((await ground.store.readOpenPayments(payer.party, 10)).length, 0, why)
      const again = await signed(town, friend, asker, billOf(1n), purchase.deal)
      assert.equal((await again.submit()).refusal, null, `${why}: the deal is still free`)
    }
    const own = await signed(town, asker, asker, billOf(1n))
    assert.equal((await own.submit()).refusal?.code, 'own-bill')
  })

  story('a wrong PIN counts on the payer’s phone and ends the purchase', async (town, ground) => {
    const [asker, friend] = pair(town)
    const purchase = await signed(town, friend, asker, billOf(250n), newId('deal'), { proof: 'wrong' })
    assert.deepEqual((await purchase.submit()).refusal, { code: 'payer-refused' })
    assert.equal((await ground.store.readDevice(bucketOfId(friend.id), friend.id))?.wrongProofs, 1)
  })

  story('a link that was shown is taken by the purchase signed for it', async (town) => {
    const [asker, friend] = pair(town)
    const { deal, token } = await link(town, asker, billOf(250n))
    const purchase = await signed(town, friend, asker, billOf(250n), deal)
    assert.equal((await purchase.submit()).refusal, null)
    assert.equal((await joinBy(town, town.payer, token)).refusal?.code, 'number-not-found')
    const shown = await link(town, asker, billOf(250n))
    const otherBill = await signed(town, friend, asker, billOf(249n), shown.deal)
    assert.equal((await otherBill.submit()).refusal?.code, 'deal-exists')
  })

  story(
    'a purchase that died between its two commits is settled by the repeat, or by whoever looks',
    async (town, ground) => {
      const poor = await town.person('Poor', 10n)
      for (const finish of ['repeat', 'look'] as const) {
        for (const [payer, code] of [
          [town.payer, undefined],
          [poor, 'payer-refused'],
        ] as const) {
          const { hub, heal } = dying(town, ground)
          const purchase = await signed(town, payer, town.till, billOf(50n))
          await assert.rejects(purchase.submit(purchase.command, hub), StoreUnavailable)
          heal()
          if (finish === 'look') {
            const seen = await hub.lookAt({ terminal: town.till.id, deal: purchase.deal })
            assert.equal(seen?.payment && stateOf(seen.payment), code === undefined ? 'settled' : 'ended')
          }
          const answer = await purchase.submit(purchase.command, hub)
          assert.equal(answer.refusal?.code, code, `${finish} ${code}`)
          assert.ok(answer.payment)
        }
      }
      assert.equal(await town.balance(town.payer), 9_900n)
    },
  )

  story('a person gives money back, line by line', async (town) => {
    const [asker, friend] = pair(town)
    const bill = billWith(lineOf(100n), lineOf(200n))
    const { payment } = await (await signed(town, friend, asker, bill)).submit()
    assert.ok(payment)
    const refund = (line: number, amount: bigint): Promise<Answer> =>
      town.say(asker, { name: 'refund', payment, amount, lines: [{ line, amount }] })
    const both = await Promise.all([refund(1, 150n), refund(1, 150n)])
    assert.deepEqual(both.map(({ refusal }) => refusal?.code ?? 'back').toSorted(), ['already-refunded', 'back'])
    assert.deepEqual((await refund(1, 51n)).refusal, { code: 'already-refunded', detail: { left: '50' } })
    assert.equal((await refund(0, 100n)).refusal, null)
    await town.settleDown()
    assert.equal(await town.balance(friend), 9_950n)
    assert.equal((await town.ground.store.readPayment(payment))?.refunds.length, 2)
  })
}

// ---- what the stories say

const DAY_MS = 86_400_000

function pair(town: Town): [asker: DeviceActor, friend: DeviceActor] {
  const [first, second] = town.people
  assert.ok(first && second)
  return [first, second]
}

const listed = (town: Town, by: DeviceActor, whom: DeviceActor): Promise<void> =>
  town.ground.register({ contacts: [{ party: by.party, account: whom.account, status: 'listed' }] })

async function paymentOf(town: Town, answer: Answer | undefined): Promise<Payment> {
  assert.equal(answer?.payment === null, false, JSON.stringify(answer?.refusal))
  const payment = answer?.payment ? await town.ground.store.readPayment(answer.payment) : undefined
  assert.ok(payment)
  return payment
}

async function billed(town: Town, asker: DeviceActor, to: DeviceActor, amount: bigint): Promise<Payment> {
  const body = { name: 'bill-person', deal: newId('deal'), to: to.account, bill: billOf(amount) } as const
  return paymentOf(town, await town.say(asker, body))
}

async function link(town: Town, asker: DeviceActor, bill: Bill): Promise<{ deal: DealId; token: string }> {
  const deal = newId('deal')
  assert.equal((await town.say(asker, { name: 'open-offer', deal, bill })).refusal, null)
  const offer = await town.ground.store.readOffer(bucketOfId(asker.id), { terminal: terminalOfDevice(asker.id), deal })
  assert.ok(offer?.state.kind === 'open')
  assert.equal(offer.state.ticket.number, null)
  return { deal, token: offer.token }
}

const joinBy = (town: Town, payer: DeviceActor, token: string): Promise<Answer> =>
  town.say(payer, { name: 'join', credential: { kind: 'token', token }, address: '127.0.0.1' })

/** A further phone of the same person. */
async function anotherPhone(
  town: Town,
  owner: DeviceActor,
  status: 'active' | 'revoked' = 'active',
): Promise<DeviceActor> {
  const id = idInBucket('dev', bucketOfId(owner.id), randomBytes(14))
  const key = newId('key')
  const { party } = owner
  await town.ground.register({
    devices: [
      {
        id,
        party,
        key,
        status,
        approvesWith: 'any',
        provedAt: 0,
        provedWith: 'password',
        wrongProofs: 0,
        lockedUntil: 0,
      },
    ],
  })
  return { ...owner, id, key }
}

/** A hub whose store dies before the second commit of a deal, the one that makes the payment. */
function dying(town: Town, ground: Ground): { hub: Town['hub']; heal: () => void } {
  let dead = true
  const store: Store = {
    ...ground.store,
    transact: async (needs, decide) => {
      if (dead && needs.some(({ payments }) => payments.length > 0)) throw new StoreUnavailable('the power went out')
      return ground.store.transact(needs, decide)
    },
  }
  return { hub: town.make({ ...ground, store }), heal: () => void (dead = false) }
}

/** A purchase signed on the payer's phone for a bill of this biller, and how it is submitted. */
async function signed(
  town: Town,
  payer: DeviceActor,
  to: DeviceActor | TerminalActor,
  bill: Bill,
  deal: DealId = newId('deal'),
  options: {
    submitted?: Bill
    submittedDeal?: DealId
    at?: number
    proof?: Evidence['proof']
    change?: (bytes: Uint8Array) => Uint8Array
  } = {},
) {
  const { scheme, store } = town.ground
  const biller = billerFrom(to.kind === 'device' ? billerOf(to) : to)
  const at = options.at ?? (await store.now())
  const evidence = handedBack(scheme, { biller, deal, bill, nonce: NONCE }, payer, options.proof ?? 'right', at)
  const body = {
    name: 'submit-signed',
    deal: options.submittedDeal ?? deal,
    bill: options.submitted ?? bill,
    payer,
    evidence: options.change ? { ...evidence, bytes: options.change(evidence.bytes) } : evidence,
  } as const
  return {
    deal: body.deal,
    payer,
    command: newId('cmd'),
    submit: (id = newId('cmd'), over = town.hub): Promise<Answer> => town.say(to, body, id, over),
  }
}
