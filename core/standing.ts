// What the scheme knows of a person beyond the account: attributes that the operator has verified, and today's counted purchases.
// One row in the person's bucket, read and written under the same lock as the payment it decides.
import type { PartyId } from './ids.ts'

export const MEMBERSHIP_LENGTH = 40

/** Verified attributes only; a claim decides nothing. Days are numbers on the scheme's calendar: 20061203. */
export type Attributes = Readonly<{
  birthDate: number | null
  /** ISO 3166 code or subdivision: JP-14 */
  region: string | null
  /** `until` is the last day it counts, null for no end; `number` is what a card would say */
  memberships: readonly Readonly<{ name: string; until: number | null; number?: string | null }>[]
}>

/** How many of an article (shop and code) were bought on a day. */
export type Bought = Readonly<{ article: string; day: number; quantity: number }>

/** `version` counts the writes of the row, 0 where there is none yet. */
export type Standing = Readonly<{
  party: PartyId
  version: number
  attributes: Attributes
  bought: readonly Bought[]
}>

export const NO_ATTRIBUTES: Attributes = { birthDate: null, region: null, memberships: [] }

/** Different articles with a daily quantity that one person may buy on one day: the row is written with each approval. */
export const MOST_COUNTED = 200

/** A person of whom nothing is known. */
export const unknownStanding = (party: PartyId): Standing => ({
  party,
  version: 0,
  attributes: NO_ATTRIBUTES,
  bought: [],
})

/** The standing with purchases counted or (negative quantities) given back; days before `day` decide nothing any more. */
export function withPurchases(standing: Standing, purchases: readonly Bought[], day: number): Standing {
  const counted = new Map<string, Bought>()
  for (const row of [...standing.bought, ...purchases]) {
    if (row.day < day) continue
    const key = `${row.day} ${row.article}`
    const quantity = Math.max(0, (counted.get(key)?.quantity ?? 0) + row.quantity)
    counted.set(key, { ...row, quantity })
  }
  return { ...standing, bought: [...counted.values()].filter(({ quantity }) => quantity > 0) }
}
