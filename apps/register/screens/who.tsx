// Who is at the counter: what the payer shows, the picture to compare, and how the question for the password stands.
import type { JSX } from 'preact'
import { IDLE_JOIN_MS } from '#core/numbers.ts'
import { factsOf } from '#apps/shared/shown.ts'
import type { DealView } from '#protocol/views.ts'
import { useLocale, useWords } from '#ui/i18n.ts'
import { TimeLeft } from '#ui/numbers.tsx'
import { useRegister } from '../context.tsx'
import { atCounter, pictureOf } from '../counter.ts'
import { words } from '../words.ts'
import { TallySlip } from './slip.tsx'
import { ActionButton } from './till.tsx'

type DealProps = { readonly deal: DealView }

/** The tally, the picture beside it where there is one, and what the payer shows. */
export function Who({ deal }: DealProps): JSX.Element {
  return (
    <div class={deal.payer?.shown.portrait === true && deal.question === null ? 'who who-pictured' : 'who'}>
      {deal.question === null ? <Picture deal={deal} /> : null}
      <TallySlip deal={deal} sealed={false} />
      <Facts deal={deal} />
    </div>
  )
}

/** Large enough to compare with a face across the counter. */
export function Picture({ deal }: DealProps): JSX.Element | null {
  const text = useWords(words)
  const { portrait } = useRegister()
  if (deal.payer?.shown.portrait !== true) return null
  const picture = pictureOf(deal, portrait)
  return picture === null ? (
    <p class="portrait portrait-coming" role="status">
      {text.portraitComing}
    </p>
  ) : (
    <img class="portrait" src={picture} alt={text.portraitOf(deal.payer.name)} width={512} height={512} />
  )
}

export function Facts({ deal }: DealProps): JSX.Element | null {
  const text = useWords(words)
  const locale = useLocale()
  const facts = deal.payer === null ? [] : factsOf(deal.payer.shown, locale)
  if (facts.length === 0) return null
  return (
    <dl class="shown-facts" aria-label={text.shownBy(deal.payer?.name ?? '')}>
      {facts.map(({ label, value }, index) => (
        <div key={index}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}

/** The one question about the person: the picture's, or how the password's stands; else what can be done about a doubt. */
export function Doubt({ deal }: DealProps): JSX.Element {
  const text = useWords(words)
  const { known, clockOffsetMs } = useRegister()
  const counter = atCounter(deal, known)
  switch (counter.kind) {
    case 'compare':
      return (
        <section class="doubt doubt-compare" aria-label={text.isItThePicture}>
          <p class="doubt-question">{text.isItThePicture}</p>
          <div class="doubt-answers">
            <ActionButton action="known" wide />
            <ActionButton action="challenge" wide />
          </div>
          <p class="what-if">{text.isItThePictureText}</p>
        </section>
      )
    case 'asked':
      return (
        <section class="doubt doubt-asked">
          <div role="status">
            <p class="doubt-question">{text.challengeAsked}</p>
            {counter.failures === 0 ? null : <p class="declined">{text.challengeWrong(counter.failures)}</p>}
          </div>
          {counter.failures === 0 ? <p class="deal-text">{text.challengeAskedText}</p> : null}
          {deal.turnEndsAt === null ? null : (
            <TimeLeft
              key={deal.turnEndsAt}
              open
              endsAtMs={deal.turnEndsAt}
              lastsMs={IDLE_JOIN_MS}
              clockOffsetMs={clockOffsetMs}
            />
          )}
          <p class="what-if">{text.challengeWait}</p>
        </section>
      )
    case 'passed':
    case 'known':
      return (
        <section class="doubt">
          {counter.kind === 'passed' ? (
            <p class="doubt-passed" role="status">
              {text.challengePassed}
            </p>
          ) : null}
          {counter.kind === 'passed' || deal.payer?.shown.portrait === true ? null : (
            <p class="deal-text">{text.isItThem}</p>
          )}
          <div class="doubt-answers">
            <ActionButton action="release" wide />
            {deal.bill === null ? null : <ActionButton action="challenge" wide />}
          </div>
        </section>
      )
  }
}
