// An issuer's books: cardholders, merchants, authorisations with what was taken and given back of each, one-time keys, and what was answered.
// Only records change them, so that reading the journal again gives the same books; what may be done is decided in deciding.ts.
//
// An authorisation stands for one fate, by its order or, from a terminal, by its message:
//
//            | never heard of | approved | approved, captured | refused | reversed | withdrawn
//  ----------+----------------+----------+--------------------+---------+----------+----------
//  authorise | approved or    | the same | the same           | the     | no (94)  | no (94)
//            | refused        | again    | again              | same    |          |
//  capture   | no (25)        | captured | captured           | no (12) | no (12)  | no (12)
//  reverse   | withdrawn      | reversed | no (12), unless a  | refused | reversed | withdrawn
//            |                |          | terminal's sale    |         |          |
//
// A terminal's own reversal of a sale by a one-time number is a no (21) once the notice of that sale may have been sent: its reader has the
// sale in its own books by then. By the order, it is reversed as any terminal's sale.
//
// A reversal of what never came leaves a tombstone (withdrawn): what comes after it is refused.
import type { Method } from '#core/method.ts'
import type { Unit } from '#core/money.ts'
import type { PlanTerms } from '#core/plan.ts'
import type { NoticeEvent } from './messages.ts'
import { counted, NO_TOTALS, type Totals } from './totals.ts'

/** `prefix`, `oneTimePrefix`: with which its numbers begin, equally long */
export type IssuerTerms = Readonly<{
  code: string
  name: string
  nameJa: string
  prefix: string
  oneTimePrefix: string
  terms: PlanTerms
  /** how many days something stays set aside */
  validDays: number
}>

export type Card = Readonly<{
  number: string
  holder: string
  /** the last month in which it is good: 2029-12 */
  expires: string
  code: string
  limit: bigint
  isStopped: boolean
}>
/** `number` '*': every merchant that is not listed. `methods` null: all that the issuer has. */
export type MerchantRow = Readonly<{
  number: string
  name: string
  category: string
  methods: readonly Method[] | null
}>

export type Authorisation = Readonly<{
  /** the order, or how the message is known that asked */
  id: string
  /** a terminal's own sale: set aside and taken in one */
  isSale: boolean
  acquirer: string
  number: string
  oneTime: string | null
  unit: Unit
  amount: bigint
  method: Method
  merchant: string
  merchantName: string
  terminal: string
  rrn: string
  approval: string | null
  code: string
  state: 'approved' | 'refused' | 'reversed'
  /** the day of the purchase; until when it can be taken (milliseconds) */
  day: string
  until: number
  /** what is still authorised: the amount less what was released */
  stands: bigint
  captured: bigint
  refunded: bigint
}>

export type Key = Readonly<{
  number: string
  order: string
  acquirer: string
  merchant: string
  terminal: string
  amount: bigint
  unit: Unit
  method: Method
  until: number
  /** base64url, as it came */
  wrapped: string
  state: 'open' | 'used' | 'ended'
}>
export type Notice = Readonly<{
  n: number
  at: number
  acquirer: string
  number: string
  order: string
  event: NoticeEvent
  code: string
  approval: string | null
  rrn: string
  unit: Unit
  amount: bigint
  terminal: string
  merchant: string
}>
/** `content`: a digest of what was asked */
export type Answered = Readonly<{ content: string; code: string; approval: string | null }>

/** What is written down; amounts as decimal text. */
export type Booked =
  | (Readonly<{ what: 'card'; limit: string }> & Omit<Card, 'limit'>)
  | Readonly<{ what: 'card-stopped'; number: string; isStopped: boolean }>
  | (Readonly<{ what: 'merchant' }> & MerchantRow)
  | Readonly<{ what: 'wrong-code'; number: string; day: string }>
  /** `settles`: the acquirer's day on which a sale counts; `original`: by what a reversal may name it */
  | (Readonly<{ what: 'authorised'; amount: string; settles: string; original: string }> &
      Omit<Authorisation, 'amount' | 'state' | 'stands' | 'captured' | 'refunded'>)
  | Readonly<{ what: 'captured'; id: string; own: string; amount: string; settles: string }>
  | Readonly<{ what: 'released'; id: string; own: string; amount: string }>
  | Readonly<{
      what: 'refunded'
      id: string
      own: string
      acquirer: string
      amount: string
      settles: string
      original: string
    }>
  | Readonly<{ what: 'reversed'; id: string; settles: string }>
  /** `id`: an order, or an original */
  | Readonly<{ what: 'withdrawn'; id: string }>
  | (Readonly<{ what: 'key'; amount: string }> & Omit<Key, 'amount' | 'state'>)
  | Readonly<{ what: 'key-state'; number: string; state: 'used' | 'ended' }>
  | (Readonly<{ what: 'notice'; amount: string }> & Omit<Notice, 'amount'>)
  /** written before it leaves */
  | Readonly<{ what: 'notice-sent'; n: number }>
  /** tells something else instead; only of one that was not sent */
  | Readonly<{ what: 'notice-replaced'; n: number; event: NoticeEvent }>
  | Readonly<{ what: 'notice-heard'; n: number; isHeard: boolean }>
  | (Readonly<{ what: 'answered'; key: string; own: string | null; day: string }> & Answered)
  | Readonly<{
      what: 'compared'
      acquirer: string
      unit: Unit
      settles: string
      isBalanced: boolean
      at: number
    }>

export type Books = Readonly<{
  issuer: IssuerTerms
  cards: Map<string, Card>
  merchants: Map<string, MerchantRow>
  /** wrong security codes of a day */
  wrongCodes: Map<string, Readonly<{ day: string; count: number }>>
  authorisations: Map<string, Authorisation>
  /** by an original's name: the authorisation, or that it was a refund */
  originals: Map<string, string | Readonly<{ refund: string }>>
  /** reversed before they came */
  withdrawn: Set<string>
  keys: Map<string, Key>
  keyOfOrder: Map<string, string>
  notices: Map<number, Notice>
  /** notices that the sender of the key has not acknowledged */
  unheard: Set<number>
  /** notices that may have been sent; all others certainly were not */
  sent: Set<number>
  /** by the one-time number */
  noticesOf: Map<string, readonly number[]>
  /** terminals' sales, by saleKey */
  sales: Map<string, string>
  /** by trace, of the last days; by the sender's own order, for ever */
  answers: Map<string, Answered & Readonly<{ day: string }>>
  owns: Map<string, Answered>
  /** by acquirer, unit and day */
  totals: Map<string, Totals>
  comparisons: Map<string, Readonly<{ isBalanced: boolean; at: number }>>
}>

export const emptyBooks = (issuer: IssuerTerms): Books => ({
  issuer,
  cards: new Map(),
  merchants: new Map(),
  wrongCodes: new Map(),
  authorisations: new Map(),
  originals: new Map(),
  withdrawn: new Set(),
  keys: new Map(),
  keyOfOrder: new Map(),
  notices: new Map(),
  unheard: new Set(),
  sent: new Set(),
  noticesOf: new Map(),
  sales: new Map(),
  answers: new Map(),
  owns: new Map(),
  totals: new Map(),
  comparisons: new Map(),
})

export const totalsKey = (of: Readonly<{ acquirer: string; unit: Unit; settles: string }>): string =>
  `${of.acquirer}|${of.unit}|${of.settles}`

/** By what a terminal names its own sale. */
export const saleKey = (of: Readonly<{ acquirer: string; number: string; rrn: string }>): string =>
  `${of.acquirer}|${of.number}|${of.rrn}`

/** Changes the books by what was written down. */
export function enter(books: Books, record: Booked): void {
  switch (record.what) {
    case 'card':
      return void books.cards.set(record.number, { ...record, limit: BigInt(record.limit) })
    case 'card-stopped': {
      const card = books.cards.get(record.number)
      if (card !== undefined) books.cards.set(record.number, { ...card, isStopped: record.isStopped })
      return
    }
    case 'merchant':
      return void books.merchants.set(record.number, record)
    case 'wrong-code': {
      const known = books.wrongCodes.get(record.number)
      const count = known?.day === record.day ? known.count + 1 : 1
      return void books.wrongCodes.set(record.number, { day: record.day, count })
    }
    case 'authorised':
      return enterAuthorised(books, record)
    case 'captured': {
      const amount = BigInt(record.amount)
      const before = change(books, record.id, (of) => ({ captured: of.captured + amount }))
      return count(books, { ...before, settles: record.settles }, 'debits', amount)
    }
    case 'released': {
      const amount = BigInt(record.amount)
      return void change(books, record.id, ({ stands }) => ({ stands: stands - amount }))
    }
    case 'refunded': {
      const amount = BigInt(record.amount)
      const before = change(books, record.id, (of) => ({ refunded: of.refunded + amount }))
      books.originals.set(record.original, { refund: record.id })
      return count(books, { ...before, acquirer: record.acquirer, settles: record.settles }, 'credits', amount)
    }
    case 'reversed': {
      const before = change(books, record.id, () => ({ state: 'reversed', captured: 0n }))
      if (before.isSale) count(books, { ...before, settles: record.settles }, 'debitReversals', before.captured)
      return
    }
    case 'withdrawn':
      return void books.withdrawn.add(record.id)
    case 'key':
      books.keys.set(record.number, { ...record, amount: BigInt(record.amount), state: 'open' })
      return void books.keyOfOrder.set(record.order, record.number)
    case 'key-state': {
      const key = books.keys.get(record.number)
      if (key !== undefined) books.keys.set(record.number, { ...key, state: record.state })
      return
    }
    case 'notice': {
      const { n, number } = record
      books.notices.set(n, { ...record, amount: BigInt(record.amount) })
      books.unheard.add(n)
      return void books.noticesOf.set(number, [...(books.noticesOf.get(number) ?? []), n])
    }
    case 'notice-sent':
      return void books.sent.add(record.n)
    case 'notice-replaced': {
      const notice = books.notices.get(record.n)
      if (notice !== undefined) books.notices.set(record.n, { ...notice, event: record.event })
      return
    }
    case 'notice-heard':
      if (record.isHeard) books.unheard.delete(record.n)
      else books.unheard.add(record.n)
      return
    case 'answered': {
      const { key, own, content, code, approval, day } = record
      const answered = { content, code, approval }
      books.answers.set(key, { ...answered, day })
      forget(books, day)
      if (own !== null) books.owns.set(own, answered)
      return
    }
    case 'compared':
      return void books.comparisons.set(totalsKey(record), { isBalanced: record.isBalanced, at: record.at })
  }
}

function enterAuthorised(books: Books, record: Extract<Booked, { what: 'authorised' }>): void {
  const { what: _what, settles, original, ...rest } = record
  const amount = BigInt(record.amount)
  const isApproved = record.code === '00'
  const captured = isApproved && record.isSale ? amount : 0n
  const state = isApproved ? 'approved' : 'refused'
  books.authorisations.set(record.id, { ...rest, amount, state, stands: amount, captured, refunded: 0n })
  books.originals.set(original, record.id)
  if (record.isSale) books.sales.set(saleKey({ ...record, number: record.oneTime ?? record.number }), record.id)
  if (captured > 0n) count(books, { ...rest, settles }, 'debits', captured)
}

/** How long a message may be repeated; orders and originals are known for ever. */
const REPEATED_FOR_DAYS = 8

function forget({ answers }: Books, today: string): void {
  const least = Date.parse(today) - REPEATED_FOR_DAYS * 86_400_000
  for (const [key, { day }] of answers) {
    if (Date.parse(day) >= least) return
    answers.delete(key)
  }
}

/** Changes an authorisation and gives what it was before. */
function change(books: Books, id: string, by: (before: Authorisation) => Partial<Authorisation>): Authorisation {
  const before = books.authorisations.get(id)
  if (before === undefined) throw new Error('only what was authorised is changed')
  books.authorisations.set(id, { ...before, ...by(before) })
  return before
}

function count(
  { totals }: Books,
  of: Readonly<{ acquirer: string; unit: Unit; settles: string }>,
  part: keyof Totals,
  amount: bigint,
): void {
  const key = totalsKey(of)
  totals.set(key, counted(totals.get(key) ?? NO_TOTALS, part, amount))
}
