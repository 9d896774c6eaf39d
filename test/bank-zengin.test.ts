// The direct-debit file of Japanese banks: what is written is read again, and each fault is named by its record.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { bytesOf, foldKana, textOf } from '../bank/zengin-text.ts'
import { readDebits, RESULTS, writeDebits, type Account, type Debit, type DebitFile } from '../bank/zengin.ts'

test('names are folded to what a bank’s file can have', () => {
  for (const [text, folded] of [
    ['ガス', 'ｶﾞｽ'],
    ['ぱん屋', undefined],
    ['ぱんや', 'ﾊﾟﾝﾔ'],
    ['キュウヨ　イチロウ', 'ｷﾕｳﾖ ｲﾁﾛｳ'],
    ['スーパー', 'ｽ-ﾊﾟ-'],
    ['ヲノデン', 'ｵﾉﾃﾞﾝ'],
    ['ヴェルデ', 'ｳﾞｴﾙﾃﾞ'],
    ['ｶﾌﾞｼｷｶﾞｲｼﾔ', 'ｶﾌﾞｼｷｶﾞｲｼﾔ'],
    ['ａｂｃ（カ）１２．', 'ABC(ｶ)12.'],
    ['Marubeni', 'MARUBENI'],
    ['', ''],
    ['a,b', undefined],
    ['花子', undefined],
    ['emoji 🙂', undefined],
  ] as const)
    assert.equal(foldKana(text), folded, text)
})

const WRITTEN = Array.from(' 0123456789ABCXYZ().-ｱｲｳﾔﾜﾝﾞﾟ')
const name = (maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...WRITTEN), maxLength }).map((text) => text.trim())
const digits = (length: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...Array.from('0123456789')), minLength: length, maxLength: length })
/** An object without Object's own is another to deepEqual. */
const PLAIN = { noNullPrototype: true } as const
const place = (length: number) => fc.record({ code: digits(length), name: name(15) }, PLAIN)
const account: fc.Arbitrary<Account> = fc.record(
  {
    bank: place(4),
    branch: place(3),
    kind: fc.constantFrom('1', '2', '9'),
    number: digits(7),
  },
  PLAIN,
)
const debit: fc.Arbitrary<Debit> = fc
  .tuple(
    account,
    fc.record({
      payer: name(30),
      amount: fc.bigInt(1n, 9_999_999_999n),
      newness: fc.constantFrom('0', '1', '2'),
      customer: digits(20),
      result: fc.constantFrom(...RESULTS),
    }),
  )
  .map(([whose, what]) => ({ ...whose, ...what }))
const file: fc.Arbitrary<DebitFile> = fc
  .record(
    {
      companyCode: digits(10),
      company: name(40),
      day: fc.constantFrom('0101', '0430', '1231'),
      collector: account,
      debits: fc.array(debit, { minLength: 1, maxLength: 5 }),
      isAnswered: fc.boolean(),
    },
    PLAIN,
  )
  .map((made) =>
    made.isAnswered ? made : { ...made, debits: made.debits.map((each) => ({ ...each, result: '0' as const })) },
  )

test('what is written is read again, with line ends and without', () => {
  fc.assert(
    fc.property(file, (made) => {
      const bytes = writeDebits(made)
      assert.equal(bytes.length, (made.debits.length + 3) * 122)
      assert.deepEqual(readDebits(bytes), { ok: true, file: made })
      assert.deepEqual(readDebits(bytes.filter((byte) => byte !== 0x0d && byte !== 0x0a)), { ok: true, file: made })
    }),
  )
})

test('any bytes at all are read or refused, never thrown at', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => !readDebits(bytes).ok))
  fc.assert(
    fc.property(file, fc.nat(), fc.integer({ min: 0, max: 255 }), (made, at, byte) => {
      const bytes = writeDebits(made)
      bytes[at % bytes.length] = byte
      readDebits(bytes)
    }),
  )
})

const bank = { code: '0001', name: 'ﾐｽﾞﾎ' }
const branch = { code: '110', name: 'ﾏﾙﾉｳﾁ' }
const one: Debit = {
  bank,
  branch,
  kind: '1',
  number: '1234567',
  payer: 'ﾊﾅｺ',
  amount: 1_280n,
  newness: '0',
  customer: '00000000000000000042',
  result: '0',
}
const answered: DebitFile = {
  companyCode: '0000000123',
  company: 'ﾜﾘﾌ',
  day: '1127',
  collector: { bank, branch, kind: '2', number: '7654321' },
  debits: [one, { ...one, amount: 500n, customer: '00000000000000000043', result: '1' }],
  isAnswered: true,
}

test('a file is a header, its debits, their sums and an end, each of 120 signs', () => {
  const lines = (textOf(writeDebits(answered).filter((byte) => byte >= 0x20)) ?? '').match(/.{120}/gu) ?? []
  assert.equal(
    lines[0],
    `19100000000123${'ﾜﾘﾌ'.padEnd(40)}11270001${'ﾐｽﾞﾎ'.padEnd(15)}110${'ﾏﾙﾉｳﾁ'.padEnd(15)}27654321${' '.repeat(17)}`,
  )
  assert.equal(
    lines[2],
    `20001${'ﾐｽﾞﾎ'.padEnd(15)}110${'ﾏﾙﾉｳﾁ'.padEnd(15)}    11234567${'ﾊﾅｺ'.padEnd(30)}00000005000000000000000000000431        `,
  )
  assert.equal(lines[3], `8000002000000001780000001000000001280000001000000000500${' '.repeat(65)}`)
  assert.equal(lines[4], `9${' '.repeat(119)}`)
})

test('each fault is named by its record', () => {
  const lines = new TextDecoder('latin1').decode(writeDebits(answered)).split('\r\n').slice(0, -1)
  const read = (changed: readonly string[]): unknown => {
    const result = readDebits(Uint8Array.from(changed.join('\r\n'), (sign) => sign.charCodeAt(0)))
    return result.ok || result.faults.map(({ record, what, field }) => [record, what, field].filter(Boolean).join(' '))
  }
  const put = (record: number, at: number, text: string): string[] =>
    lines.map((line, index) => (index === record - 1 ? line.slice(0, at) + text + line.slice(at + text.length) : line))
  const [header = '', first = '', second = '', trailer = '', end = ''] = lines
  assert.equal(read(lines), true)
  for (const [changed, faults] of [
    [[], ['1 order']],
    [[header, first.slice(1), second, trailer, end], ['2 length']],
    [[header, `${first} `, second, trailer, end], ['3 length']],
    [put(2, 70, '\u0001'), ['2 character']],
    [put(2, 70, '\u00e3'), ['2 character']],
    [put(3, 0, '5'), ['3 order']],
    [[header, trailer, end], ['2 order']],
    [[first, header, second, trailer, end], ['1 order']],
    [[header, first, second, end], ['4 order']],
    [[header, first, second, trailer], ['5 order']],
    [[...lines, end], ['6 order']],
    [put(1, 1, '21'), ['1 field type']],
    [put(1, 3, '1'), ['1 field coding']],
    [put(1, 54, '1301'), ['1 field day']],
    [put(1, 4, 'A'), ['1 field companyCode']],
    [put(2, 80, '000000000x'), ['2 field amount']],
    [put(2, 80, '0000000000'), ['2 field amount', '4 sum sum', '4 sum collectedSum']],
    [put(2, 90, '7'), ['2 field newness']],
    [
      put(2, 111, '7'),
      ['2 field result', '4 sum collectedCount', '4 sum collectedSum', '4 sum failedCount', '4 sum failedSum'],
    ],
    [put(2, 50, ' '), ['2 field payer']],
    [put(4, 1, '000003'), ['4 sum count']],
    [put(4, 7, '000000001781'), ['4 sum sum']],
    [put(4, 19, '000002'), ['4 sum collectedCount']],
    [put(5, 60, 'X'), ['5 field rest']],
  ] as const)
    assert.deepEqual(read(changed), faults)
  assert.deepEqual(readDebits(new Uint8Array(13_000_000)), { ok: false, faults: [{ record: 0, what: 'too-long' }] })
})

test('what does not fit its place is not written', () => {
  for (const wrong of [
    { ...answered, debits: [] },
    { ...answered, isAnswered: false },
    { ...answered, companyCode: '12345678901' },
    { ...answered, company: '会社' },
    { ...answered, company: ' ﾜﾘﾌ' },
    { ...answered, day: '1a27' },
    { ...answered, debits: [{ ...one, amount: 10_000_000_000n }] },
    { ...answered, debits: [{ ...one, amount: 0n }] },
  ])
    assert.throws(() => writeDebits(wrong))
  assert.throws(() => bytesOf('花'))
})
