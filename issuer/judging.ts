// Is a card good, and for this purchase? And the record of an authorisation or a sale by what was judged.
import type { Method } from '#core/method.ts'
import type { Unit } from '#core/money.ts'
import { planOf } from '#core/plan.ts'
import type { Outcome } from './answers.ts'
import type { Booked, Books } from './books.ts'
import { CODES, type Trace } from './elements.ts'
import { dayNumber } from './limits.ts'
import type { AskOf } from './messages.ts'

export type Now = Readonly<{
  /** milliseconds since 1970 */
  at: number
  /** of a purchase made now: YYYY-MM-DD */
  day: string
  /** what the card has open */
  open: (number: string) => bigint
  /** six digits for an approval */
  draw: () => string
  /** the demo: purchases are refused with this code */
  refuses: string | null
  /** the key that opens one-time keys */
  wrap: Uint8Array
}>
export type Decision = Readonly<{ records: readonly Booked[]; outcome: Outcome }>

export const refused = (code: string): Decision => ({ records: [], outcome: { code } })
export const done = (records: readonly Booked[], approval: string | null = null): Decision => ({
  records,
  outcome: { code: CODES.approved, approval },
})

/** Wrong security codes of a card on one day, after which none is looked at. */
const MOST_WRONG_CODES = 5

/** An acquirer's number as it is compared: DE 32 and DE 90 pad it differently. */
export const bare = (acquirer: string): string => acquirer.replace(/^0+(?=.)/u, '')

/** The day of a month and day, within half a year of now: YYYY-MM-DD. */
export function dayNear(monthDay: string, { day }: Readonly<{ day: string }>): string {
  const year = Number(day.slice(0, 4))
  const today = Date.parse(`${day}T00:00:00Z`)
  const [best = day] = [year - 1, year, year + 1]
    .map((each) => `${each}-${monthDay.slice(0, 2)}-${monthDay.slice(2, 4)}`)
    .filter((each) => !Number.isNaN(Date.parse(`${each}T00:00:00Z`)))
    .toSorted((left, right) => away(left) - away(right))
  return best
  function away(each: string): number {
    return Math.abs(Date.parse(`${each}T00:00:00Z`) - today)
  }
}

/** By what a reversal names an original (DE 90): class, acquirer, date, time and STAN. */
export const originalKey = (
  { mti, stan, at, acquirer }: Readonly<{ mti: string } & Pick<Trace, 'stan' | 'at' | 'acquirer'>>,
  now: Readonly<{ day: string }>,
): string => [mti.slice(0, 2), bare(acquirer), dayNear(at, now), at.slice(4), stan].join('|')

export type Judged = Readonly<{ code: string; records: readonly Booked[] }>

/** Is this card good, and for this? `merchant` null: nothing is bought. */
export function judgeCard(
  books: Books,
  asked: Readonly<{
    number: string
    expires: string
    code?: string | null
    merchant: Readonly<{ number: string; unit: Unit; amount: bigint; method: Method }> | null
  }>,
  now: Now,
): Judged {
  const { number, expires, code = null, merchant } = asked
  const no = (why: string, records: readonly Booked[] = []): Judged => ({ code: why, records })
  if (merchant !== null && now.refuses !== null) return no(now.refuses)
  const card = books.cards.get(number)
  if (card === undefined) return no(CODES.number)
  if (card.isStopped) return no(CODES.stopped)
  // Good to the end of its last month.
  if (card.expires.slice(2).replace('-', '') !== expires || card.expires < now.day.slice(0, 7)) return no(CODES.expired)
  if (code !== null) {
    const wrong = books.wrongCodes.get(number)
    if (wrong?.day === now.day && wrong.count >= MOST_WRONG_CODES) return no(CODES.tries)
    if (code !== card.code) return no(CODES.refused, [{ what: 'wrong-code', number, day: now.day }])
  }
  if (merchant === null) return no(CODES.approved)
  const { unit, amount, method } = merchant
  const { terms } = books.issuer
  const row = books.merchants.get(merchant.number) ?? books.merchants.get('*')
  if (row === undefined) return no(CODES.merchant)
  const isOffered = unit === terms.unit && planOf(method, amount, terms, dayNumber(now.day)) !== undefined
  if (!isOffered || row.methods?.includes(method) === false) return no(CODES.method)
  return no(now.open(number) + amount > card.limit ? CODES.limit : CODES.approved)
}

/** The record of an authorisation or a sale, by what was judged. */
export function authorised(
  books: Books,
  ask: AskOf<'authorise' | 'sale'>,
  of: Readonly<{ id: string; number: string; oneTime: string | null; method: Method; code: string }>,
  now: Now,
): Decision {
  const { merchant, terminal, unit, amount, trace, kind } = ask
  const approval = of.code === CODES.approved ? now.draw() : null
  const record: Booked = {
    what: 'authorised',
    ...of,
    isSale: kind === 'sale',
    acquirer: bare(trace.acquirer),
    unit,
    amount: String(amount),
    merchant: merchant.number,
    merchantName: merchant.name,
    terminal,
    rrn: trace.rrn,
    approval,
    day: now.day,
    until: now.at + books.issuer.validDays * 86_400_000,
    settles: dayNear(trace.day, now),
    original: originalKey({ mti: kind === 'sale' ? '0200' : '0100', ...trace }, now),
  }
  return { records: [record], outcome: { code: of.code, approval } }
}
