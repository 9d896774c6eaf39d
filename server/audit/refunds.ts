// I6: refunds never exceed what was settled, go back to the payer, and each has moved its money; the payment shows those that it was told.
import { bucketOfAccount } from '#core/accounts.ts'
import { bucketOfId, type PaymentId } from '#core/ids.ts'
import { settledAmount } from '#core/payment.ts'
import { refundFault, type RefundLine, type RefundWanted } from '#core/refund.ts'
import { idOf, refundFrom } from '../postgres/rows.ts'
import type { Ground } from './audit.ts'
import { pieces, type Row } from './cursor.ts'
import { paymentsOf } from './lookup.ts'
import { moveOf } from './journal.ts'

export async function auditRefunds(ground: Ground): Promise<void> {
  for (let bucket = 0; bucket < ground.buckets; bucket++) {
    const given = new Map<PaymentId, RefundWanted[]>()
    const query = `select original, id, amount, at, told, lines from refund where bucket = ${bucket} order by original, id`
    for await (const piece of pieces(ground.client, query, 500)) {
      const originals = await paymentsOf(ground.client, [...new Set(piece.map(originalOf))])
      const last = originalOf(piece.at(-1) ?? {})
      for (const row of piece) judge(ground, bucket, row, originals.get(originalOf(row)), given)
      // Refunds of one payment come one after another: only the last payment of a piece can go on in the next.
      for (const original of given.keys()) if (original !== last) given.delete(original)
    }
  }
}

const originalOf = (row: Row): PaymentId => idOf('pay', String(row.original))

function judge(
  { pairs, fault, count, buckets }: Ground,
  bucket: number,
  row: Row,
  payment: Awaited<ReturnType<typeof paymentsOf>> extends Map<PaymentId, infer Found> ? Found | undefined : never,
  given: Map<PaymentId, RefundWanted[]>,
): void {
  count('refunds', 1)
  const refund = refundFrom(row)
  const { original, id, amount, lines } = refund
  const name = `refund ${id} of ${original}`
  if (payment === undefined || payment.bill === null) return fault(`${name} is of no known payment`)
  if (bucketOfId(id) !== bucket) fault(`${name} lies in bucket ${bucket}, its id says otherwise`)
  if (bucketOfAccount(payment.biller.account, buckets) !== bucket) fault(`${name} is not in its merchant's bucket`)
  const earlier = given.get(original) ?? []
  given.set(original, [...earlier, refund])
  const total = earlier.reduce((sum, each) => sum + each.amount, amount)
  if (total > settledAmount(payment)) fault(`${name} is more than was settled: ${total} of ${settledAmount(payment)}`)
  else if (refundFault(payment, earlier, refund) !== undefined)
    fault(`${name} gives back more of a line than it settled`)
  if (lines.length > 0 && lines.reduce((sum, line) => sum + line.amount, 0n) !== amount)
    fault(`${name} is not the sum of its lines`)
  const shown = payment.refunds.find((refund) => refund.id === id)
  if (shown === undefined && row.told === true) fault(`${name} is told and its payment does not show it`)
  if (shown !== undefined) pairs.refunds.take(id, refundShown(id, original, amount, lines), () => name)
  const { payer, biller, bill } = payment
  pairs.moves.take(
    original,
    moveOf({
      bucket,
      kind: 'refund',
      debit: biller.account,
      credit: payer.account,
      unit: bill.unit,
      amount,
      payment: original,
      debitName: payer.name,
      creditName: biller.name,
      at: Number(row.at),
    }),
    () => name,
  )
  return undefined
}

/** All that a refund and the payment that shows it must agree on. */
export const refundShown = (id: PaymentId, original: PaymentId, amount: bigint, lines: readonly RefundLine[]): string =>
  [id, original, amount, ...lines.map(({ line, amount }) => `${line}:${amount}`)].join(' ')
