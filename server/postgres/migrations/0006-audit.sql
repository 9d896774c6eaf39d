-- What the audit needs to find a single changed byte, and what a restore leaves behind.

-- The event as it was written, byte for byte, under a seal (server/postgres/event-seal.ts).
alter table event alter column body type json using body::json;
alter table event add column seal bytea check (length(seal) = 8);
update event set seal = substr(sha256(convert_to(
  concat_ws(' ', bucket, replace(terminal::text, '-', ''), replace(subject::text, '-', ''), version, at, body::text), 'UTF8')), 1, 8);
alter table event alter column seal set not null;

-- A credit's entry has the time of its transfer, or that of the entry before it where this is later: it rises with the number and
-- follows from the journal. A debit's entry has its transfer's own.
update entry e set at = n.at
from (
  select bucket, account, unit, number, max(posted) over (partition by bucket, account, unit, debits order by number) as at
  from (
    select e.bucket, e.account, e.unit, e.number, t.at as posted,
      count(*) filter (where e.amount < 0) over (partition by e.bucket, e.account, e.unit order by e.number) as debits
    from entry e join transfer t on t.bucket = e.source_bucket and t.sequence = e.sequence
  ) booked
) n
where e.bucket = n.bucket and e.account = n.account and e.unit = n.unit and e.number = n.number and e.at <> n.at;

-- The time of the account's newest entry: locked with the account, so that the next one cannot have an earlier.
alter table account add column entry_at bigint not null default 0;
update account a set entry_at = e.at from entry e
where e.bucket = a.bucket and e.account = a.key and e.unit = a.unit and e.number = a.version;

-- What was paid on the last day and in its month, also before migration 0004 began to count it.
with paid as (
  select e.bucket, e.account, e.unit, -e.amount as amount,
    to_char(to_timestamp(e.at / 1000.0) at time zone coalesce(s.rules ->> 'zone', 'Asia/Tokyo'), 'YYYYMMDD')::integer as day,
    first_value(to_char(to_timestamp(e.at / 1000.0) at time zone coalesce(s.rules ->> 'zone', 'Asia/Tokyo'), 'YYYYMMDD')::integer)
      over (partition by e.bucket, e.account, e.unit order by e.number desc) as newest
  from entry e cross join scheme s where e.amount < 0 and e.kind in ('settle', 'hold') and strpos(e.account, ':') = 0
)
update account a set spent_day = p.newest, spent_on_day = p.on_day, spent_month = p.newest / 100, spent_in_month = p.in_month
from (
  select bucket, account, unit, newest, sum(amount) filter (where day = newest) as on_day,
    sum(amount) filter (where day / 100 = newest / 100) as in_month
  from paid group by bucket, account, unit, newest
) p
where a.bucket = p.bucket and a.key = p.account and a.unit = p.unit;

-- Where the chain of a bucket goes on after a backup was brought back (core/restart.ts): after the link `after` comes number + 1.
create table restart (
  bucket smallint not null,
  chain text not null check (chain in ('journal', 'actions')),
  after bigint not null,
  number bigint not null check (number > after),
  at bigint not null,
  hash bytea not null check (length(hash) = 32),
  primary key (bucket, chain, after)
);
