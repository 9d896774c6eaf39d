// The directory's part of proofs: passkeys, what a new one has to sign, and the nonces of proofs that are no payment. Each race is
// decided by one conditional statement.
import { assert } from '#core/assert.ts'
import { bucketOfId } from '#core/ids.ts'
import type { Directory, PasskeyKeeper, PasskeyOwner } from '../auth/directory.ts'
import { NOW, uuidOf, type Row } from './rows.ts'

type Passkeys = Pick<
  Directory,
  | 'passkeysOf'
  | 'addPasskey'
  | 'usePasskey'
  | 'removePasskey'
  | 'putChallenge'
  | 'takeChallenge'
  | 'putPresenceNonce'
  | 'hasPresenceNonce'
>

/** With a name PostgreSQL keeps the plan: for what every payment asks. */
export function passkeys(query: (text: string, values: unknown[], name?: string) => Promise<Row[]>): Passkeys {
  return {
    async passkeysOf(owner) {
      const rows = await query(
        `select credential, public_key, counter, is_backup_eligible, is_roaming, transports, created_at from passkey
         where bucket = $1 and party = $2 order by created_at, credential`,
        keyOf(owner),
        'passkeys_of',
      )
      return rows.map((row) => ({
        credential: bytes(row.credential),
        publicKey: bytes(row.public_key),
        counter: Number(row.counter),
        isBackupEligible: row.is_backup_eligible === true,
        isRoaming: row.is_roaming === true,
        transports: Array.isArray(row.transports) ? row.transports.map(String) : [],
        addedAt: Number(row.created_at),
      }))
    },
    async addPasskey(owner, { credential, publicKey, counter, isBackupEligible, isRoaming, transports }) {
      const rows = await query(
        `insert into passkey
           (bucket, party, credential, public_key, counter, is_backup_eligible, is_roaming, transports, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, ${NOW}) on conflict do nothing returning party`,
        [...keyOf(owner), credential, publicKey, counter, isBackupEligible, isRoaming, transports],
      )
      return rows.length === 1
    },
    async usePasskey(owner, { credential, counter, isBackupEligible, use }) {
      // Authenticators without a counter always say 0.
      const rows = await query(
        `update passkey set counter = $4, last_use = $5, is_backup_eligible = is_backup_eligible or $6
         where bucket = $1 and party = $2 and credential = $3
           and (counter < $4 or (counter = 0 and $4 = 0) or (counter = $4 and last_use = $5)) returning party`,
        [...keyOf(owner), credential, counter, use, isBackupEligible],
        'use_passkey',
      )
      return rows.length === 1
    },
    async removePasskey(owner, credential) {
      const rows = await query(
        'delete from passkey where bucket = $1 and party = $2 and credential = $3 returning party',
        [...keyOf(owner), credential],
      )
      return rows.length === 1
    },
    async putChallenge(keeper, { challenge, wantsRoaming, lifeMs }) {
      await query(
        `insert into passkey_challenge (bucket, device, challenge, wants_roaming, expires_at)
         values ($1, $2, $3, $4, ${NOW} + $5::bigint)
         on conflict (bucket, device) do update
           set challenge = excluded.challenge, wants_roaming = excluded.wants_roaming, expires_at = excluded.expires_at`,
        [...keyOf(keeper), challenge, wantsRoaming, lifeMs],
      )
    },
    async takeChallenge(keeper) {
      const [row] = await query(
        `delete from passkey_challenge where bucket = $1 and device = $2
         returning challenge, wants_roaming, expires_at > ${NOW} as is_alive`,
        keyOf(keeper),
      )
      if (row?.is_alive !== true) return undefined
      return { challenge: bytes(row.challenge), wantsRoaming: row.wants_roaming === true }
    },
    async putPresenceNonce(device, nonce, lifeMs) {
      const [row] = await query(
        `insert into presence_nonce (bucket, device, nonce, expires_at) values ($1, $2, $3, ${NOW} + $4::bigint)
         on conflict (bucket, device) do update set nonce = excluded.nonce, expires_at = excluded.expires_at
         returning expires_at`,
        [...keyOf(device), nonce, lifeMs],
      )
      return Number(row?.expires_at)
    },
    async hasPresenceNonce(device, nonce) {
      const rows = await query(
        `select 1 from presence_nonce where bucket = $1 and device = $2 and nonce = $3 and expires_at > ${NOW}`,
        [...keyOf(device), nonce],
      )
      return rows.length === 1
    },
  }
}

const keyOf = (id: PasskeyOwner | PasskeyKeeper): [bucket: number, id: string] => [bucketOfId(id), uuidOf(id)]

function bytes(value: unknown): Uint8Array {
  assert(value instanceof Uint8Array, 'a bytea column holds bytes')
  return value
}
