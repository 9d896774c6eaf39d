// (b) A power cut: everything stops at once, and the machine comes up with what its disk had been told to keep.
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { childrenOf, databaseProcesses, isGone, kill, killDatabase, settingsOf, whenUp } from './database.ts'
import { diskIn, hindrance } from './disk.ts'
import { clusterOf, hubOn } from './hub.ts'
import { chanceOfCycle } from './plan.ts'
import { openSite } from './site.ts'
import type { Mode } from './torture.ts'
import { until } from './until.ts'

export const cuttingPower: Mode = {
  name: 'power',
  what: 'cuts',
  brokeInCycle: 1,
  hindrance,
  async open({ folder, seed, sabotage, pairs }) {
    const disk = diskIn(folder)
    const data = join(disk.place, 'data')
    const cluster = clusterOf(data)
    const hub = hubOn({ data, said: join(folder, 'hub.txt'), sabotage })
    const site = await openSite({ folder, hub, database: () => settingsOf(cluster), pairs, seed: String(seed) })

    return {
      async cycle(cycleSeed) {
        const chance = chanceOfCycle('power', cycleSeed)
        const before = await site.acknowledged()
        site.go()
        await until('load', async () => (await site.acknowledged()) > before + chance.between(1, 20))
        await pause(chance.below(100))
        // The demo's bank, issuer and vault have their books on this disk too.
        const processes = [hub.pid() ?? 0, ...childrenOf(hub.pid()), ...databaseProcesses(cluster)]
        for (const pid of processes) kill(pid, 'SIGSTOP')
        const { restore } = disk.cut()
        for (const pid of processes) kill(pid, 'SIGKILL')
        await hub.gone()
        await until('nobody uses the disk', () => processes.every(isGone))
        restore()
        await hub.start()
        await whenUp(cluster)
        const faults = await site.keptFaults()
        return { faults: faults.length > 0 ? faults : await site.restFaults(), broke: 1, counts: {} }
      },
      acknowledged: () => site.acknowledged(),
      async close() {
        await site.close()
        await hub.stop()
        killDatabase(cluster)
        await until('nobody uses the disk', () => databaseProcesses(cluster).every(isGone))
        disk.close()
      },
    }
  },
}
