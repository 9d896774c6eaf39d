// The receipt as a mail: text, and HTML with its looks inside, because mail programs read no style sheets.
import type { Receipt } from '#core/receipt.ts'
import {
  RECEIPT_WORDS,
  receiptAmount,
  receiptFacts,
  receiptRows,
  receiptTime,
  type ReceiptLanguage,
} from '#protocol/receipt-words.ts'
import { oneLine, type Mail } from '../mail/words.ts'
import { escaped } from './html.ts'

/** The mail with the receipt and the link to its page. */
export function receiptMail(receipt: Receipt, link: string, language: ReceiptLanguage): Mail {
  const words = RECEIPT_WORDS[language]
  const { shop, scheme, zone } = receipt
  const money = (amount: bigint): string => receiptAmount(amount, receipt.unit, language)
  const rows = receiptRows(receipt, language, money)
  const facts = receiptFacts(receipt, language)
  const head = [shop.name, ...(shop.legalName === shop.name ? [] : [shop.legalName]), shop.address].flatMap((text) =>
    text === null ? [] : [text],
  )
  const when = receiptTime(receipt.paidAt, zone, language)
  const foot = [
    ...(receipt.lines.some(({ isReduced }) => isReduced) ? [words.reduced] : []),
    words.means[receipt.means],
    ...(receipt.state === 'paid' ? [] : [words.state[receipt.state]]),
  ]
  const last = [
    ...(shop.text === null ? [] : [shop.text]),
    `${words.issuedBy(scheme.name)} ${words.asOf(receiptTime(receipt.issuedAt, zone, language))}`,
  ]
  const text = [
    words.mailIntro(shop.name),
    [...head, when].join('\n'),
    rows.map(({ label, value }) => (value === '' ? label : `${label}: ${value}`)).join('\n'),
    [...foot, ...facts.map(({ label, value }) => `${label}: ${value}`)].join('\n'),
    ...last,
    `${words.check}:\n${link}`,
  ].join('\n\n')
  const html = `<!doctype html><html lang="${language}"><body style="font:16px/1.5 sans-serif;max-width:480px">
<p>${escaped(words.mailIntro(shop.name))}</p>
<p>${[...head, when].map((line, index) => (index === 0 ? `<b>${escaped(line)}</b>` : escaped(line))).join('<br>')}</p>
<table style="width:100%;border-collapse:collapse">${rows
    .map(({ label, value, kind }) => {
      const looks = kind === 'total' ? 'font-weight:bold;' : kind === 'line' ? '' : 'font-size:14px;'
      return `<tr><td style="${looks}padding:4px 0">${escaped(label)}</td><td style="${looks}padding:4px 0 4px 16px;text-align:right;white-space:nowrap">${escaped(value)}</td></tr>`
    })
    .join('')}</table>
<p>${[...foot, ...facts.map(({ label, value }) => `${label}: ${value}`)].map(escaped).join('<br>')}</p>
${last.map((line) => `<p>${escaped(line)}</p>`).join('')}
<p><a href="${escaped(link)}">${escaped(words.check)}</a></p></body></html>`
  return { subject: oneLine(words.mailSubject(shop.name)), text: `${text}\n`, html }
}
