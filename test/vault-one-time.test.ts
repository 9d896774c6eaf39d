// One-time card numbers: the key is with the issuer before the number is given out, the issuer's word becomes the order's outcome or an alarm,
// and what is given up is taken away.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { isCardNumber } from '#core/card-number.ts'
import type { AskOf, NoticeEvent } from '#issuer/messages.ts'
import { openOneTime, unwrapKey } from '#issuer/one-time.ts'
import type { AlarmsAnswer } from '#vault/wire.ts'
import { withClient } from './support/postgres.ts'
import {
  cardNumber,
  MERCHANT,
  newOrder,
  startFakeIssuer,
  startTestVault,
  until,
  ZONE,
  type FakeIssuer,
  type TestVault,
} from './support/vault.ts'

let issuer: FakeIssuer
let vault: TestVault
let card: string
const NUMBER = cardNumber(77)

before(async () => {
  issuer = await startFakeIssuer()
  vault = await startTestVault({ issuerPort: issuer.port })
  card = await vault.addCard(NUMBER)
})
after(async () => {
  await vault.close()
  await issuer.stop()
  assert.deepEqual(vault.errors, [])
})

type OneTime = Readonly<{ number: string; expires: number; card: { expires: string } }>
async function numberFor(order: string): Promise<OneTime> {
  const { body } = await vault.authorise(card, { order, oneTime: true })
  // Border: the vault's own answer.
  const { kind, oneTime } = body as { kind: string; oneTime?: OneTime }
  assert.equal(kind, 'pending')
  assert(oneTime)
  return oneTime
}
const found = async (order: string): Promise<Record<string, unknown>> => (await vault.get(`/v1/orders/${order}`)).body
// Border: the vault's own answer.
const alarmsOf = async (order: string | null): Promise<string[]> =>
  ((await vault.get('/v1/alarms')).body as unknown as AlarmsAnswer).alarms.flatMap((each) =>
    each.order === order ? [each.kind] : [],
  )
const putOf = (order: string): AskOf<'put-key'> => {
  const [asked] = issuer.of('put-key').filter((ask) => ask.order === order)
  assert(asked)
  return asked
}
let count = 0
function notice(
  order: string,
  number: string,
  event: NoticeEvent,
  more: Partial<AskOf<'notice'>> = {},
): AskOf<'notice'> {
  const stan = String(++count).padStart(6, '0')
  return {
    kind: 'notice',
    isRepeat: false,
    trace: { stan, rrn: `9${stan}00000`, at: '1122000000', day: '1122', acquirer: '12345678901' },
    number,
    order,
    event,
    approval: event === 'used' ? 'T1T2T3' : null,
    code: event === 'used' ? '00' : '58',
    terminal: 'T0000001',
    merchantNumber: MERCHANT.number,
    // Border: a known currency.
    unit: 'JPY' as AskOf<'notice'>['unit'],
    amount: 1200n,
    ...more,
  }
}
const NO_ANSWER = { kind: 'refused', code: 'no-answer', reason: 'no-answer' }

test('a number is made for one purchase, and its key opens it to the card for exactly that', async () => {
  const order = newOrder()
  const { number, expires, card: shown } = await numberFor(order)
  assert(isCardNumber(number) && number.length === NUMBER.length && number.startsWith('457198'))
  assert.equal(shown.expires, '2099-12')
  const { record, ...asked } = putOf(order)
  assert.equal(asked.number, number)
  assert.deepEqual(
    [record.merchant, record.terminal, record.amount, record.unit, record.method, record.until],
    ['M0001', 'T0000001', 1200n, 'JPY', 'lump', expires],
  )
  const key = unwrapKey(record.wrapped, ZONE.wrap, { number, order })
  assert(key)
  const ranges = { prefix: '457199', oneTimePrefix: '457198' }
  assert.equal(openOneTime(number, ranges, key, { ...record, order }), NUMBER)
  for (const other of [{ merchant: 'M0002' }, { terminal: 'T0000002' }, { amount: 1201n }, { order: newOrder() }])
    assert.notEqual(openOneTime(number, ranges, key, { ...record, order, ...other }), NUMBER)
  // Asked again it is the same number, and the issuer has one key.
  assert.equal((await numberFor(order)).number, number)
  assert.deepEqual(await found(order), { kind: 'pending', oneTime: { number, expires, card: shown } })
  assert.equal(issuer.of('put-key').filter((ask) => ask.order === order).length, 1)
  await vault.follow('reverse', order, '1200')
})

test('used at its terminal it is approved, once and finally, and can be given back', async () => {
  const order = newOrder()
  const { number } = await numberFor(order)
  const used = notice(order, number, 'used')
  assert.equal(await issuer.tell(used), '00')
  const approved = { kind: 'approved', unit: 'JPY', amount: '1200', approval: 'T1T2T3', rrn: used.trace.rrn }
  assert.deepEqual(await found(order), approved)
  assert.equal(await issuer.tell({ ...used, isRepeat: true }), '00')
  assert.deepEqual((await vault.authorise(card, { order, oneTime: true })).body, approved)
  assert.deepEqual((await vault.follow('capture', order, '1200')).body, { kind: 'refused', code: 'over-authorised' })
  assert.equal((await vault.follow('refund', order, '500')).body['kind'], 'done')
  assert.deepEqual(await alarmsOf(order), [])
  const left = await withClient(
    vault.database,
    async (client) => (await client.query("select 1 from wrapped_key where id = 'one-time:' || $1", [order])).rowCount,
  )
  assert.equal(left, 0)
})

test('tried for what it is not good for, it is an alarm, once however often it is told, and stays good', async () => {
  const order = newOrder()
  const { number } = await numberFor(order)
  const events = ['other-merchant', 'other-terminal', 'other-amount', 'other-expiry', 'used-twice', 'too-late'] as const
  for (const event of events) {
    const said = notice(order, number, event)
    assert.equal(await issuer.tell(said), '00')
    assert.equal(await issuer.tell({ ...said, isRepeat: true }), '00')
  }
  assert.deepEqual(await alarmsOf(order), events)
  assert.equal((await found(order))['kind'], 'pending')
  await issuer.tell(notice(newOrder(), number, 'used'))
  assert.deepEqual(await alarmsOf(null), ['unknown-number'])
  await issuer.tell(notice(order, number, 'used'))
  assert.equal((await found(order))['kind'], 'approved')
})

test('refused at its terminal, the order is refused for the reason', async () => {
  const order = newOrder()
  const { number } = await numberFor(order)
  await issuer.tell(notice(order, number, 'refused', { code: '51' }))
  assert.deepEqual(await found(order), { kind: 'refused', code: '51', reason: 'over-card-limit' })
})

test('taken back or given back at its terminal after it was approved, somebody is told', async () => {
  const reversed = newOrder()
  const { number } = await numberFor(reversed)
  await issuer.tell(notice(reversed, number, 'used'))
  await issuer.tell(notice(reversed, number, 'reversed'))
  assert.deepEqual(await found(reversed), NO_ANSWER)
  assert.deepEqual(await alarmsOf(reversed), ['reversed-at-terminal'])
  const refunded = newOrder()
  const other = await numberFor(refunded)
  await issuer.tell(notice(refunded, other.number, 'used'))
  await issuer.tell(notice(refunded, other.number, 'refunded', { amount: 1000n }))
  assert.deepEqual(await alarmsOf(refunded), ['refunded-at-terminal'])
  assert.deepEqual((await vault.follow('refund', refunded, '201')).body, { kind: 'refused', code: 'over-captured' })
})

test('a key whose issuer says nothing is taken away, and its number was never given out', async () => {
  const order = newOrder()
  issuer.replies['put-key'] = () => 'silent'
  assert.deepEqual((await vault.authorise(card, { order, oneTime: true, withinMs: 400 })).body, NO_ANSWER)
  delete issuer.replies['put-key']
  await until(async () => issuer.of('end-key').some((ask) => ask.order === order))
  assert.equal(issuer.of('end-key').find((ask) => ask.order === order)?.number, putOf(order).number)
})

test('given up, its key is taken away; used before that, the sale is reversed', async () => {
  const order = newOrder()
  await numberFor(order)
  assert.deepEqual((await vault.follow('reverse', order, '1200')).body, { kind: 'done' })
  assert.deepEqual(await found(order), NO_ANSWER)
  assert(issuer.of('end-key').some((ask) => ask.order === order))
  assert(!issuer.of('reverse').some((ask) => ask.order === order))

  const used = newOrder()
  const { number } = await numberFor(used)
  issuer.replies['end-key'] = () => ({ code: '21' })
  await until(async () => (await vault.follow('reverse', used, '1200')).body['kind'] === 'done')
  delete issuer.replies['end-key']
  assert(issuer.of('reverse').some((ask) => ask.order === used))
  // The notice that says so may come before or after.
  await issuer.tell(notice(used, number, 'used'))
  assert.deepEqual(await alarmsOf(used), ['used-and-given-up'])
  assert.deepEqual(await found(used), NO_ANSWER)
  await until(async () => (await vault.follow('reverse', used, '1200')).body['kind'] === 'done')
  assert.equal(issuer.of('reverse').filter((ask) => ask.order === used).length, 1)
})

test('a late reversal of a number that was used takes the sale back', async () => {
  const order = newOrder()
  const { number } = await numberFor(order)
  await issuer.tell(notice(order, number, 'used'))
  assert.deepEqual((await vault.follow('reverse', order, '1200')).body, { kind: 'done' })
  assert(issuer.of('reverse').some((ask) => ask.order === order))
  assert.deepEqual(await found(order), NO_ANSWER)
})

test('when its time is over the key is taken away', async () => {
  const order = newOrder()
  await numberFor(order)
  await withClient(vault.database, (client) =>
    client.query('update authorisation set until = made_at where id = $1', [order]),
  )
  await until(async () => issuer.of('end-key').some((ask) => ask.order === order))
  assert.deepEqual(await found(order), NO_ANSWER)
})
