// What was paid by card: page by page for the screen, and all of it as a file for a spreadsheet.
import { decimalOf, unitOf } from '#core/money.ts'
import { csvRow, guarded } from '#core/price-file.ts'
import type { CardPaymentRow } from '#protocol/cards.ts'
import type { Problem } from '#protocol/problems.ts'
import { callCards } from '#sdk/card-calls.ts'
import type { Client } from '#sdk/client.ts'
import type { Outcome } from '#sdk/outcome.ts'
import type { Desk } from './hub.ts'
import * as when from './state.ts'

/** Null when it is read, else why not. `before`: where the page ends that is shown already; without it the newest. */
export async function readPaidByCard(desk: Desk, before?: string): Promise<Problem | null> {
  const page = await callCards(desk.client, 'cardPayments', before === undefined ? {} : { query: { before } })
  if (!page.ok) return page.problem
  desk.update((state) => {
    const shown = before === undefined ? [] : (state.mine.paidByCard?.payments ?? [])
    const { payments, next } = page.view
    return when.learntMine(state, { paidByCard: { payments: [...shown, ...payments], next } })
  })
  return null
}

/** Pages of thirty: as many payments as a person makes in years. */
const MOST_PAGES = 100
const COLUMNS = ['date', 'time', 'shop', 'card', 'method', 'amount', 'back', 'unit', 'approval', 'reference', 'payment']

/** All of it, newest first, as CSV (RFC 4180, UTF-8 behind a byte order mark). */
export async function paidByCardCsv(client: Pick<Client, 'request'>): Promise<Outcome<string>> {
  const rows: string[] = []
  let before: string | null = null
  for (let page = 0; page < MOST_PAGES && (page === 0 || before !== null); page++) {
    const read: Outcome<{ payments: readonly CardPaymentRow[]; next: string | null }> = await callCards(
      client,
      'cardPayments',
      before === null ? {} : { query: { before } },
    )
    if (!read.ok) return read
    rows.push(...read.view.payments.map((paid) => csvRow(cellsOf(paid))))
    before = read.view.next
  }
  return { ok: true, view: `\ufeff${csvRow(COLUMNS)}${rows.join('')}` }
}

/** Days and times are this phone's; amounts are decimals of the unit. */
function cellsOf({ at, biller, label, method, unit, amount, back, reference, payment }: CardPaymentRow): string[] {
  // Sweden writes days as ISO 8601 does.
  const written = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'medium' }).format(at)
  const [date = '', time = ''] = written.split(' ')
  const [approval = '', rrn = ''] = reference?.split('/') ?? []
  const known = unitOf(unit)
  const decimal = (minor: string): string =>
    known === undefined ? minor : decimalOf({ unit: known, amount: BigInt(minor) })
  // A spreadsheet would take the zeros before a number away.
  const text = (digits: string): string => (digits === '' ? '' : `'${digits}`)
  return [
    date,
    time,
    guarded(biller),
    guarded(label),
    method,
    decimal(amount),
    decimal(back),
    unit,
    text(approval),
    text(rrn),
    payment,
  ]
}
