// Sessions: a signed ECDH on the hub's side. The rows are the truth, for all hubs; what is cached here lives two seconds,
// which is how long a revocation made by another hub may take to arrive. Commands check the actor's row again when they
// are decided.
import { createECDH, createHash, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto'
import { concat, fromBase64url, toBase64url } from '#core/bytes.ts'
import { idFrom, isId, parseId, type SchemeId, type SessionId } from '#core/ids.ts'
import { LIMITS } from '#protocol/limits.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import type { SessionGrant, SessionRequest } from '#protocol/routes.ts'
import { SESSION_MAC_INFO, SESSION_TOKEN_INFO, sessionBytes, tokenText } from '#protocol/signed-bytes.ts'
import type { Actor } from '#switch/actors.ts'
import type { ActorId, Directory, Identity, StoredSession } from './directory.ts'
import { inactiveCode } from './enrolment.ts'
import { isSignedBy } from './keys.ts'
import type { OperatorSignIn } from './operator-sign-in.ts'

export type LiveSession = Readonly<{ session: StoredSession; identity: Identity }>

export type Sessions = Readonly<{
  /**
   * Problems: signature-invalid (also for unknown actors, a repeated request, a clock far off), device-revoked, terminal-inactive,
   * operator-revoked, passkey-needed.
   */
  start(request: SessionRequest): Promise<SessionGrant | Problem>
  /** The session and who is behind it; undefined when it has ended or its actor may not act any more. */
  find(session: SessionId): Promise<LiveSession | undefined>
  /** Who holds this bearer token. Problem: session-ended. */
  byToken(token: string): Promise<Actor | Problem>
  /** Revoked here: forgotten at once. The rows are the directory's to change. */
  forget(actor: ActorId): void
}>

const CACHED_MS = 2_000
/** Sessions kept in memory: as many as there may be watchers, and as many again that only ask. */
const CACHED_SESSIONS = 2 * LIMITS.watchTotal
const NONCE_BYTES = 16
const POINT_BYTES = 65
const TOKEN = /^(ses_[0-9a-f]{32})\.[A-Za-z0-9_-]{43}$/

export function createSessions(
  options: Readonly<{
    directory: Directory
    scheme: SchemeId
    /** the hub's clock, milliseconds since 1970 */
    now(): number
    /** what operators prove beyond their key; null where there are none */
    operators: Pick<OperatorSignIn, 'judge' | 'noteProof'> | null
  }>,
): Sessions {
  const { directory, scheme, now, operators } = options
  const cache = new Map<SessionId, Readonly<{ found: Promise<LiveSession | undefined>; until: number }>>()

  const read = (id: SessionId): Promise<LiveSession | undefined> => {
    const known = cache.get(id)
    if (known && now() < known.until) return known.found
    const found = directory.sessionOf(id)
    cache.delete(id)
    cache.set(id, { found, until: now() + CACHED_MS })
    // A failed read must not be remembered; whoever asked hears of it.
    found.catch(() => cache.delete(id))
    for (const oldest of cache.keys()) {
      if (cache.size <= CACHED_SESSIONS) break
      cache.delete(oldest)
    }
    return found
  }

  const find = async (id: SessionId): Promise<LiveSession | undefined> => {
    const live = await read(id)
    return live && live.identity.status === 'active' && now() < live.session.expiresAt ? live : undefined
  }

  return {
    async start(request) {
      const asked = readRequest(request)
      if (asked === undefined) return problemOf('signature-invalid')
      const identity = await directory.identityOf(asked.actor)
      if (identity === undefined || identity.actor.key !== asked.key) return problemOf('signature-invalid')
      if (Math.abs(now() - asked.at) > LIMITS.signatureAgeMs) return problemOf('signature-invalid')
      const bytes = sessionBytes({ scheme, ...asked })
      if (!isSignedBy(identity.publicKey, bytes, asked.signature)) return problemOf('signature-invalid')
      const { actor } = identity
      if (identity.status !== 'active') return problemOf(inactiveCode(actor))
      const proof =
        actor.kind === 'operator' && operators ? await operators.judge(actor, bytes, request.passkey) : 'known'
      if (typeof proof !== 'string') return proof
      const id = idFrom('ses', randomBytes(NONCE_BYTES))
      const agreed = agree(id, asked.ephemeral, asked.nonce)
      if (agreed === undefined) return problemOf('signature-invalid')
      const expiresAt = now() + LIMITS.sessionMs
      const { macKey, tokenHash, ephemeral, nonce } = agreed
      const isNew = await directory.putSession({
        id,
        actor: asked.actor,
        macKey,
        tokenHash,
        nonce: asked.nonce,
        expiresAt,
      })
      if (!isNew) return problemOf('signature-invalid')
      if (proof === 'proved' && actor.kind === 'operator') await operators?.noteProof(actor)
      return { session: id, ephemeral: toBase64url(ephemeral), nonce: toBase64url(nonce), expiresAt, now: now() }
    },
    find,
    async byToken(token) {
      const id = TOKEN.exec(token)?.[1]
      const live = isId('ses', id) ? await find(id) : undefined
      if (live === undefined || !timingSafeEqual(hashOf(token), live.session.tokenHash)) {
        return problemOf('session-ended')
      }
      return live.identity.actor
    },
    forget(actor) {
      for (const [id, { found }] of cache) {
        // A read under way may have seen the row as it was: it is forgotten too when it turns out to be this actor's.
        found.then((live) => live?.session.actor === actor && cache.delete(id)).catch(() => undefined)
      }
    },
  }
}

type Asked = Readonly<{
  actor: ActorId
  key: NonNullable<ReturnType<typeof parseId<'key'>>>
  ephemeral: Uint8Array
  nonce: Uint8Array
  at: number
  signature: Uint8Array
}>

function readRequest(request: SessionRequest): Asked | undefined {
  const actor = parseId('dev', request.actor) ?? parseId('trm', request.actor) ?? parseId('opr', request.actor)
  const key = parseId('key', request.key)
  const ephemeral = fromBase64url(request.ephemeral)
  const nonce = fromBase64url(request.nonce)
  const signature = fromBase64url(request.signature)
  if (!actor || !key || ephemeral?.length !== POINT_BYTES || nonce?.length !== NONCE_BYTES || !signature)
    return undefined
  if (!Number.isSafeInteger(request.at) || request.at < 0) return undefined
  return { actor, key, ephemeral, nonce, at: request.at, signature }
}

/** The hub's half of the key agreement; undefined when the client's is no point of the curve. */
function agree(
  session: SessionId,
  theirs: Uint8Array,
  theirNonce: Uint8Array,
): { macKey: Uint8Array; tokenHash: Uint8Array; ephemeral: Uint8Array; nonce: Uint8Array } | undefined {
  const pair = createECDH('prime256v1')
  const ephemeral = pair.generateKeys()
  const nonce = randomBytes(NONCE_BYTES)
  const shared = sharedSecret(() => pair.computeSecret(theirs))
  if (shared === undefined) return undefined
  const derive = (info: string): Uint8Array =>
    new Uint8Array(hkdfSync('sha256', shared, concat(theirNonce, nonce), info, 32))
  const tokenHash = hashOf(tokenText(session, derive(SESSION_TOKEN_INFO)))
  return { macKey: derive(SESSION_MAC_INFO), tokenHash, ephemeral, nonce }
}

function sharedSecret(compute: () => Uint8Array): Uint8Array | undefined {
  try {
    return compute()
  } catch {
    // Node says only by throwing that the point is not on the curve.
    return undefined
  }
}

const hashOf = (text: string): Uint8Array => createHash('sha256').update(text).digest()
