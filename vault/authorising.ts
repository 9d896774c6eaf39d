// Asks an issuer whether a card pays, exactly once for each order of the hub. The intent is committed before anything is sent, so that
// whoever finds it after a crash knows that it may have been; it is never sent again, but taken back.
//
//   state     | yes      | no      | no answer, another's, changed | time over, or reversed | issuer not reached
//  -----------+----------+---------+-------------------------------+------------------------+-------------------
//   asking    | approved | refused | given-up, reversal            | given-up, reversal     | refused
//   asking¹   | waiting  | refused | given-up, end of the key      | given-up, end of key   | refused
//   waiting¹  | approved | refused |                               | given-up, end of key   |
//   approved  |          |         |                               | given-up, reversal²    |
//
// ¹ with a one-time number: its key is put at the issuer, and the terminal's own request decides (notices.ts)
// ² by the hub alone, and not after a capture
//
// Each change is one conditional statement on the row: of an answer and a time-out one wins, and a yes that comes later finds the reversal
// committed.
import { parseMethod } from '#core/method.ts'
import { unitOf } from '#core/money.ts'
import { readAnswer } from '#issuer/answers.ts'
import { CODES } from '#issuer/elements.ts'
import {
  answerOf,
  fingerprint,
  giveUp,
  overdue,
  readAuthorisation,
  reasonOf,
  refusedAs,
  told,
} from './authorisation.ts'
import { yearMonth, type Cards, type HeldCard } from './cards.ts'
import { NOW, type VaultDatabase } from './database.ts'
import { passing } from './failpoints.ts'
import type { Lines, Question } from './lines.ts'
import type { Numbered, Numbering } from './numbering.ts'
import type { OneTimeNumbers } from './one-time.ts'
import type { Outgoing } from './outgoing.ts'
import type { Issuers } from './tables.ts'
import type { Authorise, FoundOrder, OrderAnswer, TableIssuer, VaultReason } from './wire.ts'

export type Authorising = Readonly<{
  /** 'other-body': this id stands for something else. */
  authorise(asked: Authorise): Promise<OrderAnswer | 'other-body'>
  find(order: string): Promise<FoundOrder>
  /** Gives up what nobody waits for any more. */
  sweep(): Promise<void>
}>

/** An issuer whose lines are all down: the payer hears it after this, and can still choose something else. */
const REACH_MS = 4_000
/** Of the time that the hub waits, this is for what the vault does with an answer. */
const SLACK_MS = 250
/** Whoever waits for an answer gives up by itself; this long after it, it has died. */
const GRACE_MS = 5_000
/** A number is good for two minutes, less what it takes to reach the terminal and to hear back. */
export const ONE_TIME_MS = 110_000

export function createAuthorising(
  parts: Readonly<{
    database: VaultDatabase
    cards: Cards
    issuers: Issuers
    lines: Lines
    numbering: Numbering
    outgoing: Outgoing
    oneTime: OneTimeNumbers
    /** of an order whose vault died: so long after nobody waits for it any more */
    graceMs?: number
    onError: (error: unknown) => void
  }>,
): Authorising {
  const { database, cards, issuers, lines, numbering, outgoing, oneTime, graceMs = GRACE_MS, onError } = parts
  /** orders of this process that wait for an issuer */
  const underWay = new Map<string, Promise<OrderAnswer>>()

  async function authorise(asked: Authorise): Promise<OrderAnswer | 'other-body'> {
    const { order } = asked
    // What is known takes no number and opens nothing.
    const known = await database.query('select from authorisation where id = $1', [order])
    if (known.length > 0) return again(asked)
    const numbered = await numbering.next()
    const ready = await readied(asked, numbered)
    if (!('question' in ready)) {
      const { issuer, code, reason } = ready
      const isNew = await database.query(INTENT, [...intentOf(asked, numbered, issuer), 0, 'refused', code, reason])
      return isNew.length > 0 ? refusedAs(code, reason) : again(asked)
    }
    const { issuer, number } = ready
    const intent = [...intentOf(asked, numbered, issuer.code), asked.withinMs, 'asking', null, null]
    const isNew =
      number === null
        ? (await database.query(INTENT, intent)).length > 0
        : await database.together(async (query) => {
            if ((await query(INTENT, intent)).length === 0) return false
            const sealed = await oneTime.keep(query, order, number)
            await query('update authorisation set sealed = $2 where id = $1', [order, sealed])
            return true
          })
    if (!isNew) return again(asked)
    passing('intent-committed')
    const asking = ask(asked, ready, numbered).finally(() => underWay.delete(order))
    underWay.set(order, asking)
    return asking
  }

  /** What will be asked, or why nothing is. */
  async function readied(asked: Authorise, { at }: Numbered): Promise<Ready | Unready> {
    const { order, terminal } = asked
    const unit = unitOf(asked.unit)
    const method = parseMethod(asked.method)
    if (unit === undefined || method === undefined) return { issuer: null, code: 'invalid', reason: 'refused' }
    const card = await cards.held(asked.card)
    if (card === undefined) return { issuer: null, code: 'no-card', reason: 'card-stopped' }
    const issuer = issuers.issuer(card.issuer)
    if (issuer === undefined) return { issuer: card.issuer, code: 'no-issuer', reason: 'unavailable' }
    if (await cards.isExpired(card.expires)) return { issuer: card.issuer, code: 'expired', reason: 'card-expired' }
    const amount = BigInt(asked.amount)
    if (!asked.oneTime) {
      const { number } = card
      const expires = yearMonth(card.expires)
      const bill = { unit, amount, method, order, terminal, merchant: asked.merchant }
      return {
        issuer,
        card,
        number: null,
        until: 0,
        question: { kind: 'authorise', isRepeat: false, code: null, number, expires, ...bill },
      }
    }
    const zone = lines.keys(issuer.code)
    if (zone === undefined) return { issuer: card.issuer, code: 'no-zone-key', reason: 'unavailable' }
    const until = at + ONE_TIME_MS
    const purchase = { order, merchant: asked.merchant.number, terminal, unit, amount, method, until }
    const made = oneTime.make(card, issuer, zone, purchase)
    if (made === undefined) return { issuer: card.issuer, code: 'no-range', reason: 'refused' }
    return { issuer, card, until, ...made }
  }

  async function ask(asked: Authorise, ready: Ready, { trace }: Numbered): Promise<OrderAnswer> {
    const { order, unit, amount } = asked
    const within = {
      withinMs: Math.max(1, asked.withinMs - SLACK_MS),
      reachMs: REACH_MS,
      onSent: () => passing('intent-sent'),
    }
    const heard = await lines.ask(ready.issuer.code, ready.question, trace, within)
    if (heard.kind === 'unreachable') return refuse(asked, 'unreached', 'unavailable')
    const answer = heard.kind === 'answer' ? readAnswer(heard.message) : undefined
    // Another order's answer says nothing about this one, not even when it is a no.
    if (answer === undefined || (answer.order !== null && answer.order !== order)) return takeBack(asked, null)
    passing('answer-heard')
    if (answer.code !== CODES.approved) return refuse(asked, answer.code, reasonOf(answer.code))
    if (ready.number !== null) return giveOut(asked, ready, ready.number)
    // Something was said yes to, and it is not what was asked: it must not stay.
    const isAsked = answer.unit === unit && answer.amount === BigInt(amount)
    if (!isAsked || !/^[0-9A-Z]{6}$/u.test(answer.approval ?? ''))
      return takeBack(asked, { code: 'other-answer', reason: 'refused' })
    const rows = await database.query(
      "update authorisation set state = 'approved', approval = $2 where id = $1 and state = 'asking' returning 1",
      [order, answer.approval],
    )
    if (rows.length === 0) return standing(asked)
    return told({ kind: 'approved', unit, amount, approval: answer.approval ?? '', rrn: trace.rrn })
  }

  async function giveOut(asked: Authorise, { until, card }: Ready, number: string): Promise<OrderAnswer> {
    passing('key-heard')
    const rows = await database.query(
      "update authorisation set state = 'waiting', until = $2 where id = $1 and state = 'asking' returning 1",
      [asked.order, until],
    )
    if (rows.length === 0) return standing(asked)
    return told({ kind: 'pending', oneTime: { number, expires: until, card: { expires: card.expires } } })
  }

  async function refuse(asked: Authorise, code: string, reason: VaultReason): Promise<OrderAnswer> {
    const isRefused = await database.together(async (query) => {
      const rows = await query(
        "update authorisation set state = 'refused', code = $2, reason = $3 where id = $1 and state = 'asking' returning 1",
        [asked.order, code, reason],
      )
      if (rows.length > 0 && asked.oneTime) await oneTime.forget(query, asked.order)
      return rows.length > 0
    })
    return isRefused ? told(refusedAs(code, reason)) : standing(asked)
  }

  /** The payer hears no at once; the issuer is told for as long as it takes. */
  async function takeBack(
    asked: Pick<Authorise, 'order'>,
    said: Readonly<{ code: string; reason: VaultReason }> | null,
    from: readonly ('asking' | 'waiting')[] = ['asking'],
  ): Promise<OrderAnswer> {
    const { order } = asked
    const numbered = await numbering.next()
    const isOver = await database.together((query) => giveUp(query, outgoing, order, from, numbered, said))
    if (isOver) outgoing.tellDue().catch(onError)
    return standing(asked)
  }

  async function again(asked: Authorise): Promise<OrderAnswer | 'other-body'> {
    const row = await readAuthorisation(database.query, asked.order)
    // A tombstone was made without knowing what for.
    if (row?.asked && !row.asked.equals(fingerprint(asked))) return 'other-body'
    const waiting = underWay.get(asked.order)
    if (waiting === undefined) return standing(asked)
    return within(waiting, asked.withinMs, { kind: 'pending' })
  }

  async function standing({ order }: Pick<Authorise, 'order'>): Promise<OrderAnswer> {
    const found = await find(order)
    return found.kind === 'unknown' ? { kind: 'pending' } : found
  }

  async function find(order: string): Promise<FoundOrder> {
    const row = await readAuthorisation(database.query, order)
    if (row === undefined) return { kind: 'unknown' }
    return answerOf(row, row.state === 'waiting' ? await oneTime.numberOf(order) : undefined)
  }

  return {
    authorise,
    find,
    async sweep() {
      for (const order of await overdue(database.query, graceMs))
        if (!underWay.has(order)) await takeBack({ order }, null, ['asking', 'waiting'])
    },
  }
}

type Ready = Readonly<{
  issuer: TableIssuer
  card: HeldCard
  question: Question
  /** of a one-time number: itself, and until when it is good */
  number: string | null
  until: number
}>
type Unready = Readonly<{ issuer: string | null; code: string; reason: VaultReason }>

/** Writes what is about to be asked, or what was refused unasked; no row where the order is known. */
const INTENT = `insert into authorisation (id, asked, card, issuer, unit, amount, method, merchant, terminal, one_time, stan, rrn, sent, day,
    made_at, until, state, code, reason)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, ${NOW}, ${NOW} + $15::bigint, $16, $17, $18)
  on conflict do nothing returning 1`

function intentOf(asked: Authorise, { trace, day }: Numbered, issuer: string | null): unknown[] {
  const { order, card, unit, amount, method, merchant, terminal, oneTime } = asked
  return [
    order,
    fingerprint(asked),
    Buffer.from(card, 'hex'),
    issuer,
    unit,
    amount,
    method,
    merchant,
    terminal,
    oneTime,
    trace.stan,
    trace.rrn,
    trace.at,
    day,
  ]
}

/** What comes in time, or this. */
async function within<Result>(promise: Promise<Result>, ms: number, otherwise: Result): Promise<Result> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<Result>((resolve) => (timer = setTimeout(() => resolve(otherwise), ms)))
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
