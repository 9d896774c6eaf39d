// A business day at the issuers: asked of the vault when the day is over, or when somebody at the desk wants to know; kept; and compared
// with the hub's own orders for the desk and for npm run reconcile.
import { dayOf } from '#core/calendar.ts'
import type { Unit } from '#core/money.ts'
import type { CardReportView } from '#protocol/card-tables.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import { dashed, spanOf } from '../days.ts'
import { every, type Loop } from '../loops.ts'
import { isOpenOf, reconcileCards, toldOf, type CardDays, type CardReport } from '../postgres/reconcile-cards.ts'
import type { Row } from '../postgres/rows.ts'
import type { VaultDesk } from './vault.ts'

export type CardReportParts = Readonly<{
  /** runs one reading statement */
  ask: (text: string, values: unknown[]) => Promise<Row[]>
  scheme: Readonly<{ unit: Unit; buckets: number; rules: Readonly<{ zone: string }> }>
  /** the hub's clock */
  now: () => number
}>

/** How often it is looked whether a day is over, and how long an issuer that gave no answer is asked again. */
const LOOK_EVERY_MS = 60_000
const AGAIN_FOR_MS = 12 * 3_600_000

/** The report of this day (YYYY-MM-DD; today where it is null); undefined where there is no such day. */
export async function cardReport(parts: CardReportParts, asked: string | null): Promise<CardReportView | undefined> {
  const { ask, scheme, now } = parts
  const { zone } = scheme.rules
  const day = asked ?? dashed(dayOf(now(), zone))
  const span = spanOf({ from: day, to: day }, zone)
  if (span?.since == null || span.until === null) return undefined
  const of = { day: numberOf(day), from: span.since, until: span.until }
  return viewOf(await reconcileCards(ask, { ...of, unit: scheme.unit, buckets: scheme.buckets }))
}

/** Asks the vault and its issuers about a day and keeps what they say. Problem: cards-unavailable. */
export async function askDay(vault: VaultDesk | null, days: CardDays, day: string): Promise<Problem | null> {
  if (vault === null || !(await vault.reconcile(day))) return problemOf('cards-unavailable')
  const report = await vault.report(day)
  if (report === undefined) return problemOf('cards-unavailable')
  await days.keep(numberOf(day), report)
  return null
}

/** How a day that is over stands; `wasOpen`: when it was asked about last, or nobody here has asked about it. */
type Standing = Readonly<{
  known: Readonly<{ issuers: CardReport['issuers'] }> | undefined
  isOpen: boolean
  wasOpen: boolean
  /** milliseconds since the day's end */
  since: number
}>

/**
 * Is a day that is over to be asked about? Once; again while an issuer has not answered, or something of the day has not ended; and once
 * more when all has.
 */
export function isToAsk({ known, isOpen, wasOpen, since }: Standing): boolean {
  if (since >= AGAIN_FOR_MS) return false
  return isOpen || wasOpen || known === undefined || known.issuers.some(({ inBalance }) => inBalance === null)
}

/** Asks about each day as long as isToAsk says so; a vault that is away is asked again. */
export function cardDayLoop(
  parts: CardReportParts & Readonly<{ vault: VaultDesk; days: CardDays; onError: (error: unknown) => void }>,
): Loop {
  const { ask, scheme, vault, days, now, onError } = parts
  // Of the day that was asked about last. Another hub, or this one before it was started, may have asked too early: so once more.
  let last: Readonly<{ day: number; isOpen: boolean }> | null = null
  return every(
    LOOK_EVERY_MS,
    async () => {
      const at = now()
      const { zone } = scheme.rules
      const today = spanOf({ from: dashed(dayOf(at, zone)), to: dashed(dayOf(at, zone)) }, zone)
      if (today?.since == null) return
      const day = dayOf(today.since - 1, zone)
      const [known, isOpen] = await Promise.all([toldOf(ask, day), isOpenOf(ask, { day, until: today.since })])
      const wasOpen = last?.day !== day || last.isOpen
      if (!isToAsk({ known, isOpen, wasOpen, since: at - today.since })) return
      if ((await askDay(vault, days, dashed(day))) === null) last = { day, isOpen }
    },
    onError,
  )
}

const numberOf = (day: string): number => Number(day.replaceAll('-', ''))

const viewOf = (report: CardReport): CardReportView => ({
  day: dashed(report.day),
  unit: report.unit,
  askedAt: report.askedAt,
  clearing: { ledger: String(report.ledger), orders: String(report.orders), vault: String(report.vault) },
  open: report.open,
  differences: report.differences.map(({ id, expected, there, ...named }) => ({
    ...named,
    order: id,
    expected: String(expected),
    there: String(there),
  })),
  issuers: [...report.issuers],
  stuck: report.stuck.map(({ id, amount, ...row }) => ({ ...row, order: id, amount: String(amount) })),
})
