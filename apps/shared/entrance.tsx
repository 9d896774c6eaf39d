// How a page for one's own machine (the shop's office, the operator's desk) is entered: its key is in this browser, or is enrolled
// with a one-time code, typed or from the address (#code=…); in the demo town it fetches the code by itself.
import type { ComponentChildren, JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { problemText } from '#apps/shared/problems.ts'
import type { Problem } from '#protocol/problems.ts'
import type { SchemeView, SelfView } from '#protocol/views.ts'
import { openClient, type Client } from '#sdk/client.ts'
import { enrol, forgetIdentity } from '#sdk/identity.ts'
import { indexedDbStorage } from '#sdk/storage.ts'
import { Field } from '#ui/fields.tsx'
import { catalogue, useLocale, useWords } from '#ui/i18n.ts'
import { Banner, Button, Screen } from '#ui/kit.tsx'
import { LanguageChoice } from '#ui/settings.tsx'

export type Entered = Readonly<{ client: Client; self: SelfView; scheme: SchemeView }>

type Stage =
  | Readonly<{ at: 'starting'; problem: Problem | null }>
  | Readonly<{ at: 'code'; scheme: SchemeView; busy: boolean; problem: Problem | null }>
  | (Readonly<{ at: 'in' }> & Entered)

export type EntranceProps = Readonly<{
  /** the browser's storage of this page's key */
  storage: string
  /** whose code the demo town gives */
  demo: 'office' | 'desk'
  /** what the enrolled key must be for */
  kind: SelfView['kind']
  /** the page's name: its heading until it is entered, and the name under which it is enrolled */
  title: string
  children: (entered: Entered) => ComponentChildren
}>

const RETRY_MS = 3_000
const LABEL_LENGTH = 60

export function Entrance(props: EntranceProps): JSX.Element {
  const text = useWords(words)
  const locale = useLocale()
  const [stage, setStage] = useState<Stage>({ at: 'starting', problem: null })
  const [tries, setTries] = useState(0)
  const [code, setCode] = useState(codeInAddress)
  const [name, setName] = useState('')
  useEffect(() => {
    const life = { over: false }
    let retry: ReturnType<typeof setTimeout> | undefined
    const begin = async (): Promise<void> => {
      const next = await enter(props)
      if (life.over) return
      setStage(next)
      if (next.at === 'starting') retry = setTimeout(() => setTries(tries + 1), RETRY_MS)
    }
    void begin()
    return () => {
      life.over = true
      clearTimeout(retry)
    }
  }, [tries])

  if (stage.at === 'in') return <>{props.children(stage)}</>
  const problem = stage.problem === null ? null : problemText(stage.problem, locale, 'biller')
  const trouble = problem === null ? null : <Banner kind="trouble">{`${problem.sentence} ${problem.next}`}</Banner>
  if (stage.at === 'starting') {
    return (
      <Screen title={props.title} takesFocus={false} banners={trouble}>
        <p role="status">{text.starting}</p>
      </Screen>
    )
  }
  // A terminal is named by its shop; whoever sits at the desk signs the log with a name.
  const asksName = props.kind === 'operator'
  const isReady = code.trim().length >= 8
  const send = async (): Promise<void> => {
    if (!isReady || stage.busy) return
    setStage({ ...stage, busy: true, problem: null })
    setStage(
      await enterWith(props, code.trim(), asksName && name.trim() !== '' ? name.trim() : props.title, stage.scheme),
    )
  }
  return (
    <Screen title={props.title} takesFocus={false} banners={trouble}>
      <p>{text.codeText}</p>
      <form
        class="code-form"
        onSubmit={(event) => {
          event.preventDefault()
          void send()
        }}
      >
        <Field label={text.code} hint={text.codeHint} value={code} onInput={setCode} maxLength={40} autoFocus />
        {asksName ? (
          <Field label={text.name} hint={text.nameHint} value={name} onInput={setName} maxLength={60} />
        ) : null}
        <Button kind="seal" type="submit" wide busy={stage.busy} disabled={!isReady}>
          {text.enter}
        </Button>
      </form>
      <LanguageChoice />
    </Screen>
  )
}

async function enter(props: EntranceProps): Promise<Stage> {
  const storage = indexedDbStorage(props.storage)
  const client = openClient({ hub: location.origin, storage })
  const [known, scheme] = await Promise.all([client.identity(), client.scheme()])
  if (!scheme.ok) return { at: 'starting', problem: scheme.problem }
  if (known?.self.kind === props.kind && known.scheme.scheme === scheme.view.scheme) {
    const self = await client.self()
    if (self.ok) return { at: 'in', client, self: self.view, scheme: scheme.view }
    // Known by the key; the page itself asks for the passkey.
    if (self.problem.code === 'passkey-needed') return { at: 'in', client, self: known.self, scheme: scheme.view }
    // Revoked, or the hub was set up anew: the key is worth nothing any more.
    if (!GONE.has(self.problem.code)) return { at: 'starting', problem: self.problem }
  }
  await forgetIdentity(storage)
  if (!scheme.view.demo || codeInAddress() !== '') {
    return { at: 'code', scheme: scheme.view, busy: false, problem: null }
  }
  const demo = await client.call('demoCode', { body: { who: props.demo } })
  if (!demo.ok) return { at: 'code', scheme: scheme.view, busy: false, problem: demo.problem }
  return enterWith(props, demo.view.code, props.title, scheme.view)
}

const GONE: ReadonlySet<string> = new Set(['device-revoked', 'terminal-inactive', 'signature-invalid', 'not-found'])

async function enterWith(props: EntranceProps, code: string, name: string, scheme: SchemeView): Promise<Stage> {
  const storage = indexedDbStorage(props.storage)
  const label = name.slice(0, LABEL_LENGTH)
  const enrolled = await enrol({ hub: location.origin, storage, code, label })
  if (!enrolled.ok) return { at: 'code', scheme, busy: false, problem: enrolled.problem }
  const { self } = enrolled.view
  if (self.kind !== props.kind) {
    await forgetIdentity(storage)
    const problem: Problem = { ...WRONG_KIND }
    return { at: 'code', scheme, busy: false, problem }
  }
  history.replaceState(null, '', location.pathname + location.search)
  const client = openClient({ hub: location.origin, storage })
  return { at: 'in', client, self, scheme: enrolled.view.scheme }
}

const WRONG_KIND: Problem = {
  type: 'about:blank',
  title: 'This is not for this kind of client.',
  status: 403,
  code: 'not-allowed',
  next: 'Ask the operator for a code for this page.',
}

/** In the fragment, so that no log ever holds it. */
const codeInAddress = (): string => new URLSearchParams(location.hash.replace(/^#\??/u, '')).get('code') ?? ''

const words = catalogue({
  en: {
    starting: 'One moment…',
    codeText: 'This browser is not known here yet. Enter the one-time code that the operator has given you.',
    code: 'One-time code',
    codeHint: 'Letters and digits; it works once, for a day.',
    enter: 'Enter',
    name: 'Your name',
    nameHint: 'It stands in the log beside everything you do. Leave it empty if it was entered when you were invited.',
  },
  ja: {
    starting: '少々お待ちください…',
    codeText: 'このブラウザはまだ登録されていません。運営者から受け取った使い切りのコードを入力してください。',
    code: '使い切りのコード',
    codeHint: '英字と数字です。一日以内に一度だけ使えます。',
    enter: '入る',
    name: 'あなたのお名前',
    nameHint: '行ったことの記録に残ります。招待されたときに登録済みなら、空欄のままにしてください。',
  },
})
