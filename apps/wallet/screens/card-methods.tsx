// How a payment by card is repaid: what each way costs here, one of them to choose, and what was chosen.
import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import type { PaymentView } from '#protocol/views.ts'
import { List, ListRow, ReceiptLine } from '#ui/kit.tsx'
import { useLocale, useWords } from '#ui/i18n.ts'
import { cardTitle, costText, methodText } from '../card-text.ts'
import { chosenPlan, methodsOf, plansOf } from '../methods.ts'
import type { State } from '../state.ts'
import { cardWords } from '../words-cards.ts'
import { ProblemNote } from './problem.tsx'

type MethodsProps = {
  readonly state: State
  readonly view: PaymentView
  readonly card: string
  readonly look: (card: string) => void
  readonly choose: (method: string) => void
}

/** The ways that this shop takes with this card, each with its cost, read when they are looked at. */
export function CardMethods({ state, view, card, look, choose }: MethodsProps): JSX.Element {
  const words = useWords(cardWords)
  const locale = useLocale()
  // Whoever opens it sees the costs of now.
  useEffect(() => look(card), [card, view.billVersion])
  const plans = plansOf(state, view, card)
  const { of, problem } = state.means.methods
  if (problem !== null && of === methodsOf(view, card)) {
    return (
      <div class="stack-small">
        <ProblemNote problem={problem} />
        <p class="quiet">{words.otherCard}</p>
      </div>
    )
  }
  if (plans === null) {
    return (
      <p class="quiet" role="status">
        {words.methodsReading}
      </p>
    )
  }
  return (
    <List
      label={words.method}
      items={plans}
      keyOf={({ method }) => method}
      empty={<p class="quiet">{`${words.methodsNone} ${words.otherCard}`}</p>}
    >
      {(plan) => (
        <ListRow
          title={methodText(plan.method, words)}
          detail={costText(plan, view.bill?.unit ?? '', locale)}
          onPress={() => choose(plan.method)}
        />
      )}
    </List>
  )
}

type ChosenProps = { readonly state: State; readonly view: PaymentView; readonly means: CardMeans }
export type CardMeans = Extract<PaymentView['means'], { kind: 'card' }>

/** The card and the method that stand to be approved, with what it costs. */
export function ChosenCard({ state, view, means }: ChosenProps): JSX.Element {
  const words = useWords(cardWords)
  const locale = useLocale()
  const plan = chosenPlan(state, view)
  const own = state.means.cards.find(({ id }) => id === means.id)
  return (
    <>
      <span>{words.paidBy(own === undefined ? means.label : cardTitle(own, locale))}</span>
      <span class="card-chosen">
        <span class="strong">{methodText(means.method, words)}</span>
        {plan === null ? null : <span class="means-rate">{costText(plan, view.bill?.unit ?? '', locale)}</span>}
      </span>
    </>
  )
}

/** "Tanuki Card ···4242 · 3 payments", after a payment. */
export function PaidByCard({ means }: Pick<ChosenProps, 'means'>): JSX.Element {
  const words = useWords(cardWords)
  return <span class="quiet">{words.wasPaidBy(means.label, methodText(means.method, words))}</span>
}

/** The sales slip: card, method, and the numbers by which the issuer finds the payment. */
export function Voucher({ means }: Pick<ChosenProps, 'means'>): JSX.Element {
  const words = useWords(cardWords)
  const [approval, rrn] = means.reference?.split('/') ?? []
  const lines: readonly (readonly [string, string | undefined])[] = [
    [words.issuer, means.label],
    [words.method, methodText(means.method, words)],
    [words.approval, approval],
    [words.rrn, rrn],
  ]
  return (
    <>
      {lines.map(([label, value]) =>
        value === undefined ? null : <ReceiptLine key={label} label={label} value={value} />,
      )}
      <p class="quiet small">{words.statementHint}</p>
    </>
  )
}
