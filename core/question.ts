// A question instead of a bill: a terminal asks who somebody is. No money; the same offer, number, join and proof.
import type { Biller } from './bill.ts'
import { sha256, utf8 } from './bytes.ts'
import { inOrder, type Askable } from './persona.ts'

export type Question = Readonly<{
  /** what the person is asked to release beside the display name; they may release less */
  attributes: readonly Askable[]
  /** why, in the asker's words; the phone shows it */
  reason: string
}>

export const REASON_LENGTH = 120

/** Does each attribute stand there once? */
export const isQuestion = ({ attributes, reason }: Question): boolean =>
  reason.length > 0 && reason.length <= REASON_LENGTH && new Set(attributes).size === attributes.length

/**
 * SHA-256 of the canonical question with what the person releases: a JSON array in fixed order, strings in NFC:
 * ["WQ1", terminal, asking party, legal name, reason, [asked], [released]], attributes in the order of ASKABLE.
 * It stands in the approval bytes where a bill's hash would, so that what is released is signed.
 */
export const questionHash = (biller: Biller, question: Question, released: readonly Askable[]): Uint8Array =>
  sha256(
    utf8(
      JSON.stringify([
        'WQ1',
        biller.terminal,
        biller.party,
        biller.legalName.normalize('NFC'),
        question.reason.normalize('NFC'),
        inOrder(question.attributes),
        inOrder(released),
      ]),
    ),
  )
