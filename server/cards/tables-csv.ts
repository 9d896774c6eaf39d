// The tables of cards as CSV: what people keep in a spreadsheet. What is written is read again as the same; a row that is wrong is named by
// its line and why. What can be seen without the other tables is seen here (tables-check.ts sees the rest).
import { formatAccountNumber, parseAccountNumber, type AccountNumber } from '#core/accounts.ts'
import { cardNumbersIn } from '#core/card-number.ts'
import { isMonthDay, isPrefix, type CardRange, type Season, type TakenMethods } from '#core/card-ranges.ts'
import {
  fileOfCells,
  ISSUER_COLUMNS,
  issuerCells,
  MERCHANT_COLUMNS,
  merchantCells,
  RANGE_COLUMNS,
  rangeCells,
} from '#core/card-table-cells.ts'
import { LEAST_COUNT, MOST_COUNT } from '#core/method.ts'
import { parseTyped, unitOf } from '#core/money.ts'
import { parseTerms, termsWire, type PlanTerms, type TermsWire } from '#core/plan.ts'
import { guarded, textOf } from '#core/price-file.ts'
import type { TableFault, TableName } from '#protocol/card-tables.ts'
import { LIMITS } from '#protocol/limits.ts'
import { csvRows } from '../csv-rows.ts'
import type { Issuer, NamedMerchant, Tables } from '../postgres/card-tables.ts'

export type RowFault = Readonly<{ row: number; reason: TableFault }>
export type Read<Value> = Readonly<{ row: number; value: Value }>
/** A merchant as a row names it: by account, null for all without a row of their own. */
export type SentMerchant = Omit<NamedMerchant, 'merchant' | 'name'>
export type ReadRows<Value> = Readonly<{ count: number; rows: readonly Read<Value>[]; faults: readonly RowFault[] }>

type Cell = (name: string) => string

export const readIssuers = (text: string): ReadRows<Issuer> => rowsIn(text, ISSUER_COLUMNS, [], issuerOf)
export const readRanges = (text: string): ReadRows<CardRange> => rowsIn(text, RANGE_COLUMNS, [], rangeOf)
/** A `name` may stand beside the account for whoever reads the file, and means nothing. */
export const readMerchants = (text: string): ReadRows<SentMerchant> =>
  rowsIn(text, MERCHANT_COLUMNS, ['name'], merchantOf)

function rowsIn<Value extends object>(
  text: string,
  columns: readonly string[],
  optional: readonly string[],
  read: (cell: Cell) => Value | TableFault,
): ReadRows<Value> {
  const found = csvRows(text, { columns, optional, most: LIMITS.cardTableRows })
  if ('fault' in found) return { count: found.count, rows: [], faults: [{ row: 0, reason: found.fault }] }
  const rows: Read<Value>[] = []
  const faults: RowFault[] = []
  for (const { line, cell } of found.rows) {
    const value = cell === null ? 'columns' : read(cell)
    if (typeof value === 'string') faults.push({ row: line, reason: value })
    else rows.push({ row: line, value })
  }
  return { count: found.rows.length, rows, faults }
}

/** Spreadsheets take the zeros off the front of codes. */
const codeOf = (cell: string): string | undefined => (/^[0-9]{1,4}$/.test(cell) ? cell.padStart(4, '0') : undefined)

function issuerOf(cell: Cell): Issuer | TableFault {
  const code = codeOf(cell('code'))
  if (code === undefined) return 'code'
  const [name, nameJa] = [textOf(cell('name')), textOf(cell('name_ja'))]
  if (!isName(name) || !isName(nameJa)) return 'name'
  if (cardNumbersIn(name).length > 0 || cardNumbersIn(nameJa).length > 0) return 'card-number'
  const [host, port] = [cell('host'), Number(cell('port'))]
  if (!/^[0-9A-Za-z.:-]{1,253}$/.test(host) || !/^[0-9]{1,5}$/.test(cell('port')) || port < 1 || port > 65_535)
    return 'address'
  const acquirer = cell('acquirer')
  if (!/^[0-9]{1,11}$/.test(acquirer)) return 'acquirer'
  const oneTimePrefix = cell('one_time_prefix') || null
  if (oneTimePrefix !== null && !isPrefix(oneTimePrefix)) return 'one-time'
  const isOpen = yesOrNo(cell('open'))
  if (isOpen === undefined) return 'yes-no'
  const [colour, ink] = [cell('colour').toLowerCase(), cell('ink').toLowerCase()]
  if (!isColour(colour) || !isColour(ink)) return 'colour'
  const terms = termsOf(cell)
  if (terms === undefined) return 'terms'
  return { code, name, nameJa, host, port, acquirer, oneTimePrefix, isOpen, colour, ink, terms }
}

function rangeOf(cell: Cell): CardRange | TableFault {
  const [prefix, issuer] = [cell('prefix'), codeOf(cell('issuer'))]
  if (!isPrefix(prefix)) return 'prefix'
  return issuer === undefined ? 'code' : { prefix, issuer }
}

function merchantOf(cell: Cell): SentMerchant | TableFault {
  const account = cell('merchant') === '*' ? null : parseAccountNumber(cell('merchant').padStart(11, '0'))
  if (account === undefined) return 'merchant-unknown'
  const issuer = codeOf(cell('issuer'))
  if (issuer === undefined) return 'code'
  const [number, category] = [cell('number').toUpperCase(), cell('category')]
  if (!/^[0-9A-Z]{15}$/.test(number)) return 'number'
  if (!/^[0-9]{1,4}$/.test(category)) return 'category'
  const methods = methodsIn(cell)
  return methods === undefined ? 'methods' : { account, issuer, number, category: category.padStart(4, '0'), methods }
}

function methodsIn(cell: Cell): TakenMethods | undefined {
  const [lump, revolving] = [yesOrNo(cell('lump')), yesOrNo(cell('revolving'))]
  const [instalments, partBonus] = [countsIn(cell('instalments')), countsIn(cell('part_bonus'))]
  const bonus = wordsOf(cell('bonus')).map(seasonOf)
  if (lump === undefined || revolving === undefined || instalments === undefined || partBonus === undefined)
    return undefined
  const seasons = bonus.flatMap((season) => season ?? [])
  if (seasons.length < bonus.length || seasons.length > 12) return undefined
  return { lump, instalments, bonus: seasons, partBonus, revolving }
}

/** The terms through their wire form, so that core/plan.ts alone says what is right. */
function termsOf(cell: Cell): PlanTerms | undefined {
  const unit = unitOf(cell('unit').toUpperCase())
  if (unit === undefined) return undefined
  const amount = (name: string): string => String(parseTyped(cell(name) || '0', unit) ?? '')
  const counts = (name: string): number[] => countsIn(cell(name)) ?? [0]
  const periods = wordsOf(cell('bonus')).map((word) => {
    const [, month, season] = /^(\d{1,2}):(\S+)$/u.exec(word) ?? []
    return { month: Number(month), ...(seasonOf(season ?? '') ?? { from: 0, to: 0 }) }
  })
  const wire: TermsWire = {
    unit,
    closesOn: Number(cell('closes_on')),
    dueOn: Number(cell('due_on')),
    instalments:
      cell('instalments') === ''
        ? null
        : {
            counts: counts('instalments'),
            freeCounts: counts('free_instalments'),
            yearlyRate: rateOf(cell('instalment_rate')),
            smallest: amount('instalment_from'),
          },
    bonus: cell('bonus') === '' ? null : { periods, smallest: amount('bonus_from') },
    partBonus: cell('part_bonus') === '' ? null : { counts: counts('part_bonus'), smallest: amount('part_bonus_from') },
    revolving:
      cell('revolving') === ''
        ? null
        : {
            monthly: amount('revolving'),
            yearlyRate: rateOf(cell('revolving_rate')),
            smallest: amount('revolving_from'),
          },
  }
  return parseTerms(wire)
}

const isName = (text: string): boolean =>
  text !== '' &&
  Array.from(text).length <= LIMITS.nameLength &&
  !/[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u.test(text)
const isColour = (text: string): boolean => /^#[0-9a-f]{6}$/.test(text)
const wordsOf = (cell: string): string[] => cell.split(/[\s/]+/u).filter((word) => word !== '')

function yesOrNo(cell: string): boolean | undefined {
  const plain = cell.toLowerCase()
  if (['yes', 'y', '1', 'true', 'はい', '○'].includes(plain)) return true
  return ['no', 'n', '0', 'false', '', 'いいえ', '×'].includes(plain) ? false : undefined
}

function countsIn(cell: string): number[] | undefined {
  const counts = wordsOf(cell).map(Number)
  const isRight = counts.every((count) => Number.isInteger(count) && count >= LEAST_COUNT && count <= MOST_COUNT)
  return isRight && new Set(counts).size === counts.length ? counts : undefined
}

function seasonOf(word: string): Season | undefined {
  const [, from, to] = /^(\d{3,4})-(\d{3,4})$/u.exec(word) ?? []
  const season = { from: Number(from), to: Number(to) }
  return isMonthDay(season.from) && isMonthDay(season.to) ? season : undefined
}

/** Percent of a year with at most two decimals as hundredths of it; -1, which no terms have, for anything else. */
function rateOf(cell: string): number {
  const [whole, integer, decimals = ''] = /^(\d{1,2}|100)(?:\.(\d{1,2}))?%?$/u.exec(cell) ?? []
  return whole === undefined ? -1 : Number(integer) * 100 + Number(decimals.padEnd(2, '0'))
}

// ---- writing

/** A table as a file that is read again as the same. */
export function csvOf(table: TableName, tables: Tables): string {
  switch (table) {
    case 'issuers':
      return fileOfCells(
        ISSUER_COLUMNS,
        tables.issuers.map((issuer) => issuerCells(issuerWire(issuer))),
      )
    case 'ranges':
      return fileOfCells(RANGE_COLUMNS, tables.ranges.map(rangeCells))
    case 'merchants':
      return fileOfCells([...MERCHANT_COLUMNS, 'name'], tables.merchants.map(namedCells))
  }
}

const namedCells = ({ account, name, ...row }: NamedMerchant): Record<string, string> => ({
  ...merchantCells({ ...row, account: account && formatAccountNumber(account) }),
  name: guarded(name ?? ''),
})

/** An issuer as it is sent. */
export const issuerWire = ({ terms, ...issuer }: Issuer): Omit<Issuer, 'terms'> & Readonly<{ terms: TermsWire }> => ({
  ...issuer,
  terms: termsWire(terms),
})

/** What a row of a merchant is known by. */
export const merchantKey = (account: AccountNumber | null, issuer: string): string => `${account ?? '*'} ${issuer}`
