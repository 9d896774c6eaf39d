// Receipts: the registration number's check digit, tax by rate and its rounding, what is left after money went back, and the signed text.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { Bill } from '#core/bill.ts'
import { toText } from '#core/bytes.ts'
import { idInBucket } from '#core/ids.ts'
import { sum } from '#core/money.ts'
import { refundFault, type RefundWanted } from '#core/refund.ts'
import { isPaidIn, receiptBytes, receiptOf, receiptText, type Receipt } from '#core/receipt.ts'
import { isInvoiceNumber, type Rounding, type ShopDetails } from '#core/shop.ts'
import { leftOfLines, taxRows, taxWithin, type TaxRow } from '#core/taxes.ts'
import type { Payment } from '#core/payment.ts'
import { receiptFromWire, receiptToWire } from '#protocol/receipt.ts'
import { receiptFacts, receiptRows } from '#protocol/receipt-words.ts'
import { after, approved, bill, byBank, cooled, joined, line, NOON, rules, unit, ZONE } from './support/deal.ts'

const CARD = idInBucket('mns', 1, new Uint8Array(14))
const PER_BILL: Rounding = { per: 'bill', to: 'down' }
const SHOP: ShopDetails = {
  invoiceNumber: 'T7000012050002',
  address: '東京都千代田区霞が関3-1-1',
  phone: '03-3581-4161',
  receiptText: 'またのお越しをお待ちしております',
  rounding: PER_BILL,
  showsCashier: true,
}
const taxed = (amount: bigint, taxRate: number | null, tax = 0n, text = 'Bread') =>
  line(amount, {}, { taxRate, tax, text })
const written = (rows: readonly TaxRow[]): string[] =>
  rows.map(({ rate, isReduced, amount, tax }) => `${rate}${isReduced ? '※' : ''} ${amount} ${tax}`)

test('a registration number is T, a check digit, and twelve digits that it fits', () => {
  // Published corporate numbers: the tax agency's own, and two that tax accountants and programmers have written about.
  for (const right of ['T7000012050002', 'T4011001098993', 'T2120901007402', 'T7123456789012'])
    assert.ok(isInvoiceNumber(right), right)
  const wrong = ['7000012050002', 'T7000012050003', 'T8000012050002', 'T7000012050020', 'T0000012050002', 'T700001205000', 'T70000120500021',
    't7000012050002', ' T7000012050002', 'T7000012050002\n', 'T700001205000２', ''] // prettier-ignore
  for (const text of wrong) assert.ok(!isInvoiceNumber(text), JSON.stringify(text))
})

test('no single digit of a registration number can be another, and no check digit but one fits', () => {
  const [, ...digits] = 'T7000012050002'
  digits.forEach((digit, index) => {
    const others = '0123456789'.split('').filter((other) => other !== digit)
    const fits = others.filter((other) => isInvoiceNumber(`T${digits.with(index, other).join('')}`))
    // Modulo 9 a nought and a nine are the same, at every place but the first.
    assert.deepEqual(fits, index > 0 && digit === '0' ? ['9'] : [], `place ${index}`)
  })
})

test('the tax within an amount, by the way it is rounded', () => {
  const rows: [amount: bigint, rate: number, down: bigint, halfUp: bigint, up: bigint][] = [
    [1_100n, 1000, 100n, 100n, 100n],
    [1_080n, 800, 80n, 80n, 80n],
    [1_280n, 800, 94n, 95n, 95n],
    [100n, 1000, 9n, 9n, 10n],
    [99n, 1000, 9n, 9n, 9n],
    [1n, 800, 0n, 0n, 1n],
    [0n, 800, 0n, 0n, 0n],
    [500n, 0, 0n, 0n, 0n],
    // dinars of three decimals, and a rate of two
    [12_345n, 1000, 1_122n, 1_122n, 1_123n],
    [10_725n, 725, 725n, 725n, 725n],
    [999_999_999_999_999_999n, 1000, 90_909_090_909_090_909n, 90_909_090_909_090_909n, 90_909_090_909_090_909n],
    [999_999_999_999_999_999n, 2000, 166_666_666_666_666_666n, 166_666_666_666_666_667n, 166_666_666_666_666_667n],
  ]
  for (const [amount, rate, down, halfUp, up] of rows) {
    assert.equal(taxWithin(amount, rate, 'down'), down, `${amount} at ${rate}, down`)
    assert.equal(taxWithin(amount, rate, 'half-up'), halfUp, `${amount} at ${rate}, half up`)
    assert.equal(taxWithin(amount, rate, 'up'), up, `${amount} at ${rate}, up`)
  }
})

test('tax by rate: rounded once for each rate of a bill, or as the lines say', () => {
  const of = (code: string, ...lines: Bill['lines']): Pick<Bill, 'unit' | 'lines'> => ({ unit: unit(code), lines })
  const mixed = of('JPY', taxed(150n, 800, 11n), taxed(150n, 800, 11n), taxed(110n, 1000, 10n), taxed(100n, null))
  const rows: [why: string, of: Pick<Bill, 'unit' | 'lines'>, rounding: Rounding, answer: string[]][] = [
    ['once a rate', mixed, PER_BILL, ['1000 110 10', '800※ 300 22']],
    ['half up', mixed, { per: 'bill', to: 'half-up' }, ['1000 110 10', '800※ 300 22']],
    ['up', mixed, { per: 'bill', to: 'up' }, ['1000 110 10', '800※ 300 23']],
    ['by line', mixed, { per: 'line', to: 'down' }, ['1000 110 10', '800※ 300 22']],
    // three times 4.44 is 13.33, and three fours are twelve
    ['of many lines', of('JPY', ...[1, 2, 3].map(() => taxed(60n, 800, 4n))), PER_BILL, ['800※ 180 13']],
    [
      'by line, of many',
      of('JPY', ...[1, 2, 3].map(() => taxed(60n, 800, 4n))),
      { per: 'line', to: 'down' },
      ['800※ 180 12'],
    ],
    ['no tax', of('JPY', taxed(100n, null), taxed(50n, null)), PER_BILL, []],
    [
      'free of tax is a rate of its own',
      of('EUR', taxed(500n, 0), taxed(119n, 1900, 19n)),
      PER_BILL,
      ['1900 119 19', '0 500 0'],
    ],
    ['three decimals', of('BHD', taxed(1_280n, 1000, 116n), taxed(335n, 1000, 30n)), PER_BILL, ['1000 1615 146']],
    ['8 % elsewhere is no reduced rate', of('CHF', taxed(1_080n, 800, 80n)), PER_BILL, ['800 1080 80']],
    ['a free line', of('JPY', taxed(0n, 800), taxed(108n, 800, 8n)), PER_BILL, ['800※ 108 8']],
  ]
  for (const [why, given, rounding, answer] of rows) assert.deepEqual(written(taxRows(given, rounding)), answer, why)
})

test('tax that was added to a price and rounded is found again in the gross amount', () => {
  const ways = ['down', 'half-up', 'up'] as const
  fc.assert(
    fc.property(
      fc.bigInt(1n, 10n ** 12n),
      fc.integer({ min: 1, max: 10_000 }),
      fc.constantFrom(...ways),
      (net, rate, to) => {
        const [above, below] = [net * BigInt(rate), 10_000n]
        const added = {
          down: above / below,
          up: (above + below - 1n) / below,
          'half-up': (2n * above + below) / (2n * below),
        }[to]
        assert.equal(taxWithin(net + added, rate, to), added)
      },
    ),
  )
})

const refund = (amount: bigint, ...lines: [line: number, amount: bigint][]): RefundWanted => ({
  amount,
  lines: lines.map(([index, of]) => ({ line: index, amount: of })),
})
const refunded = (payment: Payment, ...refunds: RefundWanted[]): Payment => ({
  ...payment,
  refunds: refunds.map(({ amount, lines }, index) => ({
    id: idInBucket('pay', 7, new Uint8Array(14).fill(index + 1)),
    refunded: amount,
    back: null,
    lines,
    at: NOON + 1_000 * (index + 1),
  })),
})
const leftOf = ({ bill: of, portions, refunds }: Payment): string =>
  leftOfLines(of?.lines ?? [], portions, refunds).join(' ')

const basket = approved(joined(bill(taxed(300n, 800), taxed(300n, 800), taxed(400n, 1000))))
const delivered = after(
  approved(joined(bill(line(100n), line(200n, { delivery: true }), line(300n, { delivery: true })))),
  { kind: 'deliver', portion: 1, amount: 250n },
).payment

test('what is left of each line after refunds, of lines or of the whole', () => {
  const rows: [why: string, payment: Payment, answer: string][] = [
    ['nothing back', basket, '300 300 400'],
    ['a line', refunded(basket, refund(300n, [1, 300n])), '300 0 400'],
    ['a part of the whole', refunded(basket, refund(100n)), '270 270 360'],
    ['what divides badly loses nothing', refunded(basket, refund(101n)), '270 270 359'],
    ['a part, then lines', refunded(basket, refund(600n), refund(300n, [0, 300n])), '0 43 57'],
    ['all', refunded(basket, refund(1_000n)), '0 0 0'],
    ['handed over in part', delivered, '100 100 150'],
    ['of that a line', refunded(delivered, refund(200n, [1, 200n])), '100 0 50'],
    ['of that all', refunded(delivered, refund(200n, [1, 200n]), refund(150n)), '0 0 0'],
  ]
  for (const [why, payment, answer] of rows) assert.equal(leftOf(payment), answer, why)
})

test('whatever went back, what is left of the lines is never below nothing and sums to what was not given back', () => {
  const wanted = fc.record({ amount: fc.bigInt(1n, 400n), line: fc.option(fc.integer({ min: 0, max: 2 })) })
  fc.assert(
    fc.property(fc.constantFrom(basket, delivered), fc.array(wanted, { maxLength: 12 }), (payment, tries) => {
      const given: RefundWanted[] = []
      for (const { amount, line: index } of tries) {
        const one = index === null ? refund(amount) : refund(amount, [index, amount])
        if (refundFault(payment, given, one) === undefined) given.push(one)
      }
      const of = refunded(payment, ...given)
      const left = leftOfLines(of.bill?.lines ?? [], of.portions, of.refunds)
      assert.ok(left.every((amount) => amount >= 0n))
      const receipt = made(of)
      assert.equal(sum(left), receipt.left)
      assert.equal(receipt.left, receipt.total - receipt.wentBack - sum(given.map(({ amount }) => amount)))
    }),
  )
})

function made(payment: Payment, over: Partial<Parameters<typeof receiptOf>[0]> = {}): Receipt {
  const scheme = { id: rules.id, name: 'Demo town' }
  const receipt = receiptOf({
    scheme,
    payment,
    cashier: 'Aya',
    shop: SHOP,
    zone: ZONE,
    issuedAt: NOON + 60_000,
    ...over,
  })
  return receipt ?? assert.fail('a receipt')
}

test('a receipt says how the money stands', () => {
  const cake = bill(line(100n), line(200n, { delivery: true }), line(300n, cooled('P8D')))
  const mixed = approved(joined(cake))
  const taken = after(mixed, { kind: 'take-back', portion: 2 }).payment
  const gone = after(approved(joined(bill(line(300n, cooled('P8D'))))), { kind: 'take-back', portion: 0 }).payment
  const rows: [why: string, payment: Payment, state: Receipt['state'], left: bigint, wentBack: bigint, held: string][] =
    [
      ['paid', basket, 'paid', 1_000n, 0n, ''],
      ['set aside', mixed, 'held', 600n, 0n, 'delivery 200, cooling-off 300'],
      ['set aside, some taken back', taken, 'held', 300n, 300n, 'delivery 200'],
      ['taken back', gone, 'refunded', 0n, 300n, ''],
      ['handed over in part', delivered, 'part-refunded', 350n, 250n, ''],
      ['given back in part', refunded(basket, refund(1n)), 'part-refunded', 999n, 0n, ''],
      ['given back', refunded(basket, refund(400n), refund(600n)), 'refunded', 0n, 0n, ''],
    ]
  for (const [why, payment, state, left, wentBack, held] of rows) {
    const receipt = made(payment)
    assert.equal(receipt.state, state, why)
    assert.equal(receipt.left, left, why)
    assert.equal(receipt.wentBack, wentBack, why)
    assert.equal(receipt.held.map(({ waits, amount }) => `${waits} ${amount}`).join(', '), held, why)
  }
})

test('where nothing was paid, or an issuer is still asked, there is no receipt', () => {
  const open = joined(bill(line(100n)))
  for (const payment of [
    open,
    joined(null),
    after(open, { kind: 'cancel', by: 'payer' }).payment,
    approved(byBank(open)),
  ]) {
    assert.ok(!isPaidIn(payment))
    assert.equal(
      receiptOf({ scheme: { id: rules.id, name: '' }, payment, cashier: null, shop: null, zone: ZONE, issuedAt: 0 }),
      undefined,
    )
  }
})

test('a person who asked for money is no shop: no legal name, no till, no number', () => {
  const { shop, terminal } = made({ ...basket, payer: { ...basket.payer, knows: true } })
  assert.deepEqual(shop, {
    name: 'Marubeni Bakery',
    legalName: null,
    address: null,
    phone: null,
    invoiceNumber: null,
    text: null,
  })
  assert.equal(terminal, null)
  assert.equal(made(basket, { shop: { ...SHOP, showsCashier: false } }).cashier, null)
  assert.equal(made(basket, { shop: null }).shop.invoiceNumber, null)
})

test('what a register without a network took is dated when it took it', () => {
  assert.equal(made({ ...basket, acceptedAt: NOON - 3_600_000 }).paidAt, NOON - 3_600_000)
  assert.equal(made(basket).paidAt, NOON)
})

test('the signed text is fixed to the byte, and the wire loses nothing of it', () => {
  const payment = refunded(basket, refund(300n, [1, 300n]))
  const receipt = made(payment)
  assert.equal(
    receiptText(receipt),
    String.raw`["WR1","sch_31313131313131313131313131313131","Demo town","pay_00036161616161616161616161616161",1800000060000,["Marubeni Bakery","Marubeni Bakery Ltd.","東京都千代田区霞が関3-1-1","03-3581-4161","T7000012050002","またのお越しをお待ちしております"],"Till 1","Aya",1800000000000,"Asia/Tokyo","part-refunded","account",["JPY",0,"1000"],[["Bread",1,"300",800,true],["Bread",1,"300",800,true],["Bread",1,"400",1000,false]],[[1000,false,"400","36"],[800,true,"600","44"]],[],"0",[["pay_00070101010101010101010101010101",1800000001000,"300"]],"700",[[1000,false,"400","36"],[800,true,"300","22"]]]`,
  )
  assert.equal(toText(receiptBytes(receipt)), receiptText(receipt))
  const back = receiptFromWire(receiptToWire(receipt)) ?? assert.fail('readable')
  assert.equal(receiptText(back), receiptText(receipt))
  const composed = made(payment, { cashier: 'Ren\u00e9' })
  assert.equal(receiptText(made(payment, { cashier: 'Rene\u0301' })), receiptText(composed))
  const wire = receiptToWire(receipt)
  for (const bad of [
    { ...wire, total: '1.0' },
    { ...wire, unit: 'YEN' },
    { ...wire, payment: 'pay_1' },
    { ...wire, left: '-1' },
  ])
    assert.equal(receiptFromWire(bad), undefined)
})

test('each field of a receipt is in the signed text: none can be changed unseen', () => {
  const paid = approved(joined(bill(taxed(300n, 800), line(200n, { delivery: true }))))
  const receipt = made(refunded(paid, refund(30n)))
  const changes: Partial<Receipt>[] = [
    { scheme: { ...receipt.scheme, name: 'x' } }, { payment: idInBucket('pay', 1, new Uint8Array(14)) }, { issuedAt: 1 }, { terminal: null }, { cashier: null },
    { paidAt: 1 }, { zone: 'UTC' }, { state: 'paid' }, { unit: unit('EUR') }, { total: 1n }, { lines: [] }, { taxes: [] }, { held: [] }, { wentBack: 1n },
    { refunds: [] }, { left: 1n }, { taxesLeft: [] },
    ...(['name', 'legalName', 'address', 'phone', 'invoiceNumber', 'text'] as const).map((name) => ({ shop: { ...receipt.shop, [name]: 'x' } })),
  ] // prettier-ignore
  for (const change of changes)
    assert.notEqual(receiptText({ ...receipt, ...change }), receiptText(receipt), Object.keys(change).join())
})

test('the rows of a receipt, in both languages', () => {
  const receipt = made(refunded(basket, refund(400n, [2, 400n])))
  const rows = (language: 'en' | 'ja'): string[] =>
    receiptRows(receipt, language, String).map(({ label, value }) => `${label}: ${value}`)
  assert.deepEqual(rows('en'), [
    'Bread ※: 300',
    'Bread ※: 300',
    'Bread: 400',
    'Total: 1000',
    'At 10%: 400',
    'of which tax 10%: 36',
    'At 8% ※: 600',
    'of which tax 8%: 44',
    'Refund, 15 January 2027 at 17:00: −400',
    'After what went back: 600',
    'Tax after what went back: ',
    'At 8% ※: 600',
    'of which tax 8%: 44',
  ])
  assert.ok(rows('ja').includes('8%対象 ※: 600'))
})

test('paid by card, the receipt is the card’s slip too: card, method and the issuer’s two numbers, under the signature', () => {
  const means = {
    kind: 'card',
    id: CARD,
    label: 'Tanuki Card ···4242',
    method: 'instalments-3',
    oneTime: false,
  } as const
  const receipt = made({ ...basket, means, reference: '123456/000000123456' })
  assert.equal(receipt.means, 'card')
  assert.ok(receiptText(receipt).endsWith(',["Tanuki Card ···4242","instalments-3","123456","000000123456"]]'))
  const facts = (language: 'en' | 'ja'): string[] =>
    receiptFacts(receipt, language).map(({ label, value }) => `${label}: ${value}`)
  assert.deepEqual(facts('en').slice(-4), [
    'Card: Tanuki Card ···4242',
    'Repaid: in 3 payments',
    'Approval no.: 123456',
    'Reference no.: 000000123456',
  ])
  assert.deepEqual(facts('ja').slice(-3), ['支払区分: 分割3回払い', '承認番号: 123456', '伝票番号: 000000123456'])
  const wire = receiptToWire(receipt)
  assert.equal(receiptText(receiptFromWire(wire) ?? assert.fail('readable')), receiptText(receipt))
  const voucher = wire.voucher ?? assert.fail('a slip')
  assert.equal(receiptFromWire({ ...wire, voucher: { ...voucher, method: 'instalments-1' } }), undefined)
  for (const change of [{ card: 'x' }, { method: 'lump' }, { approval: 'x' }, { rrn: 'x' }] as const)
    assert.notEqual(
      receiptText({ ...receipt, voucher: receipt.voucher && { ...receipt.voucher, ...change } }),
      receiptText(receipt),
    )
  // Of a bank account the shop, and whoever has the link, learn nothing.
  const byAccount = made({ ...basket, means: { kind: 'bank', id: CARD, label: 'Tanuki Bank ···567' } })
  assert.deepEqual([byAccount.means, byAccount.voucher], ['account', null])
})
