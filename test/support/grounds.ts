// What a town stands on: a store in memory, or one on a fresh database of the real PostgreSQL, with rows that no command makes.
import { randomBytes } from 'node:crypto'
import pg from 'pg'
import type { AccountKey, AccountNumber } from '#core/accounts.ts'
import { assert } from '#core/assert.ts'
import { NO_PROOF_LIMITS, type Device } from '#core/device.ts'

import { bucketOfId, idFrom, terminalOfDevice, type PartyId } from '#core/ids.ts'
import type { Books } from '#core/invariants.ts'
import { unitOf, type Unit } from '#core/money.ts'
import type { SchemeRules } from '#core/payment.ts'
import { readBooks } from '#server/postgres/books.ts'
import { openDatabase, type Database } from '#server/postgres/connect.ts'
import { createScheme, readScheme } from '#server/postgres/scheme.ts'
import { accountRows, EVERYBODY, postgresStore, uuidOf } from '#server/postgres/store.ts'
import { memoryStore } from '#switch/memory-store.ts'
import type { Holder, Profile, Store, Terminal } from '#switch/store.ts'
import type { Scheme } from '#switch/switch.ts'
import { migratedDatabase } from './postgres.ts'

export const BUCKETS = 16
export const JPY = (() => {
  const unit = unitOf('JPY')
  assert(unit !== undefined, 'JPY is a currency')
  return unit
})()

export const newId = <Prefix extends 'cmd' | 'deal' | 'key' | 'sch' | 'tok'>(prefix: Prefix) =>
  idFrom(prefix, randomBytes(16))

export const RULES: Omit<SchemeRules, 'id'> = {
  unlockMs: 3_600_000,
  freshProofFrom: 10_000n,
  limits: { perPayment: 1_000_000n, perDay: 5_000_000n, perMonth: 20_000_000n },
  zone: 'Asia/Tokyo',
  restricted: 'refuse',
  proofLimits: NO_PROOF_LIMITS,
  offline: { payment: 5_000n, device: 10_000n, terminal: 100_000n, ms: 24 * 3_600_000 },
}

export type Registered = Readonly<{
  terminals?: readonly Terminal[]
  /** each with the terminal that a phone is where it asks for money */
  devices?: readonly Device[]
  /** with the scheme's own of that unit and bucket */
  accounts?: readonly Readonly<{ key: AccountKey; unit: Unit }>[]
  holders?: readonly (Holder & Readonly<{ account: AccountNumber }>)[]
  contacts?: readonly Readonly<{ party: PartyId; account: AccountNumber; status: 'listed' | 'blocked' }>[]
  /** as the profiles' own routes would leave them */
  profiles?: readonly Profile[]
}>

export type Ground = Readonly<{
  store: Store
  scheme: Scheme
  register(rows: Registered): Promise<void>
  books(): Promise<Books>
  close(): Promise<void>
}>

/** A store in memory. Its clock stands still unless the test moves it. */
export async function memoryGround(
  clock = { now: 1_800_000_000_000 },
  rules: Partial<Omit<SchemeRules, 'id'>> = {},
): Promise<Ground> {
  const store = memoryStore({ buckets: BUCKETS, now: () => clock.now })
  const id = newId('sch')
  return {
    store,
    scheme: { id, buckets: BUCKETS, rules: { ...RULES, ...rules, id } },
    register: store.register,
    books: async () => ({ ...store.contents(), buckets: BUCKETS }),
    close: async () => {},
  }
}

/** A store on a fresh database of the real PostgreSQL. */
export async function postgresGround(
  rules: Partial<Omit<SchemeRules, 'id'>> = {},
): Promise<Ground & { database: Database; settings: pg.ClientConfig }> {
  const settings = await migratedDatabase()
  await createScheme(settings, { name: 'Test', demo: true, buckets: BUCKETS, unit: JPY })
  return groundOn(settings, rules)
}

/** A further hub's view of a database that has a scheme. Its rules are the tests' own. */
export async function groundOn(
  settings: pg.ClientConfig,
  rules: Partial<Omit<SchemeRules, 'id'>> = {},
): Promise<Ground & { database: Database; settings: pg.ClientConfig }> {
  const scheme = await readScheme(settings)
  assert(scheme !== undefined, 'the database has a scheme')
  const database = openDatabase(settings, { transactions: 8, reads: 4, role: true })
  return {
    database,
    settings,
    store: postgresStore(database, scheme.buckets),
    scheme: { ...scheme, rules: { ...RULES, ...rules, id: scheme.id } },
    register: (rows) => registerIn(database, rows, scheme.buckets),
    books: () => readBooks(settings),
    close: () => database.end(),
  }
}

async function registerIn(database: Database, rows: Registered, buckets: number): Promise<void> {
  const query = (text: string, values: unknown[]): Promise<unknown> => database.reads.query(text, values)
  const terminals = [
    ...(rows.terminals ?? []),
    ...(rows.devices ?? []).map(({ id, party, status }) => ({ id: terminalOfDevice(id), party, status })),
  ]
  for (const { id, party, status } of terminals) {
    await query('insert into terminal (bucket, id, party, status) values ($1, $2, $3, $4)', [
      bucketOfId(id),
      uuidOf(id),
      uuidOf(party),
      status,
    ])
  }
  for (const { id, party, key, status, approvesWith } of rows.devices ?? []) {
    await query('insert into device (bucket, id, party, key, status, approves_with) values ($1, $2, $3, $4, $5, $6)', [
      bucketOfId(id),
      uuidOf(id),
      uuidOf(party),
      uuidOf(key),
      status,
      approvesWith,
    ])
  }
  for (const { party, email, portrait, releases } of rows.profiles ?? []) {
    await query(
      `insert into profile (bucket, party, email, email_verified_at, portrait, portrait_hash, updated_at)
       values ($1, $2, $3, $4, $5, $6, 0)
       on conflict (bucket, party) do update set email = excluded.email, email_verified_at = excluded.email_verified_at,
         portrait = excluded.portrait, portrait_hash = excluded.portrait_hash`,
      [
        bucketOfId(party),
        uuidOf(party),
        email ?? 'claimed@example.org',
        email === null ? null : 0,
        portrait === null ? null : Buffer.from('a picture'),
        portrait === null ? null : Buffer.from(portrait, 'hex'),
      ],
    )
    for (const { merchant, releases: each } of releases) {
      await query(
        `insert into release (bucket, party, merchant, releases, at) values ($1, $2, $3, $4, 0)
         on conflict (bucket, party, merchant) do update set releases = excluded.releases`,
        [bucketOfId(party), uuidOf(party), merchant === null ? EVERYBODY : uuidOf(merchant), JSON.stringify(each)],
      )
    }
  }
  for (const { key, unit } of rows.accounts ?? []) {
    for (const row of accountRows(key, unit, buckets)) {
      await query('insert into account (bucket, key, unit) values ($1, $2, $3) on conflict do nothing', [
        row.bucket,
        row.key,
        row.unit,
      ])
    }
  }
  for (const { party, kind, name, account } of rows.holders ?? []) {
    await query(
      'insert into party (bucket, id, kind, name, legal_name, account, created_at) values ($1, $2, $3, $4, $4, $5, 0)',
      [bucketOfId(party), uuidOf(party), kind, name, account],
    )
  }
  for (const { party, account, status } of rows.contacts ?? []) {
    await query(
      `insert into contact (bucket, party, account, status, at) values ($1, $2, $3, $4, 0)
       on conflict (bucket, party, account) do update set status = excluded.status`,
      [bucketOfId(party), uuidOf(party), account, status],
    )
  }
}
