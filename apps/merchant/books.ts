// What the office knows of the shop's books: asked for now and then while somebody looks, and at once after a change made here.
import { useCallback, useEffect, useState } from 'preact/hooks'
import type { Problem } from '#protocol/problems.ts'
import type { BalanceView, DealView } from '#protocol/views.ts'
import type { Client } from '#sdk/client.ts'

/** A sale is on this page within seconds; whoever needs it at once looks at the register. */
const LOOK_EVERY_MS = 4_000

export type Books = Readonly<{
  balances: readonly BalanceView[]
  sales: readonly DealView[]
  /** where older sales go on, null for no more */
  older: string | null
  isOffline: boolean
  /** why the books are not shown: nobody has signed in, or somebody who may not see them */
  closed: Problem | null
  isLoading: boolean
  /** counts the looks that found something new */
  round: number
  look: () => void
  more: () => void
}>

type Known = Pick<Books, 'balances' | 'sales' | 'older' | 'isOffline' | 'closed' | 'isLoading' | 'round'>

/** `isShut`: somebody has to sign in first; nothing is asked until then. */
export function useBooks(client: Client, isShut = false): Books {
  const [known, setKnown] = useState<Known>({
    balances: [],
    sales: [],
    older: null,
    isOffline: false,
    closed: null,
    isLoading: true,
    round: 0,
  })
  const look = useCallback(async () => {
    const [balances, sales] = await Promise.all([client.balances(), client.call('sales')])
    setKnown((before) => {
      if (!balances.ok || !sales.ok) {
        const closed = closedBy(balances.ok ? null : balances.problem) ?? closedBy(sales.ok ? null : sales.problem)
        return closed === null
          ? { ...before, isOffline: true, isLoading: false }
          : { ...before, balances: [], sales: [], older: null, closed, isOffline: false, isLoading: false }
      }
      const newest = sales.view.deals
      const kept = before.sales.filter(({ deal }) => newest.every((other) => other.deal !== deal))
      const isNew =
        JSON.stringify([balances.view.balances, newest]) !==
        JSON.stringify([before.balances, before.sales.slice(0, newest.length)])
      return {
        balances: balances.view.balances,
        sales: [...newest, ...kept],
        older: before.older ?? sales.view.next,
        isOffline: false,
        closed: null,
        isLoading: false,
        round: before.round + (isNew ? 1 : 0),
      }
    })
  }, [client])
  useEffect(() => {
    if (isShut) return undefined
    void look()
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') void look()
    }, LOOK_EVERY_MS)
    return () => clearInterval(timer)
  }, [look, isShut])
  const more = async (): Promise<void> => {
    if (known.older === null) return
    const page = await client.call('sales', { query: { before: known.older } })
    if (!page.ok) return
    setKnown((before) => ({
      ...before,
      sales: [
        ...before.sales,
        ...page.view.deals.filter(({ deal }) => before.sales.every((other) => other.deal !== deal)),
      ],
      older: page.view.next,
    }))
  }
  return { ...known, look: () => void look(), more: () => void more() }
}

/** Nos that are about who is asking; every other one is a hub that cannot be reached. */
const closedBy = (problem: Problem | null): Problem | null =>
  problem?.code === 'cashier-needed' || problem?.code === 'not-permitted' ? problem : null
