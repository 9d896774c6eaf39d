// A site being registered, as it is filled in. Pure.
import { ASKABLE, type Askable } from '#core/persona.ts'
import type { Body } from './hub.ts'

export const CIBA = ['none', 'poll', 'ping'] as const
export type Ciba = (typeof CIBA)[number]

export type SiteDraft = Readonly<{
  party: string | null
  name: string
  /** one address a line */
  redirects: string
  ciba: Ciba
  endpoint: string
  attributes: readonly Askable[]
}>

export const EMPTY_SITE: SiteDraft = {
  party: null,
  name: '',
  redirects: '',
  ciba: 'none',
  endpoint: '',
  attributes: [],
}

export const MOST_REDIRECTS = 10

/** The addresses as typed, one a line, empty lines left out. */
export const redirectsOf = ({ redirects }: Pick<SiteDraft, 'redirects'>): readonly string[] =>
  redirects
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')

/** https, or http for this machine alone; no fragment, which no server would see. */
export function isSiteAddress(text: string): boolean {
  if (!URL.canParse(text) || !/^https?:\/\/[!-~]{1,500}$/u.test(text)) return false
  const { protocol, hostname, hash, username } = new URL(text)
  return hash === '' && username === '' && (protocol === 'https:' || hostname === 'localhost')
}

/** Are the addresses that were typed so far right? */
export const areRedirectsRight = (draft: Pick<SiteDraft, 'redirects'>): boolean => {
  const redirects = redirectsOf(draft)
  return redirects.length <= MOST_REDIRECTS && redirects.every(isSiteAddress)
}

/** May be asked for now if it might not, and the other way round. */
export const withAttribute = (draft: SiteDraft, what: Askable): SiteDraft => ({
  ...draft,
  attributes: ASKABLE.filter((each) => (each === what) !== draft.attributes.includes(each)),
})

/** What is sent, without the reason; null while something is missing. A site that only asks unasked needs no way back. */
export function siteOf(draft: SiteDraft): Omit<Body<'register-client'>, 'why'> | null {
  const { party, ciba, attributes } = draft
  const [name, endpoint, redirectUris] = [draft.name.trim(), draft.endpoint.trim(), [...redirectsOf(draft)]]
  if (party === null || name === '' || !areRedirectsRight(draft)) return null
  if (redirectUris.length === 0 && ciba === 'none') return null
  if (ciba === 'ping' && !isSiteAddress(endpoint)) return null
  return {
    party,
    name,
    redirectUris,
    ciba,
    notificationEndpoint: ciba === 'ping' ? endpoint : null,
    attributes: [...attributes],
  }
}
