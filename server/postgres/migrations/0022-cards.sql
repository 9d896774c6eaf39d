-- Cards that people pay with. There is no card number here: the vault has it, under the same id.

-- A row stays when it has ended: what was paid with it may still have to go back there.
create table card (
  bucket smallint not null,
  id uuid not null,
  party uuid not null,
  -- the four are null until the vault has said them
  issuer text check (issuer ~ '^[0-9]{4}$'),
  last4 text check (last4 ~ '^[0-9]{4}$'),
  expires text check (expires ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'),
  label text,
  -- as its owner calls it
  name text,
  unit text not null,
  -- asked: written before the vault is asked; suspended: its issuer has stopped it; ended: by the owner, or refused
  status text not null check (status in ('asked', 'active', 'suspended', 'ended')),
  why text,
  is_default boolean not null default false,
  -- SHA-256 of what the command asked for: the same command is the same card
  asked_as bytea not null check (length(asked_as) = 32),
  -- the vault has not been told of the end yet
  end_due boolean not null default false,
  made_at bigint not null,
  primary key (bucket, id),
  check (status in ('asked', 'ended') or (issuer is not null and last4 is not null and expires is not null and label is not null)),
  check (not is_default or status in ('active', 'suspended'))
);
create index card_of_party on card (bucket, party, made_at);
create unique index card_default on card (bucket, party) where is_default;
create index card_end_due on card (bucket, id) where end_due;
-- `why` is in it for the planner alone: what looks for one card by its key is not to read this instead.
create index card_asked on card (made_at) where status = 'asked' and why is null;

-- What a person has paid by card, newest first.
create index outside_order_by_card on outside_order (bucket, party, made_at, payment) where via = 'card' and kind = 'collect';

-- How far the vault's alarms have been written to the log: one row.
create table card_alarm_mark (
  is_only boolean primary key default true check (is_only),
  seen bigint not null
);
insert into card_alarm_mark (seen) values (0);
