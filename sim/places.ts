// Where nobody stands in the simulated town: signs on walls, in whose name the hub opens deals, and a shop on the web, whose server
// has a terminal and listens to what happens there.
import { bucketOf } from '#core/accounts.ts'
import { idFrom, idInBucket } from '#core/ids.ts'
import type { Point, PointPrice } from '#core/point.ts'
import type { TerminalActor } from '#switch/actors.ts'
import type { MemoryStore } from '#switch/memory-store.ts'
import type { EnrolledRegister } from './directory.ts'
import { BUCKETS, JPY } from './town-units.ts'
import type { Chance } from './random.ts'

/** A sign, and the terminal without a key in whose name its deals are. */
export type Sign = Readonly<{ point: Point; actor: TerminalActor }>

export type Places = Readonly<{ signs: readonly Sign[]; webShop: EnrolledRegister }>

const PRICES: readonly PointPrice[] = [
  { mode: 'fixed', amount: 150n },
  { mode: 'amount', minimum: 100n, maximum: 1_200n },
]

/** Two signs, each of one of the shops, and one shop's server. */
export async function openPlaces(options: {
  store: MemoryStore
  chance: Chance
  registers: readonly EnrolledRegister[]
}): Promise<Places> {
  const { store, chance, registers } = options

  async function terminalOf(kind: 'point' | 'web-shop', label: string): Promise<TerminalActor> {
    const { actor } = chance.pick(registers)
    const id = idInBucket('trm', bucketOf(actor.account, BUCKETS), chance.bytes(14))
    await store.register({ terminals: [{ id, party: actor.party, status: 'active' }] })
    return { ...actor, id, key: idFrom('key', chance.bytes(16)), label, terminalKind: kind, cashier: null }
  }

  const signs: Sign[] = []
  for (const [index, price] of PRICES.entries()) {
    const label = `Sign ${index + 1}`
    const actor = await terminalOf('point', label)
    const id = idFrom('pnt', chance.bytes(16))
    const said = { label, place: 'On the wall', text: 'Coffee', unit: JPY, taxRate: 1_000 }
    signs.push({ actor, point: { id, ...said, price } })
  }
  const actor = await terminalOf('web-shop', 'On the web')
  const key = { secret: chance.bytes(32), pin: chance.bytes(4) }
  return { signs, webShop: { actor, key, address: 'web' } }
}
