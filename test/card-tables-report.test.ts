// A business day at the card issuers: the reference issuers and vault beside the hub agree with it; whatever is changed on one side alone is
// named, at the desk and by npm run reconcile.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, test } from 'node:test'
import { dayOf } from '#core/calendar.ts'
import { parseId } from '#core/ids.ts'
import type { CardReportView } from '#protocol/card-tables.ts'
import { orderId } from '#server/bank/bank.ts'
import { dashed } from '#server/days.ts'
import { asked, openBank, type Bank } from './support/bank.ts'
import { askedOf, registered, testCards, type TestCards } from './support/card-programs.ts'
import { until } from './support/hub.ts'
import { withClient } from './support/postgres.ts'
import { assertProblem, speaker, type Reply, type Speaker } from './support/raw-client.ts'
import { billOf } from './support/world.ts'

let there: TestCards
let here: Bank
let desk: Speaker
let today: string
/** the orders of the payment of the day: paid in three instalments, a part given back */
let orders: Readonly<{ collect: string; capture: string; refund: string }>

before(async () => {
  there = await testCards()
  here = await openBank(there.options)
  desk = await speaker(here.hub, 'desk')
  today = dashed(dayOf(await here.hub.store.now(), 'Asia/Tokyo'))
  await here.hub.cardsCatchUp()
  const card = await registered(here.hanako)
  const { payment } = await askedOf(here.hanako, here.register, asked(billOf(3_000n)), {
    card,
    method: 'instalments-3',
  })
  await until(async () => {
    const read = await here.hanako.payment(payment)
    return read.ok && read.view.state === 'settled'
  })
  await until(async () => (await here.register.send('refund', { payment, amount: '500', lines: [] })).ok)
  const id = parseId('pay', payment) ?? assert.fail()
  await until(() =>
    inDatabase(`select 1 from outside_order where via = 'card' and state = 'open'`).then((open) => open.length === 0),
  )
  const kinds = await inDatabase('select kind, number from outside_order order by number')
  const numberOf = (kind: string): number => Number(kinds.find((row) => row.kind === kind)?.number)
  orders = {
    collect: orderId(id, numberOf('collect')),
    capture: orderId(id, numberOf('capture')),
    refund: orderId(id, numberOf('return')),
  }
})
after(async () => {
  desk?.client.close()
  await here?.close()
  await there?.close()
})

const inDatabase = (statement: string): Promise<Record<string, unknown>[]> =>
  withClient(here.hub.settings, async (client) => (await client.query<Record<string, unknown>>(statement)).rows)
const bearer = () => ({ authorization: `Bearer ${desk.session.token}` })
const report = async (day = today): Promise<CardReportView> => {
  const reply = await desk.reads(`/v1/operator/card-report?day=${day}`)
  assert.equal(reply.status, 200, reply.text)
  // Border: attacks/access.test.ts checks every answer against its schema.
  return reply.body as CardReportView
}
const ask = async (day = today): Promise<Reply> => {
  const response = await fetch(`${here.hub.url}/v1/operator/card-report-ask`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...bearer() },
    body: JSON.stringify({ day }),
  })
  const text = await response.text()
  // Border: every answer of the hub is an object.
  const body = JSON.parse(text) as Record<string, unknown>
  return { status: response.status, headers: Object.fromEntries(response.headers), text, body }
}

test('before anybody has asked, nothing is compared', async () => {
  const { askedAt, differences, issuers } = await report()
  assert.deepEqual({ askedAt, differences, issuers }, { askedAt: null, differences: [], issuers: [] })
  assert.equal(assertProblem(await desk.reads('/v1/operator/card-report?day=2026-02-30'), 'no such day'), 'day-invalid')
})

test('a day that was paid and given back is even: orders, ledger, vault and issuers say the same', async () => {
  const reply = await ask()
  assert.equal(reply.status, 200, reply.text)
  const { clearing, differences, issuers, open, stuck } = await report()
  assert.deepEqual(
    { clearing, differences, open, stuck },
    {
      clearing: { ledger: '2500', orders: '2500', vault: '2500' },
      differences: [],
      open: 0,
      stuck: [],
    },
  )
  assert.deepEqual(
    issuers.toSorted((left, right) => (left.issuer < right.issuer ? -1 : 1)),
    [
      { issuer: '0001', inBalance: true },
      { issuer: '0002', inBalance: true },
    ],
  )
})

test('what one side alone says is named, order by order', async () => {
  const told = (changes: string): Promise<unknown> => inDatabase(`update card_notice set ${changes}`)
  await told(`amount = 2999 where kind = 'capture'`)
  await told(`state = 'refused' where kind = 'refund'`)
  await inDatabase(`update outside_order set state = 'no' where kind = 'collect'`)
  assert.deepEqual(
    (await report()).differences.toSorted((left, right) => (left.order < right.order ? -1 : 1)),
    [
      { kind: 'missing-here', order: orders.collect, what: 'collect', expected: '0', there: '3000' },
      { kind: 'other-amount', order: orders.capture, what: 'capture', expected: '3000', there: '2999' },
      { kind: 'missing-at-issuer', order: orders.refund, what: 'return', expected: '500', there: '0' },
    ].toSorted((left, right) => (left.order < right.order ? -1 : 1)),
  )
  await inDatabase(`update card_reconciled set issuers = '[{"issuer": "0001", "inBalance": false}]'`)
  assert.deepEqual((await report()).issuers, [{ issuer: '0001', inBalance: false }])

  const { code, text } = await reconcile()
  assert.equal(code, 1)
  for (const line of [
    `missing-here: collect ${orders.collect} expected 0, there 3000`,
    `other-amount: capture ${orders.capture} expected 3000, there 2999`,
    `missing-at-issuer: return ${orders.refund} expected 500, there 0`,
    'issuer 0001 OUT OF BALANCE',
    'A person must look.',
  ])
    assert.ok(text.includes(line), text)

  // What is under way is no difference yet.
  await inDatabase(`update outside_order set state = 'open' where kind = 'return'`)
  assert.deepEqual((await report()).differences, [])
  await inDatabase(`update outside_order set state = 'done' where kind = 'return'`)
  await inDatabase(`update outside_order set state = 'yes' where kind = 'collect'`)
})

test('asked again, the newer word counts, and the command line says that all is even', async () => {
  assert.equal((await ask()).status, 200)
  assert.deepEqual((await report()).differences, [])
  const { code, text } = await reconcile()
  assert.equal(code, 0, text)
  assert.match(text, /cards: clearing accounts 2500, orders 2500, vault 2500/u)
  assert.match(text, /No differences\./u)
})

test('with the vault away the day stays as it was told last', async () => {
  await there.vaultDies()
  assert.equal(assertProblem(await ask(), 'away'), 'cards-unavailable')
  assert.notEqual((await report()).askedAt, null)
  const tables = await desk.reads('/v1/operator/card-tables')
  assert.deepEqual((tables.body as { vault: { state: string } }).vault.state, 'away')
  await there.vaultRises()
})

/** npm run reconcile, of today. */
function reconcile(): Promise<{ code: number; text: string }> {
  const { user, host = '', port, database } = here.hub.settings
  const url = `postgresql://${user}@localhost:${port}/${database}?host=${encodeURIComponent(host)}`
  return new Promise((resolve) => {
    const program = new URL('../server/reconcile.ts', import.meta.url).pathname
    const env = { ...process.env, DATABASE_URL: url }
    execFile(process.execPath, [program, '--day', today], { env }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, text: stdout + stderr }),
    )
  })
}
