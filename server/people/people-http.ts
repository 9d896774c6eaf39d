// The routes of people over HTTP: signing up, profile and picture, what is shown, phones, and coming back after a lost one.
import type { FastifyRequest } from 'fastify'
import { dayOf } from '#core/calendar.ts'
import type { DeviceId, PartyId } from '#core/ids.ts'
import type { Unit } from '#core/money.ts'
import { IDENTITY_ROUTES, type DevicesView, type IdentityBody, type IdentityRouteName } from '#protocol/identity.ts'
import { LIMITS } from '#protocol/limits.ts'
import type { Problem } from '#protocol/problems.ts'
import type { SchemeView, SelfView } from '#protocol/views.ts'
import type { DeviceActor } from '#switch/actors.ts'
import type { Budgets } from '#switch/budgets.ts'
import type { Store } from '#switch/store.ts'
import type { Switch } from '#switch/switch.ts'
import type { Directory } from '../auth/directory.ts'
import type { ProvePresence } from '../auth/presence.ts'
import { deviceOf, terminalOf, type OnRoute } from '../http-callers.ts'
import { isProblem } from '../http-problems.ts'
import type { MailOffice } from '../mail/mail.ts'
import type { Phones } from '../postgres/phones.ts'
import type { Profiles } from '../postgres/profiles.ts'
import type { Notice } from '../reach/reach.ts'
import { mailCodes } from './codes.ts'
import { phonesDesk } from './phones.ts'
import { portraitPainter } from './portrait.ts'
import { profileDesk } from './profile.ts'
import { recoveryDesk } from './recovery.ts'
import { releasesDesk } from './releases.ts'
import { signUpDesk } from './sign-up.ts'

export type PeopleParts = Readonly<{
  directory: Directory
  profiles: Profiles
  phones: Phones
  store: Pick<Store, 'readOffer'>
  hub: Pick<Switch, 'completed'>
  budgets: Budgets
  scheme: Readonly<{ unit: Unit; buckets: number; demo: boolean; rules: Readonly<{ zone: string }> }>
  /** 32 bytes that only this scheme's hubs have */
  secret: Uint8Array
  mail: Pick<MailOffice, 'post' | 'demoMails'>
  provePresence: ProvePresence
  /** may not act any more: sessions are forgotten and streams cut, at every hub */
  revoked: (phone: DeviceId) => void
  /** has another name by now, at every hub */
  changed: (phone: DeviceId) => void
  /** told to a person's phones */
  notify: (party: PartyId, notice: Notice) => Promise<void>
  schemeView: (host: string) => Promise<SchemeView>
  /** the hub's clock */
  now: () => number
  /** how long a phone waits that was asked for by mail and password; by the limits where it is left out */
  waitMs?: number
}>

export type People = ReturnType<typeof createPeople>

export function createPeople(parts: PeopleParts) {
  const { directory, profiles, phones, budgets, scheme, secret, provePresence, now } = parts
  const { post } = parts.mail
  const zone = (): string => scheme.rules.zone
  const today = (): number => dayOf(now(), zone())
  const codes = mailCodes({ profiles, budgets, secret, post })
  const signingUp = signUpDesk({ directory, profiles, codes, scheme, today })
  const profile = profileDesk({ ...parts, codes, post, painter: portraitPainter(), today })
  const releases = releasesDesk({ profiles, directory, buckets: scheme.buckets })
  const desk = phonesDesk({ phones, directory, provePresence, secret, revoked: parts.revoked })
  const recovery = recoveryDesk({
    directory,
    profiles,
    phones,
    codes,
    budgets,
    post,
    takePhone: desk.take,
    notify: parts.notify,
    secret,
    waitMs: parts.waitMs ?? (scheme.demo ? LIMITS.demoDeviceWaitMs : LIMITS.deviceWaitMs),
    zone,
  })

  /** What a phone that has just come in is told, as at any enrolment. */
  const enrolled = async (self: SelfView | Problem, { hostname }: FastifyRequest): Promise<object> =>
    isProblem(self) ? self : { self, scheme: await parts.schemeView(hostname) }

  function serve(on: OnRoute): void {
    const route = IDENTITY_ROUTES
    on(route.signUpMail, async (request) => (await signingUp.mail(bodyOf<'signUpMail'>(request), request.ip)) ?? DONE)
    on(route.signUp, async (request) =>
      enrolled(await signingUp.signUp(bodyOf<'signUp'>(request), request.ip), request),
    )

    on(route.profile, (request) => profile.view(deviceOf(request).party))
    on(route.setProfile, (request) => profile.set(deviceOf(request), bodyOf<'setProfile'>(request)))
    on(route.setPortrait, (request) => profile.setPortrait(deviceOf(request), bodyOf<'setPortrait'>(request)))
    on(route.setEmail, (request) => profile.setEmail(deviceOf(request), bodyOf<'setEmail'>(request), request.ip))
    on(route.setUserCode, (request) => profile.setUserCode(deviceOf(request), bodyOf<'setUserCode'>(request)))
    on(route.releases, (request) => releases.view(deviceOf(request).party))
    on(route.setReleases, (request) => releases.set(deviceOf(request).party, bodyOf<'setReleases'>(request)))
    // Border: the schema of the route has checked the number of parameters.
    on(route.portraitAtCounter, (request) =>
      profile.atCounter(terminalOf(request), (request.params as { deal: string }).deal),
    )

    on(route.devices, (request) => desk.view(deviceOf(request)))
    on(route.deviceCode, (request) => desk.code(deviceOf(request), bodyOf<'deviceCode'>(request)))
    on(route.revokeDevice, (request) => desk.revoke(deviceOf(request), bodyOf<'revokeDevice'>(request)))
    on(route.refuseDevice, (request) => desk.refuse(deviceOf(request), bodyOf<'refuseDevice'>(request)))

    on(
      route.recoveryMail,
      async (request) => (await recovery.mail(bodyOf<'recoveryMail'>(request), request.ip)) ?? DONE,
    )
    on(route.recovery, (request) => recovery.look(bodyOf<'recovery'>(request), request.ip))
    on(route.recoveryRevoke, (request) => recovery.revoke(bodyOf<'recoveryRevoke'>(request), request.ip))
    on(route.recoveryRequest, (request) => recovery.request(bodyOf<'recoveryRequest'>(request), request.ip))
    on(route.recoveryFinish, async (request) =>
      enrolled(await recovery.finish(bodyOf<'recoveryFinish'>(request)), request),
    )

    if (scheme.demo) on(route.demoMail, async () => ({ mails: parts.mail.demoMails() }))
  }

  return { serve, devices: (actor: DeviceActor): Promise<DevicesView> => desk.view(actor) }
}

const DONE = { done: true } as const

// Border: the schema of this very route has checked the body.
const bodyOf = <Name extends IdentityRouteName>(request: FastifyRequest): IdentityBody<Name> =>
  request.body as IdentityBody<Name>
