// Account numbers of parties, the accounts of the scheme itself, and the bucket in which each is kept.
//
// A party's account: branch (3 digits), serial (7 digits), Damm check digit over the ten; kept as 11 digits, written
// 001-1234567-4. Its bucket is
//
//     (serial + 7919 × branch) mod buckets
//
// so any run of consecutive serials is dealt out evenly, one each; the odd factor starts every branch at another
// bucket (10^7 is a multiple of 16, 64 and 128: without it the first serials of all branches would meet in the same
// few). It is plain arithmetic on purpose: SQL, a router and a person with a pencil get the same answer.
// With 16 buckets: 000-0000017-4 → 1 · 001-0000000-6 → 15 · 001-1234567-4 → 6 · 999-9999999-2 → 8
//
// The scheme's own accounts exist once per bucket and are named by it: 'escrow:7'. They have no floor.

import { concat, utf8 } from './bytes.ts'
import type { Bytes } from './bytes.ts'
import { MAX_BUCKETS } from './ids.ts'
import type { Brand } from './ids.ts'
import { dammDigit, hasCheckDigit, normaliseTyped } from './numbers.ts'

/** A party's account number: 11 digits, check digit included and right. */
export type AccountNumber = Brand<string, 'AccountNumber'>

export type SystemAccountKind = 'escrow' | 'fee' | 'clearing' | 'exchange' | 'issue' | 'cash' | 'card'
export type SystemAccount = Brand<`${SystemAccountKind}:${number}`, 'SystemAccount'>

/** What a transfer debits or credits. */
export type AccountKey = AccountNumber | SystemAccount

export const SYSTEM_ACCOUNT_KINDS: readonly SystemAccountKind[] = [
  'escrow',
  'fee',
  'clearing',
  'exchange',
  'issue',
  'cash',
  'card',
]

const BRANCHES = 1000
const SERIALS = 10_000_000
const BRANCH_STEP = 7919
const KEY_BYTES = 16
const SYSTEM_ACCOUNT = /^([a-z]+):(0|[1-9][0-9]{0,4})$/

/** The account number of a branch (0 to 999) and serial (0 to 9,999,999). Throws RangeError outside. */
export function accountNumber(branch: number, serial: number): AccountNumber {
  requireBelow(BRANCHES, branch, 'branch')
  requireBelow(SERIALS, serial, 'serial')
  const digits = String(branch).padStart(3, '0') + String(serial).padStart(7, '0')
  const account = digits + dammDigit(digits)
  if (!isAccountNumber(account)) throw new RangeError(`${account} is not an account number`)
  return account
}

/** The account number in what a person typed or pasted (dashes, spaces, full-width digits), or undefined when wrong. */
export function parseAccountNumber(text: string): AccountNumber | undefined {
  const digits = normaliseTyped(text)
  return digits !== undefined && isAccountNumber(digits) ? digits : undefined
}

/** Is this an account number exactly as it is kept and sent? */
export function isAccountNumber(text: unknown): text is AccountNumber {
  return typeof text === 'string' && text.length === 11 && hasCheckDigit(text)
}

/** As people read it: 001-1234567-4. */
export function formatAccountNumber(account: AccountNumber): string {
  return `${account.slice(0, 3)}-${account.slice(3, 10)}-${account.slice(10)}`
}

/** The bucket of a party's account, 0 to buckets − 1. */
export function bucketOf(account: AccountNumber, buckets: number): number {
  requireBuckets(buckets)
  return (Number(account.slice(3, 10)) + BRANCH_STEP * Number(account.slice(0, 3))) % buckets
}

/**
 * The n-th serial (from 0) of a branch whose account lies in the given bucket, so that a party and its account live
 * together. Undefined when the branch has no such serial left.
 */
export function serialInBucket(branch: number, bucket: number, n: number, buckets: number): number | undefined {
  requireBuckets(buckets)
  requireBelow(BRANCHES, branch, 'branch')
  requireBelow(buckets, bucket, 'bucket')
  requireBelow(Number.MAX_SAFE_INTEGER, n, 'n')
  const start = (BRANCH_STEP * branch) % buckets
  const serial = ((bucket - start + buckets) % buckets) + n * buckets
  return serial < SERIALS ? serial : undefined
}

/** The scheme's own account of a kind in a bucket (0 to 65,535). Throws RangeError outside. */
export function systemAccount(kind: SystemAccountKind, bucket: number): SystemAccount {
  requireBelow(MAX_BUCKETS, bucket, 'bucket')
  const account = `${kind}:${bucket}`
  if (!isSystemAccountText(account)) throw new RangeError(`${account} is not an account of the scheme`)
  return account
}

/** Is this one of the scheme's own accounts? */
export function isSystemAccount(key: AccountKey): key is SystemAccount {
  return key.includes(':')
}

/** The kind of one of the scheme's own accounts. */
export function systemAccountKind(account: SystemAccount): SystemAccountKind {
  return partsOf(account).kind
}

/** The account key in a text exactly as it is kept and sent, or undefined. */
export function parseAccountKey(text: unknown): AccountKey | undefined {
  return isAccountNumber(text) || isSystemAccountText(text) ? text : undefined
}

/** The bucket in which any account is kept. Throws RangeError for one of the scheme's own in a bucket that is not. */
export function bucketOfAccount(key: AccountKey, buckets: number): number {
  if (!isSystemAccount(key)) return bucketOf(key, buckets)
  requireBuckets(buckets)
  const { bucket } = partsOf(key)
  requireBelow(buckets, bucket, 'bucket')
  return bucket
}

/** May this account not be drawn below zero? Parties' accounts have such a floor, the scheme's own have none. */
export function hasFloor(key: AccountKey): boolean {
  return !isSystemAccount(key)
}

/** The 16 bytes of an account in signed messages: its ASCII text, filled up with zero bytes. */
export function accountBytes(key: AccountKey): Bytes {
  const text = utf8(key)
  return concat(text, new Uint8Array(KEY_BYTES - text.length))
}

function isSystemAccountText(text: unknown): text is SystemAccount {
  return typeof text === 'string' && systemParts(text) !== undefined
}

function partsOf(account: SystemAccount): { kind: SystemAccountKind; bucket: number } {
  const parts = systemParts(account)
  if (!parts) throw new RangeError('not an account of the scheme')
  return parts
}

function systemParts(text: string): { kind: SystemAccountKind; bucket: number } | undefined {
  const match = SYSTEM_ACCOUNT.exec(text)
  const kind = SYSTEM_ACCOUNT_KINDS.find((known) => known === match?.[1])
  const bucket = Number(match?.[2])
  return kind && bucket < MAX_BUCKETS ? { kind, bucket } : undefined
}

function requireBuckets(buckets: number): void {
  if (!Number.isInteger(buckets) || buckets < 1 || buckets > MAX_BUCKETS) throw new RangeError(`${buckets} buckets`)
}

function requireBelow(limit: number, value: number, name: string): void {
  if (!Number.isInteger(value) || value < 0 || value >= limit) throw new RangeError(`${name} ${value}`)
}
