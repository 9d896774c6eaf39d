// The hub's own requests to addresses that its users have named (push services): https to the open internet alone, never to a machine
// of the operator's network, never where a redirect points, and nothing of the answer is kept but its status.
import { request as requestHttp } from 'node:http'
import { request as requestHttps, type RequestOptions } from 'node:https'
import { PrivateAddress, publicLookup, toTheInternet } from '../open-internet.ts'

/** What became of a pushed message. `gone`: the subscription is over · `refused`: this message, and no repeat would help · `later`: try again. */
export type PushResult =
  | Readonly<{ kind: 'done' }>
  | Readonly<{ kind: 'gone' }>
  | Readonly<{ kind: 'refused'; status: number | null }>
  | Readonly<{ kind: 'later'; status: number | null; retryAfterMs: number | null }>

/** Where a subscription's messages go: null for an address that nothing is sent to. Tests lead made-up https addresses to their own receiver. */
export type PushTo = (endpoint: string) => string | null

export type PushRequest = Readonly<{
  endpoint: string
  body: Uint8Array
  headers: Readonly<Record<string, string>>
}>

const ANSWER_WITHIN_MS = 10_000

/** Sends one message; never throws for what the other side does. */
export function postPush({ endpoint, body, headers }: PushRequest, pushTo: PushTo | null): Promise<PushResult> {
  const target = (pushTo ?? toTheInternet)(endpoint)
  if (target === null) return Promise.resolve({ kind: 'gone' })
  const options: RequestOptions = {
    method: 'POST',
    headers: { ...headers, 'content-length': String(body.length) },
    timeout: ANSWER_WITHIN_MS,
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    ...(pushTo === null && { lookup: publicLookup }),
    // Messages are rare and their services many: no connection is kept.
    agent: false,
  }
  const request = target.startsWith('http:') ? requestHttp : requestHttps
  return new Promise((settle) => {
    const sent = request(target, options, (response) => {
      settle(resultOf(response.statusCode ?? 0, response.headers['retry-after']))
      response.on('error', () => {})
      response.destroy()
    })
    sent.on('error', (error) => {
      // A name that leads into a private network will not lead elsewhere a minute later.
      settle(error instanceof PrivateAddress ? { kind: 'gone' } : { kind: 'later', status: null, retryAfterMs: null })
    })
    sent.end(body)
  })
}

/** A redirect is not followed: 3xx is a refusal like any other. */
function resultOf(status: number, retryAfter: string | undefined): PushResult {
  if (status >= 200 && status < 300) return { kind: 'done' }
  if (status === 404 || status === 410) return { kind: 'gone' }
  if (status !== 429 && status < 500) return { kind: 'refused', status }
  const seconds = /^\d{1,6}$/.test(retryAfter ?? '') ? Number(retryAfter) : null
  return { kind: 'later', status, retryAfterMs: seconds === null ? null : seconds * 1000 }
}
