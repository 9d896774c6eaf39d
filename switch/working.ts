// The rows of one batch while it is decided: later commands see what earlier ones changed; what changed is written at the end.
import { bucketOfAccount, type AccountKey } from '#core/accounts.ts'
import { actionHash, type Action, type PostedAction } from '#core/actions.ts'
import { assert } from '#core/assert.ts'
import type { Device } from '#core/device.ts'
import { dayOf } from '#core/calendar.ts'
import { bucketOfId, type DeviceId, type PartyId, type PaymentId, type TerminalId } from '#core/ids.ts'
import {
  affords,
  chainHash,
  debited,
  type Account,
  type Entry,
  type PostedTransfer,
  type Transfer,
} from '#core/ledger.ts'
import type { Unit } from '#core/money.ts'
import type { Order } from '#core/means.ts'
import type { Offer } from '#core/offer.ts'
import type { Payment } from '#core/payment.ts'
import { unknownStanding, type Standing } from '#core/standing.ts'
import type {
  ActorId,
  CommandKey,
  EventRow,
  Head,
  NumberKey,
  NumberRow,
  OfferKey,
  RefundRow,
  Rows,
  StoredCommand,
  Terminal,
  Writes,
} from './store.ts'

export type Working = ReturnType<typeof workingRows>

const commandKey = (bucket: number, { actor, id }: { actor: ActorId; id: string }): string => `${bucket} ${actor} ${id}`
const offerKey = ({ terminal, deal }: OfferKey): string => `${terminal} ${deal}`
const accountKey = (key: AccountKey, unit: Unit): string => `${key} ${unit}`
const numberKey = ({ scope, number }: NumberKey): string => `${scope} ${number}`

/** The working rows of a batch. `buckets` is the scheme's number of buckets, `zone` whose calendar days it counts. */
export function workingRows(rows: Rows, { buckets, zone }: { buckets: number; zone: string }) {
  const { now } = rows
  const today = dayOf(now, zone)
  const heads = new Map(rows.heads)
  const commands = new Map(rows.commands.map((row) => [commandKey(row.bucket, row), row as StoredCommand]))
  const offers = new Map(rows.offers.map((offer) => [offerKey(offer), offer]))
  const payments = new Map(rows.payments.map((payment) => [payment.id, payment]))
  const accounts = new Map(rows.accounts.map((account) => [accountKey(account.key, account.unit), account]))
  const devices = new Map(rows.devices.map((device) => [device.id, device]))
  const terminals = new Map(rows.terminals.map((terminal) => [terminal.id, terminal]))
  const numbers = new Map(rows.numbers.map((number) => [numberKey(number), number]))
  const refunds = new Map<PaymentId, Map<PaymentId, RefundRow>>()
  const standings = new Map(rows.standings.map((standing) => [standing.party, standing]))
  for (const refund of rows.refunds) refundsOfOriginal(refund.original).set(refund.id, refund)

  const changedHeads = new Set<number>()
  const newCommands: { bucket: number; command: StoredCommand }[] = []
  const changedOffers = new Map<string, { bucket: number; previous: number | null }>()
  const changedPayments = new Map<PaymentId, number | null>()
  const changedAccounts = new Map<string, bigint>()
  const changedDevices = new Set<DeviceId>()
  const changedNumbers = new Map<string, number>()
  const changedRefunds = new Map<PaymentId, { bucket: number; refund: RefundRow }>()
  const changedStandings = new Map<PartyId, number>()
  const actions: PostedAction[] = []
  const transfers: PostedTransfer[] = []
  const entries: Entry[] = []
  const events: EventRow[] = []
  const orders: Order[] = []
  const evidence: {
    bucket: number
    payment: PaymentId
    version: number
    evidence: Writes['evidence'][number]['evidence']
  }[] = []

  function refundsOfOriginal(original: PaymentId): Map<PaymentId, RefundRow> {
    const known = refunds.get(original) ?? new Map<PaymentId, RefundRow>()
    refunds.set(original, known)
    return known
  }

  function headOf(bucket: number): Head {
    const head = heads.get(bucket)
    assert(head !== undefined, 'a batch locks the heads of its buckets')
    return head
  }

  /** Books the debit side at once and appends to the bucket's journal; the credit side is deposited later. */
  function post(transfer: Transfer): PostedTransfer {
    const bucket = bucketOfAccount(transfer.debit, buckets)
    const account = accounts.get(accountKey(transfer.debit, transfer.unit))
    assert(account !== undefined, 'the debited account was loaded')
    assert(transfer.amount > 0n && affords(account, transfer.amount), 'the debited account affords the transfer')
    const head = headOf(bucket)
    const unchained = {
      ...transfer,
      bucket,
      sequence: head.sequence + 1n,
      creditBucket: bucketOfAccount(transfer.credit, buckets),
      at: now,
    }
    const posted = { ...unchained, hash: chainHash(head.hash, unchained) }
    heads.set(bucket, { ...head, sequence: posted.sequence, hash: posted.hash })
    changedHeads.add(bucket)
    const after = debited(account, transfer, today)
    saveAccount(after)
    transfers.push(posted)
    entries.push({
      bucket,
      account: account.key,
      unit: account.unit,
      number: after.version,
      amount: -transfer.amount,
      balance: after.balance,
      kind: transfer.kind,
      payment: transfer.payment,
      other: transfer.credit,
      otherName: transfer.debitName,
      sourceBucket: bucket,
      sequence: posted.sequence,
      at: now,
    })
    return posted
  }

  /** The units of each loaded account; no command of a batch makes an account. */
  let knownUnits: Map<AccountKey, Unit[]> | undefined
  function unitsOf(): ReadonlyMap<AccountKey, Unit[]> {
    if (knownUnits !== undefined) return knownUnits
    knownUnits = new Map()
    for (const { key, unit } of rows.accounts) {
      const units = knownUnits.get(key)
      if (units === undefined) knownUnits.set(key, [unit])
      else units.push(unit)
    }
    return knownUnits
  }

  /** The account as it shall stand. Its version counts entries, so a change of status or limits alone leaves it. */
  function saveAccount(account: Account): void {
    const key = accountKey(account.key, account.unit)
    const before = accounts.get(key)
    assert(before !== undefined, 'an account that changes was loaded')
    if (!changedAccounts.has(key)) changedAccounts.set(key, before.version)
    accounts.set(key, account)
  }

  /** Appends to the operator's log of the bucket. */
  function act(bucket: number, action: Action): PostedAction {
    const head = headOf(bucket)
    const unchained = { ...action, bucket, number: head.actions + 1n, at: now }
    const posted = { ...unchained, hash: actionHash(head.actionsHash, unchained) }
    heads.set(bucket, { ...head, actions: posted.number, actionsHash: posted.hash })
    changedHeads.add(bucket)
    actions.push(posted)
    return posted
  }

  return {
    now,
    today,
    post,
    act,
    saveAccount,
    command: (bucket: number, key: CommandKey) => commands.get(commandKey(bucket, key)),
    offer: (key: OfferKey): Offer | undefined => offers.get(offerKey(key)),
    payment: (id: PaymentId): Payment | undefined => payments.get(id),
    account: (key: AccountKey, unit: Unit): Account | undefined => accounts.get(accountKey(key, unit)),
    /** all units of a loaded account */
    accountsOf: (key: AccountKey): Account[] =>
      (unitsOf().get(key) ?? []).flatMap((unit) => accounts.get(accountKey(key, unit)) ?? []),
    standing: (party: PartyId): Standing => standings.get(party) ?? unknownStanding(party),
    device: (id: DeviceId): Device | undefined => devices.get(id),
    terminal: (id: TerminalId): Terminal | undefined => terminals.get(id),
    number: (key: NumberKey): NumberRow | undefined => numbers.get(numberKey(key)),
    refundsOf: (original: PaymentId): RefundRow[] => [...refundsOfOriginal(original).values()],

    saveCommand(bucket: number, command: StoredCommand): void {
      commands.set(commandKey(bucket, command), command)
      newCommands.push({ bucket, command })
    },
    saveOffer(offer: Offer, body: EventRow['body']): void {
      const key = offerKey(offer)
      const bucket = bucketOfId(offer.terminal)
      if (!changedOffers.has(key)) changedOffers.set(key, { bucket, previous: offers.get(key)?.version ?? null })
      offers.set(key, offer)
      events.push({ bucket, terminal: offer.terminal, subject: offer.deal, version: offer.version, at: now, body })
    },
    savePayment(payment: Payment, body: EventRow['body']): void {
      if (!changedPayments.has(payment.id)) {
        changedPayments.set(payment.id, payments.get(payment.id)?.version ?? null)
      }
      payments.set(payment.id, payment)
      const { id, terminal, version } = payment
      events.push({ bucket: bucketOfId(id), terminal, subject: id, version, at: now, body })
    },
    /** To a payer's bank; kept in the payment's bucket. */
    saveOrder(order: Order): void {
      orders.push(order)
    },
    saveDevice(device: Device): void {
      // Within the unlock nothing of it changes, and most payments are within it.
      if (devices.get(device.id) === device) return
      devices.set(device.id, device)
      changedDevices.add(device.id)
    },
    saveNumber(bucket: number, number: NumberRow): void {
      numbers.set(numberKey(number), number)
      changedNumbers.set(numberKey(number), bucket)
    },
    saveRefund(bucket: number, refund: RefundRow): void {
      refundsOfOriginal(refund.original).set(refund.id, refund)
      changedRefunds.set(refund.id, { bucket, refund })
    },
    saveStanding(standing: Standing): void {
      const { party } = standing
      const previous = changedStandings.get(party) ?? standings.get(party)?.version ?? 0
      changedStandings.set(party, previous)
      standings.set(party, { ...standing, version: previous + 1 })
    },
    saveEvidence(payment: PaymentId, version: number, given: Writes['evidence'][number]['evidence']): void {
      evidence.push({ bucket: bucketOfId(payment), payment, version, evidence: given })
    },

    /** All that changed, or null when nothing did. */
    writes(): Writes | null {
      const found = <Key, Row>(map: ReadonlyMap<Key, Row>, key: Key): Row => {
        const row = map.get(key)
        assert(row !== undefined, 'what changed is there')
        return row
      }
      const writes: Writes = {
        heads: [...changedHeads].map((bucket) => ({ bucket, head: headOf(bucket) })),
        commands: newCommands,
        offers: [...changedOffers].map(([key, { bucket, previous }]) => ({
          bucket,
          offer: found(offers, key),
          previous,
        })),
        payments: [...changedPayments].map(([id, previous]) => ({
          bucket: bucketOfId(id),
          payment: found(payments, id),
          previous,
        })),
        accounts: [...changedAccounts].map(([key, previous]) => {
          const account = found(accounts, key)
          return { bucket: bucketOfAccount(account.key, buckets), account, previous }
        }),
        devices: [...changedDevices].map((id) => ({ bucket: bucketOfId(id), device: found(devices, id) })),
        numbers: [...changedNumbers].map(([key, bucket]) => ({ bucket, number: found(numbers, key) })),
        refunds: [...changedRefunds.values()],
        standings: [...changedStandings].map(([party, previous]) => ({
          bucket: bucketOfId(party),
          standing: found(standings, party),
          previous,
        })),
        actions,
        transfers,
        entries,
        events,
        orders,
        evidence,
      }
      return Object.values(writes).some((rows) => rows.length > 0) ? writes : null
    },

    /** The offers and payments that changed, and what happened to them, for whoever watches. */
    changes(): Pick<Changes, 'offers' | 'payments' | 'events' | 'orders'> {
      return {
        events,
        orders,
        offers: [...changedOffers.keys()].flatMap((key) => offers.get(key) ?? []),
        payments: [...changedPayments.keys()].flatMap((id) => payments.get(id) ?? []),
      }
    },
  }
}

/** `buckets`: where money is on its way to; `accounts`: those it is on its way to, and those that have changed already. */
export type Changes = Readonly<{
  offers: readonly Offer[]
  payments: readonly Payment[]
  events: readonly EventRow[]
  /** new ones, for whoever carries them out */
  orders: readonly Order[]
  buckets: readonly number[]
  accounts: readonly AccountKey[]
}>
