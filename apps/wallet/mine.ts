// What a person has set up: profile, what is shown to whom, phones, passkeys. As the hub said last; pure.
import { ASKABLE, type Askable, type Release, type Releases } from '#core/persona.ts'
import type { DevicesView, PasskeysView, ProfileView, ReleasesView } from '#protocol/identity.ts'
import type { CardPaymentsView, CardsView } from '#protocol/cards.ts'
import type { MeansListView } from '#protocol/means.ts'
import type { PaymentView, ShownView } from '#protocol/views.ts'

export type Shop = Readonly<{ party: string; name: string }>

/** null: not read yet. */
export type Mine = Readonly<{
  profile: ProfileView | null
  releases: ReleasesView | null
  devices: DevicesView | null
  passkeys: PasskeysView['passkeys'] | null
  banks: MeansListView | null
  cards: CardsView | null
  paidByCard: CardPaymentsView | null
  /** of the last payments, for whom something of their own may be chosen */
  shops: readonly Shop[] | null
}>

export const NOTHING_READ: Mine = {
  profile: null,
  releases: null,
  devices: null,
  passkeys: null,
  banks: null,
  cards: null,
  paidByCard: null,
  shops: null,
}

/** Where all that is set up can be changed. `shop` null: what everybody sees. */
export type MyPlace =
  | Readonly<{ at: 'profile' }>
  | Readonly<{ at: 'email' }>
  | Readonly<{ at: 'portrait'; from: 'enrolment' | 'profile' }>
  | Readonly<{ at: 'shown' }>
  | Readonly<{ at: 'shown-to'; shop: Shop | null }>
  | Readonly<{ at: 'phones' }>
  | Readonly<{ at: 'phone-code'; code: string; expiresAt: number }>
  | Readonly<{ at: 'security' }>
  | Readonly<{ at: 'change-pin' }>
  | Readonly<{ at: 'sites' }>
  | Readonly<{ at: 'banks' }>
  | Readonly<{ at: 'bank-add' }>
  | Readonly<{ at: 'cards' }>
  | Readonly<{ at: 'card-add' }>
  | Readonly<{ at: 'card-history' }>
  | Readonly<{ at: 'card'; card: string }>
  | Readonly<{ at: 'notifications' }>

export type Members = ShownView['members']

/** What a shop would see of this person if everything were shown: the operator's findings alone, never a claim. */
export const shownIfAll = (profile: ProfileView): ShownView => ({
  ageBand: profile.verified.ageBand,
  members: profile.verified.members,
  region: profile.verified.region,
  email: profile.email,
  portrait: profile.portrait !== null,
})

const EMPTY: ShownView = { ageBand: null, members: [], region: null, email: null, portrait: false }

/** The part of it that these attributes show. */
export const partOf = (shown: ShownView, attributes: readonly Askable[]): ShownView => ({
  ageBand: attributes.includes('age-band') ? shown.ageBand : EMPTY.ageBand,
  members: attributes.includes('member-number') ? shown.members : EMPTY.members,
  region: attributes.includes('region') ? shown.region : EMPTY.region,
  email: attributes.includes('email') ? shown.email : EMPTY.email,
  portrait: attributes.includes('portrait') && shown.portrait,
})

export function hasValue(shown: ShownView, attribute: Askable): boolean {
  const { ageBand, members, region, email, portrait } = partOf(shown, [attribute])
  return ageBand !== null || members.length > 0 || region !== null || email !== null || portrait
}

/** What counts for this shop: its own choice, else that for everybody. */
export function releasesFor(releases: ReleasesView, party: string | null): Releases {
  const own = releases.merchants.find((merchant) => merchant.party === party)
  return own?.releases ?? releases.everybody
}

export const releaseSet = (releases: Releases, attribute: Askable, release: Release): Releases => ({
  ...releases,
  [attribute]: release,
})

/** Shops of the last payments that have no choice of their own yet. */
export function shopsToAdd({ shops, releases }: Mine): readonly Shop[] {
  const known = new Set(releases?.merchants.map(({ party }) => party))
  return shops?.filter(({ party }) => !known.has(party)) ?? []
}

/** The shops of payments, each once, people left out. */
export function shopsOf(payments: readonly Pick<PaymentView, 'biller'>[]): readonly Shop[] {
  const shops = new Map<string, Shop>()
  for (const { biller } of payments) {
    if (!biller.isPerson && !shops.has(biller.party))
      shops.set(biller.party, { party: biller.party, name: biller.name })
  }
  return [...shops.values()]
}

// ---- questions

export type Answer = Readonly<{ attribute: Askable; isOn: boolean; mayChange: boolean }>

/**
 * How the switches of a question stand: what is always shown is on, what one wants to be asked about is off, what is never shown is off
 * and cannot be turned on here. While the releases are not known nothing is on. `chosen`: what the person has turned since. Of what is
 * not there nothing can be shown. `all`: what there is, null while that is not known.
 */
export function answersTo(
  question: NonNullable<PaymentView['question']>,
  releases: Releases | null,
  chosen: Partial<Record<Askable, boolean>>,
  all: ShownView | null,
): readonly Answer[] {
  return ASKABLE.filter((attribute) => question.attributes.includes(attribute)).map((attribute) => {
    const release = releases?.[attribute] ?? 'ask'
    if (release === 'hide' || (all !== null && !hasValue(all, attribute))) {
      return { attribute, isOn: false, mayChange: false }
    }
    return { attribute, isOn: chosen[attribute] ?? release === 'show', mayChange: true }
  })
}

export const releasedBy = (answers: readonly Answer[]): Askable[] =>
  answers.filter(({ isOn }) => isOn).map(({ attribute }) => attribute)

/** An answered question, as this phone remembers it. */
export type Told = Readonly<{ payment: string; name: string; at: number }>

/** How many of them: a question is no entry of the account, so the phone itself keeps the list. */
const TOLD = 30

export function toldWith(told: readonly Told[], view: PaymentView): readonly Told[] {
  if (view.answered === null || told.some(({ payment }) => payment === view.payment)) return told
  return [{ payment: view.payment, name: view.biller.name, at: view.answered.at }, ...told].slice(0, TOLD)
}

// ---- phones and keys

export const thisPhone = ({ devices }: Mine): DevicesView['devices'][number] | undefined =>
  devices?.devices.find(({ isThis }) => isThis)

/** Does this phone approve with its security key alone? */
export const isKeyOnly = (mine: Mine): boolean => thisPhone(mine)?.approvesWith === 'security-key'

export const securityKeys = ({ passkeys }: Mine): readonly string[] =>
  passkeys?.filter(({ kind }) => kind === 'security-key').map(({ credential }) => credential) ?? []

/** Until when small payments need no proof; null when they do. */
export function unlockedUntil(provedAt: number, unlockMs: number, now: number): number | null {
  return provedAt > 0 && now < provedAt + unlockMs ? provedAt + unlockMs : null
}
