// The shop's goods at the register: which have a key, what a line is called, and what a sale is made from. Pure.
import type { CoolingOff, Restriction } from '#core/bill.ts'
import { GRAMS_OF, type Good, type TaxClass } from '#core/goods.ts'
import type { Unit } from '#core/money.ts'
import type { Rounding } from '#core/shop.ts'
import type { Shelf } from '#apps/shared/shelf.ts'
import type { Locale } from '#ui/i18n.ts'

export const NO_RESTRICTION: Restriction = { minimumAge: null, membership: null, region: null, perDay: null }

/** Goods that stand on the screen before anybody looks for one; more than fit are found by name. */
const SHOWN = 60

/** What turns a draft into a bill besides its lines. */
export type SaleTerms = Readonly<{
  unit: Unit
  rounding: Rounding
  /** what is keyed as a bare amount */
  keyed: Readonly<{ text: string; tax: TaxClass | null }>
  tip: Readonly<{ text: string; tax: TaxClass | null }>
  locale: Locale
}>

export const nameOf = ({ name, nameEn, nameJa }: Good, locale: Locale): string =>
  (locale === 'ja' ? nameJa : nameEn) ?? name

type Standing = Readonly<{
  shown: readonly Good[]
  byKey: ReadonlyMap<string, Good>
  open: Good | undefined
  tip: Good | undefined
}>

const known = new WeakMap<Shelf, Standing>()

/** What screens ask with each key that is pressed: looked up once for each shelf, or 50,000 goods would be gone through every time. */
function standingOf(shelf: Shelf): Standing {
  const before = known.get(shelf)
  if (before !== undefined) return before
  const { goods } = shelf
  const lettered = goods.flatMap((good) =>
    good.key === null || good.kind === 'tip' ? [] : [[good.key, good] as const],
  )
  const standing: Standing = {
    shown: shownOf(goods),
    // Of two with one letter the first of the file has it.
    byKey: new Map(lettered.toReversed()),
    open: goods.find(({ kind }) => kind === 'open'),
    tip: goods.find(({ kind }) => kind === 'tip'),
  }
  known.set(shelf, standing)
  return standing
}

/** The letter keys' goods in their order, then the others as the file has them; what nobody presses (tip) is not among them. */
export const goodsShown = (shelf: Shelf): readonly Good[] => standingOf(shelf).shown

function shownOf(goods: readonly Good[]): readonly Good[] {
  const sold = goods.filter(({ kind }) => kind === 'piece' || kind === 'weight')
  const lettered = sold.filter(({ key }) => key !== null)
  const inOrder = lettered.toSorted((one, other) => ((one.key ?? '') < (other.key ?? '') ? -1 : 1))
  return inOrder.concat(sold.slice(0, SHOWN + lettered.length).filter(({ key }) => key === null)).slice(0, SHOWN)
}

/** The good whose letter is on a key of the machine (`KeyA`, whatever the keyboard's language is at). */
export const goodOfKey = (code: string, shelf: Shelf): Good | undefined =>
  code.startsWith('Key') ? standingOf(shelf).byKey.get(code.slice(3)) : undefined

/** What counts as keyed by hand, and how it is taxed: the file's first good with an open price. */
export const openGood = (shelf: Shelf): Good | undefined => standingOf(shelf).open

/** A shop whose file has one takes tips. */
export const tipGood = (shelf: Shelf): Good | undefined => standingOf(shelf).tip

export const gramsFor = ({ unit }: Good): number => (unit === null ? 1 : GRAMS_OF[unit])

/** Who may buy it, and when its money is the shop's, as a line says it. `zone`: whose days are counted. */
export function termsOf(
  { minimumAge, perDay, delivery, takeBack }: Good,
  zone: string,
): Readonly<{ delivery: boolean; coolingOff: CoolingOff | null; restriction: Restriction | null }> {
  const restriction = minimumAge === null && perDay === null ? null : { ...NO_RESTRICTION, minimumAge, perDay }
  return { delivery, coolingOff: takeBack === null ? null : { period: takeBack, zone }, restriction }
}

/** The name of a line in the language of the screen, where the line is one of the shop's goods. */
export function nameOfLine(
  line: Readonly<{ code: string | null; text: string }>,
  { byCode, goods }: Shelf,
  locale: Locale,
): string {
  const good = line.code === null ? undefined : (byCode.get(line.code) ?? goods.find(({ code }) => code === line.code))
  if (good === undefined) return line.text
  // What stands behind the name (a weight, a discount) stays.
  const written = [good.nameEn, good.nameJa, good.name].find((name) => name !== null && line.text.startsWith(name))
  return written == null ? line.text : nameOf(good, locale) + line.text.slice(written.length)
}
