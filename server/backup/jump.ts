// What was given out between the backup and the restore is not known. So that no number which somebody has seen is given out again with
// another meaning, what counts up is moved on, past anything that can have been given out (docs/decisions/013-backup.md).
import type pg from 'pg'
import { restartHash, restartNumber } from '#core/restart.ts'
import { eventSeal } from '../postgres/event-seal.ts'
import { NOW } from '../postgres/rows.ts'

/** More accounts than are opened in one bucket in an hour: with 16 buckets 44 a second, day and night. */
const ACCOUNTS_PER_HOUR = 10_000
/** More events than a deal has, and then one a second: two lives of the same backup never meet. */
const VERSIONS = 1_000

const HOUR_MS = 3_600_000

export type Jumps = Readonly<{ at: number; journals: number; accounts: number; deals: number; codes: number }>

/** Within the restore's transaction; `takenAt` is the backup's moment (milliseconds since 1970). */
export async function jumpAhead(client: pg.ClientBase, takenAt: number): Promise<Jumps> {
  const { rows } = await client.query<{ now: string }>(`select ${NOW} as now`)
  const at = Number(rows[0]?.now)
  const passedMs = Math.max(0, at - takenAt)
  const journals = await restartChain(client, 'journal', { number: 'sequence', hash: 'hash' }, at)
  await restartChain(client, 'actions', { number: 'actions', hash: 'actions_hash' }, at)

  const accounts = ACCOUNTS_PER_HOUR * Math.ceil((passedMs + 1) / HOUR_MS)
  // A bucket whose first account was opened after the backup has no row yet.
  await client.query(
    `insert into account_serial (bucket, given) select bucket, $1 from head
     on conflict (bucket) do update set given = account_serial.given + excluded.given`,
    [accounts],
  )
  const deals = await moveVersions(client, VERSIONS + Math.ceil(passedMs / 1000), at)
  // A code that was used since would open the door a second time, and a phone that was refused since would come in.
  const codes = await client.query(
    `with desk as (update operator_code set expires_at = $1 where used_at is null and expires_at > $1),
       tills as (update staff set code_expires_at = $1 where code_used_by is null and code_expires_at > $1),
       phones as (update device_request set refused_at = $1 where device is null and refused_at is null)
     update enrolment_code set expires_at = $1 where used_at is null and expires_at > $1`,
    [at],
  )
  // The vault keeps the newest tables of cards that it has heard of: those of before would never be told to it again.
  await client.query('update card_tables set version = version + $1', [VERSIONS + Math.ceil(passedMs / 1000)])
  return { at, journals, accounts, deals, codes: codes.rowCount ?? 0 }
}

/** A link in each bucket's chain says that numbers go on from here. */
async function restartChain(
  client: pg.ClientBase,
  chain: 'journal' | 'actions',
  columns: { number: string; hash: string },
  at: number,
): Promise<number> {
  const { rows } = await client.query<{ bucket: number; after: string; hash: Buffer }>(
    `select bucket, ${columns.number} as after, ${columns.hash} as hash from head order by bucket`,
  )
  for (const { bucket, after, hash } of rows) {
    const number = restartNumber(BigInt(after), at)
    const link = Buffer.from(restartHash(hash, { bucket, after: BigInt(after), number, at }))
    await client.query('insert into restart (bucket, chain, after, number, at, hash) values ($1, $2, $3, $4, $5, $6)', [
      bucket,
      chain,
      after,
      number,
      at,
      link,
    ])
    await client.query(`update head set ${columns.number} = $2, ${columns.hash} = $3 where bucket = $1`, [
      bucket,
      number,
      link,
    ])
  }
  return rows.length
}

/**
 * Deals that were open go on under versions that nobody has seen: a phone that saw a later version before the restore would take the
 * present one for old news, and one number would name two states. The event says so in the deal's history.
 */
async function moveVersions(client: pg.ClientBase, jump: number, at: number): Promise<number> {
  const moved = await client.query<{ bucket: number; terminal: string; subject: string; version: number }>(
    `with payments as (
       update payment set version = version + $1, snapshot = jsonb_set(snapshot, '{version}', to_jsonb(version + $1))
       where state in ('joined', 'authorising', 'held') returning bucket, replace(snapshot ->> 'terminal', 'trm_', '') as terminal, id as subject, version
     ), offers as (
       update offer set version = version + $1, snapshot = jsonb_set(snapshot, '{version}', to_jsonb(version + $1))
       where state = 'open' returning bucket, replace(terminal::text, '-', '') as terminal, deal as subject, version
     )
     select * from payments union all select * from offers`,
    [jump],
  )
  const events = moved.rows.map(({ version, ...row }) => {
    const body = JSON.stringify({ kind: 'restored', version })
    return { ...row, version, at, body, seal: eventSeal({ ...row, version, at, body }) }
  })
  await client.query(
    `insert into event (bucket, terminal, subject, version, at, body, seal)
     select * from unnest($1::smallint[], $2::uuid[], $3::uuid[], $4::integer[], $5::bigint[], $6::json[], $7::bytea[])`,
    [
      events.map(({ bucket }) => bucket),
      events.map(({ terminal }) => terminal),
      events.map(({ subject }) => subject),
      events.map(({ version }) => version),
      events.map(() => at),
      events.map(({ body }) => body),
      events.map(({ seal }) => seal),
    ],
  )
  return events.length
}
