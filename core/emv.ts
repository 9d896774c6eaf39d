// EMVCo merchant-presented codes (MPM): what stands in a shop's QR, as text. Read and written exactly; the customer's side (CPM) is
// in emv-customer.ts, and what we put into a code of our own in emv-ours.ts.
//
//   text     = object … "6304" CRC        object = id (2 digits) · length (2 digits, counts characters, not bytes) · value
//   template = a value that is objects again: 26–51, 62, 64, 80–99, and 50–99 within 62
//
// 00 comes first, 63 last, the rest in any order, which is kept: what was read and is written again is the same text. The CRC
// is over the UTF-8 bytes of everything before it, "6304" included. A right CRC proves nothing about the lengths: codes with a right
// CRC and wrong lengths exist, and are refused.
import { utf8 } from './bytes.ts'

/** One data object; a template holds others. */
export type EmvObject = Readonly<{ id: string; value: string | readonly EmvObject[] }>

/** Why a text is no merchant-presented code, or objects cannot be written as one. */
export type EmvFault =
  /** does not begin as one at all */
  | 'not-emv'
  | 'too-long'
  /** the text ends within an object, or before the CRC */
  | 'truncated'
  | 'crc-wrong'
  /** an id or a length is not two digits, or a length is 00 */
  | 'malformed'
  | 'duplicate-id'
  | 'field-missing'
  | 'field-invalid'

export type EmvRead =
  Readonly<{ ok: true; objects: readonly EmvObject[] }> | Readonly<{ ok: false; fault: EmvFault; id: string | null }>

export type EmvWritten = Readonly<{ ok: true; text: string }> | Extract<EmvRead, { ok: false }>

/** EMVCo: a payload should stay within 512 characters. */
const LONGEST = 512
const LONGEST_VALUE = 99
const START = '000201'
const CRC_HEAD = '6304'
const CRC_LENGTH = 8

type Rule = (value: EmvObject['value']) => boolean

/** Every printable ASCII sign ("ans"), up to a length. */
const ans =
  (longest: number): Rule =>
  (value) =>
    typeof value === 'string' && value.length <= longest && /^[\x20-\x7e]+$/.test(value)
/** Any script ("S"); control characters are nothing that a screen shows. */
const anyText =
  (longest: number): Rule =>
  (value) =>
    typeof value === 'string' && charactersOf(value).length <= longest && /^[^\p{Cc}\p{Cs}]+$/u.test(value)
const form =
  (pattern: RegExp): Rule =>
  (value) =>
    typeof value === 'string' && pattern.test(value)
const template =
  (rules: (id: number) => Rule, needed: readonly string[]): Rule =>
  (value) =>
    typeof value !== 'string' &&
    needed.every((id) => value.some((object) => object.id === id)) &&
    value.every((object) => rules(Number(object.id))(object.value))

/** Digits with at most one point, not zero. */
const isAmount: Rule = (value) =>
  typeof value === 'string' && value.length <= 13 && /^[0-9]*\.?[0-9]*$/.test(value) && /[1-9]/.test(value)

/** A template of somebody's own, named by a globally unique id: AID, UUID, or a domain name from its end. */
const named = template((id) => (id === 0 ? ans(32) : anyText(LONGEST_VALUE)), ['00'])

const additional = template((id) => {
  if (id === 0) return () => false
  if (id < 9) return ans(25)
  if (id === 9) return form(/^(?!.*(.).*\1)[AME]{1,3}$/)
  return id < 50 ? anyText(LONGEST_VALUE) : named
}, [])

const languages = template(
  (id) => (id === 0 ? form(/^[A-Za-z]{2}$/) : anyText(id === 1 ? 25 : id === 2 ? 15 : LONGEST_VALUE)),
  ['00', '01'],
)

function ruleOf(id: number): Rule {
  if (id === 0) return form(/^01$/)
  if (id === 1) return form(/^1[12]$/)
  if (id < 26) return ans(LONGEST_VALUE)
  if (id < 52) return named
  if (id >= 65) return id < 80 ? anyText(LONGEST_VALUE) : named
  return FIELDS[id] ?? (() => false)
}

const FIELDS: Readonly<Record<number, Rule>> = {
  52: form(/^[0-9]{4}$/),
  53: form(/^[0-9]{3}$/),
  54: isAmount,
  55: form(/^0[123]$/),
  56: isAmount,
  57: (value) => isAmount(value) && form(/^[0-9]{1,2}(\.[0-9]{1,2})?$/)(value),
  58: form(/^[A-Z]{2}$/),
  59: ans(25),
  60: ans(15),
  61: ans(10),
  62: additional,
  64: languages,
}

const NEEDED = ['00', '52', '53', '58', '59', '60'] as const

/** Reads a merchant-presented code. Never throws, whatever the text. */
export function parseMerchantCode(text: string): EmvRead {
  if (!text.startsWith(START)) return no('not-emv')
  // A code point is at most two units of a JavaScript string.
  if (text.length > 2 * LONGEST) return no('too-long')
  const characters = charactersOf(text)
  if (characters.length > LONGEST) return no('too-long')
  const body = characters.slice(0, -CRC_LENGTH)
  const tail = characters.slice(-CRC_LENGTH).join('')
  if (!tail.startsWith(CRC_HEAD)) return no('truncated', '63')
  if (tail !== CRC_HEAD + crcOf(body.join('') + CRC_HEAD)) return no('crc-wrong', '63')
  const objects = objectsIn(body, isTemplate)
  if ('fault' in objects) return { ok: false, ...objects }
  return faultOf(objects.objects) ?? { ok: true, objects: objects.objects }
}

/** Writes objects as a code, the CRC added. Refuses what does not fit the format. */
export function writeMerchantCode(objects: readonly EmvObject[]): EmvWritten {
  if (objects[0]?.id !== '00') return no('field-missing', '00')
  const fault = faultOf(objects)
  if (fault !== undefined) return fault
  const body = textOf(objects)
  if (body === undefined || charactersOf(body).length + CRC_LENGTH > LONGEST) return no('too-long')
  return { ok: true, text: body + CRC_HEAD + crcOf(body + CRC_HEAD) }
}

/** The value of the object with this id; undefined where there is none, or it is a template. */
export function textIn(objects: readonly EmvObject[], id: string): string | undefined {
  const value = objects.find((object) => object.id === id)?.value
  return typeof value === 'string' ? value : undefined
}

/** The objects of a template. */
export function objectsOf(objects: readonly EmvObject[], id: string): readonly EmvObject[] | undefined {
  const value = objects.find((object) => object.id === id)?.value
  return typeof value === 'string' ? undefined : value
}

/** CRC-16 of EMVCo (polynomial 0x1021, from 0xFFFF, neither reflected nor inverted) as four capital hex digits. */
export function crcOf(text: string): string {
  let crc = 0xffff
  for (const byte of utf8(text)) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff
  }
  return crc.toString(16).toUpperCase().padStart(4, '0')
}

const isTemplate = (id: number): boolean => (id >= 26 && id < 52) || id === 62 || id === 64 || id >= 80
const isNamedWithin = (id: number): boolean => id >= 50
const never = (): boolean => false

type Objects = Readonly<{ objects: readonly EmvObject[] }> | Readonly<{ fault: EmvFault; id: string | null }>

function objectsIn(characters: readonly string[], holds: (id: number) => boolean): Objects {
  const objects: EmvObject[] = []
  for (let at = 0; at < characters.length;) {
    const id = characters.slice(at, at + 2).join('')
    const length = characters.slice(at + 2, at + 4).join('')
    if (length.length < 2) return { fault: 'truncated', id: null }
    if (!/^[0-9]{2}$/.test(id) || !/^[0-9]{2}$/.test(length) || length === '00') return { fault: 'malformed', id: null }
    if (id === '63') return { fault: 'malformed', id }
    const value = characters.slice(at + 4, at + 4 + Number(length))
    if (value.length < Number(length)) return { fault: 'truncated', id }
    if (!holds(Number(id))) objects.push({ id, value: value.join('') })
    else {
      // 62 holds templates of its own; nothing lies deeper than that.
      const inner = objectsIn(value, id === '62' ? isNamedWithin : never)
      if ('fault' in inner) return { fault: inner.fault, id }
      objects.push({ id, value: inner.objects })
    }
    at += 4 + Number(length)
  }
  return { objects }
}

/** What is wrong with these objects as a code, or undefined. */
function faultOf(objects: readonly EmvObject[]): Extract<EmvRead, { ok: false }> | undefined {
  const twice = twiceIn(objects)
  if (twice !== undefined) return no('duplicate-id', twice)
  for (const { id, value } of objects) {
    if (!/^[0-9]{2}$/.test(id) || !ruleOf(Number(id))(value)) return no('field-invalid', id)
  }
  const missing = NEEDED.find((id) => !objects.some((object) => object.id === id))
  if (missing !== undefined) return no('field-missing', missing)
  if (!objects.some(({ id }) => id >= '02' && id < '52')) return no('field-missing', '26')
  // A tip that is fixed names its amount, one by the hundred its rate; no other code does.
  const tip = textIn(objects, '55')
  if ((textIn(objects, '56') !== undefined) !== (tip === '02')) return no('field-invalid', '56')
  if ((textIn(objects, '57') !== undefined) !== (tip === '03')) return no('field-invalid', '57')
  return undefined
}

/** The first id that stands twice beside itself, at any depth. */
function twiceIn(objects: readonly EmvObject[]): string | undefined {
  const seen = new Set<string>()
  for (const { id, value } of objects) {
    if (seen.has(id)) return id
    seen.add(id)
    const within = typeof value === 'string' ? undefined : twiceIn(value)
    if (within !== undefined) return id
  }
  return undefined
}

/** Undefined where a value has more than 99 characters, or none. */
function textOf(objects: readonly EmvObject[]): string | undefined {
  let text = ''
  for (const { id, value } of objects) {
    const inner = typeof value === 'string' ? value : textOf(value)
    const length = inner === undefined ? 0 : charactersOf(inner).length
    if (length === 0 || length > LONGEST_VALUE) return undefined
    text += id + String(length).padStart(2, '0') + inner
  }
  return text
}

/** Characters as EMVCo counts them: 最 is one, and so is a sign outside the basic plane. */
const charactersOf = (text: string): string[] => Array.from(text)

const no = (fault: EmvFault, id: string | null = null): Extract<EmvRead, { ok: false }> => ({ ok: false, fault, id })
