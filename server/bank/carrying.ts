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
//   unknown         | (asked only afterwards)          | taken back, so that it never comes
//   no answer       | asked again                      | the payer is told no; asked again, more and more seldom
//   not reached     | asked again; soon told no, since it was never asked | as above
import { dayOf } from '#core/calendar.ts'
import type { BankReason } from '#core/means.ts'
import type { OpenOrder, Store } from '#switch/store.ts'
import type { Switch } from '#switch/switch.ts'
import type { MeansRow, MeansRows } from '../postgres/means.ts'
import type { Debits } from '../postgres/reconcile-debits.ts'
import { mandateOf, orderId, reasonOf, type Bank, type Said } from './bank.ts'

export type CarryingParts = Readonly<{
  store: Pick<Store, 'concludeOrder' | 'postponeOrder'>
  hub: Pick<Switch, 'answerOutside'>
  bank: Bank
  means: Pick<MeansRows, 'find' | 'suspend'>
  debits: Pick<Debits, 'trust' | 'withdraw' | 'stateOf'>
  risk: Readonly<{ payment: bigint; day: bigint }>
  /** how long a payer waits for the bank */
  withinMs: () => number
  againMs: number
  zone: () => string
  /** the hub's clock */
  now: () => number
}>

/** A bank that nobody reaches: the payer hears it after this, and can still choose something else. */
const UNREACHED_MS = 4_000
/** However long a bank is away, it is asked again after this. */
const SELDOM_MS = 10 * 60_000
/** A hub that died over an order holds it no longer; asked twice at once, the bank still has one order. */
const LEASE_MS = 5_000
/** A timer may be a little early. */
const SLACK_MS = 100
/** Written before the bank is asked: whoever finds it cannot know what was heard there. */
const ASKING = 'asking'
const UNREACHED = 'unreachable'

type ByOrder = Readonly<{ order: OpenOrder; means: MeansRow; id: string }>

/** Carries out one order, as far as it can be now. Throws StoreUnavailable when there is no database. */
export function createCarrying(parts: CarryingParts) {
  const { store, hub, bank, means: rows, debits, risk, withinMs, againMs, zone, now } = parts

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
    }
  }

  async function collect({ order, means, id }: ByOrder): Promise<void> {
    const left = withinMs() - ageOf(order)
    const isAsked = left > 0 && means.status === 'active'
    const isUnheard = order.trouble === null || order.trouble === UNREACHED
    await postpone(order, Math.max(Math.min(left, LEASE_MS), againMs), isAsked ? ASKING : order.trouble)
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
        return takeBack({ order, means, id }, means.status === 'active' ? 'no-answer' : 'no-mandate', 'never asked')
      case 'unreachable':
        if (isUnheard && ageOf(order) >= Math.min(UNREACHED_MS, withinMs())) {
          await answered(order, false, 'unavailable')
          return conclude(order, 'no', UNREACHED)
        }
        return again(order, isUnheard ? UNREACHED : 'no-answer')
      case 'pending':
      case 'no-answer':
        return again(order, said.kind)
    }
  }

  /** The payer waits no longer than is promised; the order goes on without them. */
  async function again(order: OpenOrder, trouble: string): Promise<void> {
    if (order.kind === 'collect' && ageOf(order) >= withinMs() - SLACK_MS) await answered(order, false, 'no-answer')
    await postpone(order, breakOf(order), trouble)
  }

  /** Takes a debit back that the ledger does not have; before the payer hears no, so that a no is one. */
  async function takeBack({ order, id }: ByOrder, reason: BankReason, trouble: string): Promise<void> {
    if (!(await bank.reverse({ id, unit: order.unit, amount: order.amount }))) return again(order, 'no-answer')
    await answered(order, false, reason)
    return conclude(order, 'no', trouble)
  }

  async function reverse({ order, id }: ByOrder): Promise<void> {
    await postpone(order, breakOf(order), ASKING)
    const { unit, amount } = order
    if (await bank.reverse({ id, unit, amount })) return conclude(order, 'done', null)
    return again(order, 'no-answer')
  }

  async function giveBack({ order, means }: Pick<ByOrder, 'order' | 'means'>): Promise<void> {
    await postpone(order, breakOf(order), ASKING)
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

  const ageOf = ({ madeAt }: OpenOrder): number => now() - madeAt
  const breakOf = (order: OpenOrder): number => Math.min(SELDOM_MS, Math.max(againMs, ageOf(order) / 4))
  const today = (): number => dayOf(now(), zone())
  const answered = async (order: OpenOrder, yes: boolean, reason: BankReason | null): Promise<boolean> =>
    (await hub.answerOutside(order.payment, order.number, yes, reason)).refusal === null
  const postpone = (order: OpenOrder, ms: number, trouble: string | null): Promise<void> =>
    store.postponeOrder(order.payment, order.number, Math.round(ms), trouble)
  async function conclude(
    order: OpenOrder,
    state: 'yes' | 'no' | 'done' | 'stuck',
    trouble: string | null,
  ): Promise<void> {
    const reference = state === 'yes' || state === 'done' ? orderId(order.payment, order.number) : null
    await store.concludeOrder(order.payment, order.number, { state, reference, trouble })
  }

  return { carryOut }
}
