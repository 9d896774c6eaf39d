// The operator's bank as the hub sees it: what can be asked of it, and what it can say. The reference bank is one; another bank is another
// file like bank-http.ts. No answer is never taken for a no.
import { createHash } from 'node:crypto'
import { idBytes, type MeansId, type PaymentId } from '#core/ids.ts'
import { toHex } from '#core/bytes.ts'
import type { BankReason, Order } from '#core/means.ts'
import type { Unit } from '#core/money.ts'
import type { Entry } from '#bank/iso20022.ts'

export type { Entry } from '#bank/iso20022.ts'

/** A bank at which people may have their account. `kana`: its name in the banks' files */
export type BankPlace = Readonly<{ code: string; name: string; nameJa: string; kana: string; isInstant: boolean }>

/** The operator's own account and what the bank knows the operator by. */
export type Collector = Readonly<{
  bank: string
  branch: string
  kind: string
  number: string
  name: string
  company: string
}>

/** `kind`: 1 ordinary, 2 current; `holder`: in half-width kana */
export type BankAccount = Readonly<{ bank: string; branch: string; kind: string; number: string; holder: string }>

export type Debit = Readonly<{
  id: string
  unit: Unit
  amount: bigint
  from: BankAccount
  mandate: Readonly<{ id: string; signedOn: string }>
}>
export type Payout = Readonly<{ id: string; unit: Unit; amount: bigint; to: BankAccount }>

/** unreachable: certainly not asked · no-answer: perhaps asked, and nothing heard that can be believed */
export type NoAnswer = Readonly<{ kind: 'unreachable' | 'no-answer' }>
export type Said =
  | Readonly<{ kind: 'booked'; unit: Unit; amount: bigint }>
  | Readonly<{ kind: 'refused'; reason: string }>
  | Readonly<{ kind: 'pending' }>
  /** asked what became of it: never heard of */
  | Readonly<{ kind: 'unknown' }>
  | NoAnswer

export type Bank = Readonly<{
  directory(): Promise<Readonly<{ banks: readonly BankPlace[]; collector: Collector }> | NoAnswer>
  openMandate(
    id: string,
    account: BankAccount,
  ): Promise<Readonly<{ kind: 'active'; signedOn: string }> | Readonly<{ kind: 'refused' }> | NoAnswer>
  /** True when the bank knows that it has ended. */
  endMandate(id: string): Promise<boolean>
  /** Takes it now, or says why not; the same id is one debit for ever. Waits no longer than so. */
  collect(debit: Debit, withinMs: number): Promise<Said>
  /** What became of the debit of this id. */
  status(id: string): Promise<Said>
  /** The debit of this id never happened, whether or not it has come there yet. True when the bank holds to that. */
  reverse(of: Readonly<{ id: string; unit: Unit; amount: bigint }>): Promise<boolean>
  /** Pays to an account, once for ever by the id. */
  giveBack(payout: Payout): Promise<Said>
  /** Bookings of the operator's account after this reference, the oldest first, as many as come at once. */
  notices(after: string): Promise<readonly Entry[] | NoAnswer>
  /** True when the bank has the file. */
  sendFile(id: string, bytes: Uint8Array): Promise<boolean>
  /** The file with its results; null while there are none. */
  fileResults(id: string): Promise<Uint8Array | null | NoAnswer>
}>

/** How the operator's bank is reached, and what is taken on trust of banks that answer by file. Set by the operator alone. */
export type BankSettings = Readonly<{
  url: string
  secret: string
  /** in the scheme's own unit: of one payment, and of one means on one day; 0 takes nothing on trust */
  risk: Readonly<{ payment: bigint; day: bigint }>
  /** how long a payer and a shop wait for the bank; the rest of an answer's time is for what the hub then does */
  withinMs?: number
  /** how long an answer is waited for that nobody stands at a counter for */
  answerMs?: number
  /** a debit waits so long for others to go with it in one file */
  fileAfterMs?: number
  /** breaks between tries: the shortest */
  againMs?: number
}>

/** By which the bank knows an order, for ever: 32 digits of the payment, and the order's number. At most 35 signs. */
export const orderId = (payment: PaymentId, number: number): string =>
  `${toHex(idBytes(payment))}-${number.toString(36)}`

/** By which the bank knows a permission to collect: an id with its prefix is longer than the messages allow. */
export const mandateOf = (id: MeansId): string => toHex(idBytes(id))

/** The order's twenty digits in the banks' file, which has no room for its id. */
export function customerOf({ payment, number }: Pick<Order, 'payment' | 'number'>): string {
  const digest = createHash('sha256').update(orderId(payment, number)).digest('hex')
  return String(BigInt(`0x${digest.slice(0, 32)}`) % 10n ** 20n).padStart(20, '0')
}

/** The bank's reason as the payer hears it. */
export function reasonOf(code: string): BankReason {
  switch (code) {
    case 'AM04':
      return 'no-funds'
    case 'MD01':
    case 'AC01':
    case 'AC04':
    case 'AC06':
      return 'no-mandate'
    case 'DS02':
      return 'no-answer'
    default:
      return 'refused'
  }
}
