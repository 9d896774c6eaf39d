// What the operator's bank says against what the hub has: by order, over all days up to the one that is asked for, so that a booking at
// midnight is no difference. Read alone; nothing here changes an order or a balance.
import { systemAccount } from '#core/accounts.ts'
import type { PaymentId } from '#core/ids.ts'
import type { Unit } from '#core/money.ts'
import { orderId, type Entry } from '../bank/bank.ts'
import { changeAlone, read, storeError, type Database } from './connect.ts'
import { bigFrom, idOf, type Row } from './rows.ts'

/** Differences of one report that are named; more is one fault with one cause. */
const NAMED = 200

export type DifferenceKind = 'missing-at-bank' | 'missing-here' | 'other-amount'
/** `expected` and `booked`: what the hub says has reached the operator's account by this order, and what the bank says */
export type Difference = Readonly<{ kind: DifferenceKind; id: string; expected: bigint; booked: bigint }>
export type Unpaid = Readonly<{ payment: PaymentId; amount: bigint; result: string; label: string; at: number }>
export type Stuck = Readonly<{ id: string; kind: string; amount: bigint; trouble: string }>

export type Report = Readonly<{
  /** 20261203 */
  day: number
  unit: Unit
  /** now: what the scheme's clearing accounts say has come from payers' banks and not gone back */
  clearing: bigint
  /** the same by the orders that are concluded */
  orders: bigint
  /** what the bank has booked */
  bank: bigint
  /** taken on trust, and in no file that was answered yet */
  trusted: bigint
  differences: readonly Difference[]
  unpaid: readonly Unpaid[]
  /** for a person to look at */
  stuck: readonly Stuck[]
  /** orders without an answer yet */
  open: number
  /** files whose answer could not be believed */
  wrongFiles: readonly Readonly<{ id: string; trouble: string }>[]
}>

export type Notices = ReturnType<typeof postgresNotices>

/** Methods throw StoreUnavailable when there is no database. */
export function postgresNotices(database: Database) {
  return {
    /** The reference of the last booking that is known; '' for none. */
    async last(): Promise<string> {
      const [row] = await read<Row>(database, {
        name: 'bank_notice_last',
        text: 'select reference from bank_notice order by reference desc limit 1',
        values: [],
      })
      return typeof row?.reference === 'string' ? row.reference : ''
    },
    /** Keeps what the bank told; told again, it is the same. */
    async keep(entries: readonly Entry[]): Promise<void> {
      await changeAlone(database, {
        text: `insert into bank_notice (reference, id, unit, amount, is_credit, is_reversal, day)
          select * from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::boolean[], $6::boolean[], $7::integer[])
          on conflict (reference) do nothing`,
        values: [
          entries.map(({ reference }) => reference),
          entries.map(({ id }) => id),
          entries.map(({ unit }) => unit),
          entries.map(({ amount }) => String(amount)),
          entries.map(({ isCredit }) => isCredit),
          entries.map(({ isReversal }) => isReversal),
          entries.map(({ day }) => Number(day.replaceAll('-', ''))),
        ],
      })
    },
  }
}

/** Runs single reading statements over an open database. Throws StoreUnavailable when there is none. */
export const asking =
  (database: Pick<Database, 'reads'>) =>
  async (text: string, values: unknown[]): Promise<Row[]> => {
    try {
      return (await database.reads.query<Row>(text, values)).rows
    } catch (error) {
      throw storeError(error)
    }
  }

/** The report of one day. `ask` runs one reading statement. */
export async function reconcile(
  ask: (text: string, values: unknown[]) => Promise<Row[]>,
  of: Readonly<{ day: number; from: number; until: number; unit: Unit; buckets: number }>,
): Promise<Report> {
  const { day, unit, buckets } = of
  const clearing = Array.from({ length: buckets }, (_, bucket) => systemAccount('clearing', bucket))
  // A return leaves the ledger with the event that wants it, a collect comes with the bank's yes.
  const [sums = {}] = await ask(
    `select
       (select coalesce(-sum(balance), 0) from account a join unnest($2::text[]) with ordinality k(key, place)
          on a.bucket = k.place - 1 and a.key = k.key where a.unit = $1) as clearing,
       (select coalesce(sum(case when kind = 'collect' then amount else -amount end), 0) from outside_order
        where unit = $1 and via = 'bank' and ((kind = 'collect' and state = 'yes') or kind = 'return')) as orders,
       (select coalesce(sum(case when is_credit then amount else -amount end), 0) from bank_notice where unit = $1) as bank,
       (select coalesce(sum(amount), 0) from bank_debit where state in ('waiting', 'filed')) as trusted,
       (select count(*) from outside_order where via = 'bank' and state = 'open') as open`,
    [unit, clearing],
  )
  const [differences, unpaid, stuck, wrongFiles] = await Promise.all([
    differencesOf(ask, of),
    unpaidOf(ask),
    stuckOf(ask),
    ask(`select id, trouble from bank_file where state = 'wrong' order by made_at limit ${NAMED}`, []),
  ])
  return {
    day,
    unit,
    clearing: bigFrom(sums.clearing),
    orders: bigFrom(sums.orders),
    bank: bigFrom(sums.bank),
    trusted: bigFrom(sums.trusted),
    open: Number(sums.open),
    differences,
    unpaid,
    stuck,
    wrongFiles: wrongFiles.map((row) => ({
      id: String(row.id).replaceAll('-', ''),
      trouble: String(row.trouble),
    })),
  }
}

/** Orders of the day (concluded on it, or booked on it) whose whole sums are not the same on both sides. */
async function differencesOf(
  ask: (text: string, values: unknown[]) => Promise<Row[]>,
  { day, from, until, unit }: Readonly<{ day: number; from: number; until: number; unit: Unit }>,
): Promise<Difference[]> {
  // By the hub: a collect that is in the ledger, a return that was done, a file whose debits were collected. Orders are found by the bank's
  // id, which is the payment's digits and the number (base 36).
  const touched = await ask(
    `select distinct replace(payment::text, '-', '') as payment, number from outside_order o
     where concluded_at >= $1 and concluded_at < $2 and unit = $3 and via = 'bank'
       and not exists (select from bank_debit d where d.bucket = o.bucket and d.payment = o.payment and d.number = o.number)`,
    [from, until, unit],
  )
  const booked = await ask('select distinct id from bank_notice where day = $1 and unit = $2', [day, unit])
  const files = await ask(
    `select replace(id::text, '-', '') as id from bank_file where done_at >= $1 and done_at < $2`,
    [from, until],
  )
  const ids = new Set([
    ...touched.map((row) => orderId(idOf<PaymentId>('pay', String(row.payment)), Number(row.number))),
    ...booked.map((row) => String(row.id)),
    ...files.map((row) => String(row.id)),
  ])
  const [here, there] = await Promise.all([expectedOf(ask, [...ids]), bookedOf(ask, [...ids])])
  const found = [...ids].flatMap((id): Difference[] => {
    const [expected, bookedSum] = [here.get(id) ?? 0n, there.get(id) ?? 0n]
    if (expected === bookedSum) return []
    const kind = bookedSum === 0n ? 'missing-at-bank' : expected === 0n ? 'missing-here' : 'other-amount'
    return [{ kind, id, expected, booked: bookedSum }]
  })
  return found.slice(0, NAMED)
}

const ORDER_ID = /^([0-9a-f]{32})-([0-9a-z]{1,2})$/u
const FILE_ID = /^[0-9a-f]{32}$/u

async function expectedOf(
  ask: (text: string, values: unknown[]) => Promise<Row[]>,
  ids: readonly string[],
): Promise<ReadonlyMap<string, bigint>> {
  const orders = ids.flatMap((id) => {
    const [, payment, number] = ORDER_ID.exec(id) ?? []
    return payment === undefined || number === undefined ? [] : [{ payment, number: Number.parseInt(number, 36) }]
  })
  const [rows, files] = await Promise.all([
    ask(
      `select replace(o.payment::text, '-', '') as payment, o.number,
         case when o.kind = 'collect' and o.state = 'yes' and not exists (
                select from bank_debit d where d.bucket = o.bucket and d.payment = o.payment and d.number = o.number)
              then o.amount
              when o.kind = 'return' and o.state = 'done' and o.trouble is null then -o.amount else 0 end as amount
       from unnest($1::uuid[], $2::integer[]) a(payment, number) join outside_order o on o.payment = a.payment and o.number = a.number`,
      [orders.map(({ payment }) => payment), orders.map(({ number }) => number)],
    ),
    ask(
      `select replace(f.id::text, '-', '') as id, coalesce(sum(d.amount), 0) as amount from bank_file f
       join bank_debit d on d.file = f.id and d.state = 'collected' where f.id = any($1::uuid[]) group by f.id`,
      [ids.filter((id) => FILE_ID.test(id))],
    ),
  ])
  return new Map([
    ...rows.map((row): [string, bigint] => [
      orderId(idOf<PaymentId>('pay', String(row.payment)), Number(row.number)),
      bigFrom(row.amount),
    ]),
    ...files.map((row): [string, bigint] => [String(row.id), bigFrom(row.amount)]),
  ])
}

async function bookedOf(
  ask: (text: string, values: unknown[]) => Promise<Row[]>,
  ids: readonly string[],
): Promise<ReadonlyMap<string, bigint>> {
  const rows = await ask(
    `select id, sum(case when is_credit then amount else -amount end) as amount from bank_notice
     where id = any($1) group by id`,
    [ids],
  )
  return new Map(rows.map((row) => [String(row.id), bigFrom(row.amount)]))
}

async function unpaidOf(ask: (text: string, values: unknown[]) => Promise<Row[]>): Promise<Unpaid[]> {
  const rows = await ask(
    `select d.payment, d.amount, d.result, d.at, m.label from bank_debit d
     join means m on m.bucket = d.bucket and m.id = d.means where d.state = 'unpaid' order by d.at desc limit ${NAMED}`,
    [],
  )
  return rows.map((row) => ({
    payment: idOf<PaymentId>('pay', String(row.payment)),
    amount: bigFrom(row.amount),
    result: String(row.result),
    label: String(row.label),
    at: Number(row.at),
  }))
}

async function stuckOf(ask: (text: string, values: unknown[]) => Promise<Row[]>): Promise<Stuck[]> {
  const rows = await ask(
    `select payment, number, kind, amount, trouble from outside_order where via = 'bank' and state = 'stuck' order by concluded_at desc limit ${NAMED}`,
    [],
  )
  return rows.map((row) => ({
    id: orderId(idOf<PaymentId>('pay', String(row.payment)), Number(row.number)),
    kind: String(row.kind),
    amount: bigFrom(row.amount),
    trouble: String(row.trouble),
  }))
}
