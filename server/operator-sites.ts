// Sites that sign people in, as the desk registers and ends them: what is asked is checked here, logged by the switch, and then done by
// the OpenID provider. Id and secret follow from the command, so that a repeat tells the same and the secret is kept nowhere.
import { createHmac } from 'node:crypto'
import { parseId, type CommandId, type OperatorId, type PartyId } from '#core/ids.ts'
import type { OperatorAnswerView, OperatorCommandBody, OperatorRouteView } from '#protocol/operator.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import { siteFault } from './oidc/clients.ts'
import type { Desk } from '#switch/operator.ts'
import type { PartyRow } from './postgres/operators.ts'

export type NewSite = Omit<OperatorCommandBody<'register-client'>, 'command' | 'why' | 'party'> &
  Readonly<{ party: PartyId; id: string; secret: string }>

/** What the OpenID provider does for the desk. */
export type Sites = Readonly<{
  /** Once: with an id that is there already nothing changes. */
  registerClient(site: NewSite): Promise<void>
  /** May sign nobody in any more, at once. */
  endClient(id: string): Promise<void>
  listClients(): Promise<OperatorRouteView<'operatorClients'>['clients']>
}>

type Found = Readonly<{ command: Desk; done: () => Promise<Partial<OperatorAnswerView>> }>

/** Over the provider (null: sites cannot sign people in here) and the secret from which codes are derived. */
export function siteCommands(parts: {
  sites: Sites | null
  codeSecret: Uint8Array
  partyIn: (party: PartyId) => Promise<PartyRow | undefined>
}) {
  const { sites, codeSecret, partyIn } = parts

  const derived = (what: string, { by, id, hash }: Asked): Buffer =>
    createHmac('sha256', codeSecret).update(`${what} ${by.id} ${id} ${hash}`).digest()

  return {
    /** Problems: no-host-name, party-unknown, account-closed, field-invalid. */
    async register(asked: Asked, body: OperatorCommandBody<'register-client'>): Promise<Found | Problem> {
      if (sites === null) return problemOf('no-host-name')
      const party = parseId('pty', body.party)
      const known = party && (await partyIn(party))
      if (party === undefined || known === undefined) return problemOf('party-unknown')
      const id = `site-${derived('site', asked).toString('hex').slice(0, 32)}`
      const isRepeat = (await sites.listClients()).some((site) => site.id === id)
      if (!isRepeat && known.kind !== 'merchant') return problemOf('field-invalid', { field: 'party' })
      if (!isRepeat && known.status === 'closed') return problemOf('account-closed')
      const secret = derived('site secret', asked).toString('base64url')
      const { name, redirectUris, ciba, notificationEndpoint, attributes } = body
      const told = { name, redirectUris, ciba, notificationEndpoint, attributes }
      const fault = siteFault({ party, ...told })
      if (fault !== undefined) return fault
      return {
        command: { name: 'register-client', party, client: { client: id, ...told } },
        async done() {
          await sites.registerClient({ ...told, party, id, secret })
          return { party, client: { id, secret } }
        },
      }
    },
    /** Problems: no-host-name, not-found. */
    async end(id: string): Promise<Found | Problem> {
      if (sites === null) return problemOf('no-host-name')
      const site = (await sites.listClients()).find((each) => each.id === id)
      const party = parseId('pty', site?.party)
      if (site === undefined || party === undefined) return problemOf('not-found')
      return {
        command: { name: 'end-client', party, client: { client: id, name: site.name } },
        async done() {
          await sites.endClient(id)
          return { party }
        },
      }
    },
  }
}

type Asked = Readonly<{ by: Readonly<{ id: OperatorId }>; id: CommandId; hash: string }>
