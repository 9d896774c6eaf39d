// Card numbers: the check digit, what is shown of one, and what is and is not taken for one in a text.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { cardNumbersIn, isCardNumber, isLuhn, luhnDigit, maskedText, shownNumber } from '#core/card-number.ts'

const digits = (length: number) =>
  fc.array(fc.integer({ min: 0, max: 9 }), { minLength: length, maxLength: length }).map((drawn) => drawn.join(''))
const withDigit = (start: string): string => start + luhnDigit(start)
const full = (text: string): string =>
  text.replace(/[0-9]/g, (digit) => String.fromCharCode(digit.charCodeAt(0) + 0xfee0))

test('the check digit is the published one, and only digits have one', () => {
  for (const [start, check] of [
    ['7992739871', '3'],
    ['424242424242424', '2'],
    ['37828224631000', '5'],
    ['3056930902590', '4'],
    ['0', '0'],
  ] as const) {
    assert.equal(luhnDigit(start), check, start)
    assert.equal(isLuhn(start + check), true, start)
    assert.equal(isLuhn(start + ((Number(check) + 1) % 10)), false, start)
  }
  for (const text of ['', '0', '4242 4242 4242 4242', '４２４２４２４２４２４２４２４２', '-18', '424242424242424x'])
    assert.equal(isLuhn(text), false, text)
})

test('every single wrong digit is found by the check digit', () => {
  fc.assert(
    fc.property(digits(15), fc.nat(15), fc.integer({ min: 1, max: 9 }), (start, place, change) => {
      const right = withDigit(start)
      const wrong = (Number(right[place]) + change) % 10
      assert.equal(isLuhn(right), true)
      assert.equal(isLuhn(right.slice(0, place) + wrong + right.slice(place + 1)), false)
    }),
  )
})

test('a card number has 12 to 19 digits', () => {
  for (let length = 2; length <= 24; length++)
    assert.equal(isCardNumber(withDigit('4'.padEnd(length - 1, '7'))), length >= 12 && length <= 19, String(length))
  assert.equal(shownNumber('4242'), '···4242')
})

const FOUND: readonly (readonly [text: string, masked: string])[] = [
  ['4242424242424242', '••••••••••••4242'],
  ['4242 4242 4242 4242', '•••• •••• •••• 4242'],
  ['4242-4242-4242-4242', '••••-••••-••••-4242'],
  ['4242 - 4242 - 4242 - 4242', '•••• - •••• - •••• - 4242'],
  ['4242.4242.4242.4242', '••••.••••.••••.4242'],
  ['4242\u30004242\u00a04242\u200b4242', '••••\u3000••••\u00a0••••\u200b4242'],
  [full('4242-4242-4242-4242'), `••••-••••-••••-${full('4242')}`],
  ['４２４２ー４２４２ー４２４２ー４２４２', '••••ー••••ー••••ー４２４２'],
  ['4 2 4 2 4 2 4 2 4 2 4 2 4 2 4 2', '• • • • • • • • • • • • 4 2 4 2'],
  ['Card:4242424242424242.', 'Card:••••••••••••4242.'],
  ['番号は4242424242424242です', '番号は••••••••••••4242です'],
  ['4242 4242 4242 4242 12/29', '•••• •••• •••• 4242 12/29'],
  ['Table 7 4242 4242 4242 4242', 'Table 7 •••• •••• •••• 4242'],
  ['3782 822463 10005', '•••• •••••• •0005'],
  ['30569309025904', '••••••••••5904'],
  ['3566002020360505', '••••••••••••0505'],
  ['5555 5555 5555 4444', '•••• •••• •••• 4444'],
  ['2223003122003222', '••••••••••••3222'],
  ['6011111111111117', '••••••••••••1117'],
  ['6200000000000000000', '•••••••••••••••0000'],
  ['4222 222 222 222', '•••• ••• ••2 222'],
  ['a 4242424242424242 b 5555555555554444', 'a ••••••••••••4242 b ••••••••••••4444'],
]

test('a card number in a text is found as people write it, and hidden but for its last four digits', () => {
  for (const [text, masked] of FOUND) {
    assert.notEqual(cardNumbersIn(text).length, 0, text)
    assert.equal(maskedText(text), masked, text)
    assert.equal(cardNumbersIn(masked).length, 0, `${text}: what is masked holds none`)
  }
})

const NOT_FOUND: readonly (readonly [text: string, why: string])[] = [
  ['', 'nothing'],
  ['4242424242424241', 'a wrong check digit'],
  ['4222222222222', '13 digits in one run are an article code'],
  ['4901234567894', 'a JAN'],
  ['4 901234 567894', 'a JAN as it is printed'],
  [`T${withDigit('456789012345')}`, 'a tax registration'],
  [withDigit('1234567890123'), 'no card of 14 digits begins with 1'],
  [withDigit('202611220003291'), 'a time'],
  [withDigit('2026112200032'), 'a shorter time'],
  [withDigit('801234567890123'), 'begins with 8'],
  [withDigit('01234567890123'), 'begins with 0'],
  ['090-1234-5678 090-8765-4321', 'two telephone numbers'],
  ['42424242424242420', 'one digit too many'],
  ['4242424242424242424242424242', 'a longer run'],
  ['4242,4242,4242,4242', 'a list of amounts'],
  ['4242 4242 / 4242 4242', 'two things'],
  ['001-1234567-4', 'an account number'],
  ['039 274 518 60', 'a payment number'],
]

test('what is written otherwise is left alone', () => {
  for (const [text, why] of NOT_FOUND) {
    assert.deepEqual(cardNumbersIn(text), [], `${text}: ${why}`)
    assert.equal(maskedText(text), text, why)
  }
})

test('a number of any brand is found in any grouping, and its place is told', () => {
  const starts = fc.constantFrom('457199', '35891234', '555555', '222300', '622123')
  const between = fc.constantFrom('', ' ', '-', '\u3000', ' - ')
  fc.assert(
    fc.property(starts, digits(14), between, fc.integer({ min: 1, max: 6 }), (start, rest, separator, size) => {
      const number = withDigit((start + rest).slice(0, 15))
      const written = (number.match(new RegExp(`.{1,${size}}`, 'g')) ?? []).join(separator)
      const [found] = cardNumbersIn(`to: ${written}`)
      assert.deepEqual(found, { digits: number, from: 4, to: 4 + written.length })
    }),
  )
})

test('a text of nothing but digits is searched in a moment, and changed in no other place', () => {
  const text = '4 '.repeat(20_000)
  assert.equal(maskedText(text).length, text.length)
  fc.assert(
    fc.property(fc.string(), (any) => {
      const masked = maskedText(any)
      assert.equal(masked.length, any.length)
      if (cardNumbersIn(any).length === 0) assert.equal(masked, any)
    }),
  )
})
