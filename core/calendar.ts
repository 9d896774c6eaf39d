// Days and periods on the clocks of a named time zone: when a cancellation period ends, which day and month a payment counts for.
// Calendar arithmetic is Temporal's (ECMAScript 2026); this file has no clock: every time comes as an argument.
import type { CoolingOff } from './bill.ts'

/** The longest cancellation period, in days: ten years. */
const LONGEST_DAYS = 3_660
/** A region and a place of the IANA database, or UTC: no offsets, which know no summer time. */
const ZONE = /^(UTC|[A-Za-z_]{2,20}(\/[A-Za-z0-9_+-]{2,30}){1,2})$/

/** Is this a time zone by its IANA name? */
export function isZone(zone: string): boolean {
  if (!ZONE.test(zone)) return false
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(zone)
    return true
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}

/** Is this a period (written rightly: core/bill.ts) above zero and at most ten years, in a known time zone? */
export function isCoolingOff({ period, zone }: CoolingOff): boolean {
  if (!isZone(zone)) return false
  const duration = Temporal.Duration.from(period)
  const days = duration.total({ unit: 'days', relativeTo: '2000-01-01' })
  return duration.sign > 0 && days <= LONGEST_DAYS
}

/**
 * When the period that begins at `at` is over (milliseconds since 1970). Months and days are counted on the calendar and the clock
 * on the wall stays the same, also over a change to or from summer time; a day that the month lacks becomes its last.
 */
export function coolingOffEnds({ period, zone }: CoolingOff, at: number): number {
  return Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone).add(period).epochMilliseconds
}

const QUARTER_MS = 15 * 60_000
/** The last answer: midnight comes at a full quarter of an hour wherever the offset is one, so within a quarter the day is the same. */
let last = { zone: '', quarter: -1, day: 0 }

/** The calendar day at `at` in the zone, as a number: 20261203. */
export function dayOf(at: number, zone: string): number {
  const quarter = Math.floor(at / QUARTER_MS)
  if (last.quarter === quarter && last.zone === zone) return last.day
  const { year, month, day, offsetNanoseconds } = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone)
  const number = year * 10_000 + month * 100 + day
  if ((offsetNanoseconds / 1e6) % QUARTER_MS === 0) last = { zone, quarter, day: number }
  return number
}

/** The month of such a day: 202612. */
export const monthOf = (day: number): number => Math.floor(day / 100)
