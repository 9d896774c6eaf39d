// The certified provider (oidc-provider) as this hub wants it: code with PKCE, PAR and CIBA, nothing remembered in the browser, subjects
// that two sites cannot compare. Loaded when OpenID is first asked for: it costs some 20 MB.
import type { EventEmitter } from 'node:events'
import { StoreUnavailable } from '#switch/store.ts'
import type { Adapter, AdapterPayload, Configuration, KoaContextWithOIDC, Provider } from 'oidc-provider'
import type { ClientRow, KeyRow, OidcStore } from '../postgres/oidc.ts'
import { acrOf, CLAIMS, claimsFrom, type Released } from './claims.ts'
import { STRENGTHS } from '#core/device.ts'
import { CIBA_GRANT, isSecret } from './clients.ts'
import { jwksOf } from './keys.ts'
import { isLoopback } from '../open-internet.ts'
import { maskedNumber } from '../text-check.ts'
import { post } from './outgoing.ts'
import type { BackChannel } from './ciba.ts'

export type Library = typeof import('oidc-provider')

/** A tab that nobody looks at does not show numbers for ever. */
export const SIGN_IN_SECONDS = 600
/** The longest that a question of the back channel waits. */
export const CIBA_SECONDS = 300
const CIBA_USUAL_SECONDS = 120
const CODE_SECONDS = 60
const SIGNED_BY = ['RS256', 'ES256'] as const
const TOKEN_SECONDS = 600
export const GRANT_SECONDS = 900
/** CIBA's interval, which clients that are told none take for granted; half a second of it is the network's. */
const POLL_MS = 5_000
const POLL_SLACK_MS = 500

/** Loads the library. It finds fault with every Node that is not a long-term release; all else that it says is let through. */
export async function loadLibrary(): Promise<Library> {
  const { warn } = console
  console.warn = (...said: unknown[]): void => {
    if (!String(said[0]).includes('Unsupported runtime')) warn(...said)
  }
  try {
    return await import('oidc-provider')
  } finally {
    console.warn = warn
  }
}

/** A browser that did not wait for the answer. */
const HAS_GONE = new Set(['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE'])

export type ProviderParts = Readonly<{
  library: Library
  store: OidcStore
  backChannel: BackChannel
  issuer: string
  keys: readonly KeyRow[]
  /** signs the cookies */
  cookieKey: Uint8Array
  /** http on this machine may be pinged: a demo, or a hub that is reached there itself */
  loopback: boolean
  onError: (error: unknown) => void
}>

/** A provider with these keys; made anew when they change. */
export function makeProvider(parts: ProviderParts): Provider {
  const { library, store, issuer, onError } = parts
  const provider = new library.Provider(issuer, configurationOf(parts))
  // Whatever proxies say, the hub has said it already (serve.ts).
  provider.proxy = true
  // Border: it is Koa's event, and an emitter's; the types name the library's own alone.
  ;(provider as EventEmitter).on('error', (error: unknown) => {
    if (!HAS_GONE.has(String(error instanceof Error && Reflect.get(error, 'code')))) onError(error)
  })
  provider.on('server_error', (ctx, error) => {
    if (!(error instanceof StoreUnavailable)) return onError(error)
    if (ctx.status === 500) ctx.status = 503
    ctx.set('retry-after', '1')
  })
  // Border: the model's class is not in the types. What is kept of a secret is its hash, so the library's own comparison cannot be used.
  const { prototype } = provider.Client as unknown as {
    prototype: { clientSecret: string; compareClientSecret(actual: string): boolean }
  }
  prototype.compareClientSecret = function compare(actual) {
    return isSecret(this.clientSecret, actual)
  }
  provider.use(async (ctx, next) => {
    await next()
    // Border: the library puts it there for its own routes.
    await amend(store, ctx as unknown as KoaContextWithOIDC)
  })
  return provider
}

/** What the library leaves to be said or done. */
async function amend(store: OidcStore, ctx: KoaContextWithOIDC): Promise<void> {
  const { body } = ctx
  if (!isObject(body)) return
  switch (ctx.path) {
    case '/.well-known/openid-configuration':
      // The library takes our account ids for public ones; they are pairwise already (claims.ts).
      ctx.body = {
        ...body,
        subject_types_supported: ['pairwise'],
        response_modes_supported: ['query'],
        grant_types_supported: ['authorization_code', CIBA_GRANT],
        // In the library's own order, which is that of the keys, it would be another one at each hub.
        id_token_signing_alg_values_supported: SIGNED_BY,
      }
      return
    case '/backchannel':
      if (ctx.status === 200) ctx.body = { ...body, interval: POLL_MS / 1000 }
      return
    case '/token': {
      const request: unknown = ctx.oidc.params?.auth_req_id
      if (body.error !== 'authorization_pending' || typeof request !== 'string') return
      if (await store.mayPoll(request, POLL_MS - POLL_SLACK_MS)) return
      ctx.body = { error: 'slow_down', error_description: 'ask again five seconds later than so far' }
    }
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function configurationOf({ library, store, backChannel, keys, cookieKey, loopback }: ProviderParts): Configuration {
  const { interactionPolicy, errors } = library
  const { Check, Prompt } = interactionPolicy
  return {
    adapter: (model) => adapterOf(library, store, model),
    jwks: jwksOf(keys),
    cookies: {
      names: { session: 'warifu-sign-in', interaction: 'warifu-interaction', resume: 'warifu-resume' },
      keys: [Buffer.from(cookieKey).toString('base64url')],
      short: { httpOnly: true, sameSite: 'lax', signed: true },
      long: { httpOnly: true, sameSite: 'lax', signed: true },
    },
    acrValues: STRENGTHS.map(acrOf),
    // The library keeps no list that it may not change.
    claims: Object.fromEntries(Object.entries(CLAIMS).map(([scope, claims]) => [scope, [...claims]])),
    scopes: ['openid'],
    subjectTypes: ['public'],
    responseTypes: ['code'],
    clientAuthMethods: ['client_secret_basic'],
    clientDefaults: { grant_types: ['authorization_code'], response_types: ['code'] },
    allowOmittingSingleRegisteredRedirectUri: false,
    clockTolerance: 5,
    pkce: { required: () => true },
    enabledJWA: { idTokenSigningAlgValues: [...SIGNED_BY] },
    issueRefreshToken: () => false,
    expiresWithSession: () => false,
    clientBasedCORS: () => false,
    formats: { bitsOfOpaqueRandomness: 256 },
    ttl: {
      AccessToken: TOKEN_SECONDS,
      AuthorizationCode: CODE_SECONDS,
      IdToken: TOKEN_SECONDS,
      Grant: GRANT_SECONDS,
      Interaction: SIGN_IN_SECONDS,
      // Nobody is remembered: see adapterOf.
      Session: SIGN_IN_SECONDS,
      BackchannelAuthenticationRequest: (ctx) => expiryOf(ctx),
    },
    features: {
      devInteractions: { enabled: false },
      dPoP: { enabled: false },
      resourceIndicators: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      pushedAuthorizationRequests: { enabled: true },
      revocation: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
      userinfo: { enabled: true },
      ciba: {
        enabled: true,
        deliveryModes: ['poll', 'ping'],
        processLoginHint: (ctx, hint) => backChannel.accountFor(ctx, String(hint)),
        processLoginHintToken: () => {
          throw new errors.InvalidRequest('login_hint_token is not supported')
        },
        validateBindingMessage: (_ctx, message) => {
          if (message !== undefined && !/^[a-zA-Z0-9\-._+/!?#]{1,20}$/.test(message))
            throw new errors.InvalidBindingMessage('the binding message has 1 to 20 letters, digits or - . _ + / ! ? #')
          if (message !== undefined && maskedNumber(message) !== undefined)
            throw new errors.InvalidBindingMessage('the binding message looks like a card number')
        },
        validateRequestContext: () => {},
        verifyUserCode: (ctx, _account, code) => backChannel.verifyUserCode(ctx, code),
        triggerAuthenticationDevice: (ctx, request) => backChannel.trigger(ctx, request),
      },
    },
    interactions: {
      // Everybody who signs in is asked, each time: there is nothing in the browser that could answer for them.
      policy: [
        new Prompt(
          { name: 'login', requestable: true },
          new Check(
            'always',
            'the person is asked each time',
            'login_required',
            (ctx) => ctx.oidc.result?.login === undefined,
          ),
        ),
      ],
      url: (_ctx, { uid }) => `/oidc/interaction/${uid}`,
    },
    loadExistingGrant: async (ctx) => {
      const grantId = ctx.oidc.result?.consent?.grantId
      return grantId === undefined ? undefined : ctx.oidc.provider.Grant.find(grantId)
    },
    async findAccount(ctx, accountId, token) {
      if (ctx.oidc.route === 'backchannel_authentication' && !backChannel.knows(ctx, accountId))
        throw new errors.InvalidRequest('only login_hint is supported')
      const released = token?.grantId === undefined ? null : await releasedBy(store, token.grantId)
      if (token?.grantId !== undefined && released === null) return undefined
      return {
        accountId,
        claims: async () => ({
          sub: accountId,
          ...(released && claimsFrom(released, await pictureOf(store, released))),
        }),
      }
    },
    renderError: (ctx, out) => {
      ctx.type = 'html'
      ctx.body = errorPage(out.error, out.error_description ?? '')
    },
    fetch: async (url, init) => {
      // Only pings are sent, and those with an address and a text.
      if (typeof url !== 'string' || typeof init?.body !== 'string') throw new TypeError('a ping has a text')
      const headers = Object.fromEntries(new Headers(init.headers))
      const status = await post(pinged(url), { headers, body: init.body }, { loopback })
      return new Response(null, { status: status >= 200 && status < 600 ? status : 502 })
    },
  }
}

function expiryOf(ctx: KoaContextWithOIDC): number {
  const wanted = Number(ctx.oidc.params?.requested_expiry ?? CIBA_USUAL_SECONDS)
  return Math.min(CIBA_SECONDS, wanted)
}

/** What was released with a grant, by the answer to its question alone. */
const RELEASED = 'Released'

export const keepReleased = (store: OidcStore, grantId: string, { party, name, shown }: Released): Promise<void> =>
  store.put(RELEASED, grantId, { payload: { party, name, shown }, grantId, lifeMs: GRANT_SECONDS * 1000 })

async function releasedBy(store: OidcStore, grantId: string): Promise<Released | null> {
  const entry = await store.find(RELEASED, grantId)
  // Border: `keepReleased` alone writes it.
  return entry === undefined ? null : (entry.payload as unknown as Released)
}

async function pictureOf(store: OidcStore, { party, shown }: Released): Promise<string | null> {
  const picture = shown.portrait === null ? null : await store.picture(party, shown.portrait)
  return picture && `data:image/jpeg;base64,${Buffer.from(picture).toString('base64')}`
}

/**
 * The provider's models over our table. Sessions are not kept at all: so nobody is signed in silently, and no cookie that somebody planted
 * before is worth anything after. Sites are read-only here.
 */
function adapterOf({ errors }: Library, store: OidcStore, model: string): Adapter {
  const isForgotten = model === 'Session'
  const isSite = model === 'Client'
  // A code used twice was stolen, and what it gave is taken back (RFC 6749, 4.1.2). A poll sent twice is a poll sent twice: one of them gets
  // the tokens, and the other must not take them from it. `consume` refuses it.
  const isPolled = model === 'BackchannelAuthenticationRequest'
  return {
    async upsert(id, payload, expiresIn) {
      if (isForgotten || isSite) return
      const { jti: _id, ...rest } = payload
      const lifeMs = expiresIn === undefined ? null : expiresIn * 1000
      await store.put(model, id, { payload: withoutUserCode(rest), grantId: payload.grantId ?? null, lifeMs })
    },
    async find(id) {
      if (isForgotten) return undefined
      if (isSite) {
        const site = await store.client(id)
        return site?.status === 'active' ? metadataOf(site) : undefined
      }
      const entry = await store.find(model, id)
      if (entry === undefined) return undefined
      return {
        ...entry.payload,
        jti: id,
        ...(entry.consumedAt !== null && !isPolled && { consumed: Math.floor(entry.consumedAt / 1000) }),
      }
    },
    async consume(id) {
      // Two that come with one code at once: the statement lets one through.
      if (await store.consume(model, id)) return
      const Used = model === 'PushedAuthorizationRequest' ? errors.InvalidRequestUri : errors.InvalidGrant
      throw new Used('it was used already')
    },
    destroy: (id) => store.remove(model, id),
    revokeByGrantId: (grantId) => store.removeOfGrant(grantId),
    // Neither sessions nor codes that people type exist here.
    findByUid: async () => undefined,
    findByUserCode: async () => undefined,
  }
}

/** The library wants https for what is pinged; on this machine it is http, and `pinged` makes it that again. */
function metadataOf({ metadata }: ClientRow): AdapterPayload {
  const { backchannel_client_notification_endpoint: to, ...rest } = metadata
  return {
    ...rest,
    ...(typeof to === 'string' && { backchannel_client_notification_endpoint: to.replace(/^http:/, 'https:') }),
  }
}

function pinged(to: string): string {
  const url = new URL(to)
  if (isLoopback(url.hostname)) url.protocol = 'http:'
  return url.href
}

/** A person's own code has been looked at and is nobody's to keep. */
function withoutUserCode(payload: AdapterPayload): AdapterPayload {
  if (payload.params === undefined) return payload
  const { user_code: _code, ...params } = payload.params
  return { ...payload, params }
}

const escaped = (text: string): string => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)

/** For people whose site has sent them here wrongly: they can only go back. */
const errorPage = (code: string, description: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Sign-in</title>
<link rel="stylesheet" href="/assets/signin.css"></head>
<body><main class="signin-plain"><h1>This sign-in cannot go on</h1>
<p>Nothing was told to the site. Go back to it and begin again.</p>
<p lang="ja">このサインインは続けられません。サイトには何も伝わっていません。サイトに戻って、もう一度始めてください。</p>
<p class="signin-code">${escaped(code)}: ${escaped(description)}</p></main></body></html>`
