// The history of what was paid by card: only what an issuer has said yes to, only one's own, page by page, with what came back since; and the
// file that the wallet makes of it.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { paidByCardCsv } from '#apps/wallet/card-history.ts'
import { parseId } from '#core/ids.ts'
import { callTo } from '#sdk/calls.ts'
import { CARD_CALLS, callCards } from '#sdk/card-calls.ts'
import { postgresPaidByCard } from '#server/postgres/card-payments.ts'
import { asked, openBank, type Bank } from './support/bank.ts'
import { newCommand } from './support/bank-program.ts'
import { askedOf, sent } from './support/card-programs.ts'
import { ENVELOPE } from './support/card-requests.ts'
import { fakeVault, type FakeVault } from './support/fake-vault.ts'
import { until } from './support/hub.ts'
import { billOf } from './support/world.ts'

let vault: FakeVault
let here: Bank
before(async () => {
  vault = await fakeVault()
  const demoIssuers = ['0001', '0002'].map((code) => ({ code, host: '127.0.0.1', port: 9 }))
  here = await openBank({ vault: { ...vault.settings, againMs: 20 }, demoIssuers })
})
after(async () => {
  await here.close()
  await vault.die()
})

const listOf = async (client: Bank['hanako'], query?: { before: string }) => {
  const list = await callCards(client, 'cardPayments', query === undefined ? {} : { query })
  assert.ok(list.ok, JSON.stringify(list))
  return list.view
}

test('what was paid by card is listed newest first with what came back; what was refused and what others paid is not', async () => {
  const { hanako, kenji, register } = here
  assert.deepEqual(await listOf(hanako), { payments: [], next: null })
  const added = await sent(hanako, { command: newCommand(), envelope: ENVELOPE, name: null })
  assert.ok(added.ok)
  const card = added.view.cards[0]?.id ?? assert.fail()
  const pay = async (amount: bigint, state: string): Promise<string> => {
    const { payment } = await askedOf(hanako, register, asked(billOf(amount)), { card, method: 'instalments-3' })
    await until(async () => {
      const read = await hanako.payment(payment)
      return read.ok && read.view.state === state
    })
    return payment
  }
  const first = await pay(3_000n, 'settled')
  const second = await pay(4_000n, 'settled')
  vault.set({ authorise: () => ({ body: { kind: 'refused', code: '51', reason: 'over-card-limit' } }) })
  await pay(5_000n, 'joined')
  vault.set({})
  await until(async () => (await register.send('refund', { payment: second, amount: '500', lines: [] })).ok)
  const list = await until(async () => {
    const now = await listOf(hanako)
    return now.payments[0]?.back === '500' && now
  })
  const rows = list.payments.map(({ payment, amount, back, method, unit, biller }) => [
    payment,
    amount,
    back,
    method,
    unit,
    biller,
  ])
  assert.deepEqual(rows, [
    [second, '4000', '500', 'instalments-3', 'JPY', 'Marubeni Bakery'],
    [first, '3000', '0', 'instalments-3', 'JPY', 'Marubeni Bakery'],
  ])
  const [newest] = list.payments
  assert.equal(newest?.card, card)
  assert.match(newest.reference ?? '', /^\w{6}\/\d{12}$/u)
  assert.deepEqual(await listOf(here.tablet), list, 'another phone of hers sees the same')
  assert.deepEqual(await listOf(kenji), { payments: [], next: null })

  // Pages of one, and the place where a page ends as the route takes it.
  const self = await hanako.self()
  const party = parseId('pty', self.ok && self.view.kind === 'device' ? self.view.party : '') ?? assert.fail()
  const paid = postgresPaidByCard(here.hub.database)
  const [top] = await paid.of(party, null, 1)
  assert.equal(top?.payment, second)
  assert.deepEqual(
    (await paid.of(party, top, 5)).map(({ payment }) => payment),
    [first],
  )
  const rest = await listOf(hanako, { before: `${top.at}-${second.slice(4)}` })
  assert.deepEqual(
    rest.payments.map(({ payment }) => payment),
    [first],
  )

  const file = await paidByCardCsv(hanako)
  assert.ok(file.ok)
  const lines = file.view.trim().split('\r\n')
  assert.equal(lines.length, 3)
  assert.match(
    lines[1] ?? '',
    new RegExp(
      `^\\d{4}-\\d\\d-\\d\\d,\\d\\d:\\d\\d:\\d\\d,Marubeni Bakery,.+,instalments-3,4000,500,JPY,'\\w{6},'\\d{12},${second}$`,
      'u',
    ),
  )
})

test('a place that is none is said to be none, and a till has no such list', async () => {
  for (const bad of [
    '',
    '1',
    `x-${'0'.repeat(32)}`,
    `1-${'0'.repeat(31)}`,
    `1-${'0'.repeat(32)}x`,
    `1-${'G'.repeat(32)}`,
  ]) {
    const answer = await here.hanako.request(callTo(CARD_CALLS.cardPayments, { query: { before: bad } }))
    assert.ok(!answer.ok && answer.problem.status === 422, bad)
  }
  assert.deepEqual((await listOf(here.hanako, { before: `0-${'0'.repeat(32)}` })).payments, [])
  const till = await callCards(here.register, 'cardPayments', {})
  assert.ok(!till.ok)
})
