// VAPID (RFC 8292): the hub says to a push service who it is, by a token signed with a key that the subscription was made for.
import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { toBase64url } from '#core/bytes.ts'

export type Vapid = Readonly<{
  /** uncompressed P-256, 65 bytes */
  publicKey: Uint8Array
  /** The Authorization header for a push service's origin. `now`: milliseconds since 1970. */
  authorization(origin: string, now: number): Promise<string>
}>

/** A push service may refuse more than 24 hours; half of it stands a clock that is wrong. */
const TOKEN_LIFE_MS = 12 * 3_600_000
const RENEWED_BEFORE_MS = 3_600_000
/** There are a handful of push services; whoever subscribes with made-up ones must not fill the memory. */
const KEPT_TOKENS = 50

/** A new key as it is kept: JSON Web Key, the private part too. */
export const newVapidKey = (): string =>
  JSON.stringify(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }))

/** The public half of a kept key: uncompressed P-256, 65 bytes. */
export function vapidPublicKey(kept: string): Uint8Array {
  const { x, y } = jwkOf(kept)
  return Buffer.concat([Buffer.from([4]), Buffer.from(String(x), 'base64url'), Buffer.from(String(y), 'base64url')])
}

// Border: newVapidKey alone writes it.
const jwkOf = (kept: string): JsonWebKey => JSON.parse(kept) as JsonWebKey

/** Signs with the hub's key. `contact` (https: or mailto:) is whom a push service's people may write to. */
export function vapidOf(kept: string, contact: string | null): Vapid {
  const key = createPrivateKey({ key: jwkOf(kept), format: 'jwk' })
  const publicKey = vapidPublicKey(kept)
  const tokens = new Map<string, { header: string; expiresAt: number }>()
  return {
    publicKey,
    async authorization(origin, now) {
      const known = tokens.get(origin)
      if (known !== undefined && now < known.expiresAt - RENEWED_BEFORE_MS) return known.header
      const expiresAt = now + TOKEN_LIFE_MS
      // Loaded with the first push.
      const { SignJWT } = await import('jose')
      const token = new SignJWT(contact === null ? {} : { sub: contact })
        .setProtectedHeader({ typ: 'JWT', alg: 'ES256' })
        .setAudience(origin)
        .setExpirationTime(Math.floor(expiresAt / 1000))
      const header = `vapid t=${await token.sign(key)}, k=${toBase64url(publicKey)}`
      tokens.delete(origin)
      tokens.set(origin, { header, expiresAt })
      for (const oldest of tokens.keys()) {
        if (tokens.size <= KEPT_TOKENS) break
        tokens.delete(oldest)
      }
      return header
    },
  }
}
