// The town's eye on the open book: watches the topic `ledger`, which a demo hub shows to everybody, without a session.
import type { LedgerView } from '#protocol/views.ts'
import type { WatchMessage, WatchRequest } from '#protocol/watch.ts'
import { browserWake, hubClock, systemDelay, systemRandom, type Transport, type WatchEvents } from '#sdk/transport.ts'
import { watching, type WatchStatus } from '#sdk/watching.ts'

/** Shows the ledger now and after every change, until the returned function is called; comes back after every cut. */
export function watchLedger(listener: (view: LedgerView) => void, status: (status: WatchStatus) => void): () => void {
  const watched = watching({
    transport: openTransport,
    clock: hubClock(Date.now),
    now: Date.now,
    random: systemRandom,
    delay: systemDelay,
    wake: browserWake,
  })
  watched.watch({ topic: 'ledger' }, listener, status)
  return watched.close
}

/** A connection that says no hello: it is ready as soon as it is open. */
const openTransport: Transport = {
  // Nothing is called here; the town only looks.
  call: async () => 'no-answer',
  connect(events: WatchEvents) {
    const socket = new WebSocket(`${location.origin.replace(/^http/u, 'ws')}/v1/watch`)
    const waiting: WatchRequest[] = []
    let isOpen = false
    let isClosed = false
    const closed = (): void => {
      if (isClosed) return
      isClosed = true
      events.closed()
    }
    const write = (request: WatchRequest): void => socket.send(JSON.stringify(request))
    socket.addEventListener('open', () => {
      isOpen = true
      events.message({ type: 'ready', now: Date.now() })
      waiting.splice(0).forEach(write)
    })
    socket.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
      // A border: the message is the hub's own, checked there against protocol/watch.ts.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      if (typeof data === 'string') events.message(JSON.parse(data) as WatchMessage)
    })
    socket.addEventListener('close', closed)
    socket.addEventListener('error', closed)
    return {
      send: (request) => (isOpen ? write(request) : void waiting.push(request)),
      close() {
        socket.close()
        closed()
      },
    }
  },
}
