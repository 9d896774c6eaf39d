// The simulator: two hundred seeds without a fault, each twice with the same history; and every planted bug is found.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Counted } from '#sim/history.ts'
import { bucketOfId } from '#core/ids.ts'
import { PLANTS } from '#sim/plants.ts'
import { seedAfter, simulate } from '#sim/simulate.ts'
import type { DeviceActor } from '#switch/actors.ts'
import { StoreUnavailable } from '#switch/store.ts'
import { billOf, memoryGround, newId, openTown } from './support/world.ts'

const SEEDS = 200
const FIRST = seedAfter('1', 0)

/** What two hundred seeds must at least have done; a run does some twice that. */
const AT_LEAST: Record<Counted, number> = {
  'deals opened': 1_000,
  joins: 1_000,
  'payments settled': 350,
  'payments held': 200,
  releases: 300,
  cancels: 200,
  declines: 50,
  refunds: 200,
  'bills changed': 800,
  'challenges answered': 80,
  misses: 800,
  'tries used up': 1_000,
  shortages: 200,
  'approvals of an old bill': 30,
  'forgeries refused': 800,
  'hub crashes': 400,
  'client crashes': 900,
  'requests lost': 900,
  'answers lost': 1_000,
  'requests twice': 1_000,
  'messages lost': 1_000,
  'store away': 2_000,
  'commits unknown': 400,
  'commands repeated': 3_000,
  'commands resumed': 200,
  mismatches: 60,
  deposits: 1_200,
}

test('two hundred towns full of faults keep their books, and each happens again in the same way', async () => {
  const counts = new Map<Counted, number>()
  for (let index = 0; index < SEEDS; index++) {
    const seed = seedAfter(FIRST, index)
    const run = await simulate(seed)
    assert.deepEqual(run.faults, [], `npm run simulate -- --seed ${seed}`)
    const again = await simulate(seed)
    assert.equal(again.history, run.history, `seed ${seed} has two histories`)
    for (const [what, count] of run.counts) counts.set(what, (counts.get(what) ?? 0) + count)
  }
  const done = Object.fromEntries(counts)
  // The names are those of the table itself.
  for (const what of Object.keys(AT_LEAST) as Counted[])
    assert.ok((counts.get(what) ?? 0) >= AT_LEAST[what], `too few ${what}: ${JSON.stringify(done)}`)
})

for (const [name, plant] of Object.entries(PLANTS)) {
  test(`a planted bug is found: ${plant.story}`, async () => {
    for (let index = 0; index < SEEDS; index++) {
      const { faults } = await simulate(seedAfter(FIRST, index), { plant })
      if (faults.length > 0) return
    }
    assert.fail(`${name} was not found in ${SEEDS} seeds`)
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
