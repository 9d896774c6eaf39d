// The client against a network that loses things: a command takes effect once, whatever happens to its requests.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { idFrom } from '#core/ids.ts'
import { openClient, type Client } from '#sdk/client.ts'
import { enrol, loadIdentity } from '#sdk/identity.ts'
import { memoryStorage, type Storage } from '#sdk/storage.ts'
import { actorIdOf, authHub, HUB, noWaiting, type Fault } from './support/auth-hub.ts'

const newDeal = () => idFrom('deal', randomBytes(16))

function clientOf(hub: ReturnType<typeof authHub>, storage: Storage): Client {
  return openClient({ hub: HUB, storage, fetch: hub.fetch, now: () => hub.clock.now, delay: noWaiting })
}

async function enrolledTerminal(hub = authHub()) {
  const storage = memoryStorage()
  const code = await hub.terminalCode()
  const enrolled = await enrol({ hub: HUB, storage, code, label: 'Till', fetch: hub.fetch, delay: noWaiting })
  assert(enrolled.ok)
  return { hub, storage, client: clientOf(hub, storage), self: enrolled.view.self }
}

/** The faults in turn for requests to a path, then none. */
function inTurn(path: string, faults: readonly Fault[]): (asked: string) => Fault | undefined {
  const left = [...faults]
  return (asked) => (asked.startsWith(path) ? left.shift() : undefined)
}

test('a terminal enrols with its code once, and knows who it is', async () => {
  const { client, self, storage, hub } = await enrolledTerminal()
  assert.equal(self.kind, 'terminal')
  assert.deepEqual(await client.self(), { ok: true, view: self })
  const identity = await loadIdentity(storage)
  assert.equal(identity?.self.id, self.id)
  const stored = await storage.get('identity')
  assert(stored instanceof Object && 'privateKey' in stored && stored.privateKey instanceof CryptoKey)
  assert.equal(stored.privateKey.extractable, false)

  const code = await hub.terminalCode()
  const first = await enrol({
    hub: HUB,
    storage: memoryStorage(),
    code,
    label: 'A',
    fetch: hub.fetch,
    delay: noWaiting,
  })
  assert(first.ok)
  const second = await enrol({
    hub: HUB,
    storage: memoryStorage(),
    code,
    label: 'B',
    fetch: hub.fetch,
    delay: noWaiting,
  })
  assert(!second.ok && second.problem.code === 'code-not-found')
})

test('a terminal whose enrolment answer was lost gets it again, also after a reload', async () => {
  const hub = authHub()
  const storage = memoryStorage()
  const code = await hub.terminalCode()
  const options = { hub: HUB, storage, code, label: 'Till', fetch: hub.fetch, delay: noWaiting }
  hub.fault = (path) => (path === '/v1/enrolments' ? 'lose-answer' : undefined)
  const lost = await enrol(options)
  assert(!lost.ok && lost.problem.code === 'no-answer')
  hub.fault = () => undefined
  const again = await enrol(options)
  assert(again.ok)
  // typed again by hand: small letters, a blank for the dash, o for 0
  const typed = code.toLowerCase().replace('-', ' ').replaceAll('0', 'o')
  const other = await enrol({ ...options, storage: memoryStorage(), code: typed })
  assert(!other.ok && other.problem.code === 'code-not-found')
})

test('a client that loses requests and answers sends the same id until it is answered, and takes effect once', async () => {
  const { hub, client, storage } = await enrolledTerminal()
  hub.fault = inTurn('/v1/commands/', ['lose-request', 'lose-answer', 'busy', 'portal', 'lose-answer'])
  const deal = newDeal()
  const outcome = await client.send('open-offer', { deal, bill: null })
  assert(outcome.ok && outcome.view.deal?.deal === deal)
  assert.equal(hub.decided.size, 1)
  const sent = hub.seen.filter(({ path }) => path.startsWith('/v1/commands/'))
  assert.equal(sent.length, 6)
  assert.equal(new Set(sent.map(({ body }) => body)).size, 1)
  assert.deepEqual(await storage.list('command '), [])
})

test('a reload in the middle goes on with the same id', async () => {
  const { hub, client, storage } = await enrolledTerminal()
  const deal = newDeal()
  const stop = new AbortController()
  hub.fault = (path) => {
    if (!path.startsWith('/v1/commands/')) return undefined
    stop.abort()
    return 'lose-answer'
  }
  const waited = await client.send('open-offer', { deal, bill: null }, stop.signal)
  assert(!waited.ok && waited.problem.code === 'no-answer')
  assert.equal((await storage.list('command ')).length, 1)

  hub.fault = () => undefined
  const resumed = await clientOf(hub, storage).resume()
  assert.deepEqual(
    resumed.map(({ name, outcome }) => [name, outcome.ok]),
    [['open-offer', true]],
  )
  assert.equal(hub.decided.size, 1)
  assert.deepEqual(await clientOf(hub, storage).resume(), [])
})

test('a no is an answer: it is given once and not asked again', async () => {
  const { hub, client, storage } = await enrolledTerminal()
  const outcome = await client.send('decline', { payment: idFrom('pay', randomBytes(16)) })
  assert(!outcome.ok)
  assert.equal(outcome.problem.code, 'state-conflict')
  assert.equal(outcome.problem.status, 409)
  assert.deepEqual(await storage.list('command '), [])
  assert.equal(hub.decided.size, 1)
})

test('a session is renewed before it ends, once for all who wait, and after the hub forgot it', async () => {
  const { hub, client, self } = await enrolledTerminal()
  const starts = (): number => hub.seen.filter(({ path }) => path === '/v1/sessions').length
  await Promise.all([client.self(), client.history(), client.self()])
  assert.equal(starts(), 1)
  hub.clock.now += 8 * 60_000
  await client.self()
  assert.equal(starts(), 1)
  hub.clock.now += 90_000
  await Promise.all([client.self(), client.history()])
  assert.equal(starts(), 2)
  await hub.directory.endSessions(actorIdOf(self))
  hub.clock.now += 2_000
  assert((await client.self()).ok)
  assert.equal(starts(), 3)
})

test('a phone whose clock is a day off is served all the same, and knows the time of the hub', async () => {
  const { hub, storage } = await enrolledTerminal()
  let off = 86_400_000
  const client = openClient({ hub: HUB, storage, fetch: hub.fetch, now: () => hub.clock.now + off, delay: noWaiting })
  assert((await client.send('open-offer', { deal: newDeal(), bill: null })).ok)
  assert.equal(client.hubNow(), hub.clock.now)
  off = -3_600_000
  assert((await client.send('open-offer', { deal: newDeal(), bill: null })).ok)
  assert.equal(client.hubNow(), hub.clock.now)
})

test('a read without a network says so after a few tries; without an identity it says what is missing', async () => {
  const { hub, client } = await enrolledTerminal()
  hub.fault = () => 'lose-request'
  const outcome = await client.history()
  assert(!outcome.ok && outcome.problem.code === 'no-answer')
  hub.fault = () => undefined
  const nobody = await clientOf(hub, memoryStorage()).history()
  assert(!nobody.ok && nobody.problem.code === 'session-needed')
})

test('a revoked terminal is told so', async () => {
  const { hub, client, self } = await enrolledTerminal()
  await client.self()
  await hub.directory.revoke(actorIdOf(self))
  hub.clock.now += 2_000
  const outcome = await client.send('open-offer', { deal: newDeal(), bill: null })
  assert(!outcome.ok && outcome.problem.code === 'terminal-inactive')
})
