// Data elements that several messages share: who sent it and when, the private fields, units, and what a response code means.
import { CURRENCIES } from '#core/currencies.ts'
import { numericOf, unitOf, type Unit } from '#core/money.ts'

/** By these an acquirer and an issuer know one message: a message that is repeated has them again. */
export type Trace = Readonly<{
  /** DE 11: six digits */
  stan: string
  /** DE 37: twelve letters or digits */
  rrn: string
  /** DE 7: month, day and time of the first sending, UTC: MMDDhhmmss */
  at: string
  /** DE 15: the acquirer's business day on which it counts, MMDD */
  day: string
  /** DE 32: up to eleven digits */
  acquirer: string
}>

/** DE 39. Everything but `approved` is a no. */
export const CODES = {
  approved: '00',
  /** no such merchant here */
  merchant: '03',
  /** a wrong security code, or the issuer will not */
  refused: '05',
  /** not after what has happened to the original: captured, reversed, too old */
  notNow: '12',
  amount: '13',
  /** no such card, and no such one-time number */
  number: '14',
  /** a one-time number that was used is not taken back, nor a sale by it once the sender of its key may have heard of that: the sale stands */
  used: '21',
  /** an original or a record that was never heard of */
  unknown: '25',
  /** a record that is there already */
  duplicate: '26',
  format: '30',
  /** lost, stolen or stopped */
  stopped: '41',
  limit: '51',
  expired: '54',
  /** the merchant or the issuer does not offer this method */
  method: '57',
  /** a one-time number at another merchant or terminal */
  terminal: '58',
  /** too many wrong security codes */
  tries: '75',
  /** an id that stands for something else, was taken back before it came, or a one-time number that was used */
  again: '94',
  /** the totals differ */
  outOfBalance: '95',
} as const

export type ResponseCode = (typeof CODES)[keyof typeof CODES]

/** The most that DE 4 can say, in smallest parts. */
export const MOST_AMOUNT = 999_999_999_999n

const UNITS = new Map([...CURRENCIES].map(([code, { numeric }]) => [numeric, unitOf(code)]))

/** DE 49 */
export const numericFor = (unit: Unit): string => numericOf(unit)
export const unitIn = (numeric: string | undefined): Unit | undefined =>
  numeric === undefined ? undefined : UNITS.get(numeric)

/** An amount in a place of digits. Throws RangeError where it does not fit. */
export function digitsOf(amount: bigint, length: number): string {
  const digits = String(amount)
  if (amount < 0n || digits.length > length) throw new RangeError('an amount that does not fit its place')
  return digits.padStart(length, '0')
}

/** A text in a place of printable ASCII: what it cannot say becomes a question mark, what is too long is cut. */
export const placed = (text: string, length: number): string =>
  text
    .replaceAll(/[^ -~]/gu, '?')
    .slice(0, length)
    .padEnd(length, ' ')

/** Private fields (DE 48, DE 120): a name of two capitals or digits, two digits of length, the value. */
export function writeParts(parts: Readonly<Record<string, string | null>>): string {
  return Object.entries(parts)
    .map(([name, value]) => {
      if (value === null) return ''
      if (!/^[A-Z0-9]{2}$/u.test(name) || value.length < 1 || value.length > 99)
        throw new RangeError(`${name} does not fit`)
      return `${name}${String(value.length).padStart(2, '0')}${value}`
    })
    .join('')
}

/** Reads private fields; undefined unless every sign belongs to one, and none is there twice. */
export function readParts(text: string): ReadonlyMap<string, string> | undefined {
  const parts = new Map<string, string>()
  let at = 0
  while (at < text.length) {
    const [, name, length] = /^([A-Z0-9]{2})([0-9]{2})/u.exec(text.slice(at, at + 4)) ?? []
    if (name === undefined || parts.has(name)) return undefined
    const value = text.slice(at + 4, at + 4 + Number(length))
    if (value.length === 0 || value.length < Number(length)) return undefined
    parts.set(name, value)
    at += 4 + value.length
  }
  return parts
}

/** The message type that answers this one: 0100 and 0101 → 0110, 0420 and 0421 → 0430, 0302 → 0312. Undefined for an answer. */
export function answerType(mti: string): string | undefined {
  const kind = Number(mti.charAt(2))
  const sender = Number(mti.charAt(3))
  if (!/^0[0-9]{3}$/u.test(mti) || kind % 2 === 1 || kind > 4 || sender > 5) return undefined
  return `${mti.slice(0, 2)}${kind + 1}${sender - (sender % 2)}`
}
