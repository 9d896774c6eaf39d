// Enrolment outside the demo town: the one-time code, typed or from the address (#code=…). Whoever made it has named the register.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { useWords } from '#ui/i18n.ts'
import { Field } from '#ui/fields.tsx'
import { Button, Screen } from '#ui/kit.tsx'
import { LanguageChoice } from '#ui/settings.tsx'
import { codeInAddress } from '../address.ts'
import { useRegister, useTill } from '../context.tsx'
import { words } from '../words.ts'
import { Trouble } from './till.tsx'

export function CodeScreen(): JSX.Element {
  const text = useWords(words)
  const { hub } = useTill()
  const state = useRegister()
  const [code, setCode] = useState(() => codeInAddress())
  const isReady = code.trim().length >= 8
  const send = (): void => {
    if (isReady && state.busy === null) void hub.enrolWith(code.trim())
  }
  return (
    <Screen title={text.codeTitle} takesFocus={false}>
      <p>{text.codeText}</p>
      <form
        class="code-form"
        onSubmit={(event) => {
          event.preventDefault()
          send()
        }}
      >
        <Field label={text.code} hint={text.codeHint} value={code} onInput={setCode} maxLength={40} autoFocus />
        <Trouble state={state} isAboutMoney={false} />
        <Button kind="seal" type="submit" wide busy={state.busy === 'enrol'} disabled={!isReady}>
          {text.enrol}
        </Button>
      </form>
      <LanguageChoice />
    </Screen>
  )
}
