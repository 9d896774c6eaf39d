// What a bill could be paid with: the account in its own currency, another currency at the rate of the moment, a bank account, a card. Pure.
import { unitOf } from '#core/money.ts'
import { quote } from '#core/rate.ts'
import type { CardRow } from '#protocol/cards.ts'
import type { CommandBody } from '#protocol/commands.ts'
import type { MeansListView } from '#protocol/means.ts'
import type { RateView } from '#protocol/rates.ts'
import type { BalanceView, MeansView, PaymentView } from '#protocol/views.ts'
import { NO_METHODS, type KnownMethods } from './methods.ts'

/** What this phone has read of rates, bank accounts and cards. */
export type Known = Readonly<{
  /** for which payment and currency */
  about: string
  rates: readonly RateView[]
  banks: MeansListView['means']
  cards: readonly CardRow[]
  /** there are cards, and none can be used at the moment */
  areCardsAway: boolean
  /** of the card that was looked at last: how it can be repaid here */
  methods: KnownMethods
}>

export const NOTHING_KNOWN: Known = {
  about: '',
  rates: [],
  banks: [],
  cards: [],
  areCardsAway: false,
  methods: NO_METHODS,
}

export type Option =
  | Readonly<{ kind: 'account'; unit: string; has: bigint; isEnough: boolean }>
  | Readonly<{ kind: 'exchange'; unit: string; price: string; amount: bigint; has: bigint; isEnough: boolean }>
  | Readonly<{ kind: 'bank'; id: string; label: string; isEnough: true }>
  | Readonly<{ kind: 'card'; card: CardRow; isEnough: true }>

export type Wanted = CommandBody<'choose-means'>['means']

type Bill = NonNullable<PaymentView['bill']>

const has = ({ balance, arriving }: BalanceView): bigint => BigInt(balance) + BigInt(arriving)

/** All that could pay this bill, whether or not there is enough: the account first, then other currencies, banks, cards. */
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
  const usable = known.cards.filter(({ unit, status }) => unit === bill.unit && status === 'active')
  // The one that its owner prefers comes first; the others as they were registered.
  const ordered = [...usable.filter(({ isDefault }) => isDefault), ...usable.filter(({ isDefault }) => !isDefault)]
  const cards = ordered.map((card): Option => ({ kind: 'card', card, isEnough: true }))
  return [...accounts, ...exchanges, ...banks, ...cards]
}

type WithoutQuestion = Exclude<Option, { kind: 'card' }>

/** The first that works and that the wallet may choose by itself. A card is a credit, and has a method: its owner chooses it, or it is not taken. */
export const bestOf = (options: readonly Option[]): WithoutQuestion | undefined =>
  options.find((option): option is WithoutQuestion => option.isEnough && option.kind !== 'card')

/** The card to suggest where nothing else is enough. */
export const cardToOffer = (options: readonly Option[]): CardRow | undefined => {
  const card = options.find((option) => option.kind === 'card')
  return bestOf(options) === undefined && card?.kind === 'card' ? card.card : undefined
}

export function wantedOf(option: WithoutQuestion): Wanted {
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
  switch (means.kind) {
    case 'account':
      return 'account'
    case 'exchange':
      return `exchange ${means.unit}`
    case 'bank':
      return `bank ${means.id}`
    case 'card':
      return `card ${'card' in means ? means.card.id : means.id}`
  }
}

/** What is missing in the account that would pay now, in its smallest part; 0 when it is enough, or somebody else is asked. */
export function missingNow(
  balances: readonly BalanceView[],
  { bill, means }: Pick<PaymentView, 'bill' | 'means'>,
): Readonly<{ amount: bigint; unit: string }> {
  const nothing = { amount: 0n, unit: bill?.unit ?? '' }
  if (bill === null || means.kind === 'bank' || means.kind === 'card') return nothing
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
  if (before.kind === 'card' && now.kind === 'card')
    return before.method !== now.method || before.oneTime !== now.oneTime
  if (before.kind !== 'exchange' || now.kind !== 'exchange') return false
  return before.amount !== now.amount || before.price !== now.price
}
