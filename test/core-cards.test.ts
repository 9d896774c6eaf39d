// Cards: methods and their codes, what each event wants of the issuer and books, what is signed, and the phone that a card's user id names.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { systemAccount } from '#core/accounts.ts'
import { approvalBytes, METHOD_WHOLE } from '#core/approval.ts'
import { canonicalBill } from '#core/bill.ts'
import type { Strength } from '#core/device.ts'
import type { Transfer } from '#core/ledger.ts'
import { meansFor, ordersOf, type Order } from '#core/means.ts'
import { countOf, methodCode, methodOf, parseMethod, type Method } from '#core/method.ts'
import { evolveOffer } from '#core/offer.ts'
import {
  AUTHORISE_WITHIN_MS,
  CARD_ID_LIFE_MS,
  evolve,
  joinedPayment,
  needsOf,
  ONE_TIME_WITHIN_MS,
  paymentDueAt,
  stateOf,
  transfersOf,
  type Loaded,
  type Payment,
  type PaymentCommand,
} from '#core/payment.ts'
import { refundTransfers } from '#core/refund.ts'
import {
  account,
  after,
  approvalOf,
  approved,
  BANK,
  bill,
  biller,
  byBank,
  byCard,
  CARD,
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
  offered,
  otherPhone,
  payer,
  PAYER_BUCKET,
  PAYMENT,
  shownCard,
  unit,
  unlocked,
} from './support/deal.ts'

const DAY_MS = 86_400_000
const REFERENCE = '123456/000000123456'
const plain = bill(line(1_000n))
const mixed = bill(line(100n), line(200n, { delivery: true }), line(400n, cooled('P1D')), line(800n))

// ---- methods

test('a method has one text and one code, both read back, and nothing else is a method', () => {
  const codes: [Method, number][] = [
    ['lump', METHOD_WHOLE],
    ['bonus', 2100],
    ['part-bonus-2', 3102],
    ['part-bonus-60', 3160],
    ['instalments-2', 6102],
    ['instalments-24', 6124],
    ['instalments-60', 6160],
    ['revolving', 8000],
  ]
  for (const [method, code] of codes) {
    assert.equal(methodCode(method), code)
    assert.equal(methodOf(code), method)
    assert.equal(parseMethod(method), method)
  }
  assert.deepEqual((['lump', 'bonus', 'instalments-12', 'part-bonus-3'] as const).map(countOf), [null, null, 12, 3])
  const wrong = [
    '',
    'lumps',
    'LUMP',
    'instalments',
    'instalments-',
    'instalments-1',
    'instalments-61',
    'instalments-03',
  ]
  for (const text of [
    ...wrong,
    'instalments-3 ',
    'instalments-3\n',
    'part-bonus-1',
    'bonus-2',
    'revolving-2',
    'instalments-１２',
  ])
    assert.equal(parseMethod(text), undefined, JSON.stringify(text))
  for (const code of [0, 2, 2101, 3100, 3101, 3161, 6100, 6101, 6161, 8001, -1, 6102.5, Number.NaN])
    assert.equal(methodOf(code), undefined, String(code))
})

test('every number of two bytes names one method or none', () => {
  const named = Array.from({ length: 65_536 }, (_, code) => methodOf(code)).filter((method) => method !== undefined)
  assert.equal(named.length, 3 + 2 * 59)
  assert.equal(new Set(named).size, named.length)
})

// ---- choosing and signing

test('a card is chosen with its method, in the unit of the bill, and stays through a change of the bill', () => {
  assert.deepEqual(meansFor(CARD, plain, NOON), {
    kind: 'card',
    id: CARD.id,
    label: CARD.label,
    method: 'instalments-3',
    oneTime: false,
  })
  assert.deepEqual(meansFor({ ...CARD, unit: unit('USD') }, plain, NOON), { code: 'unit-mismatch' })
  const chosen = byCard(joined(plain))
  assert.deepEqual(after(chosen, { kind: 'choose', choice: CARD }).events, [], 'what stands already changes nothing')
  const others: Payment[] = [
    after(chosen, { kind: 'choose', choice: { ...CARD, method: 'lump' } }).payment,
    after(chosen, { kind: 'choose', choice: { ...CARD, oneTime: true } }).payment,
    after(chosen, { kind: 'choose', choice: { ...CARD, id: id('mns', 0x92) } }).payment,
    after(chosen, { kind: 'choose', choice: { ...BANK, id: CARD.id, label: CARD.label } }).payment,
  ]
  assert.deepEqual(
    others.map(({ chosen: times }) => times),
    [2, 2, 2, 2],
  )
  const changed = after(chosen, { kind: 'bill', billVersion: 1, bill: mixed, nonce: NONCE }).payment
  assert.deepEqual(changed.means, chosen.means)
  const inDollars = { ...mixed, unit: unit('USD') }
  const other = after(chosen, { kind: 'bill', billVersion: 1, bill: inDollars, nonce: NONCE }).payment
  assert.equal(other.means.kind, 'account')
})

test('an approval is good for one card and one method', () => {
  const first = byCard(joined(plain))
  const lump = after(first, { kind: 'choose', choice: { ...CARD, method: 'lump' } }).payment
  const other = after(first, { kind: 'choose', choice: { ...CARD, id: id('mns', 0x92) } }).payment
  const rows: [string, Payment, Payment, string | null][] = [
    ['what was seen', first, first, null],
    ['another method', lump, first, 'means-changed'],
    ['another card', other, first, 'means-changed'],
    ['the account', joined(plain), first, 'means-changed'],
    ['a card never chosen', first, joined(plain), 'signature-invalid'],
  ]
  for (const [name, signed, present, code] of rows) {
    const { refusal } = after(present, { kind: 'approve', evidence: evidenceOf(signed) })
    assert.equal(refusal?.code ?? null, code, name)
  }
  const bytes = approvalBytes(approvalOf(first))
  assert.deepEqual(
    [...bytes.subarray(104, 122)],
    [...Array.from({ length: 16 }, () => 0x91), 0x17, 0xd7],
    'the card, 6103',
  )
  assert.deepEqual(canonicalBill(biller, plain, first.means), canonicalBill(biller, plain), 'the bill is as it was')
})

test('a card wants no account and no balance; but nobody frozen, nor more at once', () => {
  const card = byCard(joined(plain))
  const limits = { perPayment: 999n, perDay: 9_999n, perMonth: 9_999n }
  const rows: [string, Parameters<typeof loaded>[0], string | undefined][] = [
    ['no account', { account: null }, undefined],
    ['no balance', { account: account(0n) }, undefined],
    ['frozen', { account: account(0n, { status: 'frozen' }) }, 'account-frozen'],
    ['over the limit', { account: account(0n, { limits }) }, 'over-limit'],
  ]
  for (const [name, given, code] of rows)
    assert.equal(
      after(card, { kind: 'approve', evidence: evidenceOf(card) }, NOON, loaded(given)).refusal?.code,
      code,
      name,
    )
})

// ---- orders and money

const answer = (yes: boolean, number = 1): PaymentCommand => ({
  kind: 'answer',
  number,
  yes,
  reason: yes ? null : 'card-refused',
  reference: yes ? REFERENCE : null,
})
const orderText = ({ number, kind, of, amount }: Order): string =>
  `${number} ${kind}${of === null ? '' : ` of ${of}`} ${amount}`
const NAMES: Record<string, string> = {
  [payer.account]: 'payer',
  [biller.account]: 'biller',
  [systemAccount('escrow', PAYER_BUCKET)]: 'escrow',
  [systemAccount('clearing', PAYER_BUCKET)]: 'clearing',
  [systemAccount('card', PAYER_BUCKET)]: 'card',
}
const transferText = ({ kind, debit, credit, amount }: Transfer): string =>
  `${kind} ${NAMES[debit] ?? debit} → ${NAMES[credit] ?? credit} ${amount}`

/** What a command wants of the issuer, and what it books. */
function caused(payment: Payment, command: PaymentCommand, now = NOON): [orders: string[], transfers: string[]] {
  const orders: string[] = []
  const transfers: string[] = []
  let current = payment
  for (const event of after(payment, command, now, loadedFor(payment)).events) {
    orders.push(...ordersOf(current, event).map(orderText))
    transfers.push(...transfersOf(current, event).map(transferText))
    current = evolve(current, event)
  }
  return [orders, transfers]
}

test('every event wants exactly this of the issuer, and moves exactly this money', () => {
  const card = byCard(joined(mixed))
  const asked = approved(card)
  const held = after(asked, answer(true)).payment
  const partly = after(held, { kind: 'deliver', portion: 1, amount: 50n }).payment
  const rest = after(partly, { kind: 'time' }, NOON + DAY_MS).payment
  const none = after(approved(byCard(joined(bill(line(500n, { delivery: true }))))), answer(true)).payment
  const refunded: PaymentCommand = { kind: 'refunded', refund: id('pay', 1), amount: 90n, back: null, lines: [] }
  const rows: [string, [string[], string[]], string[], string[]][] = [
    ['approved', caused(card, { kind: 'approve', evidence: evidenceOf(card) }), ['1 collect 1500'], []],
    [
      'yes: what is the shop’s at once is captured',
      caused(asked, answer(true)),
      ['2 capture of 1 900'],
      ['settle card → biller 900', 'hold card → escrow 600'],
    ],
    [
      'yes, all of it to be delivered',
      caused(approved(byCard(joined(bill(line(500n, { delivery: true }))))), answer(true)),
      [],
      ['hold card → escrow 500'],
    ],
    ['no', caused(asked, answer(false)), [], []],
    ['silence', caused(asked, { kind: 'time' }, NOON + AUTHORISE_WITHIN_MS), ['2 reverse of 1 1500'], []],
    ['the payer cancels', caused(asked, { kind: 'cancel', by: 'payer' }), ['2 reverse of 1 1500'], []],
    ['the biller cancels', caused(asked, { kind: 'cancel', by: 'biller' }), ['2 reverse of 1 1500'], []],
    [
      'handed over in part',
      caused(held, { kind: 'deliver', portion: 1, amount: 50n }),
      ['3 capture of 1 50', '4 release of 1 150'],
      ['release escrow → biller 50', 'return escrow → card 150'],
    ],
    [
      'handed over',
      caused(held, { kind: 'deliver', portion: 1, amount: 200n }),
      ['3 capture of 1 200'],
      ['release escrow → biller 200'],
    ],
    [
      'nothing of it handed over',
      caused(held, { kind: 'deliver', portion: 1, amount: 0n }),
      ['3 release of 1 200'],
      ['return escrow → card 200'],
    ],
    [
      'taken back',
      caused(held, { kind: 'take-back', portion: 2 }),
      ['3 release of 1 400'],
      ['return escrow → card 400'],
    ],
    [
      'the cooling-off is over',
      caused(partly, { kind: 'time' }, NOON + DAY_MS),
      ['5 capture of 1 400'],
      ['release escrow → biller 400'],
    ],
    [
      'all that time can do',
      caused(held, { kind: 'time' }, NOON + 30 * DAY_MS),
      ['3 capture of 1 400', '4 release of 1 200'],
      ['release escrow → biller 400', 'return escrow → card 200'],
    ],
    [
      'given back',
      caused(held, { kind: 'cancel', by: 'biller' }),
      ['3 release of 1 600'],
      ['return escrow → card 600'],
    ],
    [
      'nothing was ever captured',
      caused(none, { kind: 'cancel', by: 'biller' }),
      ['2 release of 1 500'],
      ['return escrow → card 500'],
    ],
    ['refunded', caused(rest, refunded), ['6 return of 1 90'], []],
  ]
  for (const [name, [orders, transfers], wanted, moved] of rows) {
    assert.deepEqual(orders, wanted, name)
    assert.deepEqual(transfers, moved, name)
  }
})

test('of a one-time number the terminal has claimed all: nothing is captured, and what goes back is returned', () => {
  const card = byCard(joined(mixed), NOON, true)
  const asked = approved(card)
  const held = after(asked, answer(true)).payment
  const refunded: PaymentCommand = { kind: 'refunded', refund: id('pay', 1), amount: 90n, back: null, lines: [] }
  const rows: [string, [string[], string[]], string[]][] = [
    ['approved', caused(card, { kind: 'approve', evidence: evidenceOf(card) }), ['1 collect 1500']],
    ['yes', caused(asked, answer(true)), []],
    ['out of time', caused(asked, { kind: 'time' }, NOON + ONE_TIME_WITHIN_MS), ['2 reverse of 1 1500']],
    ['handed over in part', caused(held, { kind: 'deliver', portion: 1, amount: 50n }), ['2 return of 1 150']],
    ['given back', caused(held, { kind: 'cancel', by: 'biller' }), ['2 return of 1 600']],
    ['refunded', caused(held, refunded), ['2 return of 1 90']],
  ]
  for (const [name, [orders], wanted] of rows) assert.deepEqual(orders, wanted, name)
  assert.equal(paymentDueAt(asked), NOON + ONE_TIME_WITHIN_MS, 'it has further to go')
  assert.equal(paymentDueAt(approved(byCard(joined(mixed)))), NOON + AUTHORISE_WITHIN_MS)
})

test('an order to an issuer names everything that carrying it out needs', () => {
  const card = byCard(joined(plain), NOON, true)
  const [event] = after(card, { kind: 'approve', evidence: evidenceOf(card) }).events
  assert.ok(event)
  assert.deepEqual(ordersOf(card, event), [
    {
      payment: PAYMENT,
      number: 1,
      kind: 'collect',
      of: null,
      via: 'card',
      method: 'instalments-3',
      oneTime: true,
      party: payer.party,
      means: CARD.id,
      unit: JPY,
      amount: 1_000n,
      madeAt: NOON,
    },
  ])
})

test('a yes brings what receipts print, a no says why; and the account that a card debits is known before', () => {
  const asked = approved(byCard(joined(plain)))
  const yes = after(asked, answer(true)).payment
  assert.deepEqual([stateOf(yes), yes.reference, yes.bankRefused], ['settled', REFERENCE, null])
  assert.deepEqual(after(yes, answer(true)).events, [], 'said twice')
  const no = after(asked, answer(false)).payment
  assert.deepEqual(
    [stateOf(no), no.reference, no.bankRefused, no.declines],
    ['joined', null, { number: 1, reason: 'card-refused' }, 1],
  )
  const byTheBank = approved(byBank(joined(plain)))
  assert.equal(
    after(byTheBank, { kind: 'answer', number: 1, yes: true, reason: null, reference: null }).payment.reference,
    null,
  )
  const account = (reference: string | null) => needsOf(PAYMENT, 'answer', null, reference)
  assert.deepEqual(account(REFERENCE), [systemAccount('card', PAYER_BUCKET)])
  assert.deepEqual(account(null), [systemAccount('clearing', PAYER_BUCKET)], 'as it was for banks')
})

test('a refund goes back to the cards’ account of the shop’s bucket', () => {
  const paid = after(approved(byCard(joined(plain))), answer(true)).payment
  const transfers = refundTransfers(paid, { account: biller.account, home: 7, amount: 300n, back: null })
  assert.deepEqual(transfers.map(transferText), ['refund biller → card:7 300'])
})

// ---- a card's user id

test('a card that was shown is what pays; two minutes are all there is, whatever is done meanwhile', () => {
  const shown = shownCard(plain)
  assert.deepEqual(
    [shown.means.kind, shown.way, shown.turn, shown.expiresAt, shown.attested],
    ['card', 'card-id', null, NOON + CARD_ID_LIFE_MS, null],
  )
  const later = NOON + 100_000
  const lives: [string, Payment][] = [
    ['nothing', shown],
    ['the phone answers', after(shown, { kind: 'attest', provedAt: null }, later, unlocked(later)).payment],
    ['the bill changes', after(shown, { kind: 'bill', billVersion: 1, bill: mixed, nonce: NONCE }, later).payment],
    ['the payer chooses', after(shown, { kind: 'choose', choice: { kind: 'account' } }, later).payment],
    ['the shop asks', after(shown, { kind: 'challenge', nonce: NONCE }, later).payment],
    ['a no', after(approved(shown), answer(false), later).payment],
    [
      'poor',
      after(
        byAccount(shown),
        { kind: 'approve', evidence: evidenceOf(byAccount(shown)) },
        later,
        loaded({ account: account(0n) }),
      ).payment,
    ],
  ]
  for (const [name, payment] of lives) {
    assert.deepEqual([payment.turn, paymentDueAt(payment)], [null, NOON + CARD_ID_LIFE_MS], name)
    assert.deepEqual(after(payment, { kind: 'time' }, NOON + CARD_ID_LIFE_MS - 1).events, [], name)
    const over = after(payment, { kind: 'time' }, NOON + CARD_ID_LIFE_MS).payment
    assert.deepEqual([stateOf(over), over.ended?.reason], ['ended', 'expired'], name)
  }
  assert.equal(after(shown, { kind: 'attend' }, later).refusal?.code, 'state-conflict')
})

const byAccount = (payment: Payment): Payment => after(payment, { kind: 'choose', choice: { kind: 'account' } }).payment

test('a phone says that its owner is there as long as the unlock lasts, by its own memory and by ours', () => {
  const proved = (ago: number, over: Partial<typeof device> = {}): Loaded =>
    loaded({ device: { ...device, provedAt: NOON - ago, ...over } })
  const hour = 3_600_000
  const rows: [string, Loaded, number | null, string | null][] = [
    ['unlocked just now', proved(1), null, null],
    ['an hour less a millisecond ago', proved(hour - 1), null, null],
    ['an hour ago', proved(hour), null, 'proof-needed'],
    ['never', loaded(), null, 'proof-needed'],
    ['the phone knows of nothing', proved(1), 0, 'proof-needed'],
    ['the phone remembers less', proved(1), NOON - hour, 'proof-needed'],
    ['the phone believes more', proved(hour), NOON, 'proof-needed'],
    ['both know', proved(5), NOON - 5, null],
    ['with a security key alone', proved(1, { approvesWith: 'security-key' }), null, 'security-key-needed'],
  ]
  const shown = shownCard(bill(line(900_000n)))
  for (const [name, given, provedAt, code] of rows) {
    const { refusal, events, device: changed, payment } = after(shown, { kind: 'attest', provedAt }, NOON, given)
    assert.deepEqual([refusal?.code ?? null, changed], [code, null], name)
    assert.deepEqual(payment.attested, code === null ? { at: NOON, strength: 'password' } : null, name)
    assert.equal(events.length, code === null ? 1 : 0, name)
  }
  const wrongWay = after(joined(plain), { kind: 'attest', provedAt: null }, NOON, unlocked())
  assert.equal(wrongWay.refusal?.code, 'state-conflict', 'who typed a number is not asked')
})

test('what was said first stays, and another phone of the same person is never taken for the one that was named', () => {
  const shown = shownCard(plain)
  const strayed = after(shown, { kind: 'attest', provedAt: null }, NOON, otherPhone())
  assert.deepEqual([strayed.refusal?.code, strayed.payment.strayedAt], ['other-device', NOON])
  const again = after(strayed.payment, { kind: 'attest', provedAt: null }, NOON + 1, otherPhone())
  assert.deepEqual([again.refusal?.code, again.events], ['other-device', []], 'the shop hears it once')
  const byOther = after(shown, { kind: 'approve', evidence: evidenceOf(shown) }, NOON, otherPhone())
  assert.deepEqual([byOther.refusal?.code, byOther.device, stateOf(byOther.payment)], ['other-device', null, 'joined'])
  const first = after(strayed.payment, { kind: 'attest', provedAt: null }, NOON + 2, unlocked()).payment
  assert.equal(first.attested?.at, NOON + 2)
  assert.deepEqual(after(first, { kind: 'attest', provedAt: null }, NOON + 9, unlocked()).events, [])
})

test('agreeing without a word from the phone wants a proof, which is that word', () => {
  const shown = shownCard(plain)
  const none = evidenceOf(shown, { proof: 'none' })
  const without = after(shown, { kind: 'approve', evidence: none }, NOON, unlocked())
  assert.deepEqual([without.refusal?.code, without.events], ['proof-needed', []])
  const wrong = after(shown, { kind: 'approve', evidence: evidenceOf(shown, { proof: 'wrong' }) }, NOON, unlocked())
  assert.deepEqual([wrong.refusal?.code, wrong.payment.attested], ['proof-wrong', null])
  for (const strength of ['password', 'bound-passkey'] as const satisfies Strength[]) {
    const { payment } = after(shown, { kind: 'approve', evidence: evidenceOf(shown, { strength }) })
    assert.deepEqual([stateOf(payment), payment.attested], ['authorising', { at: NOON, strength }])
  }
  const said = after(shown, { kind: 'attest', provedAt: null }, NOON, unlocked()).payment
  const { payment } = after(said, { kind: 'approve', evidence: none }, NOON + 1, unlocked())
  assert.deepEqual([stateOf(payment), payment.attested], ['authorising', { at: NOON, strength: 'password' }])
  const dear = after(shownCard(bill(line(10_000n))), { kind: 'attest', provedAt: null }, NOON, unlocked()).payment
  const large = after(dear, { kind: 'approve', evidence: evidenceOf(dear, { proof: 'none' }) }, NOON, unlocked())
  assert.equal(large.refusal?.code, 'proof-needed', 'a large amount wants its proof as ever')
})

test('whatever card is shown, the payment begins with it, and no other way begins with one', () => {
  fc.assert(
    fc.property(
      fc.constantFrom<Method>('lump', 'bonus', 'revolving', 'instalments-12'),
      fc.boolean(),
      (method, oneTime) => {
        const taking = { payment: PAYMENT, payer, nonce: NONCE, signed: null, at: NOON, way: 'card-id' } as const
        const preset = { ...CARD, method, oneTime }
        const { means, chosen } = joinedPayment(evolveOffer(offered(plain), { kind: 'taken', ...taking, preset }))
        assert.deepEqual([means, chosen], [{ kind: 'card', id: CARD.id, label: CARD.label, method, oneTime }, 0])
      },
    ),
    { numRuns: 20 },
  )
  assert.deepEqual(joined(plain).means, { kind: 'account' })
})
