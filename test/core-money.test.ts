// Amounts: what comes over the wire, what people type, what they read, and dividing without losing a yen.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { CURRENCIES } from '#core/currencies.ts'
import {
  MAX_AMOUNT,
  allocate,
  decimalOf,
  exponentOf,
  formatAmount,
  formatParts,
  numericOf,
  parseAmount,
  parseTyped,
  sum,
  unitOf,
} from '#core/money.ts'
import type { Unit } from '#core/money.ts'

const unit = (code: string): Unit => {
  const found = unitOf(code)
  assert(found, code)
  return found
}
const UNITS = [...CURRENCIES.keys()].map(unit)
const amounts = fc.bigInt({ min: 0n, max: MAX_AMOUNT })

/** Only the digits of a text, in Western form, whatever digits the locale writes. */
const westernDigits = (text: string, locale: string): string => {
  const written = new Intl.NumberFormat(locale, { useGrouping: false }).format(9876543210n)
  const ten = Array.from(written).toReversed()
  return Array.from(text)
    .flatMap((character) => (ten.includes(character) ? [String(ten.indexOf(character))] : []))
    .join('')
}

test('the table is ISO 4217 as it stands: 165 currencies, each code and number once', () => {
  assert.equal(CURRENCIES.size, 165)
  const numbers = [...CURRENCIES.values()].map((currency) => currency.numeric)
  assert.equal(new Set(numbers).size, 165)
  for (const [code, { numeric }] of CURRENCIES) assert.match(code + numeric, /^[A-Z]{3}[0-9]{3}$/)

  const counts = [0, 1, 2, 3, 4].map((exponent) => UNITS.filter((one) => exponentOf(one) === exponent).length)
  assert.deepEqual(counts, [17, 0, 139, 7, 2])

  const exponents =
    'JPY0 KRW0 ISK0 UGX0 VND0 UYI0 EUR2 USD2 MGA2 MRU2 XAD2 XCG2 ZWG2 VED2 SLE2 HUF2 IQD3 KWD3 CLF4 UYW4'
  for (const entry of exponents.split(' ')) assert.equal(exponentOf(unit(entry.slice(0, 3))), Number(entry[3]), entry)
  const numerics = 'JPY392 EUR978 USD840 XCG532 ALL008 XAD396 ZWG924'
  for (const entry of numerics.split(' ')) assert.equal(numericOf(unit(entry.slice(0, 3))), entry.slice(3))

  for (const gone of ['BGN', 'HRK', 'ANG', 'CUC', 'SLL', 'ZWL', 'XXX', 'XTS', 'XAU', 'XDR', 'jpy', 'YEN', '']) {
    assert.equal(unitOf(gone), undefined, gone)
  }
})

test('every currency that the engine has heard of and ISO has not dropped is in the table', () => {
  const withoutDecimals = ['XAG', 'XAU', 'XBA', 'XBB', 'XBC', 'XBD', 'XDR', 'XPD', 'XPT', 'XSU', 'XTS', 'XUA', 'XXX']
  const dropped = ['ANG', 'BGN', 'CUC', 'HRK', 'SLL', 'STD', 'VEF', 'ZWL', 'MRO', 'BYR']
  const known = Intl.supportedValuesOf('currency').filter((code) => ![...withoutDecimals, ...dropped].includes(code))
  assert.deepEqual(
    known.filter((code) => !CURRENCIES.has(code)),
    [],
  )
})

test('an amount on the wire has one spelling', () => {
  for (const [text, amount] of [
    ['0', 0n],
    ['1280', 1280n],
    ['999999999999999999', MAX_AMOUNT],
  ] as const) {
    assert.equal(parseAmount(text), amount)
  }
  for (const wrong of [
    '',
    '01',
    '-1',
    '+1',
    '1.0',
    '1e3',
    ' 1',
    '1\n',
    '１',
    '0x1',
    '1000000000000000000',
    1,
    1n,
    null,
  ]) {
    assert.equal(parseAmount(wrong), undefined, String(wrong))
  }
})

test('what a person types is read in one way or not at all', () => {
  for (const [text, code, amount] of [
    ['1280', 'JPY', 1280n],
    ['1,280', 'JPY', 1280n],
    ['１，２８０', 'JPY', 1280n],
    ['1、280', 'JPY', 1280n],
    [' 007 ', 'JPY', 7n],
    ['0', 'JPY', 0n],
    ['12.50', 'EUR', 1250n],
    ['12.5', 'EUR', 1250n],
    ['12.', 'EUR', 1200n],
    ['.5', 'EUR', 50n],
    ['１２．５０', 'EUR', 1250n],
    ['12。5', 'EUR', 1250n],
    ['1,234,567.89', 'USD', 123_456_789n],
    ['1,00,000', 'INR', 10_000_000n],
    ['1.280', 'KWD', 1280n],
    ['1,280', 'KWD', 1_280_000n],
    ['9999999999999999.99', 'EUR', MAX_AMOUNT],
  ] as const) {
    assert.equal(parseTyped(text, unit(code)), amount, `${text} ${code}`)
  }
  for (const [text, code] of [
    ['', 'JPY'],
    ['.', 'EUR'],
    [',', 'EUR'],
    ['12.5', 'JPY'],
    ['1.280', 'JPY'],
    ['1.280', 'EUR'],
    ['12,50', 'EUR'],
    ['1,2,3', 'JPY'],
    [',280', 'JPY'],
    ['1,280,', 'JPY'],
    ['1.2.3', 'KWD'],
    ['1.2,345', 'CLF'],
    ['-5', 'JPY'],
    ['+5', 'JPY'],
    ['5e3', 'JPY'],
    ['五', 'JPY'],
    ['٥', 'JPY'],
    ['1 280', 'JPY'],
    ['1000000000000000000', 'JPY'],
    ['10000000000000000.00', 'EUR'],
    ['9'.repeat(10_000), 'JPY'],
  ] as const) {
    assert.equal(parseTyped(text, unit(code)), undefined, `${text.slice(0, 30)} ${code}`)
  }
})

test('what is written plainly reads back as the same amount in every currency', () => {
  fc.assert(
    fc.property(fc.constantFrom(...UNITS), amounts, (one, amount) => {
      assert.equal(parseTyped(decimalOf({ unit: one, amount }), one), amount)
      assert.equal(parseAmount(amount.toString()), amount)
    }),
  )
  assert.equal(decimalOf({ unit: unit('EUR'), amount: -5n }), '-0.05')
  assert.equal(decimalOf({ unit: unit('CLF'), amount: 12_345n }), '1.2345')
})

test('people read the amount as their locale writes it', () => {
  for (const [code, amount, locale, text] of [
    ['JPY', 1280n, 'ja', '1,280円'],
    ['JPY', 1280n, 'ja-JP', '1,280円'],
    ['JPY', 1280n, 'en', '¥1,280'],
    ['EUR', -1250n, 'ja', '-€12.50'],
    ['EUR', 125_000n, 'de', '1.250,00\u00a0€'],
    ['KWD', 1280n, 'en', 'KWD\u00a01.280'],
    ['UGX', 1000n, 'en', 'UGX\u00a01,000'],
    ['IQD', 1500n, 'en', 'IQD\u00a01.500'],
    ['CLF', 12_345n, 'en', 'CLF\u00a01.2345'],
    ['EUR', MAX_AMOUNT, 'en', '€9,999,999,999,999,999.99'],
    ['INR', 10_000_000n, 'en-IN', '₹1,00,000.00'],
  ] as const) {
    assert.equal(formatAmount({ unit: unit(code), amount }, locale), text)
  }
  assert.throws(() => formatAmount({ unit: unit('JPY'), amount: 1n }, 'not a locale'), RangeError)
})

test('no digit is lost in any currency, in any locale, however large the amount', () => {
  for (const locale of ['ja', 'en', 'de', 'fr', 'hi', 'ar-EG', 'fa', 'pt-CV']) {
    for (const one of UNITS) {
      for (const amount of [0n, 5n, 1280n, MAX_AMOUNT - 1n, -1280n]) {
        const money = { unit: one, amount }
        const expected = decimalOf(money).replace(/[-.]/g, '')
        const { digits, sign, symbol } = formatParts(money, locale)
        assert.equal(westernDigits(digits, locale), expected, `${one} ${locale}`)
        assert.equal(westernDigits(formatAmount(money, locale), locale), expected, `${one} ${locale}`)
        assert.equal(sign !== '', amount < 0n)
        assert.notEqual(symbol, '')
      }
    }
  }
})

test('the pieces of an amount say on which side the symbol stands', () => {
  const yen = { unit: unit('JPY'), amount: 1280n }
  assert.deepEqual(formatParts(yen, 'ja'), { sign: '', digits: '1,280', symbol: '円', symbolFirst: false })
  assert.deepEqual(formatParts(yen, 'en'), { sign: '', digits: '1,280', symbol: '¥', symbolFirst: true })
  const euro = { unit: unit('EUR'), amount: -1250n }
  assert.deepEqual(formatParts(euro, 'de'), { sign: '-', digits: '12,50', symbol: '€', symbolFirst: false })
})

test('shares add up to the whole, and nobody is off by a whole yen', () => {
  assert.deepEqual(allocate(100n, [1n, 1n, 1n]), [34n, 33n, 33n])
  assert.deepEqual(allocate(100n, [1n, 2n, 0n]), [33n, 67n, 0n])
  assert.deepEqual(allocate(-100n, [1n, 1n, 1n]), [-34n, -33n, -33n])
  assert.deepEqual(allocate(0n, [5n]), [0n])
  assert.throws(() => allocate(1n, []), RangeError)
  assert.throws(() => allocate(1n, [0n, 0n]), RangeError)
  assert.throws(() => allocate(1n, [2n, -1n]), RangeError)

  const weights = fc
    .array(fc.bigInt({ min: 0n, max: MAX_AMOUNT }), { minLength: 1, maxLength: 20 })
    .filter((some) => sum(some) > 0n)
  fc.assert(
    fc.property(fc.bigInt({ min: -MAX_AMOUNT, max: MAX_AMOUNT }), weights, (amount, some) => {
      const shares = allocate(amount, some)
      assert.equal(sum(shares), amount)
      const total = sum(some)
      for (const [index, share] of shares.entries()) {
        const error = share * total - amount * (some[index] ?? 0n)
        assert(error < total && error > -total)
      }
    }),
  )
})
