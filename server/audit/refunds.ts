// I6: refunds never exceed what was settled, go back to the payer, and each has moved its money; the payment shows those that it was told.
import { bucketOfAccount } from '#core/accounts.ts'
import { bucketOfId, type PaymentId } from '#core/ids.ts'
import { settledAmount, type Payment } from '#core/payment.ts'
import { refundFault, refundTransfers } from '#core/refund.ts'
import type { RefundRow } from '#switch/store.ts'
import { idOf, refundFrom } from '../postgres/rows.ts'
import type { Ground } from './audit.ts'
import { pieces, type Row } from './cursor.ts'
import { paymentsOf } from './lookup.ts'
import { moveOf } from './journal.ts'

export async function auditRefunds(ground: Ground): Promise<void> {
  for (let bucket = 0; bucket < ground.buckets; bucket++) {
    const given = new Map<PaymentId, Given>()
    const query = `select original, id, amount, at, told, lines, back from refund where bucket = ${bucket} order by original, id`
    for await (const piece of pieces(ground.client, query, 500)) {
      const originals = await paymentsOf(ground.client, [...new Set(piece.map(originalOf))])
      const last = originalOf(piece.at(-1) ?? {})
      for (const row of piece) judge(ground, bucket, row, originals.get(originalOf(row)), given)
      // Refunds of one payment come one after another: only the last payment of a piece can go on in the next.
      for (const [original, all] of given) {
        if (original === last) continue
        given.delete(original)
        judgeAll(ground, all)
      }
    }
    for (const all of given.values()) judgeAll(ground, all)
  }
}

type Given = Readonly<{ payment: Payment; refunds: readonly RefundRow[] }>

/** In the payer's own unit all refunds together are their share of what was paid, rounded down once; and so is each, to one part. */
function judgeAll({ fault }: Ground, { payment, refunds }: Given): void {
  const { bill, means, id } = payment
  if (means.kind !== 'exchange' || bill === null) {
    for (const refund of refunds)
      if (refund.back !== null) fault(`refund ${refund.id} of ${id} says what came back in another unit`)
    return
  }
  const shareOf = (part: bigint): bigint => (means.amount * part) / bill.total
  const sum = (of: (refund: RefundRow) => bigint): bigint => refunds.reduce((total, each) => total + of(each), 0n)
  if (sum(({ back }) => back ?? 0n) !== shareOf(sum(({ amount }) => amount)))
    fault(
      `refunds of ${id} (${refunds.map((refund) => `refund ${refund.id} of ${id}`).join(', ')}) do not sum to their share`,
    )
  for (const { id: refund, amount, back } of refunds) {
    const beyond = (back ?? 0n) - shareOf(amount)
    if (beyond < 0n || beyond > 1n) fault(`refund ${refund} of ${id} gave back another share than its own`)
  }
}

const originalOf = (row: Row): PaymentId => idOf('pay', String(row.original))

function judge(
  { pairs, fault, count, buckets }: Ground,
  bucket: number,
  row: Row,
  payment: Payment | undefined,
  given: Map<PaymentId, Given>,
): void {
  count('refunds', 1)
  const refund = refundFrom(row)
  const { original, id, amount, lines } = refund
  const name = `refund ${id} of ${original}`
  if (payment === undefined || payment.bill === null) return fault(`${name} is of no known payment`)
  if (bucketOfId(id) !== bucket) fault(`${name} lies in bucket ${bucket}, its id says otherwise`)
  if (bucketOfAccount(payment.biller.account, buckets) !== bucket) fault(`${name} is not in its merchant's bucket`)
  const earlier = given.get(original)?.refunds ?? []
  given.set(original, { payment, refunds: [...earlier, refund] })
  const total = earlier.reduce((sum, each) => sum + each.amount, amount)
  if (total > settledAmount(payment)) fault(`${name} is more than was settled: ${total} of ${settledAmount(payment)}`)
  else if (refundFault(payment, earlier, refund) !== undefined)
    fault(`${name} gives back more of a line than it settled`)
  if (lines.length > 0 && lines.reduce((sum, line) => sum + line.amount, 0n) !== amount)
    fault(`${name} is not the sum of its lines`)
  const shown = payment.refunds.find((refund) => refund.id === id)
  if (shown === undefined && row.told === true) fault(`${name} is told and its payment does not show it`)
  if (shown !== undefined) pairs.refunds.take(id, refundShown(original, refund), () => name)
  const { account } = payment.biller
  for (const transfer of refundTransfers(payment, { account, home: bucket, amount, back: refund.back }))
    pairs.moves.take(original, moveOf({ ...transfer, bucket, at: Number(row.at) }), () => name)
  return undefined
}

/** All that a refund and the payment that shows it must agree on. */
export const refundShown = (
  original: PaymentId,
  { id, amount, back, lines }: Pick<RefundRow, 'id' | 'amount' | 'back' | 'lines'>,
): string => [id, original, amount, back ?? '', ...lines.map(({ line, amount }) => `${line}:${amount}`)].join(' ')
