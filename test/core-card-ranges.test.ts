// Ranges of card numbers and what merchants take: the longest prefix counts, in any order; a day opens and closes the bonus.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import {
  isMonthDay,
  issuerOf,
  methodsOn,
  overlapsOf,
  prefixesTwice,
  takesAny,
  touches,
  type TakenMethods,
} from '#core/card-ranges.ts'

const RANGES = [
  { prefix: '45719', issuer: '0001' },
  { prefix: '4571991234', issuer: '0003' },
  { prefix: '457199', issuer: '0002' },
  { prefix: '35891234', issuer: '0004' },
]

test('the longest range that a number begins with says whose it is', () => {
  for (const [digits, issuer] of [
    ['4571900000000000', '0001'],
    ['4571990000000000', '0002'],
    ['4571991234000000', '0003'],
    ['4571991235000000', '0002'],
    ['3589123400000000', '0004'],
    ['3589123500000000', undefined],
    ['45718', undefined],
    ['45719', '0001'],
    ['', undefined],
  ] as const)
    assert.equal(issuerOf(RANGES, digits), issuer, digits)
})

test('the order of the table changes nothing', () => {
  const shuffled = fc.shuffledSubarray(RANGES, { minLength: RANGES.length, maxLength: RANGES.length })
  const ends = fc.integer({ min: 0, max: 9_999_999 }).map((end) => `4571991${String(end).padStart(7, '0')}`)
  fc.assert(
    fc.property(shuffled, ends, (ranges, digits) => {
      assert.equal(issuerOf(ranges, digits), issuerOf(RANGES, digits))
      assert.deepEqual(overlapsOf(ranges), overlapsOf(RANGES))
    }),
  )
})

test('the same prefix twice is named; ranges within another issuer’s are shown, with the nearest one around them', () => {
  assert.deepEqual(prefixesTwice(RANGES), [])
  assert.deepEqual(prefixesTwice([...RANGES, { prefix: '457199', issuer: '0001' }]), ['457199'])
  assert.deepEqual(overlapsOf(RANGES), [
    { prefix: '457199', issuer: '0002', within: '45719', of: '0001' },
    { prefix: '4571991234', issuer: '0003', within: '457199', of: '0002' },
  ])
  assert.deepEqual(overlapsOf([...RANGES, { prefix: '4571990', issuer: '0002' }]).length, 2, 'an issuer within itself')
})

test('a prefix touches a range that it is within, or that is within it', () => {
  for (const [prefix, does] of [
    ['457198', true],
    ['45719912', true],
    ['4571', true],
    ['35891239', false],
    ['358912', true],
    ['457298', false],
  ] as const)
    assert.equal(touches(RANGES, prefix), does, prefix)
})

const ALL: TakenMethods = {
  lump: true,
  instalments: [3, 12],
  bonus: [
    { from: 1216, to: 615 },
    { from: 716, to: 1115 },
  ],
  partBonus: [6],
  revolving: true,
}
const NOTHING: TakenMethods = { lump: false, instalments: [], bonus: [], partBonus: [], revolving: false }

test('methods are those of the day: a bonus within its period, both ends included, over a year’s end too', () => {
  const rest = ['lump', 'instalments-3', 'instalments-12', 'part-bonus-6', 'revolving']
  for (const [day, hasBonus] of [
    ['2026-12-15', false],
    ['2026-12-16', true],
    ['2026-12-31', true],
    ['2027-01-01', true],
    ['2027-06-15', true],
    ['2027-06-16', false],
    ['2027-07-16', true],
    ['2027-11-15', true],
    [20271116, false],
    [20280229, true],
  ] as const) {
    const methods = methodsOn({ methods: ALL }, day)
    assert.equal(methods.includes('bonus'), hasBonus, String(day))
    assert.deepEqual(
      methods.filter((method) => method !== 'bonus'),
      rest,
    )
  }
  assert.deepEqual(methodsOn({ methods: NOTHING }, '2026-12-16'), [])
  assert.equal(takesAny(ALL), true)
  assert.equal(takesAny(NOTHING), false)
  assert.equal(takesAny({ ...NOTHING, bonus: ALL.bonus }), true)
})

test('a month and a day are those that some year has', () => {
  for (const [date, is] of [
    [101, true],
    [1231, true],
    [229, true],
    [230, false],
    [431, false],
    [1301, false],
    [100, false],
    [0, false],
    [101.5, false],
  ] as const)
    // prettier-ignore
    assert.equal(isMonthDay(date), is, String(date))
})
