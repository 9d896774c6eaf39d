// Payments: every command that changes one is a step in the payer's bucket, where its rows, account, device and standing lie.
import type { AccountKey } from '#core/accounts.ts'
import { bucketOfId, type PartyId, type PaymentId } from '#core/ids.ts'
import { ordersOf } from '#core/means.ts'
import {
  decide,
  evolve,
  needsOf,
  paidUnit,
  purchasesFrom,
  transfersOf,
  type Payment,
  type PaymentCommand,
} from '#core/payment.ts'
import { refuse } from '#core/refusals.ts'
import { withPurchases } from '#core/standing.ts'
import type { DeviceActor, TerminalActor } from './actors.ts'
import { refused, type Outcome, type Step } from './lanes.ts'
import { ofPayment, type Parts } from './parts.ts'
import type { Answer, Joined } from './store.ts'
import type { Working } from './working.ts'

/** The payer's phone as a decision needs it. */
export type Phone = Pick<DeviceActor, 'id' | 'party' | 'account'>

/** What was done before the step, and what it may ask for: then it leaves the batch and comes back once. */
export type Attempt = Readonly<{
  /** arriving money was deposited: what is short now is short */
  deposited: boolean
  /** whose standing is locked */
  standingOf: PartyId | null
  /** accounts that are debited beside those that the command alone tells: the exchange's */
  debits: readonly AccountKey[]
  want: (what: 'deposit' | Readonly<{ standingOf: PartyId }> | Readonly<{ debits: readonly AccountKey[] }>) => 'again'
}>

/** A command that is finished with the payment as it stands, on the scheme's day. */
export type Made = Readonly<{
  kind: 'show' | 'prove'
  make: (payment: Payment, today: number) => PaymentCommand
}>

export type Payments = ReturnType<typeof createPayments>

export function createPayments({ store, scheme, lanes }: Parts) {
  /** One command on a payment. `version` not null: nothing happens when the payment has moved on (time's commands). */
  async function decideOn(
    payment: PaymentId,
    command: Step['command'],
    actor: TerminalActor | DeviceActor | null,
    asked: PaymentCommand | Made,
    version: number | null = null,
  ): Promise<Answer> {
    const bucket = bucketOfId(payment)
    if (bucket >= scheme.buckets) return refused(refuse('not-found'))
    const phone = actor?.kind === 'device' ? actor : null
    return untilDecided(bucket, phone?.party ?? null, (attempt) => ({
      bucket,
      command,
      needs: {
        payments: [payment],
        accounts: [...needsOf(payment, asked.kind, phone?.account ?? null, referenceOf(asked)), ...attempt.debits],
        devices: phone === null ? [] : [phone.id],
        standings: standingsFor(asked, attempt),
      },
      decide(working) {
        const present = working.payment(payment)
        if (present === undefined || !mayAct(present, actor, asked)) return refused(refuse('not-found'))
        if (version !== null && present.version !== version) return ofPayment(present)
        const what = 'make' in asked ? asked.make(present, working.today) : asked
        // Approvals and proofs look at the device themselves, after what says more.
        if (phone !== null && !('evidence' in what) && working.device(phone.id)?.status !== 'active') {
          return refused(refuse('device-revoked'))
        }
        return apply(working, present, what, phone, attempt)
      },
    }))
  }

  /**
   * Runs a step until it decides. Short of money it comes back after a deposit; wanting the standing of a payer whom nobody knew
   * before the payment was loaded (the biller cancels, time passes), or to debit an account that only the payment names, it comes back
   * with that row locked too. Each at most once.
   */
  async function untilDecided(
    bucket: number,
    payer: PartyId | null,
    make: (attempt: Attempt) => Step,
  ): Promise<Answer> {
    const wanted: { deposit: boolean; standingOf: PartyId | null; debits: readonly AccountKey[] } = {
      deposit: false,
      standingOf: payer,
      debits: [],
    }
    let deposited = false
    for (;;) {
      const outcome = await lanes.run(
        make({
          deposited,
          standingOf: wanted.standingOf,
          debits: wanted.debits,
          want(what) {
            if (what === 'deposit') wanted.deposit = true
            else if ('debits' in what) wanted.debits = what.debits
            else wanted.standingOf = what.standingOf
            return 'again'
          },
        }),
      )
      if (outcome !== 'again') return outcome
      if (!wanted.deposit || deposited) continue
      await store.deposit(bucket)
      deposited = true
    }
  }

  /** Decides on a payment that was locked (or is just being made, and then `joined` is its first event) and saves all that follows. */
  function apply(
    working: Working,
    payment: Payment,
    what: PaymentCommand,
    phone: Phone | null,
    attempt: Attempt,
    joined: Joined | null = null,
  ): Outcome {
    const { rules } = scheme
    const { payer } = payment
    const unit = paidUnit(payment)
    const loaded = {
      rules,
      device: phone && (working.device(phone.id) ?? null),
      account: unit && phone && (working.account(payer.account, unit) ?? null),
      standing: attempt.standingOf === payer.party ? working.standing(payer.party) : null,
    }
    const { events, refusal, device } = decide(payment, loaded, what, working.now)
    if (refusal?.code === 'insufficient-funds' && !attempt.deposited) return attempt.want('deposit')
    const states: Payment[] = [payment]
    const purchases = events.flatMap((event) => {
      const before = states.at(-1) ?? payment
      states.push(evolve(before, event))
      return purchasesFrom(before, event, rules.zone)
    })
    if (purchases.length > 0 && loaded.standing === null) return attempt.want({ standingOf: payer.party })
    const transfers = events.flatMap((event, index) => transfersOf(states[index] ?? payment, event))
    const unlocked = transfers.filter(({ debit, unit }) => working.account(debit, unit) === undefined)
    if (unlocked.length > 0 && attempt.debits.length === 0)
      return attempt.want({ debits: [...new Set(unlocked.map(({ debit }) => debit))] })

    if (joined !== null) working.savePayment(payment, joined)
    if (device !== null) working.saveDevice(device)
    if (purchases.length > 0) {
      working.saveStanding(withPurchases(working.standing(payer.party), purchases, working.today))
    }
    for (const transfer of transfers) working.post(transfer)
    events.forEach((event, index) => {
      const before = states[index] ?? payment
      const after = states[index + 1] ?? payment
      for (const order of ordersOf(before, event)) working.saveOrder(order)
      working.savePayment(after, event)
      if ((event.kind === 'approved' || event.kind === 'proven') && 'evidence' in what)
        working.saveEvidence(payment.id, after.version, what.evidence)
    })
    return { ...ofPayment(states.at(-1) ?? payment), refusal }
  }

  return { decideOn, untilDecided, apply }
}

const referenceOf = (asked: PaymentCommand | Made): string | null => (asked.kind === 'answer' ? asked.reference : null)

/** Standings are locked where purchases are judged or given back and the payer is known. */
const standingsFor = ({ kind }: Pick<PaymentCommand, 'kind'>, { standingOf }: Attempt): PartyId[] =>
  standingOf !== null && ['approve', 'answer', 'cancel', 'take-back', 'deliver', 'time'].includes(kind)
    ? [standingOf]
    : []

/**
 * Whose payment is it? The terminal's that made the deal, and the phone's that joined; a bill sent to a person is any phone's of
 * theirs. To step back any phone of the payer will do: a cancellation period can outlive the phone that bought. Where a card's user id
 * named a phone, another one of theirs hears that it is not meant, which the rules say.
 */
function mayAct(
  { terminal, payer, way }: Payment,
  actor: TerminalActor | DeviceActor | null,
  what: Pick<PaymentCommand, 'kind'>,
): boolean {
  if (actor === null) return true
  if (actor.kind === 'terminal') return terminal === actor.id
  if (payer.party !== actor.party) return false
  if (way === 'card-id' && (what.kind === 'attest' || what.kind === 'approve')) return true
  return payer.device === null || payer.device === actor.id || what.kind === 'cancel' || what.kind === 'take-back'
}
