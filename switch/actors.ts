// Who speaks: the enrolled terminal or device behind a session. Authentication made it; the switch trusts it.
import type { AccountNumber } from '#core/accounts.ts'
import type { DeviceId, KeyId, PartyId, TerminalId } from '#core/ids.ts'

export type TerminalActor = Readonly<{
  kind: 'terminal'
  id: TerminalId
  key: KeyId
  party: PartyId
  account: AccountNumber
  name: string
  legalName: string
  label: string
}>

export type DeviceActor = Readonly<{
  kind: 'device'
  id: DeviceId
  key: KeyId
  party: PartyId
  account: AccountNumber
  name: string
}>

export type Actor = TerminalActor | DeviceActor
