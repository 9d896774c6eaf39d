// What happened to a shop's deals becomes deliveries: by reading the events that were committed, from a mark on that moves in the commit
// that keeps the deliveries. Nothing is remembered in a process, so whichever hub is alive tells what a killed one has not.
//
// An event's time is taken by its batch under the lock of its bucket's head, which is held until the commit. So whoever notes the time and
// then passes through the lock of every head has seen all events from before it, and no more can come.
import { createHash } from 'node:crypto'
import { idFrom, type DealId, type TerminalId } from '#core/ids.ts'
import { fromHex } from '#core/bytes.ts'
import type { WebhookBody, WebhookEvent } from '#protocol/shop.ts'
import type { DealView } from '#protocol/views.ts'
import type { Store } from '#switch/store.ts'
import type { Switch } from '#switch/switch.ts'
import type { Happened, Listener, NewDelivery, Queue } from '../postgres/webhook-queue.ts'
import type { Sight } from '../sight.ts'

/** Events read at once: a second of a busy scheme. */
const AT_ONCE = 1_000
/** The mark moves this often also where nothing of interest happened, so that little is read twice. */
const MARK_EVERY_MS = 10_000
/** A database's clock that was set back: so far back events are looked at again, which makes no delivery twice. */
const CLOCK_BACK_MS = 3_600_000

export type Telling = ReturnType<typeof createTelling>

export function createTelling(parts: {
  queue: Pick<Queue, 'listeners' | 'mark' | 'waitForBatches' | 'events' | 'keep' | 'tidy'>
  store: Pick<Store, 'readPayment'>
  hub: Pick<Switch, 'lookAt'>
  sight: Pick<Sight, 'dealView'>
  buckets: number
  /** where the shop reads its deals */
  origin: () => string
}) {
  const { queue, store, hub, sight } = parts
  let watched: ReadonlySet<TerminalId> = new Set()

  /** Looks once. True when there may be more to tell at once. */
  async function look(): Promise<boolean> {
    const listeners = await queue.listeners()
    watched = new Set(listeners.map(({ terminal }) => terminal))
    const mark = listeners.length === 0 ? undefined : await queue.mark()
    if (mark === undefined) return false
    const terminals = [...watched]
    const from = mark.now < mark.at ? mark.now - CLOCK_BACK_MS : mark.at
    const isQuiet = (await queue.events(terminals, { from, until: mark.now, limit: 1 })).length === 0
    if (isQuiet && mark.now - from < MARK_EVERY_MS) return false
    await queue.waitForBatches(parts.buckets)
    for (let limit = AT_ONCE; ; limit *= 4) {
      const events = await queue.events(terminals, { from, until: mark.now, limit })
      const last = events.at(-1)
      const isWhole = last === undefined || events.length < limit
      // Of the last one's millisecond there may be more: it is read again, and what is kept already stays one.
      const to = isWhole ? mark.now : last.at
      if (!isWhole && to === from) continue
      const deliveries = (await Promise.all(events.map((event) => told(event, listeners)))).flat()
      const isKept = await queue.keep({ from: mark.at, to }, deliveries)
      const endpoints = new Set(deliveries.map(({ endpoint }) => endpoint))
      if (isKept) for (const each of listeners) if (endpoints.has(each.endpoint)) await queue.tidy(each)
      return isKept && !isWhole
    }
  }

  /** The deliveries that an event makes: one for each endpoint that wants it. */
  async function told(event: Happened, listeners: readonly Listener[]): Promise<NewDelivery[]> {
    const type = typeOf(event)
    const to = listeners.filter(
      ({ terminal, events, since }) => terminal === event.terminal && since <= event.at && events.includes(type ?? ''),
    )
    if (type === undefined || to.length === 0) return []
    const deal = await dealOf(event)
    if (deal === undefined) return []
    const found = await hub.lookAt({ terminal: event.terminal, deal })
    if (found === undefined) return []
    const { version, at } = event
    const origin = parts.origin()
    const view: DealView = sight.dealView(found.offer, found.payment, origin)
    const body: WebhookBody = {
      type,
      timestamp: new Date(at).toISOString(),
      data: { deal, version, look: `${origin}/v1/deals/${deal}`, view },
    }
    const text = JSON.stringify(body)
    return to.map(({ bucket, endpoint }) => ({
      bucket,
      endpoint,
      id: deliveryId(endpoint, event),
      type,
      deal,
      version,
      body: text,
    }))
  }

  /** An offer's event names the deal, a payment's the payment. */
  async function dealOf({ terminal, subject, body }: Happened): Promise<DealId | undefined> {
    const bytes = fromHex(subject)
    if (bytes === undefined) return undefined
    if (OFFER_EVENTS.has(String(body.kind))) return idFrom('deal', bytes)
    const payment = await store.readPayment(idFrom('pay', bytes))
    return payment?.terminal === terminal ? payment.deal : undefined
  }

  return {
    look,
    /** Does somebody want to be told of this terminal's deals, as far as this hub knows? */
    isWatched: (terminal: TerminalId): boolean => watched.has(terminal),
  }
}

const OFFER_EVENTS: ReadonlySet<string> = new Set(['withdrawn', 'reopened', 'expired'])

/** What a shop is told of an event; undefined for what changes nothing for it. */
export function typeOf({ body }: Pick<Happened, 'body'>): WebhookEvent | undefined {
  switch (body.kind) {
    case 'joined':
      return 'deal.joined'
    case 'approved':
    case 'answered':
    case 'moved':
      return stateAfter(body.portions)
    case 'ended':
      // Let go, the deal goes on under a new number: the offer says so.
      return body.reason === 'released' || body.reason === 'idle' ? undefined : 'deal.ended'
    case 'reopened':
      return 'deal.reopened'
    case 'withdrawn':
    case 'expired':
      return 'deal.ended'
    case 'refunded':
      return 'deal.refunded'
    default:
      return undefined
  }
}

/** Held while any line's money waits, settled when the last of it has arrived. */
function stateAfter(portions: unknown): WebhookEvent | undefined {
  // Border: the store writes portions with their kind.
  const kinds = Array.isArray(portions) ? portions.map((portion: { kind?: unknown }) => String(portion.kind)) : []
  if (kinds.includes('due') || kinds.includes('authorising')) return undefined
  if (kinds.includes('held')) return 'deal.held'
  return kinds.includes('settled') ? 'deal.settled' : undefined
}

/** The same for the same event and endpoint, whoever tells it, however often. */
const deliveryId = (endpoint: string, { subject, version }: Happened): string =>
  createHash('sha256')
    .update(JSON.stringify([endpoint, subject, version]))
    .digest('hex')
    .slice(0, 32)
