// A vault on the wire alone, honest until it is told otherwise: for what the hub makes of each answer. It keeps no card numbers; every card
// it is given is a good one of issuer 0001. The real one is in card-programs.ts.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Authorise, Follow, FoundOrder, Tables, VaultRoute } from '#vault/wire.ts'

export type Asked = Readonly<{ route: VaultRoute; body: unknown }>
/** cut: the connection is, after the request was heard · silent: nothing comes · honest: as if nothing had been said */
export type Reply = 'cut' | 'silent' | 'honest' | Readonly<{ status?: number; body: unknown }>

export const SECRET = 'the hub and the vault have this'

export type FakeVault = Awaited<ReturnType<typeof fakeVault>>

export async function fakeVault() {
  const orders = new Map<string, FoundOrder>()
  const reversed = new Set<string>()
  const followed = new Map<string, Follow & { route: VaultRoute }>()
  const heard: Asked[] = []
  let tables: Tables | null = null
  let alarms: readonly object[] = []
  let rules: Partial<Record<VaultRoute, (body: unknown) => Reply>> = {}
  let port = 0
  const newServer = () => createServer((request, response) => void answer(request, response))
  let server = newServer()

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://vault')
    const sent = Buffer.concat(await Array.fromAsync(request)).toString('utf8')
    const body: unknown = sent === '' ? url.pathname.split('/').at(-1) : JSON.parse(sent)
    const route = routeOf(request.method ?? '', url.pathname)
    if (route === undefined) return void response.writeHead(404).end()
    heard.push({ route, body })
    if (request.headers.authorization !== `Bearer ${SECRET}`) return void response.writeHead(401).end('{}')
    const reply = rules[route]?.(body) ?? 'honest'
    if (reply === 'cut') return void request.socket.destroy()
    if (reply === 'silent') return
    const { status = 200, body: said } = reply === 'honest' ? { body: honest(route, body) } : reply
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(said))
  }

  function honest(route: VaultRoute, body: unknown): unknown {
    switch (route) {
      case 'keys':
        return { keys: [] }
      case 'addCard':
        return { state: 'active', first6: '457199', last4: '4242', expires: '2031-12', issuer: '0001' }
      case 'checkCard':
        return { state: 'unknown' }
      case 'endCard':
        return { state: 'ended' }
      case 'authorise': {
        // The fake's own wire: the hub has sent it.
        const { order, unit, amount } = body as Authorise
        const known = orders.get(order)
        if (known !== undefined) return known
        const said: FoundOrder = reversed.has(order)
          ? { kind: 'refused', code: 'reversed', reason: 'no-answer' }
          : { kind: 'approved', unit, amount, approval: '123456', rrn: '000000123456' }
        orders.set(order, said)
        return said
      }
      case 'order':
        return orders.get(String(body)) ?? { kind: 'unknown' }
      case 'capture':
      case 'release':
      case 'refund': {
        const follow = body as Follow
        followed.set(follow.order, { ...follow, route })
        return { kind: 'done', rrn: '000000000077' }
      }
      case 'reverse': {
        const { of } = body as Follow
        reversed.add(of)
        orders.set(of, { kind: 'refused', code: 'reversed', reason: 'no-answer' })
        return { kind: 'done' }
      }
      case 'tables':
        tables = body as Tables
        return { version: tables.version }
      case 'alarms':
        return { alarms }
      case 'reconcile':
        return { day: '2026-11-22', issuers: [] }
      case 'report':
        return { day: '2026-11-22', rows: [], issuers: [] }
      case 'health':
        return { state: 'ready', issuers: [], tables: tables?.version ?? null }
    }
  }

  async function rise(): Promise<void> {
    server = newServer()
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    // Border: a server that listens at a port has an address of this kind.
    port = (server.address() as AddressInfo).port
  }
  await rise()

  return {
    settings: { url: `http://127.0.0.1:${port}`, secret: SECRET },
    heard,
    followed,
    orders,
    isReversed: (order: string): boolean => reversed.has(order),
    tables: () => tables,
    /** From now on these routes answer so; all others honestly. */
    set(next: typeof rules): void {
      rules = next
    },
    alarm(next: readonly object[]): void {
      alarms = next
    },
    asked: (route: VaultRoute): number => heard.filter((each) => each.route === route).length,
    rise,
    async die(): Promise<void> {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}

const ROUTES: readonly (readonly [string, RegExp, VaultRoute])[] = [
  ['GET', /^\/v1\/keys$/u, 'keys'],
  ['POST', /^\/v1\/cards$/u, 'addCard'],
  ['POST', /^\/v1\/cards\/check$/u, 'checkCard'],
  ['POST', /^\/v1\/cards\/end$/u, 'endCard'],
  ['POST', /^\/v1\/authorise$/u, 'authorise'],
  ['GET', /^\/v1\/orders\/[0-9a-z-]+$/u, 'order'],
  ['POST', /^\/v1\/capture$/u, 'capture'],
  ['POST', /^\/v1\/release$/u, 'release'],
  ['POST', /^\/v1\/refund$/u, 'refund'],
  ['POST', /^\/v1\/reverse$/u, 'reverse'],
  ['PUT', /^\/v1\/tables$/u, 'tables'],
  ['GET', /^\/v1\/alarms$/u, 'alarms'],
  ['POST', /^\/v1\/reconcile$/u, 'reconcile'],
  ['GET', /^\/v1\/report$/u, 'report'],
  ['GET', /^\/v1\/health$/u, 'health'],
]

const routeOf = (method: string, path: string): VaultRoute | undefined =>
  ROUTES.find(([of, pattern]) => of === method && pattern.test(path))?.[2]
