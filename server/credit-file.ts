// A file of credits, read at the border: rows from JSON or CSV, and for each row that is wrong its number and why.
import { isAccountNumber, parseAccountNumber, type AccountNumber } from '#core/accounts.ts'
import { cardNumbersIn } from '#core/card-number.ts'
import type { AccountStatus } from '#core/ledger.ts'
import { MAX_AMOUNT, parseAmount, parseTyped, sum, type Unit } from '#core/money.ts'
import { LIMITS } from '#protocol/limits.ts'
import type { CreditFault, OperatorCommandBody } from '#protocol/operator.ts'
import type { Credit } from '#switch/operator.ts'

export type RowFault = Readonly<{ row: number; reason: CreditFault }>
export type CreditRow = Readonly<{ row: number; account: AccountNumber; amount: bigint; text: string }>
export type CreditFile = Readonly<{ count: number; rows: readonly CreditRow[]; faults: readonly RowFault[] }>

/** No control characters, no bidirectional overrides, no line breaks: as TextPart of the protocol. */
const UNFIT = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u

/** The rows as they were sent; what can be seen without the books is seen here. */
export function readCreditFile(sent: OperatorCommandBody<'credit-file'>['rows'], unit: Unit): CreditFile {
  if (typeof sent === 'string') return readCsv(sent, unit)
  const read = sent.map(({ account, amount, text }, index) =>
    rowOf(index + 1, isAccountNumber(account) ? account : undefined, parseAmount(amount), text),
  )
  return fileOf(read)
}

/** The rows with their receivers' names, and the faults that the books show too, in order of rows. */
export function matchCredits(
  file: CreditFile,
  holders: ReadonlyMap<AccountNumber, Readonly<{ name: string; status: AccountStatus | 'unit-mismatch' }>>,
): Readonly<{ credits: readonly Credit[]; faults: readonly RowFault[] }> {
  const credits: Credit[] = []
  const faults = [...file.faults]
  for (const { row, account, amount, text } of file.rows) {
    const holder = holders.get(account)
    if (holder === undefined) faults.push({ row, reason: 'account-unknown' })
    else if (holder.status === 'closed') faults.push({ row, reason: 'account-closed' })
    else if (holder.status === 'unit-mismatch') faults.push({ row, reason: 'unit-mismatch' })
    else credits.push({ account, amount, name: holder.name, text })
  }
  if (sum(credits.map(({ amount }) => amount)) > MAX_AMOUNT) faults.push({ row: 0, reason: 'total' })
  return { credits, faults: faults.toSorted((left, right) => left.row - right.row) }
}

function rowOf(
  row: number,
  account: AccountNumber | undefined,
  amount: bigint | undefined,
  text: string,
): CreditRow | RowFault {
  if (account === undefined) return { row, reason: 'account-invalid' }
  if (amount === undefined || amount === 0n) return { row, reason: 'amount-invalid' }
  if (Array.from(text).length > LIMITS.textLength || UNFIT.test(text)) return { row, reason: 'text-invalid' }
  if (cardNumbersIn(text).length > 0) return { row, reason: 'card-number' }
  return { row, account, amount, text }
}

const fileOf = (read: readonly (CreditRow | RowFault)[]): CreditFile => ({
  count: read.length,
  rows: read.flatMap((each) => ('reason' in each ? [] : [each])),
  faults: read.flatMap((each) => ('reason' in each ? [each] : [])),
})

const wholly = (reason: CreditFault, count = 0): CreditFile => ({ count, rows: [], faults: [{ row: 0, reason }] })

/** The header says what stands where, and by its separator which one the spreadsheet uses. */
function readCsv(text: string, unit: Unit): CreditFile {
  const lines = csvLines(text.replace(/^\u{feff}/u, ''))
  const [header, ...rest] = lines
  if (header === undefined) return wholly('empty')
  const names = header.cells.map((name) => name.trim().toLowerCase())
  const at = { account: names.indexOf('account'), amount: names.indexOf('amount'), text: names.indexOf('text') }
  if (header.isBroken || at.account < 0 || at.amount < 0 || new Set(names).size !== names.length)
    return wholly('header')
  const rows = rest.filter(({ cells, isBroken }) => isBroken || cells.some((cell) => cell.trim() !== ''))
  if (rows.length === 0) return wholly('empty')
  if (rows.length > LIMITS.creditRows) return wholly('too-many-rows', rows.length)
  return fileOf(
    rows.map(({ line, cells, isBroken }) => {
      if (cells.length !== names.length) return { row: line, reason: 'columns' }
      const cell = (index: number): string => (index < 0 ? '' : (cells[index] ?? '').trim())
      const read = rowOf(line, parseAccountNumber(cell(at.account)), parseTyped(cell(at.amount), unit), cell(at.text))
      return isBroken && !('reason' in read) ? { row: line, reason: 'columns' } : read
    }),
  )
}

/** `isBroken`: a quote without its other half, or a line break between quotes: either may have swallowed the rows after it. */
type CsvLine = Readonly<{ line: number; cells: readonly string[]; isBroken: boolean }>

/** RFC 4180, with comma, semicolon or tab between the cells, and any line ends. `line` counts as a spreadsheet's rows do. */
function csvLines(text: string): CsvLine[] {
  const separator = [',', ';', '\t'].find((each) => (text.split(/\r?\n/u, 1)[0] ?? '').includes(each)) ?? ','
  const lines: CsvLine[] = []
  let cells: string[] = []
  let cell = ''
  let isQuoted = false
  let wasQuoted = false
  let isBroken = false
  const endCell = (): void => {
    cells.push(cell)
    cell = ''
    wasQuoted = false
  }
  const endLine = (): void => {
    endCell()
    lines.push({ line: lines.length + 1, cells, isBroken })
    cells = []
    isBroken = false
  }
  for (let index = 0; index < text.length; index++) {
    const symbol = text.charAt(index)
    if (isQuoted) {
      if (symbol !== '"') {
        isBroken ||= symbol === '\n' || symbol === '\r'
        cell += symbol
      } else if (text.charAt(index + 1) === '"') {
        cell += '"'
        index++
      } else {
        isQuoted = false
        wasQuoted = true
      }
    } else if (symbol === '"' && cell === '' && !wasQuoted) isQuoted = true
    else if (symbol === separator) endCell()
    else if (symbol === '\n' || (symbol === '\r' && text.charAt(index + 1) !== '\n')) endLine()
    else if (symbol !== '\r') {
      isBroken ||= wasQuoted
      cell += symbol
    }
  }
  isBroken ||= isQuoted
  if (cell !== '' || cells.length > 0 || isBroken) endLine()
  return lines
}
