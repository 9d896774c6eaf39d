// The WebSocket: who may connect, what may be said, what is shown to whom, and when a connection ends.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { WebSocket, type ClientOptions } from 'ws'
import { Compile } from 'typebox/compile'
import { bucketOfAccount, systemAccount, type AccountNumber } from '#core/accounts.ts'
import { idInBucket } from '#core/ids.ts'
import { billToWire } from '#protocol/bill.ts'
import { LIMITS } from '#protocol/limits.ts'
import { WatchMessage } from '#protocol/watch.ts'
import type { DealView, PaymentView } from '#protocol/views.ts'
import { startTestHub, until, type TestHub } from './support/hub.ts'
import { neighbourOf, newDeal, sessionOf, speaker, type Speaker } from './support/raw-client.ts'
import { billOf, BUCKETS, JPY, newId } from './support/world.ts'

let hub: TestHub
let further: TestHub
let register: Speaker
let otherRegister: Speaker
let hanako: Speaker
let kenji: Speaker
let neighbour: Speaker
let silent: Listener
const open = new Set<Listener>()
const isMessage = Compile(WatchMessage)

before(async () => {
  assert.ok(LIMITS.helloWithinMs <= 10_000)
  Object.assign(LIMITS, { helloWithinMs: 1_000 })
  hub = await startTestHub()
  further = await startTestHub({ settings: hub.settings })
  register = await speaker(hub, 'register')
  otherRegister = await speaker(hub, 'register')
  hanako = await speaker(hub, 'hanako')
  kenji = await speaker(hub, 'kenji')
  neighbour = await neighbourOf(hub, hanako)
  silent = await listen()
})
after(async () => {
  for (const { socket } of open) socket.terminate()
  for (const { client } of [register, otherRegister, hanako, kenji, neighbour]) client.close()
  await further.stop()
  await hub.stop()
})

type Heard = Extract<
  WatchMessage,
  { type: 'deal' | 'payment' | 'terminal' | 'inbox' | 'refused' | 'ready' | 'pong' | 'ledger' }
>
type Listener = Awaited<ReturnType<typeof listen>>

/** A socket that remembers what it was told; every message must be what the protocol says. */
async function listen(options: ClientOptions & { at?: TestHub } = {}) {
  const { at = hub, ...rest } = options
  const socket = new WebSocket(`${at.url.replace('http', 'ws')}/v1/watch`, rest)
  const heard: Heard[] = []
  const faults: string[] = []
  let closed: { code: number; reason: string } | undefined
  let status: number | undefined
  socket.on('unexpected-response', (_request, response) => {
    status = response.statusCode
    closed = { code: 0, reason: 'refused' }
  })
  socket.on('message', (data: Buffer) => {
    const text = data.toString('utf8')
    // Border: checked by the protocol's own schema.
    const message = JSON.parse(text) as Heard
    if (!isMessage.Check(message)) faults.push(text)
    heard.push(message)
  })
  socket.on('close', (code, reason) => (closed ??= { code, reason: reason.toString() }))
  socket.on('error', () => (closed ??= { code: 0, reason: 'error' }))
  await until(() => socket.readyState === WebSocket.OPEN || closed)
  const made = {
    socket,
    heard,
    faults,
    status: () => status,
    say: (message: object | string) => socket.send(typeof message === 'string' ? message : JSON.stringify(message)),
    closed: () => until(() => closed),
    isOpen: () => closed === undefined,
    next: <Type extends Heard['type']>(
      type: Type,
      fits: (message: Extract<Heard, { type: Type }>) => boolean = () => true,
    ) =>
      until(() =>
        heard.find(
          (message): message is Extract<Heard, { type: Type }> => message.type === type && fits(message as never),
        ),
      ),
  }
  open.add(made)
  return made
}

async function known(who: Speaker, at: TestHub = hub): Promise<Listener> {
  const listener = await listen({ at })
  listener.say({ type: 'hello', token: who.session.token })
  await listener.next('ready')
  return listener
}

function accountOf({ self }: Speaker): AccountNumber {
  assert.ok(self.kind === 'device')
  // Border: the hub has just given it.
  return self.account as AccountNumber
}

async function openDeal(by = register): Promise<DealView> {
  const reply = await by.command('open-offer', { deal: newDeal(), bill: billToWire(billOf(1_280n)) })
  assert.equal(reply.status, 200, reply.text)
  return reply.body.deal as DealView
}

async function joined(by = hanako, deal?: DealView): Promise<PaymentView> {
  const { ticket } = deal ?? (await openDeal())
  const reply = await by.command('join', { credential: { kind: 'number', number: ticket?.number } })
  assert.equal(reply.status, 200, reply.text)
  return reply.body.payment as PaymentView
}

test('a page of another origin cannot watch; the own one and programs without an origin can', async () => {
  for (const origin of [
    'http://evil.example',
    'null',
    'https://localhost',
    `${hub.url}.evil.example`,
    `${hub.url}/`,
    'http://localhost:1',
  ]) {
    const listener = await listen({ headers: { origin } })
    assert.equal(listener.status(), 403, origin)
  }
  assert.ok((await listen({ headers: { origin: hub.url } })).isOpen())
  assert.ok((await listen()).isOpen())
  const elsewhere = new WebSocket(`${hub.url.replace('http', 'ws')}/v1/elsewhere`)
  const status = await new Promise((resolve) => {
    elsewhere.on('unexpected-response', (_request, response) => resolve(response.statusCode))
    elsewhere.on('error', () => {})
  })
  assert.equal(status, 404)
})

test('what is not a request ends the connection, and only that connection', async () => {
  const good = await known(hanako)
  const cases: readonly [what: string, expected: number, say: (listener: Listener) => void][] = [
    ['binary', 1003, ({ socket }) => socket.send(Buffer.from('{"type":"ping"}'))],
    ['a megabyte', 1009, ({ socket }) => socket.send('x'.repeat(1024 * 1024))],
    ['a megabyte in small pieces', 1009, ({ socket }) => { for (let piece = 0; piece < 64; piece++) socket.send('x'.repeat(16 * 1024), { fin: false }) }],
    ['no JSON', 1008, ({ say }) => say('hello')],
    ['another request', 1008, ({ say }) => say({ type: 'pay' })],
    ['a field too many', 1008, ({ say }) => say({ type: 'ping', x: 1 })],
    ['an id that is none', 1008, ({ say }) => say({ type: 'watch', topic: 'payment', payment: 'pay_1' })],
    ['a list', 1008, ({ say }) => say('[]')],
    ['null', 1008, ({ say }) => say('null')],
    ['a flood', 1008, ({ say }) => { for (let count = 0; count < 200; count++) say({ type: 'ping' }) }],
    ['a flood of pings', 1008, ({ socket }) => { for (let count = 0; count < 200; count++) socket.ping() }],
    ['many subscriptions', 1008, ({ say }) => { for (let count = 0; count < 20; count++) say({ type: 'watch', topic: 'payment', payment: `pay_0002${String(count).padStart(28, '0')}` }) }],
    ['a wrong token', 4401, ({ say }) => say({ type: 'hello', token: `ses_${'5'.repeat(32)}.${'A'.repeat(43)}` })],
    ['no token', 4401, ({ say }) => say({ type: 'hello', token: '' })],
    ['bad UTF-8', 1007, ({ socket }) => socket.send(Buffer.from([0xff]), { binary: false })],
    ['a text that is reserved', 1002, ({ socket }) => { Reflect.get(socket, '_socket').write(Buffer.from([0xf1, 0x80, 0, 0, 0, 0])) }],
  ] // prettier-ignore
  for (const [what, expected, say] of cases) {
    const listener = what === 'many subscriptions' ? await known(hanako) : await listen()
    if (what === 'many subscriptions') listener.say({ type: 'watch', topic: 'inbox' })
    if (what === 'many subscriptions') await until(() => listener.heard.length > 1)
    say(listener)
    if (what === 'many subscriptions' && listener.isOpen())
      listener.say({ type: 'watch', topic: 'payment', payment: `pay_0002${'9'.repeat(28)}` })
    assert.equal((await listener.closed()).code, expected, what)
  }
  good.say({ type: 'ping' })
  await good.next('pong')
})

test('a connection that never says who it is is closed', async () => {
  assert.deepEqual(await silent.closed(), { code: 1008, reason: 'no hello' })
})

test('without a session only the open book can be watched', async () => {
  const stranger = await listen()
  stranger.say({ type: 'watch', topic: 'ledger' })
  await stranger.next('ledger')
  for (const topic of ['terminal', 'inbox']) stranger.say({ type: 'watch', topic })
  stranger.say({ type: 'watch', topic: 'deal', deal: newDeal() })
  stranger.say({ type: 'watch', topic: 'payment', payment: `pay_0002${'5'.repeat(28)}` })
  await until(() => stranger.heard.filter(({ type }) => type === 'refused').length === 4)
  assert.ok(stranger.heard.every((message) => message.type !== 'refused' || message.code === 'session-needed'))
  assert.deepEqual(stranger.faults, [])
})

test('each sees its own deals and payments and nobody else any of it, on either hub', async () => {
  const own = await known(hanako)
  const foreign = await known(neighbour)
  const till = await known(register)
  const otherTill = await known(otherRegister)
  const elsewhere = await known(register, further)
  for (const listener of [till, otherTill, elsewhere]) listener.say({ type: 'watch', topic: 'terminal' })
  for (const listener of [own, foreign]) listener.say({ type: 'watch', topic: 'inbox' })
  await foreign.next('inbox')
  await otherTill.next('terminal')

  const deal = await openDeal()
  const payment = await joined(hanako, deal)
  for (const listener of [own, foreign]) listener.say({ type: 'watch', topic: 'payment', payment: payment.payment })
  for (const listener of [till, otherTill]) listener.say({ type: 'watch', topic: 'deal', deal: deal.deal })
  foreign.say({ type: 'watch', topic: 'deal', deal: deal.deal })
  otherTill.say({ type: 'watch', topic: 'payment', payment: payment.payment })
  foreign.say({ type: 'watch', topic: 'payment', payment: `pay_ffff${'f'.repeat(28)}` })
  // A phone may ask for money too: of others' deals it learns as little as a till.
  const refusals = await until(() => {
    const heard = foreign.heard.flatMap((message) => (message.type === 'refused' ? [message.code] : []))
    return heard.length > 2 && heard
  })
  assert.deepEqual(refusals, ['not-found', 'not-found', 'not-found'])
  await otherTill.next('refused', ({ code }) => code === 'not-found')
  await otherTill.next('refused', ({ code }) => code === 'not-allowed')
  await own.next('payment', ({ view }) => view.state === 'joined')
  await till.next('deal', ({ view }) => view.state === 'joined')
  await elsewhere.next('terminal', ({ view }) => view?.state === 'joined')

  assert.equal((await hanako.command('decline', { payment: payment.payment })).status, 200)
  await own.next('payment', ({ view }) => view.state === 'ended')
  await till.next('terminal', ({ view }) => view?.state === 'ended' && view.deal === deal.deal)
  await elsewhere.next('terminal', ({ view }) => view?.state === 'ended' && view.deal === deal.deal)
  // The same news has passed the others by.
  for (const listener of [foreign, otherTill]) {
    assert.ok(!JSON.stringify(listener.heard).includes(payment.payment))
    assert.ok(!JSON.stringify(listener.heard).includes(deal.deal))
  }
  for (const listener of [own, foreign, till, otherTill, elsewhere]) assert.deepEqual(listener.faults, [])
  assert.ok(foreign.isOpen() && otherTill.isOpen(), 'a subscription refused does not end the connection')
})

test('who comes back is shown the present view at once', async () => {
  const first = await known(register)
  first.say({ type: 'watch', topic: 'terminal' })
  const deal = await openDeal()
  await first.next('terminal', ({ view }) => view?.deal === deal.deal && view.state === 'open')
  first.socket.terminate()
  const payment = await joined(hanako, deal)
  const again = await known(register)
  again.say({ type: 'watch', topic: 'terminal' })
  const shown = await again.next('terminal')
  assert.equal(shown.view?.deal, deal.deal)
  assert.equal(shown.view?.state, 'joined')
  assert.equal(shown.view?.payment, payment.payment)
  const versions = again.heard.flatMap((message) => (message.type === 'terminal' ? [message.view?.version ?? 0] : []))
  assert.deepEqual(
    versions,
    versions.toSorted((left, right) => left - right),
  )
})

test('a second hello carries the connection on for the same client and for nobody else', async () => {
  const listener = await known(hanako)
  listener.say({ type: 'watch', topic: 'inbox' })
  await listener.next('inbox')
  const renewed = await sessionOf(hub, hanako.client)
  listener.say({ type: 'hello', token: renewed.token })
  await until(() => listener.heard.filter(({ type }) => type === 'ready').length === 2)
  listener.say({ type: 'hello', token: kenji.session.token })
  assert.equal((await listener.closed()).code, 1008)
})

test('a phone and a terminal that are revoked are cut off, and may not begin again', async () => {
  const phone = await speaker(hub, 'kenji')
  const till = await speaker(hub, 'register')
  const listeners = [await known(phone), await known(phone, further), await known(till)]
  for (const listener of listeners.slice(0, 2)) listener.say({ type: 'watch', topic: 'inbox' })
  const payment = await joined(phone)
  for (const { self } of [phone, till]) {
    assert.ok(await hub.directory.revoke(self.id as Parameters<typeof hub.directory.revoke>[0]))
  }
  for (const listener of listeners) assert.equal((await listener.closed()).code, 4401)
  await until(async () => (await phone.reads('/v1/balances')).status === 401)
  const refused = await phone.command('decline', { payment: payment.payment })
  assert.equal(refused.status, 401)
  await assert.rejects(sessionOf(hub, phone.client))
  phone.client.close()
  till.client.close()
})

test('an account is shown to its own wallets when it changes, and the others of its bucket do not look', async (t) => {
  const town = await startTestHub()
  const owner = await speaker(town, 'hanako')
  const other = await neighbourOf(town, owner)
  t.after(async () => {
    for (const { client } of [owner, other]) client.close()
    await town.stop()
  })
  const [account, others] = [accountOf(owner), accountOf(other)]
  assert.equal(bucketOfAccount(account, BUCKETS), bucketOfAccount(others, BUCKETS))
  const own = await known(owner, town)
  const foreign = await known(other, town)
  for (const listener of [own, foreign]) listener.say({ type: 'watch', topic: 'inbox' })
  const before = await own.next('inbox')
  await foreign.next('inbox')

  const looks = new Map<string, number>()
  const { readBalances } = town.store
  town.store.readBalances = (each) => {
    looks.set(each, (looks.get(each) ?? 0) + 1)
    return readBalances(each)
  }
  const begun = performance.now()
  const source = systemAccount('issue', bucketOfAccount(account, BUCKETS))
  let balance = BigInt(before.view.balances[0]?.balance ?? 0)
  // In from another's journal (arriving, then deposited), and out again (its own row).
  for (let turn = 0; turn < 16; turn++) {
    const [debit, credit] = turn % 2 === 0 ? [source, account] : [account, source]
    const transfer = { unit: JPY, amount: 7n, kind: 'post', payment: null, debitName: '', creditName: '' } as const
    const posting = { id: newId('cmd'), hash: '00', transfers: [{ ...transfer, debit, credit }] }
    assert.equal((await town.hub.post(posting, idInBucket('pty', 0, randomBytes(14)))).refusal, null)
    balance += turn % 2 === 0 ? 7n : -7n
    await until(() => {
      const shown = own.heard.findLast((message) => message.type === 'inbox')
      return shown?.view.balances[0]?.balance === String(balance)
    })
  }
  // Each wallet looks by itself every three seconds; no other look of the neighbour's is for anything.
  const byItself = (performance.now() - begun) / 3_000 + 2
  assert.ok((looks.get(others) ?? 0) <= byItself, `the neighbour looked ${looks.get(others)} times`)
  assert.ok((looks.get(account) ?? 0) > byItself, `the owner looked ${looks.get(account)} times`)
})
