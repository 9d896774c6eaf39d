// The operator's desk: people and merchants with their money, limits and proofs; credits by file; the rules; the log of it all.
import type { JSX } from 'preact'
import { render } from 'preact'
import { useEffect, useMemo, useState } from 'preact/hooks'
import { Entrance, type Entered } from '#apps/shared/entrance.tsx'
import { Segmented } from '#ui/fields.tsx'
import { currentLocale, onLocale, useWords, type Locale } from '#ui/i18n.ts'
import { Banner, StatusRegion } from '#ui/kit.tsx'
import { keepPageInStep } from '#ui/preferences.ts'
import { LanguageChoice } from '#ui/settings.tsx'
import { openHub } from './hub.ts'
import { Credits } from './screens/credits.tsx'
import { Log } from './screens/log.tsx'
import { Operators } from './screens/operators.tsx'
import { Parties } from './screens/parties.tsx'
import { Rules } from './screens/rules.tsx'
import { words } from './words.ts'

type Part = 'people' | 'credits' | 'rules' | 'operators' | 'log'

function Desk({ client, self, scheme }: Entered): JSX.Element | null {
  const text = useWords(words)
  const [part, setPart] = useState<Part>('people')
  const hub = useMemo(() => openHub(client), [client])
  useEffect(() => {
    document.title = `${text.desk} · ${scheme.name}`
  }, [text, scheme])
  if (self.kind !== 'operator') return null
  const shared = { hub, scheme }
  return (
    <div class="desk">
      <header class="desk-head">
        <div>
          <h1>{scheme.name}</h1>
          <p class="desk-who">{text.signedInAs(self.name)}</p>
        </div>
        <LanguageChoice hideLabel />
      </header>
      {scheme.demo ? <Banner kind="demo">{text.demo}</Banner> : null}
      <nav aria-label={text.parts}>
        <Segmented<Part>
          label={text.parts}
          hideLabel
          value={part}
          onChange={setPart}
          options={[
            { value: 'people', label: text.people },
            { value: 'credits', label: text.credits },
            { value: 'rules', label: text.rules },
            { value: 'operators', label: text.operators },
            { value: 'log', label: text.log },
          ]}
        />
      </nav>
      <main class="desk-main">
        {part === 'people' ? <Parties {...shared} /> : null}
        {part === 'credits' ? <Credits {...shared} /> : null}
        {part === 'rules' ? <Rules {...shared} /> : null}
        {part === 'operators' ? <Operators {...shared} self={self.id} /> : null}
        {part === 'log' ? <Log {...shared} /> : null}
      </main>
      <StatusRegion />
    </div>
  )
}

function App(): JSX.Element {
  const text = useWords(words)
  return (
    <Entrance storage="warifu-desk" demo="desk" kind="operator" title={text.desk}>
      {(entered) => <Desk {...entered} />}
    </Entrance>
  )
}

const nameTab = (locale: Locale): void => {
  document.title = words[locale].desk
}

keepPageInStep()
nameTab(currentLocale())
onLocale(nameTab)
const root = document.querySelector('#app')
if (root) render(<App />, root)
