// What shops say of themselves, version by version, and which printing of a receipt was the first, in PostgreSQL.
import { bucketOfId, type PartyId, type PaymentId, type StaffId } from '#core/ids.ts'
import { NO_DETAILS, ROUNDING_SCOPES, ROUNDING_WAYS, type ShopDetails } from '#core/shop.ts'
import { changeAlone, read, type Database } from './connect.ts'
import { NOW, uuidOf, type Row } from './rows.ts'
import { allOrNothing } from './transaction.ts'

export type ReceiptRows = ReturnType<typeof postgresReceipts>

const COLUMNS = 'invoice_number, address, phone, receipt_text, rounding_per, rounding_to, shows_cashier'

/** Methods throw StoreUnavailable when there is no database. */
export function postgresReceipts(database: Database) {
  return {
    /** What the shop says now, or said at `at` (milliseconds since 1970); null where it had said nothing. */
    async detailsOf(party: PartyId, at: number | null = null): Promise<ShopDetails | null> {
      const rows = await read<Row>(database, {
        name: 'merchant_details_at',
        text: `select ${COLUMNS} from merchant_details where bucket = $1 and party = $2 and at <= coalesce($3::bigint, at)
          order by version desc limit 1`,
        values: [bucketOfId(party), uuidOf(party), at],
      })
      return rows[0] === undefined ? null : detailsFrom(rows[0])
    },

    /** From now on the shop says this; the same again is no new version. `isNew` tells. */
    async setDetails(party: PartyId, by: StaffId | null, details: ShopDetails): Promise<Readonly<{ isNew: boolean }>> {
      return allOrNothing(database.transactions, async (within) => {
        // One after the other for each merchant: versions are counted.
        await within('select pg_advisory_xact_lock(hashtextextended($1, 11))', [party])
        const [last] = await within(
          `select version, at, ${COLUMNS} from merchant_details where bucket = $1 and party = $2 order by version desc limit 1`,
          [bucketOfId(party), uuidOf(party)],
        )
        if (last !== undefined && isSame(detailsFrom(last), details)) return { isNew: false }
        const { invoiceNumber, address, phone, receiptText, rounding, showsCashier } = details
        await within(
          `insert into merchant_details (bucket, party, version, staff, at, ${COLUMNS})
           values ($1, $2, $3, $4, greatest(${NOW}, $5::bigint), $6, $7, $8, $9, $10, $11, $12)`,
          [
            bucketOfId(party),
            uuidOf(party),
            Number(last?.version ?? 0) + 1,
            by === null ? null : uuidOf(by),
            // Versions and times rise together, also after the clock was set back.
            last === undefined ? 0 : Number(last.at),
            invoiceNumber,
            address,
            phone,
            receiptText,
            rounding.per,
            rounding.to,
            showsCashier,
          ],
        )
        return { isNew: true }
      })
    },

    /** Is this printing (32 hex digits, made by who prints) the first of this receipt? Of two at once one is; asked again, the same one. */
    async isFirstPrint(payment: PaymentId, print: string): Promise<boolean> {
      const [row] = await changeAlone<{ is_first: boolean }>(database, {
        text: `insert into receipt_print (bucket, payment, first, at) values ($1, $2, $3, ${NOW})
           on conflict (bucket, payment) do update set first = receipt_print.first returning first = $3 as is_first`,
        values: [bucketOfId(payment), uuidOf(payment), print],
      })
      return row?.is_first === true
    },
  }
}

const textFrom = (value: unknown): string | null => (typeof value === 'string' ? value : null)

const detailsFrom = (row: Row): ShopDetails => ({
  invoiceNumber: textFrom(row.invoice_number),
  address: textFrom(row.address),
  phone: textFrom(row.phone),
  receiptText: textFrom(row.receipt_text),
  rounding: {
    per: ROUNDING_SCOPES.find((known) => known === row.rounding_per) ?? NO_DETAILS.rounding.per,
    to: ROUNDING_WAYS.find((known) => known === row.rounding_to) ?? NO_DETAILS.rounding.to,
  },
  showsCashier: row.shows_cashier === true,
})

const isSame = (one: ShopDetails, other: ShopDetails): boolean =>
  one.invoiceNumber === other.invoiceNumber &&
  one.address === other.address &&
  one.phone === other.phone &&
  one.receiptText === other.receiptText &&
  one.rounding.per === other.rounding.per &&
  one.rounding.to === other.rounding.to &&
  one.showsCashier === other.showsCashier
