// How far a payment by card is, as the register shows it step by step. Pure.
import type { DealView } from '#protocol/views.ts'
import type { Run, Slip } from './card-machine.ts'
import type { cardWords } from './words-card.ts'

export type Step = Readonly<{ label: string; state: 'done' | 'now' | 'later'; detail?: string }>

type Texts = (typeof cardWords)['en']

/** Met by a card's user id. A locked phone answers with the approval itself, so its owner may look before. */
export function stepsOf({ phone, state }: Pick<DealView, 'phone' | 'state'>, text: Texts): readonly Step[] {
  const isAsking = state === 'joined'
  const hasAnswered = phone === 'answered'
  return [
    { label: text.asked, state: 'done' },
    hasAnswered
      ? { label: text.answered, state: 'done' }
      : { label: text.notAnswered, state: isAsking ? 'now' : 'done' },
    { label: text.looking, state: !isAsking ? 'done' : hasAnswered ? 'now' : 'later' },
    { label: text.issuer, state: isAsking ? 'later' : 'now' },
  ]
}

/** While the card machine beside the register is at work. */
export function machineSteps({ step, slip }: Run, text: Texts): readonly Step[] {
  const at = ['number', 'machine', 'issuer'].indexOf(step)
  const stateOf = (own: number): Step['state'] => (own < at ? 'done' : own === at ? 'now' : 'later')
  const isAnswered = step === 'issuer' && slip !== null
  return [
    { label: text.number, state: stateOf(0) },
    { label: text.sent, state: stateOf(1) },
    {
      label: text.machineAnswer,
      state: isAnswered ? 'done' : 'later',
      ...(isAnswered && { detail: answerText(slip, text) }),
    },
    { label: text.hub, state: isAnswered ? 'now' : 'later' },
  ]
}

/** What the machine made of a sale. */
export function answerText({ state, approval, code }: Slip, text: Texts): string {
  switch (state) {
    case 'approved':
      return text.approved(approval ?? '')
    case 'refused':
      return text.refused(code ?? '')
    case 'no-answer':
      return text.noAnswer
    case 'sent':
      return text.slipSent
  }
}
