// Who speaks: the enrolled terminal or device behind a session. Authentication made it; the switch trusts it.
import type { AccountNumber } from '#core/accounts.ts'
import {
  terminalOfDevice,
  type DeviceId,
  type KeyId,
  type OperatorId,
  type PartyId,
  type TerminalId,
} from '#core/ids.ts'
import type { OperatorRole } from '#core/actions.ts'
import type { TerminalKind } from '#core/numbers.ts'
import type { Cashier } from '#core/staff.ts'

export type TerminalActor = Readonly<{
  kind: 'terminal'
  id: TerminalId
  key: KeyId
  party: PartyId
  account: AccountNumber
  name: string
  legalName: string
  label: string
  /** decides how long its numbers live; person for a phone that asks for money */
  terminalKind: TerminalKind
  /** who stands there; null where nobody has signed in, or the merchant has no staff */
  cashier: Cashier | null
}>

export type DeviceActor = Readonly<{
  kind: 'device'
  id: DeviceId
  key: KeyId
  party: PartyId
  account: AccountNumber
  name: string
  legalName: string
}>

export type OperatorActor = Readonly<{
  kind: 'operator'
  id: OperatorId
  key: KeyId
  name: string
  role: OperatorRole
}>

export type Actor = TerminalActor | DeviceActor | OperatorActor

/** The person behind a phone as one who asks for money. */
export const billerOf = ({ id, key, party, account, name, legalName }: DeviceActor): TerminalActor => ({
  kind: 'terminal',
  id: terminalOfDevice(id),
  key,
  party,
  account,
  name,
  legalName,
  label: name,
  terminalKind: 'person',
  cashier: null,
})
