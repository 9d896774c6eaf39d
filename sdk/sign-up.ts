// Becoming somebody without a code from the operator: signing up by mail, and coming back to an account with a phone that nobody
// knows yet. Each key is stored before it is sent, so that a lost answer is asked for again with the same one.
import { fromBase64url, fromHex, toBase64url, type Bytes } from '#core/bytes.ts'
import type { IdentityBody, IdentityView, Language, RecoveryView } from '#protocol/identity.ts'
import { problemOf } from '#protocol/problems.ts'
import { enrolmentBytes, finishBytes, recoveryHash, scramMessage } from '#protocol/signed-bytes.ts'
import type { Client } from './client.ts'
import { callIdentity } from './identity-calls.ts'
import { keepIdentity, makeKey, signBy, type NewKey } from './identity.ts'
import { isRecord, type Outcome } from './outcome.ts'
import { clientProof, saltedAsAsked } from './scram.ts'
import type { Storage } from './storage.ts'
import { systemRandom } from './transport.ts'

type Enrolled = IdentityView<'signUp'>
type At = Readonly<{ client: Pick<Client, 'request'>; storage: Storage }>

/**
 * Asks for a code by mail. The code is good for this storage alone: what it was asked with stays there. Problems: mail-unavailable,
 * too-many-tries, no-answer.
 */
export async function askForMail(
  { client, storage }: At,
  { purpose, email, language }: Readonly<{ purpose: 'sign-up' | 'recover'; email: string; language: Language }>,
): Promise<Outcome<unknown>> {
  const body = { email, language, asking: await askingOf(storage, email) }
  return callIdentity(client, purpose === 'sign-up' ? 'signUpMail' : 'recoveryMail', { body })
}

/** Who signs up, with the code from the mail. */
export type Newcomer = Omit<IdentityBody<'signUp'>, 'key' | 'signature' | 'asking'>

/** Makes a person with an account and this phone. Problems: code-not-found, too-many-tries, day-invalid, text-invalid, no-answer. */
export async function signUp({ client, storage }: At, newcomer: Newcomer): Promise<Outcome<Enrolled>> {
  const key = await pendingKey(storage, `${newcomer.email} ${newcomer.code}`)
  const signature = await codeSignature(key, newcomer.code)
  const body = { ...newcomer, asking: await askingOf(storage, newcomer.email), key: key.publicKey, signature }
  const outcome = await callIdentity(client, 'signUp', { body })
  if (outcome.ok) await enrolled(storage, key, outcome.view)
  return outcome
}

/** The phones of who has this address, with the code from the mail. Problems: code-not-found, too-many-tries, no-answer. */
export async function lookWithCode({ client, storage }: At, coded: Coded): Promise<Outcome<RecoveryView>> {
  return callIdentity(client, 'recovery', { body: { ...coded, asking: await askingOf(storage, coded.email) } })
}

/** Takes a phone away, or refuses one that waits. Problems: code-not-found, not-found, too-many-tries, no-answer. */
export async function revokeWithCode(
  { client, storage }: At,
  asked: Coded & Readonly<{ device: string }>,
): Promise<Outcome<RecoveryView>> {
  return callIdentity(client, 'recoveryRevoke', { body: { ...asked, asking: await askingOf(storage, asked.email) } })
}

type Coded = Readonly<{ email: string; code: string }>

/** A phone that was asked for and waits until the others had time to refuse it. */
export type Waiting = Readonly<{ request: string; readyAt: number; email: string; label: string }>

/**
 * Asks for this phone to be let in, with the code from the mail and the PIN or password. Problems: code-not-found, proof-wrong,
 * too-many-tries, too-many-devices, proof-needed (the hub names a verifier that cannot be), no-answer.
 */
export async function askToBeLetIn(
  { client, storage }: At,
  asked: Readonly<{ email: string; code: string; pin: string; label: string; found: RecoveryView }>,
): Promise<Outcome<Waiting>> {
  const { email, code, label } = asked
  const key = await pendingKey(storage, `${email} ${code}`)
  const proof = await recoveryProof(asked, key)
  if (proof === undefined) return { ok: false, problem: problemOf('proof-needed') }
  const signature = await codeSignature(key, code)
  const asking = await askingOf(storage, email)
  const body = { email, code, asking, key: key.publicKey, label, signature, ...proof }
  const outcome = await callIdentity(client, 'recoveryRequest', { body })
  if (!outcome.ok) return outcome
  const waiting: Waiting = { ...outcome.view, email, label }
  await storage.set(WAITING, { ...waiting, ...key })
  return { ok: true, view: waiting }
}

/** The request that an earlier life of this program has made, if it still waits. */
export async function waitingHere(storage: Storage): Promise<Waiting | undefined> {
  const stored = await storage.get(WAITING)
  if (!isStoredWaiting(stored)) return undefined
  const { request, readyAt, email, label } = stored
  return { request, readyAt, email, label }
}

/** Asks whether the wait is over. Problems: device-waiting, request-refused, not-found, no-answer. */
export async function finishWaiting({ client, storage }: At): Promise<Outcome<Enrolled>> {
  const stored = await storage.get(WAITING)
  const request = isStoredWaiting(stored) ? fromHex(stored.request) : undefined
  if (!isStoredWaiting(stored) || request === undefined) return { ok: false, problem: problemOf('not-found') }
  const signature = toBase64url(await signBy(stored.privateKey, finishBytes(request)))
  const outcome = await callIdentity(client, 'recoveryFinish', { body: { request: stored.request, signature } })
  if (outcome.ok) await enrolled(storage, stored, outcome.view)
  return outcome
}

export const forgetWaiting = (storage: Storage): Promise<void> => storage.delete(WAITING)

const ASKING = 'asking'
const PENDING = 'pending key'
const WAITING = 'waiting'
const NONCE_BYTES = 16
const ASKING_BYTES = 16

type StoredWaiting = Waiting & NewKey

async function enrolled(storage: Storage, { privateKey }: NewKey, view: Enrolled): Promise<void> {
  await keepIdentity(storage, privateKey, view)
  await storage.delete(PENDING)
  await storage.delete(WAITING)
  await storage.delete(ASKING)
}

/** What codes to this address are asked for and used with, over reloads too. */
async function askingOf(storage: Storage, email: string): Promise<string> {
  const stored = await storage.get(ASKING)
  if (isRecord(stored) && stored.email === email && typeof stored.asking === 'string') return stored.asking
  const asking = toBase64url(systemRandom(ASKING_BYTES))
  await storage.set(ASKING, { email, asking })
  return asking
}

/** The key of this address and code; another code makes another key. */
async function pendingKey(storage: Storage, of: string): Promise<NewKey> {
  const stored = await storage.get(PENDING)
  if (isNewKey(stored) && 'of' in stored && stored.of === of) return stored
  const fresh = { of, ...(await makeKey()) }
  await storage.set(PENDING, fresh)
  return fresh
}

const codeSignature = async ({ privateKey, publicKey }: NewKey, code: string): Promise<string> =>
  toBase64url(await signBy(privateKey, enrolmentBytes(code, publicBytes(publicKey))))

const publicBytes = (publicKey: string): Bytes => fromBase64url(publicKey) ?? new Uint8Array()

/** The password never travels; the proof is good for this key alone. Undefined for a verifier that cannot be. */
async function recoveryProof(
  { pin, email, found }: Readonly<{ pin: string; email: string; found: RecoveryView }>,
  { publicKey }: NewKey,
): Promise<{ clientNonce: string; clientProof: string } | undefined> {
  const clientNonce = systemRandom(NONCE_BYTES)
  const salt = fromBase64url(found.salt) ?? new Uint8Array()
  const message = scramMessage({
    account: email.toLowerCase(),
    clientNonce,
    hubNonce: fromBase64url(found.nonce) ?? new Uint8Array(),
    salt,
    iterations: found.iterations,
    approvalHash: recoveryHash(publicBytes(publicKey)),
  })
  const salted = await saltedAsAsked(pin, salt, found.iterations)
  if (salted === undefined) return undefined
  return { clientNonce: toBase64url(clientNonce), clientProof: toBase64url(clientProof(salted, message)) }
}

// We alone write under these keys: what is there and has its parts is ours.
const isNewKey = (stored: unknown): stored is NewKey =>
  isRecord(stored) && stored.privateKey instanceof CryptoKey && typeof stored.publicKey === 'string'
const isStoredWaiting = (stored: unknown): stored is StoredWaiting =>
  isNewKey(stored) && 'request' in stored && typeof stored.request === 'string'
