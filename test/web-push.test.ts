// Web Push by the RFCs' own examples and by another implementation, and where the hub may send at all.
import assert from 'node:assert/strict'
import { createECDH, createPublicKey, randomBytes } from 'node:crypto'
import type { lookup } from 'node:dns'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { isIP } from 'node:net'
import { after, before, test } from 'node:test'
import { jwtVerify } from 'jose'
import { toBase64url } from '#core/bytes.ts'
import { isPublicAddress, publicOnly, toTheInternet } from '#server/open-internet.ts'
import { postPush } from '#server/reach/push-http.ts'
import { newVapidKey, vapidOf, vapidPublicKey } from '#server/reach/vapid.ts'
import { PUSH_TEXT_BYTES, sealed } from '#server/reach/web-push.ts'

const bytes = (text: string): Buffer => Buffer.from(text, 'base64url')

test('the example of RFC 8291 comes out byte for byte', () => {
  const body = sealed(
    Buffer.from('When I grow up, I want to be a watermelon'),
    {
      p256dh: bytes('BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4'),
      auth: bytes('BTBZMqHH6r4Tts7J_aSIgg'),
    },
    { privateKey: bytes('yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw'), salt: bytes('DGv6ra1nlYgDCS1FRnbzlw') },
  )
  assert.equal(
    body.toString('base64url'),
    'DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_' +
      'yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN',
  )
})

test('another implementation opens what is sealed, up to the longest text, and no message is sealed like another', () => {
  // Border: http_ece has no types.
  const ece = createRequire(import.meta.url)('http_ece') as { decrypt(body: Buffer, how: object): Buffer }
  const keys = createECDH('prime256v1')
  keys.generateKeys()
  const auth = randomBytes(16)
  const to = { p256dh: keys.getPublicKey(), auth }
  const open = (body: Buffer): string =>
    ece.decrypt(body, { version: 'aes128gcm', privateKey: keys, authSecret: auth.toString('base64url') }).toString()
  for (const text of ['', '請求が届いています', 'x'.repeat(PUSH_TEXT_BYTES)]) {
    const body = sealed(Buffer.from(text), to)
    assert.equal(open(body), text)
    assert.ok(body.length <= 4096)
    assert.notDeepEqual(sealed(Buffer.from(text), to), body)
    const flipped = Buffer.from(body)
    flipped[flipped.length - 1] = (flipped.at(-1) ?? 0) ^ 1
    assert.throws(() => open(flipped))
  }
  assert.throws(() => sealed(Buffer.alloc(PUSH_TEXT_BYTES + 1), to), RangeError)
})

test('a push service can check who sends: the token is for it alone, signed with the key of the subscription, and kept for hours', async () => {
  const kept = newVapidKey()
  const vapid = vapidOf(kept, 'https://pay.example.org')
  const [now, hour] = [Date.now(), 3_600_000]
  const header = await vapid.authorization('https://push.example.net', now)
  const [, token = '', key = ''] = /^vapid t=([\w.-]+), k=([\w-]{87})$/.exec(header) ?? []
  const point = vapidPublicKey(kept)
  assert.deepEqual(bytes(key), Buffer.from(point))
  const [x, y] = [toBase64url(point.subarray(1, 33)), toBase64url(point.subarray(33))]
  const publicKey = createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' })
  const { payload, protectedHeader } = await jwtVerify(token, publicKey, { audience: 'https://push.example.net' })
  assert.deepEqual(protectedHeader, { typ: 'JWT', alg: 'ES256' })
  assert.deepEqual(payload, {
    sub: 'https://pay.example.org',
    aud: 'https://push.example.net',
    exp: Math.floor((now + 12 * hour) / 1000),
  })
  assert.equal(await vapid.authorization('https://push.example.net', now + 10 * hour), header)
  assert.notEqual(await vapid.authorization('https://push.example.net', now + 11 * hour), header)
  assert.notEqual(await vapid.authorization('https://other.example.net', now), header)
})

test('only addresses of the open internet are sent to', () => {
  const inside = [
    '127.0.0.1 10.1.2.3 172.16.0.1 172.31.255.255 192.168.1.1 169.254.169.254 0.0.0.0',
    '100.64.0.1 198.18.0.1 224.0.0.1 255.255.255.255 192.0.2.1 203.0.113.9',
    ':: ::1 ::ffff:127.0.0.1 ::ffff:8.8.8.8 fe80::1 fc00::1 fd12::1 ff02::1 2001:db8::1 2002:7f00:1:: 64:ff9b::7f00:1',
  ].flatMap((line) => line.split(' '))
  for (const address of [...inside, 'not an address', '']) {
    assert.equal(isPublicAddress(address), false, address)
  }
  for (const address of ['8.8.8.8', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '2a00:1450:4001::200e']) {
    assert.equal(isPublicAddress(address), true, address)
  }
  const notTaken = [
    'http://push.example.net/x https://localhost/x https://127.0.0.1/x https://[::1]/x https://2130706433/x https://0x7f.1/x',
    'https://[::ffff:7f00:1]/x https://a:b@push.example.net/ file:///x nonsense https://10.0.0.1:8443/ https://intranet/',
  ].flatMap((line) => line.split(' '))
  for (const endpoint of [...notTaken, '']) {
    assert.equal(toTheInternet(endpoint), null, endpoint)
  }
  for (const endpoint of [
    'https://fcm.googleapis.com/fcm/send/x',
    'https://8.8.8.8/x',
    'https://push.example.net:8443/x',
  ]) {
    assert.equal(toTheInternet(endpoint), endpoint)
  }
})

test('a name counts for what it leads to: private addresses are left out, and a name that has no others is not followed', async () => {
  // Border: a resolver of the test, which answers as node:dns does when it is asked for all addresses.
  const leadsTo = (...addresses: string[]) =>
    ((_name: string, _options: object, callback: (error: null, found: object[]) => void) =>
      callback(
        null,
        addresses.map((address) => ({ address, family: isIP(address) })),
      )) as unknown as typeof lookup
  const found = (resolver: typeof lookup, all: boolean) =>
    new Promise((settle) =>
      publicOnly(resolver)('push.example.net', { all }, (error, address) => settle(error?.name ?? address)),
    )
  assert.equal(await found(leadsTo('8.8.8.8'), false), '8.8.8.8')
  assert.equal(await found(leadsTo('127.0.0.1', '10.0.0.1', '8.8.4.4'), false), '8.8.4.4')
  assert.deepEqual(await found(leadsTo('::1', '2606:4700::1111', '192.168.0.1'), true), [
    { address: '2606:4700::1111', family: 6 },
  ])
  for (const all of [true, false])
    assert.equal(await found(leadsTo('127.0.0.1', '::1', '169.254.169.254'), all), 'PrivateAddress')
  // This machine by a name that looks like one of the internet; a resolver that does not know it says so.
  const result = await postPush({ endpoint: 'https://localhost./x', body: Buffer.alloc(1), headers: {} }, null)
  assert.ok(result.kind === 'gone' || result.kind === 'later', result.kind)
})

const asked: string[] = []
let answer: { status: number; headers: Record<string, string> } = { status: 201, headers: {} }
const service = createServer((request, response) => {
  asked.push(request.url ?? '')
  response.writeHead(answer.status, answer.headers).end('some text that nobody reads')
})
before(() => new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve)))
after(() => service.closeAllConnections())
after(() => void service.close())

test('what a push service answers is one of four things, and a redirect leads nowhere', async () => {
  const address = service.address()
  assert.ok(typeof address === 'object' && address !== null)
  const { port } = address
  const send = () =>
    postPush(
      { endpoint: 'https://push.test/one', body: Buffer.from('x'), headers: { ttl: '60' } },
      () => `http://127.0.0.1:${port}/one`,
    )
  for (const [status, headers, expected] of [
    [201, {}, { kind: 'done' }],
    [200, {}, { kind: 'done' }],
    [404, {}, { kind: 'gone' }],
    [410, {}, { kind: 'gone' }],
    [400, {}, { kind: 'refused', status: 400 }],
    [403, {}, { kind: 'refused', status: 403 }],
    [413, {}, { kind: 'refused', status: 413 }],
    [307, { location: '/two' }, { kind: 'refused', status: 307 }],
    [429, { 'retry-after': '120' }, { kind: 'later', status: 429, retryAfterMs: 120_000 }],
    [503, { 'retry-after': 'Sat, 21 Nov 2026 12:00:00 GMT' }, { kind: 'later', status: 503, retryAfterMs: null }],
    [500, {}, { kind: 'later', status: 500, retryAfterMs: null }],
  ] as const) {
    answer = { status, headers: { ...headers } }
    assert.deepEqual(await send(), expected, String(status))
  }
  assert.deepEqual(new Set(asked), new Set(['/one']), 'nobody was asked where a redirect pointed')
  assert.deepEqual(
    await postPush({ endpoint: 'https://push.test/', body: Buffer.alloc(1), headers: {} }, () => 'http://127.0.0.1:1/'),
    { kind: 'later', status: null, retryAfterMs: null },
  )
  assert.deepEqual(await postPush({ endpoint: 'https://10.0.0.1/', body: Buffer.alloc(1), headers: {} }, null), {
    kind: 'gone',
  })
})
