// What ears get: the sound of a piece of news, and the sentence for screen readers.
import { problemText } from '#apps/shared/problems.ts'
import { amountText } from '#apps/shared/money.ts'
import type { Locale } from '#ui/i18n.ts'
import type { Sound } from '#ui/sound.ts'
import type { Notice, State } from './state.ts'
import { endedText, youShowed } from './said.ts'
import { askedWords } from './words-asked.ts'
import { walletWords } from './words.ts'

export function soundOf(notice: Notice): Sound | null {
  switch (notice) {
    case 'joined':
    case 'billed':
    case 'questioned':
      return 'joined'
    case 'paid':
    case 'proven':
    case 'refunded':
      return 'settled'
    case 'changed':
    case 'asked':
    case 'trouble':
      return 'trouble'
    case 'ended':
      return null
  }
}

/** The sentence that is read out. */
export function saidBy(notice: Notice, state: State, locale: Locale): string {
  const words = walletWords[locale]
  const asked = askedWords[locale]
  const view = state.current?.view ?? null
  const problem = state.current?.proof?.problem ?? state.current?.problem ?? state.joinProblem
  if (notice === 'trouble') {
    if (problem === null) return ''
    const text = problemText(problem, locale, 'payer')
    return [text.sentence, text.moneySentence, text.next].join(' ')
  }
  if (view === null) return ''
  const shop = view.biller.name
  const amount = view.bill === null ? '' : amountText(view.bill.total, view.bill.unit, locale)
  switch (notice) {
    case 'joined':
      return `${words.joinedWith(shop)} ${amount === '' ? words.waitingTitle : `${words.toPay}: ${amount}`}`
    case 'questioned':
      return [asked.question(shop), view.question === null ? '' : asked.reason(view.question.reason)].join(' ')
    case 'proven':
      return `${asked.provenTo(shop)} ${youShowed(view, locale)}`
    case 'billed':
      return `${words.toPay}: ${amount}`
    case 'changed':
      return `${words.changed} ${words.toPay}: ${amount}`
    case 'asked':
      return asked.challenge(shop)
    case 'paid':
      return view.state === 'held' ? words.heldTo(amount, shop) : words.paidTo(amount, shop)
    case 'refunded':
      return words.refundedNow(amountText(view.refunds.at(-1)?.amount ?? '0', view.bill?.unit ?? '', locale))
    case 'ended':
      return Object.values(endedText(view, locale)).slice(1, 3).join(' ')
  }
}
