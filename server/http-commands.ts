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
  type TerminalId,
} from '#core/ids.ts'
import type { Bill } from '#core/bill.ts'
import { readCustomerCode } from '#core/customer-code.ts'
import type { Choice } from '#core/means.ts'
import { parseMethod, type Method } from '#core/method.ts'
import { unitOf, type Unit } from '#core/money.ts'
import type { Accepted } from '#core/offer.ts'
import type { Rate } from '#core/rate.ts'
import { refuse } from '#core/refusals.ts'
import type { AnyCommand, CommandBody, CommandName } from '#protocol/commands.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import { COMMAND_ROUTES } from '#protocol/routes.ts'
import type { DeviceActor, TerminalActor } from '#switch/actors.ts'
import { NOTHING } from '#switch/lanes.ts'
import type { Answer } from '#switch/store.ts'
import type { Switch } from '#switch/switch.ts'
import { addressBlock } from './addresses.ts'
import { inactiveCode } from './auth/enrolment.ts'
import { commandHash, commandIdOf, commandOf, shopBill, type Found, type Purchase } from './border.ts'
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

/** The cards that people have registered (server/cards). */
export type RegisteredCards = Readonly<{
  /**
   * One of the party's own, for this merchant at this terminal, by this method. Problems: means-not-found, card-not-accepted,
   * method-not-accepted, card-expired, cards-unavailable
   */
  choice(asked: CardAsked): Promise<Choice | Problem>
}>

export type CardAsked = Readonly<{
  party: PartyId
  id: MeansId
  method: Method
  merchant: PartyId
  terminal: TerminalId
  /** null while there is none */
  bill: Pick<Bill, 'unit' | 'total'> | null
}>

/** The user ids of cards that people show at registers (server/card-users). */
export type CardUsers = Readonly<{
  /** Whose phone shows it, and the card it names; it can be shown again and again. Problems: code-not-found, those of a card's choice, too-many-tries */
  take(
    code: string,
    by: Readonly<{
      terminal: TerminalActor
      deal: DealId
      command: CommandId
      bill: Pick<Bill, 'unit' | 'total'>
    }>,
    address: string,
  ): Promise<Readonly<{ payer: DeviceActor; choice: Choice }> | Problem>
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
    cards,
    cardUsers,
    originOf,
  }: Pick<
    HttpParts,
    'store' | 'hub' | 'sight' | 'auth' | 'codes' | 'purchases' | 'rates' | 'means' | 'cards' | 'cardUsers'
  > & {
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
    const [id, hash] = [commandIdOf(sent.body), commandHash(name, sent.body)]
    const signed = await signedPart(sent, actor, request)
    const isPerson = actor.kind === 'terminal' && sender.kind === 'device'
    const found = isProblem(signed) ? { ...NOTHING_FOUND, problem: signed } : { ...signed, problem: null }
    const answer =
      found.problem === null
        ? await decided(sent, actor, { ...found, address: addressBlock(request.ip), isPerson }, hash)
        : ((await decidedBefore(sent, actor, hash)) ?? found.problem)
    if ('status' in answer) return answer
    const view = await sight.answer(actor, answer, originOf(request))
    const ms = Math.round((performance.now() - started) * 10) / 10
    request.log.info({ command: id, who: sender.id, what: name, outcome: answer.refusal?.code ?? 'done', ms })
    if (answer.refusal === null) {
      const isProved = actor.kind === 'device' && found.evidence?.proof === 'right'
      return isProved ? { ...view, provedAt: await provedAt(actor) } : view
    }
    const { code, detail } = answer.refusal
    const shown = view.deal === null && view.payment === null ? {} : { view }
    return { ...problemOf(code, detail), ...shown }
  }

  async function decided(
    sent: AnyCommand,
    actor: TerminalActor | DeviceActor,
    found: Found,
    hash: string,
  ): Promise<Answer | Problem> {
    const parsed = commandOf(sent, found)
    if ('status' in parsed) return parsed
    const { isPerson } = found
    // Border of types: the route's `who` has made sure that this kind of actor sends this command.
    const asked = { ...parsed, id: commandIdOf(sent.body), hash, actor, isPerson } as Parameters<Switch['handle']>[0]
    return hub.handle(asked)
  }

  /**
   * What was decided of a command whose means or code cannot be found any more: a card that was removed, a shop that takes it no longer,
   * a vault that is away. Whoever repeats it hears what came of it.
   */
  async function decidedBefore(
    sent: AnyCommand,
    actor: TerminalActor | DeviceActor,
    hash: string,
  ): Promise<Answer | undefined> {
    if (sent.name !== 'choose-means' && sent.name !== 'bill-code') return undefined
    // Both are decided where their sender is: a person's payments lie in the person's bucket.
    const stored = await store.readCommand(bucketOfId(actor.id), { actor: actor.id, id: commandIdOf(sent.body) })
    if (stored === undefined) return undefined
    return stored.hash === hash ? stored.answer : { ...NOTHING, refusal: refuse('command-mismatch') }
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
    return codeOf(sent.body, actor, addressBlock(request.ip))
  }

  /** Whose code it is, and, of a card's user id, with which card. A user id names for which bill it is shown. */
  async function codeOf(
    body: CommandBody<'bill-code'>,
    terminal: TerminalActor,
    address: string,
  ): Promise<Signed | Problem> {
    const bill = shopBill(body.bill)
    if (bill !== null && 'status' in bill) return bill
    // Border: the schema's patterns have checked the ids; their types do not carry the brand.
    const by = { terminal, deal: body.deal as DealId, command: commandIdOf(body) }
    if (readCustomerCode(body.code).kind !== 'user-id') {
      const found = await codes.take(body.code, by, address)
      return isProblem(found) ? found : { ...NOTHING_FOUND, payer: found.payer }
    }
    if (cardUsers === undefined) return problemOf('code-not-found')
    if (bill === null) return problemOf('field-invalid', { field: 'bill' })
    const found = await cardUsers.take(body.code, { ...by, bill }, address)
    return isProblem(found) ? found : { ...NOTHING_FOUND, ...found }
  }

  /** A rate that is not there is the rules' to refuse, so that a repeat hears the same; a means that is not there is nothing. */
  async function choiceOf(
    { payment, means: wanted }: CommandBody<'choose-means'>,
    { party }: DeviceActor,
  ): Promise<Choice | Problem> {
    // Border: the schema's pattern has checked the id. Whose payment it is, the rules look at.
    const present = () => sight.present(payment as PaymentId)
    switch (wanted.kind) {
      case 'account':
        return { kind: 'account' }
      case 'exchange': {
        const from = unitOf(wanted.unit)
        if (from === undefined) return problemOf('unit-invalid', { field: 'means/unit' })
        const bill = (await present())?.bill
        return { kind: 'exchange', rate: (bill && (await rates.of(from, bill.unit))) ?? null }
      }
      case 'bank': {
        // A person's means lie in the person's bucket; an id that names another (or none) is not theirs.
        const id = wanted.id as MeansId
        const found = bucketOfId(id) === bucketOfId(party) ? await means.of(party, id) : undefined
        return found === undefined ? problemOf('means-not-found') : { kind: 'bank', ...found }
      }
      case 'card': {
        const id = wanted.id as MeansId
        const method = parseMethod(wanted.method)
        if (method === undefined) return problemOf('field-invalid', { field: 'means/method' })
        if (cards === undefined || bucketOfId(id) !== bucketOfId(party)) return problemOf('means-not-found')
        // What a shop takes is told to whoever pays there.
        const seen = await present()
        if (seen?.payer.party !== party) return problemOf('not-found')
        const { biller, terminal, bill } = seen
        return cards.choice({ party, id, method, merchant: biller.party, terminal, bill })
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
