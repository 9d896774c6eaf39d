// Deals in two buckets: a join is offer, then payment; a release is payment, then offer. What died half-way is finished here, by
// whoever looks next; every second half can be repeated.
import { assert } from '#core/assert.ts'
import { fromHex } from '#core/bytes.ts'
import { bucketOfId, type PaymentId } from '#core/ids.ts'
import type { Offer, Signed } from '#core/offer.ts'
import { joinedPayment, stateOf, type Evidence, type Payment } from '#core/payment.ts'
import { NOTHING, type Step } from './lanes.ts'
import type { Offers } from './offers.ts'
import { ofPayment, type Parts } from './parts.ts'
import type { Payments } from './payments.ts'
import type { Answer, Joined, OfferKey } from './store.ts'
import { ticketAt, type Tickets } from './tickets.ts'

export type Halves = ReturnType<typeof createHalves>
export type Deal = { offer: Offer; payment: Payment | null }

export function createHalves({ store, step }: Parts, tickets: Tickets, offers: Offers, payments: Payments) {
  /** The second half of a join; repeated without harm by whoever finds a taken offer without its payment. */
  function makePayment(offer: Offer, command: Step['command'], answer: Answer): Promise<Answer> {
    assert(offer.state.kind === 'taken', 'only a taken offer makes a payment')
    const { payment, signed } = offer.state
    if (signed) return settleSigned(offer, signed)
    const bucket = bucketOfId(payment)
    return step({
      bucket,
      // Where both halves lie in one bucket the first has stored the command's answer: under its id nothing would be decided.
      command: bucket === bucketOfId(offer.terminal) ? null : command,
      needs: { payments: [payment] },
      decide(working) {
        if (working.payment(payment) === undefined) working.savePayment(joinedPayment(offer), joinedBy(offer))
        return answer
      },
    })
  }

  /** Makes the payment of a purchase that was handed back, and settles or ends it in the same commit. */
  function settleSigned(offer: Offer, signed: Signed): Promise<Answer> {
    assert(offer.state.kind === 'taken', 'only a taken offer makes a payment')
    const { payment, payer } = offer.state
    assert(payer.device !== null, 'a phone has signed')
    const phone = { id: payer.device, party: payer.party, account: payer.account }
    const what = { kind: 'approve', evidence: evidenceFrom(signed), handedBack: true } as const
    const bucket = bucketOfId(payment)
    return payments.untilDecided(bucket, payer.party, (attempt) => ({
      bucket,
      command: null,
      needs: { payments: [payment], accounts: [payer.account], devices: [phone.id], standings: [payer.party] },
      decide(working) {
        const present = working.payment(payment)
        if (present !== undefined) return ofPayment(present)
        return payments.apply(working, joinedPayment(offer), what, phone, attempt, joinedBy(offer))
      },
    }))
  }

  /** The second half of a release (by the cashier or by silence); repeated without harm by whoever looks next. */
  async function reopenAfter(id: PaymentId): Promise<void> {
    const payment = await store.readPayment(id)
    if (payment === undefined || !wantsReopening(payment)) return
    const key = { terminal: payment.terminal, deal: payment.deal }
    const offer = await store.readOffer(bucketOfId(key.terminal), key)
    if (offer?.state.kind !== 'taken' || offer.state.payment !== id) return
    const drawn = await tickets.draw(key, offer.kind)
    const { version, bill, billVersion } = payment
    await offers.decideOn(key, null, (now) => ({
      kind: 'reopen',
      payment: id,
      version,
      bill,
      billVersion,
      ticket: ticketAt(drawn, now),
    }))
  }

  /** The deal as it stands; finishes a join or release that died half-way. */
  async function lookAt(key: OfferKey): Promise<Deal | undefined> {
    const offer = await store.readOffer(bucketOfId(key.terminal), key)
    if (offer === undefined) return undefined
    return completed(offer)
  }

  async function completed(offer: Offer): Promise<Deal> {
    if (offer.state.kind !== 'taken') return { offer, payment: null }
    const found = await store.readPayment(offer.state.payment)
    if (found === undefined) {
      await makePayment(offer, null, NOTHING)
      return { offer, payment: (await store.readPayment(offer.state.payment)) ?? null }
    }
    if (!wantsReopening(found)) return { offer, payment: found }
    await reopenAfter(found.id)
    const again = await store.readOffer(bucketOfId(offer.terminal), offer)
    return { offer: again ?? offer, payment: again?.state.kind === 'taken' ? found : null }
  }

  /** The payment that an answer of the biller's bucket promises, made if it is not there: a stored answer does not tell. */
  async function finish({ terminal, deal, payment }: Answer): Promise<Payment | null> {
    if (terminal === null || deal === null || payment === null) return null
    const found = await store.readPayment(payment)
    if (found !== undefined) return found
    await lookAt({ terminal, deal })
    return (await store.readPayment(payment)) ?? null
  }

  return { makePayment, reopenAfter, lookAt, completed, finish }
}

/** The offer may go on without this payment: then nothing else says what it was to be paid with. */
const joinedBy = ({ state }: Offer): Joined =>
  state.kind === 'taken' && state.preset !== null ? { kind: 'joined', preset: state.preset } : { kind: 'joined' }

/** Somebody else may take the bill at a counter; a bill between people was meant for one, or is sent anew. */
const wantsReopening = (payment: Payment): boolean =>
  !payment.patient &&
  stateOf(payment) === 'ended' &&
  (payment.ended?.reason === 'released' || payment.ended?.reason === 'idle')

function evidenceFrom({ bytes, signature, proof, strength, key }: Signed): Evidence {
  const [approval, sealed] = [fromHex(bytes), fromHex(signature)]
  assert(approval !== undefined && sealed !== undefined, 'the offer keeps hex')
  return { bytes: approval, signature: sealed, proof, strength, key }
}
