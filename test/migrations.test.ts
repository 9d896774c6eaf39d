// Migrations: hubs that start together run each file once; a database that does not fit is refused; the journal cannot be edited.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readdir } from 'node:fs/promises'
import pg from 'pg'
import { openDatabase } from '#server/postgres/connect.ts'
import { migrate, MigrationError } from '#server/postgres/migrate.ts'
import { createScheme, readScheme } from '#server/postgres/scheme.ts'
import { emptyDatabase, migratedDatabase } from './support/postgres.ts'
import { fingerprint } from './support/raw-client.ts'
import { billOf, BUCKETS, groundOn, JPY, openTown } from './support/world.ts'

const FILES = (await readdir(new URL('../server/postgres/migrations/', import.meta.url)))
  .filter((name) => name.endsWith('.sql'))
  .map((name) => Number.parseInt(name, 10))
  .toSorted((left, right) => left - right)

async function withClient<Result>(
  settings: pg.ClientConfig,
  use: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client(settings)
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.end()
  }
}

test('twenty programs that start on an empty database at once run each migration once and make one scheme', async () => {
  const settings = await emptyDatabase()
  const results = await Promise.all(Array.from({ length: 20 }, () => migrate(settings)))
  assert.deepEqual(
    results.flatMap(({ ran }) => ran).toSorted((left, right) => left - right),
    FILES,
  )
  assert.deepEqual(new Set(results.map(({ role }) => role)), new Set([true]))
  assert.deepEqual((await migrate(settings)).ran, [], 'again does nothing')

  const start = { name: 'Town', demo: true, buckets: BUCKETS, unit: JPY }
  const made = await Promise.all(Array.from({ length: 20 }, () => createScheme(settings, start)))
  assert.equal(made.filter(({ created }) => created).length, 1)
  assert.equal(new Set(made.map(({ scheme }) => scheme.id)).size, 1)
})

test('databases of one cluster that are migrated at once do not disturb each other', async () => {
  const all = await Promise.all(Array.from({ length: 4 }, () => emptyDatabase()))
  const results = await Promise.all(all.map((settings) => migrate(settings)))
  for (const { ran, role } of results) assert.deepEqual([ran, role], [FILES, true])
})

test('a migration that was changed after it had run, and a database newer than the program, are refused with a sentence', async () => {
  const settings = await migratedDatabase()
  const before = await fingerprint(settings, ['migration'])
  await withClient(settings, (client) => client.query("update migration set sha256 = 'x' where number = 1"))
  await assert.rejects(
    migrate(settings),
    (error) =>
      error instanceof MigrationError &&
      /^Migration 0001-.*\.sql was changed after it had run: .+\.$/.test(error.message),
  )

  const newer = await migratedDatabase()
  await withClient(newer, (client) =>
    client.query("insert into migration (number, name, sha256) values (9999, 'x', 'x')"),
  )
  await assert.rejects(
    migrate(newer),
    (error) =>
      error instanceof MigrationError &&
      /^The database is at migration 9999, this program knows \d+: .+\.$/.test(error.message),
  )
  assert.deepEqual(await fingerprint(settings, ['migration']), before)
})

test('the role under which the hub works cannot change or delete what was answered to somebody', async () => {
  const settings = await migratedDatabase()
  await createScheme(settings, { name: 'Town', demo: true, buckets: BUCKETS, unit: JPY })
  const ground = await groundOn(settings)
  const town = await openTown(ground)
  const { number } = await town.offer(billOf(100n))
  const { payment } = await town.join(town.payer, number)
  assert.ok(payment !== null)
  assert.equal((await town.approve(town.payer, payment)).refusal, null)
  await town.settleDown()
  const before = await fingerprint(settings)
  const database = openDatabase(settings, { transactions: 1, reads: 1, role: true })
  const denied = { code: '42501' }
  for (const table of ['transfer', 'entry', 'event', 'evidence', 'command', 'migration', 'scheme']) {
    assert.notEqual(before.get(table)?.split(' ')[0], '0', `${table} has rows`)
    await assert.rejects(database.transactions.query(`delete from ${table}`), denied, table)
    await assert.rejects(database.transactions.query(`truncate ${table}`), denied, table)
    await assert.rejects(database.transactions.query(`drop table ${table}`), denied, table)
    await assert.rejects(database.transactions.query(`alter table ${table} disable trigger all`), denied, table)
    const { rows } = await database.transactions.query<{ name: string }>(
      "select column_name as name from information_schema.columns where table_schema = 'public' and table_name = $1",
      [table],
    )
    assert.ok(rows.length > 0)
    for (const { name } of rows)
      await assert.rejects(
        database.transactions.query(`update ${table} set ${name} = ${name}`),
        denied,
        `${table}.${name}`,
      )
  }
  await database.end()
  assert.deepEqual(await fingerprint(settings), before)
  assert.ok(await readScheme(settings))
  await ground.close()
})
