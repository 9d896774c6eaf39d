// Ids: a prefix that says what is named, '_', and 32 lower-case hex digits (128 bits).
// Parties, terminals, devices and payments carry the bucket they live in as the first two bytes, so that a request
// can be sent to the right database before anything is read.

import { concat, fromHex, fromU16, toHex, toU16 } from './bytes.ts'
import type { Bytes } from './bytes.ts'

/** A plain value that can only be made by the functions that check it. */
export type Brand<T, Name extends string> = T & { readonly __brand: Name }

export type IdPrefix =
  'pty' | 'trm' | 'dev' | 'deal' | 'pay' | 'cmd' | 'key' | 'ses' | 'sch' | 'tok' | 'opr' | 'stf' | 'pnt' | 'mns' | 'tab'
export type IdOf<Prefix extends IdPrefix> = Brand<`${Prefix}_${string}`, Prefix>
export type PartyId = IdOf<'pty'>
export type TerminalId = IdOf<'trm'>
export type DeviceId = IdOf<'dev'>
export type DealId = IdOf<'deal'>
export type PaymentId = IdOf<'pay'>
export type CommandId = IdOf<'cmd'>
export type KeyId = IdOf<'key'>
export type SessionId = IdOf<'ses'>
export type SchemeId = IdOf<'sch'>
export type OfferToken = IdOf<'tok'>
export type OperatorId = IdOf<'opr'>
export type StaffId = IdOf<'stf'>
/** An unattended point; printed on its sign, so it is no secret. */
export type PointId = IdOf<'pnt'>
/** What a table has ordered and not paid yet. */
export type TabId = IdOf<'tab'>
/** A registered means of a person: a bank account with its mandate. */
export type MeansId = IdOf<'mns'>

/** The kinds of id whose first two bytes are their bucket. */
export type BucketPrefix = 'pty' | 'trm' | 'dev' | 'pay' | 'opr' | 'stf' | 'mns' | 'tab'

/** Two bytes of an id hold its bucket. */
export const MAX_BUCKETS = 65_536

const ID_BYTES = 16
const BODY = /^[0-9a-f]{32}$/

/** Is this text (or anything else that came over a wire) an id of this kind, exactly as written? */
export function isId<Prefix extends IdPrefix>(prefix: Prefix, text: unknown): text is IdOf<Prefix> {
  return typeof text === 'string' && text.startsWith(`${prefix}_`) && BODY.test(text.slice(prefix.length + 1))
}

/** The id in this text, or undefined when it is not an id of this kind. */
export function parseId<Prefix extends IdPrefix>(prefix: Prefix, text: unknown): IdOf<Prefix> | undefined {
  return isId(prefix, text) ? text : undefined
}

/** Makes an id of 16 bytes (random, or derived by the caller). Throws RangeError for another length. */
export function idFrom<Prefix extends IdPrefix>(prefix: Prefix, bytes16: Uint8Array): IdOf<Prefix> {
  const text = `${prefix}_${toHex(bytes16)}`
  if (!isId(prefix, text)) throw new RangeError(`an id is made of ${ID_BYTES} bytes, not ${bytes16.length}`)
  return text
}

/** A phone that asks for money is a terminal of its own: the same 16 bytes under the terminal's prefix. */
export const terminalOfDevice = (device: DeviceId): TerminalId => idFrom('trm', idBytes(device))

/** The 16 bytes of an id. */
export function idBytes(id: IdOf<IdPrefix>): Bytes {
  const bytes = fromHex(id.slice(id.indexOf('_') + 1))
  if (bytes?.length !== ID_BYTES) throw new RangeError('not an id')
  return bytes
}

/** Makes an id that lives in a bucket (0 to 65,535): two bytes of bucket, then 14 random bytes. */
export function idInBucket<Prefix extends BucketPrefix>(
  prefix: Prefix,
  bucket: number,
  random: Uint8Array,
): IdOf<Prefix> {
  return idFrom(prefix, concat(fromU16(bucket), random))
}

/** The bucket an id lives in. */
export function bucketOfId(id: IdOf<BucketPrefix>): number {
  return toU16(idBytes(id))
}
