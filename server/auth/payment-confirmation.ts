// Secure Payment Confirmation (W3C): the browser itself shows payee and amount before it lets the passkey sign, and writes into
// clientData what it has shown. Here that is compared with the bill, member by member: a page that showed something else is caught.
import { claimsOf, paymentIn } from '#core/approval.ts'
import type { AccountNumber } from '#core/accounts.ts'
import { billHash, type Bill, type Biller } from '#core/bill.ts'
import { equal, fromBase64url, toText } from '#core/bytes.ts'
import type { PaymentId } from '#core/ids.ts'
import { decimalOf } from '#core/money.ts'

/** Where the hub's pages are: the relying party's host name, and the origins that may ask. */
export type Place = Readonly<{ hostName: string | null; origins: readonly string[] }>

/** The payment as it stands in the store. */
export type BillOf = (payment: PaymentId) => Promise<Readonly<{ biller: Biller; bill: Bill | null }> | undefined>

/** What the browser has written into clientData, as far as it can be read. */
export type ClientData = Readonly<{ type: unknown; payment: unknown }>

/** Reads clientDataJSON from its base64url; undefined when it is no JSON object. */
export function readClientData(text: string): ClientData | undefined {
  const bytes = fromBase64url(text)
  const json = bytes && toText(bytes)
  if (json === undefined) return undefined
  try {
    const read: unknown = JSON.parse(json)
    return isRecord(read) ? { type: read.type, payment: read.payment } : undefined
  } catch {
    // JSON.parse says only by throwing that it is none.
    return undefined
  }
}

/**
 * Has the browser shown exactly the bill that these approval bytes are for? The bill is read from the store and counts only while its
 * hash is the one that was signed; the rules compare that hash once more under lock.
 */
export async function isConfirmed(
  shown: unknown,
  asked: Readonly<{ approval: Uint8Array; account: AccountNumber; place: Place; billOf: BillOf }>,
): Promise<boolean> {
  const { approval, account, place, billOf } = asked
  const signed = claimsOf(approval)
  if (signed === undefined) return false
  const payment = await billOf(paymentIn(approval))
  if (payment?.bill == null || !equal(billHash(payment.biller, payment.bill), signed.billHash)) return false
  return fits(shown, { biller: payment.biller, bill: payment.bill, account, place })
}

/** Does each member of clientData's `payment` say what the bill says? */
export function fits(
  shown: unknown,
  { biller, bill, account, place }: Readonly<{ biller: Biller; bill: Bill; account: string; place: Place }>,
): boolean {
  if (!isRecord(shown) || !isRecord(shown.total) || !isRecord(shown.instrument)) return false
  const { rpId, topOrigin, payeeName, payeeOrigin, total, instrument } = shown
  const isOurs = (url: unknown): boolean => place.origins.some((origin) => url === origin)
  return (
    place.hostName !== null &&
    rpId === place.hostName &&
    isOurs(topOrigin) &&
    payeeName === biller.legalName &&
    // The payee is named; a web address beside the name would be one more thing that a page could say.
    payeeOrigin === undefined &&
    total.currency === bill.unit &&
    total.value === decimalOf({ unit: bill.unit, amount: bill.total }) &&
    instrument.displayName === account &&
    typeof instrument.icon === 'string' &&
    isOurs(originOf(instrument.icon))
  )
}

function originOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).origin : undefined
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
