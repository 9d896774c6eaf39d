// User ids of cards, and the card machines beside terminals, in PostgreSQL. A user id is read again and again: only its card's owner
// makes another.
import { bucketOfId, type DeviceId, type MeansId, type PartyId, type TerminalId } from '#core/ids.ts'
import { changeAlone, read, type Database } from './connect.ts'
import { MAY_PAY } from './customer-codes.ts'
import { idOf, NOW, uuidOf, type Row } from './rows.ts'

/** Whose card it is, on which phone. */
export type Named = Readonly<{ device: DeviceId; means: MeansId }>

/** `token` is sealed by the key that `sealedBy` says. */
export type SealedMachine = Readonly<{ address: string; token: Uint8Array; sealedBy: string }>
export type MachineRow = Readonly<{ terminal: TerminalId; address: string; setAt: number }>

export type CardUserRows = ReturnType<typeof postgresCardUsers>
export type CardMachineRows = ReturnType<typeof postgresCardMachines>

/** Methods throw StoreUnavailable when there is no database. */
export function postgresCardUsers(database: Database) {
  return {
    /** A new user id in the place of the last one; when it was made, by the database's clock. */
    async put({ device, means }: Named, hash: Uint8Array): Promise<number> {
      const [row] = await changeAlone(database, {
        name: 'put_card_user',
        text: `insert into card_user (bucket, device, means, user_hash, made_at) values ($1, $2, $3, $4, ${NOW})
               on conflict (bucket, device, means) do update
                 set user_hash = excluded.user_hash, made_at = excluded.made_at
               returning made_at`,
        values: [bucketOfId(device), uuidOf(device), uuidOf(means), hash],
      })
      return Number(row?.made_at)
    },

    /** Whom a user id names; undefined when nobody, or one whose phone may not pay. */
    async find(hash: Uint8Array): Promise<Named | undefined> {
      const [row] = await read<Row>(database, {
        name: 'card_user',
        text: `select c.device, c.means from card_user c where c.user_hash = $1 and ${MAY_PAY}`,
        values: [hash],
      })
      return (
        row && { device: idOf<DeviceId>('dev', String(row.device)), means: idOf<MeansId>('mns', String(row.means)) }
      )
    },
  }
}

/** Methods throw StoreUnavailable when there is no database. */
export function postgresCardMachines(database: Database) {
  return {
    async at(terminal: TerminalId): Promise<SealedMachine | undefined> {
      const [row] = await read<Row>(database, {
        name: 'card_machine_at',
        text: 'select address, token, sealed_by from card_machine where bucket = $1 and terminal = $2',
        values: [bucketOfId(terminal), uuidOf(terminal)],
      })
      // Border: the columns are written below alone.
      return row && { address: String(row.address), token: row.token as Uint8Array, sealedBy: String(row.sealed_by) }
    },

    async of(party: PartyId): Promise<MachineRow[]> {
      const rows = await read<Row>(database, {
        name: 'card_machines_of',
        text: 'select terminal, address, set_at from card_machine where bucket = $1 and party = $2 order by set_at, terminal',
        values: [bucketOfId(party), uuidOf(party)],
      })
      return rows.map((row) => ({
        terminal: idOf<TerminalId>('trm', String(row.terminal)),
        address: String(row.address),
        setAt: Number(row.set_at),
      }))
    },

    /** False where the terminal is none of this merchant's, or does not work any more. */
    async set(party: PartyId, terminal: TerminalId, { address, token, sealedBy }: SealedMachine): Promise<boolean> {
      const rows = await changeAlone(database, {
        name: 'set_card_machine',
        text: `insert into card_machine (bucket, terminal, party, address, token, sealed_by, set_at)
               select t.bucket, t.id, t.party, $4, $5, $6, ${NOW} from terminal t
               where t.bucket = $1 and t.id = $2 and t.party = $3 and t.status = 'active'
               on conflict (bucket, terminal) do update set address = excluded.address, token = excluded.token,
                 sealed_by = excluded.sealed_by, set_at = excluded.set_at
               returning terminal`,
        values: [bucketOfId(terminal), uuidOf(terminal), uuidOf(party), address, token, sealedBy],
      })
      return rows.length > 0
    },

    /** Takes it away, where there is one. */
    async clear(party: PartyId, terminal: TerminalId): Promise<void> {
      await changeAlone(database, {
        name: 'clear_card_machine',
        text: 'delete from card_machine where bucket = $1 and terminal = $2 and party = $3',
        values: [bucketOfId(terminal), uuidOf(terminal), uuidOf(party)],
      })
    },
  }
}
