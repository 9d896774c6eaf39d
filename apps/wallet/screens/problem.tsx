// A problem in words: what happened, whether money moved, what to do next.
import type { JSX } from 'preact'
import type { Problem } from '#protocol/problems.ts'
import { problemText } from '#apps/shared/problems.ts'
import { Banner } from '#ui/kit.tsx'
import { useLocale } from '#ui/i18n.ts'

export type ProblemNoteProps = {
  readonly problem: Problem
  /** Figures of this very case, between the sentence and the next step: how much is missing, until when it is locked. */
  readonly figure?: string | undefined
  /** Leave out whether money moved where none could have: setting up, settings. */
  readonly isAboutMoney?: boolean
}

export function ProblemNote({ problem, figure, isAboutMoney = true }: ProblemNoteProps): JSX.Element {
  const text = problemText(problem, useLocale(), 'payer')
  const sentences = [text.sentence, figure, isAboutMoney ? text.moneySentence : undefined, text.next]
  return (
    <Banner kind="trouble">
      {sentences
        .filter((sentence) => sentence !== undefined && sentence !== '')
        .map((sentence) => (
          <span class="sentence" key={sentence}>
            {sentence}
          </span>
        ))}
    </Banner>
  )
}
