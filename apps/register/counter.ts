// Who is at the counter: whether a picture is to be compared, and how the question for the password stands. Pure.
//
//   compare --it is them--> known          compare, known --not sure--> asked
//   asked --right--> passed                asked --wrong--> asked, one more; the third ends the deal
//   asked --no answer in time--> the phone is let go, and the till says so
import { CHALLENGE_FAILURES } from '#core/payment.ts'
import type { DealView } from '#protocol/views.ts'

/** The picture of who has joined, of this payment alone; null while it is on its way or could not be had. */
export type Portrait = Readonly<{ payment: string; picture: string | null }>

export type AtCounter =
  | Readonly<{ kind: 'compare' }>
  | Readonly<{ kind: 'known' }>
  | Readonly<{ kind: 'asked'; failures: number; of: number }>
  | Readonly<{ kind: 'passed' }>

type Seen = Pick<DealView, 'payment' | 'payer' | 'challenge' | 'challengeFailures' | 'question'>

/** `known`: the payment whose payer the cashier has found to be the one in the picture. */
export function atCounter(deal: Seen, known: string | null): AtCounter {
  if (deal.challenge === 'asked') return { kind: 'asked', failures: deal.challengeFailures, of: CHALLENGE_FAILURES }
  if (deal.challenge === 'passed') return { kind: 'passed' }
  const hasPicture = deal.payer?.shown.portrait === true && deal.question === null
  return hasPicture && deal.payment !== known ? { kind: 'compare' } : { kind: 'known' }
}

/** Is the picture of this deal's payer still to be fetched? Once for each payment; after the end nobody needs it. */
export function lacksPortrait(
  deal: Pick<DealView, 'payment' | 'payer' | 'state'>,
  portrait: Portrait | null,
): deal is DealView & Readonly<{ payment: string }> {
  const isWanted = deal.payer?.shown.portrait === true && (deal.state === 'joined' || deal.state === 'proven')
  return isWanted && deal.payment !== null && portrait?.payment !== deal.payment
}

/** The picture to show beside this deal, as the address of an image. */
export const pictureOf = ({ payment }: Pick<DealView, 'payment'>, portrait: Portrait | null): string | null =>
  portrait !== null && portrait.payment === payment ? portrait.picture : null

/** The hub's base64 of a JPEG, as the page's content policy lets it be shown. */
export const pictureAddress = (base64: string): string => `data:image/jpeg;base64,${base64}`

/**
 * Did the phone that was asked for the password say nothing until the hub let it go? `released`: the payment that the
 * cashier let go by hand, which is no silence.
 */
export function saidNothing(
  before: Pick<DealView, 'state' | 'challenge' | 'payment'> | null,
  after: Pick<DealView, 'state'>,
  released: string | null,
): boolean {
  const wasAsked = before?.state === 'joined' && before.challenge === 'asked'
  return wasAsked && after.state === 'open' && before.payment !== released
}
