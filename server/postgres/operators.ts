// Operators in PostgreSQL: their keys and codes, what the desk looks up of parties and accounts, and the log of actions.
import { randomBytes } from 'node:crypto'
import { bucketOf, isAccountNumber, systemAccount, type AccountNumber } from '#core/accounts.ts'
import type { PostedAction } from '#core/actions.ts'
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
import type { Account, AccountStatus } from '#core/ledger.ts'
import type { Unit } from '#core/money.ts'
import type { SchemeRules } from '#core/payment.ts'
import { unknownStanding, type Attributes } from '#core/standing.ts'
import { codeHash, newCode, type Directory, type Identity, type StoredSession } from '../auth/directory.ts'
import { read, storeError, type Database } from './connect.ts'
import { accountFrom, accountRows, actionFrom, idOf, NOW, standingFrom, uuidOf, type Row } from './rows.ts'
import { rulesFrom, type StoredRules } from './scheme.ts'

export type Operators = ReturnType<typeof postgresOperators>

export type Operator = Readonly<{ id: OperatorId; name: string; status: 'active' | 'revoked'; enrolledAt: number }>

export type PartyRow = Readonly<{
  party: PartyId
  kind: 'person' | 'merchant'
  name: string
  legalName: string
  account: AccountNumber
  status: 'active' | 'closed'
  frozen: boolean
  openedAt: number
}>

export type Machine = Readonly<{
  id: DeviceId | TerminalId
  kind: 'device' | 'terminal'
  terminalKind: string | null
  label: string
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
  /** For what changes something: not on the shared connections of reads. */
  async function change(text: string, values: unknown[]): Promise<Row[]> {
    try {
      return (await database.transactions.query<Row>(text, values)).rows
    } catch (error) {
      throw storeError(error)
    }
  }

  /** An id made elsewhere may name a bucket that no column can: it is looked for where it is not. */
  const bucketIn = (party: PartyId): number => bucketOfId(party) % buckets

  return {
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
           where hash = $1 and used_at is null and expires_at > ${NOW} returning name)
         insert into operator (bucket, id, key, public_key, name, created_at)
         select ${BUCKET}, $2, $3, $4, coalesce(name, $5), ${NOW} from used returning *`,
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

    /** A code for a further operator; the same code asked for again lives no longer. */
    async createCode(asked: Readonly<{ code: string; name: string; lifeMs: number }>): Promise<{ expiresAt: number }> {
      const [row] = await change(
        `insert into operator_code (hash, name, created_at, expires_at)
         select $1, $2, n.now, n.now + $3::bigint from (select ${NOW} as now) n
         on conflict (hash) do update set hash = excluded.hash returning expires_at`,
        [codeHash(asked.code), asked.name, asked.lifeMs],
      )
      return { expiresAt: Number(row?.expires_at) }
    },

    /** A fresh code for the first operator in the place of the last one; null when there is an operator who may act. */
    async openFirstCode(lifeMs: number): Promise<string | null> {
      const code = newCode()
      const rows = await change(
        `with last as (delete from operator_code where name is null and used_at is null)
         insert into operator_code (hash, created_at, expires_at)
         select $1, n.now, n.now + $2::bigint from (select ${NOW} as now) n
         where not exists (select from operator where bucket = ${BUCKET} and status = 'active') returning hash`,
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
      const rows = await rowsOf('all', 'select * from operator where bucket = $1 order by created_at, id', [BUCKET])
      return rows.map((row) => ({
        id: idOf<OperatorId>('opr', String(row.id)),
        name: String(row.name),
        status: row.status === 'active' ? 'active' : 'revoked',
        enrolledAt: Number(row.created_at),
      }))
    },

    /** Newest first; `search` is a part of the name, or an account number. */
    async parties(
      page: Readonly<{ search: string | null; before: PartyId | null; limit: number }>,
    ): Promise<PartyRow[]> {
      const { search, before } = page
      const rows = await rowsOf(
        'parties',
        `select ${PARTY_COLUMNS} from party p
         where ($1::text is null or p.name ilike $1 or p.legal_name ilike $1 or p.account = $2)
           and ($3::uuid is null or (p.created_at, p.id) < (select created_at, id from party where bucket = $4 and id = $3))
         order by p.created_at desc, p.id desc limit $5`,
        [
          search === null ? null : `%${search.replace(/[\\%_]/gu, String.raw`\$&`)}%`,
          search === null ? null : search.replace(/[\s-]/gu, ''),
          before && uuidOf(before),
          before && bucketIn(before),
          page.limit,
        ],
      )
      return rows.map(partyRowFrom)
    },

    async party(party: PartyId): Promise<PartyRow | undefined> {
      const [row] = await rowsOf('party', `select ${PARTY_COLUMNS} from party p where bucket = $1 and id = $2`, [
        bucketIn(party),
        uuidOf(party),
      ])
      return row && partyRowFrom(row)
    },

    async partyByAccount(account: AccountNumber): Promise<PartyRow | undefined> {
      const [row] = await rowsOf(
        'party_by_account',
        `select ${PARTY_COLUMNS} from party p where bucket = $1 and account = $2`,
        [bucketOf(account, buckets), account],
      )
      return row && partyRowFrom(row)
    },

    /** The accounts with their limits and what was spent, one for each unit. */
    async accounts(account: AccountNumber): Promise<Account[]> {
      const rows = await rowsOf('accounts', 'select * from account where bucket = $1 and key = $2 order by unit', [
        bucketOf(account, buckets),
        account,
      ])
      return rows.map(accountFrom)
    },

    async attributes(party: PartyId): Promise<Attributes> {
      const [row] = await rowsOf('standing', 'select * from standing where bucket = $1 and party = $2', [
        bucketOfId(party),
        uuidOf(party),
      ])
      return (row === undefined ? unknownStanding(party) : standingFrom(row)).attributes
    },

    /** The party's phones and terminals, newest first. */
    async machines(party: PartyId): Promise<Machine[]> {
      const rows = await rowsOf(
        'machines',
        `select c.id, c.kind, c.terminal_kind, c.label, c.created_at, coalesce(d.status, t.status) as status
         from credential c
         left join device d on c.kind = 'device' and d.bucket = c.bucket and d.id = c.id
         left join terminal t on c.kind = 'terminal' and t.bucket = c.bucket and t.id = c.id
         where c.bucket = $1 and c.party = $2 order by c.created_at desc, c.id`,
        [bucketOfId(party), uuidOf(party)],
      )
      return rows.map((row) => {
        const isDevice = row.kind === 'device'
        return {
          id: isDevice ? idOf<DeviceId>('dev', String(row.id)) : idOf<TerminalId>('trm', String(row.id)),
          kind: isDevice ? 'device' : 'terminal',
          terminalKind: typeof row.terminal_kind === 'string' ? row.terminal_kind : null,
          label: String(row.label),
          status: row.status === 'active' ? 'active' : 'revoked',
          enrolledAt: Number(row.created_at),
        }
      })
    },

    /** What each of these accounts is in the unit, with its holder's name; those without a party are left out. */
    async holders(
      accounts: readonly AccountNumber[],
      unit: Unit,
    ): Promise<Map<AccountNumber, Readonly<{ name: string; status: AccountStatus | 'unit-mismatch' }>>> {
      const rows = await rowsOf(
        'holders',
        `select p.account, p.name, coalesce(a.status, 'unit-mismatch') as status
         from unnest($1::smallint[], $2::text[]) n(bucket, account)
         join party p on p.bucket = n.bucket and p.account = n.account
         left join account a on a.bucket = n.bucket and a.key = n.account and a.unit = $3`,
        [accounts.map((account) => bucketOf(account, buckets)), accounts, unit],
      )
      // Border: columns written by the directory and checked by the tables' constraints.
      return new Map(
        rows.map((row) => [
          row.account as AccountNumber,
          { name: String(row.name), status: row.status as AccountStatus | 'unit-mismatch' },
        ]),
      )
    },

    /** The scheme's own accounts of the unit in this bucket; made once. */
    async openOwnAccounts(bucket: number, unit: Unit): Promise<void> {
      const rows = accountRows(systemAccount('issue', bucket), unit, buckets)
      await change(`insert into account (bucket, key, unit) select $1, unnest($2::text[]), $3 on conflict do nothing`, [
        bucket,
        [...new Set(rows.map(({ key }) => key))],
        unit,
      ])
    },

    /**
     * Is something of the party's open or held: a payment of its own, an offer of its terminals, or a payment to it that is not over?
     * The last lie in their payers' buckets: all open payments of the scheme are looked through, which an operator may wait for.
     */
    async isBusy(party: PartyId): Promise<boolean> {
      const rows = await rowsOf(
        'is_busy',
        `select 1 from payment where bucket = $1 and party = $2 and state in ('joined', 'authorising', 'held')
         union all select 1 from credential c join offer o on o.bucket = c.bucket and o.terminal = c.id
           where c.bucket = $1 and c.party = $2 and o.state = 'open'
         union all select 1 from payment
           where state in ('joined', 'authorising', 'held') and snapshot->'biller'->>'party' = $3
         limit 1`,
        [bucketOfId(party), uuidOf(party), party],
      )
      return rows.length > 0
    },

    /** Closed for good: its phones and terminals may not act any more, at once, and their sessions end. */
    async closeParty(party: PartyId): Promise<void> {
      await change(
        `with closed as (update party set status = 'closed' where bucket = $1 and id = $2),
           devices as (update device set status = 'revoked' where bucket = $1 and party = $2),
           terminals as (update terminal set status = 'revoked' where bucket = $1 and party = $2)
         delete from session where actor in (select id from credential where bucket = $1 and party = $2)`,
        [bucketOfId(party), uuidOf(party)],
      )
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

const PARTY_COLUMNS = `p.id, p.kind, p.name, p.legal_name, p.account, p.status, p.created_at,
  exists (select from account a where a.bucket = p.bucket and a.key = p.account and a.status = 'frozen') as frozen`

const partyRowFrom = (row: Row): PartyRow => ({
  party: idOf<PartyId>('pty', String(row.id)),
  kind: row.kind === 'merchant' ? 'merchant' : 'person',
  name: String(row.name),
  legalName: String(row.legal_name),
  // Border: the directory gave the party this number.
  account: row.account as AccountNumber,
  status: row.status === 'active' ? 'active' : 'closed',
  frozen: row.frozen === true,
  openedAt: Number(row.created_at),
})

const identityFrom = (row: Row): Identity => ({
  actor: {
    kind: 'operator',
    id: idOf<OperatorId>('opr', String(row.id)),
    key: idOf<KeyId>('key', String(row.key)),
    name: String(row.name),
    role: 'chief',
  },
  publicKey: bytesOf(row.public_key),
  status: row.status === 'active' ? 'active' : 'revoked',
  terminalKind: null,
})

function bytesOf(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new Error('a bytea column holds bytes')
  return value
}
