// Cards at the register: a phone holds up the user id of a card and answers by itself, as another phone of its owner does wrongly; a register
// with a card machine beside it carries a one-time number there, sometimes twice, with another amount, or much too late, and another shop
// that has seen the number tries it too.
import type { PaymentView, DealView } from '#protocol/views.ts'
import type { Live } from '../machine.ts'

/** Where a register asks for the number that waits for its card machine. */
export const CARD_NUMBER = '/internal/card-number'
export type CardNumber = Readonly<{ number: string | null; amount: string }>

/** One-time numbers that somebody has seen. */
const SEEN_AT_ONCE = 6

/** The cards of who holds this phone; once in a while somebody else's. */
export function cardsOf({ chance, world, who }: Live) {
  const all = world.cards.all()
  const own = all.filter(({ party }) => 'party' in who.actor && party === who.actor.party)
  return chance.happens(0.05) ? all : own
}

/** What a register may read instead of a code: the user id of one of the owner's cards. */
export function userIdOf({ chance, world, who }: Live): string | undefined {
  const phone = world.directory.findPhone(who.actor.id)
  const own = world.cards.all().filter(({ party }) => party === phone?.actor.party)
  if (phone === undefined || own.length === 0) return undefined
  world.history.count('user ids shown')
  return world.cards.userId(phone, chance.pick(own).id)
}

/** The phone answers by itself, whichever it is: only the one that was named may. */
export async function answerByItself({ client, chance }: Live, view: PaymentView): Promise<void> {
  if (view.way !== 'card-id' || view.state !== 'joined' || view.attested !== false || chance.happens(0.3)) return
  await client.send('attest', { payment: view.payment })
}

/** Carries the number to the shop's own machine, which asks the issuer with it. */
export async function machineOf(live: Live, { payment, state }: DealView): Promise<void> {
  const { chance, transport, world, who } = live
  if (state !== 'authorising' || payment === null || !world.cards.hasMachine(who.actor.id)) return
  const reply = await transport.call({ method: 'GET', path: CARD_NUMBER, access: 'signed', body: { payment } })
  if (reply === 'no-answer' || reply.status !== 200) return
  // Border: our own hub's answer.
  const { number, amount } = reply.body as CardNumber
  if (number === null) return
  const merchant = 'party' in who.actor ? who.actor.party : ''
  const wrong = chance.happens(0.15) ? 10n : 0n
  const sale = { number, merchant, amount: BigInt(amount) + wrong }
  world.oneTime.push(sale)
  if (world.oneTime.length > SEEN_AT_ONCE) world.oneTime.shift()
  // The paper is out, or the assistant has gone for change.
  if (chance.happens(0.2)) await live.sleep(70_000, 130_000)
  // Somebody was faster, at another shop.
  if (chance.happens(0.2)) await world.cards.issuer.sale({ ...sale, merchant: 'another shop' })
  const said = await world.cards.issuer.sale(sale)
  if (said === 'yes') world.history.count('one-time numbers used')
  if (chance.happens(0.4)) await world.cards.issuer.sale({ ...sale, amount: BigInt(amount) })
}

/** A number that was used, or is just being used, at another shop or once more. */
export async function tryOldNumber({ chance, world, who }: Live): Promise<void> {
  if (world.oneTime.length === 0) return
  const sale = chance.pick(world.oneTime)
  const merchant = chance.happens(0.5) && 'party' in who.actor ? who.actor.party : sale.merchant
  await world.cards.issuer.sale({ ...sale, merchant })
}
