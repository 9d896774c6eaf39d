// Paid: the seal comes down, the receipt lies below. Money set aside until delivery is said as such.
import type { JSX } from 'preact'
import { amountText } from '#apps/shared/money.ts'
import { Button, Screen } from '#ui/kit.tsx'
import { Icon } from '#ui/icons.tsx'
import { useLocale, useWords } from '#ui/i18n.ts'
import { walletWords } from '../words.ts'
import { Half } from './half.tsx'
import type { JoinedProps } from './joined.tsx'
import { ProblemNote } from './problem.tsx'
import { PaymentReceipt, TakeBack } from './receipt.tsx'

export function Paid({ state, act, banners, current, view }: JoinedProps): JSX.Element {
  const words = useWords(walletWords)
  const locale = useLocale()
  const isHeld = view.state === 'held'
  const amount = view.bill === null ? '' : amountText(view.bill.total, view.bill.unit, locale)
  const shop = view.biller.name
  return (
    <Screen
      title={isHeld ? words.held : words.paid}
      banners={banners}
      actions={
        <Button kind="seal" wide onPress={act.done}>
          {words.done}
        </Button>
      }
    >
      <Half view={view} sealed />
      <p class="paid">
        <Icon name="check" size={24} />
        <span>{isHeld ? words.heldTo(amount, shop) : words.paidTo(amount, shop)}</span>
      </p>
      {current.problem === null ? null : <ProblemNote problem={current.problem} />}
      <PaymentReceipt view={view} />
      <TakeBack
        view={view}
        clockOffsetMs={state.clockOffsetMs}
        isBusy={current.sending !== null}
        takeBack={act.decline}
      />
    </Screen>
  )
}
