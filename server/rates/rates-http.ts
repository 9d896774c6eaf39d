// Exchange rates over HTTP: what everybody may read, and the desk's page. Setting them is an operator's command (setting.ts).
import type { Unit } from '#core/money.ts'
import {
  OPERATOR_RATE_ROUTES,
  RATE_ROUTES,
  SOURCE_TROUBLES,
  type RatesCheckView,
  type RatesSent,
  type RatesView,
  type RateView,
} from '#protocol/rates.ts'
import type { OperatorRouteView } from '#protocol/operator.ts'
import type { OnRoute } from '../http-callers.ts'
import { paidWith, type RateRow, type Rates } from '../postgres/rates.ts'
import { readRates } from './read.ts'
import { jumps, sourceName, type RateSource } from './source.ts'

/** Rows of the desk's page that were set last. */
const NEWEST = 50

export function serveRates(
  on: OnRoute,
  parts: Readonly<{ rates: Rates; source: RateSource | null; zone: () => string; now: () => number }>,
): void {
  const { rates, source, now } = parts

  on(RATE_ROUTES.rates, async (): Promise<RatesView> => ({ rates: bothWays(await rates.inForce()), now: now() }))

  on(OPERATOR_RATE_ROUTES.operatorRates, async (): Promise<OperatorRouteView<'operatorRates'>> => {
    const [inForce, newest, told] = await Promise.all([
      rates.inForce(),
      rates.newest(NEWEST),
      source && rates.source(sourceName(source)),
    ])
    return {
      inForce,
      newest,
      source: source && {
        name: sourceName(source),
        units: [...source.units],
        answeredAt: told?.answeredAt ?? null,
        trouble: SOURCE_TROUBLES.find((known) => known === told?.trouble) ?? null,
        keptOut: [...(told?.keptOut ?? [])],
      },
    }
  })

  on(OPERATOR_RATE_ROUTES.ratesCheck, async (request): Promise<RatesCheckView> => {
    // Border: the schema of this very route has checked the body.
    const { rows } = request.body as { rows: RatesSent }
    const read = readRates(rows, { now: now(), zone: parts.zone() })
    const far = await Promise.all(
      read.rates.map(async ({ row, from, to, price }) => {
        const last = price === null ? undefined : await rates.last(from, to)
        return price !== null && typeof last?.price === 'string' && jumps(last.price, price) ? [row] : []
      }),
    )
    return { rows: read.count, jumps: far.flat(), faults: [...read.faults] }
  })
}

/** Each pair as payers on either side get it; one that was set both ways counts each way as it was set. */
export function bothWays(set: readonly RateRow[]): RateView[] {
  const views = new Map<string, RateView | undefined>()
  const add = (row: RateRow, payers: Unit): void => {
    const key = payers === row.from ? `${row.from} ${row.to}` : `${row.to} ${row.from}`
    if (views.has(key)) return
    const rate = paidWith(row, payers)
    views.set(key, rate && { ...rate, spread: row.spread })
  }
  for (const row of set) add(row, row.from)
  for (const row of set) add(row, row.to)
  return [...views.values()].flatMap((view) => view ?? [])
}
