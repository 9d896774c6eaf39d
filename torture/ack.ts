// (c) Dropped acknowledgements: the connection to the database breaks at a COMMIT, just before it got there, right after it went out,
// or when its answer came back. The hub must find out what became of it, and the client hears one outcome.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { startEmbeddedPostgres } from '../server/postgres/supervisor.ts'
import { hubOn } from './hub.ts'
import { chanceOfCycle } from './plan.ts'
import { openSite } from './site.ts'
import type { Mode } from './torture.ts'
import { until } from './until.ts'
import { openWire, type Cut } from './wire.ts'

/** A cycle is so many dropped answers, then everything is judged. */
const DROPS_IN_CYCLE = 50
/** Of the COMMITs that pass; a hub that hears nothing three times says 503, which is part of it. */
const DROPPED = 0.25
const CUTS: readonly Cut[] = ['before', 'sent', 'sent', 'answered']

export const droppingAnswers: Mode = {
  name: 'ack',
  what: 'dropped answers',
  brokeInCycle: DROPS_IN_CYCLE,
  hindrance: () => null,
  async open({ folder, seed, sabotage, pairs }) {
    const data = join(folder, 'data')
    mkdirSync(data)
    const postgres = await startEmbeddedPostgres({ folder: data, progress: () => {} })
    const { connection } = postgres
    const wire = await openWire(connection.host)
    const databaseUrl = `postgres://${connection.user}@127.0.0.1:${wire.port}/${connection.database}`
    const hub = hubOn({ data: join(folder, 'hub'), said: join(folder, 'hub.txt'), sabotage, databaseUrl })
    const site = await openSite({ folder, hub, database: async () => connection, pairs, seed: String(seed) })
    const made = (): number => Object.values(wire.made()).reduce((total, count) => total + count, 0)

    return {
      async cycle(cycleSeed) {
        const chance = chanceOfCycle('ack', cycleSeed)
        const before = wire.made()
        const already = made()
        site.go()
        wire.cutBy(() => (chance.happens(DROPPED) && made() - already < DROPS_IN_CYCLE ? chance.pick(CUTS) : null))
        await until('dropped answers', () => made() - already >= DROPS_IN_CYCLE)
        wire.cutBy(null)
        const after = wire.made()
        const faults = await site.restFaults()
        const counts = Object.fromEntries(CUTS.map((cut) => [cut, after[cut] - before[cut]]))
        return { faults, broke: made() - already, counts }
      },
      acknowledged: () => site.acknowledged(),
      async close() {
        wire.cutBy(null)
        await site.close()
        await hub.stop()
        await wire.close()
        await postgres.stop()
      },
    }
  },
}
