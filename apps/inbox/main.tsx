// The demo town's mail on one page: who signs up as a newcomer finds the code here.
import type { JSX } from 'preact'
import { render } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { IdentityView } from '#protocol/identity.ts'
import { openClient } from '#sdk/client.ts'
import { callIdentity } from '#sdk/identity-calls.ts'
import { memoryStorage } from '#sdk/storage.ts'
import { formatTime, useLocale, useWords, type Locale } from '#ui/i18n.ts'
import { Banner, Button, EmptyState, say, StatusRegion } from '#ui/kit.tsx'
import { keepPageInStep } from '#ui/preferences.ts'
import { LanguageChoice } from '#ui/settings.tsx'
import { words } from './words.ts'

type Letter = IdentityView<'demoMail'>['mails'][number]
type Mail = Readonly<{ letters: readonly Letter[]; state: 'here' | 'offline' | 'none' | 'asking' }>

const LOOK_EVERY_MS = 1_000

function Inbox(): JSX.Element {
  const text = useWords(words)
  const { letters, state } = useMail()
  const newest = letters[0]
  useEffect(() => {
    document.title = text.title
  }, [text])
  useNewest(newest, state === 'asking', ({ subject }) => say(text.cameIn(subject)))
  return (
    <main class="inbox">
      {state === 'offline' ? <Banner kind="offline">{text.offline}</Banner> : null}
      {state === 'none' ? <Banner kind="note">{text.none}</Banner> : null}
      <header class="inbox-head">
        <div>
          <h1>{text.title}</h1>
          <p class="inbox-about">{text.about}</p>
        </div>
        <LanguageChoice hideLabel />
      </header>
      {letters.length === 0 ? (
        <EmptyState title={text.empty}>{text.emptyText}</EmptyState>
      ) : (
        <ul class="letters" aria-label={text.letters}>
          {letters.map((letter) => (
            <li key={`${letter.at} ${letter.to} ${letter.subject}`}>
              <OneLetter letter={letter} />
            </li>
          ))}
        </ul>
      )}
      <StatusRegion />
    </main>
  )
}

/** Says of a letter that it came in while somebody was looking; what is there already needs no word. */
function useNewest(newest: Letter | undefined, isFirstLook: boolean, tell: (letter: Letter) => void): void {
  const known = useRef<number | null>(null)
  useEffect(() => {
    if (isFirstLook) return
    if (known.current !== null && newest !== undefined && newest.at > known.current) tell(newest)
    known.current = newest?.at ?? 0
  }, [isFirstLook, newest?.at])
}

function OneLetter({ letter }: { readonly letter: Letter }): JSX.Element {
  const text = useWords(words)
  const locale = useLocale()
  const code = codeIn(letter.text)
  return (
    <article class="letter" lang={languageOf(letter.text)}>
      <h2>{letter.subject}</h2>
      <p class="letter-about" lang={locale}>
        {text.to(letter.to, formatTime(letter.at))}
      </p>
      {linesOf(letter.text).map((line) =>
        line === code ? (
          <div class="letter-code" key={line}>
            <b>{code}</b>
            <span lang={locale}>
              <Button onPress={() => void copy(code, text)}>{text.copy}</Button>
            </span>
          </div>
        ) : (
          <p key={line}>{line.startsWith('http') ? <a href={line}>{line}</a> : line}</p>
        ),
      )}
    </article>
  )
}

/** A letter is in the language of who gets it, whatever the page is in. */
const languageOf = (text: string): Locale => (/[\u3040-\u30ff]/u.test(text) ? 'ja' : 'en')

/** A code stands in a line of its own. */
const codeIn = (text: string): string | null => /^\d{6}$/mu.exec(text)?.[0] ?? null

const linesOf = (text: string): string[] => text.split(/\n+/u).filter((line) => line.trim() !== '')

async function copy(code: string, text: Readonly<{ copied: string; notCopied: string }>): Promise<void> {
  try {
    await navigator.clipboard.writeText(code)
    say(text.copied)
  } catch {
    // The browser may refuse, and says so only by throwing.
    say(text.notCopied, 'trouble')
  }
}

/** The town's letters, looked for every second. */
function useMail(): Mail {
  const [mail, setMail] = useState<Mail>({ letters: [], state: 'asking' })
  useEffect(() => {
    const client = openClient({ hub: location.origin, storage: memoryStorage() })
    let timer: ReturnType<typeof setTimeout> | undefined
    let isOver = false
    const lookAgain = async (): Promise<void> => {
      const found = await callIdentity(client, 'demoMail')
      if (isOver) return
      setMail((before) => {
        if (found.ok) return { letters: found.view.mails, state: 'here' }
        return { ...before, state: found.problem.code === 'no-answer' ? 'offline' : 'none' }
      })
      timer = setTimeout(() => void lookAgain(), LOOK_EVERY_MS)
    }
    void lookAgain()
    return () => {
      isOver = true
      clearTimeout(timer)
    }
  }, [])
  return mail
}

keepPageInStep()
const root = document.querySelector('#app')
if (root) render(<Inbox />, root)
