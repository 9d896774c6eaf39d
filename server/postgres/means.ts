// Registered bank accounts in PostgreSQL. A row is written before the bank is asked, so that nothing at the bank is unknown here.
import type { BankAccount } from '../bank/bank.ts'
import { bucketOfId, type MeansId, type PartyId } from '#core/ids.ts'
import type { Unit } from '#core/money.ts'
import { LIMITS } from '#protocol/limits.ts'
import { changeAlone, read, type Database } from './connect.ts'
import { idOf, NOW, uuidOf, type Row } from './rows.ts'
import { allOrNothing } from './transaction.ts'

export const MEANS_STATES = ['asked', 'active', 'suspended', 'ended'] as const
export type MeansState = (typeof MEANS_STATES)[number]

export type MeansRow = Readonly<{
  id: MeansId
  party: PartyId
  account: BankAccount
  bankKana: string
  isInstant: boolean
  label: string
  unit: Unit
  status: MeansState
  /** of a suspended or ended one: unpaid, no-mandate, refused, removed */
  why: string | null
  signedOn: string
  madeAt: number
}>

export type NewMeans = Pick<MeansRow, 'id' | 'party' | 'account' | 'bankKana' | 'isInstant' | 'label' | 'unit'> &
  Readonly<{ askedAs: Uint8Array }>

export type MeansRows = ReturnType<typeof postgresMeans>

const COLUMNS = `id, party, bank, branch, kind, number, holder, bank_kana, is_instant, label, unit, status, why, signed_on, made_at`

/** Over an open database. Methods throw StoreUnavailable when there is none. */
export function postgresMeans(database: Database) {
  const rowsOf = (name: string, text: string, values: unknown[]): Promise<Row[]> =>
    read<Row>(database, { name: `means_${name}`, text, values })
  const change = (text: string, values: unknown[]): Promise<Row[]> => changeAlone<Row>(database, { text, values })

  return {
    async find(id: MeansId): Promise<MeansRow | undefined> {
      const [row] = await rowsOf('find', `select ${COLUMNS} from means where bucket = $1 and id = $2`, [
        bucketOfId(id),
        uuidOf(id),
      ])
      return row && meansFrom(row)
    },
    /** Those that the person has, in the order they were registered. */
    async of(party: PartyId): Promise<MeansRow[]> {
      const rows = await rowsOf(
        'of',
        `select ${COLUMNS} from means where bucket = $1 and party = $2 and status in ('active', 'suspended')
         order by made_at, id limit ${2 * LIMITS.means}`,
        [bucketOfId(party), uuidOf(party)],
      )
      return rows.map(meansFrom)
    },
    /**
     * Notes what the bank will be asked. The row of this id as it is afterwards, `isSame` where it was asked for in the same words;
     * undefined where the person has as many as they may.
     */
    async ask(asked: NewMeans): Promise<(MeansRow & { isSame: boolean }) | undefined> {
      const { id, party, account, bankKana, isInstant, label, unit, askedAs } = asked
      const bucket = bucketOfId(party)
      return allOrNothing(database.transactions, async (within) => {
        // Two that are asked for at once are counted one after the other.
        await within('select 1 from party where bucket = $1 and id = $2 for update', [bucket, uuidOf(party)])
        await within(
          `insert into means (bucket, id, party, bank, branch, kind, number, holder, bank_kana, is_instant, label, unit, status,
             asked_as, made_at)
           select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'asked', $13, ${NOW}
           where (select count(*) from means where bucket = $1 and party = $3 and status in ('active', 'suspended')) < ${LIMITS.means}
           on conflict (bucket, id) do nothing`,
          [
            bucket,
            uuidOf(id),
            uuidOf(party),
            account.bank,
            account.branch,
            account.kind,
            account.number,
            account.holder,
            bankKana,
            isInstant,
            label,
            unit,
            Buffer.from(askedAs),
          ],
        )
        const [row] = await within(
          `select ${COLUMNS}, asked_as = $3 as is_same from means where bucket = $1 and id = $2`,
          [bucket, uuidOf(id), Buffer.from(askedAs)],
        )
        return row && { ...meansFrom(row), isSame: row.is_same === true }
      })
    },
    /** The bank allows it; an earlier one of the same account ends. Nothing where it is not waiting for that. */
    async allow(row: Pick<MeansRow, 'id' | 'party'>, signedOn: string): Promise<void> {
      const bucket = bucketOfId(row.party)
      await allOrNothing(database.transactions, async (within) => {
        await within('select 1 from party where bucket = $1 and id = $2 for update', [bucket, uuidOf(row.party)])
        await within(
          `update means o set status = 'ended', why = 'removed', end_due = true from means n
           where n.bucket = $1 and n.id = $2 and n.status = 'asked' and o.bucket = $1 and o.party = n.party and o.id <> n.id
             and o.status in ('active', 'suspended')
             and (o.bank, o.branch, o.kind, o.number) = (n.bank, n.branch, n.kind, n.number)`,
          [bucket, uuidOf(row.id)],
        )
        await within(
          `update means set status = 'active', signed_on = $3 where bucket = $1 and id = $2 and status = 'asked'`,
          [bucket, uuidOf(row.id), signedOn],
        )
      })
    },
    /** The bank does not. */
    async refuse(id: MeansId): Promise<void> {
      await change(
        `update means set status = 'ended', why = 'refused' where bucket = $1 and id = $2 and status = 'asked'`,
        [bucketOfId(id), uuidOf(id)],
      )
    },
    /** Ends the owner's means; the bank is to be told. False when there is none of this person's. Ended again, it stays so. */
    async end(party: PartyId, id: MeansId): Promise<boolean> {
      const rows = await change(
        `update means set status = 'ended', why = case when status = 'ended' then why else 'removed' end,
           end_due = end_due or status <> 'ended'
         where bucket = $1 and id = $2 and party = $3 returning 1`,
        [bucketOfId(party), uuidOf(id), uuidOf(party)],
      )
      return rows.length === 1
    },
    /** Nothing more is taken there until the owner registers it anew. */
    async suspend(id: MeansId, why: 'unpaid' | 'no-mandate'): Promise<void> {
      await change(
        `update means set status = 'suspended', why = $3 where bucket = $1 and id = $2 and status = 'active'`,
        [bucketOfId(id), uuidOf(id), why],
      )
    },
    /** Ended here, and the bank has not heard of it yet. */
    async endsDue(limit: number): Promise<MeansId[]> {
      const rows = await rowsOf('ends_due', 'select id from means where end_due order by bucket, id limit $1', [limit])
      return rows.map((row) => idOf<MeansId>('mns', String(row.id)))
    },
    async endTold(id: MeansId): Promise<void> {
      await change('update means set end_due = false where bucket = $1 and id = $2', [bucketOfId(id), uuidOf(id)])
    },
  }
}

// Border: the columns are written above alone and checked by the table's constraints.
export function meansFrom(row: Row): MeansRow {
  return {
    id: idOf<MeansId>('mns', String(row.id)),
    party: idOf<PartyId>('pty', String(row.party)),
    account: {
      bank: String(row.bank),
      branch: String(row.branch),
      kind: String(row.kind),
      number: String(row.number),
      holder: String(row.holder),
    },
    bankKana: String(row.bank_kana),
    isInstant: row.is_instant === true,
    label: String(row.label),
    unit: String(row.unit) as Unit,
    status: MEANS_STATES.find((known) => known === row.status) ?? 'ended',
    why: typeof row.why === 'string' ? row.why : null,
    signedOn: typeof row.signed_on === 'string' ? row.signed_on : '',
    madeAt: Number(row.made_at),
  }
}
