// A card's user id at a register: whom it names, who may answer, and that nothing is paid by it; and the card machine beside a register.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, beforeEach, describe, test } from 'node:test'
import { userIdText } from '#core/customer-code.ts'
import { parseId } from '#core/ids.ts'
import { BUDGETS } from '#protocol/limits.ts'
import { parsePushed } from '#protocol/pushed.ts'
import type { AnswerView, DealView, PaymentView } from '#protocol/views.ts'
import { approve } from '#sdk/approval.ts'
import { callTo } from '#sdk/calls.ts'
import { callCardUsers } from '#sdk/card-user-calls.ts'
import type { Client } from '#sdk/client.ts'
import { callIdentity } from '#sdk/identity-calls.ts'
import type { Outcome, SendOutcome } from '#sdk/outcome.ts'
import { presence } from '#sdk/presence.ts'
import type { Authorise, FoundOrder } from '#vault/wire.ts'
import { asked, codeOf, moneyOf, newDeal, openBank, PIN, type Bank } from './support/bank.ts'
import { cardFor, settleIssuers } from './support/card-users.ts'
import { fakeVault, type FakeVault } from './support/fake-vault.ts'
import { until } from './support/hub.ts'
import { withClient } from './support/postgres.ts'
import { openPushReceiver, type PushReceiver } from './support/push-receiver.ts'
import { billOf } from './support/world.ts'

let vault: FakeVault
let receiver: PushReceiver
let bank: Bank

before(async () => {
  vault = await fakeVault()
  receiver = await openPushReceiver()
  bank = await openBank({ pushTo: receiver.pushTo, vault: vault.settings })
  await settleIssuers(bank.hub)
})
after(async () => {
  await bank.close()
  await receiver.close()
  await vault.die()
})

// Each test reads wrong ids of its own, all of them from one address.
beforeEach(() => inTables(`delete from budget where key like 'codes:%' or key like 'prompts:%'`))

const BILL = asked(billOf(640n))

const inTables = (text: string, values: unknown[] = []): Promise<{ rows: Record<string, unknown>[] }> =>
  withClient(bank.hub.settings, (client) => client.query(text, values))

const reads = (register: Client, code: string, bill: typeof BILL | null = BILL): Promise<SendOutcome> =>
  register.send('bill-code', { deal: newDeal(), code, bill })

async function userIdOf(phone: Client, card: string): Promise<string> {
  const made = await callCardUsers(phone, 'cardUser', { body: { card } })
  assert.ok(made.ok, JSON.stringify(made))
  return made.view.user
}

/** A card of this phone's owner, read at the bakery's register. */
async function readAt(register: Client, phone: Client): Promise<{ deal: DealView; payment: string; card: string }> {
  const card = await cardFor(bank.hub, phone)
  const sent = await reads(register, await userIdOf(phone, card))
  assert.ok(sent.ok && sent.view.deal?.payment, JSON.stringify(sent))
  return { deal: sent.view.deal, payment: sent.view.deal.payment, card }
}

async function dealNow({ deal }: DealView): Promise<DealView> {
  const found = await bank.register.deal(deal)
  assert.ok(found.ok)
  return found.view
}

async function paymentNow(phone: Client, payment: string): Promise<PaymentView> {
  const found = await phone.payment(payment)
  assert.ok(found.ok, JSON.stringify(found))
  return found.view
}

async function unlocked(phone: Client): Promise<void> {
  const proof = await presence(phone, 'unlock', '', PIN)
  assert.ok(proof.ok)
  assert.ok((await callIdentity(phone, 'unlock', { body: { presence: proof.view } })).ok)
}

let people = 0
const somebody = (): Promise<Client> => bank.stranger(`Person ${++people}`)

test('the phone answers by itself, its owner agrees, the issuer is asked, and nothing of it leaves the account', async () => {
  const { register, hanako } = bank
  await unlocked(hanako)
  const before = await moneyOf(hanako)
  const { deal, payment, card } = await readAt(register, hanako)
  assert.deepEqual([deal.state, deal.way, deal.payer?.name, deal.phone], ['joined', 'card-id', 'Hanako', 'asked'])
  assert.equal(deal.expiresAt, deal.joinedAt === null ? null : deal.joinedAt + 120_000)
  const seen = await paymentNow(hanako, payment)
  assert.deepEqual([seen.attested, seen.means.kind, seen.bill?.total], [false, 'card', '640'])
  assert.ok(seen.means.kind === 'card' && seen.means.id === card && !seen.means.oneTime)
  assert.equal(vault.asked('authorise'), 0)

  assert.equal(codeOf(await hanako.send('attest', { payment })), 'done')
  assert.equal((await dealNow(deal)).phone, 'answered')
  assert.equal(vault.asked('authorise'), 0, 'an answer is no consent')
  const sent = await approve(hanako, await paymentNow(hanako, payment))
  assert.ok(sent.ok, JSON.stringify(sent))
  const paid = await until(async () => {
    const view = await paymentNow(hanako, payment)
    return view.state === 'settled' && view
  })
  assert.ok(paid.means.kind === 'card' && paid.means.reference === '123456/000000123456')
  assert.equal((await dealNow(deal)).state, 'settled')
  assert.equal(await moneyOf(hanako), before)
})

test('a locked phone answers nothing; its owner’s PIN at the approval answers and agrees', async () => {
  const { register } = bank
  const customer = await somebody()
  await inTables(`update device set proved_at = 0 where id = $1`, [await uuidOf(customer)])
  const { deal, payment } = await readAt(register, customer)
  assert.equal(codeOf(await customer.send('attest', { payment })), 'proof-needed')
  // What the phone says of itself makes nothing better.
  assert.equal(codeOf(await customer.send('attest', { payment, provedAt: customer.hubNow() | 0 })), 'proof-needed')
  assert.equal((await dealNow(deal)).phone, 'asked')
  const view = await paymentNow(customer, payment)
  assert.equal(codeOf(await approve(customer, view)), 'proof-needed')
  assert.ok((await approve(customer, view, PIN)).ok)
  await until(async () => (await dealNow(deal)).state === 'settled')
  assert.equal((await dealNow(deal)).phone, 'answered')
})

test('a phone that was unlocked long ago by its own memory does not answer', async () => {
  const { register, hanako } = bank
  await unlocked(hanako)
  const { payment } = await readAt(register, hanako)
  assert.equal(codeOf(await hanako.send('attest', { payment, provedAt: 1 })), 'proof-needed')
  assert.equal(codeOf(await hanako.send('decline', { payment })), 'done')
})

test('the right id from the wrong phone goes nowhere, and both sides are told', async () => {
  const { register, hanako, tablet, kenji } = bank
  await unlocked(hanako)
  await unlocked(tablet)
  const before = vault.asked('authorise')
  const { deal, payment } = await readAt(register, hanako)
  const view = await paymentNow(tablet, payment)
  assert.notEqual(view.device, (await tablet.identity())?.self.id)
  assert.equal(codeOf(await tablet.send('attest', { payment })), 'other-device')
  assert.equal((await dealNow(deal)).phone, 'other-device')
  assert.equal(codeOf(await approve(tablet, view, PIN)), 'other-device')
  // Whose payment it is not at all does not even learn that it is there.
  assert.equal(codeOf(await kenji.send('attest', { payment })), 'not-found')
  const stands = await dealNow(deal)
  assert.deepEqual([stands.state, stands.phone, vault.asked('authorise')], ['joined', 'other-device', before])
  assert.equal(codeOf(await hanako.send('attest', { payment })), 'done')
  assert.equal((await dealNow(deal)).phone, 'answered')
  assert.equal(codeOf(await hanako.send('decline', { payment })), 'done')
})

describe('a user id', () => {
  test('names its card again and again, until there is a new one', async () => {
    const { register } = bank
    const customer = await somebody()
    const card = await cardFor(bank.hub, customer)
    const first = await userIdOf(customer, card)
    for (let times = 0; times < 2; times++) {
      const sent = await reads(register, first)
      assert.ok(sent.ok && sent.view.deal, JSON.stringify(sent))
      const { deal, payment } = sent.view.deal
      assert.equal(codeOf(await register.send('cancel-deal', { deal, payment })), 'done')
    }
    const body = { command: `cmd_${randomBytes(16).toString('hex')}`, deal: newDeal(), code: first, bill: BILL }
    const sentAs = (): Promise<Outcome<AnswerView>> =>
      register.request(callTo({ method: 'POST', path: '/v1/commands/bill-code', access: 'signed' }, { body }))
    const before = await sentAs()
    const second = await userIdOf(customer, card)
    assert.equal(codeOf(await reads(register, first)), 'code-not-found')
    assert.equal(codeOf(await reads(register, second)), 'done')
    // The register has not heard the answer, and asks again.
    const again = await sentAs()
    assert.ok(before.ok && again.ok && again.view.deal?.payment === before.view.deal?.payment, JSON.stringify(again))
    const { rows } = await inTables('select * from card_user')
    const kept = JSON.stringify(rows)
    for (const text of [first, second])
      assert.ok(!kept.includes(Buffer.from(text.slice(6), 'base64url').toString('hex')))
  })

  test('of nobody, of a lost phone and of a card that was taken away all sound the same', async () => {
    const { register } = bank
    const [lost, removed] = [await somebody(), await somebody()]
    const [ofLost, ofRemoved] = [await cardFor(bank.hub, lost), await cardFor(bank.hub, removed)]
    const ids = [userIdText(randomBytes(16)), await userIdOf(lost, ofLost), await userIdOf(removed, ofRemoved)]
    const device = parseId('dev', (await lost.identity())?.self.id)
    assert.ok(device)
    await bank.hub.directory.revoke(device)
    await inTables(`update card set status = 'ended' where id = $1`, [ofRemoved.slice(4)])
    const heard = []
    for (const code of ids) heard.push(codeOf(await reads(register, code)))
    assert.deepEqual(heard, ['code-not-found', 'code-not-found', 'code-not-found'])
  })

  test('of a card that has run out, or that the shop does not take, is said to the register, and nobody is asked', async () => {
    const { register, hanako } = bank
    const before = await hanako.inbox()
    for (const [over, code] of [
      [{ expires: '2020-01' }, 'card-expired'],
      [{ issuer: '0002' }, 'card-not-accepted'],
    ] as const) {
      const sent = await reads(register, await userIdOf(hanako, await cardFor(bank.hub, hanako, over)))
      assert.equal(codeOf(sent), code)
    }
    const now = await hanako.inbox()
    assert.ok(before.ok && now.ok)
    assert.equal(now.view.payments.length, before.view.payments.length)
  })

  test('wants a bill, and is made for one’s own cards alone', async () => {
    const { register, hanako, kenji } = bank
    const card = await cardFor(bank.hub, hanako)
    assert.equal(codeOf(await reads(register, await userIdOf(hanako, card), null)), 'field-invalid')
    const stolen = await callCardUsers(kenji, 'cardUser', { body: { card } })
    assert.ok(!stolen.ok && stolen.problem.code === 'means-not-found')
  })

  test('that is wrong is counted, and new ones are capped', async () => {
    const customer = await somebody()
    const card = await cardFor(bank.hub, customer)
    const made = []
    for (let count = 0; count <= BUDGETS['card-users'].burst; count++)
      made.push((await callCardUsers(customer, 'cardUser', { body: { card } })).ok)
    assert.deepEqual(made, [...Array<boolean>(BUDGETS['card-users'].burst).fill(true), false])
    const heard = new Set<string>()
    for (let count = 0; count <= BUDGETS.codes.burst; count++)
      heard.add(codeOf(await reads(bank.office, userIdText(randomBytes(16)))))
    assert.deepEqual([...heard], ['code-not-found', 'too-many-tries'])
  })
})

test('a closed wallet is woken for its card, by a word that the scheme has signed', async () => {
  const { register } = bank
  const customer = await somebody()
  const mailbox = receiver.subscribe()
  const body = { subscription: mailbox.subscription, detail: false }
  assert.ok((await customer.request(callTo({ method: 'POST', path: '/v1/push', access: 'signed' }, { body }))).ok)
  const { payment } = await readAt(register, customer)
  const message = parsePushed((await mailbox.next()).text)?.message
  assert.deepEqual(
    [message?.kind, message?.payment, message?.device],
    ['card', payment, (await customer.identity())?.self.id],
  )
})

describe('the card machine beside a register', () => {
  const MACHINE = { address: 'http://127.0.0.1:8583', token: 'a-token-of-a-machine' }
  // Of no range at all: what the vault makes looks otherwise.
  const ONE_TIME = '000000000000'

  test('is set by the office, told to that register alone, and its token is not readable in the tables', async () => {
    const { register, office, hanako } = bank
    const terminal = (await register.identity())?.self.id ?? ''
    const set = await callCardUsers(office, 'setCardMachine', { body: { terminal, machine: MACHINE } })
    assert.ok(set.ok, JSON.stringify(set))
    assert.deepEqual(
      set.view.machines.map(({ terminal: at, address }) => [at, address]),
      [[terminal, MACHINE.address]],
    )
    const told = await callCardUsers(register, 'cardMachine', {})
    assert.ok(told.ok)
    assert.deepEqual(told.view.machine, MACHINE)
    const elsewhere = await callCardUsers(office, 'cardMachine', {})
    assert.ok(elsewhere.ok && elsewhere.view.machine === null)
    const { rows } = await inTables(`select encode(token, 'escape') as token from card_machine`)
    assert.ok(!JSON.stringify(rows).includes(MACHINE.token))
    const stranger = await bank.shop('Night Market')
    const taken = await callCardUsers(stranger, 'setCardMachine', { body: { terminal, machine: MACHINE } })
    assert.ok(!taken.ok && taken.problem.code === 'not-found')
    const cleared = await callCardUsers(stranger, 'setCardMachine', { body: { terminal, machine: null } })
    assert.ok(cleared.ok && cleared.view.machines.length === 0)
    for (const address of [
      'http://machine.example:8583',
      'https://127.0.0.1:8583',
      'http://127.0.0.1:8583/x',
      'http://127.0.0.1',
    ]) {
      const sent = await callCardUsers(office, 'setCardMachine', {
        body: { terminal, machine: { ...MACHINE, address } },
      })
      assert.ok(!sent.ok && sent.problem.code === 'field-invalid', address)
    }
    const phone = await callCardUsers(hanako, 'cardMachine', {})
    assert.ok(!phone.ok && phone.problem.code === 'not-allowed')
    assert.ok((await callCardUsers(register, 'cardMachine', {})).ok)
  })

  test('gets a one-time number for its own deal, and both screens settle by what the hub sees', async () => {
    const { register, office, hanako } = bank
    const pending: FoundOrder = {
      kind: 'pending',
      oneTime: { number: ONE_TIME, expires: Date.now() + 120_000, card: { expires: '2031-12' } },
    }
    vault.set({ authorise: () => ({ body: pending }), order: () => ({ body: pending }) })
    await unlocked(hanako)
    const { deal, payment } = await readAt(register, hanako)
    const view = await paymentNow(hanako, payment)
    assert.ok(view.means.kind === 'card' && view.means.oneTime)
    const numberAt = (client: Client): Promise<Outcome<Record<string, unknown>>> =>
      client.request(
        callTo(
          { method: 'GET', path: '/v1/deals/{deal}/card-number', access: 'token' },
          { params: { deal: deal.deal } },
        ),
      )
    const early = await numberAt(register)
    assert.ok(!early.ok && early.problem.code === 'card-number-none')
    assert.equal(codeOf(await hanako.send('attest', { payment })), 'done')
    assert.ok((await approve(hanako, view)).ok)
    assert.equal((await dealNow(deal)).state, 'authorising')
    const number = await until(async () => {
      const found = await numberAt(register)
      return found.ok && found.view
    })
    const told = await until(() => vault.heard.map(({ body }) => body as Authorise).find(({ oneTime }) => oneTime))
    assert.deepEqual(
      [number.number, number.amount, number.unit, number.merchant, number.terminal, number.expires],
      [ONE_TIME, '640', 'JPY', '000000000000042', told.terminal, '2031-12'],
    )
    const elsewhere = await numberAt(office)
    assert.ok(!elsewhere.ok && elsewhere.problem.code === 'not-found')
    const captures = vault.asked('capture')
    const approved = { kind: 'approved', unit: 'JPY', amount: '640', approval: '654321', rrn: '000000654321' }
    vault.set({ authorise: () => ({ body: approved }), order: () => ({ body: approved }) })
    await until(async () => (await dealNow(deal)).state === 'settled')
    const paid = await paymentNow(hanako, payment)
    assert.ok(paid.means.kind === 'card' && paid.means.reference === '654321/000000654321')
    assert.equal(vault.asked('capture'), captures, 'the machine’s own sale was final')
    const over = await numberAt(register)
    assert.ok(!over.ok && over.problem.code === 'card-number-none')
    vault.set({})
  })

  test('is taken away again, and the hub charges cards there', async () => {
    const { register, office, hanako } = bank
    const terminal = (await register.identity())?.self.id ?? ''
    const cleared = await callCardUsers(office, 'setCardMachine', { body: { terminal, machine: null } })
    assert.ok(cleared.ok && cleared.view.machines.length === 0)
    const { payment } = await readAt(register, hanako)
    const { means } = await paymentNow(hanako, payment)
    assert.ok(means.kind === 'card' && !means.oneTime)
    assert.equal(codeOf(await hanako.send('decline', { payment })), 'done')
  })
})

async function uuidOf(client: Client): Promise<string> {
  const id = (await client.identity())?.self.id
  assert.ok(id)
  return id.slice(4)
}
