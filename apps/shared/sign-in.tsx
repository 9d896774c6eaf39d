// Who stands at this machine: the names of the staff, a PIN on keys or keyboard, and a first PIN with a one-time code.
import type { JSX } from 'preact'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { StaffHereView } from '#protocol/identity.ts'
import type { Outcome } from '#sdk/outcome.ts'
import { Field, PinField } from '#ui/fields.tsx'
import { formatTime, useLocale, useWords, type Locale } from '#ui/i18n.ts'
import { Banner, Button, EmptyState, List, ListRow } from '#ui/kit.tsx'
import { Keypad } from '#ui/keypad.tsx'
import { problemText } from './problems.ts'
import {
  AT_THE_LIST,
  backFrom,
  entered,
  firstTime,
  isReady,
  lockedUntil,
  LONGEST_PIN,
  refused,
  whoChosen,
  type SigningIn,
  type StaffHere,
} from './signing-in.ts'
import type { StaffDesk } from './staff-calls.ts'
import { staffWords } from './staff-words.ts'

export type SignInProps = Readonly<{
  desk: StaffDesk
  here: StaffHereView
  /** what was under way is still there, and goes on after this */
  isKept?: boolean
  /** begins with the one-time code, where the list is not the question */
  startsWithCode?: boolean
  onIn: (here: StaffHereView) => void
  /** where somebody is signed in already and stays so */
  onBack?: () => void
}>

export function SignIn({ desk, here, isKept = false, startsWithCode = false, onIn, onBack }: SignInProps): JSX.Element {
  const text = useWords(staffWords)
  const locale = useLocale()
  const [state, setState] = useState<SigningIn>(startsWithCode ? firstTime : AT_THE_LIST)
  const back = (): void => {
    const before = startsWithCode && onBack !== undefined ? null : backFrom(state)
    if (before !== null) setState(before)
    else onBack?.()
  }
  const hear = (outcome: Outcome<StaffHereView>): void => {
    if (outcome.ok && outcome.view.cashier !== null) onIn(outcome.view)
    else if (outcome.ok) setState(AT_THE_LIST)
    else setState((now) => refused(now, outcome.problem))
  }
  const enter = async (): Promise<void> => {
    const step = entered(state)
    if (step.kind === 'state') return setState(step.state)
    setState({ ...state, isBusy: true, problem: null })
    hear(await (step.kind === 'sign-in' ? desk.signIn(step.staff, step.pin) : desk.enrol(step.code, step.pin)))
  }
  const signOut = async (): Promise<void> => {
    setState({ ...state, isBusy: true })
    const outcome = await desk.signOut()
    if (outcome.ok) onIn(outcome.view)
    else setState(refused(state, outcome.problem))
  }
  useEscape(back)
  return (
    <section class="sign-in" aria-labelledby="sign-in-title">
      <Title>{titleOf(state, text)}</Title>
      {isKept ? <p class="sign-in-about">{text.kept}</p> : null}
      <Trouble state={state} locale={locale} />
      {state.at === 'list' ? (
        <People here={here} isBusy={state.isBusy} onChoose={(who) => setState(whoChosen(who))} />
      ) : (
        <form
          class="sign-in-form"
          onSubmit={(event) => {
            event.preventDefault()
            void enter()
          }}
        >
          {state.at === 'code' ? <CodeEntry state={state} onState={setState} /> : null}
          {state.at === 'code' ? null : <PinEntry key={state.at} state={state} onState={setState} />}
          <Button
            kind="seal"
            type="submit"
            wide
            shortcut="Enter"
            busy={state.isBusy}
            disabled={!isReady(state) && !state.isBusy}
          >
            {state.at === 'pin' || state.at === 'again' ? text.signIn : text.goOn}
          </Button>
        </form>
      )}
      <div class="sign-in-ways">
        {state.at === 'list' ? (
          <Button kind="quiet" onPress={() => setState(firstTime)}>
            {text.haveCode}
          </Button>
        ) : null}
        {state.at === 'list' && here.cashier !== null ? (
          <Button kind="quiet" busy={state.isBusy} onPress={() => void signOut()}>
            {text.signOut(here.cashier.name)}
          </Button>
        ) : null}
        {state.at !== 'list' || onBack !== undefined ? (
          <Button kind="quiet" shortcut="Esc" onPress={back}>
            {text.back}
          </Button>
        ) : null}
      </div>
    </section>
  )
}

/** The focus moves here with each question, so that it is read out. */
function Title({ children }: Readonly<{ children: string }>): JSX.Element {
  const heading = useRef<HTMLHeadingElement>(null)
  useLayoutEffect(() => heading.current?.focus({ preventScroll: true }), [children])
  return (
    <h1 class="sign-in-title" id="sign-in-title" tabIndex={-1} ref={heading}>
      {children}
    </h1>
  )
}

type StaffWords = (typeof staffWords)[Locale]

function titleOf({ at, who }: SigningIn, text: StaffWords): string {
  switch (at) {
    case 'list':
      return text.who
    case 'pin':
      return text.pinOf(who?.name ?? '')
    case 'code':
      return who === null ? text.codeTitle : text.codeOf(who.name)
    case 'choose':
      return text.choosePin
    case 'again':
      return text.pinAgain
  }
}

type PeopleProps = Readonly<{ here: StaffHereView; isBusy: boolean; onChoose: (who: StaffHere) => void }>

/** Everybody who may work here; the digits 1 to 9 choose as well. */
function People({ here, isBusy, onChoose }: PeopleProps): JSX.Element {
  const text = useWords(staffWords)
  useDigits((digit) => {
    const who = here.staff[digit - 1]
    if (who !== undefined && !isBusy) onChoose(who)
  })
  return (
    <List
      label={text.who}
      items={here.staff}
      keyOf={({ id }) => id}
      empty={<EmptyState title={text.nobody}>{text.nobodyText}</EmptyState>}
    >
      {(who) => (
        <ListRow
          icon="person"
          title={who.name}
          detail={[
            text[who.role],
            ...(who.hasPin ? [] : [text.noPin]),
            ...(here.cashier?.id === who.id ? [text.isHere] : []),
          ].join(' · ')}
          side={<KeyOf place={here.staff.indexOf(who)} />}
          onPress={() => onChoose(who)}
        />
      )}
    </List>
  )
}

const KeyOf = ({ place }: Readonly<{ place: number }>): JSX.Element | null =>
  place < 9 ? (
    <kbd class="shortcut" aria-hidden="true">
      {place + 1}
    </kbd>
  ) : null

type EntryProps = Readonly<{ state: SigningIn; onState: (state: SigningIn) => void }>

function CodeEntry({ state, onState }: EntryProps): JSX.Element {
  const text = useWords(staffWords)
  return (
    <Field
      label={text.code}
      hint={text.codeHint}
      value={state.code}
      onInput={(code) => onState({ ...state, code })}
      maxLength={40}
      autoFocus
    />
  )
}

function PinEntry({ state, onState }: EntryProps): JSX.Element {
  const text = useWords(staffWords)
  // Ignored rather than disabled while the hub is asked: a disabled field drops the focus.
  const type = (pin: string): void => (state.isBusy ? undefined : onState({ ...state, pin, differs: false }))
  return (
    <>
      <PinField
        label={text.pin}
        value={state.pin}
        length={LONGEST_PIN}
        onInput={type}
        hint={state.at === 'pin' ? text.pinHint : text.newPinHint}
        {...(state.differs && { error: text.pinDiffers })}
        autoFocus
        withKeypad
      />
      <Keypad value={state.pin} onInput={type} maxLength={LONGEST_PIN} label={text.pin} />
    </>
  )
}

function Trouble({ state, locale }: Readonly<{ state: SigningIn; locale: Locale }>): JSX.Element | null {
  const { problem } = state
  if (problem === null) return null
  const text = staffWords[locale]
  const triesLeft = problem.figures?.['triesLeft']
  const until = lockedUntil(state)
  const said = problemText(problem, locale, 'biller')
  const sentence =
    problem.code === 'proof-wrong' && triesLeft !== undefined
      ? text.pinWrong(Number(triesLeft))
      : until > 0
        ? text.pinLocked(formatTime(until, locale))
        : problem.code === 'code-not-found'
          ? text.codeWrong
          : `${said.sentence} ${said.next}`
  return <Banner kind="trouble">{sentence}</Banner>
}

function useEscape(onEscape: () => void): void {
  useKeys((event) => {
    if (event.key !== 'Escape') return
    event.preventDefault()
    onEscape()
  })
}

function useDigits(onDigit: (digit: number) => void): void {
  useKeys((event) => {
    const digit = event.key.normalize('NFKC')
    if (!/^[1-9]$/u.test(digit)) return
    // Else it would be typed into the field that takes the focus at once.
    event.preventDefault()
    onDigit(Number(digit))
  })
}

/** The machine's own keys, while no sheet is open. */
function useKeys(onKey: (event: KeyboardEvent) => void): void {
  const latest = useRef(onKey)
  latest.current = onKey
  useLayoutEffect(() => {
    const listen = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return
      if (document.querySelector('dialog:modal') === null) latest.current(event)
    }
    window.addEventListener('keydown', listen)
    return () => window.removeEventListener('keydown', listen)
  }, [])
}
