// What the switch needs of a store: lock and load rows of some buckets, decide without waiting, write all at once.
// Two implementations: memory-store.ts (tests, simulator) and server/postgres/store.ts; both pass store.contract.ts.
import type { AccountKey, AccountNumber } from '#core/accounts.ts'
import type { Device } from '#core/device.ts'
import type { CommandId, DealId, DeviceId, OfferToken, PartyId, PaymentId, TerminalId } from '#core/ids.ts'
import type { Account, Entry, PostedTransfer } from '#core/ledger.ts'
import type { Offer, OfferEvent } from '#core/offer.ts'
import type { Evidence, Payment, PaymentEvent } from '#core/payment.ts'
import type { RefusalCode } from '#core/refusals.ts'
import type { Unit } from '#core/money.ts'

export type ActorId = TerminalId | DeviceId | PartyId
export type CommandKey = Readonly<{ actor: ActorId; id: CommandId }>
export type OfferKey = Readonly<{ terminal: TerminalId; deal: DealId }>
export type NumberKey = Readonly<{ scope: string; number: string }>

/** The decided answer, stored with its command: the same id gets it for ever. */
export type Answer = Readonly<{
  refusal: Readonly<{ code: RefusalCode; detail?: Readonly<Record<string, string>> }> | null
  terminal: TerminalId | null
  deal: DealId | null
  payment: PaymentId | null
  refund: PaymentId | null
  version: number | null
}>

export type StoredCommand = CommandKey & Readonly<{ hash: string; answer: Answer }>
export type Head = Readonly<{ sequence: bigint; hash: Uint8Array }>
export type Terminal = Readonly<{ id: TerminalId; party: PartyId; status: 'active' | 'revoked' }>
export type NumberRow = NumberKey & OfferKey & Readonly<{ freeAt: number }>
export type RefundRow = Readonly<{ id: PaymentId; original: PaymentId; amount: bigint; at: number; told: boolean }>

/** What to lock and load in one bucket. Accounts are loaded with all their units; refunds by the payment they refund. */
export type Needs = Readonly<{
  commands: readonly CommandKey[]
  offers: readonly OfferKey[]
  payments: readonly PaymentId[]
  accounts: readonly AccountKey[]
  devices: readonly DeviceId[]
  terminals: readonly TerminalId[]
  numbers: readonly NumberKey[]
  refunds: readonly PaymentId[]
}>

export type BucketNeeds = Needs & Readonly<{ bucket: number }>

/** The rows that were found, locked until the commit. `now` is the database's clock, milliseconds since 1970. */
export type Rows = Readonly<{
  now: number
  heads: ReadonlyMap<number, Head>
  commands: readonly (StoredCommand & Readonly<{ bucket: number }>)[]
  offers: readonly Offer[]
  payments: readonly Payment[]
  accounts: readonly Account[]
  devices: readonly Device[]
  terminals: readonly Terminal[]
  numbers: readonly NumberRow[]
  refunds: readonly RefundRow[]
}>

export type EventRow = Readonly<{
  bucket: number
  terminal: TerminalId
  subject: DealId | PaymentId
  version: number
  at: number
  body: OfferEvent | PaymentEvent | Readonly<{ kind: 'opened' | 'joined' }>
}>

/** `previous` is the version the row had when it was locked, null for a new row: the write is conditional on it. */
export type Writes = Readonly<{
  heads: readonly Readonly<{ bucket: number; head: Head }>[]
  commands: readonly Readonly<{ bucket: number; command: StoredCommand }>[]
  offers: readonly Readonly<{ bucket: number; offer: Offer; previous: number | null }>[]
  payments: readonly Readonly<{ bucket: number; payment: Payment; previous: number | null }>[]
  accounts: readonly Readonly<{ bucket: number; account: Account; previous: bigint }>[]
  devices: readonly Readonly<{ bucket: number; device: Device }>[]
  numbers: readonly Readonly<{ bucket: number; number: NumberRow }>[]
  refunds: readonly Readonly<{ bucket: number; refund: RefundRow }>[]
  transfers: readonly PostedTransfer[]
  entries: readonly Entry[]
  events: readonly EventRow[]
  evidence: readonly Readonly<{ bucket: number; payment: PaymentId; version: number; evidence: Evidence }>[]
}>

/** A subject whose time has come. */
export type Due =
  | (Readonly<{ kind: 'offer' }> & OfferKey)
  | Readonly<{ kind: 'payment'; payment: PaymentId; version: number }>
  | Readonly<{ kind: 'refund'; refund: RefundRow }>

export type Balance = Account & Readonly<{ arriving: bigint }>

export type Store = {
  /**
   * One commit over some buckets: locks them (by bucket, kind, id), loads, calls `decide` once without waiting, writes all or nothing.
   * `null` writes nothing. Throws StoreUnavailable when there is no database, OutcomeUnknown when the commit's answer was lost.
   */
  transact(needs: readonly BucketNeeds[], decide: (rows: Rows) => Writes | null): Promise<void>

  /** Deposits all that has arrived for the bucket's accounts, moving its marks in the same commit; returns how many transfers. */
  deposit(bucket: number): Promise<number>

  readCommand(bucket: number, key: CommandKey): Promise<StoredCommand | undefined>
  readNumber(bucket: number, key: NumberKey): Promise<OfferKey | undefined>
  readToken(bucket: number, token: OfferToken): Promise<OfferKey | undefined>
  readOffer(bucket: number, key: OfferKey): Promise<Offer | undefined>
  readPayment(payment: PaymentId): Promise<Payment | undefined>
  readPayments(payments: readonly PaymentId[]): Promise<Payment[]>
  readDevice(bucket: number, device: DeviceId): Promise<Device | undefined>
  readBalances(account: AccountNumber): Promise<Balance[]>
  /** which of these accounts do not exist */
  readMissing(accounts: readonly Readonly<{ key: AccountKey; unit: Unit }>[]): Promise<AccountKey[]>
  /** newest first, `before` excluded */
  readEntries(
    page: Readonly<{ account: AccountKey; unit: Unit; before: bigint | null; limit: number }>,
  ): Promise<Entry[]>
  /** the terminal's offers, newest first by opening time, `before` excluded */
  readOffers(page: Readonly<{ terminal: TerminalId; before: number | null; limit: number }>): Promise<Offer[]>
  readOpenPayments(party: PartyId, limit: number): Promise<Payment[]>
  readDue(limit: number): Promise<Due[]>
  /** the database's clock */
  now(): Promise<number>
}

/** There is no database at the moment; nothing was decided. */
export class StoreUnavailable extends Error {
  override name = 'StoreUnavailable'
}

/** The commit was sent and its answer was lost: run the same batch again, the command rows tell what happened. */
export class OutcomeUnknown extends Error {
  override name = 'OutcomeUnknown'
}

export const NO_NEEDS: Needs = {
  commands: [],
  offers: [],
  payments: [],
  accounts: [],
  devices: [],
  terminals: [],
  numbers: [],
  refunds: [],
}
