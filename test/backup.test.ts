// Backup and restore on real databases: taken while people pay, brought back whole or not at all, audited, and paid on with.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { faultsOf } from '#core/invariants.ts'
import { audit } from '#server/audit/audit.ts'
import { BackupError, verifyBackup } from '#server/backup/file.ts'
import { inspectBackup, restoreBackup } from '#server/backup/restore.ts'
import { takeBackup } from '#server/backup/take.ts'
import { readBooks } from '#server/postgres/books.ts'
import { postgresDirectory } from '#server/postgres/directory.ts'
import { createScheme, readScheme } from '#server/postgres/scheme.ts'
import { startEmbeddedPostgres } from '#server/postgres/supervisor.ts'
import { enrolled, startTestHub } from './support/hub.ts'
import { migrate } from '#server/postgres/migrate.ts'
import { emptyDatabase, migratedDatabase } from './support/postgres.ts'
import { openSmallTown, type SmallTown } from './support/small-town.ts'
import { BUCKETS, JPY } from './support/world.ts'

let folder: string
let settings: pg.ClientConfig
let town: SmallTown
let file: string
let paidMeanwhile: number
let auditedMeanwhile: readonly string[]

const ID = 'gen_random_uuid()'
const BYTES = (length: number): string => `decode(repeat('07', ${length}), 'hex')`
type Filled = readonly (readonly [table: string, insert: string | null])[]

/** Tables that a backup has nothing of, and a row for each where a day writes none. */
const NOT_COPIED: Filled = [
  ['session', null],
  [
    'passkey_challenge',
    `insert into passkey_challenge (bucket, device, challenge, expires_at) values (0, ${ID}, '', 9e15)`,
  ],
  [
    'presence_nonce',
    `insert into presence_nonce (bucket, device, nonce, expires_at) values (0, ${ID}, ${BYTES(16)}, 9e15)`,
  ],
  [
    'mail_code',
    `insert into mail_code (purpose, address, asker, hash, nonce, created_at, expires_at)
     values ('recover', 'a@example.jp', ${BYTES(32)}, ${BYTES(32)}, ${BYTES(16)}, 0, 9e15)`,
  ],
  [
    'customer_code',
    `insert into customer_code (bucket, device, code_hash, digits_hash, created_at, expires_at)
     values (0, ${ID}, ${BYTES(32)}, ${BYTES(32)}, 0, 9e15)`,
  ],
  ['oidc_entry', `insert into oidc_entry (model, id, payload, expires_at) values ('Grant', 'one', '{}', 9e15)`],
  ['cashier', `insert into cashier (bucket, terminal) values (0, ${ID})`],
  [
    'pushed_command',
    `insert into pushed_command (id, bucket, device, created_at, expires_at) values (${ID}, 0, ${ID}, 0, 9e15)`,
  ],
  [
    'outbox',
    `insert into outbox (id, kind, receiver, body, due_at, expires_at, created_at)
     values (${ID}, 'mail', 'a@example.jp', '{}', 9e15, 9e15, 0)`,
  ],
]
/** What is good for a while is not good any more: what stands here is what a restore may not leave. */
const ENDED: Filled = [
  [
    'staff where code_used_by is null and code_expires_at > 9e14',
    `insert into staff (bucket, id, party, name, role, code_hash, code_expires_at, created_at)
     values (0, ${ID}, ${ID}, 'Maki', 'owner', ${BYTES(32)}, 9e15, 0)`,
  ],
  [
    'device_request where device is null and refused_at is null',
    `insert into device_request (id, bucket, party, public_key, label, requested_at, ready_at)
     values (${ID}, 0, ${ID}, ${BYTES(65)}, 'Phone', 0, 9e15)`,
  ],
  [
    'enrolment_code where used_at is null and expires_at > 9e14',
    `insert into enrolment_code (hash, bucket, party, kind, created_at, expires_at)
     values (${BYTES(32)}, 0, ${ID}, 'device', 0, 9e15)`,
  ],
  [
    'operator_code where used_at is null and expires_at > 9e14',
    `insert into operator_code (hash, created_at, expires_at) values (${BYTES(32)}, 0, 9e15)`,
  ],
]
/** Who people are, and the hub's keys, without which their certificates and subscriptions would be worth nothing. */
const KEPT: Filled = [
  ['profile', null],
  ['email_address', null],
  ['release', null],
  ['hub_key', null],
  ['oidc_client', null],
  [
    'point',
    `insert into point (id, bucket, party, terminal, label, place, text, unit, mode, amount, created_at)
     values (${ID}, 0, ${ID}, ${ID}, 'Coffee', 'Hall', 'Coffee', 'JPY', 'fixed', 150, 0)`,
  ],
  [
    'push_subscription',
    `insert into push_subscription (bucket, device, party, endpoint, p256dh, auth, created_at)
     values (0, ${ID}, ${ID}, 'https://push.test/', ${BYTES(65)}, ${BYTES(16)}, 0)`,
  ],
  ['merchant_details', null],
  ['price_file', `insert into price_file (bucket, party, version, count, at) values (0, ${ID}, 1, 1, 0)`],
  [
    'price_item',
    `insert into price_item (bucket, party, code, position, kind, name, search, price, category)
     values (0, ${ID}, 'bread', 0, 'piece', 'Bread', '', 380, '')`,
  ],
  ['receipt_print', `insert into receipt_print (bucket, payment, first, at) values (0, ${ID}, ${ID}, 0)`],
]

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'warifu-backup-'))
  file = join(folder, 'town.backup')
  settings = await migratedDatabase()
  town = await openSmallTown(settings)
  await town.day()
  await town.bankDay()
  // An unfinished deal and people who go on paying while the backup is taken.
  await town.pay(town.hanako, 900n, true)
  for (const [, insert] of [...NOT_COPIED, ...ENDED, ...KEPT]) if (insert !== null) await rowsOf(settings, insert)
  const meanwhile = { over: false }
  const paying = [town.hanako, town.kenji].map(async (phone) => {
    let paid = 0
    while (!meanwhile.over) {
      await town.pay(phone, 10n)
      paid++
    }
    return paid
  })
  await town.pay(town.hanako, 20n)
  await takeBackup(settings, () => file)
  auditedMeanwhile = (await audit(settings, { signatures: true, progress: () => {} })).faults
  await town.pay(town.hanako, 30n)
  meanwhile.over = true
  paidMeanwhile = (await Promise.all(paying)).reduce((total, paid) => total + paid, 0)
})
after(async () => {
  await town.close()
  await rm(folder, { recursive: true, force: true })
})

async function rowsOf(from: pg.ClientConfig, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(from)
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(text)).rows
  } finally {
    await client.end()
  }
}

const restored = async (): Promise<pg.ClientConfig> => {
  const target = await emptyDatabase()
  await restoreBackup(target, file, (await inspectBackup(file)).manifest)
  return target
}

test('a backup taken while people pay is one moment: restored, its books are clean, and only its owner may read it', async () => {
  assert.ok(paidMeanwhile > 0, 'people paid meanwhile')
  assert.deepEqual(auditedMeanwhile, [], 'the audit sees one moment, too')
  assert.equal((await stat(file)).mode & 0o777, 0o600)
  const target = await restored()
  const found = await audit(target, { signatures: true, progress: () => {} })
  assert.deepEqual(found.faults, [])
  assert.deepEqual(faultsOf(await readBooks(target)), [])
  const [here] = await rowsOf(settings, 'select count(*)::int as transfers from transfer')
  assert.ok((found.counts.transfers ?? 0) < Number(here?.transfers), 'it is of a moment before the last payment')
  assert.deepEqual((await readScheme(target))?.id, (await readScheme(settings))?.id)
})

test('a restored hub goes on paying with the same phones, everybody signs in again, and nothing given out comes again', async () => {
  const target = await restored()
  assert.deepEqual(await rowsOf(target, 'select * from session'), [])
  assert.ok((await rowsOf(settings, 'select * from session')).length > 0)

  // The first life goes on a little, so that there is something to collide with.
  await town.pay(town.kenji, 40n)
  const lived = postgresDirectory(town.hub.database.transactions)
  const stranger = await lived.createParty({ kind: 'person', name: 'Nina', legalName: 'Nina', bucket: 2, units: [JPY] })

  const hub = await startTestHub({ settings: target })
  try {
    const register = await enrolled(hub, 'register')
    const hanako = await enrolled(hub, 'hanako')
    const second = await openSmallTown(target)
    await second.pay(second.hanako, 70n)
    await second.pay(second.kenji, 80n)
    await second.deposited()
    await second.close()
    register.close()
    hanako.close()
    const directory = postgresDirectory(hub.database.transactions)
    const other = await directory.createParty({
      kind: 'person',
      name: 'Olga',
      legalName: 'Olga',
      bucket: 2,
      units: [JPY],
    })
    assert.notEqual(other.account, stranger.account)
  } finally {
    await hub.stop()
  }
  const names = async (from: pg.ClientConfig): Promise<Map<string, string>> =>
    new Map(
      (await rowsOf(from, "select bucket || '/' || sequence as name, encode(hash, 'hex') as hash from transfer")).map(
        ({ name, hash }) => [String(name), String(hash)],
      ),
    )
  const [first, again] = [await names(settings), await names(target)]
  assert.ok(
    [...again.keys()].some((name) => !first.has(name)),
    'the restored hub has posted',
  )
  for (const [name, hash] of again) assert.equal(first.get(name) ?? hash, hash, `${name} names one transfer`)

  const found = await audit(target, { signatures: true, progress: () => {} })
  assert.deepEqual(found.faults, [])
  assert.deepEqual(faultsOf(await readBooks(target)), [])
})

test('what opens a door for a while, or would be sent twice, does not come back; who people are, and the keys, do', async () => {
  const target = await restored()
  const rows = async (from: pg.ClientConfig, what: string): Promise<number> =>
    (await rowsOf(from, `select from ${what}`)).length
  for (const [what] of [...NOT_COPIED, ...ENDED]) {
    assert.ok((await rows(settings, what)) > 0, `there is something in ${what}`)
    assert.equal(await rows(target, what), 0, what)
  }
  for (const [table] of KEPT) {
    const all = `select * from ${table} t order by t::text`
    const [there, here] = [await rowsOf(settings, all), await rowsOf(target, all)]
    assert.ok(there.length > 0, table)
    assert.deepEqual(here, there, table)
  }
})

test('a backup of an older program is brought up to this one in the same commit', async () => {
  const old = await emptyDatabase()
  await migrate(old, { through: 3 })
  await createScheme(old, { name: 'Old town', demo: false, buckets: BUCKETS, unit: JPY })
  const path = join(folder, 'old.backup')
  const { manifest } = await takeBackup(old, () => path)
  const target = await emptyDatabase()
  await restoreBackup(target, path, manifest)
  assert.equal((await readScheme(target))?.name, 'Old town')
  assert.deepEqual((await migrate(target)).ran, [])
  assert.deepEqual((await audit(target, { signatures: true, progress: () => {} })).faults, [])
})

test('deals that were open go on under versions that nobody has seen', async () => {
  const target = await restored()
  const open = "select id, version from payment where state = 'held' order by id"
  const [before, after] = [await rowsOf(settings, open), await rowsOf(target, open)]
  assert.ok(after.length > 0)
  for (const { id, version } of after) {
    const known = before.find((row) => row.id === id)
    assert.ok(known !== undefined && Number(version) > Number(known.version) + 500)
  }
})

test('the tables of cards go on under a version that no vault has heard of', async () => {
  const target = await restored()
  const [row] = await rowsOf(target, 'select version from card_tables')
  assert.ok(Number(row?.version) >= 1_000)
})

test('one backup brought back twice gives two lives that share no number', async () => {
  const [first, second] = [await restored(), await restored()]
  const heads =
    'select bucket, sequence, (select coalesce(max(sequence), 0) from transfer t where t.bucket = h.bucket) as last from head h order by bucket'
  const [one, two] = [await rowsOf(first, heads), await rowsOf(second, heads)]
  for (const [index, head] of one.entries()) {
    assert.ok(BigInt(String(head.sequence)) > BigInt(String(head.last)))
    assert.ok(
      BigInt(String(two[index]?.sequence)) > BigInt(String(head.sequence)),
      'the later one goes on from a later time',
    )
  }
})

test('a link that a restore left is part of the chain: changed or deleted, it is found', async () => {
  const target = await restored()
  const faults = async (change: string): Promise<string> => {
    await rowsOf(target, change)
    return (await audit(target, { signatures: false, progress: () => {} })).faults.join('\n')
  }
  assert.match(
    await faults('update restart set at = at + 1 where bucket = 1'),
    /restart of journal 1 after \d+ is altered/,
  )
  assert.match(await faults('delete from restart where bucket = 2'), /head 2 is at \d+, its journal ends at/)
})

test('a damaged file is refused as a whole, wherever the damage is, and leaves nothing', async () => {
  const whole = await readFile(file)
  const target = await emptyDatabase()
  const damaged = join(folder, 'damaged.backup')
  const cases: [what: string, bytes: Buffer][] = [
    ['cut off by a byte', whole.subarray(0, -1)],
    ['cut in the middle', whole.subarray(0, whole.length / 2)],
    ['empty', Buffer.alloc(0)],
    ['something else', Buffer.from('PK\u0003\u0004 a photo album')],
    ['with more behind it', Buffer.concat([whole, Buffer.from('more')])],
    ...Array.from({ length: 40 }, (_, index): [string, Buffer] => {
      const at = Math.floor(((index + 0.5) * whole.length) / 40)
      const bytes = Buffer.from(whole)
      bytes[at] = (bytes[at] ?? 0) ^ 1
      return [`a bit of byte ${at} flipped`, bytes]
    }),
  ]
  for (const [what, bytes] of cases) {
    await writeFile(damaged, bytes)
    await assert.rejects(inspectBackup(damaged), BackupError, what)
  }
  // The last case again, past the inspection: what was damaged in between is not committed either.
  const { manifest } = await verifyBackup(file)
  await assert.rejects(restoreBackup(target, damaged, manifest))
  assert.deepEqual(await rowsOf(target, 'select * from scheme'), [])
})

test('a database that holds a scheme is never written over, and a file that is there neither', async () => {
  const target = await restored()
  await assert.rejects(
    restoreBackup(target, file, (await inspectBackup(file)).manifest),
    /There is a scheme already \("Demo town"\)/,
  )
  await assert.rejects(
    takeBackup(settings, () => file),
    { code: 'EEXIST' },
  )
  await assert.rejects(
    takeBackup(await emptyDatabase(), () => join(folder, 'none.backup')),
    /There is no scheme/,
  )
})

/** A program of ours as people run it. */
const run = (program: string, ...args: string[]): Promise<{ code: number; said: string }> =>
  new Promise((resolve) => {
    const env = { ...process.env, DATABASE_URL: '' }
    execFile(
      process.execPath,
      [`server/${program}.ts`, ...args],
      { env, cwd: join(import.meta.dirname, '..') },
      (error, out, err) => resolve({ code: error === null ? 0 : Number(error.code), said: out + err }),
    )
  })

test('from one data folder into another by the three commands, with the hub running and stopped', async () => {
  const data = join(folder, 'data')
  const [from, to] = [join(data, 'one'), join(data, 'two')]
  const nothing = await run('audit', '--data', from)
  assert.deepEqual([nothing.code, /There is no database in/.test(nothing.said)], [2, true], nothing.said)

  const postgres = await startEmbeddedPostgres({ folder: from, progress: () => {} })
  await restoreBackup(postgres.connection, file, (await inspectBackup(file)).manifest)
  // As beside a running hub: the folder is locked, and the server is found all the same.
  const running = await run('audit', '--data', from)
  assert.deepEqual([running.code, /No faults\./.test(running.said)], [0, true], running.said)
  const backup = join(folder, 'second.backup')
  const taken = await run('backup', backup, '--data', from)
  assert.equal(taken.code, 0, taken.said)
  await postgres.stop()

  const restoring = await run('restore', backup, '--data', to)
  assert.deepEqual([restoring.code, /No faults\./.test(restoring.said)], [0, true], restoring.said)
  const again = await run('restore', backup, '--data', to)
  assert.deepEqual([again.code, /There is a scheme already/.test(again.said)], [1, true], again.said)

  const other = await startEmbeddedPostgres({ folder: to, progress: () => {} })
  await rowsOf(other.connection, "update account set balance = balance + 1 where key !~ ':'")
  await other.stop()
  const found = await run('audit', '--data', to, '--json')
  assert.equal(found.code, 1)
  // Border: the program's own JSON.
  const { faults } = JSON.parse(found.said) as { faults: string[] }
  assert.ok(faults.some((fault) => /account \d{11} JPY says/.test(fault)))
})
