// Joined: who asks, for what, how much; approve or decline. While the amount is not known, that the shop is adding up.
import type { ComponentChildren, JSX } from 'preact'
import { IDLE_JOIN_MS } from '#core/numbers.ts'
import type { PaymentView } from '#protocol/views.ts'
import { amountParts, amountText } from '#apps/shared/money.ts'
import { Banner, Button, Screen } from '#ui/kit.tsx'
import { Amount, TimeLeft } from '#ui/numbers.tsx'
import { formatTime, useLocale, useWords } from '#ui/i18n.ts'
import type { ScreenOf } from '../app.tsx'
import { isNamedHere } from '../card-id.ts'
import { isKeyOnly } from '../mine.ts'
import { isOffline, isSettling, missingFor, offeredFor, type Current } from '../state.ts'
import { askedWords } from '../words-asked.ts'
import { mineWords } from '../words-mine.ts'
import { walletWords } from '../words.ts'
import { BillLines } from './bill-lines.tsx'
import { CardIdNote, CardIdTime } from './card-id-read.tsx'
import { CodeAnswers, CodeNote } from './code-read.tsx'
import { Half } from './half.tsx'
import { MayShow } from './may-show.tsx'
import { Means, RenewedNote } from './means.tsx'
import { PersonNote, Stranger } from './person-note.tsx'
import { PinSheet } from './pin-sheet.tsx'
import { ProblemNote } from './problem.tsx'
import { QuestionAsked } from './question.tsx'

export type JoinedProps = ScreenOf & { readonly current: Current; readonly view: PaymentView }

export function Joined(props: JoinedProps): JSX.Element {
  const { state, current, view } = props
  const words = useWords(walletWords)
  if (view.question !== null) return <QuestionAsked {...props} question={view.question} />
  const title = view.bill === null ? words.waitingTitle : view.biller.isPerson ? words.askedTitle : words.joinedTitle
  return (
    <Screen title={title} banners={props.banners} actions={<Answers {...props} />}>
      <Half view={view} sealed={false} />
      <Stranger view={view} />
      <CodeNote {...props} />
      <CardIdNote {...props} />
      <JoinedNotes {...props} />
      {view.bill === null ? <Waiting view={view} /> : <Bill {...props} bill={view.bill} />}
      <MayShow {...props} />
      <PersonNote {...props} />
      {view.turnEndsAt === null || current.sending !== null ? null : (
        <TimeToDecide
          endsAtMs={view.turnEndsAt}
          clockOffsetMs={state.clockOffsetMs}
          more={props.act.moreTime}
          said={words.ifNothing}
        />
      )}
      <CardIdTime {...props} />
      <PinSheet {...props} />
    </Screen>
  )
}

function Bill(props: JoinedProps & { readonly bill: NonNullable<PaymentView['bill']> }): JSX.Element {
  const { view, bill } = props
  const words = useWords(walletWords)
  const locale = useLocale()
  return (
    <>
      <div class="due" key={view.billVersion}>
        <span class="due-label">{words.toPay}</span>
        <Amount parts={amountParts(bill.total, bill.unit, locale)} size="huge" />
      </div>
      <Means {...props} />
      <section aria-label={words.lines}>
        <BillLines bill={bill} />
      </section>
    </>
  )
}

function Waiting({ view }: { readonly view: PaymentView }): JSX.Element {
  const words = useWords(walletWords)
  const locale = useLocale()
  return (
    <div class="waiting">
      <span class="waiting-dots" aria-hidden="true">
        <i />
        <i />
        <i />
      </span>
      <p>{words.waitingText}</p>
      <p class="quiet">{words.waitingEnd(formatTime(view.expiresAt, locale))}</p>
    </div>
  )
}

/** What is special about this moment: a changed bill, a question, trouble, a step on its way. */
function JoinedNotes({ state, act, current, view }: JoinedProps): JSX.Element {
  const words = useWords(walletWords)
  const locale = useLocale()
  const missing = missingFor(state, view)
  const missingText = missing.amount > 0n ? words.missing(amountText(missing.amount, missing.unit, locale)) : undefined
  const isFundsProblem = current.problem?.code === 'insufficient-funds'
  // Then the next step is the card, which stands below.
  const hasCard = offeredFor(state, view, Date.now() + state.clockOffsetMs) !== undefined
  return (
    <>
      {view.shopAsked ? <Banner kind="note">{words.shopAsked}</Banner> : null}
      {view.permitted ? <Banner kind="note">{words.shopAgreed}</Banner> : null}
      {current.isChanged && current.sending === null ? <Banner kind="note">{words.changed}</Banner> : null}
      <RenewedNote current={current} />
      <ChallengeNote view={view} />
      {current.problem === null ? null : (
        <ProblemNote problem={current.problem} figure={isFundsProblem ? missingText : undefined} />
      )}
      {missingText === undefined || isFundsProblem || current.sending !== null ? null : (
        <Banner kind="trouble">
          <span class="sentence">{missingText}</span>
          {hasCard ? null : <span class="sentence">{words.missingNext}</span>}
        </Banner>
      )}
      <OnItsWay state={state} act={act} current={current} />
    </>
  )
}

/** The shop wants to be sure whose phone it is: who asks, and that they learn no more than yes or no. */
export function ChallengeNote({ view }: Pick<JoinedProps, 'view'>): JSX.Element | null {
  const words = useWords(walletWords)
  const asked = useWords(askedWords)
  if (view.challenge === null) return null
  return (
    <Banner kind="note">
      <span class="sentence strong">{asked.challenge(view.biller.name)}</span>
      <span class="sentence">{asked.challengeText}</span>
      {view.challenge.failures === 0 ? null : (
        <span class="sentence">{words.askedFailures(Math.max(0, CHALLENGE_TRIES - view.challenge.failures))}</span>
      )}
    </Banner>
  )
}

export function OnItsWay({ state, act, current }: Pick<JoinedProps, 'state' | 'act' | 'current'>): JSX.Element | null {
  const words = useWords(walletWords)
  const mine = useWords(mineWords)
  const isAway = isOffline(state)
  if (current.isAskingPasskey) {
    return (
      <Banner
        kind="note"
        action={
          <Button kind="quiet" onPress={act.usePin}>
            {isKeyOnly(state.mine) ? mine.cancel : words.withPin}
          </Button>
        }
      >
        {isKeyOnly(state.mine) ? mine.keyText2 : words.passkeyWaiting}
      </Banner>
    )
  }
  if (current.sending !== 'approve') return null
  return <Banner kind={isAway ? 'offline' : 'note'}>{isAway ? words.approvingOffline : words.approvingText}</Banner>
}

/** Wrong answers to the shop's question end the payment after this many. */
const CHALLENGE_TRIES = 3

function Answers({ state, act, current, view }: JoinedProps): JSX.Element {
  const words = useWords(walletWords)
  const { sending } = current
  // What would be approved is not on the screen yet.
  const isOpen = isSettling(state, view)
  const decline = (
    <Button wide busy={sending === 'decline'} disabled={sending === 'approve'} onPress={act.decline}>
      {sending === 'decline' ? words.declining : view.bill === null ? words.leave : words.decline}
    </Button>
  )
  if (view.challenge !== null) {
    return (
      <Two>
        {decline}
        <Button kind="seal" wide busy={sending === 'respond'} onPress={act.answer}>
          {words.enterPin}
        </Button>
      </Two>
    )
  }
  if (view.bill === null || view.shopAsked) return decline
  if (view.way === 'card-id' && !isNamedHere(view, state.self?.id)) {
    return (
      <Two>
        {decline}
        <Button wide onPress={act.done}>
          {words.decideLater}
        </Button>
      </Two>
    )
  }
  const isFromCode = view.way === 'code' || view.way === 'card-id'
  if (isFromCode && !current.wasShowing) return <CodeAnswers act={act} current={current} />
  if (view.unasked) return <UnaskedAnswers act={act} current={current} />
  return (
    <Two>
      {decline}
      <Button
        kind="seal"
        wide
        busy={sending === 'approve'}
        disabled={sending === 'decline' || isOpen}
        onPress={act.approve}
      >
        {/* While the browser asks for the passkey or key, nothing has been sent. */}
        {sending === 'approve' && !current.isAskingPasskey ? words.approving : words.approve}
      </Button>
    </Two>
  )
}

/** Nobody scanned or typed anything for this bill: to decline is the first thing at hand, and to approve a step further. */
function UnaskedAnswers({ act, current }: Pick<JoinedProps, 'act' | 'current'>): JSX.Element {
  const words = useWords(walletWords)
  const { sending } = current
  return (
    <div class="unasked">
      <Button wide busy={sending === 'approve'} disabled={sending === 'decline'} onPress={act.approve}>
        {sending === 'approve' ? words.approving : words.approve}
      </Button>
      <Two>
        <Button wide disabled={sending !== null} onPress={act.done}>
          {words.decideLater}
        </Button>
        <Button kind="seal" wide busy={sending === 'decline'} disabled={sending === 'approve'} onPress={act.decline}>
          {sending === 'decline' ? words.declining : words.decline}
        </Button>
      </Two>
    </div>
  )
}

const Two = ({ children }: { readonly children: ComponentChildren }): JSX.Element => <div class="two">{children}</div>

type TimeProps = {
  readonly endsAtMs: number
  readonly clockOffsetMs: number
  readonly more: () => void
  /** what happens if nothing is done */
  readonly said: string
}

export function TimeToDecide({ endsAtMs, clockOffsetMs, more, said }: TimeProps): JSX.Element {
  const words = useWords(walletWords)
  return (
    <div class="deciding">
      <div class="deciding-time">
        <TimeLeft endsAtMs={endsAtMs} lastsMs={IDLE_JOIN_MS} clockOffsetMs={clockOffsetMs} />
        <p class="quiet small">{said}</p>
      </div>
      <Button kind="quiet" onPress={more}>
        {words.moreTime}
      </Button>
    </div>
  )
}
