// What a wallet sends: a card's number, its month and its security code, encrypted to the vault and bound to one registration of one person
// (JWE, RFC 7516). The hub carries it and cannot open it; carried to another registration, it does not open here either.
import { compactDecrypt, decodeProtectedHeader } from 'jose'
import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { fromBase64url } from '#core/bytes.ts'
import { isCardNumber } from '#core/card-number.ts'
import { Closed } from '#protocol/parts.ts'
import { JsonFault, parseStrict } from '#protocol/strict-json.ts'
import type { Secrets } from './secrets.ts'

const Inside = Closed({
  number: Type.String({ pattern: '^[0-9]{12,19}$' }),
  expires: Type.String({ pattern: '^20[0-9]{2}-(0[1-9]|1[0-2])$' }),
  code: Type.String({ pattern: '^[0-9]{3,4}$' }),
})
const Head = Closed({
  alg: Type.Literal('ECDH-ES'),
  enc: Type.Literal('A256GCM'),
  kid: Type.String({ pattern: '^[0-9a-f]{16}$' }),
  epk: Type.Object({ kty: Type.Literal('EC'), crv: Type.Literal('P-256') }),
  command: Type.String(),
  party: Type.String(),
})
const inside = Compile(Inside)
const head = Compile(Head)
export type CardInside = Static<typeof Inside>
/** isMoved: it was made for another registration, or for somebody else's */
export type Unopened = Readonly<{ ok: false; reason: 'envelope-invalid' | 'number-invalid'; isMoved: boolean }>
export type Opened = Readonly<{ ok: true; card: CardInside }> | Unopened

const INVALID: Unopened = { ok: false, reason: 'envelope-invalid', isMoved: false }
const DEPTH = 1

/** Opens it for this registration alone. Throws what the secrets throw; of a bad envelope it says only that. */
export async function openEnvelope(
  secrets: Pick<Secrets, 'envelopeKey'>,
  envelope: string,
  { party, command }: Readonly<{ party: string; command: string }>,
): Promise<Opened> {
  if (!isSpelledOnce(envelope)) return INVALID
  const said = headOf(envelope)
  if (said === undefined) return INVALID
  if (said.party !== party || said.command !== command) return { ...INVALID, isMoved: true }
  const key = await secrets.envelopeKey(said.kid)
  if (key === undefined) return INVALID
  let plaintext: Uint8Array
  try {
    ;({ plaintext } = await compactDecrypt(envelope, key, {
      keyManagementAlgorithms: ['ECDH-ES'],
      contentEncryptionAlgorithms: ['A256GCM'],
    }))
  } catch {
    // Whatever jose found wrong with it: it was not made for this key, or was changed.
    return INVALID
  }
  try {
    const card = parseStrict(plaintext, DEPTH)
    if (!inside.Check(card)) return INVALID
    return isCardNumber(card.number) ? { ok: true, card } : { ...INVALID, reason: 'number-invalid' }
  } catch (error) {
    if (error instanceof JsonFault) return INVALID
    throw error
  } finally {
    plaintext.fill(0)
  }
}

/** An envelope is known again by its letters: other letters for the same bytes would make it another one. */
function isSpelledOnce(envelope: string): boolean {
  return envelope.split('.').every((part) => fromBase64url(part) !== undefined)
}

function headOf(envelope: string): Static<typeof Head> | undefined {
  try {
    const said: unknown = decodeProtectedHeader(envelope)
    return head.Check(said) ? said : undefined
  } catch {
    // jose throws for what is no JWE at all.
    return undefined
  }
}
