// What is over is forgotten, a little with each new one of its kind, and nothing that still counts.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { idInBucket } from '#core/ids.ts'
import type { CodeTry } from '#server/postgres/mail-codes.ts'
import { postgresOidc, type OidcStore } from '#server/postgres/oidc.ts'
import { postgresProfiles, type Profiles } from '#server/postgres/profiles.ts'
import { postgresPushes, type Pushes } from '#server/postgres/push.ts'
import { openDatabase, type Database } from '#server/postgres/connect.ts'
import { migratedDatabase } from './support/postgres.ts'
import { BUCKETS } from './support/world.ts'

const DAY_MS = 24 * 3_600_000
let database: Database
let profiles: Profiles
let pushes: Pushes
let openid: OidcStore

before(async () => {
  database = openDatabase(await migratedDatabase(), { transactions: 4, reads: 2, role: true })
  profiles = postgresProfiles(database, BUCKETS)
  pushes = postgresPushes(database)
  openid = postgresOidc(database)
})
after(() => database.end())

const namesIn = async (table: string, column: string): Promise<string[]> => {
  const { rows } = await database.reads.query<{ name: string }>(`select ${column}::text as name from ${table}`)
  return rows.map(({ name }) => name).toSorted()
}
const age = (table: string, where: string, ms: number): Promise<unknown> =>
  database.transactions.query(`update ${table} set expires_at = expires_at - $1::bigint where ${where}`, [ms])

test('an address that got a code is forgotten a day after the code ended, and not before', async () => {
  const code = (address: string): CodeTry => ({
    purpose: 'sign-up',
    address,
    asker: Buffer.alloc(32),
    hash: Buffer.alloc(32, address),
  })
  const put = (address: string): Promise<void> =>
    profiles.putCode({ ...code(address), nonce: randomBytes(16), lifeMs: 60_000 })
  for (const address of ['long-over', 'over', 'fresh']) await put(address)
  await age('mail_code', `address = 'long-over'`, 2 * DAY_MS)
  await age('mail_code', `address = 'over'`, DAY_MS / 2)
  await put('new')
  assert.deepEqual(await namesIn('mail_code', 'address'), ['fresh', 'new', 'over'])

  // The one that is asked for again is long over itself.
  await age('mail_code', `address = 'fresh'`, 2 * DAY_MS)
  await put('fresh')
  assert.ok(await profiles.tryCode(code('fresh')))
  // Many at once, each long over and asked for by another: nobody waits for nobody, and all get theirs.
  const many = Array.from({ length: 20 }, (_, index) => `many-${index}`)
  await Promise.all(many.map(put))
  await age('mail_code', 'true', 2 * DAY_MS)
  await Promise.all(many.map(put))
  for (const address of many) assert.ok(await profiles.tryCode(code(address)), address)
})

test('a command to a closed wallet is forgotten once nobody waits for its answer', async () => {
  const device = idInBucket('dev', 1, randomBytes(14))
  const [old, recent, fresh] = [randomBytes(16).toString('hex'), randomBytes(16).toString('hex'), randomBytes(16)]
  await pushes.command(old, device, 1_000)
  await pushes.command(recent, device, DAY_MS)
  await age('pushed_command', `id = '${old}'`, 2 * DAY_MS)
  await pushes.command(fresh.toString('hex'), device, 1_000)
  const ids = (await namesIn('pushed_command', 'id')).map((id) => id.replaceAll('-', ''))
  assert.deepEqual(ids, [recent, fresh.toString('hex')].toSorted())
})

test('what OpenID remembers ends with its time; what has no end stays', async () => {
  for (const [model, lifeMs] of [
    ['Session', 60_000],
    ['AccessToken', 60_000],
    ['Client', null],
  ] as const)
    await openid.put(model, model, { payload: {}, grantId: null, lifeMs })
  await age('oidc_entry', `model = 'Session'`, DAY_MS)
  await openid.sweep()
  assert.deepEqual(await namesIn('oidc_entry', 'model'), ['AccessToken', 'Client'])
})
