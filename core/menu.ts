// A merchant's menu: what can be ordered, with which options, when, and what an order costs. The phone says what it wants, never a price.
import { billOfSold, type Sold } from './pricing.ts'
import { NO_CONDITIONS } from './bill.ts'
import type { TaxClass } from './goods.ts'
import { MAX_AMOUNT, sum, type Unit } from './money.ts'
import type { Rounding } from './shop.ts'

/** As the shop writes it; in the other languages where it does. */
export type Names = Readonly<{ name: string; nameEn: string | null; nameJa: string | null }>

/** On these weekdays (1 Monday … 7 Sunday), by the clocks of the scheme's zone: HH:MM. Not after `from`, `until` is on the next day. */
export type Hours = Readonly<{ days: readonly number[]; from: string; until: string }>

/** No hours are all hours. A section's come on top of the menu's. */
export type Section = Names & Readonly<{ id: string; hours: readonly Hours[] }>

export type Choice = Names & Readonly<{ id: string; price: bigint }>

/** Of the choices, exactly or at most `count` are chosen, each once; their prices are added to the item's. */
export type Option = Names &
  Readonly<{ id: string; kind: 'exactly' | 'most'; count: number; choices: readonly Choice[] }>

export type Item = Names &
  Readonly<{
    id: string
    section: string
    text: string
    /** in the unit's smallest part; without the tax where that is added */
    price: bigint
    tax: TaxClass | null
    /** options by id, which several items may share */
    options: readonly string[]
  }>

/** When it is to come: with the coffee, after the meal. */
export type Course = Names & Readonly<{ id: string }>

export type Menu = Readonly<{
  unit: Unit
  hours: readonly Hours[]
  sections: readonly Section[]
  items: readonly Item[]
  options: readonly Option[]
  courses: readonly Course[]
}>

/** One line as a phone sends it. */
export type Wanted = Readonly<{
  item: string
  quantity: number
  choices: readonly Readonly<{ option: string; choice: string }>[]
  course: string | null
  note: string
}>

/** A line with its price, as the tab keeps it. */
export type Priced = Names &
  Readonly<{
    item: string
    /** what the bill says */
    text: string
    choices: readonly Names[]
    course: Names | null
    note: string
    quantity: number
    /** the whole line with its tax */
    amount: bigint
    tax: bigint
    taxRate: number | null
  }>

export type MenuFault = Readonly<{ at: string; reason: 'twice' | 'unknown' | 'count' | 'range' }>
export type OrderFault = Readonly<{
  /** counted from 1 */
  line: number
  reason: 'item' | 'option' | 'choices' | 'course' | 'range'
}>

/** The longest line of a bill, in code points. */
const TEXT_LENGTH = 120

/** Why a menu cannot stand, by the place that is wrong (items/cake); undefined where it can. */
export function faultOfMenu(menu: Menu): MenuFault | undefined {
  const { sections, items, options, courses } = menu
  const lists = { sections, items, options, courses }
  for (const [list, own] of Object.entries(lists)) {
    const twice = twiceIn(own)
    if (twice !== undefined) return { at: `${list}/${twice}`, reason: 'twice' }
  }
  for (const { id, choices, kind, count } of options) {
    const twice = twiceIn(choices)
    if (twice !== undefined) return { at: `options/${id}/${twice}`, reason: 'twice' }
    if (kind === 'exactly' && count > choices.length) return { at: `options/${id}`, reason: 'count' }
  }
  const known = { sections: idsOf(sections), options: idsOf(options) }
  for (const item of items) {
    if (!known.sections.has(item.section)) return { at: `items/${item.id}`, reason: 'unknown' }
    const own = item.options.map((id) => options.find((option) => option.id === id))
    if (own.includes(undefined)) return { at: `items/${item.id}`, reason: 'unknown' }
    const dearest = sum([item.price, ...own.flatMap((each) => (each?.choices ?? []).map(({ price }) => price))])
    if (dearest > MAX_AMOUNT / 1_000_000n) return { at: `items/${item.id}`, reason: 'range' }
  }
  return undefined
}

/**
 * The order's lines with their prices, tax worked out over the whole order as the shop rounds it; what is free costs nothing. A fault names
 * the line that does not fit the menu.
 */
export function priceOrder(menu: Menu, wanted: readonly Wanted[], rounding: Rounding): readonly Priced[] | OrderFault {
  const found: Readonly<{ priced: Priced; sold: Sold }>[] = []
  for (const [index, line] of wanted.entries()) {
    const one = lineOf(menu, line)
    if (typeof one === 'string') return { line: index + 1, reason: one }
    found.push(one)
  }
  if (found.every(({ sold }) => sold.price === 0n)) return found.map(({ priced }) => priced)
  const bill = billOfSold(menu.unit, { sold: found.map(({ sold }) => sold), tip: null }, rounding)
  if (bill === undefined) return { line: 1, reason: 'range' }
  return found.map(({ priced }, index) => {
    const line = bill.lines[index]
    return line === undefined ? priced : { ...priced, amount: line.amount, tax: line.tax }
  })
}

/**
 * What one piece costs with these choices, tax on top included (rounded down: the order's own rounding may differ by one); undefined where
 * the choices do not fit.
 */
export function pieceOf(menu: Menu, item: string, choices: Wanted['choices']): bigint | undefined {
  const rounding = { per: 'line', to: 'down' } as const
  const priced = priceOrder(menu, [{ item, quantity: 1, choices, course: null, note: '' }], rounding)
  return 'reason' in priced ? undefined : priced[0]?.amount
}

function lineOf(menu: Menu, wanted: Wanted): Readonly<{ priced: Priced; sold: Sold }> | OrderFault['reason'] {
  const item = menu.items.find(({ id }) => id === wanted.item)
  if (item === undefined) return 'item'
  const course = wanted.course === null ? null : menu.courses.find(({ id }) => id === wanted.course)
  if (course === undefined) return 'course'
  if (wanted.choices.some(({ option }) => !item.options.includes(option))) return 'option'
  const chosen: Choice[] = []
  for (const id of item.options) {
    const option = menu.options.find((each) => each.id === id)
    const own = wanted.choices.filter((each) => each.option === id).map(({ choice }) => choice)
    if (option === undefined || !fits(option, own)) return 'choices'
    // In the menu's order, however they were sent.
    chosen.push(...option.choices.filter((choice) => own.includes(choice.id)))
  }
  const price = sum([item.price, ...chosen.map((choice) => choice.price)])
  const text = textOf(item.name, chosen)
  const { quantity, note } = wanted
  const choices = chosen.map(namesOf)
  const priced: Priced = {
    ...namesOf(item),
    item: item.id,
    text,
    choices,
    course: course === null ? null : namesOf(course),
    note,
    quantity,
    amount: 0n,
    tax: 0n,
    taxRate: item.tax?.rate ?? null,
  }
  const sold: Sold = {
    text,
    code: null,
    price,
    quantity,
    weighed: null,
    discount: null,
    tax: item.tax,
    conditions: NO_CONDITIONS,
    restriction: null,
  }
  return { priced, sold }
}

/** Each of the choices once, all of this option, and as many as it asks for. */
function fits({ kind, count, choices }: Option, chosen: readonly string[]): boolean {
  if (new Set(chosen).size !== chosen.length) return false
  if (!chosen.every((id) => choices.some((choice) => choice.id === id))) return false
  return kind === 'exactly' ? chosen.length === count : chosen.length <= count
}

const namesOf = ({ name, nameEn, nameJa }: Names): Names => ({ name, nameEn, nameJa })

/** "Café latte (oat milk, large)", as long as a bill's line may be. */
function textOf(name: string, chosen: readonly Names[]): string {
  const whole = chosen.length === 0 ? name : `${name} (${chosen.map((choice) => choice.name).join(', ')})`
  const points = Array.from(whole)
  return points.length <= TEXT_LENGTH ? whole : `${points.slice(0, TEXT_LENGTH - 1).join('')}…`
}

const idsOf = (list: readonly Readonly<{ id: string }>[]): ReadonlySet<string> => new Set(list.map(({ id }) => id))

const twiceIn = (list: readonly Readonly<{ id: string }>[]): string | undefined =>
  list.find(({ id }, index) => list.findIndex((other) => other.id === id) !== index)?.id

/** Sections from which nothing can be ordered at `at`. */
export const closedSections = (menu: Menu, at: number, zone: string): readonly string[] =>
  menu.sections.filter(({ hours }) => !isOpen(hours, at, zone)).map(({ id }) => id)

/** Is `at` (milliseconds since 1970) within these hours? No hours are all hours. */
export const isOpen = (hours: readonly Hours[], at: number, zone: string): boolean =>
  hours.length === 0 || spansAround(hours, at, zone, [-1, 0]).some(([from, until]) => from <= at && at < until)

/** When it closes, or opens next (milliseconds since 1970); null where it never does. */
export function nextChange(
  hours: readonly Hours[],
  at: number,
  zone: string,
): Readonly<{ opensAt: number | null; closesAt: number | null }> {
  if (hours.length === 0) return { opensAt: null, closesAt: null }
  const spans = spansAround(hours, at, zone, [-1, 0, 1, 2, 3, 4, 5, 6, 7, 8])
  let closesAt: number | null = null
  // Spans that touch are one: lunch until 15:00 and coffee from 15:00.
  for (const [from, until] of spans) if (from <= (closesAt ?? at) && until > (closesAt ?? at)) closesAt = until
  if (closesAt !== null) return { opensAt: null, closesAt: closesAt > at + WEEK_MS ? null : closesAt }
  return { opensAt: spans.find(([from]) => from > at)?.[0] ?? null, closesAt: null }
}

const WEEK_MS = 7 * 24 * 3_600_000

/** From and until of the hours on the days around `at`, by their beginning. */
function spansAround(
  hours: readonly Hours[],
  at: number,
  zone: string,
  days: readonly number[],
): readonly (readonly [from: number, until: number])[] {
  const today = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone).toPlainDate()
  const spans = days.flatMap((offset) => {
    const date = today.add({ days: offset })
    return hours
      .filter((each) => each.days.includes(date.dayOfWeek))
      .map(({ from, until }) => {
        const last = until > from ? date : date.add({ days: 1 })
        return [timeOn(date, from, zone), timeOn(last, until, zone)] as const
      })
  })
  return spans.toSorted(([one], [other]) => one - other)
}

const timeOn = (date: Temporal.PlainDate, clock: string, zone: string): number =>
  date.toZonedDateTime({ timeZone: zone, plainTime: clock }).epochMilliseconds
