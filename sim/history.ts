// What happened in a run: a running hash over every event (two runs of a seed must have the same), the last events, and counters
// that prove that the run did something.
import { createHash } from 'node:crypto'

export type History = Readonly<{
  /** Writes down an event; the text is a function of the seed. */
  tell(event: string): void
  count(what: Counted): void
  counts: ReadonlyMap<Counted, number>
  hash(): string
  last(): readonly string[]
}>

export type Counted =
  | 'deals opened'
  | 'joins'
  | 'payments settled'
  | 'payments held'
  | 'releases'
  | 'cancels'
  | 'declines'
  | 'refunds'
  | 'bills changed'
  | 'challenges answered'
  | 'misses'
  | 'tries used up'
  | 'shortages'
  | 'approvals of an old bill'
  | 'forgeries refused'
  | 'hub crashes'
  | 'client crashes'
  | 'requests lost'
  | 'answers lost'
  | 'requests twice'
  | 'messages lost'
  | 'store away'
  | 'commits unknown'
  | 'commands repeated'
  | 'commands resumed'
  | 'mismatches'
  | 'deposits'
  | 'deaths in an await'
  | 'leaps of the calendar'
  | 'portions held'
  | 'portions released by time'
  | 'portions delivered'
  | 'lines taken back'
  | 'lines taken back too late'
  | 'undelivered and returned'
  | 'refunds by line'
  | 'refunds refused'
  | 'shops asked'
  | 'shops said yes'
  | 'shops said no'
  | 'restricted refusals'
  | 'bills sent to contacts'
  | 'bills refused to strangers'
  | 'bills refused to the blocked'
  | 'links between people'
  | 'people paid people'
  | 'hand-backs settled'
  | 'hand-backs that ended'
  | 'hand-backs repeated'
  | 'hand-backs by two phones'
  | 'over the payment limit'
  | 'over the day limit'
  | 'over the month limit'
  | 'frozen refusals'
  | 'closed refusals'
  | 'accounts frozen'
  | 'accounts unfrozen'
  | 'accounts closed'
  | 'limits set'
  | 'people verified'
  | 'cash in'
  | 'cash out'
  | 'credit files'
  | 'payments in a second unit'
  | 'questions answered'
  | 'questions sent'
  | 'questions refused to the blocked'
  | 'asked too often'
  | 'more was shown'
  | 'answers replayed'
  | 'thefts refused'
  | 'codes read'
  | 'codes that were no good'
  | 'codes over the cap'
  | 'payments by code'
  | 'purchases handed in by phones'
  | 'taken without a network'
  | 'over the offline caps'
  | 'deals at signs'
  | 'signs that said no'
  | 'links opened'
  | 'links that were over'
  | 'links paid'
  | 'receipts read'
  | 'receipts of refunds'
  | 'messages to the shop'
  | 'messages heard'
  | 'shop not reached'
  | 'phones taken away'
  | 'phones that may not pay'
  | 'proofs too weak'
  | 'security keys forgotten'
  | 'means chosen'
  | 'payments exchanged'
  | 'banks asked'
  | 'banks said yes'
  | 'banks said no'
  | 'banks too late'
  | 'answers that did not fit'
  | 'orders reversed'
  | 'orders returned'
  | 'rates run out'
  | 'approvals of earlier means'
  | 'issuers asked'
  | 'issuers said yes'
  | 'issuers said no'
  | 'issuers too late'
  | 'authorisations reversed'
  | 'captures'
  | 'releases by card'
  | 'refunds by card'
  | 'vault crashes'
  | 'methods not accepted'
  | 'user ids shown'
  | 'phones that answered'
  | 'other phones that answered'
  | 'payments by user id'
  | 'one-time numbers used'
  | 'one-time numbers misused'

const LAST = 60

export function openHistory(options: { now: () => number; print: ((line: string) => void) | null }): History {
  const hash = createHash('sha256')
  const last: string[] = []
  const counts = new Map<Counted, number>()
  let digest: string | undefined
  const start = options.now()
  return {
    tell(event) {
      const line = `${String(options.now() - start).padStart(8)} ${event}`
      hash.update(line)
      last.push(line)
      if (last.length > 2 * LAST) last.splice(0, LAST)
      options.print?.(line)
    },
    count: (what) => void counts.set(what, (counts.get(what) ?? 0) + 1),
    counts,
    hash: () => (digest ??= hash.digest('hex')),
    last: () => last.slice(-LAST),
  }
}
