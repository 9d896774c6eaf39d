// Sessions that are somebody else's, of another scheme, begun with chosen values, stolen, or ended on the way: none changes anything.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { ALL_ROUTES, type Route } from '#protocol/routes.ts'
import { openClient } from '#sdk/client.ts'
import { enrol } from '#sdk/identity.ts'
import { openSession } from '#sdk/session.ts'
import { memoryStorage } from '#sdk/storage.ts'
import { createScheme } from '#server/postgres/scheme.ts'
import { openBank, type Bank } from '../support/bank.ts'
import { startTestHub, type TestHub } from '../support/hub.ts'
import { migratedDatabase } from '../support/postgres.ts'
import {
  ask,
  assertProblem,
  fingerprint,
  newCommand,
  newDeal,
  signatureOf,
  speaker,
  type Reply,
  type Speaker,
} from '../support/raw-client.ts'
import { BUCKETS, JPY } from '../support/world.ts'

let bank: Bank
/** a hub of another scheme, which is no demo */
let real: TestHub
let hanako: Speaker
let tablet: Speaker
let till: Speaker

before(async () => {
  bank = await openBank()
  const settings = await migratedDatabase()
  await createScheme(settings, { name: 'Real town', demo: false, buckets: BUCKETS, unit: JPY })
  real = await startTestHub({ settings })
  hanako = await speaker(bank.hub, 'hanako', bank.hanako)
  tablet = await speaker(bank.hub, 'hanako', bank.tablet)
  till = await speaker(bank.hub, 'register', bank.register)
})
after(async () => {
  await real.stop()
  await bank.close()
})

const askedAt = (route: Route): { method: string; path: string; body?: object } => ({
  method: route.method,
  path: route.path
    .replace('{deal}', newDeal())
    .replace('{payment}', `pay_0002${'5'.repeat(28)}`)
    .replace('{party}', `pty_0002${'5'.repeat(28)}`),
  ...(route.method === 'POST' && { body: { command: newCommand(), why: 'x' } }),
})

/** Keys of OpenID, which a new hub makes beside its work. */
const MADE_AT_START = ['hub_key']

const closed = ALL_ROUTES.filter(({ access }) => access !== 'open')

const random = (length: number) => Uint8Array.from(randomBytes(length))
const start = (body: object, hub: { url: string } = bank.hub): Promise<Reply> =>
  ask(hub, { path: '/v1/sessions', body })

test('a session begins once for each nonce, whatever else is new about the request', async () => {
  const identity = (await bank.hanako.identity()) ?? assert.fail()
  const nonce = random(16)
  const [first, second] = [0, 1].map(() => openSession(identity, Date.now(), () => nonce))
  const [one, two] = [await first, await second]
  assert.ok(one && two)
  assert.notEqual(one.request.ephemeral, two.request.ephemeral)
  const granted = await start(one.request)
  assert.equal(granted.status, 200)
  assert.equal(assertProblem(await start(two.request), 'the same nonce'), 'signature-invalid')
  assert.equal(assertProblem(await start(one.request), 'the same request'), 'signature-invalid')
  // Who heard all of it has no key: neither half alone derives what the other side has.
  const made = await two.finish(granted.body as Parameters<typeof two.finish>[0])
  const token = made?.token ?? 'none'
  const read = await ask(bank.hub, { method: 'GET', path: '/v1/self', headers: { authorization: `Bearer ${token}` } })
  assert.equal(assertProblem(read, 'the other half'), 'session-ended')
})

test('a point that is no point, or everybody’s, begins nothing', async () => {
  const identity = (await bank.hanako.identity()) ?? assert.fail()
  const { request } = await openSession(identity, Date.now(), random)
  for (const ephemeral of [
    Buffer.alloc(65),
    Buffer.concat([Buffer.of(4), Buffer.alloc(64)]),
    Buffer.alloc(65, 0xff),
    Buffer.alloc(33, 2),
  ])
    assert.equal(
      assertProblem(await start({ ...request, ephemeral: ephemeral.toString('base64url') }), ephemeral.toString('hex')),
      'signature-invalid',
    )
})

test('who is unknown and who is known begin a session with the same answer to a wrong signature', async () => {
  const identity = (await bank.hanako.identity()) ?? assert.fail()
  const { request } = await openSession(identity, Date.now(), random)
  const wrong = { ...request, signature: 'A'.repeat(86) }
  const [known, unknown] = [
    await start(wrong),
    await start({ ...wrong, actor: `dev_0002${'5'.repeat(28)}`, key: `key_${'5'.repeat(32)}` }),
  ]
  assert.deepEqual([known.status, known.text], [unknown.status, unknown.text])
})

test('a session of one scheme is nothing at the hub of another, on every route', async () => {
  const tables = await fingerprint(real.settings, MADE_AT_START)
  for (const route of closed) {
    const asked = askedAt(route)
    const headers =
      route.access === 'token'
        ? { authorization: `Bearer ${hanako.session.token}` }
        : await signatureOf(hanako.session, asked)
    assert.equal(assertProblem(await ask(real, { ...asked, headers }), route.path), 'session-ended', route.path)
  }
  const identity = (await bank.hanako.identity()) ?? assert.fail()
  const { request } = await openSession(identity, Date.now(), random)
  assert.equal(assertProblem(await start(request, real), 'its key'), 'signature-invalid')
  assert.deepEqual(await fingerprint(real.settings, MADE_AT_START), tables)
})

test('a stolen token reads at most, and changes nothing, on every route', async () => {
  const tables = await fingerprint(bank.hub.settings, MADE_AT_START)
  for (const by of [hanako, till])
    for (const route of closed) {
      const asked = askedAt(route)
      const headers = { authorization: `Bearer ${by.session.token}` }
      const reply = await ask(bank.hub, { ...asked, headers })
      if (route.access === 'signed') assert.equal(assertProblem(reply, route.path), 'signature-needed')
      else if (reply.status !== 200)
        assert.match(
          assertProblem(reply, route.path),
          /^(not-found|not-allowed|field-invalid|day-invalid|cashier-needed|cards-unavailable)$/,
        )
    }
  assert.deepEqual(await fingerprint(bank.hub.settings, MADE_AT_START), tables)
})

test('a key of which only the token is known signs nothing, made into a MAC key in any way', async () => {
  const asked = { path: '/v1/units', body: { unit: 'EUR' } }
  const { token, id } = hanako.session
  const secret = token.split('.')[1] ?? ''
  for (const raw of [
    Buffer.from(token),
    Buffer.from(secret),
    Buffer.from(secret, 'base64url'),
    Buffer.from(id),
    Buffer.alloc(32),
  ]) {
    const macKey = await crypto.subtle.importKey('raw', raw, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
    const headers = await signatureOf({ ...hanako.session, macKey }, asked)
    assert.equal(assertProblem(await ask(bank.hub, { ...asked, headers }), raw.toString('hex')), 'signature-wrong')
  }
})

test('an operator without a passkey comes in at no operator’s route', async () => {
  const code = (await real.operators.openFirstCode(60_000)) ?? assert.fail()
  const storage = memoryStorage()
  assert.ok((await enrol({ hub: real.url, storage, code, label: 'Aoki' })).ok)
  const desk = await speaker(real, 'desk', openClient({ hub: real.url, storage }))
  const routes = ALL_ROUTES.filter(({ who }) => who === 'operator')
  assert.ok(routes.length > 20)
  const tables = await fingerprint(real.settings, MADE_AT_START)
  for (const route of routes) {
    const asked = askedAt(route)
    const headers =
      route.access === 'token'
        ? { authorization: `Bearer ${desk.session.token}` }
        : await signatureOf(desk.session, asked)
    const reply = await ask(real, { ...asked, headers })
    assert.equal(assertProblem(reply, route.path), 'passkey-needed', route.path)
  }
  assert.deepEqual(await fingerprint(real.settings, MADE_AT_START), tables)
  desk.client.close()
})

test('a phone that is taken away on the way does nothing more, on every route and with what it signed before', async () => {
  const mayCall = closed.filter(
    ({ who }) => who === undefined || ['device', 'biller', 'holder', 'keeper'].includes(who),
  )
  const signedBefore = await Promise.all(
    mayCall.map(async (route) => {
      const asked = askedAt(route)
      const headers =
        route.access === 'token'
          ? { authorization: `Bearer ${tablet.session.token}` }
          : await signatureOf(tablet.session, asked)
      return { route, asked: { ...asked, headers } }
    }),
  )
  const taken = await hanako.signed({ path: '/v1/devices/revoke', body: { device: tablet.self.id } })
  assert.equal(taken.status, 200, taken.text)
  const tables = await fingerprint(bank.hub.settings, MADE_AT_START)
  for (const { route, asked } of signedBefore)
    assert.equal(assertProblem(await ask(bank.hub, asked), route.path), 'session-ended', route.path)
  const identity = (await bank.tablet.identity()) ?? assert.fail()
  const { request } = await openSession(identity, Date.now(), random)
  assert.equal(assertProblem(await start(request), 'a new session'), 'device-revoked')
  assert.deepEqual(await fingerprint(bank.hub.settings, MADE_AT_START), tables)
})
