// Money: a unit and a whole number of its smallest part. A float never touches an amount: it is a bigint inside,
// a decimal-integer string on the wire, and a decimal string where it is shown.

import { CURRENCIES } from './currencies.ts'
import type { Brand } from './ids.ts'
import { halfWidth } from './numbers.ts'

/** What an account counts: an ISO 4217 currency code. */
export type Unit = Brand<string, 'Unit'>

/** An amount in the unit's smallest part (yen, cents); negative only where a difference is meant. */
export type Money = Readonly<{ unit: Unit; amount: bigint }>

/** An amount in pieces, for a large number with a small raised symbol. */
export type AmountParts = Readonly<{ sign: string; digits: string; symbol: string; symbolFirst: boolean }>

/** Eighteen nines: fits a signed 64-bit column with room for nine such sums. */
export const MAX_AMOUNT = 999_999_999_999_999_999n

const WIRE_AMOUNT = /^(?:0|[1-9][0-9]{0,17})$/
const LONGEST_TYPED = 64
/** Whole part plain or in groups (by three, or the Indian way: 1,00,000), then perhaps decimals. */
const TYPED_AMOUNT = /^([0-9]+|[0-9]{1,3}(?:,[0-9]{2,3})*,[0-9]{3})?(?:\.([0-9]*))?$/

/** The unit of a currency code in capitals, or undefined when there is no such active currency. */
export function unitOf(code: string): Unit | undefined {
  return isUnit(code) ? code : undefined
}

/** How many decimals the unit's main part has: JPY 0, EUR 2, KWD 3, CLF 4. */
export function exponentOf(unit: Unit): number {
  return currencyOf(unit).exponent
}

/** The three-digit ISO 4217 code, as card and QR messages carry it: JPY 392. */
export function numericOf(unit: Unit): string {
  return currencyOf(unit).numeric
}

/** Reads an amount from the wire, undefined when it is not exactly a plain whole number of at most 18 digits. */
export function parseAmount(text: unknown): bigint | undefined {
  return typeof text === 'string' && WIRE_AMOUNT.test(text) ? BigInt(text) : undefined
}

/**
 * Reads what a person typed in a unit: "1,280", "12.50", "１２．５", "1、280". A comma only groups and a point only
 * separates decimals, whatever the language: "12,50" and "1.280" would be read differently by two people, so the
 * first is refused, and the second too wherever three decimals are too many. Undefined when refused.
 */
export function parseTyped(text: string, unit: Unit): bigint | undefined {
  if (text.length > LONGEST_TYPED) return undefined
  const plain = halfWidth(text).trim().replace(/[、､]/gu, ',').replace(/[。｡]/gu, '.')
  const match = TYPED_AMOUNT.exec(plain)
  const whole = (match?.[1] ?? '').replaceAll(',', '')
  const decimals = match?.[2] ?? ''
  const exponent = exponentOf(unit)
  if (whole + decimals === '' || decimals.length > exponent) return undefined
  const amount = BigInt(whole + decimals.padEnd(exponent, '0'))
  return amount <= MAX_AMOUNT ? amount : undefined
}

/** The amount as plain text, for forms, files and other machines: "12.50", "1280", "-0.05". */
export function decimalOf(money: Money): string {
  const exponent = exponentOf(money.unit)
  const sign = money.amount < 0n ? '-' : ''
  const digits = magnitude(money.amount)
    .toString()
    .padStart(exponent + 1, '0')
  if (exponent === 0) return sign + digits
  return `${sign}${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`
}

/** The amount as people of a locale (BCP 47) read it: en ¥1,280, ja 1,280円, de 1.280 ¥. Throws RangeError for a malformed locale. */
export function formatAmount(money: Money, locale: string): string {
  return formatterOf(money.unit, locale).format(exactly(money))
}

/** The same in pieces; put together with the symbol on its side they say what formatAmount says, but for the space. */
export function formatParts(money: Money, locale: string): AmountParts {
  const parts = formatterOf(money.unit, locale).formatToParts(exactly(money))
  const textOf = (...types: readonly string[]): string =>
    parts
      .filter((part) => types.includes(part.type))
      .map((part) => part.value)
      .join('')
  const kinds = parts.map((part) => part.type)
  return {
    sign: textOf('minusSign'),
    digits: textOf('integer', 'group', 'decimal', 'fraction'),
    symbol: textOf('currency'),
    symbolFirst: kinds.indexOf('currency') < kinds.indexOf('integer'),
  }
}

/** The sum of amounts of one unit. */
export function sum(amounts: Iterable<bigint>): bigint {
  let total = 0n
  for (const amount of amounts) total += amount
  return total
}

/**
 * Divides an amount by weights so that the shares add up to it exactly: each gets its share rounded towards zero, and
 * what is left goes, one smallest part each, to the largest remainders (the earlier one first where they are equal).
 * Throws RangeError for a negative weight or when all weights are zero.
 */
export function allocate(amount: bigint, weights: readonly bigint[]): bigint[] {
  const total = sum(weights)
  if (weights.some((weight) => weight < 0n) || total === 0n) throw new RangeError('weights must be positive')
  const sign = amount < 0n ? -1n : 1n
  const whole = magnitude(amount)
  const shares = weights.map((weight) => (whole * weight) / total)
  const remainders = weights.map((weight, index) => ({ index, remainder: (whole * weight) % total }))
  remainders.sort((left, right) => Number(right.remainder > left.remainder) - Number(right.remainder < left.remainder))
  const extra = new Set(remainders.slice(0, Number(whole - sum(shares))).map(({ index }) => index))
  return shares.map((share, index) => sign * (extra.has(index) ? share + 1n : share))
}

function isUnit(code: string): code is Unit {
  return CURRENCIES.has(code)
}

function currencyOf(unit: Unit): { exponent: number; numeric: string } {
  const currency = CURRENCIES.get(unit)
  if (!currency) throw new RangeError(`no such unit: ${unit}`)
  return currency
}

function formatterOf(unit: Unit, locale: string): Intl.NumberFormat {
  const exponent = exponentOf(unit)
  // Japanese write 1,280円; the symbol of their locale is a full-width ￥ in front.
  const isYenInJapanese = unit === 'JPY' && /^ja\b/iu.test(locale)
  return new Intl.NumberFormat(locale, {
    style: 'currency',
    currency: unit,
    currencyDisplay: isYenInJapanese ? 'name' : 'symbol',
    minimumFractionDigits: exponent,
    maximumFractionDigits: exponent,
  })
}

/** Intl takes a decimal string digit by digit; as a number it would lose what is beyond 2^53. */
function exactly(money: Money): Intl.StringNumericLiteral {
  const decimal = decimalOf(money)
  if (!isNumericLiteral(decimal)) throw new RangeError(`${decimal} is not a decimal number`)
  return decimal
}

function isNumericLiteral(text: string): text is `${number}` {
  return /^-?[0-9]+(?:\.[0-9]+)?$/.test(text)
}

function magnitude(amount: bigint): bigint {
  return amount < 0n ? -amount : amount
}
