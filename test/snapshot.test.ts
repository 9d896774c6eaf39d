// Offers and payments as JSON rows: what comes back is what went in, at every moment of any life.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { faultOf } from '#core/bill.ts'
import { coolingOffEnds } from '#core/calendar.ts'
import { MAX_AMOUNT } from '#core/money.ts'
import { evolveOffer, type Offer } from '#core/offer.ts'
import { stateOf } from '#core/payment.ts'
import { NOTHING_SHOWN } from '#core/persona.ts'
import {
  answerFromJson,
  offerEventFromJson,
  offerFromJson,
  paymentEventFromJson,
  paymentFromJson,
  toJson,
} from '#switch/snapshot.ts'
import {
  after,
  approved,
  asking,
  bill,
  byBank,
  byDollars,
  cooled,
  evidenceOf,
  id,
  joined,
  line,
  NOON,
  offered,
  otherPhone,
  payer,
  RATE,
  shownCard,
  taken,
  ticket,
  unlocked,
} from './support/deal.ts'
import { bills, live, lives } from './support/walk.ts'

test('a payment comes back as it was, in every state', () => {
  const states = new Set<string>()
  const portions = new Set<string>()
  fc.assert(
    fc.property(lives, (life) => {
      live(life, ({ payment }) => {
        states.add(stateOf(payment))
        for (const { state } of payment.portions) portions.add(state.kind)
        assert.deepEqual(paymentFromJson(JSON.parse(toJson(payment))), payment)
      })
    }),
    { numRuns: 400 },
  )
  assert.deepEqual([...states].toSorted(), ['authorising', 'ended', 'held', 'joined', 'proven', 'settled'])
  assert.deepEqual([...portions].toSorted(), ['authorising', 'due', 'ended', 'held', 'settled'])
})

test('an offer comes back as it was, in every state', () => {
  fc.assert(
    fc.property(fc.option(bills), (first) => {
      const open = offered(first)
      const each: Offer[] = [
        asking(),
        taken(asking()),
        { ...open, cashier: { id: id('stf', 1), name: 'Aki', role: 'cashier' } },
        open,
        taken(open),
        evolveOffer(open, { kind: 'withdrawn', at: NOON }),
        evolveOffer(open, { kind: 'expired', at: NOON }),
        evolveOffer(open, { kind: 'declined' }),
        evolveOffer(taken(open), { kind: 'reopened', version: 9, bill: first, billVersion: 1, ticket: ticket(0x73) }),
      ]
      for (const offer of each) assert.deepEqual(offerFromJson(JSON.parse(toJson(offer))), offer)
    }),
  )
})

test('texts that look like numbers stay texts, and amounts beyond a float stay exact', () => {
  for (const text of ['5', '12n', '0', '-1', '1e9', 'null', 'true', '"', '\\', '5\u2028', '__proto__']) {
    const strange = bill(line(MAX_AMOUNT, { delivery: true, ...cooled('PT1M') }, { text, code: text, tax: MAX_AMOUNT }))
    const payment = joined(strange)
    const back = paymentFromJson(JSON.parse(toJson(payment)))
    assert.deepEqual(back, payment)
    assert.equal(back.bill?.lines[0]?.text, text)
    assert.equal(back.bill.lines[0].code, text)
    assert.equal(back.bill.total, MAX_AMOUNT)
  }
})

test('a name that looks like an amount stays a name', () => {
  const payment = joined(bill(line(5n)))
  const named = {
    ...payment,
    payer: { ...payment.payer, name: '500' },
    biller: { ...payment.biller, name: '7', legalName: '8n', terminalLabel: '9' },
  }
  assert.deepEqual(paymentFromJson(JSON.parse(toJson(named))), named)
})

test('what was delivered, settled and refunded comes back as amounts', () => {
  const held = approved(joined(bill(line(500n, { delivery: true, ...cooled('PT1M') }))))
  const delivered = after(held, { kind: 'deliver', portion: 0, amount: 0n }).payment
  const settled = approved(joined(bill(line(500n))))
  const fives = { amount: 5n, back: null, lines: [{ line: 0, amount: 5n }] }
  const refunded = after(settled, { kind: 'refunded', refund: id('pay', 1), ...fives }).payment
  for (const payment of [held, delivered, settled, refunded]) {
    assert.deepEqual(paymentFromJson(JSON.parse(toJson(payment))), payment)
  }
  const [portion] = paymentFromJson(JSON.parse(toJson(delivered))).portions
  assert.deepEqual(portion?.state.kind === 'held' && portion.state.delivered, 0n)
})

test('rows from before the account bank read as what they meant then', () => {
  // As the hub of migration 0003 wrote them.
  const conditions = { delivery: true, coolingOffSeconds: 691_200 }
  const plain = { delivery: false, coolingOffSeconds: 0 }
  const oldLine = { text: 'Bread', quantity: 1, taxRate: null, tax: '0', code: null }
  const lines = [
    { ...oldLine, amount: '500', conditions },
    { ...oldLine, amount: '7', conditions: plain },
  ]
  const oldBill = { unit: 'JPY', total: '507', lines }
  const { knows: _, ...oldPayer } = payer
  const now = joined(bill(line(500n, { delivery: true, ...cooled('P8D') }), line(7n)))
  const { patient: _patient, asked: _asked, permitted: _permitted, ...rest } = now
  const old: unknown = JSON.parse(
    toJson({
      ...rest,
      payer: oldPayer,
      bill: oldBill,
      portions: [
        { lines: [0], amount: '500', conditions, state: { kind: 'due' } },
        { lines: [1], amount: '7', conditions: plain, state: { kind: 'due' } },
      ],
      ended: { reason: 'idle', at: 5 },
      refunds: [{ id: id('pay', 1), refunded: '5', at: 6 }],
    }),
  )
  const seconds = { delivery: true, coolingOff: { period: 'PT691200S', zone: 'UTC' } }
  const read = bill(line(500n, seconds), line(7n))
  const payment = paymentFromJson(old)
  assert.deepEqual(payment, {
    ...now,
    bill: read,
    portions: now.portions.map((portion, index) => (index === 0 ? { ...portion, conditions: seconds } : portion)),
    ended: { reason: 'idle', refusal: null, at: 5 },
    refunds: [{ id: id('pay', 1), refunded: 5n, back: null, lines: [], at: 6 }],
  })
  assert.equal(faultOf(read), undefined)
  assert.equal(coolingOffEnds(seconds.coolingOff, NOON), NOON + 691_200_000)

  const offer = taken(offered(null))
  assert.ok(offer.state.kind === 'taken')
  const { signed: _signed, ...state } = offer.state
  assert.deepEqual(offerFromJson(JSON.parse(toJson({ ...offer, state: { ...state, payer: oldPayer } }))), offer)
  const answer = { refusal: null, terminal: null, deal: null, payment: null, refund: null, version: 3 }
  assert.deepEqual(answerFromJson(answer), { ...answer, note: null })
})

test('rows from before identities read as what they meant then', () => {
  const { shown: _shown, mayShow: _mayShow, ...oldPayer } = payer
  const nobody = { ...payer, shown: NOTHING_SHOWN, mayShow: [] }
  const now = joined(bill(line(500n)))
  const { question: _question, answered: _answered, ...oldPayment } = now
  const read = paymentFromJson(JSON.parse(toJson({ ...oldPayment, payer: oldPayer })))
  assert.deepEqual(read, { ...now, payer: nobody })

  const offer = taken(offered(null))
  assert.ok(offer.state.kind === 'taken')
  const { question: _asked, cashier: _cashier, ...oldOffer } = offer
  for (const [proof, strength] of [
    ['right', 'password'],
    ['wrong', null],
    ['none', null],
  ] as const) {
    const signed = { bytes: '00', signature: '00', proof, key: id('key', 0x41) }
    const { state } = offer
    const old = { ...oldOffer, state: { ...state, payer: oldPayer, signed } }
    assert.deepEqual(offerFromJson(JSON.parse(toJson(old))), {
      ...offer,
      state: { ...state, payer: nobody, signed: { ...signed, strength, accepted: null } },
    })
  }
})

test('rows from before the further ways to meet read as what they meant then', () => {
  const now = joined(bill(line(500n)))
  const { way: _way, acceptedAt: _acceptedAt, ...old } = now
  assert.deepEqual(paymentFromJson(JSON.parse(toJson(old))), now)

  const offer = taken(offered(null))
  assert.ok(offer.state.kind === 'taken')
  const { way: _taken, ...state } = offer.state
  for (const scanned of [true, false])
    assert.deepEqual(offerFromJson(JSON.parse(toJson({ ...offer, state: { ...state, scanned } }))), offer)
  const event = { ...state, kind: 'taken', scanned: true }
  assert.deepEqual(offerEventFromJson(JSON.parse(toJson(event))), { ...state, kind: 'taken', way: 'number' })
})

test('rows from before there were means to choose read as paid by account', () => {
  const now = joined(bill(line(500n)))
  const { means: _means, chosen: _chosen, orders: _orders, collect: _collect, bankRefused: _refused, ...old } = now
  assert.deepEqual(paymentFromJson(JSON.parse(toJson(old))), now)
  const answered = { kind: 'answered', portions: [{ kind: 'due' }], at: 1 }
  assert.deepEqual(paymentEventFromJson(answered), { ...answered, reason: null, reference: null })
  const refunded = { kind: 'refunded', refund: id('pay', 1), amount: '5', lines: [], at: 1 }
  assert.deepEqual(paymentEventFromJson(refunded), { ...refunded, amount: 5n, back: null })
})

test('rows from before there were cards read as if no card was ever shown', () => {
  const offer = taken(offered(bill(line(500n))))
  assert.ok(offer.state.kind === 'taken')
  const { preset: _preset, ...state } = offer.state
  assert.deepEqual(offerFromJson(JSON.parse(toJson({ ...offer, state }))), offer)
  const now = joined(bill(line(500n)))
  const { reference: _reference, attested: _attested, strayedAt: _strayed, ...old } = now
  assert.deepEqual(paymentFromJson(JSON.parse(toJson(old))), now)
})

test('a card that was shown, what its phone said and what its issuer said come back as they were', () => {
  const shown = shownCard(bill(line(500n, { delivery: true })))
  const strayed = after(shown, { kind: 'attest', provedAt: null }, NOON, otherPhone())
  const attested = after(strayed.payment, { kind: 'attest', provedAt: null }, NOON, unlocked())
  const asked = after(attested.payment, { kind: 'approve', evidence: evidenceOf(attested.payment) })
  const yes = { kind: 'answer', number: 1, yes: true, reason: null, reference: '123456/000000123456' } as const
  const answered = after(asked.payment, yes)
  assert.equal(answered.payment.reference, yes.reference)
  for (const { payment, events } of [strayed, attested, asked, answered]) {
    assert.deepEqual(paymentFromJson(JSON.parse(toJson(payment))), payment)
    for (const event of events) assert.deepEqual(paymentEventFromJson(JSON.parse(toJson(event))), event)
  }
})

test('what a payment is paid with, and its orders, come back as they were', () => {
  const first = joined(bill(line(500n, { delivery: true })))
  const inDollars = byDollars(first)
  const paid = approved(inDollars)
  const given = { kind: 'refunded', refund: id('pay', 1), amount: 5n, back: 3n, lines: [] } as const
  const refunded = after(after(paid, { kind: 'deliver', portion: 0, amount: 500n }).payment, given)
  const byTheBank = approved(byBank(first))
  const refusedOnce = after(byTheBank, { kind: 'answer', number: 1, yes: false, reason: 'no-funds', reference: null })
  for (const payment of [inDollars, paid, refunded.payment, byTheBank, refusedOnce.payment])
    assert.deepEqual(paymentFromJson(JSON.parse(toJson(payment))), payment)
  const choice = { kind: 'exchange', rate: RATE } as const
  const events = [...after(first, { kind: 'choose', choice }).events, ...refunded.events, ...refusedOnce.events]
  for (const event of events) assert.deepEqual(paymentEventFromJson(JSON.parse(toJson(event))), event)
})
