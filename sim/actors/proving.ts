// The owner's proof as a phone gives it: the PIN or something held, now and then a wrong one.
import { toBase64url } from '#core/bytes.ts'
import type { Strength } from '#core/device.ts'
import type { Prove } from '#sdk/approval.ts'
import type { Live } from '../machine.ts'
import { toyHeld, toyProof } from '../toy-keys.ts'

const HELD = ['synced-passkey', 'bound-passkey', 'security-key'] as const satisfies readonly Strength[]

export const proving =
  ({ chance, who, world }: Pick<Live, 'chance' | 'who' | 'world'>): Prove =>
  async (approval) => {
    const isWrong = chance.happens(0.08)
    const needsKey = world.directory.approvesWith(who.actor.id) === 'security-key'
    // Whoever has a key to plug in forgets it at home sometimes.
    if (chance.happens(needsKey ? 0.2 : 0.7)) {
      const clientNonce = toBase64url(chance.bytes(16))
      const proof = isWrong ? chance.bytes(32) : toyProof(who.key, approval)
      return { ok: true, view: { kind: 'scram', clientNonce, clientProof: toBase64url(proof) } }
    }
    const credential = needsKey ? 'security-key' : chance.pick(HELD)
    const signature = toBase64url(isWrong ? chance.bytes(32) : toyHeld(who.key, credential, approval))
    return { ok: true, view: { kind: 'passkey', credential, authenticatorData: 'AA', clientData: 'AA', signature } }
  }
