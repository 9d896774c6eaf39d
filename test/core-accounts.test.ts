// Account numbers, their buckets, and the scheme's own accounts.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import {
  SYSTEM_ACCOUNT_KINDS,
  accountBytes,
  accountNumber,
  bucketOf,
  bucketOfAccount,
  formatAccountNumber,
  hasFloor,
  isAccountNumber,
  isSystemAccount,
  parseAccountKey,
  parseAccountNumber,
  serialInBucket,
  systemAccount,
  systemAccountKind,
} from '#core/accounts.ts'

const ascii = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')
const branches = fc.integer({ min: 0, max: 999 })
const serials = fc.integer({ min: 0, max: 9_999_999 })
const bucketCounts = fc.constantFrom(1, 2, 7, 16, 64, 128, 65_536)

test('numbers and buckets stay what they were: existing accounts depend on it', () => {
  for (const [branch, serial, written, of16, of64] of [
    [0, 0, '000-0000000-0', 0, 0],
    [0, 17, '000-0000017-4', 1, 17],
    [1, 0, '001-0000000-6', 15, 47],
    [1, 1_234_567, '001-1234567-4', 6, 54],
    [42, 1, '042-0000001-6', 7, 55],
    [999, 9_999_999, '999-9999999-2', 8, 40],
  ] as const) {
    const account = accountNumber(branch, serial)
    assert.equal(formatAccountNumber(account), written)
    assert.equal(bucketOf(account, 16), of16, written)
    assert.equal(bucketOf(account, 64), of64, written)
  }
})

test('an account number reads back as people write it, and a slip is found', () => {
  fc.assert(
    fc.property(branches, serials, (branch, serial) => {
      const account = accountNumber(branch, serial)
      const written = formatAccountNumber(account)
      assert.equal(parseAccountNumber(written), account)
      assert.equal(parseAccountNumber(` ${account} `), account)
      assert.equal(parseAccountKey(account), account)
      for (let at = 0; at < account.length; at++) {
        const other = String((Number(account[at]) + 3) % 10)
        assert.equal(parseAccountNumber(account.slice(0, at) + other + account.slice(at + 1)), undefined)
      }
    }),
  )
  assert.equal(parseAccountNumber('００１－１２３４５６７－４'), '00112345674')
  for (const wrong of [
    '',
    '001-1234567-5',
    '001-1234567',
    '0011234567',
    '001 1234567 44',
    'escrow:7',
    '001/1234567/4',
  ]) {
    assert.equal(parseAccountNumber(wrong), undefined, wrong)
  }
  for (const wrong of ['001-1234567-4', ' 00112345674', '00112345674\n', 112_345_674, null]) {
    assert.equal(isAccountNumber(wrong), false, String(wrong))
  }
  for (const [branch, serial] of [
    [-1, 0],
    [1000, 0],
    [0, -1],
    [0, 10_000_000],
    [0.5, 0],
    [0, Number.NaN],
  ] as const) {
    assert.throws(() => accountNumber(branch, serial), RangeError)
  }
})

test('consecutive accounts of a branch fall one into each bucket', () => {
  fc.assert(
    fc.property(branches, fc.integer({ min: 0, max: 9_000_000 }), fc.constantFrom(16, 64), (branch, first, buckets) => {
      const hit = Array.from({ length: buckets }, (_, index) => bucketOf(accountNumber(branch, first + index), buckets))
      assert.equal(new Set(hit).size, buckets)
    }),
  )
})

test('the first accounts of many branches are spread over the buckets too', () => {
  for (const buckets of [16, 64]) {
    const counts = Array.from({ length: buckets }, () => 0)
    for (let branch = 0; branch < 640; branch++) {
      const bucket = bucketOf(accountNumber(branch, 1), buckets)
      counts[bucket] = (counts[bucket] ?? 0) + 1
    }
    assert.deepEqual(new Set(counts), new Set([640 / buckets]))
  }
})

test('a party gets an account in its own bucket', () => {
  fc.assert(
    fc.property(branches, bucketCounts, fc.nat(), fc.integer({ min: 0, max: 150 }), (branch, buckets, some, n) => {
      const bucket = some % buckets
      const serial = serialInBucket(branch, bucket, n, buckets)
      assert(serial !== undefined)
      assert.equal(bucketOf(accountNumber(branch, serial), buckets), bucket)
      const next = serialInBucket(branch, bucket, n + 1, buckets)
      assert.equal(next, serial + buckets)
    }),
  )
  const all = new Set(
    [0, 1, 2].flatMap((n) => Array.from({ length: 16 }, (_, bucket) => serialInBucket(5, bucket, n, 16))),
  )
  assert.deepEqual(
    [...all].sort((left, right) => Number(left) - Number(right)),
    [...Array(48).keys()],
  )
  assert.equal(serialInBucket(0, 0, 625_000, 16), undefined)
  assert.throws(() => serialInBucket(0, 16, 0, 16), RangeError)
})

test("the scheme's own accounts are one per bucket, without a floor", () => {
  for (const kind of SYSTEM_ACCOUNT_KINDS) {
    const account = systemAccount(kind, 7)
    assert.equal(account, `${kind}:7`)
    assert.equal(isSystemAccount(account), true)
    assert.equal(systemAccountKind(account), kind)
    assert.equal(hasFloor(account), false)
    assert.equal(bucketOfAccount(account, 16), 7)
    assert.equal(parseAccountKey(`${kind}:7`), account)
    assert.throws(() => bucketOfAccount(account, 7), RangeError)
  }
  const party = accountNumber(1, 1_234_567)
  assert.deepEqual([isSystemAccount(party), hasFloor(party), bucketOfAccount(party, 16)], [false, true, 6])
  for (const wrong of ['escrow', 'escrow:', 'escrow:07', 'escrow:-1', 'escrow:65536', 'bank:1', 'escrow:7 ', ':7', 7]) {
    assert.equal(parseAccountKey(wrong), undefined, String(wrong))
  }
  for (const buckets of [0, 1.5, -16, 65_537]) assert.throws(() => bucketOf(party, buckets), RangeError)
})

test('an account in signed bytes takes exactly sixteen', () => {
  assert.equal(ascii(accountBytes(accountNumber(1, 1_234_567))), '00112345674\0\0\0\0\0')
  assert.equal(ascii(accountBytes(systemAccount('escrow', 7))), 'escrow:7\0\0\0\0\0\0\0\0')
  assert.equal(ascii(accountBytes(systemAccount('exchange', 65_535))), 'exchange:65535\0\0')
})
