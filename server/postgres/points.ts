// Unattended points in PostgreSQL. Each has a terminal of its own, made and ended in the same statement.
import type { AccountNumber } from '#core/accounts.ts'
import { bucketOfId, type PartyId, type PointId, type TerminalId } from '#core/ids.ts'
import type { Unit } from '#core/money.ts'
import { priceOf, type Point } from '#core/point.ts'
import { LIMITS } from '#protocol/limits.ts'
import { read, type Database } from './connect.ts'
import { bigFrom, idOf, NOW, uuidOf, type Row } from './rows.ts'

export type PointRow = Readonly<{
  point: Point
  terminal: TerminalId
  party: PartyId
  account: AccountNumber
  shop: string
  legalName: string
  hasPicture: boolean
  /** ended too when the merchant's account was closed */
  status: 'active' | 'ended'
  createdAt: number
}>

export type Points = ReturnType<typeof postgresPoints>

/** Over an open database. Methods throw StoreUnavailable when there is none. */
export function postgresPoints(database: Database) {
  const rowsOf = (name: string, text: string, values: unknown[]): Promise<Row[]> =>
    read<Row>(database, { name, text, values })

  return {
    async find(id: PointId): Promise<PointRow | undefined> {
      const [row] = await rowsOf('find_point', `${POINTS} where p.id = $1`, [uuidOf(id)])
      return row && pointFrom(row)
    },
    async picture(id: PointId): Promise<Uint8Array | undefined> {
      const [row] = await rowsOf('point_picture', 'select picture from point where id = $1', [uuidOf(id)])
      return Buffer.isBuffer(row?.picture) ? row.picture : undefined
    },
    /** All that are in use, newest first; then as many of those that have ended. */
    async of(party: PartyId): Promise<PointRow[]> {
      const rows = await rowsOf(
        'points_of_party',
        `${POINTS} where p.bucket = $1 and p.party = $2 order by p.status, p.created_at desc, p.id limit ${2 * LIMITS.points}`,
        [bucketOfId(party), uuidOf(party)],
      )
      return rows.map(pointFrom)
    },
    /** Makes or changes a point; false where it is another merchant's, has ended, or the merchant has as many as it may. */
    async put(party: PartyId, point: Point, freshTerminal: TerminalId): Promise<boolean> {
      const { price } = point
      const rows = await rowsOf(
        'put_point',
        `with put as (
           insert into point (id, bucket, party, terminal, label, place, text, unit, tax_rate, mode, amount, minimum, maximum, paying, created_at)
           select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, ${NOW}
           where exists (select from point where id = $1)
              or (select count(*) from point where bucket = $2 and party = $3 and status = 'active') < ${LIMITS.points}
           on conflict (id) do update set label = excluded.label, place = excluded.place, text = excluded.text,
             unit = excluded.unit, tax_rate = excluded.tax_rate, mode = excluded.mode, amount = excluded.amount,
             minimum = excluded.minimum, maximum = excluded.maximum, paying = excluded.paying
           where point.bucket = excluded.bucket and point.party = excluded.party and point.status = 'active'
           returning terminal),
         made as (
           insert into terminal (bucket, id, party, status) select $2, terminal, $3, 'active' from put
           on conflict (bucket, id) do nothing)
         select terminal from put`,
        [
          uuidOf(point.id),
          bucketOfId(party),
          uuidOf(party),
          uuidOf(freshTerminal),
          point.label,
          point.place,
          point.text,
          point.unit,
          point.taxRate,
          price.mode,
          price.mode === 'fixed' ? String(price.amount) : null,
          price.mode === 'amount' ? String(price.minimum) : null,
          price.mode === 'amount' ? String(price.maximum) : null,
          price.mode === 'order' ? price.paying : null,
        ],
      )
      return rows.length === 1
    },
    /** False when it is not this merchant's, or has ended. */
    async setPicture(party: PartyId, id: PointId, jpeg: Uint8Array | null): Promise<boolean> {
      const rows = await rowsOf(
        'set_point_picture',
        `update point set picture = $4 where id = $1 and bucket = $2 and party = $3 and status = 'active' returning id`,
        [uuidOf(id), bucketOfId(party), uuidOf(party), jpeg === null ? null : Buffer.from(jpeg)],
      )
      return rows.length === 1
    },
    /** Ends the point and its terminal; false when there is none of this merchant's. Ended again, it stays so. */
    async end(party: PartyId, id: PointId): Promise<boolean> {
      const rows = await rowsOf(
        'end_point',
        `with ended as (
           update point set status = 'ended' where id = $1 and bucket = $2 and party = $3 returning bucket, terminal),
         stopped as (
           update terminal t set status = 'revoked' from ended e where t.bucket = e.bucket and t.id = e.terminal)
         select terminal from ended`,
        [uuidOf(id), bucketOfId(party), uuidOf(party)],
      )
      return rows.length === 1
    },
  }
}

const POINTS = `select p.id, p.party, p.terminal, p.label, p.place, p.text, p.unit, p.tax_rate, p.mode, p.amount, p.minimum, p.maximum, p.paying,
    p.picture is not null as has_picture, p.created_at, m.account, m.name, m.legal_name,
    case when m.status = 'active' then p.status else 'ended' end as status
  from point p join party m on m.bucket = p.bucket and m.id = p.party`

const MODES = ['fixed', 'amount', 'order'] as const
const amountFrom = (value: unknown): bigint | null => (value === null ? null : bigFrom(value))

// Border: the columns are written above and by the directory alone, and checked by the table's constraints.
function pointFrom(row: Row): PointRow {
  const price = priceOf({
    mode: MODES.find((mode) => mode === row.mode) ?? 'amount',
    amount: amountFrom(row.amount),
    minimum: amountFrom(row.minimum),
    maximum: amountFrom(row.maximum),
    paying: row.paying === 'first' || row.paying === 'end' ? row.paying : null,
  })
  if (price === undefined) throw new Error('the table keeps prices that stand')
  return {
    point: {
      id: idOf<PointId>('pnt', String(row.id)),
      label: String(row.label),
      place: String(row.place),
      text: String(row.text),
      unit: String(row.unit) as Unit,
      taxRate: row.tax_rate === null ? null : Number(row.tax_rate),
      price,
    },
    terminal: idOf<TerminalId>('trm', String(row.terminal)),
    party: idOf<PartyId>('pty', String(row.party)),
    account: String(row.account) as AccountNumber,
    shop: String(row.name),
    legalName: String(row.legal_name),
    hasPicture: row.has_picture === true,
    status: row.status === 'active' ? 'active' : 'ended',
    createdAt: Number(row.created_at),
  }
}
