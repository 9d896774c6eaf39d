// What carrying out an order needs whoever it goes to, a bank or the vault of cards: how old it is, when it is tried again, what the payment
// hears, and its end. An order is open until somebody knows how it ended; nothing of it is only in a process.
import type { OutsideReason } from '#core/means.ts'
import type { OpenOrder, Store } from '#switch/store.ts'
import type { Switch } from '#switch/switch.ts'

export type KeepingParts = Readonly<{
  store: Pick<Store, 'concludeOrder' | 'postponeOrder'>
  hub: Pick<Switch, 'answerOutside'>
  /** how long the payer of this order waits */
  withinMs: (order: OpenOrder) => number
  /** the shortest break between two tries */
  againMs: number
  /** the hub's clock */
  now: () => number
}>

export type OrderEnd = 'yes' | 'no' | 'done' | 'stuck'

/** Somebody whom nobody reaches: the payer hears it after this, and can still choose something else. */
const UNREACHED_MS = 4_000
/** However long the other side is away, it is asked again after this. */
const SELDOM_MS = 10 * 60_000
/** A hub that died over an order holds it no longer; asked twice at once, the other side still has one order. */
const LEASE_MS = 5_000
/** A timer may be a little early. */
const SLACK_MS = 100
/** Written before the other side is asked: whoever finds it cannot know what was heard there. */
const ASKING = 'asking'
export const UNREACHED = 'unreachable'

export type Keeping = ReturnType<typeof keepingOf>

/** Methods throw StoreUnavailable when there is no database. */
export function keepingOf({ store, hub, withinMs, againMs, now }: KeepingParts) {
  const ageOf = ({ madeAt }: OpenOrder): number => now() - madeAt
  const leftOf = (order: OpenOrder): number => withinMs(order) - ageOf(order)
  const breakOf = (order: OpenOrder): number => Math.min(SELDOM_MS, Math.max(againMs, ageOf(order) / 4))

  /** True where the payment took the answer; false where it waits for none any more. */
  const answered = async (
    { payment, number }: OpenOrder,
    yes: boolean,
    reason: OutsideReason | null,
    reference?: string,
  ): Promise<boolean> => (await hub.answerOutside(payment, number, yes, reason, reference)).refusal === null

  const postpone = (
    { payment, number }: OpenOrder,
    ms: number,
    trouble: string | null,
    ifTries?: number,
  ): Promise<void> => store.postponeOrder(payment, number, Math.round(ms), trouble, ifTries)

  /** `reference`: by which the other side knows what was done */
  async function conclude(
    { payment, number }: OpenOrder,
    state: OrderEnd,
    { trouble, reference }: Readonly<{ trouble: string | null; reference: string | null }>,
  ): Promise<void> {
    await store.concludeOrder(payment, number, { state, reference, trouble })
  }

  return {
    ageOf,
    leftOf,
    breakOf,
    answered,
    postpone,
    conclude,
    /** It is held by whoever asks now, for as long as a hub may take. */
    lease(order: OpenOrder, isAsked: boolean): Promise<void> {
      const ms = Math.max(Math.min(leftOf(order), LEASE_MS), againMs)
      // Where another hub has begun to ask since this one looked, its note stays.
      return isAsked ? postpone(order, ms, ASKING) : postpone(order, ms, order.trouble, order.tries)
    },
    /** As lease, for what nobody stands at a counter for. */
    leaseSlowly: (order: OpenOrder): Promise<void> => postpone(order, breakOf(order), ASKING),
    /** Was the other side never reached for this order? Only then is it certain that it was not asked. */
    isUnheard: ({ trouble }: OpenOrder): boolean => trouble === null || trouble === UNREACHED,
    /** Has the payer waited long enough for somebody who is not there? */
    isUnreachedLong: (order: OpenOrder): boolean => ageOf(order) >= Math.min(UNREACHED_MS, withinMs(order)),
    isTimeUp: (order: OpenOrder): boolean => leftOf(order) <= SLACK_MS,
    /** The payer waits no longer than is promised; the order goes on without them. */
    async again(order: OpenOrder, trouble: string): Promise<void> {
      if (order.kind === 'collect' && leftOf(order) <= SLACK_MS) await answered(order, false, 'no-answer')
      // That this hub reached nobody says nothing of another one that asks: its note stays. The one try between is this hub's own lease.
      await postpone(order, breakOf(order), trouble, trouble === UNREACHED ? order.tries + 1 : undefined)
    },
  }
}
