// Ended without (or with returned) money: why, that no money moved, what next.
import type { JSX } from 'preact'
import { amountText } from '#apps/shared/money.ts'
import { Button, EmptyState, Screen } from '#ui/kit.tsx'
import { useLocale, useWords } from '#ui/i18n.ts'
import { endedText } from '../said.ts'
import { walletWords } from '../words.ts'
import type { JoinedProps } from './joined.tsx'
import { PaymentReceipt } from './receipt.tsx'

export function Ended({ state, act, banners, view }: JoinedProps): JSX.Element {
  const words = useWords(walletWords)
  const locale = useLocale()
  const said = endedText(view, locale)
  return (
    <Screen
      title={said.title}
      banners={banners}
      actions={
        <Button kind="seal" wide onPress={act.done}>
          {words.done}
        </Button>
      }
    >
      <div class="ended">
        <EmptyState title={said.why}>
          {view.bill === null ? null : (
            <p>
              {view.biller.name} · {amountText(view.bill.total, view.bill.unit, locale)}
            </p>
          )}
          <p>{said.money}</p>
          {said.isReturned || view.ended === 'cancelled-by-payer' || view.question !== null ? null : (
            <p>{words.endedNext}</p>
          )}
        </EmptyState>
      </div>
      {said.isReturned ? <PaymentReceipt view={view} state={state} act={act} /> : null}
    </Screen>
  )
}
