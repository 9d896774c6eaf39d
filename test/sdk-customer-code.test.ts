// What a phone shows as its code over time: the hub's, renewed before it runs out; its own while there is no network.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readCustomerCode, onlineText } from '#core/customer-code.ts'
import { idFrom } from '#core/ids.ts'
import type { CustomerCodeView } from '#protocol/codes.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import { keepCode, makeOfflineCode, type ShownCode } from '#sdk/customer-code.ts'
import { openClient, type Client } from '#sdk/client.ts'
import { NO_ANSWER } from '#sdk/outcome.ts'
import { memoryStorage } from '#sdk/storage.ts'
import type { Delay } from '#sdk/transport.ts'

const START = 1_700_000_000_000

/** Time that moves when everybody waits, from one timer to the next. */
function clockwork() {
  let now = START
  let timers: { at: number; ring: () => void }[] = []
  const delay: Delay = (ms, signal) =>
    new Promise((resolve, reject) => {
      const timer = { at: now + ms, ring: resolve }
      const stop = (): void => {
        timers = timers.filter((other) => other !== timer)
        reject(new Error('called off'))
      }
      if (signal?.aborted === true) return reject(new Error('called off'))
      timers.push(timer)
      signal?.addEventListener('abort', stop, { once: true })
      return undefined
    })
  /** Lets all promises settle, then goes to the next timer. */
  async function tick(): Promise<void> {
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
    const [first] = timers.toSorted((left, right) => left.at - right.at)
    if (first === undefined) return
    timers = timers.filter((other) => other !== first)
    now = first.at
    first.ring()
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
  }
  return { now: () => now, shift: (ms: number) => (now += ms), delay, tick }
}

type Hub = 'answers' | 'silent' | Problem

/** A phone in front of a hub that answers, is silent, or says no. */
function phone(hub: () => Hub, time = clockwork()) {
  const identity = {
    self: { kind: 'device', id: idFrom('dev', new Uint8Array(16).fill(3)) },
    scheme: { scheme: idFrom('sch', new Uint8Array(16).fill(4)) },
    sign: async () => new Uint8Array(64).fill(5),
  }
  let made = 0
  const request = (_: unknown, signal?: AbortSignal): Promise<unknown> => {
    const stands = hub()
    if (typeof stands === 'object') return Promise.resolve({ ok: false, problem: stands })
    if (stands === 'silent')
      return new Promise((resolve) => signal?.addEventListener('abort', () => resolve(NO_ANSWER), { once: true }))
    const view: CustomerCodeView = {
      code: onlineText(new Uint8Array(16).fill(++made)),
      digits: '883957313612958',
      emv: null,
      now: START,
      expiresAt: START + 60_000,
    }
    return Promise.resolve({ ok: true, view })
  }
  // A border: the three of a client that are used; the identity's other parts are not looked at.
  const client = { request, hubNow: time.now, identity: async () => identity } as unknown as Client
  return { client, time, made: () => made }
}

function keeping(hub: () => Hub, isOffline: () => boolean = () => false) {
  const { client, time } = phone(hub)
  const stop = new AbortController()
  const codes: (ShownCode & { at: number })[] = []
  const problems: string[] = []
  const over = keepCode({
    client,
    storage: memoryStorage(),
    signal: stop.signal,
    isOffline,
    onCode: (code) => codes.push({ ...code, at: time.now() - START }),
    onProblem: ({ code }) => problems.push(code),
    delay: time.delay,
    wake: () => () => undefined,
  })
  return { time, codes, problems, stop: () => stop.abort(), over }
}

test('the hub’s code is renewed five seconds before it runs out, and nothing is asked for once nobody looks', async () => {
  const { time, codes, stop, over } = keeping(() => 'answers')
  for (let count = 0; count < 3; count++) await time.tick()
  assert.deepEqual(
    codes.map(({ kind, at }) => [kind, at]),
    [
      ['online', 0],
      ['online', 55_000],
      ['online', 110_000],
      ['online', 165_000],
    ],
  )
  assert.equal(new Set(codes.map(({ code }) => code)).size, 4)
  stop()
  await over
  await time.tick()
  assert.equal(codes.length, 4)
})

test('a silent hub is waited for a moment; then the phone makes a code each minute, until the hub answers', async () => {
  let hub: Hub = 'silent'
  const { time, codes, stop, over } = keeping(() => hub)
  await time.tick()
  assert.deepEqual(
    codes.map(({ kind, at }) => [kind, at]),
    [['offline', 2_500]],
  )
  while (codes.length < 2) await time.tick()
  const [first, second] = codes.map(({ code }) => readCustomerCode(code))
  assert.ok(first?.kind === 'offline' && second?.kind === 'offline')
  assert.ok(second.counter > first.counter)
  assert.ok((codes[1]?.at ?? 0) >= 62_500 && (codes[1]?.at ?? 0) < 75_000, String(codes[1]?.at))
  hub = 'answers'
  while (codes.length < 3) await time.tick()
  assert.equal(codes[2]?.kind, 'online')
  stop()
  await over
})

test('where nothing is to be expected of the hub, the phone’s own code is there at once', async () => {
  const { time, codes, stop, over } = keeping(
    () => 'silent',
    () => true,
  )
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(
    codes.map(({ kind, at }) => [kind, at]),
    [['offline', 0]],
  )
  await time.tick()
  assert.equal(codes.length, 1)
  stop()
  await over
})

test('a no of the hub is shown, and no code with it', async () => {
  const { codes, problems, over } = keeping(() => problemOf('device-revoked'))
  await over
  assert.deepEqual([codes.length, problems], [0, ['device-revoked']])
})

test('counters rise though the clock goes back, and are kept before the code is shown', async () => {
  const { client, time } = phone(() => 'silent')
  const storage = memoryStorage()
  const counters: bigint[] = []
  for (const shift of [0, 0, -600_000, 5, 1_200_000]) {
    time.shift(shift)
    const made = await makeOfflineCode(client, storage)
    assert.ok(made.ok)
    const read = readCustomerCode(made.view.code)
    assert.ok(read.kind === 'offline')
    counters.push(read.counter)
    assert.equal(await storage.get('customer-code'), Number(read.counter))
  }
  assert.deepEqual(
    counters,
    [...new Set(counters)].toSorted((left, right) => (left < right ? -1 : 1)),
  )
  const nobody = openClient({ hub: 'http://localhost:1', storage: memoryStorage() })
  const without = await makeOfflineCode(nobody, storage)
  assert.ok(!without.ok && without.problem.code === 'session-needed')
  nobody.close()
})
