// What a person has paid by card, newest first: by the orders that their cards' issuers have said yes to. The payments themselves are read by
// their ids.
import { bucketOfId, type PartyId, type PaymentId } from '#core/ids.ts'
import { read, type Database } from './connect.ts'
import { idOf, uuidOf, type Row } from './rows.ts'

/** Where a page ends: the next one is older than this. `at`: milliseconds since 1970. */
export type PaidPlace = Readonly<{ at: number; payment: PaymentId }>

export type PaidByCardRows = ReturnType<typeof postgresPaidByCard>

/** Over an open database. Throws StoreUnavailable when there is none. */
export function postgresPaidByCard(database: Database) {
  return {
    /** At most `limit`, older than `before`; a person's payments lie in the person's bucket. */
    async of(party: PartyId, before: PaidPlace | null, limit: number): Promise<readonly PaidPlace[]> {
      const rows = await read<Row>(database, {
        name: 'cards_paid',
        text: `select payment, made_at from outside_order
               where bucket = $1 and party = $2 and via = 'card' and kind = 'collect' and state = 'yes'
                 and (made_at, payment) < ($3, $4)
               order by made_at desc, payment desc limit $5`,
        values: [
          bucketOfId(party),
          uuidOf(party),
          before?.at ?? Number.MAX_SAFE_INTEGER,
          before === null ? 'f'.repeat(32) : uuidOf(before.payment),
          limit,
        ],
      })
      return rows.map((row) => ({ at: Number(row.made_at), payment: idOf<PaymentId>('pay', String(row.payment)) }))
    },
  }
}
