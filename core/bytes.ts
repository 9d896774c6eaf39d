// Bytes and their written forms. Every decoder is strict: one value has one spelling, so that what was signed,
// compared or used as a key cannot be written in a second way. `from…` makes bytes of something, `to…` reads them.

import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js'

/** Bytes with a buffer of their own kind, as WebCrypto wants them. */
export type Bytes = Uint8Array<ArrayBuffer>

const HEX = /^(?:[0-9a-f]{2})*$/
const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

const encoder = new TextEncoder()

/** SHA-256, 32 bytes. */
export function sha256(bytes: Uint8Array): Bytes {
  return new Uint8Array(nobleSha256(bytes))
}

/** The UTF-8 bytes of a text; a lone surrogate becomes U+FFFD, as everywhere on the web. */
export function utf8(text: string): Bytes {
  return encoder.encode(text)
}

/** The text of UTF-8 bytes, or undefined when they are not well-formed. A byte order mark is kept. */
export function toText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    // The decoder has no other way to say that the bytes are not text.
    return undefined
  }
}

/** All parts, one after the other. */
export function concat(...parts: readonly Uint8Array[]): Bytes {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** Are both the same? Takes the same time wherever they differ; only the length may show. */
export function equal(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false
  let difference = 0
  for (const [index, byte] of left.entries()) difference |= byte ^ (right[index] ?? 0)
  return difference === 0
}

const HEX_OF_BYTE = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Lower-case hex. */
export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += HEX_OF_BYTE[byte]
  return text
}

/** The bytes of lower-case hex, or undefined for anything else. */
export function fromHex(text: string): Bytes | undefined {
  if (!HEX.test(text)) return undefined
  const bytes = new Uint8Array(text.length / 2)
  for (let at = 0; at < bytes.length; at++) bytes[at] = (nibble(text, 2 * at) << 4) | nibble(text, 2 * at + 1)
  return bytes
}

/** '0' to '9' are 48 to 57, 'a' to 'f' are 97 to 102. */
function nibble(text: string, at: number): number {
  const code = text.charCodeAt(at)
  return code < 58 ? code - 48 : code - 87
}

/** Base64url without padding (RFC 4648 section 5). */
export function toBase64url(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 3) {
    const three = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0)
    const characters = Math.min(bytes.length - at, 3) + 1
    for (let index = 0; index < characters; index++) text += BASE64URL.charAt((three >> (18 - 6 * index)) & 63)
  }
  return text
}

/** The bytes of base64url without padding, or undefined: bad characters, impossible length, or left-over bits set. */
export function fromBase64url(text: string): Bytes | undefined {
  if (text.length % 4 === 1) return undefined
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4))
  let bits = 0
  let held = 0
  let at = 0
  for (const character of text) {
    const value = BASE64URL.indexOf(character)
    if (value < 0) return undefined
    held = ((held << 6) | value) & 0xffff
    bits += 6
    if (bits >= 8) {
      bits -= 8
      bytes[at++] = held >> bits
    }
  }
  const leftOver = held & ((1 << bits) - 1)
  return leftOver === 0 ? bytes : undefined
}

/** Two bytes, big-endian. Throws RangeError outside 0 to 2^16 − 1. */
export function fromU16(value: number): Bytes {
  return bigEndian(BigInt(value), 2)
}

/** Four bytes, big-endian. Throws RangeError outside 0 to 2^32 − 1. */
export function fromU32(value: number): Bytes {
  return bigEndian(BigInt(value), 4)
}

/** Eight bytes, big-endian. Throws RangeError outside 0 to 2^64 − 1. */
export function fromU64(value: bigint): Bytes {
  return bigEndian(value, 8)
}

/** The number in the two bytes at an offset. Throws RangeError past the end. */
export function toU16(bytes: Uint8Array, at = 0): number {
  return viewOf(bytes).getUint16(at)
}

/** The number in the four bytes at an offset. Throws RangeError past the end. */
export function toU32(bytes: Uint8Array, at = 0): number {
  return viewOf(bytes).getUint32(at)
}

/** The number in the eight bytes at an offset. Throws RangeError past the end. */
export function toU64(bytes: Uint8Array, at = 0): bigint {
  return viewOf(bytes).getBigUint64(at)
}

function bigEndian(value: bigint, length: 2 | 4 | 8): Bytes {
  if (value < 0n || value >= 1n << BigInt(8 * length)) throw new RangeError(`${value} does not fit ${length} bytes`)
  const whole = new Uint8Array(8)
  viewOf(whole).setBigUint64(0, value)
  return whole.subarray(8 - length)
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
