// What follows an authorisation: captures, releases and refunds within what was authorised, told to the issuer until it answers.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { AlarmsAnswer, ReconcileAnswer, ReportAnswer } from '#vault/wire.ts'
import { withClient } from './support/postgres.ts'
import {
  cardNumber,
  heardOf,
  newOrder,
  saying,
  startFakeIssuer,
  startTestVault,
  until,
  type FakeIssuer,
  type TestVault,
} from './support/vault.ts'

let issuer: FakeIssuer
let vault: TestVault
let card: string

before(async () => {
  issuer = await startFakeIssuer()
  vault = await startTestVault({ issuerPort: issuer.port })
  card = await vault.addCard(cardNumber(1))
})
after(async () => {
  await vault.close()
  await issuer.stop()
  assert.deepEqual(vault.errors, [])
})

test('what follows stays within what was authorised, and each order is told once', async () => {
  const of = newOrder()
  await vault.authorise(card, { order: of })
  const first = newOrder()
  const table = [
    ['capture', '1201', { kind: 'refused', code: 'over-authorised' }],
    ['release', '1201', { kind: 'refused', code: 'over-authorised' }],
    ['refund', '1201', { kind: 'refused', code: 'over-captured' }],
    ['refund', '100', { kind: 'pending' }],
    ['capture', '700', 'done', first],
    ['capture', '700', 'done', first],
    ['capture', '501', { kind: 'refused', code: 'over-authorised' }],
    ['refund', '701', { kind: 'pending' }],
    ['release', '300', 'done'],
    ['capture', '201', { kind: 'refused', code: 'over-authorised' }],
    ['capture', '200', 'done'],
    ['refund', '900', 'done'],
    ['refund', '1', { kind: 'refused', code: 'over-captured' }],
    ['reverse', '1200', { kind: 'refused', code: 'captured' }],
  ] as const
  for (const [kind, amount, said, order = newOrder()] of table) {
    const { body } = await vault.follow(kind, of, amount, order)
    if (said === 'done') assert.equal(body['kind'], 'done', `${kind} ${amount}`)
    else assert.deepEqual(body, said, `${kind} ${amount}`)
  }
  assert.deepEqual(heardOf(issuer, of), ['authorise', 'capture', 'release', 'capture', 'refund'])
  assert.deepEqual(issuer.of('release').at(-1)?.remains, 900n)
  const other = await vault.follow('capture', of, '701', first)
  assert.deepEqual([other.status, other.body['kind']], [422, 'other-body'])
})

test('another unit, an unknown order and one that was refused are followed by nothing', async () => {
  const refused = newOrder()
  await saying(issuer, { authorise: () => ({ code: '51' }) }, () => vault.authorise(card, { order: refused }))
  assert.deepEqual((await vault.follow('capture', refused, '1')).body, { kind: 'refused', code: 'not-approved' })
  assert.deepEqual((await vault.follow('reverse', refused, '1200')).body, { kind: 'done' })
  assert.deepEqual((await vault.follow('capture', newOrder(), '1')).body, { kind: 'refused', code: 'unknown' })
  const order = newOrder()
  await vault.authorise(card, { order })
  const { body } = await vault.post('/v1/capture', { order: newOrder(), of: order, unit: 'EUR', amount: '1' })
  assert.deepEqual(body, { kind: 'refused', code: 'other-unit' })
})

test('a capture that is not answered is repeated as the same message, and a refund waits behind it', async () => {
  const of = newOrder()
  const order = newOrder()
  await vault.authorise(card, { order: of })
  const isBack = { now: false }
  const replies: FakeIssuer['replies'] = {
    capture: () => (isBack.now ? { code: '00' } : (socket) => void socket.destroy()),
  }
  await saying(issuer, replies, async () => {
    assert.deepEqual((await vault.follow('capture', of, '1200', order)).body, { kind: 'pending' })
    const refund = newOrder()
    assert.deepEqual((await vault.follow('refund', of, '200', refund)).body, { kind: 'pending' })
    await vault.isUp()
    assert.deepEqual((await vault.follow('refund', of, '200', refund)).body, { kind: 'pending' })
    isBack.now = true
    await until(async () => (await vault.follow('refund', of, '200', refund)).body['kind'] === 'done')
  })
  const captures = issuer.of('capture').filter((ask) => ask.order === of)
  assert(captures.length > 1)
  for (const [at, ask] of captures.entries()) {
    assert.deepEqual(ask.trace, captures[0]?.trace)
    assert.equal(ask.isRepeat, at > 0)
  }
  assert.deepEqual(heardOf(issuer, of).lastIndexOf('capture'), heardOf(issuer, of).indexOf('refund') - 1)
})

test('a no to what follows is an alarm, and the end of it', async () => {
  const of = newOrder()
  const order = newOrder()
  await vault.authorise(card, { order: of })
  await saying(issuer, { capture: () => ({ code: '13' }) }, async () => {
    assert.deepEqual((await vault.follow('capture', of, '1200', order)).body, { kind: 'refused', code: '13' })
  })
  assert.deepEqual((await vault.follow('capture', of, '1200', order)).body, { kind: 'refused', code: '13' })
  const { body } = await vault.get('/v1/alarms')
  // Border: the vault's own answer.
  const [alarm] = (body as { alarms: { kind: string; order: string }[] }).alarms.filter((each) => each.order === of)
  assert.equal(alarm?.kind, 'refused-follow-up')
})

test('an issuer that refuses to reverse is an alarm, and the end of it', async () => {
  const of = newOrder()
  await vault.authorise(card, { order: of })
  const replies: FakeIssuer['replies'] = { reverse: () => ({ code: '12' }) }
  await saying(issuer, replies, async () => {
    assert.deepEqual((await vault.follow('reverse', of, '1200')).body, { kind: 'refused', code: '12' })
  })
  assert.deepEqual((await vault.follow('reverse', of, '1200')).body, { kind: 'refused', code: '12' })
  assert.deepEqual(heardOf(issuer, of), ['authorise', 'reverse'])
  const { body } = await vault.get('/v1/alarms')
  // Border: the vault's own answer.
  const { alarms } = body as unknown as AlarmsAnswer
  assert.deepEqual(
    alarms.filter(({ order }) => order === of).map(({ kind }) => kind),
    ['refused-reversal'],
  )
  assert.deepEqual((await vault.get(`/v1/alarms?after=${alarms.at(-1)?.n}`)).body, { alarms: [] })
})

test('a day is compared by what was answered on it: in balance, out of it, or not known', async () => {
  const order = newOrder()
  await vault.authorise(card, { order, unit: 'EUR', amount: '500' })
  await vault.post('/v1/capture', { order: newOrder(), of: order, unit: 'EUR', amount: '400' })
  const refund = newOrder()
  await vault.post('/v1/refund', { order: refund, of: order, unit: 'EUR', amount: '150' })
  // Border: the vault's own answers.
  const [stated] = await withClient(
    vault.database,
    async (client) => (await client.query<{ day: string }>('select day from outgoing where id = $1', [refund])).rows,
  )
  const day = stated?.day ?? ''
  const balance = async (): Promise<boolean | null | undefined> =>
    // Border: the vault's own answer.
    ((await vault.post('/v1/reconcile', { day })).body as unknown as ReconcileAnswer).issuers[0]?.inBalance
  await saying(issuer, { compare: () => (socket) => void socket.destroy() }, async () => {
    assert.equal(await balance(), null)
  })
  await vault.isUp()
  assert.equal(await balance(), true)
  await saying(issuer, { compare: (ask) => ({ code: ask.unit === 'EUR' ? '95' : '00' }) }, async () => {
    assert.equal(await balance(), false)
  })
  const asked = issuer.of('compare').findLast(({ unit }) => unit === 'EUR')
  assert.deepEqual(asked?.totals, {
    debits: { count: 1, amount: 400n },
    debitReversals: { count: 0, amount: 0n },
    credits: { count: 1, amount: 150n },
    creditReversals: { count: 0, amount: 0n },
  })
  assert.equal(asked?.trace.day, day.slice(5).replace('-', ''))
  // Border: the vault's own answer.
  const report = (await vault.get(`/v1/report?day=${day}`)).body as unknown as ReportAnswer
  assert.deepEqual(
    report.rows
      .filter(({ unit }) => unit === 'EUR')
      .map(({ kind, amount, state }) => `${kind} ${amount} ${state}`)
      .toSorted(),
    ['authorisation 500 approved', 'capture 400 done', 'refund 150 done'],
  )
  assert.equal(report.issuers[0]?.inBalance, false)
  // Border: the vault's own answer.
  const other = (await vault.get('/v1/report?day=2020-01-01')).body as unknown as ReportAnswer
  assert.deepEqual(other, {
    day: '2020-01-01',
    rows: [],
    issuers: [{ issuer: '0001', ours: [], inBalance: null }],
  })
})
