// Proofs of presence as they are sent: a nonce is drawn, the signature is checked, the nonce is used up by it, the proof is verified;
// then the switch judges under the device's lock.
import { randomBytes } from 'node:crypto'
import { claimsOf } from '#core/approval.ts'
import { toHex } from '#core/bytes.ts'
import type { Device } from '#core/device.ts'
import type { PresenceAction, PresenceBody } from '#protocol/identity.ts'
import { LIMITS } from '#protocol/limits.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import type { DeviceActor } from '#switch/actors.ts'
import type { Switch } from '#switch/switch.ts'
import { signedBytes } from './approvals.ts'
import type { Directory } from './directory.ts'
import type { Proofs } from './proofs.ts'

export type Asked = Readonly<{
  actor: DeviceActor
  action: PresenceAction
  /** see presenceHash in signed-bytes.ts */
  subject: string
  body: PresenceBody
  /** what the device approves with from now on, in the same commit; only a security key may say so */
  approvesWith?: Device['approvesWith']
}>

/** Was the owner there, for exactly this? Null for yes; each proof is good for once. Problems: PROOF_PROBLEMS of protocol/identity.ts. */
export type ProvePresence = (asked: Asked) => Promise<Problem | null>

export type PresenceDesk = ReturnType<typeof createPresenceDesk>

const NONCE_BYTES = 16

export function createPresenceDesk({
  directory,
  proofs,
  hub,
}: Readonly<{
  directory: Pick<Directory, 'publicKeyOf' | 'putPresenceNonce' | 'takePresenceNonce'>
  proofs: Proofs
  hub: Pick<Switch, 'provePresence'>
}>) {
  async function drawNonce({ id }: DeviceActor): Promise<{ nonce: string; expiresAt: number }> {
    const nonce = randomBytes(NONCE_BYTES)
    return { nonce: toHex(nonce), expiresAt: await directory.putPresenceNonce(id, nonce, LIMITS.presenceMs) }
  }

  /** When the owner proved it, by the database's clock; the unlock lasts from then. */
  async function prove({ actor, action, subject, body, approvesWith }: Asked): Promise<{ provedAt: number } | Problem> {
    const signed = await signedBytes(directory, actor, body)
    if (signed === undefined) return problemOf('signature-invalid')
    const claims = claimsOf(signed.bytes)
    if (claims === undefined) return problemOf('signature-invalid')
    // Whoever has the session but not the key cannot use up what the owner is about to answer.
    if (!(await directory.takePresenceNonce(actor.id, claims.nonce))) return problemOf('approval-expired')
    const { party, account, id, key } = actor
    const judged = await proofs.judge(body.proof, { party, account, device: id, approval: signed.bytes })
    const evidence = { ...signed, ...judged, key }
    const result = await hub.provePresence({ actor, action, subject, evidence, approvesWith: approvesWith ?? null })
    return result.ok ? { provedAt: result.provedAt } : problemOf(result.refusal.code, result.refusal.detail)
  }

  const provePresence: ProvePresence = async (asked) => {
    const proved = await prove(asked)
    return 'provedAt' in proved ? null : proved
  }

  return { drawNonce, prove, provePresence }
}
