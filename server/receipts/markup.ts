// The receipt for a printer with a roll: written in the markup of receiptline, which makes of it ESC/POS or a picture.
import type { Receipt } from '#core/receipt.ts'
import type { Paper } from '#protocol/receipts.ts'
import {
  paperAmount,
  RECEIPT_WORDS,
  receiptFacts,
  receiptRows,
  receiptTime,
  type ReceiptLanguage,
  type ReceiptRow,
} from '#protocol/receipt-words.ts'

/** Columns of text (a Japanese letter takes two), with the printer's usual letters of 12 dots. */
export const COLUMNS: Readonly<Record<Paper, number>> = { '58': 32, '80': 48 }
/** What an amount gets of them: "¥999,999,999" and a blank. */
const AMOUNT_COLUMNS = 14

export type Print = Readonly<{ receipt: Receipt; link: string; isCopy: boolean; language: ReceiptLanguage }>

/** One markup for both widths: what does not fit a column goes on below. */
export function markupOf({ receipt, link, isCopy, language }: Print): string {
  const words = RECEIPT_WORDS[language]
  const { shop, scheme, zone } = receipt
  const money = (amount: bigint): string => paperAmount({ unit: receipt.unit, amount }, language)
  const centred = (text: string | null): string[] => (text === null ? [] : [`|${plain(text)}|`])
  const rows = receiptRows(receipt, language, money)
  return [
    '{width:auto}',
    ...(isCopy ? [`|"^^${plain(words.copy)}|`] : []),
    `|^^${plain(shop.name)}|`,
    ...centred(shop.legalName === shop.name ? null : shop.legalName),
    ...centred(shop.address),
    '',
    `|"${plain(words.title)}|`,
    `|${plain(receiptTime(receipt.paidAt, zone, language))}|`,
    '-',
    `{width:*,${AMOUNT_COLUMNS};border:none}`,
    ...rows.flatMap((row) => markupRow(row)),
    `{width:auto}`,
    '-',
    ...(receipt.lines.some(({ isReduced }) => isReduced) ? [`|${plain(words.reduced)}`] : []),
    `|${plain(words.means[receipt.means])}`,
    ...(receipt.state === 'paid' ? [] : [`|"${plain(words.state[receipt.state])}`]),
    ...receiptFacts(receipt, language).map(({ label, value }) => `|${plain(`${label} ${value}`)}`),
    ...(shop.text === null ? [] : ['', ...centred(shop.text)]),
    '',
    `{code:${inProperty(link)};option:qrcode,4,m}`,
    ...centred(words.check),
    ...centred(words.issuedBy(scheme.name)),
    ...centred(words.asOf(receiptTime(receipt.issuedAt, zone, language))),
  ].join('\n')
}

function markupRow({ label, value, kind }: ReceiptRow): string[] {
  // A tilde is a blank that stays.
  const indent = kind === 'tax' ? '~~' : ''
  const mark = kind === 'total' ? '"' : ''
  return [`${mark}${indent}${plain(label)} | ${mark}${plain(value)}`]
}

/** No control characters, and nothing that the markup or a printer would take for an order. */
function plain(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is taken out
  return escaped(text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/gu, ' ').replaceAll('−', '-'))
}

const escaped = (text: string): string => text.replaceAll(/[\\|{}~_"`^]/gu, (sign) => `\\${sign}`)

const inProperty = (text: string): string => text.replaceAll(/[\\|{};]/gu, (sign) => `\\${sign}`)
