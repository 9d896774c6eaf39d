// The PostgreSQL that test files share: a cluster whose model database has the newest schema, made once for each set of migrations,
// kept in the temporary folder, copied and started. `npm test` starts one for all its files; a file that is run by itself has its own.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { lstat, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { migrate, migrationFiles } from '#server/postgres/migrate.ts'
import { findBinaries } from '#server/postgres/supervisor-binaries.ts'
import { startEmbeddedPostgres, type EmbeddedPostgres } from '#server/postgres/supervisor.ts'

const run = promisify(execFile)

/** The database in each cluster that has the newest schema and nobody in it. */
export const MODEL = 'model'
const NAME = 'warifu-template'
/** Templates older than this belong to migrations of before; the newest is at worst made again. */
const KEPT_MS = 24 * 3_600_000
/** Two files at a time, some of them with several hubs, each with pools of its own. */
const CONNECTIONS = 200

export type Cluster = Readonly<{ connection: EmbeddedPostgres['connection']; stop(): Promise<void> }>

/** Starts a copy of the template; `stop` removes it. */
export async function startCluster(): Promise<Cluster> {
  const template = await templateFolder()
  const folder = await mkdtemp(join(tmpdir(), 'warifu-test-'))
  // With owners and modes, as PostgreSQL wants its folder; cp is quicker at it than Node.
  await run('cp', ['-a', `${template}/.`, folder])
  const postgres = await start(folder)
  return {
    connection: postgres.connection,
    async stop() {
      await postgres.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/**
 * Nobody cuts the power of these: what waits for the disk has tests with servers of their own. A new database takes a third of the time
 * so. They live too shortly to be vacuumed, and there are hundreds of them.
 */
const start = (folder: string): Promise<EmbeddedPostgres> =>
  startEmbeddedPostgres({
    folder,
    progress: () => {},
    settings: {
      synchronous_commit: 'off',
      fsync: 'off',
      full_page_writes: 'off',
      autovacuum: 'off',
      max_connections: String(CONNECTIONS),
    },
  })

/** Works on a database as its owner, over a connection of its own. */
export async function withClient<Result>(
  settings: pg.ClientConfig,
  use: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client(settings)
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.end()
  }
}

/**
 * The folder of a stopped cluster with the model in it, one per user and set of migrations. It is made under another name and gets its own when it is
 * whole, so that processes which start together make it twice at worst, and nobody meets half of one.
 */
async function templateFolder(): Promise<string> {
  const { uid } = userInfo()
  const [files, { version }] = await Promise.all([migrationFiles(), findBinaries(tmpdir())])
  const parts = [version, ...files.map(({ sha256 }) => sha256)]
  const digest = createHash('sha256').update(parts.join(' ')).digest('hex').slice(0, 16)
  const folder = join(tmpdir(), `${NAME}-${uid}-${digest}`)
  if (!(await isOurs(folder, uid))) {
    await makeTemplate(folder)
    await forgetOldTemplates(uid)
  }
  return folder
}

/** Others may write in the temporary folder too: what has our name and is not ours is not believed. */
async function isOurs(folder: string, uid: number): Promise<boolean> {
  const found = await lstat(folder).catch(() => undefined)
  if (found === undefined) return false
  if (!found.isDirectory() || found.uid !== uid) throw new Error(`${folder} belongs to somebody else`)
  return true
}

async function makeTemplate(folder: string): Promise<void> {
  const half = await mkdtemp(`${folder}-half-`)
  try {
    const postgres = await start(half)
    try {
      await withClient(postgres.connection, (client) => client.query(`create database ${MODEL}`))
      await migrate({ ...postgres.connection, database: MODEL })
    } finally {
      await postgres.stop()
    }
    await rename(half, folder)
  } catch (error) {
    await rm(half, { recursive: true, force: true })
    if (!(await isOurs(folder, userInfo().uid))) throw error
  }
}

/** Sixty megabytes for each set of migrations that somebody has worked on. */
async function forgetOldTemplates(uid: number): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const path = join(tmpdir(), name)
    if (!name.startsWith(`${NAME}-${uid}-`)) continue
    const { mtimeMs } = await lstat(path)
    if (Date.now() - mtimeMs > KEPT_MS) await rm(path, { recursive: true, force: true })
  }
}
