// The history of what a person has paid by card: it makes no entry in an account of theirs, so it has a list of its own.
import { parseId, type PartyId } from '#core/ids.ts'
import { sum } from '#core/money.ts'
import type { Payment } from '#core/payment.ts'
import { CARD_ROUTES, type CardPaymentsView } from '#protocol/cards.ts'
import type { Store } from '#switch/store.ts'
import { deviceOf, type OnRoute } from '../http-callers.ts'
import type { PaidByCardRows, PaidPlace } from '../postgres/card-payments.ts'

type Parts = Readonly<{ rows: PaidByCardRows; store: Pick<Store, 'readPayments'> }>

/** A screenful or two. */
const PAGE = 30

export function servePaidByCard(on: OnRoute, { rows, store }: Parts): void {
  on(CARD_ROUTES.cardPayments, (request) => {
    // Border: the schema of this very route has checked the query.
    const { before } = request.query as { before?: string }
    return page(deviceOf(request).party, before === undefined ? null : placeIn(before))
  })

  async function page(party: PartyId, before: PaidPlace | null): Promise<CardPaymentsView> {
    const places = await rows.of(party, before, PAGE + 1)
    const shown = places.slice(0, PAGE)
    const read = await store.readPayments(shown.map(({ payment }) => payment))
    const found = new Map(read.map((each) => [each.id, each]))
    const last = shown.at(-1)
    return {
      payments: shown.flatMap(({ at, payment }) => viewOf(found.get(payment), at) ?? []),
      next: places.length > PAGE && last !== undefined ? `${last.at}-${last.payment.slice(4)}` : null,
    }
  }
}

/** Nothing of a payment that was given up after its issuer had said yes, and paid by other means. */
function viewOf(payment: Payment | undefined, at: number): CardPaymentsView['payments'][number] | undefined {
  if (payment === undefined || payment.bill === null || payment.means.kind !== 'card') return undefined
  const { id, bill, means, biller, reference, portions, refunds } = payment
  const ended = portions.map(({ amount, state }) => {
    if (state.kind === 'ended') return amount
    return state.kind === 'settled' ? amount - state.settled : 0n
  })
  return {
    payment: id,
    card: means.id,
    label: means.label,
    method: means.method,
    biller: biller.name,
    unit: bill.unit,
    amount: String(bill.total),
    back: String(sum([...ended, ...refunds.map(({ refunded }) => refunded)])),
    reference,
    at: payment.approvedAt ?? at,
  }
}

/** Of a text that has the form of the route's; a place that never was is a place all the same. */
function placeIn(text: string): PaidPlace | null {
  const [at, id] = text.split('-')
  const payment = parseId('pay', `pay_${id ?? ''}`)
  return payment === undefined ? null : { at: Number(at), payment }
}
