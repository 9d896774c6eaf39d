// Planted bugs of questions and of what payers show.
import { claimsOf } from '#core/approval.ts'
import { equal } from '#core/bytes.ts'
import type { PaymentId } from '#core/ids.ts'
import type { Payment, PaymentEvent } from '#core/payment.ts'
import { inOrder, type Askable, type Releases } from '#core/persona.ts'
import { questionHash } from '#core/question.ts'
import type { Command } from '#switch/command.ts'
import type { MemoryStore } from '#switch/memory-store.ts'
import type { Rows, Store, Writes } from '#switch/store.ts'
import { changing, isFromPhone, masking, type Around } from './planting.ts'
import type { World } from './world.ts'

const withPayments = <Given extends Rows>(rows: Given, change: (payment: Payment) => Payment): Given => ({
  ...rows,
  payments: rows.payments.map(change),
})

/** What answers say that they release, by payment, where it is not what was signed. */
const untrue = new WeakMap<MemoryStore, Map<PaymentId, readonly Askable[]>>()

/** The signature is compared with what was signed, and what is released is taken from beside it. */
export async function releasingUnsigned(command: Command, { memory }: World): Promise<Command> {
  if (command.name !== 'prove') return command
  const payment = await memory.readPayment(command.payment)
  const signed = payment && signedIn(payment, command.evidence.bytes)
  const told = inOrder(command.released)
  if (signed === undefined || String(signed) === String(told)) return command
  const known = untrue.get(memory) ?? new Map<PaymentId, readonly Askable[]>()
  untrue.set(memory, known.set(command.payment, told))
  return { ...command, released: signed }
}

/** Which attributes stand in the bytes: one of the few sets that there are. */
function signedIn({ biller, question }: Payment, bytes: Uint8Array): readonly Askable[] | undefined {
  const hash = claimsOf(bytes)?.billHash
  if (question === null || hash === undefined) return undefined
  const sets = question.attributes.reduce<Askable[][]>(
    (all, what) => [...all, ...all.map((set) => [...set, what])],
    [[]],
  )
  return sets.map(inOrder).find((set) => equal(hash, questionHash(biller, question, set)))
}

export const unsignedReleased = ({ memory, ...rest }: Around): Store =>
  changing({
    writes: (writes) => {
      const told = (id: string): readonly Askable[] | undefined =>
        [...(untrue.get(memory) ?? [])].find(([payment]) => payment === id)?.[1]
      return {
        ...writes,
        payments: writes.payments.map((row) => {
          const { answered, id } = row.payment
          const released = told(id)
          if (answered === null || released === undefined) return row
          return { ...row, payment: { ...row.payment, answered: { ...answered, released } } }
        }),
        events: writes.events.map((event) => {
          const released = told(event.subject)
          return event.body.kind === 'proven' && released !== undefined
            ? { ...event, body: { ...event.body, released } satisfies PaymentEvent }
            : event
        }),
      }
    },
  })({ memory, ...rest })

/** A phone that answers does not see that the question was answered. */
export const answeredTwice = changing({
  rows: (rows, needs) => (isFromPhone(needs) ? withPayments(rows, (row) => ({ ...row, answered: null })) : rows),
})

/** The terminal's bill does not see that this is a question: a question becomes something to pay. */
export const questionBilled = masking({
  when: (needs) => needs.some(({ payments, commands }) => payments.length > 0 && commands.length > 0),
  rows: (rows) => withPayments(rows, (row) => (isAsked(row) ? { ...row, question: null } : row)),
  back: (writes, rows) => restored(writes, rows),
})

const isAsked = ({ question, bill, answered }: Payment): boolean =>
  question !== null && bill === null && answered === null

const restored = (writes: Writes, rows: Rows): Writes => ({
  ...writes,
  payments: writes.payments.map((row) => {
    const question = rows.payments.find(({ id }) => id === row.payment.id)?.question ?? row.payment.question
    return { ...row, payment: { ...row.payment, question } }
  }),
})

const ALL: Releases = {
  'age-band': 'show',
  'member-number': 'show',
  region: 'show',
  email: 'show',
  portrait: 'show',
}

/** Nobody looks at what the payer has said about this shop. */
export const releasesIgnored = ({ memory }: Around): Store => ({
  ...memory,
  readPersona: async (party, biller) => ({ ...(await memory.readPersona(party, biller)), releases: ALL }),
})

/** A question shows all that is known, whatever its answer releases. */
export const shownUnasked = ({ memory, ...rest }: Around): Store =>
  changing({
    writes: (writes) => ({
      ...writes,
      payments: writes.payments.map((row) => {
        const { answered, payer } = row.payment
        const region = 'JP-13'
        return answered === null || answered.released.includes('region')
          ? row
          : { ...row, payment: { ...row.payment, payer: { ...payer, shown: { ...payer.shown, region } } } }
      }),
    }),
  })({ memory, ...rest })

/** Whoever was blocked may ask again. */
export const blockIgnored = ({ memory }: Around): Store => ({
  ...memory,
  async readContact(party, account) {
    const known = await memory.readContact(party, account)
    return known === 'blocked' ? null : known
  },
})
