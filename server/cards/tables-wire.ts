// Rows of the tables of cards as they are sent (protocol/card-tables.ts), and an issuer as it is shown.
import { isAccountNumber } from '#core/accounts.ts'
import { isMonthDay, type CardRange } from '#core/card-ranges.ts'
import { parseTerms, type TermsWire } from '#core/plan.ts'
import type { IssuerWire, MerchantWire, TableChange, TableFault, TableName } from '#protocol/card-tables.ts'
import type { Issuer } from '../postgres/card-tables.ts'
import { issuerWire, readIssuers, readMerchants, readRanges, type ReadRows, type SentMerchant } from './tables-csv.ts'

function rowsOf<Sent, Value extends object>(
  sent: readonly Sent[] | string,
  readText: (text: string) => ReadRows<Value>,
  valueOf: (each: Sent) => Value | TableFault,
): ReadRows<Value> {
  if (typeof sent === 'string') return readText(sent)
  const read = sent.map((each, index) => ({ row: index + 1, value: valueOf(each) }))
  return {
    count: sent.length,
    rows: read.flatMap(({ row, value }) => (typeof value === 'string' ? [] : [{ row, value }])),
    faults: read.flatMap(({ row, value }) => (typeof value === 'string' ? [{ row, reason: value }] : [])),
  }
}

type Rows<Table extends TableName> = Extract<TableChange, { table: Table }>['rows']

export const issuerRows = (sent: Rows<'issuers'>): ReadRows<Issuer> => rowsOf(sent, readIssuers, issuerFromWire)
export const rangeRows = (sent: Rows<'ranges'>): ReadRows<CardRange> => rowsOf(sent, readRanges, (range) => range)
export const merchantRows = (sent: Rows<'merchants'>): ReadRows<SentMerchant> =>
  rowsOf(sent, readMerchants, merchantFromWire)

function issuerFromWire({ terms: sent, ...issuer }: IssuerWire): Issuer | TableFault {
  const terms = parseTerms(sent)
  const isRight = terms?.bonus?.periods.every(({ from, to }) => isMonthDay(from) && isMonthDay(to)) ?? true
  return terms === undefined || !isRight ? 'terms' : { ...issuer, terms }
}

function merchantFromWire({ merchant, ...row }: MerchantWire): SentMerchant | TableFault {
  if (merchant !== null && !isAccountNumber(merchant)) return 'merchant-unknown'
  const { instalments, partBonus, bonus } = row.methods
  const isOnce = [instalments, partBonus].every((counts) => new Set(counts).size === counts.length)
  const isRight = isOnce && bonus.every(({ from, to }) => isMonthDay(from) && isMonthDay(to))
  return isRight ? { account: merchant, ...row } : 'methods'
}

/** An issuer as a view has it, with lists that may be written to. */
export function issuerView(issuer: Issuer): IssuerWire {
  const { terms, ...shown } = issuerWire(issuer)
  return { ...shown, terms: writable(terms) }
}

/** The same with lists that may be written to, as a view's type has them. */
function writable({ instalments, bonus, partBonus, ...terms }: TermsWire): IssuerWire['terms'] {
  return {
    ...terms,
    instalments: instalments && {
      ...instalments,
      counts: [...instalments.counts],
      freeCounts: [...instalments.freeCounts],
    },
    bonus: bonus && { ...bonus, periods: bonus.periods.map((period) => ({ ...period })) },
    partBonus: partBonus && { ...partBonus, counts: [...partBonus.counts] },
  }
}
