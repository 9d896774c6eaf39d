// Paid: the seal comes down, the receipt lies below. Money set aside until delivery is said as such.
import type { JSX } from 'preact'
import { amountParts, amountText } from '#apps/shared/money.ts'
import { Button, Screen } from '#ui/kit.tsx'
import { Icon } from '#ui/icons.tsx'
import { Amount } from '#ui/numbers.tsx'
import { useLocale, useWords } from '#ui/i18n.ts'
import { walletWords } from '../words.ts'
import { Half } from './half.tsx'
import type { JoinedProps } from './joined.tsx'
import { OwnAmount, useBackText } from './means.tsx'
import { ProblemNote } from './problem.tsx'
import { waitsForDelivery, PaymentReceipt } from './receipt.tsx'
import { TakeBack } from './take-back.tsx'

export function Paid({ state, act, banners, current, view }: JoinedProps): JSX.Element {
  const words = useWords(walletWords)
  const locale = useLocale()
  const isHeld = view.state === 'held'
  const isInPart = view.portions.some((portion) => portion.state === 'settled')
  const lastRefund = view.refunds.at(-1)
  const backText = useBackText(view)
  const lastBack = lastRefund === undefined ? null : backText(lastRefund)
  return (
    <Screen
      title={isHeld ? (isInPart ? words.heldInPart : words.held) : words.paid}
      banners={banners}
      actions={
        <Button kind="seal" wide onPress={act.done}>
          {words.done}
        </Button>
      }
    >
      <Half view={view} sealed />
      <div class="paid">
        <span class="paid-amount">
          <Icon name="check" size={32} />
          {view.bill === null ? null : (
            <Amount parts={amountParts(view.bill.total, view.bill.unit, locale)} size="huge" tone="settled" />
          )}
        </span>
        <OwnAmount view={view} />
        <span class="paid-shop">{words.paidShop(view.biller.name)}</span>
        {waitsForDelivery(view) ? <span class="quiet">{words.heldText}</span> : null}
        {lastRefund === undefined ? null : (
          <span class="strong">{words.refundedNow(amountText(lastRefund.amount, view.bill?.unit ?? '', locale))}</span>
        )}
        {lastBack === null ? null : <span>{lastBack}</span>}
      </div>
      {current.problem === null ? null : <ProblemNote problem={current.problem} />}
      <TakeBack view={view} clockOffsetMs={state.clockOffsetMs} act={act} />
      <PaymentReceipt view={view} state={state} act={act} />
    </Screen>
  )
}
