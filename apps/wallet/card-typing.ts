// A card's number, expiry and security code while they are typed or pasted: how they are written, what is wrong with them, whose card it is.
// Pure; what is typed lives in the form alone and goes with it.
import { isLuhn } from '#core/card-number.ts'

export type Typed = Readonly<{ number: string; expires: string; code: string }>
export const NOTHING_TYPED: Typed = { number: '', expires: '', code: '' }

export type NumberFault = 'number-short' | 'number-wrong'
export type ExpiryFault = 'expiry-wrong' | 'expiry-past'

const LONGEST = 19
const SHORTEST = 12
/** Cards of one issuer's beginning last no longer: beyond it is a slip. */
const YEARS_AHEAD = 20

/** How the digits stand on cards that begin so: American Express and Diners Club have groups of their own. */
function groupsOf(digits: string): readonly number[] {
  if (/^3[47]/u.test(digits)) return [4, 6, 5]
  if (/^3[0689]/u.test(digits)) return [4, 6, 4]
  return [4, 4, 4, 4, 3]
}

/** The digits of what was typed or pasted, with blanks, dashes and full-width digits read. */
export const digitsOf = (typed: string, longest: number = LONGEST): string =>
  typed.normalize('NFKC').replaceAll(/\D/gu, '').slice(0, longest)

/** "4242 4242 4242 4242". */
export function grouped(digits: string): string {
  const parts: string[] = []
  let at = 0
  for (const length of groupsOf(digits)) {
    if (at < digits.length) parts.push(digits.slice(at, at + length))
    at += length
  }
  return [...parts, ...(at < digits.length ? [digits.slice(at)] : [])].join(' ')
}

/** Where the caret stands in `text` behind its first `count` digits. */
export function caretBehind(text: string, count: number): number {
  let seen = 0
  for (let index = 0; index < text.length; index++) {
    if (seen === count) return index
    if (/\d/u.test(text[index] ?? '')) seen += 1
  }
  return text.length
}

const lengthOf = (digits: string): number => groupsOf(digits).reduce((sum, length) => sum + length, 0)

/** With as many digits as such cards usually have, is it worth saying that one of them is wrong? */
const isWhole = (digits: string): boolean => digits.length >= Math.min(16, lengthOf(digits))

/** What is wrong with a number. `isDone`: its writer has left the field, so that a short one is said too. */
export function numberFault(digits: string, isDone: boolean): NumberFault | null {
  if (digits.length >= SHORTEST && isLuhn(digits)) return null
  if (isWhole(digits)) return 'number-wrong'
  return isDone ? (digits.length < SHORTEST ? 'number-short' : 'number-wrong') : null
}

/** "12/29" of what was typed ("1229", "12 / 2029") or pasted ("2029-12"); the slash comes by itself behind the month. */
export function expiryShown(typed: string, before: string): string {
  const text = typed.normalize('NFKC').trim()
  const iso = /^(\d{4})-(\d{2})$/u.exec(text)
  if (iso !== null) return `${iso[2]}/${iso[1]?.slice(2)}`
  // Whoever takes back the slash takes back the digit before it.
  if (before.endsWith('/') && text === before.slice(0, -1)) return text.slice(0, -1)
  const [month = '', year = ''] = text.includes('/')
    ? text.split('/').map((part) => digitsOf(part, 4))
    : [text.slice(0, 2), text.slice(2)].map((part) => digitsOf(part, 4))
  const padded = text.includes('/') && month.length === 1 ? `0${month}` : /^[2-9]$/u.test(month) ? `0${month}` : month
  const short = year.length === 4 ? year.slice(2) : year
  return padded.length < 2 ? padded : `${padded.slice(0, 2)}/${short}`
}

/** The month of "12/29" as the vault has it (2029-12), or what is wrong with it. Null while it is not whole. `today`: 2026-11. */
export function expiryOf(shown: string, today: string): Readonly<{ month: string }> | ExpiryFault | null {
  const [, month, year] = /^(\d{2})\/(\d{2})$/u.exec(shown) ?? []
  if (month === undefined || year === undefined) return null
  const text = `${today.slice(0, 2)}${year}-${month}`
  if (month < '01' || month > '12' || Number(text.slice(0, 4)) > Number(today.slice(0, 4)) + YEARS_AHEAD)
    return 'expiry-wrong'
  return text < today ? 'expiry-past' : { month: text }
}

/** American Express prints four digits on the front, all others three at the back. */
export const codeLength = (digits: string): 3 | 4 => (/^3[47]/u.test(digits) ? 4 : 3)

/** The brands that people know their cards by, by how the numbers begin. Names only: the issuer is found in the hub's tables. */
export function brandOf(digits: string): string | null {
  if (digits.startsWith('4')) return 'Visa'
  if (/^(5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/u.test(digits)) return 'Mastercard'
  if (/^35(2[89]|[3-8])/u.test(digits)) return 'JCB'
  if (/^3[47]/u.test(digits)) return 'American Express'
  if (/^3(0[0-5]|095|[689])/u.test(digits)) return 'Diners Club'
  return null
}

/** Whose card it is: the longest beginning in the hub's tables that fits. Undefined while too little is typed, or for a foreign card. */
export const issuerOf = <Range extends Readonly<{ prefix: string }>>(
  digits: string,
  ranges: readonly Range[],
): Range | undefined =>
  ranges
    .filter(({ prefix }) => digits.startsWith(prefix))
    .toSorted((one, other) => other.prefix.length - one.prefix.length)[0]
