// What a shop says of itself on its receipts, and how it rounds tax. Chosen by the shop; versions are kept, so that a receipt printed
// again says what held when it was paid.

/** Tax is worked out of each line, or once of all lines of a rate together (as a Japanese qualified invoice must have it). */
export const ROUNDING_SCOPES = ['line', 'bill'] as const
export const ROUNDING_WAYS = ['down', 'half-up', 'up'] as const
export type RoundingWay = (typeof ROUNDING_WAYS)[number]
export type Rounding = Readonly<{ per: (typeof ROUNDING_SCOPES)[number]; to: RoundingWay }>

export type ShopDetails = Readonly<{
  /** a Japanese qualified invoice issuer's number, T and 13 digits; null for none */
  invoiceNumber: string | null
  address: string | null
  phone: string | null
  /** a line at the foot of each receipt */
  receiptText: string | null
  rounding: Rounding
  /** the name of whoever stood at the till, as the shop wrote it, stands on the receipt */
  showsCashier: boolean
}>

/** Of a shop that has said nothing yet. */
export const NO_DETAILS: ShopDetails = {
  invoiceNumber: null,
  address: null,
  phone: null,
  receiptText: null,
  rounding: { per: 'bill', to: 'down' },
  showsCashier: true,
}

const INVOICE_NUMBER = /^T([1-9])([0-9]{12})$/

/**
 * Is this an invoice number: T, the check digit, twelve digits? Corporations have their corporate number, whose first digit is
 * 9 − (sum mod 9), the digits weighted 1, 2, 1, 2 … from the right (Ordinance 70 of the Ministry of Finance, 2014, article 2); sole
 * proprietors get a number of the same make.
 */
export function isInvoiceNumber(text: string): boolean {
  const [, check = '', base = ''] = INVOICE_NUMBER.exec(text) ?? []
  if (base === '') return false
  let weighted = 0
  for (const [index, digit] of base.split('').entries()) weighted += Number(digit) * (index % 2 === 0 ? 2 : 1)
  return Number(check) === 9 - (weighted % 9)
}
