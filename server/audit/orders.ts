// I33: the orders to payers' banks are those that events have wanted, and how they stand agrees with what their payments say. That
// what left clearing and came back there is what they collect and return follows: the same events tell both.
import type { Order, OrderState } from '#core/means.ts'
import { bucketOfId, type PaymentId } from '#core/ids.ts'
import { orderFaults } from '#core/invariants-means.ts'
import { keptOrderFrom } from '../postgres/rows.ts'
import type { Ground } from './audit.ts'
import { pieces } from './cursor.ts'
import { paymentsOf } from './lookup.ts'

type Kept = Order & Readonly<{ state: OrderState }>

export async function auditOrders(ground: Ground): Promise<void> {
  for (let bucket = 0; bucket < ground.buckets; bucket++) {
    let open: Kept[] = []
    const query = `select * from outside_order where bucket = ${bucket} order by payment, number`
    for await (const piece of pieces(ground.client, query, 500)) {
      const groups: Kept[][] = []
      for (const row of piece) {
        const order = keptOrderFrom(row)
        take(ground, bucket, order, row.concluded_at)
        if (open[0]?.payment !== order.payment) {
          if (open.length > 0) groups.push(open)
          open = []
        }
        open.push(order)
      }
      await judge(ground, groups)
    }
    if (open.length > 0) await judge(ground, [open])
  }
}

function take({ pairs, fault, count }: Ground, bucket: number, order: Kept, concludedAt: unknown): void {
  const name = `order ${order.number} of ${order.payment}`
  count('orders', 1)
  if (bucketOfId(order.payment) !== bucket) fault(`${name} lies in bucket ${bucket}, its payment does not`)
  if ((order.state === 'open') !== (concludedAt === null))
    fault(`${name} is over and has no end, or the other way round`)
  pairs.orders.take(order.payment, orderText(order), () => name)
}

/** All that an order and the event that wanted it must agree on. */
export const orderText = (order: Order): string => {
  const { payment, number, kind, of, via, method, oneTime, party, means, unit, amount, madeAt } = order
  return [payment, number, kind, of ?? '', via, method ?? '', oneTime, party, means, unit, amount, madeAt].join(' ')
}

async function judge({ client, fault }: Ground, groups: readonly Kept[][]): Promise<void> {
  const ids = groups.flatMap(([first]) => (first === undefined ? [] : [first.payment]))
  const payments = await paymentsOf(client, ids)
  for (const orders of groups) {
    const id: PaymentId | undefined = orders[0]?.payment
    const payment = id && payments.get(id)
    if (payment === undefined) fault(`orders of ${id} are of no known payment`)
    else for (const each of orderFaults(payment, orders)) fault(`payment ${payment.id} ${each}`)
  }
}
