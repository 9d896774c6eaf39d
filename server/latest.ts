// The newest offers and payments this hub has committed, so that an answer and its watchers need no further read.
// A sight, never the truth: decisions load their rows under lock, and whoever finds nothing here reads the store.
import type { Offer } from '#core/offer.ts'
import type { Payment } from '#core/payment.ts'
import type { Changes } from '#switch/working.ts'

/** Of each kind: some 4 MB, 80 MB if every bill were the longest. With 10,000 the rate fell within half a minute (bench/results.md). */
const KEEP = 1_000

export type Latest = ReturnType<typeof latestRows>

/** A bounded memory of rows, oldest forgotten first. */
export function latestRows() {
  const offers = new Map<string, Offer>()
  const payments = new Map<string, Payment>()

  const keep = <Row extends { version: number }>(rows: Map<string, Row>, key: string, row: Row): void => {
    if ((rows.get(key)?.version ?? 0) > row.version) return
    rows.delete(key)
    rows.set(key, row)
    if (rows.size > KEEP) for (const [oldest] of rows) return void rows.delete(oldest)
  }

  return {
    take(changes: Changes): void {
      for (const offer of changes.offers) keep(offers, `${offer.terminal} ${offer.deal}`, offer)
      for (const payment of changes.payments) keep(payments, payment.id, payment)
    },
    offer: (terminal: string, deal: string): Offer | undefined => offers.get(`${terminal} ${deal}`),
    payment: (id: string): Payment | undefined => payments.get(id),
  }
}
