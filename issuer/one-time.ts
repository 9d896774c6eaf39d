// One-time card numbers: a card's own number, encrypted into another of the same length in a range that is kept for them, with a fresh key
// for each and bound to one purchase. A terminal takes it for a card number; the issuer alone, which was given the key, finds the card.
//
//   4571 99 123456789 c          issuer's prefix, account digits, check digit
//   4571 98 602938471 c'         its prefix for one-time numbers, the account digits by FF1, the check digit anew
//
// FF1 (NIST SP 800-38G, AES-256, radix 10) takes at least a million values, so an issuer's prefix leaves six digits or more. Its tweak is the
// purchase: with another merchant, terminal, amount or order, the number opens to another card, which almost never exists; the issuer checks
// all of them besides.
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { FF1 } from '@noble/ciphers/ff1.js'
import { isLuhn, luhnDigit } from '#core/card-number.ts'
import { methodCode, methodOf, type Method } from '#core/method.ts'
import type { Unit } from '#core/money.ts'
import { numericFor, readParts, unitIn, writeParts } from './elements.ts'

/** What a one-time number is good for. */
export type Purchase = Readonly<{
  /** as the issuer knows the merchant, and the terminal's eight signs without spaces behind */
  merchant: string
  terminal: string
  amount: bigint
  unit: Unit
  order: string
}>

/** The prefixes of an issuer: as long as each other. */
export type Ranges = Readonly<{ prefix: string; oneTimePrefix: string }>

/** What a purchase's key comes with; the order stands beside it in the message. */
export type KeyRecord = Readonly<{
  merchant: string
  terminal: string
  amount: bigint
  unit: Unit
  method: Method
  /** milliseconds since 1970: not good afterwards */
  until: number
  /** by wrapKey */
  wrapped: Uint8Array
}>

const LEAST_DIGITS = 6
const tweakOf = ({ merchant, terminal, amount, unit, order }: Purchase): Uint8Array =>
  Buffer.from([merchant, terminal, String(amount), unit, order].join('|'), 'utf8')

const digitsIn = (text: string): number[] => text.split('').map(Number)

/** The one-time number of a card's number. Throws RangeError unless the number is right, begins with the prefix and leaves six digits. */
export function oneTimeNumber(number: string, ranges: Ranges, key: Uint8Array, purchase: Purchase): string {
  const { prefix, oneTimePrefix } = ranges
  const account = number.slice(prefix.length, -1)
  if (
    !number.startsWith(prefix) ||
    !isLuhn(number) ||
    account.length < LEAST_DIGITS ||
    oneTimePrefix.length !== prefix.length
  )
    throw new RangeError('no number of this issuer')
  const hidden = FF1(10, key, tweakOf(purchase)).encrypt(digitsIn(account)).join('')
  return withCheckDigit(oneTimePrefix + hidden)
}

/** The card's number of a one-time number, by its key and purchase; some number where these are not its own. Undefined for no one-time number. */
export function openOneTime(oneTime: string, ranges: Ranges, key: Uint8Array, purchase: Purchase): string | undefined {
  const { prefix, oneTimePrefix } = ranges
  const hidden = oneTime.slice(oneTimePrefix.length, -1)
  if (!oneTime.startsWith(oneTimePrefix) || !isLuhn(oneTime) || hidden.length < LEAST_DIGITS) return undefined
  return withCheckDigit(prefix + FF1(10, key, tweakOf(purchase)).decrypt(digitsIn(hidden)).join(''))
}

const withCheckDigit = (digits: string): string => digits + luhnDigit(digits)

export const newOneTimeKey = (): Buffer => randomBytes(32)

/** The two keys of a zone, which an issuer and a vault share: for the codes of messages, and for keys on their way. */
export type ZoneKeys = Readonly<{ mac: Buffer; wrap: Buffer }>

/** Throws RangeError unless the secret has 32 bytes. */
export function zoneKeysOf(secret: Uint8Array): ZoneKeys {
  if (secret.length !== 32) throw new RangeError('a zone key has 32 bytes')
  const derived = (use: string): Buffer => Buffer.from(hkdfSync('sha256', secret, '', `warifu zone ${use}`, 32))
  return { mac: derived('mac'), wrap: derived('wrap') }
}

const IV_BYTES = 12
const TAG_BYTES = 16

/** A one-time key for its way to the issuer, bound to number and order. */
export function wrapKey(key: Uint8Array, wrap: Uint8Array, bound: Readonly<{ number: string; order: string }>): Buffer {
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv('aes-256-gcm', wrap, iv).setAAD(aadOf(bound))
  return Buffer.concat([iv, cipher.update(key), cipher.final(), cipher.getAuthTag()])
}

/** Undefined where it was wrapped with another key or for another number or order. */
export function unwrapKey(
  wrapped: Uint8Array,
  wrap: Uint8Array,
  bound: Readonly<{ number: string; order: string }>,
): Buffer | undefined {
  if (wrapped.length !== IV_BYTES + 32 + TAG_BYTES) return undefined
  const decipher = createDecipheriv('aes-256-gcm', wrap, wrapped.subarray(0, IV_BYTES))
    .setAAD(aadOf(bound))
    .setAuthTag(wrapped.subarray(-TAG_BYTES))
  const opened = decipher.update(wrapped.subarray(IV_BYTES, -TAG_BYTES))
  try {
    return Buffer.concat([opened, decipher.final()])
  } catch {
    // Node has no other way to say that the tag is wrong.
    return undefined
  }
}

const aadOf = ({ number, order }: Readonly<{ number: string; order: string }>): Buffer =>
  Buffer.from(`one-time key|${number}|${order}`)

/** DE 120 */
export const keyRecord = ({ merchant, terminal, amount, unit, method, until, wrapped }: KeyRecord): string =>
  writeParts({
    MC: merchant,
    TM: terminal,
    AM: String(amount),
    CU: numericFor(unit),
    MT: String(methodCode(method)).padStart(4, '0'),
    UN: String(until),
    WK: Buffer.from(wrapped).toString('base64url'),
  })

/** Reads DE 120; undefined where a part is missing, unknown or not right. */
export function readKeyRecord(text: string): KeyRecord | undefined {
  const parts = readParts(text)
  const unit = unitIn(parts?.get('CU'))
  const method = methodOf(Number(parts?.get('MT') ?? Number.NaN))
  if (parts?.size !== 7 || unit === undefined || method === undefined) return undefined
  const [merchant, terminal, wrapped] = ['MC', 'TM', 'WK'].map((name) => parts.get(name))
  const amount = /^[1-9][0-9]{0,11}$/u.exec(parts.get('AM') ?? '')?.[0]
  const until = /^[1-9][0-9]{0,14}$/u.exec(parts.get('UN') ?? '')?.[0]
  if (merchant === undefined || terminal === undefined || wrapped === undefined) return undefined
  if (amount === undefined || until === undefined || !/^[A-Za-z0-9_-]+$/u.test(wrapped)) return undefined
  return {
    merchant,
    terminal,
    amount: BigInt(amount),
    unit,
    method,
    until: Number(until),
    wrapped: Buffer.from(wrapped, 'base64url'),
  }
}
