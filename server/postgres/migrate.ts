// Migrations: numbered .sql files, forward only, each in one transaction, remembered with its SHA-256.
// Hubs that start together take one advisory lock in turn, so that each file runs once.
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import pg from 'pg'
import { APP_ROLE } from './connect.ts'

const FOLDER = new URL('migrations/', import.meta.url)
/** Any number that nothing else in this database uses: 'warifu' in ASCII. */
const LOCK = '0x776172696675'

export class MigrationError extends Error {
  override name = 'MigrationError'
}

/**
 * Brings a database to this program's schema. Returns the numbers that were run now, and whether the application role exists.
 * `through` stops after that number: a backup is brought back into the schema that it was taken from.
 * Throws MigrationError when the database is newer than the program, or when a file that has run was changed since.
 */
export async function migrate(
  settings: pg.ClientConfig,
  options: { through?: number } = {},
): Promise<{ ran: number[]; role: boolean }> {
  const client = new pg.Client(settings)
  await client.connect()
  try {
    await client.query(`select pg_advisory_lock(${Number(LOCK)})`)
    await client.query(
      'create table if not exists migration (number integer primary key, name text not null, sha256 text not null, at timestamptz not null default now())',
    )
    const known = await client.query<{ number: number; sha256: string }>('select number, sha256 from migration')
    const files = await migrationFiles()
    const newest = Math.max(0, ...files.map(({ number }) => number))
    const ahead = known.rows.find(({ number }) => number > newest)
    if (ahead !== undefined) {
      throw new MigrationError(
        `The database is at migration ${ahead.number}, this program knows ${newest}: start the newer program.`,
      )
    }
    const ran: number[] = []
    for (const file of files) {
      const before = known.rows.find(({ number }) => number === file.number)
      if (before !== undefined && before.sha256 !== file.sha256) {
        throw new MigrationError(
          `Migration ${file.name} was changed after it had run: restore the file, write a new one.`,
        )
      }
      if (before !== undefined || file.number > (options.through ?? Infinity)) continue
      await run(client, file)
      ran.push(file.number)
    }
    return { ran, role: await grantRole(client) }
  } finally {
    await client.end()
  }
}

export type MigrationFile = Readonly<{ number: number; name: string; sha256: string; sql: string }>

/** This program's migrations, in order. */
export async function migrationFiles(): Promise<MigrationFile[]> {
  const names = (await readdir(FOLDER)).filter((name) => name.endsWith('.sql')).toSorted()
  return Promise.all(
    names.map(async (name) => {
      const sql = await readFile(new URL(name, FOLDER), 'utf8')
      return { number: Number.parseInt(name, 10), name, sql, sha256: createHash('sha256').update(sql).digest('hex') }
    }),
  )
}

async function run(client: pg.Client, file: MigrationFile): Promise<void> {
  await client.query('begin')
  try {
    await applyMigration(client, file)
    const { command } = await client.query('commit')
    if (command !== 'COMMIT') throw new MigrationError(`Migration ${file.name} was rolled back.`)
  } catch (error) {
    await client.query('rollback')
    throw error
  }
}

/** Runs and remembers a migration within the caller's transaction. */
export async function applyMigration(client: pg.ClientBase, file: MigrationFile): Promise<void> {
  await client.query(file.sql)
  await client.query('insert into migration (number, name, sha256) values ($1, $2, $3)', [
    file.number,
    file.name,
    file.sha256,
  ])
}

/** Tables that the application only appends to: what is in them was answered to somebody. */
const APPEND_ONLY = [
  'transfer',
  'entry',
  'event',
  'evidence',
  'command',
  'action',
  'migration',
  'scheme',
  'scheme_key',
  'signed_head',
  'restart',
]

/** Makes the role under which the hub works, where this user may make roles; true when it exists and may be taken. */
async function grantRole(client: pg.Client): Promise<boolean> {
  await client.query('begin')
  try {
    await client.query(`do $$ begin
      if not exists (select from pg_roles where rolname = '${APP_ROLE}') then create role ${APP_ROLE} nologin; end if;
      exception when duplicate_object or unique_violation then null; end $$`)
    await client.query(`grant ${APP_ROLE} to current_user`)
    await client.query(`grant usage on schema public to ${APP_ROLE}`)
    await client.query(`grant select, insert, update, delete on all tables in schema public to ${APP_ROLE}`)
    // A restore begins with the schema of its backup, which may lack the newest of them.
    const { rows } = await client.query<{ name: string }>(
      'select name from unnest($1::text[]) n(name) where to_regclass(name) is not null',
      [APPEND_ONLY],
    )
    for (const { name } of rows) await client.query(`revoke update, delete, truncate on ${name} from ${APP_ROLE}`)
    await client.query('commit')
    return true
  } catch {
    // 42501, insufficient privilege: somebody else's database may not let us make roles; the hub then says so and goes on.
    await client.query('rollback')
    return false
  }
}
