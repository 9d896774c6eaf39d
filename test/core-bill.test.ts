// Bills: the canonical bytes with vectors, what cannot stand, the tax inside an amount, and lines with one fate.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { billHash, canonicalBill, fatesOf, faultOf, taxIncluded, type Bill, type Biller } from '#core/bill.ts'
import { toHex, toText } from '#core/bytes.ts'
import { MAX_AMOUNT } from '#core/money.ts'
import { bill, biller, cooled, line, restriction, unit } from './support/deal.ts'
import { bills } from './support/walk.ts'

const bread = bill(line(1_280n, {}, { taxRate: 800, tax: 94n, code: '4901234567894' }))
const japanese: Biller = { ...biller, name: '丸紅', legalName: '株式会社 丸紅ベーカリー' }
const rice = bill(
  line(150n, { delivery: true }, { text: 'おにぎり（鮭）', quantity: 1, taxRate: 800, tax: 11n }),
  line(300n, cooled('P8D'), { text: 'お茶 "500" \\ ml', quantity: 2, taxRate: 1000, tax: 27n }),
)
const sake = bill(
  line(
    1_800n,
    { delivery: true, ...cooled('P1M') },
    {
      text: '清酒',
      code: '4901-1',
      restriction: { minimumAge: 20, membership: 'がくせい', region: 'JP-14', perDay: 2 },
    },
  ),
)
const euros: Bill = { ...bill(line(MAX_AMOUNT, {}, { text: 'Café' })), unit: unit('EUR') }

test('the canonical bytes of fixed bills are these, and their SHA-256', () => {
  const vectors: [Biller, Bill, string, string][] = [
    [
      biller,
      bread,
      String.raw`["WB2","trm_00072222222222222222222222222222","pty_00072121212121212121212121212121","00276543219","Marubeni Bakery Ltd.",[["JPY",0,"1280"]],[],[["Bread",1,"1280",800,"94","4901234567894",false,null,null]],[],null]`,
      '3017086cc48d047a98c66187a43d8dd218f9eeb10ffe26fe45acfa8ef13fdd33',
    ],
    [
      japanese,
      rice,
      String.raw`["WB2","trm_00072222222222222222222222222222","pty_00072121212121212121212121212121","00276543219","株式会社 丸紅ベーカリー",[["JPY",0,"450"]],[],[["おにぎり（鮭）",1,"150",800,"11",null,true,null,null],["お茶 \"500\" \\ ml",2,"300",1000,"27",null,false,["P8D","Asia/Tokyo"],null]],[],null]`,
      '5e4e85e26db9d874028050b1cf5322ed94dd22a653ec8bfb638514c58dcae7c6',
    ],
    [
      biller,
      euros,
      String.raw`["WB2","trm_00072222222222222222222222222222","pty_00072121212121212121212121212121","00276543219","Marubeni Bakery Ltd.",[["EUR",2,"999999999999999999"]],[],[["Café",1,"999999999999999999",null,"0",null,false,null,null]],[],null]`,
      'b85f8085e7b3167102c5963a1fc539936b295459ae6336cb842692df319e9e9c',
    ],
    [
      biller,
      sake,
      String.raw`["WB2","trm_00072222222222222222222222222222","pty_00072121212121212121212121212121","00276543219","Marubeni Bakery Ltd.",[["JPY",0,"1800"]],[],[["清酒",1,"1800",null,"0","4901-1",true,["P1M","Asia/Tokyo"],[20,"がくせい","JP-14",2]]],[],null]`,
      'dfbec5650f824f2f375a2b46724fcccbaf4b63c2beb5d1d0f2fe1eb45f415864',
    ],
  ]
  for (const [who, what, text, hash] of vectors) {
    assert.equal(toText(canonicalBill(who, what)), text)
    assert.equal(toHex(billHash(who, what)), hash)
  }
})

test('composed and decomposed letters are one bill: a keyboard must not decide what was signed', () => {
  const [first] = rice.lines
  assert.ok(first)
  for (const text of ['Café', 'ガム', 'がぎぐげご', '한국']) {
    const composed = bill({ ...first, text: text.normalize('NFC') })
    const decomposed = bill({ ...first, text: text.normalize('NFD') })
    assert.notEqual(composed.lines[0]?.text, decomposed.lines[0]?.text)
    assert.deepEqual(billHash(biller, composed), billHash(biller, decomposed))
    assert.deepEqual(
      billHash({ ...biller, legalName: text.normalize('NFC') }, rice),
      billHash({ ...biller, legalName: text.normalize('NFD') }, rice),
    )
  }
})

test('whatever is signed for changes the hash', () => {
  const [first, second] = rice.lines
  assert.ok(first && second)
  const hashes = [
    rice,
    { ...rice, unit: unit('KRW') },
    bill(second, first),
    bill(first),
    bill({ ...first, text: 'おにぎり（梅）' }, second),
    bill({ ...first, quantity: 2 }, second),
    bill({ ...first, amount: 151n }, second),
    bill({ ...first, taxRate: null }, second),
    bill({ ...first, taxRate: 0 }, second),
    bill({ ...first, tax: 12n }, second),
    bill({ ...first, code: '150' }, second),
    bill({ ...first, conditions: { ...first.conditions, delivery: false } }, second),
    bill({ ...first, conditions: { ...first.conditions, ...cooled('P1D') } }, second),
    bill(first, { ...second, conditions: { ...second.conditions, ...cooled('P9D') } }),
    bill(first, { ...second, conditions: { delivery: false, coolingOff: { period: 'P8D', zone: 'Asia/Seoul' } } }),
    ...[{ minimumAge: 20 }, { minimumAge: 18 }, { membership: '20' }, { region: 'JP' }, { perDay: 20 }].map((over) =>
      bill({ ...first, restriction: restriction(over) }, second),
    ),
  ].map((each) => toHex(billHash(biller, each)))
  const billers = [
    { ...biller, terminal: 'trm_00072222222222222222222222222223' as const },
    { ...biller, party: 'pty_00072121212121212121212121212122' as const },
    { ...biller, account: '00276543218' },
    { ...biller, legalName: 'Marubeni Bakery Ltd' },
  ].map((each) => toHex(billHash(each as Biller, rice)))
  assert.equal(new Set([...hashes, ...billers]).size, hashes.length + billers.length)
  // What only greets the payer is not signed.
  const greeted = { ...biller, name: 'M', terminalLabel: 'Till 2' }
  assert.deepEqual(billHash(greeted, rice), billHash(biller, rice))
})

test('a text cannot pass for a structure: quotes, brackets and commas in it stay in it', () => {
  const [first] = rice.lines
  assert.ok(first)
  const sly = bill({ ...first, text: 'x",1,"1' })
  const parsed: unknown = JSON.parse(toText(canonicalBill(biller, sly)) ?? '')
  assert.ok(Array.isArray(parsed))
  assert.equal(parsed[7][0][0], 'x",1,"1')
  assert.equal(parsed.length, 10)
})

test('a bill that cannot stand says why', () => {
  const rows: [Bill, string | undefined][] = [
    [bread, undefined],
    [bill(line(0n), line(1n)), undefined],
    [bill(line(MAX_AMOUNT)), undefined],
    [bill(), 'empty'],
    [bill(line(0n)), 'range'],
    [bill(line(-1n)), 'range'],
    [bill(line(2n), line(-1n)), 'range'],
    [bill(line(MAX_AMOUNT), line(1n)), 'range'],
    [{ ...bill(line(MAX_AMOUNT), line(MAX_AMOUNT)), total: 5n }, 'total'],
    [{ ...bread, total: 1_279n }, 'total'],
    [bill(line(100n, {}, { tax: -1n })), 'range'],
    [bill(line(100n, {}, { tax: 101n })), 'range'],
    [bill(line(100n, {}, { tax: 100n })), undefined],
  ]
  rows.forEach(([each, fault], index) => assert.equal(faultOf(each), fault, `row ${index}`))
})

test('the tax inside an amount is rounded down', () => {
  const rows: [bigint, number, bigint][] = [
    [1_100n, 1_000, 100n],
    [1_080n, 800, 80n],
    [108n, 800, 8n],
    [107n, 800, 7n],
    [1n, 1_000, 0n],
    [10n, 1_000, 0n],
    [11n, 1_000, 1n],
    [0n, 1_000, 0n],
    [1_280n, 0, 0n],
    [119n, 1_900, 19n],
    [1_055n, 550, 55n],
    [200n, 10_000, 100n],
    [MAX_AMOUNT, 1_000, 90_909_090_909_090_909n],
  ]
  for (const [amount, rate, tax] of rows) assert.equal(taxIncluded(amount, rate), tax, `${amount} at ${rate}`)
})

test('lines with equal conditions share one fate in order of first appearance; what can be taken back stands alone', () => {
  const fates = fatesOf(
    bill(
      line(1n),
      line(2n, { delivery: true }),
      line(4n),
      line(8n, cooled('P8D')),
      line(16n, { delivery: true, ...cooled('P8D') }),
      line(32n, { delivery: true }),
      line(64n, cooled('P8D')),
    ),
  )
  assert.deepEqual(
    fates.map(({ lines, amount }) => [lines, amount]),
    [
      [[0, 2], 5n],
      [[1, 5], 34n],
      [[3], 8n],
      [[4], 16n],
      [[6], 64n],
    ],
  )
})

test('fates hold every line once and add up to the total', () => {
  fc.assert(
    fc.property(bills, (each) => {
      const fates = fatesOf(each)
      assert.deepEqual(
        fates.flatMap(({ lines }) => lines).toSorted((left, right) => left - right),
        each.lines.map((_, index) => index),
      )
      assert.equal(
        fates.reduce((total, { amount }) => total + amount, 0n),
        each.total,
      )
      const shared = fates.filter(({ conditions }) => conditions.coolingOff === null)
      assert.equal(new Set(shared.map(({ conditions }) => conditions.delivery)).size, shared.length)
      for (const { conditions, lines } of fates) if (conditions.coolingOff !== null) assert.equal(lines.length, 1)
    }),
  )
})
