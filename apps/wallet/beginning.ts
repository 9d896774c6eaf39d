// How a phone begins: signing up, or coming back to an account with a phone that nobody knows yet. Pure.
//
//   begin ─▶ sign-up  email ─▶ code ─▶ names ─▶ birth ─▶ (choose-pin ─▶ add-passkey ─▶ portrait ─▶ home)
//     ├────▶ recover  email ─▶ code ─▶ choose ─┬─▶ lost (phones, removed one by one)
//     │                                        └─▶ pin ─▶ let-in, until the time has come ─▶ home
//     └────▶ enrol    the operator's or another phone's one-time code
import type { RecoveryView } from '#protocol/identity.ts'
import type { Problem, ProblemCode } from '#protocol/problems.ts'

export const SIGN_UP_STEPS = ['email', 'code', 'names', 'birth'] as const
export type SignUpStep = (typeof SIGN_UP_STEPS)[number]
export type RecoverStep = 'email' | 'code' | 'choose' | 'lost' | 'pin'

/** What somebody has said of themselves so far. */
export type Draft = Readonly<{
  email: string
  code: string
  displayName: string
  legalName: string
  /** YYYY-MM-DD, or nothing */
  birthDate: string
}>

type Asking = Readonly<{ busy: boolean; problem: Problem | null }>

export type SignUpPlace = Readonly<{ at: 'sign-up'; step: SignUpStep; draft: Draft }> & Asking
export type RecoverPlace = Readonly<{
  at: 'recover'
  step: RecoverStep
  email: string
  code: string
  found: RecoveryView | null
}> &
  Asking
/** `problem`: why this phone will not be let in; it stays until the person goes on. */
export type LetInPlace = Readonly<{ at: 'let-in'; readyAt: number; email: string; problem: Problem | null }>

export type BeginningPlace = Readonly<{ at: 'begin' }> | SignUpPlace | RecoverPlace | LetInPlace

const IDLE: Asking = { busy: false, problem: null }
const NO_DRAFT: Draft = { email: '', code: '', displayName: '', legalName: '', birthDate: '' }

export const signingUp = (): SignUpPlace => ({ at: 'sign-up', step: 'email', draft: NO_DRAFT, ...IDLE })

export const recovering = (): RecoverPlace => ({
  at: 'recover',
  step: 'email',
  email: '',
  code: '',
  found: null,
  ...IDLE,
})

/** An address with something on both sides of the sign; the mail shows whether it works. */
export const isEmail = (text: string): boolean =>
  /^[A-Za-z0-9!#$%&*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$/u.test(text) && text.length <= 254

/** The digits of a mail, however they were typed or pasted: six, or the twenty of a last mail. Undefined when they are neither. */
export function mailCodeOf(typed: string): string | undefined {
  const digits = typed.normalize('NFKC').replaceAll(/[\s-]/gu, '')
  return /^(?:\d{6}|\d{20})$/u.test(digits) ? digits : undefined
}

/** A real day, not after today. `today` is YYYY-MM-DD. */
export function isBirthDate(text: string, today: string): boolean {
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})$/u.exec(text) ?? []
  if (year === undefined || Number(year) < 1900 || text > today) return false
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)))
  return date.toISOString().startsWith(text)
}

/** The mail for this address is there already: on to its code. */
export const codeIsThere = (place: SignUpPlace | RecoverPlace, email: string): SignUpPlace | RecoverPlace =>
  place.at === 'sign-up'
    ? { ...draftWritten(place, { email }), ...IDLE, step: 'code' }
    : { ...place, ...IDLE, email, step: 'code' }

// ---- signing up

export const draftWritten = (place: SignUpPlace, change: Partial<Draft>): SignUpPlace => ({
  ...place,
  draft: { ...place.draft, ...change },
})

export function signUpNext(place: SignUpPlace): SignUpPlace {
  const next = SIGN_UP_STEPS[SIGN_UP_STEPS.indexOf(place.step) + 1]
  return { ...place, ...IDLE, step: next ?? place.step }
}

/** One step back, with all that was written. */
export function signUpBack(place: SignUpPlace): BeginningPlace {
  const before = SIGN_UP_STEPS[SIGN_UP_STEPS.indexOf(place.step) - 1]
  return before === undefined ? { at: 'begin' } : { ...place, ...IDLE, step: before }
}

/** Everything goes to the hub at the end, so what it finds wrong belongs to the step that asked for it. */
const STEP_OF: Partial<Record<ProblemCode, SignUpStep>> = {
  'code-not-found': 'code',
  'day-invalid': 'birth',
  'text-invalid': 'names',
}

export const signUpRefused = (place: SignUpPlace, problem: Problem): SignUpPlace => ({
  ...place,
  busy: false,
  problem,
  step: STEP_OF[problem.code] ?? place.step,
})

// ---- coming back

export const recoverWent = (place: RecoverPlace, step: RecoverStep): RecoverPlace => ({ ...place, ...IDLE, step })

export function recoverBack(place: RecoverPlace): BeginningPlace {
  const before = { email: undefined, code: 'email', choose: 'code', lost: 'choose', pin: 'choose' } as const
  const step = before[place.step]
  return step === undefined ? { at: 'begin' } : recoverWent(place, step)
}

/** The phones of somebody whose mail this is, or fewer of them by now. */
export const recoverFound = (place: RecoverPlace, found: RecoveryView): RecoverPlace => ({
  ...place,
  ...IDLE,
  found,
  step: place.step === 'code' ? 'choose' : place.step,
})

/** Without the code nothing goes on: it was wrong, or a quarter of an hour has passed. */
export const recoverRefused = (place: RecoverPlace, problem: Problem): RecoverPlace => ({
  ...place,
  busy: false,
  problem,
  step: problem.code === 'code-not-found' ? 'code' : place.step,
})

// ---- waiting to be let in

/** What ends the waiting without letting anybody in. */
const OVER: ReadonlySet<string> = new Set([
  'request-refused',
  'not-found',
  'signature-invalid',
  'device-revoked',
  'too-many-devices',
])

/** The hub's answer to "is it time?"; anything else than a final no is asked again. */
export const letInRefused = (place: LetInPlace, problem: Problem): LetInPlace =>
  OVER.has(problem.code) ? { ...place, problem } : place

/** How long until the next question, in ms: at the promised time, and now and then before, because a refusal may come early. */
export function askAgainInMs(place: LetInPlace, now: number): number {
  const left = place.readyAt - now
  return left <= 0 ? 5_000 : Math.min(left + 250, 60_000)
}

// ---- over a reload

/** What is kept while somebody looks for the mail in another app: never the PIN, and nothing of others' phones. */
export type Begun =
  Readonly<{ at: 'sign-up'; step: SignUpStep; draft: Draft }> | Readonly<{ at: 'recover'; email: string }>

export function begunOf(place: Readonly<{ at: string }> | BeginningPlace): Begun | null {
  if (!('step' in place)) return null
  if (place.at === 'sign-up') return { at: 'sign-up', step: place.step, draft: place.draft }
  return place.step === 'email' ? null : { at: 'recover', email: place.email }
}

export const resumed = (begun: Begun): BeginningPlace =>
  begun.at === 'sign-up' ? { ...begun, ...IDLE } : { ...recovering(), email: begun.email, step: 'code' }
