// The routes of who is who (protocol/identity.ts) as a client calls them. The compiler holds each line to the route, which itself
// stays out of the browser with its schemas.
import type { IDENTITY_ROUTES, IdentityBody, IdentityRouteName, IdentityView } from '#protocol/identity.ts'
import { callTo } from './calls.ts'
import type { Client } from './client.ts'
import type { Outcome } from './outcome.ts'

type Routes = typeof IDENTITY_ROUTES
type Address<Name extends IdentityRouteName> = Readonly<Pick<Routes[Name], 'method' | 'path' | 'access'>>

export const IDENTITY_CALLS: { readonly [Name in IdentityRouteName]: Address<Name> } = {
  signUpMail: { method: 'POST', path: '/v1/sign-up/mail', access: 'open' },
  signUp: { method: 'POST', path: '/v1/sign-up', access: 'open' },
  profile: { method: 'GET', path: '/v1/profile', access: 'token' },
  setProfile: { method: 'POST', path: '/v1/profile', access: 'signed' },
  setPortrait: { method: 'POST', path: '/v1/profile/portrait', access: 'signed' },
  setEmail: { method: 'POST', path: '/v1/profile/email', access: 'signed' },
  setUserCode: { method: 'POST', path: '/v1/profile/user-code', access: 'signed' },
  releases: { method: 'GET', path: '/v1/releases', access: 'token' },
  setReleases: { method: 'POST', path: '/v1/releases', access: 'signed' },
  presenceNonce: { method: 'POST', path: '/v1/presence/nonce', access: 'signed' },
  unlock: { method: 'POST', path: '/v1/unlock', access: 'signed' },
  changeSecret: { method: 'POST', path: '/v1/secret/change', access: 'signed' },
  passkeys: { method: 'GET', path: '/v1/passkeys', access: 'token' },
  removePasskey: { method: 'POST', path: '/v1/passkeys/remove', access: 'signed' },
  devices: { method: 'GET', path: '/v1/devices', access: 'token' },
  deviceCode: { method: 'POST', path: '/v1/devices/codes', access: 'signed' },
  revokeDevice: { method: 'POST', path: '/v1/devices/revoke', access: 'signed' },
  refuseDevice: { method: 'POST', path: '/v1/devices/refuse', access: 'signed' },
  approvesWith: { method: 'POST', path: '/v1/devices/approves-with', access: 'signed' },
  recoveryMail: { method: 'POST', path: '/v1/recovery/mail', access: 'open' },
  recovery: { method: 'POST', path: '/v1/recovery/devices', access: 'open' },
  recoveryRevoke: { method: 'POST', path: '/v1/recovery/revoke', access: 'open' },
  recoveryRequest: { method: 'POST', path: '/v1/recovery/request', access: 'open' },
  recoveryFinish: { method: 'POST', path: '/v1/recovery/finish', access: 'open' },
  pushKey: { method: 'GET', path: '/v1/push/key', access: 'open' },
  push: { method: 'POST', path: '/v1/push', access: 'signed' },
  presence: { method: 'POST', path: '/v1/presence', access: 'open' },
  certificate: { method: 'POST', path: '/v1/certificates', access: 'signed' },
  portraitAtCounter: { method: 'GET', path: '/v1/deals/{deal}/portrait', access: 'token' },
  staffHere: { method: 'GET', path: '/v1/staff/here', access: 'token' },
  staffNonce: { method: 'POST', path: '/v1/staff/nonce', access: 'signed' },
  staffSignIn: { method: 'POST', path: '/v1/staff/sign-in', access: 'signed' },
  staffSignOut: { method: 'POST', path: '/v1/staff/sign-out', access: 'signed' },
  staffEnrol: { method: 'POST', path: '/v1/staff/enrol', access: 'signed' },
  staff: { method: 'GET', path: '/v1/staff', access: 'token' },
  staffAdd: { method: 'POST', path: '/v1/staff/add', access: 'signed' },
  staffEnd: { method: 'POST', path: '/v1/staff/end', access: 'signed' },
  staffTerminal: { method: 'POST', path: '/v1/staff/terminals', access: 'signed' },
  staffRevoke: { method: 'POST', path: '/v1/staff/terminals/revoke', access: 'signed' },
  demoMail: { method: 'GET', path: '/v1/demo/mail', access: 'open' },
}

export type IdentityInput<Name extends IdentityRouteName> = Readonly<{
  params?: object
  body?: IdentityBody<Name>
  signal?: AbortSignal
}>

/** Calls one of these routes, as `client.call` does those of protocol/routes.ts: tried a few times, then `no-answer`. */
export const callIdentity = <Name extends IdentityRouteName>(
  client: Pick<Client, 'request'>,
  name: Name,
  input: IdentityInput<Name> = {},
): Promise<Outcome<IdentityView<Name>>> => client.request(callTo(IDENTITY_CALLS[name], input), input.signal)
