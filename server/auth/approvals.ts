// What a device signed is looked at here as sent: is the signature by its key, is the owner's proof right? The rules rebuild the bytes
// from the payment's own row and compare, so a right signature over something else is still a no.
import { APPROVAL_LENGTH, claimsOf } from '#core/approval.ts'
import { fromBase64url } from '#core/bytes.ts'
import type { DeviceId } from '#core/ids.ts'
import type { Evidence } from '#core/payment.ts'
import type { CommandBody } from '#protocol/commands.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import type { DeviceActor } from '#switch/actors.ts'
import type { Directory } from './directory.ts'
import { isSignedBy } from './keys.ts'
import type { Proofs } from './proofs.ts'

/** What a device signs, as commands and proofs of presence carry it. */
export type SignedBody = Pick<CommandBody<'approve'>, 'approval' | 'signature' | 'proof'>

type Keys = Pick<Directory, 'publicKeyOf'>

/** The bytes with their right signature by the device's key; undefined for anything else. Whether it may still act is not looked at. */
export async function signedBytes(
  directory: Keys,
  { id }: DeviceActor,
  body: Pick<SignedBody, 'approval' | 'signature'>,
): Promise<{ bytes: Uint8Array; signature: Uint8Array } | undefined> {
  const publicKey = await directory.publicKeyOf(id)
  const bytes = fromBase64url(body.approval)
  const signature = fromBase64url(body.signature)
  if (!publicKey || bytes?.length !== APPROVAL_LENGTH || !signature) return undefined
  return isSignedBy(publicKey, bytes, signature) ? { bytes, signature } : undefined
}

/** The evidence in a checked body of approve, respond or prove. The rules look whether the device may still act. Problem: signature-invalid. */
export async function verifyEvidence(
  directory: Keys,
  proofs: Proofs,
  actor: DeviceActor,
  body: SignedBody,
): Promise<Evidence | Problem> {
  const signed = await signedBytes(directory, actor, body)
  if (signed === undefined) return problemOf('signature-invalid')
  const { party, account, id, key } = actor
  const judged = await proofs.judge(body.proof, { party, account, device: id, approval: signed.bytes })
  return { ...signed, ...judged, key }
}

/**
 * The evidence that a payee hands in, with the device that signed it. Undefined for an unknown device, another's signature, and an
 * approval that was not signed to be handed back. Whether the device may still act is the switch's to look.
 */
export async function verifyHandedBack(
  directory: Pick<Directory, 'publicKeyOf' | 'identityOf'>,
  proofs: Proofs,
  payer: DeviceId,
  body: SignedBody,
): Promise<{ evidence: Evidence; payer: DeviceActor } | undefined> {
  const actor = (await directory.identityOf(payer))?.actor
  if (actor?.kind !== 'device') return undefined
  const evidence = await verifyEvidence(directory, proofs, actor, body)
  if (!('bytes' in evidence) || claimsOf(evidence.bytes)?.purpose !== 'hand-back') return undefined
  return { evidence, payer: actor }
}
