// What a site learns of a person, in OpenID's words: scopes and claims for what was asked and released, acr and amr for how it was proved.
import { createHmac } from 'node:crypto'
import { parseAccountNumber, type AccountNumber } from '#core/accounts.ts'
import type { Strength } from '#core/device.ts'
import type { PartyId } from '#core/ids.ts'
import type { Payment } from '#core/payment.ts'
import { NOTHING_SHOWN, type Askable, type Shown } from '#core/persona.ts'

/** One scope for each thing that may be asked; `openid` and `profile` (the display name, which everybody who asks sees) come beside them. */
export const SCOPE_OF = {
  'age-band': 'age',
  'member-number': 'member',
  region: 'region',
  email: 'email',
  portrait: 'portrait',
} as const satisfies Record<Askable, string>

/** The claims of each scope. How and when somebody proved to be there is in every ID token. */
export const CLAIMS = {
  openid: ['sub', 'acr', 'amr', 'auth_time'],
  profile: ['name'],
  age: ['age_band'],
  member: ['member'],
  region: ['region'],
  email: ['email', 'email_verified'],
  portrait: ['picture'],
} as const

// Object.keys loses the names' type; they are those of SCOPE_OF.
const ASKED = Object.keys(SCOPE_OF) as Askable[]

/** The scopes that a site with these attributes may ask for. */
export const scopesOf = (attributes: readonly Askable[]): string[] => [
  'openid',
  'profile',
  ...ASKED.filter((what) => attributes.includes(what)).map((what) => SCOPE_OF[what]),
]

/** What these scopes ask for beside the name. */
export const askedBy = (scope: string): Askable[] => {
  const scopes = scope.split(' ')
  return ASKED.filter((what) => scopes.includes(SCOPE_OF[what]))
}

/** Of the scopes that were asked for, those whose claims were released. */
export const grantedScope = (asked: string, released: readonly Askable[]): string =>
  scopesOf(released)
    .filter((scope) => asked.split(' ').includes(scope))
    .join(' ')

/** What one answer to one question lets one site know. It is kept with the grant, so that no later question adds to it. */
export type Released = Readonly<{
  party: PartyId
  name: string
  shown: Shown
}>

export type Answered = Released & Readonly<{ released: readonly Askable[]; strength: Strength; at: number }>

/** The answer that stands in a payment; null while there is none. Of what the asker may see anyway only what was released here counts. */
export function answerIn({ payer, answered }: Payment): Answered | null {
  if (answered === null) return null
  const { released, strength, at } = answered
  const has = (what: Askable): boolean => released.includes(what)
  const { shown } = payer
  return {
    party: payer.party,
    name: payer.name,
    shown: {
      ageBand: has('age-band') ? shown.ageBand : NOTHING_SHOWN.ageBand,
      members: has('member-number') ? shown.members : NOTHING_SHOWN.members,
      region: has('region') ? shown.region : NOTHING_SHOWN.region,
      email: has('email') ? shown.email : NOTHING_SHOWN.email,
      portrait: has('portrait') ? shown.portrait : NOTHING_SHOWN.portrait,
    },
    released,
    strength,
    at,
  }
}

/** The claims of what was released; the provider gives of them what the granted scopes name. `picture` is a data URL, or null. */
export const claimsFrom = ({ name, shown }: Released, picture: string | null): Record<string, unknown> => ({
  name,
  ...(shown.ageBand !== null && { age_band: shown.ageBand }),
  ...(shown.members.length > 0 && { member: shown.members }),
  ...(shown.region !== null && { region: shown.region }),
  ...(shown.email !== null && { email: shown.email, email_verified: true }),
  ...(picture !== null && { picture }),
})

const ACR_PREFIX = 'urn:warifu:acr:'

export const acrOf = (strength: Strength): string => ACR_PREFIX + strength

/** RFC 8176. The phone's own key, which software holds, signs every answer. */
const AMR: Readonly<Record<Strength, readonly string[]>> = {
  password: ['swk', 'pin', 'mfa'],
  'synced-passkey': ['swk', 'user', 'mfa'],
  'bound-passkey': ['swk', 'hwk', 'user', 'mfa'],
  'security-key': ['swk', 'hwk', 'user', 'mfa'],
  other: ['swk', 'user'],
}

export const amrOf = (strength: Strength): string[] => [...AMR[strength]]

/**
 * The subject as one site knows it: HMAC over site and person, so that two sites cannot compare. This is the only account id that the
 * provider's tables hold.
 */
export const pairwiseSubject = (key: Uint8Array, site: string, party: PartyId): string =>
  createHmac('sha256', key).update(`warifu subject ${site} ${party}`).digest('base64url')

export type LoginHint =
  Readonly<{ kind: 'account'; account: AccountNumber }> | Readonly<{ kind: 'email'; address: string }>

/** Whom a site means: an account number with or without dashes, or an e-mail address. */
export function parseLoginHint(hint: string): LoginHint | undefined {
  if (hint.includes('@')) return hint.length <= 254 ? { kind: 'email', address: hint.trim().toLowerCase() } : undefined
  const account = parseAccountNumber(hint)
  return account !== undefined ? { kind: 'account', account } : undefined
}
