// The operator's one-time code of a scheme that is not a demo: printed at every start until it has been used.
import type pg from 'pg'
import { codeHash, newCode } from './auth/directory.ts'
import { NOW } from './postgres/store.ts'

/** A fresh code in the place of the last one, or null when the operator has enrolled. */
export async function openOperatorCode(pool: pg.Pool): Promise<string | null> {
  const code = newCode()
  const { rowCount } = await pool.query(
    `insert into operator_code (hash, created_at) values ($1, ${NOW})
     on conflict (one) do update set hash = excluded.hash, created_at = excluded.created_at where operator_code.used_at is null`,
    [Buffer.from(codeHash(code))],
  )
  return rowCount === 1 ? code : null
}
