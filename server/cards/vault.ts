// The vault as the hub sees it: what can be asked of it, and what it can say. It keeps the card numbers and speaks with the issuers; the hub
// names a card by the id of its means. No answer is never taken for a no.
import { toHex } from '#core/bytes.ts'
import { idBytes, type MeansId, type TerminalId } from '#core/ids.ts'
import type {
  AddCard,
  AddCardAnswer,
  AlarmsAnswer,
  Authorise,
  EndCardAnswer,
  Follow,
  FollowAnswer,
  FoundOrder,
  HealthAnswer,
  OrderAnswer,
  ReconcileAnswer,
  ReportAnswer,
  ReverseAnswer,
  Tables,
  TablesAnswer,
  VaultKeys,
} from '#vault/wire.ts'

/**
 * unreachable: certainly not asked (nobody there, or there without its key) · no-answer: perhaps asked, and nothing heard that can be
 * believed · wrong: it found fault with the request itself, and did nothing
 */
export type NoAnswer =
  Readonly<{ kind: 'unreachable' }> | Readonly<{ kind: 'no-answer' }> | Readonly<{ kind: 'wrong'; fault: string }>

export type Heard<Answer> = Readonly<{ kind: 'heard'; said: Answer }> | NoAnswer
type Asked<Answer> = Promise<Heard<Answer>>

/** Every question may be repeated. */
export type Vault = Readonly<{
  keys(): Asked<VaultKeys>
  addCard(card: AddCard): Asked<AddCardAnswer>
  endCard(card: string): Asked<EndCardAnswer>
  /** Asks the issuer, and waits no longer than `withinMs` of the body. */
  authorise(order: Authorise): Asked<OrderAnswer>
  /** What became of an authorisation. */
  order(order: string): Asked<FoundOrder>
  capture(order: Follow): Asked<FollowAnswer>
  release(order: Follow): Asked<FollowAnswer>
  refund(order: Follow): Asked<FollowAnswer>
  /** The authorisation never was, whether or not the issuer has heard of it. */
  reverse(order: Follow): Asked<ReverseAnswer>
  putTables(tables: Tables): Asked<TablesAnswer>
  alarms(after: number): Asked<AlarmsAnswer>
  /** `day`: 2026-12-03 */
  reconcile(day: string): Asked<ReconcileAnswer>
  report(day: string): Asked<ReportAnswer>
  health(): Asked<HealthAnswer>
}>

/** How the vault is reached. Set by the operator alone. */
export type VaultSettings = Readonly<{
  url: string
  secret: string
  /** how long a payer and a shop wait for the issuer; the rest of an answer's time is for what the hub then does */
  withinMs?: number
  /** as long, where the terminal itself sends a one-time number */
  oneTimeWithinMs?: number
  /** how long an answer is waited for that nobody stands at a counter for */
  answerMs?: number
  /** breaks between tries: the shortest */
  againMs?: number
}>

/** What the desk and the day's reconciliation ask of the vault; undefined: it is away. */
export type VaultDesk = Readonly<{
  health(): Promise<HealthAnswer | undefined>
  alarms(after: number): Promise<AlarmsAnswer['alarms'] | undefined>
  /** `day`: 2026-12-03. True when every issuer was asked. */
  reconcile(day: string): Promise<boolean>
  report(day: string): Promise<ReportAnswer | undefined>
}>

/** By which the vault knows a card. */
export const cardOf = (id: MeansId): string => toHex(idBytes(id))

/** By which issuers know a terminal (DE 41, eight signs): the end of its id, which is random. */
export const terminalNumber = (terminal: TerminalId): string => toHex(idBytes(terminal)).slice(-8).toUpperCase()
