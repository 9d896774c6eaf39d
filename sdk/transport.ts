// What carries calls and watches to a hub. HTTP is one implementation; the simulator brings its own.
import type { Access } from '#protocol/routes.ts'
import type { WatchMessage, WatchRequest } from '#protocol/watch.ts'

export type Call = Readonly<{
  method: 'GET' | 'POST'
  /** with its parameters filled in */
  path: string
  access: Access
  query?: Readonly<Record<string, string>>
  /** sent as JSON; the same object must give the same bytes when the call is repeated */
  body?: object
}>

export type Reply = Readonly<{
  status: number
  /** parsed JSON; of a file its text */
  body: unknown
  /** how long the hub asks to wait before the next try */
  retryAfterMs: number | null
}>

export type WatchEvents = Readonly<{
  message(message: WatchMessage): void
  /** once, whoever closed */
  closed(): void
}>

export type WatchConnection = Readonly<{
  /** what is sent before the connection is open waits for it */
  send(request: WatchRequest): void
  close(): void
}>

export type Transport = Readonly<{
  /** One try. 'no-answer' when it is not known whether the hub has heard it. */
  call(call: Call, signal?: AbortSignal): Promise<Reply | 'no-answer'>
  /** Opens one watch connection that has already said hello; it ends by `closed`. */
  connect(events: WatchEvents): WatchConnection
}>

/** Waits; rejects with the signal's reason when aborted. */
export type Delay = (ms: number, signal?: AbortSignal) => Promise<void>
/** That many random bytes. */
export type Random = (length: number) => Uint8Array

export const systemDelay: Delay = (ms, signal) =>
  new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer)
      reject(signal?.reason instanceof Error ? signal.reason : new Error('the wait was ended'))
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, ms)
    if (signal?.aborted === true) stop()
    else signal?.addEventListener('abort', stop, { once: true })
  })

export const systemRandom: Random = (length) => crypto.getRandomValues(new Uint8Array(length))

/** Calls the listener when the network or the page is back; returns what takes the listener away. */
export type Wake = (listener: () => void) => () => void

/** A browser's signs that a try now is better than a try later; nothing in Node. */
export const browserWake: Wake = (listener) => {
  const page = typeof document === 'undefined' ? undefined : document
  const seen = (): void => {
    if (page?.visibilityState === 'visible') listener()
  }
  if (typeof addEventListener === 'function') addEventListener('online', listener)
  page?.addEventListener('visibilitychange', seen)
  return () => {
    if (typeof removeEventListener === 'function') removeEventListener('online', listener)
    page?.removeEventListener('visibilitychange', seen)
  }
}

/** The hub's clock as far as it is known here; times of views and approvals are by it. */
export type HubClock = Readonly<{
  /** milliseconds since 1970 */
  now(): number
  isKnown(): boolean
  /** The hub said its time in an answer to what was sent at `sentAt` by our own clock. */
  learn(hubNow: number, sentAt: number): void
}>

/** Assumes that the answer took as long as the question. */
export function hubClock(now: () => number): HubClock {
  let offset: number | null = null
  return {
    now: () => now() + (offset ?? 0),
    isKnown: () => offset !== null,
    learn: (hubNow, sentAt) => {
      offset = Math.round(hubNow - (sentAt + now()) / 2)
    },
  }
}
