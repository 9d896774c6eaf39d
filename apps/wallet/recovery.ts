// Somebody has an account and not the phone: with the mail a lost phone is removed at once; with mail and PIN this one is let in
// after a wait, in which the others can refuse it. The wait goes on by itself, over reloads too.
import type { Problem } from '#protocol/problems.ts'
import {
  askForMail,
  askToBeLetIn,
  finishWaiting,
  forgetWaiting,
  lookWithCode,
  revokeWithCode,
  waitingHere,
} from '#sdk/sign-up.ts'
import { currentLocale } from '#ui/i18n.ts'
import * as begin from './beginning.ts'
import type { RecoverPlace, RecoverStep } from './beginning.ts'
import type { Desk } from './hub.ts'
import { enrolledHere, labelHere, showBeginning } from './sign-up.ts'

export const beginRecovery = (desk: Desk): void => showBeginning(desk, begin.recovering())

export async function mailForRecovery(desk: Desk, email: string): Promise<void> {
  const place = idlePlace(desk)
  if (place === undefined) return
  const asked: RecoverPlace = { ...place, email }
  showBeginning(desk, { ...asked, busy: true, problem: null })
  const answer = await askForMail(desk, { purpose: 'recover', email, language: currentLocale() })
  showBeginning(desk, answer.ok ? begin.recoverWent(asked, 'code') : begin.recoverRefused(asked, answer.problem))
}

/** Goes on without asking for a mail, signing up or coming back. */
export function codeIsThere(desk: Desk, email: string): void {
  const { place } = desk.state()
  if ((place.at === 'sign-up' || place.at === 'recover') && !place.busy)
    showBeginning(desk, begin.codeIsThere(place, email))
}

export async function codeForRecovery(desk: Desk, code: string): Promise<void> {
  const place = idlePlace(desk)
  if (place === undefined) return
  const asked: RecoverPlace = { ...place, code }
  showBeginning(desk, { ...asked, busy: true, problem: null })
  const answer = await lookWithCode(desk, { email: asked.email, code })
  showBeginning(desk, answer.ok ? begin.recoverFound(asked, answer.view) : begin.recoverRefused(asked, answer.problem))
}

export function goInRecovery(desk: Desk, step: RecoverStep): void {
  const place = idlePlace(desk)
  if (place !== undefined) showBeginning(desk, begin.recoverWent(place, step))
}

export function backInRecovery(desk: Desk): void {
  const place = idlePlace(desk)
  if (place !== undefined) showBeginning(desk, begin.recoverBack(place))
}

/** A lost phone may do nothing any more; null when it is done. */
export async function removeLost(desk: Desk, device: string): Promise<Problem | null> {
  const place = idlePlace(desk)
  if (place === undefined) return null
  const { email, code } = place
  const answer = await revokeWithCode(desk, { email, code, device })
  if (!answer.ok) {
    if (answer.problem.code === 'code-not-found') showBeginning(desk, begin.recoverRefused(place, answer.problem))
    return answer.problem
  }
  showBeginning(desk, begin.recoverFound(place, answer.view))
  return null
}

/** Proves the PIN and begins to wait. */
export async function waitToBeLetIn(desk: Desk, pin: string): Promise<void> {
  const { client, storage, memory } = desk
  const place = idlePlace(desk)
  if (place?.found === null || place === undefined) return
  const { email, code, found } = place
  const label = labelHere()
  showBeginning(desk, { ...place, busy: true, problem: null })
  const answer = await askToBeLetIn({ client, storage }, { email, code, pin, label, found })
  if (answer.ok) {
    await memory.keep({ pinLength: pin.length, label })
    desk.update((state) => ({ ...state, pinLength: pin.length, label }))
    return showWaiting(desk, answer.view)
  }
  if (answer.problem.code !== 'proof-wrong') return showBeginning(desk, begin.recoverRefused(place, answer.problem))
  // A nonce is good for one proof: the next try needs a new one.
  const again = await lookWithCode(desk, { email, code })
  showBeginning(
    desk,
    again.ok
      ? { ...begin.recoverFound(place, again.view), problem: answer.problem }
      : begin.recoverRefused(place, again.problem),
  )
}

/** Goes on waiting after a reload; false when nothing waits here. */
export async function goOnWaiting(desk: Desk): Promise<boolean> {
  const waiting = await waitingHere(desk.storage)
  if (waiting !== undefined) showWaiting(desk, waiting)
  return waiting !== undefined
}

/** The person does not want to wait any more, or has read why it was in vain. */
export async function stopWaiting(desk: Desk): Promise<void> {
  desk.hands.stopWaiting?.()
  desk.hands.stopWaiting = null
  await forgetWaiting(desk.storage)
  showBeginning(desk, { at: 'begin' })
}

function showWaiting(desk: Desk, { readyAt, email }: Readonly<{ readyAt: number; email: string }>): void {
  showBeginning(desk, { at: 'let-in', readyAt, email, problem: null })
  desk.hands.stopWaiting?.()
  const stop = new AbortController()
  desk.hands.stopWaiting = () => stop.abort()
  void keepAsking(desk, stop.signal)
}

async function keepAsking(desk: Desk, stopped: AbortSignal): Promise<void> {
  while (!stopped.aborted) {
    const answer = await finishWaiting(desk)
    const { place } = desk.state()
    if (stopped.aborted || place.at !== 'let-in') return
    if (answer.ok) return enrolledHere(desk, answer.view)
    const shown = begin.letInRefused(place, answer.problem)
    desk.update((state) => ({ ...state, place: shown }))
    if (shown.problem !== null) return
    await pause(begin.askAgainInMs(shown, desk.now()), stopped)
  }
}

/** A phone that wakes up looks at once: timers do not run while it sleeps. */
function pause(ms: number, stopped: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    document.addEventListener('visibilitychange', done)
    stopped.addEventListener('abort', done, { once: true })
  })
}

function idlePlace(desk: Desk): RecoverPlace | undefined {
  const { place } = desk.state()
  return place.at === 'recover' && !place.busy ? place : undefined
}
