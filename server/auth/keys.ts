// P-256 signatures by the keys of devices and terminals.
import { createPublicKey, verify, type KeyObject } from 'node:crypto'
import { toBase64url } from '#core/bytes.ts'

const PUBLIC_KEY_BYTES = 65
const SIGNATURE_BYTES = 64

/** Keys made before: the directory gives the same bytes for the same machine as long as it remembers them. */
const made = new WeakMap<Uint8Array, KeyObject>()

/** The key in 65 uncompressed bytes; undefined when they are no point of the curve. */
export function publicKeyOf(bytes: Uint8Array): KeyObject | undefined {
  if (bytes.length !== PUBLIC_KEY_BYTES || bytes[0] !== 4) return undefined
  const x = toBase64url(bytes.subarray(1, 33))
  const y = toBase64url(bytes.subarray(33))
  try {
    return createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' })
  } catch {
    // Node says only by throwing that the point is not on the curve.
    return undefined
  }
}

/** Is this r‖s (64 bytes) a signature by the key over the bytes? */
export function isSignedBy(publicKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean {
  const key = made.get(publicKey) ?? publicKeyOf(publicKey)
  if (key === undefined || signature.length !== SIGNATURE_BYTES) return false
  made.set(publicKey, key)
  return verify('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' }, signature)
}
