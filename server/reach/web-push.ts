// Web Push's envelope (RFC 8291 over RFC 8188, aes128gcm): what the push service carries and cannot read.
import { createCipheriv, createECDH, hkdfSync, randomBytes } from 'node:crypto'

/** The keys of a subscription, made by its browser. */
export type Receiver = Readonly<{
  /** uncompressed P-256, 65 bytes */
  p256dh: Uint8Array
  /** 16 bytes */
  auth: Uint8Array
}>

/** One record holds the whole message; push services must take 4,096 bytes of body, of which header, tag and delimiter are 103. */
const RECORD_BYTES = 4_096
export const PUSH_TEXT_BYTES = RECORD_BYTES - 86 - 16 - 1

const LAST_RECORD = Buffer.from([2])

/**
 * Encrypts a text for one receiver. Throws RangeError for a text over PUSH_TEXT_BYTES, and Node's error for a key that is no point of
 * the curve. `secrets` is for the RFC's own example alone: each message has a key pair and a salt of its own.
 */
export function sealed(
  plain: Uint8Array,
  { p256dh, auth }: Receiver,
  secrets: Readonly<{ privateKey: Uint8Array; salt: Uint8Array }> | null = null,
): Buffer {
  if (plain.length > PUSH_TEXT_BYTES) throw new RangeError(`a pushed text has at most ${PUSH_TEXT_BYTES} bytes`)
  const sender = createECDH('prime256v1')
  if (secrets === null) sender.generateKeys()
  else sender.setPrivateKey(secrets.privateKey)
  const salt = secrets?.salt ?? randomBytes(16)
  const publicKey = sender.getPublicKey()
  const keyInfo = Buffer.concat([Buffer.from('WebPush: info\0'), p256dh, publicKey])
  const secret = Buffer.from(hkdfSync('sha256', sender.computeSecret(p256dh), auth, keyInfo, 32))
  const derived = (label: string, length: number): Buffer =>
    Buffer.from(hkdfSync('sha256', secret, salt, `Content-Encoding: ${label}\0`, length))
  const cipher = createCipheriv('aes-128-gcm', derived('aes128gcm', 16), derived('nonce', 12))
  const size = Buffer.alloc(4)
  size.writeUInt32BE(RECORD_BYTES)
  return Buffer.concat([
    salt,
    size,
    Buffer.from([publicKey.length]),
    publicKey,
    cipher.update(Buffer.concat([plain, LAST_RECORD])),
    cipher.final(),
    cipher.getAuthTag(),
  ])
}
