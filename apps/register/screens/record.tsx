// One deal of the history: its bill, who paid, what was given back; and giving back or handing over.
import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import { amountText } from '#apps/shared/money.ts'
import { billFromWire } from '#protocol/bill.ts'
import type { DealView } from '#protocol/views.ts'
import { formatDateTime, useLocale, useWords } from '#ui/i18n.ts'
import { EmptyState, ReceiptLine } from '#ui/kit.tsx'
import { actionsOf } from '../actions.ts'
import { useRegister, useTill } from '../context.tsx'
import { heldAmountOf, recordStateOf, refundableOf } from '../money-back.ts'
import { words } from '../words.ts'
import { BillPaper } from './bill.tsx'
import { DeliverSheet, RefundSheet } from './give.tsx'
import { nameOfTally } from './slip.tsx'
import { ActionButton, Heading, Trouble } from './till.tsx'

export function Record({ deal }: { readonly deal: DealView }): JSX.Element {
  const text = useWords(words)
  const { hub } = useTill()
  const state = useRegister()
  useEffect(() => hub.watchRecord(deal.deal), [deal.deal])
  const read = deal.bill === null ? null : billFromWire(deal.bill)
  const actions = actionsOf(state)
  return (
    <>
      <section class="bill" aria-label={text.bill}>
        {read?.ok === true ? <BillPaper bill={read.bill} /> : <EmptyState title={text.noBill} />}
      </section>
      <section class="deal">
        <Heading>{text.titleRecord}</Heading>
        <Facts deal={deal} />
        <div class="record-actions">
          {actions.includes('deliver') ? <ActionButton action="deliver" wide /> : null}
          {actions.includes('refund') ? <ActionButton action="refund" wide /> : null}
        </div>
        <Trouble state={state} />
      </section>
      <RefundSheet deal={deal} />
      <DeliverSheet deal={deal} />
    </>
  )
}

function Facts({ deal }: { readonly deal: DealView }): JSX.Element {
  const text = useWords(words)
  const locale = useLocale()
  const money = (amount: bigint | string): string => amountText(amount, deal.bill?.unit ?? '', locale)
  const [held, left, tally] = [heldAmountOf(deal), refundableOf(deal), nameOfTally(deal, locale)]
  return (
    <div class="facts">
      <ReceiptLine label={text.recordState} value={text[`recordState_${recordStateOf(deal)}`]} />
      <ReceiptLine label={text.recordPayer} value={deal.payer?.name ?? text.noPayer} />
      <ReceiptLine label={text.recordTime} value={formatDateTime(deal.approvedAt ?? deal.openedAt, locale)} />
      {tally === null ? null : <ReceiptLine label={text.recordTally} value={tally} />}
      {held > 0n ? <ReceiptLine label={text.waitingHandOver} value={money(held)} /> : null}
      {deal.refunds.map((refund) => (
        <ReceiptLine
          key={refund.payment}
          label={`${text.refunds} · ${formatDateTime(refund.at, locale)}`}
          value={money(refund.amount)}
        />
      ))}
      {deal.refunds.length > 0 ? <ReceiptLine label={text.left} value={money(left)} strong /> : null}
    </div>
  )
}
