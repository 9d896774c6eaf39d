// I25: nobody was sold what their verified attributes forbid, nor more of an article on a day than its lines allow, unless the shop was
// asked and permitted it; a standing has the attributes that the operator last verified and the purchases that the payments tell.
import { isDeepStrictEqual } from 'node:util'
import { dayOf } from '#core/calendar.ts'
import type { PartyId } from '#core/ids.ts'
import { purchasesFrom } from '#core/payment.ts'
import { forbiddenLines } from '#core/restrictions.ts'
import { NO_ATTRIBUTES, unknownStanding, type Attributes } from '#core/standing.ts'
import { standingFrom } from '../postgres/rows.ts'
import type { Ground } from './audit.ts'
import { hexOf, rowsOf, type Row } from './cursor.ts'
import { unmasked, type Logged } from './masked.ts'
import type { PaymentStep } from './replay.ts'

/** `most` null: the shop permitted it, or the goods came back. */
type Purchase = Readonly<{
  payment: string
  article: string
  day: number
  quantity: number
  at: number
  most: number | null
}>
export type Purchases = Map<PartyId, Purchase[]>

/** What was verified of a person, oldest first. */
export type Verified = readonly Readonly<{ at: number; attributes: Attributes }>[]

const isPermitted = ({ before }: PaymentStep): boolean => before.permitted?.billVersion === before.billVersion

/** What this step adds to the payer's purchases; judged in judgePurchases when all of the bucket are known. */
export function notePurchases({ zone }: Ground, step: PaymentStep, purchases: Purchases): void {
  const { before, event, at } = step
  const rows = purchasesFrom(before, event, zone)
  if (rows.length === 0) return
  const counted = (before.bill?.lines ?? []).flatMap(({ restriction }) => restriction?.perDay ?? [])
  const known = purchases.get(before.payer.party) ?? []
  purchases.set(before.payer.party, known)
  const isJudged = event.kind === 'approved' && !isPermitted(step)
  rows.forEach((row, index) =>
    known.push({ ...row, payment: before.id, at, most: isJudged ? (counted[index] ?? null) : null }),
  )
}

/** The lines of an approved bill that the payer's attributes forbid. */
export function forbiddenIn({ zone }: Ground, step: PaymentStep, verified: Verified): number[] {
  const { before, at } = step
  const { bill, biller, payer } = before
  if (bill === null || isPermitted(step)) return []
  // Verified within the same millisecond: before or after, nobody can tell.
  const earlier = verified.filter((each) => each.at < at).slice(-1)
  const known = earlier.length === 0 ? [{ at: 0, attributes: NO_ATTRIBUTES }] : earlier
  const possible = [...known, ...verified.filter((each) => each.at === at)].map(({ attributes }) =>
    forbiddenLines(bill, biller, { ...unknownStanding(payer.party), attributes }, dayOf(at, zone)),
  )
  return possible.toSorted((left, right) => left.length - right.length)[0] ?? []
}

/** What operators verified of these people. */
export async function verifiedOf(
  { client }: Ground,
  bucket: number,
  parties: readonly PartyId[],
): Promise<ReadonlyMap<string, Verified>> {
  const verified = new Map<string, { at: number; attributes: Attributes }[]>()
  if (parties.length === 0) return verified
  const { rows } = await client.query<Row>(
    `select a.subject, a.at, a.after, s.attributes->'birthDate' as present from unnest($2::text[]) n(party)
     join action a on a.subject = n.party
     left join standing s on s.bucket = a.bucket and s.party = replace(a.subject, 'pty_', '')::uuid
     where a.bucket = $1 and a.what = 'verify' order by a.number`,
    [bucket, parties],
  )
  for (const row of rows) {
    const list = verified.get(String(row.subject)) ?? []
    verified.set(String(row.subject), list)
    // Border: the subjects are those that were asked for, and the column is written by the store.
    const [party, present] = [row.subject as PartyId, row.present as number | null]
    list.push({ at: Number(row.at), attributes: await unmasked(client, party, loggedFrom(row.after), present) })
  }
  return verified
}

/** Border: written by switch/operator.ts; a text that is none says nothing, and its hash says that it was changed. */
function loggedFrom(after: unknown): Logged {
  try {
    return JSON.parse(String(after)) as Logged
  } catch {
    return NO_ATTRIBUTES
  }
}

/** A bucket's purchases against its standings. */
export async function judgePurchases(ground: Ground, bucket: number, purchases: Purchases): Promise<void> {
  const { client, fault, count } = ground
  const left = new Map(purchases)
  for await (const row of rowsOf(client, `select * from standing where bucket = ${bucket} order by party`)) {
    const { party, bought, version } = standingFrom(row)
    const rows = left.get(party) ?? []
    left.delete(party)
    count('standings', 1)
    if (!isDeepStrictEqual(inOrder(bought), inOrder(keptOf(ground, rows))))
      fault(`standing of ${party} counts other purchases than its payments say`)
    const writes = await verifications(ground, bucket, party)
    if (version < 1 || version > writes.length + rows.length) fault(`standing of ${party} was not written so often`)
    const last = writes.at(-1) ?? NO_ATTRIBUTES
    if (!isDeepStrictEqual(row.attributes, last)) fault(`standing of ${party} has attributes that nobody verified`)
  }
  for (const [party, rows] of left)
    if (keptOf(ground, rows).length > 0) fault(`standing of ${party} is not there, its payments count purchases`)
  for (const rows of purchases.values()) judgeDays(ground, rows)
}

async function verifications(ground: Ground, bucket: number, party: PartyId): Promise<Attributes[]> {
  return ((await verifiedOf(ground, bucket, [party])).get(party) ?? []).map(({ attributes }) => attributes)
}

const inOrder = (rows: readonly Readonly<{ article: string; day: number; quantity: number }>[]) =>
  rows
    .map(({ article, day, quantity }) => ({ article, day, quantity }))
    .toSorted((left, right) => (left.article < right.article ? -1 : 1))

/** A standing keeps the day of its last purchase or return, and earlier ones no more. */
function keptOf({ zone }: Ground, rows: readonly Purchase[]) {
  const day = dayOf(Math.max(0, ...rows.map(({ at }) => at)), zone)
  const sums = new Map<string, number>()
  for (const row of rows) {
    if (row.day === day) sums.set(row.article, (sums.get(row.article) ?? 0) + row.quantity)
  }
  return [...sums].filter(([, quantity]) => quantity > 0).map(([article, quantity]) => ({ article, day, quantity }))
}

/** Never more on a day than the line that was bought allows. Of what happened in one millisecond the kindest order is believed. */
function judgeDays({ fault }: Ground, rows: readonly Purchase[]): void {
  const days = new Map<string, Purchase[]>()
  for (const row of rows) {
    const key = `${row.day} ${row.article}`
    days.set(key, [...(days.get(key) ?? []), row])
  }
  for (const day of days.values()) {
    let total = 0
    const inTime = day.toSorted(
      (left, right) => left.at - right.at || left.quantity - right.quantity || (left.most ?? 0) - (right.most ?? 0),
    )
    for (const { payment, quantity, most } of inTime) {
      total += quantity
      if (most !== null && total > most) fault(`payment ${payment} sold more of a restricted article than a day allows`)
    }
  }
}

/** Nobody was verified without a row that says so. */
export async function auditStandings({ client, fault }: Ground): Promise<void> {
  const query = `select distinct a.bucket, a.subject from action a where a.what = 'verify'
    and not exists (select from standing s where s.bucket = a.bucket and s.party = replace(a.subject, 'pty_', '')::uuid)`
  for await (const row of rowsOf(client, query))
    fault(`standing of ${hexOf(row.subject)} is not there, it was verified`)
}
