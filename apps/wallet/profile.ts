// What a person says of themselves and lets others see. Each reads or writes one thing; null when it is done, else why not.
import type { Releases } from '#core/persona.ts'
import type { IdentityBody, Language, ProfileView } from '#protocol/identity.ts'
import type { Problem } from '#protocol/problems.ts'
import { callIdentity } from '#sdk/identity-calls.ts'
import type { Outcome } from '#sdk/outcome.ts'
import { presence } from '#sdk/presence.ts'
import type { Prove } from '#sdk/approval.ts'
import { learnSelf, openHome, type Desk } from './hub.ts'
import { shopsOf, type Mine } from './mine.ts'
import { subscribe, subscription, unsubscribe, type Subscribed } from './push.ts'
import * as when from './state.ts'

export async function readProfile(desk: Desk): Promise<Problem | null> {
  return learnt(desk, 'profile', await callIdentity(desk.client, 'profile'))
}

export async function setProfile(
  desk: Desk,
  body: Readonly<{ displayName: string; language: Language; birthDate: string | null }>,
): Promise<Problem | null> {
  return knownAnew(desk, await callIdentity(desk.client, 'setProfile', { body }))
}

/** `picture`: base64url of a JPEG, null removes it. */
export async function setPortrait(desk: Desk, picture: string | null): Promise<Problem | null> {
  return learnt(desk, 'profile', await callIdentity(desk.client, 'setPortrait', { body: { picture } }))
}

/** After signing up the picture is the last question. */
export function leavePortrait(desk: Desk): void {
  const { place } = desk.state()
  if (place.at !== 'portrait' || place.from === 'profile') {
    desk.update((state) => when.went(state, { at: 'profile' }))
    return
  }
  void desk.memory.keep({ portraitIsOffered: false })
  openHome(desk)
}

/** First (code null) a code goes to the new address; with the code and a proof of the owner it counts. */
export async function setEmail(
  desk: Desk,
  email: string,
  code: string | null,
  prove: Prove | null,
): Promise<Problem | null> {
  const { client } = desk
  const proof = prove === null ? null : await presence(client, 'change-email', email, prove)
  if (proof?.ok === false) return proof.problem
  const body: IdentityBody<'setEmail'> = { email, code, presence: proof?.view ?? null }
  return learnt(desk, 'profile', await callIdentity(client, 'setEmail', { body }))
}

export async function setUserCode(desk: Desk, userCode: string | null): Promise<Problem | null> {
  return learnt(desk, 'profile', await callIdentity(desk.client, 'setUserCode', { body: { userCode } }))
}

// ---- what is shown

export async function readReleases(desk: Desk): Promise<Problem | null> {
  return learnt(desk, 'releases', await callIdentity(desk.client, 'releases'))
}

/** `merchant` null: for everybody; `releases` null: this shop sees what everybody sees. */
export async function setReleases(
  desk: Desk,
  merchant: string | null,
  releases: Releases | null,
): Promise<Problem | null> {
  return learnt(desk, 'releases', await callIdentity(desk.client, 'setReleases', { body: { merchant, releases } }))
}

/** So many of the last payments are looked through for shops. */
const LOOKED_AT = 12

export async function readShops({ client, update }: Desk): Promise<Problem | null> {
  const history = await client.history()
  if (!history.ok) return history.problem
  const names = new Set<string>()
  const payments = history.view.entries.flatMap(({ payment, otherName }) => {
    if (payment === null || names.has(otherName)) return []
    names.add(otherName)
    return [payment]
  })
  const answers = await Promise.all(payments.slice(0, LOOKED_AT).map((payment) => client.payment(payment)))
  const shops = shopsOf(answers.flatMap((answer) => (answer.ok ? [answer.view] : [])))
  update((state) => when.learntMine(state, { shops }))
  return null
}

// ---- notifications

/** What this phone has chosen. */
export async function readNotifications(desk: Desk): Promise<void> {
  const chosen = await subscription(desk)
  desk.update((state) => ({ ...state, notifies: { isOn: chosen !== undefined, detail: chosen?.detail ?? false } }))
}

/** Asks the browser, which asks the person, and tells the hub where this wallet is reached, or that it is not. */
export async function setNotifications(
  desk: Desk,
  { isOn, detail, locale }: Readonly<{ isOn: boolean; detail: boolean; locale: Language }>,
): Promise<Subscribed> {
  if (isOn) {
    const answer = await subscribe(desk, { detail, locale })
    if (!answer.ok) return answer
  } else {
    const problem = await unsubscribe(desk)
    if (problem !== null) return { ok: false, why: 'problem', problem }
  }
  desk.update((state) => ({ ...state, notifies: { isOn, detail: isOn && detail } }))
  return { ok: true }
}

function learnt<Name extends 'profile' | 'releases' | 'devices'>(
  { update }: Desk,
  name: Name,
  answer: Outcome<NonNullable<Mine[Name]>>,
): Problem | null {
  if (!answer.ok) return answer.problem
  update((state) => when.learntMine(state, { [name]: answer.view }))
  return null
}

/** A new name stands on this phone too. */
async function knownAnew(desk: Desk, answer: Outcome<ProfileView>): Promise<Problem | null> {
  const problem = learnt(desk, 'profile', answer)
  if (problem !== null) return problem
  const self = await desk.client.self()
  if (self.ok) learnSelf(desk.update, self.view)
  return null
}
