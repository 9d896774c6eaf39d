// What parties read and change beside the money: units of their account, contacts, the sales of all their terminals, statements.
import { bucketOf, type AccountNumber } from '#core/accounts.ts'
import { bucketOfId, type PartyId } from '#core/ids.ts'
import type { Entry } from '#core/ledger.ts'
import type { Unit } from '#core/money.ts'
import type { Offer } from '#core/offer.ts'
import { LIMITS } from '#protocol/limits.ts'
import type { ContactView } from '#protocol/views.ts'
import { offerFromJson } from '#switch/snapshot.ts'
import { OutcomeUnknown, StoreUnavailable } from '#switch/store.ts'
import { inTransaction, read, type Database, type Statement } from './connect.ts'
import { numbersBetween } from './history.ts'
import { accountRows, entryFrom, NOW, uuidOf, type Row } from './rows.ts'

export type Parties = ReturnType<typeof postgresParties>

/** Entries of a statement that are held at once: some 300 KB. */
const STATEMENT_PAGE = 1_000

/** Over an open database. Methods throw StoreUnavailable when there is none. */
export function postgresParties(database: Database, buckets: number) {
  const rowsOf = (name: string, text: string, values: unknown[]): Promise<Row[]> =>
    read<Row>(database, { name, text, values })

  /** Opens the account in a further unit, frozen where the account is; repeated without harm. */
  async function openUnit(account: AccountNumber, unit: Unit): Promise<'open' | 'account-closed' | 'too-many-units'> {
    const bucket = bucketOf(account, buckets)
    let outcome: Awaited<ReturnType<typeof openUnit>> = 'open'
    await inTransaction(database.transactions, lockAccount(bucket, account), (results) => {
      const known = (results.at(-1)?.rows ?? []) as Row[]
      if (known.some((row) => row.status === 'closed')) outcome = 'account-closed'
      else if (known.some((row) => row.unit === unit)) outcome = 'open'
      else if (known.length >= LIMITS.units) outcome = 'too-many-units'
      else {
        const status = known.some((row) => row.status === 'frozen') ? 'frozen' : 'open'
        return { statements: [insertUnit(accountRows(account, unit, buckets), account, status)] }
      }
      return null
    }).catch((error: unknown) => {
      // Asked again, it finds the unit open or opens it.
      throw error instanceof OutcomeUnknown ? new StoreUnavailable('no answer', { cause: error }) : error
    })
    return outcome
  }

  async function contactsOf(party: PartyId): Promise<ContactView[]> {
    const rows = await rowsOf(
      'contacts_of',
      'select account, status from contact where bucket = $1 and party = $2',
      keyOf(party),
    )
    const accounts = rows.map((row) => String(row.account) as AccountNumber)
    const named = await rowsOf(
      'names_of_accounts',
      'select p.account, p.name from unnest($1::smallint[], $2::text[]) n(bucket, account) join party p using (bucket, account)',
      [accounts.map((account) => bucketOf(account, buckets)), accounts],
    )
    const names = new Map(named.map((row) => [row.account, String(row.name)]))
    return rows
      .map((row): ContactView => ({
        account: String(row.account),
        name: names.get(row.account) ?? '',
        status: row.status === 'blocked' ? 'blocked' : 'listed',
      }))
      .toSorted((left, right) => (left.name < right.name ? -1 : left.name > right.name ? 1 : 0))
  }

  /** False when the list is full. */
  async function putContact(party: PartyId, account: AccountNumber, status: 'listed' | 'blocked'): Promise<boolean> {
    const rows = await rowsOf(
      'put_contact',
      `insert into contact (bucket, party, account, status, at)
       select $1::smallint, $2::uuid, $3::text, $4::text, ${NOW}
       where exists (select from contact where bucket = $1 and party = $2 and account = $3)
         or (select count(*) from contact where bucket = $1 and party = $2) < $5
       on conflict (bucket, party, account) do update set status = excluded.status returning account`,
      [...keyOf(party), account, status, LIMITS.contacts],
    )
    return rows.length === 1
  }

  async function removeContact(party: PartyId, account: AccountNumber): Promise<void> {
    await rowsOf('remove_contact', 'delete from contact where bucket = $1 and party = $2 and account = $3', [
      ...keyOf(party),
      account,
    ])
  }

  /** The newest offers of all the party's terminals (or phones), opened before `before`; those of one moment are not parted. */
  async function offersOf(party: PartyId, before: number | null, limit: number): Promise<Offer[]> {
    const rows = await rowsOf(
      'offers_of_party',
      `select o.snapshot from (
         select id from credential where bucket = $1 and party = $2
         union all select terminal from point where bucket = $1 and party = $2
       ) c cross join lateral (
         select snapshot, opened_at from offer where bucket = $1 and terminal = c.id and opened_at > 0 and opened_at < $3
         order by opened_at desc fetch first $4 rows with ties
       ) o order by o.opened_at desc fetch first $4 rows with ties`,
      [...keyOf(party), before ?? Number.MAX_SAFE_INTEGER, limit],
    )
    return rows.map((row) => offerFromJson(row.snapshot))
  }

  /** The account's entries of these times, oldest first, page by page; what has come in meanwhile is left out. */
  async function entriesBetween(
    account: AccountNumber,
    unit: Unit,
    span: Readonly<{ since: number; until: number }>,
  ): Promise<AsyncIterable<Entry[]>> {
    const bucket = bucketOf(account, buckets)
    const { low, high } = await numbersBetween(database, bucket, { account, unit, ...span })
    return (async function* () {
      for (let next = low; next < high;) {
        const rows = await rowsOf(
          'statement_entries',
          `select * from entry where bucket = $1 and account = $2 and unit = $3 and number >= $4 and number < $5
           order by number limit $6`,
          [bucket, account, unit, next, high, STATEMENT_PAGE],
        )
        const entries = rows.map(entryFrom)
        const last = entries.at(-1)
        if (last === undefined) return
        yield entries.filter(({ at }) => at >= span.since && at < span.until)
        next = last.number + 1n
      }
    })()
  }

  return { openUnit, contactsOf, putContact, removeContact, offersOf, entriesBetween }
}

const keyOf = (party: PartyId): [bucket: number, party: string] => [bucketOfId(party), uuidOf(party)]

/** The bucket's head is the lock under which accounts are frozen and closed: a new unit comes before that or after it. */
const lockAccount = (bucket: number, account: AccountNumber): Statement[] => [
  { name: 'lock_head', text: 'select from head where bucket = $1 for update', values: [bucket] },
  {
    name: 'units_of',
    text: 'select unit, status from account where bucket = $1 and key = $2',
    values: [bucket, account],
  },
]

const insertUnit = (
  rows: ReturnType<typeof accountRows>,
  account: AccountNumber,
  status: 'open' | 'frozen',
): Statement => ({
  name: 'open_unit',
  text: `insert into account (bucket, key, unit, status)
         select bucket, key, unit, case when key = $4 then $5 else 'open' end
         from unnest($1::smallint[], $2::text[], $3::text[]) n(bucket, key, unit) on conflict do nothing`,
  values: [rows.map(({ bucket }) => bucket), rows.map(({ key }) => key), rows.map(({ unit }) => unit), account, status],
})
