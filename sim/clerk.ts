// Who carries orders to the payers' bank, as server/bank does: again and again until they are answered, by whichever hub comes by. What
// it is told it holds against what it asked. Those to cards' issuers go over the vault (clerk-cards.ts).
import type { Order } from '#core/means.ts'
import type { OpenOrder, Store } from '#switch/store.ts'
import { StoreUnavailable } from '#switch/store.ts'
import { TooBusy } from '#switch/lanes.ts'
import type { Switch } from '#switch/switch.ts'
import { cardClerk } from './clerk-cards.ts'
import type { Chance } from './random.ts'
import type { World } from './world.ts'

/** How bugs are planted here. */
export type ClerkBugs = Readonly<{
  /** each try is another order to the bank */
  newIds?: true
  /** a yes that comes too late is filed as a yes */
  keepsLateYes?: true
  /** a reversal is ticked off, and the bank never hears of it */
  skipsReversals?: true
  skipsReturns?: true
  /** nobody compares what was answered with what was asked */
  takesAnyOrder?: true
  takesAnyAmount?: true
}>

const AT_ONCE = 8
const AGAIN_MS = [700, 3_500] as const

/** The order's id at the bank: for ever the same. */
const idOf = ({ payment, number }: Pick<Order, 'payment' | 'number'>): string => `${payment} ${number}`

/** A clerk of one life of a hub: each call carries out what is due and not under way. */
export function openClerk(world: World, { hub, store }: { hub: Switch; store: Store }, chance: Chance) {
  const { bank, history, checks } = world
  const bugs = world.plant.clerk ?? {}
  const underway = new Set<string>()

  const again = (order: OpenOrder, trouble: string): Promise<void> =>
    store.postponeOrder(order.payment, order.number, chance.between(...AGAIN_MS), trouble)
  const conclude = async (order: OpenOrder, state: 'yes' | 'no' | 'done'): Promise<void> => {
    const isFirst = await store.concludeOrder(order.payment, order.number, { state, reference: null, trouble: null })
    if (isFirst) history.tell(`${order.kind} ${order.payment.slice(4, 12)} ${order.number} ${state}`)
  }

  const carryCard = cardClerk(world, { hub, store }, { again, conclude, idOf })

  async function collect(order: OpenOrder): Promise<void> {
    const { payment, number, means, amount } = order
    const id = bugs.newIds === true ? `${idOf(order)} ${order.tries}` : idOf(order)
    const said = await bank.collect(id, means, amount)
    const fits =
      said !== 'silence' &&
      (said.id === id || bugs.takesAnyOrder === true) &&
      (said.amount === amount || bugs.takesAnyAmount === true)
    if (!fits) {
      if (said !== 'silence') history.count('answers that did not fit')
      // Nobody waits for it any more: either a hub has died after it had told the payment, or its reversal is on its way.
      const row = await store.readPayment(payment)
      const isIts = row?.collect === number && row.approvedAt !== null
      if (isIts && row.portions.some(({ state }) => state.kind === 'authorising')) return again(order, 'no answer')
      return conclude(order, isIts ? 'yes' : 'no')
    }
    const answer = await hub.answerOutside(payment, number, said.yes, said.reason)
    const isTaken = answer.refusal === null
    if (said.yes && !isTaken) history.count('banks too late')
    await conclude(order, said.yes && (isTaken || bugs.keepsLateYes === true) ? 'yes' : 'no')
    // The bank says everything twice now and then.
    if (chance.happens(0.2)) await hub.answerOutside(payment, number, said.yes, said.reason)
  }

  async function carry(order: OpenOrder): Promise<void> {
    if (order.via === 'card') return carryCard(order)
    if (order.kind === 'collect') return collect(order)
    const isSkipped = order.kind === 'reverse' ? bugs.skipsReversals : bugs.skipsReturns
    const said =
      isSkipped === true
        ? 'done'
        : order.kind === 'reverse'
          ? await bank.reverse(idOf({ payment: order.payment, number: order.of ?? 0 }))
          : await bank.giveBack(idOf(order), order.means, order.amount)
    return said === 'silence' ? again(order, 'no answer') : conclude(order, 'done')
  }

  return async function look(): Promise<void> {
    for (const via of ['bank', 'card'] as const)
      for (const order of await store.readOrders(via, AT_ONCE)) {
        const id = idOf(order)
        if (underway.has(id)) continue
        underway.add(id)
        carry(order)
          .catch((error: unknown) => {
            if (!(error instanceof StoreUnavailable || error instanceof TooBusy))
              checks.fail(`the clerk stumbled: ${String(error)}`)
          })
          .finally(() => underway.delete(id))
      }
  }
}
