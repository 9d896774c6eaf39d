// What follows an authorisation: it is captured in parts or released, given back, or reversed as a whole. Judged under the authorisation's
// row, written in the same commit, then told to the issuer until it answers (outgoing.ts).
//
//   captured + released ≤ authorised;  refunded ≤ captured;  reversed only where nothing was captured
//
// A refund that comes before the capture it belongs to waits for it. A reversal that comes before its authorisation leaves a row in its
// place, so that the authorisation never happens.
import { giveUp, readAuthorisation, type AuthorisationRow } from './authorisation.ts'
import { NOW, type Query, type VaultDatabase } from './database.ts'
import type { Numbered, Numbering } from './numbering.ts'
import type { Outgoing, OutgoingKind, ToTell } from './outgoing.ts'
import type { Follow, FollowAnswer, ReverseAnswer } from './wire.ts'

export type FollowKind = 'capture' | 'release' | 'refund'
export type Following = Readonly<{
  /** 'other-body': this id stands for something else. */
  follow(kind: FollowKind, asked: Follow): Promise<FollowAnswer | 'other-body'>
  reverse(asked: Follow): Promise<ReverseAnswer>
}>

export function createFollowing(
  parts: Readonly<{ database: VaultDatabase; numbering: Numbering; outgoing: Outgoing }>,
): Following {
  const { database, numbering, outgoing } = parts

  async function follow(kind: FollowKind, asked: Follow): Promise<FollowAnswer | 'other-body'> {
    const { order, of } = asked
    const numbered = await numbering.next()
    const judged = await database.together(async (query): Promise<Judged> => {
      const row = await readAuthorisation(query, of, 'for update')
      const [known] = await toldOf(query, order, kind)
      if (known !== undefined) return isSame(known, asked) ? 'written' : 'other-body'
      const judged = judge(kind, asked, row)
      if (judged !== 'write' || row === undefined) return judged === 'write' ? 'wait' : judged
      await count(query, kind, asked)
      await outgoing.write(query, toTell(kind, asked, row), numbered)
      return 'written'
    })
    if (judged === 'other-body') return judged
    if (judged === 'wait') return { kind: 'pending' }
    if (judged !== 'written') return { kind: 'refused', code: judged.refused }
    const now = await toldNow(order, kind)
    if (now === undefined || now.state === 'open') return { kind: 'pending' }
    return now.state === 'done' ? { kind: 'done', rrn: now.rrn } : { kind: 'refused', code: now.code ?? '' }
  }

  async function reverse({ of }: Follow): Promise<ReverseAnswer> {
    const numbered = await numbering.next()
    const isCaptured = await database.together(async (query) => {
      // Its place is taken, so that it never happens; where it is there already, nothing is written.
      await query(
        `insert into authorisation (id, state, made_at, until) values ($1, 'given-up', ${NOW}, ${NOW}) on conflict do nothing`,
        [of],
      )
      const row = await readAuthorisation(query, of, 'for update')
      // A sale with a one-time number was taken by its terminal, and can be taken back as a whole.
      if (row?.state === 'approved' && row.captured > 0 && (!row.one_time || row.refunded > 0)) return true
      await giveUp(query, outgoing, of, ['asking', 'waiting', 'approved'], numbered)
      return false
    })
    if (isCaptured) return { kind: 'refused', code: 'captured' }
    for (const kind of ['end-key', 'reverse'] as const) {
      const now = await toldNow(of, kind)
      if (now === undefined || now.state === 'done') continue
      return now.state === 'open' ? { kind: 'pending' } : { kind: 'refused', code: now.code ?? '' }
    }
    return { kind: 'done' }
  }

  /** How it stands, after it was tried once more where it is open. */
  async function toldNow(id: string, kind: OutgoingKind): Promise<ToldRow | undefined> {
    const [before] = await toldOf(database.query, id, kind)
    if (before?.state !== 'open') return before
    await outgoing.tell(id, kind)
    return (await toldOf(database.query, id, kind))[0]
  }

  return { follow, reverse }
}

type Judged = 'written' | 'wait' | 'other-body' | Readonly<{ refused: string }>

/** May this be? 'wait': not yet. */
function judge(
  kind: FollowKind,
  { unit, amount }: Follow,
  row: AuthorisationRow | undefined,
): 'write' | 'wait' | Readonly<{ refused: string }> {
  if (row === undefined) return { refused: 'unknown' }
  if (row.state === 'asking' || row.state === 'waiting') return 'wait'
  if (row.state !== 'approved') return { refused: 'not-approved' }
  if (row.unit !== unit) return { refused: 'other-unit' }
  const wanted = Number(amount)
  const left = row.amount - row.captured - row.released
  if (kind !== 'refund') return wanted <= left ? 'write' : { refused: 'over-authorised' }
  if (wanted <= row.captured - row.refunded) return 'write'
  return wanted <= row.captured + left - row.refunded ? 'wait' : { refused: 'over-captured' }
}

const COUNTED = { capture: 'captured', release: 'released', refund: 'refunded' } as const

async function count(query: Query, kind: FollowKind, { of, amount }: Follow): Promise<void> {
  const column = COUNTED[kind]
  await query(`update authorisation set ${column} = ${column} + $2 where id = $1`, [of, amount])
}

function toTell(kind: FollowKind, { order, of, amount }: Follow, row: AuthorisationRow): ToTell {
  const { issuer, unit } = row
  const remains = row.amount - row.released - Number(amount)
  return { id: order, kind, of, issuer, unit, amount: Number(amount), ...(kind === 'release' && { remains }) }
}

type ToldRow = Readonly<{
  of: string
  unit: string
  amount: number
  state: 'open' | 'done' | 'refused'
  code: string | null
  rrn: Numbered['trace']['rrn']
}>

const toldOf = (query: Query, id: string, kind: OutgoingKind): Promise<ToldRow[]> =>
  query<ToldRow>('select of, unit, amount, state, code, rrn from outgoing where id = $1 and kind = $2', [id, kind])

const isSame = (row: ToldRow, { of, unit, amount }: Follow): boolean =>
  row.of === of && row.unit === unit && row.amount === Number(amount)
