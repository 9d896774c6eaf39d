// Whether this phone is told when the wallet is closed, and how much stands on its lock screen.
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { Switch } from '#ui/fields.tsx'
import { Banner, Screen } from '#ui/kit.tsx'
import { useLocale, useWords } from '#ui/i18n.ts'
import type { ScreenOf } from '../app.tsx'
import { isPushPossible, type Subscribed } from '../push.ts'
import { mineWords } from '../words-mine.ts'
import { ProblemNote } from './problem.tsx'

export function Notifications({ state, act, banners }: ScreenOf): JSX.Element {
  const words = useWords(mineWords)
  const locale = useLocale()
  const [busy, setBusy] = useState(false)
  const [answer, setAnswer] = useState<Subscribed | null>(null)
  useEffect(act.mine.readNotifications, [])
  const { isOn, detail } = state.notifies
  const isPossible = isPushPossible()
  const set = async (wish: Readonly<{ isOn: boolean; detail: boolean }>): Promise<void> => {
    if (busy) return
    setBusy(true)
    setAnswer(await act.mine.setNotifications({ ...wish, locale }))
    setBusy(false)
  }
  return (
    <Screen title={words.notifications} banners={banners} onBack={() => act.go({ at: 'settings' })}>
      {answer === null || answer.ok ? null : answer.why === 'problem' ? (
        <ProblemNote problem={answer.problem} isAboutMoney={false} />
      ) : (
        <Banner kind="trouble">{answer.why === 'denied' ? words.notifyDenied : words.notifyImpossible}</Banner>
      )}
      {isPossible ? (
        <>
          <Switch
            label={words.notify}
            hint={words.notifyHint}
            checked={isOn}
            onChange={(wanted) => void set({ isOn: wanted, detail })}
          />
          <Switch
            label={words.notifyDetail}
            hint={words.notifyDetailHint}
            checked={isOn && detail}
            disabled={!isOn}
            onChange={(wanted) => void set({ isOn: true, detail: wanted })}
          />
        </>
      ) : (
        <p>{words.notifyImpossible}</p>
      )}
    </Screen>
  )
}
