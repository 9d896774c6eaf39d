// The history of a busy account on PostgreSQL: found by time without an index of times, also where the clock was set back.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Database } from '#server/postgres/connect.ts'
import { readEntries } from '#server/postgres/history.ts'
import type { EntryPage } from '#switch/store.ts'
import { JPY, memoryGround, postgresGround } from './support/grounds.ts'
import { issueOf, ledgerOn, transfer } from './support/ledger.ts'
import { withClient } from './support/postgres.ts'

const HOME = 5
const COUNT = 60_000
/** An entry each 10 ms, and a clock that is set back by up to a second again and again. */
const timeOf = (number: number): number => 1_000_000 + number * 10 - ((number * 7919) % 1_000)

test('entries are found by time where the clock steps, by reading a few of them', async () => {
  const ground = await postgresGround()
  try {
    const { key } = await ledgerOn(ground).account(HOME)
    const numbers = Array.from({ length: COUNT }, (_, index) => index + 1)
    await withClient(ground.settings, (client) =>
      client.query(
        `insert into entry (bucket, account, unit, number, amount, balance, kind, payment, other, other_name, source_bucket, sequence, at)
         select ${HOME}, $1, $2, n, 1, n, 'deposit', null, 'cash:${HOME}', 'Cash', ${HOME}, n, at from unnest($3::bigint[], $4::bigint[]) r(n, at)`,
        [key, JPY, numbers, numbers.map(timeOf)],
      ),
    )
    let most = 0
    for (const since of [0, 1_000_000, timeOf(30_000), timeOf(30_001), timeOf(COUNT), 2_000_000]) {
      for (const length of [0, 1, 500, 5_000, 900_000]) {
        const until = since + length
        const page: EntryPage = { account: key, unit: JPY, before: null, since, until, kind: null, limit: 50 }
        const fitting = numbers.filter((number) => timeOf(number) >= since && timeOf(number) < until).toReversed()
        const found: number[] = []
        let before: bigint | null = null
        do {
          const { entries, next } = await ground.store.readEntries({ ...page, before })
          most = Math.max(most, await touched(ground.database, { ...page, before }))
          found.push(...entries.map(({ number }) => Number(number)))
          before = next
        } while (before !== null && found.length < 200)
        assert.deepEqual(found, fitting.slice(0, before === null ? undefined : found.length))
      }
    }
    // Two ends halved in sixteen steps each, a page and one, and the entries of a clock's step at both sides.
    assert.ok(most < 500, `${most} entries were read for a page`)
  } finally {
    await ground.close()
  }
})

test('what was posted first and arrives later has the time of what arrived before it: times rise with numbers, on both stores', async () => {
  const clock = { now: 1_800_000_000_000 }
  for (const ground of [await memoryGround(clock), await postgresGround()]) {
    try {
      const ledger = ledgerOn(ground)
      const { key } = await ledger.account(HOME)
      // The last source is taken last, and posted first.
      for (const source of [9, 2, HOME]) {
        await ledger.account(source)
        await ledger.post(source, [transfer(issueOf(source), key, 100n)])
        const posted = await ground.store.now()
        while ((await ground.store.now()) <= posted) clock.now++
      }
      await ledger.settleDown()
      const { transfers, entries } = await ground.books()
      const at = new Map(transfers.map(({ bucket, at }) => [bucket, at]))
      const arrived = entries.filter(({ account }) => account === key).toSorted((a, b) => Number(a.number - b.number))
      const [second, third] = [at.get(2) ?? 0, at.get(HOME) ?? 0]
      assert.ok((at.get(9) ?? 0) < second && second < third)
      assert.deepEqual(
        arrived.map(({ sourceBucket, at }) => [sourceBucket, at]),
        [
          [2, second],
          [HOME, third],
          [9, third],
        ],
      )
      assert.deepEqual(await ledger.faults(), [])

      // And after that: the next deposit goes on from the newest entry.
      await ledger.post(HOME, [transfer(key, issueOf(HOME), 50n)])
      await ledger.settleDown()
      const [last] = (await ground.books()).entries.filter(({ account, amount }) => account === key && amount < 0n)
      assert.ok(last !== undefined && last.at >= third)
      assert.deepEqual(await ledger.faults(), [])
    } finally {
      await ground.close()
    }
  }
})

type Plan = Readonly<{ Plans?: Plan[]; 'Relation Name'?: string; 'Actual Loops': number; 'Actual Rows': number }>

/** How many entries the statements of a page read, by their own account. */
async function touched(database: Database, page: EntryPage): Promise<number> {
  let rows = 0
  const add = (plan: Plan & Readonly<{ 'Rows Removed by Filter'?: number }>): void => {
    if (plan['Relation Name'] === 'entry')
      rows += plan['Actual Loops'] * (plan['Actual Rows'] + (plan['Rows Removed by Filter'] ?? 0))
    plan.Plans?.forEach(add)
  }
  const reads: Database['reads'] = {
    ...database.reads,
    async query(query) {
      assert.ok(typeof query !== 'string')
      const { text, values } = query
      const explained = await database.reads.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>({
        text: `explain (analyze, format json) ${text}`,
        ...(values === undefined ? {} : { values }),
      })
      for (const row of explained.rows) add(row['QUERY PLAN'][0].Plan)
      return database.reads.query(query)
    },
  }
  await readEntries({ ...database, reads }, HOME, page)
  return rows
}
