// Postings: transfers booked for the operator, all debits in one bucket, all or none.
import { bucketOfAccount } from '#core/accounts.ts'
import { assert } from '#core/assert.ts'
import { affords } from '#core/ledger.ts'
import { refuse } from '#core/refusals.ts'
import type { Posting } from './command.ts'
import { NOTHING, refused } from './lanes.ts'
import type { Parts } from './parts.ts'
import type { Answer, CommandKey } from './store.ts'

export function createPostings({ store, scheme, step }: Parts) {
  /** Books the transfers; the same id books once. */
  async function post(posting: Posting, actor: CommandKey['actor']): Promise<Answer> {
    const [first] = posting.transfers
    assert(first !== undefined, 'a posting has transfers')
    const bucket = bucketOfAccount(first.debit, scheme.buckets)
    const command = { actor, id: posting.id, hash: posting.hash }
    // Money to an account that does not exist could never be deposited.
    const credits = new Map(posting.transfers.map(({ credit, unit }) => [`${credit} ${unit}`, { key: credit, unit }]))
    const unknown = (await store.readMissing([...credits.values()])).length > 0
    return step({
      bucket,
      command,
      needs: { accounts: [...new Set(posting.transfers.map(({ debit }) => debit))] },
      decide(working) {
        if (unknown) return refused(refuse('account-unknown'))
        const wanted = new Map<string, bigint>()
        for (const { debit, unit, amount } of posting.transfers) {
          wanted.set(`${debit} ${unit}`, (wanted.get(`${debit} ${unit}`) ?? 0n) + amount)
        }
        for (const { debit, unit } of posting.transfers) {
          const account = working.account(debit, unit)
          if (account === undefined) return refused(refuse('account-unknown'))
          if (!affords(account, wanted.get(`${debit} ${unit}`) ?? 0n)) return refused(refuse('insufficient-funds'))
        }
        for (const transfer of posting.transfers) working.post(transfer)
        return NOTHING
      },
    })
  }

  return { post }
}
