// What programs that are reached on this machine alone have in common: a secret in their folder, and requests that bear it.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** The secret of this folder, made at the first start; nobody else on the machine may read it. */
export function secretIn(path: string): string {
  if (existsSync(path)) return readFileSync(path, 'utf8').trim()
  const secret = randomBytes(32).toString('base64url')
  writeFileSync(path, `${secret}\n`, { mode: 0o600, flag: 'wx' })
  return secret
}

/** Does the request bear the secret? */
export function isAllowed(request: IncomingMessage, secret: string): boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(hash(request.headers.authorization ?? ''), hash(`Bearer ${secret}`))
}

/** Undefined for a longer one. */
export async function bodyOf(request: IncomingMessage, mostBytes: number): Promise<Uint8Array | undefined> {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length
    if (length > mostBytes) return undefined
    parts.push(part)
  }
  return Buffer.concat(parts)
}

/** Undefined for what is no JSON. */
export function jsonIn(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString('utf8'))
  } catch {
    return undefined
  }
}

/** Listens on this machine alone; port 0 takes a free one. What `answer` throws is a bug: told on the error output, answered with 500. Throws the listening error. */
export async function listenHere(
  answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
  at: number,
): Promise<Readonly<{ server: Server; port: number }>> {
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
      if (!response.headersSent) response.writeHead(500)
      response.end()
    })
  })
  server.requestTimeout = 30_000
  await new Promise<void>((listening, failed) => {
    server.once('error', failed)
    server.listen(at, '127.0.0.1', listening)
  })
  // Border: a server that listens at a port has an address of this kind.
  const { port } = server.address() as AddressInfo
  return { server, port }
}
