// What a call comes to: the view that was asked for, or a problem that says what a person can do next.
import { PROBLEMS, problemOf, type Problem } from '#protocol/problems.ts'
import type { AnswerView } from '#protocol/views.ts'

export type Outcome<View> = Readonly<{ ok: true; view: View }> | Readonly<{ ok: false; problem: Problem }>

/** A command's outcome: a refusal too may carry what the asker may see of the deal now. */
export type SendOutcome =
  Readonly<{ ok: true; view: AnswerView }> | Readonly<{ ok: false; problem: Problem; view: AnswerView | null }>

export const NO_ANSWER: Readonly<{ ok: false; problem: Problem; view: null }> = {
  ok: false,
  problem: problemOf('no-answer'),
  view: null,
}

/** The problem in a reply's body, or undefined when the body is none (a proxy's error page, a captive portal). */
export function readProblem(body: unknown): Problem | undefined {
  if (!isRecord(body) || typeof body.code !== 'string' || typeof body.status !== 'number') return undefined
  const { code, status, title, next } = body
  const figures = readFigures(body.figures)
  if (isProblemCode(code)) return { ...problemOf(code, figures), status }
  if (typeof title !== 'string' || typeof next !== 'string') return undefined
  // A border: a newer hub may know more codes; its sentences are shown, and no program branches on them.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const newer = code as Problem['code']
  return { type: `urn:warifu:problem:${code}`, title, status, code: newer, next, ...(figures && { figures }) }
}

const isProblemCode = (code: string): code is Problem['code'] => Object.hasOwn(PROBLEMS, code)

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function readFigures(figures: unknown): Record<string, string> | undefined {
  if (!isRecord(figures)) return undefined
  return Object.fromEntries(
    Object.entries(figures).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )
}
