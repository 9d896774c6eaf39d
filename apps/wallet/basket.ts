// What is chosen at a table and not ordered yet: lines of a menu with their options, what they cost, and what becomes of them when the menu
// changes meanwhile. Pure: values in, values out.
import { priceOrder, type Menu as CoreMenu } from '#core/menu.ts'
import { menuFrom } from '#core/menu-wire.ts'
import type { PointMenuView } from '#protocol/orders.ts'
import type { Locale } from '#ui/i18n.ts'

type Wire = PointMenuView['menu']
/** What is known of a menu: the document and what is left. */
export type Menu = Pick<PointMenuView, 'menu' | 'stock'>
export type Item = Wire['items'][number]
export type Option = Wire['options'][number]
type Names = Readonly<{ name: string; nameEn: string | null; nameJa: string | null }>
export type Choice = Readonly<{ option: string; choice: string }>

/** One line of the basket. */
export type Chosen = Readonly<{
  item: string
  quantity: number
  choices: readonly Choice[]
  course: string | null
  note: string
}>
export type Basket = readonly Chosen[]

/** As protocol/limits.ts has them, which stays out of the browser with its reasons. */
export const NOTE_LENGTH = 80
export const MOST_PIECES = 99
export const MOST_LINES = 50

export const nameIn = ({ name, nameEn, nameJa }: Names, locale: Locale): string =>
  (locale === 'ja' ? nameJa : nameEn) ?? name

export const itemOf = ({ menu }: Pick<Menu, 'menu'>, id: string): Item | undefined =>
  menu.items.find((item) => item.id === id)

/** The options of an item in its own order. */
export const optionsOf = ({ menu }: Pick<Menu, 'menu'>, { options }: Item): readonly Option[] =>
  options.flatMap((id) => menu.options.find((option) => option.id === id) ?? [])

// ---- prices

const LINE_BY_LINE = { per: 'line', to: 'down' } as const

/** As the rules know it; made once of each menu that came. */
const read = new WeakMap<Wire, CoreMenu>()

function menuOf(wire: Wire): CoreMenu | undefined {
  const known = read.get(wire)
  if (known !== undefined) return known
  const menu = menuFrom(wire)
  if (typeof menu === 'string') return undefined
  read.set(wire, menu)
  return menu
}

/**
 * What a line costs with its choices and tax; undefined where the menu does not have it, or not so. Where tax comes on top, the order's own
 * rounding may differ by one.
 */
export function amountOf({ menu: wire }: Pick<Menu, 'menu'>, line: Chosen): bigint | undefined {
  const menu = menuOf(wire)
  const priced = menu && priceOrder(menu, [line], LINE_BY_LINE)
  return priced === undefined || 'reason' in priced ? undefined : priced[0]?.amount
}

const pieceOf = (menu: Pick<Menu, 'menu'>, line: Chosen): bigint | undefined => amountOf(menu, { ...line, quantity: 1 })

/** What one piece costs before anything is chosen, with its tax; with `more` on its price. */
export function priceFrom({ menu: wire }: Pick<Menu, 'menu'>, { id }: Pick<Item, 'id'>, more: string = '0'): bigint {
  const menu = menuOf(wire)
  const item = menu?.items.find((each) => each.id === id)
  if (menu === undefined || item === undefined) return 0n
  const plain = { ...item, options: [], price: item.price + BigInt(more) }
  const line = { item: id, quantity: 1, choices: [], course: null, note: '' }
  const priced = priceOrder({ ...menu, items: [plain] }, [line], LINE_BY_LINE)
  return 'reason' in priced ? item.price : (priced[0]?.amount ?? 0n)
}

/** What the basket costs; lines that the menu does not know count for nothing. */
export const sumOf = (menu: Pick<Menu, 'menu'>, basket: Basket): bigint =>
  basket.reduce((sum, line) => sum + (amountOf(menu, line) ?? 0n), 0n)

export const piecesIn = (basket: Basket): number => basket.reduce((count, { quantity }) => count + quantity, 0)

export const piecesOf = (basket: Basket, item: string): number => piecesIn(basket.filter((line) => line.item === item))

// ---- choosing

/** What is chosen of an option after a press: exactly one changes over, others turn on and off, and never more than may be. */
export function toggled(choices: readonly Choice[], option: Option, choice: string): readonly Choice[] {
  const { id, kind, count } = option
  const isOn = choices.some((each) => each.option === id && each.choice === choice)
  const others = choices.filter((each) => each.option !== id)
  const own = choices.filter((each) => each.option === id)
  if (isOn)
    return kind === 'exactly' && count === 1
      ? choices
      : choices.filter((each) => each.option !== id || each.choice !== choice)
  if (count === 1) return [...others, { option: id, choice }]
  return own.length >= count ? choices : [...choices, { option: id, choice }]
}

/** The first option of which not enough is chosen yet. */
export const missingOf = (options: readonly Option[], choices: readonly Choice[]): Option | undefined =>
  options.find(
    ({ id, kind, count }) => kind === 'exactly' && choices.filter(({ option }) => option === id).length !== count,
  )

/** How many of an item may be chosen in a line, beside those in the other lines. */
export function roomFor({ stock }: Pick<Menu, 'stock'>, basket: Basket, item: string, at: number | null): number {
  const left = leftOf({ stock }, item)
  if (left === null) return MOST_PIECES
  return Math.max(
    0,
    Math.min(
      MOST_PIECES,
      left -
        piecesOf(
          basket.filter((_, index) => index !== at),
          item,
        ),
    ),
  )
}

/** How many are left; null where they have no end. */
export const leftOf = ({ stock }: Pick<Menu, 'stock'>, item: string): number | null =>
  stock.find((each) => each.item === item)?.left ?? null

/** The basket with a line put in place of the one at `at`, or added: to its like where there is one. */
export function withLine(basket: Basket, line: Chosen, at: number | null): Basket {
  const others = at === null ? basket : basket.filter((_, index) => index !== at)
  const like = others.findIndex((other) => isLike(other, line))
  if (like >= 0) {
    return others.map((other, index) =>
      index === like ? { ...other, quantity: Math.min(MOST_PIECES, other.quantity + line.quantity) } : other,
    )
  }
  return at === null ? [...basket, line] : basket.map((other, index) => (index === at ? line : other))
}

/** With so many pieces in a line; none takes it out. */
export const withQuantity = (basket: Basket, at: number, quantity: number): Basket =>
  quantity < 1
    ? basket.filter((_, index) => index !== at)
    : basket.map((line, index) => (index === at ? { ...line, quantity: Math.min(quantity, MOST_PIECES) } : line))

function isLike(one: Chosen, other: Chosen): boolean {
  const said = ({ item, choices, course, note }: Chosen): string =>
    JSON.stringify([item, choices.map(({ option, choice }) => `${option}/${choice}`).sort(), course, note.trim()])
  return said(one) === said(other)
}

// ---- a changed menu

export type Change =
  /** not on the menu any more, sold out, or with other options: taken out */
  | Readonly<{ kind: 'gone' | 'gone sold-out' | 'gone options'; item: Names }>
  /** of one piece with its choices */
  | Readonly<{ kind: 'price'; item: Names; before: bigint; after: bigint }>
  | Readonly<{ kind: 'fewer'; item: Names; left: number }>

/** The basket as far as it fits another menu, and what was changed of it. `before`: the menu it was chosen from. */
export function fitted(
  basket: Basket,
  before: Pick<Menu, 'menu'>,
  now: Menu,
): Readonly<{ basket: Basket; changes: readonly Change[] }> {
  const changes: Change[] = []
  const kept: Chosen[] = []
  for (const line of basket) {
    const item = itemOf(now, line.item)
    const was = itemOf(before, line.item)
    const names = item ?? was
    if (names === undefined) continue
    if (item === undefined) changes.push({ kind: 'gone', item: names })
    else if (pieceOf(now, { ...line, course: null }) === undefined) changes.push({ kind: 'gone options', item })
    else {
      const [old, fresh] = [pieceOf(before, line), pieceOf(now, { ...line, course: null })]
      if (old !== undefined && fresh !== undefined && old !== fresh)
        changes.push({ kind: 'price', item, before: old, after: fresh })
      const room = roomFor(now, kept, line.item, null)
      if (room === 0) changes.push({ kind: 'gone sold-out', item })
      else {
        if (room < line.quantity) changes.push({ kind: 'fewer', item, left: room })
        const course = now.menu.courses.some(({ id }) => id === line.course) ? line.course : null
        kept.push({ ...line, course, quantity: Math.min(room, line.quantity) })
      }
    }
  }
  return { basket: kept, changes }
}
