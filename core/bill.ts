// The bill: lines with amounts in the unit's smallest part, its total, and the canonical bytes that an approval signs.
import { sha256, utf8 } from './bytes.ts'
import { isRestriction } from './restrictions.ts'
import { exponentOf, MAX_AMOUNT, sum, type Unit } from './money.ts'
import type { AccountNumber } from './accounts.ts'
import type { PartyId, TerminalId } from './ids.ts'
import { ACCOUNT, type Means } from './means.ts'

/** How long the payer may take a line back: an ISO 8601 duration (P8D, P1M, PT2H) counted on the clocks of a named time zone. */
export type CoolingOff = Readonly<{ period: string; zone: string }>

/** What must happen before a line's money is the shop's. Lines with equal conditions share one fate: a portion. */
export type Conditions = Readonly<{
  /** the money waits until the terminal says that the goods were handed over */
  delivery: boolean
  coolingOff: CoolingOff | null
}>

/** Who may buy a line. Decided from verified attributes; each part that is not null must hold. */
export type Restriction = Readonly<{
  /** years, on the day of the payment in the scheme's time zone */
  minimumAge: number | null
  membership: string | null
  /** ISO 3166 code (JP) or subdivision (JP-14); a wider region holds its parts */
  region: string | null
  /** of this article (the line's code) to one person on one day */
  perDay: number | null
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
  restriction: Restriction | null
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

/** An ISO 8601 duration. Its length, and whether the zone exists, is asked of the calendar at the hub's border (core/calendar.ts). */
const PERIOD = /^P(?=.)(\d{1,4}Y)?(\d{1,4}M)?(\d{1,4}W)?(\d{1,4}D)?(T(?=.)(\d{1,5}H)?(\d{1,6}M)?(\d{1,8}S)?)?$/

export const NO_CONDITIONS: Conditions = { delivery: false, coolingOff: null }

/** The tax contained in a gross amount at `rate` hundredths of a percent, rounded down to the smallest part. */
export const taxIncluded = (amount: bigint, rate: number): bigint => (amount * BigInt(rate)) / BigInt(10_000 + rate)

/** Why a bill cannot stand, or undefined. Amounts are checked here and again by the database. */
export function faultOf(bill: Bill): 'empty' | 'total' | 'range' | 'period' | 'restriction' | undefined {
  if (bill.lines.length === 0) return 'empty'
  if (bill.total <= 0n || bill.total > MAX_AMOUNT) return 'range'
  if (bill.lines.some((line) => line.amount < 0n || line.tax < 0n || line.tax > line.amount)) return 'range'
  if (sum(bill.lines.map((line) => line.amount)) !== bill.total) return 'total'
  if (bill.lines.some(({ conditions: { coolingOff } }) => coolingOff !== null && !PERIOD.test(coolingOff.period)))
    return 'period'
  if (bill.lines.some(({ restriction, code }) => restriction !== null && !isRestriction(restriction, code)))
    return 'restriction'
  return undefined
}

/**
 * Lines grouped by their conditions, in order of first appearance: the portions of the payment. A line that can be taken back is a
 * portion of its own, so that each goes back without the others.
 */
export function fatesOf(bill: Bill): { conditions: Conditions; lines: number[]; amount: bigint }[] {
  const fates = new Map<string, { conditions: Conditions; lines: number[]; amount: bigint }>()
  bill.lines.forEach((line, index) => {
    const { delivery, coolingOff } = line.conditions
    const key = coolingOff === null ? String(delivery) : `line ${index}`
    const fate = fates.get(key) ?? { conditions: line.conditions, lines: [], amount: 0n }
    fate.lines.push(index)
    fate.amount += line.amount
    fates.set(key, fate)
  })
  return [...fates.values()]
}

/**
 * The canonical bill: a JSON array in fixed order, strings in NFC, amounts as decimal strings. Vectors: test/core-bill.test.ts.
 * Layout: ["WB2", terminal, payee party, payee account, legal name, [[unit, exponent, total]] takes, [] gives,
 * lines [text, quantity, amount, tax rate, tax, code, delivery, [period, zone] or null,
 * [minimum age, membership, region, per day] or null], [] fees, exchange]. The last is null but where the payer pays in
 * another unit: [unit, exponent, amount, price, until].
 */
export const canonicalBill = (biller: Biller, bill: Bill, means: Means = ACCOUNT): Uint8Array =>
  utf8(
    JSON.stringify([
      'WB2',
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
        line.conditions.coolingOff && [line.conditions.coolingOff.period, line.conditions.coolingOff.zone],
        line.restriction && [
          line.restriction.minimumAge,
          line.restriction.membership?.normalize('NFC') ?? null,
          line.restriction.region,
          line.restriction.perDay,
        ],
      ]),
      [],
      means.kind === 'exchange'
        ? [means.unit, exponentOf(means.unit), String(means.amount), means.price, means.until]
        : null,
    ]),
  )

/** SHA-256 of the canonical bill, as it is paid by `means`. */
export const billHash = (biller: Biller, bill: Bill, means: Means = ACCOUNT): Uint8Array =>
  sha256(canonicalBill(biller, bill, means))
