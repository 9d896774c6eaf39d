// Signs a request with the session's key (RFC 9421, hmac-sha256); the base is protocol/signature-base.ts.
import { utf8 } from '#core/bytes.ts'
import { contentDigest, signatureBase, signatureParameters } from '#protocol/signature-base.ts'
import { toBase64 } from '#protocol/signed-bytes.ts'

/** The headers that sign a request. `now` is the hub's clock in milliseconds; `body` the bytes as sent, null for none. */
export async function signatureHeaders(
  request: Readonly<{
    method: string
    path: string
    query: string
    body: Uint8Array | null
    session: string
    macKey: CryptoKey
    now: number
  }>,
): Promise<Record<string, string>> {
  const { method, path, query, session, macKey } = request
  const digest = request.body === null ? null : contentDigest(request.body)
  const signed = { method, path, query, contentDigest: digest, created: Math.floor(request.now / 1000), session }
  const mac = await crypto.subtle.sign('HMAC', macKey, utf8(signatureBase(signed)))
  return {
    ...(digest !== null && { 'content-digest': digest }),
    'signature-input': `sig1=${signatureParameters(signed)}`,
    signature: `sig1=:${toBase64(new Uint8Array(mac))}:`,
  }
}
