// The code a customer shows and a register reads. It says who might pay and never pays: what follows is a question on the phone.
//
//   form      text                                        made by     good for
//   online    WRF1. and 22 characters of base64url        the hub     60 s, once
//   digits    88, 12 random digits, Damm's check digit    the hub     the same code, for Code 128 and for typing
//   EMVCo     a consumer-presented code with our own AID  the hub     the same code, for registers that read that form
//   offline   WRF2. and 123 characters of base64url       the phone   its 60 s slot and two to either side, once
//   user id   WRF3. and 22 characters of base64url        the hub     until it is renewed: it names one card on one phone, again and again
//
// An offline code is device 16 | counter 8 | slot 4 | signature 64, signed over "WO1" | scheme 16 | the first 28 of those bytes.
import {
  concat,
  fromBase64url,
  fromHex,
  fromU32,
  fromU64,
  toBase64url,
  toHex,
  toU32,
  toU64,
  utf8,
  type Bytes,
} from './bytes.ts'
import { CUSTOMER_CODE_START, parseCustomerCode, valueAt, writeCustomerCode } from './emv-customer.ts'
import { foreignCode, type ForeignCode } from './foreign-codes.ts'
import { idBytes, idFrom, type DeviceId, type SchemeId } from './ids.ts'
import { dammDigit, halfWidth, hasCheckDigit, normaliseTyped } from './numbers.ts'

/** How long an online code lives, and how long one slot of an offline code is. */
export const CODE_LIFE_MS = 60_000
/** How many slots a phone's clock may be before or behind the hub's. */
export const SLOTS_APART = 2
/** Random bytes of an online code. */
export const CODE_BYTES = 16
/** Characters that a register sends at most: all of ours are shorter, other wallets' may be longer. */
export const LONGEST_CODE = 512

const ONLINE = 'WRF1.'
const OFFLINE = 'WRF2.'
const USER_ID = 'WRF3.'
/** Of EMVCo's consumer-presented codes: an application template, its AID, and what is the application's own. */
const [APPLICATION, AID, SPECIFIC, SECRET] = ['61', '4f', '63', 'df01'] as const
/** Proprietary, as the first F says, without a registered provider (ISO/IEC 7816-5): F0, "WARIFU", 1. */
const OUR_AID = 'f0' + toHex(utf8('WARIFU')) + '01'
const CLAIM_BYTES = 28
const SIGNATURE_BYTES = 64
const RANDOM_DIGITS = 12
const DIGITS = /^88[0-9]{13}$/

/** What an offline code says before its signature is looked at. */
export type OfflineClaim = Readonly<{
  device: DeviceId
  /** rises with every code that this phone makes: 0 to 2^64 − 1 */
  counter: bigint
  /** whole minutes since 1970 by the phone's clock: 0 to 2^32 − 1 */
  slot: number
}>

export type CustomerCode =
  | Readonly<{ kind: 'online'; secret: Bytes }>
  | Readonly<{ kind: 'digits'; digits: string }>
  | (Readonly<{ kind: 'offline'; signature: Bytes }> & OfflineClaim)

/** What a register has read: one of ours, a card's user id, 15 digits with a slip in them, another wallet's, or nothing that is known. */
export type CodeRead =
  | CustomerCode
  | Readonly<{ kind: 'user-id'; id: Bytes }>
  | Readonly<{ kind: 'slip' }>
  | Readonly<{ kind: 'foreign'; code: ForeignCode }>
  | Readonly<{ kind: 'unknown' }>

/** The QR text of an online code. Throws RangeError unless there are 16 bytes. */
export function onlineText(secret: Uint8Array): string {
  if (secret.length !== CODE_BYTES) throw new RangeError(`a code is made of ${CODE_BYTES} bytes, not ${secret.length}`)
  return ONLINE + toBase64url(secret)
}

/** The text of a card's user id, for QR and NFC. Throws RangeError unless there are 16 bytes. */
export function userIdText(id: Uint8Array): string {
  if (id.length !== CODE_BYTES) throw new RangeError(`a user id is made of ${CODE_BYTES} bytes, not ${id.length}`)
  return USER_ID + toBase64url(id)
}

/** The same code as an EMVCo consumer-presented QR (base64). Throws RangeError unless there are 16 bytes. */
export function emvText(secret: Uint8Array): string {
  if (secret.length !== CODE_BYTES) throw new RangeError(`a code is made of ${CODE_BYTES} bytes, not ${secret.length}`)
  const application = [
    { tag: AID, value: OUR_AID },
    { tag: SPECIFIC, value: [{ tag: SECRET, value: toHex(secret) }] },
  ]
  const written = writeCustomerCode([
    { tag: '85', value: toHex(utf8('CPV01')) },
    { tag: APPLICATION, value: application },
  ])
  if (!written.ok) throw new RangeError(`a code in the EMVCo form is ${written.fault}`)
  return written.text
}

/** The short form, from at least 8 random bytes (see numberFrom). Throws RangeError for fewer. */
export function digitsFrom(random: Uint8Array): string {
  if (random.length < 8) throw new RangeError(`a code takes at least 8 random bytes, not ${random.length}`)
  const value = random.reduce((held, byte) => (held << 8n) | BigInt(byte), 0n) % 10n ** BigInt(RANDOM_DIGITS)
  const digits = `88${value.toString().padStart(RANDOM_DIGITS, '0')}`
  return digits + dammDigit(digits)
}

/** The slot of a time in milliseconds since 1970. */
export const slotAt = (ms: number): number => Math.floor(ms / CODE_LIFE_MS)

/** Is the phone's slot near enough to the hub's clock (milliseconds since 1970)? */
export const isNearSlot = (slot: number, ms: number): boolean => Math.abs(slot - slotAt(ms)) <= SLOTS_APART

/** What the device's key signs. Throws RangeError for a counter or slot out of its range. */
export const offlineBytes = (scheme: SchemeId, claim: OfflineClaim): Bytes =>
  concat(utf8('WO1'), idBytes(scheme), claimBytes(claim))

/** The QR text of an offline code. Throws RangeError unless the signature has 64 bytes. */
export function offlineText(claim: OfflineClaim, signature: Uint8Array): string {
  if (signature.length !== SIGNATURE_BYTES) throw new RangeError(`a signature has ${SIGNATURE_BYTES} bytes`)
  return OFFLINE + toBase64url(concat(claimBytes(claim), signature))
}

const claimBytes = ({ device, counter, slot }: OfflineClaim): Bytes =>
  concat(idBytes(device), fromU64(counter), fromU32(slot))

/**
 * Reads what a register was given: scanned, or typed with blanks, dashes and full-width digits. Never throws; the signature of an
 * offline code is not looked at.
 */
export function readCustomerCode(text: string): CodeRead {
  if (text.length > LONGEST_CODE) return { kind: 'unknown' }
  const code = halfWidth(text).trim()
  if (code.startsWith(ONLINE)) return readOnline(code.slice(ONLINE.length)) ?? { kind: 'unknown' }
  if (code.startsWith(OFFLINE)) return readOffline(code.slice(OFFLINE.length)) ?? { kind: 'unknown' }
  if (code.startsWith(USER_ID)) return readUserId(code.slice(USER_ID.length)) ?? { kind: 'unknown' }
  const inEmv = readEmv(code)
  if (inEmv !== undefined) return inEmv
  const digits = normaliseTyped(code)
  if (digits !== undefined && DIGITS.test(digits))
    return hasCheckDigit(digits) ? { kind: 'digits', digits } : { kind: 'slip' }
  const foreign = foreignCode(code)
  return foreign === undefined ? { kind: 'unknown' } : { kind: 'foreign', code: foreign }
}

function readOnline(text: string): CustomerCode | undefined {
  const secret = fromBase64url(text)
  return secret?.length === CODE_BYTES ? { kind: 'online', secret } : undefined
}

function readUserId(text: string): CodeRead | undefined {
  const id = fromBase64url(text)
  return id?.length === CODE_BYTES ? { kind: 'user-id', id } : undefined
}

function readEmv(text: string): CustomerCode | undefined {
  if (!text.startsWith(CUSTOMER_CODE_START)) return undefined
  const read = parseCustomerCode(text)
  if (!read.ok || valueAt(read.objects, APPLICATION, AID) !== OUR_AID) return undefined
  const secret = fromHex(valueAt(read.objects, APPLICATION, SPECIFIC, SECRET) ?? '')
  return secret?.length === CODE_BYTES ? { kind: 'online', secret } : undefined
}

function readOffline(text: string): CustomerCode | undefined {
  const bytes = fromBase64url(text)
  if (bytes?.length !== CLAIM_BYTES + SIGNATURE_BYTES) return undefined
  return {
    kind: 'offline',
    device: idFrom('dev', bytes.subarray(0, 16)),
    counter: toU64(bytes, 16),
    slot: toU32(bytes, 24),
    signature: bytes.slice(CLAIM_BYTES),
  }
}
