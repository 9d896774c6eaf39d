// Signing up: a code by mail, and with it a person with account, profile and this phone in one commit.
import { randomInt } from 'node:crypto'
import { fromBase64url } from '#core/bytes.ts'
import type { Unit } from '#core/money.ts'
import type { IdentityBody } from '#protocol/identity.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import { enrolmentBytes } from '#protocol/signed-bytes.ts'
import type { SelfView } from '#protocol/views.ts'
import type { Directory } from '../auth/directory.ts'
import { inactiveCode, selfViewOf } from '../auth/enrolment.ts'
import { isSignedBy } from '../auth/keys.ts'
import { isProblem } from '../http-problems.ts'
import type { Profiles } from '../postgres/profiles.ts'
import { birthDateOf } from './birth-date.ts'
import type { MailCodes } from './codes.ts'

export type SignUpParts = Readonly<{
  directory: Directory
  profiles: Pick<Profiles, 'ownerOf' | 'signUp'>
  codes: MailCodes
  scheme: Readonly<{ unit: Unit; buckets: number }>
  /** the day on the scheme's calendar: 20261203 */
  today: () => number
}>

export function signUpDesk({ directory, profiles, codes, scheme, today }: SignUpParts) {
  return {
    /** Problems: mail-unavailable, too-many-tries. */
    mail: ({ email, language, asking: asker }: IdentityBody<'signUpMail'>, from: string): Promise<Problem | null> =>
      codes.send({ purpose: 'sign-up', email, asker, language, from }, async (address) =>
        (await profiles.ownerOf(address)) === undefined ? null : { kind: 'have-account' },
      ),

    /** Problems: signature-invalid, day-invalid, too-many-tries, code-not-found. */
    async signUp(asked: IdentityBody<'signUp'>, from: string): Promise<SelfView | Problem> {
      const publicKey = keyThatSigned(asked)
      if (publicKey === undefined) return problemOf('signature-invalid')
      const birthDate = birthDateOf(asked.birthDate, today())
      if (birthDate === undefined) return problemOf('day-invalid', { field: 'birthDate' })
      const { displayName, legalName, language, label } = asked
      const phone = await codes.guarded(from, () =>
        profiles.signUp({
          code: codes.tryOf({ purpose: 'sign-up', email: asked.email, asker: asked.asking }, asked.code),
          displayName,
          legalName,
          language,
          birthDate,
          publicKey,
          label,
          // Nobody chooses a bucket: they fill evenly.
          bucket: randomInt(scheme.buckets),
          unit: scheme.unit,
        }),
      )
      return isProblemOr(phone) ? phone : selfOf(directory, phone)
    },
  }
}

/** The key in the request, if it has signed the code. */
export function keyThatSigned(
  asked: Readonly<{ code: string; key: string; signature: string }>,
): Uint8Array | undefined {
  const publicKey = fromBase64url(asked.key)
  const signature = fromBase64url(asked.signature)
  if (publicKey === undefined || signature === undefined) return undefined
  return isSignedBy(publicKey, enrolmentBytes(asked.code, publicKey), signature) ? publicKey : undefined
}

/** What a phone that has just come in is told of itself; a revoked one only that. */
export async function selfOf(
  directory: Directory,
  phone: Parameters<Directory['identityOf']>[0],
): Promise<SelfView | Problem> {
  const identity = await directory.identityOf(phone)
  if (identity === undefined) throw new Error('the phone was just made')
  return identity.status === 'active' ? selfViewOf(directory, identity.actor) : problemOf(inactiveCode(identity.actor))
}

const isProblemOr = (found: string | Problem): found is Problem => typeof found !== 'string' && isProblem(found)
