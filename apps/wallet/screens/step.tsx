// One question of a beginning: a form with its answer at the bottom, and the two that both ways ask: the address and the mail's code.
import type { ComponentChildren, JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { Problem } from '#protocol/problems.ts'
import { Banner, Button, Screen } from '#ui/kit.tsx'
import { Field } from '#ui/fields.tsx'
import { useWords } from '#ui/i18n.ts'
import { isEmail, mailCodeOf } from '../beginning.ts'
import { beginningWords } from '../words-beginning.ts'
import { ProblemNote } from './problem.tsx'

export type StepProps = {
  readonly title: string
  readonly banners: JSX.Element
  readonly onBack: () => void
  readonly busy: boolean
  readonly problem: Problem | null
  /** "Step 2 of 4" */
  readonly where?: string
}

type FormProps = StepProps & {
  readonly text?: string
  readonly go: string
  readonly onGo: () => void
  readonly other?: ComponentChildren
  readonly children: ComponentChildren
}

export function Step(props: FormProps): JSX.Element {
  const { title, banners, onBack, busy, problem } = props
  return (
    <Screen title={title} banners={banners} onBack={onBack}>
      <form
        class="stack step"
        // The browser's own words would come in its language and go by themselves.
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          if (!busy) props.onGo()
        }}
      >
        {props.where === undefined ? null : <p class="quiet small">{props.where}</p>}
        {props.text === undefined ? null : <p class="quiet">{props.text}</p>}
        {problem === null ? null : <MailProblem problem={problem} />}
        {props.children}
        <div class="stack-small step-answers">
          <Button kind="seal" type="submit" wide busy={busy}>
            {props.go}
          </Button>
          {props.other}
        </div>
      </form>
    </Screen>
  )
}

/** Two codes mean something else here than at a till. */
function MailProblem({ problem }: { readonly problem: Problem }): JSX.Element {
  const words = useWords(beginningWords)
  const own = {
    'code-not-found': [words.codeWrong, words.codeWrongNext],
    'too-many-tries': [words.tooMany, words.tooManyNext],
  } as const
  if (problem.code !== 'code-not-found' && problem.code !== 'too-many-tries') {
    return <ProblemNote problem={problem} isAboutMoney={false} />
  }
  const [sentence, next] = own[problem.code]
  return (
    <Banner kind="trouble">
      <span class="sentence strong">{sentence}</span>
      <span class="sentence">{next}</span>
    </Banner>
  )
}

type EmailStepProps = StepProps & {
  readonly text: string
  readonly first: string
  readonly onEmail: (email: string) => void
  /** the code is there already: the last mail's is good for a day, while no other comes */
  readonly onCode?: (email: string) => void
}

export function EmailStep({ first, onEmail, onCode, ...step }: EmailStepProps): JSX.Element {
  const words = useWords(beginningWords)
  const [email, setEmail] = useState(first)
  const [isWrong, setWrong] = useState(false)
  const goBy = (way: (email: string) => void) => (): void => {
    const address = email.trim()
    setWrong(!isEmail(address))
    if (isEmail(address)) way(address)
  }
  const have =
    onCode !== undefined && step.problem?.code === 'too-many-tries' ? (
      <Button kind="quiet" wide disabled={step.busy} onPress={goBy(onCode)}>
        {words.codeHave}
      </Button>
    ) : undefined
  return (
    <Step {...step} go={words.sendCode} onGo={goBy(onEmail)} other={have}>
      <Field
        label={words.emailField}
        type="email"
        inputMode="email"
        autoComplete="email"
        value={email}
        onInput={setEmail}
        maxLength={254}
        error={isWrong ? words.emailWrong : undefined}
      />
    </Step>
  )
}

type CodeStepProps = StepProps & {
  readonly text: string
  readonly onCode: (code: string) => void
  readonly onAgain: () => void
}

export function CodeStep({ onCode, onAgain, ...step }: CodeStepProps): JSX.Element {
  const words = useWords(beginningWords)
  const [typed, setTyped] = useState('')
  const [isShort, setShort] = useState(false)
  const go = (): void => {
    const code = mailCodeOf(typed)
    setShort(code === undefined)
    if (code !== undefined) onCode(code)
  }
  const again = (
    <Button kind="quiet" wide disabled={step.busy} onPress={onAgain}>
      {words.codeAgain}
    </Button>
  )
  return (
    <Step {...step} go={words.next} onGo={go} other={again}>
      <Field
        label={words.codeField}
        inputMode="numeric"
        autoComplete="one-time-code"
        value={typed}
        onInput={setTyped}
        maxLength={30}
        hint={words.codeNone}
        error={isShort ? words.codeShort : undefined}
      />
    </Step>
  )
}
