// A phone that waits to be let in: until when, who hears of it, and that it goes on by itself.
import type { JSX } from 'preact'
import { problemText } from '#apps/shared/problems.ts'
import { Button, EmptyState, Screen } from '#ui/kit.tsx'
import { formatDateTime, formatSeconds, useLocale, useWords } from '#ui/i18n.ts'
import { useNow } from '#ui/numbers.tsx'
import type { ScreenOf } from '../app.tsx'
import type { LetInPlace } from '../beginning.ts'
import { beginningWords } from '../words-beginning.ts'

export function LetIn({ state, act, banners, place }: ScreenOf & { readonly place: LetInPlace }): JSX.Element {
  const words = useWords(beginningWords)
  const locale = useLocale()
  const now = useNow(1000) + state.clockOffsetMs
  const { readyAt, problem } = place
  if (problem !== null) {
    const said = problemText(problem, locale, 'payer')
    return (
      <Screen
        title={words.letInOver}
        banners={banners}
        actions={
          <Button kind="seal" wide onPress={act.begin.stopWaiting}>
            {words.goOn}
          </Button>
        }
      >
        <EmptyState title={said.sentence} icon="warning">
          {said.next}
        </EmptyState>
      </Screen>
    )
  }
  const seconds = Math.max(0, Math.ceil((readyAt - now) / 1000))
  const left = seconds > 3600 ? words.hours(Math.ceil(seconds / 3600)) : formatSeconds(seconds, locale)
  return (
    <Screen
      title={words.letIn}
      banners={banners}
      actions={
        <Button wide onPress={act.begin.stopWaiting}>
          {words.stopWaiting}
        </Button>
      }
    >
      <EmptyState title={words.letInAt(formatDateTime(readyAt, locale, now))}>
        <p role="timer">{words.letInLeft(left)}</p>
      </EmptyState>
      <p>{words.letInText}</p>
      <p class="quiet">{words.letInGoesOn}</p>
    </Screen>
  )
}
