// The server of a shop on the web: opens orders and shows their numbers, sends payment links, gives money back. It watches nothing: what
// became of an order it learns from the messages that the hub sends it, as often as it takes.
import { idFrom } from '#core/ids.ts'
import { toHex } from '#core/bytes.ts'
import { personBill } from '../bills.ts'
import type { Live } from '../machine.ts'
import { lookAfterBills } from './people.ts'

/** A shop sends few links at a time. */
const LINKS = 4

export async function playWebShop(live: Live): Promise<void> {
  const { client, world, chance, who } = live
  world.receivers.set(who.actor.id, (message) => {
    world.checks.ways.toldShop(message)
    // The number on the page has served.
    if (message.type === 'deal.joined') world.screens.delete(who.actor.id)
  })
  void client.resume()
  while (!world.isClosing) {
    await live.sleep(1_500, 12_000)
    if (world.isClosing) break
    const what = chance.pick(['order', 'order', 'link', 'bills'] as const)
    if (what === 'order') await openOrder(live)
    if (what === 'link') sendLink(live)
    if (what === 'bills') await lookAfterBills(live)
  }
  for (;;) {
    await client.resume()
    // Whoever looks finishes what a killed hub has left half-way.
    await client.deals()
    await live.sleep(10_000, 40_000)
  }
}

async function openOrder({ client, world, chance, who }: Live): Promise<void> {
  const outcome = await client.send('open-offer', { deal: idFrom('deal', chance.bytes(16)), bill: personBill(chance) })
  if (outcome.ok) world.screens.set(who.actor.id, outcome.view.deal)
}

function sendLink({ world, chance }: Live): void {
  if (world.web.links().length >= LINKS && chance.happens(0.8)) return
  const id = toHex(chance.bytes(16))
  world.web.add({ id, uses: chance.happens(0.7) ? 'one' : 'many', amount: BigInt(chance.between(50, 900)) })
}
