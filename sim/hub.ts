// A hub process: the real switch over a faulty store, its timers and depositor, a border and watchers. It can die at any moment:
// the switch and all that is on its way in it are thrown away, the store stays.
import { isAccountNumber } from '#core/accounts.ts'
import { bucketOfId, parseId } from '#core/ids.ts'
import type { Offer } from '#core/offer.ts'
import { stateOf, type Payment } from '#core/payment.ts'
import { REFUSALS } from '#core/refusals.ts'
import { BILLER_COMMANDS, DEVICE_COMMANDS, TERMINAL_COMMANDS, type AnyCommand } from '#protocol/commands.ts'
import { problemOf, type ProblemCode } from '#protocol/problems.ts'
import type { AnswerView, DealView, InboxView, PaymentView } from '#protocol/views.ts'
import type { WatchMessage, WatchRequest } from '#protocol/watch.ts'
import type { Call, Reply } from '#sdk/transport.ts'
import { billerOf, type DeviceActor, type TerminalActor } from '#switch/actors.ts'
import type { Command } from '#switch/command.ts'
import { TooBusy } from '#switch/lanes.ts'
import { StoreUnavailable, type Answer, type Store } from '#switch/store.ts'
import { createSwitch, type Switch } from '#switch/switch.ts'
import { balanceView, dealView, paymentView } from '#switch/views.ts'
import type { Changes } from '#switch/working.ts'
import { ASK_PERSON, type AskBody } from './actors/asking.ts'
import { CARD_NUMBER, type CardNumber } from './actors/cards.ts'
import { readCommand } from './border.ts'
import { openClerk } from './clerk.ts'
import { openDesk, type DeskBody, type SimulatedDesk } from './desk.ts'
import { BUCKETS, schemeView, selfView, type Enrolled, type EnrolledOperator } from './directory.ts'
import type { Chance } from './random.ts'
import { faultyBudgets, faultyStore, type Life } from './store.ts'
import { toyMac } from './toy-keys.ts'
import { JPY } from './town-units.ts'
import { requestText, type Sealed } from './wire.ts'
import { answerWay, tellWebShop } from './ways.ts'
import { never, type World } from './world.ts'

export type Hub = Readonly<{
  /** Answers, or never does when it dies before. */
  answer(sealed: Sealed): Promise<Reply>
  watch(who: Enrolled, tell: (message: WatchMessage) => void, closed: () => void): Watcher
  isUp(): boolean
  crash(): void
}>

export type Watcher = Readonly<{ hear(request: WatchRequest): void; close(): void }>

type Open = { readonly who: Enrolled; readonly tell: (message: WatchMessage) => void; readonly closed: () => void } & {
  readonly topics: Map<string, Topic>
}
type Topic = { readonly look: () => Promise<WatchMessage>; readonly subject: string; sent: string; seen: number }
type Process = Readonly<{ life: Life; store: Store; hub: Switch; desk: SimulatedDesk }>

const FOR_TERMINALS: ReadonlySet<string> = new Set(TERMINAL_COMMANDS)
const FOR_BILLERS: ReadonlySet<string> = new Set(BILLER_COMMANDS)
const FOR_DEVICES: ReadonlySet<string> = new Set(DEVICE_COMMANDS)

const RESTART_MS = [300, 4_000] as const
const TICK_MS = 700
const DEPOSIT_MS = 400
const TELL_MS = 900
const CLERK_MS = 600
/** Sweeps find what a killed hub has left. */
const SWEEP_EVERY = 5
const LOOK_MS = 4_000
/** A view that was lost on its way is sent again by every so many looks. */
const REPEAT_EVERY = 3

const link = (token: string): string => `https://hub/j/${token}`

export function openHub(world: World, name: string, chance: Chance): Hub {
  const { clock, history, scheme, checks } = world
  const { rules } = scheme
  let watchers = new Set<Open>()
  let arrived = new Set<number>()
  let running: Process | undefined = start()

  function start(): Process {
    const life: Life = { isAlive: true }
    const store = faultyStore(world, life, chance.fork(`store ${clock.lived()}`), () => crash(life))
    const budgets = faultyBudgets(world, life, chance.fork(`budgets ${clock.lived()}`), () => crash(life))
    const hub = createSwitch({
      store,
      budgets,
      scheme: world.plant.rules === undefined ? scheme : { ...scheme, rules: world.plant.rules(rules) },
      random: (length) => world.plant.random?.(length, chance) ?? chance.bytes(length),
      lanes: world.faults.lanes,
      otherMeans: async ({ party, accounts }, unit) =>
        (unit === JPY && world.bank.any(party)) ||
        accounts.some((row) => row.balance > 0n && world.rates.of(row.unit, unit) !== undefined),
      onChange: (changes) => changed(life, changes),
      onAlarm: ({ error }) => checks.fail(`alarm: ${error instanceof Error ? error.message : String(error)}`),
    })
    const process = { life, store, hub, desk: openDesk(world, store, hub) }
    repeat(life, TICK_MS, async () => void (await hub.tick(50)))
    let round = 0
    repeat(life, DEPOSIT_MS, async () => {
      if (round++ % SWEEP_EVERY === 0 && world.plant.sweeps !== false)
        for (let bucket = 0; bucket < BUCKETS; bucket++) arrived.add(bucket)
      for (const bucket of arrived) {
        await store.deposit(bucket)
        arrived.delete(bucket)
      }
    })
    repeat(life, CLERK_MS, openClerk(world, process, chance.fork(`clerk ${clock.lived()}`)))
    repeat(life, TELL_MS, () => tellWebShop(world, { store }, chance))
    let looks = 0
    repeat(life, LOOK_MS, async () => {
      const again = looks++ % REPEAT_EVERY === 0
      for (const each of watchers) {
        if (chance.happens(world.faults.connectionCut)) cut(each)
        else
          for (const topic of each.topics.values())
            if (again || topic.seen < (world.commits.get(topic.subject) ?? 0)) await look(life, each, topic, again)
      }
    })
    return process
  }

  /** Until the life ends; a store that is away is waited for, anything else is a fault. */
  function repeat(life: Life, everyMs: number, work: () => Promise<void>): void {
    clock.after(everyMs, () => {
      if (!life.isAlive) return
      work()
        .catch((error: unknown) => {
          if (!(error instanceof StoreUnavailable)) checks.fail(`${name}: ${String(error)}`)
        })
        .then(
          () => repeat(life, everyMs, work),
          () => undefined,
        )
    })
  }

  function crash(life: Life | undefined = running?.life): void {
    if (life === undefined || !life.isAlive) return
    life.isAlive = false
    running = undefined
    history.tell(`${name} dies`)
    history.count('hub crashes')
    for (const each of watchers) each.closed()
    watchers = new Set()
    arrived = new Set()
    clock.after(chance.between(...RESTART_MS), () => {
      history.tell(`${name} is up`)
      running = start()
    })
  }

  // ---- requests

  async function answer(sealed: Sealed): Promise<Reply> {
    if (running === undefined) return never()
    const { life } = running
    const reply = await replyTo(running, sealed)
    return life.isAlive ? reply : never()
  }

  async function replyTo(process: Process, { from, call, mac }: Sealed): Promise<Reply> {
    const who = world.directory.find(from)
    if (who === undefined || mac !== toyMac(who.key, requestText(call))) return problem('signature-wrong')
    try {
      const way = await answerWay(world, process, who, call)
      if (way !== undefined) return way
      const errand = /^\/v1\/operator\/([a-z-]+)$/.exec(call.path)?.[1]
      if (errand !== undefined)
        return who.actor.kind === 'operator'
          ? await serve(process, { ...who, actor: who.actor }, call)
          : problem('not-allowed')
      if (call.path === ASK_PERSON) return await ask(process, who, call)
      const command = /^\/v1\/commands\/([a-z-]+)$/.exec(call.path)?.[1]
      if (command === undefined) return await read(process, who, call)
      // Border: the real hub holds the body to the command's schema; here only the SDK and the simulator's own thief speak.
      return await obey(process, who, { name: command, body: call.body } as AnyCommand)
    } catch (error) {
      history.tell(`${name}: ${who.actor.name} ${call.path} got no decision`)
      checks.undecided(call.body && Reflect.get(call.body, 'command'))
      if (error instanceof StoreUnavailable) return world.plant.unavailable?.(call) ?? problem('unavailable', 1_000)
      if (error instanceof TooBusy) return problem('busy', 1_000)
      checks.fail(`${name} stumbled: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
      return problem('unavailable', 1_000)
    }
  }

  async function obey({ hub, store }: Process, who: Enrolled, sent: AnyCommand): Promise<Reply> {
    const { actor: sender } = who
    const actor = actingAs(sender, sent.name)
    if (actor === undefined) return problem('not-allowed')
    const read = readCommand(sent, who, world)
    if (typeof read === 'string') return problem(read)
    const id = parseId('cmd', sent.body.command)
    if (id === undefined) return problem('id-invalid')
    const hash = `${sent.name} ${JSON.stringify(sent.body)}`
    const isPerson = sender.kind === 'device' && actor.kind === 'terminal'
    // Border: terminals' commands come with terminals, devices' with devices; the types cannot follow the pair.
    let command = { ...read, id, hash, actor, isPerson } as Command
    command = (await world.plant.command?.(command, world)) ?? command
    const done = 'evidence' in read ? checks.proofs.heard(read.evidence) : undefined
    const answer = await hub.handle(command)
    done?.()
    // A user id names a card again and again.
    if (sent.name === 'bill-code' && world.cards.userOf(sent.body.code) === undefined)
      checks.codeRead(sent.body.code, answer)
    return told(hub, store, actor, command, answer)
  }

  /** The decided answer, as it goes out. */
  async function told(
    hub: Switch,
    store: Store,
    actor: TerminalActor | DeviceActor,
    command: Command,
    answer: Answer,
  ): Promise<Reply> {
    const outcome = answer.refusal?.code ?? 'done'
    const { name: what, id } = command
    history.tell(`${name}: ${actor.name} ${actor.id.slice(4, 12)} ${what} ${id.slice(4, 12)} ${outcome}`)
    checks.decided(command, answer)
    const view = await seen(hub, store, actor, answer)
    if (answer.refusal === null) return { status: 200, body: view, retryAfterMs: null }
    const { code, detail } = answer.refusal
    const shown = view.deal === null && view.payment === null ? {} : { view }
    return { status: REFUSALS[code][0], body: { ...problemOf(code, detail), ...shown }, retryAfterMs: null }
  }

  /** What a relying site asks through the hub itself, on behalf of a merchant's terminal. */
  async function ask({ hub, store }: Process, { actor }: Enrolled, call: Call): Promise<Reply> {
    // Border: only the simulated site says this.
    const body = call.body as AskBody & { command: string }
    const [id, deal] = [parseId('cmd', body.command), parseId('deal', body.deal)]
    if (actor.kind !== 'terminal') return problem('not-allowed')
    if (id === undefined || deal === undefined || !isAccountNumber(body.to)) return problem('id-invalid')
    const { to, question } = body
    const sent: Command = {
      name: 'ask-person',
      id,
      hash: JSON.stringify(body),
      actor,
      isPerson: false,
      deal,
      to,
      question,
    }
    const command = (await world.plant.command?.(sent, world)) ?? sent
    return told(hub, store, actor, command, await hub.handle(command))
  }

  async function serve({ desk }: Process, { actor }: EnrolledOperator, call: Call): Promise<Reply> {
    // Border: only the simulated operator can have made this MAC.
    const { command, ...body } = call.body as DeskBody & { command: string }
    const id = parseId('cmd', command)
    if (id === undefined) return problem('id-invalid')
    const answer = await desk.perform(actor, id, JSON.stringify(body), body)
    if (answer === undefined) return problem('request-invalid')
    const outcome = answer.refusal?.code ?? 'done'
    history.tell(`${name}: operator ${body.name} ${id.slice(4, 12)} ${outcome}`)
    checks.served(id, body, answer)
    if (answer.refusal !== null) return problem(answer.refusal.code)
    return { status: 200, body: { note: answer.note }, retryAfterMs: null }
  }

  async function seen(
    hub: Switch,
    store: Store,
    actor: TerminalActor | DeviceActor,
    answer: Answer,
  ): Promise<AnswerView> {
    const view: AnswerView = { deal: null, payment: null, refund: answer.refund, provedAt: null }
    if (actor.kind === 'terminal') {
      if (answer.terminal !== actor.id || answer.deal === null) return view
      const found = await hub.lookAt({ terminal: actor.id, deal: answer.deal })
      return found === undefined ? view : { ...view, deal: dealView(found.offer, found.payment, link) }
    }
    const payment = answer.payment === null ? undefined : await store.readPayment(answer.payment)
    return payment?.payer.party === actor.party ? { ...view, payment: paymentView(payment, rules) } : view
  }

  async function read({ hub, store }: Process, who: Enrolled, { path, body }: Call): Promise<Reply> {
    const { actor } = who
    const ok = (body: object): Reply => ({ status: 200, body, retryAfterMs: null })
    if (path === '/v1/scheme') return ok(schemeView(scheme, clock.now()))
    if (path === '/v1/self') return ok(selfView(who))
    if (path === '/v1/inbox' && actor.kind === 'device') return ok(await inboxOf(store, actor))
    if (path === '/v1/contacts' && actor.kind === 'device') {
      const account: unknown = body && Reflect.get(body, 'account')
      const status = body && Reflect.get(body, 'status') === 'blocked' ? 'blocked' : 'listed'
      if (!isAccountNumber(account) || (await store.readHolder(account)) === undefined) return problem('party-unknown')
      await world.putContact({ party: actor.party, account, status })
      return ok({ contacts: [] })
    }
    if (path === CARD_NUMBER && actor.kind === 'terminal') return ok(await numberFor(store, actor, body))
    if (path === '/v1/deals' && actor.kind !== 'operator') {
      const terminal = actor.kind === 'device' ? billerOf(actor).id : actor.id
      const offers = await store.readOffers({ terminal, before: null, limit: 50 })
      const deals: DealView[] = []
      for (const offer of offers) {
        const found = await hub.completed(offer)
        deals.push(dealView(found.offer, found.payment, link))
      }
      return ok({ deals, next: null })
    }
    return problem('route-not-found')
  }

  /** The one-time number that waits for this terminal, as the vault has it. */
  async function numberFor(store: Store, { id }: TerminalActor, body: unknown): Promise<CardNumber> {
    const asked = body instanceof Object ? parseId('pay', Reflect.get(body, 'payment')) : undefined
    const payment = asked && (await store.readPayment(asked))
    const isTheirs = payment?.terminal === id && payment.means.kind === 'card' && payment.means.oneTime
    if (!isTheirs || stateOf(payment) !== 'authorising') return { number: null, amount: '0' }
    const said = await world.cards.vault.status(`${payment.id} ${payment.collect}`)
    const number = said !== 'silence' && said.kind === 'pending' ? said.number : null
    return { number, amount: String(payment.bill?.total ?? 0n) }
  }

  async function inboxOf(store: Store, actor: DeviceActor): Promise<InboxView> {
    const balances = await store.readBalances(actor.account)
    const open = await store.readOpenPayments(actor.party, 20)
    const device = await store.readDevice(bucketOfId(actor.id), actor.id)
    const payments: PaymentView[] = open.map((payment) => paymentView(payment, rules))
    return { balances: balances.map(balanceView), payments, provedAt: device?.provedAt ?? 0 }
  }

  // ---- watching

  function watch(who: Enrolled, tell: Open['tell'], closed: () => void): Watcher {
    const each: Open = { who, tell, closed, topics: new Map() }
    if (running === undefined) closed()
    else watchers.add(each)
    tell({ type: 'ready', now: clock.now() })
    return {
      hear(request) {
        if (!watchers.has(each) || running === undefined) return
        if (request.type === 'ping') return tell({ type: 'pong', now: clock.now() })
        if (request.type !== 'watch') return
        const topic = topicOf(running, who, request)
        if (topic === undefined) return tell({ type: 'refused', code: 'not-allowed' })
        each.topics.set(topic.subject, topic)
        void look(running.life, each, topic, true)
      },
      close: () => cut(each),
    }
  }

  function topicOf({ hub, store }: Process, { actor }: Enrolled, request: WatchRequest): Topic | undefined {
    if (request.type !== 'watch') return undefined
    const refused = { type: 'refused', code: 'not-found' } as const
    const topic = (subject: string, look: Topic['look']): Topic => ({ look, subject, sent: '', seen: 0 })
    if (request.topic === 'inbox' && actor.kind === 'device')
      return topic(`inbox ${actor.party}`, async () => ({ type: 'inbox', view: await inboxOf(store, actor) }))
    if (request.topic === 'payment' && actor.kind === 'device') {
      const id = parseId('pay', request.payment)
      return topic(`payment ${request.payment}`, async () => {
        const payment = id && (await store.readPayment(id))
        if (payment?.payer.party !== actor.party) return refused
        return { type: 'payment', view: paymentView(payment, rules) }
      })
    }
    if (actor.kind !== 'terminal') return undefined
    if (request.topic === 'deal') {
      const deal = parseId('deal', request.deal)
      return topic(`deal ${actor.id} ${request.deal}`, async () => {
        const found = deal && (await hub.lookAt({ terminal: actor.id, deal }))
        return found === undefined ? refused : { type: 'deal', view: dealView(found.offer, found.payment, link) }
      })
    }
    if (request.topic !== 'terminal') return undefined
    return topic(`terminal ${actor.id}`, async () => {
      const [offer] = await store.readOffers({ terminal: actor.id, before: null, limit: 1 })
      const found = offer && (await hub.completed(offer))
      return { type: 'terminal', view: found === undefined ? null : dealView(found.offer, found.payment, link) }
    })
  }

  async function look(life: Life, each: Open, topic: Topic, again: boolean): Promise<void> {
    try {
      topic.seen = clock.now()
      const message = await topic.look()
      if (!life.isAlive || !watchers.has(each)) return
      const text = JSON.stringify(message)
      if (text === topic.sent && !again) return
      topic.sent = text
      each.tell(message)
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) checks.fail(`${name} could not look: ${String(error)}`)
    }
  }

  /** What this hub has committed is shown at once. */
  function changed(life: Life, { offers, payments, buckets }: Changes): void {
    if (!life.isAlive) return
    for (const bucket of buckets) arrived.add(bucket)
    const subjects = new Set(subjectsOf(offers, payments))
    for (const each of watchers)
      for (const topic of each.topics.values())
        if (subjects.has(topic.subject)) clock.after(5, () => void look(life, each, topic, false))
  }

  function cut(each: Open): void {
    if (watchers.delete(each)) each.closed()
  }

  return { answer, watch, isUp: () => running !== undefined, crash: () => crash() }
}

/** As whom somebody says this: a phone that asks for money is a terminal. Undefined where the command is not theirs to say. */
function actingAs(sender: Enrolled['actor'], command: string): TerminalActor | DeviceActor | undefined {
  if (sender.kind === 'terminal') return FOR_DEVICES.has(command) ? undefined : sender
  if (sender.kind === 'operator' || FOR_TERMINALS.has(command)) return undefined
  return FOR_BILLERS.has(command) ? billerOf(sender) : sender
}

/** The topics that show these rows. */
export const subjectsOf = (offers: readonly Offer[], payments: readonly Payment[]): string[] => [
  ...offers.flatMap(({ terminal, deal }) => [`deal ${terminal} ${deal}`, `terminal ${terminal}`]),
  ...payments.flatMap(({ id, terminal, deal, payer }) => [
    `payment ${id}`,
    `deal ${terminal} ${deal}`,
    `terminal ${terminal}`,
    `inbox ${payer.party}`,
  ]),
]

function problem(code: ProblemCode, retryAfterMs: number | null = null): Reply {
  const body = problemOf(code)
  return { status: body.status, body, retryAfterMs }
}
