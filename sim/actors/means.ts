// What the payer pays with: mostly what stands, now and then another unit at the rate of the moment, or the bank; also the bank account of
// somebody else, and a quote that is left lying until it has run out; or a card, by one method or another.
import type { PaymentView } from '#protocol/views.ts'
import { METHODS } from '../cards.ts'
import type { Live } from '../machine.ts'
import { cardsOf } from './cards.ts'

/** The view after the payer has chosen; the same where nothing was chosen, or the choice was refused. */
export async function choose(live: Live, view: PaymentView): Promise<PaymentView> {
  const { client, chance, world } = live
  if (view.bill === null || !chance.happens(view.means.kind === 'account' ? 0.55 : 0.2)) return view
  const { payment } = view
  const outcome = await client.send('choose-means', { payment, means: wanted(live, view.bill.unit) })
  if (!outcome.ok && outcome.problem.code === 'method-not-accepted') world.history.count('methods not accepted')
  const chosen = outcome.ok ? outcome.view.payment : null
  if (chosen === null) return view
  if (chosen.means.kind === 'exchange' && chance.happens(0.15)) await live.sleep(4_000, 30_000)
  return chosen
}

function wanted(live: Live, unit: string) {
  const { chance, world, who } = live
  const all = world.bank.all()
  const own = all.filter(({ party }) => 'party' in who.actor && party === who.actor.party)
  const banks = chance.happens(0.05) ? all : own
  const cards = cardsOf(live)
  const card = chance.happens(0.5) && cards.length > 0 ? chance.pick(cards) : undefined
  if (card !== undefined) return { kind: 'card', id: card.id, method: chance.pick(METHODS) } as const
  const luck = chance.below(10)
  if (luck === 0) return { kind: 'account' } as const
  if (luck > 4 && banks.length > 0) return { kind: 'bank', id: chance.pick(banks).id } as const
  return { kind: 'exchange', unit: unit === 'JPY' ? 'EUR' : 'JPY' } as const
}
