// What the loops of orders to others decide, without a database: which orders are begun, what a lease notes, which days are asked about.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { idInBucket } from '#core/ids.ts'
import { unitOf } from '#core/money.ts'
import { isToAsk } from '#server/cards/report.ts'
import { keepingOf } from '#server/outside/keeping.ts'
import { orderLoop } from '#server/outside/loop.ts'
import type { OpenOrder } from '#switch/store.ts'
import { until } from './support/hub.ts'

const order = (count: number): OpenOrder => ({
  payment: idInBucket('pay', 0, new Uint8Array(14).fill(count)),
  number: 1,
  kind: 'collect',
  of: null,
  via: 'card',
  method: 'lump',
  oneTime: false,
  party: idInBucket('pty', 0, new Uint8Array(14)),
  means: idInBucket('mns', 0, new Uint8Array(14)),
  unit: unitOf('JPY') ?? assert.fail(),
  amount: 100n,
  madeAt: 0,
  tries: 0,
  trouble: null,
})

test('orders that wait for one silent issuer come due again and leave the others their room', async () => {
  const silent = Array.from({ length: 25 }, (_, count) => order(count))
  const others = Array.from({ length: 30 }, (_, count) => order(100 + count))
  let due = silent
  const begun: string[] = []
  const { promise: silence, resolve: speak } = Promise.withResolvers<void>()
  const loop = orderLoop({
    // As the database does: the oldest first, so many.
    store: { readOrders: async (_via, limit) => due.slice(0, limit) },
    via: 'card',
    carryOut({ payment }) {
      begun.push(payment)
      return silence
    },
    catchUp: async () => {},
    onError: (error) => assert.fail(String(error)),
  })
  try {
    loop.wake()
    await until(() => begun.length === 25)
    due = [...silent, ...others]
    loop.wake()
    await until(() => begun.length >= 50)
    assert.deepEqual(
      begun,
      [...silent, ...others.slice(0, 25)].map(({ payment }) => payment),
      'each once, 50 at once',
    )
  } finally {
    speak()
    await loop.stop()
  }
})

test('that this hub reached nobody, or only looked, is noted where no other has tried since', async () => {
  const notes: unknown[] = []
  const keeping = keepingOf({
    store: {
      concludeOrder: async () => true,
      postponeOrder: async (_payment, _number, _ms, trouble, ifTries) => void notes.push([trouble, ifTries]),
    },
    hub: { answerOutside: () => assert.fail('the payer still waits') },
    withinMs: () => 30_000,
    againMs: 100,
    now: () => 0,
  })
  const tried = { ...order(1), tries: 3 }
  await keeping.lease(tried, true)
  await keeping.again(tried, 'unreachable')
  await keeping.again(tried, 'no-answer')
  await keeping.lease(tried, false)
  assert.deepEqual(notes, [
    ['asking', undefined],
    ['unreachable', 4],
    ['no-answer', undefined],
    [null, 3],
  ])
})

const said = (inBalance: boolean | null) => ({
  issuers: [
    { issuer: '0001', inBalance: true },
    { issuer: '0002', inBalance },
  ],
})
const HOUR_MS = 3_600_000
const DAYS: readonly (readonly [says: string, standing: Parameters<typeof isToAsk>[0], isAsked: boolean])[] = [
  ['nobody has asked', { known: undefined, isOpen: false, wasOpen: true, since: 0 }, true],
  ['all has ended and was told', { known: said(true), isOpen: false, wasOpen: false, since: HOUR_MS }, false],
  ['an issuer says that it is not even', { known: said(false), isOpen: false, wasOpen: false, since: HOUR_MS }, false],
  ['an issuer has not answered', { known: said(null), isOpen: false, wasOpen: false, since: HOUR_MS }, true],
  ['something has not ended', { known: said(true), isOpen: true, wasOpen: true, since: HOUR_MS }, true],
  ['the last of it has ended since', { known: said(true), isOpen: false, wasOpen: true, since: HOUR_MS }, true],
  ['it is too long ago', { known: said(null), isOpen: true, wasOpen: true, since: 12 * HOUR_MS }, false],
]
for (const [says, standing, isAsked] of DAYS)
  test(`a day of cards of which ${says} is ${isAsked ? '' : 'not '}asked about`, () =>
    assert.equal(isToAsk(standing), isAsked))
