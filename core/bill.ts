// The bill: lines with amounts in the unit's smallest part, its total, and the canonical bytes that an approval signs.
import { sha256, utf8 } from './bytes.ts'
import { exponentOf, MAX_AMOUNT, sum, type Unit } from './money.ts'
import type { AccountNumber } from './accounts.ts'
import type { PartyId, TerminalId } from './ids.ts'

/** What must happen before a line's money is the shop's. Lines with equal conditions share one fate: a portion. */
export type Conditions = Readonly<{
  /** the money waits until the terminal says that the goods were handed over */
  delivery: boolean
  /** seconds after approval in which the payer may take the line back; 0 for none */
  coolingOffSeconds: number
}>

export type Line = Readonly<{
  text: string
  quantity: number
  /** the whole line with tax, in the unit's smallest part */
  amount: bigint
  /** tax rate in hundredths of a percent (1000 = 10 %), null where the line carries none */
  taxRate: number | null
  /** the tax contained in `amount` */
  tax: bigint
  /** EAN/JAN or the shop's own code */
  code: string | null
  conditions: Conditions
}>

export type Bill = Readonly<{ unit: Unit; total: bigint; lines: readonly Line[] }>

/** Who asks for the money, as the payer sees and signs it. */
export type Biller = Readonly<{
  party: PartyId
  account: AccountNumber
  name: string
  legalName: string
  terminal: TerminalId
  terminalLabel: string
}>

export const NO_CONDITIONS: Conditions = { delivery: false, coolingOffSeconds: 0 }

/** The tax contained in a gross amount at `rate` hundredths of a percent, rounded down to the smallest part. */
export const taxIncluded = (amount: bigint, rate: number): bigint => (amount * BigInt(rate)) / BigInt(10_000 + rate)

/** Why a bill cannot stand, or undefined. Amounts are checked here and again by the database. */
export function faultOf(bill: Bill): 'empty' | 'total' | 'range' | undefined {
  if (bill.lines.length === 0) return 'empty'
  if (bill.total <= 0n || bill.total > MAX_AMOUNT) return 'range'
  if (bill.lines.some((line) => line.amount < 0n || line.tax < 0n || line.tax > line.amount)) return 'range'
  if (sum(bill.lines.map((line) => line.amount)) !== bill.total) return 'total'
  return undefined
}

/** Lines grouped by their conditions, in order of first appearance: the portions of the payment. */
export function fatesOf(bill: Bill): { conditions: Conditions; lines: number[]; amount: bigint }[] {
  const fates = new Map<string, { conditions: Conditions; lines: number[]; amount: bigint }>()
  bill.lines.forEach((line, index) => {
    const key = `${line.conditions.delivery} ${line.conditions.coolingOffSeconds}`
    const fate = fates.get(key) ?? { conditions: line.conditions, lines: [], amount: 0n }
    fate.lines.push(index)
    fate.amount += line.amount
    fates.set(key, fate)
  })
  return [...fates.values()]
}

/**
 * The canonical bill: a JSON array in fixed order, strings in NFC, amounts as decimal strings. Vectors: test/core-bill.test.ts.
 * Layout: ["WB1", terminal, payee party, payee account, legal name, [[unit, exponent, total]] takes, [] gives,
 * lines [text, quantity, amount, tax rate, tax, code, delivery, cooling-off seconds], [] fees, null rate].
 */
export const canonicalBill = (biller: Biller, bill: Bill): Uint8Array =>
  utf8(
    JSON.stringify([
      'WB1',
      biller.terminal,
      biller.party,
      biller.account,
      biller.legalName.normalize('NFC'),
      [[bill.unit, exponentOf(bill.unit), String(bill.total)]],
      [],
      bill.lines.map((line) => [
        line.text.normalize('NFC'),
        line.quantity,
        String(line.amount),
        line.taxRate,
        String(line.tax),
        line.code,
        line.conditions.delivery,
        line.conditions.coolingOffSeconds,
      ]),
      [],
      null,
    ]),
  )

/** SHA-256 of the canonical bill. */
export const billHash = (biller: Biller, bill: Bill): Uint8Array => sha256(canonicalBill(biller, bill))
