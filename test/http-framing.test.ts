// What never becomes a request: broken framing, heads too long, clients too slow, addresses that lie.
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { LIMITS } from '#protocol/limits.ts'
import { addressBlock } from '#server/addresses.ts'
import { startTestHub, until, type TestHub } from './support/hub.ts'
import { ask, assertProblem, fingerprint, onSocket, type Reply } from './support/raw-client.ts'

let hub: TestHub
/** a client that has sent half a head and half a body, and then nothing: its answer comes with the time-out */
let slow: Promise<string>[]

before(async () => {
  assert.ok(LIMITS.headersTimeoutMs <= 10_000 && LIMITS.bodyTimeoutMs <= 15_000)
  // This file's own hub has less patience, so that nobody waits a quarter of a minute for the last test.
  Object.assign(LIMITS, { headersTimeoutMs: 1_000, bodyTimeoutMs: 1_500 })
  hub = await startTestHub()
  slow = [
    onSocket(hub, 'GET /v1/scheme HTTP/1.1\r\nhost: x\r\nx-a'),
    onSocket(
      hub,
      'POST /v1/sessions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 90\r\n\r\n{"actor"',
    ),
  ]
})
after(() => hub.stop())

function replyOf(text: string): Reply {
  const [head = '', ...rest] = text.split('\r\n\r\n')
  const [line = '', ...fields] = head.split('\r\n')
  const headers = Object.fromEntries(
    fields.map((field) => [
      field.slice(0, field.indexOf(':')).toLowerCase(),
      field.slice(field.indexOf(':') + 1).trim(),
    ]),
  )
  const body = rest.join('\r\n\r\n')
  return {
    status: Number(line.split(' ')[1]),
    headers,
    text: body,
    body: Object(JSON.parse(body || '{}')) as Record<string, unknown>,
  }
}

const HOST = 'host: localhost\r\n'
const BODY = `POST /v1/demo/codes HTTP/1.1\r\n${HOST}content-type: application/json\r\n`

test('requests whose end two readers could see in two places are refused and the connection ends', async () => {
  const before = await fingerprint(hub.settings)
  const smuggled = 'GET /v1/scheme HTTP/1.1\r\nhost: x\r\n\r\n'
  const cases: Record<string, string> = {
    'length and chunks': `${BODY}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
    'two lengths': `${BODY}content-length: 2\r\ncontent-length: 40\r\n\r\n{}${smuggled}`,
    'a length that is none': `${BODY}content-length: 0x2\r\n\r\n{}`,
    'a negative length': `${BODY}content-length: -1\r\n\r\n`,
    'a huge length': `${BODY}content-length: 99999999999999999999\r\n\r\n{}`,
    'an unknown transfer': `${BODY}transfer-encoding: xchunked\r\n\r\n0\r\n\r\n`,
    'chunked twice': `${BODY}transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
    'a chunk that is none': `${BODY}transfer-encoding: chunked\r\n\r\nZZ\r\n{}\r\n0\r\n\r\n`,
    'a folded header': `GET /v1/scheme HTTP/1.1\r\n${HOST}x-a: 1\r\n b\r\n\r\n`,
    'a blank before the colon': `GET /v1/scheme HTTP/1.1\r\n${HOST}x-a : 1\r\n\r\n`,
    'a NUL in a header': `GET /v1/scheme HTTP/1.1\r\n${HOST}x-a: a\0b\r\n\r\n`,
    'no host': 'GET /v1/scheme HTTP/1.1\r\n\r\n',
    'HTTP/0.9': 'GET /v1/scheme\r\n\r\n',
    'another protocol': 'SSH-2.0-OpenSSH_9.6\r\n\r\n',
    'an unknown method': `PAY /v1/scheme HTTP/1.1\r\n${HOST}\r\n`,
    'a blank in the path': `GET /v1/sch eme HTTP/1.1\r\n${HOST}\r\n`,
    TLS: '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  }
  for (const [about, text] of Object.entries(cases)) {
    const answered = await onSocket(hub, Buffer.from(text, 'latin1'))
    const reply = replyOf(answered)
    if (about === 'no host') assert.equal(reply.status, 400)
    else assert.equal(assertProblem(reply, about), 'request-invalid', about)
    assert.equal(answered.split('HTTP/1.1 ').length, 2, `${about}: nothing after it is answered`)
  }
  assert.deepEqual(await fingerprint(hub.settings), before)
})

test('a head of 100 KB is refused with 431', async () => {
  const reply = replyOf(await onSocket(hub, `GET /v1/scheme HTTP/1.1\r\n${HOST}x-a: ${'a'.repeat(100 * 1024)}\r\n\r\n`))
  assert.equal(assertProblem(reply, 'a long header'), 'headers-too-large')
  assert.equal(reply.status, 431)
  const path = replyOf(await onSocket(hub, `GET /${'a'.repeat(100 * 1024)} HTTP/1.1\r\n${HOST}\r\n`))
  assert.equal(path.status, 431)
})

test('a thousand requests in one go are all answered, in order', async () => {
  const one = `GET /v1/scheme HTTP/1.1\r\n${HOST}\r\n`
  const answered = await onSocket(hub, one.repeat(999), `GET /v1/scheme HTTP/1.1\r\n${HOST}connection: close\r\n\r\n`)
  assert.equal(answered.split('HTTP/1.1 200 OK').length - 1, 1000)
})

test('an address in a header does not buy new tries: guessing codes stops whatever X-Forwarded-For says', async () => {
  const codes = new Map<string, number>()
  for (let guess = 0; guess < 14; guess++) {
    const spoofed = `10.${guess}.${guess}.1`
    const reply = await ask(hub, {
      path: '/v1/enrolments',
      headers: { 'x-forwarded-for': spoofed, forwarded: `for=${spoofed}`, 'x-real-ip': spoofed },
      body: { code: 'ABCDEFGHJK', key: 'AAAA', label: 'x', signature: 'AAAA' },
    })
    const code = assertProblem(reply, 'a guess')
    codes.set(code, (codes.get(code) ?? 0) + 1)
    if (code === 'too-many-tries') assert.equal(reply.headers['retry-after'], '60')
  }
  assert.deepEqual(
    [...codes],
    [
      ['signature-invalid', 10],
      ['too-many-tries', 4],
    ],
  )
})

test('an attacker with a whole block of addresses has one budget', () => {
  const blocks: readonly (readonly string[])[] = [
    ['203.0.113.1', '203.0.113.254', '::ffff:203.0.113.9', '::FFFF:203.0.113.10'],
    ['2001:db8::1', '2001:db8::2', '2001:db8::a:b:c:d', '2001:db8:0:0:1::', '2001:0db8:0:ff:1:2:3:4'],
    ['2001:db8:0:100::1', '2001:db8:0:1ff::'],
    ['fe80::1%eth0', 'fe80::2'],
    ['::1'],
    ['not an address', ''],
  ]
  const keys = blocks.map((block) => new Set(block.map((address) => addressBlock(address))))
  for (const each of keys) assert.equal(each.size, 1, [...each].join(' '))
  assert.equal(new Set(keys.flatMap((each) => [...each])).size, blocks.length)
})

test('a client that resets in the middle of an upgrade, a head or a body ends nothing but itself', async () => {
  const { hostname, port } = new URL(hub.url)
  const starts = [
    `GET /v1/watch HTTP/1.1\r\n${HOST}connection: upgrade\r\nupgrade: websocket\r\norigin: http://evil\r\n\r\n`,
    `GET /nowhere HTTP/1.1\r\n${HOST}connection: upgrade\r\nupgrade: h2c\r\n\r\n`,
    `GET /v1/watch HTTP/1.1\r\n${HOST}connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
    'GET /v1/sch',
    `${BODY}content-length: 10\r\n\r\n{`,
  ]
  await Promise.all(
    starts.flatMap((start) =>
      Array.from(
        { length: 20 },
        () =>
          new Promise<void>((resolve) => {
            const socket = connect(Number(port), hostname, () => {
              socket.write(start)
              setImmediate(() => socket.resetAndDestroy())
            })
            socket.on('error', () => {})
            socket.on('close', () => resolve())
          }),
      ),
    ),
  )
  await until(async () => (await ask(hub, { method: 'GET', path: '/health' })).status === 200)
})

test('a client that never ends its head or its body is told so and let go', async () => {
  for (const answered of await Promise.all(slow)) {
    assert.equal(assertProblem(replyOf(answered), 'a slow client'), 'request-timeout')
  }
})
