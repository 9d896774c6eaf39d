// Payment links in PostgreSQL. Times are the database's.
import { randomBytes } from 'node:crypto'
import { bucketOfId, type PartyId, type TerminalId } from '#core/ids.ts'
import type { Unit } from '#core/money.ts'
import { LIMITS } from '#protocol/limits.ts'
import { changeAlone, read, type Database } from './connect.ts'
import { bigFrom, idOf, NOW, uuidOf, type Row } from './rows.ts'
import { allOrNothing } from './transaction.ts'

export type LinkRow = Readonly<{
  /** 32 hex digits */
  link: string
  party: PartyId
  terminal: TerminalId
  terminalLabel: string
  text: string
  unit: Unit
  amount: bigint
  uses: 'one' | 'many'
  /** which of its deals is the one that counts, where it may be paid once */
  attempt: number
  createdAt: number
  expiresAt: number
  status: 'open' | 'expired' | 'ended'
}>

export type NewLink = Readonly<
  Pick<LinkRow, 'party' | 'terminal' | 'text' | 'unit' | 'amount' | 'uses'> & { lifeMs: number }
>
export type LinkStore = ReturnType<typeof postgresLinks>

const COLUMNS = `l.*, c.label, case when l.ended_at is not null then 'ended' when l.expires_at <= ${NOW} then 'expired' else 'open' end as status`
const JOIN = `join credential c on c.bucket = l.bucket and c.id = l.terminal`

/** Methods throw StoreUnavailable when there is no database. */
export function postgresLinks(database: Database) {
  const rowsOf = (name: string, text: string, values: unknown[]): Promise<Row[]> =>
    read<Row>(database, { name: `payment_link_${name}`, text, values })
  const change = (text: string, values: unknown[]): Promise<Row[]> => changeAlone(database, { text, values })

  return {
    async find(link: string): Promise<LinkRow | undefined> {
      const [row] = await rowsOf('find', `select ${COLUMNS} from payment_link l ${JOIN} where l.token = $1`, [link])
      return row && linkFrom(row)
    },
    /** The merchant's newest, of one terminal alone where it is named. */
    async of(party: PartyId, terminal: TerminalId | null): Promise<LinkRow[]> {
      const rows = await rowsOf(
        'list',
        `select ${COLUMNS} from payment_link l ${JOIN}
         where l.bucket = $1 and l.party = $2 and ($3::uuid is null or l.terminal = $3) order by l.created_at desc limit ${LIMITS.pageSize}`,
        [...keyOf(party), terminal && uuidOf(terminal)],
      )
      return rows.map(linkFrom)
    },
    /** 'too-many-links' past LIMITS.paymentLinks: merchants are counted one at a time. */
    add: ({ party, terminal, text, unit, amount, uses, lifeMs }: NewLink): Promise<LinkRow | 'too-many-links'> =>
      allOrNothing(database.transactions, async (within) => {
        await within('select pg_advisory_xact_lock(hashtextextended($1, 4))', [party])
        const [counted] = await within(
          `select count(*)::integer as open from payment_link
           where bucket = $1 and party = $2 and ended_at is null and expires_at > ${NOW}`,
          keyOf(party),
        )
        if (Number(counted?.open) >= LIMITS.paymentLinks) return 'too-many-links'
        const [row] = await within(
          `with made as (
             insert into payment_link (token, bucket, party, terminal, text, unit, amount, uses, created_at, expires_at)
             select $3, $1, $2, $4, $5, $6, $7, $8, n.now, n.now + $9::bigint from (select ${NOW} as now) n returning *)
           select ${COLUMNS} from made l ${JOIN}`,
          [...keyOf(party), randomBytes(16).toString('hex'), uuidOf(terminal), text, unit, amount, uses, lifeMs],
        )
        if (row === undefined) throw new Error('the row was just written')
        return linkFrom(row)
      }),
    /** False where this merchant (or this terminal of it) has no such link that is not ended. */
    async end(party: PartyId, terminal: TerminalId | null, link: string): Promise<boolean> {
      const rows = await change(
        `update payment_link set ended_at = ${NOW}
         where token = $3 and bucket = $1 and party = $2 and ended_at is null and ($4::uuid is null or terminal = $4) returning token`,
        [...keyOf(party), link, terminal && uuidOf(terminal)],
      )
      return rows.length === 1
    },
    /** The deal that counted has ended unpaid: the next one does. Whoever else has said so meanwhile has said it for all. */
    async nextAttempt({ link, attempt }: Pick<LinkRow, 'link' | 'attempt'>): Promise<void> {
      await change('update payment_link set attempt = attempt + 1 where token = $1 and attempt = $2', [link, attempt])
    },
  }
}

const keyOf = (party: PartyId): [bucket: number, id: string] => [bucketOfId(party), uuidOf(party)]

// Border: the columns are written above and checked by the table's constraints.
const linkFrom = (row: Row): LinkRow => ({
  link: String(row.token).replaceAll('-', ''),
  party: idOf<PartyId>('pty', String(row.party)),
  terminal: idOf<TerminalId>('trm', String(row.terminal)),
  terminalLabel: String(row.label),
  text: String(row.text),
  unit: row.unit as Unit,
  amount: bigFrom(row.amount),
  uses: row.uses === 'one' ? 'one' : 'many',
  attempt: Number(row.attempt),
  createdAt: Number(row.created_at),
  expiresAt: Number(row.expires_at),
  status: row.status as LinkRow['status'],
})
