// One POST to an address that a shop has named: https to the open internet, or in a demo to this very machine. No redirect is followed,
// and of the answer no more than its beginning is read.
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { LIMITS } from '#protocol/limits.ts'
import { isLoopback, publicLookup, toTheInternet } from '../open-internet.ts'

/** `status` is null where no answer came; `answer` is then the error's code. */
export type Posted = Readonly<{ status: number | null; answer: string }>

/** May the hub send there? `loopback`: to this very machine too. */
export function isSentTo(to: string, loopback: boolean): boolean {
  const url = URL.parse(to)
  if (url === null || url.username !== '' || url.password !== '') return false
  return (loopback && isLoopback(url.hostname)) || toTheInternet(to) !== null
}

/** Never throws for what the other side does. */
export function post(
  to: string,
  sent: Readonly<{ headers: Readonly<Record<string, string>>; body: string }>,
  { loopback, signal }: Readonly<{ loopback: boolean; signal: AbortSignal }>,
): Promise<Posted> {
  if (!isSentTo(to, loopback)) return Promise.resolve({ status: null, answer: 'ADDRESS' })
  const url = new URL(to)
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest
  const timeout = AbortSignal.timeout(LIMITS.webhookAnswerMs)
  return new Promise((settle) => {
    const request = send(
      url,
      {
        method: 'POST',
        headers: { ...sent.headers, 'content-length': Buffer.byteLength(sent.body) },
        signal: AbortSignal.any([timeout, signal]),
        // Receivers are many and messages few: no connection is kept.
        agent: false,
        ...(!isLoopback(url.hostname) && { lookup: publicLookup }),
      },
      (response) => {
        const status = response.statusCode ?? 0
        const parts: Buffer[] = []
        let length = 0
        const done = (): void => {
          response.destroy()
          settle({ status, answer: plain(Buffer.concat(parts)) })
        }
        response.on('data', (part: Buffer) => {
          parts.push(part)
          length += part.length
          if (length >= LIMITS.webhookAnswerBytes) done()
        })
        response.on('end', done)
        // The status has come: whatever breaks then is only the rest of a text.
        response.on('error', done)
      },
    )
    request.on('error', (error) => settle({ status: null, answer: timeout.aborted ? 'TIMEOUT' : codeOf(error) }))
    request.end(sent.body)
  })
}

/** The beginning as text that can be shown and stored: no control characters, no half of a character at its end. */
const plain = (bytes: Buffer): string =>
  bytes
    .subarray(0, LIMITS.webhookAnswerBytes)
    .toString('utf8')
    .replace(/\ufffd+$/u, '')
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ')

function codeOf(error: Error): string {
  const code: unknown = Reflect.get(error, 'code')
  return typeof code === 'string' && /^[A-Z_0-9]{1,40}$/.test(code) ? code : error.name
}
