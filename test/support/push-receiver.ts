// A push service and its browser in one: takes what a hub posts, as RFC 8030 says, and opens it with http_ece, which is not ours. Only the
// browser's own subscription is replaced by it; the hub really posts over HTTP.
import assert from 'node:assert/strict'
import { createECDH, createPublicKey, randomBytes } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import { jwtVerify } from 'jose'
import { until } from './hub.ts'

// Border: http_ece has no types; this is the part that is used here.
type Ece = {
  decrypt(body: Buffer, how: { version: 'aes128gcm'; privateKey: object; authSecret: string }): Buffer
}
const ece = createRequire(import.meta.url)('http_ece') as Ece

/** No such host exists; `pushTo` leads it to the receiver. */
const ORIGIN = 'https://push.test'

export type Received = Readonly<{
  text: string
  headers: IncomingHttpHeaders
  vapid: Readonly<Record<string, unknown>>
}>

/** A browser's subscription: as the hub takes it, and what has come for it. */
export type Mailbox = Readonly<{
  subscription: Readonly<{ endpoint: string; p256dh: string; auth: string }>
  received: readonly Received[]
  /** The next text that has not been given out yet; waits for it. */
  next(): Promise<Received>
  /** From now on the push service answers so. */
  answers(status: number, headers?: Readonly<Record<string, string>>): void
  /** how often the hub has tried */
  tries(): number
}>

export type PushReceiver = Awaited<ReturnType<typeof openPushReceiver>>

export async function openPushReceiver() {
  const handlers = new Map<string, (request: IncomingMessage, response: ServerResponse) => Promise<void>>()
  const server = createServer((request, response) => {
    const handler = handlers.get(request.url ?? '')
    if (handler === undefined) return void response.writeHead(404).end()
    handler(request, response).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined))
    return undefined
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  assert(typeof address === 'object' && address !== null)
  const { port } = address

  return {
    /** HubOptions.pushTo */
    pushTo: (endpoint: string): string | null =>
      endpoint.startsWith(`${ORIGIN}/`) ? `http://127.0.0.1:${port}${new URL(endpoint).pathname}` : null,

    subscribe(): Mailbox {
      const keys = createECDH('prime256v1')
      keys.generateKeys()
      const auth = randomBytes(16).toString('base64url')
      const path = `/send/${randomBytes(8).toString('hex')}`
      const received: Received[] = []
      let [given, tried] = [0, 0]
      let answer: { status: number; headers: Readonly<Record<string, string>> } = { status: 201, headers: {} }
      handlers.set(path, async (request, response) => {
        tried++
        const body = await bodyOf(request)
        assert.equal(request.method, 'POST')
        assert.equal(request.headers['content-encoding'], 'aes128gcm')
        assert.ok(body.length <= 4096, 'as much as every push service takes')
        const vapid = await vapidOf(request.headers)
        if (answer.status === 201) {
          const text = ece.decrypt(body, { version: 'aes128gcm', privateKey: keys, authSecret: auth }).toString('utf8')
          received.push({ text, headers: request.headers, vapid })
        }
        response.writeHead(answer.status, answer.headers).end()
      })
      return {
        subscription: { endpoint: `${ORIGIN}${path}`, p256dh: keys.getPublicKey('base64url'), auth },
        received,
        next: () =>
          until(() => {
            const found = received[given]
            if (found !== undefined) given++
            return found
          }),
        answers: (status, headers = {}) => void (answer = { status, headers }),
        tries: () => tried,
      }
    },

    async close(): Promise<void> {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

/** RFC 8292: the token is for this push service, is not over, and was signed with the key that it names. */
async function vapidOf({ authorization }: IncomingHttpHeaders): Promise<Readonly<Record<string, unknown>>> {
  const [, token = '', key = ''] = /^vapid t=([\w.-]+), k=([\w-]{87})$/.exec(authorization ?? '') ?? []
  const point = Buffer.from(key, 'base64url')
  const jwk = {
    kty: 'EC',
    crv: 'P-256',
    x: point.subarray(1, 33).toString('base64url'),
    y: point.subarray(33).toString('base64url'),
  }
  const { payload } = await jwtVerify(token, createPublicKey({ key: jwk, format: 'jwk' }), {
    algorithms: ['ES256'],
    audience: ORIGIN,
  })
  assert.ok((payload.exp ?? 0) * 1000 < Date.now() + 24 * 3_600_000, 'a push service takes 24 hours at most')
  return { ...payload, k: key }
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  // Border: a request without an encoding gives buffers.
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
