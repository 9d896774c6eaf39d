// The lines of a bill, each with its quantity, tax and conditions.
import type { JSX } from 'preact'
import type { PaymentView } from '#protocol/views.ts'
import { isReducedRate } from '#core/taxes.ts'
import { periodText } from '#apps/shared/conditions.ts'
import { amountParts, rateText } from '#apps/shared/money.ts'
import { ReceiptLine } from '#ui/kit.tsx'
import { Amount } from '#ui/numbers.tsx'
import { useLocale, useWords } from '#ui/i18n.ts'
import { walletWords } from '../words.ts'

type Bill = NonNullable<PaymentView['bill']>
type Line = Bill['lines'][number]

export function BillLines({ bill }: { readonly bill: Bill }): JSX.Element {
  const locale = useLocale()
  return (
    <div class="lines">
      {bill.lines.map((line, index) => (
        <ReceiptLine
          key={index}
          label={<LineText line={line} unit={bill.unit} />}
          value={<Amount parts={amountParts(line.amount, bill.unit, locale)} size="small" />}
        />
      ))}
    </div>
  )
}

function LineText({ line, unit }: { readonly line: Line; readonly unit: string }): JSX.Element {
  const words = useWords(walletWords)
  const locale = useLocale()
  const { delivery, coolingOff } = line.conditions
  const details = [
    line.taxRate === null ? '' : words.taxIncluded(rateText(line.taxRate, locale)) + reducedMark(unit, line),
    delivery ? words.deliveryLine : '',
    coolingOff === null ? '' : words.coolingOffLine(periodText(coolingOff.period, locale)),
  ].filter((detail) => detail !== '')
  return (
    <span class="line-text">
      <span class="line-name">{line.quantity === 1 ? line.text : words.times(line.text, line.quantity)}</span>
      {details.length === 0 ? null : <span class="line-detail">{details.join(' · ')}</span>}
    </span>
  )
}

/** The mark of the reduced rate, which a Japanese receipt explains below. */
const reducedMark = (unit: string, { taxRate }: Line): string => (isReducedRate(unit, taxRate) ? ' ※' : '')
