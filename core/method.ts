// Methods: how a payment by card is repaid. The issuer computes what each costs (core/plan.ts); the payer signs which one it is.
//
//   lump                 at once, on the card's next statement
//   instalments-N        in N monthly payments, 2 to 60
//   bonus                at once, in a month of bonuses
//   part-bonus-N         in N monthly payments, a part of it in the months of bonuses
//   revolving            a fixed amount each month
import { METHOD_WHOLE } from './approval.ts'

export type Method = 'lump' | 'bonus' | 'revolving' | `instalments-${number}` | `part-bonus-${number}`

/** Payments in instalments: fewer is no instalment, more no shop or issuer offers. */
export const LEAST_COUNT = 2
export const MOST_COUNT = 60

/** The codes of Japan's card terminals (payment classes 10, 21, 31, 61 and 80), but for the first, which approvals had before. */
const BONUS = 2100
const PART_BONUS = 3100
const INSTALMENTS = 6100
const REVOLVING = 8000

const COUNTED = /^(instalments|part-bonus)-([1-9][0-9]?)$/

/** The method in a text, exactly as written; undefined for anything else. */
export function parseMethod(text: string): Method | undefined {
  if (text === 'lump' || text === 'bonus' || text === 'revolving') return text
  const [, kind, digits] = COUNTED.exec(text) ?? []
  const count = Number(digits)
  if (!isCount(count)) return undefined
  return kind === 'instalments' ? `instalments-${count}` : `part-bonus-${count}`
}

/** In how many payments, where the method counts them; null where it does not. */
export const countOf = (method: Method): number | null => {
  const [, , digits] = COUNTED.exec(method) ?? []
  return digits === undefined ? null : Number(digits)
}

/** The number of two bytes by which approvals and issuers name a method. */
export function methodCode(method: Method): number {
  const count = countOf(method) ?? 0
  if (method === 'lump') return METHOD_WHOLE
  if (method === 'bonus') return BONUS
  if (method === 'revolving') return REVOLVING
  return (method.startsWith('instalments') ? INSTALMENTS : PART_BONUS) + count
}

/** The method of a code, undefined for a number that names none. */
export function methodOf(code: number): Method | undefined {
  if (code === METHOD_WHOLE) return 'lump'
  if (code === BONUS) return 'bonus'
  if (code === REVOLVING) return 'revolving'
  if (isCount(code - PART_BONUS)) return `part-bonus-${code - PART_BONUS}`
  if (isCount(code - INSTALMENTS)) return `instalments-${code - INSTALMENTS}`
  return undefined
}

const isCount = (count: number): boolean => Number.isInteger(count) && count >= LEAST_COUNT && count <= MOST_COUNT
