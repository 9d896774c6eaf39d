// While the payer's bank is asked: who is asked, how long yet, what can be done, what happens if nothing comes; and what a no was for.
import type { JSX } from 'preact'
import { AUTHORISE_WITHIN_MS } from '#core/payment.ts'
import type { PaymentView } from '#protocol/views.ts'
import { amountParts } from '#apps/shared/money.ts'
import { useLocale, useWords } from '#ui/i18n.ts'
import { Banner, Button, Screen } from '#ui/kit.tsx'
import { Amount, TimeLeft } from '#ui/numbers.tsx'
import type { ScreenOf } from '../app.tsx'
import type { Current } from '../state.ts'
import { bankWords } from '../words-bank.ts'
import { Half } from './half.tsx'
import { ProblemNote } from './problem.tsx'

type AskingProps = ScreenOf & { readonly current: Current; readonly view: PaymentView }

export function BankAsked({ state, act, banners, current, view }: AskingProps): JSX.Element {
  const words = useWords(bankWords)
  const locale = useLocale()
  const until = view.portions.find((portion) => portion.state === 'authorising')?.until
  const label = view.means.kind === 'bank' ? view.means.label : words.bank
  return (
    <Screen
      title={words.asking}
      banners={banners}
      actions={
        <Button wide busy={current.sending === 'decline'} onPress={act.decline}>
          {words.cancel}
        </Button>
      }
    >
      <Half view={view} sealed={false} />
      {current.problem === null ? null : <ProblemNote problem={current.problem} />}
      {view.bill === null ? null : (
        <div class="due">
          <Amount parts={amountParts(view.bill.total, view.bill.unit, locale)} size="huge" />
        </div>
      )}
      <p role="status">{words.askingText(label)}</p>
      {until == null ? null : (
        <TimeLeft open endsAtMs={until} lastsMs={AUTHORISE_WITHIN_MS} clockOffsetMs={state.clockOffsetMs} />
      )}
      <p class="quiet">{words.ifNothing}</p>
      <p class="quiet small">{words.cancelText}</p>
    </Screen>
  )
}

/** What the bank's last no was for, before the bill that is still there. */
export function BankRefused({ means }: { readonly means: PaymentView['means'] }): JSX.Element | null {
  const words = useWords(bankWords)
  if (means.kind !== 'bank' || means.refused === null) return null
  return (
    <Banner kind="trouble">
      {words[`refused ${means.refused}`]} {words.otherWay}
    </Banner>
  )
}
