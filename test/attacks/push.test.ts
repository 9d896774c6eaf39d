// What reaches a wallet that is closed, and whom the hub can be made to call: pushed words that are unsigned, foreign, old, altered or
// repeated, and addresses that lead into the operator's network.
import assert from 'node:assert/strict'
import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { toBase64url } from '#core/bytes.ts'
import { idFrom } from '#core/ids.ts'
import { pushedJson, signedJson, type PushedMessage } from '#protocol/pushed.ts'
import { pushedBytes } from '#protocol/signed-bytes.ts'
import { readPushed, seenIn } from '#sdk/pushed.ts'
import { memoryStorage } from '#sdk/storage.ts'
import { publicOnly, toTheInternet } from '#server/open-internet.ts'
import { postPush } from '#server/reach/push-http.ts'
import { startTestHub, type TestHub } from '../support/hub.ts'
import { newKey } from '../support/people.ts'
import { assertProblem, fingerprint, speaker, type Speaker } from '../support/raw-client.ts'

const NOW = 1_800_000_000_000

let hub: TestHub
let hanako: Speaker
before(async () => {
  hub = await startTestHub()
  hanako = await speaker(hub, 'hanako')
})
after(async () => {
  hanako.client.close()
  await hub.stop()
})

// ---- what a wallet believes

const [scheme, device] = [idFrom('sch', randomBytes(16)), idFrom('dev', randomBytes(16))]
const message: PushedMessage = {
  v: 1,
  scheme,
  device,
  id: randomBytes(16).toString('hex'),
  at: NOW - 1_000,
  until: NOW + 60_000,
  kind: 'payment',
  payment: idFrom('pay', randomBytes(16)),
  text: { title: 'Kenji asks for ¥800', body: '夕食' },
}
const keys = newKey()
const strange = newKey()
const signatureBy = (privateKey: KeyObject, text: string): string =>
  toBase64url(sign('sha256', pushedBytes(text), { key: privateKey, dsaEncoding: 'ieee-p1363' }))
const signed = (made: PushedMessage, by = keys): string =>
  signedJson(made, signatureBy(by.privateKey, pushedJson(made)))

function wallet() {
  const pinned = { scheme, device, signer: toBase64url(keys.publicKey), clockOffset: 0 }
  const seen = seenIn(memoryStorage())
  return async (text: string, now = NOW): Promise<string> => {
    const read = await readPushed(text, {
      pinnedOf: async (asked) => (asked === device ? pinned : undefined),
      seen,
      now,
    })
    return read.ok ? 'believed' : read.ignored
  }
}

/** Another honest value of each member. */
const OTHER: { readonly [Member in keyof PushedMessage]: unknown } = {
  v: 2,
  scheme: idFrom('sch', randomBytes(16)),
  device: idFrom('dev', randomBytes(16)),
  id: randomBytes(16).toString('hex'),
  at: message.at + 1,
  until: message.until + 1,
  kind: 'challenge',
  payment: idFrom('pay', randomBytes(16)),
  text: { title: 'Kenji asks for ¥800', body: '朝食' },
}

for (const member of Object.keys(OTHER) as (keyof PushedMessage)[])
  test(`a word of which '${member}' is another is not believed, signed by the hub before or by a stranger`, async () => {
    const read = wallet()
    // Border: some of the values are deliberately none that the type has.
    const altered = { ...message, [member]: OTHER[member] } as PushedMessage
    assert.notEqual(await read(signedJson(altered, signatureBy(keys.privateKey, pushedJson(message)))), 'believed')
    assert.notEqual(await read(signed(altered, strange)), 'believed')
    const { [member]: _left, ...without } = message
    assert.notEqual(
      await read(signedJson(without as PushedMessage, signatureBy(keys.privateKey, pushedJson(message)))),
      'believed',
    )
    assert.equal(await read(signed(message)), 'believed', 'none of it has used the right one up')
  })

test('no signature, another curve’s, another purpose’s and none at all are not believed', async () => {
  const read = wallet()
  const text = pushedJson(message)
  const bare = sign('sha256', Buffer.from(text), { key: keys.privateKey, dsaEncoding: 'ieee-p1363' })
  const other = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey
  const der = sign('sha256', pushedBytes(text), keys.privateKey)
  const good = Buffer.from(signatureBy(keys.privateKey, text), 'base64url')
  const signatures = [
    '',
    'A'.repeat(86),
    toBase64url(bare),
    signatureBy(other, text),
    toBase64url(der),
    toBase64url(Buffer.concat([good.subarray(32), good.subarray(0, 32)])),
    toBase64url(good.subarray(0, 63)),
  ]
  for (const sig of signatures) assert.match(await read(signedJson(message, sig)), /^(malformed|unsigned)$/, sig)
  for (const raw of ['', 'null', '[]', '{}', text, '\0', '{"v":1}', `${signed(message)} `.repeat(2)])
    assert.equal(await read(raw), 'malformed', raw)
  assert.equal(await read(signed(message)), 'believed')
})

test('what is old, from ahead of time or repeated is not believed, however it is written', async () => {
  const read = wallet()
  assert.equal(await read(signed({ ...message, until: NOW })), 'old')
  assert.equal(await read(signed({ ...message, at: NOW + 3_600_000, until: NOW + 7_200_000 })), 'old')
  assert.equal(await read(signed(message), NOW + 60_000), 'old')
  assert.equal(await read(signed(message)), 'believed')
  for (const again of [
    message,
    { ...message, at: NOW },
    { ...message, until: NOW + 70_000 },
    { ...message, text: null },
  ])
    assert.equal(await read(signed(again)), 'repeated')
})

// ---- whom the hub calls

const INSIDE = [
  '127.0.0.1 127.1 0177.0.0.1 0x7f000001 2130706433 0',
  '10.0.0.5 172.20.1.1 192.168.0.1 169.254.169.254 100.100.100.200 [::1]',
  '[::] [::ffff:127.0.0.1] [::ffff:a9fe:a9fe] [fe80::1] [fd00:ec2::254] [64:ff9b::7f00:1]',
  '[2002:7f00:1::] 224.0.0.1 255.255.255.255 localhost intranet １２７.０.０.１',
  '127。0。0。1 user:pass@push.example.net user@127.0.0.1',
].flatMap((line) => line.split(' '))

test('an address inside, in whatever spelling, is no push service, and nothing is kept of it', async () => {
  const key = newKey()
  const subscription = { p256dh: toBase64url(key.publicKey), auth: toBase64url(randomBytes(16)) }
  const tables = await fingerprint(hub.settings, ['session', 'hub_key'])
  for (const host of INSIDE)
    for (const endpoint of [`https://${host}/send`, `https://${host}:8443/send`, `http://${host}/send`]) {
      assert.equal(toTheInternet(endpoint), null, endpoint)
      const reply = await hanako.signed({
        path: '/v1/push',
        body: { subscription: { ...subscription, endpoint }, detail: false },
      })
      assert.equal(assertProblem(reply, endpoint), 'field-invalid', endpoint)
    }
  for (const endpoint of [
    'ftp://push.example.net/',
    'file:///etc/passwd',
    'https://',
    'javascript:alert(1)',
    'https://push.example.net/\r\nx: y',
  ])
    assert.equal(
      assertProblem(
        await hanako.signed({ path: '/v1/push', body: { subscription: { ...subscription, endpoint }, detail: false } }),
        endpoint,
      ),
      'field-invalid',
    )
  assert.deepEqual(await fingerprint(hub.settings, ['session', 'hub_key']), tables)
})

test('a name that leads inside, at once or at its second look-up, is not connected to', async () => {
  const ways = ['127.0.0.1', '10.9.8.7', '169.254.169.254', '::1', '::ffff:127.0.0.1', 'fd00::1']
  for (const address of ways) {
    const answers = ['93.184.215.14', address]
    const look = publicOnly(((_name: string, _options: object, back: (error: null, found: object[]) => void) =>
      back(null, [{ address: answers.shift() ?? address, family: address.includes(':') ? 6 : 4 }])) as never)
    const found = (): Promise<unknown> =>
      new Promise((resolve) => look('push.example.net', {}, (error, at) => resolve(error?.name ?? at)))
    assert.equal(await found(), '93.184.215.14')
    assert.equal(await found(), 'PrivateAddress', address)
  }
})

test('a push service that redirects leads the hub nowhere', async () => {
  let inside = 0
  const metadata = createServer((_request, response) => void (inside++, response.end()))
  await new Promise<void>((resolve) => metadata.listen(0, '127.0.0.1', resolve))
  // Border: a server that listens at a port has an address of this kind.
  const secret = `http://127.0.0.1:${(metadata.address() as AddressInfo).port}/latest/meta-data`
  for (const status of [300, 301, 302, 303, 307, 308]) {
    const service = createServer((_request, response) => void response.writeHead(status, { location: secret }).end())
    await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve))
    const to = `http://127.0.0.1:${(service.address() as AddressInfo).port}/`
    const sent = await postPush({ endpoint: 'https://push.example.net/', body: randomBytes(10), headers: {} }, () => to)
    assert.deepEqual(sent, { kind: 'refused', status })
    service.close()
  }
  assert.equal(inside, 0)
  metadata.close()
})
