// The code that a site must know before it may ask this person to sign in.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { Problem } from '#protocol/problems.ts'
import { Field } from '#ui/fields.tsx'
import { Button, say, Screen } from '#ui/kit.tsx'
import { useWords } from '#ui/i18n.ts'
import type { ScreenOf } from '../app.tsx'
import { mineWords } from '../words-mine.ts'
import { ProblemNote } from './problem.tsx'
import { useReading } from './reading.ts'

const USER_CODE = /^[0-9A-Za-z]{4,20}$/u

export function Sites({ state, act, banners }: ScreenOf): JSX.Element {
  const words = useWords(mineWords)
  const unread = useReading(act.mine.readProfile)
  const [typed, setTyped] = useState('')
  const [isWrong, setWrong] = useState(false)
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem | null>(null)
  const has = state.mine.profile?.hasUserCode
  const shown = problem ?? unread
  const set = async (userCode: string | null): Promise<void> => {
    setBusy(true)
    const answer = await act.mine.setUserCode(userCode)
    setBusy(false)
    setProblem(answer)
    if (answer !== null) return
    setTyped('')
    say(words.saved)
  }
  return (
    <Screen title={words.sites} banners={banners} onBack={() => act.go({ at: 'settings' })}>
      {shown === null ? null : <ProblemNote problem={shown} isAboutMoney={false} />}
      <p>{words.sitesExplain}</p>
      {has === undefined ? null : <p class="strong">{has ? words.sitesHave : words.sitesNone}</p>}
      <form
        class="stack-small"
        onSubmit={(event) => {
          event.preventDefault()
          const code = typed.trim().normalize('NFKC')
          setWrong(!USER_CODE.test(code))
          if (USER_CODE.test(code) && !busy) void set(code)
        }}
      >
        <Field
          label={words.sitesField}
          hint={words.sitesNot}
          value={typed}
          onInput={setTyped}
          maxLength={20}
          error={isWrong ? words.sitesWrong : undefined}
        />
        <Button type="submit" wide busy={busy}>
          {words.sitesSet}
        </Button>
      </form>
      {has ? (
        <Button kind="danger" wide busy={busy} onPress={() => void set(null)}>
          {words.sitesRemove}
        </Button>
      ) : null}
    </Screen>
  )
}
