// Passkeys on the hub's side: made once for a person or an operator, then a proof over a challenge that the hub can make again. The
// check of WebAuthn itself is @simplewebauthn's; the counter is ours, because a repeated command must stay the same command.
import { createHash, randomBytes } from 'node:crypto'
import { equal, fromBase64url, toBase64url } from '#core/bytes.ts'
import type { Strength } from '#core/device.ts'
import { idBytes } from '#core/ids.ts'
import type { ProofBody } from '#protocol/commands.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import type { PasskeyAssertion, PasskeyOptions, PasskeyRequest } from '#protocol/routes.ts'
import type { DeviceActor, OperatorActor } from '#switch/actors.ts'
import type { Directory, Passkey, PasskeyOwner } from './directory.ts'
import { isConfirmed, readClientData, type BillOf } from './payment-confirmation.ts'
import { WRONG, type ProofMethod, type Verdict } from './proofs.ts'

/** Where passkeys of the scheme belong; `hostName` is null when the hub is reached by address. */
export type PasskeyHome = Readonly<{
  hostName: string | null
  /** the origins that may ask for them, as in https://pay.example.org */
  origins: readonly string[]
}>

/** Who may make one. */
export type Keeper = DeviceActor | OperatorActor

type PasskeyProof = Extract<ProofBody, { kind: 'passkey' }>

/** Loaded when the first passkey is used: with its ASN.1 libraries it is 15 MB that a hub at rest need not hold. */
const webAuthn = () => import('@simplewebauthn/server')

const CHALLENGE_LIFE_MS = 5 * 60_000
/** A person's phones, laptop and security keys; each is a line in the browser's question. */
const PASSKEYS_PER_OWNER = 10
const ALGORITHMS = [-7, -8, -257]
/** What browsers call an authenticator that stays in its phone or computer, or is a phone beside this one. */
const BUILT_IN = ['internal', 'hybrid']

/** A person's passkeys are good on all their phones. */
export const ownerOf = (keeper: Keeper): PasskeyOwner => (keeper.kind === 'device' ? keeper.party : keeper.id)

/** What a right assertion by it is worth. What may be copied is not in one hand, whatever it was asked for as. */
export const strengthOf = ({
  isBackupEligible,
  isRoaming,
}: Pick<Passkey, 'isBackupEligible' | 'isRoaming'>): Strength =>
  isBackupEligible ? 'synced-passkey' : isRoaming ? 'security-key' : 'bound-passkey'

/** What the browser needs to make a passkey; `roaming`: one that can be pulled out. Problem: no-host-name. */
export async function passkeyOptions(
  directory: Directory,
  home: PasskeyHome,
  keeper: Keeper,
  { roaming = false }: Readonly<{ roaming?: boolean }> = {},
): Promise<PasskeyOptions | Problem> {
  if (home.hostName === null) return problemOf('no-host-name')
  const challenge = randomBytes(32)
  await directory.putChallenge(keeper.id, { challenge, wantsRoaming: roaming, lifeMs: CHALLENGE_LIFE_MS })
  const known = await directory.passkeysOf(ownerOf(keeper))
  return {
    challenge: toBase64url(challenge),
    hostName: home.hostName,
    user: toBase64url(idBytes(ownerOf(keeper))),
    name: keeper.name,
    known: known.map(({ credential }) => toBase64url(credential)),
  }
}

/** Adds the passkey that the browser has made; again is done already. Problems: no-host-name, signature-invalid, not-allowed (too many). */
export async function addPasskey(
  directory: Directory,
  home: PasskeyHome,
  keeper: Keeper,
  request: PasskeyRequest,
): Promise<{ done: true } | Problem> {
  if (home.hostName === null) return problemOf('no-host-name')
  const owner = ownerOf(keeper)
  const known = await directory.passkeysOf(owner)
  if (known.some(({ credential }) => toBase64url(credential) === request.credential)) return { done: true }
  if (known.length >= PASSKEYS_PER_OWNER) return problemOf('not-allowed')
  const asked = await directory.takeChallenge(keeper.id)
  if (asked === undefined) return problemOf('signature-invalid')
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
      expectedChallenge: toBase64url(asked.challenge),
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
  const isBackupEligible = credentialDeviceType === 'multiDevice'
  await directory.addPasskey(owner, {
    credential: id,
    publicKey: credential.publicKey,
    counter: credential.counter,
    isBackupEligible,
    isRoaming: !isBackupEligible && isRoaming(request.transports, asked.wantsRoaming),
    transports: request.transports,
  })
  return { done: true }
}

/** Transports tell it where the browser names them; else it is what was asked for. */
const isRoaming = (transports: readonly string[], wantsRoaming: boolean): boolean =>
  transports.length === 0 ? wantsRoaming : !transports.some((transport) => BUILT_IN.includes(transport))

/** A passkey as a proof: an assertion over SHA-256 of the approval bytes, or the browser's own confirmation of the payment. */
export const passkeyMethod = (
  directory: Pick<Directory, 'passkeysOf' | 'usePasskey'>,
  home: PasskeyHome,
  billOf: BillOf,
): ProofMethod<PasskeyProof> => ({
  kind: 'passkey',
  ask: () => null,
  async verify(assertion, { party, account, approval }) {
    const said = readClientData(assertion.clientData)
    const type = said?.type === 'payment.get' ? 'payment.get' : 'webauthn.get'
    if (type === 'payment.get' && !(await isConfirmed(said?.payment, { approval, account, place: home, billOf }))) {
      return WRONG
    }
    const challenge = createHash('sha256').update(approval).digest()
    return verifyAssertion(directory, home, { owner: party, assertion, challenge, type })
  },
})

/** Is this an assertion by one of the owner's passkeys, with its user verified, over exactly this challenge? */
export async function verifyAssertion(
  directory: Pick<Directory, 'passkeysOf' | 'usePasskey'>,
  home: PasskeyHome,
  asked: Readonly<{
    owner: PasskeyOwner
    assertion: PasskeyAssertion
    challenge: Uint8Array
    /** payment.get only where what the browser has shown was compared */
    type?: 'webauthn.get' | 'payment.get'
  }>,
): Promise<Verdict> {
  const { owner, assertion, challenge, type = 'webauthn.get' } = asked
  const id = fromBase64url(assertion.credential)
  if (home.hostName === null || id === undefined) return WRONG
  const passkey = (await directory.passkeysOf(owner)).find(({ credential }) => equal(credential, id))
  if (passkey === undefined) return WRONG
  const { verifyAuthenticationResponse } = await webAuthn()
  const { credential, clientData, authenticatorData, signature } = assertion
  const checked = await orUndefined(
    verifyAuthenticationResponse({
      response: {
        id: credential,
        rawId: credential,
        type: 'public-key',
        response: { clientDataJSON: clientData, authenticatorData, signature },
        clientExtensionResults: {},
      },
      expectedType: type,
      expectedChallenge: toBase64url(challenge),
      expectedOrigin: [...home.origins],
      expectedRPID: home.hostName,
      requireUserVerification: true,
      // Zero, so that the counter is judged by usePasskey alone, in one statement with its change.
      credential: { id: credential, publicKey: Uint8Array.from(passkey.publicKey), counter: 0 },
    }),
  )
  if (checked?.verified !== true) return WRONG
  const { newCounter, credentialDeviceType } = checked.authenticationInfo
  const isBackupEligible = passkey.isBackupEligible || credentialDeviceType === 'multiDevice'
  const use = createHash('sha256').update(`${authenticatorData}.${clientData}.${signature}`).digest()
  const isNew = await directory.usePasskey(owner, { credential: id, counter: newCounter, isBackupEligible, use })
  return isNew ? { right: true, strength: strengthOf({ ...passkey, isBackupEligible }) } : WRONG
}

/** @simplewebauthn says no by throwing; what exactly was wrong is nobody's business but the browser's. */
async function orUndefined<Result>(asked: Promise<Result>): Promise<Result | undefined> {
  try {
    return await asked
  } catch {
    return undefined
  }
}
