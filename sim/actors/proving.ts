// The owner's proof as a phone gives it: the PIN, now and then a wrong one.
import { toBase64url } from '#core/bytes.ts'
import type { Prove } from '#sdk/approval.ts'
import type { Live } from '../machine.ts'
import { toyProof } from '../toy-keys.ts'

export const proving =
  ({ chance, who }: Pick<Live, 'chance' | 'who'>): Prove =>
  async (approval) => {
    const clientNonce = toBase64url(chance.bytes(16))
    const proof = chance.happens(0.08) ? chance.bytes(32) : toyProof(who.key, approval)
    return { ok: true, view: { kind: 'scram', clientNonce, clientProof: toBase64url(proof) } }
  }
