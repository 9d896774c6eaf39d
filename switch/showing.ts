// What a payer lets the other side see: a persona is read before the lane, and made into values where the rest is decided.
import { bucketOfId } from '#core/ids.ts'
import type { Payer } from '#core/offer.ts'
import { NOTHING_SHOWN, shownAtOnce, shownOf, shownOnAsking, type Persona } from '#core/persona.ts'
import { refuse } from '#core/refusals.ts'
import { refused } from './lanes.ts'
import type { FromDevice, Parts } from './parts.ts'
import type { Payments } from './payments.ts'
import type { Answer } from './store.ts'

/** What the biller sees at once, and what the payer may add, on `day`; null is somebody who shows nothing but the name. */
export const showingOf = (persona: Persona | null, day: number): Pick<Payer, 'shown' | 'mayShow'> =>
  persona === null
    ? { shown: NOTHING_SHOWN, mayShow: [] }
    : { shown: shownOf(persona, shownAtOnce(persona), day), mayShow: shownOnAsking(persona, day) }

export function createShowing({ store, scheme, step }: Parts, payments: Payments) {
  /** The payer shows the shop more of themselves; of what they named only what they were asked about counts. */
  const show = ({ payment, attributes, actor, command }: FromDevice<'show'>): Promise<Answer> =>
    withPersona({ payment, actor, command }, (persona) =>
      payments.decideOn(payment, command, actor, {
        kind: 'show',
        make({ payer }, today) {
          const wanted = attributes.filter((what) => payer.mayShow.includes(what))
          return { kind: 'show', shown: shownOf(persona, wanted, today) }
        },
      }),
    )

  /** The answer to a question. The phone signs what it releases; the values are the hub's own. */
  const prove = ({ payment, evidence, released, actor, command }: FromDevice<'prove'>): Promise<Answer> =>
    withPersona({ payment, actor, command }, (persona) =>
      payments.decideOn(payment, command, actor, {
        kind: 'prove',
        make: (_payment, today) => ({ kind: 'prove', evidence, released, shown: shownOf(persona, released, today) }),
      }),
    )

  /** The persona belongs to a payer and a biller, so the payment is read first. What is not this person's is not found. */
  async function withPersona(
    { payment: id, actor, command }: Pick<FromDevice<'show'>, 'payment' | 'actor' | 'command'>,
    decide: (persona: Persona) => Promise<Answer>,
  ): Promise<Answer> {
    const bucket = bucketOfId(id)
    if (bucket >= scheme.buckets) return refused(refuse('not-found'))
    const payment = await store.readPayment(id)
    if (payment?.payer.party === actor.party) return decide(await store.readPersona(actor.party, payment.biller.party))
    return step({ bucket, command, needs: {}, decide: () => refused(refuse('not-found')) })
  }

  return { show, prove }
}
