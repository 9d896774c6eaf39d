// What goes wrong in a run, drawn from its seed: each seed has its own mix, so that rare faults meet in many ways.
import type { Chance } from './random.ts'

/** Probabilities for one request, message or commit; times in milliseconds. */
export type Faults = Readonly<{
  requestLost: number
  answerLost: number
  requestTwice: number
  /** a request or message that comes much later than its neighbours */
  late: number
  messageLost: number
  messageTwice: number
  /** a watch connection that breaks, at each look */
  connectionCut: number
  storeSlow: number
  storeAway: number
  /** the commit's answer is lost */
  commitUnknown: number
  /** the hub dies right after a commit */
  crashAtCommit: number
  /** the hub dies while it waits for the store, before or after anything was done there */
  crashAtAwait: number
  /** mean time between crashes of a hub, 0 for none */
  hubCrashMs: number
  clientCrashMs: number
  hubs: number
  lanes: number
  /** nights and longer: how often the calendar leaps while things go wrong */
  leaps: number
}>

/** The mix of a seed. */
export function drawFaults(chance: Chance): Faults {
  const sometimes = (highest: number): number => (chance.happens(0.6) ? (highest * chance.between(1, 100)) / 100 : 0)
  return {
    requestLost: sometimes(0.2),
    answerLost: sometimes(0.25),
    requestTwice: sometimes(0.25),
    late: sometimes(0.15),
    messageLost: sometimes(0.3),
    messageTwice: sometimes(0.2),
    connectionCut: sometimes(0.15),
    storeSlow: sometimes(0.5),
    storeAway: sometimes(0.06),
    commitUnknown: sometimes(0.12),
    crashAtCommit: sometimes(0.02),
    hubCrashMs: chance.happens(0.5) ? chance.between(15_000, 90_000) : 0,
    clientCrashMs: chance.happens(0.5) ? chance.between(20_000, 120_000) : 0,
    hubs: chance.between(1, 2),
    lanes: chance.between(1, 4),
    crashAtAwait: sometimes(0.004),
    leaps: chance.below(5),
  }
}

/** Everything works, with the same hubs. */
export const healed = ({ hubs, lanes }: Faults): Faults => ({
  requestLost: 0,
  answerLost: 0,
  requestTwice: 0,
  late: 0,
  messageLost: 0,
  messageTwice: 0,
  connectionCut: 0,
  storeSlow: 0,
  storeAway: 0,
  commitUnknown: 0,
  crashAtCommit: 0,
  crashAtAwait: 0,
  leaps: 0,
  hubCrashMs: 0,
  clientCrashMs: 0,
  hubs,
  lanes,
})

/** As a line for people. */
export const describeFaults = (faults: Faults): string =>
  Object.entries(faults)
    .map(([name, value]) => `${name} ${Math.round(value * 10_000) / 10_000}`)
    .join(', ')
