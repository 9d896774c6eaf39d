// The directory in one process's memory, for tests and for trying things out: the twin of postgres/directory.ts.
import { randomBytes } from 'node:crypto'
import { equal, toBase64url } from '#core/bytes.ts'
import { bucketOfId, idFrom, idInBucket, type DeviceId, type PartyId, type SessionId } from '#core/ids.ts'
import type { Actor } from '#switch/actors.ts'
import {
  accountInBucket,
  codeHash,
  newCode,
  type ActorId,
  type Directory,
  type Identity,
  type NewCode,
  type Party,
  type Passkey,
  type PasskeyKeeper,
  type PasskeyOwner,
  type Secret,
  type StoredSession,
} from './directory.ts'

type Code = NewCode & { expiresAt: number; use: { publicKey: Uint8Array; actor: ActorId } | undefined }

const ID_RANDOM_BYTES = 14

/** `now` is the clock that codes, challenges and sessions end by, milliseconds since 1970. */
export function memoryDirectory(options: Readonly<{ buckets: number; now: () => number }>): Directory {
  const { buckets, now } = options
  const parties = new Map<PartyId, Party>()
  const given = new Map<number, number>()
  const codes = new Map<string, Code>()
  const identities = new Map<ActorId, Identity>()
  const secrets = new Map<PartyId, Secret & Readonly<{ setAt: number }>>()
  const passkeys = new Map<PasskeyOwner, (Passkey & { addedAt: number; lastUse?: Uint8Array })[]>()
  const challenges = new Map<PasskeyKeeper, { challenge: Uint8Array; wantsRoaming: boolean; expiresAt: number }>()
  const nonces = new Map<DeviceId, { nonce: Uint8Array; expiresAt: number }>()
  const sessions = new Map<SessionId, StoredSession>()

  const endSessions = (actor: ActorId, before = Infinity): void => {
    for (const [id, session] of sessions) {
      if (session.actor === actor && session.expiresAt < before) sessions.delete(id)
    }
  }
  const enrol = (code: Code, publicKey: Uint8Array, label: string): Identity | undefined => {
    const party = parties.get(code.party)
    if (party === undefined) return undefined
    const bucket = bucketOfId(party.id)
    const key = idFrom('key', randomBytes(ID_RANDOM_BYTES + 2))
    const common = { key, party: party.id, account: party.account, name: party.name, legalName: party.legalName }
    const random = randomBytes(ID_RANDOM_BYTES)
    const actor: Actor =
      code.kind === 'device'
        ? { kind: 'device', id: idInBucket('dev', bucket, random), ...common }
        : {
            kind: 'terminal',
            id: idInBucket('trm', bucket, random),
            ...common,
            label: code.label || label,
            terminalKind: code.terminalKind,
            cashier: null,
          }
    const terminalKind = code.kind === 'terminal' ? code.terminalKind : null
    const identity: Identity = { actor, publicKey, status: 'active', terminalKind }
    identities.set(actor.id, identity)
    code.use = { publicKey, actor: actor.id }
    return identity
  }

  return {
    async createParty({ bucket, kind, name, legalName, id: wanted }) {
      const known = wanted && parties.get(wanted)
      if (known !== undefined) return known
      const n = given.get(bucket) ?? 0
      given.set(bucket, n + 1)
      const id = wanted ?? idInBucket('pty', bucket, randomBytes(ID_RANDOM_BYTES))
      const party: Party = { id, kind, name, legalName, account: accountInBucket(bucket, n, buckets) }
      parties.set(id, party)
      return party
    },
    partyOf: async (party) => parties.get(party),
    namesOf: async (asked) =>
      new Map(asked.flatMap((id) => [parties.get(id)].flatMap((party) => (party ? [[id, party.name] as const] : [])))),

    async createCode(asked) {
      const code = asked.code ?? newCode()
      const known = codes.get(toBase64url(codeHash(code)))
      if (known !== undefined) return { code, expiresAt: known.expiresAt }
      const expiresAt = now() + asked.lifeMs
      codes.set(toBase64url(codeHash(code)), { ...asked, expiresAt, use: undefined })
      return { code, expiresAt }
    },
    async useCode({ code: typed, publicKey, label }) {
      const code = codes.get(toBase64url(codeHash(typed)))
      if (code === undefined) return undefined
      if (code.use) return equal(code.use.publicKey, publicKey) ? identities.get(code.use.actor) : undefined
      return code.expiresAt > now() ? enrol(code, publicKey, label) : undefined
    },
    identityOf: async (actor) => identities.get(actor),
    publicKeyOf: async (actor) => identities.get(actor)?.publicKey,
    async revoke(actor) {
      const identity = identities.get(actor)
      if (identity === undefined) return false
      identities.set(actor, { ...identity, status: 'revoked' })
      endSessions(actor)
      return true
    },

    async secretOf(party) {
      const known = secrets.get(party)
      if (known === undefined) return undefined
      const { setAt: _, ...secret } = known
      return secret
    },
    async setSecret(party, secret) {
      const known = secrets.get(party)
      if (known === undefined) secrets.set(party, { ...secret, setAt: now() })
      return known === undefined || (equal(known.storedKey, secret.storedKey) && equal(known.salt, secret.salt))
    },

    async replaceSecret(party, secret, askedAt) {
      if ((secrets.get(party)?.setAt ?? 0) <= askedAt) secrets.set(party, { ...secret, setAt: now() })
    },

    passkeysOf: async (owner) => passkeys.get(owner) ?? [],
    async addPasskey(owner, passkey) {
      const known = passkeys.get(owner) ?? []
      if (known.some(({ credential }) => equal(credential, passkey.credential))) return false
      passkeys.set(owner, [...known, { ...passkey, addedAt: now() }])
      return true
    },
    async usePasskey(owner, { credential, counter, isBackupEligible, use }) {
      const passkey = passkeys.get(owner)?.find((known) => equal(known.credential, credential))
      if (passkey === undefined) return false
      const isRepeat = passkey.counter === counter && passkey.lastUse !== undefined && equal(passkey.lastUse, use)
      if (counter <= passkey.counter && !(counter === 0 && passkey.counter === 0) && !isRepeat) return false
      const moved = {
        ...passkey,
        counter,
        isBackupEligible: passkey.isBackupEligible || isBackupEligible,
        lastUse: use,
      }
      passkeys.set(
        owner,
        (passkeys.get(owner) ?? []).map((known) => (known === passkey ? moved : known)),
      )
      return true
    },
    async removePasskey(owner, credential) {
      const known = passkeys.get(owner) ?? []
      const left = known.filter((passkey) => !equal(passkey.credential, credential))
      passkeys.set(owner, left)
      return left.length < known.length
    },
    putChallenge: async (keeper, { challenge, wantsRoaming, lifeMs }) => {
      challenges.set(keeper, { challenge, wantsRoaming, expiresAt: now() + lifeMs })
    },
    async takeChallenge(keeper) {
      const asked = challenges.get(keeper)
      challenges.delete(keeper)
      if (asked === undefined || asked.expiresAt <= now()) return undefined
      return { challenge: asked.challenge, wantsRoaming: asked.wantsRoaming }
    },

    async putPresenceNonce(device, nonce, lifeMs) {
      const expiresAt = now() + lifeMs
      nonces.set(device, { nonce, expiresAt })
      return expiresAt
    },
    async hasPresenceNonce(device, nonce) {
      const drawn = nonces.get(device)
      return drawn !== undefined && drawn.expiresAt > now() && equal(drawn.nonce, nonce)
    },

    async putSession(session) {
      endSessions(session.actor, now())
      for (const known of sessions.values()) {
        if (known.actor === session.actor && equal(known.nonce, session.nonce)) return false
      }
      sessions.set(session.id, session)
      return true
    },
    async sessionOf(id) {
      const session = sessions.get(id)
      const identity = session && identities.get(session.actor)
      return session && identity && { session, identity }
    },
    endSessions: async (actor) => endSessions(actor),
  }
}
