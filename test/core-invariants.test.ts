// The checker of the books: a day of trade has no fault, and every fault that is planted in it is found.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemAccount } from '#core/accounts.ts'
import { faultsOf, type Books } from '#core/invariants.ts'
import { chainHash, GENESIS_HASH, type PostedTransfer } from '#core/ledger.ts'
import type { Payment } from '#core/payment.ts'
import { id } from './support/deal.ts'
import { billOf, memoryGround, openTown } from './support/world.ts'

/** A day in a small town: paid, held, delivered in part, refunded, cancelled, and numbers waiting. */
async function dayOfTrade(): Promise<Books> {
  const ground = await memoryGround()
  const town = await openTown(ground)
  const joined = async (...args: Parameters<typeof billOf>) => {
    const { payment } = await town.join(town.payer, (await town.offer(billOf(...args))).number)
    assert.ok(payment)
    return payment
  }
  const pay = async (...args: Parameters<typeof billOf>) => {
    const payment = await joined(...args)
    assert.equal((await town.approve(town.payer, payment)).refusal, null)
    return payment
  }
  const paid = await pay(1_000n)
  const held = await pay(700n, { delivery: true, coolingOffSeconds: 0 })
  await pay(300n, { delivery: true, coolingOffSeconds: 0 })
  await town.say(town.till, { name: 'deliver', payment: held, portion: 0, amount: 500n })
  await town.say(town.till, { name: 'refund', payment: paid, amount: 400n })
  await town.say(town.payer, { name: 'decline', payment: await joined(50n) })
  await joined(60n)
  await town.offer(billOf(1n))
  await town.offer(billOf(2n))
  await town.settleDown()
  // One more payment that has not been deposited yet.
  await pay(100n)
  const books = await ground.books()
  // A map of its own: what is planted must not reach the store.
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
const payerAccount = one(good.accounts, ({ key }) => key === settle.debit)
const credited = one(
  good.entries,
  ({ sequence, sourceBucket, amount }) => sequence === settle.sequence && sourceBucket === settle.bucket && amount > 0n,
)
const refund = one(good.refunds, () => true)
const open = good.offers.filter(({ state }) => state.kind === 'open')
const markKey = `${settle.creditBucket} ${settle.bucket}`

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
  const heads = new Map(good.heads).set(old.bucket, { sequence: BigInt(links.length), hash })
  return { transfers: [...good.transfers.filter(({ bucket }) => bucket !== old.bucket), ...links], heads }
}

const withPayment = (old: Payment, by: Partial<Payment>): Partial<Books> => ({
  payments: swap(good.payments, old, { ...old, ...by }),
})
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
    {
      heads: new Map(good.heads).set(settle.bucket, {
        sequence: good.heads.get(settle.bucket)?.sequence ?? 0n,
        hash: GENESIS_HASH,
      }),
    },
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
    withPayment(paid, { approvedAt: null, ended: { reason: 'idle', at: 0 } }),
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
