// Signing up: the address, the code from the mail, the names, the day of birth. One question each.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { Button } from '#ui/kit.tsx'
import { Field } from '#ui/fields.tsx'
import { useWords } from '#ui/i18n.ts'
import type { ScreenOf } from '../app.tsx'
import { isBirthDate, SIGN_UP_STEPS, type SignUpPlace } from '../beginning.ts'
import { beginningWords } from '../words-beginning.ts'
import { CodeStep, EmailStep, Step, type StepProps } from './step.tsx'

type SignUpProps = ScreenOf & { readonly place: SignUpPlace }

export function SignUp({ place, act, banners }: SignUpProps): JSX.Element {
  const words = useWords(beginningWords)
  const { step, draft, busy, problem } = place
  const where = words.step(SIGN_UP_STEPS.indexOf(step) + 1, SIGN_UP_STEPS.length)
  const shared = { banners, busy, problem, where, onBack: act.begin.backInSignUp }
  switch (step) {
    case 'email':
      return (
        <EmailStep
          {...shared}
          key={step}
          title={words.email}
          text={words.emailText}
          first={draft.email}
          onEmail={(email) => act.begin.write({ email })}
          onCode={act.begin.codeIsThere}
        />
      )
    case 'code':
      return (
        <CodeStep
          {...shared}
          key={step}
          title={words.code}
          text={words.codeSent(draft.email)}
          onCode={(code) => act.begin.write({ code })}
          onAgain={act.begin.sendAgain}
        />
      )
    case 'names':
      return <Names {...shared} key={step} title={words.names} act={act} place={place} />
    case 'birth':
      return <Birth {...shared} key={step} title={words.birth} act={act} place={place} />
  }
}

type Asked = StepProps & Pick<SignUpProps, 'act' | 'place'>

const NAME_LENGTH = 60

function Names({ act, place, ...step }: Asked): JSX.Element {
  const words = useWords(beginningWords)
  const [displayName, setDisplayName] = useState(place.draft.displayName)
  const [legalName, setLegalName] = useState(place.draft.legalName)
  const [isAsked, setAsked] = useState(false)
  const missing = (name: string): string | undefined => (isAsked && name.trim() === '' ? words.nameMissing : undefined)
  const go = (): void => {
    setAsked(true)
    const names = { displayName: displayName.trim(), legalName: legalName.trim() }
    if (names.displayName !== '' && names.legalName !== '') act.begin.write(names)
  }
  return (
    <Step {...step} text={words.namesText} go={words.next} onGo={go}>
      <Field
        label={words.displayName}
        hint={words.displayNameHint}
        autoComplete="nickname"
        value={displayName}
        onInput={setDisplayName}
        maxLength={NAME_LENGTH}
        error={missing(displayName)}
      />
      <Field
        label={words.legalName}
        hint={words.legalNameHint}
        autoComplete="name"
        value={legalName}
        onInput={setLegalName}
        maxLength={NAME_LENGTH}
        error={missing(legalName)}
      />
    </Step>
  )
}

function Birth({ act, place, ...step }: Asked): JSX.Element {
  const words = useWords(beginningWords)
  const [birthDate, setBirthDate] = useState(place.draft.birthDate)
  const [isWrong, setWrong] = useState(false)
  const go = (): void => {
    const isRight = isBirthDate(birthDate, today())
    setWrong(!isRight)
    if (isRight) act.begin.write({ birthDate })
  }
  const without = (
    <Button kind="quiet" wide disabled={step.busy} onPress={() => act.begin.write({ birthDate: '' })}>
      {words.without}
    </Button>
  )
  return (
    <Step {...step} text={words.birthText} go={words.openAccount} onGo={go} other={without}>
      <Field
        label={words.birthField}
        type="date"
        autoComplete="bday"
        value={birthDate}
        onInput={setBirthDate}
        error={isWrong ? words.birthWrong : undefined}
      />
    </Step>
  )
}

/** YYYY-MM-DD of this phone's calendar. */
export function today(): string {
  const now = new Date()
  const two = (part: number): string => String(part).padStart(2, '0')
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`
}
