// The load of the payments bench: tills and phones, each with its key, session, HTTP connection and watcher. They say what the SDK
// says, byte for byte, without its storing and repeating; the client is as small as can be, because it shares the hub's processors.
import { createECDH, createHmac, generateKeyPairSync, hkdfSync, randomBytes, sign, type KeyObject } from 'node:crypto'
import { connect } from 'node:net'
import WebSocket from 'ws'
import { concat, fromBase64url, toBase64url } from '#core/bytes.ts'
import { idFrom, type SchemeId, type SessionId } from '#core/ids.ts'
import { contentDigest, signatureBase, signatureParameters } from '#protocol/signature-base.ts'
import { SESSION_MAC_INFO, SESSION_TOKEN_INFO, sessionBytes, tokenText } from '#protocol/signed-bytes.ts'
import type { Actor } from '#switch/actors.ts'

/** Well before the ten minutes that a session lives. */
const RENEW_AFTER_MS = 4 * 60_000

export type Machine = Readonly<{
  self: Actor
  privateKey: KeyObject
  /** sends a signed command and returns the answer's body */
  say: <Body>(path: string, body: object) => Promise<Body>
  /** resolves at the next watched view that holds both texts */
  sees: (...texts: readonly [string, string]) => Promise<void>
  /** a new session where the present one grows old */
  refresh: () => Promise<void>
  close: () => void
}>

/** A machine whose key is enrolled already: starts its session and watches its topic. */
export async function openMachine(options: {
  port: number
  scheme: SchemeId
  self: Actor
  privateKey: KeyObject
  topic: 'terminal' | 'inbox'
}): Promise<Machine> {
  const { port, scheme, self, privateKey, topic } = options
  const address = addressOf(randomBytes(3))
  const send = connection(port)
  const start = () => startSession({ send, address, scheme, self, privateKey })
  let session = await start()
  let startedAt = Date.now()
  const watcher = await watching(port, session.token, topic)
  return {
    self,
    privateKey,
    say: async <Body>(path: string, body: object) =>
      // Border: a hub of this very tree answers as its protocol says.
      JSON.parse(await send.request(signedHead(path, address, session, body), JSON.stringify(body))) as Body,
    sees: watcher.sees,
    async refresh() {
      if (Date.now() - startedAt < RENEW_AFTER_MS) return
      startedAt = Date.now()
      session = await start()
      watcher.hello(session.token)
    },
    close() {
      send.close()
      watcher.close()
    },
  }
}

/** A P-256 key of a machine, and its point as it is enrolled. */
export function newKey(): { privateKey: KeyObject; point: Uint8Array } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { privateKey, point: publicKey.export({ type: 'spki', format: 'der' }).subarray(-65) }
}

export const signed = (privateKey: KeyObject, bytes: Uint8Array): string =>
  sign('sha256', bytes, { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')

type Session = Readonly<{ id: SessionId; macKey: Buffer; token: string }>
type Connection = ReturnType<typeof connection>

const addressOf = (bytes: Uint8Array): string => `10.${bytes.join('.')}`

async function startSession({
  send,
  address,
  scheme,
  self,
  privateKey,
}: {
  send: Connection
  address: string
  scheme: SchemeId
  self: Actor
  privateKey: KeyObject
}): Promise<Session> {
  const ecdh = createECDH('prime256v1')
  const ephemeral = ecdh.generateKeys()
  const nonce = randomBytes(16)
  const at = Date.now()
  const body = JSON.stringify({
    actor: self.id,
    key: self.key,
    ephemeral: toBase64url(ephemeral),
    nonce: toBase64url(nonce),
    at,
    signature: signed(privateKey, sessionBytes({ scheme, actor: self.id, key: self.key, ephemeral, nonce, at })),
  })
  const head = `POST /v1/sessions HTTP/1.1\r\nhost: 127.0.0.1\r\nx-forwarded-for: ${address}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n`
  // Border: as above.
  const grant = JSON.parse(await send.request(head, body)) as { session: SessionId; ephemeral: string; nonce: string }
  const shared = ecdh.computeSecret(fromBase64url(grant.ephemeral) ?? new Uint8Array())
  const salt = concat(nonce, fromBase64url(grant.nonce) ?? new Uint8Array())
  return {
    id: grant.session,
    macKey: Buffer.from(hkdfSync('sha256', shared, salt, SESSION_MAC_INFO, 32)),
    token: tokenText(grant.session, new Uint8Array(hkdfSync('sha256', shared, salt, SESSION_TOKEN_INFO, 32))),
  }
}

function signedHead(path: string, address: string, { id, macKey }: Session, body: object): string {
  const payload = Buffer.from(JSON.stringify(body))
  const digest = contentDigest(payload)
  const request = {
    method: 'POST',
    path,
    query: '',
    contentDigest: digest,
    created: Math.floor(Date.now() / 1000),
    session: id,
  }
  const mac = createHmac('sha256', macKey).update(signatureBase(request)).digest('base64')
  return (
    `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\nx-forwarded-for: ${address}\r\ncontent-type: application/json\r\n` +
    `content-length: ${payload.length}\r\ncontent-digest: ${digest}\r\n` +
    `signature-input: sig1=${signatureParameters(request)}\r\nsignature: sig1=:${mac}:\r\n\r\n`
  )
}

/** A kept-alive HTTP connection with one request under way at a time. */
function connection(port: number) {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true })
  let waiting: { resolve: (body: string) => void; reject: (error: Error) => void } | null = null
  let held = ''
  socket.setEncoding('utf8')
  const fail = (error: Error): void => {
    waiting?.reject(error)
    waiting = null
  }
  socket.on('error', fail)
  socket.on('close', () => fail(new Error('the hub has closed the connection')))
  socket.on('data', (text: string) => {
    held += text
    const end = held.indexOf('\r\n\r\n')
    if (end < 0) return
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(held.slice(0, end))?.[1])
    const body = held.slice(end + 4)
    if (body.length < length && Buffer.byteLength(body) < length) return
    held = ''
    const answered = waiting
    waiting = null
    answered?.resolve(body)
  })
  return {
    request(head: string, body: string): Promise<string> {
      const { promise, resolve, reject } = Promise.withResolvers<string>()
      waiting = { resolve, reject }
      socket.write(head + body)
      return promise
    },
    close: () => void socket.destroy(),
  }
}

async function watching(port: number, token: string, topic: 'terminal' | 'inbox') {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/watch`, { perMessageDeflate: false })
  const waiting = new Set<{ texts: readonly string[]; resolve: () => void }>()
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const hello = (text: string): void => socket.send(JSON.stringify({ type: 'hello', token: text }))
  socket.on('error', reject)
  socket.on('open', () => {
    hello(token)
    socket.send(JSON.stringify({ type: 'watch', topic }))
  })
  socket.on('message', (data: Buffer) => {
    const text = data.toString('utf8')
    if (text.startsWith(`{"type":"${topic}"`)) resolve()
    for (const each of waiting) {
      if (!each.texts.every((part) => text.includes(part))) continue
      waiting.delete(each)
      each.resolve()
    }
  })
  await promise
  return {
    hello,
    sees: (...texts: readonly [string, string]) =>
      new Promise<void>((told) => void waiting.add({ texts, resolve: told })),
    close: () => socket.terminate(),
  }
}

export const commandId = (): string => idFrom('cmd', randomBytes(16))
