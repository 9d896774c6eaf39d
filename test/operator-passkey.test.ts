// Operators and their passkeys, in a scheme that is no demo: who comes in with what, for how long, and what a key alone may do.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { randomBytes } from 'node:crypto'
import { LIMITS } from '#protocol/limits.ts'
import { OPERATOR_COMMAND_ROUTES, OPERATOR_ROUTES } from '#protocol/operator.ts'
import type { PasskeyAssertion } from '#protocol/routes.ts'
import { openClient, type Client } from '#sdk/client.ts'
import { enrol } from '#sdk/identity.ts'
import { openSession, type AskPasskey } from '#sdk/session.ts'
import { memoryStorage, type Storage } from '#sdk/storage.ts'
import { createScheme } from '#server/postgres/scheme.ts'
import type { HubOptions } from '#server/hub.ts'
import { softwareAuthenticator, type SoftwareAuthenticator, type Twist } from './support/authenticator.ts'
import { enrolled, startTestHub, type TestHub } from './support/hub.ts'
import { migratedDatabase, withClient } from './support/postgres.ts'
import { ask, assertProblem, fingerprint, newCommand, type Reply } from './support/raw-client.ts'
import { BUCKETS, JPY } from './support/world.ts'

type Row = Record<string, unknown>

/** A hub of a scheme that is no demo. */
async function startRealHub(over: Partial<HubOptions> = {}): Promise<TestHub> {
  const settings = await migratedDatabase()
  await createScheme(settings, { name: 'Real town', demo: false, buckets: BUCKETS, unit: JPY })
  return startTestHub({ settings, ...over })
}

const query = async (hub: TestHub, text: string, values: unknown[] = []): Promise<Row[]> =>
  withClient(hub.settings, async (client) => (await client.query<Row>(text, values)).rows)

/** Enrolled with a code; the client asks `passkey` when the hub wants one. */
async function operator(
  hub: TestHub,
  code: string,
  passkey?: AskPasskey,
): Promise<{ client: Client; storage: Storage }> {
  const storage = memoryStorage()
  assert.ok((await enrol({ hub: hub.url, storage, code, label: 'Aoki' })).ok)
  return { storage, client: openClient({ hub: hub.url, storage, ...(passkey && { passkey }) }) }
}

const firstOperator = async (hub: TestHub, passkey?: AskPasskey) =>
  operator(hub, (await hub.operators.openFirstCode(60_000)) ?? assert.fail('there is an operator already'), passkey)

async function addPasskey(client: Client, key: SoftwareAuthenticator): Promise<string> {
  const options = await client.call('passkeyOptions', { body: {} })
  if (!options.ok) return options.problem.code
  const added = await client.call('passkey', { body: key.register(options.view.challenge) })
  return added.ok ? 'done' : added.problem.code
}

const rules = (client: Client): Promise<string> =>
  client
    .request({ method: 'GET', path: '/v1/operator/rules', access: 'token' })
    .then((read) => (read.ok ? 'done' : read.problem.code))

/** One start of a session, with whatever assertion the test gives. */
async function startSession(
  hub: TestHub,
  client: Client,
  passkey?: (challenge: Uint8Array) => PasskeyAssertion | undefined,
  at = Date.now(),
): Promise<{ reply: Reply; request: object }> {
  const identity = (await client.identity()) ?? assert.fail()
  const random = (length: number) => Uint8Array.from(randomBytes(length))
  const { request } = await openSession(identity, at, random, async (challenge) => passkey?.(challenge))
  return { reply: await ask(hub, { path: '/v1/sessions', body: request }), request }
}

describe('in a scheme that is no demo', () => {
  let hub: TestHub
  before(async () => {
    hub = await startRealHub()
  })
  after(() => hub.stop())
  const forget = (): Promise<Row[]> => query(hub, 'update operator set proved_at = 0')

  test('a fresh operator may make a passkey and nothing else; with it the desk opens', async () => {
    const key = softwareAuthenticator({ origin: hub.url, rpId: 'localhost' })
    let asked = 0
    const { client } = await firstOperator(hub, async (challenge) => {
      asked++
      return key.assertion(challenge)
    })
    const before = await fingerprint(hub.settings, ['session', 'budget'])
    const reads = Object.values(OPERATOR_ROUTES).map((route) => ({ ...route, access: route.access }))
    for (const { method, path, access } of [...reads, ...OPERATOR_COMMAND_ROUTES.map(({ route }) => route)]) {
      assert.ok(access !== 'open')
      const body = method === 'POST' ? { body: { command: newCommand(), why: 'x' } } : {}
      const reply = await client.request({
        method,
        path: path.replace('{party}', `pty_${'0'.repeat(32)}`),
        access,
        ...body,
      })
      assert.equal(reply.ok ? 'done' : reply.problem.code, 'passkey-needed', path)
    }
    const certificate = await client.request({ method: 'POST', path: '/v1/certificates', access: 'signed', body: {} })
    assert.equal(certificate.ok ? 'done' : certificate.problem.code, 'passkey-needed')
    assert.deepEqual(await fingerprint(hub.settings, ['session', 'budget']), before)
    const self = await client.self()
    assert.ok(self.ok && self.view.kind === 'operator')
    assert.deepEqual([self.view.role, self.view.passkeys, asked], ['chief', [], 0])

    assert.equal(await addPasskey(client, key), 'done')
    assert.equal(await rules(client), 'done')
    assert.equal(asked, 1)
    const again = await client.self()
    assert.ok(again.ok && again.view.kind === 'operator' && again.view.passkeys.length === 1)
  })

  test('for eight hours the key alone renews; after that the passkey is asked for again', async () => {
    await query(hub, `update operator set status = 'revoked'`)
    const key = softwareAuthenticator({ origin: hub.url, rpId: 'localhost' })
    let asked = 0
    const { client, storage } = await firstOperator(hub, async (challenge) => {
      asked++
      return key.assertion(challenge)
    })
    assert.equal(await addPasskey(client, key), 'done')
    assert.equal(await rules(client), 'done')
    // Another tab, without a passkey to ask for: within the hours the key is enough.
    const tab = openClient({ hub: hub.url, storage })
    assert.equal(await rules(tab), 'done')
    const ago = (ms: number): Promise<Row[]> => query(hub, 'update operator set proved_at = $1', [Date.now() - ms])
    await ago(LIMITS.operatorProofMs - 60_000)
    assert.deepEqual([await rules(tab), asked], ['done', 1])
    await ago(LIMITS.operatorProofMs + 60_000)
    assert.equal(await rules(tab), 'passkey-needed', 'also in a session that is under way')
    assert.equal(await rules(openClient({ hub: hub.url, storage })), 'passkey-needed')
    assert.deepEqual([await rules(client), asked], ['done', 2])
    assert.equal(await rules(tab), 'done')
  })

  test('an assertion that is wrong in anything starts no session', async () => {
    await query(hub, `update operator set status = 'revoked'`)
    const key = softwareAuthenticator({ origin: hub.url, rpId: 'localhost' })
    const other = softwareAuthenticator({ origin: hub.url, rpId: 'localhost' })
    const { client } = await firstOperator(hub)
    assert.equal(await addPasskey(client, key), 'done')
    const twists: Record<string, Twist> = {
      'another origin': { origin: 'https://evil.example' },
      'another rp id': { rpId: 'evil.example' },
      'another type': { type: 'webauthn.create' },
      'payment.get': { type: 'payment.get' },
      'another challenge': { challenge: 'A'.repeat(43) },
      'nobody verified': { isVerified: false },
      'nobody present': { isPresent: false },
      'signed something else': { signed: randomBytes(64) },
    }
    const unproved = async (): Promise<number> =>
      Number((await query(hub, `select max(proved_at) as at from operator where status = 'active'`))[0]?.at)
    for (const [about, twist] of Object.entries(twists)) {
      const { reply } = await startSession(hub, client, (challenge) => key.assertion(challenge, twist))
      assert.equal(assertProblem(reply, about), 'signature-invalid', about)
    }
    const foreign = await startSession(hub, client, (challenge) => other.assertion(challenge))
    assert.equal(assertProblem(foreign.reply, 'foreign key'), 'signature-invalid')
    const old = key.assertion(randomBytes(32))
    assert.equal(
      assertProblem((await startSession(hub, client, () => old)).reply, 'of another session'),
      'signature-invalid',
    )
    assert.equal(assertProblem((await startSession(hub, client)).reply, 'none'), 'passkey-needed')
    assert.equal(await unproved(), 0)

    const good = await startSession(hub, client, (challenge) => key.assertion(challenge))
    assert.equal(good.reply.status, 200)
    assert.ok((await unproved()) > 0)
    await forget()
    const replayed = await ask(hub, { path: '/v1/sessions', body: good.request })
    assert.equal(assertProblem(replayed, 'the whole request again'), 'signature-invalid')
    assert.equal(await unproved(), 0, 'a replay renews nothing')
    const far = await startSession(hub, client, (challenge) => key.assertion(challenge), Date.now() - 10 * 60_000)
    assert.equal(assertProblem(far.reply, 'clock far off'), 'signature-invalid')
  })

  test('with a passkey made, the key alone makes no second one', async () => {
    await query(hub, `update operator set status = 'revoked'`)
    const [key, thief] = [1, 2].map(() => softwareAuthenticator({ origin: hub.url, rpId: 'localhost' }))
    assert.ok(key && thief)
    const { client } = await firstOperator(hub)
    assert.equal(await addPasskey(client, key), 'done')
    // The session from before is still there.
    assert.equal(await addPasskey(client, thief), 'passkey-needed')
  })

  test('a passkey of somebody else is worth nothing, not another operator’s either', async () => {
    await query(hub, `update operator set status = 'revoked'`)
    const [one, two] = [1, 2].map(() => softwareAuthenticator({ origin: hub.url, rpId: 'localhost' }))
    assert.ok(one && two)
    const chief = await firstOperator(hub, async (challenge) => one.assertion(challenge))
    assert.equal(await addPasskey(chief.client, one), 'done')
    const invited = await chief.client.request<{ code: string }>({
      method: 'POST',
      path: '/v1/operator/commands/invite',
      access: 'signed',
      body: { command: newCommand(), why: 'x', to: { kind: 'operator', name: 'Baba', role: 'auditor' } },
    })
    assert.ok(invited.ok, invited.ok ? '' : invited.problem.code)
    const baba = await operator(hub, invited.view.code)
    assert.equal(await addPasskey(baba.client, two), 'done')
    const { reply } = await startSession(hub, baba.client, (challenge) => one.assertion(challenge))
    assert.equal(assertProblem(reply, 'another’s'), 'signature-invalid')
    assert.equal((await startSession(hub, baba.client, (challenge) => two.assertion(challenge))).reply.status, 200)
  })
})

test('a hub that is reached by address has no passkeys: there the key alone opens the desk', async () => {
  const hub = await startRealHub({ publicUrl: 'http://192.0.2.7' })
  try {
    const { client } = await firstOperator(hub)
    assert.equal(await rules(client), 'done')
    const key = softwareAuthenticator({ origin: hub.url, rpId: 'localhost' })
    assert.equal(await addPasskey(client, key), 'no-host-name')
  } finally {
    await hub.stop()
  }
})

test('in a demo the desk opens without one, until a visitor makes one', async () => {
  const hub = await startTestHub()
  try {
    const client = await enrolled(hub, 'desk')
    assert.equal(await rules(client), 'done')
    const key = softwareAuthenticator({ origin: hub.url, rpId: 'localhost' })
    assert.equal(await addPasskey(client, key), 'done')
    assert.equal(await rules(client), 'passkey-needed')
    assert.equal((await startSession(hub, client, (challenge) => key.assertion(challenge))).reply.status, 200)
    client.close()
  } finally {
    await hub.stop()
  }
})
