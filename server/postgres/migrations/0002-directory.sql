-- Who is who: parties, the keys of devices and terminals, enrolment codes, PIN verifiers, passkeys, sessions.
-- `bucket` leads every key but those of codes and sessions, which are looked up by a secret that names no bucket.

create table party (
  bucket smallint not null,
  id uuid not null,
  kind text not null check (kind in ('person', 'merchant')),
  name text not null,
  legal_name text not null,
  account text not null,
  status text not null default 'active' check (status in ('active', 'closed')),
  created_at bigint not null,
  primary key (bucket, id),
  unique (bucket, account)
);

-- How many account numbers the bucket has given out.
create table account_serial (
  bucket smallint primary key,
  given bigint not null
);

-- The key of a device or terminal; whether it may still act stands in `device` and `terminal`, where the rules read it.
create table credential (
  bucket smallint not null,
  id uuid not null,
  kind text not null check (kind in ('device', 'terminal')),
  party uuid not null,
  key uuid not null,
  public_key bytea not null check (length(public_key) = 65),
  label text not null,
  terminal_kind text check ((terminal_kind is null) = (kind = 'device')),
  created_at bigint not null,
  primary key (bucket, id)
);
create index credential_of_party on credential (bucket, party);

-- A one-time code is kept as its hash. `public_key` is the key that used it: the same key may ask again when its answer was lost.
create table enrolment_code (
  hash bytea primary key check (length(hash) = 32),
  bucket smallint not null,
  party uuid not null,
  kind text not null check (kind in ('device', 'terminal')),
  label text,
  terminal_kind text check ((terminal_kind is null) = (kind = 'device')),
  created_at bigint not null,
  expires_at bigint not null,
  used_at bigint,
  used_by uuid,
  public_key bytea,
  check ((used_at is null) = (public_key is null))
);

-- The SCRAM-SHA-256 verifier of a person's PIN or password.
create table secret (
  bucket smallint not null,
  party uuid not null,
  salt bytea not null check (length(salt) between 16 and 48),
  iterations integer not null check (iterations >= 100000),
  stored_key bytea not null check (length(stored_key) = 32),
  server_key bytea not null check (length(server_key) = 32),
  created_at bigint not null,
  primary key (bucket, party)
);

-- `last_use` is the hash of the last assertion: the same one again is a repeat of the same command, not a copied authenticator.
create table passkey (
  bucket smallint not null,
  party uuid not null,
  credential bytea not null,
  public_key bytea not null,
  counter bigint not null,
  is_backup_eligible boolean not null,
  transports text[] not null,
  last_use bytea,
  created_at bigint not null,
  primary key (bucket, party, credential)
);

-- What a new passkey has to sign; one at a time for each device.
create table passkey_challenge (
  bucket smallint not null,
  device uuid not null,
  challenge bytea not null,
  expires_at bigint not null,
  primary key (bucket, device)
);

-- `nonce` is the client's: a session request counts once.
create table session (
  id uuid primary key,
  bucket smallint not null,
  actor uuid not null,
  mac_key bytea not null check (length(mac_key) = 32),
  token_hash bytea not null check (length(token_hash) = 32),
  nonce bytea not null,
  expires_at bigint not null,
  created_at bigint not null,
  unique (actor, nonce)
);
