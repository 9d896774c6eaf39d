// Restricted goods: may this person buy this line? Decided from what the operator has verified, never from what the payer claims,
// and the shop learns no more than yes or no.
import type { Bill, Biller, Restriction } from './bill.ts'
import { MEMBERSHIP_LENGTH, MOST_COUNTED, type Attributes, type Bought, type Standing } from './standing.ts'

const REGION = /^[A-Z]{2}(-[A-Z0-9]{1,3})?$/

/** Does the restriction say something, and can it be decided? Counting by day needs the article's code. */
export function isRestriction({ minimumAge, membership, region, perDay }: Restriction, code: string | null): boolean {
  if (minimumAge === null && membership === null && region === null && perDay === null) return false
  if (minimumAge !== null && !(Number.isInteger(minimumAge) && minimumAge >= 1 && minimumAge <= 120)) return false
  if (membership !== null && (membership.length === 0 || membership.length > MEMBERSHIP_LENGTH)) return false
  if (region !== null && !REGION.test(region)) return false
  if (perDay !== null && !(Number.isInteger(perDay) && perDay >= 1 && code !== null)) return false
  return true
}

/** The lines that this person may not buy on `day` (20261203), by index. */
export function forbiddenLines(bill: Bill, biller: Biller, standing: Standing, day: number): number[] {
  const wanted = new Map<string, number>()
  const counted = new Set(standing.bought.flatMap((row) => (row.day === day ? [row.article] : [])))
  return bill.lines.flatMap(({ restriction, code, quantity }, index) => {
    if (restriction === null) return []
    const { attributes, bought } = standing
    const article = articleOf(biller, code)
    const count = (wanted.get(article) ?? 0) + quantity
    if (restriction.perDay !== null) {
      wanted.set(article, count)
      counted.add(article)
    }
    const isAllowed =
      isOldEnough(attributes, restriction.minimumAge, day) &&
      isMember(attributes, restriction.membership, day) &&
      isFrom(attributes, restriction.region) &&
      (restriction.perDay === null ||
        (counted.size <= MOST_COUNTED && boughtOn(bought, article, day) + count <= restriction.perDay))
    return isAllowed ? [] : [index]
  })
}

/** What an approved bill adds to a person's purchases of the day; lines without a daily quantity are not counted. */
export function purchasesOf(bill: Bill, lines: readonly number[], biller: Biller, day: number): Bought[] {
  return lines.flatMap((index) => {
    const line = bill.lines[index]
    if (line?.restriction?.perDay == null) return []
    return [{ article: articleOf(biller, line.code), day, quantity: line.quantity }]
  })
}

/** An article belongs to its shop: the same code elsewhere is another thing. */
const articleOf = (biller: Biller, code: string | null): string => `${biller.party} ${code ?? ''}`

const boughtOn = (bought: readonly Bought[], article: string, day: number): number =>
  bought.reduce((total, row) => total + (row.article === article && row.day === day ? row.quantity : 0), 0)

/** Who was born on 29 February is a year older on 1 March of a common year: the later of the two readings, so never too young. */
function isOldEnough({ birthDate }: Attributes, minimumAge: number | null, day: number): boolean {
  if (minimumAge === null) return true
  return birthDate !== null && day - birthDate >= minimumAge * 10_000
}

/** A name is the same however its letters were composed: the register's keyboard and the operator's may differ. */
const isMember = ({ memberships }: Attributes, membership: string | null, day: number): boolean =>
  membership === null ||
  memberships.some(
    ({ name, until }) => name.normalize('NFC') === membership.normalize('NFC') && (until === null || day <= until),
  )

const isFrom = ({ region }: Attributes, wanted: string | null): boolean =>
  wanted === null || (region !== null && (region === wanted || region.startsWith(`${wanted}-`)))
