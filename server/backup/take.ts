// Takes a backup of a database while the hub works on it: every table as it was at one moment, in one file.
import { readFileSync } from 'node:fs'
import pg from 'pg'
import { copyOut } from './copy.ts'
import { BackupError, writeBackup, type Manifest } from './file.ts'

/**
 * What nobody could use after a restore, and a thief of the file could, or what would happen twice: keys of sessions, nonces, codes sent
 * by mail or shown at a counter, what OpenID remembers of a sign-in under way, who stands at which till, and messages that were on their way.
 */
const LEFT_OUT: ReadonlySet<string> = new Set([
  'session',
  'passkey_challenge',
  'presence_nonce',
  'mail_code',
  'customer_code',
  'oidc_entry',
  'cashier',
  'pushed_command',
  'outbox',
])

export type Taken = Readonly<{ manifest: Manifest; rows: number }>

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string
}

/** Writes the backup to `path`, which must not be there. Throws BackupError where there is no scheme; nothing is left then. */
export async function takeBackup(
  settings: pg.ClientConfig,
  path: (manifest: Manifest) => string,
): Promise<Taken & { path: string }> {
  const client = new pg.Client({ ...settings, options: '-c default_transaction_read_only=on' })
  await client.connect()
  client.on('error', () => {})
  try {
    // One snapshot for all tables; a hub that works meanwhile is not waited for and does not wait.
    await client.query('begin isolation level repeatable read read only')
    await client.query('set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0')
    const manifest = await manifestOf(client)
    const target = path(manifest)
    const file = await writeBackup(target)
    try {
      await file.manifest(manifest)
      let rows = 0
      for (const { name, columns } of manifest.tables) {
        await file.table(name)
        await copyOut(client, `copy ${quoted(name)} (${columns.map(quoted).join(', ')}) to stdout`, file.row)
        rows += (await file.endTable()).rows
      }
      await client.query('commit')
      await file.end()
      return { manifest, rows, path: target }
    } catch (error) {
      await file.abandon()
      throw error
    }
  } finally {
    await client.end()
  }
}

async function manifestOf(client: pg.ClientBase): Promise<Manifest> {
  const has = await client.query<{ there: boolean }>(`select to_regclass('scheme') is not null as there`)
  const { rows: schemes } =
    has.rows[0]?.there === true
      ? await client.query<{ id: string; name: string; buckets: number; at: string; postgres: string }>(
          `select id, name, buckets, (extract(epoch from now()) * 1000)::bigint as at, current_setting('server_version') as postgres from scheme`,
        )
      : { rows: [] }
  const [scheme] = schemes
  if (scheme === undefined) throw new BackupError('There is no scheme in this database: nothing to back up.')
  const migrations = await client.query<{ number: number; name: string; sha256: string }>(
    'select number, name, sha256 from migration order by number',
  )
  const heads = await client.query<{ bucket: number; sequence: string; hash: Buffer }>(
    'select bucket, sequence, hash from head order by bucket',
  )
  return {
    format: 1,
    program: version,
    scheme: { id: `sch_${scheme.id.replaceAll('-', '')}`, name: scheme.name, buckets: scheme.buckets },
    at: Number(scheme.at),
    postgres: scheme.postgres,
    migrations: migrations.rows,
    heads: heads.rows.map(({ bucket, sequence, hash }) => ({ bucket, sequence, hash: hash.toString('hex') })),
    tables: await tablesOf(client),
  }
}

/** Every table of this program and the columns that are its own. */
export async function tablesOf(client: pg.ClientBase): Promise<Manifest['tables']> {
  const { rows } = await client.query<{ name: string; columns: string[] }>(
    `select c.relname as name, array_agg(a.attname::text order by a.attnum) as columns
     from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
     where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p') group by c.relname order by c.relname`,
  )
  return rows.filter(({ name }) => !LEFT_OUT.has(name))
}

export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`
