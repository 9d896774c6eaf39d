// The reference bank's books as a page of the demo: accounts, what the operator has collected and given back, and how it misbehaves.
import { collected, type Books } from './books.ts'
import type { Faults } from './faults.ts'

/** Newest bookings shown. */
const SHOWN = 50

const escaped = (text: string): string =>
  text.replaceAll(/[&<>"']/gu, (sign) => `&#${String(sign.codePointAt(0) ?? 0)};`)
const yen = (amount: bigint): string => `¥${amount.toLocaleString('en')}`
const row = (...cells: string[]): string => `<tr>${cells.map((cell) => `<td>${escaped(cell)}</td>`).join('')}</tr>`
const table = (caption: string, heads: readonly string[], rows: readonly string[]): string =>
  `<table><caption>${caption}</caption><thead><tr>${heads.map((head) => `<th scope="col">${head}</th>`).join('')}</tr></thead>
   <tbody>${rows.join('')}</tbody></table>`

const MODES: readonly (readonly [label: string, faults: string])[] = [
  ['Answers at once', '{"slowMs":0,"holds":"off","silent":false,"twice":false,"other":"off","refuses":null}'],
  ['Slow (5 s)', '{"slowMs":5000}'],
  ['Books, answers late', '{"holds":"answer"}'],
  ['Never answers', '{"silent":true}'],
  ['Answers twice', '{"twice":true}'],
  ['Another amount', '{"other":"amount"}'],
  ['Refuses', '{"refuses":"AM04"}'],
]

export function booksPage(books: Books, faults: Faults, token: string): string {
  const accounts = [...books.accounts].map(([key, { holder, balance }]) => row(key, holder, yen(balance)))
  const entries = books.entries
    .slice(-SHOWN)
    .toReversed()
    .map(({ reference, id, amount, isCredit, isReversal, day }) =>
      row(reference, day, isReversal ? 'reversal' : isCredit ? 'collected' : 'paid back', yen(amount), id),
    )
  const debits = [...books.debits.values()]
    .slice(-SHOWN)
    .toReversed()
    .map(({ id, amount, state, reason }) => row(id, yen(amount), state, reason ?? ''))
  const modes = MODES.map(
    ([label, body]) => `<button type="button" data-faults="${escaped(body)}">${label}</button>`,
  ).join(' ')
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Tanuki Bank: books</title>
<meta name="viewport" content="width=device-width"><style>
body{font:16px/1.5 system-ui,"Hiragino Sans","Noto Sans JP",sans-serif;margin:24px;background:#faf8f3;color:#1b1a17}
table{border-collapse:collapse;margin:24px 0;width:100%}caption{text-align:left;font-weight:600}
td,th{text-align:left;padding:4px 12px 4px 0;border-bottom:1px solid #e4dfd3;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
button{font:inherit;padding:8px 12px;margin:4px 0}</style></head><body>
<h1>Tanuki Bank: books</h1><p>The operator has ${yen(collected(books))} here. Now: ${escaped(JSON.stringify(faults))}</p>
<p>${modes}</p>
${table('Accounts', ['Account', 'Holder', 'Balance'], accounts)}
${table("The operator's account, newest first", ['Reference', 'Day', 'What', 'Amount', 'Order'], entries)}
${table('Debits, newest first', ['Order', 'Amount', 'State', 'Reason'], debits)}
<script>for (const button of document.querySelectorAll('button')) button.addEventListener('click', async () => {
  await fetch('/demo/faults', { method: 'POST', headers: { 'x-page': '${token}' }, body: button.dataset.faults })
  location.reload()
})</script></body></html>`
}
