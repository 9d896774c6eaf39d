// The reference issuer as a program: two credit card companies, each with its own line (ISO 8583 over TCP), books and journal; and a page.
//
//   GET  /                   the books, in the demo: cardholders' statements, sales by merchant, how it shall misbehave
//   POST /demo/faults        in the demo, from its page, or with the secret
//   POST /demo/cards         {issuer, number, isStopped}
//   GET  /books              with the secret: what was authorised, for whoever compares it with other books
import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { bodyOf, isAllowed, jsonIn, listenHere, secretIn } from '#bank/local.ts'
import type { Authorisation } from './books.ts'
import { openDesk, type Desk } from './desk.ts'
import { createFaults, faultsFrom } from './faults.ts'
import { openLine, type Line } from './line.ts'
import { zoneKeysOf } from './one-time.ts'
import { booksPage } from './page.ts'
import { cardRecord, ISSUERS, openingRecords, type TownCard } from './town.ts'
import { readZoneKey } from './zone-key.ts'

export type IssuerOptions = Readonly<{
  /** where journals, secret and, unless another is named, the zone's key are kept */
  data: string
  /** of the page */
  port: number
  /** of the issuers' lines, in their order; 0 is any */
  lines: readonly number[]
  /** the demo's cards, page and faults */
  demo: boolean
  cards: readonly TownCard[]
  zoneKey?: string
  /** whose days a purchase has (IANA name) */
  zone: string
  /** how long an unheard notice waits before it is sent again */
  noticeMs?: number
}>

const SECRET_FILE = 'secret'
const ZONE_KEY_FILE = 'zone.key'
/** A change of faults is some hundred bytes. */
const MOST_BYTES = 4_096

/** The path of an issuer's journal. */
export const journalOf = (data: string, code: string): string => join(data, `issuer-${code}.jsonl`)

export type IssuerProgram = Awaited<ReturnType<typeof startIssuer>>

/** Starts both issuers on 127.0.0.1. Throws the listening error where a port is not to be had. */
export async function startIssuer(options: IssuerOptions) {
  const { data, demo, zone } = options
  mkdirSync(data, { recursive: true, mode: 0o700 })
  const secret = secretIn(join(data, SECRET_FILE))
  const zoneKey = options.zoneKey ?? join(data, ZONE_KEY_FILE)
  const keys = zoneKeysOf(readZoneKey(zoneKey))
  const faults = createFaults()
  const pageToken = randomBytes(16).toString('hex')
  const desks = new Map<string, Desk>()
  const lines = new Map<string, Line>()
  for (const [at, issuer] of ISSUERS.entries()) {
    const desk = openDesk({ path: journalOf(data, issuer.code), issuer, zone, wrap: keys.wrap })
    if (demo && desk.books.merchants.size === 0) desk.write(openingRecords(issuer.code, options.cards))
    const more = options.cards.filter((card) => card.issuer === issuer.code && !desk.books.cards.has(card.number))
    if (more.length > 0) desk.write(more.map(cardRecord))
    desks.set(issuer.code, desk)
    const { noticeMs } = options
    const line = {
      port: options.lines[at] ?? 0,
      desk,
      faults,
      mac: keys.mac,
      ...(noticeMs !== undefined && { noticeMs }),
    }
    lines.set(issuer.code, await openLine(line))
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://issuer')
    const asked = `${request.method ?? ''} ${url.pathname}`
    const send = (status: number, type: string, body: string): void =>
      void response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body)
    const json = (status: number, body: object): void => send(status, 'application/json', JSON.stringify(body))

    // A page of another site that a browser on this machine shows names another host.
    const isHere = /^(localhost|127\.0\.0\.1)(:\d+)?$/u.test(request.headers.host ?? '')
    if (demo && asked === 'GET /' && isHere) {
      const said = url.searchParams.get('lang') ?? request.headers['accept-language'] ?? 'en'
      const locale = said.startsWith('ja') ? 'ja' : 'en'
      return send(200, 'text/html; charset=utf-8', booksPage([...desks.values()], faults.now(), pageToken, locale))
    }
    const isPages = demo && request.headers['x-page'] === pageToken && url.pathname.startsWith('/demo/')
    if (!isPages && !isAllowed(request, secret)) return json(401, { why: 'secret' })
    const body = await bodyOf(request, MOST_BYTES)
    if (body === undefined) return json(413, { why: 'too large' })
    const sent = jsonIn(body)
    if (demo && asked === 'POST /demo/faults') {
      const next = faultsFrom(sent, faults.now())
      if (next === undefined) return json(422, { why: 'faults' })
      faults.put(next)
      return json(200, next)
    }
    if (demo && asked === 'POST /demo/cards') return stopped(sent) ? json(200, {}) : json(422, { why: 'card' })
    if (asked === 'GET /books')
      return json(200, {
        issuers: [...desks].map(([code, { books }]) => ({
          code,
          authorisations: [...books.authorisations.values()].map(wireOf),
          withdrawn: [...books.withdrawn],
          unheard: books.unheard.size,
        })),
      })
    return json(404, { why: 'nothing here' })
  }

  function stopped(sent: unknown): boolean {
    if (typeof sent !== 'object' || sent === null) return false
    const said = new Map<string, unknown>(Object.entries(sent))
    const desk = desks.get(String(said.get('issuer')))
    const number = String(said.get('number'))
    const isStopped = said.get('isStopped')
    if (desk?.books.cards.has(number) !== true || typeof isStopped !== 'boolean') return false
    desk.write([{ what: 'card-stopped', number, isStopped }])
    return true
  }

  const { server, port } = await listenHere(answer, options.port)
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    secret,
    /** the file of the key that issuers and vault share */
    zoneKey,
    lines: [...lines].map(([code, line]) => ({ code, host: '127.0.0.1', port: line.port })),
    desks,
    faults,
    async stop(): Promise<void> {
      server.closeAllConnections()
      await new Promise((closed) => void server.close(closed))
      faults.put({ ...faults.now(), holds: 'off' })
      for (const line of lines.values()) await line.stop()
      for (const desk of desks.values()) desk.close()
    },
  }
}

/** An authorisation for other books: amounts as text, the card's number left out. */
export const wireOf = ({ number: _number, oneTime, amount, stands, captured, refunded, ...of }: Authorisation) => ({
  ...of,
  isOneTime: oneTime !== null,
  amount: String(amount),
  released: String(amount - stands),
  captured: String(captured),
  refunded: String(refunded),
})
