// The phones of this person: those that wait first, then those that are in; a further one by a code.
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { Problem } from '#protocol/problems.ts'
import { Banner, Button, EmptyState, List, say, Screen } from '#ui/kit.tsx'
import { QrCode } from '#ui/qr.tsx'
import { formatDateTime, useLocale, useWords } from '#ui/i18n.ts'
import type { ScreenOf } from '../app.tsx'
import type { MyPlace } from '../mine.ts'
import { mineWords } from '../words-mine.ts'
import { PhoneRow, RemovePhone, type ShownPhone } from './phone-row.tsx'
import { ProblemNote } from './problem.tsx'
import { ProofSheet } from './proof-sheet.tsx'
import { useReading } from './reading.ts'
import { WaitingPhones } from './waiting-phones.tsx'

/** Nobody tells this screen of a phone that asks or comes in meanwhile. */
const LOOK_EVERY_MS = 10_000

export function Phones({ state, act, banners }: ScreenOf): JSX.Element {
  const words = useWords(mineWords)
  const unread = useReading(act.mine.readDevices)
  useEffect(() => {
    const timer = setInterval(() => void act.mine.readDevices(), LOOK_EVERY_MS)
    return () => clearInterval(timer)
  }, [])
  const [asked, setAsked] = useState<ShownPhone | null>(null)
  const [adds, setAdds] = useState(false)
  const [problem, setProblem] = useState<Problem | null>(null)
  const { devices } = state.mine
  const shown = problem ?? unread
  const remove = async (phone: ShownPhone): Promise<void> => {
    const answer = await act.mine.revokeDevice(phone.id)
    setProblem(answer)
    setAsked(null)
    if (answer === null) say(words.removed)
    if (answer === null && phone.isThis) act.start()
  }
  const refuse = async (request: string): Promise<void> => {
    const answer = await act.mine.refuseDevice(request)
    setProblem(answer)
    // It may be in by now: then it is among the phones, to be removed.
    if (answer !== null) void act.mine.readDevices()
    if (answer === null) say(words.refused)
  }
  return (
    <Screen
      title={words.phones}
      banners={banners}
      onBack={() => act.go({ at: 'settings' })}
      actions={
        <Button wide icon="plus" onPress={() => setAdds(true)}>
          {words.addPhone}
        </Button>
      }
    >
      {shown === null ? null : <ProblemNote problem={shown} isAboutMoney={false} />}
      <WaitingPhones waiting={devices?.waiting ?? []} refuse={refuse} />
      <List
        label={words.phones}
        items={devices?.devices.filter(({ status }) => status === 'active') ?? []}
        keyOf={({ id }) => id}
        empty={
          devices === null ? (
            shown === null ? (
              <p class="quiet" role="status">
                {words.reading}
              </p>
            ) : null
          ) : (
            <EmptyState title={words.phonesNone}>{words.phonesNoneText}</EmptyState>
          )
        }
      >
        {(phone) => <PhoneRow phone={phone} remove={() => setAsked(phone)} />}
      </List>
      <RemovePhone phone={asked} remove={remove} leave={() => setAsked(null)} />
      <ProofSheet
        state={state}
        title={adds ? words.addPhone : null}
        byKey={act.mine.bySecurityKey}
        run={act.mine.addPhone}
        onDone={() => setAdds(false)}
        onClose={() => setAdds(false)}
      />
    </Screen>
  )
}

type PhoneCodeProps = ScreenOf & { readonly place: Extract<MyPlace, { at: 'phone-code' }> }

export function PhoneCode({ act, banners, place }: PhoneCodeProps): JSX.Element {
  const words = useWords(mineWords)
  const locale = useLocale()
  const { code, expiresAt } = place
  const done = (): void => act.go({ at: 'phones' })
  return (
    <Screen title={words.phoneCode} banners={banners} onBack={done}>
      <p>{words.phoneCodeText}</p>
      <div class="stack-small ask-link">
        <QrCode text={`${location.origin}/wallet#code=${encodeURIComponent(code)}`} title={words.phoneCode} />
        <output class="one-time-code">{code}</output>
        <p class="quiet">{words.phoneCodeUntil(formatDateTime(expiresAt, locale))}</p>
      </div>
      <Banner kind="trouble">{words.phoneCodeWarning}</Banner>
    </Screen>
  )
}
