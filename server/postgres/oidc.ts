// What OpenID remembers: the provider's own models, relying sites, signing keys, and open questions put to people. One statement per need.
import { createHash } from 'node:crypto'
import type { AccountNumber } from '#core/accounts.ts'
import { bucketOfId, type PartyId, type TerminalId } from '#core/ids.ts'
import { OutcomeUnknown, StoreUnavailable } from '#switch/store.ts'
import { inTransaction, read, type Database, type Statement } from './connect.ts'
import { idOf, NOW, uuidOf, type Row } from './rows.ts'

/** A site that signs people in: a merchant's, with the terminal that asks for it. `metadata` is OpenID's own. */
export type ClientRow = Readonly<{
  id: string
  party: PartyId
  terminal: TerminalId
  account: AccountNumber
  merchant: string
  legalName: string
  metadata: Readonly<Record<string, unknown>>
  status: 'active' | 'ended'
  createdAt: number
}>

export type NewClient = Pick<ClientRow, 'id' | 'party' | 'terminal' | 'metadata'>

/** `publicKey` and `privateKey` are JWKs as JSON. */
export type KeyRow = Readonly<{
  id: string
  publicKey: string
  privateKey: string
  createdAt: number
  retiredAt: number | null
}>

export type Entry = Readonly<{ payload: Readonly<Record<string, unknown>>; consumedAt: number | null }>

/** What a person has set of themselves, as far as asking them needs it. */
export type AskedPerson = Readonly<{ language: 'en' | 'ja'; userCode: Uint8Array | null }>

export type OidcStore = ReturnType<typeof postgresOidc>

/** Entries outlive their end by this, so that what came too late is told from what never was. */
const KEPT_AFTER_MS = 10 * 60_000
/** A sweep that finds more leaves the rest to the next one. */
const SWEPT_AT_ONCE = 10_000
/** One hub answers a question; when it dies over it, another may after this. */
const LEASE_MS = 15_000

/** Over an open database. Methods throw StoreUnavailable when there is none. */
export function postgresOidc(database: Database) {
  const rowsOf = (name: string, text: string, values: unknown[]): Promise<Row[]> =>
    read<Row>(database, { name, text, values })
  const changes = (statements: readonly Statement[]): Promise<void> =>
    inTransaction(database.transactions, [], () => ({ statements })).catch((error: unknown) => {
      // Asked again, it finds what it made.
      throw error instanceof OutcomeUnknown ? new StoreUnavailable('no answer', { cause: error }) : error
    })

  return {
    /** Keeps an entry under the hash of its id: whoever reads the table has no code or token. */
    async put(
      model: string,
      id: string,
      entry: Readonly<{ payload: object; grantId: string | null; lifeMs: number | null }>,
    ): Promise<void> {
      await rowsOf(
        'put_oidc_entry',
        `insert into oidc_entry (model, id, payload, grant_id, expires_at)
         values ($1, $2, $3, $4, ${NOW} + $5::bigint + ${KEPT_AFTER_MS})
         on conflict (model, id) do update
           set payload = excluded.payload, grant_id = excluded.grant_id, expires_at = excluded.expires_at`,
        [model, hashed(id), JSON.stringify(entry.payload), entry.grantId, entry.lifeMs],
      )
    },
    async find(model: string, id: string): Promise<Entry | undefined> {
      const [row] = await rowsOf(
        'find_oidc_entry',
        'select payload, consumed_at from oidc_entry where model = $1 and id = $2',
        [model, hashed(id)],
      )
      return (
        row && {
          // Border: `put` alone writes the column, always an object.
          payload: row.payload as Entry['payload'],
          consumedAt: row.consumed_at === null ? null : Number(row.consumed_at),
        }
      )
    },
    /** False when somebody was quicker, or there is none: one statement decides. */
    async consume(model: string, id: string): Promise<boolean> {
      const rows = await rowsOf(
        'consume_oidc_entry',
        `update oidc_entry set consumed_at = ${NOW} where model = $1 and id = $2 and consumed_at is null returning id`,
        [model, hashed(id)],
      )
      return rows.length === 1
    },
    async remove(model: string, id: string): Promise<void> {
      await rowsOf('remove_oidc_entry', 'delete from oidc_entry where model = $1 and id = $2', [model, hashed(id)])
    },
    async removeOfGrant(grantId: string): Promise<void> {
      await rowsOf('remove_oidc_grant', 'delete from oidc_entry where grant_id = $1', [grantId])
    },
    async sweep(): Promise<void> {
      await rowsOf(
        'sweep_oidc',
        `with over as (
           select model, id from oidc_entry where expires_at < (select ${NOW}) order by expires_at limit ${SWEPT_AT_ONCE}
           for update skip locked)
         delete from oidc_entry e using over o where e.model = o.model and e.id = o.id`,
        [],
      )
    },

    /** Counts one poll of a request: false when the one that counted before was less than `everyMs` ago. */
    async mayPoll(request: string, everyMs: number): Promise<boolean> {
      const rows = await rowsOf(
        'oidc_poll',
        `insert into oidc_entry (model, id, payload, expires_at)
         select 'Poll', $1, jsonb_build_object('at', n.now), n.now + ${KEPT_AFTER_MS} from (select ${NOW} as now) n
         on conflict (model, id) do update set payload = excluded.payload, expires_at = excluded.expires_at
           where (oidc_entry.payload->>'at')::bigint <= (excluded.payload->>'at')::bigint - $2::bigint
         returning id`,
        [hashed(request), everyMs],
      )
      return rows.length === 1
    },

    /** Questions put to people that are not over, of all hubs. */
    async openAsks(): Promise<Entry['payload'][]> {
      const rows = await rowsOf('open_oidc_asks', `select payload from oidc_entry where model = 'Ask'`, [])
      // Border: `put` alone writes the column.
      return rows.map(({ payload }) => payload as Entry['payload'])
    },
    /** Takes an open question for a while, so that one hub alone goes on with it; false when another has it, or it has moved on since it was seen. */
    async leaseAsk(seen: Readonly<{ request: string; payment: string | null; pings: number }>): Promise<boolean> {
      const rows = await rowsOf(
        'lease_oidc_ask',
        `update oidc_entry set payload = payload || jsonb_build_object('leasedUntil', ${NOW} + ${LEASE_MS})
         where model = 'Ask' and id = $1 and coalesce((payload->>'leasedUntil')::bigint, 0) < ${NOW}
           and payload->>'payment' is not distinct from $2 and (payload->>'pings')::integer = $3 returning id`,
        [hashed(seen.request), seen.payment, seen.pings],
      )
      return rows.length === 1
    },

    async client(id: string): Promise<ClientRow | undefined> {
      const [row] = await rowsOf('oidc_client', `${CLIENTS} where c.id = $1`, [id])
      return row && clientFrom(row)
    },
    async clients(): Promise<ClientRow[]> {
      return (await rowsOf('oidc_clients', `${CLIENTS} order by c.created_at desc, c.id`, [])).map(clientFrom)
    },
    /** Makes the site and its terminal; made before under this id, it stays as it is. */
    async addClient({ id, party, terminal, metadata }: NewClient): Promise<void> {
      const bucket = bucketOfId(party)
      await changes([
        {
          name: 'add_oidc_client',
          text: `with made as (
                   insert into oidc_client (id, bucket, party, terminal, metadata, created_at)
                   values ($1, $2, $3, $4, $5, ${NOW}) on conflict (id) do nothing returning terminal)
                 insert into terminal (bucket, id, party, status) select $2, $4, $3, 'active' from made`,
          values: [id, bucket, uuidOf(party), uuidOf(terminal), JSON.stringify(metadata)],
        },
      ])
    },
    /** Ends the site and its terminal; false when there is none. */
    async endClient(id: string): Promise<boolean> {
      const rows = await rowsOf(
        'end_oidc_client',
        `with ended as (update oidc_client set status = 'ended' where id = $1 returning bucket, terminal),
              stopped as (update terminal t set status = 'revoked' from ended e where t.bucket = e.bucket and t.id = e.terminal)
         select terminal from ended`,
        [id],
      )
      return rows.length === 1
    },

    async keys(): Promise<KeyRow[]> {
      const rows = await rowsOf(
        'oidc_keys',
        `select id, public_key, private_key, created_at, retired_at from hub_key where kind = 'oidc' order by created_at, id`,
        [],
      )
      return rows.map((row) => ({
        id: String(row.id),
        publicKey: String(row.public_key),
        privateKey: String(row.private_key),
        createdAt: Number(row.created_at),
        retiredAt: row.retired_at === null ? null : Number(row.retired_at),
      }))
    },
    /** Adds keys and, where asked, retires those before them in the same commit. */
    async addKeys(
      keys: readonly Pick<KeyRow, 'id' | 'publicKey' | 'privateKey'>[],
      retireOthers: boolean,
    ): Promise<void> {
      const retire: Statement = {
        name: 'retire_oidc_keys',
        text: `update hub_key set retired_at = ${NOW} where kind = 'oidc' and retired_at is null`,
        values: [],
      }
      await changes([
        ...(retireOthers ? [retire] : []),
        ...keys.map(({ id, publicKey, privateKey }) => ({
          name: 'add_oidc_key',
          text: `insert into hub_key (kind, id, public_key, private_key, created_at) values ('oidc', $1, $2, $3, ${NOW})`,
          values: [id, publicKey, privateKey],
        })),
      ])
    },
    /** A secret by its name, made of `fresh` by the first hub that asks. */
    async secret(name: string, fresh: Uint8Array): Promise<Uint8Array> {
      const values = [name, Buffer.from(fresh).toString('base64url')]
      await rowsOf(
        'make_oidc_secret',
        `insert into hub_key (kind, id, public_key, private_key, created_at)
         values ('oidc-secret', $1, '', $2, ${NOW}) on conflict do nothing`,
        values,
      )
      const [row] = await rowsOf(
        'oidc_secret',
        `select private_key from hub_key where kind = 'oidc-secret' and id = $1`,
        [name],
      )
      if (row === undefined) throw new Error('the secret was just made')
      return Buffer.from(String(row.private_key), 'base64url')
    },

    async partyAt(address: string): Promise<PartyId | undefined> {
      const [row] = await rowsOf('oidc_party_at', 'select party from email_address where address = $1', [address])
      return row && idOf<PartyId>('pty', String(row.party))
    },
    async person(party: PartyId): Promise<AskedPerson> {
      const [row] = await rowsOf(
        'oidc_person',
        'select language, user_code from profile where bucket = $1 and party = $2',
        [bucketOfId(party), uuidOf(party)],
      )
      const language = row?.language === 'ja' ? 'ja' : 'en'
      return { language, userCode: Buffer.isBuffer(row?.user_code) ? row.user_code : null }
    },
    /** The picture, while it is still the one with this hash (hex). */
    async picture(party: PartyId, hash: string): Promise<Uint8Array | null> {
      const [row] = await rowsOf(
        'oidc_picture',
        'select portrait from profile where bucket = $1 and party = $2 and portrait_hash = $3',
        [bucketOfId(party), uuidOf(party), Buffer.from(hash, 'hex')],
      )
      return Buffer.isBuffer(row?.portrait) ? row.portrait : null
    },
    async accountOf(party: PartyId): Promise<AccountNumber | undefined> {
      const [row] = await rowsOf('oidc_account_of', 'select account from party where bucket = $1 and id = $2', [
        bucketOfId(party),
        uuidOf(party),
      ])
      // Border: the directory alone writes the column.
      return row && (String(row.account) as AccountNumber)
    },
  }
}

const hashed = (id: string): string => createHash('sha256').update(id).digest('base64url')

const CLIENTS = `select c.id, c.party, c.terminal, c.metadata, c.created_at, p.account, p.name, p.legal_name,
    case when p.status = 'active' then c.status else 'ended' end as status
  from oidc_client c join party p on p.bucket = c.bucket and p.id = c.party`

// Border: the columns are written above and by the directory alone.
const clientFrom = (row: Row): ClientRow => ({
  id: String(row.id),
  party: idOf<PartyId>('pty', String(row.party)),
  terminal: idOf<TerminalId>('trm', String(row.terminal)),
  account: String(row.account) as AccountNumber,
  merchant: String(row.name),
  legalName: String(row.legal_name),
  metadata: row.metadata as ClientRow['metadata'],
  status: row.status === 'active' ? 'active' : 'ended',
  createdAt: Number(row.created_at),
})
