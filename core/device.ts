// The payer's phone as the rules see it: its key, whether it may pay, and the guard against guessing the PIN.
import { assert } from './assert.ts'
import type { DeviceId, KeyId, PartyId } from './ids.ts'
import { refuse, type Refusal } from './refusals.ts'

export type Device = Readonly<{
  id: DeviceId
  party: PartyId
  key: KeyId
  status: 'active' | 'revoked'
  /** security-key: nothing is approved without the detachable key, however small */
  approvesWith: 'any' | 'security-key'
  /** when the owner last proved to be there (PIN or passkey), milliseconds since 1970; 0 for never */
  provedAt: number
  /** how, then: an unlock is good for no more than the proof that made it */
  provedWith: Strength
  wrongProofs: number
  lockedUntil: number
}>

/** What came with a command: no proof, one that verified, or one that did not. */
export type ProofResult = 'none' | 'right' | 'wrong'

/** How a right proof was made: by what the owner knows, or by what they hold. `other`: a method that was plugged in. */
export const STRENGTHS = ['password', 'synced-passkey', 'bound-passkey', 'security-key', 'other'] as const
export type Strength = (typeof STRENGTHS)[number]

/** The most that one payment may be with a proof of this kind (smallest part of the unit); null: no more than every limit says. */
export type ProofLimits = Readonly<Record<Strength, bigint | null>>

/** The limits of all kinds, each asked for once. */
export const proofLimitsOf = (limitOf: (strength: Strength) => bigint | null): ProofLimits => ({
  password: limitOf('password'),
  'synced-passkey': limitOf('synced-passkey'),
  'bound-passkey': limitOf('bound-passkey'),
  'security-key': limitOf('security-key'),
  other: limitOf('other'),
})

export const NO_PROOF_LIMITS: ProofLimits = proofLimitsOf(() => null)

/** Wrong PINs in a row before the lock, and how long each further one locks: 4 digits fall to 10,000 tries, so 5 free
 *  tries and then 1, 5, 15, 60 minutes leave a thief less than 2 % in a week (some 175 tries). */
export const FREE_WRONG_PROOFS = 5
export const LOCK_MS = [60_000, 5 * 60_000, 15 * 60_000, 60 * 60_000]

/** How far a register's clock, which follows the hub's answers, may be from the database's. */
export const CLOCK_SLACK_MS = 60_000

/**
 * Judges the owner's proof; the device comes back changed whether it was right or wrong.
 * While the lock lasts even a right PIN is not looked at, so that guessing gains nothing.
 */
export function judgeProof(
  device: Device,
  { proof: result, strength }: Readonly<{ proof: ProofResult; strength: Strength | null }>,
  /** `amount` is null where no money is asked for */
  rule: Readonly<{
    fresh: boolean
    unlockMs: number
    amount: bigint | null
    rules: Readonly<{ proofLimits: ProofLimits }>
    /** when the owner was asked, where that was before now: the unlock must have lasted then, and a proof makes none of its own now */
    at?: number
  }>,
  now: number,
): { device: Device; refusal: Refusal | null } {
  const { at = now } = rule
  const needsKey = device.approvesWith === 'security-key'
  const isTooMuchFor = (kind: Strength): boolean => {
    const most = rule.rules.proofLimits[kind]
    return most !== null && rule.amount !== null && rule.amount > most
  }
  if (result === 'none') {
    const sinceProof = at - device.provedAt
    // A proof that came only after the asking opened nothing then.
    const unlocked = !rule.fresh && !needsKey && sinceProof > -CLOCK_SLACK_MS && sinceProof < rule.unlockMs
    if (unlocked && !isTooMuchFor(device.provedWith)) return { device, refusal: null }
    return { device, refusal: refuse(needsKey ? 'security-key-needed' : 'proof-needed') }
  }
  if (now < device.lockedUntil) {
    return { device, refusal: refuse('proof-locked', { until: String(device.lockedUntil) }) }
  }
  if (result === 'right') {
    assert(strength !== null, 'a right proof has a strength')
    if (needsKey && strength !== 'security-key') return { device, refusal: refuse('security-key-needed') }
    const proven: Device =
      at < now
        ? { ...device, ...(at > device.provedAt && { provedAt: at, provedWith: strength }) }
        : { ...device, provedAt: now, provedWith: strength, wrongProofs: 0, lockedUntil: 0 }
    const limit = String(rule.rules.proofLimits[strength])
    return { device: proven, refusal: isTooMuchFor(strength) ? refuse('proof-too-weak', { limit }) : null }
  }
  const wrongProofs = device.wrongProofs + 1
  const over = wrongProofs - FREE_WRONG_PROOFS
  const lockMs = over < 0 ? 0 : (LOCK_MS[Math.min(over, LOCK_MS.length - 1)] ?? 0)
  // With the lock the unlock ends too: whoever guesses PINs on this phone must not go on paying small amounts without one.
  const changed =
    lockMs === 0 ? { ...device, wrongProofs } : { ...device, wrongProofs, provedAt: 0, lockedUntil: now + lockMs }
  const left = Math.max(0, FREE_WRONG_PROOFS - wrongProofs)
  return { device: changed, refusal: refuse('proof-wrong', { triesLeft: String(left) }) }
}
