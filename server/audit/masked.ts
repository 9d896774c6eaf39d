// The operators' log holds birth dates masked with the scheme's key (operator-log.ts). The audit has that key, and finds the day behind
// a mask: it tries the one that the standing has now, and only where somebody was corrected all others.
import type pg from 'pg'
import type { PartyId } from '#core/ids.ts'
import type { Attributes } from '#core/standing.ts'
import { birthDateMask, type BirthDateMask } from '../operator-log.ts'
import { bytesOf, type Row } from './cursor.ts'

/** Nobody who is verified was born before, or after. */
const YEARS = { first: 1850, last: 2150 }

const masks = new WeakMap<pg.ClientBase, Promise<BirthDateMask | undefined>>()

/** The mask by the scheme's key in these books; undefined when they have none. */
function maskOf(client: pg.ClientBase): Promise<BirthDateMask | undefined> {
  const known = masks.get(client)
  if (known !== undefined) return known
  const found = client.query<Row>('select private_key from scheme_key').then(({ rows: [row] }) => {
    return row && birthDateMask(bytesOf(row.private_key))
  })
  masks.set(client, found)
  return found
}

/** Attributes as the log has them: an earlier program's with the birth date itself. */
export type Logged = Omit<Attributes, 'birthDate'> & Readonly<{ birthDate: number | string | null }>

/** The attributes behind a line of the log; `present` is the birth date that the standing has now. A mask of no day is null. */
export async function unmasked(
  client: pg.ClientBase,
  party: PartyId,
  logged: Logged,
  present: number | null,
): Promise<Attributes> {
  const { birthDate: text, region, memberships } = logged
  const mask = typeof text === 'string' ? await maskOf(client) : undefined
  if (typeof text !== 'string') return { birthDate: text, region, memberships }
  const isBehind = (day: number): boolean => mask?.(party, day) === text
  const birthDate = present !== null && isBehind(present) ? present : (everyDay().find(isBehind) ?? null)
  return { birthDate, region, memberships }
}

/** Numbers like 20061203, some of them days that a month does not have. */
function* everyDay(): Generator<number, undefined> {
  for (let year = YEARS.first; year <= YEARS.last; year++)
    for (let month = 1; month <= 12; month++)
      for (let day = 1; day <= 31; day++) yield year * 10_000 + month * 100 + day
  return undefined
}
