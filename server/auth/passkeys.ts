// Passkeys on the hub's side: made once for a person, then a proof over SHA-256 of the approval bytes. The check of WebAuthn
// itself is @simplewebauthn's; the counter is ours, because a repeated command must stay the same command.
import { createHash, randomBytes } from 'node:crypto'
import { concat, equal, fromBase64url, toBase64url, utf8 } from '#core/bytes.ts'
import { idBytes, type PartyId } from '#core/ids.ts'
import type { ProofBody } from '#protocol/commands.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import type { PasskeyOptions, PasskeyRequest } from '#protocol/routes.ts'
import type { DeviceActor } from '#switch/actors.ts'
import type { Directory } from './directory.ts'

/** Where passkeys of the scheme belong; `hostName` is null when the hub is reached by address. */
export type PasskeyHome = Readonly<{
  hostName: string | null
  /** the origins that may ask for them, as in https://pay.example.org */
  origins: readonly string[]
}>

/** Loaded when the first passkey is used: with its ASN.1 libraries it is 15 MB that a hub at rest need not hold. */
const webAuthn = () => import('@simplewebauthn/server')

type PasskeyProof = Extract<ProofBody, { kind: 'passkey' }>

const CHALLENGE_LIFE_MS = 5 * 60_000
/** A person's phones, laptop and security keys; each is a line in the browser's question. */
const PASSKEYS_PER_PARTY = 10
const ALGORITHMS = [-7, -8, -257]

/** What the browser needs to make a passkey. Problem: no-host-name. */
export async function passkeyOptions(
  directory: Directory,
  home: PasskeyHome,
  actor: DeviceActor,
): Promise<PasskeyOptions | Problem> {
  if (home.hostName === null) return problemOf('no-host-name')
  const challenge = randomBytes(32)
  await directory.putChallenge(actor.id, challenge, CHALLENGE_LIFE_MS)
  const known = await directory.passkeysOf(actor.party)
  return {
    challenge: toBase64url(challenge),
    hostName: home.hostName,
    user: toBase64url(idBytes(actor.party)),
    name: actor.name,
    known: known.map(({ credential }) => toBase64url(credential)),
  }
}

/** Adds the passkey that the browser has made; again is done already. Problems: no-host-name, signature-invalid, not-allowed (too many). */
export async function addPasskey(
  directory: Directory,
  home: PasskeyHome,
  actor: DeviceActor,
  request: PasskeyRequest,
): Promise<{ done: true } | Problem> {
  if (home.hostName === null) return problemOf('no-host-name')
  const known = await directory.passkeysOf(actor.party)
  if (known.some(({ credential }) => toBase64url(credential) === request.credential)) return { done: true }
  if (known.length >= PASSKEYS_PER_PARTY) return problemOf('not-allowed')
  const challenge = await directory.takeChallenge(actor.id)
  if (challenge === undefined) return problemOf('signature-invalid')
  const { verifyRegistrationResponse } = await webAuthn()
  const made = await orUndefined(
    verifyRegistrationResponse({
      response: {
        id: request.credential,
        rawId: request.credential,
        type: 'public-key',
        response: { clientDataJSON: request.clientData, attestationObject: request.attestation },
        clientExtensionResults: {},
      },
      expectedChallenge: toBase64url(challenge),
      expectedOrigin: [...home.origins],
      expectedRPID: home.hostName,
      requireUserVerification: true,
      supportedAlgorithmIDs: ALGORITHMS,
    }),
  )
  if (made?.verified !== true) return problemOf('signature-invalid')
  const { credential, credentialDeviceType } = made.registrationInfo
  const id = fromBase64url(credential.id)
  if (id === undefined || credential.id !== request.credential) return problemOf('signature-invalid')
  await directory.addPasskey(actor.party, {
    credential: id,
    publicKey: credential.publicKey,
    counter: credential.counter,
    isBackupEligible: credentialDeviceType === 'multiDevice',
    transports: request.transports,
  })
  return { done: true }
}

/** Is this an assertion by one of the party's passkeys, with its user verified, over exactly these approval bytes? */
export async function isRightPasskeyProof(
  directory: Directory,
  home: PasskeyHome,
  asked: Readonly<{ party: PartyId; proof: PasskeyProof; approval: Uint8Array }>,
): Promise<boolean> {
  const { party, proof, approval } = asked
  const id = fromBase64url(proof.credential)
  if (home.hostName === null || id === undefined) return false
  const passkey = (await directory.passkeysOf(party)).find(({ credential }) => equal(credential, id))
  if (passkey === undefined) return false
  const { verifyAuthenticationResponse } = await webAuthn()
  const checked = await orUndefined(
    verifyAuthenticationResponse({
      response: {
        id: proof.credential,
        rawId: proof.credential,
        type: 'public-key',
        response: {
          clientDataJSON: proof.clientData,
          authenticatorData: proof.authenticatorData,
          signature: proof.signature,
        },
        clientExtensionResults: {},
      },
      expectedChallenge: toBase64url(createHash('sha256').update(approval).digest()),
      expectedOrigin: [...home.origins],
      expectedRPID: home.hostName,
      requireUserVerification: true,
      // Zero, so that the counter is judged by usePasskey alone, in one statement with its change.
      credential: { id: proof.credential, publicKey: Uint8Array.from(passkey.publicKey), counter: 0 },
    }),
  )
  if (checked?.verified !== true) return false
  const use = createHash('sha256')
    .update(concat(utf8(`${proof.authenticatorData}.${proof.clientData}.${proof.signature}`)))
    .digest()
  return directory.usePasskey(party, { credential: id, counter: checked.authenticationInfo.newCounter, use })
}

/** @simplewebauthn says no by throwing; what exactly was wrong is nobody's business but the browser's. */
async function orUndefined<Result>(asked: Promise<Result>): Promise<Result | undefined> {
  try {
    return await asked
  } catch {
    return undefined
  }
}
