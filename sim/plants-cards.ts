// Planted bugs of what is paid by card, as far as they are the hub's own: orders, methods, and who answers for a phone. Those of the vault,
// the issuer and who carries orders to them are flags of theirs.
import type { Order } from '#core/means.ts'
import { stateOf } from '#core/payment.ts'
import type { Command } from '#switch/command.ts'
import type { Writes } from '#switch/store.ts'
import { changing } from './planting.ts'
import type { World } from './world.ts'

const withOrders = (change: (order: Order, writes: Writes) => readonly Order[]) =>
  changing({
    writes: (writes) => ({ ...writes, orders: writes.orders.flatMap((order) => change(order, writes)) }),
  })

/** What was held is claimed whole and given up whole, whatever was delivered. */
export const captureAndReleaseWhole = withOrders((order, { payments }) => {
  if (order.kind !== 'capture' && order.kind !== 'release') return [order]
  const total = payments.find(({ payment }) => payment.id === order.payment)?.payment.bill?.total
  return [{ ...order, amount: total ?? order.amount }]
})

/** A card is authorised, and what is never delivered stays so. */
export const releaseForgotten = withOrders((order) => (order.kind === 'release' ? [] : [order]))

/** What nobody waits for any more stays authorised. */
export const reversalForgotten = withOrders((order) =>
  order.via === 'card' && order.kind === 'reverse' ? [] : [order],
)

/** The whole goes back, whatever part of it was given back before. */
export const refundWhole = withOrders((order, { payments }) => {
  if (order.via !== 'card' || order.kind !== 'return') return [order]
  const total = payments.find(({ payment }) => payment.id === order.payment)?.payment.bill?.total
  return [{ ...order, amount: total ?? order.amount }]
})

/** How it is repaid is another matter once the issuer is asked. */
export const methodAfter = changing({
  writes: (writes, rows) => ({
    ...writes,
    payments: writes.payments.map((row) => {
      const { means } = row.payment
      const before = rows.payments.find(({ id }) => id === row.payment.id)
      if (before === undefined || stateOf(before) !== 'authorising' || means.kind !== 'card') return row
      return { ...row, payment: { ...row.payment, means: { ...means, method: 'instalments-12' as const } } }
    }),
  }),
})

/** Whatever phone answers is taken for the one that the user id has named. */
export async function answeredByAny(command: Command, { directory, memory }: World): Promise<Command> {
  if (command.name !== 'attest') return command
  const device = memory.contents().payments.find(({ id }) => id === command.payment)?.payer.device
  const named = device && directory.findPhone(device)
  return named ? { ...command, actor: named.actor } : command
}

/** Whoever has shown a user id once may approve by it later. */
export const userIdForEver = changing({
  rows: (rows) => ({
    ...rows,
    payments: rows.payments.map((row) =>
      row.way === 'card-id' ? { ...row, expiresAt: row.expiresAt + 3_600_000 } : row,
    ),
  }),
})
