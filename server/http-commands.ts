// The commands over HTTP: evidence verified, body read at the border, decided by the switch, answered with what the sender may see.
import type { FastifyRequest } from 'fastify'
import {
  bucketOfId,
  parseId,
  type CommandId,
  type DealId,
  type MeansId,
  type PartyId,
  type PaymentId,
} from '#core/ids.ts'
import type { Choice } from '#core/means.ts'
import { unitOf, type Unit } from '#core/money.ts'
import type { Accepted } from '#core/offer.ts'
import type { Rate } from '#core/rate.ts'
import type { AnyCommand, CommandBody, CommandName } from '#protocol/commands.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import { COMMAND_ROUTES } from '#protocol/routes.ts'
import type { DeviceActor, TerminalActor } from '#switch/actors.ts'
import type { Switch } from '#switch/switch.ts'
import { addressBlock } from './addresses.ts'
import { inactiveCode } from './auth/enrolment.ts'
import { billFault, commandHash, commandIdOf, commandOf, type Found, type Purchase } from './border.ts'
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

/** The one-time codes that payers show (server/codes). */
export type Codes = Readonly<{
  /**
   * Uses a code up and says whose phone showed it; the same terminal, deal and command hear the same again. Problems: code-not-found
   * for all that is not good now, code-foreign with the other wallet's name, too-many-tries.
   */
  take(
    code: string,
    by: Readonly<{ terminal: TerminalActor; deal: DealId; command: CommandId }>,
    address: string,
  ): Promise<Readonly<{ payer: DeviceActor }> | Problem>
}>

/** What registers sign and phones hand in (server/purchases.ts). */
export type Purchases = Readonly<{
  /** the purchase in its text, where a terminal of this scheme has signed it. Problems: purchase-invalid, purchase-expired */
  read(text: string): Promise<Purchase | Problem>
  /** a register's word on when it took a purchase; undefined where its key has not signed just that */
  accepted(
    terminal: TerminalActor,
    said: Readonly<{ at: number; signature: string; deal: DealId; approval: Uint8Array }>,
  ): Promise<Accepted | undefined>
}>

/** The rates of the moment (server/rates). */
export type Rates = Readonly<{
  /** what holds now between a payer's unit and a bill's, spread included; undefined where there is none */
  of(from: Unit, to: Unit): Promise<Rate | undefined>
}>

/** The bank accounts that people have registered (server/means). */
export type RegisteredMeans = Readonly<{
  /** one of the party's own that may be used now */
  of(party: PartyId, id: MeansId): Promise<Readonly<{ id: MeansId; label: string; unit: Unit }> | undefined>
  /** has the party one in this unit? Asked where the account alone is not enough to join */
  any(party: PartyId, unit: Unit): Promise<boolean>
}>

type Signed = Pick<Found, 'evidence' | 'payer' | 'accepted' | 'purchase' | 'choice'>
const NOTHING_FOUND: Signed = { evidence: null, payer: null, accepted: null, purchase: null, choice: null }

/** Registers every command's route. */
export function serveCommands(
  on: OnRoute,
  {
    store,
    hub,
    sight,
    auth,
    codes,
    purchases,
    rates,
    means,
    originOf,
  }: Pick<HttpParts, 'store' | 'hub' | 'sight' | 'auth' | 'codes' | 'purchases' | 'rates' | 'means'> & {
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
    const signed = await signedPart(sent, actor, request)
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

  async function signedPart(
    sent: AnyCommand,
    actor: TerminalActor | DeviceActor,
    request: FastifyRequest,
  ): Promise<Signed | Problem> {
    if (sent.name === 'approve' || sent.name === 'respond' || sent.name === 'prove') {
      const evidence = await auth.evidence(deviceOf(request), sent.body)
      return isProblem(evidence) ? evidence : { ...NOTHING_FOUND, evidence }
    }
    if (sent.name === 'submit-purchase') {
      const purchase = await purchases.read(sent.body.purchase)
      if (isProblem(purchase)) return purchase
      const found = await auth.handedBack(deviceOf(request).id, sent.body)
      return found === undefined ? problemOf('signature-invalid') : { ...NOTHING_FOUND, ...found, purchase }
    }
    if (sent.name === 'choose-means') {
      const choice = await choiceOf(sent.body, deviceOf(request))
      return isProblem(choice) ? choice : { ...NOTHING_FOUND, choice }
    }
    if (sent.name !== 'bill-code' && sent.name !== 'submit-signed') return NOTHING_FOUND
    if (actor.kind !== 'terminal') return problemOf('not-allowed')
    if (sent.name === 'submit-signed') return handedBack(sent.body, actor)
    const fault = billFault(sent.body.bill)
    if (fault !== undefined) return fault
    // Border: the schema's patterns have checked the ids; their types do not carry the brand.
    const by = { terminal: actor, deal: sent.body.deal as DealId, command: commandIdOf(sent.body) }
    const found = await codes.take(sent.body.code, by, addressBlock(request.ip))
    return isProblem(found) ? found : { ...NOTHING_FOUND, payer: found.payer }
  }

  /** A rate that is not there is the rules' to refuse, so that a repeat hears the same; a means that is not there is nothing. */
  async function choiceOf(
    { payment, means: wanted }: CommandBody<'choose-means'>,
    { party }: DeviceActor,
  ): Promise<Choice | Problem> {
    switch (wanted.kind) {
      case 'account':
        return { kind: 'account' }
      case 'exchange': {
        const from = unitOf(wanted.unit)
        if (from === undefined) return problemOf('unit-invalid', { field: 'means/unit' })
        // Border: the schema's pattern has checked the id. Whose payment it is, the rules look at.
        const bill = (await sight.present(payment as PaymentId))?.bill
        return { kind: 'exchange', rate: (bill && (await rates.of(from, bill.unit))) ?? null }
      }
      case 'bank': {
        // A person's means lie in the person's bucket; an id that names another (or none) is not theirs.
        const id = wanted.id as MeansId
        const found = bucketOfId(id) === bucketOfId(party) ? await means.of(party, id) : undefined
        return found === undefined ? problemOf('means-not-found') : { kind: 'bank', ...found }
      }
    }
  }

  async function handedBack(body: CommandBody<'submit-signed'>, terminal: TerminalActor): Promise<Signed | Problem> {
    const payer = parseId('dev', body.payer)
    const found = payer && (await auth.handedBack(payer, body))
    if (!found) return problemOf('signature-invalid')
    if (body.accepted === undefined) return { ...NOTHING_FOUND, ...found }
    // Registers alone go on without a network; two people can wait for it.
    if (terminal.terminalKind === 'person') return problemOf('field-invalid', { field: 'accepted' })
    // Border: the schema's pattern has checked the id; its type does not carry the brand.
    const said = { ...body.accepted, deal: body.deal as DealId, approval: found.evidence.bytes }
    const accepted = await purchases.accepted(terminal, said)
    return accepted === undefined ? problemOf('signature-invalid') : { ...NOTHING_FOUND, ...found, accepted }
  }

  /** When the owner last proved to be there, by the database's clock: from then the unlock lasts. */
  const provedAt = async ({ id }: DeviceActor): Promise<number | null> =>
    (await store.readDevice(bucketOfId(id), id))?.provedAt ?? null
}

/** What a device signs, as `approve`, `respond` and `submit-signed` carry it. */
export type EvidenceBody = Pick<CommandBody<'approve'>, 'approval' | 'signature' | 'proof'>
