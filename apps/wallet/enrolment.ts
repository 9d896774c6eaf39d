// Setting a phone up: its code, its PIN, a passkey.
import { enrol } from '#sdk/identity.ts'
import { createPasskey, passkeysPossible } from '#sdk/passkey.ts'
import { setPin } from '#sdk/scram.ts'
import { currentLocale } from '#ui/i18n.ts'
import { learnSelf, openHome, type Desk } from './hub.ts'
import * as when from './state.ts'
import type { DeviceSelf, Place } from './state.ts'
import { walletWords } from './words.ts'

/** Every PIN that is chosen here has this length. */
export const PIN_LENGTH = 6

/** In a demo town a phone sets itself up: `?device=kenji` is Kenji's, `?device=emma` Emma's, all others are Hanako's. */
export async function enrolInDemo(desk: Desk): Promise<void> {
  const { client, memory, update, opening } = desk
  update((state) => when.went(state, { at: 'enrol', busy: true, problem: null }))
  const who = opening.device === 'kenji' || opening.device === 'emma' ? opening.device : 'hanako'
  const answer = await client.call('demoCode', { body: { who } })
  if (!answer.ok) return update((state) => when.went(state, { at: 'stopped', why: 'no-answer' }))
  const { code, pin } = answer.view
  await memory.keep({ demoPin: pin, pinLength: pin?.length ?? null })
  update((state) => ({ ...state, demoPin: pin, pinLength: pin?.length ?? null }))
  const isOnlyPhone = opening.device === 'own'
  return enrolWith(desk, code, isOnlyPhone ? walletWords[currentLocale()].defaultLabel : opening.device)
}

export function askForCode({ update }: Desk): void {
  update((state) => when.went(state, { at: 'enrol', busy: false, problem: null }))
}

/** Enrols with a one-time code under a name for this phone. */
export async function enrolWith(desk: Desk, code: string, label: string): Promise<void> {
  const { storage, memory, update, opening } = desk
  update((state) => ({ ...when.went(state, { at: 'enrol', busy: true, problem: null }), label }))
  const enrolled = await enrol({ hub: opening.hub, storage, code, label })
  if (!enrolled.ok) {
    const { problem } = enrolled
    return update((state) => when.went(state, { at: 'enrol', busy: false, problem }))
  }
  const { self, scheme } = enrolled.view
  await memory.keep({ label })
  update((state) => ({ ...state, scheme, passkeys: passkeysPossible(scheme) }))
  if (self.kind === 'device') goOn(desk, self)
}

/** To the next thing that is missing: a PIN, the offer of a passkey, or nothing. */
export function goOn(desk: Desk, self: DeviceSelf): void {
  const { memory, update, state } = desk
  update((before) => ({ ...before, self }))
  if (self.secret === null && self.passkeys.length === 0) {
    return update((before) => when.went(before, { at: 'choose-pin', busy: false, problem: null }))
  }
  const { passkeyWasOffered, demoPin } = memory.get()
  const isWanted = self.passkeys.length === 0 && !passkeyWasOffered && demoPin === null
  if (!isWanted || !state().passkeys.possible) return offerPortrait(desk)
  void memory.keep({ passkeyWasOffered: true })
  return update((before) => when.went(before, askPasskey('enrolment', false)))
}

/** Who has just signed up is asked for a picture; all others are done. */
export function offerPortrait(desk: Desk): void {
  if (!desk.memory.get().portraitIsOffered) return openHome(desk)
  desk.update((state) => when.went(state, { at: 'portrait', from: 'enrolment' }))
}

/** `roaming`: a security key that can be pulled out. */
export const askPasskey = (
  from: 'enrolment' | 'security',
  roaming: boolean,
): Extract<Place, { at: 'add-passkey' }> => ({
  at: 'add-passkey',
  busy: false,
  problem: null,
  from,
  roaming,
})

export async function choosePin(desk: Desk, pin: string): Promise<void> {
  const { client, memory, update } = desk
  update((state) => when.went(state, { at: 'choose-pin', busy: true, problem: null }))
  const answer = await setPin(client, pin)
  // Somebody (another phone of the same person) was quicker: that PIN counts.
  const isSetElsewhere = !answer.ok && answer.problem.code === 'state-conflict'
  if (!answer.ok && !isSetElsewhere) {
    const { problem } = answer
    return update((state) => when.went(state, { at: 'choose-pin', busy: false, problem }))
  }
  const pinLength = isSetElsewhere ? null : pin.length
  await memory.keep({ pinLength })
  update((state) => ({ ...state, pinLength }))
  const self = await client.self()
  if (self.ok && self.view.kind === 'device') return goOn(desk, self.view)
  return openHome(desk)
}

/** Asks the browser for a passkey. Afterwards back to where the question came from. */
export async function addPasskey(desk: Desk): Promise<void> {
  const { client, memory, update, state } = desk
  const { place } = state()
  if (place.at !== 'add-passkey' || place.busy) return
  const { from, roaming } = place
  update((before) => when.went(before, { ...place, busy: true, problem: null }))
  const made = await createPasskey(client, { roaming })
  if (!made.ok) {
    const { problem } = made
    return update((before) => when.went(before, { ...place, busy: false, problem }))
  }
  // A key that is carried about is not at hand each time; the phone's own passkey is.
  if (!roaming) {
    await memory.keep({ isPasskeyHere: true })
    update((before) => ({ ...before, isPasskeyHere: true }))
  }
  const known = await client.identity()
  if (known !== undefined) learnSelf(update, known.self)
  if (from === 'enrolment') return offerPortrait(desk)
  return update((before) => when.went(before, { at: 'security' }))
}
