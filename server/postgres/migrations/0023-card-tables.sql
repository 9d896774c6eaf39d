-- The tables of cards: who issues them, how their numbers begin, what each merchant takes; and what a day at the issuers came to.

-- One row: the version that every change makes higher, locked by whoever changes.
create table card_tables (
  is_only boolean primary key default true check (is_only),
  version bigint not null check (version >= 0),
  changed_at bigint not null
);
insert into card_tables (version, changed_at) values (0, 0);

-- An issuer is closed, never removed: cards of it are registered, and money still goes back to them.
create table card_issuer (
  code text primary key check (code ~ '^[0-9]{4}$'),
  name text not null,
  name_ja text not null,
  host text not null,
  port integer not null check (port between 1 and 65535),
  acquirer text not null check (acquirer ~ '^[0-9]{1,11}$'),
  -- core/plan.ts, as it is sent
  terms jsonb not null,
  one_time_prefix text check (one_time_prefix ~ '^[0-9]{5,10}$'),
  is_open boolean not null,
  colour text not null check (colour ~ '^#[0-9a-f]{6}$'),
  ink text not null check (ink ~ '^#[0-9a-f]{6}$')
);

-- The longest prefix that fits counts.
create table card_range (
  prefix text primary key check (prefix ~ '^[0-9]{5,10}$'),
  issuer text not null references card_issuer
);

-- How a merchant takes an issuer's cards; without a merchant: how all those do that have no row of their own.
create table card_merchant (
  issuer text not null references card_issuer,
  bucket smallint,
  merchant uuid,
  number text not null check (number ~ '^[0-9A-Z]{15}$'),
  category text not null check (category ~ '^[0-9]{4}$'),
  methods jsonb not null,
  unique nulls not distinct (issuer, merchant),
  check ((bucket is null) = (merchant is null))
);

-- Commands that were carried out, so that a repeat changes nothing.
create table card_tables_change (
  command text primary key,
  version bigint not null
);

-- What the vault has told of a business day (20261203): one row for each order, as it stood when it was asked last.
create table card_notice (
  id text not null,
  kind text not null check (kind in ('authorisation', 'capture', 'release', 'refund', 'reverse')),
  day integer not null,
  unit text not null,
  amount bigint not null,
  state text not null check (state in ('open', 'approved', 'refused', 'reversed', 'done')),
  rrn text,
  approval text,
  issuer text not null,
  primary key (id, kind)
);
create index card_notice_of_day on card_notice (day, unit);

-- A day that the issuers were asked to compare; `issuers` is what each has said of its sums.
create table card_reconciled (
  day integer primary key,
  asked_at bigint not null,
  issuers jsonb not null
);
