// The depositor's statements: money that has left its payers reaches the payees, in bulk, once.
// A mark at the destination says how far it has taken in each source bucket's journal; it moves in the same commit as the entries
// and balances, so a depositor killed at any point repeats nothing and loses nothing. Sequences are gapless because each comes from
// its bucket's head row under lock: with a PostgreSQL sequence a slow transaction with a lower number could commit behind the mark.
import type { Statement } from './connect.ts'

/** From each source bucket at once: with 16 buckets 6,400 transfers, which hold the payees' rows for about a tenth of a second. A limit
 *  over all sources would sort the whole backlog to take its beginning, and fall behind the faster the more there is. */
const TRANSFERS_OF_A_SOURCE = 400

/** Lock the marks, then (by a statement that sees all the lock waited for) take, book and move them. */
export const depositStatements = (bucket: number): Statement[] => [
  {
    name: 'lock_marks',
    text: 'select 1 from mark where bucket = $1 order by source for update',
    values: [bucket],
  },
  {
    name: 'deposit',
    text: `
with taken as materialized (
  select t.* from mark m cross join lateral (
    select * from transfer
    where credit_bucket = m.bucket and bucket = m.source and sequence > m.sequence
    order by sequence limit ${TRANSFERS_OF_A_SOURCE}
  ) t
  where m.bucket = $1
), locked as materialized (
  select a.key, a.unit, a.balance, a.version, a.entry_at
  from (select distinct credit, unit from taken) d
  join account a on a.bucket = $1 and a.key = d.credit and a.unit = d.unit
  order by a.key, a.unit for update of a
), lined_up as (
  -- Each account's row stands before its transfers, so that one window carries balance and number on. A join of the two would be
  -- a nested loop over thousands times thousands: the planner knows nothing about how many there are.
  select key, unit, -1 as source, -1::bigint as sequence, balance as amount, version, null as kind, null::uuid as payment, null as other, null as other_name, entry_at as posted
  from locked
  union all
  select credit, unit, bucket, sequence, amount, null, kind, payment, debit, credit_name, at from taken
), carried as (
  select *, first_value(version) over each_account + row_number() over each_account - 1 as number, sum(amount) over each_account as balance,
    -- The transfer's time, but never before that of the entry before: history is found by time, and the audit can tell it again.
    max(posted) over each_account as at
  from lined_up
  window each_account as (partition by key, unit order by source, sequence rows unbounded preceding)
), booked as (
  insert into entry (bucket, account, unit, number, amount, balance, kind, payment, other, other_name, source_bucket, sequence, at)
  select $1, key, unit, number, amount, balance, kind, payment, other, other_name, source, sequence, at
  from carried where sequence > 0 and number is not null
  returning 1
), credited as (
  update account a set balance = a.balance + s.amount, version = a.version + s.count, entry_at = greatest(a.entry_at, s.at)
  from (select credit, unit, sum(amount)::bigint as amount, count(*) as count, max(at) as at from taken group by credit, unit) s
  where a.bucket = $1 and a.key = s.credit and a.unit = s.unit
  returning s.count
), marked as (
  update mark m set sequence = s.last
  from (select bucket as source, max(sequence) as last from taken group by bucket) s
  where m.bucket = $1 and m.source = s.source
  returning 1
)
select count(*) as deposited,
  1 / (case when count(*) = (select count(*) from booked) and count(*) = (select coalesce(sum(count), 0) from credited) then 1 else 0 end) as whole,
  (select count(*) from marked) as marks
from taken`,
    values: [bucket],
  },
]
