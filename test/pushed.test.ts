// What a wallet makes of a pushed text: its own hub's word, for it, now, once; anything else is ignored.
import assert from 'node:assert/strict'
import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto'
import { test } from 'node:test'
import { toBase64url } from '#core/bytes.ts'
import { idFrom } from '#core/ids.ts'
import { pushedJson, signedJson, type PushedMessage } from '#protocol/pushed.ts'
import { pushedBytes } from '#protocol/signed-bytes.ts'
import { readPushed, seenIn, type IgnoredWhy, type Pinned } from '#sdk/pushed.ts'
import { memoryStorage } from '#sdk/storage.ts'

const NOW = 1_800_000_000_000
const keyOf = () => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { x, y } = publicKey.export({ format: 'jwk' })
  const raw = Buffer.concat([Buffer.of(4), Buffer.from(String(x), 'base64url'), Buffer.from(String(y), 'base64url')])
  return { privateKey, signer: raw.toString('base64url') }
}
const [hub, foreign] = [keyOf(), keyOf()]
const scheme = idFrom('sch', randomBytes(16))
const device = idFrom('dev', randomBytes(16))
const message = (over: Partial<PushedMessage> = {}): PushedMessage => ({
  v: 1,
  scheme,
  device,
  id: randomBytes(16).toString('hex'),
  at: NOW - 1_000,
  until: NOW + 60_000,
  kind: 'payment',
  payment: idFrom('pay', randomBytes(16)),
  text: { title: 'Kenji asks for ¥800', body: '夕食' },
  ...over,
})
const signed = (made: PushedMessage, key: KeyObject = hub.privateKey): string => {
  const signature = sign('sha256', pushedBytes(pushedJson(made)), { key, dsaEncoding: 'ieee-p1363' })
  return signedJson(made, toBase64url(signature))
}
const wallet = (over: Partial<Pinned> = {}) => {
  const pinned: Pinned = { scheme, device, signer: hub.signer, clockOffset: 0, ...over }
  const seen = seenIn(memoryStorage())
  return {
    read: async (text: string, now = NOW) => {
      const pinnedOf = async (asked: string) => (asked === device ? pinned : undefined)
      const read = await readPushed(text, { pinnedOf, seen, now })
      return read.ok ? read.message : read.ignored
    },
  }
}

test('the hub’s own word is believed, once', async () => {
  const { read } = wallet()
  for (const kind of ['payment', 'challenge', 'question', 'new-phone', 'presence'] as const) {
    const made = message({ kind, ...(kind === 'presence' && { payment: null, text: null }) })
    assert.deepEqual(await read(signed(made)), made)
    assert.equal(await read(signed(made)), 'repeated')
    assert.equal(await read(signed({ ...made, at: NOW })), 'repeated', 'signed anew, and still the same command')
  }
})

test('everything else is ignored, and uses up no command', async () => {
  const made = message()
  const text = signed(made)
  const other = idFrom('dev', randomBytes(16))
  const table: readonly (readonly [string, string, IgnoredWhy])[] = [
    ['nothing', '', 'malformed'],
    ['no JSON', 'hello', 'malformed'],
    ['null', 'null', 'malformed'],
    ['unsigned', pushedJson(made), 'malformed'],
    ['an empty signature', signedJson(made, ''), 'unsigned'],
    ['a signature that is none', signedJson(made, 'A'.repeat(86)), 'unsigned'],
    ['a foreign key', signed(made, foreign.privateKey), 'unsigned'],
    ['another device', signed(message({ device: other })), 'other-device'],
    ['another scheme', signed(message({ scheme: idFrom('sch', randomBytes(16)) })), 'other-scheme'],
    ['old', signed(message({ until: NOW })), 'old'],
    ['from the future', signed(message({ at: NOW + 6 * 60_000, until: NOW + 7 * 60_000 })), 'old'],
    ['another version', text.replace('"v":1', '"v":2'), 'malformed'],
    ['another kind', text.replace('"kind":"payment"', '"kind":"approve"'), 'malformed'],
    ['another payment', text.replace(made.payment ?? '', idFrom('pay', randomBytes(16))), 'unsigned'],
    ['another text', text.replace('800', '900'), 'unsigned'],
    ['a longer life', text.replace(String(made.until), String(made.until + 1)), 'unsigned'],
    ['a further field', text.replace('{"v"', '{"x":1,"v"'), 'malformed'],
    [
      'the same in another order',
      JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(text)).toReversed())),
      'malformed',
    ],
    ['a name twice', text.replace('{"v":1', '{"v":1,"v":1'), 'malformed'],
  ]
  const { read } = wallet()
  for (const [what, pushed, why] of table) assert.equal(await read(pushed), why, what)
  assert.deepEqual(await read(text), made, 'the real one is still new')
})

test('every flipped bit of a message is noticed', async () => {
  const made = message()
  const text = Buffer.from(signed(made))
  const { read } = wallet()
  for (let at = 0; at < text.length; at++) {
    const flipped = Buffer.from(text)
    flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8))
    assert.equal(typeof (await read(flipped.toString('utf8'))), 'string', `byte ${at}`)
  }
  assert.deepEqual(await read(text.toString('utf8')), made)
})

test('a phone whose clock is a day off knows the hub’s time', async () => {
  const day = 86_400_000
  const { read } = wallet({ clockOffset: day })
  const [fresh, old] = [message(), message({ until: NOW })]
  assert.deepEqual(await read(signed(fresh), NOW - day), fresh)
  assert.equal(await read(signed(old), NOW - day), 'old')
})

test('what was seen is forgotten when it is too old anyway', async () => {
  const storage = memoryStorage()
  const seen = seenIn(storage)
  assert.equal(await seen.isNew('a', NOW + 10, NOW), true)
  assert.equal(await seen.isNew('b', NOW + 20, NOW), true)
  assert.equal(await seen.isNew('a', NOW + 10, NOW), false)
  assert.equal(await seen.isNew('c', NOW + 30, NOW + 15), true)
  assert.deepEqual(
    (await storage.list('')).map(({ key }) => key),
    ['seen b', 'seen c'],
  )
})
