// Cards in the wallet, as rules: what is typed of one and how it is read, what a plan is said to cost, and that the wallet suggests a card and
// never takes one by itself.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  brandOf,
  caretBehind,
  codeLength,
  digitsOf,
  expiryOf,
  expiryShown,
  grouped,
  issuerOf,
  numberFault,
} from '#apps/wallet/card-typing.ts'
import { costText, inkOn, methodText, monthShown } from '#apps/wallet/card-text.ts'
import { bestOf, cardToOffer, isOtherMeans, keyOf, missingNow, optionsFor, type Known } from '#apps/wallet/means.ts'
import { isSamePlan, NO_METHODS, type Standing } from '#apps/wallet/methods.ts'
import { firstState, opened, paymentArrived, standingKnown, stepAnswered, type State } from '#apps/wallet/state.ts'
import { cardWords } from '#apps/wallet/words-cards.ts'
import type { CardRow, PlanView } from '#protocol/cards.ts'
import { problemOf } from '#protocol/problems.ts'
import type { MeansView, PaymentView } from '#protocol/views.ts'
import type { SendOutcome } from '#sdk/outcome.ts'

test('a number is read from whatever way it is typed or pasted, and written in the groups of its kind', () => {
  const table: readonly (readonly [typed: string, shown: string])[] = [
    ['', ''],
    ['4571', '4571'],
    ['45719', '4571 9'],
    ['4571990000000011', '4571 9900 0000 0011'],
    ['4571-9900-0000-0011', '4571 9900 0000 0011'],
    ['４５７１　９９００ 0000 0011\n', '4571 9900 0000 0011'],
    ['card 4571 9900 0000 0011', '4571 9900 0000 0011'],
    ['6304000000000000000', '6304 0000 0000 0000 000'],
    ['63040000000000000001', '6304 0000 0000 0000 000'],
    ['378282246310005', '3782 822463 10005'],
    ['30569309025904', '3056 930902 5904'],
  ]
  for (const [typed, shown] of table) assert.equal(grouped(digitsOf(typed)), shown, typed)
})

test('the caret stays behind the digit that it stood behind', () => {
  const table: readonly (readonly [text: string, digits: number, place: number])[] = [
    ['4571 9900', 0, 0],
    ['4571 9900', 3, 3],
    ['4571 9900', 4, 4],
    ['4571 9900', 5, 6],
    ['4571 9900', 8, 9],
  ]
  for (const [text, digits, place] of table) assert.equal(caretBehind(text, digits), place, `${text} ${digits}`)
})

test('a wrong digit is said when the number is whole, a missing one when its writer has gone on', () => {
  const table: readonly (readonly [digits: string, isDone: boolean, fault: ReturnType<typeof numberFault>])[] = [
    ['', false, null],
    ['4571', false, null],
    ['4571', true, 'number-short'],
    ['457199000000', false, null],
    ['45719900000000', true, 'number-wrong'],
    ['4571990000000011', false, null],
    ['4571990000000012', false, 'number-wrong'],
    ['378282246310005', true, null],
    ['378282246310006', false, 'number-wrong'],
    ['30569309025904', true, null],
  ]
  for (const [digits, isDone, fault] of table) assert.equal(numberFault(digits, isDone), fault, `${digits} ${isDone}`)
})

test('the expiry takes its slash by itself, gives it back, and is read in the ways that it is written', () => {
  const table: readonly (readonly [typed: string, before: string, shown: string])[] = [
    ['1', '', '1'],
    ['12', '1', '12/'],
    ['12/2', '12/', '12/2'],
    ['12/29', '12/2', '12/29'],
    ['12', '12/', '1'],
    ['12/', '12/2', '12/'],
    ['5', '', '05/'],
    ['5/29', '', '05/29'],
    ['1229', '', '12/29'],
    ['12 / 2029', '', '12/29'],
    ['１２／２９', '', '12/29'],
    ['2029-12', '', '12/29'],
    ['12/2029', '', '12/29'],
    ['ab', '', ''],
  ]
  for (const [typed, before, shown] of table) assert.equal(expiryShown(typed, before), shown, `${before} → ${typed}`)
})

test('a card is good until the end of its month, and no card is good for thirty years', () => {
  const table: readonly (readonly [shown: string, read: ReturnType<typeof expiryOf>])[] = [
    ['', null],
    ['12/', null],
    ['12/29', { month: '2029-12' }],
    ['11/26', { month: '2026-11' }],
    ['10/26', 'expiry-past'],
    ['12/25', 'expiry-past'],
    ['13/29', 'expiry-wrong'],
    ['00/29', 'expiry-wrong'],
    ['12/46', { month: '2046-12' }],
    ['12/57', 'expiry-wrong'],
  ]
  for (const [shown, read] of table) assert.deepEqual(expiryOf(shown, '2026-11'), read, shown)
})

test('whose card it is stands in the tables, by the longest beginning; its brand is known by its first digits', () => {
  const ranges = ['4571', '457199', '4571990', '35891234'].map((prefix) => ({ prefix }))
  const table: readonly (readonly [digits: string, prefix: string | undefined, brand: string | null, code: 3 | 4])[] = [
    ['', undefined, null, 3],
    ['457', undefined, 'Visa', 3],
    ['4571', '4571', 'Visa', 3],
    ['457199', '457199', 'Visa', 3],
    ['4571990000000011', '4571990', 'Visa', 3],
    ['3589123400000009', '35891234', 'JCB', 3],
    ['358912', undefined, 'JCB', 3],
    ['5555555555554444', undefined, 'Mastercard', 3],
    ['2221000000000009', undefined, 'Mastercard', 3],
    ['378282246310005', undefined, 'American Express', 4],
    ['30569309025904', undefined, 'Diners Club', 3],
  ]
  for (const [digits, prefix, brand, code] of table) {
    assert.equal(issuerOf(digits, ranges)?.prefix, prefix, digits)
    assert.equal(brandOf(digits), brand, digits)
    assert.equal(codeLength(digits), code, digits)
  }
})

const plan = (method: string, amounts: readonly string[], fee: string, total: string): PlanView => ({
  method,
  payments: amounts.map((amount, month) => ({ due: `2027-0${month + 1}-27`, amount })),
  fee,
  total,
})

test('what a way to repay costs is said in one line: each payment, the fee, the sum, the first day', () => {
  const table: readonly (readonly [PlanView, name: string, en: string, ja: string])[] = [
    [plan('lump', ['3600'], '0', '3600'), 'One payment', '¥3,600 on 27 Jan 2027', '2027年1月27日に3,600円'],
    [
      plan('instalments-3', ['1234', '1234', '1234'], '102', '3702'),
      '3 payments',
      '3 × ¥1,234 · fee ¥102 · total ¥3,702, first on 27 Jan 2027',
      '1,234円 × 3回・手数料102円・合計3,702円・初回2027年1月27日',
    ],
    [
      plan('instalments-3', ['1236', '1234', '1234'], '0', '3704'),
      '3 payments',
      '¥1,236 + 2 × ¥1,234 · no fee · total ¥3,704, first on 27 Jan 2027',
      '1,236円 + 1,234円 × 2回・手数料なし・合計3,704円・初回2027年1月27日',
    ],
    [
      plan('part-bonus-3', ['600', '2600', '600'], '200', '3800'),
      '3 payments, partly by bonus',
      '2 × ¥600 + ¥2,600 · fee ¥200 · total ¥3,800, first on 27 Jan 2027',
      '600円 × 2回 + 2,600円・手数料200円・合計3,800円・初回2027年1月27日',
    ],
    [
      plan('revolving', ['5125', '5063'], '188', '10188'),
      'Revolving',
      '¥5,125 on 27 Jan 2027, then less each month, 2 in all · fee ¥188 · total ¥10,188',
      '初回2027年1月27日に5,125円、以後少しずつ減ります（全2回）・手数料188円・合計10,188円',
    ],
  ]
  for (const [each, name, en, ja] of table) {
    assert.equal(methodText(each.method, cardWords.en), name)
    assert.equal(costText(each, 'JPY', 'en'), en)
    assert.equal(costText(each, 'JPY', 'ja'), ja)
  }
  assert.equal(methodText('bonus', cardWords.ja), 'ボーナス一括払い')
  assert.equal(methodText('instalments-99', cardWords.en), 'instalments-99', 'what this wallet does not know')
})

test('a plan is the same only with the same days, amounts, fee and sum', () => {
  const shown = plan('instalments-3', ['1234', '1234', '1234'], '102', '3702')
  assert.ok(isSamePlan(shown, structuredClone(shown)))
  const [first, ...rest] = shown.payments
  const others: readonly Partial<PlanView>[] = [
    { fee: '103' },
    { total: '3703' },
    { payments: rest },
    { payments: [{ due: '2027-02-27', amount: first?.amount ?? '' }, ...rest] },
    { payments: [{ due: first?.due ?? '', amount: '1233' }, ...rest] },
  ]
  for (const change of others) assert.ok(!isSamePlan(shown, { ...shown, ...change }), JSON.stringify(change))
})

const bill = { unit: 'JPY', total: '3600', lines: [] }
const card = (change: Partial<CardRow> = {}): CardRow => ({
  id: `mns_${'1'.repeat(32)}`,
  label: 'Tanuki Card ···0011',
  name: null,
  last4: '0011',
  expires: '2029-12',
  issuer: { code: '0001', name: 'Tanuki Card', nameJa: 'タヌキカード', colour: '#264b7a' },
  unit: 'JPY',
  status: 'active',
  why: null,
  isDefault: false,
  madeAt: 0,
  ...change,
})
const known = (cards: readonly CardRow[], banks: Known['banks'] = []): Known => ({
  about: '',
  rates: [],
  banks,
  cards,
  areCardsAway: false,
  methods: NO_METHODS,
})
const has = (balance: string) => [
  { account: '00112345674', unit: 'JPY', status: 'open', balance, arriving: '0' } as const,
]
const bank = {
  id: `mns_${'9'.repeat(32)}`,
  label: 'Tanuki Bank ···567',
  bank: '0310',
  unit: 'JPY',
  isInstant: true,
  status: 'active',
  why: null,
  madeAt: 0,
} as const

test('cards stand behind everything else, the preferred one first, and only those that can pay this bill', () => {
  const cards = [
    card({ id: 'mns_a' }),
    card({ id: 'mns_b', isDefault: true }),
    card({ id: 'mns_c', status: 'expired' }),
    card({ id: 'mns_d', status: 'suspended' }),
    card({ id: 'mns_e', unit: 'USD' }),
  ]
  const options = optionsFor(known(cards, [bank]), has('100'), bill, 0)
  assert.deepEqual(options.map(keyOf), ['account', `bank ${bank.id}`, 'card mns_b', 'card mns_a'])
})

test('a card is suggested where nothing else is enough, and the wallet never chooses one', () => {
  const table: readonly (readonly [balance: string, Known, best: string | undefined, offered: string | undefined])[] = [
    ['5000', known([card()]), 'account', undefined],
    ['100', known([card()]), undefined, card().id],
    ['100', known([card({ id: 'mns_a' }), card({ id: 'mns_b', isDefault: true })]), undefined, 'mns_b'],
    ['100', known([card()], [bank]), `bank ${bank.id}`, undefined],
    ['100', known([card({ status: 'expired' })]), undefined, undefined],
    ['100', known([]), undefined, undefined],
  ]
  for (const [balance, what, best, offered] of table) {
    const options = optionsFor(what, has(balance), bill, 0)
    const taken = bestOf(options)
    assert.equal(taken && keyOf(taken), best, balance)
    assert.equal(cardToOffer(options)?.id, offered, balance)
  }
})

const means = (change: Partial<Extract<MeansView, { kind: 'card' }>> = {}): MeansView => ({
  kind: 'card',
  id: 'mns_a',
  label: 'Tanuki Card ···0011',
  method: 'lump',
  oneTime: false,
  refused: null,
  reference: null,
  ...change,
})

test('with a card nothing is missing in the account; another card, another method or a number for once is another approval', () => {
  assert.equal(missingNow(has('100'), { bill, means: means() }).amount, 0n)
  assert.ok(!isOtherMeans(means(), means({ refused: 'no-answer', reference: '1/2' })))
  const others: readonly MeansView[] = [
    means({ id: 'mns_b' }),
    means({ method: 'instalments-3' }),
    means({ oneTime: true }),
    { kind: 'account' },
  ]
  for (const other of others) assert.ok(isOtherMeans(means(), other), JSON.stringify(other))
})

const ID = `pay_${'0'.repeat(32)}`
/** Border: what these functions do not look at is left out. */
const view = (version: number, paidWith: MeansView): PaymentView =>
  ({
    payment: ID,
    version,
    billVersion: 1,
    state: 'joined',
    bill,
    question: null,
    challenge: null,
    biller: { name: 'Marubeni Bakery' },
    answered: null,
    means: paidWith,
  }) as unknown as PaymentView

test('another method takes the PIN sheet away and is no rate that ran out; what has changed at the issuer is said', () => {
  const shown = opened(firstState('own'), ID, view(1, means()))
  const typing: State = {
    ...shown,
    current: shown.current && { ...shown.current, isChoosing: true, proof: { step: 'approve', problem: null } },
  }
  const other = paymentArrived(typing, view(2, means({ method: 'instalments-3' })))
  assert.deepEqual([other.current?.renewed, other.current?.proof], [null, null])
  const told = paymentArrived(typing, view(2, means({ refused: 'over-card-limit' })))
  assert.equal(told.current?.proof?.step, 'approve', 'the same card by the same method is the same approval')

  const unread = problemOf('card-not-accepted')
  const table: readonly (readonly [Standing, renewed: string | null, problem: string | undefined])[] = [
    ['same', null, undefined],
    ['changed', 'terms', undefined],
    ['gone', 'gone', undefined],
    [{ problem: unread }, null, 'card-not-accepted'],
  ]
  for (const [standing, renewed, problem] of table) {
    const { current } = standingKnown(typing, ID, standing)
    assert.deepEqual([current?.isChoosing, current?.renewed, current?.problem?.code], [false, renewed, problem])
  }
  assert.equal(standingKnown(typing, 'another', 'gone'), typing)

  // Border: a command's answer that has no view.
  const late = { ok: false, view: null, problem: problemOf('means-changed') } as unknown as SendOutcome
  const refused = stepAnswered(typing, ID, 'approve', late)
  assert.deepEqual([refused.current?.renewed, refused.current?.problem], ['terms', null])
})

test('the ink on a card’s face is the one of the two that is read better', () => {
  const table: readonly (readonly [colour: string, ink: string])[] = [
    ['#000000', '#ffffff'],
    ['#264b7a', '#ffffff'],
    ['#c73e1d', '#ffffff'],
    ['#8fb6e8', '#1b1a17'],
    ['#ffffff', '#1b1a17'],
  ]
  for (const [colour, ink] of table) assert.equal(inkOn(colour), ink, colour)
  assert.equal(monthShown('2029-12'), '12/29')
})
