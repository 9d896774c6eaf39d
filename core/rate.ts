// Exchange: a bill in one unit paid from an account in another, at a rate that is fixed for this payment.
//
// A price says how many main units of the bill's currency one main unit of the payer's buys: USD to JPY 148.7475 means
// that one dollar pays for ¥148.7475. So a lower price is the dearer one for the payer, and every rounding here goes that
// way, by less than the smallest part: the quote up, a price made from another down, what comes back down.
import { exponentOf, MAX_AMOUNT, type Unit } from './money.ts'

/** What the payer's unit is worth, the spread already inside. */
export type Rate = Readonly<{
  /** the payer's */
  from: Unit
  /** the bill's */
  to: Unit
  /** decimal text: main units of `to` for one main unit of `from` */
  price: string
  /** milliseconds since 1970: until then it may be approved */
  until: number
}>

/** A price exactly: numerator over denominator, both positive. */
export type Price = Readonly<{ numerator: bigint; denominator: bigint }>

/** Twelve digits tell a rate more exactly than any market does. */
export const PRICE_DIGITS = 12
const PRICE_DECIMALS = 18
const PRICE = /^(0|[1-9][0-9]{0,11})(?:\.([0-9]{1,18}))?$/

/** A hundredth of a percent is one of ten thousand. */
export const BASIS_POINTS = 10_000n

/** Reads a price: plain decimal text above zero with at most twelve significant digits. Undefined for anything else. */
export function parsePrice(text: string): Price | undefined {
  const match = PRICE.exec(text)
  if (match === null) return undefined
  const [, whole = '', decimals = ''] = match
  const numerator = BigInt(whole + decimals)
  if (numerator === 0n || String(numerator).length > PRICE_DIGITS) return undefined
  return { numerator, denominator: 10n ** BigInt(decimals.length) }
}

/**
 * What `total` (smallest parts of the bill's unit) costs in smallest parts of the payer's, rounded up. May be more than
 * MAX_AMOUNT, which nobody has; so is the answer for a price that cannot be read. Never throws.
 */
export function quote(total: bigint, { from, to, price }: Rate): bigint {
  const exact = parsePrice(price)
  if (exact === undefined) return MAX_AMOUNT + 1n
  const numerator = total * exact.denominator * 10n ** BigInt(exponentOf(from))
  const denominator = exact.numerator * 10n ** BigInt(exponentOf(to))
  return (numerator + denominator - 1n) / denominator
}

/**
 * What of `paid` (the payer's unit) goes back when `back` of `total` (the bill's unit) does, after `backBefore` of it
 * already has. Counted from the beginning each time: the parts bring back the same in any order, the last one whatever is
 * left, and together never more than `paid`.
 */
export function shareBack(paid: bigint, total: bigint, backBefore: bigint, back: bigint): bigint {
  const upTo = (part: bigint): bigint => (part >= total ? paid : (paid * part) / total)
  return upTo(backBefore + back) - upTo(backBefore)
}

/** A price less `spread` basis points (0 to 9,999), rounded down to twelve digits; undefined where none is left. */
export const lessSpread = ({ numerator, denominator }: Price, spread: number): string | undefined =>
  written(numerator * (BASIS_POINTS - BigInt(spread)), denominator * BASIS_POINTS)

/** The price the other way round. */
export const inverseOf = ({ numerator, denominator }: Price): Price => ({
  numerator: denominator,
  denominator: numerator,
})

/** Is `next` further than `percent` of `last` away from it, up or down? */
export function isJump(last: Price, next: Price, percent: number): boolean {
  const before = last.numerator * next.denominator
  const change = next.numerator * last.denominator - before
  return (change < 0n ? -change : change) * 100n > before * BigInt(percent)
}

/** A fraction as decimal text of at most twelve significant digits, rounded down. */
function written(numerator: bigint, denominator: bigint): string | undefined {
  const scaled = (numerator * 10n ** BigInt(PRICE_DECIMALS)) / denominator
  const length = String(scaled).length
  if (scaled <= 0n || length > PRICE_DECIMALS + PRICE_DIGITS) return undefined
  const dropped = 10n ** BigInt(Math.max(0, length - PRICE_DIGITS))
  const digits = String((scaled / dropped) * dropped).padStart(PRICE_DECIMALS + 1, '0')
  const decimals = digits.slice(-PRICE_DECIMALS).replace(/0+$/, '')
  return digits.slice(0, -PRICE_DECIMALS) + (decimals === '' ? '' : `.${decimals}`)
}
