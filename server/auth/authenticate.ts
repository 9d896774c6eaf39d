// Who sent this request? Reads need the session's token; everything that changes something needs the session's MAC. Where a request
// carries neither, the client certificate of its connection counts as both. A shop's server shows its API key in the place of all that.
import { problemOf, type Problem } from '#protocol/problems.ts'
import type { Actor } from '#switch/actors.ts'
import { keyIn } from './api-keys.ts'
import type { Sessions } from './sessions.ts'
import { isRightMac, readSignature, type HttpRequest } from './signatures.ts'

export type { Actor } from '#switch/actors.ts'
export type { HttpRequest } from './signatures.ts'

/**
 * The actor behind a request, or why there is none. Problems: session-needed, session-ended, signature-needed, signature-wrong, and of a
 * revoked actor with a certificate device-revoked, terminal-inactive, operator-revoked; of an API key key-unknown, terminal-inactive,
 * scope-missing.
 */
export async function authenticate(
  request: HttpRequest,
  access: 'token' | 'signed',
  sessions: Sessions,
  /** the hub's clock, milliseconds since 1970 */
  now: number,
  /** who shows a client certificate; undefined where nobody does */
  byCertificate: () => Promise<Actor | Problem | undefined> = async () => undefined,
  /** who shows this API key, where it is good for what is asked */
  byKey: (secret: string) => Promise<Actor | Problem> = async () => problemOf('key-unknown'),
): Promise<Actor | Problem> {
  const { authorization, signature, 'signature-input': input } = request.headers
  if (authorization === undefined && signature === undefined && input === undefined) {
    const shown = await byCertificate()
    if (shown !== undefined) return shown
  }
  const key = keyIn(authorization)
  if (key !== undefined) return byKey(key)
  if (access === 'token') {
    if (typeof authorization !== 'string') return problemOf('session-needed')
    const token = /^Bearer ([^ ]{1,200})$/.exec(authorization)?.[1]
    return token === undefined ? problemOf('session-ended') : sessions.byToken(token)
  }
  if (input === undefined) return problemOf('signature-needed')
  const claimed = readSignature(request, now)
  if (claimed === undefined) return problemOf('signature-wrong')
  const live = await sessions.find(claimed.session)
  if (live === undefined) return problemOf('session-ended')
  return isRightMac(claimed, live.session.macKey) ? live.identity.actor : problemOf('signature-wrong')
}

export const isProblem = (value: object): value is Problem => 'code' in value && 'title' in value
