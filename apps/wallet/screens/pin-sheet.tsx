// The PIN for one approval, for the shop's challenge, or for the answer to a question. The hub checks it; nothing on the phone pretends to.
import type { JSX } from 'preact'
import { useLayoutEffect, useState } from 'preact/hooks'
import type { Problem } from '#protocol/problems.ts'
import type { PaymentView } from '#protocol/views.ts'
import { problemText } from '#apps/shared/problems.ts'
import { Button, Sheet } from '#ui/kit.tsx'
import { PinField } from '#ui/fields.tsx'
import { Keypad } from '#ui/keypad.tsx'
import { formatTime, useLocale, useWords, type Locale } from '#ui/i18n.ts'
import { useNow } from '#ui/numbers.tsx'
import type { ScreenOf } from '../app.tsx'
import { PIN_LENGTH } from '../enrolment.ts'
import { isOffline, type Current, type State } from '../state.ts'
import { walletWords } from '../words.ts'
import { useDueText } from './means.tsx'

type PinSheetProps = Omit<ScreenOf, 'banners'> & { readonly current: Current; readonly view: PaymentView }

/** A PIN of unknown length (set on another phone) is confirmed with a key, from this many digits on. */
const SHORTEST = 4

export function PinSheet({ state, act, current, view }: PinSheetProps): JSX.Element {
  const words = useWords(walletWords)
  const { proof, sending } = current
  const amount = useDueText(view)
  const title =
    proof?.step === 'approve' ? words.pinToApprove(amount, view.biller.name) : words.pinToAnswer(view.biller.name)
  return (
    <Sheet open={proof !== null} onClose={() => (sending === null ? act.leaveProof() : undefined)} title={title}>
      {proof === null ? null : (
        <PinEntry
          state={state}
          problem={proof.problem}
          isBusy={sending !== null}
          givePin={act.givePin}
          usePasskey={act.usePasskey}
        />
      )}
    </Sheet>
  )
}

export type PinEntryProps = {
  readonly state: State
  readonly problem: Problem | null
  readonly isBusy: boolean
  readonly givePin: (pin: string) => void
  /** without it there is no way but the PIN */
  readonly usePasskey?: () => void
}

export function PinEntry({ state, problem, isBusy, givePin, usePasskey }: PinEntryProps): JSX.Element {
  const words = useWords(walletWords)
  const locale = useLocale()
  const [pin, setPin] = useState('')
  const now = useNow(1000) + state.clockOffsetMs
  const length = state.pinLength ?? PIN_LENGTH
  const isLocked = lockedUntil(problem) > now
  // Ignored rather than disabled while the hub is asked: a disabled field drops the focus.
  const type = (next: string): void => (isBusy ? undefined : setPin(next))
  // What was typed is gone once it was sent: a wrong one is typed anew from the start. Before the problem is seen, so that no key of the
  // next try is taken away.
  useLayoutEffect(() => setPin(''), [problem])
  const canEnter = state.pinLength === null && pin.length >= SHORTEST
  const hasPasskey = usePasskey !== undefined && state.passkeys.possible && (state.self?.passkeys.length ?? 0) > 0
  const hint = isBusy
    ? isOffline(state)
      ? words.approvingOffline
      : words.pinChecking
    : state.demoPin === null
      ? undefined
      : words.pinDemo(state.demoPin)
  return (
    <form
      class="pin-place"
      onSubmit={(event) => {
        event.preventDefault()
        if (canEnter && !isBusy) givePin(pin)
      }}
    >
      <PinField
        label={words.pin}
        value={pin}
        length={length}
        onInput={type}
        {...(state.pinLength === null ? {} : { onComplete: givePin })}
        {...(hint === undefined ? {} : { hint })}
        error={problem === null || (problem.code === 'proof-locked' && !isLocked) ? undefined : said(problem, locale)}
        disabled={isLocked}
        autoFocus
        withKeypad
      />
      <Keypad
        value={pin}
        onInput={type}
        maxLength={length}
        disabled={isBusy || isLocked}
        {...(state.pinLength === null ? { onEnter: () => givePin(pin), enterLabel: words.confirm, canEnter } : {})}
      />
      {hasPasskey ? (
        <Button kind="quiet" disabled={isBusy} onPress={usePasskey}>
          {words.withPasskey}
        </Button>
      ) : null}
    </form>
  )
}

const lockedUntil = (problem: Problem | null): number =>
  problem?.code === 'proof-locked' ? Number(problem.figures?.['until'] ?? 0) : 0

function said(problem: Problem, locale: Locale): string {
  const words = walletWords[locale]
  const triesLeft = problem.figures?.['triesLeft']
  if (problem.code === 'proof-wrong' && triesLeft !== undefined) return words.pinWrong(Number(triesLeft))
  const until = lockedUntil(problem)
  if (until > 0) return words.pinLocked(formatTime(until, locale))
  const text = problemText(problem, locale, 'payer')
  return `${text.sentence} ${text.next}`
}
