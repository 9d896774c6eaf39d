// A customer shows a code and a register reads it: who is found by it, how often, and what a thief gets of a photograph.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, beforeEach, test } from 'node:test'
import { offlineBytes, offlineText, slotAt } from '#core/customer-code.ts'
import { parseId } from '#core/ids.ts'
import { dammDigit } from '#core/numbers.ts'
import type { CustomerCodeView } from '#protocol/codes.ts'
import { BUDGETS } from '#protocol/limits.ts'
import { parsePushed } from '#protocol/pushed.ts'
import { approve } from '#sdk/approval.ts'
import { callTo } from '#sdk/calls.ts'
import type { Client } from '#sdk/client.ts'
import { fetchCode, makeOfflineCode } from '#sdk/customer-code.ts'
import type { Outcome, SendOutcome } from '#sdk/outcome.ts'
import { memoryStorage } from '#sdk/storage.ts'
import type { AnswerView } from '#protocol/views.ts'
import { asked, codeOf, moneyOf, newDeal, openBank, PIN, type Bank } from './support/bank.ts'
import { enrolled, startTestHub, until, type TestHub } from './support/hub.ts'
import { withClient } from './support/postgres.ts'
import { openPushReceiver, type PushReceiver } from './support/push-receiver.ts'
import { billOf } from './support/world.ts'

let bank: Bank
let further: TestHub
/** the bakery's third till, at the other hub */
let atFurther: Client
let receiver: PushReceiver

before(async () => {
  receiver = await openPushReceiver()
  bank = await openBank({ pushTo: receiver.pushTo })
  further = await startTestHub({ settings: bank.hub.settings })
  atFurther = await enrolled(further, 'register')
})
after(async () => {
  atFurther.close()
  await further.stop()
  await bank.close()
  await receiver.close()
})

// Each test reads wrong codes of its own, all of them from one address.
beforeEach(() => inTables(`delete from budget where key like 'codes:%'`))

const BILL = asked(billOf(640n))

async function shown(client: Client): Promise<CustomerCodeView> {
  const made = await fetchCode(client)
  assert.ok(made.ok, JSON.stringify(made))
  return made.view
}

async function shownOffline(client: Client, storage = memoryStorage()): Promise<string> {
  const made = await makeOfflineCode(client, storage)
  assert.ok(made.ok, JSON.stringify(made))
  return made.view.code
}

const reads = (register: Client, code: string, bill: typeof BILL | null = BILL): Promise<SendOutcome> =>
  register.send('bill-code', { deal: newDeal(), code, bill })

async function found(sent: Promise<SendOutcome>): Promise<string> {
  const outcome = await sent
  assert.ok(outcome.ok && outcome.view.deal?.payment, JSON.stringify(outcome))
  return outcome.view.deal.payment
}

const cancel = async (register: Client, sent: SendOutcome): Promise<void> => {
  assert.ok(sent.ok && sent.view.deal)
  const { deal, payment } = sent.view.deal
  assert.equal(codeOf(await register.send('cancel-deal', { deal, payment })), 'done')
}

/** Somebody of their own, so that no test meets another's prompts and counters. */
let people = 0
const somebody = (): Promise<Client> => bank.stranger(`Person ${++people}`)

const inTables = (text: string, values: unknown[] = []): Promise<unknown> =>
  withClient(bank.hub.settings, (client) => client.query(text, values))

async function deviceOf(client: Client): Promise<string> {
  const id = (await client.identity())?.self.id
  assert.ok(id)
  return id
}

/** As a register sends it, under an id that the test keeps. */
const sendAgain = (register: Client, body: object): Promise<Outcome<AnswerView>> =>
  register.request(callTo({ method: 'POST', path: '/v1/commands/bill-code', access: 'signed' }, { body }))

test('a register reads the code, the phone asks its owner, and nothing moves before the PIN', async () => {
  const { register, hanako } = bank
  const seen: string[] = []
  const stop = hanako.watch({ topic: 'inbox' }, ({ payments }) => seen.push(...payments.map(({ payment }) => payment)))
  const before = await moneyOf(hanako)
  const code = await shown(hanako)
  assert.equal(code.expiresAt - code.now, 60_000)

  const sent = await reads(register, code.code)
  assert.ok(sent.ok && sent.view.deal, JSON.stringify(sent))
  const { deal } = sent.view
  assert.deepEqual([deal.state, deal.way, deal.payer?.name], ['joined', 'code', 'Hanako'])
  const payment = deal.payment ?? ''
  await until(() => seen.includes(payment))
  stop()
  const read = await hanako.payment(payment)
  assert.ok(read.ok)
  const { view } = read
  assert.deepEqual([view.state, view.way, view.unasked, view.biller.name], ['joined', 'code', false, 'Marubeni Bakery'])
  assert.equal(view.bill?.total, '640')
  assert.equal(await moneyOf(hanako), before)

  // Another phone of the same person has not shown it, and cannot approve it.
  const other = await approve(bank.tablet, view, PIN)
  assert.equal(other.ok, false)
  assert.equal(codeOf(await approve(hanako, view)), 'proof-needed')
  const paid = await approve(hanako, view, PIN)
  assert.ok(paid.ok && paid.view.payment?.state === 'settled', JSON.stringify(paid))
  assert.equal(await moneyOf(hanako), before - 640n)
})

test('every form of a code finds its phone, and a new code ends the last one', async () => {
  const { register, kenji } = bank
  for (const form of [
    ({ code }: CustomerCodeView) => code,
    ({ digits }: CustomerCodeView) => digits,
    ({ digits }: CustomerCodeView) => digits.replaceAll(/(...)/gu, '$1 '),
    ({ digits }: CustomerCodeView) =>
      digits.replaceAll(/\d/gu, (digit) => String.fromCharCode(digit.charCodeAt(0) + 0xfee0)),
    ({ emv }: CustomerCodeView) => emv ?? '',
  ]) {
    const sent = await reads(register, form(await shown(kenji)))
    assert.equal(codeOf(sent), 'done', JSON.stringify(sent))
    await cancel(register, sent)
  }
  const last = await shown(kenji)
  const next = await shown(kenji)
  assert.equal(codeOf(await reads(register, last.code)), 'code-not-found')
  assert.equal(codeOf(await reads(register, last.digits)), 'code-not-found')
  await cancel(register, await reads(register, next.digits))
  // The short form is the same code: it was used with it.
  assert.equal(codeOf(await reads(register, next.code)), 'code-not-found')
})

test('a used code, one that has run out, one that never was and one of a phone that is no more sound the same', async () => {
  const { register, office } = bank
  const [used, late, lost, closed] = await Promise.all([somebody(), somebody(), somebody(), somebody()])
  const codes = await Promise.all([used, late, lost, closed].map(shown))
  const [ofUsed, ofLate, ofLost, ofClosed] = codes
  assert.ok(ofUsed && ofLate && ofLost && ofClosed)
  await found(reads(office, ofUsed.code))
  const lateId = (await deviceOf(late)).slice(4)
  await inTables('update customer_code set expires_at = expires_at - 60001 where device = $1', [lateId])
  const lostId = parseId('dev', await deviceOf(lost))
  assert.ok(lostId && (await bank.hub.directory.revoke(lostId)))
  const closedId = (await deviceOf(closed)).slice(4)
  await inTables(
    `update party p set status = 'closed' from device d where d.id = $1 and p.bucket = d.bucket and p.id = d.party`,
    [closedId],
  )
  const never = `88${String(randomBytes(6).readUIntBE(0, 6) % 1e12).padStart(12, '0')}`
  const heard = await Promise.all(
    [ofUsed.code, ofUsed.digits, ofLate.code, ofLate.digits, ofLost.code, ofClosed.digits]
      .concat(never + dammDigit(never), '883957313612959', 'WRF1.AAECAwQFBgcICQoLDA0ODw', 'nonsense')
      .map((code) => reads(register, code)),
  )
  for (const each of heard) assert.deepEqual(each, heard[0])
  assert.ok(heard[0])
  assert.equal(codeOf(heard[0]), 'code-not-found')
  for (const { code } of [ofLost, ofClosed]) assert.equal(codeOf(await reads(register, code)), 'code-not-found')
})

test('of registers that read one code at once, at two hubs, one gets it', async () => {
  const { register, office } = bank
  for (let round = 0; round < 6; round++) {
    const customer = await somebody()
    const { code, digits } = await shown(customer)
    const offline = round % 2 === 0 ? null : await shownOffline(customer)
    const sent = await Promise.all([
      reads(register, offline ?? code),
      reads(atFurther, offline ?? digits),
      reads(office, offline ?? code),
    ])
    assert.deepEqual(sent.map(codeOf).toSorted(), ['code-not-found', 'code-not-found', 'done'], JSON.stringify(sent))
    const inbox = await customer.inbox()
    assert.ok(inbox.ok)
    assert.equal(inbox.view.payments.length, 1)
  }
})

test('the same command hears the same again, while the code lives and after, also when it was sent twice at once', async () => {
  const { register } = bank
  const customer = await somebody()
  const { code } = await shown(customer)
  const body = { command: `cmd_${randomBytes(16).toString('hex')}`, deal: newDeal(), code, bill: BILL }
  const first = await Promise.all([sendAgain(register, body), sendAgain(register, body)])
  const payments = first.map((each) => each.ok && each.view.deal?.payment)
  assert.ok(payments[0])
  assert.equal(payments[1], payments[0])
  // The phone goes on to its next code; the register has heard nothing yet and asks again.
  await shown(customer)
  await inTables('update customer_code set expires_at = expires_at - 60001 where device = $1', [
    (await deviceOf(customer)).slice(4),
  ])
  const again = await sendAgain(register, body)
  assert.ok(again.ok && again.view.deal?.payment === payments[0], JSON.stringify(again))
  // Its id under another code uses that one up for nobody.
  const next = await shown(await somebody())
  const other = await sendAgain(register, { ...body, code: next.code })
  assert.ok(!other.ok && other.problem.code === 'command-mismatch', JSON.stringify(other))
  assert.equal(codeOf(await reads(register, next.code)), 'done')
})

test('a bill that does not add up uses no code up', async () => {
  const { register } = bank
  const { code } = await shown(await somebody())
  assert.equal(codeOf(await reads(register, code, { ...BILL, total: '641' })), 'bill-invalid')
  assert.equal(codeOf(await reads(register, code)), 'done')
})

test('a photographed code brings a question that names the shop; declined, it has cost nothing and is worth nothing', async () => {
  const { register, hanako } = bank
  const thief = await bank.shop('Night Market')
  const before = await moneyOf(hanako)
  const { code, digits } = await shown(hanako)
  const payment = await found(reads(thief, digits, asked(billOf(9_000n))))
  assert.equal(codeOf(await reads(register, code)), 'code-not-found')
  const read = await hanako.payment(payment)
  assert.ok(read.ok)
  assert.deepEqual([read.view.biller.name, read.view.bill?.total], ['Night Market', '9000'])
  assert.equal(codeOf(await hanako.send('decline', { payment })), 'done')
  assert.equal(await moneyOf(hanako), before)
  assert.equal(codeOf(await reads(thief, code)), 'code-not-found')
})

test('a phone without a network makes its own code: good once, never after a later one, and from its key alone', async () => {
  const { register, office } = bank
  const customer = await somebody()
  const storage = memoryStorage()
  const first = await shownOffline(customer, storage)
  const second = await shownOffline(customer, storage)
  const third = await shownOffline(customer, storage)
  const sent = await reads(register, second)
  assert.equal(codeOf(sent), 'done', JSON.stringify(sent))
  assert.ok(sent.ok && sent.view.deal?.payer?.name.startsWith('Person'))
  assert.equal(codeOf(await reads(office, second)), 'code-not-found')
  assert.equal(codeOf(await reads(office, first)), 'code-not-found')
  await cancel(register, sent)
  await cancel(office, await reads(office, third))

  // Signed by another phone, or for another counter than it says.
  const identity = await customer.identity()
  const thief = await (await somebody()).identity()
  const device = parseId('dev', identity?.self.id)
  const scheme = parseId('sch', identity?.scheme.scheme)
  assert.ok(identity && thief && device && scheme)
  const claim = { device, counter: BigInt(Date.now()) * 2n, slot: slotAt(customer.hubNow()) }
  const forged = offlineText(claim, await thief.sign(offlineBytes(scheme, claim)))
  assert.equal(codeOf(await reads(register, forged)), 'code-not-found')
  const signature = await identity.sign(offlineBytes(scheme, claim))
  const raised = offlineText({ ...claim, counter: claim.counter + 1n }, signature)
  assert.equal(codeOf(await reads(register, raised)), 'code-not-found')
  assert.equal(codeOf(await reads(register, offlineText(claim, signature))), 'done')
})

test('a phone whose clock is ten minutes off hears that it is the clock, and two minutes do no harm', async () => {
  const { register } = bank
  const customer = await somebody()
  const storage = memoryStorage()
  const at = (minutes: number) => ({ ...customer, hubNow: () => customer.hubNow() + minutes * 60_000 })
  for (const [minutes, heard] of [
    [-10, 'code-clock'],
    [-1, 'done'],
    [0, 'done'],
    [1, 'done'],
    [10, 'code-clock'],
  ] as const) {
    const made = await makeOfflineCode(at(minutes), storage)
    assert.ok(made.ok)
    const sent = await reads(register, made.view.code)
    assert.equal(codeOf(sent), heard, String(minutes))
    if (sent.ok) await cancel(register, sent)
  }
})

test("another wallet's code is named, and costs no try", async () => {
  const { register } = bank
  for (let count = 0; count <= BUDGETS.codes.burst; count++) {
    const sent = await reads(register, '130000000000000000')
    assert.ok(!sent.ok && sent.problem.code === 'code-foreign')
    assert.deepEqual(sent.problem.figures, { wallet: 'WeChat Pay' })
  }
})

test('a closed wallet is told that its code was read, and one that is open is not', async () => {
  const { register } = bank
  const customer = await somebody()
  const mailbox = receiver.subscribe()
  const body = { subscription: mailbox.subscription, detail: true }
  assert.ok((await customer.request(callTo({ method: 'POST', path: '/v1/push', access: 'signed' }, { body }))).ok)
  let isLive = false
  const stop = customer.watch({ topic: 'inbox' }, () => void (isLive = true))
  await until(() => isLive)
  await cancel(register, await reads(register, (await shown(customer)).code))
  stop()
  customer.close()
  const device = parseId('dev', await deviceOf(customer))
  await until(() => device !== undefined && !bank.hub.watchers.isWatching(device))
  // Whatever would have been pushed for the first one stands before this.
  const sent = await reads(register, (await shown(customer)).code)
  assert.ok(sent.ok)
  const message = parsePushed((await mailbox.next()).text)?.message
  assert.deepEqual([message?.kind, message?.payment], ['payment', sent.view.deal?.payment])
  assert.equal(message?.text?.title, 'Marubeni Bakery asks for ¥640')
})

test('the questions that codes bring to one person are capped', async () => {
  const { register } = bank
  const customer = await somebody()
  const heard: string[] = []
  for (let count = 0; count <= BUDGETS.prompts.burst; count++) {
    const sent = await reads(register, (await shown(customer)).code)
    heard.push(codeOf(sent))
    if (sent.ok) await cancel(register, sent)
  }
  assert.deepEqual(heard, [...Array<string>(BUDGETS.prompts.burst).fill('done'), 'too-many-questions'])
})

test('whoever reads wrong codes is stopped, and right ones cost nothing', async () => {
  const { register } = bank
  const wrong = (): Promise<string> => reads(register, `WRF1.${randomBytes(16).toString('base64url')}`).then(codeOf)
  const heard = new Set<string>()
  for (let count = 0; count <= BUDGETS.codes.burst && !heard.has('too-many-tries'); count++) heard.add(await wrong())
  assert.deepEqual([...heard], ['code-not-found', 'too-many-tries'])
  assert.equal(codeOf(await reads(register, (await shown(bank.kenji)).code)), 'too-many-tries')
  // Whatever a terminal has used up, others from elsewhere are none the worse; here all come from one address.
  await inTables(`delete from budget where key like 'codes:%' and key not like 'codes:trm%'`)
  assert.equal(codeOf(await reads(register, (await shown(bank.kenji)).code)), 'too-many-tries')
  assert.equal(codeOf(await reads(bank.office, (await shown(bank.kenji)).code)), 'done')
})
