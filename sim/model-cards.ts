// A second opinion of what is paid by card: whose card it is, how it is repaid, that never more is captured and given up than was
// authorised, and at the end that the issuer's books say what the scheme's say, with nothing left authorised.
import type { Order } from '#core/means.ts'
import type { Payment } from '#core/payment.ts'
import type { MemoryStore } from '#switch/memory-store.ts'
import type { Writes } from '#switch/store.ts'
import type { Authorised } from './card-issuer.ts'
import type { Cards } from './cards.ts'

export type CardModel = ReturnType<typeof openCardModel>

/** A card's user id is good for so long after the register has read it. */
const USER_ID_MS = 120_000

type Claims = { readonly collected: bigint; claimed: bigint; released: bigint; returned: bigint }

export function openCardModel(options: { store: MemoryStore; cards: () => Cards; fail: (sentence: string) => void }) {
  const { store, fail } = options
  const claims = new Map<string, Claims>()
  const attested = new Set<string>()
  const joinedAt = new Map<string, number>()

  function committed(writes: Writes): void {
    const rowOf = (id: string): Payment | undefined => writes.payments.find(({ payment }) => payment.id === id)?.payment
    for (const order of writes.orders) {
      if (order.via !== 'card') continue
      const payment = rowOf(order.payment)
      if (payment === undefined) return fail(`${order.payment} was ordered without its row`)
      judge(order, payment)
    }
    for (const { body, subject, at } of writes.events) {
      const payment = rowOf(subject)
      if (body.kind === 'joined' && payment?.way === 'card-id') joinedAt.set(subject, at)
      if (body.kind === 'attested') attested.add(subject)
      if (body.kind === 'approved' && payment?.way === 'card-id') judgeApproval(payment, body.at, writes)
    }
  }

  function judge(order: Order, { id, bill, means, payer }: Payment): void {
    const { kind, number, of, amount, method, oneTime, party } = order
    const name = `${id} ${of ?? number}`
    if (options.cards().of(party, order.means) === undefined || payer.party !== party)
      fail(`${id} asks the issuer for the card of somebody else`)
    if (kind === 'collect') {
      claims.set(name, { collected: amount, claimed: 0n, released: 0n, returned: 0n })
      if (amount !== bill?.total) fail(`${id} authorises ${amount} of ${bill?.total}`)
      if (means.kind !== 'card') return fail(`${id} asks an issuer, and is paid otherwise`)
      if (means.method !== method) fail(`${id} was signed with ${means.method} and is authorised with ${method}`)
      if (means.oneTime !== oneTime) fail(`${id} is authorised by another way than was chosen`)
      return
    }
    const claim = claims.get(name)
    if (claim === undefined) return fail(`${kind} of ${name}, which was never asked for`)
    if (kind === 'capture') claim.claimed += amount
    if (kind === 'release') claim.released += amount
    if (kind === 'return') claim.returned += amount
    if (claim.claimed + claim.released > claim.collected)
      fail(`${name} captures ${claim.claimed} and releases ${claim.released} of ${claim.collected}`)
    const most = oneTime ? claim.collected : claim.claimed
    if (claim.returned > most) fail(`${name} gives back ${claim.returned} of ${most}`)
  }

  /** The phone has answered, or its owner proves with the approval itself; and in time. */
  function judgeApproval({ id }: Payment, at: number, { evidence }: Writes): void {
    const isProved = evidence.some(({ payment, evidence: each }) => payment === id && each.proof === 'right')
    if (isProved) attested.add(id)
    if (!attested.has(id)) fail(`${id} was approved, and its phone had not answered for its owner`)
    if (at >= (joinedAt.get(id) ?? at) + USER_ID_MS) fail(`${id} was approved after its two minutes`)
  }

  /** Every authorisation has its end, and issuer and scheme agree on each payment. */
  function final(): void {
    const { transfers, payments } = store.contents()
    const sums = new Map<string, bigint>()
    const add = (to: Map<string, bigint>, key: string | null, amount: bigint): void => {
      if (key !== null) to.set(key, (to.get(key) ?? 0n) + amount)
    }
    for (const { debit, credit, amount, payment } of transfers) {
      if (debit.startsWith('card:')) add(sums, payment, amount)
      if (credit.startsWith('card:')) add(sums, payment, -amount)
    }
    const rows = new Map<string, Payment>(payments.map((payment) => [payment.id, payment]))
    const taken = new Map<string, bigint>()
    for (const [order, row] of options.cards().issuer.books()) {
      const payment = order.slice(0, order.indexOf(' '))
      if (row.isReversed) continue
      endOf(order, row, rows.get(payment))
      add(taken, payment, row.captured - row.refunded)
    }
    for (const payment of new Set([...sums.keys(), ...taken.keys()])) {
      const [here, there] = [sums.get(payment) ?? 0n, taken.get(payment) ?? 0n]
      if (here !== there) fail(`${payment} brought ${here} out of card clearing, its issuer has given ${there}`)
    }
  }

  function endOf(
    order: string,
    { request, amount, captured, released }: Readonly<Authorised>,
    payment?: Payment,
  ): void {
    if (captured + released !== amount)
      fail(`${order} of ${amount} is authorised for ever: ${captured} and ${released}`)
    if (payment?.means.kind !== 'card') return fail(`${order} is authorised, and its payment was paid otherwise`)
    if (request.method !== payment.means.method)
      fail(`${order} is repaid by ${request.method}, signed was ${payment.means.method}`)
    if (request.merchant !== payment.biller.party) fail(`${order} is authorised for ${request.merchant}`)
    if (request.amount !== payment.bill?.total) fail(`${order} of ${request.amount} is authorised for another bill`)
  }

  return { committed, final, isQuiet: (): boolean => options.cards().vault.isQuiet() }
}
