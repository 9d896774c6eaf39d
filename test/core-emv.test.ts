// The EMVCo forms against their published vectors, ours against its own, and everything else against nonsense.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { accountNumber } from '#core/accounts.ts'
import { parseCustomerCode, valueAt, writeCustomerCode, type CustomerObject } from '#core/emv-customer.ts'
import { hubIdOf, readOurCode, writeOurCode, type OurCode } from '#core/emv-ours.ts'
import {
  crcOf,
  objectsOf,
  parseMerchantCode,
  textIn,
  writeMerchantCode,
  type EmvFault,
  type EmvObject,
} from '#core/emv.ts'
import { foreignCode, type ForeignCode } from '#core/foreign-codes.ts'
import { idFrom } from '#core/ids.ts'
import { unitOf } from '#core/money.ts'
import { numberFrom } from '#core/numbers.ts'

const CHINESE =
  '00020101021229300012D156000000000510A93FO3230Q31280012D15600000001030812345678520441115802CN5914BEST TRANSPORT6007BEIJING64200002ZH0104最佳运输0202北京540523.7253031565502016233030412340603***0708A60086670902ME91320016A0112233449988770708123456786304A13A'
const PIX =
  '00020126580014br.gov.bcb.pix0136123e4567-e12b-12d1-a456-4266554400005204000053039865802BR5913Fulano de Tal6008BRASILIA62070503***63041D3D'
const PIX_DYNAMIC =
  '00020101021226700014br.gov.bcb.pix2548pix.example.com/8b3da2f39a4140d1a91abd93113bd4415204000053039865802BR5913Fulano de Tal6008BRASILIA62070503***630464E4'
const JAPANESE =
  '00020101021226430015org.example.pay011001234567890206482913520454115303392540412805802JP5912EXAMPLE MART6005TOKYO62250304S00105064829130703R0264150002JA0105例のマート63041B89'
const PIX_CORRECTED =
  '00020126360014BR.GOV.BCB.PIX0114+5511943214321520400005303986540566.665802BR5907EMPRESA6008BRASILIA62070503***630404ED'
const VECTORS = [
  CHINESE,
  PIX,
  PIX_DYNAMIC,
  '00020126180014br.gov.bcb.pix5204000053039865802BR5913Fulano de Tal6008BRASILIA62070503***80800014br.gov.bcb.pix2558pix.example.com/qr/v2/rec/2353c790eefb11eaadc10242ac120002630462C9',
  '00020101021226760014br.gov.bcb.pix2554pix.example.com/qr/v2/8b3da2f39a4140d1a91abd93113bd4415204000053039865802BR5913Fulano de Tal6008BRASILIA62070503***80800014br.gov.bcb.pix2558pix.example.com/qr/v2/rec/94ed2badcbc04c15b0bb7fa35319489063047741',
  '00020101021226810014br.gov.bcb.pix2559pix.example.com/qr/v2/cobv/1e6c54d3ec9449b7a7fc53b6b0f998e75204000053039865802BR5913Fulano de Tal6008BRASILIA62070503***80800014br.gov.bcb.pix2558pix.example.com/qr/v2/rec/3ffa640fa4f14080adccb949fa2dc0d06304A441',
  JAPANESE,
  PIX_CORRECTED,
]
/** The CRC is right, the length of 62 is not. */
const NEGATIVE =
  '00020126360014BR.GOV.BCB.PIX0114+5511943214321520400005303986540566.665802BR5907EMPRESA6008BRASILIA62080503***6304170E'

test('every published code is read, and written again to the same text', () => {
  assert.equal(crcOf('123456789'), '29B1')
  for (const text of VECTORS) {
    const read = parseMerchantCode(text)
    assert.ok(read.ok, JSON.stringify(read) + text)
    assert.deepEqual(writeMerchantCode(read.objects), { ok: true, text })
  }
  const { objects } = parsed(CHINESE)
  assert.equal(textIn(objects, '54'), '23.72')
  assert.deepEqual(objectsOf(objects, '64'), [
    { id: '00', value: 'ZH' },
    { id: '01', value: '最佳运输' },
    { id: '02', value: '北京' },
  ])
  assert.equal(textIn(objectsOf(objects, '62') ?? [], '06'), '***')
})

test('what is wrong with a code has a name, whatever its CRC says', () => {
  const body = (...objects: readonly string[]): string => `000201${objects.join('')}6304`
  const whole = (...objects: readonly string[]): string => body(...objects) + crcOf(body(...objects))
  const plain = ['2609000512345', '52040000', '5303392', '5802JP', '5901x', '6001y']
  assert.ok(parseMerchantCode(whole(...plain)).ok)
  const cases: readonly (readonly [what: string, text: string, fault: EmvFault])[] = [
    ['right CRC, wrong length in 62', NEGATIVE, 'truncated'],
    ['nothing', '', 'not-emv'],
    ['a link', 'https://pay.example.org/j/x', 'not-emv'],
    ['one sign changed', PIX.replace('Fulano', 'Fulana'), 'crc-wrong'],
    ['CRC in small letters', PIX.slice(0, -4) + '1d3d', 'crc-wrong'],
    ['cut off', PIX.slice(0, 60), 'truncated'],
    ['without its CRC', PIX.slice(0, -8), 'truncated'],
    ['10 kB', `${PIX.slice(0, -8)}${'8'.repeat(10_000)}6304ABCD`, 'too-long'],
    ['513 characters', whole(...plain, ...longer(513 - whole(...plain).length)), 'too-long'],
    ['59 twice', whole(...plain, '5901z'), 'duplicate-id'],
    ['twice within a template', whole(...plain, '62100501a0501b'), 'duplicate-id'],
    ['an id of letters', whole(...plain, 'AB01x'), 'malformed'],
    ['a length of letters', whole(...plain, '62xx0501a'), 'malformed'],
    ['an empty object', whole(...plain, '6100'), 'malformed'],
    ['63 in the middle', whole(...plain, '63041234'), 'malformed'],
    ['no account', whole(...plain.slice(1)), 'field-missing'],
    ['no name', whole(...plain.filter((object) => !object.startsWith('59'))), 'field-missing'],
    ['no currency', whole(...plain.filter((object) => !object.startsWith('53'))), 'field-missing'],
    ['a template without a name', whole(...plain, '27050501a'), 'field-invalid'],
    ['amount 0', whole(...plain, '54010'), 'field-invalid'],
    ['amount 0.00', whole(...plain, '54040.00'), 'field-invalid'],
    ['two points', whole(...plain, '54051.2.3'), 'field-invalid'],
    ['an amount of 14', whole(...plain, '541412345678901234'), 'field-invalid'],
    ['a tip of the fourth kind', whole(...plain, '550204'), 'field-invalid'],
    ['a fixed tip without its amount', whole(...plain, '550202'), 'field-invalid'],
    ['a fixed amount without its tip', whole(...plain, '56031.5'), 'field-invalid'],
    ['a rate of 100', whole(...plain, '550203', '5703100'), 'field-invalid'],
    [
      'a name of 26',
      whole(...plain.filter((object) => !object.startsWith('59')), `5926${'n'.repeat(26)}`),
      'field-invalid',
    ],
    ['a name with kana', whole(...plain.filter((object) => !object.startsWith('59')), '5901の'), 'field-invalid'],
    [
      'a country in small letters',
      whole(...plain.filter((object) => !object.startsWith('58')), '5802jp'),
      'field-invalid',
    ],
    ['the method 13', whole('010213', ...plain), 'field-invalid'],
    ['a consumer who is asked for X', whole(...plain, '62050901X'), 'field-invalid'],
    ['a label of 26', whole(...plain, `62300726${'n'.repeat(26)}`), 'field-invalid'],
    ['a language without a name', whole(...plain, '64060002JA'), 'field-invalid'],
  ]
  for (const [what, text, fault] of cases) {
    const read = parseMerchantCode(text)
    assert.equal(read.ok ? 'read' : read.fault, fault, what)
  }
})

test('length counts characters: a sign outside the basic plane is one', () => {
  const objects: EmvObject[] = [
    ...parsed(PIX).objects,
    {
      id: '64',
      value: [
        { id: '00', value: 'JA' },
        { id: '01', value: '𠮷野家' },
      ],
    },
  ]
  const written = writeMerchantCode(objects)
  assert.ok(written.ok)
  assert.match(written.text, /64130002JA0103𠮷野家/u)
  assert.deepEqual(parsed(written.text).objects, objects)
})

test('what was written is read as it was, and no text makes the reader throw', () => {
  fc.assert(
    fc.property(merchantCodes, (objects) => {
      const written = writeMerchantCode(objects)
      if (!written.ok) return assert.equal(written.fault, 'too-long')
      return assert.deepEqual(parseMerchantCode(written.text), { ok: true, objects })
    }),
  )
  fc.assert(fc.property(broken(VECTORS), (text) => void parseMerchantCode(text)))
  fc.assert(fc.property(broken(VECTORS), (text) => void foreignCode(text)))
})

test('the writer refuses what the reader would', () => {
  const { objects } = parsed(PIX)
  const without = (id: string): EmvObject[] => objects.filter((object) => object.id !== id)
  const cases: readonly (readonly [what: string, objects: readonly EmvObject[], fault: EmvFault])[] = [
    ['00 is not first', [...without('00'), { id: '00', value: '01' }], 'field-missing'],
    ['no city', without('60'), 'field-missing'],
    ['a CRC of its own', [...objects, { id: '63', value: '1234' }], 'field-invalid'],
    ['an id of letters', [...objects, { id: 'XY', value: 'a' }], 'field-invalid'],
    [
      'a template over 99',
      [...without('62'), { id: '62', value: ['01', '02', '03', '04'].map((id) => ({ id, value: 'n'.repeat(25) })) }],
      'too-long',
    ],
  ]
  for (const [what, wrong, fault] of cases) {
    const written = writeMerchantCode(wrong)
    assert.equal(written.ok ? 'written' : written.fault, fault, what)
  }
})

const CPM_1 = 'hQVDUFYwMWEaTwegAAAAVVVVVw8SNFZ4kBI0WNGRIgESNF8='
const CPM_2 =
  'hQVDUFYwMWETTwegAAAAVVVVUAhQcm9kdWN0MWETTwegAAAAZmZmUAhQcm9kdWN0MmJJWggSNFZ4kBI0WF8gDkNBUkRIT0xERVIvRU1WXy0IcnVlc2RlZW5kIZ8QBwYBCgMAAACfJghYT9OF+iNLzJ82AgABnzcEbVjvEw=='

test('both published codes of customers are read, and written again to the same text', () => {
  for (const text of [CPM_1, CPM_2]) {
    const read = parseCustomerCode(text)
    assert.ok(read.ok, JSON.stringify(read))
    assert.deepEqual(writeCustomerCode(read.objects), { ok: true, text })
  }
  const first = parseCustomerCode(CPM_1)
  assert.deepEqual(first.ok && first.objects[1], {
    tag: '61',
    value: [
      { tag: '4f', value: 'a0000000555555' },
      { tag: '57', value: '1234567890123458d191220112345f' },
    ],
  })
  const second = parseCustomerCode(CPM_2)
  assert.equal(second.ok && valueAt(second.objects, '62', '64', '9f37'), '6d58ef13')
  assert.equal(second.ok && valueAt(second.objects, '62', '5a'), '1234567890123458')
})

test('a broken code of a customer has a name for what is wrong', () => {
  const code = (hex: string): string => Buffer.from(`8505435056303161${hex}`, 'hex').toString('base64')
  const cases: readonly (readonly [what: string, text: string, fault: string])[] = [
    ['something else', '4912345678904', 'not-emv'],
    ['not base64', 'hQVDUFYwMWE*', 'malformed'],
    ['base64 without its end', CPM_1.slice(0, -1), 'malformed'],
    ['cut off', CPM_1.slice(0, -8), 'truncated'],
    ['10 kB', `hQVDUFY${'A'.repeat(10_000)}`, 'too-long'],
    ['no AID', code('03500141'), 'field-missing'],
    ['an AID of 4', code('064f04a0000000'), 'field-invalid'],
    ['a length with a byte too many', code('81074f05a000000055'), 'malformed'],
    ['a tag twice', code('0e4f05a0000000554f05a000000055'), 'duplicate-tag'],
    ['three applications', code('074f05a00000005561074f05a00000005561074f05a000000055'), 'duplicate-tag'],
    ['a tag without an end', code('074f05a0000000559f'), 'malformed'],
  ]
  for (const [what, text, fault] of cases) {
    const read = parseCustomerCode(text)
    assert.equal(read.ok ? 'read' : read.fault, fault, what)
  }
  assert.deepEqual(writeCustomerCode([{ tag: '61', value: '00' }]), { ok: false, fault: 'field-missing' })
})

test("a customer's code is read as it was written, and no text makes the reader throw", () => {
  fc.assert(
    fc.property(customerCodes, (objects) => {
      const written = writeCustomerCode(objects)
      if (!written.ok) return assert.equal(written.fault, 'too-long')
      return assert.deepEqual(parseCustomerCode(written.text), { ok: true, objects })
    }),
  )
  fc.assert(fc.property(broken([CPM_1, CPM_2]), (text) => void parseCustomerCode(text)))
})

const ORIGIN = 'https://pay.example.org'
const OURS: OurCode = {
  origin: ORIGIN,
  account: accountNumber(1, 1_234_567),
  names: { number: numberFrom(new Uint8Array(16).fill(7), 8) },
  name: '例のマート',
  terminalLabel: 'R02',
  unit: known('JPY'),
  amount: 1_280n,
  zone: 'Asia/Tokyo',
}

test('our own number and point in the EMVCo form: a regression vector each, and read again by our hub alone', () => {
  const offer = writeOurCode(OURS)
  assert.equal(
    offer,
    '00020101021226470015org.example.pay0111001123456740209799116870520400005303392540412805802JP5913001-1234567-46005TOKYO622005097991168700703R0264150002JA0105例のマート630407CC',
  )
  const point = idFrom('pnt', new Uint8Array(16).fill(0xab))
  const sign = writeOurCode({ ...OURS, names: { point }, name: 'Café Ébène', amount: null })
  assert.equal(
    sign,
    '00020101021126700015org.example.pay0111001123456740332abababababababababababababababab5204000053033925802JP5910Cafe Ebene6005TOKYO62070703R0264200002EN0110Café Ébène63042DD3',
  )
  assert.deepEqual(readOurCode(offer ?? '', ORIGIN), { kind: 'number', ...OURS.names })
  assert.deepEqual(readOurCode(` ${sign}\n`, ORIGIN), { kind: 'point', point })
  for (const text of VECTORS) assert.equal(readOurCode(text, ORIGIN), undefined)
  assert.equal(readOurCode(offer ?? '', 'https://pay.example.net'), undefined)
  assert.equal(readOurCode((offer ?? '').replace('1280', '1281'), ORIGIN), undefined)
  assert.equal(writeOurCode({ ...OURS, origin: `https://${'a'.repeat(30)}.example.org` }), undefined)
})

test('the amounts of the form: three decimals stand, what is longer than 13 signs is left out', () => {
  const bahrain = writeOurCode({ ...OURS, unit: known('BHD'), amount: 1_005n })
  assert.equal(textIn(parsed(bahrain ?? '').objects, '54'), '1.005')
  const huge = writeOurCode({ ...OURS, amount: 99_999_999_999_999n })
  assert.equal(textIn(parsed(huge ?? '').objects, '54'), undefined)
  const cases = [
    ['https://pay.example.org:8443', 'org.example.pay'],
    ['http://localhost:4000', 'localhost'],
    ['http://127.0.0.1:4000', '127.0.0.1'],
    ['nonsense', undefined],
  ] as const
  for (const [origin, id] of cases) assert.equal(hubIdOf(origin), id)
})

test('a code of another system is named with what it says, and nothing of ours is', () => {
  const merchant = (system: ForeignCode['system'], name: string | null, amount: ForeignCode['amount'] = null) => ({
    system,
    shownBy: 'merchant',
    name,
    amount,
  })
  // Japan's common code is told by the id of its template; the rest of it is its own.
  const jpqr = writeMerchantCode([
    ...parsed(PIX).objects.filter(({ id }) => id !== '26'),
    {
      id: '26',
      value: [
        { id: '00', value: 'jp.or.paymentsjapan' },
        { id: '01', value: '0000000000001' },
      ],
    },
    {
      id: '64',
      value: [
        { id: '00', value: 'JA' },
        { id: '01', value: '本舗食堂' },
      ],
    },
  ])
  assert.ok(jpqr.ok)
  const customer = (system: ForeignCode['system']) => ({ system, shownBy: 'customer', name: null, amount: null })
  const cases: readonly (readonly [text: string, read: unknown])[] = [
    [PIX, merchant('pix', 'Fulano de Tal')],
    [PIX_DYNAMIC, merchant('pix', 'Fulano de Tal')],
    [PIX_CORRECTED, merchant('pix', 'EMPRESA', { value: '66.66', unit: 'BRL' })],
    [NEGATIVE, merchant('pix', null)],
    [PIX.replace('Fulano', 'Fulana'), merchant('pix', null)],
    [jpqr.text, merchant('jpqr', '本舗食堂')],
    [CHINESE, merchant('emv-merchant', '最佳运输', { value: '23.72', unit: 'CNY' })],
    [
      'upi://pay?pa=shop@bank&pn=Asha%20Stores&am=125.50&cu=INR',
      merchant('upi', 'Asha Stores', { value: '125.50', unit: 'INR' }),
    ],
    ['UPI://pay?pa=shop@bank&am=nonsense', merchant('upi', 'shop@bank')],
    ['upi://pay?pn=%E2%80%AEabc%00', merchant('upi', 'abc')],
    [CPM_1, customer('emv-customer')],
    ['130123456789012345', customer('wechat')],
    ['2812345678901234', customer('alipay')],
    ['281234567890123456789012', customer('alipay')],
    ['https://qr.alipay.com/abc', merchant('alipay', null)],
    [
      'https://alipay.com.evil.example/',
      { system: 'web-page', shownBy: null, name: 'alipay.com.evil.example', amount: null },
    ],
    ['wxp://f2f0abc', merchant('wechat', null)],
    [
      'https://example.org:8080/menu?a=1',
      { system: 'web-page', shownBy: null, name: 'example.org:8080', amount: null },
    ],
    ['4901234567894', { system: 'goods', shownBy: null, name: null, amount: null }],
    ['4901234567895', undefined],
    ['036000291452', { system: 'goods', shownBy: null, name: null, amount: null }],
    ['96385074', { system: 'goods', shownBy: null, name: null, amount: null }],
    ['880123456789012', undefined],
    ['javascript:alert(1)', undefined],
    ['hello', undefined],
    ['', undefined],
    [`https://example.org/${'a'.repeat(10_000)}`, undefined],
  ]
  for (const [text, read] of cases) assert.deepEqual(foreignCode(text), read, text.slice(0, 60))
})

// ---- what is written by chance

const ascii = (longest: number) =>
  fc.string({
    minLength: 1,
    maxLength: longest,
    unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
  })
const anyText = (longest: number) =>
  fc
    .array(fc.constantFrom('a', ' ', '6', '0', '最', '𠮷', 'é', '|'), { minLength: 1, maxLength: longest })
    .map((signs) => signs.join(''))
const guid = (id: string): fc.Arbitrary<EmvObject> =>
  fc.tuple(ascii(20), ascii(20)).map(([name, value]) => ({
    id,
    value: [
      { id: '00', value: name },
      { id: '05', value },
    ],
  }))
const amounts = fc.integer({ min: 1, max: 99_999_999 }).map((cents) => (cents / 100).toFixed(2))
const maybe = (object: fc.Arbitrary<EmvObject>) =>
  fc.option(
    object.map((one) => [one]),
    { nil: [] },
  )
const plainObject = (id: string, value: fc.Arbitrary<string>) => value.map((text) => ({ id, value: text }))

const merchantCodes: fc.Arbitrary<EmvObject[]> = fc
  .tuple(
    maybe(plainObject('01', fc.constantFrom('11', '12'))),
    fc.constantFrom('26', '33', '51').chain(guid),
    maybe(plainObject('02', ascii(99))),
    plainObject('52', fc.constantFrom('0000', '5411')),
    plainObject('53', fc.constantFrom('392', '986')),
    maybe(plainObject('54', amounts)),
    plainObject('58', fc.constantFrom('JP', 'BR')),
    plainObject('59', ascii(25)),
    plainObject('60', ascii(15)),
    maybe(
      fc.tuple(ascii(25), anyText(30)).map(([bill, more]) => ({
        id: '62',
        value: [
          { id: '01', value: bill },
          { id: '20', value: more },
          {
            id: '50',
            value: [
              { id: '00', value: 'x' },
              { id: '01', value: 'y' },
            ],
          },
        ],
      })),
    ),
    maybe(
      fc.tuple(anyText(25), anyText(15)).map(([name, city]) => ({
        id: '64',
        value: [
          { id: '00', value: 'JA' },
          { id: '01', value: name },
          { id: '02', value: city },
        ],
      })),
    ),
    maybe(fc.constantFrom('80', '99').chain(guid)),
  )
  .chain((parts) => fc.shuffledSubarray(parts.flat(), { minLength: parts.flat().length }))
  .map((objects) => [{ id: '00', value: '01' }, ...objects])

const hex = (shortest: number, longest: number) =>
  fc.uint8Array({ minLength: shortest, maxLength: longest }).map((bytes) => Buffer.from(bytes).toString('hex'))

const customerCodes: fc.Arbitrary<CustomerObject[]> = fc
  .tuple(
    fc.array(fc.tuple(hex(5, 16), hex(0, 140), hex(0, 40)), { minLength: 1, maxLength: 2 }),
    fc.option(fc.tuple(hex(0, 20), hex(1, 8)), { nil: null }),
  )
  .map(([applications, common]) => [
    { tag: '85', value: Buffer.from('CPV01').toString('hex') },
    ...applications.map(([aid, label, own]) => ({
      tag: '61',
      value: [
        { tag: '4f', value: aid },
        { tag: '50', value: label },
        { tag: '63', value: [{ tag: '9f26', value: own }] },
      ],
    })),
    ...(common === null
      ? []
      : [
          {
            tag: '62',
            value: [
              { tag: '5f20', value: common[0] },
              { tag: '64', value: [{ tag: '9f37', value: common[1] }] },
            ],
          },
        ]),
  ])

/** Published codes with signs changed, cut out and put in, and plain nonsense. */
function broken(texts: readonly string[]): fc.Arbitrary<string> {
  const cut = fc
    .tuple(fc.constantFrom(...texts), fc.nat(300), fc.nat(30), fc.string({ maxLength: 30, unit: 'binary' }))
    .map(([text, at, length, put]) => text.slice(0, at) + put + text.slice(at + length))
  return fc.oneof(
    cut,
    fc.string({ maxLength: 600, unit: 'binary' }).map((text) => `000201${text}`),
    fc.string({ unit: 'binary' }),
  )
}

/** Objects that nobody reads, of together this many characters. */
function longer(characters: number): string[] {
  const objects: string[] = []
  for (let id = 65, left = characters; left > 0; id++) {
    const length = Math.min(left, 103) - 4
    objects.push(`${id}${String(length).padStart(2, '0')}${'x'.repeat(length)}`)
    left -= length + 4
  }
  return objects
}

function parsed(text: string) {
  const read = parseMerchantCode(text)
  assert.ok(read.ok, `${JSON.stringify(read)} ${text}`)
  return read
}

function known(code: string) {
  const unit = unitOf(code)
  assert.ok(unit)
  return unit
}
