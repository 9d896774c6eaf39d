// journal: bare set-based posting as the operator's bulk transfers use it, with the deposits that follow from it.
import { randomBytes } from 'node:crypto'
import type { AccountNumber } from '#core/accounts.ts'
import { idFrom } from '#core/ids.ts'
import { bucketAt, BUCKETS, openAccounts, someParty, UNIT, type Ground } from './ground.ts'
import { during, type Round } from './measure.ts'

const ACCOUNTS = 16_000
const BATCH = 500

/** Prepares payers with money; gives a round to many payees and one where all pay one payee. Rates count deposited transfers. */
export async function openJournal(
  ground: Ground,
  clients: number,
): Promise<(seconds: number, payees: 'many' | 'one') => Promise<Round>> {
  const payers = await openAccounts(ground, 0, ACCOUNTS, 1_000_000_000n)
  const payees = await openAccounts(ground, ACCOUNTS, ACCOUNTS, 0n)
  const [only] = payees
  if (only === undefined) throw new Error('there are payees')
  const byBucket = Array.from({ length: BUCKETS }, (_, bucket) =>
    payers.filter((_, index) => bucketAt(index) === bucket),
  )

  return async (seconds, which) => {
    let turn = 0
    const posting = during(seconds, clients, async () => {
      const own = byBucket[turn++ % BUCKETS] ?? []
      const transfers = Array.from({ length: BATCH }, () => ({
        debit: pick(own),
        credit: which === 'one' ? only : pick(payees),
        unit: UNIT,
        amount: BigInt(1 + Math.floor(Math.random() * 100)),
        kind: 'post' as const,
        payment: null,
        debitName: 'Shop',
        creditName: 'Person',
      }))
      const answer = await ground.hub.post({ id: idFrom('cmd', randomBytes(16)), hash: '00', transfers }, someParty())
      if (answer.refusal !== null) throw new Error(answer.refusal.code)
      return BATCH
    })
    const start = performance.now()
    const deposited = await ground.depositing(posting)
    const { latenciesMs } = await posting
    return { count: deposited, seconds: (performance.now() - start) / 1000, latenciesMs }
  }
}

function pick(accounts: readonly AccountNumber[]): AccountNumber {
  const account = accounts[Math.floor(Math.random() * accounts.length)]
  if (account === undefined) throw new Error('there are accounts')
  return account
}
