// Goods: codes and their check digits, what in-store codes carry, rows of a price file, and bills whose lines always add up.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import {
  candidatesOf,
  carried,
  checkDigit,
  expandUpcE,
  isPattern,
  keptCode,
  priceVerifier,
} from '#core/article-codes.ts'
import { NO_CONDITIONS } from '#core/bill.ts'
import { parseTaxClass, taxClassText, type Good, type TaxClass } from '#core/goods.ts'
import { sum, unitOf, type Unit } from '#core/money.ts'
import { cellsOf, clashesOf, columnNamed, COLUMNS, goodOfRow, type Row } from '#core/price-file.ts'
import { billOfSold, priceOf, taxOnTop, type Share, type Sold } from '#core/pricing.ts'
import type { Rounding } from '#core/shop.ts'

const unit = (code: string): Unit => {
  const known = unitOf(code)
  assert.ok(known)
  return known
}
const [JPY, USD, BHD] = [unit('JPY'), unit('USD'), unit('BHD')]

describe('codes of goods', () => {
  it('are kept in one form, and refused where the check digit is wrong', () => {
    const cases: readonly [read: string, candidates: readonly string[]][] = [
      ['4901234567894', ['4901234567894']],
      ['４９０１２３４５６７８９４', ['4901234567894']],
      ['4901234567895', []],
      ['036000291452', ['0036000291452']],
      ['036000291453', []],
      ['96385074', ['96385074']],
      ['96385075', []],
      ['04252614', ['0042100005264']],
      ['01234565', ['01234565', '0012345000065']],
      [' anpan ', ['anpan']],
      ['B-12', ['B-12']],
      ['1234567', ['1234567']],
      ['a b', []],
      ['', []],
      ['1'.repeat(25), []],
    ]
    for (const [read, candidates] of cases) assert.deepEqual(candidatesOf(read), candidates, read)
    assert.equal(keptCode('036000291452'), '0036000291452')
  })

  it('have every kind of UPC-E expanded', () => {
    const cases: readonly [short: string, long: string | undefined][] = [
      ['04252614', '042100005264'],
      ['01278907', '012000007897'],
      ['01278916', '012100007896'],
      ['04963406', '049000006346'],
      ['21234565', undefined],
    ]
    for (const [short, long] of cases) assert.equal(expandUpcE(short), long, short)
    // Every UPC-E whose check digit is made for it comes back as twelve digits that fit.
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999_999 }), (middle) => {
        const fits = Array.from({ length: 10 }, (_, check) => expandUpcE(`0${String(middle).padStart(6, '0')}${check}`))
        const [only, more] = fits.filter((each) => each !== undefined)
        assert.equal(more, undefined)
        assert.equal(checkDigit(only?.slice(0, -1) ?? ''), Number(only?.at(-1)))
      }),
    )
  })

  it('have one check digit that finds every single wrong digit', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 999_999_999_999n }),
        fc.nat(12),
        fc.integer({ min: 1, max: 9 }),
        (body, at, by) => {
          const digits = String(body).padStart(12, '0')
          const code = `${digits}${checkDigit(digits)}`
          assert.deepEqual(candidatesOf(code), [code])
          const wrong = code.slice(0, at) + ((Number(code[at]) + by) % 10) + code.slice(at + 1)
          assert.deepEqual(candidatesOf(wrong), [])
        },
      ),
    )
  })

  it('guard a price inside a code as GS1 says', () => {
    for (const [digits, verifier] of [
      ['2875', 9],
      ['14685', 6],
      ['0000', 0],
    ] as const)
      assert.equal(priceVerifier(digits), verifier, digits)
  })

  it('carry a price or a weight where the shop’s pattern says so', () => {
    const code = (body: string): string => `${body}${checkDigit(body)}`
    const cases: readonly [pattern: string, code: string, carried: bigint | 'misread' | undefined][] = [
      ['2012345PPPPPC', code('201234500480'), 480n],
      ['2012345PPPPPC', code('201234600480'), undefined],
      ['2012345PPPPPC', code('201234500480').replace(/.$/u, 'x'), undefined],
      ['2012345PPPPPC', code('491234500480'), undefined],
      ['0212345GGGGGC', code('021234501250'), 1250n],
      ['2254321VPPPPC', code('225432192875'), 2875n],
      ['2254321VPPPPC', code('225432182875'), 'misread'],
      ['29123?PPPPPPC', code('291237012345'), 12_345n],
    ]
    for (const [pattern, read, value] of cases) assert.equal(carried(pattern, read), value, `${pattern} ${read}`)
    const patterns: readonly [text: string, isOne: boolean][] = [
      ['2012345PPPPPC', true],
      ['2254321VPPPPC', true],
      ['2012345PPPPP0', false],
      ['4912345PPPPPC', false],
      ['2012345PPPPC', false],
      ['201234PPPGGGC', false],
      ['20VPPPPPP000C', false],
      ['2012VVPPPPP0C', false],
      ['4901234567894', false],
    ]
    for (const [text, isOne] of patterns) assert.equal(isPattern(text), isOne, text)
  })
})

describe('a row of a price file', () => {
  const row = (over: Row): Row => ({ code: '4901234567894', name: 'Bread', price: '380', tax: '8% reduced', ...over })

  it('is a good, or says which column is wrong', () => {
    const cases: readonly [row: Row, column: string, reason: string][] = [
      [{ code: '' }, 'code', 'missing'],
      [{ code: '4901234567895' }, 'code', 'check-digit'],
      [{ code: 'a b' }, 'code', 'code'],
      [{ code: '4901234567894', kind: 'in-store' }, 'code', 'pattern'],
      [{ code: '2012345PPPPPC' }, 'code', 'pattern'],
      [{ name: '' }, 'name', 'missing'],
      [{ name: 'x'.repeat(81) }, 'name', 'text'],
      [{ name: 'a\u202eb' }, 'name', 'text'],
      [{ price: '' }, 'price', 'missing'],
      [{ price: '3.80' }, 'price', 'price'],
      [{ price: '-1' }, 'price', 'price'],
      [{ kind: 'open' }, 'price', 'no-price'],
      [{ kind: 'weight' }, 'unit', 'missing'],
      [{ unit: 'kg' }, 'unit', 'not-weighed'],
      [{ unit: 'stone' }, 'unit', 'unit'],
      [{ kind: 'liquid' }, 'kind', 'kind'],
      [{ tax: 'eight' }, 'tax', 'tax'],
      [{ tax: '8.875% added' }, 'tax', 'tax'],
      [{ minimum_age: '0' }, 'minimum_age', 'age'],
      [{ minimum_age: '121' }, 'minimum_age', 'age'],
      [{ per_day: 'two' }, 'per_day', 'count'],
      [{ delivery: 'perhaps' }, 'delivery', 'yes-no'],
      [{ take_back: '8 days' }, 'take_back', 'period'],
      [{ key: 'AB' }, 'key', 'key'],
    ]
    for (const [over, column, reason] of cases)
      assert.deepEqual(goodOfRow(row(over), JPY), { column, reason }, JSON.stringify(over))
    const good = goodOfRow(row({ price: '１，２８０', key: 'ａ', active: 'いいえ', minimum_age: '20' }), JPY)
    assert.ok('code' in good)
    assert.deepEqual([good.price, good.key, good.isActive, good.minimumAge], [1280n, 'A', false, 20])
  })

  it('names its columns in either language, in any order of letters and blanks', () => {
    for (const [header, column] of [
      ['Code', 'code'],
      ['Minimum age', 'minimum_age'],
      ['商品名', 'name'],
      ['ＪＡＮ', 'code'],
      ['単価', 'price'],
      ['colour', undefined],
    ] as const)
      assert.equal(columnNamed(header), column, header)
  })

  it('comes back as it was written, and runs in no spreadsheet', () => {
    const text = fc.stringMatching(/^[^\p{C}\p{Z}]{1,20}$/u)
    fc.assert(
      fc.property(
        fc.record({
          name: text,
          search: text,
          category: text,
          price: fc.bigInt({ min: 0n, max: 10n ** 12n }),
          rate: fc.nat(9999),
          isAdded: fc.boolean(),
          isReduced: fc.boolean(),
          perDay: fc.option(fc.integer({ min: 1, max: 9999 })),
          isActive: fc.boolean(),
        }),
        fc.constantFrom(JPY, USD, BHD),
        ({ name, search, category, price, rate, isAdded, isReduced, perDay, isActive }, of) => {
          const good: Good = {
            code: '96385074',
            kind: 'weight',
            name,
            nameEn: name,
            nameJa: null,
            search,
            price,
            unit: '100g',
            tax: { rate, isAdded, isReduced },
            minimumAge: 20,
            perDay,
            delivery: true,
            takeBack: 'P8D',
            category,
            key: 'Q',
            isActive,
          }
          const cells = cellsOf(good, of)
          for (const cell of cells) assert.doesNotMatch(cell, /^[=+\-@＝＋－＠]/u)
          const back = goodOfRow(Object.fromEntries(COLUMNS.map((column, at) => [column, cells[at]])), of)
          assert.deepEqual(back, good)
        },
      ),
    )
  })

  it('is wrong where its code or its letter is there twice', () => {
    const good = goodOfRow(row({ key: 'A' }), JPY)
    assert.ok('code' in good)
    assert.deepEqual(clashesOf([good, { ...good, code: 'b' }, { ...good, key: null }], [2, 3, 5]), [
      { line: 3, column: 'key', reason: 'key-taken' },
      { line: 5, column: 'code', reason: 'duplicate' },
    ])
  })

  it('says its tax in words', () => {
    const cases: readonly [text: string, tax: TaxClass | null | undefined, written?: string][] = [
      ['8% reduced', { rate: 800, isAdded: false, isReduced: true }],
      ['10', { rate: 1000, isAdded: false, isReduced: false }, '10%'],
      ['8.25% added', { rate: 825, isAdded: true, isReduced: false }],
      ['８％ 軽減 外税', { rate: 800, isAdded: true, isReduced: true }, '8% reduced added'],
      ['', null],
      ['added included 5', undefined],
      ['5% added included', undefined],
      ['5% lots', undefined],
    ]
    for (const [text, tax, written = text] of cases) {
      assert.deepEqual(parseTaxClass(text), tax, text)
      if (tax !== undefined) assert.equal(taxClassText(tax), written)
    }
  })
})

const REDUCED: TaxClass = { rate: 800, isAdded: false, isReduced: true }
const STANDARD: TaxClass = { rate: 1000, isAdded: false, isReduced: false }
const sold = (price: bigint, over: Partial<Sold> = {}): Sold => ({
  text: 'Good',
  code: null,
  price,
  quantity: 1,
  weighed: null,
  discount: null,
  tax: null,
  conditions: NO_CONDITIONS,
  restriction: null,
  ...over,
})

describe('a bill of what is sold', () => {
  const added = (rate: number): TaxClass => ({ rate, isAdded: true, isReduced: false })
  const perBill: Rounding = { per: 'bill', to: 'down' }
  const perLine: Rounding = { per: 'line', to: 'down' }

  it('has these lines', () => {
    type Case = readonly [
      title: string,
      of: Unit,
      lines: readonly Sold[],
      Rounding,
      lines: readonly string[],
      total: bigint,
    ]
    const mixed = [sold(105n, { tax: REDUCED }), sold(105n, { tax: REDUCED }), sold(110n, { tax: STANDARD })]
    const three = [1, 2, 3].map(() => sold(199n, { tax: added(825) }))
    const fils = [sold(1_005n, { tax: added(1_000) }), sold(333n, { tax: added(1_000) })]
    const cases: readonly Case[] = [
      ['yen, 8 % and 10 % in the price, by line', JPY, mixed, perLine, ['105 7', '105 7', '110 10'], 320n],
      ['the same by bill: 210 holds 15, not 7 and 7', JPY, mixed, perBill, ['105 8', '105 7', '110 10'], 320n],
      ['cents, tax on top, by line', USD, three, { per: 'line', to: 'half-up' }, ['215 16', '215 16', '215 16'], 645n],
      [
        'the same by bill: 5.97 gives 0.49',
        USD,
        three,
        { per: 'bill', to: 'half-up' },
        ['216 17', '215 16', '215 16'],
        646n,
      ],
      ['three decimals, by line, up', BHD, fils, { per: 'line', to: 'up' }, ['1106 101', '367 34'], 1_473n],
      ['three decimals, by bill, down', BHD, fils, perBill, ['1105 100', '366 33'], 1_471n],
      ['nothing taxed', JPY, [sold(100n)], perBill, ['100 0'], 100n],
    ]
    for (const [title, of, lines, rounding, expected, total] of cases) {
      const bill = billOfSold(of, { sold: lines, tip: null }, rounding)
      assert.deepEqual(
        bill?.lines.map(({ amount, tax }) => `${amount} ${tax}`),
        expected,
        title,
      )
      assert.equal(bill?.total, total, title)
    }
  })

  it('rounds added tax as the shop chose', () => {
    for (const [amount, rate, down, half, up] of [
      [105n, 800, 8n, 8n, 9n],
      [106n, 800, 8n, 8n, 9n],
      [107n, 800, 8n, 9n, 9n],
      [100n, 800, 8n, 8n, 8n],
      [50n, 100, 0n, 1n, 1n],
    ] as const)
      assert.deepEqual(
        (['down', 'half-up', 'up'] as const).map((to) => taxOnTop(amount, rate, to)),
        [down, half, up],
        `${rate} of ${amount}`,
      )
  })

  it('takes discounts off, weighs, and never goes below nothing', () => {
    const tenPercent: Share = { kind: 'share', share: 1_000 }
    const cases: readonly [Sold, bigint][] = [
      [sold(220n, { quantity: 3 }), 660n],
      [sold(220n, { quantity: 3, discount: tenPercent }), 594n],
      [sold(225n, { discount: tenPercent }), 202n],
      [sold(220n, { discount: { kind: 'amount', amount: 50n } }), 170n],
      [sold(220n, { discount: { kind: 'amount', amount: 500n } }), 0n],
      [sold(480n, { weighed: { grams: 312, per: 100 } }), 1_498n],
      [sold(2_980n, { weighed: { grams: 250, per: 1_000 }, discount: tenPercent }), 670n],
    ]
    for (const [line, price] of cases) assert.equal(priceOf(line), price)
  })

  it('adds a tip on everything else', () => {
    const lines = [sold(1_000n, { tax: added(1_000) })]
    const tip = (share: Share) => ({ sold: lines, tip: { text: 'Tip', share, tax: null } })
    const bill = billOfSold(USD, tip({ kind: 'share', share: 1_800 }), perBill)
    assert.deepEqual(
      bill?.lines.map(({ text, amount }) => `${text} ${amount}`),
      ['Good 1100', 'Tip 198'],
    )
    assert.equal(billOfSold(USD, tip({ kind: 'amount', amount: 250n }), perBill)?.total, 1_350n)
    assert.equal(billOfSold(USD, { sold: [], tip: null }, perBill), undefined)
  })

  it('has lines that sum to its total, and a tax by class that is the rounded whole, whatever is sold', () => {
    const share = fc.oneof(
      fc.record({ kind: fc.constant('share' as const), share: fc.nat(10_000) }),
      fc.record({ kind: fc.constant('amount' as const), amount: fc.bigInt({ min: 0n, max: 5_000n }) }),
    )
    const line = fc
      .record({
        price: fc.bigInt({ min: 0n, max: 10n ** 9n }),
        quantity: fc.integer({ min: 1, max: 999 }),
        weighed: fc.option(
          fc.record({ grams: fc.integer({ min: 1, max: 99_999 }), per: fc.constantFrom(1, 100, 1_000) }),
        ),
        discount: fc.option(share),
        tax: fc.option(
          fc.record({
            rate: fc.constantFrom(0, 500, 800, 825, 1_000, 2_000),
            isAdded: fc.boolean(),
            isReduced: fc.boolean(),
          }),
        ),
      })
      .map((over) => sold(over.price, { ...over, quantity: over.weighed === null ? over.quantity : 1 }))
    const rounding = fc.record({
      per: fc.constantFrom('line' as const, 'bill' as const),
      to: fc.constantFrom('down' as const, 'half-up' as const, 'up' as const),
    })
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 12 }), fc.option(share), rounding, (lines, tip, how) => {
        const bill = billOfSold(JPY, { sold: lines, tip: tip && { text: 'Tip', share: tip, tax: null } }, how)
        if (bill === undefined) return
        assert.equal(sum(bill.lines.map(({ amount }) => amount)), bill.total)
        const off = lines.map((each, index) => {
          const { amount, tax } = bill.lines[index] ?? { amount: 0n, tax: 0n }
          assert.equal(amount, priceOf(each) + (each.tax?.isAdded === true ? tax : 0n))
          assert.ok(tax >= 0n && tax <= amount)
          return tax
        })
        if (how.per === 'line') return
        for (const [rate, isAdded] of new Set(lines.map(({ tax }) => tax))
          .values()
          .map((tax) => [tax?.rate, tax?.isAdded])) {
          if (rate === undefined || isAdded !== true) continue
          const own = lines
            .map((each, index) => (each.tax?.rate === rate && each.tax.isAdded ? index : -1))
            .filter((at) => at >= 0)
          const net = sum(own.map((index) => priceOf(lines[index] ?? sold(0n))))
          assert.equal(sum(own.map((index) => off[index] ?? 0n)), taxOnTop(net, Number(rate), how.to))
        }
      }),
    )
  })
})
