// Revoked at one hub, out at every other: two hubs on one database whose watchers practically never look by themselves, so that only
// the news between hubs can end a stream.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { WebSocket } from 'ws'
import { parseId } from '#core/ids.ts'
import { enrolled, startTestHub, until, type TestHub } from './support/hub.ts'
import { assertProblem, newCommand, speaker, type Speaker } from './support/raw-client.ts'
import { enrolWith, hereAt, openShop, setPinAt, signInAt } from './support/staff.ts'

const NEVER_MS = 24 * 3_600_000
let one: TestHub
let two: TestHub
let desk: Speaker

before(async () => {
  one = await startTestHub({ lookEveryMs: NEVER_MS })
  two = await startTestHub({ settings: one.settings, lookEveryMs: NEVER_MS })
  desk = await speaker(one, 'desk', await enrolled(one, 'desk'))
})
after(() => Promise.all([one.stop(), two.stop()]))

/** `closed` waits for the end, and gives its code. */
type Stream = Readonly<{ closed(): Promise<number>; isOpen(): boolean }>

/** A stream at a hub whose hello was heard. */
async function stream(hub: TestHub, { session }: Speaker): Promise<Stream> {
  const socket = new WebSocket(`${hub.url.replace('http', 'ws')}/v1/watch`)
  const messages: string[] = []
  let code: number | undefined
  socket.on('close', (heard) => (code = heard))
  socket.on('message', (data: Buffer) => messages.push(data.toString('utf8')))
  socket.on('open', () => socket.send(JSON.stringify({ type: 'hello', token: session.token })))
  await until(() => messages.some((text) => text.includes('"ready"')))
  return { closed: () => until(() => code), isOpen: () => socket.readyState === WebSocket.OPEN }
}

/** The same session at another hub. */
const readsAt = (hub: TestHub, { session }: Speaker, path: string) =>
  fetch(`${hub.url}${path}`, { headers: { authorization: `Bearer ${session.token}` } }).then(async (response) => ({
    status: response.status,
    // Border: a problem or a view, of which the tests ask for the code alone.
    code: ((await response.json()) as { code?: string }).code,
  }))

const does = async (name: string, body: object): Promise<Record<string, unknown>> => {
  const reply = await desk.signed({
    path: `/v1/operator/commands/${name}`,
    body: { command: newCommand(), why: 'test', ...body },
  })
  assert.equal(reply.status, 200, reply.text)
  return reply.body
}

describe('the streams at both hubs end, and no session is believed any more', () => {
  test('of a phone that the operator revokes; another phone of the same person stays', async () => {
    const [lost, kept] = [await speaker(one, 'hanako'), await speaker(one, 'hanako')]
    const streams = [await stream(one, lost), await stream(two, lost)]
    const others = [await stream(one, kept), await stream(two, kept)]
    assert.equal((await readsAt(two, lost, '/v1/inbox')).status, 200)
    await does('revoke', { actor: lost.self.id })
    for (const { closed } of streams) assert.equal(await closed(), 4401)
    for (const hub of [one, two]) assert.equal((await readsAt(hub, lost, '/v1/inbox')).code, 'session-ended')
    assert.deepEqual(
      others.map(({ isOpen }) => isOpen()),
      [true, true],
    )
  })

  test('of a phone and a till whose account is closed', async () => {
    const shop = await openShop(one, desk, 'Closing')
    const till = await shop.terminal()
    const there = await stream(two, till)
    await does('close', { account: shop.account })
    assert.equal(await there.closed(), 4401)
    assert.equal((await readsAt(two, till, '/v1/deals')).code, 'session-ended')
  })

  test('of a till that its owner revokes at the other hub', async () => {
    const shop = await openShop(one, desk, 'Owned')
    const [till, lost] = [await shop.terminal(), await shop.terminal()]
    assert.equal((await setPinAt(till, await shop.invite('Maki', 'owner'), '1111')).status, 200)
    const there = await stream(two, lost)
    const reply = await till.signed({ path: '/v1/staff/terminals/revoke', body: { terminal: lost.self.id } })
    assert.equal(reply.status, 200, reply.text)
    assert.equal(await there.closed(), 4401)
  })

  test('of an operator', async () => {
    const { code } = await does('invite', { to: { kind: 'operator', name: 'Baba' } })
    const baba = await enrolWith(one, String(code))
    const there = await stream(two, baba)
    await does('revoke', { actor: baba.self.id })
    assert.equal(await there.closed(), 4401)
    assert.equal((await readsAt(two, baba, '/v1/operator/rules')).code, 'session-ended')
  })

  test('of whoever is revoked through `revoked`, as people do it with their own phones', async () => {
    const lost = await speaker(two, 'kenji')
    const id = parseId('dev', lost.self.id) ?? assert.fail()
    const streams = [await stream(one, lost), await stream(two, lost)]
    await one.directory.revoke(id)
    one.revoked(id)
    for (const { closed } of streams) assert.equal(await closed(), 4401)
  })
})

test('who stands at a till is known at the other hub; its streams stay', async () => {
  const shop = await openShop(one, desk, 'Two hubs')
  const till = await shop.terminal()
  assert.equal((await setPinAt(till, await shop.invite('Maki', 'owner'), '1111')).status, 200)
  const owner = (await hereAt(till)).cashier?.id ?? assert.fail()
  const there = await stream(two, till)
  assert.equal((await readsAt(two, till, '/v1/sales')).status, 200)
  const out = await till.signed({ path: '/v1/staff/sign-out', body: {} })
  assert.equal(assertProblem(await till.reads('/v1/sales'), 'here'), 'cashier-needed')
  assert.equal(out.status, 200)
  await until(async () => (await readsAt(two, till, '/v1/sales')).code === 'cashier-needed')
  assert.equal((await signInAt(till, owner, '1111')).status, 200)
  await until(async () => (await readsAt(two, till, '/v1/sales')).status === 200)
  assert.ok(there.isOpen())
})

test('whoever keeps a revoked stream’s connection open hears nothing on it', async () => {
  const lost = await speaker(one, 'hanako')
  const socket = new WebSocket(`${one.url.replace('http', 'ws')}/v1/watch`)
  const messages: string[] = []
  socket.on('message', (data: Buffer) => messages.push(data.toString('utf8')))
  await new Promise((resolve) => socket.on('open', resolve))
  socket.send(JSON.stringify({ type: 'hello', token: lost.session.token }))
  socket.send(JSON.stringify({ type: 'watch', topic: 'inbox' }))
  await until(() => messages.some((text) => text.includes('"inbox"')))
  const closing = new Promise((resolve) => socket.on('close', resolve))
  await does('revoke', { actor: lost.self.id })
  const heard = messages.length
  socket.send(JSON.stringify({ type: 'ping' }))
  await closing
  assert.equal(messages.length, heard)
})
