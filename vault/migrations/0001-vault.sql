-- Cards, what was asked of their issuers, and what still has to be. Card numbers and keys lie here encrypted alone; the key that opens them
-- does not lie here. Times are milliseconds since 1970 by this database's clock.

-- Data keys, each encrypted by a wrapping key of the key store. `id` says whose it is and is authenticated with it: card:…, one-time:…,
-- envelope:…, look-up, check.
create table wrapped_key (
  id text primary key,
  wrapping text not null,
  wrapped bytea not null
);
create index wrapped_key_by_wrapping on wrapped_key (wrapping);
-- One row: under which wrapping key new data keys are put. Whoever puts one holds it, so that a rotation leaves none behind.
create table wrapping (
  one boolean primary key default true check (one),
  id text not null,
  since bigint not null
);

-- Keys to which wallets encrypt. `retired_at`: no longer told; still opened for a day.
create table envelope_key (
  kid text primary key,
  jwk jsonb not null,
  -- the private half, under its own data key
  sealed bytea not null,
  made_at bigint not null,
  retired_at bigint
);

-- What was registered. `envelope` (its SHA-256) is used once, for one card.
create table registration (
  card bytea primary key check (length(card) = 16),
  envelope bytea not null unique check (length(envelope) = 32),
  state text not null check (state in ('asking', 'active', 'refused', 'no-answer')),
  reason text,
  made_at bigint not null,
  check ((state = 'refused') = (reason is not null))
);
-- How often a number was tried with its issuer on a day; `number` is its keyed hash.
create table trial (
  number bytea not null check (length(number) = 32),
  day text not null,
  tries integer not null,
  primary key (number, day)
);

-- `number`: keyed hash, `sealed`: the number under its own data key, both forgotten when the card ends.
create table card (
  id bytea primary key check (length(id) = 16),
  party text not null,
  number bytea check (length(number) = 32),
  sealed bytea,
  first6 text not null check (first6 ~ '^[0-9]{6}$'),
  last4 text not null check (last4 ~ '^[0-9]{4}$'),
  expires text not null check (expires ~ '^[0-9]{4}-[0-9]{2}$'),
  issuer text not null,
  made_at bigint not null,
  ended_at bigint,
  check ((ended_at is null) = (sealed is not null) and (sealed is null) = (number is null))
);
create index card_by_number on card (number);

-- One for each order of the hub, written before the issuer is asked.
--   asking     committed, perhaps sent; after `until` whoever looks takes it back
--   waiting    a one-time number is out until `until`, and its terminal has not used it yet
--   approved, refused
--   given-up   never was, or is taken back; `outgoing` has what the issuer must still hear. Of one that came after its reversal the id is
--              all that is known
-- `captured`, `released` and `refunded` count what was ordered: under this row's lock they never pass what was authorised.
create table authorisation (
  id text primary key,
  -- SHA-256 of what was asked: the same id means the same
  asked bytea check (length(asked) = 32),
  card bytea,
  issuer text,
  unit text,
  amount bigint check (amount > 0),
  method text,
  merchant jsonb,
  terminal text,
  one_time boolean not null default false,
  -- the one-time number, under its own data key, until it is used or over
  sealed bytea,
  state text not null check (state in ('asking', 'waiting', 'approved', 'refused', 'given-up')),
  code text,
  reason text,
  approval text,
  stan text,
  rrn text,
  sent text,
  day text,
  made_at bigint not null,
  until bigint not null,
  captured bigint not null default 0,
  released bigint not null default 0,
  refunded bigint not null default 0,
  check ((state = 'approved') = (approval is not null)),
  check (state <> 'refused' or (code is not null and reason is not null)),
  check (state = 'given-up' or (asked is not null and unit is not null and amount is not null)),
  check (captured + released <= coalesce(amount, 0) and refunded <= captured)
);
create index authorisation_open on authorisation (until) where state in ('asking', 'waiting');
create index authorisation_by_day on authorisation (day);

-- What an issuer must hear, and is told until it answers, one thing of an authorisation at a time in the order of `n`. `id` is the hub's
-- order; of a reversal and of the end of a key the authorisation's, so that there is one of each.
create table outgoing (
  id text not null,
  kind text not null check (kind in ('reverse', 'capture', 'release', 'refund', 'end-key')),
  n bigint generated always as identity,
  of text not null references authorisation (id),
  issuer text not null,
  unit text not null,
  amount bigint not null check (amount > 0),
  -- of a release: what is set aside after it
  remains bigint,
  state text not null check (state in ('open', 'done', 'refused')),
  code text,
  stan text not null,
  rrn text not null,
  sent text not null,
  day text not null,
  tries integer not null default 0,
  next_at bigint not null,
  made_at bigint not null,
  primary key (id, kind),
  check (state <> 'refused' or code is not null),
  check ((kind = 'release') = (remains is not null))
);
create index outgoing_open on outgoing (next_at) where state = 'open';
create index outgoing_of on outgoing (of, n);
create index outgoing_by_day on outgoing (day);

-- The highest number of messages that was taken on a day; taken by the hundred.
create table numbering (
  day text primary key,
  taken integer not null
);

-- Issuers and ranges as the hub last gave them.
create table tables (
  one boolean primary key default true check (one),
  version bigint not null,
  body jsonb not null
);

create table alarm (
  n bigint generated always as identity primary key,
  at bigint not null,
  kind text not null,
  order_id text,
  detail text not null
);
-- Notices that were taken, by issuer, day and RRN: an issuer repeats what was not acknowledged.
create table heard (
  notice text primary key,
  at bigint not null
);
create index heard_by_age on heard (at);

-- What an issuer said of a business day's sums.
create table balance (
  day text not null,
  issuer text not null,
  unit text not null,
  in_balance boolean not null,
  at bigint not null,
  primary key (day, issuer, unit)
);
