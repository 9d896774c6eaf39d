// Keys of shop servers: a bearer token that stands for one of a merchant's terminals, for what its scopes name and nothing else. It is
// looked up with each request, so that an ended key is good for nothing from that moment on, at every hub.
import { createHash } from 'node:crypto'
import { problemOf, type Problem } from '#protocol/problems.ts'
import { COMMAND_ROUTES, ROUTES, type Route } from '#protocol/routes.ts'
import { KEY_SCOPES, SCOPE_OF_COMMAND, SHOP_ROUTES, type KeyScope } from '#protocol/shop.ts'
import type { TerminalActor } from '#switch/actors.ts'
import { StoreUnavailable } from '#switch/store.ts'
import type { ApiKeyStore } from '../postgres/api-keys.ts'
import type { Directory } from './directory.ts'

export type ApiKeys = ReturnType<typeof apiKeys>

const FORM = /^wk_[A-Za-z0-9_-]{43}$/
const SEEN_EVERY_MS = 60_000

/** A secret of 32 bytes that nobody can guess, so that its hash needs no salt. */
export const apiKeyFrom = (secret: Uint8Array): string => `wk_${Buffer.from(secret).toString('base64url')}`

export const apiKeyHash = (secret: string): Uint8Array => createHash('sha256').update(secret).digest()

/** What an Authorization header shows as an API key, right or wrong; undefined where it is none. */
export const keyIn = (authorization: unknown): string | undefined =>
  typeof authorization === 'string' && authorization.startsWith('Bearer wk_')
    ? authorization.slice('Bearer '.length)
    : undefined

/** The scopes that open a route to a key; each of them does. None: no key may call it. */
const SCOPES: ReadonlyMap<Route, readonly KeyScope[]> = new Map<Route, readonly KeyScope[]>([
  ...COMMAND_ROUTES.flatMap(({ name, route }) =>
    name in SCOPE_OF_COMMAND
      ? // Border of types: `in` has just said that it is one of these names.
        [[route, [SCOPE_OF_COMMAND[name as keyof typeof SCOPE_OF_COMMAND]]] as const]
      : [],
  ),
  [ROUTES.self, KEY_SCOPES],
  ...[ROUTES.deals, ROUTES.deal, SHOP_ROUTES.paymentLinks].map((route) => [route, ['deals:read']] as const),
  ...[SHOP_ROUTES.addPaymentLink, SHOP_ROUTES.endPaymentLink].map((route) => [route, ['deals:write']] as const),
  ...[
    SHOP_ROUTES.webhooks,
    SHOP_ROUTES.addWebhook,
    SHOP_ROUTES.changeWebhook,
    SHOP_ROUTES.endWebhook,
    SHOP_ROUTES.rotateWebhook,
    SHOP_ROUTES.deliveries,
    SHOP_ROUTES.testWebhook,
    SHOP_ROUTES.resend,
  ].map((route) => [route, ['webhooks:write']] as const),
])

export const scopesFor = (route: Route): readonly KeyScope[] => SCOPES.get(route) ?? []

/** `now` is the hub's clock. */
export function apiKeys(
  parts: Readonly<{
    keys: Pick<ApiKeyStore, 'find' | 'seen'>
    directory: Pick<Directory, 'identityOf'>
    now: () => number
    onError: (error: unknown) => void
  }>,
) {
  const { keys, directory, now } = parts

  async function actorWith(secret: string, scopes: readonly KeyScope[]): Promise<TerminalActor | Problem> {
    if (!FORM.test(secret)) return problemOf('key-unknown')
    const key = await keys.find(apiKeyHash(secret))
    if (key === undefined) return problemOf('key-unknown')
    const identity = await directory.identityOf(key.terminal)
    if (identity?.actor.kind !== 'terminal') return problemOf('key-unknown')
    if (identity.status !== 'active') return problemOf('terminal-inactive')
    if (!scopes.some((scope) => key.scopes.includes(scope))) return problemOf('scope-missing')
    if ((key.lastSeenAt ?? 0) + SEEN_EVERY_MS <= now()) {
      keys.seen(key).catch((error: unknown) => {
        if (!(error instanceof StoreUnavailable)) parts.onError(error)
      })
    }
    return identity.actor
  }

  return {
    /** Who calls the route with this key. Problems: key-unknown, terminal-inactive, scope-missing. */
    actorOf: (secret: string, route: Route) => actorWith(secret, scopesFor(route)),
    /** Who watches with this key: it must be good for reading deals. */
    watcherOf: (secret: string) => actorWith(secret, ['deals:read']),
  }
}
