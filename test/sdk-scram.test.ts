// SCRAM-SHA-256 against RFC 7677, on both sides, and the PIN as people type it.
import assert from 'node:assert/strict'
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { fromBase64url, toBase64url, utf8 } from '#core/bytes.ts'
import { scramMessage, toBase64 } from '#protocol/signed-bytes.ts'
import {
  clientProof,
  iterationsFor,
  iterationsIn,
  newVerifier,
  normalisePin,
  saltedPassword,
  secretFrom,
} from '#sdk/scram.ts'
import { fitsStoredKey } from '#server/auth/scram.ts'

const RFC_7677 = {
  salt: Uint8Array.from(Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64')),
  iterations: 4096,
  message: utf8(
    'n=user,r=rOprNGfwEbeRWgbNEkqO,' +
      'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,' +
      'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
  ),
  proof: 'dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
}

test('the proof of RFC 7677 is ours, and its verifier accepts it and nothing else', async () => {
  const { salt, iterations, message } = RFC_7677
  const proof = clientProof(await saltedPassword('pencil', salt, iterations), message)
  assert.equal(toBase64(proof), RFC_7677.proof)
  const { storedKey } = await secretFrom('pencil', salt, iterations)
  assert.equal(fitsStoredKey(storedKey, message, proof), true)
  const wrong = clientProof(await saltedPassword('pencils', salt, iterations), message)
  assert.equal(fitsStoredKey(storedKey, message, wrong), false)
  assert.equal(fitsStoredKey(storedKey, utf8('another message'), proof), false)
})

test('a PIN typed with full-width digits is the same PIN', () => {
  for (const [typed, counts] of [
    ['１２３４', '1234'],
    ['1234', '1234'],
    ['ｐａｓｓ', 'pass'],
    ['ﬁ', 'fi'],
  ] as const) {
    assert.equal(normalisePin(typed), counts)
  }
})

test('the auth message names account, nonces, salt, iterations and approval', () => {
  const message = scramMessage({
    account: '00112345674',
    clientNonce: new Uint8Array(3),
    hubNonce: Uint8Array.of(255, 255, 255),
    salt: Uint8Array.of(251, 239, 190, 1),
    iterations: 310_000,
    approvalHash: new Uint8Array(2),
  })
  assert.equal(
    new TextDecoder().decode(message),
    'n=00112345674,r=AAAA,r=AAAA____,s=++++AQ==,i=310000,c=biws,r=AAAA____,x=AAA=',
  )
})

test("the hub's key is that of RFC 7677, and a proof is refused with any part of its message changed", async () => {
  const { salt, iterations, message } = RFC_7677
  const salted = await saltedPassword('pencil', salt, iterations)
  const { storedKey, serverKey } = await secretFrom('pencil', salt, iterations)
  const server = createHmac('sha256', serverKey).update(message).digest('base64')
  assert.equal(server, '6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=')
  const proof = clientProof(salted, message)
  for (let at = 0; at < message.length; at += 7) {
    const changed = message.map((byte, index) => (index === at ? byte ^ 1 : byte))
    assert.equal(fitsStoredKey(storedKey, changed, proof), false, `byte ${at}`)
  }
})

test('a new secret takes as many iterations as its machine bears, never fewer than are safe', async () => {
  for (const [done, ms, iterations] of [
    [100_000, 40, 880_000],
    [100_000, 35, 1_000_000],
    [100_000, 112.9, 310_000],
    [100_000, 500, 310_000],
    [100_000, 17.5, 1_000_000],
    [100_000, 1, 1_000_000],
    [100_000, 0, 1_000_000],
    [200_000, 100, 700_000],
  ] as const) {
    assert.equal(iterationsIn(done, ms), iterations, `${done} in ${ms} ms`)
  }
  assert.equal(await iterationsFor(async (iterations) => iterations / 2_000), 700_000)
  const verifier = await newVerifier('1234')
  assert.equal(verifier.iterations % 10_000, 0)
  const { salt, iterations } = verifier
  const { storedKey } = await secretFrom('1234', fromBase64url(salt) ?? new Uint8Array(), iterations)
  assert.equal(verifier.storedKey, toBase64url(storedKey))
})

/** RFC 5802 section 3 once more, for any hash, with nothing of ours in it. */
function reference(hash: string, pin: string, salt: Uint8Array, iterations: number, message: Uint8Array) {
  const hmac = (key: Uint8Array, text: string | Uint8Array) => createHmac(hash, key).update(text).digest()
  const bytes = createHash(hash).digest().length
  const salted = pbkdf2Sync(pin, salt, iterations, bytes, hash)
  const clientKey = hmac(salted, 'Client Key')
  const storedKey = createHash(hash).update(clientKey).digest()
  const signature = hmac(storedKey, message)
  const proof = clientKey.map((byte, index) => byte ^ (signature[index] ?? 0))
  return { storedKey, proof, serverSignature: hmac(hmac(salted, 'Server Key'), message) }
}

test('the steps that RFC 5802 shows with SHA-1 are those that are taken here with SHA-256', async () => {
  const salt = Buffer.from('QSXCR+Q6sek8bf92', 'base64')
  const both = 'r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j'
  const message = utf8(`n=user,r=fyko+d2lbbFgONRv9qkxdawL,${both},s=QSXCR+Q6sek8bf92,i=4096,c=biws,${both}`)
  const shown = reference('sha1', 'pencil', salt, 4096, message)
  assert.equal(Buffer.from(shown.proof).toString('base64'), 'v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=')
  assert.equal(shown.serverSignature.toString('base64'), 'rmF9pqV8S7suAoZWja4dJRkFsKQ=')
  for (const pin of ['0000', '20481024', 'a long password', '合言葉']) {
    const [own, text] = [randomBytes(16), randomBytes(200)]
    const expected = reference('sha256', pin, own, 1_000, text)
    const proof = clientProof(await saltedPassword(pin, own, 1_000), text)
    assert.deepEqual(Buffer.from(proof), Buffer.from(expected.proof))
    assert.equal(fitsStoredKey(expected.storedKey, text, proof), true)
  }
})
