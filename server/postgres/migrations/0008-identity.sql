-- Who is at the counter: profiles, releases, staff, operators' roles, push and mail, questions, relying sites.

-- security-key: this phone approves nothing without its detachable key. `proved_with`: how the owner last proved to be there; of
-- proofs before this nobody knows, so that they count as the least. `last_seen_at` is written now and then, for the list of phones.
alter table device
  add column approves_with text not null default 'any' check (approves_with in ('any', 'security-key')),
  add column proved_with text not null default 'password'
    check (proved_with in ('password', 'synced-passkey', 'bound-passkey', 'security-key', 'other'));
alter table credential add column last_seen_at bigint;
alter table evidence add column strength text;
-- A question was answered. Every row fits what it fitted before, so none is read.
alter table payment drop constraint payment_state_check, add constraint payment_state_check check (
  state in ('joined', 'authorising', 'held', 'settled', 'proven', 'ended')) not valid;
-- Who stood at the terminal.
alter table command add column staff uuid;

-- What a person says of themselves (claimed), and the picture. What the operator has verified is in `standing`.
create table profile (
  bucket smallint not null,
  party uuid not null,
  version integer not null default 1,
  email text,
  email_verified_at bigint,
  language text not null default 'en' check (language in ('en', 'ja')),
  -- 20061203
  birth_date integer,
  -- JPEG as the hub has made it, and hex of its SHA-256
  portrait bytea check (length(portrait) <= 102400),
  portrait_hash bytea check ((portrait_hash is null) = (portrait is null)),
  -- the person's own code against unasked questions (CIBA user_code): SHA-256 with the party as salt
  user_code bytea,
  updated_at bigint not null,
  primary key (bucket, party)
);
-- One party to an address; the address is folded to lower case. It names no bucket, because the asker knows none.
create table email_address (
  address text primary key,
  bucket smallint not null,
  party uuid not null,
  verified_at bigint not null
);
-- A changed address takes the last one away.
create index email_address_of_party on email_address (bucket, party);

-- What a person shows: to everybody (merchant null is the zero uuid) or to one merchant.
create table release (
  bucket smallint not null,
  party uuid not null,
  merchant uuid not null,
  releases jsonb not null,
  at bigint not null,
  primary key (bucket, party, merchant)
);

-- Codes sent by mail: `hash` is of purpose, address and code; a wrong try counts, and the sixth ends it.
create table mail_code (
  purpose text not null check (purpose in ('sign-up', 'recover', 'change-email')),
  address text not null,
  hash bytea not null check (length(hash) = 32),
  tries integer not null default 0,
  -- the hub's 16 bytes for a proof of the password that comes with this code
  nonce bytea not null check (length(nonce) = 16),
  created_at bigint not null,
  expires_at bigint not null,
  used_at bigint,
  primary key (purpose, address)
);
create index mail_code_expires on mail_code (expires_at);

-- A new phone asked for by mail and password: it waits, and the old phones can refuse it.
create table device_request (
  id uuid primary key,
  bucket smallint not null,
  party uuid not null,
  public_key bytea not null check (length(public_key) = 65),
  label text not null,
  requested_at bigint not null,
  ready_at bigint not null,
  refused_at bigint,
  device uuid
);
create index device_request_of_party on device_request (bucket, party, requested_at desc);
-- A person's codes for further phones are counted.
create index enrolment_code_of_party on enrolment_code (bucket, party);

-- A merchant's people. The PIN's verifier is set with a one-time code at one of the merchant's own terminals.
create table staff (
  bucket smallint not null,
  id uuid not null,
  party uuid not null,
  name text not null,
  role text not null check (role in ('owner', 'manager', 'cashier')),
  status text not null default 'active' check (status in ('active', 'ended')),
  code_hash bytea,
  code_expires_at bigint,
  -- the terminal where the code has set the PIN: there, with the same one, it may be repeated
  code_used_by uuid,
  salt bytea,
  iterations integer,
  stored_key bytea,
  server_key bytea,
  wrong_proofs integer not null default 0,
  locked_until bigint not null default 0,
  created_at bigint not null,
  primary key (bucket, id)
);
create index staff_of_party on staff (bucket, party);
-- Who stands at which terminal, from when, and what they were asked last (the hub's nonce for the next sign-in).
create table cashier (
  bucket smallint not null,
  terminal uuid not null,
  staff uuid,
  since bigint,
  seen_at bigint,
  nonce bytea,
  nonce_expires_at bigint,
  primary key (bucket, terminal)
);
-- Whoever may not work here any more stands nowhere.
create index cashier_of_staff on cashier (bucket, staff) where staff is not null;

alter table operator add column role text not null default 'chief'
  check (role in ('chief', 'cashier', 'support', 'auditor'));
-- When this operator's passkey was last asked for: with the key alone a session renews for some hours.
alter table operator add column proved_at bigint not null default 0;
alter table operator_code add column role text not null default 'chief'
  check (role in ('chief', 'cashier', 'support', 'auditor'));
-- A passkey's authenticator that can be pulled out; one may have been asked for. Operators' passkeys are here too, in their bucket.
alter table passkey add column is_roaming boolean not null default false;
alter table passkey_challenge add column wants_roaming boolean not null default false;
-- What a device's next proof that is no payment has to carry; used up by it.
create table presence_nonce (
  bucket smallint not null,
  device uuid not null,
  nonce bytea not null check (length(nonce) = 16),
  expires_at bigint not null,
  primary key (bucket, device)
);

-- Where a closed wallet is reached (RFC 8030); `detail`: names and amounts may stand on the lock screen.
create table push_subscription (
  bucket smallint not null,
  device uuid not null,
  party uuid not null,
  endpoint text not null,
  p256dh bytea not null check (length(p256dh) = 65),
  auth bytea not null check (length(auth) = 16),
  detail boolean not null default false,
  failures integer not null default 0,
  created_at bigint not null,
  primary key (bucket, device)
);
create index push_of_party on push_subscription (bucket, party);
-- Commands that a closed wallet answers by itself, each once.
create table pushed_command (
  id uuid primary key,
  bucket smallint not null,
  device uuid not null,
  created_at bigint not null,
  expires_at bigint not null,
  answered_at bigint,
  is_there boolean,
  check ((answered_at is null) = (is_there is null))
);
create index pushed_command_expires on pushed_command (expires_at);
-- What still has to be sent. Several hubs take from it with skip locked; `body` has no more than the receiver may see.
create table outbox (
  id uuid primary key,
  kind text not null check (kind in ('mail', 'push')),
  receiver text not null,
  body jsonb not null,
  due_at bigint not null,
  attempts integer not null default 0,
  expires_at bigint not null,
  created_at bigint not null
);
create index outbox_due on outbox (due_at);

-- The hub's keys that are not the scheme's: VAPID (push), the devices' small CA, OpenID's signing keys and what its cookies and
-- pairwise subjects are made with. `public_key` as each kind writes it.
create table hub_key (
  kind text not null check (kind in ('vapid', 'device-ca', 'oidc', 'oidc-secret')),
  id text not null,
  public_key text not null,
  private_key text not null,
  created_at bigint not null,
  retired_at bigint,
  primary key (kind, id)
);

-- Relying sites, each a merchant's; and what the OpenID provider remembers (its own models, by its own ids).
create table oidc_client (
  id text primary key,
  bucket smallint not null,
  party uuid not null,
  -- the internal terminal that asks for it
  terminal uuid not null,
  metadata jsonb not null,
  status text not null default 'active' check (status in ('active', 'ended')),
  created_at bigint not null
);
create table oidc_entry (
  model text not null,
  id text not null,
  payload jsonb not null,
  grant_id text,
  expires_at bigint,
  consumed_at bigint,
  primary key (model, id)
);
create index oidc_of_grant on oidc_entry (grant_id) where grant_id is not null;
create index oidc_expired on oidc_entry (expires_at) where expires_at is not null;
