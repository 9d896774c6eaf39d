// A question instead of a bill: what is signed, who says no first, and that nothing of it is money.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { toHex } from '#core/bytes.ts'
import type { Device } from '#core/device.ts'
import { faultsOf } from '#core/invariants.ts'
import { evolveOffer } from '#core/offer.ts'
import {
  isFinal,
  joinedPayment,
  paymentDueAt,
  QUESTION_LIFE_MS,
  stateOf,
  transfersOf,
  type Evidence,
  type Loaded,
  type Payment,
  type PaymentCommand,
} from '#core/payment.ts'
import { ASKABLE, NOTHING_SHOWN, shownOf, type Askable } from '#core/persona.ts'
import { isQuestion, questionHash, REASON_LENGTH, type Question } from '#core/question.ts'
import {
  after,
  asking,
  bill,
  biller,
  device,
  EVERYTHING,
  evidenceOf,
  id,
  joined,
  line,
  loaded,
  NOON,
  payer,
  PAYMENT,
  QUESTION,
  questioned,
  taken,
  TODAY,
} from './support/deal.ts'
import { transfer } from './support/ledger.ts'

const proving = (
  payment: Payment,
  released: readonly Askable[],
  evidence: Evidence = evidenceOf(payment, { purpose: 'authenticate', released }),
): Extract<PaymentCommand, { kind: 'prove' }> => ({
  kind: 'prove',
  evidence,
  released,
  shown: shownOf(EVERYTHING, released, TODAY),
})

test('the hash is of who asks, why, what was asked and what is released, in one order', () => {
  const hash = (over: Partial<Question> = {}, released: readonly Askable[] = ['email'], by = biller): string =>
    toHex(questionHash(by, { ...QUESTION, ...over }, released))
  // As Python's json and hashlib make it of ["WQ1", terminal, party, …].
  const own = hash()
  assert.equal(own, '32220cc6b39dd8ed95f25e1ea24d44c810a61735bf415b2987260fd4b4d2b720')
  const same: [string, string][] = [
    ['asked in another order', hash({ attributes: ['email', 'age-band'] })],
    [
      'a name that is shown beside the legal one',
      hash({}, ['email'], { ...biller, name: 'Another', terminalLabel: '2' }),
    ],
    ['é written as one or two characters', hash({ reason: 'e\u0301' }) === hash({ reason: '\u00e9' }) ? own : ''],
    ['released in another order', hash({}, ['email', 'age-band']) === hash({}, ['age-band', 'email']) ? own : ''],
  ]
  for (const [name, other] of same) assert.equal(other, own, name)
  const others: [string, string][] = [
    ['another reason', hash({ reason: 'To collect a parcel.' })],
    ['more was asked', hash({ attributes: ['age-band', 'email', 'portrait'] })],
    ['less was asked', hash({ attributes: ['email'] })],
    ['more is released', hash({}, ['age-band', 'email'])],
    ['another is released', hash({}, ['age-band'])],
    ['nothing is released', hash({}, [])],
    ['at another terminal', hash({}, ['email'], { ...biller, terminal: id('trm', 0x99) })],
    ['for another party', hash({}, ['email'], { ...biller, party: id('pty', 0x99) })],
    ['for another legal name', hash({}, ['email'], { ...biller, legalName: 'Nobody Ltd.' })],
  ]
  for (const [name, other] of others) assert.notEqual(other, own, name)
  assert.equal(new Set(others.map(([, other]) => other)).size, others.length)
})

test('a question names each attribute once and says why', () => {
  const rows: [Question, boolean][] = [
    [QUESTION, true],
    [{ attributes: [], reason: 'At the door' }, true],
    [{ attributes: [...ASKABLE], reason: 'x'.repeat(REASON_LENGTH) }, true],
    [{ ...QUESTION, reason: '' }, false],
    [{ ...QUESTION, reason: 'x'.repeat(REASON_LENGTH + 1) }, false],
    [{ ...QUESTION, attributes: ['email', 'email'] }, false],
  ]
  for (const [question, isOne] of rows) assert.equal(isQuestion(question), isOne, JSON.stringify(question))
})

test('prove refuses for the first of: state, challenge, what was not asked, device, signature, version, late, proof', () => {
  const asked = questioned()
  const challenged = after(asked, { kind: 'challenge', nonce: 'c4'.repeat(16) }).payment
  const signed = (over: Parameters<typeof evidenceOf>[1]): Evidence =>
    evidenceOf(asked, { purpose: 'authenticate', released: ['email'], ...over })
  const forged = signed({ proof: 'none', over: { nonce: new Uint8Array(16), expiresAt: NOON } })
  const revoked: Device = { ...device, status: 'revoked', lockedUntil: NOON + 1 }
  const bad = loaded({ device: revoked })
  const locked = loaded({ device: { ...revoked, status: 'active' } })
  const keyed = loaded({ device: { ...device, approvesWith: 'security-key' } })
  const unlocked = loaded({ device: { ...device, provedAt: NOON - 1 } })
  const email: Askable[] = ['email']
  const rows: [string, Payment, readonly Askable[], Evidence, Loaded, string][] = [
    ['over', after(asked, { kind: 'cancel', by: 'payer' }).payment, ['region'], forged, bad, 'state-conflict'],
    ['a bill', joined(bill(line(1n))), ['region'], forged, bad, 'state-conflict'],
    ['challenged', challenged, ['region'], forged, bad, 'challenge-open'],
    ['not asked', asked, ['region'], forged, bad, 'state-conflict'],
    ['revoked', asked, email, forged, bad, 'device-revoked'],
    ['another key', asked, email, { ...forged, key: id('key', 0x99) }, loaded(), 'device-revoked'],
    ['of an older bill', asked, email, signed({ over: { billVersion: 7 } }), locked, 'bill-changed'],
    ['forged', asked, email, forged, locked, 'signature-invalid'],
    ['less was signed', asked, [...email, 'age-band'], signed({}), locked, 'signature-invalid'],
    ['more was signed', asked, [], signed({}), locked, 'signature-invalid'],
    ['an approval', asked, email, signed({ purpose: 'approve' }), locked, 'signature-invalid'],
    ['a challenge answered', asked, email, signed({ purpose: 'challenge' }), locked, 'signature-invalid'],
    ['another deal', asked, email, signed({ over: { deal: id('deal', 9) } }), locked, 'signature-invalid'],
    ['another payment', asked, email, signed({ over: { payment: id('pay', 9) } }), locked, 'signature-invalid'],
    ['late', asked, email, signed({ proof: 'none', over: { expiresAt: NOON } }), locked, 'approval-expired'],
    ['locked', asked, email, signed({}), locked, 'proof-locked'],
    ['unlocked is not enough', asked, email, signed({ proof: 'none' }), unlocked, 'proof-needed'],
    ['without the key', asked, email, signed({}), keyed, 'security-key-needed'],
    ['wrong', asked, email, signed({ proof: 'wrong' }), loaded(), 'proof-wrong'],
  ]
  for (const [name, payment, released, evidence, given, code] of rows) {
    const decided = after(payment, proving(payment, released, evidence), NOON, given)
    assert.equal(decided.refusal?.code, code, name)
    assert.deepEqual(decided.events, [], name)
  }
})

test('the answer says what was released, how it was proved and when, and is final', () => {
  const asked = questioned()
  const evidence = evidenceOf(asked, { purpose: 'authenticate', released: ['email'], strength: 'bound-passkey' })
  const { payment, refusal, device: phone } = after(asked, proving(asked, ['email'], evidence), NOON + 5)
  assert.equal(refusal, null)
  assert.deepEqual(payment.answered, { released: ['email'], strength: 'bound-passkey', at: NOON + 5 })
  assert.deepEqual(payment.payer, {
    ...payer,
    shown: { ...NOTHING_SHOWN, email: EVERYTHING.email },
    mayShow: [],
  })
  assert.deepEqual([stateOf(payment), isFinal(payment), paymentDueAt(payment)], ['proven', true, null])
  assert.deepEqual([phone?.provedAt, phone?.provedWith], [NOON + 5, 'bound-passkey'])
  const again = after(payment, proving(payment, []), NOON + 6)
  assert.deepEqual([again.refusal?.code, again.events], ['state-conflict', []])
})

test('released twice or in another order is released once, in one order', () => {
  const asked = questioned()
  const released: Askable[] = ['email', 'age-band', 'email']
  const { payment } = after(asked, proving(asked, released))
  assert.deepEqual(payment.answered?.released, ['age-band', 'email'])
})

test('a question that was sent waits five minutes for an answer and bears any silence; one at a counter is let go in silence', () => {
  const offer = asking()
  const sent = joinedPayment(
    evolveOffer(offer, {
      kind: 'taken',
      payment: PAYMENT,
      payer: { ...payer, device: null },
      nonce: '5a'.repeat(16),
      signed: null,
      at: NOON,
      way: 'scan',
      preset: null,
    }),
  )
  assert.deepEqual([sent.turn, paymentDueAt(sent)], [null, NOON + QUESTION_LIFE_MS])
  assert.equal(after(sent, { kind: 'time' }, NOON + QUESTION_LIFE_MS).payment.ended?.reason, 'expired')
  const atDoor = joinedPayment(taken(offer))
  assert.equal(paymentDueAt(atDoor), NOON + 45_000)
  assert.equal(after(atDoor, { kind: 'time' }, NOON + 45_000).payment.ended?.reason, 'idle')
})

test('a payer shows more once, while the deal is under way, and the silence begins anew', () => {
  const payment = joined(bill(line(500n)))
  const show = { kind: 'show', shown: { ...NOTHING_SHOWN, ageBand: '20-64' } } as const
  const shown = after(payment, show, NOON + 40_000).payment
  assert.deepEqual([shown.payer.shown.ageBand, shown.payer.mayShow], ['20-64', []])
  assert.equal(paymentDueAt(shown), NOON + 85_000)
  assert.deepEqual(after(shown, show, NOON + 40_001).events, [], 'there is nothing left to decide about')
  const over = after(payment, { kind: 'cancel', by: 'biller' }).payment
  assert.equal(after(over, show).refusal?.code, 'state-conflict')
  assert.equal(after(questioned(), show).refusal?.code, 'state-conflict', 'a question shows what its answer releases')
})

test('whatever happens to a question, no money moves', () => {
  const commands: PaymentCommand[] = [
    { kind: 'bill', billVersion: 0, bill: bill(line(1n)), nonce: '7e'.repeat(16) },
    { kind: 'approve', evidence: evidenceOf(questioned()) },
    { kind: 'approve', evidence: evidenceOf(questioned()) },
    { kind: 'choose', choice: { kind: 'account' } },
    { kind: 'answer', number: 1, yes: true, reason: null, reference: null },
    { kind: 'deliver', portion: 0, amount: 0n },
    { kind: 'refunded', refund: id('pay', 1), amount: 1n, back: null, lines: [] },
    { kind: 'cancel', by: 'payer' },
    { kind: 'time' },
    proving(questioned(), ['email']),
  ]
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...commands)), (sent) => {
      let payment = questioned()
      for (const command of sent) {
        const decided = after(payment, command)
        assert.deepEqual(
          decided.events.flatMap((event) => transfersOf(payment, event)),
          [],
        )
        payment = decided.payment
        assert.deepEqual([payment.bill, payment.portions], [null, []])
      }
    }),
  )
})

test('the checker of the books finds a question with money in it, and one that shows more than it released', () => {
  const answered = after(questioned(), proving(questioned(), ['email'])).payment
  const nothing = {
    buckets: 16,
    heads: new Map(),
    accounts: [],
    transfers: [],
    entries: [],
    marks: new Map(),
    offers: [],
    refunds: [],
    actions: [],
    orders: [],
  }
  const faults = (...payments: Payment[]): string[] => faultsOf({ ...nothing, payments })
  assert.deepEqual(faults(questioned(), { ...answered, deal: id('deal', 2) }), [])
  const rows: [Payment, RegExp][] = [
    [{ ...joined(bill(line(1n))), answered: answered.answered }, /was answered, and nothing was asked/],
    [{ ...questioned(), bill: bill(line(1n)) }, /is a question and has a bill/],
    [{ ...questioned(), approvedAt: NOON }, /is a question and has a bill/],
    [{ ...answered, ended: { reason: 'idle', refusal: null, at: NOON } }, /was answered and has ended/],
    [
      { ...answered, answered: { released: ['region'], strength: 'password', at: NOON } },
      /released what was not asked/,
    ],
    [
      { ...answered, payer: { ...answered.payer, shown: shownOf(EVERYTHING, ['email', 'region'], TODAY) } },
      /shows what was not released/,
    ],
    [
      { ...questioned(), payer: { ...payer, shown: shownOf(EVERYTHING, ['email'], TODAY) } },
      /shows what was not released/,
    ],
  ]
  for (const [payment, fault] of rows)
    assert.ok(
      faults(payment).some((each) => fault.test(each)),
      String(fault),
    )
  const moved = { ...transfer(payer.account, biller.account, 1n), payment: PAYMENT }
  const posted = { ...moved, bucket: 3, sequence: 1n, creditBucket: 7, at: NOON, hash: new Uint8Array(32) }
  const found = faultsOf({ ...nothing, payments: [questioned()], transfers: [posted] })
  assert.ok(found.includes(`${PAYMENT} is a question and moved money`))
})
