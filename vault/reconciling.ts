// A business day as this side has it, and whether the issuers have the same sums (0500). A message counts on the day that stands in it,
// whenever it is answered; what is not answered yet counts at neither side for certain, so that a day may balance later than it ends.
import { unitOf } from '#core/money.ts'
import { readAnswer } from '#issuer/answers.ts'
import { CODES } from '#issuer/elements.ts'
import { counted, NO_TOTALS, type Totals } from '#issuer/totals.ts'
import { NOW, type VaultDatabase } from './database.ts'
import type { Lines } from './lines.ts'
import type { Numbering } from './numbering.ts'
import type { Issuers } from './tables.ts'
import type { ReconcileAnswer, ReportAnswer, ReportIssuer } from './wire.ts'

const WITHIN_MS = 10_000
const REACH_MS = 1_000

export function createReconciling(
  parts: Readonly<{ database: VaultDatabase; issuers: Issuers; lines: Lines; numbering: Numbering }>,
) {
  const { database, issuers, lines, numbering } = parts

  /** Ours by issuer and unit: captures and refunds that were answered. */
  async function totalsOf(day: string): Promise<ReadonlyMap<string, ReadonlyMap<string, Totals>>> {
    const rows = await database.query<{ issuer: string; unit: string; kind: string; amount: number }>(
      "select issuer, unit, kind, amount from outgoing where day = $1 and state = 'done' and kind in ('capture', 'refund')",
      [day],
    )
    const all = new Map<string, Map<string, Totals>>()
    for (const { issuer, unit, kind, amount } of rows) {
      const units = all.get(issuer) ?? new Map<string, Totals>()
      const part = kind === 'capture' ? 'debits' : 'credits'
      units.set(unit, counted(units.get(unit) ?? NO_TOTALS, part, BigInt(amount)))
      all.set(issuer, units)
    }
    return all
  }

  /** True, false, or null where there was no answer that can be believed. */
  async function isInBalance(issuer: string, day: string, code: string, totals: Totals): Promise<boolean | null> {
    const unit = unitOf(code)
    if (unit === undefined) return null
    const { trace } = await numbering.next()
    const on = { ...trace, day: `${day.slice(5, 7)}${day.slice(8, 10)}` }
    const question = { kind: 'compare', isRepeat: false, unit, totals } as const
    const told = await lines.ask(issuer, question, on, { withinMs: WITHIN_MS, reachMs: REACH_MS })
    const answer = told.kind === 'answer' ? readAnswer(told.message) : undefined
    if (answer?.code === CODES.approved) return true
    return answer?.code === CODES.outOfBalance ? false : null
  }

  async function compare(day: string): Promise<void> {
    const all = await totalsOf(day)
    const asked = issuers.all().flatMap(({ code }) => {
      const units = all.get(code) ?? new Map<string, Totals>()
      // A day without anything is compared too: the issuer may have something.
      return units.size === 0
        ? [{ code, unit: 'JPY', totals: NO_TOTALS }]
        : [...units].map(([unit, totals]) => ({ code, unit, totals }))
    })
    await Promise.all(
      asked.map(async ({ code, unit, totals }) => {
        const said = await isInBalance(code, day, unit, totals)
        if (said === null) return
        await database.query(
          `insert into balance (day, issuer, unit, in_balance, at) values ($1, $2, $3, $4, ${NOW})
           on conflict (day, issuer, unit) do update set in_balance = excluded.in_balance, at = excluded.at`,
          [day, code, unit, said],
        )
      }),
    )
  }

  async function issuersOn(day: string): Promise<ReportIssuer[]> {
    const [all, said] = await Promise.all([
      totalsOf(day),
      database.query<{ issuer: string; in_balance: boolean }>('select issuer, in_balance from balance where day = $1', [
        day,
      ]),
    ])
    return issuers.all().map(({ code }) => {
      const balances = said.filter(({ issuer }) => issuer === code)
      return {
        issuer: code,
        ours: [...(all.get(code) ?? [])].map(([unit, totals]) => ({ unit, ...wireTotals(totals) })),
        inBalance: balances.length === 0 ? null : balances.every((each) => each.in_balance),
      }
    })
  }

  return {
    /** Asks every issuer; one that does not answer keeps what it said before, or null. */
    async reconcile(day: string): Promise<ReconcileAnswer> {
      await compare(day)
      return { day, issuers: await issuersOn(day) }
    },
    async report(day: string): Promise<ReportAnswer> {
      const rows = await database.query<ReportAnswer['rows'][number]>(
        `select id as "order", 'authorisation' as kind, unit, amount::text,
           case state when 'given-up' then 'reversed' when 'asking' then 'open' when 'waiting' then 'open' else state end as state,
           rrn, approval, issuer
         from authorisation where day = $1 and issuer is not null
         union all
         select id, kind, unit, amount::text, state, rrn, null, issuer from outgoing where day = $1 and kind <> 'end-key'
         order by "order", kind`,
        [day],
      )
      return { day, rows, issuers: await issuersOn(day) }
    },
  }
}

type WireTotals = Omit<ReportIssuer['ours'][number], 'unit'>
const wireSum = ({ count, amount }: Totals['debits']): WireTotals['debits'] => ({ count, amount: String(amount) })
const wireTotals = ({ debits, debitReversals, credits, creditReversals }: Totals): WireTotals => ({
  debits: wireSum(debits),
  debitReversals: wireSum(debitReversals),
  credits: wireSum(credits),
  creditReversals: wireSum(creditReversals),
})
