// A statement read from the books page by page, and written as CSV.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import pg from 'pg'
import { accountNumber } from '#core/accounts.ts'
import type { Entry } from '#core/ledger.ts'
import { spanOf } from '#server/days.ts'
import { openDatabase } from '#server/postgres/connect.ts'
import { postgresParties } from '#server/postgres/parties.ts'
import { createScheme } from '#server/postgres/scheme.ts'
import { csvOf } from '#server/statement.ts'
import { migratedDatabase } from './support/postgres.ts'
import { BUCKETS, JPY } from './support/world.ts'

const ZONE = 'Asia/Tokyo'
const account = accountNumber(0, 17)
const ends: (() => Promise<void>)[] = []
after(async () => {
  for (const end of ends) await end()
})

test('days are the zone’s: they begin and end at its midnight, also when the clocks change', () => {
  const at = (text: string): number => Temporal.Instant.from(text).epochMilliseconds
  assert.deepEqual(spanOf({ from: '2026-12-03', to: '2026-12-03' }, ZONE), {
    since: at('2026-12-02T15:00:00Z'),
    until: at('2026-12-03T15:00:00Z'),
    days: 1,
  })
  const summer = spanOf({ from: '2026-03-29', to: '2026-03-29' }, 'Europe/Berlin')
  assert.equal((summer?.until ?? 0) - (summer?.since ?? 0), 23 * 3_600_000)
  assert.equal(spanOf({ from: '2023-12-31', to: '2024-12-30' }, ZONE)?.days, 366)
  assert.deepEqual(spanOf({}, ZONE), { since: null, until: null, days: null })
  assert.equal(spanOf({ from: '2026-12-04', to: '2026-12-03' }, ZONE), undefined)
  assert.equal(spanOf({ from: '2026-02-29' }, ZONE), undefined)
})

test('two and a half thousand entries come oldest first, none twice, none left out, and exactly those of the days', async () => {
  const settings = await migratedDatabase()
  await createScheme(settings, { name: 'Test', demo: true, buckets: BUCKETS, unit: JPY })
  const { since = null, until = null } = spanOf({ from: '2026-12-03', to: '2026-12-03' }, ZONE) ?? {}
  assert.ok(since !== null && until !== null)
  const client = new pg.Client(settings)
  await client.connect()
  // One entry before the day, 2,500 in it, one after; and the clock was set back by half a second at the beginning.
  await client.query(
    `insert into entry (bucket, account, unit, number, amount, balance, kind, payment, other, other_name, source_bucket, sequence, at)
     select 1, $1, 'JPY', n, 1, n, 'settle', null, 'cash:1', 'Kenji', 1, n,
       case when n = 1 then $2::bigint when n = 2 then $2 - 500 when n = 2503 then $3::bigint else $2 + n end
     from generate_series(1, 2503) n`,
    [account, since, until],
  )
  await client.end()
  const database = openDatabase(settings, { transactions: 2, reads: 2, role: true })
  ends.push(() => database.end())
  const pages = await postgresParties(database, BUCKETS).entriesBetween(account, JPY, { since, until })
  const sizes: number[] = []
  const numbers: bigint[] = []
  for await (const page of pages) {
    sizes.push(page.length)
    numbers.push(...page.map(({ number }) => number))
  }
  const expected = Array.from({ length: 2_503 }, (_, index) => BigInt(index + 1)).filter(
    (n) => n !== 2n && n !== 2_503n,
  )
  assert.deepEqual(numbers, expected)
  assert.ok(sizes.length >= 3 && sizes.every((size) => size <= 1_000), `in pages: ${sizes.join()}`)
})

test('texts are quoted as RFC 4180 says, and what a spreadsheet would run is made harmless', async () => {
  const at = Temporal.ZonedDateTime.from('2026-12-03T23:59:58.999[Asia/Tokyo]').epochMilliseconds
  const entry = (otherName: string): Entry => ({
    bucket: 1,
    account,
    unit: JPY,
    number: 1n,
    amount: -5n,
    balance: 12_345_678_901_234_567n,
    kind: 'settle',
    payment: null,
    other: account,
    otherName,
    sourceBucket: 1,
    sequence: 1n,
    at,
  })
  const cells: Record<string, string> = {
    Kenji: 'Kenji',
    'Kenji, "K"': '"Kenji, ""K"""',
    '=1+1': "'=1+1",
    '+81': "'+81",
    '-1': "'-1",
    '@SUM(A1)': "'@SUM(A1)",
    '\tx': "'\tx",
    'a\r\nb': '"a\r\nb"',
    '=a,b': '"\'=a,b"',
    花子: '花子',
  }
  async function* pages() {
    yield Object.keys(cells).map(entry)
  }
  let file = ''
  for await (const piece of csvOf(pages(), { unit: JPY, zone: ZONE })) file += piece
  const rows = Object.values(cells).map((cell) => `2026-12-03,23:59:58,settle,${cell},-5,12345678901234567,JPY,\r\n`)
  assert.equal(file, `\ufeffdate,time,kind,name,amount,balance,unit,payment\r\n${rows.join('')}`)
})
