// A real PostgreSQL for a test file: one embedded server, a fresh migrated database for each asker. What every file would do again,
// making a cluster and running the migrations, is done once and copied.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { lstat, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { promisify } from 'node:util'
import pg from 'pg'
import { migrate, migrationFiles } from '#server/postgres/migrate.ts'
import { findBinaries } from '#server/postgres/supervisor-binaries.ts'
import { startEmbeddedPostgres, type EmbeddedPostgres } from '#server/postgres/supervisor.ts'

const run = promisify(execFile)

/** The database in each cluster that has the newest schema and nobody in it. */
const MODEL = 'model'
const NAME = 'warifu-template'
/** Templates older than this belong to migrations of before; the newest is at worst made again. */
const KEPT_MS = 24 * 3_600_000

let server: Promise<{ postgres: EmbeddedPostgres; folder: string }> | undefined
let made = 0

// At the top of the file, so that it belongs to the whole run and not to the first test that asked.
after(async () => {
  if (server === undefined) return
  const { postgres, folder } = await server
  await postgres.stop()
  await rm(folder, { recursive: true, force: true })
})

/** Starts this process's server (once). */
export function testServer(): Promise<{ postgres: EmbeddedPostgres; folder: string }> {
  server ??= (async () => {
    const template = await templateFolder()
    const folder = await mkdtemp(join(tmpdir(), 'warifu-test-'))
    // With owners and modes, as PostgreSQL wants its folder; cp is quicker at it than Node.
    await run('cp', ['-a', `${template}/.`, folder])
    return { postgres: await start(folder), folder }
  })()
  return server
}

/** Nobody cuts the power of these: what waits for the disk has tests with servers of their own. */
const start = (folder: string): Promise<EmbeddedPostgres> =>
  startEmbeddedPostgres({ folder, progress: () => {}, settings: { synchronous_commit: 'off' } })

/** Settings of a new, empty database. */
export async function emptyDatabase(): Promise<pg.ClientConfig> {
  const { postgres } = await testServer()
  return newDatabase(postgres.connection, 'template1')
}

/** Settings of a new database at the newest migration. */
export async function migratedDatabase(): Promise<pg.ClientConfig> {
  const { postgres } = await testServer()
  return newDatabase(postgres.connection, MODEL)
}

async function newDatabase(connection: EmbeddedPostgres['connection'], like: string): Promise<pg.ClientConfig> {
  const database = `test_${process.pid}_${++made}`
  await withClient(connection, (client) => client.query(`create database ${database} template ${like}`))
  return { ...connection, database }
}

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
