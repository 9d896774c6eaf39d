// The deal while it is not decided: its number and code, the number that has run out, the phone that has joined.
import type { JSX } from 'preact'
import { LIFETIME_MS, IDLE_JOIN_MS } from '#core/numbers.ts'
import { JOINED_LIFE_MS, AUTHORISE_WITHIN_MS } from '#core/payment.ts'
import type { DealView } from '#protocol/views.ts'
import { useLocale, useWords } from '#ui/i18n.ts'
import { NumberDisplay, TimeLeft } from '#ui/numbers.tsx'
import { useRegister, useTill } from '../context.tsx'
import { atCounter } from '../counter.ts'
import { nameOfLine } from '../goods.ts'
import { words } from '../words.ts'
import { useStore } from '#ui/store.ts'
import { cardWords } from '../words-card.ts'
import { WaitingForAnswer } from './ask.tsx'
import { MachineSteps } from './card-machine.tsx'
import { CardWaiting } from './card-waiting.tsx'
import { TallySlip } from './slip.tsx'
import { TicketCode } from './ticket-code.tsx'
import { ActionButton, Heading } from './till.tsx'
import { Doubt, Who } from './who.tsx'

type DealProps = { readonly deal: DealView }

export function Open({ deal }: DealProps): JSX.Element | null {
  const text = useWords(words)
  const { store } = useTill()
  const { clockOffsetMs } = useRegister()
  const { ticket } = deal
  const number = ticket?.number ?? null
  // A register's number is never a link alone; that is between people.
  if (ticket === null || number === null) return null
  return (
    <>
      <Heading>{deal.question === null ? text.titleOpen : text.titleOpenQuestion}</Heading>
      <div class="ticket">
        <p class="ticket-number">
          <NumberDisplay value={number} size="huge" label={text.number} />
        </p>
        <TicketCode deal={deal} />
      </div>
      <div class="ticket-time">
        <TimeLeft
          key={number}
          open
          endsAtMs={ticket.expiresAt}
          lastsMs={LIFETIME_MS.counter}
          clockOffsetMs={clockOffsetMs}
          onEnd={() => store.update((state) => ({ ...state, overNumber: number }))}
        />
        <p class="what-if">{text.untilExpiry}</p>
      </div>
      <Declined deal={deal} />
    </>
  )
}

/** A phone was turned away: that it was, never why. */
function Declined({ deal }: DealProps): JSX.Element | null {
  const text = useWords(words)
  const { isSilent } = useRegister()
  if (isSilent && deal.state === 'open') return <p class="declined">{text.challengeSilent}</p>
  if (deal.declines === 0) return null
  return <p class="declined">{deal.declines === 1 ? text.declined : text.declinedMore(deal.declines)}</p>
}

export function Expired(): JSX.Element {
  const text = useWords(words)
  return (
    <>
      <Heading>{text.titleExpired}</Heading>
      <p class="deal-text">{text.expiredText}</p>
      <ActionButton action="renew" kind="seal" wide />
      <p class="what-if">{text.expiredIdle}</p>
    </>
  )
}

export function Joined({ deal }: DealProps): JSX.Element {
  const text = useWords(words)
  const { known } = useRegister()
  // One question at a time: this one comes from the hub, and who is at the counter was asked before.
  if (deal.restriction?.state === 'asked') return <Question deal={deal} asked={deal.restriction.lines} />
  if (deal.question !== null) return <WaitingForAnswer deal={deal} />
  const { kind } = atCounter(deal, known)
  return (
    <>
      <Heading>{text.titleJoined(deal.payer?.name ?? '')}</Heading>
      <Who deal={deal} />
      {deal.phone !== null && (kind === 'known' || kind === 'passed') ? <CardWaiting deal={deal} /> : null}
      <Doubt deal={deal} />
      {deal.restriction?.state === 'permitted' ? <p class="deal-text">{text.permitted}</p> : null}
      {deal.phone === null && (kind === 'known' || kind === 'passed') ? <Waiting deal={deal} /> : null}
      <Declined deal={deal} />
    </>
  )
}

function Waiting({ deal }: DealProps): JSX.Element {
  const text = useWords(words)
  const { clockOffsetMs } = useRegister()
  const isPhonesTurn = deal.bill !== null
  const endsAt = isPhonesTurn ? deal.turnEndsAt : deal.expiresAt
  return (
    <div class="waiting">
      <p class="waiting-for">{isPhonesTurn ? text.waitingForPhone : text.waitingForBill}</p>
      {endsAt === null ? null : (
        <TimeLeft
          key={endsAt}
          open
          endsAtMs={endsAt}
          lastsMs={isPhonesTurn ? IDLE_JOIN_MS : JOINED_LIFE_MS}
          clockOffsetMs={clockOffsetMs}
        />
      )}
      <p class="what-if">{isPhonesTurn ? text.waitingForPhoneText : text.waitingForBillText}</p>
    </div>
  )
}

/** The hub asks whether the shop sells something to this customer. It says which lines, and never why. */
function Question({ deal, asked }: DealProps & { readonly asked: readonly number[] }): JSX.Element {
  const text = useWords(words)
  const locale = useLocale()
  const { goods } = useRegister()
  const lines = asked.flatMap((index) => deal.bill?.lines[index] ?? [])
  return (
    <section class="question" aria-label={text.question(deal.payer?.name ?? '')}>
      <Heading>{text.question(deal.payer?.name ?? '')}</Heading>
      <ul class="question-lines" role="list">
        {lines.map((line, index) => (
          <li key={index}>{nameOfLine(line, goods, locale)}</li>
        ))}
      </ul>
      <p class="deal-text">{text.questionText}</p>
      <div class="sheet-answers">
        <ActionButton action="permit" wide />
        <ActionButton action="forbid" wide />
      </div>
      <p class="what-if">{text.questionIdle}</p>
    </section>
  )
}

export function Authorising({ deal }: DealProps): JSX.Element {
  const { hub } = useTill()
  const run = useStore(hub.cards.run)
  const text = useWords(words)
  const card = useWords(cardWords)
  const { clockOffsetMs } = useRegister()
  if (run?.deal === deal.deal) {
    return (
      <>
        <Heading>{card.authorising}</Heading>
        <MachineSteps deal={deal} run={run} />
      </>
    )
  }
  const endsAt = deal.portions.find(({ state }) => state === 'authorising')?.until
  return (
    <>
      <Heading>{deal.phone === null ? text.titleAuthorising : card.authorising}</Heading>
      <TallySlip deal={deal} sealed={false} />
      {endsAt == null ? null : (
        <TimeLeft open endsAtMs={endsAt} lastsMs={AUTHORISE_WITHIN_MS} clockOffsetMs={clockOffsetMs} />
      )}
      <p class="what-if">{deal.phone === null ? text.authorisingText : card.authorisingText}</p>
    </>
  )
}
