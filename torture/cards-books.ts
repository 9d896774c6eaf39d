// Reads the three books of card payments, each where it lies: the hub's database, the vault's database, the issuers' journals.
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { readBooks } from '#issuer/desk.ts'
import { journalOf } from '#issuer/program.ts'
import { ISSUERS } from '#issuer/town.ts'
import type { CardSite } from './cards-site.ts'
import type { CardBooks, Clearing, HubOrder, IssuerRow, VaultRow } from './cards-verdict.ts'

const ORDERS = `select replace(payment::text, '-', '') as payment, number, coalesce(of, number) as first, kind, unit, amount::text as amount,
    coalesce(method, '') as method, one_time, state
  from outside_order where via = 'card' order by payment, number`
/** Money leaves the card clearing account of a bucket for the payee, or for escrow, and comes back there. */
const CLEARING = `select replace(payment::text, '-', '') as payment, unit,
    sum(case when debit like 'card:%' then amount else -amount end)::text as amount
  from transfer where (debit like 'card:%') <> (credit like 'card:%') and payment is not null group by payment, unit`
const VAULT = `select id, state, state in ('asking', 'waiting') as is_open from authorisation
  union all select id, state, state = 'open' from outgoing`

/** How much is still under way: orders of the hub, and what the vault still has to ask or tell. */
export async function openIn(site: CardSite): Promise<number> {
  const [hub] = await rows(
    site.database,
    "select count(*)::integer as n from outside_order where via = 'card' and state = 'open'",
  )
  const [vault] = await rows(site.vaultDatabase, `select count(*)::integer as n from (${VAULT}) v where is_open`)
  return Number(hub?.['n']) + Number(vault?.['n'])
}

export async function booksOf(site: CardSite): Promise<CardBooks> {
  const [orders, clearing, vault] = await Promise.all([
    rows(site.database, ORDERS),
    rows(site.database, CLEARING),
    rows(site.vaultDatabase, VAULT),
  ])
  return {
    orders: orders.map(orderFrom),
    clearing: clearing.map((row): Clearing => ({
      payment: String(row['payment']),
      unit: String(row['unit']),
      amount: BigInt(String(row['amount'])),
    })),
    vault: vault.map((row): VaultRow => ({
      id: String(row['id']),
      state: String(row['state']),
      isOpen: row['is_open'] === true,
    })),
    issuer: ISSUERS.flatMap((issuer) => issuerRows(journalOf(site.issuerData, issuer.code), issuer)),
  }
}

function orderFrom(row: Row): HubOrder {
  const payment = String(row['payment'])
  const idOf = (number: unknown): string => `${payment}-${Number(number).toString(36)}`
  return {
    id: idOf(row['number']),
    of: idOf(row['first']),
    payment,
    // Border: the column's check constraint.
    kind: String(row['kind']) as HubOrder['kind'],
    unit: String(row['unit']),
    amount: BigInt(String(row['amount'])),
    method: String(row['method']),
    oneTime: row['one_time'] === true,
    state: String(row['state']),
  }
}

/** From a copy: reading a journal cuts off a line that a crash has torn, and its program may be writing one. */
function issuerRows(journal: string, issuer: (typeof ISSUERS)[number]): IssuerRow[] {
  const folder = mkdtempSync(join(tmpdir(), 'warifu-journal-'))
  const copy = join(folder, 'journal')
  try {
    copyFileSync(journal, copy)
    return [...readBooks(copy, issuer).authorisations.values()].flatMap(({ id, state, stands, ...row }) =>
      state === 'refused' || row.amount === 0n
        ? []
        : [
            {
              order: id,
              unit: row.unit,
              amount: row.amount,
              method: row.method,
              captured: row.captured,
              released: row.amount - stands,
              refunded: row.refunded,
              isReversed: state === 'reversed',
            },
          ],
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

type Row = Readonly<Record<string, unknown>>

async function rows(settings: pg.ClientConfig, text: string): Promise<readonly Row[]> {
  const client = new pg.Client(settings)
  await client.connect()
  try {
    return (await client.query<Row>(text)).rows
  } finally {
    await client.end()
  }
}
