// OpenID at /oidc: the provider, the page on which people sign in, and the questions of the back channel. Loaded when it is first asked for.
import { randomBytes } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { assert } from '#core/assert.ts'
import type { PartyId } from '#core/ids.ts'
import type { Provider } from 'oidc-provider'
import type { Budgets } from '#switch/budgets.ts'
import type { Store } from '#switch/store.ts'
import type { Switch } from '#switch/switch.ts'
import { OPERATOR_ROUTES } from '#protocol/operator.ts'
import type { Files } from '../apps.ts'
import type { OnRoute } from '../http-callers.ts'
import { isProblem } from '../http-problems.ts'
import { every, type Loop } from '../loops.ts'
import type { Sites } from '../operator-sites.ts'
import type { Database } from '../postgres/connect.ts'
import { postgresOidc, type KeyRow, type OidcStore } from '../postgres/oidc.ts'
import type { Sight } from '../sight.ts'
import { backChannel, lookAtAsks } from './ciba.ts'
import { endClient, listClients, registerClient } from './clients.ts'
import { keysAt, loadKeys } from './keys.ts'
import { loadLibrary, makeProvider, type Library } from './provider.ts'
import { serveSignIn } from './sign-in.ts'

export type Oidc = Readonly<{
  store: OidcStore
  /** Registers /oidc on the app. */
  serve(app: FastifyInstance, files: Files | null): void
  /** What the operator's desk does with sites. */
  sites: Sites
  /** Registers the operator's list of sites. */
  further(on: OnRoute): void
  settle(): Promise<void>
  /** Looks after open questions, also those of a hub that has died. */
  start(): Loop
}>

const MOUNT = '/oidc'
/** Keys that another hub has added are known here this soon; they sign a minute later (keys.ts). */
const KEYS_KNOWN_MS = 5_000
const LOOK_EVERY_MS = 1_000
const SWEEP_EVERY = 60

type Loaded = Readonly<{
  provider: Provider
  library: Library
  answer: ReturnType<Provider['callback']>
  keyIds: string
}>

export function createOidc(parts: {
  database: Database
  books: Store
  hub: Switch
  sight: Sight
  budgets: Budgets
  /** where people reach the hub: its own when it listens */
  origin: () => string
  /** sites on this very machine may be pinged */
  loopback: boolean
  now: () => number
  onError: (error: unknown) => void
}): Oidc {
  const { database, books, hub, sight, budgets, origin, now, onError } = parts
  const store = postgresOidc(database)
  let library: Promise<Library> | undefined
  let secrets: Promise<{ subjectKey: Uint8Array; cookieKey: Uint8Array }> | undefined
  let known: Readonly<{ rows: readonly KeyRow[]; at: number }> | undefined
  let loaded: Loaded | undefined
  let poke: () => void = () => {}

  /** A promise that failed is not kept: the database may be back. */
  function once<Value>(
    kept: Promise<Value> | undefined,
    make: () => Promise<Value>,
    forget: () => void,
  ): Promise<Value> {
    if (kept !== undefined) return kept
    const made = make()
    made.catch(forget)
    return made
  }
  const theLibrary = (): Promise<Library> => (library = once(library, loadLibrary, () => (library = undefined)))
  const theSecrets = () => (secrets = once(secrets, makeSecrets, () => (secrets = undefined)))
  async function makeSecrets() {
    const [subjectKey, cookieKey] = await Promise.all([
      store.secret('subjects', randomBytes(32)),
      store.secret('cookies', randomBytes(32)),
    ])
    return { subjectKey, cookieKey }
  }

  async function load(): Promise<Loaded> {
    const [lib, { subjectKey, cookieKey }] = await Promise.all([theLibrary(), theSecrets()])
    if (known === undefined || now() - known.at > KEYS_KNOWN_MS) known = { rows: await loadKeys(store), at: now() }
    const keys = keysAt(known.rows, now())
    const keyIds = keys.map(({ id }) => id).join(' ')
    if (loaded?.keyIds === keyIds) return loaded
    const channel = backChannel(lib, { store, books, hub, budgets, subjectKey, now, onAsk: () => poke() })
    const provider = makeProvider({
      library: lib,
      store,
      backChannel: channel,
      issuer: origin() + MOUNT,
      keys,
      cookieKey,
      loopback: parts.loopback,
      onError,
    })
    return (loaded = { provider, library: lib, answer: provider.callback(), keyIds })
  }

  return {
    store,
    serve(app, files) {
      serveSignIn(app, {
        store,
        hub,
        sight,
        budgets,
        origin,
        subjectKey: async () => (await theSecrets()).subjectKey,
        provider: async () => (await load()).provider,
        page: files?.get('/signin.html') ?? null,
        now,
      })
      // In a scope of its own: the provider reads forms from the stream, which the hub's own parser for JSON must leave alone.
      void app.register(async (scope) => {
        scope.removeAllContentTypeParsers()
        scope.addContentTypeParser('*', (_request, _body, done) => done(null))
        scope.route({
          method: ['GET', 'POST', 'OPTIONS'],
          url: `${MOUNT}/*`,
          async handler(request, reply) {
            const { answer } = await load()
            const { raw, url } = request
            const { host, protocol } = new URL(origin())
            // The one word about where the hub is that the provider believes is the hub's.
            Object.assign(raw.headers, { host, 'x-forwarded-host': host, 'x-forwarded-proto': protocol.slice(0, -1) })
            raw.url = url.slice(MOUNT.length)
            // Border: Koa reads where it is mounted from here, as from every framework.
            Object.assign(raw, { originalUrl: url })
            for (const [name, value] of HEADERS) reply.raw.setHeader(name, value)
            reply.hijack()
            await answer(raw, reply.raw)
          },
        })
      })
    },
    sites: {
      async registerClient(site) {
        const made = await registerClient(store, site)
        // The desk has looked for faults before it wrote the line in its log.
        assert(!isProblem(made), 'the desk registers no faulty site')
      },
      endClient: async (id) => void (await endClient(store, id)),
      listClients: () => listClients(store),
    },
    further: (on) => on(OPERATOR_ROUTES.operatorClients, async () => ({ clients: await listClients(store) })),
    /** Makes what the provider keeps secret, before anybody asks: later it would be a row that nobody caused. */
    settle: async () => void (await theSecrets()),
    start() {
      let round = 0
      const look = async (): Promise<void> => {
        if (round++ % SWEEP_EVERY === 0) await store.sweep()
        const { subjectKey } = await theSecrets()
        await lookAtAsks({ store, books, hub, budgets, subjectKey, now, provider: load })
      }
      const loop = every(LOOK_EVERY_MS, look, onError)
      poke = () => void look().catch(() => {})
      return {
        async stop() {
          poke = () => {}
          await loop.stop()
        },
      }
    },
  }
}

/** What the provider answers has no script, no frame and no cache. */
const HEADERS = [
  ['content-security-policy', "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'"],
  ['x-content-type-options', 'nosniff'],
  ['referrer-policy', 'no-referrer'],
  ['cache-control', 'no-store'],
] as const

/** The demo's site, whose secret is no secret: examples/ signs people in with it. */
export const DEMO_SITE = { id: 'demo-site', secret: 'demo-site-secret', redirectUri: 'http://localhost:4001/callback' }

export const registerDemoSite = (store: OidcStore, party: PartyId): Promise<unknown> =>
  registerClient(store, {
    party,
    name: 'Marubeni Bakery online',
    redirectUris: [DEMO_SITE.redirectUri],
    ciba: 'poll',
    notificationEndpoint: null,
    attributes: ['age-band', 'member-number', 'region', 'email', 'portrait'],
    id: DEMO_SITE.id,
    secret: DEMO_SITE.secret,
  })
