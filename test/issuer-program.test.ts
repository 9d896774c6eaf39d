// The reference issuer over real TCP: what an order stands for, however often and in which order it comes; limits, plans and one-time numbers;
// whom it does not listen to; and what its books say after kill -9.
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, afterEach, before, test } from 'node:test'
import { readAnswer } from '#issuer/answers.ts'
import { readBooks } from '#issuer/desk.ts'
import { NO_FAULTS } from '#issuer/faults.ts'
import { frameOf, sealMessage } from '#issuer/iso8583.ts'
import { writeAsk } from '#issuer/messages.ts'
import { zoneKeysOf, type ZoneKeys } from '#issuer/one-time.ts'
import { journalOf, startIssuer, type IssuerProgram } from '#issuer/program.ts'
import { salesByMerchant, statementOf } from '#issuer/statement.ts'
import { CARDS, ISSUERS } from '#issuer/town.ts'
import { NO_TOTALS } from '#issuer/totals.ts'
import { readZoneKey } from '#issuer/zone-key.ts'
import {
  AT,
  ACQUIRER,
  dial,
  JPY,
  MERCHANT,
  newOrder,
  newTrace,
  oneTimeFor,
  type TestLine,
} from './support/issuer-line.ts'

const [good, small, over, stopped, kitsune, rich] = CARDS
assert.ok(good && small && over && stopped && kitsune && rich)
const data = mkdtempSync(join(tmpdir(), 'warifu-issuer-'))
const yymm = (expires: string): string => expires.slice(2).replace('-', '')
const cardOf = ({ number, expires }: { number: string; expires: string }) => ({ number, expires: yymm(expires) })

let program: IssuerProgram
let keys: ZoneKeys
let line: TestLine
before(async () => {
  program = await startIssuer({
    data,
    port: 0,
    lines: [0, 0],
    demo: true,
    cards: CARDS,
    zone: 'Asia/Tokyo',
    noticeMs: 50,
  })
  keys = zoneKeysOf(readZoneKey(program.zoneKey))
  line = await dial(program.lines[0]?.port ?? 0, keys)
})
afterEach(() => program.faults.put(NO_FAULTS))
after(async () => {
  line.close()
  await program.stop()
  rmSync(data, { recursive: true, force: true })
})

/** An authorisation of a purchase of 1,280 yen, if nothing else is said. */
const authorise = (said: object = {}) =>
  ({
    kind: 'authorise',
    ...cardOf(good),
    ...AT,
    unit: JPY,
    amount: 1280n,
    method: 'lump',
    order: newOrder(),
    code: null,
    ...said,
  }) as const
const paid = (amount: bigint) => ({ unit: JPY, amount })
const reversal = (order: string | null, trace = newTrace(), mti = '0100') =>
  ({ kind: 'reverse', ...paid(1280n), order, isAdvice: false, original: { mti, ...trace } }) as const
const bookOf = (order: string) => program.desks.get('0001')?.books.authorisations.get(order) ?? assert.fail(order)
const openOf = (number: string): bigint => program.desks.get('0001')?.openOf(number) ?? assert.fail()

test('a purchase is set aside, taken in parts, let go, and given back, never more than there is', async () => {
  const before = openOf(good.number)
  const order = newOrder()
  const asked = authorise({ order, amount: 10_000n })
  const yes = await line.ask(asked)
  assert.equal(yes.code, '00')
  assert.match(yes.approval ?? '', /^[0-9]{6}$/u)
  assert.deepEqual([yes.order, yes.amount, yes.unit], [order, 10_000n, JPY])
  assert.equal(openOf(good.number), before + 10_000n)
  const capture = (own: string, amount: bigint) => line.ask({ kind: 'capture', order, own, ...paid(amount) })
  const release = (own: string, remains: bigint) => line.ask({ kind: 'release', order, own, ...paid(10_000n), remains })
  const refund = (own: string, amount: bigint) =>
    line.ask({ kind: 'refund', of: { order, own }, ...AT, ...paid(amount) })
  assert.equal((await capture('c1', 4_000n)).code, '00')
  assert.equal((await capture('c1', 4_000n)).code, '00', 'the same again is the same, whatever its trace')
  assert.equal((await capture('c1', 4_001n)).code, '94', 'its name for another amount')
  assert.equal((await capture('c2', 6_001n)).code, '13')
  assert.equal((await release('r0', 3_999n)).code, '13', 'not below what was taken')
  assert.equal((await release('r1', 7_000n)).code, '00')
  assert.equal((await release('r2', 8_000n)).code, '00', 'overtaken by a later one: nothing changes')
  assert.equal(openOf(good.number), before + 7_000n)
  assert.equal((await capture('c3', 3_001n)).code, '13')
  assert.equal((await capture('c4', 3_000n)).code, '00')
  assert.equal((await refund('b1', 7_001n)).code, '13')
  const elsewhere = { merchant: { ...MERCHANT, number: 'SHOP00000000002' }, terminal: 'T1' }
  const foreign = { kind: 'refund', of: { order, own: 'b0' }, ...elsewhere, ...paid(1n) } as const
  assert.equal((await line.ask(foreign)).code, '03', "another shop's sale")
  assert.equal((await refund('b2', 5_000n)).code, '00')
  assert.equal((await refund('b2', 5_000n)).code, '00')
  assert.equal((await refund('b3', 2_001n)).code, '13')
  assert.equal((await line.ask(reversal(order))).code, '12', 'what was taken is not reversed')
  const { captured, refunded, stands } = bookOf(order)
  assert.deepEqual([stands, captured, refunded], [7_000n, 7_000n, 5_000n])
  assert.equal(openOf(good.number), before + 2_000n)
  assert.equal((await line.ask(asked)).approval, yes.approval, 'and the first answer is still the answer')
})

test('cards, merchants, methods and limits: each no has its code', async () => {
  const table: readonly (readonly [string, object])[] = [
    ['54', cardOf(over)],
    ['54', { expires: '3201' }],
    ['41', cardOf(stopped)],
    ['14', { number: '4571990000009996' }],
    ['14', cardOf(kitsune)],
    ['51', { amount: 300_001n }],
    ['51', { ...cardOf(small), amount: 5_001n }],
    ['57', { method: 'instalments-4' }],
    ['57', { method: 'instalments-3', amount: 999n }],
    ['57', { method: 'instalments-24', merchant: { ...MERCHANT, number: 'SMALLSHOP000001' } }],
    ['00', { method: 'instalments-3', merchant: { ...MERCHANT, number: 'SMALLSHOP000001' } }],
    ['00', { method: 'revolving' }],
    ['00', { code: good.code }],
    ['05', { code: '999' }],
  ]
  for (const [code, said] of table)
    assert.equal((await line.ask(authorise(said))).code, code, JSON.stringify(Object.keys(said)))
  const verify = (card: { number: string; expires: string }, code: string | null) =>
    line.ask({ kind: 'verify', ...cardOf(card), order: newOrder(), code })
  assert.equal((await verify(good, good.code)).code, '00')
  assert.equal((await verify(over, over.code)).code, '54')
  for (let wrong = 0; wrong < 5; wrong++) assert.equal((await verify(small, '999')).code, '05')
  assert.equal((await verify(small, small.code)).code, '75', 'codes are not tried out')
  assert.equal((await verify(small, null)).code, '00')
})

test('a message that is repeated is answered the same, and another in its name is not', async () => {
  const trace = newTrace()
  const asked = authorise()
  const first = await line.ask(asked, trace)
  assert.deepEqual(await line.ask(asked, { ...trace, isRepeat: true }), first)
  assert.equal((await line.ask(authorise({ amount: 5n }), { ...trace, isRepeat: true })).code, '94')
  assert.equal((await line.ask({ ...asked, amount: 1281n })).code, '94', 'the order stands for 1,280')
  const no = authorise({ amount: 400_000n })
  assert.equal((await line.ask(no)).code, '51')
  assert.equal((await line.ask(no)).code, '51')
})

test('a reversal comes before, after, or instead of what it reverses, as often as it likes', async () => {
  const before = openOf(good.number)
  const asked = authorise()
  assert.equal((await line.ask(asked)).code, '00')
  const trace = newTrace()
  const reverse = reversal(asked.order)
  assert.equal((await line.ask(reverse, trace)).code, '00')
  assert.equal((await line.ask({ ...reverse, isAdvice: true }, trace)).mti, '0430')
  assert.equal((await line.ask({ ...reverse, isAdvice: true }, { ...trace, isRepeat: true })).code, '00')
  assert.equal((await line.ask(asked)).code, '94', 'its yes is no yes any more')
  assert.equal((await line.ask({ kind: 'capture', order: asked.order, own: 'late', ...paid(1n) })).code, '12')
  const never = authorise()
  assert.equal((await line.ask(reversal(never.order))).code, '00', 'of what was never heard of')
  assert.equal((await line.ask(never)).code, '94', 'and it does not happen afterwards')
  const byTrace = newTrace()
  const unnamed = authorise()
  assert.equal((await line.ask(unnamed, byTrace)).code, '00')
  assert.equal((await line.ask(reversal(null, byTrace))).code, '00', 'by DE 90 alone')
  assert.equal(openOf(good.number), before)
  assert.equal((await line.ask({ kind: 'capture', order: newOrder(), own: 'x', ...paid(1n) })).code, '25')
})

test("a one-time number buys once, for its own purchase; the hub hears of that, and of everybody else's tries", async () => {
  const hub = await dial(program.lines[0]?.port ?? 0, keys)
  assert.equal((await hub.ask({ kind: 'network', what: '001' })).code, '00')
  const { number, order, put } = oneTimeFor(keys, good.number)
  assert.equal((await hub.ask(put)).code, '00')
  assert.equal((await hub.ask(put)).code, '00', 'the same key again')
  const sale = { kind: 'sale', number, expires: yymm(good.expires), ...AT, ...paid(1280n), method: 'lump' } as const
  const terminals = { acquirer: '900001' }
  for (const [code, event, said] of [
    ['58', 'other-merchant', { merchant: { ...MERCHANT, number: 'SHOP00000000002' } }],
    ['58', 'other-terminal', { terminal: 'T2' }],
    ['13', 'other-amount', { amount: 1281n }],
    ['54', 'other-expiry', { expires: '3111' }],
  ] as const) {
    assert.equal((await line.ask({ ...sale, ...said }, terminals)).code, code)
    const told = await hub.notice()
    assert.deepEqual([told.event, told.order, told.code], [event, order, code])
  }
  const trace = newTrace('900001')
  const yes = await line.ask(sale, trace)
  assert.equal(yes.code, '00')
  const used = await hub.notice(false)
  assert.deepEqual(
    [used.event, used.order, used.approval, used.trace.rrn, used.amount],
    ['used', order, yes.approval, trace.rrn, 1280n],
  )
  const again = await hub.notice()
  assert.deepEqual(
    [again.event, again.isRepeat, again.trace.stan],
    ['used', true, used.trace.stan],
    'until it is heard',
  )
  assert.equal((await line.ask(sale, { ...trace, isRepeat: true })).approval, yes.approval)
  assert.equal((await line.ask(sale, terminals)).code, '94')
  assert.equal((await hub.notice()).event, 'used-twice')
  assert.equal((await hub.ask({ kind: 'end-key', number, order })).code, '21', 'it was used')
  assert.equal((await hub.notice()).event, 'used', 'and the hub hears of it again')
  const { isSale, captured } = bookOf(order)
  assert.deepEqual([isSale, captured], [true, 1280n])

  const of = { number, rrn: trace.rrn }
  assert.equal((await line.ask({ kind: 'refund', of, ...AT, ...paid(280n) }, terminals)).code, '00')
  assert.deepEqual([(await hub.notice()).event, bookOf(order).refunded], ['refunded', 280n])
  assert.equal((await hub.ask({ kind: 'refund', of: { order, own: 'b' }, ...AT, ...paid(1001n) })).code, '13')
  assert.equal((await hub.ask({ kind: 'refund', of: { order, own: 'c' }, ...AT, ...paid(1000n) })).code, '00')

  const tooLate = await line.ask(reversal(null, trace, '0200'), terminals)
  assert.deepEqual([tooLate.code, tooLate.approval], ['12', yes.approval], 'it was given back: it stood')

  const late = oneTimeFor(keys, good.number, { until: Date.now() - 1 })
  assert.equal((await hub.ask(late.put)).code, '00')
  assert.equal((await line.ask({ ...sale, number: late.number }, terminals)).code, '54')
  assert.equal((await hub.notice()).event, 'too-late')
  hub.close()
})

test('a one-time number that is taken away, or never wanted, buys nothing; what the hub may have heard of stands', async () => {
  const hub = await dial(program.lines[0]?.port ?? 0, keys)
  await hub.ask({ kind: 'network', what: '001' })
  const expires = yymm(good.expires)
  const sale = (number: string) => ({ kind: 'sale', number, expires, ...AT, ...paid(1280n), method: 'lump' }) as const
  const ended = oneTimeFor(keys, good.number)
  assert.equal((await hub.ask(ended.put)).code, '00')
  assert.equal((await hub.ask({ kind: 'end-key', number: ended.number, order: ended.order })).code, '00')
  assert.equal((await hub.ask({ kind: 'end-key', number: ended.number, order: ended.order })).code, '00')
  assert.equal((await line.ask(sale(ended.number))).code, '54')
  assert.equal((await hub.notice()).event, 'too-late')
  const early = oneTimeFor(keys, good.number)
  assert.equal((await hub.ask({ kind: 'end-key', number: early.number, order: early.order })).code, '00')
  assert.equal((await hub.ask(early.put)).code, '94', 'a key that comes after its end')
  assert.equal((await line.ask(sale(early.number))).code, '14')
  const reversed = oneTimeFor(keys, good.number)
  await hub.ask(reversed.put)
  assert.equal((await hub.ask(reversal(reversed.order))).code, '00')
  assert.equal((await line.ask(sale(reversed.number))).code, '54')
  await hub.notice()

  const timedOut = oneTimeFor(keys, good.number)
  await hub.ask(timedOut.put)
  const trace = newTrace('900001')
  assert.equal((await line.ask(sale(timedOut.number), trace)).code, '00')
  assert.equal((await hub.notice()).event, 'used')
  const tooLate = await line.ask(reversal(null, trace, '0200'), { acquirer: '900001' })
  assert.deepEqual([tooLate.code, tooLate.approval], ['21', bookOf(timedOut.order).approval], 'the hub has booked it')
  assert.equal(bookOf(timedOut.order).state, 'approved')
  const heard = await line.ask(sale(timedOut.number), { ...trace, isRepeat: true })
  assert.deepEqual([heard.code, heard.approval], ['00', tooLate.approval], 'its terminal may ask for the answer again')
  const taken = oneTimeFor(keys, good.number)
  await hub.ask(taken.put)
  assert.equal((await line.ask(sale(taken.number))).code, '00')
  await hub.notice()
  assert.equal((await hub.ask(reversal(taken.order))).code, '00', 'the hub gives the whole up by its order')
  assert.equal(bookOf(taken.order).state, 'reversed')

  const poor = oneTimeFor(keys, small.number, { amount: 6_000n })
  await hub.ask(poor.put)
  const refused = { ...sale(poor.number), amount: 6_000n, expires: yymm(small.expires) }
  assert.equal((await line.ask(refused)).code, '51')
  assert.deepEqual([(await hub.notice()).event, bookOf(poor.order).state], ['refused', 'refused'])
  assert.equal((await line.ask(refused)).code, '94', 'a refused one is used too')
  assert.equal((await hub.notice()).event, 'used-twice')
  const foreign = oneTimeFor(keys, kitsune.number)
  assert.equal((await hub.ask(foreign.put)).code, '14', "another issuer's number")
  const other = zoneKeysOf(Buffer.alloc(32, 5))
  assert.equal(
    (await hub.ask(oneTimeFor({ ...keys, wrap: other.wrap }, good.number).put)).code,
    '14',
    'a key that does not open',
  )
  hub.close()
})

test('a terminal takes back a sale by a one-time number before its notice is sent: the hub never hears that it was used', async () => {
  const acquirer = '555555'
  const bought = oneTimeFor(keys, good.number)
  assert.equal((await line.ask(bought.put, { acquirer })).code, '00')
  const { number, order } = bought
  const sale = { kind: 'sale', number, expires: yymm(good.expires), ...AT, ...paid(1280n), method: 'lump' } as const
  const trace = newTrace('900001')
  assert.equal((await line.ask(sale, trace)).code, '00')
  assert.equal((await line.ask(reversal(null, trace, '0200'), { acquirer: '900001' })).code, '00')
  assert.deepEqual([bookOf(order).state, bookOf(order).captured], ['reversed', 0n])
  assert.equal((await line.ask(sale, { ...trace, isRepeat: true })).code, '94')
  const hub = await dial(program.lines[0]?.port ?? 0, keys)
  assert.equal((await hub.ask({ kind: 'network', what: '001' }, { acquirer })).code, '00')
  const told = await hub.notice()
  assert.deepEqual([told.event, told.order, told.amount], ['reversed', order, 1280n])
  assert.equal((await hub.ask({ kind: 'end-key', number, order }, { acquirer })).code, '21')
  assert.equal((await hub.notice()).event, 'reversed', 'and again, never that it was used')
  const { keys: known, notices } = program.desks.get('0001')?.books ?? assert.fail()
  assert.equal(known.get(number)?.state, 'used')
  assert.deepEqual(
    [...notices.values()].filter((each) => each.order === order).map(({ event }) => event),
    ['reversed'],
  )
  hub.close()
})

test('who tries a seen number out cannot keep the notice of the right sale from being told', async () => {
  const hub = await dial(program.lines[0]?.port ?? 0, keys)
  await hub.ask({ kind: 'network', what: '001' })
  const { number, put } = oneTimeFor(keys, good.number)
  await hub.ask(put)
  const sale = { kind: 'sale', number, expires: yymm(good.expires), ...AT, ...paid(1280n), method: 'lump' } as const
  for (let tried = 0; tried < 20; tried++) {
    assert.equal((await line.ask({ ...sale, terminal: 'T2' })).code, '58')
    assert.equal((await hub.notice()).event, 'other-terminal')
  }
  assert.equal((await line.ask({ ...sale, terminal: 'T2' })).code, '58', 'of which nobody is told any more')
  const trace = newTrace('900001')
  assert.equal((await line.ask(sale, trace)).code, '00')
  assert.equal((await hub.notice()).event, 'used')
  assert.equal(
    (await line.ask({ kind: 'refund', of: { number, rrn: trace.rrn }, ...AT, ...paid(1n) }, trace)).code,
    '00',
  )
  assert.equal((await hub.notice()).event, 'refunded')
  hub.close()
})

test("a day's totals agree, or the issuer says its own", async () => {
  const acquirer = '777777'
  const [first, second] = [authorise({ order: newOrder() }), authorise({ order: newOrder() })]
  for (const asked of [first, second]) assert.equal((await line.ask(asked, { acquirer })).code, '00')
  await line.ask({ kind: 'capture', order: first.order, own: `${first.order}c`, ...paid(1000n) }, { acquirer })
  await line.ask({ kind: 'capture', order: second.order, own: `${second.order}c`, ...paid(1280n) }, { acquirer })
  await line.ask({ kind: 'refund', of: { order: second.order, own: 'f' }, ...AT, ...paid(80n) }, { acquirer })
  const sale = { kind: 'sale', ...cardOf(good), ...AT, ...paid(700n), method: 'lump' } as const
  const trace = newTrace(acquirer)
  assert.equal((await line.ask(sale, trace)).code, '00')
  assert.equal((await line.ask(reversal(null, trace, '0200'), { acquirer })).code, '00')
  const totals = {
    debits: { count: 3, amount: 2980n },
    debitReversals: { count: 1, amount: 700n },
    credits: { count: 1, amount: 80n },
    creditReversals: NO_TOTALS.creditReversals,
  }
  const compare = { kind: 'compare', unit: JPY, totals } as const
  const same = await line.ask(compare, { acquirer })
  assert.deepEqual([same.mti, same.code, same.compared], ['0510', '00', { unit: JPY, totals }])
  const wrong = await line.ask({ ...compare, totals: NO_TOTALS }, { acquirer })
  assert.deepEqual([wrong.code, wrong.compared], ['95', { unit: JPY, totals }])
  const day = '0101'
  assert.equal((await line.ask({ ...compare, totals: NO_TOTALS }, { acquirer, day })).code, '00', 'nothing on that day')
})

test('the statement says what is paid when, by the plan of each purchase; sales are by merchant', async () => {
  const merchant = { number: 'STATEMENTSHOP01', name: 'Plan Shop', place: 'Kyoto', category: '5999' }
  const port = program.lines[1]?.port ?? 0
  const kitsunes = await dial(port, keys)
  const asked = authorise({ ...cardOf(rich), merchant, amount: 12_000n, method: 'instalments-3' })
  assert.equal((await kitsunes.ask(asked)).code, '00')
  const desk = program.desks.get('0002') ?? assert.fail()
  const today = desk.today()
  assert.deepEqual(statementOf(desk.books, rich.number, today).dues, [], 'only set aside')
  assert.equal(statementOf(desk.books, rich.number, today).pending.length, 1)
  await kitsunes.ask({ kind: 'capture', order: asked.order, own: 's1', ...paid(12_000n) })
  const { dues, pending } = statementOf(desk.books, rich.number, today)
  assert.deepEqual(
    dues.map(({ total, lines }) => [total, lines[0]?.part, lines[0]?.parts, lines[0]?.fee, lines[0]?.merchantName]),
    [1, 2, 3].map((part) => [part === 1 ? 4083n : 4081n, part, 3, 245n, 'Plan Shop']),
  )
  assert.equal(pending.length, 0)
  assert.equal(desk.openOf(rich.number), 12_000n, 'the fee is not what a limit is for')
  await kitsunes.ask({ kind: 'refund', of: { order: asked.order, own: 's2' }, ...AT, merchant, ...paid(10_000n) })
  const left = statementOf(desk.books, rich.number, today).dues
  assert.deepEqual([left.length, left[0]?.total], [1, 2_000n], 'too little for instalments: paid at once')
  assert.deepEqual(statementOf(desk.books, rich.number, '2099-01-01').dues, [], 'what was due is paid')
  assert.deepEqual(
    salesByMerchant(desk.books).find(({ merchant: number }) => number === merchant.number),
    { merchant: merchant.number, name: 'Plan Shop', count: 1, sold: 12_000n, givenBack: 10_000n, setAside: 0n },
  )
  kitsunes.close()
})

test('slow, twice, for another, refused, held: what each fault does', async () => {
  program.faults.put({ ...NO_FAULTS, twice: true })
  const asked = authorise()
  const yes = await line.ask(asked)
  assert.deepEqual(readAnswer((await line.next()) ?? assert.fail()), yes)
  program.faults.put({ ...NO_FAULTS, other: 'stan' })
  const trace = newTrace()
  assert.notEqual((await line.ask(authorise(), trace)).trace.stan, trace.stan)
  program.faults.put({ ...NO_FAULTS, other: 'amount' })
  assert.equal((await line.ask(authorise())).amount, 1281n)
  program.faults.put({ ...NO_FAULTS, refuses: '05' })
  assert.equal((await line.ask(authorise())).code, '05')
  assert.equal(
    (await line.ask({ kind: 'capture', order: asked.order, own: 'c', ...paid(1n) })).code,
    '00',
    'no purchase',
  )
  program.faults.put({ ...NO_FAULTS, holds: 'answer' })
  const held = authorise()
  const late = line.ask(held)
  const other = await dial(program.lines[0]?.port ?? 0, keys)
  assert.equal((await other.ask({ kind: 'network', what: '301' })).code, '00')
  while (program.desks.get('0001')?.books.authorisations.get(held.order) === undefined)
    await other.ask({ kind: 'network', what: '301' })
  assert.equal((await other.ask(reversal(held.order))).code, '00', 'given up by then')
  program.faults.put(NO_FAULTS)
  assert.equal((await late).code, '00', 'the late yes')
  assert.equal(bookOf(held.order).state, 'reversed')
  program.faults.put({ ...NO_FAULTS, cutsAfter: 5 })
  other.sendMessage(writeAsk({ kind: 'network', what: '301', trace: newTrace(), isRepeat: false }))
  assert.equal(await other.next(), undefined, 'hung up in the middle')
})

test('whoever does not speak the language is not spoken to; whoever leaves something out hears what', async () => {
  const port = program.lines[0]?.port ?? 0
  const echo = writeAsk({ kind: 'network', what: '301', trace: newTrace(), isRepeat: false })
  const right = frameOf(sealMessage(echo, keys.mac))
  const foreign = frameOf(sealMessage(echo, Buffer.alloc(32, 1)))
  const spoilt = Buffer.from(right)
  spoilt[20] = 0x7f
  for (const bytes of [
    Buffer.from('GET / HTTP/1.1\r\nhost: x\r\n\r\n'),
    Buffer.from([0, 0]),
    Buffer.from([0xff, 0xff, 1]),
    foreign,
    spoilt,
  ]) {
    const socket = connect({ host: '127.0.0.1', port })
    socket.write(bytes)
    const came: Buffer[] = []
    socket.on('data', (part: Buffer) => came.push(part))
    socket.on('error', () => {})
    await once(socket, 'close')
    assert.equal(Buffer.concat(came).length, 0, bytes.toString('latin1').slice(0, 20))
  }
  // In two halves, cut at every byte.
  const cut = await dial(port, keys)
  for (let at = 0; at <= right.length; at += 7) {
    cut.socket.write(right.subarray(0, at))
    await new Promise(setImmediate)
    cut.socket.write(right.subarray(at))
    assert.equal((readAnswer((await cut.next()) ?? assert.fail()) ?? assert.fail()).code, '00')
  }
  for (const [mti, fields, field] of [
    ['0100', { 3: '000000' }, 'DE037'],
    ['0100', { ...echo.fields, 70: '301' }, 'DE003'],
    ['0800', { ...echo.fields, 70: '999' }, 'DE070'],
    ['0600', echo.fields, 'DE000'],
  ] as const) {
    cut.sendMessage({ mti, fields })
    const answer = (await cut.next()) ?? assert.fail()
    assert.deepEqual([answer.fields[39], answer.fields[44]], ['30', field])
  }
  // An answer that nobody waits for, and half a message that never goes on, change nothing for others.
  cut.sendMessage({ mti: '0110', fields: { ...echo.fields, 39: '00' } })
  const half = connect({ host: '127.0.0.1', port })
  half.write(right.subarray(0, 9))
  assert.equal((await cut.ask({ kind: 'network', what: '301' })).code, '00')
  half.destroy()
  cut.close()
})

test('the page is for this machine and in two languages; faults and books want the secret', async () => {
  const page = await (await fetch(`${program.url}/?lang=en`)).text()
  assert.match(page, /Tanuki Card[\s\S]*Kitsune Credit/u)
  assert.match(page, /4571 9900 0000 1019/u)
  assert.match(await (await fetch(`${program.url}/?lang=ja`)).text(), /タヌキカード[\s\S]*ご利用明細/u)
  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    fetch(`${program.url}${path}`, { method: 'POST', body: JSON.stringify(body), headers })
  const token = /'x-page': '([0-9a-f]{32})'/u.exec(page)?.[1] ?? assert.fail()
  assert.equal((await post('/demo/faults', { silent: true })).status, 401)
  assert.equal((await post('/demo/faults', { silent: 'yes' }, { 'x-page': token })).status, 422)
  assert.equal((await post('/demo/faults', { quiet: true }, { 'x-page': token })).status, 422)
  assert.equal((await post('/demo/faults', { refuses: '00' }, { 'x-page': token })).status, 422)
  assert.equal((await post('/demo/faults', { slowMs: 1 }, { 'x-page': token })).status, 200)
  assert.equal(program.faults.now().slowMs, 1)
  program.faults.put(NO_FAULTS)
  const stop = { issuer: '0001', number: small.number, isStopped: true }
  assert.equal((await post('/demo/cards', stop, { 'x-page': token })).status, 200)
  assert.equal((await line.ask(authorise({ ...cardOf(small), amount: 1n }))).code, '41')
  assert.equal((await post('/demo/cards', { ...stop, number: '1' }, { 'x-page': token })).status, 422)
  assert.equal((await post('/demo/faults', 'x'.repeat(5_000), { 'x-page': token })).status, 413)
  assert.equal((await fetch(`${program.url}/books`)).status, 401)
  const headers = { authorization: `Bearer ${program.secret}` }
  const books = await (await fetch(`${program.url}/books`, { headers })).text()
  assert.match(books, /"released":"3000"/u)
  assert.doesNotMatch(books, /457199\d{10}/u, 'no card number leaves the issuer')
  for (const file of ['secret', 'zone.key', 'issuer-0001.jsonl'])
    assert.equal(statSync(join(data, file)).mode & 0o777, 0o600, file)
})

/** The issuer as a program of its own, which dies at a place. */
async function rise(folder: string, failpoint: string): Promise<{ child: ChildProcess; port: number }> {
  const main = new URL('../issuer/main.ts', import.meta.url).pathname
  const args = [main, '--data', folder, '--port', '0', '--lines', '0,0', '--machine', '0', '--with-parent']
  const child = spawn(process.execPath, args, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ISSUER_FAILPOINT: failpoint },
  })
  const [said] = (await once(createInterface(child.stdout ?? assert.fail()), 'line')) as [string]
  // Border: issuer/main.ts wrote the line.
  const { lines } = JSON.parse(said) as { lines: { port: number }[] }
  return { child, port: lines[0]?.port ?? 0 }
}

test('killed between decision and answer, at every place, and started again: the same books, and the same answer to the repeated message', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'warifu-issuer-killed-'))
  const [tanuki] = ISSUERS
  assert.ok(tanuki)
  const asked = authorise()
  const trace = newTrace()
  for (const [place, isBooked] of [
    ['heard', false],
    ['written', true],
    ['answered', true],
  ] as const) {
    const { child, port } = await rise(folder, `${place}:1`)
    const zone = zoneKeysOf(readZoneKey(join(folder, 'zone.key')))
    const acquirer = await dial(port, zone)
    const ended = once(child, 'exit')
    acquirer.sendMessage(writeAsk({ ...asked, trace, isRepeat: place !== 'heard' }))
    const came = await acquirer.next()
    if (place !== 'answered') assert.equal(came, undefined, place)
    assert.deepEqual(await ended, [null, 'SIGKILL'])
    const books = readBooks(journalOf(folder, '0001'), tanuki)
    assert.equal(books.authorisations.has(asked.order), isBooked, place)
  }
  const { child, port } = await rise(folder, '')
  const acquirer = await dial(port, zoneKeysOf(readZoneKey(join(folder, 'zone.key'))))
  const answer = await acquirer.ask(asked, { ...trace, isRepeat: true })
  const books = readBooks(journalOf(folder, '0001'), tanuki)
  assert.equal(answer.approval, books.authorisations.get(asked.order)?.approval)
  assert.equal(books.authorisations.size, 1)
  assert.equal(readFileSync(journalOf(folder, '0001'), 'utf8').match(/"authorised"/gu)?.length, 1)
  acquirer.close()
  const ended = once(child, 'exit')
  child.stdin?.end()
  assert.deepEqual(await ended, [0, null], 'it ends with its parent')
  rmSync(folder, { recursive: true, force: true })
})

test('killed before a notice leaves, it knows that it may have been sent: the terminal does not take the sale back any more', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'warifu-issuer-telling-'))
  const [tanuki] = ISSUERS
  assert.ok(tanuki)
  const trace = newTrace('900001')
  const first = await rise(folder, 'telling:1')
  const zone = zoneKeysOf(readZoneKey(join(folder, 'zone.key')))
  const { number, order, put } = oneTimeFor(zone, good.number)
  const sale = { kind: 'sale', number, expires: yymm(good.expires), ...AT, ...paid(1280n), method: 'lump' } as const
  const hub = await dial(first.port, zone)
  await hub.ask({ kind: 'network', what: '001' })
  assert.equal((await hub.ask(put)).code, '00')
  const died = once(first.child, 'exit')
  const terminal = await dial(first.port, zone)
  terminal.sendMessage(writeAsk({ ...sale, trace, isRepeat: false }))
  assert.deepEqual(await died, [null, 'SIGKILL'])
  assert.equal(await hub.next(), undefined, 'it has not left')
  const books = readBooks(journalOf(folder, '0001'), tanuki)
  assert.deepEqual([[...books.sent], [...books.unheard]], [[1], [1]])
  const second = await rise(folder, '')
  const again = await dial(second.port, zone)
  const refused = await again.ask(reversal(null, trace, '0200'), { acquirer: '900001' })
  assert.deepEqual([refused.code, refused.approval], ['21', books.authorisations.get(order)?.approval])
  assert.equal((await again.ask({ kind: 'network', what: '001' })).code, '00')
  assert.equal((await again.notice()).event, 'used')
  again.close()
  const ended = once(second.child, 'exit')
  second.child.stdin?.end()
  assert.deepEqual(await ended, [0, null])
  rmSync(folder, { recursive: true, force: true })
})

test('what is decided together is written at once, and everybody gets their own answer', async () => {
  const lines = await Promise.all(Array.from({ length: 8 }, () => dial(program.lines[0]?.port ?? 0, keys)))
  const asks = Array.from({ length: 40 }, (_, at) => authorise({ amount: BigInt(at + 1), ...cardOf(good) }))
  const traces = asks.map(() => newTrace(ACQUIRER))
  for (const [at, asked] of asks.entries())
    lines[at % 8]?.sendMessage(writeAsk({ ...asked, trace: traces[at] ?? assert.fail(), isRepeat: false }))
  for (const [at] of asks.entries()) {
    const answer = readAnswer((await lines[at % 8]?.next()) ?? assert.fail()) ?? assert.fail()
    const place = traces.findIndex(({ stan }) => stan === answer.trace.stan)
    assert.deepEqual([answer.order, answer.amount, answer.code], [asks[place]?.order, BigInt(place + 1), '00'])
  }
  for (const each of lines) each.close()
})
