// A new person on a new phone: the address, the code that arrives there, the names; then the PIN as on every phone. What was written
// is kept, because the mail is in another app.
import type { Language } from '#protocol/identity.ts'
import type { SchemeView, SelfView } from '#protocol/views.ts'
import { passkeysPossible } from '#sdk/passkey.ts'
import { askForMail, signUp } from '#sdk/sign-up.ts'
import { currentLocale } from '#ui/i18n.ts'
import * as begin from './beginning.ts'
import type { BeginningPlace, Draft, SignUpPlace } from './beginning.ts'
import { goOn } from './enrolment.ts'
import type { Desk } from './hub.ts'
import * as when from './state.ts'
import { beginningWords } from './words-beginning.ts'

/** Shows a step of the beginning, and remembers it over a reload. */
export function showBeginning(desk: Pick<Desk, 'update' | 'memory'>, place: BeginningPlace): void {
  desk.update((state) => when.went(state, place))
  void desk.memory.keep({ begun: begin.begunOf(place) })
}

export const askForWay = (desk: Desk): void => showBeginning(desk, { at: 'begin' })

export const beginSignUp = (desk: Desk): void => showBeginning(desk, begin.signingUp())

/** What one step has asked for; the first sends the mail, the last makes the person. */
export async function writeDraft(desk: Desk, change: Partial<Draft>): Promise<void> {
  const { place } = desk.state()
  if (place.at !== 'sign-up' || place.busy) return
  const written = begin.draftWritten(place, change)
  if (place.step === 'email') return sendCode(desk, written)
  if (place.step === 'birth') return finish(desk, written)
  // Back at the code after a no of the hub: all else is there already.
  if (place.step === 'code' && place.problem !== null && written.draft.displayName !== '') return finish(desk, written)
  showBeginning(desk, begin.signUpNext(written))
}

/** Another mail, where the first did not come or has run out. */
export async function sendAgain(desk: Desk): Promise<void> {
  const { place } = desk.state()
  if (place.at === 'sign-up' && !place.busy) await sendCode(desk, { ...place, step: 'email' })
}

export function backInSignUp(desk: Desk): void {
  const { place } = desk.state()
  if (place.at === 'sign-up' && !place.busy) showBeginning(desk, begin.signUpBack(place))
}

async function sendCode(desk: Desk, place: SignUpPlace): Promise<void> {
  showBeginning(desk, { ...place, busy: true, problem: null })
  const { email } = place.draft
  const answer = await askForMail(desk, { purpose: 'sign-up', email, language: currentLocale() })
  showBeginning(desk, answer.ok ? begin.signUpNext(place) : begin.signUpRefused(place, answer.problem))
}

async function finish(desk: Desk, place: SignUpPlace): Promise<void> {
  const { client, storage, memory, update } = desk
  const { email, code, displayName, legalName, birthDate } = place.draft
  const language: Language = currentLocale()
  const label = labelHere()
  showBeginning(desk, { ...place, busy: true, problem: null })
  const answer = await signUp(
    { client, storage },
    { email, code, displayName, legalName, language, birthDate: birthDate === '' ? null : birthDate, label },
  )
  if (!answer.ok) return showBeginning(desk, begin.signUpRefused(place, answer.problem))
  await memory.keep({ label, begun: null, portraitIsOffered: true })
  update((state) => ({ ...state, label }))
  enrolledHere(desk, answer.view)
}

/** What this phone is called in the list of phones, so that its owner knows it there. */
export function labelHere(): string {
  const kind = /iPhone|iPad|Android|Windows|Macintosh|Linux/u.exec(navigator.userAgent)?.[0].replace('Macintosh', 'Mac')
  const { defaultLabel } = beginningWords[currentLocale()]
  return kind === undefined ? defaultLabel : `${defaultLabel} (${kind})`
}

/** The hub knows this phone now. */
export function enrolledHere(desk: Desk, { self, scheme }: Readonly<{ self: SelfView; scheme: SchemeView }>): void {
  desk.update((state) => ({ ...state, scheme, passkeys: passkeysPossible(scheme) }))
  if (self.kind === 'device') goOn(desk, self)
}
