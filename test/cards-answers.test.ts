// What the hub makes of everything that a vault can say, and of its silence: each order ends, at both sides the same. The vault here is one on
// the wire alone, which says what the table wants; the real one and the issuers are in cards.test.ts.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { parseId } from '#core/ids.ts'
import type { PaymentView } from '#protocol/views.ts'
import { approve } from '#sdk/approval.ts'
import { callCards } from '#sdk/card-calls.ts'
import { presence } from '#sdk/presence.ts'
import { orderId } from '#server/bank/bank.ts'
import { problemOf } from '#protocol/problems.ts'
import { asked, codeOf, dealOf, joinByLink, openBank, PIN, type Bank } from './support/bank.ts'
import { newCommand } from './support/bank-program.ts'
import { askedOf, chosen, sent } from './support/card-programs.ts'
import { fakeVault, type FakeVault, type Reply } from './support/fake-vault.ts'
import { enrolled, startTestHub, until } from './support/hub.ts'
import { billOf, billWith, lineOf } from './support/world.ts'

let vault: FakeVault
let here: Bank
let card: string
const alarms: string[] = []

const [PATIENT_MS, IMPATIENT_MS] = [20_000, 1_000]
let withinMs = PATIENT_MS
const settings = () => ({
  ...vault.settings,
  get withinMs() {
    return withinMs
  },
  answerMs: 300,
  againMs: 20,
})
/** Nobody listens there: these tables are for the hub's own decisions. */
const demoIssuers = [
  { code: '0001', host: '127.0.0.1', port: 9 },
  { code: '0002', host: '127.0.0.1', port: 9 },
]

before(async () => {
  vault = await fakeVault()
  const log = { write: (line: string): void => void (line.includes('alarm') && alarms.push(line)) }
  here = await openBank({ vault: settings(), demoIssuers, log })
  card = await registered()
})
after(async () => {
  await here.close()
  await vault.die()
})
afterEach(() => {
  withinMs = PATIENT_MS
  vault.set({})
})

const bill = (amount: bigint) => asked(billOf(amount))
const ENVELOPE = 'e30..aaaa.bbbb.cccc'

const register = (command = newCommand(), envelope = ENVELOPE) => sent(here.hanako, { command, envelope, name: null })

async function registered(): Promise<string> {
  const added = await register()
  assert.ok(added.ok, JSON.stringify(added))
  return added.view.cards.at(-1)?.id ?? assert.fail()
}

const look = async ({ payment }: PaymentView): Promise<PaymentView> => {
  const read = await here.hanako.payment(payment)
  assert.ok(read.ok)
  return read.view
}
const becomes = (view: PaymentView, state: PaymentView['state']): Promise<PaymentView> =>
  until(async () => {
    const now = await look(view)
    return now.state === state ? now : null
  })
const orderOf = ({ payment }: PaymentView, number = 1): string =>
  orderId(parseId('pay', payment) ?? assert.fail(), number)

type OrderRow = Readonly<{
  kind: string
  state: string
  trouble: string | null
  reference: string | null
  amount: string
}>
async function ordersOf({ payment }: Pick<PaymentView, 'payment'>): Promise<OrderRow[]> {
  const { rows } = await here.hub.database.reads.query<OrderRow>(
    'select kind, state, trouble, reference, amount::text from outside_order where payment = $1 order by number',
    [payment.slice(4)],
  )
  return rows
}
const concluded = (view: PaymentView): Promise<OrderRow[]> =>
  until(async () => {
    const rows = await ordersOf(view)
    return rows.some(({ state }) => state === 'open') ? null : rows
  })
const refusedOf = ({ means }: PaymentView): string | null => (means.kind === 'card' ? means.refused : 'no card')

/** Approved, and what became of it at both sides. */
async function paid(amount = 500n) {
  return askedOf(here.hanako, here.register, bill(amount), { card })
}

test('a yes is a yes: the shop has the money, the issuer is told to keep it, and the payer sees the numbers of the slip', async () => {
  const settled = await becomes(await paid(1_280n), 'settled')
  assert.ok(settled.means.kind === 'card')
  const { kind, label, method, oneTime, refused, reference } = settled.means
  assert.deepEqual(
    { kind, label, method, oneTime, refused, reference },
    {
      kind: 'card',
      label: 'タヌキカード ···4242',
      method: 'lump',
      oneTime: false,
      refused: null,
      reference: '123456/000000123456',
    },
  )
  assert.deepEqual(await concluded(settled), [
    { kind: 'collect', state: 'yes', trouble: null, reference: '123456/000000123456', amount: '1280' },
    { kind: 'capture', state: 'done', trouble: null, reference: '000000000077', amount: '1280' },
  ])
  assert.deepEqual(vault.followed.get(orderOf(settled, 2)), {
    route: 'capture',
    order: orderOf(settled, 2),
    of: orderOf(settled),
    unit: 'JPY',
    amount: '1280',
  })
})

/** While the payer waits: what the vault says once, and how the payment and the order end. */
const SAID: readonly Readonly<{
  says: string
  reply: Reply
  refused: string | null
  order: Readonly<{ state: string; trouble: string | null }>
  isReversed: boolean
}>[] = [
  ...(['card-refused', 'card-expired', 'method-refused', 'over-card-limit', 'refused'] as const).map((reason) => ({
    says: reason,
    reply: { body: { kind: 'refused', code: '05', reason } } as const,
    refused: reason,
    order: { state: 'no', trouble: '05' },
    isReversed: false,
  })),
  {
    says: 'another amount',
    reply: { body: { kind: 'approved', unit: 'JPY', amount: '1', approval: '123456', rrn: '000000123456' } },
    refused: 'refused',
    order: { state: 'no', trouble: 'other-amount' },
    isReversed: true,
  },
  {
    says: 'another currency',
    reply: { body: { kind: 'approved', unit: 'USD', amount: '500', approval: '123456', rrn: '000000123456' } },
    refused: 'refused',
    order: { state: 'no', trouble: 'other-amount' },
    isReversed: true,
  },
  {
    says: 'a fault in the request',
    reply: { status: 422, body: { kind: 'other-body', fault: 'merchant' } },
    refused: 'refused',
    order: { state: 'no', trouble: 'merchant' },
    isReversed: true,
  },
  {
    says: 'that it has no key',
    reply: { status: 503, body: { kind: 'unavailable', fault: 'no-key' } },
    refused: 'unavailable',
    order: { state: 'no', trouble: 'unreachable' },
    isReversed: false,
  },
]
for (const { says, reply, refused, order, isReversed } of SAID)
  test(`the vault says ${says}: a no, and the payer chooses again`, async () => {
    vault.set({ authorise: () => reply })
    const view = await paid()
    assert.equal(refusedOf(await becomes(view, 'joined')), refused)
    const [row] = await concluded(view)
    assert.deepEqual({ state: row?.state, trouble: row?.trouble }, order)
    assert.equal(vault.isReversed(orderOf(view)), isReversed)
    vault.set({})
    assert.ok((await approve(here.hanako, await look(view), PIN)).ok)
    await becomes(view, 'settled')
  })

/** Nothing that can be believed is heard while the payer waits; afterwards the vault says this of the order. */
const LATER: readonly Readonly<{ hears: Reply; later: string; order: Reply; isReversed: boolean; trouble: string }>[] =
  [
    {
      hears: 'silent',
      later: 'approved',
      order: { body: { kind: 'approved', unit: 'JPY', amount: '500', approval: '123456', rrn: '000000123456' } },
      isReversed: true,
      trouble: 'late',
    },
    { hears: 'cut', later: 'unknown', order: { body: { kind: 'unknown' } }, isReversed: true, trouble: 'never asked' },
    {
      hears: { body: { kind: 'approved' } },
      later: 'refused',
      order: { body: { kind: 'refused', code: '91', reason: 'no-answer' } },
      isReversed: false,
      trouble: '91',
    },
    { hears: 'silent', later: 'pending', order: { body: { kind: 'pending' } }, isReversed: true, trouble: 'late' },
    { hears: { status: 500, body: 'oh' }, later: 'nothing', order: 'cut', isReversed: false, trouble: '' },
  ]
for (const { hears, later, order, isReversed, trouble } of LATER)
  test(`heard ${typeof hears === 'string' ? hears : 'nonsense'}, then ${later}: the payer is told no in time, and no money is anywhere`, async () => {
    withinMs = IMPATIENT_MS
    vault.set({ authorise: () => hears, order: () => order })
    const view = await paid()
    assert.equal(refusedOf(await becomes(view, 'joined')), 'no-answer')
    // What the vault never says anything of is asked for again and again.
    if (later === 'nothing') {
      await until(() => vault.heard.filter(({ route, body }) => route === 'order' && body === orderOf(view)).length > 2)
      vault.set({})
    }
    const [row] = await concluded(view)
    assert.equal(row?.state, 'no')
    if (later !== 'nothing') assert.equal(row?.trouble, trouble)
    assert.equal(vault.isReversed(orderOf(view)), isReversed || later === 'nothing')
  })

test('nobody is there: told at once; what has to follow a yes waits until somebody is', async () => {
  const view = await becomes(await paid(900n), 'settled')
  await concluded(view)
  await vault.die()
  const other = await paid(910n)
  assert.equal(refusedOf(await becomes(other, 'joined')), 'unavailable')
  const refund = () => here.register.send('refund', { payment: view.payment, amount: '400', lines: [] })
  await until(async () => (await refund()).ok)
  await until(async () => (await ordersOf(view)).some(({ kind, trouble }) => kind === 'return' && trouble !== null))
  assert.equal((await callCards(here.hanako, 'cards', {})).ok, true)
  await vault.rise()
  const rows = await concluded(view)
  assert.deepEqual(
    rows.filter(({ kind }) => kind === 'return').map(({ state, amount }) => [state, amount]),
    [['done', '400']],
  )
})

test('a refund waits until what it gives back was claimed', async () => {
  vault.set({ capture: () => ({ body: { kind: 'pending' } }) })
  const view = await becomes(await paid(800n), 'settled')
  await until(async () => (await here.register.send('refund', { payment: view.payment, amount: '300', lines: [] })).ok)
  await until(async () => (await ordersOf(view)).some(({ trouble }) => trouble === 'waits'))
  assert.ok(![...vault.followed.values()].some(({ route, of }) => route === 'refund' && of === orderOf(view)))
  vault.set({})
  const rows = await concluded(view)
  assert.deepEqual(
    rows.map(({ kind, state }) => `${kind} ${state}`),
    ['collect yes', 'capture done', 'return done'],
  )
})

test('what can never be carried out is left for somebody to look at, and told to nobody as done', async () => {
  vault.set({ capture: () => ({ body: { kind: 'refused', code: '12' } }) })
  const view = await becomes(await paid(810n), 'settled')
  const rows = await concluded(view)
  assert.deepEqual(
    rows.map(({ kind, state, trouble }) => [kind, state, trouble]),
    [
      ['collect', 'yes', null],
      ['capture', 'stuck', '12'],
    ],
  )
})

test('goods that are handed over in part: so much is claimed, the rest is let go', async () => {
  const waits = { conditions: { delivery: true, coolingOff: null } }
  const goods = asked(billWith(lineOf(300n, waits), lineOf(700n)))
  const view = await askedOf(here.hanako, here.register, goods, { card })
  await becomes(view, 'held')
  const portions = (await look(view)).portions.findIndex(({ state }) => state === 'held')
  const delivered = await here.register.send('deliver', { payment: view.payment, portion: portions, amount: '100' })
  assert.ok(delivered.ok, JSON.stringify(delivered))
  const rows = await until(async () => {
    const found = await concluded(view)
    return found.length === 4 ? found : null
  })
  assert.deepEqual(rows.map(({ kind, state, amount }) => `${kind} ${amount} ${state}`).toSorted(), [
    'capture 100 done',
    'capture 700 done',
    'collect 1000 yes',
    'release 200 done',
  ])
})

test('a card that its issuer has stopped is suspended, and chosen no more', async () => {
  const own = await registered()
  vault.set({ authorise: () => ({ body: { kind: 'refused', code: '43', reason: 'card-stopped' } }) })
  const view = await askedOf(here.hanako, here.register, bill(120n), { card: own })
  assert.equal(refusedOf(await becomes(view, 'joined')), 'card-stopped')
  const list = await callCards(here.hanako, 'cards', {})
  assert.ok(list.ok)
  const { status, why } = list.view.cards.find(({ id }) => id === own) ?? assert.fail()
  assert.deepEqual([status, why], ['suspended', 'card-stopped'])
  const again = { payment: view.payment, means: { kind: 'card', id: own, method: 'lump' } } as const
  assert.equal(codeOf(await here.hanako.send('choose-means', again)), 'means-not-found')
})

test('each answer to a registration has its own word, said again to the same command', async () => {
  await here.hub.database.transactions.query('delete from budget')
  for (const [reason, code] of [
    ['number-invalid', 'card-number-invalid'],
    ['expired', 'card-expired'],
    ['issuer-unknown', 'card-issuer-unknown'],
    ['issuer-refused', 'card-refused'],
  ] as const) {
    vault.set({ addCard: () => ({ body: { state: 'refused', reason } }) })
    const command = newCommand()
    const first = await register(command)
    vault.set({})
    const again = await register(command)
    assert.ok(!first.ok && !again.ok)
    assert.deepEqual([first.problem.code, again.problem.code], [code, code])
  }
  await here.hub.database.transactions.query('delete from budget')
  for (const reply of [
    { body: { state: 'no-answer' } },
    { status: 401, body: {} },
    { status: 503, body: { kind: 'unavailable', fault: 'no-key' } },
    { body: { state: 'active', first6: '457199' } },
  ]) {
    vault.set({ addCard: () => reply })
    const unheard = await register()
    assert.ok(!unheard.ok)
    assert.deepEqual(unheard.problem, problemOf('cards-unavailable'))
  }
})

test('an answer that was lost on the way: the same command again is the same card, and asks for no second try', async () => {
  await here.hub.database.transactions.query('delete from budget')
  const command = newCommand()
  vault.set({ addCard: () => 'cut' })
  const lost = await register(command)
  assert.ok(!lost.ok && lost.problem.code === 'cards-unavailable')
  vault.set({})
  const found = await register(command)
  const once = await register(command)
  assert.ok(found.ok && once.ok)
  assert.deepEqual(found.view.cards, once.view.cards)
  assert.equal(codeIn(await register(command, 'e30..dddd.eeee.ffff')), 'command-mismatch')
})

const codeIn = (outcome: Awaited<ReturnType<typeof register>>): string => (outcome.ok ? 'done' : outcome.problem.code)

test('numbers cannot be tried out: after a few that issuers refuse nothing more is asked', async () => {
  await here.hub.database.transactions.query('delete from budget')
  vault.set({ addCard: () => ({ body: { state: 'refused', reason: 'issuer-refused' } }) })
  const before = vault.asked('addCard')
  const codes: string[] = []
  for (let tries = 0; tries < 7; tries++) codes.push(codeIn(await register()))
  assert.deepEqual(
    codes.slice(0, 5),
    Array.from({ length: 5 }, () => 'card-refused'),
  )
  assert.deepEqual(codes.slice(5), ['too-many-tries', 'too-many-tries'])
  assert.equal(vault.asked('addCard') - before, 5)
  await here.hub.database.transactions.query('delete from budget')
})

test('a proof for one envelope registers no other', async () => {
  const envelope = 'e30..xxxx.yyyy.zzzz'
  const proof = await presence(here.hanako, 'add-card', ENVELOPE, PIN)
  assert.ok(proof.ok)
  const body = { command: newCommand(), envelope, name: null, presence: proof.view }
  assert.equal(codeIn(await callCards(here.hanako, 'addCard', { body })), 'signature-invalid')
})

test('a card has a name and a place of the owner’s choosing; removed, it is nowhere, and the vault hears it', async () => {
  const own = await registered()
  const named = await callCards(here.hanako, 'changeCard', { body: { card: own, name: 'Household', isDefault: true } })
  assert.ok(named.ok)
  const found = named.view.cards.find(({ id }) => id === own)
  assert.deepEqual([found?.name, found?.isDefault, found?.label], ['Household', true, 'タヌキカード ···4242'])
  assert.equal(named.view.cards.filter(({ isDefault }) => isDefault).length, 1)
  const back = await callCards(here.hanako, 'changeCard', { body: { card, isDefault: true } })
  assert.ok(back.ok)
  assert.deepEqual(
    back.view.cards.filter(({ isDefault }) => isDefault).map(({ id }) => id),
    [card],
  )
  assert.equal(
    codeIn(await callCards(here.kenji, 'changeCard', { body: { card: own, name: 'Mine' } })),
    'means-not-found',
  )
  assert.equal(codeIn(await callCards(here.kenji, 'removeCard', { body: { card: own } })), 'means-not-found')
  const removed = await callCards(here.hanako, 'removeCard', { body: { card: own } })
  assert.ok(removed.ok && removed.view.cards.every(({ id }) => id !== own))
  await here.hub.cardsCatchUp()
  assert.ok(vault.heard.some(({ route, body }) => route === 'endCard' && JSON.stringify(body).includes(own.slice(4))))
  const theirs = await joinByLink(here.hanako, await dealOf(here.register, bill(50n)))
  const choice = { payment: theirs.payment, means: { kind: 'card', id: own, method: 'lump' } } as const
  assert.equal(codeOf(await here.hanako.send('choose-means', choice)), 'means-not-found')
  await here.hanako.send('decline', { payment: theirs.payment })
})

test('somebody else’s card is none, and what a shop takes is told to the payer of a payment there alone', async () => {
  const theirs = await joinByLink(here.kenji, await dealOf(here.register, bill(60n)))
  const choice = { payment: theirs.payment, means: { kind: 'card', id: card, method: 'lump' } } as const
  assert.equal(codeOf(await here.kenji.send('choose-means', choice)), 'means-not-found')
  const costs = (client: Bank['hanako']) =>
    callCards(client, 'cardMethods', { params: { payment: theirs.payment }, query: { card } })
  const [payers, others] = [await costs(here.kenji), await costs(here.hanako)]
  assert.ok(!payers.ok && !others.ok)
  assert.deepEqual([payers.problem.code, others.problem.code], ['means-not-found', 'not-found'])
  await here.kenji.send('decline', { payment: theirs.payment })
})

test('between two people there is no card', async () => {
  const { payment } = await joinByLink(here.hanako, await dealOf(here.kenji, bill(70n)))
  const choice = { payment, means: { kind: 'card', id: card, method: 'lump' } } as const
  assert.equal(codeOf(await here.hanako.send('choose-means', choice)), 'card-not-accepted')
})

test('the methods of a payment, what each costs, and only those can be chosen', async () => {
  const view = await chosen(here.hanako, here.register, bill(3_600n), { card })
  const read = await callCards(here.hanako, 'cardMethods', { params: { payment: view.payment }, query: { card } })
  assert.ok(read.ok)
  const { methods, amount } = read.view
  assert.equal(amount, '3600')
  assert.deepEqual(methods[0], { ...methods[0], method: 'lump', fee: '0', total: '3600' })
  const three = methods.find(({ method }) => method === 'instalments-3') ?? assert.fail()
  assert.equal(three.payments.length, 3)
  assert.equal(
    three.payments.reduce((sum, each) => sum + BigInt(each.amount), 0n),
    BigInt(three.total),
  )
  assert.equal(BigInt(three.total), 3_600n + BigInt(three.fee))
  const choose = (method: string) =>
    here.hanako.send('choose-means', { payment: view.payment, means: { kind: 'card', id: card, method } })
  assert.equal(codeOf(await choose('instalments-3')), 'done')
  assert.equal(codeOf(await choose('instalments-59')), 'method-not-accepted')
  await here.hanako.send('decline', { payment: view.payment })
})

test('alarms of the vault are written to the log once, by one hub', async () => {
  const other = await startTestHub({ settings: here.hub.settings, vault: settings() })
  const alarm = { n: 7, at: 1, kind: 'used-twice', order: null, detail: 'seen at another till' }
  vault.alarm([alarm])
  await Promise.all([here.hub.cardsCatchUp(), other.cardsCatchUp()])
  await here.hub.cardsCatchUp()
  await other.stop()
  assert.equal(alarms.length, 1)
  assert.match(alarms[0] ?? '', /used-twice/u)
})

test('the vault works by the hub’s tables', async () => {
  await here.hub.cardsCatchUp()
  const tables = await until(() => vault.tables())
  assert.deepEqual(
    tables.issuers.map(({ code, port }) => [code, port]),
    [
      ['0001', 9],
      ['0002', 9],
    ],
  )
})

test('a hub without a vault: cards are not available, everything else is', async () => {
  const hub = await startTestHub({ settings: here.hub.settings })
  const phone = await enrolled(hub, 'hanako')
  const list = await callCards(phone, 'cards', {})
  assert.ok(list.ok)
  assert.equal(list.view.isAvailable, false)
  const keys = await callCards(phone, 'cardKeys', {})
  assert.ok(!keys.ok && keys.problem.code === 'cards-unavailable' && keys.problem.status < 500)
  assert.ok((await phone.balances()).ok)
  phone.close()
  await hub.stop()
})

test('a hub that dies between any two steps: whoever finds the order ends it the same way, and nothing is done twice', async () => {
  const view = await becomes(await paid(560n), 'settled')
  await concluded(view)
  const before = vault.asked('reverse')
  const reopened = async (kind: string): Promise<OrderRow[]> => {
    await here.hub.database.transactions.query(
      `update outside_order set state = 'open', reference = null, next_at = 0, trouble = 'asking' where payment = $1 and kind = $2`,
      [view.payment.slice(4), kind],
    )
    return concluded(view)
  }
  const wanted = await ordersOf(view)
  // The vault had said yes, the ledger had taken it, and the hub died before it wrote that down; long after, too.
  assert.deepEqual(await reopened('collect'), wanted)
  withinMs = 1
  assert.deepEqual(await reopened('collect'), wanted)
  withinMs = PATIENT_MS
  // The capture was done, and its answer lost.
  assert.deepEqual(await reopened('capture'), wanted)
  assert.equal(vault.asked('reverse'), before)
  assert.equal([...vault.followed.values()].filter(({ of }) => of === orderOf(view)).length, 1)
})

test('what was asked for by a hub that died and never reached the vault is taken back there, and the payer is free', async () => {
  vault.set({ authorise: () => 'silent' })
  withinMs = IMPATIENT_MS
  const view = await paid(570n)
  await becomes(view, 'joined')
  vault.set({})
  const [row] = await concluded(view)
  assert.deepEqual([row?.state, row?.trouble], ['no', 'never asked'])
  assert.ok(vault.isReversed(orderOf(view)))
  // Should it come to the vault after all, there is nothing to be had any more.
  assert.ok(!vault.followed.has(orderOf(view, 2)))
})
