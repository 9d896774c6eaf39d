// A store without the switch: accounts by bucket, and commits written out, for tests of the stores themselves.
import { randomBytes } from 'node:crypto'
import { accountNumber, serialInBucket, systemAccount, type AccountKey, type AccountNumber } from '#core/accounts.ts'
import { assert } from '#core/assert.ts'
import { idInBucket, type PartyId } from '#core/ids.ts'
import { faultsOf } from '#core/invariants.ts'
import type { Transfer } from '#core/ledger.ts'
import { NO_NEEDS, type Needs } from '#switch/store.ts'
import { workingRows, type Working } from '#switch/working.ts'
import { BUCKETS, JPY, type Ground } from './grounds.ts'

export type Ledger = ReturnType<typeof ledgerOn>

let serials = 1_000

export function ledgerOn(ground: Ground) {
  const { store } = ground

  /** One commit over some buckets; `act` works on the rows that were asked for. */
  async function commit(
    needs: readonly (Partial<Needs> & { bucket: number })[],
    act: (working: Working) => void,
    over = store,
  ): Promise<void> {
    await over.transact(
      needs.map((each) => ({ ...NO_NEEDS, ...each })),
      (rows) => {
        const working = workingRows(rows, { buckets: BUCKETS, zone: 'Asia/Tokyo' })
        act(working)
        return working.writes()
      },
    )
  }

  return {
    ground,
    commit,
    async account(bucket: number): Promise<{ key: AccountNumber; party: PartyId }> {
      const serial = serialInBucket(2, bucket, ++serials, BUCKETS)
      assert(serial !== undefined, 'the branch has room')
      const key = accountNumber(2, serial)
      await ground.register({ accounts: [{ key, unit: JPY }] })
      return { key, party: idInBucket('pty', bucket, randomBytes(14)) }
    },
    /** Posts transfers whose debits lie in one bucket. */
    post: (bucket: number, transfers: readonly Transfer[], over = store): Promise<void> =>
      commit(
        [{ bucket, accounts: transfers.map(({ debit }) => debit) }],
        (working) => {
          for (const each of transfers) working.post(each)
        },
        over,
      ),
    async settleDown(): Promise<void> {
      for (let bucket = 0; bucket < BUCKETS; bucket++) while ((await store.deposit(bucket)) > 0);
    },
    faults: async (): Promise<string[]> => faultsOf(await ground.books()),
  }
}

export const transfer = (
  debit: AccountKey,
  credit: AccountKey,
  amount: bigint,
  over: Partial<Transfer> = {},
): Transfer => ({
  debit,
  credit,
  unit: JPY,
  amount,
  kind: 'post',
  payment: null,
  debitName: 'Warifu',
  creditName: 'Warifu',
  ...over,
})

export const issueOf = (bucket: number): AccountKey => systemAccount('issue', bucket)
export const cashOf = (bucket: number): AccountKey => systemAccount('cash', bucket)
