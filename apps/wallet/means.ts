// What a bill could be paid with: the account in its own currency, another currency at the rate of the moment, a bank account. Pure.
import { unitOf } from '#core/money.ts'
import { quote } from '#core/rate.ts'
import type { CommandBody } from '#protocol/commands.ts'
import type { MeansListView } from '#protocol/means.ts'
import type { RateView } from '#protocol/rates.ts'
import type { BalanceView, MeansView, PaymentView } from '#protocol/views.ts'

/** What this phone has read of rates and bank accounts. */
export type Known = Readonly<{
  /** for which payment and currency */
  about: string
  rates: readonly RateView[]
  banks: MeansListView['means']
}>

export const NOTHING_KNOWN: Known = { about: '', rates: [], banks: [] }

export type Option =
  | Readonly<{ kind: 'account'; unit: string; has: bigint; isEnough: boolean }>
  | Readonly<{ kind: 'exchange'; unit: string; price: string; amount: bigint; has: bigint; isEnough: boolean }>
  | Readonly<{ kind: 'bank'; id: string; label: string; isEnough: true }>

export type Wanted = CommandBody<'choose-means'>['means']

type Bill = NonNullable<PaymentView['bill']>

const has = ({ balance, arriving }: BalanceView): bigint => BigInt(balance) + BigInt(arriving)

/** All that could pay this bill, whether or not there is enough: the account first, then other currencies, then banks. */
export function optionsFor(known: Known, balances: readonly BalanceView[], bill: Bill, now: number): readonly Option[] {
  const total = BigInt(bill.total)
  const open = balances.filter(({ status }) => status === 'open')
  const accounts = open.flatMap((balance): Option[] =>
    balance.unit === bill.unit
      ? [{ kind: 'account', unit: balance.unit, has: has(balance), isEnough: has(balance) >= total }]
      : [],
  )
  const exchanges = open.flatMap((balance): Option[] => {
    const rate = known.rates.find(({ from, to, until }) => from === balance.unit && to === bill.unit && until > now)
    const [from, to] = [unitOf(balance.unit), unitOf(bill.unit)]
    if (rate === undefined || from === undefined || to === undefined) return []
    const { price, until } = rate
    const amount = quote(total, { from, to, price, until })
    return [{ kind: 'exchange', unit: from, price, amount, has: has(balance), isEnough: has(balance) >= amount }]
  })
  const banks = known.banks.flatMap(({ id, label, unit, status }): Option[] =>
    unit === bill.unit && status === 'active' ? [{ kind: 'bank', id, label, isEnough: true }] : [],
  )
  return [...accounts, ...exchanges, ...banks]
}

/** The first that works. */
export const bestOf = (options: readonly Option[]): Option | undefined => options.find(({ isEnough }) => isEnough)

export function wantedOf(option: Option): Wanted {
  switch (option.kind) {
    case 'account':
      return { kind: 'account' }
    case 'exchange':
      return { kind: 'exchange', unit: option.unit }
    case 'bank':
      return { kind: 'bank', id: option.id }
  }
}

/** The same for what is chosen and for what could be. */
export function keyOf(means: MeansView | Option): string {
  if (means.kind === 'exchange') return `exchange ${means.unit}`
  return means.kind === 'bank' ? `bank ${means.id}` : 'account'
}

/** What is missing in the account that would pay now, in its smallest part; 0 when it is enough, or a bank is asked. */
export function missingNow(
  balances: readonly BalanceView[],
  { bill, means }: Pick<PaymentView, 'bill' | 'means'>,
): Readonly<{ amount: bigint; unit: string }> {
  const nothing = { amount: 0n, unit: bill?.unit ?? '' }
  if (bill === null || means.kind === 'bank') return nothing
  const due =
    means.kind === 'exchange'
      ? { amount: BigInt(means.amount), unit: means.unit }
      : { amount: BigInt(bill.total), unit: bill.unit }
  const balance = balances.find(({ unit }) => unit === due.unit)
  const missing = balance === undefined ? 0n : due.amount - has(balance)
  return missing > 0n ? { amount: missing, unit: due.unit } : nothing
}

/** Has the payer no account in the bill's currency, or less in it than the bill? */
export function isShort(balances: readonly BalanceView[], bill: Bill): boolean {
  const balance = balances.find(({ unit }) => unit === bill.unit)
  return balance === undefined || has(balance) < BigInt(bill.total)
}

/** Would somebody who looked at `before` approve something else now? A quote that was renewed at the same figures is the same. */
export function isOtherMeans(before: MeansView, now: MeansView): boolean {
  if (keyOf(before) !== keyOf(now)) return true
  if (before.kind !== 'exchange' || now.kind !== 'exchange') return false
  return before.amount !== now.amount || before.price !== now.price
}
