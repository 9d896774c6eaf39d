// The exact bytes that devices sign and both sides derive keys from, built once for the SDK and the hub.
import type { AccountNumber } from '#core/accounts.ts'
import { approvalBytes, METHOD_WHOLE, NO_PAYMENT } from '#core/approval.ts'
import { concat, fromU64, toBase64url, utf8, sha256, type Bytes } from '#core/bytes.ts'
import {
  idBytes,
  idFrom,
  type DealId,
  type DeviceId,
  type KeyId,
  type OperatorId,
  type SchemeId,
  type StaffId,
  type TerminalId,
} from '#core/ids.ts'

/** What the new key signs at enrolment: "WE1" | code without blanks and dashes in capitals | public key 65. */
export const enrolmentBytes = (code: string, publicKey: Uint8Array): Bytes =>
  concat(utf8('WE1'), utf8(code.replace(/[\s-]/gu, '').toUpperCase()), publicKey)

/** What the enrolled key signs to start a session: "WS1" | scheme 16 | actor (text) | key 16 | ephemeral 65 | nonce 16 | at 8. */
export const sessionBytes = (
  session: Readonly<{
    scheme: SchemeId
    actor: DeviceId | TerminalId | OperatorId
    key: KeyId
    ephemeral: Uint8Array
    nonce: Uint8Array
    /** milliseconds since 1970 */
    at: number
  }>,
): Bytes =>
  concat(
    utf8('WS1'),
    idBytes(session.scheme),
    utf8(session.actor),
    idBytes(session.key),
    session.ephemeral,
    session.nonce,
    fromU64(BigInt(session.at)),
  )

/** HKDF-SHA256 labels: the salt is the client's nonce and then the hub's, the input the ECDH secret, 32 bytes each. */
export const SESSION_MAC_INFO = 'warifu session mac'
export const SESSION_TOKEN_INFO = 'warifu session token'

/** The bearer token's text: `ses_….` and 32 bytes in base64url. */
export const tokenText = (session: string, secret: Uint8Array): string => `${session}.${toBase64url(secret)}`

/**
 * The SCRAM AuthMessage (RFC 5802) of a proof that belongs to one approval: the extension `x` holds base64 of SHA-256
 * of the approval bytes. Nonces are written in base64url, salt and hash in padded base64 as the RFC says.
 */
export const scramMessage = (
  parts: Readonly<{
    account: string
    clientNonce: Uint8Array
    hubNonce: Uint8Array
    salt: Uint8Array
    iterations: number
    approvalHash: Uint8Array
  }>,
): Bytes => {
  const client = toBase64url(parts.clientNonce)
  const both = client + toBase64url(parts.hubNonce)
  return utf8(
    [
      `n=${parts.account},r=${client}`,
      `r=${both},s=${toBase64(parts.salt)},i=${parts.iterations}`,
      `c=biws,r=${both},x=${toBase64(parts.approvalHash)}`,
    ].join(','),
  )
}

/** Base64 with padding (RFC 4648 section 4), as HTTP digests and SCRAM use it. */
export function toBase64(bytes: Uint8Array): string {
  const text = toBase64url(bytes).replaceAll('-', '+').replaceAll('_', '/')
  return text.padEnd(Math.ceil(text.length / 4) * 4, '=')
}

/** The subject of a presence that registers a bank account (add-means): this account, and no other. */
export const meansSubject = (
  asked: Readonly<{ bank: string; branch: string; kind: string; number: string; holder: string }>,
): string => [asked.bank, asked.branch, asked.kind, asked.number, asked.holder].join(' ')

/**
 * What stands in the approval bytes (purpose authenticate; deal, payment and bill version zero) where a bill's hash would, when the
 * owner proves to be there for something that is no payment: SHA-256 of ["WD1", action, subject]. The subject is the new StoredKey
 * (change-secret), the credential (remove-passkey), the address (change-email), the value (approves-with), the account (add-means),
 * the envelope (add-card), else empty.
 */
export const presenceHash = (action: string, subject: string): Bytes =>
  sha256(utf8(JSON.stringify(['WD1', action, subject])))

const NO_DEAL = idFrom('deal', new Uint8Array(16))

/** What a device signs, and its owner proves over, for something that is no payment: 162 approval bytes. */
export const presenceBytes = (
  presence: Readonly<{
    scheme: SchemeId
    account: AccountNumber
    key: KeyId
    action: string
    subject: string
    /** 16 bytes the hub drew for it */
    nonce: Uint8Array
    /** milliseconds since 1970; at most APPROVAL_LIFE_MS ahead */
    expiresAt: number
  }>,
): Uint8Array =>
  approvalBytes({
    purpose: 'authenticate',
    scheme: presence.scheme,
    deal: NO_DEAL,
    payment: NO_PAYMENT,
    billVersion: 0,
    billHash: presenceHash(presence.action, presence.subject),
    payerAccount: presence.account,
    means: presence.account,
    method: METHOD_WHOLE,
    key: presence.key,
    nonce: presence.nonce,
    expiresAt: presence.expiresAt,
  })

/** What a phone that has waited signs to be let in: "WF1" | request 16. */
export const finishBytes = (request: Uint8Array): Bytes => concat(utf8('WF1'), request)

/** The stored result that a closed wallet returns by itself: "WP1" | device 16 | pushed command 16 | proved at 8 | good until 8. */
export const storedPresenceBytes = (
  presence: Readonly<{ device: DeviceId; command: Uint8Array; provedAt: number; until: number }>,
): Bytes =>
  concat(
    utf8('WP1'),
    idBytes(presence.device),
    presence.command,
    fromU64(BigInt(presence.provedAt)),
    fromU64(BigInt(presence.until)),
  )

/** What a cashier's PIN is proved over (scramMessage's approvalHash, with the staff id as account): SHA-256 of "WC1" | terminal 16 | staff 16. */
export const cashierHash = (terminal: TerminalId, staff: StaffId): Bytes =>
  sha256(concat(utf8('WC1'), idBytes(terminal), idBytes(staff)))

/**
 * What a password is proved over when a new phone asks to be let in: SHA-256 of "WR1" | its public key 65. In scramMessage the address,
 * in lower case, stands where the account does, because such a phone knows no account number.
 */
export const recoveryHash = (publicKey: Uint8Array): Bytes => sha256(concat(utf8('WR1'), publicKey))

/** What the scheme's key signs of a pushed message, so that a wallet knows it from everybody else's: "WM1" | its JSON without the signature. */
export const pushedBytes = (json: string): Bytes => concat(utf8('WM1'), utf8(json))

/**
 * What a register signs when it accepts a purchase without a network, so that the approval is judged at that time: "WK1" | scheme 16 |
 * deal 16 | SHA-256 of the approval bytes 32 | at 8 (milliseconds since 1970).
 */
export const acceptedBytes = (
  accepted: Readonly<{ scheme: SchemeId; deal: DealId; approval: Uint8Array; at: number }>,
): Bytes =>
  concat(
    utf8('WK1'),
    idBytes(accepted.scheme),
    idBytes(accepted.deal),
    sha256(accepted.approval),
    fromU64(BigInt(accepted.at)),
  )
