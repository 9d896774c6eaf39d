// EMVCo consumer-presented codes (CPM): what a phone shows to a register, as BER-TLV in base64. A tag of two bytes or more begins
// with five ones; bit 6 of its first byte says that it holds other objects.
//
//   85 "CPV01" (first) · 61 application template, once or twice (4F AID, …, 63 application-specific) · 62 common data (64 common)
import { concat, fromBase64url, fromHex, toBase64url, toHex, utf8 } from './bytes.ts'

/** One data object: tag and value as lower-case hex, or the objects that it holds. */
export type CustomerObject = Readonly<{ tag: string; value: string | readonly CustomerObject[] }>

/** Why a text is no consumer-presented code, or objects cannot be written as one. */
export type CustomerCodeFault =
  'not-emv' | 'too-long' | 'truncated' | 'malformed' | 'duplicate-tag' | 'field-missing' | 'field-invalid'

export type CustomerCodeRead =
  Readonly<{ ok: true; objects: readonly CustomerObject[] }> | Readonly<{ ok: false; fault: CustomerCodeFault }>
export type CustomerCodeWritten = Readonly<{ ok: true; text: string }> | Extract<CustomerCodeRead, { ok: false }>

/** How every code of this kind begins: 85 05 "CPV01" in base64. */
export const CUSTOMER_CODE_START = 'hQVDUFY'

/** EMVCo: 512 bytes. */
const LONGEST = 512
const VERSION = toHex(utf8('CPV01'))
/** Templates within templates: 61 → 63, 62 → 64; nothing lies deeper. */
const DEEPEST = 2

/** Reads a consumer-presented code. Never throws, whatever the text. */
export function parseCustomerCode(text: string): CustomerCodeRead {
  if (!text.startsWith(CUSTOMER_CODE_START)) return no('not-emv')
  if (text.length > Math.ceil(LONGEST / 3) * 4) return no('too-long')
  const bytes = fromBase64(text)
  if (bytes === undefined) return no('malformed')
  if (bytes.length > LONGEST) return no('too-long')
  const objects = objectsIn(bytes, 0)
  if (typeof objects === 'string') return no(objects)
  const fault = faultOf(objects)
  return fault === undefined ? { ok: true, objects } : no(fault)
}

/** Writes objects as a code. Refuses what does not fit the format. */
export function writeCustomerCode(objects: readonly CustomerObject[]): CustomerCodeWritten {
  const fault = faultOf(objects)
  if (fault !== undefined) return no(fault)
  const bytes = bytesOf(objects, 0)
  if (bytes === undefined) return no('malformed')
  if (bytes.length > LONGEST) return no('too-long')
  return { ok: true, text: toBase64(bytes) }
}

/** The hex value at a path of tags ('61', '63', '9f37'), of the first object with each; undefined where there is none. */
export function valueAt(objects: readonly CustomerObject[], ...[tag, ...rest]: readonly string[]): string | undefined {
  const value = objects.find((object) => object.tag === tag)?.value
  if (value === undefined) return undefined
  if (typeof value === 'string') return rest.length === 0 ? value : undefined
  return valueAt(value, ...rest)
}

function faultOf(objects: readonly CustomerObject[]): CustomerCodeFault | undefined {
  const [version, ...others] = objects
  if (version?.tag !== '85') return 'field-missing'
  if (version.value !== VERSION) return 'field-invalid'
  const applications = others.filter(({ tag }) => tag === '61')
  if (applications.length === 0) return 'field-missing'
  if (applications.length > 2 || others.filter(({ tag }) => tag === '62').length > 1) return 'duplicate-tag'
  for (const { value } of applications) {
    if (typeof value === 'string') return 'malformed'
    const aid = valueAt(value, '4f')
    if (aid === undefined) return 'field-missing'
    if (aid.length < 10 || aid.length > 32) return 'field-invalid'
  }
  const isTwice = others.some(({ value }) => typeof value !== 'string' && hasTwice(value))
  if (isTwice || others.some(({ tag }) => tag === '85')) return 'duplicate-tag'
  return undefined
}

const hasTwice = (objects: readonly CustomerObject[]): boolean =>
  new Set(objects.map(({ tag }) => tag)).size < objects.length ||
  objects.some(({ value }) => typeof value !== 'string' && hasTwice(value))

function objectsIn(bytes: Uint8Array, depth: number): CustomerObject[] | CustomerCodeFault {
  if (depth > DEEPEST) return 'malformed'
  const objects: CustomerObject[] = []
  for (let at = 0; at < bytes.length;) {
    const tagLength = tagLengthAt(bytes, at)
    const length = tagLength === undefined ? undefined : lengthAt(bytes, at + tagLength)
    if (tagLength === undefined || length === undefined) return 'malformed'
    const from = at + tagLength + length.size
    const value = bytes.subarray(from, from + length.value)
    if (value.length < length.value) return 'truncated'
    const tag = toHex(bytes.subarray(at, at + tagLength))
    if (!isConstructed(bytes[at] ?? 0)) objects.push({ tag, value: toHex(value) })
    else {
      const inner = objectsIn(value, depth + 1)
      if (typeof inner === 'string') return inner
      objects.push({ tag, value: inner })
    }
    at = from + length.value
  }
  return objects
}

const isConstructed = (first: number): boolean => (first & 0x20) !== 0

/** One byte, or two or three where the first ends in five ones. */
function tagLengthAt(bytes: Uint8Array, at: number): number | undefined {
  if (((bytes[at] ?? 0) & 0x1f) !== 0x1f) return 1
  if (((bytes[at + 1] ?? 0x80) & 0x80) === 0) return 2
  return ((bytes[at + 2] ?? 0x80) & 0x80) === 0 ? 3 : undefined
}

/** The shortest form alone, so that one code has one spelling. */
function lengthAt(bytes: Uint8Array, at: number): { size: number; value: number } | undefined {
  const [first, second, third] = [bytes[at], bytes[at + 1], bytes[at + 2]]
  if (first === undefined) return undefined
  if (first < 0x80) return { size: 1, value: first }
  if (first === 0x81 && second !== undefined && second >= 0x80) return { size: 2, value: second }
  if (first === 0x82 && second !== undefined && third !== undefined && second > 0)
    return { size: 3, value: second * 256 + third }
  return undefined
}

/** Undefined for a tag or value that is not hex, or a tag of the other kind than its value. */
function bytesOf(objects: readonly CustomerObject[], depth: number): Uint8Array | undefined {
  if (depth > DEEPEST) return undefined
  const parts: Uint8Array[] = []
  for (const { tag, value } of objects) {
    const name = fromHex(tag)
    const body = typeof value === 'string' ? fromHex(value) : bytesOf(value, depth + 1)
    if (name === undefined || body === undefined || name.length === 0) return undefined
    if (tagLengthAt(name, 0) !== name.length || isConstructed(name[0] ?? 0) === (typeof value === 'string'))
      return undefined
    if (body.length > 0xffff) return undefined
    parts.push(name, lengthBytes(body.length), body)
  }
  return concat(...parts)
}

function lengthBytes(length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(length)
  return length < 0x100 ? Uint8Array.of(0x81, length) : Uint8Array.of(0x82, length >> 8, length & 0xff)
}

/** Base64 with its padding, in one spelling. */
function fromBase64(text: string): Uint8Array | undefined {
  const match = /^([A-Za-z0-9+/]*)(={0,2})$/.exec(text)
  if (match === null || text.length % 4 !== 0) return undefined
  return fromBase64url((match[1] ?? '').replaceAll('+', '-').replaceAll('/', '_'))
}

function toBase64(bytes: Uint8Array): string {
  const text = toBase64url(bytes).replaceAll('-', '+').replaceAll('_', '/')
  return text.padEnd(Math.ceil(text.length / 4) * 4, '=')
}

const no = (fault: CustomerCodeFault): Extract<CustomerCodeRead, { ok: false }> => ({ ok: false, fault })
