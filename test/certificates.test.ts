// Client certificates over real TLS: an enrolled key, certified by the hub, opens the same routes without a session. What is not exactly
// that opens nothing.
import assert from 'node:assert/strict'
import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, request, type RequestOptions } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { connect, type TLSSocket } from 'node:tls'
import { fromBase64url, toBase64url } from '#core/bytes.ts'
import { parseId } from '#core/ids.ts'
import { billToWire } from '#protocol/bill.ts'
import { COMMAND_ROUTES, ROUTES } from '#protocol/routes.ts'
import { enrolmentBytes } from '#protocol/signed-bytes.ts'
import type { SchemeView, SelfView } from '#protocol/views.ts'
import { approve } from '#sdk/approval.ts'
import { clientOver, type Client } from '#sdk/client.ts'
import type { Identity } from '#sdk/identity.ts'
import { memoryStorage } from '#sdk/storage.ts'
import type { Transport } from '#sdk/transport.ts'
import { issueCertificate, makeAuthority } from '#server/auth/certificates.ts'
import { deviceAuthority } from '#server/postgres/device-authority.ts'
import { ensureTls, type Tls } from '#server/tls.ts'
import { PIN } from './support/bank.ts'
import { startTestHub, until, type TestHub } from './support/hub.ts'
import { withClient } from './support/postgres.ts'
import { newCommand, newDeal } from './support/raw-client.ts'
import { billOf } from './support/world.ts'

type Reply = Readonly<{ status: number; body: Record<string, unknown> }>
type Ask = Readonly<{ method?: string; path: string; body?: object; headers?: Record<string, string> }>
type Shown = Pick<RequestOptions, 'key' | 'cert'>
type Machine = Readonly<{ privateKey: KeyObject; key: string; self: SelfView; scheme: SchemeView; cert: string }>

const NOBODY: Shown = {}
const DAY_MS = 24 * 3_600_000
let folder = ''
let tls: Tls
let hub: TestHub
let url = ''

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'warifu-certificates-'))
  tls = await ensureTls(folder, [], new Date())
  hub = await startTestHub({ tls: { cert: tls.cert, key: tls.key } })
  url = `https://localhost:${hub.port}`
})
after(async () => {
  await hub.stop()
  await rm(folder, { recursive: true, force: true })
})

function ask(
  shown: Shown,
  { method = 'GET', path, body, headers = {} }: Ask,
  agent: Agent | false = false,
): Promise<Reply> {
  const text = body === undefined ? undefined : JSON.stringify(body)
  return new Promise((resolve, reject) => {
    const sent = request(
      `${url}${path}`,
      {
        method,
        ca: tls.caPem,
        agent,
        ...shown,
        headers: { ...(text !== undefined && { 'content-type': 'application/json' }), ...headers },
      },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            // Border: every answer of the hub that is asked for here is a JSON object.
            body: JSON.parse(Buffer.concat(chunks).toString('utf8')) as Record<string, unknown>,
          }),
        )
      },
    )
    sent.on('error', reject)
    sent.end(text)
  })
}

const codeOf = ({ status, body }: Reply): string => (status === 200 ? 'done' : String(body.code))

/** A machine with a key of its own, enrolled and certified as it would do it itself: by a session's signature once, then by certificate. */
async function machine(who: string): Promise<Machine> {
  const made = await ask(NOBODY, { method: 'POST', path: ROUTES.demoCode.path, body: { who } })
  const code = String(made.body.code)
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
  const point = Uint8Array.from([4, ...(fromBase64url(x) ?? []), ...(fromBase64url(y) ?? [])])
  const signature = sign('sha256', enrolmentBytes(code, point), { key: privateKey, dsaEncoding: 'ieee-p1363' })
  const body = { code, key: toBase64url(point), label: who, signature: toBase64url(signature) }
  const enrolled = await ask(NOBODY, { method: 'POST', path: ROUTES.enrol.path, body })
  assert.equal(enrolled.status, 200, JSON.stringify(enrolled.body))
  // Border: the hub's own answer.
  const { self, scheme } = enrolled.body as unknown as { self: SelfView; scheme: SchemeView }
  const { certificate: cert } = await certified(self)
  return { privateKey, key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), self, scheme, cert }
}

const authority = () => deviceAuthority(hub.database, () => assert.fail('the hub has made it'))()

/** The certificate as of `now`. */
async function certified({ id }: Pick<SelfView, 'id'>, now = Date.now(), by = authority) {
  const actor = parseId('dev', id) ?? parseId('trm', id) ?? parseId('opr', id) ?? assert.fail()
  const identity = (await hub.directory.identityOf(actor)) ?? assert.fail()
  return issueCertificate(await by(), identity, now)
}

const shownBy = ({ key, cert }: Machine): Shown => ({ key, cert })
const command = (shown: Shown, name: string, body: object, headers: Record<string, string> = {}): Promise<Reply> =>
  ask(shown, { method: 'POST', path: `/v1/commands/${name}`, body: { command: newCommand(), ...body }, headers })

/** The SDK's client whose wire is a connection with this certificate: no session, no signatures of requests. */
function clientOf(of: Machine): Client {
  const identity: Identity = {
    self: of.self,
    scheme: of.scheme,
    sign: async (bytes) => Uint8Array.from(sign('sha256', bytes, { key: of.privateKey, dsaEncoding: 'ieee-p1363' })),
  }
  const transport: Transport = {
    async call({ method, path, query, body }) {
      const search = query === undefined ? '' : `?${new URLSearchParams(query).toString()}`
      const sent = await ask(shownBy(of), { method, path: `${path}${search}`, ...(body !== undefined && { body }) })
      return { ...sent, retryAfterMs: null }
    },
    connect: () => assert.fail('nothing is watched here'),
  }
  return clientOver({ storage: memoryStorage(), transport, identity: async () => identity })
}

describe('a connection with a certificate', () => {
  test('reads, asks, joins and approves at the same routes, and money moves', async () => {
    const [till, phone] = [await machine('register'), await machine('hanako')]
    const [register, hanako] = [clientOf(till), clientOf(phone)]
    const self = await register.self()
    assert.ok(self.ok)
    assert.equal(self.view.id, till.self.id)
    const before = await register.balances()
    assert.ok(before.ok)

    const offered = await register.send('open-offer', { deal: newDeal(), bill: billToWire(billOf(500n)) })
    assert.ok(offered.ok && offered.view.deal)
    const token = offered.view.deal.ticket?.link.split('/').at(-1) ?? ''
    const joined = await hanako.send('join', { credential: { kind: 'token', token } })
    assert.ok(joined.ok && joined.view.payment, JSON.stringify(joined))
    const approved = await approve(hanako, joined.view.payment, PIN)
    assert.ok(approved.ok && approved.view.payment, JSON.stringify(approved))
    assert.equal(approved.view.payment.state, 'settled')
    await until(async () => {
      const now = await register.balances()
      return (
        now.ok && BigInt(now.view.balances[0]?.balance ?? 0) === BigInt(before.view.balances[0]?.balance ?? 0) + 500n
      )
    })
  })

  test('gets its next certificate by the present one: of its own key, for ninety days', async () => {
    const phone = await machine('hanako')
    const reply = await ask(shownBy(phone), { method: 'POST', path: '/v1/certificates', body: {} })
    assert.equal(reply.status, 200, JSON.stringify(reply.body))
    const { certificate, notAfter } = reply.body
    assert.ok(Math.abs(Number(notAfter) - Date.now() - 90 * DAY_MS) < 60_000)
    assert.equal(codeOf(await ask({ key: phone.key, cert: String(certificate) }, { path: '/v1/inbox' })), 'done')
  })

  test('may do no more than its kind, and what its approval lacks it does not replace', async () => {
    const [till, phone] = [await machine('register'), await machine('hanako')]
    assert.equal(codeOf(await ask(shownBy(till), { path: '/v1/inbox' })), 'not-allowed')
    assert.equal(codeOf(await ask(shownBy(phone), { path: '/v1/operator/rules' })), 'not-allowed')
    const approval = toBase64url(randomBytes(162))
    const body = {
      payment: `pay_0002${'0'.repeat(28)}`,
      approval,
      signature: toBase64url(randomBytes(64)),
      proof: null,
    }
    assert.equal(codeOf(await command(shownBy(phone), 'approve', body)), 'signature-invalid')
  })
})

test('a further connection that resumes the TLS session of the first shows the same certificate', async () => {
  const phone = await machine('hanako')
  const agent = new Agent({ ca: tls.caPem, ...shownBy(phone), keepAlive: false })
  const reused: boolean[] = []
  agent.on('keylog', (_line: Buffer, socket: TLSSocket) => reused.push(socket.isSessionReused()))
  for (let round = 0; round < 3; round++) {
    assert.equal(codeOf(await ask({}, { path: '/v1/inbox' }, agent)), 'done')
  }
  assert.ok(reused.includes(true), 'a session was resumed')
  agent.destroy()
})

describe('nobody', () => {
  const everywhere = [
    ...[ROUTES.self, ROUTES.inbox, ROUTES.balances].map(({ method, path }) => ({
      method,
      path,
      code: 'session-needed',
    })),
    ...COMMAND_ROUTES.map(({ route: { method, path } }) => ({ method, path, code: 'signature-needed' })),
  ]
  async function isNobody(shown: Shown, about: string): Promise<void> {
    for (const { method, path, code } of everywhere) {
      const body = method === 'POST' ? { body: { command: newCommand() } } : {}
      assert.equal(codeOf(await ask(shown, { method, path, ...body })), code, `${about} ${path}`)
    }
  }

  test('is who shows no certificate: everything else works as before', async () => {
    await isNobody(NOBODY, 'none')
    assert.equal(codeOf(await ask(NOBODY, { path: '/v1/scheme' })), 'done')
  })

  test('is who shows one of another authority, though it names the same actor and key', async () => {
    const phone = await machine('hanako')
    const foreign = await makeAuthority(Date.now())
    const { certificate } = await certified(phone.self, Date.now(), async () => foreign)
    await isNobody({ key: phone.key, cert: certificate }, 'foreign authority')
  })

  test('is who shows one of the authority’s name, but not by its key', async () => {
    const phone = await machine('hanako')
    const { keyPem } = await makeAuthority(Date.now())
    const { certificatePem } = await authority()
    const { certificate } = await certified(phone.self, Date.now(), async () => ({ certificatePem, keyPem }))
    assert.equal(codeOf(await ask({ key: phone.key, cert: certificate }, { path: '/v1/inbox' })), 'session-needed')
  })

  test('is who shows one that has run out, or is not yet good', async () => {
    const phone = await machine('hanako')
    const old = await certified(phone.self, Date.now() - 91 * DAY_MS)
    const early = await certified(phone.self, Date.now() + 3 * DAY_MS)
    for (const { certificate } of [old, early])
      assert.equal(codeOf(await ask({ key: phone.key, cert: certificate }, { path: '/v1/inbox' })), 'session-needed')
  })

  test('is who shows the hub’s own server certificate', async () => {
    assert.equal(codeOf(await ask({ key: tls.key, cert: tls.cert }, { path: '/v1/self' })), 'session-needed')
  })

  test('is who shows one whose key is not the enrolled one any more', async () => {
    const phone = await machine('hanako')
    assert.equal(codeOf(await ask(shownBy(phone), { path: '/v1/inbox' })), 'done')
    await withClient(hub.settings, (client) =>
      client.query('update credential set public_key = $2 where id = $1', [phone.self.id.slice(4), randomBytes(65)]),
    )
    assert.equal(codeOf(await ask(shownBy(phone), { path: '/v1/inbox' })), 'session-needed')
  })

  test('cannot use a certificate without its key', async () => {
    const [phone, other] = [await machine('hanako'), await machine('kenji')]
    await assert.rejects(ask({ key: other.key, cert: phone.cert }, { path: '/v1/inbox' }))
  })
})

describe('a certificate beside other words', () => {
  test('a session’s token or signature is judged alone: a wrong or foreign one is not made good by the certificate', async () => {
    const [till, phone] = [await machine('register'), await machine('hanako')]
    const shown = shownBy(phone)
    assert.equal(
      codeOf(await ask(shown, { path: '/v1/inbox', headers: { authorization: 'Bearer x' } })),
      'session-ended',
    )
    const foreign = {
      'signature-input': `sig1=("@method");created=1;keyid="ses_${'0'.repeat(32)}";alg="hmac-sha256"`,
      signature: `sig1=:${'A'.repeat(43)}=:`,
    }
    const deal = { deal: newDeal(), bill: null }
    assert.equal(codeOf(await command(shownBy(till), 'open-offer', deal, foreign)), 'signature-wrong')
    assert.equal(codeOf(await command(shownBy(till), 'open-offer', deal, { signature: 'x' })), 'signature-needed')
    assert.equal(codeOf(await command(shownBy(till), 'open-offer', deal)), 'done')
  })

  test('what a page of another site makes a browser send does not count', async () => {
    const shown = shownBy(await machine('hanako'))
    for (const [headers, code] of [
      [{ 'sec-fetch-site': 'cross-site' }, 'session-needed'],
      [{ 'sec-fetch-site': 'same-site' }, 'session-needed'],
      [{ origin: 'https://evil.example' }, 'session-needed'],
      [{ 'sec-fetch-site': 'same-origin', origin: url }, 'done'],
      [{ 'sec-fetch-site': 'none' }, 'done'],
    ] as const)
      assert.equal(codeOf(await ask(shown, { path: '/v1/inbox', headers })), code, JSON.stringify(headers))
  })
})

describe('revoked', () => {
  test('the next request is refused, also on a connection that is open already', async () => {
    const phone = await machine('kenji')
    const socket = connect({
      port: hub.port,
      host: 'localhost',
      servername: 'localhost',
      ca: tls.caPem,
      ...shownBy(phone),
    })
    const line = lineOver(socket)
    assert.equal(await line('/v1/inbox'), 200)
    const id = parseId('dev', phone.self.id) ?? assert.fail()
    await hub.directory.revoke(id)
    hub.revoked(id)
    assert.equal(await line('/v1/inbox'), 401)
    assert.equal(codeOf(await ask(shownBy(phone), { path: '/v1/inbox' })), 'device-revoked')
    const deal = await command(shownBy(phone), 'join', { credential: { kind: 'number', number: '1234567' } })
    assert.equal(codeOf(deal), 'device-revoked')
    socket.destroy()
  })

  test('a revoked machine gets no certificate, and another machine of the shop keeps its own', async () => {
    const [till, office] = [await machine('register'), await machine('office')]
    const id = parseId('trm', till.self.id) ?? assert.fail()
    await hub.directory.revoke(id)
    const asked = await ask(shownBy(till), { method: 'POST', path: '/v1/certificates', body: {} })
    assert.equal(codeOf(asked), 'terminal-inactive')
    assert.equal(codeOf(await ask(shownBy(office), { path: '/v1/balances' })), 'done')
  })
})

/** Requests one after the other on one connection; the status of each. */
function lineOver(socket: TLSSocket): (path: string) => Promise<number> {
  let heard = ''
  socket.on('data', (data: Buffer) => (heard += data.toString('latin1')))
  socket.on('error', () => {})
  return async (path) => {
    heard = ''
    socket.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`)
    const [, status] = await until(() => /^HTTP\/1\.1 (\d{3}) [\s\S]*\r\n\r\n[\s\S]*\}$/u.exec(heard))
    return Number(status)
  }
}
