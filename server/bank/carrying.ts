// Orders to payers' banks are carried out here: each is asked again and again until there is an answer, and ends in one state at both sides.
//
// A collect is asked while the payer waits. After that it is only asked what became of it, and whatever is not in the ledger by then is
// taken back at the bank, where a reversal of what never came keeps it from coming. So 'yes' stands for an order exactly when the ledger
// has its money.
//
//   the bank says   | while the payer waits            | afterwards
//  -----------------+----------------------------------+---------------------------------------------
//   booked          | yes                              | yes where the ledger took it, else taken back
//   another amount  | taken back, then no              | taken back
//   refused         | no                               | no
//   unknown         | (asked only afterwards)          | no; taken back, so that it never comes
//   no answer       | asked again                      | the payer is told no; asked again, more and more seldom
//   not reached     | asked again; soon told no, since it was never asked | as above
import { dayOf } from '#core/calendar.ts'
import type { BankReason } from '#core/means.ts'
import type { OpenOrder } from '#switch/store.ts'
import { keepingOf, UNREACHED, type KeepingParts, type OrderEnd } from '../outside/keeping.ts'
import type { MeansRow, MeansRows } from '../postgres/means.ts'
import type { Debits } from '../postgres/reconcile-debits.ts'
import { mandateOf, orderId, reasonOf, type Bank, type Said } from './bank.ts'

export type CarryingParts = Readonly<
  Omit<KeepingParts, 'withinMs'> & {
    bank: Bank
    means: Pick<MeansRows, 'find' | 'suspend'>
    debits: Pick<Debits, 'trust' | 'withdraw' | 'stateOf'>
    risk: Readonly<{ payment: bigint; day: bigint }>
    /** how long a payer waits for the bank */
    withinMs: () => number
    zone: () => string
  }
>

type ByOrder = Readonly<{ order: OpenOrder; means: MeansRow; id: string }>

/** Carries out one order, as far as it can be now. Throws StoreUnavailable when there is no database. */
export function createCarrying(parts: CarryingParts) {
  const { bank, means: rows, debits, risk, withinMs, zone, now } = parts
  const keeping = keepingOf(parts)
  const { ageOf, leftOf, breakOf, answered, postpone, again } = keeping

  async function carryOut(order: OpenOrder): Promise<void> {
    const means = await rows.find(order.means)
    if (means === undefined) return conclude(order, 'stuck', 'means-missing')
    const asked = { order, means, id: orderId(order.payment, order.of ?? order.number) }
    if (!means.isInstant) return order.kind === 'collect' ? trustFile(asked) : backByFile(asked)
    switch (order.kind) {
      case 'collect':
        return collect(asked)
      case 'reverse':
        return reverse(asked)
      case 'return':
        return giveBack(asked)
      case 'capture':
      case 'release':
        return conclude(order, 'stuck', 'not for a bank')
    }
  }

  async function collect({ order, means, id }: ByOrder): Promise<void> {
    const left = leftOf(order)
    const isAsked = left > 0 && means.status === 'active'
    const isUnheard = keeping.isUnheard(order)
    await keeping.lease(order, isAsked)
    const { unit, amount } = order
    const mandate = { id: mandateOf(means.id), signedOn: means.signedOn }
    const debit = { id, unit, amount, from: means.account, mandate }
    const said = isAsked ? await bank.collect(debit, left) : await bank.status(id)
    switch (said.kind) {
      case 'booked':
        if (said.unit !== unit || said.amount !== amount)
          return takeBack({ order, means, id }, 'refused', 'other-amount')
        if (await answered(order, true, null)) return conclude(order, 'yes', null)
        return takeBack({ order, means, id }, 'no-answer', 'late')
      case 'refused': {
        const reason = reasonOf(said.reason)
        if (reason === 'no-mandate') await rows.suspend(means.id, 'no-mandate')
        await answered(order, false, reason)
        return conclude(order, 'no', said.reason)
      }
      case 'unknown':
        return giveUp({ order, means, id }, means.status === 'active' ? 'no-answer' : 'no-mandate')
      case 'unreachable':
        if (isUnheard && keeping.isUnreachedLong(order)) {
          await answered(order, false, 'unavailable')
          return conclude(order, 'no', UNREACHED)
        }
        return again(order, isUnheard ? UNREACHED : 'no-answer')
      case 'pending':
      case 'no-answer':
        return again(order, said.kind)
    }
  }

  /** Of what another hub may be collecting just now: the payment is told first, and what it has taken already stays. */
  async function giveUp(asked: ByOrder, reason: BankReason): Promise<void> {
    if (!(await answered(asked.order, false, reason))) return again(asked.order, 'no-answer')
    return takeBack(asked, reason, 'never asked')
  }

  /** Takes a debit back that the ledger does not have; before the payer hears no, so that a no is one. */
  async function takeBack({ order, id }: ByOrder, reason: BankReason, trouble: string): Promise<void> {
    if (!(await bank.reverse({ id, unit: order.unit, amount: order.amount }))) return again(order, 'no-answer')
    await answered(order, false, reason)
    return conclude(order, 'no', trouble)
  }

  async function reverse({ order, id }: ByOrder): Promise<void> {
    await keeping.leaseSlowly(order)
    const { unit, amount } = order
    if (await bank.reverse({ id, unit, amount })) return conclude(order, 'done', null)
    return again(order, 'no-answer')
  }

  async function giveBack({ order, means }: Pick<ByOrder, 'order' | 'means'>): Promise<void> {
    await keeping.leaseSlowly(order)
    const { unit, amount } = order
    const id = orderId(order.payment, order.number)
    const said: Said = await bank.giveBack({ id, unit, amount, to: means.account })
    if (said.kind === 'booked' && said.unit === unit && said.amount === amount) return conclude(order, 'done', null)
    // A closed account: the operator gives the money back by another way.
    if (said.kind === 'refused') return conclude(order, 'stuck', said.reason)
    return again(order, said.kind === 'booked' ? 'other-amount' : said.kind)
  }

  // ---- a bank that answers by file

  /** Within the scheme's rule the hub says yes itself, and the next file collects. */
  async function trustFile({ order, means }: ByOrder): Promise<void> {
    const state =
      ageOf(order) < withinMs()
        ? await debits.trust(order, risk, today())
        : await debits.stateOf(order.payment, order.number)
    if (state === 'waiting') {
      if (await answered(order, true, null)) return conclude(order, 'yes', null)
      await debits.withdraw(order.payment, order.number)
      return conclude(order, 'no', 'late')
    }
    if (state === undefined && ageOf(order) >= withinMs()) {
      await debits.withdraw(order.payment, order.number)
      await answered(order, false, 'no-answer')
      return conclude(order, 'no', 'late')
    }
    const reason = means.status !== 'active' ? 'no-mandate' : state === undefined ? 'over-bank-limit' : 'no-answer'
    await answered(order, false, reason)
    return conclude(order, 'no', reason)
  }

  /** What is not in a file yet never will be; what is waits for the bank's word, and goes back only if it was paid. */
  async function backByFile({ order, means }: ByOrder): Promise<void> {
    const collected = order.of ?? 0
    const { payment } = order
    const state =
      order.kind === 'reverse' ? await debits.withdraw(payment, collected) : await debits.stateOf(payment, collected)
    switch (state) {
      case undefined:
        return conclude(order, 'stuck', 'debit-missing')
      case 'withdrawn':
        return conclude(order, 'done', null)
      case 'unpaid':
        return conclude(order, 'done', 'unpaid')
      case 'collected':
        return giveBack({ order, means })
      case 'waiting':
      case 'filed':
        return postpone(order, breakOf(order), 'file')
    }
  }

  // ---- shared

  const today = (): number => dayOf(now(), zone())
  function conclude(order: OpenOrder, state: OrderEnd, trouble: string | null): Promise<void> {
    const reference = state === 'yes' || state === 'done' ? orderId(order.payment, order.number) : null
    return keeping.conclude(order, state, { trouble, reference })
  }

  return { carryOut }
}
