// Receipts between the wire and the rules, as protocol/bill.ts does it for bills.
import { parseId } from '#core/ids.ts'
import { parseMethod } from '#core/method.ts'
import { parseAmount, unitOf } from '#core/money.ts'
import type { Receipt } from '#core/receipt.ts'
import type { TaxRow } from '#core/taxes.ts'
import type { ReceiptWire } from './receipts.ts'

/** The receipt as the hub sends it. */
export const receiptToWire = (receipt: Receipt): ReceiptWire => ({
  ...receipt,
  total: String(receipt.total),
  lines: receipt.lines.map((line) => ({ ...line, amount: String(line.amount) })),
  taxes: taxesToWire(receipt.taxes),
  held: receipt.held.map((part) => ({ ...part, amount: String(part.amount) })),
  wentBack: String(receipt.wentBack),
  refunds: receipt.refunds.map((refund) => ({ ...refund, amount: String(refund.amount) })),
  left: String(receipt.left),
  taxesLeft: taxesToWire(receipt.taxesLeft),
})

const taxesToWire = (rows: readonly TaxRow[]): ReceiptWire['taxes'] =>
  rows.map((row) => ({ ...row, amount: String(row.amount), tax: String(row.tax) }))

/** The receipt of a view whose shape was already checked; undefined where an amount, id or unit cannot be. */
export function receiptFromWire(wire: ReceiptWire): Receipt | undefined {
  const [unit, scheme, payment] = [unitOf(wire.unit), parseId('sch', wire.scheme.id), parseId('pay', wire.payment)]
  if (unit === undefined || scheme === undefined || payment === undefined) return undefined
  const method = wire.voucher && parseMethod(wire.voucher.method)
  if (method === undefined) return undefined
  let isRight = true
  const amountOf = (text: string): bigint => {
    const amount = parseAmount(text)
    if (amount === undefined) isRight = false
    return amount ?? 0n
  }
  const taxes = (rows: ReceiptWire['taxes']): TaxRow[] =>
    rows.map((row) => ({ ...row, amount: amountOf(row.amount), tax: amountOf(row.tax) }))
  const refunds = wire.refunds.flatMap(({ payment: id, at, amount }) => {
    const refund = parseId('pay', id)
    return refund === undefined ? [] : [{ payment: refund, at, amount: amountOf(amount) }]
  })
  const receipt: Receipt = {
    ...wire,
    unit,
    payment,
    scheme: { ...wire.scheme, id: scheme },
    voucher: wire.voucher && method && { ...wire.voucher, method },
    total: amountOf(wire.total),
    lines: wire.lines.map((line) => ({ ...line, amount: amountOf(line.amount) })),
    taxes: taxes(wire.taxes),
    held: wire.held.map((part) => ({ ...part, amount: amountOf(part.amount) })),
    wentBack: amountOf(wire.wentBack),
    refunds,
    left: amountOf(wire.left),
    taxesLeft: taxes(wire.taxesLeft),
  }
  return isRight && refunds.length === wire.refunds.length ? receipt : undefined
}
