// Planted bugs of what payments are paid with: quotes and exchanges. Those of orders to the bank are the clerk's (clerk.ts).
import type { Transfer } from '#core/ledger.ts'
import type { Payment } from '#core/payment.ts'
import type { Command } from '#switch/command.ts'
import { changing, rebooking } from './planting.ts'

/** The quote of the bill before stands for the new one. */
export const oldQuote = changing({
  writes: (writes, rows) => ({
    ...writes,
    payments: writes.payments.map((row) => {
      const before = rows.payments.find(({ id }) => id === row.payment.id)
      return before?.means.kind === 'exchange' && before.billVersion < row.payment.billVersion
        ? { ...row, payment: { ...row.payment, means: before.means } satisfies Payment }
        : row
    }),
  }),
})

const DAY_MS = 86_400_000

/** A rate holds as long as a quote does, however soon its own time is over. */
export async function rateOutlived(command: Command): Promise<Command> {
  if (command.name !== 'choose-means' || command.choice.kind !== 'exchange' || command.choice.rate === null)
    return command
  const { rate } = command.choice
  return { ...command, choice: { ...command.choice, rate: { ...rate, until: rate.until + DAY_MS } } }
}

const isExchange = (key: string): boolean => key.startsWith('exchange:')

/** What goes back through the exchange is rounded up. */
export const refundedMore = rebooking((transfer): readonly Transfer[] =>
  transfer.kind === 'refund' && isExchange(transfer.debit)
    ? [{ ...transfer, amount: transfer.amount + 1n }]
    : [transfer],
)

/** The payer's side of an exchange is not booked. */
export const exchangeHalf = rebooking((transfer) => (transfer.kind === 'exchange' ? [] : [transfer]))

/** A collect that nobody waits for any more stays as it is. */
export const reversalForgotten = changing({
  writes: (writes) => ({ ...writes, orders: writes.orders.filter(({ kind }) => kind !== 'reverse') }),
})
