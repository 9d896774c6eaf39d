// The price list of the demo town's bakery. Prices hold the tax; the letter is the key that adds one.
import type { CoolingOff, Restriction } from '#core/bill.ts'
import type { Locale } from '#ui/i18n.ts'

export type Good = Readonly<{
  code: string
  /** the key that adds one: a letter */
  letter: string
  names: Readonly<Record<Locale, string>>
  /** in yen, with tax */
  price: bigint
  /** hundredths of a percent */
  taxRate: number
  /** made to order: the money is set aside until it is handed over */
  delivery: boolean
  /** how long the customer may take it back */
  coolingOff: CoolingOff | null
  /** who may buy it */
  restriction: Restriction | null
}>

export const NO_RESTRICTION: Restriction = { minimumAge: null, membership: null, region: null, perDay: null }

/** Food to take away. */
const REDUCED = 800
const STANDARD = 1000

/** A bakery sells food: an amount keyed in without a good carries that rate. */
export const KEYED_TAX_RATE = REDUCED

const good = (
  code: string,
  letter: string,
  price: bigint,
  en: string,
  ja: string,
  more: Partial<Pick<Good, 'taxRate' | 'delivery' | 'coolingOff' | 'restriction'>> = {},
): Good => ({
  code,
  letter,
  names: { en, ja },
  price,
  taxRate: REDUCED,
  delivery: false,
  coolingOff: null,
  restriction: null,
  ...more,
})

export const BAKERY: readonly Good[] = [
  good('shokupan', 'A', 380n, 'Milk bread', 'ミルク食パン'),
  good('anpan', 'B', 180n, 'Red bean bun', 'あんぱん'),
  good('melonpan', 'C', 200n, 'Melon bun', 'メロンパン'),
  good('currypan', 'D', 240n, 'Curry doughnut', 'カレーパン'),
  good('croissant', 'E', 220n, 'Croissant', 'クロワッサン'),
  good('baguette', 'F', 320n, 'Baguette', 'バゲット'),
  good('sandwich', 'G', 420n, 'Egg sandwich', 'たまごサンド'),
  good('coffee', 'H', 280n, 'Coffee to go', 'コーヒー（持ち帰り）'),
  good('bag', 'I', 10n, 'Paper bag', '紙袋', { taxRate: STANDARD }),
  good('cake', 'J', 3200n, 'Cake, to order', '予約のケーキ', { delivery: true }),
  good('toaster', 'K', 4800n, 'Toaster', 'トースター', {
    taxRate: STANDARD,
    coolingOff: { period: 'P8D', zone: 'Asia/Tokyo' },
  }),
  good('rumcake', 'L', 650n, 'Rum cake, from 20', 'ラム酒ケーキ（20歳以上）', {
    restriction: { ...NO_RESTRICTION, minimumAge: 20 },
  }),
  good('limited', 'M', 900n, 'Chestnut loaf, 2 a day', '栗食パン（一日2点）', {
    restriction: { ...NO_RESTRICTION, perDay: 2 },
  }),
]

export const textOfGood = (good: Good, locale: Locale): string => good.names[locale]

/** The name of a line in the language of the screen, where the line is one of the bakery's goods. */
export function nameOfLine(line: Readonly<{ code: string | null; text: string }>, locale: Locale): string {
  return BAKERY.find(({ code }) => code === line.code)?.names[locale] ?? line.text
}

/** The good whose letter is on a key of the machine (`KeyA`, whatever the keyboard's language is at). */
export const goodOfKey = (code: string, goods: readonly Good[]): Good | undefined =>
  goods.find(({ letter }) => code === `Key${letter}`)
