// Why each transfer takes its number from its bucket's head row, under the lock: with a PostgreSQL sequence in its place a slow
// transaction commits behind the depositor's mark, and its money is lost. The same schedule runs on both; only the plant loses.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Store } from '#switch/store.ts'
import { postgresGround } from './support/grounds.ts'
import { issueOf, ledgerOn, transfer } from './support/ledger.ts'
import { withClient } from './support/postgres.ts'

const SOURCE = 3
const DESTINATION = 9

type Gate = Readonly<{ opened: Promise<void>; open: () => void }>
function gate(): Gate {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { opened: promise, open: resolve }
}

for (const planted of [true, false]) {
  const title = planted
    ? 'a planted PostgreSQL sequence loses money, and the checker of the books finds it'
    : 'numbers taken from the head row under its lock lose nothing on the same schedule'
  test(title, async () => {
    const ground = await postgresGround()
    try {
      const { account, post, faults } = ledgerOn(ground)
      const { database, store } = ground
      await withClient(ground.settings, (client) =>
        client.query('create sequence planted; grant usage on sequence planted to public'),
      )

      /** A hub that has its number in hand (or not) and is then slow until the gate opens. */
      const hub = (numbered: () => void, slow: Promise<void>): Store => ({
        ...store,
        async transact(needs, decide) {
          const { rows } = planted
            ? await database.reads.query<{ next: string }>("select nextval('planted') as next")
            : { rows: [] }
          const next = rows[0]?.next
          numbered()
          await slow
          await store.transact(needs, (loaded) => {
            if (next === undefined) return decide(loaded)
            const heads = [...loaded.heads].map(
              ([bucket, head]) => [bucket, { ...head, sequence: BigInt(next) - 1n }] as const,
            )
            return decide({ ...loaded, heads: new Map(heads) })
          })
        },
      })

      await account(SOURCE)
      const payee = await account(DESTINATION)
      const inHand = gate()
      const goOn = gate()
      const slow = post(SOURCE, [transfer(issueOf(SOURCE), payee.key, 700n)], hub(inHand.open, goOn.opened))
      await inHand.opened
      await post(
        SOURCE,
        [transfer(issueOf(SOURCE), payee.key, 30n)],
        hub(() => {}, Promise.resolve()),
      )
      assert.equal(await store.deposit(DESTINATION), 1)
      goOn.open()
      await slow
      assert.equal(await store.deposit(DESTINATION), planted ? 0 : 1, 'the depositor has passed the slow one')

      const [balance] = await store.readBalances(payee.key)
      assert.deepEqual([balance?.balance, balance?.arriving], planted ? [30n, 0n] : [730n, 0n])
      const found = await faults()
      const lost = found.filter((fault) => /^transfer 3\/1 in .*: 700 JPY post {2}is not booked$/.test(fault))
      assert.equal(lost.length, planted ? 1 : 0, found.join(' · '))
      if (!planted) assert.deepEqual(found, [])
    } finally {
      await ground.close()
    }
  })
}
