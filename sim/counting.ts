// What a run did, read from its events when it is over: so the counters prove that each kind of event really happened.
import { DELIVER_WITHIN_MS, type Payment, type PortionState } from '#core/payment.ts'
import type { Order, OrderState } from '#core/means.ts'
import { EUR } from './directory.ts'
import type { Counted } from './history.ts'
import type { World } from './world.ts'

/** Counts the events of a run that is over. */
export function countEvents({ memory, history, directory }: World): void {
  const { events, refunds, payments, offers, orders } = memory.contents()
  for (const { kind, state, via } of orders) {
    if (via === 'card') {
      countCard(history, kind, state)
      continue
    }
    if (kind === 'collect') history.count('banks asked')
    if (state === 'yes') history.count('banks said yes')
    if (state === 'no') history.count('banks said no')
    if (kind === 'reverse') history.count('orders reversed')
    if (kind === 'return') history.count('orders returned')
  }
  const rows = new Map<string, Payment>(payments.map((payment) => [payment.id, payment]))
  const signed = new Set(
    offers.flatMap(({ state }) => (state.kind === 'taken' && state.signed !== null ? [String(state.payment)] : [])),
  )
  const people = new Set(directory.phones.map(({ actor }) => actor.party))
  for (const { body, subject } of events) {
    const payment = rows.get(subject)
    if (body.kind === 'opened') history.count('deals opened')
    if (body.kind === 'joined') history.count('joins')
    if (body.kind === 'billed') history.count('bills changed')
    if (body.kind === 'asked') history.count('shops asked')
    if (body.kind === 'proven') history.count('questions answered')
    if (body.kind === 'joined' && payment?.question && payment.payer.device === null) history.count('questions sent')
    if (body.kind === 'shown') history.count('more was shown')
    if (body.kind === 'permitted') history.count(body.allowed ? 'shops said yes' : 'shops said no')
    if (body.kind === 'approved') {
      const isHeld = body.portions.some(({ kind }) => kind === 'held')
      history.count(isHeld ? 'payments held' : 'payments settled')
      for (const { kind } of body.portions) if (kind === 'held') history.count('portions held')
      if (payment?.bill?.unit === EUR) history.count('payments in a second unit')
      if (payment?.means.kind === 'exchange') history.count('payments exchanged')
      if (signed.has(subject)) history.count('hand-backs settled')
      if (payment?.way === 'code') history.count('payments by code')
      if (payment?.way === 'card-id') history.count('payments by user id')
      if (payment !== undefined && people.has(payment.biller.party)) history.count('people paid people')
    }
    if (body.kind === 'moved')
      for (const [index, state] of body.portions.entries())
        if ('at' in state && state.at === body.at) history.count(movedBy(state, payment, index))
    if (body.kind !== 'ended' || !('reason' in body)) continue
    if (body.reason === 'released' || body.reason === 'idle') history.count('releases')
    if (body.reason === 'cancelled-by-biller') history.count('cancels')
    if (body.reason === 'cancelled-by-payer') history.count('declines')
    if (body.reason === 'refused') history.count('hand-backs that ended')
  }
  for (const { lines } of refunds) history.count(lines.length > 0 ? 'refunds by line' : 'refunds')
}

function countCard(history: World['history'], kind: Order['kind'], state: OrderState): void {
  if (kind === 'collect') history.count('issuers asked')
  if (state === 'yes') history.count('issuers said yes')
  if (state === 'no') history.count('issuers said no')
  if (kind === 'capture') history.count('captures')
  if (kind === 'release') history.count('releases by card')
  if (kind === 'return') history.count('refunds by card')
}

/** What a portion's move was, as far as its new state tells. */
function movedBy(state: PortionState, payment: Payment | undefined, index: number): Counted {
  const hasPeriod = payment?.portions[index]?.conditions.coolingOff != null
  if (state.kind === 'settled') return hasPeriod ? 'portions released by time' : 'portions delivered'
  const since = payment?.approvedAt ?? 0
  if ('at' in state && state.at - since >= DELIVER_WITHIN_MS) return 'undelivered and returned'
  return hasPeriod ? 'lines taken back' : 'portions delivered'
}
