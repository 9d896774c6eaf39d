// One run of one seed: a town is opened, things go wrong for some minutes, then everything heals and all that was begun must end
// well. Twice with the same seed gives the same history.
import { concat, fromHex, sha256, utf8 } from '#core/bytes.ts'
import { memoryBudgets } from '#switch/budgets.ts'
import { memoryStore } from '#switch/memory-store.ts'
import type { Scheme } from '#switch/switch.ts'
import { playOperator } from './actors/operator.ts'
import { PLACE_PREFIX } from './actors/places.ts'
import { playPhone } from './actors/phone.ts'
import { playRegister } from './actors/register.ts'
import { playThief } from './actors/thief.ts'
import { playWebShop } from './actors/web-shop.ts'
import { openBank } from './bank.ts'
import { openCards } from './cards.ts'
import { openChecks } from './checks.ts'
import { openCodes } from './codes.ts'
import { virtualClock, type Clock } from './clock.ts'
import { countEvents } from './counting.ts'
import { BUCKETS, openDirectory, schemeOf, type Enrolled } from './directory.ts'
import { describeFaults, drawFaults, healed, type Faults } from './faults.ts'
import { openHistory, type Counted } from './history.ts'
import { openHub, subjectsOf, type Hub } from './hub.ts'
import { openMachine, type Machine } from './machine.ts'
import { NO_PLANT, type Plant } from './plants.ts'
import { chanceOf, type Chance } from './random.ts'
import { openRates } from './rates.ts'
import { observed, upToDate } from './store.ts'
import { openWebShopBook } from './web-shop.ts'
import type { World } from './world.ts'

export type Run = Readonly<{
  /** one sentence each; none is what we want */
  faults: readonly string[]
  settings: Faults
  history: string
  counts: ReadonlyMap<Counted, number>
  last: readonly string[]
}>

/** Towns wake up shortly before one of these days is over: ends of months, of a year, of February, nights that
 *  change the clock, and days like any other. */
const DAYS = [
  '2027-01-31',
  '2027-02-28',
  '2027-03-27',
  '2027-05-19',
  '2027-06-09',
  '2027-09-14',
  '2027-10-30',
  '2027-12-31',
  '2028-02-28',
] as const
const HOUR_MS = 3_600_000
/** A nap, a working day, a night, three days (a person's bill runs out), a week (P8D), and more than a month. */
const LEAPS_MS = [1, 8, 14, 24, 24, 73, 193, 770].map((hours) => hours * HOUR_MS)
const AUDIT_MS = 30_000
/** In a healed town whatever is due is done by then. */
const ROUND_MS = 6_000
/** Everything that is open ends within some dozens of them. */
const ROUNDS = 400
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
  const scheme = schemeOf(chance)
  const start = eveningOf(chance, scheme.rules.zone)
  const clock = virtualClock(start)
  const history = openHistory({ now: clock.now, print })
  history.tell(describeFaults(settings))
  const { world, hubs, machines } = await openTown({ chance, clock, history, settings, plant, scheme })
  const { checks } = world

  const isBroken = (): boolean => checks.faults.length > 0
  keepAuditing(world, isBroken)
  for (const [index, hub] of hubs.entries())
    fromTimeToTime(world, chance.fork(`crash ${index}`), () => world.faults.hubCrashMs, hub.crash)
  for (const [index, machine] of machines.entries())
    fromTimeToTime(world, chance.fork(`power ${index}`), () => world.faults.clientCrashMs, machine.crash)
  for (const machine of machines) clock.after(chance.below(2_000), machine.start)
  const wakesMs = chance.between(2, 5) * 60_000
  leapSometimes(world, chance.fork('leaps'), wakesMs)
  await clock.run(start + wakesMs, isBroken)

  history.tell('everything heals')
  world.faults = healed(settings)
  world.isClosing = true
  await clock.run(clock.lived() + AFTERGLOW_MS, isBroken)
  await untilQuiet(world, isBroken)
  await clock.run(clock.lived() + AFTERGLOW_MS, isBroken)
  if (!isBroken()) checks.final(await commandsLeft(machines))
  countEvents(world)
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
  scheme: Scheme
}): Promise<{ world: World; hubs: Hub[]; machines: Machine[] }> {
  const { chance, clock, history, settings, plant, scheme } = given
  const memory = memoryStore({ buckets: BUCKETS, now: clock.now })
  const directory = await openDirectory({ store: memory, scheme, chance, people: chance.between(2, 4) })
  const web = openWebShopBook(directory.webShop.actor.id, plant.web ?? {})
  const rates = openRates(clock, chance.fork('rates'))
  const parties = [...new Set([...directory.phones, directory.thief].map(({ actor }) => actor.party))]
  const bank = openBank({ parties, clock, chance: chance.fork('bank'), faults: () => world.faults })
  const cards = openCards({
    phones: [...directory.phones, directory.thief],
    registers: directory.registers,
    clock,
    chance: chance.fork('cards'),
    history,
    faults: () => world.faults,
    bugs: { issuer: plant.issuer ?? {}, vault: plant.vault ?? {} },
    billerOf: (id) => memory.contents().payments.find((payment) => payment.id === id)?.biller.party ?? '',
    fail: (sentence) => checks.fail(sentence),
  })
  const told = { store: memory, scheme, directory, history, now: clock.now, lived: clock.lived }
  const checks = openChecks({ ...told, web: () => web, bank: () => bank, cards: () => cards, rates: () => rates })
  const budgets = memoryBudgets(clock.now)
  const codes = openCodes(
    () => directory,
    clock.now,
    plant.codesOfAnyPhone === true ? () => false : checks.proofs.isTakenAway,
  )
  const commits = new Map<string, number>()
  const watched = observed(memory, (writes) => {
    checks.committed(writes)
    const offers = writes.offers.map(({ offer }) => offer)
    const payments = writes.payments.map(({ payment }) => payment)
    for (const subject of subjectsOf(offers, payments)) commits.set(subject, clock.now())
  })
  const planted = plant.store?.({ memory: watched, clock, zone: scheme.rules.zone }) ?? watched
  const store = upToDate(planted, memory, checks.fail)
  const world: World = {
    clock,
    history,
    scheme,
    directory,
    checks,
    store,
    memory: watched,
    budgets: plant.budgeting?.(budgets) ?? plant.budgets ?? budgets,
    codes: plant.codes?.(codes) ?? codes,
    plant,
    faults: settings,
    commits,
    isClosing: false,
    screens: new Map(),
    links: [],
    toSign: [],
    signed: [],
    shown: [],
    photographed: [],
    web,
    bank,
    cards,
    rates,
    oneTime: [],
    receivers: new Map(),
    async putContact(contact) {
      await memory.register({ contacts: [contact] })
      checks.model.contact(contact.party, contact.account, contact.status)
    },
    overheard: [],
  }
  const hubs = Array.from({ length: settings.hubs }, (_, index) =>
    openHub(world, `hub ${index + 1}`, chance.fork(`hub ${index}`)),
  )
  await introduce(world, chance.fork('contacts'))
  const machine = (who: Enrolled, play: Play): Machine =>
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
    machine(directory.webShop, playWebShop),
    machine(directory.thief, playThief),
    machine(directory.operator, playOperator),
  ]
  return { world, hubs, machines }
}

/** Some minutes before the end of a day in the town's zone. */
const eveningOf = (chance: Chance, zone: string): number =>
  Temporal.PlainDate.from(chance.pick(DAYS)).add({ days: 1 }).toZonedDateTime(zone).epochMilliseconds -
  chance.between(1_000, 280_000)

/** Who has listed or blocked whom before the day begins. */
async function introduce(world: World, chance: Chance): Promise<void> {
  const { phones, registers } = world.directory
  for (const { actor } of phones)
    for (const { actor: other } of [...phones, ...registers])
      if (other.party !== actor.party && chance.happens(0.6))
        await world.putContact({
          party: actor.party,
          account: other.account,
          status: chance.happens(0.25) ? 'blocked' : 'listed',
        })
}

/** Nights and longer pauses: all stand still, the calendar goes on. */
function leapSometimes({ clock, history, faults }: World, chance: Chance, withinMs: number): void {
  for (let leap = 0; leap < faults.leaps; leap++)
    clock.after(chance.below(withinMs), () => {
      const ms = chance.pick(LEAPS_MS) + chance.below(HOUR_MS)
      history.tell(`the calendar leaps by ${ms} ms`)
      history.count('leaps of the calendar')
      clock.leap(ms)
    })
}

/** Whatever is not over waits for a time: the calendar leaps there, and it must end. */
async function untilQuiet({ clock, history, checks }: World, isBroken: () => boolean): Promise<void> {
  for (let round = 0; !isBroken() && !checks.isQuiet(); round++) {
    if (round === ROUNDS) return checks.fail(`never quiet: ${checks.unquiet()}`)
    const due = checks.nextDue()
    if (due === Infinity) return
    history.tell(`everybody waits until ${due}`)
    clock.leap(due - clock.now())
    await clock.run(clock.lived() + ROUND_MS, isBroken)
  }
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
    for (const prefix of ['command ', 'desk ', 'site ', PLACE_PREFIX])
      for (const { key } of await storage.list(prefix)) left.push(`${who.actor.name}: ${key}`)
  return left
}
