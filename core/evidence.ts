// What a phone has signed, against what it should have: the bytes are rebuilt from our own rows and compared.
import { APPROVAL_LIFE_MS, approvalBytes, claimsOf, METHOD_WHOLE, NO_PAYMENT, type Purpose } from './approval.ts'
import { assert } from './assert.ts'
import { billHash } from './bill.ts'
import { equal, fromHex } from './bytes.ts'
import { CLOCK_SLACK_MS, type Device } from './device.ts'
import { isOutside } from './means.ts'
import { methodCode } from './method.ts'
import type { Evidence, Loaded, Payment, SchemeRules } from './payment.ts'
import type { Askable } from './persona.ts'
import { questionHash } from './question.ts'
import { refuse, type Refusal } from './refusals.ts'

/** Why a purchase handed back does not fit the bill it is submitted for, before anything is made of it; undefined when it does. */
export const handBackFault = (
  payment: Payment,
  device: Device,
  evidence: Evidence,
  rules: SchemeRules,
  now: number,
): Refusal | undefined =>
  acceptanceFault(payment, rules, now) ??
  evidenceFault(payment, { device, rules }, evidence, 'hand-back', judgedAt(payment, now))

/** By which moment expiry and unlock are judged: when a register without a network took the purchase, else now. */
export const judgedAt = ({ acceptedAt }: Payment, now: number): number =>
  acceptedAt === null ? now : Math.min(acceptedAt, now)

/** Why a register should not have taken it without a network, or comes too late with it. */
function acceptanceFault({ acceptedAt, bill }: Payment, { offline }: SchemeRules, now: number): Refusal | undefined {
  if (acceptedAt === null) return undefined
  if (acceptedAt > now + CLOCK_SLACK_MS) return refuse('signature-invalid')
  if (bill !== null && bill.total > offline.payment)
    return refuse('over-offline-limit', { limit: String(offline.payment) })
  return now - acceptedAt > offline.ms ? refuse('over-offline-limit', { ms: String(offline.ms) }) : undefined
}

/** Rebuilds the bytes from our own rows; what differs tells a stale approval from a forged one. */
export function evidenceFault(
  payment: Payment,
  loaded: Pick<Loaded, 'device' | 'rules'>,
  evidence: Evidence,
  purpose: Purpose,
  now: number,
  released: readonly Askable[] = [],
): Refusal | undefined {
  const { device, rules } = loaded
  assert(device !== null, 'evidence is judged with its device')
  if (device.status !== 'active' || device.key !== evidence.key) return refuse('device-revoked')
  const claims = claimsOf(evidence.bytes)
  if (claims === undefined) return refuse('signature-invalid')
  const hash = signedHash(payment, released)
  if (claims.billVersion !== payment.billVersion) return refuse('bill-changed')
  // What was signed may have been right until the payer chose again.
  const unfit = refuse(payment.chosen > 0 ? 'means-changed' : 'signature-invalid')
  if (!equal(claims.billHash, hash)) return unfit
  const nonce = purpose === 'challenge' ? payment.challenge?.nonce : payment.nonce
  if (nonce === undefined) return refuse('no-challenge')
  const rebuilt = approvalBytes({
    purpose,
    scheme: rules.id,
    deal: payment.deal,
    payment: purpose === 'hand-back' ? NO_PAYMENT : payment.id,
    billVersion: payment.billVersion,
    billHash: hash,
    payerAccount: payment.payer.account,
    means: isOutside(payment.means) ? payment.means.id : payment.payer.account,
    method: payment.means.kind === 'card' ? methodCode(payment.means.method) : METHOD_WHOLE,
    key: device.key,
    nonce: nonceBytes(nonce),
    expiresAt: claims.expiresAt,
  })
  if (!equal(rebuilt, evidence.bytes)) return unfit
  if (claims.expiresAt <= now) return refuse('approval-expired')
  return claims.expiresAt > now + APPROVAL_LIFE_MS ? refuse('signature-invalid') : undefined
}

/** What stands where the bill's hash does; a challenge before the bill is there proves for none. */
function signedHash({ question, bill, biller, means }: Payment, released: readonly Askable[]): Uint8Array {
  if (question !== null) return questionHash(biller, question, released)
  return bill === null ? new Uint8Array(32) : billHash(biller, bill, means)
}

function nonceBytes(nonce: string): Uint8Array {
  const bytes = fromHex(nonce)
  assert(bytes?.length === 16, 'a nonce is 16 bytes of hex')
  return bytes
}
