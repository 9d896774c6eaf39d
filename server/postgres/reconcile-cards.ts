// What the vault and the issuers say of a business day against what the hub has: by order, over all days up to the one that is asked for.
// What the vault tells is kept here, so that a report can be read without it.
import { systemAccount } from '#core/accounts.ts'
import { bucketOfId, type PaymentId } from '#core/ids.ts'
import type { Unit } from '#core/money.ts'
import type { ReportAnswer } from '#vault/wire.ts'
import type { Database } from './connect.ts'
import { bigFrom, idOf, NOW, uuidOf, type Row } from './rows.ts'
import { allOrNothing } from './transaction.ts'
import { orderId } from '../bank/bank.ts'

/** Differences of one report that are named; more is one fault with one cause. */
const NAMED = 200

export type CardDifference = Readonly<{
  kind: 'missing-at-issuer' | 'missing-here' | 'other-amount'
  id: string
  what: 'collect' | 'capture' | 'release' | 'return'
  expected: bigint
  there: bigint
}>
export type CardReport = Readonly<{
  /** 20261203 */
  day: number
  unit: Unit
  /** when the vault was asked last; null: never, and then nothing is compared */
  askedAt: number | null
  /** now: what the clearing accounts, the orders and the vault say has come from issuers and not gone back */
  ledger: bigint
  orders: bigint
  vault: bigint
  open: number
  differences: readonly CardDifference[]
  issuers: readonly Readonly<{ issuer: string; inBalance: boolean | null }>[]
  stuck: readonly Readonly<{ id: string; kind: string; amount: bigint; trouble: string }>[]
}>

type Ask = (text: string, values: unknown[]) => Promise<Row[]>

export type CardDays = ReturnType<typeof postgresCardDays>

/** Methods throw StoreUnavailable when there is no database. */
export function postgresCardDays(database: Database) {
  return {
    /** Keeps what the vault told of a day (20261203); told again, the newer word counts. */
    async keep(day: number, { rows, issuers }: Pick<ReportAnswer, 'rows' | 'issuers'>): Promise<void> {
      await allOrNothing(database.transactions, async (query) => {
        await query(
          `insert into card_notice (id, kind, day, unit, amount, state, rrn, approval, issuer)
           select distinct on (id, kind) * from unnest($1::text[], $2::text[], $3::integer[], $4::text[], $5::bigint[], $6::text[],
             $7::text[], $8::text[], $9::text[]) as n(id, kind, day, unit, amount, state, rrn, approval, issuer)
           on conflict (id, kind) do update set day = excluded.day, unit = excluded.unit, amount = excluded.amount,
             state = excluded.state, rrn = excluded.rrn, approval = excluded.approval, issuer = excluded.issuer`,
          [
            rows.map(({ order }) => order),
            rows.map(({ kind }) => kind),
            rows.map(() => day),
            rows.map(({ unit }) => unit),
            rows.map(({ amount }) => amount),
            rows.map(({ state }) => state),
            rows.map(({ rrn }) => rrn),
            rows.map(({ approval }) => approval),
            rows.map(({ issuer }) => issuer),
          ],
        )
        await query(
          `insert into card_reconciled (day, asked_at, issuers) values ($1, ${NOW}, $2::jsonb)
           on conflict (day) do update set asked_at = excluded.asked_at, issuers = excluded.issuers`,
          [day, JSON.stringify(issuers.map(({ issuer, inBalance }) => ({ issuer, inBalance })))],
        )
      })
    },
  }
}

/** When the vault was asked about a day last, and what each issuer said of its sums; undefined: never. */
export async function toldOf(
  ask: Ask,
  day: number,
): Promise<Readonly<{ askedAt: number; issuers: CardReport['issuers'] }> | undefined> {
  const [row] = await ask('select asked_at, issuers from card_reconciled where day = $1', [day])
  // Border: the column is written by `keep` alone.
  return row && { askedAt: Number(row.asked_at), issuers: row.issuers as CardReport['issuers'] }
}

/** Is something of this day still to end, at the issuers as the vault told it last, or here? `until`: the day's end, as above. */
export async function isOpenOf(ask: Ask, { day, until }: Readonly<{ day: number; until: number }>): Promise<boolean> {
  const [row] = await ask(
    `select exists (select 1 from card_notice where day = $1 and state = 'open')
       or exists (select 1 from outside_order where via = 'card' and state = 'open' and made_at < $2) as is_open`,
    [day, until],
  )
  return row?.is_open === true
}

/** The report of one day; changes nothing. `from` and `until` are the day in milliseconds since 1970. */
export async function reconcileCards(
  ask: Ask,
  of: Readonly<{ day: number; from: number; until: number; unit: Unit; buckets: number }>,
): Promise<CardReport> {
  const { day, unit, buckets } = of
  const clearing = Array.from({ length: buckets }, (_, bucket) => systemAccount('card', bucket))
  const [[sums = {}], asked] = await Promise.all([
    ask(
      `select
         (select coalesce(-sum(balance), 0) from account a join unnest($2::text[]) with ordinality k(key, place)
            on a.bucket = k.place - 1 and a.key = k.key where a.unit = $1) as ledger,
         (select coalesce(sum(case when kind = 'collect' then amount else -amount end), 0) from outside_order
          where via = 'card' and unit = $1 and ((kind = 'collect' and state = 'yes') or kind in ('return', 'release'))) as orders,
         (select coalesce(sum(case when kind = 'authorisation' then amount else -amount end), 0) from card_notice
          where unit = $1 and ((kind = 'authorisation' and state = 'approved') or (kind in ('refund', 'release') and state = 'done'))) as vault,
         (select count(*) from outside_order where via = 'card' and state = 'open') as open`,
      [unit, clearing],
    ),
    toldOf(ask, day),
  ])
  const [differences, stuck] = await Promise.all([asked === undefined ? [] : differencesOf(ask, of), stuckOf(ask)])
  return {
    day,
    unit,
    askedAt: asked?.askedAt ?? null,
    ledger: bigFrom(sums.ledger),
    orders: bigFrom(sums.orders),
    vault: bigFrom(sums.vault),
    open: Number(sums.open),
    differences,
    issuers: asked?.issuers ?? [],
    stuck,
  }
}

const WHAT = { authorisation: 'collect', capture: 'capture', release: 'release', refund: 'return' } as const

/** What one side says of an order: how much is done of it. */
type Said = Readonly<{ what: CardDifference['what']; amount: bigint }>

/** Orders of the day (concluded on it, or told of it) whose amounts are not the same on both sides. What is under way is no difference yet. */
async function differencesOf(
  ask: Ask,
  { day, from, until, unit }: Readonly<{ day: number; from: number; until: number; unit: Unit }>,
): Promise<CardDifference[]> {
  const [concluded, told, underWay] = await Promise.all([
    ask(
      `select payment, number from outside_order
       where via = 'card' and kind <> 'reverse' and concluded_at >= $1 and concluded_at < $2 and unit = $3`,
      [from, until, unit],
    ),
    ask(`select id from card_notice where day = $1 and unit = $2 and kind <> 'reverse'`, [day, unit]),
    ask(
      `select distinct replace(payment::text, '-', '') as payment from outside_order where via = 'card' and state = 'open'`,
      [],
    ),
  ])
  const busy = new Set(underWay.map((row) => String(row.payment)))
  const ids = [...new Set([...concluded.map(idOfRow), ...told.map((row) => String(row.id))])].filter(
    (id) => !busy.has(id.slice(0, PAYMENT_DIGITS)),
  )
  const [here, there] = await Promise.all([saidHere(ask, ids), saidThere(ask, ids)])
  const found = ids.toSorted().flatMap((id): CardDifference[] => {
    const [expected, booked] = [here.get(id), there.get(id)]
    const what = expected?.what ?? booked?.what
    if (what === undefined || (expected?.amount ?? 0n) === (booked?.amount ?? 0n)) return []
    const amounts = { expected: expected?.amount ?? 0n, there: booked?.amount ?? 0n }
    const kind = amounts.there === 0n ? 'missing-at-issuer' : amounts.expected === 0n ? 'missing-here' : 'other-amount'
    return [{ kind, id, what, ...amounts }]
  })
  return found.slice(0, NAMED)
}

const PAYMENT_DIGITS = 32
const ORDER_ID = /^([0-9a-f]{32})-([0-9a-z]{1,8})$/u

const idOfRow = (row: Row): string => orderId(idOf<PaymentId>('pay', String(row.payment)), Number(row.number))

async function saidHere(ask: Ask, ids: readonly string[]): Promise<ReadonlyMap<string, Said>> {
  const orders = ids.flatMap((id) => {
    const [, payment, number] = ORDER_ID.exec(id) ?? []
    if (payment === undefined || number === undefined) return []
    return [{ payment: idOf<PaymentId>('pay', payment), number: Number.parseInt(number, 36) }]
  })
  const rows = await ask(
    `select o.payment, o.number, o.kind, case when o.kind = 'collect' then o.state = 'yes' else o.state = 'done' end as is_done, o.amount
     from unnest($1::smallint[], $2::uuid[], $3::bigint[]) a(bucket, payment, number)
     join outside_order o on o.bucket = a.bucket and o.payment = a.payment and o.number = a.number and o.via = 'card'`,
    [
      orders.map(({ payment }) => bucketOfId(payment)),
      orders.map(({ payment }) => uuidOf(payment)),
      orders.map(({ number }) => number),
    ],
  )
  return new Map(
    rows.flatMap((row) => {
      const what = Object.values(WHAT).find((known) => known === row.kind)
      return what === undefined
        ? []
        : [[idOfRow(row), { what, amount: row.is_done === true ? bigFrom(row.amount) : 0n }]]
    }),
  )
}

async function saidThere(ask: Ask, ids: readonly string[]): Promise<ReadonlyMap<string, Said>> {
  const rows = await ask(
    `select id, kind, case when kind = 'authorisation' then state = 'approved' else state = 'done' end as is_done, amount
     from card_notice where id = any($1) and kind <> 'reverse'`,
    [ids],
  )
  return new Map(
    rows.map((row) => {
      // Border: the column's constraint knows these kinds alone.
      const what = WHAT[row.kind as keyof typeof WHAT]
      return [String(row.id), { what, amount: row.is_done === true ? bigFrom(row.amount) : 0n }]
    }),
  )
}

async function stuckOf(ask: Ask): Promise<CardReport['stuck']> {
  const rows = await ask(
    `select payment, number, kind, amount, trouble from outside_order where via = 'card' and state = 'stuck'
     order by concluded_at desc limit ${NAMED}`,
    [],
  )
  return rows.map((row) => ({
    id: idOfRow(row),
    kind: String(row.kind),
    amount: bigFrom(row.amount),
    trouble: String(row.trouble),
  }))
}
