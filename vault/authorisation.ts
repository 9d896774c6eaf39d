// An authorisation as it lies in its row, and what it says to the hub.
import { createHash } from 'node:crypto'
import { CODES } from '#issuer/elements.ts'
import { NOW, type Query } from './database.ts'
import { passing } from './failpoints.ts'
import type { Numbered } from './numbering.ts'
import type { Outgoing } from './outgoing.ts'
import type { Authorise, OrderAnswer, VaultMerchant, VaultReason } from './wire.ts'

export type AuthorisationRow = Readonly<{
  id: string
  asked: Buffer | null
  issuer: string
  unit: string
  amount: number
  method: string
  merchant: VaultMerchant
  terminal: string
  one_time: boolean
  state: 'asking' | 'waiting' | 'approved' | 'refused' | 'given-up'
  code: string | null
  reason: VaultReason | null
  approval: string | null
  rrn: string
  until: number
  captured: number
  released: number
  refunded: number
  expires: string | null
}>

const NO_ANSWER: OrderAnswer = { kind: 'refused', code: 'no-answer', reason: 'no-answer' }

/** Given up, or reversed before it came: in either case it never happens. */
export const refusedAs = (code: string, reason: VaultReason): OrderAnswer => ({ kind: 'refused', code, reason })

/** What a row says; `number`: of one whose one-time number may be given out. */
export function answerOf(row: AuthorisationRow, number: string | undefined): OrderAnswer {
  switch (row.state) {
    case 'asking':
      return { kind: 'pending' }
    case 'waiting':
      return number === undefined || row.expires === null
        ? { kind: 'pending' }
        : { kind: 'pending', oneTime: { number, expires: row.until, card: { expires: row.expires } } }
    case 'approved':
      return {
        kind: 'approved',
        unit: row.unit,
        amount: String(row.amount),
        approval: row.approval ?? '',
        rrn: row.rrn,
      }
    case 'refused':
    case 'given-up':
      return row.code === null || row.reason === null ? NO_ANSWER : refusedAs(row.code, row.reason)
  }
}

/** The same id with another of these is another order. How long somebody waits is no part of it. */
export function fingerprint({ card, unit, amount, method, merchant, terminal, oneTime }: Authorise): Buffer {
  const { number, name, category, place } = merchant
  const parts = [card, unit, amount, method, number, name, category, place, terminal, oneTime]
  return createHash('sha256').update(JSON.stringify(parts)).digest()
}

/** The row, under its lock where it is to be changed. */
export async function readAuthorisation(
  query: Query,
  order: string,
  lock: '' | 'for update' = '',
): Promise<AuthorisationRow | undefined> {
  const [row] = await query<AuthorisationRow>(
    `select a.id, a.asked, a.issuer, a.unit, a.amount, a.method, a.merchant, a.terminal, a.one_time, a.state, a.code, a.reason,
       a.approval, a.rrn, a.until, a.captured, a.released, a.refunded, (select c.expires from card c where c.id = a.card) as expires
     from authorisation a where a.id = $1 ${lock}`,
    [order],
  )
  return row
}

/**
 * Gives up what stands in one of these states, and writes what the issuer must hear, in the caller's commit. Whoever else changes the row
 * at the same time is before or after it: true when it was given up here. What is known of it as refused says why; else there was no answer.
 */
export async function giveUp(
  query: Query,
  outgoing: Pick<Outgoing, 'write'>,
  order: string,
  from: readonly AuthorisationRow['state'][],
  numbered: Numbered,
  said: Readonly<{ code: string; reason: VaultReason }> | null = null,
): Promise<boolean> {
  const [row] = await query<AuthorisationRow & { was: AuthorisationRow['state'] }>(
    `update authorisation a set state = 'given-up', approval = null, code = $3, reason = $4
     from (select id, state from authorisation where id = $1 for update) b
     where a.id = b.id and b.state = any($2) returning a.*, b.state as was`,
    [order, from, said?.code ?? null, said?.reason ?? null],
  )
  if (row === undefined) return false
  const { issuer, unit, amount } = row
  // Until its number is used, a key at the issuer is all there is to take back.
  const kind = row.one_time && row.was !== 'approved' ? 'end-key' : 'reverse'
  await outgoing.write(query, { id: order, kind, of: order, issuer, unit, amount }, numbered)
  return true
}

/** Orders that nobody waits for any more: their time is over, and somebody else may have died over them. */
export async function overdue(query: Query, graceMs: number): Promise<readonly string[]> {
  const rows = await query<{ id: string }>(
    `select id from authorisation where state in ('asking', 'waiting') and until < ${NOW} - $1::bigint order by until limit 50`,
    [graceMs],
  )
  return rows.map(({ id }) => id)
}

/** An issuer's no as a payer may hear it. */
export function reasonOf(code: string): VaultReason {
  switch (code) {
    case CODES.expired:
      return 'card-expired'
    case CODES.stopped:
    case CODES.tries:
      return 'card-stopped'
    case CODES.method:
      return 'method-refused'
    case CODES.limit:
      return 'over-card-limit'
    default:
      return 'card-refused'
  }
}

/** After a commit that an order's answer stands in. */
export function told(answer: OrderAnswer): OrderAnswer {
  passing('answer-committed')
  return answer
}
