// What a change of the tables of cards would make of them: read from rows or CSV, looked at together with what is there, and named row by
// row where it does not fit. Nothing of a change that has a fault is ever set.
import { isAccountNumber, type AccountNumber } from '#core/accounts.ts'
import { prefixesTwice, touches, type CardRange } from '#core/card-ranges.ts'
import type { PartyId } from '#core/ids.ts'
import type { TableChange, TableFault, TableName } from '#protocol/card-tables.ts'
import type { Issuer, MerchantRow, Tables, TablesWrite } from '../postgres/card-tables.ts'
import { merchantKey, type Read, type ReadRows, type RowFault, type SentMerchant } from './tables-csv.ts'
import { issuerRows, merchantRows, rangeRows } from './tables-wire.ts'

type Merchants = ReadonlyMap<AccountNumber, PartyId>

/** What is told before it is set, and what the log says of it. */
export type Checked = Readonly<{
  rows: number
  added: number
  changed: number
  removed: number
  faults: readonly RowFault[]
  write: TablesWrite
  /** of the rows that change, as the log has them */
  before: Logged
  after: Logged
}>
type Logged = Readonly<{ table: TableName; version: number; rows: readonly unknown[] }>

const NO_WRITE: TablesWrite = { issuers: [], ranges: [], merchants: [], noRanges: [], noMerchants: [] }

/** Letters on a card's face are read at arm's length: WCAG's 4.5 to 1. */
const LEAST_CONTRAST = 4.5

/** The accounts that a change names, so that they can be looked up before it is looked at. */
export function accountsIn(change: TableChange): AccountNumber[] {
  if (change.table !== 'merchants') return []
  const named = [
    ...merchantRows(change.rows).rows.map(({ value }) => value.account),
    ...(change.remove ?? []).map(({ merchant }) => merchant),
  ]
  return [...new Set(named.flatMap((account) => (isAccountNumber(account) ? [account] : [])))]
}

export function checked(tables: Tables, change: TableChange, merchants: Merchants): Checked {
  switch (change.table) {
    case 'issuers':
      return checkedIssuers(tables, change.isWhole, issuerRows(change.rows))
    case 'ranges':
      return checkedRanges(tables, change, rangeRows(change.rows))
    case 'merchants':
      return checkedMerchants(tables, change, merchantRows(change.rows), merchants)
  }
}

// ---- issuers

function checkedIssuers(tables: Tables, isWhole: boolean, read: ReadRows<Issuer>): Checked {
  const faults = [...read.faults, ...twice(read.rows, ({ code }) => code)]
  const put = read.rows.map(({ value }) => value)
  const next = merged(tables.issuers, put, ({ code }) => code)
  for (const { row, value } of read.rows) {
    if (contrastOf(value.colour, value.ink) < LEAST_CONTRAST) faults.push({ row, reason: 'contrast' })
    const reason = oneTimeFault(value, next, tables.ranges)
    if (reason !== undefined) faults.push({ row, reason })
  }
  const codes = new Set(put.map(({ code }) => code))
  if (isWhole && tables.issuers.some(({ code }) => !codes.has(code))) faults.push({ row: 0, reason: 'issuer-left-out' })
  return summary('issuers', tables, {
    read,
    faults,
    write: { ...NO_WRITE, issuers: put },
    known: new Map(tables.issuers.map((issuer) => [issuer.code, issuer])),
    put: new Map(put.map((issuer) => [issuer.code, issuer])),
    gone: [],
  })
}

/** One-time numbers look like cards of the same length, and must be nobody's card: not of this issuer, not of another. */
function oneTimeFault(
  issuer: Issuer,
  issuers: readonly Issuer[],
  ranges: readonly CardRange[],
): TableFault | undefined {
  const prefix = issuer.oneTimePrefix
  if (prefix === null) return undefined
  const others = issuers.flatMap(({ code, oneTimePrefix }) =>
    code === issuer.code || oneTimePrefix === null ? [] : [{ prefix: oneTimePrefix, issuer: code }],
  )
  if (touches([...ranges, ...others], prefix)) return 'one-time-overlaps'
  const own = ranges.filter((range) => range.issuer === issuer.code)
  return own.some((range) => range.prefix.length !== prefix.length) ? 'one-time-length' : undefined
}

// ---- ranges

function checkedRanges(
  tables: Tables,
  { isWhole, remove = [] }: Extract<TableChange, { table: 'ranges' }>,
  read: ReadRows<CardRange>,
): Checked {
  const put = read.rows.map(({ value }) => value)
  const repeated = new Set(prefixesTwice(put))
  const codes = new Map(tables.issuers.map((issuer) => [issuer.code, issuer]))
  const oneTime = tables.issuers.flatMap(({ code, oneTimePrefix }) =>
    oneTimePrefix === null ? [] : [{ prefix: oneTimePrefix, issuer: code }],
  )
  const faults = [...read.faults]
  for (const { row, value } of read.rows) {
    const issuer = codes.get(value.issuer)
    if (repeated.has(value.prefix)) faults.push({ row, reason: 'twice' })
    if (issuer === undefined) faults.push({ row, reason: 'issuer-unknown' })
    else if (touches(oneTime, value.prefix)) faults.push({ row, reason: 'one-time-overlaps' })
    else if (issuer.oneTimePrefix !== null && issuer.oneTimePrefix.length !== value.prefix.length)
      faults.push({ row, reason: 'one-time-length' })
  }
  const kept = new Set(put.map(({ prefix }) => prefix))
  const gone = tables.ranges.filter(({ prefix }) => !kept.has(prefix) && (isWhole || remove.includes(prefix)))
  return summary('ranges', tables, {
    read,
    faults,
    write: { ...NO_WRITE, ranges: put, noRanges: gone.map(({ prefix }) => prefix) },
    known: new Map(tables.ranges.map((range) => [range.prefix, range])),
    put: new Map(put.map((range) => [range.prefix, range])),
    gone: gone.map(({ prefix }) => prefix),
  })
}

// ---- merchants

function checkedMerchants(
  tables: Tables,
  { isWhole, remove = [] }: Extract<TableChange, { table: 'merchants' }>,
  read: ReadRows<SentMerchant>,
  merchants: Merchants,
): Checked {
  const codes = new Set(tables.issuers.map(({ code }) => code))
  const faults = [...read.faults, ...twice(read.rows, keyOf)]
  const put: SentMerchant[] = []
  const rows: MerchantRow[] = []
  for (const { row, value } of read.rows) {
    const { account, ...rest } = value
    const merchant = account === null ? null : merchants.get(account)
    if (!codes.has(value.issuer)) faults.push({ row, reason: 'issuer-unknown' })
    else if (merchant === undefined) faults.push({ row, reason: 'merchant-unknown' })
    else {
      put.push(value)
      rows.push({ ...rest, merchant })
    }
  }
  const kept = new Set(put.map(keyOf))
  const removed = new Set(
    remove.map(({ merchant, issuer }) => merchantKey(isAccountNumber(merchant) ? merchant : null, issuer)),
  )
  const gone = tables.merchants.filter((row) => !kept.has(keyOf(row)) && (isWhole || removed.has(keyOf(row))))
  return summary('merchants', tables, {
    read,
    faults,
    write: { ...NO_WRITE, merchants: rows, noMerchants: gone.map(({ merchant, issuer }) => ({ merchant, issuer })) },
    known: new Map(
      tables.merchants.map(({ account, issuer, number, category, methods }) => [
        merchantKey(account, issuer),
        { account, issuer, number, category, methods },
      ]),
    ),
    put: new Map(put.map((row) => [keyOf(row), row])),
    gone: gone.map(keyOf),
  })
}

const keyOf = ({ account, issuer }: Pick<SentMerchant, 'account' | 'issuer'>): string => merchantKey(account, issuer)

// ---- of all three

function summary<Value>(
  table: TableName,
  { version }: Tables,
  found: Readonly<{
    read: ReadRows<unknown>
    faults: readonly RowFault[]
    write: TablesWrite
    known: ReadonlyMap<string, Value>
    put: ReadonlyMap<string, Value>
    gone: readonly string[]
  }>,
): Checked {
  const { read, faults, write, known, put, gone } = found
  const added = [...put.keys()].filter((key) => !known.has(key))
  const changed = [...put].filter(([key, value]) => known.has(key) && toJson(known.get(key)) !== toJson(value))
  const touched = [...changed.map(([key]) => key), ...gone]
  return {
    rows: read.count,
    added: added.length,
    changed: changed.length,
    removed: gone.length,
    faults: firstOfRow(faults).toSorted((left, right) => left.row - right.row),
    write,
    before: { table, version, rows: touched.flatMap((key) => known.get(key) ?? []) },
    after: {
      table,
      version: version + 1,
      rows: [...added, ...changed.map(([key]) => key)].flatMap((key) => put.get(key) ?? []),
    },
  }
}

/** A row is told one thing at a time. */
function firstOfRow(faults: readonly RowFault[]): RowFault[] {
  const told = new Map<number, RowFault>()
  for (const fault of faults) if (!told.has(fault.row)) told.set(fault.row, fault)
  return [...told.values()]
}

/** The same whatever order its fields came in. */
const toJson = (value: unknown): string =>
  JSON.stringify(value, (_key, each: unknown) => {
    if (typeof each === 'bigint') return String(each)
    return typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).toSorted(([left], [right]) => (left < right ? -1 : 1)))
      : each
  })

function twice<Value>(rows: readonly Read<Value>[], key: (value: Value) => string): RowFault[] {
  const seen = new Set<string>()
  return rows.flatMap(({ row, value }): RowFault[] => {
    const is = key(value)
    if (seen.has(is)) return [{ row, reason: 'twice' }]
    seen.add(is)
    return []
  })
}

function merged<Value>(known: readonly Value[], put: readonly Value[], key: (value: Value) => string): Value[] {
  return [...new Map([...known, ...put].map((value) => [key(value), value])).values()]
}

// ---- colours

/** WCAG 2.2: how far the luminances of two colours (#rrggbb) lie apart, 1 to 21. */
export function contrastOf(one: string, other: string): number {
  const [lighter = 0, darker = 0] = [luminanceOf(one), luminanceOf(other)].toSorted((left, right) => right - left)
  return (lighter + 0.05) / (darker + 0.05)
}

function luminanceOf(colour: string): number {
  const part = (at: number): number => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  }
  return 0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
}
