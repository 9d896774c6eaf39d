// Hub, vault and issuer are killed while people pay by card; when all is up again the three books agree. A few places here; all of them, and as
// many more as one likes, by `npm run torture -- cards --cycles N`.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cardPlan, CYCLES_FOR_ALL, HUB_PLACES, planName } from '../torture/cards-plan.ts'
import { payingByCard } from '../torture/cards.ts'
import { torture } from '../torture/torture.ts'
import { FAILPOINTS as ISSUER_PLACES } from '#issuer/failpoints.ts'
import { FAILPOINTS as VAULT_PLACES } from '#vault/failpoints.ts'

/** One of each: the hub has the issuer's yes and has not booked it; the vault has sent and not heard; the issuer has booked and not answered. */
const HERE = ['hub told authorise', 'vault intent-sent', 'issuer written'] as const
/** By the first of them that a seed plans. */
const seedOf = (place: string): number => {
  for (let seed = 0; seed < CYCLES_FOR_ALL; seed++) if (planName(cardPlan(seed)) === place) return seed
  throw new Error(`no seed plans ${place}`)
}

test('the hub is killed with the yes in its hand, the vault between sending and hearing, the issuer before it answers', async () => {
  const seeds = HERE.map(seedOf)
  let paid = 0
  const found = await torture(payingByCard, {
    aim: seeds.length,
    seeds,
    sabotage: null,
    pairs: 2,
    add: (cycle) => (paid += cycle.acknowledged),
  })
  assert.equal(found, null)
  assert.ok(paid > 0, 'cards have paid')
})

test('the cycles come by every place of hub, vault and issuer', () => {
  const planned = new Set(Array.from({ length: CYCLES_FOR_ALL }, (_, seed) => planName(cardPlan(seed))))
  for (const { moment, of } of HUB_PLACES) assert.ok(planned.has(`hub ${moment} ${of}`), `hub ${moment} ${of}`)
  for (const place of VAULT_PLACES) assert.ok(planned.has(`vault ${place}`), `vault ${place}`)
  for (const place of ISSUER_PLACES) assert.ok(planned.has(`issuer ${place}`), `issuer ${place}`)
})
