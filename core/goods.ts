// A shop's goods as its price file has them: what one costs, how it is taxed, how it is sold, and who may buy it.
import { carriedBy, isPattern } from './article-codes.ts'

/** How a good is taxed. `isAdded`: the tax comes on top of the price; otherwise the price holds it. */
export type TaxClass = Readonly<{
  /** hundredths of a percent */
  rate: number
  isAdded: boolean
  /** a lower rate than the country's usual one: receipts mark it where the law says so */
  isReduced: boolean
}>

/**
 * piece: counted · weight: weighed at the register · in-store: read from a code with the price or weight inside · open: the cashier
 * keys the price · tip: what the customer adds, a share of the bill
 */
export const GOOD_KINDS = ['piece', 'weight', 'in-store', 'open', 'tip'] as const
export type GoodKind = (typeof GOOD_KINDS)[number]

/** How many grams a price is for, by its name in a price file. */
export const GRAMS_OF = { kg: 1_000, '100g': 100, g: 1 } as const satisfies Record<string, number>
export type WeightUnit = keyof typeof GRAMS_OF

export type Good = Readonly<{
  /** an article code, the shop's own, or the pattern of an in-store code (core/article-codes.ts); unique in the file */
  code: string
  kind: GoodKind
  name: string
  /** where the shop writes it in both languages */
  nameEn: string | null
  nameJa: string | null
  /** further names to be found by: kana, abbreviations */
  search: string
  /** of one piece, or of a `unit` of weight, in the smallest part; null where the code carries it or somebody keys it */
  price: bigint | null
  unit: WeightUnit | null
  tax: TaxClass | null
  minimumAge: number | null
  /** pieces of it for one person on one day */
  perDay: number | null
  /** the money waits until it is handed over */
  delivery: boolean
  /** ISO 8601 duration in which the customer may take it back */
  takeBack: string | null
  category: string
  /** the letter that sells one, and puts it among the first on the screen */
  key: string | null
  /** not sold at present; the file keeps it */
  isActive: boolean
}>

/** Why a good cannot stand as it is, by the column that is wrong; undefined where it can. */
export function misfitOf(good: Good): Readonly<{ column: 'code' | 'price' | 'unit'; reason: GoodMisfit }> | undefined {
  const { kind, code, price, unit } = good
  const isWeighed = kind === 'weight' || (kind === 'in-store' && carriedBy(code) === 'grams')
  if ((kind === 'in-store') !== isPattern(code)) return { column: 'code', reason: 'pattern' }
  if (isWeighed !== (unit !== null)) return { column: 'unit', reason: isWeighed ? 'missing' : 'not-weighed' }
  const needsPrice = kind === 'piece' || isWeighed
  if (needsPrice !== (price !== null)) return { column: 'price', reason: needsPrice ? 'missing' : 'no-price' }
  return undefined
}

export type GoodMisfit = 'pattern' | 'missing' | 'not-weighed' | 'no-price'

/** "8% reduced", "8.25% added", "10%": a tax class as price files write it; `null` for none, undefined where it is none of these. */
export function parseTaxClass(text: string): TaxClass | null | undefined {
  const plain = text.normalize('NFKC').trim().toLowerCase()
  if (plain === '' || plain === 'none' || plain === '非課税') return null
  const [match, whole = '', part = '', rest = ''] = TAX_CLASS.exec(plain) ?? []
  if (match === undefined) return undefined
  const words = rest.split(/\s+/u).filter((word) => word !== '')
  const meanings = words.map((word) => TAX_WORDS[word])
  if (meanings.includes(undefined) || new Set(meanings).size !== meanings.length) return undefined
  if (meanings.includes('added') && meanings.includes('included')) return undefined
  return {
    rate: Number(whole) * 100 + Number(part.padEnd(2, '0')),
    isAdded: meanings.includes('added'),
    isReduced: meanings.includes('reduced'),
  }
}

const TAX_CLASS = /^([0-9]{1,2})(?:\.([0-9]{1,2}))?\s*%?((?:\s*\p{L}+)*)$/u
const TAX_WORDS: Readonly<Record<string, 'added' | 'included' | 'reduced'>> = {
  added: 'added',
  included: 'included',
  reduced: 'reduced',
  外税: 'added',
  内税: 'included',
  軽減: 'reduced',
}

/** The same class as `parseTaxClass` reads it. */
export function taxClassText(tax: TaxClass | null): string {
  if (tax === null) return ''
  const part = String(tax.rate % 100)
    .padStart(2, '0')
    .replace(/0+$/u, '')
  const rate = `${Math.trunc(tax.rate / 100)}${part === '' ? '' : `.${part}`}%`
  return [rate, ...(tax.isReduced ? ['reduced'] : []), ...(tax.isAdded ? ['added'] : [])].join(' ')
}
