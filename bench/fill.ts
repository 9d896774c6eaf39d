// Filling a ground with an old bank: accounts, and transfers with both entries booked, as set-based statements.
//
// Everybody pays five times; four of those payments go to other people, the fifth to one of the shops, which so have long
// histories. Balances, entry numbers, heads and marks are as the product would have left them; only two things are not: the
// opening money has no entry, and the hashes are not chained (SHA-256 of bucket and sequence). Nothing measured reads them.
import pg from 'pg'
import { bucketAt, BUCKETS, UNIT, accountAt, type Ground } from './ground.ts'

/** Payments of everybody. */
const ROUNDS = 5
/** One account in so many is a shop that the last round pays. */
export const PEOPLE_PER_SHOP = 200
/** A ground's accounts come in such lots: as many people and shops in every bucket. */
export const FILLED_BY = BUCKETS * PEOPLE_PER_SHOP
const OPENING = 1_000_000_000n
/** Connections that fill, a bucket each at a time. */
const AT_ONCE = 2
const ACCOUNTS_AT_ONCE = 50_000

/** Makes `accounts` accounts (a multiple of FILLED_BY) and five times as many deposited transfers among them; returns bytes on disk. */
export async function fill(ground: Ground, accounts: number): Promise<number> {
  const options = '-c work_mem=256MB -c maintenance_work_mem=256MB'
  const lines = Array.from({ length: AT_ONCE }, () => new pg.Client({ ...ground.settings, options }))
  await Promise.all(lines.map((line) => line.connect()))
  const [client] = lines
  if (client === undefined) throw new Error('there is a line')
  try {
    await client.query(
      'create unlogged table filled (bucket smallint not null, place integer not null, key text not null)',
    )
    for (let first = 0; first < accounts; first += ACCOUNTS_AT_ONCE) {
      const some = Array.from({ length: Math.min(ACCOUNTS_AT_ONCE, accounts - first) }, (_, index) => first + index)
      await client.query('insert into filled select * from unnest($1::smallint[], $2::integer[], $3::text[])', [
        some.map(bucketAt),
        some.map((n) => Math.floor(n / BUCKETS)),
        some.map(accountAt),
      ])
    }
    await client.query('analyze filled')
    const each = accounts / BUCKETS
    for (const statement of perBucket(each)) {
      let next = 0
      await Promise.all(
        lines.map(async (line) => {
          while (next < BUCKETS) await line.query(statement(next++))
        }),
      )
    }
    await client.query(`update head set sequence = ${ROUNDS * each}`)
    await client.query(`update mark set sequence = ${ROUNDS * each}`)
    await client.query('drop table filled')
    await client.query('vacuum (analyze) account, transfer, entry, head, mark')
    await client.query('checkpoint')
    const { rows } = await client.query<{ bytes: string }>(
      `select pg_total_relation_size('transfer') + pg_total_relation_size('entry') + pg_total_relation_size('account') as bytes`,
    )
    return Number(rows[0]?.bytes)
  } finally {
    await Promise.all(lines.map((line) => line.end()))
  }
}

/** What fills one bucket, in the order of its needs. `each` accounts a bucket; place p of bucket b pays in round r as sequence r × each + p + 1. */
function perBucket(each: number): ((bucket: number) => string)[] {
  const shops = each / PEOPLE_PER_SHOP
  const last = ROUNDS - 1
  const now = '(extract(epoch from clock_timestamp()) * 1000)::bigint'
  // Round r moves 100 + r to the bucket r + 1 further on: to place p + 7r, or to a shop in the last round.
  const amount = '(100 + r)'
  const creditPlace = `case when r = ${last} then p.place % ${shops} else (p.place + 7 * r) % ${each} end`
  const paid = Array.from({ length: ROUNDS }, (_, r) => 100 + r)
  const net = `- ${paid[last]}`
  return [
    (bucket) => `insert into account (bucket, key, unit, balance, version, entry_at)
     select bucket, key, '${UNIT}',
       ${OPENING} ${net} + case when place < ${shops} then ${PEOPLE_PER_SHOP * (paid[last] ?? 0)} else 0 end,
       ${2 * ROUNDS - 1} + case when place < ${shops} then ${PEOPLE_PER_SHOP} else 0 end,
       ${now}
     from filled where bucket = ${bucket} order by key`,
    (
      bucket,
    ) => `insert into transfer (bucket, sequence, debit, credit, credit_bucket, unit, amount, kind, payment, debit_name, credit_name, at, hash)
     select p.bucket, r * ${each} + p.place + 1, p.key, c.key, c.bucket, '${UNIT}', ${amount}, 'settle', gen_random_uuid(),
       'Shop', 'Person', ${now}, sha256(int8send(p.bucket * 1000000000000 + r * ${each} + p.place))
     from filled p cross join generate_series(0, ${last}) r
     join filled c on c.bucket = (p.bucket + r + 1) % ${BUCKETS} and c.place = ${creditPlace}
     where p.bucket = ${bucket} order by 2`,
    // In each round everybody first pays and then is paid; a shop's many receipts of the last round come after its own payment.
    (
      bucket,
    ) => `insert into entry (bucket, account, unit, number, amount, balance, kind, payment, other, other_name, source_bucket, sequence, at)
     select * from (
       select t.bucket, t.debit as account, t.unit, 2 * r + 1 as number, -t.amount, ${OPENING} - t.amount, t.kind, t.payment, t.credit,
         t.debit_name, t.bucket, t.sequence, t.at
       from transfer t cross join lateral (select (t.sequence - 1) / ${each} as r) x where t.bucket = ${bucket}
       union all
       select t.credit_bucket, t.credit, t.unit,
         2 * r + 2 + case when r = ${last} then place / ${shops} else 0 end,
         t.amount,
         ${OPENING} + case when r = ${last} then t.amount * (place / ${shops}) else 0 end,
         t.kind, t.payment, t.debit, t.credit_name, t.bucket, t.sequence, t.at
       from transfer t cross join lateral (select (t.sequence - 1) / ${each} as r, (t.sequence - 1) % ${each} as place) x
       where t.credit_bucket = ${bucket}
     ) e order by 2, 4`,
  ]
}
