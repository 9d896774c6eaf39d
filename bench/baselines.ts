// The baselines: TPC-B as pgbench runs it (scale 100, statement for statement, same driver and client count), and the naive payment:
// one transaction per payment with row locks on payer and payee.
import pg from 'pg'
import { during, type Round } from './measure.ts'

const SCALE = 100
const ACCOUNTS = 100_000 * SCALE
const TELLERS = 10 * SCALE

export type Baselines = Readonly<{
  tpcb(seconds: number): Promise<Round>
  naive(seconds: number): Promise<Round>
  close(): Promise<void>
}>

/** Makes pgbench's tables (10 million accounts, some 20 s) and the naive ledger, in the same database as the product's. */
export async function openBaselines(settings: pg.ClientConfig, clients: number): Promise<Baselines> {
  const admin = new pg.Client(settings)
  await admin.connect()
  await admin.query(`
    create table pgbench_branches (bid int not null primary key, bbalance int, filler char(88)) with (fillfactor = 100);
    create table pgbench_tellers (tid int not null primary key, bid int, tbalance int, filler char(84)) with (fillfactor = 100);
    create table pgbench_accounts (aid int not null, bid int, abalance int, filler char(84)) with (fillfactor = 100);
    create table pgbench_history (tid int, bid int, aid int, delta int, mtime timestamp, filler char(22));
    insert into pgbench_branches (bid, bbalance) select n, 0 from generate_series(1, ${SCALE}) n;
    insert into pgbench_tellers (tid, bid, tbalance) select n, (n - 1) / 10 + 1, 0 from generate_series(1, ${TELLERS}) n;
    insert into pgbench_accounts (aid, bid, abalance, filler) select n, (n - 1) / 100000 + 1, 0, '' from generate_series(1, ${ACCOUNTS}) n;
    alter table pgbench_accounts add primary key (aid);
    create table naive_account (id int primary key, balance bigint not null check (balance >= 0), version bigint not null default 0);
    create table naive_transfer (id bigint generated always as identity primary key, debit int not null, credit int not null, amount bigint not null, at timestamptz not null default now());
    create table naive_entry (account int not null, version bigint not null, transfer bigint not null, amount bigint not null, balance bigint not null, primary key (account, version));
    insert into naive_account (id, balance) select n, 1000000000 from generate_series(1, 100000) n;
  `)
  await admin.query('vacuum analyze')
  await admin.query('checkpoint')
  await admin.end()
  const lines = Array.from({ length: clients }, () => new pg.Client(settings))
  // A connection that is cut by the end of the bench says so as an event; what it was doing fails by itself.
  for (const line of lines) line.on('error', () => {})
  await Promise.all(lines.map((line) => line.connect()))
  const lineOf = (client: number): pg.Client => {
    const line = lines[client]
    if (line === undefined) throw new Error('one line of work, one connection')
    return line
  }
  return {
    tpcb: (seconds) => during(seconds, clients, (client) => tpcb(lineOf(client))),
    naive: (seconds) => during(seconds, clients, (client) => naive(lineOf(client))),
    close: async () => void (await Promise.all(lines.map((line) => line.end()))),
  }
}

const upTo = (limit: number): number => 1 + Math.floor(Math.random() * limit)

/** pgbench's built-in script: seven statements, each awaited, as pgbench does without its pipeline commands. */
async function tpcb(line: pg.Client): Promise<void> {
  const [aid, bid, tid, delta] = [upTo(ACCOUNTS), upTo(SCALE), upTo(TELLERS), upTo(10_000) - 5_000]
  await line.query('begin')
  await line.query({
    name: 't1',
    text: 'update pgbench_accounts set abalance = abalance + $1 where aid = $2',
    values: [delta, aid],
  })
  await line.query({ name: 't2', text: 'select abalance from pgbench_accounts where aid = $1', values: [aid] })
  await line.query({
    name: 't3',
    text: 'update pgbench_tellers set tbalance = tbalance + $1 where tid = $2',
    values: [delta, tid],
  })
  await line.query({
    name: 't4',
    text: 'update pgbench_branches set bbalance = bbalance + $1 where bid = $2',
    values: [delta, bid],
  })
  await line.query({
    name: 't5',
    text: 'insert into pgbench_history (tid, bid, aid, delta, mtime) values ($1, $2, $3, $4, current_timestamp)',
    values: [tid, bid, aid, delta],
  })
  await line.query('commit')
}

/** A payment as one writes it at first: both rows locked in order, balances, two entries; one payee in ten is the busy shop. */
async function naive(line: pg.Client): Promise<void> {
  const payer = 1_000 + upTo(99_000)
  const payee = Math.random() < 0.1 ? 1 : upTo(1_000)
  const amount = upTo(5_000)
  await line.query('begin')
  try {
    const locked = await line.query<{ id: number; balance: string; version: string }>({
      name: 'n1',
      text: 'select id, balance, version from naive_account where id = any($1) order by id for update',
      values: [[payer, payee]],
    })
    const { rows } = await line.query<{ id: string }>({
      name: 'n2',
      text: 'insert into naive_transfer (debit, credit, amount) values ($1, $2, $3) returning id',
      values: [payer, payee, amount],
    })
    for (const { id, balance, version } of locked.rows) {
      const change = id === payer ? -amount : amount
      const after = BigInt(balance) + BigInt(change)
      await line.query({
        name: 'n3',
        text: 'update naive_account set balance = $2, version = $3 where id = $1',
        values: [id, after, BigInt(version) + 1n],
      })
      await line.query({
        name: 'n4',
        text: 'insert into naive_entry (account, version, transfer, amount, balance) values ($1, $2, $3, $4, $5)',
        values: [id, BigInt(version) + 1n, rows[0]?.id, change, after],
      })
    }
    await line.query('commit')
  } catch (error) {
    await line.query('rollback')
    throw error
  }
}
