// Who is who, as authentication needs it. Two implementations: postgres/directory.ts and memory-directory.ts.
import { createHash, randomBytes } from 'node:crypto'
import { accountNumber, serialInBucket, type AccountNumber } from '#core/accounts.ts'
import type { DeviceId, OperatorId, PartyId, SessionId, TerminalId } from '#core/ids.ts'
import type { Unit } from '#core/money.ts'
import type { TerminalKind } from '#core/numbers.ts'
import type { Actor } from '#switch/actors.ts'

export type ActorId = DeviceId | TerminalId | OperatorId

export type NewParty = Readonly<{
  /** where the asker made it: asked for again, the party is the same */
  id?: PartyId
  kind: 'person' | 'merchant'
  name: string
  legalName: string
  bucket: number
  /** what its account counts; each begins at zero */
  units: readonly Unit[]
}>
export type Party = Readonly<{
  id: PartyId
  kind: 'person' | 'merchant'
  name: string
  legalName: string
  account: AccountNumber
}>

/** An enrolled device, terminal or operator. */
export type Identity = Readonly<{
  actor: Actor
  /** uncompressed P-256, 65 bytes */
  publicKey: Uint8Array
  status: 'active' | 'revoked'
  /** null for all but terminals */
  terminalKind: TerminalKind | null
}>

/** `code` where the asker made it (newCode): asked for again, it is the same and lives no longer. */
export type NewCode = Readonly<{ party: PartyId; lifeMs: number; code?: string }> &
  (Readonly<{ kind: 'device' }> | Readonly<{ kind: 'terminal'; label: string; terminalKind: TerminalKind }>)

/** A SCRAM-SHA-256 verifier (RFC 5802). */
export type Secret = Readonly<{ salt: Uint8Array; iterations: number; storedKey: Uint8Array; serverKey: Uint8Array }>

export type Passkey = Readonly<{
  credential: Uint8Array
  /** COSE */
  publicKey: Uint8Array
  counter: number
  /** may be copied to other machines, and so to whoever gets into the account it is copied by */
  isBackupEligible: boolean
  /** in a key that can be pulled out */
  isRoaming: boolean
  transports: readonly string[]
}>

/** Who has passkeys: a person for all of their phones, or an operator. */
export type PasskeyOwner = PartyId | OperatorId
/** Where they are made. */
export type PasskeyKeeper = DeviceId | OperatorId

export type StoredSession = Readonly<{
  id: SessionId
  actor: ActorId
  macKey: Uint8Array
  tokenHash: Uint8Array
  /** the client's, which makes its request good for once */
  nonce: Uint8Array
  /** milliseconds since 1970 */
  expiresAt: number
}>

export type Directory = Readonly<{
  /** Makes a party with its account number, both in the bucket, and its accounts with a balance of zero. */
  createParty(party: NewParty): Promise<Party>
  partyOf(party: PartyId): Promise<Party | undefined>
  namesOf(parties: readonly PartyId[]): Promise<ReadonlyMap<PartyId, string>>

  /** A one-time code as a person types it: ABCD-EFGH-JK. */
  createCode(code: NewCode): Promise<{ code: string; expiresAt: number }>
  /**
   * Enrols once; the same key with the same code gets the same identity again. Undefined: not known, used, or run out. With a device
   * goes a terminal of the same id, for when its person asks for money.
   */
  useCode(use: Readonly<{ code: string; publicKey: Uint8Array; label: string }>): Promise<Identity | undefined>
  identityOf(actor: ActorId): Promise<Identity | undefined>
  /** The key of an actor, revoked or not: it never changes, and so may be kept in memory. */
  publicKeyOf(actor: ActorId): Promise<Uint8Array | undefined>
  /** The device (with its terminal) or terminal may not act any more, at once; its sessions end. False when there is none. */
  revoke(actor: ActorId): Promise<boolean>

  secretOf(party: PartyId): Promise<Secret | undefined>
  /** Once: false when there is another one already. */
  setSecret(party: PartyId, secret: Secret): Promise<boolean>
  /** In the place of the last one, if there was any; one that was set after `askedAt` (milliseconds since 1970) stays. */
  replaceSecret(party: PartyId, secret: Secret, askedAt: number): Promise<void>

  /** Oldest first. */
  passkeysOf(owner: PasskeyOwner): Promise<readonly (Passkey & Readonly<{ addedAt: number }>)[]>
  /** False when this credential is there already. */
  addPasskey(owner: PasskeyOwner, passkey: Passkey): Promise<boolean>
  /**
   * Moves the counter on: false when it stands there already, unless by the very same assertion (`use` is its hash). A passkey that
   * says once that it may be copied is never again one that cannot.
   */
  usePasskey(
    owner: PasskeyOwner,
    use: Readonly<{ credential: Uint8Array; counter: number; isBackupEligible: boolean; use: Uint8Array }>,
  ): Promise<boolean>
  /** False when there was none. */
  removePasskey(owner: PasskeyOwner, credential: Uint8Array): Promise<boolean>
  /** What a new passkey has to sign; `wantsRoaming`: one that can be pulled out was asked for. */
  putChallenge(
    keeper: PasskeyKeeper,
    asked: Readonly<{ challenge: Uint8Array; wantsRoaming: boolean; lifeMs: number }>,
  ): Promise<void>
  /** The challenge, which is gone by that; undefined when there is none or it has run out. */
  takeChallenge(keeper: PasskeyKeeper): Promise<Readonly<{ challenge: Uint8Array; wantsRoaming: boolean }> | undefined>

  /** The nonce for this device's next proof that is no payment, in the place of the last one; until when it is good. */
  putPresenceNonce(device: DeviceId, nonce: Uint8Array, lifeMs: number): Promise<number>
  /** False when it is not the device's last one, or has run out. Whether it was used, its command says. */
  hasPresenceNonce(device: DeviceId, nonce: Uint8Array): Promise<boolean>

  /** False when this actor has already started a session with this nonce. Forgets the actor's sessions that have ended. */
  putSession(session: StoredSession): Promise<boolean>
  sessionOf(session: SessionId): Promise<Readonly<{ session: StoredSession; identity: Identity }> | undefined>
  endSessions(actor: ActorId): Promise<void>
}>

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const CODE_SYMBOLS = 10
const SERIALS_PER_BRANCH = 10_000_000

/** A new code: 50 bits of ten random bytes in ten symbols without I, L, O and U. */
export function newCode(random: Uint8Array = randomBytes(CODE_SYMBOLS)): string {
  // 32 divides 256, so that every symbol is equally likely
  const symbols = Array.from(random.subarray(0, CODE_SYMBOLS), (byte) => CROCKFORD.charAt(byte & 31)).join('')
  return `${symbols.slice(0, 4)}-${symbols.slice(4, 8)}-${symbols.slice(8)}`
}

/** The hash a code is kept under, however it was typed: blanks, dashes, small letters, O for 0, I and L for 1. */
export function codeHash(code: string): Uint8Array {
  const plain = code.replace(/[\s-]/gu, '').toUpperCase().replaceAll('O', '0').replace(/[IL]/gu, '1')
  return createHash('sha256').update(`warifu code ${plain}`).digest()
}

/** The n-th account number (from 0) that a bucket gives out: branch 001 first. Throws RangeError when a billion are gone. */
export function accountInBucket(bucket: number, n: number, buckets: number): AccountNumber {
  const perBranch = Math.floor(SERIALS_PER_BRANCH / buckets)
  const branch = 1 + Math.floor(n / perBranch)
  const serial = serialInBucket(branch, bucket, n % perBranch, buckets)
  if (serial === undefined) throw new RangeError('the branch has no account numbers left')
  return accountNumber(branch, serial)
}
