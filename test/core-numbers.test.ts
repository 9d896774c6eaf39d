// Typed numbers: the check digit finds every slip it promises to find, and numbers are drawn evenly.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import {
  LIFETIME_MS,
  dammDigit,
  groups,
  hasCheckDigit,
  isValidNumber,
  normaliseTyped,
  numberFrom,
  parseTypedNumber,
  randomDigitsFor,
} from '#core/numbers.ts'

const DIGITS = Array.from('0123456789')
const randomBytes = fc.uint8Array({ minLength: 8, maxLength: 16 })
const randomDigits = fc.constantFrom(6 as const, 8 as const, 10 as const)
const numbers = fc.tuple(randomBytes, randomDigits).map(([bytes, digits]) => numberFrom(bytes, digits))

const sixteenBytes = (value: bigint): Uint8Array =>
  Uint8Array.from(Buffer.from(value.toString(16).padStart(32, '0'), 'hex'))
const full = (text: string): string =>
  text.replace(/[0-9]/g, (digit) => String.fromCharCode(digit.charCodeAt(0) + 0xfee0))

test('the check digit is the published one, and only digits have one', () => {
  for (const [digits, check] of [
    ['572', '4'],
    ['', '0'],
    ['0', '0'],
    ['000000', '0'],
    ['039274', '4'],
    ['03927451', '1'],
    ['0392745186', '0'],
  ] as const) {
    assert.equal(dammDigit(digits), check, digits)
    assert.equal(dammDigit(digits + check), '0', digits)
  }
  for (const wrong of ['12a', '１２', '1 2', '-1']) assert.throws(() => dammDigit(wrong), RangeError)
  for (const wrong of ['5724\n', '57 24', '0', '']) assert.equal(hasCheckDigit(wrong), false)
})

test('one wrong digit, or two neighbours swapped, is always found', () => {
  fc.assert(
    fc.property(numbers, (number) => {
      for (let at = 0; at < number.length; at++) {
        const before = number.slice(0, at)
        for (const digit of DIGITS) {
          const mistyped = before + digit + number.slice(at + 1)
          assert.equal(isValidNumber(mistyped), mistyped === number)
        }
        const swapped = before + number.slice(at + 1, at + 2) + number.charAt(at) + number.slice(at + 2)
        assert.equal(isValidNumber(swapped), swapped === number)
      }
    }),
  )
})

test('a number is drawn evenly from its bytes and keeps its leading zeros', () => {
  assert.equal(numberFrom(sixteenBytes(39_274n), 6), '0392744')
  assert.equal(numberFrom(sixteenBytes(0n), 8), '000000000')
  assert.equal(numberFrom(sixteenBytes(10n ** 10n + 7n), 10).slice(0, 10), '0000000007')
  assert.throws(() => numberFrom(new Uint8Array(7), 6), RangeError)

  // All 1,000 last triples of 30,000 consecutive values come up equally often.
  const drawn = Array.from({ length: 30_000 }, (_, index) =>
    numberFrom(sixteenBytes(2n ** 100n + BigInt(index)), 6).slice(3, 6),
  )
  const counts = new Map<string, number>()
  for (const triple of drawn) counts.set(triple, (counts.get(triple) ?? 0) + 1)
  assert.equal(counts.size, 1000)
  assert.deepEqual(new Set(counts.values()), new Set([30]))
})

test('a number reads back however people write it', () => {
  fc.assert(
    fc.property(numbers, fc.constantFrom(' ', '-', '\u00a0', '\u3000', 'ー', '－', '‐', '−', ''), (number, between) => {
      const text = ` ${groups(number).join(between)}\t`
      assert.deepEqual(parseTypedNumber(text), { ok: true, number })
      assert.deepEqual(parseTypedNumber(full(text)), { ok: true, number })
    }),
  )
  assert.deepEqual(groups('0392744'), ['039', '274', '4'])
  assert.deepEqual(groups('039274511'), ['039', '274', '511'])
  assert.deepEqual(groups(''), [])
})

test('what is wrong with a typed number is said before it is sent', () => {
  for (const [text, why] of [
    ['', 'too-short'],
    ['039 274', 'too-short'],
    ['03927455', 'too-short'],
    ['0392745180', 'too-short'],
    ['039274518000', 'too-long'],
    ['9'.repeat(1000), 'too-long'],
    ['039 274 6', 'check-digit'],
    ['O39 274 5', 'not-digits'],
    ['039.274.5', 'not-digits'],
    ['٠٣٩٢٧٤٥', 'not-digits'],
  ] as const) {
    assert.deepEqual(parseTypedNumber(text), { ok: false, why }, text.slice(0, 20))
  }
  assert.equal(normaliseTyped('１２−３４ 5'), '12345')
  assert.equal(normaliseTyped('12_3'), undefined)
})

test('scopes and terminals have the lengths and lives of the design', () => {
  assert.deepEqual([randomDigitsFor('terminal'), randomDigitsFor('area'), randomDigitsFor('scheme')], [6, 8, 10])
  assert.deepEqual(LIFETIME_MS, {
    counter: 120e3,
    vending: 60e3,
    'ticket-office': 300e3,
    'web-shop': 900e3,
    point: 300e3,
    person: 259_200e3,
  })
})
