// What must hold of payments, refunds and offers: the deals' half of invariants.ts. It shares no code with the rules it checks.
import { coolingOffEnds } from './calendar.ts'
import type { Books } from './invariants.ts'
import { attributesIn } from './persona.ts'
import { refundedAmount, settledAmount, stateOf, type Payment } from './payment.ts'

/** I5, I6, I10, I13, I26: what a payment says was moved is what its transfers moved, and refunds never exceed it. */
export function paymentFaults({ transfers, payments, refunds }: Books): string[] {
  const faults: string[] = []
  const moved = new Map<string, bigint>()
  for (const { payment, unit, kind, amount } of transfers) {
    if (payment === null) continue
    const key = `${payment} ${unit} ${kind}`
    moved.set(key, (moved.get(key) ?? 0n) + amount)
  }
  const known = new Set(payments.map(({ id }) => id))
  for (const { bucket, sequence, payment } of transfers)
    if (payment !== null && !known.has(payment)) faults.push(`transfer ${bucket}/${sequence} is of no known payment`)
  for (const { id, original } of refunds) if (!known.has(original)) faults.push(`refund ${id} is of no known payment`)
  // In the bill's unit: what a payer paid in another is invariants-means.ts.
  const movedBy = ({ id, bill }: Payment, kind: string): bigint => moved.get(`${id} ${bill?.unit} ${kind}`) ?? 0n
  for (const payment of payments) {
    const settled = settledAmount(payment)
    if (movedBy(payment, 'settle') + movedBy(payment, 'release') !== settled)
      faults.push(`${payment.id} settled ${settled}, its transfers say otherwise`)
    const taken = movedBy(payment, 'settle') + movedBy(payment, 'hold')
    if (taken !== approvedAmount(payment))
      faults.push(`${payment.id} took ${taken}, approved was ${approvedAmount(payment)}`)
    const held = payment.portions.reduce(
      (total, { state, amount }) => total + (state.kind === 'held' ? amount : 0n),
      0n,
    )
    const inEscrow = movedBy(payment, 'hold') - movedBy(payment, 'release') - movedBy(payment, 'return')
    if (inEscrow !== held) faults.push(`${payment.id} holds ${held}, escrow says ${inEscrow}`)
    const given = refunds.filter(({ original }) => original === payment.id)
    const refunded = given.reduce((total, { amount }) => total + amount, 0n)
    if (refunded > settled) faults.push(`${payment.id} was refunded more than it settled`)
    if (movedBy(payment, 'refund') !== refunded) faults.push(`${payment.id} has refunds without transfers`)
    const told = given.filter((refund) => refund.told).reduce((total, { amount }) => total + amount, 0n)
    if (refundedAmount(payment) > refunded || refundedAmount(payment) < told)
      faults.push(`${payment.id} shows other refunds than were made`)
    faults.push(...lineFaults(payment, given), ...coolingOffFaults(payment))
    if (stateOf(payment) === 'ended' && settled !== 0n) faults.push(`${payment.id} ended although it settled`)
  }
  return faults
}

/** What has left the payer by a consent that still stands; while a bank is asked nothing has. */
export function approvedAmount({ approvedAt, portions }: Payment): bigint {
  if (approvedAt === null) return 0n
  const funded = portions.filter(({ state }) => state.kind !== 'due' && state.kind !== 'authorising')
  return funded.reduce((total, { amount }) => total + amount, 0n)
}

/** I6 by line: a refund that names lines names all of its amount, never more than a line cost or than its portion settled for. */
function lineFaults({ id, bill, portions }: Payment, refunds: Books['refunds']): string[] {
  const faults: string[] = []
  const refunded = new Map<number, bigint>()
  for (const { id: refund, amount, lines } of refunds) {
    if (lines.length > 0 && lines.reduce((total, line) => total + line.amount, 0n) !== amount)
      faults.push(`refund ${refund} is not the sum of its lines`)
    for (const { line, amount } of lines) refunded.set(line, (refunded.get(line) ?? 0n) + amount)
  }
  for (const [line, amount] of refunded) {
    if (amount > (bill?.lines[line]?.amount ?? 0n)) faults.push(`line ${line} of ${id} was refunded more than it cost`)
  }
  for (const { lines, state } of portions) {
    const given = lines.reduce((total, line) => total + (refunded.get(line) ?? 0n), 0n)
    if (given > (state.kind === 'settled' ? state.settled : 0n))
      faults.push(`lines ${lines.join(' ')} of ${id} were refunded more than they settled`)
  }
  return faults
}

/** I26: money with a cancellation period is not the shop's before the period is over. */
const coolingOffFaults = ({ id, approvedAt, portions }: Payment): string[] =>
  portions.flatMap(({ state, lines, conditions: { coolingOff } }) => {
    if (coolingOff === null || approvedAt === null || state.kind !== 'settled') return []
    return state.at >= coolingOffEnds(coolingOff, approvedAt)
      ? []
      : [`lines ${lines.join(' ')} of ${id} settled within their cancellation period`]
  })

/** I31: a question has no money in it, is answered by whoever was asked, and shows nothing but what its answer releases. */
export function questionFaults({ payments, transfers }: Books): string[] {
  const questions = new Set<string>(payments.flatMap(({ id, question }) => (question === null ? [] : [id])))
  const moved = transfers.flatMap(({ payment }) => (payment !== null && questions.has(payment) ? [payment] : []))
  return [
    ...moved.map((payment) => `${payment} is a question and moved money`),
    ...payments.flatMap((payment) => answerFaults(payment).map((fault) => `${payment.id} ${fault}`)),
  ]
}

/** What is wrong with a question and its answer, or with a bill that has one. */
export function answerFaults({ question, answered, bill, portions, approvedAt, ended, payer }: Payment): string[] {
  if (question === null) return answered === null ? [] : ['was answered, and nothing was asked']
  const faults: string[] = []
  if (bill !== null || portions.length > 0 || approvedAt !== null) faults.push('is a question and has a bill')
  if (answered !== null && ended !== null) faults.push('was answered and has ended')
  const released = answered?.released ?? []
  if (released.some((what) => !question.attributes.includes(what))) faults.push('released what was not asked')
  if (attributesIn(payer.shown).some((what) => !released.includes(what))) faults.push('shows what was not released')
  return faults
}

/** I13: one offer, one living payment; a number is live once. */
export function offerFaults({ offers, payments }: Books): string[] {
  const faults: string[] = []
  const living = new Map<string, Payment[]>()
  for (const payment of payments) {
    const paid = stateOf(payment) !== 'ended' || payment.approvedAt !== null
    if (!paid) continue
    const key = `${payment.terminal} ${payment.deal}`
    living.set(key, [...(living.get(key) ?? []), payment])
  }
  for (const [key, several] of living) if (several.length > 1) faults.push(`deal ${key} has ${several.length} payments`)
  const numbers = new Set<string>()
  for (const { state } of offers) {
    // Between people there is a link and no number.
    if (state.kind !== 'open' || state.ticket.number === null) continue
    const key = `${state.ticket.scope} ${state.ticket.number}`
    if (numbers.has(key)) faults.push(`number ${key} is live twice`)
    numbers.add(key)
  }
  return faults
}
