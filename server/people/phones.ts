// A person's phones: the list, a code for a further one, taking one away, and refusing one that waits.
import { createHmac } from 'node:crypto'
import { parseId, type DeviceId, type PartyId } from '#core/ids.ts'
import type { DevicesView, IdentityBody, IdentityView } from '#protocol/identity.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import type { DeviceActor } from '#switch/actors.ts'
import { newCode, type Directory } from '../auth/directory.ts'
import type { ProvePresence } from '../auth/presence.ts'
import type { Phones } from '../postgres/phones.ts'

export type PhonesParts = Readonly<{
  phones: Phones
  directory: Pick<Directory, 'revoke'>
  provePresence: ProvePresence
  /** 32 bytes, from which one-time codes are derived */
  secret: Uint8Array
  /** may not act any more: sessions are forgotten and streams cut, at every hub */
  revoked: (phone: DeviceId) => void
}>

export function phonesDesk({ phones, directory, provePresence, secret, revoked }: PhonesParts) {
  async function view(actor: DeviceActor): Promise<DevicesView> {
    const [devices, waiting] = await Promise.all([phones.phonesOf(actor.party), phones.waitingOf(actor.party)])
    return { devices: devices.map((phone) => ({ ...phone, isThis: phone.id === actor.id })), waiting }
  }

  /** Takes away a phone of this person; false when it is none. Taken away again is taken away. */
  async function take(party: PartyId, asked: string): Promise<boolean> {
    const device = parseId('dev', asked)
    const own = await phones.phonesOf(party)
    if (device === undefined || own.every(({ id }) => id !== device)) return false
    await directory.revoke(device)
    revoked(device)
    return true
  }

  return {
    view,
    take,
    /** Problems: too-many-devices, and those of a proof. */
    async code(
      actor: DeviceActor,
      { presence }: IdentityBody<'deviceCode'>,
    ): Promise<IdentityView<'deviceCode'> | Problem> {
      const fault = await provePresence({ actor, action: 'add-device', subject: '', body: presence })
      if (fault !== null) return fault
      // The same proof, sent again after a lost answer, gets the same code.
      const code = newCode(createHmac('sha256', secret).update(`add-device ${actor.id} ${presence.approval}`).digest())
      return (await phones.openCode(actor.party, code)) ?? problemOf('too-many-devices')
    },
    /** Any of one's own, also the one in the hand. Problem: not-found. */
    revoke: async (actor: DeviceActor, { device }: IdentityBody<'revokeDevice'>): Promise<DevicesView | Problem> =>
      (await take(actor.party, device)) ? view(actor) : problemOf('not-found'),
    /** Problem: not-found, also when it is in already. */
    refuse: async (actor: DeviceActor, { request }: IdentityBody<'refuseDevice'>): Promise<DevicesView | Problem> =>
      (await phones.refuse(actor.party, request)) ? view(actor) : problemOf('not-found'),
  }
}
