// The address of a receipt's public page: the payment's 16 bytes and 16 bytes of a MAC over them, which only this scheme's hubs can make.
// So a link is good as long as the scheme's key is, nothing is stored for it, and a wrong one is known before anything is read.
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import { concat, fromBase64url, toBase64url } from '#core/bytes.ts'
import { idBytes, idFrom, type PaymentId } from '#core/ids.ts'

const ID_BYTES = 16
const MAC_BYTES = 16

export type ReceiptLinks = ReturnType<typeof receiptLinks>

/** `secret`: 32 bytes that only this scheme's hubs have. */
export function receiptLinks(secret: Uint8Array) {
  const key = new Uint8Array(hkdfSync('sha256', secret, '', 'warifu receipt links', 32))
  const macOf = (payment: Uint8Array): Uint8Array =>
    createHmac('sha256', key).update(payment).digest().subarray(0, MAC_BYTES)
  return {
    /** 43 signs of base64url. */
    tokenOf(payment: PaymentId): string {
      const id = idBytes(payment)
      return toBase64url(concat(id, macOf(id)))
    },
    /** The payment, or undefined for a token that this scheme did not make. */
    paymentOf(token: string): PaymentId | undefined {
      const bytes = token.length === 43 ? fromBase64url(token) : undefined
      if (bytes?.length !== ID_BYTES + MAC_BYTES) return undefined
      const id = bytes.subarray(0, ID_BYTES)
      return timingSafeEqual(bytes.subarray(ID_BYTES), macOf(id)) ? idFrom('pay', id) : undefined
    },
  }
}
