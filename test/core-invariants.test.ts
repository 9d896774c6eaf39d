// The checker of the books: a day of trade has no fault, and every fault that is planted in it is found.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bucketOf, systemAccount } from '#core/accounts.ts'
import { actionHash, GENESIS_ACTION, type PostedAction } from '#core/actions.ts'
import type { Bill } from '#core/bill.ts'
import { idInBucket } from '#core/ids.ts'
import { faultsOf, type Books } from '#core/invariants.ts'
import { chainHash, GENESIS_HASH, MOST_ISSUED, type Account, type PostedTransfer } from '#core/ledger.ts'
import type { Payment } from '#core/payment.ts'
import { id } from './support/deal.ts'
import { cashOf, ledgerOn, transfer } from './support/ledger.ts'
import { billOf, billWith, BUCKETS, lineOf, memoryGround, openTown } from './support/world.ts'

/** A day in a small town: paid, held, delivered in part, refunded, taken back, cancelled, counted by the operator, and numbers waiting. */
async function dayOfTrade(): Promise<Books> {
  const clock = { now: 1_800_000_000_000 }
  const ground = await memoryGround(clock)
  const town = await openTown(ground)
  const joined = async (bill: Bill) => {
    const { payment } = await town.join(town.payer, (await town.offer(bill)).number)
    assert.ok(payment)
    return payment
  }
  const pay = async (bill: Bill) => {
    const payment = await joined(bill)
    assert.equal((await town.approve(town.payer, payment)).refusal, null)
    return payment
  }
  const paid = await pay(billWith(lineOf(750n), lineOf(250n)))
  const delivery = { delivery: true, coolingOff: null }
  const held = await pay(billOf(700n, delivery))
  await pay(billOf(300n, delivery))
  const coolingOff = { delivery: false, coolingOff: { period: 'PT1H', zone: 'UTC' } }
  const cooled = await pay(
    billWith(lineOf(11n, { conditions: coolingOff }), lineOf(12n, { conditions: coolingOff }), lineOf(13n)),
  )
  assert.equal((await town.say(town.payer, { name: 'take-back', payment: cooled, portion: 0 })).refusal, null)
  await town.say(town.till, { name: 'deliver', payment: held, portion: 0, amount: 500n })
  assert.equal((await town.refund(paid, 400n, [{ line: 0, amount: 400n }])).refusal, null)
  await town.say(town.payer, { name: 'decline', payment: await joined(billOf(50n)) })
  clock.now += 3_600_000
  assert.ok((await town.hub.tick(10)) > 0)
  await joined(billOf(60n))
  await town.offer(billOf(1n))
  await town.offer(billOf(2n))
  const { commit } = ledgerOn(ground)
  const home = bucketOf(town.payer.account, BUCKETS)
  await commit([{ bucket: home, accounts: [cashOf(home)] }], (working) => {
    for (const why of ['counted', 'counted again']) {
      const operator = idInBucket('opr', 0, new Uint8Array(14))
      const action = { operator, operatorName: 'Operator', subject: town.payer.account, why, before: '0', after: '5' }
      working.act(home, { ...action, what: 'cash-in' })
    }
    working.post(transfer(cashOf(home), town.payer.account, 5n, { kind: 'deposit' }))
  })
  await town.settleDown()
  // One more payment that has not been deposited yet.
  await pay(billOf(100n))
  const books = await ground.books()
  // Maps of its own: what is planted must not reach the store.
  return { ...books, heads: new Map(books.heads), marks: new Map(books.marks) }
}

const good = await dayOfTrade()
const one = <Row>(rows: readonly Row[], fits: (row: Row) => boolean): Row =>
  rows.find(fits) ?? assert.fail('no such row')
const swap = <Row>(rows: readonly Row[], old: Row, ...by: Row[]): Row[] =>
  rows.flatMap((row) => (row === old ? by : [row]))
const settle = one(good.transfers, ({ kind, amount }) => kind === 'settle' && amount === 1_000n)
const paid = one(good.payments, ({ id }) => id === settle.payment)
const heldOne = one(good.payments, ({ portions }) => portions.some(({ state }) => state.kind === 'held'))
const partly = one(good.payments, ({ portions }) =>
  portions.some(({ state, amount }) => state.kind === 'settled' && state.settled < amount),
)
const cooled = one(good.payments, ({ portions }) => portions.some(({ conditions }) => conditions.coolingOff !== null))
const [firstAction, secondAction] = good.actions
assert.ok(firstAction && secondAction)
const payerAccount = one(good.accounts, ({ key }) => key === settle.debit)
const credited = one(
  good.entries,
  ({ sequence, sourceBucket, amount }) => sequence === settle.sequence && sourceBucket === settle.bucket && amount > 0n,
)
const refund = one(good.refunds, () => true)
const open = good.offers.filter(({ state }) => state.kind === 'open')
const markKey = `${settle.creditBucket} ${settle.bucket}`

const withHead = (bucket: number, by: Partial<ReturnType<typeof headOf>>): Books['heads'] =>
  new Map(good.heads).set(bucket, { ...headOf(bucket), ...by })
const headOf = (bucket: number) => good.heads.get(bucket) ?? assert.fail('no such head')

/** The operator's log as a forger would leave it. */
function relogged(...log: Omit<PostedAction, 'hash'>[]): Pick<Books, 'actions' | 'heads'> {
  const links: PostedAction[] = []
  for (const action of log) {
    links.push({ ...action, hash: actionHash(links.at(-1)?.hash ?? GENESIS_ACTION, action) })
  }
  const head = { actions: BigInt(links.length), actionsHash: links.at(-1)?.hash ?? GENESIS_ACTION }
  return { actions: links, heads: withHead(log[0]?.bucket ?? 0, head) }
}

/** The journal of a bucket with one transfer changed and every later link made again, as a forger would. */
function relinked(old: PostedTransfer, by: Partial<PostedTransfer>): Pick<Books, 'transfers' | 'heads'> {
  const journal = good.transfers
    .filter(({ bucket }) => bucket === old.bucket)
    .toSorted((left, right) => Number(left.sequence - right.sequence))
  let hash: Uint8Array = GENESIS_HASH
  const links = journal.map((each) => {
    const changed = each === old ? { ...each, ...by } : each
    hash = chainHash(hash, changed)
    return { ...changed, hash }
  })
  const heads = withHead(old.bucket, { sequence: BigInt(links.length), hash })
  return { transfers: [...good.transfers.filter(({ bucket }) => bucket !== old.bucket), ...links], heads }
}

const withPayment = (old: Payment, by: Partial<Payment>): Partial<Books> => ({
  payments: swap(good.payments, old, { ...old, ...by }),
})
const withSpent = (spent: Account['spent']): Partial<Books> => ({
  accounts: swap(good.accounts, payerAccount, { ...payerAccount, spent }),
})
const NEVER = 9_000_000_000_000
const withMark = (key: string, mark: bigint): Partial<Books> => ({ marks: new Map(good.marks).set(key, mark) })

test('a good day has no fault', () => {
  assert.deepEqual(faultsOf(good), [])
  assert.ok(
    good.transfers.some((each) => each.sequence > (good.marks.get(`${each.creditBucket} ${each.bucket}`) ?? 0n)),
  )
})

const planted: Record<string, [Partial<Books>, RegExp]> = {
  'a transfer is gone from the journal': [{ transfers: swap(good.transfers, settle) }, /^journal \d+ has a gap at/],
  'the newest transfer is gone': [
    {
      transfers: swap(
        good.transfers,
        one(good.transfers, ({ amount, kind }) => kind === 'settle' && amount === 100n),
      ),
    },
    /^head of journal \d+ is not at its end$/,
  ],
  'a transfer was altered': [
    { transfers: swap(good.transfers, settle, { ...settle, amount: 999n }) },
    /^journal \d+ is altered at/,
  ],
  'a name in a transfer was altered': [
    { transfers: swap(good.transfers, settle, { ...settle, creditName: 'Somebody' }) },
    /^journal \d+ is altered at/,
  ],
  'a transfer has no amount': [relinked(settle, { amount: 0n }), /has no amount$/],
  'a transfer was altered and the chain forged after it': [relinked(settle, { amount: 999n }), /its transfers say/],
  'a transfer goes to another bucket than its account': [
    relinked(settle, { creditBucket: (settle.creditBucket + 1) % good.buckets }),
    /goes to a wrong bucket$/,
  ],
  'the head has another hash': [
    { heads: withHead(settle.bucket, { hash: GENESIS_HASH }) },
    /^head of journal \d+ has another hash$/,
  ],
  'a journal has no head': [
    { heads: new Map([...good.heads].filter(([bucket]) => bucket !== settle.bucket)) },
    /lies in a journal without a head$/,
  ],
  'a balance is another': [
    { accounts: swap(good.accounts, payerAccount, { ...payerAccount, balance: payerAccount.balance + 1n }) },
    /^balance of .* its transfers say/,
  ],
  'an account counts other entries': [
    { accounts: swap(good.accounts, payerAccount, { ...payerAccount, version: payerAccount.version + 1n }) },
    /^version of .* is not its entries' count$/,
  ],
  'an account is gone': [{ accounts: swap(good.accounts, payerAccount) }, /^account .* is missing$/],
  'an account was below zero': [
    {
      entries: good.entries.map((entry) =>
        entry.account === payerAccount.key ? { ...entry, balance: entry.balance - 10_000n } : entry,
      ),
    },
    /has a wrong balance$/,
  ],
  'an entry is missing': [{ entries: swap(good.entries, credited) }, /is not booked$/],
  'an entry is doubled': [
    { entries: swap(good.entries, credited, credited, credited) },
    /have a gap at|second of one$/,
  ],
  'one entry is missing and another doubled': [
    {
      entries: swap(
        swap(good.entries, credited),
        one(good.entries, ({ amount }) => amount === 10_000n),
        ...good.entries.filter(({ amount }) => amount === 10_000n),
      ),
    },
    /is not booked$/,
  ],
  'an entry names another payment': [
    { entries: swap(good.entries, credited, { ...credited, payment: partly.id }) },
    /is no booked side of a transfer/,
  ],
  'an entry names another party': [
    { entries: swap(good.entries, credited, { ...credited, other: systemAccount('issue', 0) }) },
    /is no booked side of a transfer/,
  ],
  'a deposit without its mark': [withMark(markKey, settle.sequence - 1n), /is no booked side of a transfer/],
  'a mark without its deposit': [
    {
      marks: new Map(
        [...good.marks.keys()].map((key) => [key, good.heads.get(Number(key.split(' ')[1]))?.sequence ?? 0n]),
      ),
    },
    /is not booked$/,
  ],
  'a mark beyond the end, where money to come would be lost': [
    withMark(markKey, 1_000n),
    /beyond the end of its journal$/,
  ],
  'a payment says settled without its transfer': [
    withPayment(partly, {
      portions: partly.portions.map((each) => ({ ...each, state: { kind: 'settled', settled: each.amount, at: 0 } })),
    }),
    / settled 700, its transfers say otherwise$/,
  ],
  'a payment forgot what it holds': [
    withPayment(heldOne, { portions: heldOne.portions.map((each) => ({ ...each, state: { kind: 'ended', at: 0 } })) }),
    / holds 0, escrow says 300$/,
  ],
  'a payment ended although it settled': [
    withPayment(paid, { approvedAt: null, ended: { reason: 'idle', refusal: null, at: 0 } }),
    /ended although it settled$/,
  ],
  'more was refunded than settled': [
    { refunds: swap(good.refunds, refund, { ...refund, amount: 1_001n }) },
    /was refunded more than it settled$/,
  ],
  'a refund has no transfer': [
    { refunds: [...good.refunds, { ...refund, id: id('pay', 9), amount: 1n, told: false }] },
    /has refunds without transfers$/,
  ],
  'a refund is of a payment that is not there': [
    { refunds: [...good.refunds, { ...refund, original: id('pay', 9) }] },
    /^refund .* is of no known payment$/,
  ],
  'a refund was told and is not shown': [withPayment(paid, { refunds: [] }), /shows other refunds than were made$/],
  'a refund is shown twice': [
    withPayment(paid, { refunds: [...paid.refunds, ...paid.refunds] }),
    /shows other refunds than were made$/,
  ],
  'a transfer says hold and does not go to escrow': [relinked(settle, { kind: 'hold' }), /is no hold: from /],
  'more was issued than there can be': [
    {
      accounts: good.accounts.map((each) =>
        each.key === `issue:${settle.bucket}` ? { ...each, balance: -MOST_ISSUED - 1n } : each,
      ),
    },
    /^issue:\d+ JPY is below its floor$/,
  ],
  'a day counts less than was paid': [
    withSpent({ ...payerAccount.spent, onDay: payerAccount.spent.onDay - 1n }),
    / counts .* its payments say otherwise$/,
  ],
  'a month counts less than its day': [
    withSpent({ ...payerAccount.spent, inMonth: 0n }),
    / counts .* its payments say otherwise$/,
  ],
  'what was taken back was not given back': [
    withPayment(cooled, {
      portions: cooled.portions.map((each) => ({
        ...each,
        state: { kind: 'settled', settled: each.amount, at: NEVER },
      })),
    }),
    / settled 36, its transfers say otherwise$/,
  ],
  'more left the payer than was approved': [
    withPayment(cooled, { portions: cooled.portions.slice(1) }),
    / took 36, approved was 25$/,
  ],
  'a consent that does not stand any more has moved money': [
    withPayment(heldOne, { approvedAt: null }),
    / took 300, approved was 0$/,
  ],
  'a line settled within its cancellation period': [
    withPayment(cooled, {
      portions: cooled.portions.map((each) =>
        each.conditions.coolingOff !== null && each.state.kind === 'settled'
          ? { ...each, state: { ...each.state, at: each.state.at - 1 } }
          : each,
      ),
    }),
    /^lines 1 of .* settled within their cancellation period$/,
  ],
  'a refund is not the sum of its lines': [
    { refunds: swap(good.refunds, refund, { ...refund, lines: [{ line: 0, amount: 399n }] }) },
    /^refund .* is not the sum of its lines$/,
  ],
  'a line was refunded more than it cost': [
    { refunds: swap(good.refunds, refund, { ...refund, lines: [{ line: 1, amount: 400n }] }) },
    /^line 1 of .* was refunded more than it cost$/,
  ],
  'a line that went back was refunded too': [
    { refunds: [...good.refunds, { ...refund, original: cooled.id, amount: 11n, lines: [{ line: 0, amount: 11n }] }] },
    /^lines 0 of .* were refunded more than they settled$/,
  ],
  'an action of the operator is gone': [{ actions: [secondAction] }, /^log \d+ has a gap at 2$/],
  'the newest action of the operator is gone': [{ actions: [firstAction] }, /^head of log \d+ is not at its end$/],
  'the operator gave another reason afterwards': [
    { actions: [{ ...firstAction, why: 'a gift' }, secondAction] },
    /^log \d+ is altered at 1$/,
  ],
  'the last action was forged with its hash': [
    { actions: relogged(firstAction, { ...secondAction, why: 'a gift' }).actions },
    /^head of log \d+ has another hash$/,
  ],
  'an action was put in, chain and head forged': [
    relogged(firstAction, secondAction, secondAction),
    /^log \d+ has a gap at 2$/,
  ],
  'an action lies in no bucket': [
    { actions: [...good.actions, { ...firstAction, bucket: BUCKETS }] },
    /lies in a log without a head$/,
  ],
  'a payment is gone': [{ payments: swap(good.payments, paid) }, /is of no known payment$/],
  'one deal was paid twice': [
    { payments: [...good.payments, { ...paid, id: id('pay', 9) }] },
    /^deal .* has 2 payments$/,
  ],
  'one number is live twice': [
    {
      offers: open.flatMap((offer) => ({ ...offer, state: open[0]?.state ?? offer.state })),
    },
    /^number .* is live twice$/,
  ],
}

for (const [name, [change, fault]] of Object.entries(planted)) {
  test(`found: ${name}`, () => {
    const faults = faultsOf({ ...good, ...change })
    assert.ok(
      faults.some((each) => fault.test(each)),
      `found only: ${faults.join(' · ')}`,
    )
  })
}

test('found: an account that was below zero for a moment, even though everything else adds up', () => {
  const [first, second] = good.entries.filter(({ account }) => account === payerAccount.key)
  assert.ok(first && second)
  const turned = [
    { ...second, number: 1n, balance: second.amount },
    { ...first, number: 2n, balance: first.amount + second.amount },
  ]
  const entries = [...good.entries.filter((each) => each !== first && each !== second), ...turned]
  assert.deepEqual(faultsOf({ ...good, entries }), [
    `${payerAccount.key} ${payerAccount.unit} was below zero at entry 1`,
  ])
})

test('a refund that is not told yet is no fault, whether its payment shows it or not', () => {
  const untold = swap(good.refunds, refund, { ...refund, told: false })
  assert.deepEqual(faultsOf({ ...good, refunds: untold }), [])
  assert.deepEqual(faultsOf({ ...good, refunds: untold, ...withPayment(paid, { refunds: [] }) }), [])
})

test('two bills between people, which have links and no numbers, are no fault', () => {
  const [first, second] = open
  assert.ok(first?.state.kind === 'open' && second?.state.kind === 'open')
  const offers = [first.state, second.state].map((state) => ({
    ...first,
    state: { ...state, ticket: { ...state.ticket, number: null } },
  }))
  assert.deepEqual(faultsOf({ ...good, offers }), [])
})
