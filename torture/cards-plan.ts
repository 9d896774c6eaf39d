// Where a cycle of card payments kills, from its seed alone: the hub at a step of what it asks of the vault, the vault or an issuer at a place
// that it names itself, or any of them at random.
import { FAILPOINTS as ISSUER_PLACES } from '#issuer/failpoints.ts'
import { FAILPOINTS as VAULT_PLACES } from '#vault/failpoints.ts'
import type { Failpoint } from './failpoints.ts'
import { chanceOfCycle } from './plan.ts'

const at = (moment: Failpoint['moment'], of: string): Failpoint => ({ step: 'card', moment, of })

export const HUB_PLACES: readonly Failpoint[] = [
  at('asking', 'authorise'),
  at('told', 'authorise'),
  at('locked', 'answer'),
  at('commit sent', 'answer'),
  at('committed', 'answer'),
  at('asking', 'capture'),
  at('told', 'capture'),
  at('asking', 'release'),
  at('told', 'release'),
  at('asking', 'refund'),
  at('told', 'refund'),
  at('asking', 'reverse'),
  at('told', 'reverse'),
]

export type CardPlan = Readonly<
  | { victim: 'hub'; failpoint: Failpoint; nth: number }
  | { victim: 'vault' | 'issuer'; place: string; nth: number }
  | { victim: 'any'; whom: 'hub' | 'vault' | 'issuer'; afterMs: number }
>

/** What only some of a cycle's payments come to. */
const SELDOM: ReadonlySet<string> = new Set(['release', 'refund', 'reverse'])

/** Passed only where a card is registered. */
const isOfRegistering = (place: string): boolean => place === 'envelope-noted' || place === 'card-committed'

/** Does this cycle need somebody to register a card? */
export const wantsRegistering = (plan: CardPlan): boolean => 'place' in plan && isOfRegistering(plan.place)

/** Every place in turn, one after the other; each fifth cycle is at random. */
export function cardPlan(seed: number): CardPlan {
  const chance = chanceOfCycle('cards', seed)
  if (seed % 5 === 4)
    return { victim: 'any', whom: chance.pick(['hub', 'vault', 'issuer']), afterMs: chance.between(20, 900) }
  const nth = chance.between(1, 3)
  const places = [
    ...VAULT_PLACES.map((place): CardPlan => ({ victim: 'vault', place, nth: isOfRegistering(place) ? 1 : nth })),
    ...HUB_PLACES.map((failpoint): CardPlan => ({ victim: 'hub', failpoint, nth: SELDOM.has(failpoint.of) ? 1 : nth })),
    ...ISSUER_PLACES.map((place): CardPlan => ({ victim: 'issuer', place, nth: 2 * nth })),
  ]
  const plan = places[(seed - Math.floor(seed / 5)) % places.length]
  if (plan === undefined) throw new Error('there are places')
  return plan
}

export const planName = (plan: CardPlan): string =>
  plan.victim === 'any'
    ? `${plan.whom} at random`
    : plan.victim === 'hub'
      ? `hub ${plan.failpoint.moment} ${plan.failpoint.of}`
      : `${plan.victim} ${plan.place}`

/** So many cycles come by all of them. */
export const CYCLES_FOR_ALL = Math.ceil(((HUB_PLACES.length + VAULT_PLACES.length + ISSUER_PLACES.length) * 5) / 4)
