// A WebAuthn authenticator in software, for tests: P-256, attestation "none". Everything that an honest one writes can be written
// otherwise, so that a test can say exactly what is wrong with it.
//
//   const key = softwareAuthenticator({ origin: hub.url, rpId: 'localhost' })
//   key.register(options.challenge)              the body of POST /v1/passkeys
//   key.assertion(sha256(sessionBytes))          a PasskeyAssertion over any 32-byte challenge
//   key.proof(approval)                          the `proof` of an approve, respond, prove or presence
//   key.proof(approval, { isVerified: false })   … by somebody whom the authenticator has not verified
//
// The counter goes up by one with each assertion; `counter: 'none'` always says 0, as synced passkeys do.
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { isoCBOR } from '@simplewebauthn/server/helpers'
import { fromBase64url, toBase64url, utf8 } from '#core/bytes.ts'
import type { ProofBody } from '#protocol/commands.ts'
import type { PasskeyAssertion, PasskeyRequest } from '#protocol/routes.ts'

/** What this authenticator is, and where it thinks it is used. */
export type Make = Readonly<{
  /** as in https://pay.example.org */
  origin: string
  rpId: string
  /** what the browser says of it: 'internal' for a phone's own, 'usb' or 'nfc' for a key that can be pulled out */
  transports?: readonly string[]
  /** may be copied to other machines (BE); false by default */
  isSyncable?: boolean
  counter?: 'counts' | 'none'
}>

/** What one answer says otherwise than an honest one. */
export type Twist = Readonly<{
  origin?: string
  rpId?: string
  /** clientData.type: webauthn.get, payment.get … */
  type?: string
  /** the challenge in clientData, base64url */
  challenge?: string
  crossOrigin?: boolean
  topOrigin?: string
  /** clientData.payment of Secure Payment Confirmation */
  payment?: unknown
  counter?: number
  /** the flags UP, UV, BE and BS */
  isPresent?: boolean
  isVerified?: boolean
  isSyncable?: boolean
  isSynced?: boolean
  /** bytes that are signed instead of authenticatorData and the hash of clientData */
  signed?: Uint8Array
}>

type PasskeyProof = Extract<ProofBody, { kind: 'passkey' }>
export type SoftwareAuthenticator = ReturnType<typeof softwareAuthenticator>

const FLAG = { present: 0x01, verified: 0x04, syncable: 0x08, synced: 0x10, credential: 0x40 }

/** A new authenticator with one credential. */
export function softwareAuthenticator(make: Make) {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const id = randomBytes(16)
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
  const cose = isoCBOR.encode(
    new Map<number, number | Uint8Array>([
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, bytesIn(x)],
      [-3, bytesIn(y)],
    ]),
  )
  let counter = 0

  function authenticatorData(twist: Twist, more: number, tail: readonly Uint8Array[] = []): Buffer {
    const isSyncable = twist.isSyncable ?? make.isSyncable ?? false
    const flags =
      more |
      (twist.isPresent === false ? 0 : FLAG.present) |
      (twist.isVerified === false ? 0 : FLAG.verified) |
      (isSyncable ? FLAG.syncable : 0) |
      ((twist.isSynced ?? isSyncable) ? FLAG.synced : 0)
    const count = Buffer.alloc(4)
    count.writeUInt32BE(make.counter === 'none' ? 0 : counter)
    return Buffer.concat([hashOf(utf8(twist.rpId ?? make.rpId)), Buffer.of(flags), count, ...tail])
  }

  function clientData(type: string, challenge: string, twist: Twist): string {
    const { crossOrigin = false, topOrigin, payment } = twist
    const said = {
      type: twist.type ?? type,
      challenge: twist.challenge ?? challenge,
      origin: twist.origin ?? make.origin,
      crossOrigin,
      ...(topOrigin !== undefined && { topOrigin }),
      ...(payment !== undefined && { payment }),
    }
    return toBase64url(utf8(JSON.stringify(said)))
  }

  /** An assertion over a challenge: as the hub gives it in base64url, or its bytes. */
  function assertion(challenge: Uint8Array | string, twist: Twist = {}): PasskeyAssertion {
    counter = twist.counter ?? counter + 1
    const data = authenticatorData(twist, 0)
    const client = clientData('webauthn.get', typeof challenge === 'string' ? challenge : toBase64url(challenge), twist)
    const signed = twist.signed ?? Buffer.concat([data, hashOf(bytesIn(client))])
    return {
      credential: toBase64url(id),
      authenticatorData: toBase64url(data),
      clientData: client,
      signature: toBase64url(sign('sha256', signed, privateKey)),
    }
  }

  return {
    /** base64url, as the wire has it */
    credential: toBase64url(id),
    /** The answer to passkeyOptions. */
    register(challenge: string, twist: Twist = {}): PasskeyRequest {
      const data = authenticatorData(twist, FLAG.credential, [Buffer.alloc(16), Buffer.of(0, id.length), id, cose])
      const attestation = isoCBOR.encode(
        new Map<string, string | Uint8Array | Map<string, string>>([
          ['fmt', 'none'],
          ['attStmt', new Map()],
          ['authData', Uint8Array.from(data)],
        ]),
      )
      return {
        credential: toBase64url(id),
        clientData: clientData('webauthn.create', challenge, twist),
        attestation: toBase64url(attestation),
        transports: [...(make.transports ?? ['internal'])],
      }
    },
    assertion,
    /** The proof over approval bytes: an assertion whose challenge is their SHA-256. */
    proof: (approval: Uint8Array, twist: Twist = {}): PasskeyProof => ({
      kind: 'passkey',
      ...assertion(hashOf(approval), twist),
    }),
  }
}

const hashOf = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest()
const bytesIn = (text: string): Uint8Array<ArrayBuffer> => fromBase64url(text) ?? new Uint8Array()
