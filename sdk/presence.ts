// The owner proves to be there for something that is no payment: a new phone, a new PIN, the unlock. The same bytes, signature and
// proof as for a bill, over a nonce that the hub has drawn for it.
//
//   presence(client, 'unlock', '', withPin('2468')) → the body's `presence`, or why there is none
import { APPROVAL_LIFE_MS } from '#core/approval.ts'
import { assert } from '#core/assert.ts'
import { isAccountNumber } from '#core/accounts.ts'
import { fromHex } from '#core/bytes.ts'
import { parseId } from '#core/ids.ts'
import type { ProofBody } from '#protocol/commands.ts'
import type { PresenceAction, PresenceBody } from '#protocol/identity.ts'
import { problemOf } from '#protocol/problems.ts'
import { presenceBytes } from '#protocol/signed-bytes.ts'
import { currentIdentity, signApproval, type Prove } from './approval.ts'
import type { Client } from './client.ts'
import { callIdentity } from './identity-calls.ts'
import type { Identity } from './identity.ts'
import type { Outcome } from './outcome.ts'

type Asked = Readonly<{
  identity: Identity
  /** the scheme's id, as text */
  scheme: string
  /** the owner's account number */
  account: string
  action: PresenceAction
  /** what it is done to: see presenceHash */
  subject: string
  /** as the hub has drawn it, 32 hex digits */
  nonce: string
  /** the hub's clock, milliseconds since 1970 */
  now: number
}>

/** Long enough for a person with a PIN sheet and a slow network. */
const LIFE_MS = APPROVAL_LIFE_MS / 2

/** The signed bytes for this action and subject, with the owner's proof over them. */
export async function makePresence(
  asked: Asked & Readonly<{ prove: (approval: Uint8Array) => Promise<ProofBody> }>,
): Promise<PresenceBody> {
  const bytes = bytesOf(asked)
  return signApproval(asked.identity, bytes, await asked.prove(bytes))
}

/** Asks the hub for a nonce and makes the presence. Problems: session-needed (no phone is enrolled here), no-answer, and the proof's. */
export async function presence(
  client: Client,
  action: PresenceAction,
  subject: string,
  prove: Prove,
): Promise<Outcome<PresenceBody>> {
  const identity = await currentIdentity(client, true)
  if (identity?.self.kind !== 'device') return { ok: false, problem: problemOf('session-needed') }
  const drawn = await callIdentity(client, 'presenceNonce', { body: {} })
  if (!drawn.ok) return drawn
  const { account } = identity.self
  const { scheme } = identity.scheme
  const { nonce } = drawn.view
  const bytes = bytesOf({ identity, scheme, account, action, subject, nonce, now: client.hubNow() })
  const proof = await prove(bytes, identity)
  return proof.ok ? { ok: true, view: await signApproval(identity, bytes, proof.view) } : proof
}

function bytesOf({ identity, action, subject, account, now, ...texts }: Asked): Uint8Array {
  const scheme = parseId('sch', texts.scheme)
  const key = parseId('key', identity.self.key)
  const nonce = fromHex(texts.nonce)
  assert(
    scheme !== undefined && key !== undefined && isAccountNumber(account),
    'a hub enrols with ids of its own making',
  )
  assert(nonce?.length === 16, 'a nonce has 16 bytes')
  return presenceBytes({ scheme, account, key, action, subject, nonce, expiresAt: now + LIFE_MS })
}
