// The hub's check of a signed request (RFC 9421 with hmac-sha256, RFC 9530 digest over the raw body). One spelling only:
// the headers are rebuilt from what they say and compared, so that nothing in them goes unread.
import { createHmac, timingSafeEqual } from 'node:crypto'
import { parseId, type SessionId } from '#core/ids.ts'
import { LIMITS } from '#protocol/limits.ts'
import { contentDigest, signatureBase, signatureParameters, type SignedRequest } from '#protocol/signature-base.ts'

export type HttpRequest = Readonly<{
  method: string
  /** as received, percent-encoding and all, without the query */
  path: string
  /** as received, without '?'; empty for none */
  query: string
  /** names in lower case, as Node gives them */
  headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** the bytes as received, null or empty for none */
  rawBody: Uint8Array | null
  address: string
}>

/** What the headers claim; nothing of it is true before `isRightMac`. */
export type ClaimedSignature = Readonly<{ session: SessionId; signed: SignedRequest; mac: Uint8Array }>

const INPUT = /^sig1=(\([^)]{1,80}\);created=([0-9]{1,12});keyid="(ses_[0-9a-f]{32})";alg="hmac-sha256")$/
const SIGNATURE = /^sig1=:([A-Za-z0-9+/]{43}=):$/

/** The signature a request carries; undefined when it is not exactly as the SDK writes it, or its digest or age is wrong. */
export function readSignature(request: HttpRequest, now: number): ClaimedSignature | undefined {
  const { method, path, query, headers, rawBody } = request
  const input = INPUT.exec(textOf(headers['signature-input']) ?? '')
  const signature = SIGNATURE.exec(textOf(headers.signature) ?? '')
  const session = parseId('ses', input?.[3])
  if (!input || !signature || !session) return undefined

  const digest = rawBody === null || rawBody.length === 0 ? undefined : contentDigest(rawBody)
  if (textOf(headers['content-digest']) !== digest) return undefined
  const created = Number(input[2])
  if (Math.abs(now - created * 1000) > LIMITS.signatureAgeMs) return undefined
  const signed: SignedRequest = { method, path, query, contentDigest: digest ?? null, created, session }
  if (signatureParameters(signed) !== input[1]) return undefined
  const mac = Buffer.from(signature[1] ?? '', 'base64')
  if (mac.toString('base64') !== signature[1]) return undefined
  return { session, signed, mac }
}

/** Is the MAC right under the session's key? */
export function isRightMac(claimed: ClaimedSignature, macKey: Uint8Array): boolean {
  const right = createHmac('sha256', macKey).update(signatureBase(claimed.signed)).digest()
  return right.length === claimed.mac.length && timingSafeEqual(right, claimed.mac)
}

/** A header that came twice is none. */
const textOf = (header: string | readonly string[] | undefined): string | undefined =>
  typeof header === 'string' ? header : undefined
