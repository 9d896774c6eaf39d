// Deliveries on their way: signed by Standard Webhooks, tried again with longer and longer breaks for three days. One at a time to each
// endpoint and some endpoints at once, so that a slow receiver holds up nobody but itself.
import { Webhook } from 'standardwebhooks'
import type { Claimed, Queue } from '../postgres/webhook-queue.ts'
import { post } from './post.ts'

const [SECOND, MINUTE, HOUR] = [1_000, 60_000, 3_600_000]
/** The break after each try; after the last there is none, three days after the first. */
export const BACKOFF_MS: readonly number[] = [
  10 * SECOND,
  MINUTE,
  10 * MINUTE,
  HOUR,
  3 * HOUR,
  6 * HOUR,
  ...Array.from({ length: 5 }, () => 12 * HOUR),
]
/** Endpoints that are sent to at once, each a connection of its own. */
const AT_ONCE = 20

/** The headers of a message: one signature for each secret that is good now. */
export function signedHeaders(
  message: Pick<Claimed, 'id' | 'body' | 'secrets'>,
  /** milliseconds since 1970 */
  now: number,
): Readonly<Record<string, string>> {
  const id = messageId(message.id)
  const at = new Date(now)
  const signatures = message.secrets.map((secret) => new Webhook(secretText(secret)).sign(id, at, message.body))
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(now / 1000)),
    'webhook-signature': signatures.join(' '),
  }
}

/** A delivery's id as its receiver sees it: the same for every try. */
export const messageId = (delivery: string): string => `msg_${delivery}`

/** A secret as the shop keeps it. */
export const secretText = (secret: Uint8Array): string => `whsec_${Buffer.from(secret).toString('base64')}`

export function createSending(parts: {
  queue: Pick<Queue, 'isDue' | 'next' | 'claim' | 'delivered' | 'missed'>
  backoffMs: readonly number[]
  /** in a demo a shop on this very machine is sent to */
  loopback: boolean
  now: () => number
  /** ends what is on its way */
  life: AbortSignal
  /** an endpoint has room for its next */
  onFree: () => void
  onError: (error: unknown) => void
}) {
  const { queue, backoffMs, loopback, now, life } = parts
  const busy = new Map<string, Promise<void>>()

  async function send(next: Pick<Claimed, 'bucket' | 'endpoint' | 'id'>): Promise<void> {
    const message = await queue.claim(next)
    if (message === undefined) return
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'Warifu',
      ...signedHeaders(message, now()),
    }
    const posted = await post(message.url, { headers, body: message.body }, { loopback, signal: life })
    // A hub that stops has not been refused: another tries again when the lease is over.
    if (life.aborted) return
    const isTaken = posted.status !== null && posted.status >= 200 && posted.status < 300
    if (isTaken) await queue.delivered(message, posted)
    else await queue.missed(message, posted, backoffMs[message.attempts - 1] ?? null)
  }

  return {
    /** Begins to send what is due, as far as there is room. */
    async look(): Promise<void> {
      if (busy.size >= AT_ONCE || !(await queue.isDue())) return
      const due = await queue.next([...busy.keys()], AT_ONCE - busy.size)
      for (const next of due) {
        if (busy.has(next.endpoint) || life.aborted) continue
        const sent = send(next)
          .catch(parts.onError)
          .finally(() => {
            busy.delete(next.endpoint)
            parts.onFree()
          })
        busy.set(next.endpoint, sent)
      }
    },
    /** Waits for what is on its way. */
    async drain(): Promise<void> {
      await Promise.allSettled(busy.values())
    },
  }
}
