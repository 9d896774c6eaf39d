// The routes of user ids and of card machines. Reading a user id is part of the command bill-code.
import { parseId } from '#core/ids.ts'
import { CARD_USER_ROUTES, type CardUserBody } from '#protocol/card-users.ts'
import { problemOf } from '#protocol/problems.ts'
import { deviceOf, terminalOf, type OnRoute } from '../http-callers.ts'
import type { CardUsers } from './card-users.ts'
import type { Machines } from './machines.ts'

/** Registers the routes. */
export function serveCardUsers(
  on: OnRoute,
  { users, machines }: Readonly<{ users: Pick<CardUsers, 'make'>; machines: Machines }>,
): void {
  // Border, in all of these: the schema of the route has checked the body.
  on(CARD_USER_ROUTES.cardUser, async (request) => {
    const card = parseId('mns', (request.body as CardUserBody<'cardUser'>).card)
    return card === undefined ? problemOf('means-not-found') : users.make(deviceOf(request), card)
  })

  on(CARD_USER_ROUTES.cardMachine, async (request) => ({ machine: await machines.at(terminalOf(request).id) }))

  on(CARD_USER_ROUTES.cardMachines, (request) => machines.of(terminalOf(request).party))

  on(CARD_USER_ROUTES.setCardMachine, async (request) => {
    const { terminal, machine } = request.body as CardUserBody<'setCardMachine'>
    const id = parseId('trm', terminal)
    return id === undefined ? problemOf('not-found') : machines.set(terminalOf(request).party, id, machine)
  })
}
