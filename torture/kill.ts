// (a) kill -9 of the hub, of the database, of one of its backends, or of hub and database together: at named failpoints and at random.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { ask, databaseProcesses, isGone, killBackend, killDatabase, settingsOf, whenUp } from './database.ts'
import { nameOf, type Victim } from './failpoints.ts'
import { clusterOf, hubOn, type Sabotage } from './hub.ts'
import type { Mode, Torture } from './torture.ts'
import { killPlan, type KillPlan } from './plan.ts'
import { openSite } from './site.ts'
import { until } from './until.ts'

/** A failpoint that nobody comes by in this time is given up, and the kill is at random. */
const REACHED_WITHIN_MS = 4_000

export const killing: Mode = {
  name: 'kill',
  what: 'kills',
  brokeInCycle: 1,
  hindrance: () => null,
  async open({ folder, seed, sabotage, pairs }) {
    const data = join(folder, 'data')
    const cluster = clusterOf(data)
    mkdirSync(data, { recursive: true })
    const hub = hubOn({ data, said: join(folder, 'hub.txt'), sabotage })
    const site = await openSite({ folder, hub, database: () => settingsOf(cluster), pairs, seed: String(seed) })
    if (sabotage === 'synchronous-commit-off') await forgetful(cluster)

    async function cycle(cycleSeed: number): ReturnType<Torture['cycle']> {
      const plan = planOf(cycleSeed, sabotage)
      const counts: Record<string, number> = {}
      hub.arm(null)
      site.go()
      const how = await struck(plan)
      counts[`by ${plan.victim}`] = 1
      counts[how] = 1
      if (!hub.isAlive()) await hub.start()
      await whenUp(cluster)
      const faults = await site.keptFaults()
      return { faults: faults.length > 0 ? faults : await site.restFaults(), broke: 1, counts }
    }

    /** Kills as planned and waits until it has happened; says where it was. */
    async function struck(plan: KillPlan): Promise<string> {
      const { failpoint, victim, nth, draw } = plan
      const [, ...children] = databaseProcesses(cluster)
      if (failpoint !== null) {
        const before = hub.struck()
        hub.arm({ failpoint, nth, victim, cluster, draw })
        const isStruck = (): boolean => !hub.isAlive() || hub.struck() > before
        const reached = await until(nameOf(failpoint), isStruck, REACHED_WITHIN_MS).then(
          () => true,
          () => false,
        )
        if (reached) {
          await swept(victim, children)
          return nameOf(failpoint)
        }
        hub.arm(null)
      }
      await pause(plan.afterMs)
      if (victim === 'backend') killBackend(cluster, draw)
      if (victim === 'database' || victim === 'both') killDatabase(cluster)
      if (victim === 'hub' || victim === 'both') await hub.kill()
      await swept(victim, children)
      return failpoint === null ? 'at random' : `not reached: ${nameOf(failpoint)}`
    }

    /** Whatever has died takes the database's other processes with it, a moment later: until then the old ones would answer. */
    async function swept(victim: Victim, children: readonly number[]): Promise<void> {
      const areGone = (): boolean => children.every(isGone)
      if (victim === 'hub') return
      // The one that was chosen may have ended by itself in that moment: then the first, the checkpointer, is killed.
      await until('the end of the killed', areGone, 2_000).catch(() => killBackend(cluster, 0))
      await until('the end of the killed', areGone)
    }

    return {
      cycle,
      acknowledged: () => site.acknowledged(),
      async close() {
        await site.close()
        await hub.stop()
        killDatabase(cluster)
      },
    }
  },
}

/** Each sabotage has its own way to be found at once; without one the seed plans everything. */
function planOf(seed: number, sabotage: Sabotage | null): KillPlan {
  const plan = killPlan(seed)
  switch (sabotage) {
    case null:
    case 'fsync-off':
      return plan
    case 'synchronous-commit-off':
      return { ...plan, failpoint: null, victim: 'database', afterMs: 300 }
    case 'early-answer':
      return { ...plan, failpoint: { step: 'S8', moment: 'written', of: 'settle' }, victim: 'hub', nth: 2 }
    case 'split-command':
      return { ...plan, failpoint: { step: 'S9', moment: 'committed', of: 'settle' }, victim: 'hub', nth: 2 }
  }
}

/** COMMIT is answered before it is in the log, and the log is written as late as can be. */
async function forgetful(cluster: string): Promise<void> {
  await ask(
    await settingsOf(cluster),
    'alter system set synchronous_commit = off',
    "alter system set wal_writer_delay = '10s'",
    "alter system set wal_writer_flush_after = '1GB'",
    'select pg_reload_conf()',
  )
}
