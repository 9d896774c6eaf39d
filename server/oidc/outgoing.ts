// The one request that OpenID makes to others: a ping that an answer is there. Never to an address inside, wherever its name leads.
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP } from 'node:net'
import { isLoopback, isPublicAddress, publicLookup } from '../open-internet.ts'

const ANSWER_WITHIN_MS = 2_500

/**
 * POSTs to a registered address: https, or http on this machine where `loopback` allows it. Follows nothing. Throws when there is no
 * answer in time, or the address is not one of those.
 */
export function post(
  to: string,
  sent: Readonly<{ headers: Readonly<Record<string, string>>; body: string }>,
  { loopback }: Readonly<{ loopback: boolean }>,
): Promise<number> {
  const url = new URL(to)
  const onMachine = loopback && isLoopback(url.hostname)
  if (!onMachine && url.protocol !== 'https:') throw new TypeError('only https leaves this machine')
  const literal = url.hostname.replace(/^\[|\]$/g, '')
  if (!onMachine && isIP(literal) !== 0 && !isPublicAddress(literal))
    throw new TypeError('the address is inside a network')
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest
  return new Promise((resolve, reject) => {
    const request = send(
      url,
      {
        method: 'POST',
        headers: { ...sent.headers, 'content-length': Buffer.byteLength(sent.body) },
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
        agent: false,
        ...(!onMachine && { lookup: publicLookup }),
      },
      (response) => {
        response.resume()
        resolve(response.statusCode ?? 0)
      },
    )
    request.on('error', reject)
    request.end(sent.body)
  })
}
