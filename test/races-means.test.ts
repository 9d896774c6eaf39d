// Means contested at the same moment by two hubs on one PostgreSQL: exactly one outcome, one end of each order, clean books.
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { after, afterEach, before, test } from 'node:test'
import { bucketOfId, idInBucket, type PaymentId } from '#core/ids.ts'
import { faultsOf } from '#core/invariants.ts'
import type { Choice } from '#core/means.ts'
import { unitOf } from '#core/money.ts'
import { stateOf } from '#core/payment.ts'
import { uuidOf } from '#server/postgres/store.ts'
import type { DeviceActor } from '#switch/actors.ts'
import type { Answer } from '#switch/store.ts'
import type { Switch } from '#switch/switch.ts'
import { billOf, groundOn, JPY, newId, openTown, postgresGround, type Town } from './support/world.ts'

const ROUNDS = Number(process.env.RACE_ROUNDS ?? 20)
/** Rounds that run beside each other, so that they also meet in batches and locks. */
const ABREAST = 5

const USD = unitOf('USD') ?? assert.fail('a currency')

let ground: Awaited<ReturnType<typeof postgresGround>>
let other: typeof ground
let town: Town
let switches: readonly [Switch, Switch]

before(async () => {
  ground = await postgresGround()
  other = await groundOn(ground.settings)
  town = await openTown(ground, { people: ABREAST, money: 1_000_000n })
  switches = [town.make(ground), town.make(other)]
})
after(async () => {
  await other.close()
  await ground.close()
})
afterEach(async () => {
  await town.settleDown()
  assert.deepEqual(faultsOf(await ground.books()), [])
  assert.deepEqual(town.alarms, [])
})

/** All rounds of a race, some at a time, each told how it ended: in one of these ways. */
async function race(ends: readonly string[], run: (payer: DeviceActor) => Promise<string>): Promise<void> {
  const seen = new Set<string>()
  await Promise.all(
    town.people.map(async (payer, lane) => {
      for (let round = lane; round < ROUNDS; round += ABREAST) seen.add(await run(payer))
    }),
  )
  for (const end of seen) assert.ok(ends.includes(end), end)
}

/** The two at once, either first, one at each hub. */
async function both<First, Second>(
  first: (over: Switch) => Promise<First>,
  second: (over: Switch) => Promise<Second>,
): Promise<[First, Second]> {
  const [one, two] = randomInt(2) === 1 ? switches : switches.toReversed()
  assert.ok(one && two)
  if (randomInt(2) === 1) return Promise.all([first(one), second(two)])
  const [late, early] = await Promise.all([second(two), first(one)])
  return [early, late]
}

const bankOf = (payer: DeviceActor): Choice => ({
  kind: 'bank',
  id: idInBucket('mns', bucketOfId(payer.id), new Uint8Array(14).fill(5)),
  label: 'Tanuki Bank ···567',
  unit: JPY,
})

async function joined(payer: DeviceActor, amount = 100n): Promise<PaymentId> {
  const { number } = await town.offer(billOf(amount))
  const { payment, refusal } = await town.join(payer, number)
  assert.ok(payment, JSON.stringify(refusal))
  return payment
}

/** A payment whose bank is asked. */
async function asked(payer: DeviceActor): Promise<PaymentId> {
  const payment = await joined(payer)
  assert.equal((await town.say(payer, { name: 'choose-means', payment, choice: bankOf(payer) })).refusal, null)
  assert.equal((await town.approve(payer, payment)).refusal, null)
  return payment
}

/** Its state, and how many reversals its bank was sent. */
async function seen(payment: PaymentId): Promise<string> {
  const now = await ground.store.readPayment(payment)
  const { rows } = await ground.database.reads.query<{ count: string }>(
    `select count(*) from outside_order where payment = $1 and kind = 'reverse'`,
    [uuidOf(payment)],
  )
  return `${now && stateOf(now)}, ${rows[0]?.count} reversed`
}

const byText = (left: string, right: string): number => (left < right ? -1 : 1)
const code = ({ refusal }: Answer): string => refusal?.code ?? 'done'

test('a yes ‖ the end of the wait: paid, or reversed, and never both', async () => {
  await race(['done: settled, 0 reversed', 'too-late: joined, 1 reversed'], async (payer) => {
    const payment = await asked(payer)
    // The wait is over at once; nothing here waits half a minute.
    await ground.database.reads.query(
      `update payment set due_at = 1, snapshot = jsonb_set(snapshot, '{portions,0,state,until}', '1') where bucket = $1 and id = $2`,
      [bucketOfId(payment), uuidOf(payment)],
    )
    const [answer] = await both(
      (over) => over.answerOutside(payment, 1, true),
      async (over) => {
        const now = await ground.store.readPayment(payment)
        return now && stateOf(now) === 'authorising' ? over.tick(50) : 0
      },
    )
    return `${code(answer)}: ${await seen(payment)}`
  })
})

test('a yes ‖ the payer cancels: paid, or ended and reversed', async () => {
  await race(['done, state-conflict: settled, 0 reversed', 'too-late, done: ended, 1 reversed'], async (payer) => {
    const payment = await asked(payer)
    const [answer, cancelled] = await both(
      (over) => over.answerOutside(payment, 1, true),
      (over) => town.say(payer, { name: 'decline', payment }, newId('cmd'), over),
    )
    return `${code(answer)}, ${code(cancelled)}: ${await seen(payment)}`
  })
})

test('a yes ‖ a no: the first one counts, the other is too late, and the same twice is once', async () => {
  await race(['done, too-late: settled, 0 reversed', 'too-late, done: joined, 0 reversed'], async (payer) => {
    const payment = await asked(payer)
    const [yes, no] = await both(
      (over) => over.answerOutside(payment, 1, true),
      (over) => over.answerOutside(payment, 1, false, 'no-funds'),
    )
    const again = await both(
      (over) => over.answerOutside(payment, 1, true),
      (over) => over.answerOutside(payment, 1, false, 'no-funds'),
    )
    assert.deepEqual(again.map(code), [code(yes), code(no)], 'and stays so')
    return `${code(yes)}, ${code(no)}: ${await seen(payment)}`
  })
})

test('choose ‖ approve: paid as it was seen, or not paid', async () => {
  await race(
    ['state-conflict, done: settled, 0 reversed', 'done, means-changed: joined, 0 reversed'],
    async (payer) => {
      const payment = await joined(payer)
      const present = await ground.store.readPayment(payment)
      assert.ok(present)
      const [chosen, approved] = await both(
        (over) => town.say(payer, { name: 'choose-means', payment, choice: bankOf(payer) }, newId('cmd'), over),
        (over) => town.approve(payer, payment, { over, seen: present }),
      )
      return `${code(chosen)}, ${code(approved)}: ${await seen(payment)}`
    },
  )
})

test('spend ‖ spend in another unit: of two payments for the last dollars exactly one goes through', async () => {
  const rate = { from: USD, to: JPY, price: '148.7475', until: 4_000_000_000_000 }
  for (let round = 0; round < 5; round++) {
    const emma = await town.person(`Emma ${round}`, 1_000n)
    await town.further(emma, USD, 1_000n)
    const bills: PaymentId[] = []
    for (let count = 0; count < 2; count++) {
      const payment = await joined(emma, 1_000n)
      const choice = { kind: 'exchange', rate } as const
      assert.equal((await town.say(emma, { name: 'choose-means', payment, choice })).refusal, null)
      bills.push(payment)
    }
    const [first, second] = bills
    assert.ok(first && second)
    const answers = await both(
      (over) => town.approve(emma, first, { over }),
      (over) => town.approve(emma, second, { over }),
    )
    assert.deepEqual(answers.map(code).toSorted(byText), ['done', 'insufficient-funds'])
    assert.equal(await town.balanceIn(emma, USD), 1_000n - 673n)
  }
})

test('an order is ended once, whoever ends it', async () => {
  const [payer] = town.people
  assert.ok(payer)
  for (let round = 0; round < 5; round++) {
    const payment = await asked(payer)
    assert.equal((await town.hub.answerOutside(payment, 1, true)).refusal, null)
    const end = { state: 'yes', reference: null, trouble: null } as const
    const won = await Promise.all([ground, other].map(({ store }) => store.concludeOrder(payment, 1, end)))
    assert.deepEqual(won.filter(Boolean), [true])
  }
})
