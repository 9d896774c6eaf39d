// Enrolment: a one-time code and a key that its holder has made; from then on the key is the device or terminal.
import { fromBase64url, toBase64url } from '#core/bytes.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import type { EnrolmentRequest } from '#protocol/routes.ts'
import { enrolmentBytes } from '#protocol/signed-bytes.ts'
import type { SelfView } from '#protocol/views.ts'
import type { Actor } from '#switch/actors.ts'
import type { Directory, Identity, PasskeyOwner } from './directory.ts'
import { isSignedBy } from './keys.ts'

/**
 * Enrols the sender of a checked request. Problems: signature-invalid, code-not-found. The caller charges the budget
 * against guessing codes before, and gives it back after success.
 */
export async function enrol(directory: Directory, request: EnrolmentRequest): Promise<Identity | Problem> {
  const publicKey = fromBase64url(request.key)
  const signature = fromBase64url(request.signature)
  if (publicKey === undefined || signature === undefined) return problemOf('signature-invalid')
  if (!isSignedBy(publicKey, enrolmentBytes(request.code, publicKey), signature)) return problemOf('signature-invalid')
  const identity = await directory.useCode({ code: request.code, publicKey, label: request.label })
  if (identity === undefined) return problemOf('code-not-found')
  return identity.status === 'active' ? identity : problemOf(inactiveCode(identity.actor))
}

/** What an actor may know about itself, for /v1/self and the answer to an enrolment. */
export async function selfViewOf(directory: Directory, actor: Actor): Promise<SelfView> {
  if (actor.kind === 'terminal') {
    const { kind, id, key, label, party, name, legalName, account } = actor
    return { kind, id, key, label, party, name, legalName, account }
  }
  if (actor.kind === 'operator') {
    const { kind, id, key, name, role } = actor
    return { kind, id, key, name, role, passkeys: await credentialsOf(directory, id) }
  }
  const [secret, passkeys] = await Promise.all([directory.secretOf(actor.party), credentialsOf(directory, actor.party)])
  const { kind, id, key, party, name, legalName, account } = actor
  return {
    kind,
    id,
    key,
    party,
    name,
    legalName,
    account,
    secret: secret === undefined ? null : { salt: toBase64url(secret.salt), iterations: secret.iterations },
    passkeys,
  }
}

const credentialsOf = async (directory: Directory, owner: PasskeyOwner): Promise<string[]> =>
  (await directory.passkeysOf(owner)).map(({ credential }) => toBase64url(credential))

/** What a revoked actor is told. */
export const inactiveCode = ({ kind }: Actor): 'device-revoked' | 'terminal-inactive' | 'operator-revoked' =>
  INACTIVE[kind]

const INACTIVE = {
  device: 'device-revoked',
  terminal: 'terminal-inactive',
  operator: 'operator-revoked',
} as const
