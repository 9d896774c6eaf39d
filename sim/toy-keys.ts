// Toy keys: a keyed hash stands for the P-256 signature, the session's MAC and the PIN's proof, so that a run is the same every
// time. Only who holds the secret can make one, which is all that the rules count on.
import { createHash } from 'node:crypto'
import type { Bytes } from '#core/bytes.ts'
import type { Strength } from '#core/device.ts'

export type ToyKey = Readonly<{ secret: Uint8Array; pin: Uint8Array }>

const keyed = (purpose: string, secret: Uint8Array, content: Uint8Array | string): Bytes =>
  Uint8Array.from(createHash('sha512').update(purpose).update(secret).update(content).digest())

/** 64 bytes, as long as the real signature. */
export const toySign = (key: ToyKey, bytes: Uint8Array): Bytes => keyed('sign', key.secret, bytes)
/** 32 bytes in hex over a request. */
export const toyMac = (key: ToyKey, request: string): string =>
  Buffer.from(keyed('mac', key.secret, request).subarray(0, 16)).toString('hex')
/** 32 bytes, the owner's proof over approval bytes. */
export const toyProof = (key: ToyKey, approval: Uint8Array): Bytes => keyed('pin', key.pin, approval).slice(0, 32)
/** The same with something that the owner holds: another for each kind of it. */
export const toyHeld = (key: ToyKey, strength: Strength, approval: Uint8Array): Bytes =>
  keyed(`held ${strength}`, key.pin, approval).slice(0, 32)
