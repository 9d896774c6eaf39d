// The town: a register, two phones and the open ledger on one page, so that a payment can be played from both sides.
import type { ComponentChildren, JSX } from 'preact'
import { render } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { SchemeView } from '#protocol/views.ts'
import { openClient } from '#sdk/client.ts'
import { memoryStorage } from '#sdk/storage.ts'
import { useWords } from '#ui/i18n.ts'
import { Segmented } from '#ui/fields.tsx'
import { keepPageInStep } from '#ui/preferences.ts'
import { LanguageChoice } from '#ui/settings.tsx'
import { Book } from './book.tsx'
import { words } from './words.ts'

type Part = 'register' | 'hanako' | 'kenji' | 'ledger'

function Town(): JSX.Element {
  const scheme = useScheme()
  const text = useWords(words)
  useEffect(() => {
    document.title = scheme === null ? text.title : `${text.title} · ${scheme.name}`
  }, [scheme, text])
  if (scheme === null) return <Plain title={text.starting}>{text.startingText}</Plain>
  if (!scheme.demo) return <NoTown name={scheme.name} />
  return <DemoTown scheme={scheme} />
}

function DemoTown({ scheme }: { readonly scheme: SchemeView }): JSX.Element {
  const text = useWords(words)
  // Where the window is small, one part is shown at a time; the others live on behind it.
  const [part, setPart] = useState<Part>('register')
  return (
    <div class="town" data-part={part}>
      <header class="town-head">
        <h1 class="town-title">
          {text.title} <span class="town-name">{scheme.name}</span>
        </h1>
        <p class="town-demo">
          {text.demo} {text.pin}
        </p>
        <p class="town-doors">
          <a href="/office" target="_blank" rel="noopener">
            {text.office}
          </a>
          <a href="/desk" target="_blank" rel="noopener">
            {text.desk}
          </a>
          <a href="/wallet?device=emma" target="_blank" rel="noopener">
            {text.emma}
          </a>
          <a href="/demo/mail" target="_blank" rel="noopener">
            {text.mail}
          </a>
        </p>
        <LanguageChoice hideLabel />
        <ol class="steps" aria-label={text.steps}>
          <li>{text.step1}</li>
          <li>{text.step2}</li>
          <li>{text.step3}</li>
        </ol>
      </header>
      <nav class="parts" aria-label={text.parts}>
        <Segmented<Part>
          label={text.parts}
          hideLabel
          value={part}
          onChange={setPart}
          options={[
            { value: 'register', label: text.register },
            { value: 'hanako', label: text.hanako },
            { value: 'kenji', label: text.kenji },
            { value: 'ledger', label: text.ledger },
          ]}
        />
      </nav>
      <main class="town-main">
        <Frame part="register" title={text.register} source="/register" />
        <Frame part="hanako" title={text.phoneOf(text.hanako)} source="/wallet?device=hanako" />
        <Frame part="kenji" title={text.phoneOf(text.kenji)} source="/wallet?device=kenji" />
        <Book unit={scheme.unit} />
      </main>
    </div>
  )
}

type FrameProps = { readonly part: Part; readonly title: string; readonly source: string }

/** One machine of the town, with a link that opens it in a window of its own. */
function Frame({ part, title, source }: FrameProps): JSX.Element {
  const text = useWords(words)
  return (
    <section class={`part part-${part}`} aria-label={title}>
      <div class="part-head">
        <h2>{title}</h2>
        <a href={source} target="_blank" rel="noopener" aria-label={text.openAlone(title)}>
          {text.alone}
        </a>
      </div>
      <div class={part === 'register' ? 'machine' : 'machine machine-phone'}>
        <iframe src={source} title={title} allow="camera; publickey-credentials-get; publickey-credentials-create" />
      </div>
    </section>
  )
}

function NoTown({ name }: { readonly name: string }): JSX.Element {
  const text = useWords(words)
  return (
    <Plain title={text.notDemo(name)}>
      <p>{text.notDemoText}</p>
      <p class="plain-links">
        <a href="/register">{text.openRegister}</a>
        <a href="/wallet">{text.openWallet}</a>
      </p>
      <LanguageChoice />
    </Plain>
  )
}

function Plain({ title, children }: { readonly title: string; readonly children: ComponentChildren }): JSX.Element {
  return (
    <main class="plain">
      <h1>{title}</h1>
      {children}
    </main>
  )
}

/** What this hub runs; asked again until it answers. */
function useScheme(): SchemeView | null {
  const [scheme, setScheme] = useState<SchemeView | null>(null)
  useEffect(() => {
    const client = openClient({ hub: location.origin, storage: memoryStorage() })
    const over = new AbortController()
    const ask = async (): Promise<void> => {
      while (!over.signal.aborted) {
        const outcome = await client.scheme()
        if (outcome.ok) return setScheme(outcome.view)
      }
    }
    void ask()
    return () => over.abort()
  }, [])
  return scheme
}

keepPageInStep()
const root = document.querySelector('#app')
if (root) render(<Town />, root)
