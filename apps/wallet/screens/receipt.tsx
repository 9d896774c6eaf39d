// The receipt: what was bought, where, when, what came back since.
import type { JSX } from 'preact'
import type { PaymentView } from '#protocol/views.ts'
import { amountParts, rateText } from '#apps/shared/money.ts'
import { EmptyState, Receipt, ReceiptLine, Screen } from '#ui/kit.tsx'
import { Amount } from '#ui/numbers.tsx'
import { formatDateTime, useLocale, useWords } from '#ui/i18n.ts'
import type { ScreenOf } from '../app.tsx'
import { isPaid, type Place } from '../state.ts'
import { endedText } from '../said.ts'
import { walletWords } from '../words.ts'
import { BillLines } from './bill-lines.tsx'
import { Whole } from './half.tsx'
import { ProblemNote } from './problem.tsx'
import { QuestionReceipt } from './proven.tsx'
import { TakeBack } from './take-back.tsx'

type Bill = NonNullable<PaymentView['bill']>

/** A receipt that was opened from the history or the list of what is set aside. */
export function ReceiptOf({
  place,
  state,
  act,
  banners,
}: ScreenOf & { readonly place: Extract<Place, { at: 'receipt' }> }) {
  const words = useWords(walletWords)
  const { view, problem, from } = place
  const back = (): void => (from === 'history' ? act.openHistory() : act.go({ at: 'home' }))
  return (
    <Screen title={words.receipt} banners={banners} onBack={back}>
      {problem === null ? null : <ProblemNote problem={problem} isAboutMoney={false} />}
      {view !== null ? (
        <>
          {isPaid(view) || view.state === 'proven' ? <Whole view={view} /> : null}
          <TakeBack view={view} clockOffsetMs={state.clockOffsetMs} act={act} />
          {view.question === null ? <PaymentReceipt view={view} /> : <QuestionReceipt view={view} />}
        </>
      ) : problem === null ? (
        <p class="quiet" role="status">
          {words.loading}
        </p>
      ) : (
        <EmptyState title={words.noReceipt} icon="history" />
      )}
    </Screen>
  )
}

export function PaymentReceipt({ view }: { readonly view: PaymentView }): JSX.Element {
  const words = useWords(walletWords)
  const locale = useLocale()
  const { bill, biller, approvedAt } = view
  const shortId =
    view.payment
      .slice(4)
      .match(/.{1,4}/gu)
      ?.slice(-3)
      .join(' ') ?? ''
  return (
    <Receipt
      title={biller.name}
      foot={
        <dl class="facts">
          <div>
            <dt>{words.time}</dt>
            <dd>{formatDateTime(approvedAt ?? view.joinedAt, locale)}</dd>
          </div>
          {biller.isPerson ? null : (
            <div>
              <dt>{words.terminal}</dt>
              <dd>{words.legalName(biller.legalName, biller.terminalLabel)}</dd>
            </div>
          )}
          <div>
            <dt>{words.paymentId}</dt>
            <dd>{shortId}</dd>
          </div>
        </dl>
      }
    >
      {bill === null ? null : (
        <>
          <BillLines bill={bill} />
          <ReceiptLine
            strong
            label={words.total}
            value={<Amount parts={amountParts(bill.total, bill.unit, locale)} size="medium" />}
          />
          <Taxes bill={bill} />
          <Portions view={view} bill={bill} />
          <Refunds view={view} bill={bill} />
        </>
      )}
      {view.ended === null ? null : <p class="quiet">{Object.values(endedText(view, locale)).slice(1, 3).join(' ')}</p>}
    </Receipt>
  )
}

/** The tax in the total, by rate, as a qualified invoice shows it. */
function Taxes({ bill }: { readonly bill: Bill }): JSX.Element {
  const words = useWords(walletWords)
  const locale = useLocale()
  const byRate = new Map<number, bigint>()
  for (const { taxRate, tax } of bill.lines) {
    if (taxRate !== null) byRate.set(taxRate, (byRate.get(taxRate) ?? 0n) + BigInt(tax))
  }
  return (
    <>
      {[...byRate].map(([rate, tax]) => (
        <ReceiptLine
          key={rate}
          label={words.tax(rateText(rate, locale))}
          value={<Amount parts={amountParts(tax, bill.unit, locale)} size="small" tone="quiet" />}
        />
      ))}
    </>
  )
}

/** Where the money is, while it is not all in one place. */
function Portions({ view, bill }: { readonly view: PaymentView; readonly bill: Bill }): JSX.Element | null {
  const words = useWords(walletWords)
  const locale = useLocale()
  const sum = (state: string): bigint =>
    view.portions.reduce((total, portion) => total + (portion.state === state ? BigInt(portion.amount) : 0n), 0n)
  const parts = [
    { name: words.settledPart, amount: sum('settled') },
    { name: words.heldPart, amount: sum('held') },
    { name: words.endedPart, amount: sum('ended') },
  ].filter(({ amount }) => amount > 0n)
  if (view.state === 'settled' && parts.length === 1) return null
  return (
    <>
      {parts.map(({ name, amount }) => (
        <ReceiptLine
          key={name}
          label={name}
          value={<Amount parts={amountParts(amount, bill.unit, locale)} size="small" />}
        />
      ))}
      {waitsForDelivery(view) ? <p class="quiet small">{words.heldText}</p> : null}
    </>
  )
}

/** Is some of the money set aside until goods are handed over? */
export const waitsForDelivery = (view: PaymentView): boolean =>
  view.portions.some(({ state, waits }) => state === 'held' && waits === 'delivery')

function Refunds({ view, bill }: { readonly view: PaymentView; readonly bill: Bill }): JSX.Element | null {
  const words = useWords(walletWords)
  const locale = useLocale()
  if (view.refunds.length === 0) return null
  const left = view.refunds.reduce((rest, { amount }) => rest - BigInt(amount), BigInt(bill.total))
  return (
    <div class="refunds">
      {view.refunds.map(({ payment, amount, at }) => (
        <ReceiptLine
          key={payment}
          label={words.refunded(formatDateTime(at, locale))}
          value={<Amount parts={amountParts(-BigInt(amount), bill.unit, locale)} size="small" tone="settled" />}
        />
      ))}
      <ReceiptLine
        strong
        label={words.afterRefunds}
        value={<Amount parts={amountParts(left, bill.unit, locale)} size="small" />}
      />
    </div>
  )
}
