// Paying from a bank account, through HTTP, with the reference bank beside the hub: quick, slow, silent, late, twice, with another amount,
// dead. Whatever the bank and the hub do, both end with the same books.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { parseId } from '#core/ids.ts'
import type { PaymentView } from '#protocol/views.ts'
import { meansSubject } from '#protocol/signed-bytes.ts'
import { approve } from '#sdk/approval.ts'
import { openClient } from '#sdk/client.ts'
import { enrol } from '#sdk/identity.ts'
import { presence } from '#sdk/presence.ts'
import { memoryStorage } from '#sdk/storage.ts'
import { callMeans } from '#sdk/means-calls.ts'
import { bankReport } from '#server/bank/report.ts'
import { orderId } from '#server/bank/bank.ts'
import { asking } from '#server/postgres/reconcile.ts'
import { moneyIn } from '#bank/town.ts'
import type { Debit } from '#bank/books.ts'
import { asked, codeOf, dealOf, joinByLink, openBank, PIN, type Bank } from './support/bank.ts'
import {
  askedOf,
  BY_FILE,
  HANAKO,
  KENJI,
  newCommand,
  register,
  registered,
  testBank,
  type TestBank,
} from './support/bank-program.ts'
import { startTestHub, until } from './support/hub.ts'
import { billOf } from './support/world.ts'

let there: TestBank
let here: Bank
/** Hanako's account at the bank that answers at once */
let means: string

/** How long the payer waits for the bank; a hub that is busy with other tests needs some of it before it can ask. */
const [PATIENT_MS, IMPATIENT_MS] = [20_000, 2_500]
let withinMs = PATIENT_MS
const settings = () => ({
  url: there.url,
  secret: there.secret,
  risk: { payment: 3_000n, day: 5_000n },
  get withinMs() {
    return withinMs
  },
  answerMs: 1_000,
  fileAfterMs: 0,
  againMs: 20,
})

before(async () => {
  there = await testBank()
  here = await openBank({ bank: settings() })
  means = await registered(here.hanako, HANAKO)
})
after(async () => {
  await here.close()
  await there.close()
})
afterEach(async () => {
  withinMs = PATIENT_MS
  there.set({})
  await settledBooks()
})

const bill = (amount: bigint) => asked(billOf(amount))

const look = async (client: Bank['hanako'], { payment }: PaymentView): Promise<PaymentView> => {
  const read = await client.payment(payment)
  assert.ok(read.ok)
  return read.view
}
const becomes = (view: PaymentView, state: PaymentView['state'], client = here.hanako): Promise<PaymentView> =>
  until(async () => {
    const now = await look(client, view)
    return now.state === state ? now : null
  })
const debitOf = ({ payment }: PaymentView, number = 1): Debit | undefined =>
  there.bank().books.debits.get(orderId(parseId('pay', payment) ?? assert.fail(), number))

type OrderRow = Readonly<{ kind: string; state: string; trouble: string | null }>
async function ordersOf({ payment }: Pick<PaymentView, 'payment'>): Promise<OrderRow[]> {
  const { rows } = await here.hub.database.reads.query<OrderRow>(
    'select kind, state, trouble from outside_order where payment = $1 order by number',
    [payment.slice(4)],
  )
  return rows
}

const reported = async () =>
  (await bankReport(
    {
      ask: asking(here.hub.database),
      scheme: { unit: billOf(1n).unit, buckets: 16, rules: { zone: 'Asia/Tokyo' } },
      isConnected: true,
      now: () => Date.now(),
    },
    null,
  )) ?? assert.fail()

/** Every order has its end, both sides say the same of each, and no money came from nowhere. */
async function settledBooks(): Promise<void> {
  await until(async () => (await reported()).open === 0)
  const report = await until(async () => {
    await here.hub.banking?.catchUp()
    const { differences, clearing, ...rest } = await reported()
    const isEven = clearing.ledger === clearing.orders
    return differences.length === 0 && isEven ? { ...rest, clearing } : null
  })
  assert.deepEqual(report.stuck, [])
  assert.equal(moneyIn(there.bank().books), 39_000n)
}

test('a bank account is registered by its owner, and pays: one booking at the bank, the money with the shop', async () => {
  const balance = there.bank().books.accounts.get('0310-001-1-1234567')?.balance ?? 0n
  const view = await askedOf(here.hanako, here.register, bill(1_280n), means)
  assert.deepEqual(view.means, { kind: 'bank', id: means, label: 'たぬき銀行 ···567', refused: null })
  await becomes(view, 'settled')
  assert.equal(debitOf(view)?.state, 'booked')
  assert.equal(there.bank().books.accounts.get('0310-001-1-1234567')?.balance, balance - 1_280n)
  assert.deepEqual(await ordersOf(view), [{ kind: 'collect', state: 'yes', trouble: null }])
})

test('the shop learns nothing of the bank', async () => {
  const view = await askedOf(here.hanako, here.register, bill(100n), means)
  const deal = await here.register.deal(view.deal)
  assert.ok(deal.ok)
  assert.doesNotMatch(JSON.stringify(deal.view), /mns_|たぬき|Tanuki|···/u)
  await becomes(view, 'settled')
})

test('what the bank refuses is told to the payer, who is back before the bill and may choose again', async () => {
  for (const [code, reason] of [
    ['AM04', 'no-funds'],
    ['MS03', 'refused'],
  ] as const) {
    there.set({ refuses: code })
    const view = await askedOf(here.hanako, here.register, bill(300n), means)
    const back = await becomes(view, 'joined')
    assert.ok(back.means.kind === 'bank')
    assert.equal(back.means.refused, reason)
    assert.deepEqual(await until(() => concludedOf(view)), [{ kind: 'collect', state: 'no', trouble: code }])
    there.set({})
    const again = await approve(here.hanako, back, PIN)
    assert.ok(again.ok)
    await becomes(view, 'settled')
  }
})

const concludedOf = async (view: PaymentView): Promise<OrderRow[] | null> => {
  const rows = await ordersOf(view)
  return rows.some(({ state }) => state === 'open') ? null : rows
}

test('a late yes is taken back: the payer was told no, and neither side has the money', async () => {
  withinMs = IMPATIENT_MS
  there.set({ holds: 'answer' })
  const view = await askedOf(here.hanako, here.register, bill(700n), means)
  const back = await becomes(view, 'joined')
  assert.ok(back.means.kind === 'bank')
  assert.equal(back.means.refused, 'no-answer')
  assert.equal(debitOf(view)?.state, 'booked')
  there.set({})
  await until(() => concludedOf(view))
  assert.equal(debitOf(view)?.state, 'reversed')
  assert.deepEqual(await ordersOf(view), [{ kind: 'collect', state: 'no', trouble: 'late' }])
})

test('a collection that comes to the bank after its reversal moves nothing', async () => {
  withinMs = IMPATIENT_MS
  there.set({ holds: 'booking' })
  const view = await askedOf(here.hanako, here.register, bill(710n), means)
  await becomes(view, 'joined')
  // The first try still hangs inside the bank while the hub asks what became of it, and takes it back.
  await until(() => concludedOf(view))
  assert.equal(debitOf(view)?.state, 'withdrawn')
  there.set({})
  await until(() => there.bank().books.debits.get(orderIdOf(view))?.state === 'withdrawn')
  assert.deepEqual(await ordersOf(view), [{ kind: 'collect', state: 'no', trouble: 'never asked' }])
})

const orderIdOf = ({ payment }: PaymentView): string => orderId(parseId('pay', payment) ?? assert.fail(), 1)

test('a bank that is silent leaves the payer free in time, and nothing behind', async () => {
  withinMs = IMPATIENT_MS
  there.set({ silent: true })
  const view = await askedOf(here.hanako, here.register, bill(720n), means)
  const back = await becomes(view, 'joined')
  assert.ok(back.means.kind === 'bank' && back.means.refused === 'no-answer')
  // Paid another way meanwhile: the one that hangs can do nothing to it.
  const other = await here.hanako.send('choose-means', { payment: view.payment, means: { kind: 'account' } })
  assert.ok(other.ok && other.view.payment)
  assert.ok((await approve(here.hanako, other.view.payment, PIN)).ok)
  assert.equal((await look(here.hanako, view)).state, 'settled')
  there.set({})
  await until(() => concludedOf(view))
  assert.notEqual(debitOf(view)?.state, 'booked')
})

test('an answer that comes twice is one answer; one that names another amount, or another order, is none', async () => {
  there.set({ twice: true })
  const twice = await askedOf(here.hanako, here.register, bill(730n), means)
  await becomes(twice, 'settled')
  there.set({ other: 'amount' })
  const more = await askedOf(here.hanako, here.register, bill(740n), means)
  const back = await becomes(more, 'joined')
  assert.ok(back.means.kind === 'bank' && back.means.refused === 'refused')
  await until(() => concludedOf(more))
  assert.equal(debitOf(more)?.state, 'reversed')
  assert.deepEqual(await ordersOf(more), [{ kind: 'collect', state: 'no', trouble: 'other-amount' }])
  // Then the bank is asked what became of the order: the truth of that is what both end with.
  there.set({ other: 'id' })
  withinMs = IMPATIENT_MS
  const foreign = await askedOf(here.hanako, here.register, bill(750n), means)
  await until(() => concludedOf(foreign))
  const after = await look(here.hanako, foreign)
  assert.equal(debitOf(foreign)?.state, after.state === 'settled' ? 'booked' : 'reversed')
})

test('a bank that is away is told at once, orders wait for it, and what has to go back goes when it is there again', async () => {
  const paid = await becomes(await askedOf(here.hanako, here.register, bill(900n), means), 'settled')
  await there.die()
  const view = await askedOf(here.hanako, here.register, bill(760n), means)
  const back = await becomes(view, 'joined')
  assert.ok(back.means.kind === 'bank' && back.means.refused === 'unavailable')
  const refund = await until(async () => {
    const sent = await here.register.send('refund', { payment: paid.payment, amount: '400', lines: [] })
    return sent.ok
  })
  assert.ok(refund)
  await until(async () => (await ordersOf(paid)).some(({ kind }) => kind === 'return'))
  await there.rise()
  const returned = (): bigint =>
    [...there.bank().books.paid.values()].reduce((sum, { amount, reason }) => sum + (reason === null ? amount : 0n), 0n)
  await until(() => returned() === 400n)
})

test('a hub that dies while the bank is asked: another ends it, with the one booking', async () => {
  const other = await startTestHub({ settings: here.hub.settings, bank: settings() })
  const [storage, code] = [memoryStorage(), await phoneCode()]
  assert.ok((await enrol({ hub: other.url, storage, code, label: 'through the other' })).ok)
  const phone = openClient({ hub: other.url, storage })
  there.set({ holds: 'answer' })
  const view = await askedOf(phone, here.register, bill(770n), means)
  await until(() => debitOf(view)?.state === 'booked')
  phone.close()
  // From here on nothing that it hears can change anything.
  await Promise.allSettled([other.database.end(), other.stop()])
  there.set({})
  await until(() => concludedOf(view))
  const after = await look(here.hanako, view)
  assert.equal(debitOf(view)?.state, after.state === 'settled' ? 'booked' : 'reversed')
})

async function phoneCode(): Promise<string> {
  const self = await here.hanako.self()
  assert.ok(self.ok && self.view.kind === 'device')
  const party = parseId('pty', self.view.party) ?? assert.fail()
  return (await here.hub.directory.createCode({ kind: 'device', party, lifeMs: 60_000 })).code
}

test('the bank is killed after it has booked, before it has answered: it knows the order when it is asked again', async () => {
  there.set({ holds: 'answer' })
  const view = await askedOf(here.hanako, here.register, bill(780n), means)
  await until(() => debitOf(view)?.state === 'booked')
  await there.die()
  await there.rise()
  await until(() => concludedOf(view))
  const after = await look(here.hanako, view)
  // In time it was a yes, too late it went back: never half of it.
  assert.equal(debitOf(view)?.state, after.state === 'settled' ? 'booked' : 'reversed')
})

test('a permission that the payer has withdrawn at the bank: no, and the account is to be registered anew', async () => {
  const kenji = await registered(here.kenji, KENJI)
  there.bank().endMandate(kenji.slice(4))
  const view = await askedOf(here.kenji, here.register, bill(200n), kenji)
  const back = await becomes(view, 'joined', here.kenji)
  assert.ok(back.means.kind === 'bank' && back.means.refused === 'no-mandate')
  const list = await callMeans(here.kenji, 'means')
  assert.ok(list.ok)
  assert.deepEqual(
    list.view.means.map(({ status, why }) => [status, why]),
    [['suspended', 'no-mandate']],
  )
  const refused = await here.kenji.send('choose-means', {
    payment: view.payment,
    means: { kind: 'bank', id: kenji },
  })
  assert.equal(codeOf(refused), 'means-not-found')
  const anew = await registered(here.kenji, KENJI)
  assert.notEqual(anew, kenji)
  await becomes(await askedOf(here.kenji, here.register, bill(210n), anew), 'settled', here.kenji)
})

test('somebody else’s bank account, or one that was removed, is none', async () => {
  const theirs = await joinByLink(here.kenji, await dealOf(here.register, bill(50n)))
  const choice = { payment: theirs.payment, means: { kind: 'bank', id: means } } as const
  assert.equal(codeOf(await here.kenji.send('choose-means', choice)), 'means-not-found')
  assert.equal(codeOfCall(await callMeans(here.kenji, 'removeMeans', { means })), 'means-not-found')
  const mine = await callMeans(here.hanako, 'means')
  assert.ok(mine.ok && mine.view.means.some(({ id }) => id === means))
  await here.kenji.send('decline', { payment: theirs.payment })
})

const codeOfCall = (outcome: Awaited<ReturnType<typeof callMeans>>): string =>
  outcome.ok ? 'done' : outcome.problem.code

test('an account that is removed while the bank is asked: what is under way ends, nothing new begins, and the bank is told', async () => {
  const kenji = await registered(here.kenji, KENJI)
  there.set({ holds: 'answer' })
  const view = await askedOf(here.kenji, here.register, bill(90n), kenji)
  await until(() => debitOf(view)?.state === 'booked')
  assert.ok((await callMeans(here.kenji, 'removeMeans', { means: kenji })).ok)
  there.set({})
  await until(() => concludedOf(view))
  await here.hub.banking?.catchUp()
  assert.equal(there.bank().books.mandates.get(kenji.slice(4))?.isEnded, true)
  const list = await callMeans(here.kenji, 'means')
  assert.ok(list.ok && list.view.means.every(({ id }) => id !== kenji))
})

test('a wrong name and an account that is not there get one answer; the same command again is the same account; tries run out', async () => {
  const command = newCommand()
  const first = await register(here.tablet, HANAKO, command)
  const again = await register(here.tablet, HANAKO, command)
  assert.ok(first.ok && again.ok)
  assert.deepEqual(first.view.means, again.view.means)
  assert.equal(codeOfCall(await register(here.tablet, KENJI, command)), 'command-mismatch')
  // The same account under a new permission: the old one ends.
  means = first.view.means.find(({ bank }) => bank === HANAKO.bank)?.id ?? assert.fail()
  const wrongName = await register(here.tablet, { ...KENJI, holder: 'ハナコ' })
  const noAccount = await register(here.tablet, { ...KENJI, number: '0000001', holder: 'ハナコ' })
  assert.ok(!wrongName.ok && !noAccount.ok)
  assert.deepEqual(wrongName.problem, noAccount.problem)
  assert.equal(wrongName.problem.code, 'means-refused')
  assert.equal(codeOfCall(await register(here.tablet, { ...HANAKO, holder: '花子' })), 'field-invalid')
  const codes = new Set<string>()
  for (let tries = 0; tries < 5; tries++) codes.add(codeOfCall(await register(here.tablet, { ...KENJI, holder: 'x' })))
  assert.ok(codes.has('too-many-tries'))
})

test('a proof for one account registers no other', async () => {
  const proof = await presence(here.kenji, 'add-means', meansSubject(KENJI), PIN)
  assert.ok(proof.ok)
  const body = { command: newCommand(), ...KENJI, number: '1234567', presence: proof.view }
  assert.equal(codeOfCall(await callMeans(here.kenji, 'addMeans', body)), 'signature-invalid')
})

test('a bank that answers by file: small amounts at once on trust, the file collects, what was not paid is listed', async () => {
  await here.hub.database.transactions.query('delete from budget')
  const byFile = await registered(here.hanako, BY_FILE)
  there.set({ filesWait: true })
  const first = await becomes(await askedOf(here.hanako, here.register, bill(3_000n), byFile), 'settled')
  const tooMuch = await becomes(await askedOf(here.hanako, here.register, bill(3_001n), byFile), 'joined')
  assert.ok(tooMuch.means.kind === 'bank' && tooMuch.means.refused === 'over-bank-limit')
  const overDay = await becomes(await askedOf(here.hanako, here.register, bill(2_001n), byFile), 'joined')
  assert.ok(overDay.means.kind === 'bank' && overDay.means.refused === 'over-bank-limit')
  // A refund of what is not collected yet waits for the file's word.
  await until(
    async () => (await here.register.send('refund', { payment: first.payment, amount: '1000', lines: [] })).ok,
  )
  await until(async () => (await ordersOf(first)).some(({ trouble }) => trouble === 'file'))
  there.set({})
  await until(async () => {
    await here.hub.banking?.catchUp()
    return (await ordersOf(first)).every(({ state }) => state !== 'open')
  })
  assert.equal(there.bank().books.accounts.get('0415-002-1-2223334')?.balance, 8_000n - 3_000n + 1_000n)

  // Somebody else is quicker: when the file comes there is too little left.
  there.set({ filesWait: true })
  await here.hub.database.transactions.query('update means set risk_sum = 0')
  const unpaid = await becomes(await askedOf(here.hanako, here.register, bill(2_500n), byFile), 'settled')
  const kitsune = { what: 'account', bank: '0415', branch: '002', kind: '1', number: '2223334', holder: 'ﾊﾅｺ' } as const
  there.bank().open([{ ...kitsune, balance: '100' }])
  there.set({})
  const report = await until(async () => {
    await here.hub.banking?.catchUp()
    const found = await reported()
    return found.unpaid.length > 0 ? found : null
  })
  assert.deepEqual(
    report.unpaid.map(({ payment, amount, result }) => [payment, amount, result]),
    [[unpaid.payment, '2500', '1']],
  )
  const list = await callMeans(here.hanako, 'means')
  assert.ok(list.ok)
  assert.deepEqual(
    list.view.means.filter(({ id }) => id === byFile).map(({ status, why }) => [status, why]),
    [['suspended', 'unpaid']],
  )
  there.bank().open([{ ...kitsune, balance: '6000' }])
})

test('the report names what one side has and the other has not', async () => {
  const view = await becomes(await askedOf(here.hanako, here.register, bill(110n), means), 'settled')
  await settledBooks()
  const id = orderIdOf(view)
  const change = (text: string): Promise<unknown> => here.hub.database.transactions.query(text, [id])
  const kinds = async () => (await reported()).differences.map(({ kind, order }) => `${kind} ${order}`).toSorted()
  await change('update bank_notice set amount = amount + 1 where id = $1')
  assert.deepEqual(await kinds(), [`other-amount ${id}`])
  await change(`update bank_notice set id = 'x' || $1 where id = $1`)
  assert.deepEqual(await kinds(), [`missing-at-bank ${id}`, `missing-here x${id}`])
  await change(`update bank_notice set id = $1, amount = amount - 1 where id = 'x' || $1`)
  assert.deepEqual(await kinds(), [])
})
