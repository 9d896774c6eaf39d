// The owner proves to be there for something that is no payment. One step in the device's bucket: the bytes are made again, the proof
// is judged under the device's lock by the rule that payments have, and wrong ones count in the same place. Its command is the nonce:
// sent again after a lost answer it gets its stored answer, and anything else over the same nonce gets none.
import { APPROVAL_LIFE_MS, claimsOf } from '#core/approval.ts'
import { equal } from '#core/bytes.ts'
import { judgeProof, type Device } from '#core/device.ts'
import { bucketOfId } from '#core/ids.ts'
import type { Evidence } from '#core/payment.ts'
import { refuse, type Refusal } from '#core/refusals.ts'
import type { PresenceAction } from '#protocol/identity.ts'
import { presenceBytes } from '#protocol/signed-bytes.ts'
import type { DeviceActor } from './actors.ts'
import { NOTHING, refused, type SentCommand } from './lanes.ts'
import type { Parts } from './parts.ts'

export type Presence = Readonly<{
  actor: DeviceActor
  action: PresenceAction
  /** what it is done to: see presenceHash */
  subject: string
  /** signed by the device's key, over a nonce that was drawn for it */
  evidence: Evidence
  /** by the nonce; the hash is of all that was sent */
  command: SentCommand
  /** the nonce is the device's last one and still good: otherwise it is too late to decide anything */
  isDrawn: boolean
  /** what the device approves with from now on; null leaves it */
  approvesWith: Device['approvesWith'] | null
}>

/** The same for the same command, for ever. `provedAt`: by the database's clock, milliseconds since 1970. */
export type PresenceResult = Readonly<{ ok: true; provedAt: number }> | Readonly<{ ok: false; refusal: Refusal }>

export function createPresence({ scheme, step }: Parts) {
  /** A right proof starts the unlock anew. Refusals: those of PROOF_PROBLEMS. */
  async function provePresence(sent: Presence): Promise<PresenceResult> {
    const { id } = sent.actor
    const { refusal, note } = await step({
      bucket: bucketOfId(id),
      command: sent.command,
      needs: { devices: [id] },
      decide(working) {
        if (!sent.isDrawn) return refused(refuse('approval-expired'))
        const device = working.device(id)
        const fault = evidenceFault(sent, device, working.now)
        if (fault !== undefined || device === undefined) return refused(fault ?? refuse('device-revoked'))
        const { rules } = scheme
        const judged = judgeProof(device, sent.evidence, { fresh: true, unlockMs: 0, amount: null, rules }, working.now)
        const answer = judged.refusal ?? ruleOfKeys(sent)
        const { approvesWith } = sent
        working.saveDevice(
          answer === null && approvesWith !== null ? { ...judged.device, approvesWith } : judged.device,
        )
        return answer === null ? { ...NOTHING, note: String(working.now) } : refused(answer)
      },
    })
    if (refusal === null) return { ok: true, provedAt: Number(note) }
    // The nonce was used, for something else.
    return { ok: false, refusal: refusal.code === 'command-mismatch' ? refuse('approval-expired') : refusal }
  }

  /** As of a payment's approval: what was signed is made again from our own rows. */
  function evidenceFault({ actor, action, subject, evidence }: Presence, device: Device | undefined, now: number) {
    if (device?.status !== 'active' || device.key !== evidence.key) return refuse('device-revoked')
    const claims = claimsOf(evidence.bytes)
    if (claims === undefined) return refuse('signature-invalid')
    const { nonce, expiresAt } = claims
    const { key } = device
    const rebuilt = presenceBytes({
      scheme: scheme.rules.id,
      account: actor.account,
      key,
      action,
      subject,
      nonce,
      expiresAt,
    })
    if (!equal(rebuilt, evidence.bytes)) return refuse('signature-invalid')
    if (expiresAt <= now) return refuse('approval-expired')
    return expiresAt > now + APPROVAL_LIFE_MS ? refuse('signature-invalid') : undefined
  }

  return { provePresence }
}

/** Whether the phone needs its key is said by the key alone: else whoever has the PIN could do without it. */
const ruleOfKeys = ({ approvesWith, evidence }: Presence): Refusal | null =>
  approvesWith !== null && evidence.strength !== 'security-key' ? refuse('security-key-needed') : null
