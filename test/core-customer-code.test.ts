// The customer's code: its forms, what a register's scanner or keyboard makes of them, and what is none of ours.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { toHex } from '#core/bytes.ts'
import {
  CODE_LIFE_MS,
  digitsFrom,
  emvText,
  isNearSlot,
  LONGEST_CODE,
  offlineBytes,
  offlineText,
  onlineText,
  readCustomerCode,
  userIdText,
  slotAt,
} from '#core/customer-code.ts'
import { idFrom } from '#core/ids.ts'
import { hasCheckDigit } from '#core/numbers.ts'

const SECRET = Uint8Array.from({ length: 16 }, (_, index) => index)
const DEVICE = idFrom(
  'dev',
  Uint8Array.from({ length: 16 }, (_, index) => 0xf0 + index),
)
const SCHEME = idFrom('sch', new Uint8Array(16).fill(7))
const SIGNATURE = new Uint8Array(64).fill(9)
const CLAIM = { device: DEVICE, counter: 0x0102030405060708n, slot: 0x0a0b0c0d }

test('each form is written in one way', () => {
  assert.equal(onlineText(SECRET), 'WRF1.AAECAwQFBgcICQoLDA0ODw')
  assert.equal(emvText(SECRET), 'hQVDUFYwMWEfTwjwV0FSSUZVAWMT3wEQAAECAwQFBgcICQoLDA0ODw==')
  assert.equal(digitsFrom(SECRET), '883957313612958')
  assert.equal(offlineText(CLAIM, SIGNATURE), `WRF2.8PHy8_T19vf4-fr7_P3-_wECAwQFBgcICgsMDQkJ${'CQkJ'.repeat(20)}CQk`)
  assert.equal(
    toHex(offlineBytes(SCHEME, CLAIM)),
    `574f31${'07'.repeat(16)}f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff01020304050607080a0b0c0d`,
  )
})

test('what was written is read again, however it was typed', () => {
  const digits = digitsFrom(SECRET)
  for (const [text, kind] of [
    [onlineText(SECRET), 'online'],
    [`  ${onlineText(SECRET)}\n`, 'online'],
    [emvText(SECRET), 'online'],
    [digits, 'digits'],
    ['883 957 313 612 958', 'digits'],
    ['883-957-313-612-958', 'digits'],
    ['８８３　９５７　３１３　６１２　９５８', 'digits'],
    ['８８３ー９５７ー３１３ー６１２ー９５８', 'digits'],
    [offlineText(CLAIM, SIGNATURE), 'offline'],
    [userIdText(SECRET), 'user-id'],
    [` ${userIdText(SECRET)}\n`, 'user-id'],
  ] as const) {
    const read = readCustomerCode(text)
    assert.equal(read.kind, kind, text)
    if (read.kind === 'online') assert.deepEqual(read.secret, SECRET)
    if (read.kind === 'user-id') assert.deepEqual(read.id, SECRET)
    if (read.kind === 'digits') assert.equal(read.digits, digits)
    if (read.kind === 'offline') assert.deepEqual(read, { kind: 'offline', signature: SIGNATURE, ...CLAIM })
  }
})

test('what is not ours is told apart: a slip, another wallet, and nothing that is known', () => {
  const online = onlineText(SECRET)
  const offline = offlineText(CLAIM, SIGNATURE)
  for (const [text, kind] of [
    ['883957313612959', 'slip'],
    ['883957313612985', 'slip'],
    ['88395731361295', 'unknown'],
    ['8839573136129580', 'unknown'],
    ['873957313612958', 'unknown'],
    ['130000000000000000', 'foreign'],
    ['281234567890123456', 'foreign'],
    ['hQVDUFYwMWETTwegAAAAVVVVUAhXAhI0VniQ', 'foreign'],
    ['https://example.org/pay', 'foreign'],
    ['', 'unknown'],
    ['WRF1.', 'unknown'],
    [online.slice(0, -1), 'unknown'],
    [`${online}A`, 'unknown'],
    // The last sign has bits that belong to no byte.
    [`${online.slice(0, -1)}x`, 'unknown'],
    [online.toLowerCase(), 'unknown'],
    ['WRF3.AAECAwQFBgcICQoLDA0OD', 'unknown'],
    ['WRF4.AAECAwQFBgcICQoLDA0ODw', 'unknown'],
    [offline.slice(0, -4), 'unknown'],
    [`${offline}AAAA`, 'unknown'],
    ['hello', 'unknown'],
    ['8'.repeat(LONGEST_CODE + 1), 'unknown'],
  ] as const) {
    assert.equal(readCustomerCode(text).kind, kind, text)
  }
})

test('an EMVCo code of another application is another wallet, and so is ours with too short a secret', () => {
  const ours = Buffer.from(emvText(SECRET), 'base64')
  const at = ours.indexOf('WARIFU')
  const other = Buffer.from(ours)
  other[at] = (other[at] ?? 0) ^ 1
  assert.equal(readCustomerCode(other.toString('base64')).kind, 'foreign')
  assert.equal(readCustomerCode(ours.subarray(0, -1).toString('base64')).kind, 'foreign')
})

test('no text makes the reader throw, and every code comes through it whole', () => {
  const secrets = fc.uint8Array({ minLength: 16, maxLength: 16 })
  fc.assert(fc.property(fc.string({ maxLength: 600 }), (text) => void readCustomerCode(text)))
  fc.assert(
    fc.property(secrets, (secret) => {
      for (const text of [onlineText(secret), emvText(secret)]) {
        const read = readCustomerCode(text)
        assert.ok(read.kind === 'online')
        assert.deepEqual(read.secret, Uint8Array.from(secret))
      }
      const digits = digitsFrom(secret)
      assert.match(digits, /^88[0-9]{13}$/u)
      assert.ok(hasCheckDigit(digits))
    }),
  )
  const claims = fc.record({ counter: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), slot: fc.nat(2 ** 32 - 1) })
  fc.assert(
    fc.property(claims, (claim) => {
      const read = readCustomerCode(offlineText({ device: DEVICE, ...claim }, SIGNATURE))
      assert.deepEqual(read, { kind: 'offline', signature: SIGNATURE, device: DEVICE, ...claim })
    }),
  )
})

test('a phone may be two minutes off, and not three', () => {
  const now = 29_000_000 * CODE_LIFE_MS + 30_000
  const slot = slotAt(now)
  for (const [apart, isNear] of [
    [0, true],
    [1, true],
    [2, true],
    [3, false],
    [10, false],
    [-2, true],
    [-3, false],
  ] as const) {
    assert.equal(isNearSlot(slot + apart, now), isNear, String(apart))
  }
  assert.equal(slotAt(CODE_LIFE_MS - 1), 0)
  assert.equal(slotAt(CODE_LIFE_MS), 1)
})
