-- The web shop: keys of shop servers, webhooks, payment links.

-- A key stands for one of the merchant's terminals. It is found by its hash, which names no bucket.
create table api_key (
  hash bytea primary key check (length(hash) = 32),
  bucket smallint not null,
  id uuid not null,
  party uuid not null,
  terminal uuid not null,
  name text not null,
  scopes text[] not null check (scopes <@ array['deals:write', 'deals:read', 'refunds:write', 'webhooks:write']),
  created_at bigint not null,
  last_seen_at bigint,
  ended_at bigint
);
create index api_key_of_party on api_key (bucket, party);

-- Where a terminal's deals are told. `why`: what has switched it off; null where the shop itself did.
create table webhook_endpoint (
  bucket smallint not null,
  id uuid not null,
  party uuid not null,
  terminal uuid not null,
  url text not null,
  events text[] not null,
  secret bytea not null check (length(secret) = 32),
  previous_secret bytea check (length(previous_secret) = 32),
  previous_until bigint,
  status text not null default 'active' check (status in ('active', 'off', 'ended')),
  why text check (why in ('failing', 'gone', 'full')),
  failing_since bigint,
  created_at bigint not null,
  since bigint not null,
  primary key (bucket, id),
  check ((previous_secret is null) = (previous_until is null))
);
create index webhook_of_party on webhook_endpoint (bucket, party);
-- What the hubs look at every second; by its key, because to a planner it looks as good as the primary key for finding one.
create index webhook_active on webhook_endpoint (bucket, id) where status = 'active';

-- What was, or has still to be, sent there: the log and the queue in one. `body` is what is signed, byte for byte.
create table webhook_delivery (
  bucket smallint not null,
  endpoint uuid not null,
  id uuid not null,
  type text not null,
  deal uuid not null,
  version integer not null,
  body text not null,
  state text not null check (state in ('waiting', 'delivered', 'failed')),
  attempts integer not null default 0,
  tried_at bigint,
  status_code integer,
  answer text,
  due_at bigint,
  created_at bigint not null,
  primary key (bucket, endpoint, id),
  check ((due_at is null) = (state <> 'waiting'))
);
create index webhook_due on webhook_delivery (due_at) where due_at is not null;
create index webhook_next on webhook_delivery (bucket, endpoint, due_at) where due_at is not null;
create index webhook_newest on webhook_delivery (bucket, endpoint, created_at desc, id);

-- How far the events have been read for webhooks (server/shop/telling.ts).
create table webhook_mark (
  one boolean primary key default true check (one),
  at bigint not null
);
-- Events are written as time goes: a summary of each stretch of the table finds the newest and costs writers nothing to speak of.
create index event_time on event using brin (at) with (pages_per_range = 32, autosummarize = on);

-- A bill behind a link that is given away. The token names no bucket, because whoever opens it knows none. `attempt`: which deal of it
-- is the one that counts, where it may be paid once.
create table payment_link (
  token uuid primary key,
  bucket smallint not null,
  party uuid not null,
  terminal uuid not null,
  text text not null,
  unit text not null,
  amount bigint not null check (amount > 0),
  uses text not null check (uses in ('one', 'many')),
  attempt integer not null default 0,
  created_at bigint not null,
  expires_at bigint not null,
  ended_at bigint
);
create index payment_link_of_party on payment_link (bucket, party, created_at desc);
