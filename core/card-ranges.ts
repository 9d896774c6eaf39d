// Whose card it is, by how its number begins; and how a merchant lets it be repaid.
//
// A range is a prefix of five to ten digits. Ranges of different lengths may lie within each other (an issuer has 457199, a shop's own
// card 45719912 within it): the longest that fits counts, so that what is more exact wins, in whatever order the table was written. The
// same prefix twice would leave it to chance, and is refused.
import type { Method } from './method.ts'

export type CardRange = Readonly<{ prefix: string; issuer: string }>

/** From `from` to `to`, both included, as month and day (1216 to 615); over a year's end where `to` is the smaller. */
export type Season = Readonly<{ from: number; to: number }>

/** How a merchant lets cards of an issuer be repaid; all of it empty: not at all. */
export type TakenMethods = Readonly<{
  lump: boolean
  /** in how many payments */
  instalments: readonly number[]
  /** purchases of these days may be paid from a bonus */
  bonus: readonly Season[]
  partBonus: readonly number[]
  revolving: boolean
}>

/** A range that lies within another issuer's. */
export type Overlap = Readonly<{ prefix: string; issuer: string; within: string; of: string }>

export const SHORTEST_PREFIX = 5
export const LONGEST_PREFIX = 10

export const isPrefix = (text: string): boolean => /^[0-9]{5,10}$/.test(text)

/** The issuer of the longest range that a number (or the beginning of one) begins with; undefined where none fits. */
export function issuerOf(ranges: readonly CardRange[], digits: string): string | undefined {
  let longest: CardRange | undefined
  for (const range of ranges) {
    if (!digits.startsWith(range.prefix)) continue
    if (longest === undefined || range.prefix.length > longest.prefix.length) longest = range
  }
  return longest?.issuer
}

/** The prefixes that stand in the table more than once. */
export function prefixesTwice(ranges: readonly CardRange[]): readonly string[] {
  const seen = new Set<string>()
  const twice = new Set<string>()
  for (const { prefix } of ranges) {
    if (seen.has(prefix)) twice.add(prefix)
    seen.add(prefix)
  }
  return [...twice]
}

/** Ranges within a shorter one of another issuer, by prefix: meant, mostly, and worth a look. */
export function overlapsOf(ranges: readonly CardRange[]): readonly Overlap[] {
  const issuers = new Map(ranges.map(({ prefix, issuer }) => [prefix, issuer]))
  return ranges
    .flatMap(({ prefix, issuer }): Overlap[] => {
      for (let length = prefix.length - 1; length >= SHORTEST_PREFIX; length--) {
        const within = prefix.slice(0, length)
        const of = issuers.get(within)
        if (of !== undefined) return of === issuer ? [] : [{ prefix, issuer, within, of }]
      }
      return []
    })
    .toSorted((left, right) => (left.prefix < right.prefix ? -1 : 1))
}

/** Does a number that begins with `prefix` begin with some range, or could it? */
export const touches = (ranges: readonly CardRange[], prefix: string): boolean =>
  ranges.some((range) => range.prefix.startsWith(prefix) || prefix.startsWith(range.prefix))

/** The methods that a merchant takes on a day ("2026-12-03", or 20261203), in the order in which they are shown. */
export function methodsOn({ methods }: Readonly<{ methods: TakenMethods }>, day: string | number): readonly Method[] {
  const date = Number(String(day).replaceAll('-', '')) % 10_000
  return [
    ...(methods.lump ? (['lump'] as const) : []),
    ...methods.instalments.map((count): Method => `instalments-${count}`),
    ...(methods.bonus.some((season) => isWithin(season, date)) ? (['bonus'] as const) : []),
    ...methods.partBonus.map((count): Method => `part-bonus-${count}`),
    ...(methods.revolving ? (['revolving'] as const) : []),
  ]
}

/** Does a merchant take anything at all? */
export const takesAny = ({ lump, instalments, bonus, partBonus, revolving }: TakenMethods): boolean =>
  lump || revolving || instalments.length > 0 || bonus.length > 0 || partBonus.length > 0

const isWithin = ({ from, to }: Season, date: number): boolean =>
  from <= to ? from <= date && date <= to : from <= date || date <= to

/** Is this a month and a day that some year has (229 is one)? */
export function isMonthDay(date: number): boolean {
  const month = Math.floor(date / 100)
  const day = date % 100
  return Number.isInteger(date) && month >= 1 && month <= 12 && day >= 1 && day <= (DAYS_IN[month - 1] ?? 0)
}

const DAYS_IN = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const
