// A bill of a person: whether one knows them, what happens if nothing is done, and a way to be left in peace.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { Problem } from '#protocol/problems.ts'
import { Banner, Button, Sheet } from '#ui/kit.tsx'
import { formatDateTime, useLocale, useWords } from '#ui/i18n.ts'
import { walletWords } from '../words.ts'
import type { JoinedProps } from './joined.tsx'
import { ProblemNote } from './problem.tsx'

/** Said before the amount: this person is not in the contacts. */
export function Stranger({ view }: Pick<JoinedProps, 'view'>): JSX.Element | null {
  const words = useWords(walletWords)
  if (!view.biller.isPerson || view.knows !== false) return null
  return (
    <Banner kind="trouble">
      <span class="sentence strong">{words.stranger(view.biller.name)}</span>
      <span class="sentence">{words.strangerText}</span>
    </Banner>
  )
}

export function PersonNote({ act, current, view }: JoinedProps): JSX.Element | null {
  const words = useWords(walletWords)
  const locale = useLocale()
  const [asked, setAsked] = useState(false)
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem | null>(null)
  const { biller } = view
  if (!biller.isPerson) return null
  const block = async (): Promise<void> => {
    setBusy(true)
    const answer = await act.putContact(biller.account, 'blocked')
    setBusy(false)
    setProblem(answer)
    setAsked(false)
    if (answer === null) act.decline()
  }
  return (
    <div class="stack-small">
      {problem === null ? null : <ProblemNote problem={problem} />}
      <p class="quiet small">
        {view.unasked ? words.unaskedText(biller.name) : ''}
        {words.personExpires(formatDateTime(view.expiresAt, locale))}
      </p>
      <Button kind="quiet" disabled={current.sending !== null} onPress={() => setAsked(true)}>
        {words.block(biller.name)}
      </Button>
      <Sheet
        open={asked}
        onClose={() => setAsked(false)}
        title={words.blockSure(biller.name)}
        actions={
          <div class="two">
            <Button wide disabled={busy} onPress={() => setAsked(false)}>
              {words.notNow}
            </Button>
            <Button kind="danger" wide busy={busy} onPress={() => void block()}>
              {words.blockDo}
            </Button>
          </div>
        }
      >
        <p>{words.blockText}</p>
      </Sheet>
    </div>
  )
}
