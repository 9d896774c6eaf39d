// Registered cards in PostgreSQL. A row is written before the vault is asked, so that nothing in the vault is unknown here.
import { bucketOfId, type MeansId, type PartyId } from '#core/ids.ts'
import type { Order } from '#core/means.ts'
import type { Unit } from '#core/money.ts'
import { LIMITS } from '#protocol/limits.ts'
import { changeAlone, read, type Database } from './connect.ts'
import { idOf, NOW, uuidOf, type Row } from './rows.ts'
import { allOrNothing } from './transaction.ts'

export const CARD_STATES = ['asked', 'active', 'suspended', 'ended'] as const
export type CardState = (typeof CARD_STATES)[number]

/** What the vault has said of a card. `expires`: the last month in which it is good, 2029-12; `label`: "Tanuki Card ···4242" */
export type CardShown = Readonly<{ issuer: string; last4: string; expires: string; label: string }>

export type CardRow = Readonly<{
  id: MeansId
  party: PartyId
  /** null until the vault has said it, which it has of every active card */
  shown: CardShown | null
  name: string | null
  unit: Unit
  status: CardState
  /** of a suspended or ended one: card-stopped, removed, forgotten, or the vault's reason for its no */
  why: string | null
  isDefault: boolean
  madeAt: number
}>

export type NewCard = Pick<CardRow, 'id' | 'party' | 'name' | 'unit'> & Readonly<{ askedAs: Uint8Array }>

export type CardRows = ReturnType<typeof postgresCards>

const COLUMNS = 'id, party, issuer, last4, expires, label, name, unit, status, why, is_default, made_at'
const IN_USE = `status in ('active', 'suspended')`
/** The vault may still say yes. */
const WAITING = `status = 'asked' and why is null`

/** Over an open database. Methods throw StoreUnavailable when there is none. */
export function postgresCards(database: Database) {
  const rowsOf = (name: string, text: string, values: unknown[]): Promise<Row[]> =>
    read<Row>(database, { name: `cards_${name}`, text, values })
  const change = (text: string, values: unknown[]): Promise<Row[]> => changeAlone<Row>(database, { text, values })

  return {
    async find(id: MeansId): Promise<CardRow | undefined> {
      const [row] = await rowsOf('find', `select ${COLUMNS} from card where bucket = $1 and id = $2`, [
        bucketOfId(id),
        uuidOf(id),
      ])
      return row && cardFrom(row)
    },
    /** Those that the person has, in the order they were registered. */
    async of(party: PartyId): Promise<CardRow[]> {
      const rows = await rowsOf(
        'of',
        `select ${COLUMNS} from card where bucket = $1 and party = $2 and ${IN_USE} order by made_at, id limit ${LIMITS.cards}`,
        [bucketOfId(party), uuidOf(party)],
      )
      return rows.map(cardFrom)
    },
    /**
     * Notes what the vault will be asked. The row of this id as it is afterwards, `isSame` where it was asked for in the same words;
     * undefined where the person has as many as they may.
     */
    async ask({ id, party, name, unit, askedAs }: NewCard): Promise<(CardRow & { isSame: boolean }) | undefined> {
      const bucket = bucketOfId(party)
      return allOrNothing(database.transactions, async (within) => {
        // Two that are asked for at once are counted one after the other, and each counts until it is known to be none.
        await within('select 1 from party where bucket = $1 and id = $2 for update', [bucket, uuidOf(party)])
        await within(
          `insert into card (bucket, id, party, name, unit, status, asked_as, made_at)
           select $1, $2, $3, $4, $5, 'asked', $6, ${NOW}
           where (select count(*) from card where bucket = $1 and party = $3 and (${IN_USE} or ${WAITING})) < ${LIMITS.cards}
           on conflict (bucket, id) do nothing`,
          [bucket, uuidOf(id), uuidOf(party), name, unit, Buffer.from(askedAs)],
        )
        const [row] = await within(
          `select ${COLUMNS}, asked_as = $3 as is_same from card where bucket = $1 and id = $2`,
          [bucket, uuidOf(id), Buffer.from(askedAs)],
        )
        return row && { ...cardFrom(row), isSame: row.is_same === true }
      })
    },
    /** The issuer confirms it; the first card of a person is the one offered first. Nothing where it is not waiting for that. */
    async allow({ id, party, unit }: Pick<CardRow, 'id' | 'party' | 'unit'>, shown: CardShown): Promise<void> {
      const bucket = bucketOfId(party)
      await allOrNothing(database.transactions, async (within) => {
        await within('select 1 from party where bucket = $1 and id = $2 for update', [bucket, uuidOf(party)])
        await within(
          `update card set status = 'active', issuer = $4, last4 = $5, expires = $6, label = $7, unit = $8,
             is_default = not exists (select 1 from card where bucket = $1 and party = $3 and ${IN_USE})
           where bucket = $1 and id = $2 and party = $3 and status = 'asked'`,
          [bucket, uuidOf(id), uuidOf(party), shown.issuer, shown.last4, shown.expires, shown.label, unit],
        )
      })
    },
    /** It does not, or the vault could not ask. */
    async refuse(id: MeansId, why: string): Promise<void> {
      await change(`update card set status = 'ended', why = $3 where bucket = $1 and id = $2 and status = 'asked'`, [
        bucketOfId(id),
        uuidOf(id),
        why,
      ])
    },
    /** False when the person has no such card. What is not said stays. */
    async change(
      party: PartyId,
      id: MeansId,
      { name, isDefault }: Readonly<{ name?: string | null; isDefault?: boolean }>,
    ): Promise<boolean> {
      const bucket = bucketOfId(party)
      return allOrNothing(database.transactions, async (within) => {
        await within('select 1 from party where bucket = $1 and id = $2 for update', [bucket, uuidOf(party)])
        // The one before first: one card alone is offered first, at every moment.
        if (isDefault === true)
          await within(
            `update card set is_default = false where bucket = $1 and party = $2 and is_default and id <> $3
               and exists (select 1 from card where bucket = $1 and party = $2 and id = $3 and ${IN_USE})`,
            [bucket, uuidOf(party), uuidOf(id)],
          )
        const rows = await within(
          `update card set name = case when $4 then $5 else name end, is_default = coalesce($6, is_default)
           where bucket = $1 and party = $2 and id = $3 and ${IN_USE} returning 1`,
          [bucket, uuidOf(party), uuidOf(id), name !== undefined, name ?? null, isDefault ?? null],
        )
        return rows.length === 1
      })
    },
    /** Ends the owner's card; the vault is to be told. False when there is none of this person's. Ended again, it stays so. */
    async end(party: PartyId, id: MeansId): Promise<boolean> {
      const rows = await change(
        `update card set status = 'ended', why = case when status = 'ended' then why else 'removed' end, is_default = false,
           end_due = end_due or status <> 'ended'
         where bucket = $1 and id = $2 and party = $3 returning 1`,
        [bucketOfId(party), uuidOf(id), uuidOf(party)],
      )
      return rows.length === 1
    },
    /** Its issuer has stopped it: nothing more is asked for until the owner registers another. */
    async suspend(id: MeansId, why: 'card-stopped'): Promise<void> {
      await change(
        `update card set status = 'suspended', why = $3 where bucket = $1 and id = $2 and status = 'active'`,
        [bucketOfId(id), uuidOf(id), why],
      )
    },
    /** Asked for so long ago that nobody waits for them any more: the vault is to forget what it may have of them. */
    async forgetAsked(olderMs: number): Promise<void> {
      await change(
        `update card set status = 'ended', why = 'forgotten', end_due = true where ${WAITING} and made_at < (select ${NOW}) - $1`,
        [olderMs],
      )
    },
    /** Ended here, and the vault has not heard of it yet. */
    async endsDue(limit: number): Promise<MeansId[]> {
      const rows = await rowsOf('ends_due', 'select id from card where end_due order by bucket, id limit $1', [limit])
      return rows.map((row) => idOf<MeansId>('mns', String(row.id)))
    },
    async endTold(id: MeansId): Promise<void> {
      await change('update card set end_due = false where bucket = $1 and id = $2', [bucketOfId(id), uuidOf(id)])
    },
    /** Is something open that was ordered before this one of the same authorisation? */
    async hasOpenBefore({ payment, number, of }: Pick<Order, 'payment' | 'number' | 'of'>): Promise<boolean> {
      const rows = await rowsOf(
        'open_before',
        `select 1 from outside_order where bucket = $1 and payment = $2 and number < $3 and (number = $4 or of = $4) and state = 'open'
         limit 1`,
        [bucketOfId(payment), uuidOf(payment), number, of],
      )
      return rows.length > 0
    },
    /** The number of the last of the vault's alarms that some hub has written to its log. */
    async alarmsSeen(): Promise<number> {
      const [row] = await rowsOf('alarms_seen', 'select seen from card_alarm_mark', [])
      return Number(row?.seen ?? 0)
    },
    /** True for the one hub that writes those between the two. */
    async moveAlarms(from: number, to: number): Promise<boolean> {
      const rows = await change('update card_alarm_mark set seen = $2 where seen = $1 returning 1', [from, to])
      return rows.length === 1
    },
  }
}

// Border: the columns are written above alone and checked by the table's constraints.
function cardFrom(row: Row): CardRow {
  const { issuer, last4, expires, label } = row
  return {
    id: idOf<MeansId>('mns', String(row.id)),
    party: idOf<PartyId>('pty', String(row.party)),
    shown:
      typeof issuer === 'string' &&
      typeof last4 === 'string' &&
      typeof expires === 'string' &&
      typeof label === 'string'
        ? { issuer, last4, expires, label }
        : null,
    name: typeof row.name === 'string' ? row.name : null,
    unit: String(row.unit) as Unit,
    status: CARD_STATES.find((known) => known === row.status) ?? 'ended',
    why: typeof row.why === 'string' ? row.why : null,
    isDefault: row.is_default === true,
    madeAt: Number(row.made_at),
  }
}
