// What the switch understands: commands of terminals and devices, already checked and parsed at the border.
import type { AccountNumber } from '#core/accounts.ts'
import type { Bill } from '#core/bill.ts'
import type { Choice } from '#core/means.ts'
import type { Askable } from '#core/persona.ts'
import type { Question } from '#core/question.ts'
import type { CommandId, DealId, PaymentId } from '#core/ids.ts'
import type { Transfer } from '#core/ledger.ts'
import type { Accepted, Credential } from '#core/offer.ts'
import type { Evidence } from '#core/payment.ts'
import type { RefundLine } from '#core/refund.ts'
import type { DeviceActor, TerminalActor } from './actors.ts'

export type TerminalCommand =
  | Readonly<{ name: 'open-offer'; deal: DealId; bill: Bill | null }>
  | Readonly<{ name: 'ask'; deal: DealId; question: Question }>
  /** straight to a person: a relying site's, never a route's */
  | Readonly<{ name: 'ask-person'; deal: DealId; to: AccountNumber; question: Question }>
  | Readonly<{ name: 'renew-number'; deal: DealId }>
  | Readonly<{ name: 'change-bill'; deal: DealId; payment: PaymentId | null; billVersion: number; bill: Bill }>
  | Readonly<{ name: 'cancel-deal'; deal: DealId; payment: PaymentId | null }>
  | Readonly<{ name: 'release'; deal: DealId; payment: PaymentId }>
  | Readonly<{ name: 'deliver'; payment: PaymentId; portion: number; amount: bigint }>
  | Readonly<{ name: 'refund'; payment: PaymentId; amount: bigint; lines: readonly RefundLine[] }>
  | Readonly<{ name: 'permit'; payment: PaymentId; allowed: boolean }>
  | Readonly<{ name: 'bill-person'; deal: DealId; to: AccountNumber; bill: Bill }>
  /** `accepted`: when the register took it, where it had no network then */
  | Readonly<{
      name: 'submit-signed'
      deal: DealId
      bill: Bill
      payer: DeviceActor
      evidence: Evidence
      accepted?: Accepted | null | undefined
    }>
  /** the payer's code was read: whose phone it was, the border has found out and used up the code */
  | Readonly<{
      name: 'bill-code'
      deal: DealId
      bill: Bill | null
      payer: DeviceActor
      /** it was a card's user id: the bill is asked by that card */
      preset?: Choice | null
    }>
  | Readonly<{ name: 'challenge'; payment: PaymentId }>

export type DeviceCommand =
  | Readonly<{ name: 'join'; credential: Credential; address: string }>
  /** rate, bank account or card were looked up at the border */
  | Readonly<{ name: 'choose-means'; payment: PaymentId; choice: Choice }>
  | Readonly<{ name: 'approve'; payment: PaymentId; evidence: Evidence }>
  | Readonly<{ name: 'respond'; payment: PaymentId; evidence: Evidence }>
  | Readonly<{ name: 'prove'; payment: PaymentId; evidence: Evidence; released: readonly Askable[] }>
  | Readonly<{ name: 'show'; payment: PaymentId; attributes: readonly Askable[] }>
  | Readonly<{ name: 'decline'; payment: PaymentId }>
  | Readonly<{ name: 'attend'; payment: PaymentId }>
  /** the phone says by itself that its owner has unlocked it; `provedAt`: when, as far as the phone remembers */
  | Readonly<{ name: 'attest'; payment: PaymentId; provedAt: number | null }>
  | Readonly<{ name: 'take-back'; payment: PaymentId; portion: number }>
  /** the phone hands in by itself what it has signed; who asks for the money, the register's own signature has told */
  | Readonly<{ name: 'submit-purchase'; terminal: TerminalActor; deal: DealId; bill: Bill; evidence: Evidence }>

/** A person's phone that asks for money acts as the terminal it has (billerOf), `isPerson` true. `hash` is hex of SHA-256 over the command as it was sent: the same id with another body is a mismatch. */
export type Command =
  | (TerminalCommand & Readonly<{ id: CommandId; hash: string; actor: TerminalActor; isPerson: boolean }>)
  | (DeviceCommand & Readonly<{ id: CommandId; hash: string; actor: DeviceActor }>)

/** Transfers booked by the operator: opening balances, cash desk, payroll. All debits lie in one bucket. */
export type Posting = Readonly<{ id: CommandId; hash: string; transfers: readonly Transfer[] }>
