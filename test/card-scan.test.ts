// Where card numbers are not: fifty are registered (some are refused), pay, are given back, pay by one-time numbers and are removed; then all
// that the hub and the vault have written or hold is looked through: logs, every row of both databases, all their files (write-ahead log
// included), the hub's heap and memory. The issuers, whose numbers they are, are left out. A number put there on purpose is found.
import assert from 'node:assert/strict'
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, readSync, rmSync } from 'node:fs'
import { appendFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { callCards } from '#sdk/card-calls.ts'
import type { Client } from '#sdk/client.ts'
import { openIn } from '../torture/cards-books.ts'
import { giveMachine, saleAt } from '../torture/cards-machine.ts'
import { answered, cardBill, cardsOf, demoClient, meet, payByCard, registerCard } from '../torture/cards-people.ts'
import { openCardSite, testCards, type CardSite, type TestCard } from '../torture/cards-site.ts'
import { filesUnder, numbersIn, numbersInFiles } from './support/card-scan.ts'
import { until } from './support/hub.ts'

const COUNT = 50
/** These an issuer refuses when they are registered. */
const EXPIRED = 3
const WITH_MACHINE = 4
const PEOPLE = ['hanako', 'kenji', 'emma'] as const

const folder = mkdtempSync(join(tmpdir(), 'warifu-scan-'))
const cards = testCards(COUNT)
const numbers = cards.map(({ number }) => number)
let site: CardSite

before(async () => {
  const known = cards.map((card, at) => (at < EXPIRED ? { ...card, expires: '2024-01' } : card))
  site = await openCardSite({ folder, cards: known })
})
after(async () => {
  await site?.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
})

/** Everything that is written or held, and where one of the numbers lies in it. */
async function leaks(): Promise<string[]> {
  const isIssuers = (path: string): boolean => /issuer|cards\.json|heapsnapshot/u.test(path.slice(folder.length))
  return [
    ...numbersInFiles(filesUnder(folder, isIssuers), numbers),
    ...(await rowsWith(site.database)),
    ...(await rowsWith(site.vaultDatabase)),
    ...(await heapOf(site)),
    ...memoryOf(site.hub.pid()),
  ].map((found) => found.replace(folder, ''))
}

/** Each table's rows as text, in which what lies compressed in its files is plain. */
async function rowsWith(settings: pg.ClientConfig): Promise<string[]> {
  const client = new pg.Client(settings)
  await client.connect()
  try {
    await client.query('checkpoint').catch(() => {})
    const { rows: tables } = await client.query<{ name: string }>(
      "select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname not in ('pg_catalog', 'information_schema')",
    )
    assert.ok(tables.length > 5, 'there are tables')
    const found: string[] = []
    for (const { name } of tables) {
      const { rows } = await client.query<{ text: string }>(`select t::text as text from ${name} t`)
      const hits = numbersIn(Buffer.from(rows.map(({ text }) => text).join('\n')), numbers)
      found.push(...hits.map(({ form }) => `table ${name}: ${form}`))
    }
    return found
  } finally {
    await client.end()
  }
}

/** What the hub's own heap holds. */
async function heapOf({ hub }: CardSite): Promise<string[]> {
  const snapshots = (): string[] => readdirSync(folder).filter((name) => name.endsWith('.heapsnapshot'))
  const before = new Set(snapshots())
  process.kill(hub.pid() ?? assert.fail('the hub runs'), 'SIGUSR2')
  const file = await until(async () => {
    const fresh = snapshots().find((name) => !before.has(name))
    // It is whole when its last sign is there.
    return fresh !== undefined && isWhole(join(folder, fresh)) ? join(folder, fresh) : null
  })
  try {
    return numbersInFiles([file], numbers)
  } finally {
    rmSync(file)
  }
}

function isWhole(path: string): boolean {
  const text = readFileSync(path)
  return text.length > 0 && text.subarray(-4).toString('latin1').trimEnd().endsWith('}')
}

/** What the hub's process holds beside its heap: buffers, what was freed and not used again. Only Linux shows it, to who may see it. */
function memoryOf(pid: number | undefined): string[] {
  if (process.platform !== 'linux' || pid === undefined) return []
  const ranges = readFileSync(`/proc/${pid}/maps`, 'latin1')
    .split('\n')
    .flatMap((line) => {
      const [, from, to, path = ''] = /^([0-9a-f]+)-([0-9a-f]+) rw\S* \S+ \S+ \S+\s*(.*)$/u.exec(line) ?? []
      return from === undefined || to === undefined || path.startsWith('[v')
        ? []
        : [[BigInt(`0x${from}`), BigInt(`0x${to}`)] as const]
    })
  const file = openSync(`/proc/${pid}/mem`, 'r')
  try {
    return ranges.flatMap(([from, to]) => {
      const bytes = Buffer.alloc(Number(to - from))
      try {
        const length = readSync(file, bytes, 0, bytes.length, from)
        return numbersIn(bytes.subarray(0, length), numbers).map(({ form }) => `the hub's memory: ${form}`)
      } catch {
        // It has gone, or nothing was ever there.
        return []
      }
    })
  } finally {
    closeSync(file)
  }
}

/** Registers, pays, gets money back, pays by one-time numbers, removes. */
async function everyFlow(tills: Readonly<{ till: Client; machine: Client }>, phone: Client, own: readonly TestCard[]) {
  for (const card of own) {
    const isExpired = numbers.indexOf(card.number) < EXPIRED
    const refused = await registerCard(phone, { ...card, expires: isExpired ? '2024-01' : card.expires })
    assert.equal(refused, isExpired ? 'card-expired' : null)
  }
  const last = own.at(-1) ?? assert.fail('everybody has cards')
  assert.equal(await registerCard(phone, { ...last, code: '999' }), 'card-refused')
  const ids = await cardsOf(phone)
  for (const [at, card] of ids.entries()) {
    const till = at < WITH_MACHINE ? tills.machine : tills.till
    const bought = (await meet(till, phone, cardBill(1_000n + BigInt(at)))) ?? assert.fail('till and phone meet')
    const paid = await payByCard(phone, bought.payment, card, at % 2 === 0 ? 'lump' : 'instalments-3')
    assert.ok(paid.ok, JSON.stringify(paid))
    if (at < WITH_MACHINE) assert.equal(await saleAt(site, till, bought), 'approved')
    assert.equal((await answered(phone, bought.payment)).state, 'settled')
    if (at % 3 === 0) assert.ok((await till.send('refund', { payment: bought.payment, amount: '500', lines: [] })).ok)
  }
  for (const card of ids.slice(0, 2)) assert.ok((await callCards(phone, 'removeCard', { body: { card } })).ok)
}

test('fifty numbers go through every flow, and none is anywhere but at their issuer', async () => {
  const url = site.hub.url()
  const [till, machine] = [await demoClient(url, 'register'), await demoClient(url, 'register')]
  await giveMachine(site, machine)
  for (const [at, who] of PEOPLE.entries()) {
    const phone = await demoClient(url, who)
    await everyFlow(
      { till, machine },
      phone,
      cards.filter((_, index) => index % PEOPLE.length === at),
    )
    phone.close()
  }
  await until(async () => (await openIn(site)) === 0)
  for (const client of [till, machine]) client.close()
  assert.deepEqual(await leaks(), [])
})

test('a number in a log, in a table or in the memory is found', async () => {
  const [number = ''] = numbers
  await appendFile(join(folder, 'hub', 'leak.log'), `{"msg":"card ${number} was read"}\n`)
  const client = new pg.Client(site.database)
  await client.connect()
  await client.query('create table leak (note bytea)')
  await client.query('insert into leak values ($1)', [Buffer.from(`{"pan":"${number}"}`)])
  await client.end()
  // What somebody puts into an address is in the memory of who reads it.
  await fetch(`${site.hub.url()}/v1/nothing/${number}`)
  const found = (await leaks()).join('\n')
  assert.match(found, /leak\.log: digits/)
  assert.match(found, /table public\.leak: hexadecimal/)
  assert.match(found, /\/pg\/.*: digits/)
  if (process.platform === 'linux') assert.match(found, /memory: digits/)
})
