// The counter payment as a story through HTTP, with real keys, MACs, PIN proofs and watchers on a real database.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { randomBytes } from 'node:crypto'
import { billToWire } from '#protocol/bill.ts'
import type { DealView, InboxView } from '#protocol/views.ts'
import { approve } from '#sdk/approval.ts'
import type { Client } from '#sdk/client.ts'
import { withPin } from '#sdk/scram.ts'
import { enrolled, startTestHub, until, type TestHub } from './support/hub.ts'
import { billOf } from './support/world.ts'

let hub: TestHub
let register: Client
let hanako: Client

before(async () => {
  hub = await startTestHub()
  register = await enrolled(hub, 'register')
  hanako = await enrolled(hub, 'hanako')
})
after(async () => {
  register.close()
  hanako.close()
  await hub.stop()
})

const newDeal = (): string => `deal_${randomBytes(16).toString('hex')}`

test('a bill of ¥1,280 is joined by its number, approved with the PIN, and both sides see it', async () => {
  const seenByRegister: (DealView | null)[] = []
  const seenByPhone: InboxView[] = []
  const stopRegister = register.watch({ topic: 'terminal' }, (view) => void seenByRegister.push(view))
  const stopPhone = hanako.watch({ topic: 'inbox' }, (view) => void seenByPhone.push(view))

  const opened = await register.send('open-offer', { deal: newDeal(), bill: billToWire(billOf(1_280n)) })
  assert.ok(opened.ok && opened.view.deal?.ticket?.number)
  const { number, link } = opened.view.deal.ticket
  assert.match(link, /^http:\/\/localhost:\d+\/j\/tok_[0-9a-f]{32}$/)

  const joined = await hanako.send('join', { credential: { kind: 'number', number } })
  assert.ok(joined.ok && joined.view.payment)
  assert.equal(joined.view.payment.biller.name, 'Marubeni Bakery')
  const waiting = await until(() => seenByRegister.find((view) => view?.state === 'joined'))
  assert.equal(waiting.payer?.name, 'Hanako')
  assert.equal(waiting.tally, joined.view.payment.tally)

  const without = await approve(hanako, joined.view.payment)
  assert.ok(!without.ok && without.problem.code === 'proof-needed')
  const wrong = await approve(hanako, joined.view.payment, withPin('0000'))
  assert.ok(!wrong.ok && wrong.problem.code === 'proof-wrong')
  const paid = await approve(hanako, joined.view.payment, withPin('2468'))
  assert.ok(paid.ok && paid.view.payment?.state === 'settled')
  await until(() => seenByRegister.find((view) => view?.state === 'settled'))
  await until(() => seenByPhone.find(({ balances }) => balances[0]?.balance === '48720'))

  const history = await hanako.history()
  assert.ok(history.ok)
  assert.deepEqual(history.view.entries.map(({ amount, balance, otherName }) => [amount, balance, otherName])[0], [
    '-1280',
    '48720',
    'Marubeni Bakery',
  ])
  await until(async () => {
    const balances = await register.balances()
    return balances.ok && balances.view.balances[0]?.balance === '1280'
  })
  stopRegister()
  stopPhone()
})
