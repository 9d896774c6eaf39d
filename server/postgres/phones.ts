// A person's phones in PostgreSQL, and the phones that wait to be let in by mail and password.
import { randomBytes } from 'node:crypto'
import { bucketOfId, type DeviceId, type PartyId } from '#core/ids.ts'
import { LIMITS } from '#protocol/limits.ts'
import { codeHash } from '../auth/directory.ts'
import { changeAlone, read, type Database } from './connect.ts'
import { insertCode, insertMachine } from './enrolling.ts'
import { idOf, NOW, uuidOf, type Row } from './rows.ts'
import { allOrNothing, type Query } from './transaction.ts'

export type Phones = ReturnType<typeof postgresPhones>

export type Phone = Readonly<{
  id: DeviceId
  label: string
  status: 'active' | 'revoked'
  approvesWith: 'any' | 'security-key'
  enrolledAt: number
  lastSeenAt: number | null
}>

/** `request` is 32 hex digits. */
export type WaitingPhone = Readonly<{ request: string; label: string; requestedAt: number; readyAt: number }>

/** What becomes of a phone that asks to be let in now. */
export type Finish =
  | Readonly<{ kind: 'in'; device: DeviceId; isNew: boolean }>
  | Readonly<{ kind: 'waiting'; until: number }>
  | Readonly<{ kind: 'refused' | 'gone' | 'too-many' }>

/** Phones shown: those in use come first, and of the others the newest. */
const MOST_SHOWN = 100

/** Over an open database. Methods throw StoreUnavailable when there is none. */
export function postgresPhones(database: Database) {
  const rowsOf = (name: string, text: string, values: unknown[]): Promise<Row[]> =>
    read<Row>(database, { name: `phones_${name}`, text, values })

  async function phonesOf(party: PartyId): Promise<Phone[]> {
    const rows = await rowsOf(
      'of',
      `select c.id, c.label, c.created_at, c.last_seen_at, d.status, d.approves_with
       from credential c join device d on d.bucket = c.bucket and d.id = c.id
       where c.bucket = $1 and c.party = $2 and c.kind = 'device'
       order by d.status = 'active' desc, c.created_at desc, c.id limit ${MOST_SHOWN}`,
      keyOf(party),
    )
    return rows.map((row) => ({
      id: idOf<DeviceId>('dev', String(row.id)),
      label: String(row.label),
      status: row.status === 'active' ? 'active' : 'revoked',
      approvesWith: row.approves_with === 'security-key' ? 'security-key' : 'any',
      enrolledAt: Number(row.created_at),
      lastSeenAt: row.last_seen_at === null ? null : Number(row.last_seen_at),
    }))
  }

  async function waitingOf(party: PartyId): Promise<WaitingPhone[]> {
    const rows = await rowsOf(
      'waiting',
      `select id, label, requested_at, ready_at from device_request
       where bucket = $1 and party = $2 and ${WAITS} order by requested_at desc, id`,
      keyOf(party),
    )
    return rows.map(waitingFrom)
  }

  /**
   * Opens a one-time code for a further phone; opened again it is the same and lives no longer. Undefined when there are as many phones,
   * codes and waiting ones as there may be.
   */
  const openCode = (party: PartyId, code: string): Promise<{ code: string; expiresAt: number } | undefined> =>
    allOrNothing(database.transactions, async (within) => {
      const isRoom = await hasRoom(within, party)
      const [known] = await within('select expires_at from enrolment_code where hash = $1', [codeHash(code)])
      if (known !== undefined) return { code, expiresAt: Number(known.expires_at) }
      if (!isRoom) return undefined
      return insertCode(within, { kind: 'device', party, code, lifeMs: LIMITS.enrolmentCodeMs })
    })

  /** Asks for a phone with this key to be let in after the wait; the same key again is the same request. */
  const request = (
    asked: Readonly<{ party: PartyId; publicKey: Uint8Array; label: string; waitMs: number }>,
  ): Promise<(WaitingPhone & Readonly<{ isNew: boolean }>) | undefined> =>
    allOrNothing(database.transactions, async (within) => {
      const { party, publicKey, label, waitMs } = asked
      // The lock on the party comes first: two requests of one key are one.
      const isRoom = await hasRoom(within, party)
      const [known] = await within(
        `select id, label, requested_at, ready_at from device_request
         where bucket = $1 and party = $2 and public_key = $3 and ${WAITS}`,
        [...keyOf(party), publicKey],
      )
      if (known !== undefined) return { ...waitingFrom(known), isNew: false }
      if (!isRoom) return undefined
      const [row] = await within(
        `insert into device_request (id, bucket, party, public_key, label, requested_at, ready_at)
         select $1, $2, $3, $4, $5, n.now, n.now + $6::bigint from (select ${NOW} as now) n
         returning id, label, requested_at, ready_at`,
        [randomBytes(16).toString('hex'), ...keyOf(party), publicKey, label, waitMs],
      )
      return row && { ...waitingFrom(row), isNew: true }
    })

  /** False when no phone of this person waits under this request; refused again is refused. */
  async function refuse(party: PartyId, asked: string): Promise<boolean> {
    const rows = await changeAlone(database, {
      text: `update device_request set refused_at = coalesce(refused_at, ${NOW})
         where id = $1 and bucket = $2 and party = $3 and device is null returning id`,
      values: [asked, ...keyOf(party)],
    })
    return rows.length === 1
  }

  /** The key that waits under this request, whatever became of it. */
  async function keyOfRequest(asked: string): Promise<Uint8Array | undefined> {
    const [row] = await rowsOf('request_key', 'select public_key from device_request where id = $1', [asked])
    return row?.public_key instanceof Uint8Array ? row.public_key : undefined
  }

  /** Lets the phone in when its time has come and nobody has refused it; once, and again the same. */
  const finish = (asked: string): Promise<Finish> =>
    allOrNothing(database.transactions, async (within): Promise<Finish> => {
      const [row] = await within(
        `select r.*, p.status, r.ready_at > ${NOW} as is_early, r.ready_at + ${LIMITS.deviceRequestMs} <= ${NOW} as is_late
         from device_request r join party p on p.bucket = r.bucket and p.id = r.party where r.id = $1 for update of r`,
        [asked],
      )
      if (row === undefined || row.status !== 'active') return { kind: 'gone' }
      if (typeof row.device === 'string') return { kind: 'in', device: idOf('dev', row.device), isNew: false }
      if (row.refused_at !== null) return { kind: 'refused' }
      if (row.is_early === true) return { kind: 'waiting', until: Number(row.ready_at) }
      if (row.is_late === true) return { kind: 'gone' }
      const party = idOf<PartyId>('pty', String(row.party))
      if (!(await hasRoom(within, party, asked))) return { kind: 'too-many' }
      const device = await insertMachine(within, {
        party,
        // Border: the column holds 65 bytes and is never null.
        publicKey: row.public_key as Uint8Array,
        label: String(row.label),
        terminalKind: null,
      })
      await within('update device_request set device = $2 where id = $1', [asked, uuidOf(device)])
      // Border: a machine without a terminal's kind is a phone.
      return { kind: 'in', device: device as DeviceId, isNew: true }
    })

  return { phonesOf, waitingOf, openCode, request, refuse, keyOfRequest, finish }
}

/** Neither refused nor let in, and not so long ready that nobody will come. */
const WAITS = `refused_at is null and device is null and ready_at + ${LIMITS.deviceRequestMs} > ${NOW}`

/** Is there room for one more phone beside those in use, the codes that may still be used, and the others that wait? Locks the party. */
async function hasRoom(within: Query, party: PartyId, besides: string | null = null): Promise<boolean> {
  await within('select 1 from party where bucket = $1 and id = $2 for update', keyOf(party))
  const [row] = await within(
    `select (select count(*) from credential c join device d on d.bucket = c.bucket and d.id = c.id
               where c.bucket = $1 and c.party = $2 and c.kind = 'device' and d.status = 'active')
          + (select count(*) from enrolment_code
               where bucket = $1 and party = $2 and kind = 'device' and used_at is null and expires_at > ${NOW})
          + (select count(*) from device_request
               where bucket = $1 and party = $2 and ${WAITS} and id is distinct from $3::uuid) as phones`,
    [...keyOf(party), besides],
  )
  return Number(row?.phones) < LIMITS.devices
}

const keyOf = (party: PartyId): [bucket: number, party: string] => [bucketOfId(party), uuidOf(party)]

const waitingFrom = (row: Row): WaitingPhone => ({
  request: String(row.id).replaceAll('-', ''),
  label: String(row.label),
  requestedAt: Number(row.requested_at),
  readyAt: Number(row.ready_at),
})
