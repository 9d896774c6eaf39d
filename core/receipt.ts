// The receipt of a paid bill: made of the books as they stand, signed by the scheme. It names the shop and not the payer: whoever has the
// link may see it, and Japan's simplified qualified invoice (shops, restaurants, taxis) leaves the receiver out.
//
// What it says of the money: held (set aside until delivery, or while the payer may take it back), back (taken back, not delivered, or
// refunded), left (what the payer has paid in the end). Its state:
//
//              | nothing back | some back     | all back
//  ------------+--------------+---------------+---------
//  some held   | held         | held          | –
//  none held   | paid         | part-refunded | refunded
import type { Bill } from './bill.ts'
import { utf8, type Bytes } from './bytes.ts'
import type { PaymentId, SchemeId } from './ids.ts'
import type { Method } from './method.ts'
import { exponentOf, sum, type Unit } from './money.ts'
import type { Payment } from './payment.ts'
import { NO_DETAILS, type ShopDetails } from './shop.ts'
import { isReducedRate, leftOfLines, taxRows, type TaxRow } from './taxes.ts'

export const RECEIPT_STATES = ['paid', 'held', 'part-refunded', 'refunded'] as const
/** What was paid with, as the shop may know it: of a bank account it knows nothing. */
export const MEANS = ['account', 'card'] as const

export type ReceiptLine = Readonly<{
  text: string
  quantity: number
  /** the whole line with its tax */
  amount: bigint
  taxRate: number | null
  isReduced: boolean
}>

/** Money that waits: until the goods are handed over (`until` null), or until the payer may no longer take it back. */
export type HeldPart = Readonly<{ amount: bigint; waits: 'delivery' | 'cooling-off'; until: number | null }>

/** The card's sales slip: what the issuer and the payer's statement know the purchase by. */
export type Voucher = Readonly<{
  /** issuer and last digits, never more: "Tanuki Card ···4242" */
  card: string
  method: Method
  /** the issuer's approval code */
  approval: string
  /** retrieval reference number: the authorisation's, twelve digits */
  rrn: string
}>

export type Receipt = Readonly<{
  scheme: Readonly<{ id: SchemeId; name: string }>
  payment: PaymentId
  /** the books were looked at then (milliseconds since 1970) */
  issuedAt: number
  shop: Readonly<{
    name: string
    /** null where a person asked for the money */
    legalName: string | null
    address: string | null
    phone: string | null
    invoiceNumber: string | null
    text: string | null
  }>
  /** the till's label; null where it is a person's phone */
  terminal: string | null
  cashier: string | null
  paidAt: number
  /** IANA name: receipts are dated on the scheme's clocks */
  zone: string
  state: (typeof RECEIPT_STATES)[number]
  means: (typeof MEANS)[number]
  /** null where it was not paid by card */
  voucher: Voucher | null
  unit: Unit
  total: bigint
  lines: readonly ReceiptLine[]
  taxes: readonly TaxRow[]
  held: readonly HeldPart[]
  /** taken back in time, or not handed over */
  wentBack: bigint
  refunds: readonly Readonly<{ payment: PaymentId; at: number; amount: bigint }>[]
  left: bigint
  /** of what is left; the same as `taxes` while nothing went back */
  taxesLeft: readonly TaxRow[]
}>

/** The receipt of a payment; undefined where nothing was paid, or it is not known yet. `shop`: what it said of itself when it was paid. */
export function receiptOf({
  scheme,
  payment,
  cashier,
  shop,
  zone,
  issuedAt,
}: Readonly<{
  scheme: Receipt['scheme']
  payment: Payment
  /** who opened the deal, by the name that the shop gave them */
  cashier: string | null
  shop: ShopDetails | null
  zone: string
  issuedAt: number
}>): Receipt | undefined {
  const { bill, biller, approvedAt, portions } = payment
  if (bill === null || approvedAt === null || !isPaidIn(payment)) return undefined
  const isPerson = payment.payer.knows !== null
  const details = (isPerson ? null : shop) ?? NO_DETAILS
  const lines = bill.lines.map(({ text, quantity, amount, taxRate }) => ({
    text,
    quantity,
    amount,
    taxRate,
    isReduced: isReducedRate(bill.unit, taxRate),
  }))
  const left = leftOfLines(bill.lines, portions, payment.refunds)
  return {
    scheme,
    payment: payment.id,
    issuedAt,
    shop: {
      name: biller.name,
      legalName: isPerson ? null : biller.legalName,
      address: details.address,
      phone: details.phone,
      invoiceNumber: details.invoiceNumber,
      text: details.receiptText,
    },
    terminal: isPerson ? null : biller.terminalLabel,
    cashier: details.showsCashier ? cashier : null,
    paidAt: payment.acceptedAt ?? approvedAt,
    zone,
    ...paidWith(payment),
    unit: bill.unit,
    total: bill.total,
    lines,
    taxes: taxRows(bill, details.rounding),
    ...moneyOf(payment, bill),
    taxesLeft: taxRows(bill, details.rounding, left),
  }
}

function paidWith({ means, reference }: Payment): Pick<Receipt, 'means' | 'voucher'> {
  if (means.kind !== 'card') return { means: 'account', voucher: null }
  const [approval = '', rrn = ''] = (reference ?? '').split('/')
  return { means: 'card', voucher: { card: means.label, method: means.method, approval, rrn } }
}

/** Is it paid, whatever went back since? Not while an issuer is asked. */
export const isPaidIn = ({ bill, approvedAt, portions }: Pick<Payment, 'bill' | 'approvedAt' | 'portions'>): boolean =>
  bill !== null &&
  approvedAt !== null &&
  portions.every(({ state }) => state.kind !== 'due' && state.kind !== 'authorising')

type Truth = Pick<Receipt, 'state' | 'held' | 'wentBack' | 'refunds' | 'left'>

/** Where the money is. */
function moneyOf({ portions, refunds }: Payment, { total }: Bill): Truth {
  const held = portions.flatMap(({ amount, state }): HeldPart[] => {
    if (state.kind !== 'held') return []
    if (state.delivered === null) return [{ amount, waits: 'delivery', until: null }]
    return [{ amount, waits: 'cooling-off', until: state.until }]
  })
  const wentBack = sum(
    portions.map(({ amount, state }) => {
      if (state.kind === 'ended') return amount
      return state.kind === 'settled' ? amount - state.settled : 0n
    }),
  )
  const given = refunds.map(({ id, at, refunded }) => ({ payment: id, at, amount: refunded }))
  const left = total - wentBack - sum(given.map(({ amount }) => amount))
  return { state: stateOf(held.length > 0, left, total), held, wentBack, refunds: given, left }
}

function stateOf(isHeld: boolean, left: bigint, total: bigint): Receipt['state'] {
  if (isHeld) return 'held'
  if (left === 0n) return 'refunded'
  return left < total ? 'part-refunded' : 'paid'
}

/**
 * What the scheme signs: a JSON array in fixed order, strings in NFC, amounts as decimal strings. Vectors: test/core-receipt.test.ts.
 * Layout: ["WR1", scheme, scheme's name, payment, issued at, [name, legal name, address, phone, invoice number, text], terminal, cashier,
 * paid at, zone, state, means, [unit, exponent, total], lines [text, quantity, amount, tax rate, reduced],
 * taxes [rate, reduced, amount, tax], held [amount, waits, until], went back, refunds [payment, at, amount], left, taxes left], and, where
 * it was paid by card, [card, method, approval, rrn] at the end.
 */
export function receiptText(receipt: Receipt): string {
  const { scheme, shop, unit } = receipt
  return JSON.stringify([
    'WR1',
    scheme.id,
    normal(scheme.name),
    receipt.payment,
    receipt.issuedAt,
    [shop.name, shop.legalName, shop.address, shop.phone, shop.invoiceNumber, shop.text].map(normal),
    normal(receipt.terminal),
    normal(receipt.cashier),
    receipt.paidAt,
    receipt.zone,
    receipt.state,
    receipt.means,
    [unit, exponentOf(unit), String(receipt.total)],
    receipt.lines.map(({ text, quantity, amount, taxRate, isReduced }) => [
      normal(text),
      quantity,
      String(amount),
      taxRate,
      isReduced,
    ]),
    taxesText(receipt.taxes),
    receipt.held.map(({ amount, waits, until }) => [String(amount), waits, until]),
    String(receipt.wentBack),
    receipt.refunds.map(({ payment, at, amount }) => [payment, at, String(amount)]),
    String(receipt.left),
    taxesText(receipt.taxesLeft),
    ...voucherText(receipt.voucher),
  ])
}

/** The bytes of receiptText. */
export const receiptBytes = (receipt: Receipt): Bytes => utf8(receiptText(receipt))

const normal = (text: string | null): string | null => text?.normalize('NFC') ?? null

const voucherText = (voucher: Voucher | null): unknown[] =>
  voucher === null ? [] : [[normal(voucher.card), voucher.method, voucher.approval, voucher.rrn]]

const taxesText = (rows: readonly TaxRow[]): unknown[] =>
  rows.map(({ rate, isReduced, amount, tax }) => [rate, isReduced, String(amount), String(tax)])
