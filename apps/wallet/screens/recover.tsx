// Coming back to an account: by mail a lost phone is removed; by mail and PIN this phone asks to be let in.
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { Problem } from '#protocol/problems.ts'
import { EmptyState, List, ListRow, say, Screen } from '#ui/kit.tsx'
import { useWords } from '#ui/i18n.ts'
import type { ScreenOf } from '../app.tsx'
import type { RecoverPlace } from '../beginning.ts'
import { beginningWords } from '../words-beginning.ts'
import { mineWords } from '../words-mine.ts'
import { PhoneRow, RemovePhone, type ShownPhone } from './phone-row.tsx'
import { PinEntry } from './pin-sheet.tsx'
import { WaitingPhones } from './waiting-phones.tsx'
import { ProblemNote } from './problem.tsx'
import { CodeStep, EmailStep } from './step.tsx'

type RecoverProps = ScreenOf & { readonly place: RecoverPlace }

export function Recover(props: RecoverProps): JSX.Element {
  const { place, act, banners } = props
  const words = useWords(beginningWords)
  const { step, email, busy, problem } = place
  const shared = { banners, busy, problem, onBack: act.begin.backInRecovery }
  switch (step) {
    case 'email':
      return (
        <EmailStep
          {...shared}
          key={step}
          title={words.recover}
          text={words.recoverText}
          first={email}
          onEmail={act.begin.mailForRecovery}
          onCode={act.begin.codeIsThere}
        />
      )
    case 'code':
      return (
        <CodeStep
          {...shared}
          key={step}
          title={words.code}
          text={words.recoverSent(email)}
          onCode={act.begin.codeForRecovery}
          onAgain={() => act.begin.mailForRecovery(email)}
        />
      )
    case 'choose':
      return <Choose {...props} />
    case 'lost':
      return <Lost {...props} />
    case 'pin':
      return <PinOfAccount {...props} />
  }
}

function Choose({ place, state, act, banners }: RecoverProps): JSX.Element {
  const words = useWords(beginningWords)
  return (
    <Screen title={words.choose} banners={banners} onBack={act.begin.backInRecovery}>
      <WaitingHere place={place} act={act} />
      <p class="quiet">{words.chooseText}</p>
      <ul class="list" role="list">
        <li>
          <ListRow
            icon="warning"
            title={words.chooseLost}
            detail={words.chooseLostText}
            onPress={() => act.begin.goInRecovery('lost')}
          />
        </li>
        <li>
          <ListRow
            icon="person"
            title={words.chooseUse}
            detail={words.chooseUseText(state.scheme?.demo ? words.aMinute : words.aDay)}
            onPress={() => act.begin.goInRecovery('pin')}
          />
        </li>
      </ul>
    </Screen>
  )
}

/** Who reads the mail can refuse a phone that asks, without having one of their own. */
function WaitingHere({ place, act }: Pick<RecoverProps, 'place' | 'act'>): JSX.Element {
  const mine = useWords(mineWords)
  const [problem, setProblem] = useState<Problem | null>(null)
  const refuse = async (request: string): Promise<void> => {
    const answer = await act.begin.removeLost(request)
    setProblem(answer)
    if (answer === null) say(mine.refused)
  }
  return (
    <>
      {problem === null ? null : <ProblemNote problem={problem} isAboutMoney={false} />}
      <WaitingPhones waiting={place.found?.waiting ?? []} refuse={refuse} />
    </>
  )
}

function Lost({ place, act, banners }: RecoverProps): JSX.Element {
  const words = useWords(beginningWords)
  const mine = useWords(mineWords)
  const [asked, setAsked] = useState<ShownPhone | null>(null)
  const [problem, setProblem] = useState<Problem | null>(null)
  const phones = place.found?.devices.filter(({ status }) => status === 'active') ?? []
  const remove = async (phone: ShownPhone): Promise<void> => {
    const answer = await act.begin.removeLost(phone.id)
    setProblem(answer)
    setAsked(null)
    if (answer === null) say(mine.removed)
  }
  return (
    <Screen title={words.lost} banners={banners} onBack={act.begin.backInRecovery}>
      <p class="quiet">{words.lostText}</p>
      {problem === null ? null : <ProblemNote problem={problem} isAboutMoney={false} />}
      <WaitingHere place={place} act={act} />
      <List
        label={mine.phones}
        items={phones}
        keyOf={({ id }) => id}
        empty={<EmptyState title={words.lostNone}>{words.lostNoneText}</EmptyState>}
      >
        {(phone) => <PhoneRow phone={phone} remove={() => setAsked(phone)} />}
      </List>
      <RemovePhone phone={asked} remove={remove} leave={() => setAsked(null)} />
    </Screen>
  )
}

function PinOfAccount({ place, state, act, banners }: RecoverProps): JSX.Element {
  const words = useWords(beginningWords)
  return (
    <Screen title={words.pin} banners={banners} onBack={act.begin.backInRecovery}>
      <p class="quiet">{words.pinText}</p>
      {/* How long this PIN is, only the other phones know. */}
      <PinEntry
        state={{ ...state, pinLength: null }}
        problem={place.problem}
        isBusy={place.busy}
        givePin={act.begin.waitToBeLetIn}
      />
    </Screen>
  )
}
