// Where people type or choose: a text field, a PIN, a switch, a few choices of one.
import type { JSX } from 'preact'
import { useEffect, useId, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { maskedText } from '#core/card-number.ts'
import { useWords } from './i18n.ts'
import { Icon } from './icons.tsx'
import { kitWords } from './words.ts'

export type FieldProps = {
  readonly label: string
  readonly value: string
  readonly onInput: (value: string) => void
  readonly hint?: string
  /** What is wrong and what to do; read out when it appears. */
  readonly error?: string | undefined
  readonly type?: 'text' | 'password' | 'search' | 'email' | 'tel' | 'date'
  readonly inputMode?: 'text' | 'numeric' | 'decimal' | 'email' | 'tel' | 'search'
  readonly autoComplete?: string
  readonly maxLength?: number
  readonly required?: boolean
  readonly disabled?: boolean
  readonly autoFocus?: boolean
  readonly name?: string
  /** More than one line. */
  readonly lines?: number
}

/** A card number that is typed here is hidden at once, and whoever typed it is told: a name or note is read by others. */
export function Field(props: FieldProps): JSX.Element {
  const id = useId()
  const words = useWords(kitWords)
  const [isMasked, setMasked] = useState(false)
  const input = useRef<HTMLInputElement | HTMLTextAreaElement | null>(null)
  useLayoutEffect(() => {
    if (props.autoFocus) input.current?.focus()
  }, [])
  const error = props.error ?? (isMasked ? words.cardNumberHidden : undefined)
  const shared = {
    id,
    ref: (element: HTMLInputElement | HTMLTextAreaElement | null) => {
      input.current = element
    },
    class: 'field-input',
    value: props.value,
    onInput: ({ currentTarget }: { readonly currentTarget: { value: string } }) => {
      const typed = currentTarget.value
      const shown = props.type === 'password' ? typed : maskedText(typed)
      // The same number typed over its own mask changes nothing, and would not be drawn anew.
      if (shown !== typed) currentTarget.value = shown
      setMasked(shown !== typed || (isMasked && shown.includes('•')))
      props.onInput(shown)
    },
    autocomplete: props.autoComplete ?? 'off',
    disabled: props.disabled ?? false,
    required: props.required ?? false,
    'aria-invalid': error !== undefined,
    'aria-describedby': `${id}-about`,
    ...(props.inputMode === undefined ? {} : { inputMode: props.inputMode }),
    ...(props.maxLength === undefined ? {} : { maxLength: props.maxLength }),
    ...(props.name === undefined ? {} : { name: props.name }),
  }
  return (
    <div class={error === undefined ? 'field' : 'field field-wrong'}>
      <label class="field-label" for={id}>
        {props.label}
      </label>
      {props.lines === undefined ? (
        // Preact types every kind of input apart; these kinds take the same attributes.
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion
        <input {...({ type: props.type ?? 'text', ...shared } as JSX.IntrinsicElements['input'])} />
      ) : (
        <textarea rows={props.lines} {...shared} />
      )}
      <FieldAbout id={`${id}-about`} hint={props.hint} error={error} />
    </div>
  )
}

/** The hint below a field, and what is wrong with it; for fields that are not of the kit too. */
export function FieldAbout({ id, hint, error }: { id: string; hint: string | undefined; error: string | undefined }) {
  return (
    <div class="field-about" id={id}>
      {hint === undefined ? null : <span class="field-hint">{hint}</span>}
      <span class="field-error" aria-live="polite">
        {error === undefined ? null : (
          <>
            <Icon name="warning" size={18} /> {error}
          </>
        )}
      </span>
    </div>
  )
}

export type PinFieldProps = {
  readonly label: string
  readonly value: string
  readonly onInput: (value: string) => void
  readonly length?: number
  /** Called with the PIN when its last digit is in. */
  readonly onComplete?: (pin: string) => void
  readonly hint?: string
  readonly error?: string | undefined
  readonly disabled?: boolean
  readonly autoFocus?: boolean
  /** A Keypad on the screen types into it, so the phone's own keyboard stays away. */
  readonly withKeypad?: boolean
}

/** A PIN as dots. The real field lies over the dots, so that it is an ordinary field to every helper. */
export function PinField(props: PinFieldProps): JSX.Element {
  const { value, length = 6 } = props
  const words = useWords(kitWords)
  const id = useId()
  const input = useRef<HTMLInputElement>(null)
  useLayoutEffect(() => {
    if (props.autoFocus) input.current?.focus()
  }, [])
  const enter = (typed: string) => {
    const digits = typed.normalize('NFKC').replaceAll(/\D/gu, '').slice(0, length)
    if (input.current !== null) input.current.value = digits
    if (digits !== value) props.onInput(digits)
  }
  useEffect(() => {
    if (value.length === length) props.onComplete?.(value)
  }, [value])
  return (
    <div class={props.error === undefined ? 'field pin' : 'field field-wrong pin'}>
      <label class="field-label" for={id}>
        {props.label}
      </label>
      <div class="pin-box">
        <div class="pin-dots" aria-hidden="true">
          {Array.from({ length }, (_, place) => (
            <span class={place < value.length ? 'pin-dot pin-dot-full' : 'pin-dot'} key={place} />
          ))}
        </div>
        <input
          id={id}
          ref={input}
          class="pin-input"
          type="password"
          inputMode={props.withKeypad ? 'none' : 'numeric'}
          autocomplete="off"
          // A dialog that opens around the field looks for this attribute; focusing it earlier would be in vain.
          autofocus={props.autoFocus ?? false}
          data-1p-ignore
          data-lpignore="true"
          value={value}
          disabled={props.disabled ?? false}
          aria-invalid={props.error !== undefined}
          aria-describedby={`${id}-about`}
          onInput={(event) => enter(event.currentTarget.value)}
        />
      </div>
      <span class="hidden" role="status">
        {value.length === 0 ? '' : words.digitsEntered(value.length, length)}
      </span>
      <FieldAbout id={`${id}-about`} hint={props.hint} error={props.error} />
    </div>
  )
}

export type SwitchProps = {
  readonly label: string
  readonly checked: boolean
  readonly onChange: (checked: boolean) => void
  readonly hint?: string
  readonly disabled?: boolean
}

export function Switch({ label, checked, onChange, hint, disabled = false }: SwitchProps): JSX.Element {
  return (
    <label class="switch">
      <span class="switch-text">
        {label}
        {hint === undefined ? null : <span class="switch-hint">{hint}</span>}
      </span>
      <input
        type="checkbox"
        role="switch"
        checked={checked}
        disabled={disabled}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
      <span class="switch-track" aria-hidden="true" />
    </label>
  )
}

export type SegmentedProps<Value extends string> = {
  readonly label: string
  readonly value: Value
  readonly options: readonly { readonly value: Value; readonly label: string; readonly lang?: string }[]
  readonly onChange: (value: Value) => void
  readonly hideLabel?: boolean
}

/** A few choices of which one is on, as native radio buttons. */
export function Segmented<Value extends string>(props: SegmentedProps<Value>): JSX.Element {
  const name = useId()
  return (
    <fieldset class="segmented">
      <legend class={props.hideLabel ? 'hidden' : 'field-label'}>{props.label}</legend>
      <div class="segmented-options">
        {props.options.map((option) => (
          <label class="segment" key={option.value}>
            <input
              type="radio"
              name={name}
              value={option.value}
              checked={option.value === props.value}
              onChange={() => props.onChange(option.value)}
            />
            <span {...(option.lang === undefined ? {} : { lang: option.lang })}>{option.label}</span>
          </label>
        ))}
      </div>
    </fieldset>
  )
}
