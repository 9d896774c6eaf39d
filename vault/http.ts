// The vault's doors: HTTP on this machine alone, a secret that hub and vault have, strict JSON of known shape, and answers that say what was
// wrong with a request but never what was in it. Nothing of a request is ever logged.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Compile } from 'typebox/compile'
import { bodyOf, isAllowed } from '#bank/local.ts'
import { JsonFault, parseStrict } from '#protocol/strict-json.ts'
import { Unavailable } from './database.ts'
import { KeyAway, WrongKey } from './key-store.ts'
import { VAULT_LIMITS } from './limits.ts'
import {
  VAULT_ROUTES,
  type AddCard,
  type AddCardAnswer,
  type AlarmsAnswer,
  type Authorise,
  type CheckCardAnswer,
  type EndCardAnswer,
  type Fault,
  type Follow,
  type FollowAnswer,
  type FoundOrder,
  type HealthAnswer,
  type OneCard,
  type OrderAnswer,
  type Reconcile,
  type ReconcileAnswer,
  type ReportAnswer,
  type ReverseAnswer,
  type Tables,
  type TablesAnswer,
  type VaultKeys,
  type VaultRoute,
} from './wire.ts'

/** Something is missing that a door needs, and was before anything was begun: nothing of the request was asked or noted. */
export class NotBegun extends Error {
  override name = 'NotBegun'
}

/** What is behind each door. Throws NotBegun; and Unavailable, KeyAway or WrongKey where nobody knows how far it came. */
export type Doors = Readonly<{
  keys(): Promise<VaultKeys>
  addCard(asked: AddCard): Promise<AddCardAnswer | 'other-body'>
  checkCard(asked: OneCard): Promise<CheckCardAnswer>
  endCard(asked: OneCard): Promise<EndCardAnswer>
  authorise(asked: Authorise): Promise<OrderAnswer | 'other-body'>
  order(order: string): Promise<FoundOrder>
  capture(asked: Follow): Promise<FollowAnswer | 'other-body'>
  release(asked: Follow): Promise<FollowAnswer | 'other-body'>
  refund(asked: Follow): Promise<FollowAnswer | 'other-body'>
  reverse(asked: Follow): Promise<ReverseAnswer>
  tables(tables: Tables): Promise<TablesAnswer>
  alarms(after: number): Promise<AlarmsAnswer>
  reconcile(asked: Reconcile): Promise<ReconcileAnswer>
  report(day: string): Promise<ReportAnswer>
  health(): Promise<HealthAnswer>
}>

const checks = {
  addCard: Compile(VAULT_ROUTES.addCard.body),
  checkCard: Compile(VAULT_ROUTES.checkCard.body),
  endCard: Compile(VAULT_ROUTES.endCard.body),
  authorise: Compile(VAULT_ROUTES.authorise.body),
  capture: Compile(VAULT_ROUTES.capture.body),
  release: Compile(VAULT_ROUTES.release.body),
  refund: Compile(VAULT_ROUTES.refund.body),
  reverse: Compile(VAULT_ROUTES.reverse.body),
  tables: Compile(VAULT_ROUTES.tables.body),
  reconcile: Compile(VAULT_ROUTES.reconcile.body),
}
const ORDER = /^\/v1\/orders\/([0-9a-f]{32}-[0-9a-z]{1,8})$/u
const ID = /^[0-9a-f]{32}(-[0-9a-z]{1,8})?$/u
const DAY = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/u
const REQUEST_MS = 15_000

/** What a request is answered with beside 200. */
class Refused extends Error {
  readonly status: number
  readonly fault: Fault
  constructor(status: number, kind: Fault['kind'], fault: string) {
    super(fault)
    this.status = status
    this.fault = { kind, fault }
  }
}
const invalid = (fault: string, status = 422): Refused => new Refused(status, 'invalid', fault)

/** One line of the log: who came through which door, by the id of an order or a card, and what became of it. Never what was sent. */
export type Passage = Readonly<{ door: string; id: string | null; status: number; outcome: string | null; ms: number }>
type Seen = { door: string; id: string | null }
type Replied = Readonly<{ status: number; body: object }>

/** Listens on 127.0.0.1. Throws the listening error where the port is not to be had. */
export async function listenVault(
  doors: Doors,
  {
    port,
    secret,
    onPassage,
    onError,
  }: Readonly<{
    port: number
    secret: string
    onPassage: (passage: Passage) => void
    onError: (error: unknown) => void
  }>,
): Promise<Readonly<{ port: number; stop(): Promise<void> }>> {
  const server = createServer({ maxHeaderSize: 8_192, requestTimeout: REQUEST_MS }, (request, response) => {
    serve(request, response).catch(onError)
  })
  await new Promise<void>((listening, failed) => {
    server.once('error', failed)
    server.listen(port, '127.0.0.1', listening)
  })

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const began = performance.now()
    const seen: Seen = { door: 'none', id: null }
    const { status, body } = await answer(request, seen).then((said): Replied => ({ status: 200, body: said }), failed)
    // The connection may have ended before: then there is nobody to tell.
    if (!response.destroyed) send(response, status, body)
    onPassage({ ...seen, status, outcome: outcomeIn(body), ms: Math.round(performance.now() - began) })
  }

  async function answer(request: IncomingMessage, seen: Seen): Promise<object> {
    if (!isAllowed(request, secret)) throw invalid('the secret is missing or wrong', 401)
    const url = new URL(request.url ?? '/', 'http://vault')
    const order = request.method === 'GET' ? ORDER.exec(url.pathname)?.[1] : undefined
    if (order !== undefined) {
      Object.assign(seen, { door: 'order', id: order })
      return doors.order(order)
    }
    const route = routeOf(request.method ?? '', url.pathname)
    if (route === undefined) throw invalid('there is no such door', 404)
    seen.door = route
    const said = await entered(route, url.searchParams, async () => {
      const body = await jsonOf(request)
      seen.id = idIn(body)
      return body
    })
    if (said === 'other-body') throw new Refused(422, 'other-body', 'this id stands for something else')
    return said
  }

  async function entered(
    route: VaultRoute,
    query: URLSearchParams,
    body: () => Promise<unknown>,
  ): Promise<object | 'other-body'> {
    switch (route) {
      case 'keys':
        return doors.keys()
      case 'order':
        throw invalid('no order has such an id')
      case 'health':
        return doors.health()
      case 'alarms':
        return doors.alarms(afterIn(query.get('after') ?? '0'))
      case 'report':
        return doors.report(dayIn(query.get('day')))
      case 'reconcile': {
        const asked = checked(checks.reconcile, await body())
        return doors.reconcile({ day: dayIn(asked.day) })
      }
      case 'addCard':
        return doors.addCard(checked(checks.addCard, await body()))
      case 'checkCard':
        return doors.checkCard(checked(checks.checkCard, await body()))
      case 'endCard':
        return doors.endCard(checked(checks.endCard, await body()))
      case 'authorise':
        return doors.authorise(checked(checks.authorise, await body()))
      case 'capture':
      case 'release':
      case 'refund':
        return doors[route](checked(checks[route], await body()))
      case 'reverse':
        return doors.reverse(checked(checks.reverse, await body()))
      case 'tables':
        return doors.tables(checked(checks.tables, await body()))
    }
  }

  function failed(error: unknown): Replied {
    if (error instanceof Refused) return { status: error.status, body: error.fault }
    if (error instanceof NotBegun) return { status: 503, body: { kind: 'unavailable', fault: error.message } }
    if (error instanceof Unavailable || error instanceof KeyAway || error instanceof WrongKey)
      return { status: 503, body: { kind: 'unsure', fault: error.name } }
    if (!(error instanceof Error && Reflect.get(error, 'code') === 'ECONNRESET')) onError(error)
    return { status: 500, body: { kind: 'unsure', fault: 'a bug' } }
  }

  return { port: portOf(server), stop: () => stop(server) }
}

function send(response: ServerResponse, status: number, body: object): void {
  response
    .writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    .end(JSON.stringify(body))
}

function routeOf(method: string, path: string): VaultRoute | undefined {
  for (const [name, route] of Object.entries(VAULT_ROUTES))
    // Border: the keys of this very object.
    if (route.method === method && route.path === path) return name as VaultRoute
  return path.startsWith('/v1/orders/') && method === 'GET' ? 'order' : undefined
}

/** The order or card of a request, where it is one: anything else could be a number. */
function idIn(body: unknown): string | null {
  if (typeof body !== 'object' || body === null) return null
  const id: unknown = Reflect.get(body, 'order') ?? Reflect.get(body, 'card')
  return typeof id === 'string' && ID.test(id) ? id : null
}

function outcomeIn(body: object): string | null {
  const outcome: unknown = Reflect.get(body, 'kind') ?? Reflect.get(body, 'state')
  return typeof outcome === 'string' ? outcome : null
}

/** A check says which part is wrong by its path alone. */
function checked<Shape>(
  check: Readonly<{
    Check(value: unknown): value is Shape
    Errors(value: unknown): readonly { instancePath: string }[]
  }>,
  body: unknown,
): Shape {
  if (check.Check(body)) return body
  throw invalid(`not right: ${check.Errors(body)[0]?.instancePath || 'the body'}`)
}

function dayIn(text: string | null): string {
  if (text === null || !DAY.test(text)) throw invalid('not right: day')
  try {
    return Temporal.PlainDate.from(text).toString()
  } catch {
    // A day that the calendar does not have.
    throw invalid('not right: day')
  }
}

function afterIn(text: string): number {
  if (!/^(0|[1-9][0-9]{0,15})$/u.test(text) || !Number.isSafeInteger(Number(text))) throw invalid('not right: after')
  return Number(text)
}

async function jsonOf(request: IncomingMessage): Promise<unknown> {
  const bytes = await bodyOf(request, VAULT_LIMITS.bodyBytes)
  if (bytes === undefined) throw invalid('too long', 413)
  try {
    return parseStrict(bytes, VAULT_LIMITS.jsonDepth)
  } catch (error) {
    if (error instanceof JsonFault) throw invalid(error.message, 400)
    throw error
  }
}

function portOf(server: Server): number {
  // Border: a server that listens at a port has an address of this kind.
  return (server.address() as AddressInfo).port
}

async function stop(server: Server): Promise<void> {
  const closed = new Promise((done) => void server.close(done))
  server.closeAllConnections()
  await closed
}
