// The commands over HTTP: evidence verified, body read at the border, decided by the switch, answered with what the sender may see.
import type { FastifyRequest } from 'fastify'
import { bucketOfId, parseId } from '#core/ids.ts'
import type { Evidence } from '#core/payment.ts'
import type { AnyCommand, CommandBody, CommandName } from '#protocol/commands.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import { COMMAND_ROUTES } from '#protocol/routes.ts'
import type { DeviceActor } from '#switch/actors.ts'
import type { Switch } from '#switch/switch.ts'
import { addressBlock } from './addresses.ts'
import { inactiveCode } from './auth/enrolment.ts'
import { commandHash, commandIdOf, commandOf } from './border.ts'
import { billerFrom, deviceOf, holderOf, type OnRoute } from './http-callers.ts'
import { isProblem } from './http-problems.ts'
import type { HttpParts } from './http.ts'

/** Decided in a bucket that does not hold the sender's own row: it is looked at before. The others look at it under lock. */
const LOOKED_UP: ReadonlySet<CommandName> = new Set([
  'renew-number',
  'change-bill',
  'cancel-deal',
  'release',
  'deliver',
  'challenge',
  'permit',
])

type Signed = Readonly<{ evidence: Evidence | null; payer: DeviceActor | null }>

/** Registers every command's route. */
export function serveCommands(
  on: OnRoute,
  {
    store,
    hub,
    sight,
    auth,
    originOf,
  }: Pick<HttpParts, 'store' | 'hub' | 'sight' | 'auth'> & {
    originOf: (request: FastifyRequest) => string
  },
): void {
  for (const { name, route } of COMMAND_ROUTES) {
    const isForDevices = route.who === 'device'
    on(route, (request) => command(name, isForDevices, request))
  }

  async function command(name: CommandName, isForDevices: boolean, request: FastifyRequest): Promise<object> {
    const started = performance.now()
    const sender = holderOf(request)
    const actor = isForDevices ? deviceOf(request) : billerFrom(request)
    // Border: the schema of this very route has checked the body.
    const sent = { name, body: request.body } as AnyCommand
    if (LOOKED_UP.has(name) && !(await auth.isActive(sender))) return problemOf(inactiveCode(sender))
    const signed = await signedPart(sent, request)
    if (isProblem(signed)) return signed
    const isPerson = actor.kind === 'terminal' && sender.kind === 'device'
    const parsed = commandOf(sent, { ...signed, address: addressBlock(request.ip), isPerson })
    if ('status' in parsed) return parsed
    const id = commandIdOf(sent.body)
    // Border of types: the route's `who` has made sure that this kind of actor sends this command.
    const asked = { ...parsed, id, hash: commandHash(name, sent.body), actor, isPerson } as Parameters<
      Switch['handle']
    >[0]
    const answer = await hub.handle(asked)
    const view = await sight.answer(actor, answer, originOf(request))
    const ms = Math.round((performance.now() - started) * 10) / 10
    request.log.info({ command: id, who: sender.id, what: name, outcome: answer.refusal?.code ?? 'done', ms })
    if (answer.refusal === null) {
      const isProved = actor.kind === 'device' && signed.evidence?.proof === 'right'
      return isProved ? { ...view, provedAt: await provedAt(actor) } : view
    }
    const { code, detail } = answer.refusal
    const shown = view.deal === null && view.payment === null ? {} : { view }
    return { ...problemOf(code, detail), ...shown }
  }

  async function signedPart(sent: AnyCommand, request: FastifyRequest): Promise<Signed | Problem> {
    if (sent.name === 'approve' || sent.name === 'respond' || sent.name === 'prove') {
      const evidence = await auth.evidence(deviceOf(request), sent.body)
      return isProblem(evidence) ? evidence : { evidence, payer: null }
    }
    if (sent.name !== 'submit-signed') return { evidence: null, payer: null }
    const payer = parseId('dev', sent.body.payer)
    const found = payer && (await auth.handedBack(payer, sent.body))
    return found ?? problemOf('signature-invalid')
  }

  /** When the owner last proved to be there, by the database's clock: from then the unlock lasts. */
  const provedAt = async ({ id }: DeviceActor): Promise<number | null> =>
    (await store.readDevice(bucketOfId(id), id))?.provedAt ?? null
}

/** What a device signs, as `approve`, `respond` and `submit-signed` carry it. */
export type EvidenceBody = Pick<CommandBody<'approve'>, 'approval' | 'signature' | 'proof'>
