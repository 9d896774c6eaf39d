// Looks for card numbers in bytes, however they may lie there: as digits, plain or in groups, one byte or two to a sign, packed two to a
// byte, or in base64 or hexadecimal of either. All numbers begin alike (their issuers' prefixes), so that a large file is gone through once
// for each form of a prefix, and only what begins so is read further.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

export type Hit = Readonly<{ number: string; form: string; at: number }>

type Form = Readonly<{
  name: string
  /** what a prefix looks like at its beginning */
  needles: (prefix: string) => readonly Readonly<{ bytes: Buffer; back: number }>[]
  /** the digits that stand at a place, as far as they go */
  digitsAt: (bytes: Buffer, at: number) => string
}>

const LONGEST = 19
/** Digits with spaces or dashes between them take this many signs at most. */
const REACH = 2 * LONGEST

/** Digits from a text, with what people write between them; it ends at anything else. */
function digitsOf(text: string): string {
  const [run = ''] = /^[\d -]*/u.exec(text) ?? []
  return run.replaceAll(/\D/gu, '').slice(0, LONGEST)
}

const grouped = (prefix: string, between: string): string => prefix.replaceAll(/\d{4}(?=\d)/gu, `$&${between}`)

const textForm = (
  name: string,
  encode: (text: string) => Buffer,
  decode: (bytes: Buffer) => string,
  width: number,
): Form => ({
  name,
  needles: (prefix) => ['', ' ', '-'].map((between) => ({ bytes: encode(grouped(prefix, between)), back: 0 })),
  digitsAt: (bytes, at) => digitsOf(decode(bytes.subarray(at, at + REACH * width))),
})

const utf16be = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16()

const FORMS: readonly Form[] = [
  textForm(
    'digits',
    (text) => Buffer.from(text, 'latin1'),
    (bytes) => bytes.toString('latin1'),
    1,
  ),
  textForm(
    'UTF-16LE',
    (text) => Buffer.from(text, 'utf16le'),
    (bytes) => bytes.toString('utf16le'),
    2,
  ),
  textForm(
    'UTF-16BE',
    utf16be,
    (bytes) =>
      Buffer.from(bytes.subarray(0, bytes.length & ~1))
        .swap16()
        .toString('utf16le'),
    2,
  ),
  {
    name: 'packed digits',
    // Two digits to a byte, beginning with the upper or the lower half.
    needles: (prefix) => [
      { bytes: Buffer.from(prefix.slice(0, prefix.length & ~1), 'hex'), back: 0 },
      { bytes: Buffer.from(prefix.slice(1, 1 + ((prefix.length - 1) & ~1)), 'hex'), back: 1 },
    ],
    digitsAt(bytes, at) {
      const [digits = ''] = /^\d*/u.exec(bytes.subarray(at, at + 11).toString('hex')) ?? []
      return digits
    },
  },
  {
    name: 'hexadecimal',
    needles: (prefix) => [{ bytes: Buffer.from(Buffer.from(prefix).toString('hex')), back: 0 }],
    digitsAt: (bytes, at) =>
      digitsOf(Buffer.from(bytes.subarray(at, at + 2 * REACH).toString('latin1'), 'hex').toString('latin1')),
  },
  ...(['base64', 'base64url'] as const).map((encoding): Form => ({
    name: encoding,
    // Where a text begins within a group of three bytes is unknown: the signs that do not depend on what stands before.
    needles: (prefix) =>
      [0, 1, 2].map((shift) => {
        const whole = Buffer.from('x'.repeat(shift) + prefix).toString(encoding)
        const first = shift === 0 ? 0 : 4
        const bytes = whole.slice(first, first + Math.floor((prefix.length - (shift === 0 ? 0 : 3 - shift)) / 3) * 4)
        return { bytes: Buffer.from(bytes), back: shift === 0 ? 0 : shift - 3 }
      }),
    digitsAt(bytes, at) {
      const [run = ''] = /^[\w+/-]*/u.exec(bytes.subarray(at, at + 64).toString('latin1')) ?? []
      return digitsOf(Buffer.from(run, encoding).toString('latin1'))
    },
  })),
]

/** Where one of the numbers lies in these bytes. */
export function numbersIn(bytes: Buffer, numbers: readonly string[]): Hit[] {
  const prefixes = new Set(numbers.map((number) => commonTo(number, numbers)))
  const hits: Hit[] = []
  for (const form of FORMS)
    for (const prefix of prefixes)
      for (const { bytes: needle, back } of form.needles(prefix))
        for (let at = bytes.indexOf(needle); at >= 0; at = bytes.indexOf(needle, at + 1)) {
          const found = matching(form, bytes, { at, back }, numbers)
          if (found !== undefined) hits.push({ number: found, form: form.name, at })
        }
  return hits
}

/** What is read may begin before or within the number: `back` digits were left out in front of it (or stand before it, below zero). */
function matching(form: Form, bytes: Buffer, { at, back }: { at: number; back: number }, numbers: readonly string[]) {
  const digits = form.digitsAt(bytes, at)
  return numbers.find((number) => {
    const rest = back >= 0 ? number.slice(back) : number.slice(-back)
    return digits.startsWith(rest)
  })
}

/** Numbers that begin with the same six digits share what they all begin with. */
function commonTo(number: string, numbers: readonly string[]): string {
  const alike = numbers.filter((other) => other.startsWith(number.slice(0, 6)))
  let length = 6
  while (length < 12 && alike.every((other) => other.startsWith(number.slice(0, length + 1)))) length++
  return number.slice(0, length)
}

/** Every file under a folder, but for those that a name says are not to be read. */
export function filesUnder(folder: string, isLeftOut: (path: string) => boolean = () => false): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => !isLeftOut(path) && isFile(path))
}

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() === true

/** What was found in each of these files; one that has gone meanwhile held nothing. */
export function numbersInFiles(paths: readonly string[], numbers: readonly string[]): string[] {
  return paths.flatMap((path) => {
    try {
      return numbersIn(readFileSync(path), numbers).map(({ form, at }) => `${path}: ${form} at ${at}`)
    } catch (error) {
      if (error instanceof Error && Reflect.get(error, 'code') === 'ENOENT') return []
      throw error
    }
  })
}
