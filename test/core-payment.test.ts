// THE state machine: every state × every command, the money of every event, and what holds whatever happens.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { systemAccount, type AccountKey } from '#core/accounts.ts'
import type { Device, ProofResult } from '#core/device.ts'
import type { Account, Transfer } from '#core/ledger.ts'
import { MAX_AMOUNT, type Unit } from '#core/money.ts'
import {
  AUTHORISE_WITHIN_MS,
  decide,
  DELIVER_WITHIN_MS,
  evolve,
  isFinal,
  JOINED_LIFE_MS,
  needsOf,
  paidUnit,
  PATIENCE_MS,
  paymentDueAt,
  PERSON_BILL_LIFE_MS,
  refundedAmount,
  settledAmount,
  stateOf,
  transfersOf,
  type Loaded,
  type Payment,
  type PaymentCommand,
} from '#core/payment.ts'
import { NOTHING_SHOWN } from '#core/persona.ts'
import {
  account,
  after,
  approved,
  BANK,
  bill,
  biller,
  byBank,
  byCard,
  byDollars,
  cooled,
  device,
  evidenceOf,
  id,
  joined,
  JPY,
  line,
  loaded,
  loadedFor,
  NONCE,
  NOON,
  otherPhone,
  PAYER_BUCKET,
  PAYMENT,
  payer,
  questioned,
  RATE,
  restriction,
  shownCard,
  stranger,
  TODAY,
  unit,
  unlocked,
  USD,
} from './support/deal.ts'
import { matrixOf } from './support/matrix.ts'
import { live, lives } from './support/walk.ts'

const DAY_MS = 86_400_000
const wine = { restriction: restriction({ minimumAge: 20 }) }
const plain = bill(line(500n))
const later = bill(line(500n, { delivery: true }, wine))
const cooling = bill(line(500n, cooled('P1D'), wine))
const both = bill(line(500n, { delivery: true, ...cooled('P1D') }))
const mixed = bill(line(100n), line(200n, { delivery: true }), line(400n, cooled('P1D')), line(800n))
const adults = bill(line(500n, {}, wine))
const challenged = (payment: Payment): Payment =>
  evolve(payment, { kind: 'challenged', nonce: 'c4'.repeat(16), at: NOON })

// ---- every state × every command

function answerOf({ collect }: Payment, yes: boolean): Extract<PaymentCommand, { kind: 'answer' }> {
  return { kind: 'answer', number: collect ?? 1, yes, reason: yes ? null : 'no-funds', reference: null }
}

function provingOf(payment: Payment, now = NOON, proof: ProofResult = 'right'): PaymentCommand {
  const released = payment.question?.attributes ?? []
  const evidence = evidenceOf(payment, { purpose: 'authenticate', now, released, proof })
  return { kind: 'prove', evidence, released, shown: { ...NOTHING_SHOWN, ageBand: '20-64' } }
}

const states: Record<string, { payment: Payment; at: number }> = {
  'no bill': { payment: joined(null), at: NOON },
  billed: { payment: joined(adults), at: NOON },
  challenge: { payment: challenged(joined(adults)), at: NOON },
  'shop asked': { payment: evolve(joined(adults), { kind: 'asked', lines: [0], at: NOON }), at: NOON },
  permitted: {
    payment: evolve(evolve(joined(adults), { kind: 'asked', lines: [0], at: NOON }), {
      kind: 'permitted',
      allowed: true,
      at: NOON,
    }),
    at: NOON,
  },
  authorising: { payment: approved(byBank(joined(later))), at: NOON },
  'to deliver': { payment: approved(joined(later)), at: NOON },
  'cooling off': { payment: approved(joined(cooling)), at: NOON + DAY_MS - 1 },
  'cooled off': { payment: approved(joined(cooling)), at: NOON + DAY_MS },
  'partly settled': { payment: approved(joined(bill(line(100n), line(200n, { delivery: true })))), at: NOON },
  settled: { payment: approved(joined(plain)), at: NOON },
  ended: { payment: after(joined(plain), { kind: 'cancel', by: 'payer' }).payment, at: NOON },
  question: { payment: questioned(), at: NOON },
  'its challenge': { payment: challenged(questioned()), at: NOON },
  proven: { payment: after(questioned(), provingOf(questioned())).payment, at: NOON },
  unanswered: { payment: after(questioned(), { kind: 'time' }, NOON + JOINED_LIFE_MS).payment, at: NOON },
  'card shown': { payment: shownCard(adults), at: NOON },
  'phone there': {
    payment: after(shownCard(adults), { kind: 'attest', provedAt: null }, NOON, unlocked()).payment,
    at: NOON,
  },
  'by card, held': { payment: answeredYes(approved(byCard(joined(later)))), at: NOON },
}
/** `chosen`: the payment when something was chosen first */
type Make = (payment: Payment, at: number) => { command: PaymentCommand; at?: number; given?: Loaded; chosen?: Payment }
const commands: Record<string, Make> = {
  approve: (payment, now) => ({ command: { kind: 'approve', evidence: evidenceOf(payment, { now }) } }),
  choose: () => ({ command: { kind: 'choose', choice: BANK } }),
  'choose, no rate': () => ({ command: { kind: 'choose', choice: { kind: 'exchange', rate: null } } }),
  'approve, by the bank': (payment, now) => {
    const chosen = byBank(payment, now)
    return { chosen, command: { kind: 'approve', evidence: evidenceOf(chosen, { now }) } }
  },
  'approve, by card': (payment, now) => {
    const chosen = byCard(payment, now)
    return { chosen, command: { kind: 'approve', evidence: evidenceOf(chosen, { now }) } }
  },
  'approve, unlocked': (payment, now) => ({
    command: { kind: 'approve', evidence: evidenceOf(payment, { now, proof: 'none' }) },
    given: unlocked(now),
  }),
  'approve, another phone': (payment, now) => ({
    command: { kind: 'approve', evidence: evidenceOf(payment, { now }) },
    given: otherPhone(now),
  }),
  attest: (_, now) => ({ command: { kind: 'attest', provedAt: null }, given: unlocked(now) }),
  'attest, locked': () => ({ command: { kind: 'attest', provedAt: null } }),
  'attest, another phone': (_, now) => ({ command: { kind: 'attest', provedAt: null }, given: otherPhone(now) }),
  'approve, in another unit': (payment, now) => {
    const chosen = byDollars(payment, now)
    return {
      chosen,
      command: { kind: 'approve', evidence: evidenceOf(chosen, { now }) },
      given: loadedFor(chosen),
    }
  },
  'approve, rate run out': (payment, now) => {
    const chosen = byDollars(payment, now, { ...RATE, until: now + 1 })
    return { chosen, command: { kind: 'approve', evidence: evidenceOf(chosen, { now }) }, at: now + 1 }
  },
  'approve, chosen since': (payment, now) => ({
    chosen: byDollars(payment, now),
    command: { kind: 'approve', evidence: evidenceOf(payment, { now }) },
  }),
  'approve, too poor': (payment, now) => ({
    command: { kind: 'approve', evidence: evidenceOf(payment, { now }) },
    given: loaded({ account: account(0n) }),
  }),
  'approve, too young': (payment, now) => ({
    command: { kind: 'approve', evidence: evidenceOf(payment, { now }) },
    given: loaded({ standing: stranger }),
  }),
  'too young, the shop is asked': (payment, now) => ({
    command: { kind: 'approve', evidence: evidenceOf(payment, { now }) },
    given: loaded({ standing: stranger, rules: { ...loaded().rules, restricted: 'ask' } }),
  }),
  'handed back': (payment, now) => ({
    command: { kind: 'approve', evidence: evidenceOf(payment, { now, purpose: 'hand-back' }), handedBack: true },
  }),
  'handed back, too poor': (payment, now) => ({
    command: { kind: 'approve', evidence: evidenceOf(payment, { now, purpose: 'hand-back' }), handedBack: true },
    given: loaded({ account: account(0n) }),
  }),
  'handed back, too young': (payment, now) => ({
    command: { kind: 'approve', evidence: evidenceOf(payment, { now, purpose: 'hand-back' }), handedBack: true },
    given: loaded({ standing: stranger, rules: { ...loaded().rules, restricted: 'ask' } }),
  }),
  'permit: yes': () => ({ command: { kind: 'permit', allowed: true } }),
  'permit: no': () => ({ command: { kind: 'permit', allowed: false } }),
  'answer: yes': (payment) => ({ command: answerOf(payment, true) }),
  'answer: no': (payment) => ({ command: answerOf(payment, false) }),
  'answer of another': (payment) => ({ command: { ...answerOf(payment, true), number: 77 } }),
  bill: (payment) => ({
    command: { kind: 'bill', billVersion: payment.billVersion, bill: bill(line(700n)), nonce: NONCE },
  }),
  'cancel by payer': () => ({ command: { kind: 'cancel', by: 'payer' } }),
  'cancel by biller': () => ({ command: { kind: 'cancel', by: 'biller' } }),
  'take back a line': (payment) => ({ command: { kind: 'take-back', portion: heldOf(payment) } }),
  release: () => ({ command: { kind: 'release' } }),
  attend: () => ({ command: { kind: 'attend' } }),
  challenge: () => ({ command: { kind: 'challenge', nonce: NONCE } }),
  'respond, right': (payment, now) => ({
    command: { kind: 'respond', evidence: evidenceOf(payment, { purpose: 'challenge', now }) },
  }),
  'respond, wrong': (payment, now) => ({
    command: { kind: 'respond', evidence: evidenceOf(payment, { purpose: 'challenge', now, proof: 'wrong' }) },
  }),
  show: () => ({ command: { kind: 'show', shown: { ...NOTHING_SHOWN, ageBand: '20-64' } } }),
  'prove, right': (payment, now) => ({ command: provingOf(payment, now) }),
  'prove, wrong': (payment, now) => ({ command: provingOf(payment, now, 'wrong') }),
  'deliver all': (payment) => ({
    command: { kind: 'deliver', portion: heldOf(payment), amount: payment.portions[heldOf(payment)]?.amount ?? 0n },
  }),
  refunded: () => ({ command: { kind: 'refunded', refund: id('pay', 0x66), amount: 1n, back: null, lines: [] } }),
  'time, when due': (payment, now) => ({ command: { kind: 'time' }, at: paymentDueAt(payment) ?? now + 100 * DAY_MS }),
}

function answeredYes(payment: Payment): Payment {
  return after(payment, { ...answerOf(payment, true), reference: '123456/000000123456' }).payment
}

const heldOf = ({ portions }: Payment): number =>
  Math.max(
    0,
    portions.findIndex(({ state }) => state.kind === 'held'),
  )

const cell = (name: string, state: string): string => {
  const { payment, at: now } = states[state] ?? assert.fail(state)
  const made = (commands[name] ?? assert.fail(name))(payment, now)
  const { command, at = now, given = loaded(), chosen = payment } = made
  const decision = after(chosen, command, at, given)
  const change = decision.events.length === 0 ? '–' : stateOf(decision.payment)
  if (decision.refusal === null) return change
  const code = decision.refusal.code === 'state-conflict' ? '×' : `(${decision.refusal.code})`
  return decision.events.length === 0 ? code : `${change} ${code}`
}

test('the drawing in core/payment.ts is what the rules decide for every state and command', async () => {
  const source = await readFile(new URL('../core/payment.ts', import.meta.url), 'utf8')
  const names = Object.keys(states)
  for (let from = 0; from < names.length; from += 4) {
    const columns = names.slice(from, from + 4)
    const drawing = matrixOf(Object.keys(commands), columns, cell)
    assert.ok(source.includes(drawing), `core/payment.ts must hold this drawing:\n${drawing}`)
  }
})

// ---- who says no first

/** A poor account that has spent this much today and in the month. */
const spending = (onDay: bigint, inMonth: bigint, balance = 0n): Account =>
  account(balance, { spent: { day: TODAY, onDay, month: 202_701, inMonth } })

test('approve refuses for the first of: state, bill, challenge, shop asked, device, signature, stale, late, proof, restriction, account, unit, limits, funds', () => {
  const asked = challenged(joined(later))
  const stale = evidenceOf(joined(plain), { over: { billVersion: 7 } })
  const dear = joined(bill(line(2_000_000n)))
  const late = evidenceOf(dear, { proof: 'none', over: { expiresAt: NOON } })
  const forged = evidenceOf(dear, { proof: 'none', over: { nonce: new Uint8Array(16), expiresAt: NOON } })
  const locked: Device = { ...device, status: 'revoked', lockedUntil: NOON + 1 }
  const bad = loaded({ device: locked, account: account(0n, { status: 'frozen', unit: unit('EUR') }) })
  const active = loaded({ device: { ...locked, status: 'active' }, account: bad.account })
  const free = loaded({ device, account: bad.account })
  const rows: [string, Payment, Partial<{ evidence: typeof stale; given: Loaded }>, string][] = [
    ['over', after(asked, { kind: 'cancel', by: 'payer' }).payment, { evidence: forged, given: bad }, 'state-conflict'],
    ['no bill, though asked', challenged(joined(null)), { evidence: forged, given: bad }, 'bill-missing'],
    ['asked', asked, { evidence: forged, given: bad }, 'challenge-open'],
    [
      'the shop was',
      evolve(dear, { kind: 'asked', lines: [0], at: NOON }),
      { evidence: forged, given: bad },
      'shop-asked',
    ],
    ['revoked', dear, { evidence: forged, given: bad }, 'device-revoked'],
    ['of an older bill', dear, { evidence: stale, given: active }, 'bill-changed'],
    ['forged', dear, { evidence: forged, given: active }, 'signature-invalid'],
    ['late', dear, { evidence: late, given: active }, 'approval-expired'],
    ['no proof', dear, { evidence: evidenceOf(dear, { proof: 'none' }), given: active }, 'proof-needed'],
    ['locked', dear, { given: active }, 'proof-locked'],
    ['too young', joined(adults), { given: { ...free, standing: stranger } }, 'restricted'],
    ['frozen', dear, { given: free }, 'account-frozen'],
    ['no account in the unit', dear, { given: loaded({ account: null }) }, 'unit-mismatch'],
    ['closed', dear, { given: loaded({ account: account(0n, { status: 'closed' }) }) }, 'account-closed'],
    ['other unit', dear, { given: loaded({ account: account(0n, { unit: unit('EUR') }) }) }, 'unit-mismatch'],
    ['over the limit', dear, { given: loaded({ account: spending(2_000_000n, 9_000_000n) }) }, 'over-limit'],
    ['of the day', joined(plain), { given: loaded({ account: spending(2_999_501n, 9_999_501n) }) }, 'over-day-limit'],
    ['of the month', joined(plain), { given: loaded({ account: spending(0n, 9_999_501n) }) }, 'over-month-limit'],
    ['too poor', joined(plain), { given: loaded({ account: account(499n) }) }, 'insufficient-funds'],
  ]
  for (const [name, payment, { evidence = evidenceOf(payment), given = loaded() }, code] of rows) {
    const decided = decide(payment, given, { kind: 'approve', evidence }, NOON)
    assert.equal(decided.refusal?.code, code, name)
  }
  assert.equal(
    after(
      joined(plain),
      { kind: 'approve', evidence: evidenceOf(joined(plain)) },
      NOON,
      loaded({ account: account(500n) }),
    ).refusal,
    null,
  )
})

test('a shortage tells the payer how much there is, is counted as a decline, and leaves the bill open', () => {
  const poor = loaded({ account: account(499n) })
  const { refusal, payment } = after(
    joined(plain),
    { kind: 'approve', evidence: evidenceOf(joined(plain)) },
    NOON,
    poor,
  )
  assert.deepEqual(refusal, { code: 'insufficient-funds', detail: { available: '499' } })
  assert.deepEqual([payment.declines, stateOf(payment)], [1, 'joined'])
})

test('the limit itself may be paid, one more may not', () => {
  const outcome = (amount: bigint) => {
    const payment = joined(bill(line(amount)))
    const command = { kind: 'approve', evidence: evidenceOf(payment) } as const
    return after(payment, command, NOON, loaded({ account: account(MAX_AMOUNT) })).refusal
  }
  assert.equal(outcome(1_000_000n), null)
  assert.deepEqual(outcome(1_000_001n), { code: 'over-limit', detail: { limit: '1000000' } })
})

test('what was spent yesterday leaves the whole day, what was spent last month the whole month', () => {
  const outcome = (spent: Account['spent'], over: Partial<Account> = {}, amount = 500n) => {
    const payment = joined(bill(line(amount)))
    const given = loaded({ account: account(MAX_AMOUNT, { spent, ...over }) })
    const { refusal } = after(payment, { kind: 'approve', evidence: evidenceOf(payment) }, NOON, given)
    return refusal === null ? 'paid' : `${refusal.code} ${refusal.detail?.left}`
  }
  const own = { limits: { perPayment: 900n, perDay: 1_000n, perMonth: 5_000n } }
  const rows: [string, string][] = [
    [outcome({ day: TODAY, onDay: 2_999_500n, month: 202_701, inMonth: 2_999_500n }), 'paid'],
    [outcome({ day: TODAY, onDay: 2_999_501n, month: 202_701, inMonth: 2_999_501n }), 'over-day-limit 499'],
    [outcome({ day: TODAY - 1, onDay: 3_000_000n, month: 202_701, inMonth: 3_000_000n }), 'paid'],
    [outcome({ day: TODAY - 1, onDay: 3_000_000n, month: 202_701, inMonth: 9_999_501n }), 'over-month-limit 499'],
    [outcome({ day: 20_261_231, onDay: 3_000_000n, month: 202_612, inMonth: 10_000_000n }), 'paid'],
    [outcome({ day: 20_260_115, onDay: 3_000_000n, month: 202_601, inMonth: 10_000_000n }), 'paid'],
    [outcome({ day: TODAY, onDay: 500n, month: 202_701, inMonth: 500n }, own), 'paid'],
    [outcome({ day: TODAY, onDay: 501n, month: 202_701, inMonth: 501n }, own), 'over-day-limit 499'],
    [outcome({ day: TODAY, onDay: 9_999n, month: 202_701, inMonth: 9_999n }, own), 'over-day-limit 0'],
    [outcome({ day: TODAY - 1, onDay: 0n, month: 202_701, inMonth: 4_501n }, own), 'over-month-limit 499'],
  ]
  rows.forEach(([seen, expected], index) => assert.equal(seen, expected, `row ${index}`))
})

test('a purchase handed back settles or ends for good, and its end says why without the figures', () => {
  const handBack = (payment: Payment, given = loaded()) => {
    const evidence = evidenceOf(payment, { purpose: 'hand-back' })
    return after(payment, { kind: 'approve', evidence, handedBack: true }, NOON, given)
  }
  assert.equal(stateOf(handBack(joined(plain, 'person')).payment), 'settled')
  const poor = handBack(joined(plain, 'person'), loaded({ account: account(1n) }))
  assert.deepEqual(poor.payment.ended, { reason: 'refused', refusal: 'insufficient-funds', at: NOON })
  assert.deepEqual([poor.payment.declines, poor.events.length], [0, 1])
  const ordinary = evidenceOf(joined(plain))
  const swapped = after(joined(plain), { kind: 'approve', evidence: ordinary, handedBack: true })
  assert.equal(swapped.refusal?.code, 'signature-invalid', 'an ordinary approval is no hand-back')
  const back = evidenceOf(joined(plain), { purpose: 'hand-back' })
  assert.equal(after(joined(plain), { kind: 'approve', evidence: back }).refusal?.code, 'signature-invalid')
})

test('between people nobody is hurried: silence ends nothing for three days', () => {
  const waiting = joined(plain, 'person')
  assert.deepEqual([waiting.patient, waiting.turn, paymentDueAt(waiting)], [true, null, NOON + PERSON_BILL_LIFE_MS])
  const rebilled = after(waiting, { kind: 'bill', billVersion: 1, bill: later, nonce: NONCE }).payment
  assert.equal(rebilled.turn, null)
  const poor = loaded({ account: account(0n) })
  const tried = after(waiting, { kind: 'approve', evidence: evidenceOf(waiting) }, NOON, poor).payment
  assert.equal(tried.turn, null)
  assert.deepEqual(after(waiting, { kind: 'time' }, NOON + PERSON_BILL_LIFE_MS - 1).events, [])
  assert.equal(after(waiting, { kind: 'time' }, NOON + PERSON_BILL_LIFE_MS).payment.ended?.reason, 'expired')
})

test('the third wrong answer to a challenge ends the deal as unproven', () => {
  let payment = challenged(joined(plain))
  let phone: Device = device
  for (let guess = 1; guess <= 3; guess++) {
    const evidence = evidenceOf(payment, { purpose: 'challenge', proof: 'wrong' })
    const decided = after(payment, { kind: 'respond', evidence }, NOON, loaded({ device: phone }))
    assert.equal(decided.refusal?.code, 'proof-wrong')
    phone = decided.device ?? phone
    payment = decided.payment
  }
  assert.deepEqual([stateOf(payment), payment.ended?.reason, payment.proven], ['ended', 'unproven', 'failed'])
  assert.equal(phone.wrongProofs, 3)
})

// ---- money

const NAMES: Record<string, string> = {
  [payer.account]: 'payer',
  [biller.account]: 'biller',
  [systemAccount('escrow', PAYER_BUCKET)]: 'escrow',
  [systemAccount('clearing', PAYER_BUCKET)]: 'clearing',
  [systemAccount('exchange', PAYER_BUCKET)]: 'exchange',
  [systemAccount('card', PAYER_BUCKET)]: 'card',
}
const written = ({ kind, debit, credit, unit, amount }: Transfer): string =>
  `${kind} ${NAMES[debit] ?? debit} → ${NAMES[credit] ?? credit} ${amount}${unit === JPY ? '' : ` ${unit}`}`
const moves = (payment: Payment, command: PaymentCommand, now = NOON): string[] => {
  const { events } = after(payment, command, now, loadedFor(payment))
  let current = payment
  return events.flatMap((event) => {
    const transfers = transfersOf(current, event)
    current = evolve(current, event)
    return transfers.map(written)
  })
}
const approve = (payment: Payment): PaymentCommand => ({ kind: 'approve', evidence: evidenceOf(payment) })

test('every event moves exactly this money', () => {
  const heldMixed = approved(joined(mixed))
  const outside = approved(byBank(joined(mixed)))
  const twoCooling = approved(joined(bill(line(100n), line(200n, cooled('P1D')), line(300n, cooled('P1D')))))
  const rows: [string, string[], string[]][] = [
    ['settled at once', moves(joined(plain), approve(joined(plain))), ['settle payer → biller 500']],
    ['held', moves(joined(later), approve(joined(later))), ['hold payer → escrow 500']],
    ['mixed', moves(joined(mixed), approve(joined(mixed))), ['settle payer → biller 900', 'hold payer → escrow 600']],
    ['outside, asked', moves(byBank(joined(mixed)), approve(byBank(joined(mixed)))), []],
    [
      'outside, yes',
      moves(outside, answerOf(outside, true)),
      ['settle clearing → biller 900', 'hold clearing → escrow 600'],
    ],
    ['outside, no', moves(outside, answerOf(outside, false)), []],
    ['outside, out of time', moves(outside, { kind: 'time' }, NOON + AUTHORISE_WITHIN_MS), []],
    ['outside, cancelled', moves(outside, { kind: 'cancel', by: 'payer' }), []],
    [
      'outside, a late yes',
      moves(after(outside, { kind: 'cancel', by: 'payer' }).payment, answerOf(outside, true)),
      [],
    ],
    [
      'delivered in full',
      moves(heldMixed, { kind: 'deliver', portion: 1, amount: 200n }),
      ['release escrow → biller 200'],
    ],
    [
      'delivered in part',
      moves(heldMixed, { kind: 'deliver', portion: 1, amount: 50n }),
      ['release escrow → biller 50', 'return escrow → payer 150'],
    ],
    ['nothing delivered', moves(heldMixed, { kind: 'deliver', portion: 1, amount: 0n }), ['return escrow → payer 200']],
    ['more than all', moves(heldMixed, { kind: 'deliver', portion: 1, amount: 201n }), []],
    ['less than nothing', moves(heldMixed, { kind: 'deliver', portion: 1, amount: -1n }), []],
    ['a portion at once', moves(heldMixed, { kind: 'deliver', portion: 0, amount: 1n }), []],
    ['cooled off', moves(heldMixed, { kind: 'time' }, NOON + DAY_MS), ['release escrow → biller 400']],
    [
      'all that time can do',
      moves(heldMixed, { kind: 'time' }, NOON + DELIVER_WITHIN_MS),
      ['release escrow → biller 400', 'return escrow → payer 200'],
    ],
    ['a line taken back', moves(twoCooling, { kind: 'take-back', portion: 2 }), ['return escrow → payer 300']],
    [
      'and the other goes on',
      moves(after(twoCooling, { kind: 'take-back', portion: 2 }).payment, { kind: 'time' }, NOON + DAY_MS),
      ['release escrow → biller 200'],
    ],
    ['taken back too late', moves(twoCooling, { kind: 'take-back', portion: 1 }, NOON + DAY_MS), []],
    ['not one that settled', moves(heldMixed, { kind: 'take-back', portion: 0 }), []],
    ['nor one that waits for delivery alone', moves(heldMixed, { kind: 'take-back', portion: 1 }), []],
    ['the payer changes the mind', moves(heldMixed, { kind: 'cancel', by: 'payer' }), ['return escrow → payer 400']],
    ['the biller gives back', moves(heldMixed, { kind: 'cancel', by: 'biller' }), ['return escrow → payer 600']],
    [
      'refunded',
      moves(approved(joined(plain)), { kind: 'refunded', refund: id('pay', 1), amount: 500n, back: null, lines: [] }),
      [],
    ],
    ['cancelled before', moves(joined(plain), { kind: 'cancel', by: 'payer' }), []],
  ]
  for (const [name, seen, expected] of rows) assert.deepEqual(seen, expected, name)
})

test('each side reads the name of the other in its history', () => {
  const names = (payment: Payment, command: PaymentCommand): string[] => {
    const [event] = after(payment, command).events
    assert.ok(event)
    return transfersOf(payment, event).map(({ kind, debitName, creditName }) => `${kind} ${debitName}/${creditName}`)
  }
  assert.deepEqual(names(joined(mixed), approve(joined(mixed))), [
    'settle Marubeni Bakery/Hanako',
    'hold Marubeni Bakery/Hanako',
  ])
  assert.deepEqual(names(approved(joined(mixed)), { kind: 'deliver', portion: 1, amount: 50n }), [
    'release Marubeni Bakery/Hanako',
    'return Marubeni Bakery/Marubeni Bakery',
  ])
})

test('the largest amount goes through whole', () => {
  const big = bill(line(MAX_AMOUNT - 1n), line(1n))
  const decided = decide(
    joined(big),
    {
      ...loaded({ account: account(MAX_AMOUNT) }),
      rules: { ...loaded().rules, limits: { perPayment: MAX_AMOUNT, perDay: MAX_AMOUNT, perMonth: MAX_AMOUNT } },
    },
    approve(joined(big)),
    NOON,
  )
  assert.equal(decided.refusal, null)
  const [event] = decided.events
  assert.ok(event)
  assert.deepEqual(transfersOf(joined(big), event).map(written), [`settle payer → biller ${MAX_AMOUNT}`])
})

test('an answer is taken once: what it said stays said, and a yes that nobody waits for is too late', () => {
  const outside = approved(byBank(joined(plain)))
  const outOfTime = after(outside, { kind: 'time' }, NOON + AUTHORISE_WITHIN_MS).payment
  const cancelled = after(outside, { kind: 'cancel', by: 'biller' }).payment
  const answered = after(outside, answerOf(outside, true)).payment
  const refusedOnce = after(outside, answerOf(outside, false)).payment
  const rows: [string, Payment, boolean, string | null][] = [
    ['yes, out of time', outOfTime, true, 'too-late'],
    ['yes, cancelled', cancelled, true, 'too-late'],
    ['yes after a no', refusedOnce, true, 'too-late'],
    ['yes again', answered, true, null],
    ['no, out of time', outOfTime, false, null],
    ['no, cancelled', cancelled, false, null],
    ['no again', refusedOnce, false, null],
    ['no after a yes', answered, false, 'too-late'],
  ]
  for (const [name, payment, said, code] of rows) {
    const { refusal, events } = after(payment, answerOf(outside, said))
    assert.deepEqual([refusal?.code ?? null, events], [code, []], name)
  }
  assert.deepEqual([stateOf(refusedOnce), refusedOnce.declines, refusedOnce.approvedAt], ['joined', 1, null])
  assert.deepEqual(refusedOnce.bankRefused, { number: 1, reason: 'no-funds' })
  assert.deepEqual(outOfTime.bankRefused, { number: 1, reason: 'no-answer' })
  assert.deepEqual([stateOf(outOfTime), stateOf(cancelled), stateOf(answered)], ['joined', 'ended', 'settled'])
  const other = after(outOfTime, { kind: 'choose', choice: { kind: 'account' } }).payment
  assert.deepEqual([stateOf(approved(other)), other.bankRefused], ['settled', null], 'after a no another means may pay')
  const again = approved(outOfTime)
  assert.deepEqual(
    [again.collect, again.orders, stateOf(again)],
    [3, 3, 'authorising'],
    'a collect and its reverse before it',
  )
  assert.equal(
    after(again, { ...answerOf(outside, true) }).refusal?.code,
    'too-late',
    'the answer to the first collect',
  )
  assert.equal(stateOf(after(again, answerOf(again, true)).payment), 'settled')
})

test('a refund is shown once however often it is told, and never more than was settled', () => {
  const paid = approved(joined(plain))
  const refunded = { kind: 'refunded', refund: id('pay', 1), amount: 300n, back: null, lines: [] } as const
  const once = after(paid, refunded).payment
  assert.deepEqual(after(once, refunded), { events: [], refusal: null, device: null, payment: once })
  const more = { kind: 'refunded', refund: id('pay', 2), amount: 201n, back: null, lines: [] } as const
  assert.equal(after(once, more).refusal?.code, 'already-refunded')
  const whole = after(once, { ...more, amount: 200n }).payment
  assert.deepEqual([refundedAmount(whole), settledAmount(whole), stateOf(whole)], [500n, 500n, 'settled'])
})

// ---- time, to the millisecond

test('time acts at its millisecond and not one before', () => {
  const first = joined(plain)
  const patient = Array.from({ length: 9 }, (_, index) => NOON + (index + 1) * 40_000).reduce(
    (payment, now) => after(payment, { kind: 'attend' }, now).payment,
    first,
  )
  const billed = after(
    joined(null),
    { kind: 'bill', billVersion: 0, bill: plain, nonce: NONCE },
    NOON + 100_000,
  ).payment
  const slow = bill(line(500n, { delivery: true, ...cooled('P40D') }))
  const deliveredEarly = after(approved(joined(both)), { kind: 'deliver', portion: 0, amount: 300n }, NOON + 5).payment
  const rows: [string, Payment, number, string][] = [
    ['the silent phone is let go', first, NOON + 45_000, 'ended'],
    ['attending gives 45 s from then', after(first, { kind: 'attend' }, NOON + 10).payment, NOON + 45_010, 'ended'],
    ['but five minutes in all', patient, NOON + PATIENCE_MS, 'ended'],
    ['while the biller owes the bill the phone may be silent', joined(null), NOON + JOINED_LIFE_MS, 'ended'],
    ['with the bill the turn begins', billed, NOON + 145_000, 'ended'],
    ['the issuer is out of time', approved(byBank(first)), NOON + AUTHORISE_WITHIN_MS, 'joined'],
    ['cooling-off ends', approved(joined(cooling)), NOON + DAY_MS, 'settled'],
    ['what was never delivered goes back', approved(joined(later)), NOON + DELIVER_WITHIN_MS, 'ended'],
    ['but not before a cooling-off that is longer', approved(joined(slow)), NOON + 40 * DAY_MS, 'ended'],
    ['what was delivered waits for the cooling-off', deliveredEarly, NOON + DAY_MS, 'settled'],
  ]
  for (const [name, payment, due, then] of rows) {
    assert.equal(paymentDueAt(payment), due, name)
    assert.deepEqual(after(payment, { kind: 'time' }, due - 1).events, [], name)
    assert.equal(stateOf(after(payment, { kind: 'time' }, due).payment), then, name)
  }
  assert.equal(after(first, { kind: 'time' }, NOON + 45_000).payment.ended?.reason, 'idle')
  assert.equal(after(joined(null), { kind: 'time' }, NOON + JOINED_LIFE_MS).payment.ended?.reason, 'expired')
  assert.equal(settledAmount(after(deliveredEarly, { kind: 'time' }, NOON + DAY_MS).payment), 300n)
})

test('the payer takes back until the last millisecond of the cooling-off, the biller always', () => {
  const held = approved(joined(cooling))
  const outcome = (by: 'payer' | 'biller', now: number) => {
    const { refusal, payment } = after(held, { kind: 'cancel', by }, now)
    return refusal?.code ?? stateOf(payment)
  }
  assert.equal(outcome('payer', NOON + DAY_MS - 1), 'ended')
  assert.equal(outcome('payer', NOON + DAY_MS), 'state-conflict')
  assert.equal(outcome('biller', NOON + DAY_MS), 'ended')
})

test('a line that went back keeps its moment when the last one ends the payment', () => {
  const held = approved(joined(bill(line(100n, cooled('P1D')), line(200n, cooled('P2D')))))
  const first = after(held, { kind: 'take-back', portion: 0 }, NOON + 1_000).payment
  const last = after(first, { kind: 'take-back', portion: 1 }, NOON + 2_000).payment
  assert.equal(stateOf(last), 'ended')
  assert.deepEqual(
    last.portions.map(({ state }) => state),
    [
      { kind: 'ended', at: NOON + 1_000 },
      { kind: 'ended', at: NOON + 2_000 },
    ],
  )
})

// ---- whatever happens

/** What the portions say has been moved, and what the transfers say. */
const exchange = systemAccount('exchange', PAYER_BUCKET)
const balancesOf = (transfers: readonly Transfer[]): ((key: AccountKey, of?: Unit) => bigint) => {
  const sums = new Map<string, bigint>()
  const add = (key: AccountKey, of: Unit, amount: bigint): void =>
    void sums.set(`${key} ${of}`, (sums.get(`${key} ${of}`) ?? 0n) + amount)
  for (const { debit, credit, unit, amount } of transfers) {
    add(debit, unit, -amount)
    add(credit, unit, amount)
  }
  return (key, of = JPY) => sums.get(`${key} ${of}`) ?? 0n
}

test('whatever is commanded: finals stay, versions rise by one, and money moved is what the portions say', () => {
  fc.assert(
    fc.property(lives, (life) => {
      const transfers: Transfer[] = []
      live(life, ({ before, command, events, payment, now }) => {
        const reference = command.kind === 'answer' ? command.reference : null
        const accounts = new Set([...needsOf(before.id, command.kind, payer.account, reference), exchange])
        let current = before
        for (const event of events) {
          const moved = transfersOf(current, event)
          for (const transfer of moved) {
            assert.ok(accounts.has(transfer.debit), `${command.kind} locks ${transfer.debit}`)
            assert.ok(transfer.amount > 0n)
            const isPayers = transfer.debit === payer.account || transfer.credit === payer.account
            assert.equal(transfer.unit, isPayers ? paidUnit(current) : current.bill?.unit)
            assert.equal(transfer.payment, PAYMENT)
          }
          transfers.push(...moved)
          const next = evolve(current, event)
          assert.equal(next.version, current.version + 1)
          assert.equal(next.billVersion, current.billVersion + (event.kind === 'billed' ? 1 : 0))
          if (event.kind !== 'billed') {
            current.portions.forEach(({ state }, index) => {
              if (state.kind === 'settled' || state.kind === 'ended') assert.equal(next.portions[index]?.state, state)
            })
          }
          if (isFinal(current)) assert.equal(event.kind, 'refunded')
          current = next
        }
        assert.deepEqual(current, payment)
        if (isFinal(before)) assert.equal(stateOf(payment), stateOf(before))
        assert.equal(paymentDueAt(payment) === null, isFinal(payment), 'only what is final is never looked at again')
        if (command.kind === 'time') {
          const due = (paymentDueAt(before) ?? Infinity) <= now
          assert.equal(events.length > 0, due, 'time acts when something is due, and only then')
        }

        const sum = balancesOf(transfers)
        const held = payment.portions.reduce(
          (total, { state, amount }) => total + (state.kind === 'held' ? amount : 0n),
          0n,
        )
        const total = payment.portions.reduce((all, { amount }) => all + amount, 0n)
        assert.equal(sum(systemAccount('escrow', PAYER_BUCKET)), held)
        assert.equal(sum(biller.account), settledAmount(payment))
        const [clearing, cards] = [systemAccount('clearing', PAYER_BUCKET), systemAccount('card', PAYER_BUCKET)]
        const outside = sum(clearing) + sum(cards) + sum(exchange)
        assert.equal(-sum(payer.account) - outside, held + settledAmount(payment))
        const { means, approvedAt } = payment
        const paid = means.kind === 'exchange' && approvedAt !== null ? means.amount : 0n
        const stays = paid === 0n ? 0n : (paid * (held + settledAmount(payment)) + total - 1n) / total
        assert.equal(-sum(payer.account, USD), stays, 'in their own unit the payer gets back the share, rounded down')
        assert.equal(sum(exchange, USD), stays)
        assert.equal(total, payment.bill?.total ?? 0n)
        assert.ok(settledAmount(payment) + held <= total)
        assert.ok(refundedAmount(payment) <= settledAmount(payment))
        for (const { lines, state } of payment.portions) {
          const back = payment.refunds
            .flatMap((refund) => refund.lines)
            .reduce((sum, each) => sum + (lines.includes(each.line) ? each.amount : 0n), 0n)
          assert.ok(back <= (state.kind === 'settled' ? state.settled : 0n), 'no more than was settled of a portion')
        }
      })
    }),
    { numRuns: 1_000 },
  )
})

test('a decision is made of its arguments alone', () => {
  fc.assert(
    fc.property(lives, (life) => {
      live(life, ({ before, command, now }) => {
        const given = loaded()
        assert.deepEqual(decide(before, given, command, now), decide(before, given, command, now))
      })
    }),
    { numRuns: 50 },
  )
})
