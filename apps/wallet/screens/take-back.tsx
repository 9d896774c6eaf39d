// Lines in their cancellation period: until when each may be taken back, and taking it back, asked once more before it is done.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { dayText } from '#apps/shared/conditions.ts'
import { amountText } from '#apps/shared/money.ts'
import type { Problem } from '#protocol/problems.ts'
import type { PaymentView } from '#protocol/views.ts'
import { Button, Sheet } from '#ui/kit.tsx'
import { useNow } from '#ui/numbers.tsx'
import { useLocale, useWords } from '#ui/i18n.ts'
import type { Actions } from '../actions.ts'
import { takeable } from '../state.ts'
import { walletWords } from '../words.ts'
import { ProblemNote } from './problem.tsx'

type TakeBackProps = {
  readonly view: PaymentView
  readonly clockOffsetMs: number
  readonly act: Pick<Actions, 'takeBack'>
}

export function TakeBack({ view, clockOffsetMs, act }: TakeBackProps): JSX.Element | null {
  const words = useWords(walletWords)
  const locale = useLocale()
  const now = useNow(10_000) + clockOffsetMs
  const [asked, setAsked] = useState<number | null>(null)
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem | null>(null)
  const open = takeable(view, now)
  if (open.length === 0 && problem === null) return null
  const chosen = open.find(({ index }) => index === asked)
  const amountOf = (line: number): string =>
    amountText(view.bill?.lines[line]?.amount ?? '0', view.bill?.unit ?? '', locale)
  const takeBack = async (portion: number): Promise<void> => {
    setBusy(true)
    setProblem(await act.takeBack(view.payment, portion))
    setBusy(false)
    setAsked(null)
  }
  return (
    <section class="stack-small" aria-label={words.takeBack}>
      {problem === null ? null : <ProblemNote problem={problem} />}
      {open.map(({ index, line, until }) => (
        <div key={index} class="take-back">
          <span>
            <span class="line-name">{view.bill?.lines[line]?.text}</span>
            <span class="line-detail">{words.cancelUntil(dayText(until, locale, 'time'))}</span>
          </span>
          <Button onPress={() => setAsked(index)}>{words.takeBack}</Button>
        </div>
      ))}
      {open.length === 0 ? null : <p class="quiet small">{words.cancelElse}</p>}
      <Sheet
        open={chosen !== undefined}
        onClose={() => setAsked(null)}
        title={words.takeBackSure(chosen === undefined ? '' : (view.bill?.lines[chosen.line]?.text ?? ''))}
        actions={
          <div class="two">
            <Button wide disabled={busy} onPress={() => setAsked(null)}>
              {words.keepIt}
            </Button>
            <Button kind="danger" wide busy={busy} onPress={() => chosen !== undefined && void takeBack(chosen.index)}>
              {busy ? words.takingBack : words.takeBack}
            </Button>
          </div>
        }
      >
        <p>{chosen === undefined ? '' : words.takeBackText(amountOf(chosen.line), view.biller.name)}</p>
      </Sheet>
    </section>
  )
}
