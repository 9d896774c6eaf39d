// What a register without a network may take, and what waits to be handed in. Pure: no clock, no storage, no network.
//
//   waiting --the hub settled it--> settled       --seen by the cashier--> gone
//   waiting --the hub said no-----> declined      --seen by the cashier--> gone
//   waiting --not decided: nobody has signed in, no answer--> waiting
import { LIMITS } from '#protocol/limits.ts'
import type { StaffHereView } from '#protocol/identity.ts'
import type { Problem } from '#protocol/problems.ts'
import type { SchemeView } from '#protocol/views.ts'
import type { SendOutcome } from '#sdk/outcome.ts'
import type { BodyOf } from '#sdk/outbox.ts'

/** A purchase that was taken without a network. It is money only when the hub has settled it. */
export type Sale = Readonly<{
  deal: string
  /** the register it was made at: another one can never hand it in */
  terminal: string
  payer: string
  total: string
  unit: string
  /** the first line, by which a cashier knows it again */
  text: string
  /** milliseconds since 1970, as it was signed */
  acceptedAt: number
  body: BodyOf<'submit-signed'>
  state: 'waiting' | 'settled' | 'declined'
  /** why it was declined, or why it waits although there is a network */
  problem: Problem | null
  /** as the hub names the payer; the register itself cannot know */
  payerName: string | null
}>

export type Caps = SchemeView['offline']

/** Which of the scheme's caps stands in the way; `off`: the scheme lets nothing be taken without a network. */
export type CapFault = 'off' | 'payment' | 'device' | 'terminal' | 'hours' | 'unit'

/** Who was signed in and when somebody last did something here: kept while the hub cannot be asked. */
export type KeptStaff = Readonly<{ staff: StaffHereView; activeAt: number }>

/** Nos that decide nothing: the same sale is handed in again later. */
const LATER: ReadonlySet<string> = new Set([
  'no-answer',
  'busy',
  'unavailable',
  'request-timeout',
  'cashier-needed',
  'not-permitted',
  'session-needed',
  'session-ended',
  'signature-needed',
  'signature-wrong',
  'could-not-decide',
])

export const waitingOf = (sales: readonly Sale[]): readonly Sale[] => sales.filter(({ state }) => state === 'waiting')

export const sumOf = (sales: readonly Pick<Sale, 'total'>[]): bigint =>
  sales.reduce((sum, { total }) => sum + BigInt(total), 0n)

/**
 * Why this may not be taken now; undefined when it may. `onlineAt`: when the register was last online. A phone's share counts what waits
 * here, and so begins anew once all of it was handed in.
 */
export function capFault(
  wanted: Readonly<{ total: string; unit: string; payer: string | null }>,
  at: Readonly<{ caps: Caps; unit: string; sales: readonly Sale[]; onlineAt: number; now: number }>,
): CapFault | undefined {
  const { caps, now, onlineAt } = at
  const total = BigInt(wanted.total)
  const waiting = waitingOf(at.sales)
  if (caps.ms <= 0 || BigInt(caps.payment) <= 0n) return 'off'
  // The caps are amounts of the scheme's own currency.
  if (wanted.unit !== at.unit) return 'unit'
  if (now - onlineAt > caps.ms) return 'hours'
  if (total > BigInt(caps.payment)) return 'payment'
  if (sumOf(waiting) + total > BigInt(caps.terminal)) return 'terminal'
  const ofPhone = waiting.filter(({ payer }) => payer === wanted.payer)
  return wanted.payer !== null && sumOf(ofPhone) + total > BigInt(caps.device) ? 'device' : undefined
}

/** The sale after the hub's answer. */
export function decided(sale: Sale, outcome: SendOutcome): Sale {
  const payerName = outcome.view?.deal?.payer?.name ?? sale.payerName
  if (outcome.ok) return { ...sale, state: 'settled', problem: null, payerName }
  const { problem } = outcome
  return LATER.has(problem.code) ? { ...sale, problem } : { ...sale, state: 'declined', problem, payerName }
}

/** Oldest first, a sale known already replaced. */
export const withSale = (sales: readonly Sale[], sale: Sale): readonly Sale[] =>
  [...sales.filter(({ deal }) => deal !== sale.deal), sale].toSorted(
    (left, right) => left.acceptedAt - right.acceptedAt,
  )

/** What the till may go on believing of its people at `now`: who has done nothing for too long is signed out, as the hub would have it. */
export function staffAt({ staff, activeAt }: KeptStaff, now: number): StaffHereView {
  const isIdle = now - activeAt > LIMITS.cashierIdleMs
  return isIdle ? { ...staff, cashier: null } : staff
}
