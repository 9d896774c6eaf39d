// How a payment by card can be repaid here, and what each way costs: as the hub said of this bill and this card. Read again before the
// approval, so that nobody agrees to figures that were true a minute ago.
import type { PlanView } from '#protocol/cards.ts'
import type { Problem } from '#protocol/problems.ts'
import type { PaymentView } from '#protocol/views.ts'
import { callCards } from '#sdk/card-calls.ts'
import type { Desk } from './hub.ts'
import type { State } from './state.ts'

/** What was read of one card for one version of a bill. */
export type KnownMethods = Readonly<{
  of: string
  /** null while it is read, or where there are none */
  plans: readonly PlanView[] | null
  problem: Problem | null
}>

export const NO_METHODS: KnownMethods = { of: '', plans: null, problem: null }

/** Plans are good for one card and one version of a bill. */
export const methodsOf = ({ payment, billVersion }: PaymentView, card: string): string =>
  `${payment} ${billVersion} ${card}`

/** The plans of a card for the bill on the screen, null while they are not known. */
export function plansOf({ means }: State, view: PaymentView, card: string): readonly PlanView[] | null {
  return means.methods.of === methodsOf(view, card) ? means.methods.plans : null
}

/** The plan of what is chosen, null while it is not known or not offered any more. */
export const chosenPlan = (state: State, view: PaymentView): PlanView | null => {
  const { means } = view
  if (means.kind !== 'card') return null
  return plansOf(state, view, means.id)?.find(({ method }) => method === means.method) ?? null
}

export async function readMethods(desk: Desk, view: PaymentView, card: string): Promise<void> {
  const of = methodsOf(view, card)
  const keep = (known: Omit<KnownMethods, 'of'>): void =>
    desk.update((state) => ({ ...state, means: { ...state.means, methods: { of, ...known } } }))
  if (desk.state().means.methods.of !== of) keep({ plans: null, problem: null })
  const answer = await asked(desk, view, card)
  // Another card is looked at by now.
  if (desk.state().means.methods.of !== of) return
  if (answer.ok) keep({ plans: answer.view.methods, problem: null })
  else keep({ plans: null, problem: answer.problem })
}

/** What became of the plan that was shown: the same, another, not offered any more, or the hub could not say. */
export type Standing = 'same' | 'changed' | 'gone' | Readonly<{ problem: Problem }>

/** Reads the plans again, and compares what is chosen with what was shown. Where nothing was shown, it is shown now. */
export async function standingOf(desk: Desk, view: PaymentView): Promise<Standing> {
  if (view.means.kind !== 'card') return 'same'
  const before = chosenPlan(desk.state(), view)
  const answer = await asked(desk, view, view.means.id)
  if (!answer.ok) return { problem: answer.problem }
  const of = methodsOf(view, view.means.id)
  const { methods } = answer.view
  desk.update((state) => ({ ...state, means: { ...state.means, methods: { of, plans: methods, problem: null } } }))
  const now = chosenPlan(desk.state(), view)
  if (now === null) return 'gone'
  return before !== null && isSamePlan(before, now) ? 'same' : 'changed'
}

const asked = ({ client }: Desk, { payment }: PaymentView, card: string) =>
  callCards(client, 'cardMethods', { params: { payment }, query: { card } })

/** Would the payer pay the same on the same days? */
export const isSamePlan = (one: PlanView, other: PlanView): boolean =>
  one.method === other.method &&
  one.total === other.total &&
  one.fee === other.fee &&
  one.payments.length === other.payments.length &&
  one.payments.every(({ due, amount }, index) => {
    const same = other.payments[index]
    return same?.due === due && same.amount === amount
  })
