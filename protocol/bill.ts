// Bills between the wire and the rules: amounts are decimal strings there and bigint here.
import type { Static } from 'typebox'
import { faultOf, type Bill, type Line } from '#core/bill.ts'
import { parseAmount, unitOf } from '#core/money.ts'
import type { BillPart } from './parts.ts'

export type BillWire = Static<typeof BillPart>

/** Why a bill from the wire cannot stand: an unknown unit, an unreadable amount, or what core/bill.ts finds. */
export type BillFault = 'unit' | 'amount' | 'empty' | 'total' | 'range' | 'period' | 'restriction'
export type BillResult = Readonly<{ ok: true; bill: Bill }> | Readonly<{ ok: false; fault: BillFault }>

/** The bill of a message or view whose shape was already checked; amounts, unit and sum are checked here. */
export function billFromWire(wire: BillWire): BillResult {
  const unit = unitOf(wire.unit)
  if (unit === undefined) return { ok: false, fault: 'unit' }
  const total = parseAmount(wire.total)
  if (total === undefined) return { ok: false, fault: 'amount' }
  const lines: Line[] = []
  for (const line of wire.lines) {
    const amount = parseAmount(line.amount)
    const tax = parseAmount(line.tax)
    if (amount === undefined || tax === undefined) return { ok: false, fault: 'amount' }
    const { text, quantity, taxRate, code, conditions, restriction } = line
    lines.push({ text, quantity, amount, taxRate, tax, code, conditions, restriction })
  }
  const bill: Bill = { unit, total, lines }
  const fault = faultOf(bill)
  return fault === undefined ? { ok: true, bill } : { ok: false, fault }
}

/** The bill as messages and views carry it. */
export const billToWire = (bill: Bill): BillWire => ({
  unit: bill.unit,
  total: String(bill.total),
  lines: bill.lines.map((line) => ({
    text: line.text,
    quantity: line.quantity,
    amount: String(line.amount),
    taxRate: line.taxRate,
    tax: String(line.tax),
    code: line.code,
    conditions: line.conditions,
    restriction: line.restriction,
  })),
})
