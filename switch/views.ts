// Who sees what: the terminal's view of a deal and the phone's view of a payment, whole and with a version.
import { concat, sha256, toHex, utf8 } from '#core/bytes.ts'
import { idBytes } from '#core/ids.ts'
import type { Entry } from '#core/ledger.ts'
import type { Offer, Payer } from '#core/offer.ts'
import { stateOf, type OfflineLimits, type Payment, type Portion, type SchemeRules } from '#core/payment.ts'
import type { Shown } from '#core/persona.ts'
import type { Question } from '#core/question.ts'
import { billToWire } from '#protocol/bill.ts'
import type { BalanceView, DealView, EntryView, PaymentView, SchemeView, ShownView } from '#protocol/views.ts'
import type { Balance } from './store.ts'

/** What a register may take while it has no network. */
export const offlineView = ({ payment, device, terminal, ms }: OfflineLimits): SchemeView['offline'] => ({
  payment: String(payment),
  device: String(device),
  terminal: String(terminal),
  ms,
})

/** The deal as its terminal sees it. `link` makes the QR's content of the offer's secret. */
export function dealView(offer: Offer, payment: Payment | null, link: (token: string) => string): DealView {
  const { state } = offer
  const common = {
    deal: offer.deal,
    openedAt: offer.openedAt,
    declines: offer.declines,
    cashier: offer.cashier?.name ?? null,
  }
  if (payment === null || state.kind !== 'taken') {
    return {
      ...common,
      version: offer.version,
      // A taken offer whose payment is not there yet is a join half-way: whoever looks finishes it within the same request.
      state: state.kind === 'taken' ? 'joined' : state.kind,
      question: questionView(offer.question),
      bill: offer.bill && billToWire(offer.bill),
      billVersion: offer.billVersion,
      ticket:
        state.kind === 'open'
          ? { number: state.ticket.number, link: link(state.ticket.token), expiresAt: state.ticket.expiresAt }
          : null,
      way: state.kind === 'taken' ? state.way : null,
      acceptedAt: null,
      phone: state.kind === 'taken' && state.way === 'card-id' ? 'asked' : null,
      payment: state.kind === 'taken' ? state.payment : null,
      payer: state.kind === 'taken' ? payerView(state.payer) : null,
      answered: null,
      tally: null,
      challenge: null,
      challengeFailures: 0,
      restriction: null,
      ended: null,
      portions: [],
      refunds: [],
      joinedAt: null,
      approvedAt: null,
      turnEndsAt: null,
      expiresAt: null,
    }
  }
  return {
    ...common,
    ...shared(payment),
    refunds: payment.refunds.map(refundView),
    state: stateOf(payment),
    phone: phoneView(payment),
    ticket: null,
    payer: payerView(payment.payer),
    declines: offer.declines + payment.declines,
    challenge: payment.challenge === null ? payment.proven : 'asked',
    challengeFailures: payment.challenge?.failures ?? 0,
    restriction: restrictionView(payment),
  }
}

/** The payment as the payer's phone sees it: all that the phone needs to build the approval bytes by itself. */
export const paymentView = (payment: Payment, rules: SchemeRules): PaymentView => ({
  ...shared(payment),
  refunds: payment.refunds.map((refund) => ({
    ...refundView(refund),
    back: refund.back === null ? null : String(refund.back),
  })),
  deal: payment.deal,
  state: stateOf(payment),
  biller: { ...payment.biller, isPerson: payment.payer.knows !== null },
  knows: payment.payer.knows,
  unasked: payment.payer.device === null,
  device: payment.payer.device,
  attested: payment.way === 'card-id' ? payment.attested !== null : null,
  shopAsked: payment.asked !== null,
  permitted: payment.permitted?.billVersion === payment.billVersion,
  shown: shownView(payment.payer.shown),
  mayShow: [...payment.payer.mayShow],
  means: meansView(payment),
  payerAccount: payment.payer.account,
  nonce: payment.nonce,
  freshProof: payment.question !== null || (payment.bill !== null && payment.bill.total >= rules.freshProofFrom),
  challenge: payment.challenge && { nonce: payment.challenge.nonce, failures: payment.challenge.failures },
  expiresAt: payment.expiresAt,
})

const shared = (payment: Payment) => ({
  payment: payment.id,
  way: payment.way,
  acceptedAt: payment.acceptedAt,
  version: payment.version,
  question: questionView(payment.question),
  answered: payment.answered && { ...payment.answered, released: [...payment.answered.released] },
  bill: payment.bill && billToWire(payment.bill),
  billVersion: payment.billVersion,
  tally: tallyOf(payment),
  ended: payment.ended?.reason ?? null,
  portions: payment.portions.map(portionView),
  joinedAt: payment.joinedAt,
  approvedAt: payment.approvedAt,
  turnEndsAt: payment.turn?.idleAt ?? null,
  expiresAt: payment.expiresAt,
})

const refundView = ({ id, refunded, lines, at }: Payment['refunds'][number]): DealView['refunds'][number] => ({
  payment: id,
  amount: String(refunded),
  lines: lines.map(({ line, amount }) => ({ line, amount: String(amount) })),
  at,
})

/** How far the phone is that a card's user id has named. */
function phoneView({ way, attested, strayedAt }: Payment): DealView['phone'] {
  if (way !== 'card-id') return null
  if (attested !== null) return 'answered'
  return strayedAt === null ? 'asked' : 'other-device'
}

const meansView = ({ means, bankRefused, reference }: Payment): PaymentView['means'] => {
  switch (means.kind) {
    case 'account':
      return { kind: means.kind }
    case 'exchange': {
      const { kind, unit, amount, price, until } = means
      return { kind, unit, amount: String(amount), price, until }
    }
    case 'bank':
      return { kind: means.kind, id: means.id, label: means.label, refused: bankRefused?.reason ?? null }
    case 'card':
      return { ...means, refused: bankRefused?.reason ?? null, reference }
  }
}

const questionView = (question: Question | null): DealView['question'] =>
  question && { attributes: [...question.attributes], reason: question.reason }

/** Never which picture: whoever may look at it asks for it. */
const shownView = ({ ageBand, members, region, email, portrait }: Shown): ShownView => ({
  ageBand,
  members: members.map(({ name, number }) => ({ name, number })),
  region,
  email,
  portrait: portrait !== null,
})

const payerView = ({ name, shown }: Payer): DealView['payer'] => ({ name, shown: shownView(shown) })

/**
 * The question names every restricted line, not those that this payer may not buy: a bill with a line for each year of age would
 * tell the age.
 */
function restrictionView({ bill, asked, permitted, billVersion }: Payment): DealView['restriction'] {
  if (asked !== null) {
    const lines = bill?.lines.flatMap(({ restriction }, index) => (restriction === null ? [] : [index])) ?? []
    return { state: 'asked', lines }
  }
  return permitted?.billVersion === billVersion ? { state: 'permitted', lines: [] } : null
}

function portionView({ lines, amount, state }: Portion): DealView['portions'][number] {
  return {
    lines: [...lines],
    amount: String(amount),
    state: state.kind,
    settled: String(state.kind === 'settled' ? state.settled : 0n),
    waits: waitsFor(state),
    until: 'until' in state ? state.until : null,
    deliverBy: state.kind === 'held' && state.delivered === null ? state.deliverBy : null,
  }
}

/** What the portion waits for. Goods to be delivered are delivered first; then what is left of the cancellation period runs out. */
function waitsFor(state: Portion['state']): DealView['portions'][number]['waits'] {
  if (state.kind === 'authorising') return 'answer'
  if (state.kind !== 'held') return null
  return state.delivered === null ? 'delivery' : 'cooling-off'
}

/** The seed from which both screens draw their half: the payment and the two enrolled machines, so that a relayed code shows. */
export const tallyOf = ({ id, terminal, payer }: Payment): string =>
  toHex(sha256(concat(utf8('tally'), idBytes(id), idBytes(terminal), idBytes(payer.device ?? payer.party))))

export const balanceView = ({ key, unit, status, balance, arriving }: Balance): BalanceView => ({
  account: key,
  unit,
  status,
  balance: String(balance),
  arriving: String(arriving),
})

export const entryView = ({ number, kind, amount, balance, otherName, payment, at }: Entry): EntryView => ({
  number: String(number),
  kind,
  amount: String(amount),
  balance: String(balance),
  otherName,
  payment,
  at,
})
