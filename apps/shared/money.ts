// Amounts of the wire (decimal-integer strings in the unit's smallest part) as screens show and say them.
import { formatAmount, formatParts, unitOf, type AmountParts } from '#core/money.ts'
import type { Locale } from '#ui/i18n.ts'

/** An amount in pieces for the kit's Amount. `signed` puts a plus before what comes in. */
export function amountParts(
  amount: string | bigint,
  unit: string,
  locale: Locale,
  signed: 'signed' | 'plain' = 'plain',
): AmountParts {
  const known = unitOf(unit)
  const minor = BigInt(amount)
  if (known === undefined) return { sign: '', digits: String(amount), symbol: unit, symbolFirst: false }
  const parts = formatParts({ unit: known, amount: minor }, locale)
  // A typographic minus is as wide as the plus, so columns of both stay straight.
  const sign = minor < 0n ? '−' : signed === 'signed' && minor > 0n ? '+' : ''
  return { ...parts, sign }
}

/** "¥1,280" / 「1,280円」, for sentences. A unit that is not known here stands beside its plain number. */
export function amountText(amount: string | bigint, unit: string, locale: Locale): string {
  const known = unitOf(unit)
  return known === undefined ? `${amount} ${unit}` : formatAmount({ unit: known, amount: BigInt(amount) }, locale)
}

/** "10 %" of a tax rate in hundredths of a percent. */
export function rateText(taxRate: number, locale: Locale): string {
  const percent = new Intl.NumberFormat(locale, { maximumFractionDigits: 2 }).format(taxRate / 100)
  return `${percent}%`
}

/** "001-1234567-4" of an account number's eleven digits. */
export const formatAccount = (account: string): string =>
  account.length === 11 ? `${account.slice(0, 3)}-${account.slice(3, 10)}-${account.slice(10)}` : account
