// Offers and payments as JSON rows: amounts become decimal strings and come back as bigint, by known place, never by guess.
// Rows written before the account bank (migration 0004) and before identities (0008), or before the further ways to meet, lack their fields: here alone they get what
// their absence meant.
import type { Bill, Conditions, Line } from '#core/bill.ts'
import type { Limits } from '#core/ledger.ts'
import type { Offer, OfferEvent, Payer, Signed } from '#core/offer.ts'
import { ACCOUNT, type Means } from '#core/means.ts'
import type { Payment, PaymentEvent, Portion, PortionState } from '#core/payment.ts'
import { NOTHING_SHOWN } from '#core/persona.ts'
import type { RefundLine } from '#core/refund.ts'
import type { Answer } from './store.ts'

/** A row that may lack what came later. */
type Older<Row, Later extends keyof Row> = Omit<Row, Later> & Partial<Pick<Row, Later>>

/** JSON of a snapshot, event or answer; bigint as decimal strings. */
export const toJson = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? String(part) : part))

// Border: these rows were written by toJson from the very types they are read into; the audit rebuilds them from the events.
export const offerFromJson = (json: unknown): Offer => {
  const offer: Offer = { question: null, cashier: null, ...(json as Older<Offer, 'question' | 'cashier'>) }
  const { state } = offer
  return {
    ...offer,
    bill: offer.bill && billFrom(offer.bill),
    state: state.kind === 'taken' ? takenFrom(state) : state,
  }
}

export const paymentFromJson = (json: unknown): Payment => {
  const payment: Payment = {
    patient: false,
    asked: null,
    permitted: null,
    question: null,
    answered: null,
    way: 'number',
    acceptedAt: null,
    means: ACCOUNT,
    chosen: 0,
    orders: 0,
    collect: null,
    bankRefused: null,
    reference: null,
    attested: null,
    strayedAt: null,
    ...(json as Older<
      Payment,
      | 'patient'
      | 'asked'
      | 'permitted'
      | 'question'
      | 'answered'
      | 'way'
      | 'acceptedAt'
      | 'means'
      | 'chosen'
      | 'orders'
      | 'collect'
      | 'bankRefused'
      | 'reference'
      | 'attested'
      | 'strayedAt'
    >),
  }
  return {
    ...payment,
    payer: payerFrom(payment.payer),
    means: meansFrom(payment.means),
    ended: payment.ended && endedFrom(payment.ended),
    bill: payment.bill && billFrom(payment.bill),
    portions: payment.portions.map(portionFrom),
    refunds: payment.refunds.map(refundFrom),
  }
}

export const offerEventFromJson = (json: unknown): OfferEvent => {
  const event = json as OfferEvent
  switch (event.kind) {
    case 'billed':
      return { ...event, bill: billFrom(event.bill) }
    case 'reopened':
      return { ...event, bill: event.bill && billFrom(event.bill) }
    case 'taken':
      return takenFrom(event)
    case 'renewed':
    case 'withdrawn':
    case 'declined':
    case 'expired':
      return event
  }
  // Border: a row that somebody changed; whoever tells an offer again says what is wrong with it.
  throw new TypeError('no event of an offer')
}

export const paymentEventFromJson = (json: unknown): PaymentEvent => {
  const event = json as PaymentEvent
  switch (event.kind) {
    case 'billed':
      return {
        ...event,
        bill: billFrom(event.bill),
        ...(event.replaced && { replaced: { ...event.replaced, bill: billFrom(event.replaced.bill) } }),
      }
    case 'approved':
      return { ...approvedFrom(event), portions: event.portions.map(portionStateFrom) }
    case 'chosen':
      return { ...event, means: meansFrom(event.means) }
    case 'answered':
      return { ...answeredFrom(event), portions: event.portions.map(portionStateFrom) }
    case 'moved':
      return { ...event, portions: event.portions.map(portionStateFrom) }
    case 'ended':
      return { ...endedFrom(event), kind: 'ended', portions: event.portions.map(portionStateFrom) }
    case 'refunded':
      return {
        ...event,
        amount: BigInt(event.amount),
        back: backFrom(event),
        lines: (event.lines ?? []).map(refundLineFrom),
      }
    case 'declined':
    case 'attended':
    case 'attested':
    case 'strayed':
    case 'challenged':
    case 'responded':
    case 'asked':
    case 'permitted':
    case 'shown':
    case 'proven':
      return event
  }
  throw new TypeError('no event of a payment')
}

export const answerFromJson = (json: unknown): Answer => ({ note: null, ...(json as Older<Answer, 'note'>) })

export const refundLineFrom = ({ line, amount }: RefundLine): RefundLine => ({ line, amount: BigInt(amount) })

export const limitsFrom = (limits: Limits | null): Limits | null =>
  limits && {
    perPayment: BigInt(limits.perPayment),
    perDay: BigInt(limits.perDay),
    perMonth: BigInt(limits.perMonth),
  }

type Refund = Payment['refunds'][number]
const refundFrom = (refund: Older<Refund, 'lines' | 'back'>): Refund => ({
  ...refund,
  refunded: BigInt(refund.refunded),
  back: backFrom(refund),
  lines: (refund.lines ?? []).map(refundLineFrom),
})

type Taken = Extract<Offer['state'], { kind: 'taken' }>
/** Before there was `way`, `scanned` told a link from a typed number; nobody looked at it, so all of those count as typed. */
const takenFrom = ({
  scanned: _scanned,
  ...taken
}: Older<Taken, 'signed' | 'way' | 'preset'> & Readonly<{ scanned?: boolean }>): Taken => ({
  way: 'number',
  preset: null,
  ...taken,
  signed: taken.signed ? signedFrom(taken.signed) : null,
  payer: payerFrom(taken.payer),
})

/** Nobody wrote down how the owner had proved to be there: it counts as the least that it can have been. */
const signedFrom = (signed: Older<Signed, 'strength' | 'accepted'>): Signed => ({
  accepted: null,
  strength: signed.proof === 'right' ? 'password' : null,
  ...signed,
})

type Approved = Extract<PaymentEvent, { kind: 'approved' }>
const approvedFrom = (approved: Older<Approved, 'strength'>): Approved => ({ strength: null, ...approved })

type Answered = Extract<PaymentEvent, { kind: 'answered' }>
const answeredFrom = (answered: Older<Answered, 'reason' | 'reference'>): Answered => ({
  reason: null,
  reference: null,
  ...answered,
})

const meansFrom = (means: Means): Means =>
  means.kind === 'exchange' ? { ...means, amount: BigInt(means.amount) } : means

/** Before there was an exchange everything came back in the bill's unit. */
const backFrom = ({ back = null }: Partial<Pick<Refund, 'back'>>): bigint | null =>
  back === null ? null : BigInt(back)

type Ended = NonNullable<Payment['ended']>
const endedFrom = (ended: Older<Ended, 'refusal'>): Ended => ({ refusal: null, ...ended })

const payerFrom = (payer: Older<Payer, 'knows' | 'shown' | 'mayShow'>): Payer => ({
  knows: null,
  shown: NOTHING_SHOWN,
  mayShow: [],
  ...payer,
})

const billFrom = (bill: Bill): Bill => ({ ...bill, total: BigInt(bill.total), lines: bill.lines.map(lineFrom) })

const lineFrom = (line: Line): Line => ({
  ...line,
  amount: BigInt(line.amount),
  tax: BigInt(line.tax),
  conditions: conditionsFrom(line.conditions),
  restriction: line.restriction ?? null,
})

const portionFrom = (portion: Portion): Portion => ({
  ...portion,
  amount: BigInt(portion.amount),
  conditions: conditionsFrom(portion.conditions),
  state: portionStateFrom(portion.state),
})

/** Cooling-off was a number of seconds, 0 for none. */
function conditionsFrom(stored: Conditions | Readonly<{ delivery: boolean; coolingOffSeconds: number }>): Conditions {
  if ('coolingOff' in stored) return stored
  const { delivery, coolingOffSeconds } = stored
  return { delivery, coolingOff: coolingOffSeconds === 0 ? null : { period: `PT${coolingOffSeconds}S`, zone: 'UTC' } }
}

function portionStateFrom(state: PortionState): PortionState {
  if (state.kind === 'settled') return { ...state, settled: BigInt(state.settled) }
  if (state.kind === 'held' && state.delivered !== null) return { ...state, delivered: BigInt(state.delivered) }
  return state
}
