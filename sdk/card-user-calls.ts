// The routes of user ids and card machines (protocol/card-users.ts) as wallets, registers and offices call them. The compiler holds each
// line to the route, which itself stays out of the browser with its schemas.
import type { CARD_USER_ROUTES, CardUserBody, CardUserRouteName, CardUserRouteView } from '#protocol/card-users.ts'
import { callTo } from './calls.ts'
import type { Client } from './client.ts'
import type { Outcome } from './outcome.ts'

type Routes = typeof CARD_USER_ROUTES
type Address<Name extends CardUserRouteName> = Readonly<Pick<Routes[Name], 'method' | 'path' | 'access'>>
type Input<Name extends CardUserRouteName> = Name extends 'cardUser' | 'setCardMachine'
  ? Readonly<{ body: CardUserBody<Name> }>
  : Readonly<object>

export const CARD_USER_CALLS: { readonly [Name in CardUserRouteName]: Address<Name> } = {
  cardUser: { method: 'POST', path: '/v1/card-users', access: 'signed' },
  cardMachine: { method: 'GET', path: '/v1/card-machine', access: 'token' },
  cardMachines: { method: 'GET', path: '/v1/card-machines', access: 'token' },
  setCardMachine: { method: 'POST', path: '/v1/card-machines', access: 'signed' },
}

/** Calls one of these routes: tried a few times, then `no-answer`. */
export const callCardUsers = <Name extends CardUserRouteName>(
  client: Pick<Client, 'request'>,
  name: Name,
  input: Input<Name>,
): Promise<Outcome<CardUserRouteView<Name>>> => client.request(callTo(CARD_USER_CALLS[name], input))
