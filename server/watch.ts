// Watching: one WebSocket per client, whole views with versions. A change committed by this hub is shown at once from its rows;
// a change of another hub is heard by notification; and every few seconds each watcher looks again, because either may be lost.
import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'
import type { AccountKey, AccountNumber } from '#core/accounts.ts'
import type { DealId, PaymentId } from '#core/ids.ts'
import { bucketOfId } from '#core/ids.ts'
import type { Offer } from '#core/offer.ts'
import type { Payment } from '#core/payment.ts'
import { LIMITS } from '#protocol/limits.ts'
import { WatchRequest, type WatchMessage } from '#protocol/watch.ts'
import type { LedgerView } from '#protocol/views.ts'
import type { Problem } from '#protocol/problems.ts'
import { Compile } from 'typebox/compile'
import { billerOf, type Actor, type TerminalActor } from '#switch/actors.ts'
import { StoreUnavailable, type Store } from '#switch/store.ts'
import type { Switch } from '#switch/switch.ts'
import type { Changes } from '#switch/working.ts'
import type { ActorId } from './auth/directory.ts'
import type { Sight } from './sight.ts'

/** Each watcher looks again after this, moved by up to a third so that thousands do not look in the same moment. */
const LOOK_EVERY_MS = 3_000
/** Balances and the ledger follow a burst of payments once, not payment by payment. */
const GATHER_MS = 120
/** Bytes waiting for a slow client; past this it is cut off and gets whole views when it comes back. */
const MAX_BACKLOG = 1024 * 1024

export type Watchers = ReturnType<typeof createWatchers>

type Client = {
  readonly socket: WebSocket
  readonly origin: string
  token: string | null
  actor: Actor | null
  readonly topics: Map<string, Topic>
  spoken: number
  second: number
  /** messages are heard one after the other: a client need not wait for `ready` before it asks */
  heard: Promise<void>
}

type Topic = {
  readonly key: string
  readonly bucket: number | null
  /** an inbox's: the account whose balances it shows */
  readonly account: AccountNumber | null
  /** money is, or may be, on its way to the account: its balances change again when the bucket is deposited */
  arriving: boolean
  look: () => Promise<void>
  sent: string
}

const isRequest = Compile(WatchRequest)

/** Watchers over a store; `attach` them to an HTTP server. */
export function createWatchers(parts: {
  store: Store
  hub: Switch
  sight: Sight
  actorOf: (token: string) => Promise<Actor | Problem>
  /** the hub's clock */
  now: () => number
  ledger: (() => Promise<LedgerView>) | null
  originOf: (request: IncomingMessage) => string
  addressOf: (request: IncomingMessage) => string
  onError: (error: unknown) => void
  /** how often each watcher looks again */
  lookEveryMs?: number
}) {
  const { store, hub, sight, lookEveryMs = LOOK_EVERY_MS } = parts
  const clients = new Set<Client>()
  const byKey = new Map<string, Set<{ client: Client; topic: Topic }>>()
  /** the inbox that shows an account's balances */
  const inboxOf = new Map<AccountKey, string>()
  const current = new Map<string, Offer>()
  const perAddress = new Map<string, number>()
  const gathering = new Map<string, ReturnType<typeof setTimeout>>()
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: LIMITS.watchMessageBytes,
    perMessageDeflate: false,
    clientTracking: false,
  })
  let closing = false

  function attach(server: Server): void {
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      // Node has taken its own listener away: a client that resets now would end the process.
      socket.on('error', () => socket.destroy())
      if (socket.destroyed || request.socket.remoteAddress === undefined) return void socket.destroy()
      const address = parts.addressOf(request)
      const refusal = refusalOf(request, address)
      if (refusal !== null) {
        socket.once('finish', () => socket.destroy())
        socket.end(`HTTP/1.1 ${refusal}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
        return undefined
      }
      sockets.handleUpgrade(request, socket, head, (webSocket) => accept(webSocket, request, address))
    })
  }

  function refusalOf(request: IncomingMessage, address: string): string | null {
    if (closing) return '503 Service Unavailable'
    if (request.url !== '/v1/watch') return '404 Not Found'
    const { origin } = request.headers
    if (origin !== undefined && origin !== parts.originOf(request)) return '403 Forbidden'
    if (clients.size >= LIMITS.watchTotal || (perAddress.get(address) ?? 0) >= LIMITS.watchPerAddress)
      return '503 Service Unavailable\r\nretry-after: 5'
    return null
  }

  function accept(socket: WebSocket, request: IncomingMessage, address: string): void {
    const client: Client = {
      socket,
      origin: parts.originOf(request),
      token: null,
      actor: null,
      topics: new Map(),
      spoken: 0,
      second: 0,
      heard: Promise.resolve(),
    }
    clients.add(client)
    perAddress.set(address, (perAddress.get(address) ?? 0) + 1)
    const hello = setTimeout(
      () => client.topics.size === 0 && client.actor === null && socket.close(1008, 'no hello'),
      LIMITS.helloWithinMs,
    )
    socket.on('error', () => socket.terminate())
    socket.on('close', () => {
      clearTimeout(hello)
      clients.delete(client)
      const left = (perAddress.get(address) ?? 1) - 1
      if (left <= 0) perAddress.delete(address)
      else perAddress.set(address, left)
      for (const topic of client.topics.values()) forget(client, topic)
    })
    // A ping of the protocol is answered by ws itself and costs as much as a message.
    socket.on('ping', () => isTooFast(client) && socket.close(1008, 'too fast'))
    socket.on('message', (data, isBinary) => {
      if (isBinary) return socket.close(1003, 'text only')
      if (isTooFast(client)) return socket.close(1008, 'too fast')
      // Border: ws gives text frames as Buffer unless told otherwise.
      const text = (data as Buffer).toString('utf8')
      client.heard = client.heard.then(() => hear(client, text)).catch((error: unknown) => fail(client, error))
    })
  }

  function isTooFast(client: Client): boolean {
    const second = Math.floor(performance.now() / 1000)
    if (second !== client.second) [client.second, client.spoken] = [second, 0]
    return ++client.spoken > LIMITS.watchMessagesPerSecond
  }

  function fail(client: Client, error: unknown): void {
    if (!(error instanceof StoreUnavailable)) parts.onError(error)
    client.socket.close(1013, 'try again')
  }

  async function hear(client: Client, text: string): Promise<void> {
    const message = parsed(text)
    if (message === undefined) return client.socket.close(1008, 'not a request')
    switch (message.type) {
      case 'ping':
        return send(client, { type: 'pong', now: parts.now() })
      case 'hello': {
        const actor = await parts.actorOf(message.token)
        if ('status' in actor) return client.socket.close(4401, actor.code)
        // Its subscriptions were granted to whoever said hello first.
        if (client.actor !== null && client.actor.id !== actor.id) return client.socket.close(1008, 'another hello')
        client.token = message.token
        client.actor = actor
        return send(client, { type: 'ready', now: parts.now() })
      }
      case 'watch':
        return watch(client, message)
    }
  }

  async function watch(client: Client, request: Extract<WatchRequest, { type: 'watch' }>): Promise<void> {
    const topic = topicOf(client, request)
    if (topic === null)
      return send(client, { type: 'refused', code: client.actor === null ? 'session-needed' : 'not-allowed' })
    const known = client.topics.get(topic.key)
    if (known !== undefined) {
      known.sent = ''
      return known.look()
    }
    if (client.topics.size >= LIMITS.watchSubscriptions) return client.socket.close(1008, 'too many subscriptions')
    client.topics.set(topic.key, topic)
    const set = byKey.get(topic.key) ?? new Set()
    byKey.set(topic.key, set.add({ client, topic }))
    if (topic.account !== null) inboxOf.set(topic.account, topic.key)
    await topic.look()
  }

  function topicOf(client: Client, request: Extract<WatchRequest, { type: 'watch' }>): Topic | null {
    const { actor } = client
    if (request.topic === 'ledger') {
      const { ledger } = parts
      if (ledger === null) return null
      return make(client, 'ledger', null, async () => ({ type: 'ledger', view: await ledger() }))
    }
    if (actor === null) return null
    if (actor.kind === 'operator') return null
    // A phone that asks for money watches its deals as a terminal does.
    const biller = actor.kind === 'device' ? billerOf(actor) : actor
    switch (request.topic) {
      case 'terminal':
        return make(client, `terminal ${biller.id}`, bucketOfId(biller.id), async () => ({
          type: 'terminal',
          view: await currentDeal(client, biller),
        }))
      case 'deal': {
        const deal = request.deal as DealId
        return make(client, `deal ${biller.id} ${deal}`, bucketOfId(biller.id), async () => {
          const view = await sight.deal(biller, deal, client.origin)
          return view === undefined ? { type: 'refused', code: 'not-found' } : { type: 'deal', view }
        })
      }
      case 'payment': {
        if (actor.kind !== 'device') return null
        const id = request.payment as PaymentId
        return make(client, `payment ${id}`, bucketOfId(actor.id), async () => {
          const view = await sight.payment(actor, id)
          return view === undefined ? { type: 'refused', code: 'not-found' } : { type: 'payment', view }
        })
      }
      case 'inbox':
        if (actor.kind !== 'device') return null
        return make(
          client,
          `inbox ${actor.party}`,
          bucketOfId(actor.party),
          async () => ({ type: 'inbox', view: await sight.inbox(actor) }),
          actor.account,
        )
    }
  }

  function make(
    client: Client,
    key: string,
    bucket: number | null,
    view: () => Promise<WatchMessage>,
    account: AccountNumber | null = null,
  ): Topic {
    const topic: Topic = {
      key,
      bucket,
      account,
      arriving: true,
      sent: '',
      look: async () => {
        // What is deposited while it looks, it may have missed.
        topic.arriving = true
        const message = await view()
        if (message.type === 'inbox') topic.arriving = message.view.balances.some(({ arriving }) => arriving !== '0')
        sendOnce(client, topic, message)
      },
    }
    return topic
  }

  async function currentDeal(client: Client, actor: TerminalActor) {
    const [offer] = await store.readOffers({ terminal: actor.id, before: null, limit: 1 })
    if (offer === undefined) return null
    const found = await hub.completed(offer)
    current.set(actor.id, found.offer)
    return sight.dealView(found.offer, found.payment, client.origin)
  }

  function send(client: Client, message: WatchMessage): void {
    if (client.socket.bufferedAmount > MAX_BACKLOG) return client.socket.terminate()
    client.socket.send(JSON.stringify(message))
  }

  /** A view that says what the last one said is not sent again. */
  function sendOnce(client: Client, topic: Topic, message: WatchMessage): void {
    const text = JSON.stringify(message)
    if (topic.sent === text) return
    topic.sent = text
    if (client.socket.bufferedAmount > MAX_BACKLOG) return client.socket.terminate()
    client.socket.send(text)
  }

  function forget(client: Client, topic: Topic): void {
    const set = byKey.get(topic.key)
    for (const each of set ?? []) if (each.client === client) set?.delete(each)
    if (set?.size === 0) {
      byKey.delete(topic.key)
      if (topic.account !== null) inboxOf.delete(topic.account)
      if (topic.key.startsWith('terminal ')) current.delete(topic.key.slice('terminal '.length))
    }
  }

  /** What this hub has just committed: shown at once, from the rows themselves. */
  function changed(changes: Changes): void {
    for (const offer of changes.offers) showOffer(offer, null)
    for (const payment of changes.payments) showPayment(payment)
    for (const account of changes.accounts) moneyComes(account)
    if (changes.buckets.length > 0) gather('ledger')
  }

  function showOffer(offer: Offer, payment: Payment | null): void {
    const watchers = byKey.get(`terminal ${offer.terminal}`)
    const deals = byKey.get(`deal ${offer.terminal} ${offer.deal}`)
    if (watchers === undefined && deals === undefined) return
    const newest = current.get(offer.terminal)
    const isCurrent = newest === undefined || offer.openedAt >= newest.openedAt
    if (isCurrent && watchers !== undefined) current.set(offer.terminal, offer)
    // A taken offer is shown with its payment, which is committed next.
    if (offer.state.kind === 'taken' && payment === null) return
    const show = (type: 'terminal' | 'deal', set: typeof watchers): void => {
      for (const { client, topic } of set ?? [])
        sendOnce(client, topic, { type, view: sight.dealView(offer, payment, client.origin) })
    }
    if (isCurrent) show('terminal', watchers)
    show('deal', deals)
  }

  function showPayment(payment: Payment): void {
    const view = { type: 'payment', view: sight.paymentView(payment) } as const
    for (const { client, topic } of byKey.get(`payment ${payment.id}`) ?? []) {
      if (client.actor?.kind === 'device' && client.actor.party === payment.payer.party) sendOnce(client, topic, view)
    }
    const inbox = byKey.get(`inbox ${payment.payer.party}`)
    if (inbox !== undefined) {
      // The payment itself at once; balances and the list follow.
      for (const { client } of inbox) send(client, view)
      gather(`inbox ${payment.payer.party}`)
    }
    const offer = current.get(payment.terminal)
    if (offer?.deal === payment.deal && offer.state.kind === 'taken' && offer.state.payment === payment.id) {
      showOffer(offer, payment)
    } else {
      gather(`terminal ${payment.terminal}`)
      gather(`deal ${payment.terminal} ${payment.deal}`)
    }
  }

  /** This account has changed, or money is on its way to it: its wallets look, and once more when the money is there. */
  function moneyComes(account: AccountKey): void {
    const key = inboxOf.get(account)
    if (key === undefined) return
    for (const { topic } of byKey.get(key) ?? []) topic.arriving = true
    gather(key)
  }

  /**
   * This bucket was deposited: the wallets that waited for money look. Not all of the bucket, whose number grows with the town:
   * with 128 phones every one looked some eight times a second for payments that were not its own.
   */
  function moneyMoved(bucket: number): void {
    for (const key of inboxOf.values())
      for (const { topic } of byKey.get(key) ?? []) if (topic.bucket === bucket && topic.arriving) gather(key)
    gather('ledger')
  }

  /** Looks again, once, after what comes in the next moment. */
  function gather(key: string): void {
    if (gathering.has(key) || !byKey.has(key)) return
    gathering.set(
      key,
      setTimeout(() => {
        gathering.delete(key)
        for (const { client, topic } of byKey.get(key) ?? [])
          topic.look().catch((error: unknown) => fail(client, error))
      }, GATHER_MS),
    )
  }

  /** Another hub has written in these buckets. */
  function heard(buckets: readonly number[]): void {
    const touched = new Set(buckets)
    for (const [key, set] of byKey)
      for (const { topic } of set) if (topic.bucket === null || touched.has(topic.bucket)) gather(key)
  }

  const looking = setInterval(() => {
    let place = 0
    for (const client of clients) setTimeout(() => void lookAgain(client), (place++ * 37) % (lookEveryMs / 3))
  }, lookEveryMs)

  async function lookAgain(client: Client): Promise<void> {
    try {
      if (client.token !== null && 'status' in (await parts.actorOf(client.token)))
        return client.socket.close(4401, 'session-ended')
      for (const topic of client.topics.values()) await topic.look()
    } catch (error) {
      // The client keeps its last view and learns by its own ping that the hub is in trouble.
      if (!(error instanceof StoreUnavailable)) fail(client, error)
    }
  }

  /** May not act any more: its connections end at once, and nothing is sent on them. */
  function drop(actor: ActorId): void {
    for (const client of clients) if (client.actor?.id === actor) client.socket.close(4401, 'session-ended')
  }

  return {
    attach,
    drop,
    changed,
    moneyMoved,
    heard,
    count: () => clients.size,
    /** Does this phone or terminal have a live watcher here? */
    isWatching: (actor: string): boolean =>
      [...clients].some((client) => client.actor?.id === actor && client.topics.size > 0),
    close(): void {
      closing = true
      clearInterval(looking)
      for (const timer of gathering.values()) clearTimeout(timer)
      for (const { socket } of clients) socket.close(1001, 'the hub stops')
    },
  }
}

function parsed(text: string): WatchRequest | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isRequest.Check(value) ? value : undefined
  } catch {
    return undefined
  }
}
