// ISO 8583:1987 in ASCII: message type, one or two bitmaps in hex, and data elements in their order; on the wire with two bytes of length
// before each message. One message is written in one way, without a second bitmap of nothing; what is read may have one.
//
//   0100 | F23804010EC08000 | 16 4242424242424242 | 000000 | 000000000100 | …
//   type | bitmap           | DE 2 (LLVAR)        | DE 3   | DE 4         |
//
// A message may be sealed: its last element (DE 64, or DE 128 where there is one beyond 64) holds the first eight bytes of an
// HMAC-SHA256 over everything before it, in hex.
import { createHmac, timingSafeEqual } from 'node:crypto'

/** Fields by their number; values as text, fixed ones in their full length. */
export type Message = Readonly<{ mti: string; fields: Readonly<Record<number, string>> }>

/** Why bytes are no message; `field` is the data element, 0 the message type, 1 a bitmap. */
export type Unreadable = Readonly<{
  what: 'short' | 'character' | 'length' | 'unknown-field' | 'rest' | 'mac'
  field: number
}>

/** n digits · a letters · an letters and digits · ans any printable · z track 2 · b bytes in hex · xn C or D and digits */
type Kind = 'n' | 'a' | 'an' | 'ans' | 'z' | 'b' | 'xn'
/** `digits`: of the length that stands before the value; 0 for fixed ones, whose length is `most`. */
type Format = Readonly<{ kind: Kind; digits: 0 | 2 | 3; most: number }>

const CHARACTERS: Readonly<Record<Kind, RegExp>> = {
  n: /^[0-9]*$/u,
  a: /^[A-Za-z ]*$/u,
  an: /^[A-Za-z0-9 ]*$/u,
  ans: /^[ -~]*$/u,
  z: /^[0-9=D]*$/u,
  b: /^[0-9A-F]*$/u,
  xn: /^[CD][0-9]*$/u,
}

const fixed = (kind: Kind, most: number): Format => ({ kind, digits: 0, most })
const upTo = (kind: Kind, most: number): Format => ({ kind, digits: most > 99 ? 3 : 2, most })

/** The data elements of ISO 8583:1987. A `b` counts hex digits. Those not here are refused. */
export const FORMATS: ReadonlyMap<number, Format> = new Map([
  [2, upTo('n', 19)],
  [3, fixed('n', 6)],
  ...range(4, 6, fixed('n', 12)),
  [7, fixed('n', 10)],
  ...range(8, 10, fixed('n', 8)),
  [11, fixed('n', 6)],
  [12, fixed('n', 6)],
  ...range(13, 17, fixed('n', 4)),
  [18, fixed('n', 4)],
  ...range(19, 24, fixed('n', 3)),
  [25, fixed('n', 2)],
  [26, fixed('n', 2)],
  [27, fixed('n', 1)],
  ...range(28, 31, fixed('xn', 9)),
  [32, upTo('n', 11)],
  [33, upTo('n', 11)],
  [34, upTo('ans', 28)],
  [35, upTo('z', 37)],
  [36, { kind: 'n', digits: 3, most: 104 }],
  [37, fixed('an', 12)],
  [38, fixed('an', 6)],
  [39, fixed('an', 2)],
  [40, fixed('an', 3)],
  [41, fixed('ans', 8)],
  [42, fixed('ans', 15)],
  [43, fixed('ans', 40)],
  [44, upTo('an', 25)],
  [45, upTo('an', 76)],
  ...range(46, 48, upTo('ans', 999)),
  ...range(49, 51, fixed('n', 3)),
  [52, fixed('b', 16)],
  [53, fixed('n', 16)],
  ...range(54, 63, upTo('ans', 999)),
  [64, fixed('b', 16)],
  [66, fixed('n', 1)],
  [67, fixed('n', 2)],
  ...range(68, 70, fixed('n', 3)),
  [71, fixed('n', 4)],
  [72, fixed('n', 4)],
  [73, fixed('n', 6)],
  ...range(74, 81, fixed('n', 10)),
  ...range(82, 85, fixed('n', 12)),
  ...range(86, 89, fixed('n', 16)),
  [90, fixed('n', 42)],
  [91, fixed('an', 1)],
  [92, fixed('an', 2)],
  [93, fixed('an', 5)],
  [94, fixed('an', 7)],
  [95, fixed('an', 42)],
  [96, fixed('b', 16)],
  [97, fixed('xn', 17)],
  [98, fixed('ans', 25)],
  [99, upTo('n', 11)],
  [100, upTo('n', 11)],
  [101, upTo('ans', 17)],
  [102, upTo('ans', 28)],
  [103, upTo('ans', 28)],
  [104, { kind: 'ans', digits: 3, most: 100 }],
  ...range(105, 127, upTo('ans', 999)),
  [128, fixed('b', 16)],
])

function range(from: number, to: number, format: Format): [number, Format][] {
  return Array.from({ length: to - from + 1 }, (_, at) => [from + at, format])
}

const MTI = /^[0-9]{4}$/u
const BITMAP_DIGITS = 16
const MAC_DIGITS = 16
const hex = (bits: bigint): string => bits.toString(16).toUpperCase().padStart(BITMAP_DIGITS, '0')

/** The message's bytes. Throws RangeError when a value does not fit its element: what comes from outside is checked before. */
export function writeMessage({ mti, fields }: Message): Buffer {
  if (!MTI.test(mti)) throw new RangeError('a message type has four digits')
  const numbers = Object.keys(fields)
    .map(Number)
    .toSorted((left, right) => left - right)
  const values = numbers.map((number) => {
    const format = FORMATS.get(number)
    const value = fields[number] ?? ''
    if (format === undefined || !fits(value, format)) throw new RangeError(`DE ${number} does not fit`)
    return format.digits === 0 ? value : String(value.length).padStart(format.digits, '0') + value
  })
  return Buffer.from(mti + bitmapsOf(numbers) + values.join(''), 'latin1')
}

/** Bit 1 says that there is a second bitmap. */
function bitmapsOf(numbers: readonly number[]): string {
  const bits = (from: number): bigint =>
    numbers.reduce(
      (map, number) => (number > from && number <= from + 64 ? map | (1n << BigInt(from + 64 - number)) : map),
      0n,
    )
  const second = bits(64)
  return second === 0n ? hex(bits(0)) : hex(bits(0) | (1n << 63n)) + hex(second)
}

function fits(value: string, { kind, digits, most }: Format): boolean {
  const isLong = digits === 0 ? value.length === most : value.length >= 1 && value.length <= most
  return isLong && CHARACTERS[kind].test(value)
}

export type Read = Readonly<{ ok: true; message: Message }> | Readonly<{ ok: false; why: Unreadable }>

/** Reads a message; every byte must belong to it. Never throws. */
export function readMessage(bytes: Uint8Array): Read {
  const text = Buffer.from(bytes).toString('latin1')
  const no = (what: Unreadable['what'], field: number): Read => ({ ok: false, why: { what, field } })
  const mti = text.slice(0, 4)
  if (mti.length < 4) return no('short', 0)
  if (!MTI.test(mti)) return no('character', 0)
  const numbers = fieldsIn(text)
  if (!Array.isArray(numbers)) return { ok: false, why: numbers }
  const fields: Record<number, string> = {}
  let at = 4 + (hasSecond(text) ? 2 : 1) * BITMAP_DIGITS
  for (const number of numbers) {
    const format = FORMATS.get(number)
    if (format === undefined) return no('unknown-field', number)
    const said = text.slice(at, at + format.digits)
    if (said.length < format.digits) return no('short', number)
    if (!CHARACTERS.n.test(said)) return no('character', number)
    at += format.digits
    const length = format.digits === 0 ? format.most : Number(said)
    if (length < 1 || length > format.most) return no('length', number)
    const value = text.slice(at, at + length)
    if (value.length < length) return no('short', number)
    if (!CHARACTERS[format.kind].test(value)) return no('character', number)
    fields[number] = value
    at += length
  }
  return at < text.length ? no('rest', 0) : { ok: true, message: { mti, fields } }
}

const hasSecond = (text: string): boolean => /^[89A-F]$/u.test(text.charAt(4))

/** The numbers that the bitmaps name, or why there are none. */
function fieldsIn(text: string): number[] | Unreadable {
  const digits = text.slice(4, 4 + (hasSecond(text) ? 2 : 1) * BITMAP_DIGITS)
  if (digits.length < (hasSecond(text) ? 2 : 1) * BITMAP_DIGITS) return { what: 'short', field: 1 }
  if (!CHARACTERS.b.test(digits)) return { what: 'character', field: 1 }
  const numbers: number[] = []
  for (const [at, digit] of digits.split('').entries()) {
    const bits = Number.parseInt(digit, 16)
    for (let bit = 0; bit < 4; bit++) if ((bits & (8 >> bit)) !== 0) numbers.push(at * 4 + bit + 1)
  }
  // A second bitmap of nothing is taken too: some hosts write one always.
  return numbers.filter((number) => number !== 1)
}

const macOf = (bytes: Uint8Array, key: Uint8Array): string =>
  createHmac('sha256', key).update(bytes).digest('hex').slice(0, MAC_DIGITS).toUpperCase()

/** The bytes of a message with its code, in DE 128 where an element beyond 64 is there, else in DE 64. Throws as writeMessage does. */
export function sealMessage({ mti, fields }: Message, key: Uint8Array): Buffer {
  const place = Object.keys(fields).some((number) => Number(number) > 64) ? 128 : 64
  const bytes = writeMessage({ mti, fields: { ...fields, [place]: '0'.repeat(MAC_DIGITS) } })
  const before = bytes.subarray(0, -MAC_DIGITS)
  return Buffer.concat([before, Buffer.from(macOf(before, key), 'latin1')])
}

/** Reads a sealed message and looks at its code. Never throws. */
export function openMessage(bytes: Uint8Array, key: Uint8Array): Read {
  const read = readMessage(bytes)
  if (!read.ok) return read
  const { fields } = read.message
  const place = Object.keys(fields).some((number) => Number(number) > 64) ? 128 : 64
  const said = Buffer.from(fields[place] ?? '')
  const right = Buffer.from(macOf(bytes.subarray(0, -MAC_DIGITS), key))
  const isRight = said.length === right.length && timingSafeEqual(said, right)
  return isRight ? read : { ok: false, why: { what: 'mac', field: place } }
}

/** The longest message that is sent or taken: several times what the longest of ours has. */
export const MOST_MESSAGE_BYTES = 4096

/** The message behind its length. Throws RangeError for one that is too long. */
export function frameOf(message: Uint8Array): Buffer {
  if (message.length === 0 || message.length > MOST_MESSAGE_BYTES) throw new RangeError('no message is so long')
  const frame = Buffer.alloc(2 + message.length)
  frame.writeUInt16BE(message.length)
  frame.set(message, 2)
  return frame
}

export type Frames = Readonly<{
  /** Whole messages that these bytes complete. Undefined once a length was wrong: the stream has lost its step for good. */
  take(bytes: Uint8Array): readonly Buffer[] | undefined
  /** Is a message begun and not whole? */
  isWaiting(): boolean
}>

/** Joins what a connection brings, however it was cut, into messages. */
export function createFrames(): Frames {
  let rest: Buffer = Buffer.alloc(0)
  let isLost = false
  return {
    take(bytes) {
      if (isLost) return undefined
      rest = rest.length === 0 ? Buffer.from(bytes) : Buffer.concat([rest, bytes])
      const messages: Buffer[] = []
      while (rest.length >= 2) {
        const length = rest.readUInt16BE()
        if (length === 0 || length > MOST_MESSAGE_BYTES) {
          isLost = true
          return undefined
        }
        if (rest.length < 2 + length) break
        messages.push(rest.subarray(2, 2 + length))
        rest = rest.subarray(2 + length)
      }
      return messages
    },
    isWaiting: () => rest.length > 0,
  }
}
