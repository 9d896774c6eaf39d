// Random lives of a payment: any bill, any commands in any order, any waiting between them.
import * as fc from 'fast-check'
import type { Bill } from '#core/bill.ts'
import { paymentDueAt, type Payment, type PaymentCommand, type PaymentEvent } from '#core/payment.ts'
import { account, after, bill, evidenceOf, id, joined, line, loaded, NOON } from './deal.ts'

type Step = Readonly<{
  kind:
    | 'approve'
    | 'outside'
    | 'poor'
    | 'wrong'
    | 'yes'
    | 'no'
    | 'bill'
    | 'payer'
    | 'biller'
    | 'release'
    | 'attend'
    | 'challenge'
    | 'respond'
    | 'deliver'
    | 'refund'
    | 'time'
    | 'due'
  wait: number
  portion: number
  share: bigint
  bill: Bill
  byte: number
}>
export type Life = Readonly<{ first: Bill | null; steps: readonly Step[] }>

/** Bills of up to four lines with any conditions, line texts that look like numbers among them. */
export const bills: fc.Arbitrary<Bill> = fc
  .array(
    fc.record({
      amount: fc.bigInt({ min: 0n, max: 1_000n }),
      delivery: fc.boolean(),
      coolingOffSeconds: fc.constantFrom(0, 0, 60, 86_400),
      text: fc.constantFrom('Bread', '5', '12n', 'おにぎり', '"\\', '-0', 'null'),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((lines) =>
    bill(
      ...lines.map(({ amount, delivery, coolingOffSeconds, text }, index) =>
        line(
          index === 0 ? amount + 1n : amount,
          { delivery, coolingOffSeconds },
          { text, tax: amount / 11n, code: text === '5' ? '5' : null },
        ),
      ),
    ),
  )

export const lives: fc.Arbitrary<Life> = fc.record({
  first: fc.option(bills, { freq: 8 }),
  steps: fc.array(
    fc.record({
      kind: fc.constantFrom<Step['kind']>(
        'approve',
        'approve',
        'approve',
        'outside',
        'outside',
        'poor',
        'wrong',
        'yes',
        'yes',
        'no',
        'bill',
        'payer',
        'biller',
        'release',
        'attend',
        'challenge',
        'respond',
        'deliver',
        'deliver',
        'deliver',
        'refund',
        'time',
        'due',
        'due',
      ),
      wait: fc.constantFrom(0, 0, 1, 1_000, 30_000, 60_000, 86_400_000),
      portion: fc.integer({ min: 0, max: 4 }),
      share: fc.bigInt({ min: 0n, max: 100n }),
      bill: bills,
      byte: fc.integer({ min: 0, max: 255 }),
    }),
    { maxLength: 14 },
  ),
})

/** One decision of a life. */
export type Moment = Readonly<{
  before: Payment
  command: PaymentCommand
  events: readonly PaymentEvent[]
  payment: Payment
  now: number
}>

/** Lives a life and tells each decision. */
export function live({ first, steps }: Life, tell: (moment: Moment) => void): Payment {
  let payment = joined(first)
  let now = NOON
  for (const step of steps) {
    now += step.wait
    if (step.kind === 'due') now = Math.max(now, paymentDueAt(payment) ?? now)
    const command = commandOf(payment, step, now)
    const given = step.kind === 'poor' ? loaded({ account: account(0n) }) : loaded()
    const decided = after(payment, command, now, given)
    tell({ before: payment, command, events: decided.events, payment: decided.payment, now })
    payment = decided.payment
  }
  return payment
}

function commandOf(payment: Payment, step: Step, now: number): PaymentCommand {
  switch (step.kind) {
    case 'approve':
    case 'poor':
      return { kind: 'approve', evidence: evidenceOf(payment, { now }) }
    case 'outside':
      return { kind: 'approve', evidence: evidenceOf(payment, { now }), outside: true }
    case 'wrong':
      return { kind: 'respond', evidence: evidenceOf(payment, { now, purpose: 'challenge', proof: 'wrong' }) }
    case 'respond':
      return { kind: 'respond', evidence: evidenceOf(payment, { now, purpose: 'challenge' }) }
    case 'yes':
    case 'no':
      return { kind: 'answer', yes: step.kind === 'yes' }
    case 'bill':
      return { kind: 'bill', billVersion: payment.billVersion, bill: step.bill, nonce: '7e'.repeat(16) }
    case 'payer':
    case 'biller':
      return { kind: 'cancel', by: step.kind }
    case 'release':
    case 'attend':
      return { kind: step.kind }
    case 'challenge':
      return { kind: 'challenge', nonce: 'c4'.repeat(16) }
    case 'deliver': {
      const amount = ((payment.portions[step.portion]?.amount ?? 0n) * step.share) / 100n
      return { kind: 'deliver', portion: step.portion, amount }
    }
    case 'refund':
      return { kind: 'refunded', refund: id('pay', step.byte), amount: step.share }
    case 'time':
    case 'due':
      return { kind: 'time' }
  }
}
