// Somebody asks who one is: who, what for, and which of the things asked for one lets them see. No money. To decline is the first answer,
// because a number shown elsewhere is how others are made to sign in for a thief.
import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import type { PaymentView } from '#protocol/views.ts'
import { askableText } from '#apps/shared/shown.ts'
import { Switch } from '#ui/fields.tsx'
import { Banner, Button, Screen } from '#ui/kit.tsx'
import { formatDateTime, useLocale, useWords } from '#ui/i18n.ts'
import { answersTo, hasValue, partOf, releasesFor, shownIfAll, type Answer } from '../mine.ts'
import type { State } from '../state.ts'
import { shownText } from '../said.ts'
import { askedWords } from '../words-asked.ts'
import { walletWords } from '../words.ts'
import { Half } from './half.tsx'
import { ChallengeNote, OnItsWay, TimeToDecide, type JoinedProps } from './joined.tsx'
import { PinSheet } from './pin-sheet.tsx'
import { ProblemNote } from './problem.tsx'

type Question = NonNullable<PaymentView['question']>
type QuestionProps = JoinedProps & { readonly question: Question }

export function QuestionAsked(props: QuestionProps): JSX.Element {
  const { state, act, current, view, question } = props
  const words = useWords(askedWords)
  const locale = useLocale()
  const { name } = view.biller
  useEffect(act.readForShowing, [view.payment])
  return (
    <Screen title={words.question(name)} banners={props.banners} actions={<Answers {...props} />}>
      <Half view={view} sealed={false} />
      {view.unasked ? (
        <Banner kind="trouble">
          <span class="sentence strong">{words.unasked}</span>
          <span class="sentence">{words.unaskedText(name)}</span>
        </Banner>
      ) : null}
      <ChallengeNote view={view} />
      {current.problem === null ? null : <ProblemNote problem={current.problem} />}
      <OnItsWay {...props} />
      <p>
        <strong>{words.reason(question.reason)}</strong> <span class="quiet">{words.noMoney}</span>
      </p>
      <section class="stack-small" aria-label={words.youShow}>
        <h2 class="part">{words.youShow}</h2>
        <p class="always">
          {words.nameAlways}
          <span class="switch-hint">{words.nameAlwaysHint(state.self?.name ?? '')}</span>
        </p>
        {answersOf(state, view, question).map((answer) => (
          <AnswerSwitch key={answer.attribute} answer={answer} state={state} choose={act.choose} />
        ))}
        <p class="quiet small">{words.shownTo(name)}</p>
      </section>
      {view.turnEndsAt === null ? (
        <p class="quiet small">{words.endsAt(formatDateTime(view.expiresAt, locale))}</p>
      ) : current.sending === null ? (
        <TimeToDecide
          endsAtMs={view.turnEndsAt}
          clockOffsetMs={state.clockOffsetMs}
          more={act.moreTime}
          said={words.ifNothing}
        />
      ) : null}
      <PinSheet {...props} />
    </Screen>
  )
}

/** How the switches stand. */
const answersOf = ({ mine, current }: State, view: PaymentView, question: Question): readonly Answer[] =>
  answersTo(
    question,
    mine.releases && releasesFor(mine.releases, view.biller.party),
    current?.chosen ?? {},
    mine.profile && shownIfAll(mine.profile),
  )

type AnswerSwitchProps = {
  readonly answer: Answer
  readonly state: State
  readonly choose: JoinedProps['act']['choose']
}

function AnswerSwitch({ answer, state, choose }: AnswerSwitchProps): JSX.Element {
  const words = useWords(askedWords)
  const locale = useLocale()
  const { attribute, isOn, mayChange } = answer
  const { profile } = state.mine
  const all = profile && shownIfAll(profile)
  const value =
    all === null ? '' : hasValue(all, attribute) ? shownText(partOf(all, [attribute]), locale) : words.nothingKnown
  return (
    <Switch
      label={askableText(attribute, locale)}
      hint={mayChange || value === words.nothingKnown ? value : words.neverShown}
      checked={isOn}
      disabled={!mayChange}
      onChange={(wanted) => choose(attribute, wanted)}
    />
  )
}

function Answers({ act, current, view }: QuestionProps): JSX.Element {
  const words = useWords(askedWords)
  const wallet = useWords(walletWords)
  const { sending } = current
  const isAnswering = sending === 'prove' || sending === 'respond'
  return (
    <div class="question-answers">
      <div class="two">
        <Button kind="seal" wide busy={sending === 'decline'} disabled={isAnswering} onPress={act.decline}>
          {sending === 'decline' ? wallet.declining : wallet.decline}
        </Button>
        <Button
          wide
          busy={isAnswering}
          disabled={sending === 'decline'}
          onPress={view.challenge === null ? act.confirm : act.answer}
        >
          {view.challenge !== null ? wallet.enterPin : sending === 'prove' ? words.confirming : words.confirm}
        </Button>
      </div>
      {view.unasked ? (
        <Button kind="quiet" wide disabled={sending !== null} onPress={act.done}>
          {wallet.decideLater}
        </Button>
      ) : null}
    </div>
  )
}
