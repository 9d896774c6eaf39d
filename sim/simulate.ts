// One run of one seed: a town is opened, things go wrong for some minutes, then everything heals and all that was begun must end
// well. Twice with the same seed gives the same history.
import { concat, fromHex, sha256, utf8 } from '#core/bytes.ts'
import { memoryBudgets } from '#switch/budgets.ts'
import { memoryStore } from '#switch/memory-store.ts'
import { playPhone } from './actors/phone.ts'
import { playRegister } from './actors/register.ts'
import { playThief } from './actors/thief.ts'
import { openChecks } from './checks.ts'
import { virtualClock, type Clock } from './clock.ts'
import { BUCKETS, openDirectory, schemeOf } from './directory.ts'
import { describeFaults, drawFaults, healed, type Faults } from './faults.ts'
import { openHistory, type Counted } from './history.ts'
import { openHub, subjectsOf, type Hub } from './hub.ts'
import { openMachine, type Machine } from './machine.ts'
import { NO_PLANT, type Plant } from './plants.ts'
import { chanceOf, type Chance } from './random.ts'
import { observedStore } from './store.ts'
import type { World } from './world.ts'

export type Run = Readonly<{
  /** one sentence each; none is what we want */
  faults: readonly string[]
  settings: Faults
  history: string
  counts: ReadonlyMap<Counted, number>
  last: readonly string[]
}>

const START = 1_800_000_000_000
const AUDIT_MS = 30_000
/** Longer than anything takes to end by itself: a joined deal lives for 10 minutes, a cancellation period of the town for one. */
const HEALING_MS = 14 * 60_000
/** After all is quiet the last answers and deposits find their way. */
const AFTERGLOW_MS = 75_000

/** The seed after another, as 32 hex digits. */
export function seedAfter(seed: string, steps: number): string {
  return ((BigInt(`0x${seed}`) + BigInt(steps)) & ((1n << 128n) - 1n)).toString(16).padStart(32, '0')
}

/** Runs a seed (32 hex digits) once. `print` gets each event as it happens. */
export async function simulate(
  seed: string,
  options: { plant?: Plant; print?: ((line: string) => void) | null } = {},
): Promise<Run> {
  const { plant = NO_PLANT, print = null } = options
  const bytes = fromHex(seed)
  if (bytes?.length !== 16) throw new RangeError('a seed is 32 hex digits')
  const chance = chanceOf(sha256(concat(utf8('warifu simulator'), bytes)))
  const settings = drawFaults(chance)
  const clock = virtualClock(START)
  const history = openHistory({ now: clock.now, print })
  history.tell(describeFaults(settings))
  const { world, hubs, machines } = await openTown({ chance, clock, history, settings, plant })
  const { checks } = world

  const isBroken = (): boolean => checks.faults.length > 0
  keepAuditing(world, isBroken)
  for (const [index, hub] of hubs.entries())
    fromTimeToTime(world, chance.fork(`crash ${index}`), () => world.faults.hubCrashMs, hub.crash)
  for (const [index, machine] of machines.entries())
    fromTimeToTime(world, chance.fork(`power ${index}`), () => world.faults.clientCrashMs, machine.crash)
  for (const machine of machines) clock.after(chance.below(2_000), machine.start)
  await clock.run(START + chance.between(2, 5) * 60_000, isBroken)

  history.tell('everything heals')
  world.faults = healed(settings)
  world.isClosing = true
  const healedAt = clock.now()
  await clock.run(healedAt + AFTERGLOW_MS, isBroken)
  await clock.run(healedAt + HEALING_MS, () => isBroken() || checks.isQuiet())
  await clock.run(clock.now() + AFTERGLOW_MS, isBroken)
  if (!isBroken()) checks.final(await commandsLeft(machines))
  count(world)
  return {
    faults: checks.faults,
    settings,
    history: history.hash(),
    counts: history.counts,
    last: history.last(),
  }
}

async function openTown(given: {
  chance: Chance
  clock: Clock
  history: ReturnType<typeof openHistory>
  settings: Faults
  plant: Plant
}): Promise<{ world: World; hubs: Hub[]; machines: Machine[] }> {
  const { chance, clock, history, settings, plant } = given
  const memory = memoryStore({ buckets: BUCKETS, now: clock.now })
  const scheme = schemeOf(chance)
  const directory = await openDirectory({ store: memory, scheme, chance, people: chance.between(2, 4) })
  const checks = openChecks({ store: memory, scheme, directory, history, now: clock.now })
  const commits = new Map<string, number>()
  const store = observedStore(plant.store?.(memory, clock) ?? memory, (writes) => {
    checks.committed(writes)
    const offers = writes.offers.map(({ offer }) => offer)
    const payments = writes.payments.map(({ payment }) => payment)
    for (const subject of subjectsOf(offers, payments)) commits.set(subject, clock.now())
  })
  const world: World = {
    clock,
    history,
    scheme,
    directory,
    checks,
    store,
    memory,
    budgets: plant.budgets ?? memoryBudgets(clock.now),
    plant,
    faults: settings,
    commits,
    isClosing: false,
    screens: new Map(),
    overheard: [],
  }
  const hubs = Array.from({ length: settings.hubs }, (_, index) =>
    openHub(world, `hub ${index + 1}`, chance.fork(`hub ${index}`)),
  )
  const machine = (who: (typeof directory)['thief'] | (typeof directory)['registers'][number], play: Play): Machine =>
    openMachine({ world, hubs, who, chance: chance.fork(who.actor.id), play })
  type Play = Parameters<typeof openMachine>[0]['play']
  const machines = [
    ...directory.registers.map((who, index) => {
      const style = { isForgetful: index === 1, dealsAtMost: 30 }
      return machine(who, (live) => playRegister(live, style))
    }),
    ...directory.phones.map((who, index) => {
      const style = { isImpatient: index === 1, silence: index === 2 ? 0.5 : 0.08 }
      return machine(who, (live) => playPhone(live, style))
    }),
    machine(directory.thief, playThief),
  ]
  return { world, hubs, machines }
}

/** core/invariants at many moments. */
function keepAuditing(world: World, isBroken: () => boolean): void {
  const again = (): void => {
    if (isBroken()) return
    world.checks.audit()
    world.clock.after(AUDIT_MS, again)
  }
  world.clock.after(AUDIT_MS, again)
}

/** While the faults last, about every `meanMs()`. */
function fromTimeToTime(world: World, chance: Chance, meanMs: () => number, happen: () => void): void {
  const mean = meanMs()
  if (mean === 0) return
  world.clock.after(chance.between(1, 2 * mean), () => {
    if (meanMs() === 0) return
    happen()
    fromTimeToTime(world, chance, meanMs, happen)
  })
}

async function commandsLeft(machines: readonly Machine[]): Promise<string[]> {
  const left: string[] = []
  for (const { storage, who } of machines)
    for (const { key } of await storage.list('command ')) left.push(`${who.actor.name}: ${key}`)
  return left
}

/** What the run did, from its events. */
function count({ memory, history }: World): void {
  const { events, refunds } = memory.contents()
  for (const { body } of events) {
    if (body.kind === 'opened') history.count('deals opened')
    if (body.kind === 'joined') history.count('joins')
    if (body.kind === 'billed') history.count('bills changed')
    if (body.kind === 'approved') {
      const isHeld = body.portions.some(({ kind }) => kind === 'held')
      history.count(isHeld ? 'payments held' : 'payments settled')
    }
    if (body.kind !== 'ended' || !('reason' in body)) continue
    if (body.reason === 'released' || body.reason === 'idle') history.count('releases')
    if (body.reason === 'cancelled-by-biller') history.count('cancels')
    if (body.reason === 'cancelled-by-payer') history.count('declines')
  }
  refunds.forEach(() => history.count('refunds'))
}
