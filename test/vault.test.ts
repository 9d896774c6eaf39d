// The vault asks an issuer, over real TCP and a real database: what each answer becomes, and that an order is asked once.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Passage } from '#vault/http.ts'
import { withClient } from './support/postgres.ts'
import type { Reply } from './support/vault.ts'
import {
  cardNumber,
  heardOf,
  newOrder,
  purchaseOf,
  saying,
  startFakeIssuer,
  startTestVault,
  until,
  type FakeIssuer,
  type TestVault,
} from './support/vault.ts'

let issuer: FakeIssuer
let vault: TestVault
let card: string
const passages: Passage[] = []

before(async () => {
  issuer = await startFakeIssuer()
  vault = await startTestVault({ issuerPort: issuer.port, onPassage: (passage) => void passages.push(passage) })
  card = await vault.addCard(cardNumber(1))
})
after(async () => {
  await vault.close()
  await issuer.stop()
  assert.deepEqual(vault.errors, [])
})

const reversed = (order: string): Promise<true> => until(async () => heardOf(issuer, order).includes('reverse'))
const NO_ANSWER = { kind: 'refused', code: 'no-answer', reason: 'no-answer' }

test('a yes is told with approval code and RRN, and what was asked is what the issuer heard', async () => {
  const order = newOrder()
  const { status, body } = await vault.authorise(card, { order, method: 'instalments-3' })
  assert.equal(status, 200)
  const [asked] = issuer.of('authorise').filter((ask) => ask.order === order)
  assert(asked)
  assert.deepEqual(body, { kind: 'approved', unit: 'JPY', amount: '1200', approval: 'A1B2C3', rrn: asked.trace.rrn })
  assert.deepEqual(
    [asked.number, asked.expires, asked.amount, asked.unit, asked.method, asked.terminal, asked.code, asked.merchant],
    [
      cardNumber(1),
      '9912',
      1200n,
      'JPY',
      'instalments-3',
      'T0000001',
      null,
      { number: 'M0001', name: 'Bakery ?kami', category: '5462', place: 'Kyoto' },
    ],
  )
})

test('each no of an issuer has a reason for the payer', async () => {
  for (const [code, reason] of [
    ['05', 'card-refused'],
    ['14', 'card-refused'],
    ['41', 'card-stopped'],
    ['51', 'over-card-limit'],
    ['54', 'card-expired'],
    ['57', 'method-refused'],
    ['75', 'card-stopped'],
    ['94', 'card-refused'],
  ]) {
    const order = newOrder()
    const { body } = await saying(issuer, { authorise: () => ({ code: code ?? '' }) }, () =>
      vault.authorise(card, { order }),
    )
    assert.deepEqual(body, { kind: 'refused', code, reason })
    assert.deepEqual((await vault.get(`/v1/orders/${order}`)).body, body)
    assert.deepEqual(heardOf(issuer, order), ['authorise'])
  }
})

test('the same order sent many times at once is asked once and answered alike', async () => {
  const order = newOrder()
  const release = Promise.withResolvers<void>()
  const answers = await saying(
    issuer,
    {
      authorise: () => (socket, answer) =>
        void release.promise.then(() => socket.write(answer({ code: '00', approval: 'XYZ123' }))),
    },
    async () => {
      const sent = Promise.all(Array.from({ length: 8 }, () => vault.authorise(card, { order })))
      await until(async () => heardOf(issuer, order).length > 0)
      release.resolve()
      return sent
    },
  )
  for (const { body } of answers) assert.equal(body['approval'], 'XYZ123')
  assert.deepEqual(heardOf(issuer, order), ['authorise'])
  const other = await vault.authorise(card, { order, amount: '1201' })
  assert.deepEqual([other.status, other.body['kind']], [422, 'other-body'])
})

test('a silent issuer is a no within the time, and is told to reverse until it answers', async () => {
  const order = newOrder()
  const replies: FakeIssuer['replies'] = {
    authorise: () => 'silent',
    // The connection goes with the first two, so that nobody waits ten seconds for the time-out.
    reverse: (_, nth) => (nth < 3 ? (socket) => void socket.destroy() : { code: '00' }),
  }
  issuer.heard.length = 0
  await saying(issuer, replies, async () => {
    assert.deepEqual((await vault.authorise(card, { order, withinMs: 400 })).body, NO_ANSWER)
    await until(async () => issuer.of('reverse').length === 3)
  })
  const [asked] = issuer.of('authorise')
  assert(asked)
  const reversals = issuer.of('reverse')
  assert.deepEqual(
    reversals.map(({ isAdvice, isRepeat }) => [isAdvice, isRepeat]),
    [
      [false, false],
      [true, false],
      [true, true],
    ],
  )
  for (const reversal of reversals) {
    assert.deepEqual(reversal.trace, reversals[0]?.trace)
    assert.deepEqual(reversal.original, {
      mti: '0100',
      stan: asked.trace.stan,
      at: asked.trace.at,
      acquirer: asked.trace.acquirer,
    })
    assert.deepEqual([reversal.order, reversal.amount, reversal.unit], [order, 1200n, 'JPY'])
  }
  const done = await until(async () => {
    const { body } = await vault.follow('reverse', order, '1200')
    return body['kind'] === 'done'
  })
  assert(done)
  assert.deepEqual((await vault.get(`/v1/orders/${order}`)).body, NO_ANSWER)
})

test('a yes that comes too late changes nothing', async () => {
  const order = newOrder()
  const late = Promise.withResolvers<void>()
  const answer: Reply = (socket, write) =>
    void late.promise.then(() => socket.write(write({ code: '00', approval: 'LATE01' })))
  await saying(issuer, { authorise: () => answer }, async () => {
    assert.deepEqual((await vault.authorise(card, { order, withinMs: 300 })).body, NO_ANSWER)
  })
  late.resolve()
  await reversed(order)
  await vault.authorise(card)
  assert.deepEqual((await vault.get(`/v1/orders/${order}`)).body, NO_ANSWER)
})

test('an issuer that nobody reaches is certainly not asked: refused, and nothing to reverse', async () => {
  const order = newOrder()
  await issuer.away()
  const { body } = await vault.authorise(card, { order, withinMs: 700 })
  assert.deepEqual(body, { kind: 'refused', code: 'unreached', reason: 'unavailable' })
  await issuer.back()
  await vault.isUp()
  assert.deepEqual((await vault.authorise(card, { order })).body, body)
  assert.deepEqual(heardOf(issuer, order), [])
})

test('reversed before it came, an order never happens', async () => {
  const order = newOrder()
  assert.deepEqual((await vault.follow('reverse', order, '1200')).body, { kind: 'done' })
  assert.deepEqual((await vault.authorise(card, { order })).body, NO_ANSWER)
  assert.deepEqual(heardOf(issuer, order), [])
})

test('reversed while the issuer is asked, a yes makes no approval of it', async () => {
  const order = newOrder()
  const release = Promise.withResolvers<void>()
  await saying(
    issuer,
    {
      authorise: () => (socket, answer) =>
        void release.promise.then(() => socket.write(answer({ code: '00', approval: 'SLOW01' }))),
    },
    async () => {
      const asking = vault.authorise(card, { order })
      await until(async () => heardOf(issuer, order).length > 0)
      const reversal = vault.follow('reverse', order, '1200')
      await reversed(order)
      release.resolve()
      assert.deepEqual((await asking).body, NO_ANSWER)
      // Who waits for the authorisation tells the issuer too: of the two one does it, and the other may hear that it is under way.
      await reversal
      await until(async () => (await vault.follow('reverse', order, '1200')).body['kind'] === 'done')
    },
  )
  assert.deepEqual(heardOf(issuer, order), ['authorise', 'reverse'])
})

test('two vaults on one database ask once and tell once', async () => {
  const second = await startTestVault({ database: vault.database, data: vault.folder, issuerPort: issuer.port })
  try {
    issuer.heard.length = 0
    const orders = Array.from({ length: 12 }, newOrder)
    const both = [vault, second]
    await Promise.all(orders.flatMap((order) => both.map((each) => each.authorise(card, { order }))))
    const told = await Promise.all(
      orders.map((order) => until(async () => (await second.authorise(card, { order })).body['kind'] === 'approved')),
    )
    assert.equal(told.length, 12)
    await Promise.all(
      orders.flatMap((order) => {
        const capture = newOrder()
        return both.map((each) => each.follow('capture', order, '1200', capture))
      }),
    )
    const counts = orders.map((order) => heardOf(issuer, order).join(' '))
    assert.deepEqual(
      counts,
      orders.map(() => 'authorise capture'),
    )
    const traces = issuer.heard.map(({ trace }) => `${trace.stan} ${trace.rrn}`)
    assert.equal(new Set(traces).size, traces.length)
  } finally {
    await second.close()
  }
})

test('a purchase in what no issuer counts in, or with a card that is not here, is refused unasked', async () => {
  const before = issuer.heard.length
  const unknown = await vault.authorise('00'.repeat(16))
  assert.deepEqual(unknown.body, { kind: 'refused', code: 'no-card', reason: 'card-stopped' })
  const odd = await vault.authorise(card, { unit: 'QQQ' })
  assert.deepEqual(odd.body, { kind: 'refused', code: 'invalid', reason: 'refused' })
  assert.equal(issuer.heard.length, before)
})

test('only what was not begun is unavailable; what fails on the way is unsure, and a known order needs no key', async () => {
  const order = newOrder()
  const yes = (await vault.authorise(card, { order })).body
  assert.equal(yes['kind'], 'approved')
  const rows = (text: string, values: unknown[] = []): Promise<unknown> =>
    withClient(vault.database, (client) => client.query(text, values))
  await rows("update wrapped_key set wrapped = wrapped || '\\x00'::bytea where id = 'card:' || $1", [card])
  const broken = await vault.authorise(card)
  assert.deepEqual([broken.status, broken.body['kind']], [503, 'unsure'])
  assert.deepEqual((await vault.authorise(card, { order })).body, yes)
  await rows("update wrapped_key set wrapped = substring(wrapped for length(wrapped) - 1) where id = 'card:' || $1", [
    card,
  ])
  assert.equal((await vault.authorise(card)).body['kind'], 'approved')
  await rows('alter table alarm rename to elsewhere')
  const bug = await vault.get('/v1/alarms')
  await rows('alter table elsewhere rename to alarm')
  assert.deepEqual([bug.status, bug.body['kind'], vault.errors.splice(0).length], [500, 'unsure', 1])
})

test('a request that is not right changes nothing, and hears what was wrong but not what was sent', async () => {
  const purchase = purchaseOf(card)
  const bad: [string, string, unknown, number][] = [
    ['POST', '/v1/authorise', { ...purchase, number: cardNumber(7) }, 422],
    ['POST', '/v1/authorise', { ...purchase, amount: '01' }, 422],
    ['POST', '/v1/authorise', { ...purchase, amount: '0' }, 422],
    ['POST', '/v1/authorise', { ...purchase, amount: '1000000000000' }, 422],
    ['POST', '/v1/authorise', { ...purchase, amount: 1200 }, 422],
    ['POST', '/v1/authorise', { ...purchase, method: 'instalments-1x' }, 422],
    ['POST', '/v1/authorise', { ...purchase, order: 'x' }, 422],
    ['POST', '/v1/authorise', { ...purchase, merchant: { ...purchase.merchant, name: 'a\u0000' } }, 422],
    ['POST', '/v1/authorise', { ...purchase, withinMs: 60_001 }, 422],
    ['POST', '/v1/capture', { order: newOrder() }, 422],
    ['POST', '/v1/cards', { card }, 422],
    ['PUT', '/v1/tables', { version: 1, issuers: [], ranges: [{ prefix: '4571', issuer: '0001' }] }, 422],
    ['POST', '/v1/reconcile', { day: '2026-02-30' }, 422],
    ['GET', '/v1/report?day=x', undefined, 422],
    ['GET', '/v1/report', undefined, 422],
    ['GET', '/v1/alarms?after=-1', undefined, 422],
    ['GET', '/v1/orders/x', undefined, 422],
    ['GET', '/v1/nothing', undefined, 404],
    ['DELETE', '/v1/tables', undefined, 404],
  ]
  for (const [method, path, body, status] of bad) {
    const response = await fetch(new URL(path, vault.url), {
      method,
      headers: { authorization: `Bearer ${vault.secret}` },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const said = await response.text()
    assert.equal(response.status, status, `${method} ${path} ${said}`)
    assert(!said.includes(cardNumber(7)))
  }
  const raw = (body: string, secret = vault.secret): Promise<Response> =>
    fetch(new URL('/v1/authorise', vault.url), {
      method: 'POST',
      headers: { authorization: `Bearer ${secret}` },
      body,
    })
  assert.equal((await raw('{"order":1,"order":2}')).status, 400)
  assert.equal((await raw('{')).status, 400)
  assert.equal((await raw('[[[[[[[[[1]]]]]]]]]')).status, 400)
  assert.equal((await raw(`"${'x'.repeat(1024 * 1024)}"`)).status, 413)
  assert.equal((await raw(JSON.stringify(purchase), 'guess')).status, 401)
  assert.deepEqual((await vault.get(`/v1/orders/${purchase.order}`)).body, { kind: 'unknown' })
  await vault.post('/v1/authorise', { ...purchase, order: cardNumber(7), card: cardNumber(7) })
  assert(!JSON.stringify(passages).includes(cardNumber(7)))
})

test('the log says who came through which door and what became of it', async () => {
  const order = newOrder()
  await vault.authorise(card, { order })
  await vault.follow('capture', order, '1201', order)
  await vault.get(`/v1/orders/${order}`)
  const said = passages.filter(({ id }) => id === order)
  assert.deepEqual(
    said.map(({ door, status, outcome }) => [door, status, outcome]),
    [
      ['authorise', 200, 'approved'],
      ['capture', 200, 'refused'],
      ['order', 200, 'approved'],
    ],
  )
})
