// HTTP: fastify over the routes of the protocol. Authenticates, validates, and hands each request to what answers it:
// http-books.ts (a party's own books), http-commands.ts (all commands), and whatever else the hub brings (`further`).
import type { Socket } from 'node:net'
import fastify, { LogController, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { DestinationStream } from 'pino'
import type { DeviceId } from '#core/ids.ts'
import type { Unit } from '#core/money.ts'
import type { Evidence } from '#core/payment.ts'
import { LIMITS } from '#protocol/limits.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import {
  ROUTES,
  type DemoWho,
  type EnrolmentRequest,
  type PasskeyOptions,
  type PasskeyOptionsRequest,
  type PasskeyRequest,
  type Route,
  type SecretRequest,
  type SessionGrant,
  type SessionRequest,
} from '#protocol/routes.ts'
import type { SchemeView, SelfView } from '#protocol/views.ts'
import type { Actor, DeviceActor, TerminalActor } from '#switch/actors.ts'
import type { Budgets } from '#switch/budgets.ts'
import type { Store } from '#switch/store.ts'
import type { Switch } from '#switch/switch.ts'
import { trustOf } from './addresses.ts'
import { serveBooks } from './http-books.ts'
import type { Keeper } from './auth/passkeys.ts'
import { callerOf, deviceOf, keeperOf, mayCall, type OnRoute } from './http-callers.ts'
import {
  serveCommands,
  type CardUsers,
  type Codes,
  type EvidenceBody,
  type Purchases,
  type Rates,
  type RegisteredCards,
  type RegisteredMeans,
} from './http-commands.ts'
import { answerBrokenRequest, isProblem, methodsAt, problemOfError, sendProblem } from './http-problems.ts'
import type { Parties } from './postgres/parties.ts'
import { parseStrict } from '#protocol/strict-json.ts'
import type { Sight } from './sight.ts'
import { cardNumberKeyword } from './text-check.ts'
import { buildValidator } from './validators.ts'

export { isProblem } from './http-problems.ts'

/** What authentication does for HTTP (server/auth). Every failure is a problem, never an exception. */
export type Auth = Readonly<{
  authenticate(request: IncomingRequest, of: Route): Promise<Actor | Problem>
  enrol(body: EnrolmentRequest, address: string): Promise<SelfView | Problem>
  startSession(body: SessionRequest): Promise<SessionGrant | Problem>
  evidence(actor: DeviceActor, body: EvidenceBody): Promise<Evidence | Problem>
  /** a payer's evidence that a payee hands in, with the payer; undefined when that phone has not signed it for this */
  /** Is this phone or terminal active at this moment? A session's own sight of it may be two seconds old. */
  isActive(actor: TerminalActor | DeviceActor): Promise<boolean>
  handedBack(payer: DeviceId, body: EvidenceBody): Promise<{ evidence: Evidence; payer: DeviceActor } | undefined>
  self(actor: Actor): Promise<SelfView | Problem>
  setSecret(actor: DeviceActor, body: SecretRequest): Promise<Problem | null>
  passkeyOptions(keeper: Keeper, body: PasskeyOptionsRequest): Promise<PasskeyOptions | Problem>
  addPasskey(keeper: Keeper, body: PasskeyRequest): Promise<Problem | null>
}>

export type IncomingRequest = Readonly<{
  method: string
  /** path and query exactly as sent */
  url: string
  headers: Readonly<Record<string, string | string[] | undefined>>
  rawBody: Uint8Array | null
  socket: Socket
}>

export type HttpParts = Readonly<{
  store: Store
  hub: Switch
  sight: Sight
  auth: Auth
  codes: Codes
  purchases: Purchases
  rates: Rates
  means: RegisteredMeans
  /** without it nobody has a card */
  cards?: RegisteredCards
  /** without it a card's user id is not known */
  cardUsers?: CardUsers
  scheme: Readonly<{
    unit: Unit
    /** whose days are meant (IANA name) */
    zone: () => string
  }>
  parties: Parties
  budgets: Budgets
  schemeView: (host: string) => Promise<SchemeView>
  demoCode: ((who: DemoWho) => Promise<{ code: string; pin: string | null } | Problem>) | null
  /** why this actor may not call this route although its kind may: nobody stands at the terminal, the role does not allow it */
  refusalOf: (of: Route, actor: Actor) => Promise<Problem | null>
  /** routes beyond those of parties: the operator's */
  further: ((on: OnRoute) => void) | null
  version: string
  trustProxy: false | number | string
  publicUrl: string | null
  tls: { cert: string; key: string } | null
  /** PEM of the authority whose client certificates are asked for, where there is TLS */
  clientAuthority: string | null
  log: DestinationStream
  isDatabaseUp: () => Promise<boolean>
}>

/** The hub's HTTP server, not yet listening. */
export function createHttp(parts: HttpParts): FastifyInstance {
  const { hub, auth } = parts
  // Node looks for slow clients only every so often; its own 30 s would let a 10 s limit last 40.
  const patience = {
    headersTimeout: LIMITS.headersTimeoutMs,
    connectionsCheckingInterval: 1_000,
    maxHeaderSize: LIMITS.headerBytes,
  }
  // Border: fastify's overloads for http and https differ only in the raw server's type, which nothing here touches.
  const app = fastify({
    ...(parts.tls === null
      ? { http: patience }
      : { https: { ...parts.tls, ...certificatesAsked(parts.clientAuthority), ...patience } }),
    logger: { level: 'info', stream: parts.log, redact: ['req.headers'] },
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: LIMITS.bodyBytes,
    trustProxy: parts.trustProxy !== false && trustOf(parts.trustProxy),
    requestTimeout: LIMITS.bodyTimeoutMs,
    keepAliveTimeout: 65_000,
    connectionTimeout: 0,
    return503OnClosing: false,
    routerOptions: { maxParamLength: 100, caseSensitive: true },
    clientErrorHandler: answerBrokenRequest,
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) =>
      sendProblem(reply, problemOfError(error, request)),
    schemaController: { compilersFactory: { buildValidator } },
    ajv: {
      customOptions: {
        coerceTypes: false,
        removeAdditional: false,
        useDefaults: false,
        allErrors: false,
        strictTypes: false,
        keywords: [cardNumberKeyword],
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
  app.addHook('onSend', async (request, reply) => void securityHeaders(reply, request.routeOptions.url))
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

  const on: OnRoute = (of, handler) => {
    app.route({
      method: of.method,
      url: of.path.replaceAll(/\{(\w+)\}/g, ':$1'),
      schema: {
        ...(of.body && { body: of.body }),
        ...(of.query && { querystring: of.query }),
      },
      ...(of.bodyBytes !== undefined && { bodyLimit: of.bodyBytes }),
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
    const { method, url, headers, rawBytes, socket } = request
    const actor = await auth.authenticate({ method, url, headers, rawBody: rawBytes, socket }, of)
    if (isProblem(actor)) return sendProblem(reply, actor)
    if (!mayCall(of.who, actor)) return sendProblem(reply, problemOf('not-allowed'))
    const refusal = await parts.refusalOf(of, actor)
    if (refusal !== null) return sendProblem(reply, refusal)
    request.actor = actor
    return undefined
  }

  const originOf = (request: FastifyRequest): string => parts.publicUrl ?? `${request.protocol}://${request.host}`

  on(ROUTES.health, async (_request, reply) => {
    const up = await parts.isDatabaseUp()
    if (!up) reply.code(503).header('retry-after', '1')
    return {
      status: up ? 'ok' : 'database-unavailable',
      version: parts.version,
      uptimeSeconds: Math.floor(process.uptime()),
      waitingCommands: hub.waiting(),
    }
  })
  on(ROUTES.scheme, (request) => parts.schemeView(request.hostname))
  on(ROUTES.enrol, async (request) => {
    const self = await auth.enrol(request.body as EnrolmentRequest, request.ip)
    return isProblem(self) ? self : { self, scheme: await parts.schemeView(request.hostname) }
  })
  on(ROUTES.session, (request) => auth.startSession(request.body as SessionRequest))
  on(
    ROUTES.secret,
    async (request) => (await auth.setSecret(deviceOf(request), request.body as SecretRequest)) ?? { done: true },
  )
  on(ROUTES.passkeyOptions, (request) => auth.passkeyOptions(keeperOf(request), request.body as PasskeyOptionsRequest))
  on(
    ROUTES.passkey,
    async (request) => (await auth.addPasskey(keeperOf(request), request.body as PasskeyRequest)) ?? { done: true },
  )
  on(ROUTES.self, (request) => auth.self(callerOf(request)))
  const { demoCode } = parts
  if (demoCode !== null) on(ROUTES.demoCode, (request) => demoCode((request.body as { who: DemoWho }).who))
  serveBooks(on, { ...parts, originOf })
  serveCommands(on, { ...parts, originOf })
  parts.further?.(on)

  return app
}

/** A client without a certificate is as welcome as ever; one whose certificate is not right has none. */
const certificatesAsked = (ca: string | null): object =>
  ca === null ? {} : { requestCert: true, rejectUnauthorized: false, ca }

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

/** A register's page speaks with the card machine's program on its own computer too, and with nobody else. */
const REGISTER_CSP = CSP.replace("connect-src 'self'", "connect-src 'self' http://127.0.0.1:* http://localhost:*")

function securityHeaders(reply: FastifyReply, route: string | undefined): void {
  reply.header('content-security-policy', route === '/register' ? REGISTER_CSP : CSP)
  reply.header('x-content-type-options', 'nosniff')
  reply.header('referrer-policy', 'no-referrer')
  reply.header('cross-origin-opener-policy', 'same-origin')
  // The component for other people's shops says otherwise.
  if (!reply.hasHeader('cross-origin-resource-policy')) reply.header('cross-origin-resource-policy', 'same-origin')
  reply.header(
    'permissions-policy',
    'camera=(self), microphone=(), geolocation=(), publickey-credentials-get=(self), publickey-credentials-create=(self)',
  )
}
