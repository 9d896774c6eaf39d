// The offer: a bill with a number, waiting for a payer, in the biller's bucket. Unique by terminal and the terminal's own deal id.
//
// Cells: what happens · – nothing · (code) refused. test/core-offer.test.ts generates the table and compares.
//
//           | open      | run out            | question         | taken              | withdrawn          | expired
//  ---------+-----------+--------------------+------------------+--------------------+--------------------+-------------------
//  bill     | billed    | (state-conflict)   | (state-conflict) | (joined-meanwhile) | (state-conflict)   | (state-conflict)
//  take     | taken     | (number-not-found) | taken            | (number-not-found) | (number-not-found) | (number-not-found)
//  renew    | renewed   | renewed            | renewed          | (joined-meanwhile) | (state-conflict)   | renewed
//  withdraw | withdrawn | withdrawn          | withdrawn        | (joined-meanwhile) | (state-conflict)   | withdrawn
//  decline  | declined  | declined           | declined         | –                  | –                  | –
//  time     | –         | expired            | –                | –                  | –                  | –
//  reopen   | –         | –                  | –                | reopened           | –                  | –
import { assert } from './assert.ts'
import { faultOf, type Bill, type Biller } from './bill.ts'
import type { ProofResult, Strength } from './device.ts'
import type { DealId, DeviceId, KeyId, OfferToken, PartyId, PaymentId, TerminalId } from './ids.ts'
import type { AccountNumber } from './accounts.ts'
import type { Choice } from './means.ts'
import type { PaymentNumber, TerminalKind } from './numbers.ts'
import type { Askable, Shown } from './persona.ts'
import type { Question } from './question.ts'
import type { Cashier } from './staff.ts'
import { refuse, type Refusal } from './refusals.ts'

/** Who joined, as the payer lets the terminal see it. */
export type Payer = Readonly<{
  party: PartyId
  /** null while a bill sent to a person waits: any phone of theirs may answer it */
  device: DeviceId | null
  account: AccountNumber
  name: string
  /** had the payer listed the biller when they met? null where the biller is a merchant */
  knows: boolean | null
  /** what the payer lets this biller see */
  shown: Shown
  /** what the payer is asked about, should the biller want to see it */
  mayShow: readonly Askable[]
}>

export type Ticket = Readonly<{
  /** null between people: a number lives for minutes at a counter, a link for days */
  number: PaymentNumber | null
  scope: string
  /** the 128-bit secret in the QR's link */
  token: OfferToken
  /** milliseconds since 1970 by the database's clock */
  expiresAt: number
}>

/**
 * How payer and biller met. number: typed · scan: the QR's link · code: the payer showed a code of their own · sent: straight to the
 * person · hand-back: signed on the phone and handed in · point: the code of an unattended place · card-id: the payer showed the user id
 * of a card, which names that card and one phone
 */
export const WAYS = ['number', 'scan', 'code', 'sent', 'hand-back', 'point', 'card-id'] as const
export type Way = (typeof WAYS)[number]

/** That a register without a network took a purchase: when, by the terminal key's word (base64url, verified at the border). */
export type Accepted = Readonly<{ at: number; signature: string }>

/** A purchase that the payer has signed and handed back: kept with the offer until whoever looks next has made its payment. */
export type Signed = Readonly<{
  /** hex of the approval bytes */
  bytes: string
  /** hex of the device key's signature over them, verified at the border */
  signature: string
  proof: ProofResult
  strength: Strength | null
  key: KeyId
  /** null where it was handed in at once: then it is judged as it comes */
  accepted: Accepted | null
}>

type Taking = Readonly<{
  payment: PaymentId
  payer: Payer
  nonce: string
  signed: Signed | null
  /** what the payment is to be paid with, where that was known before they met */
  preset: Choice | null
}>
type Taken = Taking & Readonly<{ at: number; way: Way }>

export type OfferState =
  | Readonly<{ kind: 'open'; ticket: Ticket }>
  | (Taken & Readonly<{ kind: 'taken' }>)
  | Readonly<{ kind: 'withdrawn'; at: number }>
  | Readonly<{ kind: 'expired'; at: number }>

export type Offer = Readonly<{
  terminal: TerminalId
  deal: DealId
  kind: TerminalKind
  biller: Biller
  version: number
  /** asked instead of a bill: who are you? Then there is no bill, ever */
  question: Question | null
  /** who stood at the terminal when it was opened; null where the merchant has no staff */
  cashier: Cashier | null
  bill: Bill | null
  billVersion: number
  state: OfferState
  /** the secret in the newest QR, kept after a phone has joined so that a repeated join finds its answer */
  token: OfferToken
  /** how many phones were turned away (the terminal never learns why) */
  declines: number
  openedAt: number
}>

export type OfferCommand =
  | Readonly<{ kind: 'bill'; billVersion: number; bill: Bill }>
  | (Taking & Readonly<{ kind: 'take'; credential: Credential; way: Way }>)
  | Readonly<{ kind: 'renew'; ticket: Ticket }>
  | Readonly<{ kind: 'withdraw' }>
  | Readonly<{ kind: 'decline' }>
  | Readonly<{ kind: 'time' }>
  | Readonly<{
      kind: 'reopen'
      payment: PaymentId
      version: number
      bill: Bill | null
      billVersion: number
      ticket: Ticket
    }>

/** What a phone shows to find the offer: the typed number or the token in the QR's link. */
export type Credential = Readonly<{ kind: 'number'; number: string }> | Readonly<{ kind: 'token'; token: string }>

export type OfferEvent =
  | Readonly<{ kind: 'billed'; bill: Bill }>
  | (Taken & Readonly<{ kind: 'taken' }>)
  | Readonly<{ kind: 'renewed'; ticket: Ticket }>
  | Readonly<{ kind: 'reopened'; version: number; bill: Bill | null; billVersion: number; ticket: Ticket }>
  | Readonly<{ kind: 'withdrawn'; at: number }>
  | Readonly<{ kind: 'declined' }>
  | Readonly<{ kind: 'expired'; at: number }>

/** A new offer, open under its ticket. Errors: bill faults are the border's to refuse. */
export const openOffer = (start: {
  kind: TerminalKind
  biller: Biller
  deal: DealId
  bill: Bill | null
  question?: Question | null
  cashier?: Cashier | null
  ticket: Ticket
  now: number
}): Offer => ({
  terminal: start.biller.terminal,
  deal: start.deal,
  kind: start.kind,
  biller: start.biller,
  version: 1,
  question: start.question ?? null,
  cashier: start.cashier ?? null,
  bill: start.bill,
  billVersion: start.bill === null ? 0 : 1,
  state: { kind: 'open', ticket: start.ticket },
  token: start.ticket.token,
  declines: 0,
  openedAt: start.now,
})

/** How a phone that shows this credential meets the offer. */
export const wayOf = ({ kind }: Pick<Offer, 'kind'>, credential: Credential): Way => {
  if (credential.kind === 'number') return 'number'
  return kind === 'point' ? 'point' : 'scan'
}

/** Has the ticket run out at `now`? Exactly at its end it has. */
export const isStale = (ticket: Ticket, now: number): boolean => now >= ticket.expiresAt

/** The rules of the offer. A take refused says the same for wrong, used, expired and foreign numbers. */
export function decideOffer(offer: Offer, command: OfferCommand, now: number): OfferEvent[] | Refusal {
  const { state } = offer
  switch (command.kind) {
    case 'bill':
      if (state.kind === 'taken') return refuse('joined-meanwhile')
      if (state.kind !== 'open' || isStale(state.ticket, now) || offer.question !== null)
        return refuse('state-conflict')
      if (command.billVersion !== offer.billVersion) return refuse('bill-changed')
      assert(faultOf(command.bill) === undefined, 'the border refused faulty bills')
      return [{ kind: 'billed', bill: command.bill }]
    case 'take': {
      if (state.kind !== 'open' || isStale(state.ticket, now)) return refuse('number-not-found')
      const fits =
        command.credential.kind === 'number'
          ? command.credential.number === state.ticket.number
          : command.credential.token === state.ticket.token
      if (!fits) return refuse('number-not-found')
      if (command.payer.party === offer.biller.party) return refuse('own-bill')
      const { payment, payer, nonce, signed, way, preset } = command
      return [{ kind: 'taken', payment, payer, nonce, signed, at: now, way, preset }]
    }
    case 'renew':
      if (state.kind === 'taken') return refuse('joined-meanwhile')
      if (state.kind === 'withdrawn') return refuse('state-conflict')
      return [{ kind: 'renewed', ticket: command.ticket }]
    case 'withdraw':
      if (state.kind === 'taken') return refuse('joined-meanwhile')
      if (state.kind === 'withdrawn') return refuse('state-conflict')
      return [{ kind: 'withdrawn', at: now }]
    case 'decline':
      return state.kind === 'open' ? [{ kind: 'declined' }] : []
    case 'time':
      return state.kind === 'open' && isStale(state.ticket, now) ? [{ kind: 'expired', at: now }] : []
    case 'reopen': {
      if (state.kind !== 'taken' || state.payment !== command.payment) return []
      const { version, bill, billVersion, ticket } = command
      return [{ kind: 'reopened', version, bill, billVersion, ticket }]
    }
  }
}

/** The offer after an event; its version rises with each, and jumps past the payment's when it is reopened. */
export function evolveOffer(offer: Offer, event: OfferEvent): Offer {
  const next = { ...offer, version: offer.version + 1 }
  switch (event.kind) {
    case 'billed':
      return { ...next, bill: event.bill, billVersion: offer.billVersion + 1 }
    case 'taken': {
      const { payment, payer, nonce, signed, at, way, preset } = event
      return { ...next, state: { kind: 'taken', payment, payer, nonce, signed, at, way, preset } }
    }
    case 'renewed':
      return { ...next, token: event.ticket.token, state: { kind: 'open', ticket: event.ticket } }
    case 'reopened': {
      const { bill, billVersion, ticket } = event
      return {
        ...next,
        version: event.version + 1,
        bill,
        billVersion,
        token: ticket.token,
        state: { kind: 'open', ticket },
      }
    }
    case 'withdrawn':
      return { ...next, state: { kind: 'withdrawn', at: event.at } }
    case 'declined':
      return { ...next, declines: offer.declines + 1 }
    case 'expired':
      return { ...next, state: { kind: 'expired', at: event.at } }
  }
}

/** When the hub must look at the offer again, or null. A join left half-way is finished by whoever looks, not by time. */
export function offerDueAt(offer: Offer): number | null {
  return offer.state.kind === 'open' ? offer.state.ticket.expiresAt : null
}
