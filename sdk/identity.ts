// Who this device or terminal is: a P-256 key made here that never leaves (not extractable), and the name it was enrolled under.
import { fromBase64url, toBase64url, type Bytes } from '#core/bytes.ts'
import type { RouteView } from '#protocol/routes.ts'
import type { SelfView, SchemeView } from '#protocol/views.ts'
import { enrolmentBytes } from '#protocol/signed-bytes.ts'
import { callOf } from './calls.ts'
import { httpTransport } from './http-transport.ts'
import { forgetCommands } from './outbox.ts'
import { isRecord, NO_ANSWER, readProblem, type Outcome } from './outcome.ts'
import type { Storage } from './storage.ts'
import { hubClock, systemDelay, systemRandom, type Delay } from './transport.ts'

export type Identity = Readonly<{
  self: SelfView
  scheme: SchemeView
  /** raw r‖s, 64 bytes, by the enrolled key */
  sign(bytes: Uint8Array): Promise<Bytes>
}>

type Enrolled = RouteView<'enrol'>
type StoredIdentity = Readonly<{ privateKey: CryptoKey; self: SelfView; scheme: SchemeView }>
type StoredEnrolment = Readonly<{ code: string; privateKey: CryptoKey; publicKey: string }>

const IDENTITY = 'identity'
const ENROLMENT = 'enrolment'
const CURVE = { name: 'ECDSA', namedCurve: 'P-256' } as const
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' } as const
const TRIES = 4

/**
 * Enrols with a one-time code. The key is stored before it is sent, so that after a lost answer the same code can be
 * used again from here, and from nowhere else. Problems: code-not-found, signature-invalid, too-many-tries, no-answer.
 */
export async function enrol(
  options: Readonly<{
    hub: string
    storage: Storage
    code: string
    label: string
    fetch?: typeof fetch
    delay?: Delay
  }>,
): Promise<Outcome<Enrolled>> {
  const { storage, code, label, delay = systemDelay } = options
  const pending = await pendingEnrolment(storage, code)
  const publicKey = fromBase64url(pending.publicKey) ?? new Uint8Array()
  const signature = await signBy(pending.privateKey, enrolmentBytes(code, publicKey))
  const transport = httpTransport({
    hub: options.hub,
    identity: async () => undefined,
    clock: hubClock(Date.now),
    now: Date.now,
    random: systemRandom,
    delay,
    ...(options.fetch && { fetch: options.fetch }),
  })
  const call = callOf('enrol', {
    body: { code, key: pending.publicKey, label, signature: toBase64url(signature) },
  })
  for (let attempt = 0; attempt < TRIES; attempt++) {
    if (attempt > 0) await delay(500 * 2 ** attempt)
    const reply = await transport.call(call)
    if (reply === 'no-answer' || reply.status >= 500 || reply.status === 408) continue
    if (reply.status === 200 && isEnrolled(reply.body)) {
      const { self, scheme } = reply.body
      await keepIdentity(storage, pending.privateKey, { self, scheme })
      await storage.delete(ENROLMENT)
      return { ok: true, view: { self, scheme } }
    }
    const problem = readProblem(reply.body)
    if (problem) return { ok: false, problem }
  }
  return NO_ANSWER
}

/** The identity enrolled in this storage, or undefined. */
export async function loadIdentity(storage: Storage): Promise<Identity | undefined> {
  const stored = await readIdentity(storage)
  if (stored === undefined) return undefined
  const { privateKey, self, scheme } = stored
  return { self, scheme, sign: (bytes) => signBy(privateKey, bytes) }
}

/** Keeps what the hub said last about this device (a new PIN, a new passkey) beside its key. */
export const rememberSelf = (storage: Storage, self: SelfView): Promise<void> =>
  rewrite(storage, (stored) => (stored.self.id === self.id ? { ...stored, self } : stored))

/**
 * Keeps the scheme's rules as they are now, for a time without a network. The key that signs for the scheme is believed once and never
 * changes: whoever could give another one could make registers that nobody knows.
 */
export const rememberScheme = (storage: Storage, scheme: SchemeView): Promise<void> =>
  rewrite(storage, (stored) => {
    if (stored.scheme.scheme !== scheme.scheme) return stored
    // What an earlier version has stored has no such key.
    const { signer } = stored.scheme as Partial<SchemeView>
    return { ...stored, scheme: { ...scheme, signer: signer ?? scheme.signer } }
  })

/** Forgets the identity and its key: the device must be enrolled again. */
export const forgetIdentity = (storage: Storage): Promise<void> => storage.delete(IDENTITY)

/** The hub knows the key now: it is who we are, and what an earlier one had left unsent is nobody's any more. */
export async function keepIdentity(storage: Storage, privateKey: CryptoKey, enrolled: Enrolled): Promise<void> {
  const identity: StoredIdentity = { privateKey, ...enrolled }
  await forgetCommands(storage)
  await storage.set(IDENTITY, identity)
}

export type NewKey = Readonly<{
  privateKey: CryptoKey
  /** uncompressed, 65 bytes in base64url */
  publicKey: string
}>

/** A P-256 key whose private half never leaves this browser or program. */
export async function makeKey(): Promise<NewKey> {
  const pair = await crypto.subtle.generateKey(CURVE, false, ['sign', 'verify'])
  const publicKey = toBase64url(new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey)))
  return { privateKey: pair.privateKey, publicKey }
}

async function pendingEnrolment(storage: Storage, code: string): Promise<StoredEnrolment> {
  const stored = await storage.get(ENROLMENT)
  if (isStoredEnrolment(stored) && stored.code === code) return stored
  const fresh: StoredEnrolment = { code, ...(await makeKey()) }
  await storage.set(ENROLMENT, fresh)
  return fresh
}

/** One change after the other, so that two answers that come together are both kept. */
const rewriting = new WeakMap<Storage, Promise<void>>()

function rewrite(storage: Storage, change: (stored: StoredIdentity) => StoredIdentity): Promise<void> {
  const write = async (): Promise<void> => {
    const stored = await readIdentity(storage)
    const changed = stored && change(stored)
    if (changed !== undefined && changed !== stored) await storage.set(IDENTITY, changed)
  }
  const written = (rewriting.get(storage) ?? Promise.resolve()).then(write)
  rewriting.set(
    storage,
    written.catch(() => undefined),
  )
  return written
}

async function readIdentity(storage: Storage): Promise<StoredIdentity | undefined> {
  const stored = await storage.get(IDENTITY)
  return isStoredIdentity(stored) ? stored : undefined
}

/** Raw r‖s, 64 bytes. */
export const signBy = async (privateKey: CryptoKey, bytes: Uint8Array): Promise<Bytes> =>
  new Uint8Array(await crypto.subtle.sign(SIGNATURE, privateKey, Uint8Array.from(bytes)))

const isEnrolled = (body: unknown): body is Enrolled => isRecord(body) && isRecord(body.self) && isRecord(body.scheme)

// We alone write under these keys: what is there and has its parts is ours.
const isStoredIdentity = (stored: unknown): stored is StoredIdentity =>
  isRecord(stored) && stored.privateKey instanceof CryptoKey && isRecord(stored.self) && isRecord(stored.scheme)
const isStoredEnrolment = (stored: unknown): stored is StoredEnrolment =>
  isRecord(stored) && stored.privateKey instanceof CryptoKey && typeof stored.publicKey === 'string'
