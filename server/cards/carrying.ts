// Orders to cards' issuers are carried out here, by way of the vault: each is asked again and again until there is an answer, and ends in
// one state at both sides.
//
// A collect is an authorisation. It is asked for while the payer waits; after that it is only asked what became of it, and whatever is not
// in the ledger by then is reversed, where a reversal of what never came keeps it from coming. So 'yes' stands for an order exactly when
// the ledger has its money.
//
//   the vault says  | while the payer waits             | afterwards
//  -----------------+-----------------------------------+-------------------------------------------
//   approved        | yes                               | yes where the ledger took it, else reversed
//   another amount  | reversed, then no                 | reversed
//   refused         | no                                | no
//   unknown         | (asked only afterwards)           | no; reversed, so that it never comes
//   pending         | asked what became of it           | no, unless it was taken; reversed
//   no answer       | asked again                       | the payer is told no; asked again, more and more seldom
//   not reached     | asked again; soon told no, since it was never asked | as above
//
// With a one-time number 'pending' means that the terminal has the number, or is about to: its own request to the issuer decides.
// What follows a yes (capture, release, return) waits for what was ordered before it, and is asked for until it is done.
import type { OutsideReason } from '#core/means.ts'
import type { PaymentId } from '#core/ids.ts'
import type { OpenOrder, Store } from '#switch/store.ts'
import { orderId } from '../bank/bank.ts'
import { keepingOf, UNREACHED, type KeepingParts, type OrderEnd } from '../outside/keeping.ts'
import type { CardRow, CardRows } from '../postgres/cards.ts'
import type { Cards } from './cards.ts'
import type { CardTables } from './tables.ts'
import { cardOf, terminalNumber, type Heard, type Vault } from './vault.ts'
import type { Authorise, Follow } from '#vault/wire.ts'

export type CarryingParts = Readonly<
  KeepingParts & {
    store: Pick<Store, 'readPayment'>
    vault: Pick<Vault, 'authorise' | 'order' | 'capture' | 'release' | 'refund' | 'reverse'>
    cards: Pick<CardRows, 'find' | 'suspend' | 'hasOpenBefore'>
    tables: Pick<CardTables, 'acceptedBy'>
    isExpired: (card: CardRow) => boolean
    takes: Cards['takes']
    /** where merchants are, as issuers print it */
    place: string
  }
>

/** The terminal's request is looked for this often while somebody stands there. */
const LOOK_MS = 400
/** The longest that one answer of the vault is waited for; a restarted hub is not to be held up by a lost one. */
const MOST_WAIT_MS = 60_000

/** Carries out one order, as far as it can be now. Throws StoreUnavailable when there is no database. */
export function createCarrying(parts: CarryingParts) {
  const { store, vault, cards, tables, isExpired, takes, place } = parts
  const keeping = keepingOf(parts)
  const { answered, again, postpone } = keeping

  async function carryOut(order: OpenOrder): Promise<void> {
    switch (order.kind) {
      case 'collect':
        return collect(order)
      case 'reverse':
        return reverse(order)
      case 'capture':
        return follow(order, vault.capture)
      case 'release':
        return follow(order, vault.release)
      case 'return':
        return follow(order, vault.refund)
    }
  }

  async function collect(order: OpenOrder): Promise<void> {
    const id = orderId(order.payment, order.number)
    const isUnheard = keeping.isUnheard(order)
    const wanted = keeping.leftOf(order) > 0 ? await wantedOf(order, id) : 'over'
    // What was never asked for needs nothing taken back.
    if (typeof wanted === 'string' && wanted !== 'over' && isUnheard) return refuse(order, wanted, wanted)
    const isAsked = typeof wanted === 'object'
    await keeping.lease(order, isAsked)
    const said = saidIn(isAsked ? await vault.authorise(wanted) : await vault.order(id))
    switch (said.kind) {
      case 'approved': {
        if (said.unit !== order.unit || said.amount !== String(order.amount))
          return takeBack(order, 'refused', 'other-amount')
        const reference = `${said.approval}/${said.rrn}`
        if (await answered(order, true, null, reference)) return conclude(order, 'yes', null, reference)
        return takeBack(order, 'no-answer', 'late')
      }
      case 'refused':
        if (said.reason === 'card-stopped') await cards.suspend(order.means, 'card-stopped')
        return refuse(order, said.reason, said.code)
      case 'unknown':
        return giveUp(order, typeof wanted === 'string' && wanted !== 'over' ? wanted : 'no-answer', 'never asked')
      case 'wrong':
        return takeBack(order, 'refused', said.fault)
      case 'unreachable':
        if (isUnheard && keeping.isUnreachedLong(order)) return refuse(order, 'unavailable', UNREACHED)
        return again(order, isUnheard ? UNREACHED : 'no-answer')
      case 'pending':
        if (keeping.isTimeUp(order)) return giveUp(order, 'no-answer', 'late')
        return postpone(order, LOOK_MS, 'pending')
      case 'no-answer':
        return again(order, 'no-answer')
    }
  }

  /** What the vault is asked for; or why nothing is: the card or the tables are not as they were when it was chosen. */
  async function wantedOf(order: OpenOrder, id: string): Promise<Authorise | OutsideReason> {
    const [card, payment] = await Promise.all([cards.find(order.means), store.readPayment(order.payment)])
    if (card?.status === 'suspended') return 'card-stopped'
    if (card?.status !== 'active' || card.shown === null || payment === undefined) return 'card-refused'
    if (isExpired(card)) return 'card-expired'
    const accepted = tables.acceptedBy(payment.biller.party, card.shown.issuer)
    const { method, amount } = order
    const asked = { merchant: payment.biller.party, issuer: card.shown.issuer, amount }
    if (accepted === undefined || method === null || !takes({ ...asked, method })) return 'method-refused'
    const { number, category } = accepted
    return {
      order: id,
      card: cardOf(order.means),
      unit: order.unit,
      amount: String(amount),
      method,
      merchant: { number, category, name: payment.biller.name, place },
      terminal: terminalNumber(payment.terminal),
      oneTime: order.oneTime,
      withinMs: Math.min(MOST_WAIT_MS, Math.ceil(keeping.leftOf(order))),
    }
  }

  async function refuse(order: OpenOrder, reason: OutsideReason, trouble: string): Promise<void> {
    // What the payment has taken is no no: somebody must look.
    const isTold = await answered(order, false, reason)
    return conclude(order, isTold ? 'no' : 'stuck', trouble)
  }

  /**
   * Of what may have become a yes meanwhile, by another hub's hand: the payment is told first, and what it has taken already stays. From
   * then on it takes no yes, and the order is open until it is reversed.
   */
  async function giveUp(order: OpenOrder, reason: OutsideReason, trouble: string): Promise<void> {
    if (!(await answered(order, false, reason))) return postpone(order, LOOK_MS, trouble)
    return takeBack(order, reason, trouble)
  }

  /** Takes back what the ledger does not have; before the payer hears no, so that a no is one. */
  async function takeBack(order: OpenOrder, reason: OutsideReason, trouble: string): Promise<void> {
    const said = saidIn(await vault.reverse(followOf(order, takingBack(order), order.number)))
    if (said.kind === 'refused' || said.kind === 'wrong') {
      await answered(order, false, reason)
      return conclude(order, 'stuck', said.kind === 'refused' ? said.code : said.fault)
    }
    // It was asked, whether or not anybody is reached now.
    if (said.kind !== 'done') return again(order, said.kind === 'unreachable' ? 'no-answer' : said.kind)
    return refuse(order, reason, trouble)
  }

  async function reverse(order: OpenOrder): Promise<void> {
    await keeping.leaseSlowly(order)
    return ended(order, saidIn(await vault.reverse(followOf(order, order.number, order.of ?? 0))))
  }

  /** What is done after a yes, in the order in which it was wanted: nothing goes back that was not claimed before. */
  async function follow(order: OpenOrder, ask: Vault['capture' | 'release' | 'refund']): Promise<void> {
    if (await cards.hasOpenBefore(order)) return postpone(order, keeping.breakOf(order), 'waits')
    await keeping.leaseSlowly(order)
    return ended(order, saidIn(await ask(followOf(order, order.number, order.of ?? 0))))
  }

  type Ended = Readonly<{ kind: 'done'; rrn?: string } | { kind: 'refused'; code: string } | { kind: 'pending' }>

  async function ended(order: OpenOrder, said: Ended | Silence): Promise<void> {
    switch (said.kind) {
      case 'done':
        return conclude(order, 'done', null, said.rrn ?? null)
      // Somebody must look: the money is not where the ledger has it.
      case 'refused':
        return conclude(order, 'stuck', said.code)
      case 'wrong':
        return conclude(order, 'stuck', said.fault)
      case 'pending':
      case 'unreachable':
      case 'no-answer':
        return again(order, said.kind)
    }
  }

  const conclude = (
    order: OpenOrder,
    state: OrderEnd,
    trouble: string | null,
    reference: string | null = null,
  ): Promise<void> => keeping.conclude(order, state, { trouble, reference })

  return { carryOut }
}

type Silence = Exclude<Heard<never>, { kind: 'heard' }>

/** What was said, or that nothing was. */
const saidIn = <Answer>(heard: Heard<Answer>): Answer | Silence => (heard.kind === 'heard' ? heard.said : heard)

/** The vault's follow-up of the order `of`; its own number makes it one for ever. */
const followOf = (
  { payment, unit, amount }: Readonly<{ payment: PaymentId; unit: OpenOrder['unit']; amount: bigint }>,
  number: number,
  of: number,
): Follow => ({ order: orderId(payment, number), of: orderId(payment, of), unit, amount: String(amount) })

/** Beyond every number that orders of one payment get: a reversal that no order stands for. */
const TAKEN_BACK = 36 ** 5
const takingBack = ({ number }: OpenOrder): number => TAKEN_BACK + number
