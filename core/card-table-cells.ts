// The tables of cards as rows of text: what stands in a spreadsheet, and in the fields of the desk's form. server/cards/tables-csv.ts reads
// the same rows.
//
//   issuers     who it is, where it answers, the face of its cards, and its terms: instalments "3 5 6", free ones "3", the rate in percent
//               a year "15", the smallest amount "1000"; bonus "8:1216-0615 1:0716-1115" (paid in the month: purchases from-to);
//               revolving "5000" (paid each month)
//   ranges      prefix and issuer
//   merchants   account, or * for all without a row of their own; "3 5" instalments, "1216-0615" days of purchases for a bonus
import type { CardRange, Season, TakenMethods } from './card-ranges.ts'
import { decimalOf, parseAmount, unitOf } from './money.ts'
import type { TermsWire } from './plan.ts'
import { csvRow, guarded } from './price-file.ts'

export const ISSUER_COLUMNS = [
  'code', 'name', 'name_ja', 'host', 'port', 'acquirer', 'one_time_prefix', 'open', 'colour', 'ink', 'unit', 'closes_on', 'due_on',
  'instalments', 'free_instalments', 'instalment_rate', 'instalment_from', 'bonus', 'bonus_from', 'part_bonus', 'part_bonus_from',
  'revolving', 'revolving_rate', 'revolving_from',
] as const // prettier-ignore
export const RANGE_COLUMNS = ['prefix', 'issuer'] as const
export const MERCHANT_COLUMNS = [
  'merchant', 'issuer', 'number', 'category', 'lump', 'instalments', 'bonus', 'part_bonus', 'revolving',
] as const // prettier-ignore

export type IssuerColumn = (typeof ISSUER_COLUMNS)[number]
export type MerchantColumn = (typeof MERCHANT_COLUMNS)[number]
export type IssuerCells = Readonly<Record<IssuerColumn, string>>
export type RangeCells = Readonly<Record<(typeof RANGE_COLUMNS)[number], string>>
export type MerchantCells = Readonly<Record<MerchantColumn, string>>

type Issuer = Readonly<{
  code: string
  name: string
  nameJa: string
  host: string
  port: number
  acquirer: string
  oneTimePrefix: string | null
  isOpen: boolean
  colour: string
  ink: string
  terms: TermsWire
}>

/** The row of an issuer, whose terms are as they are sent. */
export function issuerCells(issuer: Issuer): IssuerCells {
  const { unit: code, closesOn, dueOn, instalments, bonus, partBonus, revolving } = issuer.terms
  const unit = unitOf(code)
  const amount = (sent: string | undefined): string => {
    const value = parseAmount(sent)
    return value === undefined || unit === undefined ? '' : decimalOf({ unit, amount: value })
  }
  return {
    code: issuer.code,
    name: guarded(issuer.name),
    name_ja: guarded(issuer.nameJa),
    host: issuer.host,
    port: String(issuer.port),
    acquirer: issuer.acquirer,
    one_time_prefix: issuer.oneTimePrefix ?? '',
    open: yesNo(issuer.isOpen),
    colour: issuer.colour,
    ink: issuer.ink,
    unit: code,
    closes_on: String(closesOn),
    due_on: String(dueOn),
    instalments: instalments?.counts.join(' ') ?? '',
    free_instalments: instalments?.freeCounts.join(' ') ?? '',
    instalment_rate: instalments === null ? '' : String(instalments.yearlyRate / 100),
    instalment_from: amount(instalments?.smallest),
    bonus: bonus?.periods.map(({ month, ...season }) => `${month}:${seasonText(season)}`).join(' ') ?? '',
    bonus_from: amount(bonus?.smallest),
    part_bonus: partBonus?.counts.join(' ') ?? '',
    part_bonus_from: amount(partBonus?.smallest),
    revolving: amount(revolving?.monthly),
    revolving_rate: revolving === null ? '' : String(revolving.yearlyRate / 100),
    revolving_from: amount(revolving?.smallest),
  }
}

type Merchant = Readonly<{
  /** as people read it; null: all without a row of their own */
  account: string | null
  issuer: string
  number: string
  category: string
  methods: TakenMethods
}>

export const merchantCells = ({ account, issuer, number, category, methods }: Merchant): MerchantCells => ({
  merchant: account ?? '*',
  issuer,
  number,
  category,
  lump: yesNo(methods.lump),
  instalments: methods.instalments.join(' '),
  bonus: methods.bonus.map(seasonText).join(' '),
  part_bonus: methods.partBonus.join(' '),
  revolving: yesNo(methods.revolving),
})

export const rangeCells = ({ prefix, issuer }: CardRange): RangeCells => ({ prefix, issuer })

/** A file of these rows, its header first; Excel reads UTF-8 only behind the mark. */
export const fileOfCells = (columns: readonly string[], rows: readonly Readonly<Record<string, string>>[]): string =>
  `\ufeff${csvRow(columns)}${rows.map((row) => csvRow(columns.map((column) => row[column] ?? ''))).join('')}`

const seasonText = ({ from, to }: Season): string => `${String(from).padStart(4, '0')}-${String(to).padStart(4, '0')}`
const yesNo = (is: boolean): string => (is ? 'yes' : 'no')
