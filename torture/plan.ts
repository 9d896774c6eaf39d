// What a cycle does, from its seed alone: the same seed plans the same cycle again.
import { utf8 } from '#core/bytes.ts'
import { chanceOf, type Chance } from '#sim/random.ts'
import { FAILPOINTS, type Failpoint, type Victim } from './failpoints.ts'

export type KillPlan = Readonly<{
  victim: Victim
  /** null: after `afterMs` of load, wherever the hub is then */
  failpoint: Failpoint | null
  afterMs: number
  /** the how-manieth passing of the failpoint */
  nth: number
  /** which of the database's processes, 0 to 1 */
  draw: number
}>

export const chanceOfCycle = (mode: string, seed: number): Chance => chanceOf(utf8(`${mode} ${seed}`))

/**
 * Failpoints in their order, so that as many cycles as there are failpoints come by all of them; every fourth cycle is at random.
 * The victims take turns: a supervisor waits before it starts a database that dies again and again.
 */
export function killPlan(seed: number): KillPlan {
  const chance = chanceOfCycle('kill', seed)
  const isRandom = seed % 4 === 3
  const failpoint = FAILPOINTS[(seed - Math.floor(seed / 4)) % FAILPOINTS.length] ?? null
  const victim = (['hub', 'database', 'hub', 'both', 'hub', 'backend', 'both'] as const)[seed % 7] ?? 'hub'
  return {
    victim,
    failpoint: isRandom ? null : failpoint,
    afterMs: chance.between(20, 400),
    nth: chance.between(1, 8),
    draw: chance.below(1_000) / 1_000,
  }
}
