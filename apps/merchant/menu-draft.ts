// The menu as the office keys it in: texts where the menu has amounts and counts, what is wrong with it before anything is sent, and the
// document it becomes. Pure.
import { parseTaxClass, taxClassText } from '#core/goods.ts'
import { decimalOf, parseAmount, parseTyped, type Unit } from '#core/money.ts'
import type { MenuWire } from '#protocol/orders.ts'

export type NameTexts = Readonly<{ name: string; nameEn: string; nameJa: string }>
export type Hours = MenuWire['hours'][number]
export type Named = NameTexts & Readonly<{ id: string }>
export type SectionDraft = Named & Readonly<{ hours: readonly Hours[] }>
export type ItemDraft = Named &
  Readonly<{ section: string; text: string; price: string; tax: string; options: readonly string[] }>
export type ChoiceDraft = Named & Readonly<{ price: string }>
export type OptionDraft = Named & Readonly<{ kind: 'exactly' | 'most'; count: string; choices: readonly ChoiceDraft[] }>

export type MenuDraft = Readonly<{
  hours: readonly Hours[]
  sections: readonly SectionDraft[]
  items: readonly ItemDraft[]
  options: readonly OptionDraft[]
  courses: readonly Named[]
}>

export type FaultKind = 'name' | 'price' | 'tax' | 'count' | 'choices' | 'hours'
/** What is to be put right, and of what. */
export type Fault = Readonly<{ of: string; fault: FaultKind }>

export const EMPTY_MENU: MenuDraft = { hours: [], sections: [], items: [], options: [], courses: [] }
export const NO_NAMES: NameTexts = { name: '', nameEn: '', nameJa: '' }

// ---- from and to the document

const textsOf = ({ name, nameEn, nameJa }: MenuWire['courses'][number]): NameTexts => ({
  name,
  nameEn: nameEn ?? '',
  nameJa: nameJa ?? '',
})

const namesOf = ({ name, nameEn, nameJa }: NameTexts) => ({
  name: name.trim(),
  nameEn: nameEn.trim() === '' ? null : nameEn.trim(),
  nameJa: nameJa.trim() === '' ? null : nameJa.trim(),
})

export function draftOf(menu: MenuWire, unit: Unit): MenuDraft {
  const written = (price: string): string => decimalOf({ unit, amount: parseAmount(price) ?? 0n })
  return {
    hours: menu.hours,
    sections: menu.sections.map((section) => ({ id: section.id, ...textsOf(section), hours: section.hours })),
    items: menu.items.map((item) => ({
      id: item.id,
      ...textsOf(item),
      section: item.section,
      text: item.text,
      price: written(item.price),
      tax: taxClassText(item.tax),
      options: item.options,
    })),
    options: menu.options.map((option) => ({
      id: option.id,
      ...textsOf(option),
      kind: option.kind,
      count: String(option.count),
      choices: option.choices.map((choice) => ({ id: choice.id, ...textsOf(choice), price: written(choice.price) })),
    })),
    courses: menu.courses.map((course) => ({ id: course.id, ...textsOf(course) })),
  }
}

/** The document, or everything that has to be put right first. */
export function documentOf(draft: MenuDraft, unit: Unit): MenuWire | readonly Fault[] {
  const faults = faultsOf(draft, unit)
  if (faults.length > 0) return faults
  const priceOf = (text: string): string => String(text.trim() === '' ? 0n : (parseTyped(text, unit) ?? 0n))
  return {
    unit,
    hours: sent(draft.hours),
    sections: draft.sections.map(({ id, hours, ...names }) => ({ id, ...namesOf(names), hours: sent(hours) })),
    items: draft.items.map(({ id, section, text, price, tax, options, ...names }) => ({
      id,
      ...namesOf(names),
      section,
      text: text.trim(),
      price: priceOf(price),
      tax: parseTaxClass(tax) ?? null,
      options: [...options],
    })),
    options: draft.options.map(({ id, kind, count, choices, ...names }) => ({
      id,
      ...namesOf(names),
      kind,
      count: Number(count),
      choices: choices.map(({ id: choice, price, ...own }) => ({ id: choice, ...namesOf(own), price: priceOf(price) })),
    })),
    courses: draft.courses.map(({ id, ...names }) => ({ id, ...namesOf(names) })),
  }
}

const sent = (hours: readonly Hours[]): MenuWire['hours'] =>
  hours.map(({ days, from, until }) => ({ days: [...days].sort((one, other) => one - other), from, until }))

// ---- what is wrong

const PRICE_OF_ITEM = 'item'

export function faultsOf(draft: MenuDraft, unit: Unit): readonly Fault[] {
  const hours = [draft.hours, ...draft.sections.map((section) => section.hours)].flat()
  return [
    ...[...draft.sections, ...draft.courses].flatMap((each) => nameFault(each)),
    ...draft.items.flatMap((item) => faultsOfItem(item, unit)),
    ...draft.options.flatMap((option) => faultsOfOption(option, unit)),
    ...(hours.some(({ days, from, until }) => days.length === 0 || from === '' || until === '')
      ? [{ of: '', fault: 'hours' as const }]
      : []),
  ]
}

export function faultsOfItem(item: ItemDraft, unit: Unit): readonly Fault[] {
  return [
    ...nameFault(item),
    ...priceFault(item.name, item.price, unit, PRICE_OF_ITEM),
    ...(parseTaxClass(item.tax) === undefined ? [{ of: item.name, fault: 'tax' as const }] : []),
  ]
}

export function faultsOfOption(option: OptionDraft, unit: Unit): readonly Fault[] {
  const { name, kind, count, choices } = option
  const wanted = /^[0-9]{1,2}$/u.test(count) ? Number(count) : 0
  return [
    ...nameFault(option),
    ...(choices.length === 0 ? [{ of: name, fault: 'choices' as const }] : []),
    ...choices.flatMap((choice) => [...nameFault(choice), ...priceFault(choice.name, choice.price, unit, 'choice')]),
    ...(wanted < 1 || (kind === 'exactly' && wanted > choices.length) ? [{ of: name, fault: 'count' as const }] : []),
  ]
}

const nameFault = ({ name }: NameTexts): readonly Fault[] => (name.trim() === '' ? [{ of: name, fault: 'name' }] : [])

/** An item says what it costs, if it is nothing; a choice that says nothing adds nothing. */
function priceFault(of: string, price: string, unit: Unit, what: 'item' | 'choice'): readonly Fault[] {
  if (price.trim() === '' && what === 'choice') return []
  return parseTyped(price, unit) === undefined ? [{ of, fault: 'price' }] : []
}

// ---- changes

/** With one put in place of its like, or added at the end. */
export const put = <Each extends Readonly<{ id: string }>>(list: readonly Each[], one: Each): readonly Each[] =>
  list.some(({ id }) => id === one.id) ? list.map((each) => (each.id === one.id ? one : each)) : [...list, one]

/** One place up (-1) or down (1) among those that `among` has; the others stay where they are. */
export function moved<Each extends Readonly<{ id: string }>>(
  list: readonly Each[],
  id: string,
  by: -1 | 1,
  among: (each: Each) => boolean = () => true,
): readonly Each[] {
  const places = list.flatMap((each, index) => (among(each) ? [index] : []))
  const at = places.findIndex((index) => list[index]?.id === id)
  const [from, to] = [places[at], places[at + by]]
  if (from === undefined || to === undefined) return list
  return list.map((each, index) => (index === from ? (list[to] ?? each) : index === to ? (list[from] ?? each) : each))
}

/** A section goes with its items. */
export const withoutSection = (draft: MenuDraft, section: string): MenuDraft => ({
  ...draft,
  sections: draft.sections.filter(({ id }) => id !== section),
  items: draft.items.filter((item) => item.section !== section),
})

/** An option goes from the items that had it. */
export const withoutOption = (draft: MenuDraft, option: string): MenuDraft => ({
  ...draft,
  options: draft.options.filter(({ id }) => id !== option),
  items: draft.items.map((item) => ({ ...item, options: item.options.filter((id) => id !== option) })),
})

const KEY_LENGTH = 40

/** A key for a new thing, from its name where that has Latin letters, and not one of those in use. */
export function keyFor({ name, nameEn }: NameTexts, used: readonly string[], fallback: string): string {
  const plain = (nameEn.trim() === '' ? name : nameEn)
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/gu, '-')
    .replaceAll(/^-+|-+$/gu, '')
    .slice(0, KEY_LENGTH - 4)
    .replace(/-+$/u, '')
  const base = plain === '' ? fallback : plain
  if (!used.includes(base)) return base
  let count = 2
  while (used.includes(`${base}-${count}`)) count += 1
  return `${base}-${count}`
}

// ---- the file

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isText = (value: unknown): value is string => typeof value === 'string'
const isNamed = (value: unknown): value is Record<string, unknown> =>
  isRecord(value) &&
  isText(value['id']) &&
  isText(value['name']) &&
  [value['nameEn'], value['nameJa']].every((each) => each === null || isText(each))
const all = (value: unknown, isOne: (each: unknown) => boolean): boolean => Array.isArray(value) && value.every(isOne)
const isHours = (value: unknown): boolean =>
  isRecord(value) &&
  all(value['days'], (day) => typeof day === 'number') &&
  isText(value['from']) &&
  isText(value['until'])
const isTax = (value: unknown): boolean =>
  value === null ||
  (isRecord(value) &&
    typeof value['rate'] === 'number' &&
    typeof value['isAdded'] === 'boolean' &&
    typeof value['isReduced'] === 'boolean')
const isItem = (value: unknown): boolean =>
  isNamed(value) &&
  [value['section'], value['text'], value['price']].every(isText) &&
  isTax(value['tax']) &&
  all(value['options'], isText)
const isOption = (value: unknown): boolean =>
  isNamed(value) &&
  (value['kind'] === 'exactly' || value['kind'] === 'most') &&
  typeof value['count'] === 'number' &&
  all(value['choices'], (choice) => isNamed(choice) && isText(choice['price']))

const isMenu = (value: unknown): value is MenuWire =>
  isRecord(value) &&
  isText(value['unit']) &&
  all(value['hours'], isHours) &&
  all(value['sections'], (section) => isNamed(section) && all(section['hours'], isHours)) &&
  all(value['items'], isItem) &&
  all(value['options'], isOption) &&
  all(value['courses'], isNamed)

/** Reads a saved menu; undefined where the text is none. What fits together, and within the limits, the hub says when it is saved. */
export function menuOfFile(text: string): MenuWire | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isMenu(value) ? value : undefined
  } catch {
    // JSON.parse says only by throwing that a text is no JSON.
    return undefined
  }
}
