// Proofs of presence as they are sent: a nonce is drawn, signature and proof are verified; then the switch judges under the device's lock.
// The nonce names the command, so that it is good for one proof, and that one sent again gets the same answer.
import { createHash, randomBytes } from 'node:crypto'
import { claimsOf } from '#core/approval.ts'
import { toHex } from '#core/bytes.ts'
import type { Device } from '#core/device.ts'
import { idFrom } from '#core/ids.ts'
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
  /** asked only whether it was said before: what is proved for the first time is too late */
  isAgain?: boolean
}>

/**
 * Was the owner there, for exactly this? Null for yes. A proof is good for one command, and that command sent again is told the same: so
 * what is done after a yes must do nothing more when it is done twice. Problems: PROOF_PROBLEMS of protocol/identity.ts.
 */
export type ProvePresence = (asked: Asked) => Promise<Problem | null>

export type PresenceDesk = ReturnType<typeof createPresenceDesk>

const NONCE_BYTES = 16

export function createPresenceDesk({
  directory,
  proofs,
  hub,
}: Readonly<{
  directory: Pick<Directory, 'publicKeyOf' | 'putPresenceNonce' | 'hasPresenceNonce'>
  proofs: Proofs
  hub: Pick<Switch, 'provePresence'>
}>) {
  async function drawNonce({ id }: DeviceActor): Promise<{ nonce: string; expiresAt: number }> {
    const nonce = randomBytes(NONCE_BYTES)
    return { nonce: toHex(nonce), expiresAt: await directory.putPresenceNonce(id, nonce, LIMITS.presenceMs) }
  }

  /** As ProvePresence, and when the owner proved it: by the database's clock, milliseconds since 1970. The unlock lasts from then. */
  async function prove(asked: Asked): Promise<{ provedAt: number } | Problem> {
    const { actor, action, subject, body, approvesWith = null, isAgain = false } = asked
    const signed = await signedBytes(directory, actor, body)
    if (signed === undefined) return problemOf('signature-invalid')
    const claims = claimsOf(signed.bytes)
    if (claims === undefined) return problemOf('signature-invalid')
    // Whoever has the session but not the key has come no further: what the owner is about to answer is not used up by that.
    const { party, account, id, key } = actor
    const isDrawn = !isAgain && (await directory.hasPresenceNonce(id, claims.nonce))
    const judged = await proofs.judge(body.proof, { party, account, device: id, approval: signed.bytes })
    const evidence = { ...signed, ...judged, key }
    const { approval, signature, proof } = body
    const command = {
      actor: id,
      id: idFrom('cmd', sha256(`presence ${toHex(claims.nonce)}`).subarray(0, 16)),
      hash: toHex(sha256(JSON.stringify([action, subject, approvesWith, approval, signature, proof]))),
    }
    const result = await hub.provePresence({ actor, action, subject, evidence, approvesWith, command, isDrawn })
    return result.ok ? { provedAt: result.provedAt } : problemOf(result.refusal.code, result.refusal.detail)
  }

  const provePresence: ProvePresence = async (asked) => {
    const proved = await prove(asked)
    return 'provedAt' in proved ? null : proved
  }

  return { drawNonce, prove, provePresence }
}

const sha256 = (text: string): Uint8Array => createHash('sha256').update(text).digest()
