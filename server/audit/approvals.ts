// I30: every approval, and every answer to a question, is stored as it was signed. Its bytes are built again from the payment as its
// events tell it, and the signature is checked with the key of the payer's device.
import { verify, type KeyObject } from 'node:crypto'
import { APPROVAL_LIFE_MS, approvalBytes, claimsOf, METHOD_WHOLE, NO_PAYMENT, type Purpose } from '#core/approval.ts'
import { billHash } from '#core/bill.ts'
import { equal, fromHex } from '#core/bytes.ts'
import { CLOCK_SLACK_MS } from '#core/device.ts'
import type { DeviceId, KeyId, SchemeId } from '#core/ids.ts'
import { methodCode } from '#core/method.ts'
import type { Payment } from '#core/payment.ts'
import type { Askable } from '#core/persona.ts'
import { questionHash } from '#core/question.ts'
import { publicKeyOf } from '../auth/keys.ts'

export type StoredApproval = Readonly<{
  approval: Uint8Array
  signature: Uint8Array
  key: KeyId
  strength: string | null
}>

/** `released` is what the answer to a question lets the asker see; null for approvals of a bill. `at`: when it was used. */
type Signed = Readonly<{ before: Payment; at: number; released: readonly Askable[] | null }>

const SIGNATURE_BYTES = 64

/** What is wrong with the bytes of this approval of `before` at that time, or undefined. */
export function approvalFault(
  scheme: SchemeId,
  { before, at, released }: Signed,
  stored: StoredApproval,
): string | undefined {
  const claims = claimsOf(stored.approval)
  const purposes: readonly Purpose[] = released === null ? ['approve', 'hand-back'] : ['authenticate']
  if (claims === undefined || !purposes.includes(claims.purpose)) return 'is no approval of a payment'
  const nonce = fromHex(before.nonce)
  const hash = signedHash(before, released)
  if (hash === undefined || nonce === undefined) return 'is of no bill'
  const rebuilt = approvalBytes({
    purpose: claims.purpose,
    scheme,
    deal: before.deal,
    payment: claims.purpose === 'hand-back' ? NO_PAYMENT : before.id,
    billVersion: before.billVersion,
    billHash: hash,
    payerAccount: before.payer.account,
    means: 'id' in before.means ? before.means.id : before.payer.account,
    method: before.means.kind === 'card' ? methodCode(before.means.method) : METHOD_WHOLE,
    key: stored.key,
    nonce,
    expiresAt: claims.expiresAt,
  })
  if (!equal(rebuilt, stored.approval)) return 'is not of this bill, payer and key'
  // What a register took without a network had to be good then; the two clocks may differ by so much, and no more.
  const { acceptedAt } = before
  if (acceptedAt !== null && acceptedAt > at + CLOCK_SLACK_MS) return 'was accepted after it was handed in'
  const used = acceptedAt === null ? at : Math.min(acceptedAt, at)
  if (claims.expiresAt <= used || claims.expiresAt > used + APPROVAL_LIFE_MS) return 'was not good when it was used'
  return undefined
}

/** What was signed: the bill, or the question with what its answer releases. */
function signedHash({ bill, question, biller, means }: Payment, released: Signed['released']): Uint8Array | undefined {
  if (released !== null) return question === null ? undefined : questionHash(biller, question, released)
  return bill === null ? undefined : billHash(biller, bill, means)
}

/** Was this signed before there was a payment (handed back)? */
export const isHandBack = ({ approval }: StoredApproval): boolean => claimsOf(approval)?.purpose === 'hand-back'

/** A device's key as it was enrolled. */
export type DeviceKey = Readonly<{ device: DeviceId; publicKey: Uint8Array }>

/** Checks signatures on the machine's other threads; a key is parsed once. */
export function signatureChecks() {
  const keys = new Map<KeyId, KeyObject | undefined>()
  return async (stored: StoredApproval, publicKey: Uint8Array | undefined): Promise<string | undefined> => {
    if (publicKey === undefined) return 'is signed by a key that nobody has enrolled for this payer'
    if (!keys.has(stored.key)) {
      if (keys.size >= KEPT_KEYS) keys.clear()
      keys.set(stored.key, publicKeyOf(publicKey))
    }
    const key = keys.get(stored.key)
    if (key === undefined || stored.signature.length !== SIGNATURE_BYTES) return 'has no signature that can be checked'
    const isRight = await new Promise<boolean>((resolve) =>
      verify('sha256', stored.approval, { key, dsaEncoding: 'ieee-p1363' }, stored.signature, (error, right) =>
        resolve(error === null && right),
      ),
    )
    return isRight ? undefined : 'is not signed by its key'
  }
}

/** Some 50 MB. */
const KEPT_KEYS = 20_000
