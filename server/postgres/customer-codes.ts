// Customer codes in PostgreSQL. Reading a code uses it up: one conditional statement decides who was first, by the database's clock.
import { CODE_LIFE_MS } from '#core/customer-code.ts'
import { bucketOfId, type CommandId, type DealId, type DeviceId, type TerminalId } from '#core/ids.ts'
import { changeAlone, read, type Database } from './connect.ts'
import { idOf, NOW, uuidOf, type Row } from './rows.ts'

/** The hashes under which a code and its short form are kept, 32 bytes each. */
export type CodeHashes = Readonly<{ code: Uint8Array; digits: Uint8Array }>

/** The terminal's command that reads a code. */
export type Reading = Readonly<{ terminal: TerminalId; deal: DealId; command: CommandId }>

export type CustomerCodes = ReturnType<typeof postgresCustomerCodes>

const UNIQUE_VIOLATION = '23505'

/** Methods throw StoreUnavailable when there is no database. */
export function postgresCustomerCodes(database: Database) {
  const change = (name: string, text: string, values: unknown[]): Promise<Row[]> =>
    changeAlone(database, { name, text, values })
  const deviceIn = ([row]: readonly Row[]): DeviceId | undefined =>
    row === undefined ? undefined : idOf<DeviceId>('dev', String(row.device))

  /** Uses up the live code whose hash stands in this column; undefined when there is none, or the command has used one already. */
  const useUp = (column: 'code_hash' | 'digits_hash', hash: Uint8Array, reading: Reading) =>
    change(
      `use_${column}`,
      `with won as (
         update customer_code c set used_at = ${NOW}
         where ${column} = $5 and used_at is null and expires_at > ${NOW} and ${MAY_PAY} and ${UNUSED}
         returning device)
       ${NOTED}`,
      [...valuesOf(reading), hash],
    ).then(deviceIn)

  return {
    /** Keeps a phone's new code in the place of its last; undefined when another phone's code has the same short form. */
    async put(
      device: DeviceId,
      { code, digits }: CodeHashes,
    ): Promise<Readonly<{ now: number; expiresAt: number }> | undefined> {
      try {
        const [row] = await change(
          'put_customer_code',
          `insert into customer_code (bucket, device, code_hash, digits_hash, created_at, expires_at)
           select $1, $2, $3, $4, n.now, n.now + ${CODE_LIFE_MS} from (select ${NOW} as now) n
           on conflict (bucket, device) do update set code_hash = excluded.code_hash, digits_hash = excluded.digits_hash,
             created_at = excluded.created_at, expires_at = excluded.expires_at, used_at = null
           returning created_at, expires_at`,
          [bucketOfId(device), uuidOf(device), code, digits],
        )
        return { now: Number(row?.created_at), expiresAt: Number(row?.expires_at) }
      } catch (error) {
        if (error instanceof Error && Reflect.get(error, 'code') === UNIQUE_VIOLATION) return undefined
        throw error
      }
    },

    takeCode: (hash: Uint8Array, reading: Reading) => useUp('code_hash', hash, reading),
    takeDigits: (hash: Uint8Array, reading: Reading) => useUp('digits_hash', hash, reading),

    /** Uses up an offline code of this phone: false when this counter or a later one was read already. */
    async takeCounter(device: DeviceId, counter: bigint, hash: Uint8Array, reading: Reading): Promise<boolean> {
      const rows = await change(
        'take_code_counter',
        `with won as (
           insert into customer_code_counter as c (bucket, device, counter, at)
           select $6::smallint, $7::uuid, $8::numeric, ${NOW} where ${UNUSED}
           on conflict (bucket, device) do update set counter = excluded.counter, at = excluded.at where c.counter < excluded.counter
           returning device)
         ${NOTED}`,
        [...valuesOf(reading), hash, bucketOfId(device), uuidOf(device), String(counter)],
      )
      return rows.length > 0
    },

    /** Whose code this very command has used up; undefined when it was none, or another code for another deal. */
    async usedBy(hash: Uint8Array, { terminal, deal, command }: Reading): Promise<DeviceId | undefined> {
      return deviceIn(
        await read<Row>(database, {
          name: 'code_used_by',
          text: `select device from customer_code_use
                 where bucket = $1 and terminal = $2 and command = $3 and deal = $4 and code_hash = $5`,
          values: [bucketOfId(terminal), uuidOf(terminal), uuidOf(command), uuidOf(deal), hash],
        }),
      )
    },
  }
}

/** Its phone was not revoked, its person's account not closed. */
export const MAY_PAY = `exists (select 1 from device d join party p on p.bucket = d.bucket and p.id = d.party
    where d.bucket = c.bucket and d.id = c.device and d.status = 'active' and p.status = 'active')`
/** A command uses up one code: sent again with another, it takes nothing. */
const UNUSED = `not exists (select 1 from customer_code_use u where u.bucket = $1 and u.terminal = $2 and u.command = $3)`
const NOTED = `, noted as (
    insert into customer_code_use (bucket, terminal, command, deal, code_hash, device, at)
    select $1, $2, $3, $4, $5, won.device, ${NOW} from won on conflict (bucket, terminal, command) do nothing)
  select device from won`

const valuesOf = ({ terminal, deal, command }: Reading): unknown[] => [
  bucketOfId(terminal),
  uuidOf(terminal),
  uuidOf(command),
  uuidOf(deal),
]
