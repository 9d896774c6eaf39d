// What the demo town's bakery says of itself on receipts.
import type { PartyId } from '#core/ids.ts'
import { NO_DETAILS, type ShopDetails } from '#core/shop.ts'
import type { ReceiptRows } from '../postgres/receipts.ts'

/** The number fits its check digit and is nobody's. */
export const DEMO_SHOP: ShopDetails = {
  ...NO_DETAILS,
  invoiceNumber: 'T9000000000000',
  address: '1-2-3 Honcho, Demo town',
  phone: '00-0000-0000',
  receiptText: 'Thank you for coming. またのお越しをお待ちしております。',
}

/** Where it has said nothing yet. */
export async function settleDemoShop(rows: ReceiptRows, bakery: PartyId): Promise<void> {
  if ((await rows.detailsOf(bakery)) === null) await rows.setDetails(bakery, null, DEMO_SHOP)
}
