// What the hub seals before it is written: a database, or a backup of one, that is stolen without the hub's key file tells no secret of a
// webhook. The same key makes the secrets of API keys, so that a repeated command can tell the same one, of which only a hash is kept.
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'

export const SEAL_KEY_BYTES = 32
/** A sealed secret of 32 bytes, as the table's check has it: 12 of the nonce, the secret, 16 of the tag. */
export const SEALED_SECRET_BYTES = 60

const CIPHER = 'aes-256-gcm'
const NONCE_BYTES = 12
const TAG_BYTES = 16

export type Seal = Readonly<{
  /** says which key it is and nothing about it: 16 hex digits */
  id: string
  /** `about` is what it belongs to: sealed bytes that were moved to another row do not open */
  seal(secret: Uint8Array, about: string): Uint8Array
  /** undefined where it was sealed by another key, or for something else, or was changed */
  open(sealed: Uint8Array, about: string): Uint8Array | undefined
  /** 32 bytes: the same for the same text, and without the key nobody's to guess */
  derive(from: string): Uint8Array
}>

/** Over the key of the hub's file, 32 bytes. */
export function createSeal(key: Uint8Array): Seal {
  if (key.length !== SEAL_KEY_BYTES) throw new Error('a key that seals has 32 bytes')
  const part = (purpose: string, length = 32): Buffer => Buffer.from(hkdfSync('sha256', key, '', purpose, length))
  const sealing = part('warifu sealed secrets')
  const deriving = part('warifu derived secrets')
  return {
    id: part('warifu name of the key', 8).toString('hex'),
    seal(secret, about) {
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv(CIPHER, sealing, nonce).setAAD(Buffer.from(about))
      return Buffer.concat([nonce, cipher.update(secret), cipher.final(), cipher.getAuthTag()])
    },
    open(sealed, about) {
      if (sealed.length < NONCE_BYTES + TAG_BYTES) return undefined
      const decipher = createDecipheriv(CIPHER, sealing, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
      decipher.setAAD(Buffer.from(about)).setAuthTag(sealed.subarray(-TAG_BYTES))
      try {
        return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()])
      } catch {
        // The tag does not fit: that is the answer.
        return undefined
      }
    },
    derive: (from) => createHmac('sha256', deriving).update(from).digest(),
  }
}
