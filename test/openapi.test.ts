// The contract for programs: valid OpenAPI, and exactly the routes that the hub has.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import type { FastifyInstance } from 'fastify'
import { openApi } from '#protocol/openapi.ts'
import { PROBLEMS } from '#protocol/problems.ts'
import { ALL_ROUTES } from '#protocol/routes.ts'
import { IDENTITY_ROUTES } from '#protocol/identity.ts'
import { serveDocs } from '#server/docs.ts'
import type { OnRoute } from '#server/http-callers.ts'
import { createHttp, type HttpParts } from '#server/http.ts'
import { createOidc } from '#server/oidc/serve.ts'
import { serveOperator } from '#server/operator-http.ts'
import { createPeople } from '#server/people/people-http.ts'
import { servePresence } from '#server/presence-http.ts'
import { serveCodes } from '#server/codes/codes-http.ts'
import { serveGoods } from '#server/goods/goods-http.ts'
import { serveOrders } from '#server/orders/orders-http.ts'
import { serveBankReport } from '#server/bank/report.ts'
import { serveCardUsers } from '#server/card-users/card-users-http.ts'
import { serveCards } from '#server/cards/cards-http.ts'
import { servePaidByCard } from '#server/cards/paid.ts'
import { serveCardDesk } from '#server/cards/tables-http.ts'
import { serveMeans } from '#server/means/means.ts'
import { servePoints } from '#server/points/points-http.ts'
import { serveRates } from '#server/rates/rates-http.ts'
import { createReceipts } from '#server/receipts/receipts.ts'
import { serveReach } from '#server/reach/reach-http.ts'
import { createPurchases } from '#server/purchases.ts'
import { serveShop } from '#server/shop/shop-http.ts'
import { serveStaff } from '#server/staff-http.ts'

/** Of a demo, which has all routes. */
// Border: the handlers' parts are not there, because nothing is asked.
const NO_PARTS = { scheme: { demo: true }, database: {} } as never as Parameters<typeof createPeople>[0] &
  Parameters<typeof createOidc>[0]

/** The real routes; nothing is behind them, because nothing is asked. */
function app(): FastifyInstance {
  const parts: Partial<HttpParts> = {
    tls: null,
    trustProxy: false,
    publicUrl: null,
    version: '1.2.3',
    log: { write: () => {} },
    demoCode: async () => ({ code: '', pin: null }),
    further,
  }
  // Border: what a handler would use is not there.
  const made = createHttp(parts as HttpParts)
  serveDocs(made, { version: '1.2.3', publicUrl: null })
  return made
}

/** As in hub.ts. */
function further(on: OnRoute): void {
  // Border: nothing is asked; `never` stands for whatever a handler would use.
  const nothing = {} as never
  const key = { publicKey: new Uint8Array(65) }
  createOidc(NO_PARTS).further(on)
  serveReach(on, { pushes: nothing, directory: nothing, vapid: key, key, rules: () => nothing, pushTo: null })
  serveOperator(on, nothing)
  on(IDENTITY_ROUTES.certificate, () => nothing)
  serveStaff(on, nothing)
  servePresence(on, nothing)
  createPeople({ ...NO_PARTS, mail: { post: null, demoMails: () => [] } }).serve(on)
  createReceipts(nothing).serve(on)
  servePoints(on, nothing)
  serveMeans(on, nothing)
  serveCards(on, nothing)
  servePaidByCard(on, nothing)
  serveCardUsers(on, nothing)
  serveRates(on, nothing)
  serveBankReport(on, nothing)
  serveCardDesk(on, nothing)
  serveOrders(on, nothing)
  serveShop(on, nothing)
  createPurchases(nothing).serve(on)
  serveCodes(on, nothing)
  serveGoods(on, nothing)
}

/** 'GET /v1/deals/{deal}' for every route that fastify has. */
function registered(of: FastifyInstance): string[] {
  const found: string[] = []
  const path: string[] = []
  for (const line of of.printRoutes({ commonPrefix: false }).split('\n')) {
    const [, indent, segment, methods] = /^([│ ]*)[├└]── (\S*)(?: \(([A-Z, ]+)\))?$/u.exec(line) ?? []
    if (indent === undefined || segment === undefined) continue
    path.splice(indent.length / 4)
    path.push(segment)
    const whole = path.join('').replaceAll(/:(\w+)/g, '{$1}')
    for (const method of methods?.split(', ') ?? []) if (method !== 'HEAD') found.push(`${method} ${whole}`)
  }
  return found
}

const UNDOCUMENTED = ['GET /openapi.json', 'GET /docs', 'GET /docs.css']

test('the document is valid OpenAPI 3.1', async () => {
  const document = openApi('https://pay.example.org', '1.2.3')
  const result = await new Validator().validate(structuredClone(document))
  assert.deepEqual(result.errors ?? [], [])
  assert.ok(result.valid)
  assert.match(String(document.openapi), /^3\.1\./)
})

test('every route of the hub is in the document, and every operation of the document is a route', async () => {
  const http = app()
  await http.ready()
  const document: { paths: Record<string, object> } = JSON.parse((await http.inject('/openapi.json')).body) as never
  const documented = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  )
  const routes = registered(http).filter((route) => !UNDOCUMENTED.includes(route))
  assert.ok(routes.length > 20, 'the routes were found')
  assert.deepEqual(routes.toSorted(), documented.toSorted())
  await http.close()
})

test('operations have their own ids, their answers and problems, and a body exactly where the route takes one', () => {
  const { paths } = openApi('https://pay.example.org', '1.2.3') as {
    paths: Record<string, Record<string, Record<string, unknown>>>
  }
  const ids = new Set<unknown>()
  for (const route of ALL_ROUTES) {
    const operation = paths[route.path]?.[route.method.toLowerCase()]
    assert.ok(operation, route.path)
    ids.add(operation.operationId)
    assert.equal('requestBody' in operation, route.body !== undefined, route.path)
    assert.equal('security' in operation, route.access !== 'open', route.path)
    assert.equal([...route.path.matchAll(/\{/g)].length > 0, route.params !== undefined, route.path)
    for (const code of route.problems) assert.ok(Object.hasOwn(PROBLEMS, code), `${route.path}: ${code}`)
  }
  assert.equal(ids.size, ALL_ROUTES.length)
})

test('the page for people shows every route with what it takes and answers', async () => {
  const http = app()
  const { body: page, headers } = await http.inject('/docs')
  assert.match(String(headers['content-type']), /^text\/html/)
  const anchors = new Set([...page.matchAll(/<section id="([^"]+)"/g)].map((found) => found[1]))
  assert.equal(anchors.size, ALL_ROUTES.length)
  for (const link of page.matchAll(/href="#([^"]+)"/g))
    assert.ok(anchors.has(link[1] ?? ''), `a link to ${link[1] ?? ''}`)
  for (const { method, path, summary } of ALL_ROUTES) {
    assert.ok(page.includes(`<span>${method}</span> ${path}`), path)
    assert.ok(page.includes(summary.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)), summary)
  }
  assert.ok(!/<script| style=| on\w+=/.test(page), 'the page lives under the content security policy')
  await http.close()
})
