// Who calls a route, by what the route asks for. `identify` in http.ts has let nobody else through.
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Route, Who } from '#protocol/routes.ts'
import { billerOf, type Actor, type DeviceActor, type OperatorActor, type TerminalActor } from '#switch/actors.ts'

declare module 'fastify' {
  interface FastifyRequest {
    rawBytes: Uint8Array | null
    actor: Actor | null
  }
}

/** Registers a route of the protocol with what answers it: a view, or a problem. */
export type OnRoute = (of: Route, handler: (request: FastifyRequest, reply: FastifyReply) => Promise<object>) => void

/** Who has an account: a merchant's terminal or a person's device. */
export type Holder = TerminalActor | DeviceActor

const KINDS: Readonly<Record<Who, readonly Actor['kind'][]>> = {
  terminal: ['terminal'],
  device: ['device'],
  biller: ['terminal', 'device'],
  holder: ['terminal', 'device'],
  operator: ['operator'],
  keeper: ['device', 'operator'],
}

/** May this kind of actor call a route for `who`? */
export const mayCall = (who: Who | undefined, actor: Actor): boolean =>
  who === undefined || KINDS[who].includes(actor.kind)

export function callerOf(request: FastifyRequest): Actor {
  if (request.actor === null) throw new Error('this route identifies its caller')
  return request.actor
}

export function holderOf(request: FastifyRequest): Holder {
  const actor = callerOf(request)
  if (actor.kind === 'operator') throw new Error('this route is for those who have an account')
  return actor
}

export function deviceOf(request: FastifyRequest): DeviceActor {
  const actor = callerOf(request)
  if (actor.kind !== 'device') throw new Error('this route is for devices')
  return actor
}

/** Who keeps passkeys: a person's phone, or an operator. */
export function keeperOf(request: FastifyRequest): DeviceActor | OperatorActor {
  const actor = callerOf(request)
  if (actor.kind === 'terminal') throw new Error('this route is for those who have passkeys')
  return actor
}

export function terminalOf(request: FastifyRequest): TerminalActor {
  const actor = callerOf(request)
  if (actor.kind !== 'terminal') throw new Error('this route is for terminals')
  return actor
}

export function operatorOf(request: FastifyRequest): OperatorActor {
  const actor = callerOf(request)
  if (actor.kind !== 'operator') throw new Error('this route is for operators')
  return actor
}

/** Who asks for the money: the terminal itself, or the person behind the phone as a terminal of its own. */
export function billerFrom(request: FastifyRequest): TerminalActor {
  const actor = holderOf(request)
  return actor.kind === 'terminal' ? actor : billerOf(actor)
}
