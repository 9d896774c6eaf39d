// Amounts as an operator types them, and the limits by kind of proof. Pure.
import { STRENGTHS, type Strength } from '#core/device.ts'
import { exponentOf, parseTyped, unitOf } from '#core/money.ts'
import type { OfflineLimitsWire, ProofLimitsWire } from '#protocol/operator.ts'

/** "1280" or "12.80": the amount in the unit's main part, without symbol or groups, so that it can be typed over. */
export function plainText(amount: string, unit: string): string {
  const known = unitOf(unit)
  const exponent = known === undefined ? 0 : exponentOf(known)
  if (exponent === 0) return amount
  const digits = amount.padStart(exponent + 1, '0')
  return `${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`
}

export type ProofLimitsTyped = Readonly<Record<Strength, string>>

/** Empty for no limit of its own. */
export const typedProofLimits = (limits: ProofLimitsWire, unit: string): ProofLimitsTyped =>
  ofEach((strength) => {
    const limit = limits[strength]
    return limit === null ? '' : plainText(limit, unit)
  })

/** Null where one of them is no amount. */
export function readProofLimits(typed: ProofLimitsTyped, unit: string): ProofLimitsWire | null {
  const known = unitOf(unit)
  if (known === undefined) return null
  const read = ofEach((strength) => (typed[strength].trim() === '' ? null : parseTyped(typed[strength], known)))
  if (STRENGTHS.some((strength) => read[strength] === undefined)) return null
  return ofEach((strength) => {
    const limit = read[strength]
    return limit == null ? null : String(limit)
  })
}

function ofEach<Value>(value: (strength: Strength) => Value): Readonly<Record<Strength, Value>> {
  return {
    password: value('password'),
    'synced-passkey': value('synced-passkey'),
    'bound-passkey': value('bound-passkey'),
    'security-key': value('security-key'),
    other: value('other'),
  }
}

/** Caps of a register without a network: amounts, and hours. */
export type OfflineTyped = Readonly<Record<keyof OfflineLimitsWire, string>>

export const typedOffline = ({ payment, device, terminal, ms }: OfflineLimitsWire, unit: string): OfflineTyped => ({
  payment: plainText(payment, unit),
  device: plainText(device, unit),
  terminal: plainText(terminal, unit),
  ms: String(Math.round(ms / HOUR_MS)),
})

/** Null where one of them is not right, or less is allowed of more. */
export function readOffline({ ms, ...typed }: OfflineTyped, unit: string): OfflineLimitsWire | null {
  const known = unitOf(unit)
  if (known === undefined || !/^\d{1,2}$/u.test(ms) || Number(ms) * HOUR_MS > MOST_OFFLINE_MS) return null
  const [payment, device, terminal] = [typed.payment, typed.device, typed.terminal].map((text) =>
    parseTyped(text, known),
  )
  if (payment === undefined || device === undefined || terminal === undefined) return null
  if (payment > device || device > terminal) return null
  return { payment: String(payment), device: String(device), terminal: String(terminal), ms: Number(ms) * HOUR_MS }
}

const HOUR_MS = 3_600_000
/** LIMITS.offlineMs: the browser gets types alone of the wire's limits. */
const MOST_OFFLINE_MS = 96 * HOUR_MS
