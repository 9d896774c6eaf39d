// The owner proves to be there for what is no payment: unlock, a new PIN, passkeys, a phone that needs its key. Stories through HTTP.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { approvalBytes, claimsOf, METHOD_WHOLE, NO_PAYMENT } from '#core/approval.ts'
import { isAccountNumber } from '#core/accounts.ts'
import { fromBase64url, fromHex, toBase64url, toHex } from '#core/bytes.ts'
import { bucketOfId, idFrom, parseId } from '#core/ids.ts'
import type { ProofBody } from '#protocol/commands.ts'
import type { IdentityBody, IdentityRouteName, PresenceAction, PresenceBody } from '#protocol/identity.ts'
import { presenceHash } from '#protocol/signed-bytes.ts'
import { approve, signApproval } from '#sdk/approval.ts'
import type { Client } from '#sdk/client.ts'
import { callIdentity } from '#sdk/identity-calls.ts'
import { makePresence, presence } from '#sdk/presence.ts'
import { newVerifier, withPin } from '#sdk/scram.ts'
import { softwareAuthenticator, type SoftwareAuthenticator } from './support/authenticator.ts'
import { asked, codeOf, dealOf, joinByLink, openBank, PIN, type Bank } from './support/bank.ts'
import { billOf } from './support/world.ts'

let bank: Bank
before(async () => void (bank = await openBank()))
after(() => bank.close())

const WRONG = withPin('0000')

async function say<Name extends IdentityRouteName>(client: Client, name: Name, body: IdentityBody<Name>) {
  const outcome = await callIdentity(client, name, { body })
  return outcome.ok ? 'done' : outcome.problem.code
}

async function there(client: Client, action: PresenceAction, subject = '', prove = PIN): Promise<PresenceBody> {
  const made = await presence(client, action, subject, prove)
  assert.ok(made.ok, JSON.stringify(made))
  return made.view
}

async function selfOf(client: Client) {
  const identity = await client.identity()
  assert.ok(identity?.self.kind === 'device')
  const id = parseId('dev', identity.self.id)
  assert.ok(id !== undefined)
  return { identity, id, self: identity.self }
}

async function rowOf(client: Client) {
  const { id } = await selfOf(client)
  const row = await bank.hub.store.readDevice(bucketOfId(id), id)
  assert.ok(row !== undefined)
  return row
}

/** A presence whose nonce is drawn, with anything else as the test wants it. */
async function presenceOf(
  client: Client,
  over: Partial<{
    scheme: string
    account: string
    nonce: string
    now: number
    action: PresenceAction
    subject: string
  }>,
): Promise<PresenceBody> {
  const { identity, self } = await selfOf(client)
  const drawn = await callIdentity(client, 'presenceNonce', { body: {} })
  assert.ok(drawn.ok)
  return makePresence({
    identity,
    scheme: identity.scheme.scheme,
    account: self.account,
    action: 'unlock',
    subject: '',
    nonce: drawn.view.nonce,
    now: client.hubNow(),
    ...over,
    prove: (approval) => proofBy(client, approval),
  })
}

async function proofBy(client: Client, approval: Uint8Array, prove = PIN): Promise<ProofBody> {
  const { identity } = await selfOf(client)
  const proof = await prove(approval, identity)
  assert.ok(proof.ok)
  return proof.view
}

test('an unlock lets small payments through without a proof, until it runs out', async () => {
  const someone = await bank.stranger('Unlocker')
  const before = await rowOf(someone)
  assert.equal(before.provedAt, 0)
  const unlocked = await callIdentity(someone, 'unlock', { body: { presence: await there(someone, 'unlock') } })
  assert.ok(unlocked.ok)
  assert.equal(unlocked.view.provedAt, (await rowOf(someone)).provedAt)
  const { scheme } = (await selfOf(someone)).identity
  assert.equal(unlocked.view.until - unlocked.view.provedAt, scheme.unlockMs)

  await say(bank.hanako, 'unlock', { presence: await there(bank.hanako, 'unlock') })
  const view = await joinByLink(bank.hanako, await dealOf(bank.register, asked(billOf(300n))))
  assert.equal(view.freshProof, false)
  assert.equal(codeOf(await approve(bank.hanako, view)), 'done')
})

test('wrong PINs count in the row of this phone, lock it, and leave the other phone alone', async () => {
  const { provedAt } = await rowOf(bank.tablet)
  for (const left of [4, 3, 2, 1, 0]) {
    const wrong = await callIdentity(bank.tablet, 'unlock', {
      body: { presence: await there(bank.tablet, 'unlock', '', WRONG) },
    })
    assert.ok(!wrong.ok && wrong.problem.code === 'proof-wrong')
    assert.deepEqual(wrong.problem.figures, { triesLeft: String(left) })
  }
  const locked = await callIdentity(bank.tablet, 'unlock', { body: { presence: await there(bank.tablet, 'unlock') } })
  assert.ok(!locked.ok && locked.problem.code === 'proof-locked', JSON.stringify(locked))
  assert.equal((await rowOf(bank.tablet)).wrongProofs, 5)
  assert.equal((await rowOf(bank.tablet)).provedAt, 0, `was ${provedAt}`)
  assert.equal(await say(bank.hanako, 'unlock', { presence: await there(bank.hanako, 'unlock') }), 'done')
  assert.equal((await rowOf(bank.hanako)).wrongProofs, 0)
})

test('a proof of presence is good for one command, one action, one subject, one phone, and for some minutes', async () => {
  const { kenji, hanako } = bank
  const unlock = (presence: PresenceBody) => say(kenji, 'unlock', { presence })
  const once = await there(kenji, 'unlock')
  assert.equal(await unlock(once), 'done')
  // Over the nonce of an earlier one there is no other.
  const drawn = claimsOf(fromBase64url(once.approval) ?? new Uint8Array())?.nonce ?? new Uint8Array()
  assert.equal(await unlock(await presenceOf(kenji, { nonce: toHex(drawn) })), 'approval-expired')

  const { identity, self } = await selfOf(kenji)
  const other = `sch_${'0'.repeat(32)}`
  for (const [what, made, code] of [
    ['another action', () => there(kenji, 'add-device'), 'signature-invalid'],
    ['another subject', () => there(kenji, 'unlock', 'x'), 'signature-invalid'],
    ['another scheme', () => presenceOf(kenji, { scheme: other }), 'signature-invalid'],
    [
      "another's account",
      async () => presenceOf(kenji, { account: (await selfOf(hanako)).self.account }),
      'signature-invalid',
    ],
    ['a nonce of its own', () => presenceOf(kenji, { nonce: 'ab'.repeat(16) }), 'approval-expired'],
    ['run out', () => presenceOf(kenji, { now: kenji.hubNow() - 3_600_000 }), 'approval-expired'],
    ['good for too long', () => presenceOf(kenji, { now: kenji.hubNow() + 3_600_000 }), 'signature-invalid'],
    ["another phone's", () => there(hanako, 'unlock'), 'signature-invalid'],
    ['without a proof', async () => ({ ...(await there(kenji, 'unlock')), proof: null }), 'proof-needed'],
    [
      'signed by nobody',
      async () => ({ ...(await there(kenji, 'unlock')), signature: toBase64url(new Uint8Array(64)) }),
      'signature-invalid',
    ],
    ['shorter', async () => ({ ...(await there(kenji, 'unlock')), approval: 'AAAA' }), 'signature-invalid'],
  ] as const) {
    assert.equal(await unlock(await made()), code, what)
  }
  // As a challenge or an approval of nothing: the purpose alone differs.
  for (const purpose of ['approve', 'challenge', 'hand-back'] as const) {
    const drawn = await callIdentity(kenji, 'presenceNonce', { body: {} })
    const [scheme, key] = [parseId('sch', identity.scheme.scheme), parseId('key', self.key)]
    assert.ok(drawn.ok && scheme && key && isAccountNumber(self.account))
    const bytes = approvalBytes({
      purpose,
      scheme,
      deal: idFrom('deal', new Uint8Array(16)),
      payment: NO_PAYMENT,
      billVersion: 0,
      billHash: presenceHash('unlock', ''),
      payerAccount: self.account,
      means: self.account,
      method: METHOD_WHOLE,
      key,
      nonce: fromHex(drawn.view.nonce) ?? new Uint8Array(),
      expiresAt: kenji.hubNow() + 60_000,
    })
    assert.equal(
      await unlock(await signApproval(identity, bytes, await proofBy(kenji, bytes))),
      'signature-invalid',
      purpose,
    )
  }
  assert.equal((await rowOf(kenji)).wrongProofs, 0, 'what was not signed for this is not a wrong PIN')
})

test('a proof whose answer was lost is told the same when it is sent again, and does nothing twice', async () => {
  const someone = await bank.stranger('Repeater')
  const unlock = (presence: PresenceBody) => callIdentity(someone, 'unlock', { body: { presence } })
  const once = await there(someone, 'unlock')
  const [first, ...rest] = await Promise.all([unlock(once), unlock(once), unlock(once)])
  assert.ok(first.ok)
  for (const again of rest) assert.deepEqual(again, first)
  const later = await unlock(await there(someone, 'unlock'))
  assert.ok(later.ok && later.view.provedAt >= first.view.provedAt)
  assert.deepEqual(await unlock(once), first, 'after another nonce was drawn')
  assert.equal((await rowOf(someone)).provedAt, later.view.provedAt)

  const wrong = await there(someone, 'unlock', '', WRONG)
  const tried = await unlock(wrong)
  assert.ok(!tried.ok && tried.problem.code === 'proof-wrong')
  assert.deepEqual(await unlock(wrong), tried)
  assert.equal((await rowOf(someone)).wrongProofs, 1, 'one wrong PIN counts once')

  const change = async (pin: string, prove: typeof PIN) => {
    const verifier = await newVerifier(pin)
    return { ...verifier, presence: await there(someone, 'change-secret', verifier.storedKey, prove) }
  }
  const one = await change('8642', PIN)
  assert.equal(await say(someone, 'changeSecret', one), 'done')
  assert.equal(await say(someone, 'changeSecret', one), 'done')
  await someone.self()
  assert.equal(await say(someone, 'changeSecret', await change('7531', withPin('8642'))), 'done')
  assert.equal(await say(someone, 'changeSecret', one), 'done', 'what was answered stays answered')
  await someone.self()
  const NOW_PIN = withPin('7531')
  assert.equal(await say(someone, 'unlock', { presence: await there(someone, 'unlock', '', NOW_PIN) }), 'done')

  const adding = { presence: await there(someone, 'add-device', '', NOW_PIN) }
  const codes = [1, 2, 3].map(() => callIdentity(someone, 'deviceCode', { body: adding }))
  const [code, ...same] = await Promise.all(codes)
  assert.ok(code?.ok)
  for (const again of same) assert.deepEqual(again, code)

  const key = softwareAuthenticator({ origin: bank.hub.url, rpId: 'localhost' })
  await addKey(someone, key, false)
  const { credential } = key
  const removal = { credential, presence: await there(someone, 'remove-passkey', credential, NOW_PIN) }
  const removed = await callIdentity(someone, 'removePasskey', { body: removal })
  assert.ok(removed.ok && removed.view.passkeys.length === 0)
  assert.deepEqual(await callIdentity(someone, 'removePasskey', { body: removal }), removed)
})

test('whoever has the session but not the key cannot use up the nonce', async () => {
  const made = await there(bank.kenji, 'unlock')
  const forged = { ...made, signature: toBase64url(new Uint8Array(64)) }
  assert.equal(await say(bank.kenji, 'unlock', { presence: forged }), 'signature-invalid')
  assert.equal(await say(bank.kenji, 'unlock', { presence: made }), 'done')
})

test('the PIN is changed by whoever knows it, on all phones, and the tries stay counted', async () => {
  const someone = await bank.stranger('Changer')
  assert.equal(await say(someone, 'unlock', { presence: await there(someone, 'unlock', '', WRONG) }), 'proof-wrong')
  const verifier = await newVerifier('8642')
  const change = async (prove: typeof PIN, subject = verifier.storedKey): Promise<string> =>
    say(someone, 'changeSecret', { ...verifier, presence: await there(someone, 'change-secret', subject, prove) })
  assert.equal(await change(WRONG), 'proof-wrong')
  assert.equal((await rowOf(someone)).wrongProofs, 2)
  assert.equal(await change(PIN, 'A'.repeat(43)), 'signature-invalid', 'the proof was for another PIN')
  assert.equal(await change(PIN), 'done')
  const short = { ...verifier, salt: 'AAAA', presence: await there(someone, 'change-secret', verifier.storedKey) }
  assert.equal(await say(someone, 'changeSecret', short), 'field-invalid')
  await someone.self()
  assert.equal(await say(someone, 'unlock', { presence: await there(someone, 'unlock') }), 'proof-wrong', 'the old PIN')
  assert.equal(await say(someone, 'unlock', { presence: await there(someone, 'unlock', '', withPin('8642')) }), 'done')
})

async function addKey(client: Client, key: SoftwareAuthenticator, roaming: boolean): Promise<void> {
  const options = await client.call('passkeyOptions', { body: { roaming } })
  assert.ok(options.ok)
  const made = await client.call('passkey', { body: key.register(options.view.challenge) })
  assert.ok(made.ok, JSON.stringify(made))
}

const by = (key: SoftwareAuthenticator) => async (approval: Uint8Array) =>
  ({ ok: true, view: key.proof(approval) }) as const

test('passkeys are listed with what they are, and removed with a proof', async () => {
  const someone = await bank.stranger('Keeper')
  const place = { origin: bank.hub.url, rpId: 'localhost' }
  const bound = softwareAuthenticator(place)
  const synced = softwareAuthenticator({ ...place, isSyncable: true, counter: 'none' })
  await addKey(someone, bound, false)
  await addKey(someone, synced, false)
  const kinds = async () => {
    const read = await callIdentity(someone, 'passkeys')
    assert.ok(read.ok)
    return read.view.passkeys.map(({ kind }) => kind)
  }
  assert.deepEqual(await kinds(), ['bound-passkey', 'synced-passkey'])
  const { credential } = bound
  const removal = (subject: string, prove = PIN) => there(someone, 'remove-passkey', subject, prove)
  const remove = async (presence: PresenceBody) => say(someone, 'removePasskey', { credential, presence })
  assert.equal(await remove(await removal(synced.credential)), 'signature-invalid')
  assert.equal(await remove(await removal(credential, WRONG)), 'proof-wrong')
  assert.deepEqual(await kinds(), ['bound-passkey', 'synced-passkey'])
  assert.equal(await remove(await removal(credential, by(synced))), 'done')
  assert.deepEqual(await kinds(), ['synced-passkey'])
  assert.equal(await remove(await removal(credential)), 'not-found')
  assert.equal(await say(someone, 'unlock', { presence: await there(someone, 'unlock', '', by(bound)) }), 'proof-wrong')
})

test('a phone that needs its key approves nothing without it, and only the key says so', async () => {
  const { kenji, register } = bank
  const key = softwareAuthenticator({ origin: bank.hub.url, rpId: 'localhost', transports: ['usb'] })
  await addKey(kenji, key, true)
  const choose = async (what: 'any' | 'security-key', prove = PIN): Promise<string> =>
    say(kenji, 'approvesWith', { with: what, presence: await there(kenji, 'approves-with', what, prove) })
  assert.equal(await choose('security-key'), 'security-key-needed')
  assert.equal((await rowOf(kenji)).approvesWith, 'any')
  assert.equal(await choose('security-key', by(key)), 'done')
  assert.equal((await rowOf(kenji)).approvesWith, 'security-key')
  const phones = await callIdentity(kenji, 'devices')
  assert.ok(
    phones.ok && phones.view.devices.some(({ isThis, approvesWith }) => isThis && approvesWith === 'security-key'),
  )

  const view = await joinByLink(kenji, await dealOf(register, asked(billOf(300n))))
  assert.equal(codeOf(await approve(kenji, view)), 'security-key-needed', 'within the unlock')
  assert.equal(codeOf(await approve(kenji, view, PIN)), 'security-key-needed')
  assert.equal(codeOf(await approve(kenji, view, by(key))), 'done')
  assert.equal(await choose('any'), 'security-key-needed')
  assert.equal(await choose('any', by(key)), 'done')
  const next = await joinByLink(kenji, await dealOf(register, asked(billOf(300n))))
  assert.equal(codeOf(await approve(kenji, next, PIN)), 'done')
})
