// XML as banks send it, read without any of what makes XML dangerous (no DOCTYPE, no entities of its own, no CDATA) and written by hand.
import { XMLParser, XMLValidator } from 'fast-xml-parser'

/** A day's messages of a large collector; more is cut into several. */
const MOST_BYTES = 20 * 1024 * 1024
const DEEPEST = 40

/** What an element holds: its text, or what stands in it by name. */
export type Element = string | Readonly<{ [name: string]: unknown }>

export type Fault = Readonly<{
  what: 'too-large' | 'not-xml' | 'other-message' | 'missing' | 'repeated' | 'field' | 'count' | 'sum'
  /** the names from the root to the place: CstmrDrctDbtInitn/GrpHdr/MsgId */
  at: string
}>

const parser = new XMLParser({
  processEntities: false,
  parseTagValue: false,
  parseAttributeValue: false,
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  ignoreDeclaration: true,
  ignorePiTags: true,
})

/** The document's root element; a fault when it is none that we read. */
export function readXml(bytes: Uint8Array): { ok: true; root: Element } | { ok: false; fault: Fault } {
  const no = (what: Fault['what']) => ({ ok: false, fault: { what, at: '' } }) as const
  if (bytes.length > MOST_BYTES) return no('too-large')
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    if (/<!(?!--)/u.test(text) || depthOf(text) > DEEPEST || XMLValidator.validate(text) !== true) return no('not-xml')
    const root: unknown = parser.parse(text)
    return isElement(root) ? { ok: true, root } : no('not-xml')
  } catch {
    return no('not-xml')
  }
}

/** How deep tags stand in one another, at least: a wall of open tags is not handed to the parser. */
function depthOf(text: string): number {
  let [depth, deepest] = [0, 0]
  for (const [tag] of text.matchAll(/<\/?[A-Za-z_][^>]*>/gu)) {
    if (tag.startsWith('</')) depth--
    else if (!tag.endsWith('/>')) deepest = Math.max(deepest, ++depth)
  }
  return deepest
}

const isElement = (value: unknown): value is Readonly<{ [name: string]: unknown }> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The one element of this name, if there is one; twice is a fault. */
export function child(of: Element, name: string, at: string, faults: Fault[]): Element | undefined {
  const [first, ...more] = children(of, name)
  if (more.length > 0) faults.push({ what: 'repeated', at: `${at}/${name}` })
  return first
}

/** All elements of this name. */
export function children(of: Element, name: string): readonly Element[] {
  const found = typeof of === 'string' || !Object.hasOwn(of, name) ? undefined : of[name]
  const all: readonly unknown[] = Array.isArray(found) ? found : found === undefined ? [] : [found]
  return all.filter((each): each is Element => typeof each === 'string' || isElement(each))
}

/** The element at the end of these names; a fault where one is missing. */
export function elementAt(of: Element, path: string, at: string, faults: Fault[]): Element | undefined {
  let found: Element | undefined = of
  let place = at
  for (const name of path.split('/')) {
    found = child(found, name, place, faults)
    place = place === '' ? name : `${place}/${name}`
    if (found === undefined) {
      faults.push({ what: 'missing', at: place })
      return undefined
    }
  }
  return found
}

/** The text there, which must look like this. A fault and '' otherwise. */
export function textAt(of: Element, path: string, at: string, faults: Fault[], shape: RegExp): string {
  const found = elementAt(of, path, at, faults)
  if (found === undefined) return ''
  const text = textOf(found)
  if (text !== undefined && shape.test(text)) return text
  faults.push({ what: 'field', at: at === '' ? path : `${at}/${path}` })
  return ''
}

/** What an element says; undefined for one that holds others, or an entity that is none of XML's own. */
export function textOf(element: Element): string | undefined {
  const raw = typeof element === 'string' ? element : (element['#text'] ?? '')
  const holds = typeof element === 'string' ? [] : Object.keys(element).filter((name) => !/^(?:#text|@.*)$/u.test(name))
  if (typeof raw !== 'string' || holds.length > 0) return undefined
  let isRight = true
  const text = raw.replaceAll(/&([^;&\s]{0,10});?/gu, (whole, name: string) => {
    const sign = whole.endsWith(';') ? meant(name) : undefined
    if (sign === undefined) isRight = false
    return sign ?? ''
  })
  return isRight ? text : undefined
}

export const attributeOf = (element: Element, name: string): string => {
  const value = typeof element === 'string' ? undefined : element[`@${name}`]
  return typeof value === 'string' ? value : ''
}

const OWN: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function meant(name: string): string | undefined {
  if (Object.hasOwn(OWN, name)) return OWN[name]
  const [, hex, decimal] = /^#(?:x([0-9A-Fa-f]{1,6})|(\d{1,7}))$/u.exec(name) ?? []
  const code = hex === undefined ? Number(decimal ?? Number.NaN) : Number.parseInt(hex, 16)
  const isText = code >= 0x20 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff)
  return isText ? String.fromCodePoint(code) : undefined
}

/** A template whose values are escaped; arrays are joined, what `xml` has made stays as it is. */
export function xml(parts: TemplateStringsArray, ...values: readonly (string | Made | readonly Made[])[]): Made {
  const text = (value: string | Made | readonly Made[]): string => {
    if (typeof value === 'string') return escaped(value)
    return 'made' in value ? value.made : value.map(({ made }) => made).join('')
  }
  const made = parts.map(
    (part, at) => part.replaceAll(/\n\s*/gu, '') + (at < values.length ? text(values[at] ?? '') : ''),
  )
  return { made: made.join('') }
}
export type Made = Readonly<{ made: string }>

const escaped = (text: string): string =>
  text.replaceAll(/[&<>"']/gu, (sign) => `&${Object.keys(OWN).find((name) => OWN[name] === sign) ?? ''};`)
