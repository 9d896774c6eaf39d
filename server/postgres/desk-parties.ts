// What the desk looks up of people and merchants, their accounts and machines, and what it ends for good.
import { bucketOf, systemAccount, type AccountNumber } from '#core/accounts.ts'
import { bucketOfId, type DeviceId, type PartyId, type TerminalId } from '#core/ids.ts'
import type { Account, AccountStatus } from '#core/ledger.ts'
import type { Unit } from '#core/money.ts'
import { unknownStanding, type Attributes } from '#core/standing.ts'
import type { LOOKS, OperatorAnswerView } from '#protocol/operator.ts'
import { dayText } from '../operator-wire.ts'
import { changeAlone, read, type Database } from './connect.ts'
import { accountFrom, accountRows, idOf, standingFrom, uuidOf, type Row } from './rows.ts'

export type PartyRow = Readonly<{
  party: PartyId
  kind: 'person' | 'merchant'
  name: string
  legalName: string
  account: AccountNumber
  status: 'active' | 'closed'
  frozen: boolean
  openedAt: number
}>

export type Machine = Readonly<{
  id: DeviceId | TerminalId
  kind: 'device' | 'terminal'
  terminalKind: string | null
  label: string
  status: 'active' | 'revoked'
  enrolledAt: number
}>

type Look = NonNullable<OperatorAnswerView['look']>

/** Methods throw StoreUnavailable when there is no database. */
export function deskParties(database: Database, buckets: number) {
  const rowsOf = (name: string, text: string, values: unknown[]): Promise<Row[]> =>
    read<Row>(database, { name: `desk_${name}`, text, values })
  const change = (text: string, values: unknown[]): Promise<Row[]> => changeAlone(database, { text, values })
  /** An id made elsewhere may name a bucket that no column can: it is looked for where it is not. */
  const bucketIn = (party: PartyId): number => bucketOfId(party) % buckets

  return {
    /** Newest first; `search` is a part of the name, or an account number. */
    async parties(
      page: Readonly<{ search: string | null; before: PartyId | null; limit: number }>,
    ): Promise<PartyRow[]> {
      const { search, before } = page
      const rows = await rowsOf(
        'parties',
        `select ${PARTY_COLUMNS} from party p
         where ($1::text is null or p.name ilike $1 or p.legal_name ilike $1 or p.account = $2)
           and ($3::uuid is null or (p.created_at, p.id) < (select created_at, id from party where bucket = $4 and id = $3))
         order by p.created_at desc, p.id desc limit $5`,
        [
          search === null ? null : `%${search.replace(/[\\%_]/gu, String.raw`\$&`)}%`,
          search === null ? null : search.replace(/[\s-]/gu, ''),
          before && uuidOf(before),
          before && bucketIn(before),
          page.limit,
        ],
      )
      return rows.map(partyRowFrom)
    },

    async party(party: PartyId): Promise<PartyRow | undefined> {
      const [row] = await rowsOf('party', `select ${PARTY_COLUMNS} from party p where bucket = $1 and id = $2`, [
        bucketIn(party),
        uuidOf(party),
      ])
      return row && partyRowFrom(row)
    },

    async partyByAccount(account: AccountNumber): Promise<PartyRow | undefined> {
      const [row] = await rowsOf(
        'party_by_account',
        `select ${PARTY_COLUMNS} from party p where bucket = $1 and account = $2`,
        [bucketOf(account, buckets), account],
      )
      return row && partyRowFrom(row)
    },

    /** The accounts with their limits and what was spent, one for each unit. */
    async accounts(account: AccountNumber): Promise<Account[]> {
      const rows = await rowsOf('accounts', 'select * from account where bucket = $1 and key = $2 order by unit', [
        bucketOf(account, buckets),
        account,
      ])
      return rows.map(accountFrom)
    },

    async attributes(party: PartyId): Promise<Attributes> {
      const [row] = await rowsOf('standing', 'select * from standing where bucket = $1 and party = $2', [
        bucketOfId(party),
        uuidOf(party),
      ])
      return (row === undefined ? unknownStanding(party) : standingFrom(row)).attributes
    },

    /** What the scheme and the person themselves have told, as yes or no; the values are shown by `lookAt`. */
    async has(
      party: PartyId,
    ): Promise<Readonly<Record<'birthDate' | 'claimedBirthDate' | 'email' | 'portrait', boolean>>> {
      const [row] = await rowsOf(
        'has',
        `select s.attributes->>'birthDate' is not null as verified, p.birth_date is not null as claimed,
           p.email is not null as email, p.portrait_hash is not null as portrait
         from (select 1) one left join standing s on s.bucket = $1 and s.party = $2
         left join profile p on p.bucket = $1 and p.party = $2`,
        [bucketOfId(party), uuidOf(party)],
      )
      return {
        birthDate: row?.verified === true,
        claimedBirthDate: row?.claimed === true,
        email: row?.email === true,
        portrait: row?.portrait === true,
      }
    },

    /** Exactly what was asked for, and null for the rest. Whoever calls this has written a line in the log. */
    async lookAt(party: PartyId, what: (typeof LOOKS)[number]): Promise<Look> {
      const [row] = await rowsOf(
        'look',
        `select s.attributes->'birthDate' as verified, p.birth_date as claimed, p.email, p.portrait
         from (select 1) one left join standing s on s.bucket = $1 and s.party = $2
         left join profile p on p.bucket = $1 and p.party = $2`,
        [bucketOfId(party), uuidOf(party)],
      )
      const day = (value: unknown): string | null => (typeof value === 'number' ? dayText(value) : null)
      const picture = row?.portrait
      const born = what === 'birth-date'
      return {
        birthDate: born ? day(row?.verified) : null,
        claimedBirthDate: born ? day(row?.claimed) : null,
        email: what === 'email' && typeof row?.email === 'string' ? row.email : null,
        portrait: what === 'portrait' && Buffer.isBuffer(picture) ? picture.toString('base64') : null,
      }
    },

    /** The party's phones and terminals, newest first. */
    async machines(party: PartyId): Promise<Machine[]> {
      const rows = await rowsOf(
        'machines',
        `select c.id, c.kind, c.terminal_kind, c.label, c.created_at, coalesce(d.status, t.status) as status
         from credential c
         left join device d on c.kind = 'device' and d.bucket = c.bucket and d.id = c.id
         left join terminal t on c.kind = 'terminal' and t.bucket = c.bucket and t.id = c.id
         where c.bucket = $1 and c.party = $2 order by c.created_at desc, c.id`,
        [bucketOfId(party), uuidOf(party)],
      )
      return rows.map((row) => {
        const isDevice = row.kind === 'device'
        return {
          id: isDevice ? idOf<DeviceId>('dev', String(row.id)) : idOf<TerminalId>('trm', String(row.id)),
          kind: isDevice ? 'device' : 'terminal',
          terminalKind: typeof row.terminal_kind === 'string' ? row.terminal_kind : null,
          label: String(row.label),
          status: row.status === 'active' ? 'active' : 'revoked',
          enrolledAt: Number(row.created_at),
        }
      })
    },

    /** What each of these accounts is in the unit, with its holder's name; those without a party are left out. */
    async holders(
      accounts: readonly AccountNumber[],
      unit: Unit,
    ): Promise<Map<AccountNumber, Readonly<{ name: string; status: AccountStatus | 'unit-mismatch' }>>> {
      const rows = await rowsOf(
        'holders',
        `select p.account, p.name, coalesce(a.status, 'unit-mismatch') as status
         from unnest($1::smallint[], $2::text[]) n(bucket, account)
         join party p on p.bucket = n.bucket and p.account = n.account
         left join account a on a.bucket = n.bucket and a.key = n.account and a.unit = $3`,
        [accounts.map((account) => bucketOf(account, buckets)), accounts, unit],
      )
      // Border: columns written by the directory and checked by the tables' constraints.
      return new Map(
        rows.map((row) => [
          row.account as AccountNumber,
          { name: String(row.name), status: row.status as AccountStatus | 'unit-mismatch' },
        ]),
      )
    },

    /** The scheme's own accounts of the unit in this bucket; made once. */
    async openOwnAccounts(bucket: number, unit: Unit): Promise<void> {
      const rows = accountRows(systemAccount('issue', bucket), unit, buckets)
      await change(`insert into account (bucket, key, unit) select $1, unnest($2::text[]), $3 on conflict do nothing`, [
        bucket,
        [...new Set(rows.map(({ key }) => key))],
        unit,
      ])
    },

    /**
     * Is something of the party's open or held: a payment of its own, an offer of its terminals, or a payment to it that is not over?
     * The last lie in their payers' buckets: all open payments of the scheme are looked through, which an operator may wait for.
     */
    async isBusy(party: PartyId): Promise<boolean> {
      const rows = await rowsOf(
        'is_busy',
        `select 1 from payment where bucket = $1 and party = $2 and state in ('joined', 'authorising', 'held')
         union all select 1 from credential c join offer o on o.bucket = c.bucket and o.terminal = c.id
           where c.bucket = $1 and c.party = $2 and o.state = 'open'
         union all select 1 from payment
           where state in ('joined', 'authorising', 'held') and snapshot->'biller'->>'party' = $3
         limit 1`,
        [bucketOfId(party), uuidOf(party), party],
      )
      return rows.length > 0
    },

    /** Closed for good: its phones and terminals may not act any more, at once, and their sessions end. */
    async closeParty(party: PartyId): Promise<void> {
      await change(
        `with closed as (update party set status = 'closed' where bucket = $1 and id = $2),
           devices as (update device set status = 'revoked' where bucket = $1 and party = $2),
           terminals as (update terminal set status = 'revoked' where bucket = $1 and party = $2),
           people as (update staff set status = 'ended' where bucket = $1 and party = $2)
         delete from session where actor in (select id from credential where bucket = $1 and party = $2)`,
        [bucketOfId(party), uuidOf(party)],
      )
    },
  }
}

const PARTY_COLUMNS = `p.id, p.kind, p.name, p.legal_name, p.account, p.status, p.created_at,
  exists (select from account a where a.bucket = p.bucket and a.key = p.account and a.status = 'frozen') as frozen`

const partyRowFrom = (row: Row): PartyRow => ({
  party: idOf<PartyId>('pty', String(row.id)),
  kind: row.kind === 'merchant' ? 'merchant' : 'person',
  name: String(row.name),
  legalName: String(row.legal_name),
  // Border: the directory gave the party this number.
  account: row.account as AccountNumber,
  status: row.status === 'active' ? 'active' : 'closed',
  frozen: row.frozen === true,
  openedAt: Number(row.created_at),
})
