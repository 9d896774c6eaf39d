// Exchange: what a bill costs in another unit, and what of it comes back.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { MAX_AMOUNT, unitOf, type Unit } from '#core/money.ts'
import { inverseOf, isJump, lessSpread, parsePrice, quote, shareBack, type Price, type Rate } from '#core/rate.ts'

const unit = (code: string): Unit => {
  const found = unitOf(code)
  assert(found, code)
  return found
}
const rate = (from: string, to: string, price: string): Rate => ({ from: unit(from), to: unit(to), price, until: 1 })
const price = (text: string): Price => {
  const found = parsePrice(text)
  assert(found, text)
  return found
}

test('a bill costs what the table says, rounded up in the unit of the payer', () => {
  // bill's total in its smallest part · payer's unit, bill's unit, price · cost in the payer's smallest part
  const table: readonly (readonly [total: bigint, from: string, to: string, price: string, cost: bigint])[] = [
    // no decimals on the bill, two in the pocket
    [1280n, 'USD', 'JPY', '160', 800n],
    [1n, 'USD', 'JPY', '160', 1n],
    [160n, 'USD', 'JPY', '160', 100n],
    [161n, 'USD', 'JPY', '160', 101n],
    [680n, 'USD', 'JPY', '148.5', 458n],
    [1000n, 'USD', 'JPY', '148.7475', 673n],
    // two on the bill, none in the pocket
    [100n, 'JPY', 'USD', '0.00625', 160n],
    [1n, 'JPY', 'USD', '0.00625', 2n],
    [101n, 'JPY', 'USD', '0.00625', 162n],
    // three on either side
    [1000n, 'USD', 'BHD', '0.376', 266n],
    [1n, 'USD', 'BHD', '0.376', 1n],
    [376n, 'USD', 'BHD', '0.376', 100n],
    [377n, 'USD', 'BHD', '0.376', 101n],
    [100n, 'BHD', 'USD', '2.6596', 376n],
    [1n, 'BHD', 'USD', '2.6596', 4n],
    [1n, 'BHD', 'JPY', '400', 3n],
    [400n, 'BHD', 'JPY', '400', 1000n],
    [3000n, 'KWD', 'BHD', '1.2254', 2449n],
    [1n, 'KWD', 'BHD', '1.2254', 1n],
    [500n, 'KWD', 'JPY', '488.123456789', 1025n],
    [12_345n, 'JPY', 'KWD', '0.00204866', 6026n],
    // the longest amount, where a float has long lost the end
    [999_999_999_999_999_999n, 'JPY', 'JPY', '1', 999_999_999_999_999_999n],
    [999_999_999_999_999_999n, 'KWD', 'BHD', '3', 333_333_333_333_333_333n],
    [0n, 'USD', 'JPY', '160', 0n],
  ]
  for (const [total, from, to, at, cost] of table)
    assert.equal(quote(total, rate(from, to, at)), cost, `${total} ${to} in ${from} at ${at}`)
})

test('a bill that costs more than any account can hold, or at no price that can be read, is out of reach', () => {
  assert(quote(MAX_AMOUNT, rate('KWD', 'JPY', '0.001')) > MAX_AMOUNT)
  for (const unreadable of ['', '0', '-1', '1e3', 'NaN', 'Infinity'])
    assert(quote(1n, rate('USD', 'JPY', unreadable)) > MAX_AMOUNT, unreadable)
})

test('a price is plain decimal text above zero with at most twelve significant digits', () => {
  const read = [
    '1',
    '150.25',
    '150.250',
    '0.1',
    '0.000000000001',
    '999999999999',
    '0.000000123456789012',
    '100000000000',
  ]
  for (const text of read) assert.notEqual(parsePrice(text), undefined, text)
  const malformed = [
    '',
    '0',
    '0.0',
    '.5',
    '5.',
    '01',
    '00.1',
    '-1',
    '+1',
    '1,5',
    ' 1',
    '1\n',
    '1e2',
    '0x1',
    '１',
    'NaN',
  ]
  const tooLong = [
    '1000000000000',
    '1.000000000000',
    '123456.1234567',
    '0.0000000000000000001',
    `0.${'0'.repeat(400)}1`,
  ]
  for (const text of [...malformed, ...tooLong]) assert.equal(parsePrice(text), undefined, text)
  assert.deepEqual(parsePrice('150.25'), { numerator: 15_025n, denominator: 100n })
})

test('the spread makes the price worse for the payer, and so does every rounding of a price', () => {
  const spreads: readonly (readonly [string, number, string | undefined])[] = [
    ['150', 0, '150'],
    ['150', 100, '148.5'],
    ['150.25', 100, '148.7475'],
    ['1', 1, '0.9999'],
    ['1', 9_999, '0.0001'],
    // thirteen digits would be needed: the last one is dropped
    ['123456.789012', 37, '122999.998892'],
    ['0.000000000001', 100, '0.00000000000099'],
    ['0.000000000000000001', 1, undefined],
  ]
  for (const [at, spread, less] of spreads) assert.equal(lessSpread(price(at), spread), less, `${at} less ${spread}`)

  const inverses: readonly (readonly [string, number, string | undefined])[] = [
    ['160', 0, '0.00625'],
    ['3', 0, '0.333333333333'],
    ['150', 100, '0.0066'],
    ['0.376', 0, '2.65957446808'],
    ['0.000000000001', 0, undefined],
    ['0.000000000002', 0, '500000000000'],
  ]
  for (const [at, spread, less] of inverses)
    assert.equal(lessSpread(inverseOf(price(at)), spread), less, `1 / ${at} less ${spread}`)
})

test('a jump is more than so many percent up or down', () => {
  const table: readonly (readonly [string, string, boolean])[] = [
    ['150', '150', false],
    ['150', '180', false],
    ['150', '180.01', true],
    ['150', '120', false],
    ['150', '119.99', true],
    ['0.001', '0.1', true],
  ]
  for (const [last, next, jumps] of table) assert.equal(isJump(price(last), price(next), 20), jumps, `${last} ${next}`)
})

test('what comes back of a payment in another unit follows the parts, and the last one brings the rest', () => {
  // paid · total · before · back · comes back
  const table: readonly (readonly [bigint, bigint, bigint, bigint, bigint])[] = [
    [458n, 680n, 0n, 680n, 458n],
    [458n, 680n, 0n, 340n, 229n],
    [458n, 680n, 340n, 340n, 229n],
    [458n, 680n, 0n, 1n, 0n],
    [458n, 680n, 1n, 1n, 1n],
    [458n, 680n, 679n, 1n, 1n],
    [2n, 3n, 0n, 1n, 0n],
    [2n, 3n, 1n, 1n, 1n],
    [2n, 3n, 2n, 1n, 1n],
    [1n, 1000n, 0n, 999n, 0n],
    [1n, 1000n, 999n, 1n, 1n],
    // never beyond the whole, whatever is asked
    [458n, 680n, 680n, 680n, 0n],
    [458n, 680n, 0n, 10_000n, 458n],
    [458n, 680n, 500n, 500n, 122n],
  ]
  for (const [paid, total, before, back, comes] of table)
    assert.equal(shareBack(paid, total, before, back), comes, `${back} after ${before} of ${total}, paid ${paid}`)
})

const UNITS = ['JPY', 'USD', 'BHD', 'KWD', 'CLF']
const amounts = fc.bigInt({ min: 1n, max: MAX_AMOUNT })
const prices = fc
  .tuple(fc.bigInt({ min: 1n, max: 999_999_999_999n }), fc.integer({ min: 0, max: 12 }))
  .map(([digits, decimals]) => {
    const text = String(digits).padStart(decimals + 1, '0')
    return decimals === 0 ? text : `${text.slice(0, -decimals)}.${text.slice(-decimals)}`
  })
const rates = fc
  .record({ from: fc.constantFrom(...UNITS), to: fc.constantFrom(...UNITS), price: prices })
  .map(({ from, to, price: at }) => rate(from, to, at))

/** Exactly by how much a cost covers a total: cost × price − total, over a common denominator. */
const excess = (total: bigint, cost: bigint, { from, to, price: at }: Rate): bigint => {
  const { numerator, denominator } = price(at)
  const decimals: Record<string, bigint> = { JPY: 0n, USD: 2n, BHD: 3n, KWD: 3n, CLF: 4n }
  return cost * numerator * 10n ** (decimals[to] ?? 0n) - total * denominator * 10n ** (decimals[from] ?? 0n)
}

test('a quote always covers the bill, and one smallest part less never does', () => {
  fc.assert(
    fc.property(amounts, rates, (total, at) => {
      const cost = quote(total, at)
      assert(excess(total, cost, at) >= 0n)
      assert(excess(total, cost - 1n, at) < 0n)
    }),
  )
})

test('nobody gains by a spread, or by the price there and back', () => {
  fc.assert(
    fc.property(amounts, rates, fc.integer({ min: 0, max: 9_999 }), (total, there, spread) => {
      const less = lessSpread(price(there.price), spread)
      if (less !== undefined) assert(quote(total, { ...there, price: less }) >= quote(total, there))
      const back = lessSpread(inverseOf(price(there.price)), 0)
      if (back === undefined) return
      // what was paid for the bill, were it a bill itself, costs at least the bill
      assert(quote(quote(total, there), { from: there.to, to: there.from, price: back, until: 1 }) >= total)
    }),
  )
})

test('parts that come back never bring more than was paid, in any order and in two books; all together bring exactly it', () => {
  const parts = fc.array(fc.bigInt({ min: 1n, max: 1_000_000n }), { minLength: 1, maxLength: 12 })
  const backOf = (paid: bigint, total: bigint, some: readonly bigint[]): bigint => {
    let before = 0n
    let back = 0n
    for (const part of some) {
      const share = shareBack(paid, total, before, part)
      assert(share >= 0n)
      back += share
      before += part
    }
    return back
  }
  fc.assert(
    fc.property(amounts, parts, fc.infiniteStream(fc.nat()), fc.nat({ max: 12 }), (paid, some, chance, cut) => {
      const total = some.reduce((whole, part) => whole + part, 0n)
      const mixed = some
        .map((part) => ({ part, at: chance.next().value ?? 0 }))
        .toSorted((left, right) => left.at - right.at)
        .map(({ part }) => part)
      assert.equal(backOf(paid, total, some), paid)
      assert.equal(backOf(paid, total, mixed), paid)
      const returned = backOf(paid, total, mixed.slice(0, cut))
      const refunded = backOf(paid, total, mixed.slice(cut))
      assert(returned + refunded <= paid)
      assert(paid - returned - refunded <= 1n)
      // a few come back: at most one smallest part below their exact share
      const few = mixed.slice(0, cut).reduce((whole, part) => whole + part, 0n)
      assert(returned * total <= paid * few && (returned + 1n) * total > paid * few)
    }),
  )
})
