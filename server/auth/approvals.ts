// What came with an approve or respond, checked as it was sent: the device's signature, and the owner's proof. The rules
// rebuild the bytes from the payment's own row and compare, so a right signature over something else is still a no.
import { APPROVAL_LENGTH } from '#core/approval.ts'
import { fromBase64url } from '#core/bytes.ts'
import type { ProofResult } from '#core/device.ts'
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
