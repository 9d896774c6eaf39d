// A signed request: whatever is changed on the way, the hub notices; and there is one spelling only.
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import { utf8 } from '#core/bytes.ts'
import { parseId } from '#core/ids.ts'
import { contentDigest, signatureBase } from '#protocol/signature-base.ts'
import { enrol, loadIdentity } from '#sdk/identity.ts'
import { openSession } from '#sdk/session.ts'
import { signatureHeaders } from '#sdk/signature.ts'
import { memoryStorage } from '#sdk/storage.ts'
import { systemRandom } from '#sdk/transport.ts'
import { authenticate, isProblem, type HttpRequest } from '#server/auth/authenticate.ts'
import { actorIdOf, authHub, HUB, noWaiting } from './support/auth-hub.ts'

const BODY = utf8('{"command":"cmd_0123456789abcdef0123456789abcdef"}')

async function signedRequest(hub = authHub()) {
  const storage = memoryStorage()
  const code = await hub.terminalCode()
  const enrolled = await enrol({ hub: HUB, storage, code, label: 'Till', fetch: hub.fetch, delay: noWaiting })
  assert(enrolled.ok)
  const identity = await loadIdentity(storage)
  assert(identity)
  const opening = await openSession(identity, hub.clock.now, systemRandom)
  const grant = await hub.sessions.start(opening.request)
  assert(!isProblem(grant))
  const session = await opening.finish(grant)
  assert(session)
  const sign = async (body: Uint8Array | null, now = hub.clock.now): Promise<HttpRequest> => {
    const target = { method: 'POST', path: '/v1/commands/decline', query: 'a=1' }
    const headers = await signatureHeaders({ ...target, body, session: session.id, macKey: session.macKey, now })
    return { ...target, headers, rawBody: body, address: '127.0.0.1' }
  }
  const judge = async (request: HttpRequest): Promise<string> => {
    const actor = await authenticate(request, 'signed', hub.sessions, hub.clock.now)
    return isProblem(actor) ? actor.code : actor.kind
  }
  return { hub, session, opening, grant, identity, sign, judge }
}

test('the digest of RFC 9530 and the base of RFC 9421 are as the RFCs write them', () => {
  assert.equal(contentDigest(utf8('{"hello": "world"}')), 'sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:')
  const request = { method: 'POST', path: '/foo', query: 'param=Value', created: 1618884473, session: 'ses_1' }
  assert.equal(
    signatureBase({ ...request, contentDigest: 'sha-256=:X48E=:' }),
    [
      '"@method": POST',
      '"@path": /foo',
      '"@query": ?param=Value',
      '"content-digest": sha-256=:X48E=:',
      '"@signature-params": ("@method" "@path" "@query" "content-digest");created=1618884473;keyid="ses_1";alg="hmac-sha256"',
    ].join('\n'),
  )
  assert(
    signatureBase({ ...request, query: '', contentDigest: null }).includes(
      '"@query": ?\n"@signature-params": ("@method" "@path" "@query");',
    ),
  )
})

test('a request as it was signed comes from the terminal', async () => {
  const { sign, judge } = await signedRequest()
  assert.equal(await judge(await sign(BODY)), 'terminal')
  assert.equal(await judge(await sign(null)), 'terminal')
})

test('whatever is changed on the way is noticed', async () => {
  const { sign, judge, hub, session } = await signedRequest()
  const right = await sign(BODY)
  const other = await signedRequest(hub)
  const { headers } = right
  const input = String(headers['signature-input'])
  const signature = String(headers.signature)
  const withInput = (changed: string): HttpRequest => ({
    ...right,
    headers: { ...headers, 'signature-input': changed },
  })
  const longer = utf8(`${new TextDecoder().decode(BODY)} `)
  const changes: Record<string, HttpRequest> = {
    method: { ...right, method: 'PUT' },
    path: { ...right, path: '/v1/commands/approve' },
    'path in another spelling': { ...right, path: '/v1/commands/%64ecline' },
    query: { ...right, query: 'a=2' },
    'no query': { ...right, query: '' },
    body: { ...right, rawBody: longer },
    'body with its own digest': {
      ...right,
      rawBody: longer,
      headers: { ...headers, 'content-digest': contentDigest(longer) },
    },
    'no body': { ...right, rawBody: null },
    'no digest': { ...right, headers: { ...headers, 'content-digest': undefined } },
    created: withInput(input.replace(/created=[0-9]+/u, `created=${Math.floor(hub.clock.now / 1000) - 1}`)),
    'key id of another session': withInput(input.replace(session.id, other.session.id)),
    algorithm: withInput(input.replace('hmac-sha256', 'none')),
    'fewer components': withInput(input.replace(' "content-digest"', '')),
    'another order': withInput(input.replace('"@method" "@path"', '"@path" "@method"')),
    'a second signature': withInput(`${input}, sig2=();created=1`),
    'one bit of the MAC': {
      ...right,
      headers: {
        ...headers,
        signature: signature.replace(/=:(.)/u, (_, first: string) => `=:${first === 'A' ? 'B' : 'A'}`),
      },
    },
    'no MAC': { ...right, headers: { ...headers, signature: undefined } },
    'headers twice': { ...right, headers: { ...headers, signature: [signature, signature] } },
  }
  for (const [what, request] of Object.entries(changes)) assert.equal(await judge(request), 'signature-wrong', what)
  assert.equal(await judge({ ...right, headers: {} }), 'signature-needed')
  assert.equal(await judge(withInput(input.replace(session.id, `ses_${'0'.repeat(32)}`))), 'session-ended')
})

test('a captured request is worthless after five minutes, and one from the future too', async () => {
  const { sign, judge, hub } = await signedRequest()
  const request = await sign(BODY)
  hub.clock.now += 5 * 60_000 + 1_000
  assert.equal(await judge(request), 'signature-wrong')
  assert.equal(await judge(await sign(BODY, hub.clock.now + 6 * 60_000)), 'signature-wrong')
  assert.equal(await judge(await sign(BODY)), 'terminal')
})

test('a stolen token reads, and signs nothing', async () => {
  const { session, hub } = await signedRequest()
  const base = { method: 'GET', path: '/v1/self', query: '', rawBody: null, address: '127.0.0.1' }
  const read = async (authorization: string | undefined) => {
    const actor = await authenticate({ ...base, headers: { authorization } }, 'token', hub.sessions, hub.clock.now)
    return isProblem(actor) ? actor.code : actor.kind
  }
  assert.equal(await read(`Bearer ${session.token}`), 'terminal')
  assert.equal(await read(undefined), 'session-needed')
  assert.equal(await read('Bearer nonsense'), 'session-ended')
  assert.equal(await read(`Bearer ${session.id}.${'A'.repeat(43)}`), 'session-ended')
  const request = { ...base, method: 'POST', headers: { authorization: `Bearer ${session.token}` } }
  const actor = await authenticate(request, 'signed', hub.sessions, hub.clock.now)
  assert(isProblem(actor))
  assert.equal(actor.code, 'signature-needed')
})

test('what travels when a session starts is not enough to use it, and it starts once', async () => {
  const { hub, opening, grant, session } = await signedRequest()
  const stored = await hub.directory.sessionOf(parseId('ses', grant.session) ?? assert.fail())
  assert(stored)
  const travelled = JSON.stringify([opening.request, grant])
  assert(!travelled.includes(session.token.split('.')[1] ?? 'never'))
  assert(!travelled.includes(Buffer.from(stored.session.macKey).toString('base64url')))
  const again = await hub.sessions.start(opening.request)
  assert(isProblem(again))
  assert.equal(again.code, 'signature-invalid')
  // Both sides hold the same key, though only the hub's copy can be looked at.
  const mac = await crypto.subtle.sign('HMAC', session.macKey, utf8('x'))
  assert.deepEqual(Buffer.from(mac), createHmac('sha256', stored.session.macKey).update('x').digest())
  await assert.rejects(crypto.subtle.exportKey('raw', session.macKey))
})

test('a session request with anything changed starts nothing', async () => {
  const { hub, identity } = await signedRequest()
  const fresh = async () => (await openSession(identity, hub.clock.now, systemRandom)).request
  const other = await signedRequest(hub)
  const changes = {
    actor: { ...(await fresh()), actor: other.identity.self.id },
    key: { ...(await fresh()), key: other.identity.self.key },
    ephemeral: { ...(await fresh()), ephemeral: (await fresh()).ephemeral },
    'a point that is none': { ...(await fresh()), ephemeral: Buffer.alloc(65, 4).toString('base64url') },
    nonce: { ...(await fresh()), nonce: (await fresh()).nonce },
    at: { ...(await fresh()), at: hub.clock.now - 1 },
    'long ago': (await openSession(identity, hub.clock.now - 6 * 60_000, systemRandom)).request,
    signature: { ...(await fresh()), signature: (await fresh()).signature },
  }
  for (const [what, request] of Object.entries(changes)) {
    const grant = await hub.sessions.start(request)
    assert(isProblem(grant), what)
    assert.equal(grant.code, 'signature-invalid', what)
  }
})

test('a session ends by time, and a revoked terminal is out at once', async () => {
  const { hub, sign, judge, identity } = await signedRequest()
  hub.clock.now += 10 * 60_000
  assert.equal(await judge(await sign(BODY)), 'session-ended')

  const live = await signedRequest(hub)
  assert.equal(await live.judge(await live.sign(BODY)), 'terminal')
  for (const { self } of [identity, live.identity]) {
    const actor = actorIdOf(self)
    await hub.directory.revoke(actor)
    hub.sessions.forget(actor)
  }
  assert.equal(await live.judge(await live.sign(BODY)), 'session-ended')
  const refused = await hub.sessions.start((await openSession(identity, hub.clock.now, systemRandom)).request)
  assert(isProblem(refused))
  assert.equal(refused.code, 'terminal-inactive')
})

test('a revocation made by another hub arrives within two seconds, and a session of one hub is good at the other', async () => {
  const { hub, identity, sign, judge } = await signedRequest()
  const other = authHub({ directory: hub.directory, clock: hub.clock })
  const request = await sign(BODY)
  assert.equal(await judge(request), 'terminal')
  const actor = await authenticate(request, 'signed', other.sessions, hub.clock.now)
  assert(!isProblem(actor))
  await hub.directory.revoke(actorIdOf(identity.self))
  hub.clock.now += 2_000
  for (const { sessions } of [hub, other]) {
    const after = await authenticate(request, 'signed', sessions, hub.clock.now)
    assert(isProblem(after) && after.code === 'session-ended')
  }
})
