// Cards in words and colours: the name of a method, what a plan costs, the month on a card, the ink that is read on its face. Pure.
import { shownNumber } from '#core/card-number.ts'
import { countOf, parseMethod, type Method } from '#core/method.ts'
import type { CardIssuer, CardRow, PlanView } from '#protocol/cards.ts'
import { amountText } from '#apps/shared/money.ts'
import type { Locale } from '#ui/i18n.ts'
import { cardWords } from './words-cards.ts'

type Words = (typeof cardWords)['en']

/** "3 payments" / 「分割3回払い」. A method that this wallet does not know yet is shown as the hub names it. */
export function methodText(text: string, words: Words): string {
  const method = parseMethod(text)
  return method === undefined ? text : namesOf(method, words)
}

function namesOf(method: Method, words: Words): string {
  const count = countOf(method) ?? 0
  if (method === 'lump' || method === 'bonus' || method === 'revolving') return words[method]
  return method.startsWith('instalments') ? words.instalments(count) : words.partBonus(count)
}

/** "3 × ¥1,234 · fee ¥102 · total ¥3,702, first on 27 Jan 2027": what is paid back, when, and what it costs. */
export function costText({ method, payments, fee, total }: PlanView, unit: string, locale: Locale): string {
  const words = cardWords[locale]
  const text = (amount: string): string => amountText(amount, unit, locale)
  const [first] = payments
  if (first === undefined) return text(total)
  const day = dueText(first.due, locale)
  const feeText = fee === '0' ? words.noFee(text(total)) : words.fee(text(fee), text(total))
  if (method === 'revolving') return words.and(words.revolvingCost(text(first.amount), payments.length, day), feeText)
  const once = words.costOnce(text(first.amount), day)
  if (payments.length === 1) return fee === '0' ? once : words.and(once, feeText)
  return words.costMany(partsText(payments, text, words), feeText, day)
}

/** Payments of the same amount together, in the order in which the amounts first come. */
function partsText(payments: PlanView['payments'], text: (amount: string) => string, words: Words): string {
  const counts = new Map<string, number>()
  for (const { amount } of payments) counts.set(amount, (counts.get(amount) ?? 0) + 1)
  return [...counts]
    .map(([amount, count]) => (count === 1 ? text(amount) : words.times(count, text(amount))))
    .join(' + ')
}

/** "27 Jan 2027" / 「2027年1月27日」 of a day of the calendar. */
function dueText(day: string, locale: Locale): string {
  const form = { timeZone: 'UTC', day: 'numeric', year: 'numeric', month: locale === 'ja' ? 'long' : 'short' } as const
  return new Intl.DateTimeFormat(locale === 'ja' ? 'ja-JP' : 'en-GB', form).format(Date.parse(`${day}T00:00Z`))
}

/** How its owner knows a card: by the name they gave it, else by its issuer's. */
export const cardTitle = (card: Pick<CardRow, 'name' | 'issuer' | 'last4'>, locale: Locale): string =>
  `${card.name ?? issuerName(card, locale)} ${shownNumber(card.last4)}`

/** "12/29" of 2029-12, as it stands on the card. */
export const monthShown = (expires: string): string => `${expires.slice(5, 7)}/${expires.slice(2, 4)}`

export const issuerName = (
  { issuer }: Readonly<{ issuer: Pick<CardIssuer, 'name' | 'nameJa'> }>,
  locale: Locale,
): string => (locale === 'ja' ? issuer.nameJa : issuer.name)

const [LIGHT, DARK] = ['#ffffff', '#1b1a17']

/** White or black, whichever is read better on a colour (WCAG's relative luminance). */
export function inkOn(colour: string): string {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
  // Where contrast with white and with black is the same.
  return luminance > 0.179 ? DARK : LIGHT
}
