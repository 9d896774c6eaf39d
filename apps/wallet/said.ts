// Sentences of a payment or question that more than one screen says, and the voice too: how it ended, what was shown.
import type { PaymentView, ShownView } from '#protocol/views.ts'
import { amountText } from '#apps/shared/money.ts'
import { factsOf } from '#apps/shared/shown.ts'
import type { Locale } from '#ui/i18n.ts'
import { askedWords } from './words-asked.ts'
import { walletWords } from './words.ts'

/** What is shown of somebody, the values alone: "20–64, JP-14, your picture"; empty where nothing is shown. */
export function shownText(shown: ShownView, locale: Locale): string {
  const words = askedWords[locale]
  const values = factsOf(shown, locale).map(({ value }) => value)
  return [...values, ...(shown.portrait ? [words.portrait] : [])].join(words.joiner)
}

/** "You showed: name, 20–64." */
export function youShowed({ shown }: PaymentView, locale: Locale): string {
  const words = askedWords[locale]
  const more = shownText(shown, locale)
  return words.youShowed(more === '' ? words.showedNothing : [words.name, more].join(words.joiner))
}

/** How a payment ended, in words. Money that had been set aside came back; else none moved. */
export function endedText(
  view: PaymentView,
  locale: Locale,
): { title: string; why: string; money: string; isReturned: boolean } {
  const words = walletWords[locale]
  const reason = view.ended ?? 'expired'
  if (view.question !== null) {
    const asked = askedWords[locale]
    const why = isSomeones(reason) ? asked[`end ${reason}`] : asked['end other']
    return { title: asked.declined, why, money: asked.declinedText, isReturned: false }
  }
  const isReturned = view.approvedAt !== null && view.bill !== null
  if (!isReturned) return { title: words.ended, why: words[`end ${reason}`], money: words.noMoney, isReturned }
  const back = view.portions.reduce(
    (sum, portion) => sum + (portion.state === 'ended' ? BigInt(portion.amount) : 0n),
    0n,
  )
  return {
    title: words.endedReturned,
    why: isSomeones(reason) ? words[`return ${reason}`] : words['return other'],
    money: words.moneyBack(amountText(back, view.bill?.unit ?? '', locale)),
    isReturned,
  }
}

type Ended = NonNullable<PaymentView['ended']>

/** Did one of the two end it, rather than time? */
const isSomeones = (reason: Ended): reason is Extract<Ended, 'cancelled-by-payer' | 'cancelled-by-biller'> =>
  reason === 'cancelled-by-payer' || reason === 'cancelled-by-biller'
