// Keys of shop servers, in PostgreSQL: found by hash, counted by merchant. Times are the database's.
import { createECDH, randomBytes } from 'node:crypto'
import { bucketOfId, parseId, type PartyId, type TerminalId } from '#core/ids.ts'
import { LIMITS } from '#protocol/limits.ts'
import { KEY_SCOPES, type KeyScope } from '#protocol/shop.ts'
import { changeAlone, read, type Database } from './connect.ts'
import { insertMachine } from './enrolling.ts'
import { idOf, NOW, uuidOf, type Row } from './rows.ts'
import { allOrNothing } from './transaction.ts'

export type ApiKeyRow = Readonly<{
  /** 32 hex digits */
  key: string
  party: PartyId
  terminal: TerminalId
  terminalLabel: string
  name: string
  scopes: readonly KeyScope[]
  createdAt: number
  lastSeenAt: number | null
  endedAt: number | null
}>

export type NewApiKey = Readonly<{
  hash: Uint8Array
  /** the command that makes it: who and which, and what it asks for, each as SHA-256; null where there is none (the demo's) */
  made: Readonly<{ by: Uint8Array; as: Uint8Array }> | null
  party: PartyId
  name: string
  scopes: readonly KeyScope[]
  /** null makes a web shop of that name */
  terminal: TerminalId | null
}>

type NotAdded = 'not-found' | 'too-many-keys' | 'command-mismatch' | 'key-made'

export type WebShop = Readonly<{ id: TerminalId; label: string }>

export type ApiKeyStore = ReturnType<typeof postgresApiKeys>

const COLUMNS = `k.id, k.party, k.terminal, k.name, k.scopes, k.created_at, k.last_seen_at, k.ended_at, c.label`
const FROM = `api_key k join credential c on c.bucket = k.bucket and c.id = k.terminal`
/** Keys that are over and still shown. */
const SHOWN = 3 * LIMITS.apiKeys

/** Methods throw StoreUnavailable when there is no database. */
export function postgresApiKeys(database: Database) {
  const rowsOf = (name: string, text: string, values: unknown[]): Promise<Row[]> =>
    read<Row>(database, { name: `api_key_${name}`, text, values })
  const change = (text: string, values: unknown[]): Promise<Row[]> => changeAlone(database, { text, values })

  return {
    /** The key under this hash; undefined where there is none or it was ended. */
    async find(hash: Uint8Array): Promise<ApiKeyRow | undefined> {
      const [row] = await rowsOf('find', `select ${COLUMNS} from ${FROM} where k.hash = $1 and k.ended_at is null`, [
        hash,
      ])
      return row && keyFrom(row)
    },
    async seen({ key, party }: Pick<ApiKeyRow, 'key' | 'party'>): Promise<void> {
      await change(`update api_key set last_seen_at = ${NOW} where bucket = $1 and party = $2 and id = $3`, [
        ...keyOf(party),
        key,
      ])
    },
    /** Those that are good first, then the newest. */
    async of(party: PartyId): Promise<ApiKeyRow[]> {
      const rows = await rowsOf(
        'list',
        `select ${COLUMNS} from ${FROM} where k.bucket = $1 and k.party = $2
         order by k.ended_at is not null, k.created_at desc, k.id limit ${SHOWN}`,
        keyOf(party),
      )
      return rows.map(keyFrom)
    },
    /** The merchant's web shops that may act. */
    async webShops(party: PartyId): Promise<WebShop[]> {
      const rows = await rowsOf(
        'shops',
        `select c.id, c.label from credential c join terminal t on t.bucket = c.bucket and t.id = c.id and t.status = 'active'
         where c.bucket = $1 and c.party = $2 and c.kind = 'terminal' and c.terminal_kind = 'web-shop' order by c.created_at, c.id`,
        keyOf(party),
      )
      return rows.map((row) => ({ id: idOf<TerminalId>('trm', String(row.id)), label: String(row.label) }))
    },
    /**
     * Keeps a new key. The terminal must be one of the merchant's web shops that may act. The same hash again is the same key, and so
     * is the same command: 'key-made' where that made one of another hash, 'command-mismatch' where it asked for something else.
     * 'too-many-keys' past LIMITS.apiKeys: merchants are counted one at a time.
     */
    add: ({ hash, made: command, party, name, scopes, terminal }: NewApiKey): Promise<ApiKeyRow | NotAdded> =>
      allOrNothing(database.transactions, async (within) => {
        const { by, as } = command ?? { by: null, as: null }
        await within('select pg_advisory_xact_lock(hashtextextended($1, 2))', [party])
        const [before] = await within(
          'select hash, made_as from api_key where bucket = $1 and party = $2 and made_by = $3',
          [...keyOf(party), by],
        )
        if (before !== undefined && !isSame(before.made_as, as)) return 'command-mismatch'
        if (before !== undefined && !isSame(before.hash, hash)) return 'key-made'
        const [known] = await within(`select ${COLUMNS} from ${FROM} where k.hash = $1`, [hash])
        if (known !== undefined) return keyFrom(known)
        const [counted] = await within(
          `select count(*)::integer as live from api_key where bucket = $1 and party = $2 and ended_at is null`,
          keyOf(party),
        )
        if (Number(counted?.live) >= LIMITS.apiKeys) return 'too-many-keys'
        // The key pair's private half is thrown away: nobody ever starts a session as this terminal.
        const publicKey = createECDH('prime256v1').generateKeys()
        const made =
          terminal ?? (await insertMachine(within, { party, publicKey, label: name, terminalKind: 'web-shop' }))
        const id = randomBytes(16).toString('hex')
        const [row] = await within(
          `with made as (
             insert into api_key (hash, bucket, id, party, terminal, name, scopes, created_at, made_by, made_as)
             select $3, c.bucket, $4, c.party, c.id, $5, $6, ${NOW}, $8, $9
             from credential c join terminal t on t.bucket = c.bucket and t.id = c.id and t.status = 'active'
             where c.bucket = $1 and c.party = $2 and c.id = $7 and c.terminal_kind = 'web-shop' returning *)
           select ${COLUMNS} from made k join credential c on c.bucket = k.bucket and c.id = k.terminal`,
          [...keyOf(party), hash, id, name, [...scopes], uuidOf(made), by, as],
        )
        return row === undefined ? 'not-found' : keyFrom(row)
      }),
    /** Ends a key of this merchant; its terminal, or undefined where there is none that is good. */
    async end(party: PartyId, key: string): Promise<TerminalId | undefined> {
      const [row] = await change(
        `update api_key set ended_at = ${NOW} where bucket = $1 and party = $2 and id = $3 and ended_at is null returning terminal`,
        [...keyOf(party), key],
      )
      return row && idOf<TerminalId>('trm', String(row.terminal))
    },
  }
}

const keyOf = (party: PartyId): [bucket: number, id: string] => [bucketOfId(party), uuidOf(party)]

/** The web shop among the merchant's that was named, or the only one where none was. */
export const shopNamed = (shops: readonly WebShop[], named: string | null): WebShop | undefined =>
  named === null ? (shops.length === 1 ? shops[0] : undefined) : shops.find(({ id }) => id === parseId('trm', named))

const isSame = (column: unknown, bytes: Uint8Array | null): boolean =>
  column instanceof Uint8Array && bytes !== null && Buffer.compare(column, bytes) === 0

const timeOrNull = (value: unknown): number | null => (value === null ? null : Number(value))

// Border: the columns are written above and checked by the table's constraints.
const keyFrom = (row: Row): ApiKeyRow => ({
  key: String(row.id).replaceAll('-', ''),
  party: idOf<PartyId>('pty', String(row.party)),
  terminal: idOf<TerminalId>('trm', String(row.terminal)),
  terminalLabel: String(row.label),
  name: String(row.name),
  scopes: KEY_SCOPES.filter((scope) => (row.scopes as readonly string[]).includes(scope)),
  createdAt: Number(row.created_at),
  lastSeenAt: timeOrNull(row.last_seen_at),
  endedAt: timeOrNull(row.ended_at),
})
