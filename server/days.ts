// Days as people ask for them (YYYY-MM-DD on the scheme's calendar) as times.

/** Milliseconds since 1970: from the beginning of the first day to the end of the last; null for no such end. */
export type Span = Readonly<{ since: number | null; until: number | null; days: number | null }>

/** The span of these days in the zone; undefined when a day does not exist or the first comes after the last. */
export function spanOf(days: Readonly<{ from?: string; to?: string }>, zone: string): Span | undefined {
  const from = days.from === undefined ? null : dateOf(days.from)
  const to = days.to === undefined ? null : dateOf(days.to)
  if (from === undefined || to === undefined) return undefined
  const between = from && to && from.until(to, { largestUnit: 'days' }).days
  if (between !== null && between < 0) return undefined
  return {
    since: from && from.toZonedDateTime(zone).epochMilliseconds,
    until: to && to.add({ days: 1 }).toZonedDateTime(zone).epochMilliseconds,
    days: between === null ? null : between + 1,
  }
}

function dateOf(text: string): Temporal.PlainDate | undefined {
  try {
    return Temporal.PlainDate.from(text)
  } catch (error) {
    // A day that the month does not have.
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/** A day as core/calendar.ts numbers it, 20261203, as 2026-12-03. */
export function dashed(day: number): string {
  const text = String(day)
  return `${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6)}`
}
