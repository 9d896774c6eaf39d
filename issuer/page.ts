// The issuers' books as a page of the demo: cards with their full numbers (they exist nowhere else), statements, sales by shop, the last
// requests, and how the issuers shall misbehave.
import { formatAmount, type Unit } from '#core/money.ts'
import type { Authorisation, Card } from './books.ts'
import type { Desk } from './desk.ts'
import type { Faults } from './faults.ts'
import { methodWords, MODES, WORDS, type Locale, type Words } from './page-words.ts'
import { salesByMerchant, statementOf } from './statement.ts'

/** Newest requests shown of each issuer; cards shown of each: those of the demo come first. */
const REQUESTS_SHOWN = 25
const CARDS_SHOWN = 12

const escaped = (text: string): string =>
  text.replaceAll(/[&<>"']/gu, (sign) => `&#${String(sign.codePointAt(0) ?? 0)};`)

type View = Readonly<{ words: Words; locale: Locale }>

const table = (caption: string, heads: readonly string[], rows: readonly (readonly string[])[]): string =>
  `<div class="wide" role="region" tabindex="0" aria-label="${escaped(caption)}"><table><caption>${escaped(caption)}</caption><thead><tr>${heads.map((head) => `<th scope="col">${escaped(head)}</th>`).join('')}</tr></thead>
<tbody>${rows.map((cells) => `<tr>${cells.map((cell) => `<td>${escaped(cell)}</td>`).join('')}</tr>`).join('')}</tbody></table></div>`

const grouped = (number: string): string => number.replaceAll(/(?<=^(?:\d{4})+)(?=\d)/gu, ' ')
const dayText = (day: number, { locale }: View): string =>
  new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: 'UTC' }).format(
    Date.UTC(Math.floor(day / 10_000), (Math.floor(day / 100) % 100) - 1, day % 100),
  )

export function booksPage(desks: readonly Desk[], faults: Faults, token: string, locale: Locale): string {
  const words = WORDS[locale]
  const view = { words, locale }
  const set = Object.entries(MODES).find(([, mode]) => JSON.stringify(mode) === JSON.stringify(faults))?.[0]
  const modes = Object.entries(MODES).map(([name, mode]) => {
    // Border: the names of MODES are the names of the words.
    const label = words.modes[name as keyof Words['modes']]
    return { name, label, body: JSON.stringify(mode), isSet: name === set }
  })
  const buttons = modes.map(
    ({ label, body, isSet }) =>
      `<button type="button" aria-pressed="${isSet}" data-post="/demo/faults" data-body="${escaped(body)}">${escaped(label)}</button>`,
  )
  return `<!doctype html><html lang="${locale}"><head><meta charset="utf-8"><title>${escaped(words.title)}</title>
<meta name="viewport" content="width=device-width"><style>${STYLE}</style></head><body><main>
<p class="other"><a href="?lang=${locale === 'en' ? 'ja' : 'en'}" lang="${locale === 'en' ? 'ja' : 'en'}">${words.other}</a></p>
<h1>${escaped(words.title)}</h1><p>${escaped(words.about)}</p>
<section aria-labelledby="how"><h2 id="how">${escaped(words.behaviour)}</h2>
<p>${escaped(words.now(modes.find(({ isSet }) => isSet)?.label ?? words.mixed))}</p><p class="modes">${buttons.join('')}</p></section>
${desks.map((desk) => issuerPart(desk, view)).join('')}</main>
<script>for (const button of document.querySelectorAll('[data-post]')) button.addEventListener('click', async () => {
  await fetch(button.dataset.post, { method: 'POST', headers: { 'x-page': '${token}' }, body: button.dataset.body })
  location.reload()
})</script></body></html>`
}

function issuerPart(desk: Desk, view: View): string {
  const { words, locale } = view
  const { issuer, cards, authorisations } = desk.books
  const name = locale === 'ja' ? issuer.nameJa : issuer.name
  const unit = unitIn(desk)
  const money = (amount: bigint): string => formatAmount({ unit, amount }, locale)
  const sales = salesByMerchant(desk.books).map((of) => [
    of.name === '' ? of.merchant : of.name,
    String(of.count),
    money(of.sold),
    money(of.givenBack),
    money(of.setAside),
  ])
  const last = [...authorisations.values()].slice(-REQUESTS_SHOWN).toReversed()
  const shown = [...cards.values()].slice(0, CARDS_SHOWN)
  return `<section aria-labelledby="i${issuer.code}"><h2 id="i${issuer.code}">${escaped(name)}</h2>
<ul class="cards" aria-label="${escaped(words.cards)}">${shown.map((card) => cardPart(desk, card, money, view)).join('')}</ul>
${
  sales.length === 0
    ? `<p>${escaped(words.noSales)}</p>`
    : table(words.sales, [words.shop, words.count, words.sold, words.back, words.aside], sales)
}
${
  last.length === 0
    ? `<p>${escaped(words.noLast)}</p>`
    : table(
        words.last,
        [words.shop, words.method, words.amount, words.state, words.approval],
        last.map((of) => requestRow(of, money, view)),
      )
}</section>`
}

/** Every amount of an issuer is in the unit of its terms. */
function unitIn({ books }: Desk): Unit {
  // Border: town.ts names a currency there.
  return books.issuer.terms.unit as Unit
}

const requestRow = (of: Authorisation, money: (amount: bigint) => string, { words }: View): readonly string[] => [
  `${of.merchantName}${of.isSale ? ` (${words.sale})` : ''}`,
  methodWords(words, of.method),
  money(of.amount),
  `${words.states[of.state]}${of.code === '00' ? '' : ` (${of.code})`}`,
  of.approval === null ? '–' : `${of.approval} / ${of.rrn}`,
]

function cardPart(desk: Desk, card: Card, money: (amount: bigint) => string, view: View): string {
  const { words } = view
  const { number, holder, expires, code, limit, isStopped } = card
  const issuer = desk.books.issuer.code
  const isExpired = expires < desk.today().slice(0, 7)
  const [year = '', month = ''] = expires.split('-')
  const body = escaped(JSON.stringify({ issuer, number, isStopped: !isStopped }))
  const state = isStopped ? words.stopped : isExpired ? words.expired : null
  return `<li><p class="number"><span class="said">${escaped(words.number)}: </span>${grouped(number)}</p>
<p>${escaped(holder)} · ${escaped(words.goodTo(`${month}/${year.slice(2)}`))} · ${escaped(words.code)} ${code}</p>
<p>${state === null ? '' : `<strong>${escaped(state)}</strong> · `}${escaped(words.limit(money(desk.openOf(number)), money(limit)))}</p>
<p><button type="button" data-post="/demo/cards" data-body="${body}">${escaped(isStopped ? words.free : words.stop)}<span class="said"> ${number.slice(-4)}</span></button></p>
<details><summary>${escaped(words.statement)}<span class="said"> ${number.slice(-4)}</span></summary>${statementPart(desk, number, money, view)}</details></li>`
}

function statementPart(desk: Desk, number: string, money: (amount: bigint) => string, view: View): string {
  const { words } = view
  const { dues, pending } = statementOf(desk.books, number, desk.today())
  if (dues.length + pending.length === 0) return `<p>${escaped(words.noStatement)}</p>`
  const asides = pending.map(
    (of) => `<p>${escaped(words.pending(money(of.stands - of.captured), of.merchantName))}</p>`,
  )
  const lists = dues.map(({ due, total, lines }) => {
    const rows = lines.map((line) => {
      const { day, merchantName, method, part, parts, purchase, fee, amount } = line
      const about = [
        dayText(Number(day.replaceAll('-', '')), view),
        methodWords(words, method),
        words.part(part, parts),
      ]
      const cost = fee === 0n ? money(purchase) : words.withFee(money(purchase), money(fee))
      const small = [...about.filter((text) => text !== ''), cost].map(escaped).join(' · ')
      return `<li><span>${escaped(merchantName)}<br><small>${small}</small></span><b>${escaped(money(amount))}</b></li>`
    })
    const heading = `${words.due}: ${dayText(due, view)}`
    return `<h3>${escaped(heading)}<b>${escaped(money(total))}</b></h3><ul class="lines">${rows.join('')}</ul>`
  })
  return [...asides, ...lists].join('')
}

const STYLE = `
:root{color-scheme:light dark;--paper:#faf8f3;--ink:#1b1a17;--soft:#6b675e;--line:#e4dfd3;--joined:#264b7a;--trouble:#8a2454}
@media(prefers-color-scheme:dark){:root{--paper:#171614;--ink:#f2eee5;--soft:#aba599;--line:#34312b;--joined:#8fb6e8;--trouble:#e58dbb}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,"Hiragino Sans","Noto Sans JP","Yu Gothic UI",sans-serif}
main{max-width:1000px;margin:0 auto;padding:16px}
h1{font-size:28px;line-height:1.25;margin:0 0 8px}h2{font-size:20px;margin:40px 0 8px}p{margin:4px 0}
a{color:var(--joined)}.other{text-align:right}
.modes{display:flex;flex-wrap:wrap;gap:8px}
button{font:inherit;color:var(--ink);background:none;border:1px solid var(--soft);border-radius:10px;padding:8px 12px;min-height:44px;cursor:pointer;text-align:left}
button[aria-pressed=true]{background:var(--joined);border-color:var(--joined);color:var(--paper);font-weight:600}
:focus-visible{outline:2px solid var(--joined);outline-offset:2px}
.cards{list-style:none;margin:16px 0;padding:0;display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,400px),1fr));gap:16px;align-items:start}
.cards>li{border:1px solid var(--line);border-radius:10px;padding:16px;min-width:0}
.number{font-size:20px;font-variant-numeric:tabular-nums;letter-spacing:.04em}
strong{color:var(--trouble)}
details{margin-top:8px}summary{cursor:pointer;min-height:32px;color:var(--joined)}
h3{font-size:16px;margin:16px 0 0}h3,.lines li{display:flex;justify-content:space-between;gap:16px;font-variant-numeric:tabular-nums}
.lines{list-style:none;margin:0;padding:0}.lines li{border-bottom:1px solid var(--line);padding:8px 0}
small{font-size:14px;color:var(--soft)}b{white-space:nowrap}
.wide{overflow-x:auto}
table{border-collapse:collapse;margin:16px 0;width:100%}caption{text-align:left;font-weight:600}
td,th{text-align:left;padding:4px 12px 4px 0;border-bottom:1px solid var(--line);font-variant-numeric:tabular-nums;white-space:nowrap}
th{color:var(--soft);font-weight:400;font-size:14px}
.said{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
`
