// By what a message to an issuer is known: STAN and RRN, counted in the database and so unique on their day whoever dies and begins again;
// the business day in the scheme's zone, and the time by the database's clock. Numbers are taken by the hundred: what a dead process had
// taken is left out.
import { dayOf } from '#core/calendar.ts'
import type { Trace } from '#issuer/elements.ts'
import { NOW, type VaultDatabase } from './database.ts'

/** `day`: 2026-12-03, as the trace's MMDD says it without its year */
export type Numbered = Readonly<{ day: string; trace: Omit<Trace, 'acquirer'>; at: number }>
export type Numbering = Readonly<{
  next(): Promise<Numbered>
  /** The business day at the database's present time. */
  today(): Promise<string>
}>

const BLOCK = 100
const STANS = 999_999

export function createNumbering(database: VaultDatabase, zone: string): Numbering {
  let block: { day: string; next: number; end: number } | undefined
  let taking: Promise<void> | undefined
  /** the database's clock against this machine's, measured with each block */
  let offsetMs = 0

  const now = (): number => Date.now() + offsetMs
  const dayAt = (at: number): string => {
    const day = String(dayOf(at, zone))
    return `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}`
  }

  async function take(): Promise<void> {
    const [clock] = await database.query<{ now: number }>(`select ${NOW} as now`)
    offsetMs = (clock?.now ?? Date.now()) - Date.now()
    const day = dayAt(now())
    const [row] = await database.query<{ taken: number }>(
      `insert into numbering (day, taken) values ($1, $2)
       on conflict (day) do update set taken = numbering.taken + $2 returning taken`,
      [day, BLOCK],
    )
    const end = row?.taken ?? BLOCK
    block = { day, next: end - BLOCK + 1, end }
  }

  async function next(): Promise<Numbered> {
    for (;;) {
      const at = now()
      const day = dayAt(at)
      if (block !== undefined && block.day === day && block.next <= block.end)
        return { day, at, trace: traceOf(block.next++, day, at) }
      // Those that come meanwhile wait for the same block.
      taking ??= take().finally(() => (taking = undefined))
      await taking
    }
  }

  return {
    next,
    async today() {
      if (block === undefined) await next()
      return dayAt(now())
    },
  }
}

/** RRN: the year's last digit, the day of the year, eight digits of the count. */
function traceOf(count: number, day: string, at: number): Omit<Trace, 'acquirer'> {
  const { year, dayOfYear } = Temporal.PlainDate.from(day)
  const utc = new Date(at).toISOString()
  return {
    stan: digits(((count - 1) % STANS) + 1, 6),
    rrn: `${year % 10}${digits(dayOfYear, 3)}${digits(count, 8)}`,
    at: `${utc.slice(5, 7)}${utc.slice(8, 10)}${utc.slice(11, 13)}${utc.slice(14, 16)}${utc.slice(17, 19)}`,
    day: `${day.slice(5, 7)}${day.slice(8, 10)}`,
  }
}

const digits = (value: number, length: number): string => String(value).padStart(length, '0')
