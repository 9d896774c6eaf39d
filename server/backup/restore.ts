// Brings a backup into an empty database, all or nothing, and moves on what was given out after it was taken (jump.ts).
import pg from 'pg'
import { applyMigration, migrate, migrationFiles } from '../postgres/migrate.ts'
import { copyIn } from './copy.ts'
import { BackupError, readBackup, verifyBackup, type Frame, type Manifest } from './file.ts'
import { jumpAhead, type Jumps } from './jump.ts'
import { quoted, tablesOf } from './take.ts'

/** Says of a file that it is whole and that this program can bring it back. Throws BackupError with a sentence. */
export async function inspectBackup(path: string): Promise<{ manifest: Manifest; rows: number; bytes: number }> {
  const found = await verifyBackup(path)
  const files = await migrationFiles()
  for (const { number, name, sha256 } of found.manifest.migrations) {
    const known = files.find((file) => file.number === number)
    if (known === undefined)
      throw new BackupError(`The backup is of a newer program (migration ${name}). Bring it back with that program.`)
    if (known.sha256 !== sha256)
      throw new BackupError(`The backup was made with another migration ${name} than this program's.`)
  }
  return found
}

/** Throws BackupError when a scheme is there; a database in use is never written over. */
export async function refuseIfInUse(settings: pg.ClientConfig): Promise<void> {
  await withClient(settings, async (client) => {
    const { rows } = await client.query<{ there: boolean }>(`select to_regclass('scheme') is not null as there`)
    if (rows[0]?.there !== true) return
    const scheme = await client.query<{ name: string }>('select name from scheme')
    const [found] = scheme.rows
    if (found !== undefined)
      throw new BackupError(`There is a scheme already ("${found.name}"). Restore into an empty folder or database.`)
  })
}

/**
 * Restores `path` into a database without a scheme. The file was inspected as a whole before; its hashes are checked again while its rows
 * go in, so that what is committed is what they say. Throws BackupError; then no row of it is there.
 */
export async function restoreBackup(settings: pg.ClientConfig, path: string, manifest: Manifest): Promise<Jumps> {
  await refuseIfInUse(settings)
  const newest = Math.max(...manifest.migrations.map(({ number }) => number))
  await migrate(settings, { through: newest })
  const jumps = await withClient(settings, async (client) => {
    await client.query('begin')
    await client.query('set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0')
    await load(client, manifest, readBackup(path))
    // A newer program goes on from there as it would with its own database, in the same commit.
    for (const file of await migrationFiles()) if (file.number > newest) await applyMigration(client, file)
    const made = await jumpAhead(client, manifest.at)
    const { command } = await client.query('commit')
    if (command !== 'COMMIT') throw new BackupError('The database would not keep what was restored.')
    return made
  })
  // The hub's role gets its rights to what is new.
  await migrate(settings)
  return jumps
}

async function load(client: pg.ClientBase, manifest: Manifest, frames: AsyncGenerator<Frame>): Promise<void> {
  const here = new Map((await tablesOf(client)).map(({ name, columns }) => [name, new Set(columns)]))
  for (const { name, columns } of manifest.tables) {
    const known = here.get(name)
    const unknown = known === undefined ? name : columns.find((column) => !known.has(column))
    if (unknown !== undefined)
      throw new BackupError(`The backup has ${name} (${unknown}), which this program's schema has not.`)
  }
  // What migrations put there comes with the backup.
  const filled = manifest.tables.filter(({ name }) => name !== 'migration')
  await client.query(`truncate ${filled.map(({ name }) => quoted(name)).join(', ')}`)
  for (;;) {
    const { value: frame, done } = await frames.next()
    if (done === true) return
    if (frame.kind !== 'table') continue
    const table = manifest.tables.find(({ name }) => name === frame.name)
    if (table === undefined) throw new BackupError('The backup has a table that its manifest does not name.')
    // Our own migrations have run already; theirs were compared with these.
    if (frame.name === 'migration') continue
    await copyIn(
      client,
      `copy ${quoted(table.name)} (${table.columns.map(quoted).join(', ')}) from stdin`,
      dataOf(frames),
    )
  }
}

/** The bytes of a table up to its end. */
async function* dataOf(frames: AsyncGenerator<Frame>): AsyncGenerator<Uint8Array> {
  for (;;) {
    const { value: frame, done } = await frames.next()
    if (done === true || frame.kind === 'end of table') return
    if (frame.kind === 'data') yield frame.bytes
  }
}

async function withClient<Result>(
  settings: pg.ClientConfig,
  use: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client(settings)
  await client.connect()
  client.on('error', () => {})
  try {
    return await use(client)
  } finally {
    await client.end()
  }
}
