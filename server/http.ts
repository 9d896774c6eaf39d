// HTTP: fastify over the routes of the protocol. Authenticates, validates, hands commands to the switch, answers with views.
import fastify, { LogController, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { STATUS_CODES } from 'node:http'
import { isIPv4, isIPv6, type Socket } from 'node:net'
import type { DestinationStream } from 'pino'
import { bucketOfId, isId } from '#core/ids.ts'
import { unitOf, type Unit } from '#core/money.ts'
import type { Evidence } from '#core/payment.ts'
import type { AnyCommand, CommandBody, CommandName } from '#protocol/commands.ts'
import { LIMITS } from '#protocol/limits.ts'
import { problemOf, type Problem, type ProblemCode } from '#protocol/problems.ts'
import {
  ALL_ROUTES,
  COMMAND_ROUTES,
  ROUTES,
  type EnrolmentRequest,
  type PasskeyOptions,
  type PasskeyRequest,
  type Route,
  type SecretRequest,
  type SessionGrant,
  type SessionRequest,
} from '#protocol/routes.ts'
import type { SchemeView, SelfView } from '#protocol/views.ts'
import type { Actor, DeviceActor, TerminalActor } from '#switch/actors.ts'
import { TooBusy } from '#switch/lanes.ts'
import { StoreUnavailable, type Store } from '#switch/store.ts'
import type { Switch } from '#switch/switch.ts'
import { balanceView, entryView } from '#switch/views.ts'
import { commandHash, commandIdOf, commandOf, problemOfValidation } from './border.ts'
import { JsonFault, parseStrict } from './strict-json.ts'
import type { Sight } from './sight.ts'

/** What authentication does for HTTP (server/auth). Every failure is a problem, never an exception. */
export type Auth = Readonly<{
  authenticate(request: IncomingRequest, access: 'token' | 'signed'): Promise<Actor | Problem>
  enrol(body: EnrolmentRequest, address: string): Promise<SelfView | Problem>
  startSession(body: SessionRequest): Promise<SessionGrant | Problem>
  evidence(actor: DeviceActor, body: CommandBody<'approve'>): Promise<Evidence | Problem>
  self(actor: Actor): Promise<SelfView | Problem>
  setSecret(actor: DeviceActor, body: SecretRequest): Promise<Problem | null>
  passkeyOptions(actor: DeviceActor): Promise<PasskeyOptions | Problem>
  addPasskey(actor: DeviceActor, body: PasskeyRequest): Promise<Problem | null>
}>

export type IncomingRequest = Readonly<{
  method: string
  /** path and query exactly as sent */
  url: string
  headers: Readonly<Record<string, string | string[] | undefined>>
  rawBody: Uint8Array | null
}>

export type HttpParts = Readonly<{
  store: Store
  hub: Switch
  sight: Sight
  auth: Auth
  scheme: Readonly<{ unit: Unit }>
  schemeView: (host: string) => Promise<SchemeView>
  demoCode: ((who: 'register' | 'hanako' | 'kenji') => Promise<{ code: string; pin: string | null }>) | null
  version: string
  trustProxy: false | number | string
  publicUrl: string | null
  tls: { cert: string; key: string } | null
  log: DestinationStream
  isDatabaseUp: () => Promise<boolean>
}>

declare module 'fastify' {
  interface FastifyRequest {
    rawBytes: Uint8Array | null
    actor: Actor | null
  }
}

export const isProblem = (value: object): value is Problem => 'status' in value && 'code' in value && 'next' in value

/** The hub's HTTP server, not yet listening. */
export function createHttp(parts: HttpParts): FastifyInstance {
  const { store, hub, sight, auth } = parts
  // Node looks for slow clients only every so often; its own 30 s would let a 10 s limit last 40.
  const patience = {
    headersTimeout: LIMITS.headersTimeoutMs,
    connectionsCheckingInterval: 1_000,
    maxHeaderSize: LIMITS.headerBytes,
  }
  // Border: fastify's overloads for http and https differ only in the raw server's type, which nothing here touches.
  const app = fastify({
    ...(parts.tls === null ? { http: patience } : { https: { ...parts.tls, ...patience } }),
    logger: { level: 'info', stream: parts.log, redact: ['req.headers'] },
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: LIMITS.bodyBytes,
    trustProxy: parts.trustProxy,
    requestTimeout: LIMITS.bodyTimeoutMs,
    keepAliveTimeout: 65_000,
    connectionTimeout: 0,
    return503OnClosing: false,
    routerOptions: { maxParamLength: 100, caseSensitive: true },
    clientErrorHandler: answerBrokenRequest,
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) =>
      sendProblem(reply, problemOfError(error, request)),
    ajv: {
      customOptions: {
        coerceTypes: false,
        removeAdditional: false,
        useDefaults: false,
        allErrors: false,
        strictTypes: false,
      },
    },
  } as Parameters<typeof fastify>[0]) as unknown as FastifyInstance
  app.decorateRequest('rawBytes', null)
  app.decorateRequest('actor', null)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (request: FastifyRequest, body: Buffer) => {
    request.rawBytes = body
    return parseStrict(body, LIMITS.jsonDepth)
  })
  app.setErrorHandler((error, request, reply) => sendProblem(reply, problemOfError(error, request)))
  app.setNotFoundHandler((request, reply) => {
    const methods = methodsAt(request.url)
    // A route that this scheme does not have (the demo's) would name the very method that was used.
    if (methods.length === 0 || methods.includes(request.method))
      return sendProblem(reply, problemOf('route-not-found'))
    return sendProblem(reply.header('allow', methods.join(', ')), problemOf('method-not-allowed'))
  })
  app.addHook('onSend', async (_request, reply) => void securityHeaders(reply))
  // A response holds what one party may see: no cache in between keeps it.
  app.addHook('onRequest', async (request, reply) => {
    if (request.url.startsWith('/v1/') || request.url === '/health') reply.header('cache-control', 'no-store')
    const { 'content-encoding': encoding, 'content-length': length, 'transfer-encoding': transfer } = request.headers
    // HTTP/0.9 has no headers, and so no way to say where anything ends.
    if (request.raw.httpVersionMajor < 1)
      return sendProblem(reply.header('connection', 'close'), problemOf('request-invalid'))
    if (encoding !== undefined) return sendProblem(reply, problemOf('type-unsupported'))
    // What nobody reads may be somebody's next request: a body has no meaning here and so no place.
    const hasBody = transfer !== undefined || (length !== undefined && length !== '0')
    if (hasBody && (request.method === 'GET' || request.method === 'HEAD'))
      return sendProblem(reply.header('connection', 'close'), problemOf('request-invalid'))
    return undefined
  })

  function route(of: Route, handler: (request: FastifyRequest, reply: FastifyReply) => Promise<object>): void {
    app.route({
      method: of.method,
      url: of.path.replaceAll(/\{(\w+)\}/g, ':$1'),
      schema: {
        ...(of.body && { body: of.body }),
        ...(of.query && { querystring: of.query }),
      },
      ...(of.access !== 'open' && {
        preValidation: (request: FastifyRequest, reply: FastifyReply) => identify(of, request, reply),
      }),
      handler: async (request, reply) => {
        const result = await handler(request, reply)
        return isProblem(result) ? sendProblem(reply, result) : result
      },
    })
  }

  async function identify(of: Route, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    if (of.access === 'open') return undefined
    const { method, url, headers, rawBytes } = request
    const actor = await auth.authenticate({ method, url, headers, rawBody: rawBytes }, of.access)
    if (isProblem(actor)) return sendProblem(reply, actor)
    if (of.who !== undefined && actor.kind !== of.who) return sendProblem(reply, problemOf('not-allowed'))
    request.actor = actor
    return undefined
  }

  const originOf = (request: FastifyRequest): string => parts.publicUrl ?? `${request.protocol}://${request.host}`

  route(ROUTES.health, async (_request, reply) => {
    const up = await parts.isDatabaseUp()
    if (!up) reply.code(503).header('retry-after', '1')
    return {
      status: up ? 'ok' : 'database-unavailable',
      version: parts.version,
      uptimeSeconds: Math.floor(process.uptime()),
      waitingCommands: hub.waiting(),
    }
  })
  route(ROUTES.scheme, (request) => parts.schemeView(request.hostname))
  route(ROUTES.enrol, async (request) => {
    const self = await auth.enrol(request.body as EnrolmentRequest, request.ip)
    return isProblem(self) ? self : { self, scheme: await parts.schemeView(request.hostname) }
  })
  route(ROUTES.session, (request) => auth.startSession(request.body as SessionRequest))
  route(
    ROUTES.secret,
    async (request) => (await auth.setSecret(device(request), request.body as SecretRequest)) ?? { done: true },
  )
  route(ROUTES.passkeyOptions, (request) => auth.passkeyOptions(device(request)))
  route(
    ROUTES.passkey,
    async (request) => (await auth.addPasskey(device(request), request.body as PasskeyRequest)) ?? { done: true },
  )
  route(ROUTES.self, (request) => auth.self(known(request)))
  route(ROUTES.deals, async (request) => {
    const { before } = request.query as { before?: string }
    const deals = await sight.deals(
      terminal(request),
      before === undefined ? null : Number(before),
      LIMITS.pageSize,
      originOf(request),
    )
    return { deals, next: deals.length < LIMITS.pageSize ? null : String(deals.at(-1)?.openedAt) }
  })
  route(ROUTES.deal, async (request) => {
    const { deal } = request.params as { deal: string }
    if (!isId('deal', deal)) return problemOf('not-found')
    return (await sight.deal(terminal(request), deal, originOf(request))) ?? problemOf('not-found')
  })
  route(ROUTES.payment, async (request) => {
    const { payment } = request.params as { payment: string }
    if (!isId('pay', payment)) return problemOf('not-found')
    return (await sight.payment(device(request), payment)) ?? problemOf('not-found')
  })
  route(ROUTES.inbox, (request) => sight.inbox(device(request)))
  route(ROUTES.balances, async (request) => ({
    balances: (await store.readBalances(known(request).account)).map(balanceView),
  }))
  route(ROUTES.history, async (request) => {
    const { unit: code, before } = request.query as { unit?: string; before?: string }
    const unit = code === undefined ? parts.scheme.unit : unitOf(code)
    if (unit === undefined) return problemOf('unit-invalid', { field: 'unit' })
    const { account } = known(request)
    const entries = await store.readEntries({
      account,
      unit,
      before: before === undefined ? null : BigInt(before),
      limit: LIMITS.pageSize,
    })
    const next = entries.length < LIMITS.pageSize ? null : String(entries.at(-1)?.number)
    return { account, unit, entries: entries.map(entryView), next }
  })
  const { demoCode } = parts
  if (demoCode !== null)
    route(ROUTES.demoCode, (request) => demoCode((request.body as { who: 'register' | 'hanako' | 'kenji' }).who))

  for (const { name, route: of } of COMMAND_ROUTES) route(of, (request) => command(name, request))

  /** When the owner last proved to be there, by the database's clock: from then the unlock lasts. */
  const provedAt = async (actor: Actor): Promise<number | null> =>
    actor.kind === 'device' ? ((await store.readDevice(bucketOfId(actor.id), actor.id))?.provedAt ?? null) : null

  async function command(name: CommandName, request: FastifyRequest): Promise<object> {
    const started = performance.now()
    const actor = known(request)
    // Border: the schema of this very route has checked the body.
    const sent = { name, body: request.body } as AnyCommand
    let evidence: Evidence | null = null
    if (sent.name === 'approve' || sent.name === 'respond') {
      const verified = await auth.evidence(device(request), sent.body)
      if ('status' in verified) return verified
      evidence = verified
    }
    const parsed = commandOf(sent, { evidence, address: addressBlock(request.ip) })
    if ('status' in parsed) return parsed
    const id = commandIdOf(sent.body)
    const answer = await hub.handle({ ...parsed, id, hash: commandHash(name, sent.body), actor } as Parameters<
      Switch['handle']
    >[0])
    const view = await sight.answer(actor, answer, originOf(request))
    const ms = Math.round((performance.now() - started) * 10) / 10
    request.log.info({ command: id, who: actor.id, what: name, outcome: answer.refusal?.code ?? 'done', ms })
    if (answer.refusal === null)
      return evidence?.proof === 'right' ? { ...view, provedAt: await provedAt(actor) } : view
    const { code, detail } = answer.refusal
    const shown = view.deal === null && view.payment === null ? {} : { view }
    return { ...problemOf(code, detail), ...shown }
  }

  return app
}

function known(request: FastifyRequest): Actor {
  if (request.actor === null) throw new Error('this route identifies its caller')
  return request.actor
}

function device(request: FastifyRequest): DeviceActor {
  const actor = known(request)
  if (actor.kind !== 'device') throw new Error('this route is for devices')
  return actor
}

function terminal(request: FastifyRequest): TerminalActor {
  const actor = known(request)
  if (actor.kind !== 'terminal') throw new Error('this route is for terminals')
  return actor
}

/**
 * Budgets count a block of addresses, not one: an attacker has a whole IPv4 /24 or IPv6 /56 for the asking. An IPv4 address
 * is the same block however the socket writes it.
 */
export function addressBlock(address: string | undefined): string {
  // A client that has gone already has no address any more.
  const plain = (address ?? '').replace(/^::ffff:(?=\d+\.)/i, '')
  if (isIPv4(plain)) return plain.slice(0, plain.lastIndexOf('.'))
  if (!isIPv6(plain)) return 'unknown'
  const [head = '', tail] = plain.replace(/%.*$/, '').split('::')
  const left = head.split(':').filter((group) => group !== '')
  const right = (tail ?? '').split(':').filter((group) => group !== '')
  const groups =
    tail === undefined ? left : [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right]
  const [first, second, third, fourth] = groups.map((group) => Number.parseInt(group, 16))
  return [first, second, third, (fourth ?? 0) & 0xff00].map((group) => (group ?? 0).toString(16)).join(':')
}

function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  if (problem.status === 503) reply.header('retry-after', '1')
  if (problem.status === 429) reply.header('retry-after', '60')
  return reply.code(problem.status).type('application/problem+json; charset=utf-8').send(problem)
}

const BY_FASTIFY_CODE: Readonly<Record<string, ProblemCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'too-large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'type-unsupported',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'json-invalid',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'request-invalid',
  FST_ERR_NOT_FOUND: 'route-not-found',
  FST_ERR_MAX_PARAM_LENGTH: 'not-found',
}

const PATHS = ALL_ROUTES.map(({ method, path }) => ({
  method,
  pattern: new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/?]+')}(\\?|$)`),
}))

/** The methods that this address takes; none where there is nothing. */
const methodsAt = (url: string): string[] =>
  PATHS.filter(({ pattern }) => pattern.test(url)).map(({ method }) => method)

/** What never became a request (broken framing, too long a head, too slow) gets a problem like any other no, and the connection ends. */
function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  const problem = problemOf(BY_NODE_CODE[error.code ?? ''] ?? 'request-invalid')
  const body = JSON.stringify(problem)
  if (!socket.writable) return void socket.destroy()
  socket.end(
    [
      `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}`,
      'content-type: application/problem+json; charset=utf-8',
      `content-length: ${Buffer.byteLength(body)}`,
      'x-content-type-options: nosniff',
      'cache-control: no-store',
      'connection: close',
      '',
      body,
    ].join('\r\n'),
    () => socket.destroy(),
  )
}

const BY_NODE_CODE: Readonly<Record<string, ProblemCode>> = {
  HPE_HEADER_OVERFLOW: 'headers-too-large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request-timeout',
}

/** Bad input is never a 5xx; only the database being away or the hub being overrun is, and it says when to come back. */
function problemOfError(error: unknown, request: FastifyRequest): Problem {
  if (error instanceof StoreUnavailable) return problemOf('unavailable')
  if (error instanceof TooBusy) return problemOf('busy')
  if (error instanceof JsonFault) return problemOf('json-invalid', { fault: error.message })
  if (error instanceof Error) {
    const validation: unknown = Reflect.get(error, 'validation')
    if (Array.isArray(validation)) return problemOfValidation(validation as Parameters<typeof problemOfValidation>[0])
    const known = BY_FASTIFY_CODE[String(Reflect.get(error, 'code'))]
    if (known !== undefined) return problemOf(known)
    const status: unknown = Reflect.get(error, 'statusCode')
    if (typeof status === 'number' && status >= 400 && status < 500) return problemOf('request-invalid')
  }
  request.log.error({ err: error }, 'a bug')
  return problemOf('unavailable')
}

const CSP = [
  "default-src 'self'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "frame-src 'self'",
  "frame-ancestors 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "object-src 'none'",
].join('; ')

function securityHeaders(reply: FastifyReply): void {
  reply.header('content-security-policy', CSP)
  reply.header('x-content-type-options', 'nosniff')
  reply.header('referrer-policy', 'no-referrer')
  reply.header('cross-origin-opener-policy', 'same-origin')
  reply.header('cross-origin-resource-policy', 'same-origin')
  reply.header(
    'permissions-policy',
    'camera=(self), microphone=(), geolocation=(), publickey-credentials-get=(self), publickey-credentials-create=(self)',
  )
}
