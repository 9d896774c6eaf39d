// A story is told on a fresh ground and ends with clean books and no alarm.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SchemeRules } from '#core/payment.ts'
import { openTown, type Ground, type Town } from './world.ts'

/** A ground whose clock the test moves, where it can. */
export type Movable = Ground & { advance?: (ms: number) => void }
export type Open = (rules?: Partial<Omit<SchemeRules, 'id'>>) => Promise<Movable>

/** Tells stories on a kind of ground; those of passing days are left to memory. */
export const storiesOn =
  (name: string, open: Open, rules?: Partial<Omit<SchemeRules, 'id'>>, settings?: Parameters<typeof openTown>[1]) =>
  (title: string, run: (town: Town, ground: Movable) => Promise<void>, only?: 'memory'): void => {
    if (only !== undefined && only !== name) return
    test(`${name}: ${title}`, async () => {
      const ground = await open(rules)
      try {
        const town = await openTown(ground, settings)
        await run(town, ground)
        await town.settleDown()
        assert.deepEqual(await town.faults(), [])
        assert.deepEqual(town.alarms, [])
      } finally {
        await ground.close()
      }
    })
  }

/** A store in memory whose clock the test moves. */
export const inMemory =
  (make: (clock: { now: number }, rules?: Partial<Omit<SchemeRules, 'id'>>) => Promise<Ground>): Open =>
  async (rules) => {
    const clock = { now: 1_800_000_000_000 }
    return { ...(await make(clock, rules)), advance: (ms) => void (clock.now += ms) }
  }
