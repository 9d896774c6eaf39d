// The desk's page of cards over HTTP: the tables with the health of the vault, a table as a file, what a change would do, a day's report.
import { overlapsOf } from '#core/card-ranges.ts'
import {
  OPERATOR_CARD_ROUTES,
  type CardReportView,
  type CardTablesView,
  type TableChange,
  type TableName,
  type TablesCheckView,
} from '#protocol/card-tables.ts'
import { problemOf, type Problem } from '#protocol/problems.ts'
import type { OnRoute } from '../http-callers.ts'
import type { CardDays } from '../postgres/reconcile-cards.ts'
import { askDay, cardReport, type CardReportParts } from './report.ts'
import { csvOf } from './tables-csv.ts'
import { accountsIn, checked } from './tables-check.ts'
import { issuerView } from './tables-wire.ts'
import type { CardTables } from './tables.ts'
import type { VaultDesk } from './vault.ts'

/** Alarms on the page; older ones are in the operator's log. */
const SHOWN_ALARMS = 50

export function serveCardDesk(
  on: OnRoute,
  parts: CardReportParts & Readonly<{ tables: Pick<CardTables, 'rows'>; vault: VaultDesk | null; days: CardDays }>,
): void {
  const { tables, vault, days } = parts

  on(OPERATOR_CARD_ROUTES.operatorCardTables, async (): Promise<CardTablesView> => {
    const [now, health, alarms] = await Promise.all([tables.rows.load(), vault?.health(), newestAlarms()])
    return {
      version: now.version,
      changedAt: now.changedAt,
      issuers: now.issuers.map(issuerView),
      ranges: [...now.ranges],
      overlaps: [...overlapsOf(now.ranges)],
      merchants: now.merchants.map(({ account, name, issuer, number, category, methods }) => ({
        merchant: account,
        name,
        issuer,
        number,
        category,
        methods: {
          ...methods,
          instalments: [...methods.instalments],
          bonus: [...methods.bonus],
          partBonus: [...methods.partBonus],
        },
      })),
      vault: {
        state: vault === null ? 'none' : (health?.state ?? 'away'),
        tables: health?.tables ?? null,
        issuers: health?.issuers ?? [],
      },
      alarms,
    }
  })

  async function newestAlarms(): Promise<CardTablesView['alarms']> {
    const seen = (await parts.ask('select seen from card_alarm_mark', []))[0]?.seen
    const alarms = await vault?.alarms(Math.max(0, Number(seen ?? 0) - SHOWN_ALARMS))
    return (alarms ?? []).toReversed()
  }

  on(OPERATOR_CARD_ROUTES.operatorCardFile, async (request) => {
    // Border, here and below: the schema of this very route has checked what was asked.
    const { table = 'issuers' } = request.query as { table?: TableName }
    return { name: `card-${table}.csv`, csv: csvOf(table, await tables.rows.load()) }
  })

  on(OPERATOR_CARD_ROUTES.cardTablesCheck, async (request): Promise<TablesCheckView> => {
    const { change } = request.body as { change: TableChange }
    const merchants = await tables.rows.merchantsBy(accountsIn(change))
    const { rows, added, changed, removed, faults } = checked(await tables.rows.load(), change, merchants)
    return { rows, added, changed, removed, faults: [...faults] }
  })

  on(OPERATOR_CARD_ROUTES.operatorCardReport, (request) => {
    const { day } = request.query as { day?: string }
    return reportOf(day ?? null)
  })

  on(OPERATOR_CARD_ROUTES.reconcileCards, async (request) => {
    const { day } = request.body as { day: string }
    const before = await reportOf(day)
    if ('status' in before) return before
    return (await askDay(vault, days, day)) ?? reportOf(day)
  })

  const reportOf = async (day: string | null): Promise<CardReportView | Problem> =>
    (await cardReport(parts, day)) ?? problemOf('day-invalid', { field: 'day' })
}
