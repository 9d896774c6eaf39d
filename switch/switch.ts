// handle(command): the one door for everything that changes a payment or moves money.
//
// A command is one step in one bucket, or a few (join: offer, then payment; release: payment, then offer; refund: biller, then
// payer). Each step can be repeated: what the first step decided is true, and a deal left half-way is finished by whoever looks next.
import { toHex } from '#core/bytes.ts'
import type { PaymentId } from '#core/ids.ts'
import type { OutsideReason } from '#core/means.ts'
import type { Budgets } from './budgets.ts'
import type { Command } from './command.ts'
import { createHalves } from './halves.ts'
import { createHandBacks } from './hand-backs.ts'
import { createJoins } from './joins.ts'
import { createLanes, type Step } from './lanes.ts'
import { createOffers } from './offers.ts'
import { certainlyOn, type FromTerminal, type OtherMeans, type Parts, type Scheme } from './parts.ts'
import { createPayments } from './payments.ts'
import { createPeople } from './people.ts'
import { createPostings } from './postings.ts'
import { createPresence } from './presence.ts'
import { createRefunds } from './refunds.ts'
import { createShowing } from './showing.ts'
import type { Answer, Due, Store } from './store.ts'
import { createTickets } from './tickets.ts'
import type { Changes } from './working.ts'

export type { OtherMeans, Scheme } from './parts.ts'
export type Switch = ReturnType<typeof createSwitch>

/**
 * The switch over a store. `random` gives that many random bytes; there is no other source of chance, and no clock but the store's.
 */
export function createSwitch(options: {
  store: Store
  budgets: Budgets
  scheme: Scheme
  random: (bytes: number) => Uint8Array
  lanes: number
  /** without it there are none */
  otherMeans?: OtherMeans
  onChange: (changes: Changes) => void
  onAlarm: (alarm: { step: Step; error: unknown }) => void
}) {
  const { store, budgets, scheme, random } = options
  const lanes = createLanes({
    store,
    buckets: scheme.buckets,
    zone: () => scheme.rules.zone,
    lanes: options.lanes,
    onCommit: options.onChange,
    onAlarm: options.onAlarm,
  })
  const step = certainlyOn(lanes)
  const otherMeans = options.otherMeans ?? (async () => false)
  const parts: Parts = { store, budgets, scheme, random, otherMeans, lanes, step }
  const tickets = createTickets(parts)
  const offers = createOffers(parts, tickets)
  const payments = createPayments(parts)
  const halves = createHalves(parts, tickets, offers, payments)
  const joins = createJoins(parts, tickets, halves)
  const people = createPeople(parts, tickets, offers, halves)
  const handBacks = createHandBacks(parts, tickets, offers, halves)
  const showing = createShowing(parts, payments)
  const refunds = createRefunds(parts, payments)
  const { post } = createPostings(parts)
  const { provePresence } = createPresence(parts)

  /** Decides a command once and for ever. Throws StoreUnavailable or TooBusy when nothing was decided. */
  async function handle(sent: Command): Promise<Answer> {
    const staff = sent.actor.kind === 'terminal' ? (sent.actor.cashier?.id ?? null) : null
    const command = { actor: sent.actor.id, id: sent.id, hash: sent.hash, staff }
    switch (sent.name) {
      case 'open-offer':
        return offers.open({ ...sent, command })
      case 'ask':
        return offers.ask({ ...sent, command })
      case 'ask-person':
        return onceAtATime(command, () => people.askPerson({ ...sent, command }))
      case 'renew-number':
        return offers.renew({ ...sent, command })
      case 'change-bill':
        return changeBill({ ...sent, command })
      case 'cancel-deal':
        return cancelDeal({ ...sent, command })
      case 'release':
        return release({ ...sent, command })
      case 'deliver': {
        const { portion, amount } = sent
        return payments.decideOn(sent.payment, command, sent.actor, { kind: 'deliver', portion, amount })
      }
      case 'challenge': {
        const nonce = toHex(random(16))
        return payments.decideOn(sent.payment, command, sent.actor, { kind: 'challenge', nonce })
      }
      case 'permit':
        return payments.decideOn(sent.payment, command, sent.actor, { kind: 'permit', allowed: sent.allowed })
      case 'refund':
        return refunds.refund({ ...sent, command })
      case 'bill-person':
        return onceAtATime(command, () => people.billPerson({ ...sent, command }))
      case 'submit-signed':
        return handBacks.submitSigned({ ...sent, command })
      case 'submit-purchase':
        return handBacks.submitPurchase({ ...sent, command })
      case 'bill-code':
        return onceAtATime(command, () => people.billCode({ ...sent, command }))
      case 'join':
        return onceAtATime(command, () => joins.join({ ...sent, command }))
      case 'choose-means':
        return payments.decideOn(sent.payment, command, sent.actor, { kind: 'choose', choice: sent.choice })
      case 'approve':
        return payments.decideOn(sent.payment, command, sent.actor, { kind: 'approve', evidence: sent.evidence })
      case 'respond':
        return payments.decideOn(sent.payment, command, sent.actor, { kind: 'respond', evidence: sent.evidence })
      case 'prove':
        return showing.prove({ ...sent, command })
      case 'show':
        return showing.show({ ...sent, command })
      case 'decline':
        return payments.decideOn(sent.payment, command, sent.actor, { kind: 'cancel', by: 'payer' })
      case 'take-back':
        return payments.decideOn(sent.payment, command, sent.actor, { kind: 'take-back', portion: sent.portion })
      case 'attend':
        return payments.decideOn(sent.payment, command, sent.actor, { kind: 'attend' })
      case 'attest':
        return payments.decideOn(sent.payment, command, sent.actor, { kind: 'attest', provedAt: sent.provedAt })
    }
  }

  const underway = new Map<string, Promise<Answer>>()

  /** The same command sent again while it is under way waits for the same answer, and costs one try of its budget. */
  function onceAtATime({ actor, id, hash }: NonNullable<Step['command']>, run: () => Promise<Answer>): Promise<Answer> {
    const key = `${actor} ${id} ${hash}`
    const running = underway.get(key)
    if (running !== undefined) return running
    const answer = run().finally(() => underway.delete(key))
    underway.set(key, answer)
    return answer
  }

  async function changeBill(sent: FromTerminal<'change-bill'>): Promise<Answer> {
    const { deal, payment, billVersion, bill, actor, command } = sent
    if (!(await offers.counts(actor.account, bill.unit))) return offers.refuseUnit(actor, command)
    if (payment === null)
      return offers.decideOn({ terminal: actor.id, deal }, command, () => ({ kind: 'bill', billVersion, bill }))
    return payments.decideOn(payment, command, actor, { kind: 'bill', billVersion, bill, nonce: toHex(random(16)) })
  }

  function cancelDeal({ deal, payment, actor, command }: FromTerminal<'cancel-deal'>): Promise<Answer> {
    if (payment === null) return offers.decideOn({ terminal: actor.id, deal }, command, () => ({ kind: 'withdraw' }))
    return payments.decideOn(payment, command, actor, { kind: 'cancel', by: 'biller' })
  }

  /** The payment ends first, then the offer gets a new number: so release and approve never both win. */
  async function release({ payment, actor, command }: FromTerminal<'release'>): Promise<Answer> {
    const answer = await payments.decideOn(payment, command, actor, { kind: 'release' })
    if (answer.refusal === null) await halves.reopenAfter(payment)
    return answer
  }

  /** Does what time demands, at most `limit` things; returns how many were due. */
  async function tick(limit: number): Promise<number> {
    const due = await store.readDue(limit)
    await Promise.all(due.map(whenDue))
    return due.length
  }

  async function whenDue(due: Due): Promise<void> {
    switch (due.kind) {
      case 'offer':
        await offers.decideOn(due, null, () => ({ kind: 'time' }))
        return
      case 'payment':
        await payments.decideOn(due.payment, null, null, { kind: 'time' }, due.version)
        await halves.reopenAfter(due.payment)
        return
      case 'refund':
        await refunds.tell(due.refund)
    }
  }

  /**
   * What the payer's bank or the card's issuer says to a collect. The same answer again changes nothing; `too-late` where nobody waits
   * for a yes any more, or a no comes after a yes. A no is for what was refused there, or was certainly never asked. `reference`: of an
   * issuer's yes, for receipts.
   */
  const answerOutside = (
    payment: PaymentId,
    number: number,
    yes: boolean,
    reason: OutsideReason | null = null,
    reference: string | null = null,
  ): Promise<Answer> => payments.decideOn(payment, null, null, { kind: 'answer', number, yes, reason, reference })

  const { lookAt, completed } = halves
  /** `step` is for the operator's desk: a decision of its own in the same lanes. */
  return { handle, post, provePresence, step, tick, answerOutside, lookAt, completed, waiting: lanes.waiting }
}
