// Setting up: the one-time code, the PIN, a passkey.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { Button, Screen } from '#ui/kit.tsx'
import { Field, PinField } from '#ui/fields.tsx'
import { Keypad } from '#ui/keypad.tsx'
import { useWords } from '#ui/i18n.ts'
import { LanguageChoice } from '#ui/settings.tsx'
import type { ScreenOf } from '../app.tsx'
import { PIN_LENGTH } from '../enrolment.ts'
import type { Place } from '../state.ts'
import { walletWords } from '../words.ts'
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
    <Screen title={words.enrol} banners={banners}>
      <form class="stack" onSubmit={submit}>
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
      <LanguageChoice hideLabel />
    </Screen>
  )
}

/** PINs that everybody tries first: one digit six times, and counting up or down. */
export const isTooEasy = (pin: string): boolean =>
  /^(\d)\1+$/u.test(pin) || '01234567890'.includes(pin) || '09876543210'.includes(pin)

export function ChoosePin({ place, act, banners }: At<'choose-pin'>): JSX.Element {
  const words = useWords(walletWords)
  const [first, setFirst] = useState<string | null>(null)
  const [pin, setPin] = useState('')
  const [trouble, setTrouble] = useState<'differs' | 'easy' | null>(null)
  const enter = (whole: string): void => {
    setPin('')
    if (first === null && isTooEasy(whole)) return setTrouble('easy')
    if (first === null) {
      setTrouble(null)
      return setFirst(whole)
    }
    if (whole === first) return act.choosePin(whole)
    setTrouble('differs')
    return setFirst(null)
  }
  const said = { differs: words.pinDiffers, easy: words.pinTooEasy }
  return (
    <Screen title={words.choosePin} banners={banners}>
      <p class="quiet">{words.choosePinText}</p>
      {place.problem === null ? null : <ProblemNote problem={place.problem} isAboutMoney={false} />}
      <div class="pin-place">
        <PinField
          key={first === null ? 'once' : 'twice'}
          label={first === null ? words.pinOnce : words.pinTwice}
          value={pin}
          length={PIN_LENGTH}
          onInput={setPin}
          onComplete={enter}
          error={trouble === null ? undefined : said[trouble]}
          disabled={place.busy}
          autoFocus={first !== null}
          withKeypad
        />
        <Keypad value={pin} onInput={setPin} maxLength={PIN_LENGTH} disabled={place.busy} />
        {first === null ? null : (
          <Button
            kind="quiet"
            onPress={() => {
              setFirst(null)
              setPin('')
            }}
          >
            {words.startOver}
          </Button>
        )}
      </div>
    </Screen>
  )
}

export function AddPasskey({ place, act, banners }: At<'add-passkey'>): JSX.Element {
  const words = useWords(walletWords)
  const leave = place.from === 'enrolment' ? act.skipPasskey : () => act.go({ at: 'settings' })
  return (
    <Screen
      title={words.addPasskey}
      banners={banners}
      actions={
        <>
          <Button kind="seal" wide busy={place.busy} onPress={act.addPasskey}>
            {words.addPasskeyGo}
          </Button>
          <Button wide onPress={leave}>
            {words.later}
          </Button>
        </>
      }
    >
      <p class="quiet">{words.addPasskeyText}</p>
      {place.problem === null ? null : <ProblemNote problem={place.problem} isAboutMoney={false} />}
    </Screen>
  )
}
