// What a person does with a proof of being there: unlock, a new PIN, passkeys, and whether a phone needs its security key.
import type { FastifyRequest } from 'fastify'
import { fromBase64url, toBase64url } from '#core/bytes.ts'
import {
  IDENTITY_ROUTES,
  type DevicesView,
  type IdentityBody,
  type IdentityRouteName,
  type PasskeysView,
} from '#protocol/identity.ts'
import { problemOf } from '#protocol/problems.ts'
import type { DeviceActor } from '#switch/actors.ts'
import type { Directory } from './auth/directory.ts'
import { strengthOf } from './auth/passkeys.ts'
import type { PresenceDesk } from './auth/presence.ts'
import { secretOf } from './auth/scram.ts'
import { deviceOf, type OnRoute } from './http-callers.ts'
import { isProblem } from './http-problems.ts'

/** Registers the routes. */
export function servePresence(
  on: OnRoute,
  {
    presence,
    directory,
    unlockMs,
    devices,
  }: Readonly<{
    presence: PresenceDesk
    directory: Pick<Directory, 'passkeysOf' | 'removePasskey' | 'replaceSecret'>
    /** how long an unlock lasts, by the scheme's rules of the moment */
    unlockMs: () => number
    devices: (actor: DeviceActor) => Promise<DevicesView>
  }>,
): void {
  on(IDENTITY_ROUTES.presenceNonce, (request) => presence.drawNonce(deviceOf(request)))

  on(IDENTITY_ROUTES.unlock, async (request) => {
    const { presence: body } = bodyOf<'unlock'>(request)
    const proved = await presence.prove({ actor: deviceOf(request), action: 'unlock', subject: '', body })
    return isProblem(proved) ? proved : { provedAt: proved.provedAt, until: proved.provedAt + unlockMs() }
  })

  on(IDENTITY_ROUTES.changeSecret, async (request) => {
    const actor = deviceOf(request)
    const { presence: body, ...verifier } = bodyOf<'changeSecret'>(request)
    const secret = secretOf(verifier)
    if (secret === undefined) return problemOf('field-invalid', { field: 'salt' })
    const subject = verifier.storedKey
    const proved = await presence.prove({ actor, action: 'change-secret', subject, body })
    if (isProblem(proved)) return proved
    await directory.replaceSecret(actor.party, secret, proved.provedAt)
    return { done: true }
  })

  const passkeysOf = async ({ party }: DeviceActor): Promise<PasskeysView> => ({
    passkeys: (await directory.passkeysOf(party)).map((passkey) => ({
      credential: toBase64url(passkey.credential),
      kind: strengthOf(passkey),
      addedAt: passkey.addedAt,
    })),
  })

  on(IDENTITY_ROUTES.passkeys, (request) => passkeysOf(deviceOf(request)))

  on(IDENTITY_ROUTES.removePasskey, async (request) => {
    const actor = deviceOf(request)
    const { presence: body, credential } = bodyOf<'removePasskey'>(request)
    const id = fromBase64url(credential)
    const { passkeys } = await passkeysOf(actor)
    if (id === undefined) return problemOf('not-found')
    // One that is not there may have been removed by this very command, whose answer was lost.
    const isAgain = passkeys.every((known) => known.credential !== credential)
    const fault = await presence.provePresence({ actor, action: 'remove-passkey', subject: credential, body, isAgain })
    if (fault !== null) return isAgain ? problemOf('not-found') : fault
    await directory.removePasskey(actor.party, id)
    return passkeysOf(actor)
  })

  on(IDENTITY_ROUTES.approvesWith, async (request) => {
    const actor = deviceOf(request)
    const { presence: body, with: approvesWith } = bodyOf<'approvesWith'>(request)
    const asked = { actor, action: 'approves-with', subject: approvesWith, body, approvesWith } as const
    return (await presence.provePresence(asked)) ?? devices(actor)
  })
}

// Border: the schema of this very route has checked the body.
const bodyOf = <Name extends IdentityRouteName>(request: FastifyRequest): IdentityBody<Name> =>
  request.body as IdentityBody<Name>
