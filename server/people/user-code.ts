// A person's own code against unasked questions (CIBA user_code), as it is kept.
import { createHash } from 'node:crypto'
import { idBytes, type PartyId } from '#core/ids.ts'

/** SHA-256 over the party's 16 bytes and the code. */
export const userCodeHash = (party: PartyId, code: string): Uint8Array =>
  createHash('sha256').update(idBytes(party)).update(code).digest()
