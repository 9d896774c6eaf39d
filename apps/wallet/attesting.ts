// The closed wallet answers a shop that has read a card's user id. The push was only a word to look: the worker asks the hub what is really
// there, with this phone's own key, and answers that and nothing else.
import type { PushedMessage } from '#protocol/pushed.ts'
import { openClient, type Client } from '#sdk/client.ts'
import { wantsAttest } from './card-id.ts'
import { presenceIn, storageOf, type Reached } from './push-memory.ts'

/** A worker that is woken by a push may live for half a minute; the notification must be shown before. */
const WITHIN_MS = 15_000

/** True where the shop was told that the owner is here: the payment is there, waits for this phone, and its unlock lasts. */
export async function attested(
  { payment, device }: PushedMessage,
  { name, clockOffset }: Reached,
  hub: string,
): Promise<boolean> {
  const storage = storageOf(name)
  const presence = await presenceIn(storage)
  if (payment === null || presence === undefined || presence.until <= Date.now() + clockOffset) return false
  const client = openClient({ hub, storage })
  const late = Promise.withResolvers<boolean>()
  const timer = setTimeout(() => late.resolve(false), WITHIN_MS)
  try {
    return await Promise.race([attest(client, { payment, device, provedAt: presence.provedAt }), late.promise])
  } catch {
    // The person is asked either way, and can open the wallet.
    return false
  } finally {
    clearTimeout(timer)
    client.close()
  }
}

/** Looks at the payment first: a push names it, and may be old, or another's. */
export async function attest(
  client: Pick<Client, 'payment' | 'send'>,
  { payment, device, provedAt }: Readonly<{ payment: string; device: string; provedAt: number }>,
): Promise<boolean> {
  const found = await client.payment(payment)
  if (!found.ok || !wantsAttest(found.view, device)) return false
  const sent = await client.send('attest', { payment, provedAt: Math.round(provedAt) }, AbortSignal.timeout(WITHIN_MS))
  return sent.ok
}
