// The wallet's state: what each thing that happens makes of it. Values in, values out; no page, no network.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { problemOf, PROBLEMS, type ProblemCode } from '#protocol/problems.ts'
import type { EntryView, InboxView, PaymentView } from '#protocol/views.ts'
import type { SendOutcome } from '#sdk/outcome.ts'
import { amountParts, amountText, rateText } from '#apps/shared/money.ts'
import { problemText } from '#apps/shared/problems.ts'
import { readLink, tokenOfPath } from '#apps/wallet/links.ts'
import {
  closed,
  firstState,
  historyArrived,
  inboxArrived,
  joinAnswered,
  joinBegan,
  missingFor,
  noticeOf,
  nothingLeft,
  opened,
  paymentArrived,
  stepAnswered,
  stepBegan,
  takeable,
  typed,
  unaskedPayments,
  wantsProof,
  type State,
} from '#apps/wallet/state.ts'

const HEX = '0123456789abcdef'.repeat(2)
const line = (amount: string) => ({
  text: 'Bread',
  quantity: 1,
  amount,
  taxRate: 800,
  tax: '0',
  code: null,
  conditions: { delivery: false, coolingOff: null },
  restriction: null,
})
const billOf = (total: string) => ({ unit: 'JPY', total, lines: [line(total)] })

const view = (change: Partial<PaymentView> = {}): PaymentView => ({
  payment: `pay_${HEX}`,
  deal: `deal_${HEX}`,
  version: 1,
  state: 'joined',
  biller: {
    party: `pty_${HEX}`,
    account: '00112345674',
    name: 'Marubeni Bakery',
    legalName: 'Maki Beni',
    terminal: `trm_${HEX}`,
    terminalLabel: 'Till 1',
    isPerson: false,
  },
  knows: null,
  means: { kind: 'account' },
  way: 'number',
  acceptedAt: null,
  unasked: false,
  device: null,
  attested: null,
  shopAsked: false,
  permitted: false,
  question: null,
  answered: null,
  shown: { ageBand: null, members: [], region: null, email: null, portrait: false },
  mayShow: [],
  payerAccount: '00112345674',
  bill: billOf('1280'),
  billVersion: 1,
  nonce: HEX,
  tally: HEX,
  freshProof: false,
  challenge: null,
  ended: null,
  portions: [],
  refunds: [],
  joinedAt: 1_000,
  approvedAt: null,
  turnEndsAt: 46_000,
  expiresAt: 601_000,
  ...change,
})

const inboxOf = (payments: PaymentView[], balance = '5000', provedAt = 0): InboxView => ({
  balances: [{ account: '00112345674', unit: 'JPY', status: 'open', balance, arriving: '0' }],
  payments,
  provedAt,
})

const scheme = {
  scheme: `sch_${HEX}`,
  name: 'Town',
  demo: true,
  unit: 'JPY',
  hostName: null,
  unlockMs: 60_000,
  freshProofFrom: '10000',
  zone: 'Asia/Tokyo',
  offline: { payment: '5000', device: '10000', terminal: '100000', ms: 86_400_000 },
  signer: '',
  now: 0,
}
const home: State = { ...firstState('own'), place: { at: 'home' }, scheme }
const joinedState: State = opened(home, view().payment, view())
const yes = (payment: PaymentView | null): SendOutcome => ({
  ok: true,
  view: { deal: null, payment, refund: null, provedAt: null },
})
const no = (code: ProblemCode, detail?: Record<string, string>, payment: PaymentView | null = null): SendOutcome => ({
  ok: false,
  problem: problemOf(code, detail),
  view: payment && { deal: null, payment, refund: null, provedAt: null },
})

test('a joined payment takes the screen, and the typed number is gone', () => {
  const state = joinAnswered(joinBegan(typed(home, '039274511'), 'number'), yes(view()))
  assert.deepEqual([state.place.at, state.joining, state.typed], ['payment', null, ''])
  assert.equal(state.current?.view?.biller.name, 'Marubeni Bakery')
})

test('a number that finds nothing stays to be compared, and the next digit forgets the trouble', () => {
  const missed = joinAnswered(joinBegan(typed(home, '039274511'), 'number'), no('number-not-found'))
  assert.deepEqual([missed.place.at, missed.typed, missed.joinProblem?.code], ['home', '039274511', 'number-not-found'])
  assert.equal(typed(missed, '03927451').joinProblem, null)
})

test('an older view never replaces a newer one', () => {
  const newer = paymentArrived(joinedState, view({ version: 5, state: 'settled' }))
  assert.equal(paymentArrived(newer, view({ version: 4 })).current?.view?.state, 'settled')
})

test('a changed bill is told, and a PIN that was asked for the old one is not', () => {
  const asked = stepAnswered(joinedState, view().payment, 'approve', no('proof-needed'))
  assert.equal(asked.current?.proof?.step, 'approve')
  const changed = paymentArrived(asked, view({ version: 2, billVersion: 2, bill: billOf('900') }))
  assert.deepEqual([changed.current?.isChanged, changed.current?.proof], [true, null])
  assert.equal(noticeOf(asked, changed), 'changed')
})

test('the first bill after "the shop is adding up" is no change', () => {
  const waiting = opened(home, view().payment, view({ bill: null, billVersion: 0 }))
  const billed = paymentArrived(waiting, view({ version: 2 }))
  assert.equal(billed.current?.isChanged, false)
  assert.equal(noticeOf(waiting, billed), 'billed')
})

test('what comes of an approval', async (t) => {
  const cases: readonly [
    name: string,
    outcome: SendOutcome,
    seen: { proof: string | null; problem: string | null; isChanged: boolean },
  ][] = [
    [
      'proof-needed asks for the PIN without a reproach',
      no('proof-needed'),
      { proof: '', problem: null, isChanged: false },
    ],
    [
      'proof-wrong asks again and says so',
      no('proof-wrong', { triesLeft: '4' }),
      { proof: 'proof-wrong', problem: null, isChanged: false },
    ],
    [
      'passkey-failed offers the PIN',
      no('passkey-failed'),
      { proof: 'passkey-failed', problem: null, isChanged: false },
    ],
    [
      'insufficient-funds is said on the bill',
      no('insufficient-funds'),
      { proof: null, problem: 'insufficient-funds', isChanged: false },
    ],
    ['bill-changed is said once', no('bill-changed'), { proof: null, problem: null, isChanged: true }],
  ]
  for (const [name, outcome, seen] of cases) {
    await t.test(name, () => {
      const { current } = stepAnswered(stepBegan(joinedState, 'approve'), view().payment, 'approve', outcome)
      assert.equal(current?.sending, null)
      const proof = current?.proof ? (current.proof.problem?.code ?? '') : null
      assert.deepEqual({ proof, problem: current?.problem?.code ?? null, isChanged: current?.isChanged }, seen)
    })
  }
})

test('a refusal that comes with a payment already settled shows paid, not trouble', () => {
  const settled = view({ version: 3, state: 'settled', approvedAt: 2_000 })
  const state = stepAnswered(
    stepBegan(joinedState, 'decline'),
    view().payment,
    'decline',
    no('state-conflict', {}, settled),
  )
  assert.deepEqual([state.current?.view?.state, state.current?.problem], ['settled', null])
})

test('a proof that was right opens the unlock, whose life the scheme sets', () => {
  const approved = stepAnswered(joinedState, view().payment, 'approve', yes(view({ version: 2 })), 100_000)
  assert.equal(wantsProof(approved, view(), 159_999), false)
  assert.equal(wantsProof(approved, view(), 160_000), true)
  assert.equal(wantsProof(approved, view({ freshProof: true }), 100_001), true)
  const wrong = stepAnswered(joinedState, view().payment, 'approve', no('proof-wrong'), 100_000)
  assert.equal(wantsProof(wrong, view(), 100_001), true)
})

test('a payment that waits in the inbox opens by itself on a free screen, and never over another one', () => {
  const other = view({ payment: `pay_${'f'.repeat(32)}` })
  assert.equal(inboxArrived(home, inboxOf([view()]), 1).place.at, 'payment')
  assert.equal(inboxArrived(joinedState, inboxOf([other, view()]), 1).current?.payment, view().payment)
  assert.equal(inboxArrived({ ...home, joining: 'number' }, inboxOf([view()]), 1).place.at, 'home')
  const done = closed(inboxArrived(joinedState, inboxOf([other, view()]), 1))
  assert.equal(done.current?.payment, other.payment)
})

test('after a reload nothing seems under way that is not', () => {
  const restored = opened({ ...home, joining: 'link' }, view().payment, view(), 'approve')
  const state = nothingLeft(restored)
  assert.deepEqual([state.joining, state.current?.sending], [null, null])
})

test('what is missing counts what is arriving', () => {
  const state: State = { ...home, inbox: inboxOf([], '1000') }
  assert.deepEqual(missingFor(state, view()), { amount: 280n, unit: 'JPY' })
  const [balance] = inboxOf([], '1000').balances
  assert.ok(balance)
  const arriving: State = { ...home, inbox: { ...inboxOf([]), balances: [{ ...balance, arriving: '300' }] } }
  assert.equal(missingFor(arriving, view()).amount, 0n)
})

test('goods may be taken back until their cancellation period ends', () => {
  const cooling = {
    ...line('1280'),
    conditions: { delivery: false, coolingOff: { period: 'P8D', zone: 'Asia/Tokyo' } },
  }
  const held = view({
    state: 'held',
    bill: { unit: 'JPY', total: '2560', lines: [line('1280'), cooling] },
    portions: [
      { lines: [0], amount: '1280', state: 'settled', settled: '1280', waits: null, until: null, deliverBy: null },
      { lines: [1], amount: '1280', state: 'held', settled: '0', waits: 'cooling-off', until: 9_000, deliverBy: null },
    ],
  })
  assert.deepEqual(takeable(held, 8_999), [{ index: 1, line: 1, until: 9_000 }])
  assert.deepEqual(takeable(held, 9_000), [])
  // Set aside until delivery is not a cancellation period.
  assert.deepEqual(takeable({ ...held, bill: billOf('1280') }, 8_999), [])
})

test('a bill that somebody sent waits at home, and takes the screen only when it is opened', () => {
  const sent = view({ unasked: true, knows: true, turnEndsAt: null })
  const told = inboxArrived(home, { ...inboxOf([]), payments: [sent] }, 1)
  assert.equal(told.place.at, 'home')
  assert.deepEqual(unaskedPayments(told), [sent])
  const joined = inboxArrived(home, { ...inboxOf([]), payments: [view()] }, 1)
  assert.equal(joined.place.at, 'payment')
})

test('ears hear joined, paid, refunded and ended, and nothing twice', () => {
  const paid = paymentArrived(joinedState, view({ version: 2, state: 'settled' }))
  const refunded = paymentArrived(
    paid,
    view({
      version: 3,
      state: 'settled',
      refunds: [{ payment: `pay_${HEX}`, amount: '80', back: null, lines: [], at: 1 }],
    }),
  )
  const ended = paymentArrived(joinedState, view({ version: 2, state: 'ended', ended: 'released' }))
  assert.equal(noticeOf(home, joinedState), 'joined')
  assert.equal(noticeOf(joinedState, paid), 'paid')
  assert.equal(noticeOf(paid, refunded), 'refunded')
  assert.equal(noticeOf(joinedState, ended), 'ended')
  assert.equal(noticeOf(paid, paid), null)
  assert.equal(noticeOf(home, opened(home, view().payment, view({ state: 'settled' }))), null)
})

test('pages of history follow each other without doubles', () => {
  const entry = (number: string): EntryView => ({
    number,
    kind: 'settle',
    amount: '-100',
    balance: '900',
    otherName: 'Marubeni Bakery',
    payment: null,
    at: 1,
  })
  const first = historyArrived(home, { entries: [entry('3'), entry('2')], unit: 'JPY', next: '2' }, false)
  const both = historyArrived(first, { entries: [entry('2'), entry('1')], unit: 'JPY', next: null }, true)
  assert.deepEqual(
    both.history?.entries.map(({ number }) => number),
    ['3', '2', '1'],
  )
  assert.equal(both.history?.next, null)
})

test('only links of our own hub are followed', () => {
  const ours = 'https://pay.example.org'
  const token = `tok_${HEX}`
  const cases: readonly [text: string, read: ReturnType<typeof readLink>][] = [
    [`${ours}/j/${token}`, { ok: true, token }],
    [` ${ours}/j/${token}/?device=own `, { ok: true, token }],
    [`https://pay.example.com/j/${token}`, { ok: false, why: 'foreign' }],
    [`http://pay.example.org/j/${token}`, { ok: false, why: 'foreign' }],
    [`https://pay.example.org.evil.example/j/${token}`, { ok: false, why: 'foreign' }],
    [`${ours}/j/tok_short`, { ok: false, why: 'unknown' }],
    [`${ours}/register`, { ok: false, why: 'unknown' }],
    [`javascript:alert('/j/${token}')`, { ok: false, why: 'unknown' }],
    ['4912345678904', { ok: false, why: 'unknown' }],
  ]
  for (const [text, read] of cases) assert.deepEqual(readLink(text, ours), read, text)
  assert.equal(tokenOfPath('/wallet'), undefined)
})

test('every problem has its sentence and next step in both languages', () => {
  for (const code of Object.keys(PROBLEMS) as ProblemCode[]) {
    for (const reader of ['payer', 'biller'] as const) {
      const english = problemText(problemOf(code), 'en', reader)
      const japanese = problemText(problemOf(code), 'ja', reader)
      for (const { sentence, next, moneySentence } of [english, japanese]) {
        assert.ok(sentence !== '' && next !== '' && moneySentence !== '', code)
        assert.doesNotMatch(sentence + next, /[!！]/u, code)
      }
      assert.notEqual(english.sentence, japanese.sentence, code)
    }
  }
  const unknown = { ...problemOf('busy'), code: 'from-a-newer-hub' as ProblemCode, title: 'New.', next: 'Do this.' }
  assert.equal(problemText(unknown, 'ja', 'payer').sentence, 'New.')
})

test('amounts of the wire are shown in the language that is on', () => {
  assert.equal(amountText('1280', 'JPY', 'ja'), '1,280円')
  assert.equal(amountText('1280', 'JPY', 'en'), '¥1,280')
  assert.deepEqual(amountParts('-1250', 'EUR', 'en'), { sign: '−', digits: '12.50', symbol: '€', symbolFirst: true })
  assert.equal(amountParts('1250', 'EUR', 'en', 'signed').sign, '+')
  assert.equal(amountText('7', 'XYZ', 'en'), '7 XYZ')
  assert.equal(rateText(800, 'en'), '8%')
})
