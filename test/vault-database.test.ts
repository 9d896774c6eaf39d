// The vault's own database: its numbers are used once whoever counts, its schema is its own, its role sees nothing of the hub's, and without it or
// the hub's tables the vault says so.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openVaultDatabase } from '#vault/database.ts'
import { migrateVault } from '#vault/migrate.ts'
import { createNumbering } from '#vault/numbering.ts'
import { prepareVaultDatabase } from '#vault/prepare.ts'
import { emptyDatabase, migratedDatabase, withClient } from './support/postgres.ts'
import { cardNumber, hex, newOrder, startFakeIssuer, startTestVault, tablesAt } from './support/vault.ts'

test('STAN and RRN are used once on their day, by two that count at once and by one that begins again', async () => {
  const settings = await emptyDatabase()
  const databases = [openVaultDatabase(settings), openVaultDatabase(settings)]
  try {
    for (const database of databases) await migrateVault(database)
    const counters = databases.flatMap((database) => [
      createNumbering(database, 'Asia/Tokyo'),
      createNumbering(database, 'Asia/Tokyo'),
    ])
    const taken = await Promise.all(counters.flatMap((counter) => Array.from({ length: 150 }, () => counter.next())))
    const seen = new Set(taken.map(({ trace }) => `${trace.stan} ${trace.rrn}`))
    assert.equal(seen.size, 600)
    assert.equal(new Set(taken.map(({ trace }) => trace.stan)).size, 600)
    for (const { day, trace, at } of taken) {
      assert.match(trace.stan, /^[0-9]{6}$/u)
      assert.match(trace.rrn, /^[0-9]{12}$/u)
      assert.equal(trace.day, day.slice(5).replace('-', ''))
      const utc = new Date(at).toISOString().replaceAll(/\D/gu, '')
      assert.equal(trace.at, utc.slice(4, 14))
    }
    const [one] = taken
    const tokyo = new Date((one?.at ?? 0) + 9 * 3_600_000).toISOString().slice(0, 10)
    assert.equal(one?.day, tokyo)
  } finally {
    for (const database of databases) await database.end()
  }
})

test('a day of more than a million messages begins its STANs again, with other RRNs', async () => {
  const settings = await emptyDatabase()
  const database = openVaultDatabase(settings)
  try {
    await migrateVault(database)
    const numbering = createNumbering(database, 'UTC')
    const day = await numbering.today()
    await database.query('update numbering set taken = 999950 where day = $1', [day])
    const fresh = createNumbering(database, 'UTC')
    const taken = await Promise.all(Array.from({ length: 100 }, () => fresh.next()))
    assert(taken.some(({ trace }) => trace.stan === '999999'))
    assert(taken.some(({ trace }) => trace.stan === '000001'))
    assert.equal(new Set(taken.map(({ trace }) => trace.rrn)).size, 100)
  } finally {
    await database.end()
  }
})

test('a database of a newer program, or of a changed one, is left alone', async () => {
  const database = openVaultDatabase(await emptyDatabase())
  try {
    await migrateVault(database)
    await migrateVault(database)
    await database.query("update migration set sha256 = 'other' where number = 1")
    await assert.rejects(migrateVault(database), { name: 'SchemaError' })
    await database.query("insert into migration (number, sha256) values (9999, 'x')")
    await assert.rejects(migrateVault(database), /newer program/u)
  } finally {
    await database.end()
  }
})

test("the hub's working role cannot connect to the vault's database, nor the vault's role read the hub's", async () => {
  const hub = await migratedDatabase()
  // Border: the test server is at a socket.
  const admin = hub as { host: string; port: number; user: string; database: string }
  const names = { role: `vault_${hex(4)}`, database: `vault_${hex(4)}` }
  const { connection, url } = await prepareVaultDatabase(admin, names)
  assert.deepEqual((await prepareVaultDatabase(admin, names)).connection, connection)
  try {
    const may = await withClient(hub, async (client) => {
      const { rows } = await client.query<{ app: boolean; own: boolean }>(
        "select has_database_privilege('warifu_app', $1, 'connect') as app, has_database_privilege($2, $1, 'connect') as own",
        [names.database, names.role],
      )
      return rows[0]
    })
    assert.deepEqual(may, { app: false, own: true })
    const vault = await startTestVault({ database: { connectionString: url } })
    try {
      assert.equal((await vault.get('/v1/health')).body['state'], 'ready')
    } finally {
      await vault.close()
    }
    for (const table of ['account', 'payment', 'event'])
      await assert.rejects(
        withClient({ ...connection, database: admin.database }, (client) => client.query(`select * from ${table}`)),
        /permission denied/u,
      )
  } finally {
    await withClient(admin, async (client) => {
      await client.query(`drop database ${names.database} with (force)`)
      await client.query(`drop role ${names.role}`)
    })
  }
})

test('without its database the vault runs, says so, and does nothing', async () => {
  const vault = await startTestVault({ database: { host: '127.0.0.1', port: 1, user: 'nobody', database: 'none' } })
  try {
    assert.deepEqual((await vault.get('/v1/health')).body, { state: 'no-database', issuers: [], tables: null })
    for (const { status, body } of [await vault.authorise(hex()), await vault.get('/v1/keys')])
      assert.deepEqual([status, body['kind']], [503, 'unavailable'])
    for (const { status, body } of [
      await vault.follow('capture', newOrder(), '1'),
      await vault.follow('reverse', newOrder(), '1'),
      await vault.get(`/v1/orders/${newOrder()}`),
      await vault.get('/v1/alarms'),
    ])
      assert.deepEqual([status, body['kind']], [503, 'unsure'])
    assert.deepEqual(vault.errors, [])
  } finally {
    await vault.close()
  }
})

test('before the hub has brought its tables no number is judged', async () => {
  const issuer = await startFakeIssuer()
  const young = await startTestVault()
  try {
    const head = { command: `cmd_${hex()}`, party: `pty_${hex()}` }
    const inside = { number: cardNumber(5), expires: '2099-12', code: '123' }
    const request = { card: hex(), ...head, envelope: await young.envelope(inside, head) }
    assert.equal((await young.post('/v1/cards', request)).status, 503)
    await young.put('/v1/tables', tablesAt(issuer.port))
    await young.isUp()
    assert.equal((await young.post('/v1/cards', request)).body['state'], 'active')
  } finally {
    await young.close()
    await issuer.stop()
  }
})
