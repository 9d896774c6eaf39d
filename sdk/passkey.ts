// Passkeys as proof of the owner: the challenge is SHA-256 of the approval bytes, so that an assertion is good for one bill.
import { startAuthentication, startRegistration } from '@simplewebauthn/browser'
import { sha256, toBase64url } from '#core/bytes.ts'
import type { ProofBody } from '#protocol/commands.ts'
import { problemOf } from '#protocol/problems.ts'
import type { PasskeyAssertion } from '#protocol/routes.ts'
import type { SchemeView } from '#protocol/views.ts'
import type { Prove } from './approval.ts'
import type { Client } from './client.ts'
import type { Outcome } from './outcome.ts'
import { confirmationPossible } from './payment-confirmation.ts'

export type PasskeyProof = Extract<ProofBody, { kind: 'passkey' }>

/** Why this page cannot use passkeys: the hub is reached by address, the page is not secure, the browser has none, or it is another host. */
export type PasskeyObstacle = 'no-host-name' | 'insecure' | 'unsupported' | 'other-host'

/** So that the browser may confirm payments with it by itself. */
const FOR_PAYMENTS: AuthenticationExtensionsClientInputs & Readonly<{ payment: { isPayment: boolean } }> = {
  payment: { isPayment: true },
}

/** Can passkeys of this scheme be used on this page? */
export function passkeysPossible(
  scheme: SchemeView,
): Readonly<{ possible: true }> | Readonly<{ possible: false; reason: PasskeyObstacle }> {
  if (scheme.hostName === null) return { possible: false, reason: 'no-host-name' }
  if (!globalThis.isSecureContext) return { possible: false, reason: 'insecure' }
  if (typeof PublicKeyCredential === 'undefined') return { possible: false, reason: 'unsupported' }
  const { hostname } = location
  const isOurs = hostname === scheme.hostName || hostname.endsWith(`.${scheme.hostName}`)
  return isOurs ? { possible: true } : { possible: false, reason: 'other-host' }
}

/**
 * Makes a passkey for this person or operator; `roaming`: in a key that can be pulled out. Problems: no-host-name, passkey-failed (the
 * person said no, or the browser).
 */
export async function createPasskey(
  client: Client,
  { roaming = false }: Readonly<{ roaming?: boolean }> = {},
): Promise<Outcome<{ done: true }>> {
  const asked = await client.call('passkeyOptions', { body: { roaming } })
  if (!asked.ok) return asked
  const { challenge, hostName, user, name, known } = asked.view
  const identity = await client.identity()
  // Browsers make passkeys for payments in the machine's own authenticator alone.
  const confirms = !roaming && (await confirmationPossible())
  const attachment = roaming ? 'cross-platform' : confirms ? 'platform' : undefined
  const made = await orUndefined(
    startRegistration({
      optionsJSON: {
        challenge,
        rp: { id: hostName, name: identity?.scheme.name ?? hostName },
        user: { id: user, name, displayName: name },
        pubKeyCredParams: [-7, -8, -257].map((alg) => ({ type: 'public-key', alg })),
        excludeCredentials: known.map((id) => ({ type: 'public-key', id })),
        authenticatorSelection: {
          residentKey: 'preferred',
          userVerification: 'required',
          ...(attachment !== undefined && { authenticatorAttachment: attachment }),
        },
        attestation: 'none',
        ...(confirms && { extensions: FOR_PAYMENTS }),
      },
    }),
  )
  if (made === undefined) return { ok: false, problem: problemOf('passkey-failed') }
  const outcome = await client.call('passkey', {
    body: {
      credential: made.id,
      clientData: made.response.clientDataJSON,
      attestation: made.response.attestationObject,
      transports: made.response.transports ?? [],
    },
  })
  if (outcome.ok) await client.self()
  return outcome
}

/** Asks the person's passkey for a proof over the approval bytes. Problem: passkey-failed. */
export async function passkeyProof(
  approval: Uint8Array,
  hostName: string,
  credentials: readonly string[],
): Promise<Outcome<PasskeyProof>> {
  const made = await passkeyAssertion(sha256(approval), hostName, credentials)
  return made.ok ? { ok: true, view: { kind: 'passkey', ...made.view } } : made
}

/** Asks a passkey to sign this challenge: an operator's session begins so. Without credentials any of this host's. Problem: passkey-failed. */
export async function passkeyAssertion(
  challenge: Uint8Array,
  hostName: string,
  credentials: readonly string[],
): Promise<Outcome<PasskeyAssertion>> {
  const made = await orUndefined(
    startAuthentication({
      optionsJSON: {
        challenge: toBase64url(challenge),
        rpId: hostName,
        allowCredentials: credentials.map((id) => ({ type: 'public-key', id })),
        userVerification: 'required',
      },
    }),
  )
  if (made === undefined) return { ok: false, problem: problemOf('passkey-failed') }
  const { authenticatorData, clientDataJSON, signature } = made.response
  return {
    ok: true,
    view: { credential: made.id, authenticatorData, clientData: clientDataJSON, signature },
  }
}

/** Proves the owner by passkey. */
export const withPasskey: Prove = async (approval, { self, scheme }) => {
  if (scheme.hostName === null) return { ok: false, problem: problemOf('no-host-name') }
  if (self.kind !== 'device' || self.passkeys.length === 0) return { ok: false, problem: problemOf('proof-needed') }
  return passkeyProof(approval, scheme.hostName, self.passkeys)
}

/** The browser says only by rejecting that the person cancelled, waited too long, or has no such passkey. */
async function orUndefined<Result>(asked: Promise<Result>): Promise<Result | undefined> {
  try {
    return await asked
  } catch {
    return undefined
  }
}
