// Phones, PIN, passkeys and the unlock: what only the owner may change, with a fresh proof where it matters. Null when it is done, else
// why not.
import type { IdentityView } from '#protocol/identity.ts'
import type { Problem } from '#protocol/problems.ts'
import { problemOf } from '#protocol/problems.ts'
import type { Prove } from '#sdk/approval.ts'
import { callIdentity } from '#sdk/identity-calls.ts'
import type { Outcome } from '#sdk/outcome.ts'
import { passkeyProof } from '#sdk/passkey.ts'
import { presence } from '#sdk/presence.ts'
import { newVerifier } from '#sdk/scram.ts'
import { learnSelf, type Desk } from './hub.ts'
import { securityKeys } from './mine.ts'
import * as when from './state.ts'

export async function readDevices(desk: Desk): Promise<Problem | null> {
  return withDevices(desk, await callIdentity(desk.client, 'devices'))
}

export async function revokeDevice(desk: Desk, device: string): Promise<Problem | null> {
  return withDevices(desk, await callIdentity(desk.client, 'revokeDevice', { body: { device } }))
}

/** "That is not me": a phone that waits is not let in. */
export async function refuseDevice(desk: Desk, request: string): Promise<Problem | null> {
  return withDevices(desk, await callIdentity(desk.client, 'refuseDevice', { body: { request } }))
}

/** A one-time code for a further phone; its screen opens. */
export async function addPhone(desk: Desk, prove: Prove): Promise<Problem | null> {
  const proof = await presence(desk.client, 'add-device', '', prove)
  if (!proof.ok) return proof.problem
  const answer = await callIdentity(desk.client, 'deviceCode', { body: { presence: proof.view } })
  if (!answer.ok) return answer.problem
  const { code, expiresAt } = answer.view
  desk.update((state) => when.went(proved(desk, state), { at: 'phone-code', code, expiresAt }))
  return null
}

/** Whether this phone approves with its security key alone; a security key proves it either way. */
export async function setApprovesWith(
  desk: Desk,
  choice: 'any' | 'security-key',
  prove: Prove,
): Promise<Problem | null> {
  const proof = await presence(desk.client, 'approves-with', choice, prove)
  if (!proof.ok) return proof.problem
  const body = { with: choice, presence: proof.view }
  return withDevices(desk, await callIdentity(desk.client, 'approvesWith', { body }))
}

/** A new PIN; the old one or a passkey proves it. */
export async function changePin(desk: Desk, pin: string, prove: Prove): Promise<Problem | null> {
  const { client, memory, update } = desk
  const verifier = await newVerifier(pin)
  const proof = await presence(client, 'change-secret', verifier.storedKey, prove)
  if (!proof.ok) return proof.problem
  const answer = await callIdentity(client, 'changeSecret', { body: { ...verifier, presence: proof.view } })
  if (!answer.ok) return answer.problem
  await memory.keep({ pinLength: pin.length, demoPin: null })
  update((state) => ({ ...proved(desk, state), pinLength: pin.length, demoPin: null }))
  await readSelf(desk)
  return null
}

export async function unlock(desk: Desk, prove: Prove): Promise<Problem | null> {
  const proof = await presence(desk.client, 'unlock', '', prove)
  if (!proof.ok) return proof.problem
  const answer = await callIdentity(desk.client, 'unlock', { body: { presence: proof.view } })
  if (!answer.ok) return answer.problem
  desk.update((state) => ({ ...state, provedAt: Math.max(state.provedAt, answer.view.provedAt) }))
  return null
}

// ---- passkeys

export async function readPasskeys(desk: Desk): Promise<Problem | null> {
  return withPasskeys(desk, await callIdentity(desk.client, 'passkeys'))
}

export async function removePasskey(desk: Desk, credential: string, prove: Prove): Promise<Problem | null> {
  const proof = await presence(desk.client, 'remove-passkey', credential, prove)
  if (!proof.ok) return proof.problem
  const body = { credential, presence: proof.view }
  const problem = withPasskeys(desk, await callIdentity(desk.client, 'removePasskey', { body }))
  if (problem === null) await readSelf(desk)
  return problem
}

/** A proof by a security key alone: a phone's own passkey does not count. */
export function bySecurityKey(desk: Desk): Prove {
  return async (approval, { scheme }) => {
    const keys = securityKeys(desk.state().mine)
    if (scheme.hostName === null) return { ok: false, problem: problemOf('no-host-name') }
    if (keys.length === 0) return { ok: false, problem: problemOf('security-key-needed') }
    return passkeyProof(approval, scheme.hostName, keys)
  }
}

/** What is different on a phone since it was set up: whether another one waits to be let in, and what this one approves with. */
export async function lookAround(desk: Desk): Promise<void> {
  await Promise.all([readDevices(desk), readPasskeys(desk)])
}

/** A right proof unlocks, whatever it was for. */
const proved = (desk: Desk, state: when.State): when.State => ({
  ...state,
  provedAt: Math.max(state.provedAt, desk.now()),
})

async function readSelf({ client, update }: Desk): Promise<void> {
  const self = await client.self()
  if (self.ok) learnSelf(update, self.view)
}

function withDevices({ update }: Desk, answer: Outcome<IdentityView<'devices'>>): Problem | null {
  if (!answer.ok) return answer.problem
  update((state) => when.learntMine(state, { devices: answer.view }))
  return null
}

function withPasskeys({ update }: Desk, answer: Outcome<IdentityView<'passkeys'>>): Problem | null {
  if (!answer.ok) return answer.problem
  update((state) => when.learntMine(state, { passkeys: answer.view.passkeys }))
  return null
}
