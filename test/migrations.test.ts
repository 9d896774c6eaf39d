// Migrations: hubs that start together run each file once; a database that does not fit is refused; the journal cannot be edited.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { test } from 'node:test'
import pg from 'pg'
import { GENESIS_ACTION } from '#core/actions.ts'
import { idFrom } from '#core/ids.ts'
import { faultsOf } from '#core/invariants.ts'
import { GENESIS_HASH, NOTHING_SPENT } from '#core/ledger.ts'
import { readBooks } from '#server/postgres/books.ts'
import { openDatabase } from '#server/postgres/connect.ts'
import { migrate, MigrationError } from '#server/postgres/migrate.ts'
import { createScheme, readScheme } from '#server/postgres/scheme.ts'
import { emptyDatabase, migratedDatabase, withClient } from './support/postgres.ts'
import { fingerprint } from './support/raw-client.ts'
import { ledgerOn } from './support/ledger.ts'
import { billOf, BUCKETS, groundOn, JPY, openTown } from './support/world.ts'

const FOLDER = new URL('../server/postgres/migrations/', import.meta.url)
const NAMES = (await readdir(FOLDER)).filter((name) => name.endsWith('.sql')).toSorted()
const FILES = NAMES.map((name) => Number.parseInt(name, 10))

/** A database as an older program left it. */
async function databaseAt(number: number): Promise<pg.ClientConfig> {
  const settings = await emptyDatabase()
  await withClient(settings, async (client) => {
    await client.query(
      'create table migration (number integer primary key, name text not null, sha256 text not null, at timestamptz not null default now())',
    )
    for (const name of NAMES.slice(0, number)) {
      const sql = await readFile(new URL(name, FOLDER), 'utf8')
      await client.query(sql)
      const sha256 = createHash('sha256').update(sql).digest('hex')
      await client.query('insert into migration (number, name, sha256) values ($1, $2, $3)', [
        Number.parseInt(name, 10),
        name,
        sha256,
      ])
    }
  })
  return settings
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
  await ledgerOn(ground).commit([{ bucket: 0 }], (working) => {
    const operator = idFrom('opr', new Uint8Array(16))
    const told = { operatorName: 'Operator', subject: 'scheme', why: 'a test', before: '', after: '' }
    working.act(0, { operator, what: 'set-rules', ...told })
  })
  const before = await fingerprint(settings)
  const database = openDatabase(settings, { transactions: 1, reads: 1, role: true })
  const denied = { code: '42501' }
  for (const table of ['transfer', 'entry', 'event', 'evidence', 'command', 'action', 'migration', 'scheme']) {
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

test('a database from before the account bank goes on: its phones may ask for money, its accounts have spent nothing yet', async () => {
  const settings = await databaseAt(3)
  const phone = '00070000-0000-4000-8000-000000000001'
  const lost = '00070000-0000-4000-8000-000000000002'
  const party = '00070000-0000-4000-8000-000000000003'
  await withClient(settings, async (client) => {
    await client.query('insert into head (bucket, sequence, hash) select b, 0, $1 from generate_series(0, 15) b', [
      Buffer.from(GENESIS_HASH),
    ])
    await client.query("insert into account (bucket, key, unit) values (7, 'escrow:7', 'JPY')")
    for (const [id, status] of [
      [phone, 'active'],
      [lost, 'revoked'],
    ]) {
      await client.query(
        'insert into device (bucket, id, party, key, status) values (7, $1, $2, gen_random_uuid(), $3)',
        [id, party, status],
      )
    }
    await client.query('insert into refund (bucket, original, id, amount, at) values (7, $1, $1, 5, 0)', [phone])
  })
  assert.deepEqual(
    (await migrate(settings)).ran,
    FILES.filter((number) => number > 3),
  )
  const books = await readBooks(settings)
  assert.deepEqual(
    books.refunds.map(({ lines }) => lines),
    [[]],
  )
  assert.deepEqual(
    books.accounts.map(({ limits, spent }) => [limits, spent]),
    [[null, NOTHING_SPENT]],
  )
  for (const head of books.heads.values()) {
    assert.deepEqual([head.actions, Buffer.from(head.actionsHash)], [0n, Buffer.from(GENESIS_ACTION)])
  }
  assert.deepEqual(faultsOf({ ...books, refunds: [] }), [])
  await withClient(settings, async (client) => {
    const { rows } = await client.query('select id, party, status from terminal order by id')
    assert.deepEqual(rows, [
      { id: phone, party, status: 'active' },
      { id: lost, party, status: 'revoked' },
    ])
  })
})

test('a database from before cards goes on: its orders are the bank’s, and where cards are paid there is an account for each unit', async () => {
  const settings = await databaseAt(NAMES.indexOf('0021-card-means.sql'))
  const payment = '00070000-0000-4000-8000-000000000001'
  await withClient(settings, async (client) => {
    await client.query('insert into head (bucket, sequence, hash) select b, 0, $1 from generate_series(0, 15) b', [
      Buffer.from(GENESIS_HASH),
    ])
    await client.query(
      `insert into account (bucket, key, unit) select b, kind || ':' || b, unit
       from generate_series(0, 15) b, unnest(array['escrow', 'clearing', 'issue']) kind, unnest(array['JPY', 'USD']) unit`,
    )
    await client.query("insert into account (bucket, key, unit) values (7, '00000000074', 'EUR')")
    await client.query(
      `insert into outside_order (bucket, payment, number, kind, of, party, means, unit, amount, made_at, next_at)
       values (7, $1, 1, 'collect', null, $1, $1, 'JPY', 500, 1, 1), (7, $1, 2, 'return', 1, $1, $1, 'JPY', 5, 1, 2)`,
      [payment],
    )
  })
  assert.deepEqual(
    (await migrate(settings)).ran,
    FILES.filter((number) => number > 20),
  )
  const { accounts, orders } = await readBooks(settings)
  const cards = accounts.filter(({ key }) => key.startsWith('card:')).map(({ key, unit }) => `${key} ${unit}`)
  const expected = FIRST_16.flatMap((bucket) => [`card:${bucket} JPY`, `card:${bucket} USD`])
  assert.deepEqual(cards.toSorted(), expected.toSorted())
  assert.deepEqual(
    orders.map(({ via, method, oneTime }) => [via, method, oneTime]),
    [
      ['bank', null, false],
      ['bank', null, false],
    ],
  )
  const by = async (columns: string, values: string): Promise<unknown> =>
    withClient(settings, (client) =>
      client.query(
        `insert into outside_order (bucket, payment, number, of, party, means, unit, amount, made_at, next_at, ${columns})
         values (7, $1, 9, 1, $1, $1, 'JPY', 5, 1, 2, ${values})`,
        [payment],
      ),
    )
  const wrong = { code: '23514' }
  for (const [columns, values] of [
    ['kind', "'capture'"],
    ['kind, method', "'return', 'lump'"],
    ['kind, one_time', "'return', true"],
    ['kind, via', "'capture', 'card'"],
    ['kind, via, method', "'capture', 'cash', 'lump'"],
  ] as const)
    await assert.rejects(by(columns, values), wrong, columns)
  await by('kind, via, method', "'capture', 'card', 'lump'")
})

const FIRST_16 = Array.from({ length: 16 }, (_, bucket) => bucket)
