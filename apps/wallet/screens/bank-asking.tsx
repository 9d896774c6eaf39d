// While the payer's bank or the card's issuer is asked: who is asked, how long yet, what can be done, what happens if nothing comes; and what a
// no was for.
import type { JSX } from 'preact'
import { BANK_REASONS } from '#core/means.ts'
import { AUTHORISE_WITHIN_MS, ONE_TIME_WITHIN_MS } from '#core/payment.ts'
import type { PaymentView } from '#protocol/views.ts'
import { amountParts } from '#apps/shared/money.ts'
import { useLocale, useWords } from '#ui/i18n.ts'
import { Banner, Button, Screen } from '#ui/kit.tsx'
import { Amount, TimeLeft } from '#ui/numbers.tsx'
import type { ScreenOf } from '../app.tsx'
import type { Current } from '../state.ts'
import { methodText } from '../card-text.ts'
import { bankWords } from '../words-bank.ts'
import { cardWords } from '../words-cards.ts'
import { Half } from './half.tsx'
import { ProblemNote } from './problem.tsx'

type AskingProps = ScreenOf & { readonly current: Current; readonly view: PaymentView }
type Means = PaymentView['means']

export function OutsideAsked({ state, act, banners, current, view }: AskingProps): JSX.Element {
  const words = useWords(bankWords)
  const cards = useWords(cardWords)
  const locale = useLocale()
  const { means } = view
  const isCard = means.kind === 'card'
  const until = view.portions.find((portion) => portion.state === 'authorising')?.until
  const said = isCard ? cards : words
  return (
    <Screen
      title={said.asking}
      banners={banners}
      actions={
        <Button wide busy={current.sending === 'decline'} onPress={act.decline}>
          {words.cancel}
        </Button>
      }
    >
      <Half view={view} sealed={false} />
      {current.problem === null ? null : <ProblemNote problem={current.problem} />}
      {view.bill === null ? null : (
        <div class="due">
          <Amount parts={amountParts(view.bill.total, view.bill.unit, locale)} size="huge" />
          {isCard ? <span class="quiet">{methodText(means.method, cards)}</span> : null}
        </div>
      )}
      <p role="status">{asked(means, words, cards)}</p>
      {until == null ? null : (
        <TimeLeft
          open
          endsAtMs={until}
          lastsMs={isCard && means.oneTime ? ONE_TIME_WITHIN_MS : AUTHORISE_WITHIN_MS}
          clockOffsetMs={state.clockOffsetMs}
        />
      )}
      <p class="quiet">{said.ifNothing}</p>
      <p class="quiet small">{said.cancelText}</p>
    </Screen>
  )
}

function asked(means: Means, words: (typeof bankWords)['en'], cards: (typeof cardWords)['en']): string {
  if (means.kind === 'card') return means.oneTime ? cards.oneTimeText(means.label) : cards.askingText(means.label)
  return words.askingText(means.kind === 'bank' ? means.label : words.bank)
}

/** What the last no was for, before the bill that is still there. */
export function OutsideRefused({ means }: { readonly means: Means }): JSX.Element | null {
  const words = useWords(bankWords)
  const cards = useWords(cardWords)
  const isOutside = means.kind === 'bank' || means.kind === 'card'
  if (!isOutside || means.refused === null) return null
  // A bank has fewer reasons than a card's issuer.
  const ofBank = BANK_REASONS.find((reason) => reason === means.refused) ?? 'refused'
  const why = means.kind === 'card' ? cards[`refused ${means.refused}`] : words[`refused ${ofBank}`]
  return (
    <Banner kind="trouble">
      <span class="sentence">{why}</span>
      <span class="sentence">{means.kind === 'card' ? cards.otherWay : words.otherWay}</span>
    </Banner>
  )
}
