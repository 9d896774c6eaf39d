// A real PostgreSQL for a test file: one embedded server, a fresh migrated database for each asker.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import pg from 'pg'
import { migrate } from '#server/postgres/migrate.ts'
import { startEmbeddedPostgres, type EmbeddedPostgres } from '#server/postgres/supervisor.ts'

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
    const folder = await mkdtemp(join(tmpdir(), 'warifu-test-'))
    const postgres = await startEmbeddedPostgres({ folder, progress: () => {} })
    return { postgres, folder }
  })()
  return server
}

/** Settings of a new, empty database. */
export async function emptyDatabase(): Promise<pg.ClientConfig> {
  const { postgres } = await testServer()
  const name = `test_${process.pid}_${++made}`
  await withClient(postgres.connection, (client) => client.query(`create database ${name}`))
  return { ...postgres.connection, database: name }
}

/** Settings of a new database at the newest migration. */
export async function migratedDatabase(): Promise<pg.ClientConfig> {
  const settings = await emptyDatabase()
  await migrate(settings)
  return settings
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
