// Random lives of a payment: any bill, any commands in any order, any waiting between them.
import * as fc from 'fast-check'
import type { Bill } from '#core/bill.ts'
import { paymentDueAt, type Loaded, type Payment, type PaymentCommand, type PaymentEvent } from '#core/payment.ts'
import { ASKABLE, shownOf, type Askable, type Shown } from '#core/persona.ts'
import type { Question } from '#core/question.ts'
import type { RefundLine } from '#core/refund.ts'
import {
  account,
  after,
  BANK,
  bill,
  CARD,
  cooled,
  EVERYTHING,
  evidenceOf,
  id,
  joined,
  line,
  loaded,
  loadedFor,
  NOON,
  otherPhone,
  questioned,
  RATE,
  restriction,
  rules,
  shownCard,
  stranger,
  TODAY,
  unlocked,
} from './deal.ts'

type Step = Readonly<{
  kind:
    | 'approve'
    | 'outside'
    | 'card'
    | 'one-time'
    | 'attest'
    | 'attest elsewhere'
    | 'dollars'
    | 'account'
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
    | 'take-back'
    | 'ask'
    | 'permit'
    | 'forbid'
    | 'hand-back'
    | 'show'
    | 'prove'
    | 'prove more'
    | 'time'
    | 'due'
  wait: number
  portion: number
  share: bigint
  bill: Bill
  released: readonly Askable[]
  byte: number
}>
/** A life begins with a bill, without one, with a question, or with a bill for a card whose user id was shown. */
export type Life = Readonly<{ first: Bill | Question | Readonly<{ shown: Bill }> | null; steps: readonly Step[] }>

/** Bills of up to four lines with any conditions, line texts that look like numbers among them. */
export const bills: fc.Arbitrary<Bill> = fc
  .array(
    fc.record({
      amount: fc.bigInt({ min: 0n, max: 1_000n }),
      delivery: fc.boolean(),
      period: fc.constantFrom(null, null, 'PT1M', 'P1D', 'P1M'),
      minimumAge: fc.constantFrom(null, null, null, 20),
      text: fc.constantFrom('Bread', '5', '12n', 'おにぎり', '"\\', '-0', 'null'),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((lines) =>
    bill(
      ...lines.map(({ amount, delivery, period, minimumAge, text }, index) =>
        line(
          index === 0 ? amount + 1n : amount,
          { delivery, ...(period === null ? {} : cooled(period)) },
          {
            text,
            tax: amount / 11n,
            code: text === '5' ? '5' : null,
            restriction: minimumAge === null ? null : restriction({ minimumAge }),
          },
        ),
      ),
    ),
  )

const asked = fc.subarray([...ASKABLE])
const questions: fc.Arbitrary<Question> = asked.map((attributes) => ({ attributes, reason: 'At the door' }))

export const lives: fc.Arbitrary<Life> = fc.record({
  first: fc.oneof(
    { weight: 8, arbitrary: bills },
    { weight: 2, arbitrary: bills.map((shown) => ({ shown })) },
    { weight: 1, arbitrary: fc.constant(null) },
    questions,
  ),
  steps: fc.array(
    fc.record({
      kind: fc.constantFrom<Step['kind']>(
        'approve',
        'approve',
        'approve',
        'outside',
        'card',
        'card',
        'one-time',
        'attest',
        'attest elsewhere',
        'dollars',
        'dollars',
        'account',
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
        'take-back',
        'take-back',
        'ask',
        'ask',
        'permit',
        'permit',
        'forbid',
        'hand-back',
        'show',
        'prove',
        'prove',
        'prove more',
        'time',
        'due',
        'due',
      ),
      wait: fc.constantFrom(0, 0, 1, 1_000, 30_000, 60_000, 86_400_000),
      portion: fc.integer({ min: 0, max: 4 }),
      share: fc.bigInt({ min: 0n, max: 100n }),
      bill: bills,
      released: asked,
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
  let payment = begun(first)
  let now = NOON
  for (const step of steps) {
    now += step.wait
    if (step.kind === 'due') now = Math.max(now, paymentDueAt(payment) ?? now)
    const command = commandOf(payment, step, now)
    const given = givenFor(payment, step.kind)
    const decided = after(payment, command, now, given)
    tell({ before: payment, command, events: decided.events, payment: decided.payment, now })
    payment = decided.payment
  }
  return payment
}

function begun(first: Life['first']): Payment {
  if (first === null) return joined(null)
  if ('reason' in first) return questioned(first)
  return 'shown' in first ? shownCard(first.shown) : joined(first)
}

function givenFor(payment: Payment, kind: Step['kind']): Loaded {
  if (kind === 'attest') return unlocked()
  if (kind === 'attest elsewhere') return otherPhone()
  if (kind === 'poor') return loaded({ account: account(0n) })
  if (kind === 'ask') return loaded({ rules: { ...rules, restricted: 'ask' }, standing: stranger })
  return loadedFor(payment)
}

function commandOf(payment: Payment, step: Step, now: number): PaymentCommand {
  switch (step.kind) {
    case 'approve':
    case 'ask':
    case 'poor':
      return { kind: 'approve', evidence: evidenceOf(payment, { now }) }
    case 'outside':
      return { kind: 'choose', choice: BANK }
    case 'card':
      return { kind: 'choose', choice: CARD }
    case 'one-time':
      return { kind: 'choose', choice: { ...CARD, oneTime: true } }
    case 'attest':
    case 'attest elsewhere':
      return { kind: 'attest', provedAt: null }
    case 'dollars':
      return { kind: 'choose', choice: { kind: 'exchange', rate: { ...RATE, until: now + 1_000 } } }
    case 'account':
      return { kind: 'choose', choice: { kind: 'account' } }
    case 'hand-back':
      return { kind: 'approve', evidence: evidenceOf(payment, { now, purpose: 'hand-back' }), handedBack: true }
    case 'wrong':
      return { kind: 'respond', evidence: evidenceOf(payment, { now, purpose: 'challenge', proof: 'wrong' }) }
    case 'respond':
      return { kind: 'respond', evidence: evidenceOf(payment, { now, purpose: 'challenge' }) }
    case 'yes':
    case 'no': {
      const reference = payment.means.kind === 'card' && step.kind === 'yes' ? '123456/000000123456' : null
      return { kind: 'answer', number: payment.collect ?? 1, yes: step.kind === 'yes', reason: null, reference }
    }
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
      return { kind: 'refunded', refund: id('pay', step.byte), back: null, ...refundOf(payment, step) }
    case 'take-back':
      return { kind: 'take-back', portion: step.portion }
    case 'permit':
    case 'forbid':
      return { kind: 'permit', allowed: step.kind === 'permit' }
    case 'show':
      return { kind: 'show', shown: shownAs(payment.payer.mayShow) }
    case 'prove':
    case 'prove more': {
      const released = step.released.filter((what) => payment.question?.attributes.includes(what))
      const evidence = evidenceOf(payment, { now, purpose: 'authenticate', released })
      const told = step.kind === 'prove' ? released : step.released
      return { kind: 'prove', evidence, released: told, shown: shownAs(told) }
    }
    case 'time':
    case 'due':
      return { kind: 'time' }
  }
}

const shownAs = (attributes: readonly Askable[]): Shown => shownOf(EVERYTHING, attributes, TODAY)

/** A share of the whole, or of the lines that the portion number and byte happen to name. */
function refundOf(payment: Payment, { portion, share, byte }: Step): { amount: bigint; lines: RefundLine[] } {
  const named = payment.bill?.lines.flatMap((_, index) => (((byte >> index) & 1) === 1 ? [index] : [])) ?? []
  if (portion < 2 || named.length === 0) return { amount: share, lines: [] }
  return { amount: share * BigInt(named.length), lines: named.map((line) => ({ line, amount: share })) }
}
