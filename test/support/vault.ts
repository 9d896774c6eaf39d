// A vault on a database of its own, an issuer that says what a test wants over real TCP, and a wallet that encrypts as the browser does.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CompactEncrypt, importJWK } from 'jose'
import type pg from 'pg'
import { luhnDigit } from '#core/card-number.ts'
import { answerTo, type Outcome } from '#issuer/answers.ts'
import { readAsk } from '#issuer/asked.ts'
import { createFrames, frameOf, openMessage, sealMessage, type Message } from '#issuer/iso8583.ts'
import { writeAsk, type Ask } from '#issuer/messages.ts'
import { zoneKeysOf } from '#issuer/one-time.ts'
import { startVault, type VaultOptions } from '#vault/program.ts'
import type { AddCardAnswer, Authorise, HealthAnswer, Tables, VaultKeys } from '#vault/wire.ts'
import { emptyDatabase } from './postgres.ts'

export const ZONE_SECRET = randomBytes(32)
export const ZONE = zoneKeysOf(ZONE_SECRET)

/** A number of the demo's Tanuki Card, never anybody's. */
export function cardNumber(account: number | bigint): string {
  const digits = `457199${String(account).padStart(9, '0')}`
  return digits + luhnDigit(digits)
}

export const hex = (bytes = 16): string => randomBytes(bytes).toString('hex')
export const newOrder = (): string => `${hex()}-1`

// ---- an issuer

/** What it does with a message: answers so, says nothing, or does as it likes with the socket, the answer's bytes or the answer. */
export type Reply =
  | Outcome
  | 'silent'
  | ((socket: Socket, answer: (outcome: Outcome) => Buffer, message: (outcome: Outcome) => Message) => void)
export type FakeIssuer = Readonly<{
  port: number
  /** every message in its order, answered or not */
  heard: Ask[]
  /** of these kinds, in their order */
  of<Kind extends Ask['kind']>(kind: Kind): Extract<Ask, { kind: Kind }>[]
  /** says what is answered from now on; what it does not say is approved */
  replies: { [Kind in Ask['kind']]?: (ask: Extract<Ask, { kind: Kind }>, nth: number) => Reply }
  /** Asks the vault over one of its lines; the answer's code. */
  tell(ask: Ask): Promise<string | undefined>
  /** When the first of its lines has ended. */
  lost(): Promise<void>
  /** Ends every line and listens no more, or again. */
  away(): Promise<void>
  back(): Promise<void>
  stop(): Promise<void>
}>

/** An issuer that says yes to everything but what `replies` says otherwise. */
export async function startFakeIssuer(): Promise<FakeIssuer> {
  const heard: Ask[] = []
  const sockets = new Set<Socket>()
  const waiting = new Map<string, (code: string | undefined) => void>()
  const replies: FakeIssuer['replies'] = {}
  const server = createServer((socket) => {
    sockets.add(socket)
    const frames = createFrames()
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', (bytes: Buffer) => {
      for (const each of frames.take(bytes) ?? []) take(socket, each)
    })
  })

  function take(socket: Socket, bytes: Buffer): void {
    const read = openMessage(bytes, ZONE.mac)
    if (!read.ok) throw new Error(`the vault sent what is no message: ${JSON.stringify(read.why)}`)
    const { message } = read
    if (message.mti === '0630') {
      waiting.get(message.fields[37] ?? '')?.(message.fields[39])
      return
    }
    const asked = readAsk(message)
    if (!asked.ok) throw new Error(`the vault asked wrongly: DE ${asked.field} of ${message.mti}`)
    const { ask } = asked
    if (ask.kind !== 'network') heard.push(ask)
    const nth = heard.filter(({ kind }) => kind === ask.kind).length
    // Border: the reply stands under the kind of what is asked.
    const reply = (replies[ask.kind] as ((ask: Ask, nth: number) => Reply) | undefined)?.(ask, nth)
    answer(socket, message, reply ?? usual(ask))
  }

  function answer(socket: Socket, message: Message, reply: Reply): void {
    if (reply === 'silent') return
    const said = (outcome: Outcome): Message => answerTo(message, outcome)
    const bytes = (outcome: Outcome): Buffer => frameOf(sealMessage(said(outcome), ZONE.mac))
    if (typeof reply === 'function') reply(socket, bytes, said)
    else socket.write(bytes(reply))
  }

  const listen = (port: number): Promise<void> =>
    new Promise((listening, failed) => {
      server.once('error', failed)
      server.listen(port, '127.0.0.1', listening)
    })
  const away = async (): Promise<void> => {
    const closed = new Promise((done) => void server.close(done))
    for (const socket of sockets) socket.destroy()
    await closed
  }
  await listen(0)
  // Border: a server that listens at a port has an address of this kind.
  const { port } = server.address() as AddressInfo
  return {
    port,
    heard,
    // Border: filtered by the very kind.
    of: <Kind extends Ask['kind']>(kind: Kind) =>
      heard.filter((ask) => ask.kind === kind) as Extract<Ask, { kind: Kind }>[],
    replies,
    async tell(ask) {
      const [socket] = sockets
      if (socket === undefined) throw new Error('no line is open')
      const said = new Promise<string | undefined>((resolve) => waiting.set(ask.trace.rrn, resolve))
      socket.write(frameOf(sealMessage(writeAsk(ask), ZONE.mac)))
      return said
    },
    async lost() {
      const [socket] = sockets
      if (socket !== undefined) await once(socket, 'close')
    },
    away,
    back: () => listen(port),
    stop: () => (server.listening ? away() : Promise.resolve()),
  }
}

/** With other words of the issuer, for as long as this takes. */
export async function saying<Result>(
  { replies }: FakeIssuer,
  said: FakeIssuer['replies'],
  work: () => Promise<Result>,
): Promise<Result> {
  Object.assign(replies, said)
  try {
    return await work()
  } finally {
    for (const kind of Object.keys(said)) Reflect.deleteProperty(replies, kind)
  }
}

/** What the issuer has heard of an authorisation, in its order. */
export function heardOf(issuer: FakeIssuer, order: string): string[] {
  return issuer.heard.flatMap((ask) => {
    const of = ask.kind === 'refund' && 'order' in ask.of ? ask.of.order : 'order' in ask ? ask.order : null
    return of === order ? [ask.kind] : []
  })
}

const usual = (ask: Ask): Outcome => (ask.kind === 'authorise' ? { code: '00', approval: 'A1B2C3' } : { code: '00' })

// ---- a vault

export type TestVault = Awaited<ReturnType<typeof startTestVault>>

/** Tables in which everything is at this port. */
export const tablesAt = (port: number, version = 1): Tables => ({
  version,
  issuers: [
    {
      code: '0001',
      name: 'Tanuki Card',
      nameJa: 'タヌキカード',
      host: '127.0.0.1',
      port,
      acquirer: '12345678901',
      oneTimePrefix: '457198',
    },
  ],
  ranges: [{ prefix: '457199', issuer: '0001' }],
})

/** Starts one on a database of its own, or on another's. */
export async function startTestVault(given: Partial<VaultOptions> & { issuerPort?: number } = {}) {
  const folder = given.data ?? mkdtempSync(join(tmpdir(), 'warifu-vault-'))
  const zoneKey = join(folder, 'zone.key')
  writeFileSync(zoneKey, `${ZONE_SECRET.toString('hex')}\n`, { mode: 0o600 })
  const database: pg.ClientConfig = given.database ?? (await emptyDatabase())
  const errors: unknown[] = []
  const vault = await startVault({
    port: 0,
    zoneKey,
    onError: (error) => void errors.push(error),
    times: { shortestBreakMs: 10, longestBreakMs: 50 },
    graceMs: 0,
    ...given,
    data: folder,
    database,
  })
  const client = vaultClient(vault.url, vault.secret)
  if (given.issuerPort !== undefined) {
    await client.put('/v1/tables', tablesAt(given.issuerPort))
    await client.isUp()
  }
  return {
    ...vault,
    ...client,
    folder,
    database,
    errors,
    async close(): Promise<void> {
      await vault.stop()
      if (given.data === undefined) rmSync(folder, { recursive: true, force: true })
    },
  }
}

export type Replied = Readonly<{ status: number; body: Record<string, unknown> }>

/** Speaks with a vault as the hub does. */
export function vaultClient(url: string, secret: string) {
  async function ask(method: string, path: string, body?: unknown): Promise<Replied> {
    const response = await fetch(new URL(path, url), {
      method,
      headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    // Border: a vault answers with an object.
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }
  const get = (path: string): Promise<Replied> => ask('GET', path)
  const post = (path: string, body: unknown): Promise<Replied> => ask('POST', path, body)
  const put = (path: string, body: unknown): Promise<Replied> => ask('PUT', path, body)

  async function envelope(
    inside: unknown,
    head: Readonly<{ command: string; party: string }>,
    given?: VaultKeys['keys'][number],
  ): Promise<string> {
    // Border: the vault's own answer.
    const [first] = ((await get('/v1/keys')).body as unknown as VaultKeys).keys
    const key = given ?? first
    if (key === undefined) throw new Error('the vault has no key')
    return new CompactEncrypt(Buffer.from(JSON.stringify(inside)))
      .setProtectedHeader({ alg: 'ECDH-ES', enc: 'A256GCM', kid: key.kid, ...head })
      .encrypt(await importJWK(key, 'ECDH-ES'))
  }

  /** A card of this number; its id. */
  async function addCard(number: string, expires = '2099-12', code = '123'): Promise<string> {
    const card = hex()
    const head = { command: `cmd_${hex()}`, party: `pty_${hex()}` }
    const sealed = await envelope({ number, expires, code }, head)
    const { body } = await post('/v1/cards', { card, ...head, envelope: sealed })
    // Border: the vault's own answer.
    const said = body as unknown as AddCardAnswer
    if (said.state !== 'active') throw new Error(JSON.stringify(said))
    return card
  }

  /** Waits until every issuer can be asked. */
  const isUp = (): Promise<true> =>
    until(async () => {
      // Border: the vault's own answer.
      const { issuers } = (await get('/v1/health')).body as unknown as HealthAnswer
      return issuers.length > 0 && issuers.every(({ up }) => up)
    })

  const authorise = (card: string, more: Partial<Authorise> = {}): Promise<Replied> =>
    post('/v1/authorise', { ...purchaseOf(card), ...more })

  const follow = (kind: 'capture' | 'release' | 'refund' | 'reverse', of: string, amount: string, order = newOrder()) =>
    post(`/v1/${kind}`, { order, of, unit: 'JPY', amount })

  return { get, post, put, isUp, envelope, addCard, authorise, follow }
}

export const MERCHANT = { number: 'M0001', name: 'Bakery Ōkami', category: '5462', place: 'Kyoto' }

export const purchaseOf = (card: string): Authorise => ({
  order: newOrder(),
  card,
  unit: 'JPY',
  amount: '1200',
  method: 'lump',
  merchant: MERCHANT,
  terminal: 'T0000001',
  oneTime: false,
  withinMs: 5_000,
})

/** Waits until it is so, asking again at every turn; nothing is waited for longer than a test may take. */
export async function until<Result>(look: () => Promise<Result | undefined | false>): Promise<Result> {
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    await new Promise((again) => setTimeout(again, 20))
  }
}
