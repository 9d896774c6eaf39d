// The code a customer shows at a register: fetched from the hub, or made and signed here while there is no network.
//
//   asking ──▶ online ──▶ (renewed before it runs out)
//      └─▶ offline ──▶ a new one each minute, and online as soon as the hub answers
import { offlineBytes, offlineText, slotAt, CODE_LIFE_MS } from '#core/customer-code.ts'
import { parseId } from '#core/ids.ts'
import type { CODE_ROUTES, CustomerCodeView } from '#protocol/codes.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import { callTo } from './calls.ts'
import type { Client } from './client.ts'
import { pause } from './outbox.ts'
import type { Outcome } from './outcome.ts'
import type { Storage } from './storage.ts'
import { browserWake, systemDelay, type Delay, type Wake } from './transport.ts'

type Address = Readonly<Pick<(typeof CODE_ROUTES)['customerCode'], 'method' | 'path' | 'access'>>
const ROUTE: Address = { method: 'POST', path: '/v1/customer-codes', access: 'signed' }

const COUNTER = 'customer-code'
/** A code is renewed this long before its end, so that what a register has just read is still good when the hub hears of it. */
const RENEW_BEFORE_MS = 5_000
/** A phone that has waited this long for the hub's code shows one of its own meanwhile. */
const PATIENCE_MS = 2_500
/** Between two looks whether the hub answers again. */
const LOOK_AGAIN_MS = 5_000

/** A code to show. Times by the hub's clock as it is known here, milliseconds since 1970. */
export type ShownCode = Readonly<{
  kind: 'online' | 'offline'
  /** the QR's text */
  code: string
  /** the short form; an offline code has none */
  digits: string | null
  /** as an EMVCo consumer-presented QR, where the hub makes one */
  emv: string | null
  /** when the next one takes its place */
  renewsAt: number
}>

/** A new online code; it ends this phone's last. Problems: device-revoked, no-answer, those of sessions. */
export const fetchCode = (client: Pick<Client, 'request'>, signal?: AbortSignal): Promise<Outcome<CustomerCodeView>> =>
  client.request(callTo(ROUTE, { body: {} }), signal)

/**
 * A code made by this phone alone: good for the minute and two to either side, once. Its counter is kept before it is shown, so that no
 * two codes have the same. Problems: session-needed (not enrolled).
 *
 * @example
 * const made = await makeOfflineCode(client, storage)
 * if (made.ok) show(made.view.code)
 */
export async function makeOfflineCode(
  client: Pick<Client, 'identity' | 'hubNow'>,
  storage: Storage,
): Promise<Outcome<ShownCode>> {
  const identity = await client.identity()
  const device = parseId('dev', identity?.self.id)
  const scheme = parseId('sch', identity?.scheme.scheme)
  if (identity === undefined || device === undefined || scheme === undefined)
    return { ok: false, problem: problemOf('session-needed') }
  const now = client.hubNow()
  const claim = { device, counter: await nextCounter(storage, now), slot: slotAt(now) }
  const signature = await identity.sign(offlineBytes(scheme, claim))
  const code = offlineText(claim, signature)
  return { ok: true, view: { kind: 'offline', code, digits: null, emv: null, renewsAt: now + CODE_LIFE_MS } }
}

/** Rises with the clock, so that two pages of one phone hardly meet, and by one where the clock has gone back. */
async function nextCounter(storage: Storage, now: number): Promise<bigint> {
  const last = await storage.get(COUNTER)
  const counter = Math.max(now, typeof last === 'number' ? last + 1 : 0)
  await storage.set(COUNTER, counter)
  return BigInt(counter)
}

/**
 * Shows codes, one after the other, until the signal ends it. `isOffline`: nothing is to be expected of the hub at present, so that the
 * phone's own code comes at once. `onProblem`: what the hub said no to; nothing is shown any more.
 */
export async function keepCode(
  options: Readonly<{
    client: Pick<Client, 'request' | 'identity' | 'hubNow'>
    storage: Storage
    signal: AbortSignal
    isOffline: () => boolean
    onCode: (code: ShownCode) => void
    onProblem: (problem: Problem) => void
    delay?: Delay
    wake?: Wake
  }>,
): Promise<void> {
  const { client, storage, signal, isOffline, onCode, onProblem, delay = systemDelay, wake = browserWake } = options
  const waits = { delay, wake }
  let own: ShownCode | undefined

  /** This phone's own code, unless the one that is shown is still fresh. */
  async function showOwn(): Promise<Problem | null> {
    if (own !== undefined && client.hubNow() < own.renewsAt) return null
    const made = await makeOfflineCode(client, storage)
    if (!made.ok) return made.problem
    own = made.view
    if (!signal.aborted) onCode(own)
    return null
  }

  /** The hub's code, unless it keeps this phone waiting for longer than a customer would. */
  async function ask(): Promise<Outcome<CustomerCodeView>> {
    const asked = new AbortController()
    const waited = new AbortController()
    const end = (): void => asked.abort()
    signal.addEventListener('abort', end, { once: true })
    delay(PATIENCE_MS, waited.signal).then(end, () => undefined)
    const outcome = await fetchCode(client, asked.signal)
    waited.abort()
    signal.removeEventListener('abort', end)
    return outcome
  }

  while (!signal.aborted) {
    const trouble = isOffline() ? await showOwn() : null
    const outcome = trouble === null ? await ask() : { ok: false as const, problem: trouble }
    if (signal.aborted) return
    if (outcome.ok) {
      own = undefined
      const { code, digits, emv, expiresAt, now } = outcome.view
      // The hub's own times: how long it lives does not hang on what is thought of its clock here.
      const renewsAt = client.hubNow() + expiresAt - now - RENEW_BEFORE_MS
      onCode({ kind: 'online', code, digits, emv, renewsAt })
      await pauseUntil(renewsAt)
      continue
    }
    const problem = outcome.problem.code === 'no-answer' ? await showOwn() : outcome.problem
    if (problem !== null) return onProblem(problem)
    await pause(LOOK_AGAIN_MS, waits, signal)
  }

  /** A page that comes back to light looks whether its code has run out; the browser's signs alone renew nothing. */
  async function pauseUntil(end: number): Promise<void> {
    for (let left = end - client.hubNow(); left > 0 && !signal.aborted; left = end - client.hubNow())
      await pause(left, waits, signal)
  }
}
