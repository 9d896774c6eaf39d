// What somebody should look at: written in the commit of what it is about, read by the hub in its order.
import { NOW, type Query, type VaultDatabase } from './database.ts'
import { VAULT_LIMITS } from './limits.ts'
import type { AlarmKind, AlarmsAnswer } from './wire.ts'

/** `detail` is in words and never holds a number. */
export async function raise(query: Query, kind: AlarmKind, order: string | null, detail: string): Promise<void> {
  await query(`insert into alarm (at, kind, order_id, detail) values (${NOW}, $1, $2, $3)`, [kind, order, detail])
}

/** The oldest first, behind this number. */
export async function alarmsAfter(database: VaultDatabase, after: number): Promise<AlarmsAnswer> {
  const alarms = await database.query<AlarmsAnswer['alarms'][number]>(
    'select n, at, kind, order_id as "order", detail from alarm where n > $1 order by n limit $2',
    [after, VAULT_LIMITS.alarms],
  )
  return { alarms }
}
