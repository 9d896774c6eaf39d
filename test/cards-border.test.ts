// Cards at the border of commands: what is looked up before anything is decided, what that consumes, and what a repeat hears.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { billToWire } from '#protocol/bill.ts'
import type { AnswerView } from '#protocol/views.ts'
import { callCards } from '#sdk/card-calls.ts'
import { asked, dealOf, joinByLink } from './support/bank.ts'
import { sent } from './support/card-programs.ts'
import { ENVELOPE } from './support/card-requests.ts'
import { fakeVault, type FakeVault } from './support/fake-vault.ts'
import { startTestHub, type TestHub } from './support/hub.ts'
import {
  assertProblem,
  fingerprint,
  newCommand,
  newDeal,
  speaker,
  type Reply,
  type Speaker,
} from './support/raw-client.ts'
import { billOf } from './support/world.ts'

let vault: FakeVault
let hub: TestHub
let register: Speaker
let hanako: Speaker
let kenji: Speaker

before(async () => {
  vault = await fakeVault()
  const demoIssuers = ['0001', '0002'].map((code) => ({ code, host: '127.0.0.1', port: 9 }))
  hub = await startTestHub({ vault: { ...vault.settings, againMs: 20 }, demoIssuers, dueEveryMs: 3_600_000 })
  register = await speaker(hub, 'register')
  hanako = await speaker(hub, 'hanako')
  kenji = await speaker(hub, 'kenji')
})
after(async () => {
  for (const { client } of [register, hanako, kenji]) client.close()
  await hub.stop()
  await vault.die()
})

async function card(): Promise<string> {
  const added = await sent(hanako.client, { command: newCommand(), envelope: ENVELOPE, name: null })
  assert.ok(added.ok, JSON.stringify(added))
  return added.view.cards.at(-1)?.id ?? assert.fail()
}
const joined = async (): Promise<string> =>
  (await joinByLink(hanako.client, await dealOf(register.client, asked(billOf(6_000n))))).payment
const choose = (by: Speaker, payment: string, means: object, command = newCommand()): Promise<Reply> =>
  by.command('choose-means', { payment, means }, command)
// Border: the route's schema is checked by other tests.
const meansIn = ({ body }: Reply) => (body as AnswerView).payment?.means

test('a card is chosen with its method, and what was decided is heard again when the card is gone', async () => {
  const [payment, id] = [await joined(), await card()]
  const means = { kind: 'card', id, method: 'instalments-3' }
  const command = newCommand()
  const first = await choose(hanako, payment, means, command)
  assert.equal(first.status, 200, first.text)
  const label = meansIn(first)
  assert.ok(label?.kind === 'card' && label.label.endsWith('···4242'))
  assert.deepEqual(label, {
    kind: 'card',
    id,
    label: label.label,
    method: 'instalments-3',
    oneTime: false,
    refused: null,
    reference: null,
  })
  assert.ok((await callCards(hanako.client, 'removeCard', { body: { card: id } })).ok)
  const again = await choose(hanako, payment, means, command)
  assert.deepEqual([again.status, meansIn(again)], [200, label])
  assert.equal(assertProblem(await choose(hanako, payment, means), 'a new choice'), 'means-not-found')
  const other = await choose(hanako, payment, { ...means, method: 'lump' }, command)
  assert.equal(assertProblem(other, 'the same id for another method'), 'command-mismatch')
})

test('what cannot be chosen changes nothing, and leaves its command to be used', async () => {
  const [payment, id] = [await joined(), await card()]
  const command = newCommand()
  const before = await fingerprint(hub.settings)
  const unpaid = await hub.store.readPayment(payment as Parameters<typeof hub.store.readPayment>[0])
  const rows: [string, Speaker, string, object, string][] = [
    [
      'a method that this shop does not take',
      hanako,
      payment,
      { kind: 'card', id, method: 'instalments-60' },
      'method-not-accepted',
    ],
    ['no method at all', hanako, payment, { kind: 'card', id, method: 'instalments-1' }, 'unknown-field'],
    ['without a method', hanako, payment, { kind: 'card', id }, 'unknown-field'],
    ['another person’s card', kenji, payment, { kind: 'card', id, method: 'lump' }, 'means-not-found'],
    ['a card as a bank account', hanako, payment, { kind: 'bank', id }, 'means-not-found'],
    [
      'a payment that is not there',
      hanako,
      `pay_${id.slice(4, 8)}${'7'.repeat(28)}`,
      { kind: 'card', id, method: 'lump' },
      'not-found',
    ],
  ]
  for (const [name, by, at, means, code] of rows)
    assert.equal(assertProblem(await choose(by, at, means, command), name), code, name)
  assert.deepEqual(await hub.store.readPayment(unpaid?.id ?? assert.fail()), unpaid)
  assert.deepEqual(await fingerprint(hub.settings), before)
  assert.equal((await choose(hanako, payment, { kind: 'card', id, method: 'lump' }, command)).status, 200)
})

test('a user id wants the bill that it is shown for, and one that nobody has sounds like any wrong code', async () => {
  const code = `WRF3.${'A'.repeat(22)}`
  const read = (bill: object | null) => register.command('bill-code', { deal: newDeal(), code, bill })
  assert.equal(assertProblem(await read(null), 'no bill'), 'field-invalid')
  assert.equal(assertProblem(await read(billToWire(billOf(500n))), 'an unknown id'), 'code-not-found')
})

test('attest is for the payment of a card that was shown, and takes times alone', async () => {
  const payment = await joined()
  const attest = (more: object = {}) => hanako.command('attest', { payment, ...more })
  assert.equal(assertProblem(await attest(), 'a typed number'), 'state-conflict')
  for (const provedAt of [-1, 1.5, '1', null, 2 ** 60])
    assert.equal(assertProblem(await attest({ provedAt }), String(provedAt)), 'field-invalid')
})
