// The reference bank's books as a page of the demo: accounts, what the operator has collected and given back, and how it misbehaves.
import { collected, type Books } from './books.ts'
import { NO_FAULTS, type Faults } from './faults.ts'

/** Newest bookings shown. */
const SHOWN = 50

export type Locale = 'en' | 'ja'

const EN = {
  title: 'Tanuki Bank: books',
  operator: (amount: string) => `The operator has ${amount} here.`,
  now: (mode: string) => `How the bank answers now: ${mode}.`,
  mixed: 'a mixture, set by a program',
  other: '日本語',
  accounts: 'Accounts',
  account: 'Account',
  holder: 'Holder',
  balance: 'Balance',
  entries: 'The operator’s account, newest first',
  reference: 'Reference',
  day: 'Day',
  what: 'What',
  amount: 'Amount',
  order: 'Order',
  debits: 'Debits, newest first',
  state: 'State',
  reason: 'Reason',
  collected: 'collected',
  reversal: 'reversed',
  back: 'paid back',
  booked: 'booked',
  refused: 'refused',
  reversed: 'reversed',
  withdrawn: 'withdrawn before it was booked',
  none: 'Nothing yet.',
  well: 'At once',
  slow: 'Slowly (5 s)',
  late: 'Books, and answers late',
  silent: 'Never',
  twice: 'Twice',
  wrong: 'With another amount',
  refuses: 'Refuses for lack of money',
  waits: 'Files have no result yet',
}
const JA: typeof EN = {
  title: 'タヌキ銀行：帳簿',
  operator: (amount) => `運営者の残高は ${amount} です。`,
  now: (mode) => `いまの応答：${mode}`,
  mixed: '個別の設定（プログラムによる）',
  other: 'English',
  accounts: '口座',
  account: '口座番号',
  holder: '名義',
  balance: '残高',
  entries: '運営者の口座（新しい順）',
  reference: '照会番号',
  day: '日付',
  what: '内容',
  amount: '金額',
  order: '指図',
  debits: '引き落とし（新しい順）',
  state: '状態',
  reason: '理由',
  collected: '引き落とし',
  reversal: '取り消し',
  back: '払い戻し',
  booked: '記帳済み',
  refused: '拒否',
  reversed: '取り消し済み',
  withdrawn: '記帳前に取り下げ',
  none: 'まだありません。',
  well: 'すぐに答える',
  slow: '遅く答える（5秒）',
  late: '記帳してから、遅れて答える',
  silent: '答えない',
  twice: '2回答える',
  wrong: '違う金額で答える',
  refuses: '残高不足で断る',
  waits: 'ファイルの結果を返さない',
}
const WORDS = { en: EN, ja: JA } as const

/** What a button sets, whole, so that one press undoes the one before. */
const MODES = {
  well: NO_FAULTS,
  slow: { ...NO_FAULTS, slowMs: 5_000 },
  late: { ...NO_FAULTS, holds: 'answer' },
  silent: { ...NO_FAULTS, silent: true },
  twice: { ...NO_FAULTS, twice: true },
  wrong: { ...NO_FAULTS, other: 'amount' },
  refuses: { ...NO_FAULTS, refuses: 'AM04' },
  waits: { ...NO_FAULTS, filesWait: true },
} as const satisfies Partial<Record<keyof typeof EN, Faults>>
const NAMES = ['well', 'slow', 'late', 'silent', 'twice', 'wrong', 'refuses', 'waits'] as const

const escaped = (text: string): string =>
  text.replaceAll(/[&<>"']/gu, (sign) => `&#${String(sign.codePointAt(0) ?? 0)};`)
const row = (...cells: string[]): string => `<tr>${cells.map((cell) => `<td>${escaped(cell)}</td>`).join('')}</tr>`

/** Are these the same faults, in whatever order they were set? */
const isSame = (one: Faults, other: Faults): boolean =>
  Object.entries(one).every(([name, value]) =>
    Object.entries(other).some(([key, set]) => key === name && set === value),
  )

export function booksPage(books: Books, faults: Faults, token: string, locale: Locale): string {
  const words = WORDS[locale]
  const yen = (amount: bigint): string =>
    locale === 'ja' ? `${amount.toLocaleString('ja')}円` : `¥${amount.toLocaleString('en')}`
  const table = (caption: string, heads: readonly string[], rows: readonly string[]): string =>
    rows.length === 0
      ? `<h2>${caption}</h2><p>${words.none}</p>`
      : `<div class="wide" role="region" tabindex="0" aria-label="${caption}"><table><caption>${caption}</caption><thead><tr>${heads.map((head) => `<th scope="col">${head}</th>`).join('')}</tr></thead>
   <tbody>${rows.join('')}</tbody></table></div>`
  const accounts = [...books.accounts].map(([key, { holder, balance }]) => row(key, holder, yen(balance)))
  const entries = books.entries
    .slice(-SHOWN)
    .toReversed()
    .map(({ reference, id, amount, isCredit, isReversal, day }) =>
      row(reference, day, isReversal ? words.reversal : isCredit ? words.collected : words.back, yen(amount), id),
    )
  const debits = [...books.debits.values()]
    .slice(-SHOWN)
    .toReversed()
    .map(({ id, amount, state, reason }) => row(id, yen(amount), words[state], reason ?? ''))
  const set = NAMES.find((name) => isSame(MODES[name], faults))
  const modes = NAMES.map(
    (name) =>
      `<button type="button" aria-pressed="${name === set}" data-faults="${escaped(JSON.stringify(MODES[name]))}">${words[name]}</button>`,
  ).join('')
  const other = locale === 'en' ? 'ja' : 'en'
  return `<!doctype html><html lang="${locale}"><head><meta charset="utf-8"><title>${words.title}</title>
<meta name="viewport" content="width=device-width"><style>${STYLE}</style></head><body><main>
<p class="other"><a href="?lang=${other}" lang="${other}">${words.other}</a></p>
<h1>${words.title}</h1><p>${words.operator(yen(collected(books)))}</p>
<p>${words.now(set === undefined ? words.mixed : words[set])}</p><p class="modes">${modes}</p>
${table(words.accounts, [words.account, words.holder, words.balance], accounts)}
${table(words.entries, [words.reference, words.day, words.what, words.amount, words.order], entries)}
${table(words.debits, [words.order, words.amount, words.state, words.reason], debits)}</main>
<script>for (const button of document.querySelectorAll('button')) button.addEventListener('click', async () => {
  await fetch('/demo/faults', { method: 'POST', headers: { 'x-page': '${token}' }, body: button.dataset.faults })
  location.reload()
})</script></body></html>`
}

const STYLE = `
:root{color-scheme:light dark;--paper:#faf8f3;--ink:#1b1a17;--soft:#6b675e;--line:#e4dfd3;--joined:#264b7a}
@media(prefers-color-scheme:dark){:root{--paper:#171614;--ink:#f2eee5;--soft:#aba599;--line:#34312b;--joined:#8fb6e8}}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,"Hiragino Sans","Noto Sans JP",sans-serif}
main{max-width:1000px;margin:0 auto;padding:16px}h1{font-size:28px;line-height:1.25;margin:0 0 8px}h2{font-size:16px;margin:24px 0 0}
p{margin:4px 0}a{color:var(--joined)}.other{text-align:right}.modes{display:flex;flex-wrap:wrap;gap:8px;margin:12px 0}
button{font:inherit;color:var(--ink);background:none;border:1px solid var(--soft);border-radius:10px;padding:8px 12px;min-height:44px;cursor:pointer}
button[aria-pressed=true]{background:var(--joined);border-color:var(--joined);color:var(--paper);font-weight:600}
.wide{overflow-x:auto}table{border-collapse:collapse;margin:24px 0;width:100%}caption{text-align:left;font-weight:600}
td,th{text-align:left;padding:4px 12px 4px 0;border-bottom:1px solid var(--line);font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
`
