// The number that people type: random digits and one check digit. It finds a bill and never authorises anything.
//
//   scope of the number                           random digits   typed    written
//   terminal: the phone already knows it          6               7        039 274 4
//   area: a shop, a festival ground               8               9        039 274 511
//   scheme: nothing is known                      10              11       039 274 518 60
//
// Rule behind the table: live numbers / possible numbers stays at or below one in a million.
// The check digit is Damm's: every single wrong digit and every swap of neighbours is found on the spot, so an honest
// slip costs nobody a guess. It adds no secrecy: whoever guesses can compute it.

import type { Brand } from './ids.ts'

/** A payment number: 7, 9 or 11 digits, check digit included and right. Leading zeros belong to it. */
export type PaymentNumber = Brand<string, 'PaymentNumber'>

export type NumberScope = 'terminal' | 'area' | 'scheme'
export type RandomDigits = 6 | 8 | 10

export type TypedNumber =
  | Readonly<{ ok: true; number: PaymentNumber }>
  | Readonly<{ ok: false; why: 'too-short' | 'too-long' | 'not-digits' | 'check-digit' }>

/** How long a number lives, in milliseconds, by the terminal that shows it; between people a link, without a number, for three days. */
export const LIFETIME_MS = {
  counter: 120_000,
  vending: 60_000,
  'ticket-office': 300_000,
  'web-shop': 900_000,
  point: 300_000,
  person: 3 * 24 * 3_600_000,
} as const
export type TerminalKind = keyof typeof LIFETIME_MS

/** A dead number rests this long before it may be given out again: someone may still be typing it. */
export const QUARANTINE_MS = 30 * 60_000

/** A phone that joined and then says nothing is let go after this long, so that it cannot block a register. */
export const IDLE_JOIN_MS = 45_000

const RANDOM_DIGITS = { terminal: 6, area: 8, scheme: 10 } as const satisfies Record<NumberScope, RandomDigits>
const TYPED_LENGTHS: ReadonlySet<number> = new Set([7, 9, 11])
const LONGEST = 11

/** Damm's table: the row is what has been folded so far, the column the next digit. */
const DAMM = [
  '0317598642',
  '7092154863',
  '4206871359',
  '1750983426',
  '6123045978',
  '3674209581',
  '5869720134',
  '8945362017',
  '9438617205',
  '2581436790',
] as const

/** How many random digits a number needs in its scope. */
export function randomDigitsFor(scope: NumberScope): RandomDigits {
  return RANDOM_DIGITS[scope]
}

/**
 * Makes a number from at least 8 random bytes, all of which are used: their value modulo 10^randomDigits. With 64 bits
 * and ten digits no number is likelier than another by more than 6 parts in ten thousand million, which no guesser can
 * use; with 16 bytes the difference is beyond measure. Throws RangeError for fewer bytes.
 */
export function numberFrom(random: Uint8Array, randomDigits: RandomDigits): PaymentNumber {
  if (random.length < 8) throw new RangeError(`a number takes at least 8 random bytes, not ${random.length}`)
  const value = random.reduce((held, byte) => (held << 8n) | BigInt(byte), 0n)
  const digits = (value % 10n ** BigInt(randomDigits)).toString().padStart(randomDigits, '0')
  const number = digits + dammDigit(digits)
  if (!isValidNumber(number)) throw new RangeError(`there are no numbers of ${randomDigits} random digits`)
  return number
}

/** Reads what a person typed, and says what is wrong with it before anything is sent. */
export function parseTypedNumber(text: string): TypedNumber {
  const digits = normaliseTyped(text)
  if (digits === undefined) return { ok: false, why: 'not-digits' }
  if (digits.length > LONGEST) return { ok: false, why: 'too-long' }
  if (!TYPED_LENGTHS.has(digits.length)) return { ok: false, why: 'too-short' }
  return isValidNumber(digits) ? { ok: true, number: digits } : { ok: false, why: 'check-digit' }
}

/** Is this a payment number as it is kept: 7, 9 or 11 plain digits with the right check digit? */
export function isValidNumber(digits: string): digits is PaymentNumber {
  return TYPED_LENGTHS.has(digits.length) && hasCheckDigit(digits)
}

/** Plain digits (any number of them) of which the last is the right check digit? */
export function hasCheckDigit(digits: string): boolean {
  return /^[0-9]{2,}$/.test(digits) && dammDigit(digits) === '0'
}

/** The Damm check digit of plain digits. Throws RangeError for anything else. */
export function dammDigit(digits: string): string {
  let row = 0
  for (const digit of digits) {
    const next = digit >= '0' && digit <= '9' ? DAMM[row]?.[Number(digit)] : undefined
    if (next === undefined) throw new RangeError('a check digit is made of plain digits')
    row = Number(next)
  }
  return String(row)
}

/** Groups of three for reading aloud and typing: 039 274 511; the last group holds what is left. */
export function groups(number: string): string[] {
  return number.match(/.{1,3}/gu) ?? []
}

/**
 * The digits in what a person typed or pasted: full-width digits become plain ones; spaces of every kind and dashes of
 * every kind (a Japanese keyboard gives ー and － too) are left out. Undefined when anything else is in it.
 */
export function normaliseTyped(text: string): string | undefined {
  const digits = halfWidth(text).replace(/[\s\p{Pd}\u200b\u2212\u30fc\uff70]/gu, '')
  return /^[0-9]*$/.test(digits) ? digits : undefined
}

/** The full-width forms of ASCII, as a Japanese keyboard gives them, as plain ASCII; all else as it is. */
export function halfWidth(text: string): string {
  return text.replace(/[\uff01-\uff5e]/gu, (character) => String.fromCharCode(character.charCodeAt(0) - 0xfee0))
}
