// What was pushed to this wallet, believed only when the hub it was enrolled at has signed it, for this device, now, and for the first
// time. Everything else is ignored: whoever learns a push address can send there.
import { fromBase64url } from '#core/bytes.ts'
import { parsePushed, pushedJson, type PushedMessage } from '#protocol/pushed.ts'
import { pushedBytes } from '#protocol/signed-bytes.ts'
import type { Storage } from './storage.ts'

/** What a device keeps of its hub, from the time it subscribed. */
export type Pinned = Readonly<{
  scheme: string
  device: string
  /** the scheme's public key: uncompressed P-256, 65 bytes in base64url */
  signer: string
  /** the hub's clock less this phone's, milliseconds */
  clockOffset: number
}>

/** Remembers commands. */
export type Seen = Readonly<{
  /** True for an id that comes for the first time; it is remembered until it would be too old anyway. */
  isNew(id: string, until: number, now: number): Promise<boolean>
}>

export type IgnoredWhy = 'malformed' | 'other-device' | 'other-scheme' | 'unsigned' | 'old' | 'repeated'
export type PushedRead = Readonly<{ ok: true; message: PushedMessage }> | Readonly<{ ok: false; ignored: IgnoredWhy }>

/** Two phones' clocks differ by some seconds; what claims to come from further ahead was not made by our hub. */
const AHEAD_MS = 5 * 60_000

/**
 * Reads a pushed text. `pinnedOf` gives what the device named there has kept (several may live in one browser), `now` is this phone's
 * own clock.
 */
export async function readPushed(
  text: string,
  wallet: Readonly<{ pinnedOf(device: string): Promise<Pinned | undefined>; seen: Seen; now: number }>,
): Promise<PushedRead> {
  const read = parsePushed(text)
  if (read === undefined) return ignored('malformed')
  const { message, sig } = read
  const pinned = await wallet.pinnedOf(message.device)
  if (pinned === undefined || pinned.device !== message.device) return ignored('other-device')
  if (pinned.scheme !== message.scheme) return ignored('other-scheme')
  if (!(await isSigned(message, sig, pinned.signer))) return ignored('unsigned')
  const now = wallet.now + pinned.clockOffset
  if (message.until <= now || message.at > now + AHEAD_MS) return ignored('old')
  return (await wallet.seen.isNew(message.id, message.until, now)) ? { ok: true, message } : ignored('repeated')
}

const ignored = (why: IgnoredWhy): PushedRead => ({ ok: false, ignored: why })

const CURVE = { name: 'ECDSA', namedCurve: 'P-256' } as const
const SIGNATURE_BYTES = 64
const PUBLIC_KEY_BYTES = 65

async function isSigned(message: PushedMessage, sig: string, signer: string): Promise<boolean> {
  const signature = fromBase64url(sig)
  const publicKey = fromBase64url(signer)
  if (signature?.length !== SIGNATURE_BYTES || publicKey?.length !== PUBLIC_KEY_BYTES) return false
  const key = await crypto.subtle.importKey('raw', publicKey, CURVE, false, ['verify'])
  return crypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, key, signature, pushedBytes(pushedJson(message)))
}

const SEEN = 'seen '

/** Remembers in the device's storage; what has run out is forgotten on the way. */
export const seenIn = (storage: Storage): Seen => ({
  async isNew(id, until, now) {
    const known = await storage.list(SEEN)
    const isOver = (value: unknown): boolean => typeof value !== 'number' || value <= now
    for (const { key, value } of known) if (isOver(value)) await storage.delete(key)
    if (known.some(({ key, value }) => key === SEEN + id && !isOver(value))) return false
    await storage.set(SEEN + id, until)
    return true
  },
})
