// The database dies, hangs, or loses an answer right after COMMIT: clients hear 503 and when to come back, the SDK goes on by
// itself, and in the end every payment that was answered is in the books once.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createServer, connect, type Server, type Socket } from 'node:net'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { faultsOf } from '#core/invariants.ts'
import { billToWire } from '#protocol/bill.ts'
import { ALL_ROUTES } from '#protocol/routes.ts'
import type { DealView, PaymentView } from '#protocol/views.ts'
import { approve } from '#sdk/approval.ts'
import type { Client } from '#sdk/client.ts'
import { withPin } from '#sdk/scram.ts'
import { readBooks } from '#server/postgres/books.ts'
import { migrate } from '#server/postgres/migrate.ts'
import { startEmbeddedPostgres, type EmbeddedPostgres } from '#server/postgres/supervisor.ts'
import { enrolled, startTestHub, until, type TestHub } from './support/hub.ts'
import { ask, newCommand, newDeal, speaker, type Reply, type Speaker } from './support/raw-client.ts'
import { billOf } from './support/world.ts'

let folder: string
let postgres: EmbeddedPostgres
let wire: Wire
let hub: TestHub
let register: Speaker
let hanako: Speaker
let straight: pg.ClientConfig
/** a hub whose database hangs from the first test on */
let hung: Promise<void>
const bugs: string[] = []

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'warifu-trouble-'))
  postgres = await startEmbeddedPostgres({ folder: join(folder, 'data'), progress: () => {} })
  const maker = new pg.Client(postgres.connection)
  await maker.connect()
  await maker.query('create database trouble')
  await maker.end()
  straight = { ...postgres.connection, database: 'trouble' }
  await migrate(straight)
  wire = await openWire(postgres.connection)
  hub = await startTestHub({ settings: { ...straight, host: wire.folder, port: 5432 }, log })
  register = await speaker(hub, 'register')
  hanako = await speaker(hub, 'hanako')
  hung = hanging()
  // Asked for by its own test, later.
  hung.catch(() => {})
})
after(async () => {
  await hung.catch(() => {})
  register.client.close()
  hanako.client.close()
  await hub.stop()
  await wire.close()
  await postgres.stop()
  await rm(folder, { recursive: true, force: true })
})

const log = {
  write(line: string): void {
    const { level, msg, err } = JSON.parse(line) as { level: number; msg: string; err?: { stack: string } }
    if (level >= 50) bugs.push(`${msg} ${err?.stack ?? ''}`)
  },
}

type Wire = Awaited<ReturnType<typeof openWire>>

/** A socket in front of PostgreSQL's that can be shut, held, or cut at the very moment when the answer to a COMMIT passes. */
async function openWire(to: { host: string; port: number }) {
  const place = await mkdtemp(join(tmpdir(), 'warifu-wire-'))
  const pairs = new Set<readonly [Socket, Socket]>()
  let mode: 'open' | 'shut' | 'held' = 'open'
  let cuts = 0
  let cut = 0
  const server: Server = createServer((client) => {
    client.on('error', () => {})
    if (mode === 'shut') return void client.destroy()
    const database = connect(`${to.host}/.s.PGSQL.${to.port}`)
    const pair = [client, database] as const
    pairs.add(pair)
    const end = (): void => {
      pairs.delete(pair)
      for (const socket of pair) socket.destroy()
    }
    for (const socket of pair) socket.on('error', end).on('close', end)
    client.on('data', (bytes) => database.write(bytes))
    let rest: Buffer = Buffer.alloc(0)
    database.on('data', (bytes: Buffer) => {
      rest = Buffer.concat([rest, bytes])
      while (rest.length >= 5 && rest.length >= 1 + rest.readUInt32BE(1)) {
        const length = 1 + rest.readUInt32BE(1)
        const message = rest.subarray(0, length)
        rest = rest.subarray(length)
        if (cuts > 0 && message[0] === 0x43 && message.toString('latin1', 5).startsWith('COMMIT')) {
          cuts--
          cut++
          return end()
        }
        client.write(message)
      }
      return undefined
    })
    if (mode === 'held') for (const socket of pair) socket.pause()
  })
  await new Promise<void>((resolve) => server.listen(join(place, '.s.PGSQL.5432'), resolve))
  return {
    folder: place,
    shut(): void {
      mode = 'shut'
      for (const pair of pairs) for (const socket of pair) socket.destroy()
    },
    hold(): void {
      mode = 'held'
      for (const pair of pairs) for (const socket of pair) socket.pause()
    },
    open(): void {
      mode = 'open'
      for (const pair of pairs) for (const socket of pair) socket.resume()
    },
    /** The next answers to COMMIT never arrive; what was committed stays. */
    cutAnswers(count: number): void {
      cuts = count
    },
    cut: () => cut,
    async close(): Promise<void> {
      for (const pair of pairs) for (const socket of pair) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
      await rm(place, { recursive: true, force: true })
    },
  }
}

const bill = billToWire(billOf(100n))
/** The SDK sends for ever; a test does not. */
const PATIENCE_MS = 25_000

/** One whole payment by the SDK, whatever happens meanwhile; returns the payment. */
async function pay(till: Client, phone: Client): Promise<string> {
  const opened = await till.send('open-offer', { deal: newDeal(), bill }, AbortSignal.timeout(PATIENCE_MS))
  assert.ok(opened.ok && opened.view.deal?.ticket?.number, JSON.stringify(opened))
  const joined = await phone.send(
    'join',
    { credential: { kind: 'number', number: opened.view.deal.ticket.number } },
    AbortSignal.timeout(PATIENCE_MS),
  )
  assert.ok(joined.ok && joined.view.payment, JSON.stringify(joined))
  const paid = await approve(phone, joined.view.payment, withPin('2468'), AbortSignal.timeout(PATIENCE_MS))
  assert.ok(paid.ok && paid.view.payment?.state === 'settled', JSON.stringify(paid))
  return paid.view.payment.payment
}

/** Every payment that a client was told is settled is in the books once, and nothing else is. */
async function assertBooks(settings: pg.ClientConfig, told: readonly string[], settledBefore = 0): Promise<void> {
  const books = await readBooks(settings)
  assert.deepEqual(faultsOf(books), [])
  const settled = books.transfers.filter(({ kind }) => kind === 'settle').map(({ payment }) => String(payment))
  assert.equal(new Set(settled).size, settled.length, 'nothing twice')
  assert.equal(settled.length, settledBefore + told.length)
  for (const payment of told) assert.ok(settled.includes(payment), 'nothing lost')
}

/** Cut COMMITs have cost tries (a charge whose answer was lost is paid once more); here nobody waits an hour for new ones. */
async function rested(): Promise<void> {
  const client = new pg.Client(straight)
  await client.connect()
  await client.query('delete from budget')
  await client.end()
}

const settledNow = async (): Promise<number> =>
  (await readBooks(straight)).transfers.filter(({ kind }) => kind === 'settle').length

test('while the database is away every route says 503 and when to come back, and goes on by itself when it is there', async () => {
  const deal = newDeal()
  const command = newCommand()
  const openIt = (): Promise<Reply> => register.command('open-offer', { deal, bill }, command)
  wire.shut()
  const asked = ALL_ROUTES.filter(({ access }) => access !== 'open').map(
    async ({ method, path, access, who }): Promise<readonly [string, Reply]> => {
      const by = who === 'terminal' ? register : hanako
      const at = path.replace('{deal}', deal).replace('{payment}', `pay_${hanako.self.id.slice(4, 8)}${'5'.repeat(28)}`)
      if (method === 'GET') return [path, await by.reads(at)]
      // Only what would be decided matters here; bad bodies are refused without a database.
      return [
        path,
        access === 'signed' && path === '/v1/commands/open-offer'
          ? await openIt()
          : await by.command('attend', { payment: at }),
      ]
    },
  )
  const health = await ask(hub, { method: 'GET', path: '/health' })
  assert.deepEqual(
    [health.status, health.headers['retry-after'], health.body.status],
    [503, '1', 'database-unavailable'],
  )
  for (const [path, reply] of await Promise.all(asked)) {
    if (reply.status === 422 || (reply.status === 403 && reply.body.code === 'not-allowed')) continue
    assert.equal(reply.status, 503, `${path}: ${reply.text}`)
    assert.equal(reply.body.code, 'unavailable', path)
    assert.equal(reply.headers['retry-after'], '1', path)
    assert.equal(reply.headers['content-type'], 'application/problem+json; charset=utf-8')
  }
  const opened = await openIt()
  assert.equal(opened.status, 503)
  wire.open()
  const again = await until(async () => {
    const reply = await openIt()
    return reply.status === 200 && reply
  })
  assert.equal((again.body.deal as DealView).state, 'open')
  assert.equal((await ask(hub, { method: 'GET', path: '/health' })).status, 200)
})

test('an answer to COMMIT that never came is looked up: the client hears what was decided, once', async () => {
  const settledBefore = await settledNow()
  const cutBefore = wire.cut()
  const told: string[] = []
  for (let round = 0; round < 3; round++) {
    await rested()
    const repeated = async (by: Speaker, name: string, body: object): Promise<Reply> => {
      const command = newCommand()
      wire.cutAnswers(1)
      const reply = await until(async () => {
        const answer = await by.command(name, body, command)
        // Nothing but its own commits could be cut: the hub itself must find out what became of them.
        if (name === 'open-offer') assert.equal(answer.status, 200, answer.text)
        return answer.status !== 503 && answer
      })
      assert.equal(reply.status, 200, `${name}: ${reply.text}`)
      const same = await by.command(name, body, command)
      assert.equal(same.status, 200)
      return same
    }
    const opened = await repeated(register, 'open-offer', { deal: newDeal(), bill })
    const { ticket } = opened.body.deal as DealView
    const { payment } = (await repeated(hanako, 'join', { credential: { kind: 'number', number: ticket?.number } }))
      .body as { payment: PaymentView }
    wire.cutAnswers(1)
    const paid = await approve(hanako.client, payment, withPin('2468'), AbortSignal.timeout(PATIENCE_MS))
    assert.ok(paid.ok && paid.view.payment?.state === 'settled', JSON.stringify(paid))
    told.push(payment.payment)
    await repeated(register, 'refund', { payment: payment.payment, amount: '10', lines: [] })
    await until(
      async () => ((await hanako.reads(`/v1/payments/${payment.payment}`)).body as PaymentView).refunds?.length === 1,
    )
  }
  wire.cutAnswers(0)
  assert.ok(wire.cut() - cutBefore >= 12, 'answers were cut')
  await assertBooks(straight, told, settledBefore)
  const { refunds } = await readBooks(straight)
  assert.equal(refunds.length, told.length)
})

test('a whole batch whose COMMIT got no answer is run again and gives everybody the stored answer', async () => {
  const deals = Array.from({ length: 40 }, () => ({ deal: newDeal(), command: newCommand() }))
  wire.cutAnswers(3)
  const replies = await Promise.all(
    deals.map(({ deal, command }) => register.command('open-offer', { deal, bill }, command)),
  )
  wire.cutAnswers(0)
  const answered = replies.filter(({ status }) => status === 200)
  assert.ok(answered.length > 0)
  for (const { status } of replies) assert.ok(status === 200 || status === 503)
  for (const { deal, command } of deals) {
    const reply = await register.command('open-offer', { deal, bill }, command)
    assert.equal(reply.status, 200, reply.text)
    assert.equal((reply.body.deal as DealView).deal, deal)
  }
  const opened = (await readBooks(straight)).offers.filter((offer) => deals.some(({ deal }) => deal === offer.deal))
  assert.equal(opened.length, deals.length)
})

test('PostgreSQL killed again and again under payments: nothing answered is lost, nothing is booked twice', async () => {
  const settledBefore = await settledNow()
  await rested()
  const tills = await Promise.all([1, 2, 3].map(() => enrolled(hub, 'register')))
  const phones = await Promise.all([1, 2, 3].map(() => enrolled(hub, 'hanako')))
  const told: string[] = []
  const load = { over: false }
  const paying = tills.map(async (till, index) => {
    const phone = phones[index]
    assert.ok(phone)
    while (!load.over) told.push(await pay(till, phone))
  })
  const paid = Promise.all(paying)
  // A payment that fails is this test's failure, not a stray one.
  paid.catch(() => (load.over = true))
  for (let kill = 0; kill < 3; kill++) {
    const at = told.length
    await until(() => load.over || told.length > at + 3)
    const pid = Number((await readFile(join(folder, 'data', 'pg', 'postmaster.pid'), 'utf8')).split('\n')[0])
    const up = new Promise<void>((resolve) => {
      const end = postgres.watch(({ kind }) => {
        if (kind !== 'up again') return
        end()
        resolve()
      })
    })
    process.kill(pid, 'SIGKILL')
    await up
  }
  const at = told.length
  await until(() => load.over || told.length > at + 3)
  load.over = true
  await paid
  for (const client of [...tills, ...phones]) client.close()
  await until(async () => {
    const balances = await register.reads('/v1/balances')
    return (balances.body as { balances: { arriving: string }[] }).balances?.[0]?.arriving === '0'
  })
  await assertBooks(straight, told, settledBefore)
})

test('a database that hangs is given up, said so, and used again when it answers', async () => {
  await hung
})

async function hanging(): Promise<void> {
  const line = await openWire(postgres.connection)
  const maker = new pg.Client(postgres.connection)
  await maker.connect()
  await maker.query('create database hanging')
  await maker.end()
  const settings = { ...straight, database: 'hanging' }
  await migrate(settings)
  const other = await startTestHub({ settings: { ...settings, host: line.folder, port: 5432 }, log })
  try {
    const till = await speaker(other, 'register')
    const command = newCommand()
    const deal = newDeal()
    await till.reads('/v1/balances')
    line.hold()
    const replies = await Promise.all([till.command('open-offer', { deal, bill }, command), till.reads('/v1/balances')])
    for (const { status, headers } of replies) assert.deepEqual([status, headers['retry-after']], [503, '1'])
    line.open()
    await until(async () => (await till.command('open-offer', { deal, bill }, command)).status === 200)
    await until(async () => (await till.reads('/v1/balances')).status === 200)
    assert.deepEqual(faultsOf(await readBooks(settings)), [])
    till.client.close()
  } finally {
    await other.stop()
    await line.close()
  }
}

test('none of this was a bug to the hub', () => {
  assert.deepEqual(bugs, [])
})
