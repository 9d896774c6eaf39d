// "Phone without network": the code of the bill, the camera for the answer, and the truth when it was taken without the network.
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { PURCHASE_LIFE_MS } from '#core/purchase.ts'
import { amountParts, amountText } from '#apps/shared/money.ts'
import { problemText } from '#apps/shared/problems.ts'
import { useLocale, useWords } from '#ui/i18n.ts'
import { Banner, Button } from '#ui/kit.tsx'
import { Amount, TimeLeft } from '#ui/numbers.tsx'
import { QrCode } from '#ui/qr.tsx'
import { Scanner } from '#ui/scan.tsx'
import { useStore } from '#ui/store.ts'
import { perform, useRegister, useTill, type Till } from '../context.tsx'
import { isEmpty } from '../draft.ts'
import type { HandBackState } from '../hand-back.ts'
import type { Sale } from '../offline.ts'
import { HAND_BACK } from '../state.ts'
import { handBackWords } from '../words-hand-back.ts'
import { openWay, type Way } from './more-ways.tsx'
import { Heading } from './till.tsx'

export const handBackWay: Way = {
  id: HAND_BACK,
  icon: 'offline',
  shortcut: 'F7',
  worksOffline: true,
  label: (locale) => handBackWords[locale].way,
  isOffered: ({ draft }) => !isEmpty(draft),
  start(till) {
    openWay(till, HAND_BACK)
    showFor(till)
  },
  Panel: HandBack,
}

const showFor = ({ hub }: Till): void => void hub.showHandBack()

function HandBack(): JSX.Element {
  const till = useTill()
  const state = useStore(till.hub.offline.handBacks.store)
  const text = useWords(handBackWords)
  if (state.taken !== null) return <Taken sale={state.taken} />
  return (
    <div class="hand-back">
      <Heading>{state.step === 'read' ? text.reading : state.step === 'sending' ? text.sending : text.title}</Heading>
      <Fault state={state} />
      {state.step === 'sending' ? <p class="deal-text">{text.sendingText}</p> : <Exchange state={state} />}
    </div>
  )
}

function Exchange({ state }: { readonly state: HandBackState }): JSX.Element | null {
  const text = useWords(handBackWords)
  const till = useTill()
  const { hub } = till
  const { made, codes, step, fault } = state
  if (made === null || codes === null) {
    // Without a fault the code is only on its way.
    return fault === null && state.problem === null ? <p class="deal-text">{text.making}</p> : null
  }
  const isReading = step === 'read'
  return (
    <>
      <p class="deal-text">{isReading ? text.readingText : text.text}</p>
      {isReading ? (
        <Scanner onRead={(read) => void hub.offline.handBacks.answered(read)} label={text.camera} />
      ) : (
        <Codes key={made.deal} codes={codes} />
      )}
      <Button
        kind={isReading ? 'plain' : 'seal'}
        wide
        icon="scan"
        onPress={() => hub.offline.handBacks.read(!isReading)}
      >
        {isReading ? text.showAgain : text.read}
      </Button>
      <div class="ticket-time">
        <TimeLeft
          key={made.deal}
          endsAtMs={made.expiresAt}
          lastsMs={PURCHASE_LIFE_MS}
          clockOffsetMs={hub.offline.handBacks.clockOffsetMs()}
          onEnd={() => showFor(till)}
        />
      </div>
    </>
  )
}

/** Long enough for a camera to find each of them. */
const TURN_MS = 700

/** One code, or several in turn until the phone has them all. */
function Codes({ codes }: { readonly codes: readonly string[] }): JSX.Element {
  const text = useWords(handBackWords)
  const [at, setAt] = useState(0)
  useEffect(() => {
    if (codes.length < 2) return undefined
    const timer = setInterval(() => setAt((before) => (before + 1) % codes.length), TURN_MS)
    return () => clearInterval(timer)
  }, [codes])
  const isOne = codes.length === 1
  return (
    <div class="hand-back-code">
      <QrCode text={codes[at] ?? codes[0] ?? ''} ecc="low" title={text.code} />
      {isOne ? null : (
        <>
          <p class="hand-back-turn" aria-hidden="true">
            {text.codeOf(at + 1, codes.length)}
          </p>
          <p class="what-if">{text.codes(codes.length)}</p>
        </>
      )}
    </div>
  )
}

/** What stands in the way, and what to do. */
function Fault({ state }: { readonly state: HandBackState }): JSX.Element | null {
  const text = useWords(handBackWords)
  const locale = useLocale()
  const till = useTill()
  const { hub } = till
  const { scheme } = useRegister()
  const { fault, problem } = state
  if (problem !== null) {
    const { sentence, moneySentence, next } = problemText(problem, locale, 'biller')
    return <Banner kind="trouble">{`${sentence} ${moneySentence} ${next}`}</Banner>
  }
  if (fault === null) return null
  const caps = scheme?.offline
  const most = (amount: string | undefined): string => amountText(amount ?? '0', scheme?.unit ?? '', locale)
  const said =
    fault === 'payment' || fault === 'device' || fault === 'terminal'
      ? text[`fault ${fault}`](most(caps?.[fault]))
      : fault === 'hours'
        ? text['fault hours'](Math.round((caps?.ms ?? 0) / 3_600_000))
        : text[`fault ${fault}`]
  return (
    <Banner
      kind="trouble"
      {...(fault === 'over' && {
        action: (
          <Button kind="quiet" onPress={() => void hub.offline.handBacks.forget().then(() => showFor(till))}>
            {text.again}
          </Button>
        ),
      })}
    >
      {said}
    </Banner>
  )
}

/** Taken, and not a word of "paid": the hub has not seen it. */
function Taken({ sale }: { readonly sale: Sale }): JSX.Element {
  const text = useWords(handBackWords)
  const locale = useLocale()
  const till = useTill()
  return (
    <div class="hand-back hand-back-taken">
      <Heading>{text.takenTitle}</Heading>
      <Amount parts={amountParts(sale.total, sale.unit, locale)} size="huge" />
      <p class="hand-back-not">{text.takenNot}</p>
      <p class="deal-text">{text.takenText}</p>
      <Button kind="seal" wide shortcut="Esc" onPress={() => perform(till, 'back')}>
        {text.next}
      </Button>
    </div>
  )
}
