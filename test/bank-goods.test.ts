// What shops and payers do through the account bank: restricted goods, lines taken back, refunds by line, currencies, history.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { faultsOf } from '#core/invariants.ts'
import { approve } from '#sdk/approval.ts'
import type { Client } from '#sdk/client.ts'
import { readBooks } from '#server/postgres/books.ts'
import { asked, codeOf, dealOf, joinByLink, moneyOf, newDeal, openBank, paid, PIN, type Bank } from './support/bank.ts'
import { until } from './support/hub.ts'
import { billOf, billWith, lineOf } from './support/world.ts'

let bank: Bank
let register: Client
let office: Client
let hanako: Client
let kenji: Client

before(async () => {
  bank = await openBank()
  ;({ register, office, hanako, kenji } = bank)
})
after(() => bank.close())

test('a period that no calendar has, or over ten years, and a restriction that says nothing are refused', async () => {
  const plain = asked(billOf(500n))
  const send = async (over: object): Promise<string> => {
    const bill = { ...plain, lines: plain.lines.map((line) => ({ ...line, ...over })) }
    return codeOf(await register.send('open-offer', { deal: newDeal(), bill }))
  }
  const cooling = (period: string, zone: string) => ({ conditions: { delivery: false, coolingOff: { period, zone } } })
  for (const [period, zone] of [
    ['P0D', 'Asia/Tokyo'],
    ['P11Y', 'Asia/Tokyo'],
    ['P8X', 'Asia/Tokyo'],
    ['P8D', 'Asia/Nowhere'],
    ['P8D', '+09:00'],
    ['PT', 'UTC'],
    ['P1M1Y', 'UTC'],
  ] as const)
    assert.equal(await send(cooling(period, zone)), 'period-invalid', `${period} ${zone}`)
  assert.equal(await send(cooling('P10Y', 'UTC')), 'done')
  const nothing = { minimumAge: null, membership: null, region: null, perDay: null }
  assert.equal(await send({ restriction: nothing }), 'restriction-invalid')
  assert.equal(await send({ restriction: { ...nothing, perDay: 2 } }), 'restriction-invalid', 'which article?')
  assert.equal(await send({ restriction: { ...nothing, region: 'Kanagawa' } }), 'restriction-invalid')
  assert.equal(await send({ code: '4901', restriction: { ...nothing, perDay: 2 } }), 'done')
})

test('restricted goods: the register is asked, never told why; yes sells, no ends the deal', async () => {
  const restriction = { minimumAge: null, membership: 'Harbour club', region: null, perDay: null }
  const bill = asked(billWith(lineOf(400n), lineOf(900n, { text: 'Club ticket', restriction })))
  for (const allowed of [true, false]) {
    const deal = await dealOf(register, bill)
    const view = await joinByLink(kenji, deal)
    assert.equal(codeOf(await approve(kenji, view, PIN)), 'shop-asked')
    const question = await until(async () => {
      const read = await register.deal(deal.deal)
      return read.ok && read.view.restriction?.state === 'asked' && read.view
    })
    assert.deepEqual(question.restriction, { state: 'asked', lines: [1] })
    const answered = await register.send('permit', { payment: view.payment, allowed })
    assert.ok(answered.ok, JSON.stringify(answered))
    const now = await kenji.payment(view.payment)
    assert.ok(now.ok)
    if (allowed) {
      assert.ok(now.view.permitted)
      assert.equal(codeOf(await approve(kenji, now.view, PIN)), 'done')
    } else assert.deepEqual([now.view.state, now.view.ended], ['ended', 'restricted'])
    assert.notEqual(codeOf(await register.send('permit', { payment: view.payment, allowed })), 'done')
  }
})

test('an article with a daily quantity is sold so often a day, by Hanako’s own count', async () => {
  const restriction = { minimumAge: null, membership: null, region: null, perDay: 2 }
  const bill = asked(billWith(lineOf(100n, { code: 'MASK', quantity: 2, restriction })))
  await paid(bill, hanako, register)
  const view = await joinByLink(hanako, await dealOf(register, bill))
  assert.equal(codeOf(await approve(hanako, view, PIN)), 'shop-asked')
  assert.equal(codeOf(await register.send('permit', { payment: view.payment, allowed: false })), 'done')
})

test('one line is taken back in its cancellation period, the rest is the shop’s at once', async () => {
  const coolingOff = { period: 'P8D', zone: 'Asia/Tokyo' }
  const conditions = { delivery: false, coolingOff }
  const before = await moneyOf(hanako)
  const bought = await paid(
    asked(billWith(lineOf(300n), lineOf(2_000n, { conditions }), lineOf(500n, { conditions }))),
    hanako,
    register,
  )
  assert.equal(bought.state, 'held')
  assert.deepEqual(
    bought.portions.map(({ state, waits, amount }) => [state, waits, amount]),
    [
      ['settled', null, '300'],
      ['held', 'cooling-off', '2000'],
      ['held', 'cooling-off', '500'],
    ],
  )
  const eightDays = Temporal.Now.zonedDateTimeISO('Asia/Tokyo').add({ days: 8 }).epochMilliseconds
  assert.ok(Math.abs((bought.portions[1]?.until ?? 0) - eightDays) < 60_000)
  assert.equal(before - (await moneyOf(hanako)), 2_800n)

  assert.equal(codeOf(await kenji.send('take-back', { payment: bought.payment, portion: 1 })), 'not-found')
  assert.equal(codeOf(await hanako.send('take-back', { payment: bought.payment, portion: 0 })), 'state-conflict')
  assert.equal(codeOf(await hanako.send('take-back', { payment: bought.payment, portion: 9 })), 'not-found')
  assert.equal(codeOf(await hanako.send('take-back', { payment: bought.payment, portion: 1 })), 'done')
  assert.equal(codeOf(await hanako.send('take-back', { payment: bought.payment, portion: 1 })), 'state-conflict')
  await until(async () => before - (await moneyOf(hanako)) === 800n)
  const seen = await office.sale(bought.payment)
  assert.ok(seen.ok)
  assert.deepEqual(
    seen.view.portions.map(({ state }) => state),
    ['settled', 'ended', 'held'],
  )
})

test('refunds by line from the office: never more than the line, listed with the sales of all tills', async () => {
  const bought = await paid(asked(billWith(lineOf(600n), lineOf(400n, { text: 'Cake' }))), hanako, register)
  const lines = [{ line: 1, amount: '150' }]
  const back = (amount: string, of: object[]) =>
    office.send('refund', { payment: bought.payment, amount, lines: of as typeof lines })
  const first = await back('150', lines)
  assert.ok(first.ok && first.view.refund !== null, JSON.stringify(first))
  assert.equal(first.view.deal?.payment, bought.payment, 'the office sees the sale of the till')
  assert.equal(codeOf(await back('151', lines)), 'amount-invalid', 'lines sum to the amount')
  assert.equal(codeOf(await back('300', [...lines, ...lines])), 'field-invalid', 'a line twice')
  assert.equal(codeOf(await back('0', [])), 'amount-invalid')
  assert.equal(codeOf(await back('251', [{ line: 1, amount: '251' }])), 'already-refunded')
  assert.equal(codeOf(await back('250', [{ line: 1, amount: '250' }])), 'done')
  assert.equal(codeOf(await back('601', [])), 'already-refunded')
  const receipt = await until(async () => {
    const read = await hanako.payment(bought.payment)
    return read.ok && read.view.refunds.length === 2 && read.view
  })
  assert.deepEqual(
    receipt.refunds.map(({ amount, lines: of }) => [amount, of]),
    [
      ['150', [{ line: 1, amount: '150' }]],
      ['250', [{ line: 1, amount: '250' }]],
    ],
  )
  const listed = await office.sales()
  assert.ok(listed.ok && listed.view.deals.some(({ payment }) => payment === bought.payment))
  const own = await office.deals()
  assert.ok(own.ok && own.view.deals.length === 0, 'the office itself made no deal')
  const others = await kenji.sale(bought.payment)
  assert.ok(!others.ok && others.problem.code === 'not-found')
  const payers = await hanako.sale(bought.payment)
  assert.ok(!payers.ok && payers.problem.code === 'not-found', 'for the payer it is no sale')
})

test('a further currency is opened once; bills in it are paid from it, and from nothing else', async () => {
  const opened = await hanako.openUnit('USD')
  assert.ok(opened.ok)
  assert.deepEqual(
    opened.view.balances.map(({ unit, balance }) => [unit, unit === 'JPY' ? '' : balance]),
    [
      ['JPY', ''],
      ['EUR', '20000'],
      ['USD', '0'],
    ],
  )
  const again = await hanako.openUnit('USD')
  assert.ok(again.ok && again.view.balances.length === 3)
  const none = await hanako.openUnit('ZZZ')
  assert.ok(!none.ok && none.problem.code === 'unit-invalid')
  const euro = await paid({ ...asked(billOf(1_250n)), unit: 'EUR' }, hanako, register)
  assert.equal(euro.state, 'settled')
  assert.equal(await moneyOf(hanako, 'EUR'), 18_750n)
  await until(async () => (await moneyOf(register, 'EUR')) === 1_250n)
  const dollars = { ...asked(billOf(100n)), unit: 'USD' }
  assert.equal(codeOf(await register.send('open-offer', { deal: newDeal(), bill: dollars })), 'unit-mismatch')
  const collector = await bank.stranger('Collector')
  const codes = []
  for (const unit of 'AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN'.split(' ')) {
    const more = await collector.openUnit(unit)
    codes.push(more.ok ? 'done' : more.problem.code)
  }
  assert.deepEqual(codes, [...Array<string>(19).fill('done'), 'too-many-units'])
})

test('history by day and kind, and the same days as a file that no spreadsheet runs', async () => {
  const trick = await bank.shop('=HYPERLINK("http://x","y"), & Co.')
  const bought = await paid(asked(billOf(123n)), hanako, trick)

  const today = Temporal.Now.plainDateISO('Asia/Tokyo')
  const [day, tomorrow] = [today.toString(), today.add({ days: 1 }).toString()]
  const settled = await hanako.history({ kind: 'settle', from: day, to: tomorrow })
  assert.ok(settled.ok && settled.view.entries.length > 0)
  assert.ok(settled.view.entries.every(({ kind }) => kind === 'settle'))
  const [newest] = settled.view.entries
  assert.deepEqual([newest?.payment, newest?.amount], [bought.payment, '-123'])
  const all = await hanako.history({})
  assert.ok(all.ok && all.view.entries.some(({ kind }) => kind === 'post'))
  const later = await hanako.history({ from: today.add({ days: 2 }).toString() })
  assert.ok(later.ok && later.view.entries.length === 0 && later.view.next === null)
  const earlier = await hanako.history({ to: today.subtract({ days: 2 }).toString() })
  assert.ok(earlier.ok && earlier.view.entries.length === 0)

  const file = await hanako.statement({ from: day, to: tomorrow })
  assert.ok(file.ok, JSON.stringify(file))
  const rows = file.view.split('\r\n')
  assert.equal(rows[0], '\ufeffdate,time,kind,name,amount,balance,unit,payment')
  assert.equal(rows.at(-1), '', 'each row ends in CR LF')
  assert.equal(rows.length - 2, all.view.entries.length)
  assert.match(
    rows.at(-2) ?? '',
    /^\d{4}-\d\d-\d\d,\d\d:\d\d:\d\d,settle,"'=HYPERLINK\(""http:\/\/x"",""y""\), & Co\.",-123,\d+,JPY,pay_/,
  )
  assert.match(rows[1] ?? '', /,post,Demo town,50000,50000,JPY,$/)
  const euro = await hanako.statement({ unit: 'EUR', from: day, to: tomorrow })
  assert.ok(euro.ok)
  assert.match(euro.view, /,settle,Marubeni Bakery,-12\.50,187\.50,EUR,pay_/)
})

test('after all that the books are right', async () => {
  assert.deepEqual(faultsOf(await readBooks(bank.hub.settings)), [])
})
