// HTTP message signatures (RFC 9421) as this protocol uses them: one label, one algorithm, a fixed list of components.
//
//   Content-Digest:  sha-256=:…:                                       (RFC 9530; only with a body)
//   Signature-Input: sig1=("@method" "@path" "@query" "content-digest");created=…;keyid="ses_…";alg="hmac-sha256"
//   Signature:       sig1=:…:
//
// There is one spelling only: another order of components or parameters is refused, not interpreted.
import { sha256 } from '#core/bytes.ts'
import { toBase64 } from './signed-bytes.ts'

export type SignedRequest = Readonly<{
  method: string
  /** the path as sent, percent-encoding and all, without the query */
  path: string
  /** the query as sent, without '?'; empty for none */
  query: string
  /** the Content-Digest header, null without a body */
  contentDigest: string | null
  /** seconds since 1970 */
  created: number
  /** the session's id */
  session: string
}>

/** The value of Content-Digest for a body. */
export const contentDigest = (body: Uint8Array): string => `sha-256=:${toBase64(sha256(body))}:`

/** What follows `sig1=` in Signature-Input, and `@signature-params` in the base. */
export const signatureParameters = (request: Pick<SignedRequest, 'contentDigest' | 'created' | 'session'>): string => {
  const components = ['@method', '@path', '@query', ...(request.contentDigest === null ? [] : ['content-digest'])]
  const list = components.map((name) => `"${name}"`).join(' ')
  return `(${list});created=${request.created};keyid="${request.session}";alg="hmac-sha256"`
}

/** The signature base of RFC 9421 section 2.5: what the MAC is taken over. */
export const signatureBase = (request: SignedRequest): string =>
  [
    `"@method": ${request.method}`,
    `"@path": ${request.path}`,
    `"@query": ?${request.query}`,
    ...(request.contentDigest === null ? [] : [`"content-digest": ${request.contentDigest}`]),
    `"@signature-params": ${signatureParameters(request)}`,
  ].join('\n')
