// Relying sites: registered by the operator for a merchant, ended by the operator. The secret is told once; kept is its SHA-256.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { bucketOfId, idInBucket, type PartyId } from '#core/ids.ts'
import { ASKABLE, type Askable } from '#core/persona.ts'
import type { OperatorRouteView } from '#protocol/operator.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import type { ClientRow, OidcStore } from '../postgres/oidc.ts'
import { SCOPE_OF, scopesOf } from './claims.ts'
import { isLoopback } from '../open-internet.ts'

export type NewSite = Readonly<{
  party: PartyId
  name: string
  redirectUris: readonly string[]
  ciba: 'none' | 'poll' | 'ping'
  notificationEndpoint: string | null
  attributes: readonly Askable[]
  /** where the asker made them: asked for again, they are the same */
  id?: string
  secret?: string
  /** authorization requests only by PAR (RFC 9126) */
  pushedOnly?: boolean
  signing?: 'RS256' | 'ES256'
}>

/** What is wrong with a site before anything is made; undefined when nothing is. */
export function siteFault({ redirectUris, ciba, notificationEndpoint }: NewSite): Problem | undefined {
  const invalid = (field: string): Problem => problemOf('field-invalid', { field })
  if (redirectUris.length === 0 && ciba === 'none') return invalid('redirectUris')
  if (new Set(redirectUris).size < redirectUris.length) return invalid('redirectUris')
  const bad = redirectUris.findIndex((uri) => !isOurs(uri))
  if (bad >= 0) return invalid(`redirectUris/${bad}`)
  if ((ciba === 'ping') !== (notificationEndpoint !== null)) return invalid('notificationEndpoint')
  return notificationEndpoint === null || isPinged(notificationEndpoint) ? undefined : invalid('notificationEndpoint')
}

/** On the machine itself by http alone: the provider keeps one scheme for it. */
const isPinged = (uri: string): boolean =>
  isOurs(uri) && (URL.parse(uri)?.protocol === 'http:' || !isLoopback(URL.parse(uri)?.hostname ?? ''))

/** https anywhere, or http on the machine itself; exact addresses without user, password or fragment. */
function isOurs(uri: string): boolean {
  const url = URL.parse(uri)
  if (url === null || url.username !== '' || url.password !== '' || uri.includes('#') || uri.includes('*')) return false
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))
}

/**
 * Registers a site for a merchant, whose id has been looked up. The secret (256 random bits where none is given) is in the answer and
 * nowhere else. The same id again changes nothing.
 */
export async function registerClient(
  store: OidcStore,
  site: NewSite,
): Promise<{ id: string; secret: string } | Problem> {
  const fault = siteFault(site)
  if (fault !== undefined) return fault
  const id = site.id ?? `site-${randomBytes(12).toString('hex')}`
  const secret = site.secret ?? randomBytes(32).toString('base64url')
  const terminal = idInBucket('trm', bucketOfId(site.party), randomBytes(14))
  await store.addClient({ id, party: site.party, terminal, metadata: metadataOf(site, id, secret) })
  return { id, secret }
}

/** The site may sign nobody in any more, from its next request on; false when there is none. */
export const endClient = (store: OidcStore, id: string): Promise<boolean> => store.endClient(id)

export type SiteView = OperatorRouteView<'operatorClients'>['clients'][number]

export const listClients = async (store: OidcStore): Promise<SiteView[]> => (await store.clients()).map(siteView)

/** What is kept in place of a secret. The provider compares through `isSecret`, so that nothing else is needed. */
export const secretHash = (secret: string): string => createHash('sha256').update(`warifu site ${secret}`).digest('hex')

export const isSecret = (hash: string, secret: string): boolean => {
  const [left, right] = [Buffer.from(hash), Buffer.from(secretHash(secret))]
  return left.length === right.length && timingSafeEqual(left, right)
}

export const CIBA_GRANT = 'urn:openid:params:grant-type:ciba'

function metadataOf(site: NewSite, id: string, secret: string): Record<string, unknown> {
  const { name, redirectUris, ciba, notificationEndpoint, attributes, pushedOnly, signing } = site
  const signsIn = redirectUris.length > 0
  return {
    client_id: id,
    client_name: name,
    client_secret: secretHash(secret),
    token_endpoint_auth_method: 'client_secret_basic',
    redirect_uris: redirectUris,
    response_types: signsIn ? ['code'] : [],
    response_modes: ['query'],
    grant_types: [...(signsIn ? ['authorization_code'] : []), ...(ciba === 'none' ? [] : [CIBA_GRANT])],
    scope: scopesOf(attributes).join(' '),
    id_token_signed_response_alg: signing ?? 'RS256',
    ...(pushedOnly === true && { require_pushed_authorization_requests: true }),
    ...(ciba !== 'none' && { backchannel_token_delivery_mode: ciba, backchannel_user_code_parameter: true }),
    ...(notificationEndpoint !== null && { backchannel_client_notification_endpoint: notificationEndpoint }),
  }
}

function siteView({ id, party, merchant, metadata, status, createdAt }: ClientRow): SiteView {
  const scopes = String(metadata.scope).split(' ')
  const mode = metadata.backchannel_token_delivery_mode
  return {
    id,
    party,
    merchant,
    name: String(metadata.client_name),
    redirectUris: Array.isArray(metadata.redirect_uris) ? metadata.redirect_uris.map(String) : [],
    ciba: mode === 'poll' || mode === 'ping' ? mode : 'none',
    attributes: ASKABLE.filter((what) => scopes.includes(SCOPE_OF[what])),
    status,
    createdAt,
  }
}
