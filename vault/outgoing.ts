// What issuers must hear: reversals, captures, releases, refunds and the ends of one-time keys. Each is a row, written in the commit of what
// makes it necessary, and told until it is answered, with longer and longer breaks; the same message each time, so that it counts once.
//
//   0400, then 0420 and 0421    never happened, whether or not it has come there
//   0220, then 0221             capture
//   0420 with DE 95, then 0421  release: less stays set aside
//   0200 200000, then 0201      refund
//   0302 3, then 0303           the end of a one-time number's key; where the number was used before it, the sale is reversed
//
// Whoever tells one holds it by its time (`next_at`), so that two vaults on one database do not tell it at once, and one takes over from another
// that died. What belongs to one authorisation is told in its order.
import type { Method } from '#core/method.ts'
import { unitOf, type Unit } from '#core/money.ts'
import { readAnswer } from '#issuer/answers.ts'
import { CODES, type Trace } from '#issuer/elements.ts'
import { raise } from './alarms.ts'
import { NOW, type Query, type Row, type VaultDatabase } from './database.ts'
import { passing } from './failpoints.ts'
import type { Lines, Question, Told } from './lines.ts'
import type { Numbered, Numbering } from './numbering.ts'
import type { OneTimeNumbers } from './one-time.ts'
import type { VaultMerchant } from './wire.ts'

export type OutgoingKind = 'reverse' | 'capture' | 'release' | 'refund' | 'end-key'
export type ToTell = Readonly<{
  id: string
  kind: OutgoingKind
  of: string
  issuer: string
  unit: string
  amount: number
  /** of a release: what is set aside after it */
  remains?: number
}>

export type Outgoing = Readonly<{
  /** Writes it in the caller's commit, under the number that was taken before; once for ever by id and kind. */
  write(query: Query, toTell: ToTell, numbered: Numbered): Promise<void>
  /** Tells this one now, if nobody else does and nothing stands before it. */
  tell(id: string, kind: OutgoingKind): Promise<void>
  /** Begins to tell what is due; an issuer that is slow with these holds up no others. */
  tellDue(): Promise<void>
  /** The issuer is there again: what waits for it is due. */
  hasten(issuer: string): Promise<void>
  /** When what is being told has been. */
  settled(): Promise<void>
}>

const ANSWER_MS = 10_000
/** A vault that died over a message holds it no longer. */
const LEASE_MS = ANSWER_MS + 5_000
const SHORTEST_BREAK_MS = 500
/** However long an issuer says nothing, it is told again after this. */
const LONGEST_BREAK_MS = 5 * 60_000
const AT_ONCE = 50
/** The issuer cannot say just now (signed off, not working, late): it is asked again. */
const LATER: ReadonlySet<string> = new Set(['68', '91', '96'])

export function createOutgoing(
  parts: Readonly<{
    database: VaultDatabase
    lines: Lines
    numbering: Numbering
    oneTime: OneTimeNumbers
    onError: (error: unknown) => void
  }>,
): Outgoing {
  const { database, lines, numbering, oneTime, onError } = parts
  const busy = new Set<Promise<void>>()

  /** Of issuers that can be asked now: what is not sent is no try. */
  async function claim(which: string, values: readonly unknown[]): Promise<ClaimedRow[]> {
    const up = lines.up()
    if (up.length === 0) return []
    return database.query<ClaimedRow>(
      `update outgoing o set tries = tries + 1, next_at = ${NOW} + ${LEASE_MS}
       from authorisation a
       where a.id = o.of and (o.id, o.kind) in (
         select w.id, w.kind from outgoing w where w.state = 'open' and w.next_at <= ${NOW} and w.issuer = any($1) and ${which}
           and not exists (select from outgoing b where b.of = w.of and b.state = 'open' and b.n < w.n)
         order by w.next_at limit ${AT_ONCE} for update of w skip locked)
       returning o.id, o.kind, o.of, o.issuer, o.unit, o.amount, o.remains, o.stan, o.rrn, o.sent, o.day, o.tries,
         a.merchant, a.terminal, a.method, a.amount as authorised, a.stan as of_stan, a.sent as of_sent, a.one_time`,
      [up, ...values],
    )
  }

  async function carry(row: ClaimedRow): Promise<void> {
    const question = await questionOf(row)
    // Its one-time number is known no more: it was used or over, and the issuer has said so.
    if (question === undefined) return conclude(row, 'done', null)
    const { stan, rrn, sent: at, day } = row
    const trace = { stan, rrn, at, day: `${day.slice(5, 7)}${day.slice(8, 10)}` }
    const within = { withinMs: ANSWER_MS, reachMs: 0, onSent: () => passing('follow-sent') }
    const told = await lines.ask(row.issuer, question, trace, within)
    const code = answerIn(told, row)
    if (code === undefined || LATER.has(code)) return again(row)
    passing('follow-heard')
    if (code === CODES.approved) return conclude(row, 'done', null)
    if (row.kind === 'end-key' && code === CODES.used) return takeSaleBack(row)
    return conclude(row, 'refused', code)
  }

  /** The code of an answer that is about this order and says the same amount; anything else is no answer. */
  function answerIn(told: Told, row: ClaimedRow): string | undefined {
    const answer = told.kind === 'answer' ? readAnswer(told.message) : undefined
    if (answer === undefined) return undefined
    const isOurs =
      (answer.amount === null || answer.amount === BigInt(amountIn(row))) &&
      (answer.unit === null || answer.unit === row.unit) &&
      (answer.order === null || answer.order === row.of)
    return isOurs ? answer.code : undefined
  }

  async function questionOf(row: ClaimedRow): Promise<Question | undefined> {
    const isRepeat = row.tries > 1
    const unit = unitIn(row.unit)
    const paid = { unit, amount: BigInt(row.amount) }
    switch (row.kind) {
      case 'reverse': {
        const acquirer = lines.acquirer(row.issuer) ?? ''
        const original = { mti: row.one_time ? '0302' : '0100', stan: row.of_stan, at: row.of_sent, acquirer }
        // 0400, then 0420, then 0421.
        return {
          kind: 'reverse',
          order: row.of,
          original,
          isAdvice: row.tries > 1,
          isRepeat: row.tries > 2,
          ...paid,
        }
      }
      case 'capture':
        return { kind: 'capture', isRepeat, order: row.of, own: row.id, ...paid }
      case 'release':
        return {
          kind: 'release',
          isRepeat,
          order: row.of,
          own: row.id,
          unit,
          amount: BigInt(row.authorised),
          remains: BigInt(row.remains ?? 0),
        }
      case 'refund': {
        const { merchant, terminal } = row
        return { kind: 'refund', isRepeat, of: { order: row.of, own: row.id }, merchant, terminal, ...paid }
      }
      case 'end-key': {
        const number = await oneTime.numberOf(row.of)
        return number === undefined ? undefined : { kind: 'end-key', isRepeat, number, order: row.of }
      }
    }
  }

  async function conclude(row: ClaimedRow, state: 'done' | 'refused', code: string | null): Promise<void> {
    await database.together(async (query) => {
      const changed = await query(
        "update outgoing set state = $3, code = $4 where id = $1 and kind = $2 and state = 'open' returning 1",
        [row.id, row.kind, state, code],
      )
      if (changed.length === 0) return
      if (row.kind === 'end-key') await oneTime.forget(query, row.of)
      if (state === 'refused') {
        const kind = row.kind === 'reverse' ? 'refused-reversal' : 'refused-follow-up'
        await raise(query, kind, row.of, `${row.kind} ${row.id}: the issuer ${row.issuer} says ${code}`)
      }
    })
    passing('follow-done')
  }

  /** The number was used while it was given up: the terminal's sale is taken back. */
  async function takeSaleBack(row: ClaimedRow): Promise<void> {
    const numbered = await numbering.next()
    await database.together(async (query) => {
      await query("update outgoing set state = 'done', code = $3 where id = $1 and kind = $2 and state = 'open'", [
        row.id,
        row.kind,
        CODES.used,
      ])
      await oneTime.forget(query, row.of)
      await write(query, { ...row, id: row.of, kind: 'reverse' }, numbered)
    })
  }

  async function again(row: ClaimedRow): Promise<void> {
    const breakMs = Math.min(LONGEST_BREAK_MS, SHORTEST_BREAK_MS * 2 ** Math.min(row.tries - 1, 20))
    await database.query(
      `update outgoing set next_at = ${NOW} + $3::bigint where id = $1 and kind = $2 and state = 'open' and tries = $4`,
      [row.id, row.kind, breakMs, row.tries],
    )
  }

  async function write(query: Query, toTell: ToTell, { trace, day }: Numbered): Promise<void> {
    const { id, kind, of, issuer, unit, amount, remains = null } = toTell
    await query(
      `insert into outgoing (id, kind, of, issuer, unit, amount, remains, state, stan, rrn, sent, day, next_at, made_at)
       values ($1, $2, $3, $4, $5, $6, $7, 'open', $8, $9, $10, $11, ${NOW}, ${NOW}) on conflict do nothing`,
      [id, kind, of, issuer, unit, amount, kind === 'release' ? remains : null, trace.stan, trace.rrn, trace.at, day],
    )
  }

  return {
    write,
    async tell(id, kind) {
      passing('follow-committed')
      const [row] = await claim('w.id = $2 and w.kind = $3', [id, kind])
      if (row !== undefined) await carry(row)
    },
    async tellDue() {
      if (busy.size >= AT_ONCE) return
      for (const row of await claim('true', [])) {
        const carried: Promise<void> = carry(row)
          .catch(onError)
          .finally(() => busy.delete(carried))
        busy.add(carried)
      }
    },
    async hasten(issuer) {
      await database.query(
        `update outgoing set next_at = ${NOW} where state = 'open' and issuer = $1 and next_at > ${NOW}`,
        [issuer],
      )
    },
    async settled() {
      await Promise.all(busy)
    },
  }
}

/** What stands in DE 4. */
const amountIn = ({ kind, amount, authorised }: ClaimedRow): number => (kind === 'release' ? authorised : amount)

function unitIn(code: string): Unit {
  const unit = unitOf(code)
  if (unit === undefined) throw new Error('the vault wrote a unit that it does not know')
  return unit
}

type ClaimedRow = ToTell &
  Row &
  Readonly<{
    stan: Trace['stan']
    rrn: Trace['rrn']
    sent: Trace['at']
    /** 2026-12-03 */
    day: string
    tries: number
    merchant: VaultMerchant
    terminal: string
    method: Method
    authorised: number
    of_stan: string
    of_sent: string
    one_time: boolean
  }>
