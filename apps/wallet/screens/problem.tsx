// A problem in words: what happened, whether money moved, what to do next.
import type { JSX } from 'preact'
import type { Problem } from '#protocol/problems.ts'
import { problemText } from '#apps/shared/problems.ts'
import { Banner } from '#ui/kit.tsx'
import { useLocale, type Locale } from '#ui/i18n.ts'

export type ProblemNoteProps = {
  readonly problem: Problem
  /** Figures of this very case, between the sentence and the next step: how much is missing, until when it is locked. */
  readonly figure?: string | undefined
  /** Leave out whether money moved where none could have: setting up, settings. */
  readonly isAboutMoney?: boolean
}

export function ProblemNote({ problem, figure, isAboutMoney = true }: ProblemNoteProps): JSX.Element {
  const locale = useLocale()
  const text = problemText(problem, locale, 'payer')
  const rest = [figure, isAboutMoney ? text.moneySentence : undefined, text.next].filter((each) => each !== undefined)
  return (
    <Banner kind="trouble">
      <span class="sentence strong">{text.sentence}</span>
      <span class="sentence">{joined(rest, locale)}</span>
    </Banner>
  )
}

/** Sentences one after the other; Japanese has no blank between them. */
const joined = (sentences: readonly string[], locale: Locale): string => sentences.join(locale === 'ja' ? '' : ' ')
