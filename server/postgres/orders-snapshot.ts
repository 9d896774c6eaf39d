// Tabs as their rows keep them: JSON whose amounts are decimal text.
import type { Portion, Share, Tab, TabLine } from '#core/tab.ts'

type Kept<Of, Names extends keyof Of> = Omit<Of, Names> & Readonly<Record<Names, string>>
type KeptTab = Omit<Tab, 'lines' | 'shares' | 'backs'> &
  Readonly<{
    lines: readonly Kept<TabLine, 'amount' | 'tax'>[]
    shares: readonly (Omit<Share, 'portions'> & Readonly<{ portions: readonly Kept<Portion, 'amount' | 'tax'>[] }>)[]
    backs: readonly Kept<Tab['backs'][number], 'amount'>[]
  }>

export const tabText = (tab: Tab): string =>
  JSON.stringify(tab, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))

/** Border: the column is written by `tabText` alone. */
export function tabFrom(snapshot: unknown): Tab {
  const kept = snapshot as KeptTab
  return {
    ...kept,
    lines: kept.lines.map(withMoney),
    shares: kept.shares.map((share) => ({ ...share, portions: share.portions.map(withMoney) })),
    backs: kept.backs.map((back) => ({ ...back, amount: BigInt(back.amount) })),
  }
}

const withMoney = <Of extends Readonly<{ amount: string; tax: string }>>({ amount, tax, ...rest }: Of) => ({
  ...rest,
  amount: BigInt(amount),
  tax: BigInt(tax),
})
