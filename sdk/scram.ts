// The PIN or password by SCRAM-SHA-256 (RFC 5802, RFC 7677): it never travels, the hub keeps a verifier only, and a proof
// is worthless for any other bill, because its auth message holds the hash of the approval bytes.
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 as sha256Of } from '@noble/hashes/sha2.js'
import { claimsOf } from '#core/approval.ts'
import { fromBase64url, fromHex, sha256, toBase64url, toHex, utf8, type Bytes } from '#core/bytes.ts'
import type { ProofBody } from '#protocol/commands.ts'
import { problemOf } from '#protocol/problems.ts'
import { scramMessage } from '#protocol/signed-bytes.ts'
import type { Prove } from './approval.ts'
import type { Client } from './client.ts'
import type { Outcome } from './outcome.ts'
import { systemRandom, type Random } from './transport.ts'

export type ScramProof = Extract<ProofBody, { kind: 'scram' }>

/** 0.2 to 0.5 s on a phone of today; what a thief of the verifiers pays for each guess. */
export const ITERATIONS = 310_000
const SALT_BYTES = 16
const NONCE_BYTES = 16

/** The PIN as it counts: full-width digits and other forms of the same characters are one (NFKC). */
export const normalisePin = (pin: string): string => pin.normalize('NFKC')

/** PBKDF2-HMAC-SHA256 over the normalised PIN, 32 bytes: all that a proof needs. Slow on purpose. */
export async function saltedPassword(pin: string, salt: Uint8Array, iterations: number): Promise<Bytes> {
  const password = await crypto.subtle.importKey('raw', utf8(normalisePin(pin)), 'PBKDF2', false, ['deriveBits'])
  const derivation = { name: 'PBKDF2', hash: 'SHA-256', salt: Uint8Array.from(salt), iterations }
  return new Uint8Array(await crypto.subtle.deriveBits(derivation, password, 256))
}

/** The verifier that the hub keeps. */
export async function secretFrom(
  pin: string,
  salt: Uint8Array,
  iterations: number = ITERATIONS,
): Promise<{ storedKey: Bytes; serverKey: Bytes }> {
  const salted = await saltedPassword(pin, salt, iterations)
  return { storedKey: sha256(clientKeyOf(salted)), serverKey: hmacOf(salted, utf8('Server Key')) }
}

/** RFC 5802 ClientProof of any auth message. */
export function clientProof(salted: Uint8Array, authMessage: Uint8Array): Bytes {
  const clientKey = clientKeyOf(salted)
  const signature = hmacOf(sha256(clientKey), authMessage)
  return clientKey.map((byte, index) => byte ^ (signature[index] ?? 0))
}

/** The proof for one approval: `hubNonce` is the nonce of the view (or of its challenge), 32 hex digits. */
export async function scramProof(
  asked: Readonly<{
    /** the PIN, or the salted password of it when that is at hand */
    pin: string | Uint8Array
    account: string
    clientNonce: Uint8Array
    hubNonce: string
    salt: Uint8Array
    iterations: number
    /** SHA-256 of the approval bytes */
    approvalHash: Uint8Array
  }>,
): Promise<ScramProof> {
  const { pin, clientNonce, salt, iterations } = asked
  const salted = typeof pin === 'string' ? await saltedPassword(pin, salt, iterations) : pin
  const message = scramMessage({ ...asked, hubNonce: fromHex(asked.hubNonce) ?? new Uint8Array() })
  return {
    kind: 'scram',
    clientNonce: toBase64url(clientNonce),
    clientProof: toBase64url(clientProof(salted, message)),
  }
}

/** Proves the owner by PIN or password. Problem: proof-needed when the person has set none. */
export const withPin =
  (pin: string, random: Random = systemRandom): Prove =>
  async (approval, { self }) => {
    const secret = self.kind === 'device' ? self.secret : null
    const salt = secret === null ? undefined : fromBase64url(secret.salt)
    const nonce = claimsOf(approval)?.nonce
    if (self.kind !== 'device' || secret === null || salt === undefined || nonce === undefined) {
      return { ok: false, problem: problemOf('proof-needed') }
    }
    const view = await scramProof({
      pin,
      account: self.account,
      clientNonce: random(NONCE_BYTES),
      hubNonce: toHex(nonce),
      salt,
      iterations: secret.iterations,
      approvalHash: sha256(approval),
    })
    return { ok: true, view }
  }

/** Sets the person's PIN or password, once. Problem: state-conflict when there is one already. */
export async function setPin(
  client: Client,
  pin: string,
  random: Random = systemRandom,
): Promise<Outcome<{ done: true }>> {
  const salt = random(SALT_BYTES)
  const { storedKey, serverKey } = await secretFrom(pin, salt)
  const outcome = await client.call('secret', {
    body: {
      salt: toBase64url(salt),
      iterations: ITERATIONS,
      storedKey: toBase64url(storedKey),
      serverKey: toBase64url(serverKey),
    },
  })
  if (outcome.ok) await client.self()
  return outcome
}

const clientKeyOf = (salted: Uint8Array): Bytes => hmacOf(salted, utf8('Client Key'))
const hmacOf = (key: Uint8Array, message: Uint8Array): Bytes => Uint8Array.from(hmac(sha256Of, key, message))
