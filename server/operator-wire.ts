// What an operator's command says, read into the values of the rules. Undefined is a no of the border.
import type { OfflineLimits } from '#core/payment.ts'
import { proofLimitsOf, STRENGTHS, type ProofLimits } from '#core/device.ts'
import type { Limits } from '#core/ledger.ts'
import { parseAmount } from '#core/money.ts'
import type { Attributes } from '#core/standing.ts'
import type { AttributesWire, LimitsWire, OfflineLimitsWire, ProofLimitsWire } from '#protocol/operator.ts'

/** Undefined where an amount is not one, or a longer time allows less than a shorter one. */
export function limitsOf(wire: LimitsWire): Limits | undefined {
  const [perPayment, perDay, perMonth] = [wire.perPayment, wire.perDay, wire.perMonth].map(parseAmount)
  if (perPayment === undefined || perDay === undefined || perMonth === undefined) return undefined
  return perPayment <= perDay && perDay <= perMonth ? { perPayment, perDay, perMonth } : undefined
}

/** Undefined where an amount is not one. */
export function proofLimitsFrom(wire: ProofLimitsWire): ProofLimits | undefined {
  if (STRENGTHS.some((strength) => wire[strength] !== null && parseAmount(wire[strength]) === undefined))
    return undefined
  return proofLimitsOf((strength) => (wire[strength] === null ? null : (parseAmount(wire[strength]) ?? null)))
}

/** Undefined where an amount is not one, or less is allowed of more. */
export function offlineLimitsFrom(wire: OfflineLimitsWire): OfflineLimits | undefined {
  const [payment, device, terminal] = [wire.payment, wire.device, wire.terminal].map(parseAmount)
  if (payment === undefined || device === undefined || terminal === undefined) return undefined
  return payment <= device && device <= terminal ? { payment, device, terminal, ms: wire.ms } : undefined
}

/** Undefined where a day does not exist. */
export function attributesOf({ birthDate, region, memberships }: AttributesWire): Attributes | undefined {
  const born = birthDate === null ? null : dayNumber(birthDate)
  if (born === undefined) return undefined
  const dated = memberships.flatMap(({ until, ...named }) => {
    const day = until === null ? null : dayNumber(until)
    return day === undefined ? [] : [{ ...named, until: day }]
  })
  return dated.length === memberships.length ? { birthDate: born, region, memberships: dated } : undefined
}

/** 20061203 for "2006-12-03". */
function dayNumber(text: string): number | undefined {
  try {
    const { year, month, day } = Temporal.PlainDate.from(text)
    return year * 10_000 + month * 100 + day
  } catch (error) {
    // A day that the month does not have.
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/** "2006-12-03" for 20061203. */
export const dayText = (day: number): string => {
  const digits = String(day).padStart(8, '0')
  return `${digits.slice(0, 4)}-${digits.slice(4, 6)}-${digits.slice(6)}`
}
