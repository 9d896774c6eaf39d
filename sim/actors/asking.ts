// Who asks who somebody is: a register with a number, as at a door, and a site that asks a person straight, as OpenID's back channel
// does inside the hub. And how a phone answers.
import { idFrom } from '#core/ids.ts'
import { ASKABLE, type Askable } from '#core/persona.ts'
import type { PaymentView } from '#protocol/views.ts'
import { answerQuestion } from '#sdk/approval.ts'
import { isAnswer } from '#sdk/outbox.ts'
import type { Live } from '../machine.ts'
import type { Chance } from '../random.ts'
import { proving } from './proving.ts'

const PREFIX = 'site '

export const ASK_PERSON = '/internal/ask-person'

/** What the simulated site says to its own hub. */
export type AskBody = Readonly<{ deal: string; to: string; question: ReturnType<typeof questionOf> }>

export const questionOf = (chance: Chance): { attributes: Askable[]; reason: string } => ({
  attributes: ASKABLE.filter(() => chance.happens(0.5)),
  reason: chance.pick(['At the door', 'To collect a parcel', 'To sign in']),
})

/** Asks somebody who may not even be there; like the operator's, the command is kept until it is answered. */
export async function askSomebody(live: Live): Promise<void> {
  const { chance, world } = live
  const { phones, thief, registers } = world.directory
  const to = chance.happens(0.1) ? chance.pick([...registers]) : chance.pick([...phones, thief])
  const account = chance.happens(0.05) ? '00000000000' : to.actor.account
  // Somebody who has the password hopes that the owner says yes in the end, to have peace.
  const times = chance.happens(0.15) ? chance.between(4, 7) : 1
  for (let time = 0; time < times; time++) {
    const body: AskBody = { deal: idFrom('deal', chance.bytes(16)), to: account, question: questionOf(chance) }
    const id = idFrom('cmd', chance.bytes(16))
    await live.storage.set(PREFIX + id, body)
    await deliver(live, id, body)
  }
}

/** What was being asked when the power went off. */
export async function askAgain(live: Live): Promise<void> {
  for (const { key, value } of await live.storage.list(PREFIX)) {
    // Border: this program alone writes under its prefix.
    await deliver(live, key.slice(PREFIX.length), value as AskBody)
  }
}

async function deliver(live: Live, id: string, asked: AskBody): Promise<void> {
  const body = { ...asked, command: id }
  for (;;) {
    const reply = await live.transport.call({ method: 'POST', path: ASK_PERSON, access: 'signed', body })
    if (isAnswer(reply)) {
      live.world.checks.answered(live.who, 'ask-person', body, reply)
      return live.storage.delete(PREFIX + id)
    }
    await live.sleep(300, 4_000)
  }
}

/** Releases some of what was asked. An impatient owner taps twice, and not the same: one of the two answers counts. */
export async function answer(live: Live, view: PaymentView, isImpatient: boolean): Promise<void> {
  const { client, chance } = live
  const some = (): Askable[] => (view.question?.attributes ?? []).filter(() => chance.happens(0.6))
  const first = answerQuestion(client, view, some(), proving(live))
  if (isImpatient && chance.happens(0.6)) {
    if (chance.happens(0.5)) await live.sleep(0, 300)
    await answerQuestion(client, view, some(), proving(live))
  }
  await first
}

/** Shows the shop more of oneself, and tries what was never asked. */
export async function show({ client, chance }: Live, { payment, mayShow }: PaymentView): Promise<void> {
  const attributes = chance.happens(0.7) ? mayShow.filter(() => chance.happens(0.7)) : [...ASKABLE]
  await client.send('show', { payment, attributes })
}
