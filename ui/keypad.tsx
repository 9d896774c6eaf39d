// The keypad for amounts, payment numbers and PINs: large keys, and the machine's own keys as well.
import type { ComponentChildren, JSX } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { useWords } from './i18n.ts'
import { Icon } from './icons.tsx'
import { kitWords } from './words.ts'

export type KeypadProps = {
  /** The digits so far. */
  readonly value: string
  readonly onInput: (next: string) => void
  readonly maxLength: number
  /** `amount`: has 00 and no leading zeros; `number`: digits as they are. */
  readonly kind?: 'amount' | 'number'
  /** With it, Enter and a key of its own say "done". */
  readonly onEnter?: () => void
  readonly enterLabel?: string
  readonly canEnter?: boolean
  readonly disabled?: boolean
  /** Whether it listens to the machine's keys; off when a text field on the screen wants them. Default on. */
  readonly physicalKeys?: boolean
  /** What screen readers hear after every key. Leave it out for a PIN. */
  readonly spoken?: string
  readonly label?: string
}

type Key = { readonly name: string; readonly text: ComponentChildren; readonly spoken?: string }

/** A keypad. It holds no state: what is pressed comes out of `onInput`, what is shown goes in as `value`. */
export function Keypad(props: KeypadProps): JSX.Element {
  const { kind = 'number', disabled = false, canEnter = true, onEnter } = props
  const words = useWords(kitWords)
  const pad = useRef<HTMLDivElement>(null)
  const press = (name: string) => {
    if (disabled) return
    if (name === 'enter') return canEnter ? onEnter?.() : undefined
    const next = afterKey(props.value, name, kind, props.maxLength)
    if (next !== props.value) props.onInput(next)
  }
  usePhysicalKeys(props.physicalKeys ?? true, pad, press)
  const backspace: Key = { name: 'backspace', text: <Icon name="backspace" />, spoken: words.backspace }
  const clear: Key = { name: 'clear', text: 'C', spoken: words.clear }
  const digits = ['1', '2', '3', '4', '5', '6', '7', '8', '9'].map((digit): Key => ({ name: digit, text: digit }))
  const zero: Key = { name: '0', text: '0' }
  const keys =
    kind === 'amount'
      ? [...digits, zero, { name: '00', text: '00' }, clear, backspace]
      : [...digits, clear, zero, backspace]
  return (
    <div
      class={`keypad keypad-${kind}${onEnter === undefined ? '' : ' keypad-with-enter'}`}
      role="group"
      aria-label={props.label ?? words.keypad}
      ref={pad}
      // A key pressed by hand must not take the focus, or Enter would press it again.
      onPointerDown={(event) => event.preventDefault()}
      onMouseDown={(event) => event.preventDefault()}
    >
      {keys.map((key) => (
        <button
          type="button"
          class={`key key-${key.name.length > 2 ? key.name : 'digit'}`}
          data-key={key.name}
          key={key.name}
          disabled={disabled}
          onClick={() => press(key.name)}
          {...(key.spoken === undefined ? {} : { 'aria-label': key.spoken })}
        >
          {key.text}
        </button>
      ))}
      {onEnter === undefined ? null : (
        <button
          type="button"
          class="key key-enter"
          data-key="enter"
          disabled={disabled || !canEnter}
          onClick={() => press('enter')}
        >
          {props.enterLabel ?? words.enter}
        </button>
      )}
      {props.spoken === undefined ? null : (
        <output class="hidden" aria-live="polite">
          {props.spoken}
        </output>
      )}
    </div>
  )
}

/** What is entered after one more key. */
export function afterKey(value: string, key: string, kind: 'amount' | 'number', maxLength: number): string {
  if (key === 'backspace') return value.slice(0, -1)
  if (key === 'clear') return ''
  const next = value + key
  const entered = kind === 'amount' ? next.replace(/^0+(?=\d)/u, '') : next
  return entered.length > maxLength ? value : entered
}

/** The keypad key of a key of the machine, also of Japanese full-width digits; undefined for all others. */
export function keyNamed(key: string): string | undefined {
  const digit = key.normalize('NFKC')
  if (/^\d$/u.test(digit)) return digit
  if (key === 'Backspace') return 'backspace'
  if (key === 'Delete' || key === 'Clear') return 'clear'
  if (key === 'Enter') return 'enter'
  return undefined
}

function usePhysicalKeys(isOn: boolean, pad: { readonly current: HTMLElement | null }, press: (key: string) => void) {
  const latest = useRef(press)
  latest.current = press
  // Before the keypad is seen: whoever sees it may type.
  useLayoutEffect(() => {
    if (!isOn) return undefined
    const onKeyDown = (event: KeyboardEvent) => {
      const key = keyNamed(event.key)
      if (key === undefined || event.ctrlKey || event.metaKey || event.altKey) return
      const target = event.target instanceof Element ? event.target : null
      if (target?.closest('input, textarea, select, [contenteditable]')) return
      // Enter on a button, link or summary presses that.
      if (key === 'enter' && target?.closest('button, a, summary')) return
      // While a sheet is open only a keypad inside it listens.
      const sheet = document.querySelector('dialog:modal')
      if (sheet !== null && !sheet.contains(pad.current)) return
      event.preventDefault()
      latest.current(key)
    }
    window.addEventListener('keydown', onKeyDown)
    return () => window.removeEventListener('keydown', onKeyDown)
  }, [isOn])
}
