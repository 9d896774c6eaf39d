// Proofs of the owner behind one interface: a method may ask something, gets an answer, and says whether it is right and how strong
// that is. The rules see only this verdict; PIN and passkey are two methods, others are given to the hub at its start.
import { assert } from '#core/assert.ts'
import type { AccountNumber } from '#core/accounts.ts'
import { fromBase64url } from '#core/bytes.ts'
import type { Strength } from '#core/device.ts'
import type { DeviceId, PartyId } from '#core/ids.ts'
import type { Evidence } from '#core/payment.ts'
import type { ProofBody } from '#protocol/commands.ts'

/** Whose proof it is, from which phone, and of what. */
export type ProofContext = Readonly<{
  party: PartyId
  account: AccountNumber
  device: DeviceId
  /** the approval bytes, as the device has signed them: an answer must be worthless for any others */
  approval: Uint8Array
}>

export type Verdict = Readonly<{ right: true; strength: Strength }> | Readonly<{ right: false }>
export const WRONG: Verdict = { right: false }

/** One way to prove to be the owner. `Answer` is what comes over the wire; for methods that are plugged in it is bytes. */
export type ProofMethod<Answer = Uint8Array> = Readonly<{
  /** its name on the wire: small letters, digits and dashes */
  kind: string
  /**
   * What the client must be shown or told before it answers, such as characters to say; null for nothing. It is made from the context
   * alone (the approval bytes hold the hub's nonce), so that the client makes the same without asking, and the hub remembers nothing.
   */
  ask(context: ProofContext): string | null
  /** `asked` is what `ask` says for this context. A wrong answer is a verdict; only a bug throws. */
  verify(answer: Answer, context: ProofContext & Readonly<{ asked: string | null }>): Promise<Verdict>
}>

export type Proofs = Readonly<{
  /** What the rules hear of it. An unknown method, and an answer that cannot be read, are wrong proofs. */
  judge(proof: ProofBody, context: ProofContext): Promise<Pick<Evidence, 'proof' | 'strength'>>
}>

type BuiltIn<Kind extends string> = ProofMethod<Extract<ProofBody, { kind: Kind }>>

/** All methods of a hub. Throws when two have one name. */
export function createProofs(
  methods: Readonly<{ scram: BuiltIn<'scram'>; passkey: BuiltIn<'passkey'>; further: readonly ProofMethod[] }>,
): Proofs {
  const { scram, passkey, further } = methods
  const plugged = new Map(further.map((method) => [method.kind, method]))
  const kinds = new Set([scram.kind, passkey.kind, ...plugged.keys()])
  assert(kinds.size === 2 + further.length, 'each way to prove has a name of its own')

  async function verdictOn(proof: NonNullable<ProofBody>, context: ProofContext): Promise<Verdict> {
    switch (proof.kind) {
      case 'scram':
        return verified(scram, proof, context)
      case 'passkey':
        return verified(passkey, proof, context)
      case 'other': {
        const method = plugged.get(proof.method)
        const answer = fromBase64url(proof.answer)
        if (method === undefined || answer === undefined) return WRONG
        const verdict = await verified(method, answer, context)
        // What a plugged-in method is worth is the scheme's to say, by this one word.
        return verdict.right ? { right: true, strength: 'other' } : WRONG
      }
    }
  }

  return {
    async judge(proof, context) {
      if (proof === null) return { proof: 'none', strength: null }
      const verdict = await verdictOn(proof, context)
      return verdict.right ? { proof: 'right', strength: verdict.strength } : { proof: 'wrong', strength: null }
    },
  }
}

const verified = <Answer>(method: ProofMethod<Answer>, answer: Answer, context: ProofContext): Promise<Verdict> =>
  method.verify(answer, { ...context, asked: method.ask(context) })
