// The PIN or password by SCRAM-SHA-256 (RFC 5802, RFC 7677): it never travels, the hub keeps a verifier only, and a proof
// is worthless for any other bill, because its auth message holds the hash of the approval bytes.
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 as sha256Of } from '@noble/hashes/sha2.js'
import { claimsOf } from '#core/approval.ts'
import { fromBase64url, fromHex, sha256, toBase64url, toHex, utf8, type Bytes } from '#core/bytes.ts'
import type { ProofBody } from '#protocol/commands.ts'
import { problemOf } from '#protocol/problems.ts'
import type { RouteBody } from '#protocol/routes.ts'
import { scramMessage } from '#protocol/signed-bytes.ts'
import type { Prove } from './approval.ts'
import type { Client } from './client.ts'
import type { Outcome } from './outcome.ts'
import { systemRandom, type Random } from './transport.ts'

export type ScramProof = Extract<ProofBody, { kind: 'scram' }>

/** The least that a new secret has, however slow its maker: what a thief of the verifiers pays for each guess (OWASP, 2023). */
export const ITERATIONS = 310_000
/** The most that a new secret has: a PIN made on a fast machine is typed on slow ones too. */
const MOST_ITERATIONS = 1_000_000
/** What a hub takes. Who asks for a proof over fewer wants to try PINs on it, faster than any verifier allows. */
const TAKEN_ITERATIONS = { least: 100_000, most: 2_000_000 } as const
/** A new secret costs its maker this; between 0.2 s, which a thief would feel too little, and 0.5 s, which a person feels. */
const TARGET_MS = 350
/** Some tenths of the target, so that measuring is not felt. */
const MEASURED_ITERATIONS = 100_000
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

/** The salted password for a hub that names salt and iterations; undefined for numbers that no verifier has. */
export const saltedAsAsked = async (pin: string, salt: Uint8Array, iterations: number): Promise<Bytes | undefined> =>
  iterations >= TAKEN_ITERATIONS.least && iterations <= TAKEN_ITERATIONS.most
    ? saltedPassword(pin, salt, iterations)
    : undefined

/** The verifier that the hub keeps. */
export async function secretFrom(
  pin: string,
  salt: Uint8Array,
  iterations: number = ITERATIONS,
): Promise<{ storedKey: Bytes; serverKey: Bytes }> {
  const salted = await saltedPassword(pin, salt, iterations)
  return { storedKey: sha256(clientKeyOf(salted)), serverKey: hmacOf(salted, utf8('Server Key')) }
}

/** How many iterations take the target time where `done` took `ms` (milliseconds), rounded to ten thousands, within the bounds. */
export function iterationsIn(done: number, ms: number): number {
  const wanted = Math.round((done * TARGET_MS) / Math.max(ms, 1) / 10_000) * 10_000
  return Math.min(MOST_ITERATIONS, Math.max(ITERATIONS, wanted))
}

/** Measures this machine once. `measure` says how long that many iterations take, in milliseconds. */
export const iterationsFor = async (measure: (iterations: number) => Promise<number> = pbkdf2Time): Promise<number> =>
  iterationsIn(MEASURED_ITERATIONS, await measure(MEASURED_ITERATIONS))

async function pbkdf2Time(iterations: number): Promise<number> {
  const start = performance.now()
  await saltedPassword('', new Uint8Array(SALT_BYTES), iterations)
  return performance.now() - start
}

/** A new verifier of this PIN or password, as the wire has it, with as many iterations as this machine bears. */
export async function newVerifier(pin: string, random: Random = systemRandom): Promise<RouteBody<'secret'>> {
  const salt = random(SALT_BYTES)
  const iterations = await iterationsFor()
  const { storedKey, serverKey } = await secretFrom(pin, salt, iterations)
  return { salt: toBase64url(salt), iterations, storedKey: toBase64url(storedKey), serverKey: toBase64url(serverKey) }
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

/** Proves the owner by PIN or password. Problem: proof-needed when the person has set none, or the hub names one that cannot be. */
export const withPin =
  (pin: string, random: Random = systemRandom): Prove =>
  async (approval, { self }) => {
    const secret = self.kind === 'device' ? self.secret : null
    const salt = secret === null ? undefined : fromBase64url(secret.salt)
    const nonce = claimsOf(approval)?.nonce
    if (self.kind !== 'device' || secret === null || salt === undefined || nonce === undefined) {
      return { ok: false, problem: problemOf('proof-needed') }
    }
    const salted = await saltedAsAsked(pin, salt, secret.iterations)
    if (salted === undefined) return { ok: false, problem: problemOf('proof-needed') }
    const view = await scramProof({
      pin: salted,
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
  const outcome = await client.call('secret', { body: await newVerifier(pin, random) })
  if (outcome.ok) await client.self()
  return outcome
}

const clientKeyOf = (salted: Uint8Array): Bytes => hmacOf(salted, utf8('Client Key'))
const hmacOf = (key: Uint8Array, message: Uint8Array): Bytes => Uint8Array.from(hmac(sha256Of, key, message))
