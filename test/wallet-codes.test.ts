// What the wallet's scanner makes of a text, and what the office makes of a sign that was keyed in.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bodyOf, draftOf, emptyDraft, type DraftFault, type PointDraft } from '#apps/merchant/point-draft.ts'
import { foreignSentences } from '#apps/shared/foreign.ts'
import { readCode, type CodeRead } from '#apps/wallet/read-code.ts'
import { accountNumber } from '#core/accounts.ts'
import { writeOurCode } from '#core/emv-ours.ts'
import { foreignCode } from '#core/foreign-codes.ts'
import { unitOf, type Unit } from '#core/money.ts'
import { numberFrom } from '#core/numbers.ts'

const OURS = 'https://pay.example.org'
const HEX = '0123456789abcdef'.repeat(2)

test('a scanned text goes where it belongs; what is not ours is never opened', () => {
  const number = numberFrom(new Uint8Array(16).fill(3), 8)
  const emv = writeOurCode({
    origin: OURS,
    account: accountNumber(1, 1_234_567),
    names: { number },
    name: 'Bakery',
    terminalLabel: 'Till 1',
    unit: known('JPY'),
    amount: 700n,
    zone: 'Asia/Tokyo',
  })
  assert.ok(emv)
  const cases: readonly (readonly [text: string, read: CodeRead | 'foreign'])[] = [
    [`${OURS}/j/tok_${HEX}`, { kind: 'bill', token: `tok_${HEX}` }],
    [`${OURS}/t/pnt_${HEX}`, { kind: 'point', point: `pnt_${HEX}` }],
    [` ${OURS}/t/pnt_${HEX}/?from=tag#x`, { kind: 'point', point: `pnt_${HEX}` }],
    [`https://pay.example.com/t/pnt_${HEX}`, { kind: 'other-hub' }],
    [`http://pay.example.org/t/pnt_${HEX}`, { kind: 'other-hub' }],
    [`https://pay.example.com/j/tok_${HEX}`, { kind: 'other-hub' }],
    [`${OURS}/t/tok_${HEX}`, 'foreign'],
    [`${OURS}/t/pnt_short`, 'foreign'],
    [emv, { kind: 'number', number }],
    // Another hub's number in the same form, and ours with a sign changed.
    [emv.replace('org.example.pay', 'org.example.pax'), 'foreign'],
    [emv.replace('5403700', '5403900'), 'foreign'],
    [`javascript:alert('/t/pnt_${HEX}')`, { kind: 'unknown' }],
    ['a text', { kind: 'unknown' }],
    ['x'.repeat(10_000), { kind: 'unknown' }],
  ]
  for (const [text, read] of cases) {
    const found = readCode(text, OURS)
    assert.deepEqual(read === 'foreign' ? found.kind : found, read, text.slice(0, 80))
  }
})

test('a code of another system is said in both languages, and that nothing was opened', () => {
  const upi = foreignCode('upi://pay?pn=Asha%20Stores&am=125.50&cu=INR')
  const page = foreignCode('https://example.org/menu')
  const article = foreignCode('4901234567894')
  assert.ok(upi && page && article)
  assert.deepEqual(foreignSentences(upi, 'en'), [
    'This code is of UPI. Warifu cannot pay it.',
    'It says: Asha Stores, ₹125.50.',
    'It was not opened, and no money moved.',
  ])
  assert.equal(foreignSentences(upi, 'ja')[1], 'コードの内容：Asha Stores、₹125.50')
  assert.equal(foreignSentences(page, 'en')[0], 'This code is of a web page. Warifu cannot pay it.')
  assert.deepEqual(foreignSentences(article, 'ja'), [
    '商品のバーコードです。お会計のコードではありません。',
    '開いていません。お金は動いていません。',
  ])
})

test('a sign that was keyed in is put right before it is sent, and a known one comes back as it was keyed in', () => {
  const point = `pnt_${HEX}`
  const keyed: PointDraft = { ...emptyDraft(point), label: ' Coffee ', place: 'Hall', text: 'Coffee', mode: 'fixed' }
  const cases: readonly (readonly [change: Partial<PointDraft>, unit: string, faults: readonly DraftFault[]])[] = [
    [{ price: '' }, 'JPY', ['price']],
    [{ price: '0' }, 'JPY', ['price']],
    [{ price: '1.5' }, 'JPY', ['price']],
    [{ price: '150', tax: '1000' }, 'JPY', ['tax']],
    [{ price: '150', tax: 'ten' }, 'JPY', ['tax']],
    [{ mode: 'amount' }, 'JPY', ['minimum', 'maximum']],
    [{ mode: 'amount', minimum: '500', maximum: '100' }, 'JPY', ['bounds']],
  ]
  for (const [change, unit, faults] of cases) {
    assert.deepEqual(bodyOf({ ...keyed, ...change }, known(unit)), faults, JSON.stringify(change))
  }
  const body = bodyOf({ ...keyed, price: '１．50', tax: '5.5', minimum: '9' }, known('USD'))
  assert.ok('point' in body)
  assert.deepEqual(
    { ...body },
    {
      point,
      label: 'Coffee',
      place: 'Hall',
      text: 'Coffee',
      unit: 'USD',
      mode: 'fixed',
      amount: '150',
      minimum: null,
      maximum: null,
      taxRate: 550,
    },
  )
  const view = {
    ...body,
    paying: null,
    hasPicture: false,
    status: 'active',
    createdAt: 0,
    link: '',
    emv: null,
  } as const
  assert.deepEqual(draftOf(view), { ...keyed, label: 'Coffee', price: '1.50', tax: '5.5' })
})

function known(code: string): Unit {
  const unit = unitOf(code)
  assert.ok(unit)
  return unit
}
