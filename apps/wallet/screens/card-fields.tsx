// The three fields of a card. Browsers fill them from what they have saved, or scan a card into them; what is typed or pasted in any of the
// usual ways comes out in one. What stands in them lives in the form, and nowhere else.
import type { JSX } from 'preact'
import { useId, useState } from 'preact/hooks'
import { FieldAbout } from '#ui/fields.tsx'
import { useLocale, useWords } from '#ui/i18n.ts'
import {
  brandOf,
  caretBehind,
  codeLength,
  digitsOf,
  expiryOf,
  expiryShown,
  grouped,
  issuerOf,
  numberFault,
  type Typed,
} from '../card-typing.ts'
import type { CardKeysView } from '#protocol/cards.ts'
import { issuerName } from '../card-text.ts'
import { cardWords } from '../words-cards.ts'

type InputProps = Readonly<{
  label: string
  hint: string
  error: string | undefined
  value: string
  /** what browsers know the field by */
  autoComplete: 'cc-number' | 'cc-exp' | 'cc-csc'
  autoFocus?: boolean
  onInput: (input: HTMLInputElement) => void
  onLeave: () => void
  maxLength: number
}>

function Input({
  label,
  hint,
  error,
  value,
  autoComplete,
  autoFocus,
  onInput,
  onLeave,
  maxLength,
}: InputProps): JSX.Element {
  const id = useId()
  return (
    <div class={error === undefined ? 'field' : 'field field-wrong'}>
      <label class="field-label" for={id}>
        {label}
      </label>
      <input
        id={id}
        class="field-input card-input"
        name={autoComplete}
        autocomplete={autoComplete}
        inputMode="numeric"
        spellcheck={false}
        autofocus={autoFocus ?? false}
        maxLength={maxLength}
        value={value}
        aria-invalid={error !== undefined}
        aria-describedby={`${id}-about`}
        onInput={({ currentTarget }) => onInput(currentTarget)}
        onBlur={onLeave}
      />
      <FieldAbout id={`${id}-about`} hint={hint} error={error} />
    </div>
  )
}

export type CardFieldsProps = Readonly<{
  typed: Typed
  onInput: (change: Partial<Typed>) => void
  ranges: CardKeysView['ranges']
  /** the month now: 2026-11 */
  today: string
  /** somebody has pressed on: all that is missing is said */
  isTold: boolean
}>

export function CardFields({ typed, onInput, ranges, today, isTold }: CardFieldsProps): JSX.Element {
  const words = useWords(cardWords)
  const [left, setLeft] = useState<ReadonlySet<keyof Typed>>(new Set())
  const leave = (field: keyof Typed) => (): void => {
    if (typed[field] !== '') setLeft(new Set([...left, field]))
  }
  const isDone = (field: keyof Typed): boolean => isTold || left.has(field)

  const digits = digitsOf(typed.number)
  const fault = numberFault(digits, isDone('number'))
  const isForeign = isForeignTo(digits, ranges)
  const numberError = isForeign ? words.unknownIssuer : fault === null ? undefined : words[fault]
  const expiry = expiryOf(typed.expires, today)
  const expiryError =
    typeof expiry === 'string'
      ? words[expiry]
      : expiry === null && isDone('expires')
        ? words['expiry-wrong']
        : undefined
  const length = codeLength(digits)
  const codeError = isDone('code') && typed.code.length !== length ? words.codeWrong(length) : undefined
  return (
    <>
      <Input
        label={words.number}
        hint={words.numberHint}
        error={numberError}
        value={typed.number}
        autoComplete="cc-number"
        autoFocus
        maxLength={40}
        onInput={(input) => onInput({ number: regrouped(input) })}
        onLeave={leave('number')}
      />
      <Whose digits={digits} ranges={ranges} />
      <div class="card-pair">
        <Input
          label={words.expires}
          hint={words.expiresHint}
          error={expiryError}
          value={typed.expires}
          autoComplete="cc-exp"
          maxLength={9}
          onInput={(input) => {
            const expires = expiryShown(input.value, typed.expires)
            // What comes out may be what stood there before: then nothing would be drawn anew.
            input.value = expires
            onInput({ expires })
          }}
          onLeave={leave('expires')}
        />
        <Input
          label={words.code}
          hint={words.codeHint(length)}
          error={codeError}
          value={typed.code}
          autoComplete="cc-csc"
          maxLength={4}
          onInput={(input) => {
            input.value = digitsOf(input.value, 4)
            onInput({ code: input.value })
          }}
          onLeave={leave('code')}
        />
      </div>
    </>
  )
}

/** Longer than any beginning in the tables, and none of them fits. */
const isForeignTo = (digits: string, ranges: CardKeysView['ranges']): boolean =>
  ranges.length > 0 && digits.length >= 10 && issuerOf(digits, ranges) === undefined

/** The number in its groups, the caret behind the digit that it stood behind. */
function regrouped(input: HTMLInputElement): string {
  const caret = input.selectionStart ?? input.value.length
  const before = digitsOf(input.value.slice(0, caret)).length
  const shown = grouped(digitsOf(input.value))
  const isAtEnd = caret === input.value.length
  input.value = shown
  const place = isAtEnd ? shown.length : caretBehind(shown, before)
  input.setSelectionRange(place, place)
  return shown
}

/** Whose card it is, once enough is typed to know. */
function Whose({ digits, ranges }: { readonly digits: string; readonly ranges: CardKeysView['ranges'] }): JSX.Element {
  const words = useWords(cardWords)
  const locale = useLocale()
  const issuer = issuerOf(digits, ranges)
  const brand = brandOf(digits)
  const said = issuer !== undefined ? words.known(issuerName(issuer, locale)) : (brand ?? '')
  return (
    <p class="card-whose" role="status">
      {isForeignTo(digits, ranges) ? '' : said}
    </p>
  )
}

/** What is typed, as the vault takes it; null while something is missing or wrong. */
export function cardIn(
  typed: Typed,
  today: string,
  ranges: CardKeysView['ranges'],
): Readonly<{ number: string; expires: string; code: string }> | null {
  const number = digitsOf(typed.number)
  const expiry = expiryOf(typed.expires, today)
  const isWrong =
    numberFault(number, true) !== null || isForeignTo(number, ranges) || typed.code.length !== codeLength(number)
  return isWrong || expiry === null || typeof expiry === 'string'
    ? null
    : { number, expires: expiry.month, code: typed.code }
}
