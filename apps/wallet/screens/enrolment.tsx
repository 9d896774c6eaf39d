// Setting up: the one-time code, the PIN, a passkey or a security key.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { Button, Screen } from '#ui/kit.tsx'
import { Field } from '#ui/fields.tsx'
import { useWords } from '#ui/i18n.ts'
import { LanguageChoice } from '#ui/settings.tsx'
import type { ScreenOf } from '../app.tsx'
import type { Place } from '../state.ts'
import { walletWords } from '../words.ts'
import { mineWords } from '../words-mine.ts'
import { PinTwice } from './pin-twice.tsx'
import { ProblemNote } from './problem.tsx'

type At<Name extends Place['at']> = ScreenOf & { readonly place: Extract<Place, { at: Name }> }

/** What a code has at least, as the hub takes it. */
const CODE = /^[0-9A-Za-z -]{8,40}$/u

export function Enrol({ place, state, act, banners, code }: At<'enrol'> & { readonly code: string | undefined }) {
  const words = useWords(walletWords)
  const [typed, setTyped] = useState(code ?? '')
  const [label, setLabel] = useState('')
  const [isMissing, setMissing] = useState(false)
  if (state.scheme?.demo && place.busy) {
    return (
      <Screen title={words.appName} banners={banners} takesFocus={false}>
        <p class="quiet" role="status">
          {words.enrolDemo}
        </p>
      </Screen>
    )
  }
  const submit = (event: Event): void => {
    event.preventDefault()
    const isWhole = CODE.test(typed.trim())
    setMissing(!isWhole)
    if (isWhole && !place.busy) act.enrol(typed.trim(), label.trim() || words.defaultLabel)
  }
  return (
    <Screen title={words.enrol} banners={banners} onBack={act.begin.choose}>
      <form class="stack" noValidate onSubmit={submit}>
        <p class="quiet">{words.enrolText}</p>
        {place.problem === null ? null : <ProblemNote problem={place.problem} isAboutMoney={false} />}
        <Field
          label={words.enrolCode}
          hint={words.enrolCodeHint}
          value={typed}
          onInput={setTyped}
          maxLength={40}
          error={isMissing ? words.codeMissing : undefined}
          autoComplete="one-time-code"
          required
        />
        <Field label={words.enrolLabel} hint={words.enrolLabelHint} value={label} onInput={setLabel} maxLength={60} />
        <Button kind="seal" type="submit" wide busy={place.busy}>
          {words.enrolGo}
        </Button>
      </form>
      <div class="at-the-end">
        <LanguageChoice hideLabel />
      </div>
    </Screen>
  )
}

export function ChoosePin({ place, act, banners }: At<'choose-pin'>): JSX.Element {
  const words = useWords(walletWords)
  return (
    <Screen title={words.choosePin} banners={banners}>
      <p class="quiet">{words.choosePinText}</p>
      {place.problem === null ? null : <ProblemNote problem={place.problem} isAboutMoney={false} />}
      <PinTwice busy={place.busy} onChosen={act.choosePin} />
    </Screen>
  )
}

export function AddPasskey({ place, act, banners }: At<'add-passkey'>): JSX.Element {
  const words = useWords(walletWords)
  const mine = useWords(mineWords)
  const leave = place.from === 'enrolment' ? act.skipPasskey : () => act.go({ at: 'security' })
  return (
    <Screen
      title={place.roaming ? mine.keyAddTitle : words.addPasskey}
      banners={banners}
      actions={
        <>
          <Button kind="seal" wide busy={place.busy} onPress={act.addPasskey}>
            {place.roaming ? mine.keyAdd : words.addPasskeyGo}
          </Button>
          <Button wide onPress={leave}>
            {words.later}
          </Button>
        </>
      }
    >
      <p class="quiet">{place.roaming ? mine.keyAddText : words.addPasskeyText}</p>
      {place.problem === null ? null : <ProblemNote problem={place.problem} isAboutMoney={false} />}
    </Screen>
  )
}
