// An unattended point: a sign with a fixed code, where nobody stands and no screen shows an amount. Either the sign has a price, or the
// payer types an amount within bounds, or orders from the merchant's menu: a table, a counter.
import { faultOf, NO_CONDITIONS, taxIncluded, type Bill } from './bill.ts'
import type { PointId } from './ids.ts'
import type { Unit } from './money.ts'

/**
 * `fixed`: a price · `amount`: the payer types it, from minimum to maximum (smallest part of the unit) · `order`: from the menu, paid
 * first and then made, or when the table likes
 */
export type PointPrice =
  | Readonly<{ mode: 'fixed'; amount: bigint }>
  | Readonly<{ mode: 'amount'; minimum: bigint; maximum: bigint }>
  | Readonly<{ mode: 'order'; paying: 'first' | 'end' }>

export type Point = Readonly<{
  id: PointId
  /** what the payer reads on the sign, and the terminal's label */
  label: string
  /** where it hangs */
  place: string
  /** what the bill's line says */
  text: string
  unit: Unit
  /** hundredths of a percent; null for no tax */
  taxRate: number | null
  price: PointPrice
}>

/** The price of what was sent, or undefined where it cannot stand: the bounds are above zero and in order. */
export function priceOf(sent: {
  mode: PointPrice['mode']
  amount: bigint | null
  minimum: bigint | null
  maximum: bigint | null
  paying: 'first' | 'end' | null
}): PointPrice | undefined {
  const { mode, amount, minimum, maximum, paying } = sent
  if (mode === 'order') {
    const isBare = amount === null && minimum === null && maximum === null
    return isBare && paying !== null ? { mode, paying } : undefined
  }
  if (paying !== null) return undefined
  if (mode === 'fixed') {
    return amount !== null && amount > 0n && minimum === null && maximum === null ? { mode, amount } : undefined
  }
  if (amount !== null || minimum === null || maximum === null) return undefined
  return minimum > 0n && minimum <= maximum ? { mode, minimum, maximum } : undefined
}

/** The bill at a point. `typed`: what the payer has typed, null where the sign has a price. Undefined for any other amount, and where one orders. */
export function billAt({ text, unit, taxRate, price }: Point, typed: bigint | null): Bill | undefined {
  const amount = amountAt(price, typed)
  if (amount === undefined) return undefined
  const tax = taxRate === null ? 0n : taxIncluded(amount, taxRate)
  const line = { text, quantity: 1, amount, taxRate, tax, code: null, conditions: NO_CONDITIONS, restriction: null }
  const bill: Bill = { unit, total: amount, lines: [line] }
  return faultOf(bill) === undefined ? bill : undefined
}

function amountAt(price: PointPrice, typed: bigint | null): bigint | undefined {
  if (price.mode === 'order') return undefined
  if (price.mode === 'fixed') return typed === null ? price.amount : undefined
  return typed !== null && typed >= price.minimum && typed <= price.maximum ? typed : undefined
}
