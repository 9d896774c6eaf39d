// Planted bugs of the further ways to meet: customers' codes, purchases of two hands, registers without a network.
import type { Payment } from '#core/payment.ts'
import type { BudgetKey, Budgets } from '#switch/budgets.ts'
import type { BucketNeeds, Rows, Writes } from '#switch/store.ts'
import type { Codes } from './codes.ts'
import { around, changing, isFromPhone, masking } from './planting.ts'

/** Nobody writes down that a code was read. */
export const codeTwice = (codes: Codes): Codes => ({
  ...codes,
  take: (code, by) => codes.take(code, by) ?? codes.ownerOf(code),
})

/** Showing a code is taken for a yes. */
export const codePays = changing({
  writes: (writes, { now }) => ({
    ...writes,
    payments: writes.payments.map((row) =>
      row.previous === null && row.payment.way === 'code' ? { ...row, payment: settled(row.payment, now) } : row,
    ),
  }),
})

const settled = (payment: Payment, at: number): Payment => ({
  ...payment,
  approvedAt: at,
  portions: payment.portions.map((portion) => ({
    ...portion,
    state: { kind: 'settled', settled: portion.amount, at },
  })),
})

const withPayments = (rows: Rows, change: (payment: Payment) => Payment): Rows => ({
  ...rows,
  payments: rows.payments.map(change),
})

/** What a code has brought, any phone of the person may approve. */
export const codeAnyPhone = masking({
  when: isFromPhone,
  rows: (rows) =>
    withPayments(rows, (payment) =>
      payment.way === 'code' ? { ...payment, payer: { ...payment.payer, device: null } } : payment,
    ),
  back: (writes, rows) => ({
    ...writes,
    payments: writes.payments.map((row) => {
      const device = rows.payments.find(({ id }) => id === row.payment.id)?.payer.device
      return device === undefined
        ? row
        : { ...row, payment: { ...row.payment, payer: { ...row.payment.payer, device } } }
    }),
  }),
})

/** Codes bring as many questions as somebody likes to read. */
export const promptsUncapped = (budgets: Budgets): Budgets => {
  const capped = (keys: readonly BudgetKey[]): BudgetKey[] => keys.filter((key) => !key.startsWith('prompts:'))
  return { charge: (keys) => budgets.charge(capped(keys)), giveBack: (keys) => budgets.giveBack(capped(keys)) }
}

/** A hand-in does not see that the deal was taken by another phone's. */
export const twoPurchases = around((rows, needs, decide) => {
  if (!needs.some(isHandIn)) return decide(rows)
  const isTaken = ({ state }: Rows['offers'][number]): boolean => state.kind === 'taken' && state.signed !== null
  const writes: Writes | null = decide({ ...rows, offers: rows.offers.filter((offer) => !isTaken(offer)) })
  return (
    writes && {
      ...writes,
      offers: writes.offers.map((row) => {
        const before = rows.offers.find(
          ({ terminal, deal }) => terminal === row.offer.terminal && deal === row.offer.deal,
        )
        return { ...row, previous: before?.version ?? null }
      }),
    }
  )
})

/** A batch in which something is opened and said at once. */
const isHandIn = ({ commands, offers, terminals }: BucketNeeds): boolean =>
  commands.length > 0 && offers.length > 0 && terminals.length > 0
