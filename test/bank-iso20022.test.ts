// What collector and bank write in ISO 20022 is read again; what is wrong is refused by name, and nothing in a file does anything else.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { unitOf } from '#core/money.ts'
import {
  readCollection,
  readNotice,
  readStatus,
  writeCollection,
  writeNotice,
  writeStatus,
  type Collection,
  type Fate,
  type Fault,
  type Holder,
  type Notice,
  type Read,
  type StatusReport,
} from '../bank/iso20022.ts'

const JPY = unitOf('JPY') ?? assert.fail()
const BHD = unitOf('BHD') ?? assert.fail()
const USD = unitOf('USD') ?? assert.fail()

/** An object without Object's own is another to deepEqual. */
const PLAIN = { noNullPrototype: true } as const
const word = (maxLength: number): fc.Arbitrary<string> =>
  fc
    .string({ unit: fc.constantFrom(...Array.from('aZ09 &<>"\'/;#é花子ｶﾞ-')), minLength: 1, maxLength })
    .map((text) => text.trim())
    .filter((text) => text !== '')
const day = fc.constantFrom('2026-01-01', '2028-02-29', '2026-12-31')
const createdAt = fc.constantFrom('2026-11-21T09:00:00Z', '2026-11-21T09:00:00.123+09:00')
const account = fc.constantFrom('1234567', 'DE89370400440532013000')
const holder: fc.Arbitrary<Holder> = fc.record({ name: word(70), account, bank: word(35) }, PLAIN)
const unit = fc.constantFrom(JPY, USD, BHD)
const amount = fc.bigInt(1n, 9_999_999_999_999n)
const collection: fc.Arbitrary<Collection> = fc.record(
  {
    message: word(35),
    createdAt,
    day,
    unit,
    collector: holder,
    debits: fc.array(
      fc.record(
        { id: word(35), amount, payer: holder, mandate: fc.record({ id: word(35), signedOn: day }, PLAIN) },
        PLAIN,
      ),
      { minLength: 1, maxLength: 4 },
    ),
  },
  PLAIN,
)
const fate: fc.Arbitrary<Fate> = fc.oneof(
  fc.record({ id: word(35), status: fc.constantFrom('settled', 'pending') }, PLAIN),
  fc.record({ id: word(35), status: fc.constant('refused'), reason: fc.constantFrom('AM04', 'AC04', 'MD01') }, PLAIN),
)
const status: fc.Arbitrary<StatusReport> = fc.record(
  { message: word(35), createdAt, original: word(35), fates: fc.array(fate, { minLength: 1, maxLength: 4 }) },
  PLAIN,
)
const notice: fc.Arbitrary<Notice> = fc.record(
  {
    message: word(35),
    createdAt,
    account,
    entries: fc.array(
      fc.record(
        { reference: word(35), id: word(35), unit, amount, isCredit: fc.boolean(), isReversal: fc.boolean(), day },
        PLAIN,
      ),
      { maxLength: 4 },
    ),
  },
  PLAIN,
)

test('what is written is read again, whatever the names', () => {
  fc.assert(
    fc.property(collection, status, notice, (collected, reported, noticed) => {
      assert.deepEqual(readCollection(writeCollection(collected)), { ok: true, message: collected })
      assert.deepEqual(readStatus(writeStatus(reported)), { ok: true, message: reported })
      assert.deepEqual(readNotice(writeNotice(noticed)), { ok: true, message: noticed })
    }),
    { numRuns: 40 },
  )
})

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const named = (read: Read<unknown>): string[] =>
  read.ok ? [] : read.faults.map(({ what, at }: Fault) => `${what} ${at.split('/').slice(-2).join('/')}`.trim())

const collector: Holder = { name: 'Warifu', account: '7654321', bank: '0001110' }
const payer: Holder = { name: 'Hanako & Söhne', account: '1234567', bank: '0001110' }
const mandate = { id: 'M-1', signedOn: '2026-11-01' }
const asked: Collection = {
  message: 'MSG-1',
  createdAt: '2026-11-21T09:00:00Z',
  day: '2026-11-27',
  unit: USD,
  collector,
  debits: [
    { id: 'pay-1', amount: 1_280n, payer, mandate },
    { id: 'pay-2', amount: 5n, payer, mandate },
  ],
}
const text = textOf(writeCollection(asked))

test('any bytes at all are read or refused, never thrown at', () => {
  const reads = [readCollection, readStatus, readNotice]
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => reads.every((read) => !read(bytes).ok)))
  fc.assert(
    fc.property(fc.nat(), fc.nat(60), fc.string({ maxLength: 8 }), (at, length, instead) => {
      const from = at % text.length
      readCollection(bytesOf(text.slice(0, from) + instead + text.slice(from + length)))
    }),
  )
})

test('a collection that is wrong is refused, and what is wrong is named', () => {
  assert.match(text, /<InstdAmt Ccy="USD">12\.80<\/InstdAmt>/u)
  assert.match(text, /<CtrlSum>12\.85<\/CtrlSum>/u)
  assert.match(text, /<Nm>Hanako &amp; Söhne<\/Nm>/u)
  for (const [from, to, ...faults] of [
    ['<CtrlSum>12.85', '<CtrlSum>12.84', 'sum CstmrDrctDbtInitn/GrpHdr'],
    ['<PmtMtd>DD</PmtMtd><NbOfTxs>2', '<PmtMtd>DD</PmtMtd><NbOfTxs>3', 'count CstmrDrctDbtInitn/PmtInf'],
    [
      '12.80',
      '12.800',
      'field DrctDbtTxInf[1]/InstdAmt',
      'sum CstmrDrctDbtInitn/GrpHdr',
      'sum CstmrDrctDbtInitn/PmtInf',
    ],
    [
      '>0.05<',
      '>-0.05<',
      'field DrctDbtTxInf[2]/InstdAmt',
      'sum CstmrDrctDbtInitn/GrpHdr',
      'sum CstmrDrctDbtInitn/PmtInf',
    ],
    [
      '>0.05<',
      '>1e3<',
      'field DrctDbtTxInf[2]/InstdAmt',
      'sum CstmrDrctDbtInitn/GrpHdr',
      'sum CstmrDrctDbtInitn/PmtInf',
    ],
    ['Ccy="USD">0.05', 'Ccy="EUR">0.05', 'field InstdAmt/@Ccy'],
    [
      'Ccy="USD">0.05',
      'Ccy="XXQ">0.05',
      'field DrctDbtTxInf[2]/InstdAmt',
      'field InstdAmt/@Ccy',
      'sum CstmrDrctDbtInitn/GrpHdr',
      'sum CstmrDrctDbtInitn/PmtInf',
    ],
    ['<EndToEndId>pay-2</EndToEndId>', '', 'missing PmtId/EndToEndId'],
    [
      '<EndToEndId>pay-2</EndToEndId>',
      '<EndToEndId>a</EndToEndId><EndToEndId>b</EndToEndId>',
      'repeated PmtId/EndToEndId',
    ],
    ['>pay-2<', `>${'x'.repeat(36)}<`, 'field PmtId/EndToEndId'],
    ['>pay-2<', '>&xxe;<', 'field PmtId/EndToEndId'],
    ['>pay-2<', '>a&#1;b<', 'field PmtId/EndToEndId'],
    ['>pay-2<', '><b>x</b><', 'field PmtId/EndToEndId'],
    ['<ReqdColltnDt>2026-11-27', '<ReqdColltnDt>27.11.2026', 'field PmtInf/ReqdColltnDt'],
    ['<PmtMtd>DD', '<PmtMtd>TRF', 'field PmtInf/PmtMtd'],
    ['pain.008.001.08', 'pain.008.001.02', 'other-message Document'],
    ['<?xml version="1.0" encoding="UTF-8"?>', '<!DOCTYPE x [<!ENTITY xxe SYSTEM "file:///etc/passwd">]>', 'not-xml'],
    ['>pay-2<', '><![CDATA[pay-2]]><', 'not-xml'],
    ['</Document>', '', 'not-xml'],
    ['<GrpHdr>', `<GrpHdr>${'<a>'.repeat(100)}${'</a>'.repeat(100)}`, 'not-xml'],
  ] as const) {
    assert.ok(text.includes(from), from)
    assert.deepEqual(named(readCollection(bytesOf(text.replace(from, () => to)))), faults, `${from} → ${to}`)
  }
  assert.deepEqual(named(readCollection(new Uint8Array(21 * 1024 * 1024).fill(0x20))), ['too-large'])
  assert.deepEqual(named(readCollection(Uint8Array.of(0xff, 0xfe))), ['not-xml'])
  assert.deepEqual(named(readStatus(writeCollection(asked))), ['other-message Document'])
})

test('a bank’s own letters for the same thing, and what it adds, do no harm', () => {
  const own = text
    .replace('</InitgPty>', '<Id><OrgId><Othr><Id>X</Id></Othr></OrgId></Id></InitgPty>')
    .replace('>pay-1<', '>&#112;ay-&#x31;<')
    .replace('<GrpHdr>', '\n  <!-- hello -->\n  <GrpHdr>')
  assert.deepEqual(readCollection(bytesOf(own)), { ok: true, message: asked })
})

test('of what became of it, a no has a reason, and only what is booked is a booking', () => {
  const report: StatusReport = {
    message: 'ST-1',
    createdAt: '2026-11-27T18:00:00+09:00',
    original: 'MSG-1',
    fates: [
      { id: 'pay-1', status: 'settled' },
      { id: 'pay-2', status: 'refused', reason: 'AM04' },
    ],
  }
  const said = textOf(writeStatus(report))
  for (const [from, to, ...faults] of [
    ['<StsRsnInf><Rsn><Cd>AM04</Cd></Rsn></StsRsnInf>', '', 'missing TxInfAndSts[2]/StsRsnInf'],
    ['>ACSC<', '>ACTC<', 'field TxInfAndSts[1]/TxSts'],
    [/<TxInf.*<\/TxInfAndSts>/u, '', 'missing OrgnlPmtInfAndSts/TxInfAndSts'],
  ] as const)
    assert.deepEqual(named(readStatus(bytesOf(said.replace(from, to)))), faults)
  const entry = {
    reference: 'B-1',
    id: 'pay-1',
    unit: JPY,
    amount: 1_280n,
    isCredit: true,
    isReversal: false,
    day: '2026-11-27',
  }
  const booked = textOf(
    writeNotice({ message: 'N-1', createdAt: report.createdAt, account: '7654321', entries: [entry] }),
  )
  assert.deepEqual(named(readNotice(bytesOf(booked.replace('>BOOK<', '>PDNG<')))), ['field Sts/Cd'])
  assert.deepEqual(named(readNotice(bytesOf(booked.replace('>1280<', '>12.80<')))), ['field Ntry[1]/Amt'])
  const plain = readNotice(bytesOf(booked.replace(/<RvslInd>.*<\/RvslInd>/u, '')))
  assert.deepEqual(plain.ok && plain.message.entries, [entry])
})

test('what does not fit is not written', () => {
  for (const wrong of [
    { ...asked, message: 'x'.repeat(36) },
    { ...asked, day: '27.11.2026' },
    { ...asked, debits: [] },
    { ...asked, collector: { ...collector, name: 'a\u0000b' } },
    { ...asked, debits: [{ id: 'pay-1', amount: 0n, payer, mandate }] },
  ])
    assert.throws(() => writeCollection(wrong), /it does not fit/u)
})
