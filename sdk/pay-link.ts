// A payment link as the browser of whoever pays calls it: open to anybody who has the link.
import type { ShopBody, ShopView } from '#protocol/shop.ts'
import { NO_ANSWER, isRecord, readProblem, type Outcome } from './outcome.ts'

type PayView = ShopView<'openPay'>

/**
 * Opens the bill of a payment link, or gives its deal a new number where that ran out. `hub` is the hub's origin; `visit` 32 hex digits that
 * this browser has made and keeps. Problems: not-found, link-over, too-many-tries, no-answer.
 *
 * @example
 * const opened = await openLink('https://pay.example.org', { link, visit })
 */
export const openLink = (hub: string, asked: ShopBody<'openPay'>): Promise<Outcome<PayView>> =>
  ask(`${hub}/v1/pay`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(asked),
  })

/** The deal that this visit has opened. Problems: not-found, no-answer. */
export const lookAtLink = (hub: string, link: string, visit: string): Promise<Outcome<PayView>> =>
  ask(`${hub}/v1/pay/${link}/${visit}`, {})

async function ask(address: string, init: RequestInit): Promise<Outcome<PayView>> {
  try {
    const response = await fetch(address, { ...init, cache: 'no-store' })
    const body: unknown = await response.json()
    const problem = readProblem(body)
    if (!response.ok) return problem === undefined ? NO_ANSWER : { ok: false, problem }
    // A border: the hub checks its answers against the route's schema.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return isRecord(body) ? { ok: true, view: body as PayView } : NO_ANSWER
  } catch {
    // Whatever went wrong on the way: nothing is known, and it is asked again.
    return NO_ANSWER
  }
}
