// The reference bank as a program: HTTP for its collector on this machine alone, with a secret that both have; its books in a journal.
//
//   GET  /banks                 the banks that it stands for, and which of them answer at once
//   POST /mandates              {id, bank, branch, kind, number, holder}: may this account be collected from?
//   POST /mandates/{id}/end     not any more
//   POST /collections           pain.008 → pain.002
//   GET  /collections/{id}      pain.002 of one debit; 404 where it was never heard of
//   POST /reversals             pain.007 → pain.002
//   POST /transfers             pain.001 → pain.002
//   GET  /notices?after=…       camt.054: what was booked on the collector's account after this reference
//   POST /files/{id}            a Zengin file of debits; GET: with its results, 202 while there are none
//   GET  /, POST /demo/…        in the demo: the books as a page, and how the bank shall misbehave
import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { dayOf } from '#core/calendar.ts'
import { allow, endMandate, enter, keyOf, placeOf, type Booked } from './books.ts'
import { createFaults, faultsFrom } from './faults.ts'
import { writeNotice, readStatus, writeStatus } from './iso20022.ts'
import { openJournal } from './journal.ts'
import { bodyOf, isAllowed, jsonIn, listenHere, secretIn } from './local.ts'
import {
  fileResults,
  lookAt,
  takeCollection,
  takeFile,
  takeReversal,
  takeTransfer,
  type Answer,
  type Desk,
} from './orders.ts'
import { booksPage } from './page.ts'
import { BANKS, COLLECTOR, openBooks, openingRecords } from './town.ts'
import { foldKana } from './zengin-text.ts'

export type BankOptions = Readonly<{
  /** where journal and secret are kept */
  data: string
  port: number
  /** opens the demo's accounts, shows the books as a page, and takes faults */
  demo: boolean
  /** whose days a booking has (IANA name) */
  zone: string
}>

/** A day's file of a large collector. */
const MOST_BYTES = 14 * 1024 * 1024
const NOTICES_AT_ONCE = 500
const SECRET_FILE = 'secret'

export type BankProgram = Awaited<ReturnType<typeof startBank>>

/** Starts the bank on 127.0.0.1. Throws the listening error where the port is not to be had. */
export async function startBank({ data, port, demo, zone }: BankOptions) {
  mkdirSync(data, { recursive: true, mode: 0o700 })
  const secret = secretIn(join(data, SECRET_FILE))
  const journal = openJournal<Booked>(join(data, 'bank.jsonl'))
  const books = openBooks()
  for (const record of journal.records) enter(books, record)
  const write = (records: readonly Booked[]): void => {
    journal.append(records)
    for (const record of records) enter(books, record)
  }
  if (demo && books.accounts.size === 0) write(openingRecords())
  const now = (): { day: string; at: string } => {
    const at = new Date()
    const day = String(dayOf(at.getTime(), zone))
    return { day: `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}`, at: at.toISOString() }
  }
  const desk: Desk = { books, write, now }
  const faults = createFaults()
  const pageToken = randomBytes(16).toString('hex')

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://bank')
    const [, place = '', id = '', more = ''] = url.pathname.split('/')
    const method = request.method ?? ''
    const send = (status: number, type: string, body: Uint8Array | string): void =>
      void response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body)
    const json = (status: number, body: object): void => send(status, 'application/json', JSON.stringify(body))
    const iso = (said: Answer): void => {
      if (said.ok) return send(200, 'application/xml', said.bytes)
      return json(said.why === 'other' ? 409 : 422, said)
    }

    // A page of another site that a browser on this machine shows names another host.
    if (
      demo &&
      method === 'GET' &&
      place === '' &&
      /^(localhost|127\.0\.0\.1)(:\d+)?$/u.test(request.headers.host ?? '')
    ) {
      const said = url.searchParams.get('lang') ?? request.headers['accept-language'] ?? 'en'
      const locale = said.startsWith('ja') ? 'ja' : 'en'
      return send(200, 'text/html; charset=utf-8', booksPage(books, faults.now(), pageToken, locale))
    }
    const isPages = request.headers['x-page'] === pageToken
    if (!(place === 'demo' && isPages) && !isAllowed(request, secret)) return json(401, { why: 'secret' })
    const body = await bodyOf(request, MOST_BYTES)
    if (body === undefined) return json(413, { why: 'too large' })

    if (demo && place === 'demo' && method === 'POST') {
      const sent = jsonIn(body)
      const next = id === 'faults' ? faultsFrom(sent, faults.now()) : undefined
      if (id === 'mandates' && more !== '') {
        write(endMandate(books, more, now()))
        return json(200, {})
      }
      if (next === undefined) return json(422, { why: 'faults' })
      faults.put(next)
      return json(200, next)
    }
    if (faults.now().silent) return
    await faults.slow()

    switch (`${method} ${place}${more === '' ? '' : `/${more}`}`) {
      case 'GET banks':
        return json(200, { banks: BANKS, collector: COLLECTOR })
      case 'POST mandates':
        return allowed(jsonIn(body))
      case 'POST mandates/end':
        write(endMandate(books, id, now()))
        return json(200, { status: 'ended' })
      case 'POST collections':
        return iso(await collected(body))
      case 'GET collections': {
        const said = lookAt(desk, id)
        return said === undefined ? json(404, { why: 'unknown' }) : iso(said)
      }
      case 'POST reversals':
        return iso(takeReversal(desk, body))
      case 'POST transfers':
        return iso(takeTransfer(desk, body))
      case 'GET notices':
        return send(200, 'application/xml', notices(url.searchParams.get('after') ?? ''))
      case 'POST files':
        return takeFile(desk, id, body) ? json(202, {}) : json(422, { why: 'file' })
      case 'GET files': {
        if (faults.now().filesWait && books.files.get(id)?.results === null) return json(202, {})
        const bytes = fileResults(desk, id)
        return bytes === undefined ? json(404, { why: 'unknown' }) : send(200, 'application/octet-stream', bytes)
      }
      default:
        return json(404, { why: 'nothing here' })
    }

    function allowed(sent: unknown): void {
      const text = (name: string): string => {
        const value: unknown = typeof sent === 'object' && sent !== null ? Reflect.get(sent, name) : undefined
        return typeof value === 'string' ? value : ''
      }
      const account = keyOf({ bank: text('bank'), branch: text('branch'), kind: text('kind'), number: text('number') })
      const records = allow(books, {
        id: text('id'),
        account,
        holder: foldKana(text('holder')) ?? '',
        day: now().day,
      })
      if (records === undefined || text('id') === '') return json(200, { status: 'refused' })
      write(records)
      return json(200, { status: 'active', signedOn: books.mandates.get(text('id'))?.signedOn })
    }
  }

  async function collected(body: Uint8Array): Promise<Answer> {
    const { twice, refuses, other } = faults.now()
    await faults.held('booking')
    let said = takeCollection(desk, body, refuses)
    if (twice) said = takeCollection(desk, body, refuses)
    await faults.held('answer')
    return said.ok && (twice || other !== 'off') ? { ok: true, bytes: distorted(said.bytes, { twice, other }) } : said
  }

  /** The collector's bookings after a reference, the oldest first. */
  function notices(after: string): Uint8Array {
    const { day, at } = now()
    const from = placeOf(after)
    return writeNotice({
      message: `N${day}-${from}`,
      createdAt: at,
      account: `${COLLECTOR.branch}${COLLECTOR.kind}${COLLECTOR.number}`,
      entries: books.entries.slice(from, from + NOTICES_AT_ONCE),
    })
  }

  const { server, port: at } = await listenHere(answer, port)
  return {
    url: `http://127.0.0.1:${at}`,
    port: at,
    secret,
    books,
    faults,
    /** as the holder of the account does at the bank */
    endMandate: (id: string): void => write(endMandate(books, id, now())),
    /** opens further accounts */
    open: write,
    async stop(): Promise<void> {
      server.closeAllConnections()
      await new Promise((closed) => void server.close(closed))
      journal.close()
    },
  }
}

/** An answer as a bank with a fault sends it: each fate twice, with another amount, or for another id. */
function distorted(
  bytes: Uint8Array,
  { twice, other }: Readonly<{ twice: boolean; other: 'off' | 'amount' | 'id' }>,
): Uint8Array {
  const read = readStatus(bytes)
  if (!read.ok) return bytes
  const fates = read.message.fates.map((fate) => {
    const id = other === 'id' ? `${fate.id.slice(0, -1)}x` : fate.id
    if (other !== 'amount' || fate.status === 'refused' || fate.booked === undefined) return { ...fate, id }
    return { ...fate, id, booked: { ...fate.booked, amount: fate.booked.amount + 1n } }
  })
  return writeStatus({ ...read.message, fates: twice ? [...fates, ...fates] : fates })
}
