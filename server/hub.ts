// A hub on a database: the parts list. main.ts gives it a database and a place to listen; tests and benchmarks do the same.
import { randomBytes } from 'node:crypto'
import { isIP, type AddressInfo } from 'node:net'
import type { IncomingMessage } from 'node:http'
import proxyAddress from '@fastify/proxy-addr'
import pino, { type DestinationStream } from 'pino'
import type pg from 'pg'
import { toBase64url } from '#core/bytes.ts'
import type { PartyId } from '#core/ids.ts'
import { NO_DETAILS } from '#core/shop.ts'
import { IDENTITY_ROUTES } from '#protocol/identity.ts'
import type { SchemeView } from '#protocol/views.ts'
import { createSwitch } from '#switch/switch.ts'
import { StoreUnavailable } from '#switch/store.ts'
import { offlineView } from '#switch/views.ts'
import { verifyEvidence, verifyHandedBack } from './auth/approvals.ts'
import { apiKeys, keyIn, type ApiKeys } from './auth/api-keys.ts'
import { authenticate } from './auth/authenticate.ts'
import { clientCertificates, makeAuthority, type Certificates } from './auth/certificates.ts'
import { enrol, selfViewOf } from './auth/enrolment.ts'
import { operatorSignIn } from './auth/operator-sign-in.ts'
import { addPasskey, passkeyMethod, passkeyOptions, type PasskeyHome } from './auth/passkeys.ts'
import { createPresenceDesk } from './auth/presence.ts'
import { createProofs, type ProofMethod, type Proofs } from './auth/proofs.ts'
import { scramMethod, secretOf } from './auth/scram.ts'
import { createSessions } from './auth/sessions.ts'
import { serveApps, type Files } from './apps.ts'
import { demoTown } from './demo.ts'
import type { DemoIssuer } from './demo-children.ts'
import { serveDocs } from './docs.ts'
import { addressBlock, trustOf } from './addresses.ts'
import { callerOf } from './http-callers.ts'
import { createHttp, isProblem, type Auth } from './http.ts'
import { serveGoods } from './goods/goods-http.ts'
import { latestRows } from './latest.ts'
import { ledgerView } from './ledger.ts'
import { dailyHeads, depositor, every, news, rulesWatch, timers } from './loops.ts'
import { mailOffice, writeAbout } from './mail/mail.ts'
import { outboxLoop, postgresOutbox } from './mail/outbox.ts'
import type { MailSettings } from './mail/sender.ts'
import type { BankSettings } from './bank/bank.ts'
import { settleDemoTables } from './cards/tables-demo.ts'
import type { VaultSettings } from './cards/vault.ts'
import { createCardUsers } from './card-users/card-users.ts'
import { serveCardUsers } from './card-users/card-users-http.ts'
import { cardMachines } from './card-users/machines.ts'
import { createCodes } from './codes/codes.ts'
import { serveCodes } from './codes/codes-http.ts'
import { createOidc, registerDemoSite } from './oidc/serve.ts'
import { moneyParts } from './money-parts.ts'
import { operatorDesk, type OperatorDesk } from './operator.ts'
import { serveOperator } from './operator-http.ts'
import { revocation } from './revocation.ts'
import { staffRules } from './staff.ts'
import { serveStaff } from './staff-http.ts'
import { postgresApiKeys } from './postgres/api-keys.ts'
import { postgresCardMachines, postgresCardUsers } from './postgres/card-users.ts'
import { postgresCashiers } from './postgres/cashiers.ts'
import { postgresLinks } from './postgres/payment-links.ts'
import { postgresStaff } from './postgres/staff.ts'
import { postgresWebhooks } from './postgres/webhooks.ts'
import { schemeKey, signDailyHead } from './operator-log.ts'
import { createPurchases } from './purchases.ts'
import { postgresBudgets } from './postgres/budgets.ts'
import { openDatabase } from './postgres/connect.ts'
import { postgresCustomerCodes } from './postgres/customer-codes.ts'
import { deviceAuthority } from './postgres/device-authority.ts'
import { postgresDirectory, type Directory } from './postgres/directory.ts'
import { postgresGoods } from './postgres/goods.ts'
import { postgresOperators, withOperators } from './postgres/operators.ts'
import { settleDemoMenu } from './orders/demo-menu.ts'
import { serveOrders } from './orders/orders-http.ts'
import { createSettling } from './orders/settling.ts'
import { servePoints } from './points/points-http.ts'
import { postgresParties } from './postgres/parties.ts'
import { postgresTabs } from './postgres/orders.ts'
import { postgresMenus } from './postgres/orders-menu.ts'
import { postgresPoints } from './postgres/points.ts'
import { createPeople } from './people/people-http.ts'
import { postgresPhones } from './postgres/phones.ts'
import { postgresProfiles } from './postgres/profiles.ts'
import { postgresPushes } from './postgres/push.ts'
import { postgresReceipts } from './postgres/receipts.ts'
import { openSystemAccountsInUse, type SchemeRow } from './postgres/scheme.ts'
import { postgresStore } from './postgres/store.ts'
import { servePresence } from './presence-http.ts'
import type { PushTo } from './reach/push-http.ts'
import { createReach } from './reach/reach.ts'
import { serveReach } from './reach/reach-http.ts'
import { vapidOf } from './reach/vapid.ts'
import { settleDemoShop } from './receipts/demo-shop.ts'
import { receiptLinks } from './receipts/links.ts'
import { createReceipts } from './receipts/receipts.ts'
import type { RateSource } from './rates/source.ts'
import { settleDemoWebShop } from './shop/demo-shop.ts'
import { createPaying } from './shop/paying.ts'
import { createSeal } from './shop/seal.ts'
import { serveShop } from './shop/shop-http.ts'
import { createWebhooks } from './shop/webhooks.ts'
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
  /** how often each watcher looks again; tests look seldom, so that nothing else shows what they wait for */
  lookEveryMs?: number
  /** how often the hub acts on time; tests that change nothing for minutes let it never */
  dueEveryMs?: number
  /** ways to prove to be the owner beyond PIN and passkey */
  proofMethods?: readonly ProofMethod[]
  /** the key of the hub's file (shop/seal-key.ts), 32 bytes; hubs on one database have the same one */
  sealKey: Uint8Array
  /** where exchange rates come from by themselves; null: from the desk alone */
  rateSource?: RateSource | null
  /** the operator's bank; null where nobody can pay from a bank account */
  bank?: BankSettings | null
  /** where card numbers are kept, and issuers are asked; null where nobody can pay by card */
  vault?: VaultSettings | null
  /** where a demo's card issuers listen, for its tables; null leaves the tables as they are */
  demoIssuers?: readonly DemoIssuer[] | null
  /** how this hub sends mail; a demo without it has an inbox of its own */
  mail?: MailSettings | null
  /** how long a phone waits that was asked for by mail and password, where it is not as the limits say (tests) */
  deviceWaitMs?: number
  /** where pushes go instead of the open internet (tests); null for an address that none goes to */
  pushTo?: PushTo
  /** the breaks between tries of a webhook, where they are not as they should be (tests) */
  webhookBackoffMs?: readonly number[]
}>

export type Hub = Awaited<ReturnType<typeof startHub>>

/** While one lane's commit is under way the other decides; more lanes make batches smaller than two cores gain by them (bench/results.md). */
export const LANES = 2
const READ_CONNECTIONS = 6
/** How often tables are looked at whose time has come. */
const TABLES_EVERY_MS = 500

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
  await openSystemAccountsInUse(database.transactions, scheme.buckets)
  const key = await schemeKey(database)
  const clock = await databaseClock(() => store.now())
  const budgets = postgresBudgets(database)
  const latest = latestRows()
  const logger = pino({ level: 'info' }, options.log)
  const onError = (error: unknown): void => void logger.error({ err: error }, 'a bug')

  const seal = createSeal(options.sealKey)
  const machines = cardMachines(postgresCardMachines(database), seal)
  const money = moneyParts({
    database,
    scheme,
    bank: options.bank ?? null,
    vault: options.vault ?? null,
    machines,
    directory,
    rateSource: options.rateSource ?? null,
    now: clock.now,
    onSourceTrouble: (trouble, keptOut) => void logger.error({ trouble, keptOut }, 'the source of exchange rates'),
    onAlarm: (alarm) => void logger.error({ alarm }, 'an alarm of the vault'),
    onError,
  })
  await money.load()
  const hub = createSwitch({
    store,
    budgets,
    scheme,
    random: randomBytes,
    lanes,
    otherMeans: money.otherMeans,
    onChange(changes) {
      latest.take(changes)
      watchers.changed(changes)
      reach.changed(changes)
      webhooks.changed(changes)
      settling.changed(changes)
      deposits.arrived(changes.buckets)
      if (changes.orders.length > 0) money.wake()
      rumour.tell([...new Set([...changes.buckets, ...bucketsOf(changes)])])
    },
    onAlarm: ({ step, error }) =>
      void logger.error({ err: error, bucket: step.bucket, command: step.command?.id }, 'could not decide'),
  })
  const sight = sightOf({ store, hub, latest, scheme })
  const parties = postgresParties(database, scheme.buckets)
  const staff = postgresStaff(database)
  const cashiers = postgresCashiers(database)
  const atTerminals = staffRules(cashiers, clock.now, onError)
  // The name is known from the start, so that nobody comes in before it is; the port when the hub listens.
  const passkeyHome = { ...passkeyHomeOf(options, options.port) }
  const authority = deviceAuthority(database, () => makeAuthority(clock.now()))
  const certificates = clientCertificates({ directory, authority, now: clock.now })
  const signIn = operatorSignIn({ operators, directory, home: passkeyHome, isDemo: scheme.demo, now: clock.now })
  const sessions = createSessions({ directory, scheme: scheme.id, now: clock.now, operators: signIn })
  const openid = createOidc({
    database,
    books: store,
    hub,
    sight,
    budgets,
    origin: () => originHere(),
    loopback: scheme.demo,
    now: clock.now,
    onError,
  })
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
    staff,
    sites: openid.sites,
    rateBook: money.exchange,
    cardTables: money.cardTables,
    onRevoked: (actor) => revoking.revoked(actor),
  })
  const proofs = createProofs({
    scram: scramMethod(directory),
    passkey: passkeyMethod(directory, passkeyHome, (payment) => store.readPayment(payment)),
    further: options.proofMethods ?? [],
  })
  const presence = createPresenceDesk({ directory, proofs, hub })
  const keyStore = postgresApiKeys(database)
  const keys = apiKeys({ keys: keyStore, directory, now: clock.now, onError })
  const auth = authOf({ directory, desk, sessions, certificates, keys, budgets, passkeyHome, proofs, now: clock.now })
  const originOf = (request: IncomingMessage): string => originOfRequest(request, options)
  // Border: a server that listens at a port has an address of this kind.
  const originHere = (): string =>
    options.publicUrl ?? localOrigin(options.tls, (app.server.address() as AddressInfo).port)

  const watchers = createWatchers({
    store,
    hub,
    sight,
    now: clock.now,
    actorOf(token) {
      const key = keyIn(`Bearer ${token}`)
      return key === undefined ? sessions.byToken(token) : keys.watcherOf(key)
    },
    ledger: scheme.demo ? () => ledgerView(database) : null,
    originOf,
    addressOf: (request) => addressBlock(addressOfRequest(request, options.trustProxy)),
    onError,
    ...(options.lookEveryMs !== undefined && { lookEveryMs: options.lookEveryMs }),
  })
  const pushTo = options.pushTo ?? null
  const outbox = postgresOutbox(database, () => sending.wake())
  const mail = mailOffice({
    settings: options.mail ?? null,
    scheme,
    outbox,
    now: clock.now,
    onFailure: (code) => void logger.warn({ code }, 'a mail was not taken'),
  })
  const pushes = postgresPushes(database)
  const contact = options.publicUrl?.startsWith('https:') === true ? options.publicUrl : null
  const vapid = vapidOf(await pushes.vapidKey(), contact)
  const reach = createReach({
    outbox,
    pushes,
    store,
    vapid,
    scheme: scheme.id,
    key,
    now: clock.now,
    isWatching: (device) => watchers.isWatching(device),
    mail: writeAbout(mail.post, () => `${originHere()}/wallet`, clock.now),
    pushTo,
    onError,
  })
  const sending = outboxLoop(outbox, { push: reach.send, ...(mail.send !== null && { mail: mail.send }) }, onError)
  const webhooks = createWebhooks({
    database,
    store,
    hub,
    seal,
    sight,
    buckets: scheme.buckets,
    origin: originHere,
    loopback: scheme.demo,
    now: clock.now,
    onError,
    ...(options.webhookBackoffMs !== undefined && { backoffMs: options.webhookBackoffMs }),
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
  const revoking = revocation(database, {
    forget: (actor) => sessions.forget(actor),
    drop: (actor) => watchers.drop(actor),
  })
  const tabs = postgresTabs(database, scheme.buckets)
  const menus = postgresMenus(database)
  const settling = createSettling({ tabs, hub, sight, origin: originHere, now: clock.now, onError })
  const tables = every(options.dueEveryMs ?? TABLES_EVERY_MS, settling.sweep, onError)
  const time = timers(hub, onError, options.dueEveryMs)
  const rumour = news(database, (buckets) => watchers.heard(buckets))
  money.start({ store, hub })
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
    offline: offlineView(scheme.rules.offline),
    signer: toBase64url(key.publicKey),
    now: clock.now(),
  })
  const profiles = postgresProfiles(database, scheme.buckets)
  const goods = postgresGoods(database)
  const town = scheme.demo
    ? demoTown({
        database: database.transactions,
        directory,
        hub,
        store,
        parties,
        scheme,
        desk,
        operators,
        profiles,
        goods,
        rates: money.exchange.rates,
      })
    : null

  const people = createPeople({
    directory,
    profiles,
    phones: postgresPhones(database),
    store,
    hub,
    budgets,
    scheme,
    secret: key.codeSecret,
    mail,
    provePresence: presence.provePresence,
    revoked: (phone) => revoking.revoked(phone),
    changed: (phone) => revoking.changed(phone),
    notify: (party, notice) => reach.notify(party, notice),
    schemeView,
    now: clock.now,
    ...(options.deviceWaitMs !== undefined && { waitMs: options.deviceWaitMs }),
  })
  const purchases = createPurchases({ directory, scheme, key, hub, sight, now: clock.now })
  const codes = createCodes({
    codes: postgresCustomerCodes(database),
    directory,
    budgets,
    scheme: scheme.id,
    secret: key.codeSecret,
    now: clock.now,
  })
  const cardUsers = createCardUsers({
    rows: postgresCardUsers(database),
    cards: money.cards,
    directory,
    budgets,
    secret: key.codeSecret,
  })
  const receiptRows = postgresReceipts(database)
  const receipts = createReceipts({
    store,
    rows: receiptRows,
    profiles,
    budgets,
    links: receiptLinks(key.codeSecret),
    mail,
    key,
    scheme,
    publicUrl: options.publicUrl,
    now: clock.now,
  })
  const shops = postgresReceipts(database)
  const roundingOf = async (party: PartyId) => ((await shops.detailsOf(party)) ?? NO_DETAILS).rounding
  const asks = openid.start()

  const app = createHttp({
    store,
    hub,
    sight,
    auth,
    codes,
    cardUsers,
    purchases,
    rates: money.exchange.rates,
    means: money.means,
    cards: money.cards,
    refusalOf: async (of, actor) => (await signIn.refusalOf(of, actor)) ?? atTerminals.refusalOf(of, actor),
    parties,
    budgets,
    scheme: { unit: scheme.unit, zone: () => scheme.rules.zone },
    schemeView,
    demoCode: town?.code ?? null,
    further(on) {
      openid.further(on)
      serveCodes(on, codes)
      serveCardUsers(on, { users: cardUsers, machines })
      serveReach(on, { pushes, directory, vapid, key, rules: () => scheme.rules, pushTo })
      serveOperator(on, { desk, operators, staff, store, database, key, scheme, now: clock.now })
      on(IDENTITY_ROUTES.certificate, (request) => certificates.issue(callerOf(request)))
      serveStaff(on, { staff, cashiers, rules: atTerminals, directory, revocation: revoking, budgets })
      servePresence(on, { presence, directory, unlockMs: () => scheme.rules.unlockMs, devices: people.devices })
      people.serve(on)
      const links = postgresLinks(database)
      serveShop(on, {
        keys: keyStore,
        webhooks: postgresWebhooks(database, seal),
        links,
        paying: createPaying({ links, directory, hub, sight, budgets, now: clock.now }),
        cashiers,
        keyEnded: (terminal) => revoking.revoked(terminal),
        wake: webhooks.wake,
        seal,
        now: clock.now,
        loopback: scheme.demo,
        originOf: (request) => options.publicUrl ?? `${request.protocol}://${request.host}`,
      })
      money.serve(on, { store, sight, profiles, provePresence: presence.provePresence, budgets })
      servePoints(on, {
        points: postgresPoints(database),
        store,
        hub,
        sight,
        budgets,
        origin: originHere,
        zone: () => scheme.rules.zone,
      })
      serveOrders(on, {
        menus,
        tabs,
        settling,
        points: postgresPoints(database),
        store,
        budgets,
        roundingOf,
        zone: () => scheme.rules.zone,
        now: clock.now,
      })
      purchases.serve(on)
      receipts.serve(on)
      serveGoods(on, { goods, budgets, unit: scheme.unit, roundingOf })
    },
    version: options.version,
    trustProxy: options.trustProxy,
    publicUrl: options.publicUrl,
    tls: options.tls,
    clientAuthority: options.tls === null ? null : (await authority()).certificatePem,
    log: options.log,
    isDatabaseUp: () =>
      store.now().then(
        () => true,
        () => false,
      ),
  })
  serveDocs(app, { version: options.version, publicUrl: options.publicUrl })
  openid.serve(app, options.files)
  receipts.servePages(app)
  if (options.files !== null) serveApps(app, options.files)

  const stop = async (): Promise<void> => {
    watchers.close()
    money.cut()
    await app.close()
    await Promise.all(
      [time, tables, settling, deposits, rumour, heads, ruling, revoking, reach, sending, webhooks, asks, money].map(
        (loop) => loop.stop(),
      ),
    )
    await mail.stop()
    clock.stop()
    await database.end()
  }
  try {
    await sign()
    await town?.settle()
    await openid.settle()
    if (town !== null) await registerDemoSite(openid.store, town.bakery())
    if (town !== null) await settleDemoWebShop(keyStore, town.bakery())
    if (town !== null) await settleDemoShop(receiptRows, town.bakery())
    const bakery = town === null ? undefined : await directory.partyOf(town.bakery())
    if (bakery !== undefined && options.demoIssuers)
      await settleDemoTables({ desk, tables: money.cardTables, bakery: bakery.account }, options.demoIssuers)
    if (town !== null) await settleDemoMenu({ menus, points: postgresPoints(database) }, town.bakery(), scheme.unit)
    await app.listen({ host: options.host, port: options.port })
  } catch (error) {
    await stop()
    throw error
  }
  watchers.attach(app.server)
  webhooks.start()
  const { port } = app.server.address() as AddressInfo
  Object.assign(passkeyHome, passkeyHomeOf(options, port))
  const { revoked } = revoking
  return {
    port,
    stop,
    hub,
    store,
    directory,
    unreadableWebhooks: webhooks.unreadable,
    sessions,
    budgets,
    database,
    operators,
    desk,
    key,
    reach,
    watchers,
    openid,
    revoked,
    mail,
    banking: money.banking(),
    cardTables: money.cardTables,
    cardsCatchUp: money.cardsCatchUp,
  }
}

function authOf(parts: {
  directory: Directory
  desk: OperatorDesk
  sessions: ReturnType<typeof createSessions>
  budgets: ReturnType<typeof postgresBudgets>
  passkeyHome: PasskeyHome
  certificates: Certificates
  keys: ApiKeys
  proofs: Proofs
  now: () => number
}): Auth {
  const { directory, desk, sessions, certificates, keys, budgets, passkeyHome, proofs, now } = parts
  return {
    authenticate({ method, url, headers, rawBody, socket }, of) {
      const mark = url.indexOf('?')
      const path = mark < 0 ? url : url.slice(0, mark)
      const query = mark < 0 ? '' : url.slice(mark + 1)
      return authenticate(
        { method, path, query, headers, rawBody, address: '' },
        of.access === 'token' ? 'token' : 'signed',
        sessions,
        now(),
        () => certificates.actorBehind(socket, headers),
        (secret) => keys.actorOf(secret, of),
      )
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
    evidence: (actor, body) => verifyEvidence(directory, proofs, actor, body),
    isActive: async ({ id }) => (await directory.identityOf(id))?.status === 'active',
    handedBack: (payer, body) => verifyHandedBack(directory, proofs, payer, body),
    self: (actor) => selfViewOf(directory, actor),
    async setSecret(actor, body) {
      const secret = secretOf(body)
      if (secret === undefined) return problemOf('field-invalid', { field: 'salt' })
      return (await directory.setSecret(actor.party, secret)) ? null : problemOf('state-conflict')
    },
    passkeyOptions: (keeper, body) => passkeyOptions(directory, passkeyHome, keeper, body),
    async addPasskey(keeper, body) {
      const added = await addPasskey(directory, passkeyHome, keeper, body)
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

const localOrigin = (tls: HubOptions['tls'], port: number): string =>
  `${tls === null ? 'http' : 'https'}://localhost:${port}`

/** Passkeys belong to a host name: the public one, or localhost; by address there are none. */
function passkeyHomeOf(options: HubOptions, port: number): PasskeyHome {
  const origin = options.publicUrl ?? `${options.tls === null ? 'http' : 'https'}://localhost:${port}`
  const { hostname } = new URL(origin)
  return isIP(hostname.replace(/^\[|\]$/g, '')) === 0
    ? { hostName: hostname, origins: [origin] }
    : { hostName: null, origins: [] }
}
