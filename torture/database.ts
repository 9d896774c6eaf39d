// The embedded PostgreSQL as torture sees it from outside: its processes by number, how to kill them, how to reach it.
// Synchronous where a hub that is about to die calls it.
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { findPostmaster, SUPERUSER } from '#server/postgres/supervisor-cluster.ts'

/** The postmaster's number by its own file; undefined when there is none. It may be dead. */
export function postmasterOf(cluster: string): number | undefined {
  try {
    const pid = Number(readFileSync(`${cluster}/postmaster.pid`, 'latin1').split('\n')[0])
    return Number.isSafeInteger(pid) && pid > 1 ? pid : undefined
  } catch {
    return undefined
  }
}

/** kill -9 of the postmaster alone: its children notice and end by themselves, as after the kernel's out-of-memory killer. */
export function killDatabase(cluster: string): boolean {
  const pid = postmasterOf(cluster)
  return pid !== undefined && kill(pid, 'SIGKILL')
}

/** kill -9 of one of its children, chosen by `draw` (0 to 1): the postmaster then restarts all of them. */
export function killBackend(cluster: string, draw: number): boolean {
  const children = childrenOf(postmasterOf(cluster))
  const pid = children[Math.floor(draw * children.length)]
  return pid !== undefined && kill(pid, 'SIGKILL')
}

/** The postmaster and its children, the postmaster first. */
export function databaseProcesses(cluster: string): number[] {
  const pid = postmasterOf(cluster)
  return pid === undefined ? [] : [pid, ...childrenOf(pid)]
}

/** Sends a signal; false when there is no such process. */
export function kill(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}

/** Whether a process has ended; one that nobody has buried yet has ended too. */
export function isGone(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z')
  } catch {
    return true
  }
}

export function childrenOf(pid: number | undefined): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim()
    return text === '' ? [] : text.split(' ').map(Number)
  } catch {
    return []
  }
}

/** How to reach the server of the cluster. Throws when none runs. */
export async function settingsOf(cluster: string): Promise<pg.ClientConfig> {
  const found = await findPostmaster(cluster)
  if (found === undefined) throw new Error(`no PostgreSQL runs on ${cluster}`)
  return { host: found.socketFolder, port: 5432, user: SUPERUSER, database: 'postgres' }
}

/** Asks the cluster's database once. */
export async function ask(settings: pg.ClientConfig, ...statements: string[]): Promise<void> {
  const client = new pg.Client(settings)
  client.on('error', () => {})
  await client.connect()
  try {
    for (const statement of statements) await client.query(statement)
  } finally {
    await client.end().catch(() => {})
  }
}

const UP_WITHIN_MS = 60_000

/** Waits until the cluster's database answers; its settings. Throws after a minute. */
export async function whenUp(cluster: string): Promise<pg.ClientConfig> {
  const end = performance.now() + UP_WITHIN_MS
  for (;;) {
    try {
      const settings = await settingsOf(cluster)
      await ask(settings, 'select 1')
      return settings
    } catch (error) {
      if (performance.now() > end)
        throw new Error(`the database of ${cluster} does not come up again`, { cause: error })
      await pause(15)
    }
  }
}
