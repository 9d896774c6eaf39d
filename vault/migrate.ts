// The vault's migrations: numbered .sql files, forward only, each in one commit, remembered with its SHA-256. Vaults that start together
// take turns.
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import type { VaultDatabase } from './database.ts'

const FOLDER = new URL('migrations/', import.meta.url)
/** 'vault' in ASCII: nothing else in this database uses it. */
const LOCK = 0x7661756c74

/** The schema and this program do not fit; the message is a sentence for a person. */
export class SchemaError extends Error {
  override name = 'SchemaError'
}

/** Brings the database to this program's schema. Throws SchemaError where it is newer, or a file that has run was changed. */
export async function migrateVault(database: VaultDatabase): Promise<void> {
  const names = (await readdir(FOLDER)).filter((name) => name.endsWith('.sql')).toSorted()
  const files = await Promise.all(
    names.map(async (name) => {
      const sql = await readFile(new URL(name, FOLDER), 'utf8')
      return { number: Number.parseInt(name, 10), name, sql, sha256: createHash('sha256').update(sql).digest('hex') }
    }),
  )
  await database.together(async (query) => {
    await query(`select pg_advisory_xact_lock(${LOCK})`)
    await query('create table if not exists migration (number integer primary key, sha256 text not null)')
    const ran = await query<{ number: number; sha256: string }>('select number, sha256 from migration')
    if (ran.some(({ number }) => number > (files.at(-1)?.number ?? 0)))
      throw new SchemaError("The vault's database belongs to a newer program: start that one.")
    for (const { number, name, sql, sha256 } of files) {
      const before = ran.find((row) => row.number === number)
      if (before !== undefined && before.sha256 !== sha256)
        throw new SchemaError(`Migration ${name} was changed after it had run: restore the file, write a new one.`)
      if (before !== undefined) continue
      await query(sql)
      await query('insert into migration (number, sha256) values ($1, $2)', [number, sha256])
    }
  })
}
