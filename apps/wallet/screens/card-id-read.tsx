// A register has read the user id of a card on this phone. Which shop it was is said first, then whether this phone has answered, and what
// happens if its owner does not.
import type { JSX } from 'preact'
import { CARD_ID_LIFE_MS } from '#core/payment.ts'
import { Banner } from '#ui/kit.tsx'
import { formatTime, useLocale, useWords } from '#ui/i18n.ts'
import { TimeLeft } from '#ui/numbers.tsx'
import { isNamedHere } from '../card-id.ts'
import { cardIdWords } from '../words-card-id.ts'
import type { JoinedProps } from './joined.tsx'

export function CardIdNote({ state, view, current }: JoinedProps): JSX.Element | null {
  const words = useWords(cardIdWords)
  const locale = useLocale()
  if (view.way !== 'card-id') return null
  if (!isNamedHere(view, state.self?.id)) return <Banner kind="trouble">{words.elsewhere}</Banner>
  const { name } = view.biller
  const card = view.means.kind === 'card' ? view.means.label : ''
  const time = formatTime(view.joinedAt, locale)
  return (
    <Banner kind={current.wasShowing ? 'note' : 'trouble'}>
      <span class="sentence strong">
        {current.wasShowing ? words.readBy(name, card) : words.readByElse(name, card, time)}
      </span>
      <span class="sentence">{words.notThere}</span>
      <span class="sentence">{view.attested === true ? words.answered : words.notAnswered}</span>
    </Banner>
  )
}

/** Two minutes in all, whatever happens: nothing makes them more. */
export function CardIdTime({ state, view, current }: JoinedProps): JSX.Element | null {
  const words = useWords(cardIdWords)
  const locale = useLocale()
  if (view.way !== 'card-id' || current.sending !== null) return null
  return (
    <div class="deciding">
      <div class="deciding-time">
        <TimeLeft endsAtMs={view.expiresAt} lastsMs={CARD_ID_LIFE_MS} clockOffsetMs={state.clockOffsetMs} />
        <p class="quiet small">{words.until(formatTime(view.expiresAt, locale))}</p>
      </div>
    </div>
  )
}
