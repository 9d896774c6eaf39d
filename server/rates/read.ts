// Exchange rates as they are sent: rows from JSON or CSV, and for each row that is wrong its number and why.
import { unitOf, type Unit } from '#core/money.ts'
import { parsePrice } from '#core/rate.ts'
import { LIMITS } from '#protocol/limits.ts'
import type { RateFault, RatesSent } from '#protocol/rates.ts'
import { csvRows } from '../csv-rows.ts'

export type RowFault = Readonly<{ row: number; reason: RateFault }>
export type ReadRate = Readonly<{
  row: number
  from: Unit
  to: Unit
  price: string | null
  spread: number
  /** null: from now on */
  validFrom: number | null
  validUntil: number
}>
export type ReadRates = Readonly<{ count: number; rates: readonly ReadRate[]; faults: readonly RowFault[] }>

/** When it is read, and whose days are meant. */
export type When = Readonly<{ now: number; zone: string }>

/** What can be seen without the table is seen here; where there is a fault nobody may use the rates. */
export function readRates(sent: RatesSent, when: When): ReadRates {
  if (typeof sent === 'string') return readCsv(sent, when)
  return together(sent.map((each, index) => rateOf({ ...each, row: index + 1 }, when)))
}

type Cells = Readonly<{
  row: number
  from: string
  to: string
  price: string | null
  spread: number | undefined
  validFrom: number | null | undefined
  validUntil: number | undefined
}>

function rateOf({ row, price, spread, validFrom, validUntil, ...units }: Cells, { now }: When): ReadRate | RowFault {
  const [from, to] = [unitOf(units.from), unitOf(units.to)]
  if (from === undefined || to === undefined) return { row, reason: 'unit' }
  if (from === to) return { row, reason: 'same-unit' }
  if (price !== null && parsePrice(price) === undefined) return { row, reason: 'price' }
  if (spread === undefined) return { row, reason: 'spread' }
  if (validFrom === undefined || validUntil === undefined) return { row, reason: 'time' }
  const begins = validFrom ?? now
  if (begins < 0 || validUntil <= Math.max(begins, now) || validUntil > now + LIMITS.rateLifeMs)
    return { row, reason: 'time' }
  return { row, from, to, price, spread, validFrom, validUntil }
}

/** Two rates of one pair at the same time would leave it to chance which one counts. */
function together(read: readonly (ReadRate | RowFault)[]): ReadRates {
  const rates: ReadRate[] = []
  const faults: RowFault[] = []
  for (const each of read) {
    if ('reason' in each) faults.push(each)
    else if (rates.some((other) => overlap(each, other))) faults.push({ row: each.row, reason: 'overlap' })
    else rates.push(each)
  }
  return { count: read.length, rates, faults }
}

const overlap = (one: ReadRate, other: ReadRate): boolean =>
  one.from === other.from &&
  one.to === other.to &&
  (one.validFrom ?? 0) < other.validUntil &&
  (other.validFrom ?? 0) < one.validUntil

const wholly = (reason: RateFault, count = 0): ReadRates => ({ count, rates: [], faults: [{ row: 0, reason }] })

const COLUMNS = ['from', 'to', 'price', 'spread', 'valid_until']

function readCsv(text: string, when: When): ReadRates {
  const read = csvRows(text, { columns: COLUMNS, optional: ['valid_from'], most: LIMITS.rateRows })
  if ('fault' in read) return wholly(read.fault, read.count)
  return together(
    read.rows.map(({ line, cell }) => {
      if (cell === null) return { row: line, reason: 'columns' }
      return rateOf(
        {
          row: line,
          from: cell('from').toUpperCase(),
          to: cell('to').toUpperCase(),
          price: cell('price'),
          spread: basisPointsOf(cell('spread')),
          validFrom: cell('valid_from') === '' ? null : timeOf(cell('valid_from'), when.zone, 'begins'),
          validUntil: timeOf(cell('valid_until'), when.zone, 'ends'),
        },
        when,
      )
    }),
  )
}

/** "1.25", "1.25%" or "0": percent with at most two decimals. */
function basisPointsOf(text: string): number | undefined {
  const match = /^(\d{1,2})(?:\.(\d{1,2}))?\s*%?$/u.exec(text)
  return match === null ? undefined : Number(match[1]) * 100 + Number((match[2] ?? '').padEnd(2, '0'))
}

/** A moment with its offset, or a day of the scheme's calendar, which counts from its beginning and to its end. */
function timeOf(text: string, zone: string, edge: 'begins' | 'ends'): number | undefined {
  try {
    if (/^\d{4}-\d{2}-\d{2}$/u.test(text)) {
      const day = Temporal.PlainDate.from(text)
      return (edge === 'begins' ? day : day.add({ days: 1 })).toZonedDateTime(zone).epochMilliseconds
    }
    if (/^\d{4}-\d{2}-\d{2}T[\d:.]{5,12}(Z|[+-]\d{2}:\d{2})$/u.test(text))
      return Temporal.Instant.from(text).epochMilliseconds
    return undefined
  } catch (error) {
    // A day that the month does not have, an hour that the day does not.
    if (error instanceof RangeError) return undefined
    throw error
  }
}
