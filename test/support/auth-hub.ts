// A hub without PostgreSQL and without a socket: the real checks of server/auth behind a fetch that can lose things.
/* oxlint-disable typescript/no-unsafe-type-assertion -- a border of the test: bodies come from the SDK, whose types the schemas give */
import { randomBytes } from 'node:crypto'
import { sha256, toHex } from '#core/bytes.ts'
import { assert } from '#core/assert.ts'
import { idFrom, idInBucket, parseId } from '#core/ids.ts'
import { LIMITS } from '#protocol/limits.ts'
import { problemOf } from '#protocol/problems.ts'
import type { AnswerView, DealView, PaymentView, SchemeView } from '#protocol/views.ts'
import { isRecord } from '#sdk/outcome.ts'
import type { Delay } from '#sdk/transport.ts'
import { verifyEvidence } from '#server/auth/approvals.ts'
import { authenticate, isProblem, type Actor } from '#server/auth/authenticate.ts'
import type { ActorId, Directory } from '#server/auth/directory.ts'
import { enrol, selfViewOf } from '#server/auth/enrolment.ts'
import { memoryDirectory } from '#server/auth/memory-directory.ts'
import { addPasskey, passkeyMethod, passkeyOptions } from '#server/auth/passkeys.ts'
import { createProofs } from '#server/auth/proofs.ts'
import { scramMethod, secretOf } from '#server/auth/scram.ts'
import { createSessions } from '#server/auth/sessions.ts'
import type { HttpRequest } from '#server/auth/signatures.ts'
import { JPY } from './world.ts'

/** The id of a device or terminal, which the SDK keeps as plain text. */
export function actorIdOf(self: Readonly<{ id: string }>): ActorId {
  const id = parseId('dev', self.id) ?? parseId('trm', self.id) ?? parseId('opr', self.id)
  assert(id !== undefined, 'an enrolled identity has an id')
  return id
}

export const HUB = 'https://pay.example.org'
export const HOME = { hostName: 'pay.example.org', origins: [HUB] }

/** What happens to a request on its way. */
export type Fault = 'lose-request' | 'lose-answer' | 'busy' | 'portal'

type Body = Record<string, unknown>
type Answer = Readonly<{ status: number; body: object }>

export function authHub(options: { directory?: Directory; clock?: { now: number } } = {}) {
  const clock = options.clock ?? { now: 1_800_000_000_000 }
  const now = (): number => clock.now
  const directory = options.directory ?? memoryDirectory({ buckets: 16, now })
  const schemeId = idFrom('sch', randomBytes(16))
  const sessions = createSessions({ directory, scheme: schemeId, now, operators: null })
  const scram = scramMethod(directory)
  const passkey = passkeyMethod(directory, HOME, async () => undefined)
  const proofs = createProofs({ scram, passkey, further: [] })
  const scheme = (): SchemeView => ({
    scheme: schemeId,
    name: 'Testville',
    demo: true,
    unit: 'JPY',
    hostName: HOME.hostName,
    unlockMs: 3_600_000,
    freshProofFrom: '10000',
    zone: 'Asia/Tokyo',
    offline: { payment: '5000', device: '10000', terminal: '100000', ms: 86_400_000 },
    signer: '',
    now: now(),
  })
  /** command id → what was decided; its size is the number of effects */
  const decided = new Map<string, { body: string; answer: Answer; actor: Actor; proof: string | undefined }>()
  const accounts = new Map<string, string>()
  const seen: { path: string; headers: Record<string, string>; body: string }[] = []
  const hub = {
    clock,
    directory,
    proofs,
    sessions,
    scheme,
    decided,
    seen,
    fault: (_path: string): Fault | undefined => undefined,
    /** what the next join comes to */
    payment: null as PaymentView | null,
    /** what all sockets were told, and how many there were */
    heard: [] as Record<string, unknown>[],
    sockets: [] as EventTarget[],
    /** what sockets are told about a topic */
    shown: (_request: Record<string, unknown>): object | undefined => undefined,
  }

  class FakeSocket extends EventTarget {
    constructor(_url: string) {
      super()
      hub.sockets.push(this)
      queueMicrotask(() => this.dispatchEvent(new Event('open')))
    }
    send(text: string): void {
      const asked: unknown = JSON.parse(text)
      if (!isRecord(asked)) return
      hub.heard.push(asked)
      if (asked.type === 'ping') this.say({ type: 'pong', now: now() })
      if (asked.type === 'hello') void this.greet(String(asked.token))
      const shown = asked.type === 'watch' ? hub.shown(asked) : undefined
      if (shown) this.say(shown)
    }
    close(): void {
      this.dispatchEvent(new Event('close'))
    }
    async greet(token: string): Promise<void> {
      const actor = await sessions.byToken(token)
      if (isProblem(actor)) this.dispatchEvent(Object.assign(new Event('close'), { code: 4401 }))
      else this.say({ type: 'ready', now: now() })
    }
    say(message: object): void {
      this.dispatchEvent(new MessageEvent('message', { data: JSON.stringify(message) }))
    }
  }

  const command = async (actor: Actor, name: string, body: Body, raw: string): Promise<Answer> => {
    const id = String(body.command)
    const before = decided.get(id)
    if (before) return before.body === raw ? before.answer : no('command-mismatch')
    let proof: string | undefined
    if (name === 'approve' && actor.kind === 'device') {
      const evidence = await verifyEvidence(directory, proofs, actor, body as Parameters<typeof verifyEvidence>[3])
      if (isProblem(evidence)) return no(evidence.code)
      proof = evidence.proof
    }
    const view: AnswerView = {
      deal: name === 'open-offer' ? dealView(String(body.deal)) : null,
      payment:
        name === 'join' ? hub.payment : name === 'approve' ? hub.payment && { ...hub.payment, state: 'settled' } : null,
      refund: null,
      provedAt: null,
    }
    const answer = name === 'decline' ? no('state-conflict') : { status: 200, body: view }
    decided.set(id, { body: raw, answer, actor, proof })
    return answer
  }

  const route = async (request: HttpRequest, body: Body): Promise<Answer> => {
    const { method, path } = request
    if (method === 'GET' && path === '/v1/scheme') return yes(scheme())
    if (path === '/v1/enrolments') {
      const identity = await enrol(directory, body as Parameters<typeof enrol>[1])
      if (isProblem(identity)) return no(identity.code)
      return yes({ self: await selfViewOf(directory, identity.actor), scheme: scheme() })
    }
    if (path === '/v1/sessions') {
      const grant = await sessions.start(body as Parameters<typeof sessions.start>[0])
      return isProblem(grant) ? no(grant.code) : yes(grant)
    }
    const actor = await authenticate(request, method === 'GET' ? 'token' : 'signed', sessions, now())
    if (isProblem(actor)) return no(actor.code)
    if (actor.kind === 'operator') return no('not-allowed')
    if (path === '/v1/self') return yes(await selfViewOf(directory, actor))
    if (path === '/v1/history') return yes({ account: actor.account, unit: 'JPY', entries: [], next: null })
    if (path.startsWith('/v1/commands/')) {
      return command(
        actor,
        path.slice('/v1/commands/'.length),
        body,
        toHex(sha256(request.rawBody ?? new Uint8Array())),
      )
    }
    if (actor.kind !== 'device') return no('not-allowed')
    if (path === '/v1/secret') {
      const secret = secretOf(body as Parameters<typeof secretOf>[0])
      const isSet = secret !== undefined && (await directory.setSecret(actor.party, secret))
      return isSet ? yes({ done: true }) : no('state-conflict')
    }
    const asked =
      path === '/v1/passkeys/options'
        ? await passkeyOptions(directory, HOME, actor)
        : await addPasskey(directory, HOME, actor, body as Parameters<typeof addPasskey>[3])
    return isProblem(asked) ? no(asked.code) : yes(asked)
  }

  const handle = async (request: HttpRequest): Promise<Answer> => {
    const text = new TextDecoder().decode(request.rawBody ?? new Uint8Array())
    const parsed: unknown = text === '' ? {} : JSON.parse(text)
    return route(request, isRecord(parsed) ? parsed : {})
  }

  const send = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    init.signal?.throwIfAborted()
    const url = new URL(input instanceof Request ? input.url : input)
    const headers = Object.fromEntries(new Headers(init.headers))
    const rawBody = init.body instanceof Uint8Array ? init.body : null
    seen.push({ path: url.pathname, headers, body: new TextDecoder().decode(rawBody ?? new Uint8Array()) })
    const fault = hub.fault(url.pathname)
    if (fault === 'lose-request') throw new TypeError('the network is away')
    if (fault === 'portal') return new Response('<h1>Welcome to our Wi-Fi</h1>', { status: 200 })
    if (fault === 'busy') {
      return Response.json(problemOf('busy'), { status: 503, headers: { 'retry-after': '1' } })
    }
    const method = init.method ?? 'GET'
    const { pathname: path } = url
    const answer = await handle({ method, path, query: url.search.slice(1), headers, rawBody, address: '127.0.0.1' })
    if (fault === 'lose-answer') throw new TypeError('the answer was lost')
    return Response.json(answer.body, { status: answer.status })
  }

  return Object.assign(hub, {
    handle,
    fetch: send,
    /** A border of the test: of WebSocket only what the client uses. */
    WebSocket: FakeSocket as unknown as typeof WebSocket,
    /** a merchant's terminal or a person's device, as far as its code */
    async terminalCode(): Promise<string> {
      const party = await directory.createParty({
        kind: 'merchant',
        name: 'Café Aoi',
        legalName: 'Aoi Trading Ltd.',
        bucket: 3,
        units: [JPY],
      })
      const asked = {
        party: party.id,
        kind: 'terminal',
        label: 'Till 1',
        terminalKind: 'counter',
        lifeMs: LIMITS.enrolmentCodeMs,
      } as const
      return (await directory.createCode(asked)).code
    },
    accountOf: (name: string): string => accounts.get(name) ?? '',
    async deviceCode(): Promise<string> {
      const party = await directory.createParty({
        kind: 'person',
        name: 'Hanako',
        legalName: 'Hanako',
        bucket: 5,
        units: [JPY],
      })
      accounts.set(party.name, party.account)
      return (await directory.createCode({ party: party.id, kind: 'device', lifeMs: LIMITS.enrolmentCodeMs })).code
    },
  })
}

const yes = (body: object): Answer => ({ status: 200, body })
const no = (code: Parameters<typeof problemOf>[0]): Answer => {
  const problem = problemOf(code)
  return { status: problem.status, body: problem }
}

/** Back-offs pass at once, and what guards an answer never comes. */
export const noWaiting: Delay = (ms, signal) =>
  new Promise((resolve, reject) => {
    const stop = (): void => reject(new Error('the wait was ended'))
    if (signal?.aborted === true) return stop()
    signal?.addEventListener('abort', stop, { once: true })
    if (ms < 10_000) setImmediate(resolve)
  })

export const dealView = (deal: string, version = 1): DealView => ({
  deal,
  version,
  state: 'open',
  bill: null,
  billVersion: 0,
  ticket: null,
  way: null,
  acceptedAt: null,
  phone: null,
  payment: null,
  question: null,
  payer: null,
  answered: null,
  cashier: null,
  tally: null,
  declines: 0,
  challenge: null,
  challengeFailures: 0,
  restriction: null,
  ended: null,
  portions: [],
  refunds: [],
  openedAt: 0,
  joinedAt: null,
  approvedAt: null,
  turnEndsAt: null,
  expiresAt: null,
})

export const LINE = {
  text: 'Coffee',
  quantity: 2,
  amount: '980',
  taxRate: 1000,
  tax: '89',
  code: null,
  conditions: { delivery: false, coolingOff: null },
  restriction: null,
}

export const paymentView = (payerAccount: string): PaymentView => ({
  payment: idInBucket('pay', 5, randomBytes(14)),
  deal: idFrom('deal', randomBytes(16)),
  version: 3,
  state: 'joined',
  biller: {
    party: idInBucket('pty', 3, randomBytes(14)),
    account: '00112345674',
    name: 'Café Aoi',
    legalName: 'Aoi Trading Ltd.',
    terminal: idInBucket('trm', 3, randomBytes(14)),
    terminalLabel: 'Till 1',
    isPerson: false,
  },
  knows: null,
  way: 'number',
  acceptedAt: null,
  unasked: false,
  device: null,
  attested: null,
  shopAsked: false,
  permitted: false,
  question: null,
  answered: null,
  shown: { ageBand: null, members: [], region: null, email: null, portrait: false },
  mayShow: [],
  means: { kind: 'account' },
  payerAccount,
  bill: { unit: 'JPY', total: '980', lines: [LINE] },
  billVersion: 1,
  nonce: randomBytes(16).toString('hex'),
  tally: '00',
  freshProof: false,
  challenge: null,
  ended: null,
  portions: [],
  refunds: [],
  joinedAt: 0,
  approvedAt: null,
  turnEndsAt: null,
  expiresAt: 0,
})
