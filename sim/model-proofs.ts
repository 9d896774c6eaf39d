// A second opinion of who may approve with what: phones that were taken away, phones that approve with a security key alone, and how
// much each kind of proof is good for. It knows what phones have offered to the hub, and holds each approval against it.
import type { PaymentId } from '#core/ids.ts'
import type { Evidence, Payment, SchemeRules } from '#core/payment.ts'
import type { Strength } from '#core/device.ts'
import type { Offer } from '#core/offer.ts'
import type { Writes } from '#switch/store.ts'
import type { Directory } from './directory.ts'

/** A right proof that was on its way from `from` to `until`: somewhere in between it may have unlocked the phone. */
type Offered = { readonly strength: Strength; readonly from: number; until: number }

/** A code that was read when its phone was still good may take so long to its commit. */
const CODE_AGE_MS = 20_000

export type ProofModel = ReturnType<typeof openProofModel>

export function openProofModel(options: {
  rules: SchemeRules
  now: () => number
  lived: () => number
  directory: Directory
  fail: (sentence: string) => void
}) {
  const { rules, now, lived, directory, fail } = options
  const offered = new Map<string, Offered[]>()
  const takenAway = new Map<string, number>()

  /** A command with this evidence has reached a hub; what is returned is called when the hub has answered. */
  function heard({ proof, strength, key }: Evidence): () => void {
    if (proof !== 'right' || strength === null) return () => {}
    const row: Offered = { strength, from: now(), until: Infinity }
    offered.set(key, [...(offered.get(key) ?? []), row])
    return () => {
      row.until = now()
    }
  }

  /** Each approval and answer of a commit; `row` finds its payment as it was written. */
  function judge(writes: Writes, row: (id: PaymentId) => Payment | undefined): void {
    for (const { payment: id, evidence } of writes.evidence) {
      const payment = row(id)
      const phone = directory.phoneWithKey(evidence.key)
      if (payment === undefined || phone === undefined) continue
      const device = phone.actor.id
      if (takenAway.has(device)) fail(`${id} was approved by a phone that was taken away`)
      const amount = payment.bill?.total ?? null
      const fault =
        evidence.strength === null
          ? unlockFault(evidence, payment, device)
          : proofFault(evidence.strength, amount, device)
      if (fault !== undefined) fail(`${id} of ${amount} was approved ${fault}`)
    }
  }

  const isTooWeak = (strength: Strength, amount: bigint | null): boolean => {
    const most = rules.proofLimits[strength]
    return most !== null && amount !== null && amount > most
  }

  function proofFault(strength: Strength, amount: bigint | null, device: string): string | undefined {
    if (directory.approvesWith(device) === 'security-key' && strength !== 'security-key')
      return `by ${strength}, and its phone approves with a security key alone`
    return isTooWeak(strength, amount) ? `by ${strength}, which is not good for so much` : undefined
  }

  /** Without a proof only the unlock of an earlier one is left: not too long ago, and no weaker than the amount wants. */
  function unlockFault({ key }: Evidence, { bill, acceptedAt }: Payment, device: string): string | undefined {
    if (bill === null) return 'without a proof'
    if (bill.total >= rules.freshProofFrom) return 'without a fresh proof'
    if (directory.approvesWith(device) === 'security-key') return 'without the security key'
    const at = acceptedAt ?? now()
    // A register's clock may be a little ahead of what it was told.
    const opens = (offered.get(key) ?? []).filter(({ from, until }) => from <= now() && until > at - rules.unlockMs)
    if (opens.length === 0) return 'when the unlock was over'
    return opens.every(({ strength }) => isTooWeak(strength, bill.total)) ? 'by an unlock that is too weak' : undefined
  }

  /** What a code brings to a phone that was taken away long before the code was read. */
  function prompted({ deal, state }: Offer): void {
    if (state.kind !== 'taken' || state.way !== 'code' || state.payer.device === null) return
    if ((takenAway.get(state.payer.device) ?? Infinity) < lived() - CODE_AGE_MS)
      fail(`${deal} was brought by a code of a phone that was taken away`)
  }

  return {
    heard,
    judge,
    prompted,
    takenAway: (device: string) => void (takenAway.has(device) || takenAway.set(device, lived())),
    isTakenAway: (device: string | null): boolean => device !== null && takenAway.has(device),
  }
}
