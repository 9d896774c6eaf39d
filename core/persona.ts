// What a payer lets others see. The display name always; the rest only where it was released: to everybody, to one merchant, or when asked.
import type { Attributes } from './standing.ts'

/** What may be asked for beside the display name. */
export const ASKABLE = ['age-band', 'member-number', 'region', 'email', 'portrait'] as const
export type Askable = (typeof ASKABLE)[number]

/** Each once, in the order of ASKABLE. */
export const inOrder = (attributes: readonly Askable[]): Askable[] =>
  ASKABLE.filter((what) => attributes.includes(what))

/** `ask`: the payer is asked each time. */
export type Release = 'show' | 'ask' | 'hide'
export type Releases = Readonly<Record<Askable, Release>>

/** Nothing leaves without a word of its owner. */
export const NO_RELEASES: Releases = {
  'age-band': 'ask',
  'member-number': 'ask',
  region: 'ask',
  email: 'ask',
  portrait: 'ask',
}

/** In years: the bands that laws on tickets, alcohol, tobacco and pensions draw; nobody learns more of a birth date. */
export const AGE_BANDS = ['0-12', '13-17', '18-19', '20-64', '65-'] as const
export type AgeBand = (typeof AGE_BANDS)[number]

/** What was shown; null or empty where nothing was released, or nothing is known. */
export type Shown = Readonly<{
  ageBand: AgeBand | null
  members: readonly Readonly<{ name: string; number: string | null }>[]
  region: string | null
  email: string | null
  /** hex of the picture's SHA-256: which picture it was */
  portrait: string | null
}>

export const NOTHING_SHOWN: Shown = { ageBand: null, members: [], region: null, email: null, portrait: null }

/** All that could be shown of a person to one merchant, and what they let that merchant see. Only what is verified is here. */
export type Persona = Readonly<{
  attributes: Attributes
  /** verified by a code that was sent there */
  email: string | null
  portrait: string | null
  releases: Releases
}>

/** The age band on `day` (20261203) of somebody born on `birthDate`. */
export function ageBandOf(birthDate: number | null, day: number): AgeBand | null {
  if (birthDate === null || birthDate > day) return null
  const years = Math.floor((day - birthDate) / 10_000)
  if (years < 13) return '0-12'
  if (years < 18) return '13-17'
  if (years < 20) return '18-19'
  return years < 65 ? '20-64' : '65-'
}

/** Exactly what these attributes show on `day`. */
export function shownOf(persona: Persona, wanted: readonly Askable[], day: number): Shown {
  const { attributes, email, portrait } = persona
  const has = (what: Askable): boolean => wanted.includes(what)
  return {
    ageBand: has('age-band') ? ageBandOf(attributes.birthDate, day) : null,
    members: has('member-number')
      ? attributes.memberships.flatMap(({ name, number, until }) =>
          until === null || day <= until ? [{ name, number: number ?? null }] : [],
        )
      : [],
    region: has('region') ? attributes.region : null,
    email: has('email') ? email : null,
    portrait: has('portrait') ? portrait : null,
  }
}

/** The attributes that this merchant sees without a question. */
export const shownAtOnce = ({ releases }: Persona): Askable[] => ASKABLE.filter((what) => releases[what] === 'show')

/** What of a person these values are. */
export const attributesIn = ({ ageBand, members, region, email, portrait }: Shown): Askable[] => {
  const said: Readonly<Record<Askable, boolean>> = {
    'age-band': ageBand !== null,
    'member-number': members.length > 0,
    region: region !== null,
    email: email !== null,
    portrait: portrait !== null,
  }
  return ASKABLE.filter((what) => said[what])
}

/** The attributes that the payer decides about each time, of those that would show anything on `day`. */
export const shownOnAsking = (persona: Persona, day: number): Askable[] =>
  attributesIn(shownOf(persona, ASKABLE, day)).filter((what) => persona.releases[what] === 'ask')

/** Both together: what was shown before stays shown. */
export const shownBoth = (before: Shown, more: Shown): Shown => ({
  ageBand: more.ageBand ?? before.ageBand,
  members: more.members.length > 0 ? more.members : before.members,
  region: more.region ?? before.region,
  email: more.email ?? before.email,
  portrait: more.portrait ?? before.portrait,
})
