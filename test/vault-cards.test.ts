// Card numbers come in encrypted, lie encrypted, and go when the card goes: envelopes, the issuer's word, keys and their change, and what a
// copy of the database would tell.
import assert from 'node:assert/strict'
import { chmodSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type pg from 'pg'
import { luhnDigit } from '#core/card-number.ts'
import { fileKeyStore, makeKeyFile, type KeyStore } from '#vault/key-store.ts'
import { rotateVault } from '#vault/program.ts'
import type { AddCardAnswer, AlarmsAnswer } from '#vault/wire.ts'
import { withClient } from './support/postgres.ts'
import {
  cardNumber,
  hex,
  newOrder,
  startFakeIssuer,
  startTestVault,
  until,
  type FakeIssuer,
  type TestVault,
} from './support/vault.ts'

let issuer: FakeIssuer
let vault: TestVault
let account = 0

before(async () => {
  issuer = await startFakeIssuer()
  vault = await startTestVault({ issuerPort: issuer.port })
})
after(async () => {
  await vault.close()
  await issuer.stop()
  assert.deepEqual(vault.errors, [])
})

const newNumber = (): string => cardNumber(++account)
const newHead = (): { command: string; party: string } => ({ command: `cmd_${hex()}`, party: `pty_${hex()}` })
type Request = Readonly<{ card: string; command: string; party: string; envelope: string }>

async function requestFor(inside: Record<string, unknown> = {}, head = newHead()): Promise<Request> {
  const whole = { number: newNumber(), expires: '2099-12', code: '123', ...inside }
  return { card: hex(), ...head, envelope: await vault.envelope(whole, head) }
}
// Border: the vault's own answer.
const send = async (request: Request): Promise<AddCardAnswer> =>
  (await vault.post('/v1/cards', request)).body as unknown as AddCardAnswer

test('a card is kept when its issuer says that it is good, and shown by its first six and last four', async () => {
  const number = newNumber()
  const request = await requestFor({ number, expires: '2031-05', code: '987' })
  const shown = { first6: '457199', last4: number.slice(-4), expires: '2031-05', issuer: '0001' }
  assert.deepEqual(await send(request), { state: 'active', ...shown })
  const asked = issuer.of('verify').at(-1)
  assert.deepEqual([asked?.number, asked?.expires, asked?.code, asked?.order], [number, '3105', '987', request.command])
  assert.deepEqual((await vault.post('/v1/cards/check', { card: request.card })).body, { state: 'active', ...shown })
})

test('the same registration again is the same answer, and the issuer is asked once', async () => {
  const request = await requestFor()
  const all = await Promise.all([send(request), send(request), send(request)])
  const last = await send(request)
  assert.equal(last.state, 'active')
  for (const each of all) assert.deepEqual(each, last)
  assert.equal(issuer.of('verify').filter(({ order }) => order === request.command).length, 1)
})

test('an envelope is bound to one registration of one person, and is good once', async () => {
  const request = await requestFor()
  const refused = { state: 'refused', reason: 'envelope-invalid' }
  assert.deepEqual(await send({ ...request, command: `cmd_${hex()}` }), refused)
  assert.deepEqual(await send({ ...request, party: `pty_${hex()}` }), refused)
  // Border: the vault's own answer.
  const { alarms } = (await vault.get('/v1/alarms')).body as unknown as AlarmsAnswer
  assert.deepEqual(
    alarms.map(({ kind }) => kind),
    ['moved-envelope', 'moved-envelope'],
  )
  assert.equal((await send(request)).state, 'active')
  assert.deepEqual(await send({ ...request, card: hex() }), { state: 'refused', reason: 'envelope-used' })
  const other = { ...(await requestFor()), card: request.card }
  const { status, body } = await vault.post('/v1/cards', other)
  assert.deepEqual([status, body['kind']], [422, 'other-body'])
})

test('an envelope that was changed in any part, or made for another key, does not open', async () => {
  const request = await requestFor()
  const parts = request.envelope.split('.')
  for (const at of [0, 2, 3, 4]) {
    const part = parts[at] ?? ''
    const middle = Math.floor(part.length / 2)
    const changed = part.slice(0, middle) + (part[middle] === 'A' ? 'B' : 'A') + part.slice(middle + 1)
    const envelope = parts.with(at, changed).join('.')
    assert.deepEqual(await send({ ...request, envelope }), { state: 'refused', reason: 'envelope-invalid' }, String(at))
  }
  for (const envelope of ['x', 'a.b.c.d.e', '....', `${request.envelope}.x`])
    assert.deepEqual(await send({ ...request, envelope }), { state: 'refused', reason: 'envelope-invalid' })
  assert.equal((await send(request)).state, 'active')
})

test('an envelope has one spelling: another one of the same bytes is none', async () => {
  const request = await requestFor()
  const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  // Of the last character of 16 bytes the lowest four bits say nothing.
  const odd = digits[digits.indexOf(request.envelope.at(-1) ?? '') + 1]
  const [head, key, iv, text, tag] = request.envelope.split('.')
  for (const envelope of [
    `${request.envelope.slice(0, -1)}${odd}`,
    `${request.envelope}==`,
    `${request.envelope} `,
    [head, key, `${iv}\n`, text, tag].join('.'),
  ])
    assert.deepEqual(await send({ ...request, card: hex(), envelope }), {
      state: 'refused',
      reason: 'envelope-invalid',
    })
  assert.equal((await send(request)).state, 'active')
})

test('what is in an envelope is judged before any issuer is asked', async () => {
  const before = issuer.of('verify').length
  const wrong = newNumber()
  const digit = String((Number(wrong.at(-1)) + 1) % 10)
  for (const [inside, reason] of [
    [{ number: wrong.slice(0, -1) + digit }, 'number-invalid'],
    [{ expires: '2020-01' }, 'expired'],
    [{ number: '4242424242424242' }, 'issuer-unknown'],
    [{ number: `457198000000001${luhnDigit('457198000000001')}` }, 'issuer-unknown'],
    [{ code: '12' }, 'envelope-invalid'],
    [{ more: 'x' }, 'envelope-invalid'],
    [{ number: 4571990000000014 }, 'envelope-invalid'],
    [{ expires: '2029-13' }, 'envelope-invalid'],
  ] as const)
    assert.deepEqual(await send(await requestFor(inside)), { state: 'refused', reason }, JSON.stringify(inside))
  assert.equal(issuer.of('verify').length, before)
})

test("an issuer's no is a no, its silence keeps nothing, and a number is not tried without end", async () => {
  issuer.replies.verify = () => ({ code: '05' })
  const number = newNumber()
  const stranger = `pty_${hex()}`
  for (let tries = 0; tries < 12; tries++) {
    const head = { command: `cmd_${hex()}`, party: stranger }
    assert.deepEqual(await send(await requestFor({ number }, head)), { state: 'refused', reason: 'issuer-refused' })
  }
  const asked = (): number => issuer.of('verify').filter((ask) => ask.number === number).length
  assert.equal(asked(), 10)
  // Its owner is not locked out by that; all people together are, in the end.
  delete issuer.replies.verify
  assert.equal((await send(await requestFor({ number }))).state, 'active')
  issuer.replies.verify = () => ({ code: '05' })
  for (let people = 0; people < 45; people++) await send(await requestFor({ number }))
  assert.equal(asked(), 50)
  issuer.replies.verify = () => ({ code: '54' })
  assert.deepEqual(await send(await requestFor()), { state: 'refused', reason: 'expired' })
  issuer.replies.verify = () => (socket) => void socket.destroy()
  const request = await requestFor()
  assert.deepEqual(await send(request), { state: 'no-answer' })
  delete issuer.replies.verify
  assert.deepEqual(await send(request), { state: 'no-answer' })
  assert.deepEqual((await vault.post('/v1/cards/check', { card: request.card })).body, { state: 'unknown' })
  await vault.isUp()
})

test('an ended card is used no more and its number is forgotten; what was paid can still be given back', async () => {
  const number = newNumber()
  const card = await vault.addCard(number)
  const order = newOrder()
  await vault.authorise(card, { order })
  await vault.follow('capture', order, '1200')
  assert.deepEqual((await vault.post('/v1/cards/end', { card })).body, { state: 'ended' })
  assert.deepEqual((await vault.post('/v1/cards/end', { card })).body, { state: 'ended' })
  assert.deepEqual((await vault.post('/v1/cards/end', { card: hex() })).body, { state: 'unknown' })
  assert.equal((await vault.post('/v1/cards/check', { card })).body['state'], 'ended')
  const { body } = await vault.authorise(card)
  assert.deepEqual(body, { kind: 'refused', code: 'no-card', reason: 'card-stopped' })
  assert.equal((await vault.follow('refund', order, '1200')).body['kind'], 'done')
  const rows = await rowsOf("select id from wrapped_key where id = 'card:' || $1", [card])
  assert.deepEqual(rows, [])
})

test('a card that is ended before its issuer has answered, or before it comes, never is one', async () => {
  const number = newNumber()
  const request = await requestFor({ number })
  const release = Promise.withResolvers<void>()
  issuer.replies.verify = () => (socket, answer) =>
    void release.promise.then(() => socket.write(answer({ code: '00' })))
  const registering = send(request)
  await until(async () => issuer.of('verify').some(({ order }) => order === request.command))
  assert.deepEqual((await vault.post('/v1/cards/end', { card: request.card })).body, { state: 'unknown' })
  release.resolve()
  assert.deepEqual(await registering, { state: 'no-answer' })
  delete issuer.replies.verify
  const early = await requestFor({ number })
  await vault.post('/v1/cards/end', { card: early.card })
  await vault.post('/v1/cards/end', { card: early.card })
  assert.deepEqual(await send(early), { state: 'no-answer' })
  for (const { card } of [request, early]) {
    assert.deepEqual((await vault.post('/v1/cards/check', { card })).body, { state: 'unknown' })
    assert.deepEqual(await rowsOf("select id from wrapped_key where id = 'card:' || $1", [card]), [])
  }
})

test('a card that has expired since is refused without asking', async () => {
  const card = await vault.addCard(newNumber())
  await rowsOf('update card set expires = $2 where id = $1', [Buffer.from(card, 'hex'), '2025-01'])
  assert.deepEqual((await vault.authorise(card)).body, { kind: 'refused', code: 'expired', reason: 'card-expired' })
  assert.equal((await vault.post('/v1/cards/check', { card })).body['state'], 'expired')
})

test('a new key goes under everything while payments go on, and the old key is forgotten', async () => {
  const cards = await Promise.all(Array.from({ length: 5 }, () => vault.addCard(newNumber())))
  const early = await requestFor()
  const [before] = (await rowsOf('select id from wrapping')).map(({ id }) => id)
  const isOver = { now: false }
  let paid = 0
  const paying = Promise.all(
    cards.map(async (card) => {
      while (!isOver.now) {
        const { body } = await vault.authorise(card)
        assert.equal(body['kind'], 'approved')
        paid += 1
      }
    }),
  )
  await until(async () => paid > 5)
  const during = [vault.addCard(newNumber()), vault.addCard(newNumber())]
  const count = await rotateVault({ data: vault.folder, database: vault.database })
  assert(count > cards.length)
  const late = paid
  await until(async () => paid > late + 5)
  isOver.now = true
  await paying
  for (const card of await Promise.all(during)) assert.equal((await vault.authorise(card)).body['kind'], 'approved')
  const wrappings = await rowsOf('select distinct wrapping from wrapped_key')
  const [now] = (await rowsOf('select id from wrapping')).map(({ id }) => id)
  assert.notEqual(now, before)
  assert.deepEqual(wrappings, [{ wrapping: now }])
  assert.deepEqual(Object.keys(keyFile().keys), [now])
  // A wallet that has fetched the old key just before is still understood.
  assert.equal((await send(early)).state, 'active')
  assert.equal((await send(await requestFor())).state, 'active')
})

test('of two changes of the key at once the second says that one is going on, and no key is lost', async () => {
  const card = await vault.addCard(newNumber())
  const file = fileKeyStore(join(vault.folder, 'vault.key'))
  const hold = Promise.withResolvers<void>()
  const begun = Promise.withResolvers<void>()
  const slow: KeyStore = {
    ...file,
    async renew() {
      const id = await file.renew()
      begun.resolve()
      await hold.promise
      return id
    },
  }
  const options = { data: vault.folder, database: vault.database }
  const first = rotateVault({ ...options, keyStore: slow })
  await begun.promise
  await assert.rejects(rotateVault(options), /is going on/u).finally(() => hold.resolve())
  assert((await first) > 0)
  assert.equal((await vault.authorise(card)).body['kind'], 'approved')
  assert((await rotateVault(options)) > 0)
  assert.equal((await vault.authorise(card)).body['kind'], 'approved')
})

test('without its key the vault says so and does nothing that needs it; with it, everything is as before', async () => {
  const card = await vault.addCard(newNumber())
  const order = newOrder()
  await vault.authorise(card, { order })
  const place = join(vault.folder, 'vault.key')
  const state = async (): Promise<unknown> => (await vault.get('/v1/health')).body['state']
  const closed = async (): Promise<void> => {
    const { status, body } = await vault.authorise(card)
    assert.deepEqual([status, body['kind']], [503, 'unavailable'])
    assert.equal((await vault.get('/v1/keys')).status, 503)
  }
  renameSync(place, `${place}.away`)
  assert.equal(await state(), 'no-key')
  await closed()
  assert.equal((await vault.follow('capture', order, '1200')).body['kind'], 'done')
  // Nothing is made anew in its place.
  assert(!readdirSync(vault.folder).includes('vault.key'))
  makeKeyFile(place)
  assert.equal(await state(), 'wrong-key')
  await closed()
  renameSync(`${place}.away`, place)
  chmodSync(place, 0o644)
  assert.equal(await state(), 'no-key')
  chmodSync(place, 0o600)
  assert.equal(await state(), 'ready')
  assert.equal((await vault.authorise(card)).body['kind'], 'approved')
})

test('a key with the right name and another content is a wrong key', async () => {
  const place = join(vault.folder, 'vault.key')
  const right = readFileSync(place)
  const request = await requestFor()
  const { current } = keyFile()
  const forged = { current, keys: { [current]: Buffer.alloc(32, 7).toString('base64url') } }
  writeFileSync(place, JSON.stringify(forged))
  assert.equal((await vault.get('/v1/health')).body['state'], 'wrong-key')
  assert.equal((await vault.post('/v1/cards', request)).status, 503)
  writeFileSync(place, right)
  assert.equal((await vault.get('/v1/health')).body['state'], 'ready')
})

test('the files are for their owner alone, and a key store gives back only what it wrapped', async () => {
  for (const name of ['vault.key', 'secret']) assert.equal(statSync(join(vault.folder, name)).mode & 0o777, 0o600, name)
  const store = fileKeyStore(join(vault.folder, 'vault.key'))
  const current = await store.current()
  const wrapped = await store.wrap(current, Buffer.from('a data key'), 'card:1')
  assert.equal(String(await store.unwrap(current, wrapped, 'card:1')), 'a data key')
  await assert.rejects(store.unwrap(current, wrapped, 'card:2'), { name: 'WrongKey' })
  await assert.rejects(store.unwrap('0000', wrapped, 'card:1'), { name: 'WrongKey' })
  for (const at of [0, 12, wrapped.length - 1]) {
    const changed = Buffer.from(wrapped)
    changed[at] = (changed[at] ?? 0) ^ 1
    await assert.rejects(store.unwrap(current, changed, 'card:1'), { name: 'WrongKey' })
  }
})

test('a copy of the database tells no number and no security code, whatever happened', async () => {
  const number = newNumber()
  const request = await requestFor({ number, code: '8642' })
  assert.equal((await send(request)).state, 'active')
  const numbers = [number]
  issuer.replies.authorise = () => (socket) => void socket.destroy()
  await vault.authorise(request.card)
  delete issuer.replies.authorise
  await vault.isUp()
  await vault.authorise(request.card)
  const { body } = await vault.authorise(request.card, { oneTime: true })
  // Border: the vault's own answer.
  const { oneTime } = body as { oneTime?: { number: string } }
  if (oneTime === undefined) throw new Error('no one-time number')
  numbers.push(oneTime.number)
  const texts = await everything()
  assert(texts.includes(request.card), 'the rows of this card are among what was read')
  for (const each of numbers) {
    assert(!texts.includes(each))
    assert(!texts.includes(Buffer.from(each).toString('hex')))
    assert(!texts.includes(Buffer.from(each).toString('base64').replaceAll('=', '')))
  }
  // By itself: among random hex four digits stand by chance.
  assert(!/(?<![0-9a-f])8642(?![0-9a-f])/u.test(texts))
})

// Border: the vault wrote the file.
const keyFile = (path = join(vault.folder, 'vault.key')): { current: string; keys: Record<string, string> } =>
  JSON.parse(readFileSync(path, 'utf8')) as { current: string; keys: Record<string, string> }

const rowsOf = (text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> =>
  withClient(vault.database, async (client) => (await client.query<Record<string, unknown>>(text, values)).rows)

/** Every row of every table as text. */
async function everything(): Promise<string> {
  return withClient(vault.database, async (client: pg.Client) => {
    const { rows: tables } = await client.query<{ name: string }>(
      "select relname as name from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace",
    )
    const texts: string[] = []
    for (const { name } of tables) {
      const { rows } = await client.query<{ text: string }>(`select t::text as text from "${name}" t`)
      texts.push(...rows.map(({ text }) => text))
    }
    return texts.join('\n')
  })
}
