// Who carries orders to the vault, as server/cards does: an authorisation is asked for while the payer waits, afterwards it is only asked
// what became of it; whatever follows it is said until it is done.
import type { OpenOrder, Store } from '#switch/store.ts'
import type { Switch } from '#switch/switch.ts'
import type { Asked, VaultReply } from './card-vault.ts'
import type { World } from './world.ts'

/** How bugs are planted here. */
export type CardClerkBugs = Readonly<{
  skipsReversals?: true
  skipsReturns?: true
  /** all is repaid at once, whatever the payer has signed */
  forgetsMethod?: true
  /** each try is another order to the vault */
  newIds?: true
}>

type Helpers = Readonly<{
  again: (order: OpenOrder, trouble: string) => Promise<void>
  conclude: (order: OpenOrder, state: 'yes' | 'no' | 'done') => Promise<void>
  idOf: (order: Pick<OpenOrder, 'payment' | 'number'>) => string
}>

/** Carries out one order to the vault, as far as it can be now. */
export function cardClerk(world: World, { hub, store }: { hub: Switch; store: Store }, helpers: Helpers) {
  const { history } = world
  const { vault } = world.cards
  const { again, conclude, idOf } = helpers
  const bugs = world.plant.cardClerk ?? {}

  function askedOf(order: OpenOrder): Asked {
    const { payment, number, of, means, amount, method, oneTime, tries } = order
    const isNew = bugs.newIds === true && order.kind === 'collect'
    const id = idOf({ payment, number: of ?? number }) + (isNew ? ` ${tries}` : '')
    const merchant = world.cards.merchantOf(payment)
    const said = bugs.forgetsMethod === true ? 'lump' : (method ?? 'lump')
    return { order: id, card: means, amount, method: said, merchant, oneTime }
  }

  /** Does the payer still wait for this one? */
  async function isAwaited({ payment, number }: OpenOrder): Promise<boolean> {
    const row = await store.readPayment(payment)
    return row?.collect === number && row.portions.some(({ state }) => state.kind === 'authorising')
  }

  async function collect(order: OpenOrder): Promise<void> {
    const asked = askedOf(order)
    const isWaiting = await isAwaited(order)
    const said = await (isWaiting ? vault.authorise(asked) : vault.status(asked.order))
    if (said === 'silence') return again(order, 'no answer')
    switch (said.kind) {
      case 'pending':
        return again(order, 'pending')
      case 'unknown':
        return takeBack(order, asked)
      case 'refused':
        await hub.answerOutside(order.payment, order.number, false, said.isUnanswered ? 'no-answer' : 'card-refused')
        return conclude(order, 'no')
      case 'approved':
        return approved(order, asked, said)
    }
  }

  async function approved(
    order: OpenOrder,
    asked: Asked,
    said: Extract<VaultReply, { kind: 'approved' }>,
  ): Promise<void> {
    const { payment, number } = order
    const answer = await hub.answerOutside(payment, number, true, null, said.reference)
    if (answer.refusal === null) return conclude(order, 'yes')
    history.count('issuers too late')
    return takeBack(order, asked)
  }

  /** What is not in the ledger is taken back at the issuer, and the payer hears no. */
  async function takeBack(order: OpenOrder, asked: Asked): Promise<void> {
    if ((await reversed(asked)) !== 'done') return again(order, 'no answer')
    await hub.answerOutside(order.payment, order.number, false, 'no-answer')
    return conclude(order, 'no')
  }

  const reversed = async (asked: Asked) => (bugs.skipsReversals === true ? 'done' : vault.reverse(asked))

  return async function carry(order: OpenOrder): Promise<void> {
    const of = askedOf(order).order
    const id = idOf(order)
    switch (order.kind) {
      case 'collect':
        return collect(order)
      case 'reverse': {
        const said = await reversed(askedOf(order))
        return said === 'done' ? conclude(order, 'done') : again(order, said)
      }
      case 'capture':
      case 'release':
      case 'return': {
        const kind = order.kind === 'return' ? 'refund' : order.kind
        const isSkipped = order.kind === 'return' && bugs.skipsReturns === true
        const said = isSkipped ? 'done' : await vault.follow(kind, id, of, order.amount)
        return said === 'done' ? conclude(order, 'done') : again(order, said)
      }
    }
  }
}
