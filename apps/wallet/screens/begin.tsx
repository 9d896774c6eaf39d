// How to begin: the three ways, each with what it takes.
import type { JSX } from 'preact'
import { ListRow, Screen } from '#ui/kit.tsx'
import { useWords } from '#ui/i18n.ts'
import { LanguageChoice } from '#ui/settings.tsx'
import type { ScreenOf } from '../app.tsx'
import { beginningWords } from '../words-beginning.ts'

export function Begin({ act, banners }: ScreenOf): JSX.Element {
  const words = useWords(beginningWords)
  return (
    <Screen title={words.begin} banners={banners}>
      <p class="quiet">{words.beginText}</p>
      <ul class="list" role="list">
        <li>
          <ListRow icon="plus" title={words.beginNew} detail={words.beginNewText} onPress={act.begin.signUp} />
        </li>
        <li>
          <ListRow icon="keypad" title={words.beginCode} detail={words.beginCodeText} onPress={act.begin.useCode} />
        </li>
        <li>
          <ListRow icon="person" title={words.beginBack} detail={words.beginBackText} onPress={act.begin.recover} />
        </li>
      </ul>
      <div class="at-the-end">
        <LanguageChoice hideLabel />
      </div>
    </Screen>
  )
}
