// What a card has open: set aside and not taken, and taken and not yet due. Kept as a sum for each card, which what is decided changes; made
// anew when the day changes, since then payments have come due and what was set aside has lapsed.
import { planOf } from '#core/plan.ts'
import type { Authorisation, Books } from './books.ts'

/** 2026-12-03 → 20261203 */
export const dayNumber = (day: string): number => Number(day.replaceAll('-', ''))

/** What is open of one authorisation, at a time of a day; its fee is not counted. */
export function openOf(
  { issuer }: Books,
  of: Authorisation,
  { at, day }: Readonly<{ at: number; day: string }>,
): bigint {
  if (of.state !== 'approved') return 0n
  const setAside = of.until < at ? 0n : of.stands - of.captured
  const taken = of.captured - of.refunded
  if (taken <= 0n) return setAside
  const plan = planOf(of.method, taken, issuer.terms, dayNumber(of.day))
  const payments = plan?.payments ?? []
  const notDue = payments.reduce((sum, { due, amount }) => (due > dayNumber(day) ? sum + amount : sum), 0n)
  return setAside + (plan === undefined ? taken : (taken * notDue) / plan.total)
}

/** The sums of the books; `touch` after each record that names an authorisation. */
export function createOpenSums(books: Books) {
  let day = ''
  let sums = new Map<string, bigint>()
  let parts = new Map<string, bigint>()

  function touch(id: string, now: Readonly<{ at: number; day: string }>): void {
    const of = books.authorisations.get(id)
    if (of === undefined) return
    const open = openOf(books, of, now)
    sums.set(of.number, (sums.get(of.number) ?? 0n) - (parts.get(id) ?? 0n) + open)
    parts.set(id, open)
  }
  return {
    touch,
    /** What the card has open. */
    of(number: string, now: Readonly<{ at: number; day: string }>): bigint {
      if (now.day !== day) {
        day = now.day
        sums = new Map()
        parts = new Map()
        for (const id of books.authorisations.keys()) touch(id, now)
      }
      return sums.get(number) ?? 0n
    },
  }
}
