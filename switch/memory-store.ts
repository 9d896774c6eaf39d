// A store in one process's memory: for tests and the simulator. A product, not a mock: it passes the same contract as PostgreSQL.
import {
  bucketOf,
  bucketOfAccount,
  systemAccount,
  SYSTEM_ACCOUNT_KINDS,
  type AccountKey,
  type AccountNumber,
} from '#core/accounts.ts'
import { GENESIS_ACTION, type PostedAction } from '#core/actions.ts'
import { assert } from '#core/assert.ts'
import type { Device } from '#core/device.ts'
import { bucketOfId, terminalOfDevice, type PartyId } from '#core/ids.ts'
import { affords, GENESIS_HASH, NOTHING_SPENT, type Account, type Entry, type PostedTransfer } from '#core/ledger.ts'
import type { Order, OrderState } from '#core/means.ts'
import type { Unit } from '#core/money.ts'
import { offerDueAt, type Offer } from '#core/offer.ts'
import { isFinal, paymentDueAt, type Payment } from '#core/payment.ts'
import { NO_RELEASES } from '#core/persona.ts'
import { NO_ATTRIBUTES, type Standing } from '#core/standing.ts'
import { LIMITS } from '#protocol/limits.ts'
import type {
  Balance,
  BucketNeeds,
  EventRow,
  Head,
  Holder,
  NumberRow,
  OpenOrder,
  Profile,
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
  standings: readonly Standing[]
  actions: readonly PostedAction[]
  orders: readonly KeptOrder[]
}>

export type KeptOrder = OpenOrder & Readonly<{ state: OrderState; reference: string | null; nextAt: number }>

/** An untold refund is told again after this. */
const TELL_AFTER_MS = 5_000

export type MemoryStore = Store &
  Readonly<{
    register(rows: {
      terminals?: readonly Terminal[]
      devices?: readonly Device[]
      accounts?: readonly { key: AccountKey; unit: Unit }[]
      holders?: readonly (Holder & Readonly<{ account: AccountNumber }>)[]
      contacts?: readonly Readonly<{ party: PartyId; account: AccountNumber; status: 'listed' | 'blocked' }>[]
      profiles?: readonly Profile[]
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
  const standings = new Map<PartyId, Standing>()
  const actions: PostedAction[] = []
  const orders = new Map<string, KeptOrder>()
  const holders = new Map<AccountNumber, Holder>()
  const contacts = new Map<string, 'listed' | 'blocked'>()
  const profiles = new Map<PartyId, Profile>()
  for (let bucket = 0; bucket < buckets; bucket++) {
    heads.set(bucket, { sequence: 0n, hash: GENESIS_HASH, actions: 0n, actionsHash: GENESIS_ACTION })
    journal.set(bucket, [])
  }

  const all = <Row>(map: ReadonlyMap<string, Row>, keys: readonly string[]): Row[] =>
    [...new Set(keys)].flatMap((key) => map.get(key) ?? [])

  function load(needs: readonly BucketNeeds[]): Rows {
    const keysOf = (pick: (need: BucketNeeds) => string[]): string[] => needs.flatMap(pick)
    const wanted = new Set(needs.flatMap(({ accounts, seen }) => [...accounts, ...seen]))
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
      standings: all(
        standings,
        keysOf(({ standings }) => [...standings]),
      ),
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
    for (const { standing, previous } of writes.standings)
      assert((standings.get(standing.party)?.version ?? 0) === previous, 'the standing is as it was when locked')

    for (const order of writes.orders) assert(!orders.has(orderKey(order)), 'an order is made once')

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
    for (const { standing } of writes.standings) standings.set(standing.party, standing)
    events.push(...writes.events)
    actions.push(...writes.actions)
    for (const order of writes.orders)
      orders.set(orderKey(order), {
        ...order,
        state: 'open',
        reference: null,
        tries: 0,
        trouble: null,
        nextAt: order.madeAt,
      })
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
    const before = entriesOf(account.key, account.unit)
    before.push({
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
      // An account's times rise with its numbers.
      at: Math.max(transfer.at, before.at(-1)?.at ?? 0),
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
    readAccounts: async (account) => [...accounts.values()].filter(({ key }) => key === account),
    readMissing: async (asked) =>
      asked.filter(({ key, unit }) => !accounts.has(`${key} ${unit}`)).map(({ key }) => key),
    async readEntries({ account, unit, before, since, until, kind, limit }) {
      const range = entriesOf(account, unit)
        .filter(({ number }) => before === null || number < before)
        .filter(({ at }) => (since === null || at >= since) && (until === null || at < until))
        .toReversed()
      const looked = kind === null ? range : range.slice(0, LIMITS.scannedEntries)
      const fitting = looked.filter((entry) => kind === null || entry.kind === kind)
      const entries = fitting.slice(0, limit)
      if (fitting.length > limit) return { entries, next: entries.at(-1)?.number ?? null }
      return { entries, next: looked.length < range.length ? (looked.at(-1)?.number ?? null) : null }
    },
    readContact: async (party, account) => contacts.get(`${party} ${account}`) ?? null,
    async readPersona(party, biller) {
      const profile = profiles.get(party)
      const releaseTo = (merchant: PartyId | null) =>
        profile?.releases.find((row) => row.merchant === merchant)?.releases
      return {
        attributes: standings.get(party)?.attributes ?? NO_ATTRIBUTES,
        email: profile?.email ?? null,
        portrait: profile?.portrait ?? null,
        releases: releaseTo(biller) ?? releaseTo(null) ?? NO_RELEASES,
      }
    },
    readHolder: async (account) => holders.get(account),
    async readOffers({ terminal, before, limit }) {
      const newest = [...offers.values()]
        .filter((offer) => offer.terminal === terminal && (before === null || offer.openedAt < before))
        .toSorted((left, right) => right.openedAt - left.openedAt)
      const last = newest[limit - 1]
      return last === undefined ? newest : newest.filter((offer) => offer.openedAt >= last.openedAt)
    },
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
    readOrders: async (via, limit) =>
      [...orders.values()]
        .filter((order) => order.via === via && order.state === 'open' && order.nextAt <= now())
        .toSorted((left, right) => left.nextAt - right.nextAt)
        .slice(0, limit)
        .map(({ nextAt: _nextAt, state: _state, reference: _reference, ...order }) => order),
    async concludeOrder(payment, number, end) {
      const order = orders.get(orderKey({ payment, number }))
      if (order === undefined || order.state !== 'open') return false
      orders.set(orderKey(order), { ...order, ...end })
      return true
    },
    async postponeOrder(payment, number, nextInMs, trouble, ifTries) {
      const order = orders.get(orderKey({ payment, number }))
      if (order === undefined || order.state !== 'open') return
      const noted = (ifTries ?? order.tries) === order.tries ? trouble : order.trouble
      orders.set(orderKey(order), { ...order, tries: order.tries + 1, trouble: noted, nextAt: now() + nextInMs })
    },
    now: async () => now(),
    async register(rows) {
      for (const terminal of rows.terminals ?? []) terminals.set(terminal.id, terminal)
      for (const device of rows.devices ?? []) {
        devices.set(device.id, device)
        const terminal = terminalOfDevice(device.id)
        terminals.set(terminal, { id: terminal, party: device.party, status: device.status })
      }
      for (const { account, party, kind, name } of rows.holders ?? []) holders.set(account, { party, kind, name })
      for (const profile of rows.profiles ?? []) profiles.set(profile.party, profile)
      for (const { party, account, status } of rows.contacts ?? []) contacts.set(`${party} ${account}`, status)
      for (const { key, unit } of rows.accounts ?? []) {
        const system = SYSTEM_ACCOUNT_KINDS.map((kind) => systemAccount(kind, bucketOfAccount(key, buckets)))
        for (const each of [key, ...system]) {
          const name = `${each} ${unit}`
          if (!accounts.has(name)) accounts.set(name, emptyAccount(each, unit))
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
      standings: [...standings.values()],
      actions,
      orders: [...orders.values()],
    }),
  }
}

const orderKey = ({ payment, number }: Pick<Order, 'payment' | 'number'>): string => `${payment} ${number}`

const emptyAccount = (key: AccountKey, unit: Unit): Account => ({
  key,
  unit,
  status: 'open',
  balance: 0n,
  version: 0n,
  limits: null,
  spent: NOTHING_SPENT,
})
