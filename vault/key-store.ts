// Where wrapping keys live: what is encrypted under them (data keys) can lie anywhere. A key store keeps its keys to itself and only wraps
// and unwraps, so that a KMS or an HSM can stand here; the file is for who has neither.
//
// The file, {"current", "keys": {id: 32 bytes in base64url}}, is readable by its owner alone and replaced whole. Running vaults read it
// again when it has changed or when they meet a key that they do not know: so keys come and go without anybody being restarted.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { fromBase64url, toBase64url } from '#core/bytes.ts'

/** Each throws KeyAway when the store cannot be asked, and unwrap WrongKey for what this store has not wrapped. */
export type KeyStore = Readonly<{
  /** the id of the key under which new data keys belong */
  current(): Promise<string>
  /** `about` is authenticated with it and must be told again */
  wrap(wrapping: string, dataKey: Buffer, about: string): Promise<Buffer>
  unwrap(wrapping: string, wrapped: Buffer, about: string): Promise<Buffer>
  /** Makes a further key and makes it the current one; its id. */
  renew(): Promise<string>
  /** Forgets every key but these. */
  keepOnly(ids: ReadonlySet<string>): Promise<void>
}>

/** There is no key to be had: the file is missing, unreadable or open to others, the HSM is away. The message says which. */
export class KeyAway extends Error {
  override name = 'KeyAway'
}
/** Not wrapped by this store, or changed since. */
export class WrongKey extends Error {
  override name = 'WrongKey'
}

type Keys = Readonly<{ current: string; keys: ReadonlyMap<string, Buffer>; changed: number }>

const KEY_BYTES = 32
const IV_BYTES = 12
const TAG_BYTES = 16

/** AES-256-GCM: iv, ciphertext, tag. */
export function seal(key: Buffer, plain: Uint8Array, about: string): Buffer {
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, iv)
  cipher.setAAD(Buffer.from(about, 'utf8'))
  return Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

/** What was sealed. Throws WrongKey for anything that was not sealed with this key about this. */
export function unseal(key: Buffer, sealed: Buffer, about: string): Buffer {
  if (sealed.length < IV_BYTES + TAG_BYTES) throw new WrongKey('too short')
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, IV_BYTES))
  decipher.setAAD(Buffer.from(about, 'utf8'))
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES))
  try {
    return Buffer.concat([decipher.update(sealed.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()])
  } catch {
    throw new WrongKey('it does not open')
  }
}

/** A key store in a file. It is read when it is first asked. */
export function fileKeyStore(path: string): KeyStore {
  let known: Keys | undefined

  function keysNow(): Keys {
    const changed = changedAt(path)
    if (known?.changed !== changed) known = { ...readKeys(path), changed }
    return known
  }
  function keyOf(id: string): Buffer {
    const key = keysNow().keys.get(id)
    if (key === undefined) throw new WrongKey('wrapped by a key that is not in this file')
    return key
  }
  function write(keys: Omit<Keys, 'changed'>): void {
    writeKeys(path, keys)
    known = undefined
  }

  return {
    current: async () => keysNow().current,
    wrap: async (wrapping, dataKey, about) => seal(keyOf(wrapping), dataKey, about),
    unwrap: async (wrapping, wrapped, about) => unseal(keyOf(wrapping), wrapped, about),
    async renew() {
      const { keys } = keysNow()
      const id = randomBytes(8).toString('hex')
      write({ current: id, keys: new Map([...keys, [id, randomBytes(KEY_BYTES)]]) })
      return id
    },
    async keepOnly(ids) {
      const { current, keys } = keysNow()
      const left = [...keys].filter(([id]) => id === current || ids.has(id))
      if (left.length < keys.size) write({ current, keys: new Map(left) })
    },
  }
}

/** Makes the file with a first key, where there is none; of two that make it at once, one does. */
export function makeKeyFile(path: string): void {
  const id = randomBytes(8).toString('hex')
  const half = writeHalf(path, { current: id, keys: new Map([[id, randomBytes(KEY_BYTES)]]) })
  try {
    linkSync(half, path)
  } catch (error) {
    if (!hasKeyFile(path)) throw new KeyAway(`${path} cannot be made`, { cause: error })
  }
  rmSync(half, { force: true })
  keepFolder(path)
}

/** Is there such a file, whatever is in it? */
export function hasKeyFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined
}

/** A new file in the place of the old one: its inode and time tell the two apart. */
function changedAt(path: string): number {
  const found = statSync(path, { throwIfNoEntry: false, bigint: true })
  if (found === undefined) throw new KeyAway(`${path} is missing`)
  if ((found.mode & 0o077n) !== 0n) throw new KeyAway(`${path} is open to others: chmod 600 it`)
  return Number(BigInt.asUintN(52, found.mtimeNs ^ (found.ino << 20n)))
}

function readKeys(path: string): Omit<Keys, 'changed'> {
  let said: unknown
  try {
    said = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new KeyAway(`${path} cannot be read`, { cause: error })
  }
  const current: unknown = isRecord(said) ? said['current'] : undefined
  const list: unknown = isRecord(said) ? said['keys'] : undefined
  const keys = new Map<string, Buffer>()
  for (const [id, text] of isRecord(list) ? Object.entries(list) : []) {
    const bytes = typeof text === 'string' ? fromBase64url(text) : undefined
    if (bytes?.length === KEY_BYTES) keys.set(id, Buffer.from(bytes.buffer))
  }
  if (typeof current !== 'string' || !keys.has(current)) throw new KeyAway(`${path} is no key file`)
  return { current, keys }
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

/** On the disk when it returns; whoever reads meanwhile has the old file or the new one, never half of one. */
function writeKeys(path: string, keys: Omit<Keys, 'changed'>): void {
  renameSync(writeHalf(path, keys), path)
  keepFolder(path)
}

function writeHalf(path: string, { current, keys }: Omit<Keys, 'changed'>): string {
  const half = `${path}.${randomBytes(4).toString('hex')}`
  const listed = Object.fromEntries([...keys].map(([id, key]) => [id, toBase64url(key)]))
  const file = openSync(half, 'wx', 0o600)
  writeSync(file, `${JSON.stringify({ current, keys: listed })}\n`)
  fsyncSync(file)
  closeSync(file)
  return half
}

/** A new name is on the disk when its folder is. */
function keepFolder(path: string): void {
  const folder = openSync(dirname(path), 'r')
  fsyncSync(folder)
  closeSync(folder)
}
