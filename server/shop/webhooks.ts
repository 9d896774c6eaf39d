// Webhooks as a part of the hub: two loops, one that finds what there is to tell and one that sends it, each woken when it need not wait.
import type { TerminalId } from '#core/ids.ts'
import { StoreUnavailable, type Store } from '#switch/store.ts'
import type { Switch } from '#switch/switch.ts'
import type { Changes } from '#switch/working.ts'
import { everyOrWoken } from '../loops.ts'
import type { Database } from '../postgres/connect.ts'
import { webhookQueue } from '../postgres/webhook-queue.ts'
import type { Sight } from '../sight.ts'
import { BACKOFF_MS, createSending } from './sending.ts'
import type { Seal } from './seal.ts'
import { createTelling } from './telling.ts'

const LOOK_EVERY_MS = 1_000
/** What follows each other closely is told at once. */
const GATHER_MS = 100

export function createWebhooks(parts: {
  database: Database
  store: Pick<Store, 'readPayment'>
  hub: Pick<Switch, 'lookAt'>
  /** opens the secrets that sign */
  seal: Seal
  sight: Pick<Sight, 'dealView'>
  buckets: number
  origin: () => string
  loopback: boolean
  now: () => number
  /** the break after each try, where it is not as it should be (tests) */
  backoffMs?: readonly number[]
  onError: (error: unknown) => void
}) {
  const life = new AbortController()
  const queue = webhookQueue(parts.database, parts.seal)
  const telling = createTelling({ ...parts, queue })
  const onError = (error: unknown): void => {
    if (!(error instanceof StoreUnavailable)) parts.onError(error)
  }
  const sending = createSending({
    queue,
    backoffMs: parts.backoffMs ?? BACKOFF_MS,
    loopback: parts.loopback,
    now: parts.now,
    life: life.signal,
    onFree: () => sender?.wake(),
    onError,
  })
  let teller: Looking | undefined
  let sender: Looking | undefined
  let isSealed = false

  /** What an older hub left in the clear is sealed first, once. */
  async function work(): Promise<void> {
    if (!isSealed) await queue.sealClear()
    isSealed = true
    await sending.look()
  }

  return {
    /** Active endpoints whose secret another key file has sealed. */
    unreadable: queue.unreadable,
    /** Begins; the hub listens by now, so that it knows its own address. */
    start(): void {
      sender = everyOrWoken({ everyMs: LOOK_EVERY_MS, gatherMs: 0, work, onError })
      teller = everyOrWoken({
        everyMs: LOOK_EVERY_MS,
        gatherMs: GATHER_MS,
        async work() {
          while (await telling.look());
          sender?.wake()
        },
        onError,
      })
      teller.wake()
    },
    /** What this hub has just committed: a word to look, and no more. */
    changed({ offers, payments }: Pick<Changes, 'offers' | 'payments'>): void {
      const isOurs = ({ terminal }: { terminal: TerminalId }): boolean => telling.isWatched(terminal)
      if (offers.some(isOurs) || payments.some(isOurs)) teller?.wake()
    },
    /** Somebody wants to be told, or something again. */
    wake(): void {
      teller?.wake()
      sender?.wake()
    },
    async stop(): Promise<void> {
      life.abort()
      await Promise.all([teller?.stop(), sender?.stop()])
      await sending.drain()
    },
  }
}

type Looking = ReturnType<typeof everyOrWoken>

export type Webhooks = ReturnType<typeof createWebhooks>
