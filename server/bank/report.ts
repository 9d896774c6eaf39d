// The report of a business day at the bank: for the desk, and for npm run reconcile.
import { dayOf } from '#core/calendar.ts'
import type { Unit } from '#core/money.ts'
import type { BankReportView } from '#protocol/bank-report.ts'
import { OPERATOR_ROUTES } from '#protocol/operator.ts'
import { problemOf } from '#protocol/problems.ts'
import { dashed, spanOf } from '../days.ts'
import type { OnRoute } from '../http-callers.ts'
import { reconcile, type Report } from '../postgres/reconcile.ts'
import type { Row } from '../postgres/rows.ts'

export type ReportParts = Readonly<{
  /** runs one reading statement */
  ask: (text: string, values: unknown[]) => Promise<Row[]>
  scheme: Readonly<{ unit: Unit; buckets: number; rules: Readonly<{ zone: string }> }>
  isConnected: boolean
  /** the hub's clock */
  now: () => number
}>

export function serveBankReport(on: OnRoute, parts: ReportParts): void {
  on(OPERATOR_ROUTES.operatorBank, async (request) => {
    // Border: the schema of the route has checked the query.
    const { day } = request.query as { day?: string }
    return (await bankReport(parts, day ?? null)) ?? problemOf('day-invalid', { field: 'day' })
  })
}

/** The report of this day (YYYY-MM-DD; today where it is null); undefined where there is no such day. */
export async function bankReport(parts: ReportParts, asked: string | null): Promise<BankReportView | undefined> {
  const { ask, scheme, isConnected, now } = parts
  const { zone } = scheme.rules
  const day = asked ?? dashed(dayOf(now(), zone))
  const span = spanOf({ from: day, to: day }, zone)
  if (span?.since == null || span.until === null) return undefined
  const of = { day: Number(day.replaceAll('-', '')), from: span.since, until: span.until }
  const report = await reconcile(ask, { ...of, unit: scheme.unit, buckets: scheme.buckets })
  return { isConnected, ...viewOf(report) }
}

const viewOf = (report: Report): Omit<BankReportView, 'isConnected'> => ({
  day: dashed(report.day),
  unit: report.unit,
  clearing: {
    ledger: String(report.clearing),
    orders: String(report.orders),
    bank: String(report.bank),
    trusted: String(report.trusted),
  },
  open: report.open,
  differences: report.differences.map(({ kind, id, expected, booked }) => ({
    kind,
    order: id,
    expected: String(expected),
    booked: String(booked),
  })),
  unpaid: report.unpaid.map(({ amount, ...row }) => ({ ...row, amount: String(amount) })),
  stuck: report.stuck.map(({ id, amount, ...row }) => ({ ...row, order: id, amount: String(amount) })),
  wrongFiles: report.wrongFiles.map(({ id, trouble }) => ({ file: id, trouble })),
})
