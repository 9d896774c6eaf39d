-- The account bank: limits and what was spent, the operator's log, what is known of a person, contacts, refunds by line.

alter table account
  -- {"perPayment", "perDay", "perMonth"} as decimal strings; null where the scheme's own limits stand
  add column limits jsonb,
  -- days (20261203) and months (202612) of the scheme's calendar; older ones count as zero
  add column spent_day integer not null default 0,
  add column spent_on_day bigint not null default 0,
  add column spent_month integer not null default 0,
  add column spent_in_month bigint not null default 0;

-- The end of the operator's log in this bucket; the first link is GENESIS_ACTION of core/actions.ts.
alter table head
  add column actions bigint not null default 0,
  add column actions_hash bytea not null check (length(actions_hash) = 32)
    default '\xb6354dc87a6f06f7228572b1c91e67b43bb3af3eedfedb315e3ce8069062b32c';

-- What the operator did. `before` and `after` are text, not jsonb: their bytes are hashed.
create table action (
  bucket smallint not null,
  number bigint not null,
  operator uuid not null,
  operator_name text not null,
  what text not null,
  subject text not null,
  why text not null,
  before text not null,
  after text not null,
  at bigint not null,
  hash bytea not null check (length(hash) = 32),
  primary key (bucket, number)
);

-- What the scheme knows of a person: verified attributes and today's counted purchases.
create table standing (
  bucket smallint not null,
  party uuid not null,
  version integer not null check (version > 0),
  attributes jsonb not null,
  bought jsonb not null,
  primary key (bucket, party)
) with (fillfactor = 70);

-- How a party has filed an account: who is listed may send bills unasked, who is blocked may not send any.
create table contact (
  bucket smallint not null,
  party uuid not null,
  account text not null,
  status text not null check (status in ('listed', 'blocked')),
  at bigint not null,
  primary key (bucket, party, account)
);

alter table refund add column lines jsonb not null default '[]';

alter table transfer drop constraint transfer_kind_check, add constraint transfer_kind_check check (
  kind in ('settle', 'hold', 'release', 'return', 'refund', 'deposit', 'withdraw', 'credit', 'post'));

-- A person's phone that asks for money is a terminal of its own, with the same id.
insert into terminal (bucket, id, party, status) select bucket, id, party, status from device on conflict do nothing;
