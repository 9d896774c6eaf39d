// A birth date as a person says it.

const OLDEST = 19_000_101

/** 20061203 for "2006-12-03", null for null; undefined for a day that does not exist, has not come, or is nobody's who lives. */
export function birthDateOf(text: string | null, today: number): number | null | undefined {
  if (text === null) return null
  try {
    const { year, month, day } = Temporal.PlainDate.from(text)
    const number = year * 10_000 + month * 100 + day
    return number >= OLDEST && number <= today ? number : undefined
  } catch (error) {
    // A day that the month does not have.
    if (error instanceof RangeError) return undefined
    throw error
  }
}
