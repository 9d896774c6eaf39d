// One connection for everything a client watches: it comes back by itself, and nobody is shown an older view than he saw.
//
//   connecting --ready--> live --closed, or no pong--> connecting --failed--> offline --ready--> live
import type { AnswerView, DealView, InboxView, LedgerView, PaymentView } from '#protocol/views.ts'
import type { WatchMessage } from '#protocol/watch.ts'
import { backOffMs, pause } from './outbox.ts'
import type { Delay, HubClock, Random, Transport, Wake, WatchConnection } from './transport.ts'

export type Topic =
  | Readonly<{ topic: 'terminal' | 'inbox' | 'ledger' }>
  | Readonly<{ topic: 'deal'; deal: string }>
  | Readonly<{ topic: 'payment'; payment: string }>

export type ViewOf<AnyTopic extends Topic> = {
  terminal: DealView | null
  deal: DealView
  payment: PaymentView
  inbox: InboxView
  ledger: LedgerView
}[AnyTopic['topic']]

export type WatchStatus = 'connecting' | 'live' | 'offline'

export type Watching = Readonly<{
  watch<AnyTopic extends Topic>(
    topic: AnyTopic,
    listener: (view: ViewOf<AnyTopic>) => void,
    status?: (status: WatchStatus) => void,
  ): () => void
  /** A command's answer carries views too: they count as seen, and who watches them gets them at once. */
  answered(view: AnswerView): void
  close(): void
}>

type AnyView = DealView | PaymentView | InboxView | LedgerView | null
type Watched = {
  readonly topic: Topic
  readonly listeners: Set<(view: AnyView) => void>
  last: { readonly view: AnyView } | undefined
}

const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 5_000
const PING_EVERY_MS = 15_000
const PONG_WITHIN_MS = 5_000
/** After a page or network came back the old connection is most likely dead. */
const PONG_AFTER_WAKE_MS = 1_000
/** A connection that lived for less counts as a failed try. */
const SETTLED_AFTER_MS = 5_000
/** The hub takes 20 subscriptions; a register that watches deal after deal starts a new connection before that. */
const SUBSCRIPTIONS = 16
/** Subjects whose last seen version is kept. */
const REMEMBERED = 1_000

export function watching(
  options: Readonly<{
    transport: Transport
    clock: HubClock
    now(): number
    random: Random
    delay: Delay
    wake: Wake
  }>,
): Watching {
  const topics = new Map<string, Watched>()
  const versions = new Map<string, number>()
  const statusListeners = new Set<(status: WatchStatus) => void>()
  const over = new AbortController()
  let status: WatchStatus = 'connecting'
  let connection: WatchConnection | undefined
  let subscribed = new Set<string>()
  let isRunning = false

  const tell = (next: WatchStatus): void => {
    if (status === next) return
    status = next
    for (const listener of statusListeners) listener(next)
  }

  const isNew = (view: AnyView): boolean => {
    const subjects = subjectsOf(view)
    if (subjects.some(([subject, version]) => version < (versions.get(subject) ?? 0))) return false
    for (const [subject, version] of subjects) {
      versions.delete(subject)
      versions.set(subject, version)
    }
    for (const subject of versions.keys()) {
      if (versions.size <= REMEMBERED) break
      versions.delete(subject)
    }
    return true
  }

  const show = (key: string, view: AnyView): void => {
    if (!isNew(view)) return
    const watched = topics.get(key)
    if (watched === undefined) return
    watched.last = { view }
    for (const listener of watched.listeners) listener(view)
  }

  const subscribe = (key: string, topic: Topic): void => {
    if (connection === undefined || subscribed.has(key)) return
    if (subscribed.size >= SUBSCRIPTIONS && topics.size < SUBSCRIPTIONS) return connection.close()
    subscribed.add(key)
    connection.send({ type: 'watch', ...topic })
  }

  const hear = (message: WatchMessage, pingSentAt: number | null): void => {
    switch (message.type) {
      case 'ready':
        return tell('live')
      case 'pong':
        if (pingSentAt !== null) options.clock.learn(message.now, pingSentAt)
        return undefined
      case 'refused':
        // Not there, or not ours to see: who asked for it has learnt so from the answer to a command or a read.
        return undefined
      case 'deal':
        return show(keyOf({ topic: 'deal', deal: message.view.deal }), message.view)
      case 'payment':
        return show(keyOf({ topic: 'payment', payment: message.view.payment }), message.view)
      case 'terminal':
      case 'inbox':
      case 'ledger':
        return show(message.type, message.view)
    }
  }

  /** One connection from opening to end; tells whether it was any good. */
  const live = async (): Promise<boolean> => {
    const ended = new AbortController()
    const openedAt = options.now()
    let isReady = false
    let isHeard = false
    let pingSentAt: number | null = null
    const mine = options.transport.connect({
      message(message) {
        if (connection !== mine) return
        isHeard = true
        if (message.type === 'ready') isReady = true
        hear(message, pingSentAt)
        if (message.type === 'pong') pingSentAt = null
      },
      closed: () => ended.abort(),
    })
    const close = (): void => mine.close()
    over.signal.addEventListener('abort', close, { once: true })
    connection = mine
    subscribed = new Set()
    if (over.signal.aborted) close()
    for (const [key, { topic }] of topics) subscribe(key, topic)
    let waitMs = PING_EVERY_MS
    let isWoken = false
    while (!ended.signal.aborted) {
      isWoken = (await pause(isWoken ? 0 : waitMs, options, ended.signal)) || isWoken
      if (ended.signal.aborted) break
      if (!isReady) {
        if (isWoken) close()
        isWoken = false
        continue
      }
      isHeard = false
      pingSentAt = options.now()
      mine.send({ type: 'ping' })
      const pongWithinMs = isWoken ? PONG_AFTER_WAKE_MS : PONG_WITHIN_MS
      isWoken = await pause(pongWithinMs, options, ended.signal)
      if (!isHeard && !isWoken) close()
      waitMs = PING_EVERY_MS - pongWithinMs
    }
    over.signal.removeEventListener('abort', close)
    if (connection === mine) connection = undefined
    return isReady && options.now() - openedAt >= SETTLED_AFTER_MS
  }

  const run = async (): Promise<void> => {
    for (let attempt = 0; topics.size > 0 && !over.signal.aborted; attempt++) {
      if (await live()) attempt = -1
      if (over.signal.aborted || topics.size === 0) break
      tell(attempt < 1 ? 'connecting' : 'offline')
      await pause(
        backOffMs(Math.max(attempt, 0), FIRST_PAUSE_MS, LONGEST_PAUSE_MS, options.random),
        options,
        over.signal,
      )
    }
    isRunning = false
    tell('connecting')
  }

  return {
    watch(topic, listener, statusListener) {
      const key = keyOf(topic)
      const watched: Watched = topics.get(key) ?? { topic, listeners: new Set(), last: undefined }
      // A border of types: messages reach only listeners of their own topic, by the key.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      const listens = (view: AnyView): void => listener(view as ViewOf<typeof topic>)
      watched.listeners.add(listens)
      topics.set(key, watched)
      const told = statusListener && ((next: WatchStatus): void => statusListener(next))
      if (told) {
        statusListeners.add(told)
        told(status)
      }
      if (watched.last) listens(watched.last.view)
      subscribe(key, topic)
      if (!isRunning && !over.signal.aborted) {
        isRunning = true
        void run()
      }
      return () => {
        watched.listeners.delete(listens)
        if (told) statusListeners.delete(told)
        if (watched.listeners.size > 0 || topics.get(key) !== watched) return
        topics.delete(key)
        if (topics.size === 0) connection?.close()
      }
    },
    answered(view) {
      if (view.deal) show(keyOf({ topic: 'deal', deal: view.deal.deal }), view.deal)
      if (view.payment) show(keyOf({ topic: 'payment', payment: view.payment.payment }), view.payment)
    },
    close: () => over.abort(),
  }
}

/** What a view tells about, with versions. An inbox is as old as its oldest payment. */
function subjectsOf(view: AnyView): (readonly [subject: string, version: number])[] {
  if (view === null) return []
  if ('biller' in view) return [[view.payment, view.version]]
  if ('deal' in view) return [[view.deal, view.version]]
  if ('payments' in view) return view.payments.map(({ payment, version }) => [payment, version] as const)
  return []
}

function keyOf(topic: Topic): string {
  if (topic.topic === 'deal') return `deal ${topic.deal}`
  return topic.topic === 'payment' ? `payment ${topic.payment}` : topic.topic
}
