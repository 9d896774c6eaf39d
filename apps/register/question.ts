// "Who is it?": the question while it is put together, and what may be asked. Pure.
import { ASKABLE, type Askable } from '#core/persona.ts'
import { REASON_LENGTH } from '#core/question.ts'
import type { DealView } from '#protocol/views.ts'

export type Question = NonNullable<DealView['question']>

export const PRESETS = ['age', 'membership', 'entrance'] as const
export type Preset = (typeof PRESETS)[number]

/** `preset`: whose reason this still is, null once the cashier has written another */
export type QuestionDraft = Readonly<{ preset: Preset | null; attributes: readonly Askable[]; reason: string }>

/** The name is always told; these are asked beside it. */
const ASKED: Readonly<Record<Preset, readonly Askable[]>> = {
  age: ['age-band', 'portrait'],
  membership: ['member-number'],
  entrance: ['portrait'],
}

/** The question that most shops ask, with its reason in the language of the counter. */
export const presetQuestion = (preset: Preset, reason: string): QuestionDraft => ({
  preset,
  attributes: ASKED[preset],
  reason,
})

export const withReason = (draft: QuestionDraft, reason: string): QuestionDraft => ({ ...draft, preset: null, reason })

/** Asked now if it was not, and the other way round; always in the order of ASKABLE. */
export const withAsked = (draft: QuestionDraft, what: Askable): QuestionDraft => ({
  ...draft,
  attributes: ASKABLE.filter((each) => (each === what) !== draft.attributes.includes(each)),
})

/** What is sent, or null while the reason is missing or too long. */
export function questionOf({ attributes, reason }: QuestionDraft): Question | null {
  const said = reason.trim()
  return said.length === 0 || said.length > REASON_LENGTH ? null : { attributes: [...attributes], reason: said }
}

/** The preset of a pressed key: 1, 2 or 3, full-width too. */
export const presetOfKey = (key: string): Preset | undefined => PRESETS[Number(key.normalize('NFKC')) - 1]
