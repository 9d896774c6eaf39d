// Approval bytes: what the payer's device signs. Good for exactly one version of one bill.
//
//   WA2 | purpose 1 | scheme 16 | deal 16 | payment 16 | bill version 4 | bill hash 32 | payer account 16 | means 16 |
//   method 2 | key 16 | nonce 16 | expiry 8 (milliseconds since 1970)                                     = 162 bytes
//
// The hub never trusts the bytes it is sent: it rebuilds them from its own rows and compares.
import { accountBytes, type AccountNumber } from './accounts.ts'
import { concat, fromU16, fromU32, fromU64, toU32, toU64, utf8 } from './bytes.ts'
import { idBytes, idFrom, isId, type DealId, type KeyId, type MeansId, type PaymentId, type SchemeId } from './ids.ts'

const PURPOSES = ['approve', 'authenticate', 'challenge', 'hand-back', 'refund', 'cancel'] as const
export type Purpose = (typeof PURPOSES)[number]

export type Approval = Readonly<{
  purpose: Purpose
  scheme: SchemeId
  deal: DealId
  payment: PaymentId
  billVersion: number
  billHash: Uint8Array
  payerAccount: AccountNumber
  /** the account the money comes from, or the id of the means outside */
  means: AccountNumber | MeansId
  /** how it is repaid (core/method.ts); METHOD_WHOLE where no card pays */
  method: number
  key: KeyId
  /** 16 bytes the hub drew for this bill version */
  nonce: Uint8Array
  /** milliseconds since 1970; at most APPROVAL_LIFE_MS ahead */
  expiresAt: number
}>

export const APPROVAL_LENGTH = 162
export const APPROVAL_LIFE_MS = 10 * 60_000
export const METHOD_WHOLE = 1
/** Stands in a hand-back: the payment is made only when the payee submits it. */
export const NO_PAYMENT = `pay_${'0'.repeat(32)}` as PaymentId
const TAG = utf8('WA2')

/** The 162 bytes of an approval. */
export const approvalBytes = (approval: Approval): Uint8Array =>
  concat(
    TAG,
    Uint8Array.of(PURPOSES.indexOf(approval.purpose) + 1),
    idBytes(approval.scheme),
    idBytes(approval.deal),
    idBytes(approval.payment),
    fromU32(approval.billVersion),
    approval.billHash,
    accountBytes(approval.payerAccount),
    meansBytes(approval.means),
    fromU16(approval.method),
    idBytes(approval.key),
    approval.nonce,
    fromU64(BigInt(approval.expiresAt)),
  )

/** An id is random bytes, an account is text: no one can be read as the other. */
const meansBytes = (means: AccountNumber | MeansId): Uint8Array =>
  isId('mns', means) ? idBytes(means) : accountBytes(means)

/** Which payment the bytes are said to be for; NO_PAYMENT for none. */
export const paymentIn = (bytes: Uint8Array): PaymentId => idFrom('pay', bytes.subarray(36, 52))

/** Which scheme's deal the bytes are said to be for. */
export const schemeIn = (bytes: Uint8Array): SchemeId => idFrom('sch', bytes.subarray(4, 20))
export const dealIn = (bytes: Uint8Array): DealId => idFrom('deal', bytes.subarray(20, 36))

/** The fields that tell a stale approval from a forged one: bill version, bill hash and expiry, as the sender claims them. */
export function claimsOf(
  bytes: Uint8Array,
): { purpose: Purpose; billVersion: number; billHash: Uint8Array; nonce: Uint8Array; expiresAt: number } | undefined {
  const purpose = PURPOSES[(bytes[3] ?? 0) - 1]
  if (bytes.length !== APPROVAL_LENGTH || purpose === undefined) return undefined
  if (TAG.some((byte, index) => bytes[index] !== byte)) return undefined
  const expiresAt = toU64(bytes.subarray(154, 162))
  // No clock gets there, and a number beyond could not be written back into eight bytes.
  if (expiresAt > BigInt(Number.MAX_SAFE_INTEGER)) return undefined
  return {
    purpose,
    billVersion: toU32(bytes.subarray(52, 56)),
    billHash: bytes.subarray(56, 88),
    nonce: bytes.subarray(138, 154),
    expiresAt: Number(expiresAt),
  }
}
