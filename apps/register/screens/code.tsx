// Enrolment outside the demo town: the one-time code, typed or from the address (#code=…), and the register's name.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { useWords } from '#ui/i18n.ts'
import { Field } from '#ui/fields.tsx'
import { Button, Screen } from '#ui/kit.tsx'
import { LanguageChoice } from '#ui/settings.tsx'
import { useRegister, useTill } from '../context.tsx'
import { words } from '../words.ts'
import { Trouble } from './till.tsx'

const NAME_LENGTH = 60

export function CodeScreen(): JSX.Element {
  const text = useWords(words)
  const { hub } = useTill()
  const state = useRegister()
  const [code, setCode] = useState(() => codeInAddress())
  const [label, setLabel] = useState<string>(text.register)
  const isReady = code.trim().length >= 8 && label.trim() !== ''
  const send = (): void => {
    if (isReady && state.busy === null) void hub.enrolWith(code.trim(), label.trim())
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
        <Field label={text.label} hint={text.labelHint} value={label} onInput={setLabel} maxLength={NAME_LENGTH} />
        <Trouble state={state} isAboutMoney={false} />
        <Button kind="seal" type="submit" wide busy={state.busy === 'enrol'} disabled={!isReady}>
          {text.enrol}
        </Button>
      </form>
      <LanguageChoice />
    </Screen>
  )
}

/** In the fragment, so that no log ever holds it. */
const codeInAddress = (): string => new URLSearchParams(location.hash.replace(/^#\??/u, '')).get('code') ?? ''
