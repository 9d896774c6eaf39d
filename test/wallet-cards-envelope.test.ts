// The envelope of a card number: only the vault's key opens it, it is bound to one registration, and nothing of the card stands outside.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { webcrypto } from 'node:crypto'
import { compactDecrypt, decodeProtectedHeader, exportJWK, generateKeyPair } from 'jose'
import { concat, fromBase64url, fromU32, sha256, toText, utf8, type Bytes } from '#core/bytes.ts'
import { sealCard, type VaultKey } from '#sdk/card-envelope.ts'

const CARD = { number: '4571990000000011', expires: '2029-12', code: '123' }
const ASKED = { command: `cmd_${'1'.repeat(32)}`, party: `pty_${'2'.repeat(32)}` }

async function vault() {
  const { publicKey, privateKey } = await generateKeyPair('ECDH-ES', { crv: 'P-256', extractable: true })
  const { x, y } = await exportJWK(publicKey)
  assert.ok(x !== undefined && y !== undefined)
  const key: VaultKey = { kty: 'EC', crv: 'P-256', kid: 'first', x, y }
  return { key, privateKey }
}

test('the vault opens it, and finds in its header the registration that it was made for', async () => {
  const { key, privateKey } = await vault()
  const envelope = await sealCard({ keys: [key], card: CARD, ...ASKED })
  assert.ok(envelope !== undefined)
  const { plaintext, protectedHeader } = await compactDecrypt(envelope, privateKey)
  assert.deepEqual(JSON.parse(toText(plaintext) ?? ''), CARD)
  const { epk, ...header } = protectedHeader
  assert.deepEqual(header, { alg: 'ECDH-ES', enc: 'A256GCM', kid: 'first', ...ASKED })
  assert.deepEqual(Object.keys(epk ?? {}).toSorted(), ['crv', 'kty', 'x', 'y'])
})

test('it opens by the letter of RFC 7518 with nothing but the browser’s own cryptography', async () => {
  const { key, privateKey } = await vault()
  const envelope = await sealCard({ keys: [key], card: CARD, ...ASKED })
  const [head = '', wrapped, iv, cipher, tag] = (envelope ?? '').split('.')
  assert.equal(wrapped, '', 'agreed directly: no wrapped key')
  const { epk } = decodeProtectedHeader(envelope ?? '')
  assert.ok(typeof epk === 'object' && epk !== null)
  const sender = await webcrypto.subtle.importKey('jwk', { ...epk }, { name: 'ECDH', namedCurve: 'P-256' }, false, [])
  const shared = await webcrypto.subtle.deriveBits({ name: 'ECDH', public: sender }, privateKey, 256)
  const algorithm = utf8('A256GCM')
  const parts = [fromU32(1), new Uint8Array(shared), fromU32(algorithm.length), algorithm]
  const raw = sha256(concat(...parts, fromU32(0), fromU32(0), fromU32(256)))
  const secret = await webcrypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['decrypt'])
  const opened = await webcrypto.subtle.decrypt(
    { name: 'AES-GCM', iv: bytesOf(iv), additionalData: utf8(head) },
    secret,
    concat(bytesOf(cipher), bytesOf(tag)),
  )
  assert.deepEqual(JSON.parse(toText(new Uint8Array(opened)) ?? ''), CARD)
})

test('another key, another header or one changed letter opens nothing', async () => {
  const { key, privateKey } = await vault()
  const other = await vault()
  const envelope = (await sealCard({ keys: [key], card: CARD, ...ASKED })) ?? ''
  const [head = '', wrapped = '', iv = '', cipher = '', tag = ''] = envelope.split('.')
  const header = JSON.parse(toText(bytesOf(head)) ?? '') as object
  const forged = Buffer.from(JSON.stringify({ ...header, party: `pty_${'3'.repeat(32)}` })).toString('base64url')
  const flipped = `${cipher.startsWith('A') ? 'B' : 'A'}${cipher.slice(1)}`
  const cases: readonly (readonly [string, string, typeof privateKey])[] = [
    ['another vault', envelope, other.privateKey],
    ['another person', [forged, wrapped, iv, cipher, tag].join('.'), privateKey],
    ['one letter', [head, wrapped, iv, flipped, tag].join('.'), privateKey],
  ]
  for (const [name, text, by] of cases) await assert.rejects(compactDecrypt(text, by), name)
})

test('the same card twice is two envelopes, and neither shows a digit of it', async () => {
  const { key } = await vault()
  const asked = { keys: [key], card: CARD, ...ASKED }
  const [one, two] = [await sealCard(asked), await sealCard(asked)]
  assert.notEqual(one, two)
  const readable = [one, two].flatMap((text) => (text ?? '').split('.').map((part) => String(bytesOf(part))))
  for (const text of [one ?? '', two ?? '', ...readable]) assert.ok(!text.includes('457199'), text)
})

test('without a key of the kind that is used there is no envelope, and a wrong number is never sealed', async () => {
  const { key } = await vault()
  assert.equal(await sealCard({ keys: [], card: CARD, ...ASKED }), undefined)
  const wrong: readonly Partial<typeof CARD>[] = [
    { number: '4571990000000012' },
    { expires: '12/29' },
    { expires: '2029-13' },
    { code: '12' },
  ]
  for (const change of wrong) await assert.rejects(sealCard({ keys: [key], card: { ...CARD, ...change }, ...ASKED }))
})

function bytesOf(text: string | undefined): Bytes {
  const bytes = fromBase64url(text ?? '')
  assert.ok(bytes !== undefined)
  return bytes
}
