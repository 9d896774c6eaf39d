// Where a wallet is reached when it is closed, over HTTP, and what such a wallet answers by itself.

import { fromBase64url, fromHex, toBase64url } from '#core/bytes.ts'
import { isId } from '#core/ids.ts'
import { IDENTITY_ROUTES, type IdentityBody } from '#protocol/identity.ts'
import { problemOf } from '#protocol/problems.ts'
import { storedPresenceBytes } from '#protocol/signed-bytes.ts'
import type { Directory } from '../auth/directory.ts'
import { isSignedBy, publicKeyOf } from '../auth/keys.ts'
import { deviceOf, type OnRoute } from '../http-callers.ts'
import type { SchemeKey } from '../operator-log.ts'
import type { Pushes } from '../postgres/push.ts'
import { toTheInternet } from '../open-internet.ts'
import type { PushTo } from './push-http.ts'
import type { Vapid } from './vapid.ts'

const AUTH_BYTES = 16

export function serveReach(
  on: OnRoute,
  parts: Readonly<{
    pushes: Pushes
    directory: Pick<Directory, 'identityOf' | 'publicKeyOf'>
    vapid: Pick<Vapid, 'publicKey'>
    key: Pick<SchemeKey, 'publicKey'>
    rules: () => Readonly<{ unlockMs: number }>
    pushTo: PushTo | null
  }>,
): void {
  const { pushes, directory, vapid, key } = parts
  const keys = { vapid: toBase64url(vapid.publicKey), signer: toBase64url(key.publicKey) }

  on(IDENTITY_ROUTES.pushKey, async () => keys)

  on(IDENTITY_ROUTES.push, async (request) => {
    const device = deviceOf(request)
    // Border: the schema of this very route has checked the body.
    const { subscription, detail } = request.body as IdentityBody<'push'>
    if (subscription === null) {
      await pushes.unsubscribe(device.id)
      return { done: true }
    }
    const { endpoint } = subscription
    const p256dh = fromBase64url(subscription.p256dh)
    const auth = fromBase64url(subscription.auth)
    if ((parts.pushTo ?? toTheInternet)(endpoint) === null) return problemOf('field-invalid', { field: 'endpoint' })
    if (p256dh === undefined || publicKeyOf(p256dh) === undefined)
      return problemOf('field-invalid', { field: 'p256dh' })
    if (auth?.length !== AUTH_BYTES) return problemOf('field-invalid', { field: 'auth' })
    await pushes.subscribe(device.id, device.party, { endpoint, p256dh, auth, detail })
    return { done: true }
  })

  on(IDENTITY_ROUTES.presence, async (request) => {
    // Border: the schema of this very route has checked the body.
    const { device, command, provedAt, until, signature } = request.body as IdentityBody<'presence'>
    const bytes = fromHex(command)
    const isTime = [provedAt, until].every((time) => Number.isSafeInteger(time) && time >= 0)
    if (!isId('dev', device) || bytes === undefined || !isTime) return problemOf('signature-invalid')
    const publicKey = await directory.publicKeyOf(device)
    const signed = storedPresenceBytes({ device, command: bytes, provedAt, until })
    const isRight =
      publicKey !== undefined && isSignedBy(publicKey, signed, fromBase64url(signature) ?? new Uint8Array())
    if (!isRight) return problemOf('signature-invalid')
    if ((await directory.identityOf(device))?.status !== 'active') return problemOf('device-revoked')
    const isThere = await pushes.answer(command, device, { provedAt, until, unlockMs: parts.rules().unlockMs })
    return isThere === undefined ? problemOf('not-found') : { isThere }
  })
}
