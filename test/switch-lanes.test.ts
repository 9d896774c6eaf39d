// Lanes and the switch when things go wrong: batches that fail, commits without an answer, no database, too much at once,
// and deals that were left half-way.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { bucketOf, systemAccount } from '#core/accounts.ts'
import { bucketOfId } from '#core/ids.ts'
import { affords } from '#core/ledger.ts'
import { stateOf } from '#core/payment.ts'
import { refuse } from '#core/refusals.ts'
import { LIMITS } from '#protocol/limits.ts'
import type { Budgets } from '#switch/budgets.ts'
import { createLanes, NOTHING, refused, TooBusy, type Outcome, type Step } from '#switch/lanes.ts'
import { memoryStore } from '#switch/memory-store.ts'
import { OutcomeUnknown, StoreUnavailable, type BucketNeeds, type Store } from '#switch/store.ts'
import { createSwitch } from '#switch/switch.ts'
import { billOf, BUCKETS, memoryGround, newId, openTown, type Ground } from './support/world.ts'
import { biller, JPY, NOON, payer, unit } from './support/deal.ts'

const HOME = bucketOf(payer.account, BUCKETS)
type Trouble = 'before' | 'after' | 'undone' | Error | null

/** A store that has trouble as told: an error before anything is done, a decision undone, or a commit whose answer is lost. */
function troubled(store: Store, trouble: (needs: readonly BucketNeeds[]) => Trouble): Store & { commits: number } {
  const wrapped = {
    ...store,
    commits: 0,
    async transact(...[needs, decide]: Parameters<Store['transact']>) {
      const what = trouble(needs)
      if (what === 'before') throw new OutcomeUnknown('the connection broke before the commit')
      if (what instanceof Error) throw what
      await store.transact(needs, (rows) => {
        const writes = decide(rows)
        if (what === 'undone') throw new Error('the database refused the rows')
        return writes
      })
      wrapped.commits++
      if (what === 'after') throw new OutcomeUnknown('the connection broke after the commit')
    },
  }
  return wrapped
}

/** Lanes over one account with 1,000 yen. */
async function opened(trouble: (needs: readonly BucketNeeds[]) => Trouble = () => null) {
  const memory = memoryStore({ buckets: BUCKETS, now: () => NOON })
  await memory.register({ accounts: [{ key: payer.account, unit: JPY }] })
  await memory.register({ accounts: [{ key: biller.account, unit: JPY }] })
  const alarms: unknown[] = []
  const lanesOver = (store: Store) =>
    createLanes({
      store,
      buckets: BUCKETS,
      zone: () => 'Asia/Tokyo',
      lanes: 2,
      onCommit: () => {},
      onAlarm: ({ error }) => void alarms.push(error),
    })
  await lanesOver(memory).run({
    bucket: HOME,
    command: null,
    needs: { accounts: [systemAccount('issue', HOME)] },
    decide(working) {
      working.post({ ...transfer, debit: systemAccount('issue', HOME), credit: payer.account, amount: 1_000n })
      return NOTHING
    },
  })
  await memory.deposit(HOME)
  const store = troubled(memory, trouble)
  const lanes = lanesOver(store)
  const balance = async (): Promise<bigint> => (await memory.readBalances(payer.account))[0]?.balance ?? 0n
  return { memory, store, lanes, alarms, balance }
}

const transfer = {
  debit: payer.account,
  credit: biller.account,
  unit: JPY,
  kind: 'post',
  payment: null,
  debitName: 'shop',
  creditName: 'payer',
} as const

const spend = (amount: bigint, id = newId('cmd'), hash = '00'): Step => ({
  bucket: HOME,
  command: { actor: payer.device, id, hash },
  needs: { accounts: [payer.account] },
  decide(working) {
    const account = working.account(payer.account, JPY)
    assert.ok(account)
    if (!affords(account, amount)) {
      return refused(refuse('insufficient-funds', { available: String(account.balance) }))
    }
    working.post({ ...transfer, amount })
    return { ...NOTHING, version: Number(account.version) }
  },
})
const throwing = (id = newId('cmd')): Step => ({
  ...spend(1n, id),
  decide() {
    throw new Error('a bug in the rules')
  },
})
const codeOf = (outcome: Outcome | undefined): string =>
  outcome === undefined || outcome === 'again' ? String(outcome) : (outcome.refusal?.code ?? 'done')

test('what arrives together is one commit, and later commands see what earlier ones spent', async () => {
  const { store, lanes, balance } = await opened()
  const outcomes = await Promise.all([600n, 600n, 400n, 1n].map((amount) => lanes.run(spend(amount))))
  assert.deepEqual(outcomes.map(codeOf), ['done', 'insufficient-funds', 'done', 'insufficient-funds'])
  assert.deepEqual(outcomes[1], refused(refuse('insufficient-funds', { available: '400' })))
  assert.equal(store.commits, 1)
  assert.equal(await balance(), 0n)
})

test('a commit in flight gathers the next batch', async () => {
  const { store, lanes } = await opened()
  const first = lanes.run(spend(1n))
  await setImmediate()
  await Promise.all([first, ...Array.from({ length: 300 }, () => lanes.run(spend(1n)))])
  assert.ok(store.commits <= 3, `${store.commits} commits`)
})

test('the same id in one batch is decided once, and with another body is a mismatch', async () => {
  const { lanes, balance } = await opened()
  const id = newId('cmd')
  const steps = [
    spend(10n, id),
    spend(10n, id),
    spend(20n, id, '11'),
    { ...spend(20n, id), command: { actor: biller.terminal, id, hash: '22' } },
  ]
  const outcomes = await Promise.all(steps.map((step) => lanes.run(step)))
  assert.deepEqual(outcomes.map(codeOf), ['done', 'done', 'command-mismatch', 'done'])
  assert.deepEqual(outcomes[1], outcomes[0])
  assert.equal(await balance(), 970n)
  assert.deepEqual(await lanes.run(spend(10n, id)), outcomes[0])
  assert.equal(codeOf(await lanes.run(spend(20n, id, '11'))), 'command-mismatch')
})

test('a step that throws fails alone after three tries, for ever and with an alarm, and the rest of its batch goes on', async () => {
  const { lanes, alarms, balance, memory } = await opened()
  const id = newId('cmd')
  let tries = 0
  const bad: Step = {
    ...throwing(id),
    decide() {
      tries++
      throw new Error('a bug in the rules')
    },
  }
  const outcomes = await Promise.all([spend(100n), bad, spend(200n)].map((step) => lanes.run(step)))
  assert.deepEqual(outcomes.map(codeOf), ['done', 'could-not-decide', 'done'])
  assert.equal(tries, 1 + 3, 'once with the others, three times alone')
  assert.equal(alarms.length, 1)
  assert.equal(await balance(), 700n)
  assert.equal((await memory.readCommand(HOME, { actor: payer.device, id }))?.answer.refusal?.code, 'could-not-decide')
  assert.equal(
    codeOf(await lanes.run(spend(1n, id))),
    'could-not-decide',
    'the answer stays, though it could be decided now',
  )
  assert.equal(await balance(), 700n)
})

test('a step that throws half-way leaves nothing of itself', async () => {
  const { lanes, balance, memory } = await opened()
  const half: Step = {
    ...spend(0n),
    decide(working) {
      working.post({ ...transfer, amount: 999n })
      throw new Error('after the posting')
    },
  }
  const outcomes = await Promise.all([half, spend(1_000n)].map((step) => lanes.run(step)))
  assert.deepEqual(outcomes.map(codeOf), ['could-not-decide', 'done'])
  assert.equal(await balance(), 0n)
  assert.deepEqual(
    memory
      .contents()
      .transfers.filter(({ bucket }) => bucket === HOME)
      .map(({ amount }) => amount),
    [1_000n, 1_000n],
  )
})

for (const when of ['before', 'after'] as const) {
  test(`a commit whose answer is lost (${when} it was done) is run again, and every command is decided once`, async () => {
    let lost = 0
    const { lanes, balance, alarms } = await opened(() => (lost++ === 0 ? when : null))
    const outcomes = await Promise.all([600n, 600n, 400n].map((amount) => lanes.run(spend(amount))))
    assert.deepEqual(outcomes.map(codeOf), ['done', 'insufficient-funds', 'done'])
    assert.equal(await balance(), 0n)
    assert.deepEqual(alarms, [])
  })
}

test('a commit that never gets an answer is no answer, and the command repeated later gets its own', async () => {
  let lost = true
  const { lanes, balance, alarms } = await opened(() => (lost ? 'after' : null))
  const step = spend(600n)
  await assert.rejects(lanes.run(step), StoreUnavailable)
  assert.deepEqual(alarms, [])
  lost = false
  assert.equal(codeOf(await lanes.run(step)), 'done')
  assert.equal(await balance(), 400n)
})

test('without a database everything that waits is rejected and nothing is stored', async () => {
  let away = true
  const { lanes, memory, balance, alarms } = await opened(() => (away ? new StoreUnavailable('no database') : null))
  const steps = [spend(1n), throwing(), spend(2n)]
  const results = await Promise.allSettled(steps.map((step) => lanes.run(step)))
  for (const result of results) assert.ok(result.status === 'rejected' && result.reason instanceof StoreUnavailable)
  for (const { command } of steps) assert.equal(command && (await memory.readCommand(HOME, command)), undefined)
  assert.deepEqual([lanes.waiting(), alarms.length, await balance()], [0, 0, 1_000n])
  away = false
  assert.equal(codeOf(await lanes.run(steps[0] ?? spend(1n))), 'done')
})

test('past the waiting limit the lanes say at once that they are too busy', async () => {
  const { lanes } = await opened()
  const waiting = Array.from({ length: LIMITS.waitingCommands }, () => lanes.run(spend(0n + 1_001n)))
  await assert.rejects(lanes.run(spend(1n)), TooBusy)
  assert.equal(lanes.waiting(), LIMITS.waitingCommands)
  await Promise.all(waiting)
  await setImmediate()
  assert.equal(lanes.waiting(), 0)
  assert.equal(codeOf(await lanes.run(spend(1n))), 'done')
})

test('a step that says again leaves no trace', async () => {
  const { lanes, memory } = await opened()
  const step: Step = { ...spend(1n), decide: () => 'again' }
  assert.equal(await lanes.run(step), 'again')
  assert.equal(step.command && (await memory.readCommand(HOME, step.command)), undefined)
})

// ---- the switch

const over = (ground: Ground, store: Store): Ground => ({ ...ground, store })
const sameBucket = async (town: Awaited<ReturnType<typeof openTown>>) => {
  for (let number = 0; number < BUCKETS; number++) {
    const person = await town.person(`Neighbour ${number}`, 1_000n)
    if (bucketOfId(person.id) === bucketOfId(town.till.id)) return person
  }
  return assert.fail('one of sixteen lives in the bucket of the till')
}

test('a phone that lives in the bucket of the shop joins and pays like any other', async () => {
  const town = await openTown(await memoryGround())
  const neighbour = await sameBucket(town)
  const id = newId('cmd')
  const { number } = await town.offer(billOf(300n))
  const joined = await town.join(neighbour, number, id)
  assert.ok(joined.payment)
  assert.ok(await town.ground.store.readPayment(joined.payment), 'the payment is there without anybody looking')
  assert.deepEqual(await town.join(neighbour, number, id), joined)
  assert.equal((await town.approve(neighbour, joined.payment)).refusal, null)
  await town.settleDown()
  assert.equal(await town.balance(neighbour), 700n)
  assert.deepEqual(await town.faults(), [])
})

test('a join that died half-way is finished by the phone that asks again, and by whoever looks', async () => {
  for (const finish of ['phone', 'till'] as const) {
    const ground = await memoryGround()
    const town = await openTown(ground)
    const away = { yes: true }
    const dying = town.make(
      over(
        ground,
        troubled(ground.store, (needs) =>
          away.yes && needs.some(({ payments }) => payments.length > 0) ? new StoreUnavailable('killed') : null,
        ),
      ),
    )
    const id = newId('cmd')
    const { number, deal } = await town.offer(billOf(300n))
    await assert.rejects(town.join(town.payer, number, id, dying), StoreUnavailable)
    const key = { terminal: town.till.id, deal }
    const half = await ground.store.readOffer(bucketOfId(town.till.id), key)
    assert.ok(half?.state.kind === 'taken')
    assert.equal(await ground.store.readPayment(half.state.payment), undefined)
    if (finish === 'phone') assert.equal((await town.join(town.payer, number, id)).payment, half.state.payment)
    else assert.equal((await town.hub.lookAt(key))?.payment?.id, half.state.payment)
    const payment = await ground.store.readPayment(half.state.payment)
    assert.ok(payment)
    assert.ok(payment.version > half.version)
    assert.equal((await town.join(town.payer, number, id)).payment, payment.id)
    assert.equal((await town.approve(town.payer, payment.id)).refusal, null)
  }
})

test('a release that died half-way is finished by the till that asks again, and by whoever looks', async () => {
  for (const finish of ['again', 'look'] as const) {
    const ground = await memoryGround()
    const town = await openTown(ground)
    const { number, deal } = await town.offer(billOf(300n))
    const { payment } = await town.join(town.payer, number)
    assert.ok(payment)
    const dying = town.make(
      over(
        ground,
        troubled(ground.store, (needs) =>
          needs.some(({ numbers }) => numbers.length > 0) ? new StoreUnavailable('killed') : null,
        ),
      ),
    )
    const id = newId('cmd')
    await assert.rejects(town.say(town.till, { name: 'release', deal, payment }, id, dying), StoreUnavailable)
    assert.equal((await town.approve(town.payer, payment)).refusal?.code, 'state-conflict')
    if (finish === 'again') await town.say(town.till, { name: 'release', deal, payment }, id)
    else await Promise.all([1, 2].map(() => town.hub.lookAt({ terminal: town.till.id, deal })))
    const renewed = await town.number(deal)
    assert.notEqual(renewed, number)
    const again = await town.join(town.payer, renewed)
    assert.ok(again.payment)
    assert.equal((await town.approve(town.payer, again.payment)).refusal, null)
    assert.deepEqual(await town.faults(), [])
  }
})

test('a refund whose payment could not be told is told later, once', async () => {
  const clock = { now: NOON }
  const ground = await memoryGround(clock)
  const town = await openTown(ground)
  const { payment } = await town.join(town.payer, (await town.offer(billOf(300n))).number)
  assert.ok(payment)
  await town.approve(town.payer, payment)
  const broken = town.make(
    over(
      ground,
      troubled(ground.store, (needs) =>
        needs.some(({ payments }) => payments.includes(payment)) ? new Error('a bug') : null,
      ),
    ),
  )
  assert.equal((await town.refund(payment, 100n, [], newId('cmd'), broken)).refusal, null)
  assert.equal((await ground.store.readPayment(payment))?.refunds.length, 0)
  assert.deepEqual(await town.faults(), [], 'it is booked, and known to be untold')
  clock.now += 5_000
  assert.equal(await town.hub.tick(10), 1)
  assert.equal((await ground.store.readPayment(payment))?.refunds.length, 1)
  assert.equal(await town.hub.tick(10), 0)
  await town.settleDown()
  assert.deepEqual(await town.faults(), [])
  assert.equal(await town.balance(town.payer), 9_800n)
})

test('a number that could not be claimed is shown to nobody', async () => {
  const ground = await memoryGround()
  const town = await openTown(ground)
  let draws = 0
  const numbered = (needs: readonly BucketNeeds[]): Trouble =>
    needs.some(({ numbers }) => numbers.length > 0) && draws++ < 3 ? 'undone' : null
  const hub = town.make(over(ground, troubled(ground.store, numbered)))
  const deal = newId('deal')
  assert.equal(
    (await town.say(town.till, { name: 'open-offer', deal, bill: billOf(1n) }, newId('cmd'), hub)).refusal,
    null,
  )
  const { payment } = await town.join(town.payer, await town.number(deal))
  assert.ok(payment, 'the number on the screen leads to the bill')
})

test('renewing what is not there uses up no number', async () => {
  const ground = await memoryGround()
  const town = await openTown(ground)
  let draws = 0
  const hub = town.make(
    over(
      ground,
      troubled(ground.store, (needs) => {
        draws += needs.filter(({ numbers }) => numbers.length > 0).length
        return null
      }),
    ),
  )
  const { deal } = await town.offer(billOf(1n))
  const stranger = await town.shop()
  for (const [actor, what] of [
    [town.till, newId('deal')],
    [stranger, deal],
  ] as const) {
    const answer = await town.say(actor, { name: 'renew-number', deal: what }, newId('cmd'), hub)
    assert.equal(answer.refusal?.code, 'not-found')
  }
  assert.equal(draws, 0)
})

test('nobody bills in a unit that the shop has no account in: such money could never arrive', async () => {
  const town = await openTown(await memoryGround())
  const euros = { ...billOf(300n), unit: unit('EUR') }
  const deal = newId('deal')
  assert.equal((await town.say(town.till, { name: 'open-offer', deal, bill: euros })).refusal?.code, 'unit-mismatch')
  const waiting = await town.offer(null)
  const change = { name: 'change-bill', deal: waiting.deal, billVersion: 0, bill: euros } as const
  assert.equal((await town.say(town.till, { ...change, payment: null })).refusal?.code, 'unit-mismatch')
  const { payment } = await town.join(town.payer, waiting.number)
  assert.ok(payment)
  assert.equal((await town.say(town.till, { ...change, payment })).refusal?.code, 'unit-mismatch')
  const posting = {
    id: newId('cmd'),
    hash: '00',
    transfers: [{ ...transfer, debit: systemAccount('issue', 0), unit: unit('EUR'), amount: 1n }],
  }
  assert.equal((await town.hub.post(posting, town.till.id)).refusal?.code, 'account-unknown')
})

test('a missed number answers its command id for ever, also when another number leads elsewhere', async () => {
  const town = await openTown(await memoryGround())
  const used = await town.offer(billOf(1n))
  await town.join(town.people[1] ?? assert.fail(), used.number)
  const elsewhere = await town.shop()
  assert.notEqual(bucketOfId(elsewhere.id), bucketOfId(town.till.id))
  const deal = newId('deal')
  await town.say(elsewhere, { name: 'open-offer', deal, bill: billOf(1n) })
  const id = newId('cmd')
  assert.equal((await town.join(town.payer, used.number, id)).refusal?.code, 'number-not-found')
  const good = await town.number(deal, elsewhere)
  assert.equal((await town.join(town.payer, good, id)).refusal?.code, 'command-mismatch')
  assert.equal((await town.join(town.payer, used.number, id)).refusal?.code, 'number-not-found')
})

test('only a miss costs a try: neither a hit, nor a scan, nor a hub that could not decide', async () => {
  const ground = await memoryGround()
  const town = await openTown(ground)
  let spent = 0
  const budgets: Budgets = {
    charge: async () => {
      spent++
      return true
    },
    giveBack: async () => {
      spent--
    },
  }
  let away = false
  const store = troubled(ground.store, () => (away ? new StoreUnavailable('no database') : null))
  const hub = createSwitch({
    store,
    budgets,
    scheme: ground.scheme,
    random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
    lanes: 1,
    onChange: () => {},
    onAlarm: () => {},
  })
  const first = await town.offer(billOf(1n))
  away = true
  await assert.rejects(town.join(town.payer, first.number, newId('cmd'), hub), StoreUnavailable)
  assert.equal(spent, 0)
  away = false
  await town.join(town.payer, first.number, newId('cmd'), hub)
  assert.equal(spent, 0)
  await town.join(town.payer, first.number, newId('cmd'), hub)
  assert.equal(spent, 1)
  const credential = { kind: 'token', token: newId('tok') } as const
  await town.say(town.payer, { name: 'join', credential, address: '127.0.0.1' }, newId('cmd'), hub)
  assert.equal(spent, 1)
})

test('whichever of approve, release, cancel and bill comes first in one breath, money moves at most once and all agree', async () => {
  for (let round = 0; round < 20; round++) {
    const town = await openTown(await memoryGround())
    const { number, deal } = await town.offer(billOf(300n))
    const { payment } = await town.join(town.payer, number)
    assert.ok(payment)
    const seen = await town.ground.store.readPayment(payment)
    assert.ok(seen)
    const all = [
      () => town.approve(town.payer, payment, { seen }),
      () => town.approve(town.payer, payment, { seen }),
      () => town.say(town.till, { name: 'release', deal, payment }),
      () => town.say(town.till, { name: 'cancel-deal', deal, payment }),
      () => town.say(town.payer, { name: 'decline', payment }),
    ]
    const turned = [...all.slice(round % all.length), ...all.slice(0, round % all.length)]
    const answers = await Promise.all(turned.map((act) => act()))
    assert.equal(answers.filter(({ refusal }) => refusal === null).length, 1)
    await town.settleDown()
    assert.deepEqual(await town.faults(), [])
    const after = await town.ground.store.readPayment(payment)
    assert.ok(after)
    assert.equal(await town.balance(town.till), stateOf(after) === 'settled' ? 300n : 0n)
  }
})
