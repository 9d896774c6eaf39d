// Histories of a bank in virtual time, each from a seed: two hubs at most on one memory store, with faults, deaths and lanes of their
// own; and the planted reads that must be found.
import { createHash } from 'node:crypto'
import { assert } from '#core/assert.ts'
import { concat, fromHex, sha256, utf8 } from '#core/bytes.ts'
import { idFrom } from '#core/ids.ts'
import { faultsOf } from '#core/invariants.ts'
import { virtualClock, type Clock } from '#sim/clock.ts'
import { drawFaults, healed } from '#sim/faults.ts'
import { openHistory } from '#sim/history.ts'
import { chanceOf, type Chance } from '#sim/random.ts'
import { faultyStore, type Life } from '#sim/store.ts'
import { memoryBudgets } from '#switch/budgets.ts'
import { memoryStore } from '#switch/memory-store.ts'
import type { Balance, Store } from '#switch/store.ts'
import { createSwitch } from '#switch/switch.ts'
import { runBank, type AccountHistory, type Counter, type Surroundings } from './clients.ts'
import { accountModel, isLinearizable } from './linearizable.ts'
import { RULES } from './grounds.ts'
import { BUCKETS } from './world.ts'

export const OPERATIONS = 500
export const START = 1_800_000_000_000
/** Virtual time in which every history ends by far. */
const LONGEST_MS = 60 * 60_000
const PATIENCE_MS = 2_500

export const chanceOfHistory = (seed: string): Chance =>
  chanceOf(sha256(concat(utf8('warifu histories'), fromHex(seed) ?? new Uint8Array(16))))

/** A store that lies when it is asked for balances. */
export type Plant = (store: Store, clock: Clock) => Store

export type Run = Readonly<{
  /** what must not be: accounts without an order, faults of the books, alarms */
  broken: readonly string[]
  operations: number
  hash: string
  counts: ReadonlyMap<string, number>
}>

/** The accounts whose history has no order. */
export const brokenOf = (histories: ReadonlyMap<string, AccountHistory>): string[] =>
  [...histories].filter(([, history]) => !isLinearizable(history, accountModel(0n))).map(([account]) => account)

export const sizeOf = (histories: ReadonlyMap<string, AccountHistory>): number =>
  [...histories.values()].reduce((total, history) => total + history.length, 0)

/** One history; twice with the same seed (32 hex digits) gives the same. */
export async function runSeed(seed: string, plant: Plant = (store) => store): Promise<Run> {
  const chance = chanceOfHistory(seed)
  const clock = virtualClock(START)
  const memory = memoryStore({ buckets: BUCKETS, now: clock.now })
  const history = openHistory({ now: clock.now, print: null })
  const drawn = drawFaults(chance)
  const world = { store: plant(memory, clock), clock, history, faults: drawn }
  const id = idFrom('sch', chance.bytes(16))
  const scheme = {
    id,
    buckets: BUCKETS,
    rules: { ...RULES, id },
  }
  const alarms: string[] = []
  const counters = Array.from({ length: drawn.hubs }, (): Counter | undefined => undefined)

  function open(index: number, own: Chance): void {
    const life: Life = { isAlive: true }
    const crash = (): void => {
      if (!life.isAlive) return
      life.isAlive = false
      counters[index] = undefined
      history.count('hub crashes')
      clock.after(own.between(200, 4_000), () => open(index, own.fork('next')))
    }
    const store = faultyStore(world, life, own.fork('store'), crash)
    const hub = createSwitch({
      store,
      budgets: memoryBudgets(clock.now),
      scheme,
      random: own.fork('ids').bytes,
      lanes: drawn.lanes,
      onChange: () => {},
      onAlarm: ({ error }) => void alarms.push(String(error)),
    })
    counters[index] = { hub, store }
    if (drawn.hubCrashMs > 0) clock.after(own.between(1, drawn.hubCrashMs), () => world.faults === drawn && crash())
  }
  counters.forEach((_, index) => open(index, chance.fork(`hub ${index}`)))

  const around: Surroundings = {
    ground: { store: world.store, scheme, register: memory.register },
    chance: chance.fork('clients'),
    hubs: drawn.hubs,
    counter: (index) => counters[index],
    async ask(own, request) {
      await clock.sleep(own.below(15))
      const heard = await Promise.race([request(), clock.sleep(PATIENCE_MS).then(() => undefined)])
      await clock.sleep(own.below(15))
      return own.happens(world.faults.answerLost / 4) ? undefined : heard
    },
    pause: (own, low, high) => clock.sleep(own.between(low, high)),
  }
  const bank = runBank(around, OPERATIONS, () => void (world.faults = healed(drawn)))
  let isOver = false
  void bank.finally(() => (isOver = true)).catch(() => {})
  await clock.run(START + LONGEST_MS, () => isOver)
  assert(isOver, `seed ${seed} ends`)
  const { histories, told } = await bank
  const text = JSON.stringify([...histories], (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value))
  return {
    broken: [...brokenOf(histories), ...faultsOf({ ...memory.contents(), buckets: BUCKETS }), ...alarms],
    operations: sizeOf(histories),
    hash: createHash('sha256').update(text).digest('hex'),
    counts: new Map<string, number>([...told, ...history.counts]),
  }
}

/** Balances kept for a while and shown again, as a cache in front of the database would. */
export const cached =
  (forMs: number): Plant =>
  (store, clock) => {
    const kept = new Map<string, { at: number; balances: Balance[] }>()
    return {
      ...store,
      async readBalances(account) {
        const known = kept.get(account)
        if (known !== undefined && clock.now() - known.at < forMs) return known.balances
        const balances = await store.readBalances(account)
        kept.set(account, { at: clock.now(), balances })
        return balances
      },
    }
  }

/** Every third read is answered by a replica that is behind by one commit of that account. */
export const behind: Plant = (store) => {
  const last = new Map<string, { now: Balance[]; before: Balance[] }>()
  let reads = 0
  return {
    ...store,
    async readBalances(account) {
      const now = await store.readBalances(account)
      const known = last.get(account)
      const isNew = known?.now[0]?.version !== now[0]?.version
      const before = isNew ? (known?.now ?? now) : (known?.before ?? now)
      last.set(account, { now, before })
      return ++reads % 3 === 0 ? before : now
    },
  }
}

/** Every other read counts what is still on its way: money is there, and then not yet. */
export const hasty: Plant = (store) => {
  let reads = 0
  return {
    ...store,
    async readBalances(account) {
      const balances = await store.readBalances(account)
      const isHasty = ++reads % 2 === 0
      return isHasty ? balances.map((each) => ({ ...each, balance: each.balance + each.arriving })) : balances
    },
  }
}
