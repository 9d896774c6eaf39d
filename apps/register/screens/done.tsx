// The end of a deal: paid, big; or ended without money, with the reason and the next step.
import type { JSX } from 'preact'
import { sum } from '#core/money.ts'
import { dayText } from '#apps/shared/conditions.ts'
import { amountParts, amountText } from '#apps/shared/money.ts'
import type { DealView } from '#protocol/views.ts'
import { useLocale, useWords } from '#ui/i18n.ts'
import { Amount } from '#ui/numbers.tsx'
import { useTill } from '../context.tsx'
import { heldAmountOf, toHandOver, yoursOn } from '../money-back.ts'
import { cardWords } from '../words-card.ts'
import { words } from '../words.ts'
import { useCountdown } from './ask.tsx'
import { ReceiptActions } from './receipt.tsx'
import { TallySlip } from './slip.tsx'
import { ActionButton, Heading } from './till.tsx'

/** How long the paid screen stays by itself. */
const STAYS_SECONDS = 20

type DealProps = { readonly deal: DealView }

export function Paid({ deal }: DealProps): JSX.Element {
  const text = useWords(words)
  const locale = useLocale()
  const { hub } = useTill()
  // While a customer scans the receipt's code the screen stays.
  const seconds = useCountdown(STAYS_SECONDS, () => {
    if (document.querySelector('dialog:modal') === null) hub.next()
  })
  const held = heldAmountOf(deal)
  const handOver = sum(toHandOver(deal).map(({ amount }) => amount))
  const yours = yoursOn(deal)
  const unit = deal.bill?.unit ?? ''
  return (
    <div class="paid">
      <Heading>{held > 0n ? text.titleSetAside : text.titlePaid}</Heading>
      <Amount parts={amountParts(deal.bill?.total ?? '0', unit, locale)} size="huge" tone="settled" />
      <p class="paid-by">{text.paidBy(deal.payer?.name ?? '')}</p>
      <TallySlip deal={deal} sealed />
      {handOver > 0n ? <p class="deal-text">{text.paidHeld(amountText(handOver, unit, locale))}</p> : null}
      {yours === null ? null : (
        <p class="deal-text">{text.yoursOn(amountText(held - handOver, unit, locale), dayText(yours, locale))}</p>
      )}
      <div class="paid-actions">
        <ActionButton action="next" kind="seal" />
        {held > 0n ? null : <ActionButton action="refund" kind="quiet" />}
      </div>
      <ReceiptActions deal={deal} />
      <p class="what-if">{text.backBySelf(seconds)}</p>
    </div>
  )
}

export function Ended({ deal }: DealProps): JSX.Element {
  const text = useWords(words)
  const card = useWords(cardWords)
  const isQuestion = deal.question !== null
  const isCardSilent = deal.way === 'card-id' && deal.ended === 'expired'
  const title = text[TITLES[deal.ended ?? 'cancelled-by-biller']]
  return (
    <>
      <Heading>{isQuestion && deal.ended === 'cancelled-by-payer' ? text.answerDeclined : title}</Heading>
      <p class="deal-text">
        {isQuestion
          ? `${text.answerText} ${text.answerNext}`
          : `${isCardSilent ? card.endedText : text.endedText} ${deal.bill ? text.endedNext : text.endedNextOnly}`}
      </p>
      <div class="ended-actions">
        <ActionButton action="next" kind="seal" wide />
        {deal.bill || isQuestion ? <ActionButton action="again" wide /> : null}
      </div>
      <p class="what-if">{text.endedIdle}</p>
    </>
  )
}

const TITLES = {
  'cancelled-by-payer': 'endedByPayer',
  'cancelled-by-biller': 'endedByUs',
  released: 'endedExpired',
  idle: 'endedExpired',
  expired: 'endedExpired',
  unproven: 'endedUnproven',
  restricted: 'endedRestricted',
  refused: 'endedRefused',
} as const satisfies Record<NonNullable<DealView['ended']>, string>
