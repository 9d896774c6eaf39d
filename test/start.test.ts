// The hub as a newcomer starts it: a process of its own on a data folder, stopped, killed, started again.
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile, mkdir, readFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { billToWire } from '#protocol/bill.ts'
import { approve } from '#sdk/approval.ts'
import { withPin } from '#sdk/scram.ts'
import { memoryStorage } from '#sdk/storage.ts'
import { enrolled, until } from './support/hub.ts'
import { billOf } from './support/world.ts'

const MAIN = fileURLToPath(new URL('../server/main.ts', import.meta.url))
const folders: string[] = []
const running = new Set<ChildProcess>()

after(async () => {
  for (const child of running) child.kill('SIGKILL')
  for (const folder of folders) {
    await killDatabase(folder)
    // What a killed hub was just making may still be written for a moment.
    await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
  }
})

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'warifu-start-'))
  folders.push(folder)
  return folder
}

/** What a hub left running behind it when a test ended early. */
async function killDatabase(folder: string): Promise<void> {
  const lines = await readFile(join(folder, 'pg', 'postmaster.pid'), 'utf8').catch(() => '')
  const pid = Number(lines.split('\n')[0])
  try {
    if (pid > 0) process.kill(pid, 'SIGKILL')
  } catch {
    // It is gone already, which is what was wanted.
  }
}

type Started = { child: ChildProcess; output: () => string; url: string; exit: Promise<number | null> }

function run(args: string[], env: Record<string, string> = {}): Omit<Started, 'url'> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...process.env, PORT: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  let text = ''
  child.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (text += chunk.toString()))
  const exit = once(child, 'exit').then(([code]) => {
    running.delete(child)
    return code as number | null
  })
  return { child, output: () => text, exit }
}

/** Until it greets or ends: a new database takes as long as the machine needs, and there is nothing to look at meanwhile. */
async function opened({ child, output, exit }: Omit<Started, 'url'>): Promise<void> {
  const greeted = new Promise<void>((resolve) => {
    const look = (): void => void (output().includes('Ctrl-C stops') && resolve())
    child.stdout?.on('data', look)
  })
  await Promise.race([greeted, exit])
}

async function start(args: string[], env: Record<string, string> = {}): Promise<Started> {
  const hub = run(args, env)
  await opened(hub)
  const port = /localhost:(\d+)/.exec(hub.output())?.[1]
  assert.ok(port, hub.output())
  return { ...hub, url: `http://localhost:${port}` }
}

test('a payment survives Ctrl-C, and kill -9 of the hub and of its database', async () => {
  const folder = await newFolder()
  const first = await start(['--data', folder])
  assert.match(first.output(), /Demo town is open/)
  const storages = { register: memoryStorage(), hanako: memoryStorage() }
  const register = await enrolled(first, 'register', storages.register)
  const hanako = await enrolled(first, 'hanako', storages.hanako)
  const opened = await register.send('open-offer', {
    deal: `deal_${randomBytes(16).toString('hex')}`,
    bill: billToWire(billOf(1_280n)),
  })
  assert.ok(opened.ok && opened.view.deal?.ticket?.number)
  const joined = await hanako.send('join', { credential: { kind: 'number', number: opened.view.deal.ticket.number } })
  assert.ok(joined.ok && joined.view.payment)
  const paid = await approve(hanako, joined.view.payment, withPin('2468'))
  assert.ok(paid.ok && paid.view.payment?.state === 'settled')
  first.child.kill('SIGKILL')
  await first.exit

  const port = { PORT: new URL(first.url).port }
  const second = await start(['--data', folder], port)
  assert.match(second.output(), /left by a hub that was killed|Took over/)
  const seen = await hanako.payment(joined.view.payment.payment)
  assert.ok(seen.ok && seen.view.state === 'settled')
  await until(async () => {
    const balances = await register.balances()
    return balances.ok && balances.view.balances[0]?.balance === '1280'
  })

  await killDatabase(folder)
  await until(() => second.output().includes('up again'))
  await until(async () => {
    const balances = await hanako.balances()
    return balances.ok && balances.view.balances[0]?.balance === '48720'
  })
  second.child.kill('SIGINT')
  assert.equal(await second.exit, 0)

  const third = await start(['--data', folder], port)
  const history = await hanako.history()
  assert.ok(history.ok && history.view.entries[0]?.amount === '-1280')
  third.child.kill('SIGTERM')
  assert.equal(await third.exit, 0)
  register.close()
  hanako.close()
})

test('what cannot start says so in a sentence and leaves everything as it was', async () => {
  const folder = await newFolder()
  const hub = await start(['--data', folder, '--new-scheme', '--name', 'Campus'])
  assert.match(hub.output(), /one-time code: [0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{2}/)
  const demo = await fetch(`${hub.url}/v1/demo/codes`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"who":"hanako"}',
  })
  assert.equal(demo.status, 404)

  const same = run(['--data', folder])
  assert.equal(await same.exit, 1)
  assert.match(same.output(), /Another hub uses this folder/)

  const blocker = createServer().listen(0, 'localhost')
  await once(blocker, 'listening')
  const taken = run(['--data', await newFolder()], { PORT: String((blocker.address() as AddressInfo).port) })
  assert.equal(await taken.exit, 1)
  assert.match(taken.output(), /Port \d+ is taken\. Choose another/)
  blocker.close()

  const broken = await newFolder()
  await mkdir(join(broken, 'pg'))
  await writeFile(join(broken, 'pg', 'something'), 'else')
  const cannot = run(['--data', broken])
  assert.equal(await cannot.exit, 1)
  assert.match(cannot.output(), /not a whole database/)
  assert.equal(await readFile(join(broken, 'pg', 'something'), 'utf8'), 'else')

  for (const [args, env, sentence] of [
    [['--data', '/proc/nowhere'], {}, /cannot be made/],
    [['--frob'], {}, /--help/],
    [['--data', folder], { PORT: 'eighty' }, /PORT is "eighty"/],
    [['--data', folder], { TLS_CERT: '/nowhere' }, /belong together/],
    [['--data', await newFolder()], { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/x' }, /DATABASE_URL cannot be used/],
  ] as const) {
    const refused = run([...args], env)
    assert.equal(await refused.exit, 1)
    assert.match(refused.output(), sentence)
    assert.doesNotMatch(refused.output(), /this is a bug/)
  }
  hub.child.kill('SIGINT')
  assert.equal(await hub.exit, 0)
})
