// The client of a hub, the same in browsers and Node: sends commands until they are answered, reads, and watches.
import type { CommandName } from '#protocol/commands.ts'
import type { RouteBody, RouteName, RouteQuery, RouteView } from '#protocol/routes.ts'
import { callOf, CALLS } from './calls.ts'
import { httpTransport } from './http-transport.ts'
import { loadIdentity, rememberScheme, rememberSelf, type Identity } from './identity.ts'
import { backOffMs, isAnswer, outbox, pause, type BodyOf, type Resumed } from './outbox.ts'
import { isRecord, NO_ANSWER, readProblem, type Outcome, type SendOutcome } from './outcome.ts'
import type { AskPasskey } from './session.ts'
import type { Storage } from './storage.ts'
import {
  browserWake,
  hubClock,
  systemDelay,
  systemRandom,
  type Call,
  type Delay,
  type HubClock,
  type Random,
  type Reply,
  type Transport,
  type Wake,
} from './transport.ts'
import { watching, type Topic, type ViewOf, type WatchStatus } from './watching.ts'

export type Client = Readonly<{
  /**
   * Sends a command until it is answered, however long that takes; a lost answer never makes it twice. An aborted
   * signal ends the waiting (problem `no-answer`) but not the command: it stays stored, and `resume` goes on with it.
   */
  send<Name extends CommandName>(name: Name, body: BodyOf<Name>, signal?: AbortSignal): Promise<SendOutcome>
  /** Sends again what an earlier life of this program (a reload, a crash) had left without an answer; oldest first. */
  resume(signal?: AbortSignal): Promise<readonly Resumed[]>

  self(): Promise<Outcome<RouteView<'self'>>>
  scheme(): Promise<Outcome<RouteView<'scheme'>>>
  deals(query?: RouteQuery<'deals'>): Promise<Outcome<RouteView<'deals'>>>
  deal(deal: string): Promise<Outcome<RouteView<'deal'>>>
  payment(payment: string): Promise<Outcome<RouteView<'payment'>>>
  inbox(): Promise<Outcome<RouteView<'inbox'>>>
  balances(): Promise<Outcome<RouteView<'balances'>>>
  history(query?: RouteQuery<'history'>): Promise<Outcome<RouteView<'history'>>>
  /** The entries of some days as the text of a CSV file. */
  statement(query: RouteQuery<'statement'>): Promise<Outcome<RouteView<'statement'>>>
  /** Deals of all the merchant's terminals, or of all the person's phones; one of them by its payment. */
  sales(query?: RouteQuery<'sales'>): Promise<Outcome<RouteView<'sales'>>>
  sale(payment: string): Promise<Outcome<RouteView<'sale'>>>
  openUnit(unit: string): Promise<Outcome<RouteView<'openUnit'>>>
  contacts(): Promise<Outcome<RouteView<'contacts'>>>
  putContact(contact: RouteBody<'putContact'>): Promise<Outcome<RouteView<'putContact'>>>
  /** Any other route; tried a few times, then `no-answer`. */
  call<Name extends RouteName>(name: Name, input?: CallInput): Promise<Outcome<RouteView<Name>>>
  /** A route beside those of protocol/routes.ts (the operator's desk), its view as the asker says; tried like `call`. */
  request<View>(asked: Call, signal?: AbortSignal): Promise<Outcome<View>>

  /**
   * Shows the topic's view now and whenever it changes, each time whole; returns what ends it. All topics share one
   * connection, which comes back by itself. `status` is told at once and at every change.
   */
  watch<AnyTopic extends Topic>(
    topic: AnyTopic,
    listener: (view: ViewOf<AnyTopic>) => void,
    status?: (status: WatchStatus) => void,
  ): () => void

  /** The hub's clock, as far as it is known: for countdowns (milliseconds since 1970). */
  hubNow(): number
  /** Who this client is, undefined before enrolment. */
  identity(): Promise<Identity | undefined>
  /** Ends watching. */
  close(): void
}>

export type CallInput = Readonly<{ params?: object; query?: object; body?: object; signal?: AbortSignal }>

type Surroundings = Readonly<{
  storage: Storage
  /** our own clock, milliseconds since 1970 */
  now?: () => number
  random?: Random
  delay?: Delay
  wake?: Wake
}>

/** A client over HTTP, with the identity in the storage (see `enrol`). */
export function openClient(
  options: Surroundings &
    Readonly<{
      hub: string
      fetch?: typeof fetch
      WebSocket?: typeof WebSocket
      /** how an operator's passkey is asked for when the hub wants it to start a session */
      passkey?: AskPasskey
    }>,
): Client {
  const { storage, hub, now = Date.now, random = systemRandom, delay = systemDelay } = options
  const clock = hubClock(now)
  const identity = (): Promise<Identity | undefined> => loadIdentity(storage)
  const transport = httpTransport({
    hub,
    identity,
    clock,
    now,
    random,
    delay,
    ...(options.fetch && { fetch: options.fetch }),
    ...(options.WebSocket && { WebSocket: options.WebSocket }),
    ...(options.passkey && { passkey: options.passkey }),
  })
  return clientOver({ ...options, transport, clock, identity, now, random, delay })
}

const READ_TRIES = 4

/** A client over any transport; the simulator brings its own transport, clock, chance, waiting and identity. */
export function clientOver(
  options: Surroundings &
    Readonly<{ transport: Transport; identity: () => Promise<Identity | undefined>; clock?: HubClock }>,
): Client {
  const { storage, transport, now = Date.now, random = systemRandom, delay = systemDelay, wake = browserWake } = options
  const clock = options.clock ?? hubClock(now)
  const watched = watching({ transport, clock, now, random, delay, wake })
  const sent = outbox({ storage, transport, now, random, delay, wake, answered: (view) => watched.answered(view) })

  const request = async <View>(asked: Call, signal?: AbortSignal): Promise<Outcome<View>> => {
    for (let attempt = 0; attempt < READ_TRIES; attempt++) {
      if (signal?.aborted === true) break
      const sentAt = now()
      const outcome = readReply<View>(await transport.call(asked, signal))
      if (outcome !== undefined) {
        if (asked.path === CALLS.scheme.path && outcome.ok) learnTheTime(clock, outcome.view, sentAt)
        return outcome
      }
      if (attempt < READ_TRIES - 1) await pause(backOffMs(attempt, 300, 3_000, random), { delay, wake }, signal)
    }
    return NO_ANSWER
  }
  const call = <Name extends RouteName>(name: Name, input: CallInput = {}): Promise<Outcome<RouteView<Name>>> =>
    request(callOf(name, input), input.signal)

  return {
    send: (name, body, signal) => sent.send(name, body, signal),
    resume: (signal) => sent.resume(signal),
    async self() {
      const outcome = await call('self')
      if (outcome.ok) await rememberSelf(storage, outcome.view)
      return outcome
    },
    async scheme() {
      const outcome = await call('scheme')
      if (outcome.ok) await rememberScheme(storage, outcome.view)
      return outcome
    },
    deals: (query = {}) => call('deals', { query }),
    deal: (deal) => call('deal', { params: { deal } }),
    payment: (payment) => call('payment', { params: { payment } }),
    inbox: () => call('inbox'),
    balances: () => call('balances'),
    history: (query = {}) => call('history', { query }),
    statement: (query) => call('statement', { query }),
    sales: (query = {}) => call('sales', { query }),
    sale: (payment) => call('sale', { params: { payment } }),
    openUnit: (unit) => call('openUnit', { body: { unit } }),
    contacts: () => call('contacts'),
    putContact: (contact) => call('putContact', { body: contact }),
    call,
    request,
    watch: (topic, listener, status) => watched.watch(topic, listener, status),
    hubNow: () => clock.now(),
    identity: options.identity,
    close: () => watched.close(),
  }
}

function readReply<View>(reply: Reply | 'no-answer'): Outcome<View> | undefined {
  if (!isAnswer(reply)) return undefined
  // A border: what the hub says with 200 has been checked there against the route's schema.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  if (reply.status === 200 && isView(reply.body)) return { ok: true, view: reply.body as View }
  const problem = readProblem(reply.body)
  return problem && { ok: false, problem }
}

/** A view is an object; a file is a text. */
const isView = (body: unknown): boolean => isRecord(body) || typeof body === 'string'

function learnTheTime(clock: HubClock, scheme: unknown, sentAt: number): void {
  if (isRecord(scheme) && typeof scheme.now === 'number') clock.learn(scheme.now, sentAt)
}
