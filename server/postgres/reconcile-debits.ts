// Debits at banks that answer by file: taken on trust within the scheme's rule, gathered into files, and what became of each.
import type { Order } from '#core/means.ts'
import { bucketOfId, type PaymentId } from '#core/ids.ts'
import type { Result } from '#bank/zengin.ts'
import { customerOf } from '../bank/bank.ts'
import { changeAlone, read, type Database } from './connect.ts'
import { meansFrom, type MeansRow } from './means.ts'
import { bigFrom, idOf, NOW, uuidOf, type Row } from './rows.ts'
import { allOrNothing } from './transaction.ts'

export const DEBIT_STATES = ['waiting', 'filed', 'collected', 'unpaid', 'withdrawn'] as const
export type DebitState = (typeof DEBIT_STATES)[number]

export type FileDebit = Readonly<{ customer: string; amount: bigint; means: MeansRow }>
export type BankFile = Readonly<{ id: string; bank: string; state: 'made' | 'sent'; body: Uint8Array; madeAt: number }>

/** Debits of one file; a large collector's day takes several. */
const DEBITS_IN_FILE = 5_000

export type Debits = ReturnType<typeof postgresDebits>

/** Over an open database. Methods throw StoreUnavailable when there is none. */
export function postgresDebits(database: Database) {
  const rowsOf = (name: string, text: string, values: unknown[]): Promise<Row[]> =>
    read<Row>(database, { name: `bank_${name}`, text, values })
  const change = (text: string, values: unknown[]): Promise<Row[]> => changeAlone<Row>(database, { text, values })

  async function stateOf(payment: PaymentId, number: number): Promise<DebitState | undefined> {
    const [row] = await rowsOf(
      'debit',
      'select state from bank_debit where bucket = $1 and payment = $2 and number = $3',
      [bucketOfId(payment), uuidOf(payment), number],
    )
    return DEBIT_STATES.find((known) => known === row?.state)
  }

  return {
    stateOf,
    /**
     * Takes a debit on trust: once for the order, and only where payment and day of this means stay within the rule. The means' own row
     * decides, so that two at once are counted one after the other. Its state; undefined beyond the rule.
     */
    async trust(
      order: Order,
      risk: Readonly<{ payment: bigint; day: bigint }>,
      today: number,
    ): Promise<DebitState | undefined> {
      const known = await stateOf(order.payment, order.number)
      if (known !== undefined) return known
      if (order.amount > risk.payment) return undefined
      await change(
        `with trusted as (
           update means set risk_day = $6, risk_sum = (case when risk_day = $6 then risk_sum else 0 end) + $5
           where bucket = $1 and id = $4 and status = 'active'
             and (case when risk_day = $6 then risk_sum else 0 end) + $5 <= $7
           returning id)
         insert into bank_debit (bucket, payment, number, customer, means, amount, state, at)
         select $1, $2, $3, $8, id, $5, 'waiting', ${NOW} from trusted
         on conflict (bucket, payment, number) do nothing`,
        [
          bucketOfId(order.payment),
          uuidOf(order.payment),
          order.number,
          uuidOf(order.means),
          String(order.amount),
          today,
          String(risk.day),
          customerOf(order),
        ],
      )
      return stateOf(order.payment, order.number)
    },
    /** A debit that is not in a file yet never will be, whether or not it has come; its state afterwards. */
    async withdraw(payment: PaymentId, number: number): Promise<DebitState> {
      const [row] = await change(
        `insert into bank_debit (bucket, payment, number, customer, amount, state, at)
         values ($1, $2, $3, $4, 0, 'withdrawn', ${NOW})
         on conflict (bucket, payment, number) do update
           set state = case when bank_debit.state = 'waiting' then 'withdrawn' else bank_debit.state end
         returning state`,
        [bucketOfId(payment), uuidOf(payment), number, customerOf({ payment, number })],
      )
      return DEBIT_STATES.find((known) => known === row?.state) ?? 'withdrawn'
    },

    /** Banks for which a debit has waited so long; only those that the ledger has. */
    async banksDue(afterMs: number): Promise<string[]> {
      const rows = await rowsOf(
        'due',
        `select distinct m.bank from bank_debit d
         join outside_order o on o.bucket = d.bucket and o.payment = d.payment and o.number = d.number and o.state = 'yes'
         join means m on m.bucket = d.bucket and m.id = d.means
         where d.state = 'waiting' and d.at <= (select ${NOW}) - $1::bigint`,
        [afterMs],
      )
      return rows.map((row) => String(row.bank))
    },
    /** Puts what waits for a bank into a file of this id, all or nothing; false when nothing waits. */
    async makeFile(id: string, bank: string, write: (debits: readonly FileDebit[]) => Uint8Array): Promise<boolean> {
      return allOrNothing(database.transactions, async (within) => {
        const rows = await within(
          `with due as (
             select d.bucket, d.payment, d.number from bank_debit d
             join outside_order o on o.bucket = d.bucket and o.payment = d.payment and o.number = d.number and o.state = 'yes'
             join means m on m.bucket = d.bucket and m.id = d.means
             where d.state = 'waiting' and m.bank = $2 order by d.at limit ${DEBITS_IN_FILE} for update of d skip locked),
           filed as (
             update bank_debit d set state = 'filed', file = $1 from due
             where d.bucket = due.bucket and d.payment = due.payment and d.number = due.number
             returning d.bucket, d.means, d.customer, d.amount)
           select m.*, filed.customer, filed.amount as debit_amount from filed
           join means m on m.bucket = filed.bucket and m.id = filed.means order by filed.customer`,
          [id, bank],
        )
        if (rows.length === 0) return false
        const debits = rows.map((row) => ({
          customer: String(row.customer),
          amount: bigFrom(row.debit_amount),
          means: meansFrom(row),
        }))
        const sum = debits.reduce((total, { amount }) => total + amount, 0n)
        await within(
          `insert into bank_file (id, bank, state, body, debits, sum, made_at) values ($1, $2, 'made', $3, $4, $5, ${NOW})`,
          [id, bank, Buffer.from(write(debits)), debits.length, String(sum)],
        )
        return true
      })
    },
    /** Files that are on their way. */
    async openFiles(): Promise<BankFile[]> {
      const rows = await rowsOf(
        'files',
        `select id, bank, state, body, made_at from bank_file where state in ('made', 'sent') order by made_at limit 20`,
        [],
      )
      return rows.map((row) => ({
        id: String(row.id).replaceAll('-', ''),
        bank: String(row.bank),
        state: row.state === 'made' ? 'made' : 'sent',
        // Border: a bytea column.
        body: row.body as Uint8Array,
        madeAt: Number(row.made_at),
      }))
    },
    async fileSent(id: string): Promise<void> {
      await change(`update bank_file set state = 'sent' where id = $1 and state = 'made'`, [id])
    },
    /** The bank's answer cannot be believed: a person must look. */
    async fileWrong(id: string, trouble: string): Promise<void> {
      await change(
        `update bank_file set state = 'wrong', trouble = $2, done_at = ${NOW} where id = $1 and state = 'sent'`,
        [id, trouble],
      )
    },
    /** What became of each debit, all at once and once; the means of those that were not paid are suspended. */
    async fileDone(id: string, results: readonly Readonly<{ customer: string; result: Result }>[]): Promise<boolean> {
      return allOrNothing(database.transactions, async (within) => {
        const [done] = await within(
          `update bank_file set state = 'done', done_at = ${NOW} where id = $1 and state = 'sent' returning id`,
          [id],
        )
        if (done === undefined) return false
        await within(
          `with said as (select * from unnest($2::text[], $3::text[]) s(customer, result)),
           ended as (
             update bank_debit d set state = case when s.result = '0' then 'collected' else 'unpaid' end, result = s.result
             from said s where d.customer = s.customer and d.file = $1 and d.state = 'filed' returning d.bucket, d.means, d.state)
           update means m set status = 'suspended', why = 'unpaid' from ended e
           where e.state = 'unpaid' and m.bucket = e.bucket and m.id = e.means and m.status = 'active'`,
          [id, results.map(({ customer }) => customer), results.map(({ result }) => result)],
        )
        return true
      })
    },
    /** Debits of a file by their twenty digits. */
    async inFile(id: string): Promise<ReadonlyMap<string, bigint>> {
      const rows = await rowsOf('in_file', 'select customer, amount from bank_debit where file = $1', [id])
      return new Map(rows.map((row) => [String(row.customer), bigFrom(row.amount)]))
    },
  }
}

export const paymentIdFrom = (value: unknown): PaymentId => idOf<PaymentId>('pay', String(value))
