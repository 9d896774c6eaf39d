// A store in one process's memory: for tests and the simulator. A product, not a mock: it passes the same contract as PostgreSQL.
import { bucketOf, bucketOfAccount, systemAccount, SYSTEM_ACCOUNT_KINDS, type AccountKey } from '#core/accounts.ts'
import { assert } from '#core/assert.ts'
import type { Device } from '#core/device.ts'
import { bucketOfId } from '#core/ids.ts'
import { affords, GENESIS_HASH, type Account, type Entry, type PostedTransfer } from '#core/ledger.ts'
import type { Unit } from '#core/money.ts'
import { offerDueAt, type Offer } from '#core/offer.ts'
import { isFinal, paymentDueAt, type Payment } from '#core/payment.ts'
import type {
  Balance,
  BucketNeeds,
  EventRow,
  Head,
  NumberRow,
  RefundRow,
  Rows,
  Store,
  StoredCommand,
  Terminal,
  Writes,
} from './store.ts'

/** Everything a memory store holds, for the invariants. */
export type Contents = Readonly<{
  heads: ReadonlyMap<number, Head>
  accounts: readonly Account[]
  transfers: readonly PostedTransfer[]
  entries: readonly Entry[]
  marks: ReadonlyMap<string, bigint>
  offers: readonly Offer[]
  payments: readonly Payment[]
  refunds: readonly RefundRow[]
  events: readonly EventRow[]
}>

/** An untold refund is told again after this. */
const TELL_AFTER_MS = 5_000

export type MemoryStore = Store &
  Readonly<{
    register(rows: {
      terminals?: readonly Terminal[]
      devices?: readonly Device[]
      accounts?: readonly { key: AccountKey; unit: Unit }[]
    }): Promise<void>
    contents(): Contents
  }>

/** A fresh store. `now` is its clock (milliseconds since 1970). */
export function memoryStore(options: { buckets: number; now: () => number }): MemoryStore {
  const { buckets, now } = options
  const heads = new Map<number, Head>()
  const commands = new Map<string, StoredCommand & { bucket: number }>()
  const offers = new Map<string, Offer>()
  const payments = new Map<string, Payment>()
  const accounts = new Map<string, Account>()
  const devices = new Map<string, Device>()
  const terminals = new Map<string, Terminal>()
  const numbers = new Map<string, NumberRow>()
  const refunds = new Map<string, RefundRow>()
  const journal = new Map<number, PostedTransfer[]>()
  const entries = new Map<string, Entry[]>()
  const marks = new Map<string, bigint>()
  const events: EventRow[] = []
  for (let bucket = 0; bucket < buckets; bucket++) {
    heads.set(bucket, { sequence: 0n, hash: GENESIS_HASH })
    journal.set(bucket, [])
  }

  const all = <Row>(map: ReadonlyMap<string, Row>, keys: readonly string[]): Row[] =>
    [...new Set(keys)].flatMap((key) => map.get(key) ?? [])

  function load(needs: readonly BucketNeeds[]): Rows {
    const keysOf = (pick: (need: BucketNeeds) => string[]): string[] => needs.flatMap(pick)
    const wanted = new Set(needs.flatMap((need) => need.accounts))
    const originals = new Set(needs.flatMap((need) => need.refunds))
    return {
      now: now(),
      heads: new Map(needs.map(({ bucket }) => [bucket, headOf(bucket)])),
      commands: all(
        commands,
        keysOf(({ bucket, commands }) => commands.map(({ actor, id }) => `${bucket} ${actor} ${id}`)),
      ),
      offers: all(
        offers,
        keysOf(({ offers }) => offers.map(({ terminal, deal }) => `${terminal} ${deal}`)),
      ),
      payments: all(
        payments,
        keysOf(({ payments }) => [...payments]),
      ),
      accounts: [...accounts.values()].filter(({ key }) => wanted.has(key)),
      devices: all(
        devices,
        keysOf(({ devices }) => [...devices]),
      ),
      terminals: all(
        terminals,
        keysOf(({ terminals }) => [...terminals]),
      ),
      numbers: all(
        numbers,
        keysOf(({ numbers }) => numbers.map(({ scope, number }) => `${scope} ${number}`)),
      ),
      refunds: [...refunds.values()].filter(({ original }) => originals.has(original)),
    }
  }

  function headOf(bucket: number): Head {
    const head = heads.get(bucket)
    assert(head !== undefined, 'the bucket exists')
    return head
  }

  /** All or nothing: every assertion comes before the first change. */
  function write(writes: Writes): void {
    for (const { bucket, command } of writes.commands)
      assert(!commands.has(`${bucket} ${command.actor} ${command.id}`), 'a command is stored once')
    for (const { offer, previous } of writes.offers) {
      const before = offers.get(`${offer.terminal} ${offer.deal}`)?.version ?? null
      assert(before === previous, 'the offer is as it was when locked')
    }
    for (const { payment, previous } of writes.payments)
      assert((payments.get(payment.id)?.version ?? null) === previous, 'the payment is as it was when locked')
    for (const { account, previous } of writes.accounts) {
      const before = accounts.get(`${account.key} ${account.unit}`)
      assert(before?.version === previous, 'the account is as it was when locked')
      assert(affords(account, 0n), 'no account falls below its floor')
    }

    for (const { bucket, command } of writes.commands)
      commands.set(`${bucket} ${command.actor} ${command.id}`, { ...command, bucket })
    for (const { offer } of writes.offers) offers.set(`${offer.terminal} ${offer.deal}`, offer)
    for (const { payment } of writes.payments) payments.set(payment.id, payment)
    for (const { account } of writes.accounts) accounts.set(`${account.key} ${account.unit}`, account)
    for (const { bucket, head } of writes.heads) heads.set(bucket, head)
    for (const { device } of writes.devices) devices.set(device.id, device)
    for (const { number } of writes.numbers) numbers.set(`${number.scope} ${number.number}`, number)
    for (const { refund } of writes.refunds) refunds.set(refund.id, refund)
    for (const transfer of writes.transfers) journal.get(transfer.bucket)?.push(transfer)
    for (const entry of writes.entries) entriesOf(entry.account, entry.unit).push(entry)
    events.push(...writes.events)
  }

  function entriesOf(account: AccountKey, unit: Unit): Entry[] {
    const key = `${account} ${unit}`
    const list = entries.get(key) ?? []
    entries.set(key, list)
    return list
  }

  function arriving(bucket: number): PostedTransfer[] {
    return [...journal].flatMap(([source, transfers]) => {
      const mark = marks.get(`${bucket} ${source}`) ?? 0n
      return transfers.filter(({ creditBucket, sequence }) => creditBucket === bucket && sequence > mark)
    })
  }

  function depositOne(transfer: PostedTransfer): void {
    const key = `${transfer.credit} ${transfer.unit}`
    const account = accounts.get(key)
    assert(account !== undefined, 'the credited account exists')
    const after = { ...account, balance: account.balance + transfer.amount, version: account.version + 1n }
    accounts.set(key, after)
    const { kind, payment, bucket, sequence, amount } = transfer
    entriesOf(account.key, account.unit).push({
      bucket: bucketOfAccount(account.key, buckets),
      account: account.key,
      unit: account.unit,
      number: after.version,
      amount,
      balance: after.balance,
      kind,
      payment,
      other: transfer.debit,
      otherName: transfer.creditName,
      sourceBucket: bucket,
      sequence,
      at: now(),
    })
  }

  return {
    async transact(needs, decide) {
      const writes = decide(load(needs))
      if (writes !== null) write(writes)
    },
    async deposit(bucket) {
      const transfers = arriving(bucket)
      for (const transfer of transfers) {
        depositOne(transfer)
        marks.set(`${bucket} ${transfer.bucket}`, transfer.sequence)
      }
      return transfers.length
    },
    readCommand: async (bucket, { actor, id }) => commands.get(`${bucket} ${actor} ${id}`),
    readNumber: async (_bucket, { scope, number }) => numbers.get(`${scope} ${number}`),
    readToken: async (bucket, token) =>
      [...offers.values()].find(({ terminal, token: known }) => known === token && bucketOfId(terminal) === bucket),
    readOffer: async (_bucket, { terminal, deal }) => offers.get(`${terminal} ${deal}`),
    readPayment: async (id) => payments.get(id),
    readPayments: async (ids) => all(payments, ids),
    readDevice: async (_bucket, id) => devices.get(id),
    async readBalances(account) {
      const coming = arriving(bucketOf(account, buckets)).filter(({ credit }) => credit === account)
      return [...accounts.values()]
        .filter(({ key }) => key === account)
        .map((row): Balance => {
          const amounts = coming.filter(({ unit }) => unit === row.unit).map(({ amount }) => amount)
          return { ...row, arriving: amounts.reduce((total, amount) => total + amount, 0n) }
        })
    },
    readMissing: async (asked) =>
      asked.filter(({ key, unit }) => !accounts.has(`${key} ${unit}`)).map(({ key }) => key),
    readEntries: async ({ account, unit, before, limit }) =>
      entriesOf(account, unit)
        .filter(({ number }) => before === null || number < before)
        .toReversed()
        .slice(0, limit),
    readOffers: async ({ terminal, before, limit }) =>
      [...offers.values()]
        .filter((offer) => offer.terminal === terminal && (before === null || offer.openedAt < before))
        .toSorted((left, right) => right.openedAt - left.openedAt)
        .slice(0, limit),
    readOpenPayments: async (party, limit) =>
      [...payments.values()]
        .filter((payment) => payment.payer.party === party && !isFinal(payment))
        .toSorted((left, right) => right.joinedAt - left.joinedAt)
        .slice(0, limit),
    async readDue(limit) {
      const at = now()
      return [
        ...[...offers.values()]
          .filter((offer) => (offerDueAt(offer) ?? Infinity) <= at)
          .map(({ terminal, deal }) => ({ kind: 'offer', terminal, deal }) as const),
        ...[...payments.values()]
          .filter((payment) => (paymentDueAt(payment) ?? Infinity) <= at)
          .map(({ id, version }) => ({ kind: 'payment', payment: id, version }) as const),
        ...[...refunds.values()]
          .filter((refund) => !refund.told && refund.at + TELL_AFTER_MS <= at)
          .map((refund) => ({ kind: 'refund', refund }) as const),
      ].slice(0, limit)
    },
    now: async () => now(),
    async register(rows) {
      for (const terminal of rows.terminals ?? []) terminals.set(terminal.id, terminal)
      for (const device of rows.devices ?? []) devices.set(device.id, device)
      for (const { key, unit } of rows.accounts ?? []) {
        const system = SYSTEM_ACCOUNT_KINDS.map((kind) => systemAccount(kind, bucketOfAccount(key, buckets)))
        for (const each of [key, ...system]) {
          const name = `${each} ${unit}`
          if (!accounts.has(name)) accounts.set(name, { key: each, unit, status: 'open', balance: 0n, version: 0n })
        }
      }
    },
    contents: () => ({
      heads,
      accounts: [...accounts.values()],
      transfers: [...journal.values()].flat(),
      entries: [...entries.values()].flat(),
      marks,
      offers: [...offers.values()],
      payments: [...payments.values()],
      refunds: [...refunds.values()],
      events,
    }),
  }
}
