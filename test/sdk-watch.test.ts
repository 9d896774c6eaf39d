// Watching over a network that comes and goes; time is virtual.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { WatchMessage, WatchRequest } from '#protocol/watch.ts'
import { clientOver, openClient } from '#sdk/client.ts'
import { enrol } from '#sdk/identity.ts'
import { memoryStorage } from '#sdk/storage.ts'
import type { Delay, WatchEvents } from '#sdk/transport.ts'
import type { WatchStatus } from '#sdk/watching.ts'
import { authHub, dealView, HUB, noWaiting } from './support/auth-hub.ts'

const DEAL = `deal_${'1'.repeat(32)}`

/** Lets everything happen that needs no time. */
const settle = async (): Promise<void> => {
  for (let count = 0; count < 20; count++) await turn()
}

/** A clock that goes on only when told, and the waits that hang on it. */
function virtualTime() {
  let now = 0
  const waits = new Set<{ at: number; end: () => void }>()
  const delay: Delay = (ms, signal) =>
    new Promise((resolve, reject) => {
      const wait = { at: now + ms, end: resolve }
      const stop = (): void => {
        waits.delete(wait)
        reject(new Error('the wait was ended'))
      }
      if (signal?.aborted === true) return stop()
      signal?.addEventListener('abort', stop, { once: true })
      waits.add(wait)
    })
  return {
    now: () => now,
    delay,
    settle,
    async advance(ms: number) {
      const end = now + ms
      for (;;) {
        await settle()
        const next = [...waits].filter(({ at }) => at <= end).sort((left, right) => left.at - right.at)[0]
        if (next === undefined) break
        waits.delete(next)
        now = Math.max(now, next.at)
        next.end()
      }
      now = end
      await settle()
    },
  }
}

/** A network of which every connection can be looked at, answered and cut. */
function network() {
  const time = virtualTime()
  const connections: { sent: WatchRequest[]; say(message: WatchMessage): void; cut(): void; isOpen: boolean }[] = []
  const wakes = new Set<() => void>()
  const state = { isUp: true, pongs: true }
  const connect = (events: WatchEvents) => {
    const connection = {
      sent: [] as WatchRequest[],
      isOpen: true,
      say: (message: WatchMessage): void => {
        if (connection.isOpen) events.message(message)
      },
      cut: (): void => {
        if (!connection.isOpen) return
        connection.isOpen = false
        events.closed()
      },
    }
    connections.push(connection)
    queueMicrotask(() => (state.isUp ? connection.say({ type: 'ready', now: 5 }) : connection.cut()))
    return {
      send(request: WatchRequest) {
        connection.sent.push(request)
        if (request.type === 'ping' && state.pongs) connection.say({ type: 'pong', now: time.now() + 7 })
      },
      close: () => connection.cut(),
    }
  }
  const client = clientOver({
    storage: memoryStorage(),
    transport: { connect, call: async () => 'no-answer' },
    identity: async () => undefined,
    now: time.now,
    delay: time.delay,
    random: (length) => new Uint8Array(length).fill(255),
    wake: (listener) => {
      wakes.add(listener)
      return () => wakes.delete(listener)
    },
  })
  const newest = () => {
    const connection = connections.at(-1)
    assert(connection)
    return connection
  }
  return { time, client, connections, newest, state, wake: () => [...wakes].forEach((listener) => listener()) }
}

test('all topics share one connection; a second listener gets what is known at once', async () => {
  const { client, time, connections, newest } = network()
  const seen: number[] = []
  const statuses: WatchStatus[] = []
  client.watch(
    { topic: 'deal', deal: DEAL },
    (view) => seen.push(view.version),
    (status) => statuses.push(status),
  )
  client.watch({ topic: 'inbox' }, () => {})
  await time.settle()
  newest().say({ type: 'deal', view: dealView(DEAL, 4) })
  const late: number[] = []
  const end = client.watch({ topic: 'deal', deal: DEAL }, (view) => late.push(view.version))
  end()
  newest().say({ type: 'deal', view: dealView(DEAL, 5) })
  assert.deepEqual([seen, late, statuses, connections.length], [[4, 5], [4], ['connecting', 'live'], 1])
  assert.deepEqual(newest().sent, [
    { type: 'watch', topic: 'deal', deal: DEAL },
    { type: 'watch', topic: 'inbox' },
  ])
  client.close()
  await time.settle()
  assert.equal(newest().isOpen, false)
})

test('nobody is shown an older view than he has seen', async () => {
  const { client, time, newest } = network()
  const seen: (number | undefined)[] = []
  client.watch({ topic: 'terminal' }, (view) => seen.push(view?.version))
  await time.settle()
  for (const version of [3, 2, 3, 4]) newest().say({ type: 'terminal', view: dealView(DEAL, version) })
  newest().say({ type: 'terminal', view: null })
  newest().say({ type: 'deal', view: dealView(DEAL, 9) })
  newest().say({ type: 'terminal', view: dealView(DEAL, 8) })
  assert.deepEqual(seen, [3, 3, 4, undefined])
  client.close()
})

test('a cut connection comes back with its topics; without a network it says offline and tries less often', async () => {
  const { client, time, newest, connections, state } = network()
  const statuses: WatchStatus[] = []
  client.watch(
    { topic: 'inbox' },
    () => {},
    (status) => statuses.push(status),
  )
  await time.advance(20_000)
  newest().cut()
  await time.advance(250)
  assert.equal(connections.length, 2)
  assert.deepEqual(newest().sent, [{ type: 'watch', topic: 'inbox' }])
  assert.deepEqual(statuses, ['connecting', 'live', 'connecting', 'live'])

  state.isUp = false
  newest().cut()
  await time.advance(60_000)
  assert.equal(statuses.at(-1), 'offline')
  const tries = connections.length
  assert(tries > 8 && tries < 24, `${tries} tries`)
  state.isUp = true
  await time.advance(5_000)
  assert.equal(statuses.at(-1), 'live')
  client.close()
})

test('when the network is back the client is back at once', async () => {
  const { client, time, wake, state } = network()
  const statuses: WatchStatus[] = []
  state.isUp = false
  client.watch(
    { topic: 'inbox' },
    () => {},
    (status) => statuses.push(status),
  )
  await time.advance(60_000)
  state.isUp = true
  wake()
  await time.settle()
  assert.equal(statuses.at(-1), 'live')
  client.close()
})

test('a connection that has died in silence is noticed by the missing pong, sooner when the page comes back', async () => {
  const { client, time, connections, state, wake } = network()
  client.watch({ topic: 'inbox' }, () => {})
  await time.advance(15_000)
  assert.deepEqual(connections[0]?.sent.at(-1), { type: 'ping' })
  assert.equal(client.hubNow(), time.now() + 7)
  state.pongs = false
  await time.advance(20_500)
  assert.equal(connections[0]?.isOpen, false)
  assert.equal(connections.length, 2)
  wake()
  await time.advance(1_300)
  assert.equal(connections[1]?.isOpen, false)
  assert.equal(connections.length, 3)
  client.close()
})

test('a register that watches deal after deal stays within the subscriptions of one connection', async () => {
  const { client, time, connections } = network()
  for (let count = 0; count < 40; count++) {
    const end = client.watch({ topic: 'deal', deal: `deal_${String(count).padStart(32, '0')}` }, () => {})
    await time.advance(1_000)
    end()
    client.watch({ topic: 'terminal' }, () => {})
  }
  assert(connections.every(({ sent }) => sent.filter(({ type }) => type === 'watch').length <= 17))
  assert(connections.length >= 3)
  client.close()
})

async function watchingPhone() {
  const hub = authHub()
  const storage = memoryStorage()
  const code = await hub.deviceCode()
  assert((await enrol({ hub: HUB, storage, code, label: 'Phone', fetch: hub.fetch, delay: noWaiting })).ok)
  const wakes = new Set<() => void>()
  const { fetch, WebSocket } = hub
  const wake = (listener: () => void) => {
    wakes.add(listener)
    return () => wakes.delete(listener)
  }
  const now = (): number => hub.clock.now
  const client = openClient({ hub: HUB, storage, fetch, WebSocket, now, delay: noWaiting, wake })
  const inbox = { balances: [], payments: [], provedAt: 0 }
  hub.shown = () => ({ type: 'inbox', view: inbox })
  const seen: unknown[] = []
  client.watch({ topic: 'inbox' }, (view) => seen.push(view))
  while (seen.length === 0) await turn()
  assert.deepEqual(seen, [inbox])
  return { hub, client, seen, wake: () => [...wakes].forEach((listener) => listener()) }
}

test('over HTTP the first message carries the token of a session, and the next session is told before the first ends', async () => {
  const { hub, client, wake } = await watchingPhone()
  const hellos = () => hub.heard.filter(({ type }) => type === 'hello').map(({ token }) => String(token))
  assert.equal(hub.heard[0]?.type, 'hello')
  const actor = await hub.sessions.byToken(hellos()[0] ?? '')
  assert.equal('kind' in actor && actor.kind, 'device')
  hub.clock.now += 9.5 * 60_000
  wake()
  while (hellos().length < 2) await turn()
  assert.equal(new Set(hellos()).size, 2)
  assert.equal(hub.sockets.length, 1)
  client.close()
})

test('a connection that the hub ends with its session comes back with a new one', async () => {
  const { hub, client, seen } = await watchingPhone()
  hub.sockets[0]?.dispatchEvent(Object.assign(new Event('close'), { code: 4401 }))
  while (seen.length < 2) await turn()
  const tokens = hub.heard.filter(({ type }) => type === 'hello').map(({ token }) => token)
  assert.equal(new Set(tokens).size, 2)
  client.close()
})

test('a page without an identity watches the open book', async () => {
  const hub = authHub()
  const ledger = { rows: [], balances: [] }
  hub.shown = () => ({ type: 'ledger', view: ledger })
  const { fetch, WebSocket } = hub
  const client = openClient({ hub: HUB, storage: memoryStorage(), fetch, WebSocket, delay: noWaiting })
  const statuses: WatchStatus[] = []
  const view = await new Promise((resolve) => {
    client.watch({ topic: 'ledger' }, resolve, (status) => statuses.push(status))
  })
  assert.deepEqual(view, ledger)
  assert.deepEqual(statuses, ['connecting', 'live'])
  assert(hub.heard.every(({ type }) => type !== 'hello'))
  client.close()
})
