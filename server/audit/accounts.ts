// I2–I4, I17: the entries of each account run from zero to its balance without a gap and never below its floor, each at the time that
// follows from its transfer; what was spent is what they say; all balances and what is on its way sum to zero. That the entries are the
// booked sides of the transfers and no others is a pair's to say.
import {
  bucketOf,
  hasFloor,
  isSystemAccount,
  parseAccountKey,
  bucketOfAccount,
  systemAccountKind,
  type AccountKey,
} from '#core/accounts.ts'
import { dayOf } from '#core/calendar.ts'
import { MOST_BY_CARD, MOST_ISSUED, NOTHING_SPENT, spentWith, type Spent } from '#core/ledger.ts'
import type { Ground } from './audit.ts'
import { big, hexOf, rowsOf, type Row } from './cursor.ts'
import { sideOf } from './journal.ts'

type Run = {
  key: string
  account: string
  unit: string
  balance: bigint
  number: bigint
  at: number
  spent: Spent
}

export async function auditAccounts(ground: Ground): Promise<void> {
  const totals = new Map<string, bigint>()
  const days = dayKnower(ground.zone)
  for (let bucket = 0; bucket < ground.buckets; bucket++) await auditBucket(ground, bucket, totals, days)
  for (const [unit, onTheWay] of await arriving(ground)) totals.set(unit, (totals.get(unit) ?? 0n) + onTheWay)
  for (const [unit, total] of totals)
    if (total !== 0n) ground.fault(`all balances in ${unit} with what is on its way sum to ${total}, not to zero`)
}

/** Accounts and entries come in the same order and are joined like the two sides of a zip. */
async function auditBucket(
  ground: Ground,
  bucket: number,
  totals: Map<string, bigint>,
  day: (at: number) => number,
): Promise<void> {
  const { client, fault, count } = ground
  const accounts = rowsOf(
    client,
    `select * from account where bucket = ${bucket} order by key collate "C", unit collate "C"`,
  )
  const entries = rowsOf(
    client,
    `select e.*, t.at as posted from entry e left join transfer t on t.bucket = e.source_bucket and t.sequence = e.sequence
     where e.bucket = ${bucket} order by e.account collate "C", e.unit collate "C", e.number`,
  )
  let account = await accounts.next()
  let run: Run | undefined

  /** The account's row against the run of its entries; rows before it have none. */
  const close = async (until: Run | undefined): Promise<void> => {
    while (account.done !== true) {
      const row = account.value
      const key = keyOf(row.key, row.unit)
      if (until !== undefined && key > until.key) break
      count('accounts', 1)
      judgeAccount(ground, bucket, row, key === until?.key ? until : undefined)
      totals.set(String(row.unit), (totals.get(String(row.unit)) ?? 0n) + big(row.balance))
      account = await accounts.next()
      if (key === until?.key) return
    }
    if (until !== undefined) fault(`account ${until.account} ${until.unit} has entries and is not there`)
  }

  for await (const row of entries) {
    const key = keyOf(row.account, row.unit)
    if (run?.key !== key) {
      if (run !== undefined) await close(run)
      run = { key, account: String(row.account), unit: String(row.unit), ...BEFORE_ALL }
    }
    judgeEntry(ground, bucket, row, run, day)
    count('entries', 1)
  }
  if (run !== undefined) await close(run)
  await close(undefined)
}

/** Kinds that count against limits. */
const SPENDING: ReadonlySet<unknown> = new Set(['settle', 'hold', 'exchange'])

const BEFORE_ALL = { balance: 0n, number: 0n, at: 0, spent: NOTHING_SPENT }

const keyOf = (account: unknown, unit: unknown): string => `${String(account)}\0${String(unit)}`

function judgeEntry(
  { pairs, fault, buckets }: Ground,
  bucket: number,
  row: Row,
  run: Run,
  day: (at: number) => number,
): void {
  const amount = big(row.amount)
  const number = big(row.number)
  const name = `entry ${number} of ${run.account} ${run.unit}`
  run.balance += amount
  if (number !== run.number + 1n) fault(`${name} does not follow ${run.number}: the entries have a gap`)
  run.number = number
  if (big(row.balance) !== run.balance) {
    fault(`${name} says a balance of ${String(row.balance)}, the entries sum to ${run.balance}`)
  }
  const at = Number(row.at)
  // Without its transfer the pairs name it.
  const posted = row.posted === null ? at : Number(row.posted)
  if (at !== (amount < 0n ? posted : Math.max(posted, run.at))) fault(`${name} has another time than its transfer`)
  run.at = at
  const key = parseAccountKey(run.account)
  if (key === undefined) fault(`${name} is in no account`)
  else {
    if (run.balance < floorOf(key)) fault(`${name} takes the account below its floor`)
    if (hasFloor(key) && amount < 0n && SPENDING.has(row.kind)) run.spent = spentWith(run.spent, -amount, day(posted))
    if ((isSystemAccount(key) ? bucketOfAccount(key, buckets) : bucketOf(key, buckets)) !== bucket)
      fault(`${name} lies in bucket ${bucket}, its account does not`)
  }
  const source = `${String(row.source_bucket)}/${String(row.sequence)}`
  const payment = row.payment === null ? '' : `pay_${hexOf(row.payment)}`
  const side = sideOf({
    key: source,
    account: run.account,
    other: String(row.other),
    otherName: String(row.other_name),
    amount,
    facts: `${run.unit} ${String(row.kind)} ${payment}`,
  })
  pairs.sides.take(source, side, () => `${name} (from transfer ${source})`)
}

function judgeAccount({ fault, buckets }: Ground, bucket: number, row: Row, run: Run | undefined): void {
  const name = `account ${String(row.key)} ${String(row.unit)}`
  const balance = run?.balance ?? 0n
  if (big(row.balance) !== balance) fault(`${name} says ${String(row.balance)}, its transfers sum to ${balance}`)
  if (big(row.version) !== (run?.number ?? 0n))
    fault(`${name} says ${String(row.version)} entries, there are ${run?.number ?? 0n}`)
  if (Number(row.entry_at) !== (run?.at ?? 0)) fault(`${name} has another time than its newest entry`)
  const { day, onDay, month, inMonth } = run?.spent ?? NOTHING_SPENT
  if (
    Number(row.spent_day) !== day ||
    big(row.spent_on_day) !== onDay ||
    Number(row.spent_month) !== month ||
    big(row.spent_in_month) !== inMonth
  )
    fault(`${name} says that it has spent otherwise than its payments`)
  const key = parseAccountKey(row.key)
  if (key === undefined) return fault(`${name} is no account number`)
  if (big(row.balance) < floorOf(key)) fault(`${name} is below its floor`)
  if (bucketOfAccount(key, buckets) !== bucket) fault(`${name} lies in bucket ${bucket}, its number says otherwise`)
  return undefined
}

/** Parties have at least nothing; the scheme's sources have given out no more than they may; escrow and fees only pass on. */
function floorOf(key: AccountKey): bigint {
  if (hasFloor(key)) return 0n
  const kind = isSystemAccount(key) ? systemAccountKind(key) : 'escrow'
  if (kind === 'card') return -MOST_BY_CARD
  return -(kind === 'escrow' || kind === 'fee' ? 2n ** 63n : MOST_ISSUED)
}

/** dayOf with a memory: the calendar costs some microseconds, and clocks change on quarters of an hour. */
function dayKnower(zone: string): (at: number) => number {
  const known = new Map<number, number>()
  return (at) => {
    const quarter = Math.floor(at / 900_000)
    const day = known.get(quarter) ?? dayOf(at, zone)
    if (known.size >= KEPT_QUARTERS) known.clear()
    known.set(quarter, day)
    return day
  }
}

/** Three years of them. */
const KEPT_QUARTERS = 100_000

/** What has left its payers and not reached its payees, by unit. */
async function arriving({ client }: Ground): Promise<Map<string, bigint>> {
  const totals = new Map<string, bigint>()
  const query = `select t.unit, sum(t.amount) as amount from mark m
    join transfer t on t.credit_bucket = m.bucket and t.bucket = m.source and t.sequence > m.sequence group by t.unit`
  await client.query('set local enable_sort = on')
  for await (const row of rowsOf(client, query)) totals.set(String(row.unit), big(row.amount))
  await client.query('set local enable_sort = off')
  return totals
}
