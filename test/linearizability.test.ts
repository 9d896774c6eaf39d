// Balances read through any hub at any moment are those of one account that does one thing after another: histories of clients
// under faults, in virtual time from seeds and on the real PostgreSQL, and planted reads that are not, which must be found.
// HISTORIES=200 in the environment makes it a longer run.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, describe, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import pg from 'pg'
import { faultsOf } from '#core/invariants.ts'
import { createScheme } from '#server/postgres/scheme.ts'
import { virtualClock } from '#sim/clock.ts'
import type { Chance } from '#sim/random.ts'
import { seedAfter } from '#sim/simulate.ts'
import { memoryBudgets } from '#switch/budgets.ts'
import type { Store } from '#switch/store.ts'
import { createSwitch } from '#switch/switch.ts'
import { runBank, type Counter, type Surroundings } from './support/clients.ts'
import {
  behind,
  brokenOf,
  cached,
  chanceOfHistory,
  hasty,
  OPERATIONS,
  runSeed,
  sizeOf,
  START,
  type Plant,
  type Run,
} from './support/histories.ts'
import { migratedDatabase } from './support/postgres.ts'
import { BUCKETS, groundOn, JPY, newId } from './support/world.ts'

/** Fifty have done everything many times, in a quarter of a minute. */
const HISTORIES = Number(process.env['HISTORIES'] ?? 50)
const FIRST = seedAfter('1', 0)
const POSTGRES_HISTORIES = 3
const REQUESTS_PER_CUT = 25

describe('histories in virtual time', () => {
  test(`${HISTORIES} histories of five hundred operations under faults each have an order for every account`, async (t) => {
    const seeds = Array.from({ length: HISTORIES }, (_, index) => seedAfter(FIRST, index))
    const half = HISTORIES / 2
    const runs = (await Promise.all([inThread(seeds.slice(0, half)), inThread(seeds.slice(half))])).flat()
    assert.equal(runs.length, HISTORIES)
    const counts = new Map<string, number>()
    let operations = 0
    for (const { seed, run } of runs) {
      assert.deepEqual(run.broken, [], `seed ${seed}`)
      assert.ok(run.operations >= OPERATIONS)
      operations += run.operations
      for (const [what, count] of run.counts) counts.set(what, (counts.get(what) ?? 0) + count)
    }
    const done = JSON.stringify(Object.fromEntries(counts))
    t.diagnostic(`${HISTORIES} histories, ${operations} operations: ${done}`)
    for (const [what, atLeast] of AT_LEAST)
      assert.ok((counts.get(what) ?? 0) >= (atLeast * HISTORIES) / 10, `too few ${what}: ${done}`)
  })
})

type Finished = Readonly<{ seed: string; run: Run }>

async function inThread(seeds: readonly string[]): Promise<Finished[]> {
  const runs: Finished[] = []
  const worker = new Worker(new URL('./support/history-worker.ts', import.meta.url), { workerData: seeds })
  // Border: the worker posts nothing else.
  worker.on('message', (finished) => void runs.push(finished as Finished))
  await once(worker, 'exit')
  return runs
}

/** What ten histories must at least have done; they do some twice that. */
const AT_LEAST: readonly (readonly [what: string, atLeast: number])[] = [
  ['reads', 1_250],
  ['payments', 125],
  ['refunds', 125],
  ['cash in', 200],
  ['sent', 75],
  ['short', 250],
  ['unknown', 10],
  ['asked again', 500],
  ['drains', 1_000],
  ['hub crashes', 15],
  ['store away', 150],
  ['commits unknown', 75],
]

const PLANTS: readonly (readonly [story: string, seed: string, plant: Plant])[] = [
  ['a balance kept for a tenth of a second', seedAfter(FIRST, 0), cached(100)],
  ['a replica that is one commit behind', seedAfter(FIRST, 0), behind],
  ['money on its way that counts at every other look', seedAfter(FIRST, 0), hasty],
]

describe('planted reads', () => {
  for (const [story, seed, plant] of PLANTS)
    test(`${story} is found by seed ${seed}`, async () => {
      assert.notDeepEqual((await runSeed(seed, plant)).broken, [])
      assert.deepEqual((await runSeed(seed)).broken, [])
    })

  test('a seed writes the same history each time', async () => {
    const seed = seedAfter(FIRST, 7)
    assert.equal((await runSeed(seed)).hash, (await runSeed(seed)).hash)
  })
})

describe('histories on PostgreSQL', () => {
  let grounds: readonly Awaited<ReturnType<typeof groundOn>>[]
  let admin: pg.Client

  before(async () => {
    const { settings, ...first } = await groundOn(await schemeDatabase())
    grounds = [{ settings, ...first }, await groundOn(settings)]
    admin = new pg.Client(settings)
    await admin.connect()
  })
  after(async () => {
    await admin.end()
    await Promise.all(grounds.map((ground) => ground.close()))
  })

  /** Two hubs with pools of their own on one database; after some requests a connection of either is cut. */
  async function runOnPostgres(
    seed: string,
    plant: (store: Store) => Store = (store) => store,
  ): Promise<{ broken: readonly string[]; operations: number; cuts: number }> {
    const chance = chanceOfHistory(seed)
    const [ground] = grounds
    assert.ok(ground)
    const alarms: unknown[] = []
    const counters = grounds.map(({ store, scheme }): Counter => ({
      store: plant(store),
      hub: createSwitch({
        store,
        budgets: memoryBudgets(() => 0),
        scheme,
        random: chance.fork('ids').fork(newId('cmd')).bytes,
        lanes: 4,
        onChange: () => {},
        onAlarm: ({ error }) => void alarms.push(error),
      }),
    }))
    let requests = 0
    let cuts = 0
    let isHealed = false
    const cut = async (own: Chance): Promise<void> => {
      const { rows } = await admin.query<{ pid: number }>(
        `select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`,
      )
      if (rows.length === 0) return
      await admin.query('select pg_terminate_backend($1)', [own.pick(rows).pid])
      cuts++
    }
    const around: Surroundings = {
      ground,
      chance: chance.fork('clients'),
      hubs: grounds.length,
      counter: (index) => counters[index],
      ask: async (own, request) => {
        const asked = request()
        // Cut while the request is under way, so that reads, batches and commits are all met.
        if (!isHealed && ++requests % REQUESTS_PER_CUT === 0) await Promise.allSettled([asked, cut(own)])
        return asked
      },
      pause: () => new Promise((resolve) => setImmediate(resolve)),
    }
    const { histories } = await runBank(around, OPERATIONS, () => void (isHealed = true))
    assert.deepEqual(alarms, [])
    return { broken: brokenOf(histories), operations: sizeOf(histories), cuts }
  }

  test('histories over two hubs whose connections drop each have an order for every account', async (t) => {
    let operations = 0
    let cuts = 0
    for (let index = 0; index < POSTGRES_HISTORIES; index++) {
      const seed = seedAfter(FIRST, 1_000 + index)
      const run = await runOnPostgres(seed)
      assert.deepEqual(run.broken, [], `seed ${seed}`)
      operations += run.operations
      cuts += run.cuts
    }
    t.diagnostic(`${POSTGRES_HISTORIES} histories, ${operations} operations, ${cuts} connections cut`)
    assert.ok(operations >= POSTGRES_HISTORIES * OPERATIONS && cuts >= 10 * POSTGRES_HISTORIES)
    const [ground] = grounds
    assert.ok(ground)
    for (let bucket = 0; bucket < BUCKETS; bucket++) while ((await ground.store.deposit(bucket)) > 0);
    assert.deepEqual(faultsOf(await ground.books()), [])
  })

  test('a hub that answers the third look at a balance with the one before it is found', async () => {
    assert.notDeepEqual(
      (await runOnPostgres(seedAfter(FIRST, 2_000), (store) => behind(store, virtualClock(START)))).broken,
      [],
    )
  })
})

async function schemeDatabase(): Promise<pg.ClientConfig> {
  const settings = await migratedDatabase()
  await createScheme(settings, { name: 'Test', demo: false, buckets: BUCKETS, unit: JPY })
  return settings
}
