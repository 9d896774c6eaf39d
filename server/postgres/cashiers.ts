// Who stands at which terminal, in PostgreSQL: the nonce that a PIN is proved over, wrong PINs, signing in and out. Every race is decided
// by one statement; times are the database's.
import { randomBytes } from 'node:crypto'
import { FREE_WRONG_PROOFS, LOCK_MS } from '#core/device.ts'
import { bucketOfId, type PartyId, type StaffId, type TerminalId } from '#core/ids.ts'
import type { Cashier } from '#core/staff.ts'
import { LIMITS } from '#protocol/limits.ts'
import { codeHash, type Secret } from '../auth/directory.ts'
import { changeAlone, read, type Database } from './connect.ts'
import { idOf, NOW, uuidOf, type Row } from './rows.ts'
import { roleFrom } from './staff.ts'

export type Cashiers = ReturnType<typeof postgresCashiers>

/** A machine of the merchant, and who stands there. */
export type StaffedTerminal = Readonly<{
  id: TerminalId
  kind: string
  label: string
  status: 'active' | 'revoked'
  enrolledAt: number
  lastSeenAt: number | null
  cashier: string | null
}>

export type Place = Readonly<{ terminal: TerminalId; party: PartyId }>
/** What came of a PIN: `until` where it was not looked at because of the ones before. */
export type Judged = 'right' | Readonly<{ triesLeft: number }> | Readonly<{ until: number }> | 'nobody'

const NONCE_MS = 2 * 60_000
const SEEN_EVERY_MS = 60_000

/** Joined to a terminal's credential (c): who stands there, by now. */
export const CASHIER_COLUMNS = 'cs.id as cashier, cs.name as cashier_name, cs.role as cashier_role'
export const CASHIER_JOINS = `left join cashier ca on c.kind = 'terminal' and ca.bucket = c.bucket and ca.terminal = c.id
    and ca.seen_at > ${NOW} - ${LIMITS.cashierIdleMs}
  left join staff cs on cs.bucket = ca.bucket and cs.id = ca.staff and cs.party = c.party and cs.status = 'active'`

/** The cashier in a row with CASHIER_COLUMNS. */
export const cashierFrom = (row: Row): Cashier | null =>
  typeof row.cashier === 'string'
    ? { id: idOf<StaffId>('stf', row.cashier), name: String(row.cashier_name), role: roleFrom(row.cashier_role) }
    : null

/** Methods throw StoreUnavailable when there is no database. */
export function postgresCashiers(database: Database) {
  const rowsOf = (name: string, text: string, values: unknown[]): Promise<Row[]> =>
    read<Row>(database, { name: `cashier_${name}`, text, values })
  const change = (text: string, values: unknown[]): Promise<Row[]> => changeAlone(database, { text, values })

  return {
    /** `attended`: people stand at this kind of terminal. `needed`: the merchant has somebody who could sign in. */
    async needsAt({ terminal, party }: Place): Promise<Readonly<{ attended: boolean; needed: boolean }>> {
      const [row] = await rowsOf(
        'needs_at',
        `select c.terminal_kind, exists (select from staff s where s.bucket = c.bucket and s.party = c.party
           and s.status = 'active' and s.stored_key is not null) as needed
         from credential c where c.bucket = $1 and c.id = $2 and c.party = $3`,
        [bucketOfId(terminal), uuidOf(terminal), uuidOf(party)],
      )
      const isMachine = row?.terminal_kind === 'vending' || row?.terminal_kind === 'web-shop'
      return { attended: !isMachine, needed: row?.needed === true }
    },

    async cashierAt({ terminal }: Pick<Place, 'terminal'>): Promise<Cashier | null> {
      const [row] = await rowsOf(
        'cashier_at',
        `select ${CASHIER_COLUMNS} from credential c ${CASHIER_JOINS} where c.bucket = $1 and c.id = $2`,
        [bucketOfId(terminal), uuidOf(terminal)],
      )
      return row === undefined ? null : cashierFrom(row)
    },

    /** The merchant's machines, newest first. */
    async terminals(party: PartyId): Promise<StaffedTerminal[]> {
      const rows = await rowsOf(
        'terminals',
        `select c.id, c.terminal_kind, c.label, c.created_at, c.last_seen_at, t.status, ${CASHIER_COLUMNS}
         from credential c join terminal t on t.bucket = c.bucket and t.id = c.id ${CASHIER_JOINS}
         where c.bucket = $1 and c.party = $2 and c.kind = 'terminal' order by c.created_at desc, c.id`,
        [bucketOfId(party), uuidOf(party)],
      )
      return rows.map((row) => ({
        id: idOf<TerminalId>('trm', String(row.id)),
        kind: String(row.terminal_kind),
        label: String(row.label),
        status: row.status === 'active' ? 'active' : 'revoked',
        enrolledAt: Number(row.created_at),
        lastSeenAt: row.last_seen_at === null ? null : Number(row.last_seen_at),
        cashier: cashierFrom(row)?.name ?? null,
      }))
    },

    /** A fresh nonce in the place of the terminal's last one, and what this person's PIN is proved with; undefined when there is no PIN. */
    async ask(
      { terminal, party }: Place,
      staff: StaffId,
    ): Promise<Readonly<{ nonce: Uint8Array; salt: Uint8Array; iterations: number }> | undefined> {
      const [row] = await change(
        `with asked as (select salt, iterations from staff
           where bucket = $1 and id = $3 and party = $4 and status = 'active' and stored_key is not null),
         kept as (insert into cashier (bucket, terminal, nonce, nonce_expires_at)
           select $1, $2, $5, ${NOW} + ${NONCE_MS} from asked
           on conflict (bucket, terminal) do update set nonce = excluded.nonce, nonce_expires_at = excluded.nonce_expires_at
           returning nonce)
         select * from asked, kept`,
        [bucketOfId(terminal), uuidOf(terminal), uuidOf(staff), uuidOf(party), randomBytes(16)],
      )
      return row && { nonce: bytesOf(row.nonce), salt: bytesOf(row.salt), iterations: Number(row.iterations) }
    },

    /** The terminal's nonce, which is gone by that; undefined when there is none or it has run out. */
    async takeNonce({ terminal }: Pick<Place, 'terminal'>): Promise<Uint8Array | undefined> {
      const [row] = await change(
        `with asked as (select nonce, nonce_expires_at > ${NOW} as is_alive from cashier
           where bucket = $1 and terminal = $2 for update)
         update cashier c set nonce = null, nonce_expires_at = null from asked
         where c.bucket = $1 and c.terminal = $2 and asked.nonce is not null returning asked.*`,
        [bucketOfId(terminal), uuidOf(terminal)],
      )
      return row?.is_alive === true ? bytesOf(row.nonce) : undefined
    },

    async secretOf(party: PartyId, staff: StaffId): Promise<Secret | undefined> {
      const [row] = await rowsOf(
        'secret',
        `select * from staff where bucket = $1 and id = $2 and party = $3 and status = 'active' and stored_key is not null`,
        [bucketOfId(party), uuidOf(staff), uuidOf(party)],
      )
      return (
        row && {
          salt: bytesOf(row.salt),
          iterations: Number(row.iterations),
          storedKey: bytesOf(row.stored_key),
          serverKey: bytesOf(row.server_key),
        }
      )
    },

    /** A right PIN takes over the terminal, a wrong one counts; neither is looked at while the lock lasts. */
    async judge({ terminal, party }: Place, staff: StaffId, secret: Secret, isRight: boolean): Promise<Judged> {
      const key = [bucketOfId(party), uuidOf(staff), uuidOf(party)]
      if (isRight) {
        const [here] = await change(
          `with me as (update staff set wrong_proofs = 0, locked_until = 0
             where bucket = $1 and id = $2 and party = $3 and status = 'active' and locked_until <= ${NOW} and stored_key = $5
             returning id)
           ${standsHere('$4')}`,
          [...key, uuidOf(terminal), secret.storedKey],
        )
        if (here !== undefined) return 'right'
      } else {
        const [counted] = await change(
          `update staff set wrong_proofs = wrong_proofs + 1, locked_until =
             case when wrong_proofs + 1 < $4 then locked_until
             else ${NOW} + ($5::bigint[])[least(wrong_proofs + 2 - $4, array_length($5::bigint[], 1))] end
           where bucket = $1 and id = $2 and party = $3 and status = 'active' and locked_until <= ${NOW}
           returning wrong_proofs`,
          [...key, FREE_WRONG_PROOFS, LOCK_MS],
        )
        if (counted !== undefined) return { triesLeft: Math.max(0, FREE_WRONG_PROOFS - Number(counted.wrong_proofs)) }
      }
      const [locked] = await change(
        `select locked_until from staff where bucket = $1 and id = $2 and party = $3 and status = 'active'
           and locked_until > ${NOW}`,
        key,
      )
      return locked === undefined ? 'nobody' : { until: Number(locked.locked_until) }
    },

    /** Sets the PIN with the one-time code and takes over the terminal; there, with the same verifier, again. False: not known, used, or run out. */
    async enrol({ terminal, party }: Place, code: string, secret: Secret): Promise<boolean> {
      const [here] = await change(
        `with me as (update staff set salt = $5, iterations = $6, stored_key = $7, server_key = $8,
             wrong_proofs = 0, locked_until = 0, code_used_by = $4
           where bucket = $1 and party = $2 and code_hash = $3 and code_expires_at > ${NOW} and status = 'active'
             and (code_used_by is null or (code_used_by = $4 and stored_key = $7)) returning id)
         ${standsHere('$4')}`,
        [
          bucketOfId(party),
          uuidOf(party),
          codeHash(code),
          uuidOf(terminal),
          secret.salt,
          secret.iterations,
          secret.storedKey,
          secret.serverKey,
        ],
      )
      return here !== undefined
    },

    async signOut({ terminal }: Pick<Place, 'terminal'>): Promise<void> {
      await change('update cashier set staff = null where bucket = $1 and terminal = $2', [
        bucketOfId(terminal),
        uuidOf(terminal),
      ])
    },

    /** Whoever stands there is at work: told to the minute, and nobody who was idle too long comes back by it. */
    async seen({ terminal }: Pick<Place, 'terminal'>): Promise<void> {
      await change(
        `update cashier set seen_at = ${NOW} where bucket = $1 and terminal = $2 and staff is not null
           and seen_at <= ${NOW} - ${SEEN_EVERY_MS} and seen_at > ${NOW} - ${LIMITS.cashierIdleMs}`,
        [bucketOfId(terminal), uuidOf(terminal)],
      )
    },
  }
}

/** Whoever `me` found stands at the terminal from now on. */
const standsHere = (terminal: string): string => `insert into cashier (bucket, terminal, staff, since, seen_at)
  select $1, ${terminal}, id, ${NOW}, ${NOW} from me
  on conflict (bucket, terminal) do update set staff = excluded.staff, since = excluded.since, seen_at = excluded.seen_at
  returning staff`

function bytesOf(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new Error('a bytea column holds bytes')
  return value
}
