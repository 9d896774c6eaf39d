-- Buckets, accounts, the journal, offers, payments. `bucket` leads every key: each hot statement names one bucket.
-- Times are milliseconds since 1970 by this database's clock; amounts are in the unit's smallest part.

create table scheme (
  one boolean primary key default true check (one),
  id uuid not null,
  name text not null,
  demo boolean not null,
  buckets smallint not null check (buckets between 1 and 4096),
  unit text not null,
  rules jsonb not null,
  created_at bigint not null
);

-- The bucket's mutex and the end of its journal: locked and advanced by every batch that writes there.
create table head (
  bucket smallint primary key,
  sequence bigint not null default 0,
  hash bytea not null
);

create table account (
  bucket smallint not null,
  key text not null,
  unit text not null,
  status text not null default 'open' check (status in ('open', 'frozen', 'closed')),
  balance bigint not null default 0,
  version bigint not null default 0,
  primary key (bucket, key, unit),
  constraint account_floor check (balance >= 0 or strpos(key, ':') > 0)
) with (fillfactor = 70);

create table transfer (
  bucket smallint not null,
  sequence bigint not null,
  debit text not null,
  credit text not null check (credit <> debit),
  credit_bucket smallint not null,
  unit text not null,
  amount bigint not null check (amount > 0),
  kind text not null check (kind in ('settle', 'hold', 'release', 'return', 'refund', 'post')),
  payment uuid,
  debit_name text not null,
  credit_name text not null,
  at bigint not null,
  hash bytea not null check (length(hash) = 32),
  primary key (bucket, sequence)
);
create index transfer_arriving on transfer (credit_bucket, bucket, sequence);

create table entry (
  bucket smallint not null,
  account text not null,
  unit text not null,
  number bigint not null,
  amount bigint not null check (amount <> 0),
  balance bigint not null check (balance >= 0 or strpos(account, ':') > 0),
  kind text not null,
  payment uuid,
  other text not null,
  other_name text not null,
  source_bucket smallint not null,
  sequence bigint not null,
  at bigint not null,
  primary key (bucket, account, unit, number)
);

-- How far the destination bucket has taken in each source bucket's journal.
create table mark (
  bucket smallint not null,
  source smallint not null,
  sequence bigint not null default 0,
  primary key (bucket, source)
);

create table offer (
  bucket smallint not null,
  terminal uuid not null,
  deal uuid not null,
  version integer not null,
  state text not null check (state in ('open', 'taken', 'withdrawn', 'expired')),
  token uuid not null,
  opened_at bigint not null,
  due_at bigint,
  snapshot jsonb not null,
  primary key (bucket, terminal, deal)
) with (fillfactor = 60);
create unique index offer_token on offer (bucket, token);
create index offer_newest on offer (bucket, terminal, opened_at desc);
create index offer_due on offer (due_at) where due_at is not null;

create table payment (
  bucket smallint not null,
  id uuid not null,
  party uuid not null,
  version integer not null,
  state text not null check (state in ('joined', 'authorising', 'held', 'settled', 'ended')),
  due_at bigint,
  snapshot jsonb not null,
  primary key (bucket, id)
) with (fillfactor = 60);
create index payment_open on payment (bucket, party) where state in ('joined', 'authorising', 'held');
create index payment_due on payment (due_at) where due_at is not null;

create table event (
  bucket smallint not null,
  terminal uuid not null,
  subject uuid not null,
  version integer not null,
  at bigint not null,
  body jsonb not null,
  primary key (bucket, terminal, subject, version)
);

-- The signed consent, kept as it was verified.
create table evidence (
  bucket smallint not null,
  payment uuid not null,
  version integer not null,
  approval bytea not null check (length(approval) = 162),
  signature bytea not null,
  key uuid not null,
  primary key (bucket, payment, version)
);

create table command (
  bucket smallint not null,
  actor uuid not null,
  id uuid not null,
  hash bytea not null,
  answer jsonb not null,
  at bigint not null,
  primary key (bucket, actor, id)
);

-- Where a typed number leads; it may be given out again after free_at.
create table number (
  bucket smallint not null,
  scope text not null,
  number text not null,
  terminal uuid not null,
  deal uuid not null,
  free_at bigint not null,
  primary key (bucket, scope, number)
);

-- In the merchant's bucket; `told` when the payer's payment shows it too.
create table refund (
  bucket smallint not null,
  original uuid not null,
  id uuid not null,
  amount bigint not null check (amount > 0),
  at bigint not null,
  told boolean not null default false,
  primary key (bucket, original, id)
);
create index refund_untold on refund (bucket) where not told;

create table terminal (
  bucket smallint not null,
  id uuid not null,
  party uuid not null,
  status text not null default 'active' check (status in ('active', 'revoked')),
  primary key (bucket, id)
);

create table device (
  bucket smallint not null,
  id uuid not null,
  party uuid not null,
  key uuid not null,
  status text not null default 'active' check (status in ('active', 'revoked')),
  proved_at bigint not null default 0,
  wrong_proofs integer not null default 0,
  locked_until bigint not null default 0,
  primary key (bucket, id)
) with (fillfactor = 70);

-- Tries against guessing: a token bucket by who asks.
create table budget (
  key text primary key,
  tokens double precision not null,
  day_used integer not null,
  day bigint not null,
  at bigint not null
) with (fillfactor = 70);
