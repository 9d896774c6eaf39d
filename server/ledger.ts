// The demo town's open book: newest transfers with both owners' names, and whether each has been deposited.
import type { LedgerRow, LedgerView } from '#protocol/views.ts'
import { read, type Database } from './postgres/connect.ts'
import { idOf } from './postgres/store.ts'

type Row = Readonly<{
  bucket: number
  sequence: string
  kind: LedgerRow['kind']
  debit: string
  credit: string
  debit_owner: string | null
  credit_owner: string | null
  unit: string
  amount: string
  at: string
  deposited: boolean
  payment: string | null
}>

/** The last 40 transfers and the balances of all parties; for demo schemes only: nobody else's books are open. */
export async function ledgerView(database: Database): Promise<LedgerView> {
  const rows = await read<Row>(database, {
    name: 'town_ledger',
    text: `select t.bucket, t.sequence, t.kind, t.debit, t.credit, d.name as debit_owner, c.name as credit_owner, t.unit, t.amount, t.at, t.payment,
        coalesce(m.sequence >= t.sequence, false) as deposited
      from transfer t
      left join party d on d.account = t.debit left join party c on c.account = t.credit
      left join mark m on m.bucket = t.credit_bucket and m.source = t.bucket
      where t.kind <> 'post'
      order by t.at desc, t.bucket, t.sequence desc limit 40`,
    values: [],
  })
  const balances = await read<{ name: string; account: string; unit: string; balance: string }>(database, {
    name: 'town_balances',
    text: 'select p.name, p.account, a.unit, a.balance from party p join account a on a.key = p.account order by p.kind, p.name limit 50',
    values: [],
  })
  return {
    rows: rows.map((row) => ({
      bucket: row.bucket,
      sequence: row.sequence,
      kind: row.kind,
      debit: row.debit,
      credit: row.credit,
      debitOwner: row.debit_owner ?? row.debit,
      creditOwner: row.credit_owner ?? row.credit,
      unit: row.unit,
      amount: row.amount,
      at: Number(row.at),
      deposited: row.deposited,
      payment: row.payment && idOf('pay', row.payment),
    })),
    balances: balances.map(({ name, account, unit, balance }) => ({ owner: name, account, unit, balance })),
  }
}
