// Stories of conditions on both stores: lines that can be taken back, goods not for everybody, limits by day, frozen accounts.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { Bill, Line } from '#core/bill.ts'
import { bucketOfId, idInBucket, type PaymentId } from '#core/ids.ts'
import type { Account } from '#core/ledger.ts'
import { stateOf, type SchemeRules } from '#core/payment.ts'
import { NO_ATTRIBUTES, type Attributes } from '#core/standing.ts'
import type { DeviceActor } from '#switch/actors.ts'
import { NOTHING } from '#switch/lanes.ts'
import type { Answer } from '#switch/store.ts'
import { storiesOn, type Open } from './support/stories.ts'
import { billOf, billWith, JPY, lineOf, newId, type Town } from './support/world.ts'

const DAY_MS = 86_400_000
const waits = (amount: bigint, period: string, over: Partial<Line> = {}): Line =>
  lineOf(amount, { conditions: { delivery: false, coolingOff: { period, zone: 'Asia/Tokyo' } }, ...over })
const only = (amount: bigint, over: Partial<NonNullable<Line['restriction']>>, more: Partial<Line> = {}): Line =>
  lineOf(amount, { restriction: { minimumAge: null, membership: null, region: null, perDay: null, ...over }, ...more })

export function conditionsContract(name: string, open: Open): void {
  const story = storiesOn(name, open)
  const storyWhereShopsAreAsked = storiesOn(name, open, { restricted: 'ask' })

  // ---- lines that can be taken back

  story(
    'of a mixed bill the plain lines settle at once, and each other line goes back or on by itself',
    async (town) => {
      const bill = billWith(lineOf(100n), waits(200n, 'P8D'), waits(400n, 'P8D'), lineOf(800n))
      const payment = await paid(town, town.payer, bill)
      await town.settleDown()
      assert.deepEqual([await town.balance(town.payer), await town.balance(town.till)], [8_500n, 900n])

      const takeBack = (portion: number): Promise<Answer> =>
        town.say(town.payer, { name: 'take-back', payment, portion })
      const both = await Promise.all([takeBack(1), takeBack(1)])
      assert.deepEqual(both.map(({ refusal }) => refusal?.code ?? 'back').toSorted(), ['back', 'state-conflict'])
      assert.equal((await takeBack(0)).refusal?.code, 'state-conflict')
      assert.equal((await takeBack(9)).refusal?.code, 'not-found')
      await town.settleDown()
      assert.deepEqual([await town.balance(town.payer), await town.balance(town.till)], [8_700n, 900n])
      const seen = await town.ground.store.readPayment(payment)
      assert.deepEqual([seen && stateOf(seen), seen?.ended], ['held', null])
      assert.deepEqual((await town.refund(payment, 200n, [{ line: 1, amount: 200n }])).refusal?.code, 'not-settled')

      assert.equal((await takeBack(2)).refusal, null)
      const after = await town.ground.store.readPayment(payment)
      assert.equal(after && stateOf(after), 'settled')
      await town.settleDown()
      assert.equal(await town.balance(town.payer), 9_100n)
    },
  )

  story(
    'at the end of the period the money goes to the shop, and a moment before it can still come back',
    async (town, ground) => {
      const payments = [
        await paid(town, town.payer, billWith(waits(300n, 'P8D'))),
        await paid(town, town.payer, billWith(waits(500n, 'P8D'))),
      ]
      const [early, late] = payments
      assert.ok(early && late)
      ground.advance?.(8 * DAY_MS - 1)
      assert.equal(await town.hub.tick(10), 0)
      assert.equal((await town.say(town.payer, { name: 'take-back', payment: early, portion: 0 })).refusal, null)
      ground.advance?.(1)
      const tooLate = await town.say(town.payer, { name: 'take-back', payment: late, portion: 0 })
      assert.equal(tooLate.refusal?.code, 'too-late')
      assert.equal(await town.hub.tick(10), 1)
      await town.settleDown()
      assert.deepEqual([await town.balance(town.payer), await town.balance(town.till)], [9_500n, 500n])
      assert.equal((await town.refund(late, 500n)).refusal, null)
    },
    'memory',
  )

  story('any phone of the buyer takes back, no revoked one and nobody else’s', async (town) => {
    const payment = await paid(town, town.payer, billWith(waits(300n, 'P8D')))
    const [, stranger] = town.people
    assert.ok(stranger)
    const takeBack = (by: DeviceActor): Promise<Answer> => town.say(by, { name: 'take-back', payment, portion: 0 })
    assert.equal((await takeBack(stranger)).refusal?.code, 'not-found')
    assert.equal((await takeBack(await phoneOf(town, town.payer, 'revoked'))).refusal?.code, 'device-revoked')
    const newPhone = await phoneOf(town, town.payer, 'active')
    assert.equal((await town.approve(newPhone, payment)).refusal?.code, 'not-found', 'but it does not approve')
    assert.equal((await takeBack(newPhone)).refusal, null)
  })

  // ---- goods not for everybody

  story(
    'a shop’s wine is sold to those of whom the hub knows the age, and the shop hears only a decline',
    async (town) => {
      const wine = billWith(lineOf(100n), only(900n, { minimumAge: 20 }))
      const { payment, deal } = await joined(town, town.payer, wine)
      const refused = await town.approve(town.payer, payment)
      assert.deepEqual(refused.refusal, { code: 'restricted', detail: { lines: '1' } })
      const seen = await town.hub.lookAt({ terminal: town.till.id, deal })
      assert.deepEqual([seen?.payment?.declines, seen?.payment?.asked], [1, null])
      await verified(town, town.payer, { birthDate: 19_900_101 })
      assert.equal((await town.approve(town.payer, payment)).refusal, null)
    },
  )

  storyWhereShopsAreAsked('the shop is asked, answers, and the answer is kept', async (town) => {
    const wine = billWith(only(900n, { minimumAge: 20 }))
    const { payment, deal } = await joined(town, town.payer, wine)
    assert.equal((await town.approve(town.payer, payment)).refusal?.code, 'shop-asked')
    assert.equal((await town.approve(town.payer, payment)).refusal?.code, 'shop-asked')
    const stranger = await town.shop()
    const permit = { name: 'permit', payment, allowed: true } as const
    assert.equal((await town.say(stranger, permit)).refusal?.code, 'not-found')
    assert.equal((await town.say(town.till, permit)).refusal, null)
    assert.equal((await town.say(town.till, permit)).refusal?.code, 'not-asked')
    assert.equal((await town.approve(town.payer, payment)).refusal, null)
    assert.equal((await town.ground.store.readPayment(payment))?.permitted?.billVersion, 1)

    const second = await joined(town, town.payer, wine)
    await town.approve(town.payer, second.payment)
    await town.say(town.till, { name: 'permit', payment: second.payment, allowed: false })
    const seen = await town.hub.lookAt({ terminal: town.till.id, deal: second.deal })
    assert.equal(seen?.payment?.ended?.reason, 'restricted')
    assert.notEqual(second.deal, deal)
  })

  story(
    'two a day to one person: counted over purchases, also at the same moment, and counted off when they go back',
    async (town) => {
      const masks = (quantity: number, period: string | null = null): Bill =>
        billWith(
          only(
            100n,
            { perDay: 2 },
            {
              quantity,
              code: '4901',
              conditions: { delivery: false, coolingOff: period === null ? null : { period, zone: 'Asia/Tokyo' } },
            },
          ),
        )
      const three = await Promise.all([1, 2, 3].map(() => joined(town, town.payer, masks(1, 'P8D'))))
      const answers = await Promise.all(three.map(({ payment }) => town.approve(town.payer, payment)))
      assert.deepEqual(answers.map(({ refusal }) => refusal?.code ?? 'sold').toSorted(), ['restricted', 'sold', 'sold'])
      const sold = three.filter((_, index) => answers[index]?.refusal === null)
      const left = three.find((_, index) => answers[index]?.refusal !== null)
      assert.ok(sold[0] && sold[1] && left)

      // The shop cancels: the hub learns only then whose purchases to count off.
      const cancel = { name: 'cancel-deal', deal: sold[0].deal, payment: sold[0].payment } as const
      assert.equal((await town.say(town.till, cancel)).refusal, null)
      assert.equal((await town.approve(town.payer, left.payment)).refusal, null)
      const more = await joined(town, town.payer, masks(1))
      assert.equal((await town.approve(town.payer, more.payment)).refusal?.code, 'restricted')
      await town.say(town.payer, { name: 'take-back', payment: sold[1].payment, portion: 0 })
      assert.equal((await town.approve(town.payer, more.payment)).refusal, null)
      const [, other] = town.people
      assert.ok(other)
      await paid(town, other, masks(2))
    },
  )

  story(
    'the count begins anew at midnight of the scheme’s zone',
    async (town, ground) => {
      const mask = billWith(only(100n, { perDay: 1 }, { code: '4901' }))
      await paid(town, town.payer, mask)
      // The clock of these stories begins at 17:00 in Tokyo.
      ground.advance?.(7 * 3_600_000 - 1)
      assert.equal(
        (await town.approve(town.payer, (await joined(town, town.payer, mask)).payment)).refusal?.code,
        'restricted',
      )
      ground.advance?.(1)
      await paid(town, town.payer, mask)
    },
    'memory',
  )

  // ---- limits and rules

  story(
    'limits of the day and month hold across payments, and begin anew on their calendar',
    async (town, ground) => {
      await limitedTo(town, town.payer, { perPayment: 1_000n, perDay: 1_500n, perMonth: 2_000n })
      const code = async (amount: bigint): Promise<string> =>
        (await joinedOrNot(town, town.payer, billOf(amount))) ?? 'paid'
      assert.equal(await code(1_001n), 'over-limit 1000')
      assert.equal(await code(1_000n), 'paid')
      assert.equal(await code(501n), 'over-day-limit 500')
      assert.equal(await code(500n), 'paid')
      ground.advance?.(7 * 3_600_000 - 1)
      assert.equal(await code(1n), 'over-day-limit 0')
      ground.advance?.(1)
      assert.equal(await code(501n), 'over-month-limit 500')
      assert.equal(await code(500n), 'paid')
      ground.advance?.(15 * DAY_MS)
      assert.equal(await code(1n), 'over-month-limit 0')
      ground.advance?.(DAY_MS)
      assert.equal(await code(1_000n), 'paid')
    },
    'memory',
  )

  story('the limit of a day is not passed by payments at one moment', async (town) => {
    await limitedTo(town, town.payer, { perPayment: 1_000n, perDay: 1_500n, perMonth: 9_000n })
    const four = await Promise.all([1, 2, 3, 4].map(() => joined(town, town.payer, billOf(500n))))
    const answers = await Promise.all(four.map(({ payment }) => town.approve(town.payer, payment)))
    assert.equal(answers.filter(({ refusal }) => refusal === null).length, 3)
    assert.deepEqual(answers.find(({ refusal }) => refusal !== null)?.refusal, {
      code: 'over-day-limit',
      detail: { left: '0' },
    })
  })

  story('a rule changed at run time holds for the next decision', async (town, ground) => {
    let rules: SchemeRules = ground.scheme.rules
    const scheme = {
      ...ground.scheme,
      get rules() {
        return rules
      },
    }
    const hub = town.make({ ...ground, scheme })
    const { payment } = await joined(town, town.payer, billOf(500n))
    rules = { ...rules, limits: { ...rules.limits, perPayment: 499n } }
    assert.equal((await town.approve(town.payer, payment, { over: hub })).refusal?.code, 'over-limit')
    rules = { ...rules, limits: { ...rules.limits, perPayment: 500n } }
    assert.equal((await town.approve(town.payer, payment, { over: hub })).refusal, null)
  })

  story('a frozen shop opens nothing, and its waiting number says what every miss says', async (town) => {
    const before = await town.offer(billOf(100n))
    const later = await joined(town, town.payer, billOf(100n))
    for (const status of ['frozen', 'closed'] as const) {
      await changed(town, town.till, (account) => ({ ...account, status }))
      const answer = await town.say(town.till, { name: 'open-offer', deal: newId('deal'), bill: billOf(1n) })
      assert.equal(answer.refusal?.code, `account-${status}`)
      const without = await town.say(town.till, { name: 'open-offer', deal: newId('deal'), bill: null })
      assert.equal(without.refusal?.code, `account-${status}`)
      assert.deepEqual(await town.join(town.payer, before.number), {
        ...NOTHING,
        refusal: { code: 'number-not-found' },
      })
    }
    await changed(town, town.till, (account) => ({ ...account, status: 'open' }))
    assert.equal((await town.join(town.payer, before.number)).refusal, null)
    assert.equal((await town.approve(town.payer, later.payment)).refusal, null)
  })

  story('a frozen payer is told before joining, and at the latest when approving', async (town) => {
    const { payment } = await joined(town, town.payer, billOf(100n))
    await changed(town, town.payer, (account) => ({ ...account, status: 'frozen' }))
    assert.equal((await town.approve(town.payer, payment)).refusal?.code, 'account-frozen')
    const { number } = await town.offer(billOf(100n))
    assert.equal((await town.join(town.payer, number)).refusal?.code, 'account-frozen')
    const empty = await town.offer(null)
    assert.equal((await town.join(town.payer, empty.number)).refusal?.code, 'account-frozen')
  })
}

// ---- what the stories say

async function joined(
  town: Town,
  payer: DeviceActor,
  bill: Bill,
): Promise<{ payment: PaymentId; deal: Awaited<ReturnType<Town['offer']>>['deal'] }> {
  const { number, deal } = await town.offer(bill)
  const { payment, refusal } = await town.join(payer, number)
  assert.ok(payment, JSON.stringify(refusal))
  return { payment, deal }
}

async function paid(town: Town, payer: DeviceActor, bill: Bill): Promise<PaymentId> {
  const { payment } = await joined(town, payer, bill)
  assert.equal((await town.approve(payer, payment)).refusal, null)
  return payment
}

/** Pays, or says why not: already at the join, where the hub looks first. */
async function joinedOrNot(town: Town, payer: DeviceActor, bill: Bill): Promise<string | undefined> {
  const { number } = await town.offer(bill)
  const { payment, refusal } = await town.join(payer, number)
  if (refusal !== null) return [refusal.code, ...Object.values(refusal.detail ?? {})].join(' ')
  assert.ok(payment)
  assert.equal((await town.approve(payer, payment)).refusal, null)
  return undefined
}

async function phoneOf(town: Town, owner: DeviceActor, status: 'active' | 'revoked'): Promise<DeviceActor> {
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

/** What the operator's desk does, as one step of its own in the lanes. */
const verified = (town: Town, { party }: DeviceActor, attributes: Partial<Attributes>): Promise<Answer> =>
  town.hub.step({
    bucket: bucketOfId(party),
    command: null,
    needs: { standings: [party] },
    decide(working) {
      working.saveStanding({ ...working.standing(party), attributes: { ...NO_ATTRIBUTES, ...attributes } })
      return NOTHING
    },
  })

const changed = (
  town: Town,
  { party, account: key }: Pick<DeviceActor, 'party' | 'account'>,
  change: (account: Account) => Account,
): Promise<Answer> =>
  town.hub.step({
    bucket: bucketOfId(party),
    command: null,
    needs: { accounts: [key] },
    decide(working) {
      const account = working.account(key, JPY)
      assert.ok(account)
      working.saveAccount(change(account))
      return NOTHING
    },
  })

const limitedTo = (town: Town, payer: DeviceActor, limits: NonNullable<Account['limits']>): Promise<Answer> =>
  changed(town, payer, (account) => ({ ...account, limits }))
