// The simulator: towns full of faults keep their books, some of them twice with the same history; and every planted bug is found by
// its recorded seed, which is clean without it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bucketOfId } from '#core/ids.ts'
import { FOUND_BY } from '#sim/found.ts'
import type { Counted } from '#sim/history.ts'
import { isPlantName, PLANTS } from '#sim/plants.ts'
import { seedAfter, simulate, type Run } from '#sim/simulate.ts'
import type { DeviceActor } from '#switch/actors.ts'
import { StoreUnavailable } from '#switch/store.ts'
import { billOf, memoryGround, newId, openTown } from './support/world.ts'

const SEEDS = 70
/** The first so many run a second time. */
const TWICE = 10

/** What the seeds must at least have done, all together; they do some twice that. */
const AT_LEAST: Record<Counted, number> = {
  'deals opened': 690,
  joins: 510,
  'payments settled': 160,
  'payments held': 60,
  releases: 110,
  cancels: 70,
  declines: 40,
  refunds: 40,
  'bills changed': 270,
  'challenges answered': 20,
  misses: 420,
  'tries used up': 150,
  shortages: 40,
  'approvals of an old bill': 7,
  'forgeries refused': 190,
  'hub crashes': 310,
  'client crashes': 360,
  'requests lost': 560,
  'answers lost': 520,
  'requests twice': 810,
  'messages lost': 700,
  'store away': 1690,
  'commits unknown': 280,
  'commands repeated': 2040,
  'commands resumed': 90,
  mismatches: 20,
  deposits: 940,
  'deaths in an await': 160,
  'leaps of the calendar': 70,
  'portions held': 70,
  'portions released by time': 10,
  'portions delivered': 10,
  'lines taken back': 9,
  'lines taken back too late': 2,
  'undelivered and returned': 1,
  'refunds by line': 15,
  'refunds refused': 60,
  'shops asked': 10,
  'shops said yes': 5,
  'shops said no': 1,
  'restricted refusals': 40,
  'bills sent to contacts': 100,
  'bills refused to strangers': 220,
  'bills refused to the blocked': 50,
  'links between people': 130,
  'people paid people': 80,
  'hand-backs settled': 10,
  'hand-backs that ended': 9,
  'hand-backs repeated': 50,
  'hand-backs by two phones': 30,
  'over the payment limit': 35,
  'over the day limit': 70,
  'over the month limit': 20,
  'frozen refusals': 40,
  'closed refusals': 80,
  'accounts frozen': 80,
  'accounts unfrozen': 210,
  'accounts closed': 5,
  'limits set': 70,
  'people verified': 200,
  'cash in': 150,
  'cash out': 70,
  'credit files': 120,
  'payments in a second unit': 20,
  'questions answered': 40,
  'questions sent': 100,
  'questions refused to the blocked': 50,
  'asked too often': 6,
  'more was shown': 45,
  'answers replayed': 20,
  'thefts refused': 170,
  'codes read': 45,
  'codes that were no good': 65,
  'codes over the cap': 4,
  'payments by code': 10,
  'purchases handed in by phones': 30,
  'taken without a network': 6,
  'over the offline caps': 5,
}

const seedOf = (index: number): string => seedAfter('0', index)
const runs = new Map<number, Promise<Run>>()

/** A clean run of a seed, once for all tests. */
function clean(index: number): Promise<Run> {
  const run = runs.get(index) ?? simulate(seedOf(index))
  runs.set(index, run)
  return run
}

async function keepsItsBooks(index: number): Promise<Run> {
  const run = await clean(index)
  assert.deepEqual(run.faults, [], `npm run simulate -- --seed ${seedOf(index)}`)
  return run
}

test('towns full of faults keep their books, and everything that can happen in them has happened', async () => {
  const counts = new Map<Counted, number>()
  for (let index = 1; index <= SEEDS; index++) {
    const run = await keepsItsBooks(index)
    for (const [what, count] of run.counts) counts.set(what, (counts.get(what) ?? 0) + count)
  }
  const done = Object.fromEntries(counts)
  // The names are those of the table itself.
  for (const what of Object.keys(AT_LEAST) as Counted[])
    assert.ok((counts.get(what) ?? 0) >= AT_LEAST[what], `too few ${what}: ${JSON.stringify(done)}`)
})

test('each town happens again in the same way', async () => {
  for (let index = 1; index <= TWICE; index++) {
    const [first, again] = [await clean(index), await simulate(seedOf(index))]
    assert.equal(again.history, first.history, `seed ${seedOf(index)} has two histories`)
  }
})

test('at least thirty bugs are planted', () => {
  assert.ok(Object.keys(PLANTS).length >= 30)
})

for (const [name, index] of Object.entries(FOUND_BY)) {
  assert.ok(isPlantName(name))
  const plant = PLANTS[name]
  test(`a planted bug is found: ${plant.story}`, async () => {
    const { faults } = await simulate(seedOf(index), { plant })
    assert.notDeepEqual(faults, [], `seed ${index} does not find ${name} any more: npm run simulate -- --record`)
    await keepsItsBooks(index)
  })
}

// Found by seeds of the simulator, told as stories: a seed means another run as soon as the simulator changes.

/** A join whose first half was committed, and whose hub then lost its database. */
async function halfJoin(where: 'in one bucket' | 'in two buckets') {
  const ground = await memoryGround()
  const town = await openTown(ground)
  let payer: DeviceActor
  do payer = await town.person('Hanako', 10_000n)
  while ((bucketOfId(payer.id) === bucketOfId(town.till.id)) !== (where === 'in one bucket'))
  const failing = town.make({
    ...ground,
    store: {
      ...ground.store,
      transact: (needs, decide) =>
        needs.some(({ payments }) => payments.length > 0)
          ? Promise.reject(new StoreUnavailable('the store is away'))
          : ground.store.transact(needs, decide),
    },
  })
  const { deal, token } = await town.offer(billOf(500n))
  const id = newId('cmd')
  const credential = { kind: 'token', token } as const
  const join = (over = town.hub) => town.say(payer, { name: 'join', credential, address: '127.0.0.1' }, id, over)
  await assert.rejects(join(failing), StoreUnavailable)
  return { town, ground, deal, join }
}

test('a join left half-way in one bucket is finished by its repetition', async () => {
  const { town, ground, join } = await halfJoin('in one bucket')
  const { refusal, payment } = await join()
  assert.equal(refusal, null)
  assert.ok(payment !== null && (await ground.store.readPayment(payment)) !== undefined)
  assert.deepEqual(await town.faults(), [])
})

test('a join by code that was let go before its answer came is not answered as a miss', async () => {
  const { town, deal, join } = await halfJoin('in two buckets')
  const seen = await town.hub.lookAt({ terminal: town.till.id, deal })
  assert.ok(seen?.payment)
  const payment = seen.payment.id
  assert.equal((await town.say(town.till, { name: 'release', deal, payment })).refusal, null)
  const answer = await join()
  assert.deepEqual([answer.refusal, answer.payment], [null, payment])
})
