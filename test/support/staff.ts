// A merchant's people at its terminals, for stories: codes, PINs and signing in, as the register does them.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { fromBase64url, toBase64url } from '#core/bytes.ts'
import { parseId } from '#core/ids.ts'
import type { StaffRole } from '#core/staff.ts'
import type { IdentityView } from '#protocol/identity.ts'
import { cashierHash, scramMessage } from '#protocol/signed-bytes.ts'
import { openClient } from '#sdk/client.ts'
import { enrol } from '#sdk/identity.ts'
import { clientProof, saltedPassword, secretFrom } from '#sdk/scram.ts'
import { memoryStorage } from '#sdk/storage.ts'
import type { TestHub } from './hub.ts'
import { newCommand, speaker, type Reply, type Speaker } from './raw-client.ts'

const ITERATIONS = 100_000

/** Enrols with a code, and speaks. */
export async function enrolWith(hub: { url: string }, code: string): Promise<Speaker> {
  const storage = memoryStorage()
  const outcome = await enrol({ hub: hub.url, storage, code, label: 'test' })
  assert.ok(outcome.ok, outcome.ok ? '' : outcome.problem.code)
  return speaker(hub, 'register', openClient({ hub: hub.url, storage }))
}

/** A merchant whose first owner has a code, with its terminals' codes, by the operator `desk`. */
export async function openShop(hub: TestHub, desk: Speaker, name: string) {
  const does = async (command: string, body: object): Promise<Record<string, unknown>> => {
    const reply = await desk.signed({
      path: `/v1/operator/commands/${command}`,
      body: { command: newCommand(), why: 'test', ...body },
    })
    assert.equal(reply.status, 200, reply.text)
    return reply.body
  }
  const { party, account } = await does('open-party', { kind: 'merchant', name, legalName: name, units: ['JPY'] })
  return {
    party: String(party),
    account: String(account),
    async terminal(kind = 'counter'): Promise<Speaker> {
      const { code } = await does('invite', { to: { kind: 'terminal', party, label: kind, terminal: kind } })
      return enrolWith(hub, String(code))
    },
    async invite(who: string, role: StaffRole): Promise<string> {
      return String((await does('invite', { to: { kind: 'staff', party, name: who, role } })).code)
    },
  }
}

/** Sets a PIN with a code; who set it stands at the terminal. */
export async function setPinAt(till: Speaker, code: string, pin: string): Promise<Reply> {
  const salt = randomBytes(16)
  const { storedKey, serverKey } = await secretFrom(pin, salt, ITERATIONS)
  return till.signed({
    path: '/v1/staff/enrol',
    body: {
      code,
      salt: toBase64url(salt),
      iterations: ITERATIONS,
      storedKey: toBase64url(storedKey),
      serverKey: toBase64url(serverKey),
    },
  })
}

export const nonceFor = (till: Speaker, staff: string): Promise<Reply> =>
  till.signed({ path: '/v1/staff/nonce', body: { staff } })

/** The body of a sign-in with this PIN over the hub's nonce. `over` replaces what is proved. */
export async function signInBody(
  till: Speaker,
  asked: Readonly<{ staff: string; pin: string; ask: Record<string, unknown> }>,
  over: Partial<{ terminal: string; staff: string }> = {},
): Promise<{ staff: string; clientNonce: string; clientProof: string }> {
  const { staff, pin, ask } = asked
  const terminal = parseId('trm', over.terminal ?? till.self.id)
  const proven = parseId('stf', over.staff ?? staff)
  const [salt, hubNonce] = [fromBase64url(String(ask.salt)), fromBase64url(String(ask.nonce))]
  assert.ok(terminal && proven && salt && hubNonce)
  const clientNonce = Uint8Array.from(randomBytes(16))
  const iterations = Number(ask.iterations)
  const message = scramMessage({
    account: proven,
    clientNonce,
    hubNonce,
    salt,
    iterations,
    approvalHash: cashierHash(terminal, proven),
  })
  const proof = clientProof(await saltedPassword(pin, salt, iterations), message)
  return { staff, clientNonce: toBase64url(clientNonce), clientProof: toBase64url(proof) }
}

/** Signs in with this PIN: nonce, proof, answer. */
export async function signInAt(till: Speaker, staff: string, pin: string): Promise<Reply> {
  const ask = await nonceFor(till, staff)
  assert.equal(ask.status, 200, ask.text)
  return till.signed({ path: '/v1/staff/sign-in', body: await signInBody(till, { staff, pin, ask: ask.body }) })
}

export const signOutAt = (till: Speaker): Promise<Reply> => till.signed({ path: '/v1/staff/sign-out', body: {} })

export async function hereAt(till: Speaker): Promise<IdentityView<'staffHere'>> {
  const reply = await till.reads('/v1/staff/here')
  assert.equal(reply.status, 200, reply.text)
  // Border: the hub has checked the answer's shape by its types.
  return reply.body as IdentityView<'staffHere'>
}
