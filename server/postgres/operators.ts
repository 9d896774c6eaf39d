// Operators in PostgreSQL: their keys, codes and proofs, and the log of actions; with what the desk looks up of parties and accounts.
import { randomBytes } from 'node:crypto'
import { bucketOf, isAccountNumber } from '#core/accounts.ts'
import { OPERATOR_ROLES, type OperatorRole, type PostedAction } from '#core/actions.ts'
import {
  bucketOfId,
  idFrom,
  idInBucket,
  isId,
  parseId,
  type DeviceId,
  type KeyId,
  type OperatorId,
  type PartyId,
  type SessionId,
  type TerminalId,
} from '#core/ids.ts'
import type { SchemeRules } from '#core/payment.ts'
import { codeHash, newCode, type Directory, type Identity, type StoredSession } from '../auth/directory.ts'
import { changeAlone, read, type Database } from './connect.ts'
import { deskParties } from './desk-parties.ts'
import { actionFrom, idOf, NOW, uuidOf, type Row } from './rows.ts'
import { rulesFrom, type StoredRules } from './scheme.ts'

export type { PartyRow } from './desk-parties.ts'
export type Operators = ReturnType<typeof postgresOperators>

export type Operator = Readonly<{
  id: OperatorId
  name: string
  role: OperatorRole
  hasPasskey: boolean
  status: 'active' | 'revoked'
  enrolledAt: number
}>

/** All operators live in bucket 0. */
const BUCKET = 0
const ID_RANDOM_BYTES = 14

/** Methods throw StoreUnavailable when there is no database. */
export function postgresOperators(database: Database, buckets: number) {
  const rowsOf = (name: string, text: string, values: unknown[]): Promise<Row[]> =>
    read<Row>(database, { name: `desk_${name}`, text, values })
  const change = (text: string, values: unknown[]): Promise<Row[]> => changeAlone(database, { text, values })

  /** An id made elsewhere may name a bucket that no column can: it is looked for where it is not. */
  const bucketIn = (party: PartyId): number => bucketOfId(party) % buckets

  return {
    ...deskParties(database, buckets),

    async identityOf(id: OperatorId): Promise<Identity | undefined> {
      const [row] = await rowsOf('identity', 'select * from operator where bucket = $1 and id = $2', [
        BUCKET,
        uuidOf(id),
      ])
      return row && identityFrom(row)
    },

    async sessionOf(session: SessionId): Promise<Readonly<{ session: StoredSession; identity: Identity }> | undefined> {
      const [row] = await rowsOf(
        'session',
        `select o.*, s.id as session, s.mac_key, s.token_hash, s.nonce, s.expires_at
         from session s join operator o on o.bucket = s.bucket and o.id = s.actor where s.id = $1`,
        [uuidOf(session)],
      )
      if (row === undefined) return undefined
      const identity = identityFrom(row)
      return {
        identity,
        session: {
          id: session,
          actor: identity.actor.id,
          macKey: bytesOf(row.mac_key),
          tokenHash: bytesOf(row.token_hash),
          nonce: bytesOf(row.nonce),
          expiresAt: Number(row.expires_at),
        },
      }
    },

    /** Enrols once; the same key with the same code gets the same identity again. Undefined: not known, used, or run out. */
    async useCode(
      use: Readonly<{ code: string; publicKey: Uint8Array; label: string }>,
    ): Promise<Identity | undefined> {
      const hash = codeHash(use.code)
      const id = idInBucket('opr', BUCKET, randomBytes(ID_RANDOM_BYTES))
      const key = idFrom('key', randomBytes(16))
      const [made] = await change(
        `with used as (
           update operator_code set used_at = ${NOW}, used_by = $2, public_key = $4
           where hash = $1 and used_at is null and expires_at > ${NOW} returning name, role)
         insert into operator (bucket, id, key, public_key, name, role, created_at)
         select ${BUCKET}, $2, $3, $4, coalesce(name, $5), role, ${NOW} from used returning *`,
        [hash, uuidOf(id), uuidOf(key), use.publicKey, use.label],
      )
      if (made !== undefined) return identityFrom(made)
      const [again] = await change(
        `select o.* from operator_code c join operator o on o.bucket = ${BUCKET} and o.id = c.used_by
         where c.hash = $1 and c.public_key = $2`,
        [hash, use.publicKey],
      )
      return again && identityFrom(again)
    },

    /** When this operator's passkey was asked for last, and whether there is one. */
    async signInOf(id: OperatorId): Promise<Readonly<{ provedAt: number; hasPasskey: boolean }>> {
      const [row] = await rowsOf(
        'sign_in',
        `select o.proved_at, exists (select from passkey k where k.bucket = o.bucket and k.party = o.id) as has_passkey
         from operator o where o.bucket = $1 and o.id = $2`,
        [BUCKET, uuidOf(id)],
      )
      return { provedAt: Number(row?.proved_at ?? 0), hasPasskey: row?.has_passkey === true }
    },

    async proved(id: OperatorId): Promise<void> {
      await change(`update operator set proved_at = ${NOW} where bucket = $1 and id = $2`, [BUCKET, uuidOf(id)])
    },

    /** A code for a further operator; the same code asked for again lives no longer. */
    async createCode(
      asked: Readonly<{ code: string; name: string; role: OperatorRole; lifeMs: number }>,
    ): Promise<{ expiresAt: number }> {
      const [row] = await change(
        `insert into operator_code (hash, name, role, created_at, expires_at)
         select $1, $2, $4, n.now, n.now + $3::bigint from (select ${NOW} as now) n
         on conflict (hash) do update set hash = excluded.hash returning expires_at`,
        [codeHash(asked.code), asked.name, asked.lifeMs, asked.role],
      )
      return { expiresAt: Number(row?.expires_at) }
    },

    /** A fresh code for the first operator in the place of the last one; null when there is one who may do everything. */
    async openFirstCode(lifeMs: number): Promise<string | null> {
      const code = newCode()
      const rows = await change(
        `with last as (delete from operator_code where name is null and used_at is null)
         insert into operator_code (hash, created_at, expires_at)
         select $1, n.now, n.now + $2::bigint from (select ${NOW} as now) n
         where not exists (select from operator where bucket = ${BUCKET} and status = 'active' and role = 'chief')
         returning hash`,
        [codeHash(code), lifeMs],
      )
      return rows.length === 1 ? code : null
    },

    /** May not act any more, at once; the sessions end. False when there is none. */
    async revoke(id: OperatorId): Promise<boolean> {
      const rows = await change(
        `with ended as (delete from session where actor = $2)
         update operator set status = 'revoked' where bucket = $1 and id = $2 returning id`,
        [BUCKET, uuidOf(id)],
      )
      return rows.length === 1
    },

    async all(): Promise<Operator[]> {
      const rows = await rowsOf(
        'all',
        `select o.*, exists (select from passkey k where k.bucket = o.bucket and k.party = o.id) as has_passkey
         from operator o where o.bucket = $1 order by o.created_at, o.id`,
        [BUCKET],
      )
      return rows.map((row) => ({
        id: idOf<OperatorId>('opr', String(row.id)),
        name: String(row.name),
        role: roleFrom(row.role),
        hasPasskey: row.has_passkey === true,
        status: row.status === 'active' ? 'active' : 'revoked',
        enrolledAt: Number(row.created_at),
      }))
    },

    /** Newest first over all buckets. A party or account finds also the actions on its phones and terminals. */
    async actions(
      page: Readonly<{ subject: string | null; before: ActionCursor | null; limit: number }>,
    ): Promise<PostedAction[]> {
      const { before } = page
      const subjects = page.subject === null ? null : await subjectsOf(page.subject)
      const rows = await rowsOf(
        'actions',
        `select * from action where ($1::text[] is null or subject = any($1))
           and ($2::bigint is null or at < $2 or (at = $2 and (bucket, number) > ($3::smallint, $4::bigint)))
         order by at desc, bucket, number limit $5`,
        [subjects, before?.at ?? null, before && Math.min(before.bucket, buckets), before?.number ?? null, page.limit],
      )
      return rows.map(actionFrom)
    },

    /** The rules as they were set last; undefined while those of the scheme's beginning stand. */
    async rules(): Promise<Omit<SchemeRules, 'id'> | undefined> {
      const [row] = await rowsOf(
        'rules',
        `select after from action where bucket = $1 and what = 'set-rules' order by number desc limit 1`,
        [BUCKET],
      )
      // Border: written by switch/operator.ts in the form of rulesToJson.
      return row && rulesFrom(JSON.parse(String(row.after)) as StoredRules)
    },
  }

  async function subjectsOf(subject: string): Promise<string[]> {
    const party = parseId('pty', subject)
    const [row] =
      party === undefined && !isAccountNumber(subject)
        ? []
        : await rowsOf(
            'subjects',
            `select p.bucket, p.id, p.account from party p where bucket = $1 and (id = $2 or account = $3)`,
            party === undefined
              ? [isAccountNumber(subject) ? bucketOf(subject, buckets) : 0, null, subject]
              : [bucketIn(party), uuidOf(party), null],
          )
    if (row === undefined) return [subject]
    const machines = await rowsOf('machine_ids', 'select id, kind from credential where bucket = $1 and party = $2', [
      row.bucket,
      row.id,
    ])
    return [
      idOf<PartyId>('pty', String(row.id)),
      String(row.account),
      ...machines.map(({ id, kind }) => idOf<DeviceId | TerminalId>(kind === 'device' ? 'dev' : 'trm', String(id))),
    ]
  }
}

export type ActionCursor = Readonly<{ at: number; bucket: number; number: bigint }>

/** The directory that knows operators too: they have tables of their own, and everything else goes to the parties' directory. */
export const withOperators = (directory: Directory, operators: Operators): Directory => ({
  ...directory,
  useCode: async (use) => (await directory.useCode(use)) ?? operators.useCode(use),
  identityOf: (actor) => (isId('opr', actor) ? operators.identityOf(actor) : directory.identityOf(actor)),
  publicKeyOf: async (actor) =>
    isId('opr', actor) ? (await operators.identityOf(actor))?.publicKey : directory.publicKeyOf(actor),
  revoke: (actor) => (isId('opr', actor) ? operators.revoke(actor) : directory.revoke(actor)),
  sessionOf: async (session) => (await directory.sessionOf(session)) ?? operators.sessionOf(session),
})

const identityFrom = (row: Row): Identity => ({
  actor: {
    kind: 'operator',
    id: idOf<OperatorId>('opr', String(row.id)),
    key: idOf<KeyId>('key', String(row.key)),
    name: String(row.name),
    role: roleFrom(row.role),
  },
  publicKey: bytesOf(row.public_key),
  status: row.status === 'active' ? 'active' : 'revoked',
  terminalKind: null,
})

function roleFrom(value: unknown): OperatorRole {
  const role = OPERATOR_ROLES.find((known) => known === value)
  if (role === undefined) throw new Error('an operator has a role that this program knows')
  return role
}

function bytesOf(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new Error('a bytea column holds bytes')
  return value
}
