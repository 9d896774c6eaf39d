// What a bill can be paid with, as the wallet reckons it, and what becomes of a quote that ran out. Values in, values out.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  bestOf,
  isOtherMeans,
  isShort,
  keyOf,
  missingNow,
  optionsFor,
  wantedOf,
  type Known,
} from '#apps/wallet/means.ts'
import {
  choiceSettled,
  choosingAnswered,
  choosingBegan,
  firstState,
  isSettling,
  opened,
  paymentArrived,
  stepAnswered,
  stepBegan,
  type State,
} from '#apps/wallet/state.ts'
import { NO_METHODS } from '#apps/wallet/methods.ts'
import { problemOf, type ProblemCode } from '#protocol/problems.ts'
import type { BalanceView, MeansView, PaymentView } from '#protocol/views.ts'
import type { SendOutcome } from '#sdk/outcome.ts'

const bill = { unit: 'JPY', total: '680', lines: [] }
const has = (unit: string, balance: string, change: Partial<BalanceView> = {}): BalanceView => ({
  account: '00112345674',
  unit,
  status: 'open',
  balance,
  arriving: '0',
  ...change,
})
const rate = (from: string, price: string, until = 100) => ({ from, to: 'JPY', price, spread: 100, until })
const known = (change: Partial<Known> = {}): Known => ({
  about: '',
  rates: [rate('USD', '148.5'), rate('EUR', '160')],
  banks: [],
  cards: [],
  areCardsAway: false,
  methods: NO_METHODS,
  ...change,
})
const bank = (change: Partial<Known['banks'][number]> = {}): Known['banks'][number] => ({
  id: `mns_${'0'.repeat(32)}`,
  label: 'Tanuki Bank ···567',
  bank: '0310',
  unit: 'JPY',
  isInstant: true,
  status: 'active',
  why: null,
  madeAt: 0,
  ...change,
})

test('the account is first, then money in other currencies that has a rate, then banks; the first that is enough is taken', () => {
  type Case = readonly [balances: readonly BalanceView[], known: Known, options: string, best: string | undefined]
  const table: readonly Case[] = [
    [[has('JPY', '700')], known(), 'account', 'account'],
    [[has('JPY', '600')], known(), 'account', undefined],
    [[has('JPY', '600'), has('USD', '500')], known(), 'account, exchange USD', 'exchange USD'],
    [[has('JPY', '600'), has('USD', '400')], known(), 'account, exchange USD', undefined],
    [[has('JPY', '600', { arriving: '80' }), has('USD', '500')], known(), 'account, exchange USD', 'account'],
    [[has('USD', '458')], known(), 'exchange USD', 'exchange USD'],
    [[has('USD', '457')], known(), 'exchange USD', undefined],
    [[has('USD', '400', { arriving: '58' })], known(), 'exchange USD', 'exchange USD'],
    [[has('USD', '10'), has('EUR', '9999')], known(), 'exchange USD, exchange EUR', 'exchange EUR'],
    [[has('USD', '9999', { status: 'frozen' })], known(), '', undefined],
    [[has('GBP', '9999')], known(), '', undefined],
    [[has('USD', '9999')], known({ rates: [rate('USD', '148.5', 50)] }), '', undefined],
    [[has('USD', '9999')], known({ rates: [{ ...rate('USD', '1.2'), to: 'EUR' }] }), '', undefined],
    [[has('JPY', '1')], known({ banks: [bank()] }), 'account, bank', 'bank'],
    [[has('JPY', '1')], known({ banks: [bank({ status: 'suspended' })] }), 'account', undefined],
    [[has('JPY', '1')], known({ banks: [bank({ unit: 'EUR' })] }), 'account', undefined],
  ]
  for (const [balances, what, options, best] of table) {
    const found = optionsFor(what, balances, bill, 50)
    const named = (key: string): string => key.replace(/^bank .*/u, 'bank')
    assert.equal(found.map((option) => named(keyOf(option))).join(', '), options)
    const first = bestOf(found)
    assert.equal(first && named(keyOf(first)), best, options)
  }
  const [dollars] = optionsFor(known(), [has('USD', '500')], bill, 50)
  assert.ok(dollars?.kind === 'exchange')
  assert.deepEqual([dollars.amount, wantedOf(dollars)], [458n, { kind: 'exchange', unit: 'USD' }])
})

const exchange = (amount: string, price = '148.5', until = 100): MeansView => ({
  kind: 'exchange',
  unit: 'USD',
  amount,
  price,
  until,
})

test('what is missing is missing in the currency that would pay', () => {
  const short = (means: MeansView, ...balances: BalanceView[]) => missingNow(balances, { bill, means })
  assert.deepEqual(short({ kind: 'account' }, has('JPY', '600')), { amount: 80n, unit: 'JPY' })
  assert.deepEqual(short(exchange('458'), has('JPY', '600'), has('USD', '400')), { amount: 58n, unit: 'USD' })
  assert.equal(short(exchange('458'), has('USD', '458')).amount, 0n)
  assert.equal(short({ kind: 'bank', id: 'x', label: 'x', refused: null }, has('JPY', '0')).amount, 0n)
  assert.deepEqual(
    [isShort([], bill), isShort([has('JPY', '679')], bill), isShort([has('JPY', '680')], bill)],
    [true, true, false],
  )
})

test('a quote renewed at the same figures is the same; another amount, price or means is another', () => {
  assert.equal(isOtherMeans(exchange('458'), exchange('458', '148.5', 999)), false)
  assert.equal(isOtherMeans(exchange('458'), exchange('459')), true)
  assert.equal(isOtherMeans(exchange('458'), exchange('458', '148.6')), true)
  assert.equal(isOtherMeans({ kind: 'account' }, exchange('458')), true)
  assert.equal(isOtherMeans({ kind: 'account' }, { kind: 'account' }), false)
})

const ID = `pay_${'0'.repeat(32)}`
/** Border: what these functions do not look at is left out. */
const view = (version: number, means: MeansView, billVersion = 1): PaymentView =>
  ({
    payment: ID,
    version,
    billVersion,
    state: 'joined',
    bill,
    question: null,
    challenge: null,
    biller: { name: 'Marubeni Bakery' },
    answered: null,
    means,
  }) as unknown as PaymentView
const start: State = {
  ...firstState('own'),
  inbox: { balances: [has('USD', '500')], payments: [], provedAt: 0 },
}
const outcome = (code: ProblemCode | null, seen: PaymentView | null): SendOutcome =>
  ({
    ok: code === null,
    view: seen && { payment: seen },
    ...(code !== null && { problem: problemOf(code) }),
  }) as unknown as SendOutcome

test('while it is found out what to pay with nothing can be approved, and each version of a bill is looked at once', () => {
  const joined = opened(start, ID, view(1, { kind: 'account' }))
  assert.equal(isSettling(joined, view(1, { kind: 'account' })), true)
  const settled = choiceSettled(joined, ID, 1)
  assert.equal(isSettling(settled, view(1, { kind: 'account' })), false)
  const choosing = choosingBegan(settled, 'quietly')
  assert.equal(isSettling(choosing, view(1, { kind: 'account' })), true)
  const chosen = choosingAnswered(choosing, ID, outcome(null, view(2, exchange('458'))), 'quietly')
  assert.deepEqual([chosen.current?.isChoosing, chosen.current?.renewed], [false, null])
  const changed = paymentArrived(chosen, view(3, { kind: 'account' }, 2))
  assert.equal(isSettling(changed, view(3, { kind: 'account' }, 2)), true)
})

test('a rate that ran out takes the PIN sheet away and says that the amount is new, or that it is the same', () => {
  const shown = opened(start, ID, view(2, exchange('458')))
  const typing: State = {
    ...shown,
    current: shown.current && { ...shown.current, proof: { step: 'approve', problem: null } },
  }
  const quietly = paymentArrived(typing, view(3, exchange('458', '148.5', 999)))
  assert.deepEqual([quietly.current?.renewed, quietly.current?.proof?.step], [null, 'approve'])
  const dearer = paymentArrived(typing, view(3, exchange('491', '138.6', 999)))
  assert.deepEqual([dearer.current?.renewed, dearer.current?.proof], ['changed', null])

  // the hub said no to the approval: the person hears why she is asked once more
  const refused = stepAnswered(stepBegan(typing, 'approve'), ID, 'approve', outcome('rate-expired', null))
  assert.deepEqual([refused.current?.problem, refused.current?.proof, refused.current?.sending], [null, null, null])
  const same = choosingAnswered(
    choosingBegan(refused, 'told'),
    ID,
    outcome(null, view(3, exchange('458', '148.5', 999))),
    'told',
  )
  assert.equal(same.current?.renewed, 'same')
  const other = choosingAnswered(
    choosingBegan(refused, 'told'),
    ID,
    outcome(null, view(3, exchange('491', '138.6'))),
    'told',
  )
  assert.equal(other.current?.renewed, 'changed')
  const none = choosingAnswered(choosingBegan(refused, 'told'), ID, outcome('rate-missing', null), 'told')
  assert.equal(none.current?.problem?.code, 'rate-missing')
  const fallen = choosingAnswered(choosingBegan(none, 'told'), ID, outcome(null, view(3, { kind: 'account' })), 'told')
  assert.deepEqual([fallen.current?.problem?.code, fallen.current?.renewed], ['rate-missing', null])
  const signedTooEarly = stepAnswered(
    stepBegan(typing, 'approve'),
    ID,
    'approve',
    outcome('means-changed', view(3, exchange('491', '138.6'))),
  )
  assert.equal(signedTooEarly.current?.renewed, 'changed')
})
