// What a payer's device has signed, checked as it was sent: the signature, and the owner's proof. The rules rebuild the bytes
// from the payment's own row and compare, so a right signature over something else is still a no.
import { APPROVAL_LENGTH, claimsOf } from '#core/approval.ts'
import { fromBase64url } from '#core/bytes.ts'
import type { ProofResult } from '#core/device.ts'
import type { DeviceId } from '#core/ids.ts'
import type { Evidence } from '#core/payment.ts'
import type { CommandBody, ProofBody } from '#protocol/commands.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import type { DeviceActor } from '#switch/actors.ts'
import type { Directory } from './directory.ts'
import { isSignedBy } from './keys.ts'
import { isRightPasskeyProof, type PasskeyHome } from './passkeys.ts'
import { isRightScramProof } from './scram.ts'

/** The evidence for the switch, which itself looks whether the device may still act. Problem: signature-invalid. */
export async function verifyEvidence(
  directory: Directory,
  home: PasskeyHome,
  actor: DeviceActor,
  body: Pick<CommandBody<'approve'>, 'approval' | 'signature' | 'proof'>,
): Promise<Evidence | Problem> {
  const publicKey = await directory.publicKeyOf(actor.id)
  const bytes = fromBase64url(body.approval)
  const signature = fromBase64url(body.signature)
  if (!publicKey || bytes?.length !== APPROVAL_LENGTH || !signature) return problemOf('signature-invalid')
  if (!isSignedBy(publicKey, bytes, signature)) return problemOf('signature-invalid')
  return { bytes, signature, proof: await judge(directory, home, actor, bytes, body.proof), key: actor.key }
}

/**
 * The evidence that a payee hands in, with the device that signed it. Undefined for an unknown device, another's signature, and an
 * approval that was not signed to be handed back. Whether the device may still act is the switch's to look.
 */
export async function verifyHandedBack(
  directory: Directory,
  home: PasskeyHome,
  payer: DeviceId,
  body: Pick<CommandBody<'submit-signed'>, 'approval' | 'signature' | 'proof'>,
): Promise<{ evidence: Evidence; payer: DeviceActor } | undefined> {
  const actor = (await directory.identityOf(payer))?.actor
  if (actor?.kind !== 'device') return undefined
  const evidence = await verifyEvidence(directory, home, actor, body)
  if (!('bytes' in evidence) || claimsOf(evidence.bytes)?.purpose !== 'hand-back') return undefined
  return { evidence, payer: actor }
}

async function judge(
  directory: Directory,
  home: PasskeyHome,
  actor: DeviceActor,
  approval: Uint8Array,
  proof: ProofBody,
): Promise<ProofResult> {
  if (proof === null) return 'none'
  const { party, account } = actor
  const isRight =
    proof.kind === 'scram'
      ? isRightScramProof({ proof, secret: await directory.secretOf(party), account, approval })
      : await isRightPasskeyProof(directory, home, { party, proof, approval })
  return isRight ? 'right' : 'wrong'
}
