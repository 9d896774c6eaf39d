// What the issuer decides: pure, from the books, the message and the time. What is decided is records for the journal and an outcome for the
// answer; the same message again, or the same order, gets the outcome of the first.
import { createHash } from 'node:crypto'
import { saleKey, totalsKey, type Authorisation, type Booked, type Books } from './books.ts'
import { CODES } from './elements.ts'
import { authorised, bare, dayNear, done, judgeCard, originalKey, refused, type Decision, type Now } from './judging.ts'
import type { Ask, AskOf } from './messages.ts'
import { decideKeyEnd, decidePutKey, decideSale, endKeyOf, refundNotice, unsentUse } from './one-time-desk.ts'
import { areEqual, NO_TOTALS } from './totals.ts'

/** Decides; nothing is written yet. */
export function decide(books: Books, ask: Ask, now: Now): Decision {
  if (ask.kind === 'network') return done([])
  // An issuer tells these and hears none.
  if (ask.kind === 'notice') return refused(CODES.format)
  if (ask.kind === 'compare') return compared(books, ask, now)
  const key = messageKey(ask, now)
  const own = ownOf(ask)
  const content = contentOf(ask)
  const known = (own === null ? undefined : books.owns.get(own)) ?? books.answers.get(key)
  if (known !== undefined) {
    const isSame = known.content === content && !isTakenBack(books, ask, now)
    return isSame ? { records: [], outcome: known } : refused(CODES.again)
  }
  const { records, outcome } = decideNew(books, ask, now)
  const { code, approval = null } = outcome
  return { records: [...records, { what: 'answered', key, own, content, code, approval, day: now.day }], outcome }
}

type Kept = Exclude<Ask, { kind: 'network' | 'notice' | 'compare' }>

function decideNew(books: Books, ask: Kept, now: Now): Decision {
  switch (ask.kind) {
    case 'authorise':
      return authorise(books, ask, now)
    case 'verify': {
      const { code, records } = judgeCard(books, { ...ask, merchant: null }, now)
      return { records, outcome: { code } }
    }
    case 'sale':
      return decideSale(books, ask, now)
    case 'refund':
      return refund(books, ask, now)
    case 'capture':
      return capture(books, ask, now)
    case 'release':
      return release(books, ask)
    case 'reverse':
      return reverse(books, ask, now)
    case 'put-key':
      return decidePutKey(books, ask, now)
    case 'end-key':
      return decideKeyEnd(books, ask)
  }
}

/** By what a message is known: its kind, acquirer, date, STAN and RRN. */
const messageKey = ({ kind, trace }: Ask, now: Now): string =>
  [kind, bare(trace.acquirer), dayNear(trace.at, now), trace.stan, trace.rrn].join('|')

function ownOf(ask: Kept): string | null {
  switch (ask.kind) {
    case 'authorise':
    case 'verify':
      return `${ask.kind}|${ask.order}`
    case 'capture':
    case 'release':
      return `${ask.kind}|${ask.own}`
    case 'refund':
      return 'own' in ask.of ? `refund|${ask.of.own}` : null
    // These change nothing the second time, and what they find may have changed since.
    case 'reverse':
    case 'put-key':
    case 'end-key':
    case 'sale':
      return null
  }
}

/** What is asked, without the trace and whether it is repeated. */
function contentOf(ask: Kept): string {
  const { trace: _trace, isRepeat: _isRepeat, ...rest } = ask
  const said = 'isAdvice' in rest ? { ...rest, isAdvice: false } : rest
  const text = JSON.stringify(said, (_name, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
  return createHash('sha256').update(text).digest('base64url').slice(0, 22)
}

/** Was what this asks for taken back since it was answered? */
function isTakenBack({ authorisations, originals, withdrawn }: Books, ask: Kept, now: Now): boolean {
  if (ask.kind === 'authorise') return withdrawn.has(ask.order) || authorisations.get(ask.order)?.state === 'reversed'
  if (ask.kind !== 'sale') return false
  const id = originals.get(originalKey({ mti: '0200', ...ask.trace }, now))
  return typeof id === 'string' && authorisations.get(id)?.state === 'reversed'
}

function authorise(books: Books, ask: AskOf<'authorise'>, now: Now): Decision {
  const { order, number, method } = ask
  const original = originalKey({ mti: '0100', ...ask.trace }, now)
  if (books.withdrawn.has(order) || books.withdrawn.has(original)) return refused(CODES.again)
  // A terminal's sale has this order already.
  if (books.authorisations.has(order)) return refused(CODES.again)
  const { code, records } = judgeCard(books, { ...ask, merchant: { ...ask, number: ask.merchant.number } }, now)
  const booked = authorised(books, ask, { id: order, number, oneTime: null, method, code }, now)
  return { ...booked, records: [...records, ...booked.records] }
}

function capture(books: Books, ask: AskOf<'capture'>, now: Now): Decision {
  const of = books.authorisations.get(ask.order)
  if (of === undefined) return refused(CODES.unknown)
  if (of.state !== 'approved' || of.isSale || now.at > of.until) return refused(CODES.notNow)
  if (ask.unit !== of.unit || of.captured + ask.amount > of.stands) return refused(CODES.amount)
  const { own, amount, trace } = ask
  const settles = dayNear(trace.day, now)
  return done([{ what: 'captured', id: of.id, own, amount: String(amount), settles }], of.approval)
}

function release(books: Books, ask: AskOf<'release'>): Decision {
  const of = books.authorisations.get(ask.order)
  if (of === undefined) return refused(CODES.unknown)
  if (of.state !== 'approved' || of.isSale) return refused(CODES.notNow)
  if (ask.unit !== of.unit || ask.amount !== of.amount || ask.remains < of.captured) return refused(CODES.amount)
  // Releases may overtake each other; the least that remains was said last.
  const amount = of.stands - ask.remains
  return done(amount > 0n ? [{ what: 'released', id: of.id, own: ask.own, amount: String(amount) }] : [], of.approval)
}

/** The sale that a refund names: by its order, or a terminal's by number and RRN. */
function refunded({ authorisations, sales }: Books, { of, trace }: AskOf<'refund'>): Authorisation | undefined {
  if ('order' in of) return authorisations.get(of.order)
  return authorisations.get(sales.get(saleKey({ ...of, acquirer: bare(trace.acquirer) })) ?? '')
}

function refund(books: Books, ask: AskOf<'refund'>, now: Now): Decision {
  const { unit, amount, merchant, trace } = ask
  const of = refunded(books, ask)
  if (of === undefined) return refused(CODES.unknown)
  if (merchant.number !== of.merchant) return refused(CODES.merchant)
  if (of.state !== 'approved') return refused(CODES.notNow)
  if (unit !== of.unit || of.refunded + amount > of.captured) return refused(CODES.amount)
  const record: Booked = {
    what: 'refunded',
    id: of.id,
    own: 'own' in ask.of ? ask.of.own : messageKey(ask, now),
    acquirer: bare(trace.acquirer),
    amount: String(amount),
    settles: dayNear(trace.day, now),
    original: originalKey({ mti: '0200', ...trace }, now),
  }
  const isTerminals = !('own' in ask.of)
  const notices = isTerminals ? refundNotice(books, of, amount, now) : []
  return done([record, ...notices], of.approval)
}

function reverse(books: Books, ask: AskOf<'reverse'>, now: Now): Decision {
  const { order, original, trace } = ask
  const named = originalKey(original, now)
  const known = order ?? books.originals.get(named)
  if (typeof known === 'object') return refused(CODES.notNow)
  const of = known === undefined ? undefined : books.authorisations.get(known)
  const ended = order === null ? [] : endKeyOf(books, order)
  if (of === undefined) {
    const id = order ?? named
    return done([...(books.withdrawn.has(id) ? [] : [{ what: 'withdrawn', id } as const]), ...ended])
  }
  if (of.state !== 'approved') return done(ended)
  const isFinal = of.isSale ? of.refunded > 0n : of.captured > 0n
  // A terminal that asks did not hear the yes: a sale that stands is told with its approval.
  if (isFinal) return order === null ? stands(CODES.notNow, of) : refused(CODES.notNow)
  const back: Booked = { what: 'reversed', id: of.id, settles: dayNear(trace.day, now) }
  if (order !== null || of.oneTime === null) return done([back, ...ended], of.approval)
  const n = unsentUse(books, of)
  if (n === null) return stands(CODES.used, of)
  return done([back, { what: 'notice-replaced', n, event: 'reversed' }], of.approval)
}

const stands = (code: string, { approval }: Authorisation): Decision => ({ records: [], outcome: { code, approval } })

function compared(books: Books, ask: AskOf<'compare'>, now: Now): Decision {
  const { unit, trace, totals } = ask
  const of = { acquirer: bare(trace.acquirer), unit, settles: dayNear(trace.day, now) }
  const ours = books.totals.get(totalsKey(of)) ?? NO_TOTALS
  const isBalanced = areEqual(ours, totals)
  return {
    records: [{ what: 'compared', ...of, isBalanced, at: now.at }],
    outcome: { code: isBalanced ? CODES.approved : CODES.outOfBalance, compared: { unit, totals: ours } },
  }
}
