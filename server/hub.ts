// A hub on a database: the parts list. main.ts gives it a database and a place to listen; tests and benchmarks do the same.
import { randomBytes } from 'node:crypto'
import { isIP, type AddressInfo } from 'node:net'
import type { IncomingMessage } from 'node:http'
import proxyAddress from '@fastify/proxy-addr'
import pino, { type DestinationStream } from 'pino'
import type pg from 'pg'
import type { SchemeView } from '#protocol/views.ts'
import { createSwitch } from '#switch/switch.ts'
import { StoreUnavailable } from '#switch/store.ts'
import { verifyEvidence, verifyHandedBack } from './auth/approvals.ts'
import { authenticate } from './auth/authenticate.ts'
import { enrol, selfViewOf } from './auth/enrolment.ts'
import { addPasskey, passkeyOptions, type PasskeyHome } from './auth/passkeys.ts'
import { secretOf } from './auth/scram.ts'
import { createSessions } from './auth/sessions.ts'
import { serveApps, type Files } from './apps.ts'
import { demoTown } from './demo.ts'
import { serveDocs } from './docs.ts'
import { addressBlock, trustOf } from './addresses.ts'
import { createHttp, isProblem, type Auth } from './http.ts'
import { latestRows } from './latest.ts'
import { ledgerView } from './ledger.ts'
import { dailyHeads, depositor, news, rulesWatch, timers } from './loops.ts'
import { operatorDesk, type OperatorDesk } from './operator.ts'
import { serveOperator } from './operator-http.ts'
import { schemeKey, signDailyHead } from './operator-log.ts'
import { postgresBudgets } from './postgres/budgets.ts'
import { openDatabase } from './postgres/connect.ts'
import { postgresDirectory, type Directory } from './postgres/directory.ts'
import { postgresOperators, withOperators } from './postgres/operators.ts'
import { postgresParties } from './postgres/parties.ts'
import type { SchemeRow } from './postgres/scheme.ts'
import { postgresStore } from './postgres/store.ts'
import { sightOf } from './sight.ts'
import { createWatchers } from './watch.ts'
import { problemOf } from '#protocol/problems.ts'

export type HubOptions = Readonly<{
  database: pg.ClientConfig
  scheme: SchemeRow
  /** the application role exists and is taken by every connection */
  role: boolean
  host: string
  port: number
  tls: { cert: string; key: string } | null
  trustProxy: false | number | string
  /** the origin people reach the hub at, when it is not where it listens */
  publicUrl: string | null
  /** null serves no pages (tests of the API alone) */
  files: Files | null
  log: DestinationStream
  version: string
  lanes?: number
}>

export type Hub = Awaited<ReturnType<typeof startHub>>

/** While one lane's commit is under way the other decides; more lanes make batches smaller than two cores gain by them (bench/results.md). */
export const LANES = 2
const READ_CONNECTIONS = 6

/** Starts a hub; throws the listening error (EADDRINUSE …) when the port is not to be had. */
export async function startHub(options: HubOptions) {
  // The operator may set other rules while the hub runs: whoever decides reads them afresh.
  let rules = options.scheme.rules
  const scheme = {
    ...options.scheme,
    get rules() {
      return rules
    },
  }
  const lanes = options.lanes ?? LANES
  // Lanes, the depositor, budgets, and the directory's transactions each hold at most a connection or two.
  const database = openDatabase(options.database, {
    transactions: lanes + 4,
    reads: READ_CONNECTIONS,
    role: options.role,
  })
  const store = postgresStore(database, scheme.buckets)
  const operators = postgresOperators(database, scheme.buckets)
  const directory = withOperators(postgresDirectory(database.transactions), operators)
  const loadRules = async (): Promise<void> => void (rules = { ...rules, ...(await operators.rules()) })
  await loadRules()
  const key = await schemeKey(database)
  const clock = await databaseClock(() => store.now())
  const budgets = postgresBudgets(database)
  const latest = latestRows()
  const logger = pino({ level: 'info' }, options.log)
  const onError = (error: unknown): void => void logger.error({ err: error }, 'a bug')

  const hub = createSwitch({
    store,
    budgets,
    scheme,
    random: randomBytes,
    lanes,
    onChange(changes) {
      latest.take(changes)
      watchers.changed(changes)
      deposits.arrived(changes.buckets)
      rumour.tell([...new Set([...changes.buckets, ...bucketsOf(changes)])])
    },
    onAlarm: ({ step, error }) =>
      void logger.error({ err: error, bucket: step.bucket, command: step.command?.id }, 'could not decide'),
  })
  const sight = sightOf({ store, hub, latest, scheme })
  const parties = postgresParties(database, scheme.buckets)
  const sessions = createSessions({ directory, scheme: scheme.id, now: clock.now })
  const passkeyHome = { hostName: null as string | null, origins: [] as string[] }
  const desk = operatorDesk({
    operators,
    directory,
    parties,
    store,
    hub,
    scheme,
    key,
    onAccount(bucket) {
      watchers.moneyMoved(bucket)
      rumour.tell([bucket])
    },
    onRules: loadRules,
    onRevoked: (actor) => sessions.forget(actor),
  })
  const auth = authOf({ directory, desk, sessions, budgets, passkeyHome, now: clock.now })
  const originOf = (request: IncomingMessage): string => originOfRequest(request, options)

  const watchers = createWatchers({
    store,
    hub,
    sight,
    now: clock.now,
    actorOf: (token) => sessions.byToken(token),
    ledger: scheme.demo ? () => ledgerView(database) : null,
    originOf,
    addressOf: (request) => addressBlock(addressOfRequest(request, options.trustProxy)),
    onError,
  })
  const deposits = depositor(
    store,
    database,
    (bucket) => {
      watchers.moneyMoved(bucket)
      rumour.tell([bucket])
    },
    onError,
  )
  const time = timers(hub, onError)
  const rumour = news(database, (buckets) => watchers.heard(buckets))
  const sign = () => signDailyHead(database, { key, scheme: scheme.id, zone: rules.zone, now: clock.now() })
  const heads = dailyHeads(sign, onError)
  const ruling = rulesWatch(loadRules, onError)

  const schemeView = async (host: string): Promise<SchemeView> => ({
    scheme: scheme.id,
    name: scheme.name,
    demo: scheme.demo,
    unit: scheme.unit,
    hostName: passkeyHome.hostName === host ? host : null,
    unlockMs: scheme.rules.unlockMs,
    freshProofFrom: String(scheme.rules.freshProofFrom),
    zone: scheme.rules.zone,
    now: clock.now(),
  })
  const town = scheme.demo
    ? demoTown({ database: database.transactions, directory, hub, store, parties, scheme, desk, operators })
    : null

  const app = createHttp({
    store,
    hub,
    sight,
    auth,
    parties,
    budgets,
    scheme: { unit: scheme.unit, zone: () => scheme.rules.zone },
    schemeView,
    demoCode: town?.code ?? null,
    further: (on) => serveOperator(on, { desk, operators, store, database, key, scheme, now: clock.now }),
    version: options.version,
    trustProxy: options.trustProxy,
    publicUrl: options.publicUrl,
    tls: options.tls,
    log: options.log,
    isDatabaseUp: () =>
      store.now().then(
        () => true,
        () => false,
      ),
  })
  serveDocs(app, { version: options.version, publicUrl: options.publicUrl })
  if (options.files !== null) serveApps(app, options.files)

  const stop = async (): Promise<void> => {
    watchers.close()
    await app.close()
    await Promise.all([time, deposits, rumour, heads, ruling].map((loop) => loop.stop()))
    clock.stop()
    await database.end()
  }
  try {
    await sign()
    await town?.settle()
    await app.listen({ host: options.host, port: options.port })
  } catch (error) {
    await stop()
    throw error
  }
  watchers.attach(app.server)
  const { port } = app.server.address() as AddressInfo
  Object.assign(passkeyHome, passkeyHomeOf(options, port))
  return { port, stop, hub, store, directory, sessions, budgets, database, operators, desk, key }
}

function authOf(parts: {
  directory: Directory
  desk: OperatorDesk
  sessions: ReturnType<typeof createSessions>
  budgets: ReturnType<typeof postgresBudgets>
  passkeyHome: PasskeyHome
  now: () => number
}): Auth {
  const { directory, desk, sessions, budgets, passkeyHome, now } = parts
  return {
    authenticate({ method, url, headers, rawBody }, access) {
      const mark = url.indexOf('?')
      const path = mark < 0 ? url : url.slice(0, mark)
      const query = mark < 0 ? '' : url.slice(mark + 1)
      return authenticate({ method, path, query, headers, rawBody, address: '' }, access, sessions, now())
    },
    async enrol(body, address) {
      const keys = [`enrolment:${addressBlock(address)}`] as const
      if (!(await budgets.charge(keys))) return problemOf('too-many-tries')
      const identity = await enrol(directory, body)
      if (isProblem(identity)) return identity
      await budgets.giveBack(keys)
      if (identity.actor.kind === 'operator') await desk.enrolled(identity.actor)
      return selfViewOf(directory, identity.actor)
    },
    startSession: (body) => sessions.start(body),
    evidence: (actor, body) => verifyEvidence(directory, passkeyHome, actor, body),
    isActive: async ({ id }) => (await directory.identityOf(id))?.status === 'active',
    handedBack: (payer, body) => verifyHandedBack(directory, passkeyHome, payer, body),
    self: (actor) => selfViewOf(directory, actor),
    async setSecret(actor, body) {
      const secret = secretOf(body)
      if (secret === undefined) return problemOf('field-invalid', { field: 'salt' })
      return (await directory.setSecret(actor.party, secret)) ? null : problemOf('state-conflict')
    },
    passkeyOptions: (actor) => passkeyOptions(directory, passkeyHome, actor),
    async addPasskey(actor, body) {
      const added = await addPasskey(directory, passkeyHome, actor, body)
      return isProblem(added) ? added : null
    },
  }
}

const bucketsOf = (changes: {
  offers: readonly { terminal: string }[]
  payments: readonly { id: string; terminal: string }[]
}): number[] => [
  ...changes.offers.map(({ terminal }) => bucketIn(terminal)),
  ...changes.payments.flatMap(({ id, terminal }) => [bucketIn(id), bucketIn(terminal)]),
]

const bucketIn = (id: string): number => Number.parseInt(id.slice(id.indexOf('_') + 1, id.indexOf('_') + 5), 16)

/** The database's clock as this process knows it: looked up now and then, for what is not money (sessions, signatures, countdowns). */
async function databaseClock(ask: () => Promise<number>): Promise<{ now: () => number; stop: () => void }> {
  let offset = 0
  const look = async (): Promise<void> => {
    const before = Date.now()
    const there = await ask()
    offset = there - Math.round((before + Date.now()) / 2)
  }
  await look()
  const timer = setInterval(() => {
    look().catch((error: unknown) => {
      if (!(error instanceof StoreUnavailable)) throw error
    })
  }, 60_000)
  timer.unref()
  return { now: () => Date.now() + offset, stop: () => clearInterval(timer) }
}

/** What a WebSocket's request says of its origin; the proxy's word counts only where the nearest peer is a trusted proxy. */
function originOfRequest(request: IncomingMessage, options: HubOptions): string {
  if (options.publicUrl !== null) return options.publicUrl
  const trusted = trustOf(options.trustProxy)(request.socket.remoteAddress ?? '', 0)
  const forwarded = (name: string): string | undefined => {
    const value = request.headers[name]
    return trusted && typeof value === 'string' ? value.split(',').at(-1)?.trim() : undefined
  }
  const protocol = forwarded('x-forwarded-proto') ?? (options.tls === null ? 'http' : 'https')
  return `${protocol}://${forwarded('x-forwarded-host') ?? request.headers.host ?? 'localhost'}`
}

const addressOfRequest = (request: IncomingMessage, trustProxy: HubOptions['trustProxy']): string =>
  proxyAddress(request, trustOf(trustProxy))

/** Passkeys belong to a host name: the public one, or localhost; by address there are none. */
function passkeyHomeOf(options: HubOptions, port: number): PasskeyHome {
  const origin = options.publicUrl ?? `${options.tls === null ? 'http' : 'https'}://localhost:${port}`
  const { hostname } = new URL(origin)
  return isIP(hostname.replace(/^\[|\]$/g, '')) === 0
    ? { hostName: hostname, origins: [origin] }
    : { hostName: null, origins: [] }
}
