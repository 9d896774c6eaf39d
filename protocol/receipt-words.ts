// What stands on a receipt, in both languages: one set of words for the page, the mail, the printer and the apps.
import { countOf, type Method } from '#core/method.ts'
import { exponentOf, formatAmount, type Money, type Unit } from '#core/money.ts'
import type { Receipt, Voucher } from '#core/receipt.ts'
import type { TaxRow } from '#core/taxes.ts'

export type ReceiptLanguage = 'en' | 'ja'

export type ReceiptWords = Readonly<{
  title: string
  copy: string
  paid: string
  total: string
  tax: (rate: string) => string
  taxable: (rate: string) => string
  reduced: string
  invoiceNumber: string
  phone: string
  terminal: string
  cashier: string
  payment: string
  means: Readonly<Record<Receipt['means'], string>>
  card: string
  method: string
  approval: string
  rrn: string
  lump: string
  bonus: string
  revolving: string
  instalments: (count: number) => string
  partBonus: (count: number) => string
  state: Readonly<Record<Receipt['state'], string>>
  untilDelivery: string
  untilDay: (day: string) => string
  wentBack: string
  refunded: (when: string) => string
  left: string
  afterRefunds: string
  issuedBy: (scheme: string) => string
  signatureRight: string
  asOf: (when: string) => string
  check: string
  checkHow: string
  file: string
  print: string
  notFound: string
  notFoundText: string
  mailSubject: (shop: string) => string
  mailIntro: (shop: string) => string
}>

export const RECEIPT_WORDS: Readonly<Record<ReceiptLanguage, ReceiptWords>> = {
  en: {
    title: 'Receipt',
    copy: 'Copy',
    paid: 'Paid',
    total: 'Total',
    tax: (rate) => `of which tax ${rate}`,
    taxable: (rate) => `At ${rate}`,
    reduced: '※ reduced tax rate',
    invoiceNumber: 'Registration no.',
    phone: 'Phone',
    terminal: 'Terminal',
    cashier: 'Served by',
    payment: 'Payment',
    means: { account: 'Paid from the account', card: 'Paid by card' },
    card: 'Card',
    method: 'Repaid',
    approval: 'Approval no.',
    rrn: 'Reference no.',
    lump: 'in one payment',
    bonus: 'in the bonus month',
    revolving: 'revolving',
    instalments: (count) => `in ${count} payments`,
    partBonus: (count) => `in ${count} payments, part in bonus months`,
    state: {
      paid: 'Paid',
      held: 'Paid, in part set aside',
      'part-refunded': 'Paid, in part given back',
      refunded: 'Given back in full',
    },
    untilDelivery: 'Set aside until handed over',
    untilDay: (day) => `Set aside until ${day}; can be taken back`,
    wentBack: 'Went back before it was the shop’s',
    refunded: (when) => `Refund, ${when}`,
    left: 'After what went back',
    afterRefunds: 'Tax after what went back',
    issuedBy: (scheme) => `Issued by ${scheme}.`,
    signatureRight: 'The signature is right.',
    asOf: (when) => `As the books stood on ${when}.`,
    check: 'Check this receipt',
    checkHow: 'The code opens this receipt at the issuer, with refunds made since.',
    file: 'Receipt and signature as a file',
    print: 'Your browser can print this page.',
    notFound: 'No such receipt',
    notFoundText: 'This address leads to no receipt. Compare it with the code on the paper.',
    mailSubject: (shop) => `Your receipt from ${shop}`,
    mailIntro: (shop) => `Your receipt from ${shop}, as you asked for it.`,
  },
  ja: {
    title: '領収書',
    copy: '再発行',
    paid: '領収',
    total: '合計',
    tax: (rate) => `内消費税 ${rate}`,
    taxable: (rate) => `${rate}対象`,
    reduced: '※は軽減税率対象',
    invoiceNumber: '登録番号',
    phone: '電話',
    terminal: '端末',
    cashier: '担当',
    payment: '取引番号',
    means: { account: '口座からのお支払い', card: 'カードでのお支払い' },
    card: 'カード',
    method: '支払区分',
    approval: '承認番号',
    rrn: '伝票番号',
    lump: '1回払い',
    bonus: 'ボーナス一括払い',
    revolving: 'リボ払い',
    instalments: (count) => `分割${count}回払い`,
    partBonus: (count) => `ボーナス併用${count}回払い`,
    state: {
      paid: 'お支払い済み',
      held: 'お支払い済み（一部お預かり中）',
      'part-refunded': 'お支払い済み（一部返金済み）',
      refunded: '全額返金済み',
    },
    untilDelivery: 'お渡しまでお預かり',
    untilDay: (day) => `${day}までお預かり（取り消し可）`,
    wentBack: 'お渡し前の取り消し',
    refunded: (when) => `返金（${when}）`,
    left: '差引お支払い額',
    afterRefunds: '差引後の消費税',
    issuedBy: (scheme) => `発行：${scheme}`,
    signatureRight: '署名は正しいものです。',
    asOf: (when) => `${when}現在の記録です。`,
    check: 'この領収書を確かめる',
    checkHow: 'コードを読むと、返金を含む最新の内容を発行元で確認できます。',
    file: '領収書と署名のファイル',
    print: 'ブラウザーの印刷機能で印刷できます。',
    notFound: '領収書が見つかりません',
    notFoundText: 'このアドレスの領収書はありません。紙のコードと見比べてください。',
    mailSubject: (shop) => `${shop}の領収書`,
    mailIntro: (shop) => `ご依頼の${shop}の領収書をお送りします。`,
  },
}

/** A time as it stands on paper, with its year, on the scheme's clocks: "21 November 2026 at 17:33" / 「2026年11月21日 17:33」. */
export const receiptTime = (at: number, zone: string, language: ReceiptLanguage): string =>
  new Intl.DateTimeFormat(language === 'en' ? 'en-GB' : 'ja', {
    dateStyle: 'long',
    timeStyle: 'short',
    timeZone: zone,
  }).format(at)

export const receiptDay = (at: number, zone: string, language: ReceiptLanguage): string =>
  new Intl.DateTimeFormat(language === 'en' ? 'en-GB' : 'ja', { dateStyle: 'long', timeZone: zone }).format(at)

/** "8%", "7.25%". */
export const receiptRate = (rate: number): string => `${String(rate / 100)}%`

/** Blanks that do not break are plain ones: printers have no others. */
export const receiptAmount = (amount: bigint, unit: Unit, language: ReceiptLanguage): string =>
  formatAmount({ unit, amount }, language).replaceAll(/[\u00a0\u202f]/gu, ' ')

/** "EUR 12.50": of the signs of currencies a Japanese printer has the yen alone. */
export function paperAmount({ unit, amount }: Money, language: ReceiptLanguage): string {
  if (unit === 'JPY') return receiptAmount(amount, unit, language)
  const [digits, below] = [String(amount), exponentOf(unit)]
  const whole = digits.padStart(below + 1, '0')
  return `${unit} ${below === 0 ? whole : `${whole.slice(0, -below)}.${whole.slice(-below)}`}`
}

/** "カレーパン × 2", with the mark of the reduced rate. */
export const lineText = ({ text, quantity, isReduced }: Receipt['lines'][number]): string =>
  `${quantity === 1 ? text : `${text} × ${quantity}`}${isReduced ? ' ※' : ''}`

/** The last twelve signs of the payment's id in groups: enough to be found by, short enough to be read out. */
export const shortPayment = (payment: string): string =>
  payment
    .slice(-12)
    .match(/.{1,4}/gu)
    ?.join(' ') ?? ''

export const rowText = ({ rate, isReduced }: TaxRow, words: ReceiptWords): string =>
  `${words.taxable(receiptRate(rate))}${isReduced ? ' ※' : ''}`

export type ReceiptRow = Readonly<{ label: string; value: string; kind: 'line' | 'total' | 'tax' | 'note' | 'money' }>

/** The receipt's rows in their order, amounts as `money` writes them: what was bought, the total with its tax, and what became of it. */
export function receiptRows(
  receipt: Receipt,
  language: ReceiptLanguage,
  money: (amount: bigint) => string,
): ReceiptRow[] {
  const words = RECEIPT_WORDS[language]
  const taxes = (rows: readonly TaxRow[]): ReceiptRow[] =>
    rows.flatMap((row) => [
      { label: rowText(row, words), value: money(row.amount), kind: 'tax' },
      { label: words.tax(receiptRate(row.rate)), value: money(row.tax), kind: 'tax' },
    ])
  const hasLess = receipt.left < receipt.total
  return [
    ...receipt.lines.map((line): ReceiptRow => ({ label: lineText(line), value: money(line.amount), kind: 'line' })),
    { label: words.total, value: money(receipt.total), kind: 'total' },
    ...taxes(receipt.taxes),
    ...receipt.held.map(({ amount, until }): ReceiptRow => ({
      label: until === null ? words.untilDelivery : words.untilDay(receiptDay(until, receipt.zone, language)),
      value: money(amount),
      kind: 'money',
    })),
    ...(receipt.wentBack > 0n
      ? [{ label: words.wentBack, value: `−${money(receipt.wentBack)}`, kind: 'money' } as const]
      : []),
    ...receipt.refunds.map(({ at, amount }): ReceiptRow => ({
      label: words.refunded(receiptTime(at, receipt.zone, language)),
      value: `−${money(amount)}`,
      kind: 'money',
    })),
    ...(hasLess ? [{ label: words.left, value: money(receipt.left), kind: 'total' } as const] : []),
    ...(hasLess && receipt.left > 0n && receipt.taxesLeft.length > 0
      ? [
          { label: words.afterRefunds, value: '', kind: 'note' } as const,
          ...taxes(receipt.taxesLeft.filter(({ amount }) => amount > 0n)),
        ]
      : []),
  ]
}

/** The card's slip: card, method, and the two numbers by which the issuer knows it. */
const voucherFacts = ({ card, method, approval, rrn }: Voucher, words: ReceiptWords): (readonly [string, string])[] => [
  [words.card, card],
  [words.method, methodText(method, words)],
  [words.approval, approval],
  [words.rrn, rrn],
]

function methodText(method: Method, words: ReceiptWords): string {
  if (method === 'lump' || method === 'bonus' || method === 'revolving') return words[method]
  const count = countOf(method) ?? 0
  return method.startsWith('instalments') ? words.instalments(count) : words.partBonus(count)
}

export type ReceiptFact = Readonly<{ label: string; value: string }>

/** Who issued it, where and when: the fields beside the goods, without those that nobody filled. */
export function receiptFacts(receipt: Receipt, language: ReceiptLanguage): ReceiptFact[] {
  const words = RECEIPT_WORDS[language]
  const { shop, terminal, cashier, voucher } = receipt
  const facts: readonly (readonly [string, string | null])[] = [
    [words.invoiceNumber, shop.invoiceNumber],
    [words.phone, shop.phone],
    [words.terminal, terminal],
    [words.cashier, cashier],
    [words.payment, shortPayment(receipt.payment)],
    ...(voucher === null ? [] : voucherFacts(voucher, words)),
  ]
  return facts.flatMap(([label, value]) => (value === null ? [] : [{ label, value }]))
}
