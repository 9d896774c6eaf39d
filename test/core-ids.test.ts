// Ids and bytes: one value, one spelling.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import * as fc from 'fast-check'
import {
  concat,
  equal,
  fromBase64url,
  fromHex,
  fromU16,
  fromU32,
  fromU64,
  sha256,
  toBase64url,
  toHex,
  toText,
  toU16,
  toU32,
  toU64,
  utf8,
} from '#core/bytes.ts'
import { bucketOfId, idBytes, idFrom, idInBucket, isId, parseId } from '#core/ids.ts'

const PREFIXES = ['pty', 'trm', 'dev', 'deal', 'pay', 'cmd', 'key', 'ses', 'sch', 'tok'] as const
const bytes = fc.uint8Array({ maxLength: 70 })

test('an id is its prefix and its sixteen bytes, and nothing else is', () => {
  const sixteen = Uint8Array.from({ length: 16 }, (_, index) => index * 17)
  assert.equal(idFrom('pay', sixteen), 'pay_00112233445566778899aabbccddeeff')
  fc.assert(
    fc.property(fc.constantFrom(...PREFIXES), fc.uint8Array({ minLength: 16, maxLength: 16 }), (prefix, body) => {
      const id = idFrom(prefix, body)
      assert.deepEqual(idBytes(id), body)
      assert.equal(parseId(prefix, id), id)
      for (const other of PREFIXES) assert.equal(isId(other, id), other === prefix)
    }),
  )
  const hex = '00112233445566778899aabbccddeeff'
  for (const wrong of [
    hex,
    `pay_${hex.toUpperCase()}`,
    `pay_${hex}0`,
    `pay_${hex.slice(1)}`,
    `pay_${hex}\n`,
    `pay-${hex}`,
    7,
  ]) {
    assert.equal(parseId('pay', wrong), undefined, String(wrong))
  }
  for (const length of [0, 15, 17]) assert.throws(() => idFrom('pay', new Uint8Array(length)), RangeError)
})

test('an id says in which bucket it lives', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 65_535 }),
      fc.uint8Array({ minLength: 14, maxLength: 14 }),
      (bucket, random) => {
        assert.equal(bucketOfId(idInBucket('pay', bucket, random)), bucket)
      },
    ),
  )
  assert.equal(idInBucket('trm', 258, new Uint8Array(14)), `trm_0102${'0'.repeat(28)}`)
  assert.throws(() => idInBucket('pty', 65_536, new Uint8Array(14)), RangeError)
  assert.throws(() => idInBucket('pty', 0, new Uint8Array(16)), RangeError)
})

test('bytes written as hex, base64url or text read back, and agree with Node', () => {
  fc.assert(
    fc.property(bytes, (some) => {
      const node = Buffer.from(some)
      assert.equal(toHex(some), node.toString('hex'))
      assert.equal(toBase64url(some), node.toString('base64url'))
      assert.deepEqual(fromHex(toHex(some)), Uint8Array.from(some))
      assert.deepEqual(fromBase64url(toBase64url(some)), Uint8Array.from(some))
      assert.equal(toHex(sha256(some)), createHash('sha256').update(some).digest('hex'))
    }),
  )
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => assert.equal(toText(utf8(text)), text)))
  assert.equal(toText(Uint8Array.of(0xff)), undefined)
  assert.equal(toText(Uint8Array.of(0xef, 0xbb, 0xbf)), '\ufeff')
})

test('a second spelling of the same bytes is refused', () => {
  for (const wrong of ['0', 'AA', 'zz', '00 ', '0x00', '00\n']) assert.equal(fromHex(wrong), undefined, wrong)
  for (const wrong of ['A', 'AA==', 'AB', 'AAB', '+/', 'AA\n', ' AA', 'AAAAA', 'ＡＡ', '😀', 'AA\0']) {
    assert.equal(fromBase64url(wrong), undefined, wrong)
  }
})

test('whole numbers as big-endian bytes', () => {
  assert.equal(toHex(concat(fromU16(1), fromU32(0x01020304), fromU64(2n ** 64n - 1n))), '000101020304ffffffffffffffff')
  fc.assert(
    fc.property(
      fc.nat(0xffff),
      fc.nat(0xffffffff),
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      (small, middle, large) => {
        const all = concat(Uint8Array.of(9), fromU16(small), fromU32(middle), fromU64(large)).subarray(1)
        assert.deepEqual([toU16(all), toU32(all, 2), toU64(all, 6)], [small, middle, large])
      },
    ),
  )
  for (const wrong of [() => fromU16(65_536), () => fromU16(-1), () => fromU32(2 ** 32), () => fromU32(0.5)]) {
    assert.throws(wrong, RangeError)
  }
  for (const wrong of [() => fromU64(-1n), () => fromU64(2n ** 64n), () => toU64(new Uint8Array(7))]) {
    assert.throws(wrong, RangeError)
  }
})

test('two byte strings are equal only when every byte is', () => {
  fc.assert(
    fc.property(bytes, bytes, (left, right) => assert.equal(equal(left, right), Buffer.compare(left, right) === 0)),
  )
  assert.equal(equal(Uint8Array.of(1, 2), Uint8Array.of(1, 2)), true)
  assert.equal(equal(Uint8Array.of(1, 2), Uint8Array.of(1, 2, 0)), false)
})
