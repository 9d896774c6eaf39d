// The payer's evidence from the phone to the rules: the device's signature, the PIN, the passkey, each for one bill only.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { sha256, toBase64url, utf8 } from '#core/bytes.ts'
import type { Strength } from '#core/device.ts'
import { idInBucket } from '#core/ids.ts'
import type { ProofBody } from '#protocol/commands.ts'
import type { PaymentView } from '#protocol/views.ts'
import { approvalFor, approve, signApproval } from '#sdk/approval.ts'
import { openClient } from '#sdk/client.ts'
import { enrol, loadIdentity, type Identity } from '#sdk/identity.ts'
import { setPin, withPin } from '#sdk/scram.ts'
import { memoryStorage } from '#sdk/storage.ts'
import { verifyEvidence } from '#server/auth/approvals.ts'
import { isProblem } from '#server/auth/authenticate.ts'
import { addPasskey, passkeyOptions, verifyAssertion } from '#server/auth/passkeys.ts'
import type { DeviceActor } from '#switch/actors.ts'
import { actorIdOf, authHub, HOME, HUB, LINE, noWaiting, paymentView } from './support/auth-hub.ts'
import { softwareAuthenticator } from './support/authenticator.ts'

async function phone() {
  const hub = authHub()
  const storage = memoryStorage()
  const code = await hub.deviceCode()
  assert((await enrol({ hub: HUB, storage, code, label: 'Phone', fetch: hub.fetch, delay: noWaiting })).ok)
  const client = openClient({ hub: HUB, storage, fetch: hub.fetch, now: () => hub.clock.now, delay: noWaiting })
  const identity = await loadIdentity(storage)
  assert(identity?.self.kind === 'device')
  const known = await hub.directory.identityOf(actorIdOf(identity.self))
  assert(known?.actor.kind === 'device')
  return { hub, storage, client, identity, actor: known.actor, view: paymentView(identity.self.account) }
}

const proofsOf = (hub: ReturnType<typeof authHub>) => [...hub.decided.values()].map(({ proof }) => proof)

test('a phone without a PIN approves by its key alone; with one it proves its owner', async () => {
  const { hub, client, view } = await phone()
  assert((await approve(client, view)).ok)
  const unproven = await approve(client, view, withPin('20481024'))
  assert(!unproven.ok && unproven.problem.code === 'proof-needed')

  assert((await setPin(client, '20481024')).ok)
  const second = await setPin(client, '9999')
  assert(!second.ok && second.problem.code === 'state-conflict')
  assert((await approve(client, view, withPin('20481024'))).ok)
  assert((await approve(client, view, withPin('２０４８１０２４'))).ok)
  assert((await approve(client, view, withPin('20481025'))).ok)
  assert.deepEqual(proofsOf(hub), ['none', 'right', 'right', 'wrong'])
  assert(hub.seen.every(({ body }) => !body.includes('20481024')))
})

test('a person without a PIN answers every PIN with wrong', async () => {
  const { hub, identity, actor, view } = await phone()
  const expiresAt = hub.clock.now + 60_000
  const built = approvalFor({ purpose: 'approve', scheme: identity.scheme, view, self: identity.self, expiresAt })
  assert(built.ok)
  const proof = { kind: 'scram', clientNonce: 'A'.repeat(22), clientProof: 'A'.repeat(43) } as const
  const body = await signApproval(identity, built.bytes, proof)
  const evidence = await verifyEvidence(hub.directory, hub.proofs, actor, body)
  assert(!isProblem(evidence) && evidence.proof === 'wrong')
})

test('a proof for one bill is wrong for another, and a changed approval has no signature', async () => {
  const { hub, identity, actor, view, client } = await phone()
  await setPin(client, '1234')
  const own = { ...identity, self: await selfOf(client) }
  const bytesOf = (shown: PaymentView): Uint8Array => {
    const expiresAt = hub.clock.now + 60_000
    const built = approvalFor({ purpose: 'approve', scheme: own.scheme, view: shown, self: own.self, expiresAt })
    assert(built.ok)
    return built.bytes
  }
  const dearer = { ...view, bill: { unit: 'JPY', total: '981', lines: [{ ...LINE, amount: '981' }] } }
  const proof = await withPin('1234')(bytesOf(view), own)
  assert(proof.ok)
  const right = await verifyEvidence(
    hub.directory,
    hub.proofs,
    actor,
    await signApproval(own, bytesOf(view), proof.view),
  )
  assert(!isProblem(right) && right.proof === 'right')
  const moved = await verifyEvidence(
    hub.directory,
    hub.proofs,
    actor,
    await signApproval(own, bytesOf(dearer), proof.view),
  )
  assert(!isProblem(moved) && moved.proof === 'wrong')

  const sent = await signApproval(own, bytesOf(view), null)
  for (const [what, body] of Object.entries({
    'other approval': { ...sent, approval: toBase64url(bytesOf(dearer)) },
    'shorter approval': { ...sent, approval: sent.approval.slice(0, -4) },
    'other signature': { ...sent, signature: toBase64url(new Uint8Array(64)) },
    'no base64url': { ...sent, signature: '====' },
  })) {
    const refused = await verifyEvidence(hub.directory, hub.proofs, actor, body)
    assert(isProblem(refused) && refused.code === 'signature-invalid', what)
  }
})

test('the phone does not sign a view that contradicts itself', async () => {
  const { hub, identity, view } = await phone()
  const fault = (shown: PaymentView, purpose: 'approve' | 'challenge' = 'approve') => {
    const expiresAt = hub.clock.now + 60_000
    const built = approvalFor({ purpose, scheme: identity.scheme, view: shown, self: identity.self, expiresAt })
    return built.ok ? undefined : built.fault
  }
  const bill = { unit: 'JPY', total: '980', lines: [LINE] }
  assert.equal(fault(view), undefined)
  assert.equal(fault({ ...view, bill: null }), 'bill-missing')
  assert.equal(fault({ ...view, bill: { ...bill, total: '979' } }), 'bill-invalid')
  assert.equal(fault({ ...view, bill: { ...bill, unit: 'XXX' } }), 'bill-invalid')
  assert.equal(fault({ ...view, payerAccount: '00112345674' }), 'device-revoked')
  assert.equal(fault({ ...view, deal: 'deal_1' }), 'id-invalid')
  assert.equal(fault(view, 'challenge'), 'no-challenge')
  assert.equal(fault({ ...view, bill: null, challenge: { nonce: view.nonce, failures: 0 } }, 'challenge'), undefined)
})

test('what is signed of a card is its id and the method that is shown, and no method that the phone cannot read', async () => {
  const { hub, identity, view } = await phone()
  const built = (over: object) => {
    const card = { kind: 'card', id: `mns_${'91'.repeat(16)}`, label: 'Tanuki Card', oneTime: false } as const
    const means = { ...card, method: 'instalments-3', refused: null, reference: null, ...over }
    const expiresAt = hub.clock.now + 60_000
    return approvalFor({
      purpose: 'approve',
      scheme: identity.scheme,
      view: { ...view, means },
      self: identity.self,
      expiresAt,
    })
  }
  const signed = (over: object): string => {
    const made = built(over)
    assert(made.ok)
    return Buffer.from(made.bytes.subarray(104, 122)).toString('hex')
  }
  assert.equal(signed({}), `${'91'.repeat(16)}17d7`, '6103')
  assert.equal(signed({ method: 'lump' }), `${'91'.repeat(16)}0001`)
  assert.equal(signed({ oneTime: true, refused: 'card-refused', reference: 'x' }), signed({}), 'the rest is not signed')
  for (const over of [{ method: 'instalments-1' }, { method: 'later' }, { id: 'mns_1' }])
    assert.deepEqual(built(over), { ok: false, fault: 'id-invalid' })
})

test('a passkey is made once and proves its owner for one approval', async () => {
  const { hub, actor, identity, view } = await phone()
  const key = softwareAuthenticator(PLACE)
  const made = key.register(await challengeOf(hub, actor), { origin: 'https://evil.example' })
  assert(isProblem(await addPasskey(hub.directory, HOME, actor, made)))
  // The challenge is gone with the first try.
  const options = await passkeyOptions(hub.directory, HOME, actor)
  assert(!isProblem(options))
  assert(isProblem(await addPasskey(hub.directory, HOME, actor, key.register('AAAA'))))
  assert(isProblem(await addPasskey(hub.directory, HOME, actor, key.register(options.challenge))))
  const right = key.register(await challengeOf(hub, actor))
  assert.deepEqual(await addPasskey(hub.directory, HOME, actor, right), { done: true })
  assert.deepEqual(await addPasskey(hub.directory, HOME, actor, right), { done: true })
  assert.equal((await hub.directory.passkeysOf(actor.party)).length, 1)

  const bytes = approvalBytesOf(hub, identity, view)
  const judge = async (proof: ProofBody): Promise<string> => {
    const evidence = await verifyEvidence(hub.directory, hub.proofs, actor, await signApproval(identity, bytes, proof))
    return isProblem(evidence) ? evidence.code : evidence.proof
  }
  const first = key.proof(bytes, { counter: 1 })
  assert.equal(await judge(first), 'right')
  assert.equal(await judge(first), 'right', 'the same command again')
  assert.equal(await judge(key.proof(bytes, { counter: 1 })), 'wrong', 'a copied authenticator')
  assert.equal(await judge(key.proof(bytes, { counter: 2 })), 'right')
  const counter = 3
  for (const [what, proof] of Object.entries({
    'another bill': key.proof(utf8('another bill'), { counter }),
    'the user was not verified': key.proof(bytes, { counter, isVerified: false }),
    'the user was not there': key.proof(bytes, { counter, isPresent: false }),
    'another origin': key.proof(bytes, { counter, origin: 'https://evil.example' }),
    'another relying party': key.proof(bytes, { counter, rpId: 'evil.example' }),
    'in a frame of another site': key.proof(bytes, { counter, crossOrigin: true, topOrigin: 'https://evil.example' }),
    'a registration': key.proof(bytes, { counter, type: 'webauthn.create' }),
    'a signature over something else': key.proof(bytes, { counter, signed: utf8('something else') }),
    'an unknown passkey': softwareAuthenticator(PLACE).proof(bytes, { counter }),
  })) {
    assert.equal(await judge(proof), 'wrong', what)
  }
  assert.equal(await judge(key.proof(bytes, { counter })), 'right', 'none of these has moved the counter')
  const nowhere = await passkeyOptions(hub.directory, { hostName: null, origins: [] }, actor)
  assert(isProblem(nowhere) && nowhere.code === 'no-host-name')
})

test('a proof is as strong as what made it', async () => {
  const { hub, actor, identity, view, client } = await phone()
  const bytes = approvalBytesOf(hub, identity, view)
  const strengthOf = async (proof: ProofBody): Promise<Strength | null> => {
    const evidence = await verifyEvidence(hub.directory, hub.proofs, actor, await signApproval(identity, bytes, proof))
    assert(!isProblem(evidence))
    return evidence.strength
  }
  for (const [transports, roaming, isSyncable, strength] of [
    [['internal'], false, false, 'bound-passkey'],
    [['internal'], true, false, 'bound-passkey'],
    [['internal', 'hybrid'], false, true, 'synced-passkey'],
    [['hybrid'], true, true, 'synced-passkey'],
    [['usb', 'nfc'], true, false, 'security-key'],
    [['usb'], false, false, 'security-key'],
    [['usb'], true, true, 'synced-passkey'],
    [[], true, false, 'security-key'],
    [[], false, false, 'bound-passkey'],
  ] as const) {
    const key = softwareAuthenticator({ ...PLACE, transports, isSyncable })
    const made = key.register(await challengeOf(hub, actor, roaming))
    assert.deepEqual(await addPasskey(hub.directory, HOME, actor, made), { done: true })
    assert.equal(await strengthOf(key.proof(bytes)), strength, `${transports.join()} ${roaming} ${isSyncable}`)
  }

  const bound = softwareAuthenticator({ ...PLACE, transports: ['usb'] })
  await addPasskey(hub.directory, HOME, actor, bound.register(await challengeOf(hub, actor)))
  assert.equal(await strengthOf(bound.proof(bytes)), 'security-key')
  assert.equal(await strengthOf(bound.proof(bytes, { isSyncable: true })), 'synced-passkey')
  assert.equal(await strengthOf(bound.proof(bytes)), 'synced-passkey', 'what could be copied once is never bound again')

  await setPin(client, '1234')
  const pin = await withPin('1234')(bytes, { ...identity, self: await selfOf(client) })
  assert(pin.ok)
  assert.equal(await strengthOf(pin.view), 'password')
  assert.equal(await strengthOf({ kind: 'other', method: 'voice', answer: 'AAAA' }), null)
  assert.equal(await strengthOf(null), null)
})

test("an operator's passkey is found by the operator alone", async () => {
  const { hub, actor } = await phone()
  const id = idInBucket('opr', 0, randomBytes(14))
  const operator = { kind: 'operator', id, key: actor.key, name: 'Ann', role: 'chief' } as const
  const key = softwareAuthenticator(PLACE)
  const options = await passkeyOptions(hub.directory, HOME, operator)
  assert(!isProblem(options))
  assert.deepEqual(await addPasskey(hub.directory, HOME, operator, key.register(options.challenge)), { done: true })
  const challenge = sha256(utf8('a session'))
  const assertion = key.assertion(challenge)
  const asked = { assertion, challenge }
  const right = { right: true, strength: 'bound-passkey' }
  assert.deepEqual(await verifyAssertion(hub.directory, HOME, { owner: id, ...asked }), right)
  assert.deepEqual(await verifyAssertion(hub.directory, HOME, { owner: actor.party, ...asked }), { right: false })
  const another = sha256(utf8('another session'))
  assert.deepEqual(await verifyAssertion(hub.directory, HOME, { owner: id, assertion, challenge: another }), {
    right: false,
  })
})

const PLACE = { origin: HUB, rpId: HOME.hostName }

async function challengeOf(hub: ReturnType<typeof authHub>, actor: DeviceActor, roaming = false): Promise<string> {
  const options = await passkeyOptions(hub.directory, HOME, actor, { roaming })
  assert(!isProblem(options))
  return options.challenge
}

function approvalBytesOf(hub: ReturnType<typeof authHub>, identity: Identity, view: PaymentView): Uint8Array {
  const { scheme, self } = identity
  const built = approvalFor({ purpose: 'approve', scheme, view, self, expiresAt: hub.clock.now + 60_000 })
  assert(built.ok)
  return built.bytes
}

async function selfOf(client: ReturnType<typeof openClient>) {
  const self = await client.self()
  assert(self.ok)
  return self.view
}
