// A card's user id was read: how far its phone is, what is waited for, and what happens without an answer.
import type { JSX } from 'preact'
import { CARD_ID_LIFE_MS } from '#core/payment.ts'
import type { DealView } from '#protocol/views.ts'
import { useWords } from '#ui/i18n.ts'
import { Icon } from '#ui/icons.tsx'
import { Banner } from '#ui/kit.tsx'
import { TimeLeft } from '#ui/numbers.tsx'
import { useRegister } from '../context.tsx'
import { stepsOf, type Step } from '../card-steps.ts'
import { cardWords } from '../words-card.ts'

/** Steps one below the other; which is which is said in words and by a sign. */
export function Steps({ label, steps }: { readonly label: string; readonly steps: readonly Step[] }): JSX.Element {
  const text = useWords(cardWords)
  return (
    <ol class="card-steps" aria-label={label}>
      {steps.map(({ label: name, state, detail }) => (
        <li key={name} class={`card-step card-step-${state}`} aria-current={state === 'now' ? 'step' : undefined}>
          <span class="card-step-sign" aria-hidden="true">
            {state === 'done' ? <Icon name="check" /> : null}
          </span>
          <span>
            {name}
            {state === 'later' ? null : <span class="hidden">: {text[state]}</span>}
            {detail === undefined ? null : <span class="card-step-detail">{detail}</span>}
          </span>
        </li>
      ))}
    </ol>
  )
}

export function CardWaiting({ deal }: { readonly deal: DealView }): JSX.Element {
  const text = useWords(cardWords)
  const { clockOffsetMs } = useRegister()
  return (
    <div class="waiting">
      {deal.phone === 'other-device' ? (
        <Banner kind="trouble">
          <span class="sentence strong">{text.other}</span> <span class="sentence">{text.otherText}</span>
        </Banner>
      ) : null}
      <Steps label={text.steps} steps={stepsOf(deal, text)} />
      {deal.expiresAt === null ? null : (
        <TimeLeft open endsAtMs={deal.expiresAt} lastsMs={CARD_ID_LIFE_MS} clockOffsetMs={clockOffsetMs} />
      )}
      <p class="what-if">{text.ends}</p>
    </div>
  )
}
