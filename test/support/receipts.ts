// Receipts for tests of every route: right requests, not sent yet.
import assert from 'node:assert/strict'
import { toHex } from '#core/bytes.ts'
import { NO_DETAILS } from '#core/shop.ts'
import type { Client } from '#sdk/client.ts'
import { callReceipts } from '#sdk/receipts.ts'
import type { ValidRequest } from './identity-requests.ts'
import type { Speaker } from './raw-client.ts'

/** By path, of a payment that `phone` has made at `till`. */
export const receiptRequests = (
  till: Speaker,
  phone: Speaker,
  payment: string,
): Readonly<Record<string, ValidRequest>> => ({
  '/v1/shop': { by: till, body: { ...NO_DETAILS, invoiceNumber: 'T7000012050002', phone: '03-0000-0000' } },
  '/v1/receipt-mails': { by: phone, body: { payment, language: 'en' } },
  '/v1/receipt-prints': {
    by: till,
    body: {
      payment,
      print: toHex(new Uint8Array(16).fill(7)),
      form: 'escpos',
      paper: '58',
      language: 'ja',
      cut: true,
      drawer: false,
    },
  },
})

/** A receipt is read by who paid, and printed by who was paid. */
export async function aReceipt(till: Client, phone: Client, payment: string): Promise<void> {
  assert.ok((await callReceipts(phone, 'receipt', { params: { payment } })).ok)
  const print = toHex(crypto.getRandomValues(new Uint8Array(16)))
  const body = { payment, print, form: 'page', paper: 'A4', language: 'en', cut: false, drawer: false } as const
  assert.ok((await callReceipts(till, 'printReceipt', { body })).ok)
}
