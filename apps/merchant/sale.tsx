// One sale: its lines with where their money is, its refunds, and giving back the whole, a part, or some lines.
import type { JSX } from 'preact'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { dayText } from '#apps/shared/conditions.ts'
import { amountParts, amountText } from '#apps/shared/money.ts'
import { problemText } from '#apps/shared/problems.ts'
import type { Problem } from '#protocol/problems.ts'
import type { DealView } from '#protocol/views.ts'
import type { Client } from '#sdk/client.ts'
import { formatDateTime, useLocale, useWords } from '#ui/i18n.ts'
import { Banner, Button, ReceiptLine } from '#ui/kit.tsx'
import { Amount } from '#ui/numbers.tsx'
import { GiveBack } from './give-back.tsx'
import { SaleReceipt } from './sale-receipt.tsx'
import { askableText, factsOf, strengthText } from '#apps/shared/shown.ts'
import { linesOf, refundableOf, saleState, type SaleLine } from '#apps/shared/sale.ts'
import { words } from './words.ts'

type SaleProps = Readonly<{ client: Client; payment: string; onClose: () => void; onChange: () => void; fresh: number }>

export function Sale({ client, payment, onClose, onChange, fresh }: SaleProps): JSX.Element {
  const text = useWords(words)
  const locale = useLocale()
  const [sale, setSale] = useState<DealView | null>(null)
  const [problem, setProblem] = useState<Problem | null>(null)
  const look = async (): Promise<void> => {
    const answer = await client.call('sale', { params: { payment } })
    if (answer.ok) setSale(answer.view)
    setProblem(answer.ok ? null : answer.problem)
  }
  useEffect(() => void look(), [payment, fresh])
  const heading = useRef<HTMLHeadingElement>(null)
  useLayoutEffect(() => heading.current?.focus({ preventScroll: true }), [payment])
  return (
    <aside class="sale" aria-label={text.sale}>
      <header class="sale-head">
        <h2 tabIndex={-1} ref={heading}>
          {sale?.payer?.name ?? text.sale}
        </h2>
        <Button kind="quiet" icon="close" iconOnly onPress={onClose}>
          {text.close}
        </Button>
      </header>
      {problem === null ? null : <Banner kind="trouble">{sentence(problem, locale)}</Banner>}
      {sale?.cashier == null ? null : <p class="sale-state">{text.soldBy(sale.cashier)}</p>}
      {sale === null ? (
        <p role="status">{problem === null ? text.loading : ''}</p>
      ) : (
        <>
          <SaleLines sale={sale} />
          <Refunds sale={sale} />
          {sale.bill !== null && sale.approvedAt !== null ? <SaleReceipt client={client} payment={payment} /> : null}
          {refundableOf(sale) > 0n ? (
            <GiveBack
              client={client}
              payment={payment}
              sale={sale}
              onDone={() => {
                void look()
                onChange()
              }}
            />
          ) : null}
        </>
      )}
    </aside>
  )
}

const sentence = (problem: Problem, locale: 'en' | 'ja'): string => {
  const said = problemText(problem, locale, 'biller')
  return `${said.sentence} ${said.next}`
}

function SaleLines({ sale }: Readonly<{ sale: DealView }>): JSX.Element {
  const text = useWords(words)
  const locale = useLocale()
  const { bill } = sale
  if (sale.question !== null) return <Answer sale={sale} question={sale.question} />
  if (bill === null) return <p>{text.noBill}</p>
  return (
    <div class="sale-lines">
      <p class="sale-state">
        {text[saleState(sale)]} · {formatDateTime(sale.joinedAt ?? sale.openedAt, locale)}
      </p>
      {sale.restriction?.state === 'permitted' ? <p class="sale-state">{text.saidYes}</p> : null}
      {sale.ended === 'restricted' ? <p class="sale-state">{text.saidNo}</p> : null}
      {linesOf(sale).map((line) => (
        <ReceiptLine
          key={line.index}
          label={<LineText line={line} />}
          value={<Amount parts={amountParts(line.amount, bill.unit, locale)} size="small" />}
        />
      ))}
      <ReceiptLine
        strong
        label={text.total}
        value={<Amount parts={amountParts(bill.total, bill.unit, locale)} size="small" />}
      />
    </div>
  )
}

/** A question instead of a bill: what was asked, and what was shown. */
function Answer({
  sale,
  question,
}: Readonly<{ sale: DealView; question: NonNullable<DealView['question']> }>): JSX.Element {
  const text = useWords(words)
  const locale = useLocale()
  const facts = sale.payer === null ? [] : factsOf(sale.payer.shown, locale)
  return (
    <div class="sale-lines">
      <p class="sale-state">
        {text[saleState(sale)]} · {formatDateTime(sale.answered?.at ?? sale.openedAt, locale)}
      </p>
      <ReceiptLine label={text.askedWhy} value={question.reason} />
      <ReceiptLine
        label={text.askedFor}
        value={new Intl.ListFormat(locale).format(question.attributes.map((what) => askableText(what, locale)))}
      />
      {facts.map(({ label, value }, index) => (
        <ReceiptLine key={index} label={label} value={value} />
      ))}
      {sale.answered === null ? null : (
        <ReceiptLine label={text.proof} value={strengthText(sale.answered.strength, locale)} />
      )}
    </div>
  )
}

function LineText({ line }: Readonly<{ line: SaleLine }>): JSX.Element {
  const text = useWords(words)
  const locale = useLocale()
  const { portion, quantity } = line
  return (
    <span class="sale-line">
      <span>{quantity === 1 ? line.text : `${line.text} × ${quantity}`}</span>
      {portion?.state === 'held' ? (
        <span class="sale-detail">
          {portion.waits === 'cooling-off' && portion.until !== null
            ? text.yoursOn(dayText(portion.until, locale))
            : text.untilDelivery}
        </span>
      ) : null}
      {portion?.state === 'ended' ? <span class="sale-detail">{text.wentBack}</span> : null}
    </span>
  )
}

function Refunds({ sale }: Readonly<{ sale: DealView }>): JSX.Element | null {
  const text = useWords(words)
  const locale = useLocale()
  if (sale.refunds.length === 0) return null
  const unit = sale.bill?.unit ?? ''
  return (
    <section aria-label={text.refunds}>
      <h3>{text.refunds}</h3>
      <ul class="list" role="list">
        {sale.refunds.map(({ payment, amount, lines, at }) => (
          <li key={payment} class="sale-refund">
            <span>
              {formatDateTime(at, locale)}
              {lines.length === 0 ? '' : ` · ${lines.map(({ line }) => sale.bill?.lines[line]?.text ?? '').join(', ')}`}
            </span>
            <span>{amountText(`-${amount}`, unit, locale)}</span>
          </li>
        ))}
      </ul>
    </section>
  )
}
