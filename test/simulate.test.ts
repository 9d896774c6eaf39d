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
  'deals opened': 1100,
  joins: 520,
  'payments settled': 170,
  'payments held': 15,
  releases: 50,
  cancels: 90,
  declines: 40,
  refunds: 20,
  'bills changed': 180,
  'challenges answered': 12,
  misses: 260,
  'tries used up': 80,
  shortages: 19,
  'approvals of an old bill': 1,
  'forgeries refused': 150,
  'hub crashes': 360,
  'client crashes': 410,
  'requests lost': 620,
  'answers lost': 640,
  'requests twice': 900,
  'messages lost': 660,
  'store away': 2340,
  'commits unknown': 280,
  'commands repeated': 2040,
  'commands resumed': 70,
  mismatches: 18,
  deposits: 850,
  'deaths in an await': 210,
  'leaps of the calendar': 70,
  'portions held': 16,
  'portions released by time': 7,
  'portions delivered': 4,
  'lines taken back': 2,
  'lines taken back too late': 1,
  'undelivered and returned': 1,
  'refunds by line': 10,
  'refunds refused': 30,
  'shops asked': 4,
  'shops said yes': 2,
  'shops said no': 1,
  'restricted refusals': 30,
  'bills sent to contacts': 60,
  'bills refused to strangers': 120,
  'bills refused to the blocked': 30,
  'links between people': 70,
  'people paid people': 30,
  'hand-backs settled': 20,
  'hand-backs that ended': 20,
  'hand-backs repeated': 60,
  'hand-backs by two phones': 40,
  'over the payment limit': 18,
  'over the day limit': 8,
  'over the month limit': 0,
  'frozen refusals': 80,
  'closed refusals': 30,
  'accounts frozen': 70,
  'accounts unfrozen': 210,
  'accounts closed': 5,
  'limits set': 70,
  'people verified': 190,
  'cash in': 140,
  'cash out': 70,
  'credit files': 150,
  'payments in a second unit': 12,
  'questions answered': 20,
  'questions sent': 60,
  'questions refused to the blocked': 30,
  'asked too often': 17,
  'more was shown': 50,
  'answers replayed': 3,
  'thefts refused': 130,
  'codes read': 30,
  'codes that were no good': 70,
  'codes over the cap': 11,
  'payments by code': 9,
  'purchases handed in by phones': 17,
  'taken without a network': 3,
  'over the offline caps': 13,
  'deals at signs': 50,
  'signs that said no': 11,
  'links opened': 50,
  'links that were over': 0,
  'links paid': 20,
  'receipts read': 80,
  'receipts of refunds': 13,
  'messages to the shop': 250,
  'messages heard': 250,
  'shop not reached': 20,
  'phones taken away': 13,
  'phones that may not pay': 30,
  'proofs too weak': 18,
  'security keys forgotten': 30,
  'means chosen': 180,
  'payments exchanged': 30,
  'banks asked': 50,
  'banks said yes': 30,
  'banks said no': 16,
  'banks too late': 1,
  'answers that did not fit': 20,
  'orders reversed': 8,
  'orders returned': 10,
  'rates run out': 30,
  'approvals of earlier means': 9,
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

test('at least seventy bugs are planted', () => {
  assert.ok(Object.keys(PLANTS).length >= 70)
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
