// I8, I16: a stored answer names a deal that is there, and no version that its deal has not reached; a shop that was told "settled" can
// therefore not find less. (One answer for each id is the table's primary key.)
import type { Answer } from '#switch/store.ts'
import type { PaymentId, DealId, TerminalId } from '#core/ids.ts'
import type { Ground } from './audit.ts'
import { hexOf, pieces } from './cursor.ts'
import { offerKey, offersOf, paymentsOf } from './lookup.ts'

type Named = Readonly<{ name: string; terminal: TerminalId; deal: DealId; payment: PaymentId | null; version: number }>

export async function auditCommands(ground: Ground): Promise<void> {
  for (let bucket = 0; bucket < ground.buckets; bucket++) {
    const query = `select actor, id, answer from command where bucket = ${bucket} order by actor, id`
    for await (const piece of pieces(ground.client, query, 500)) {
      const named = piece.flatMap((row): Named[] => {
        const name = `command ${hexOf(row.id)} of ${hexOf(row.actor)}`
        if (typeof row.answer !== 'object' || row.answer === null) {
          ground.fault(`${name} has no answer`)
          return []
        }
        // Border: answers are written by the store from this very type.
        const { terminal, deal, payment, version } = row.answer as Answer
        return terminal === null || deal === null || version === null
          ? []
          : [{ name, terminal, deal, payment, version }]
      })
      const offers = await offersOf(ground.client, named)
      const payments = await paymentsOf(ground.client, [...new Set(named.flatMap(({ payment }) => payment ?? []))])
      for (const { name, terminal, deal, payment, version } of named) {
        const offer = offers.get(offerKey(terminal, deal))
        const paid = payment === null ? undefined : payments.get(payment)
        if (offer === undefined) ground.fault(`${name} was answered for ${deal}, which is not there`)
        else if (version > Math.max(offer.version, paid?.version ?? 0))
          ground.fault(`${name} was answered with version ${version} of ${deal}, which has not come so far`)
      }
      ground.count('commands', piece.length)
    }
  }
}
