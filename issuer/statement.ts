// What a cardholder pays when, and what each merchant has sold: from the books, for a day.
import { planOf, type Plan } from '#core/plan.ts'
import type { Method } from '#core/method.ts'
import type { Authorisation, Books } from './books.ts'
import { dayNumber } from './limits.ts'

/** `part` of `parts` payments of a purchase; amounts with the fee. */
export type Line = Readonly<{
  day: string
  merchantName: string
  method: Method
  purchase: bigint
  amount: bigint
  part: number
  parts: number
  fee: bigint
}>
/** `due`: 20261227 */
export type Due = Readonly<{ due: number; total: bigint; lines: readonly Line[] }>
export type Statement = Readonly<{
  dues: readonly Due[]
  /** set aside and not taken yet */
  pending: readonly Authorisation[]
}>

/** The plan of what was taken and not given back; whole on the next statement where what is left is too little for its method. */
function planLeft({ issuer }: Books, of: Authorisation): Plan | undefined {
  const left = of.captured - of.refunded
  const day = dayNumber(of.day)
  return planOf(of.method, left, issuer.terms, day) ?? planOf('lump', left, issuer.terms, day)
}

/** Everything that is due after a day, and what is set aside. */
export function statementOf(books: Books, number: string, today: string): Statement {
  const own = [...books.authorisations.values()].filter((of) => of.number === number && of.state === 'approved')
  const byDue = new Map<number, Line[]>()
  for (const of of own) {
    const plan = planLeft(books, of)
    for (const [at, { due, amount }] of (plan?.payments ?? []).entries()) {
      if (due <= dayNumber(today)) continue
      const { day, merchantName, method } = of
      const line = { day, merchantName, method, amount, part: at + 1 }
      const whole = { purchase: of.captured - of.refunded, parts: plan?.payments.length ?? 1, fee: plan?.fee ?? 0n }
      byDue.set(due, [...(byDue.get(due) ?? []), { ...line, ...whole }])
    }
  }
  const dues = [...byDue]
    .toSorted(([left], [right]) => left - right)
    .map(([due, lines]) => ({ due, lines, total: lines.reduce((sum, { amount }) => sum + amount, 0n) }))
  return { dues, pending: own.filter((of) => !of.isSale && of.captured < of.stands) }
}

export type Sales = Readonly<{
  merchant: string
  name: string
  count: number
  sold: bigint
  givenBack: bigint
  setAside: bigint
}>

/** By merchant, in the order of their first sale. */
export function salesByMerchant({ authorisations }: Books): readonly Sales[] {
  const sales = new Map<string, Sales>()
  for (const of of authorisations.values()) {
    if (of.state !== 'approved') continue
    const before = sales.get(of.merchant)
    sales.set(of.merchant, {
      merchant: of.merchant,
      // A card machine says no name.
      name: before === undefined || before.name === '' ? of.merchantName : before.name,
      count: (before?.count ?? 0) + 1,
      sold: (before?.sold ?? 0n) + of.captured,
      givenBack: (before?.givenBack ?? 0n) + of.refunded,
      setAside: (before?.setAside ?? 0n) + of.stands - of.captured,
    })
  }
  return [...sales.values()]
}
