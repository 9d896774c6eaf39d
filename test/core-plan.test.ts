// Plans: what a purchase by card costs, and when it is paid.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseMethod, type Method } from '#core/method.ts'
import { parseTerms, planOf, termsWire, type PlanTerms } from '#core/plan.ts'

const TERMS: PlanTerms = {
  unit: 'JPY',
  closesOn: 31,
  dueOn: 27,
  instalments: { counts: [2, 3, 6, 10, 12, 24, 60], freeCounts: [2], yearlyRate: 1500, smallest: 1_000n },
  bonus: {
    periods: [
      { month: 8, from: 1216, to: 615 },
      { month: 1, from: 716, to: 1115 },
    ],
    smallest: 5_000n,
  },
  partBonus: { counts: [3, 6, 12], smallest: 20_000n },
  revolving: { monthly: 5_000n, yearlyRate: 1500, smallest: 1_000n },
}
const method = (text: string): Method => parseMethod(text) ?? assert.fail(text)

/** due:amount … fee */
function said(text: string, amount: bigint, day: number, terms: PlanTerms = TERMS): string {
  const plan = planOf(method(text), amount, terms, day)
  if (plan === undefined) return 'none'
  return `${plan.payments.map((payment) => `${payment.due}:${payment.amount}`).join(' ')} fee ${plan.fee}`
}

test('each method, by value', () => {
  const table: readonly (readonly [string, bigint, number, string])[] = [
    ['lump', 1n, 20261203, '20270127:1 fee 0'],
    ['instalments-2', 1_001n, 20261203, '20270127:501 20270227:500 fee 0'],
    ['instalments-3', 10_000n, 20261203, '20270127:3417 20270227:3417 20270327:3417 fee 251'],
    ['instalments-3', 3_600n, 20261203, '20270127:1230 20270227:1230 20270327:1230 fee 90'],
    ['instalments-3', 999n, 20261203, 'none'],
    ['instalments-4', 10_000n, 20261203, 'none'],
    ['bonus', 10_000n, 20261203, 'none'],
    ['bonus', 10_000n, 20261216, '20270827:10000 fee 0'],
    ['bonus', 10_000n, 20270101, '20270827:10000 fee 0'],
    ['bonus', 10_000n, 20270615, '20270827:10000 fee 0'],
    ['bonus', 10_000n, 20270616, 'none'],
    ['bonus', 10_000n, 20270715, 'none'],
    ['bonus', 10_000n, 20270716, '20280127:10000 fee 0'],
    ['bonus', 10_000n, 20271115, '20280127:10000 fee 0'],
    ['bonus', 10_000n, 20271116, 'none'],
    ['bonus', 4_999n, 20270716, 'none'],
    // half in January, the rest in three: 30,000 / 2, and 1.25 % of it for one month
    ['part-bonus-3', 30_000n, 20261203, '20270127:20313 20270227:5125 20270327:5125 fee 563'],
    // no month of bonuses among February, March, April
    ['part-bonus-3', 30_000n, 20270103, 'none'],
    ['part-bonus-3', 19_999n, 20261203, 'none'],
    ['revolving', 12_000n, 20261203, '20270127:5150 20270227:5087 20270327:2025 fee 262'],
    ['revolving', 5_000n, 20261203, '20270127:5062 fee 62'],
    ['revolving', 999n, 20261203, 'none'],
    ['lump', 0n, 20261203, 'none'],
    ['lump', -1n, 20261203, 'none'],
  ]
  for (const [text, amount, day, plan] of table) assert.equal(said(text, amount, day), plan, `${text} ${amount} ${day}`)
})

test('the fee of instalments is what issuers publish for 100 yen at 15.00 % a year', () => {
  // The table of a Japanese issuer (POCKET CARD), in yen and hundredths.
  for (const [count, published] of [
    [3, 251n],
    [6, 442n],
    [10, 700n],
    [12, 831n],
    [24, 1637n],
  ] as const) {
    const { fee } = planOf(`instalments-${count}`, 1_000_000n, TERMS, 20261203) ?? assert.fail()
    assert.equal((fee + 50n) / 100n, published, `${count} payments`)
  }
})

test('statements close and fall due on their days, also in short months', () => {
  const on = (closesOn: number, dueOn: number): PlanTerms => ({ ...TERMS, closesOn, dueOn })
  const table: readonly (readonly [number, number, number, string])[] = [
    [31, 27, 20261231, '20270127:1 fee 0'],
    [31, 31, 20270131, '20270228:1 fee 0'],
    [31, 31, 20280131, '20280229:1 fee 0'],
    [31, 27, 20270228, '20270327:1 fee 0'],
    [15, 10, 20261215, '20270110:1 fee 0'],
    [15, 10, 20261216, '20270210:1 fee 0'],
    [28, 10, 20270228, '20270310:1 fee 0'],
    [30, 10, 20270228, '20270310:1 fee 0'],
    [20, 10, 20270131, '20270310:1 fee 0'],
  ]
  for (const [closesOn, dueOn, day, plan] of table)
    assert.equal(said('lump', 1n, day, on(closesOn, dueOn)), plan, `${closesOn} ${dueOn} ${day}`)
})

test('what an issuer does not have is offered for nothing', () => {
  const none = { ...TERMS, instalments: null, bonus: null, partBonus: null, revolving: null }
  for (const text of ['instalments-3', 'bonus', 'part-bonus-6', 'revolving'])
    assert.equal(said(text, 100_000n, 20261220, none), 'none')
  assert.equal(said('part-bonus-6', 100_000n, 20261220, { ...TERMS, bonus: null }), 'none')
  assert.equal(said('part-bonus-6', 100_000n, 20261220, { ...TERMS, instalments: null }), 'none')
  const free = { ...TERMS, instalments: { ...(TERMS.instalments ?? assert.fail()), yearlyRate: 0 } }
  assert.equal(said('instalments-3', 3_000n, 20261203, free), '20270127:1000 20270227:1000 20270327:1000 fee 0')
})

test('of any amount, day and method: the payments are the total, the fee is what is above the amount, and nothing is due before', () => {
  const methods = fc.constantFrom(
    ...['lump', 'instalments-2', 'instalments-3', 'instalments-60', 'bonus', 'part-bonus-12', 'revolving'].map(method),
  )
  const day = fc.date({ min: new Date('2026-01-01'), max: new Date('2031-01-01'), noInvalidDate: true })
  fc.assert(
    fc.property(methods, fc.bigInt(1n, 999_999_999_999n), day, (of, amount, date) => {
      const bought = Number(date.toISOString().slice(0, 10).replaceAll('-', ''))
      const plan = planOf(of, amount, TERMS, bought)
      if (plan === undefined) return
      const dues = plan.payments.map(({ due }) => due)
      assert.equal(
        plan.payments.reduce((sum, payment) => sum + payment.amount, 0n),
        plan.total,
      )
      assert.equal(plan.total - plan.fee, amount)
      assert.ok(plan.fee >= 0n && plan.payments.every((payment) => payment.amount > 0n))
      assert.ok(plan.payments.length <= 60 && dues.every((due) => due > bought))
      assert.deepEqual(
        dues,
        dues.toSorted((left, right) => left - right),
      )
      assert.equal(new Set(dues).size, dues.length)
    }),
    { numRuns: 400 },
  )
})

test('terms are read as they were written, and nothing else is', () => {
  const wire: unknown = JSON.parse(JSON.stringify(termsWire(TERMS)))
  assert.deepEqual(parseTerms(wire), TERMS)
  const none = { ...TERMS, instalments: null, bonus: null, partBonus: null, revolving: null }
  assert.deepEqual(parseTerms(JSON.parse(JSON.stringify(termsWire(none)))), none)
  const right = termsWire(TERMS)
  const { dueOn: _dueOn, ...lacking } = right
  const wrong: readonly unknown[] = [
    null,
    'terms',
    [],
    lacking,
    { ...right, more: 1 },
    { ...right, unit: 'yen' },
    { ...right, closesOn: 0 },
    { ...right, dueOn: 32 },
    { ...right, dueOn: '27' },
    { ...right, instalments: undefined },
    { ...right, instalments: {} },
    { ...right, instalments: { ...right.instalments, counts: [1] } },
    { ...right, instalments: { ...right.instalments, counts: [61] } },
    { ...right, instalments: { ...right.instalments, counts: [3, 3] } },
    { ...right, instalments: { ...right.instalments, counts: '3' } },
    { ...right, instalments: { ...right.instalments, yearlyRate: -1 } },
    { ...right, instalments: { ...right.instalments, yearlyRate: 10_001 } },
    { ...right, instalments: { ...right.instalments, yearlyRate: 0.5 } },
    { ...right, instalments: { ...right.instalments, smallest: 1000 } },
    { ...right, bonus: { periods: [], smallest: '1' } },
    { ...right, bonus: { periods: [{ month: 13, from: 101, to: 201 }], smallest: '1' } },
    { ...right, bonus: { periods: [{ month: 8, from: 132, to: 201 }], smallest: '1' } },
    { ...right, bonus: { periods: [{ month: 8, from: 101 }], smallest: '1' } },
    { ...right, partBonus: { counts: [6] } },
    { ...right, revolving: { ...right.revolving, monthly: '0' } },
    { ...right, revolving: { ...right.revolving, monthly: '-5' } },
  ]
  for (const sent of wrong) assert.equal(parseTerms(sent), undefined, JSON.stringify(sent))
})
