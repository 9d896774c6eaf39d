// "Who is it?": what is asked and why, and afterwards exactly what the person agreed to show.
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { IDLE_JOIN_MS } from '#core/numbers.ts'
import { ASKABLE, type Askable } from '#core/persona.ts'
import { REASON_LENGTH } from '#core/question.ts'
import { askableText, factsOf, strengthText } from '#apps/shared/shown.ts'
import type { DealView } from '#protocol/views.ts'
import { Field, Switch } from '#ui/fields.tsx'
import { formatTime, useLocale, useWords, type Locale } from '#ui/i18n.ts'
import { Button, ReceiptLine } from '#ui/kit.tsx'
import { TimeLeft } from '#ui/numbers.tsx'
import { perform, useRegister, useTill } from '../context.tsx'
import {
  PRESETS,
  presetQuestion,
  questionOf,
  withAsked,
  withReason,
  type Question,
  type QuestionDraft,
} from '../question.ts'
import { words } from '../words.ts'
import { ActionButton, Heading, Trouble } from './till.tsx'
import { Picture, Who } from './who.tsx'

type DealProps = { readonly deal: DealView }

export function AskScreen(): JSX.Element {
  const text = useWords(words)
  const locale = useLocale()
  const till = useTill()
  const state = useRegister()
  const { question, busy } = state
  const set = (next: QuestionDraft): void => till.store.update((now) => ({ ...now, question: next, problem: null }))
  return (
    <form
      class="ask"
      onSubmit={(event) => {
        event.preventDefault()
        if (questionOf(question) !== null && busy === null) perform(till, 'ask-now')
      }}
    >
      <Heading>{text.askTitle}</Heading>
      <p class="what-if">{text.askText}</p>
      <div class="ask-presets" role="group" aria-label={text.presets}>
        {PRESETS.map((preset, index) => (
          <Button
            key={preset}
            kind={question.preset === preset ? 'plain' : 'quiet'}
            shortcut={String(index + 1)}
            onPress={() => set(presetQuestion(preset, text[`reason_${preset}`]))}
          >
            {text[`preset_${preset}`]}
          </Button>
        ))}
      </div>
      <fieldset class="ask-for">
        <legend class="field-label">{text.askFor}</legend>
        {ASKABLE.map((what) => (
          <Switch
            key={what}
            label={askableText(what, locale)}
            checked={question.attributes.includes(what)}
            onChange={() => set(withAsked(question, what))}
          />
        ))}
        <p class="what-if">{text.askForText}</p>
      </fieldset>
      <Field
        label={text.reason}
        hint={text.reasonHint}
        value={question.reason}
        onInput={(reason) => set(withReason(question, reason))}
        maxLength={REASON_LENGTH}
      />
      <Trouble state={state} isAboutMoney={false} />
      <Button kind="seal" type="submit" wide shortcut="Enter" disabled={questionOf(question) === null}>
        {text.actAskNow}
      </Button>
    </form>
  )
}

/** At the left, where a bill would be. */
export function QuestionPaper({ question }: { readonly question: Question }): JSX.Element {
  const text = useWords(words)
  const locale = useLocale()
  return (
    <section class="bill question-paper" aria-label={text.asked}>
      <h2>{text.asked}</h2>
      <ul class="bill-lines" role="list">
        {[text.askedName, ...question.attributes.map((what) => askableText(what, locale))].map((what) => (
          <li class="bill-line" key={what}>
            <span class="line-text">{what}</span>
          </li>
        ))}
      </ul>
      <p class="question-reason">
        <span class="field-label">{text.reason}</span>
        {question.reason}
      </p>
    </section>
  )
}

/** A phone has joined a question: its owner decides what to show. */
export function WaitingForAnswer({ deal }: DealProps): JSX.Element {
  const text = useWords(words)
  const { clockOffsetMs } = useRegister()
  return (
    <>
      <Heading>{text.titleJoined(deal.payer?.name ?? '')}</Heading>
      <Who deal={deal} />
      <p class="deal-text">{text.isItThem}</p>
      <ActionButton action="release" />
      <div class="waiting">
        <p class="waiting-for" role="status">
          {text.waitingForAnswer}
        </p>
        {deal.turnEndsAt === null ? null : (
          <TimeLeft
            key={deal.turnEndsAt}
            open
            endsAtMs={deal.turnEndsAt}
            lastsMs={IDLE_JOIN_MS}
            clockOffsetMs={clockOffsetMs}
          />
        )}
        <p class="what-if">{text.waitingForAnswerText}</p>
      </div>
    </>
  )
}

/** What somebody showed is for whoever asked, and not for the next one at the counter. */
const STAYS_SECONDS = 60

export function Proven({ deal }: DealProps): JSX.Element {
  const text = useWords(words)
  const locale = useLocale()
  const { hub } = useTill()
  const seconds = useCountdown(STAYS_SECONDS, hub.next)
  return (
    <div class="proven">
      <Heading>{text.titleProven(deal.payer?.name ?? '')}</Heading>
      <Picture deal={deal} />
      <div class="facts">
        <AnswerLines deal={deal} />
      </div>
      {deal.answered === null ? null : (
        <p class="deal-text">
          {text.provenBy(strengthText(deal.answered.strength, locale), formatTime(deal.answered.at, locale))}
        </p>
      )}
      <div class="paid-actions">
        <ActionButton action="next" kind="seal" />
      </div>
      <p class="what-if">{text.provenLeaves(seconds)}</p>
    </div>
  )
}

/** What was asked, line by line, with what was shown of it. */
export function AnswerLines({ deal }: DealProps): JSX.Element {
  const locale = useLocale()
  return (
    <>
      {answerRows(deal, locale).map(({ label, value }, index) => (
        <ReceiptLine key={index} label={label} value={value} />
      ))}
    </>
  )
}

function answerRows(deal: DealView, locale: Locale): readonly Readonly<{ label: string; value: string }>[] {
  const text = words[locale]
  const facts = deal.payer === null ? [] : factsOf(deal.payer.shown, locale)
  const rowsOf = (what: Askable): readonly Readonly<{ label: string; value: string }>[] => {
    const label = askableText(what, locale)
    if (deal.answered?.released.includes(what) !== true) return [{ label, value: text.notShown }]
    // The picture is seen.
    if (what === 'portrait') return deal.payer?.shown.portrait === true ? [] : [{ label, value: text.nothingVerified }]
    const shown = facts.filter((fact) => fact.what === what)
    return shown.length > 0 ? shown : [{ label, value: text.nothingVerified }]
  }
  return (deal.question?.attributes ?? []).flatMap(rowsOf)
}

/** Whole seconds until `onEnd`, counted on this screen alone. */
export function useCountdown(from: number, onEnd: () => void): number {
  const [seconds, setSeconds] = useState(from)
  useEffect(() => {
    const timer = setInterval(() => setSeconds((left) => left - 1), 1000)
    return () => clearInterval(timer)
  }, [])
  useEffect(() => {
    if (seconds <= 0) onEnd()
  }, [seconds])
  return Math.max(seconds, 0)
}
