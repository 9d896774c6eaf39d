// A purchase and its certificate as signed texts: vectors for other implementations, one spelling each, and what makes one unfit.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { accountNumber } from '#core/accounts.ts'
import { fromBase64url, sha256, toBase64url, toHex, toText, utf8 } from '#core/bytes.ts'
import {
  CERTIFICATE_LIFE_MS,
  certificateText,
  PHONE_CLOCK_SLACK_MS,
  isCertificateOld,
  isShowable,
  PURCHASE_LENGTH,
  PURCHASE_LIFE_MS,
  purchaseFault,
  purchaseText,
  readCertificate,
  readPurchase,
  signedText,
  type Purchase,
  type TerminalCertificate,
} from '#core/purchase.ts'
import { LIMITS } from '#protocol/limits.ts'
import { TextPart } from '#protocol/parts.ts'
import { acceptedBytes } from '#protocol/signed-bytes.ts'
import { bill, biller, id, line, NOON } from './support/deal.ts'

const SIGNATURE = new Uint8Array(64).fill(7)
const PUBLIC_KEY = Uint8Array.of(4, ...new Uint8Array(64).fill(9))
const scheme = id('sch', 0x11)

const purchase: Purchase = {
  scheme,
  deal: id('deal', 0x51),
  biller,
  bill: bill(
    { ...line(450n), text: 'くるみパン', code: '4901234567894', taxRate: 800, tax: 33n },
    {
      ...line(1_200n),
      text: 'Wine',
      restriction: { minimumAge: 20, membership: null, region: null, perDay: null },
      conditions: { delivery: true, coolingOff: { period: 'P8D', zone: 'Asia/Tokyo' } },
    },
  ),
  issuedAt: NOON,
  expiresAt: NOON + PURCHASE_LIFE_MS,
}

const certificate: TerminalCertificate = {
  scheme,
  terminal: biller.terminal,
  key: id('key', 0x77),
  publicKey: PUBLIC_KEY,
  party: biller.party,
  account: biller.account,
  name: biller.name,
  legalName: biller.legalName,
  label: biller.terminalLabel,
  from: NOON - PHONE_CLOCK_SLACK_MS,
  until: NOON + CERTIFICATE_LIFE_MS,
}

const signedPurchase = (of: Purchase = purchase): string => signedText(purchaseText(of), SIGNATURE)
const payloadOf = (text: string): string => toText(fromBase64url(text.split('.')[1] ?? '') ?? new Uint8Array()) ?? ''
const withPayload = (payload: string, tag = 'WP1'): string =>
  signedText(`${tag}.${toBase64url(utf8(payload))}`, SIGNATURE)

test('the texts of a fixed purchase and certificate are these', () => {
  assert.equal(
    payloadOf(signedPurchase()),
    `["${scheme}","${purchase.deal}","${biller.terminal}","${biller.party}","${biller.account}","${biller.name}","${biller.legalName}","${biller.terminalLabel}","JPY","1650",[["くるみパン",1,"450",800,"33","4901234567894",false,null,null],["Wine",1,"1200",null,"0",null,true,["P8D","Asia/Tokyo"],[20,null,null,null]]],${NOON},${NOON + 600_000}]`,
  )
  assert.equal(toHex(sha256(utf8(purchaseText(purchase)))), PURCHASE_VECTOR)
  assert.equal(toHex(sha256(utf8(certificateText(certificate)))), CERTIFICATE_VECTOR)
  const at = { scheme, deal: purchase.deal, approval: new Uint8Array(162), at: NOON }
  assert.equal(toHex(acceptedBytes(at)), ACCEPTED_VECTOR)
})

test('what is read is what was signed, with the signature beside it', () => {
  const read = readPurchase(signedPurchase())
  assert.deepEqual(read?.value, purchase)
  assert.deepEqual(toText(read?.signed ?? new Uint8Array()), purchaseText(purchase))
  assert.deepEqual(read?.signature, SIGNATURE)
  const known = readCertificate(signedText(certificateText(certificate), SIGNATURE))
  assert.deepEqual(known?.value, certificate)
})

test('a text that is spelt in another way, cut, grown or swapped is no purchase', () => {
  const text = signedPurchase()
  const payload = payloadOf(text)
  const tuple = JSON.parse(payload) as unknown[]
  const changed = (at: number, value: unknown): string =>
    withPayload(JSON.stringify(tuple.map((each, index) => (index === at ? value : each))))
  assert.ok(readPurchase(withPayload(payload)), 'the frame of this test is right')
  const lines = tuple[10] as unknown[][]
  const line = (at: number, value: unknown): string =>
    changed(10, [lines[0]?.map((each, index) => (index === at ? value : each)), lines[1]])
  const wrong: Record<string, string> = {
    nothing: '',
    'a blank more': withPayload(payload.replace(',', ', ')),
    'an escaped letter': withPayload(payload.replace('Wine', 'W\\u0069ne')),
    'a field more': withPayload(JSON.stringify([...tuple, null])),
    'a field less': withPayload(JSON.stringify(tuple.slice(0, -1))),
    'an object': withPayload('{}'),
    'no JSON': withPayload('['),
    'deep nesting': withPayload(`${'['.repeat(5_000)}${']'.repeat(5_000)}`),
    'another tag': withPayload(payload, 'WT1'),
    'a short signature': text.slice(0, -2),
    'no signature': text.slice(0, text.lastIndexOf('.')),
    'a fourth part': `${text}.AA`,
    padding: text.replace(/\.([^.]+)$/u, '=.$1'),
    'another scheme id': changed(0, 'sch_1'),
    'a total that does not add up': changed(9, '1651'),
    'a number as amount': changed(9, 1650),
    'an unknown unit': changed(8, 'XXQ'),
    'a wrong check digit': changed(
      4,
      accountNumber(1, 1_234_567).replace(/.$/u, (digit) => String((Number(digit) + 1) % 10)),
    ),
    'no lines': changed(10, []),
    '201 lines': changed(
      10,
      Array.from({ length: 201 }, () => lines[0]),
    ),
    'a name with a line break': changed(5, 'Bakery\nof others'),
    'a name that runs backwards': changed(6, 'Bakery\u202eevil'),
    'an empty name': changed(7, '\u200b '),
    'a text too long': line(0, 'x'.repeat(121)),
    'no pieces': line(1, 0),
    'a negative amount': line(2, '-450'),
    'tax above the amount': line(4, '451'),
    'a tax rate of 101 %': line(3, 10_100),
    'a code with blanks': line(5, '4901 2345'),
    'no yes or no': line(6, 1),
    'half a period': line(7, ['P8D']),
    'an empty restriction': line(8, [null, null, null, null]),
    'a life of eleven minutes': changed(12, NOON + PURCHASE_LIFE_MS + 1),
    'an end before its beginning': changed(12, NOON),
    'a time that is none': changed(11, 1.5),
    'ten kilobytes of something': withPayload(JSON.stringify('x'.repeat(10_000))),
    'too long': `WP1.${'A'.repeat(PURCHASE_LENGTH)}.${toBase64url(SIGNATURE)}`,
  }
  for (const [what, bad] of Object.entries(wrong)) assert.equal(readPurchase(bad), undefined, what)
  const known = signedText(certificateText(certificate), SIGNATURE)
  assert.equal(readPurchase(known), undefined)
  assert.equal(readCertificate(text), undefined)
  assert.equal(readCertificate(known.replace('WT1.', 'WT2.')), undefined)
})

test('nothing that is read throws', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json().map((json) => withPayload(json)),
      ),
      (text) => {
        assert.equal(readPurchase(text), undefined)
        assert.equal(readCertificate(text), undefined)
      },
    ),
  )
})

test('a purchase fits its certificate, its scheme and the time, or it is said which it does not', () => {
  const fault = (over: Partial<Purchase> = {}, by: Partial<TerminalCertificate> = {}, now = NOON) =>
    purchaseFault({ ...purchase, ...over }, { ...certificate, ...by }, { scheme, now }) ?? 'fits'
  const other = id('sch', 0x12)
  assert.equal(fault(), 'fits')
  assert.equal(fault({ scheme: other }), 'other-scheme')
  assert.equal(fault({}, { scheme: other }), 'other-scheme')
  assert.equal(fault({ scheme: other }, { scheme: other }), 'other-scheme')
  for (const over of [
    { terminal: id('trm', 0x99) },
    { party: id('pty', 0x99) },
    { account: accountNumber(2, 7) },
    { name: 'Another bakery' },
    { legalName: 'Another Ltd.' },
    { label: 'Till 9' },
  ])
    assert.equal(fault({}, over), 'other-shop', JSON.stringify(over))
  assert.equal(fault({}, { until: NOON }), 'certificate-over', 'made at its very end')
  assert.equal(fault({}, { from: NOON + 1 }), 'certificate-over', 'made before it')
  assert.equal(fault({}, {}, purchase.expiresAt - 1), 'fits')
  assert.equal(fault({}, {}, purchase.expiresAt), 'purchase-over')
  assert.equal(fault({}, {}, NOON - PHONE_CLOCK_SLACK_MS), 'fits', 'a phone that is a quarter of an hour behind')
  assert.equal(fault({}, {}, NOON - PHONE_CLOCK_SLACK_MS - 1), 'clock')
})

test('a certificate is renewed when a third of its life is left', () => {
  const old = (day: number): boolean => isCertificateOld({ from: 0, until: 30 }, day)
  assert.deepEqual([0, 19, 20, 30, 31].map(old), [false, false, true, true, true])
})

test('what a purchase may say is what a command may say', () => {
  assert.equal(PURCHASE_LENGTH, LIMITS.purchaseLength)
  const pattern: unknown = Reflect.get(TextPart(10), 'pattern')
  for (const text of ['Bread', 'くるみ', ' ', '', '\u200b', 'a\u0000b', 'a\u007fb', 'a\u0085b', 'a\u202eb', 'a\u2028b', '\u3164', '👍🏽'])
    assert.equal(isShowable(text, 10), new RegExp(String(pattern), 'u').test(text), JSON.stringify(text)) // prettier-ignore
  assert.ok(isShowable('𠮷'.repeat(10), 10))
  assert.ok(!isShowable('𠮷'.repeat(11), 10))
})

const PURCHASE_VECTOR = '44928f18e5d4c7db4a4280399211056c39bf5a257fe653539f39721aa10b6190'
const CERTIFICATE_VECTOR = '0501917fc4245de7a159f4fd2443bf26dac9d24ed6e7e4ed878326ad187d94ef'
const ACCEPTED_VECTOR =
  '574b3111111111111111111111111111111111515151515151515151515151515151517b3bae54e7a2931a1957c1ca23189cdf913f567e92af15089f033b99e33351f1000001a3185c5000'
