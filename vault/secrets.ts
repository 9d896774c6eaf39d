// The vault's secrets: data keys, each wrapped by the key store and kept in a row of its own; the key of the look-up hash; the keys to which
// wallets encrypt. A row that only the right key store opens (`check`) tells a wrong key from a missing one.
//
//   the key store        the rows            the vault is
//   has none             none                new: the first key is made
//   has none             some                no-key: nothing is answered that needs it, and nothing is made anew
//   opens `check`        some                ready
//   does not             some                wrong-key
//
// Rotation: a new key is made, new data keys go under it from one commit on, and the old ones are wrapped again a hundred at a time while
// everything is served. Only what a data key is wrapped by changes; what it encrypts stays as it is.
import { createHmac, createPrivateKey, generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto'
import { NOW, type Query, type VaultDatabase } from './database.ts'
import { seal, unseal, WrongKey, KeyAway, type KeyStore } from './key-store.ts'
import type { VaultKeys } from './wire.ts'

export type SecretsState = 'ready' | 'no-key' | 'wrong-key'
export type WrappedRow = Readonly<{ id: string; wrapping: string; wrapped: Buffer }>
export type Secrets = Readonly<{
  /** Looks each time: a key file that comes back is enough. Throws Unavailable without a database. */
  state(): Promise<SecretsState>
  /** A new data key, in the caller's commit. */
  make(query: Query, id: string): Promise<Buffer>
  /** The data key of this id; undefined where there is none. Throws KeyAway, WrongKey. */
  find(id: string): Promise<Buffer | undefined>
  /** The same of a row that was read together with others. */
  open(row: WrappedRow): Promise<Buffer>
  /** The keyed hash by which a number is found again. */
  hashOf(number: string): Promise<Buffer>
  /** The newest first. */
  publicKeys(): Promise<VaultKeys>
  /** The private half, also of one that is told no more but was yesterday. */
  envelopeKey(kid: string): Promise<KeyObject | undefined>
  /**
   * Puts everything under a new key; how many data keys were wrapped again. Safe to begin again where it was broken off. Throws Busy while
   * another one goes on: each would forget the other's new key.
   */
  rotate(): Promise<number>
  /** Forgets envelope keys whose day is over. */
  forgetOld(): Promise<void>
}>

const CHECK = 'check'
const LOOK_UP = 'look-up'
const DATA_KEY_BYTES = 32
const AT_ONCE = 100
/** A wallet that has fetched a key just before it was retired still has its envelope opened. */
const RETIRED_KEPT_MS = 24 * 3_600_000
/** 'vaultk': held while the first keys are made. */
const LOCK = 0x76_61_75_6c_74_6b
/** 'vaultr': held while everything is put under a new key. */
const ROTATION = 0x76_61_75_6c_74_72

/** `makeFirst` makes the key store's first key; it is called only where the database has no secrets yet. */
export function createSecrets(
  database: VaultDatabase,
  store: KeyStore,
  makeFirst: () => void | Promise<void>,
): Secrets {
  let isBegun = false

  async function begin(): Promise<void> {
    await database.together(async (query) => {
      await query(`select pg_advisory_xact_lock(${LOCK})`)
      if ((await query('select 1 from wrapping')).length > 0) return
      await makeFirst()
      await query(`insert into wrapping (id, since) values ($1, ${NOW})`, [await store.current()])
      await make(query, CHECK)
      await make(query, LOOK_UP)
      await makeEnvelopeKey(query)
    })
    isBegun = true
  }

  async function make(query: Query, id: string): Promise<Buffer> {
    // Held until the caller's commit: a rotation that changes it waits, and then finds this row.
    const [row] = await query<{ id: string }>('select id from wrapping for share')
    if (row === undefined) throw new KeyAway('there is no key yet')
    const key = randomBytes(DATA_KEY_BYTES)
    const wrapped = await store.wrap(row.id, key, id)
    await query('insert into wrapped_key (id, wrapping, wrapped) values ($1, $2, $3)', [id, row.id, wrapped])
    return key
  }

  async function rowOf(id: string): Promise<WrappedRow | undefined> {
    const [row] = await database.query<WrappedRow>('select id, wrapping, wrapped from wrapped_key where id = $1', [id])
    return row
  }

  async function open({ id, wrapping, wrapped }: WrappedRow): Promise<Buffer> {
    try {
      return await store.unwrap(wrapping, wrapped, id)
    } catch (error) {
      // A rotation may have wrapped it again and forgotten the old key since the row was read.
      const again = error instanceof WrongKey ? await rowOf(id) : undefined
      if (again === undefined || again.wrapping === wrapping) throw error
      return store.unwrap(again.wrapping, again.wrapped, id)
    }
  }

  async function find(id: string): Promise<Buffer | undefined> {
    const row = await rowOf(id)
    return row && open(row)
  }

  async function makeEnvelopeKey(query: Query): Promise<void> {
    const kid = randomBytes(8).toString('hex')
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const { x, y } = publicKey.export({ format: 'jwk' })
    const pkcs8 = privateKey.export({ format: 'der', type: 'pkcs8' })
    const key = await make(query, `envelope:${kid}`)
    const jwk = { kty: 'EC', crv: 'P-256', x, y, kid, use: 'enc', alg: 'ECDH-ES' }
    await query(`insert into envelope_key (kid, jwk, sealed, made_at) values ($1, $2, $3, ${NOW})`, [
      kid,
      jwk,
      seal(key, pkcs8, kid),
    ])
    pkcs8.fill(0)
    key.fill(0)
  }

  async function rewrapSome(current: string): Promise<number> {
    return database.together(async (query) => {
      const rows = await query<WrappedRow>(
        'select id, wrapping, wrapped from wrapped_key where wrapping <> $1 limit $2 for update skip locked',
        [current, AT_ONCE],
      )
      for (const { id, wrapping, wrapped } of rows) {
        const key = await store.unwrap(wrapping, wrapped, id)
        const again = await store.wrap(current, key, id)
        key.fill(0)
        await query('update wrapped_key set wrapping = $2, wrapped = $3 where id = $1', [id, current, again])
      }
      return rows.length
    })
  }

  async function rotateAlone(holding: Query): Promise<number> {
    const renewed = await store.renew()
    await database.together(async (query) => {
      await query(`update wrapping set id = $1, since = ${NOW}`, [renewed])
      await query(`update envelope_key set retired_at = ${NOW} where retired_at is null`)
      await makeEnvelopeKey(query)
    })
    let count = 0
    // Asked where the lock is held: when that is lost, somebody else may rotate, and we end here and forget nothing.
    for (;;) {
      const left = await holding('select 1 from wrapped_key where wrapping <> $1 limit 1', [renewed])
      if (left.length === 0) break
      count += await rewrapSome(renewed)
    }
    const used = await holding<{ wrapping: string }>('select distinct wrapping from wrapped_key')
    await store.keepOnly(new Set([renewed, ...used.map(({ wrapping }) => wrapping)]))
    return count
  }

  return {
    async state() {
      try {
        if (!isBegun) await begin()
        const key = await find(CHECK)
        key?.fill(0)
        return key === undefined ? 'wrong-key' : 'ready'
      } catch (error) {
        if (error instanceof WrongKey) return 'wrong-key'
        if (error instanceof KeyAway) return 'no-key'
        throw error
      }
    },
    make,
    open,
    find,
    async hashOf(number) {
      const key = await find(LOOK_UP)
      if (key === undefined) throw new KeyAway('there is no key yet')
      const hash = createHmac('sha256', key).update(number).digest()
      key.fill(0)
      return hash
    },
    async publicKeys() {
      const rows = await database.query<{ jwk: VaultKeys['keys'][number] }>(
        'select jwk from envelope_key where retired_at is null order by made_at desc, kid',
      )
      return { keys: rows.map(({ jwk }) => jwk) }
    },
    async envelopeKey(kid) {
      const [row] = await database.query<{ sealed: Buffer }>(
        `select sealed from envelope_key where kid = $1 and coalesce(retired_at, ${NOW}) > ${NOW} - $2::bigint`,
        [kid, RETIRED_KEPT_MS],
      )
      const key = row && (await find(`envelope:${kid}`))
      if (row === undefined || key === undefined) return undefined
      const pkcs8 = unseal(key, row.sealed, kid)
      const opened = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
      pkcs8.fill(0)
      key.fill(0)
      return opened
    },
    async rotate() {
      await begin()
      return database.alone(ROTATION, rotateAlone)
    },
    async forgetOld() {
      await database.query(
        `with old as (delete from envelope_key where retired_at < ${NOW} - $1::bigint returning kid)
         delete from wrapped_key using old where id = 'envelope:' || old.kid`,
        [RETIRED_KEPT_MS],
      )
    },
  }
}
