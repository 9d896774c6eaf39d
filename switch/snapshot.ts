// Offers and payments as JSON rows: amounts become decimal strings and come back as bigint, by known place, never by guess.
import type { Bill, Line } from '#core/bill.ts'
import type { Offer } from '#core/offer.ts'
import type { Payment, Portion, PortionState } from '#core/payment.ts'

/** JSON of a snapshot, event or answer; bigint as decimal strings. */
export const toJson = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? String(part) : part))

// Border: these rows were written by toJson from the very types they are read into; the audit rebuilds them from the events.
export const offerFromJson = (json: unknown): Offer => {
  const offer = json as Offer
  return { ...offer, bill: offer.bill && billFrom(offer.bill) }
}

export const paymentFromJson = (json: unknown): Payment => {
  const payment = json as Payment
  return {
    ...payment,
    bill: payment.bill && billFrom(payment.bill),
    portions: payment.portions.map(portionFrom),
    refunds: payment.refunds.map((refund) => ({ ...refund, refunded: BigInt(refund.refunded) })),
  }
}

const billFrom = (bill: Bill): Bill => ({ ...bill, total: BigInt(bill.total), lines: bill.lines.map(lineFrom) })

const lineFrom = (line: Line): Line => ({ ...line, amount: BigInt(line.amount), tax: BigInt(line.tax) })

const portionFrom = (portion: Portion): Portion => ({
  ...portion,
  amount: BigInt(portion.amount),
  state: portionStateFrom(portion.state),
})

function portionStateFrom(state: PortionState): PortionState {
  if (state.kind === 'settled') return { ...state, settled: BigInt(state.settled) }
  if (state.kind === 'held' && state.delivered !== null) return { ...state, delivered: BigInt(state.delivered) }
  return state
}
