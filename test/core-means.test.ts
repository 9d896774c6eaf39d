// Means: what a choice makes of a bill, what is signed then, what an exchange books, and the orders to the payer's bank.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { systemAccount } from '#core/accounts.ts'
import { canonicalBill } from '#core/bill.ts'
import { toText } from '#core/bytes.ts'
import type { Transfer } from '#core/ledger.ts'
import { meansFor, ordersOf, QUOTE_LIFE_MS, type Choice, type Order } from '#core/means.ts'
import { MAX_AMOUNT } from '#core/money.ts'
import {
  AUTHORISE_WITHIN_MS,
  evolve,
  isFinal,
  settledAmount,
  stateOf,
  transfersOf,
  type Payment,
  type PaymentCommand,
  type PaymentEvent,
} from '#core/payment.ts'
import type { Rate } from '#core/rate.ts'
import { backOf, refundTransfers } from '#core/refund.ts'
import {
  account,
  after,
  approved,
  BANK,
  bill,
  biller,
  byBank,
  byDollars,
  cooled,
  evidenceOf,
  id,
  joined,
  JPY,
  line,
  loaded,
  loadedFor,
  NOON,
  payer,
  PAYER_BUCKET,
  PAYMENT,
  RATE,
  unit,
  USD,
} from './support/deal.ts'
import { live, lives } from './support/walk.ts'

const DAY_MS = 86_400_000
const plain = bill(line(1_000n))
const mixed = bill(line(100n), line(200n, { delivery: true }), line(400n, cooled('P1D')), line(800n))

test('a choice is priced once, for this bill, and holds for two minutes or as long as the rate', () => {
  const exchange = (rate: Partial<Rate> | null): Choice => ({
    kind: 'exchange',
    rate: rate && { ...RATE, ...rate },
  })
  const quoted = { kind: 'exchange', unit: USD, amount: 673n, price: '148.7475', until: NOON + QUOTE_LIFE_MS }
  const rows: [string, Choice, bigint, object][] = [
    ['the account', { kind: 'account' }, 1_000n, { kind: 'account' }],
    ['dollars, rounded up', exchange({}), 1_000n, quoted],
    ['the smallest bill costs a whole cent', exchange({}), 1n, { ...quoted, amount: 1n }],
    ['a rate that ends sooner', exchange({ until: NOON + 5 }), 1_000n, { ...quoted, until: NOON + 5 }],
    ['a rate that has ended', exchange({ until: NOON }), 1_000n, { code: 'rate-expired' }],
    ['no rate', exchange(null), 1_000n, { code: 'rate-missing' }],
    ['the bill is in euros by now', exchange({ to: unit('EUR') }), 1_000n, { code: 'rate-missing' }],
    ['yen for yen', exchange({ from: JPY }), 1_000n, { code: 'rate-missing' }],
    [
      'more than there can be',
      exchange({ price: '0.000001' }),
      MAX_AMOUNT,
      { code: 'over-limit', detail: { limit: String(MAX_AMOUNT) } },
    ],
    ['a bank', BANK, 1_000n, { kind: 'bank', id: BANK.id, label: BANK.label }],
    ['a bank in another currency', { ...BANK, unit: USD }, 1_000n, { code: 'unit-mismatch' }],
  ]
  for (const [name, choice, amount, expected] of rows)
    assert.deepEqual(meansFor(choice, bill(line(amount)), NOON), expected, name)
})

test('what was chosen stays until the bill changes: a bank stays then too, a quote was for the old bill', () => {
  const change: PaymentCommand = { kind: 'bill', billVersion: 1, bill: bill(line(7n)), nonce: '7e'.repeat(16) }
  assert.deepEqual(after(byDollars(joined(plain)), change).payment.means, { kind: 'account' })
  assert.equal(after(byBank(joined(plain)), change).payment.means.kind, 'bank')
  const inEuros = { ...change, bill: { ...change.bill, unit: unit('EUR') } }
  assert.deepEqual(after(byBank(joined(plain)), inEuros).payment.means, { kind: 'account' }, 'a bank counts in yen')
  assert.deepEqual(after(byBank(joined(plain)), { kind: 'choose', choice: BANK }).events, [], 'chosen already')
  assert.deepEqual(after(joined(plain), { kind: 'choose', choice: { kind: 'account' } }).events, [])
  const again = byDollars(byDollars(joined(plain)), NOON + 1)
  assert.deepEqual([again.chosen, again.version], [2, joined(plain).version + 2], 'each quote is a new one')
})

test('an approval is good for the means it was made for, and says so when they are others', () => {
  const first = joined(plain)
  const dollars = byDollars(first)
  const dearer = byDollars(dollars, NOON, { ...RATE, price: '140' })
  const outcome = (signed: Payment, present: Payment): string | null =>
    after(present, { kind: 'approve', evidence: evidenceOf(signed) }, NOON, loadedFor(present)).refusal?.code ?? null
  const otherBank = after(first, { kind: 'choose', choice: { ...BANK, id: id('mns', 0x82) } }).payment
  const rows: [string, Payment, Payment, string | null][] = [
    ['what was seen', dollars, dollars, null],
    ['yen seen, dollars chosen since', first, dollars, 'means-changed'],
    ['an earlier quote', dollars, dearer, 'means-changed'],
    [
      'dollars seen, back to yen',
      dollars,
      after(dollars, { kind: 'choose', choice: { kind: 'account' } }).payment,
      'means-changed',
    ],
    ['the account seen, the bank chosen', first, byBank(first), 'means-changed'],
    ['another bank', otherBank, byBank(first), 'means-changed'],
    ['dollars never chosen', dollars, first, 'signature-invalid'],
    ['a bank never chosen', byBank(first), first, 'signature-invalid'],
  ]
  for (const [name, signed, present, code] of rows) assert.equal(outcome(signed, present), code, name)
})

test('a quote may be approved until its end, and not in the millisecond after', () => {
  const dollars = byDollars(joined(plain))
  const outcome = (now: number): string | undefined =>
    after(dollars, { kind: 'approve', evidence: evidenceOf(dollars, { now }) }, now, loadedFor(dollars)).refusal?.code
  assert.equal(outcome(NOON + QUOTE_LIFE_MS - 1), undefined)
  assert.equal(outcome(NOON + QUOTE_LIFE_MS), 'rate-expired')
  const poor = loadedFor(dollars, { account: account(0n, { unit: USD, status: 'frozen' }) })
  const end = NOON + QUOTE_LIFE_MS
  const late = after(dollars, { kind: 'approve', evidence: evidenceOf(dollars, { now: end }) }, end, poor)
  assert.deepEqual([late.refusal?.code, late.events], ['rate-expired', []], 'said before anything of the account')
})

test('short of money, limits and stops are judged where the money would come from', () => {
  const dollars = byDollars(joined(plain))
  const bank = byBank(joined(plain))
  const limits = { perPayment: 672n, perDay: 9_999n, perMonth: 9_999n }
  const rows: [string, Payment, Parameters<typeof loaded>[0], string | undefined][] = [
    ['the last cent', dollars, { account: account(673n, { unit: USD }) }, undefined],
    ['a cent short', dollars, { account: account(672n, { unit: USD }) }, 'insufficient-funds'],
    ['over the limit in dollars', dollars, { account: account(999n, { unit: USD, limits }) }, 'over-limit'],
    ['no dollars', dollars, { account: null }, 'unit-mismatch'],
    ['yen loaded by mistake', dollars, {}, 'unit-mismatch'],
    ['the bank wants no account', bank, { account: null }, undefined],
    ['nor a balance', bank, { account: account(0n) }, undefined],
    ['but nobody frozen', bank, { account: account(0n, { status: 'frozen' }) }, 'account-frozen'],
    ['nor more at once', bank, { account: account(0n, { limits }) }, 'over-limit'],
  ]
  for (const [name, payment, given, code] of rows) {
    const { refusal } = after(payment, { kind: 'approve', evidence: evidenceOf(payment) }, NOON, loaded(given))
    assert.equal(refusal?.code, code, name)
  }
})

test('the exchange is signed with the bill: unit, decimals, amount, price and end', () => {
  const { bill: billed, means } = byDollars(joined(plain))
  assert.ok(billed)
  const before = toText(canonicalBill(biller, billed)) ?? assert.fail('it is text')
  const text = toText(canonicalBill(biller, billed, means))
  assert.equal(text, before.replace(/null\]$/, `["USD",2,"673","148.7475",${NOON + QUOTE_LIFE_MS}]]`))
  assert.ok(before.endsWith(',[],null]'), 'without one nothing has changed for old wallets')
  assert.equal(
    toText(canonicalBill(biller, billed, byBank(joined(plain)).means)),
    before,
    "a bank's id stands beside it",
  )
})

// ---- bookings of an exchange

const NAMES: Record<string, string> = {
  [payer.account]: 'payer',
  [biller.account]: 'biller',
  [systemAccount('escrow', PAYER_BUCKET)]: 'escrow',
  [systemAccount('clearing', PAYER_BUCKET)]: 'clearing',
  [systemAccount('exchange', PAYER_BUCKET)]: 'exchange',
}
const written = ({ kind, debit, credit, unit, amount }: Transfer): string =>
  `${kind} ${NAMES[debit] ?? debit} → ${NAMES[credit] ?? credit} ${amount} ${unit}`
const moves = (payment: Payment, command: PaymentCommand, now = NOON): string[] =>
  after(payment, command, now, loadedFor(payment)).events.flatMap((event) => transfersOf(payment, event).map(written))

test('what is paid in another unit goes through the exchange, each unit on its own', () => {
  const dollars = byDollars(joined(mixed)) // ¥1,500 for $10.09
  const held = approved(dollars)
  const oneBack = after(held, { kind: 'deliver', portion: 1, amount: 50n }).payment
  const rows: [string, string[], string[]][] = [
    [
      'approved',
      moves(dollars, { kind: 'approve', evidence: evidenceOf(dollars) }),
      ['exchange payer → exchange 1009 USD', 'settle exchange → biller 900 JPY', 'hold exchange → escrow 600 JPY'],
    ],
    [
      'delivered in full',
      moves(held, { kind: 'deliver', portion: 1, amount: 200n }),
      ['release escrow → biller 200 JPY'],
    ],
    [
      'delivered in part',
      moves(held, { kind: 'deliver', portion: 1, amount: 50n }),
      ['release escrow → biller 50 JPY', 'return escrow → exchange 150 JPY', 'return exchange → payer 100 USD'],
    ],
    [
      'and the rest taken back: together what both are of the whole, rounded down once',
      moves(oneBack, { kind: 'cancel', by: 'payer' }),
      ['return escrow → exchange 400 JPY', 'return exchange → payer 269 USD'],
    ],
    ['asked again', moves(dollars, { kind: 'cancel', by: 'payer' }), []],
  ]
  for (const [name, seen, expected] of rows) assert.deepEqual(seen, expected, name)
})

test('taken back line by line, in any order, comes back what was paid for them, and never more', () => {
  const amounts = fc.array(fc.bigInt({ min: 1n, max: 400n }), { minLength: 1, maxLength: 6 })
  fc.assert(
    fc.property(amounts, fc.array(fc.nat({ max: 5 }), { maxLength: 8 }), (lines, order) => {
      let payment = approved(byDollars(joined(bill(...lines.map((amount) => line(amount, cooled('P1D')))))))
      const { means } = payment
      assert.ok(means.kind === 'exchange')
      const total = lines.reduce((sum, amount) => sum + amount, 0n)
      let [back, returned] = [0n, 0n]
      for (const portion of [...order, ...lines.keys()]) {
        const { events, payment: next } = after(payment, { kind: 'take-back', portion })
        for (const event of events) {
          const moved = transfersOf(payment, event).filter(({ credit }) => credit === payer.account)
          back += moved.reduce((sum, { amount }) => sum + amount, 0n)
          returned += lines[portion] ?? 0n
          assert.equal(back, (means.amount * returned) / total)
        }
        payment = next
      }
      assert.equal(back, means.amount, 'all of it for all of it')
    }),
    { numRuns: 200 },
  )
})

test('a refund goes back the way the money came', () => {
  const refund = (payment: Payment, amount: bigint, before = 0n) => {
    const back = backOf(payment, { amount, before })
    const transfers = refundTransfers(payment, { account: biller.account, home: 7, amount, back })
    return [back, ...transfers.map(written)]
  }
  const byAccount = approved(joined(plain))
  const dollars = approved(byDollars(joined(plain)))
  const bank = approved(byBank(joined(plain)))
  assert.deepEqual(refund(byAccount, 300n), [null, 'refund biller → payer 300 JPY'])
  assert.deepEqual(refund(bank, 300n), [null, 'refund biller → clearing:7 300 JPY'])
  assert.deepEqual(refund(dollars, 300n), [
    201n,
    'refund biller → exchange:7 300 JPY',
    'refund exchange:7 → payer 201 USD',
  ])
  assert.deepEqual(refund(dollars, 700n, 300n), [
    472n,
    'refund biller → exchange:7 700 JPY',
    'refund exchange:7 → payer 472 USD',
  ])
  assert.deepEqual(
    refund(dollars, 1n),
    [0n, 'refund biller → exchange:7 1 JPY'],
    'less than a cent comes with the next',
  )
})

test('in whatever parts it is refunded, the payer gets back what was paid and never more', () => {
  const parts = fc.array(fc.bigInt({ min: 1n, max: 400n }), { minLength: 1, maxLength: 12 })
  const price = fc.constantFrom('148.7475', '0.0067', '1', '0.376', '999999999999', '3.3333333333')
  fc.assert(
    fc.property(parts, price, fc.constantFrom('USD', 'BHD', 'KWD', 'EUR'), (amounts, at, from) => {
      const total = amounts.reduce((sum, amount) => sum + amount, 0n)
      const first = byDollars(joined(bill(line(total))), NOON, { ...RATE, from: unit(from), price: at })
      const { means } = first
      assert.ok(means.kind === 'exchange')
      let [before, back] = [0n, 0n]
      for (const amount of amounts) {
        const part = backOf(first, { amount, before }) ?? 0n
        before += amount
        back += part
        assert.ok(back <= means.amount && back >= 0n)
        const transfers = refundTransfers(first, { account: biller.account, home: 7, amount, back: part })
        const given = transfers.filter(({ credit }) => credit === payer.account)
        assert.equal(
          given.reduce((sum, each) => sum + each.amount, 0n),
          part,
        )
      }
      assert.equal(back, means.amount, 'all of it for all of it')
    }),
    { numRuns: 300 },
  )
})

// ---- orders

const orderText = ({ number, kind, of, amount }: Order): string =>
  `${number} ${kind}${of === null ? '' : ` of ${of}`} ${amount}`
const wanted = (payment: Payment, command: PaymentCommand, now = NOON): string[] =>
  after(payment, command, now, loadedFor(payment)).events.flatMap((event) => ordersOf(payment, event).map(orderText))
const answer = (yes: boolean): PaymentCommand => ({
  kind: 'answer',
  number: 1,
  yes,
  reason: yes ? null : 'no-funds',
  reference: null,
})

test('every event wants exactly this of the bank', () => {
  const bank = byBank(joined(mixed))
  const asked = approved(bank)
  const held = after(asked, answer(true)).payment
  const settled = after(held, { kind: 'deliver', portion: 1, amount: 200n }).payment
  const refunded: PaymentCommand = { kind: 'refunded', refund: id('pay', 1), amount: 90n, back: null, lines: [] }
  const rows: [string, string[], string[]][] = [
    ['chosen', wanted(joined(mixed), { kind: 'choose', choice: BANK }), []],
    ['approved', wanted(bank, { kind: 'approve', evidence: evidenceOf(bank) }), ['1 collect 1500']],
    ['yes', wanted(asked, answer(true)), []],
    ['no', wanted(asked, answer(false)), []],
    ['silence', wanted(asked, { kind: 'time' }, NOON + AUTHORISE_WITHIN_MS), ['2 reverse of 1 1500']],
    ['the payer cancels', wanted(asked, { kind: 'cancel', by: 'payer' }), ['2 reverse of 1 1500']],
    ['the biller cancels', wanted(asked, { kind: 'cancel', by: 'biller' }), ['2 reverse of 1 1500']],
    ['handed over in part', wanted(held, { kind: 'deliver', portion: 1, amount: 50n }), ['2 return of 1 150']],
    ['handed over', wanted(held, { kind: 'deliver', portion: 1, amount: 200n }), []],
    ['taken back', wanted(held, { kind: 'cancel', by: 'payer' }), ['2 return of 1 400']],
    ['given back', wanted(held, { kind: 'cancel', by: 'biller' }), ['2 return of 1 600']],
    ['time', wanted(held, { kind: 'time' }, NOON + 30 * DAY_MS), ['2 return of 1 200']],
    ['refunded', wanted(settled, refunded), ['2 return of 1 90']],
    ['refunded to an account', wanted(approved(joined(plain)), refunded), []],
    ['in dollars', wanted(byDollars(joined(mixed)), { kind: 'cancel', by: 'payer' }), []],
  ]
  for (const [name, seen, expected] of rows) assert.deepEqual(seen, expected, name)
})

test('an order names everything that carrying it out needs', () => {
  const bank = byBank(joined(plain))
  const [event] = after(bank, { kind: 'approve', evidence: evidenceOf(bank) }).events
  assert.ok(event)
  assert.deepEqual(ordersOf(bank, event), [
    {
      payment: PAYMENT,
      number: 1,
      kind: 'collect',
      of: null,
      via: 'bank',
      method: null,
      oneTime: false,
      party: payer.party,
      means: BANK.id,
      unit: JPY,
      amount: 1_000n,
      madeAt: NOON,
    },
  ])
})

test('whatever happens: each collect is answered or reversed, once, and clearing is what bank and issuer owe', () => {
  fc.assert(
    fc.property(lives, (life) => {
      const orders: Order[] = []
      const answered = new Map<number, 'yes' | 'no'>()
      const cleared = { bank: 0n, card: 0n }
      const last = live(life, ({ before, events }) => {
        let current = before
        for (const event of events) {
          const made = ordersOf(current, event)
          made.forEach(({ number }, index) => assert.equal(number, current.orders + 1 + index))
          orders.push(...made)
          if (event.kind === 'answered') answered.set(current.collect ?? 0, event.reason === null ? 'yes' : 'no')
          cleared.bank += clearingBy(current, event, 'clearing')
          cleared.card += clearingBy(current, event, 'card')
          current = evolve(current, event)
        }
      })
      assert.equal(last.orders, orders.length)
      const ofKind = (kind: Order['kind']): Order[] => orders.filter((order) => order.kind === kind)
      const sumOf = (some: readonly Order[]): bigint => some.reduce((sum, { amount }) => sum + amount, 0n)
      const collects = ofKind('collect')
      for (const { number, amount, via, method, oneTime, means } of collects) {
        const reversals = ofKind('reverse').filter(({ of }) => of === number)
        const ends = reversals.length + (answered.has(number) ? 1 : 0)
        const waits = stateOf(last) === 'authorising' && last.collect === number
        assert.equal(ends, waits ? 0 : 1, `collect ${number} has one end`)
        for (const reversal of reversals) assert.equal(reversal.amount, amount, 'all of it')
        const [returns, captures, releases] = (['return', 'capture', 'release'] as const).map((kind) =>
          ofKind(kind).filter(({ of }) => of === number),
        )
        assert.ok(returns && captures && releases)
        const claimed = via === 'bank' || oneTime ? amount : sumOf(captures)
        assert.ok(sumOf(captures) + sumOf(releases) <= amount, 'no more is claimed or let go than was authorised')
        assert.ok(sumOf(returns) <= claimed, 'no more goes back than came')
        if (via === 'bank' || oneTime) assert.deepEqual([captures, releases], [[], []])
        if (answered.get(number) !== 'yes') assert.deepEqual([...returns, ...captures, ...releases], [])
        else if (!isOneTimeOrBank(last)) {
          assert.equal(sumOf(captures), settledAmount(last), 'the shop has what was captured')
          if (isFinal(last)) assert.equal(sumOf(captures) + sumOf(releases), amount, 'nothing stays authorised')
        }
        for (const each of [...returns, ...captures, ...releases, ...reversals])
          assert.deepEqual([each.via, each.method, each.oneTime, each.means], [via, method, oneTime, means])
      }
      for (const via of ['bank', 'card'] as const) {
        const collected = sumOf(collects.filter((each) => each.via === via && answered.get(each.number) === 'yes'))
        const back = orders.filter((each) => each.via === via && (each.kind === 'return' || each.kind === 'release'))
        const refunded = last.means.kind === via ? last.refunds.reduce((sum, each) => sum + each.refunded, 0n) : 0n
        assert.equal(cleared[via], -collected + sumOf(back) - refunded)
      }
    }),
    { numRuns: 1_000 },
  )
})

const isOneTimeOrBank = ({ means }: Payment): boolean => means.kind !== 'card' || means.oneTime

const clearingBy = (payment: Payment, event: PaymentEvent, kind: 'clearing' | 'card'): bigint => {
  const clearing = systemAccount(kind, PAYER_BUCKET)
  return transfersOf(payment, event).reduce((sum, { debit, credit, amount }) => {
    if (debit === clearing) return sum - amount
    return credit === clearing ? sum + amount : sum
  }, 0n)
}
