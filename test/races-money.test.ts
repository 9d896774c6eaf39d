// Money contested at the same moment by two hubs on one PostgreSQL, a hundred rounds of each race: exactly one outcome, clean books.
// RACE_ROUNDS=1000 is what bench/results.md records.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { randomInt } from 'node:crypto'
import type { Bill } from '#core/bill.ts'
import { bucketOfId, type DealId, type PaymentId } from '#core/ids.ts'
import { faultsOf } from '#core/invariants.ts'
import { stateOf } from '#core/payment.ts'
import type { DeviceActor } from '#switch/actors.ts'
import { NOTHING } from '#switch/lanes.ts'
import { billerFrom } from '#switch/offers.ts'
import type { Answer } from '#switch/store.ts'
import type { Switch } from '#switch/switch.ts'
import { startTestHub, until, type TestHub } from './support/hub.ts'
import { billOf, billWith, groundOn, handedBack, JPY, lineOf, newId, openTown, type Town } from './support/world.ts'

const ROUNDS = Number(process.env.RACE_ROUNDS ?? 100)
/** Rounds that run beside each other, so that they also meet in batches and locks. */
const ABREAST = 10

let hubs: readonly TestHub[]
let town: Town

before(async () => {
  const first = await startTestHub()
  hubs = [first, await startTestHub({ settings: first.settings })]
  town = await openTown(await groundOn(first.settings), { people: ABREAST, money: 1_000_000n })
})
after(async () => {
  await town.ground.close()
  await Promise.all(hubs.map((hub) => hub.stop()))
})
afterEach(async () => {
  await town.settleDown()
  assert.deepEqual(faultsOf(await town.ground.books()), [])
  assert.deepEqual(town.alarms, [])
})

const hubAt = (index: number): Switch => {
  const hub = hubs[index % hubs.length]
  assert.ok(hub)
  return hub.hub
}

/** All rounds of a race, some at a time; each gets a person who is in no other round at that moment. */
async function race(run: (payer: DeviceActor, round: number) => Promise<void>): Promise<void> {
  await Promise.all(
    town.people.map(async (payer, lane) => {
      for (let round = lane; round < ROUNDS; round += ABREAST) await run(payer, round)
    }),
  )
}

/** The two at once, either first, one at each hub. */
const both = async <First, Second>(
  round: number,
  first: (hub: Switch) => Promise<First>,
  second: (hub: Switch) => Promise<Second>,
): Promise<[First, Second]> => {
  const swapped = randomInt(2) === 1
  if (!swapped) return Promise.all([first(hubAt(round)), second(hubAt(round + 1))])
  const [two, one] = await Promise.all([second(hubAt(round + 1)), first(hubAt(round))])
  return [one, two]
}

async function joined(payer: DeviceActor, bill = billOf(100n)): Promise<PaymentId> {
  const { number } = await town.offer(bill)
  const { payment, refusal } = await town.join(payer, number)
  assert.ok(payment, JSON.stringify(refusal))
  return payment
}
async function paid(payer: DeviceActor, bill = billOf(100n)): Promise<PaymentId> {
  const payment = await joined(payer, bill)
  assert.equal((await town.approve(payer, payment)).refusal, null)
  return payment
}
const count = (ways: Map<string, number>, way: string): void => void ways.set(way, (ways.get(way) ?? 0) + 1)
const code = ({ refusal }: Answer): string => refusal?.code ?? 'done'

test('refund ‖ refund: two that together are too much, and exactly one goes through', async () => {
  await race(async (payer, round) => {
    const payment = await paid(payer)
    const refund = (over: Switch): Promise<Answer> =>
      town.refund(payment, 60n, [{ line: 0, amount: 60n }], newId('cmd'), over)
    const answers = await both(round, refund, refund)
    assert.deepEqual(answers.map(code).toSorted(), ['already-refunded', 'done'])
  })
})

test('spend ‖ spend: of two payments for the last yen exactly one goes through', async () => {
  await race(async (_, round) => {
    const poor = await town.person(`Poor ${round}`, 100n)
    const [first, second] = await Promise.all([joined(poor), joined(poor)])
    assert.ok(first && second)
    const answers = await both(
      round,
      (over) => town.approve(poor, first, { over }),
      (over) => town.approve(poor, second, { over }),
    )
    assert.deepEqual(answers.map(code).toSorted(), ['done', 'insufficient-funds'])
    assert.equal(await town.balance(poor), 0n)
  })
})

test('approve ‖ freeze: the payment settled before, or the frozen account paid nothing', async (context) => {
  const ways = new Map<string, number>()
  await race(async (_, round) => {
    const payer = await town.person(`Payer ${round}`, 100n)
    const payment = await joined(payer)
    const bucket = bucketOfId(payer.party)
    const [approved] = await both(
      round,
      (over) => town.approve(payer, payment, { over }),
      (over) =>
        over.step({
          bucket,
          command: null,
          needs: { accounts: [payer.account] },
          decide(working) {
            const account = working.account(payer.account, JPY)
            assert.ok(account)
            working.saveAccount({ ...account, status: 'frozen' })
            return NOTHING
          },
        }),
    )
    count(ways, code(approved))
    assert.equal(await town.balance(payer), approved.refusal === null ? 0n : 100n)
    const [account] = await town.ground.store.readBalances(payer.account)
    assert.equal(account?.status, 'frozen', 'neither overwrites the other')
  })
  assert.deepEqual([...ways.keys()].toSorted(), ['account-frozen', 'done'], 'the race is a race')
  context.diagnostic(JSON.stringify([...ways]))
})

test('take back ‖ the end of the cancellation period: the money goes one way, whole', async (context) => {
  const held = lineOf(100n, { conditions: { delivery: false, coolingOff: { period: 'PT1S', zone: 'Asia/Tokyo' } } })
  const ways = new Map<string, number>()
  await race(async (payer, round) => {
    const payment = await paid(payer, billWith(lineOf(5n), held))
    const before = await town.ground.store.readPayment(payment)
    const portion = before?.portions[1]?.state
    assert.ok(portion?.kind === 'held')
    const from = portion.until - randomInt(80)
    await until(async () => (await town.ground.store.now()) >= from)
    const [taken] = await both(
      round,
      (over) => town.say(payer, { name: 'take-back', payment, portion: 1 }, newId('cmd'), over),
      (over) => over.tick(50),
    )
    count(ways, taken.refusal === null ? 'back' : 'to the shop')
    await until(async () => {
      const now = await town.ground.store.readPayment(payment)
      return now !== undefined && stateOf(now) === 'settled'
    })
    const last = await town.ground.store.readPayment(payment)
    assert.equal(last?.portions[1]?.state.kind, taken.refusal === null ? 'ended' : 'settled')
  })
  assert.deepEqual([...ways.keys()].toSorted(), ['back', 'to the shop'], 'the race is a race')
  context.diagnostic(JSON.stringify([...ways]))
})

test('deposit ‖ deposit: what arrives is booked once, whoever deposits', async () => {
  await town.settleDown()
  const before = await town.balance(town.till)
  await race(async (payer, round) => {
    await paid(payer, billOf(7n))
    const bucket = bucketOfId(town.till.id)
    await both(
      round,
      () => hubs[0]?.store.deposit(bucket) ?? assert.fail(),
      () => hubs[1]?.store.deposit(bucket) ?? assert.fail(),
    )
  })
  await town.settleDown()
  assert.equal((await town.balance(town.till)) - before, 7n * BigInt(ROUNDS))
})

test('one bill signed by two phones, submitted at once: whichever is submitted first settles, the other pays nothing', async () => {
  await race(async (payer, round) => {
    const other = town.people[(town.people.indexOf(payer) + 1) % town.people.length]
    assert.ok(other)
    const deal = newId('deal')
    const bill = billOf(3n)
    const answers = await both(
      round,
      async (over) => submit(payer, deal, bill, over),
      async (over) => submit(other, deal, bill, over),
    )
    assert.deepEqual(answers.map(code).toSorted(), ['deal-exists', 'done'])
  })
})

async function submit(payer: DeviceActor, deal: DealId, bill: Bill, over: Switch): Promise<Answer> {
  const start = { biller: billerFrom(town.till), deal, bill, nonce: 'ab'.repeat(16) }
  const evidence = handedBack(town.ground.scheme, start, payer, 'right', await town.ground.store.now())
  return town.say(town.till, { name: 'submit-signed', deal, bill, payer, evidence }, newId('cmd'), over)
}
