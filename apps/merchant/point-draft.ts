// A sign as the office keys it in, and what is wrong with it before anything is sent. Pure.
import { decimalOf, parseAmount, parseTyped, unitOf, type Unit } from '#core/money.ts'
import type { OfficePointView, PointBody } from '#protocol/points.ts'

export type PointDraft = Readonly<{
  point: string
  label: string
  place: string
  text: string
  mode: 'amount' | 'fixed' | 'order'
  /** where guests order: before it is made, or when they like */
  paying: 'first' | 'end'
  price: string
  minimum: string
  maximum: string
  /** percent as it is typed */
  tax: string
}>

export type DraftFault = 'price' | 'minimum' | 'maximum' | 'bounds' | 'tax'

export const emptyDraft = (point: string): PointDraft => ({
  point,
  label: '',
  place: '',
  text: '',
  mode: 'amount',
  paying: 'end',
  price: '',
  minimum: '',
  maximum: '',
  tax: '',
})

export function draftOf({
  point,
  label,
  place,
  text,
  mode,
  unit,
  amount,
  minimum,
  maximum,
  taxRate,
  paying,
}: OfficePointView): PointDraft {
  const written = (minor: string | null): string => {
    const [known, value] = [unitOf(unit), parseAmount(minor)]
    return known === undefined || value === undefined ? '' : decimalOf({ unit: known, amount: value })
  }
  return {
    point,
    label,
    place,
    text,
    mode,
    paying: paying ?? 'end',
    price: written(amount),
    minimum: written(minimum),
    maximum: written(maximum),
    tax: taxRate === null ? '' : String(taxRate / 100),
  }
}

const TAX = /^(\d{1,2})(?:\.(\d{1,2}))?$/

/** What is sent, or what has to be put right first (only the fields that were filled in wrongly). */
export function bodyOf(draft: PointDraft, unit: Unit): PointBody<'setPoint'> | readonly DraftFault[] {
  const { point, mode } = draft
  const amountOf = (typed: string): string | null => {
    const amount = parseTyped(typed, unit)
    return amount === undefined || amount === 0n ? null : String(amount)
  }
  const [isFixed, isTyped] = [mode === 'fixed', mode === 'amount']
  const [amount, minimum, maximum] = [amountOf(draft.price), amountOf(draft.minimum), amountOf(draft.maximum)]
  const tax = TAX.exec(draft.tax.trim())
  const faults: DraftFault[] = [
    ...(isFixed && amount === null ? (['price'] as const) : []),
    ...(isTyped && minimum === null ? (['minimum'] as const) : []),
    ...(isTyped && maximum === null ? (['maximum'] as const) : []),
    ...(isTyped && minimum !== null && maximum !== null && BigInt(maximum) < BigInt(minimum)
      ? (['bounds'] as const)
      : []),
    ...(mode !== 'order' && draft.tax.trim() !== '' && tax === null ? (['tax'] as const) : []),
  ]
  if (faults.length > 0) return faults
  return {
    point,
    label: draft.label.trim(),
    place: draft.place.trim(),
    text: draft.text.trim(),
    unit,
    mode,
    amount: isFixed ? amount : null,
    minimum: isTyped ? minimum : null,
    maximum: isTyped ? maximum : null,
    ...(mode === 'order' && { paying: draft.paying }),
    // A menu says the tax of each item.
    taxRate: tax === null || mode === 'order' ? null : Number(tax[1]) * 100 + Number((tax[2] ?? '').padEnd(2, '0')),
  }
}

export const isFilled = ({ label, place, text }: PointDraft): boolean =>
  [label, place, text].every((each) => each.trim() !== '')
