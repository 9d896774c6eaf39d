// The directory in PostgreSQL: parties, keys, codes, secrets, passkeys, sessions. One statement per need; where several
// belong together, one transaction. Times are the database's.
import { randomBytes } from 'node:crypto'
import type pg from 'pg'
import { isAccountNumber, type AccountNumber } from '#core/accounts.ts'
import { assert } from '#core/assert.ts'
import {
  bucketOfId,
  idFrom,
  idInBucket,
  type DeviceId,
  type KeyId,
  type PartyId,
  type SessionId,
  type TerminalId,
} from '#core/ids.ts'
import { LIFETIME_MS, type TerminalKind } from '#core/numbers.ts'
import type { Actor } from '#switch/actors.ts'
import {
  accountInBucket,
  codeHash,
  newCode,
  type ActorId,
  type Directory,
  type Identity,
  type NewParty,
  type Party,
  type StoredSession,
} from '../auth/directory.ts'
import { storeError } from './connect.ts'
import { idOf, NOW, uuidOf } from './store.ts'

export type { Directory } from '../auth/directory.ts'

type Row = Record<string, unknown>
type Query = (text: string, values: unknown[]) => Promise<Row[]>

const ID_RANDOM_BYTES = 14
/** Public keys kept in memory: some 10 MB. */
const KEPT_KEYS = 50_000

const IDENTITY_COLUMNS = `c.kind, c.id, c.key, c.public_key, c.label, c.terminal_kind,
  p.id as party, p.account, p.name, p.legal_name,
  case when p.status = 'active' then coalesce(d.status, t.status) else 'revoked' end as status`
const IDENTITY_JOINS = `join party p on p.bucket = c.bucket and p.id = c.party
  left join device d on c.kind = 'device' and d.bucket = c.bucket and d.id = c.id
  left join terminal t on c.kind = 'terminal' and t.bucket = c.bucket and t.id = c.id`

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
    createParty: (party) => inTransaction(pool, (within) => insertParty(within, party)),
    async partyOf(party) {
      const row = await one(
        'select id, kind, name, legal_name, account from party where bucket = $1 and id = $2',
        keyOf(party),
      )
      return row && partyOf(row)
    },
    async namesOf(parties) {
      const rows = await query(
        'select p.id, p.name from unnest($1::smallint[], $2::uuid[]) n(bucket, id) join party p using (bucket, id)',
        [parties.map((party) => bucketOfId(party)), parties.map(uuidOf)],
      )
      return new Map(rows.map((row) => [idOf<PartyId>('pty', text(row.id)), text(row.name)]))
    },

    async createCode(asked) {
      const code = asked.code ?? newCode()
      const isTerminal = asked.kind === 'terminal'
      const row = await one(
        `insert into enrolment_code (hash, bucket, party, kind, label, terminal_kind, created_at, expires_at)
         select $1, $2, $3, $4, $5, $6, n.now, n.now + $7::bigint from (select ${NOW} as now) n
         on conflict (hash) do update set hash = excluded.hash returning expires_at`,
        [
          codeHash(code),
          ...keyOf(asked.party),
          asked.kind,
          isTerminal ? asked.label : null,
          isTerminal ? asked.terminalKind : null,
          asked.lifeMs,
        ],
      )
      return { code, expiresAt: Number(row?.expires_at) }
    },
    useCode: (use) => inTransaction(pool, (within) => useCode(within, use)),
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
      inTransaction(pool, async (within) => {
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

    async passkeysOf(party) {
      const rows = await query(
        `select credential, public_key, counter, is_backup_eligible, transports from passkey
         where bucket = $1 and party = $2 order by created_at, credential`,
        keyOf(party),
      )
      return rows.map((row) => ({
        credential: bytes(row.credential),
        publicKey: bytes(row.public_key),
        counter: Number(row.counter),
        isBackupEligible: row.is_backup_eligible === true,
        transports: Array.isArray(row.transports) ? row.transports.map(String) : [],
      }))
    },
    async addPasskey(party, passkey) {
      const { credential, publicKey, counter, isBackupEligible, transports } = passkey
      const row = await one(
        `insert into passkey (bucket, party, credential, public_key, counter, is_backup_eligible, transports, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, ${NOW}) on conflict do nothing returning party`,
        [...keyOf(party), credential, publicKey, counter, isBackupEligible, transports],
      )
      return row !== undefined
    },
    async usePasskey(party, { credential, counter, use }) {
      // Authenticators without a counter always say 0.
      const row = await one(
        `update passkey set counter = $4, last_use = $5 where bucket = $1 and party = $2 and credential = $3
           and (counter < $4 or (counter = 0 and $4 = 0) or (counter = $4 and last_use = $5)) returning party`,
        [...keyOf(party), credential, counter, use],
      )
      return row !== undefined
    },
    async putChallenge(device, challenge, lifeMs) {
      await query(
        `insert into passkey_challenge (bucket, device, challenge, expires_at) values ($1, $2, $3, ${NOW} + $4::bigint)
         on conflict (bucket, device) do update set challenge = excluded.challenge, expires_at = excluded.expires_at`,
        [...keyOf(device), challenge, lifeMs],
      )
    },
    async takeChallenge(device) {
      const row = await one(
        `delete from passkey_challenge where bucket = $1 and device = $2 returning challenge, expires_at > ${NOW} as is_alive`,
        keyOf(device),
      )
      return row?.is_alive === true ? bytes(row.challenge) : undefined
    },

    async putSession({ id, actor, macKey, tokenHash, nonce, expiresAt }) {
      const row = await one(
        `with ended as (delete from session where actor = $3 and expires_at < ${NOW})
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

async function insertParty(within: Query, party: NewParty): Promise<Party> {
  const [scheme] = await within('select buckets from scheme', [])
  assert(scheme !== undefined, 'the scheme is made before its parties')
  if (party.id !== undefined) {
    // Whoever asks for the same party at the same time waits here.
    await within('select pg_advisory_xact_lock(hashtextextended($1, 0))', [party.id])
    const [known] = await within(
      'select id, kind, name, legal_name, account from party where bucket = $1 and id = $2',
      keyOf(party.id),
    )
    if (known !== undefined) return partyOf(known)
  }
  // The counter's row is also the lock under which the bucket's numbers are given out one by one.
  const [serial] = await within(
    `insert into account_serial (bucket, given) values ($1, 1)
     on conflict (bucket) do update set given = account_serial.given + 1 returning given`,
    [party.bucket],
  )
  const account = accountInBucket(party.bucket, Number(serial?.given) - 1, Number(scheme.buckets))
  const id = party.id ?? idInBucket('pty', party.bucket, randomBytes(ID_RANDOM_BYTES))
  await within(
    `insert into party (bucket, id, kind, name, legal_name, account, created_at) values ($1, $2, $3, $4, $5, $6, ${NOW})`,
    [...keyOf(id), party.kind, party.name, party.legalName, account],
  )
  await within('insert into account (bucket, key, unit) select $1, $2, unnest($3::text[])', [
    party.bucket,
    account,
    party.units,
  ])
  return { id, kind: party.kind, name: party.name, legalName: party.legalName, account }
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

  const bucket = Number(code.bucket)
  const isDevice = code.kind === 'device'
  const id = idInBucket(isDevice ? 'dev' : 'trm', bucket, randomBytes(ID_RANDOM_BYTES))
  const key = idFrom('key', randomBytes(ID_RANDOM_BYTES + 2))
  await within('update enrolment_code set used_by = $2 where hash = $1', [hash, uuidOf(id)])
  await within(
    `insert into credential (bucket, id, kind, party, key, public_key, label, terminal_kind, created_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, ${NOW})`,
    [...keyOf(id), code.kind, code.party, uuidOf(key), use.publicKey, code.label ?? use.label, code.terminal_kind],
  )
  if (isDevice) {
    await within('insert into device (bucket, id, party, key) values ($1, $2, $3, $4)', [
      ...keyOf(id),
      code.party,
      uuidOf(key),
    ])
  }
  // A device has a terminal of the same id: its person may ask for money.
  await within('insert into terminal (bucket, id, party) values ($1, $2, $3)', [...keyOf(id), code.party])
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

/** All or nothing; a COMMIT that answers ROLLBACK is a failure. */
async function inTransaction<Result>(pool: pg.Pool, work: (within: Query) => Promise<Result>): Promise<Result> {
  const client = await pool.connect().catch((error: unknown) => {
    throw storeError(error)
  })
  let broken: Error | undefined
  const noteError = (error: Error): void => void (broken = error)
  client.on('error', noteError)
  try {
    await client.query('begin')
    const result = await work(async (text, values) => (await client.query<Row>(text, values)).rows)
    const { command } = await client.query('commit')
    if (command !== 'COMMIT') throw new Error(`COMMIT answered ${command}`)
    return result
  } catch (error) {
    await client.query('rollback').catch(noteError)
    throw storeError(error)
  } finally {
    client.off('error', noteError)
    client.release(broken)
  }
}

const keyOf = (id: ActorId | PartyId): [bucket: number, id: string] => [bucketOfId(id), uuidOf(id)]
const KINDS = { dev: 'device', trm: 'terminal', opr: 'operator' } as const

/** Operators have a directory of their own: here none is found. */
const kindOf = (actor: ActorId): string => KINDS[actor.slice(0, 3) as keyof typeof KINDS]

const partyOf = (row: Row): Party => ({
  id: idOf<PartyId>('pty', text(row.id)),
  kind: row.kind === 'merchant' ? 'merchant' : 'person',
  name: text(row.name),
  legalName: text(row.legal_name),
  account: account(row.account),
})

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
  return { kind: 'terminal', id, ...common, label: text(row.label), cashier: null }
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
