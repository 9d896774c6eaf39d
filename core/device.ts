// The payer's phone as the rules see it: its key, whether it may pay, and the guard against guessing the PIN.
import type { DeviceId, KeyId, PartyId } from './ids.ts'
import { refuse, type Refusal } from './refusals.ts'

export type Device = Readonly<{
  id: DeviceId
  party: PartyId
  key: KeyId
  status: 'active' | 'revoked'
  /** when the owner last proved to be there (PIN or passkey), milliseconds since 1970; 0 for never */
  provedAt: number
  wrongProofs: number
  lockedUntil: number
}>

/** What came with a command: no proof, one that verified, or one that did not. */
export type ProofResult = 'none' | 'right' | 'wrong'

/** Wrong PINs in a row before the lock, and how long each further one locks: 4 digits fall to 10,000 tries, so 5 free
 *  tries and then 1, 5, 15, 60 minutes leave a thief less than 2 % in a week (some 175 tries). */
export const FREE_WRONG_PROOFS = 5
const LOCK_MS = [60_000, 5 * 60_000, 15 * 60_000, 60 * 60_000]

/**
 * Judges the owner's proof; the device comes back changed whether it was right or wrong.
 * While the lock lasts even a right PIN is not looked at, so that guessing gains nothing.
 */
export function judgeProof(
  device: Device,
  result: ProofResult,
  rule: Readonly<{ fresh: boolean; unlockMs: number }>,
  now: number,
): { device: Device; refusal: Refusal | null } {
  if (result === 'none') {
    const unlocked = !rule.fresh && now - device.provedAt < rule.unlockMs
    return { device, refusal: unlocked ? null : refuse('proof-needed') }
  }
  if (now < device.lockedUntil) {
    return { device, refusal: refuse('proof-locked', { until: String(device.lockedUntil) }) }
  }
  if (result === 'right') return { device: { ...device, provedAt: now, wrongProofs: 0, lockedUntil: 0 }, refusal: null }
  const wrongProofs = device.wrongProofs + 1
  const over = wrongProofs - FREE_WRONG_PROOFS
  const lockMs = over < 0 ? 0 : (LOCK_MS[Math.min(over, LOCK_MS.length - 1)] ?? 0)
  // With the lock the unlock ends too: whoever guesses PINs on this phone must not go on paying small amounts without one.
  const changed =
    lockMs === 0 ? { ...device, wrongProofs } : { ...device, wrongProofs, provedAt: 0, lockedUntil: now + lockMs }
  const left = Math.max(0, FREE_WRONG_PROOFS - wrongProofs)
  return { device: changed, refusal: refuse('proof-wrong', { triesLeft: String(left) }) }
}
