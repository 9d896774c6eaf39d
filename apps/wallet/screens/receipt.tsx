// The receipt: what was bought, where, when, what came back since.
import { Fragment, type JSX } from 'preact'
import { NO_DETAILS } from '#core/shop.ts'
import { taxRows } from '#core/taxes.ts'
import { billFromWire } from '#protocol/bill.ts'
import type { ReceiptView } from '#protocol/receipts.ts'
import type { PaymentView } from '#protocol/views.ts'
import { amountParts, rateText } from '#apps/shared/money.ts'
import { EmptyState, Receipt, ReceiptLine, Screen } from '#ui/kit.tsx'
import { Amount } from '#ui/numbers.tsx'
import { formatDateTime, useLocale, useWords } from '#ui/i18n.ts'
import type { ScreenOf } from '../app.tsx'
import { isPaid, type Place } from '../state.ts'
import { endedText } from '../said.ts'
import { useReceipt } from '../receipts.ts'
import { receiptWords } from '../words-receipt.ts'
import { walletWords } from '../words.ts'
import { BillLines } from './bill-lines.tsx'
import { Whole } from './half.tsx'
import { MeansLines, useBackText } from './means.tsx'
import { ProblemNote } from './problem.tsx'
import { KeepReceipt } from './receipt-keep.tsx'
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
          {view.question === null ? (
            <PaymentReceipt view={view} state={state} act={act} />
          ) : (
            <QuestionReceipt view={view} />
          )}
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

type PaymentReceiptProps = Pick<ScreenOf, 'state' | 'act'> & { readonly view: PaymentView }

export function PaymentReceipt({ view, state, act }: PaymentReceiptProps): JSX.Element {
  const words = useWords(walletWords)
  const locale = useLocale()
  const { bill, biller, approvedAt } = view
  const receipt = useReceipt(act.client, view, state.scheme?.signer)
  const shortId =
    view.payment
      .slice(4)
      .match(/.{1,4}/gu)
      ?.slice(-3)
      .join(' ') ?? ''
  return (
    <>
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
            {receipt === null ? null : <ShopFacts receipt={receipt.view.receipt} />}
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
            <MeansLines view={view} />
            <Taxes bill={bill} rows={receipt?.view.receipt.taxes ?? null} />
            <Portions view={view} bill={bill} />
            <Refunds view={view} bill={bill} />
          </>
        )}
        {view.ended === null ? null : (
          <p class="quiet">{Object.values(endedText(view, locale)).slice(1, 3).join(' ')}</p>
        )}
      </Receipt>
      {receipt === null ? null : <KeepReceipt receipt={receipt} client={act.client} />}
    </>
  )
}

/** What the shop says of itself, and who served. */
function ShopFacts({ receipt }: { readonly receipt: ReceiptView['receipt'] }): JSX.Element {
  const words = useWords(receiptWords)
  const { shop, cashier, means } = receipt
  const facts: readonly (readonly [string, string | null])[] = [
    [words.invoiceNumber, shop.invoiceNumber],
    [words.address, shop.address],
    [words.phone, shop.phone],
    [words.cashier, cashier],
    [words.means, words[`means_${means}`]],
  ]
  return (
    <>
      {facts.map(([label, value]) =>
        value === null ? null : (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ),
      )}
    </>
  )
}

/** The tax in the total, by rate, as a qualified invoice shows it; until the receipt has come (`rows` null) as the bill itself has it. */
function Taxes({
  bill,
  rows,
}: {
  readonly bill: Bill
  readonly rows: ReceiptView['receipt']['taxes'] | null
}): JSX.Element {
  const words = useWords(walletWords)
  const text = useWords(receiptWords)
  const locale = useLocale()
  const known = billFromWire(bill)
  const shown = rows ?? (known.ok ? taxRows(known.bill, NO_DETAILS.rounding) : [])
  return (
    <>
      {shown.map(({ rate, isReduced, amount, tax }) => (
        <Fragment key={rate}>
          <ReceiptLine
            label={`${text.taxable(rateText(rate, locale))}${isReduced ? ' ※' : ''}`}
            value={<Amount parts={amountParts(amount, bill.unit, locale)} size="small" tone="quiet" />}
          />
          <ReceiptLine
            label={words.tax(rateText(rate, locale))}
            value={<Amount parts={amountParts(tax, bill.unit, locale)} size="small" tone="quiet" />}
          />
        </Fragment>
      ))}
      {shown.some(({ isReduced }) => isReduced) ? <p class="quiet small">{text.reduced}</p> : null}
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
  const backText = useBackText(view)
  if (view.refunds.length === 0) return null
  const left = view.refunds.reduce((rest, { amount }) => rest - BigInt(amount), BigInt(bill.total))
  return (
    <div class="refunds">
      {view.refunds.map((refund) => {
        const { payment, amount, at } = refund
        const back = backText(refund)
        return (
          <Fragment key={payment}>
            <ReceiptLine
              label={words.refunded(formatDateTime(at, locale))}
              value={<Amount parts={amountParts(-BigInt(amount), bill.unit, locale)} size="small" tone="settled" />}
            />
            {back === null ? null : <p class="quiet small">{back}</p>}
          </Fragment>
        )
      })}
      <ReceiptLine
        strong
        label={words.afterRefunds}
        value={<Amount parts={amountParts(left, bill.unit, locale)} size="small" />}
      />
    </div>
  )
}
