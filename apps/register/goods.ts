// The price list of the demo town's bakery. Prices hold the tax; the letter is the key that adds one.
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
}>

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
  more: Partial<Pick<Good, 'taxRate' | 'delivery'>> = {},
): Good => ({ code, letter, names: { en, ja }, price, taxRate: REDUCED, delivery: false, ...more })

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
]

export const textOfGood = (good: Good, locale: Locale): string => good.names[locale]

/** The name of a line in the language of the screen, where the line is one of the bakery's goods. */
export function nameOfLine(line: Readonly<{ code: string | null; text: string }>, locale: Locale): string {
  return BAKERY.find(({ code }) => code === line.code)?.names[locale] ?? line.text
}

/** The good whose letter is on a key of the machine (`KeyA`, whatever the keyboard's language is at). */
export const goodOfKey = (code: string, goods: readonly Good[]): Good | undefined =>
  goods.find(({ letter }) => code === `Key${letter}`)
