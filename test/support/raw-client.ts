// A client that says exactly what a test wants it to say: any bytes, any headers, signed or not, over HTTP or a bare socket.
import assert from 'node:assert/strict'
import { Agent, request, type IncomingHttpHeaders } from 'node:http'
import { connect } from 'node:net'
import { randomBytes } from 'node:crypto'
import pg from 'pg'
import type { DemoWho } from '#protocol/routes.ts'
import { openClient, type Client } from '#sdk/client.ts'
import { enrol } from '#sdk/identity.ts'
import { memoryStorage } from '#sdk/storage.ts'
import { openSession, type Session } from '#sdk/session.ts'
import { signatureHeaders } from '#sdk/signature.ts'
import { enrolled, type TestHub } from './hub.ts'
import { JPY } from './world.ts'

export type Reply = Readonly<{
  status: number
  headers: IncomingHttpHeaders
  text: string
  body: Record<string, unknown>
}>

export type Ask = Readonly<{
  method?: string
  path: string
  /** an object is sent as JSON, text and bytes as they are */
  body?: object | string | Uint8Array
  headers?: Record<string, string>
}>

const PATIENCE_MS = 25_000
const agent = new Agent({ keepAlive: true, maxSockets: 64 })

export const bytesOf = (body: Ask['body']): Uint8Array | null =>
  body === undefined
    ? null
    : body instanceof Uint8Array
      ? body
      : new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body))

/** Sends and reads the whole answer; a connection that ends without one is an error. */
export function ask(hub: { url: string }, { method = 'POST', path, body, headers = {} }: Ask): Promise<Reply> {
  const bytes = bytesOf(body)
  const { hostname, port } = new URL(hub.url)
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: hostname,
        port,
        method,
        path,
        agent,
        // A hub that says nothing at all is a failed test, not one that waits for ever.
        signal: AbortSignal.timeout(PATIENCE_MS),
        headers: {
          ...(bytes && { 'content-type': 'application/json', 'content-length': String(bytes.length) }),
          ...headers,
        },
      },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8')
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, body: parsed(text) })
        })
      },
    )
    sent.on('error', reject)
    sent.end(bytes ?? undefined)
  })
}

function parsed(text: string): Record<string, unknown> {
  try {
    // Border: what is not an object has no members, which is all that the tests ask.
    return Object(JSON.parse(text)) as Record<string, unknown>
  } catch {
    return {}
  }
}

export type Speaker = Awaited<ReturnType<typeof speaker>>

/** An enrolled register or person with a session of its own. */
export async function speaker(hub: { url: string }, who: DemoWho, known?: Client) {
  const client = known ?? (await enrolled(hub, who))
  const identity = await client.identity()
  assert.ok(identity)
  const session = await sessionOf(hub, client)
  const signed = async (asked: Ask): Promise<Reply> =>
    ask(hub, { ...asked, headers: { ...(await signatureOf(session, asked)), ...asked.headers } })
  return {
    client,
    self: identity.self,
    session,
    signed,
    reads: (path: string, headers: Record<string, string> = {}): Promise<Reply> =>
      ask(hub, { method: 'GET', path, headers: { authorization: `Bearer ${session.token}`, ...headers } }),
    command: (name: string, body: object, command = newCommand()): Promise<Reply> =>
      signed({ path: `/v1/commands/${name}`, body: { command, ...body } }),
  }
}

/** A person in the same bucket as another, so that nothing but the party keeps them apart. */
export async function neighbourOf(hub: TestHub, other: Speaker): Promise<Speaker> {
  const party = await hub.directory.createParty({
    kind: 'person',
    name: 'Neighbour',
    legalName: 'Neighbour',
    bucket: Number.parseInt(other.self.id.slice(4, 8), 16),
    units: [JPY],
  })
  const { code } = await hub.directory.createCode({ kind: 'device', party: party.id, lifeMs: 60_000 })
  const storage = memoryStorage()
  const outcome = await enrol({ hub: hub.url, storage, code, label: 'Neighbour' })
  assert.ok(outcome.ok)
  return speaker(hub, 'hanako', openClient({ hub: hub.url, storage }))
}

export async function sessionOf(hub: { url: string }, client: Client): Promise<Session> {
  const identity = await client.identity()
  assert.ok(identity)
  const opening = await openSession(identity, Date.now(), (length) => Uint8Array.from(randomBytes(length)))
  const grant = await ask(hub, { path: '/v1/sessions', body: opening.request })
  assert.equal(grant.status, 200, grant.text)
  // Border: the grant is checked by `finish`.
  const session = await opening.finish(grant.body as Parameters<typeof opening.finish>[0])
  assert.ok(session)
  return session
}

export function signatureOf(session: Session, { method = 'POST', path, body }: Ask): Promise<Record<string, string>> {
  const [plain = '', query = ''] = path.split('?')
  const bytes = bytesOf(body)
  return signatureHeaders({
    method,
    path: plain,
    query,
    body: bytes?.length === 0 ? null : bytes,
    session: session.id,
    macKey: session.macKey,
    now: Date.now(),
  })
}

export const newCommand = (): string => `cmd_${randomBytes(16).toString('hex')}`
export const newDeal = (): string => `deal_${randomBytes(16).toString('hex')}`

/** Everything that comes back on a bare connection until the hub closes it. */
export function onSocket(hub: { url: string }, ...parts: (string | Uint8Array)[]): Promise<string> {
  const { hostname, port } = new URL(hub.url)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname)
    const chunks: Buffer[] = []
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    // A reset after an answer still is an answer.
    socket.on('error', (error) => (chunks.length > 0 ? undefined : reject(error)))
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')))
    for (const part of parts) socket.write(part)
  })
}

/** Every no has the same shape: a problem with a stable code, and nothing of what was sent. */
export function assertProblem(reply: Reply, about: string): string {
  assert.ok(reply.status >= 400 && reply.status < 500, `${about}: ${reply.status} ${reply.text.slice(0, 300)}`)
  assert.equal(reply.headers['content-type'], 'application/problem+json; charset=utf-8', about)
  const { code, status, title, next, type } = reply.body
  assert.equal(status, reply.status, about)
  assert.equal(type, `urn:warifu:problem:${String(code)}`, about)
  assert.ok(typeof title === 'string' && typeof next === 'string', about)
  return String(code)
}

/** What moves with time alone: how far events have been read for webhooks. */
const CLOCKS: readonly string[] = ['webhook_mark']

/** A hash of every row of every table; two that are equal mean that nothing was changed. */
export async function fingerprint(
  settings: pg.ClientConfig,
  without: readonly string[] = [],
): Promise<Map<string, string>> {
  const client = new pg.Client(settings)
  await client.connect()
  try {
    const tables = await client.query<{ name: string }>(
      "select tablename as name from pg_tables where schemaname = 'public' order by 1",
    )
    const hashes = new Map<string, string>()
    for (const { name } of tables.rows) {
      if (without.includes(name) || CLOCKS.includes(name)) continue
      const { rows } = await client.query<{ hash: string }>(
        `select count(*) || ' ' || coalesce(md5(string_agg(t::text, '|' order by t::text)), '') as hash from ${name} t`,
      )
      hashes.set(name, rows[0]?.hash ?? '')
    }
    return hashes
  } finally {
    await client.end()
  }
}
