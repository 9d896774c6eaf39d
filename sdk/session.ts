// A session by signed ECDH: the device key signs an ephemeral key, both sides derive the MAC key and the token, and
// neither travels. Who replays a session request gets a grant that he cannot use.
import { concat, fromBase64url, sha256, toBase64url, utf8, type Bytes } from '#core/bytes.ts'
import { isId, parseId } from '#core/ids.ts'
import type { PasskeyAssertion, SessionGrant, SessionRequest } from '#protocol/routes.ts'
import { SESSION_MAC_INFO, SESSION_TOKEN_INFO, sessionBytes, tokenText } from '#protocol/signed-bytes.ts'
import { callOf } from './calls.ts'
import type { Identity } from './identity.ts'
import { isRecord } from './outcome.ts'
import type { Call, HubClock, Random, Reply } from './transport.ts'

export type Session = Readonly<{
  id: string
  token: string
  /** HMAC-SHA256, not extractable */
  macKey: CryptoKey
  /** by the hub's clock, milliseconds since 1970 */
  expiresAt: number
}>

export type Sessions = Readonly<{
  /** The session that is valid now, started or renewed where needed; or why there is none. */
  current(): Promise<Session | Reply | 'no-answer'>
  /** The hub does not know this session any more. */
  drop(session: Session): void
}>

/** Asks an operator's passkey for an assertion over the challenge (32 bytes); undefined when there is none to be had now. */
export type AskPasskey = (challenge: Uint8Array) => Promise<PasskeyAssertion | undefined>

/** Renewed while it is still good for this long, so that no request meets its end. */
const RENEW_BEFORE_MS = 60_000
const CURVE = { name: 'ECDH', namedCurve: 'P-256' } as const

/** Keeps one session at a time; any number of callers wait for the same start. */
export function sessionKeeper(
  options: Readonly<{
    identity(): Promise<Identity | undefined>
    clock: HubClock
    now(): number
    random: Random
    call(call: Call): Promise<Reply | 'no-answer'>
    passkey?: AskPasskey
  }>,
): Sessions {
  let session: Session | undefined
  let starting: Promise<Session | Reply | 'no-answer'> | undefined

  const start = async (): Promise<Session | Reply | 'no-answer'> => {
    const identity = await options.identity()
    if (identity === undefined) return NOT_ENROLLED
    const wasKnown = options.clock.isKnown()
    const failure = wasKnown ? undefined : await hearTheTime(options)
    if (failure !== undefined) return failure
    const first = await tryToStart(identity)
    if (!wasKnown || !isStale(first)) return first
    // Our own clock may have been set since we last heard the hub's.
    return (await hearTheTime(options)) ?? tryToStart(identity)
  }
  const tryToStart = async (identity: Identity): Promise<Session | Reply | 'no-answer'> => {
    const known = await startWith(identity)
    // With the key alone as long as the hub takes it: an operator is asked once in some hours.
    return codeOf(known) === 'passkey-needed' && options.passkey ? startWith(identity, options.passkey) : known
  }
  const startWith = async (identity: Identity, passkey?: AskPasskey): Promise<Session | Reply | 'no-answer'> => {
    const opening = await openSession(identity, options.clock.now(), options.random, passkey)
    const sentAt = options.now()
    const reply = await options.call(callOf('session', { body: opening.request }))
    if (reply === 'no-answer' || reply.status !== 200) return reply
    if (!isGrant(reply.body)) return 'no-answer'
    options.clock.learn(reply.body.now, sentAt)
    const made = await opening.finish(reply.body)
    session = made ?? session
    return made ?? 'no-answer'
  }

  return {
    async current() {
      if (session && options.clock.now() < session.expiresAt - RENEW_BEFORE_MS) return session
      starting ??= start().finally(() => (starting = undefined))
      const started = await starting
      const stillGood = session && options.clock.now() < session.expiresAt
      return started === 'no-answer' && session && stillGood ? session : started
    },
    drop(dead) {
      if (session?.id === dead.id) session = undefined
    },
  }
}

/** The client's half: a request that is sent, and what makes a session of the hub's half (undefined when that is malformed). */
export async function openSession(
  identity: Identity,
  at: number,
  random: Random,
  passkey?: AskPasskey,
): Promise<{ request: SessionRequest; finish(grant: SessionGrant): Promise<Session | undefined> }> {
  const pair = await crypto.subtle.generateKey(CURVE, false, ['deriveBits'])
  const ephemeral = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey))
  const nonce = random(16)
  const actor = parseId('dev', identity.self.id) ?? parseId('trm', identity.self.id) ?? parseId('opr', identity.self.id)
  const key = parseId('key', identity.self.key)
  const scheme = parseId('sch', identity.scheme.scheme)
  if (!actor || !key || !scheme) throw new Error('the stored identity is damaged')
  const bytes = sessionBytes({ scheme, actor, key, ephemeral, nonce, at })
  const signature = await identity.sign(bytes)
  const assertion = await passkey?.(sha256(bytes))
  return {
    request: {
      actor,
      key,
      ephemeral: toBase64url(ephemeral),
      nonce: toBase64url(nonce),
      at,
      signature: toBase64url(signature),
      ...(assertion && { passkey: assertion }),
    },
    async finish(grant) {
      const theirs = fromBase64url(grant.ephemeral)
      const theirNonce = fromBase64url(grant.nonce)
      if (theirs?.length !== 65 || theirNonce?.length !== 16 || !isId('ses', grant.session)) return undefined
      const publicKey = await crypto.subtle.importKey('raw', theirs, CURVE, false, [])
      const shared = await crypto.subtle.deriveBits({ name: 'ECDH', public: publicKey }, pair.privateKey, 256)
      const secret = await crypto.subtle.importKey('raw', shared, 'HKDF', false, ['deriveKey', 'deriveBits'])
      const hkdf = (info: string): { name: string; hash: string; salt: Bytes; info: Bytes } => ({
        name: 'HKDF',
        hash: 'SHA-256',
        salt: concat(nonce, theirNonce),
        info: utf8(info),
      })
      const mac = { name: 'HMAC', hash: 'SHA-256', length: 256 }
      const macKey = await crypto.subtle.deriveKey(hkdf(SESSION_MAC_INFO), secret, mac, false, ['sign'])
      const token = new Uint8Array(await crypto.subtle.deriveBits(hkdf(SESSION_TOKEN_INFO), secret, 256))
      return { id: grant.session, token: tokenText(grant.session, token), macKey, expiresAt: grant.expiresAt }
    },
  }
}

const NOT_ENROLLED: Reply = { status: 401, body: { code: 'session-needed', status: 401 }, retryAfterMs: null }

/** A phone's clock may be hours off: the hub's time is asked before the first signature that carries a time. */
async function hearTheTime(
  options: Readonly<{ clock: HubClock; now(): number; call(call: Call): Promise<Reply | 'no-answer'> }>,
): Promise<Reply | 'no-answer' | undefined> {
  const sentAt = options.now()
  const reply = await options.call(callOf('scheme'))
  if (reply === 'no-answer' || reply.status !== 200) return reply
  if (isRecord(reply.body) && typeof reply.body.now === 'number') options.clock.learn(reply.body.now, sentAt)
  return undefined
}

const codeOf = (reply: Session | Reply | 'no-answer'): unknown =>
  reply !== 'no-answer' && 'body' in reply && isRecord(reply.body) ? reply.body.code : undefined

const isStale = (reply: Session | Reply | 'no-answer'): boolean => codeOf(reply) === 'signature-invalid'

const isGrant = (body: unknown): body is SessionGrant =>
  isRecord(body) &&
  [body.session, body.ephemeral, body.nonce].every((value) => typeof value === 'string') &&
  [body.expiresAt, body.now].every((value) => typeof value === 'number')
