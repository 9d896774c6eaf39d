// Receipts and a shop's own words as a client calls them (protocol/receipts.ts), and the check that the scheme has signed a receipt.
import { fromBase64url, utf8 } from '#core/bytes.ts'
import { receiptText } from '#core/receipt.ts'
import { receiptFromWire } from '#protocol/receipt.ts'
import type {
  RECEIPT_ROUTES,
  ReceiptBody,
  ReceiptRouteName,
  ReceiptRouteView,
  ReceiptView,
} from '#protocol/receipts.ts'
import { callTo } from './calls.ts'
import type { Client } from './client.ts'
import type { Outcome } from './outcome.ts'

type Routes = typeof RECEIPT_ROUTES
type Address<Name extends ReceiptRouteName> = Readonly<Pick<Routes[Name], 'method' | 'path' | 'access'>>

/** The compiler holds each line to the route, which itself stays out of the browser with its schemas. */
export const RECEIPT_CALLS: { readonly [Name in ReceiptRouteName]: Address<Name> } = {
  shop: { method: 'GET', path: '/v1/shop', access: 'token' },
  setShop: { method: 'POST', path: '/v1/shop', access: 'signed' },
  receipt: { method: 'GET', path: '/v1/receipts/{payment}', access: 'token' },
  mailReceipt: { method: 'POST', path: '/v1/receipt-mails', access: 'signed' },
  printReceipt: { method: 'POST', path: '/v1/receipt-prints', access: 'signed' },
}

type Input<Name extends ReceiptRouteName> = Readonly<{
  params?: Readonly<{ payment: string }>
  body?: ReceiptBody<Name>
}>

/** Calls one of these routes, as `client.call` does those of protocol/routes.ts: tried a few times, then `no-answer`. */
export const callReceipts = <Name extends ReceiptRouteName>(
  client: Pick<Client, 'request'>,
  name: Name,
  input: Input<Name> = {},
): Promise<Outcome<ReceiptRouteView<Name>>> => client.request(callTo(RECEIPT_CALLS[name], input))

/**
 * Has the scheme signed just this receipt? `key` is the scheme's public key as it is known here (base64url of 65 bytes: SchemeView.signer),
 * never the one that came along: that one proves nothing.
 *
 * @example
 * if (!(await isReceiptSigned(view, scheme.signer))) throw new Error('this receipt is not the scheme’s')
 */
export async function isReceiptSigned(
  { receipt: wire, signed, signature }: Pick<ReceiptView, 'receipt' | 'signed' | 'signature'>,
  key: string,
): Promise<boolean> {
  const receipt = receiptFromWire(wire)
  const [point, made] = [fromBase64url(key), fromBase64url(signature)]
  if (receipt === undefined || receiptText(receipt) !== signed || !point || !made) return false
  const curve = { name: 'ECDSA', namedCurve: 'P-256' } as const
  try {
    const known = await crypto.subtle.importKey('raw', point, curve, false, ['verify'])
    return await crypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, known, made, utf8(signed))
  } catch {
    // WebCrypto says only by throwing that the bytes are no key.
    return false
  }
}
