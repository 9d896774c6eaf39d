// A deal told again from its events. What an offer or payment began with is taken from where it still stands: a value that a later event
// wrote over cannot matter to the end, and one that no event wrote over is in the snapshot. That the events themselves are as they were
// written is their seals' to say.
import { isDeepStrictEqual } from 'node:util'
import type { Bill } from '#core/bill.ts'
import { coolingOffEnds } from '#core/calendar.ts'
import type { Choice } from '#core/means.ts'
import { evolveOffer, openOffer, type Offer, type OfferEvent } from '#core/offer.ts'
import {
  evolve,
  isFinal,
  joinedPayment,
  stateOf,
  type Payment,
  type PaymentEvent,
  type PortionState,
} from '#core/payment.ts'
import { attributesIn } from '#core/persona.ts'
import { offerEventFromJson, paymentEventFromJson } from '#switch/snapshot.ts'

/** An event row as it is stored; `body` is its text. */
export type StoredEvent = Readonly<{ version: number; at: number; body: string }>

/** One step of a payment: before, the event, and when (the row's time, which its transfers have too). */
export type PaymentStep = Readonly<{ before: Payment; event: PaymentEvent; version: number; at: number }>

type Told<Subject> = Readonly<{ end: Subject; faults: readonly string[] }>

/** A restore moves the version of an unfinished deal on (server/backup/jump.ts). */
type Restored = Readonly<{ kind: 'restored'; version: number }>
const isRestored = (body: unknown): body is Restored =>
  typeof body === 'object' && body !== null && 'kind' in body && body.kind === 'restored'

/** The payment as its events tell it, every step shown to `look`. `offer` is the deal's, as it is now. */
export function replayPayment(
  snapshot: Payment,
  offer: Offer | undefined,
  events: readonly StoredEvent[],
  look: (step: PaymentStep) => void,
): Told<Payment> {
  const faults: string[] = []
  const bodies = events.map(({ body }) => JSON.parse(body) as unknown)
  const [first] = events
  if (first === undefined || kindOf(bodies[0]) !== 'joined')
    return { end: snapshot, faults: ['does not begin with joined'] }
  let payment = startOf(snapshot, offer, first.version, bodies)
  events.slice(1).forEach(({ version, at }, index) => {
    const body = bodies[index + 1]
    if (isRestored(body)) {
      payment = { ...payment, version: body.version }
    } else {
      const event = paymentEventFromJson(body)
      look({ before: payment, event, version, at })
      faults.push(...edgeFaults(payment, event))
      payment = evolve(payment, event)
    }
    if (payment.version !== version) faults.push(`has no event of version ${payment.version} before ${version}`)
    payment = { ...payment, version }
  })
  return { end: payment, faults: [...faults, ...differencesOf(snapshot, payment)] }
}

/** The payment as it was joined. While the offer still says that this payment took it, the offer's copy is the one that is believed. */
function startOf(snapshot: Payment, offer: Offer | undefined, version: number, bodies: readonly unknown[]): Payment {
  const billed = bodies.filter((body) => kindOf(body) === 'billed').length
  if (offer?.state.kind === 'taken' && offer.state.payment === snapshot.id) return { ...joinedPayment(offer), version }
  const { terminal, deal, biller, id, payer, joinedAt: at, way } = snapshot
  const replaced = replacedIn(bodies)
  const { nonce } = replaced ?? snapshot
  const began = snapshot.billVersion - billed
  const bill = replaced?.bill ?? (billed === 0 || began > 0 ? snapshot.bill : null)
  const preset = bill && presetOf(snapshot, bill, bodies[0])
  return joinedPayment({
    terminal,
    deal,
    kind: offer?.kind ?? (snapshot.patient ? 'person' : 'counter'),
    biller,
    version: version - 1,
    question: snapshot.question,
    cashier: offer?.cashier ?? null,
    // A later bill may be in another unit than the one that they met over.
    bill: bill && { ...bill, unit: preset?.unit ?? bill.unit },
    billVersion: began,
    state: { kind: 'taken', payment: id, payer, nonce, at, way, signed: null, preset },
    token: offer?.token ?? TOKEN_GONE,
    declines: 0,
    openedAt: at,
  })
}

/** The bill that they met over, where a bank or issuer was asked for it before another came: the first change keeps it. */
function replacedIn(bodies: readonly unknown[]): Readonly<{ bill: Bill; nonce: string }> | undefined {
  const first = bodies.find((body) => kindOf(body) === 'billed')
  const event = first === undefined ? undefined : paymentEventFromJson(first)
  return event?.kind === 'billed' ? event.replaced : undefined
}

/**
 * The card whose user id was shown, as the first event says it. Events of before it was written there do not: then the means that stand
 * at the end are taken for it.
 */
function presetOf({ way, means }: Payment, bill: Bill, joined: unknown): Preset | null {
  if (isPreset(joined)) return joined.preset
  return way === 'card-id' && means.kind === 'card' ? { ...means, unit: bill.unit } : null
}

type Preset = Extract<Choice, { kind: 'card' }>

// Border: written by the switch, which knows no preset but a card (server/border.ts); whatever else is there is told otherwise by what follows.
const isPreset = (body: unknown): body is Readonly<{ preset: Preset }> =>
  typeof body === 'object' && body !== null && 'preset' in body && kindOf(body.preset) === 'card'

// Border: no payment keeps its offer's token; this one stands where the offer has gone on.
const TOKEN_GONE = `tok_${'0'.repeat(32)}` as Offer['token']

/** The offer as its events tell it. */
export function replayOffer(snapshot: Offer, events: readonly StoredEvent[]): Told<Offer> {
  const faults: string[] = []
  const bodies = events.map(({ body }) => JSON.parse(body) as unknown)
  const [first] = events
  if (first === undefined || kindOf(bodies[0]) !== 'opened')
    return { end: snapshot, faults: ['does not begin with opened'] }
  if (first.version !== 1) faults.push('does not begin with version 1')
  if (first.at !== snapshot.openedAt) faults.push('was opened at another time than its event says')
  const later = bodies.slice(1)
  const billed = later.filter((body) => kindOf(body) === 'billed').length
  const reopened = later.some((body) => kindOf(body) === 'reopened')
  const bill: Bill | null = reopened || billed > 0 ? null : snapshot.bill
  const { kind, biller, deal, question, cashier, openedAt: now, token } = snapshot
  const ticket = snapshot.state.kind === 'open' ? snapshot.state.ticket : { ...NO_TICKET, token }
  let offer = openOffer({ kind, biller, deal, bill, question, cashier, ticket, now })
  if (!reopened) offer = { ...offer, billVersion: snapshot.billVersion - billed }
  if (!reopened && ![0, 1].includes(offer.billVersion)) faults.push('has another number of bills than events say')
  events.slice(1).forEach(({ version }, index) => {
    const body = later[index]
    offer = isRestored(body) ? { ...offer, version: body.version } : evolveOffer(offer, offerEventFromJson(body))
    if (offer.version !== version) faults.push(`has no event of version ${offer.version} before ${version}`)
    offer = { ...offer, version }
  })
  return { end: offer, faults: [...faults, ...differencesOf(snapshot, offer)] }
}

// Border: a ticket that later events wrote over; only its token is still known.
const NO_TICKET = { number: '', scope: '', expiresAt: 0 } as unknown as Omit<
  Extract<OfferEvent, { kind: 'renewed' }>['ticket'],
  'token'
>

const kindOf = (body: unknown): unknown =>
  typeof body === 'object' && body !== null && 'kind' in body ? body.kind : ''

function differencesOf(snapshot: object, told: object): string[] {
  const names = new Set([...Object.keys(snapshot), ...Object.keys(told)])
  const differing = [...names].filter(
    (name) => !isDeepStrictEqual(Reflect.get(snapshot, name), Reflect.get(told, name)),
  )
  return differing.length === 0 ? [] : [`says ${differing.toSorted().join(', ')} otherwise than its events`]
}

/** What a portion may become (core/payment.ts); the state it is in is always allowed. */
const EDGES: Readonly<Record<PortionState['kind'], readonly PortionState['kind'][]>> = {
  due: ['authorising', 'held', 'settled', 'ended'],
  authorising: ['due', 'held', 'settled', 'ended'],
  held: ['settled', 'ended'],
  settled: [],
  ended: [],
}

/** I12, I13, I26: only listed edges; what was final stays; no release before the end of cooling-off; never more than the bill. */
function edgeFaults(payment: Payment, event: PaymentEvent): string[] {
  const faults: string[] = []
  if (isFinal(payment) && event.kind !== 'refunded') faults.push(`was ${stateOf(payment)} and then ${event.kind}`)
  faults.push(...showingFaults(payment, event))
  if (event.kind === 'chosen' && stateOf(payment) !== 'joined') faults.push('chose means when it was no longer open')
  if (event.kind === 'permitted' && payment.asked === null) faults.push('was permitted, and nobody had asked')
  faults.push(...phoneFaults(payment, event))
  if (!('portions' in event)) return faults
  if (event.portions.length !== payment.portions.length) faults.push(`has other portions than its ${event.kind} says`)
  event.portions.forEach((after, index) => {
    const portion = payment.portions[index]
    if (portion === undefined) return
    const before = portion.state
    const isAskedFor = payment.means.kind === 'bank' || payment.means.kind === 'card'
    if (after.kind === 'authorising' && before.kind === 'due' && !isAskedFor)
      faults.push('waits for a bank or issuer, and nobody chose one')
    if (before.kind === 'due' && isFunded(after) && isAskedFor)
      faults.push('took what its bank or issuer was not asked for')
    if (after.kind !== before.kind && !EDGES[before.kind].includes(after.kind))
      faults.push(`went from ${before.kind} to ${after.kind}`)
    if (after.kind === 'settled' && after.settled > portion.amount) faults.push('settled more than was billed')
    const { coolingOff } = portion.conditions
    const ends = coolingOff === null ? event.at : coolingOffEnds(coolingOff, event.at)
    if (before.kind !== 'held' && after.kind === 'held' && after.until !== ends)
      faults.push('is held until another time than its cooling-off ends')
    if (before.kind !== 'held' && before.kind !== 'settled' && after.kind === 'settled' && coolingOff !== null)
      faults.push('settled at once what has a cooling-off period')
    if (before.kind === 'held' && after.kind === 'settled' && event.at < before.until)
      faults.push('was released before its cooling-off was over')
  })
  return faults
}

/** Where a card's user id named a phone, that phone has answered or proved before anything was approved; nowhere else is it asked. */
function phoneFaults({ way, attested, means }: Payment, event: PaymentEvent): string[] {
  const isNamed = way === 'card-id'
  if ((event.kind === 'attested' || event.kind === 'strayed') && !isNamed)
    return ['was answered for by a phone that nothing had named']
  if (event.kind === 'approved' && isNamed && attested === null && event.strength === null)
    return ['was approved, and its phone had not answered']
  if (event.kind === 'answered' && event.reference !== null && means.kind !== 'card')
    return ['has the reference of an issuer, and was not paid by card']
  return []
}

const isFunded = ({ kind }: PortionState): boolean => kind === 'held' || kind === 'settled'

/** Of a bill: what its payer is asked about is shown, and nothing more. Of a question: nothing happens to it that needs a bill. */
function showingFaults({ question, payer }: Payment, event: PaymentEvent): string[] {
  if (event.kind === 'proven') return question === null ? ['was answered, and nothing was asked'] : []
  if (question !== null && OF_BILLS.includes(event.kind)) return [`is a question and was ${event.kind}`]
  // Where the offer has gone on the snapshot is believed, and says no more what could have been shown.
  if (event.kind !== 'shown' || payer.mayShow.length === 0) return []
  return attributesIn(event.shown).every((what) => payer.mayShow.includes(what)) ? [] : ['showed what was not asked']
}

const OF_BILLS: readonly PaymentEvent['kind'][] = [
  'billed',
  'chosen',
  'attested',
  'approved',
  'answered',
  'moved',
  'asked',
  'permitted',
  'shown',
  'refunded',
]
