// One deal of the history: its bill, who paid, what was given back; and giving back or handing over.
import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import { sum } from '#core/money.ts'
import { dayText } from '#apps/shared/conditions.ts'
import { amountText } from '#apps/shared/money.ts'
import { wentBackOf } from '#apps/shared/sale.ts'
import { strengthText } from '#apps/shared/shown.ts'
import { billFromWire } from '#protocol/bill.ts'
import type { DealView } from '#protocol/views.ts'
import { formatDateTime, useLocale, useWords } from '#ui/i18n.ts'
import { EmptyState, ReceiptLine } from '#ui/kit.tsx'
import { actionsOf } from '../actions.ts'
import { useRegister, useTill } from '../context.tsx'
import { heldAmountOf, recordStateOf, refundableOf, toHandOver, yoursOn } from '../money-back.ts'
import { words } from '../words.ts'
import { AnswerLines, QuestionPaper } from './ask.tsx'
import { BillPaper } from './bill.tsx'
import { CardSlip } from './card-machine.tsx'
import { DeliverSheet, RefundSheet } from './give.tsx'
import { ReceiptActions } from './receipt.tsx'
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
      {deal.question === null ? (
        <section class="bill" aria-label={text.bill}>
          {read?.ok === true ? <BillPaper bill={read.bill} /> : <EmptyState title={text.noBill} />}
        </section>
      ) : (
        <QuestionPaper question={deal.question} />
      )}
      <section class="deal">
        <Heading>{text.titleRecord}</Heading>
        <Facts deal={deal} />
        <CardSlip deal={deal} />
        <div class="record-actions">
          {actions.includes('deliver') ? <ActionButton action="deliver" wide /> : null}
          {actions.includes('refund') ? <ActionButton action="refund" wide /> : null}
        </div>
        <ReceiptActions deal={deal} />
        <Trouble state={state} />
      </section>
      <RefundSheet deal={deal} />
      <DeliverSheet deal={deal} />
    </>
  )
}

/** What the shop answered when it was asked whether to sell something, if it was. */
function answerOf({ restriction, ended }: DealView): 'saidYes' | 'saidNo' | null {
  if (ended === 'restricted') return 'saidNo'
  return restriction?.state === 'permitted' ? 'saidYes' : null
}

function Facts({ deal }: { readonly deal: DealView }): JSX.Element {
  const text = useWords(words)
  const locale = useLocale()
  const money = (amount: bigint | string): string => amountText(amount, deal.bill?.unit ?? '', locale)
  const [held, left, tally] = [heldAmountOf(deal), refundableOf(deal), nameOfTally(deal, locale)]
  const handOver = sum(toHandOver(deal).map(({ amount }) => amount))
  const yours = yoursOn(deal)
  const wentBack = wentBackOf(deal)
  const answer = answerOf(deal)
  return (
    <div class="facts">
      <ReceiptLine label={text.recordState} value={text[`recordState_${recordStateOf(deal)}`]} />
      <ReceiptLine label={text.recordPayer} value={deal.payer?.name ?? text.noPayer} />
      <ReceiptLine
        label={text.recordTime}
        value={formatDateTime(deal.approvedAt ?? deal.answered?.at ?? deal.openedAt, locale)}
      />
      {deal.cashier === null ? null : <ReceiptLine label={text.recordCashier} value={deal.cashier} />}
      {deal.answered === null ? null : (
        <>
          <AnswerLines deal={deal} />
          <ReceiptLine label={text.recordProof} value={strengthText(deal.answered.strength, locale)} />
        </>
      )}
      {tally === null ? null : <ReceiptLine label={text.recordTally} value={tally} />}
      {answer === null ? null : <ReceiptLine label={text.recordAsked} value={text[answer]} />}
      {handOver > 0n ? <ReceiptLine label={text.waitingHandOver} value={money(handOver)} /> : null}
      {wentBack === 0n ? null : <ReceiptLine label={text.wentBack} value={money(wentBack)} />}
      {yours === null ? null : (
        <ReceiptLine label={text.yoursOnLabel(dayText(yours, locale))} value={money(held - handOver)} />
      )}
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
