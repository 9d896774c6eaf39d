// The hub's check of a PIN or password by SCRAM-SHA-256 (RFC 5802, RFC 7677). It has a verifier, never the PIN.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { claimsOf } from '#core/approval.ts'
import { fromBase64url } from '#core/bytes.ts'
import type { ProofBody } from '#protocol/commands.ts'
import type { SecretRequest } from '#protocol/routes.ts'
import { scramMessage } from '#protocol/signed-bytes.ts'
import type { Directory, Secret } from './directory.ts'
import { WRONG, type ProofMethod } from './proofs.ts'

type ScramProof = Extract<ProofBody, { kind: 'scram' }>

const KEY_BYTES = 32
const SALT_BYTES = { least: 16, most: 48 }
const CLIENT_NONCE_BYTES = 16

/** Stands in where a person has no secret, so that the answer takes as long. */
const NOBODY: Secret = {
  salt: new Uint8Array(SALT_BYTES.least),
  iterations: 310_000,
  storedKey: new Uint8Array(KEY_BYTES),
  serverKey: new Uint8Array(KEY_BYTES),
}

/** The PIN as a proof: nothing to ask, because the nonce comes with what is approved. */
export const scramMethod = (directory: Pick<Directory, 'secretOf'>): ProofMethod<ScramProof> => ({
  kind: 'scram',
  ask: () => null,
  async verify(proof, { party, account, approval }) {
    const secret = await directory.secretOf(party)
    return isRightScramProof({ proof, secret, account, approval }) ? { right: true, strength: 'password' } : WRONG
  },
})

/** Is this the right proof of the secret's holder over these approval bytes? */
export function isRightScramProof(
  asked: Readonly<{ proof: ScramProof; secret: Secret | undefined; account: string; approval: Uint8Array }>,
): boolean {
  const { secret = NOBODY, proof, account, approval } = asked
  const clientNonce = fromBase64url(proof.clientNonce)
  const sent = fromBase64url(proof.clientProof)
  const hubNonce = claimsOf(approval)?.nonce
  if (!hubNonce || sent?.length !== KEY_BYTES || !clientNonce || clientNonce.length < CLIENT_NONCE_BYTES) return false
  const approvalHash = createHash('sha256').update(approval).digest()
  const { salt, iterations } = secret
  const message = scramMessage({ account, clientNonce, hubNonce, salt, iterations, approvalHash })
  const isRight = fitsStoredKey(secret.storedKey, message, sent)
  return isRight && asked.secret !== undefined
}

/** RFC 5802 section 3: H(ClientProof XOR HMAC(StoredKey, AuthMessage)) is the StoredKey. All are 32 bytes. */
export function fitsStoredKey(storedKey: Uint8Array, authMessage: Uint8Array, clientProof: Uint8Array): boolean {
  const signature = createHmac('sha256', storedKey).update(authMessage).digest()
  const clientKey = clientProof.map((byte, index) => byte ^ (signature[index] ?? 0))
  return timingSafeEqual(createHash('sha256').update(clientKey).digest(), storedKey)
}

/** The verifier in a checked request; undefined when a length is wrong. */
export function secretOf(request: SecretRequest): Secret | undefined {
  const salt = fromBase64url(request.salt)
  const storedKey = fromBase64url(request.storedKey)
  const serverKey = fromBase64url(request.serverKey)
  if (!salt || salt.length < SALT_BYTES.least || salt.length > SALT_BYTES.most) return undefined
  if (storedKey?.length !== KEY_BYTES || serverKey?.length !== KEY_BYTES) return undefined
  return { salt, iterations: request.iterations, storedKey, serverKey }
}
