// What must hold of what payments were paid with: exchanges and orders to payers' banks. Like the rest it shares no code with the rules.
import { isSystemAccount, systemAccountKind, type AccountKey, type SystemAccountKind } from './accounts.ts'
import { approvedAmount } from './invariants-deals.ts'
import type { Books } from './invariants.ts'
import type { PaymentId } from './ids.ts'
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
  [debit, credit].some((key) => isOf(key, 'exchange') || isOf(key, 'clearing'))

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

/** I33: orders are numbered without a gap, and each collect has one end: it paid, was answered no, or was reversed whole. */
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
    else if (collect.unit !== unit || collect.means !== means)
      faults.push(`sends order ${number} elsewhere than its collect`)
    else if (kind === 'reverse' ? amount !== collect.amount : amount > collect.amount)
      faults.push(`has order ${number} of another amount than its collect`)
    if (state === 'yes' || state === 'no') faults.push(`has order ${number} answered as a collect`)
  }
  return faults
}

/** The number of the collect that has paid; null while its bank is asked, and where none has. */
const payingCollect = (payment: Payment): number | null =>
  payment.approvedAt !== null && stateOf(payment) !== 'authorising' ? payment.collect : null

/** I34: what left clearing for a payment is what its collect brought; what came back there is what its returns take to the bank. */
function clearingFaults(
  payment: Payment,
  flows: readonly Flow[],
  orders: readonly Order[],
  refunds: Books['refunds'],
): string[] {
  const { bill, means } = payment
  if (bill === null) return []
  const { came, left } = through(flows, 'clearing', bill.unit)
  const paying = payingCollect(payment)
  const collected = total(orders.filter(({ kind, number }) => kind === 'collect' && number === paying))
  const givenBack = total(orders.filter(({ kind }) => kind === 'return'))
  const faults: string[] = []
  if (left !== collected) faults.push(`took ${left} from clearing, its bank gave ${collected}`)
  if (paying !== null && collected !== approvedAmount(payment))
    faults.push(`was collected with ${collected}, approved was ${approvedAmount(payment)}`)
  // The merchant's bucket books a refund before the payment is told, and only then orders it.
  const untold = means.kind === 'bank' ? total(refunds) - refundedAmount(payment) : 0n
  if (came !== givenBack + untold) faults.push(`gave ${came} back to clearing, its bank is to return ${givenBack}`)
  return faults
}
