// Ended without (or with returned) money: why, that no money moved, what next.
import type { JSX } from 'preact'
import type { PaymentView } from '#protocol/views.ts'
import { amountText } from '#apps/shared/money.ts'
import { Button, EmptyState, Screen } from '#ui/kit.tsx'
import { useLocale, useWords, type Locale } from '#ui/i18n.ts'
import { walletWords } from '../words.ts'
import type { JoinedProps } from './joined.tsx'
import { PaymentReceipt } from './receipt.tsx'

export function Ended({ act, banners, view }: JoinedProps): JSX.Element {
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
          {said.isReturned || view.ended === 'cancelled-by-payer' ? null : <p>{words.endedNext}</p>}
        </EmptyState>
      </div>
      {said.isReturned ? <PaymentReceipt view={view} /> : null}
    </Screen>
  )
}

/** How a payment ended, in words. Money that had been set aside came back; else none moved. */
export function endedText(
  view: PaymentView,
  locale: Locale,
): { title: string; why: string; money: string; isReturned: boolean } {
  const words = walletWords[locale]
  const reason = view.ended ?? 'expired'
  const isReturned = view.approvedAt !== null && view.bill !== null
  if (!isReturned) return { title: words.ended, why: words[`end ${reason}`], money: words.noMoney, isReturned }
  const back = view.portions.reduce(
    (sum, portion) => sum + (portion.state === 'ended' ? BigInt(portion.amount) : 0n),
    0n,
  )
  const isSomeones = reason === 'cancelled-by-payer' || reason === 'cancelled-by-biller'
  return {
    title: words.endedReturned,
    why: isSomeones ? words[`return ${reason}`] : words['return other'],
    money: words.moneyBack(amountText(back, view.bill?.unit ?? '', locale)),
    isReturned,
  }
}
