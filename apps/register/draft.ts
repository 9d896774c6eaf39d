// The bill while it is being keyed in: lines, and the amount whose digits are not finished yet. Pure.
import { faultOf, taxIncluded, type Bill, type CoolingOff, type Line, type Restriction } from '#core/bill.ts'
import { parseAmount, sum, type Unit } from '#core/money.ts'
import { billFromWire, type BillWire } from '#protocol/bill.ts'
import type { Locale } from '#ui/i18n.ts'
import { KEYED_TAX_RATE, textOfGood, type Good } from './goods.ts'

export type DraftLine = Readonly<{
  text: string
  code: string | null
  /** for one piece, with tax, in the unit's smallest part */
  price: bigint
  quantity: number
  /** hundredths of a percent */
  taxRate: number | null
  /** the money waits until the goods are handed over */
  delivery: boolean
  coolingOff: CoolingOff | null
  restriction: Restriction | null
}>

/** `typed`: the digits of an amount that will be the last line. */
export type Draft = Readonly<{ lines: readonly DraftLine[]; typed: string }>

export const EMPTY_DRAFT: Draft = { lines: [], typed: '' }

/** ¥9,999,999: more is a slip of the finger at a counter. */
export const TYPED_DIGITS = 7
const MOST_PIECES = 999

export const isEmpty = (draft: Draft): boolean => draft.lines.length === 0 && typedAmount(draft) === 0n

export const typedAmount = ({ typed }: Draft): bigint => parseAmount(typed) ?? 0n

export const totalOf = (draft: Draft): bigint =>
  sum(draft.lines.map((line) => line.price * BigInt(line.quantity))) + typedAmount(draft)

/** The draft after one more key of the keypad. Deleting with no digits left takes away the last piece. */
export function withKey(draft: Draft, key: string): Draft {
  if (draft.typed === '' && key === 'backspace') return withoutPiece(draft, draft.lines.length - 1)
  if (draft.typed === '' && key === 'clear') return EMPTY_DRAFT
  if (key === 'clear') return { ...draft, typed: '' }
  if (key === 'backspace') return { ...draft, typed: draft.typed.slice(0, -1) }
  const typed = (draft.typed + key).replace(/^0+/u, '')
  return typed.length > TYPED_DIGITS ? draft : { ...draft, typed }
}

/** One piece more of a good. */
export function withGood(draft: Draft, good: Good, locale: Locale): Draft {
  const index = draft.lines.findIndex(({ code, price }) => code === good.code && price === good.price)
  if (index >= 0) return withPiece(draft, index)
  const { code, price, taxRate, delivery, coolingOff, restriction } = good
  const text = textOfGood(good, locale)
  return {
    ...draft,
    lines: [...draft.lines, { text, code, price, quantity: 1, taxRate, delivery, coolingOff, restriction }],
  }
}

/** One piece more of the line at `index`. */
export const withPiece = (draft: Draft, index: number): Draft => withQuantity(draft, index, 1)

/** One piece less; the last one takes the line away. */
export const withoutPiece = (draft: Draft, index: number): Draft => withQuantity(draft, index, -1)

function withQuantity(draft: Draft, index: number, change: number): Draft {
  const lines = draft.lines.flatMap((line, at) => {
    if (at !== index) return [line]
    const quantity = Math.min(line.quantity + change, MOST_PIECES)
    return quantity > 0 ? [{ ...line, quantity }] : []
  })
  return { ...draft, lines }
}

/** What a cashier can say of a line by hand. */
export type LineTerms = Pick<DraftLine, 'delivery' | 'coolingOff' | 'restriction'>

export const withTerms = (draft: Draft, index: number, terms: LineTerms): Draft => ({
  ...draft,
  lines: draft.lines.map((line, at) => (at === index ? { ...line, ...terms } : line)),
})

/** Puts the typed amount under the lines, so that the next digits begin another one. */
export function withTypedLine(draft: Draft, text: string): Draft {
  const price = typedAmount(draft)
  if (price === 0n) return draft
  const line = {
    text,
    code: null,
    price,
    quantity: 1,
    taxRate: KEYED_TAX_RATE,
    delivery: false,
    coolingOff: null,
    restriction: null,
  }
  return { lines: [...draft.lines, line], typed: '' }
}

/** The bill of a draft, or undefined while there is nothing to pay. `keyedText` names what was keyed in as an amount. */
export function billOf(draft: Draft, unit: Unit, keyedText: string): Bill | undefined {
  const lines = withTypedLine(draft, keyedText).lines.map(billLine)
  const bill: Bill = { unit, total: sum(lines.map(({ amount }) => amount)), lines }
  return faultOf(bill) === undefined ? bill : undefined
}

function billLine({ text, code, price, quantity, taxRate, delivery, coolingOff, restriction }: DraftLine): Line {
  const amount = price * BigInt(quantity)
  const tax = taxRate === null ? 0n : taxIncluded(amount, taxRate)
  return { text, quantity, amount, taxRate, tax, code, conditions: { delivery, coolingOff }, restriction }
}

/** The draft from which a bill already sent is changed. */
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
      taxRate,
      ...conditions,
      restriction,
    }
  })
  return { lines, typed: '' }
}

export type TaxShare = Readonly<{ rate: number; amount: bigint; tax: bigint }>

/** What each tax rate covers and the tax contained in it, lowest rate first. */
export function taxesOf(lines: readonly Pick<Line, 'amount' | 'taxRate' | 'tax'>[]): readonly TaxShare[] {
  const shares = new Map<number, TaxShare>()
  for (const { amount, taxRate, tax } of lines) {
    if (taxRate === null) continue
    const share = shares.get(taxRate) ?? { rate: taxRate, amount: 0n, tax: 0n }
    shares.set(taxRate, { rate: taxRate, amount: share.amount + amount, tax: share.tax + tax })
  }
  return [...shares.values()].sort((left, right) => left.rate - right.rate)
}
