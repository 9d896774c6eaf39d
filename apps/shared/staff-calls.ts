// A shop's people at one of its machines: signing in with a PIN that never travels, setting one with a one-time code, signing out.
import { fromBase64url, toBase64url } from '#core/bytes.ts'
import { parseId } from '#core/ids.ts'
import type { StaffHereView } from '#protocol/identity.ts'
import { problemOf } from '#protocol/problems.ts'
import { cashierHash, scramMessage } from '#protocol/signed-bytes.ts'
import type { Client } from '#sdk/client.ts'
import { callIdentity } from '#sdk/identity-calls.ts'
import type { Outcome } from '#sdk/outcome.ts'
import { clientProof, newVerifier, saltedAsAsked } from '#sdk/scram.ts'

const NONCE_BYTES = 16

export type StaffDesk = Readonly<{
  here(): Promise<Outcome<StaffHereView>>
  /** Problems: proof-wrong, proof-locked, not-found (somebody who may not work here any more). */
  signIn(staff: string, pin: string): Promise<Outcome<StaffHereView>>
  /** A first PIN, or a new one. Problems: code-not-found, too-many-tries. */
  enrol(code: string, pin: string): Promise<Outcome<StaffHereView>>
  signOut(): Promise<Outcome<StaffHereView>>
}>

/** The staff's side of this client, which is enrolled as a terminal. */
export function staffDesk(client: Client, random = randomBytes): StaffDesk {
  return {
    here: () => callIdentity(client, 'staffHere'),
    async signIn(staff, pin) {
      const asked = await callIdentity(client, 'staffNonce', { body: { staff } })
      if (!asked.ok) return asked
      const { iterations } = asked.view
      const [salt, hubNonce] = [fromBase64url(asked.view.salt), fromBase64url(asked.view.nonce)]
      const [id, self] = [parseId('stf', staff), (await client.identity())?.self]
      const terminal = parseId('trm', self?.id)
      if (!salt || !hubNonce || !id || !terminal) return { ok: false, problem: problemOf('proof-needed') }
      const clientNonce = random(NONCE_BYTES)
      const approvalHash = cashierHash(terminal, id)
      const message = scramMessage({ account: id, clientNonce, hubNonce, salt, iterations, approvalHash })
      const salted = await saltedAsAsked(pin, salt, iterations)
      if (salted === undefined) return { ok: false, problem: problemOf('proof-needed') }
      const proof = clientProof(salted, message)
      return callIdentity(client, 'staffSignIn', {
        body: { staff, clientNonce: toBase64url(clientNonce), clientProof: toBase64url(proof) },
      })
    },
    async enrol(code, pin) {
      return callIdentity(client, 'staffEnrol', { body: { code, ...(await newVerifier(pin, random)) } })
    },
    signOut: () => callIdentity(client, 'staffSignOut', { body: {} }),
  }
}

const randomBytes = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length))
