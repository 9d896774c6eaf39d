// A conventional card machine, as it stands beside a register: it takes a card number and an amount, asks the issuer of the number's range in
// ISO 8583, and says what came of it. It knows nothing of one-time numbers: to it they are card numbers.
//
//   GET  /health   {name}
//   POST /sale     {number, expires: '2029-12', amount, unit, merchant, terminal, reference}
//                  → {kind: 'approved', approval, rrn} | {kind: 'refused', code, reason} | {kind: 'no-answer'}
//   POST /refund   {number, rrn (of the sale), amount, unit, reference} → the same
//   GET  /sales    what it has taken and given back, numbers shortened
//
// All with the machine's token. A reference is carried out once for ever.
import { createHash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { bodyOf, isAllowed, jsonIn, listenHere, secretIn } from '#bank/local.ts'
import { isCardNumber } from '#core/card-number.ts'
import { parseAmount, unitOf } from '#core/money.ts'
import { MOST_AMOUNT } from './elements.ts'
import type { Entry } from './machine-book.ts'
import { openMachineDesk, type Asked, type IssuerLine } from './machine-desk.ts'
import { zoneKeysOf } from './one-time.ts'
import { readZoneKey } from './zone-key.ts'

export type MachineOptions = Readonly<{
  data: string
  port: number
  /** the file of the key that it shares with the issuers */
  zoneKey: string
  lines: readonly IssuerLine[]
  zone?: string
  /** how long a register waits */
  withinMs?: number
  /** between two tries to take a sale back, or to be heard with a refund */
  againMs?: number
  /** pages that may ask, besides those of this machine: the hub's own address */
  origins?: readonly string[]
}>

const TOKEN_FILE = 'machine-token'
const NAME = 'Warifu card machine'
const WITHIN_MS = 20_000
const AGAIN_MS = 5_000
/** A sale is some two hundred bytes. */
const MOST_BYTES = 2_048
/** Shown by GET /sales. */
const MOST_SHOWN = 200

const REASONS: Readonly<Record<string, string>> = {
  '03': 'merchant',
  '13': 'amount',
  '14': 'number',
  '15': 'issuer',
  '41': 'stopped',
  '51': 'limit',
  '54': 'expired',
  '57': 'method',
  '58': 'terminal',
  '94': 'used',
}

export type Machine = Awaited<ReturnType<typeof startMachine>>

/** Starts the machine on 127.0.0.1. Throws the listening error where the port is not to be had. */
export async function startMachine(options: MachineOptions) {
  const { data, zone = 'Asia/Tokyo', withinMs = WITHIN_MS, againMs = AGAIN_MS, origins = [] } = options
  mkdirSync(data, { recursive: true, mode: 0o700 })
  const tokenFile = join(data, TOKEN_FILE)
  const token = secretIn(tokenFile)
  const { mac } = zoneKeysOf(readZoneKey(options.zoneKey))
  const { lines } = options
  const desk = openMachineDesk({ data, mac, acquirer: acquirerOf(token), lines, zone, withinMs, againMs })
  const { book } = desk

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const json = (status: number, body: object): void =>
      void response
        .writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
        .end(JSON.stringify(body))
    const { origin } = request.headers
    if (origin !== undefined) {
      if (!/^http:\/\/(localhost|127\.0\.0\.1)(:\d+)?$/u.test(origin) && !origins.includes(origin))
        return json(403, { why: 'origin' })
      response.setHeader('access-control-allow-origin', origin)
      response.setHeader('vary', 'origin')
    }
    if (request.method === 'OPTIONS')
      return void response
        .writeHead(204, {
          'access-control-allow-methods': 'GET, POST',
          'access-control-allow-headers': 'authorization, content-type',
          'access-control-allow-private-network': 'true',
          'access-control-max-age': '600',
        })
        .end()
    if (!isAllowed(request, token)) return json(401, { why: 'token' })
    const body = await bodyOf(request, MOST_BYTES)
    if (body === undefined) return json(413, { why: 'too large' })
    const sent = partsIn(jsonIn(body))
    switch (`${request.method ?? ''} ${request.url ?? ''}`) {
      case 'GET /health':
        return json(200, { name: NAME })
      case 'GET /sales':
        return json(200, { sales: [...book.entries.values()].slice(-MOST_SHOWN).map(shownOf) })
      case 'POST /sale':
      case 'POST /refund': {
        const asked = request.url === '/sale' ? saleIn(sent) : refundIn(sent)
        if (typeof asked === 'string') return json(422, { why: asked })
        const entry = await desk.carried(asked)
        return entry === undefined ? json(409, { why: 'reference' }) : json(200, saidOf(entry))
      }
      default:
        return json(404, { why: 'nothing here' })
    }
  }

  /** The sale, or which part is not right. */
  function saleIn(sent: ReadonlyMap<string, string>): Asked | string {
    const paid = paidIn(sent)
    if (typeof paid === 'string') return paid
    const [, year, month] = /^20([0-9]{2})-(0[1-9]|1[0-2])$/u.exec(sent.get('expires') ?? '') ?? []
    const [merchant, terminal] = [sent.get('merchant') ?? '', sent.get('terminal') ?? '']
    if (year === undefined || month === undefined) return 'expires'
    if (!/^[0-9A-Za-z]{1,15}$/u.test(merchant)) return 'merchant'
    if (!/^[0-9A-Za-z]{1,8}$/u.test(terminal)) return 'terminal'
    return { ...paid, kind: 'sale', expires: year + month, merchant, terminal, saleRrn: null }
  }

  function refundIn(sent: ReadonlyMap<string, string>): Asked | string {
    const paid = paidIn(sent)
    if (typeof paid === 'string') return paid
    const saleRrn = sent.get('rrn') ?? ''
    const sale = [...book.entries.values()].find(
      (each) => each.kind === 'sale' && each.trace.rrn === saleRrn && each.number === paid.number,
    )
    // The records of this machine have it: another machine's sale is given back there.
    if (sale?.state !== 'approved') return 'rrn'
    const { merchant, terminal } = sale
    return { ...paid, kind: 'refund', expires: '', merchant, terminal, saleRrn }
  }

  const { server, port } = await listenHere(answer, options.port)
  return {
    url: `http://127.0.0.1:${port}`,
    token,
    tokenFile,
    book,
    async stop(): Promise<void> {
      await desk.stop()
      server.closeAllConnections()
      await new Promise((closed) => void server.close(closed))
    },
  }
}

/** Eleven digits that no other machine has: from its token, which is as long as it lives. */
const acquirerOf = (token: string): string =>
  `9${BigInt(`0x${createHash('sha256').update(token).digest('hex').slice(0, 16)}`) % 10n ** 10n}`.padEnd(11, '0')

function saidOf({ state, code, approval, trace }: Entry): object {
  if (state === 'approved') return { kind: 'approved', approval, rrn: trace.rrn }
  if (state === 'refused') return { kind: 'refused', code, reason: REASONS[code ?? ''] ?? 'refused' }
  return { kind: 'no-answer' }
}

const shownOf = ({ reference, kind, number, unit, amount, state, approval, trace, terminal }: Entry): object => ({
  reference,
  kind,
  number: `${number.slice(0, 6)}…${number.slice(-4)}`,
  unit,
  amount: String(amount),
  state,
  approval,
  rrn: trace.rrn,
  terminal,
})

/** The texts among the parts of an object. */
const partsIn = (sent: unknown): ReadonlyMap<string, string> =>
  new Map(
    typeof sent === 'object' && sent !== null
      ? Object.entries(sent).filter((part): part is [string, string] => typeof part[1] === 'string')
      : [],
  )

function paidIn(sent: ReadonlyMap<string, string>): Pick<Entry, 'number' | 'unit' | 'amount' | 'reference'> | string {
  const [number, reference] = [sent.get('number') ?? '', sent.get('reference') ?? '']
  const unit = unitOf(sent.get('unit') ?? '')
  const amount = parseAmount(sent.get('amount'))
  if (!isCardNumber(number)) return 'number'
  if (unit === undefined) return 'unit'
  if (amount === undefined || amount === 0n || amount > MOST_AMOUNT) return 'amount'
  return /^[A-Za-z0-9_-]{1,64}$/u.test(reference) ? { number, unit, amount, reference } : 'reference'
}
