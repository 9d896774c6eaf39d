// The envelope in which a card's number leaves the phone: a JWE (RFC 7516, compact) to the vault's public key. Neither the hub, which passes it
// on, nor anything between can open it; its header names the registration that it belongs to, and the vault takes it for no other and once.
//
//   const envelope = await sealCard({ keys, command, party, card: { number: '4242424242424242', expires: '2029-12', code: '123' } })
import { CompactEncrypt, importJWK } from 'jose'
import { assert } from '#core/assert.ts'
import { utf8 } from '#core/bytes.ts'
import { isCardNumber } from '#core/card-number.ts'

/** A public key of the vault, as GET /v1/card-keys gives it. */
export type VaultKey = Readonly<{ kty: 'EC'; crv: 'P-256'; kid: string; x: string; y: string }>

/** As it stands on the card. `expires`: year and month (2029-12), good until the month's end; `code`: the three or four digits beside the number. */
export type CardData = Readonly<{ number: string; expires: string; code: string }>

type Asked = Readonly<{
  /** the newest first; the first is used */
  keys: readonly VaultKey[]
  /** the registration: its command id, and the person it is for */
  command: string
  party: string
  card: CardData
}>

/** The envelope's text. Undefined where the vault has no key that can be used. A number with a wrong check digit is a bug of the caller. */
export async function sealCard({ keys, command, party, card }: Asked): Promise<string | undefined> {
  const { number, expires, code } = card
  assert(isCardNumber(number), 'the number was checked while it was typed')
  assert(/^\d{4}-(0[1-9]|1[0-2])$/u.test(expires) && /^\d{3,4}$/u.test(code), 'expiry and code were checked')
  const key = keys.find(({ kty, crv }) => kty === 'EC' && crv === 'P-256')
  if (key === undefined) return undefined
  const plain = utf8(JSON.stringify({ number, expires, code }))
  try {
    return await new CompactEncrypt(plain)
      .setProtectedHeader({ alg: 'ECDH-ES', enc: 'A256GCM', kid: key.kid, command, party })
      .encrypt(await importJWK({ ...key }, 'ECDH-ES'))
  } finally {
    // The texts go when nobody holds them any more; these bytes go now.
    plain.fill(0)
  }
}
