// The payer's evidence from the phone to the rules: the device's signature, the PIN, the passkey, each for one bill only.
import assert from 'node:assert/strict'
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { test } from 'node:test'
import { isoCBOR } from '@simplewebauthn/server/helpers'
import { fromBase64url, sha256, toBase64url, utf8 } from '#core/bytes.ts'
import type { PaymentView } from '#protocol/views.ts'
import { approvalFor, approve, signApproval } from '#sdk/approval.ts'
import { openClient } from '#sdk/client.ts'
import { enrol, loadIdentity } from '#sdk/identity.ts'
import { setPin, withPin } from '#sdk/scram.ts'
import { memoryStorage } from '#sdk/storage.ts'
import { verifyEvidence } from '#server/auth/approvals.ts'
import { isProblem } from '#server/auth/authenticate.ts'
import { addPasskey, passkeyOptions } from '#server/auth/passkeys.ts'
import type { DeviceActor } from '#switch/actors.ts'
import { actorIdOf, authHub, HOME, HUB, LINE, noWaiting, paymentView } from './support/auth-hub.ts'

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
  const evidence = await verifyEvidence(hub.directory, HOME, actor, body)
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
  const right = await verifyEvidence(hub.directory, HOME, actor, await signApproval(own, bytesOf(view), proof.view))
  assert(!isProblem(right) && right.proof === 'right')
  const moved = await verifyEvidence(hub.directory, HOME, actor, await signApproval(own, bytesOf(dearer), proof.view))
  assert(!isProblem(moved) && moved.proof === 'wrong')

  const sent = await signApproval(own, bytesOf(view), null)
  for (const [what, body] of Object.entries({
    'other approval': { ...sent, approval: toBase64url(bytesOf(dearer)) },
    'shorter approval': { ...sent, approval: sent.approval.slice(0, -4) },
    'other signature': { ...sent, signature: toBase64url(new Uint8Array(64)) },
    'no base64url': { ...sent, signature: '====' },
  })) {
    const refused = await verifyEvidence(hub.directory, HOME, actor, body)
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

test('a passkey is made once and proves its owner for one approval', async () => {
  const { hub, actor, identity, view } = await phone()
  const key = authenticator()
  const options = await passkeyOptions(hub.directory, HOME, actor)
  assert(!isProblem(options))
  const made = key.create(options.challenge)
  const elsewhere = { ...made, clientData: clientData('webauthn.create', options.challenge, 'https://evil.example') }
  assert(isProblem(await addPasskey(hub.directory, HOME, actor, elsewhere)))
  // The challenge is gone with the first try.
  assert(isProblem(await addPasskey(hub.directory, HOME, actor, made)))
  const next = await passkeyOptions(hub.directory, HOME, actor)
  assert(!isProblem(next))
  const right = key.create(next.challenge)
  assert.deepEqual(await addPasskey(hub.directory, HOME, actor, right), { done: true })
  assert.deepEqual(await addPasskey(hub.directory, HOME, actor, right), { done: true })
  assert.equal((await hub.directory.passkeysOf(actor.party)).length, 1)

  const expiresAt = hub.clock.now + 60_000
  const built = approvalFor({ purpose: 'approve', scheme: identity.scheme, view, self: identity.self, expiresAt })
  assert(built.ok)
  const judge = async (proof: ReturnType<typeof key.prove>, by: DeviceActor = actor): Promise<string> => {
    const evidence = await verifyEvidence(hub.directory, HOME, by, await signApproval(identity, built.bytes, proof))
    return isProblem(evidence) ? evidence.code : evidence.proof
  }
  const first = key.prove(built.bytes, { counter: 1 })
  assert.equal(await judge(first), 'right')
  assert.equal(await judge(first), 'right', 'the same command again')
  assert.equal(await judge(key.prove(built.bytes, { counter: 1 })), 'wrong', 'a copied authenticator')
  assert.equal(await judge(key.prove(built.bytes, { counter: 2 })), 'right')
  assert.equal(await judge(key.prove(utf8('another bill'), { counter: 3 })), 'wrong')
  assert.equal(await judge(key.prove(built.bytes, { counter: 3, flags: 0x01 })), 'wrong', 'the user was not verified')
  assert.equal(await judge(key.prove(built.bytes, { counter: 3, origin: 'https://evil.example' })), 'wrong')
  assert.equal(await judge(authenticator().prove(built.bytes, { counter: 9 })), 'wrong', 'an unknown passkey')
  const nowhere = await passkeyOptions(hub.directory, { hostName: null, origins: [] }, actor)
  assert(isProblem(nowhere) && nowhere.code === 'no-host-name')
})

async function selfOf(client: ReturnType<typeof openClient>) {
  const self = await client.self()
  assert(self.ok)
  return self.view
}

const clientData = (type: string, challenge: string, origin: string): string =>
  toBase64url(utf8(JSON.stringify({ type, challenge, origin, crossOrigin: false })))

const coordinate = (text: string | undefined) => fromBase64url(text ?? '') ?? new Uint8Array()

const head = (flags: number, counter: number): Buffer => {
  const count = Buffer.alloc(4)
  count.writeUInt32BE(counter)
  return Buffer.concat([createHash('sha256').update(HOME.hostName).digest(), Buffer.of(flags), count])
}

/** A passkey in software: P-256, no attestation. */
function authenticator() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const id = randomBytes(16)
  const { x, y } = publicKey.export({ format: 'jwk' })
  const cose = isoCBOR.encode(
    new Map<number, number | Uint8Array>([
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, coordinate(x)],
      [-3, coordinate(y)],
    ]),
  )
  return {
    create(challenge: string) {
      const authData = Buffer.concat([head(0x45, 0), Buffer.alloc(16), Buffer.of(0, id.length), id, cose])
      const attestation = isoCBOR.encode(
        new Map<string, string | Uint8Array | Map<string, string>>([
          ['fmt', 'none'],
          ['attStmt', new Map()],
          ['authData', Uint8Array.from(authData)],
        ]),
      )
      return {
        credential: toBase64url(id),
        clientData: clientData('webauthn.create', challenge, HUB),
        attestation: toBase64url(attestation),
        transports: ['internal'],
      }
    },
    prove(
      approval: Uint8Array,
      { counter, flags = 0x05, origin = HUB }: { counter: number; flags?: number; origin?: string },
    ) {
      const authenticatorData = head(flags, counter)
      const data = clientData('webauthn.get', toBase64url(sha256(approval)), origin)
      const signed = Buffer.concat([authenticatorData, sha256(fromBase64url(data) ?? new Uint8Array())])
      return {
        kind: 'passkey' as const,
        credential: toBase64url(id),
        authenticatorData: toBase64url(authenticatorData),
        clientData: data,
        signature: toBase64url(sign('sha256', signed, privateKey)),
      }
    },
  }
}
