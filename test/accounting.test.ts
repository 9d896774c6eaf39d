// docs/accounting.md against the code: every account and every event of its tables, run on a town in memory.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import {
  isSystemAccount,
  systemAccount,
  SYSTEM_ACCOUNT_KINDS,
  systemAccountKind,
  type AccountKey,
} from '#core/accounts.ts'
import type { Bill, Conditions } from '#core/bill.ts'
import { bucketOfId, idFrom, idInBucket, type PaymentId } from '#core/ids.ts'
import {
  affords,
  isSpending,
  MOST_ISSUED,
  NOTHING_SPENT,
  TRANSFER_KINDS,
  type Account,
  type PostedTransfer,
} from '#core/ledger.ts'
import type { Choice } from '#core/means.ts'
import { unitOf } from '#core/money.ts'
import { CREDIT_FAULTS } from '#protocol/operator.ts'
import type { DeviceActor } from '#switch/actors.ts'
import { createOperatorDesk, type Desk } from '#switch/operator.ts'
import type { Answer } from '#switch/store.ts'
import { randomBytes } from 'node:crypto'
import { billOf, billWith, handedBack, JPY, lineOf, memoryGround, newId, openTown, type Town } from './support/world.ts'

type Row = Readonly<{ kind: string; debit: string; credit: string }>

const document = readFileSync(new URL('../docs/accounting.md', import.meta.url), 'utf8')
/** The rows of the table whose header begins with this cell; `code` marks are taken off. */
const tableOf = (first: string): string[][] => {
  const lines = document.split('\n')
  const at = lines.findIndex((line) => line.startsWith(`| ${first} `))
  assert.ok(at >= 0, `there is a table of ${first}`)
  const end = lines.findIndex((line, index) => index > at && !line.startsWith('|'))
  return lines.slice(at + 2, end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '')),
  )
}

const DAY_MS = 24 * 3_600_000
const DELIVERY: Conditions = { delivery: true, coolingOff: null }
const TAKE_BACK: Conditions = { delivery: false, coolingOff: { period: 'P8D', zone: 'Asia/Tokyo' } }

async function scene() {
  const clock = { now: 1_800_000_000_000 }
  const ground = await memoryGround(clock)
  const town = await openTown(ground)
  await town.settleDown()
  /** which transfers there are by now */
  const seen = async (): Promise<ReadonlySet<string>> => new Set((await ground.books()).transfers.map(placeOf))
  const opened = await seen()
  return {
    town,
    clock,
    seen,
    /** the transfers that were not there yet: when the town was opened, or in `before` */
    since: async (before = opened) => (await ground.books()).transfers.filter((each) => !before.has(placeOf(each))),
  }
}
const placeOf = ({ bucket, sequence }: PostedTransfer): string => `${bucket}:${sequence}`
type Scene = Awaited<ReturnType<typeof scene>>

async function approved({ town }: Scene, bill: Bill): Promise<PaymentId> {
  const payment = await joined(town, bill)
  const answer = await town.approve(town.payer, payment)
  assert.equal(answer.refusal, null)
  return payment
}

async function joined(town: Town, bill: Bill): Promise<PaymentId> {
  const { number } = await town.offer(bill)
  const { payment } = await town.join(town.payer, number)
  assert.ok(payment)
  return payment
}

/** What is booked after a purchase of one line that waits. */
const afterHold =
  (conditions: Conditions, then: (scene: Scene, payment: PaymentId) => Promise<unknown>) =>
  async (at: Scene): Promise<Row[]> => {
    const payment = await approved(at, billOf(500n, conditions))
    const before = await at.seen()
    await then(at, payment)
    return rolesIn(at.town, await at.since(before))
  }

const whenDue = async ({ town, clock }: Scene, laterMs: number): Promise<void> => {
  clock.now += laterMs
  await town.hub.tick(100)
}

const USD = unitOf('USD') ?? assert.fail('a currency')
const MEANS_ID = (payer: DeviceActor) => idInBucket('mns', bucketOfId(payer.id), randomBytes(14))

type By = 'bank' | 'card' | 'one-time' | 'dollars'

function choiceBy(payer: DeviceActor, by: By): Choice {
  if (by === 'dollars') {
    const rate = { from: USD, to: JPY, price: '148.7475', until: 4_000_000_000_000 }
    return { kind: 'exchange', rate }
  }
  const outside = { id: MEANS_ID(payer), label: 'Outside', unit: JPY }
  return by === 'bank'
    ? { ...outside, kind: 'bank' }
    : { ...outside, kind: 'card', method: 'lump', oneTime: by === 'one-time' }
}

const saysYes = async ({ town }: Scene, payment: PaymentId, by: By): Promise<void> => {
  if (by === 'dollars') return
  const reference = by === 'bank' ? null : '123456/000000123456'
  assert.equal((await town.hub.answerOutside(payment, 1, true, null, reference)).refusal, null)
}

/** A payment whose payer has chosen the bank, a card, or dollars. */
async function chosen({ town }: Scene, bill: Bill, by: By): Promise<PaymentId> {
  const { payer } = town
  if (by === 'dollars') await town.further(payer, USD, 50_000n)
  const payment = await joined(town, bill)
  const choice = choiceBy(payer, by)
  assert.equal((await town.say(payer, { name: 'choose-means', payment, choice })).refusal, null)
  return payment
}

/** A payment by these means, and paid. */
async function paidBy(at: Scene, bill: Bill, by: By): Promise<PaymentId> {
  const payment = await chosen(at, bill, by)
  assert.equal((await at.town.approve(at.town.payer, payment)).refusal, null)
  await saysYes(at, payment, by)
  await at.town.settleDown()
  return payment
}

/** What is booked when something is paid by these means, or by what comes then. */
const byMeans =
  (by: By, bill: Bill, then?: (scene: Scene, payment: PaymentId) => Promise<Answer>) =>
  async (at: Scene): Promise<Row[]> => {
    if (then === undefined) {
      const payment = await chosen(at, bill, by)
      const before = await at.seen()
      await at.town.approve(at.town.payer, payment)
      await saysYes(at, payment, by)
      return rolesIn(at.town, await at.since(before))
    }
    const payment = await paidBy(at, bill, by)
    const before = await at.seen()
    assert.equal((await then(at, payment)).refusal, null)
    return rolesIn(at.town, await at.since(before))
  }
const forLess = ({ town }: Scene, payment: PaymentId): Promise<Answer> =>
  town.say(town.till, { name: 'deliver', payment, portion: 0, amount: 450n })
const refunded = ({ town }: Scene, payment: PaymentId): Promise<Answer> => town.refund(payment, 200n)

async function byDesk({ town, since, seen }: Scene, command: Desk): Promise<Row[]> {
  const { buckets, rules } = town.ground.scheme
  const desk = createOperatorDesk({
    step: town.hub.step,
    scheme: { name: 'Town', buckets, rules },
    mask: (_, birthDate) => `masked ${birthDate}`,
  })
  const before = await seen()
  const by = { id: idFrom('opr', randomBytes(16)), name: 'Aoki' }
  const answer = await desk.handle({ ...command, by, id: newId('cmd'), hash: '00', why: 'test' })
  assert.equal(answer.refusal, null)
  const faults = await town.faults()
  assert.deepEqual(faults, [])
  return rolesIn(town, await since(before))
}

/** The accounts of transfers by their role: payer, payee, or the kind of the scheme's own. */
const rolesIn = (
  town: Town,
  transfers: readonly Readonly<{ kind: string; debit: AccountKey; credit: AccountKey }>[],
  payee: AccountKey = town.till.account,
): Row[] => {
  const role = (key: AccountKey): string =>
    isSystemAccount(key) ? systemAccountKind(key) : key === payee ? 'payee' : key === town.payer.account ? 'payer' : key
  return transfers.map(({ kind, debit, credit }) => ({ kind, debit: role(debit), credit: role(credit) }))
}

const other = ({ town }: Scene): DeviceActor => {
  const [, second] = town.people
  assert.ok(second)
  return second
}

/** Each event of the page, as it happens. */
const EVENTS: Readonly<Record<string, (scene: Scene) => Promise<Row[]>>> = {
  approve: async (at) => {
    await approved(at, billOf(500n))
    return rolesIn(at.town, await at.since())
  },
  'approve, a line waits': async (at) => {
    await approved(at, billOf(500n, DELIVERY))
    return rolesIn(at.town, await at.since())
  },
  'approve, some lines wait': async (at) => {
    await approved(at, billWith(lineOf(100n), lineOf(400n, { conditions: TAKE_BACK })))
    return rolesIn(at.town, await at.since())
  },
  'approve a bill from a person': async (at) => {
    const { town } = at
    const asker = other(at)
    const { payer } = town
    await town.ground.register({ contacts: [{ party: payer.party, account: asker.account, status: 'listed' }] })
    const bill = billOf(300n)
    const { payment } = await town.say(asker, { name: 'bill-person', deal: newId('deal'), to: payer.account, bill })
    assert.ok(payment)
    assert.equal((await town.approve(payer, payment)).refusal, null)
    return rolesIn(town, await at.since(), asker.account)
  },
  'signed purchase handed in': async (at) => {
    const { town } = at
    const { till, payer } = town
    const [deal, bill] = [newId('deal'), billOf(300n)]
    const { party, account, name, legalName, id: terminal, label: terminalLabel } = till
    const biller = { party, account, name, legalName, terminal, terminalLabel }
    const nonce = '11'.repeat(16)
    const evidence = handedBack(town.ground.scheme, { biller, deal, bill, nonce }, payer, 'right', at.clock.now)
    const answer = await town.say(till, { name: 'submit-signed', deal, bill, payer, evidence })
    assert.equal(answer.refusal, null)
    return rolesIn(town, await at.since())
  },
  'the bank says yes': byMeans('bank', billOf(500n)),
  'the bank says yes, a line waits': byMeans('bank', billOf(500n, DELIVERY)),
  'paid by the bank, delivered for less': byMeans('bank', billOf(500n, DELIVERY), forLess),
  'refund of what the bank paid': byMeans('bank', billOf(500n), refunded),
  'the card’s issuer says yes': byMeans('card', billOf(500n)),
  'the card’s issuer says yes, a line waits': byMeans('card', billOf(500n, DELIVERY)),
  'paid by card, delivered for less': byMeans('card', billOf(500n, DELIVERY), forLess),
  'refund of what a card paid': byMeans('card', billOf(500n), refunded),
  'a one-time number was used': byMeans('one-time', billOf(500n)),
  'refund of what a one-time number paid': byMeans('one-time', billOf(500n), refunded),
  'approve in another unit': byMeans('dollars', billOf(500n)),
  'approve in another unit, a line waits': byMeans('dollars', billOf(500n, DELIVERY)),
  'paid in another unit, delivered for less': byMeans('dollars', billOf(500n, DELIVERY), forLess),
  'refund of what was paid in another unit': byMeans('dollars', billOf(500n), refunded),
  delivered: afterHold(DELIVERY, ({ town }, payment) =>
    town.say(town.till, { name: 'deliver', payment, portion: 0, amount: 500n }),
  ),
  'delivered for less': afterHold(DELIVERY, ({ town }, payment) =>
    town.say(town.till, { name: 'deliver', payment, portion: 0, amount: 450n }),
  ),
  'never delivered': afterHold(DELIVERY, (at) => whenDue(at, 31 * DAY_MS)),
  'the cancellation period ends': afterHold(TAKE_BACK, (at) => whenDue(at, 9 * DAY_MS)),
  'the payer takes a line back': afterHold(TAKE_BACK, ({ town }, payment) =>
    town.say(town.payer, { name: 'take-back', payment, portion: 0 }),
  ),
  'the payee cancels what waits': afterHold(TAKE_BACK, async ({ town }, id) => {
    const payment = await town.ground.store.readPayment(id)
    assert.ok(payment)
    await town.say(town.till, { name: 'cancel-deal', deal: payment.deal, payment: id })
  }),
  refund: async (at) => {
    const payment = await approved(at, billOf(500n))
    await at.town.settleDown()
    const before = await at.seen()
    assert.equal((await at.town.refund(payment, 200n)).refusal, null)
    return rolesIn(at.town, await at.since(before))
  },
  'cash-in': (at) =>
    byDesk(at, { name: 'cash-in', account: at.town.till.account, unit: JPY, amount: 700n, holder: 'Marubeni Bakery' }),
  'cash-out': (at) =>
    byDesk(at, { name: 'cash-out', account: at.town.payer.account, unit: JPY, amount: 700n, holder: 'Person 1' }),
  'credit-file': async (at) => {
    // The scheme's own accounts of bucket 0 come with an account there.
    await at.town.person('Neighbour', 0n, 0)
    const row = { account: at.town.till.account, amount: 700n, name: 'Marubeni Bakery', text: '' }
    return byDesk(at, { name: 'credit-file', unit: JPY, title: 'June', rows: [row] })
  },
  'opening balance': async (at) => {
    const before = await at.seen()
    const someone = await at.town.person('New', 900n)
    return rolesIn(at.town, await at.since(before), someone.account)
  },
}

describe('the events', () => {
  const documented = Map.groupBy(tableOf('Event'), ([event = '']) => event)

  test('the page and this test know the same ones', () => {
    assert.deepEqual([...documented.keys()].toSorted(), Object.keys(EVENTS).toSorted())
  })

  for (const [event, run] of Object.entries(EVENTS))
    test(event, async () => {
      const rows = documented.get(event)?.map(([, kind, debit, credit]) => ({ kind, debit, credit }))
      assert.deepEqual(await run(await scene()), rows)
    })

  test('every kind of transfer comes from some event', () => {
    const kinds = [...documented.values()].flat().map(([, kind = '']) => kind)
    assert.deepEqual(new Set(kinds), new Set(TRANSFER_KINDS))
  })

  test('limits count what a party pays, as the page says, and nothing else', () => {
    for (const [event, rows] of documented)
      for (const [, kind, debit] of rows) {
        const key = debit === 'payer' || debit === 'payee' ? ACCOUNT : systemAccount(ownKind(debit), 0)
        const counted = ['settle', 'hold', 'exchange'].includes(kind ?? '') && debit === 'payer'
        // Border: the test above has compared the kinds with the ledger's own.
        assert.equal(isSpending({ kind: kind as 'settle', debit: key }), counted, event)
      }
  })
})

describe('the accounts', () => {
  const rows = tableOf('Account')
  const accountOf = (key: AccountKey, balance: bigint): Account => ({
    key,
    unit: JPY,
    status: 'open',
    balance,
    version: 1n,
    limits: null,
    spent: NOTHING_SPENT,
  })

  test('the page names the parties’ and all of the scheme’s own', () => {
    assert.deepEqual(
      rows.map(([name]) => name),
      ['party', ...SYSTEM_ACCOUNT_KINDS],
    )
  })

  for (const [name = '', , , least = ''] of rows)
    test(`${name} goes down to ${least}`, () => {
      const key = name === 'party' ? ACCOUNT : systemAccount(ownKind(name), 0)
      const floor = least === 'none' ? null : BigInt(least.replaceAll(',', '').replace('−', '-'))
      const at = (balance: bigint): boolean => affords(accountOf(key, balance), 1n)
      assert.equal(at(floor === null ? -MOST_ISSUED : floor + 1n), true)
      assert.equal(at(floor === null ? -2n * MOST_ISSUED : floor), floor === null)
    })
})

test('the page names every reason why a row of a file is not booked', () => {
  assert.deepEqual(
    tableOf('Reason').map(([reason]) => reason),
    [...CREDIT_FAULTS],
  )
})

// Branch 001, number 1234567, its check digit.
const ACCOUNT = '00112345674' as Parameters<typeof affords>[0]['key']

function ownKind(name: string | undefined): (typeof SYSTEM_ACCOUNT_KINDS)[number] {
  const kind = SYSTEM_ACCOUNT_KINDS.find((known) => known === name)
  assert.ok(kind, `${name} is one of the scheme's own`)
  return kind
}
