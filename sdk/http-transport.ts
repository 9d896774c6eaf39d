// Calls over fetch and watches over one WebSocket, with the session and its signatures.
import { utf8 } from '#core/bytes.ts'
import type { WatchMessage, WatchRequest } from '#protocol/watch.ts'
import type { Identity } from './identity.ts'
import { isRecord } from './outcome.ts'
import { sessionKeeper, type AskPasskey, type Session, type Sessions } from './session.ts'
import { signatureHeaders } from './signature.ts'
import type { Call, Delay, HubClock, Random, Reply, Transport, WatchConnection, WatchEvents } from './transport.ts'

/** A hub that has not answered by then will not; the call is repeated with the same id. */
const ANSWER_WITHIN_MS = 15_000
const CONNECT_WITHIN_MS = 10_000

type HttpOptions = Readonly<{
  /** the hub's origin, as in https://pay.example.org */
  hub: string
  identity(): Promise<Identity | undefined>
  clock: HubClock
  now(): number
  random: Random
  delay: Delay
  fetch?: typeof fetch
  WebSocket?: typeof WebSocket
  /** an operator's */
  passkey?: AskPasskey
}>

/** The transport of browsers and Node. */
export function httpTransport(options: HttpOptions): Transport {
  const { clock, delay } = options
  const hub = options.hub.replace(/\/+$/u, '')
  const send = options.fetch ?? ((input, init) => fetch(input, init))

  const exchange = async (
    call: Call,
    headersOf: (body: Uint8Array | null, query: string) => Promise<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<Reply | 'no-answer'> => {
    const query = new URLSearchParams(call.query).toString()
    const body = call.body === undefined ? null : utf8(JSON.stringify(call.body))
    const headers = await headersOf(body, query)
    const over = new AbortController()
    const stop = (): void => over.abort()
    signal?.addEventListener('abort', stop, { once: true })
    if (signal?.aborted === true) stop()
    delay(ANSWER_WITHIN_MS, over.signal).then(stop, () => undefined)
    try {
      const response = await send(`${hub}${call.path}${query === '' ? '' : `?${query}`}`, {
        method: call.method,
        headers: {
          accept: 'application/json, text/csv',
          ...(body && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body && { body }),
        signal: over.signal,
        redirect: 'error',
        credentials: 'omit',
        cache: 'no-store',
      })
      const parsed = await readBody(response)
      if (parsed === undefined) return 'no-answer'
      return { status: response.status, body: parsed, retryAfterMs: readRetryAfter(response.headers) }
    } catch {
      // Whatever went wrong on the way (no network, a cut, a portal's page instead of JSON): nothing is known.
      return 'no-answer'
    } finally {
      stop()
      signal?.removeEventListener('abort', stop)
    }
  }
  const openly = (call: Call, signal?: AbortSignal): Promise<Reply | 'no-answer'> =>
    exchange(call, async () => ({}), signal)
  const sessions = sessionKeeper({ ...options, call: openly })

  const withSession = (call: Call, session: Session, signal?: AbortSignal): Promise<Reply | 'no-answer'> =>
    exchange(
      call,
      async (body, query) =>
        call.access === 'token'
          ? { authorization: `Bearer ${session.token}` }
          : signatureHeaders({
              method: call.method,
              path: call.path,
              query,
              body,
              session: session.id,
              macKey: session.macKey,
              now: clock.now(),
            }),
      signal,
    )

  return {
    async call(call, signal) {
      if (call.access === 'open') return openly(call, signal)
      const session = await sessions.current()
      if (!isSession(session)) return session
      const reply = await withSession(call, session, signal)
      if (!tellsOfTheSession(reply)) return reply
      sessions.drop(session)
      const renewed = await sessions.current()
      return isSession(renewed) ? withSession(call, renewed, signal) : renewed
    },
    connect: (events) => {
      const url = `${hub.replace(/^http/u, 'ws')}/v1/watch`
      const Socket = options.WebSocket ?? WebSocket
      return connectSocket(() => new Socket(url), { ...options, sessions, events })
    },
  }
}

/** The close code by which the hub says that the session has ended. */
const SESSION_ENDED = 4401

/** A connection that says hello first, and again with each new session. Without an identity it watches what is open to all. */
function connectSocket(
  openSocket: () => WebSocket,
  parts: Readonly<{
    identity(): Promise<Identity | undefined>
    sessions: Sessions
    clock: HubClock
    delay: Delay
    events: WatchEvents
  }>,
): WatchConnection {
  const { sessions, events } = parts
  const waiting: WatchRequest[] = []
  const over = new AbortController()
  let socket: WebSocket | undefined
  let isOpen = false
  let session: Session | undefined

  const close = (): void => {
    if (over.signal.aborted) return
    over.abort()
    socket?.close()
    events.closed()
  }
  const write = (request: WatchRequest): void => socket?.send(JSON.stringify(request))
  const greet = (next: Session): void => {
    session = next
    write({ type: 'hello', token: next.token })
  }
  const hear = (event: MessageEvent): void => {
    if (over.signal.aborted) return
    const message = readMessage(event.data)
    if (message) events.message(message)
  }
  const end = (event: Event): void => {
    if (Reflect.get(event, 'code') === SESSION_ENDED && session) sessions.drop(session)
    close()
  }
  const open = async (): Promise<void> => {
    const isSomebody = (await parts.identity()) !== undefined
    const first = isSomebody ? await sessions.current() : undefined
    if (over.signal.aborted) return
    if (isSomebody && !isSession(first)) return close()
    socket = openSocket()
    socket.addEventListener('open', () => {
      isOpen = true
      if (isSession(first)) greet(first)
      // Nobody to greet: the hub says `ready` only to those who said hello.
      else events.message({ type: 'ready', now: parts.clock.now() })
      waiting.splice(0).forEach(write)
    })
    socket.addEventListener('message', hear)
    socket.addEventListener('close', end)
    socket.addEventListener('error', end)
    await parts.delay(CONNECT_WITHIN_MS, over.signal)
    if (!isOpen) close()
  }
  /** The hub ends a connection with its session; a hello with the next one carries it on. */
  const stayKnown = async (): Promise<void> => {
    const current = await sessions.current()
    if (isSession(current) && current.id !== session?.id && !over.signal.aborted) greet(current)
  }
  // The wait in it ends with the connection; whatever else fails means that there is none.
  open().catch(close)

  return {
    send(request) {
      if (!isOpen) {
        waiting.push(request)
        return
      }
      write(request)
      if (request.type === 'ping' && session) stayKnown().catch(close)
    },
    close,
  }
}

/** A border: the message is the hub's own, checked there against protocol/watch.ts. */
function readMessage(data: unknown): WatchMessage | undefined {
  try {
    const parsed: unknown = typeof data === 'string' ? JSON.parse(data) : undefined
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return isRecord(parsed) && typeof parsed.type === 'string' ? (parsed as WatchMessage) : undefined
  } catch {
    // Not JSON: as if it had not come; the ping finds out when nothing else comes either.
    return undefined
  }
}

const isSession = (value: Session | Reply | 'no-answer' | undefined): value is Session =>
  typeof value === 'object' && 'macKey' in value

/** Nos that a new session (and a fresh look at the hub's clock, which comes with it) may turn into a yes. */
const tellsOfTheSession = (reply: Reply | 'no-answer'): boolean =>
  reply !== 'no-answer' &&
  reply.status === 401 &&
  isRecord(reply.body) &&
  ['session-ended', 'session-needed', 'signature-wrong', 'passkey-needed'].includes(String(reply.body.code))

/** A file as its text, byte order mark and all; else an object. Undefined for anything else: a portal's page. */
async function readBody(response: Response): Promise<string | object | undefined> {
  if (response.headers.get('content-type')?.startsWith('text/csv') === true)
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(await response.arrayBuffer())
  const parsed: unknown = JSON.parse(await response.text())
  return isRecord(parsed) ? parsed : undefined
}

function readRetryAfter(headers: Headers): number | null {
  const text = headers.get('retry-after')
  return text !== null && /^[0-9]{1,5}$/u.test(text) ? Number(text) * 1000 : null
}
