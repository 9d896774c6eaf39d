-- Breaking: a hub of before books no exchange and does not know what its orders mean. What a payment is paid with, and the orders to payers' banks.

alter table transfer drop constraint transfer_kind_check, add constraint transfer_kind_check check (
  kind in ('settle', 'hold', 'release', 'return', 'refund', 'exchange', 'deposit', 'withdraw', 'credit', 'post'));

-- What the payer got, where it was in another unit than the bill's.
alter table refund add column back bigint check (back >= 0);

-- What the hub wants of a payer's bank: written with the event that wants it, carried out until it is answered.
create table outside_order (
  bucket smallint not null,
  payment uuid not null,
  number integer not null check (number > 0),
  kind text not null check (kind in ('collect', 'reverse', 'return')),
  of integer check ((of is null) = (kind = 'collect')),
  party uuid not null,
  means uuid not null,
  unit text not null,
  amount bigint not null check (amount > 0),
  made_at bigint not null,
  state text not null default 'open' check (state in ('open', 'yes', 'no', 'done', 'stuck')),
  reference text,
  tries integer not null default 0,
  next_at bigint not null,
  trouble text,
  concluded_at bigint,
  primary key (bucket, payment, number)
) with (fillfactor = 70);
create index outside_order_open on outside_order (next_at) where state = 'open';
