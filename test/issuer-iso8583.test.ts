// ISO 8583: published vectors, every kind of element, every cut, an independent codec, and garbage.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import fc from 'fast-check'
import { readAsk } from '#issuer/asked.ts'
import { answerTo, readAnswer } from '#issuer/answers.ts'
import { answerType, placed, readParts, writeParts } from '#issuer/elements.ts'
import {
  createFrames,
  FORMATS,
  frameOf,
  MOST_MESSAGE_BYTES,
  openMessage,
  readMessage,
  sealMessage,
  writeMessage,
  type Message,
} from '#issuer/iso8583.ts'
import { writeAsk, type Ask } from '#issuer/messages.ts'
import { newOneTimeKey, oneTimeNumber, openOneTime, unwrapKey, wrapKey, zoneKeysOf } from '#issuer/one-time.ts'
import { netOf, NO_TOTALS } from '#issuer/totals.ts'
import { FF1 } from '@noble/ciphers/ff1.js'
import { isLuhn, luhnDigit } from '#core/card-number.ts'
import { unitOf } from '#core/money.ts'

const JPY = unitOf('JPY') ?? assert.fail()
const KEY = Buffer.alloc(32, 7)
const text = (message: Message): string => writeMessage(message).toString('latin1')

test('published messages are written and read byte for byte', () => {
  const first = { mti: '0100', fields: { 2: '4242424242424242', 3: '123456', 4: '000000000100' } }
  assert.equal(text(first), '01007000000000000000164242424242424242123456000000000100')
  assert.deepEqual(readMessage(writeMessage(first)), { ok: true, message: first })
  const reversal = {
    2: '4242424242424242',
    3: '000000',
    4: '000000000100',
    7: '1203101530',
    11: '000001',
    12: '191530',
    13: '1203',
    22: '010',
    32: '123456',
    37: '000000000001',
    38: '123456',
    39: '00',
    41: 'TERM0001',
    42: 'MERCHANT0000001',
    49: '392',
  }
  assert.equal(text({ mti: '0400', fields: reversal }).slice(4, 20), '723804010EC08000')
  const original = { ...reversal, 90: '0'.repeat(42) }
  assert.equal(text({ mti: '0400', fields: original }).slice(4, 36), 'F23804010EC080000000004000000000')
})

/** A value of an element, as long as it may be, and as short. */
function samplesOf(number: number): readonly string[] {
  const format = FORMATS.get(number) ?? assert.fail()
  const sign = { n: '7', a: 'a', an: 'Z', ans: '~', z: 'D', b: 'F', xn: '9' }[format.kind]
  const long = format.kind === 'xn' ? `C${sign.repeat(format.most - 1)}` : sign.repeat(format.most)
  return format.digits === 0 ? [long] : [long, sign]
}

test('every element goes to and fro, alone and with all others', () => {
  const all: Record<number, string> = {}
  for (const number of FORMATS.keys()) {
    for (const value of samplesOf(number)) {
      const message = { mti: '0100', fields: { [number]: value } }
      assert.deepEqual(readMessage(writeMessage(message)), { ok: true, message }, `DE ${number}`)
    }
    all[number] = samplesOf(number).at(-1) ?? ''
  }
  assert.equal(FORMATS.size, 126)
  assert.deepEqual(readMessage(writeMessage({ mti: '0500', fields: all })), {
    ok: true,
    message: { mti: '0500', fields: all },
  })
})

test('a value of a wrong kind or length is never written, and never read', () => {
  for (const number of FORMATS.keys()) {
    const { kind, most, digits } = FORMATS.get(number) ?? assert.fail()
    const [long = ''] = samplesOf(number)
    const wrong = [`${long}${long.at(-1) ?? ''}`, '', ...(kind === 'ans' ? ['\n'.repeat(most)] : ['é'.repeat(most)])]
    if (digits === 0 && most > 1) wrong.push(long.slice(1))
    for (const value of wrong)
      assert.throws(() => writeMessage({ mti: '0100', fields: { [number]: value } }), RangeError, `DE ${number}`)
    const right = writeMessage({ mti: '0100', fields: { [number]: long } })
    right[right.length - 1] = 0x0a
    const read = readMessage(right)
    assert.ok(!read.ok && read.why.what === 'character' && read.why.field === number, `DE ${number}`)
  }
})

test('what is no message is told from one, by what is wrong with it', () => {
  const whole = text({ mti: '0100', fields: { 2: '4242424242424242', 3: '000000' } })
  const table: readonly (readonly [string, string, number])[] = [
    ['', 'short', 0],
    ['010', 'short', 0],
    ['01x0', 'character', 0],
    ['0100700000000000000', 'short', 1],
    ['0100F000000000000000', 'short', 1],
    ['0100700000000000000g164242', 'character', 1],
    ['0100700000000000000a164242', 'character', 1],
    // there is no third bitmap
    ['010080000000000000008000000000000000', 'unknown-field', 65],
    ['01004000000000000000', 'short', 2],
    ['010040000000000000001x42', 'character', 2],
    ['0100400000000000000000', 'length', 2],
    ['010040000000000000002012345678901234567890', 'length', 2],
    [`${whole}0`, 'rest', 0],
  ]
  for (const [bytes, what, field] of table)
    assert.deepEqual(readMessage(Buffer.from(bytes, 'latin1')), { ok: false, why: { what, field } }, bytes)
  for (let cut = 0; cut < whole.length; cut++) {
    const read = readMessage(Buffer.from(whole.slice(0, cut), 'latin1'))
    assert.ok(!read.ok && read.why.what === 'short', whole.slice(0, cut))
  }
})

test('frames come whole however the stream was cut, and a wrong length ends it for good', () => {
  const messages = ['a', 'bc', 'd'.repeat(300)].map((each) => Buffer.from(each))
  const stream = Buffer.concat(messages.map(frameOf))
  for (let cut = 0; cut <= stream.length; cut++) {
    const frames = createFrames()
    const got = [...(frames.take(stream.subarray(0, cut)) ?? []), ...(frames.take(stream.subarray(cut)) ?? [])]
    assert.deepEqual(got, messages, `cut at ${cut}`)
    assert.equal(frames.isWaiting(), false)
  }
  const drop = createFrames()
  const got = [...stream].flatMap((byte) => drop.take(Buffer.from([byte])) ?? assert.fail())
  assert.deepEqual(got, messages)
  for (const length of [0, MOST_MESSAGE_BYTES + 1, 0xffff]) {
    const frames = createFrames()
    const header = Buffer.alloc(2)
    header.writeUInt16BE(length)
    assert.equal(frames.take(header), undefined)
    assert.equal(frames.take(frameOf(Buffer.from('a'))), undefined, 'what follows is not read')
  }
  assert.throws(() => frameOf(Buffer.alloc(0)), RangeError)
  assert.throws(() => frameOf(Buffer.alloc(MOST_MESSAGE_BYTES + 1)), RangeError)
})

test('a sealed message is broken by any changed byte, another key, or a missing code', () => {
  for (const fields of [
    { 2: '4242424242424242', 3: '000000' },
    { 11: '000001', 70: '301' },
  ]) {
    const message = { mti: '0800', fields }
    const sealed = sealMessage(message, KEY)
    const read = openMessage(sealed, KEY)
    assert.ok(read.ok)
    const place = 70 in fields ? 128 : 64
    assert.deepEqual(read.message.fields, { ...fields, [place]: sealed.subarray(-16).toString() })
    for (let at = 0; at < sealed.length; at++) {
      const changed = Buffer.from(sealed)
      changed[at] = (changed[at] ?? 0) ^ 1
      assert.equal(openMessage(changed, KEY).ok, false, `byte ${at}`)
    }
    assert.equal(openMessage(sealed, Buffer.alloc(32, 8)).ok, false)
    assert.deepEqual(openMessage(writeMessage(message), KEY), { ok: false, why: { what: 'mac', field: place } })
  }
})

type Independent = new (
  message: Readonly<Record<string, string>> | undefined,
  formats: object,
) => Readonly<{ getRawMessage(): Buffer; getIsoJSON(bytes: Buffer, how: object): Record<string, string> }>

test('an independent implementation writes and reads the same bytes', () => {
  // Border: the package has no types.
  const Iso8583 = createRequire(import.meta.url)('iso_8583') as Independent
  const code = { ContentType: 'an', Label: 'code', LenType: 'fixed', MaxLen: 16 }
  const formats = {
    1: { ContentType: 'an', Label: 'bitmap', LenType: 'fixed', MaxLen: 16 },
    64: code,
    128: code,
    97: { ContentType: 'ans', Label: 'net', LenType: 'fixed', MaxLen: 17 },
    120: { ContentType: 'ans', Label: 'record', LenType: 'lllvar', MaxLen: 999 },
  }
  for (const ask of ASKS) {
    const written = writeAsk(ask)
    // It knows no file actions and notices: their elements go under a type that it knows.
    const message = { ...written, mti: /^0[36]/u.test(written.mti) ? '0100' : written.mti }
    const sealed = sealMessage(message, KEY)
    const read = openMessage(sealed, KEY)
    assert.ok(read.ok)
    const json = { 0: read.message.mti, ...read.message.fields }
    const theirs = new Iso8583(json, formats).getRawMessage()
    assert.ok(Buffer.isBuffer(theirs), `${ask.kind}: ${JSON.stringify(theirs)}`)
    // It writes a second bitmap also where nothing is in it.
    const isLong = Object.keys(message.fields).some((number) => Number(number) > 64)
    if (isLong) assert.equal(Buffer.from(theirs).toString('latin1'), sealed.toString('latin1'), ask.kind)
    else assert.equal(Buffer.from(theirs).toString('latin1').slice(36), sealed.toString('latin1').slice(20), ask.kind)
    assert.deepEqual(readMessage(theirs), read, ask.kind)
    const framed = frameOf(isLong ? sealed : theirs)
    const back = new Iso8583(undefined, formats).getIsoJSON(framed, { bitmapEncoding: 'utf8' })
    assert.deepEqual(back, json, ask.kind)
  }
})

const TRACE = { stan: '000123', rrn: '000000000456', at: '1203101530', day: '1203', acquirer: '123456' }
const HEAD = { trace: TRACE, isRepeat: false }
const MERCHANT = { number: 'SHOP00000000001', name: 'Marubeni Bakery', place: 'Kyoto', category: '5462' }
const PAID = { unit: JPY, amount: 1280n }
const NUMBER = '4571990000001019'
const ORDER = `${'0a'.repeat(16)}-1`
const OWN = `${'0a'.repeat(16)}-2`
const CARD = { number: NUMBER, expires: '3112' }
const AT = { merchant: MERCHANT, terminal: 'T1' }
const RECORD = {
  merchant: MERCHANT.number,
  terminal: 'T1',
  ...PAID,
  method: 'lump',
  until: 1_795_306_683_647,
  wrapped: Buffer.alloc(60, 3),
} as const
const ASKS: readonly Ask[] = [
  { ...HEAD, kind: 'authorise', ...CARD, ...PAID, ...AT, method: 'instalments-12', order: ORDER, code: null },
  { ...HEAD, isRepeat: true, kind: 'authorise', ...CARD, ...PAID, ...AT, method: 'lump', order: ORDER, code: '1234' },
  { ...HEAD, kind: 'verify', ...CARD, order: ORDER, code: '123' },
  { ...HEAD, kind: 'sale', ...CARD, ...PAID, ...AT, method: 'bonus' },
  { ...HEAD, kind: 'refund', ...PAID, ...AT, of: { order: ORDER, own: OWN } },
  { ...HEAD, kind: 'refund', ...PAID, ...AT, of: { number: NUMBER, rrn: '000000000455' } },
  { ...HEAD, kind: 'capture', ...PAID, order: ORDER, own: OWN },
  { ...HEAD, isRepeat: true, kind: 'release', ...PAID, order: ORDER, own: OWN, remains: 0n },
  ...[true, false].flatMap((isAdvice) =>
    [true, false].map((isRepeat) => ({
      ...HEAD,
      kind: 'reverse' as const,
      ...PAID,
      order: isRepeat ? ORDER : null,
      isAdvice,
      isRepeat,
      original: { mti: '0100', stan: '000122', at: '1203101500', acquirer: '123456' },
    })),
  ),
  { ...HEAD, kind: 'put-key', number: NUMBER, order: ORDER, record: RECORD },
  { ...HEAD, kind: 'end-key', number: NUMBER, order: ORDER },
  {
    ...HEAD,
    kind: 'compare',
    unit: JPY,
    totals: { ...NO_TOTALS, debits: { count: 2, amount: 500n }, credits: { count: 1, amount: 700n } },
  },
  { ...HEAD, kind: 'network', what: '001' },
  { ...HEAD, kind: 'network', what: '301' },
  {
    ...HEAD,
    kind: 'notice',
    ...PAID,
    number: NUMBER,
    order: ORDER,
    event: 'other-merchant',
    approval: null,
    code: '58',
    terminal: 'T2',
    merchantNumber: 'SHOP00000000002',
  },
]

test('what is asked is read as it was written, and every missing element is named', () => {
  for (const ask of ASKS) {
    const message = writeAsk(ask)
    assert.deepEqual(readAsk(message), { ok: true, ask }, ask.kind)
    for (const number of Object.keys(message.fields).map(Number)) {
      const fields = Object.fromEntries(Object.entries(message.fields).filter(([each]) => Number(each) !== number))
      const read = readAsk({ ...message, fields })
      // How it was read, and an approval, are not always there; a release without what remains is a reversal without its original.
      const alsoWithout = ask.kind === 'verify' ? [4] : ask.kind === 'reverse' ? [48] : []
      const isOptional = [22, 25, 38, ...alsoWithout].includes(number)
      if (read.ok) assert.ok(isOptional, `${ask.kind} without DE ${number}`)
      else assert.equal(read.field, number === 95 ? 90 : number, `${ask.kind} without DE ${number}`)
    }
  }
})

test('amounts that do not fit, and texts that ISO 8583 cannot say', () => {
  const sale = { ...HEAD, kind: 'sale', ...CARD, ...PAID, ...AT, method: 'lump' } as const
  assert.throws(() => writeAsk({ ...sale, amount: 10n ** 12n }), RangeError)
  assert.throws(
    () => writeAsk({ ...sale, number: '45719900000010191234' }) && text(writeAsk({ ...sale, number: 'x' })),
    RangeError,
  )
  assert.equal(placed('まるべにパン', 8), '??????  ')
  assert.equal(placed('Marubeni', 4), 'Maru')
  const read = readAsk(writeAsk({ ...sale, merchant: { ...MERCHANT, name: 'まるべにベーカリー' } }))
  assert.ok(read.ok && read.ask.kind === 'sale' && read.ask.merchant.name === '?????????')
})

test('private fields: what is written is read, and nothing else is', () => {
  assert.equal(writeParts({ OR: 'abc', CV: null, MT: '0001' }), 'OR03abcMT040001')
  assert.deepEqual(
    [...(readParts('OR03abcMT040001') ?? [])],
    [
      ['OR', 'abc'],
      ['MT', '0001'],
    ],
  )
  assert.equal(readParts('')?.size, 0)
  for (const wrong of ['O', 'OR', 'OR3', 'OR03ab', 'OR00', 'or03abc', 'OR03abcOR03abc', 'OR03abcx', 'OR-1a'])
    assert.equal(readParts(wrong), undefined, wrong)
  for (const wrong of [{ OR: '' }, { or: 'a' }, { OR: 'a'.repeat(100) }])
    assert.throws(() => writeParts(wrong), RangeError)
})

test('the answer says again what was asked, but no security code and no key', () => {
  for (const ask of ASKS) {
    const message = writeAsk(ask)
    const answer = answerTo(message, { code: '00', approval: '123456' })
    const said = readAnswer(answer)
    assert.equal(answer.mti, answerType(message.mti))
    assert.deepEqual(said?.trace, TRACE)
    assert.equal(said?.code, '00')
    assert.doesNotMatch(answer.fields[48] ?? '', /CV|EV/u)
    assert.equal(answer.fields[120], undefined)
    assert.equal(readAnswer(message), undefined, 'what asks is no answer')
    assert.throws(() => answerTo(answer, { code: '00' }), RangeError)
  }
  const types = '0100 0110 0101 0110 0200 0210 0220 0230 0221 0230 0302 0312 0400 0410 0401 0410 0420 0430 0421 0430'
  for (const [asked, answered] of Map.groupBy(types.split(' ').entries(), ([at]) => Math.floor(at / 2)).values())
    assert.equal(answerType(asked?.[1] ?? ''), answered?.[1])
  for (const none of ['0110', '0130', '0810', '1100', '01x0', '']) assert.equal(answerType(none), undefined, none)
})

test('totals: the net is what the parts say, and nothing else is read', () => {
  const totals = { ...NO_TOTALS, debits: { count: 2, amount: 500n }, credits: { count: 1, amount: 700n } }
  assert.equal(netOf(totals), -200n)
  const message = writeAsk({ ...HEAD, kind: 'compare', unit: JPY, totals })
  assert.equal(message.fields[97], 'C0000000000000200')
  const read = readAsk({ ...message, fields: { ...message.fields, 97: 'D0000000000000200' } })
  assert.deepEqual(read, { ok: false, field: 97 })
  const compared = { unit: JPY, totals }
  const answer = answerTo(message, { code: '95', compared })
  assert.equal(answer.fields[66], '2')
  assert.deepEqual(readAnswer(answer)?.compared, compared)
})

test('FF1 is the one of NIST SP 800-38G, samples 1, 2 and 7', () => {
  const hex = (digits: string): Buffer => Buffer.from(digits, 'hex')
  const digits = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
  const key = '2B7E151628AED2A6ABF7158809CF4F3C'
  assert.equal(FF1(10, hex(key)).encrypt(digits).join(''), '2433477484')
  assert.equal(FF1(10, hex(key), hex('39383736353433323130')).encrypt(digits).join(''), '6124200773')
  assert.equal(
    FF1(10, hex(`${key}EF4359D8D580AA4F7F036D6F04FC6A94`))
      .encrypt(digits)
      .join(''),
    '6657667009',
  )
})

test('a one-time number has the length and check digit of a card number, and opens only with its own key and purchase', () => {
  const purchase = { merchant: MERCHANT.number, terminal: 'T1', ...PAID, order: ORDER }
  for (const ranges of [
    { prefix: '457199', oneTimePrefix: '457198' },
    { prefix: '35891234', oneTimePrefix: '35891239' },
  ]) {
    const digits = ranges.prefix.padEnd(15, '1')
    const number = digits + luhnDigit(digits)
    const key = newOneTimeKey()
    const oneTime = oneTimeNumber(number, ranges, key, purchase)
    assert.ok(oneTime.startsWith(ranges.oneTimePrefix) && oneTime.length === number.length && isLuhn(oneTime))
    assert.equal(openOneTime(oneTime, ranges, key, purchase), number)
    assert.notEqual(openOneTime(oneTime, ranges, newOneTimeKey(), purchase), number)
    for (const changed of [
      { merchant: 'SHOP00000000002' },
      { terminal: 'T2' },
      { amount: 1281n },
      { order: OWN },
      { unit: unitOf('USD') ?? assert.fail() },
    ])
      assert.notEqual(
        openOneTime(oneTime, ranges, key, { ...purchase, ...changed }),
        number,
        JSON.stringify(Object.keys(changed)),
      )
    assert.equal(openOneTime(number, ranges, key, purchase), undefined)
    assert.throws(() => oneTimeNumber(oneTime, ranges, key, purchase), RangeError)
    assert.throws(() => oneTimeNumber(`${number.slice(0, -1)}x`, ranges, key, purchase), RangeError)
  }
  assert.throws(
    () => oneTimeNumber(NUMBER, { prefix: '4571990000', oneTimePrefix: '4571980000' }, newOneTimeKey(), purchase),
    RangeError,
  )
})

test('a one-time key travels wrapped, for its number and order alone', () => {
  const { wrap, mac } = zoneKeysOf(KEY)
  assert.notDeepEqual(wrap, mac)
  const key = newOneTimeKey()
  const bound = { number: NUMBER, order: ORDER }
  const wrapped = wrapKey(key, wrap, bound)
  assert.deepEqual(unwrapKey(wrapped, wrap, bound), key)
  assert.equal(unwrapKey(wrapped, mac, bound), undefined)
  assert.equal(unwrapKey(wrapped, wrap, { ...bound, order: OWN }), undefined)
  assert.equal(unwrapKey(wrapped, wrap, { ...bound, number: '4571990000002017' }), undefined)
  assert.equal(unwrapKey(wrapped.subarray(1), wrap, bound), undefined)
  for (let at = 0; at < wrapped.length; at++) {
    const changed = Buffer.from(wrapped)
    changed[at] = (changed[at] ?? 0) ^ 1
    assert.equal(unwrapKey(changed, wrap, bound), undefined, `byte ${at}`)
  }
  assert.throws(() => zoneKeysOf(Buffer.alloc(31)), RangeError)
})

test('garbage, changed messages and messages of any elements never throw; what is read is written the same', () => {
  const right = ASKS.map((ask) => sealMessage(writeAsk(ask), KEY))
  const spoilt = fc
    .tuple(fc.constantFrom(...right), fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { minLength: 1, maxLength: 4 }))
    .map(([bytes, changes]) => {
      const changed = Buffer.from(bytes)
      for (const [at, byte] of changes) changed[at % changed.length] = byte
      return changed
    })
  const digits = fc.stringMatching(/^0[1-8][0-9]{2}[0-9A-F]{16,32}[ -~]{0,200}$/u).map((each) => Buffer.from(each))
  const garbage = fc.uint8Array({ maxLength: 300 }).map((each) => Buffer.from(each))
  fc.assert(
    fc.property(fc.oneof(spoilt, digits, garbage), (bytes) => {
      openMessage(bytes, KEY)
      const read = readMessage(bytes)
      if (!read.ok) return
      if (bytes.subarray(20, 36).toString() !== '0'.repeat(16)) assert.deepEqual(writeMessage(read.message), bytes)
      readAnswer(read.message)
      const asked = readAsk(read.message)
      if (asked.ok) writeMessage(writeAsk(asked.ask))
      if (answerType(read.message.mti) !== undefined) answerTo(read.message, { code: '30', fault: 48 })
    }),
    { numRuns: 3_000 },
  )
  const any = fc.dictionary(
    fc.constantFrom(...FORMATS.keys()).map(String),
    fc.oneof(fc.constantFrom('000000', '0'.repeat(12), '301', 'ONETIME', 'OR01x', '1', '3'), fc.string()),
  )
  fc.assert(
    fc.property(fc.constantFrom('0100', '0200', '0302', '0420', '0500', '0620', '0800', '0900'), any, (mti, fields) => {
      readAsk({ mti, fields })
      readAnswer({ mti, fields })
    }),
    { numRuns: 2_000 },
  )
})
