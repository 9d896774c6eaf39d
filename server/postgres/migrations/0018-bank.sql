-- Bank accounts that people pay from, the debits of banks that answer by file, and what the operator's bank said was booked.

-- `id` is the mandate's id at the bank too. A row stays when it has ended: what was collected may still have to go back there.
create table means (
  bucket smallint not null,
  id uuid not null,
  party uuid not null,
  bank text not null check (bank ~ '^[0-9]{4}$'),
  branch text not null check (branch ~ '^[0-9]{3}$'),
  kind text not null check (kind in ('1', '2')),
  number text not null check (number ~ '^[0-9]{7}$'),
  -- as the file of the banks has it: half-width kana
  holder text not null,
  bank_kana text not null,
  branch_kana text not null default '',
  is_instant boolean not null,
  label text not null,
  unit text not null,
  -- asked: written before the bank is asked; suspended: the bank collects no more; ended: by the owner, or refused
  status text not null check (status in ('asked', 'active', 'suspended', 'ended')),
  why text,
  signed_on text,
  -- SHA-256 of what the command asked for: the same command is the same means
  asked_as bytea not null check (length(asked_as) = 32),
  -- the bank has not been told of the end yet
  end_due boolean not null default false,
  -- what was taken on trust on this day of the scheme (20261203), before the bank said anything
  risk_day integer not null default 0,
  risk_sum bigint not null default 0,
  made_at bigint not null,
  primary key (bucket, id)
);
create index means_of_party on means (bucket, party, made_at);
create unique index means_in_use on means (bucket, party, bank, branch, kind, number) where status = 'active';
create index means_end_due on means (bucket, id) where end_due;

-- A debit at a bank without instant answer, taken on trust. `customer`: the twenty digits by which the file knows it.
create table bank_debit (
  bucket smallint not null,
  payment uuid not null,
  number integer not null,
  customer text not null unique,
  means uuid,
  amount bigint not null check (amount >= 0),
  state text not null check (state in ('waiting', 'filed', 'collected', 'unpaid', 'withdrawn')),
  file uuid,
  result text,
  at bigint not null,
  primary key (bucket, payment, number)
);
create index bank_debit_waiting on bank_debit (at) where state = 'waiting';
create index bank_debit_unpaid on bank_debit (at) where state = 'unpaid';
create index bank_debit_of_file on bank_debit (file);

create table bank_file (
  id uuid primary key,
  bank text not null,
  state text not null check (state in ('made', 'sent', 'done', 'wrong')),
  body bytea not null,
  debits integer not null,
  sum bigint not null,
  trouble text,
  made_at bigint not null,
  done_at bigint
);
create index bank_file_open on bank_file (made_at) where state in ('made', 'sent');

-- What was booked on the operator's account, as the bank told it. `day`: its day of booking (20261203).
create table bank_notice (
  reference text primary key,
  id text not null,
  unit text not null,
  amount bigint not null check (amount > 0),
  is_credit boolean not null,
  is_reversal boolean not null,
  day integer not null
);
create index bank_notice_of_day on bank_notice (day);
create index bank_notice_of_id on bank_notice (id);
