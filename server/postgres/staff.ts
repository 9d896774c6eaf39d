// Who works at a merchant, in PostgreSQL: people, roles and one-time codes. What changes them goes one after the other for each
// merchant. Times are the database's.
import { randomBytes } from 'node:crypto'
import { bucketOfId, idInBucket, type PartyId, type StaffId, type TerminalId } from '#core/ids.ts'
import { mayManage, STAFF_ROLES, type Cashier, type StaffRole } from '#core/staff.ts'
import { LIMITS } from '#protocol/limits.ts'
import { codeHash, newCode } from '../auth/directory.ts'
import { changeAlone, read, type Database } from './connect.ts'
import { idOf, NOW, uuidOf, type Row } from './rows.ts'
import { allOrNothing, type Query } from './transaction.ts'

export type Staff = ReturnType<typeof postgresStaff>

export type Member = Readonly<{
  id: StaffId
  name: string
  role: StaffRole
  hasPin: boolean
  status: 'active' | 'ended'
  addedAt: number
}>

export type NewMember = Readonly<{
  id: StaffId
  party: PartyId
  name: string
  role: StaffRole
  code: string
  lifeMs: number
}>

const ID_RANDOM_BYTES = 14
/** All who may work, and as many who have left. */
const MOST_SHOWN = 2 * LIMITS.staff
/** The same name asked for again so soon is a lost answer, not a second person. */
const SAME_PERSON_MS = 60_000

/** Methods throw StoreUnavailable when there is no database. */
export function postgresStaff(database: Database) {
  const rowsOf = (name: string, text: string, values: unknown[]): Promise<Row[]> =>
    read<Row>(database, { name: `staff_${name}`, text, values })
  const change = (text: string, values: unknown[]): Promise<Row[]> => changeAlone(database, { text, values })
  /** One after the other for each merchant: the last owner and the number of people are counted under this lock. */
  const ofMerchant = <Result>(party: PartyId, work: (within: Query) => Promise<Result>): Promise<Result> =>
    allOrNothing(database.transactions, async (within) => {
      await within('select pg_advisory_xact_lock(hashtextextended($1, 1))', [party])
      return work(within)
    })

  return {
    /** The merchant's people: all of today, then those who have left. */
    async members(party: PartyId): Promise<Member[]> {
      const rows = await rowsOf(
        'members',
        `select * from staff where bucket = $1 and party = $2 order by status, created_at, id limit ${MOST_SHOWN}`,
        [bucketOfId(party), uuidOf(party)],
      )
      return rows.map(memberFrom)
    },

    async hasRoom(party: PartyId): Promise<boolean> {
      const [row] = await rowsOf(
        'count',
        `select count(*) as count from staff where bucket = $1 and party = $2 and status = 'active'`,
        [bucketOfId(party), uuidOf(party)],
      )
      return Number(row?.count) < LIMITS.staff
    },

    /** A person with a one-time code, as the desk invites them; asked for again, the same. */
    async invite(member: NewMember): Promise<{ expiresAt: number }> {
      const [row] = await change(
        `${INSERT_MEMBER} on conflict (bucket, id) do update set name = staff.name returning code_expires_at`,
        memberValues(member),
      )
      return { expiresAt: Number(row?.code_expires_at) }
    },

    /** A further person by somebody who may manage such. */
    add(
      by: Cashier,
      { party, name, role }: Pick<NewMember, 'party' | 'name' | 'role'>,
    ): Promise<Readonly<{ staff: StaffId; code: string; expiresAt: number }> | 'not-permitted' | 'too-many-staff'> {
      const code = newCode()
      return ofMerchant(party, async (within) => {
        const manager = await activeMember(within, party, by.id)
        if (manager === undefined || !mayManage(manager.role, role)) return 'not-permitted'
        const [again] = await within(
          `update staff set code_hash = $5, code_expires_at = ${NOW} + $6::bigint where bucket = $1 and id = (
             select id from staff where bucket = $1 and party = $2 and name = $3 and role = $4 and status = 'active'
               and stored_key is null and created_at > ${NOW} - ${SAME_PERSON_MS} limit 1)
           returning id, code_expires_at`,
          [bucketOfId(party), uuidOf(party), name, role, codeHash(code), LIMITS.enrolmentCodeMs],
        )
        if (again !== undefined)
          return { staff: idOf<StaffId>('stf', String(again.id)), code, expiresAt: Number(again.code_expires_at) }
        const [{ count } = {}] = await within(
          `select count(*) as count from staff where bucket = $1 and party = $2 and status = 'active'`,
          [bucketOfId(party), uuidOf(party)],
        )
        if (Number(count) >= LIMITS.staff) return 'too-many-staff'
        const id = idInBucket('stf', bucketOfId(party), randomBytes(ID_RANDOM_BYTES))
        const [made] = await within(
          `${INSERT_MEMBER} returning code_expires_at`,
          memberValues({ id, party, name, role, code, lifeMs: LIMITS.enrolmentCodeMs }),
        )
        return { staff: id, code, expiresAt: Number(made?.code_expires_at) }
      })
    },

    /** A new code for somebody who is there already, perhaps with another name or role. The last owner stays one. */
    renew(
      by: Cashier,
      { id, party, name, role }: Pick<NewMember, 'id' | 'party' | 'name' | 'role'>,
    ): Promise<Readonly<{ code: string; expiresAt: number }> | 'not-permitted' | 'not-found' | 'last-owner'> {
      const code = newCode()
      return ofMerchant(party, async (within) => {
        const fault = await managing(within, by, { id, party, role })
        if (fault !== null) return fault
        const [row] = await within(
          `update staff s set name = $4, role = $5, code_hash = $6, code_expires_at = ${NOW} + $7::bigint, code_used_by = null
           where bucket = $1 and id = $2 and party = $3 and status = 'active' and ($5 = 'owner' or ${IS_NOT_LAST_OWNER})
           returning code_expires_at`,
          [bucketOfId(party), uuidOf(id), uuidOf(party), name, role, codeHash(code), LIMITS.enrolmentCodeMs],
        )
        return row === undefined ? 'last-owner' : { code, expiresAt: Number(row.code_expires_at) }
      })
    },

    /** May not work here any more, at once. The terminals where they stood; the last owner stays. */
    end(
      by: Cashier,
      { id, party }: Pick<NewMember, 'id' | 'party'>,
    ): Promise<readonly TerminalId[] | 'not-permitted' | 'not-found' | 'last-owner'> {
      return ofMerchant(party, async (within) => {
        const fault = await managing(within, by, { id, party })
        if (fault !== null) return fault
        const [ended] = await within(
          `update staff s set status = 'ended', code_hash = null
           where bucket = $1 and id = $2 and party = $3 and status = 'active' and ${IS_NOT_LAST_OWNER} returning id`,
          [bucketOfId(party), uuidOf(id), uuidOf(party)],
        )
        if (ended === undefined) return 'last-owner'
        const left = await within(
          'update cashier set staff = null where bucket = $1 and staff = $2 returning terminal',
          [bucketOfId(party), uuidOf(id)],
        )
        return left.map(({ terminal }) => idOf<TerminalId>('trm', String(terminal)))
      })
    },
  }
}

const IS_NOT_LAST_OWNER = `(s.role <> 'owner' or exists (select from staff o where o.bucket = s.bucket and o.party = s.party
  and o.id <> s.id and o.role = 'owner' and o.status = 'active'))`

const INSERT_MEMBER = `insert into staff (bucket, id, party, name, role, code_hash, code_expires_at, created_at)
  select $1, $2, $3, $4, $5, $6, n.now + $7::bigint, n.now from (select ${NOW} as now) n`
const memberValues = ({ id, party, name, role, code, lifeMs }: NewMember): unknown[] => [
  bucketOfId(party),
  uuidOf(id),
  uuidOf(party),
  name,
  role,
  codeHash(code),
  lifeMs,
]

/** Why this cashier, as they are by now, may not change that person; null when they may. */
async function managing(
  within: Query,
  by: Cashier,
  { id, party, role }: Pick<NewMember, 'id' | 'party'> & Readonly<{ role?: StaffRole }>,
): Promise<'not-permitted' | 'not-found' | null> {
  const [manager, other] = [await activeMember(within, party, by.id), await activeMember(within, party, id)]
  if (manager === undefined) return 'not-permitted'
  if (other === undefined) return 'not-found'
  const mayMake = role === undefined || mayManage(manager.role, role)
  return mayMake && mayManage(manager.role, other.role) ? null : 'not-permitted'
}

async function activeMember(within: Query, party: PartyId, id: StaffId): Promise<Member | undefined> {
  const [row] = await within(`select * from staff where bucket = $1 and id = $2 and party = $3 and status = 'active'`, [
    bucketOfId(party),
    uuidOf(id),
    uuidOf(party),
  ])
  return row && memberFrom(row)
}

const memberFrom = (row: Row): Member => ({
  id: idOf<StaffId>('stf', String(row.id)),
  name: String(row.name),
  role: roleFrom(row.role),
  hasPin: row.stored_key !== null,
  status: row.status === 'active' ? 'active' : 'ended',
  addedAt: Number(row.created_at),
})

export function roleFrom(value: unknown): StaffRole {
  const role = STAFF_ROLES.find((known) => known === value)
  if (role === undefined) throw new Error('one of the staff has a role that this program knows')
  return role
}
