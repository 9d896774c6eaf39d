// SCRAM-SHA-256 against RFC 7677, on both sides, and the PIN as people type it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { utf8 } from '#core/bytes.ts'
import { scramMessage, toBase64 } from '#protocol/signed-bytes.ts'
import { clientProof, normalisePin, saltedPassword, secretFrom } from '#sdk/scram.ts'
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
