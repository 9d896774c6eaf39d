// The receipt's public page: plain HTML for whoever has the link, on a screen, an A4 sheet or a roll. It needs no script.
import type { Receipt } from '#core/receipt.ts'
import type { Paper } from '#protocol/receipts.ts'
import {
  RECEIPT_WORDS,
  receiptAmount,
  receiptFacts,
  receiptRows,
  receiptTime,
  type ReceiptLanguage,
  type ReceiptRow,
} from '#protocol/receipt-words.ts'
import { escaped, qrSvg } from './html.ts'

export type PageOptions = Readonly<{
  language: ReceiptLanguage
  /** the roll to print on; null for a sheet */
  paper: Paper | null
  isCopy: boolean
}>

/** Where `page` finds its looks. */
export const STYLES = '/assets/receipt.css'

/** The whole page; `link` is its own address without anything after it. */
export function receiptPage(receipt: Receipt, link: string, { language, paper, isCopy }: PageOptions): string {
  const words = RECEIPT_WORDS[language]
  const { shop, scheme, zone } = receipt
  const money = (amount: bigint): string => receiptAmount(amount, receipt.unit, language)
  const time = (at: number): string => receiptTime(at, zone, language)
  const other = language === 'en' ? 'ja' : 'en'
  const body = `<main class="receipt">
<header>
${isCopy ? `<p class="copy">${words.copy}</p>` : ''}
<h1>${words.title}</h1>
<p class="shop">${escaped(shop.name)}</p>
${line(shop.legalName === shop.name ? null : shop.legalName)}${line(shop.address)}
<p><time datetime="${new Date(receipt.paidAt).toISOString()}">${time(receipt.paidAt)}</time></p>
<p class="state state-${receipt.state}">${words.state[receipt.state]}</p>
</header>
<table><caption class="hidden">${words.title}</caption><tbody>
${receiptRows(receipt, language, money).map(tableRow).join('\n')}
</tbody></table>
${receipt.lines.some(({ isReduced }) => isReduced) ? line(words.reduced) : ''}
<p>${words.means[receipt.means]}</p>
<dl>${receiptFacts(receipt, language)
    .map(({ label, value }) => `<div><dt>${escaped(label)}</dt><dd>${escaped(value)}</dd></div>`)
    .join('')}</dl>
${line(shop.text)}
<section class="check" aria-label="${words.check}">
${qrSvg(link, words.check)}
<div><p><strong>${escaped(words.issuedBy(scheme.name))}<br>${words.signatureRight}</strong></p>
<p>${words.asOf(time(receipt.issuedAt))} ${words.checkHow}</p></div>
</section>
</main>
<footer class="no-print"><p>${words.print}</p>
<p><a href="${escaped(link)}.json">${words.file}</a> · <a href="?lang=${other}" lang="${other}" hreflang="${other}">${OTHER_NAMES[other]}</a></p></footer>`
  return documentOf(`${words.title} · ${shop.name}`, body, { language, paper })
}

/** For an address that leads nowhere. */
export function noReceiptPage(language: ReceiptLanguage): string {
  const { notFound, notFoundText } = RECEIPT_WORDS[language]
  const body = `<main class="receipt"><h1>${notFound}</h1><p>${notFoundText}</p></main>`
  return documentOf(notFound, body, { language, paper: null })
}

const OTHER_NAMES = { en: 'English', ja: '日本語' } as const

const line = (text: string | null): string => (text === null ? '' : `<p>${escaped(text)}</p>\n`)

const tableRow = ({ label, value, kind }: ReceiptRow): string =>
  kind === 'note'
    ? `<tr class="row-note"><th scope="row" colspan="2">${escaped(label)}</th></tr>`
    : `<tr class="row-${kind}"><th scope="row">${escaped(label)}</th><td>${escaped(value)}</td></tr>`

const documentOf = (
  title: string,
  body: string,
  { language, paper }: Pick<PageOptions, 'language' | 'paper'>,
): string => `<!doctype html>
<html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow"><meta name="color-scheme" content="light dark">
<title>${escaped(title)}</title><link rel="icon" href="data:,"><link rel="stylesheet" href="${STYLES}"></head>
<body class="${paper === null ? 'sheet' : `roll roll-${paper}`}">
${body}
</body></html>
`
