// Races on a real PostgreSQL with two hubs on one database: exactly one wins, both sides agree, and the books stay right.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { randomBytes, randomInt } from 'node:crypto'
import pg from 'pg'
import type { PaymentId } from '#core/ids.ts'
import { faultsOf } from '#core/invariants.ts'
import { numberFrom, randomDigitsFor } from '#core/numbers.ts'
import { stateOf } from '#core/payment.ts'
import { uuidOf } from '#server/postgres/store.ts'
import { BUDGETS } from '#protocol/limits.ts'
import type { DeviceActor } from '#switch/actors.ts'
import { billerFrom } from '#switch/offers.ts'
import type { Answer } from '#switch/store.ts'
import type { Switch } from '#switch/switch.ts'
import { startTestHub, until, type TestHub } from './support/hub.ts'
import { billOf, groundOn, handedBack, newId, openTown, type Town } from './support/world.ts'

let hubs: readonly TestHub[]
let town: Town
const PEOPLE = 20

before(async () => {
  const first = await startTestHub()
  hubs = [first, await startTestHub({ settings: first.settings })]
  town = await openTown(await groundOn(first.settings), { people: PEOPLE, money: 10_000n })
})
after(async () => {
  await town.ground.close()
  await Promise.all(hubs.map((hub) => hub.stop()))
})
afterEach(async () => {
  await town.settleDown()
  assert.deepEqual(faultsOf(await town.ground.books()), [])
  assert.deepEqual(town.alarms, [])
})

/** The hub that hears the n-th of several at once. */
const hubAt = (index: number): Switch => {
  const hub = hubs[index % hubs.length]
  assert.ok(hub)
  return hub.hub
}
const times = <Result>(count: number, make: (index: number) => Promise<Result>): Promise<Result[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => make(index)))

const join = (
  actor: DeviceActor,
  number: string,
  index: number,
  id = newId('cmd'),
  address = randomBytes(8).toString('hex'),
) => town.say(actor, { name: 'join', credential: { kind: 'number', number }, address }, id, hubAt(index))

const person = (index: number): DeviceActor => {
  const found = town.people[index % PEOPLE]
  assert.ok(found)
  return found
}

async function joined(
  index: number,
  amount: bigint,
  by = person(index),
): Promise<{ payment: PaymentId; deal: Answer['deal'] }> {
  const { number, deal } = await town.offer(billOf(amount))
  const answer = await join(by, number, index)
  assert.equal(answer.refusal, null)
  assert.ok(answer.payment !== null)
  return { payment: answer.payment, deal }
}

const winners = (answers: readonly Answer[]): Answer[] => answers.filter(({ refusal }) => refusal === null)
const codes = (answers: readonly Answer[]): string[] =>
  [...new Set(answers.flatMap(({ refusal }) => refusal?.code ?? []))].toSorted()

test('twenty phones send one number at the same instant: exactly one joins, the others hear the uniform miss', async () => {
  // A phone has five wrong numbers; in each round 19 of the 20 lose one.
  for (let round = 0; round < 4; round++) {
    const { number, deal } = await town.offer(billOf(100n))
    const answers = await times(PEOPLE, (index) => join(person(index), number, index))
    const [winner, ...more] = winners(answers)
    assert.ok(winner !== undefined && more.length === 0, `${more.length + 1} phones joined`)
    assert.deepEqual(codes(answers), ['number-not-found'])
    for (const { refusal, payment, deal: told } of answers)
      if (refusal !== null) assert.deepEqual([payment, told], [null, null])
    for (const index of [0, 1]) {
      const seen = await hubAt(index).lookAt({ terminal: town.till.id, deal })
      assert.equal(seen?.payment?.id, winner.payment)
    }
    await town.say(town.till, { name: 'cancel-deal', deal, payment: winner.payment })
  }
})

test('approve, cancel, decline and release at once: exactly one wins, and both hubs and the money agree', async () => {
  const wins = new Map<string, number>()
  for (let round = 0; round < 40; round++) {
    const payer = person(round)
    const { payment, deal } = await joined(round, 50n, payer)
    assert.ok(deal !== null)
    const before = await town.balance(payer)
    const names = ['approve', 'cancel-deal', 'decline', 'release'] as const
    const say = (name: (typeof names)[number], index: number): Promise<Answer> => {
      const over = hubAt(index + round)
      if (name === 'approve') return town.approve(payer, payment, { over })
      if (name === 'decline') return town.say(payer, { name, payment }, newId('cmd'), over)
      return town.say(town.till, { name, deal, payment }, newId('cmd'), over)
    }
    const order = names.map((name) => ({ name, at: randomInt(1_000) })).toSorted((left, right) => left.at - right.at)
    const answers = await Promise.all(order.map(async ({ name }, index) => ({ name, answer: await say(name, index) })))
    const won = answers.filter(({ answer }) => answer.refusal === null)
    assert.equal(
      won.length,
      1,
      answers.map(({ name, answer }) => `${name}: ${answer.refusal?.code ?? 'won'}`).join(', '),
    )
    const [winner] = won
    wins.set(winner?.name ?? '', (wins.get(winner?.name ?? '') ?? 0) + 1)
    assert.deepEqual(codes(answers.map(({ answer }) => answer)), ['state-conflict'])

    const seen = await Promise.all(hubs.map((hub) => hub.store.readPayment(payment)))
    const states = seen.map((each) => each && `${stateOf(each)} ${each.ended?.reason ?? ''}`)
    const expected = {
      approve: 'settled ',
      'cancel-deal': 'ended cancelled-by-biller',
      decline: 'ended cancelled-by-payer',
      release: 'ended released',
    }
    assert.deepEqual(new Set(states), new Set([expected[winner?.name ?? 'approve']]))
    assert.equal(before - (await town.balance(payer)), winner?.name === 'approve' ? 50n : 0n)
    const offers = await Promise.all([0, 1].map((index) => hubAt(index).lookAt({ terminal: town.till.id, deal })))
    assert.deepEqual(
      new Set(offers.map((each) => each?.offer.state.kind)),
      new Set([winner?.name === 'release' ? 'open' : 'taken']),
    )
  }
  assert.ok(wins.size > 1, 'the race is a race')
})

test('one command id twenty times over both hubs has one effect and one answer', async () => {
  const deal = newId('deal')
  const payer = await town.person('Payer', 10_000n)
  const id = () => newId('cmd')
  const same = async (send: (index: number) => Promise<Answer>): Promise<Answer> => {
    const answers = await times(20, send)
    const [first] = answers
    for (const answer of answers) assert.deepEqual(answer, first)
    assert.ok(first)
    assert.equal(first.refusal, null)
    return first
  }
  const openId = id()
  await same((index) => town.say(town.till, { name: 'open-offer', deal, bill: billOf(1_000n) }, openId, hubAt(index)))
  const number = await town.number(deal)
  const joinId = id()
  const { payment } = await same((index) => join(payer, number, index, joinId, 'one place'))
  assert.ok(payment !== null)
  const before = await town.balance(payer)
  const seen = await town.ground.store.readPayment(payment)
  assert.ok(seen)
  const approveId = id()
  const at = await town.ground.store.now()
  await same((index) => town.approve(payer, payment, { id: approveId, over: hubAt(index), seen, at }))
  assert.equal(before - (await town.balance(payer)), 1_000n)
  const refundId = id()
  await same((index) => town.refund(payment, 400n, [], refundId, hubAt(index)))
  await town.settleDown()
  assert.equal(before - (await town.balance(payer)), 600n)
  const mismatch = await town.refund(payment, 401n, [], refundId, hubAt(1))
  assert.equal(mismatch.refusal?.code, 'command-mismatch')
})

test('refunds in parallel over both hubs never give back more than was paid', async () => {
  const { payment } = await joined(3, 1_000n, person(3))
  assert.equal((await town.approve(person(3), payment)).refusal, null)
  const before = await town.balance(person(3))
  const answers = await times(20, (index) => town.refund(payment, 150n, [], newId('cmd'), hubAt(index)))
  assert.equal(winners(answers).length, 6)
  assert.deepEqual(codes(answers), ['already-refunded'])
  await town.settleDown()
  assert.equal((await town.balance(person(3))) - before, 900n)
  const shown = await until(async () => {
    const seen = await town.ground.store.readPayment(payment)
    return seen?.refunds.length === 6 && seen.refunds
  })
  assert.equal(
    shown.reduce((total, { refunded }) => total + refunded, 0n),
    900n,
  )
})

test('a payer who spends in many places at once never falls below zero', async () => {
  const poor = await town.person('Spender', 1_000n)
  const payments: PaymentId[] = []
  for (let index = 0; index < 10; index++) payments.push((await joined(index, 300n, poor)).payment)
  const answers = await Promise.all(
    payments.map((payment, index) => town.approve(poor, payment, { over: hubAt(index) })),
  )
  assert.equal(winners(answers).length, 3)
  assert.deepEqual(codes(answers), ['insufficient-funds'])
  assert.equal(await town.balance(poor), 100n)
})

test('two depositors and the hubs own, all at once under payments: each payee gets each transfer once', async () => {
  await town.settleDown()
  const paying = { over: false }
  const depositors = hubs.map(async (hub) => {
    while (!paying.over) await times(16, (bucket) => hub.store.deposit(bucket))
  })
  const payers = await times(30, (index) => town.person(`Payer ${index}`, 10n))
  const start = await town.balance(town.till)
  const paid = await times(30, async (index) => {
    const payer = payers[index] ?? town.payer
    const { payment } = await joined(index, 7n, payer)
    return town.approve(payer, payment, { over: hubAt(index) })
  })
  paying.over = true
  await Promise.all(depositors)
  await town.settleDown()
  assert.equal(winners(paid).length, 30)
  assert.equal((await town.balance(town.till)) - start, 210n)
})

const wrongNumber = (): string => numberFrom(Uint8Array.from(randomBytes(16)), randomDigitsFor('area'))

test("a phone's wrong numbers stop exactly at the budget, two hundred at once over both hubs; a right one gives its try back", async () => {
  const guesser = await town.person('Guesser', 1_000n)
  assert.equal((await join(guesser, wrongNumber(), 0)).refusal?.code, 'number-not-found')
  const answers = await times(200, (index) => join(guesser, wrongNumber(), index))
  const missed = answers.filter(({ refusal }) => refusal?.code === 'number-not-found')
  assert.deepEqual(codes(answers), ['number-not-found', 'too-many-tries'])
  assert.equal(missed.length, 4)

  const honest = await town.person('Honest', 1_000n)
  const place = 'a place'
  for (let index = 0; index < 4; index++)
    assert.equal((await join(honest, wrongNumber(), index, newId('cmd'), place)).refusal?.code, 'number-not-found')
  for (let index = 0; index < 8; index++) {
    const { number, deal } = await town.offer(billOf(10n))
    const answer = await join(honest, number, index, newId('cmd'), place)
    assert.equal(answer.refusal, null, 'a right number costs nothing')
    await town.say(town.till, { name: 'cancel-deal', deal, payment: answer.payment })
  }
  assert.equal((await join(honest, wrongNumber(), 0, newId('cmd'), place)).refusal?.code, 'number-not-found')
  const { number } = await town.offer(billOf(10n))
  assert.equal((await join(honest, number, 1, newId('cmd'), place)).refusal?.code, 'too-many-tries')
})

test('many phones at one address share a budget, too', async () => {
  const phones = await times(13, (index) => town.person(`Bot ${index}`, 0n))
  const answers = await times(65, (index) => {
    const phone = phones[index % phones.length]
    assert.ok(phone)
    return join(phone, wrongNumber(), index, newId('cmd'), 'one block')
  })
  assert.equal(answers.filter(({ refusal }) => refusal?.code === 'number-not-found').length, 60)
  assert.deepEqual(codes(answers), ['number-not-found', 'too-many-tries'])
})

test('wrong, used, withdrawn, expired and released numbers get one answer', async () => {
  const asker = await town.person('Asker', 10_000n)
  const used = await town.offer(billOf(10n))
  await join(town.payer, used.number, 0)
  const withdrawn = await town.offer(billOf(10n))
  await town.say(town.till, { name: 'cancel-deal', deal: withdrawn.deal, payment: null })
  const released = await town.offer(billOf(10n))
  const { payment } = await join(town.payer, released.number, 1)
  assert.ok(payment !== null)
  await town.say(town.till, { name: 'release', deal: released.deal, payment })
  const expired = await town.offer(billOf(10n))
  const client = new pg.Client(hubs[0]?.settings)
  await client.connect()
  await client.query(
    "update offer set due_at = 1, snapshot = jsonb_set(snapshot, '{state,ticket,expiresAt}', '1') where deal = $1",
    [uuidOf(expired.deal)],
  )
  await client.end()
  const answers = []
  for (const number of [used.number, withdrawn.number, released.number, expired.number, wrongNumber()])
    answers.push(await join(asker, number, answers.length))
  assert.equal(new Set(answers.map((answer) => JSON.stringify(answer))).size, 1)
  assert.deepEqual(codes(answers), ['number-not-found'])
  await until(
    async () => (await hubAt(1).lookAt({ terminal: town.till.id, deal: expired.deal }))?.offer.state.kind === 'expired',
  )
})

test('one code’s bill sent through both hubs at once makes one payment, and what is over a person’s cap makes none', async () => {
  const shown = town.people[PEOPLE - 1] ?? assert.fail()
  const { burst } = BUDGETS.prompts
  const commands = Array.from({ length: burst + 5 }, () => ({ deal: newId('deal'), id: newId('cmd') }))
  const twice = await Promise.all(
    commands.map(({ deal, id }) =>
      times(2, (index) =>
        town.say(town.till, { name: 'bill-code', deal, bill: billOf(5n), payer: shown }, id, hubAt(index)),
      ),
    ),
  )
  const put = new Set(twice.flat().flatMap(({ payment }) => payment ?? []))
  assert.deepEqual(codes(twice.flat()), ['too-many-questions'])
  assert.ok(put.size <= burst, `${put.size} questions`)
  const open = await town.ground.store.readOpenPayments(shown.party, 100)
  assert.equal(open.filter(({ way }) => way === 'code').length, put.size, 'one payment for each that was decided')
})

test('phone and register hand in one purchase at once, at either hub: it is paid once, and both hear so', async () => {
  const before = await town.balance(town.payer)
  const rounds = 20
  for (let round = 0; round < rounds; round++) {
    const [deal, bill] = [newId('deal'), billOf(3n)]
    const start = { biller: billerFrom(town.till), deal, bill, nonce: 'ab'.repeat(16) }
    const evidence = handedBack(town.ground.scheme, start, town.payer, 'right', await town.ground.store.now())
    const { payer, till: terminal } = town
    const answers = await Promise.all([
      town.say(terminal, { name: 'submit-signed', deal, bill, payer, evidence }, newId('cmd'), hubAt(round)),
      town.say(payer, { name: 'submit-purchase', terminal, deal, bill, evidence }, newId('cmd'), hubAt(round + 1)),
    ])
    assert.deepEqual(codes(answers), [])
    assert.equal(new Set(answers.map(({ payment }) => payment)).size, 1)
  }
  assert.equal(await town.balance(town.payer), before - 3n * BigInt(rounds))
})

test('nobody at the till waits for a deposit to the shop: a deal is opened and joined while it is being written', async () => {
  const client = new pg.Client(hubs[0]?.settings)
  await client.connect()
  try {
    // What a deposit holds until its commit.
    await client.query('begin')
    const { rowCount } = await client.query('select from account where key = $1 for update', [town.till.account])
    assert.equal(rowCount, 1)
    const { payment } = await joined(0, 10n)
    assert.ok(payment)
  } finally {
    await client.end()
  }
})
