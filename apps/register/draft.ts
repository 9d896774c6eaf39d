// The bill while it is being keyed in: lines, the amount whose digits are not finished yet, and a tip. Pure.
import type { CoolingOff, Line, Restriction } from '#core/bill.ts'
import type { Bill } from '#core/bill.ts'
import type { Good, TaxClass } from '#core/goods.ts'
import { parseAmount, sum } from '#core/money.ts'
import { billOfSold, priceOf, type Share, type Sold } from '#core/pricing.ts'
import { amountText } from '#apps/shared/money.ts'
import { billFromWire, type BillWire } from '#protocol/bill.ts'
import { formatCount, type Locale } from '#ui/i18n.ts'
import { gramsFor, nameOf, termsOf, type SaleTerms } from './goods.ts'

export type DraftLine = Readonly<{
  text: string
  code: string | null
  /** for one piece, or for `per` grams, in the unit's smallest part */
  price: bigint
  quantity: number
  weighed: Readonly<{ grams: number; per: number }> | null
  /** off the whole line */
  discount: Share | null
  tax: TaxClass | null
  /** the money waits until the goods are handed over */
  delivery: boolean
  coolingOff: CoolingOff | null
  restriction: Restriction | null
}>

/** `typed`: the digits of an amount that will be the last line; `typedCode`: the article code it is keyed in for. */
export type Draft = Readonly<{
  lines: readonly DraftLine[]
  typed: string
  typedCode: string | null
  tip: Share | null
}>

export const EMPTY_DRAFT: Draft = { lines: [], typed: '', typedCode: null, tip: null }

/** ¥9,999,999: more is a slip of the finger at a counter. */
export const TYPED_DIGITS = 7
export const MOST_PIECES = 999
/** 99.999 kg */
export const GRAM_DIGITS = 5
/** What a line's text holds; a name may be shorter for the weight and the discount behind it. */
const TEXT_LENGTH = 120

export const isEmpty = (draft: Draft): boolean => draft.lines.length === 0 && typedAmount(draft) === 0n

export const typedAmount = ({ typed }: Pick<Draft, 'typed'>): bigint => parseAmount(typed) ?? 0n

/** The draft after one more key of the keypad. Deleting with no digits left takes away the last piece. */
export function withKey(draft: Draft, key: string): Draft {
  if (draft.typed === '' && key === 'backspace') return withoutPiece(draft, draft.lines.length - 1)
  if (draft.typed === '' && key === 'clear') return EMPTY_DRAFT
  if (key === 'clear') return { ...draft, typed: '', typedCode: null }
  if (key === 'backspace') return { ...draft, typed: draft.typed.slice(0, -1) }
  const typed = (draft.typed + key).replace(/^0+/u, '')
  return typed.length > TYPED_DIGITS ? draft : { ...draft, typed }
}

export type GoodAs = Readonly<{
  locale: Locale
  /** whose days its terms count */
  zone: string
  /** the price inside a code, or keyed in, where it is not the good's own */
  price?: bigint
  grams?: number
}>

/** One piece more of a good, or as much as was weighed of it. */
export function withGood(draft: Draft, good: Good, { locale, zone, price, grams }: GoodAs): Draft {
  const line: DraftLine = {
    text: nameOf(good, locale),
    code: good.code,
    price: price ?? good.price ?? 0n,
    quantity: 1,
    weighed: grams === undefined ? null : { grams, per: gramsFor(good) },
    discount: null,
    tax: good.tax,
    ...termsOf(good, zone),
  }
  const same = draft.lines.findIndex(
    ({ code, price: known, weighed, discount }) =>
      line.weighed === null && weighed === null && discount === null && code === line.code && known === line.price,
  )
  return same >= 0 ? withPiece(draft, same) : { ...draft, lines: [...draft.lines, line] }
}

/** One piece more of the line at `index`. What was weighed is not counted. */
export const withPiece = (draft: Draft, index: number): Draft => withQuantity(draft, index, 1)

/** One piece less; the last one takes the line away. */
export const withoutPiece = (draft: Draft, index: number): Draft => withQuantity(draft, index, -1)

function withQuantity(draft: Draft, index: number, change: number): Draft {
  const lines = draft.lines.flatMap((line, at) => {
    if (at !== index) return [line]
    const most = line.weighed === null ? MOST_PIECES : 1
    const quantity = Math.min(line.quantity + change, most)
    return quantity > 0 ? [{ ...line, quantity }] : []
  })
  return lines.length === 0 ? { ...draft, lines, tip: null } : { ...draft, lines }
}

/** What a cashier can say of a line by hand. */
export type LineTerms = Pick<DraftLine, 'delivery' | 'coolingOff' | 'restriction' | 'discount' | 'quantity'>

export const withTerms = (draft: Draft, index: number, terms: Partial<LineTerms>): Draft => ({
  ...draft,
  lines: draft.lines.map((line, at) => (at === index ? { ...line, ...terms } : line)),
})

/** Puts the typed amount under the lines, so that the next digits begin another one. */
export function withTypedLine(draft: Draft, { text, tax }: SaleTerms['keyed']): Draft {
  const price = typedAmount(draft)
  if (price === 0n) return draft
  const line: DraftLine = {
    text,
    code: draft.typedCode,
    price,
    quantity: 1,
    weighed: null,
    discount: null,
    tax,
    delivery: false,
    coolingOff: null,
    restriction: null,
  }
  return { ...draft, lines: [...draft.lines, line], typed: '', typedCode: null }
}

/** The bill of a draft, or undefined while there is nothing to pay. */
export function billOf(draft: Draft, { unit, rounding, keyed, tip, locale }: SaleTerms): Bill | undefined {
  const sold = withTypedLine(draft, keyed).lines.map((line) => soldOf(line, unit, locale))
  return billOfSold(unit, { sold, tip: draft.tip && { ...tip, share: draft.tip } }, rounding)
}

/** What is to be paid so far. */
export const totalOf = (draft: Draft, terms: SaleTerms): bigint => billOf(draft, terms)?.total ?? 0n

function soldOf(line: DraftLine, unit: string, locale: Locale): Sold {
  const { code, price, quantity, weighed, discount, tax, delivery, coolingOff, restriction } = line
  const conditions = { delivery, coolingOff }
  const text = lineText(line, unit, locale)
  return { text, code, price, quantity, weighed, discount, tax, conditions, restriction }
}

/** The name, then how much was weighed, then what was taken off. */
function lineText({ text, weighed, discount }: DraftLine, unit: string, locale: Locale): string {
  const after = [
    ...(weighed === null ? [] : [gramsText(weighed.grams, locale)]),
    ...(discount === null ? [] : [`−${shareText(discount, unit, locale)}`]),
  ]
  const behind = after.map((each) => ` ${each}`).join('')
  return Array.from(text)
    .slice(0, TEXT_LENGTH - behind.length)
    .join('')
    .concat(behind)
}

export const gramsText = (grams: number, locale: Locale): string => `${formatCount(grams, locale)} g`

export const shareText = (share: Share, unit: string, locale: Locale): string =>
  share.kind === 'amount' ? amountText(share.amount, unit, locale) : `${formatCount(share.share / 100, locale)}%`

/** What a line of the draft costs before tax is added, with and without its discount. */
export const priceOfLine = (line: DraftLine): Readonly<{ full: bigint; price: bigint }> => {
  const sold = soldOf(line, '', 'en')
  return { full: priceOf({ ...sold, discount: null }), price: priceOf(sold) }
}

/** The draft from which a bill already sent is changed, where nobody here remembers how it was keyed in. */
export function draftOf(wire: BillWire): Draft {
  const read = billFromWire(wire)
  if (!read.ok) return EMPTY_DRAFT
  const lines = read.bill.lines.map(({ text, code, amount, quantity, taxRate, conditions, restriction }): DraftLine => {
    const isWhole = amount % BigInt(quantity) === 0n
    return {
      text,
      code,
      price: isWhole ? amount / BigInt(quantity) : amount,
      quantity: isWhole ? quantity : 1,
      weighed: null,
      discount: null,
      tax: taxRate === null ? null : { rate: taxRate, isAdded: false, isReduced: false },
      ...conditions,
      restriction,
    }
  })
  return { ...EMPTY_DRAFT, lines }
}

export type TaxShare = Readonly<{ rate: number; amount: bigint; tax: bigint }>

/** What each tax rate covers and the tax contained in it, lowest rate first. */
export function taxesOf(lines: readonly Pick<Line, 'amount' | 'taxRate' | 'tax'>[]): readonly TaxShare[] {
  const rates = [...new Set(lines.flatMap(({ taxRate }) => (taxRate === null ? [] : [taxRate])))]
  return rates
    .toSorted((one, other) => one - other)
    .map((rate) => {
      const own = lines.filter(({ taxRate }) => taxRate === rate)
      return { rate, amount: sum(own.map(({ amount }) => amount)), tax: sum(own.map(({ tax }) => tax)) }
    })
}
