// Paying by card, through HTTP, with the reference issuers, a card machine and the vault beside the hub: yes, no, late, twice, cut off, dead.
// Whatever they do, the issuer's books and the ledger end the same.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { parseId } from '#core/ids.ts'
import type { PaymentView } from '#protocol/views.ts'
import { approve } from '#sdk/approval.ts'
import type { CardNumberView } from '#protocol/cards.ts'
import { callTo } from '#sdk/calls.ts'
import { callCards } from '#sdk/card-calls.ts'
import { callCardUsers } from '#sdk/card-user-calls.ts'
import { openClient } from '#sdk/client.ts'
import { enrol } from '#sdk/identity.ts'
import { callReceipts } from '#sdk/receipts.ts'
import { memoryStorage } from '#sdk/storage.ts'
import { asked, codeOf, moneyOf, openBank, PIN, type Bank } from './support/bank.ts'
import { newCommand } from './support/bank-program.ts'
import {
  askedOf,
  chosen,
  register,
  registered,
  sealed,
  sent,
  testCards,
  TOWN,
  type TestCards,
} from './support/card-programs.ts'
import { enrolled, startTestHub, until } from './support/hub.ts'
import { billOf, billWith, lineOf } from './support/world.ts'

let there: TestCards
let here: Bank
/** Hanako's good card */
let card: string

/** How long the payer waits for the issuer; a hub that is busy with other tests needs some of it before it can ask. */
const [PATIENT_MS, IMPATIENT_MS] = [20_000, 2_500]
let withinMs = PATIENT_MS
let oneTimeWithinMs = PATIENT_MS
const alarms: string[] = []
const options = () => ({
  ...there.options,
  vault: {
    ...there.options.vault,
    get withinMs() {
      return withinMs
    },
    get oneTimeWithinMs() {
      return oneTimeWithinMs
    },
  },
})

before(async () => {
  there = await testCards()
  const log = { write: (line: string): void => void (line.includes('alarm') && alarms.push(line)) }
  here = await openBank({ ...options(), log })
  await here.hub.cardsCatchUp()
  card = await registered(here.hanako)
})
after(async () => {
  await here.close()
  await there.close()
})
afterEach(async () => {
  withinMs = PATIENT_MS
  oneTimeWithinMs = PATIENT_MS
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
const refusedOf = ({ means }: PaymentView): string | null => (means.kind === 'card' ? means.refused : 'no card')
const paid = (amount: bigint, by: Partial<Parameters<typeof askedOf>[3]> = {}) =>
  askedOf(here.hanako, here.register, bill(amount), { card, ...by })

type OrderRow = Readonly<{ kind: string; state: string; trouble: string | null }>
async function ordersOf({ payment }: Pick<PaymentView, 'payment'>): Promise<OrderRow[]> {
  const { rows } = await here.hub.database.reads.query<OrderRow>(
    'select kind, state, trouble from outside_order where payment = $1 order by number',
    [payment.slice(4)],
  )
  return rows
}
const concluded = (view: PaymentView): Promise<OrderRow[]> =>
  until(async () => {
    const rows = await ordersOf(view)
    return rows.some(({ state }) => state === 'open') ? null : rows
  })

/** Every order has its end, and what the ledger has of cards is what the issuers have captured and not given back. */
async function settledBooks(): Promise<void> {
  await until(async () => {
    const { rows } = await here.hub.database.reads.query(`select 1 from outside_order where state = 'open'`)
    return rows.length === 0
  })
  const { rows } = await here.hub.database.reads.query<{ sum: string }>(
    `select coalesce(sum(case when kind = 'capture' then amount else -amount end), 0)::text as sum
     from outside_order where kind in ('capture', 'return') and state = 'done' and not one_time`,
  )
  const issuers = ['0001', '0002'].flatMap((code) => [...there.books(code).authorisations.values()])
  const captured = issuers
    .filter(({ oneTime, isSale }) => oneTime === null && !isSale)
    .reduce((sum, each) => sum + each.captured - each.refunded, 0n)
  assert.equal(rows[0]?.sum, String(captured))
  // Nothing is authorised that is neither captured nor open by intent.
  const dangling = issuers.filter(({ state, stands, captured: taken }) => state === 'approved' && stands !== taken)
  assert.deepEqual(dangling, [])
}

test('a card is registered by its owner: the issuer confirms it, and the hub knows four digits', async () => {
  const list = await callCards(here.hanako, 'cards', {})
  assert.ok(list.ok)
  const [first] = list.view.cards
  assert.deepEqual(
    { ...first, id: null, madeAt: null },
    {
      id: null,
      madeAt: null,
      label: `タヌキカード ···${TOWN.good.number.slice(-4)}`,
      name: null,
      last4: TOWN.good.number.slice(-4),
      expires: TOWN.good.expires,
      issuer: { code: '0001', name: 'Tanuki Card', nameJa: 'タヌキカード', colour: first?.issuer.colour ?? null },
      unit: 'JPY',
      status: 'active',
      why: null,
      isDefault: true,
    },
  )
  assert.equal(list.view.isAvailable, true)
  const { rows } = await here.hub.database.reads.query('select card::text as whole from card')
  assert.ok(!JSON.stringify(rows).includes(TOWN.good.number.slice(0, 12)))
})

test('what is wrong with a card is told; the vault takes an envelope once', async () => {
  const codeOfCall = (outcome: Awaited<ReturnType<typeof register>>) => (outcome.ok ? 'done' : outcome.problem.code)
  assert.equal(codeOfCall(await register(here.kenji, TOWN.over)), 'card-expired')
  assert.equal(codeOfCall(await register(here.kenji, TOWN.stopped)), 'card-refused')
  assert.equal(codeOfCall(await register(here.kenji, { ...TOWN.good, code: '999' })), 'card-refused')
  assert.equal(
    codeOfCall(await register(here.kenji, { ...TOWN.good, number: '4242424242424242' })),
    'card-issuer-unknown',
  )
  // Sealed for Kenji's command, sent under another, or by another person: it opens for neither.
  const command = newCommand()
  const { number, expires, code } = TOWN.good
  const envelope = await sealed(here.kenji, { number, expires, code }, command)
  await here.hub.database.transactions.query('delete from budget')
  assert.equal(
    codeOfCall(await sent(here.kenji, { command: newCommand(), envelope, name: null })),
    'card-envelope-invalid',
  )
  assert.equal(codeOfCall(await sent(here.hanako, { command, envelope, name: null })), 'card-envelope-invalid')
  await here.hub.database.transactions.query('delete from budget')
})

test('paid in three instalments: the issuer knows the method, the receipt has the slip, the shop the money', async () => {
  const before = await moneyOf(here.register)
  const view = await becomes(await paid(3_600n, { method: 'instalments-3' }), 'settled')
  await concluded(view)
  const there1 = there.authorisation(view)
  assert.deepEqual(
    [there1?.method, there1?.captured, there1?.amount, there1?.state],
    ['instalments-3', 3_600n, 3_600n, 'approved'],
  )
  await until(async () => (await moneyOf(here.register)) === before + 3_600n)
  assert.ok(view.means.kind === 'card')
  assert.equal(view.means.reference, `${there1?.approval}/${there1?.rrn}`)
  const receipt = await callReceipts(here.hanako, 'receipt', { params: { payment: view.payment } })
  assert.ok(receipt.ok, JSON.stringify(receipt))
  assert.equal(receipt.view.receipt.means, 'card')
  assert.deepEqual(receipt.view.receipt.voucher, {
    card: `タヌキカード ···${TOWN.good.number.slice(-4)}`,
    method: 'instalments-3',
    approval: there1?.approval,
    rrn: there1?.rrn,
  })
})

test('over the card’s limit: a no with its reason, and another card pays', async () => {
  const small = await registered(here.hanako, TOWN.small)
  const other = await registered(here.hanako, TOWN.other)
  const view = await paid(6_000n, { card: small })
  assert.equal(refusedOf(await becomes(view, 'joined')), 'over-card-limit')
  const sentAgain = await here.hanako.send('choose-means', {
    payment: view.payment,
    means: { kind: 'card', id: other, method: 'lump' },
  })
  assert.ok(sentAgain.ok && sentAgain.view.payment)
  assert.ok((await approve(here.hanako, sentAgain.view.payment, PIN)).ok)
  await becomes(view, 'settled')
  await concluded(view)
  assert.equal(there.authorisation(view, 2)?.captured, 6_000n)
})

test('a method that the issuer does not offer for this amount cannot be chosen', async () => {
  const view = await chosen(here.hanako, here.register, bill(500n), { card })
  const choice = { payment: view.payment, means: { kind: 'card', id: card, method: 'instalments-3' } } as const
  assert.equal(codeOf(await here.hanako.send('choose-means', choice)), 'method-not-accepted')
  await here.hanako.send('decline', { payment: view.payment })
})

test('goods set aside, handed over in part: captured and let go at the issuer; a refund goes back to the card', async () => {
  const waits = { conditions: { delivery: true, coolingOff: null } }
  const goods = asked(billWith(lineOf(300n, waits), lineOf(700n)))
  const view = await becomes(await askedOf(here.hanako, here.register, goods, { card }), 'held')
  const portion = view.portions.findIndex(({ state }) => state === 'held')
  assert.ok((await here.register.send('deliver', { payment: view.payment, portion, amount: '100' })).ok)
  await until(async () => (await here.register.send('refund', { payment: view.payment, amount: '250', lines: [] })).ok)
  await until(() => there.authorisation(view)?.refunded === 250n)
  await concluded(view)
  const found = there.authorisation(view)
  assert.deepEqual([found?.amount, found?.stands, found?.captured], [1_000n, 800n, 800n])
})

test('a slow issuer is waited for; one that is silent leaves the payer free in time, and nothing behind', async () => {
  there.set({ slowMs: 700 })
  await becomes(await paid(310n), 'settled')
  withinMs = IMPATIENT_MS
  there.set({ silent: true })
  const view = await paid(320n)
  assert.equal(refusedOf(await becomes(view, 'joined')), 'no-answer')
  there.set({})
  withinMs = PATIENT_MS
  const back = await look(here.hanako, view)
  assert.ok((await approve(here.hanako, back, PIN)).ok)
  await becomes(view, 'settled')
  await concluded(view)
  assert.notEqual(there.authorisation(view, 1)?.state, 'approved')
})

test('a yes that comes too late is reversed at the issuer: the payer was told no, and neither side has the money', async () => {
  withinMs = IMPATIENT_MS
  there.set({ holds: 'answer' })
  const view = await paid(330n)
  assert.equal(refusedOf(await becomes(view, 'joined')), 'no-answer')
  there.set({})
  await concluded(view)
  await until(() => there.authorisation(view)?.state !== 'approved')
  await here.hanako.send('decline', { payment: view.payment })
})

test('an issuer that answers twice has answered once; another message’s answer, or another amount, is none', async () => {
  there.set({ twice: true })
  await becomes(await paid(340n), 'settled')
  for (const other of ['stan', 'amount'] as const) {
    withinMs = IMPATIENT_MS
    there.set({ other })
    const view = await paid(350n)
    await becomes(view, 'joined')
    there.set({})
    await concluded(view)
    await until(() => there.authorisation(view)?.state !== 'approved')
    await here.hanako.send('decline', { payment: view.payment })
  }
})

test('the vault is killed while the issuer is asked: after it is back there is one end', async () => {
  withinMs = IMPATIENT_MS
  there.set({ holds: 'answer' })
  const view = await paid(360n)
  await until(() => there.authorisation(view)?.state === 'approved')
  await there.vaultDies()
  await becomes(view, 'joined')
  there.set({})
  await there.vaultRises()
  await concluded(view)
  await until(() => there.authorisation(view)?.state !== 'approved')
})

test('a hub that dies while the issuer is asked: another ends it', async () => {
  const other = await startTestHub({ settings: here.hub.settings, ...options() })
  const self = await here.hanako.self()
  assert.ok(self.ok && self.view.kind === 'device')
  const party = parseId('pty', self.view.party) ?? assert.fail()
  const { code } = await here.hub.directory.createCode({ kind: 'device', party, lifeMs: 60_000 })
  const storage = memoryStorage()
  assert.ok((await enrol({ hub: other.url, storage, code, label: 'through the other' })).ok)
  const phone = openClient({ hub: other.url, storage })
  there.set({ holds: 'answer' })
  const view = await askedOf(phone, here.register, bill(370n), { card })
  await until(() => there.authorisation(view)?.state === 'approved')
  phone.close()
  // From here on nothing that it hears can change anything.
  await Promise.allSettled([other.database.end(), other.stop()])
  there.set({})
  await concluded(view)
  const after = await look(here.hanako, view)
  const state = there.authorisation(view)?.state
  assert.ok(after.state === 'settled' ? state === 'approved' : state !== 'approved', `${after.state} ${state}`)
})

test('the issuer is away: registered cards say so, and what must follow a yes goes when it is back', async () => {
  const view = await becomes(await paid(380n), 'settled')
  await concluded(view)
  await there.issuerDies()
  const refund = () => here.register.send('refund', { payment: view.payment, amount: '80', lines: [] })
  await until(async () => (await refund()).ok)
  withinMs = IMPATIENT_MS
  const other = await paid(390n)
  await becomes(other, 'joined')
  await there.issuerRises()
  await until(() => there.authorisation(view)?.refunded === 80n)
})

/** A second till of the bakery, with a card machine beside it. */
async function tillWithMachine(): Promise<Bank['register']> {
  const till = await enrolled(here.hub, 'register')
  const self = await till.self()
  assert.ok(self.ok && self.view.kind === 'terminal')
  const machine = { address: there.machine.url, token: there.machine.token }
  assert.ok((await callCardUsers(till, 'setCardMachine', { body: { terminal: self.view.id, machine } })).ok)
  return till
}

const cardNumberOf = (client: Bank['register'], { deal }: Pick<PaymentView, 'deal'>) =>
  client.request<CardNumberView>(
    callTo({ method: 'GET', path: '/v1/deals/{deal}/card-number', access: 'token' }, { params: { deal } }),
  )

/** What the machine beside the register says to a sale. */
async function machineSays(sale: CardNumberView & { reference: string }): Promise<Record<string, unknown>> {
  const { number, expires, amount, unit, merchant, terminal, reference } = sale
  const response = await fetch(`${there.machine.url}/sale`, {
    method: 'POST',
    headers: { authorization: `Bearer ${there.machine.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ number, expires, amount, unit, merchant, terminal, reference }),
  })
  // Border: the machine answers with an object.
  return (await response.json()) as Record<string, unknown>
}

test('a one-time number: for this terminal alone, sent by its own machine, good once; both screens settle by what the issuer says', async () => {
  const till = await tillWithMachine()
  const view = await askedOf(here.hanako, till, bill(1_500n), { card })
  assert.ok(view.means.kind === 'card' && view.means.oneTime)
  const given = await until(async () => {
    const found = await cardNumberOf(till, view)
    return found.ok ? found.view : null
  })
  assert.notEqual(given.number, TOWN.good.number)
  assert.equal(given.number.length, TOWN.good.number.length)
  const elsewhere = await cardNumberOf(here.register, view)
  assert.ok(!elsewhere.ok && elsewhere.problem.code === 'not-found')
  const said = await machineSays({ ...given, reference: view.deal })
  assert.equal(said.kind, 'approved', JSON.stringify(said))
  const settled = await becomes(view, 'settled')
  assert.ok(settled.means.kind === 'card')
  assert.equal(settled.means.reference?.split('/')[0], said.approval)
  assert.deepEqual(await concluded(settled), [{ kind: 'collect', state: 'yes', trouble: null }])
  const over = await cardNumberOf(till, view)
  assert.ok(!over.ok && over.problem.code === 'card-number-none')
  // The same number once more, and for more, is somebody's trick: refused, and in the operator's log.
  assert.equal((await machineSays({ ...given, reference: 'again' })).kind, 'refused')
  await until(async () => {
    await here.hub.cardsCatchUp()
    return alarms.some((line) => line.includes('used-twice'))
  })
  assert.ok(alarms.every((line) => !line.includes(given.number)))
  // What goes back, goes back to the card.
  await until(async () => (await till.send('refund', { payment: view.payment, amount: '600', lines: [] })).ok)
  const rows = await until(async () => {
    const found = await concluded(view)
    return found.length === 2 ? found : null
  })
  assert.deepEqual(rows.at(-1), { kind: 'return', state: 'done', trouble: null })
  till.close()
})

test('a one-time number that nobody sends: told no in time, and the number is worth nothing any more', async () => {
  const till = await tillWithMachine()
  oneTimeWithinMs = IMPATIENT_MS
  const view = await askedOf(here.hanako, till, bill(160n), { card })
  const given = await until(async () => {
    const found = await cardNumberOf(till, view)
    return found.ok ? found.view : null
  })
  assert.equal(refusedOf(await becomes(view, 'joined')), 'no-answer')
  await concluded(view)
  assert.equal((await machineSays({ ...given, reference: view.deal })).kind, 'refused')
  await here.hanako.send('decline', { payment: view.payment })
  till.close()
})
