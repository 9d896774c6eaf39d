// The directory in PostgreSQL: parties, keys, codes, secrets, passkeys, sessions. One statement per need; where several
// belong together, one transaction. Times are the database's.
import type pg from 'pg'
import { isAccountNumber, type AccountNumber } from '#core/accounts.ts'
import { assert } from '#core/assert.ts'
import { bucketOfId, type DeviceId, type KeyId, type PartyId, type SessionId, type TerminalId } from '#core/ids.ts'
import { LIFETIME_MS, type TerminalKind } from '#core/numbers.ts'
import type { Actor } from '#switch/actors.ts'
import { codeHash, type ActorId, type Directory, type Identity, type StoredSession } from '../auth/directory.ts'
import { CASHIER_COLUMNS, CASHIER_JOINS, cashierFrom } from './cashiers.ts'
import { storeError } from './connect.ts'
import { insertCode, insertMachine, insertParty, partyFrom } from './enrolling.ts'
import { passkeys } from './passkeys.ts'
import { idOf, NOW, uuidOf, type Row } from './rows.ts'
import { allOrNothing, type Query } from './transaction.ts'

export type { Directory } from '../auth/directory.ts'

/** When somebody was here last is told to the minute. */
const SEEN_EVERY_MS = 60_000
/** Public keys kept in memory: some 10 MB. */
const KEPT_KEYS = 50_000

const IDENTITY_COLUMNS = `c.kind, c.id, c.key, c.public_key, c.label, c.terminal_kind,
  p.id as party, p.account, p.name, p.legal_name, ${CASHIER_COLUMNS},
  case when p.status = 'active' then coalesce(d.status, t.status) else 'revoked' end as status`
const IDENTITY_JOINS = `join party p on p.bucket = c.bucket and p.id = c.party
  left join device d on c.kind = 'device' and d.bucket = c.bucket and d.id = c.id
  left join terminal t on c.kind = 'terminal' and t.bucket = c.bucket and t.id = c.id
  ${CASHIER_JOINS}`

/** Methods throw StoreUnavailable when there is no database. */
export function postgresDirectory(pool: pg.Pool): Directory {
  const publicKeys = new Map<ActorId, Uint8Array>()
  const query = async (text: string, values: unknown[], name?: string): Promise<Row[]> => {
    try {
      return (await pool.query<Row>({ text, values, ...(name !== undefined && { name }) })).rows
    } catch (error) {
      throw storeError(error)
    }
  }
  /** With a name PostgreSQL keeps the plan: for what every session or payment asks. */
  const one = async (text: string, values: unknown[], name?: string): Promise<Row | undefined> =>
    (await query(text, values, name))[0]

  return {
    createParty: (party) => allOrNothing(pool, (within) => insertParty(within, party)),
    async partyOf(party) {
      const row = await one(
        'select id, kind, name, legal_name, account from party where bucket = $1 and id = $2',
        keyOf(party),
      )
      return row && partyFrom(row)
    },
    async namesOf(parties) {
      const rows = await query(
        'select p.id, p.name from unnest($1::smallint[], $2::uuid[]) n(bucket, id) join party p using (bucket, id)',
        [parties.map((party) => bucketOfId(party)), parties.map(uuidOf)],
      )
      return new Map(rows.map((row) => [idOf<PartyId>('pty', text(row.id)), text(row.name)]))
    },

    createCode: (asked) => insertCode(query, asked),
    useCode: (use) => allOrNothing(pool, (within) => useCode(within, use)),
    async identityOf(actor) {
      const row = await one(
        `select ${IDENTITY_COLUMNS} from credential c ${IDENTITY_JOINS} where c.bucket = $1::integer and c.id = $2 and c.kind = $3`,
        [...keyOf(actor), kindOf(actor)],
        'identity_of',
      )
      return row && identityOf(row)
    },
    async publicKeyOf(actor) {
      const known = publicKeys.get(actor)
      if (known !== undefined) return known
      const row = await one(
        'select public_key from credential where bucket = $1::integer and id = $2 and kind = $3',
        [...keyOf(actor), kindOf(actor)],
        'public_key_of',
      )
      if (row === undefined) return undefined
      publicKeys.set(actor, bytes(row.public_key))
      for (const oldest of publicKeys.keys()) {
        if (publicKeys.size <= KEPT_KEYS) break
        publicKeys.delete(oldest)
      }
      return bytes(row.public_key)
    },
    revoke: (actor) =>
      allOrNothing(pool, async (within) => {
        // A device is a terminal too.
        await within(`update device set status = 'revoked' where bucket = $1 and id = $2`, keyOf(actor))
        const revoked = await within(
          `update terminal set status = 'revoked' where bucket = $1 and id = $2 returning id`,
          keyOf(actor),
        )
        await within('delete from session where actor = $1', [uuidOf(actor)])
        return revoked.length === 1
      }),

    async secretOf(party) {
      const row = await one(
        'select salt, iterations, stored_key, server_key from secret where bucket = $1 and party = $2',
        keyOf(party),
        'secret_of',
      )
      return (
        row && {
          salt: bytes(row.salt),
          iterations: Number(row.iterations),
          storedKey: bytes(row.stored_key),
          serverKey: bytes(row.server_key),
        }
      )
    },
    async setSecret(party, secret) {
      // The no-op update lets the same secret through once more: the answer to the first was lost.
      const row = await one(
        `insert into secret (bucket, party, salt, iterations, stored_key, server_key, created_at)
         values ($1, $2, $3, $4, $5, $6, ${NOW})
         on conflict (bucket, party) do update set iterations = excluded.iterations
           where secret.stored_key = excluded.stored_key and secret.salt = excluded.salt
             and secret.iterations = excluded.iterations and secret.server_key = excluded.server_key
         returning party`,
        [...keyOf(party), secret.salt, secret.iterations, secret.storedKey, secret.serverKey],
      )
      return row !== undefined
    },

    async replaceSecret(party, secret, askedAt) {
      await query(
        `insert into secret (bucket, party, salt, iterations, stored_key, server_key, created_at)
         values ($1, $2, $3, $4, $5, $6, ${NOW})
         on conflict (bucket, party) do update set salt = excluded.salt, iterations = excluded.iterations,
           stored_key = excluded.stored_key, server_key = excluded.server_key, created_at = excluded.created_at
         where secret.created_at <= $7`,
        [...keyOf(party), secret.salt, secret.iterations, secret.storedKey, secret.serverKey, askedAt],
      )
    },
    ...passkeys(query),

    async putSession({ id, actor, macKey, tokenHash, nonce, expiresAt }) {
      const row = await one(
        `with ended as (delete from session where actor = $3 and expires_at < ${NOW}),
           seen as (update credential set last_seen_at = ${NOW}
             where bucket = $2::integer and id = $3 and coalesce(last_seen_at, 0) < ${NOW} - ${SEEN_EVERY_MS})
         insert into session (id, bucket, actor, mac_key, token_hash, nonce, expires_at, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, ${NOW}) on conflict (actor, nonce) do nothing returning id`,
        [uuidOf(id), ...keyOf(actor), macKey, tokenHash, nonce, expiresAt],
      )
      return row !== undefined
    },
    async sessionOf(session) {
      const row = await one(
        `select s.id as session, s.mac_key, s.token_hash, s.nonce, s.expires_at, ${IDENTITY_COLUMNS}
         from session s join credential c on c.bucket = s.bucket and c.id = s.actor ${IDENTITY_JOINS} where s.id = $1`,
        [uuidOf(session)],
        'session_of',
      )
      if (row === undefined) return undefined
      const identity = identityOf(row)
      return { session: sessionOf(row, identity.actor.id), identity }
    },
    async endSessions(actor) {
      await query('delete from session where actor = $1', [uuidOf(actor)])
    },
  }
}

async function useCode(
  within: Query,
  use: Readonly<{ code: string; publicKey: Uint8Array; label: string }>,
): Promise<Identity | undefined> {
  const hash = codeHash(use.code)
  const [code] = await within(
    `update enrolment_code set used_at = ${NOW}, public_key = $2
     where hash = $1 and used_at is null and expires_at > ${NOW} returning bucket, party, kind, label, terminal_kind`,
    [hash, use.publicKey],
  )
  if (code === undefined) return identityByUsedCode(within, hash, use.publicKey)

  const id = await insertMachine(within, {
    party: idOf<PartyId>('pty', text(code.party)),
    publicKey: use.publicKey,
    label: code.label === null ? use.label : text(code.label),
    terminalKind: code.kind === 'device' ? null : terminalKind(code.terminal_kind),
  })
  await within('update enrolment_code set used_by = $2 where hash = $1', [hash, uuidOf(id)])
  return identityByUsedCode(within, hash, use.publicKey)
}

async function identityByUsedCode(
  within: Query,
  hash: Uint8Array,
  publicKey: Uint8Array,
): Promise<Identity | undefined> {
  const [row] = await within(
    `select ${IDENTITY_COLUMNS} from enrolment_code e join credential c on c.bucket = e.bucket and c.id = e.used_by
     ${IDENTITY_JOINS} where e.hash = $1 and e.public_key = $2`,
    [hash, publicKey],
  )
  return row && identityOf(row)
}

const keyOf = (id: ActorId | PartyId): [bucket: number, id: string] => [bucketOfId(id), uuidOf(id)]
const KINDS = { dev: 'device', trm: 'terminal', opr: 'operator' } as const

/** Operators have a directory of their own: here none is found. */
const kindOf = (actor: ActorId): string => KINDS[actor.slice(0, 3) as keyof typeof KINDS]

function identityOf(row: Row): Identity {
  return {
    actor: actorOf(row),
    publicKey: bytes(row.public_key),
    status: row.status === 'active' ? 'active' : 'revoked',
    terminalKind: row.terminal_kind === null ? null : terminalKind(row.terminal_kind),
  }
}

function actorOf(row: Row): Actor {
  const key = idOf<KeyId>('key', text(row.key))
  const common = {
    key,
    party: idOf<PartyId>('pty', text(row.party)),
    account: account(row.account),
    name: text(row.name),
    legalName: text(row.legal_name),
  }
  if (row.kind === 'device') return { kind: 'device', id: idOf<DeviceId>('dev', text(row.id)), ...common }
  const id = idOf<TerminalId>('trm', text(row.id))
  return {
    kind: 'terminal',
    id,
    ...common,
    label: text(row.label),
    terminalKind: terminalKind(row.terminal_kind),
    cashier: cashierFrom(row),
  }
}

const sessionOf = (row: Row, actor: ActorId): StoredSession => ({
  id: idOf<SessionId>('ses', text(row.session)),
  actor,
  macKey: bytes(row.mac_key),
  tokenHash: bytes(row.token_hash),
  nonce: bytes(row.nonce),
  expiresAt: Number(row.expires_at),
})

function text(value: unknown): string {
  assert(typeof value === 'string', 'a text column holds text')
  return value
}

function bytes(value: unknown): Uint8Array {
  assert(value instanceof Uint8Array, 'a bytea column holds bytes')
  return value
}

function account(value: unknown): AccountNumber {
  assert(isAccountNumber(value), 'a party has an account number')
  return value
}

function terminalKind(value: unknown): TerminalKind {
  assert(isTerminalKind(value), 'a terminal has a kind that this program knows')
  return value
}

const isTerminalKind = (value: unknown): value is TerminalKind =>
  typeof value === 'string' && Object.hasOwn(LIFETIME_MS, value)
