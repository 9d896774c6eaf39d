// What the switch needs of a store: lock and load rows of some buckets, decide without waiting, write all at once.
// Two implementations: memory-store.ts (tests, simulator) and server/postgres/store.ts; both pass store.contract.ts.
import type { AccountKey, AccountNumber } from '#core/accounts.ts'
import type { Device } from '#core/device.ts'
import type { PostedAction } from '#core/actions.ts'
import type {
  CommandId,
  DealId,
  DeviceId,
  OfferToken,
  OperatorId,
  PartyId,
  PaymentId,
  StaffId,
  TerminalId,
} from '#core/ids.ts'
import type { Account, Entry, PostedTransfer, TransferKind } from '#core/ledger.ts'
import type { Choice, Order, OrderState } from '#core/means.ts'
import type { Offer, OfferEvent } from '#core/offer.ts'
import type { Evidence, Payment, PaymentEvent } from '#core/payment.ts'
import type { Persona, Releases } from '#core/persona.ts'
import type { RefundLine } from '#core/refund.ts'
import type { RefusalCode } from '#core/refusals.ts'
import type { Standing } from '#core/standing.ts'
import type { Unit } from '#core/money.ts'

export type ActorId = TerminalId | DeviceId | PartyId | OperatorId
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
  /** what an operator's command made or touched: a party, an account, a number of rows */
  note: string | null
}>

/** `staff`: who stood at the terminal; null for phones, operators, time, and merchants without staff. */
export type StoredCommand = CommandKey & Readonly<{ hash: string; staff: StaffId | null; answer: Answer }>
/** The ends of the bucket's two chains: the journal of transfers and the operator's actions. */
export type Head = Readonly<{ sequence: bigint; hash: Uint8Array; actions: bigint; actionsHash: Uint8Array }>
export type Terminal = Readonly<{ id: TerminalId; party: PartyId; status: 'active' | 'revoked' }>
export type NumberRow = NumberKey & OfferKey & Readonly<{ freeAt: number }>
export type RefundRow = Readonly<{
  id: PaymentId
  original: PaymentId
  amount: bigint
  /** what the payer got, where it was in another unit than the bill's */
  back: bigint | null
  lines: readonly RefundLine[]
  at: number
  told: boolean
}>

export type OpenOrder = Order & Readonly<{ tries: number; trouble: string | null }>
/** `reference`: the bank's own; `trouble`: what went wrong, for the operator */
export type OrderEnd = Readonly<{
  state: Exclude<OrderState, 'open'>
  reference: string | null
  trouble: string | null
}>

/** What to lock and load in one bucket. Accounts are loaded with all their units; refunds by the payment they refund. */
export type Needs = Readonly<{
  commands: readonly CommandKey[]
  offers: readonly OfferKey[]
  payments: readonly PaymentId[]
  accounts: readonly AccountKey[]
  /**
   * accounts of which only the status is asked: not locked, so that nobody waits for a deposit to them, whose commit alone changes an
   * account without the bucket's head. Their balances may be old.
   */
  seen: readonly AccountKey[]
  devices: readonly DeviceId[]
  terminals: readonly TerminalId[]
  numbers: readonly NumberKey[]
  refunds: readonly PaymentId[]
  standings: readonly PartyId[]
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
  /** of those who have one; the rest are unknownStanding(party) */
  standings: readonly Standing[]
}>

/** A payment's first event. `preset`: what it was to be paid with from the beginning; left out where there was nothing. */
export type Joined = Readonly<{ kind: 'joined'; preset?: Choice }>

export type EventRow = Readonly<{
  bucket: number
  terminal: TerminalId
  subject: DealId | PaymentId
  version: number
  at: number
  body: OfferEvent | PaymentEvent | Joined | Readonly<{ kind: 'opened' }>
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
  standings: readonly Readonly<{ bucket: number; standing: Standing; previous: number }>[]
  actions: readonly PostedAction[]
  orders: readonly Order[]
  evidence: readonly Readonly<{ bucket: number; payment: PaymentId; version: number; evidence: Evidence }>[]
}>

/** A subject whose time has come. */
export type Due =
  | (Readonly<{ kind: 'offer' }> & OfferKey)
  | Readonly<{ kind: 'payment'; payment: PaymentId; version: number }>
  | Readonly<{ kind: 'refund'; refund: RefundRow }>

export type Balance = Account & Readonly<{ arriving: bigint }>
export type Holder = Readonly<{ party: PartyId; kind: 'person' | 'merchant'; name: string }>
/** What a person has said of themselves, as far as it is verified, and of whom may see it; `merchant` null is everybody. */
export type Profile = Readonly<{
  party: PartyId
  email: string | null
  /** hex of the picture's SHA-256 */
  portrait: string | null
  releases: readonly Readonly<{ merchant: PartyId | null; releases: Releases }>[]
}>
export type EntryPage = Readonly<{
  account: AccountKey
  unit: Unit
  before: bigint | null
  since: number | null
  until: number | null
  kind: TransferKind | null
  limit: number
}>

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
  /** all units of an account as they stand, without what is arriving: a fifth of the price */
  readAccounts(account: AccountNumber): Promise<Account[]>
  /** which of these accounts do not exist */
  readMissing(accounts: readonly Readonly<{ key: AccountKey; unit: Unit }>[]): Promise<AccountKey[]>
  /**
   * Newest first, `before` excluded, of the times from `since` until before `until` and of one kind where they are not null. Looks at
   * LIMITS.scannedEntries entries at most: `next` is where to go on, null when nothing older can fit.
   */
  readEntries(page: EntryPage): Promise<Readonly<{ entries: Entry[]; next: bigint | null }>>
  /** how the party has filed this account: null for not at all */
  readContact(party: PartyId, account: AccountNumber): Promise<'listed' | 'blocked' | null>
  /** what is verified of this person, and what they let this biller see: as they said of it, else as of everybody, else NO_RELEASES */
  readPersona(party: PartyId, biller: PartyId): Promise<Persona>
  /** who has this account, for a bill to a person; undefined for nobody */
  readHolder(account: AccountNumber): Promise<Holder | undefined>
  /** the terminal's offers, newest first by opening time, `before` excluded; those of one moment are not parted, even beyond `limit` */
  readOffers(page: Readonly<{ terminal: TerminalId; before: number | null; limit: number }>): Promise<Offer[]>
  /** the party's payments that are not over, newest first by when they were joined */
  readOpenPayments(party: PartyId, limit: number): Promise<Payment[]>
  readDue(limit: number): Promise<Due[]>
  /** orders to payers' banks, or to issuers of cards, that are open and whose time has come, oldest first */
  readOrders(via: Order['via'], limit: number): Promise<OpenOrder[]>
  /** Ends an open order; false when it was ended before. */
  concludeOrder(payment: PaymentId, number: number, end: OrderEnd): Promise<boolean>
  /**
   * An open order is tried again after so many milliseconds; nothing where it was ended meanwhile. `ifTries`: where it has been tried
   * otherwise than so many times, somebody else knows more of it, and what they have noted of its trouble stays.
   */
  postponeOrder(
    payment: PaymentId,
    number: number,
    nextInMs: number,
    trouble: string | null,
    ifTries?: number,
  ): Promise<void>
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
  seen: [],
  devices: [],
  terminals: [],
  numbers: [],
  refunds: [],
  standings: [],
}
