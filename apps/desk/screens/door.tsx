// Letting oneself in: the first passkey, the passkey again, or what to do where this browser cannot use one.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { problemText } from '#apps/shared/problems.ts'
import type { Problem } from '#protocol/problems.ts'
import type { SchemeView } from '#protocol/views.ts'
import { passkeysPossible, type PasskeyObstacle } from '#sdk/passkey.ts'
import { useLocale, useWords } from '#ui/i18n.ts'
import { Banner, Button, Screen } from '#ui/kit.tsx'
import { LanguageChoice } from '#ui/settings.tsx'
import type { Door } from '../door.ts'
import { doorWords } from '../words-identity.ts'

export type DoorProps = Readonly<{
  door: Exclude<Door, Readonly<{ at: 'open' }>>
  name: string
  scheme: SchemeView
  /** Each tells why it did not work; null when it did. */
  add: () => Promise<Problem | null>
  signIn: () => Promise<Problem | null>
  again: () => void
}>

export function DoorScreen({ door, name, scheme, add, signIn, again }: DoorProps): JSX.Element {
  const text = useWords(doorWords)
  const possible = passkeysPossible(scheme)
  if (door.at === 'looking') {
    return (
      <Screen title={scheme.name} takesFocus={false}>
        <p role="status">{text.looking}</p>
      </Screen>
    )
  }
  if (door.at === 'trouble') {
    return (
      <Screen title={scheme.name} banners={<Said problem={door.problem} />}>
        <Button kind="seal" wide onPress={again}>
          {text.again}
        </Button>
      </Screen>
    )
  }
  if (!possible.possible) return <NotHere reason={possible.reason} scheme={scheme} again={again} />
  return door.at === 'add' ? (
    <Ask key="add" title={text.addTitle} act={text.add} press={add}>
      <p>{text.addText(name)}</p>
      <p class="act-about">{text.addNext}</p>
    </Ask>
  ) : (
    <Ask key="sign-in" title={text.signInTitle} act={text.signIn} press={signIn}>
      <p>{text.signInText(name)}</p>
      <p class="act-about">{text.signInNext}</p>
    </Ask>
  )
}

type AskProps = Readonly<{
  title: string
  act: string
  press: () => Promise<Problem | null>
  children: JSX.Element | readonly JSX.Element[]
}>

/** Browsers ask for a passkey after a press alone. */
function Ask({ title, act, press, children }: AskProps): JSX.Element {
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem | null>(null)
  const run = async (): Promise<void> => {
    setBusy(true)
    setProblem(null)
    const refused = await press()
    setBusy(false)
    setProblem(refused)
  }
  return (
    <Screen
      title={title}
      banners={problem === null ? null : <Said problem={problem} />}
      actions={
        <Button kind="seal" wide busy={busy} onPress={() => void run()}>
          {act}
        </Button>
      }
    >
      {children}
      <LanguageChoice />
    </Screen>
  )
}

function Said({ problem }: Readonly<{ problem: Problem }>): JSX.Element {
  const text = useWords(doorWords)
  const locale = useLocale()
  const said = problemText(problem, locale, 'biller')
  // The words of a payment's passkey speak of a PIN, which nobody has here.
  return (
    <Banner kind="trouble">
      {problem.code === 'passkey-failed' ? text.passkeyFailed : `${said.sentence} ${said.next}`}
    </Banner>
  )
}

type NotHereProps = Readonly<{ reason: PasskeyObstacle; scheme: SchemeView; again: () => void }>

function NotHere({ reason, scheme, again }: NotHereProps): JSX.Element {
  const text = useWords(doorWords)
  return (
    <Screen
      title={text.notHereTitle}
      actions={
        <Button wide onPress={again}>
          {text.again}
        </Button>
      }
    >
      <p>{text[`notHere ${reason}`]}</p>
      {scheme.hostName === null ? null : <p>{text.openAt(`https://${scheme.hostName}/desk`)}</p>}
      <LanguageChoice />
    </Screen>
  )
}
