// What must hold of what payments were paid with: exchanges, and orders to payers' banks and issuers of cards. Like the rest it shares no code with the rules.
import {
  isSystemAccount,
  systemAccount,
  systemAccountKind,
  type AccountKey,
  type SystemAccountKind,
} from './accounts.ts'
import { approvedAmount } from './invariants-deals.ts'
import type { Books } from './invariants.ts'
import { bucketOfId, type PaymentId } from './ids.ts'
import type { Unit } from './money.ts'
import { refundedAmount, settledAmount, stateOf, type Payment } from './payment.ts'

type Order = Books['orders'][number]

/** I32 to I34, of every payment. */
export function meansFaults({ transfers, payments, refunds, orders }: Books): string[] {
  const flows = new Map<PaymentId, Books['transfers'][number][]>()
  for (const transfer of transfers) {
    if (transfer.payment !== null && touches(transfer)) listed(flows, transfer.payment).push(transfer)
  }
  const refundsOf = Map.groupBy(refunds, ({ original }) => original)
  const ordersOf = Map.groupBy(orders, ({ payment }) => payment)
  const known = new Set(payments.map(({ id }) => id))
  return [
    ...orders.flatMap(({ payment, number }) =>
      known.has(payment) ? [] : [`order ${number} of ${payment} is of no known payment`],
    ),
    ...payments.flatMap((payment) => {
      const moved = flows.get(payment.id) ?? []
      const made = ordersOf.get(payment.id) ?? []
      return [
        ...exchangeFaults(payment, moved, refundsOf.get(payment.id) ?? []),
        ...orderFaults(payment, made),
        ...clearingFaults(payment, moved, made, refundsOf.get(payment.id) ?? []),
      ].map((fault) => `${payment.id} ${fault}`)
    }),
  ]
}

type Flow = Pick<Books['transfers'][number], 'debit' | 'credit' | 'unit' | 'amount' | 'kind'>

const isOf = (key: AccountKey, kind: SystemAccountKind): boolean =>
  isSystemAccount(key) && systemAccountKind(key) === kind
const touches = ({ debit, credit }: Flow): boolean =>
  [debit, credit].some((key) => isOf(key, 'exchange') || isOf(key, 'clearing') || isOf(key, 'card'))

function listed<Key, Row>(lists: Map<Key, Row[]>, key: Key): Row[] {
  const list = lists.get(key) ?? []
  lists.set(key, list)
  return list
}

/** What came into the scheme's accounts of a kind, and what left them, in a unit. */
const through = (flows: readonly Flow[], kind: SystemAccountKind, unit: Unit): { came: bigint; left: bigint } => ({
  came: total(flows.filter((flow) => flow.unit === unit && isOf(flow.credit, kind))),
  left: total(flows.filter((flow) => flow.unit === unit && isOf(flow.debit, kind))),
})
const total = (rows: readonly Readonly<{ amount: bigint }>[]): bigint =>
  rows.reduce((sum, { amount }) => sum + amount, 0n)

/** What came back out of escrow, in the bill's unit: of goods not delivered, and lines taken back. */
const returnedAmount = (payment: Payment): bigint => {
  const held = payment.portions.reduce((sum, { state, amount }) => sum + (state.kind === 'held' ? amount : 0n), 0n)
  return approvedAmount(payment) - settledAmount(payment) - held
}

/**
 * I32: an exchange takes what was quoted and gives the bill's amount; of what goes back in the bill's unit the payer gets the share of
 * what was paid, rounded down in each of the two books (holds, refunds). Who did not choose it has nothing in it.
 */
function exchangeFaults(payment: Payment, flows: readonly Flow[], refunds: Books['refunds']): string[] {
  const { means, bill } = payment
  if (means.kind !== 'exchange' || bill === null)
    return flows.some(({ debit, credit }) => isOf(debit, 'exchange') || isOf(credit, 'exchange'))
      ? ['was exchanged, and nobody chose that']
      : []
  if (means.unit === bill.unit) return ['is exchanged into the same unit']
  const approved = approvedAmount(payment)
  const [refunded, returned] = [total(refunds), returnedAmount(payment)]
  const paid = approved === 0n ? 0n : means.amount
  const share = (part: bigint): bigint => (part >= bill.total ? paid : (paid * part) / bill.total)
  const foreign = through(flows, 'exchange', means.unit)
  const own = through(flows, 'exchange', bill.unit)
  const faults: string[] = []
  if (foreign.came !== paid) faults.push(`took ${foreign.came} ${means.unit}, quoted were ${paid}`)
  if (foreign.left !== share(returned) + share(refunded))
    faults.push(`gave back ${foreign.left} ${means.unit}, its share is ${share(returned) + share(refunded)}`)
  if (own.left !== approved) faults.push(`was exchanged into ${own.left}, approved was ${approved}`)
  if (own.came !== returned + refunded) faults.push(`brought back ${own.came}, ${returned + refunded} went back`)
  if (refunds.reduce((sum, { back }) => sum + (back ?? 0n), 0n) !== share(refunded))
    faults.push('has refunds that say something else than was given back')
  return faults
}

/**
 * I33: orders are numbered without a gap, and each collect has one end: it paid, was answered no, or was reversed whole. Of what an
 * issuer has authorised no more is captured and released than that, and no more returned than was captured (or, by a one-time number,
 * than all of it).
 */
export function orderFaults(payment: Payment, orders: readonly Order[]): string[] {
  const faults: string[] = []
  const numbers = orders.map(({ number }) => number).toSorted((left, right) => left - right)
  if (numbers.length !== payment.orders || numbers.some((number, index) => number !== index + 1))
    faults.push(`has orders ${numbers.join(' ')}, it made ${payment.orders}`)
  const collects = new Map(orders.filter(({ kind }) => kind === 'collect').map((order) => [order.number, order]))
  const paying = payingCollect(payment)
  for (const order of orders) {
    const { number, kind, of, amount, state, unit, means } = order
    if (kind === 'collect') {
      const reversals = orders.filter((other) => other.kind === 'reverse' && other.of === number)
      if (reversals.length > 1) faults.push(`reverses collect ${number} twice`)
      if (number === paying && (reversals.length > 0 || state === 'no'))
        faults.push(`was paid by collect ${number}, which is said not to be`)
      if (number !== paying && state === 'yes')
        faults.push(`has collect ${number} answered yes, and was not paid by it`)
      if (state === 'done') faults.push(`has collect ${number} done without an answer`)
      continue
    }
    const collect = of === null ? undefined : collects.get(of)
    if (collect === undefined) faults.push(`has order ${number} of no collect`)
    else if (collect.unit !== unit || collect.means !== means || !isSameWay(collect, order))
      faults.push(`sends order ${number} elsewhere than its collect`)
    else if (kind === 'reverse' ? amount !== collect.amount : amount > collect.amount)
      faults.push(`has order ${number} of another amount than its collect`)
    if (state === 'yes' || state === 'no') faults.push(`has order ${number} answered as a collect`)
  }
  for (const collect of collects.values()) faults.push(...claimFaults(collect, orders, collect.number === paying))
  return faults
}

const isSameWay = (left: Order, right: Order): boolean =>
  left.via === right.via && left.method === right.method && left.oneTime === right.oneTime

/** What is claimed of a collect, let go and given back. */
function claimFaults({ number, via, amount, oneTime }: Order, orders: readonly Order[], hasPaid: boolean): string[] {
  const sumOf = (wanted: Order['kind']): bigint =>
    total(orders.filter(({ kind, of }) => kind === wanted && of === number))
  const [captured, released, returned] = [sumOf('capture'), sumOf('release'), sumOf('return')]
  const isClaimedWhole = via === 'bank' || oneTime
  const faults: string[] = []
  if (isClaimedWhole && captured + released > 0n)
    faults.push(`captures or releases of collect ${number}, which has all`)
  if (!hasPaid && captured + released + returned > 0n) faults.push(`goes on with collect ${number}, which did not pay`)
  if (captured + released > amount)
    faults.push(`captured ${captured} and released ${released} of collect ${number}, authorised were ${amount}`)
  const claimed = isClaimedWhole ? amount : captured
  if (returned > claimed) faults.push(`returned ${returned} of collect ${number}, claimed were ${claimed}`)
  return faults
}

/** The number of the collect that has paid; null while its bank is asked, and where none has. */
const payingCollect = (payment: Payment): number | null =>
  payment.approvedAt !== null && stateOf(payment) !== 'authorising' ? payment.collect : null

/** What passes clearing or the cards' account is of its means, in the payment's bucket; a refund comes back in that of the biller. */
function goesRight({ id, biller }: Payment, means: 'card' | 'clearing', { kind, debit, credit }: Flow): boolean {
  const home = bucketOfId(kind === 'refund' ? biller.party : id)
  const passed = [debit, credit].filter((key) => isOf(key, 'card') || isOf(key, 'clearing'))
  return passed.every((key) => key === systemAccount(means, home))
}

/**
 * I34: what left clearing (or the cards' account) for a payment is what its collect brought; what came back there is what its returns and
 * releases take to the bank or issuer. Of a card that has paid, what was captured is what was settled, and what was released is what was
 * not, as soon as nothing is held.
 */
function clearingFaults(
  payment: Payment,
  flows: readonly Flow[],
  orders: readonly Order[],
  refunds: Books['refunds'],
): string[] {
  const { bill, means } = payment
  if (bill === null) return []
  const kind = means.kind === 'card' ? 'card' : 'clearing'
  const { came, left } = through(flows, kind, bill.unit)
  const strange = flows.find((flow) => !goesRight(payment, kind, flow))
  const paying = payingCollect(payment)
  const collected = total(orders.filter(({ kind, number }) => kind === 'collect' && number === paying))
  const givenBack = total(orders.filter(({ kind }) => kind === 'return' || kind === 'release'))
  const faults: string[] = []
  if (strange !== undefined) faults.push(`moved money from ${strange.debit} to ${strange.credit}, which is not its way`)
  if (left !== collected)
    faults.push(`took ${left} from ${kind}, its ${kind === 'card' ? 'issuer' : 'bank'} gave ${collected}`)
  if (paying !== null && collected !== approvedAmount(payment))
    faults.push(`was collected with ${collected}, approved was ${approvedAmount(payment)}`)
  // The merchant's bucket books a refund before the payment is told, and only then orders it.
  const isOutside = means.kind === 'bank' || means.kind === 'card'
  const untold = isOutside ? total(refunds) - refundedAmount(payment) : 0n
  if (came !== givenBack + untold) faults.push(`gave ${came} back to ${kind}, ${givenBack} is to be returned outside`)
  if (means.kind !== 'card' || means.oneTime || paying === null) return faults
  const captured = total(orders.filter((order) => order.kind === 'capture' && order.of === paying))
  if (captured !== settledAmount(payment))
    faults.push(`captured ${captured} of its card, settled was ${settledAmount(payment)}`)
  const released = total(orders.filter((order) => order.kind === 'release' && order.of === paying))
  if (released !== returnedAmount(payment))
    faults.push(`released ${released} of its card, ${returnedAmount(payment)} came back`)
  return faults
}
