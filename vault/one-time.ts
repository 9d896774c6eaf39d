// One-time card numbers: made here for one purchase, used by a conventional terminal, opened by the issuer with the key that it was sent. What
// the vault keeps of one lies under a data key of its own, only as long as it may be given out again or taken away at the issuer.
import type { Method } from '#core/method.ts'
import type { Unit } from '#core/money.ts'
import { newOneTimeKey, oneTimeNumber, wrapKey, type ZoneKeys } from '#issuer/one-time.ts'
import type { HeldCard } from './cards.ts'
import type { Query, VaultDatabase } from './database.ts'
import { seal, unseal } from './key-store.ts'
import type { Question } from './lines.ts'
import type { Secrets, WrappedRow } from './secrets.ts'
import type { TableIssuer } from './wire.ts'

export type OneTimePurchase = Readonly<{
  order: string
  merchant: string
  terminal: string
  unit: Unit
  amount: bigint
  method: Method
  /** ms since 1970 */
  until: number
}>
export type OneTimeNumbers = Readonly<{
  /** The number and the question that brings its key to the issuer; undefined where the issuer has no range for such numbers. */
  make(
    card: HeldCard,
    issuer: TableIssuer,
    zone: ZoneKeys,
    purchase: OneTimePurchase,
  ): Readonly<{ number: string; question: Question }> | undefined
  /** Keeps the number in the caller's commit; what belongs into the authorisation's row. */
  keep(query: Query, order: string, number: string): Promise<Buffer>
  /** Undefined once it was forgotten. */
  numberOf(order: string): Promise<string | undefined>
  forget(query: Query, order: string): Promise<void>
}>

const keyOf = (order: string): string => `one-time:${order}`

export function createOneTimeNumbers(database: VaultDatabase, secrets: Secrets): OneTimeNumbers {
  return {
    make(card, { oneTimePrefix }, zone, purchase) {
      const { number: cardNumber } = card
      if (oneTimePrefix === null) return undefined
      const key = newOneTimeKey()
      try {
        const ranges = { prefix: cardNumber.slice(0, oneTimePrefix.length), oneTimePrefix }
        const number = oneTimeNumber(cardNumber, ranges, key, purchase)
        const { order, ...bound } = purchase
        const record = { ...bound, wrapped: wrapKey(key, zone.wrap, { number, order }) }
        return { number, question: { kind: 'put-key', isRepeat: false, number, order, record } }
      } catch (error) {
        // Too short for its prefix, or not of this range: the issuer's own cards are, other brands' may not be.
        if (error instanceof RangeError) return undefined
        throw error
      } finally {
        key.fill(0)
      }
    },
    async keep(query, order, number) {
      const key = await secrets.make(query, keyOf(order))
      const plain = Buffer.from(number, 'latin1')
      const sealed = seal(key, plain, order)
      plain.fill(0)
      key.fill(0)
      return sealed
    },
    async numberOf(order) {
      const [row] = await database.query<WrappedRow & { sealed: Buffer }>(
        `select a.sealed, k.id, k.wrapping, k.wrapped from authorisation a join wrapped_key k on k.id = $2
         where a.id = $1 and a.sealed is not null`,
        [order, keyOf(order)],
      )
      if (row === undefined) return undefined
      const key = await secrets.open(row)
      const plain = unseal(key, row.sealed, order)
      const number = plain.toString('latin1')
      plain.fill(0)
      key.fill(0)
      return number
    },
    async forget(query, order) {
      await query('update authorisation set sealed = null where id = $1', [order])
      await query('delete from wrapped_key where id = $1', [keyOf(order)])
    },
  }
}
